/// How fast the whole pathway runs: a study from its file to the last row, for 1, 2, 4 ... workers.
///
///     stroma_bench STUDY.yaml MODEL_DIR
///
/// CSV on standard output, one line per number of workers. The sink counts the rows and drops them,
/// so that no disk is measured.

#include "base/base.h"
#include "stroma/trial.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/// Runs per number of workers; the fastest is printed, since all noise is delay.
#define REPEATS 3

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static st_status drop_begin(void* self, st_ctx* ctx, const st_study* study)
{
    (void)self;
    (void)ctx;
    (void)study;
    return ST_OK;
}

static st_status count_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    (void)ctx;
    (void)kind;
    (void)row;
    int64_t* rows = self;
    ++*rows;
    return ST_OK;
}

static st_status drop_end(void* self, st_ctx* ctx)
{
    (void)self;
    (void)ctx;
    return ST_OK;
}

static st_status measure(st_ctx* ctx, const st_study* study, int workers)
{
    st_trial_def def = st_default_trial_def();
    def.worker_count = workers;
    double best_s = 0.0;
    int64_t rows = 0;
    st_trial_summary summary = {0};
    for (int i = 0; i < REPEATS; ++i) {
        rows = 0;
        const st_sink sink = {
            .self = &rows, .begin = drop_begin, .row = count_row, .end = drop_end};
        const double begin_s = now_s();
        ST_TRY(st_study_run(ctx, study, &def, &sink, &summary));
        const double elapsed_s = now_s() - begin_s;
        best_s = i == 0 || elapsed_s < best_s ? elapsed_s : best_s;
    }
    printf("whole pathway,%d,%lld,%lld,%lld,%.4f,%.1f\n", workers, (long long)summary.people,
           (long long)summary.courses, (long long)rows, best_s, (double)summary.people / best_s);
    fflush(stdout);
    return ST_OK;
}

static st_status measure_all(st_ctx* ctx, const char* path, const char* model_dir)
{
    st_study* study = NULL;
    ST_TRY(st_study_load(ctx, path, model_dir, &study));
    const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    st_status status = ST_OK;
    printf("what,workers,people,courses,rows,seconds,people_per_second\n");
    for (int workers = 1; status == ST_OK && (workers <= cpus || workers == 1); workers *= 2) {
        status = measure(ctx, study, workers);
    }
    st_study_destroy(study);
    return status;
}

int main(int argc, char** argv)
{
    if (argc != 3) {
        fputs("stroma_bench STUDY.yaml MODEL_DIR\n", stderr);
        return 2;
    }
    st_ctx* ctx = st_ctx_create();
    if (!ctx) {
        fputs("out of memory\n", stderr);
        return 4;
    }
    const st_status status = measure_all(ctx, argv[1], argv[2]);
    for (int i = 0; i < st_ctx_message_count(ctx); ++i) {
        fprintf(stderr, "%s\n", st_ctx_message(ctx, i));
    }
    st_ctx_destroy(ctx);
    return status == ST_OK ? 0 : 1;
}
