// What happens after treatment, who is allotted what, and what the analysis makes of it.
// [TRI-28, TRI-29, TRI-30, TRI-31, TRI-32, TRI-33, TRI-34, TRI-35, TRI-36, TRI-37]
#include "design.h"
#include "multiple.h"
#include "screening.h"
#include "statistics.h"
#include "study.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collected.h"

#define FOLDER ST_SOURCE_DIR "/test/determinism/"

/// A study file beside the models of the tests: `full.yaml` with some lines replaced.
static collected* run_changed(const char* const* from, const char* const* to)
{
    static char text[1 << 16];
    char path[] = "follow-test-XXXXXX";
    FILE* file = fopen(FOLDER "full.yaml", "r");
    const int descriptor = mkstemp(path);
    char name[64];
    collected* c;
    char line[4096];
    size_t length = 0;

    assert_non_null(file);
    assert_true(descriptor >= 0);
    while (fgets(line, sizeof line, file) != NULL) {
        const char* put = line;
        for (int i = 0; from[i] != NULL; ++i) {
            put = strncmp(line, from[i], strlen(from[i])) == 0 ? to[i] : put;
        }
        if (strncmp(line, "model:", 6) == 0) {
            put = "model: " FOLDER "rescued.yaml\n";
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "%s", put);
    }
    fclose(file);
    snprintf(name, sizeof name, "%s", path);
    file = fdopen(descriptor, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    c = collected_create(name);
    remove(name);
    return c;
}

/// NAN when the person is not in the arm.
static double reading_of(const collected* c, int arm, uint64_t person, int measure, int visit)
{
    const st_reading_row* r = collected_reading(c, arm, person, measure, visit);

    return r != NULL ? r->measured : NAN;
}

// [TRI-35]
static void test_events_follow_what_was_read(void** state)
{
    const collected* c = *state;
    int seen[4] = {0};

    for (int i = 0; i < c->later_count; ++i) {
        const st_later_row* e = &c->later[i];
        int visit = 0;
        double read;
        for (int v = 0; v < st_study_visit_count(c->study); ++v) {
            visit = st_study_visit(c->study, v)->day < e->day ? v : visit;
        }
        read = reading_of(c, e->arm, e->person, 0, visit);
        if (strcmp(e->name, "rescue") == 0) {
            assert_true(read >= 70.0);
            assert_true(e->day >= 2.0 * ST_STUDY_MONTH_DAY);
            assert_string_equal(e->estimand, "composite");
            ++seen[0];
        } else if (strcmp(e->name, "repeat") == 0) {
            assert_true(read >= 45.0);
            assert_true(e->arm != collected_arm(c, "ha"));
            assert_true(e->day >= 5.0 * ST_STUDY_MONTH_DAY);
            ++seen[1];
        } else if (strcmp(e->name, "crossover") == 0) {
            assert_true(read >= 60.0);
            assert_int_equal(e->arm, collected_arm(c, "ha"));
            ++seen[2];
        } else {
            assert_string_equal(e->name, "replacement");
            ++seen[3];
        }
        // Once a person, except repeats: twice at most.
        int same = 0;
        for (int k = 0; k < c->later_count; ++k) {
            same += c->later[k].person == e->person && strcmp(c->later[k].name, e->name) == 0;
        }
        assert_in_range(same, 1, strcmp(e->name, "repeat") == 0 ? 2 : 1);
    }
    print_message("%d rescues, %d repeats, %d crossovers, %d replacements\n", seen[0], seen[1],
                  seen[2], seen[3]);
    assert_true(seen[0] > 5 && seen[1] > 10 && seen[2] > 3);
}

// [TRI-34]
static void test_the_estimand_decides_what_is_analysed(void** state)
{
    static const char* const from[] = {"rescue:", "primary:", NULL};
    static const char* const policy[] = {
        "rescue: { when: { vas_pain: \">= 70 vas\" }, after: 2 months, set: { analgesic: 1 } }\n",
        "primary:\n", NULL};
    collected* changed = run_changed(from, policy);
    const collected* c = *state;
    double here = NAN, there = NAN;
    int equal = 0;

    // The people and what is read are the same; the comparison is not.
    assert_int_equal(changed->reading_count, c->reading_count);
    for (int i = 0; i < c->reading_count; ++i) {
        equal +=
            memcmp(&changed->reading[i].measured, &c->reading[i].measured, sizeof(double)) == 0;
    }
    assert_int_equal(equal, c->reading_count);
    for (int i = 0; i < c->contrast_count; ++i) {
        if (c->contrast[i].visit == 4 && c->contrast[i].measure == 0) {
            assert_string_equal(c->contrast[i].method, "mmrm");
            here = c->contrast[i].difference;
            there = changed->contrast[i].difference;
            assert_true(c->contrast[i].lo < here && here < c->contrast[i].hi);
        }
    }
    assert_true(here != there);
    collected_destroy(changed);
}

// [TRI-8] with something given later: the parts still add up.
static void test_parts_add_up_with_later_treatment(void** state)
{
    const collected* c = *state;
    int checked = 0;

    for (int i = 0; i + 5 < c->split_count; i += 6) {
        double sum = 0.0;
        assert_string_equal(c->split[i + 4].part, "later treatment");
        assert_string_equal(c->split[i + 5].part, "total");
        for (int k = 0; k < 5; ++k) {
            sum += c->split[i + k].mean;
        }
        assert_true(fabs(sum - c->split[i + 5].mean) < 1e-9);
        ++checked;
    }
    assert_int_equal(checked, 2 * 4 * 3);
    // Medicine and further injections help: pain with them is lower than without.
    for (int i = 0; i < c->split_count; ++i) {
        if (c->split[i].measure == 0 && c->split[i].visit == 4 &&
            strcmp(c->split[i].part, "later treatment") == 0) {
            assert_true(c->split[i].mean < 0.0);
        }
    }
}

// [TRI-30]
static void test_blocks_balance_every_stratum(void** state)
{
    const collected* c = *state;
    int entered[4] = {0};
    int taken[4][3] = {{0}};

    for (int i = 0; i < c->person_count; ++i) {
        const int stratum = st_design_stratum(c->study, &c->who[i]);
        const int kl = c->who[i].value[ST_PERSON_KL] >= 3.0;
        const int old = c->who[i].value[ST_PERSON_AGE] >= 65.0;
        assert_int_equal(stratum, kl + 2 * old);
        ++entered[stratum];
        ++taken[stratum][c->person[i].arm];
        // After every whole block of 10 the arms stand as 4 : 4 : 2, until an arm is full.
        if (entered[stratum] % 10 == 0 && i < 140) {
            assert_int_equal(taken[stratum][0], entered[stratum] * 4 / 10);
            assert_int_equal(taken[stratum][1], entered[stratum] * 4 / 10);
            assert_int_equal(taken[stratum][2], entered[stratum] * 2 / 10);
        }
    }
    assert_int_equal(taken[0][0] + taken[1][0] + taken[2][0] + taken[3][0], 72);
    assert_int_equal(taken[0][2] + taken[1][2] + taken[2][2] + taken[3][2], 36);
}

// [TRI-13]
static void test_the_run_in_turns_people_away(void** state)
{
    static const char* const from[] = {"  run_in:", NULL};
    static const char* const to[] = {"  run_in: { vas_pain: \"-5..5 vas\" }\n", NULL};
    const collected* c = *state;
    collected* strict = run_changed(from, to);
    int64_t loose_count = -1, strict_count = -1;

    for (int i = 0; i < c->screening_count; ++i) {
        loose_count =
            strcmp(c->screening[i].reason, "run-in") == 0 ? c->screening[i].count : loose_count;
        strict_count = strcmp(strict->screening[i].reason, "run-in") == 0
                           ? strict->screening[i].count
                           : strict_count;
    }
    assert_true(loose_count >= 0 && strict_count > loose_count + 50);
    collected_destroy(strict);
}

// [TRI-31]
static void test_pain_drives_people_away(void** state)
{
    static const char* const from[] = {"drop_out:", NULL};
    static const char* const to[] = {
        "drop_out: { rate: 40 %/year, depends_on: vas_pain, around: 50 vas, "
        "doubles_with: 10 vas, sees: the missed reading }\n",
        NULL};
    collected* c = run_changed(from, to);
    double sum[2] = {0};
    int count[2] = {0};

    (void)state;
    for (int i = 0; i < c->person_count; ++i) {
        const int left = isfinite(c->person[i].left_day);
        sum[left] += reading_of(c, c->person[i].arm, c->who[i].id, 0, 0);
        ++count[left];
    }
    print_message("%d left, baseline pain %.1f; %d stayed, %.1f\n", count[1], sum[1] / count[1],
                  count[0], sum[0] / count[0]);
    assert_true(count[1] > 20 && sum[1] / count[1] > sum[0] / count[0] + 3.0);
    collected_destroy(c);
    // The hazard itself: twice the rate 20 points above.
    const st_drop_out rule = {.per_day = 0.01, .measure = 0, .around = 50.0, .doubles_with = 20.0};
    assert_true(fabs(st_later_drop_out_per_day(&rule, 70.0) - 0.02) < 1e-15);
    assert_true(fabs(st_later_drop_out_per_day(&rule, 30.0) - 0.005) < 1e-15);
}

// [TRI-33]
static void test_replacement_depends_on_grade_and_pain(void** state)
{
    const collected* c = *state;
    const st_replacement* r = &c->study->replacement;
    const double usual = st_later_replacement_per_day(r, 3.0, 50.0);

    // 1.885 % a year x 1.352
    assert_true(fabs(usual * 365.25 - 0.01885 * 1.352) < 1e-6);
    assert_true(fabs(st_later_replacement_per_day(r, 4.0, 50.0) / usual - 4.943 / 1.352) < 1e-9);
    assert_true(fabs(st_later_replacement_per_day(r, 3.0, 5.0) / usual - 0.4348) < 1e-9);
    assert_true(fabs(st_later_replacement_per_day(r, 3.0, 20.0) / usual - 0.5217) < 1e-9);
    for (int i = 0; i < c->later_count; ++i) {
        if (strcmp(c->later[i].name, "replacement") == 0) {
            for (int v = 1; v < st_study_visit_count(c->study); ++v) {
                assert_true(st_study_visit(c->study, v)->day < c->later[i].day ||
                            isnan(reading_of(c, c->later[i].arm, c->later[i].person, 0, v)));
            }
        }
    }
}

// [TRI-32]
static void test_who_knows_expects_more(void** state)
{
    static const char* const from[] = {"unblinding:", NULL};
    static const char* const to[] = {"unblinding: { harvest: no, guess: 0 }\n", NULL};
    const collected* c = *state;
    collected* blind = run_changed(from, to);
    double known = NAN, unknown = NAN, ha_known = NAN, ha_unknown = NAN;

    for (int i = 0; i < c->split_count; ++i) {
        if (c->split[i].measure == 0 && c->split[i].visit == 1 &&
            strcmp(c->split[i].part, "context and procedure") == 0) {
            if (c->split[i].arm == collected_arm(c, "msc-1e7")) {
                known = c->split[i].mean;
                unknown = blind->split[i].mean;
            } else if (c->split[i].arm == collected_arm(c, "ha")) {
                ha_known = c->split[i].mean;
                ha_unknown = blind->split[i].mean;
            }
        }
    }
    // The model's open people answer 1.3 times as much: all donors, and a fifth of the others.
    assert_true(fabs(known / unknown - 1.3) < 0.02);
    assert_true(ha_known / ha_unknown > 1.01 && ha_known / ha_unknown < 1.15);
    collected_destroy(blind);
}

// [TRI-29]
static void test_intervals_by_formula_and_by_simulation_agree(void** state)
{
    const collected* c = *state;
    int compared = 0;

    for (int i = 0; i < c->analysis_count; ++i) {
        const st_analysis_row* a = &c->analysis[i];
        if (strcmp(a->method, "ancova, bootstrap") != 0) {
            continue;
        }
        for (int k = 0; k < c->analysis_count; ++k) {
            const st_analysis_row* b = &c->analysis[k];
            if (strcmp(b->method, "ancova") == 0 && a->arm == b->arm && a->measure == b->measure &&
                a->visit == b->visit) {
                const double width = b->hi - b->lo;
                assert_true(a->estimate == b->estimate);
                assert_true(fabs(a->lo - b->lo) < 0.12 * width &&
                            fabs(a->hi - b->hi) < 0.12 * width);
                ++compared;
            }
        }
    }
    assert_int_equal(compared, 2);
}

// [TRI-28] Dunnett's tables: 2.21 for two arms, 2.51 for four, two-sided 5 %, many people.
static void test_dunnett_has_its_tabulated_bounds(void** state)
{
    const double size[4] = {1e6, 1e6, 1e6, 1e6};
    const double t[4] = {2.21, 0.0, 0.0, 0.0};
    double adjusted[4], critical;

    (void)state;
    st_multiple_dunnett(t, size, 2, 1e6, 1e6, 20161, 1, adjusted, &critical);
    assert_true(fabs(critical - 2.21) < 0.03);
    assert_true(fabs(adjusted[0] - 0.05) < 0.004 && adjusted[1] == 1.0);
    st_multiple_dunnett(t, size, 4, 1e6, 1e6, 20161, 2, adjusted, &critical);
    assert_true(fabs(critical - 2.44) < 0.03);
    // Dunnett 1964, table II: three arms, 20 degrees of freedom, 2.54.
    st_multiple_dunnett(t, size, 3, 1e6, 20.0, 20161, 3, adjusted, &critical);
    assert_true(fabs(critical - 2.54) < 0.04);
}

// Rows of the analyses beside: each arm with a control, in order, and curves that fall.
static void test_analyses_beside_are_there(void** state)
{
    const collected* c = *state;
    static const char* const methods[] = {"ancova",
                                          "welch",
                                          "ancova, last carried",
                                          "ancova, per protocol",
                                          "responders, difference",
                                          "responders, odds ratio",
                                          "dunnett",
                                          "response, hazard ratio",
                                          "rescue, hazard ratio"};

    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; ++m) {
        int count = 0;
        for (int i = 0; i < c->analysis_count; ++i) {
            const st_analysis_row* a = &c->analysis[i];
            if (strcmp(a->method, methods[m]) == 0) {
                assert_int_equal(a->versus, collected_arm(c, "ha"));
                assert_true(isnan(a->p) || (a->p >= 0.0 && a->p <= 1.0));
                ++count;
            }
        }
        assert_true(count >= 2);
    }
    for (int i = 1; i < c->survival_count; ++i) {
        const st_survival_row* a = &c->survival[i - 1];
        const st_survival_row* b = &c->survival[i];
        if (a->arm == b->arm && strcmp(a->event, b->event) == 0) {
            assert_true(b->share <= a->share && b->at_risk <= a->at_risk && b->events >= a->events);
        }
    }
}

// [TRI-8, TRI-13] Point of the twins: regression to the mean shows when the baseline decides entry.
static void test_selection_shows_when_the_baseline_decides(void** state)
{
    static const char* const from[] = {"  entry:", "  run_in:", "  screening:", NULL};
    static const char entry[] = "  entry: { vas_pain: \">= 60 vas\" }\n";
    static const char* const before[] = {entry, "", "  screening: 14 days\n", NULL};
    static const char* const at[] = {entry, "", "", NULL};
    collected* screened = run_changed(from, before);
    collected* baseline = run_changed(from, at);
    double earlier = 0.0, now = 0.0;
    int count = 0;

    (void)state;
    for (int i = 0; i < baseline->split_count; ++i) {
        if (baseline->split[i].measure == 0 && baseline->split[i].visit == 1 &&
            strcmp(baseline->split[i].part, "selection") == 0) {
            earlier += screened->split[i].mean / 3.0;
            now += baseline->split[i].mean / 3.0;
            ++count;
        }
    }
    print_message(
        "selection at one month: %.2f points when the baseline decides, %.2f when a visit two "
        "weeks before does\n",
        now, earlier);
    assert_int_equal(count, 3);
    assert_true(now < -3.0 && now < earlier - 0.5);
    collected_destroy(screened);
    collected_destroy(baseline);
}

// [TRI-36] In this model one parameter of the cells' effect has a source, the others are assumed.
static void test_the_assumed_share_knows_what_matters(void** state)
{
    static const char* const from[] = {"  at: 12 months", NULL};
    static const char* const to[] = {"  at: 1 months\n", NULL};
    collected* c = run_changed(from, to);
    double share[3] = {NAN, NAN, NAN};

    (void)state;
    for (int i = 0; i < c->analysis_count; ++i) {
        const st_analysis_row* a = &c->analysis[i];
        if (strcmp(a->method, "share of the product part that is assumed") == 0) {
            share[a->arm] = a->estimate;
            assert_true(isnan(a->estimate) || (a->lo >= 0.0 && a->lo < a->estimate &&
                                               a->estimate < a->hi && a->hi <= 1.0));
        }
    }
    print_message("assumed: ha %.3f, msc-1e7 %.3f, msc-1e8 %.3f\n", share[0], share[1], share[2]);
    // Hyaluronic acid does nothing in this model. The cells' death rate, the volume and the dose of
    // half effect are assumed, the size of the effect is not; many cells saturate, so that the
    // former matter less.
    assert_true(isnan(share[0]));
    assert_true(share[1] > 0.3 && share[1] < 0.95);
    assert_true(share[2] > 0.05 && share[2] < share[1]);
    collected_destroy(c);
}

// [TRI-37] Whoever leaves goes on like the control arm: of the effect that the mixed model finds,
// about the share of people who stayed is left, and the interval is no narrower than theirs.
static void test_jump_to_reference_keeps_the_share_that_stayed(void** state)
{
    static const char* const from[] = {
        "    n: 72",    "    repeat:",     "    crossover:", "allocation:", "drop_out:", "rescue:",
        "replacement:", "  at: 12 months", "  msc-1e8:",     "  also:",     NULL};
    static const char* const to[] = {
        "    n: 400\n",
        "",
        "",
        "",
        "drop_out: { rate: 60 %/year }\n",
        "",
        "",
        "  at: 6 months\n",
        "  msc-1e8: { like: msc-1e7, n: 400, expand.until: 1e8 cells }\n",
        "  also: [jump to reference]\n",
        NULL};
    collected* c = run_changed(from, to);
    const double stayed = exp(-0.6 * 0.5);
    int compared = 0;

    (void)state;
    for (int i = 0; i < c->analysis_count; ++i) {
        const st_analysis_row* a = &c->analysis[i];
        const bool is_jump = strcmp(a->method, "ancova, jump to reference") == 0;
        for (int k = 0; k < c->contrast_count && a->visit == 3 && is_jump; ++k) {
            const st_contrast_row* b = &c->contrast[k];
            if (b->arm == a->arm && b->visit == a->visit && b->measure == a->measure) {
                print_message(
                    "mixed model %.2f [%.2f, %.2f], jump to reference %.2f [%.2f, %.2f]\n",
                    b->difference, b->lo, b->hi, a->estimate, a->lo, a->hi);
                assert_true(fabs(a->estimate - stayed * b->difference) < 0.7);
                assert_true(fabs(a->estimate) < fabs(b->difference));
                ++compared;
            }
        }
    }
    assert_int_equal(compared, 2);
    collected_destroy(c);
}

static int setup(void** state)
{
    *state = collected_create(FOLDER "full.yaml");
    return 0;
}

static int teardown(void** state)
{
    collected_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_follow_what_was_read),
        cmocka_unit_test(test_the_estimand_decides_what_is_analysed),
        cmocka_unit_test(test_parts_add_up_with_later_treatment),
        cmocka_unit_test(test_blocks_balance_every_stratum),
        cmocka_unit_test(test_the_run_in_turns_people_away),
        cmocka_unit_test(test_pain_drives_people_away),
        cmocka_unit_test(test_replacement_depends_on_grade_and_pain),
        cmocka_unit_test(test_who_knows_expects_more),
        cmocka_unit_test(test_intervals_by_formula_and_by_simulation_agree),
        cmocka_unit_test(test_dunnett_has_its_tabulated_bounds),
        cmocka_unit_test(test_analyses_beside_are_there),
        cmocka_unit_test(test_selection_shows_when_the_baseline_decides),
        cmocka_unit_test(test_the_assumed_share_knows_what_matters),
        cmocka_unit_test(test_jump_to_reference_keeps_the_share_that_stayed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
