// The statistics of a trial do not depend on how many people are in memory at a time; those of a
// trial that fits are computed once more from plain arrays. [TRI-3, TRI-4, TRI-7, TRI-14, TRI-34]
#include "tally.h"

#include "analysis.h"
#include "compare.h"
#include "entrants.h"
#include "statistics.h"

#include "base/random.h"
#include "base/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED   77u
#define MODELS ST_SOURCE_DIR "/models"
#define FULL   ST_SOURCE_DIR "/test/determinism/full.yaml"
#define PLACES 32

/// The study with everything in it, with a twin arm.
static st_study* load(st_ctx* ctx)
{
    static const char arms[] = "\narms:\n";
    static const char twin[] =
        "  same:\n    inject: { product: saline, volume: 4 mL }\n    twin_of: everyone\n";
    st_study* study = NULL;
    char* plain = NULL;
    char* text;
    char* at;
    size_t length, head;

    assert_int_equal(st_file_read(ctx, FULL, 1 << 20, &plain, &length), ST_OK);
    at = strstr(plain, arms);
    assert_non_null(at);
    text = st_alloc(ctx, length + sizeof twin, 1);
    assert_non_null(text);
    head = (size_t)(at - plain) + sizeof arms - 1;
    memcpy(text, plain, head);
    memcpy(text + head, twin, sizeof twin - 1);
    memcpy(text + head + sizeof twin - 1, plain + head, length - head);
    if (st_study_parse(ctx, FULL, text, MODELS, &study) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    st_free(ctx, text);
    st_free(ctx, plain);
    return study;
}

/// Results of one person in one arm, at random: drop-out, failures, later treatment, gaps.
static void draw_stay(const st_study* study, int arm, int slot, int64_t order, st_stay* stay,
                      st_score* score)
{
    static const char* const steps[] = {"harvest", "culture", "needle", "joint"};
    const st_random_key key = {SEED, ST_STREAM_TEST, (uint64_t)order, (uint64_t)arm};
    const double end = study->visit[study->visit_count - 1].day;
    int seen = study->visit_count;

    *stay = (st_stay){.arm = arm,
                      .slot = slot,
                      .is_failed = st_random_uniform(&key, 0) < 0.03,
                      .left_day = INFINITY,
                      .protocol_day = INFINITY};
    if (st_random_uniform(&key, 1) < 0.2) {
        seen = 1 + (int)(st_random_uniform(&key, 2) * (study->visit_count - 1));
        stay->left_day = study->visit[seen].day - 0.5;
    }
    if (st_random_uniform(&key, 3) < 0.2) {
        stay->later[stay->later_count++] =
            (st_later_event){.kind = ST_LATER_RESCUE, .day = end * st_random_uniform(&key, 4)};
        stay->protocol_day = stay->later[0].day;
    }
    stay->step_count = (int)(st_random_uniform(&key, 5) * 5.0);
    for (int k = 0; k < stay->step_count; ++k) {
        stay->step[k] =
            (st_dose_step){.name = steps[k],
                           .cells = floor(1e8 * st_random_uniform(&key, 20 + (uint64_t)k)),
                           .volume_mL = 4.0,
                           .day = -(double)k};
    }
    stay->event_bits = st_random_bits(&key, 6) & 3u;
    for (int m = 0; m < study->measure_count; ++m) {
        for (int v = 0; v < study->visit_count; ++v) {
            const uint64_t at = 100 + (uint64_t)(m * study->visit_count + v) * 8;
            st_score* s = &score[m * study->visit_count + v];
            s->untreated = 55.0 + 20.0 * st_random_normal(&key, at);
            s->sham = s->untreated - 3.0;
            s->planned = s->sham;
            s->first = s->sham - (arm == 1 ? 1.0 : 4.0) * v;
            s->value = s->first - st_random_uniform(&key, at + 1);
            s->measured = v < seen ? floor(s->value + 9.0 * st_random_normal(&key, at + 2)) : NAN;
            s->analysed = st_random_uniform(&key, at + 3) < 0.05 ? NAN : s->measured;
            if (stay->is_failed) {
                *s = (st_score){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
            }
        }
    }
}

/// Rows as text, doubles to the last bit.
static st_status take_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    st_text* t = self;

    (void)ctx;
    if (kind == ST_ROW_OUTCOME) {
        const st_outcome_row* r = row;
        st_text_addf(t, "outcome %d %d %d %d %a %a %a %a %a %a %a %a %a %a %a %a\n", r->arm,
                     r->measure, r->visit, r->n, r->mean, r->sd, r->q25, r->q50, r->q75, r->change,
                     r->change_sd, r->change_lo, r->change_hi, r->responders, r->responders_lo,
                     r->responders_hi);
    } else if (kind == ST_ROW_CONTRAST) {
        const st_contrast_row* r = row;
        st_text_addf(t, "contrast %d %d %d %d %s %a %a %a %a\n", r->arm, r->versus, r->measure,
                     r->visit, r->method, r->difference, r->lo, r->hi, r->p);
    } else if (kind == ST_ROW_ANALYSIS) {
        const st_analysis_row* r = row;
        st_text_addf(t, "analysis %d %d %d %d %s %a %a %a %a\n", r->arm, r->versus, r->measure,
                     r->visit, r->method, r->estimate, r->lo, r->hi, r->p);
    } else if (kind == ST_ROW_SURVIVAL) {
        const st_survival_row* r = row;
        st_text_addf(t, "survival %d %s %a %a %a %a %lld %lld\n", r->arm, r->event, r->day,
                     r->share, r->lo, r->hi, (long long)r->at_risk, (long long)r->events);
    } else if (kind == ST_ROW_SPLIT) {
        const st_split_row* r = row;
        st_text_addf(t, "split %d %d %d %s %a %a %a\n", r->arm, r->measure, r->visit, r->part,
                     r->mean, r->lo, r->hi);
    } else if (kind == ST_ROW_DOSE_STEP) {
        const st_dose_step_row* r = row;
        st_text_addf(t, "step %d %d %s %a %a %a %a %a\n", r->arm, r->step, r->name, r->day,
                     r->volume_mL, r->q05, r->q50, r->q95);
    } else if (kind == ST_ROW_EVENT) {
        const st_event_row* r = row;
        st_text_addf(t, "event %d %s %d %a\n", r->arm, r->name, r->count, r->per_10000);
    }
    return ST_OK;
}

/// Fills a tally with the people of the whole study.
static st_tally* fill(st_ctx* ctx, const st_study* study, int block)
{
    const size_t planes = (size_t)study->measure_count * (size_t)study->visit_count;
    int taken[ST_ARM_LIMIT] = {0};
    st_tally* tally = NULL;
    st_score score[PLACES];
    st_stay stay;
    int64_t order = 0;

    assert_true(planes <= PLACES);
    assert_int_equal(st_tally_create(ctx, study, NULL, block, &tally), ST_OK);
    for (int arm = 0; order < study->people_count; arm = (arm + 1) % study->arm_count) {
        if (study->arm[arm].info.is_twin || taken[arm] == study->arm[arm].info.size) {
            continue;
        }
        draw_stay(study, arm, taken[arm]++, order, &stay, score);
        assert_int_equal(st_tally_add(tally, order, &stay, score), ST_OK);
        draw_stay(study, 0, (int)order, order, &stay, score); // the twin arm is the first
        assert_int_equal(st_tally_add(tally, order, &stay, score), ST_OK);
        ++order;
    }
    return tally;
}

static char* rows_with(st_ctx* ctx, const st_study* study, int block, int64_t* spilled)
{
    st_stay_events events[ST_ARM_LIMIT] = {0};
    st_tally* tally = fill(ctx, study, block);
    st_text text;
    const st_sink sink = {.self = &text, .row = take_row};

    st_text_init(&text, ctx);
    assert_int_equal(st_stay_list_events(ctx, study, events), ST_OK);
    assert_int_equal(st_analysis_dose_steps(ctx, tally, &sink), ST_OK);
    assert_int_equal(st_analysis_outcomes(ctx, tally, &sink), ST_OK);
    assert_int_equal(st_compare_contrasts(ctx, tally, &sink), ST_OK);
    assert_int_equal(st_compare_beside(ctx, tally, SEED, &sink), ST_OK);
    assert_int_equal(st_analysis_splits(ctx, tally, &sink), ST_OK);
    assert_int_equal(st_analysis_events(ctx, tally, events, &sink), ST_OK);
    assert_int_equal(tally->spill.status, ST_OK);
    *spilled = tally->spill.length;
    st_tally_destroy(ctx, tally);
    return text.data;
}

static void blocks_of_any_size_give_the_same_rows(void** state)
{
    static const int blocks[] = {1, 7, 64};
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx);
    int64_t spilled = 0;
    char* plain = rows_with(ctx, study, 100000, &spilled);

    (void)state;
    assert_int_equal(spilled, 0); // all in memory
    assert_non_null(strstr(plain, "analysis"));
    assert_non_null(strstr(plain, "survival"));
    assert_non_null(strstr(plain, "paired"));
    assert_non_null(strstr(plain, "jump to reference"));
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; ++i) {
        char* text = rows_with(ctx, study, blocks[i], &spilled);
        assert_true(spilled > 0);
        assert_string_equal(text, plain);
        st_free(ctx, text);
    }
    st_free(ctx, plain);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

/// The trial of rows_with() from plain arrays: one arm at one visit.
static void means_are_those_of_plain_arrays(void** state)
{
    enum { MOST = 1000, MEASURE = 0, VISIT = 3, ARM = 2 };
    static double now[MOST], change[MOST], other[MOST];
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx);
    const int at = MEASURE * study->visit_count + VISIT;
    st_score score[PLACES];
    st_stay stay;
    char wanted[256];
    int64_t spilled, order = 0;
    int taken[ST_ARM_LIMIT] = {0};
    int n = 0, pairs = 0;

    (void)state;
    for (int arm = 0; order < study->people_count; arm = (arm + 1) % study->arm_count) {
        if (study->arm[arm].info.is_twin || taken[arm] == study->arm[arm].info.size) {
            continue;
        }
        draw_stay(study, arm, taken[arm]++, order, &stay, score);
        if (arm == ARM && !isnan(score[at].measured)) {
            now[n] = score[at].measured;
            change[n++] = score[at].measured - score[at - VISIT].measured;
        }
        if (arm == ARM) {
            const double here = score[at].measured;
            draw_stay(study, 0, (int)order, order, &stay, score);
            other[pairs] = here - score[at].measured;
            pairs += !isnan(other[pairs]);
        }
        ++order;
    }
    assert_true(n > 30 && n < study->arm[ARM].info.size && pairs > 30);
    char* rows = rows_with(ctx, study, 7, &spilled);
    const st_interval moved = st_statistics_mean_interval(change, n);
    const double mean = st_statistics_mean(now, n);
    const double sd = st_statistics_sd(now, n);
    st_statistics_sort(now, n);
    snprintf(wanted, sizeof wanted, "outcome %d %d %d %d %a %a %a %a %a %a %a %a %a ", ARM, MEASURE,
             VISIT, n, mean, sd, st_statistics_quantile(now, n, 0.25),
             st_statistics_quantile(now, n, 0.5), st_statistics_quantile(now, n, 0.75), moved.mean,
             st_statistics_sd(change, n), moved.lo, moved.hi);
    assert_non_null(strstr(rows, wanted));
    const st_contrast c = st_statistics_paired(other, pairs);
    snprintf(wanted, sizeof wanted, "contrast %d 0 %d %d paired %a %a %a %a\n", ARM, MEASURE, VISIT,
             c.difference, c.lo, c.hi, c.p);
    assert_non_null(strstr(rows, wanted));
    st_free(ctx, rows);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void people_out_of_order_and_a_full_disk_are_refused(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = load(ctx);
    st_tally* tally = NULL;
    st_score score[PLACES];
    st_stay stay;
    st_status status = ST_OK;

    (void)state;
    assert_int_equal(st_tally_create(ctx, study, "/nowhere", 8, &tally), ST_OK);
    draw_stay(study, 0, 1, 1, &stay, score);
    assert_int_equal(st_tally_add(tally, 1, &stay, score), ST_ERR_FILE);
    for (int i = 0; i < 9 && status == ST_OK; ++i) {
        draw_stay(study, 0, i, i, &stay, score);
        status = st_tally_add(tally, i, &stay, score);
        assert_int_equal(status, i < 8 ? ST_OK : ST_ERR_FILE); // the first block must go to disk
    }
    assert_non_null(strstr(st_ctx_message(ctx, 1), "/nowhere: cannot make a temporary file"));
    st_tally_destroy(ctx, tally);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void entrants_come_back_in_any_piece(void** state)
{
    enum { PEOPLE = 3 * ST_ENTRANTS_BLOCK + 17 };
    static const int64_t piece[] = {1, 96, 5000, PEOPLE};
    st_ctx* ctx = st_ctx_create();
    st_entrants e;

    (void)state;
    assert_int_equal(st_entrants_init(ctx, NULL, &e), ST_OK);
    for (int i = 0; i < PEOPLE; ++i) {
        const st_entrant entrant = {.person = {.id = (uint64_t)i * 3}, .arm = i % 3, .slot = i / 3};
        assert_int_equal(st_entrants_add(&e, &entrant), ST_OK);
        if (i == ST_ENTRANTS_BLOCK + 5) { // reading in between changes nothing
            assert_int_equal(st_entrants_at(&e, i, 1)->person.id, (uint64_t)i * 3);
        }
    }
    for (size_t k = 0; k < sizeof piece / sizeof piece[0]; ++k) {
        for (int64_t i = 0; i < PEOPLE; i += piece[k]) {
            const int64_t count = PEOPLE - i < piece[k] ? PEOPLE - i : piece[k];
            const st_entrant* found = st_entrants_at(&e, i, count);
            assert_non_null(found);
            for (int64_t j = 0; j < count; ++j) {
                assert_int_equal(found[j].person.id, (uint64_t)(i + j) * 3);
                assert_int_equal(found[j].slot, (i + j) / 3);
            }
        }
    }
    st_entrants_clear(&e);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_any_size_give_the_same_rows),
        cmocka_unit_test(means_are_those_of_plain_arrays),
        cmocka_unit_test(people_out_of_order_and_a_full_disk_are_refused),
        cmocka_unit_test(entrants_come_back_in_any_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
