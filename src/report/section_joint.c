#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

// Points that a line keeps at most: more cannot be seen.
#define POINT_LIMIT    80
#define TICK_LIMIT     24
#define DAYS_PER_MONTH (365.25 / 12.0)

typedef struct course_data {
    double *x, *y, *lo, *hi;
    st_figure_series* series;
    int count;
    double longest; // months
} course_data;

// What a reader looks for first: structure.
static bool is_structure(const st_finding_quantity* q)
{
    return strcmp(q->role, "matrix") == 0 || strstr(q->name, "thickness") != NULL;
}

// Then cells of the joint and factors; other quantities of the model are kept folded.
static bool is_biology(const st_finding_quantity* q)
{
    return !is_structure(q) &&
           (strcmp(q->kind, "cells") == 0 || strcmp(q->kind, "substrate") == 0 ||
            strcmp(q->name, "synovitis") == 0);
}

static bool is_product(const st_finding_quantity* q)
{
    return strstr(q->role, "product cells") != NULL;
}

static void add_arm(const st_findings* f, const char* name, int arm, bool has_bands, course_data* d)
{
    int rows = 0;
    const st_course_row* all = st_findings_course(f, arm, name, &rows);
    if (rows < 2) {
        return;
    }
    const int base = d->count * (POINT_LIMIT + 1);
    const int stride = (rows - 1) / POINT_LIMIT + 1;
    int count = 0;
    for (int i = 0; i < rows; i += i + stride < rows || i == rows - 1 ? stride : rows - 1 - i) {
        d->x[base + count] = all[i].day / DAYS_PER_MONTH;
        d->y[base + count] = all[i].q50;
        d->lo[base + count] = all[i].q25;
        d->hi[base + count] = all[i].q75;
        count += 1;
    }
    d->longest = fmax(d->longest, all[rows - 1].day / DAYS_PER_MONTH);
    d->series[d->count] = (st_figure_series){.label = f->arm[arm].label,
                                             .colour = st_palette_colour(f, arm),
                                             .dash = st_palette_dash(f, arm),
                                             .count = count,
                                             .x = d->x + base,
                                             .y = d->y + base,
                                             .lo = has_bands ? d->lo + base : NULL,
                                             .hi = has_bands ? d->hi + base : NULL};
    d->count += 1;
}

// The visits where the course reaches to the last of them, else round months.
static int fill_ticks(const st_findings* f, double longest, double* tick)
{
    int count = 0;
    if (f->visit_count <= TICK_LIMIT &&
        fabs(f->visit[f->visit_count - 1].month - longest) < 0.01 * longest) {
        for (int v = 0; v < f->visit_count; v++) {
            tick[count++] = f->visit[v].month;
        }
        return count;
    }
    const st_figures_scale scale = st_figures_scale_round(0.0, longest, 6);
    for (double at = 0.0; at < longest - 0.5 * scale.step && count < TICK_LIMIT; at += scale.step) {
        tick[count++] = at;
    }
    tick[count++] = longest;
    return count;
}

// Values at the first, the middle and the last day: the whole course is in tables/courses.csv.
static void add_table(st_text* out, const st_findings* f, const char* name, const char* title)
{
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, title, "Arm|#Day|#5 %|#25 %|#Median|#75 %|#95 %|#Mean");
    for (int a = 0; a < f->arm_count; a++) {
        int rows = 0;
        const st_course_row* all = st_findings_course(f, a, name, &rows);
        const int ends[] = {0, rows / 2, rows - 1};
        for (int k = 0; k < 3; k++) {
            if (rows == 0 || (k > 0 && ends[k] == ends[k - 1])) {
                continue;
            }
            const st_course_row* r = &all[ends[k]];
            const double values[] = {r->q05, r->q25, r->q50, r->q75, r->q95, r->mean};
            st_html_row(out);
            st_html_head_cell(out, f->arm[a].label);
            st_html_number_cell(out, st_words_precise(r->day, 4).text);
            for (int i = 0; i < 6; i++) {
                st_html_number_cell(out, st_words_precise(values[i], 4).text);
            }
            st_text_add(out, "</tr>\n");
        }
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

// "falls by 2 % with A and by 2 % with B": the first compared arm and its control, first to last
// day.
static const char* course_title(const st_findings* f, const char* name, const char* label,
                                st_arena* arena)
{
    int arm = 0;
    for (int a = f->arm_count - 1; a >= 0; a--) {
        arm = f->arm[a].control >= 0 && f->arm[a].has_cells ? a : arm;
    }
    const int arms[] = {arm, f->arm[arm].control};
    const char* said = label;
    for (int i = 0; i < 2 && arms[i] >= 0; i++) {
        int rows = 0;
        const st_course_row* all = st_findings_course(f, arms[i], name, &rows);
        if (rows < 2 || !isfinite(all[0].q50) || !isfinite(all[rows - 1].q50)) {
            continue;
        }
        said = st_arena_format(arena, "%s%s from %s to %s with %s", said, i == 0 ? ":" : ",",
                               st_words_precise(all[0].q50, 3).text,
                               st_words_precise(all[rows - 1].q50, 3).text, f->arm[arms[i]].label);
        said = said ? said : label;
    }
    return said;
}

static void add_chart(st_text* out, const st_findings* f, const st_finding_quantity* q, int index,
                      course_data* d, st_arena* arena)
{
    double tick[TICK_LIMIT + 1];
    d->count = 0;
    d->longest = 0.0;
    for (int a = 0; a < f->arm_count; a++) {
        add_arm(f, q->name, a, is_structure(q), d);
    }
    if (d->count == 0) {
        return;
    }
    const char* label = st_arena_format(arena, "%s (%s)", st_findings_plain_name(arena, q->name),
                                        q->unit[0] ? q->unit : "1");
    const char* title = course_title(f, q->name, label ? label : q->name, arena);
    const st_figure_lines lines = {
        .about = {.id = st_arena_format(arena, "%scourse-%d", f->prefix, index),
                  .title = title ? title : q->name,
                  .desc = "Lines of the median over the people of each arm. Values are in the "
                          "table below.",
                  .x_label = "months since the start",
                  .y_label = label ? label : q->name},
        .series = d->series,
        .series_count = d->count,
        .place_count = 1,
        .x_tick = tick,
        .x_tick_count = fill_ticks(f, d->longest, tick),
        .y_floor = NAN,
        .has_faint_bands = true};
    st_figures_begin(out, &lines.about);
    st_figures_lines(out, &lines);
    st_text_add(out, is_structure(q) ? "<figcaption>Line: median over people of the arm; band: "
                                       "the middle half of them. Arms of other people start "
                                       "elsewhere by chance: compare the slopes.</figcaption>\n"
                                     : "<figcaption>Line: median over people of the arm."
                                       "</figcaption>\n");
    add_table(out, f, q->name, lines.about.title);
    st_figures_end(out);
}

typedef enum chart_kind { CHART_STRUCTURE, CHART_BIOLOGY, CHART_OTHER } chart_kind;

static chart_kind kind_of(const st_finding_quantity* q)
{
    return is_structure(q) ? CHART_STRUCTURE : is_biology(q) ? CHART_BIOLOGY : CHART_OTHER;
}

static int add_charts(st_text* out, const st_findings* f, chart_kind kind, course_data* d,
                      st_arena* arena)
{
    int shown = 0;
    for (int i = 0; i < f->quantity_count; i++) {
        const st_finding_quantity* q = &f->quantity[i];
        if (is_product(q) || kind_of(q) != kind) {
            continue;
        }
        add_chart(out, f, q, i, d, arena);
        shown += d->count > 0;
    }
    return shown;
}

void st_section_joint(st_text* out, const st_findings* f)
{
    st_text_add(out, "<section id=\"joint\"><h2>Inside the joint</h2>\n");
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    const size_t values = (size_t)f->arm_count * (POINT_LIMIT + 1);
    course_data d = {
        .x = st_arena_alloc(&arena, values, sizeof *d.x),
        .y = st_arena_alloc(&arena, values, sizeof *d.y),
        .lo = st_arena_alloc(&arena, values, sizeof *d.lo),
        .hi = st_arena_alloc(&arena, values, sizeof *d.hi),
        .series = st_arena_alloc(&arena, (size_t)f->arm_count, sizeof *d.series),
    };
    if (!d.x || !d.y || !d.lo || !d.hi || !d.series) {
        out->failed = true;
    } else if (f->course_count == 0) {
        st_text_add(out, "<p>This run holds no courses.</p>\n");
    } else {
        if (add_charts(out, f, CHART_STRUCTURE, &d, &arena) == 0) {
            st_text_add(out, "<p>The model has no matrix and no thickness.</p>\n");
        }
        st_text_add(out, "<h3>Cells of the joint, and factors</h3>\n");
        if (add_charts(out, f, CHART_BIOLOGY, &d, &arena) == 0) {
            st_text_add(out, "<p>The model records none over time.</p>\n");
        }
        st_text_add(out, "<details><summary>Other quantities of the model</summary>\n");
        if (add_charts(out, f, CHART_OTHER, &d, &arena) == 0) {
            st_text_add(out, "<p>None was recorded.</p>\n");
        }
        st_text_add(out, "</details>\n");
    }
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
