#include "report/words.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MINUS "\xe2\x88\x92"

static void numbers_keep_sensible_digits(void** state)
{
    (void)state;
    assert_string_equal(st_words_number(-7.26, 1).text, MINUS "7.3");
    assert_string_equal(st_words_number(-0.04, 1).text, "0.0"); // never minus zero
    assert_string_equal(st_words_signed(0.04, 1).text, "0.0");
    assert_string_equal(st_words_signed(3.0, 0).text, "+3");
    assert_string_equal(st_words_number((double)NAN, 1).text, "not known");
    assert_string_equal(st_words_precise(2.5e-11, 4).text, "2.5 × 10⁻¹¹");
    assert_string_equal(st_words_precise(-1e6, 3).text, MINUS "10⁶");
    assert_string_equal(st_words_precise(0.25, 4).text, "0.25");
}

static void cells_are_told_in_words(void** state)
{
    (void)state;
    assert_string_equal(st_words_count(0.0).text, "none");
    assert_string_equal(st_words_count(0.2).text, "under 1");
    assert_string_equal(st_words_count(42.4).text, "42");
    assert_string_equal(st_words_count(5324.0).text, "5\xe2\x80\xaf"
                                                     "320");
    assert_string_equal(st_words_count(9.6e6).text, "9.6 million");
    assert_string_equal(st_words_count(999600.0).text, "1.0 million");
    assert_string_equal(st_words_count(4.0e7).text, "40 million");
    assert_string_equal(st_words_count(2.5e9).text, "2.5 billion");
}

static void shares_do_not_round_to_certainty(void** state)
{
    (void)state;
    assert_string_equal(st_words_percent(0.004).text, "under 1 %");
    assert_string_equal(st_words_percent(0.996).text, "over 99 %");
    assert_string_equal(st_words_percent(0.0).text, "0 %");
    assert_string_equal(st_words_percent(0.314).text, "31 %");
}

static void visits_have_names(void** state)
{
    (void)state;
    const double month = 365.25 / 12.0;
    const st_visit_info visits[] = {
        {0, 0}, {7, 7 / month}, {month, 1}, {42, 42 / month}, {12 * month, 12}};
    assert_string_equal(st_words_visit(&visits[0]).text, "baseline");
    assert_string_equal(st_words_visit(&visits[1]).text, "day 7");
    assert_string_equal(st_words_visit(&visits[2]).text, "1 month");
    assert_string_equal(st_words_visit(&visits[3]).text, "6 weeks");
    assert_string_equal(st_words_visit(&visits[4]).text, "12 months");
}

static void decimals_follow_the_uncertainty(void** state)
{
    (void)state;
    st_outcome_row row = {.measure = 0, .change_lo = -12.0, .change_hi = -7.0};
    const st_findings f = {.outcome = &row, .outcome_count = 1};
    assert_int_equal(st_words_decimals(&f, 0), 0); // half width 2.5
    row.change_lo = -8.0;
    assert_int_equal(st_words_decimals(&f, 0), 1); // 0.5
    row.change_lo = -7.01;
    assert_int_equal(st_words_decimals(&f, 0), 3); // 0.005
    assert_int_equal(st_words_decimals(&f, 1), 1); // nothing known
}

static void units_and_characters(void** state)
{
    (void)state;
    assert_string_equal(st_words_unit("points (0-100)").text, "points");
    assert_string_equal(st_words_unit("vas").text, "points");
    assert_string_equal(st_words_unit("mm").text, "mm");
    assert_int_equal(st_words_prefix("Öl", 1), 2);
    assert_int_equal(st_words_prefix("ab", 5), 2);
    assert_true(st_words_width("WWWW") > st_words_width("llll"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_sensible_digits),
        cmocka_unit_test(cells_are_told_in_words),
        cmocka_unit_test(shares_do_not_round_to_certainty),
        cmocka_unit_test(visits_have_names),
        cmocka_unit_test(decimals_follow_the_uncertainty),
        cmocka_unit_test(units_and_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
