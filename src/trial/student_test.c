// Student's t and the incomplete beta function against GSL, R and closed forms.  [TRI-1, TRI-2]
#include "student.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_close(double found, double expected, double relative)
{
    const double miss = fabs(found - expected);

    if (!(miss <= relative * fabs(expected))) {
        print_error("found %.17g, expected %.17g (relative %g)\n", found, expected,
                    miss / fabs(expected));
        fail();
    }
}

static void test_beta_matches_gsl(void** state)
{
    static const double shape[] = {0.5, 1.0, 1.7, 5.0, 9.9, 10.0, 48.5, 499.0, 20000.5};
    static const double place[] = {1e-6, 0.03, 0.2, 0.5, 0.77, 0.99};
    const int shapes = (int)(sizeof shape / sizeof shape[0]);
    int compared = 0;

    (void)state;
    for (int a = 0; a < shapes; ++a) {
        for (int b = 0; b < shapes; ++b) {
            const double mean = shape[a] / (shape[a] + shape[b]);
            const double log_beta = gsl_sf_lnbeta(shape[a], shape[b]);
            // The logarithm's absolute error is the relative error of B; GSL's grows with ln B.
            assert_true(fabs(st_student_log_beta(shape[a], shape[b]) - log_beta) <=
                        1e-13 + 2e-15 * fabs(log_beta));
            for (int k = 0; k < 6; ++k) {
                // Around the mean, where neither tail has vanished.
                const double x = pow(mean, exp(2.0 * (0.5 - place[k]) / sqrt(shape[a] + shape[b])));
                const double expected = gsl_cdf_beta_P(x, shape[a], shape[b]);
                if (expected > 1e-12 && expected < 1.0) {
                    // GSL itself loses digits for shapes of thousands.
                    const double digits = shape[a] + shape[b] > 1000.0 ? 2e-10 : 1e-12;
                    assert_close(st_student_beta(x, shape[a], shape[b]), expected, digits);
                    ++compared;
                }
            }
        }
    }
    assert_true(compared > 300);
}

static void test_t_matches_gsl(void** state)
{
    static const double df[] = {1.0, 2.0, 3.5, 9.0, 30.0, 199.0, 1998.0};

    (void)state;
    for (size_t i = 0; i < sizeof df / sizeof df[0]; ++i) {
        for (double t = -6.0; t <= 6.0; t += 0.37) {
            const double digits = df[i] > 1000.0 ? 1e-11 : 1e-12;
            assert_close(st_student_cdf(t, df[i]), gsl_cdf_tdist_P(t, df[i]), digits);
        }
        for (double p = 0.001; p < 1.0; p += 0.0499) {
            assert_close(st_student_critical(p, df[i]), gsl_cdf_tdist_Qinv(0.5 * p, df[i]), 1e-9);
            assert_close(st_student_two_sided(st_student_critical(p, df[i]), df[i]), p, 1e-12);
        }
    }
}

static void test_t_matches_r(void** state)
{
    (void)state;
    // R 4.2: lbeta(20000.5, 20000.5), where GSL differs in the 15th digit
    assert_close(st_student_log_beta(20000.5, 20000.5), -27730.266607481156825, 2e-16);
    // R 4.2: options(digits=17); c(pt(-2.5,7)*2, 2*pt(-1e-3,3), 2*pt(-8,1998), 2*pt(-40,5),
    //        qt(.975,1), qt(.975,9), qt(.975,1997), qt(.995,1e5))
    assert_close(st_student_two_sided(2.5, 7.0), 4.0992218585752874e-02, 1e-13);
    assert_close(st_student_two_sided(-1e-3, 3.0), 9.9926489496946092e-01, 1e-14);
    assert_close(st_student_two_sided(8.0, 1998.0), 2.0874942211244798e-15, 1e-12);
    assert_close(st_student_two_sided(40.0, 5.0), 1.8411962171772952e-07, 1e-13);
    assert_close(st_student_critical(0.05, 1.0), 1.2706204736174694e+01, 1e-13);
    assert_close(st_student_critical(0.05, 9.0), 2.2621571627982049e+00, 1e-13);
    assert_close(st_student_critical(0.05, 1997.0), 1.9611526100987635e+00, 1e-12);
    assert_close(st_student_critical(0.01, 1e5), 2.5758784699083743e+00, 1e-12);
}

static void test_closed_forms(void** state)
{
    const double pi = 3.14159265358979323846;

    (void)state;
    // One degree of freedom is Cauchy's distribution; two have an algebraic form.
    for (double t = 0.1; t < 50.0; t *= 1.7) {
        assert_close(st_student_cdf(t, 1.0), 0.5 + atan(t) / pi, 1e-14);
        assert_close(st_student_cdf(t, 2.0), 0.5 + t / (2.0 * sqrt(2.0 + t * t)), 1e-14);
    }
    assert_close(st_student_log_beta(1.0, 1.0) + 1.0, 1.0, 1e-14);
    assert_close(st_student_log_beta(0.5, 0.5), log(pi), 1e-14);
    assert_true(st_student_two_sided(0.0, 4.0) == 1.0);
    assert_true(st_student_two_sided(INFINITY, 4.0) == 0.0);
    assert_true(st_student_beta(0.0, 2.0, 3.0) == 0.0);
    assert_true(st_student_beta(1.0, 2.0, 3.0) == 1.0);
}

static void test_wrong_arguments_give_nan(void** state)
{
    (void)state;
    assert_true(isnan(st_student_two_sided(NAN, 3.0)));
    assert_true(isnan(st_student_two_sided(1.0, 0.0)));
    assert_true(isnan(st_student_two_sided(1.0, NAN)));
    assert_true(isnan(st_student_critical(0.0, 3.0)));
    assert_true(isnan(st_student_critical(1.0, 3.0)));
    assert_true(isnan(st_student_beta(-0.1, 1.0, 1.0)));
    assert_true(isnan(st_student_beta(0.5, -1.0, 1.0)));
    assert_true(isnan(st_student_log_beta(0.0, 1.0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beta_matches_gsl),
        cmocka_unit_test(test_t_matches_gsl),
        cmocka_unit_test(test_t_matches_r),
        cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_wrong_arguments_give_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
