#include "base/base.h"
#include "base/maths.h"
#include "base/random.h"
#include "stroma/model.h"

#include <gsl/gsl_deriv.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

typedef struct rig {
    st_ctx* ctx;
    st_model* model;
    double *slot, *reg, *output;
} rig;

static rig make(const char* text)
{
    rig r = {.ctx = st_ctx_create()};
    const st_status status = st_model_parse(r.ctx, "test.yaml", text, strlen(text), NULL, &r.model);
    for (int i = 0; i < st_ctx_message_count(r.ctx); i++) {
        print_message("%s\n", st_ctx_message(r.ctx, i));
    }
    assert_int_equal(status, ST_OK);
    const st_tape* tape = st_model_jacobian_tape(r.model);
    const size_t room = (size_t)tape->register_count + (size_t)tape->output_count + 4096u;
    r.slot = calloc(room, sizeof *r.slot);
    r.reg = calloc(room, sizeof *r.reg);
    r.output = calloc(room, sizeof *r.output);
    const int n = st_model_state_count(r.model);
    const int parameters = st_model_parameter_count(r.model);
    for (int i = 0; i < parameters; i++) {
        r.slot[n + i] = st_model_parameter(r.model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(r.model); i++) {
        r.slot[n + parameters + i] = st_model_input(r.model, i)->value;
    }
    st_tape_run_scalar(st_model_initial_tape(r.model), r.slot, r.reg, r.output);
    memcpy(r.slot, r.output, (size_t)n * sizeof *r.slot);
    return r;
}

static void drop(rig* r)
{
    st_model_destroy(r->model);
    assert_int_equal(st_ctx_bytes_in_use(r->ctx), 0);
    st_ctx_destroy(r->ctx);
    free(r->slot);
    free(r->reg);
    free(r->output);
}

static void set(rig* r, const char* state, double value)
{
    const int s = st_model_find_state(r->model, state);
    assert_true(s >= 0);
    r->slot[s] = value;
}

static double rate(rig* r, const char* state)
{
    st_tape_run_scalar(st_model_rate_tape(r->model), r->slot, r->reg, r->output);
    const int s = st_model_find_state(r->model, state);
    assert_true(s >= 0);
    return r->output[s];
}

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12 * fabs(expected))) {
        fail_msg("found %.17g, expected %.17g", found, expected);
    }
}

// --- every term, against its equation by hand
// ----------------------------------------------------------

static const char TERMS[] =
    "model: Every term\n"
    "places:\n"
    "  a: { volume: { value: 2 mL, assumed: test } }\n"
    "  b: { volume: { value: 5 mL, assumed: test } }\n"
    "substrates:\n"
    "  s: { in: { a: { value: 3 uM, assumed: test }, b: { value: 1 uM, assumed: test } },\n"
    "       molar_mass: 20 kDa, decay: { value: 0.5 1/day, assumed: test },\n"
    "       supply: { value: 0.2 uM/day, assumed: test } }\n"
    "  q: { in: { a: { value: 4 uM, assumed: test } } }\n"
    "matrix:\n"
    "  m: { in: { a: 0.25 }, max: 0.5 }\n"
    "cells:\n"
    "  t: { in: { a: { value: 100 cells, assumed: test }, b: 0 } }\n"
    "  u: { in: { a: 0, b: 0 } }\n"
    "  c:\n"
    "    in: { a: { value: 10 cells, assumed: test } }\n"
    "    behaviours:\n"
    "      BEHAVIOUR\n";

/// The rate of `state` that one behaviour of 10 cells c in place a makes, besides decay and supply.
static double rate_of(const char* behaviour, const char* state)
{
    char text[2048];
    const char* mark = strstr(TERMS, "BEHAVIOUR");
    snprintf(text, sizeof text, "%.*s%s\n", (int)(mark - TERMS), TERMS, behaviour);
    rig r = make(text);
    double found = rate(&r, state);
    if (strcmp(state, "s@a") == 0) {
        found -= -0.5 * 3.0 + 0.2;
    } else if (strcmp(state, "s@b") == 0) {
        found -= -0.5 * 1.0 + 0.2;
    }
    drop(&r);
    return found;
}

// MOD-2: the table of docs/language.md, one line each; n = 10 cells, V = 2 mL, rho = 5 cells/mL.
static void each_behaviour_adds_its_term(void** state)
{
    (void)state;
    assert_near(rate_of("die: { value: 0.3 1/day, assumed: test }", "c@a"), -3.0);
    assert_near(rate_of("divide: { value: 0.3 1/day, assumed: test }", "c@a"), 3.0);
    assert_near(rate_of("recruit: { value: 7 cells/mL/day, assumed: test }", "c@a"), 14.0);
    assert_near(rate_of("become.u: { value: 0.3 1/day, assumed: test }", "u@a"), 3.0);
    assert_near(rate_of("become.u: { value: 0.3 1/day, assumed: test }", "c@a"), -3.0);
    assert_near(rate_of("become.u@b: { value: 0.3 1/day, assumed: test }", "u@b"), 3.0);
    // 40 ug/cell/day of 20 kDa = 2 nmol/cell/day
    assert_near(rate_of("secrete.s: { value: 40 ug/cell/day, assumed: test }", "s@a"), 10.0);
    assert_near(rate_of("secrete.s@b: { value: 2 nmol/cell/day, assumed: test }", "s@b"), 4.0);
    assert_near(rate_of("take_up.s: { value: 0.1 mL/cell/day, assumed: test }", "s@a"), -1.5);
    assert_near(rate_of("relax.s: { value: 0.1 mL/cell/day, assumed: test, target: { value: 8 uM, "
                        "assumed: test } }",
                        "s@a"),
                2.5);
    assert_near(rate_of("consume.s: { value: 2 nmol/cell/day, assumed: test, half: { value: 1 uM, "
                        "assumed: test } }",
                        "s@a"),
                -7.5);
    assert_near(rate_of("deposit.m: { value: 0.1 mL/cell/day, assumed: test }", "m@a"), 0.25);
    assert_near(rate_of("degrade.m: { value: 0.1 mL/cell/day, assumed: test }", "m@a"), -0.125);
    assert_near(rate_of("engulf.t: { value: 0.1 mL/cell/day, assumed: test }", "t@a"), -50.0);
    assert_near(rate_of("contact.t: { value: 0.1 mL/cell/day, assumed: test }", "t@a"), -50.0);
    assert_near(rate_of("contact.t.u: { value: 0.1 mL/cell/day, assumed: test }", "u@a"), 50.0);
    assert_near(rate_of("suppress.t: { value: 0.1 mL/cell/day, assumed: test }", "t@a"), -50.0);
    assert_near(rate_of("suppress.t.u: { value: 0.1 mL/cell/day, assumed: test }", "u@a"), 50.0);
    assert_near(rate_of("migrate: { value: 1 um/min, assumed: test }", "c@a"), 0.0); // space only
    assert_near(rate_of("turn.t.u: { value: 0.1 mL/cell/day, assumed: test }", "u@a"), 50.0);
    assert_near(rate_of("turn.t.u: { value: 0.1 mL/cell/day, assumed: test }", "t@a"), -50.0);
}

static const char TRAFFIC[] =
    "model: Traffic\n"
    "places:\n"
    "  a: { volume: { value: 2 mL, assumed: test } }\n"
    "  b: { volume: { value: 5 mL, assumed: test } }\n"
    "substrates:\n"
    "  s: { in: { a: { value: 3 uM, assumed: test }, b: { value: 1 uM, assumed: test } } }\n"
    "  r: { in: { a: { value: 2 uM, assumed: test } } }\n"
    "  p: { in: { a: 0 } }\n"
    "exchanges:\n"
    "  - { substrate: s, from: a, to: b, permeability: 4 mL/day, partition: 2, flow: 1 mL/day,\n"
    "      assumed: test }\n"
    "reactions:\n"
    "  - { name: bind, in: a, consume: { s: 1, r: 2 }, produce: { p: 1 }, rate: k * s * r }\n"
    "parameters:\n"
    "  k: { value: 0.7 1/uM/day, assumed: test }\n";

// MOD-4: J = 4 (3 - 1/2) + 1 x 3 = 13 nmol/day; the reaction takes 0.7 x 3 x 2 = 4.2 uM/day.
static void exchange_and_reaction_add_their_terms(void** state)
{
    (void)state;
    rig r = make(TRAFFIC);
    assert_near(rate(&r, "s@a"), -13.0 / 2.0 - 4.2);
    assert_near(rate(&r, "s@b"), 13.0 / 5.0);
    assert_near(rate(&r, "r@a"), -8.4);
    assert_near(rate(&r, "p@a"), 4.2);
    drop(&r);
}

// --- rules
// ---------------------------------------------------------------------------------------------

static const char RULES[] =
    "model: Rules\n"
    "places:\n"
    "  a: { volume: { value: 1 mL, assumed: test } }\n"
    "substrates:\n"
    "  x: { in: { a: 0 }, molar_mass: 10 kDa }\n"
    "  y: { in: { a: 0 } }\n"
    "  z: { in: { a: 0 } }\n"
    "cells:\n"
    "  c:\n"
    "    in: { a: { value: 1 cells, assumed: test } }\n"
    "    behaviours:\n"
    "      divide: { value: 0.2 1/day, assumed: test }\n"
    "rules:\n"
    "  - { cell: c, signal: x, increases: divide, toward: 1 1/day, half_max: 20 ug/mL, hill: 4,\n"
    "      assumed: test }\n" // 20 ug/mL of 10 kDa = 2 uM
    "  - { cell: c, signal: y, increases: divide, toward: 0.8 1/day, half_max: 3 uM, hill: 2,\n"
    "      assumed: test }\n"
    "  - { cell: c, signal: z, decreases: divide, toward: 0.1 1/day, half_max: 5 uM, hill: 1.5,\n"
    "      assumed: test }\n";

/// The published grammar, written out independently of the compiler.
static double reference(double x, double y, double z)
{
    const double up = pow(x / 2.0, 4.0) + pow(y / 3.0, 2.0);
    const double down = pow(z / 5.0, 1.5);
    const double u = 0.2 + (1.0 - 0.2) * up / (1.0 + up); // ceiling: largest response and b0
    return u + (0.1 - u) * down / (1.0 + down);           // floor: smallest response and b0
}

// P3, MOD-3: response at 0, half-maximum and saturation, and several rules on one behaviour.
static void rules_merge_as_published(void** state)
{
    (void)state;
    rig r = make(RULES);
    static const double level[][3] = {{0, 0, 0}, {2, 0, 0},   {1e6, 0, 0}, {0, 3, 0},
                                      {0, 0, 5}, {0, 0, 1e6}, {2, 3, 0},   {1.3, 4.1, 2.2}};
    for (size_t i = 0; i < sizeof level / sizeof level[0]; i++) {
        set(&r, "x@a", level[i][0]);
        set(&r, "y@a", level[i][1]);
        set(&r, "z@a", level[i][2]);
        assert_near(rate(&r, "c@a"), reference(level[i][0], level[i][1], level[i][2]));
    }
    set(&r, "x@a", 2.0);
    set(&r, "y@a", 0.0);
    set(&r, "z@a", 0.0);
    assert_near(rate(&r, "c@a"), 0.6); // half of the way from 0.2 to 1
    set(&r, "x@a", -1e-3);
    assert_near(rate(&r, "c@a"), 0.2); // a negative level counts as none
    set(&r, "x@a", 1e300);
    assert_near(rate(&r, "c@a"), 1.0); // saturates without overflow
    drop(&r);
}

// --- derivatives
// ---------------------------------------------------------------------------------------

/// Every Jacobian entry against a central difference; entries outside the pattern must be zero.
static void check_jacobian(rig* r, uint64_t seed)
{
    const int n = st_model_state_count(r->model);
    const st_pattern* pattern = st_model_pattern(r->model);
    const st_tape* tape = st_model_jacobian_tape(r->model);
    double* low = calloc((size_t)n, sizeof *low);
    double* high = calloc((size_t)n, sizeof *high);
    double* exact = calloc((size_t)tape->output_count, sizeof *exact);
    for (int s = 0; s < n; s++) {
        const st_random_key key = {.seed = seed, .stream = ST_STREAM_TEST, .id = (uint64_t)s};
        r->slot[s] = st_model_state(r->model, s)->scale * (0.3 + 2.0 * st_random_uniform(&key, 0));
    }
    st_tape_run_scalar(tape, r->slot, r->reg, exact);
    st_tape_run_scalar(st_model_rate_tape(r->model), r->slot, r->reg, r->output);
    assert_memory_equal(exact, r->output, (size_t)n * sizeof *exact); // same rates, bit for bit
    for (int j = 0; j < n; j++) {
        const double x = r->slot[j];
        const double h = 1e-5 * fabs(x);
        r->slot[j] = x - h;
        st_tape_run_scalar(st_model_rate_tape(r->model), r->slot, r->reg, low);
        r->slot[j] = x + h;
        st_tape_run_scalar(st_model_rate_tape(r->model), r->slot, r->reg, high);
        r->slot[j] = x;
        for (int i = 0; i < n; i++) {
            const double by_difference = (high[i] - low[i]) / (2.0 * h);
            double by_tape = 0.0;
            for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
                by_tape = pattern->column[e] == j ? exact[n + e] : by_tape;
            }
            // cancellation in the difference: rounding of the rate over h
            const double noise = 1e-15 * (fabs(high[i]) + fabs(low[i])) / h +
                                 1e-6 * (fabs(by_tape) + fabs(by_difference));
            double size = 0.0;
            for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
                size = fmax(size, fabs(exact[n + e] * r->slot[pattern->column[e]]));
            }
            if (!(fabs(by_tape - by_difference) <= noise + 1e-14 * size / h)) {
                fail_msg("d rate(%s)/d %s: tape %.12g, difference %.12g (seed %llu)",
                         st_model_state(r->model, i)->name, st_model_state(r->model, j)->name,
                         by_tape, by_difference, (unsigned long long)seed);
            }
        }
    }
    free(low);
    free(high);
    free(exact);
}

static void derivatives_are_exact(void** state)
{
    (void)state;
    static const char* const texts[] = {RULES, TRAFFIC};
    for (size_t k = 0; k < 2; k++) {
        rig r = make(texts[k]);
        for (uint64_t seed = 1; seed <= 20; seed++) {
            check_jacobian(&r, seed);
        }
        drop(&r);
    }
    static const char FUNCTIONS[] =
        "model: Functions\n"
        "variables:\n"
        "  u: { start: 0, typical: 1, unit: 1, rate: '(exp(0 - u) * log(1 + v) + sqrt(u * v) + "
        "u^3.5 / (1 + v^2) + min(u, v) - max(u, 2 * v) + hill(u, v, 2.7) - u^v) * [1 1/day]' }\n"
        "  v: { start: 0, typical: 1, unit: 1, rate: '(time / [1 day] + pow(v, 2) - (-u) * v) / "
        "[2 day]' }\n";
    rig r = make(FUNCTIONS);
    for (uint64_t seed = 1; seed <= 50; seed++) {
        check_jacobian(&r, seed);
    }
    drop(&r);
}

/// One rate as a function of one state, for GSL.
typedef struct slope {
    rig* r;
    int state, rate;
    double* output;
} slope;

static double rate_at(double x, void* arg)
{
    slope* s = arg;
    const double kept = s->r->slot[s->state];
    s->r->slot[s->state] = x;
    st_tape_run_scalar(st_model_rate_tape(s->r->model), s->r->slot, s->r->reg, s->output);
    s->r->slot[s->state] = kept;
    return s->output[s->rate];
}

/// Every entry of the pattern against gsl_deriv_central, within the error that GSL states.
static int compare_with_gsl(rig* r, uint64_t seed)
{
    const int n = st_model_state_count(r->model);
    const st_pattern* pattern = st_model_pattern(r->model);
    const st_tape* tape = st_model_jacobian_tape(r->model);
    double* exact = calloc((size_t)tape->output_count, sizeof *exact);
    double* output = calloc((size_t)n, sizeof *output);
    int compared = 0;
    for (int s = 0; s < n; s++) {
        const st_random_key key = {.seed = seed, .stream = ST_STREAM_TEST, .id = (uint64_t)s};
        r->slot[s] = st_model_state(r->model, s)->scale * (0.3 + 2.0 * st_random_uniform(&key, 1));
    }
    st_tape_run_scalar(tape, r->slot, r->reg, exact);
    for (int i = 0; i < n; i++) {
        for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
            slope s = {.r = r, .state = pattern->column[e], .rate = i, .output = output};
            const gsl_function f = {.function = rate_at, .params = &s};
            double found, error;
            const double x = r->slot[s.state];
            assert_int_equal(gsl_deriv_central(&f, x, 1e-3 * fabs(x), &found, &error), 0);
            const double size = fabs(exact[n + e]);
            if (!(fabs(found - exact[n + e]) <= 20.0 * error + 1e-9 * size)) {
                fail_msg("d rate(%s)/d %s: tape %.12g, GSL %.12g +- %.3g (seed %llu)",
                         st_model_state(r->model, i)->name, st_model_state(r->model, s.state)->name,
                         exact[n + e], found, error, (unsigned long long)seed);
            }
            compared++;
        }
    }
    free(exact);
    free(output);
    return compared;
}

// MOD-1: first derivatives against GSL, for every function of the language and for the knee.
static void derivatives_agree_with_gsl(void** state)
{
    (void)state;
    static const char SMOOTH[] =
        "model: Functions\n"
        "variables:\n"
        "  u: { start: 0, typical: 1, unit: 1, rate: '(exp(0 - u) * log(1 + v) + sqrt(u * v) + "
        "u^3.5 / (1 + v^2) + hill(u, v, 2.7) - u^v + pow(v, 0.3)) * [1 1/day]' }\n"
        "  v: { start: 0, typical: 1, unit: 1, rate: '(hill(v, 0.5, 4) - (-u) * v) / [2 day]' }\n";
    static const char* const texts[] = {SMOOTH, RULES, TRAFFIC};
    int compared = 0;
    for (size_t k = 0; k < 3; k++) {
        rig r = make(texts[k]);
        for (uint64_t seed = 1; seed <= 20; seed++) {
            compared += compare_with_gsl(&r, seed);
        }
        drop(&r);
    }
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    size_t length;
    const char* name;
    assert_int_equal(st_model_load(ctx, ST_SOURCE_DIR "/models/knee-oa.yaml", NULL, &model), ST_OK);
    rig r = make(st_model_source(model, 0, &name, &length));
    for (uint64_t seed = 1; seed <= 5; seed++) {
        compared += compare_with_gsl(&r, seed);
    }
    drop(&r);
    st_model_destroy(model);
    st_ctx_destroy(ctx);
    print_message("%d derivatives compared (seeds 1 ... 20)\n", compared);
    assert_true(compared > 500);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// The knee model is read and compiled in a few milliseconds; the bound leaves room for sanitizers
// and busy machines.
static void the_knee_compiles_at_once(void** state)
{
    (void)state;
    double best = 1e9;
    for (int i = 0; i < 10; i++) {
        st_ctx* ctx = st_ctx_create();
        st_model* model = NULL;
        const double begin = seconds();
        assert_int_equal(st_model_load(ctx, ST_SOURCE_DIR "/models/knee-oa.yaml", NULL, &model),
                         ST_OK);
        const double spent = seconds() - begin;
        best = spent < best ? spent : best;
        st_model_destroy(model);
        st_ctx_destroy(ctx);
    }
    print_message("knee-oa.yaml read and compiled in %.2f ms (target 20)\n", 1e3 * best);
    assert_true(best < 0.4);
}

static void knee_derivatives_are_exact(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    const char* path = ST_SOURCE_DIR "/models/knee-oa.yaml";
    assert_int_equal(st_model_load(ctx, path, NULL, &model), ST_OK);
    size_t length;
    const char* name;
    const char* text = st_model_source(model, 0, &name, &length);
    rig r = make(text);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        check_jacobian(&r, seed);
    }
    drop(&r);
    st_model_destroy(model);
    st_ctx_destroy(ctx);
}

// Lanes and the plain twin give the same bits for every operation.
static void lanes_equal_the_plain_tape(void** state)
{
    (void)state;
    rig r = make(RULES);
    const st_tape* tape = st_model_rate_tape(r.model);
    const size_t bytes = (size_t)tape->register_count * ST_LANES * sizeof(double);
    double* reg = aligned_alloc(64, (bytes + 63) / 64 * 64);
    st_tape_prepare(tape, reg);
    for (int lane = 0; lane < ST_LANES; lane++) {
        for (int i = 0; i < tape->input_count; i++) {
            const double x = i < 4 ? 0.3 * lane + i : r.slot[i];
            reg[(size_t)i * ST_LANES + (size_t)lane] = x;
        }
    }
    st_tape_run(tape, reg);
    for (int lane = 0; lane < ST_LANES; lane++) {
        for (int i = 0; i < 4; i++) {
            r.slot[i] = 0.3 * lane + i;
        }
        st_tape_run_scalar(tape, r.slot, r.reg, r.output);
        for (int k = 0; k < tape->output_count; k++) {
            const double wide = reg[(size_t)tape->output[k] * ST_LANES + (size_t)lane];
            assert_memory_equal(&wide, &r.output[k], sizeof wide);
        }
    }
    free(reg);
    drop(&r);
}

// --- doses, parameters, variants
// -----------------------------------------------------------------------

static const char DOSES[] =
    "model: Doses\n"
    "places:\n"
    "  fluid: { volume: { value: 10 mL, spread: 30 %, assumed: test } }\n"
    "substrates:\n"
    "  drug: { in: { fluid: 0 }, molar_mass: 434.5 Da }\n"
    "  gf: { in: { fluid: 0 }, molar_mass: 25 kDa }\n"
    "cells:\n"
    "  alive: { in: { fluid: 0 } }\n"
    "  dying: { in: { fluid: 0 } }\n"
    "doses:\n"
    "  msc: { alive: alive@fluid, latent: dying@fluid, dead: none }\n"
    "  triamcinolone: { into: drug@fluid }\n"
    "  platelet: { into: gf@fluid, yield: { value: 50 fg/cell, assumed: test } }\n"
    "variants:\n"
    "  small: { label: less fluid, set: { fluid.volume: 5 mL } }\n";

static void doses_arrive_in_model_units(void** state)
{
    (void)state;
    rig r = make(DOSES);
    double add[4] = {0};
    const double volume = 8.0;
    double parameter[2] = {0};
    parameter[st_model_find_parameter(r.model, "fluid.volume")] = volume;
    parameter[st_model_find_parameter(r.model, "dose.platelet.yield")] =
        st_model_parameter(r.model, st_model_find_parameter(r.model, "dose.platelet.yield"))->value;
    const double none = 0.0;
    st_model_dose_add(r.model, st_model_find_dose(r.model, "msc"), 90.0, 10.0, 5.0, parameter,
                      &none, add);
    st_model_dose_add(r.model, st_model_find_dose(r.model, "triamcinolone"), 0.04, 0, 0, parameter,
                      &none, add);
    st_model_dose_add(r.model, st_model_find_dose(r.model, "platelet"), 1e9, 0, 0, parameter, &none,
                      add);
    assert_near(add[st_model_find_state(r.model, "alive@fluid")], 90.0);
    assert_near(add[st_model_find_state(r.model, "dying@fluid")], 10.0);
    assert_near(add[st_model_find_state(r.model, "drug@fluid")], 0.04 / 434.5 * 1e9 / volume);
    // 1e9 x 50 fg = 50 ug of 25 kDa = 2 nmol
    assert_near(add[st_model_find_state(r.model, "gf@fluid")], 2.0 / volume);
    drop(&r);
}

static const char SHARES[] =
    "model: Doses with shares\n"
    "places:\n"
    "  fluid: { volume: { value: 10 mL, assumed: test } }\n"
    "  lining: { volume: { value: 2 mL, assumed: test } }\n"
    "substrates:\n"
    "  drug: { in: { fluid: 0, lining: 0 }, molar_mass: 500 g/mol }\n"
    "  a: { in: { fluid: 0 }, molar_mass: 25 kDa }\n"
    "  b: { in: { fluid: 0 }, molar_mass: 50 kDa }\n"
    "cells:\n"
    "  msc: { in: { fluid: 0, lining: 0 } }\n"
    "doses:\n"
    "  msc: { alive: { msc@fluid: 0.9, msc@lining: 0.05 }, latent: msc@fluid }\n"
    "  drug: { into: [ { to: drug@fluid, share: 0.75 }, { to: drug@lining, share: 0.25 } ] }\n"
    "  platelet:\n"
    "    into:\n"
    "      - { to: a@fluid, yield: { value: 50 fg/cell, assumed: test } }\n"
    "      - { to: b@fluid, yield: { value: 10 fg/cell, assumed: test } }\n";

// One class may go to several states; what is not shared out is lost.
static void a_dose_may_have_several_targets(void** state)
{
    (void)state;
    rig r = make(SHARES);
    double add[8] = {0};
    double parameter[8];
    const double none = 0.0;
    for (int i = 0; i < st_model_parameter_count(r.model); i++) {
        parameter[i] = st_model_parameter(r.model, i)->value;
    }
    st_model_dose_add(r.model, st_model_find_dose(r.model, "msc"), 1000.0, 10.0, 5.0, parameter,
                      &none, add);
    st_model_dose_add(r.model, st_model_find_dose(r.model, "drug"), 0.04, 0, 0, parameter, &none,
                      add);
    st_model_dose_add(r.model, st_model_find_dose(r.model, "platelet"), 1e9, 0, 0, parameter, &none,
                      add);
    assert_near(add[st_model_find_state(r.model, "msc@fluid")], 910.0);
    assert_near(add[st_model_find_state(r.model, "msc@lining")], 50.0);
    assert_near(add[st_model_find_state(r.model, "drug@fluid")], 0.03 / 500 * 1e9 / 10);
    assert_near(add[st_model_find_state(r.model, "drug@lining")], 0.01 / 500 * 1e9 / 2);
    assert_near(add[st_model_find_state(r.model, "a@fluid")], 2.0 / 10);
    assert_near(add[st_model_find_state(r.model, "b@fluid")], 0.2 / 10);
    assert_true(st_model_dose(r.model, st_model_find_dose(r.model, "platelet"))->is_cell);
    drop(&r);
}

static void a_variant_sets_its_values(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    assert_int_equal(st_model_parse(ctx, "t", DOSES, strlen(DOSES), "small", &model), ST_OK);
    const st_parameter_info* p =
        st_model_parameter(model, st_model_find_parameter(model, "fluid.volume"));
    assert_near(p->value, 5.0);
    assert_int_equal(p->spread_kind, ST_SPREAD_NONE);
    assert_string_equal(st_model_variant(model), "small");
    const uint64_t hash = st_model_hash(model);
    st_model_destroy(model);
    assert_int_equal(st_model_parse(ctx, "t", DOSES, strlen(DOSES), NULL, &model), ST_OK);
    assert_true(st_model_hash(model) != hash);
    p = st_model_parameter(model, st_model_find_parameter(model, "fluid.volume"));
    assert_near(p->spread, sqrt(log(1.09)));
    assert_string_equal(p->assumed, "test");
    st_model_destroy(model);
    assert_int_equal(st_model_parse(ctx, "t", DOSES, strlen(DOSES), "smal", &model), ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "did you mean 'small'?"));
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// Memory running out at any allocation: a status, no leak, no crash.
static void lack_of_memory_is_survived(void** state)
{
    (void)state;
    for (int64_t n = 1; n < 400; n++) {
        st_ctx* ctx = st_ctx_create();
        st_model* model = NULL;
        st_ctx_fail_allocation(ctx, n);
        const st_status status = st_model_parse(ctx, "t", RULES, strlen(RULES), NULL, &model);
        st_ctx_fail_allocation(ctx, 0);
        if (status == ST_OK) {
            st_model_destroy(model);
        } else {
            assert_null(model);
            assert_true(st_ctx_message_count(ctx) > 0);
        }
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_behaviour_adds_its_term),
        cmocka_unit_test(exchange_and_reaction_add_their_terms),
        cmocka_unit_test(rules_merge_as_published),
        cmocka_unit_test(derivatives_are_exact),
        cmocka_unit_test(derivatives_agree_with_gsl),
        cmocka_unit_test(the_knee_compiles_at_once),
        cmocka_unit_test(knee_derivatives_are_exact),
        cmocka_unit_test(lanes_equal_the_plain_tape),
        cmocka_unit_test(doses_arrive_in_model_units),
        cmocka_unit_test(a_dose_may_have_several_targets),
        cmocka_unit_test(a_variant_sets_its_values),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
