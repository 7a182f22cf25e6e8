/// \file
/// What `stroma run` and `stroma merge` share.
#ifndef ST_CLI_RUN_H
#define ST_CLI_RUN_H

#include "cli.h"

/// Study file to store, tables and report; with from_parts from the files that `run --shard` left.
st_status st_run_study(st_ctx* ctx, const st_arguments* arguments, bool from_parts);

#endif
