/// \file
/// People drawn from the shipped file and from small ones have the marginals and correlations they
/// were asked to have, and are the same for the same id.
#include "patient/people_fixture.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>

#define DRAWS 100000

// Values by attribute: column[i * count + k].
static double* draw_many(const st_people* people, int count)
{
    double* const column = malloc(sizeof(double) * N * (size_t)count);
    assert_non_null(column);
    for (int k = 0; k < count; ++k) {
        st_person person;
        st_people_draw(people, 20161, (uint64_t)k, &person);
        assert_true(person.id == (uint64_t)k);
        for (int i = 0; i < N; ++i) {
            column[(size_t)i * (size_t)count + (size_t)k] = person.value[i];
        }
    }
    return column;
}

#define assert_close(x, expected, error) check_close((x), (expected), (error), __LINE__)

static void check_close(double x, double expected, double error, int line)
{
    if (!(fabs(x - expected) <= error)) {
        print_message("line %d: %.6g, expected %.6g within %.3g\n", line, x, expected, error);
    }
    assert_true(fabs(x - expected) <= error);
}

static double mean_of(const double* x, int n)
{
    double sum = 0.0;
    for (int k = 0; k < n; ++k) {
        sum += x[k];
    }
    return sum / n;
}

static double covariance(const double* x, const double* y, int n)
{
    const double mx = mean_of(x, n);
    const double my = mean_of(y, n);
    double sum = 0.0;
    for (int k = 0; k < n; ++k) {
        sum += (x[k] - mx) * (y[k] - my);
    }
    return sum / (n - 1);
}

static double correlation(const double* x, const double* y, int n)
{
    return covariance(x, y, n) / sqrt(covariance(x, x, n) * covariance(y, y, n));
}

static double share_at_most(const double* x, int n, double bound)
{
    int count = 0;
    for (int k = 0; k < n; ++k) {
        count += x[k] <= bound;
    }
    return (double)count / n;
}

static int by_value(const void* a, const void* b)
{
    const double x = **(const double* const*)a;
    const double y = **(const double* const*)b;
    return (x > y) - (x < y);
}

// Ranks with ties shared, for Spearman's correlation.
static double* ranks(const double* x, int n)
{
    const double** const order = malloc(sizeof *order * (size_t)n);
    double* const rank = malloc(sizeof *rank * (size_t)n);
    assert_non_null(order);
    assert_non_null(rank);
    for (int k = 0; k < n; ++k) {
        order[k] = &x[k];
    }
    qsort(order, (size_t)n, sizeof *order, by_value);
    for (int k = 0; k < n;) {
        int end = k;
        while (end < n && *order[end] == *order[k]) {
            ++end;
        }
        for (int j = k; j < end; ++j) {
            rank[order[j] - x] = 0.5 * (k + end - 1);
        }
        k = end;
    }
    free((void*)order);
    return rank;
}

static void check_rank_correlation(const double* column, int a, int b, double r)
{
    double* const x = ranks(column + (size_t)a * DRAWS, DRAWS);
    double* const y = ranks(column + (size_t)b * DRAWS, DRAWS);
    const double expected = 6.0 / M_PI * asin(r / 2.0); // Spearman of a Gaussian copula
    assert_close(correlation(x, y, DRAWS), expected, 4.0 / sqrt(DRAWS));
    free(x);
    free(y);
}

// PAT-1: the shipped people have the published quantiles, counts and means.
static void test_shipped_marginals(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* people = NULL;
    const st_status status = st_people_load(ctx, SHIPPED, &people);
    for (int k = 0; k < st_ctx_message_count(ctx); ++k) {
        print_message("%s\n", st_ctx_message(ctx, k));
    }
    assert_int_equal(status, ST_OK);
    double* const column = draw_many(people, DRAWS);
    const double error = 4.0 * 0.5 / sqrt(DRAWS); // of a share

    // quartiles; rounded values stand for the half unit around them
    const struct {
        int attribute;
        double at[3];
    } quartiles[] = {{ST_PERSON_AGE, {54.0, 61.0, 69.0}},
                     {ST_PERSON_BMI, {26.6, 29.7, 33.4}},
                     {ST_PERSON_FUNCTION, {6.0, 17.0, 30.0}}};
    for (int q = 0; q < 3; ++q) {
        const double* const x = column + (size_t)quartiles[q].attribute * DRAWS;
        for (int k = 0; k < 3; ++k) {
            const double share = 0.25 * (k + 1);
            const double half = q == 0 ? 0.5 : q == 1 ? 0.05 : 0.0;
            const double bound = quartiles[q].at[k];
            assert_true(share_at_most(x, DRAWS, bound - half - 1e-9) <= share + error);
            assert_true(share_at_most(x, DRAWS, bound + half + 1e-9) >= share - error);
        }
    }
    const double* const age = column + (size_t)ST_PERSON_AGE * DRAWS;
    assert_true(share_at_most(age, DRAWS, 44.9) == 0.0);
    assert_true(share_at_most(age, DRAWS, 79.0) == 1.0);
    // nobody piles up at the bound: one year of age there is like its neighbours
    assert_true(share_at_most(age, DRAWS, 79.0) - share_at_most(age, DRAWS, 78.0) < 0.02);

    const double counts[] = {69, 90, 408, 481, 211};
    double below = 0.0;
    for (int k = 0; k < 5; ++k) {
        below += counts[k] / 1259.0;
        assert_close(share_at_most(column + (size_t)ST_PERSON_KL * DRAWS, DRAWS, k), below, error);
    }
    assert_close(mean_of(column + (size_t)ST_PERSON_FEMALE * DRAWS, DRAWS), 0.57, error);

    // clinic pain: a true level of 51 (14.7), which instruments with an SD of 15 read as 51 (21)
    const double* const pain = column + (size_t)ST_PERSON_PAIN * DRAWS;
    const double variance = covariance(pain, pain, DRAWS);
    assert_close(mean_of(pain, DRAWS), 51.0, 0.2);
    assert_close(sqrt(variance), 14.7, 0.2);
    assert_close(sqrt(variance + 9.0 * 9.0 + 12.0 * 12.0), 21.0, 0.2);
    // duration 11.3 (9.3) after the cut at 60 years
    const double* const duration = column + (size_t)ST_PERSON_DURATION * DRAWS;
    assert_close(mean_of(duration, DRAWS), 11.3, 0.15);
    assert_close(sqrt(covariance(duration, duration, DRAWS)), 9.3, 0.2);
    assert_close(share_at_most(column + (size_t)ST_PERSON_INFLAMMATION * DRAWS, DRAWS, 1.0), 0.5,
                 error);
    // strength per body mass: median 1, the CV of 0.89 (0.47) Nm/kg over both sexes; women 0.68 of
    // men
    const double* const strength = column + (size_t)ST_PERSON_STRENGTH * DRAWS;
    assert_close(share_at_most(strength, DRAWS, 1.0), 0.5, 0.02);
    assert_close(sqrt(covariance(strength, strength, DRAWS)) / mean_of(strength, DRAWS),
                 0.47 / 0.89, 0.03);
    double of_sex[2] = {0.0};
    double count[2] = {0.0};
    for (int k = 0; k < DRAWS; ++k) {
        const int female = (int)column[(size_t)ST_PERSON_FEMALE * DRAWS + (size_t)k];
        of_sex[female] += st_log(strength[k]);
        count[female] += 1.0;
    }
    assert_close(st_exp(of_sex[1] / count[1] - of_sex[0] / count[0]), 0.68, 0.02);
    assert_close(mean_of(column + (size_t)ST_PERSON_INJURY * DRAWS, DRAWS), 0.188, error);
    // a third of the knees within 2 degrees of neutral
    const double* const varus = column + (size_t)ST_PERSON_VARUS * DRAWS;
    assert_close(share_at_most(varus, DRAWS, 2.0) - share_at_most(varus, DRAWS, -2.0), 0.333, 0.02);
    free(column);
    st_people_destroy(people);
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

// PAT-2: correlations of the scores come back, through skewed and rounded values too.
static void test_shipped_dependence(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* people = NULL;
    assert_int_equal(st_people_load(ctx, SHIPPED, &people), ST_OK);
    double* const column = draw_many(people, DRAWS);
    check_rank_correlation(column, ST_PERSON_PAIN, ST_PERSON_FUNCTION, 0.75);
    check_rank_correlation(column, ST_PERSON_BMI, ST_PERSON_VARUS, 0.15);
    check_rank_correlation(column, ST_PERSON_INFLAMMATION, ST_PERSON_PAIN, 0.2);
    check_rank_correlation(column, ST_PERSON_AGE, ST_PERSON_DURATION, 0.25);
    check_rank_correlation(column, ST_PERSON_AGE, ST_PERSON_BMI, 0.0);
    check_rank_correlation(column, ST_PERSON_PAIN, ST_PERSON_INJURY, 0.0);
    // strength within a sex keeps its correlations; over both sexes they are diluted
    double* const women_strength = malloc(2 * sizeof(double) * DRAWS);
    assert_non_null(women_strength);
    double* const women_age = women_strength + DRAWS;
    int women_count = 0;
    for (int k = 0; k < DRAWS; ++k) {
        if (column[(size_t)ST_PERSON_FEMALE * DRAWS + (size_t)k] > 0.5) {
            women_strength[women_count] =
                st_log(column[(size_t)ST_PERSON_STRENGTH * DRAWS + (size_t)k]);
            women_age[women_count++] = column[(size_t)ST_PERSON_AGE * DRAWS + (size_t)k];
        }
    }
    assert_close(correlation(women_age, women_strength, women_count), -0.25, 0.02);
    free(women_strength);
    // women are shorter, late grades have thinner cartilage: conditional laws
    double height[2] = {0.0};
    double thickness[5] = {0.0};
    double women = 0.0;
    double grade[5] = {0.0};
    for (int k = 0; k < DRAWS; ++k) {
        const int female = (int)column[(size_t)ST_PERSON_FEMALE * DRAWS + (size_t)k];
        const int kl = (int)column[(size_t)ST_PERSON_KL * DRAWS + (size_t)k];
        height[female] += column[(size_t)ST_PERSON_HEIGHT * DRAWS + (size_t)k];
        thickness[kl] += column[(size_t)ST_PERSON_THICKNESS * DRAWS + (size_t)k];
        women += female;
        grade[kl] += 1.0;
    }
    assert_close(height[1] / women, 1.62, 0.002);
    assert_close(height[0] / (DRAWS - women), 1.76, 0.002);
    // 1.73 mm without radiographic osteoarthritis; r(varus) and r(kl, varus) shift grades a little
    assert_close((thickness[0] + thickness[1]) / (grade[0] + grade[1]), 1.73, 0.03);
    assert_true(thickness[4] / grade[4] < thickness[3] / grade[3]);
    free(column);
    st_people_destroy(people);
    st_ctx_destroy(ctx);
}

static void test_normal_laws_recovered(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* const people =
        parse_people(ctx, -1, NULL,
                     "correlations:\n"
                     "  - { between: [base_pain, base_function], r: 0.6, source: test }\n"
                     "  - { between: [base_function, bmi], r: -0.3, assumed: test }\n"
                     "  - { between: [kl, base_pain], r: 0.4, assumed: test }\n");
    double* const column = draw_many(people, DRAWS);
    const double* const pain = column + (size_t)ST_PERSON_PAIN * DRAWS;
    const double* const function = column + (size_t)ST_PERSON_FUNCTION * DRAWS;
    const double* const bmi = column + (size_t)ST_PERSON_BMI * DRAWS;
    const double error = 4.0 / sqrt(DRAWS);
    assert_close(mean_of(pain, DRAWS), 50.0, 10.0 * error);
    assert_close(sqrt(covariance(pain, pain, DRAWS)), 10.0, 10.0 * error);
    assert_close(correlation(pain, function, DRAWS), 0.6, error);
    assert_close(correlation(bmi, function, DRAWS), -0.3, error);
    assert_close(correlation(bmi, pain, DRAWS), 0.0, error);
    // grades: the correlation of values is smaller, and rises from grade to grade
    const double* const kl = column + (size_t)ST_PERSON_KL * DRAWS;
    const double r = correlation(kl, pain, DRAWS);
    assert_true(r > 0.3 && r < 0.4);
    free(column);
    st_people_destroy(people);
    st_ctx_destroy(ctx);
}

static void test_a_person_is_a_function_of_seed_and_id(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* people = NULL;
    assert_int_equal(st_people_load(ctx, SHIPPED, &people), ST_OK);
    st_person first;
    st_person again;
    st_person other;
    st_people_draw(people, 7, 1234567, &first);
    st_people_draw(people, 7, 3, &other);
    st_people_draw(people, 7, 1234567, &again);
    assert_memory_equal(&first, &again, sizeof first);
    assert_true(memcmp(first.value, other.value, sizeof first.value) != 0);
    st_people_draw(people, 8, 1234567, &other);
    assert_true(memcmp(first.value, other.value, sizeof first.value) != 0);
    const char* name = NULL;
    size_t length = 0;
    const char* const text = st_people_source(people, &name, &length);
    assert_string_equal(name, SHIPPED);
    assert_true(length > 1000 && strncmp(text, "people:", 7) == 0);
    assert_non_null(strstr(st_people_title(people), "Symptomatic"));
    st_people_destroy(people);
    st_ctx_destroy(ctx);
}

static void test_attributes_have_names(void** state)
{
    (void)state;
    for (int i = 0; i < N; ++i) {
        assert_int_equal(st_attribute_find(st_attribute_about((st_attribute)i)->name), i);
    }
    assert_int_equal(st_attribute_find("weight"), -1);
}

// Every value tells where it is from: distributions, then correlations, then facts.
static void test_every_figure_has_an_origin(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* people = NULL;
    assert_int_equal(st_people_load(ctx, SHIPPED, &people), ST_OK);
    const int count = st_people_figure_count(people);
    const int facts = st_people_fact_count(people);
    int pairs = 0;
    for (int i = 0; i < count; ++i) {
        const st_figure_info f = st_people_figure(people, i);
        assert_true((f.source == NULL) != (f.assumed == NULL));
        pairs += strchr(f.name, ',') != NULL;
        if (i < N) {
            assert_string_equal(f.name, st_attribute_about((st_attribute)i)->name);
            assert_string_equal(f.unit, st_attribute_about((st_attribute)i)->unit);
        }
    }
    assert_int_equal(count, N + pairs + facts);
    assert_true(pairs > 10 && facts > 10);
    const st_figure_info age = st_people_figure(people, ST_PERSON_AGE);
    assert_true(age.value == 61.0 && age.source != NULL);
    assert_true(st_people_figure(people, ST_PERSON_FEMALE).value == 0.57);
    assert_true(isnan(st_people_figure(people, ST_PERSON_HEIGHT).value)); // one for each sex
    assert_true(isnan(st_people_figure(people, ST_PERSON_KL).value));     // counts
    const st_figure_info first = st_people_figure(people, N);
    assert_string_equal(first.name, "base_pain, base_function");
    assert_true(first.value == 0.75 && first.assumed != NULL);
    const st_figure_info last = st_people_figure(people, count - 1);
    assert_string_equal(last.name, st_people_fact_at(people, facts - 1)->name);
    assert_true(last.value == st_people_fact_at(people, facts - 1)->share);
    st_people_destroy(people);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// --- marginals ------------------------------------------------------------------------------

static void test_cut_laws(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_people* people =
        parse_people(ctx, ST_PERSON_PAIN,
                     "base_pain: { normal: { mean: 20 vas, sd: 20 vas }, range: 10..60 vas, "
                     "source: test }",
                     "");
    double* column = draw_many(people, DRAWS);
    double* pain = column + (size_t)ST_PERSON_PAIN * DRAWS;
    // truncated normal: mean = m + s (phi(a) - phi(b)) / (Phi(b) - Phi(a)), a = -0.5, b = 2
    const double a = -0.5;
    const double b = 2.0;
    const double density_a = exp(-0.5 * a * a) / sqrt(2.0 * M_PI);
    const double density_b = exp(-0.5 * b * b) / sqrt(2.0 * M_PI);
    const double mass = st_normal_cdf(b) - st_normal_cdf(a);
    const double mean = 20.0 + 20.0 * (density_a - density_b) / mass;
    assert_close(mean_of(pain, DRAWS), mean, 4.0 * 12.0 / sqrt(DRAWS));
    assert_true(share_at_most(pain, DRAWS, 10.0) == 0.0);
    assert_true(share_at_most(pain, DRAWS, 60.0) == 1.0);
    free(column);
    st_people_destroy(people);

    // lognormal by mean and SD
    people = parse_people(ctx, ST_PERSON_DURATION,
                          "duration: { lognormal: { mean: 11.3 y, sd: 9.3 y }, source: test }", "");
    column = draw_many(people, DRAWS);
    double* const duration = column + (size_t)ST_PERSON_DURATION * DRAWS;
    assert_close(mean_of(duration, DRAWS), 11.3, 0.15);
    assert_close(sqrt(covariance(duration, duration, DRAWS)), 9.3, 0.5);
    free(column);
    st_people_destroy(people);
    st_ctx_destroy(ctx);
}

static void test_rounding_is_half_up(void** state)
{
    (void)state;
    st_marginal law = {.kind = ST_MARGINAL_NORMAL,
                       .a = 0.0,
                       .b = 1.0,
                       .lo = -10.0,
                       .hi = 10.0,
                       .step = 1.0,
                       .p_lo = 0.0,
                       .p_hi = 1.0};
    assert_true(st_marginal_at(&law, 0.5) == 1.0);
    assert_true(st_marginal_at(&law, -0.5) == 0.0);
    assert_true(st_marginal_at(&law, 0.49) == 0.0);
    assert_true(st_marginal_at(&law, 9.0) == 9.0);
    law.step = 0.0;
    double before = -INFINITY;
    for (double z = -6.0; z <= 6.0; z += 0.01) {
        const double x = st_marginal_at(&law, z);
        assert_true(x >= before);
        before = x;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes_have_names),
        cmocka_unit_test(test_every_figure_has_an_origin),
        cmocka_unit_test(test_shipped_marginals),
        cmocka_unit_test(test_shipped_dependence),
        cmocka_unit_test(test_normal_laws_recovered),
        cmocka_unit_test(test_a_person_is_a_function_of_seed_and_id),
        cmocka_unit_test(test_cut_laws),
        cmocka_unit_test(test_rounding_is_half_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
