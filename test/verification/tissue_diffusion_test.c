// Tissue fields against closed solutions: D1 to D4, orders in space and time.
// [TIS-1] [TIS-3] [TIS-4] [TIS-6]

#include "tissue/scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// D1. A Gaussian that spreads and decays, exact in free space. The box is wide enough: at its wall
// the level is below 1e-7 of the middle.
static double gaussian(double r2, double t, double D, double decay, double width)
{
    const double s = width * width + 2.0 * D * t;
    return pow(width * width / s, 1.5) * exp(-r2 / (2.0 * s) - decay * t);
}

static double gaussian_error(int n, int steps, double end_min)
{
    const double D = 600.0;
    const double decay = 0.05;
    const double width = 60.0;
    const double edge = 960.0;
    const double h = edge / n;
    scene s;
    scene_begin(&s, (const int[3]){n, n, n}, h, NULL, 2, NULL);
    s.rates[1].diffusivity_um2_per_min = D;
    s.rates[1].decay_per_min = decay;
    s.def.solver_tolerance = 1e-7;
    scene_add(&s);
    for (int z = 0; z < n; z++) {
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                const double p[3] = {(x + 0.5) * h - 480, (y + 0.5) * h - 480, (z + 0.5) * h - 480};
                const double r2 = p[0] * p[0] + p[1] * p[1] + p[2] * p[2];
                scene_check(&s,
                            st_tissue_set_level(s.ctx, s.tissue, s.field, (const int[3]){x, y, z},
                                                1e-6 * gaussian(r2, 0.0, D, decay, width)));
            }
        }
    }
    for (int i = 0; i < steps; i++) {
        scene_check(&s, st_tissue_step_field(s.ctx, s.tissue, s.field, end_min / steps));
    }
    double sum = 0.0;
    double size = 0.0;
    for (int z = 0; z < n; z++) {
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                const double p[3] = {(x + 0.5) * h - 480, (y + 0.5) * h - 480, (z + 0.5) * h - 480};
                const double r2 = p[0] * p[0] + p[1] * p[1] + p[2] * p[2];
                const double exact = 1e-6 * gaussian(r2, end_min, D, decay, width);
                const double found = st_tissue_level_M(s.tissue, s.field, (const int[3]){x, y, z});
                sum += (found - exact) * (found - exact);
                size += exact * exact;
            }
        }
    }
    const st_field_ledger ledger = st_tissue_ledger(s.tissue, s.field);
    assert_true(fabs(st_tissue_balance_error(&ledger)) < 1e-6);
    assert_true(scene_end(&s));
    return sqrt(sum / size);
}

static void gaussian_is_second_order_in_space(void** state)
{
    (void)state;
    double last = 0.0;
    for (int n = 24; n <= 96; n *= 2) {
        const double error = gaussian_error(n, 24, 6.0);
        print_message("D1 space: voxel %5.1f um, 24 steps: error %.3e, order %.2f\n", 960.0 / n,
                      error, last > 0.0 ? log2(last / error) : 0.0);
        if (last > 0.0) {
            assert_true(log2(last / error) > 1.8);
        }
        last = error;
    }
    assert_true(last < 3e-3);
}

// At a fixed grid the error in time is the difference to a run with far more steps.
static void gaussian_is_second_order_in_time(void** state)
{
    (void)state;
    const int n = 48;
    double level[4];
    static const int steps[4] = {4, 8, 16, 128};
    for (int i = 0; i < 4; i++) {
        scene s;
        scene_begin(&s, (const int[3]){n, n, n}, 20.0, NULL, 2, NULL);
        s.rates[1].diffusivity_um2_per_min = 600.0;
        s.rates[1].decay_per_min = 0.05;
        s.def.solver_tolerance = 1e-7;
        scene_add(&s);
        for (int v = 0; v < n * n * n; v++) {
            const int at[3] = {v % n, v / n % n, v / n / n};
            double r2 = 0.0;
            for (int k = 0; k < 3; k++) {
                r2 += (20.0 * at[k] - 470.0) * (20.0 * at[k] - 470.0);
            }
            scene_check(&s, st_tissue_set_level(s.ctx, s.tissue, s.field, at,
                                                1e-6 * gaussian(r2, 0.0, 0.0, 0.0, 60.0)));
        }
        for (int k = 0; k < steps[i]; k++) {
            scene_check(&s, st_tissue_step_field(s.ctx, s.tissue, s.field, 6.0 / steps[i]));
        }
        level[i] = st_tissue_level_M(s.tissue, s.field, (const int[3]){24, 24, 24});
        assert_true(scene_end(&s));
    }
    for (int i = 0; i < 3; i++) {
        const double error = fabs(level[i] - level[3]) / level[3];
        const double next = i < 2 ? fabs(level[i + 1] - level[3]) / level[3] : 0.0;
        print_message("D1 time: %2d steps of %.2f min: error %.3e, order to the next %.2f\n",
                      steps[i], 6.0 / steps[i], error, i < 2 ? log2(error / next) : 0.0);
        if (i < 2) {
            assert_true(log2(error / next) > 1.7);
        }
    }
}

// D2. Zero-order uptake over impermeable bone: the drop is V L^2 / (2 D) = 35.0 uM.
static void slab_with_zero_order_uptake(void** state)
{
    (void)state;
    const double L = 2400.0;
    const double D = 2.2e-9 * 1e12 * 60.0;       // um2/min
    const double uptake = 9626e-9 * 10.0 / 60.0; // cells/um3 x fmol/cell/min = M/min
    const double drop = uptake * L * L / (2.0 * D);
    assert_true(fabs(drop * 1e6 - 35.0) < 0.01);
    for (int n = 24; n <= 48; n *= 2) {
        const double h = L / n;
        scene s;
        scene_begin(&s, (const int[3]){n, 8, 8}, h, NULL, 1, NULL);
        s.rates[1].diffusivity_um2_per_min = D;
        s.rates[1].supply_M_per_min = -uptake;
        s.def.initial_M[1] = 100e-6;
        s.def.mode = ST_FIELD_STEADY;
        scene_hold(&s, ST_REGION_BOX, 100e-6);
        scene_add(&s);
        scene_check(&s, st_tissue_solve_steady(s.ctx, s.tissue, s.field));
        double worst = 0.0;
        for (int x = 0; x < n; x++) {
            const double at = (x + 0.5) * h;
            const double exact = 100e-6 - uptake * (L * at - 0.5 * at * at) / D;
            const double found = st_tissue_level_M(s.tissue, s.field, (const int[3]){x, 3, 5});
            worst = fmax(worst, fabs(found - exact));
        }
        // At the bone: half a voxel beyond the last middle, where the slope has vanished.
        const double found = st_tissue_level_M(s.tissue, s.field, (const int[3]){n - 1, 3, 5});
        const double bone = found - uptake * h * h / (8.0 * D);
        print_message("D2: %d voxels: drop %.4f uM (35.00), worst %.3e of the drop\n", n,
                      (100e-6 - bone) * 1e6, worst / drop);
        assert_true(fabs((100e-6 - bone) / drop - 1.0) < 2e-3);
        assert_true(worst / drop <
                    0.26 / ((double)n * n) + 1e-5); // h^2/4L^2: the wall's half voxel
        assert_true(scene_end(&s));
    }
}

// D3. First-order uptake: cosh(phi (1 - x/L)) / cosh(phi).
static void slab_with_first_order_uptake(void** state)
{
    (void)state;
    static const double thiele[3] = {0.1, 1.0, 10.0};
    const double L = 1000.0;
    const double D = 1e5;
    for (int k = 0; k < 3; k++) {
        double last = 0.0;
        for (int n = 32; n <= 128; n *= 2) {
            const double h = L / n;
            scene s;
            scene_begin(&s, (const int[3]){n, 4, 4}, h, NULL, 1, NULL);
            s.rates[1].diffusivity_um2_per_min = D;
            s.rates[1].decay_per_min = thiele[k] * thiele[k] * D / (L * L);
            s.def.mode = ST_FIELD_STEADY;
            s.def.solver_tolerance = 1e-7;
            scene_hold(&s, ST_REGION_BOX, 1e-6);
            scene_add(&s);
            scene_check(&s, st_tissue_solve_steady(s.ctx, s.tissue, s.field));
            double worst = 0.0;
            for (int x = 0; x < n; x++) {
                const double exact =
                    1e-6 * cosh(thiele[k] * (1.0 - (x + 0.5) / n)) / cosh(thiele[k]);
                const double found = st_tissue_level_M(s.tissue, s.field, (const int[3]){x, 1, 2});
                worst = fmax(worst, fabs(found - exact) / 1e-6);
            }
            const double order = last > 0.0 ? log2(last / worst) : 0.0;
            print_message("D3: Thiele %4.1f, %3d voxels: worst error %.3e, order %.2f\n", thiele[k],
                          n, worst, order);
            assert_true(last == 0.0 || order > 1.8 || worst < 3e-6);
            assert_true(worst < 1.5 * thiele[k] * thiele[k] / ((double)n * n) + 3e-6);
            last = worst;
            assert_true(scene_end(&s));
        }
    }
}

// D4. A source that moves at speed v through a decaying field; seen from the source the level is
// steady, q/(4 pi D r) exp(-v (r + x)/(2 D) ...) with decay in the root.
static void moving_point_source(void** state)
{
    (void)state;
    const int n[3] = {96, 48, 48};
    const double h = 10.0;
    const double D = 500.0;
    const double decay = 0.2;
    const double speed = 10.0; // um/min
    const double amount = 1.0; // fmol/min
    scene s;
    scene_begin(&s, n, h, NULL, 2, NULL);
    s.rates[1].diffusivity_um2_per_min = D;
    s.rates[1].decay_per_min = decay;
    s.def.solver_tolerance = 1e-7;
    scene_add(&s);
    // Moves one voxel in a minute, in 2 steps; each step's amount goes in over the step as a
    // source.
    const int bricks = st_tissue_brick_count(s.tissue);
    float* source = calloc((size_t)bricks * 512, sizeof *source);
    assert_non_null(source);
    const int first = 40;
    const int last = 72;
    for (int x = first; x <= last; x++) {
        for (int b = 0; b < bricks; b++) {
            int low[3];
            st_tissue_brick_voxel(s.tissue, b, low);
            for (int v = 0; v < 512; v++) {
                const bool is_here =
                    low[0] + v % 8 == x && low[1] + v / 8 % 8 == 24 && low[2] + v / 64 == 24;
                source[b * 512 + v] = is_here ? (float)(amount / (h * h * h)) : 0.0f;
            }
        }
        st_tissue_set_source(s.tissue, s.field, source);
        for (int k = 0; k < (x == last ? 1 : 2); k++) { // ends when it is in the voxel's middle
            scene_check(&s, st_tissue_step_field(s.ctx, s.tissue, s.field, h / speed / 2.0));
        }
    }
    double worst = 0.0;
    const double root = sqrt(speed * speed / (4.0 * D * D) + decay / D);
    for (int x = last - 12; x <= last + 8; x++) {
        for (int y = 24; y <= 32; y += 4) {
            const double dx = (x - last) * h;
            const double dy = (y - 24) * h;
            const double r = sqrt(dx * dx + dy * dy);
            if (r < 60.0) {
                continue; // closer than six voxels the point is a cube that jumps
            }
            const double exact =
                amount / (4.0 * 3.14159265358979 * D * r) * exp(-speed * dx / (2.0 * D) - root * r);
            const double found = st_tissue_level_M(s.tissue, s.field, (const int[3]){x, y, 24});
            worst = fmax(worst, fabs(found / exact - 1.0));
        }
    }
    print_message("D4: worst relative error from 6 to 14 voxels around the source: %.3e\n", worst);
    assert_true(worst < 0.05);
    const st_field_ledger ledger = st_tissue_ledger(s.tissue, s.field);
    assert_true(fabs(st_tissue_balance_error(&ledger)) < 1e-6);
    assert_true(ledger.lowest_M >= 0.0);
    st_tissue_set_source(s.tissue, s.field, NULL);
    free(source);
    assert_true(scene_end(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaussian_is_second_order_in_space),
        cmocka_unit_test(gaussian_is_second_order_in_time),
        cmocka_unit_test(slab_with_zero_order_uptake),
        cmocka_unit_test(slab_with_first_order_uptake),
        cmocka_unit_test(moving_point_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
