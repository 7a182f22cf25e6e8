// Care beside and instead of injections, and who may come: plans act through inputs alone, criteria
// of candidacy turn people away by name. [TRI-38, TRI-39]
#include "regimen.h"
#include "study.h"

#include "base/doc.h"
#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collected.h"

#define MODELS ST_SOURCE_DIR "/models"
#define FOLDER ST_SOURCE_DIR "/test/determinism/"

static int setup(void** state)
{
    *state = collected_create(FOLDER "care.yaml");
    return 0;
}

static int teardown(void** state)
{
    collected_destroy(*state);
    return 0;
}

/// A value without noise, NAN when the person is not in the arm.
static double value_of(const collected* c, int arm, uint64_t person, int measure, int visit)
{
    const st_reading_row* r = collected_reading(c, arm, person, measure, visit);

    return r != NULL ? r->value : NAN;
}

static void test_arms_tell_what_is_done(void** state)
{
    const collected* c = *state;
    const st_study* s = c->study;

    assert_string_equal(st_study_arm(s, collected_arm(c, "usual"))->recipe, "usual care");
    assert_string_equal(st_study_arm(s, collected_arm(c, "both"))->recipe, "Training; Diet");
    assert_non_null(strstr(st_study_arm(s, collected_arm(c, "msc"))->recipe, "; Training"));
    assert_int_equal(st_study_plan_count(s, collected_arm(c, "usual")), 0);
    assert_string_equal(st_care_title(st_study_plan(s, collected_arm(c, "both"), 1)), "Diet");
    // a plan that two arms follow is one source
    int plans = 0, criteria = 0;
    for (int i = 0; i < st_study_source_count(s); ++i) {
        const char* name;
        const char* role;
        size_t length;
        st_study_source(s, i, &name, &role, &length);
        plans += strcmp(role, "plan") == 0;
        criteria += strcmp(role, "candidacy") == 0;
    }
    assert_int_equal(plans, 2);
    assert_int_equal(criteria, 1);
}

// [TRI-39] Strength and body mass index are read without error: they are what the plans ask for.
static void test_inputs_follow_the_plan(void** state)
{
    const collected* c = *state;
    int compared = 0;

    for (int i = 0; i < c->person_count; ++i) {
        const int arm = c->person[i].arm;
        const uint64_t id = c->who[i].id;
        const double strength = c->who[i].value[ST_PERSON_STRENGTH];
        const double bmi = c->who[i].value[ST_PERSON_BMI];
        const bool trains = arm != collected_arm(c, "usual") && arm != collected_arm(c, "saline");
        const bool diets = arm == collected_arm(c, "both") || arm == collected_arm(c, "saline");

        for (int v = 0; v < st_study_visit_count(c->study); ++v) {
            const double day = st_study_visit(c->study, v)->day;
            double share = 0.0;
            double lighter = 0.0;
            if (v > 0 && trains) {
                const st_care* care = st_study_plan(c->study, arm, 0);
                const double line = day < 84.0 ? -0.1 + 0.4 * (day - 3.0) / 81.0
                                               : 0.3 * pow(2.0, -(day - 84.0) / 120.0);
                share = st_care_adherence(care, 77, id) * line;
            }
            if (v > 0 && diets) {
                lighter = 0.1 * fmin(day / 112.0, 1.0);
            }
            // to half a step of a week
            assert_true(fabs(value_of(c, arm, id, 1, v) - strength * (1.0 + share)) <
                        0.02 * strength);
            assert_true(fabs(value_of(c, arm, id, 2, v) - bmi * (1.0 - lighter)) < 0.005 * bmi);
            ++compared;
        }
    }
    assert_int_equal(compared, 2 * 180 * 5);
}

static double part_of(const collected* c, const char* arm, const char* part)
{
    return collected_part(c, arm, 0, 3, part);
}

// What each person does of each plan is told, and is what the inputs follow.
static void test_adherence_is_told(void** state)
{
    const collected* c = *state;
    int expected = 0;

    for (int i = 0; i < c->person_count; ++i) {
        expected += st_study_plan_count(c->study, c->person[i].arm);
    }
    assert_int_equal(c->adherence_count, expected);
    assert_true(expected > 180);
    for (int i = 0; i < c->adherence_count; ++i) {
        const st_adherence_row* a = &c->adherence[i];
        const st_care* care = st_study_plan(c->study, a->arm, a->plan);
        assert_string_equal(a->title, st_care_title(care));
        assert_true(a->share == st_care_adherence(care, 77, a->person));
        assert_true(a->share >= 0.0 && a->share <= 1.0);
    }
}

// [TRI-8, TRI-39] What the plan does is told apart from the sham and from what is in the syringe.
static void test_the_plan_is_a_part_of_its_own(void** state)
{
    static const char* const parts[] = {"selection",    "natural course", "context and procedure",
                                        "plan of care", "product",        "later treatment"};
    static const char* const arms[] = {"usual", "training", "both", "msc", "saline"};
    const collected* c = *state;

    for (int a = 0; a < 5; ++a) {
        double sum = 0.0;
        for (int k = 0; k < 6; ++k) {
            sum += part_of(c, arms[a], parts[k]);
        }
        assert_true(fabs(sum - part_of(c, arms[a], "total")) < 1e-9);
    }
    // No injection: no suggestion in this model, and nothing in a syringe.
    assert_true(part_of(c, "usual", "context and procedure") == 0.0);
    assert_true(part_of(c, "usual", "plan of care") == 0.0);
    assert_true(part_of(c, "training", "context and procedure") == 0.0);
    assert_true(part_of(c, "training", "product") == 0.0);
    assert_true(part_of(c, "training", "plan of care") < -4.0);
    // Cells with training: the same plan does about the same, the cells come on top.
    assert_true(fabs(part_of(c, "msc", "plan of care") - part_of(c, "training", "plan of care")) <
                2.0);
    assert_true(collected_part(c, "msc", 0, 1, "product") < -2.0); // they die within weeks
    assert_true(part_of(c, "msc", "context and procedure") < -2.0);
    // Saline holds nothing; a diet does not change this pain (to the tolerance of the solver).
    assert_true(part_of(c, "saline", "product") == 0.0);
    assert_true(fabs(part_of(c, "saline", "plan of care")) < 0.01);
    for (int i = 0; i < c->reading_count; ++i) {
        const st_reading_row* r = &c->reading[i];
        if (r->measure == 1) { // nobody's sham changes strength
            assert_true(r->sham == r->untreated);
        }
    }
    for (int i = 0; i < c->person_count; ++i) {
        assert_true(c->study->arm[c->person[i].arm].recipe != NULL || c->person[i].is_placed);
    }
}

/// What is given later stands among the changes of the plan, in order, and the plan goes on.
static void test_later_treatment_and_plans_go_together(void** state)
{
    const collected* c = *state;
    int rescued = 0, repeated = 0;

    for (int i = 0; i < c->later_count; ++i) {
        const st_later_row* l = &c->later[i];
        rescued += strcmp(l->name, "rescue") == 0;
        repeated += strcmp(l->name, "repeat") == 0;
        for (int k = 0; k < c->person_count; ++k) {
            if (c->who[k].id == l->person && c->person[k].arm == l->arm &&
                l->arm == collected_arm(c, "training")) {
                const double adherence =
                    st_care_adherence(st_study_plan(c->study, l->arm, 0), 77, l->person);
                const double line = 0.3 * pow(2.0, -(365.25 - 84.0) / 120.0);
                const double own = c->who[k].value[ST_PERSON_STRENGTH];
                assert_true(fabs(value_of(c, l->arm, l->person, 1, 4) -
                                 own * (1.0 + adherence * line)) < 0.01 * own);
            }
        }
    }
    print_message("%d rescued, %d repeated\n", rescued, repeated);
    assert_true(rescued > 20 && repeated > 2);
}

// [TRI-38]
static void test_candidacy_turns_people_away_by_name(void** state)
{
    const collected* c = *state;
    int64_t by_candidacy = 0, refused = 0, cancer = -1;
    const int last = c->screening_count - 1;

    for (int i = 1; i < last; ++i) {
        refused += c->screening[i].count;
        if (strncmp(c->screening[i].reason, "candidacy: ", 11) == 0) {
            by_candidacy += c->screening[i].count;
        }
        if (strstr(c->screening[i].reason, "Cancer") != NULL) {
            cancer = c->screening[i].count;
        }
        assert_null(strstr(c->screening[i].reason, "supervised exercise")); // left out
    }
    assert_int_equal(c->screening[0].count, refused + c->screening[last].count);
    assert_true(cancer > 0 && by_candidacy > 3 * cancer);
    // All criteria of candidacy that can be seen in people hold for those who entered.
    for (int i = 0; i < c->person_count; ++i) {
        assert_true(c->who[i].value[ST_PERSON_BMI] < 35.0);
        for (int k = 0; k < st_candidacy_count(c->study->candidacy); ++k) {
            const char* name = st_candidacy_at(c->study->candidacy, k)->name;
            assert_true(st_candidacy_judge_virtual(c->study->candidacy, k, c->study->people, 77,
                                                   &c->who[i]) == ST_VERDICT_MET ||
                        strcmp(name, "exercise_first") == 0 || strcmp(name, "pain_low") == 0);
        }
    }
}

#define HEAD                                                                                       \
    "study: T\nmodel: ./cared.yaml\nblinding: open\nvisits: 0, 3 months\nmeasure: [vas_pain]\n"    \
    "primary: { change: vas_pain, at: 3 months, versus: a }\nseed: 1\n"
#define PEOPLE "people: { from: oai-symptomatic }\n"

static void test_mistakes_are_named(void** state)
{
    static const struct {
        const char* text;
        const char* says;
    } cases[] = {
        {HEAD PEOPLE "arms:\n  a: { n: 10 }\n", "plan: (care without an injection)"},
        {HEAD PEOPLE "arms:\n  a: { n: 10, plan: exercize }\n", "did you mean 'exercise'?"},
        {HEAD PEOPLE "arms:\n  a: { n: 10, plan: ./plan_none.yaml }\n", "there is no such file"},
        {HEAD PEOPLE "arms:\n  a: { n: 10, plan: [./plan_diet.yaml, ./plan_diet.yaml] }\n",
         "two plans that move the input 'bmi'"},
        {HEAD PEOPLE "arms:\n  a: { n: 10, plan: none, repeat: { when: { vas_pain: \">= 1 vas\" } "
                     "} }\n",
         "no injection in this arm"},
        {HEAD PEOPLE "arms:\n  a: { n: 10, plan: none }\n  b: { n: 10, inject: { product: saline, "
                     "volume: 4 mL }, crossover: { to: a, at: 1 month } }\n",
         "(plan: none), expected an arm with an injection and with this arm's plan (none), and "
         "there is none"},
        {HEAD PEOPLE "arms:\n  a: { n: 10, inject: { product: saline, volume: 4 mL }, plan: "
                     "./plan_diet.yaml }\n  b: { n: 10, inject: { product: saline, volume: 4 mL }, "
                     "crossover: { to: a, at: 1 month } }\n  c: { n: 10, inject: { product: "
                     "saline, volume: 4 mL } }\n",
         "(plan: Diet), expected an arm with an injection and with this arm's plan (none): c; a "
         "crossover gives the injection, the plan goes on"},
        {HEAD PEOPLE "arms:\n  a: { n: 10, plan: ./plan_training.yaml }\nrescue: { when: { "
                     "vas_pain: \">= 1 vas\" }, set: { exercise: 1 } }\n",
         "both setting the input 'exercise'"},
        {HEAD "people: { from: oai-symptomatic, candidacy: knee-cell }\narms:\n  a: { n: 10, plan: "
              "none }\n",
         "did you mean 'knee-cells'?"},
        {HEAD "people: { from: oai-symptomatic, candidacy: { from: knee-cells, without: [wieght] } "
              "}\narms:\n  a: { n: 10, plan: none }\n",
         "weight"},
        {HEAD "people: { from: ./nobody.csv, candidacy: knee-cells }\narms:\n  a: { n: 10, plan: "
              "none }\n",
         "criterion 'active_infection' asks about 'active_infection', which these people do not "
         "have"},
    };
    static const char PEOPLE_TABLE[] =
        "age_y,female,height_m,bmi_kg_m2,kl,varus_deg,base_pain_vas,base_function_womac,"
        "inflammation,base_thickness_mm,duration_y\r\n61,1,1.62,31.2,3,2,48,21,1.1,1.6,8\r\n";
    const collected* c = *state;
    st_ctx* ctx = st_ctx_create();

    (void)c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        st_study* study = NULL;
        bool is_said = false;
        if (strstr(cases[i].text, "nobody") != NULL) {
            char text[2048];
            const char* at = strstr(cases[i].text, "./nobody.csv");
            assert_int_equal(
                st_file_write(ctx, "regimen_test.csv", PEOPLE_TABLE, strlen(PEOPLE_TABLE)), ST_OK);
            // the model lies beside the study, the table in the working folder
            char here[1024];
            assert_non_null(realpath("regimen_test.csv", here));
            snprintf(text, sizeof text, "%.*s%s%s", (int)(at - cases[i].text), cases[i].text, here,
                     at + strlen("./nobody.csv"));
            assert_int_equal(st_study_parse(ctx, FOLDER "t.yaml", text, MODELS, &study),
                             ST_ERR_INPUT);
            remove("regimen_test.csv");
        } else {
            assert_int_equal(st_study_parse(ctx, FOLDER "t.yaml", cases[i].text, MODELS, &study),
                             ST_ERR_INPUT);
        }
        for (int k = 0; k < st_ctx_message_count(ctx); ++k) {
            is_said = is_said || strstr(st_ctx_message(ctx, k), cases[i].says) != NULL;
        }
        if (!is_said) {
            print_message("%zu: %s\nwanted: %s\n", i, st_ctx_message(ctx, 0), cases[i].says);
        }
        assert_true(is_said);
        st_ctx_clear_messages(ctx);
    }
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

/// What ships is valid for the knee: plans with sources or reasons, criteria with answers.
static void test_shipped_care_is_valid(void** state)
{
    static const char* const files[] = {"/examples/care/study.yaml", "/examples/rescue/policy.yaml",
                                        "/examples/rescue/hypothetical.yaml"};
    st_ctx* ctx = st_ctx_create();

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; ++i) {
        char path[512];
        st_study* study = NULL;
        snprintf(path, sizeof path, "%s%s", ST_SOURCE_DIR, files[i]);
        if (st_study_load(ctx, path, MODELS, &study) != ST_OK) {
            fail_msg("%s", st_ctx_message(ctx, 0));
        }
        assert_true((i == 0) == (st_study_rescue(study)[0] == '\0'));
        for (int arm = 0; arm < st_study_arm_count(study); ++arm) {
            for (int p = 0; p < st_study_plan_count(study, arm); ++p) {
                const st_care* care = st_study_plan(study, arm, p);
                assert_true(st_care_change_count(care) > 0);
                for (int k = 0; k < st_care_phase_count(care); ++k) {
                    const st_care_phase_info* phase = st_care_phase(care, k);
                    assert_true((phase->source != NULL) != (phase->assumed != NULL));
                }
            }
        }
        st_study_destroy(study);
    }
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void test_memory_running_out_is_reported(void** state)
{
    bool is_through = false;
    int failures = 0;

    (void)state;
    for (int64_t n = 1; !is_through; n += 1 + n / 30) {
        st_ctx* ctx = st_ctx_create();
        st_study* study = NULL;

        st_ctx_fail_allocation(ctx, n);
        is_through = st_study_load(ctx, FOLDER "care.yaml", MODELS, &study) == ST_OK;
        failures += !is_through;
        assert_true(is_through ||
                    strncmp(st_ctx_message(ctx, 0), "out of memory", strlen("out of memory")) == 0);
        st_study_destroy(study);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
    assert_true(failures > 20);
}

static void test_order_is_kept(void** state)
{
    st_action action[] = {{.day = 3.0, .index = 0},
                          {.day = 1.0, .index = 1},
                          {.day = 3.0, .index = 2},
                          {.day = 0.0, .index = 3},
                          {.day = 1.0, .index = 4}};
    static const int expected[] = {3, 1, 4, 0, 2};

    (void)state;
    st_regimen_sort(action, 5);
    for (int i = 0; i < 5; ++i) {
        assert_int_equal(action[i].index, expected[i]);
    }
    st_regimen_sort(action, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arms_tell_what_is_done),
        cmocka_unit_test(test_inputs_follow_the_plan),
        cmocka_unit_test(test_adherence_is_told),
        cmocka_unit_test(test_the_plan_is_a_part_of_its_own),
        cmocka_unit_test(test_later_treatment_and_plans_go_together),
        cmocka_unit_test(test_candidacy_turns_people_away_by_name),
        cmocka_unit_test(test_mistakes_are_named),
        cmocka_unit_test(test_shipped_care_is_valid),
        cmocka_unit_test(test_memory_running_out_is_reported),
        cmocka_unit_test(test_order_is_kept),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
