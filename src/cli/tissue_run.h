/// \file
/// `stroma run` and `stroma check` of a tissue file: its top key is `tissue`.
#ifndef ST_CLI_TISSUE_RUN_H
#define ST_CLI_TISSUE_RUN_H

#include "cli.h"

/// True when the file is a map with the key `tissue`; mistakes are left to the reader that follows.
bool st_tissue_run_wants(const char* path);

/// Runs the file into the folder `arguments->output`.
st_status st_tissue_run_file(st_ctx* ctx, const st_arguments* arguments);

/// Says what the file would run.
st_status st_tissue_run_check(st_ctx* ctx, const st_arguments* arguments);

/// True when a tissue run that was stopped has left its last state for the next.
bool st_tissue_run_is_kept(const char* dir);

#endif
