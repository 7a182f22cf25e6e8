/// \file
/// The tables and equations of a model's page.
#ifndef ST_CLI_DESCRIBE_TABLES_H
#define ST_CLI_DESCRIBE_TABLES_H

#include "describe_math.h"

void st_describe_tables_states(const st_model* model, st_text* out);
void st_describe_tables_schedule(const st_describe_math* math, st_text* out);
void st_describe_tables_start(const st_model* model, const double* start, st_text* out);
void st_describe_tables_inputs(const st_model* model, st_text* out);
void st_describe_tables_equations(st_describe_math* math, st_text* out);
void st_describe_tables_parameters(const st_model* model, st_text* out);

#endif
