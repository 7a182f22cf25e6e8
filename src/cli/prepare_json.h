/// \file
/// A preparation's result for programs.
#ifndef ST_CLI_PREPARE_JSON_H
#define ST_CLI_PREPARE_JSON_H

#include "base/table.h"
#include "stroma/procedure.h"

/// Adds one JSON object: what was done, the dose, every table of `stroma prepare -o`. What does not
/// exist or is not finite is null.
void st_prepare_json_write(st_text* out, const st_preparation* preparation,
                           const st_preparation_result* result);

#endif
