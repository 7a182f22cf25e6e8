/// `stroma bench`: how fast this machine computes people, and at which tolerance; single cells are
/// measured in bench_cells.c, fields in tissue in bench_fields.c.

#include "bench_cells.h"
#include "bench_fields.h"
#include "cli.h"
#include "messages.h"
#include "models_dir.h"

#include "base/base.h"
#include "base/parallel.h"
#include "base/random.h"
#include "stroma/population.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/// People per measurement, people per item of work, and measurements of which the best counts: all
/// noise is delay.
#define PEOPLE  2048
#define BLOCK   128
#define REPEATS 5

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// One model, its people, and a solver per worker.
typedef struct bench {
    st_ctx* ctx;
    st_model* model;
    double *parameter, *input, *sample;
    st_course* course;
    st_action action; ///< what is done to everybody; state -1 = nothing
    st_population** solver;
    st_ctx** solver_ctx;
    int worker_count;
    double day[2];
} bench;

static void clear(bench* b)
{
    for (int i = 0; b->solver != NULL && b->solver_ctx != NULL && i < b->worker_count; ++i) {
        st_population_destroy(b->solver[i]);
        st_ctx_destroy(b->solver_ctx[i]);
    }
    st_free(b->ctx, b->solver);
    st_free(b->ctx, b->solver_ctx);
    st_free(b->ctx, b->parameter);
    st_free(b->ctx, b->input);
    st_free(b->ctx, b->sample);
    st_free(b->ctx, b->course);
    st_model_destroy(b->model);
}

/// Parameters as the model spreads them.
static void draw_people(bench* b)
{
    const size_t parameters = (size_t)st_model_parameter_count(b->model);
    const size_t inputs = (size_t)st_model_input_count(b->model);
    const size_t width =
        (size_t)(st_model_state_count(b->model) + st_model_definition_count(b->model));
    for (size_t i = 0; i < PEOPLE; ++i) {
        const st_random_key key = {1, ST_STREAM_TEST, i, 0};
        for (size_t j = 0; j < parameters; ++j) {
            const st_parameter_info* info = st_model_parameter(b->model, (int)j);
            const double z = st_random_normal(&key, j);
            const double value =
                info->spread_kind == ST_SPREAD_LOGNORMAL ? info->value * exp(info->spread * z)
                : info->spread_kind == ST_SPREAD_NORMAL  ? info->value + info->spread * z
                                                         : info->value;
            b->parameter[i * parameters + j] = fmax(info->lo, fmin(info->hi, value));
        }
        for (size_t j = 0; j < inputs; ++j) {
            b->input[i * inputs + j] = st_model_input(b->model, (int)j)->value;
        }
        b->course[i] = (st_course){.parameter = b->parameter + i * parameters,
                                   .input = b->input + i * inputs,
                                   .action = &b->action,
                                   .action_count = b->action.index >= 0,
                                   .begin_day = -st_model_settle_days(b->model),
                                   .end_day = b->day[1],
                                   .sample_day = b->day,
                                   .sample_count = 2,
                                   .sample = b->sample + i * 2 * width};
    }
}

static st_status open_model(bench* b, const char* path, int workers)
{
    ST_TRY(st_model_load(b->ctx, path, NULL, &b->model));
    const size_t width =
        (size_t)(st_model_state_count(b->model) + st_model_definition_count(b->model));
    b->parameter =
        st_alloc(b->ctx, PEOPLE * (size_t)st_model_parameter_count(b->model), sizeof(double));
    b->input = st_alloc(b->ctx, PEOPLE * (size_t)st_model_input_count(b->model), sizeof(double));
    b->sample = st_alloc(b->ctx, PEOPLE * 2 * width, sizeof(double));
    b->course = st_alloc(b->ctx, PEOPLE, sizeof *b->course);
    b->solver = st_alloc(b->ctx, (size_t)workers, sizeof *b->solver);
    b->solver_ctx = st_alloc(b->ctx, (size_t)workers, sizeof *b->solver_ctx);
    if (!b->parameter || !b->input || !b->sample || !b->course || !b->solver || !b->solver_ctx) {
        return ST_ERR_MEMORY;
    }
    b->worker_count = workers;
    const st_population_def def = st_default_population_def();
    for (int i = 0; i < workers; ++i) {
        b->solver_ctx[i] = st_ctx_create();
        if (b->solver_ctx[i] == NULL) {
            return ST_FAIL(b->ctx, ST_ERR_MEMORY, "out of memory");
        }
        ST_TRY(st_population_create(b->solver_ctx[i], b->model, &def, &b->solver[i]));
    }
    return ST_OK;
}

static st_status solve_block(void* arg, int64_t item, int worker)
{
    const bench* b = arg;
    return st_population_solve(b->solver[worker], b->course + item * BLOCK, BLOCK);
}

static st_status measure(bench* b, const char* name, int workers)
{
    st_pool* pool = NULL;
    double best_s = INFINITY;
    double steps = 0.0;
    int failed = 0;
    ST_TRY(st_pool_create(b->ctx, workers, &pool));
    st_status status = ST_OK;
    for (int i = 0; i < REPEATS && status == ST_OK; ++i) {
        const double begin_s = now_s();
        status = st_ctx_should_stop(b->ctx)
                     ? ST_FAIL(b->ctx, ST_ERR_INTERRUPTED, "stopped on request")
                     : st_pool_run(pool, PEOPLE / BLOCK, solve_block, b, NULL);
        best_s = fmin(best_s, now_s() - begin_s);
    }
    st_pool_destroy(pool);
    ST_TRY(status);
    for (int i = 0; i < PEOPLE; ++i) {
        steps += (double)b->course[i].step_count / PEOPLE;
        failed += b->course[i].status != ST_OK;
    }
    printf("%s,%d,%d,%d,%g,%.1f,%.5f,%.0f,%d\n", name, workers, st_model_state_count(b->model),
           PEOPLE, st_default_population_def().relative_tolerance, steps, best_s, PEOPLE / best_s,
           failed);
    fflush(stdout);
    return ST_OK;
}

static st_status bench_population(st_ctx* ctx, int threads)
{
    static const struct {
        const char *name, *file, *state;
        double dose, end_day;
    } models[] = {{"knee-oa", "knee-oa.yaml", "msc_suspended@fluid", 1e7, 730.0},
                  {"baker2017", "verification/baker2017.yaml", "p", 0.2, 60.0},
                  {"stiff48", "verification/stiff48.yaml", NULL, 0.0, 730.0}}; // doses itself
    char dir[PATH_MAX];
    ST_TRY(st_models_dir_find(ctx, dir, sizeof dir));
    st_pool* pool = NULL; // knows how many CPUs there are
    ST_TRY(st_pool_create(ctx, threads, &pool));
    const int workers = st_pool_worker_count(pool);
    st_pool_destroy(pool);
    printf("model,threads,states,people,tolerance,steps,seconds,people_per_second,failed\n");
    for (size_t i = 0; i < sizeof models / sizeof models[0]; ++i) {
        char path[2 * PATH_MAX];
        bench b = {.ctx = ctx, .day = {7.0, models[i].end_day}};
        snprintf(path, sizeof path, "%s/%s", dir, models[i].file);
        st_status status = open_model(&b, path, workers);
        b.action = (st_action){.kind = ST_ACTION_ADD, .index = -1, .value = models[i].dose};
        if (status == ST_OK && models[i].state != NULL) {
            b.action.index = st_model_find_state(b.model, models[i].state);
        }
        if (status == ST_OK) {
            draw_people(&b);
        }
        for (int n = 1; status == ST_OK && n <= workers;
             n = n < workers && 2 * n > workers ? workers : 2 * n) {
            status = measure(&b, models[i].name, n);
        }
        clear(&b);
        ST_TRY(status);
    }
    return ST_OK;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    if (strcmp(arguments->file, "cells") == 0) {
        return st_messages_print(ctx, st_bench_cells(ctx, arguments->threads, arguments->cells),
                                 stderr);
    }
    if (arguments->given & ST_OPTION_CELLS) {
        fprintf(stderr, "stroma bench: --cells goes with cells, found '%s'; try stroma --help\n",
                arguments->file);
        return ST_EXIT_INPUT;
    }
    if (strcmp(arguments->file, "fields") == 0) {
        return st_messages_print(ctx, st_bench_fields(ctx, arguments->threads), stderr);
    }
    if (strcmp(arguments->file, "population") != 0) {
        fprintf(stderr,
                "stroma bench: found '%s', expected population, fields or cells; try stroma "
                "--help\n",
                arguments->file);
        return ST_EXIT_INPUT;
    }
    return st_messages_print(ctx, bench_population(ctx, arguments->threads), stderr);
}

const st_command ST_BENCH_COMMAND = {
    .name = "bench",
    .operand = "population|fields|cells",
    .about = "how many people, voxels of tissue or single cells this machine computes per second, "
             "as CSV",
    .help = "      --threads N    most workers; by default one per CPU\n"
            "      --cells N      of cells: a packed ball of N, such as 1e7 (2.6 GiB); by default\n"
            "                     1e4, 1e5 and 1e6\n",
    .options = ST_OPTION_THREADS | ST_OPTION_CELLS | ST_OPTION_HELP,
    .perform = perform,
};
