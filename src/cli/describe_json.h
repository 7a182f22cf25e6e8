/// \file
/// A model as JSON, for programs.
#ifndef ST_CLI_DESCRIBE_JSON_H
#define ST_CLI_DESCRIBE_JSON_H

#include "describe_math.h"

st_status st_describe_json_write(st_ctx* ctx, const st_model* model, st_text* out);

#endif
