#include "base/random.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static double uniform(uint64_t id, double lo, double hi)
{
    const st_random_key key = {3, ST_STREAM_TEST, id, 0};
    return lo + (hi - lo) * st_random_uniform(&key, 0);
}

static double relative(double got, double expected)
{
    return fabs(got - expected) / fabs(expected);
}

// BAS-4 against the complementary error function in long double, and against GSL.
static void the_distribution_function_is_right_in_both_tails(void** state)
{
    (void)state;
    if (LDBL_MANT_DIG < 64) {
        skip(); // no wider type to compare with
    }
    double worst = 0.0, worst_gsl = 0.0;
    for (uint64_t i = 0; i < 200000; i++) {
        const double x = i < 100000 ? uniform(i, -8.0, 8.0) : uniform(i, -37.5, 37.5);
        const double p = st_normal_cdf(x);
        const double exact = (double)(0.5L * erfcl(-(long double)x / sqrtl(2.0L)));
        worst = fmax(worst, relative(p, exact));
        worst_gsl = fmax(worst_gsl, relative(p, gsl_cdf_ugaussian_P(x)));
        assert_true(p >= 0.0 && p <= 1.0);
    }
    print_message("largest relative error %.2e, against GSL %.2e\n", worst, worst_gsl);
    assert_true(worst < 2e-15);
    assert_true(worst_gsl < 2e-14);
}

static void the_distribution_function_knows_its_limits(void** state)
{
    (void)state;
    assert_true(st_normal_cdf(0.0) == 0.5);
    assert_true(st_normal_cdf(INFINITY) == 1.0 && st_normal_cdf(-INFINITY) == 0.0);
    assert_true(st_normal_cdf(50.0) == 1.0 && st_normal_cdf(-50.0) == 0.0);
    assert_true(st_normal_cdf(-38.0) > 0.0);
    assert_true(isnan(st_normal_cdf(NAN)));
    // Continuous where the approximations meet.
    static const double seams[] = {0.67448975, 5.656854249492380195, -0.67448975,
                                   -5.656854249492380195};
    for (int i = 0; i < 4; i++) {
        const double below = st_normal_cdf(nextafter(seams[i], -INFINITY));
        const double above = st_normal_cdf(nextafter(seams[i], INFINITY));
        assert_true(relative(above, below) < 2e-14); // of which 1e-14 is the slope
    }
}

// BAS-3 against a Newton step on the long-double distribution function.
static void the_quantile_inverts_the_distribution(void** state)
{
    (void)state;
    if (LDBL_MANT_DIG < 64) {
        skip();
    }
    const long double pi = 3.14159265358979323846264338327950288L;
    double worst = 0.0, worst_gsl = 0.0;
    for (uint64_t i = 0; i < 200000; i++) {
        const double p = i < 100000 ? uniform(i, 0.0, 0.5) : exp2(uniform(i, -1000.0, -1.0));
        if (fabs(p - 0.5) < 1e-3) {
            continue; // a value near 0 has no relative error worth the name; tested below
        }
        const double x = st_normal_quantile(p);
        const long double at = 0.5L * erfcl(-(long double)x / sqrtl(2.0L));
        const long double density = expl(-0.5L * (long double)x * x) / sqrtl(2.0L * pi);
        const long double exact = x - (at - (long double)p) / density;
        worst = fmax(worst, (double)fabsl((x - exact) / exact));
        worst_gsl = fmax(worst_gsl, relative(x, gsl_cdf_ugaussian_Pinv(p)));
    }
    print_message("largest relative error %.2e, against GSL %.2e\n", worst, worst_gsl);
    assert_true(worst < 1e-15);
    assert_true(worst_gsl < 1e-14);
}

static void the_quantile_is_odd_and_knows_its_limits(void** state)
{
    (void)state;
    assert_true(st_normal_quantile(0.5) == 0.0);
    assert_true(st_normal_quantile(0.0) == -INFINITY && st_normal_quantile(1.0) == INFINITY);
    assert_true(isnan(st_normal_quantile(NAN)) && isnan(st_normal_quantile(-0.1)) &&
                isnan(st_normal_quantile(1.1)));
    assert_true(fabs(st_normal_quantile(0.975) - 1.959963984540054) < 2e-15);
    for (uint64_t i = 1; i < 1000; i++) { // exact in binary, so that 1 - p is exact as well
        const double p = (double)i / 2048.0;
        assert_true(st_normal_quantile(1.0 - p) == -st_normal_quantile(p));
    }
    for (int k = 2; k < 40; k++) { // near 1/2 the quantile is sqrt(2 pi) (p - 1/2)
        const double d = exp2(-k - 8.0);
        assert_true(relative(st_normal_quantile(0.5 + d), 2.506628274631000502 * d) <
                    3.0 * d * d + 4e-16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distribution_function_is_right_in_both_tails),
        cmocka_unit_test(the_distribution_function_knows_its_limits),
        cmocka_unit_test(the_quantile_inverts_the_distribution),
        cmocka_unit_test(the_quantile_is_odd_and_knows_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
