// MOD-9: events at thresholds and planned inputs, in lanes and by the plain twin.
#include "base/base.h"
#include "base/random.h"
#include "stroma/population.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE 40

typedef struct rig {
    st_ctx* ctx;
    st_model* model;
    st_population* population;
    int width;
    double parameter[16], input[8];
} rig;

static rig make(const char* text, double tolerance)
{
    rig r = {.ctx = st_ctx_create()};
    const st_status status = st_model_parse(r.ctx, "t", text, strlen(text), NULL, &r.model);
    for (int i = 0; i < st_ctx_message_count(r.ctx); i++) {
        print_error("%s\n", st_ctx_message(r.ctx, i));
    }
    assert_int_equal(status, ST_OK);
    st_population_def def = st_default_population_def();
    def.relative_tolerance = tolerance;
    def.absolute_tolerance = tolerance * 1e-2;
    assert_int_equal(st_population_create(r.ctx, r.model, &def, &r.population), ST_OK);
    r.width = st_model_state_count(r.model) + st_model_definition_count(r.model);
    for (int i = 0; i < st_model_parameter_count(r.model); i++) {
        r.parameter[i] = st_model_parameter(r.model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(r.model); i++) {
        r.input[i] = st_model_input(r.model, i)->value;
    }
    return r;
}

static void drop(rig* r)
{
    st_population_destroy(r->population);
    st_model_destroy(r->model);
    assert_int_equal(st_ctx_bytes_in_use(r->ctx), 0);
    st_ctx_destroy(r->ctx);
}

/// Runs to the last of `day` and writes the samples; both solvers must give the same bytes.
static void run(rig* r, const double* day, int count, const st_action* action, int action_count,
                double* sample)
{
    double* twin = calloc((size_t)(count * r->width), sizeof *twin);
    assert_non_null(twin);
    st_course course = {.parameter = r->parameter,
                        .input = r->input,
                        .action = action,
                        .action_count = action_count,
                        .end_day = day[count - 1],
                        .sample_day = day,
                        .sample_count = count,
                        .sample = sample};
    assert_int_equal(st_population_solve(r->population, &course, 1), ST_OK);
    assert_int_equal(course.status, ST_OK);
    course.sample = twin;
    assert_int_equal(st_population_solve_scalar(r->population, &course, 1), ST_OK);
    assert_memory_equal(sample, twin, (size_t)(count * r->width) * sizeof *twin);
    free(twin);
}

static double value(const rig* r, const double* row, const char* name)
{
    const int s = st_model_find_state(r->model, name);
    assert_true(s >= 0);
    return row[s];
}

static const char SAW[] =
    "model: A level that is filled up again\n"
    "parameters:\n"
    "  k: { value: 0.7 1/day, assumed: test }\n"
    "  low: { value: 2, assumed: test }\n"
    "variables:\n"
    "  x: { start: '10 * low / low', unit: '1', rate: -k * x }\n"
    "  times: { start: 0, unit: '1', rate: 0 }\n"
    "  last: { start: 0, unit: day, rate: 0 }\n"
    "events:\n"
    "  - { when: x < low, set: { x: 5 * low, last: time }, add: { times: 1 } }\n";

// x falls from 10 to 2 in ln(5)/0.7 days, again and again: the n-th time is n times that.
static void a_crossing_is_met_at_its_moment(void** state)
{
    (void)state;
    const double period = log(5.0) / 0.7;
    double before = 0.0;
    for (int i = 0; i < 3; i++) {
        rig r = make(SAW, pow(10.0, -5 - 2 * i));
        const double day = 20.0;
        double sample[8];
        run(&r, &day, 1, NULL, 0, sample);
        const double times = floor(day / period);
        assert_true(value(&r, sample, "times") == times);
        const double error = fabs(value(&r, sample, "last") - times * period);
        const double x = 10.0 * exp(-0.7 * (day - times * period));
        print_message("tolerance 1e-%d: %g events, last one off by %.2g day\n", 5 + 2 * i, times,
                      error);
        assert_true(error < pow(10.0, -3 - 2 * i));
        assert_true(fabs(value(&r, sample, "x") - x) < 10.0 * pow(10.0, -3 - 2 * i));
        assert_true(i == 0 || error < before);
        before = error;
        drop(&r);
    }
}

// Many people at once, each with crossings of their own: the same bytes as one by one.
static void lanes_equal_the_plain_twin(void** state)
{
    (void)state;
    rig r = make(SAW, 1e-5);
    static double parameter[PEOPLE][2];
    static double lanes[PEOPLE][3 * 3];
    static double plain[PEOPLE][3 * 3];
    const double day[] = {1.3, 7.7, 30.0};
    st_course course[PEOPLE];
    print_message("seed 7\n");
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < PEOPLE; i++) {
            const st_random_key key = {.seed = 7, .stream = ST_STREAM_TEST, .id = (uint64_t)i};
            parameter[i][st_model_find_parameter(r.model, "k")] =
                0.05 + 3.0 * st_random_uniform(&key, 0);
            parameter[i][st_model_find_parameter(r.model, "low")] =
                0.5 + 9.0 * st_random_uniform(&key, 1);
            course[i] = (st_course){.parameter = parameter[i],
                                    .input = r.input,
                                    .end_day = 30.0,
                                    .sample_day = day,
                                    .sample_count = 3,
                                    .sample = pass == 0 ? lanes[i] : plain[i]};
        }
        assert_int_equal(pass == 0 ? st_population_solve(r.population, course, PEOPLE)
                                   : st_population_solve_scalar(r.population, course, PEOPLE),
                         ST_OK);
    }
    assert_memory_equal(lanes, plain, sizeof lanes);
    int crossings = 0;
    for (int i = 0; i < PEOPLE; i++) {
        assert_int_equal(course[i].status, ST_OK);
        crossings += (int)value(&r, lanes[i] + 6, "times");
    }
    print_message("%d crossings\n", crossings);
    assert_true(crossings > 100);
    drop(&r);
}

static const char CHAIN[] = "model: One thing leads to another\n"
                            "variables:\n"
                            "  x: { start: 0, unit: '1', rate: 0 }\n"
                            "  a: { start: 0, unit: '1', rate: 0 }\n"
                            "  b: { start: 0, unit: '1', rate: 0 }\n"
                            "  c: { start: 0, unit: '1', rate: 0 }\n"
                            "  high: { start: { value: 9, assumed: test }, unit: '1', rate: 0 }\n"
                            "events:\n"
                            "  - { name: first, when: x > 1, add: { a: 1 } }\n"
                            "  - { name: second, when: a > 0.5, once: true, add: { b: 1 } }\n"
                            "  - { name: from_the_start, when: high > 5, add: { c: 1 } }\n";

// A dose crosses a threshold at once, that event another; what holds from the start waits.
static void what_is_done_may_cross_a_threshold(void** state)
{
    (void)state;
    rig r = make(CHAIN, 1e-6);
    const int x = st_model_find_state(r.model, "x");
    const int high = st_model_find_state(r.model, "high");
    const st_action action[] = {
        {.day = 1.0, .kind = ST_ACTION_ADD, .index = x, .value = 3.0},
        {.day = 2.0, .kind = ST_ACTION_ADD, .index = x, .value = 3.0}, // still above: nothing new
        {.day = 3.0, .kind = ST_ACTION_SET, .index = x, .value = 0.0},
        {.day = 4.0, .kind = ST_ACTION_SET, .index = x, .value = 2.0}, // again
        {.day = 5.0, .kind = ST_ACTION_SET, .index = high, .value = 1.0},
        {.day = 6.0, .kind = ST_ACTION_SET, .index = high, .value = 7.0},
    };
    const double day[] = {0.5, 1.0, 2.5, 4.5, 5.5, 6.5};
    static const double expected[][3] = {{0, 0, 0}, {1, 1, 0}, {1, 1, 0},
                                         {2, 1, 0}, {2, 1, 0}, {2, 1, 1}};
    double sample[6 * 8];
    run(&r, day, 6, action, 6, sample);
    for (int i = 0; i < 6; i++) {
        const double* row = sample + i * r.width;
        assert_true(value(&r, row, "a") == expected[i][0]);
        assert_true(value(&r, row, "b") == expected[i][1]);
        assert_true(value(&r, row, "c") == expected[i][2]);
    }
    drop(&r);
}

static const char WAVE[] =
    "model: Short excursions\n"
    "variables:\n"
    "  u: { start: 0, unit: '1', negative: true, rate: 'v * [6.283185307 1/day]' }\n"
    "  v: { start: { value: 1, assumed: test }, unit: '1', negative: true, "
    "rate: '-u * [6.283185307 1/day]' }\n"
    "  n: { start: 0, unit: '1', rate: 0 }\n"
    "events:\n"
    "  - { when: u > 0.9, add: { n: 1 } }\n";

// sin(2 pi t) is above 0.9 for 14 % of each period.
static void each_excursion_is_counted_once(void** state)
{
    (void)state;
    rig r = make(WAVE, 1e-6);
    const double day = 50.0;
    double sample[8];
    run(&r, &day, 1, NULL, 0, sample);
    assert_true(value(&r, sample, "n") == 50.0);
    drop(&r);
}

static const char PLAN[] = "model: Rehabilitation\n"
                           "inputs:\n"
                           "  load:\n"
                           "    start: 1\n"
                           "    plan: [ { at: -3 day, value: 2 }, { at: 1 day, value: load / 2 }, "
                           "{ at: 3 day, value: 4 } ]\n"
                           "  other: { start: 1, plan: [ { at: 1 day, value: 5 } ] }\n"
                           "variables:\n"
                           "  sum: { start: 0, unit: '1', rate: 'load * [1 1/day]' }\n"
                           "  both: { start: 0, unit: '1', rate: 'load * other * [1 1/day]' }\n";

// A person's own value is the start; a step of the plan changes it, a course's action after it.
static void inputs_follow_their_plan(void** state)
{
    (void)state;
    rig r = make(PLAN, 1e-8);
    const int load = st_model_find_input(r.model, "load");
    const st_action action = {.day = 2.0, .kind = ST_ACTION_INPUT, .index = load, .value = 10.0};
    const double day[] = {0.5, 1.5, 2.5, 3.5};
    double sample[4 * 2];
    r.input[load] = 6.0;
    run(&r, day, 4, &action, 1, sample);
    // begins on day 0: the step of day -3 is past and holds; then half of it; 10 by the course; 4
    const double sum[] = {1.0, 2.5, 2.0 + 1.0 + 5.0, 2.0 + 1.0 + 10.0 + 2.0};
    for (int i = 0; i < 4; i++) {
        assert_true(fabs(value(&r, sample + i * r.width, "sum") - sum[i]) < 1e-9);
    }
    assert_true(fabs(value(&r, sample + r.width, "both") - (2.0 + 2.5)) < 1e-9);
    drop(&r);
}

static const char STAGES[] = "model: Stages\n"
                             "places: { a: { volume: { value: 1 mL, assumed: test } } }\n"
                             "cells:\n"
                             "  c:\n"
                             "    in: { a: { value: 900 cells, assumed: test } }\n"
                             "    behaviours:\n"
                             "      divide: { value: 0.5 1/day, stages: 3, assumed: test }\n"
                             "      die: { value: 0.1 1/day, assumed: test }\n"
                             "events:\n"
                             "  - { at: 2 day, scale: { c@a: 0.5 } }\n"
                             "  - { at: 4 day, set: { c@a: '[300 cell]' } }\n"
                             "  - { at: 5 day, add: { c@a: '[10 cell]' } }\n";

/// The same by hand: three states, fourth-order Runge-Kutta.
static void stages_by_hand(double* n, double days)
{
    const int steps = 20000;
    const double h = days / steps;
    const double k = 3 * 0.5;
    for (int i = 0; i < steps; i++) {
        double stage[4][3];
        double at[3];
        for (int j = 0; j < 4; j++) {
            for (int s = 0; s < 3; s++) {
                at[s] = n[s] + (j == 0 ? 0.0 : stage[j - 1][s] * h * (j == 3 ? 1.0 : 0.5));
            }
            stage[j][0] = -k * at[0] + 2 * k * at[2] - 0.1 * at[0];
            stage[j][1] = k * at[0] - k * at[1] - 0.1 * at[1];
            stage[j][2] = k * at[1] - k * at[2] - 0.1 * at[2];
        }
        for (int s = 0; s < 3; s++) {
            n[s] += h / 6.0 * (stage[0][s] + 2 * stage[1][s] + 2 * stage[2][s] + stage[3][s]);
        }
    }
}

// MOD-7: division in three stages, with deaths; events act on the whole.
static void cells_divide_in_stages(void** state)
{
    (void)state;
    rig r = make(STAGES, 1e-9);
    const double day[] = {1.9999999, 3.0, 4.0, 5.0, 6.0};
    double sample[5 * 4];
    run(&r, day, 5, NULL, 0, sample);
    double n[3] = {900.0, 0.0, 0.0};
    stages_by_hand(n, 2.0);
    assert_true(fabs(sample[3] - (n[0] + n[1] + n[2])) < 1e-3); // c@a, the definition
    for (int s = 0; s < 3; s++) {
        n[s] *= 0.5;
    }
    stages_by_hand(n, 1.0);
    for (int s = 0; s < 3; s++) {
        assert_true(fabs(sample[4 + s] - n[s]) < 1e-5);
    }
    assert_true(sample[8] == 300.0 && sample[9] == 0.0 && sample[10] == 0.0);
    n[0] = 300.0;
    n[1] = n[2] = 0.0;
    stages_by_hand(n, 1.0);
    n[0] += 10.0;
    assert_true(fabs(sample[12] - n[0]) < 1e-5);
    stages_by_hand(n, 1.0);
    assert_true(fabs(sample[19] - (n[0] + n[1] + n[2])) < 1e-5);
    drop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crossing_is_met_at_its_moment),
        cmocka_unit_test(lanes_equal_the_plain_twin),
        cmocka_unit_test(what_is_done_may_cross_a_threshold),
        cmocka_unit_test(each_excursion_is_counted_once),
        cmocka_unit_test(inputs_follow_their_plan),
        cmocka_unit_test(cells_divide_in_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
