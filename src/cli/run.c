/// `stroma run`: from a study file to a store, tables and a report; or one part of it to a file.

#include "run.h"

#include "describe.h"
#include "messages.h"
#include "models_dir.h"
#include "parts.h"
#include "progress.h"
#include "terminal.h"
#include "tissue_run.h"

#include "base/base.h"
#include "stroma/report.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/// Width of a terminal that does not tell.
#define COLUMNS_UNKNOWN 80

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// The store's sink, with progress put beside it.
typedef struct run_sink {
    st_sink store;
    st_progress* progress;
} run_sink;

static st_status forward_begin(void* self, st_ctx* ctx, const st_study* study)
{
    const run_sink* sink = self;
    return sink->store.begin(sink->store.self, ctx, study);
}

static st_status forward_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    const run_sink* sink = self;
    return sink->store.row(sink->store.self, ctx, kind, row);
}

static st_status forward_end(void* self, st_ctx* ctx)
{
    const run_sink* sink = self;
    return sink->store.end(sink->store.self, ctx);
}

static st_status forward_keep(void* self, st_ctx* ctx, int64_t first, int64_t count,
                              const void* bytes, size_t length)
{
    const run_sink* sink = self;
    return sink->store.keep(sink->store.self, ctx, first, count, bytes, length);
}

static st_status forward_recall(void* self, st_ctx* ctx, int64_t first, int64_t* count,
                                const void** bytes, size_t* length)
{
    const run_sink* sink = self;
    return sink->store.recall(sink->store.self, ctx, first, count, bytes, length);
}

static void show_progress(void* self, int64_t done, int64_t total)
{
    const run_sink* sink = self;
    st_progress_update(sink->progress, done, total, now_s());
}

static int terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return COLUMNS_UNKNOWN;
}

/// What is about to run, in one line.
static void print_start(const st_study* study, st_progress_style style, uint64_t seed)
{
    const st_model* model = st_study_model(study);
    const st_describe_counts counts = st_describe_model(model);
    const int visits = st_study_visit_count(study);
    const double months = visits > 0 ? st_study_visit(study, visits - 1)->month : 0.0;
    const int arms = st_study_arm_count(study);
    int64_t people = 0; // a twin arm has none of its own
    for (int i = 0; i < arms; ++i) {
        people += st_study_arm(study, i)->is_twin ? 0 : st_study_arm(study, i)->size;
    }
    if (style == ST_PROGRESS_JSON) {
        fputs("{\"event\":\"start\",\"study\":", stderr);
        st_progress_print_json_text(stderr, st_study_title(study));
        fputs(",\"model\":", stderr);
        st_progress_print_json_text(stderr, st_model_title(model));
        fprintf(stderr,
                ",\"states\":%d,\"parameters\":%d,\"sourced\":%d,\"assumed\":%d,\"arms\":%d,"
                "\"people\":%lld,\"months\":%g,\"seed\":%llu}\n",
                st_model_state_count(model), st_model_parameter_count(model), counts.sourced,
                counts.assumed, arms, (long long)people, months, (unsigned long long)seed);
    } else if (style == ST_PROGRESS_LINE) {
        char name[64];
        char number[32];
        fprintf(stderr, "%s  %d states, %d parameters (%d sourced, %d assumed)   ",
                st_describe_model_name(model, name, sizeof name), st_model_state_count(model),
                st_model_parameter_count(model), counts.sourced, counts.assumed);
        fprintf(stderr, "%d arms, %s people, %g months\n", arms,
                st_progress_count_text(people, number, sizeof number), months);
    }
    fflush(stderr);
}

/// That an earlier run is continued, if it is.
static void print_resume(int64_t people, st_progress_style style)
{
    if (people > 0 && style == ST_PROGRESS_JSON) {
        fprintf(stderr, "{\"event\":\"resume\",\"people\":%lld}\n", (long long)people);
    } else if (people > 0 && style == ST_PROGRESS_LINE) {
        fprintf(stderr, "going on after %lld people that an earlier run finished\n",
                (long long)people);
    }
}

static void print_end(const st_trial_summary* summary, st_progress_style style, double seconds)
{
    if (style == ST_PROGRESS_JSON) {
        fprintf(stderr,
                "{\"event\":\"done\",\"people\":%lld,\"courses\":%lld,\"failed\":%lld,"
                "\"seconds\":%.3f}\n",
                (long long)summary->people, (long long)summary->courses, (long long)summary->failed,
                seconds);
    } else if (style == ST_PROGRESS_LINE && summary->failed > 0) {
        fprintf(stderr, "%lld courses could not be computed; the report lists them\n",
                (long long)summary->failed);
    }
}

static st_trial_def trial_def(const st_arguments* arguments, const char* dir)
{
    st_trial_def def = st_default_trial_def();
    def.worker_count = arguments->threads;
    def.has_seed = (arguments->given & ST_OPTION_SEED) != 0;
    def.seed = arguments->seed;
    def.spill_dir = dir;
    return def;
}

static st_status no_begin(void* self, st_ctx* ctx, const st_study* study)
{
    (void)self, (void)ctx, (void)study;
    return ST_OK;
}

static st_status no_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    (void)self, (void)ctx, (void)kind, (void)row;
    return ST_OK;
}

static st_status no_end(void* self, st_ctx* ctx)
{
    (void)self, (void)ctx;
    return ST_OK;
}

/// The first round of one part into a file of its own below `dir`.
static st_status screen_part(st_ctx* ctx, const st_study* study, const st_arguments* arguments,
                             const char* dir, st_progress_style style)
{
    const st_trial_def def = trial_def(arguments, dir);
    char path[PATH_MAX];
    ST_TRY(
        st_parts_screen_path(ctx, dir, arguments->part, arguments->part_count, path, sizeof path));
    const double begin_s = now_s();
    ST_TRY(st_study_screen_part(ctx, study, &def, arguments->part, arguments->part_count, path));
    if (style != ST_PROGRESS_SILENT) {
        printf("screened  %s   in %.1f s\n", path, now_s() - begin_s);
    }
    return ST_OK;
}

/// One part of the people into a file of its own below `dir`.
static st_status simulate_part(st_ctx* ctx, const st_study* study, const st_arguments* arguments,
                               const char* dir, st_progress_style style)
{
    st_trial_def def = trial_def(arguments, dir);
    st_parts screens;
    char path[PATH_MAX];
    ST_TRY(st_parts_path(ctx, dir, arguments->part, arguments->part_count, path, sizeof path));
    ST_TRY(st_parts_find_screens(ctx, dir, arguments->part_count, &screens));
    def.verdict_path = screens.count > 0 ? screens.path : NULL;
    print_start(study, style, def.has_seed ? def.seed : st_study_seed(study));
    st_progress progress;
    st_progress_init(&progress, stderr, style, terminal_columns(), now_s());
    run_sink forward = {.progress = &progress};
    const st_sink sink = {.self = &forward,
                          .begin = no_begin,
                          .row = no_row,
                          .end = no_end,
                          .progress = show_progress};
    st_trial_summary summary = {0};
    const st_status status = st_study_run_part(ctx, study, &def, arguments->part,
                                               arguments->part_count, path, &sink, &summary);
    const double end_s = now_s();
    st_parts_clear(ctx, &screens);
    st_progress_finish(&progress, end_s);
    if (status == ST_OK) {
        print_end(&summary, style, end_s - progress.begin_s);
    }
    if (status == ST_OK && style != ST_PROGRESS_SILENT) {
        printf("part    %s   (%lld people; when all are there: stroma merge %s -o %s)\n", path,
               (long long)summary.people, arguments->file, dir);
    }
    return status;
}

/// The whole study, or its parts put together.
static st_status compute(st_ctx* ctx, const st_study* study, const st_arguments* arguments,
                         const char* dir, bool from_parts, const st_sink* sink,
                         st_trial_summary* out)
{
    const st_trial_def def = trial_def(arguments, dir);
    if (!from_parts) {
        return st_study_run(ctx, study, &def, sink, out);
    }
    st_parts parts;
    ST_TRY(st_parts_find(ctx, dir, &parts));
    const st_status status = st_study_merge(ctx, study, &def, parts.path, parts.count, sink, out);
    st_parts_clear(ctx, &parts);
    return status;
}

/// Runs the study into a store in `dir` and seals it. Finished people of a run that is stopped stay
/// there, and the same command goes on; without any, nothing is left behind.
static st_status simulate(st_ctx* ctx, const st_study* study, const st_arguments* arguments,
                          const char* dir, bool from_parts, st_progress_style style)
{
    const st_trial_def def = trial_def(arguments, dir);

    st_store* store = NULL;
    ST_TRY(st_store_create(ctx, dir, (arguments->given & ST_OPTION_FORCE) != 0, &store));
    if (def.has_seed) {
        const st_status status = st_store_override_seed(store, def.seed);
        if (status != ST_OK) {
            st_store_destroy(store);
            return status;
        }
    }
    print_start(study, style, def.has_seed ? def.seed : st_study_seed(study));
    print_resume(st_store_kept_people(store), style);
    st_progress progress;
    st_progress_init(&progress, stderr, style, terminal_columns(), now_s());
    run_sink forward = {.store = st_store_sink(store), .progress = &progress};
    const st_sink sink = {.self = &forward,
                          .begin = forward_begin,
                          .row = forward_row,
                          .end = forward_end,
                          .progress = show_progress,
                          .keep = forward_keep,
                          .recall = forward_recall};
    st_trial_summary summary = {0};
    st_status status = compute(ctx, study, arguments, dir, from_parts, &sink, &summary);
    const double end_s = now_s();
    st_progress_finish(&progress, end_s);
    if (status == ST_OK) {
        status = st_store_finish(ctx, store);
    }
    if (status == ST_OK) {
        print_end(&summary, style, end_s - progress.begin_s);
    }
    st_store_destroy(store);
    return status;
}

/// Tables, page and the answer, all made from the sealed store.
static st_status report(st_ctx* ctx, const char* dir, bool is_quiet)
{
    ST_TRY(st_report_tables(ctx, dir));
    ST_TRY(st_report_write(ctx, dir));
    if (is_quiet) {
        return ST_OK;
    }
    char* summary = NULL;
    ST_TRY(st_terminal_shows_utf8() ? st_report_summary_utf8(ctx, dir, &summary)
                                    : st_report_summary(ctx, dir, &summary));
    const size_t length = strlen(summary);
    const bool has_newline = length > 0 && summary[length - 1] == '\n';
    printf("%s%sreport  %s/report.html\n", summary, has_newline ? "" : "\n", dir);
    st_free(ctx, summary);
    return ST_OK;
}

st_status st_run_study(st_ctx* ctx, const st_arguments* arguments, bool from_parts)
{
    char model_dir[PATH_MAX];
    char dir[PATH_MAX];
    const int length = snprintf(dir, sizeof dir, "%s", arguments->output);
    if (length < 0 || (size_t)length >= sizeof dir) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "-o: the path is too long");
    }
    for (size_t at = strlen(dir); at > 1 && dir[at - 1] == '/'; --at) {
        dir[at - 1] = '\0';
    }
    const bool is_quiet = (arguments->given & ST_OPTION_QUIET) != 0;
    const st_progress_style style = is_quiet                ? ST_PROGRESS_SILENT
                                    : isatty(STDERR_FILENO) ? ST_PROGRESS_LINE
                                                            : ST_PROGRESS_JSON;
    ST_TRY(st_models_dir_find(ctx, model_dir, sizeof model_dir));
    st_study* study = NULL;
    ST_TRY(st_study_load(ctx, arguments->file, model_dir, &study));
    const bool is_part = (arguments->given & ST_OPTION_SHARD) != 0;
    const bool is_screen = (arguments->given & ST_OPTION_SCREEN) != 0;
    st_status status = is_screen ? screen_part(ctx, study, arguments, dir, style)
                       : is_part ? simulate_part(ctx, study, arguments, dir, style)
                                 : simulate(ctx, study, arguments, dir, from_parts, style);
    if (status == ST_OK && !is_part) {
        status = report(ctx, dir, is_quiet);
    }
    st_study_destroy(study);
    return status;
}

/// True when a run that was stopped has left finished people for the next.
static bool has_kept(const char* dir)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/results.sqlite.kept", dir);
    return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    if (!arguments->output) {
        fputs("stroma run: where to? expected -o DIR, a folder for the results; try stroma "
              "--help\n",
              stderr);
        return ST_EXIT_INPUT;
    }
    if ((arguments->given & ST_OPTION_SCREEN) != 0 && (arguments->given & ST_OPTION_SHARD) == 0) {
        fputs("stroma run: --screen is the first round of a part: expected --shard I/N beside it\n",
              stderr);
        return ST_EXIT_INPUT;
    }
    if (st_tissue_run_wants(arguments->file)) {
        const st_status status = st_tissue_run_file(ctx, arguments);
        if (status == ST_ERR_INTERRUPTED && st_tissue_run_is_kept(arguments->output)) {
            fputs("interrupted; the last state is kept, the same command goes on\n", stderr);
            return ST_EXIT_INTERRUPTED;
        }
        return st_messages_print(ctx, status, stderr);
    }
    const st_status status = st_run_study(ctx, arguments, false);
    if (status == ST_ERR_INTERRUPTED && has_kept(arguments->output)) {
        fputs("interrupted; finished people are kept, the same command goes on\n", stderr);
        return ST_EXIT_INTERRUPTED;
    }
    return st_messages_print(ctx, status, stderr);
}

const st_command ST_RUN_COMMAND = {
    .name = "run",
    .operand = "STUDY.yaml|TISSUE.yaml -o DIR",
    .about =
        "run a study, or a piece of tissue; DIR gets the results, their tables and report.html",
    .help =
        "  -o, --output DIR   folder for the results (required)\n"
        "      --threads N    workers; by default one per CPU; the result does not depend on "
        "it\n"
        "      --seed S       of a study: take this seed instead of its own\n"
        "      --force        write over results that are there; start over what was stopped\n"
        "      --shard I/N    of a study: compute part I of N only; stroma merge puts the parts "
        "together\n"
        "      --screen       with --shard: only find out who of part I's candidates may enter, a "
        "first\n                     round that the parts then need not do each for everybody\n"
        "  -q, --quiet        say nothing unless something is wrong\n",
    .options = ST_OPTION_OUTPUT | ST_OPTION_THREADS | ST_OPTION_SEED | ST_OPTION_FORCE |
               ST_OPTION_SHARD | ST_OPTION_SCREEN | ST_OPTION_QUIET | ST_OPTION_HELP,
    .perform = perform,
};
