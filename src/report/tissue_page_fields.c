// Levels and matrix of a tissue run: over time by medium, with ranges, slices and mass balance.

#include "report/figures.h"
#include "report/html.h"
#include "report/tissue_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIGURE_LIMIT 12
#define MEDIUM_LIMIT 6    ///< lines of a figure, beside lowest and highest
#define RESIDUE      1e-9 ///< of the largest level of a run: less is as good as nothing

static const double* mean_in(const st_tissue_story* s, const st_tissue_quantity* q, int medium)
{
    return q->mean + medium * s->time_count;
}

static bool has_tissue(const st_tissue_story* s, int medium)
{
    return s->volume_mL[medium] > 0.0;
}

static void add_level(st_text* out, double value, const st_tissue_unit* u)
{
    st_html_number_cell(out, isfinite(value) ? st_words_precise(value * u->factor, 3).text : "–");
}

// --- the answer: start and end

static void add_matrix_rows(st_text* out, const st_tissue_story* s)
{
    const int last = s->time_count - 1;
    static const st_tissue_unit plain = {.factor = 1.0, .unit = ""};
    for (int i = 0; i < s->matrix_count; i++) {
        const st_tissue_quantity* q = &s->matrix[i];
        for (int m = 0; m < s->medium_count; m++) {
            if (has_tissue(s, m)) {
                st_html_row(out);
                st_html_head_cell(out, q->name);
                st_html_cell(out, s->medium[m]);
                add_level(out, mean_in(s, q, m)[0], &plain);
                add_level(out, mean_in(s, q, m)[last], &plain);
                st_text_add(out, "<td class=\"n\">–</td><td class=\"n\">–</td>");
                st_html_cell(out, strcmp(q->unit, "1") == 0 ? "fraction" : q->unit);
                st_text_add(out, "</tr>\n");
            }
        }
    }
}

static void add_field_rows(st_text* out, const st_tissue_story* s)
{
    const int last = s->time_count - 1;
    for (int f = 0; f < s->field_count; f++) {
        const st_tissue_quantity* q = &s->field[f];
        const st_tissue_unit u = st_tissue_page_unit(st_tissue_page_highest(s, q));
        for (int m = 0; m < s->medium_count; m++) {
            if (!has_tissue(s, m)) {
                continue;
            }
            st_html_row(out);
            st_html_head_cell(out, q->name);
            st_html_cell(out, s->medium[m]);
            add_level(out, mean_in(s, q, m)[0], &u);
            add_level(out, mean_in(s, q, m)[last], &u);
            add_level(out, q->low[m * s->time_count + last], &u);
            add_level(out, q->high[m * s->time_count + last], &u);
            st_html_cell(out, u.unit);
            st_text_add(out, "</tr>\n");
        }
    }
}

/// Without cells the sentence is about the first field.
static void add_sentence(st_text* out, const st_tissue_story* s)
{
    const int last = s->time_count - 1;
    const st_tissue_quantity* q = &s->field[0];
    const st_tissue_unit u = st_tissue_page_unit(st_tissue_page_highest(s, q));
    int medium = 0;
    while (medium + 1 < s->medium_count && !has_tissue(s, medium)) {
        medium++;
    }
    st_text_add(out, "<p class=\"answer\">The mean level of ");
    st_html_text(out, q->name);
    st_text_add(out, " in ");
    st_html_text(out, s->medium[medium]);
    st_text_addf(out,
                 " went from <strong>%s</strong> to <strong>%s %s</strong> between %s and %s; ",
                 st_words_precise(mean_in(s, q, medium)[0] * u.factor, 3).text,
                 st_words_precise(mean_in(s, q, medium)[last] * u.factor, 3).text, u.unit,
                 st_tissue_page_time(s, 0).text, st_tissue_page_time(s, last).text);
    st_text_addf(out, "at the end it lies between %s and %s %s.</p>\n",
                 st_words_precise(q->lowest[last] * u.factor, 3).text,
                 st_words_precise(q->highest[last] * u.factor, 3).text, u.unit);
}

void st_tissue_page_fields_answer(st_text* out, const st_tissue_story* s)
{
    if (s->field_count + s->matrix_count == 0) {
        return;
    }
    if (s->kind_count == 0 && s->field_count > 0 && s->medium_count > 0) {
        add_sentence(out, s);
    }
    st_html_table(out, "Matrix and levels by medium",
                  "What|Medium|#Mean at the start|#Mean at the end|#Lowest at the end|#Highest at "
                  "the end|Unit");
    add_matrix_rows(out, s);
    add_field_rows(out, s);
    st_html_table_end(out);
}

// --- over time

/// A figure of means by medium; of fields with the lowest and the highest level.
static void add_figure(st_text* out, const st_tissue_story* s, const st_tissue_quantity* q,
                       const char* id, double factor, const char* unit)
{
    const double per_day = st_tissue_page_clock(s).per_day;
    st_arena arena;
    st_arena_init(&arena, s->ctx);
    const size_t n = (size_t)s->time_count;
    double* value = st_arena_alloc(&arena, n * (MEDIUM_LIMIT + 3), sizeof *value);
    st_figure_series series[MEDIUM_LIMIT + 2];
    double tick[16];
    int count = 0;
    for (int k = 0; value && k < s->medium_count + 2 && count < MEDIUM_LIMIT + 2; k++) {
        const bool is_range = k >= s->medium_count;
        const double* from = !is_range              ? mean_in(s, q, k)
                             : k == s->medium_count ? q->lowest
                                                    : q->highest;
        if (!from || (!is_range && (!has_tissue(s, k) || count == MEDIUM_LIMIT))) {
            continue;
        }
        double* y = value + n * (size_t)(count + 1);
        for (size_t t = 0; t < n; t++) {
            value[t] = s->day[t] * per_day;
            y[t] = from[t] * factor;
        }
        series[count] = (st_figure_series){
            .label = !is_range ? st_tissue_page_text(out, &arena, "mean in ", s->medium[k])
                     : k == s->medium_count ? "lowest"
                                            : "highest",
            .colour = is_range ? 0 : 1 + count % ST_FIGURE_COLOURS,
            .dash = is_range ? k - s->medium_count + 1 : 0,
            .count = s->time_count,
            .x = value,
            .y = y};
        count++;
    }
    if (value && count > 0) {
        const st_figure_lines lines = {
            .about = {.id = id,
                      .title = q->name,
                      .desc = "Means by medium over time; of a field the lowest and the highest "
                              "level too. The numbers are in fields.csv.",
                      .x_label = st_tissue_page_clock(s).many,
                      .y_label = unit},
            .series = series,
            .series_count = count,
            .x_tick = tick,
            .x_tick_count = st_tissue_page_ticks(value[0], value[n - 1], tick),
            .y_floor = 0.0};
        st_figures_begin(out, &lines.about);
        st_figures_lines(out, &lines);
        st_figures_end(out);
    }
    out->failed = out->failed || !value;
    st_arena_clear(&arena);
}

static void add_figures(st_text* out, const st_tissue_story* s)
{
    char id[40];
    const bool is_one = s->matrix_count + s->field_count == 1; // it may be wide
    st_text_add(out, is_one ? "" : "<div class=\"two\">\n");
    for (int i = 0; i < s->matrix_count && i < FIGURE_LIMIT; i++) {
        const st_tissue_quantity* q = &s->matrix[i];
        snprintf(id, sizeof id, "matrix-%d", i + 1);
        add_figure(out, s, q, id, 1.0, strcmp(q->unit, "1") == 0 ? "fraction" : q->unit);
    }
    for (int f = 0; f < s->field_count && f < FIGURE_LIMIT; f++) {
        const st_tissue_quantity* q = &s->field[f];
        const st_tissue_unit u = st_tissue_page_unit(st_tissue_page_highest(s, q));
        snprintf(id, sizeof id, "field-%d", f + 1);
        add_figure(out, s, q, id, u.factor, u.unit);
    }
    st_text_add(out, is_one ? "" : "</div>\n");
    if (s->field_count > FIGURE_LIMIT || s->matrix_count > FIGURE_LIMIT) {
        st_text_addf(out,
                     "<p class=\"note\">The first %d of each; the others are in the table above "
                     "and in fields.csv.</p>\n",
                     FIGURE_LIMIT);
    }
}

// --- mass balance

/// Of outputs at which the field is there at all: the account of a residue means nothing.
static double worst_balance(const st_tissue_story* s, const st_tissue_quantity* q)
{
    const double least = RESIDUE * st_tissue_page_highest(s, q);
    double worst = (double)NAN;
    for (int t = 0; t < s->time_count; t++) {
        if (isfinite(q->balance[t]) && q->highest[t] >= least) {
            worst = fmax(worst, fabs(q->balance[t]));
        }
    }
    return worst;
}

/// What a run without cells books, in amounts.
static void add_amounts(st_text* out, const st_tissue_story* s)
{
    const int last = s->time_count - 1;
    st_html_table(out, "Where it came from and where it went, fmol since the start",
                  "Field|#There at the end|#Supplied|#Decayed|#Taken up|#Taken by cells|#Made by "
                  "reactions|#Came in through walls|#Not covered");
    for (int f = 0; f < s->field_count; f++) {
        if (s->field[f].amount) {
            st_html_row(out);
            st_html_head_cell(out, s->field[f].name);
            for (int i = 0; i < ST_TISSUE_AMOUNTS; i++) {
                const double value = s->field[f].amount[i * s->time_count + last];
                st_html_number_cell(out, st_words_precise(value, 4).text);
            }
            st_text_add(out, "</tr>\n");
        }
    }
    st_html_table_end(out);
}

static void add_balance(st_text* out, const st_tissue_story* s)
{
    if (s->field_count == 0) {
        return;
    }
    st_text_add(out, "<h3>Mass balance</h3>\n");
    st_html_table(out, "How each field was solved, and how well its account closes",
                  "Field|Solved as|#Follows its surroundings within|#Largest error of the balance");
    for (int f = 0; f < s->field_count; f++) {
        const st_tissue_quantity* q = &s->field[f];
        const double worst = worst_balance(s, q);
        st_words w = st_words_precise(q->relaxation_min, 3);
        st_html_row(out);
        st_html_head_cell(out, q->name);
        st_html_cell(out, q->is_steady ? "steady" : "over time");
        if (isfinite(q->relaxation_min)) {
            strncat(w.text, " min", sizeof w.text - strlen(w.text) - 1);
        }
        st_html_number_cell(out, isfinite(q->relaxation_min) ? w.text : "–");
        st_html_number_cell(out, isfinite(worst) ? st_words_precise(worst, 2).text : "–");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">The error is what is left of the account of all sources, "
                     "sinks and walls, relative to what passed through, at outputs where the "
                     "highest level is at least 10⁻⁹ of the run's largest. A dash: there is no "
                     "account of that field.</p>\n");
    if (s->kind_count == 0) {
        add_amounts(out, s);
    }
}

void st_tissue_page_fields_section(st_text* out, const st_tissue_story* s)
{
    if (s->field_count + s->matrix_count == 0) {
        return;
    }
    st_text_add(out, "<section id=\"fields\"><h2>Levels and matrix</h2>\n");
    if (s->time_count > 1) {
        add_figures(out, s);
    }
    st_tissue_page_stills_slices(out, s);
    add_balance(out, s);
    st_text_add(out, "</section>\n");
}
