/// `stroma bench fields`: parts of the solver and whole steps, beside a memory triad of the same
/// run; growth with voxels, substrates, threads and with how full the bricks are.

#include "bench_fields.h"

#include "base/base.h"
#include "base/parallel.h"
#include "stroma/tissue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/// Measurements of which the best and the median are shown: all noise is delay.
#define REPEATS 7
/// Voxel edge, um; length of a step, min; 1 / length of its implicit stages, 1/min.
#define EDGE_UM   20.0
#define STEP_MIN  0.05
#define STAGE     20.0
#define FIELD_MAX 16

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare_doubles(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return x < y ? -1 : x > y;
}

/// What is measured, on what, and the seconds of each repeat.
typedef struct row {
    const char *what, *shape;
    int64_t voxels;
    double fill; ///< tissue's share of the bricks
    int substrates, threads;
    double wall[REPEATS], cpu[REPEATS];
    double work;
    const char* unit;
    double cycles, bytes_per_voxel;
    double
        moved; ///< bytes to and from memory per unit of work, counted as the triad's; 0 = no claim
} row;

static void print_row(row* r)
{
    qsort(r->wall, REPEATS, sizeof *r->wall, compare_doubles);
    qsort(r->cpu, REPEATS, sizeof *r->cpu, compare_doubles);
    printf("%s,%s,%lld,%.3f,%d,%d,%.4g,%.4g,%.4g,%s,%.3g,%.4g,%.4g,,\n", r->what, r->shape,
           (long long)r->voxels, r->fill, r->substrates, r->threads, r->work / r->wall[0],
           r->work / r->wall[REPEATS / 2], r->work / r->cpu[0], r->unit, r->cycles,
           r->bytes_per_voxel, r->moved * r->work / r->wall[0]);
    fflush(stdout);
}

static void watch_begin(row* r, int i)
{
    r->wall[i] = now_s();
    r->cpu[i] = cpu_s();
}

static void watch_end(row* r, int i)
{
    r->wall[i] = now_s() - r->wall[i];
    r->cpu[i] = cpu_s() - r->cpu[i];
}

// --- the machine
// --------------------------------------------------------------------------------

typedef struct triad {
    float *a, *b, *c;
    size_t chunk;
} triad;

static st_status triad_item(void* arg, int64_t item, int worker)
{
    (void)worker;
    const triad* t = arg;
    float* restrict a = t->a + (size_t)item * t->chunk;
    const float* restrict b = t->b + (size_t)item * t->chunk;
    const float* restrict c = t->c + (size_t)item * t->chunk;
    for (size_t i = 0; i < t->chunk; i++) {
        a[i] = b[i] + 0.5f * c[i];
    }
    return ST_OK;
}

static st_status bench_triad(st_ctx* ctx, int threads, size_t bytes)
{
    st_pool* pool = NULL;
    ST_TRY(st_pool_create(ctx, threads, &pool));
    triad t = {.chunk = 16384};
    const int64_t items = (int64_t)(bytes / 3 / sizeof(float) / t.chunk);
    const size_t count = (size_t)items * t.chunk;
    t.a = st_alloc(ctx, count, sizeof(float));
    t.b = st_alloc(ctx, count, sizeof(float));
    t.c = st_alloc(ctx, count, sizeof(float));
    row r = {.what = "triad", .shape = "", .threads = threads, .unit = "bytes/s", .moved = 1.0};
    r.work = 12.0 * (double)count;
    r.bytes_per_voxel = NAN;
    r.cycles = NAN;
    const bool has_room = t.a && t.b && t.c;
    for (int i = -1; i < REPEATS && has_room; i++) {
        watch_begin(&r, i < 0 ? 0 : i);
        (void)st_pool_run(pool, items, triad_item, &t, NULL); // cannot fail
        watch_end(&r, i < 0 ? 0 : i);
    }
    if (has_room) {
        r.voxels = (int64_t)count;
        print_row(&r);
    }
    st_free(ctx, t.a);
    st_free(ctx, t.b);
    st_free(ctx, t.c);
    st_pool_destroy(pool);
    return has_room ? ST_OK : ST_ERR_MEMORY;
}

// --- worlds
// -------------------------------------------------------------------------------------

/// Inner radius of a ball's shell of that thickness and volume, which has to be large enough for
/// it.
static double shell_radius(double volume, double thick)
{
    return 0.5 * (sqrt(volume / (3.14159265 * thick) - thick * thick / 3.0) - thick);
}

/// A cube of n^3 voxels, or a shell of as many that is `thick` voxels thick.
static st_status make_world(st_ctx* ctx, int n, int thick, int threads, st_tissue** out)
{
    st_tissue_def def = st_default_tissue_def();
    st_shape outer = {.kind = ST_SHAPE_BALL};
    st_shape inner = {.kind = ST_SHAPE_BALL};
    const st_shape shell = {.kind = ST_SHAPE_SUBTRACT, .a = &outer, .b = &inner};
    const st_shape box = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};
    const st_paint paint = {.shape = thick > 0 ? &shell : &box, .medium = 1};
    int edge = n;
    if (thick > 0) {
        const double inner_radius = shell_radius((double)n * n * n, thick);
        edge = (int)(2.0 * (inner_radius + thick)) + 4;
        for (int i = 0; i < 3; i++) {
            outer.centre_um[i] = inner.centre_um[i] = 0.5 * edge * EDGE_UM;
        }
        outer.size_um[0] = (inner_radius + thick) * EDGE_UM;
        inner.size_um[0] = inner_radius * EDGE_UM;
    }
    def.paint = &paint;
    def.paint_count = 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = edge;
        def.voxel_um[i] = EDGE_UM;
    }
    def.worker_count = threads;
    return st_tissue_create(ctx, &def, out);
}

static st_status add_fields(st_ctx* ctx, st_tissue* tissue, int count, bool is_shell)
{
    const double at[1] = {0.0};
    const double level[1] = {1e-4};
    const st_boundary held = {.region = is_shell ? 0 : ST_REGION_BOX,
                              .kind = ST_BOUNDARY_FIXED,
                              .knot_count = 1,
                              .knot_min = at,
                              .knot_M = level};
    for (int i = 0; i < count; i++) {
        st_medium_rates rates[ST_MEDIUM_LIMIT + 1] = {0};
        rates[1].diffusivity_um2_per_min = 1e5 / (1.0 + i);
        rates[1].decay_per_min = 0.1 + 0.1 * i;
        st_field_def def = st_default_field_def();
        def.name = "substrate";
        def.rates = rates;
        def.boundary = &held;
        def.boundary_count = 1;
        def.initial_M[1] = 1e-6;
        def.mode = ST_FIELD_TRANSIENT;
        def.tolerance = 1e-2;
        def.solver_tolerance = 1e-5;
        int index;
        ST_TRY(st_tissue_add_field(ctx, tissue, &def, &index));
    }
    return ST_OK;
}

// --- measurements
// -------------------------------------------------------------------------------

// One part of the solver, for every substrate in turn.
static st_status measure_part(st_ctx* ctx, st_tissue* tissue, st_exercise what, row* r)
{
    int cycles = 0;
    for (int i = -1; i < REPEATS; i++) {
        double wall = 0.0;
        double cpu = 0.0;
        const int at = i < 0 ? 0 : i;
        for (int k = 0; k < r->substrates; k++) {
            if (what == ST_EXERCISE_SOLVE || (i < 0 && k == 0)) {
                ST_TRY(st_tissue_exercise(ctx, tissue, k, ST_EXERCISE_PREPARE, STAGE, &cycles));
            }
            watch_begin(r, at);
            ST_TRY(st_tissue_exercise(ctx, tissue, k, what, STAGE, &cycles));
            watch_end(r, at);
            wall += r->wall[at];
            cpu += r->cpu[at];
        }
        r->wall[at] = wall;
        r->cpu[at] = cpu;
        r->cycles = cycles;
    }
    print_row(r);
    return ST_OK;
}

static int64_t cycles_of(const st_tissue* tissue, int64_t* solves)
{
    int64_t cycles = 0;
    *solves = 0;
    for (int k = 0; k < st_tissue_field_count(tissue); k++) {
        const st_field_ledger l = st_tissue_ledger(tissue, k);
        cycles += l.cycle_count;
        *solves += l.solve_count;
    }
    return cycles;
}

// A running simulation: two implicit stages a step, each started from what is there.
static st_status measure_steps(st_ctx* ctx, st_tissue* tissue, row* r)
{
    int64_t solves[2] = {0, 0};
    int64_t cycles[2] = {0, 0};
    for (int i = -2; i < REPEATS; i++) {
        cycles[0] = i == 0 ? cycles_of(tissue, &solves[0]) : cycles[0];
        watch_begin(r, i < 0 ? 0 : i);
        for (int k = 0; k < r->substrates; k++) {
            ST_TRY(st_tissue_step_field(ctx, tissue, k, i == -2 ? 4.0 * STEP_MIN : STEP_MIN));
        }
        watch_end(r, i < 0 ? 0 : i);
    }
    cycles[1] = cycles_of(tissue, &solves[1]);
    r->cycles = (double)(cycles[1] - cycles[0]) / (double)(solves[1] - solves[0]);
    print_row(r);
    return ST_OK;
}

/// `parts`: also the parts of the solver, not only steps.
static st_status measure_world(st_ctx* ctx, int n, int thick, int substrates, int threads,
                               bool parts)
{
    st_tissue* tissue = NULL;
    ST_TRY(make_world(ctx, n, thick, threads, &tissue));
    st_status status = add_fields(ctx, tissue, substrates, thick > 0);
    const double voxels = (double)st_tissue_voxel_count(tissue);
    char shape[32];
    snprintf(shape, sizeof shape, thick > 0 ? "shell %d thick" : "cube", thick);
    row r = {.shape = shape,
             .voxels = st_tissue_voxel_count(tissue),
             .fill = voxels / (512.0 * st_tissue_brick_count(tissue)),
             .substrates = substrates,
             .threads = threads,
             .work = voxels * substrates,
             .bytes_per_voxel = (double)st_tissue_bytes(tissue) / voxels,
             .unit = "voxel-substrates/s"};
    if (status == ST_OK && parts) {
        r.what = "smoothing step";
        r.work = 2.0 * voxels * substrates; // two steps in one pass: x and b in, x out
        r.moved = 6.0;
        status = measure_part(ctx, tissue, ST_EXERCISE_SMOOTH, &r);
        r.moved = 0.0;
        r.work = voxels * substrates;
    }
    if (status == ST_OK && parts) {
        r.what = "V-cycle";
        status = measure_part(ctx, tissue, ST_EXERCISE_CYCLE, &r);
    }
    if (status == ST_OK && parts) {
        r.what = "cold solve to 1e-5";
        status = measure_part(ctx, tissue, ST_EXERCISE_SOLVE, &r);
    }
    if (status == ST_OK) {
        r.what = "stage of a running step";
        r.work = 2.0 * voxels * substrates;
        status = measure_steps(ctx, tissue, &r);
    }
    st_tissue_destroy(tissue);
    return status;
}

st_status st_bench_fields(st_ctx* ctx, int threads)
{
    static const int substrates[3] = {1, 4, FIELD_MAX};
    static const int sizes[4] = {32, 64, 128, 160};
    static const int thickness[4] = {5, 10, 20, 60};
    st_pool* pool = NULL; // knows how many CPUs there are
    ST_TRY(st_pool_create(ctx, threads, &pool));
    const int most = st_pool_worker_count(pool);
    st_pool_destroy(pool);
    printf("what,shape,voxels,fill,substrates,threads,best_per_s,median_per_s,best_per_cpu_s,unit,"
           "cycles,bytes_per_voxel,best_bytes_per_s,error,seconds\n");
    ST_TRY(bench_triad(ctx, most, (size_t)12 << 20));
    ST_TRY(bench_triad(ctx, most, (size_t)384 << 20));
    for (int i = 0; i < 3; i++) {
        ST_TRY(measure_world(ctx, 100, 0, substrates[i], most, true));
        ST_TRY(measure_world(ctx, 100, 40, substrates[i], most, true));
    }
    for (int i = 0; i < 4; i++) {
        ST_TRY(measure_world(ctx, sizes[i], 0, 1, most, true));
    }
    for (int i = 0; i < 4; i++) {
        ST_TRY(measure_world(ctx, 100, thickness[i], 1, most, false));
    }
    for (int n = 1; n < most; n *= 2) {
        ST_TRY(measure_world(ctx, 100, 0, 1, n, true));
    }
    ST_TRY(measure_world(ctx, 215, 40, FIELD_MAX, most, false)); // 1e7 voxels: memory
    return st_bench_fields_error(ctx, most);
}
