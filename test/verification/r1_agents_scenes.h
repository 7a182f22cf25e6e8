/// \file
/// Verification R1 with single cells in tissue: for every kind of term, N cells in a well-mixed box
/// of voxels against the population engine. |mean - engine| <= 4 standard errors + C scale / N +
/// E scale dt, and the spread falls as N^-1/2. R1_PART says which half of the scenes a test runs.
///
/// By itself 80, 40 and 16 runs of N = 1e2, 1e3 and 1e4. Before a release, by hand:
///   STROMA_R1_RUNS=100   so many runs of each N (2 ... 10000)
///   STROMA_R1_LARGE=16   so many runs of N = 1e5 as well, of the scenes that have `is_large`
/// Where a run is long, the table that it prints goes to docs/agents.md.
#ifndef ST_R1_AGENTS_SCENES_H
#define ST_R1_AGENTS_SCENES_H

#include "agents/well_mixed.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/// #N is the number of cells, #H half of it; the box has 2 mL for every 1000 cells. C is 0 where
/// all rates are linear, E is 0 where cells act on cells alone: then any step is exact.
static const struct scene {
    const char* name;
    const char* body;
    double c, e;
    int steps;
    bool is_large; ///< run with 1e5 cells before a release
} SCENES[] = {
    {"die",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.7 1/day, assumed: any } } } }\n",
     0, 0, 4, false},
    {"divide",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { divide: { value: 0.5 1/day, assumed: any } } } }\n",
     0, 0, 4, true},
    {"recruit",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { recruit: { value: 300 cells/mL/day, assumed: any }, "
     "die: { value: 0.5 1/day, assumed: any } } } }\n",
     0, 0.25, 50, false},
    {"become",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { become.d: { value: 0.7 1/day, assumed: any } } }, "
     "d: { in: { box: { value: #N cells, assumed: any } } } }\n",
     0, 0, 4, false},
    {"become in another place",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { become.d@tube: { value: 0.7 1/day, assumed: any } } }, "
     "d: { in: { tube: { value: #H cells, assumed: any } } } }\n",
     0, 0, 4, false},
    {"move",
     "cells: { c: { in: { box: { value: #N cells, assumed: any }, "
     "tube: { value: #H cells, assumed: any } }, "
     "behaviours: { move@tube: { value: 0.7 1/day, assumed: any } } } }\n",
     0, 0, 4, false},
    {"secrete",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { secrete.x: { value: 1.5e-3 nmol/cell/day, assumed: any }, "
     "die: { value: 0.5 1/day, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "decay: { value: 0.5 1/day, assumed: any } } }\n",
     0, 0.25, 50, false},
    {"secrete into another place",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { secrete.x@tube: { value: 3e-4 nmol/cell/day, assumed: any }, "
     "die: { value: 0.5 1/day, assumed: any } } } }\n"
     "substrates: { x: { in: { tube: { value: 1 uM, assumed: any } } } }\n",
     0, 0.25, 50, false},
    {"relax",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "relax.x: { value: 2e-3 mL/cell/day, target: { value: 3 uM, assumed: any }, "
     "assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n",
     3, 0.25, 50, false},
    {"take up",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "take_up.x: { value: 1.5e-3 mL/cell/day, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n",
     2, 0.25, 50, false},
    {"consume",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "consume.x: { value: 2e-3 nmol/cell/day, half: { value: 0.6 uM, assumed: any }, "
     "assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } } }\n",
     2, 0.25, 50, true},
    {"deposit",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "deposit.m: { value: 1e-3 mL/cell/day, assumed: any } } } }\n"
     "matrix: { m: { in: { box: { value: 0.2, assumed: any } }, max: 1 } }\n",
     16, 0.25, 50, false},
    {"degrade",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "degrade.m: { value: 1e-3 mL/cell/day, assumed: any } } } }\n"
     "matrix: { m: { in: { box: { value: 0.9, assumed: any } } } }\n",
     4, 0.25, 50, false},
    {"engulf",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { divide: { value: 0.3 1/day, assumed: any }, "
     "engulf.d: { value: 1e-3 mL/cell/day, assumed: any } } }, "
     "d: { in: { box: { value: #N cells, assumed: any } } } }\n",
     2, 0.25, 50, true},
    {"turn",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.3 1/day, assumed: any }, "
     "turn.d.e: { value: 1e-3 mL/cell/day, assumed: any } } }, "
     "d: { in: { box: { value: #N cells, assumed: any } } }, "
     "e: { in: { box: { value: #N cells, assumed: any } } } }\n",
     2, 0.25, 50, false},
    {"contact and suppression",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { contact.d: { value: 8e-4 mL/cell/day, assumed: any }, "
     "suppress.e.d: { value: 6e-4 mL/cell/day, assumed: any }, "
     "die: { value: 0.2 1/day, assumed: any } } }, "
     "d: { in: { box: { value: #N cells, assumed: any } } }, "
     "e: { in: { box: { value: #N cells, assumed: any } } } }\n",
     2, 0.25, 50, false},
    {"decay, supply and exchange",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "secrete.x: { value: 1e-3 nmol/cell/day, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any }, "
     "tube: { value: 2 uM, assumed: any } }, decay: { value: 1 1/day, assumed: any }, "
     "supply: { value: 0.5 uM/day, assumed: any } } }\n"
     "exchanges:\n"
     "  - { substrate: x, from: box, to: tube, permeability: #E mL/day, partition: 2, "
     "assumed: any }\n"
     "  - { substrate: x, from: box, to: none, flow: #E mL/day, assumed: any }\n",
     0, 0.25, 50, false},
    {"reaction",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { die: { value: 0.5 1/day, assumed: any }, "
     "secrete.x: { value: 1e-3 nmol/cell/day, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } } }, "
     "y: { in: { box: { value: 0.8 uM, assumed: any } } }, "
     "z: { in: { box: { value: 0.5 uM, assumed: any } } } }\n"
     "reactions:\n"
     "  - { name: bind, in: box, consume: { x: 1, y: 1 }, produce: { z: 1 }, "
     "rate: '[1 1/uM/day] * x * y - [0.5 1/day] * z', assumed: any }\n",
     2, 0.25, 50, false},
    {"rules",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { become.d: { value: 0.2 1/day, assumed: any } } }, "
     "d: { in: { box: { value: #N cells, assumed: any } } } }\n"
     "substrates: { x: { in: { box: { value: 1 uM, assumed: any } }, "
     "decay: { value: 0.5 1/day, assumed: any } } }\n"
     "rules:\n"
     "  - { cell: c, signal: x, increases: become.d, toward: 1.5 1/day, half_max: 0.7 uM, "
     "hill: 2, assumed: any }\n"
     "  - { cell: c, signal: density.d, decreases: become.d, toward: 0 1/day, "
     "half_max: 600 cells/mL, hill: 2, assumed: any }\n",
     2, 0.25, 50, false},
    {"stages of a way",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { become.d: { value: 1.2 1/day, stages: 3, assumed: any } } }, "
     "d: { in: { box: { value: #N cells, assumed: any } } } }\n",
     0, 0, 4, false},
    {"stages of division",
     "cells: { c: { in: { box: { value: #N cells, assumed: any } }, "
     "behaviours: { divide: { value: 0.9 1/day, stages: 2, assumed: any } } } }\n",
     0, 0, 4, false},
};
#define SCENE_COUNT ((int)(sizeof SCENES / sizeof SCENES[0]))
#define ROUNDS      4
#define SEED        4100

static const double SIZE[ROUNDS] = {1e2, 1e3, 1e4, 1e5};

/// How many runs of each N, and how many N.
typedef struct plan {
    int runs[ROUNDS], rounds;
} plan;

/// A number of runs from the environment; `fallback` where there is none.
static int runs_from(const char* variable, int fallback)
{
    const char* text = getenv(variable);
    const long runs = text != NULL ? strtol(text, NULL, 10) : fallback;
    if (text != NULL && !(runs >= 2 && runs <= 10000)) {
        fail_msg("%s=%s: expected 2 to 10000 runs", variable, text);
    }
    return (int)runs;
}

static plan plan_of(const struct scene* scene)
{
    const int large = runs_from("STROMA_R1_LARGE", 0);
    return (plan){.runs = {runs_from("STROMA_R1_RUNS", 80), runs_from("STROMA_R1_RUNS", 40),
                           runs_from("STROMA_R1_RUNS", 16), large},
                  .rounds = large > 0 && scene->is_large ? 4 : 3};
}

/// The scenes are shared among two programs, this one and r1_agents_second_test.c.
#define R1_PARTS 2

static void write_model(const struct scene* scene, double size, char* out, size_t room)
{
    size_t n = (size_t)snprintf(out, room,
                                "model: %s\n"
                                "places: { box: { volume: { value: %.17g mL, assumed: any } }, "
                                "tube: { volume: { value: %.17g mL, assumed: any } } }\n",
                                scene->name, 2e-3 * size, 0.5e-3 * size);
    for (const char* c = scene->body; *c != '\0'; c++) {
        if (*c == '#') {
            c++;
            const double value = *c == 'N' ? size : *c == 'H' ? 0.5 * size : 4e-4 * size;
            n += (size_t)snprintf(out + n, room - n, "%.17g", value);
        } else {
            out[n++] = *c;
        }
    }
    out[n] = '\0';
    assert_true(n < room);
}

static void run_engine(st_ctx* ctx, const char* text, double* out, double* scale)
{
    st_model* model = NULL;
    assert_int_equal(st_model_parse(ctx, "engine", text, strlen(text), NULL, &model), ST_OK);
    for (int i = 0; i < st_model_state_count(model); i++) {
        scale[i] = st_model_state(model, i)->scale;
    }
    world_solve(ctx, model, 1.0, out);
    st_model_destroy(model);
}

typedef struct spread {
    double mean[WORLD_STATES], sd[WORLD_STATES];
    int states;
} spread;

static void run_agents(const struct scene* scene, const char* text, double size, int runs,
                       uint64_t seed, spread* out)
{
    double sum[WORLD_STATES] = {0};
    double squares[WORLD_STATES] = {0};
    for (int r = 0; r < runs; r++) {
        world w;
        world_begin(&w, text, 2e-3 * size);
        w.def.seed = seed + (uint64_t)r;
        w.def.field_step_min = 1440.0 / scene->steps;
        world_start_agents(&w);
        world_check(&w, st_agents_advance(w.ctx, w.agents, 1440.0));
        out->states = st_model_state_count(w.model);
        for (int i = 0; i < out->states; i++) {
            const double x = world_value(&w, i);
            sum[i] += x;
            squares[i] += x * x;
        }
        assert_true(world_end(&w));
    }
    for (int i = 0; i < out->states; i++) {
        out->mean[i] = sum[i] / runs;
        out->sd[i] = sqrt(fmax(squares[i] - runs * out->mean[i] * out->mean[i], 0.0) / (runs - 1));
    }
}

/// A spread from n runs is known to 1/sqrt(2 (n - 1)) of itself: so well is the slope known.
static double slope_error(const plan* p)
{
    const int last = p->rounds - 1;
    return sqrt(0.5 / (p->runs[0] - 1) + 0.5 / (p->runs[last] - 1)) / log(SIZE[last] / SIZE[0]);
}

static int judge(const struct scene* scene, const plan* p, const spread* rounds,
                 double exact[ROUNDS][WORLD_STATES], double scale[ROUNDS][WORLD_STATES])
{
    const int last = p->rounds - 1;
    int mistakes = 0;
    for (int i = 0; i < rounds[0].states; i++) {
        double off[ROUNDS] = {0}; // bias in standard errors
        for (int j = 0; j < p->rounds; j++) {
            const double bias = rounds[j].mean[i] - exact[j][i];
            const double error = rounds[j].sd[i] / sqrt(p->runs[j]);
            const double bound = 4.0 * error + scene->c * scale[j][i] / SIZE[j] +
                                 (scene->e / scene->steps + 1e-6) * scale[j][i];
            off[j] = error > 0.0 ? bias / error : 0.0;
            if (!(fabs(bias) <= bound)) {
                print_message("%s, state %d, N %g: mean %g, engine %g, bound %g\n", scene->name, i,
                              SIZE[j], rounds[j].mean[i], exact[j][i], bound);
                mistakes++;
            }
        }
        const double relative = rounds[last].sd[i] / exact[last][i];
        if (relative > 1e-5) { // what does not spread has no slope
            const double first = rounds[0].sd[i] / exact[0][i];
            const double slope = log(relative / first) / log(SIZE[last] / SIZE[0]);
            print_message("%-28s state %d engine %-10.5g N=%.0e %-10.5g sd %-9.3g bias/se",
                          scene->name, i, exact[last][i], SIZE[last], rounds[last].mean[i],
                          rounds[last].sd[i]);
            for (int j = 0; j < p->rounds; j++) {
                print_message(" %5.1f", off[j]);
            }
            print_message(" slope %.3f +- %.3f\n", slope, slope_error(p));
            mistakes += fabs(slope + 0.5) <= 0.05 + 2.0 * slope_error(p) ? 0 : 1;
        }
    }
    return mistakes;
}

static void single_cells_agree_for_every_kind_of_term(void** state)
{
    (void)state;
    int mistakes = 0;
    for (int k = R1_PART; k < SCENE_COUNT; k += R1_PARTS) {
        static double exact[ROUNDS][WORLD_STATES];
        static double scale[ROUNDS][WORLD_STATES];
        static spread rounds[ROUNDS];
        const plan p = plan_of(&SCENES[k]);
        char text[4096];
        if (k == R1_PART) {
            print_message("seed %d and following; runs %d, %d, %d of N = 1e2, 1e3, 1e4\n", SEED,
                          p.runs[0], p.runs[1], p.runs[2]);
        }
        for (int j = 0; j < p.rounds; j++) {
            st_ctx* ctx = st_ctx_create();
            write_model(&SCENES[k], SIZE[j], text, sizeof text);
            run_engine(ctx, text, exact[j], scale[j]);
            st_ctx_destroy(ctx);
            run_agents(&SCENES[k], text, SIZE[j], p.runs[j], SEED + 1000u * (uint64_t)k,
                       &rounds[j]);
        }
        mistakes += judge(&SCENES[k], &p, rounds, exact, scale);
    }
    assert_int_equal(mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_cells_agree_for_every_kind_of_term),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
