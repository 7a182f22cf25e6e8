// What one value does to the primary contrast, held against a joint in which that is known.
// [TRI-50]
#include "influence.h"

#include "base/base.h"
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
#define STUDY  ST_SOURCE_DIR "/test/influence/study.yaml"
#define LIMIT  32

typedef struct rows {
    st_influence_row row[LIMIT];
    char name[LIMIT][64];
    int count;
} rows;

static st_status take_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    rows* r = self;

    (void)ctx;
    if (kind == ST_ROW_INFLUENCE) {
        assert_true(r->count < LIMIT);
        r->row[r->count] = *(const st_influence_row*)row;
        snprintf(r->name[r->count], sizeof r->name[0], "%s", r->row[r->count].name);
        ++r->count;
    }
    return ST_OK;
}

/// The study with `line` in place of its line about influence.
static st_study* load(st_ctx* ctx, const char* line, st_status* status)
{
    char* text = NULL;
    size_t length = 0;
    char changed[4096];
    st_study* study = NULL;

    assert_int_equal(st_file_read(ctx, STUDY, 1 << 20, &text, &length), ST_OK);
    char* at = strstr(text, "influence: ");
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, line, strchr(at, '\n'));
    st_free(ctx, text);
    *status = st_study_parse(ctx, STUDY, changed, MODELS, &study);
    return study;
}

static rows run(const char* line, int workers)
{
    rows r = {.count = 0};
    st_ctx* ctx = st_ctx_create();
    const st_sink sink = {.self = &r, .row = take_row};
    st_trial_def def = st_default_trial_def();
    st_trial_summary summary;
    st_status status;
    st_study* study = load(ctx, line, &status);

    def.worker_count = workers;
    if (status != ST_OK || st_study_run(ctx, study, &def, &sink, &summary) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    return r;
}

static const st_influence_row* find(const rows* r, const char* origin, const char* name)
{
    for (int i = 0; i < r->count; ++i) {
        if (strcmp(r->row[i].origin, origin) == 0 && strcmp(r->name[i], name) == 0) {
            return &r->row[i];
        }
    }
    fail_msg("no row for %s %s", origin, name);
    return NULL;
}

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-6 * (1.0 + fabs(expected)))) {
        fail_msg("found %.9g, expected %.9g", found, expected);
    }
}

// Relief = gain * level / reference; everybody's own gain is multiplied alike.
static void values_move_the_contrast_as_on_paper(void** state)
{
    const rows r = run("influence: 40 people", 2);
    const st_influence_row* gain = find(&r, "model", "gain");
    const double usual = gain->product;

    (void)state;
    assert_int_equal(r.count, 7); // five values, the level at the start, one class of the dose
    assert_int_equal(gain->people, 40);
    assert_int_equal(gain->arm, 1);
    assert_int_equal(gain->versus, 0);
    assert_true(usual < -0.5);
    assert_near(gain->product_lo, usual / 1.5);
    assert_near(gain->product_hi, usual * 1.5);
    assert_near(gain->value_lo, 5.0 / 1.5);
    assert_near(gain->value_hi, 7.5);
    assert_near(find(&r, "model", "reference")->product_hi, usual / 1.5);
    assert_near(find(&r, "model", "fluid_volume")->product_lo, usual * 1.5);
    assert_near(find(&r, "dose", "hyaluronan")->product_hi, usual * 1.5);
    assert_near(find(&r, "dose", "hyaluronan")->product_lo, usual / 1.5);
    assert_near(find(&r, "model", "idle")->product_lo, usual);
    assert_near(find(&r, "model", "idle")->contrast_hi, gain->contrast);
}

// What people know is part of the contrast, and no part of the product: one arm is blinded.
static void context_moves_the_contrast_alone(void** state)
{
    const rows r = run("influence: 40 people", 1);
    const st_influence_row* step = find(&r, "model", "step");

    (void)state;
    assert_near(step->product_lo, step->product);
    assert_near(step->product_hi, step->product);
    // Suggestion is 1 when blinded and 2 when open: one point more each makes one point more.
    assert_near(step->contrast_hi - step->contrast, -1.0);
    assert_near(step->contrast_lo - step->contrast, 1.0);
}

static void threads_change_nothing(void** state)
{
    const rows one = run("influence: 40 people", 1);

    (void)state;
    for (int workers = 2; workers <= 8; workers += 3) {
        const rows more = run("influence: 40 people", workers);
        assert_int_equal(more.count, one.count);
        for (int i = 0; i < one.count; ++i) {
            assert_memory_equal(&more.row[i].contrast, &one.row[i].contrast, 6 * sizeof(double));
        }
    }
}

static void panel_is_as_large_as_asked_for(void** state)
{
    (void)state;
    assert_int_equal(run("influence: off", 1).count, 0);
    assert_int_equal(run("influence: 5 people", 1).row[0].people, 5);
    assert_int_equal(run("influence: 4000 people", 1).row[0].people, 80); // all there are
    // Without the key: no more courses than the trial (80 x 3), but at least 16 people.
    assert_int_equal(run("# no key", 1).row[0].people, 16);
}

static void mistakes_are_named(void** state)
{
    static const char* const wrong[] = {"influence: 1 people",   "influence: 2.5 people",
                                        "influence: 64",         "influence: nan people",
                                        "influence: 1e9 people", "influence: on"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        st_ctx* ctx = st_ctx_create();
        st_status status;
        st_study* study = load(ctx, wrong[i], &status);
        assert_int_equal(status, ST_ERR_INPUT);
        assert_null(study);
        assert_non_null(strstr(st_ctx_message(ctx, 0), "expected 'off' or '2 people'"));
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_move_the_contrast_as_on_paper),
        cmocka_unit_test(context_moves_the_contrast_alone),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(panel_is_as_large_as_asked_for),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
