// Verification P1, P2, P3 with single cells in tissue: birth and death against the closed forms,
// stages of a cycle at steady state, rules at 0, half-maximum and saturation.     AGT-1, AGT-3

#include "agents/well_mixed.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// --- P1
// ------------------------------------------------------------------------------------------

static const char BIRTH_DEATH[] =
    "model: Birth and death\n"
    "places: { box: { volume: { value: 10 mL, assumed: any } } }\n"
    "cells: { c: { in: { box: { value: 10000 cells, assumed: any } }, "
    "behaviours: { divide: { value: 0.9 1/day, assumed: any }, "
    "die: { value: 0.5 1/day, assumed: any } } } }\n";

/// Each founder is one replicate: its cells are counted by the founder's mark.
static int compare(const void* a, const void* b)
{
    const uint32_t x = *(const uint32_t*)a;
    const uint32_t y = *(const uint32_t*)b;
    return (x > y) - (x < y);
}

/// A step of half a day with hazards near 1/day: a scheme of one event per step would fail.
static void birth_and_death_follow_their_closed_forms(void** state)
{
    (void)state;
    enum { FOUNDERS = 10000 };
    world w;
    int mark;
    world_begin(&w, BIRTH_DEATH, 10.0);
    w.def.seed = 101;
    w.def.field_step_min = 720.0;
    print_message("seed 101, %d replicates\n", FOUNDERS);
    world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
    const st_column_def column = {
        .name = "founder", .kind = ST_COLUMN_UINT32, .birth = ST_COLUMN_COPY};
    st_cells* cells = st_agents_cells(w.agents);
    world_check(&w, st_cells_add_column(w.ctx, cells, &column, &mark));
    world_check(&w, st_agents_place(w.ctx, w.agents, "c@box", FOUNDERS, NULL));
    for (int64_t s = 0; s < FOUNDERS; s++) {
        st_cells_words(cells, mark)[s] = (uint32_t)s;
    }
    const double days = 2.0;
    world_check(&w, st_agents_advance(w.ctx, w.agents, days * 1440.0));
    const int64_t count = st_cells_count(cells);
    uint32_t* marks = calloc((size_t)count, sizeof *marks);
    memcpy(marks, st_cells_words(cells, mark), (size_t)count * sizeof *marks);
    qsort(marks, (size_t)count, sizeof *marks, compare);
    double squares = 0.0;
    for (int64_t i = 0; i < count;) {
        int64_t n = 0;
        const uint32_t founder = marks[i];
        while (i < count && marks[i] == founder) {
            n++;
            i++;
        }
        squares += (double)n * (double)n;
    }
    free(marks);
    const double b = 0.9;
    const double d = 0.5;
    const double grown = exp((b - d) * days);
    const double variance = (b + d) / (b - d) * grown * (grown - 1.0);
    const double mean = (double)count / FOUNDERS;
    const double measured = (squares - FOUNDERS * mean * mean) / (FOUNDERS - 1);
    print_message("mean %.4f (exact %.4f), variance %.4f (exact %.4f)\n", mean, grown, measured,
                  variance);
    assert_true(fabs(mean - grown) < 4.0 * sqrt(variance / FOUNDERS));
    // fourth moments of this law: the variance of 1e4 replicates is known to about 3 %
    assert_true(fabs(measured - variance) < 0.1 * variance);
    assert_true(world_end(&w));
}

// --- P2
// ------------------------------------------------------------------------------------------

static const char CYCLE[] =
    "model: A cycle of four phases\n"
    "places: { box: { volume: { value: 10 mL, assumed: any } } }\n"
    "cells: { c: { in: { box: { value: 4000 cells, assumed: any } }, "
    "behaviours: { divide: { value: 0.5 1/day, stages: 4, assumed: any } } } }\n";

/// k stages of rate k b: growth k b (2^(1/k) - 1), share of stage i in proportion to 2^(-i/k).
static void phases_take_their_shares(void** state)
{
    (void)state;
    world w;
    world_begin(&w, CYCLE, 10.0);
    w.def.seed = 102;
    w.def.field_step_min = 72.0;
    world_start_agents(&w);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 4.0 * 1440.0));
    const double before = (double)st_cells_count(st_agents_cells(w.agents));
    world_check(&w, st_agents_advance(w.ctx, w.agents, 6.0 * 1440.0));
    const double cells = (double)st_cells_count(st_agents_cells(w.agents));
    const double growth = log(cells / before) / 2.0;
    const double exact = 4.0 * 0.5 * (pow(2.0, 0.25) - 1.0);
    print_message("seed 102: growth %.4f 1/day (exact %.4f)\n", growth, exact);
    assert_true(fabs(growth - exact) < 0.03 * exact);
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "c.%d@box", i + 1);
        const int s = st_model_find_state(w.model, name);
        const double share = (double)st_agents_count(w.agents, s) / cells;
        const double expected = pow(2.0, -0.25 * i) * (1.0 - pow(2.0, -0.25)) * 2.0;
        print_message("phase %d: share %.4f (exact %.4f)\n", i + 1, share, expected);
        // cells of one founder are not independent: sqrt(clone size) times the binomial error
        assert_true(fabs(share - expected) < 4.0 * sqrt(share / before));
    }
    assert_true(world_end(&w));
}

// --- P3
// ------------------------------------------------------------------------------------------

static const char RULES[] =
    "model: Rules\n"
    "places: { box: { volume: { value: 10 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: 0 } }, y: { in: { box: 0 } } }\n"
    "cells: { c: { in: { box: { value: 8 cells, assumed: any } }, "
    "behaviours: { die: { value: 0.2 1/day, assumed: any }, "
    "divide: { value: 0.3 1/day, assumed: any } } } }\n"
    "rules:\n"
    "  - { cell: c, signal: x, increases: die, toward: 1.2 1/day, half_max: 2 uM, hill: 3, "
    "assumed: any }\n"
    "  - { cell: c, signal: x, increases: divide, toward: 1.5 1/day, half_max: 2 uM, hill: 2, "
    "assumed: any }\n"
    "  - { cell: c, signal: y, increases: divide, toward: 0.9 1/day, half_max: 4 uM, "
    "assumed: any }\n"
    "  - { cell: c, signal: y, decreases: divide, toward: 0.1 1/day, half_max: 1 uM, hill: 4, "
    "assumed: any }\n";

static double power(double s, double h, double p)
{
    return s > 0.0 ? pow(s / h, p) : 0.0;
}

static double divide_by_hand(double x, double y)
{
    const double up = power(x, 2.0, 2.0) + power(y, 4.0, 1.0);
    const double down = power(y, 1.0, 4.0);
    const double u = 0.3 + (1.5 - 0.3) * up / (1.0 + up); // ceiling: the largest toward, and b0
    return u + (0.1 - u) * down / (1.0 + down);
}

static double die_by_hand(double x)
{
    const double up = power(x, 2.0, 3.0);
    return 0.2 + (1.2 - 0.2) * up / (1.0 + up);
}

static int find_behaviour(const st_model* model, const char* key)
{
    for (int i = 0; i < st_model_behaviour_count(model); i++) {
        if (strcmp(st_model_behaviour(model, i)->key, key) == 0) {
            return i;
        }
    }
    return -1;
}

static void set_level(const world* w, int field, double uM)
{
    for (int z = 0; z < 4; z++) {
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 4; x++) {
                const int voxel[3] = {x, y, z};
                world_check(w, st_tissue_set_level(w->ctx, w->tissue, field, voxel, 1e-6 * uM));
            }
        }
    }
}

/// Each cell feels the levels of its own voxel, and rules act as the published grammar says.
static void rules_act_on_local_levels(void** state)
{
    (void)state;
    static const double x[] = {0.0, 2.0, 2e5, 1.0, 3.0};
    static const double y[] = {0.0, 0.0, 0.0, 1.0, 4.0};
    world w;
    world_begin(&w, RULES, 10.0);
    world_start_agents(&w);
    const int die = find_behaviour(w.model, "die");
    const int divide = find_behaviour(w.model, "divide");
    for (int i = 0; i < 5; i++) {
        double value;
        set_level(&w, 0, x[i]);
        set_level(&w, 1, y[i]);
        world_check(&w, st_agents_behaviour(w.ctx, w.agents, 0, die, &value));
        assert_true(fabs(value - die_by_hand(x[i])) < 1e-6);
        world_check(&w, st_agents_behaviour(w.ctx, w.agents, 0, divide, &value));
        assert_true(fabs(value - divide_by_hand(x[i], y[i])) < 1e-6);
    }
    assert_true(fabs(die_by_hand(2.0) - 0.7) < 1e-12); // half-maximum: half of the way
    assert_true(world_end(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(birth_and_death_follow_their_closed_forms),
        cmocka_unit_test(phases_take_their_shares),
        cmocka_unit_test(rules_act_on_local_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
