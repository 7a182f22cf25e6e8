/// \file
/// Decimal numbers as files write them, read and written the same in every locale.
#ifndef ST_BASE_NUMBER_H
#define ST_BASE_NUMBER_H

#include "base.h"

/// Reads the longest number at the start of `text`: sign, digits, point between digits, exponent
/// (`-3`, `.5`, `2.5e-11`). No spaces, hexadecimals, infinities or thousands separators. Gives the
/// number of characters read, 0 when there is no number or it does not fit a double.
size_t st_number_parse(const char* text, double* out);

/// Writes a whole number; gives the length.
size_t st_number_integer(int64_t value, char out[24]);

#endif
