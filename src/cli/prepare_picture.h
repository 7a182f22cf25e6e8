/// \file
/// The tube over time, as a drawing.
#ifndef ST_CLI_PREPARE_PICTURE_H
#define ST_CLI_PREPARE_PICTURE_H

#include "base/table.h"
#include "stroma/procedure.h"

/// Adds an SVG: one panel per spin, time to the right, the tube from its surface to its bottom.
void st_prepare_picture_write(st_text* out, const st_preparation_result* result, const char* title);

/// Adds an SVG: cells left after every step, median and 5 to 95 % of donors, on a logarithmic axis.
void st_prepare_picture_write_losses(st_text* out, const st_preparation_result* result,
                                     const char* title);

#endif
