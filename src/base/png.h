/// \file
/// Pictures as PNG bytes (RFC 2083), and bytes as base64 text, so that an SVG can hold them.
#ifndef ST_BASE_PNG_H
#define ST_BASE_PNG_H

#include "base/table.h"

/// Adds a picture of 8 bits a sample, rows from above, without filters or interlace. `samples` a
/// pixel: 3 = red green blue, 4 = with opacity. `effort` is zlib's, 1 ... 9: the pixels are the
/// same, the bytes differ.
st_status st_png_add(st_text* out, const unsigned char* pixel, int width, int height, int samples,
                     int effort);

/// Adds bytes as base64 (RFC 4648) with padding, on one line.
void st_png_add_base64(st_text* out, const void* bytes, size_t length);

#endif
