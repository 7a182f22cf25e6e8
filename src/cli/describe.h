/// \file
/// Counts that several commands tell about a model.
#ifndef ST_CLI_DESCRIBE_H
#define ST_CLI_DESCRIBE_H

#include "cli.h"

#include "stroma/model.h"

typedef struct st_describe_counts {
    int sourced, assumed;               ///< parameters
    int cell, substrate, matrix, other; ///< states
} st_describe_counts;

st_describe_counts st_describe_model(const st_model* model);

/// File name of a model without folder and ending: "knee-oa". Writes to `out` and gives it.
const char* st_describe_model_name(const st_model* model, char* out, size_t size);

#endif
