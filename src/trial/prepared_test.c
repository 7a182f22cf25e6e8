// From harvest to joint in a small trial whose spins are computed as physics.
#include "prepared.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODELS ST_SOURCE_DIR "/models"
#define NAME   ST_SOURCE_DIR "/test/influence/plasma.yaml"
#define LIMIT  200

static const char text[] =
    "study: Plasma in two spins\n"
    "model: knee-oa\n"
    "people: { from: oai-symptomatic, entry: { age: 50..80 y } }\n"
    "arms:\n"
    "  saline: { n: 4, inject: { product: saline, volume: 0.5 mL } }\n"
    "  plasma:\n"
    "    n: 4\n"
    "    pathway:\n"
    "      - harvest: { source: blood, volume: 3.15 mL, anticoagulant: 0.35 mL }\n"
    "      - spin: { tube: 3.5 mL tube, field: 100 xg, time: 10 min, brake: soft, keep: plasma +- "
    "0.5 mm, margin: 2 mm, detail: physics }\n"
    "      - spin: { tube: 3.5 mL tube, field: 400 xg, time: 10 min, brake: soft, keep: lower "
    "part, "
    "volume: 33.3 %, detail: physics }\n"
    "      - inject: { needle: 20 G, volume: 0.5 mL }\n"
    "blinding: open\n"
    "visits: 0, 1 months\n"
    "measure: [vas_pain]\n"
    "primary: { change: vas_pain, at: 1 months, versus: saline }\n"
    "influence: off\n"
    "seed: 5\n";

typedef struct rows {
    st_prepared_row prepared[LIMIT];
    char name[LIMIT][48];
    int prepared_count;
    st_tube_row tube[LIMIT];
    double filled[LIMIT][3]; ///< mean share of red cells, platelets, white cells
    int tube_count;
} rows;

static double mean_share(const double* share)
{
    double sum = 0.0;

    for (int h = 0; h < ST_PICTURE_HEIGHTS; ++h) {
        assert_true(share[h] >= -1e-9 && share[h] <= 1.0 + 1e-9);
        sum += share[h];
    }
    return sum / ST_PICTURE_HEIGHTS;
}

static st_status take_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    rows* r = self;

    (void)ctx;
    if (kind == ST_ROW_PREPARED) {
        assert_true(r->prepared_count < LIMIT);
        r->prepared[r->prepared_count] = *(const st_prepared_row*)row;
        snprintf(r->name[r->prepared_count], sizeof r->name[0], "%s",
                 r->prepared[r->prepared_count].name);
        ++r->prepared_count;
    }
    if (kind == ST_ROW_TUBE) {
        st_tube_row* tube = &r->tube[r->tube_count];
        assert_true(r->tube_count < LIMIT);
        *tube = *(const st_tube_row*)row;
        r->filled[r->tube_count][0] = mean_share(tube->red);
        r->filled[r->tube_count][1] = mean_share(tube->platelet);
        r->filled[r->tube_count][2] = mean_share(tube->white);
        ++r->tube_count;
    }
    return ST_OK;
}

static rows* run(int workers)
{
    rows* r = calloc(1, sizeof *r);
    st_ctx* ctx = st_ctx_create();
    const st_sink sink = {.self = r, .row = take_row};
    st_trial_def def = st_default_trial_def();
    st_trial_summary summary;
    st_study* study = NULL;

    assert_non_null(r);
    def.worker_count = workers;
    if (st_study_parse(ctx, NAME, text, MODELS, &study) != ST_OK ||
        st_study_run(ctx, study, &def, &sink, &summary) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    return r;
}

static int set_up(void** state)
{
    *state = run(1);
    return 0;
}

static int tear_down(void** state)
{
    free(*state);
    return 0;
}

static void tubes_clear_from_the_top(void** state)
{
    const rows* r = *state;

    assert_int_equal(r->tube_count, 2 * ST_PICTURE_TIMES);
    for (int i = 0; i < r->tube_count; ++i) {
        const st_tube_row* t = &r->tube[i];
        assert_int_equal(t->arm, 1);
        assert_int_equal(t->spin, i / ST_PICTURE_TIMES);
        assert_int_equal(t->step, i % ST_PICTURE_TIMES);
        assert_true(t->height_mm > 5.0 && t->height_mm < 100.0);
        if (t->step > 0) {
            assert_true(t->time_s > r->tube[i - 1].time_s);
        }
    }
    // Red cells of the first spin go down, and none is lost: the tube is nearly a cylinder.
    const int last = ST_PICTURE_TIMES - 1;
    assert_true(r->tube[last].interface_mm < 0.9 * r->tube[0].height_mm);
    assert_true(r->filled[0][0] > 0.2);
    assert_true(fabs(r->filled[last][0] / r->filled[0][0] - 1.0) < 0.25);
}

static void quantities_have_people_and_bands(void** state)
{
    const rows* r = *state;
    int recovery = 0;

    for (int i = 0; i < r->prepared_count; ++i) {
        const st_prepared_row* p = &r->prepared[i];
        assert_int_equal(p->arm, 1); // saline is ready-made
        assert_int_equal(p->position, i);
        assert_true(p->people >= 0 && p->people <= 4);
        assert_true(p->people == 0 || (p->q05 <= p->q50 && p->q50 <= p->q95));
        assert_true(isnan(p->band_lo) == (p->source == NULL));
        if (strcmp(r->name[i], "platelet_recovery") == 0) {
            assert_true(p->band_hi > p->band_lo);
            assert_true(p->q50 > 10.0 && p->q50 < 100.0 && p->middle > 10.0);
            ++recovery;
        }
    }
    assert_int_equal(recovery, 2); // two protocols were measured
}

static void threads_change_nothing(void** state)
{
    const rows* one = *state;
    rows* three = run(3);

    assert_int_equal(one->prepared_count, three->prepared_count);
    for (int i = 0; i < one->prepared_count; ++i) {
        assert_memory_equal(&one->prepared[i].q05, &three->prepared[i].q05, 3 * sizeof(double));
        assert_memory_equal(&one->prepared[i].middle, &three->prepared[i].middle, sizeof(double));
    }
    assert_memory_equal(one->filled, three->filled, sizeof one->filled);
    free(three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tubes_clear_from_the_top),
        cmocka_unit_test(quantities_have_people_and_bands),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
