/// \file
/// For tests of this room only: a run of realistic size over a fake study, with its statistics.
#ifndef ST_REPORT_FAKE_RUN_H
#define ST_REPORT_FAKE_RUN_H

#include "report/fake_study.h"

static void fake_put(st_ctx* ctx, const st_sink* sink, st_row_kind kind, const void* row,
                     st_status* status)
{
    if (*status == ST_OK) {
        *status = sink->row(sink->self, ctx, kind, row);
    }
}

typedef struct fake_scores {
    int n;
    double sum, sum2, change_sum, change_sum2, part[4], part2[4], better;
} fake_scores;

// Mean of the product's part over time: a peak at 6 to 12 months.
static double fake_course(int visit)
{
    static const double share[FAKE_VISIT_COUNT] = {0, 0.6, 1, 1, 0.7};
    return share[visit];
}

static double fake_draw(uint64_t arm, uint64_t person, uint64_t step, uint64_t draw)
{
    const st_random_key key = {
        .seed = 7, .stream = ST_STREAM_TEST, .id = arm * 100000 + person, .step = step};
    return st_random_normal(&key, draw);
}

static void fake_reading(const st_study* study, int arm, uint64_t p, int visit, int measure,
                         double left_day, st_reading_row* r)
{
    static const double scale[FAKE_MEASURES] = {1, 0.5, -0.004};
    const double level[FAKE_MEASURES] = {58, 30, 1.75};
    const double k = scale[measure];
    const double person = fake_draw((uint64_t)arm, p, 100, (uint64_t)measure);
    const double base = level[measure] + k * 14.0 * person;
    const double noise = fake_instrument[measure].noise_sd *
                         fake_draw((uint64_t)arm, p, (uint64_t)visit, (uint64_t)measure + 1);
    const double course = visit == 0 ? 0.0 : k * -1.0 * fake_visit[visit].month / 12.0;
    const double context = visit == 0 ? 0.0 : k * (-8.0 - (study->arm[arm].has_cells ? 3.0 : 0.0));
    const double product = k * study->effect[arm] * fake_course(visit) *
                           (1.0 + 0.5 * fake_draw((uint64_t)arm, p, 101, 0));
    *r = (st_reading_row){.arm = arm, .person = p, .visit = visit, .measure = measure};
    r->untreated = base + course;
    r->sham = base + course + context;
    r->value = base + course + context + product;
    // Entry on a bad day: the score at the start is worse than the true one.
    r->measured = r->value + noise + (visit == 0 ? k * 6.0 : 0.0);
    if (visit > 0 && fake_visit[visit].day > left_day) {
        r->measured = NAN;
    }
}

static void fake_add(fake_scores* s, const st_reading_row* first, const st_reading_row* r,
                     const st_instrument_info* i)
{
    if (!isfinite(r->measured)) {
        return;
    }
    const double change = r->measured - first->measured;
    const double part[4] = {(r->measured - r->value) - (first->measured - first->value),
                            r->untreated - first->value, r->sham - r->untreated,
                            r->value - r->sham};
    s->n += 1;
    s->sum += r->measured;
    s->sum2 += r->measured * r->measured;
    s->change_sum += change;
    s->change_sum2 += change * change;
    s->better += (i->lower_is_better ? -change : change) >= i->important_change;
    for (int k = 0; k < 4; k++) {
        s->part[k] += part[k];
        s->part2[k] += part[k] * part[k];
    }
}

static double fake_sd(double sum, double sum2, int n)
{
    return n > 1 ? sqrt(fmax(sum2 - sum * sum / n, 0.0) / (n - 1)) : (double)NAN;
}

static void fake_statistics(st_ctx* ctx, const st_study* study, const st_sink* sink,
                            fake_scores (*all)[FAKE_MEASURES][FAKE_VISIT_COUNT], st_status* status)
{
    static const char* const part[] = {"selection", "natural course", "context and procedure",
                                       "product"};
    for (int a = 0; a < study->arm_count; a++) {
        for (int m = 0; m < FAKE_MEASURES; m++) {
            for (int v = 0; v < FAKE_VISIT_COUNT; v++) {
                const fake_scores* s = &all[a][m][v];
                const double n = s->n;
                const double mean = s->n > 0 ? s->sum / n : (double)NAN;
                const double sd = fake_sd(s->sum, s->sum2, s->n);
                const double change = s->n > 0 ? s->change_sum / n : (double)NAN;
                const double change_sd = fake_sd(s->change_sum, s->change_sum2, s->n);
                const double half = 1.96 * change_sd / sqrt(n);
                const bool counts = fake_instrument[m].important_change > 0.0 && s->n > 0;
                const double share = counts ? s->better / n : (double)NAN;
                const double margin = 1.96 * sqrt(share * (1 - share) / n);
                const st_outcome_row o = {a,
                                          m,
                                          v,
                                          s->n,
                                          mean,
                                          sd,
                                          mean - 0.67 * sd,
                                          mean,
                                          mean + 0.67 * sd,
                                          change,
                                          change_sd,
                                          change - half,
                                          change + half,
                                          share,
                                          share - margin,
                                          share + margin};
                fake_put(ctx, sink, ST_ROW_OUTCOME, &o, status);
                if (v == 0) {
                    continue;
                }
                for (int versus = 0; versus < study->arm_count; versus++) {
                    const bool is_twin = study->arm[versus].is_twin && !study->arm[a].is_twin;
                    if (versus != study->arm[a].control && !is_twin) {
                        continue;
                    }
                    const fake_scores* c = &all[versus][m][v];
                    const double c_sd = fake_sd(c->change_sum, c->change_sum2, c->n);
                    const double se = sqrt(change_sd * change_sd / n + c_sd * c_sd / c->n);
                    const double d = change - c->change_sum / c->n;
                    const st_contrast_row row = {a,
                                                 versus,
                                                 m,
                                                 v,
                                                 is_twin ? "paired" : "ancova",
                                                 d,
                                                 d - 1.96 * se,
                                                 d + 1.96 * se,
                                                 0.5};
                    fake_put(ctx, sink, ST_ROW_CONTRAST, &row, status);
                }
                for (int k = 0; k < 5; k++) {
                    const double part_mean = k < 4 ? s->part[k] / n : change;
                    const double part_sd =
                        k < 4 ? fake_sd(s->part[k], s->part2[k], s->n) : change_sd;
                    const st_split_row row = {a,
                                              m,
                                              v,
                                              k < 4 ? part[k] : "total",
                                              part_mean,
                                              part_mean - 1.96 * part_sd / sqrt(n),
                                              part_mean + 1.96 * part_sd / sqrt(n)};
                    fake_put(ctx, sink, ST_ROW_SPLIT, &row, status);
                }
            }
        }
    }
}

static void fake_people(st_ctx* ctx, const st_study* study, const st_sink* sink, int arm,
                        fake_scores all[FAKE_MEASURES][FAKE_VISIT_COUNT], st_status* status)
{
    for (int p = 0; p < study->arm[arm].size; p++) {
        st_person person = {.id = (uint64_t)p};
        for (int k = 0; k < ST_ATTRIBUTE_COUNT; k++) {
            person.value[k] = 10.0 + fake_draw((uint64_t)arm, (uint64_t)p, 200, (uint64_t)k);
        }
        person.value[ST_PERSON_FEMALE] = p % 5 < 3;
        const bool leaves = p % 9 == 4 || study->nobody_stays;
        const double left_day = study->nobody_stays ? 10.0 : leaves ? 30.0 + p % 700 : INFINITY;
        const st_person_row row = {arm,
                                   &person,
                                   left_day,
                                   leaves ? "lost" : "",
                                   study->arm[arm].has_cells ? 8e6 : 0.0,
                                   p % 50 != 3};
        fake_put(ctx, sink, ST_ROW_PERSON, &row, status);
        st_reading_row first[FAKE_MEASURES];
        for (int v = 0; v < FAKE_VISIT_COUNT; v++) {
            for (int m = 0; m < FAKE_MEASURES; m++) {
                st_reading_row r;
                fake_reading(study, arm, (uint64_t)p, v, m, left_day, &r);
                first[m] = v == 0 ? r : first[m];
                fake_put(ctx, sink, ST_ROW_READING, &r, status);
                fake_add(&all[m][v], &first[m], &r, &fake_instrument[m]);
            }
        }
    }
}

static void fake_courses(st_ctx* ctx, const st_study* study, const st_sink* sink, st_status* status)
{
    static const char* const step_name[] = {"harvest", "expand", "syringe", "needle",
                                            "in the joint"};
    static const char* const course_name[] = {"msc_suspended@fluid", "msc_adherent@synovium",
                                              "msc_dying@fluid",     "macrophage_m1@synovium",
                                              "collagen@cartilage",  "thickness"};
    for (int a = 0; a < study->arm_count; a++) {
        const double dose = pow(10.0, 6 + a);
        for (int s = 0; s < 5 && study->arm[a].has_cells; s++) {
            const double cells = s == 0 ? 2.4e3 : dose * pow(0.8, s - 1);
            const st_dose_step_row row = {a,    s,           step_name[s], s * 7.0,
                                          40.0, 0.4 * cells, cells,        2.1 * cells};
            fake_put(ctx, sink, ST_ROW_DOSE_STEP, &row, status);
        }
        for (int c = 0; c < 6; c++) {
            for (int t = 0; t <= 60; t++) {
                const double day = t < 10   ? t
                                   : t < 20 ? 7.0 * (t - 8)
                                            : 84.0 + (730.5 - 84.0) / 41.0 * (t - 19);
                double x = 1.0;
                if (c < 3) {
                    x = study->arm[a].has_cells
                            ? dose * (c == 1 ? 1e-3 : 0.5) * exp(-day / (c == 1 ? 60 : 2))
                            : 0.0;
                } else if (c == 3) {
                    x = 1e6 * (1.0 - 0.1 * a * exp(-day / 300.0));
                } else {
                    x = (c == 4 ? 100.0 : 1.75) * (1.0 - 1e-5 * day * (4 - 0.3 * a));
                }
                const st_course_row row = {a,
                                           course_name[c],
                                           c < 4 ? "cells" : c == 4 ? "%" : "mm",
                                           day,
                                           x,
                                           0.9 * x,
                                           0.97 * x,
                                           x,
                                           1.03 * x,
                                           1.1 * x};
                fake_put(ctx, sink, ST_ROW_COURSE, &row, status);
            }
        }
    }
}

static void fake_counts(st_ctx* ctx, const st_study* study, const st_sink* sink, st_status* status)
{
    static const st_screening_row screening[] = {
        {"screened", 7421}, {"age", 1203}, {"kl", 882}, {"vas_pain", 2336}, {"entered", 3000}};
    static const char* const event[] = {"local reaction within 48 h", "septic arthritis"};
    for (size_t i = 0; i < sizeof screening / sizeof screening[0]; i++) {
        fake_put(ctx, sink, ST_ROW_SCREENING, &screening[i], status);
    }
    for (int a = 0; a < study->arm_count; a++) {
        for (int e = 0; e < 2; e++) {
            const st_event_row row = {a,
                                      event[e],
                                      e == 0 ? 300 : 1,
                                      e == 0 ? 3000 : 10,
                                      e == 0 ? 2700 : 1.8,
                                      e == 0 ? 3310 : 56,
                                      "pooled, PMID 31999999"};
            fake_put(ctx, sink, ST_ROW_EVENT, &row, status);
        }
    }
    const st_failure_row failure = {0, 17, 33.25, "the step fell below 1e-9 day <at> \"il1\""};
    fake_put(ctx, sink, ST_ROW_FAILURE, &failure, status);
}

// What single values do: parameter 6 (assumed) most, 4 (sourced) half of it, the others nothing.
static void fake_influence(st_ctx* ctx, const st_study* study, const st_sink* sink,
                           st_status* status)
{
    const int arm = study->arm_count > 2 ? 2 : 0;
    for (int j = 0; j <= FAKE_PARAMETERS; j++) {
        const double moved = j == 6 ? 2.0 : j == 4 ? 1.0 : 0.0;
        const bool is_dose = j == FAKE_PARAMETERS;
        const st_influence_row row = {.arm = arm,
                                      .versus = study->arm[arm].control,
                                      .measure = 0,
                                      .visit = 3,
                                      .people = 64,
                                      .origin = is_dose ? "dose" : "model",
                                      .position = is_dose ? 0 : j,
                                      .name = is_dose ? "msc" : fake_parameter(j).name,
                                      .value_lo = 0.5,
                                      .value_hi = 2.0,
                                      .contrast = -5.0,
                                      .contrast_lo = -5.0 + moved,
                                      .contrast_hi = is_dose ? -5.25 : -5.0 - 0.5 * moved,
                                      .product = -4.0,
                                      .product_lo = -4.0 + moved,
                                      .product_hi = -4.0 - 0.5 * moved};
        fake_put(ctx, sink, ST_ROW_INFLUENCE, &row, status);
    }
}

// From harvest to joint: one quantity inside its band, one outside, one without; a tube that
// clears.
static void fake_prepared(st_ctx* ctx, const st_study* study, const st_sink* sink,
                          st_status* status)
{
    for (int a = 0; a < study->arm_count; a++) {
        if (!study->arm[a].has_cells) {
            continue;
        }
        const st_prepared_row rows[] = {{a, 0, "cfu_f_harvest", "CFU-F in the harvest", "cells/mL",
                                         1100, 200, 500, 1100, 2400, 610, 1200,
                                         "Everts 2020, doi:10.1000/band"},
                                        {a, 1, "culture_days", "Days in culture", "day", 44, 200,
                                         30, 44, 60, 18, 35, "a protocol <of> \"one\" laboratory"},
                                        {a, 2, "joint_pressure", "Pressure in the joint", "mmHg",
                                         -1, 200, -1, -1, -1, NAN, NAN, NULL}};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            fake_put(ctx, sink, ST_ROW_PREPARED, &rows[i], status);
        }
        for (int t = 0; t < 9 && a == study->arm_count - 1; t++) {
            double red[ST_PICTURE_HEIGHTS];
            double thin[ST_PICTURE_HEIGHTS];
            for (int h = 0; h < ST_PICTURE_HEIGHTS; h++) {
                red[h] = h < 3 * t ? 0.0 : 0.45 + 0.05 * t;
                thin[h] = h < 3 * t ? 0.003 : 0.001;
            }
            const st_tube_row row = {.arm = a,
                                     .spin = 0,
                                     .step = t,
                                     .time_s = 60.0 * t,
                                     .height_mm = 100.0,
                                     .interface_mm = t == 0 ? NAN : 100.0 - 6.0 * t,
                                     .red = red,
                                     .platelet = thin,
                                     .white = thin};
            fake_put(ctx, sink, ST_ROW_TUBE, &row, status);
        }
    }
}

// Other analyses: one that agrees with the primary one and one that does not, and rescue.
static void fake_analyses(st_ctx* ctx, const st_study* study, const st_sink* sink,
                          st_status* status)
{
    if (study->arm_count < 3 || study->nobody_stays) {
        return;
    }
    const st_analysis_row rows[] = {{2, 1, 0, 3, "welch", -5, -7, -3, 0.001},
                                    {2, 1, 0, 3, "ancova, last carried", -1, -3, 1, 0.4},
                                    {2, 1, 0, 3, "responders, odds ratio", 1.5, 1.1, 2.1, 0.02},
                                    {2, 1, 1, 3, "welch", -2, -3, -1, 0.01}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_put(ctx, sink, ST_ROW_ANALYSIS, &rows[i], status);
    }
    for (int v = 1; v < FAKE_VISIT_COUNT; v++) {
        for (int a = 1; a < 3; a++) {
            const st_responder_row row = {.name = "omeract_oarsi",
                                          .title = "OMERACT-OARSI <responders>",
                                          .rule = "any of pain by 50 % & 20 of 100",
                                          .arm = a,
                                          .visit = v,
                                          .versus = a == 2 ? 1 : -1,
                                          .n = 50 - v,
                                          .responders = 20 + 5 * a,
                                          .share = 0.4 + 0.1 * a,
                                          .lo = 0.3 + 0.1 * a,
                                          .hi = 0.5 + 0.1 * a,
                                          .difference = a == 2 ? 0.1 : NAN,
                                          .diff_lo = a == 2 ? -0.02 : NAN,
                                          .diff_hi = a == 2 ? 0.22 : NAN,
                                          .p = a == 2 ? 0.1 : NAN};
            fake_put(ctx, sink, ST_ROW_RESPONDER, &row, status);
        }
    }
    for (int v = 1; v < FAKE_VISIT_COUNT; v++) {
        const st_survival_row row = {
            2,      "rescue", fake_visit[v].day, 1.0 - 0.03 * v, 0.99 - 0.04 * v, 1.0 - 0.02 * v,
            50 - v, 3 * v};
        fake_put(ctx, sink, ST_ROW_SURVIVAL, &row, status);
    }
    const st_later_row later = {
        .arm = 2, .person = 3, .name = "rescue", .day = 90.0, .estimand = "treatment policy"};
    fake_put(ctx, sink, ST_ROW_LATER, &later, status);
    const st_person_event_row event = {
        .arm = 2, .person = 3, .name = "bruise of the hip", .day = -21.4};
    fake_put(ctx, sink, ST_ROW_PERSON_EVENT, &event, status);
}

/// Drives a sink as st_study_run() does.
static st_status fake_run(st_ctx* ctx, const st_study* study, const st_sink* sink)
{
    fake_scores(*all)[FAKE_MEASURES][FAKE_VISIT_COUNT] = calloc(FAKE_ARM_LIMIT, sizeof *all);
    st_status status = sink->begin(sink->self, ctx, study);
    for (int a = 0; a < study->arm_count; a++) {
        fake_people(ctx, study, sink, a, all[a], &status);
    }
    fake_courses(ctx, study, sink, &status);
    fake_statistics(ctx, study, sink, all, &status);
    fake_counts(ctx, study, sink, &status);
    fake_influence(ctx, study, sink, &status);
    fake_prepared(ctx, study, sink, &status);
    fake_analyses(ctx, study, sink, &status);
    free(all);
    return status == ST_OK ? sink->end(sink->self, ctx) : status;
}

/// Four arms after LAMO2016: saline twins, hyaluronic acid, two doses of cells.
static st_study fake_knee_study(int size)
{
    st_study s = {.title = "Marrow MSC in knee osteoarthritis, after Lamo-Espinosa 2016",
                  .arm_count = 4,
                  .source_count = 2};
    s.arm[0] = (st_arm_info){
        "saline", "Saline, the same people", "inject 4 mL saline by ultrasound", size, -1, true,
        false};
    s.arm[1] = (st_arm_info){
        "ha", "Hyaluronic acid", "inject 4 mL hyaluronic acid by ultrasound", size, -1, false,
        false};
    s.arm[2] =
        (st_arm_info){"msc-1e7",
                      "10 million marrow MSC",
                      "harvest 8 x 5 mL marrow, expand to 1e7 cells, inject 4 mL by ultrasound",
                      size,
                      1,
                      false,
                      true};
    s.arm[3] =
        (st_arm_info){"msc-1e8",
                      "100 million marrow MSC",
                      "harvest 8 x 5 mL marrow, expand to 1e8 cells, inject 4 mL by ultrasound",
                      size,
                      1,
                      false,
                      true};
    s.effect[1] = -1.5;
    s.effect[2] = -6.5;
    s.effect[3] = -7.5;
    static const double published[3][2][3] = {
        {{50, 30, 70}, {40, 30, 50}}, {{70, 50, 80}, {20, 10, 30}}, {{60, 40, 80}, {20, 0, 40}}};
    static const char* const arm_id[] = {"HA", "LOW", "HIGH"};
    for (int a = 0; a < 3; a++) {
        for (int v = 0; v < 2; v++) {
            s.published[s.published_count++] =
                (st_published_row){.trial_id = "LAMO2016",
                                   .arm_id = arm_id[a],
                                   .arm = a + 1,
                                   .measure = 0,
                                   .month = v == 0 ? 0 : 12,
                                   .n = 10,
                                   .value = published[a][v][0],
                                   .q25 = published[a][v][1],
                                   .q75 = published[a][v][2],
                                   .is_median = true,
                                   .source = "doi:10.1186/s12967-016-0998-2"};
        }
    }
    s.published[s.published_count++] = (st_published_row){.trial_id = "OTHER2020",
                                                          .arm_id = "MSC",
                                                          .arm = 2,
                                                          .measure = 1,
                                                          .is_change = true,
                                                          .month = 6,
                                                          .n = 24,
                                                          .value = -9.5,
                                                          .sd = 8.0,
                                                          .q25 = NAN,
                                                          .q75 = NAN,
                                                          .source = "doi:10.1000/change"};
    return s;
}

/// Its last arm alone, without a control.
static inline st_study fake_one_arm_study(int size)
{
    const st_study whole = fake_knee_study(size);
    st_study s = {.title = "One arm", .arm_count = 1, .source_count = 1};
    s.arm[0] = whole.arm[3];
    s.arm[0].control = -1;
    s.effect[0] = -6.0;
    return s;
}

#endif
