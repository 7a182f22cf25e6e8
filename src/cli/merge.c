/// `stroma merge`: the parts that `stroma run --shard` left become one run.

#include "messages.h"
#include "run.h"

#include <stdio.h>

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    if (!arguments->output) {
        fputs("stroma merge: where are the parts? expected -o DIR, the folder that stroma run "
              "--shard was given; try stroma --help\n",
              stderr);
        return ST_EXIT_INPUT;
    }
    return st_messages_print(ctx, st_run_study(ctx, arguments, true), stderr);
}

const st_command ST_MERGE_COMMAND = {
    .name = "merge",
    .operand = "STUDY.yaml -o DIR",
    .about = "put the parts of stroma run --shard together; the result is that of one run",
    .help = "  -o, --output DIR   the folder that the parts are in (required)\n"
            "      --seed S       the seed that the parts were given\n"
            "      --force        write over results that are there\n"
            "  -q, --quiet        say nothing unless something is wrong\n",
    .options =
        ST_OPTION_OUTPUT | ST_OPTION_SEED | ST_OPTION_FORCE | ST_OPTION_QUIET | ST_OPTION_HELP,
    .perform = perform,
};
