// Ten thousand trials in which nothing differs between the arms: 5 % of them must say otherwise.
// [TRI-7, TRI-21, TRI-22, TRI-25]
#include "base/maths.h"
#include "base/random.h"
#include "trial/mixed.h"
#include "trial/survival.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { TRIALS = 10000, ARM = 25, VISITS = 3, PEOPLE = 2 * ARM };

#define SEED 20161

/// Chance of a count outside lo..hi: below 1e-3 when the true rate is 5 % (binomial, sd 21.8).
enum { LEAST = 500 - 72, MOST = 500 + 72 };

typedef struct person {
    double baseline, change[VISITS];
} person;

/// Pain falls back towards its mean, readings stay correlated over visits, and whoever reads worse
/// is more likely to be missing next time (missing at random).
static void draw_trial(uint64_t trial, person* people)
{
    for (int i = 0; i < PEOPLE; ++i) {
        const st_random_key key = {SEED, ST_STREAM_TEST, trial, (uint64_t)i};
        const double own = st_random_normal(&key, 0);
        bool is_here = true;

        people[i].baseline = 60.0 + 8.0 * own + 10.0 * st_random_normal(&key, 1);
        for (int v = 0; v < VISITS; ++v) {
            const double now =
                55.0 + 8.0 * own + (10.0 + 2.0 * v) * st_random_normal(&key, 2 + (uint64_t)v);
            people[i].change[v] = is_here ? now - people[i].baseline : NAN;
            is_here =
                is_here && st_random_uniform(&key, 8 + (uint64_t)v) > (now > 60.0 ? 0.25 : 0.05);
        }
    }
}

// [TRI-7, TRI-21, TRI-22]
static void test_five_percent_of_null_trials_reject(void** state)
{
    st_ctx* ctx = st_ctx_create();
    int ancova = 0, mixed = 0, failed = 0;

    (void)state;
    assert_non_null(ctx);
    for (uint64_t trial = 0; trial < TRIALS; ++trial) {
        person people[PEOPLE];
        double x[2][ARM], y[2][ARM];
        int n[2] = {0};
        const double weight[VISITS * 3] = {0, 0, 0, 0, 0, 0, 1, -1, 0};
        st_mixed* fit = NULL;

        draw_trial(trial, people);
        assert_int_equal(st_mixed_create(ctx, 3, VISITS, &fit), ST_OK);
        for (int i = 0; i < PEOPLE; ++i) {
            const int arm = i % 2;
            const double z[3] = {arm == 0, arm == 1, people[i].baseline - 60.0};
            // ANCOVA at the first visit, where everybody is present
            x[arm][n[arm]] = people[i].baseline;
            y[arm][n[arm]++] = people[i].change[0];
            assert_int_equal(st_mixed_add(fit, z, people[i].change), ST_OK);
        }
        ancova += st_statistics_ancova(x[0], y[0], n[0], x[1], y[1], n[1]).p < 0.05;
        if (st_mixed_fit(fit)) {
            mixed += st_mixed_contrast(fit, weight).p < 0.05;
        } else {
            ++failed;
        }
        st_mixed_destroy(fit);
    }
    print_message("seed %d, %d trials of %d people: ANCOVA %.2f %%, mixed model at the last visit "
                  "%.2f %%; %d fits failed\n",
                  SEED, TRIALS, PEOPLE, 100.0 * ancova / TRIALS, 100.0 * mixed / TRIALS, failed);
    assert_int_equal(failed, 0);
    assert_in_range(ancova, LEAST, MOST);
    assert_in_range(mixed, LEAST, MOST);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// [TRI-25, TRI-26]
static void test_five_percent_of_equal_hazards_reject(void** state)
{
    int rank = 0, cox = 0;

    (void)state;
    for (uint64_t trial = 0; trial < TRIALS; ++trial) {
        st_survival people[4 * ARM];
        double p;
        st_contrast ratio;

        for (int i = 0; i < 4 * ARM; ++i) {
            const st_random_key key = {SEED, ST_STREAM_TEST, TRIALS + trial, (uint64_t)i};
            const double event = 300.0 * st_random_exponential(&key, 0);
            const double last = 400.0 * st_random_uniform(&key, 1);
            people[i] = (st_survival){fmin(event, last), event <= last, i % 2};
        }
        st_survival_sort(people, 4 * ARM);
        st_survival_log_rank(people, 4 * ARM, &p);
        rank += p < 0.05;
        ratio = st_survival_cox(people, 4 * ARM);
        cox += ratio.p < 0.05;
    }
    print_message("seed %d, %d trials: log-rank %.2f %%, Cox %.2f %%\n", SEED, TRIALS,
                  100.0 * rank / TRIALS, 100.0 * cox / TRIALS);
    assert_in_range(rank, LEAST, MOST);
    assert_in_range(cox, LEAST, MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five_percent_of_null_trials_reject),
        cmocka_unit_test(test_five_percent_of_equal_hazards_reject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
