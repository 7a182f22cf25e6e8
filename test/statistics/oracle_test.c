// The statistics against R: data and R's digits lie in test/statistics, oracle.R makes them.
// [TRI-21, TRI-22, TRI-23, TRI-24, TRI-25, TRI-26, TRI-27]
#include "trial/mixed.h"
#include "trial/multiple.h"
#include "trial/student.h"
#include "trial/survival.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER ST_SOURCE_DIR "/test/statistics/"
#define LINE   512

/// What R printed under a name, at most `capacity` numbers.
static int expected(const char* name, double* value, int capacity)
{
    FILE* file = fopen(FOLDER "expected.csv", "r");
    char line[LINE];
    int count = 0;

    assert_non_null(file);
    while (count == 0 && fgets(line, sizeof line, file) != NULL) {
        char* at = strchr(line, ',');
        assert_non_null(at);
        *at = '\0';
        while (strcmp(line, name) == 0 && at != NULL && count < capacity) {
            value[count++] = strtod(at + 1, NULL);
            at = strchr(at + 1, ',');
        }
    }
    fclose(file);
    if (count == 0) {
        fail_msg("expected.csv has no row '%s'", name);
    }
    return count;
}

static void assert_close(const char* name, double found, double wanted, double tolerance)
{
    if (!(fabs(found - wanted) <= tolerance * fmax(1.0, fabs(wanted)))) {
        fail_msg("%s: found %.15g, R has %.15g", name, found, wanted);
    }
}

enum { VISITS = 4, ARMS = 3, COVARIATES = ARMS + 1 };

typedef struct repeated {
    int arm;
    double baseline, change[VISITS];
} repeated;

static int read_repeated(repeated* person)
{
    FILE* file = fopen(FOLDER "repeated.csv", "r");
    char line[LINE];
    int rows = 0;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file) != NULL) {
        repeated* p = &person[rows / VISITS];
        char arm;
        int id, month;
        double baseline, change = NAN;
        assert_true(sscanf(line, "%d,%c,%lf,%d,%lf", &id, &arm, &baseline, &month, &change) >= 4);
        p->arm = arm - 'A';
        p->baseline = baseline;
        p->change[rows % VISITS] = change;
        ++rows;
    }
    fclose(file);
    return rows / VISITS;
}

static st_mixed* fit_repeated(st_ctx* ctx)
{
    static repeated person[200];
    const int count = read_repeated(person);
    double mean = 0.0;
    st_mixed* mixed = NULL;

    assert_int_equal(count, 108);
    for (int i = 0; i < count; ++i) {
        mean += person[i].baseline / count;
    }
    assert_int_equal(st_mixed_create(ctx, COVARIATES, VISITS, &mixed), ST_OK);
    for (int i = 0; i < count; ++i) {
        double z[COVARIATES] = {0};
        z[person[i].arm] = 1.0;
        z[ARMS] = person[i].baseline - mean;
        assert_int_equal(st_mixed_add(mixed, z, person[i].change), ST_OK);
    }
    assert_true(st_mixed_fit(mixed));
    print_message("%d passes\n", st_mixed_iterations(mixed));
    return mixed;
}

// nlme::gls, REML, unstructured; degrees of freedom by differentiating the likelihood in R.
// [TRI-21, TRI-22]
static void test_mixed_model_agrees_with_gls(void** state)
{
    static const int month[VISITS] = {3, 6, 12, 24};
    st_ctx* ctx = st_ctx_create();
    st_mixed* mixed = fit_repeated(ctx);
    double r[8];

    (void)state;
    expected("mmrm_loglik", r, 1);
    assert_close("log-likelihood", st_mixed_log_likelihood(mixed), r[0], 1e-12);
    expected("gls_loglik", r, 1);
    assert_true(st_mixed_log_likelihood(mixed) >= r[0]);
    assert_close("log-likelihood of gls", st_mixed_log_likelihood(mixed), r[0], 1e-9);
    for (int v = 0; v < VISITS; ++v) {
        char name[64];
        snprintf(name, sizeof name, "mmrm_covariance_%d", v + 1);
        assert_int_equal(expected(name, r, 8), VISITS);
        for (int o = 0; o < VISITS; ++o) {
            assert_close(name, st_mixed_covariance(mixed, v, o), r[o], 1e-8);
        }
        for (int arm = 1; arm < ARMS; ++arm) {
            double weight[VISITS * COVARIATES] = {0};
            st_contrast c;
            weight[v * COVARIATES + arm] = 1.0;
            weight[v * COVARIATES] = -1.0;
            c = st_mixed_contrast(mixed, weight);
            snprintf(name, sizeof name, "mmrm_%c_%d", 'A' + arm, month[v]);
            assert_int_equal(expected(name, r, 8), 6);
            assert_close(name, c.difference, r[0], 1e-8);
            assert_close(name, c.df, r[2], 1e-8);
            assert_close(name, c.lo, r[3], 1e-8);
            assert_close(name, c.hi, r[4], 1e-8);
            assert_close(name, c.p, r[5], 1e-8);
            snprintf(name, sizeof name, "gls_%c_%d", 'A' + arm, month[v]);
            assert_int_equal(expected(name, r, 8), 2);
            assert_close(name, c.difference, r[0], 2e-5);
            assert_close(name, (c.hi - c.lo) / (2.0 * st_student_critical(0.05, c.df)), r[1], 2e-5);
        }
    }
    st_mixed_destroy(mixed);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// [TRI-7]
static void test_ancova_agrees_with_lm(void** state)
{
    static repeated person[200];
    const int count = read_repeated(person);
    double x[2][200], y[2][200], r[8];
    int n[2] = {0};
    st_contrast c;

    (void)state;
    for (int i = 0; i < count; ++i) {
        const int arm = person[i].arm;
        if (arm < 2 && !isnan(person[i].change[VISITS - 1])) {
            x[arm][n[arm]] = person[i].baseline;
            y[arm][n[arm]++] = person[i].change[VISITS - 1];
        }
    }
    c = st_statistics_ancova(x[1], y[1], n[1], x[0], y[0], n[0]);
    assert_int_equal(expected("ancova_B", r, 8), 5);
    assert_close("ancova", c.difference, r[0], 1e-12);
    assert_close("ancova", c.lo, r[2], 1e-12);
    assert_close("ancova", c.hi, r[3], 1e-12);
    assert_close("ancova", c.p, r[4], 1e-12);
}

// [TRI-23]
static void test_shares_agree(void** state)
{
    const st_contrast d = st_statistics_risk_difference(56, 70, 48, 80);
    const st_contrast o = st_statistics_odds_ratio(56, 70, 48, 80);
    double r[8];

    (void)state;
    expected("risk_56/70_48/80", r, 8);
    assert_close("risk difference", d.difference, r[0], 1e-13);
    assert_close("risk difference", d.lo, r[1], 1e-13);
    assert_close("risk difference", d.hi, r[2], 1e-13);
    // Newcombe 1998 (doi:10.1002/(sici)1097-0258(19980430)17:8<873::aid-sim779>3.0.co;2-i), table
    // II, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339.
    assert_close("printed", d.lo, 0.0524, 5e-5);
    assert_close("printed", d.hi, 0.3339, 5e-5);
    expected("odds_56/70_48/80", r, 8);
    assert_close("odds ratio", o.difference, r[0], 1e-12);
    assert_close("odds ratio", o.lo, r[1], 1e-9);
    assert_close("odds ratio", o.hi, r[2], 1e-9);
    assert_close("odds ratio", o.p, r[3], 1e-9);
    assert_true(isnan(st_statistics_odds_ratio(0, 10, 5, 10).difference));
}

static int read_survival(st_survival* person, int column)
{
    FILE* file = fopen(FOLDER "survival.csv", "r");
    char line[LINE];
    int count = 0;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file) != NULL) {
        double value[4];
        assert_int_equal(
            sscanf(line, "%lf,%lf,%lf,%lf", &value[0], &value[1], &value[2], &value[3]), 4);
        person[count++] = (st_survival){value[2], value[3] > 0.5, value[column]};
    }
    fclose(file);
    st_survival_sort(person, count);
    return count;
}

// [TRI-24, TRI-25, TRI-26]
static void test_time_to_event_agrees_with_survival(void** state)
{
    static st_survival all[200], arm[200];
    const int count = read_survival(all, 0);
    double r[8], p;
    st_contrast cox = st_survival_cox(all, count);

    (void)state;
    for (int a = 0; a < 2; ++a) {
        int n = 0;
        for (int i = 0; i < count; ++i) {
            arm[n] = all[i];
            n += all[i].x == a;
        }
        for (int day = 100; day <= 300; day += 200) {
            char name[64];
            st_interval share = st_survival_share(arm, n, day);
            snprintf(name, sizeof name, "km_arm=%d_%d", a, day);
            expected(name, r, 8);
            assert_close(name, share.mean, r[0], 1e-13);
            assert_close(name, share.lo, r[1], 1e-12);
            assert_close(name, share.hi, r[2], 1e-12);
        }
    }
    expected("logrank", r, 8);
    assert_close("log-rank", st_survival_log_rank(all, count, &p), r[0], 1e-12);
    assert_close("log-rank p", p, r[1], 1e-12);
    expected("cox", r, 8);
    assert_close("cox", cox.difference, r[0], 1e-10);
    assert_close("cox", cox.hi - cox.difference, 1.959963984540054 * r[1], 1e-10);
    assert_close("cox p", cox.p, r[2], 1e-10);
    read_survival(all, 1);
    cox = st_survival_cox(all, count);
    expected("cox_score", r, 8);
    assert_close("cox", cox.difference, r[0], 1e-10);
    assert_close("cox p", cox.p, r[2], 1e-9);
}

// [TRI-27]
static void test_adjusted_p_values_agree(void** state)
{
    const double p[5] = {0.011, 0.02, 0.02, 0.032, 0.21};
    const double gap[3] = {0.04, NAN, 0.03};
    double r[8] = {0}, adjusted[5];

    (void)state;
    expected("holm", r, 8);
    st_multiple_holm(p, 5, adjusted);
    for (int i = 0; i < 5; ++i) {
        assert_close("holm", adjusted[i], r[i], 1e-15);
    }
    expected("hochberg", r, 8);
    st_multiple_hochberg(p, 5, adjusted);
    for (int i = 0; i < 5; ++i) {
        assert_close("hochberg", adjusted[i], r[i], 1e-15);
    }
    // A comparison that could not be made is no hypothesis.
    st_multiple_holm(gap, 3, adjusted);
    assert_true(adjusted[0] == 0.06 && isnan(adjusted[1]) && adjusted[2] == 0.06);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixed_model_agrees_with_gls),
        cmocka_unit_test(test_ancova_agrees_with_lm),
        cmocka_unit_test(test_shares_agree),
        cmocka_unit_test(test_time_to_event_agrees_with_survival),
        cmocka_unit_test(test_adjusted_p_values_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
