/// \file
/// Instruments print what a clinic would: floor, ceiling, rounding half up, noise that is new at
/// each visit, and a slow fluctuation that pain and function share.
#include "base/base.h"
#include "stroma/patient.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define PEOPLE 20000

// %s: the instruments
static const char MODEL[] =
    "model: Test\n"
    "parameters:\n"
    "  tau: { value: 30 day, assumed: test }\n"
    "  loss_start: { value: 1.5 mm, assumed: test }\n"
    "inputs:\n"
    "  base_pain: { start: 50 vas }\n"
    "variables:\n"
    "  pain: { start: base_pain, unit: vas, rate: (base_pain - pain) / tau }\n"
    "  loss: { start: loss_start, unit: mm, rate: -loss / tau }\n"
    "definitions:\n"
    "  function: { is: 'pain * [0.5 womac/vas]', unit: womac }\n"
    "instruments:\n%s";

static const char GOOD[] =
    "  vas:\n"
    "    title: Pain\n"
    "    from: pain\n"
    "    range: 0..100 vas\n"
    "    step: 1 vas\n"
    "    noise: { value: 9 vas, source: test }\n"
    "    drift: { sd: { value: 12 vas, assumed: test }, time: { value: 60 day, assumed: test } }\n"
    "    better: lower\n"
    "    important: { value: 17.5 vas, source: paper }\n"
    "  womac_function:\n"
    "    title: Function\n"
    "    from: function\n"
    "    range: 0..68 womac\n"
    "    drift: { sd: { value: 6 womac, assumed: test }, with: vas }\n"
    "    better: lower\n"
    "    important: { value: 6 womac, assumed: guess }\n"
    "  thickness:\n"
    "    title: Thickness\n"
    "    from: loss\n"
    "    range: 0..6 mm\n"
    "    noise: { value: 0.03 mm, assumed: test }\n"
    "    better: higher\n"
    "  plain:\n"
    "    title: Pain without noise\n"
    "    from: pain\n"
    "    range: 10..90 vas\n"
    "    step: 5 vas\n"
    "    better: lower\n";

typedef struct fixture {
    st_ctx* ctx;
    st_model* model;
    st_instruments* all;
} fixture;

static st_status open_text(fixture* f, const char* instruments)
{
    char text[8192];
    snprintf(text, sizeof text, MODEL, instruments);
    *f = (fixture){.ctx = st_ctx_create()};
    const st_status parsed =
        st_model_parse(f->ctx, "model.yaml", text, strlen(text), NULL, &f->model);
    for (int k = 0; k < st_ctx_message_count(f->ctx); ++k) {
        print_message("%s\n", st_ctx_message(f->ctx, k));
    }
    assert_int_equal(parsed, ST_OK);
    return st_instruments_read(f->ctx, f->model, &f->all);
}

static void close_all(fixture* f)
{
    st_instruments_destroy(f->all);
    st_model_destroy(f->model);
    assert_true(st_ctx_bytes_in_use(f->ctx) == 0);
    st_ctx_destroy(f->ctx);
}

static fixture open_good(void)
{
    fixture f;
    const st_status status = open_text(&f, GOOD);
    for (int k = 0; k < st_ctx_message_count(f.ctx); ++k) {
        print_message("%s\n", st_ctx_message(f.ctx, k));
    }
    assert_int_equal(status, ST_OK);
    return f;
}

static void test_the_table_is_read(void** state)
{
    (void)state;
    fixture f = open_good();
    assert_int_equal(st_instruments_count(f.all), 4);
    const int vas = st_instruments_find(f.all, "vas");
    const int function = st_instruments_find(f.all, "womac_function");
    const int thickness = st_instruments_find(f.all, "thickness");
    assert_int_equal(st_instruments_find(f.all, "koos"), -1);
    const st_instrument_info* const info = st_instruments_at(f.all, vas);
    assert_string_equal(info->title, "Pain");
    assert_string_equal(info->unit, "vas");
    assert_string_equal(info->from, "pain");
    assert_string_equal(info->important_source, "paper");
    assert_true(info->lo == 0.0 && info->hi == 100.0 && info->step == 1.0);
    assert_true(info->noise_sd == 9.0 && info->drift_sd == 12.0 && info->drift_tau_day == 60.0);
    assert_true(info->lower_is_better && info->important_change == 17.5);
    assert_string_equal(st_instruments_at(f.all, function)->important_source, "assumed: guess");
    assert_int_equal(st_instruments_at(f.all, function)->drift_with, vas);
    assert_true(st_instruments_at(f.all, function)->drift_tau_day == 60.0);
    assert_true(!st_instruments_at(f.all, thickness)->lower_is_better);

    // values: states, then definitions, in the model's unit (a thickness in cm)
    double sample[64] = {0.0};
    sample[st_model_find_state(f.model, "pain")] = 42.0;
    sample[st_model_find_state(f.model, "loss")] = 0.15;
    sample[st_model_state_count(f.model) + st_model_find_definition(f.model, "function")] = 21.0;
    assert_true(fabs(st_instrument_value(f.all, vas, sample) - 42.0) < 1e-12);
    assert_true(fabs(st_instrument_value(f.all, function, sample) - 21.0) < 1e-12);
    assert_true(fabs(st_instrument_value(f.all, thickness, sample) - 1.5) < 1e-12);
    close_all(&f);
}

// PAT-5: rounding half up, then floor and ceiling.
static void test_rounding_floor_and_ceiling(void** state)
{
    (void)state;
    fixture f = open_good();
    const int plain = st_instruments_find(f.all, "plain");
    const double in[] = {42.4, 42.5, 47.4, 3.0, 99.0, 12.5, -5.0};
    const double out[] = {40.0, 45.0, 45.0, 10.0, 90.0, 15.0, 10.0};
    for (int k = 0; k < 7; ++k) {
        st_reading r = {.visit = 0, .day = 0.0, .value = in[k]};
        st_instrument_read(f.all, plain, 1, 1, &r, 1);
        assert_true(r.measured == out[k]);
    }
    st_reading lost = {.value = NAN}; // a failed person must not turn into a number
    st_instrument_read(f.all, plain, 1, 1, &lost, 1);
    assert_true(isnan(lost.measured));
    close_all(&f);
}

static double correlation(const double* x, const double* y, int n)
{
    double mx = 0.0;
    double my = 0.0;
    for (int k = 0; k < n; ++k) {
        mx += x[k] / n;
        my += y[k] / n;
    }
    double xx = 0.0;
    double xy = 0.0;
    double yy = 0.0;
    for (int k = 0; k < n; ++k) {
        xx += (x[k] - mx) * (x[k] - mx);
        xy += (x[k] - mx) * (y[k] - my);
        yy += (y[k] - my) * (y[k] - my);
    }
    return xy / sqrt(xx * yy);
}

static double sd_of(const double* x, int n)
{
    double mean = 0.0;
    double sum = 0.0;
    for (int k = 0; k < n; ++k) {
        mean += x[k] / n;
    }
    for (int k = 0; k < n; ++k) {
        sum += (x[k] - mean) * (x[k] - mean);
    }
    return sqrt(sum / (n - 1));
}

// PAT-4: SD and correlation of two days, also with a day between them.
static void test_slow_fluctuation(void** state)
{
    (void)state;
    fixture f = open_good();
    const int function = st_instruments_find(f.all, "womac_function"); // drift 6, no noise, no step
    double first[PEOPLE];
    double later[PEOPLE];
    double pain[PEOPLE];
    for (int k = 0; k < PEOPLE; ++k) {
        st_reading r[3] = {{.visit = -1, .day = -14.0, .value = 34.0},
                           {.visit = 0, .day = 0.0, .value = 34.0},
                           {.visit = 1, .day = 46.0, .value = 34.0}};
        st_instrument_read(f.all, function, 5, (uint64_t)k, r, 3);
        first[k] = r[0].measured;
        later[k] = r[2].measured;
        for (int j = 0; j < 3; ++j) {
            r[j].value = 50.0;
        }
        st_instrument_read(f.all, st_instruments_find(f.all, "vas"), 5, (uint64_t)k, r, 3);
        pain[k] = r[2].measured;
    }
    const double error = 4.0 / sqrt(PEOPLE);
    assert_true(fabs(sd_of(first, PEOPLE) - 6.0) < 6.0 * error);
    assert_true(fabs(sd_of(later, PEOPLE) - 6.0) < 6.0 * error);
    assert_true(fabs(correlation(first, later, PEOPLE) - exp(-1.0)) < error); // 60 days apart
    // pain = 12 d + 9 e: shares the fluctuation of function, not its own noise
    assert_true(fabs(sd_of(pain, PEOPLE) - 15.0) < 15.0 * error);
    assert_true(fabs(correlation(pain, later, PEOPLE) - 12.0 / 15.0) < error);
    close_all(&f);
}

// The same visits and days give the same noise in every arm; a continued list keeps its beginning.
static void test_twins_have_equal_noise(void** state)
{
    (void)state;
    fixture f = open_good();
    const int vas = st_instruments_find(f.all, "vas");
    const st_reading days[4] = {{.visit = -1, .day = -14.0, .value = 50.0},
                                {.visit = 0, .day = 0.0, .value = 50.0},
                                {.visit = 1, .day = 90.0, .value = 50.0},
                                {.visit = 2, .day = 180.0, .value = 50.0}};
    st_reading a[4];
    st_reading b[4];
    memcpy(a, days, sizeof a);
    memcpy(b, days, sizeof b);
    for (int k = 2; k < 4; ++k) {
        b[k].value -= 20.0; // treated
    }
    st_instrument_read(f.all, vas, 9, 77, a, 4);
    st_instrument_read(f.all, vas, 9, 77, b, 4);
    for (int k = 0; k < 4; ++k) {
        const double floor_free = k < 2 ? 0.0 : 20.0;
        assert_true(a[k].measured - b[k].measured == floor_free);
    }
    memcpy(b, days, sizeof b);
    st_instrument_read(f.all, vas, 9, 77, b, 2); // screening alone
    assert_true(a[0].measured == b[0].measured && a[1].measured == b[1].measured);
    memcpy(b, days, sizeof b);
    st_instrument_read(f.all, vas, 9, 78, b, 4);
    assert_true(a[0].measured != b[0].measured || a[1].measured != b[1].measured);
    close_all(&f);
}

static void check_refused(const char* instruments, const char* where, const char* found)
{
    fixture f;
    assert_int_equal(open_text(&f, instruments), ST_ERR_INPUT);
    assert_null(f.all);
    assert_true(st_ctx_message_count(f.ctx) >= 1);
    const char* const message = st_ctx_message(f.ctx, 0);
    if (strstr(message, where) == NULL || strstr(message, found) == NULL) {
        print_message("message: %s\nwanted: %s ... %s\n", message, where, found);
    }
    assert_non_null(strstr(message, where));
    assert_non_null(strstr(message, found));
    close_all(&f);
}

static void test_bad_tables(void** state)
{
    (void)state;
    check_refused("  v: { title: t, from: pane, range: 0..100 vas, better: lower }\n",
                  "instruments.v.from", "pane");
    check_refused("  v: { title: t, from: pain, range: 0..10 nrs, better: lower }\n",
                  "instruments.v.from", "expected the dimension");
    check_refused("  v: { title: t, from: pain, range: 100..0 vas, better: lower }\n",
                  "instruments.v.range", "100..0");
    check_refused("  v: { title: t, from: pain, range: 0..100 blah, better: lower }\n",
                  "instruments.v.range", "with a unit");
    check_refused("  v: { title: t, from: pain, range: 0..100 vas, better: less }\n",
                  "instruments.v.better", "less");
    check_refused("  v: { title: t, from: pain, range: 0..100 vas, better: lower, step: 0 vas }\n",
                  "instruments.v.step", "0 vas");
    check_refused("  v: { title: t, from: pain, range: 0..100 vas, better: lower,\n"
                  "    noise: { value: 3 mm, source: test } }\n",
                  "instruments.v.noise.value", "3 mm");
    check_refused("  v: { title: t, from: pain, range: 0..100 vas, better: lower,\n"
                  "    noise: { value: -3 vas, source: test } }\n",
                  "instruments.v.noise.value", "-3 vas");
    check_refused("  v: { title: t, from: pain, range: 0..100 vas, better: lower,\n"
                  "    drift: { sd: { value: 3 vas, assumed: test } } }\n",
                  "instruments.v.drift", "neither time: nor with:");
    check_refused("  v: { title: t, from: pain, range: 0..100 vas, better: lower,\n"
                  "    drift: { sd: { value: 3 vas, assumed: test }, with: w } }\n",
                  "instruments.v.drift.with", "an instrument above");
    check_refused("  v: { title: t, from: pain, range: 0..100 vas, better: lower, hue: 3 }\n",
                  "instruments.v.hue", "hue");
    check_refused("  v: { from: pain, range: 0..100 vas, better: lower }\n", "instruments.v.title",
                  "missing");
}

// A scale whose better side is the other one takes the shared fluctuation with the other sign.
static void test_a_turned_scale_goes_the_other_way(void** state)
{
    (void)state;
    fixture f;
    assert_int_equal(
        open_text(&f, "  vas:\n"
                      "    title: Pain\n"
                      "    from: pain\n"
                      "    range: -1000..1000 vas\n"
                      "    drift: { sd: { value: 12 vas, assumed: test }, time: { value: 60 day, "
                      "assumed: test } }\n"
                      "    better: lower\n"
                      "  comfort:\n"
                      "    title: Comfort\n"
                      "    from: pain\n"
                      "    range: -1000..1000 vas\n"
                      "    drift: { sd: { value: 6 vas, assumed: test }, with: vas }\n"
                      "    better: higher\n"),
        ST_OK);
    double largest = 0.0;
    for (uint64_t person = 1; person <= 50; ++person) {
        st_reading pain[2] = {{.visit = 0, .day = 0.0}, {.visit = 1, .day = 30.0}};
        st_reading comfort[2] = {{.visit = 0, .day = 0.0}, {.visit = 1, .day = 30.0}};
        st_instrument_read(f.all, 0, 7, person, pain, 2);
        st_instrument_read(f.all, 1, 7, person, comfort, 2);
        for (int k = 0; k < 2; ++k) {
            assert_true(fabs(pain[k].measured + 2.0 * comfort[k].measured) < 1e-9);
            largest = fmax(largest, fabs(pain[k].measured));
        }
    }
    assert_true(largest > 12.0);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_is_read),
        cmocka_unit_test(test_rounding_floor_and_ceiling),
        cmocka_unit_test(test_slow_fluctuation),
        cmocka_unit_test(test_twins_have_equal_noise),
        cmocka_unit_test(test_a_turned_scale_goes_the_other_way),
        cmocka_unit_test(test_bad_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
