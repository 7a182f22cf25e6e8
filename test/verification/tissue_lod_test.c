// The engine beside the LOD scheme at 0.01 min, as the field uses it: both go to the same answer,
// and what each pays for its error. [TIS-4]

#include "cli/bench_lod.h"
#include "tissue/scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define N 24

static const int EDGES[3] = {N, N, N};

static bool has_source(int x, int y, int z)
{
    return x >= 10 && x < 13 && y >= 10 && y < 13 && z >= 10 && z < 13;
}

// A held face, decay, and a small cube that secretes; levels at the end of `minutes`.
static void engine(double D, double minutes, double tolerance, float* out, long long* solves)
{
    scene s;
    scene_begin(&s, EDGES, 20.0, NULL, 1, NULL);
    s.rates[1].diffusivity_um2_per_min = D;
    s.rates[1].decay_per_min = 0.1;
    s.def.tolerance = tolerance;
    s.def.solver_tolerance = fmax(1e-7, 0.01 * tolerance);
    scene_hold(&s, ST_REGION_BOX, 1e-5);
    scene_add(&s);
    const int bricks = st_tissue_brick_count(s.tissue);
    float* source = calloc((size_t)bricks * 512, sizeof *source);
    assert_non_null(source);
    for (int b = 0; b < bricks; b++) {
        int low[3];
        st_tissue_brick_voxel(s.tissue, b, low);
        for (int v = 0; v < 512; v++) {
            if (has_source(low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64)) {
                source[b * 512 + v] = 1e-4f;
            }
        }
    }
    st_tissue_set_source(s.tissue, s.field, source);
    scene_check(&s, st_tissue_advance(s.ctx, s.tissue, minutes));
    for (int i = 0; i < N * N * N; i++) {
        out[i] = (float)st_tissue_level_M(s.tissue, s.field,
                                          (const int[3]){i % N, i / N % N, i / N / N});
    }
    const st_field_ledger l = st_tissue_ledger(s.tissue, s.field);
    *solves = (long long)l.solve_count;
    assert_true(fabs(st_tissue_balance_error(&l)) < 1e-6);
    free(source);
    assert_true(scene_end(&s));
}

static void lod(double D, double minutes, double dt, float* out)
{
    st_ctx* ctx = st_ctx_create();
    st_pool* pool = NULL;
    assert_int_equal(st_pool_create(ctx, 1, &pool), ST_OK);
    lod_twin t = lod_begin(EDGES, 20.0, D, 0.1, dt, true, 1e-5, pool);
    t.source = calloc((size_t)N * N * N, sizeof *t.source);
    assert_non_null(t.source);
    for (int i = 0; i < N * N * N; i++) {
        t.source[i] = has_source(i % N, i / N % N, i / N / N) ? (float)(1e-4 * dt) : 0.0f;
    }
    for (int i = 0; i < (int)(minutes / dt + 0.5); i++) {
        lod_step(&t);
    }
    memcpy(out, t.u, (size_t)N * N * N * sizeof *out);
    free(t.source);
    lod_end(&t);
    st_pool_destroy(pool);
    st_ctx_destroy(ctx);
}

static double apart(const float* a, const float* b)
{
    double scale = 0.0;
    double most = 0.0;
    for (int i = 0; i < N * N * N; i++) {
        scale = fmax(scale, fabs((double)b[i]));
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
    }
    return most / scale;
}

static void compare(double D, double minutes)
{
    static float exact[N * N * N];
    static float found[N * N * N];
    long long solves;
    engine(D, minutes, 1e-5, exact, &solves);
    double last = 0.0;
    double at_field_step = 0.0;
    for (int k = 0; k < 4; k++) {
        static const double dts[4] = {0.02, 0.01, 0.005, 0.0025};
        lod(D, minutes, dts[k], found);
        const double error = apart(found, exact);
        print_message(
            "D %6g: LOD %6.4f min, %4.0f x 3 solves along lines: error %.3e, order %.2f\n", D,
            dts[k], minutes / dts[k], error, last > 0.0 ? log2(last / error) : 0.0);
        // The twin goes to the engine's answer as its step falls: the reference is a shared one.
        assert_true(last == 0.0 || log2(last / error) > 0.4);
        at_field_step = k == 1 ? error : at_field_step;
        last = error;
    }
    for (int k = 0; k < 3; k++) {
        static const double tolerances[3] = {0.1, 0.01, 0.001};
        engine(D, minutes, tolerances[k], found, &solves);
        const double error = apart(found, exact);
        print_message("D %6g: engine, tolerance %5g, %3lld solves: error %.3e\n", D, tolerances[k],
                      solves, error);
        assert_true(error < tolerances[k]);
        assert_true(k < 1 || error < at_field_step);
        assert_true(k > 1 || solves < (long long)(minutes / 0.01) / 5); // fewer than its steps
    }
}

static void slow_substrate_beside_lod(void** state)
{
    (void)state;
    compare(600.0, 6.0);
}

static void fast_substrate_beside_lod(void** state)
{
    (void)state;
    compare(1e5, 6.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_substrate_beside_lod),
        cmocka_unit_test(fast_substrate_beside_lod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
