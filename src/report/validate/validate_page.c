#include "report/validate/validate_files.h"

#include "report/figures.h"
#include "report/html.h"
#include "report/page.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIN_COUNT   10
#define WORST_COUNT 10
#define LABEL_SIZE  96

// As the report's page: nothing is fetched.
static const char head_start[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n<title>Forecasts of published arms</title>\n<style>\n";

typedef struct page {
    st_ctx* ctx;
    st_text* out;
    const st_validation* v;
} page;

static const char* about(const page* p, const char* key)
{
    for (int i = 0; i < st_validation_about_count(p->v); ++i) {
        const char* name;
        const char* value = st_validation_about(p->v, i, &name);
        if (strcmp(name, key) == 0) {
            return value;
        }
    }
    return "";
}

/// "0.95 [0.54, 1.42]" without signs.
static void add_interval(const page* p, double value, double lo, double hi, int decimals)
{
    st_text_add(p->out, "<td class=\"n\">");
    st_html_interval(p->out, value, lo, hi, decimals, false);
    st_text_add(p->out, "</td>");
}

static void add_score(const page* p, const char* name, const st_validation_score* s, int decimals,
                      const char* meaning)
{
    st_html_row(p->out);
    st_html_head_cell(p->out, name);
    add_interval(p, s->value, s->lo, s->hi, decimals);
    st_html_cell(p->out, meaning);
}

static void add_answer(const page* p)
{
    const st_validation_scores* s = st_validation_all_scores(p->v);

    st_text_add(p->out, "<section id=\"answer\"><h2>How good the forecasts are</h2>\n");
    if (st_validation_scored_count(p->v) == 0) {
        st_text_add(p->out,
                    "<p class=\"answer\">No row of the table could be scored.</p></section>\n");
        return;
    }
    st_text_addf(
        p->out,
        "<p class=\"answer\">%d rows of %d trials were scored, of %d in the table. The "
        "model's error is %s times that of a baseline that knows only what other trials of "
        "the kind found (95 %% interval over trials %s to %s; below 1 is better).</p>\n",
        st_validation_scored_count(p->v), st_validation_trial_count(p->v),
        st_validation_row_count(p->v), st_words_number(s->ratio.value, 2).text,
        st_words_number(s->ratio.lo, 2).text, st_words_number(s->ratio.hi, 2).text);
    st_html_table(p->out, "Scores, weighted per trial, with 95 % bootstrap interval over trials",
                  "score|#value|meaning");
    add_score(p, "Error of the model (CRPS)", &s->crps, 2, "points of 100 of the scale");
    add_score(p, "Error of the baseline (CRPS)", &s->base_crps, 2, "points of 100 of the scale");
    add_score(p, "Ratio", &s->ratio, 2, "model / baseline");
    add_score(p, "Inside the 95 % interval", &s->coverage, 3,
              "share; 0.95 when the model knows how unsure it is");
    add_score(p, "Bias", &s->bias, 2,
              "points of 100; above 0: more improvement promised than seen");
    st_html_table_end(p->out);
    st_text_add(p->out, "</section>\n");
}

// --- forest ---------------------------------------------------------------------------------

static void add_forest_of(const page* p, int first, int end, int number)
{
    const int count = end - first;
    st_figure_row* row = st_alloc(p->ctx, 2 * (size_t)count + 1, sizeof *row);
    char(*label)[LABEL_SIZE] = st_alloc(p->ctx, 2 * (size_t)count + 1, sizeof *label);
    char(*text)[LABEL_SIZE] = st_alloc(p->ctx, 2 * (size_t)count + 1, sizeof *text);
    const char* trial = st_validation_forecast(p->v, first)->trial_id;
    char id[32], title[160];

    snprintf(id, sizeof id, "forest%d", number);
    snprintf(title, sizeof title, "%s: observed beside predicted", trial);
    if (row != NULL && label != NULL && text != NULL) {
        for (int i = 0; i < count; ++i) {
            const st_forecast* f = st_validation_forecast(p->v, first + i);
            // Improvement in points of 100, so that scales can stand side by side.
            const double zero = f->kind != ST_FORECAST_MEAN ? 0.0
                                : isfinite(f->baseline)     ? f->baseline
                                                            : f->observed;
            const double a = f->factor * (f->quantile[0] - zero);
            const double b = f->factor * (f->quantile[6] - zero);
            const double seen = f->factor * (f->observed - zero);
            snprintf(label[2 * i], LABEL_SIZE, "%s, %s, %s months", f->arm_id, f->scale,
                     st_words_precise(f->month, 3).text);
            snprintf(label[2 * i + 1], LABEL_SIZE, "observed%s",
                     f->weight > 0.0 ? "" : " (not scored)");
            snprintf(text[2 * i], LABEL_SIZE, "%s",
                     st_words_signed(f->factor * (f->quantile[3] - zero), 0).text);
            snprintf(text[2 * i + 1], LABEL_SIZE, "%s", st_words_signed(seen, 0).text);
            row[2 * i] = (st_figure_row){.label = label[2 * i],
                                         .value = f->factor * (f->quantile[3] - zero),
                                         .lo = fmin(a, b),
                                         .hi = fmax(a, b),
                                         .text = text[2 * i],
                                         .colour = 1};
            row[2 * i + 1] = (st_figure_row){.label = label[2 * i + 1],
                                             .value = seen,
                                             .lo = NAN,
                                             .hi = NAN,
                                             .text = text[2 * i + 1],
                                             .colour = 2};
        }
        st_figures_rows(p->out, &(st_figure_rows){
                                    .about = {.id = id,
                                              .title = title,
                                              .desc = "For each row the median and 95 % "
                                                      "interval of the forecast, and below it "
                                                      "what was published.",
                                              .x_label = "points of 100 towards better; where only "
                                                         "a level was printed, relative to it",
                                              .decimals = 0},
                                    .row = row,
                                    .row_count = 2 * count,
                                    .is_points = true,
                                    .mark_lo = NAN,
                                    .mark_hi = NAN});
    }
    st_free(p->ctx, text);
    st_free(p->ctx, label);
    st_free(p->ctx, row);
}

static void add_forest(const page* p)
{
    const int count = st_validation_forecast_count(p->v);
    int number = 0;

    st_text_add(p->out, "<section id=\"forest\"><h2>Observed beside predicted, by trial</h2>\n");
    for (int first = 0; first < count;) {
        int end = first + 1;
        while (end < count && strcmp(st_validation_forecast(p->v, end)->trial_id,
                                     st_validation_forecast(p->v, first)->trial_id) == 0) {
            ++end;
        }
        st_text_add(p->out, "<details");
        st_text_add(p->out, number == 0 ? " open><summary>" : "><summary>");
        st_html_text(p->out, st_validation_forecast(p->v, first)->trial_id);
        st_text_addf(p->out, " (%d rows)</summary><figure>", end - first);
        add_forest_of(p, first, end, number++);
        st_text_add(p->out, "</figure></details>\n");
        first = end;
    }
    st_text_add(p->out, "</section>\n");
}

// --- calibration ----------------------------------------------------------------------------

/// Weight of scored rows whose PIT is at most `share`, relative.
static double weight_below(const page* p, double share)
{
    double below = 0.0;
    double all = 0.0;

    for (int i = 0; i < st_validation_forecast_count(p->v); ++i) {
        const st_forecast* f = st_validation_forecast(p->v, i);
        all += f->weight;
        below += f->pit <= share ? f->weight : 0.0;
    }
    return all > 0.0 ? below / all : 0.0;
}

static void add_calibration(const page* p)
{
    st_figure_row bin[BIN_COUNT];
    char label[BIN_COUNT][LABEL_SIZE], text[BIN_COUNT][LABEL_SIZE];
    double x[21], y[21];
    const double tick[] = {0.0, 0.25, 0.5, 0.75, 1.0};
    st_figure_series series[2];
    st_figure_lines lines = {.about = {.id = "calibration",
                                       .title = "Calibration: share of rows below each quantile of "
                                                "its forecast",
                                       .desc = "The dashed diagonal is a forecaster that knows how "
                                               "unsure it is.",
                                       .x_label = "quantile of the forecast",
                                       .y_label = "share of rows below it",
                                       .decimals = 1},
                             .series = series,
                             .series_count = 2,
                             .x_tick = tick,
                             .x_tick_count = 5,
                             .y_floor = 0.0};

    st_text_add(p->out, "<section id=\"calibration-section\"><h2>Does the model know how unsure it "
                        "is?</h2>\n<figure>");
    for (int b = 0; b < BIN_COUNT; ++b) {
        const double share = weight_below(p, (b + 1.0) / BIN_COUNT) -
                             (b > 0 ? weight_below(p, (double)b / BIN_COUNT) : 0.0);
        snprintf(label[b], LABEL_SIZE, "%d to %d %%", 100 * b / BIN_COUNT,
                 100 * (b + 1) / BIN_COUNT);
        snprintf(text[b], LABEL_SIZE, "%s %%", st_words_number(100.0 * share, 0).text);
        bin[b] = (st_figure_row){.label = label[b],
                                 .value = 100.0 * share,
                                 .lo = NAN,
                                 .hi = NAN,
                                 .text = text[b],
                                 .colour = 1};
    }
    st_figures_rows(
        p->out, &(st_figure_rows){.about = {.id = "pit",
                                            .title = "Where the published number fell inside its "
                                                     "forecast (PIT)",
                                            .desc = "Ten bars of 10 % for a calibrated "
                                                    "forecaster; a valley is over-confidence, a "
                                                    "hill under-confidence.",
                                            .x_label = "percent of the weight",
                                            .decimals = 0},
                                  .row = bin,
                                  .row_count = BIN_COUNT,
                                  .mark_lo = 100.0 / BIN_COUNT,
                                  .mark_hi = NAN});
    st_text_add(p->out, "</figure>\n<figure>");
    for (int i = 0; i <= 20; ++i) {
        x[i] = i / 20.0;
        y[i] = i == 20 ? 1.0 : weight_below(p, x[i]);
    }
    series[0] = (st_figure_series){
        .label = "calibrated", .colour = 0, .dash = 1, .count = 21, .x = x, .y = x};
    series[1] = (st_figure_series){.label = "this model", .colour = 1, .count = 21, .x = x, .y = y};
    st_figures_lines(p->out, &lines);
    st_text_add(p->out, "</figure></section>\n");
}

// --- by kind --------------------------------------------------------------------------------

typedef struct filter {
    const char* (*key)(const st_forecast* f);
    const char* value;
} filter;

static const char* intervention_of(const st_forecast* f)
{
    return f->intervention;
}

static const char* scale_of(const st_forecast* f)
{
    return f->scale;
}

static const char* time_of(const st_forecast* f)
{
    return f->month <= 2.0    ? "up to 2 months"
           : f->month <= 4.5  ? "2 to 4.5 months"
           : f->month <= 9.0  ? "4.5 to 9 months"
           : f->month <= 18.0 ? "9 to 18 months"
                              : "over 18 months";
}

static bool is_kept(void* self, const st_forecast* f)
{
    const filter* q = self;
    return strcmp(q->key(f), q->value) == 0;
}

static void add_split(const page* p, const char* caption, const char* head,
                      const char* (*key)(const st_forecast* f))
{
    char heads[160];

    snprintf(heads, sizeof heads, "%s|#rows|#CRPS|#baseline|#ratio|#inside 95 %%|#bias", head);
    st_html_table(p->out, caption, heads);
    for (int i = 0; i < st_validation_forecast_count(p->v); ++i) {
        filter q = {key, key(st_validation_forecast(p->v, i))};
        st_validation_scores s;
        bool is_new = true;
        int rows;
        for (int k = 0; k < i; ++k) {
            is_new = is_new && strcmp(key(st_validation_forecast(p->v, k)), q.value) != 0;
        }
        if (!is_new || !st_validation_some_scores(p->ctx, p->v, is_kept, &q, &s, &rows)) {
            continue;
        }
        st_html_row(p->out);
        st_html_head_cell(p->out, q.value);
        st_html_number_cell(p->out, st_words_whole(rows).text);
        st_html_number_cell(p->out, st_words_number(s.crps.value, 1).text);
        st_html_number_cell(p->out, st_words_number(s.base_crps.value, 1).text);
        add_interval(p, s.ratio.value, s.ratio.lo, s.ratio.hi, 2);
        st_html_number_cell(p->out, st_words_number(s.coverage.value, 2).text);
        st_html_interval_cell(p->out, s.bias.value, s.bias.lo, s.bias.hi, 1);
    }
    st_html_table_end(p->out);
}

static void add_splits(const page* p)
{
    st_text_add(p->out, "<section id=\"errors\"><h2>Where the error lies</h2>\n");
    add_split(p, "By intervention", "intervention", intervention_of);
    add_split(p, "By scale", "scale", scale_of);
    add_split(p, "By time", "time", time_of);
    st_text_add(p->out, "</section>\n");
}

// --- worst rows, arms, skipped rows ------------------------------------------------------------

static void add_worst(const page* p)
{
    const int count = st_validation_forecast_count(p->v);
    bool* is_told = st_alloc(p->ctx, (size_t)count + 1, sizeof *is_told);

    st_text_add(p->out, "<section id=\"worst\"><h2>The ten largest errors</h2>\n");
    st_html_table(p->out, "Scored rows by CRPS in points of 100",
                  "row|#observed|#predicted (95 %)|#CRPS|#baseline|what may stand behind it");
    for (int k = 0; k < WORST_COUNT && is_told != NULL; ++k) {
        int worst = -1;
        double most = -1.0;
        for (int i = 0; i < count; ++i) {
            const st_forecast* f = st_validation_forecast(p->v, i);
            const double crps = f->crps * fabs(f->factor);
            if (!is_told[i] && f->weight > 0.0 && crps > most) {
                most = crps;
                worst = i;
            }
        }
        if (worst < 0) {
            break;
        }
        const st_forecast* f = st_validation_forecast(p->v, worst);
        char label[200];
        is_told[worst] = true;
        snprintf(label, sizeof label, "%s, %s, %s, %s months, %s", f->trial_id, f->arm_id, f->scale,
                 st_words_precise(f->month, 3).text, st_forecast_kind_name(f->kind));
        st_html_row(p->out);
        st_html_head_cell(p->out, label);
        st_html_number_cell(p->out, st_words_precise(f->observed, 3).text);
        add_interval(p, f->mean, f->quantile[0], f->quantile[6], 1);
        st_html_number_cell(p->out, st_words_number(most, 1).text);
        st_html_number_cell(p->out, st_words_number(f->base_crps * fabs(f->factor), 1).text);
        st_html_cell(p->out, f->reason);
    }
    st_html_table_end(p->out);
    st_text_add(p->out, "</section>\n");
    st_free(p->ctx, is_told);
}

static void add_arms(const page* p)
{
    st_text_add(p->out,
                "<section id=\"arms\"><h2>How each arm was computed</h2>\n<details><summary>"
                "What was done to virtual people, and what the page did not give"
                "</summary>\n");
    st_html_table(p->out, "Arms",
                  "trial|arm|#n|#virtual people behind it|computed|taken where the page gave none");
    for (int i = 0; i < st_validation_arm_count(p->v); ++i) {
        const st_validation_arm* a = st_validation_arm_at(p->v, i);
        st_html_row(p->out);
        st_html_head_cell(p->out, a->trial_id);
        st_html_cell(p->out, a->label);
        st_html_number_cell(p->out, isfinite(a->n) ? st_words_number(a->n, 0).text : "");
        st_html_number_cell(p->out, st_words_number(a->people, 0).text);
        st_html_cell(p->out, a->computed);
        st_html_cell(p->out, a->defaults);
    }
    st_html_table_end(p->out);
    st_text_add(p->out, "</details></section>\n");
}

static void add_skipped(const page* p)
{
    const int count = st_validation_skipped_count(p->v);

    st_text_addf(p->out,
                 "<section id=\"skipped\"><h2>What was not scored</h2>\n<p>%d rows. Each one "
                 "with its line is in skipped.csv.</p>\n",
                 count);
    st_html_table(p->out, "Rows by reason", "reason|#rows");
    for (int i = 0; i < count; ++i) {
        const char* reason = st_validation_skipped(p->v, i)->reason;
        bool is_new = true;
        int rows = 0;
        for (int k = 0; k < count; ++k) {
            const bool is_same = strcmp(st_validation_skipped(p->v, k)->reason, reason) == 0;
            is_new = is_new && !(is_same && k < i);
            rows += is_same;
        }
        if (is_new) {
            st_html_row(p->out);
            st_html_head_cell(p->out, reason);
            st_html_number_cell(p->out, st_words_whole(rows).text);
        }
    }
    st_html_table_end(p->out);
    st_text_add(p->out, "</section>\n");
}

void st_validate_page_write(st_ctx* ctx, st_text* out, const st_validation* validation)
{
    const page p = {.ctx = ctx, .out = out, .v = validation};

    st_text_add(out, head_start);
    st_page_style_write(out);
    st_text_add(out,
                "</style></head>\n<body>\n<a class=\"skip\" href=\"#answer\">To the answer</a>\n"
                "<main>\n<p class=\"banner\"><strong>Research, teaching and trial design; not "
                "medical advice.</strong> Every forecast is computed from virtual people."
                "</p>\n<header><h1>Forecasts of published arms</h1>\n<p class=\"sub\">Model “");
    st_html_text(out, about(&p, "model"));
    st_text_add(out, "”, table ");
    st_html_text(out, about(&p, "table"));
    st_text_add(out, ", ");
    st_html_text(out, about(&p, "draws"));
    st_text_add(out, " draws, seed ");
    st_html_text(out, about(&p, "seed"));
    st_text_add(out, ".</p></header>\n<nav aria-label=\"Sections\"><ul>"
                     "<li><a href=\"#answer\">How good</a></li>"
                     "<li><a href=\"#forest\">By trial</a></li>"
                     "<li><a href=\"#calibration-section\">Calibration</a></li>"
                     "<li><a href=\"#errors\">Where the error lies</a></li>"
                     "<li><a href=\"#worst\">Largest errors</a></li>"
                     "<li><a href=\"#arms\">Arms</a></li>"
                     "<li><a href=\"#skipped\">Not scored</a></li></ul></nav>\n");
    add_answer(&p);
    if (st_validation_forecast_count(validation) > 0) {
        add_forest(&p);
        add_calibration(&p);
        add_splits(&p);
        add_worst(&p);
        add_arms(&p);
    }
    add_skipped(&p);
    st_text_add(out, "</main>\n<footer><p>Stroma ");
    st_html_text(out, about(&p, "program"));
    st_text_add(out, ". Research, teaching and trial design; not medical advice.</p></footer>\n"
                     "</body></html>\n");
}
