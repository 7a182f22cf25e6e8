/// \file
/// `stroma bench fields`: how fast this machine solves fields in tissue.
#ifndef ST_CLI_BENCH_FIELDS_H
#define ST_CLI_BENCH_FIELDS_H

#include "cli.h"

/// CSV on standard output; `threads` 0 = one per CPU.
st_status st_bench_fields(st_ctx* ctx, int threads);

/// Its second half, in the same columns: error and seconds of the engine and of the field's usual
/// scheme (bench_lod.h) on the same problems.
st_status st_bench_fields_error(st_ctx* ctx, int threads);

#endif
