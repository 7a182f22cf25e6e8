/// Every kind of row: means, changes, medians, shares and contrasts, and what has no weight. VAL-7
#include "stroma/trial.h"

#include "base/base.h"
#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char table[] =
    "trial_id,design,blinding,control,pooled,paid,joint,condition,severity,arm_id,arm_label,"
    "intervention,dose_cells,dose_note,n,age_mean,age_sd,bmi_mean,bmi_sd,female_pct,scale,"
    "direction,month,mean,sd,ci95_low,ci95_high,change_from_baseline_mean,change_sd,responder_pct,"
    "source_id,quote_locator\n"
    // 2: input, 3 to 5: the same number as mean, change and on the centimetre ruler
    "A,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,S,,saline,,,80,62,,29,,60,VAS_pain_0_100,"
    "lower_better,0,60,18,,,,,,s,t\n"
    "A,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,S,,saline,,,80,62,,29,,60,VAS_pain_0_100,"
    "lower_better,3,45,20,,,,,,s,t\n"
    "A,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,S,,saline,,,80,62,,29,,60,VAS_pain_0_100,"
    "lower_better,6,,,,,-15,20,,s,t\n"
    "A,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,S,,saline,,,80,62,,29,,60,VAS_pain_0_10,"
    "lower_better,6,,,,,-1.5,2,,s,t\n"
    // 6: KOOS goes the other way; 7: a share
    "A,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,S,,saline,,,80,62,,29,,60,KOOS_pain_0_100,"
    "higher_better,6,,,,,12,20,,s,t\n"
    "A,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,S,,saline,,,80,62,,29,,60,"
    "responder_OMERACT_OARSI,higher_better,6,,,,,,,40,s,t\n"
    // 8, 9: contrasts of another trial, without its arms
    "B,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,D,,corticosteroid,,,100,62,,29,,60,"
    "VAS_pain_0_100_difference_vs_saline,lower_better,1,,,-20,-4,-12,,,s,t\n"
    "B,RCT,double,placebo,0,0,knee,osteoarthritis,KL 2-3,D,,corticosteroid,,,100,62,,29,,60,"
    "VAS_pain_0_100_difference_vs_saline,lower_better,12,,,-8,8,0,,,s,t\n"
    // 10, 11: a median of nine and the entry it starts from
    "C,RCT,open,active,0,0,knee,osteoarthritis,KL 2-3,H,,hyaluronic_acid,,,9,62,,29,,60,"
    "WOMAC_pain_0_20,lower_better,0,9,,,,,,,s,MEDIAN(IQR 7 to 11)\n"
    "C,RCT,open,active,0,0,knee,osteoarthritis,KL 2-3,H,,hyaluronic_acid,,,9,62,,29,,60,"
    "WOMAC_pain_0_20,lower_better,3,6,,,,,,,s,MEDIAN(IQR 4 to 8)\n"
    // 12 to 14: direction only, pooled, no month
    "D,series,open,none,0,0,knee,osteoarthritis,KL 2-3,M,,msc_bm_expanded,1e7,,30,62,,29,,60,"
    "VAS_pain_0_100,lower_better,6,,,,,-30,20,,s,t\n"
    "E,meta-analysis,double,none,1,0,knee,osteoarthritis,,S,,saline,,,900,62,,29,,60,"
    "VAS_pain_0_100,lower_better,6,,,,,-13,20,,s,t\n"
    "F,RCT,double,placebo,0,0,knee,osteoarthritis,,S,,saline,,,90,62,,29,,60,"
    "VAS_pain_0_100,lower_better,,,,,,-13,20,,s,t\n";

static st_ctx* ctx;
static st_validation* v;

static const st_forecast* at(int line)
{
    for (int i = 0; i < st_validation_forecast_count(v); ++i) {
        if (st_validation_forecast(v, i)->line == line) {
            return st_validation_forecast(v, i);
        }
    }
    fail_msg("line %d has no forecast", line);
    return NULL;
}

static bool is_skipped(int line, const char* reason)
{
    for (int i = 0; i < st_validation_skipped_count(v); ++i) {
        const st_skipped_row* row = st_validation_skipped(v, i);
        if (row->line == line) {
            return strstr(row->reason, reason) != NULL;
        }
    }
    return false;
}

static void test_every_row_is_scored_or_skipped(void** state)
{
    (void)state;
    assert_int_equal(st_validation_scored_count(v) + st_validation_skipped_count(v),
                     st_validation_row_count(v));
    assert_int_equal(st_validation_scored_count(v), 8);
    assert_true(is_skipped(2, "baseline") && is_skipped(10, "baseline"));
    assert_true(is_skipped(12, "uncontrolled cell series") && at(12)->weight == 0.0);
    assert_true(is_skipped(13, "pooled") && at(13)->weight == 0.0);
    assert_true(is_skipped(14, "no month"));
}

static void test_one_number_on_several_rulers(void** state)
{
    (void)state;
    assert_int_equal(at(3)->kind, ST_FORECAST_MEAN);
    assert_int_equal(at(4)->kind, ST_FORECAST_CHANGE);
    // Saline: some points better, from the printed 60; on the short ruler a tenth of it.
    assert_true(at(3)->mean > 35.0 && at(3)->mean < 57.0);
    assert_true(at(4)->mean < -5.0 && at(4)->mean > -25.0);
    assert_true(fabs(10.0 * at(5)->mean - at(4)->mean) < 3.0);
    assert_true(fabs(10.0 * at(5)->sd - at(4)->sd) < 3.0);
    // KOOS rises when pain falls.
    assert_true(at(6)->mean > 2.0 && at(6)->factor > 0.0 && at(4)->factor < 0.0);
    assert_true(at(7)->quantile[0] >= 0.0 && at(7)->quantile[6] <= 100.0 && at(7)->mean > 5.0);
}

static void test_contrasts_lose_the_trials_level(void** state)
{
    (void)state;
    assert_int_equal(at(8)->kind, ST_FORECAST_CONTRAST);
    // Triamcinolone helps at a month, not at a year, and the spread is not that of an arm.
    assert_true(at(8)->mean < -5.0 && at(8)->mean > -25.0);
    assert_true(fabs(at(9)->mean) < 4.0);
    assert_true(at(8)->sd < 0.8 * at(4)->sd);
}

static void test_medians_are_medians(void** state)
{
    (void)state;
    assert_true(at(11)->is_median && at(11)->kind == ST_FORECAST_MEAN);
    assert_true(at(11)->mean > 3.0 && at(11)->mean < 9.0);

    assert_true(at(11)->observed_sd == 3.0);           // IQR 4 / 1.349 = 2.97, raised to 15 % of 20
    assert_true(at(11)->sd > 1.8 && at(11)->sd < 4.0); // nine people add to the trial's 1.8
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_scored_or_skipped),
        cmocka_unit_test(test_one_number_on_several_rulers),
        cmocka_unit_test(test_contrasts_lose_the_trials_level),
        cmocka_unit_test(test_medians_are_medians),
    };
    st_validate_def def = st_default_validate_def();
    char path[64];
    int failed = 1;

    ctx = st_ctx_create();
    snprintf(path, sizeof path, "validate_kinds_%ld.csv", (long)getpid());
    def.table = path;
    def.model_dir = ST_SOURCE_DIR "/models";
    def.people = 4000;
    if (st_file_write(ctx, path, table, strlen(table)) == ST_OK &&
        st_validate_run(ctx, &def, &v) == ST_OK) {
        for (int i = 0; i < st_validation_forecast_count(v); ++i) {
            const st_forecast* f = st_validation_forecast(v, i);
            printf("line %2d %-9s %-36s observed %6.1f  forecast %6.1f +- %.1f  weight %.2f\n",
                   f->line, st_forecast_kind_name(f->kind), f->scale, f->observed, f->mean, f->sd,
                   f->weight);
        }
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    } else {
        printf("%s\n", st_ctx_message_count(ctx) > 0 ? st_ctx_message(ctx, 0) : "?");
    }
    st_validation_destroy(v);
    unlink(path);
    failed += st_ctx_bytes_in_use(ctx) != 0;
    st_ctx_destroy(ctx);
    return failed;
}
