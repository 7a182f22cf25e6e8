/// Evidence tables: the shipped one is sound; faulty rows are refused one by one with their lines.
#include "evidence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char head[] =
    "trial_id,first_author,year,design,blinding,control,pooled,paid,country,joint,condition,"
    "severity,arm_id,arm_label,intervention,source_tissue,autologous,dose_cells,dose_note,n,"
    "age_mean,age_sd,bmi_mean,bmi_sd,female_pct,scale,direction,month,mean,sd,ci95_low,ci95_high,"
    "change_from_baseline_mean,change_sd,responder_pct,adverse_events_note,source_id,source_url,"
    "quote_locator\n";
static const char good[] =
    "T1,A,2020,RCT,double,placebo,0,0,,knee,osteoarthritis,KL 2-3,SAL,Saline,"
    "saline,,,,,30,60,7,29,4,55,VAS_pain_0_100,lower_better,3,40,20,,,,,,,s,"
    "u,Table 2\n";

/// Text with a piece replaced.
static void change(char* out, size_t size, const char* from, const char* to)
{
    const char* at = strstr(good, from);

    assert_non_null(at);
    snprintf(out, size, "%s%s%.*s%s%s", head, good, (int)(at - good), good, to, at + strlen(from));
}

static void test_faulty_rows_tell_their_line(void** state)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {",3,40,", ",-3,40,", "t.csv:3: month: found '-3', expected 0 or more"},
        {",30,60,", ",thirty,60,", "t.csv:3: n: found 'thirty', expected a number"},
        {",30,60,", ",0,60,", "t.csv:3: n: found '0', expected 1 to"},
        {",40,20,", ",40,-20,", "t.csv:3: sd: found '-20', expected 0 to"},
        {",40,20,", ",nan,20,", "t.csv:3: mean: found 'nan', expected a number"},
        {",55,VAS", ",155,VAS", "t.csv:3: female_pct: found '155', expected 0 to 100"},
        {"saline,,,", "salina,,,",
         "t.csv:3: intervention: found 'salina', expected one of 14 words; "
         "did you mean 'saline'?"},
        {"double", "blinded", "t.csv:3: blinding: found 'blinded', expected one of double"},
        {"lower_better", "lower", "t.csv:3: direction: found 'lower'"},
        {",0,0,,knee", ",0,maybe,,knee", "t.csv:3: paid: found 'maybe', expected 0 or 1"},
        {"T1,", ",", "t.csv:3: trial_id: found ''"},
        {",40,20,,,", ",40,20,9,3,", "t.csv:3: ci95_low: found 'an interval upside down'"},
    };
    char text[4096];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        st_ctx* ctx = st_ctx_create();
        st_evidence evidence;
        change(text, sizeof text, cases[i].from, cases[i].to);
        assert_int_equal(st_evidence_parse(ctx, "t.csv", text, strlen(text), false, &evidence),
                         ST_ERR_INPUT);
        assert_int_equal(st_ctx_mistake_count(ctx), 1);
        if (strncmp(st_ctx_message(ctx, 0), cases[i].message, strlen(cases[i].message)) != 0) {
            print_error("found: %s\n", st_ctx_message(ctx, 0));
            fail();
        }
        st_ctx_clear_messages(ctx);
        // --keep-going: the other row stands, the fault is kept with the row.
        assert_int_equal(st_evidence_parse(ctx, "t.csv", text, strlen(text), true, &evidence),
                         ST_OK);
        assert_int_equal(evidence.faulty_count, 1);
        assert_null(evidence.row[0].fault);
        assert_non_null(evidence.row[1].fault);
        assert_int_equal(st_ctx_mistake_count(ctx), 0);
        st_evidence_clear(ctx, &evidence);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

static void test_missing_columns_are_named(void** state)
{
    static const char text[] = "trial_id,arm_id,scale\nA,B,C\n";
    st_ctx* ctx = st_ctx_create();
    st_evidence evidence;
    bool has_month = false;

    (void)state;
    assert_int_equal(st_evidence_parse(ctx, "t.csv", text, strlen(text), true, &evidence),
                     ST_ERR_INPUT);
    for (int i = 0; i < st_ctx_message_count(ctx); ++i) {
        assert_non_null(strstr(st_ctx_message(ctx, i), "t.csv:1: found no column '"));
        has_month = has_month || strstr(st_ctx_message(ctx, i), "'month'") != NULL ||
                    st_ctx_mistake_count(ctx) > ST_MESSAGE_LIMIT;
    }
    assert_true(has_month);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

/// The third record of a table made by change().
static const char* last_row(const char* text)
{
    return text + strlen(head) + strlen(good);
}

static void test_every_faulty_row_is_told(void** state)
{
    char text[4096], two[8192];
    st_ctx* ctx = st_ctx_create();
    st_evidence evidence;

    (void)state;
    snprintf(text, sizeof text, "%sT1,,,,x,y,0,0\n", head);
    assert_int_equal(st_evidence_parse(ctx, "t.csv", text, strlen(text), true, &evidence),
                     ST_ERR_INPUT); // a broken record is no row at all
    assert_non_null(strstr(st_ctx_message(ctx, 0), "t.csv:2:"));
    st_ctx_clear_messages(ctx);
    change(text, sizeof text, ",30,60,", ",x,60,");
    snprintf(two, sizeof two, "%s%s%s", text, good, last_row(text));
    assert_int_equal(st_evidence_parse(ctx, "t.csv", two, strlen(two), false, &evidence),
                     ST_ERR_INPUT);
    assert_int_equal(st_ctx_mistake_count(ctx), 2);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "t.csv:3:"));
    assert_non_null(strstr(st_ctx_message(ctx, 1), "t.csv:5:"));
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void test_numbers_and_marks_are_read(void** state)
{
    char text[4096];
    st_ctx* ctx = st_ctx_create();
    st_evidence evidence;
    const st_evidence_row* row;

    (void)state;
    change(text, sizeof text, "Table 2", "\"Table 2; MEDIAN(IQR 5 to 6); check: odd\"");
    assert_int_equal(st_evidence_parse(ctx, "t.csv", text, strlen(text), false, &evidence), ST_OK);
    row = &evidence.row[1];
    assert_true(row->month == 3.0 && row->mean == 40.0 && row->sd == 20.0 && row->n == 30.0);
    assert_true(isnan(row->change) && isnan(row->dose));
    assert_true(row->lower_is_better && row->is_median && row->is_check && !row->is_paid);
    assert_false(evidence.row[0].is_median);
    st_evidence_clear(ctx, &evidence);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void test_allocations_may_fail(void** state)
{
    char text[4096];

    (void)state;
    change(text, sizeof text, "Table 2", "Table 3");
    for (int64_t n = 1; n < 40; ++n) {
        st_ctx* ctx = st_ctx_create();
        st_evidence evidence;
        st_ctx_fail_allocation(ctx, n);
        if (st_evidence_parse(ctx, "t.csv", text, strlen(text), false, &evidence) == ST_OK) {
            st_evidence_clear(ctx, &evidence);
            n = 40;
        }
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

static void test_shipped_table_is_sound(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_evidence evidence;

    (void)state;
    assert_int_equal(st_evidence_load(ctx, ST_SOURCE_DIR "/evidence/trials.csv", false, &evidence),
                     ST_OK);
    assert_int_equal(evidence.row_count, 830);
    for (int i = 0; i < evidence.row_count; ++i) {
        assert_true(evidence.row[i].source[0] != '\0');
    }
    st_evidence_clear(ctx, &evidence);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faulty_rows_tell_their_line),
        cmocka_unit_test(test_missing_columns_are_named),
        cmocka_unit_test(test_every_faulty_row_is_told),
        cmocka_unit_test(test_numbers_and_marks_are_read),
        cmocka_unit_test(test_allocations_may_fail),
        cmocka_unit_test(test_shipped_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
