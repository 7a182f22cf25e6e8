/// `stroma bench fields`, second half: error against time, beside the scheme that the field uses.

#include "bench_fields.h"
#include "bench_lod.h"

#include "base/base.h"
#include "stroma/tissue.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define EDGE    64 // voxels
#define COUNT   ((size_t)EDGE * EDGE * EDGE)
#define EDGE_UM 20.0
/// Measurements of which the best is shown: all noise is delay.
#define REPEATS 3
/// Level at the held face; source in the small cube, M/min.
#define HELD_M   1e-5
#define SOURCE_M 1e-4

typedef struct problem {
    const char* name;
    double D, decay;         ///< um^2/min, 1/min
    double mid_min, end_min; ///< two times at which levels are compared
} problem;

/// The engine's half of a problem.
typedef struct world {
    st_tissue* tissue;
    float* source;
} world;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// A source in a small cube, a held face, a decaying rest: what a few secreting cells make.
static bool has_source(int x, int y, int z)
{
    return x >= 30 && x < 34 && y >= 30 && y < 34 && z >= 30 && z < 34;
}

static st_status fill_source(st_ctx* ctx, world* w)
{
    const int bricks = st_tissue_brick_count(w->tissue);
    w->source = st_alloc(ctx, (size_t)bricks * 512, sizeof *w->source);
    if (!w->source) {
        return ST_ERR_MEMORY;
    }
    for (int b = 0; b < bricks; b++) {
        int low[3];
        st_tissue_brick_voxel(w->tissue, b, low);
        for (int v = 0; v < 512; v++) {
            const bool is_in = has_source(low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64);
            w->source[b * 512 + v] = is_in ? (float)SOURCE_M : 0.0f;
        }
    }
    st_tissue_set_source(w->tissue, 0, w->source);
    return ST_OK;
}

static void end_world(st_ctx* ctx, world* w)
{
    st_tissue_destroy(w->tissue);
    st_free(ctx, w->source);
}

static st_status begin_world(st_ctx* ctx, const problem* p, double tolerance,
                             double solver_tolerance, int threads, world* w)
{
    *w = (world){0};
    const st_shape box = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};
    const st_paint paint = {.shape = &box, .medium = 1};
    st_tissue_def def = st_default_tissue_def();
    def.paint = &paint;
    def.paint_count = 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = EDGE;
        def.voxel_um[i] = EDGE_UM;
    }
    def.worker_count = threads;
    ST_TRY(st_tissue_create(ctx, &def, &w->tissue));
    const double at[1] = {0.0};
    const double level[1] = {HELD_M};
    const st_boundary held = {.region = ST_REGION_BOX,
                              .kind = ST_BOUNDARY_FIXED,
                              .knot_count = 1,
                              .knot_min = at,
                              .knot_M = level};
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1] = {0};
    rates[1].diffusivity_um2_per_min = p->D;
    rates[1].decay_per_min = p->decay;
    st_field_def field = st_default_field_def();
    field.name = "substrate";
    field.rates = rates;
    field.boundary = &held;
    field.boundary_count = 1;
    field.mode = ST_FIELD_TRANSIENT;
    field.tolerance = tolerance;
    field.solver_tolerance = solver_tolerance;
    int index;
    ST_TRY(st_tissue_add_field(ctx, w->tissue, &field, &index));
    return fill_source(ctx, w);
}

static void read_levels(const st_tissue* tissue, float* out)
{
    for (int i = 0; i < (int)COUNT; i++) {
        const int at[3] = {i % EDGE, i / EDGE % EDGE, i / EDGE / EDGE};
        out[i] = (float)st_tissue_level_M(tissue, 0, at);
    }
}

static st_status run_engine(st_ctx* ctx, const problem* p, double tolerance, int threads,
                            float* out[2], double* seconds, int64_t* steps)
{
    world w;
    st_status status = begin_world(ctx, p, tolerance, fmin(0.01 * tolerance, 1e-4), threads, &w);
    *seconds = 0.0;
    for (int part = 0; part < 2 && status == ST_OK; part++) {
        const double begin = now_s();
        status = st_tissue_advance(ctx, w.tissue, part ? p->end_min : p->mid_min);
        *seconds += now_s() - begin;
        read_levels(w.tissue, out[part]);
    }
    if (status == ST_OK) {
        const st_field_ledger l = st_tissue_ledger(w.tissue, 0);
        *steps = l.step_count + l.reject_count;
    }
    end_world(ctx, &w);
    return status;
}

static double run_lod(const problem* p, double dt, st_pool* pool, float* source, float* out[2])
{
    const int n[3] = {EDGE, EDGE, EDGE};
    lod_twin t = lod_begin(n, EDGE_UM, p->D, p->decay, dt, true, HELD_M, pool);
    for (size_t i = 0; i < COUNT; i++) {
        const bool is_in =
            has_source((int)(i % EDGE), (int)(i / EDGE % EDGE), (int)(i / (EDGE * EDGE)));
        source[i] = is_in ? (float)(SOURCE_M * dt) : 0.0f;
    }
    t.source = source;
    double seconds = 0.0;
    int64_t done = 0;
    for (int part = 0; part < 2; part++) {
        const int64_t until = llround((part ? p->end_min : p->mid_min) / dt);
        const double begin = now_s();
        for (; done < until; done++) {
            lod_step(&t);
        }
        seconds += now_s() - begin;
        memcpy(out[part], t.u, COUNT * sizeof(float));
    }
    lod_end(&t);
    return seconds;
}

// Worst error over both times, relative to the largest level of each.
static double worst(float* const found[2], float* const exact[2])
{
    double most = 0.0;
    for (int part = 0; part < 2; part++) {
        double scale = 0.0;
        double error = 0.0;
        for (size_t i = 0; i < COUNT; i++) {
            scale = fmax(scale, fabs((double)exact[part][i]));
            error = fmax(error, fabs((double)found[part][i] - (double)exact[part][i]));
        }
        most = fmax(most, error / scale);
    }
    return most;
}

static void print_error(const problem* p, const char* how, int threads, double steps, double error,
                        double seconds)
{
    printf("%s; %s,cube,%zu,1.000,1,%d,,,,s,%.4g,,,%.4g,%.4g\n", p->name, how, COUNT, threads,
           steps, error, seconds);
    fflush(stdout);
}

static void measure_lod(const problem* p, st_pool* pool, int threads, float* source,
                        float* exact[2], float* found[2])
{
    static const double dts[4] = {0.05, 0.01, 0.005, 0.0025};
    for (int i = 0; i < 4; i++) {
        double seconds = INFINITY;
        for (int k = 0; k < REPEATS; k++) {
            seconds = fmin(seconds, run_lod(p, dts[i], pool, source, found));
        }
        char how[48];
        snprintf(how, sizeof how, "LOD %g min", dts[i]);
        print_error(p, how, threads, p->end_min / dts[i], worst(found, exact), seconds);
    }
}

static st_status measure_engine(st_ctx* ctx, const problem* p, int threads, float* exact[2],
                                float* found[2])
{
    static const double tolerances[5] = {0.3, 0.1, 0.03, 0.01, 0.003};
    for (int i = 0; i < 5; i++) {
        double least = INFINITY;
        int64_t steps = 0;
        for (int k = 0; k < REPEATS; k++) {
            double seconds;
            ST_TRY(run_engine(ctx, p, tolerances[i], threads, found, &seconds, &steps));
            least = fmin(least, seconds);
        }
        char how[48];
        snprintf(how, sizeof how, "engine tolerance %g", tolerances[i]);
        print_error(p, how, threads, (double)steps, worst(found, exact), least);
    }
    return ST_OK;
}

// One solve from zero.
static st_status solve_steady(st_ctx* ctx, const problem* p, double tolerance, int threads,
                              float* out[2], double* seconds)
{
    world w;
    st_status status = begin_world(ctx, p, 0.1, tolerance, threads, &w);
    const double begin = now_s();
    if (status == ST_OK) {
        status = st_tissue_solve_steady(ctx, w.tissue, 0);
        *seconds = now_s() - begin;
        read_levels(w.tissue, out[0]);
        memcpy(out[1], out[0], COUNT * sizeof(float));
    }
    end_world(ctx, &w);
    return status;
}

// The steady state: one solve here; LOD marches until nothing changes, and keeps the error of its
// splitting.
static st_status measure_steady(st_ctx* ctx, const problem* p, st_pool* pool, int threads,
                                float* source, float* exact[2], float* found[2])
{
    static const double tolerances[2] = {1e-2, 1e-4};
    double seconds = 0.0;
    char how[48];
    ST_TRY(solve_steady(ctx, p, 1e-6, threads, exact, &seconds));
    for (int i = 0; i < 2; i++) {
        double least = INFINITY;
        for (int k = 0; k < REPEATS; k++) {
            ST_TRY(solve_steady(ctx, p, tolerances[i], threads, found, &seconds));
            least = fmin(least, seconds);
        }
        snprintf(how, sizeof how, "steady engine to %g", tolerances[i]);
        print_error(p, how, threads, 1.0, worst(found, exact), least);
    }
    problem march = *p;
    march.mid_min = march.end_min = 6.0;
    for (int i = 0; i < 2; i++) { // the second march goes five times as long
        const double marched = run_lod(&march, 0.01, pool, source, found);
        snprintf(how, sizeof how, "steady LOD 0.01 min for %g min", march.end_min);
        print_error(p, how, threads, march.end_min / 0.01, worst(found, exact), marched);
        march.mid_min = march.end_min = 30.0;
    }
    return ST_OK;
}

static st_status measure(st_ctx* ctx, const problem* p, st_pool* pool, int threads)
{
    float* block = st_alloc(ctx, 5 * COUNT, sizeof *block);
    if (!block) {
        return ST_ERR_MEMORY;
    }
    float* exact[2] = {block, block + COUNT};
    float* found[2] = {block + 2 * COUNT, block + 3 * COUNT};
    float* source = block + 4 * COUNT;
    double seconds;
    int64_t steps = 0;
    st_status status = run_engine(ctx, p, 1e-5, threads, exact, &seconds, &steps);
    if (status == ST_OK) {
        measure_lod(p, pool, threads, source, exact, found);
        status = measure_engine(ctx, p, threads, exact, found);
    }
    if (status == ST_OK) {
        status = measure_steady(ctx, p, pool, threads, source, exact, found);
    }
    st_free(ctx, block);
    return status;
}

st_status st_bench_fields_error(st_ctx* ctx, int threads)
{
    static const problem problems[2] = {{"D 1e5 um2/min decay 10/min", 1e5, 10.0, 0.1, 6.0},
                                        {"D 600 um2/min decay 0.1/min", 600.0, 0.1, 1.0, 6.0}};
    st_pool* pool = NULL;
    ST_TRY(st_pool_create(ctx, threads, &pool));
    st_status status = ST_OK;
    for (int i = 0; i < 2 && status == ST_OK; i++) {
        status = measure(ctx, &problems[i], pool, threads);
    }
    st_pool_destroy(pool);
    return status;
}
