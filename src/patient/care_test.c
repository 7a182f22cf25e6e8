// Plans of care: what they ask over time, what people do of it, and what is refused where. [PAT-8]
#include "base/base.h"

#include "base/doc.h"
#include "base/table.h"
#include "stroma/patient.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER ST_SOURCE_DIR "/test/determinism/"

typedef struct fixture {
    st_ctx* ctx;
    st_model* model;
} fixture;

static int setup(void** state)
{
    static fixture f;
    f.ctx = st_ctx_create();
    assert_int_equal(st_model_load(f.ctx, FOLDER "cared.yaml", NULL, &f.model), ST_OK);
    *state = &f;
    return 0;
}

static int teardown(void** state)
{
    fixture* f = *state;
    st_model_destroy(f->model);
    assert_int_equal(st_ctx_bytes_in_use(f->ctx), 0);
    st_ctx_destroy(f->ctx);
    return 0;
}

/// Excursion that holds on a day.
static st_care_change at(const st_care* care, int input, double day)
{
    st_care_change now = {.input = input};
    for (int i = 0; i < st_care_change_count(care); ++i) {
        const st_care_change* c = &st_care_changes(care)[i];
        if (c->input == input && c->day <= day) {
            now = *c;
        }
    }
    return now;
}

static void phases_follow_each_other(void** state)
{
    const fixture* f = *state;
    st_care* care = NULL;
    assert_int_equal(st_care_load(f->ctx, FOLDER "plan_training.yaml", f->model, 365.25, &care),
                     ST_OK);
    const int strength = st_model_find_input(f->model, "strength");
    const int exercise = st_model_find_input(f->model, "exercise");
    assert_string_equal(st_care_title(care), "Training");
    assert_int_equal(st_care_phase_count(care), 3);
    assert_string_equal(st_care_phase(care, 1)->text,
                        "exercise at 1, strength step by step to 130 % of one's own");
    double last = 0.0;
    for (int i = 0; i < st_care_change_count(care); ++i) {
        assert_true(st_care_changes(care)[i].day >= last);
        last = st_care_changes(care)[i].day;
    }
    // adherence, its half-life and three phases, each with its origin
    assert_int_equal(st_care_figure_count(care), 5);
    for (int i = 0; i < 5; ++i) {
        const st_figure_info figure = st_care_figure(care, i);
        assert_true((figure.source == NULL) != (figure.assumed == NULL));
        assert_string_equal(figure.name, i == 0   ? "adherence"
                                         : i == 1 ? "half-life of the adherence"
                                                  : st_care_phase(care, i - 2)->name);
    }
    assert_true(st_care_figure(care, 1).value == 120.0);
    // rest at once, then a straight line, held where the steps' middles are
    assert_true(at(care, strength, 0.0).times == 0.9 - 1.0 && at(care, strength, 2.9).plus == 0.0);
    for (double day = 3.0; day < 84.0; day += 1.0) {
        const double line = -0.1 + 0.4 * (day - 3.0) / 81.0;
        assert_true(fabs(at(care, strength, day).times - line) < 0.4 * 3.6 / 81.0);
    }
    // it holds for twelve weeks, then halves every 120 days; steps of a week are 4 % of that
    assert_true(fabs(at(care, strength, 84.0 + 120.0).times / 0.15 - 1.0) < 0.03);
    assert_true(fabs(at(care, strength, 84.0 + 240.0).times / 0.075 - 1.0) < 0.05);
    // an input that is 0 without the plan takes a value of its own
    assert_true(at(care, exercise, 1.0).plus == 0.0 && at(care, exercise, 30.0).plus == 1.0);
    assert_true(at(care, exercise, 30.0).times == -1.0);
    assert_true(fabs(at(care, exercise, 90.0).plus - 0.5) < 0.03);
    st_care_destroy(care);
}

static void people_differ_in_what_they_do(void** state)
{
    enum { COUNT = 20000 };
    const fixture* f = *state;
    st_care* care = NULL;
    st_care* diet = NULL;
    double sum = 0.0;
    double square = 0.0;
    assert_int_equal(st_care_load(f->ctx, FOLDER "plan_training.yaml", f->model, 30.0, &care),
                     ST_OK);
    assert_int_equal(st_care_load(f->ctx, FOLDER "plan_diet.yaml", f->model, 30.0, &diet), ST_OK);
    for (uint64_t id = 1; id <= COUNT; ++id) {
        const double share = st_care_adherence(care, 77, id);
        assert_true(share >= 0.0 && share <= 1.0 && share == st_care_adherence(care, 77, id));
        assert_true(st_care_adherence(diet, 77, id) == 1.0);
        sum += share;
        square += share * share;
    }
    // a normal law of 0.7 +- 0.25, cut at 0 and 1: mean 0.6472, SD 0.2041
    const double mean = sum / COUNT;
    const double sd = sqrt(square / COUNT - mean * mean);
    print_message("adherence %.4f +- %.4f\n", mean, sd);
    assert_true(fabs(mean - 0.6472) < 4.0 * 0.2041 / sqrt(COUNT));
    assert_true(fabs(sd - 0.2041) < 0.004);
    st_care_destroy(diet);
    st_care_destroy(care);
}

/// The head of a plan takes three lines; phases begin on line 5.
#define HEAD                                                                                       \
    "plan: T\ndescription: test\nadherence: { share: { fixed: 1, assumed: test } }\nphases:\n"
#define GOOD "  - { name: a, during: 0..1 weeks, set: { strength: 1 }, assumed: test }\n"

static void mistakes_have_their_place(void** state)
{
    static const struct {
        const char* text;
        const char* says[2];
    } cases[] = {
        {HEAD "  - { name: a, during: 0..1 weeks, reach: { strenght: 120 % }, assumed: test }\n",
         {"care_test.yaml:5:45: phases[0].reach.strenght", "did you mean 'strength'"}},
        {HEAD "  - { name: a, during: 0..1 weeks, reach: { strength: 120 kg }, assumed: test }\n",
         {":5:55: phases[0].reach.strength", "120 kg"}},
        {HEAD "  - { name: a, during: 0..1 weeks, reach: { strength: 1200 % }, assumed: test }\n",
         {":5:55: phases[0].reach.strength", "1200 %"}},
        {HEAD "  - { name: a, during: 0..1 weeks, set: { bmi: 25 }, assumed: test }\n",
         {":5:48: phases[0].set.bmi", "25"}},
        {HEAD "  - { name: a, during: 0..1 weeks, set: { bmi: 90 % }, reach: { bmi: 80 % }, "
              "assumed: test }\n",
         {":5:", "under both set: and reach:"}},
        {HEAD "  - { name: a, during: 0..1 weeks, assumed: test }\n",
         {":5:5: phases[0]", "nothing to do"}},
        {HEAD "  - { name: a, during: 0..1 weeks, set: { strength: 1 } }\n",
         {":5:5: phases[0]", "neither"}},
        {HEAD "  - { name: a, during: 9..8 days, set: { strength: 1 }, assumed: test }\n",
         {":5:24: phases[0].during", "9..8 days"}},
        {HEAD GOOD "  - { name: b, during: 5..9 days, set: { strength: 1 }, assumed: test }\n",
         {":6:24: phases[1].during", "ends on day 7"}},
        {HEAD "  - { name: a, durign: 0..1 weeks, set: { strength: 1 }, assumed: test }\n",
         {":5:", "during"}},
        {"plan: T\ndescription: test\nphases:\n" GOOD, {"adherence", "missing"}},
        {"plan: T\ndescription: test\nadherence: { share: { fixed: 2, assumed: test } }\n"
         "phases:\n" GOOD,
         {":3:", "adherence.share"}},
        {"plan: T\ndescription: test\nadherence: { share: { fixed: 1 } }\nphases:\n" GOOD,
         {":3:", "neither"}},
        {"plan: T\ndescription: test\nadherence: { share: { fixed: 1, assumed: test }, "
         "half_life: { value: 0 day, assumed: test } }\nphases:\n" GOOD,
         {":3:", "half-life of 0"}},
    };
    const fixture* f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        const char* text = cases[i].text;
        st_care* care = NULL;
        assert_int_equal(st_file_write(f->ctx, "care_test.yaml", text, strlen(text)), ST_OK);
        assert_int_equal(st_care_load(f->ctx, "care_test.yaml", f->model, 365.0, &care),
                         ST_ERR_INPUT);
        remove("care_test.yaml");
        assert_null(care);
        const char* message = st_ctx_message(f->ctx, 0);
        for (int k = 0; k < 2; ++k) {
            if (strstr(message, cases[i].says[k]) == NULL) {
                print_message("%zu: %s\nwanted: %s\n", i, message, cases[i].says[k]);
            }
            assert_non_null(strstr(message, cases[i].says[k]));
        }
        st_ctx_clear_messages(f->ctx);
    }
}

static void memory_may_run_out(void** state)
{
    fixture* f = *state;
    bool is_through = false;
    for (int64_t n = 1; !is_through; ++n) {
        st_care* care = NULL;
        const size_t before = st_ctx_bytes_in_use(f->ctx);
        st_ctx_fail_allocation(f->ctx, n);
        const st_status status =
            st_care_load(f->ctx, FOLDER "plan_training.yaml", f->model, 90.0, &care);
        st_ctx_fail_allocation(f->ctx, 0);
        is_through = status == ST_OK;
        assert_true(is_through == (care != NULL));
        st_care_destroy(care);
        assert_int_equal(st_ctx_bytes_in_use(f->ctx), before);
        st_ctx_clear_messages(f->ctx);
        assert_true(n < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_follow_each_other),
        cmocka_unit_test(people_differ_in_what_they_do),
        cmocka_unit_test(mistakes_have_their_place),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
