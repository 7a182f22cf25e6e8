// Verification R1: for every kind of term, the stochastic twin of N cells against the population
// engine. |mean - engine| <= 4 standard errors + C scale / N, and the spread falls as N^-1/2
// (slope -0.5 +- 0.05) for every state that spreads.                               POP-7, POP-8

#include "stroma/population.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// One model per kind of term. C is 0 where all rates are linear: then the mean is exact.
static const struct scene {
    const char* name;
    const char* body;
    double c;
    double day;
} SCENES[] = {
    {"die",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.7 1/day, assumed: any } } } }\n",
     0, 1},
    {"divide",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { divide: { value: 0.5 1/day, assumed: any } } } }\n",
     0, 1},
    {"recruit",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { recruit: { value: 300 cells/mL/day, assumed: any }, "
     "die: { value: 0.5 1/day, assumed: any } } } }\n",
     0, 1},
    {"become",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { become.d: { value: 0.7 1/day, assumed: any } } }, "
     "d: { in: { box: { value: 1000 cells, assumed: any } } } }\n",
     0, 1},
    {"become in another place",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { become.d@tube: { value: 0.7 1/day, assumed: any } } }, "
     "d: { in: { tube: { value: 500 cells, assumed: any } } } }\n",
     0, 1},
    {"move",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any }, "
     "tube: { value: 400 cells, assumed: any } }, "
     "behaviours: { move@tube: { value: 0.7 1/day, assumed: any } } } }\n",
     0, 1},
    {"secrete",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { secrete.x: { value: 1.5e-3 nmol/cell/day, assumed: any }, "
     "die: { value: 0.5 1/day, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "decay: { value: 0.5 1/day, assumed: any } } }\n",
     0, 1},
    {"secrete into another place",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { secrete.x@tube: { value: 3e-4 nmol/cell/day, assumed: any } } } }\n"
     "substrates: { x: { in: { tube: { value: 1 uM, assumed: any } } } }\n",
     0, 1},
    {"relax",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "relax.x: { value: 2e-3 mL/cell/day, target: { value: 3 uM, assumed: any }, "
     "assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n",
     3, 1},
    {"take up",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "take_up.x: { value: 1.5e-3 mL/cell/day, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n",
     2, 1},
    {"consume",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "consume.x: { value: 2e-3 nmol/cell/day, half: { value: 0.6 uM, assumed: any }, "
     "assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n",
     2, 1},
    {"deposit",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { deposit.m: { value: 1e-3 mL/cell/day, assumed: any } } } }\n"
     "matrix: { m: { in: { box: { value: 0.2, assumed: any } }, max: 1 } }\n",
     2, 1},
    {"degrade",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { degrade.m: { value: 1e-3 mL/cell/day, assumed: any } } } }\n"
     "matrix: { m: { in: { box: { value: 0.9, assumed: any } } } }\n",
     2, 1},
    {"engulf",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { divide: { value: 0.3 1/day, assumed: any }, "
     "engulf.d: { value: 1e-3 mL/cell/day, assumed: any } } }, "
     "d: { in: { box: { value: 1000 cells, assumed: any } } } }\n",
     2, 1},
    {"turn",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.3 1/day, assumed: any }, "
     "turn.d.e: { value: 1e-3 mL/cell/day, assumed: any } } }, "
     "d: { in: { box: { value: 1000 cells, assumed: any } } }, "
     "e: { in: { box: { value: 1000 cells, assumed: any } } } }\n",
     2, 1},
    {"decay and supply",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "decay: { value: 1 1/day, assumed: any }, supply: { value: 0.5 uM/day, assumed: any } } }\n",
     0, 1},
    {"reaction",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } }, "
     "y: { in: { box: { value: 0.8 uM, assumed: any } } }, "
     "z: { in: { box: { value: 0.5 uM, assumed: any } } } }\n"
     "reactions:\n"
     "  - { name: bind, in: box, consume: { x: 1, y: 1 }, produce: { z: 1 }, "
     "rate: '[1 1/uM/day] * x * y - [0.5 1/day] * z', assumed: any }\n",
     2, 1},
    {"reaction of two",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } }, "
     "y: { in: { box: { value: 0.5 uM, assumed: any } } } }\n"
     "reactions:\n"
     "  - { name: pair, in: box, consume: { x: 2 }, produce: { y: 1 }, "
     "rate: '[0.5 1/uM/day] * x * x', assumed: any }\n",
     3, 1},
    {"exchange",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any }, "
     "tube: { value: 2 uM, assumed: any } } } }\n"
     "exchanges:\n"
     "  - { substrate: x, from: box, to: tube, permeability: 0.6 mL/day, partition: 2, "
     "flow: 0.3 mL/day, assumed: any }\n",
     0, 1},
    {"exchange to lymph",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n"
     "exchanges:\n"
     "  - { substrate: x, from: box, to: none, flow: 1 mL/day, assumed: any }\n",
     0, 1},
    {"rules",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { become.d: { value: 0.2 1/day, assumed: any } } }, "
     "d: { in: { box: { value: 1000 cells, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "decay: { value: 0.5 1/day, assumed: any } } }\n"
     "rules:\n"
     "  - { cell: c, signal: x, increases: become.d, toward: 1.5 1/day, half_max: 0.7 uM, "
     "hill: 2, assumed: any }\n"
     "  - { cell: c, signal: density.d, decreases: become.d, toward: 0 1/day, "
     "half_max: 600 cells/mL, hill: 2, assumed: any }\n",
     2, 1},
    {"variable and definition",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "decay: { value: 0.5 1/day, assumed: any } } }\n"
     "definitions: { goal: { is: '2 * x@box / [1 uM]', unit: 1 } }\n"
     "variables: { u: { start: { value: 1, assumed: any }, unit: 1, "
     "rate: '(goal - u) / [0.5 day]' } }\n",
     0, 1},
    {"logistic variable",
     "variables: { u: { start: { value: 0.5, assumed: any }, unit: 1, typical: 1, "
     "rate: '[1.5 1/day] * u * (1 - u)' } }\n",
     2, 1},
    {"event",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.7 1/day, assumed: any } } } }\n"
     "events:\n"
     "  - { name: more, at: 0.3 day, add: { c@box: 500 cells } }\n"
     "  - { name: part, at: 0.6 day, scale: { c@box: 0.8 } }\n",
     0, 1},
    {"input",
     "inputs: { load: { start: 1 } }\n"
     "matrix: { m: { in: { box: { value: 0.9, assumed: any } } } }\n"
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.1 1/day, assumed: any }, "
     "degrade.m: '[5e-4 mL/cell/day] * load' } } }\n",
     2, 1},
    {"dose",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, molar_mass: 1 kDa, "
     "decay: { value: 0.8 1/day, assumed: any } } }\n"
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: { value: 0.7 1/day, assumed: any } } } }\n"
     "doses: { drug: { into: x@box }, cell: { alive: c@box } }\n",
     0, 1},
    {"stages of a way",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { become.d: { value: 1.2 1/day, stages: 3, assumed: any } } }, "
     "d: { in: { box: { value: 1000 cells, assumed: any } } } }\n",
     0, 1},
    {"stages of division",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { divide: { value: 0.9 1/day, stages: 2, assumed: any } } } }\n",
     0, 1},
    {"contact and suppression",
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { contact.d: { value: 8e-4 mL/cell/day, assumed: any }, "
     "suppress.e.d: { value: 6e-4 mL/cell/day, assumed: any }, "
     "die: { value: 0.2 1/day, assumed: any } } }, "
     "d: { in: { box: { value: 1000 cells, assumed: any } } }, "
     "e: { in: { box: { value: 1000 cells, assumed: any } } } }\n",
     2, 1},
    {"response",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "decay: { value: 0.5 1/day, assumed: any } } }\n"
     "responses:\n"
     "  relief: { unit: 1, start: { value: 0.2, assumed: any }, typical: 1, "
     "toward: 'x@box / [1 uM]', tau: 0.5 day, assumed: any }\n",
     0, 1},
    {"threshold event",
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "supply: { value: 1.5 uM/day, assumed: any }, "
     "decay: { value: 0.2 1/day, assumed: any } } }\n"
     "events:\n"
     "  - { name: tap, when: 'x@box > [1.3 uM]', once: true, scale: { x@box: 0.5 } }\n",
     5, 0.8},
    {"planned input",
     "inputs: { load: { start: 1, plan: [ { at: 0.2 day, value: 2 }, "
     "{ at: 0.7 day, value: 0.5 } ] } }\n"
     "cells: { c: { in: { box: { value: 1000 cells, assumed: any } }, "
     "behaviours: { die: '[0.4 1/day] * load' } } }\n",
     0, 1},
};
#define SCENE_COUNT ((int)(sizeof SCENES / sizeof SCENES[0]))
#define STATES      6
#define ROUNDS      3
#define SEED        31

static const double SIZE[ROUNDS] = {1e2, 1e3, 1e4};
static const int RUNS[ROUNDS] = {1000, 300, 150};

typedef struct spread {
    double mean[STATES], sd[STATES];
} spread;

/// Everything that a course of a scene needs.
typedef struct stage {
    st_model* model;
    double parameter[16], input[4];
    st_action action[4];
    int action_count;
    double day;
} stage;

static void set_up(st_ctx* ctx, const struct scene* scene, stage* s)
{
    char text[4096];
    const int length = snprintf(text, sizeof text,
                                "model: %s\n"
                                "places: { box: { volume: { value: 2 mL, assumed: any } }, "
                                "tube: { volume: { value: 0.5 mL, assumed: any } } }\n"
                                "%s",
                                scene->name, scene->body);
    memset(s, 0, sizeof *s);
    const st_status status =
        st_model_parse(ctx, scene->name, text, (size_t)length, NULL, &s->model);
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        print_message("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
    assert_true(st_model_state_count(s->model) <= STATES);
    for (int i = 0; i < st_model_parameter_count(s->model); i++) {
        s->parameter[i] = st_model_parameter(s->model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(s->model); i++) {
        s->input[i] = st_model_input(s->model, i)->value;
        s->action[s->action_count++] = (st_action){
            .day = 0.4, .kind = ST_ACTION_INPUT, .index = i, .value = 3.0 * s->input[i]};
    }
    double add[STATES] = {0};
    for (int d = 0; d < st_model_dose_count(s->model); d++) {
        const double amount = st_model_dose(s->model, d)->is_cell ? 700.0 : 1.5e-6; // cells or g
        st_model_dose_add(s->model, d, amount, 0.0, 0.0, s->parameter, s->input, add);
    }
    for (int i = 0; i < STATES; i++) {
        if (add[i] > 0.0) {
            s->action[s->action_count++] =
                (st_action){.day = 0.25, .kind = ST_ACTION_ADD, .index = i, .value = add[i]};
        }
    }
    s->day = scene->day;
}

static st_course course_of(const stage* s, double* sample)
{
    return (st_course){.parameter = s->parameter,
                       .input = s->input,
                       .action = s->action,
                       .action_count = s->action_count,
                       .end_day = s->day,
                       .sample_day = &s->day,
                       .sample_count = 1,
                       .sample = sample};
}

static void run_engine(st_ctx* ctx, const stage* s, double* out)
{
    double sample[2 * STATES];
    st_population_def def = st_default_population_def();
    st_population* p = NULL;
    def.relative_tolerance = 1e-9;
    def.absolute_tolerance = 1e-11;
    assert_int_equal(st_population_create(ctx, s->model, &def, &p), ST_OK);
    st_course course = course_of(s, sample);
    assert_int_equal(st_population_solve(p, &course, 1), ST_OK);
    assert_int_equal(course.status, ST_OK);
    memcpy(out, sample, (size_t)st_model_state_count(s->model) * sizeof *out);
    st_population_destroy(p);
}

static void run_twin(st_ctx* ctx, const stage* s, double size, int runs, uint64_t seed, spread* out)
{
    const int n = st_model_state_count(s->model);
    const int width = n + st_model_definition_count(s->model);
    st_course* course = calloc((size_t)runs, sizeof *course);
    double* sample = calloc((size_t)(runs * width), sizeof *sample);
    assert_true(course && sample);
    for (int r = 0; r < runs; r++) {
        course[r] = course_of(s, sample + r * width);
    }
    st_ssa_def def = st_default_ssa_def();
    def.cells = size;
    def.seed = seed;
    assert_int_equal(st_ssa_solve_runs(ctx, s->model, &def, course, runs, 0), ST_OK);
    memset(out, 0, sizeof *out);
    for (int i = 0; i < n; i++) {
        for (int r = 0; r < runs; r++) {
            assert_int_equal(course[r].status, ST_OK);
            out->mean[i] += sample[r * width + i] / runs;
        }
        for (int r = 0; r < runs; r++) {
            const double d = sample[r * width + i] - out->mean[i];
            out->sd[i] += d * d / (runs - 1);
        }
        out->sd[i] = sqrt(out->sd[i]);
    }
    free(course);
    free(sample);
}

/// Slope of ln sd over ln N by least squares; the sizes are equally far apart.
static double slope_of(const spread* rounds, int state)
{
    return (log(rounds[2].sd[state]) - log(rounds[0].sd[state])) / (log(SIZE[2]) - log(SIZE[0]));
}

static void the_twin_agrees_for_every_kind_of_term(void** state)
{
    (void)state;
    int mistakes = 0;
    print_message("seed 31 and following; runs 1000, 300, 150 of N = 1e2, 1e3, 1e4\n");
    for (int k = 0; k < SCENE_COUNT; k++) {
        st_ctx* ctx = st_ctx_create();
        stage s;
        double exact[STATES];
        spread rounds[ROUNDS];
        set_up(ctx, &SCENES[k], &s);
        run_engine(ctx, &s, exact);
        for (int j = 0; j < ROUNDS; j++) {
            run_twin(ctx, &s, SIZE[j], RUNS[j], SEED + (uint64_t)k, &rounds[j]);
        }
        int spreading = 0;
        for (int i = 0; i < st_model_state_count(s.model); i++) {
            const st_state_info* info = st_model_state(s.model, i);
            for (int j = 0; j < ROUNDS; j++) {
                const double bias = fabs(rounds[j].mean[i] - exact[i]);
                const double bound = 4.0 * rounds[j].sd[i] / sqrt(RUNS[j]) +
                                     SCENES[k].c * info->scale / SIZE[j] + 1e-6 * info->scale;
                if (!(bias <= bound)) {
                    print_message("%s, %s, N %g: mean %g, engine %g, bound %g\n", SCENES[k].name,
                                  info->name, SIZE[j], rounds[j].mean[i], exact[i], bound);
                    mistakes++;
                }
            }
            if (rounds[0].sd[i] > 0.0) {
                const double slope = slope_of(rounds, i);
                spreading++;
                print_message("%-28s %-8s engine %-10.5g N=1e4 %-10.5g sd %-9.3g slope %.3f\n",
                              SCENES[k].name, info->name, exact[i], rounds[2].mean[i],
                              rounds[2].sd[i], slope);
                mistakes += fabs(slope + 0.5) <= 0.05 ? 0 : 1;
            }
        }
        assert_true(spreading > 0); // a scene without chance would prove nothing
        st_model_destroy(s.model);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
    assert_int_equal(mistakes, 0);
}

/// Every kind of term of the language stands in some scene.
static void no_kind_of_term_is_left_out(void** state)
{
    (void)state;
    bool seen[ST_TERM_OTHER + 1] = {false};
    for (int k = 0; k < SCENE_COUNT; k++) {
        st_ctx* ctx = st_ctx_create();
        stage s;
        set_up(ctx, &SCENES[k], &s);
        for (int c = 0; c < st_model_channel_count(s.model); c++) {
            seen[st_model_channel(s.model, c)->kind] = true;
        }
        st_model_destroy(s.model);
        st_ctx_destroy(ctx);
    }
    for (int kind = 0; kind < ST_TERM_OTHER; kind++) {
        if (!seen[kind]) {
            print_message("no scene for %s\n", st_term_kind_name((st_term_kind)kind));
        }
        assert_true(seen[kind]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_kind_of_term_is_left_out),
        cmocka_unit_test(the_twin_agrees_for_every_kind_of_term),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
