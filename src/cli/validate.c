/// `stroma validate`: forecasts of published arms, scored.

#include "cli.h"
#include "messages.h"
#include "models_dir.h"
#include "progress.h"

#include "base/base.h"
#include "stroma/report.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS 80

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void show_progress(void* self, int64_t done, int64_t total)
{
    st_progress_update(self, done, total, now_s());
}

/// Faulty rows that were left out, one line each.
static void print_faults(const st_arguments* arguments, const st_validation* validation)
{
    int count = 0;
    for (int i = 0; i < st_validation_skipped_count(validation); ++i) {
        const st_skipped_row* row = st_validation_skipped(validation, i);
        if (strstr(row->reason, ": found '") != NULL) {
            fprintf(stderr, "%s:%d: %s\n", arguments->file, row->line, row->reason);
            ++count;
        }
    }
    if (count > 0) {
        fprintf(stderr, "%d row%s left out\n", count, count == 1 ? "" : "s");
    }
}

static st_status validate(st_ctx* ctx, const st_arguments* arguments)
{
    char model_dir[PATH_MAX];
    char dir[PATH_MAX];
    const bool is_quiet = (arguments->given & ST_OPTION_QUIET) != 0;
    const bool has_force = (arguments->given & ST_OPTION_FORCE) != 0;
    const int length = snprintf(dir, sizeof dir, "%s", arguments->output);
    if (length < 0 || (size_t)length >= sizeof dir) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    for (size_t at = strlen(dir); at > 1 && dir[at - 1] == '/'; --at) {
        dir[at - 1] = '\0';
    }
    ST_TRY(st_models_dir_find(ctx, model_dir, sizeof model_dir));
    ST_TRY(st_report_validation_check(ctx, dir, has_force));
    st_validate_def def = st_default_validate_def();
    st_progress progress;
    def.table = arguments->file;
    def.model_dir = model_dir;
    def.train = arguments->train;
    def.variant = arguments->variant;
    def.posterior = arguments->posterior;
    def.keep_going = (arguments->given & ST_OPTION_KEEP_GOING) != 0;
    def.worker_count = arguments->threads;
    def.model = arguments->model ? arguments->model : def.model;
    def.draws = arguments->given & ST_OPTION_DRAWS ? arguments->draws : def.draws;
    def.people = arguments->given & ST_OPTION_PEOPLE ? arguments->people : def.people;
    def.seed = arguments->given & ST_OPTION_SEED ? arguments->seed : def.seed;
    st_progress_init(&progress, stderr,
                     is_quiet                ? ST_PROGRESS_SILENT
                     : isatty(STDERR_FILENO) ? ST_PROGRESS_LINE
                                             : ST_PROGRESS_JSON,
                     COLUMNS, now_s());
    def.progress = show_progress;
    def.self = &progress;
    st_validation* validation = NULL;
    st_status status = st_validate_run(ctx, &def, &validation);
    st_progress_finish(&progress, now_s());
    if (status == ST_OK) {
        status = st_report_validation(ctx, dir, validation, has_force);
    }
    char* summary = status == ST_OK ? st_validation_summary(ctx, validation) : NULL;
    if (status == ST_OK) {
        print_faults(arguments, validation);
        if (!is_quiet) {
            printf("page    %s/validation.html\n", dir);
        }
        printf("%s\n", summary ? summary : "");
    }
    st_free(ctx, summary);
    st_validation_destroy(validation);
    return status;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    if (!arguments->output) {
        fputs("stroma validate: where to? expected -o DIR, a folder for the results; try stroma "
              "--help\n",
              stderr);
        return ST_EXIT_INPUT;
    }
    return st_messages_print(ctx, validate(ctx, arguments), stderr);
}

const st_command ST_VALIDATE_COMMAND = {
    .name = "validate",
    .operand = "TABLE.csv -o DIR",
    .about = "forecast the published arms of a table and score the forecasts",
    .help = "  -o, --output DIR     folder for the results (required)\n"
            "      --model M        a shipped model or a model file; default knee-oa\n"
            "      --variant V      a variant of it\n"
            "      --posterior P    CSV of parameter draws instead of models/uncertainty.yaml\n"
            "      --train T        table that the baseline learns from; default the same\n"
            "      --draws N        draws of every forecast, 2 to 100000; default 200\n"
            "      --people N       virtual people behind every arm, 64 to 1000000; default 24000\n"
            "      --keep-going     leave faulty rows out instead of refusing the table\n"
            "      --threads N      workers; the result does not depend on it\n"
            "      --seed S         another seed\n"
            "      --force          write over results that are there\n"
            "  -q, --quiet          only the line of scores\n",
    .options = ST_OPTION_OUTPUT | ST_OPTION_MODEL | ST_OPTION_VARIANT | ST_OPTION_POSTERIOR |
               ST_OPTION_TRAIN | ST_OPTION_DRAWS | ST_OPTION_PEOPLE | ST_OPTION_KEEP_GOING |
               ST_OPTION_THREADS | ST_OPTION_SEED | ST_OPTION_FORCE | ST_OPTION_QUIET |
               ST_OPTION_HELP,
    .perform = perform,
};
