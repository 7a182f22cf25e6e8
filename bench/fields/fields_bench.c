/// How fields stand beside the LOD scheme at equal error, and how much memory they take. Parts of
/// the solver and growth: `stroma bench fields`.
///
///     stroma_bench_fields [error] [memory]        (error by default)
///
/// CSV on standard output: what, how, error, seconds.

#include "tissue/lod_twin.h"
#include "tissue/scene.h"
#include "tissue/state.h"

#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
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
    double seconds = INFINITY;
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < n[0] * n[1] * n[2]; i++) { // from zero each time
            const int at[3] = {i % n[0], i / n[0] % n[1], i / n[0] / n[1]};
            scene_check(&s, st_tissue_set_level(s.ctx, s.tissue, s.field, at, 0.0));
        }
        const double begin = now_s();
        scene_check(&s, st_tissue_solve_steady(s.ctx, s.tissue, s.field));
        seconds = fmin(seconds, now_s() - begin);
    }
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
    if (is_asked(argc, argv, "error")) {
        const problem fast = {"oxygen D 1e5", 1e5, 10.0, 6.0, 0.1};
        const problem slow = {"protein D 600", 600.0, 0.1, 6.0, 1.0};
        measure_error(&fast, workers);
        measure_error(&slow, workers);
    }
    if (is_asked(argc, argv, "memory")) {
        measure_memory();
    }
    return 0;
}
