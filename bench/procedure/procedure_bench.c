/// How fast preparations run: donors per second at detail: table, milliseconds of a spin in
/// physics.
///
///     stroma_procedure_bench MODEL_DIR FILE.yaml ...
///
/// CSV on standard output, one line per file and number of workers; the fastest of three runs.

#include "base/base.h"
#include "stroma/procedure.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define REPEATS 3

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static st_status measure(st_ctx* ctx, const st_preparation* preparation, int workers)
{
    double best_s = 0.0;
    for (int i = 0; i < REPEATS; ++i) {
        st_preparation_result* result = NULL;
        const double begin_s = now_s();
        ST_TRY(st_preparation_run(ctx, preparation, workers, &result));
        const double elapsed_s = now_s() - begin_s;
        best_s = i == 0 || elapsed_s < best_s ? elapsed_s : best_s;
        st_preparation_result_destroy(ctx, result);
    }
    const double donors = (double)st_preparation_donors(preparation);
    printf("\"%s\",%d,%.0f,%.4f,%.1f,%.4f\n", st_preparation_title(preparation), workers, donors,
           best_s, donors / best_s, 1e3 * best_s / donors);
    fflush(stdout);
    return ST_OK;
}

static st_status measure_file(st_ctx* ctx, const char* path, const char* model_dir)
{
    st_preparation* preparation = NULL;
    ST_TRY(st_preparation_load(ctx, path, model_dir, &preparation));
    const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    st_status status = ST_OK;
    for (int workers = 1; status == ST_OK && (workers <= cpus || workers == 1); workers *= 2) {
        status = measure(ctx, preparation, workers);
    }
    st_preparation_destroy(preparation);
    return status;
}

int main(int argc, char** argv)
{
    if (argc < 3) {
        fputs("stroma_procedure_bench MODEL_DIR FILE.yaml ...\n", stderr);
        return 2;
    }
    st_ctx* ctx = st_ctx_create();
    if (!ctx) {
        fputs("out of memory\n", stderr);
        return 4;
    }
    st_status status = ST_OK;
    puts("what,workers,donors,seconds,donors_per_second,ms_per_donor");
    for (int i = 2; i < argc && status == ST_OK; ++i) {
        status = measure_file(ctx, argv[i], argv[1]);
    }
    for (int i = 0; i < st_ctx_message_count(ctx); ++i) {
        fprintf(stderr, "%s\n", st_ctx_message(ctx, i));
    }
    st_ctx_destroy(ctx);
    return status == ST_OK ? 0 : 1;
}
