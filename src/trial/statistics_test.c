// Means, shares and contrasts against R and published intervals.               [TRI-3, TRI-4,
// TRI-5, TRI-6, TRI-7, TRI-14]
#include "statistics.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

// R 4.2 code of the expected digits below:
//   a0 <- c(62,55,71,48,66,59,73,50); a1 <- c(40,41,52,30,35,47,60,29)
//   b0 <- c(58,64,49,70,61,53,68);    b1 <- c(50,52,44,57,41,49,60)
//   t.test(a1-a0, b1-b0); t.test(a1, a0, paired=TRUE); t.test(b1-b0)
//   d <- data.frame(change=c(a1-a0,b1-b0), base=c(a0,b0), arm=c(rep(1,8),rep(0,7)))
//   m <- lm(change~arm+base,d); coef(m); confint(m); summary(m)
//   quantile(b1-b0, c(.25,.5,.75), type=7); sd(b1-b0)
static const double a_baseline[] = {62, 55, 71, 48, 66, 59, 73, 50};
static const double a_change[] = {-22, -14, -19, -18, -31, -12, -13, -21};
static const double b_baseline[] = {58, 64, 49, 70, 61, 53, 68};
static const double b_change[] = {-8, -12, -5, -13, -20, -4, -8};
enum { a_count = 8, b_count = 7 };

static void assert_close(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance)) {
        print_error("found %.17g, expected %.17g\n", found, expected);
        fail();
    }
}

static void test_describing_one_arm(void** state)
{
    double sorted[b_count];
    st_interval interval;

    (void)state;
    for (int i = 0; i < b_count; ++i) {
        sorted[i] = b_change[i];
    }
    st_statistics_sort(sorted, b_count);
    assert_close(st_statistics_quantile(sorted, b_count, 0.25), -12.5, 1e-15);
    assert_close(st_statistics_quantile(sorted, b_count, 0.50), -8.0, 1e-15);
    assert_close(st_statistics_quantile(sorted, b_count, 0.75), -6.5, 1e-15);
    assert_close(st_statistics_quantile(sorted, b_count, 0.0), -20.0, 0.0);
    assert_close(st_statistics_quantile(sorted, b_count, 1.0), -4.0, 0.0);
    assert_close(st_statistics_mean(b_change, b_count), -10.0, 1e-15);
    assert_close(st_statistics_sd(b_change, b_count), 5.5075705472861021, 1e-13);
    interval = st_statistics_mean_interval(b_change, b_count);
    assert_close(interval.lo, -15.0936532042192155, 1e-12);
    assert_close(interval.hi, -4.9063467957807827, 1e-12);
}

static void test_wilson_intervals(void** state)
{
    static const struct {
        int64_t hits, count;
        double lo, hi, digits;
    } known[] = {{11, 20, 0.3421, 0.7418, 5e-5},
                 {17, 20, 0.6396, 0.9476, 5e-5},
                 {13, 2372, 0.00321, 0.00935, 5e-6},
                 {2, 523, 0.00105, 0.01383, 5e-6}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        const st_interval found = st_statistics_wilson(known[i].hits, known[i].count);
        assert_close(found.lo, known[i].lo, known[i].digits);
        assert_close(found.hi, known[i].hi, known[i].digits);
    }
    // Nobody of 10: from exactly zero to z^2/(n + z^2).
    assert_true(st_statistics_wilson(0, 10).lo == 0.0);
    assert_close(st_statistics_wilson(0, 10).hi, 3.8414588206941254 / 13.8414588206941254, 1e-12);
    assert_true(st_statistics_wilson(10, 10).hi == 1.0);
    assert_true(isnan(st_statistics_wilson(0, 0).mean));
    assert_true(isnan(st_statistics_wilson(3, 2).lo));
}

static void test_welch_matches_r(void** state)
{
    const st_contrast found = st_statistics_welch(a_change, a_count, b_change, b_count);

    (void)state;
    assert_close(found.difference, -8.75, 1e-13);
    assert_close(found.lo, -15.271167080329089, 1e-11);
    assert_close(found.hi, -2.2288329196709102, 1e-11);
    assert_close(found.p, 0.012440833042061216, 1e-13);
    assert_close(found.df, 12.989574626790297, 1e-12);
}

static void test_ancova_matches_r(void** state)
{
    const st_contrast found =
        st_statistics_ancova(a_baseline, a_change, a_count, b_baseline, b_change, b_count);

    (void)state;
    assert_close(found.difference, -8.7381416991894323, 1e-12);
    assert_close(found.lo, -15.435348644177616, 1e-11);
    assert_close(found.hi, -2.0409347542012481, 1e-11);
    assert_close(found.p, 0.014819684511458578, 1e-13);
    assert_close(found.df, 12.0, 0.0);
}

static void test_ancova_takes_out_the_baseline(void** state)
{
    double change_a[a_count];
    double change_b[b_count];
    st_contrast found;

    (void)state;
    // change = 3 - 0.4 baseline, and 5 less in arm a: found exactly whatever the baselines are.
    for (int i = 0; i < a_count; ++i) {
        change_a[i] = 3.0 - 0.4 * a_baseline[i] - 5.0;
    }
    for (int i = 0; i < b_count; ++i) {
        change_b[i] = 3.0 - 0.4 * b_baseline[i];
    }
    found = st_statistics_ancova(a_baseline, change_a, a_count, b_baseline, change_b, b_count);
    assert_close(found.difference, -5.0, 1e-12);
    assert_true(found.hi - found.lo < 1e-5);
}

static void test_paired_matches_r(void** state)
{
    const st_contrast found = st_statistics_paired(a_change, a_count);

    (void)state;
    assert_close(found.difference, -18.75, 1e-13);
    assert_close(found.lo, -23.918089416591471, 1e-11);
    assert_close(found.hi, -13.581910583408529, 1e-11);
    assert_close(found.p, 5.8192763988807535e-05, 1e-16);
}

static void test_too_few_values_give_nan(void** state)
{
    const double one = 4.0;

    (void)state;
    assert_true(isnan(st_statistics_mean(&one, 0)));
    assert_true(isnan(st_statistics_sd(&one, 1)));
    assert_true(st_statistics_mean_interval(&one, 1).mean == 4.0);
    assert_true(isnan(st_statistics_mean_interval(&one, 1).lo));
    assert_true(isnan(st_statistics_quantile(&one, 0, 0.5)));
    assert_true(isnan(st_statistics_welch(&one, 1, b_change, b_count).p));
    assert_true(isnan(st_statistics_ancova(&one, &one, 1, b_baseline, b_change, b_count).p));
    assert_true(isnan(st_statistics_paired(&one, 1).p));
}

/// Shares of trials without any effect that are called significant at 5 %: must be 5 %. [TRI-6,
/// TRI-7, TRI-14]
static void test_type_one_error(void** state)
{
    enum { trials = 4000, people = 24 };
    const uint64_t seed = 20161;
    int welch = 0, ancova = 0, paired = 0;

    (void)state;
    for (uint64_t trial = 0; trial < trials; ++trial) {
        const st_random_key key = {seed, ST_STREAM_TEST, trial, 0};
        double baseline[2][people], change[2][people], twin[people];

        for (int arm = 0; arm < 2; ++arm) {
            for (int i = 0; i < people; ++i) {
                const uint64_t draw = (uint64_t)(3 * (arm * people + i));
                // Regression to the mean: the change depends on the baseline.
                baseline[arm][i] = 60.0 + 12.0 * st_random_normal(&key, draw);
                change[arm][i] =
                    -0.4 * (baseline[arm][i] - 60.0) + 15.0 * st_random_normal(&key, draw + 1);
                twin[i] = 8.0 * st_random_normal(&key, draw + 2);
            }
        }
        welch += st_statistics_welch(change[0], people, change[1], people).p < 0.05;
        ancova +=
            st_statistics_ancova(baseline[0], change[0], people, baseline[1], change[1], people).p <
            0.05;
        paired += st_statistics_paired(twin, people).p < 0.05;
    }
    print_message("seed %llu: of %d null trials, p < 0.05 in %d (welch), %d (ancova), %d (paired); "
                  "200 expected\n",
                  (unsigned long long)seed, trials, welch, ancova, paired);
    // 200 +- 4 standard errors of 13.8
    assert_in_range(welch, 145, 255);
    assert_in_range(ancova, 145, 255);
    assert_in_range(paired, 145, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_describing_one_arm),
        cmocka_unit_test(test_wilson_intervals),
        cmocka_unit_test(test_welch_matches_r),
        cmocka_unit_test(test_ancova_matches_r),
        cmocka_unit_test(test_ancova_takes_out_the_baseline),
        cmocka_unit_test(test_paired_matches_r),
        cmocka_unit_test(test_too_few_values_give_nan),
        cmocka_unit_test(test_type_one_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
