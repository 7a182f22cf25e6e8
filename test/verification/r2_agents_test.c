// Verification R2 with single cells: case B (Baker, Brook, Owen 2017) with its four variables as
// numbers of cells that come in and die, N = 1e4 of them for one unit, until t = 20.  AGT-1, AGT-3

#include "agents/well_mixed.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char CASE_B[] =
    "model: Case B as cells\n"
    "places: { box: { volume: { value: 10000 mL, assumed: any } } }\n"
    "cells:\n"
    "  p: { in: { box: { value: 1800 cells, assumed: any } }, "
    "behaviours: { die: { value: 1 1/day, assumed: any }, "
    "recruit: '[1 cells/mL/day] * (0.01 + 10 * hill(density.p, [1 cells/mL], 2) "
    "+ 10 * hill(density.f, [1 cells/mL], 2)) / (1 + (density.a / [1 cells/mL])^2)' } }\n"
    "  a: { in: { box: { value: 50000 cells, assumed: any } }, "
    "behaviours: { die: { value: 1 1/day, assumed: any }, "
    "recruit: '[1 cells/mL/day] * (10 * hill(density.p, [1 cells/mL], 2) "
    "+ 10 * hill(density.f, [1 cells/mL], 2))' } }\n"
    "  e: { in: { box: { value: 5500 cells, assumed: any } }, "
    "behaviours: { die: { value: 1 1/day, assumed: any }, "
    "recruit: '[1 cells/mL/day] * (0.01 + 10 * hill(density.p, [1 cells/mL], 2))' } }\n"
    "  f: { in: { box: { value: 7500 cells, assumed: any } }, "
    "behaviours: { die: { value: 1 1/day, assumed: any }, recruit: '[1 1/day] * density.e' } }\n";

/// One run against the table's state at t = 20. Its own spread is that of the exact twin at the
/// same N; the phase of the cycle moves by the step's error.
static void cells_follow_the_limit_cycle(void** state)
{
    (void)state;
    static const char* const names[4] = {"p@box", "a@box", "e@box", "f@box"};
    static const double exact[4] = {0.295400, 2.080510, 0.511204, 0.409867};
    // of the exact twin at this N: r2_baker_test
    static const double spread[4] = {0.028, 0.116, 0.0675, 0.030};
    world w;
    world_begin(&w, CASE_B, 1e4);
    w.def.seed = 205;
    w.def.field_step_min = 1440.0 * 0.02;
    w.def.cell_limit = 1000000;
    world_start_agents(&w);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 20.0 * 1440.0));
    for (int i = 0; i < 4; i++) {
        const double found = world_value(&w, st_model_find_state(w.model, names[i])) / 1e4;
        print_message("seed 205, %s at t = 20: %.4f (engine %.4f, twin's spread %.4f)\n", names[i],
                      found, exact[i], spread[i]);
        assert_true(fabs(found - exact[i]) <= 4.0 * spread[i] + 0.03 * exact[i]);
    }
    assert_true(world_end(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_follow_the_limit_cycle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
