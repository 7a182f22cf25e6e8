// Bodies of single cells: a persistent walk, toward a gradient, along fibres; growth after a
// division; matrix that holds.                                                    AGT-5, AGT-6

#include "agents/well_mixed.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// --- walking
// -----------------------------------------------------------------------------------------

static const char WALKERS[] =
    "model: Walkers\n"
    "places: { box: { volume: { value: 8e-3 mL, assumed: any } } }\n"
    "substrates: { x: { in: { box: 0 } } }\n"
    "cells: { c: { in: { box: 0 }, behaviours: { migrate: { value: 30 um/h, assumed: any }, "
    "bias: { value: %s, assumed: any }, follow.x: { value: 1, assumed: any } } } }\n";

/// Walkers from the middle of a box of 2 mm; gives mean displacement and mean squares by axis.
static void let_walk(double bias, double guidance, double days, bool has_gradient, double mean[3],
                     double squares[3])
{
    enum { WALKERS_COUNT = 1500 };
    const int n[3] = {20, 20, 20};
    const double along_z[3] = {0.0, 0.0, 1.0};
    const double knot = 0.0;
    const st_shape middle = {
        .kind = ST_SHAPE_BALL, .centre_um = {1000.0, 1000.0, 1000.0}, .size_um = {300.0}};
    const st_boundary none = {.region = ST_REGION_BOX,
                              .kind = ST_BOUNDARY_FIXED,
                              .knot_count = 1,
                              .knot_min = &knot,
                              .knot_M = &knot};
    char text[1024];
    char value[32];
    world w;
    snprintf(value, sizeof value, "%g", bias);
    snprintf(text, sizeof text, WALKERS, value);
    block_begin(&w, text, n, 100.0, 1e3, &none, ST_FIELD_TRANSIENT);
    for (int x = 0; x < 20 && has_gradient; x++) {
        for (int i = 0; i < 400; i++) {
            const int voxel[3] = {x, i % 20, i / 20};
            world_check(&w, st_tissue_set_level(w.ctx, w.tissue, 0, voxel, 1e-6 * x));
        }
    }
    st_agent_type type = st_default_agent_type();
    type.name = "c";
    type.persistence_min = 30.0;
    type.guidance = guidance;
    type.body.repulsion_um_per_min = 0.0;
    type.body.adhesion_um_per_min = 0.0;
    type.body.wall_um_per_min = 0.0;
    w.def.type = &type;
    w.def.type_count = 1;
    w.def.fibre[1] = along_z;
    w.def.field_step_min = 6.0;
    w.def.seed = 501;
    w.def.fill_limit = 10.0;
    world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
    world_check(&w, st_agents_place(w.ctx, w.agents, "c@box", WALKERS_COUNT, &middle));
    st_cells* cells = st_agents_cells(w.agents);
    double(*start)[3] = calloc(WALKERS_COUNT + 1, sizeof *start);
    for (int64_t s = 0; s < WALKERS_COUNT; s++) {
        double at[3];
        st_cells_position(cells, s, at);
        memcpy(start[st_cells_id(cells, s)], at, sizeof at);
    }
    world_check(&w, st_agents_advance(w.ctx, w.agents, days * 1440.0));
    for (int i = 0; i < 3; i++) {
        mean[i] = 0.0;
        squares[i] = 0.0;
    }
    for (int64_t s = 0; s < WALKERS_COUNT; s++) {
        double at[3];
        st_cells_position(cells, s, at);
        for (int i = 0; i < 3; i++) {
            const double d = at[i] - start[st_cells_id(cells, s)][i];
            mean[i] += d / WALKERS_COUNT;
            squares[i] += d * d / WALKERS_COUNT;
        }
    }
    free(start);
    assert_true(world_end(&w));
}

/// <r^2> of a walk with turns in discrete steps h: 2 s^2 times the sum of all correlations q^k.
static double walk_squares(double speed, double step, double persistence, double time)
{
    const double q = exp(-step / persistence);
    const int n = (int)(time / step + 0.5);
    double sum = n;
    for (int k = 1; k < n; k++) {
        sum += 2.0 * (n - k) * pow(q, k);
    }
    return speed * speed * step * step * sum;
}

static void walkers_spread_as_a_persistent_walk(void** state)
{
    (void)state;
    double mean[3];
    double squares[3];
    let_walk(0.0, 0.0, 0.5, false, mean, squares);
    const double measured = squares[0] + squares[1] + squares[2];
    const double exact = walk_squares(0.5, 6.0, 30.0, 720.0);
    // one walker's r^2 has a spread of about sqrt(2/3) of its mean
    print_message("seed 501: <r^2> %.1f um^2 (exact %.1f)\n", measured, exact);
    assert_true(fabs(measured - exact) < 3.0 * exact * sqrt(2.0 / 3.0 / 1500.0));
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(mean[i]) < 4.0 * sqrt(exact / 3.0 / 1500.0));
    }
}

static void walkers_follow_a_gradient_and_fibres(void** state)
{
    (void)state;
    double mean[3];
    double squares[3];
    let_walk(1.0, 0.0, 0.25, true, mean, squares); // all of the motion is directed
    print_message("directed: %.1f um up the gradient of %.1f\n", mean[0], 0.5 * 360.0);
    assert_true(mean[0] > 0.85 * 180.0 && mean[0] < 1.001 * 180.0);
    let_walk(0.0, 0.9, 0.25, false, mean, squares);
    print_message("along fibres: <z^2> %.1f, <x^2> + <y^2> %.1f um^2\n", squares[2],
                  squares[0] + squares[1]);
    assert_true(squares[2] > 20.0 * (squares[0] + squares[1]));
}

// --- growth
// ------------------------------------------------------------------------------------------

static const char GROWERS[] = "model: Growers\n"
                              "places: { box: { volume: { value: 5.12e-4 mL, assumed: any } } }\n"
                              "matrix: { m: { in: { box: { value: 0.25, assumed: any } } } }\n"
                              "cells: { c: { in: { box: { value: 50 cells, assumed: any } }, "
                              "behaviours: { divide: { value: 2 1/day, assumed: any } } } }\n";

/// A division halves the volume; it comes back with the time constant. Matrix holds by 1 - m.
static void daughters_grow_back(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    world w;
    block_begin(&w, GROWERS, n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
    st_agent_type type = st_default_agent_type();
    type.name = "c";
    type.growth_min = 360.0;
    type.held_by = "m";
    w.def.type = &type;
    w.def.type_count = 1;
    w.def.field_step_min = 30.0;
    world_start_agents(&w);
    st_cells* cells = st_agents_cells(w.agents);
    world_check(&w, st_agents_advance(w.ctx, w.agents, 720.0));
    int halves = 0;
    for (int64_t s = 0; s < st_cells_count(cells); s++) {
        const double volume = st_cells_volume(cells, s) / type.body.volume_um3;
        halves += volume < 0.9 ? 1 : 0;
        assert_true(volume > 0.02 && volume < 1.001);
        assert_true(fabs((double)st_cells_hold(cells)[s] - 0.75) < 1e-6);
    }
    assert_true(halves > 5);
    assert_true(st_cells_count(cells) > 80);
    assert_true(world_end(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walkers_spread_as_a_persistent_walk),
        cmocka_unit_test(walkers_follow_a_gradient_and_fibres),
        cmocka_unit_test(daughters_grow_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
