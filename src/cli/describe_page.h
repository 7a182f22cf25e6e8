/// \file
/// A model as a readable page and as JSON.
#ifndef ST_CLI_DESCRIBE_PAGE_H
#define ST_CLI_DESCRIBE_PAGE_H

#include "describe_math.h"

/// Adds the whole page: one file, no network, the headings of the ODD protocol.
st_status st_describe_page_write(st_ctx* ctx, const st_model* model, st_text* out);

/// The starting values of the default individual. start: [state_count]
st_status st_describe_page_start(st_ctx* ctx, const st_model* model, double* start);

#endif
