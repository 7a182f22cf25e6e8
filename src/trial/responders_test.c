// Responders by several scores: every branch of the definition by hand, missing readings, arms
// beside their control, mistakes of a study, the same bytes for any number of threads. [TRI-40]
#include "responders.h"

#include "statistics.h"
#include "study.h"
#include "tally.h"

#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODELS ST_SOURCE_DIR "/models"
#define PEOPLE 10

// %s: what is measured, and who responds.
static const char study_text[] =
    "study: Who responds\n"
    "model: knee-oa\n"
    "people: { from: oai-symptomatic, entry: { vas_pain: \">= 40 vas\" } }\n"
    "arms:\n"
    "  same: { inject: { product: saline, volume: 4 mL }, twin_of: everyone }\n"
    "  saline: { n: 10, inject: { product: saline, volume: 4 mL } }\n"
    "  ha: { n: 10, inject: { product: hyaluronic-acid-hmw, volume: 4 mL } }\n"
    "blinding: double\n"
    "visits: 0, 3, 6 months\n"
    "measure: [%s]\n"
    "responders: [%s]\n"
    "drop_out: { rate: 30 %%/year }\n"
    "influence: off\n"
    "primary: { change: vas_pain, at: 6 months, versus: saline }\n"
    "seed: 4\n";

enum { SAME, SALINE, HA };

static st_status parse(st_ctx* ctx, const char* measure, const char* responders, st_study** out)
{
    char text[2048];

    snprintf(text, sizeof text, study_text, measure, responders);
    return st_study_parse(ctx, "responders.yaml", text, MODELS, out);
}

static st_study* load(st_ctx* ctx)
{
    st_study* study = NULL;

    if (parse(ctx, "vas_pain, womac_function, global_assessment",
              "omeract_oarsi, omeract_oarsi_strict", &study) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    return study;
}

static void every_branch_of_the_definition(void** state)
{
    // Pain 0-100, function 0-68, global 0-100: at entry, then now; 10 of 100 of function are 6.8
    // points, 20 of 100 are 13.6.
    static const struct {
        const char* what;
        double entry[3], now[3];
        bool wide, strict;
    } cases[] = {
        {"nothing moved", {60, 30, 60}, {60, 30, 60}, false, false},
        {"pain halved and 20 points down", {40, 30, 60}, {20, 30, 60}, true, true},
        {"pain one point short of half", {42, 30, 60}, {22, 30, 60}, false, false},
        {"pain halved, but by 19 points", {38, 30, 60}, {19, 30, 60}, false, false},
        {"function halved by 14 of 68", {60, 28, 60}, {60, 14, 60}, true, true},
        {"function halved by 13 of 68", {60, 26, 60}, {60, 13, 60}, false, false},
        {"function by 14, not half", {60, 29, 60}, {60, 15, 60}, false, false},
        {"global alone, all of it", {60, 30, 60}, {60, 30, 0}, false, false},
        {"pain by a fifth and global by a fifth", {50, 30, 50}, {40, 30, 40}, true, false},
        {"the same, pain one point short of 10", {45, 30, 50}, {36, 30, 40}, false, false},
        {"the same, pain under a fifth", {60, 30, 50}, {49, 30, 40}, false, false},
        {"pain and function", {50, 35, 60}, {40, 28, 60}, true, false},
        {"pain and function by 6 of 68", {50, 30, 60}, {40, 24, 60}, false, false},
        {"function and global", {60, 35, 50}, {60, 28, 40}, true, false},
        {"function under a fifth and global", {60, 36, 50}, {60, 29, 40}, false, false},
        {"global one point short of 10", {60, 35, 45}, {60, 28, 36}, false, false},
        {"two worse, pain alone by a fifth", {50, 30, 50}, {40, 40, 60}, false, false},
        {"all three a little", {50, 35, 50}, {40, 28, 40}, true, false},
        {"worse by as much", {40, 28, 50}, {80, 56, 90}, false, false},
        {"no pain, nothing to gain", {0, 0, 0}, {0, 0, 0}, false, false},
    };
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx);

    (void)state;
    assert_int_equal(study->responder_count, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        for (int k = 0; k < 2; ++k) {
            const st_responders_definition* d = &study->responder[k];
            double entry[3], now[3];
            for (int s = 0; s < d->measure_count; ++s) {
                entry[s] = cases[i].entry[d->measure[s]];
                now[s] = cases[i].now[d->measure[s]];
            }
            if (st_responders_meets(study, d, entry, now) !=
                (k == 0 ? cases[i].wide : cases[i].strict)) {
                fail_msg("%s: %s", d->name, cases[i].what);
            }
        }
    }
    assert_non_null(strstr(study->responder[0].rule, "50 % and 20 of 100"));
    assert_non_null(strstr(study->responder[0].rule, "2 of "));
    assert_non_null(strstr(study->responder[0].rule, "j.joca.2004.02.006"));
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

/// Where higher is better the way to the best end counts, not the score: of 60 on a scale up to 100
/// half the way is 20 points.
static void higher_may_be_better(void** state)
{
    static const st_responders_definition d = {
        .name = "d", .measure = {1}, .measure_count = 1, .any = {{0, 50, 20}}, .any_count = 1};
    st_ctx* ctx = st_ctx_create();
    st_study* study = NULL;

    (void)state;
    if (parse(ctx, "vas_pain, koos_pain, womac_function, global_assessment", "omeract_oarsi",
              &study) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    assert_true(st_responders_meets(study, &d, (double[]){60}, (double[]){80}));
    assert_false(st_responders_meets(study, &d, (double[]){58}, (double[]){78}));
    assert_false(st_responders_meets(study, &d, (double[]){60}, (double[]){40}));
    st_study_destroy(study);
    st_ctx_destroy(ctx);
}

// --- arms -----------------------------------------------------------------------------------

typedef struct rows {
    st_responder_row row[64];
    int count;
    st_text text; ///< all of them to the last bit
} rows;

static st_status take_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    rows* all = self;
    const st_responder_row* r = row;

    (void)ctx;
    if (kind == ST_ROW_RESPONDER) {
        assert_true(all->count < 64);
        all->row[all->count++] = *r;
        st_text_addf(&all->text, "%s %d %d %d %lld %lld %a %a %a %a %a %a %a\n", r->name, r->arm,
                     r->visit, r->versus, (long long)r->n, (long long)r->responders, r->share,
                     r->lo, r->hi, r->difference, r->diff_lo, r->diff_hi, r->p);
    }
    return ST_OK;
}

static const st_responder_row* find(const rows* all, const char* name, int arm, int visit)
{
    for (int i = 0; i < all->count; ++i) {
        const st_responder_row* r = &all->row[i];
        if (strcmp(r->name, name) == 0 && r->arm == arm && r->visit == visit) {
            return r;
        }
    }
    fail_msg("no row of %s in arm %d at visit %d", name, arm, visit);
    return NULL;
}

/// Entry 50, 35, 50 for everybody; at both visits pain of the first `halved` is halved, the next
/// `fifth` are better by a fifth in pain and global, the last `gone` miss their global assessment.
static void add_people(st_tally* tally, int arm, int halved, int fifth, int gone)
{
    const st_study* study = tally->study;
    st_score score[9];

    for (int i = 0; i < PEOPLE; ++i) {
        const st_stay stay = {
            .arm = arm, .slot = i, .left_day = INFINITY, .protocol_day = INFINITY};
        for (int m = 0; m < 3; ++m) {
            for (int v = 0; v < 3; ++v) {
                static const double entry[] = {50, 35, 50};
                const bool is_less = v > 0 && i >= halved && i < halved + fifth && m != 1;
                const double x = v > 0 && m == 0 && i < halved ? 25.0 : is_less ? 40.0 : entry[m];
                score[m * study->visit_count + v] =
                    (st_score){.measured = x, .value = x, .analysed = x};
            }
        }
        if (i >= PEOPLE - gone) {
            score[2 * study->visit_count + 2].analysed = NAN;
        }
        assert_int_equal(st_tally_add(tally, i, &stay, score), ST_OK);
    }
}

static void arms_stand_beside_their_control(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx);
    st_tally* tally = NULL;
    rows all = {.count = 0};
    const st_sink sink = {.self = &all, .row = take_row};
    const st_responder_row* r;
    st_contrast c;
    st_interval share;

    (void)state;
    st_text_init(&all.text, ctx);
    assert_int_equal(study->people_count, 2 * PEOPLE);
    assert_int_equal(st_tally_create(ctx, study, NULL, 4, &tally), ST_OK);
    add_people(tally, SALINE, 1, 2, 0);
    add_people(tally, HA, 4, 3, 2);
    assert_int_equal(st_responders_emit(ctx, tally, &sink), ST_OK);
    assert_int_equal(all.count, 2 * 2 * 3); // definitions, visits after 0, arms
    r = find(&all, "omeract_oarsi", HA, 1);
    assert_int_equal(r->n, 10);
    assert_int_equal(r->responders, 7);
    // Two miss one reading of three: they are not counted, neither as responders nor as others.
    r = find(&all, "omeract_oarsi", HA, 2);
    assert_int_equal(r->n, 8);
    assert_int_equal(r->responders, 7);
    assert_int_equal(r->versus, SALINE);
    c = st_statistics_risk_difference(7, 8, 3, 10);
    assert_true(r->difference == c.difference && r->diff_lo == c.lo && r->diff_hi == c.hi);
    share = st_statistics_wilson(7, 8);
    assert_true(r->share == share.mean && r->lo == share.lo && r->hi == share.hi);
    // The strict definition does not ask for the global assessment: nobody is missing.
    r = find(&all, "omeract_oarsi_strict", HA, 2);
    assert_int_equal(r->n, 10);
    assert_int_equal(r->responders, 4);
    r = find(&all, "omeract_oarsi", SALINE, 2);
    assert_int_equal(r->versus, -1);
    assert_true(isnan(r->difference));
    r = find(&all, "omeract_oarsi", SAME, 2); // nobody is in the twin arm here
    assert_int_equal(r->n, 0);
    assert_true(isnan(r->share));
    st_text_clear(&all.text);
    st_tally_destroy(ctx, tally);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void a_trial_gives_the_same_rows_for_any_threads(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx);
    rows all[2] = {{.count = 0}, {.count = 0}};

    (void)state;
    for (int i = 0; i < 2; ++i) {
        const st_sink sink = {.self = &all[i], .row = take_row};
        st_trial_def def = st_default_trial_def();
        def.worker_count = i == 0 ? 1 : 3;
        st_text_init(&all[i].text, ctx);
        assert_int_equal(st_study_run(ctx, study, &def, &sink, NULL), ST_OK);
    }
    assert_int_equal(all[0].count, 12);
    assert_string_equal(all[0].text.data, all[1].text.data);
    for (int i = 0; i < all[0].count; ++i) {
        const st_responder_row* r = &all[0].row[i];
        assert_true(r->n > 0 && r->responders <= r->n);
        assert_true(r->versus == (r->arm == HA ? SALINE : -1));
        // Who meets the strict definition meets the wide one.
        const st_responder_row* strict = find(&all[0], "omeract_oarsi_strict", r->arm, r->visit);
        const st_responder_row* wide = find(&all[0], "omeract_oarsi", r->arm, r->visit);
        assert_true(strict->n == wide->n && strict->responders <= wide->responders);
    }
    st_text_clear(&all[0].text);
    st_text_clear(&all[1].text);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// --- mistakes -------------------------------------------------------------------------------

static void mistakes_are_told(void** state)
{
    static const struct {
        const char *measure, *responders, *message;
    } cases[] = {
        {"vas_pain, womac_function", "omeract_oarsi",
         "'omeract_oarsi' needs global_assessment among measure:"},
        {"vas_pain, global_assessment", "omeract_oarsi_strict",
         "'omeract_oarsi_strict' needs womac_function among measure:"},
        {"vas_pain", "omeract_oarsy", "omeract_oarsi"},
        {"vas_pain, womac_function", "omeract_oarsi_strict, omeract_oarsi_strict",
         "found 'omeract_oarsi_strict' a second time"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        st_ctx* ctx = st_ctx_create();
        st_study* study = NULL;
        assert_int_equal(parse(ctx, cases[i].measure, cases[i].responders, &study), ST_ERR_INPUT);
        if (strstr(st_ctx_message(ctx, 0), cases[i].message) == NULL) {
            fail_msg("%s", st_ctx_message(ctx, 0));
        }
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_branch_of_the_definition),
        cmocka_unit_test(higher_may_be_better),
        cmocka_unit_test(arms_stand_beside_their_control),
        cmocka_unit_test(a_trial_gives_the_same_rows_for_any_threads),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
