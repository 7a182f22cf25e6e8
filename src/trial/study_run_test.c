// A small trial, run: who enters, what is read, where the change comes from.
#include "entry.h"
#include "study.h"

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

static int setup(void** state)
{
    *state = collected_create(FOLDER "small.yaml");
    return 0;
}

static int teardown(void** state)
{
    collected_destroy(*state);
    return 0;
}

// [TRI-13]
static void test_everybody_meets_the_criteria(void** state)
{
    const collected* c = *state;
    int64_t refused = 0;

    assert_int_equal(c->summary.people, 180);
    assert_int_equal(c->progress_done, 180);
    assert_int_equal(c->progress_total, 180);
    for (int i = 0; i < c->person_count; ++i) {
        const double* value = c->who[i].value;
        assert_true(value[ST_PERSON_AGE] >= 50.0 && value[ST_PERSON_AGE] <= 80.0);
        assert_true(value[ST_PERSON_KL] >= 2.0 && value[ST_PERSON_KL] <= 4.0);
        assert_true(value[ST_PERSON_BMI] < 35.0);
    }
    assert_string_equal(c->screening[0].reason, "screened");
    assert_string_equal(c->screening[c->screening_count - 1].reason, "entered");
    assert_int_equal(c->screening[c->screening_count - 1].count, 180);
    for (int i = 1; i < c->screening_count - 1; ++i) {
        refused += c->screening[i].count;
    }
    assert_int_equal(c->screening[0].count, refused + 180);
}

// [TRI-9]
static void test_arms_are_filled_and_twins_return(void** state)
{
    const collected* c = *state;
    const int saline = collected_arm(c, "saline");
    int count[4] = {0};
    int changes = 0;

    // Each person's own arm comes first, the same person in the twin arm right after it.
    for (int i = 0; i < c->person_count; i += 2) {
        ++count[c->person[i].arm];
        assert_true(c->person[i].arm != saline);
        assert_int_equal(c->person[i + 1].arm, saline);
        assert_true(c->who[i].id == c->who[i + 1].id);
        assert_true(i == 0 || c->who[i].id > c->who[i - 2].id);
        assert_true(c->person[i].left_day == c->person[i + 1].left_day);
        changes += i > 0 && c->person[i].arm != c->person[i - 2].arm;
        assert_true(c->person[i + 1].dose_cells == 0.0);
    }
    // By lot: neighbours of a random order differ in (1 - sum of shares squared) = 66 % of cases.
    assert_in_range(changes, 90, 150);
    assert_int_equal(count[collected_arm(c, "ha")], 70);
    assert_int_equal(count[collected_arm(c, "msc-1e7")], 60);
    assert_int_equal(count[collected_arm(c, "msc-1e8")], 50);
}

static void test_the_dose_is_the_arms(void** state)
{
    const collected* c = *state;
    double most[4] = {0};

    for (int i = 0; i < c->person_count; ++i) {
        most[c->person[i].arm] = fmax(most[c->person[i].arm], c->person[i].dose_cells);
    }
    // Never more than was grown, and not much less in the luckiest.
    assert_true(most[collected_arm(c, "msc-1e7")] <= 1e7 &&
                most[collected_arm(c, "msc-1e7")] > 5e6);
    assert_true(most[collected_arm(c, "msc-1e8")] <= 1e8 &&
                most[collected_arm(c, "msc-1e8")] > 5e7);
    assert_true(most[collected_arm(c, "ha")] == 0.0);
}

static void test_baseline_is_before_treatment(void** state)
{
    const collected* c = *state;
    int baselines = 0;

    for (int i = 0; i < c->reading_count; ++i) {
        const st_reading_row* r = &c->reading[i];
        if (r->visit == 0) {
            assert_true(r->value == r->untreated && r->sham == r->untreated);
            assert_true(!isnan(r->measured));
            ++baselines;
        }
        assert_true(!isnan(r->value) && !isnan(r->sham) && !isnan(r->untreated));
    }
    assert_int_equal(baselines, 180 * 2 * 2);
}

static void test_twins_share_luck_and_differ_in_treatment(void** state)
{
    const collected* c = *state;
    const int per_stay = 5 * 2;
    int compared = 0;

    for (int i = 0; i + per_stay < c->reading_count; ++i) {
        const st_reading_row* own = &c->reading[i];
        const st_reading_row* twin = &c->reading[i + per_stay];
        if (own->arm == collected_arm(c, "saline")) {
            continue;
        }
        assert_true(own->person == twin->person && own->visit == twin->visit);
        assert_true(own->untreated == twin->untreated);
        // Noise and flares are the person's: only rounding to a point differs.
        if (own->measure == 0 && own->measured > 0.0 && own->measured < 100.0 &&
            twin->measured > 0.0 && twin->measured < 100.0) {
            assert_true(fabs((own->measured - own->value) - (twin->measured - twin->value)) <=
                        1.0 + 1e-9);
            ++compared;
        }
        // Saline holds nothing that acts: treatment and sham are one.
        assert_true(twin->value == twin->sham);
    }
    assert_true(compared > 500);
}

// [TRI-12]
static void test_people_who_left_are_missing(void** state)
{
    const collected* c = *state;
    int left = 0, missing = 0, expected = 0;

    for (int i = 0; i < c->person_count; ++i) {
        const st_person_row* p = &c->person[i];
        const bool stayed = isinf(p->left_day);
        assert_string_equal(p->left_reason, stayed ? "" : "lost");
        left += !stayed;
        for (int v = 1; v < 5; ++v) {
            expected += 2 * (p->left_day <= st_study_visit(c->study, v)->day);
        }
    }
    for (int i = 0; i < c->reading_count; ++i) {
        missing += isnan(c->reading[i].measured);
    }
    assert_int_equal(missing, expected);
    // Hazard 0.20 a year over a year: 1 - exp(-0.2) = 18.1 % of 180 = 32.6 +- 5.2; each twice.
    assert_in_range(left, 2 * 16, 2 * 49);
}

// [TRI-8]
static void test_parts_add_up_to_the_measured_change(void** state)
{
    const collected* c = *state;

    for (int a = 0; a < st_study_arm_count(c->study); ++a) {
        const char* arm = st_study_arm(c->study, a)->name;
        for (int measure = 0; measure < 2; ++measure) {
            for (int visit = 1; visit < 5; ++visit) {
                const double sum = collected_part(c, arm, measure, visit, "selection") +
                                   collected_part(c, arm, measure, visit, "natural course") +
                                   collected_part(c, arm, measure, visit, "context and procedure") +
                                   collected_part(c, arm, measure, visit, "product");
                const double total = collected_part(c, arm, measure, visit, "total");
                bool is_found = false;

                assert_true(fabs(sum - total) < 1e-12 * fmax(1.0, fabs(total)));
                for (int i = 0; i < c->outcome_count; ++i) {
                    const st_outcome_row* o = &c->outcome[i];
                    if (o->arm == a && o->measure == measure && o->visit == visit) {
                        assert_true(fabs(o->change - total) < 1e-12 * fmax(1.0, fabs(total)));
                        is_found = true;
                    }
                }
                assert_true(is_found);
            }
        }
    }
}

// [TRI-8, TRI-10, TRI-13]
static void test_parts_are_what_the_model_says(void** state)
{
    const collected* c = *state;

    // Entry at 50 points or more on a score with 15 points of noise: people had bad days.
    assert_true(collected_part(c, "saline", 0, 4, "selection") < -2.0);
    // The model's pain drifts up by 2 points a year in everybody.
    assert_true(fabs(collected_part(c, "ha", 0, 4, "natural course") - 2.0) < 0.3);
    // Open arms believe more than blind ones: 1.3 times.
    assert_true(collected_part(c, "ha", 0, 1, "context and procedure") <
                1.15 * collected_part(c, "saline", 0, 1, "context and procedure"));
    // Cells act; hyaluronic acid does nothing in this model, and nothing changes the structure
    assert_true(collected_part(c, "msc-1e8", 0, 1, "product") < -2.0);
    // (to the tolerance of the solver).
    assert_true(fabs(collected_part(c, "ha", 0, 1, "product")) < 0.01);
    assert_true(fabs(collected_part(c, "msc-1e8", 1, 4, "product")) < 1e-6);
    assert_true(collected_part(c, "saline", 1, 4, "natural course") < -0.005);
}

static void test_contrasts_name_their_method(void** state)
{
    const collected* c = *state;
    int ancova = 0, paired = 0;

    for (int i = 0; i < c->contrast_count; ++i) {
        const st_contrast_row* r = &c->contrast[i];
        if (strcmp(r->method, "ancova") == 0) {
            assert_int_equal(r->versus, collected_arm(c, "ha"));
            ++ancova;
        } else {
            assert_string_equal(r->method, "paired");
            assert_int_equal(r->versus, collected_arm(c, "saline"));
            ++paired;
        }
        assert_true(r->lo <= r->difference && r->difference <= r->hi);
        assert_true(r->p >= 0.0 && r->p <= 1.0);
    }
    assert_int_equal(ancova, 2 * 2 * 4);
    assert_int_equal(paired, 3 * 2 * 4);
}

static void test_cells_decline_over_time(void** state)
{
    const collected* c = *state;
    double first = NAN, last = NAN, day = -1.0;

    for (int i = 0; i < c->course_count; ++i) {
        const st_course_row* r = &c->course[i];
        if (r->arm == collected_arm(c, "msc-1e8") && strcmp(r->name, "msc@fluid") == 0) {
            assert_true(r->day > day);
            assert_true(r->q05 <= r->q25 && r->q25 <= r->q50 && r->q50 <= r->q75 &&
                        r->q75 <= r->q95);
            first = isnan(first) ? r->q95 : first;
            last = r->q95;
            day = r->day;
        }
    }
    assert_true(first > 5e7 && first <= 1e8);
    assert_true(last < 1e-3 * first);
    assert_true(fabs(day - 365.25) < 1e-9);
}

// [TRI-11]
static void test_events_belong_to_the_pathway(void** state)
{
    const collected* c = *state;
    int harvests = 0;

    for (int i = 0; i < c->event_count; ++i) {
        const st_event_row* e = &c->event[i];
        const bool is_harvest = strstr(e->name, "harvest") != NULL;
        assert_true(e->lo <= e->per_10000 && e->per_10000 <= e->hi);
        assert_non_null(e->source);
        harvests += is_harvest;
        assert_false(is_harvest && !st_study_arm(c->study, e->arm)->has_cells);
    }
    assert_true(harvests >= 2);
}

// [TRI-11]
static void test_events_happen_at_their_published_rate(void** state)
{
    const collected* c = *state;
    const int saline = collected_arm(c, "saline");
    st_adverse known[64];
    const int count = st_recipe_adverse(c->study->arm[saline].recipe, known, 64);
    int compared = 0;

    for (int i = 0; i < c->event_count; ++i) {
        for (int k = 0; k < count && c->event[i].arm == saline; ++k) {
            if (strcmp(known[k].label, c->event[i].name) == 0) {
                const double p = known[k].probability;
                const double error = sqrt(p * (1.0 - p) / 180.0);
                assert_int_equal(known[k].times, 1);
                // within four standard errors, or one event of a rare kind
                assert_true(fabs(1e-4 * c->event[i].per_10000 - p) <= 4.0 * error + 1.0 / 180.0);
                ++compared;
            }
        }
    }
    assert_int_equal(compared, count);
    assert_true(compared >= 2);
}

static void test_stopping_and_failing_leave_nothing(void** state)
{
    static const int failing_rows[] = {1, 8, 500, 4000};
    const collected* c = *state;
    collected other = {.study = c->study, .ctx = c->ctx};
    const size_t before = st_ctx_bytes_in_use(c->ctx);
    const volatile int stop = 1;

    st_ctx_watch(c->ctx, &stop);
    assert_int_equal(collected_run(&other), ST_ERR_INTERRUPTED);
    assert_int_equal(st_ctx_bytes_in_use(c->ctx), before);
    st_ctx_watch(c->ctx, NULL);
    for (size_t i = 0; i < sizeof failing_rows / sizeof failing_rows[0]; ++i) {
        collected_forget(&other);
        other.rows_left = failing_rows[i];
        assert_int_equal(collected_run(&other), ST_ERR_FILE);
        assert_int_equal(st_ctx_bytes_in_use(c->ctx), before);
    }
    for (int64_t n = 1; n < 60; ++n) {
        st_status status;
        collected_forget(&other);
        st_ctx_fail_allocation(c->ctx, n);
        status = collected_run(&other);
        st_ctx_fail_allocation(c->ctx, 0);
        assert_true(status == ST_ERR_MEMORY || (status == ST_OK && n > 30));
        assert_int_equal(st_ctx_bytes_in_use(c->ctx), before);
    }
    collected_forget(&other);
    st_ctx_clear_messages(c->ctx);
}

static void test_wrong_definitions_are_refused(void** state)
{
    const collected* c = *state;
    const st_sink empty = {0};
    const st_sink sink = {.row = collected_row};
    st_trial_def def = {0};

    assert_int_equal(st_study_run(c->ctx, c->study, &def, &sink, NULL), ST_ERR_INPUT);
    def = st_default_trial_def();
    assert_int_equal(st_study_run(c->ctx, c->study, &def, &empty, NULL), ST_ERR_INPUT);
    def.worker_count = -1;
    assert_int_equal(st_study_run(c->ctx, c->study, &def, &sink, NULL), ST_ERR_INPUT);
    st_ctx_clear_messages(c->ctx);
}

static void test_people_who_cannot_be_computed_are_counted(void** state)
{
    collected* c = collected_create(FOLDER "fragile_study.yaml");
    int failed = 0;

    (void)state;
    // Whose model breaks down before screening does not enter, and that is told.
    assert_string_equal(c->screening[c->screening_count - 2].reason, "could not be computed");
    assert_true(c->screening[c->screening_count - 2].count > 0);
    // Whose breaks down later is a failure in both arms, with its day, and in no mean.
    assert_true(c->failure_count > 20 && c->failure_count < 300);
    assert_int_equal(c->summary.failed, c->failure_count);
    for (int i = 0; i < c->failure_count; ++i) {
        assert_true(c->failure[i].day > -14.0 && c->failure[i].day < 366.0);
        assert_non_null(strstr(c->failure_text[i], "state x"));
    }
    for (int i = 0; i < c->person_count; ++i) {
        failed += strcmp(c->person[i].left_reason, "failed") == 0;
    }
    assert_int_equal(failed, c->failure_count);
    assert_int_equal(c->reading_count, 10 * (360 - failed));
    for (int i = 0; i < c->outcome_count; ++i) {
        int here = 0;
        for (int k = 0; k < c->failure_count; ++k) {
            here += c->failure[k].arm == c->outcome[i].arm;
        }
        assert_int_equal(c->outcome[i].n, st_study_arm(c->study, c->outcome[i].arm)->size - here);
        assert_true(isfinite(c->outcome[i].mean));
    }
    collected_destroy(c);
}

static void test_bounds_of_criteria(void** state)
{
    const st_range open = {.lo = 1.0, .hi = 2.0, .lo_open = true, .hi_open = true};
    const st_range closed = {.lo = 1.0, .hi = 2.0};

    (void)state;
    assert_true(st_entry_within(&closed, 1.0) && st_entry_within(&closed, 2.0));
    assert_false(st_entry_within(&open, 1.0) || st_entry_within(&open, 2.0));
    assert_true(st_entry_within(&open, 1.5));
    assert_false(st_entry_within(&closed, NAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_meets_the_criteria),
        cmocka_unit_test(test_arms_are_filled_and_twins_return),
        cmocka_unit_test(test_the_dose_is_the_arms),
        cmocka_unit_test(test_baseline_is_before_treatment),
        cmocka_unit_test(test_twins_share_luck_and_differ_in_treatment),
        cmocka_unit_test(test_people_who_left_are_missing),
        cmocka_unit_test(test_parts_add_up_to_the_measured_change),
        cmocka_unit_test(test_parts_are_what_the_model_says),
        cmocka_unit_test(test_contrasts_name_their_method),
        cmocka_unit_test(test_cells_decline_over_time),
        cmocka_unit_test(test_events_belong_to_the_pathway),
        cmocka_unit_test(test_events_happen_at_their_published_rate),
        cmocka_unit_test(test_stopping_and_failing_leave_nothing),
        cmocka_unit_test(test_wrong_definitions_are_refused),
        cmocka_unit_test(test_people_who_cannot_be_computed_are_counted),
        cmocka_unit_test(test_bounds_of_criteria),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
