// Islands: groups of cells that do not meet have steps of their own, and what comes out is what
// common steps give.   CEL-9

#include "cells/cells_scene.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEED 20261121

static double uniform(uint64_t id, uint64_t draw)
{
    const st_random_key key = {SEED, ST_STREAM_TEST, id, 1};
    return st_random_uniform(&key, draw);
}

static void relax(cell_scene* s, double dt, st_relax_report* report)
{
    cell_scene_check(s, st_cells_relax(s->ctx, s->cells, dt, report));
}

static void where(const cell_scene* s, uint64_t id, double out[3])
{
    st_cells_position(s->cells, st_cells_find(s->cells, id), out);
}

static double distance(const double a[3], const double b[3])
{
    const double d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    return sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

// A cube of 800 um whose cells walk; 0 = common steps.
static void build(cell_scene* s, const st_cell_type* type, int island_limit, double error_um)
{
    cell_scene_tissue(s, 20, 40.0, NULL, 0, NULL);
    s->def.type = type;
    s->def.island_limit = island_limit;
    s->def.position_error_um = error_um;
    s->def.longest_step_min = 1440.0;
    s->def.seed = SEED;
    cell_scene_create(s);
}

static void drive(cell_scene* s, uint64_t id, double x, double y, double z)
{
    float* v = st_cells_drive(s->cells) + 3 * st_cells_find(s->cells, id);
    v[0] = (float)x;
    v[1] = (float)y;
    v[2] = (float)z;
}

// --- who meets whom
// --------------------------------------------------------------------------------------

// A cell that meets nobody goes straight ahead by mobility x drive x time, to the tick.
static void lone_walkers_go_straight(void** state)
{
    (void)state;
    cell_scene s;
    build(&s, &CELL_SCENE_TYPE, 1024, 0.05);
    for (int i = 0; i < 8; i++) {
        cell_scene_add(&s, 0, 200.0 + 400.0 * (i & 1), 200.0 + 400.0 * (i >> 1 & 1),
                       200.0 + 400.0 * (i >> 2));
    }
    cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
    double from[8][3];
    for (uint64_t id = 1; id <= 8; id++) {
        where(&s, id, from[id - 1]);
        drive(&s, id, 0.01 * (double)id, -0.003, 0.002 * (double)id);
    }
    st_relax_report report;
    relax(&s, 900.0, &report);
    assert_int_equal(report.lone_count, 8);
    assert_int_equal(report.island_count, 0);
    assert_int_equal(report.cell_update_count, 0);
    for (uint64_t id = 1; id <= 8; id++) {
        double to[3];
        where(&s, id, to);
        const double n = (double)id;
        const double straight[3] = {from[id - 1][0] + 9.0 * n, from[id - 1][1] - 2.7,
                                    from[id - 1][2] + 1.8 * n};
        assert_true(distance(to, straight) < 3.0 * st_cells_tick_um(s.cells) + 9e-6 * n);
    }
    assert_true(cell_scene_end(&s));
}

// Two that collide: the same bytes, whether or not others walk far away.
static void strangers_do_not_matter(void** state)
{
    (void)state;
    double at[2][2][3];
    for (int crowd = 0; crowd < 2; crowd++) {
        cell_scene s;
        build(&s, &CELL_SCENE_TYPE, 1024, 0.05);
        cell_scene_add(&s, 0, 100.0, 100.0, 100.0);
        cell_scene_add(&s, 0, 125.0, 103.0, 100.0);
        for (int i = 0; crowd && i < 60; i++) { // some of them in pairs that touch
            const int pair = i / 2;
            const int column = pair % 5;
            const int line = pair / 5 % 5;
            const int layer = pair / 25;
            const uint64_t n = (uint64_t)pair;
            cell_scene_add(&s, 0, 250.0 + 100.0 * column + 40.0 * uniform(n, 0) + 17.0 * (i % 2),
                           250.0 + 100.0 * line + 40.0 * uniform(n, 1),
                           300.0 + 120.0 * layer + 40.0 * uniform(n, 2));
        }
        cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
        drive(&s, 1, 0.05, 0.0, 0.0);
        drive(&s, 2, -0.02, 0.0, 0.01);
        st_relax_report report;
        relax(&s, 600.0, &report);
        assert_true(report.largest_island >= 2);
        assert_true(crowd == (report.island_count > 1));
        where(&s, 1, at[crowd][0]);
        where(&s, 2, at[crowd][1]);
        assert_true(cell_scene_end(&s));
    }
    assert_memory_equal(at[0], at[1], sizeof at[0]);
}

// The first pushes the second onto the third, which neither would reach on its straight way.
static void pushes_are_passed_on(void** state)
{
    (void)state;
    double at[2][3][3];
    static const double from[3] = {300.0, 320.0, 345.0};
    st_cell_type hard = CELL_SCENE_TYPE;
    hard.adhesion_um_per_min = 0.0;
    for (int common = 0; common < 2; common++) {
        cell_scene s;
        build(&s, &hard, common ? 0 : 1024, common ? 1e-3 : 0.05);
        for (int i = 0; i < 3; i++) {
            cell_scene_add(&s, 0, from[i], 400.0, 400.0);
        }
        cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
        drive(&s, 1, 0.1, 0.0, 0.0);
        st_relax_report report;
        relax(&s, 250.0, &report);
        assert_int_equal(report.largest_island, common ? 0 : 3);
        assert_int_equal(report.island_count, common ? 0 : 2); // the pair, then all three
        for (int i = 0; i < 3; i++) {
            where(&s, (uint64_t)i + 1, at[common][i]);
        }
        assert_true(cell_scene_end(&s));
    }
    for (int i = 0; i < 3; i++) {
        print_message("cell %d: from %.1f to %.3f um, with common steps %.3f um\n", i + 1, from[i],
                      at[0][i][0], at[1][i][0]);
        assert_true(distance(at[0][i], at[1][i]) < 0.2);
        assert_true(at[0][i][0] > from[i] + 0.5);
    }
}

// A sleeper in a walker's way is woken and pushed; one aside sleeps on.
static void walkers_wake_sleepers(void** state)
{
    (void)state;
    cell_scene s;
    build(&s, &CELL_SCENE_TYPE, 1024, 0.05);
    cell_scene_add(&s, 0, 300.0, 400.0, 400.0);
    cell_scene_add(&s, 0, 330.0, 402.0, 400.0);
    cell_scene_add(&s, 0, 330.0, 450.0, 400.0);
    cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
    relax(&s, 60.0, NULL);
    assert_true(st_cells_is_asleep(s.cells, st_cells_find(s.cells, 2)));
    drive(&s, 1, 0.1, 0.0, 0.0);
    double from[2][3];
    double to[2][3];
    where(&s, 2, from[0]);
    where(&s, 3, from[1]);
    st_relax_report report;
    relax(&s, 400.0, &report);
    where(&s, 2, to[0]);
    where(&s, 3, to[1]);
    assert_int_equal(report.largest_island, 2);
    assert_true(distance(from[0], to[0]) > 5.0);
    assert_true(distance(from[1], to[1]) == 0.0);
    assert_true(st_cells_is_asleep(s.cells, st_cells_find(s.cells, 3)));
    assert_true(cell_scene_end(&s));
}

// --- against common steps
// --------------------------------------------------------------------------------------

#define WALKERS 260

// Walkers at random, overlaps among them, three clumps of 13, soft walls: six steps of six hours.
static void crowd_run(double (*out)[3], double adhesion, int island_limit, double error_um,
                      st_relax_report* sum)
{
    const double speed = 0.02;
    st_cell_type type = CELL_SCENE_TYPE;
    type.adhesion_um_per_min = adhesion;
    cell_scene s;
    build(&s, &type, island_limit, error_um);
    *sum = (st_relax_report){0};
    for (int i = 0; i < WALKERS; i++) {
        const uint64_t n = (uint64_t)i;
        cell_scene_add(&s, 0, 3.0 + 794.0 * uniform(n, 0), 3.0 + 794.0 * uniform(n, 1),
                       3.0 + 400.0 * uniform(n, 2));
    }
    cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
    for (int i = 0; i < 3; i++) {
        const st_cells_ball ball = {.centre_um = {200.0 + 200.0 * i, 400.0, 600.0},
                                    .radius_um = 17.0,
                                    .spacing_um = 15.0,
                                    .shift_um = 1.0};
        cell_scene_check(&s, st_cells_pack(s.ctx, s.cells, 0, &ball));
    }
    for (uint64_t step = 0; step < 6; step++) {
        for (int64_t slot = 0; slot < st_cells_count(s.cells); slot++) {
            st_cells_walk(s.cells, slot, step, 360.0, speed, 360.0);
        }
        st_relax_report r;
        relax(&s, 360.0, &r);
        sum->island_count += r.island_count;
        sum->lone_count += r.lone_count;
        sum->cell_update_count += r.cell_update_count;
        sum->largest_island =
            r.largest_island > sum->largest_island ? r.largest_island : sum->largest_island;
        sum->error_um = fmax(sum->error_um, r.error_um);
    }
    for (int64_t slot = 0; slot < st_cells_count(s.cells); slot++) {
        st_cells_position(s.cells, slot, out[st_cells_id(s.cells, slot) - 1]);
    }
    assert_int_equal(st_cells_count(s.cells), WALKERS + 39);
    assert_true(cell_scene_end(&s));
}

static int compare(const void* a, const void* b)
{
    const double one = *(const double*)a;
    const double two = *(const double*)b;
    return one < two ? -1 : one > two;
}

// Distances to the reference: the largest of all cells, and of 99 in 100.
static void apart(double (*a)[3], double (*b)[3], double* most, double* usual)
{
    double d[WALKERS + 39];
    for (int i = 0; i < WALKERS + 39; i++) {
        d[i] = distance(a[i], b[i]);
    }
    qsort(d, WALKERS + 39, sizeof *d, compare);
    *most = d[WALKERS + 38];
    *usual = d[(WALKERS + 39) * 99 / 100];
}

// Errors of the walk's whole way. Hard cells part, errors die out. Sticky ones catch each other or
// just miss: errors grow, with islands up to four times more than with common steps, which are
// shorter; both fall with the tolerance.
static void check_crowd(double adhesion)
{
    double(*exact)[3] = malloc((WALKERS + 39) * sizeof *exact);
    double(*found)[3] = malloc((WALKERS + 39) * sizeof *found);
    double last = 1e9;
    st_relax_report r;
    crowd_run(exact, adhesion, 0, 1e-4, &r);
    assert_int_equal(r.island_count, 0);
    for (double tolerance = 0.2; tolerance > 1e-3; tolerance *= 0.1) {
        double most[2];
        double usual[2];
        crowd_run(found, adhesion, 0, tolerance, &r);
        const int64_t common = r.cell_update_count;
        apart(exact, found, &most[1], &usual[1]);
        crowd_run(found, adhesion, 1024, tolerance, &r);
        apart(exact, found, &most[0], &usual[0]);
        print_message("adhesion %g, tolerance %g um: 99 %% of the cells within %.1e um, all %.1e "
                      "(common steps %.1e, %.1e); %lld islands of up to %lld; forces %lld (%lld)\n",
                      adhesion, tolerance, usual[0], most[0], usual[1], most[1],
                      (long long)r.island_count, (long long)r.largest_island,
                      (long long)r.cell_update_count, (long long)common);
        assert_true(r.island_count > 50 && r.largest_island >= 13);
        assert_true(r.error_um > 0.0 && r.error_um <= tolerance);
        assert_true(adhesion > 0.0 ? most[0] < 6.0 * most[1] : most[0] < 6.0 * tolerance);
        assert_true(usual[0] < last);
        assert_true(r.cell_update_count * 5 < common);
        last = usual[0];
    }
    free(exact);
    free(found);
}

static void islands_end_where_common_steps_end(void** state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    check_crowd(0.0);
    check_crowd(CELL_SCENE_TYPE.adhesion_um_per_min);
}

// M2 in islands: whatever the order of insertion, the same places to the last bit.
static void the_order_of_cells_does_not_show(void** state)
{
    (void)state;
    enum { COUNT = 300 };
    double at[2][COUNT][3];
    print_message("seed %d\n", SEED);
    for (int turn = 0; turn < 2; turn++) {
        cell_scene s;
        st_relax_report report;
        build(&s, &CELL_SCENE_TYPE, 1024, 0.05);
        for (int i = 0; i < COUNT; i++) {
            const uint64_t n = (uint64_t)(turn ? COUNT - 1 - i : i);
            cell_scene_add(&s, 0, 300.0 * uniform(n, 6), 300.0 * uniform(n, 7),
                           300.0 * uniform(n, 8));
        }
        cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
        for (int i = 0; i < COUNT; i++) {
            const uint64_t n = (uint64_t)(turn ? COUNT - 1 - i : i);
            drive(&s, (uint64_t)i + 1, 0.05 * uniform(n, 9) - 0.025, 0.0, 0.02 * uniform(n, 10));
        }
        relax(&s, 120.0, &report);
        assert_true(report.island_count > 20 && report.largest_island > 2);
        for (int i = 0; i < COUNT; i++) {
            where(&s, (uint64_t)i + 1, at[turn][turn ? COUNT - 1 - i : i]);
        }
        assert_true(cell_scene_end(&s));
    }
    assert_memory_equal(at[0], at[1], sizeof at[0]);
}

// Without walking, nothing but relaxing: energy falls.
static void energy_falls_in_islands(void** state)
{
    (void)state;
    cell_scene s;
    build(&s, &CELL_SCENE_TYPE, 1024, 0.05);
    print_message("seed %d\n", SEED);
    for (int i = 0; i < 400; i++) {
        const uint64_t n = (uint64_t)i;
        cell_scene_add(&s, 0, 100.0 + 350.0 * uniform(n, 3), 100.0 + 350.0 * uniform(n, 4),
                       100.0 + 350.0 * uniform(n, 5));
    }
    cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
    double before = 1e30;
    for (int i = 0; i < 20; i++) {
        double energy;
        st_relax_report report;
        relax(&s, 0.5, &report);
        cell_scene_check(&s, st_cells_energy(s.ctx, s.cells, &energy));
        assert_true(report.island_count > 20);
        assert_true(energy < before);
        before = energy;
    }
    assert_true(cell_scene_end(&s));
}

// --- limits
// --------------------------------------------------------------------------------------

// Islands that are too large, and tissue that hangs together: common steps, as with islands off.
static void what_hangs_together_has_common_steps(void** state)
{
    (void)state;
    double at[2][3];
    for (int i = 0; i < 2; i++) {
        cell_scene s;
        build(&s, &CELL_SCENE_TYPE, i ? 0 : 2, 0.05);
        for (int k = 0; k < 3; k++) {
            cell_scene_add(&s, 0, 300.0 + 14.0 * k, 400.0, 400.0 + k);
        }
        cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
        st_relax_report report;
        for (int k = 0; k < 4; k++) {
            relax(&s, 5.0, &report);
            assert_int_equal(report.largest_island, 0);
            assert_int_equal(report.island_count, 0);
        }
        where(&s, 3, at[i]);
        assert_true(cell_scene_end(&s));
    }
    assert_memory_equal(at[0], at[1], sizeof at[0]);
}

static void wrong_limits_are_refused(void** state)
{
    (void)state;
    cell_scene s;
    cell_scene_tissue(&s, 4, 40.0, NULL, 0, NULL);
    static const int wrong[2] = {-1, 4097};
    for (int i = 0; i < 2; i++) {
        s.def.island_limit = wrong[i];
        assert_int_equal(st_cells_create(s.ctx, &s.def, &s.cells), ST_ERR_INPUT);
        assert_non_null(strstr(st_ctx_message(s.ctx, 0), "island_limit"));
        st_ctx_clear_messages(s.ctx);
    }
    assert_true(cell_scene_end(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lone_walkers_go_straight),
        cmocka_unit_test(strangers_do_not_matter),
        cmocka_unit_test(pushes_are_passed_on),
        cmocka_unit_test(walkers_wake_sleepers),
        cmocka_unit_test(islands_end_where_common_steps_end),
        cmocka_unit_test(the_order_of_cells_does_not_show),
        cmocka_unit_test(energy_falls_in_islands),
        cmocka_unit_test(what_hangs_together_has_common_steps),
        cmocka_unit_test(wrong_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
