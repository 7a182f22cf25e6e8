#include "stroma/population.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// POP-7, POP-8: what the stochastic twin does besides agreeing with the engine, which
// test/verification/r1_terms_test.c and p1_birth_death_test.c show.

static double parameter[16];
static double input[4];

static st_model* parse(st_ctx* ctx, const char* text)
{
    st_model* model = NULL;
    const st_status status = st_model_parse(ctx, "twin", text, strlen(text), NULL, &model);
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        print_message("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        parameter[i] = st_model_parameter(model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(model); i++) {
        input[i] = st_model_input(model, i)->value;
    }
    return model;
}

static st_course run_once(st_ctx* ctx, const st_model* model, const st_ssa_def* def, uint64_t run,
                          const double* days, int count, double* sample)
{
    st_ssa* ssa = NULL;
    assert_int_equal(st_ssa_create(ctx, model, def, &ssa), ST_OK);
    st_course course = {.parameter = parameter,
                        .input = input,
                        .end_day = days[count - 1],
                        .sample_day = days,
                        .sample_count = count,
                        .sample = sample};
    assert_int_equal(st_ssa_solve(ssa, &course, run), ST_OK);
    st_ssa_destroy(ssa);
    return course;
}

static void finish(st_ctx* ctx, st_model* model)
{
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static const char TWO_PLACES[] =
    "model: Two places\n"
    "places:\n"
    "  a: { volume: { value: 1 mL, assumed: any } }\n"
    "  b: { volume: { value: 4 mL, assumed: any } }\n"
    "substrates:\n"
    "  x: { in: { a: { value: 1 uM, assumed: any }, b: 0 } }\n"
    "exchanges:\n"
    "  - { substrate: x, from: a, to: b, permeability: 2 mL/day, assumed: any }\n";

// Steps of the two levels stand as 4 to 1, so that no amount is lost or made on the way.
static void traffic_conserves_the_amount_exactly(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, TWO_PLACES);
    st_ssa_def def = st_default_ssa_def();
    def.cells = 64.0;
    double sample[10 * 2];
    double days[10];
    for (int i = 0; i < 10; i++) {
        days[i] = 0.1 * (i + 1);
    }
    const st_course course = run_once(ctx, model, &def, 3, days, 10, sample);
    assert_int_equal(course.status, ST_OK);
    assert_true(course.step_count > 20);
    bool moved = false;
    for (int i = 0; i < 10; i++) {
        assert_true(sample[2 * i] * 1.0 + sample[2 * i + 1] * 4.0 == 1.0);
        moved = moved || sample[2 * i] != 1.0;
    }
    assert_true(moved);
    finish(ctx, model);
}

// What a run holds are whole numbers of the steps that it tells.
static void states_are_whole_numbers_of_steps(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, TWO_PLACES);
    st_ssa_def def = st_default_ssa_def();
    st_ssa* ssa = NULL;
    const double day = 0.5;
    double sample[2];
    def.cells = 64.0;
    assert_int_equal(st_ssa_create(ctx, model, &def, &ssa), ST_OK);
    st_course course = {.parameter = parameter,
                        .input = input,
                        .end_day = day,
                        .sample_day = &day,
                        .sample_count = 1,
                        .sample = sample};
    assert_int_equal(st_ssa_solve(ssa, &course, 3), ST_OK);
    assert_true(st_ssa_quantum(ssa, 0) == 4.0 * st_ssa_quantum(ssa, 1)); // volumes are as 1 to 4
    for (int i = 0; i < 2; i++) {
        const double steps = sample[i] / st_ssa_quantum(ssa, i);
        assert_true(steps > 1.0 && steps == floor(steps));
    }
    st_ssa_destroy(ssa);
    finish(ctx, model);
}

static const char DRAIN[] = "model: A constant drain\n"
                            "places: { box: { volume: { value: 1 mL, assumed: any } } }\n"
                            "substrates:\n"
                            "  x: { in: { box: { value: 1 uM, assumed: any } } }\n"
                            "  y: { in: { box: 0 }, typical: 1 uM }\n"
                            "reactions:\n"
                            "  - { name: drain, in: box, consume: { x: 2 }, produce: { y: 1 }, "
                            "rate: '[3 uM/day]', assumed: any }\n";

// Nothing falls below zero: with one step left, a happening that takes two cannot take place.
static void what_is_not_there_is_not_taken(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, DRAIN);
    st_ssa_def def = st_default_ssa_def();
    def.cells = 11.0;
    double sample[2];
    const double day = 50.0;
    const st_course course = run_once(ctx, model, &def, 0, &day, 1, sample);
    assert_int_equal(course.status, ST_OK);
    assert_int_equal(course.step_count, 5);
    assert_true(fabs(sample[0] - 1.0 / 11.0) < 1e-12);
    assert_true(fabs(sample[1] - 5.0 / 11.0) < 1e-12);
    finish(ctx, model);
}

static const char TIMED[] = "model: A rate that names time\n"
                            "variables:\n"
                            "  u: { start: 0, unit: 1, typical: 1, rate: '[2 1/day^2] * time' }\n";

// u(t) = t^2: rates that name time are read again every max_step_day, late by half of it at most.
static void rates_that_name_time_are_followed(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, TIMED);
    st_ssa_def def = st_default_ssa_def();
    def.cells = 1000.0;
    double sum = 0.0;
    const double day = 1.0;
    for (uint64_t run = 0; run < 200; run++) {
        double sample[1];
        const st_course course = run_once(ctx, model, &def, run, &day, 1, sample);
        assert_int_equal(course.status, ST_OK);
        sum += sample[0] / 200.0;
    }
    // Poisson with mean N t^2: standard error of the mean of 200 runs 1/sqrt(200 N)
    assert_true(fabs(sum - 1.0) < 4.0 / sqrt(200.0 * 1000.0) + def.max_step_day);
    finish(ctx, model);
}

static const char EVENTS[] = "model: Events\n"
                             "places: { box: { volume: { value: 1 mL, assumed: any } } }\n"
                             "cells:\n"
                             "  c: { in: { box: { value: 100 cells, assumed: any } } }\n"
                             "events:\n"
                             "  - { name: half, at: 1 day, every: 1 day, scale: { c@box: 0.5 } }\n";

// An event is exact in time; 12.5 cells become 12 or 13 by chance, so that the mean stays.
static void events_leave_whole_cells(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, EVENTS);
    st_ssa_def def = st_default_ssa_def();
    def.cells = 100.0;
    const double days[] = {0.999, 1.0, 3.0};
    int low = 0;
    for (uint64_t run = 0; run < 400; run++) {
        double sample[3];
        run_once(ctx, model, &def, run, days, 3, sample);
        assert_true(sample[0] == 100.0 && sample[1] == 50.0);
        assert_true(sample[2] == 12.0 || sample[2] == 13.0);
        low += sample[2] == 12.0 ? 1 : 0;
    }
    assert_true(low > 160 && low < 240); // 4 standard errors around 200
    finish(ctx, model);
}

static const char GROWTH[] = "model: Growth\n"
                             "places: { box: { volume: { value: 1 mL, assumed: any } } }\n"
                             "cells:\n"
                             "  c: { in: { box: { value: 100 cells, assumed: any } }, behaviours: "
                             "{ divide: { value: 3 1/day, assumed: any } } }\n";

static void a_run_that_grows_too_far_has_failed(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, GROWTH);
    st_ssa_def def = st_default_ssa_def();
    def.cells = 100.0;
    def.max_event_count = 1000;
    const double days[] = {0.0, 10.0};
    double sample[2];
    const st_course course = run_once(ctx, model, &def, 0, days, 2, sample);
    assert_int_equal(course.status, ST_ERR_NUMERIC);
    assert_true(course.failed_day > 0.0 && course.failed_day < 2.0);
    assert_true(sample[0] == 100.0 && isnan(sample[1]));
    finish(ctx, model);
}

static void wrong_definitions_are_refused(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, GROWTH);
    const double zero = 0.0;
    const double wrong[] = {NAN, 0.0, -1.0, INFINITY};
    st_ssa* ssa = NULL;
    st_ssa_def def = {0};
    assert_int_equal(st_ssa_create(ctx, model, &def, &ssa), ST_ERR_INPUT);
    for (int i = 0; i < 4; i++) {
        def = st_default_ssa_def();
        def.cells = wrong[i];
        assert_int_equal(st_ssa_create(ctx, model, &def, &ssa), ST_ERR_INPUT);
    }
    def = st_default_ssa_def();
    def.max_step_day = NAN;
    assert_int_equal(st_ssa_create(ctx, model, &def, &ssa), ST_ERR_INPUT);
    def = st_default_ssa_def();
    def.scale = &zero;
    assert_int_equal(st_ssa_create(ctx, model, &def, &ssa), ST_ERR_INPUT);
    assert_null(ssa);
    finish(ctx, model);
}

static void lack_of_memory_is_survived(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, GROWTH);
    const size_t before = st_ctx_bytes_in_use(ctx);
    const st_ssa_def def = st_default_ssa_def();
    const double day = 0.1;
    double sample;
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        st_course course = {.parameter = parameter,
                            .input = input,
                            .end_day = day,
                            .sample_day = &day,
                            .sample_count = 1,
                            .sample = &sample};
        st_ctx_fail_allocation(ctx, n);
        const st_status status = st_ssa_solve_runs(ctx, model, &def, &course, 1, 1);
        st_ctx_fail_allocation(ctx, 0);
        assert_int_equal(st_ctx_bytes_in_use(ctx), before);
        assert_true(status == ST_OK || status == ST_ERR_MEMORY);
        done = status == ST_OK;
        assert_true(n < 100);
    }
    finish(ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traffic_conserves_the_amount_exactly),
        cmocka_unit_test(states_are_whole_numbers_of_steps),
        cmocka_unit_test(what_is_not_there_is_not_taken),
        cmocka_unit_test(rates_that_name_time_are_followed),
        cmocka_unit_test(events_leave_whole_cells),
        cmocka_unit_test(a_run_that_grows_too_far_has_failed),
        cmocka_unit_test(wrong_definitions_are_refused),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
