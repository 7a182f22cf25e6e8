/// \file
/// `--set name=value`: one person's parameters, inputs and starting values.
#ifndef ST_CLI_SIMULATE_SET_H
#define ST_CLI_SIMULATE_SET_H

#include "cli.h"

#include "stroma/population.h"

/// Reads a time such as "28d" into days, above 0.
st_status st_simulate_set_time(st_ctx* ctx, const char* option, const char* text, double* day);

/// Applies all --set: parameters and inputs are written over, a state becomes an action on
/// `begin_day`. Every mistake is reported. action: room for set_count more.
st_status st_simulate_set_apply(st_ctx* ctx, const st_model* model, const st_arguments* arguments,
                                double begin_day, double* parameter, double* input,
                                st_action* action, int* action_count);

#endif
