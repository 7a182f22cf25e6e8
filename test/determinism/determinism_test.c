// The same study gives the same rows, bit by bit, for any number of workers.
#include "stroma/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <xxhash.h>

#include <cmocka.h>

#define MODELS  ST_SOURCE_DIR "/models"
#define STUDIES ST_SOURCE_DIR "/test/determinism/"

/// Hashes every row in the order in which it arrives, field by field: structs have gaps.
typedef struct hasher {
    XXH3_state_t* state;
    int64_t rows[ST_ROW_SURVIVAL + 1];
    int64_t begins, ends;
} hasher;

static void add_number(hasher* h, double x)
{
    XXH3_64bits_update(h->state, &x, sizeof x);
}

static void add_numbers(hasher* h, const double* x, int count)
{
    XXH3_64bits_update(h->state, x, (size_t)count * sizeof *x);
}

static void add_integer(hasher* h, int64_t x)
{
    XXH3_64bits_update(h->state, &x, sizeof x);
}

static void add_text(hasher* h, const char* text)
{
    XXH3_64bits_update(h->state, text, strlen(text) + 1);
}

static void add_person(hasher* h, const st_person_row* r)
{
    add_integer(h, r->arm);
    add_integer(h, (int64_t)r->person->id);
    add_numbers(h, r->person->value, ST_ATTRIBUTE_COUNT);
    add_number(h, r->left_day);
    add_text(h, r->left_reason);
    add_number(h, r->dose_cells);
    add_integer(h, r->is_placed);
}

static void add_reading(hasher* h, const st_reading_row* r)
{
    add_integer(h, r->arm);
    add_integer(h, (int64_t)r->person);
    add_integer(h, r->visit);
    add_integer(h, r->measure);
    add_number(h, r->measured);
    add_number(h, r->value);
    add_number(h, r->sham);
    add_number(h, r->untreated);
}

static void add_dose_step(hasher* h, const st_dose_step_row* r)
{
    add_integer(h, r->arm);
    add_integer(h, r->step);
    add_text(h, r->name);
    add_numbers(h, (double[]){r->day, r->volume_mL, r->q05, r->q50, r->q95}, 5);
}

static void add_course(hasher* h, const st_course_row* r)
{
    add_integer(h, r->arm);
    add_text(h, r->name);
    add_text(h, r->unit);
    add_numbers(h, (double[]){r->day, r->mean, r->q05, r->q25, r->q50, r->q75, r->q95}, 7);
}

static void add_outcome(hasher* h, const st_outcome_row* r)
{
    add_integer(h, r->arm);
    add_integer(h, r->measure);
    add_integer(h, r->visit);
    add_integer(h, r->n);
    add_numbers(h,
                (double[]){r->mean, r->sd, r->q25, r->q50, r->q75, r->change, r->change_sd,
                           r->change_lo, r->change_hi, r->responders, r->responders_lo,
                           r->responders_hi},
                12);
}

static void add_contrast(hasher* h, const st_contrast_row* r)
{
    add_integer(h, r->arm);
    add_integer(h, r->versus);
    add_integer(h, r->measure);
    add_integer(h, r->visit);
    add_text(h, r->method);
    add_numbers(h, (double[]){r->difference, r->lo, r->hi, r->p}, 4);
}

static void add_split(hasher* h, const st_split_row* r)
{
    add_integer(h, r->arm);
    add_integer(h, r->measure);
    add_integer(h, r->visit);
    add_text(h, r->part);
    add_numbers(h, (double[]){r->mean, r->lo, r->hi}, 3);
}

static void add_event(hasher* h, const st_event_row* r)
{
    add_integer(h, r->arm);
    add_text(h, r->name);
    add_integer(h, r->count);
    add_numbers(h, (double[]){r->per_10000, r->lo, r->hi}, 3);
}

static void add_person_event(hasher* h, const st_person_event_row* r)
{
    add_integer(h, r->arm);
    add_integer(h, (int64_t)r->person);
    add_text(h, r->name);
}

static st_status take_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    hasher* h = self;

    (void)ctx;
    add_integer(h, kind);
    ++h->rows[kind];
    switch (kind) {
    case ST_ROW_PERSON:
        add_person(h, row);
        break;
    case ST_ROW_READING:
        add_reading(h, row);
        break;
    case ST_ROW_DOSE_STEP:
        add_dose_step(h, row);
        break;
    case ST_ROW_COURSE:
        add_course(h, row);
        break;
    case ST_ROW_OUTCOME:
        add_outcome(h, row);
        break;
    case ST_ROW_CONTRAST:
        add_contrast(h, row);
        break;
    case ST_ROW_SPLIT:
        add_split(h, row);
        break;
    case ST_ROW_EVENT:
        add_event(h, row);
        break;
    case ST_ROW_ADHERENCE: {
        const st_adherence_row* r = row;
        add_integer(h, r->arm);
        add_integer(h, (int64_t)r->person);
        add_integer(h, r->plan);
        add_text(h, r->title);
        add_number(h, r->share);
        break;
    }
    case ST_ROW_LATER: {
        const st_later_row* r = row;
        add_integer(h, r->arm);
        add_integer(h, (int64_t)r->person);
        add_text(h, r->name);
        add_text(h, r->estimand);
        add_number(h, r->day);
        break;
    }
    case ST_ROW_INFLUENCE: {
        const st_influence_row* r = row;
        add_text(h, r->origin);
        add_integer(h, r->position);
        add_numbers(h,
                    (double[]){r->contrast, r->contrast_lo, r->contrast_hi, r->product,
                               r->product_lo, r->product_hi},
                    6);
        break;
    }
    case ST_ROW_PREPARED: {
        const st_prepared_row* r = row;
        add_integer(h, r->arm);
        add_text(h, r->name);
        add_numbers(h, (double[]){r->middle, r->q05, r->q50, r->q95}, 4);
        break;
    }
    case ST_ROW_TUBE: {
        const st_tube_row* r = row;
        add_numbers(h, (double[]){r->time_s, r->interface_mm}, 2);
        add_numbers(h, r->red, ST_PICTURE_HEIGHTS);
        break;
    }
    case ST_ROW_ANALYSIS: {
        const st_analysis_row* r = row;
        add_integer(h, r->arm);
        add_integer(h, r->versus);
        add_integer(h, r->measure);
        add_integer(h, r->visit);
        add_text(h, r->method);
        add_numbers(h, (double[]){r->estimate, r->lo, r->hi, r->p}, 4);
        break;
    }
    case ST_ROW_RESPONDER: {
        const st_responder_row* r = row;
        add_integer(h, r->arm);
        add_integer(h, r->versus);
        add_integer(h, r->visit);
        add_text(h, r->name);
        add_text(h, r->rule);
        add_integer(h, r->n);
        add_integer(h, r->responders);
        add_numbers(h, (double[]){r->share, r->lo, r->hi, r->difference, r->diff_lo, r->diff_hi},
                    6);
        break;
    }
    case ST_ROW_SURVIVAL: {
        const st_survival_row* r = row;
        add_integer(h, r->arm);
        add_text(h, r->event);
        add_numbers(h, (double[]){r->day, r->share, r->lo, r->hi}, 4);
        add_integer(h, r->at_risk);
        break;
    }
    case ST_ROW_PERSON_EVENT:
        add_person_event(h, row);
        break;
    case ST_ROW_SCREENING:
        add_text(h, ((const st_screening_row*)row)->reason);
        add_integer(h, ((const st_screening_row*)row)->count);
        break;
    case ST_ROW_FAILURE:
        add_integer(h, (int64_t)((const st_failure_row*)row)->person);
        add_text(h, ((const st_failure_row*)row)->message);
        break;
    }
    return ST_OK;
}

static st_status take_begin(void* self, st_ctx* ctx, const st_study* study)
{
    hasher* h = self;

    (void)ctx;
    (void)study;
    h->begins += 1;
    return ST_OK;
}

static st_status take_end(void* self, st_ctx* ctx)
{
    hasher* h = self;

    (void)ctx;
    h->ends += 1;
    return ST_OK;
}

/// Runs the small study and gives the hash of all rows.
static uint64_t run_small(const st_study* study, st_ctx* ctx, int workers, uint64_t seed, hasher* h)
{
    const st_sink sink = {.self = h, .begin = take_begin, .row = take_row, .end = take_end};
    st_trial_def def = st_default_trial_def();
    st_trial_summary summary;
    const size_t before = st_ctx_bytes_in_use(ctx);
    st_status status;
    uint64_t hash;

    *h = (hasher){.state = XXH3_createState()};
    assert_non_null(h->state);
    XXH3_64bits_reset(h->state);
    def.worker_count = workers;
    def.has_seed = seed != 0;
    def.seed = seed;
    status = st_study_run(ctx, study, &def, &sink, &summary);
    if (status != ST_OK) {
        print_error("%s: %s\n", st_status_name(status), st_ctx_message(ctx, 0));
    }
    assert_int_equal(status, ST_OK);
    assert_int_equal(summary.people, 180);
    assert_int_equal(summary.failed, 0);
    assert_int_equal(h->begins, 1);
    assert_int_equal(h->ends, 1);
    assert_int_equal(st_ctx_bytes_in_use(ctx), before);
    hash = XXH3_64bits_digest(h->state);
    XXH3_freeState(h->state);
    return hash;
}

/// A study that is to give the same rows for any number of workers.
typedef struct trial {
    st_ctx* ctx;
    st_study* study;
    uint64_t hash; ///< of all rows
    hasher rows;
} trial;

static trial run_for_all_workers(const char* path)
{
    static const int workers[] = {1, 2, 3, 8};
    trial t = {.ctx = st_ctx_create()};

    assert_non_null(t.ctx);
    if (st_study_load(t.ctx, path, MODELS, &t.study) != ST_OK) {
        fail_msg("%s", st_ctx_message(t.ctx, 0));
    }
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; ++i) {
        const uint64_t hash = run_small(t.study, t.ctx, workers[i], 0, &t.rows);
        print_message("%d workers: %016llx\n", workers[i], (unsigned long long)hash);
        t.hash = i == 0 ? hash : t.hash;
        assert_true(hash == t.hash);
    }
    return t;
}

static void finish(trial* t)
{
    st_study_destroy(t->study);
    assert_int_equal(st_ctx_bytes_in_use(t->ctx), 0);
    st_ctx_destroy(t->ctx);
}

static void test_workers_change_nothing(void** state)
{
    trial t = run_for_all_workers(STUDIES "small.yaml");
    hasher other;

    (void)state;
    // 180 people in their own arm and in the twin arm, 2 measures at 5 visits.
    assert_int_equal(t.rows.rows[ST_ROW_PERSON], 360);
    assert_int_equal(t.rows.rows[ST_ROW_READING], 3600);
    assert_int_equal(t.rows.rows[ST_ROW_OUTCOME], 2 * 5 * 4);
    assert_int_equal(t.rows.rows[ST_ROW_SPLIT], 2 * 4 * 4 * 5);
    // Two arms against the control, three against their twins.
    assert_int_equal(t.rows.rows[ST_ROW_CONTRAST], 2 * 4 * (2 + 3));
    // The file's seed, given by hand, is the same seed; another one is another trial.
    assert_true(run_small(t.study, t.ctx, 2, 77, &other) == t.hash);
    assert_true(run_small(t.study, t.ctx, 2, 78, &other) != t.hash);
    finish(&t);
}

// A study that uses every feature of the trial room at once.                        [TRI-30 ...
// TRI-35]
static void test_workers_change_nothing_in_a_full_trial(void** state)
{
    trial t = run_for_all_workers(STUDIES "full.yaml");

    (void)state;
    assert_true(t.rows.rows[ST_ROW_LATER] > 50);
    assert_true(t.rows.rows[ST_ROW_ANALYSIS] > 50);
    assert_true(t.rows.rows[ST_ROW_SURVIVAL] > 20);
    finish(&t);
}

// Plans of care, arms without injections, criteria of candidacy.              [TRI-38, TRI-39,
// PAT-7, PAT-8]
static void test_workers_change_nothing_in_care(void** state)
{
    trial t = run_for_all_workers(STUDIES "care.yaml");

    (void)state;
    assert_true(t.rows.rows[ST_ROW_LATER] > 20);
    assert_true(t.rows.rows[ST_ROW_ADHERENCE] > 100);
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_change_nothing),
        cmocka_unit_test(test_workers_change_nothing_in_a_full_trial),
        cmocka_unit_test(test_workers_change_nothing_in_care)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
