#include "base/random.h"
#include "solver.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static st_model* parse(st_ctx* ctx, const char* text)
{
    st_model* model = NULL;
    const st_status status = st_model_parse(ctx, "test.yaml", text, strlen(text), NULL, &model);
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        print_message("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
    return model;
}

/// Defaults of all parameters and inputs; the caller's arrays are large enough.
static void defaults(const st_model* model, double* parameter, double* input)
{
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        parameter[i] = st_model_parameter(model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(model); i++) {
        input[i] = st_model_input(model, i)->value;
    }
}

static st_population* create(st_ctx* ctx, const st_model* model, double rtol, double atol)
{
    st_population_def def = st_default_population_def();
    def.relative_tolerance = rtol;
    def.absolute_tolerance = atol;
    st_population* p = NULL;
    assert_int_equal(st_population_create(ctx, model, &def, &p), ST_OK);
    return p;
}

static const char CLEARANCE[] =
    "model: Clearance from a joint\n"
    "places:\n"
    "  fluid: { volume: { value: 13.6 mL, source: 'dilution method' } }\n"
    "substrates:\n"
    "  albumin: { in: { fluid: { value: 1 nmol/mL, assumed: 'any level' } } }\n"
    "exchanges:\n"
    "  - { substrate: albumin, from: fluid, to: none, flow: 5.3 mL/h, source: 'Owen 1994' }\n";

// Verification C: c(t) = c0 exp(-CL t / V), half-lives 0.88, 1.78 and 3.16 h.
static void joint_clearance_has_the_exact_half_life(void** state)
{
    (void)state;
    static const double volume_mL[] = {6.7, 13.6, 24.2};
    static const double half_life_h[] = {0.88, 1.78, 3.16};
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, CLEARANCE);
    st_population* p = create(ctx, model, 1e-8, 1e-10);
    double parameter[8];
    double input[1];
    defaults(model, parameter, input);
    for (int i = 0; i < 3; i++) {
        parameter[st_model_find_parameter(model, "fluid.volume")] = volume_mL[i];
        const double half = log(2.0) * volume_mL[i] / 5.3;
        assert_true(fabs(half - half_life_h[i]) < 0.006); // as printed
        const double days[] = {half / 24.0, 3.3 * half / 24.0};
        double sample[2];
        st_course course = {.parameter = parameter,
                            .input = input,
                            .end_day = 1.0,
                            .sample_day = days,
                            .sample_count = 2,
                            .sample = sample};
        assert_int_equal(st_population_solve(p, &course, 1), ST_OK);
        assert_int_equal(course.status, ST_OK);
        assert_true(fabs(sample[0] - 0.5) < 1e-6);
        assert_true(fabs(sample[1] - pow(0.5, 3.3)) < 1e-6);
    }
    st_population_destroy(p);
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static const char DRIVEN[] = "model: Driven by time\n"
                             "variables:\n"
                             "  u: { start: 0, unit: 1, negative: true, rate: "
                             "'(exp(0 - time / [3 day]) * [2 1/day] - u * u * [0.7 1/day] - "
                             "u * [0.3 1/day])' }\n"
                             "  w: { start: 0, unit: 1, negative: true, rate: "
                             "'(u - w) * [40 1/day]' }\n";

/// Error at the end with a fixed step: tolerances so wide that every step is accepted.
static double fixed_step_error(st_ctx* ctx, const st_model* model, double h, double reference)
{
    st_population_def def = st_default_population_def();
    def.relative_tolerance = 0.9;
    def.absolute_tolerance = 1e9;
    def.first_step_day = h;
    def.max_step_day = h;
    st_population* p = NULL;
    assert_int_equal(st_population_create(ctx, model, &def, &p), ST_OK);
    const double end = 2.0;
    double sample[2];
    double none = 0.0;
    st_course course = {.parameter = &none,
                        .input = &none,
                        .end_day = end,
                        .sample_day = &end,
                        .sample_count = 1,
                        .sample = sample};
    assert_int_equal(st_population_solve(p, &course, 1), ST_OK);
    st_population_destroy(p);
    return fabs(sample[0] - reference);
}

// POP-1: order 4, also for rates that name the time.
static void error_falls_with_the_fourth_power_of_the_step(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, DRIVEN);
    assert_true(st_model_rates_use_time(model));
    st_population* p = create(ctx, model, 1e-13, 1e-15);
    const double end = 2.0;
    double exact[2];
    double none = 0.0;
    st_course course = {.parameter = &none,
                        .input = &none,
                        .end_day = end,
                        .sample_day = &end,
                        .sample_count = 1,
                        .sample = exact};
    assert_int_equal(st_population_solve(p, &course, 1), ST_OK);
    st_population_destroy(p);
    double before = 0.0;
    for (int i = 0; i < 4; i++) {
        const double error = fixed_step_error(ctx, model, 0.2 / (1 << i), exact[0]);
        if (i > 0) {
            const double order = log2(before / error);
            print_message("h = %g: error %.3g, order %.2f\n", 0.2 / (1 << i), error, order);
            assert_true(order > 3.7 && order < 4.6);
        }
        before = error;
    }
    st_model_destroy(model);
    st_ctx_destroy(ctx);
}

// Dense output: its error between steps falls with the tolerance like that at the steps.
static void samples_between_steps_are_as_good_as_steps(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, CLEARANCE);
    st_population* p = create(ctx, model, 1e-6, 1e-8);
    double parameter[8];
    double input[1];
    double day[101];
    double sample[101];
    defaults(model, parameter, input);
    for (int i = 0; i <= 100; i++) {
        day[i] = 0.005 * i;
    }
    st_course course = {.parameter = parameter,
                        .input = input,
                        .end_day = 0.5,
                        .sample_day = day,
                        .sample_count = 101,
                        .sample = sample};
    assert_int_equal(st_population_solve(p, &course, 1), ST_OK);
    for (int i = 0; i <= 100; i++) {
        assert_true(fabs(sample[i] - exp(-5.3 * 24.0 * day[i] / 13.6)) < 2e-5);
    }
    st_population_destroy(p);
    st_model_destroy(model);
    st_ctx_destroy(ctx);
}

// Verification E: a dose at any time is hit exactly, and splitting changes nothing but rounding of
// steps.
static void a_dose_is_hit_exactly(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, CLEARANCE);
    st_population* p = create(ctx, model, 1e-9, 1e-12);
    double parameter[8];
    double input[1];
    double sample[4];
    defaults(model, parameter, input);
    const double dose_day = 0.1234567;
    const double k = 5.3 * 24.0 / 13.6;
    const st_action action[] = {{.day = dose_day, .kind = ST_ACTION_ADD, .index = 0, .value = 3.0},
                                {.day = 0.3, .kind = ST_ACTION_SCALE, .index = 0, .value = 0.5},
                                {.day = 0.3, .kind = ST_ACTION_SET, .index = 0, .value = 7.0}};
    const double day[] = {dose_day - 1e-9, dose_day, 0.25, 0.3};
    st_course course = {.parameter = parameter,
                        .input = input,
                        .action = action,
                        .action_count = 3,
                        .end_day = 1.0,
                        .sample_day = day,
                        .sample_count = 4,
                        .sample = sample};
    assert_int_equal(st_population_solve(p, &course, 1), ST_OK);
    const double before = exp(-k * dose_day);
    assert_true(fabs(sample[0] - before) < 1e-6);
    assert_true(fabs(sample[1] - before - 3.0) < 1e-6); // a sample at a dose is after it
    assert_true(fabs(sample[2] - (before + 3.0) * exp(-k * (0.25 - dose_day))) < 1e-6);
    assert_true(sample[3] == 7.0); // equal days keep their order
    st_population_destroy(p);
    st_model_destroy(model);
    st_ctx_destroy(ctx);
}

#define PEOPLE 29

static void solve_people(st_ctx* ctx, const st_model* model, const int* order, int count,
                         bool plain, double sample[][8])
{
    static double parameter[PEOPLE][32];
    static double input[PEOPLE][1];
    static const double day[] = {3.0, 20.0};
    st_population* p = create(ctx, model, 1e-5, 1e-7);
    st_course course[PEOPLE];
    for (int i = 0; i < count; i++) {
        const int who = order[i];
        defaults(model, parameter[who], input[who]);
        for (int j = 0; j < st_model_parameter_count(model); j++) {
            const st_random_key key = {
                .seed = 7, .stream = ST_STREAM_TEST, .id = (uint64_t)who, .step = 0};
            parameter[who][j] *= 0.8 + 0.4 * st_random_uniform(&key, (uint64_t)j);
        }
        course[i] = (st_course){.parameter = parameter[who],
                                .input = input[who],
                                .end_day = 20.0 + who,
                                .sample_day = day,
                                .sample_count = 2,
                                .sample = sample[who]};
    }
    const st_status status = plain ? st_population_solve_scalar(p, course, count)
                                   : st_population_solve(p, course, count);
    assert_int_equal(status, ST_OK);
    st_population_destroy(p);
}

// A person's bytes depend on that person alone: any lane, any company, and the plain twin.
static void bytes_do_not_depend_on_company(void** state)
{
    (void)state;
    static double plain[PEOPLE][8];
    static double lanes[PEOPLE][8];
    static double shuffled[PEOPLE][8];
    static double alone[PEOPLE][8];
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    assert_int_equal(
        st_model_load(ctx, ST_SOURCE_DIR "/models/verification/baker2017.yaml", NULL, &model),
        ST_OK);
    int order[PEOPLE];
    for (int i = 0; i < PEOPLE; i++) {
        order[i] = i;
    }
    solve_people(ctx, model, order, PEOPLE, true, plain);
    solve_people(ctx, model, order, PEOPLE, false, lanes);
    for (int i = 0; i < PEOPLE; i++) {
        order[i] = (i * 11 + 5) % PEOPLE;
    }
    solve_people(ctx, model, order, PEOPLE, false, shuffled);
    for (int i = 0; i < PEOPLE; i++) {
        solve_people(ctx, model, &i, 1, false, alone);
    }
    assert_memory_equal(lanes, plain, sizeof plain);
    assert_memory_equal(lanes, shuffled, sizeof plain);
    assert_memory_equal(lanes, alone, sizeof plain);
    st_model_destroy(model);
    st_ctx_destroy(ctx);
}

enum { KNEES = 20, KINDS = 5, DAYS = 3 };

/// Courses of some people of the knee: as they are, treated on day 0 in three ways, and on day 30.
/// With `is_like` the treated are like the untreated.
static void solve_knees(st_population* p, const st_model* model, bool is_like, bool plain,
                        int64_t* steps, double* sample)
{
    static const double day[DAYS] = {0.0, 14.0, 365.0};
    const int parameters = st_model_parameter_count(model);
    const int inputs = st_model_input_count(model);
    const int width = st_model_state_count(model) + st_model_definition_count(model);
    double* parameter = calloc((size_t)(KNEES * parameters), sizeof *parameter);
    double* input = calloc((size_t)(KNEES * inputs), sizeof *input);
    st_course course[KNEES * KINDS];
    st_action action[KNEES * KINDS];
    assert_true(parameter != NULL && input != NULL);
    for (int i = 0; i < KNEES * KINDS; i++) {
        const int who = i / KINDS;
        const int kind = (i + who) % KINDS; // the untreated stands in any place
        const int untreated = who * KINDS + (KINDS - who % KINDS) % KINDS;
        double* own = parameter + who * parameters;
        defaults(model, own, input + who * inputs);
        for (int j = 0; j < parameters; j++) {
            const st_random_key key = {
                .seed = 9, .stream = ST_STREAM_TEST, .id = (uint64_t)who, .step = 0};
            const st_parameter_info* about = st_model_parameter(model, j);
            own[j] =
                fmin(about->hi,
                     fmax(about->lo, own[j] * (0.9 + 0.2 * st_random_uniform(&key, (uint64_t)j))));
        }
        action[i] = (st_action){.day = kind == 4 ? 30.0 : 0.0,
                                .kind = ST_ACTION_ADD,
                                .index = st_model_find_state(model, "msc_suspended@fluid"),
                                .value = 1e6 * kind};
        course[i] = (st_course){.parameter = own,
                                .input = input + who * inputs,
                                .action = &action[i],
                                .action_count = kind > 0,
                                .begin_day = -st_model_settle_days(model),
                                .end_day = day[DAYS - 1],
                                .sample_day = day,
                                .sample_count = DAYS,
                                .sample = sample + (size_t)i * DAYS * (size_t)width,
                                .like = is_like && kind > 0 ? &course[untreated] : NULL};
    }
    assert_int_equal(plain ? st_population_solve_scalar(p, course, KNEES * KINDS)
                           : st_population_solve(p, course, KNEES * KINDS),
                     ST_OK);
    for (int i = 0; i < KNEES * KINDS; i++) {
        assert_int_equal(course[i].status, ST_OK);
        steps[i] = course[i].step_count;
    }
    free(parameter);
    free(input);
}

// What courses of one person have in common is computed once, and no byte tells.          POP-4
static void a_shared_beginning_changes_no_byte(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    assert_int_equal(st_model_load(ctx, ST_SOURCE_DIR "/models/knee-oa.yaml", NULL, &model), ST_OK);
    const size_t width = (size_t)(st_model_state_count(model) + st_model_definition_count(model));
    const size_t size = KNEES * KINDS * DAYS * width;
    double* sample[3];
    int64_t steps[3][KNEES * KINDS];
    st_population* p = create(ctx, model, 1e-4, 1e-6);
    for (int k = 0; k < 3; k++) { // alone, like another, by the plain twin
        sample[k] = calloc(size, sizeof *sample[k]);
        assert_non_null(sample[k]);
        solve_knees(p, model, k == 1, k == 2, steps[k], sample[k]);
        if (k < 2) { // those who are treated on day 0, where the model itself stops
            assert_int_equal(p->shares.taken_count, k == 1 ? 3 * KNEES : 0);
        }
    }
    assert_memory_equal(sample[0], sample[2], size * sizeof *sample[0]);
    assert_memory_equal(sample[1], sample[0], size * sizeof *sample[0]);
    assert_memory_equal(steps[1], steps[0], sizeof steps[0]);
    for (int k = 0; k < 3; k++) {
        free(sample[k]);
    }
    st_population_destroy(p);
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static const char BLOW_UP[] = "model: Grows without bound\n"
                              "parameters: { k: { value: 1 1/day, assumed: 'for the test' } }\n"
                              "variables:\n"
                              "  u: { start: 'k * [1 day]', unit: 1, rate: 'k * u * u' }\n";

// u' = u^2 leaves every bound at day 1: the failure is recorded, others go on.
static void a_failure_is_recorded_and_stays_alone(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, BLOW_UP);
    st_population* p = create(ctx, model, 1e-6, 1e-9);
    const double fast = 1.0;
    const double slow = 0.1;
    double none = 0.0;
    const double day[] = {0.5, 2.0};
    double sample[2][2];
    st_course course[2] = {{.parameter = &fast,
                            .input = &none,
                            .end_day = 2.0,
                            .sample_day = day,
                            .sample_count = 2,
                            .sample = sample[0]},
                           {.parameter = &slow,
                            .input = &none,
                            .end_day = 2.0,
                            .sample_day = day,
                            .sample_count = 2,
                            .sample = sample[1]}};
    assert_int_equal(st_population_solve(p, course, 2), ST_OK);
    assert_int_equal(course[0].status, ST_ERR_NUMERIC);
    assert_true(fabs(course[0].failed_day - 1.0) < 0.01);
    assert_int_equal(course[0].failed_state, 0);
    assert_true(fabs(sample[0][0] - 2.0) < 1e-4); // 1/(1 - 0.5)
    assert_true(isnan(sample[0][1]));
    assert_int_equal(course[1].status, ST_OK);
    assert_true(fabs(sample[1][1] - 0.1 / (1.0 - 0.1 * 0.1 * 2.0)) < 1e-6);
    st_population_destroy(p);
    st_model_destroy(model);
    st_ctx_destroy(ctx);
}

static void wrong_arguments_are_refused(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, CLEARANCE);
    st_population_def def = {0};
    st_population* p = NULL;
    assert_int_equal(st_population_create(ctx, model, &def, &p), ST_ERR_INPUT);
    def = st_default_population_def();
    def.relative_tolerance = NAN;
    assert_int_equal(st_population_create(ctx, model, &def, &p), ST_ERR_INPUT);
    assert_null(p);
    p = create(ctx, model, 1e-4, 1e-6);
    const double wrong_days[] = {0.5, 0.4};
    double parameter[8];
    double input[1];
    double sample[2];
    defaults(model, parameter, input);
    st_course course = {.parameter = parameter,
                        .input = input,
                        .end_day = 1.0,
                        .sample_day = wrong_days,
                        .sample_count = 2,
                        .sample = sample};
    assert_int_equal(st_population_solve(p, &course, 1), ST_ERR_INPUT);
    st_population_destroy(p);
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joint_clearance_has_the_exact_half_life),
        cmocka_unit_test(error_falls_with_the_fourth_power_of_the_step),
        cmocka_unit_test(samples_between_steps_are_as_good_as_steps),
        cmocka_unit_test(a_dose_is_hit_exactly),
        cmocka_unit_test(bytes_do_not_depend_on_company),
        cmocka_unit_test(a_shared_beginning_changes_no_byte),
        cmocka_unit_test(a_failure_is_recorded_and_stays_alone),
        cmocka_unit_test(wrong_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
