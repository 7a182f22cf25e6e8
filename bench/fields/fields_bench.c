/// How fast fields are solved, beside a memory triad of the same run and beside the LOD scheme.
///
///     stroma_bench_fields [sweeps] [error] [growth] [memory]        (all but memory by default)
///
/// CSV on standard output: what, voxels, substrates, workers, best, median, unit. Best and median
/// of several repeats; all noise is delay. The same bytes come out whatever the numbers say.

#include "tissue/lod_twin.h"
#include "tissue/scene.h"
#include "tissue/state.h"

#include <time.h>
#include <unistd.h>

#define REPEATS 7

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// Seconds of all CPUs together: other programs on the machine do not count.
static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// Wall and CPU seconds of each repeat.
typedef struct watch {
    double wall[REPEATS], cpu[REPEATS];
} watch;

static void watch_begin(watch* w, int i)
{
    w->wall[i] = now_s();
    w->cpu[i] = cpu_s();
}

static void watch_end(watch* w, int i)
{
    w->wall[i] = now_s() - w->wall[i];
    w->cpu[i] = cpu_s() - w->cpu[i];
}

static int compare_doubles(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return x < y ? -1 : x > y;
}

static void report(const char* what, int64_t voxels, int substrates, int workers, watch* w,
                   double work, const char* unit)
{
    qsort(w->wall, REPEATS, sizeof *w->wall, compare_doubles);
    qsort(w->cpu, REPEATS, sizeof *w->cpu, compare_doubles);
    printf("%s,%lld,%d,%d,%.4g,%.4g,%.4g,%s\n", what, (long long)voxels, substrates, workers,
           work / w->wall[0], work / w->wall[REPEATS / 2], work / w->cpu[0], unit);
    fflush(stdout);
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

static void measure_triad(st_ctx* ctx, int workers, size_t bytes)
{
    st_pool* pool = NULL;
    if (st_pool_create(ctx, workers, &pool) != ST_OK) {
        exit(4);
    }
    triad t = {.chunk = 16384};
    const int64_t items = (int64_t)(bytes / 3 / 4 / t.chunk);
    const size_t count = (size_t)items * t.chunk;
    t.a = st_grid_alloc(ctx, count, 4);
    t.b = st_grid_alloc(ctx, count, 4);
    t.c = st_grid_alloc(ctx, count, 4);
    watch w;
    for (int i = -1; i < REPEATS; i++) {
        watch_begin(&w, i < 0 ? 0 : i);
        (void)st_pool_run(pool, items, triad_item, &t, NULL);
        watch_end(&w, i < 0 ? 0 : i);
    }
    char what[64];
    snprintf(what, sizeof what, "triad %zu MB", bytes >> 20);
    report(what, 0, 0, workers, &w, 12.0 * (double)count, "bytes/s");
    st_free(ctx, t.a);
    st_free(ctx, t.b);
    st_free(ctx, t.c);
    st_pool_destroy(pool);
}

// --- worlds
// -------------------------------------------------------------------------------------

static st_shape shell_outer = {.kind = ST_SHAPE_BALL};
static st_shape shell_inner = {.kind = ST_SHAPE_BALL};
static const st_shape SHELL = {.kind = ST_SHAPE_SUBTRACT, .a = &shell_outer, .b = &shell_inner};

/// A cube of n^3 voxels, or a shell 40 voxels thick with as many.
static void world_begin(scene* s, int n, bool is_shell, int workers)
{
    const double h = 20.0;
    int size[3] = {n, n, n};
    if (is_shell) {
        const double thick = 40.0;
        const double radius = sqrt((double)n * n * n / (4.0 * 3.14159265 * thick));
        const int edge = (int)(2.0 * radius + thick) + 4;
        for (int i = 0; i < 3; i++) {
            size[i] = edge;
            shell_outer.centre_um[i] = shell_inner.centre_um[i] = 0.5 * edge * h;
        }
        shell_outer.size_um[0] = (radius + 0.5 * thick) * h;
        shell_inner.size_um[0] = (radius - 0.5 * thick) * h;
    }
    scene_begin(s, size, h, is_shell ? &SHELL : NULL, workers, NULL);
}

static void world_fields(scene* s, int substrates, bool is_shell)
{
    for (int i = 0; i < substrates; i++) {
        s->rates[1].diffusivity_um2_per_min = 1e5 / (1.0 + i);
        s->rates[1].decay_per_min = 0.1 + 0.1 * i;
        s->def.initial_M[1] = 1e-6;
        s->def.tolerance = 1e-2;
        s->def.solver_tolerance = 1e-5;
        if (i == 0) {
            scene_hold(s, is_shell ? 0 : ST_REGION_BOX, 1e-4);
        }
        scene_add(s);
    }
}

// Prepares the system of a field on level 0 with the residual of its steady state from zero.
static void set_system(scene* s, int field, double sigma)
{
    st_tissue* t = s->tissue;
    st_field* f = t->field[field];
    double a[ST_MEDIUM_LIMIT + 1];
    for (int m = 0; m <= ST_MEDIUM_LIMIT; m++) {
        a[m] = (sigma + f->rates[m].decay_per_min) / f->unit;
    }
    scene_check(s, st_multigrid_set(t->mg, f->transport, a));
    st_level* l = &t->mg->level[0];
    const size_t voxels = (size_t)l->grid.brick_count * ST_BRICK_VOXELS;
    for (size_t i = 0; i < voxels; i++) {
        l->b[i] = l->grid.medium[i] ? (float)(i * 2654435761u >> 7 & 1023u) / 512.0f - 1.0f : 0.0f;
        l->x[i] = 0.0f;
    }
}

static void measure_sweeps(int n, bool is_shell, int substrates, int workers)
{
    scene s;
    world_begin(&s, n, is_shell, workers);
    world_fields(&s, substrates, is_shell);
    st_multigrid* mg = s.tissue->mg;
    const int64_t voxels = st_tissue_voxel_count(s.tissue);
    const char* shape = is_shell ? "shell" : "cube";
    const double work = (double)voxels * substrates;
    watch w;
    char what[64];

    // A smoothing sweep over all substrates, each on its own levels (x, y, b are the field's).
    const size_t all = (size_t)mg->level[0].grid.brick_count * ST_BRICK_VOXELS;
    float** x = calloc((size_t)substrates, sizeof *x);
    for (int i = 0; i < substrates; i++) {
        x[i] = st_grid_alloc(s.ctx, all + ST_BRICK_VOXELS, sizeof(float));
    }
    set_system(&s, 0, 0.0);
    float* own = mg->level[0].x;
    for (int i = -1; i < REPEATS; i++) {
        watch_begin(&w, i < 0 ? 0 : i);
        for (int k = 0; k < substrates; k++) {
            mg->level[0].x = x[k]; // reads one field, writes another
            st_multigrid_smooth(mg, 0, 0.8f);
            x[k] = mg->level[0].x;
        }
        watch_end(&w, i < 0 ? 0 : i);
    }
    // After each sweep x and y have changed places: give the level back its own.
    (void)own;
    snprintf(what, sizeof what, "smooth %s", shape);
    report(what, voxels, substrates, workers, &w, work, "voxel-substrates/s");
    report("  bytes moved", voxels, substrates, workers, &w, 12.0 * work, "bytes/s");

    mg->level[0].x = x[0];
    x[0] = own;
    for (int i = -1; i < REPEATS; i++) {
        watch_begin(&w, i < 0 ? 0 : i);
        for (int k = 0; k < substrates; k++) {
            uint32_t residual;
            uint32_t correction;
            st_multigrid_cycle(mg, &residual, &correction);
        }
        watch_end(&w, i < 0 ? 0 : i);
    }
    snprintf(what, sizeof what, "V-cycle %s", shape);
    report(what, voxels, substrates, workers, &w, work, "voxel-substrates/s");

    int cycles = 0;
    for (int i = 0; i < REPEATS; i++) {
        double wall = 0.0;
        double cpu = 0.0;
        for (int k = 0; k < substrates; k++) {
            set_system(&s, k, 20.0); // an implicit stage of 0.05 min: D dt/h^2 = 12.5
            const float from = st_multigrid_residual(mg);
            const st_solve_goal goal = {.residual = 1e-5f * from, .cycle_limit = 50};
            st_solve_result result;
            watch_begin(&w, i);
            scene_check(&s, st_multigrid_solve(mg, &goal, &result));
            watch_end(&w, i);
            wall += w.wall[i];
            cpu += w.cpu[i];
            cycles = result.cycle_count > cycles ? result.cycle_count : cycles;
        }
        w.wall[i] = wall;
        w.cpu[i] = cpu;
    }
    snprintf(what, sizeof what, "solve cold to 1e-5 %s (%d cycles)", shape, cycles);
    report(what, voxels, substrates, workers, &w, work, "voxel-substrates/s");

    // A running simulation: two stages a step, each started from what is there.
    for (int k = 0; k < substrates; k++) {
        scene_check(&s, st_tissue_step_field(s.ctx, s.tissue, k, 0.2));
    }
    for (int i = 0; i < REPEATS; i++) {
        watch_begin(&w, i < 0 ? 0 : i);
        for (int k = 0; k < substrates; k++) {
            scene_check(&s, st_tissue_step_field(s.ctx, s.tissue, k, 0.05));
        }
        watch_end(&w, i);
    }
    snprintf(what, sizeof what, "stage of a running step %s", shape);
    report(what, voxels, substrates, workers, &w, 2.0 * work, "voxel-substrates/s");
    const st_field_ledger ledger = st_tissue_ledger(s.tissue, 0);
    printf("# %s: %.0f bytes per voxel, %.1f cycles per stage, balance %.1e, kernels %s\n", shape,
           (double)st_tissue_bytes(s.tissue) / (double)voxels,
           (double)ledger.cycle_count / (double)ledger.solve_count,
           st_tissue_balance_error(&ledger), mg->ops->name);
    for (int i = 0; i < substrates; i++) {
        st_free(s.ctx, x[i]);
    }
    free(x);
    (void)scene_end(&s);
}

// --- error against time
// -------------------------------------------------------------------------

#define ERROR_EDGE 64

typedef struct problem {
    const char* name;
    double D, decay, end_min, mid_min;
} problem;

// A source in a small cube, a held face, a decaying rest: what a few secreting cells make.
static bool has_source(int x, int y, int z)
{
    return x >= 30 && x < 34 && y >= 30 && y < 34 && z >= 30 && z < 34;
}

static float* source_of(const scene* s)
{
    const int bricks = st_tissue_brick_count(s->tissue);
    float* source = calloc((size_t)bricks * ST_BRICK_VOXELS, sizeof *source);
    for (int b = 0; b < bricks; b++) {
        int low[3];
        st_tissue_brick_voxel(s->tissue, b, low);
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            if (has_source(low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64)) {
                source[b * ST_BRICK_VOXELS + v] = 1e-4f;
            }
        }
    }
    return source;
}

static double engine_run(const problem* p, double tolerance, int workers, float* out[2],
                         int64_t* steps)
{
    const int n[3] = {ERROR_EDGE, ERROR_EDGE, ERROR_EDGE};
    scene s;
    scene_begin(&s, n, 20.0, NULL, workers, NULL);
    s.rates[1].diffusivity_um2_per_min = p->D;
    s.rates[1].decay_per_min = p->decay;
    s.def.tolerance = tolerance;
    s.def.solver_tolerance = tolerance * 1e-2 < 1e-4 ? tolerance * 1e-2 : 1e-4;
    scene_hold(&s, ST_REGION_BOX, 1e-5);
    scene_add(&s);
    float* source = source_of(&s);
    st_tissue_set_source(s.tissue, s.field, source);
    double seconds = 0.0;
    for (int part = 0; part < 2; part++) {
        const double begin = now_s();
        scene_check(&s, st_tissue_advance(s.ctx, s.tissue, part ? p->end_min : p->mid_min));
        seconds += now_s() - begin;
        for (int i = 0; i < n[0] * n[1] * n[2]; i++) {
            const int at[3] = {i % n[0], i / n[0] % n[1], i / n[0] / n[1]};
            out[part][i] = (float)st_tissue_level_M(s.tissue, s.field, at);
        }
    }
    const st_field_ledger l = st_tissue_ledger(s.tissue, s.field);
    *steps = l.step_count + l.reject_count;
    free(source);
    (void)scene_end(&s);
    return seconds;
}

static double lod_run(const problem* p, double dt, st_pool* pool, float* out[2])
{
    const int n[3] = {ERROR_EDGE, ERROR_EDGE, ERROR_EDGE};
    const size_t count = (size_t)n[0] * (size_t)n[1] * (size_t)n[2];
    lod_twin t = lod_begin(n, 20.0, p->D, p->decay, dt, true, 1e-5, pool);
    t.source = calloc(count, sizeof *t.source);
    for (size_t i = 0; i < count; i++) {
        const int x = (int)(i % 64);
        t.source[i] = has_source(x, (int)(i / 64 % 64), (int)(i / 4096)) ? (float)(1e-4 * dt) : 0.f;
    }
    double seconds = 0.0;
    int64_t done = 0;
    for (int part = 0; part < 2; part++) {
        const int64_t until = llround((part ? p->end_min : p->mid_min) / dt);
        const double begin = now_s();
        for (; done < until; done++) {
            lod_step(&t);
        }
        seconds += now_s() - begin;
        memcpy(out[part], t.u, count * sizeof(float));
    }
    free(t.source);
    lod_end(&t);
    return seconds;
}

static double worst(float* const a[2], float* const b[2])
{
    double most = 0.0;
    for (int part = 0; part < 2; part++) {
        double scale = 0.0;
        double error = 0.0;
        for (int i = 0; i < ERROR_EDGE * ERROR_EDGE * ERROR_EDGE; i++) {
            scale = fmax(scale, fabs((double)b[part][i]));
            error = fmax(error, fabs((double)a[part][i] - (double)b[part][i]));
        }
        most = fmax(most, error / scale);
    }
    return most;
}

static void measure_error(const problem* p, int workers)
{
    st_ctx* ctx = st_ctx_create();
    st_pool* pool = NULL;
    if (st_pool_create(ctx, workers, &pool) != ST_OK) {
        exit(4);
    }
    const size_t count = (size_t)ERROR_EDGE * ERROR_EDGE * ERROR_EDGE;
    float* exact[2] = {malloc(count * 4), malloc(count * 4)};
    float* found[2] = {malloc(count * 4), malloc(count * 4)};
    int64_t steps = 0;
    (void)engine_run(p, 1e-5, workers, exact, &steps);
    printf("# %s: worst error over 2 times, relative to the largest level; reference: %lld steps\n",
           p->name, (long long)steps);
    static const double dts[5] = {0.1, 0.05, 0.01, 0.005, 0.0025};
    for (int i = 0; i < 5; i++) {
        double seconds = lod_run(p, dts[i], pool, found);
        for (int k = 0; k < 2; k++) {
            seconds = fmin(seconds, lod_run(p, dts[i], pool, found));
        }
        printf("error %s,LOD dt %g min,%.4g,%.4g s\n", p->name, dts[i], worst(found, exact),
               seconds);
    }
    for (double tolerance = 0.3; tolerance > 5e-4; tolerance *= 0.31622776601683794) {
        double seconds = engine_run(p, tolerance, workers, found, &steps);
        for (int k = 0; k < 2; k++) {
            seconds = fmin(seconds, engine_run(p, tolerance, workers, found, &steps));
        }
        printf("error %s,Stroma tolerance %.2g (%lld steps),%.4g,%.4g s\n", p->name, tolerance,
               (long long)steps, worst(found, exact), seconds);
        fflush(stdout);
    }
    // The steady state: one solve here, marching there.
    const int n[3] = {ERROR_EDGE, ERROR_EDGE, ERROR_EDGE};
    scene s;
    scene_begin(&s, n, 20.0, NULL, workers, NULL);
    s.rates[1].diffusivity_um2_per_min = p->D;
    s.rates[1].decay_per_min = p->decay;
    s.def.solver_tolerance = 1e-4;
    scene_hold(&s, ST_REGION_BOX, 1e-5);
    scene_add(&s);
    float* source = source_of(&s);
    st_tissue_set_source(s.tissue, s.field, source);
    const double begin = now_s();
    scene_check(&s, st_tissue_solve_steady(s.ctx, s.tissue, s.field));
    const double seconds = now_s() - begin;
    printf("steady %s,Stroma to 1e-4,%.4g s\n", p->name, seconds);
    free(source);
    (void)scene_end(&s);
    for (int i = 0; i < 2; i++) {
        free(exact[i]);
        free(found[i]);
    }
    st_pool_destroy(pool);
    st_ctx_destroy(ctx);
}

// --- memory
// -------------------------------------------------------------------------------------

static void measure_memory(void)
{
    scene s;
    const double begin = now_s();
    world_begin(&s, 215, true, 2); // 1e7 voxels
    world_fields(&s, 16, true);
    printf("memory,%lld voxels,16 substrates,%.3f GiB,%.1f s to make\n",
           (long long)st_tissue_voxel_count(s.tissue),
           (double)st_tissue_bytes(s.tissue) / (double)(1u << 30), now_s() - begin);
    (void)scene_end(&s);
}

static bool is_asked(int argc, char** argv, const char* word)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], word) == 0) {
            return true;
        }
    }
    return argc == 1 && strcmp(word, "memory") != 0;
}

int main(int argc, char** argv)
{
    const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    const int workers = cpus > 1 ? 2 : 1;
    if (is_asked(argc, argv, "sweeps")) {
        printf("what,voxels,substrates,workers,best,median,best per CPU second,unit\n");
        st_ctx* ctx = st_ctx_create();
        measure_triad(ctx, workers, (size_t)12 << 20);
        measure_triad(ctx, workers, (size_t)384 << 20);
        st_ctx_destroy(ctx);
        static const int substrates[3] = {1, 4, 16};
        for (int i = 0; i < 3; i++) {
            measure_sweeps(100, false, substrates[i], workers);
            measure_sweeps(100, true, substrates[i], workers);
        }
    }
    if (is_asked(argc, argv, "error")) {
        const problem fast = {"oxygen D 1e5", 1e5, 10.0, 6.0, 0.1};
        const problem slow = {"protein D 600", 600.0, 0.1, 6.0, 1.0};
        measure_error(&fast, workers);
        measure_error(&slow, workers);
    }
    if (is_asked(argc, argv, "growth")) {
        for (int n = 32; n <= 160; n *= 2) {
            measure_sweeps(n, false, 1, workers);
        }
        measure_sweeps(160, true, 1, workers);
        measure_sweeps(100, false, 1, 1);
    }
    if (is_asked(argc, argv, "memory")) {
        measure_memory();
    }
    return 0;
}
