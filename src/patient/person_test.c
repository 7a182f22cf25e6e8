/// \file
/// A person's parameters: medians, spreads, ranges and correlations as the model asks, each tied
/// to its name; inputs from attributes in the model's units.                            [PAT-3]
#include "base/base.h"
#include "patient/cholesky.h"
#include "stroma/patient.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define DRAWS 40000

static const char MODEL[] =
    "model: Test\n"
    "parameters:\n"
    "  same: { value: 7 day, assumed: test }\n"
    "  skewed: { value: 2 1/day, spread: factor 2, assumed: test }\n"
    "  plain: { value: 10 vas, spread: 3 vas, source: test }\n"
    "  cut: { value: 10 vas, spread: 10 vas, range: 0..15 vas, assumed: test }\n"
    "inputs:\n"
    "  age: { start: 50 y }\n"
    "  bmi: { start: 29.7 kg/m^2 }\n"
    "  base_pain: { start: 50 vas }\n"
    "  steps: { start: 4000 1/day }\n"
    "variables:\n"
    "  pain: { start: base_pain, unit: vas, rate: '(plain - pain) * (cut / plain * "
    "skewed + steps + 1 / age)' }\n"
    "  weight: { start: bmi, unit: kg/m^2, rate: -weight / same }\n";

typedef struct fixture {
    st_ctx* ctx;
    st_model* model;
    st_person_plan* plan;
    int same, skewed, plain, cut;
} fixture;

static st_model* parse_model(st_ctx* ctx, const char* text)
{
    st_model* model = NULL;
    const st_status status = st_model_parse(ctx, "model.yaml", text, strlen(text), NULL, &model);
    for (int k = 0; k < st_ctx_message_count(ctx); ++k) {
        print_message("%s\n", st_ctx_message(ctx, k));
    }
    assert_int_equal(status, ST_OK);
    return model;
}

static fixture open_model(const char* text)
{
    fixture f = {.ctx = st_ctx_create()};
    f.model = parse_model(f.ctx, text);
    assert_int_equal(st_person_plan_create(f.ctx, f.model, &f.plan), ST_OK);
    f.same = st_model_find_parameter(f.model, "same");
    f.skewed = st_model_find_parameter(f.model, "skewed");
    f.plain = st_model_find_parameter(f.model, "plain");
    f.cut = st_model_find_parameter(f.model, "cut");
    assert_true(f.same >= 0 && f.skewed >= 0 && f.plain >= 0 && f.cut >= 0);
    return f;
}

static void close_model(fixture* f)
{
    st_person_plan_destroy(f->plan);
    st_model_destroy(f->model);
    assert_true(st_ctx_bytes_in_use(f->ctx) == 0);
    st_ctx_destroy(f->ctx);
}

static st_person anybody(uint64_t id)
{
    st_person person = {.id = id};
    person.value[ST_PERSON_AGE] = 61.0;
    person.value[ST_PERSON_BMI] = 31.0;
    person.value[ST_PERSON_PAIN] = 48.0;
    return person;
}

typedef struct moments {
    double mean[3], cross[3][3];
} moments;

// Moments of (ln skewed, plain, cut) over people.
static moments observe(const fixture* f)
{
    double parameter[16];
    double input[16];
    moments m = {0};
    double sum[3] = {0.0};
    double product[3][3] = {{0.0}};
    for (int k = 0; k < DRAWS; ++k) {
        const st_person person = anybody((uint64_t)k);
        st_person_setup(f->plan, &person, 11, parameter, input);
        const double x[3] = {log(parameter[f->skewed]), parameter[f->plain], parameter[f->cut]};
        for (int i = 0; i < 3; ++i) {
            sum[i] += x[i];
            for (int j = 0; j < 3; ++j) {
                product[i][j] += x[i] * x[j];
            }
        }
    }
    for (int i = 0; i < 3; ++i) {
        m.mean[i] = sum[i] / DRAWS;
    }
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
            m.cross[i][j] = product[i][j] / DRAWS - m.mean[i] * m.mean[j];
        }
    }
    return m;
}

static void test_spreads_come_back(void** state)
{
    (void)state;
    fixture f = open_model(MODEL);
    const moments m = observe(&f);
    const double error = 4.0 / sqrt(DRAWS);
    const double log_median = log(st_model_parameter(f.model, f.skewed)->value);
    assert_true(fabs(m.mean[0] - log_median) < log(2.0) * error);
    assert_true(fabs(sqrt(m.cross[0][0]) - log(2.0)) < log(2.0) * error);
    assert_true(fabs(m.mean[1] - 10.0) < 3.0 * error);
    assert_true(fabs(sqrt(m.cross[1][1]) - 3.0) < 3.0 * error);
    // without correlations all are independent
    assert_true(fabs(m.cross[0][1] / sqrt(m.cross[0][0] * m.cross[1][1])) < error);
    // 10 N(1, 1) within 0..15: mean 1 + (phi(-1) - phi(0.5)) / (Phi(0.5) - Phi(-1))
    assert_true(fabs(m.mean[2] - 10.0 * (1.0 + (0.24197 - 0.35207) / (0.69146 - 0.15866))) <
                5.0 * error);
    close_model(&f);
}

static void add_correlations(char* out, size_t size, const char* lines)
{
    snprintf(out, size, "%scorrelations:\n%s", MODEL, lines);
}

static void test_correlations_come_back(void** state)
{
    (void)state;
    char text[4096];
    add_correlations(text, sizeof text,
                     "  - { between: [plain, skewed], r: -0.6, assumed: test }\n");
    fixture f = open_model(text);
    const moments m = observe(&f);
    const double error = 4.0 / sqrt(DRAWS);
    assert_true(fabs(m.cross[0][1] / sqrt(m.cross[0][0] * m.cross[1][1]) + 0.6) < error);
    assert_true(fabs(sqrt(m.cross[1][1]) - 3.0) < 3.0 * error); // the spreads stay
    assert_true(fabs(sqrt(m.cross[0][0]) - log(2.0)) < log(2.0) * error);
    close_model(&f);

    add_correlations(text, sizeof text,
                     "  - { between: [plain, skewed], r: -0.7, assumed: test }\n"
                     "  - { between: [plain, cut], r: 0.8, assumed: test }\n"
                     "  - { between: [skewed, cut], r: 0.8, assumed: test }\n");
    st_ctx* const ctx = st_ctx_create();
    st_model* const model = parse_model(ctx, text);
    st_person_plan* plan = NULL;
    assert_int_equal(st_person_plan_create(ctx, model, &plan), ST_ERR_INPUT);
    assert_null(plan);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "cut"));
    st_model_destroy(model);
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

static void test_same_for_all_and_inside_the_range(void** state)
{
    (void)state;
    fixture f = open_model(MODEL);
    double parameter[16];
    double again[16];
    double input[16];
    const int count = st_model_parameter_count(f.model);
    assert_in_range(count, 4, 16);
    for (int k = 0; k < 2000; ++k) {
        const st_person person = anybody((uint64_t)k);
        st_person_setup(f.plan, &person, 3, parameter, input);
        st_person_setup(f.plan, &person, 3, again, input);
        assert_memory_equal(parameter, again, sizeof(double) * (size_t)count);
        assert_true(parameter[f.same] == st_model_parameter(f.model, f.same)->value);
        assert_true(parameter[f.cut] >= 0.0 && parameter[f.cut] <= 15.0);
    }
    close_model(&f);
}

// Another parameter in the file changes nobody's other parameters.
static void test_draws_belong_to_names(void** state)
{
    (void)state;
    static const char NEW[] = "  another: { value: 1 day, spread: 30 %, assumed: test }\n";
    char text[4096];
    const char* const at = strstr(MODEL, "  skewed:");
    const size_t head = (size_t)(at - MODEL);
    memcpy(text, MODEL, head);
    memcpy(text + head, NEW, sizeof NEW - 1);
    memcpy(text + head + sizeof NEW - 1, at, strlen(at) + 1);
    fixture f = open_model(MODEL);
    fixture g = open_model(text);
    double a[16];
    double b[16];
    double input[16];
    const st_person person = anybody(99);
    st_person_setup(f.plan, &person, 3, a, input);
    st_person_setup(g.plan, &person, 3, b, input);
    assert_true(a[f.skewed] == b[g.skewed]);
    assert_true(a[f.plain] == b[g.plain]);
    assert_true(a[f.cut] == b[g.cut]);
    st_person_setup(f.plan, &person, 4, b, input);
    assert_true(a[f.skewed] != b[f.skewed]); // the seed matters
    close_model(&f);
    close_model(&g);
}

static void test_inputs_in_model_units(void** state)
{
    (void)state;
    fixture f = open_model(MODEL);
    double parameter[16];
    double input[16];
    const st_person person = anybody(1);
    st_person_setup(f.plan, &person, 3, parameter, input);
    const struct {
        const char* name;
        double shown;
    } expected[] = {{"bmi", 31.0}, {"base_pain", 48.0}, {"steps", 4000.0}, {"age", 61.0}};
    for (int k = 0; k < 4; ++k) {
        const int i = st_model_find_input(f.model, expected[k].name);
        assert_true(i >= 0);
        const double shown = input[i] * st_model_input(f.model, i)->show_factor;
        assert_true(fabs(shown / expected[k].shown - 1.0) < 1e-12);
    }
    close_model(&f);
}

static void test_an_input_of_another_dimension_is_refused(void** state)
{
    (void)state;
    static const char WRONG[] = "model: Test\n"
                                "inputs: { bmi: { start: 29.7 kg } }\n"
                                "variables:\n"
                                "  mass: { start: bmi, unit: kg, rate: 0 kg/day }\n";
    st_ctx* const ctx = st_ctx_create();
    st_model* const model = parse_model(ctx, WRONG);
    st_person_plan* plan = NULL;
    assert_int_equal(st_person_plan_create(ctx, model, &plan), ST_ERR_INPUT);
    assert_null(plan);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "bmi"));
    assert_non_null(strstr(st_ctx_message(ctx, 0), "kg/m^2"));
    st_model_destroy(model);
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

// PAT-2: L times its transpose is the matrix; one that is none is refused at its row.
static void test_cholesky(void** state)
{
    (void)state;
    const double matrix[9] = {1.0, 0.5, -0.2, 0.5, 1.0, 0.3, -0.2, 0.3, 1.0};
    double l[9];
    assert_int_equal(st_cholesky_factor(3, matrix, l), -1);
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
            double sum = 0.0;
            for (int k = 0; k < 3; ++k) {
                sum += l[i * 3 + k] * l[j * 3 + k];
            }
            assert_true(fabs(sum - matrix[i * 3 + j]) < 1e-15);
            assert_true(j <= i || l[i * 3 + j] == 0.0);
        }
    }
    const double bad[9] = {1.0, 0.9, 0.9, 0.9, 1.0, -0.5, 0.9, -0.5, 1.0};
    assert_int_equal(st_cholesky_factor(3, bad, l), 2);
    const double nan_matrix[4] = {1.0, NAN, NAN, 1.0};
    assert_int_equal(st_cholesky_factor(2, nan_matrix, l), 1);
}

// The shipped model takes the shipped people: no draw leaves the numbers or a range.
static void test_shipped_model_and_people(void** state)
{
    (void)state;
    st_ctx* const ctx = st_ctx_create();
    st_model* model = NULL;
    st_people* people = NULL;
    st_person_plan* plan = NULL;
    assert_int_equal(st_model_load(ctx, ST_SOURCE_DIR "/models/knee-oa.yaml", NULL, &model), ST_OK);
    assert_int_equal(
        st_people_load(ctx, ST_SOURCE_DIR "/models/people/oai-symptomatic.yaml", &people), ST_OK);
    assert_int_equal(st_person_plan_create(ctx, model, &plan), ST_OK);
    const int parameter_count = st_model_parameter_count(model);
    const int input_count = st_model_input_count(model);
    double parameter[1024];
    double input[64];
    assert_in_range(parameter_count, 1, 1024);
    assert_in_range(input_count, 1, 64);
    for (int k = 0; k < 2000; ++k) {
        st_person person;
        st_people_draw(people, 5, (uint64_t)k, &person);
        st_person_setup(plan, &person, 5, parameter, input);
        for (int i = 0; i < parameter_count; ++i) {
            const st_parameter_info* const info = st_model_parameter(model, i);
            assert_true(isfinite(parameter[i]));
            assert_true(info->spread_kind == ST_SPREAD_NONE ||
                        (parameter[i] >= info->lo && parameter[i] <= info->hi));
        }
        for (int i = 0; i < input_count; ++i) {
            assert_true(isfinite(input[i]));
        }
    }
    st_person_plan_destroy(plan);
    st_people_destroy(people);
    st_model_destroy(model);
    assert_true(st_ctx_bytes_in_use(ctx) == 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cholesky),
        cmocka_unit_test(test_spreads_come_back),
        cmocka_unit_test(test_correlations_come_back),
        cmocka_unit_test(test_same_for_all_and_inside_the_range),
        cmocka_unit_test(test_draws_belong_to_names),
        cmocka_unit_test(test_inputs_in_model_units),
        cmocka_unit_test(test_an_input_of_another_dimension_is_refused),
        cmocka_unit_test(test_shipped_model_and_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
