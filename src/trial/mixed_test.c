// The mixed model where its answer is known on paper, and where it has none.           [TRI-21,
// TRI-22]
#include "dense.h"
#include "mixed.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PEOPLE = 40, VISITS = 3, COVARIATES = 3 };

#define SEED 20161

static void assert_close(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance * fmax(1.0, fabs(expected)))) {
        fail_msg("found %.15g, expected %.15g", found, expected);
    }
}

/// Nobody missing: least squares visit by visit, with n - k degrees of freedom.
static void test_complete_data_give_least_squares(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_mixed* mixed = NULL;
    double x[2][PEOPLE], y[VISITS][2][PEOPLE];
    int count[2] = {0};

    (void)state;
    assert_int_equal(st_mixed_create(ctx, COVARIATES, VISITS, &mixed), ST_OK);
    for (int i = 0; i < PEOPLE; ++i) {
        const st_random_key key = {SEED, ST_STREAM_TEST, (uint64_t)i, 0};
        const int arm = i % 2;
        const double own = st_random_normal(&key, 0);
        const double z[COVARIATES] = {arm == 0, arm == 1, 10.0 * st_random_normal(&key, 1)};
        double response[VISITS];
        for (int v = 0; v < VISITS; ++v) {
            response[v] = 5.0 * own + 3.0 * arm + 0.4 * z[2] +
                          (2.0 + v) * st_random_normal(&key, 2 + (uint64_t)v);
            y[v][arm][count[arm]] = response[v];
        }
        x[arm][count[arm]++] = z[2];
        assert_int_equal(st_mixed_add(mixed, z, response), ST_OK);
    }
    assert_true(st_mixed_fit(mixed));
    for (int v = 0; v < VISITS; ++v) {
        double weight[VISITS * COVARIATES] = {0};
        st_contrast mmrm, ancova;
        weight[v * COVARIATES + 1] = 1.0;
        weight[v * COVARIATES] = -1.0;
        mmrm = st_mixed_contrast(mixed, weight);
        ancova = st_statistics_ancova(x[1], y[v][1], count[1], x[0], y[v][0], count[0]);
        assert_close(mmrm.difference, ancova.difference, 1e-10);
        assert_close(mmrm.df, PEOPLE - COVARIATES, 1e-8);
        assert_close(mmrm.lo, ancova.lo, 1e-9);
        assert_close(mmrm.hi, ancova.hi, 1e-9);
        assert_close(mmrm.p, ancova.p, 1e-9);
    }
    st_mixed_destroy(mixed);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

/// Too few people, a visit without anybody, an arm that nobody is in: no model, no numbers.
static void test_what_data_cannot_tell_is_not_told(void** state)
{
    st_ctx* ctx = st_ctx_create();

    (void)state;
    for (int which = 0; which < 3; ++which) {
        const double weight[VISITS * COVARIATES] = {1.0, -1.0};
        st_mixed* mixed = NULL;
        assert_int_equal(st_mixed_create(ctx, COVARIATES, VISITS, &mixed), ST_OK);
        for (int i = 0; i < (which == 0 ? 3 : 20); ++i) {
            const st_random_key key = {SEED, ST_STREAM_TEST, (uint64_t)i, 1};
            const int arm = which == 2 ? 0 : i % 2;
            const double z[COVARIATES] = {arm == 0, arm == 1, st_random_normal(&key, 0)};
            const double response[VISITS] = {st_random_normal(&key, 1), st_random_normal(&key, 2),
                                             which == 1 ? NAN : st_random_normal(&key, 3)};
            assert_int_equal(st_mixed_add(mixed, z, response), ST_OK);
        }
        assert_false(st_mixed_fit(mixed));
        assert_true(isnan(st_mixed_contrast(mixed, weight).difference));
        assert_true(isnan(st_mixed_contrast(mixed, weight).p));
        assert_true(isnan(st_mixed_covariance(mixed, 0, 0)));
        st_mixed_destroy(mixed);
    }
    st_mixed* none = NULL;
    assert_int_equal(st_mixed_create(ctx, 40, 12, &none), ST_ERR_INPUT);
    assert_null(none);
    st_ctx_clear_messages(ctx);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void test_small_matrices_are_inverted(void** state)
{
    double a[9] = {4, 2, 0.6, 2, 5, 1, 0.6, 1, 3};
    const double before[9] = {4, 2, 0.6, 2, 5, 1, 0.6, 1, 3};
    double singular[4] = {1, 2, 2, 4};
    double log_det;

    (void)state;
    assert_true(st_dense_invert(a, 3, &log_det));
    // det by Sarrus' rule: 60 + 1.2 + 1.2 - 1.8 - 4 - 12
    assert_close(log_det, log(44.6), 1e-14);
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
            double sum = 0.0;
            for (int k = 0; k < 3; ++k) {
                sum += a[i * 3 + k] * before[k * 3 + j];
            }
            assert_true(fabs(sum - (i == j)) < 1e-14);
        }
    }
    assert_false(st_dense_invert(singular, 2, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete_data_give_least_squares),
        cmocka_unit_test(test_what_data_cannot_tell_is_not_told),
        cmocka_unit_test(test_small_matrices_are_inverted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
