/// Forecasts of trials that the model itself made: 95 % intervals hold 95 %, the model is as good
/// as a baseline that sees many trials of the same law, and forecasters that are too sure or not
/// sure enough are told apart. VAL-4 VAL-5 VAL-7 VAL-8
#include "stroma/trial.h"

#include "base/base.h"
#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TRIALS 60
#define ROWS   4 ///< per trial: two arms, two visits
#define DRAWS  100

static const char head[] =
    "trial_id,design,blinding,control,pooled,paid,joint,condition,severity,arm_id,arm_label,"
    "intervention,dose_cells,dose_note,n,age_mean,age_sd,bmi_mean,bmi_sd,female_pct,scale,"
    "direction,month,mean,sd,ci95_low,ci95_high,change_from_baseline_mean,change_sd,responder_pct,"
    "source_id,quote_locator\n";

static st_ctx* ctx;
static char path[64];

/// Writes the world: 60 trials of saline and hyaluronic acid whose changes are `value`.
static void write_table(const double* value)
{
    st_text text;

    st_text_init(&text, ctx);
    st_text_add(&text, head);
    for (int t = 0; t < TRIALS; ++t) {
        for (int arm = 0; arm < 2; ++arm) {
            const char* what = arm == 0 ? "saline" : "hyaluronic_acid";
            for (int v = 0; v < 3; ++v) {
                st_text_addf(
                    &text,
                    "TRIAL%02d,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,%s,%s,%s,,,"
                    "60,62,,29,,60,VAS_pain_0_100,lower_better,%s,",
                    t, what, what, what,
                    v == 0   ? "0"
                    : v == 1 ? "3"
                             : "12");
                if (v == 0) {
                    st_text_addf(&text, "%d,18,,,,,,made,made\n", 52 + t % 15);
                } else {
                    st_text_addf(&text, ",,,,%.4f,20,,made,made\n",
                                 value[t * ROWS + arm * 2 + v - 1]);
                }
            }
        }
    }
    assert_false(text.failed);
    assert_int_equal(st_file_write(ctx, path, text.data, text.length), ST_OK);
    st_text_clear(&text);
}

static st_validation* run(uint64_t seed, int people, int workers)
{
    st_validate_def def = st_default_validate_def();
    st_validation* validation = NULL;

    def.table = path;
    def.model_dir = ST_SOURCE_DIR "/models";
    def.draws = DRAWS;
    def.people = people;
    def.seed = seed;
    def.worker_count = workers;
    assert_int_equal(st_validate_run(ctx, &def, &validation), ST_OK);
    assert_int_equal(st_validation_forecast_count(validation), TRIALS * ROWS);
    assert_int_equal(st_validation_row_count(validation), TRIALS * 6);
    return validation;
}

static double value_of(const st_validation* v, int row, double stretch)
{
    // All rows of a trial from one draw, so that what they share stays shared.
    const st_forecast* f = st_validation_forecast(v, row);
    return f->mean + stretch * (f->draw[(row / ROWS * 37) % DRAWS] - f->mean);
}

static const st_validation_scores* judge(const st_validation* made, double stretch,
                                         st_validation** out)
{
    double value[TRIALS * ROWS];
    const st_validation_scores* s;

    for (int i = 0; i < TRIALS * ROWS; ++i) {
        value[i] = value_of(made, i, stretch);
    }
    write_table(value);
    *out = run(77, 8000, 0);
    s = st_validation_all_scores(*out);
    printf("spread of the world x %.2f: coverage %.3f [%.3f, %.3f]  ratio %.3f [%.3f, %.3f]  bias "
           "%.2f [%.2f, %.2f]\n",
           stretch, s->coverage.value, s->coverage.lo, s->coverage.hi, s->ratio.value, s->ratio.lo,
           s->ratio.hi, s->bias.value, s->bias.lo, s->bias.hi);
    return s;
}

static void test_the_model_judges_its_own_world(void** state)
{
    enum { WORLDS = 3 };
    double nothing[TRIALS * ROWS] = {0.0};
    st_validation *made[WORLDS], *judged;
    double coverage = 0.0;
    double ratio = 0.0;
    double bias = 0.0;
    const st_validation_scores* s;

    (void)state;
    printf("worlds of seeds 5, 6, 7, judged with seed 77\n");
    for (int w = 0; w < WORLDS; ++w) {
        write_table(nothing);
        made[w] = run(5 + (uint64_t)w, 8000, 0);
        s = judge(made[w], 1.0, &judged);
        coverage += s->coverage.value / WORLDS;
        ratio += s->ratio.value / WORLDS;
        bias += s->bias.value / WORLDS;
        st_validation_destroy(judged);
    }
    // 180 trials; about 3 standard errors. Bias: world and judge also have other people and 40
    // other draws of the parameters each.
    printf("mean of worlds: coverage %.3f ratio %.3f bias %.2f\n", coverage, ratio, bias);
    assert_true(fabs(coverage - 0.95) < 0.03);
    assert_true(fabs(ratio - 1.0) < 0.06);
    assert_true(fabs(bias) < 4.0);
    // A world three times as varied: the model was too sure.
    s = judge(made[0], 3.0, &judged);
    assert_true(s->coverage.hi < 0.85 && s->ratio.lo > 1.0);
    st_validation_destroy(judged);
    // A world that hardly varies: the model was not sure enough.
    s = judge(made[0], 0.2, &judged);
    assert_true(s->coverage.lo > 0.99 && s->ratio.lo > 1.0);
    st_validation_destroy(judged);
    for (int w = 0; w < WORLDS; ++w) {
        st_validation_destroy(made[w]);
    }
}

static void test_people_are_those_of_the_page(void** state)
{
    double nothing[TRIALS * ROWS] = {0.0};
    st_validation* v;

    (void)state;
    write_table(nothing);
    v = run(3, 2000, 0);
    for (int i = 0; i < st_validation_arm_count(v); ++i) {
        assert_true(st_validation_arm_at(v, i)->people > 100.0);
        assert_non_null(strstr(st_validation_arm_at(v, i)->defaults, "printed baseline"));
    }
    for (int i = 0; i < st_validation_forecast_count(v); ++i) {
        // Each trial counts one, its rows share it.
        assert_true(fabs(st_validation_forecast(v, i)->weight - 1.0 / ROWS) < 1e-12);
    }
    st_validation_destroy(v);
}

static void test_workers_change_nothing(void** state)
{
    double nothing[TRIALS * ROWS] = {0.0};
    st_validation *one, *three;

    (void)state;
    write_table(nothing);
    one = run(9, 2000, 1);
    three = run(9, 2000, 3);
    for (int i = 0; i < TRIALS * ROWS; ++i) {
        assert_memory_equal(st_validation_forecast(one, i)->draw,
                            st_validation_forecast(three, i)->draw, DRAWS * sizeof(double));
    }
    assert_memory_equal(st_validation_all_scores(one), st_validation_all_scores(three),
                        sizeof(st_validation_scores));
    st_validation_destroy(three);
    st_validation_destroy(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_model_judges_its_own_world),
        cmocka_unit_test(test_people_are_those_of_the_page),
        cmocka_unit_test(test_workers_change_nothing),
    };
    int failed;

    ctx = st_ctx_create();
    snprintf(path, sizeof path, "validate_truth_%ld.csv", (long)getpid());
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    failed += st_ctx_bytes_in_use(ctx) != 0;
    st_ctx_destroy(ctx);
    return failed;
}
