// What cells and the population engine bring to a field between two advances, and states that do
// not diffuse. [TIS-8] [TIS-10] [TIS-11]

#include "tissue/scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static float* new_array(const scene* s)
{
    float* array = calloc((size_t)st_tissue_brick_count(s->tissue) * 512, sizeof *array);
    assert_non_null(array);
    return array;
}

/// Voxels whose x lies below `end` get `value`.
static void fill_below(const scene* s, float* array, int end, float value)
{
    for (int b = 0; b < st_tissue_brick_count(s->tissue); b++) {
        int low[3];
        st_tissue_brick_voxel(s->tissue, b, low);
        for (int v = 0; v < 512; v++) {
            const bool is_tissue = st_tissue_brick_media(s->tissue, b)[v] != 0;
            array[b * 512 + v] = is_tissue && low[0] + v % 8 < end ? value : 0.0f;
        }
    }
}

// Cells in half of a slab: D u'' = k u left, u'' = 0 right, level held on the right.
static double half_slab_error(int n)
{
    const double L = 400.0;
    const double D = 1000.0;
    const double k = 0.1;
    scene s;
    scene_begin(&s, (const int[3]){n, 8, 8}, L / n, NULL, 2, NULL);
    s.rates[1].diffusivity_um2_per_min = D;
    s.def.mode = ST_FIELD_STEADY;
    s.def.solver_tolerance = 1e-7;
    scene_hold(&s, ST_REGION_BOX + 1, 1e-6);
    scene_add(&s);
    float* sink = new_array(&s);
    fill_below(&s, sink, n / 2, (float)k);
    scene_check(&s, st_tissue_set_uptake(s.ctx, s.tissue, s.field, sink, NULL));
    scene_check(&s, st_tissue_solve_steady(s.ctx, s.tissue, s.field));
    const double lambda = sqrt(D / k);
    const double slope = sinh(0.5 * L / lambda) / lambda;
    const double at_zero = 1e-6 / (cosh(0.5 * L / lambda) + slope * 0.5 * L);
    double worst = 0.0;
    for (int i = 0; i < n; i++) {
        const double x = (i + 0.5) * L / n;
        const double exact = x < 0.5 * L
                                 ? at_zero * cosh(x / lambda)
                                 : at_zero * (cosh(0.5 * L / lambda) + slope * (x - 0.5 * L));
        const double found = st_tissue_level_M(s.tissue, s.field, (const int[3]){i, 4, 4});
        worst = fmax(worst, fabs(found - exact) / 1e-6);
    }
    free(sink);
    assert_true(scene_end(&s));
    return worst;
}

static void cells_in_half_a_slab_follow_the_closed_form(void** state)
{
    (void)state;
    const double a = half_slab_error(16);
    const double b = half_slab_error(32);
    const double c = half_slab_error(64);
    print_message("half a slab of cells: %.2e, %.2e, %.2e: order %.2f, %.2f\n", a, b, c,
                  log2(a / b), log2(b / c));
    assert_true(log2(a / c) / 2.0 > 1.8);
}

enum { BY_MEDIUM, BY_VOXEL, HALF_AND_HALF, OWN_HALF };

// The same sinks said in three ways. Levels after 2 min, in `out`.
static void run_sinks(int how, int workers, double out[3], st_field_ledger* ledger, uint64_t* hash)
{
    const int n = 24;
    scene s;
    scene_begin(&s, (const int[3]){n, n, n}, 20.0, NULL, workers, NULL);
    const double part = how == BY_MEDIUM ? 1.0 : how == HALF_AND_HALF ? 0.5 : 0.0;
    s.rates[1] = (st_medium_rates){.diffusivity_um2_per_min = 800.0,
                                   .decay_per_min = 0.2 * part,
                                   .uptake_max_M_per_min = 4e-7 * part,
                                   .uptake_half_M = how == OWN_HALF ? 0.0 : 3e-7};
    s.def.initial_M[1] = 1e-6;
    s.def.tolerance = 1e-4;
    scene_hold(&s, ST_REGION_BOX, 2e-6);
    scene_add(&s);
    float* sink = new_array(&s);
    float* most = new_array(&s);
    float* half = new_array(&s);
    fill_below(&s, sink, n, (float)(0.2 * (1.0 - part)));
    fill_below(&s, most, n, (float)(4e-7 * (1.0 - part)));
    fill_below(&s, half, n, 3e-7f);
    scene_check(&s, st_tissue_set_saturating_uptake(s.ctx, s.tissue, s.field, sink, most,
                                                    how == OWN_HALF ? half : NULL));
    scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 2.0));
    for (int i = 0; i < 3; i++) {
        out[i] = st_tissue_level_M(s.tissue, s.field, (const int[3]){1 + 10 * i, 12, 12});
    }
    *ledger = st_tissue_ledger(s.tissue, s.field);
    *hash = st_tissue_hash(s.tissue);
    free(sink);
    free(most);
    free(half);
    assert_true(scene_end(&s));
}

static void cells_everywhere_are_a_medium_that_takes_up(void** state)
{
    (void)state;
    double of[4][3];
    st_field_ledger ledger[4];
    uint64_t hash[4];
    for (int how = BY_MEDIUM; how <= OWN_HALF; how++) {
        run_sinks(how, 1, of[how], &ledger[how], &hash[how]);
        print_message("sinks %d: decay %.6e, uptake %.6e, cells %.6e fmol, balance %.1e\n", how,
                      ledger[how].decay, ledger[how].uptake, ledger[how].cells,
                      st_tissue_balance_error(&ledger[how]));
        assert_true(fabs(st_tissue_balance_error(&ledger[how])) < 1e-7);
        for (int i = 0; i < 3; i++) {
            assert_true(fabs(of[how][i] / of[BY_MEDIUM][i] - 1.0) < 1e-5);
        }
    }
    assert_true(ledger[BY_MEDIUM].cells == 0.0);
    assert_true(ledger[BY_VOXEL].decay == 0.0 && ledger[BY_VOXEL].uptake == 0.0);
    const double all = ledger[BY_MEDIUM].decay + ledger[BY_MEDIUM].uptake;
    assert_true(fabs(ledger[BY_VOXEL].cells / all - 1.0) < 1e-5);
    assert_true(fabs(ledger[HALF_AND_HALF].cells / (0.5 * all) - 1.0) < 1e-4);
}

static void sinks_of_cells_give_the_same_bytes_for_any_workers(void** state)
{
    (void)state;
    double at[3];
    st_field_ledger ledger;
    uint64_t one;
    uint64_t other;
    run_sinks(HALF_AND_HALF, 1, at, &ledger, &one);
    for (int workers = 2; workers <= 8; workers *= 2) {
        run_sinks(HALF_AND_HALF, workers, at, &ledger, &other);
        assert_true(one == other);
    }
}

static void sinks_that_make_no_sense_are_refused(void** state)
{
    (void)state;
    scene s;
    scene_begin(&s, (const int[3]){8, 8, 8}, 20.0, NULL, 1, NULL);
    s.rates[1].diffusivity_um2_per_min = 800.0;
    s.def.initial_M[1] = 1e-6;
    scene_add(&s);
    float* sink = new_array(&s);
    sink[7] = 0.1f;
    assert_int_equal(st_tissue_set_uptake(s.ctx, s.tissue, s.field, sink, NULL), ST_OK);
    sink[9] = NAN;
    assert_int_equal(st_tissue_set_uptake(s.ctx, s.tissue, s.field, sink, NULL), ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(s.ctx, 0), "voxel 1, 1, 0"));
    sink[9] = -1e-9f;
    assert_int_equal(st_tissue_set_uptake(s.ctx, s.tissue, s.field, sink, NULL), ST_ERR_INPUT);
    sink[9] = 1.0f; // a largest uptake, but the medium has no half level
    assert_int_equal(st_tissue_set_uptake(s.ctx, s.tissue, s.field, NULL, sink), ST_ERR_INPUT);
    assert_int_equal(st_tissue_set_uptake(s.ctx, s.tissue, 3, sink, NULL), ST_ERR_INPUT);
    float* half = new_array(&s);
    fill_below(&s, half, 8, 1e-7f);
    assert_int_equal(st_tissue_set_saturating_uptake(s.ctx, s.tissue, s.field, NULL, sink, half),
                     ST_OK);
    half[9] = NAN;
    assert_int_equal(st_tissue_set_saturating_uptake(s.ctx, s.tissue, s.field, NULL, sink, half),
                     ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(s.ctx, st_ctx_message_count(s.ctx) - 1), "half level"));
    half[9] = 0.0f;
    assert_int_equal(st_tissue_set_saturating_uptake(s.ctx, s.tissue, s.field, NULL, sink, half),
                     ST_ERR_INPUT);
    free(half);
    free(sink);
    assert_true(scene_end(&s));
}

// --- a field at rest

/// Balance of a steady field with sinks of both kinds and a source, fed through one wall.
static double rest_balance(int workers, bool is_disturbed, bool saturates)
{
    const int n = 24;
    scene s;
    scene_begin(&s, (const int[3]){n, n, n}, 20.0, NULL, workers, NULL);
    s.rates[1] = (st_medium_rates){.diffusivity_um2_per_min = 800.0, .decay_per_min = 0.05};
    s.def.mode = ST_FIELD_STEADY;
    scene_hold(&s, ST_REGION_BOX, 2e-6);
    scene_add(&s);
    assert_true(isnan(st_tissue_field_balance(s.tissue, s.field))); // not solved yet
    float* sink = new_array(&s);
    float* most = new_array(&s);
    float* half = new_array(&s);
    float* source = new_array(&s);
    fill_below(&s, sink, n / 2, 0.02f);
    fill_below(&s, most, n / 3, 4e-7f);
    fill_below(&s, half, n, 1e-7f);
    fill_below(&s, source, n / 4, 1e-8f);
    st_tissue_set_source(s.tissue, s.field, source);
    scene_check(&s, st_tissue_set_saturating_uptake(s.ctx, s.tissue, s.field, sink,
                                                    saturates ? most : NULL, half));
    scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 1.0));
    if (is_disturbed) {
        const int voxel[3] = {1, n / 2, n / 2};
        const double level = st_tissue_level_M(s.tissue, s.field, voxel);
        scene_check(&s, st_tissue_set_level(s.ctx, s.tissue, s.field, voxel, 1.5 * level));
    }
    const double error = st_tissue_field_balance(s.tissue, s.field);
    free(sink);
    free(most);
    free(half);
    free(source);
    assert_true(scene_end(&s));
    return error;
}

/// What comes through the wall and from the source is what decays and is taken up; a level that is
/// not the solution's shows.                                                            [TIS-8]
static void a_field_at_rest_balances(void** state)
{
    (void)state;
    for (int saturates = 0; saturates < 2; saturates++) {
        const double error = rest_balance(1, false, saturates);
        const double disturbed = rest_balance(1, true, saturates);
        print_message("at rest, %s: balance %.1e; with one voxel of 13824 wrong: %.1e\n",
                      saturates ? "saturating" : "first order", error, disturbed);
        assert_true(fabs(error) < 1e-5);
        assert_true(fabs(disturbed) > 20.0 * fabs(error));
        for (int workers = 2; workers <= 3; workers++) {
            assert_true(rest_balance(workers, false, saturates) == error);
        }
    }
}

// --- walls that follow the population engine

static uint64_t run_wall(bool in_pieces)
{
    static const double all_min[3] = {0.0, 10.0, 20.0};
    static const double all_M[3] = {1e-6, 2e-6, 0.5e-6};
    scene s;
    scene_begin(&s, (const int[3]){16, 16, 16}, 20.0, NULL, 1, NULL);
    s.rates[1].diffusivity_um2_per_min = 300.0;
    s.boundary[0] = (st_boundary){.region = ST_REGION_BOX + 2,
                                  .kind = ST_BOUNDARY_EXCHANGE,
                                  .permeability_um_per_min = 50.0,
                                  .knot_count = in_pieces ? 2 : 3,
                                  .knot_min = all_min,
                                  .knot_M = all_M};
    s.boundary_count = 1;
    scene_add(&s);
    scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 10.0));
    if (in_pieces) {
        scene_check(&s, st_tissue_set_boundary_levels(s.ctx, s.tissue, s.field, ST_REGION_BOX + 2,
                                                      2, all_min + 1, all_M + 1));
    }
    scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 20.0));
    const st_field_ledger l = st_tissue_ledger(s.tissue, s.field);
    assert_true(l.in > 0.0 && fabs(st_tissue_balance_error(&l)) < 1e-7);
    const double down[2] = {20.0, 10.0};
    const double bad[1] = {NAN};
    assert_int_equal(
        st_tissue_set_boundary_levels(s.ctx, s.tissue, s.field, ST_REGION_BOX + 2, 2, down, all_M),
        ST_ERR_INPUT);
    assert_int_equal(
        st_tissue_set_boundary_levels(s.ctx, s.tissue, s.field, ST_REGION_BOX + 2, 1, down, bad),
        ST_ERR_INPUT);
    assert_int_equal(
        st_tissue_set_boundary_levels(s.ctx, s.tissue, s.field, ST_REGION_BOX, 1, down, all_M),
        ST_ERR_INPUT); // a closed wall
    const uint64_t hash = st_tissue_hash(s.tissue);
    assert_true(scene_end(&s));
    return hash;
}

static void a_wall_told_piece_by_piece_is_the_wall_told_at_once(void** state)
{
    (void)state;
    assert_true(run_wall(false) == run_wall(true));
}

// --- matrix

static void slow_wear_survives_the_shortest_step(void** state)
{
    (void)state;
    scene s;
    scene_begin(&s, (const int[3]){8, 8, 8}, 50.0, NULL, 1, NULL);
    const size_t before = st_tissue_bytes(s.tissue);
    const uint64_t empty = st_tissue_hash(s.tissue);
    st_matrix_def def = st_default_matrix_def();
    def.name = "collagen";
    def.start[1] = 1.0;
    int id = -1;
    scene_check(&s, st_tissue_add_matrix(s.ctx, s.tissue, &def, &id));
    assert_true(st_tissue_bytes(s.tissue) >= before + 512 * sizeof(double));
    double* value = st_tissue_brick_matrix(s.tissue, id, 0);
    // 0.25 % a year in steps of 0.01 min: 4.8e-11 of the matrix each, and 5.3e7 of them.
    const double minutes = 365.25 * 24.0 * 60.0;
    const double dt = 0.01;
    const double rate = 0.0025 / minutes;
    const int64_t steps = (int64_t)(minutes / dt);
    volatile float single = 1.0f;
    for (int64_t i = 0; i < steps; i++) {
        value[77] -= rate * dt;
        if (i < 1000) {
            single = single - (float)(rate * dt);
        }
    }
    print_message("after a year: %.12f, off by %.1e of the loss; single precision: %.9f\n",
                  value[77], fabs((1.0 - value[77]) / 0.0025 - 1.0), (double)single);
    assert_true(fabs((1.0 - value[77]) / 0.0025 - 1.0) < 1e-6);
    assert_true(single == 1.0f); // why it is not a float
    assert_true(st_tissue_hash(s.tissue) != empty);
    assert_true(fabs(st_tissue_matrix_mean(s.tissue, id, 1) - (1.0 - 0.0025 / 512.0)) < 1e-9);
    assert_int_equal(st_tissue_check_matrix(s.ctx, s.tissue, id), ST_OK);
    value[77] = -1e-12;
    assert_int_equal(st_tissue_check_matrix(s.ctx, s.tissue, id), ST_ERR_NUMERIC);
    assert_non_null(strstr(st_ctx_message(s.ctx, 0), "voxel 5, 1, 1"));
    assert_true(scene_end(&s));
}

static void matrix_starts_by_medium_and_refuses_nonsense(void** state)
{
    (void)state;
    scene s;
    scene_begin(&s, (const int[3]){8, 8, 8}, 50.0, NULL, 1, NULL);
    st_matrix_def def = st_default_matrix_def();
    int id = -1;
    assert_int_equal(st_tissue_add_matrix(s.ctx, s.tissue, &def, &id), ST_ERR_INPUT); // no name
    def.name = "temperature";
    def.unit = "K";
    def.start[1] = 310.0;
    assert_int_equal(st_tissue_add_matrix(s.ctx, s.tissue, &def, &id), ST_ERR_INPUT); // above 1
    def.highest = 320.0;
    def.lowest = 300.0;
    scene_check(&s, st_tissue_add_matrix(s.ctx, s.tissue, &def, &id));
    assert_int_equal(id, 0);
    assert_int_equal(st_tissue_matrix_count(s.tissue), 1);
    assert_string_equal(st_tissue_matrix_unit(s.tissue, 0), "K");
    assert_true(st_tissue_matrix(s.tissue, 0, (const int[3]){3, 3, 3}) == 310.0);
    def.lowest = NAN;
    assert_int_equal(st_tissue_add_matrix(s.ctx, s.tissue, &def, &id), ST_ERR_INPUT);
    assert_true(scene_end(&s));
}

// What is put in at once spreads, and stands in the book.
static void an_amount_put_in_is_booked(void** state)
{
    (void)state;
    const int n[3] = {12, 12, 12};
    const int middle[3] = {6, 6, 6};
    const int outside[3] = {0, 0, 0};
    const st_shape ball = {
        .kind = ST_SHAPE_BALL, .centre_um = {120.0, 120.0, 120.0}, .size_um = {100.0}};
    scene s;
    scene_begin(&s, n, 20.0, &ball, 1, NULL);
    s.rates[1].diffusivity_um2_per_min = 500.0;
    s.def.initial_M[1] = 1e-6;
    scene_add(&s);
    scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 1.0));
    const double before = st_tissue_ledger(s.tissue, 0).amount;
    const double level = st_tissue_level_M(s.tissue, 0, middle);
    scene_check(&s, st_tissue_add_amount(s.ctx, s.tissue, 0, middle, 0.5));
    assert_int_equal(st_tissue_add_amount(s.ctx, s.tissue, 0, outside, 0.5), ST_ERR_INPUT);
    // 0.5 fmol in a voxel of 8000 um^3 are 62.5 uM
    assert_true(fabs(st_tissue_level_M(s.tissue, 0, middle) - level - 62.5e-6) < 1e-9);
    scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 30.0));
    const st_field_ledger l = st_tissue_ledger(s.tissue, 0);
    print_message("0.5 fmol put in: %.9f more; balance %.1e\n", l.amount - before,
                  st_tissue_balance_error(&l));
    assert_true(fabs(l.added - 0.5) < 1e-12);
    assert_true(fabs(l.amount - before - 0.5) < 1e-6 * l.amount);
    assert_true(fabs(st_tissue_balance_error(&l)) < 1e-6);
    assert_true(scene_end(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_put_in_is_booked),
        cmocka_unit_test(cells_in_half_a_slab_follow_the_closed_form),
        cmocka_unit_test(cells_everywhere_are_a_medium_that_takes_up),
        cmocka_unit_test(sinks_of_cells_give_the_same_bytes_for_any_workers),
        cmocka_unit_test(sinks_that_make_no_sense_are_refused),
        cmocka_unit_test(a_field_at_rest_balances),
        cmocka_unit_test(a_wall_told_piece_by_piece_is_the_wall_told_at_once),
        cmocka_unit_test(slow_wear_survives_the_shortest_step),
        cmocka_unit_test(matrix_starts_by_medium_and_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
