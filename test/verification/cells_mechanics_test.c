// M1-M3 of the tissue engine's verification, and what else a physicist would ask of the mechanics:
// order of the integrators, energy, sleeping, walls.   CEL-1 CEL-2 CEL-3 CEL-5 CEL-6 CEL-8

#include "cells/cells_scene.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEED 20261120

static double uniform(uint64_t id, uint64_t draw)
{
    const st_random_key key = {SEED, ST_STREAM_TEST, id, 0};
    return st_random_uniform(&key, draw);
}

static double gap(const cell_scene* s, uint64_t a, uint64_t b)
{
    double x[3];
    double y[3];
    st_cells_position(s->cells, st_cells_find(s->cells, a), x);
    st_cells_position(s->cells, st_cells_find(s->cells, b), y);
    return sqrt((x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1]) +
                (x[2] - y[2]) * (x[2] - y[2]));
}

static void relax(cell_scene* s, double dt, st_relax_report* report)
{
    cell_scene_check(s, st_cells_relax(s->ctx, s->cells, dt, report));
}

// Speed at which two equal cells of radius r part, in double precision.
static double parting(double d, double r)
{
    const double press = fmax(0.0, 1.0 - d / (2.0 * r));
    const double pull = fmax(0.0, 1.0 - d / (2.5 * r));
    return 2.0 * (10.0 * press * press - 0.4 * pull * pull);
}

static double parted(double d, double r, double time)
{
    const int steps = 20000;
    const double h = time / steps;
    for (int i = 0; i < steps; i++) {
        const double a = parting(d, r);
        const double b = parting(d + 0.5 * h * a, r);
        const double c = parting(d + 0.5 * h * b, r);
        const double e = parting(d + h * c, r);
        d += h / 6.0 * (a + 2.0 * b + 2.0 * c + e);
    }
    return d;
}

// M1: from both sides to the distance where adhesion balances repulsion, at the ODE's pace.
static void two_cells_meet_where_forces_balance(void** state)
{
    (void)state;
    const double r = cbrt(2494.0 * 3.0 / (4.0 * 3.14159265358979));
    // 10 (1 - x)^2 = 0.4 (1 - x / 1.25)^2 with x = d / 2r: x = (5 - 1) / (5 - 0.8)
    const double rest = 2.0 * r * 4.0 / 4.2;
    for (int method = 0; method < ST_CELLS_METHOD_COUNT; method++) {
        for (int side = 0; side < 2; side++) {
            cell_scene s;
            cell_scene_tissue(&s, 8, 20.0, NULL, 0, NULL);
            s.def.method = (st_cells_method)method;
            s.def.position_error_um = 0.002;
            cell_scene_create(&s);
            const double start = side ? 19.5 : 9.0;
            cell_scene_add(&s, 0, 70.0, 80.0, 80.0);
            cell_scene_add(&s, 0, 70.0 + start * 0.6, 80.0 + start * 0.8, 80.0);
            cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
            assert_true(fabs(st_cells_rest_distance(s.cells, 0, 0, r, r) - rest) < 1e-4);
            double last = start;
            for (int i = 0; i < 4; i++) {
                relax(&s, 2.0, NULL);
                last = parted(last, r, 2.0);
                assert_true(fabs(gap(&s, 1, 2) - last) < 0.02);
            }
            relax(&s, 600.0, NULL);
            print_message("%s from %g um: rest at %.4f um, exact %.4f\n",
                          method ? "fixed" : "own steps", start, gap(&s, 1, 2), rest);
            assert_true(fabs(gap(&s, 1, 2) - rest) < 0.01);
            assert_true(cell_scene_end(&s));
        }
    }
}

// --- clusters
// -------------------------------------------------------------------------------------

#define CLUSTER 600

// A packed ball whose cells are shifted by up to 1.5 um, added in an order turned by `turn`; ids
// follow that order.
static void add_cluster(cell_scene* s, int turn)
{
    const double centre[3] = {160.0, 160.0, 160.0};
    double(*place)[3] = calloc(2 * CLUSTER, sizeof *place);
    const int64_t count = cell_scene_ball(15.5, 75.0, centre, place);
    assert_true(count >= CLUSTER);
    for (int n = 0; n < CLUSTER; n++) {
        const int i = turn ? (n * 7 + turn) % CLUSTER : n;
        st_cell_birth birth = {.order = (uint64_t)n};
        for (int k = 0; k < 3; k++) {
            birth.at_um[k] = place[i][k] + 1.5 * (2.0 * uniform((uint64_t)i, (uint64_t)k) - 1.0);
        }
        cell_scene_check(s, st_cells_add(s->ctx, s->cells, 0, &birth));
    }
    cell_scene_check(s, st_cells_commit(s->ctx, s->cells));
    free(place);
}

static void positions(const cell_scene* s, double (*out)[3])
{
    for (int64_t slot = 0; slot < st_cells_count(s->cells); slot++) {
        st_cells_position(s->cells, slot, out[st_cells_id(s->cells, slot) - 1]);
    }
}

static double farthest(double (*a)[3], double (*b)[3], int count, int turn)
{
    double most = 0.0;
    for (int n = 0; n < count; n++) {
        const int other = turn ? (n * 7 + turn) % count : n;
        double square = 0.0;
        for (int k = 0; k < 3; k++) {
            square += (a[other][k] - b[n][k]) * (a[other][k] - b[n][k]);
        }
        most = fmax(most, sqrt(square));
    }
    return most;
}

static void cluster_run(double (*out)[3], st_cells_method method, double step, double error_um,
                        int turn, double minutes)
{
    cell_scene s;
    cell_scene_tissue(&s, 16, 20.0, NULL, 0, NULL);
    s.def.method = method;
    s.def.fixed_step_min = step;
    s.def.longest_step_min = step;
    s.def.position_error_um = error_um;
    s.def.rest_speed_um_per_min = 0.0;
    cell_scene_create(&s);
    add_cluster(&s, turn);
    relax(&s, minutes, NULL);
    positions(&s, out);
    assert_true(cell_scene_end(&s));
}

// M2: a packed cluster relaxes to the same state whatever the order of cells: to the last bit.
static void a_cluster_does_not_know_the_order_of_its_cells(void** state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    double(*a)[3] = calloc(CLUSTER, sizeof *a);
    double(*b)[3] = calloc(CLUSTER, sizeof *b);
    for (int method = 0; method < ST_CELLS_METHOD_COUNT; method++) {
        const double step = method ? 0.1 : 60.0;
        cluster_run(a, (st_cells_method)method, step, 0.05, 0, 60.0);
        cluster_run(b, (st_cells_method)method, step, 0.05, 13, 60.0);
        assert_true(farthest(a, b, CLUSTER, 13) == 0.0);
    }
    free(a);
    free(b);
}

// Fixed steps and own steps: order 2 both, and own steps keep what their tolerance says.
static void integrators_converge_with_order_two(void** state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    double(*exact)[3] = calloc(CLUSTER, sizeof *exact);
    double(*found)[3] = calloc(CLUSTER, sizeof *found);
    cluster_run(exact, ST_CELLS_ADAPTIVE, 0.0125, 10.0, 0, 4.0);
    for (int method = 0; method < ST_CELLS_METHOD_COUNT; method++) {
        double error[3];
        for (int i = 0; i < 3; i++) {
            cluster_run(found, (st_cells_method)method, 0.4 / (1 << i), 10.0, 0, 4.0);
            error[i] = farthest(exact, found, CLUSTER, 0);
        }
        const double order = 0.5 * log2(error[0] / error[2]);
        print_message("%s: steps 0.4, 0.2, 0.1 min: error %.2e, %.2e, %.2e um, order %.2f\n",
                      method ? "Adams-Bashforth" : "stabilised Runge-Kutta", error[0], error[1],
                      error[2], order);
        assert_true(order > 1.7 && order < 2.6);
    }
    double before = 1e9;
    for (double tolerance = 0.2; tolerance > 0.001; tolerance *= 0.1) {
        cluster_run(found, ST_CELLS_ADAPTIVE, 60.0, tolerance, 0, 4.0);
        const double error = farthest(exact, found, CLUSTER, 0);
        print_message("own steps, tolerance %g um: error %.2e um\n", tolerance, error);
        assert_true(error < 20.0 * tolerance && error < before);
        before = error;
    }
    free(exact);
    free(found);
}

static void energy_falls(void** state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    for (int method = 0; method < ST_CELLS_METHOD_COUNT; method++) {
        cell_scene s;
        cell_scene_tissue(&s, 16, 20.0, NULL, 0, NULL);
        s.def.method = (st_cells_method)method;
        cell_scene_create(&s);
        add_cluster(&s, 0);
        double before = 1e30;
        for (int i = 0; i < 40; i++) {
            double energy;
            relax(&s, 0.5, NULL);
            cell_scene_check(&s, st_cells_energy(s.ctx, s.cells, &energy));
            assert_true(energy < before);
            before = energy;
        }
        assert_true(cell_scene_end(&s));
    }
}

// Sleepers end where they would have ended awake, within 0.2 um, and cost less.
static void sleeping_changes_little(void** state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    double(*at[2])[3] = {malloc(CLUSTER * sizeof **at), malloc(CLUSTER * sizeof **at)};
    int64_t updates[2] = {0, 0};
    int64_t asleep = 0;
    int64_t woken = 0;
    for (int sleeps = 0; sleeps < 2; sleeps++) {
        cell_scene s;
        cell_scene_tissue(&s, 16, 20.0, NULL, 0, NULL);
        s.def.rest_speed_um_per_min = sleeps ? s.def.rest_speed_um_per_min : 0.0;
        cell_scene_create(&s);
        add_cluster(&s, 0);
        relax(&s, 3000.0, NULL);
        st_relax_report report;
        for (int i = 0; i < 20; i++) { // at rest; then one cell grows by a fifth
            const int64_t slot = st_cells_find(s.cells, 1);
            if (i == 10) {
                for (int64_t k = 0; k < CLUSTER; k++) {
                    asleep += st_cells_is_asleep(s.cells, k);
                }
                st_cells_set_volume(s.cells, slot, 1.2 * st_cells_volume(s.cells, slot));
            }
            relax(&s, 60.0, &report);
            updates[sleeps] += report.cell_update_count;
            woken = i == 10 && sleeps ? report.cell_update_count : woken;
        }
        positions(&s, at[sleeps]);
        assert_true(cell_scene_end(&s));
    }
    const double apart = farthest(at[0], at[1], CLUSTER, 0);
    print_message("asleep %d of %d; updates awake %lld, sleeping %lld; at most %.3f um apart\n",
                  (int)asleep, CLUSTER, (long long)updates[0], (long long)updates[1], apart);
    assert_true(asleep > CLUSTER * 9 / 10);
    assert_true(woken > 0);
    assert_true(updates[1] * 4 < updates[0]);
    assert_true(apart < 0.2);
    free(at[0]);
    free(at[1]);
}

// M3: walkers spread as <r^2> = 2 v^2 T (t - T (1 - exp(-t / T))), 6 D t with D = v^2 T / 3.
static void walkers_diffuse(void** state)
{
    (void)state;
    enum { COUNT = 3000, STEPS = 240 };
    const double v = 0.4;
    const double persistence = 4.0;
    const double dt = 0.5;
    st_cell_type walker = CELL_SCENE_TYPE;
    walker.repulsion_um_per_min = walker.adhesion_um_per_min = 0.0;
    cell_scene s;
    cell_scene_tissue(&s, 24, 25.0, NULL, 0, NULL);
    s.def.type = &walker;
    s.def.seed = SEED;
    print_message("seed %d\n", SEED);
    cell_scene_create(&s);
    for (int i = 0; i < COUNT; i++) {
        const uint64_t n = (uint64_t)i;
        cell_scene_add(&s, 0, 250.0 + 100.0 * uniform(n, 0), 250.0 + 100.0 * uniform(n, 1),
                       250.0 + 100.0 * uniform(n, 2));
    }
    cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
    double(*start)[3] = malloc(COUNT * sizeof *start);
    double(*end)[3] = malloc(COUNT * sizeof *end);
    positions(&s, start);
    const double keep = exp(-dt / persistence);
    double exact = 0.0;
    for (int step = 0; step < STEPS; step++) {
        for (int64_t slot = 0; slot < COUNT; slot++) {
            st_cells_walk(s.cells, slot, (uint64_t)step, dt, v, persistence);
        }
        relax(&s, dt, NULL);
        exact += step ? 2.0 * (STEPS - step) * pow(keep, step) : STEPS;
        if (step == 20) {
            cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
        }
    }
    positions(&s, end);
    exact *= v * v * dt * dt;
    double sum = 0.0;
    double squares = 0.0;
    for (int i = 0; i < COUNT; i++) {
        double r2 = 0.0;
        for (int k = 0; k < 3; k++) {
            r2 += (end[i][k] - start[i][k]) * (end[i][k] - start[i][k]);
        }
        sum += r2;
        squares += r2 * r2;
    }
    const double mean = sum / COUNT;
    const double se = sqrt((squares / COUNT - mean * mean) / COUNT);
    const double t = STEPS * dt;
    const double persistent =
        2.0 * v * v * persistence * (t - persistence * (1.0 - exp(-t / persistence)));
    print_message(
        "<r^2> %.2f +- %.2f um^2; steps' own sum %.2f, persistent walk %.2f, 6 D t %.2f\n", mean,
        se, exact, persistent, 6.0 * v * v * persistence / 3.0 * t);
    assert_true(fabs(mean - exact) < 3.0 * se);
    assert_true(fabs(mean - persistent) < 3.0 * se + 0.02 * persistent);
    free(start);
    free(end);
    assert_true(cell_scene_end(&s));
}

// --- walls
// ----------------------------------------------------------------------------------------

// Cells driven against the box and against a medium they cannot enter stay out, and slide.
static void walls_hold(void** state)
{
    (void)state;
    const st_shape ball = {.kind = ST_SHAPE_BALL, .centre_um = {160, 160, 160}, .size_um = {60}};
    const st_paint paint[2] = {{.shape = &CELL_SCENE_EVERYWHERE, .medium = 1},
                               {.shape = &ball, .medium = 2}};
    for (int soft = 0; soft < 2; soft++) {
        cell_scene s;
        cell_scene_tissue(&s, 16, 20.0, paint, 2, NULL);
        st_cell_type type = CELL_SCENE_TYPE;
        type.wall_um_per_min = soft ? 10.0 : 0.0;
        s.def.type = &type;
        s.def.open_media = UINT64_C(1) << 1;
        s.def.seed = SEED;
        cell_scene_create(&s);
        cell_scene_check(&s, st_cells_scatter(s.ctx, s.cells, 0, 1, 300));
        cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
        for (int step = 0; step < 60; step++) {
            float* drive = st_cells_drive(s.cells);
            for (int64_t slot = 0; slot < st_cells_count(s.cells); slot++) {
                double at[3];
                st_cells_position(s.cells, slot, at);
                const bool inward = st_cells_id(s.cells, slot) % 2;
                for (int k = 0; k < 3; k++) { // to the middle, or all to the far corner
                    drive[3 * slot + k] = inward ? (float)(0.01 * (160.0 - at[k])) : 1.0f;
                }
            }
            relax(&s, 4.0, NULL);
            for (int64_t slot = 0; slot < st_cells_count(s.cells); slot++) {
                int voxel;
                const int brick = st_cells_voxel(s.cells, slot, &voxel);
                assert_true(brick >= 0);
                assert_int_equal(st_tissue_brick_media(s.tissue, brick)[voxel], 1);
            }
        }
        double corner = 0.0; // the outward ones arrived
        for (int64_t slot = 0; slot < st_cells_count(s.cells); slot++) {
            double at[3];
            st_cells_position(s.cells, slot, at);
            corner = fmax(corner, fmin(at[0], fmin(at[1], at[2])));
        }
        print_message("%s walls: nearest to the far corner at %.2f of 320 um\n",
                      soft ? "soft" : "hard", corner);
        assert_true(corner > (soft ? 308.0 : 319.0) && corner < 320.0);
        assert_true(cell_scene_end(&s));
    }
}

// A cell pushed against a wall by its drive v rests where k (1 - d/R)^2 = v.
static void a_wall_pushes_back(void** state)
{
    (void)state;
    cell_scene s;
    cell_scene_tissue(&s, 8, 20.0, NULL, 0, NULL);
    cell_scene_create(&s);
    cell_scene_add(&s, 0, 130.0, 80.0, 80.0);
    cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
    st_cells_drive(s.cells)[0] = 0.1f;
    relax(&s, 2000.0, NULL);
    double at[3];
    st_cells_position(s.cells, 0, at);
    const double r = st_cells_radius(s.cells, 0);
    assert_true(fabs(160.0 - at[0] - r * (1.0 - sqrt(0.01))) < 0.01);
    assert_true(cell_scene_end(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_cells_meet_where_forces_balance),
        cmocka_unit_test(a_cluster_does_not_know_the_order_of_its_cells),
        cmocka_unit_test(integrators_converge_with_order_two),
        cmocka_unit_test(energy_falls),
        cmocka_unit_test(sleeping_changes_little),
        cmocka_unit_test(walkers_diffuse),
        cmocka_unit_test(walls_hold),
        cmocka_unit_test(a_wall_pushes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
