/// \file
/// `stroma bench cells`: how fast this machine moves single cells.
#ifndef ST_CLI_BENCH_CELLS_H
#define ST_CLI_BENCH_CELLS_H

#include "cli.h"

/// CSV on standard output; `threads` 0 = one per CPU; `cells` 0 = balls of 1e4, 1e5 and 1e6.
st_status st_bench_cells(st_ctx* ctx, int threads, double cells);

#endif
