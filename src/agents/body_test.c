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

#define PERSISTENCE_MIN 30.0
#define SPEED           0.5 ///< um/min

/// A walk: what bends it, how time is cut, how long.
typedef struct walking {
    double bias, guidance, step_min, days;
    bool has_gradient;
    int workers;
} walking;

/// What 1500 walkers from the middle of a box of 2 mm did: mean way and mean squares by axis.
typedef struct ways {
    double mean[3], squares[3];
    uint64_t hash;
} ways;

enum { WALKERS_COUNT = 1500 };

static void begin_walk(world* w, const walking* how, st_agent_type* type)
{
    static const double along_z[3] = {0.0, 0.0, 1.0};
    static const double knot = 0.0;
    static const st_boundary none = {.region = ST_REGION_BOX,
                                     .kind = ST_BOUNDARY_FIXED,
                                     .knot_count = 1,
                                     .knot_min = &knot,
                                     .knot_M = &knot};
    const int n[3] = {20, 20, 20};
    char text[1024];
    char value[32];
    snprintf(value, sizeof value, "%g", how->bias);
    snprintf(text, sizeof text, WALKERS, value);
    block_begin(w, text, n, 100.0, how->has_gradient ? 1.0 : 1e3, &none, ST_FIELD_TRANSIENT);
    for (int x = 0; x < 20 && how->has_gradient; x++) {
        for (int i = 0; i < 400; i++) {
            const int voxel[3] = {x, i % 20, i / 20};
            world_check(w, st_tissue_set_level(w->ctx, w->tissue, 0, voxel, 1e-6 * x));
        }
    }
    *type = st_default_agent_type();
    type->name = "c";
    type->persistence_min = PERSISTENCE_MIN;
    type->guidance = how->guidance;
    type->body.repulsion_um_per_min = 0.0;
    type->body.adhesion_um_per_min = 0.0;
    type->body.wall_um_per_min = 0.0;
    w->def.type = type;
    w->def.type_count = 1;
    w->def.fibre[1] = along_z;
    w->def.field_step_min = how->step_min;
    w->def.seed = 501;
    w->def.fill_limit = 10.0;
    w->def.worker_count = how->workers;
}

static ways let_walk(const walking* how)
{
    const st_shape middle = {
        .kind = ST_SHAPE_BALL, .centre_um = {1000.0, 1000.0, 1000.0}, .size_um = {300.0}};
    ways out = {.hash = 0};
    st_agent_type type;
    world w;
    begin_walk(&w, how, &type);
    world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
    world_check(&w, st_agents_place(w.ctx, w.agents, "c@box", WALKERS_COUNT, &middle));
    st_cells* cells = st_agents_cells(w.agents);
    double(*start)[3] = calloc(WALKERS_COUNT + 1, sizeof *start);
    for (int64_t s = 0; s < WALKERS_COUNT; s++) {
        double at[3];
        st_cells_position(cells, s, at);
        memcpy(start[st_cells_id(cells, s)], at, sizeof at);
    }
    world_check(&w, st_agents_advance(w.ctx, w.agents, how->days * 1440.0));
    for (int64_t s = 0; s < WALKERS_COUNT; s++) {
        double at[3];
        st_cells_position(cells, s, at);
        for (int i = 0; i < 3; i++) {
            const double d = at[i] - start[st_cells_id(cells, s)][i];
            out.mean[i] += d / WALKERS_COUNT;
            out.squares[i] += d * d / WALKERS_COUNT;
        }
    }
    free(start);
    out.hash = st_agents_hash(w.agents);
    assert_true(world_end(&w));
    return out;
}

/// Steps from a tenth of the persistence to 24 times as long: how time is cut leaves no trace.
static const double STEP_OVER_PERSISTENCE[] = {0.1, 1.0, 4.0, 24.0};

static void walkers_spread_as_a_persistent_walk(void** state)
{
    (void)state;
    const double t = 2880.0;
    const double T = PERSISTENCE_MIN;
    const double exact = 2.0 * SPEED * SPEED * T * (t - T * (1.0 - exp(-t / T)));
    for (int k = 0; k < 4; k++) {
        const double ratio = STEP_OVER_PERSISTENCE[k];
        const walking how = {.step_min = ratio * T, .days = t / 1440.0, .workers = 1};
        const ways w = let_walk(&how);
        const double measured = w.squares[0] + w.squares[1] + w.squares[2];
        // one walker's r^2 has a spread of about sqrt(2/3) of its mean
        const double error = exact * sqrt(2.0 / 3.0 / WALKERS_COUNT);
        print_message("seed 501, step / persistence %4.1f: <r^2> %.0f um^2 (exact %.0f +- %.0f)\n",
                      ratio, measured, exact, error);
        assert_true(fabs(measured - exact) < 3.0 * error);
        for (int i = 0; i < 3; i++) {
            assert_true(fabs(w.mean[i]) < 4.0 * sqrt(exact / 3.0 / WALKERS_COUNT));
            assert_true(fabs(w.squares[i] - exact / 3.0) <
                        4.0 * exact / 3.0 * sqrt(2.0 / WALKERS_COUNT));
        }
    }
}

/// Half random, half directed: r + g has a mean of 1 - 1/3 along g once it is a unit vector (the
/// mean over a sphere of |g + r| is |g| + 1/(3 |g|) for |g| >= |r|), so the drift is 2/3 of the
/// speed however time is cut.
static void walkers_drift_alike_in_short_and_long_steps(void** state)
{
    (void)state;
    const double exact = 2.0 / 3.0 * SPEED * 1440.0;
    for (int k = 0; k < 4; k++) {
        const double ratio = STEP_OVER_PERSISTENCE[k];
        const walking how = {.bias = 0.5,
                             .step_min = ratio * PERSISTENCE_MIN,
                             .days = 1.0,
                             .has_gradient = true,
                             .workers = 1};
        const ways w = let_walk(&how);
        const double error = sqrt((w.squares[0] - w.mean[0] * w.mean[0]) / WALKERS_COUNT);
        print_message("seed 501, step / persistence %4.1f: drift %.1f um (exact %.1f +- %.1f)\n",
                      ratio, w.mean[0], exact, error);
        assert_true(fabs(w.mean[0] - exact) < 3.0 * error);
        assert_true(error < 0.02 * exact);
    }
}

static void walkers_follow_a_gradient_and_fibres(void** state)
{
    (void)state;
    walking how = {.bias = 1.0, .step_min = 6.0, .days = 0.25, .has_gradient = true, .workers = 1};
    ways w = let_walk(&how); // all of the motion is directed
    print_message("directed: %.1f um up the gradient of %.1f\n", w.mean[0], SPEED * 360.0);
    assert_true(w.mean[0] > 0.85 * 180.0 && w.mean[0] < 1.001 * 180.0);
    how = (walking){.guidance = 0.9, .step_min = 6.0, .days = 0.25, .workers = 1};
    w = let_walk(&how);
    print_message("along fibres: <z^2> %.1f, <x^2> + <y^2> %.1f um^2\n", w.squares[2],
                  w.squares[0] + w.squares[1]);
    assert_true(w.squares[2] > 20.0 * (w.squares[0] + w.squares[1]));
}

static void the_bytes_of_a_walk_do_not_depend_on_workers(void** state)
{
    (void)state;
    uint64_t hash = 0;
    for (int workers = 1; workers <= 3; workers++) {
        const walking how = {.bias = 0.3,
                             .guidance = 0.2,
                             .step_min = 720.0,
                             .days = 1.5,
                             .has_gradient = true,
                             .workers = workers};
        const ways w = let_walk(&how);
        assert_true(workers == 1 || w.hash == hash);
        hash = w.hash;
    }
}

/// 1000 turns a step are drawn, more are refused; cells that do not walk may have any persistence.
static void too_many_turns_are_refused(void** state)
{
    (void)state;
    const walking how = {.step_min = 30.0 * 1001.0, .workers = 1};
    st_agent_type type;
    world w;
    begin_walk(&w, &how, &type);
    assert_int_equal(st_agents_create(w.ctx, &w.def, &w.agents), ST_ERR_INPUT);
    const char* said = st_ctx_message(w.ctx, st_ctx_message_count(w.ctx) - 1);
    assert_non_null(strstr(said, "c@box"));
    assert_non_null(strstr(said, "about 1001 times"));
    w.def.field_step_min = 30.0 * 1000.0;
    world_check(&w, st_agents_create(w.ctx, &w.def, &w.agents));
    assert_true(world_end(&w));
}

// --- growth
// ------------------------------------------------------------------------------------------

/// A division halves the volume; it comes back with the time constant. Matrix holds by 1 - m.
static void daughters_grow_back(void** state)
{
    (void)state;
    const int n[3] = {8, 8, 8};
    world w;
    block_begin(&w, world_growers(), n, 100.0, 0.0, NULL, ST_FIELD_TRANSIENT);
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
        cmocka_unit_test(walkers_drift_alike_in_short_and_long_steps),
        cmocka_unit_test(walkers_follow_a_gradient_and_fibres),
        cmocka_unit_test(the_bytes_of_a_walk_do_not_depend_on_workers),
        cmocka_unit_test(too_many_turns_are_refused),
        cmocka_unit_test(daughters_grow_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
