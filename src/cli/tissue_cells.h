/// \file
/// `stroma run` and `stroma check` of a tissue file with single cells: its key `cells`.
#ifndef ST_CLI_TISSUE_CELLS_H
#define ST_CLI_TISSUE_CELLS_H

#include "cli.h"

#include "stroma/agents.h"

/// Runs a plan with `cells` into the folder `arguments->output`: tables, pictures, VTK files. The
/// plan stays the caller's.
st_status st_tissue_cells_run(st_ctx* ctx, const st_arguments* arguments, st_tissue_plan* plan);

/// Makes a folder and those above it.
st_status st_tissue_cells_folder(st_ctx* ctx, const char* path);

/// Reads `cells`, builds everything once and says what would run.
st_status st_tissue_cells_check(st_ctx* ctx, const st_arguments* arguments, st_tissue_plan* plan);

#endif
