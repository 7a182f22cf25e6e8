/// \file
/// The shipped knee model with people, arms and courses, for the tests that look at its behaviour.
#ifndef ST_TEST_KNEE_PEOPLE_H
#define ST_TEST_KNEE_PEOPLE_H

#include "base/base.h"
#include "base/maths.h"
#include "base/random.h"

#include "stroma/model.h"
#include "stroma/population.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE      200
#define ACTION_MAX  64
#define YEAR_DAY    365.25
#define VISIT_COUNT 12

/// Sampled days; the first is the entry.
static const double VISIT_DAY[VISIT_COUNT] = {0, 2, 7, 14, 28, 42, 70, 91, 182, 365, 547, 730};
enum {
    DAY_0,
    DAY_2,
    DAY_7,
    DAY_14,
    DAY_28,
    DAY_42,
    DAY_70,
    DAY_91,
    DAY_182,
    DAY_365,
    DAY_547,
    DAY_730
};

/// From `day` on an input is `times` the person's own, and `plus` more.
typedef struct change {
    const char* input; ///< NULL ends the list
    double day, times, plus;
} change;

typedef struct arm {
    const char* product;  ///< class of the dose, NULL = none
    double quantity;      ///< cells, platelets or g
    double suggestion;    ///< given with it
    int repeats;          ///< further doses ...
    double every_day;     ///< ... at this distance
    const change* change; ///< or NULL
} arm;

/// The model with its people. Courses of one arm are solved together.
typedef struct fixture {
    st_ctx* ctx;
    st_model* model;
    st_population* population;
    int row; ///< states and definitions
    double* parameter;
    double* input;
    double* sample;
    st_course* course;
    st_action* action;
} fixture;

static inline double* numbers(fixture* f, int count)
{
    double* block = st_alloc(f->ctx, (size_t)count, sizeof *block);
    assert_non_null(block);
    return block;
}

static inline fixture open_knee(const char* variant)
{
    fixture f = {.ctx = st_ctx_create()};
    assert_non_null(f.ctx);
    const st_status status =
        st_model_load(f.ctx, ST_SOURCE_DIR "/models/knee-oa.yaml", variant, &f.model);
    if (status != ST_OK) {
        fail_msg("%s", st_ctx_message(f.ctx, 0));
    }
    const st_population_def def = st_default_population_def();
    assert_int_equal(st_population_create(f.ctx, f.model, &def, &f.population), ST_OK);
    f.row = st_model_state_count(f.model) + st_model_definition_count(f.model);
    f.parameter = numbers(&f, PEOPLE * st_model_parameter_count(f.model));
    f.input = numbers(&f, PEOPLE * st_model_input_count(f.model));
    f.sample = numbers(&f, PEOPLE * VISIT_COUNT * f.row);
    f.course = st_alloc(f.ctx, PEOPLE, sizeof *f.course);
    f.action = st_alloc(f.ctx, PEOPLE * ACTION_MAX, sizeof *f.action);
    assert_true(f.course != NULL && f.action != NULL);
    return f;
}

static inline void close_knee(fixture* f)
{
    st_free(f->ctx, f->parameter);
    st_free(f->ctx, f->input);
    st_free(f->ctx, f->sample);
    st_free(f->ctx, f->course);
    st_free(f->ctx, f->action);
    st_population_destroy(f->population);
    st_model_destroy(f->model);
    assert_int_equal((int)st_ctx_bytes_in_use(f->ctx), 0);
    st_ctx_destroy(f->ctx);
}

// --- people
// -----------------------------------------------------------------------------------------------

/// Index in a sample row; states come first, then definitions.
static inline int column(const fixture* f, const char* name)
{
    int index = st_model_find_state(f->model, name);
    if (index < 0) {
        index = st_model_find_definition(f->model, name);
        assert_true(index >= 0);
        index += st_model_state_count(f->model);
    }
    return index;
}

static inline void set_input(fixture* f, int person, const char* name, double shown)
{
    const int i = st_model_find_input(f->model, name);
    assert_true(i >= 0);
    f->input[person * st_model_input_count(f->model) + i] =
        shown / st_model_input(f->model, i)->show_factor;
}

/// Person `person` as the file has it: medians of all parameters, inputs at their defaults.
static inline void make_typical(fixture* f, int person)
{
    const int np = st_model_parameter_count(f->model);
    const int ni = st_model_input_count(f->model);
    for (int i = 0; i < np; i++) {
        f->parameter[person * np + i] = st_model_parameter(f->model, i)->value;
    }
    for (int i = 0; i < ni; i++) {
        f->input[person * ni + i] = st_model_input(f->model, i)->value;
    }
}

static inline double clip(double x, double lo, double hi)
{
    return x < lo ? lo : (x > hi ? hi : x);
}

/// A drawn person: parameters by their spread, a clinic's spread of inputs.
static inline void make_drawn(fixture* f, int person)
{
    make_typical(f, person);
    const int np = st_model_parameter_count(f->model);
    const st_random_key key = {.seed = 2016, .stream = ST_STREAM_TEST, .id = (uint64_t)person};
    for (int i = 0; i < np; i++) {
        const st_parameter_info* info = st_model_parameter(f->model, i);
        const double z = st_random_normal(&key, (uint64_t)i);
        double* value = &f->parameter[person * np + i];
        if (info->spread_kind == ST_SPREAD_LOGNORMAL) {
            *value = clip(info->value * st_exp(info->spread * z), info->lo, info->hi);
        } else if (info->spread_kind == ST_SPREAD_NORMAL) {
            *value = clip(info->value + info->spread * z, info->lo, info->hi);
        }
    }
    double z[8];
    for (int i = 0; i < 8; i++) {
        z[i] = st_random_normal(&key, (uint64_t)(1000 + i));
    }
    set_input(f, person, "age", clip(61.0 + 9.0 * z[0], 40.0, 85.0));
    set_input(f, person, "female", z[1] < 0.18 ? 1.0 : 0.0);
    set_input(f, person, "bmi", clip(29.7 + 5.0 * z[2], 18.0, 45.0));
    set_input(f, person, "varus", 2.0 + 4.0 * z[3]);
    set_input(f, person, "base_pain", clip(55.0 + 14.0 * z[4], 20.0, 95.0));
    set_input(f, person, "inflammation", clip(st_exp(0.59 * z[5]), 0.1, 10.0));
    set_input(f, person, "base_thickness", clip(1.65 + 0.25 * z[6], 0.6, 2.6));
}

static inline void make_cohort(fixture* f)
{
    for (int p = 0; p < PEOPLE; p++) {
        make_drawn(f, p);
    }
}

// --- courses
// ----------------------------------------------------------------------------------------------

static inline void add_action(st_course* course, st_action* action, st_action one)
{
    assert_true(course->action_count < ACTION_MAX);
    action[course->action_count++] = one;
}

/// Doses and changed inputs of one person, in order of time.
static inline void plan_arm(const fixture* f, const arm* a, double* add, st_course* course,
                            st_action* action)
{
    const int ns = st_model_state_count(f->model);
    const int dose = a->product != NULL ? st_model_find_dose(f->model, a->product) : -1;
    assert_true(a->product == NULL || dose >= 0);
    for (int r = 0; dose >= 0 && r <= a->repeats; r++) {
        memset(add, 0, (size_t)ns * sizeof *add);
        st_model_dose_add(f->model, dose, a->quantity, 0.0, 0.0, course->parameter, course->input,
                          add);
        for (int s = 0; s < ns; s++) {
            if (add[s] != 0.0) {
                add_action(course, action,
                           (st_action){.day = r * a->every_day,
                                       .kind = ST_ACTION_ADD,
                                       .index = s,
                                       .value = add[s]});
            }
        }
    }
    if (a->suggestion != 0.0) {
        add_action(course, action,
                   (st_action){.kind = ST_ACTION_ADD,
                               .index = st_model_find_state(f->model, "suggestion"),
                               .value = a->suggestion});
    }
    for (const change* c = a->change; c != NULL && c->input != NULL; c++) {
        const int i = st_model_find_input(f->model, c->input);
        assert_true(i >= 0);
        add_action(course, action,
                   (st_action){.day = c->day,
                               .kind = ST_ACTION_INPUT,
                               .index = i,
                               .value = c->times * course->input[i] + c->plus});
    }
    for (int k = 1; k < course->action_count; k++) {
        const st_action one = action[k];
        int at = k;
        for (; at > 0 && action[at - 1].day > one.day; at--) {
            action[at] = action[at - 1];
        }
        action[at] = one;
    }
}

/// Solves the first `count` people in one arm, from the run-in to two years.
static inline void solve(fixture* f, const arm* a, int count)
{
    const int np = st_model_parameter_count(f->model);
    const int ni = st_model_input_count(f->model);
    double* add = numbers(f, st_model_state_count(f->model));
    for (int p = 0; p < count; p++) {
        st_action* action = &f->action[p * ACTION_MAX];
        st_course* course = &f->course[p];
        *course = (st_course){.parameter = &f->parameter[p * np],
                              .input = &f->input[p * ni],
                              .action = action,
                              .begin_day = -st_model_settle_days(f->model),
                              .end_day = VISIT_DAY[VISIT_COUNT - 1],
                              .sample_day = VISIT_DAY,
                              .sample_count = VISIT_COUNT,
                              .sample = &f->sample[p * VISIT_COUNT * f->row]};
        plan_arm(f, a, add, course, action);
    }
    st_free(f->ctx, add);
    assert_int_equal(st_population_solve(f->population, f->course, count), ST_OK);
    for (int p = 0; p < count; p++) {
        if (f->course[p].status != ST_OK) {
            fail_msg("person %d failed at day %g", p, f->course[p].failed_day);
        }
    }
}

static inline double at(const fixture* f, int person, int visit, int col)
{
    return f->sample[(person * VISIT_COUNT + visit) * f->row + col];
}

/// No state that must not be negative is below zero by more than a millionth of its size.
static inline void check_positive(const fixture* f, int count)
{
    for (int s = 0; s < st_model_state_count(f->model); s++) {
        const st_state_info* info = st_model_state(f->model, s);
        for (int p = 0; p < count && !info->may_be_negative; p++) {
            for (int v = 0; v < VISIT_COUNT; v++) {
                if (!(at(f, p, v, s) >= -1e-6 * info->scale)) {
                    fail_msg("%s = %g of person %d on day %g", info->name, at(f, p, v, s), p,
                             VISIT_DAY[v]);
                }
            }
        }
    }
}

typedef struct moments {
    double mean, sd;
} moments;

static inline moments moments_of(const double* x, int count)
{
    moments m = {0};
    for (int i = 0; i < count; i++) {
        m.mean += x[i] / count;
    }
    for (int i = 0; i < count; i++) {
        m.sd += (x[i] - m.mean) * (x[i] - m.mean) / (count - 1);
    }
    m.sd = sqrt(m.sd);
    return m;
}

/// Change of pain against the same people untreated, by visit; the untreated course is their entry
/// level.
static inline void relief(fixture* f, const arm* a, moments out[VISIT_COUNT])
{
    const int pain = column(f, "pain_felt");
    double* untreated = numbers(f, PEOPLE * VISIT_COUNT);
    double x[PEOPLE];
    solve(f, &(arm){0}, PEOPLE);
    for (int i = 0; i < PEOPLE * VISIT_COUNT; i++) {
        untreated[i] = f->sample[i * f->row + pain];
    }
    solve(f, a, PEOPLE);
    check_positive(f, PEOPLE);
    for (int v = 0; v < VISIT_COUNT; v++) {
        for (int p = 0; p < PEOPLE; p++) {
            x[p] = at(f, p, v, pain) - untreated[p * VISIT_COUNT + v];
        }
        out[v] = moments_of(x, PEOPLE);
    }
    st_free(f->ctx, untreated);
}

static inline void check_within(const char* what, double value, double lo, double hi)
{
    if (!(value >= lo && value <= hi)) {
        fail_msg("%s is %g, expected %g to %g", what, value, lo, hi);
    }
}

#endif
