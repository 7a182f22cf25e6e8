// Single cells in tissue: the same bytes for any number of workers, signals, reach, uptake against
// the closed form, refusals.                                   AGT-1, AGT-2, AGT-4, AGT-5,
// AGT-6

#include "agents/well_mixed.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// --- the same bytes
// ---------------------------------------------------------------------------------

static const char LIVELY[] =
    "model: Everything at once\n"
    "places: { box: { volume: { value: 1.7e-5 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
    "decay: { value: 2 1/day, assumed: any } } }\n"
    "matrix: { m: { in: { box: { value: 0.1, assumed: any } } } }\n"
    "cells:\n"
    "  a: { in: { box: { value: 300 cells, assumed: any } }, "
    "behaviours: { divide: { value: 0.9 1/day, stages: 2, assumed: any }, "
    "die: { value: 0.2 1/day, assumed: any }, "
    "secrete.x: { value: 1e-9 nmol/cell/day, assumed: any }, "
    "deposit.m: { value: 1e-9 mL/cell/day, assumed: any }, "
    "migrate: { value: 20 um/h, assumed: any }, bias: { value: 0.3, assumed: any }, "
    "follow.x: { value: 1, assumed: any }, engulf.b: { value: 3e-8 mL/cell/day, "
    "assumed: any } } }\n"
    "  b: { in: { box: { value: 200 cells, assumed: any } }, "
    "behaviours: { recruit: { value: 5e6 cells/mL/day, assumed: any }, "
    "become.a: { value: 0.3 1/day, assumed: any }, "
    "take_up.x: { value: 1e-8 mL/cell/day, assumed: any }, "
    "degrade.m: { value: 1e-9 mL/cell/day, assumed: any } } }\n"
    "rules:\n"
    "  - { cell: b, signal: x, increases: become.a, toward: 2 1/day, half_max: 1 uM, "
    "assumed: any }\n"
    "  - { cell: a, signal: cell.pressure, decreases: divide, toward: 0 1/day, half_max: 1, "
    "hill: 4, well_mixed: '0', assumed: any }\n"
    "  - { cell: a, signal: density.a, decreases: divide, toward: 0 1/day, "
    "half_max: 1e9 cells/mL, hill: 2, assumed: any }\n"
    "  - { cell: a, signal: contact.b, increases: die, toward: 1 1/day, half_max: 4, "
    "well_mixed: '0', assumed: any }\n"
    "  - { cell: b, signal: cell.age, increases: die, toward: 1 1/day, half_max: 1 day, "
    "well_mixed: '[1 day]', assumed: any }\n"
    "  - { cell: b, signal: gradient.x, increases: take_up.x, toward: 2e-8 mL/cell/day, "
    "half_max: 1 uM/cm, well_mixed: '[1 uM/cm]', assumed: any }\n";

static uint64_t live(int workers, double reach_um, st_agents_tally* tally, int64_t* cells)
{
    const int n[3] = {16, 16, 8};
    world w;
    block_begin(&w, LIVELY, n, 20.0, 600.0, NULL, ST_FIELD_TRANSIENT);
    w.def.worker_count = workers;
    w.def.reach_um = reach_um;
    w.def.field_step_min = 10.0;
    w.def.mech_every = 2;
    w.def.fate_every = 3;
    world_start_agents(&w);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 600.0));
    const uint64_t hash = st_agents_hash(w.agents);
    *tally = st_agents_tally_now(w.agents);
    *cells = st_cells_count(st_agents_cells(w.agents));
    assert_true(world_end(&w));
    return hash;
}

static void the_bytes_do_not_depend_on_workers(void** state)
{
    (void)state;
    const double reach[2] = {35.0, INFINITY};
    for (int r = 0; r < 2; r++) {
        st_agents_tally first;
        int64_t count;
        const uint64_t hash = live(1, reach[r], &first, &count);
        print_message("%lld cells; %lld births, %lld deaths, %lld changes, %lld arrivals\n",
                      (long long)count, (long long)first.births, (long long)first.deaths,
                      (long long)first.changes, (long long)first.arrivals);
        assert_true(first.births > 30 && first.deaths > 20 && first.changes > 50 &&
                    first.arrivals > 10);
        assert_int_equal(count, 500 + first.births + first.arrivals - first.deaths);
        static const int workers[] = {2, 3, 8};
        for (int i = 0; i < 3; i++) {
            st_agents_tally t;
            assert_true(live(workers[i], reach[r], &t, &count) == hash);
            assert_int_equal(t.births, first.births);
        }
    }
}

// --- signals that need space
// -----------------------------------------------------------------------------------------

static const char SENSING[] =
    "model: Signals of space\n"
    "places: { box: { volume: { value: 5.12e-4 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: 0 } } }\n"
    "cells: { c: { in: { box: 0 }, behaviours: { die: { value: 0 1/day, assumed: any }, "
    "divide: { value: 0 1/day, assumed: any }, migrate: { value: 0 um/h, assumed: any }, "
    "take_up.x: { value: 0 mL/cell/day, assumed: any } } }, d: { in: { box: 0 } } }\n"
    "rules:\n"
    "  - { cell: c, signal: cell.volume, increases: die, toward: 1 1/day, half_max: 1e-9 mL, "
    "well_mixed: '[0 mL]', assumed: any }\n"
    "  - { cell: c, signal: contact.d, increases: divide, toward: 1 1/day, half_max: 3, "
    "well_mixed: '0', assumed: any }\n"
    "  - { cell: c, signal: cell.age, increases: migrate, toward: 1 um/h, half_max: 2 day, "
    "well_mixed: '[0 day]', assumed: any }\n"
    "  - { cell: c, signal: gradient.x, increases: take_up.x, toward: 1 mL/cell/day, "
    "half_max: 50 uM/cm, well_mixed: '[0 uM/cm]', assumed: any }\n";

static double told(world* w, int64_t slot, const char* key)
{
    double value = NAN;
    for (int i = 0; i < st_model_behaviour_count(w->model); i++) {
        if (strcmp(st_model_behaviour(w->model, i)->key, key) == 0) {
            world_check(w, st_agents_behaviour(w->ctx, w->agents, slot, i, &value));
        }
    }
    return value;
}

/// s/(h + s) of the cell's own volume, of the two cells that it touches, of its age, of the slope
/// at its place: each beside its value by hand.
static void cells_sense_what_only_they_have(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    world w;
    block_begin(&w, SENSING, n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
    for (int x = 0; x < 8; x++) {
        for (int i = 0; i < 64; i++) {
            const int voxel[3] = {x, i % 8, i / 8};
            world_check(&w, st_tissue_set_level(w.ctx, w.tissue, 0, voxel, 1e-6 * x));
        }
    }
    w.def.mech_every = 0;
    w.def.field_step_min = 1440.0;
    world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
    st_cells* cells = st_agents_cells(w.agents);
    const double beside[4] = {0.0, 15.0, -15.0, 60.0};
    for (int i = 0; i < 4; i++) {
        const st_cell_birth birth = {.at_um = {450.0, 450.0 + beside[i], 450.0},
                                     .type = st_cells_find_type(cells, i == 0 ? "c@box" : "d@box"),
                                     .order = (uint64_t)i};
        world_check(&w, st_cells_add(w.ctx, cells, 0, &birth));
    }
    world_check(&w, st_cells_commit(w.ctx, cells));
    int64_t slot = 0;
    while (st_cells_type_of(cells, slot) != st_cells_find_type(cells, "c@box")) {
        slot++;
    }
    const double volume = st_cells_volume(cells, slot) * 1e-12;
    assert_true(fabs(told(&w, slot, "die") - volume / (1e-9 + volume)) < 1e-9);
    assert_true(fabs(told(&w, slot, "divide") - 2.0 / 5.0) < 1e-9); // the third is too far
    // 1 uM over 100 um is 100 uM/cm
    assert_true(fabs(told(&w, slot, "take_up.x") - 100.0 / 150.0) < 1e-5);
    assert_true(fabs(told(&w, slot, "migrate")) < 1e-12);
    st_cells_doubles(cells, 0)[slot] = -2.0;                           // born two days ago
    assert_true(fabs(told(&w, slot, "migrate") - 0.5 * 24e-4) < 1e-9); // 1 um/h in cm/day
    assert_true(world_end(&w));
}

// --- reach
// -------------------------------------------------------------------------------------------

static const char EATEN[] =
    "model: Cells that take others in\n"
    "places: { box: { volume: { value: 3.2768e-5 mL, assumed: any } } }\n"
    "cells: { a: { in: { box: { value: 1500 cells, assumed: any } }, "
    "behaviours: { engulf.d: { value: 5e-9 mL/cell/day, assumed: any } } }, "
    "d: { in: { box: { value: 4000 cells, assumed: any } } } }\n";

static double left_after(double reach_um)
{
    const int n[3] = {16, 16, 16};
    world w;
    block_begin(&w, EATEN, n, 20.0, 0.0, NULL, ST_FIELD_TRANSIENT);
    w.def.reach_um = reach_um;
    w.def.mech_every = 0;
    w.def.seed = 909;
    w.def.fill_limit = 10.0;
    w.def.field_step_min = 1440.0;
    world_start_agents(&w);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 1440.0));
    const double left = (double)st_agents_count(w.agents, st_model_find_state(w.model, "d@box"));
    assert_true(world_end(&w));
    return left;
}

/// k rho h = 0.229: the same share is taken whether the actors of the whole box count or those
/// within reach, also at the walls, since both number and volume end there.
static void reach_keeps_the_mean_hazard(void** state)
{
    (void)state;
    const double expected = 4000.0 * exp(-5e-9 * 1500.0 / 3.2768e-5);
    const double reach[3] = {INFINITY, 70.0, 45.0};
    for (int i = 0; i < 3; i++) {
        const double left = left_after(reach[i]);
        print_message("seed 909, reach %g um: %g of 4000 left (expected %.0f)\n", reach[i], left,
                      expected);
        assert_true(fabs(left - expected) < 4.0 * sqrt(4000.0 * 0.8 * 0.2) + 0.01 * expected);
    }
}

// --- D2
// ----------------------------------------------------------------------------------------------

static const char EATERS[] =
    "model: Slab\n"
    "places: { box: { volume: { value: 3.84e-4 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: { value: 70 uM, assumed: any } } } }\n"
    "cells: { c: { in: { box: { value: 3696 cells, assumed: any } }, "
    "behaviours: { consume.x: { value: 10 fmol/cell/h, half: { value: 0.01 uM, assumed: any }, "
    "assumed: any } } } }\n";

/// Verification D2 with that many cells instead of a sink: the slab's closed side lies 35.0 uM
/// lower.
static void cells_take_up_as_the_closed_form_says(void** state)
{
    (void)state;
    const int n[3] = {48, 8, 8};
    const double knot = 0.0;
    const double level = 70e-6;
    const st_boundary held = {.region = ST_REGION_BOX,
                              .kind = ST_BOUNDARY_FIXED,
                              .knot_count = 1,
                              .knot_min = &knot,
                              .knot_M = &level};
    world w;
    block_begin(&w, EATERS, n, 50.0, 2.2e-9 * 6e13, &held, ST_FIELD_STEADY);
    w.def.seed = 77;
    w.def.mech_every = 0;
    w.def.field_step_min = 10.0;
    world_start_agents(&w);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 100.0));
    double drop = 0.0;
    for (int i = 0; i < 64; i++) {
        const int voxel[3] = {47, i % 8, i / 8};
        drop += 1e6 * (level - st_tissue_level_M(w.tissue, 0, voxel)) / 64.0;
    }
    print_message("seed 77: drop %.2f uM over 2.4 mm with 3696 cells (exact 35.00)\n", drop);
    // cells lie at random: the drop's own standard error is V L^2/(2 D) times sqrt(4/3 - 1)/sqrt(N)
    assert_true(fabs(drop - 35.0) < 4.0 * 35.0 * 0.58 / sqrt(3696.0) + 0.1);
    assert_true(world_end(&w));
}

// --- uptake that saturates
// ------------------------------------------------------------------------------------------

static const char CROWD[] =
    "model: Crowded\n"
    "places: { box: { volume: { value: 5.12e-4 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: { value: %g uM, assumed: any } } } }\n"
    "cells:\n"
    "  c: { in: { box: { value: 5120 cells, assumed: any } }, behaviours: { consume.x: "
    "{ value: 2e-7 nmol/cell/day, half: { value: %g uM, assumed: any }, assumed: any } } }\n"
    "  d: { in: { box: { value: %d cells, assumed: any } }, behaviours: { consume.x: "
    "{ value: 2e-7 nmol/cell/day, half: { value: 4 uM, assumed: any }, assumed: any } } }\n";

/// A closed box, mixed at once, in which 5120 cells, and perhaps as many of another half level,
/// consume what there is. Mean level in uM after each of `steps` steps of a day's part.
static void let_consume(double start_uM, double half_uM, int others, int steps, double* level_uM)
{
    const int n[3] = {8, 8, 8};
    char text[1024];
    world w;
    snprintf(text, sizeof text, CROWD, start_uM, half_uM, others);
    block_begin(&w, text, n, 100.0, 1e7, NULL, ST_FIELD_TRANSIENT);
    w.def.mech_every = 0;
    w.def.field_step_min = 1440.0 / steps;
    w.def.seed = 61;
    world_start_agents(&w);
    for (int i = 0; i < steps; i++) {
        world_check(&w, st_agents_advance(w.ctx, w.agents, 1440.0 * (i + 1) / steps));
        level_uM[i] = 1e6 * st_tissue_mean_M(w.tissue, 0, 1);
        assert_true(st_tissue_ledger(w.tissue, 0).lowest_M >= 0.0);
        const st_field_ledger l = st_tissue_ledger(w.tissue, 0);
        assert_true(fabs(st_tissue_balance_error(&l)) < 1e-6);
    }
    assert_true(world_end(&w));
}

/// x + K ln x falls by v rho t: the level after a day of all taken together.
static double level_after(double start_uM, double half_uM, double taken_uM)
{
    double lo = 0.0;
    double hi = start_uM;
    for (int i = 0; i < 200; i++) {
        const double x = 0.5 * (lo + hi);
        const bool is_high = x + half_uM * log(x / start_uM) > start_uM - taken_uM;
        *(is_high ? &hi : &lo) = x;
    }
    return 0.5 * (lo + hi);
}

/// 1e7 cells/mL take 2 uM a day: from plenty, through the half level, to nearly nothing. However
/// long the step, the level is that of the equation: nothing lags, nothing falls below 0.   [AGT-2]
static void uptake_follows_the_level_within_a_step(void** state)
{
    (void)state;
    static const double start[] = {1.9, 0.5, 3.0, 1.0};
    static const double half[] = {0.1, 0.5, 1e-3, 1e-3};
    for (int i = 0; i < 4; i++) {
        const double exact = level_after(start[i], half[i], 2.0);
        for (int steps = 1; steps <= 16; steps *= 4) {
            double level[16];
            let_consume(start[i], half[i], 0, steps, level);
            print_message("from %g uM, half at %g uM, %2d steps: %.6f uM (exact %.6f)\n", start[i],
                          half[i], steps, level[steps - 1], exact);
            assert_true(fabs(level[steps - 1] - exact) < 2e-3 * start[i]);
            for (int k = 1; k < steps; k++) {
                assert_true(level[k] <= level[k - 1]);
            }
        }
    }
}

/// 20000 cells in one corner voxel, whose need is a hundred times what diffusion can bring: its
/// level comes to rest at once where supply meets demand, above 0, and stays there.
static void a_crowd_at_low_oxygen_does_not_overshoot(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    const double knot = 0.0;
    const double level = 1e-6;
    const st_boundary held = {.region = ST_REGION_BOX + 1,
                              .kind = ST_BOUNDARY_FIXED,
                              .knot_count = 1,
                              .knot_min = &knot,
                              .knot_M = &level};
    const st_shape corner = {
        .kind = ST_SHAPE_BOX, .centre_um = {50.0, 50.0, 50.0}, .size_um = {100.0, 100.0, 100.0}};
    for (int mode = 0; mode < 2; mode++) {
        char text[1024];
        world w;
        snprintf(text, sizeof text, CROWD, 1.0, 1e-2, 0);
        block_begin(&w, text, n, 100.0, 1e3, &held, mode ? ST_FIELD_STEADY : ST_FIELD_TRANSIENT);
        w.def.mech_every = 0;
        w.def.field_step_min = 2880.0;
        w.def.fill_limit = 100.0;
        world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
        world_check(&w, st_agents_place(w.ctx, w.agents, "c@box", 20000, &corner));
        double now[8];
        for (int i = 0; i < 8; i++) {
            world_check(&w, st_agents_advance(w.ctx, w.agents, 2880.0 * (i + 1)));
            now[i] = 1e6 * st_tissue_level_M(w.tissue, 0, (const int[3]){0, 0, 0});
        }
        print_message("a crowd, %s: %.5e, %.5e ... %.5e uM\n", mode ? "steady" : "over time",
                      now[0], now[1], now[7]);
        assert_true(now[7] > 0.0 && now[7] < 0.02);
        for (int i = 0; i < 8; i++) {
            assert_true(fabs(now[i] / now[7] - 1.0) < (i == 0 && mode == 0 ? 0.2 : 0.02));
        }
        assert_true(world_end(&w));
    }
}

/// Cells of two half levels in one voxel: the sum is met with its slope, so the error falls with
/// the square of the step.
static void uptake_of_two_half_levels_is_of_second_order(void** state)
{
    (void)state;
    double level[64];
    let_consume(4.0, 0.2, 5120, 64, level);
    const double exact = level[63];
    double error[3];
    for (int i = 0; i < 3; i++) {
        const int steps = 1 << i;
        let_consume(4.0, 0.2, 5120, steps, level);
        error[i] = fabs(level[steps - 1] - exact);
    }
    print_message("two half levels: %.2e, %.2e, %.2e uM in 1, 2, 4 steps of %.4f: order %.2f, "
                  "%.2f\n",
                  error[0], error[1], error[2], exact, log2(error[0] / error[1]),
                  log2(error[1] / error[2]));
    assert_true(error[0] < 0.1 && log2(error[0] / error[2]) / 2.0 > 1.6);
}

// --- pull and push from the model
// ------------------------------------------------------------------------------------------

/// `adhere` and `repel` of the model become the bodies': two cells rest where they say, and far
/// cells pull as hard. Stages and rules by parameters count as well.                     [AGT-7]
static const char GRIPPING[] =
    "model: Grip\n"
    "parameters: { calcium: { value: 3, assumed: any } }\n"
    "places: { box: { volume: { value: 5.12e-4 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n"
    "cells:\n"
    "  c: { in: { box: 0 }, behaviours: { adhere: { value: 2 um/min, assumed: any }, "
    "repel: { value: 8 um/min, assumed: any }, "
    "become.d: { value: 1 1/day, stages: 2, assumed: any } } }\n"
    "  d: { in: { box: 0 } }\n"
    "rules:\n"
    "  - { cell: c, signal: %s, decreases: %s, toward: 0 um/min, half_max: 1%s, assumed: any }\n";

static void the_model_says_how_cells_hold_each_other(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    char text[1024];
    world w;
    snprintf(text, sizeof text, GRIPPING, "calcium", "adhere", "");
    block_begin(&w, text, n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
    world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
    st_cells* cells = st_agents_cells(w.agents);
    static const char* const stage[2] = {"c.1@box", "c.2@box"};
    for (int i = 0; i < 2; i++) {
        const st_cell_type* c = st_cells_type(cells, st_cells_find_type(cells, stage[i]));
        assert_true(fabs(c->adhesion_um_per_min - 2.0 / 4.0) < 1e-12); // 2 (1 - 3/(1 + 3))
        assert_true(fabs(c->repulsion_um_per_min - 8.0) < 1e-12);
    }
    const st_cell_type* d = st_cells_type(cells, st_cells_find_type(cells, "d@box"));
    assert_true(d->adhesion_um_per_min == st_default_agent_type().body.adhesion_um_per_min);
    assert_true(world_end(&w));
}

/// A pull that would differ from cell to cell is refused, and what it differs with is named.
static void a_grip_that_changes_is_refused_by_name(void** state)
{
    (void)state;
    static const struct {
        const char *signal, *behaviour, *more, *named;
    } wrong[] = {
        {"x", "adhere", " uM", "x@box"},
        {"x", "repel", " uM", "x@box"},
        {"density.d", "adhere", " cells/mL", "d@box"},
        {"cell.pressure", "adhere", ", well_mixed: '0'", "cell.pressure"},
        {"'time / [1 day]'", "repel", "", "time"},
    };
    const int n[3] = {8, 8, 8};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1024];
        world w;
        snprintf(text, sizeof text, GRIPPING, wrong[i].signal, wrong[i].behaviour, wrong[i].more);
        block_begin(&w, text, n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
        assert_int_equal(st_agents_create(w.ctx, &w.def, &w.agents), ST_ERR_INPUT);
        const char* said = st_ctx_message(w.ctx, st_ctx_message_count(w.ctx) - 1);
        print_message("%s\n", said);
        assert_non_null(strstr(said, wrong[i].behaviour));
        assert_non_null(strstr(said, wrong[i].named));
        assert_true(world_end(&w));
    }
}

// --- refusals
// -----------------------------------------------------------------------------------------

static bool says(const world* w, const char* words)
{
    const int count = st_ctx_message_count(w->ctx);
    return count > 0 && strstr(st_ctx_message(w->ctx, count - 1), words) != NULL;
}

static void wrong_definitions_are_refused(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    world w;
    block_begin(&w, world_growers(), n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
    const st_agents_def good = w.def;
    st_agent_type type = st_default_agent_type();
    type.name = "d";
    w.def.type = &type;
    w.def.type_count = 1;
    assert_int_equal(st_agents_create(w.ctx, &w.def, &w.agents), ST_ERR_INPUT);
    assert_true(says(&w, "no cell type 'd'"));
    w.def = good;
    w.def.place[1] = "gel";
    assert_int_equal(st_agents_create(w.ctx, &w.def, &w.agents), ST_ERR_INPUT);
    assert_true(says(&w, "no place 'gel'"));
    w.def = good;
    w.def.field_step_min = NAN;
    assert_int_equal(st_agents_create(w.ctx, &w.def, &w.agents), ST_ERR_INPUT);
    assert_true(says(&w, "field_step"));
    w.def = good;
    w.def.field_step_min = 7200.0; // five days at 2 divisions a day
    world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
    assert_int_equal(st_agents_place(w.ctx, w.agents, "e@box", 3, NULL), ST_ERR_INPUT);
    assert_true(says(&w, "no cell of a place in the tissue"));
    world_check(&w, st_agents_place(w.ctx, w.agents, "c@box", 50, NULL));
    assert_int_equal(st_agents_advance(w.ctx, w.agents, 7000.0), ST_ERR_INPUT);
    assert_true(says(&w, "a whole number"));
    assert_int_equal(st_agents_advance(w.ctx, w.agents, 7200.0), ST_ERR_NUMERIC);
    assert_true(says(&w, "take shorter steps"));
    assert_true(world_end(&w));
}

static void lack_of_memory_is_survived(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    world w;
    bool done = false;
    block_begin(&w, LIVELY, n, 20.0, 600.0, NULL, ST_FIELD_TRANSIENT);
    const size_t before = st_ctx_bytes_in_use(w.ctx);
    for (int64_t k = 1; !done; k += 3) {
        st_ctx_fail_allocation(w.ctx, k);
        const st_status status = st_agents_create(w.ctx, &w.def, &w.agents);
        st_ctx_fail_allocation(w.ctx, 0);
        done = status == ST_OK;
        assert_true(done || status == ST_ERR_MEMORY);
        assert_true(done || st_ctx_bytes_in_use(w.ctx) == before);
        assert_true(k < 2000);
    }
    assert_true(world_end(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_do_not_depend_on_workers),
        cmocka_unit_test(cells_sense_what_only_they_have),
        cmocka_unit_test(reach_keeps_the_mean_hazard),
        cmocka_unit_test(cells_take_up_as_the_closed_form_says),
        cmocka_unit_test(uptake_follows_the_level_within_a_step),
        cmocka_unit_test(a_crowd_at_low_oxygen_does_not_overshoot),
        cmocka_unit_test(uptake_of_two_half_levels_is_of_second_order),
        cmocka_unit_test(the_model_says_how_cells_hold_each_other),
        cmocka_unit_test(a_grip_that_changes_is_refused_by_name),
        cmocka_unit_test(wrong_definitions_are_refused),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
