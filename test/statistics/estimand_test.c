// Rescue medicine under two estimands, against the answer that only a simulation knows: the same
// people without the medicine.                                                          [TRI-34]
#include "stroma/trial.h"

#include "trial/study.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODELS ST_SOURCE_DIR "/models"
#define RUNS   150
#define VISIT  3 ///< of the primary endpoint

/// What one trial said, and what was true in it.
typedef struct trial {
    int rescued[2];
    double part[2];        ///< context and product by arm: the mean change that is treatment
    double mixed, present; ///< differences: mixed model, people without rescue alone
} trial;

static st_status take_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    trial* t = self;

    (void)ctx;
    if (kind == ST_ROW_LATER) {
        t->rescued[((const st_later_row*)row)->arm] += 1;
    } else if (kind == ST_ROW_SPLIT) {
        const st_split_row* s = row;
        if (s->visit == VISIT &&
            (strcmp(s->part, "context and procedure") == 0 || strcmp(s->part, "product") == 0)) {
            t->part[s->arm] += s->mean;
        }
    } else if (kind == ST_ROW_CONTRAST) {
        const st_contrast_row* c = row;
        t->mixed = c->visit == VISIT && c->arm == 1 ? c->difference : t->mixed;
    } else if (kind == ST_ROW_ANALYSIS) {
        const st_analysis_row* a = row;
        t->present =
            strcmp(a->method, "ancova") == 0 && a->visit == VISIT ? a->estimate : t->present;
    }
    return ST_OK;
}

static trial run(st_ctx* ctx, const st_study* study, uint64_t seed)
{
    trial t = {.mixed = NAN, .present = NAN};
    const st_sink sink = {.self = &t, .row = take_row};
    st_trial_def def = st_default_trial_def();

    def.worker_count = 2;
    def.has_seed = true;
    def.seed = seed;
    if (st_study_run(ctx, study, &def, &sink, NULL) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    return t;
}

typedef struct moments {
    double sum, square;
} moments;

static void add(moments* m, double x)
{
    m->sum += x;
    m->square += x * x;
}

/// Mean and its standard error over the trials.
static double mean_of(const moments* m, double* error)
{
    const double mean = m->sum / RUNS;

    *error = sqrt((m->square / RUNS - mean * mean) / (RUNS - 1));
    return mean;
}

static void estimands_are_what_they_say(void** state)
{
    static const char text[] =
        "study: T\nmodel: ./rescued.yaml\npeople: { from: oai-symptomatic, entry: { vas_pain: "
        "\">= 40 vas\" } }\nblinding: double\narms:\n"
        "  saline: { n: 120, inject: { product: saline, volume: 4 mL, guided_by: ultrasound } }\n"
        "  cells:\n    n: 120\n    pathway:\n"
        "      - harvest: { source: marrow, site: posterior crest, draws: 8 x 5 mL, syringe: 10 "
        "mL, "
        "anaesthesia: local }\n"
        "      - expand: { until: 1e8 cells, medium: platelet lysate, tries: 3 }\n"
        "      - inject: { volume: 4 mL, guided_by: ultrasound }\n"
        "visits: 0, 2, 4, 6 weeks\nmeasure: [vas_pain]\nseed: 1\n"
        "rescue: { when: { vas_pain: \">= 45 vas\" }, set: { analgesic: 1 }, estimand: %s }\n"
        "primary: { change: vas_pain, at: 6 weeks, versus: saline, analysis: mmrm, also: [ancova] "
        "}\ninfluence: off\n";
    static const char* const estimand[] = {"treatment policy", "hypothetical"};
    st_ctx* ctx = st_ctx_create();
    moments truth = {0}, mixed[2] = {{0}}, present = {0};
    double error, bias;
    int rescued[2] = {0};

    (void)state;
    for (int e = 0; e < 2; ++e) {
        char study_text[4096];
        st_study* study = NULL;
        snprintf(study_text, sizeof study_text, text, estimand[e]);
        if (st_study_parse(ctx, ST_SOURCE_DIR "/test/determinism/t.yaml", study_text, MODELS,
                           &study) != ST_OK) {
            fail_msg("%s", st_ctx_message(ctx, 0));
        }
        for (uint64_t seed = 1; seed <= RUNS; ++seed) {
            const trial t = run(ctx, study, seed);
            const double without = t.part[1] - t.part[0];
            add(&mixed[e], t.mixed - without);
            if (e == 1) {
                add(&truth, without);
                add(&present, t.present - without);
                rescued[0] += t.rescued[0];
                rescued[1] += t.rescued[1];
            }
        }
        st_study_destroy(study);
    }
    print_message("seeds 1 to %d: rescued %.0f and %.0f of 120; without rescue cells make %.2f\n",
                  RUNS, (double)rescued[0] / RUNS, (double)rescued[1] / RUNS,
                  mean_of(&truth, &error));
    assert_true(rescued[0] > rescued[1] + 10 * RUNS);
    bias = mean_of(&mixed[0], &error);
    print_message("treatment policy, mixed model: %+.2f +- %.2f from that\n", bias, error);
    // More medicine in the saline arm hides a part of what the cells do.
    assert_true(bias > 3.0 * error && bias > 0.5);
    bias = mean_of(&present, &error);
    print_message("hypothetical, people without rescue alone: %+.2f +- %.2f\n", bias, error);
    assert_true(bias > 3.0 * error && bias > 0.5);
    // What sets rescue off has been seen: the mixed model is right about what would have been.
    bias = mean_of(&mixed[1], &error);
    print_message("hypothetical, mixed model: %+.2f +- %.2f\n", bias, error);
    assert_true(fabs(bias) < 3.5 * error && error < 0.6);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimands_are_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
