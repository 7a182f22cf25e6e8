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

// --- refusals
// -----------------------------------------------------------------------------------------

static const char GROWERS[] = "model: Growers\n"
                              "places: { box: { volume: { value: 5.12e-4 mL, assumed: any } } }\n"
                              "matrix: { m: { in: { box: { value: 0.25, assumed: any } } } }\n"
                              "cells: { c: { in: { box: { value: 50 cells, assumed: any } }, "
                              "behaviours: { divide: { value: 2 1/day, assumed: any } } } }\n";

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
    block_begin(&w, GROWERS, n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
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
        cmocka_unit_test(wrong_definitions_are_refused),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
