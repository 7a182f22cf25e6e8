// What a study file says and what the loaded study answers.
#include "study.h"

#include "published.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODELS ST_SOURCE_DIR "/models"
#define FOLDER ST_SOURCE_DIR "/test/determinism/"

static st_study* load(st_ctx* ctx, const char* name)
{
    char path[512];
    st_study* study = NULL;
    st_status status;

    snprintf(path, sizeof path, "%s%s", FOLDER, name);
    status = st_study_load(ctx, path, MODELS, &study);
    for (int i = 0; i < st_ctx_message_count(ctx); ++i) {
        print_error("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
    return study;
}

static const st_arm_info* arm(const st_study* study, const char* name)
{
    const int index = st_study_find_arm(study, name);

    assert_true(index >= 0);
    return st_study_arm(study, index);
}

static void test_arms_and_controls(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx, "small.yaml");

    (void)state;
    assert_int_equal(st_study_arm_count(study), 4);
    assert_true(arm(study, "saline")->is_twin);
    // Twins: everybody of the other arms.
    assert_int_equal(arm(study, "saline")->size, 70 + 60 + 50);
    assert_int_equal(arm(study, "saline")->control, -1);
    assert_int_equal(arm(study, "ha")->control, -1);
    assert_int_equal(arm(study, "msc-1e7")->control, st_study_find_arm(study, "ha"));
    assert_false(arm(study, "ha")->has_cells);
    assert_true(arm(study, "msc-1e8")->has_cells);
    assert_string_equal(arm(study, "msc-1e8")->label, "Marrow cells, 100 million");
    assert_true(study->arm[st_study_find_arm(study, "ha")].is_open);
    assert_false(study->arm[st_study_find_arm(study, "saline")].is_open);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void test_like_changes_one_setting(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx, "likes.yaml");

    (void)state;
    assert_non_null(strstr(arm(study, "a")->recipe, "1e7 cells"));
    // One setting of a step, and whatever else the arm says itself.
    assert_non_null(strstr(arm(study, "b")->recipe, "harvest"));
    assert_non_null(strstr(arm(study, "b")->recipe, "3e7 cells"));
    assert_int_equal(arm(study, "b")->size, 15);
    assert_string_equal(arm(study, "b")->label, "b"); // labels are not handed down
    // A whole treatment instead of another; size and blinding come down the chain.
    assert_null(strstr(arm(study, "c")->recipe, "harvest"));
    assert_non_null(strstr(arm(study, "c")->recipe, "5 mL"));
    assert_int_equal(arm(study, "c")->size, 15);
    assert_false(study->arm[st_study_find_arm(study, "c")].is_open);
    assert_non_null(strstr(arm(study, "d")->recipe, "6 mL"));
    assert_int_equal(arm(study, "d")->control, st_study_find_arm(study, "b"));
    assert_int_equal(arm(study, "b")->control, st_study_find_arm(study, "a"));
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void test_times_are_days(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* months = load(ctx, "small.yaml");
    st_study* weeks = load(ctx, "likes.yaml");

    (void)state;
    assert_int_equal(st_study_visit_count(months), 5);
    assert_true(st_study_visit(months, 0)->day == 0.0);
    assert_true(fabs(st_study_visit(months, 4)->day - 365.25) < 1e-9);
    assert_true(fabs(st_study_visit(months, 4)->month - 12.0) < 1e-12);
    assert_int_equal(st_study_primary_visit(months), 4);
    assert_true(fabs(st_study_visit(weeks, 2)->day - 182.0) < 1e-9);
    // 20 % a year, per day
    assert_true(fabs(months->drop_out.per_day - 0.20 / 365.25) < 1e-12);
    assert_true(weeks->drop_out.per_day == 0.0);
    assert_true(weeks->method == ST_METHOD_WELCH && months->method == ST_METHOD_ANCOVA);
    st_study_destroy(weeks);
    st_study_destroy(months);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void test_published_numbers_in_points(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx, "likes.yaml");
    int found = 0;

    (void)state;
    // VAS 0-10 at 0 and 12 months in three arms; WOMAC is not measured here.
    assert_int_equal(st_study_published_count(study), 6);
    for (int i = 0; i < 6; ++i) {
        const st_published_row* row = st_study_published(study, i);
        assert_string_equal(row->trial_id, "LAMO2016");
        assert_true(row->is_median && row->measure == 0 && row->n == 0.0 && row->sd == 0.0);
        if (strcmp(row->arm_id, "LOW") == 0 && row->month == 12.0) {
            // Printed: 2 (IQR 1 to 3) of 10
            assert_true(row->value == 20.0 && row->q25 == 10.0 && row->q75 == 30.0);
            assert_int_equal(row->arm, st_study_find_arm(study, "a"));
            assert_non_null(strstr(row->source, "10.1186/s12967-016-0998-2"));
            ++found;
        }
        if (strcmp(row->arm_id, "HIGH") == 0) {
            assert_int_equal(row->arm, -1);
            ++found;
        }
    }
    assert_int_equal(found, 3);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static const st_published_row* published_at(const st_study* study, const char* arm_id, double month)
{
    for (int i = 0; i < st_study_published_count(study); ++i) {
        const st_published_row* row = st_study_published(study, i);
        if (row->measure == 0 && row->month == month && strcmp(row->arm_id, arm_id) == 0) {
            return row;
        }
    }
    fail_msg("no published row of %s at %g months", arm_id, month);
    return NULL;
}

/// Some trials print levels, some changes, some levels at entry and changes after it.
static void test_published_changes_are_not_levels(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* restore = NULL;
    st_study* cingal = NULL;
    st_study* care = NULL;
    const st_published_row* row;

    (void)state;
    assert_int_equal(
        st_study_load(ctx, ST_SOURCE_DIR "/examples/studies/restore2021.yaml", MODELS, &restore),
        ST_OK);
    // Printed: -2.1 and -1.8 of 10
    assert_int_equal(st_study_published_count(restore), 2);
    for (int i = 0; i < 2; ++i) {
        row = st_study_published(restore, i);
        assert_true(row->is_change && row->month == 12.0 && row->n == 144.0);
        assert_true(row->value == (strcmp(row->arm_id, "SAL") == 0 ? -18.0 : -21.0));
    }
    assert_int_equal(
        st_study_load(ctx, ST_SOURCE_DIR "/examples/studies/cingal1301.yaml", MODELS, &cingal),
        ST_OK);
    // Printed: 55.7 (9.3) of 100 at entry, changed by -30.1 (24.1) at 26 weeks; WOMAC pain of 20
    row = published_at(cingal, "SALINE_LM", 0.0);
    assert_false(row->is_change);
    assert_true(fabs(row->value - 11.14) < 1e-9 && fabs(row->sd - 1.86) < 1e-9);
    row = published_at(cingal, "SALINE_LM", 5.98);
    assert_true(row->is_change);
    assert_true(fabs(row->value + 6.02) < 1e-9 && fabs(row->sd - 4.82) < 1e-9);
    assert_int_equal(row->arm, st_study_find_arm(cingal, "saline"));
    st_study_destroy(cingal);
    st_study_destroy(restore);
    // Printed: -20.8 (95 % interval -25.33 to -16.27) of 100, 100 people: an SD of 22.8 (R)
    assert_int_equal(st_study_load(ctx, ST_SOURCE_DIR "/examples/care/study.yaml", MODELS, &care),
                     ST_OK);
    row = published_at(care, "EX", 3.0);
    assert_true(row->is_change && fabs(row->value + 20.8) < 1e-9);
    assert_true(fabs(row->sd - 22.83016) < 1e-4);
    st_study_destroy(care);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

/// A numeric rating stands beside the instrument of that name where it is measured, else beside the
/// visual analogue scale.
static void test_a_scale_may_be_read_by_two_instruments(void** state)
{
    static const char text[] =
        "study: T\nmodel: knee-oa\npeople: { from: oai-symptomatic }\nblinding: double\n"
        "arms:\n  a: { n: 10, inject: { product: saline, volume: 5 mL } }\n"
        "visits: 0, 12 months\nmeasure: [vas_pain, nrs_pain]\nseed: 1\n"
        "primary: { change: vas_pain, at: 12 months, versus: a }\n"
        "beside: { table: ../../evidence/trials.csv, trial: RESTORE2021, arms: { a: SAL } }\n";
    st_ctx* ctx = st_ctx_create();
    st_study* study = NULL;
    int found = 0;

    (void)state;
    if (st_study_parse(ctx, ST_SOURCE_DIR "/examples/studies/t.yaml", text, MODELS, &study) !=
        ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    for (int i = 0; i < st_study_published_count(study); ++i) {
        const st_published_row* row = st_study_published(study, i);
        assert_int_equal(row->measure, 1);
        found += row->arm == 0 && row->value == -1.8;
    }
    assert_int_equal(found, 1);
    st_study_destroy(study);
    st_ctx_destroy(ctx);
}

static void test_medians_in_locators(void** state)
{
    double q25 = 0.0, q75 = 0.0;

    (void)state;
    assert_true(st_published_is_median("Table 2; MEDIAN(IQR 5 to 6.5) in mean column", &q25, &q75));
    assert_true(q25 == 5.0 && q75 == 6.5);
    assert_true(st_published_is_median("abstract; MEDIAN", &q25, &q75));
    assert_true(isnan(q25) && isnan(q75));
    assert_true(st_published_is_median("MEDIAN(IQR 6 to 5)", &q25, &q75));
    assert_true(isnan(q25) && isnan(q75));
    assert_false(st_published_is_median("Table 4", &q25, &q75));
}

static void test_sources_have_no_folders(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx, "likes.yaml");
    int studies = 0, published = 0;

    (void)state;
    for (int i = 0; i < st_study_source_count(study); ++i) {
        const char* name;
        const char* role;
        size_t length;
        const char* text = st_study_source(study, i, &name, &role, &length);

        assert_non_null(text);
        assert_true(length > 0);
        assert_null(strchr(name, '/'));
        studies += strcmp(role, "study") == 0 && strncmp(text, "study: Arms", 11) == 0;
        published += strcmp(role, "published") == 0;
    }
    assert_int_equal(studies, 1);
    assert_int_equal(published, 2);
    st_study_destroy(study);
    st_ctx_destroy(ctx);
}

static void test_memory_running_out_is_reported(void** state)
{
    bool is_through = false;
    int failures = 0;

    (void)state;
    // Every allocation in turn at first, then ever fewer of them: a load has thousands.
    for (int64_t n = 1; !is_through; n += 1 + n / 20) {
        st_ctx* ctx = st_ctx_create();
        st_study* study = NULL;
        st_status status;

        assert_non_null(ctx);
        st_ctx_fail_allocation(ctx, n);
        status = st_study_load(ctx, FOLDER "likes.yaml", MODELS, &study);
        is_through = status == ST_OK;
        failures += !is_through;
        // Whatever status a room gives it, the reason must be told first.
        assert_true(is_through ||
                    strncmp(st_ctx_message(ctx, 0), "out of memory", strlen("out of memory")) == 0);
        assert_true(is_through == (study != NULL));
        st_study_destroy(study);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
    assert_true(failures > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arms_and_controls),
        cmocka_unit_test(test_like_changes_one_setting),
        cmocka_unit_test(test_times_are_days),
        cmocka_unit_test(test_published_numbers_in_points),
        cmocka_unit_test(test_published_changes_are_not_levels),
        cmocka_unit_test(test_a_scale_may_be_read_by_two_instruments),
        cmocka_unit_test(test_medians_in_locators),
        cmocka_unit_test(test_sources_have_no_folders),
        cmocka_unit_test(test_memory_running_out_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
