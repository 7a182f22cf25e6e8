#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

// Points that a line keeps at most: more cannot be seen.
#define POINT_LIMIT 80
#define TICK_LIMIT  24
// A point is left out where the line through its neighbours misses it by less of the plot's height.
#define FLAT 0.002
// Bytes of this section; the quantities beyond are named, their courses stand in the CSV table.
#define BUDGET 560000
// What the page may hold when this section ends, for the rest needs about half a megabyte; and what
// this section gets in any case.
#define PAGE_SO_FAR    940000
#define LEAST          150000
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

// Distance between lowest and highest value that the figure shows, over all arms.
static double height_of(const st_findings* f, const char* name, bool has_bands)
{
    double lo = INFINITY;
    double hi = -INFINITY;
    for (int a = 0; a < f->arm_count; a++) {
        int rows = 0;
        const st_course_row* all = st_findings_course(f, a, name, &rows);
        for (int i = 0; i < rows; i++) {
            lo = fmin(lo, has_bands ? fmin(all[i].q25, all[i].q50) : all[i].q50);
            hi = fmax(hi, has_bands ? fmax(all[i].q75, all[i].q50) : all[i].q50);
        }
    }
    return hi > lo ? hi - lo : 0.0;
}

static double on_chord(const double* x, const double* y, int from, int to, int at)
{
    return y[from] + (y[to] - y[from]) * (x[at] - x[from]) / (x[to] - x[from]);
}

// Keeps the points without which the lines would look different; gives their number.
static int thin_out(course_data* d, int base, int count, double tolerance)
{
    double* const x = d->x + base;
    double* const line[] = {d->y + base, d->lo + base, d->hi + base};
    int kept = 1;
    int from = 0; // position of the last one kept, among all
    for (int to = 2; to <= count; to++) {
        bool is_flat = to < count;
        for (int at = from + 1; at < to && is_flat; at++) {
            for (int k = 0; k < 3 && is_flat; k++) {
                is_flat = fabs(on_chord(x, line[k], from, to, at) - line[k][at]) <= tolerance;
            }
        }
        if (!is_flat) {
            from = to - 1; // all before it are no longer looked at
            x[kept] = x[from];
            for (int k = 0; k < 3; k++) {
                line[k][kept] = line[k][from];
            }
            kept += 1;
        }
    }
    return kept;
}

static void add_arm(const st_findings* f, const char* name, int arm, bool has_bands, double height,
                    course_data* d)
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
    count = thin_out(d, base, count, FLAT * height);
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

// The arm that the titles speak of: the first with cells that has a control, else the first.
static int told_arm(const st_findings* f)
{
    int arm = 0;
    for (int a = f->arm_count - 1; a >= 0; a--) {
        arm = f->arm[a].control >= 0 && f->arm[a].has_cells ? a : arm;
    }
    return arm;
}

// "falls by 2 % with A and by 2 % with B": the first compared arm and its control, first to last
// day.
static const char* course_title(const st_findings* f, const char* name, const char* label,
                                st_arena* arena)
{
    const int arm = told_arm(f);
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
    const double height = height_of(f, q->name, is_structure(q));
    for (int a = 0; a < f->arm_count; a++) {
        add_arm(f, q->name, a, is_structure(q), height, d);
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

// How far the told arm and its control part from each other, against all that the figure shows.
static double parting_of(const st_findings* f, const char* name)
{
    const int arm = told_arm(f);
    const double height = height_of(f, name, false);
    int rows = 0;
    int control_rows = 0;
    const st_course_row* own = st_findings_course(f, arm, name, &rows);
    const st_course_row* other = st_findings_course(f, f->arm[arm].control, name, &control_rows);
    double most = 0.0;
    for (int i = 0; i < rows && i < control_rows && height > 0.0; i++) {
        const double gap = fabs((own[i].q50 - own[0].q50) - (other[i].q50 - other[0].q50));
        most = isfinite(gap) ? fmax(most, gap / height) : most;
    }
    return most;
}

// Quantities of a kind: structure in the order of the model, the others with what the arms differ
// in first, so that the most telling ones have room.
static int order_charts(const st_findings* f, chart_kind kind, int* order, double* parting)
{
    int count = 0;
    for (int i = 0; i < f->quantity_count; i++) {
        if (is_product(&f->quantity[i]) || kind_of(&f->quantity[i]) != kind) {
            continue;
        }
        const double score = kind == CHART_OTHER ? parting_of(f, f->quantity[i].name) : 0.0;
        int at = count++;
        for (; at > 0 && parting[at - 1] < score; at--) {
            order[at] = order[at - 1];
            parting[at] = parting[at - 1];
        }
        order[at] = i;
        parting[at] = score;
    }
    return count;
}

static int add_charts(st_text* out, const st_findings* f, chart_kind kind, size_t limit,
                      course_data* d, st_arena* arena)
{
    int shown = 0;
    const char* left = NULL; // names of what has no room
    int* order = st_arena_alloc(arena, (size_t)f->quantity_count + 1, sizeof *order);
    double* parting = st_arena_alloc(arena, (size_t)f->quantity_count + 1, sizeof *parting);
    const int count = order && parting ? order_charts(f, kind, order, parting) : 0;
    out->failed = out->failed || !order || !parting;
    for (int k = 0; k < count; k++) {
        const int i = order[k];
        const st_finding_quantity* q = &f->quantity[i];
        if (out->length > limit) {
            const char* name = st_findings_plain_name(arena, q->name);
            left = left ? st_arena_format(arena, "%s, %s", left, name) : name;
            continue;
        }
        add_chart(out, f, q, i, d, arena);
        shown += d->count > 0;
    }
    if (left) {
        st_text_add(out, "<p class=\"note\">Not drawn, for the page would become too large; their "
                         "courses are in tables/courses.csv: ");
        st_html_text(out, left);
        st_text_add(out, ".</p>\n");
    }
    return shown + (left != NULL);
}

void st_section_joint(st_text* out, const st_findings* f)
{
    const size_t room = out->length + LEAST < PAGE_SO_FAR ? PAGE_SO_FAR - out->length : LEAST;
    const size_t limit = out->length + (room < BUDGET ? room : BUDGET);
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
        if (add_charts(out, f, CHART_STRUCTURE, limit, &d, &arena) == 0) {
            st_text_add(out, "<p>The model has no matrix and no thickness.</p>\n");
        }
        st_text_add(out, "<h3>Cells of the joint, and factors</h3>\n");
        if (add_charts(out, f, CHART_BIOLOGY, limit, &d, &arena) == 0) {
            st_text_add(out, "<p>The model records none over time.</p>\n");
        }
        st_text_add(out, "<details><summary>Other quantities of the model</summary>\n");
        if (add_charts(out, f, CHART_OTHER, limit, &d, &arena) == 0) {
            st_text_add(out, "<p>None was recorded.</p>\n");
        }
        st_text_add(out, "</details>\n");
    }
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
