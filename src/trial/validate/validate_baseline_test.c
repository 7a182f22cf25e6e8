/// The baseline forecaster on trials from a known random-effects law. VAL-6
#include "validate_baseline.h"
#include "validate_score.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SEED   4711
#define TRIALS 300

static const st_validate_baseline_prior prior = {.mean = {15, 50, 0, 50},
                                                 .sd = {15, 29, 15, 25},
                                                 .trials = 4,
                                                 .least_trials = 2,
                                                 .class_count = 3};

static st_validate_baseline_item item[2 * TRIALS];
static double scratch[3 * TRIALS];

static double normal(uint64_t id, uint64_t draw)
{
    const st_random_key key = {SEED, ST_STREAM_TEST, id, 0};
    return st_random_normal(&key, draw);
}

/// Class means 10, 20, 30; between trials 9; two visits that share the trial; n 40 of SD 20.
static void make_world(void)
{
    for (int t = 0; t < TRIALS; ++t) {
        const double trial = 10.0 * (t % 3 + 1) + 9.0 * normal((uint64_t)t, 0);
        for (int v = 0; v < 2; ++v) {
            item[2 * t + v] = (st_validate_baseline_item){
                .trial = t,
                .cohort = t,
                .class_ = t % 3,
                .window = v,
                .value = trial + 20.0 / sqrt(40.0) * normal((uint64_t)t, 1 + (uint64_t)v),
                .variance = 400.0 / 40.0};
        }
    }
}

static void test_baseline_knows_the_law(void** state)
{
    double crps = 0.0;
    double truth = 0.0;
    int inside = 0;

    (void)state;
    printf("seed %d\n", SEED);
    make_world();
    for (int i = 0; i < 2 * TRIALS; ++i) {
        const double mu = 10.0 * (item[i].class_ + 1);
        double mean, sd;
        int level;
        st_validate_baseline_predict(item, 2 * TRIALS, TRIALS, &item[i], &prior, scratch, &mean,
                                     &sd, &level);
        assert_int_equal(level, 0);
        assert_true(fabs(mean - mu) < 3.5);
        crps += st_validate_score_crps_normal(mean, sd, item[i].value);
        truth += st_validate_score_crps_normal(mu, sqrt(81.0 + 10.0), item[i].value);
        inside += fabs(item[i].value - mean) < 1.959964 * sd;
    }
    // As good as the one who knows the law, and it knows how unsure it is.
    printf("ratio %.4f coverage %.3f\n", crps / truth, inside / (2.0 * TRIALS));
    assert_true(crps / truth > 0.98 && crps / truth < 1.03);
    assert_true(inside / (2.0 * TRIALS) > 0.92 && inside / (2.0 * TRIALS) < 0.98);
}

static void test_own_cohort_is_left_out(void** state)
{
    st_validate_baseline_item target;
    double before, after, sd;
    int level;

    (void)state;
    make_world();
    target = item[0];
    st_validate_baseline_predict(item, 2 * TRIALS, TRIALS, &target, &prior, scratch, &before, &sd,
                                 &level);
    item[0].value = 1e6; // what it must not see
    item[1].value = 1e6;
    st_validate_baseline_predict(item, 2 * TRIALS, TRIALS, &target, &prior, scratch, &after, &sd,
                                 &level);
    assert_true(before == after);
    target.cohort = 5;
    st_validate_baseline_predict(item, 2 * TRIALS, TRIALS, &target, &prior, scratch, &after, &sd,
                                 &level);
    assert_true(before != after);
}

static void test_thin_cells_widen(void** state)
{
    double mean, sd;
    int level;

    (void)state;
    make_world();
    // A window that only one other trial has: the class as a whole is asked.
    item[3].window = 7;
    st_validate_baseline_predict(item, 2 * TRIALS, TRIALS, &item[3], &prior, scratch, &mean, &sd,
                                 &level);
    assert_int_equal(level, 2);
    // No trial at all: the prior.
    st_validate_baseline_predict(item, 1, TRIALS, &item[0], &prior, scratch, &mean, &sd, &level);
    assert_int_equal(level, 5);
    assert_true(mean == 15.0 && sd > 15.0);
}

static void test_two_agreeing_trials_are_not_certainty(void** state)
{
    double mean, sd;
    int level;

    (void)state;
    make_world();
    for (int t = 0; t < 3; ++t) {
        item[t] =
            (st_validate_baseline_item){.trial = t, .cohort = t, .value = 20.0, .variance = 0.1};
    }
    st_validate_baseline_predict(item, 3, 3, &item[2], &prior, scratch, &mean, &sd, &level);
    assert_true(fabs(mean - 20.0) < 1e-9);
    assert_true(sd > 5.0); // trials of one mean do not show how far trials lie apart
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_baseline_knows_the_law),
        cmocka_unit_test(test_own_cohort_is_left_out),
        cmocka_unit_test(test_thin_cells_widen),
        cmocka_unit_test(test_two_agreeing_trials_are_not_certainty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
