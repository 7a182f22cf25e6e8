// Verification B: Baker, Brook, Owen 2017 (doi 10.1007/s00285-017-1104-y) as an ordinary model
// file.
#include "stroma/population.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct rig {
    st_ctx* ctx;
    st_model* model;
    st_population* solver;
    double parameter[32];
    double input[1];
} rig;

static int set_up(void** state)
{
    rig* r = calloc(1, sizeof *r);
    r->ctx = st_ctx_create();
    if (st_model_load(r->ctx, ST_SOURCE_DIR "/models/verification/baker2017.yaml", NULL,
                      &r->model) != ST_OK) {
        return -1;
    }
    st_population_def def = st_default_population_def();
    def.relative_tolerance = 1e-10;
    def.absolute_tolerance = 1e-10;
    if (st_population_create(r->ctx, r->model, &def, &r->solver) != ST_OK) {
        return -1;
    }
    for (int i = 0; i < st_model_parameter_count(r->model); i++) {
        r->parameter[i] = st_model_parameter(r->model, i)->value;
    }
    *state = r;
    return 0;
}

static int tear_down(void** state)
{
    rig* r = *state;
    st_population_destroy(r->solver);
    st_model_destroy(r->model);
    const bool leaked = st_ctx_bytes_in_use(r->ctx) != 0;
    st_ctx_destroy(r->ctx);
    free(r);
    return leaked ? -1 : 0;
}

static void start(rig* r, const double* x)
{
    static const char* const names[] = {"p_0", "a_0", "e_0", "f_0"};
    for (int i = 0; i < 4; i++) {
        r->parameter[st_model_find_parameter(r->model, names[i])] = x[i];
    }
}

static void run(rig* r, double end, const double* day, int count, const st_action* action,
                int action_count, double* sample)
{
    st_course course = {.parameter = r->parameter,
                        .input = r->input,
                        .action = action,
                        .action_count = action_count,
                        .end_day = end,
                        .sample_day = day,
                        .sample_count = count,
                        .sample = sample};
    assert_int_equal(st_population_solve(r->solver, &course, 1), ST_OK);
    assert_int_equal(course.status, ST_OK);
}

static void assert_state(const double* x, const double* expected, double tolerance)
{
    for (int i = 0; i < 4; i++) {
        assert_true(fabs(x[i] - expected[i]) <= tolerance);
    }
}

static const double STABLE[] = {0.013082, 0.003083, 0.011711, 0.011711};

static void the_quiet_state_is_stable(void** state)
{
    rig* r = *state;
    const double near[] = {0.03, 0.01, 0.012, 0.011};
    const double day = 200.0;
    double x[4];
    start(r, near);
    run(r, day, &day, 1, NULL, 0, x);
    assert_state(x, STABLE, 6e-7);
}

// Saddle and focus are roots of the rates: one Newton step from the printed digits stays within
// them.
static void saddle_and_focus_are_equilibria(void** state)
{
    rig* r = *state;
    static const double root[2][4] = {{0.053760, 0.043863, 0.038818, 0.038818},
                                      {0.260356, 3.571661, 0.644823, 0.644823}};
    const st_tape* tape = st_model_rate_tape(r->model);
    double slot[64] = {0};
    double reg[256];
    double rate[4];
    for (int k = 0; k < 2; k++) {
        memcpy(slot, root[k], sizeof root[k]);
        memcpy(slot + 4, r->parameter, sizeof r->parameter);
        st_tape_run_scalar(tape, slot, reg, rate);
        for (int i = 0; i < 4; i++) {
            assert_true(fabs(rate[i]) < 3e-5); // printed to 6 digits, slopes below 20
        }
    }
}

static void the_limit_cycle_has_the_printed_period_and_range(void** state)
{
    rig* r = *state;
    const double from[] = {0.2, 3.0, 0.5, 0.5};
    enum { COUNT = 40001 };
    static double day[COUNT];
    static double x[COUNT][4];
    for (int i = 0; i < COUNT; i++) {
        day[i] = 1200.0 + 0.001 * i; // the cycle attracts slowly: 300 days are 2e-5 short
    }
    start(r, from);
    run(r, 1240.0, day, COUNT, NULL, 0, x[0]);
    double lo = 1e9;
    double hi = 0.0;
    double first = NAN;
    double last = NAN;
    int turns = 0;
    for (int i = 1; i < COUNT; i++) {
        lo = fmin(lo, x[i][0]);
        hi = fmax(hi, x[i][0]);
        const double level = 0.3;
        if (x[i - 1][0] < level && x[i][0] >= level) {
            const double at = day[i - 1] + 0.001 * (level - x[i - 1][0]) / (x[i][0] - x[i - 1][0]);
            first = turns == 0 ? at : first;
            last = at;
            turns++;
        }
    }
    const double period = (last - first) / (turns - 1);
    print_message("period %.4f, p from %.5f to %.5f\n", period, lo, hi);
    assert_true(fabs(period - 8.281) <= 0.002);
    assert_true(fabs(hi - 0.42438) <= 1e-5);
    assert_true(fabs(lo - 0.16446) <= 1e-5);
}

/// True when p added to the stable state does not return.
static bool leaves(rig* r, double added)
{
    double x[4];
    const double day = 300.0;
    const double from[] = {STABLE[0] + added, STABLE[1], STABLE[2], STABLE[3]};
    start(r, from);
    run(r, day, &day, 1, NULL, 0, x);
    return x[0] > 0.05;
}

static void the_threshold_of_added_p_is_the_printed_one(void** state)
{
    rig* r = *state;
    double lo = 0.01;
    double hi = 0.2;
    for (int i = 0; i < 30; i++) {
        const double middle = 0.5 * (lo + hi);
        if (leaves(r, middle)) {
            hi = middle;
        } else {
            lo = middle;
        }
    }
    print_message("threshold %.6f\n", hi);
    assert_true(fabs(hi - 0.057986) <= 2e-6); // the stable state itself is printed to 1e-6
}

static void the_printed_course_and_event_come_out(void** state)
{
    rig* r = *state;
    static const double from[] = {0.18, 5.0, 0.55, 0.75};
    static const double at_20[] = {0.295400, 2.080510, 0.511204, 0.409867};
    static const double at_21[] = {0.247441, 1.832554, 0.376390, 0.387099};
    const st_action scale = {.day = 20.0, .kind = ST_ACTION_SCALE, .index = 0, .value = 0.1};
    const double to_20 = 20.0;
    const double to_21 = 21.0;
    double x[4];
    start(r, from);
    run(r, 20.0, &to_20, 1, NULL, 0, x);
    assert_state(x, at_20, 1e-6);
    run(r, 21.0, &to_21, 1, &scale, 1, x);
    assert_state(x, at_21, 1e-6);
}

static void damage_moves_the_states_as_printed(void** state)
{
    rig* r = *state;
    static const double damage[] = {0.01, 0.02, 0.05, 0.10};
    static const double p[] = {0.01941, 0.25778, 0.25393, 0.24754};
    const int index = st_model_find_parameter(r->model, "F_dam");
    const double day = 600.0;
    double x[4];
    start(r, STABLE);
    r->parameter[index] = damage[0];
    run(r, day, &day, 1, NULL, 0, x);
    assert_true(fabs(x[0] - p[0]) <= 1e-5);
    // the only equilibria at larger damage: roots of the rates, found by Newton from the printed p
    for (int i = 1; i < 4; i++) {
        r->parameter[index] = damage[i];
        const st_tape* tape = st_model_rate_tape(r->model);
        double slot[64] = {0};
        double reg[256];
        double rate[4];
        double lo = p[i] - 2e-3;
        double hi = p[i] + 2e-3;
        for (int k = 0; k < 60;
             k++) { // a, e, f follow from p; p's own rate changes sign at the root
            const double mid = 0.5 * (lo + hi);
            const double h = mid * mid / (1.0 + mid * mid);
            const double e = 0.01 + 10.0 * h;
            const double f = e + damage[i];
            const double a = 10.0 * h + 10.0 * f * f / (1.0 + f * f);
            slot[0] = mid;
            slot[1] = a;
            slot[2] = e;
            slot[3] = f;
            memcpy(slot + 4, r->parameter, sizeof r->parameter);
            st_tape_run_scalar(tape, slot, reg, rate);
            assert_true(fabs(rate[1]) < 1e-12 && fabs(rate[2]) < 1e-12 && fabs(rate[3]) < 1e-12);
            if (rate[0] > 0.0) {
                lo = mid;
            } else {
                hi = mid;
            }
        }
        assert_true(fabs(lo - p[i]) <= 1e-5);
    }
    r->parameter[index] = 0.0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quiet_state_is_stable),
        cmocka_unit_test(saddle_and_focus_are_equilibria),
        cmocka_unit_test(the_limit_cycle_has_the_printed_period_and_range),
        cmocka_unit_test(the_threshold_of_added_p_is_the_printed_one),
        cmocka_unit_test(the_printed_course_and_event_come_out),
        cmocka_unit_test(damage_moves_the_states_as_printed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
