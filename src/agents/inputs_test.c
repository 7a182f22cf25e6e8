// Inputs of the model over time in tissue: rates follow them from their day on, chemistry too; a
// run goes on after a stop as if it had not stopped; what cannot follow is refused.          AGT-1

#include "agents/well_mixed.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SEED 1411u

static const char WORN[] =
    "model: Cells that load wears out\n"
    "inputs: { load: { start: 1 }, heat: { start: 1 } }\n"
    "parameters: { wear: { value: 0.2 1/day, assumed: any }, "
    "fade: { value: 0.3 1/day, assumed: any } }\n"
    "places: { box: { volume: { value: 5.12e-4 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: { value: 8 uM, assumed: any } }, decay: fade * heat } }\n"
    "cells: { c: { in: { box: { value: 20000 cells, assumed: any } }, "
    "behaviours: { die: wear * load } } }\n";

enum { LOAD, HEAT, INPUTS };

static void begin(world* w, const char* text, int workers)
{
    const int n[3] = {8, 8, 8};
    block_begin(w, text, n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
    w->def.worker_count = workers;
    w->def.mech_every = 0;
    w->def.field_step_min = 360.0; // a quarter of a day
    w->def.seed = SEED;
    w->def.fill_limit = 10.0;
}

static double alive(const world* w)
{
    return (double)st_agents_count(w->agents, st_model_find_state(w->model, "c@box"));
}

static void check_alive(const world* w, double day, double exponent)
{
    const double share = exp(-exponent);
    const double spread = sqrt(20000.0 * share * (1.0 - share));
    print_message("seed %u, day %g: %g cells (exact %.0f, spread %.0f)\n", SEED, day, alive(w),
                  20000.0 * share, spread);
    assert_true(fabs(alive(w) - 20000.0 * share) < 4.0 * spread);
}

/// Load triples and heat quintuples on day 2: of N cells N e^(-0.2 t) are left before it and
/// N e^(-0.4 - 0.6 (t - 2)) after it; the level of x falls by e^(-0.3 t), then by e^(-1.5 (t - 2)),
/// within the tolerance of the field's own steps.
static void rates_follow_their_input(void** state)
{
    (void)state;
    const double day[2] = {0.0, 2.0};
    const double value[2][INPUTS] = {{1.0, 1.0}, {3.0, 5.0}};
    world w;
    begin(&w, WORN, 1);
    world_start_agents(&w);
    world_check(&w, st_agents_set_inputs(w.ctx, w.agents, 2, day, value[0]));
    for (int quarter = 1; quarter <= 16; quarter++) {
        const double now = 0.25 * quarter;
        world_check(&w, st_agents_advance(w.ctx, w.agents, 1440.0 * now));
        if (quarter % 4 == 0) {
            check_alive(&w, now, now <= 2.0 ? 0.2 * now : 0.4 + 0.6 * (now - 2.0));
        }
        const double level = 8.0 * exp(now <= 2.0 ? -0.3 * now : -0.6 - 1.5 * (now - 2.0));
        const double found = 1e6 * st_tissue_mean_M(w.tissue, 0, 1);
        print_message("day %g: %.5f uM (exact %.5f)\n", now, found, level);
        assert_true(fabs(found - level) < 1e-4 * 8.0);
    }
    assert_true(world_end(&w));
}

/// What a checkpoint keeps of the agents, in memory.
typedef struct kept {
    void* bytes;
    size_t length;
} kept;

static kept* keep(world* w)
{
    const int64_t count = st_agents_block_count(w->agents);
    kept* k = calloc((size_t)count, sizeof *k);
    assert_non_null(k);
    for (int64_t i = 0; i < count; i++) {
        world_check(w, st_agents_save_block(w->ctx, w->agents, i, &k[i].bytes, &k[i].length));
    }
    return k;
}

static void take_up(world* w, kept* k)
{
    for (int64_t i = 0; i < st_agents_block_count(w->agents); i++) {
        if (k[i].length > 0) {
            world_check(w, st_agents_restore_block(w->ctx, w->agents, i, k[i].bytes, k[i].length));
        }
        st_free(w->ctx, k[i].bytes);
    }
    world_check(w, st_agents_restore_end(w->ctx, w->agents));
    free(k);
}

/// Number of cells on day 4 and the hash; `stop_day` > 0: saved then, and taken up by new agents.
static uint64_t live(const double* first, int count, const double* day, const double* value,
                     double stop_day, int workers, double* cells)
{
    world w;
    begin(&w, WORN, workers);
    w.def.input = first;
    world_start_agents(&w);
    if (count > 0) {
        world_check(&w, st_agents_set_inputs(w.ctx, w.agents, count, day, value));
    }
    if (stop_day > 0.0) {
        world_check(&w, st_agents_advance(w.ctx, w.agents, 1440.0 * stop_day));
        kept* k = keep(&w);
        st_agents_destroy(w.agents);
        world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
        world_check(&w, st_agents_set_inputs(w.ctx, w.agents, count, day, value));
        take_up(&w, k);
    }
    world_check(&w, st_agents_advance(w.ctx, w.agents, 4.0 * 1440.0));
    const uint64_t hash = st_agents_hash(w.agents);
    *cells = alive(&w);
    assert_true(world_end(&w));
    return hash;
}

/// A run with three changes, stopped and taken up between the second and the third, by one, two and
/// three workers: the same bytes.
static void a_stopped_run_goes_on_between_two_changes(void** state)
{
    (void)state;
    const double day[3] = {1.0, 2.0, 3.0};
    const double value[3][INPUTS] = {{3.0, 1.0}, {0.5, 2.0}, {2.0, 0.0}};
    double cells;
    const uint64_t whole = live(NULL, 3, day, value[0], 0.0, 1, &cells);
    const uint64_t steady = live(NULL, 0, NULL, NULL, 0.0, 1, &cells);
    assert_true(whole != steady);
    for (int workers = 1; workers <= 3; workers++) {
        double others;
        assert_true(live(NULL, 3, day, value[0], 0.0, workers, &others) == whole);
        assert_true(live(NULL, 3, day, value[0], 2.5, workers, &others) == whole);
    }
}

/// Before the first knot the definition's value holds; a change between two steps counts from the
/// next step on; one that lies behind a step's time by rounding alone counts for that step.
static void a_change_counts_from_the_next_step_on(void** state)
{
    (void)state;
    const double first[INPUTS] = {2.0, 1.0};
    const double at[4] = {2.0, 1.8, 2.0 + 1e-11, 2.1};
    const double value[INPUTS] = {0.0, 1.0};
    double cells[4];
    uint64_t hash[4];
    for (int i = 0; i < 4; i++) {
        hash[i] = live(first, 1, &at[i], value, 0.0, 1, &cells[i]);
    }
    const double share = exp(-2.0 * 0.2 * 2.0); // nobody dies from day 2 on
    print_message("seed %u: %g of 20000 left (exact %.0f)\n", SEED, cells[0], 20000.0 * share);
    assert_true(fabs(cells[0] - 20000.0 * share) < 4.0 * sqrt(20000.0 * share * (1.0 - share)));
    assert_true(hash[1] == hash[0] && hash[2] == hash[0]);
    assert_true(cells[3] < cells[0]); // a quarter of a day later
}

// --- refusals
// -----------------------------------------------------------------------------------------

static bool says(const world* w, const char* words)
{
    const int count = st_ctx_message_count(w->ctx);
    const char* said = count > 0 ? st_ctx_message(w->ctx, count - 1) : "";
    print_message("%s\n", said);
    return strstr(said, words) != NULL;
}

static void knots_that_are_none_are_refused(void** state)
{
    (void)state;
    const double back[2] = {2.0, 2.0};
    const double day[2] = {0.0, 2.0};
    const double good[2][INPUTS] = {{1.0, 1.0}, {2.0, 2.0}};
    const double bad[2][INPUTS] = {{1.0, 1.0}, {2.0, NAN}};
    world w;
    begin(&w, WORN, 1);
    world_start_agents(&w);
    assert_int_equal(st_agents_set_inputs(w.ctx, w.agents, 0, day, good[0]), ST_ERR_INPUT);
    assert_true(says(&w, "found 0 knots"));
    assert_int_equal(st_agents_set_inputs(w.ctx, w.agents, 2, back, good[0]), ST_ERR_INPUT);
    assert_true(says(&w, "knot 1 lies at 2 day"));
    assert_int_equal(st_agents_set_inputs(w.ctx, w.agents, 2, day, bad[0]), ST_ERR_INPUT);
    assert_true(says(&w, "heat is not finite at 2 day"));
    bool done = false;
    for (int64_t k = 1; !done; k++) {
        st_ctx_fail_allocation(w.ctx, k);
        const st_status status = st_agents_set_inputs(w.ctx, w.agents, 2, day, good[0]);
        st_ctx_fail_allocation(w.ctx, 0);
        done = status == ST_OK;
        assert_true(done || status == ST_ERR_MEMORY);
        assert_true(k < 100);
    }
    assert_true(world_end(&w));
}

static const char HELD[] =
    "model: Cells whose hold depends on inputs\n"
    "inputs: { calcium: { start: 1 }, swelling: { start: 1 }, load: { start: 1 } }\n"
    "parameters: { pull: { value: 1 um/min, assumed: any }, "
    "size: { value: 5.12e-4 mL, assumed: any } }\n"
    "places: { box: { volume: size * swelling } }\n"
    "cells: { c: { in: { box: { value: 10 cells, assumed: any } }, "
    "behaviours: { adhere: pull * calcium } } }\n";

/// Pull and volume are read once: an input behind them may be given, but may not change.
static void what_is_read_once_may_not_change(void** state)
{
    (void)state;
    const double day[2] = {0.0, 2.0};
    const double changed[3][2][3] = {{{1.0, 1.0, 1.0}, {2.0, 1.0, 1.0}},
                                     {{1.0, 1.0, 1.0}, {1.0, 2.0, 1.0}},
                                     {{1.0, 1.0, 1.0}, {1.0, 1.0, 2.0}}};
    world w;
    begin(&w, HELD, 1);
    world_start_agents(&w);
    assert_int_equal(st_agents_set_inputs(w.ctx, w.agents, 2, day, changed[0][0]), ST_ERR_INPUT);
    assert_true(says(&w, "`adhere` of c@box changes with the input calcium"));
    assert_int_equal(st_agents_set_inputs(w.ctx, w.agents, 2, day, changed[1][0]), ST_ERR_INPUT);
    assert_true(says(&w, "the volume of box changes with the input swelling"));
    world_check(&w, st_agents_set_inputs(w.ctx, w.agents, 2, day, changed[2][0]));
    assert_true(world_end(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_follow_their_input),
        cmocka_unit_test(a_stopped_run_goes_on_between_two_changes),
        cmocka_unit_test(a_change_counts_from_the_next_step_on),
        cmocka_unit_test(knots_that_are_none_are_refused),
        cmocka_unit_test(what_is_read_once_may_not_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
