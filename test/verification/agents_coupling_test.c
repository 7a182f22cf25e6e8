// Convergence of the coupling between cells and fields in the field step h: what cells do is told
// at the beginning of a step and stands still over it, so the scheme is of first order; uptake that
// saturates follows the level within the step.                                         AGT-2, AGT-3

#include "agents/well_mixed.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 4
#define VALUES 3

static void print_row(const char* name, const double error[ROUNDS], double size)
{
    print_message("%-28s", name);
    for (int i = 0; i < ROUNDS; i++) {
        print_message(" %9.2e", error[i] / size);
    }
    print_message("  order %.2f %.2f %.2f\n", log2(error[0] / error[1]), log2(error[1] / error[2]),
                  log2(error[2] / error[3]));
}

// Errors of about half each time, the last below that share of the value.
static void assert_first_order(const char* name, const double found[ROUNDS], double exact,
                               double share)
{
    double error[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        error[i] = fabs(found[i] - exact);
    }
    print_row(name, error, exact);
    const double order = log2(error[0] / error[ROUNDS - 1]) / (ROUNDS - 1);
    assert_true(order > 0.85 && order < 1.5);
    assert_true(error[ROUNDS - 1] < share * exact);
}

// --- in space, without chance
// ------------------------------------------------------------------------------------------

/// Oxygen comes from one wall. Cells short of it call for a factor, under which they take more of
/// it; the factor lets them deposit matrix. Nobody is born or dies, so no chance hides the error.
static const char FEEDBACK[] =
    "model: Feedback\n"
    "places: { box: { volume: { value: 8.192e-3 mL, assumed: any } } }\n"
    "substrates:\n"
    "  oxygen: { in: { box: { value: 40 uM, assumed: any } } }\n"
    "  factor: { in: { box: 0 }, decay: { value: 1 1/day, assumed: any } }\n"
    "matrix: { m: { in: { box: { value: 0.05, assumed: any } } } }\n"
    "cells: { c: { in: { box: { value: 8192 cells, assumed: any } }, behaviours: {\n"
    "  consume.oxygen: { value: 8e-6 nmol/cell/day, half: { value: 5 uM, assumed: any }, "
    "assumed: any },\n"
    "  secrete.factor: { value: 3e-6 nmol/cell/day, assumed: any } } } }\n"
    "rules:\n"
    "  - { cell: c, signal: oxygen, decreases: secrete.factor, toward: 0 nmol/cell/day, "
    "half_max: 15 uM, hill: 2, assumed: any }\n"
    "  - { cell: c, signal: factor, increases: consume.oxygen, toward: 4e-5 nmol/cell/day, "
    "half_max: 1 uM, hill: 2, assumed: any }\n"
    "  - { cell: c, signal: factor, increases: deposit.m, toward: 5e-7 mL/cell/day, "
    "half_max: 1 uM, hill: 1, assumed: any }\n";

static void run_feedback(int steps, double out[VALUES])
{
    const int n[3] = {16, 8, 8};
    const double knot = 0.0;
    const double level = 40e-6;
    const st_boundary held = {.region = ST_REGION_BOX,
                              .kind = ST_BOUNDARY_FIXED,
                              .knot_count = 1,
                              .knot_min = &knot,
                              .knot_M = &level};
    world w;
    block_begin_within(&w, FEEDBACK, n, 200.0, 1000.0, &held, ST_FIELD_TRANSIENT, 1e-4);
    const double none = 0.0; // the wall takes the factor away
    world_check(&w,
                st_tissue_set_boundary_levels(w.ctx, w.tissue, 1, ST_REGION_BOX, 1, &knot, &none));
    w.def.seed = 17;
    w.def.mech_every = 0;
    w.def.field_step_min = 2880.0 / steps;
    world_start_agents(&w);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 2880.0));
    out[0] = 1e6 * st_tissue_mean_M(w.tissue, 0, 1);
    out[1] = 1e6 * st_tissue_mean_M(w.tissue, 1, 1);
    out[2] = st_tissue_matrix_mean(w.tissue, 0, 1);
    assert_true(world_end(&w));
}

static void feedback_converges_with_the_step(void** state)
{
    (void)state;
    static const char* const name[VALUES] = {"oxygen", "factor", "matrix"};
    static const int steps[ROUNDS] = {8, 16, 32, 64};
    double exact[VALUES];
    double found[ROUNDS][VALUES];
    run_feedback(512, exact);
    for (int i = 0; i < ROUNDS; i++) {
        run_feedback(steps[i], found[i]);
    }
    print_message("seed 17: 8192 cells, 2 days, 8, 16, 32, 64 steps against 512: mean oxygen "
                  "%.4f uM, factor %.4f uM, matrix %.5f\n",
                  exact[0], exact[1], exact[2]);
    for (int k = 0; k < VALUES; k++) {
        double of[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            of[i] = found[i][k];
        }
        assert_first_order(name[k], of, exact[k], 0.02);
    }
}

// --- births and deaths against the population engine
// ------------------------------------------------------------------------------------------

/// Cells live on what they consume: they divide where there is enough of it and die where not.
static const char LIVING[] =
    "model: Living on it\n"
    "places: { box: { volume: { value: 400 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: { value: 2 uM, assumed: any } }, "
    "supply: { value: 2 uM/day, assumed: any } } }\n"
    "cells: { c: { in: { box: { value: 200000 cells, assumed: any } }, behaviours: {\n"
    "  consume.x: { value: 6e-3 nmol/cell/day, half: { value: 0.5 uM, assumed: any }, "
    "assumed: any },\n"
    "  divide: { value: 0 1/day, assumed: any }, die: { value: 1 1/day, assumed: any } } } }\n"
    "rules:\n"
    "  - { cell: c, signal: x, increases: divide, toward: 1 1/day, half_max: 1 uM, "
    "assumed: any }\n"
    "  - { cell: c, signal: x, decreases: die, toward: 0 1/day, half_max: 1 uM, "
    "assumed: any }\n";

static void solve_living(double out[2])
{
    double level[WORLD_STATES];
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    assert_int_equal(st_model_parse(ctx, "living", LIVING, strlen(LIVING), NULL, &model), ST_OK);
    world_solve(ctx, model, 2.0, level);
    out[0] = level[st_model_find_state(model, "c@box")];
    out[1] = level[st_model_find_state(model, "x@box")];
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void run_living(int steps, double out[2])
{
    world w;
    world_begin(&w, LIVING, 400.0);
    w.def.seed = 23;
    w.def.field_step_min = 2880.0 / steps;
    world_start_agents(&w);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 2880.0));
    out[0] = world_value(&w, st_model_find_state(w.model, "c@box"));
    out[1] = world_value(&w, st_model_find_state(w.model, "x@box"));
    assert_true(world_end(&w));
}

static void births_and_deaths_converge_to_the_population_engine(void** state)
{
    (void)state;
    static const char* const name[2] = {"cells", "x"};
    static const int steps[ROUNDS] = {8, 16, 32, 64};
    double exact[2];
    double found[ROUNDS][2];
    solve_living(exact);
    for (int i = 0; i < ROUNDS; i++) {
        run_living(steps[i], found[i]);
    }
    print_message("seed 23: 2e5 cells, 2 days, 8, 16, 32, 64 steps; population engine: %.0f cells, "
                  "x %.4f uM\n",
                  exact[0], exact[1]);
    for (int k = 0; k < 2; k++) {
        double of[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            of[i] = found[i][k];
        }
        assert_first_order(name[k], of, exact[k], 0.05);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feedback_converges_with_the_step),
        cmocka_unit_test(births_and_deaths_converge_to_the_population_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
