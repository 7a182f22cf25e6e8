/// \file
/// People files: facts come at their share, tables are read, bad files are refused with their
/// place.
#include "patient/people_fixture.h"

#include "base/table.h"

#include <math.h>

#define DRAWS 100000

#define assert_close(x, expected, error) assert_true(fabs((x) - (expected)) <= (error))

static void check_refused(int replaced, const char* line, const char* tail, const char* where,
                          const char* found)
{
    st_ctx* const ctx = st_ctx_create();
    char text[4096];
    st_people* people = (st_people*)1;
    write_people(text, sizeof text, replaced, line, tail);
    assert_int_equal(st_people_parse(ctx, "people.yaml", text, strlen(text), &people),
                     ST_ERR_INPUT);
    assert_null(people);
    assert_true(st_ctx_message_count(ctx) >= 1);
    const char* const message = st_ctx_message(ctx, 0);
    if (strstr(message, found) == NULL || strstr(message, where) == NULL) {
        print_message("message: %s\nwanted: %s ... %s\n", message, where, found);
    }
    assert_non_null(strstr(message, where));
    assert_non_null(strstr(message, found));
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

// PAT-7: facts come at their share, times since have their median, both the same for the same id.
static void test_facts_and_times_since(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* const people = parse_people(
        ctx, -1, NULL,
        "facts:\n"
        "  smokes: { share: 30 %, source: test }\n"
        "since:\n"
        "  operation: { ever: 40 %, ago: { lognormal: { median: 2 y, spread: factor 3 }, "
        "range: 0..50 y }, assumed: test }\n");
    assert_int_equal(st_people_fact_count(people), 2);
    const int smokes = st_people_fact_find(people, "smokes");
    const int operation = st_people_fact_find(people, "operation");
    assert_true(smokes >= 0 && operation >= 0 && st_people_fact_find(people, "x") == -1);
    int smokers = 0;
    int operated = 0;
    int recent = 0;
    int both = 0;
    for (uint64_t id = 0; id < DRAWS; ++id) {
        const bool is_smoker = st_people_fact_holds(people, smokes, 7, id);
        const double day = st_people_fact_since_day(people, operation, 7, id);
        assert_true(day == st_people_fact_since_day(people, operation, 7, id) && day >= 0.0);
        smokers += is_smoker;
        operated += isfinite(day);
        recent += day < 2.0 * 365.25;
        both += is_smoker && isfinite(day);
    }
    assert_close((double)smokers / DRAWS, 0.3, 2.0 / sqrt(DRAWS));
    assert_close((double)operated / DRAWS, 0.4, 2.0 / sqrt(DRAWS));
    assert_close((double)recent / operated, 0.5, 0.015);
    assert_close((double)both / DRAWS, 0.12, 2.0 / sqrt(DRAWS));
    st_people_destroy(people);
    st_ctx_destroy(ctx);
    check_refused(-1, NULL, "facts:\n  smokes: { share: 130 %, source: test }\n",
                  "facts.smokes.share", "130 %");
    check_refused(-1, NULL, "facts:\n  smokes: { share: 30 % }\n", "facts.smokes", "neither");
    check_refused(-1, NULL, "since:\n  fall: { ever: 30 %, source: test }\n", "since.fall.ago",
                  "missing");
    check_refused(-1, NULL,
                  "facts:\n  fall: { share: 3 %, source: test }\nsince:\n  fall: { ever: 3 %, "
                  "ago: { fixed: 1 y }, source: test }\n",
                  "since.fall", "a second time");
}

static void test_bad_files(void** state)
{
    (void)state;
    check_refused(ST_PERSON_AGE, "age: { fixed: 60 kg, source: test }", "",
                  "people.yaml:4:", "60 kg");
    check_refused(ST_PERSON_AGE, "age: { fixed: 600 y, source: test }", "", "attributes.age.fixed",
                  "600 y");
    check_refused(ST_PERSON_AGE, "age: { fixed: 60 y }", "", "attributes.age", "found neither");
    check_refused(ST_PERSON_AGE, "age: { fixed: 60 y, source: test, assumed: test }", "",
                  "attributes.age", "both");
    check_refused(ST_PERSON_AGE, "age: { source: test }", "", "attributes.age", "no distribution");
    check_refused(ST_PERSON_AGE, "agee: { fixed: 60 y, source: test }", "", "agee", "age");
    check_refused(ST_PERSON_AGE, NULL, "", "attributes.age", "missing");
    check_refused(ST_PERSON_BMI, "bmi: { normal: { mean: 30 kg/m^2, sd: 0 kg/m^2 }, source: test }",
                  "", "attributes.bmi.normal.sd", "expected more than 0");
    check_refused(ST_PERSON_BMI,
                  "bmi: { quantiles: { 25 %: 30 kg/m^2, 75 %: 20 kg/m^2 }, source: test }", "",
                  "attributes.bmi.quantiles", "rising");
    check_refused(ST_PERSON_BMI,
                  "bmi: { quantiles: { 0 %: 10 kg/m^2, 75 %: 20 kg/m^2 }, source: test }", "",
                  "attributes.bmi.quantiles", "between 0 % and 100 %");
    check_refused(ST_PERSON_BMI,
                  "bmi: { normal: { mean: 30 kg/m^2, sd: 1 kg/m^2 }, range: 50..60 kg/m^2, "
                  "source: test }",
                  "", "attributes.bmi.range", "hold nobody");
    check_refused(ST_PERSON_KL, "kl: { counts: [1, 1, 1, 1, 1, 1], source: test }", "",
                  "attributes.kl.counts", "6 counts");
    check_refused(ST_PERSON_KL, "kl: { counts: [0, 0], source: test }", "", "attributes.kl.counts",
                  "only zeros");
    check_refused(ST_PERSON_KL, "kl: { fixed: 2.5, source: test }", "", "attributes.kl",
                  "whole number");
    check_refused(ST_PERSON_PAIN, "base_pain: { counts: [1, 2], source: test }", "",
                  "attributes.base_pain", "continuous");
    check_refused(ST_PERSON_HEIGHT,
                  "height: { by: female, cases: { 0: { fixed: 1 m } }, source: test }", "",
                  "attributes.height.cases", "1");
    check_refused(ST_PERSON_INFLAMMATION,
                  "inflammation: { lognormal: { median: 1, spread: factor 0.5 }, source: test }",
                  "", "attributes.inflammation.lognormal.spread", "factor 1");
    check_refused(-1, NULL, "correlations:\n  - { between: [bmi, bmi], r: 0.5, source: test }\n",
                  "correlations[0].between", "two different");
    check_refused(-1, NULL, "correlations:\n  - { between: [bmi, wieght], r: 0.5, source: test }\n",
                  "correlations[0].between", "wieght");
    check_refused(-1, NULL, "correlations:\n  - { between: [bmi, kl], r: 1.5, source: test }\n",
                  "correlations[0].r", "1.5");
}

// PAT-2: a set that cannot hold together is refused at the last pair that would save it if left
// out.
static void test_impossible_correlations(void** state)
{
    (void)state;
    check_refused(-1, NULL,
                  "correlations:\n"
                  "  - { between: [bmi, base_pain], r: 0.6, source: test }\n"
                  "  - { between: [bmi, varus], r: 0.6, source: test }\n"
                  "  - { between: [base_pain, varus], r: -0.5, source: test }\n",
                  "correlations[2].r", "between base_pain and varus");
    // strong pairs that only the third makes possible are allowed, in any order
    st_ctx* const ctx = st_ctx_create();
    st_people* const people =
        parse_people(ctx, -1, NULL,
                     "correlations:\n"
                     "  - { between: [bmi, base_pain], r: 0.9, source: test }\n"
                     "  - { between: [bmi, varus], r: 0.9, source: test }\n"
                     "  - { between: [base_pain, varus], r: 0.8, source: test }\n");
    st_people_destroy(people);
    st_ctx_destroy(ctx);
    check_refused(-1, NULL,
                  "correlations:\n"
                  "  - { between: [bmi, varus], r: 0.1, source: test }\n"
                  "  - { between: [varus, bmi], r: 0.2, source: test }\n",
                  "correlations[1].between", "a second time");
    check_refused(ST_PERSON_HEIGHT,
                  "height: { by: female, cases: { 0: { fixed: 1.8 m }, 1: { fixed: 1.6 m } }, "
                  "source: test }",
                  "correlations:\n  - { between: [height, female], r: 0.2, source: test }\n",
                  "correlations[0].between", "through by:");
}

// --- tables ---------------------------------------------------------------------------------

static const char TABLE_HEAD[] =
    "age_y,female,height_m,bmi_kg_m2,kl,varus_deg,base_pain_vas,"
    "base_function_womac,inflammation,base_thickness_mm,duration_y\r\n";

static st_status load_table(st_ctx* ctx, const char* rows, st_people** out)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s", TABLE_HEAD, rows);
    assert_int_equal(st_file_write(ctx, "people_test.csv", text, strlen(text)), ST_OK);
    const st_status status = st_people_load(ctx, "people_test.csv", out);
    remove("people_test.csv");
    return status;
}

static void test_people_from_a_table(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* people = NULL;
    assert_int_equal(load_table(ctx,
                                "61,1,1.62,31.2,3,2,48,21,1.1,1.6,8\r\n"
                                "55,0,1.8,27,2,0,62,30,0.9,1.7,3\r\n",
                                &people),
                     ST_OK);
    int first = 0;
    for (int k = 0; k < 10000; ++k) {
        st_person person;
        st_people_draw(people, 1, (uint64_t)k, &person);
        const bool is_first = person.value[ST_PERSON_AGE] == 61.0;
        assert_true(person.value[ST_PERSON_PAIN] == (is_first ? 48.0 : 62.0));
        // what a table may leave out is the median patient's
        assert_true(person.value[ST_PERSON_STRENGTH] == 1.0);
        assert_true(person.value[ST_PERSON_INJURY] == 0.0);
        first += is_first;
    }
    assert_in_range(first, 4800, 5200);
    st_people_destroy(people);

    people = NULL;
    static const char WIDE[] =
        "strength,injury,age_y,female,height_m,bmi_kg_m2,kl,varus_deg,base_pain_vas,"
        "base_function_womac,inflammation,base_thickness_mm,duration_y\r\n"
        "0.7,1,61,1,1.62,31.2,3,2,48,21,1.1,1.6,8\r\n";
    assert_int_equal(st_file_write(ctx, "people_wide.csv", WIDE, strlen(WIDE)), ST_OK);
    assert_int_equal(st_people_load(ctx, "people_wide.csv", &people), ST_OK);
    remove("people_wide.csv");
    st_person wide;
    st_people_draw(people, 1, 1, &wide);
    assert_true(wide.value[ST_PERSON_STRENGTH] == 0.7 && wide.value[ST_PERSON_INJURY] == 1.0);
    st_people_destroy(people);

    people = NULL;
    assert_int_equal(load_table(ctx, "61,1,1.62,31.2,3,2,148,21,1.1,1.6,8\r\n", &people),
                     ST_ERR_INPUT);
    assert_null(people);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "people_test.csv:2: base_pain_vas: found 148"));
    st_ctx_clear_messages(ctx);
    assert_int_equal(load_table(ctx, "61,1,1.62,31.2,2.5,2,48,,1.1,1.6,8\r\n", &people),
                     ST_ERR_INPUT);
    assert_int_equal(st_ctx_mistake_count(ctx), 2);
    st_ctx_clear_messages(ctx);
    assert_int_equal(load_table(ctx, "", &people), ST_ERR_INPUT);
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

// Every allocation may fail: an error comes back and nothing leaks.
static void test_memory_runs_out(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_status status = ST_ERR_MEMORY;
    int64_t n = 0;
    while (status != ST_OK) {
        st_people* people = NULL;
        st_ctx_fail_allocation(ctx, ++n);
        status = st_people_load(ctx, SHIPPED, &people);
        st_ctx_fail_allocation(ctx, 0);
        assert_true((status == ST_OK) == (people != NULL));
        st_people_destroy(people);
        assert_true(st_ctx_bytes_in_use(ctx) == 0);
        assert_true(n < 10000);
        st_ctx_clear_messages(ctx);
    }
    assert_true(n > 3);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_and_times_since),   cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_impossible_correlations), cmocka_unit_test(test_people_from_a_table),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
