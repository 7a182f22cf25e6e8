#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

// Days after the start at which the cells in the joint are told.
static const double story_days[] = {1.0, 7.0, 30.0, 180.0};
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

static int collect_arm(const st_findings* f, int arm, st_arena* arena, st_figure_row* row)
{
    int count = 0;
    for (int i = 0; i < f->dose_step_count; i++) {
        const st_dose_step_row* s = &f->dose_step[i];
        if (s->arm == arm) {
            row[count++] = (st_figure_row){.label = st_findings_plain_name(arena, s->name),
                                           .value = s->q50,
                                           .lo = s->q05,
                                           .hi = s->q95,
                                           .colour = st_palette_colour(f, arm),
                                           .text = count_text(arena, s->q50)};
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
            if (c) {
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
    int count = 0;
    for (int a = 0; row && a < f->arm_count; a++) {
        row[count] = (st_figure_row){.label = f->arm[a].label, .is_head = true};
        const int of_arm = f->arm[a].has_cells ? collect_arm(f, a, &arena, row + count + 1) : 0;
        count += of_arm > 0 ? 1 + of_arm : 0;
    }
    if (count == 0) {
        st_text_add(out, "<p>No arm of this run injects cells.</p>\n");
    } else {
        const st_figure_rows rows = {
            .about = {.id = "cells-figure",
                      .title = "Living cells of the product after each step, and in the joint on "
                               "days 1, 7, 30 and 180",
                      .desc = "Bars on a scale of powers of ten: median over people, with the "
                              "range that holds 90 % of them. The numbers are in the table below.",
                      .x_label = "living cells, scale of powers of ten"},
            .row = row,
            .row_count = count,
            .is_log = true,
            .mark_lo = NAN,
            .mark_hi = NAN};
        st_text_add(out, "<figure><h3>");
        st_html_text(out, rows.about.title);
        st_text_add(out, "</h3>\n");
        st_figures_rows(out, &rows);
        st_text_add(out, "<figcaption>Bars: median over people of the arm; black lines: 90 % of "
                         "them. On this scale a short step in length is a large loss. A line down "
                         "to the axis: none in at least one person of twenty.</figcaption>\n");
        add_table(out, row, count);
        st_text_add(out, "</figure>\n");
    }
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
