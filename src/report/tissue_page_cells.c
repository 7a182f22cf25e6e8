// Cells of a tissue run: how many of each kind, what happened to them, and what the joint as a
// whole says where the run is a zoom.

#include "report/figures.h"
#include "report/html.h"
#include "report/tissue_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT 12 ///< kinds in one figure
#define ROW_LIMIT  24 ///< rows of a folded table
#define LOG_RANGE  30 ///< largest over smallest line from which on the axis is logarithmic

static const char* whole(double value, st_words* w)
{
    *w = st_words_whole((int64_t)floor(value + 0.5));
    return w->text;
}

static const char* plus(double value, st_words* w)
{
    const st_words number = st_words_whole((int64_t)floor(value + 0.5));
    snprintf(w->text, sizeof w->text, "%s%.70s", value > 0.5 ? "+" : "", number.text);
    return w->text;
}

static void add_number(st_text* out, double value)
{
    st_words w;
    st_html_number_cell(out, isfinite(value) ? whole(value, &w) : "–");
}

// --- the answer

static void add_sentences(st_text* out, const st_tissue_story* s)
{
    const int last = s->time_count - 1;
    st_words a, b, c;
    const st_words from = st_tissue_page_time(s, 0);
    const st_words to = st_tissue_page_time(s, last);
    st_text_addf(out, "<p class=\"answer\">From %s to %s the piece went from <strong>%s</strong> ",
                 from.text, to.text, whole(s->total[0], &a));
    if (s->total[last] > 0.0) {
        st_text_addf(out, "to <strong>%s</strong> cells.</p>\n", whole(s->total[last], &b));
    } else {
        st_text_add(out, "cells to none: no cell is left.</p>\n");
    }
    st_text_add(out, "<p>Counted on the way:");
    for (int e = 0; e < ST_TISSUE_EVENTS; e++) {
        st_text_addf(out, "%s %s %s",
                     e == 0                      ? ""
                     : e + 1 == ST_TISSUE_EVENTS ? " and"
                                                 : ",",
                     whole(s->event[e][last], &c), st_tissue_story_events[e]);
    }
    st_text_add(out, ". A change is a cell that became another kind; who arrives or departs comes "
                     "from, or goes to, places outside the piece.</p>\n");
    const double n = fmax(s->total[0], s->total[last]);
    st_text_addf(out,
                 "<p class=\"note\">One run with one seed: chance alone moves a count by about its "
                 "square root (%s ± %s here), more where cells come from each other. Smaller "
                 "differences mean nothing.</p>\n",
                 whole(n, &a), whole(sqrt(n), &b));
}

static void add_absent(st_text* out, const st_tissue_story* s)
{
    int count = 0;
    for (int k = 0; k < s->kind_count; k++) {
        if (!(st_tissue_page_most(s, k) > 0.0)) {
            st_text_add(out,
                        count++ == 0 ? "<p class=\"note\">Without a cell at any output: " : ", ");
            st_html_text(out, s->kind[k].label);
        }
    }
    st_text_add(out, count > 0 ? ".</p>\n" : "");
}

/// What the parts of a name mean.
static void add_names(st_text* out, const st_tissue_story* s, const int* order, int count)
{
    bool has_stage = false;
    for (int i = 0; i < count; i++) {
        const char* dot = strchr(s->kind[order[i]].name, '.');
        has_stage = has_stage || (dot && strspn(dot + 1, "0123456789") > 0);
    }
    if (count > 0) {
        st_text_add(out, "<p class=\"note\">Names are cell types of the model");
        if (s->only_place) {
            st_text_add(out, ", all in its place “");
            st_html_text(out, s->only_place);
            st_text_add(out, "”");
        } else {
            st_text_add(out, " with their place, type@place");
        }
        st_text_add(out, has_stage ? "; type.2 is the second stage of a type.</p>\n" : ".</p>\n");
    }
}

void st_tissue_page_cells_answer(st_text* out, const st_tissue_story* s)
{
    const int last = s->time_count - 1;
    int* order = st_alloc(s->ctx, (size_t)s->kind_count + 1, sizeof *order);
    if (s->kind_count == 0 || !order) {
        out->failed = out->failed || !order;
        st_free(s->ctx, order);
        return;
    }
    const int count = st_tissue_page_present(s, order);
    add_sentences(out, s);
    st_html_sortable_table(out, "Cells of each kind",
                           "Kind|#At the start|#Most|#At the end|#Change|#± chance");
    for (int i = 0; i < count; i++) {
        const st_tissue_kind* k = &s->kind[order[i]];
        st_words w;
        st_html_row(out);
        st_html_head_cell(out, k->label);
        add_number(out, k->count[0]);
        add_number(out, st_tissue_page_most(s, order[i]));
        add_number(out, k->count[last]);
        st_html_number_cell(out, plus(k->count[last] - k->count[0], &w));
        add_number(out, sqrt(k->count[last]));
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    add_names(out, s, order, count);
    add_absent(out, s);
    st_free(s->ctx, order);
}

// --- counts over time

/// A line of counts with the band that chance alone makes.
static st_figure_series series_of(st_text* out, st_arena* arena, const char* label, int kind,
                                  int count, const double* x, const double* y)
{
    double* lo = st_arena_alloc(arena, (size_t)count + 1, sizeof *lo);
    double* hi = st_arena_alloc(arena, (size_t)count + 1, sizeof *hi);
    for (int i = 0; lo && hi && i < count; i++) {
        lo[i] = fmax(y[i] - sqrt(y[i]), 0.0);
        hi[i] = y[i] + sqrt(y[i]);
    }
    out->failed = out->failed || !lo || !hi;
    return (st_figure_series){.label = label,
                              .colour = st_tissue_page_colour(kind),
                              .dash = st_tissue_page_dash(kind),
                              .count = count,
                              .x = x,
                              .y = y,
                              .lo = lo,
                              .hi = hi};
}

static double* times_of(st_arena* arena, const st_tissue_story* s)
{
    const double per_day = st_tissue_page_clock(s).per_day;
    double* x = st_arena_alloc(arena, (size_t)s->time_count + 1, sizeof *x);
    for (int t = 0; x && t < s->time_count; t++) {
        x[t] = s->day[t] * per_day;
    }
    return x;
}

/// Do lines of such different height stand in the figure that a plain axis would hide some?
static bool needs_log(const st_tissue_story* s, const int* order, int count)
{
    return count > 1 &&
           st_tissue_page_most(s, order[0]) > LOG_RANGE * st_tissue_page_most(s, order[count - 1]);
}

static void add_count_table(st_text* out, const st_tissue_story* s, const int* order, int count)
{
    st_text heads;
    st_text_init(&heads, s->ctx);
    st_text_addf(&heads, "%c%s", (int)(st_tissue_page_clock(s).one[0] - 'a' + 'A'),
                 st_tissue_page_clock(s).one + 1);
    for (int i = 0; i < count; i++) {
        st_text_addf(&heads, "|#%s", s->kind[order[i]].label);
    }
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, "Cells of each kind over time", heads.failed ? "" : heads.data);
    out->failed = out->failed || heads.failed;
    st_text_clear(&heads);
    const int stride = (s->time_count - 1) / ROW_LIMIT + 1;
    for (int t = 0; t < s->time_count; t++) {
        if (t % stride != 0 && t + 1 != s->time_count) {
            continue;
        }
        st_html_row(out);
        st_html_head_cell(out,
                          st_words_precise(s->day[t] * st_tissue_page_clock(s).per_day, 6).text);
        for (int i = 0; i < count; i++) {
            add_number(out, s->kind[order[i]].count[t]);
        }
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    if (stride > 1) {
        st_text_addf(out, "<p class=\"note\">Every %dth output; all are in cells.csv.</p>\n",
                     stride);
    }
    st_text_add(out, "</details>\n");
}

static void add_counts(st_text* out, const st_tissue_story* s, st_arena* arena, const int* order,
                       int count)
{
    double tick[16];
    double* x = times_of(arena, s);
    st_figure_series series[LINE_LIMIT];
    const int shown = count < LINE_LIMIT ? count : LINE_LIMIT;
    if (!x) {
        out->failed = true;
        return;
    }
    for (int i = 0; i < shown; i++) {
        const st_tissue_kind* k = &s->kind[order[i]];
        series[i] = series_of(out, arena, k->label, order[i], s->time_count, x, k->count);
    }
    const bool is_log = needs_log(s, order, shown);
    const st_figure_lines lines = {
        .about = {.id = "counts",
                  .title = "Cells of each kind over time",
                  .desc = "One line for each kind of cell, with the band of plus and minus the "
                          "square root of the count. The numbers are in the table below.",
                  .x_label = st_tissue_page_clock(s).many,
                  .y_label = is_log ? "cells, scale of powers of ten, 0 at its foot" : "cells"},
        .series = series,
        .series_count = shown,
        .x_tick = tick,
        .x_tick_count = st_tissue_page_ticks(x[0], x[s->time_count - 1], tick),
        .y_floor = 0.0,
        .labels_value = true,
        .is_log = is_log};
    st_figures_begin(out, &lines.about);
    st_figures_lines(out, &lines);
    st_text_add(out, "<figcaption>Bands: plus and minus the square root of the count, what chance "
                     "alone would do to independent cells.");
    if (shown < count) {
        st_text_addf(out, " The %d kinds with most cells; the table has all %d.", shown, count);
    }
    st_text_add(out, "</figcaption>\n");
    add_count_table(out, s, order, count);
    st_figures_end(out);
}

// --- births, deaths and so on

/// What happened between two outputs, summed over `stride` of them where there are many.
static void add_events(st_text* out, const st_tissue_story* s)
{
    const st_tissue_clock clock = st_tissue_page_clock(s);
    const int stride = (s->time_count - 2) / ROW_LIMIT + 1;
    if (s->time_count < 2) {
        return;
    }
    st_text_add(out, "<h3>What happened to cells, from output to output</h3>\n");
    char heads[160];
    snprintf(heads, sizeof heads, "From ... to, %s|#Births|#Deaths|#Changes|#Arrivals|#Departures",
             clock.many);
    st_html_table(out, "Births, deaths, changes, arrivals and departures", heads);
    for (int from = 0; from + 1 < s->time_count; from += stride) {
        const int to = from + stride < s->time_count ? from + stride : s->time_count - 1;
        char text[120];
        snprintf(text, sizeof text, "%.40s to %.40s",
                 st_words_precise(s->day[from] * clock.per_day, 5).text,
                 st_words_precise(s->day[to] * clock.per_day, 5).text);
        st_html_row(out);
        st_html_head_cell(out, text);
        for (int e = 0; e < ST_TISSUE_EVENTS; e++) {
            add_number(out, s->event[e][to] - s->event[e][from]);
        }
        st_text_add(out, "</tr>\n");
    }
    st_html_row(out);
    st_html_head_cell(out, "in all");
    for (int e = 0; e < ST_TISSUE_EVENTS; e++) {
        add_number(out, s->event[e][s->time_count - 1]);
    }
    st_text_add(out, "</tr>\n");
    st_html_table_end(out);
    if (stride > 1) {
        st_text_addf(out,
                     "<p class=\"note\">%d outputs together in a row; each is in cells.csv.</p>\n",
                     stride);
    }
}

void st_tissue_page_cells_section(st_text* out, const st_tissue_story* s)
{
    st_arena arena;
    if (s->kind_count == 0) {
        return;
    }
    st_arena_init(&arena, s->ctx);
    int* order = st_arena_alloc(&arena, (size_t)s->kind_count + 1, sizeof *order);
    st_text_add(out, "<section id=\"cells\"><h2>Cells over time</h2>\n");
    const int count = order ? st_tissue_page_present(s, order) : 0;
    if (count == 0) {
        st_text_add(out, "<p>There was no cell at any output.</p>\n");
    } else if (s->time_count > 1) {
        add_counts(out, s, &arena, order, count);
    }
    add_events(out, s);
    st_text_add(out, "</section>\n");
    out->failed = out->failed || !order;
    st_arena_clear(&arena);
}

// --- a zoom: beside the joint as a whole

static void add_person(st_text* out, const st_tissue_story* s)
{
    const char* run = st_tissue_story_zoom(s, "run");
    st_words a = st_tissue_page_time(s, s->time_count - 1);
    st_text_add(out, "<p>Person ");
    st_html_text(out, st_tissue_story_zoom(s, "person"));
    st_text_add(out, " of the trial “");
    st_html_text(out, st_tissue_story_zoom(s, "study"));
    st_text_add(out, "”, arm ");
    st_html_text(out, st_tissue_story_zoom(s, "arm"));
    if (st_tissue_story_zoom(s, "is_twin")[0] == '1') {
        st_text_add(out, " (the same person under another arm: a twin, as no trial can have them)");
    }
    st_text_add(out, ": a cube of ");
    st_html_text(out, st_tissue_story_zoom(s, "edge"));
    st_text_add(out, " µm of the ");
    st_html_text(out, st_tissue_story_zoom(s, "place"));
    st_text_addf(out, ", %s to %s after treatment.", st_tissue_page_time(s, 0).text, a.text);
    if (run[0]) {
        st_text_add(out, " <a href=\"");
        st_html_text(out, run);
        st_text_add(out, "/report.html\">The page of the trial</a>.");
    }
    st_text_add(out, "</p>\n");
}

static void add_later(st_text* out, const st_tissue_story* s)
{
    const double last = s->day[s->time_count - 1];
    int count = 0;
    for (int r = 0; r < st_table_row_count(s->zoom); r++) {
        const double day = strtod(st_table_cell(s->zoom, r, 1), NULL);
        if (strncmp(st_table_cell(s->zoom, r, 0), "later_", 6) != 0 || day > last) {
            continue;
        }
        st_text_add(out, count++ == 0 ? "<p>What followed the treatment within this time, as in "
                                        "the trial: "
                                      : ", ");
        st_html_text(out, st_table_cell(s->zoom, r, 0) + 6);
        st_text_addf(out, " on day %s", st_words_precise(day, 4).text);
    }
    st_text_add(out, count > 0 ? ".</p>\n"
                               : "<p>Nothing was given later within this time: no rescue "
                                 "medicine, no repeat, no other treatment.</p>\n");
}

/// The colour that is wanted, or the next that no line above has.
static int free_colour(const st_figure_series* series, int count, int wanted)
{
    for (int turn = 0; turn <= ST_FIGURE_COLOURS; turn++) {
        const int colour = (wanted + turn) % (ST_FIGURE_COLOURS + 1);
        bool is_free = true;
        for (int i = 0; i < count; i++) {
            is_free = is_free && series[i].colour != colour;
        }
        if (is_free) {
            return colour;
        }
    }
    return wanted;
}

static void add_pair_figure(st_text* out, const st_tissue_story* s, st_arena* arena,
                            const int* order, int count)
{
    double tick[16];
    double* x = times_of(arena, s);
    st_figure_series series[2 * (LINE_LIMIT / 2)];
    int shown = 0;
    for (int i = 0; x && i < count && shown + 2 <= LINE_LIMIT; i++) {
        const st_tissue_kind* k = &s->kind[order[i]];
        if (!k->expected) {
            continue;
        }
        series[shown] = series_of(out, arena, k->label, order[i], s->time_count, x, k->count);
        series[shown].colour = free_colour(series, shown, series[shown].colour);
        series[shown].dash = 0;
        series[shown + 1] = series[shown];
        series[shown + 1].label = st_tissue_page_text(out, arena, "joint: ", k->label);
        series[shown + 1].is_unlabelled = true;
        series[shown + 1].dash = 2;
        series[shown + 1].y = k->expected;
        series[shown + 1].lo = series[shown + 1].hi = NULL;
        shown += 2;
    }
    const st_figure_lines lines = {
        .about = {.id = "expected",
                  .title = "Cells counted, and what the joint as a whole says",
                  .desc = "Solid lines: cells counted in the piece. Dotted lines: what the joint's "
                          "own course says of a piece of this size. The table has all kinds.",
                  .x_label = st_tissue_page_clock(s).many,
                  .y_label = "cells, scale of powers of ten, 0 at its foot"},
        .series = series,
        .series_count = shown,
        .x_tick = tick,
        .x_tick_count = x ? st_tissue_page_ticks(x[0], x[s->time_count - 1], tick) : 0,
        .y_floor = 0.0,
        .is_log = true};
    if (shown == 0) {
        out->failed = out->failed || !x;
        return;
    }
    st_figures_begin(out, &lines.about);
    st_figures_lines(out, &lines);
    st_text_add(out, "<figcaption>Solid: counted, with plus and minus the square root. Dotted: the "
                     "joint as a whole. They differ by chance, and over months where what happens "
                     "in the piece feeds back on it.</figcaption>\n");
    st_figures_end(out);
}

static st_words expected_text(double value)
{
    return value < 100.0 ? st_words_number(value, 1) : st_words_whole((int64_t)floor(value + 0.5));
}

void st_tissue_page_cells_zoom(st_text* out, const st_tissue_story* s)
{
    const int last = s->time_count - 1;
    st_arena arena;
    if (!s->zoom || !s->expected || s->kind_count == 0) {
        return;
    }
    st_arena_init(&arena, s->ctx);
    int* order = st_arena_alloc(&arena, (size_t)s->kind_count + 1, sizeof *order);
    const int count = order ? st_tissue_page_present(s, order) : 0;
    st_text_add(out, "<section id=\"joint\"><h2>Beside the joint as a whole</h2>\n");
    add_person(out, s);
    add_later(out, s);
    if (s->time_count > 1) {
        add_pair_figure(out, s, &arena, order, count);
    }
    char caption[120];
    snprintf(caption, sizeof caption, "Counted and expected on %.80s",
             st_tissue_page_time(s, last).text);
    st_html_table(out, caption, "Kind|#Counted|#Expected|#Difference|#In square roots");
    for (int i = 0; i < count; i++) {
        const st_tissue_kind* k = &s->kind[order[i]];
        const double want = k->expected ? k->expected[last] : (double)NAN;
        const double off = k->count[last] - want;
        st_words w;
        st_html_row(out);
        st_html_head_cell(out, k->label);
        add_number(out, k->count[last]);
        st_html_number_cell(out, isfinite(want) ? expected_text(want).text : "–");
        st_html_number_cell(out, isfinite(off) ? plus(off, &w) : "–");
        st_html_number_cell(out, want > 0.0 ? st_words_signed(off / sqrt(want), 1).text : "–");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "<p class=\"note\">What is left out: the piece gives nothing back to the "
                     "joint, whose own course leads; load, medicine and plans of care that "
                     "change an input of the model act inside the piece as well. Who leaves the "
                     "trial or has the joint replaced is followed all the same.</p>\n</section>\n");
    out->failed = out->failed || !order;
    st_arena_clear(&arena);
}
