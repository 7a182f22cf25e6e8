#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

// Days after the start at which the cells in the joint are told.
static const double story_days[] = {1.0, 7.0, 30.0, 180.0};
// Rows that fit on a printed page.
#define ROWS_ON_A_PAGE 30
#define ARM_LIMIT      64
#define TITLE_REST                                                                                 \
    "living cells of the product after each step, and in the joint on days 1, 7, 30 and 180"
#define TITLE                                                                                      \
    "Living cells of the product after each step, and in the joint on days 1, 7, 30 and 180"
#define STORY_COUNT ((int)(sizeof story_days / sizeof story_days[0]))

// The row nearest to a day, when one is near enough to stand for it.
static const st_course_row* course_at(const st_course_row* rows, int count, double day)
{
    const st_course_row* best = NULL;
    for (int i = 0; i < count; i++) {
        if (!best || fabs(rows[i].day - day) < fabs(best->day - day)) {
            best = &rows[i];
        }
    }
    return best && fabs(best->day - day) <= 0.2 * day ? best : NULL;
}

static const char* count_text(st_arena* arena, double cells)
{
    return st_arena_format(arena, "%s", st_words_count(cells).text);
}

// 2 146 becomes 2 100: a ratio of medians is no more exact.
static int64_t two_digits(double ratio)
{
    int64_t step = 1;
    while (ratio / (double)step >= 100.0) {
        step *= 10;
    }
    return (int64_t)floor(ratio / (double)step + 0.5) * step;
}

// "9.3 million (−2 %)": what is left, and how much of the step before that is.
static const char* step_text(st_arena* arena, double before, double now)
{
    const st_words count = st_words_count(now);
    if (!(before > 0.0) || !isfinite(now)) {
        return st_arena_format(arena, "%s", count.text);
    }
    const double ratio = now / before;
    if (ratio >= 1.5 && ratio < 1e6) {
        return st_arena_format(arena, "%s (× %s)", count.text,
                               st_words_whole(two_digits(ratio)).text);
    }
    if (ratio < 0.9995) {
        return st_arena_format(arena, "%s (−%s)", count.text, st_words_percent(1.0 - ratio).text);
    }
    return st_arena_format(arena, "%s", count.text);
}

static int collect_arm(const st_findings* f, int arm, st_arena* arena, st_figure_row* row)
{
    int count = 0;
    double before = NAN;
    for (int i = 0; i < f->dose_step_count; i++) {
        const st_dose_step_row* s = &f->dose_step[i];
        if (s->arm == arm) {
            row[count++] = (st_figure_row){.label = st_findings_plain_name(arena, s->name),
                                           .value = s->q50,
                                           .lo = s->q05,
                                           .hi = s->q95,
                                           .colour = st_palette_colour(f, arm),
                                           .text = step_text(arena, before, s->q50)};
            before = s->q50;
        }
    }
    if (count == 0) {
        return 0;
    }
    for (int d = 0; d < STORY_COUNT; d++) {
        for (int k = 0; k < f->quantity_count; k++) {
            if (strcmp(f->quantity[k].role, "product cells") != 0) {
                continue;
            }
            int rows = 0;
            const st_course_row* all = st_findings_course(f, arm, f->quantity[k].name, &rows);
            const st_course_row* c = course_at(all, rows, story_days[d]);
            if (c && c->q95 >= 1.0) { // less than a cell in nearly everybody is none
                row[count++] = (st_figure_row){
                    .label = st_arena_format(arena, c->day < 10.0 ? "day %.2g: %s" : "day %.0f: %s",
                                             c->day, st_findings_plain_name(arena, c->name)),
                    .value = c->q50,
                    .lo = c->q05,
                    .hi = c->q95,
                    .colour = st_palette_colour(f, arm),
                    .text = count_text(arena, c->q50)};
            }
        }
    }
    return count;
}

static void add_table(st_text* out, const st_figure_row* row, int count)
{
    const char* arm = "";
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, "Living cells, median and 90 % of people",
                  "Arm|Step or day|#5 %|#Median|#95 %");
    for (int i = 0; i < count; i++) {
        if (row[i].is_head) {
            arm = row[i].label;
            continue;
        }
        st_html_row(out);
        st_html_head_cell(out, arm);
        st_html_cell(out, row[i].label);
        st_html_number_cell(out, st_words_count(row[i].lo).text);
        st_html_number_cell(out, st_words_count(row[i].value).text);
        st_html_number_cell(out, st_words_count(row[i].hi).text);
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static void add_recipes(st_text* out, const st_findings* f)
{
    st_text_add(out, "<dl class=\"recipes\">");
    for (int a = 0; a < f->arm_count; a++) {
        st_text_add(out, "<dt>");
        st_html_text(out, f->arm[a].label);
        st_text_add(out, "</dt><dd>");
        st_html_text(out, f->arm[a].recipe[0] ? f->arm[a].recipe : "no procedure");
        st_text_add(out, "</dd>");
    }
    st_text_add(out, "</dl>\n");
}

// Product cells of all places together at a day; NAN when the course says nothing of it.
static double cells_at(const st_findings* f, int arm, double day)
{
    double sum = 0.0;
    int known = 0;
    for (int k = 0; k < f->quantity_count; k++) {
        if (strcmp(f->quantity[k].role, "product cells") != 0) {
            continue;
        }
        int rows = 0;
        const st_course_row* all = st_findings_course(f, arm, f->quantity[k].name, &rows);
        const st_course_row* c = course_at(all, rows, day);
        if (c && isfinite(c->mean)) {
            sum += c->mean;
            known += 1;
        }
    }
    return known > 0 ? sum : (double)NAN;
}

static const char* out_of_100(st_arena* arena, double share)
{
    const double percent = 100.0 * share;
    return percent >= 0.95    ? st_arena_format(arena, "%s", st_words_number(percent, 0).text)
           : percent >= 0.095 ? st_arena_format(arena, "%s", st_words_number(percent, 1).text)
           : percent > 0.0    ? st_arena_format(arena, "1 in %s",
                                                st_words_count(floor(100.0 / percent + 0.5)).text)
                              : "none";
}

#define STREAM_STEPS (ST_DOSE_STEP_LIMIT + STORY_COUNT)

// From the last count before the needle on: out of 100 of those cells.
static bool fill_stream(const st_findings* f, int arm, st_arena* arena, st_figure_stream_row* row)
{
    st_figure_stream_step* step = st_arena_alloc(arena, STREAM_STEPS, sizeof *step);
    const st_dose_step_row* dose[ST_DOSE_STEP_LIMIT];
    int count = 0;
    int most = -1;
    for (int i = 0; step && i < f->dose_step_count; i++) {
        const st_dose_step_row* s = &f->dose_step[i];
        if (s->arm == arm && count < ST_DOSE_STEP_LIMIT && isfinite(s->q50)) {
            dose[count++] = s;
            most = most < 0 || s->q50 > dose[most]->q50 ? count - 1 : most;
        }
    }
    if (most < 0 || !(dose[most]->q50 > 0.0)) {
        return false;
    }
    const double whole = dose[most]->q50;
    int steps = 0;
    for (int i = most; i < count; i++) {
        const double share = dose[i]->q50 / whole;
        step[steps++] = (st_figure_stream_step){st_findings_plain_name(arena, dose[i]->name),
                                                out_of_100(arena, share), share};
    }
    for (int k = 0; k < STORY_COUNT; k++) {
        const double share = cells_at(f, arm, story_days[k]) / whole;
        if (isfinite(share)) {
            step[steps++] =
                (st_figure_stream_step){st_arena_format(arena, "day %.0f", story_days[k]),
                                        out_of_100(arena, share), fmin(share, 1.0)};
        }
    }
    *row = (st_figure_stream_row){.label = f->arm[arm].label,
                                  .colour = st_palette_colour(f, arm),
                                  .step = step,
                                  .step_count = steps};
    return steps > 1;
}

static const char* stream_title(st_arena* arena, const st_figure_stream_row* row,
                                const st_figure_stream_step* last)
{
    return strchr(last->text, ' ')
               ? st_arena_format(arena, "%s: %s living cells is still there on %s", row->label,
                                 last->text, last->label)
               : st_arena_format(arena, "%s: of 100 living cells, %s still there on %s", row->label,
                                 last->text, last->label);
}

static void add_stream(st_text* out, const st_findings* f, st_arena* arena)
{
    st_figure_stream_row* row = st_arena_alloc(arena, (size_t)f->arm_count, sizeof *row);
    int count = 0;
    for (int a = 0; row && a < f->arm_count; a++) {
        count += f->arm[a].has_cells && fill_stream(f, a, arena, &row[count]);
    }
    if (count == 0) {
        return;
    }
    const st_figure_stream_step* last = &row[0].step[row[0].step_count - 1];
    const st_figure_stream stream = {
        .about = {.id = st_arena_format(arena, "%sstream", f->prefix),
                  .title = stream_title(arena, &row[0], last),
                  .desc =
                      "A band that gets thinner from step to step; what is lost bends away. The "
                      "numbers are in the table below."},
        .row = row,
        .row_count = count};
    st_figures_begin(out, &stream.about);
    st_figures_stream(out, &stream);
    st_text_add(out,
                "<figcaption>Out of 100 living cells at the step with the most of them. Steps: "
                "median over people; days: mean over people, all places in the joint together. "
                "The faint branch is what is lost on the way.</figcaption>\n"
                "<details><summary>Show as table</summary>\n");
    st_html_table(out, "Out of 100 living cells", "Arm|Step or day|Left, out of 100");
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < row[i].step_count; k++) {
            st_html_row(out);
            st_html_head_cell(out, row[i].label);
            st_html_cell(out, row[i].step[k].label);
            st_html_cell(out, row[i].step[k].text);
            st_text_add(out, "</tr>\n");
        }
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
    st_figures_end(out);
}

static void add_figure(st_text* out, const char* id, const char* title, const st_figure_row* row,
                       int count)
{
    const st_figure_rows rows = {
        .about = {.id = id,
                  .title = title,
                  .desc = "Bars on a scale of powers of ten: median over people, with the "
                          "range that holds 90 % of them. The numbers are in the table below.",
                  .x_label = "living cells, scale of powers of ten"},
        .row = row,
        .row_count = count,
        .is_log = true,
        .mark_lo = NAN,
        .mark_hi = NAN};
    st_figures_begin(out, &rows.about);
    st_figures_rows(out, &rows);
    st_text_add(out, "<figcaption>Bars: median over people of the arm; black lines: 90 % of "
                     "them. On this scale a short step in length is a large loss. A line down "
                     "to the axis: none in at least one person of twenty.</figcaption>\n");
    add_table(out, row, count);
    st_figures_end(out);
}

void st_section_cells(st_text* out, const st_findings* f)
{
    st_text_add(out,
                "<section id=\"cells\"><h2>What was done, and what happened to the cells</h2>\n");
    add_recipes(out, f);
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    const size_t most = (size_t)f->arm_count + (size_t)f->dose_step_count +
                        (size_t)f->arm_count * (size_t)f->quantity_count * STORY_COUNT;
    st_figure_row* row = st_arena_alloc(&arena, most + 1, sizeof *row);
    int first[ARM_LIMIT + 1] = {0}; // row at which each drawn arm begins
    int arms = 0;
    int count = 0;
    for (int a = 0; row && a < f->arm_count && arms < ARM_LIMIT; a++) {
        row[count] = (st_figure_row){.label = f->arm[a].label, .is_head = true};
        const int of_arm = f->arm[a].has_cells ? collect_arm(f, a, &arena, row + count + 1) : 0;
        if (of_arm > 0) {
            first[arms++] = count;
            count += 1 + of_arm;
            first[arms] = count;
        }
    }
    if (count == 0) {
        st_text_add(out, "<p>No arm of this run injects cells.</p>\n");
    } else if (count <= ROWS_ON_A_PAGE) {
        add_figure(out, "cells-figure", TITLE, row, count);
    } else { // each arm by itself, so that none is cut when it is printed
        for (int k = 0; k < arms; k++) {
            add_figure(out, st_arena_format(&arena, "cells-figure-%d", k),
                       st_arena_format(&arena, "%s: " TITLE_REST, row[first[k]].label),
                       row + first[k], first[k + 1] - first[k]);
        }
    }
    if (count > 0) {
        add_stream(out, f, &arena);
    }
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
