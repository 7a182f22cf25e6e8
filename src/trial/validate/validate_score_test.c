/// Scores: closed forms, fairness, and telling honest from dishonest forecasters apart.
/// VAL-1 VAL-2 VAL-3 VAL-5
#include "validate_score.h"

#include "../statistics.h"

#include "base/base.h"
#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEED  81
#define DRAWS 200

static double normal(uint64_t id, uint64_t draw)
{
    const st_random_key key = {SEED, ST_STREAM_TEST, id, 0};
    return st_random_normal(&key, draw);
}

static void test_normal_crps_has_known_values(void** state)
{
    (void)state;
    // 2 f(0) - 1/sqrt(pi) at the centre; at 1: 2 F(1) - 1 + 2 f(1) - 1/sqrt(pi)
    assert_true(fabs(st_validate_score_crps_normal(0, 1, 0) - 0.2336949772551092) < 1e-12);
    assert_true(fabs(st_validate_score_crps_normal(0, 1, 1) - 0.602441357627617) < 1e-12);
    assert_true(fabs(st_validate_score_crps_normal(5, 3, 5) - 3 * 0.2336949772551092) < 1e-12);
    // A point is its absolute error.
    assert_true(st_validate_score_crps_normal(2, 0, 5) == 3.0);
}

static void test_ensemble_crps_by_hand(void** state)
{
    const double one[] = {2.0};
    const double three[] = {1.0, 2.0, 4.0};

    (void)state;
    assert_true(st_validate_score_crps(one, 1, 5.0) == 3.0);
    // mean |x - 3| = (2 + 1 + 1)/3; pairs 1, 2, 3: mean 2, half of it 1
    assert_true(fabs(st_validate_score_crps(three, 3, 3.0) - (4.0 / 3.0 - 1.0)) < 1e-12);
}

static void test_ensemble_crps_is_fair(void** state)
{
    double small = 0.0;
    double closed = 0.0;

    (void)state;
    printf("seed %d\n", SEED);
    // Five draws estimate without bias what the whole distribution would score.
    for (int i = 0; i < 20000; ++i) {
        double x[5];
        const double y = 1.3 * normal((uint64_t)i, 9);
        for (int k = 0; k < 5; ++k) {
            x[k] = normal((uint64_t)i, (uint64_t)k);
        }
        st_statistics_sort(x, 5);
        small += st_validate_score_crps(x, 5, y) / 20000;
        closed += st_validate_score_crps_normal(0, 1, y) / 20000;
    }
    assert_true(fabs(small - closed) < 0.015);
}

static void test_quantiles_hold_what_they_promise(void** state)
{
    int inside = 0;
    double pit = 0.0;

    (void)state;
    for (int i = 0; i < 10000; ++i) {
        double x[DRAWS];
        const double y = normal((uint64_t)i, 1000);
        for (int k = 0; k < DRAWS; ++k) {
            x[k] = normal((uint64_t)i, (uint64_t)k);
        }
        st_statistics_sort(x, DRAWS);
        inside += y >= st_validate_score_quantile(x, DRAWS, 0.025) &&
                  y <= st_validate_score_quantile(x, DRAWS, 0.975);
        pit += st_validate_score_pit(x, DRAWS, y) / 10000;
    }
    // 3 standard errors of 0.95 over 10 000
    assert_true(fabs(inside / 10000.0 - 0.95) < 0.0066);
    assert_true(fabs(pit - 0.5) < 0.009);
}

static void test_pit_and_quantile_edges(void** state)
{
    const double x[] = {1, 2, 3};

    (void)state;
    assert_true(st_validate_score_pit(x, 3, 0.0) == 0.125);
    assert_true(st_validate_score_pit(x, 3, 9.0) == 0.875);
    assert_true(st_validate_score_pit(x, 3, 2.0) == 0.5);
    assert_true(st_validate_score_quantile(x, 3, 0.5) == 2.0);
    assert_true(st_validate_score_quantile(x, 3, 0.01) == 1.0);
    assert_true(st_validate_score_quantile(x, 3, 0.99) == 3.0);
}

/// 60 trials of 4 rows from a known law, judged by a forecaster whose spread is `width` times the
/// true one and whose baseline is the truth.
static st_validation_scores judge(double width)
{
    enum { TRIALS = 400, ROWS = 3 };
    static st_validate_score_row row[TRIALS * ROWS];
    st_validation_scores scores;
    st_ctx* ctx = st_ctx_create();
    double* scratch = st_alloc(ctx, st_validate_score_scratch(TRIALS), sizeof *scratch);

    for (int t = 0; t < TRIALS; ++t) {
        const double trial = 8.0 * normal((uint64_t)t, 1);
        for (int r = 0; r < ROWS; ++r) {
            const uint64_t id = 1000 + (uint64_t)(t * ROWS + r);
            const double y = trial + 6.0 * normal(id, 1);
            double x[DRAWS];
            for (int k = 0; k < DRAWS; ++k) {
                x[k] = width * 10.0 * normal(id, 10 + (uint64_t)k);
            }
            st_statistics_sort(x, DRAWS);
            row[t * ROWS + r] = (st_validate_score_row){
                .cluster = t,
                .weight = 1.0 / ROWS,
                .crps = st_validate_score_crps(x, DRAWS, y),
                .base_crps = st_validate_score_crps_normal(0, 10, y),
                .bias = 0.0 - y,
                .is_covered = y >= st_validate_score_quantile(x, DRAWS, 0.025) &&
                              y <= st_validate_score_quantile(x, DRAWS, 0.975)};
        }
    }
    st_validate_score_summary(row, TRIALS * ROWS, scratch, TRIALS, SEED, &scores);
    st_free(ctx, scratch);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    printf("width %.1f: coverage %.3f [%.3f, %.3f]  ratio %.3f [%.3f, %.3f]  bias %.2f\n", width,
           scores.coverage.value, scores.coverage.lo, scores.coverage.hi, scores.ratio.value,
           scores.ratio.lo, scores.ratio.hi, scores.bias.value);
    return scores;
}

static void test_honest_and_dishonest_forecasters(void** state)
{
    const st_validation_scores honest = judge(1.0);
    const st_validation_scores over = judge(0.4);
    const st_validation_scores under = judge(2.5);

    (void)state;
    assert_true(honest.coverage.lo <= 0.95 && honest.coverage.hi >= 0.95);
    assert_true(honest.ratio.lo <= 1.0 && honest.ratio.hi >= 1.0);
    assert_true(fabs(honest.ratio.value - 1.0) < 0.02);
    assert_true(honest.bias.lo < 0.0 && honest.bias.hi > 0.0);
    // Over-confident: the interval misses, the score says so.
    assert_true(over.coverage.hi < 0.80 && over.ratio.lo > 1.0);
    // Under-confident: the interval holds nearly all, the score says so all the same.
    assert_true(under.coverage.lo > 0.98 && under.ratio.lo > 1.0);
}

static void test_clusters_widen_the_interval(void** state)
{
    enum { ROWS = 200 };
    st_validate_score_row row[ROWS];
    st_validation_scores few, many;
    double scratch[20000];

    (void)state;
    assert_true(st_validate_score_scratch(ROWS) <= 20000);
    for (int pass = 0; pass < 2; ++pass) {
        for (int i = 0; i < ROWS; ++i) {
            const int trial = i / 20;
            row[i] = (st_validate_score_row){.cluster = pass == 0 ? trial : i,
                                             .weight = 1.0,
                                             .crps = 5.0 + normal((uint64_t)trial, 3),
                                             .base_crps = 5.0,
                                             .is_covered = true};
        }
        st_validate_score_summary(row, ROWS, scratch, pass == 0 ? 10 : ROWS, SEED,
                                  pass == 0 ? &few : &many);
    }
    // Twenty equal rows of a trial are one piece of evidence.
    assert_true(few.ratio.hi - few.ratio.lo > 3.0 * (many.ratio.hi - many.ratio.lo));
    assert_true(fabs(few.ratio.value - many.ratio.value) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_crps_has_known_values),
        cmocka_unit_test(test_ensemble_crps_by_hand),
        cmocka_unit_test(test_ensemble_crps_is_fair),
        cmocka_unit_test(test_quantiles_hold_what_they_promise),
        cmocka_unit_test(test_pit_and_quantile_edges),
        cmocka_unit_test(test_honest_and_dishonest_forecasters),
        cmocka_unit_test(test_clusters_widen_the_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
