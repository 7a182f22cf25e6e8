// The story by depth: cells, matrix and levels in slices along an axis of the box, at a few times.

#include "report/figures.h"
#include "report/html.h"
#include "report/tissue_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_LIMIT   4
#define FIGURE_LIMIT 10 ///< kinds of cells
#define UM3_PER_ML   1e12

/// The profile, read: slices x times.
typedef struct depth {
    const st_tissue_story* s;
    st_arena arena;
    int bins, times;
    double* x;      ///< [bins] middle of each slice
    double* volume; ///< [bins] mL of tissue, NAN where there is none
    const char* unit;
    double x_lo, x_hi;
} depth;

static double number_at(const st_table* table, int row, int column)
{
    const char* text = column >= 0 ? st_table_cell(table, row, column) : "";
    return text[0] ? strtod(text, NULL) : (double)NAN;
}

static bool read_depth(depth* d)
{
    const st_table* t = d->s->profile;
    const int rows = st_table_row_count(t);
    const int day = st_table_column(t, "day");
    const int from = st_table_column(t, "from_um");
    const int to = st_table_column(t, "to_um");
    const int voxels = st_table_column(t, "voxels");
    const double voxel_mL = st_tissue_story_number(d->s, "voxel_volume") / UM3_PER_ML;
    while (d->bins < rows &&
           strcmp(st_table_cell(t, d->bins, day), st_table_cell(t, 0, day)) == 0) {
        d->bins++;
    }
    if (day < 0 || from < 0 || to < 0 || voxels < 0 || d->bins == 0 || rows % d->bins != 0) {
        return false;
    }
    d->times = rows / d->bins;
    d->x = st_arena_alloc(&d->arena, (size_t)d->bins, sizeof *d->x);
    d->volume = st_arena_alloc(&d->arena, (size_t)d->bins, sizeof *d->volume);
    if (!d->x || !d->volume) {
        return false;
    }
    const double wide = number_at(t, d->bins - 1, to) - number_at(t, 0, from);
    const double scale = wide > 900.0 ? 1e-3 : 1.0;
    d->unit = wide > 900.0 ? "mm" : "µm";
    d->x_lo = scale * number_at(t, 0, from);
    d->x_hi = scale * number_at(t, d->bins - 1, to);
    for (int b = 0; b < d->bins; b++) {
        d->x[b] = 0.5 * scale * (number_at(t, b, from) + number_at(t, b, to));
        const double count = number_at(t, b, voxels);
        d->volume[b] = count > 0.0 ? count * voxel_mL : (double)NAN;
    }
    return true;
}

/// Outputs that are drawn: the first, the last, and two between, closer at the start, where most
/// happens. Where all of these are 0, the one with most takes a place.
static int choose_times(const depth* d, int column, int shown[TIME_LIMIT])
{
    double most = 0.0;
    double seen = 0.0;
    int peak = 0;
    int count = 0;
    for (int i = 0; i < TIME_LIMIT; i++) {
        const double part = (double)i / (TIME_LIMIT - 1);
        const int at = (int)((d->times - 1) * part * part + 0.5);
        if (count == 0 || shown[count - 1] != at) {
            shown[count++] = at;
        }
    }
    for (int t = 0; t < d->times; t++) {
        double sum = 0.0;
        for (int b = 0; b < d->bins; b++) {
            sum += fmax(number_at(d->s->profile, t * d->bins + b, column), 0.0);
        }
        peak = sum > most ? t : peak;
        most = fmax(most, sum);
        for (int i = 0; i < count; i++) {
            seen = shown[i] == t ? fmax(seen, sum) : seen;
        }
    }
    if (seen == 0.0 && most > 0.0) { // between the first and the last
        shown[1] = peak;
        shown[2] = d->times - 1;
        count = 3;
    }
    return most > 0.0 ? count : 0;
}

/// One small figure: a column of the profile over the slices, one line for each time.
static void add_figure(st_text* out, depth* d, const char* id, const char* title,
                       const char* y_label, int column, double factor, bool is_count)
{
    st_figure_series series[TIME_LIMIT];
    int shown[TIME_LIMIT];
    double tick[16];
    char x_label[80];
    static const int colours[TIME_LIMIT] = {0, 6, 5, 1};
    snprintf(x_label, sizeof x_label, "position along %.8s, %s",
             st_tissue_story_about(d->s, "profile"), d->unit);
    const int shown_count = choose_times(d, column, shown);
    if (shown_count == 0) {
        st_text_add(out, "<p>");
        st_html_text(out, title);
        st_text_add(out, ": 0 everywhere at every output.</p>\n");
        return;
    }
    for (int i = 0; i < shown_count; i++) {
        double* y = st_arena_alloc(&d->arena, (size_t)d->bins * 3, sizeof *y);
        if (!y) {
            out->failed = true;
            return;
        }
        for (int b = 0; b < d->bins; b++) {
            const double n = number_at(d->s->profile, shown[i] * d->bins + b, column);
            const double per = is_count ? factor / d->volume[b] : factor;
            y[b] = n * per;
            y[d->bins + b] = fmax(n - sqrt(n), 0.0) * per;
            y[2 * d->bins + b] = (n + sqrt(n)) * per;
        }
        const st_words when = st_tissue_page_time(d->s, shown[i]);
        series[i] = (st_figure_series){.label = st_tissue_page_text(out, &d->arena, when.text, ""),
                                       .colour = colours[i + 1 == shown_count ? TIME_LIMIT - 1 : i],
                                       .dash = i % 3,
                                       .count = d->bins,
                                       .x = d->x,
                                       .y = y,
                                       .lo = is_count ? y + d->bins : NULL,
                                       .hi = is_count ? y + 2 * d->bins : NULL};
    }
    const st_figure_lines lines = {
        .about = {.id = id,
                  .title = title,
                  .desc = "One line for each of a few times over the slices of the tissue. The "
                          "numbers are in profile.csv.",
                  .x_label = x_label,
                  .y_label = y_label},
        .series = series,
        .series_count = shown_count,
        .x_tick = tick,
        .x_tick_count = st_tissue_page_ticks(d->x_lo, d->x_hi, tick),
        .y_floor = 0.0,
        .has_faint_bands = true};
    st_figures_begin(out, &lines.about);
    st_figures_lines(out, &lines);
    st_figures_end(out);
}

static void add_kinds(st_text* out, depth* d)
{
    const st_tissue_story* s = d->s;
    int* order = st_arena_alloc(&d->arena, (size_t)s->kind_count + 1, sizeof *order);
    if (!order) {
        out->failed = true;
        return;
    }
    const int count = st_tissue_page_present(s, order);
    st_text_add(out, "<h3>Cells: how dense they lie</h3>\n<div class=\"two\">\n");
    for (int i = 0; i < count && i < FIGURE_LIMIT; i++) {
        const char* name = s->kind[order[i]].name;
        char id[40];
        snprintf(id, sizeof id, "depth-kind-%d", i + 1);
        add_figure(out, d, id, s->kind[order[i]].label, "million cells per mL",
                   st_table_column(s->profile, name), 1e-6, true);
    }
    st_text_add(out, "</div>\n");
    if (count > FIGURE_LIMIT) {
        st_text_addf(out,
                     "<p class=\"note\">The %d kinds with most cells; the other %d are in "
                     "profile.csv.</p>\n",
                     FIGURE_LIMIT, count - FIGURE_LIMIT);
    }
}

static void add_rest(st_text* out, depth* d)
{
    const st_tissue_story* s = d->s;
    st_text_add(out, "<h3>Matrix and levels</h3>\n<div class=\"two\">\n");
    for (int i = 0; i < s->matrix_count && i < FIGURE_LIMIT; i++) {
        const st_tissue_quantity* q = &s->matrix[i];
        char id[40];
        snprintf(id, sizeof id, "depth-matrix-%d", i + 1);
        add_figure(out, d, id, q->name, strcmp(q->unit, "1") == 0 ? "fraction" : q->unit,
                   st_table_column(s->profile, q->name), 1.0, false);
    }
    for (int i = 0; i < s->field_count && i < FIGURE_LIMIT; i++) {
        const st_tissue_quantity* q = &s->field[i];
        const st_tissue_unit u = st_tissue_page_unit(st_tissue_page_highest(s, q));
        char id[40];
        char head[200];
        snprintf(id, sizeof id, "depth-field-%d", i + 1);
        snprintf(head, sizeof head, "%s_M", q->name);
        add_figure(out, d, id, q->name, u.unit, st_table_column(s->profile, head), u.factor, false);
    }
    st_text_add(out, "</div>\n");
}

void st_tissue_page_depth_section(st_text* out, const st_tissue_story* s)
{
    depth d = {.s = s};
    if (!s->profile || s->kind_count == 0) {
        return;
    }
    st_arena_init(&d.arena, s->ctx);
    if (read_depth(&d) && d.times == s->time_count) {
        st_text_add(out, "<section id=\"depth\"><h2>By depth</h2>\n");
        st_text_addf(out,
                     "<p>The box is cut into %d equal slices along %s; each line is one time. "
                     "Slices without tissue are left out. Bands: plus and minus the square root "
                     "of the count.</p>\n",
                     d.bins, st_tissue_story_about(s, "profile"));
        add_kinds(out, &d);
        if (s->matrix_count + s->field_count > 0) {
            add_rest(out, &d);
        }
        st_text_add(out, "</section>\n");
    }
    st_arena_clear(&d.arena);
}
