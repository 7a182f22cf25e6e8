// One person once more: the course for a closer look is the one that the trial stored, with rescue,
// repeats, crossover and plans of care. [TRI-35]
#include "study.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "collected.h"

#define FOLDER ST_SOURCE_DIR "/test/determinism/"

typedef struct room {
    int states, definitions;
    double *parameter, *input, *state, *definition, *sample;
} room;

static room make_room(const collected* c, int days)
{
    const st_model* model = st_study_model(c->study);
    room r = {.states = st_model_state_count(model),
              .definitions = st_model_definition_count(model)};
    r.parameter = calloc((size_t)st_model_parameter_count(model) + 1, sizeof(double));
    r.input = calloc((size_t)st_model_input_count(model) + 1, sizeof(double));
    r.state = calloc((size_t)days * (size_t)r.states + 1, sizeof(double));
    r.definition = calloc((size_t)days * (size_t)r.definitions + 1, sizeof(double));
    r.sample = calloc((size_t)r.states + (size_t)r.definitions + 1, sizeof(double));
    assert_true(r.parameter && r.input && r.state && r.definition && r.sample);
    return r;
}

static void clear_room(room* r)
{
    free(r->parameter);
    free(r->input);
    free(r->state);
    free(r->definition);
    free(r->sample);
}

static int later_count(const collected* c, const st_reading_row* r)
{
    int count = 0;
    for (int i = 0; i < c->later_count; i++) {
        count += c->later[i].arm == r->arm && c->later[i].person == r->person;
    }
    return count;
}

/// A visit at which something was given right after the reading: the trial read it on a course that
/// had no step ending there, so that only the solver's tolerance binds the two.
static bool sets_something_off(const st_single* out, double day)
{
    for (int i = 0; i < out->event_count; i++) {
        if (out->event[i].day > day && out->event[i].day < day + 0.01) {
            return true;
        }
    }
    return false;
}

// Everybody's readings at every visit, in the own arm and in twin arms, and what happened to them.
static void check_people(const collected* c, int* with_events, int* without)
{
    const st_study* study = c->study;
    const int visits = st_study_visit_count(study);
    double day[64];
    room r = make_room(c, visits);
    double worst = 0.0;
    double worst_at_event = 0.0;
    for (int v = 0; v < visits; v++) {
        day[v] = st_study_visit(study, v)->day;
    }
    st_single out = {
        .parameter = r.parameter, .input = r.input, .state = r.state, .definition = r.definition};
    for (int i = 0; i < c->reading_count; i++) {
        const st_reading_row* row = &c->reading[i];
        if (row->visit == 0 && row->measure == 0) { // the first of this person in this arm
            const int events = later_count(c, row);
            if (events == 0 && *without > 20) {
                out.event_count = -1; // enough of those
                continue;
            }
            assert_int_equal(st_single_solve(c->ctx, study, study->seed, row->arm,
                                             (int64_t)row->person, day, visits, &out),
                             ST_OK);
            assert_int_equal(out.event_count, events);
            *(events > 0 ? with_events : without) += 1;
            int seen = 0;
            for (int k = 0; k < c->later_count; k++) {
                if (c->later[k].arm == row->arm && c->later[k].person == row->person) {
                    assert_string_equal(out.event[seen].name, c->later[k].name);
                    assert_true(out.event[seen].day == c->later[k].day);
                    seen++;
                }
            }
        }
        if (row->visit == 0 || out.event_count < 0) {
            continue; // the baseline is read before anything is done
        }
        memcpy(r.sample, r.state + (size_t)row->visit * (size_t)r.states,
               (size_t)r.states * sizeof(double));
        memcpy(r.sample + r.states, r.definition + (size_t)row->visit * (size_t)r.definitions,
               (size_t)r.definitions * sizeof(double));
        const double value =
            st_instrument_value(study->instruments, study->measure[row->measure], r.sample);
        double* const off = sets_something_off(&out, day[row->visit]) ? &worst_at_event : &worst;
        *off = fmax(*off, fabs(value - row->value));
    }
    print_message("%d people with something later, %d without: readings differ by %.1e at most, "
                  "%.1e where something was set off\n",
                  *with_events, *without, worst, worst_at_event);
    // Points of 100 and fractions. A step that passes a visit may end at what follows it.
    assert_true(worst < 1e-5);
    assert_true(worst_at_event < 1e-3);
    clear_room(&r);
}

static void test_the_course_is_that_of_the_trial(void** state)
{
    static const char* const studies[] = {FOLDER "full.yaml", FOLDER "care.yaml"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        collected* c = collected_create(studies[i]);
        int with = 0;
        int without = 0;
        check_people(c, &with, &without);
        assert_true(without > 5);
        assert_true(i > 0 || with > 15);
        collected_destroy(c);
    }
}

// Between visits and beyond the last one the course goes on, the same however often it is asked.
static void test_more_days_change_nothing(void** state)
{
    (void)state;
    collected* c = collected_create(FOLDER "full.yaml");
    const double few[2] = {0.0, 100.0};
    const double many[5] = {0.0, 3.5, 50.25, 100.0, 900.0};
    room a = make_room(c, 5);
    room b = make_room(c, 5);
    st_single one = {.parameter = a.parameter, .input = a.input, .state = a.state};
    st_single two = {.parameter = b.parameter, .input = b.input, .state = b.state};
    for (int i = 0; i < 12; i++) {
        const int arm = c->person[i].arm;
        const int64_t id = (int64_t)c->who[i].id;
        assert_int_equal(st_single_solve(c->ctx, c->study, c->study->seed, arm, id, few, 2, &one),
                         ST_OK);
        assert_int_equal(st_single_solve(c->ctx, c->study, c->study->seed, arm, id, many, 5, &two),
                         ST_OK);
        for (int s = 0; s < a.states; s++) {
            const double here = a.state[a.states + s];
            assert_true(fabs(here - b.state[3 * a.states + s]) <= 1e-6 * fabs(here) + 1e-12);
            assert_true(isfinite(b.state[4 * a.states + s]));
        }
    }
    assert_int_equal(st_single_solve(c->ctx, c->study, 1, 99, 0, few, 2, &one), ST_ERR_INPUT);
    clear_room(&a);
    clear_room(&b);
    collected_destroy(c);
}

#define CHANGES 64

/// Days around each change of inputs, in order: just before it, on it, and half-way to the next.
static int days_around(const st_single* single, double end, double* day)
{
    int count = 0;
    for (int i = 0; i < single->change_count; i++) {
        const double at = single->change_day[i];
        const double next = i + 1 < single->change_count ? single->change_day[i + 1] : end;
        if (at > 0.0) {
            day[count++] = at - 1e-4;
        }
        day[count++] = at;
        day[count++] = 0.5 * (at + next);
    }
    return count;
}

// Inputs of the course of a person under a plan of care with a rescue: they change on the days that
// are told and stand still between; what the model defines from them is the same number.
static void test_inputs_stand_still_between_the_days_told(void** state)
{
    (void)state;
    collected* c = collected_create(FOLDER "care.yaml");
    const st_model* model = st_study_model(c->study);
    const size_t inputs = (size_t)st_model_input_count(model);
    const int strength = st_model_find_input(model, "strength");
    const int analgesic = st_model_find_input(model, "analgesic");
    const int shown = st_model_find_definition(model, "strength_now");
    const double ends[2] = {0.0, 300.0};
    double change[CHANGES];
    double day[3 * CHANGES];
    double* held = calloc(3 * CHANGES * inputs, sizeof *held);
    room r = make_room(c, 3 * CHANGES);
    int changes = 0;
    int rescues = 0;
    st_single one = {.parameter = r.parameter,
                     .input = r.input,
                     .state = r.state,
                     .definition = r.definition,
                     .input_at = held,
                     .change_day = change,
                     .change_limit = CHANGES};
    for (int p = 0; p < 40; p++) {
        const int arm = c->person[p].arm;
        const int64_t id = (int64_t)c->who[p].id;
        assert_int_equal(st_single_solve(c->ctx, c->study, c->study->seed, arm, id, ends, 2, &one),
                         ST_OK);
        const int count = days_around(&one, ends[1], day);
        const int told = one.change_count;
        changes += told;
        if (count == 0) {
            continue;
        }
        assert_int_equal(
            st_single_solve(c->ctx, c->study, c->study->seed, arm, id, day, count, &one), ST_OK);
        assert_int_equal(one.change_count, told);
        for (int i = 0; i < count; i++) {
            const double* now = held + (size_t)i * inputs;
            double medicine = 0.0;
            bool is_new = false;
            for (int k = 0; k < told; k++) {
                is_new = is_new || change[k] == day[i];
            }
            for (size_t k = 0; k < inputs && i > 0 && !is_new; k++) {
                assert_true(now[k] == now[k - inputs]);
            }
            for (int e = 0; e < one.event_count; e++) {
                const bool is_rescue = strcmp(one.event[e].name, "rescue") == 0;
                rescues += is_rescue && one.event[e].day == day[i];
                medicine = is_rescue && one.event[e].day <= day[i] ? 1.0 : medicine;
            }
            assert_true(now[analgesic] == medicine);
            assert_true(fabs(r.definition[i * r.definitions + shown] - now[strength]) < 1e-12);
        }
        one.change_limit = 0;
        assert_int_equal(
            st_single_solve(c->ctx, c->study, c->study->seed, arm, id, day, count, &one),
            ST_ERR_INPUT);
        one.change_limit = CHANGES;
    }
    print_message("%d changes of inputs in 40 people, %d by rescue\n", changes, rescues);
    assert_true(changes > 100 && rescues > 3);
    free(held);
    clear_room(&r);
    collected_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_course_is_that_of_the_trial),
        cmocka_unit_test(test_more_days_change_nothing),
        cmocka_unit_test(test_inputs_stand_still_between_the_days_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
