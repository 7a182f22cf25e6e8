#include "report/answer.h"
#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Beyond this number of arms the figure keeps to the primary visit.
#define ARMS_FOR_ALL_VISITS 5

// "55 [52, 58]": people out of 100.
static void add_responders_cell(st_text* out, const st_outcome_row* o)
{
    st_text_add(out, "<td class=\"n\">");
    if (o && isfinite(o->responders)) {
        st_html_interval(out, 100.0 * o->responders, 100.0 * o->responders_lo,
                         100.0 * o->responders_hi, 0, false);
    } else {
        st_text_add(out, "–");
    }
    st_text_add(out, "</td>");
}

static void add_change_cell(st_text* out, const st_outcome_row* o, int decimals)
{
    st_html_interval_cell(out, o && o->n > 0 ? o->change : (double)NAN,
                          o ? o->change_lo : (double)NAN, o ? o->change_hi : (double)NAN, decimals);
}

static void add_arm_row(st_text* out, const st_findings* f, int arm, int measure, int visit)
{
    const int decimals = st_words_decimals(f, measure);
    const st_outcome_row* o = st_findings_outcome(f, arm, measure, visit);
    const int control = f->arm[arm].control;
    const st_outcome_row* beside =
        control >= 0 ? st_findings_outcome(f, control, measure, visit) : NULL;
    const st_contrast_row* c = st_findings_contrast(f, arm, measure, visit);
    const st_answer_sign sign = st_answer_judge(&f->measure[measure], c);

    st_html_row(out);
    st_html_head_cell(out, f->arm[arm].label);
    st_html_cell(out, st_words_visit(&f->visit[visit]).text);
    st_html_number_cell(out, st_words_whole(o ? o->n : 0).text);
    add_change_cell(out, o, decimals);
    if (control < 0) {
        st_text_add(out, "<td>is the control</td><td class=\"n\">–</td><td class=\"n\">–</td><td>–"
                         "</td>");
    } else {
        st_html_cell(out, f->arm[control].label);
        add_change_cell(out, beside, decimals);
        st_html_interval_cell(out, c ? c->difference : (double)NAN, c ? c->lo : (double)NAN,
                              c ? c->hi : (double)NAN, decimals);
        st_text_add(out, sign == ST_ANSWER_BETTER          ? "<td>better</td>"
                         : sign == ST_ANSWER_WORSE         ? "<td>worse</td>"
                         : sign == ST_ANSWER_INCLUDES_ZERO ? "<td>no clear difference</td>"
                                                           : "<td>no number</td>");
    }
    add_responders_cell(out, o);
    add_responders_cell(out, beside);
    st_text_add(out, "</tr>\n");
}

static void add_measure_table(st_text* out, const st_findings* f, int measure)
{
    st_html_table(out, f->measure[measure].title,
                  "Arm|When|#People|#Change from start [95 %]|Beside|#Change of the control|"
                  "#Difference [95 %]|In words|#Clearly better of 100|#Of 100 in the control");
    for (int v = 1; v < f->visit_count; v++) {
        for (int a = 0; a < f->arm_count; a++) {
            add_arm_row(out, f, a, measure, v);
        }
    }
    st_html_table_end(out);
    const st_instrument_info* i = &f->measure[measure];
    if (i->important_change > 0.0) {
        st_text_addf(out, "<p class=\"note\">Clearly better: the reading improved by at least %s ",
                     st_words_precise(i->important_change, 3).text);
        st_html_text(out, st_words_unit(i->unit).text);
        if (i->important_source[0]) {
            st_text_add(out, " (");
            st_html_source(out, i->important_source);
            st_text_add(out, ")");
        }
        st_text_add(out, ". Noise alone makes some people pass this line, so read it beside the "
                         "control.</p>\n");
    } else {
        st_text_add(out, "<p class=\"note\">No smallest important change is set for this measure, "
                         "so nobody is counted as clearly better.</p>\n");
    }
}

// Rows of the figure of differences; texts live in the arena.
static int collect_rows(const st_findings* f, st_arena* arena, st_figure_row* row)
{
    const int m = f->primary_measure;
    const int decimals = st_words_decimals(f, m);
    const bool all_visits = f->arm_count <= ARMS_FOR_ALL_VISITS;
    int count = 0;
    for (int v = 1; v < f->visit_count; v++) {
        if (!all_visits && v != f->primary_visit) {
            continue;
        }
        const int head = count++;
        const st_words when = st_words_visit(&f->visit[v]);
        row[head] = (st_figure_row){.label = st_arena_text(arena, when.text, strlen(when.text)),
                                    .is_head = true};
        for (int a = 0; a < f->arm_count; a++) {
            const st_contrast_row* c = st_findings_contrast(f, a, m, v);
            if (!c) {
                continue;
            }
            row[count++] = (st_figure_row){
                .label = f->arm[a].label,
                .value = c->difference,
                .lo = c->lo,
                .hi = c->hi,
                .colour = st_palette_colour(f, a),
                .text = st_arena_format(
                    arena, "%s [%s, %s]", st_words_signed(c->difference, decimals).text,
                    st_words_number(c->lo, decimals).text, st_words_number(c->hi, decimals).text)};
        }
        count = count == head + 1 ? head : count; // nothing to show at this visit
    }
    return count;
}

// "3 of 4 intervals leave out zero"
static void compose_title(const st_findings* f, const st_figure_row* row, int count, st_text* title)
{
    int known = 0;
    int clear = 0;
    for (int i = 0; i < count; i++) {
        known += !row[i].is_head;
        clear += !row[i].is_head && (row[i].lo > 0.0 || row[i].hi < 0.0);
    }
    st_text_addf(title, "%s, difference from control: %d of %d intervals leave out zero",
                 f->measure[f->primary_measure].title, clear, known);
}

static void add_figure(st_text* out, const st_findings* f)
{
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    const size_t most = (size_t)f->visit_count * ((size_t)f->arm_count + 1);
    st_figure_row* row = st_arena_alloc(&arena, most, sizeof *row);
    st_text title;
    st_text_init(&title, out->ctx);
    const st_instrument_info* measure = &f->measure[f->primary_measure];
    const int count = row ? collect_rows(f, &arena, row) : 0;
    if (count > 0) {
        compose_title(f, row, count, &title);
        const bool has_mark = measure->important_change > 0.0;
        const double mark =
            measure->lower_is_better ? -measure->important_change : measure->important_change;
        const st_figure_rows rows = {
            .about = {.id = "differences",
                      .title = title.data ? title.data : "",
                      .desc = "One point with its 95 % interval for each arm and visit. The "
                              "numbers are in the table below.",
                      .x_label = measure->lower_is_better
                                     ? "difference from control (left of zero is better)"
                                     : "difference from control (right of zero is better)"},
            .row = row,
            .row_count = count,
            .is_points = true,
            .mark_lo = has_mark && mark < 0.0 ? mark : (double)NAN,
            .mark_hi = has_mark && mark > 0.0 ? mark : (double)NAN};
        st_text_add(out, "<figure><h3>");
        st_html_text(out, rows.about.title);
        st_text_add(out, "</h3>\n");
        st_figures_rows(out, &rows);
        st_text_add(out, "<figcaption>Points: difference of means; lines: 95 % interval. An "
                         "interval that includes zero shows no clear difference; it does not show "
                         "that two treatments are equal.");
        st_text_add(out, has_mark ? " Dotted: the change that one person would call clearly "
                                    "better.</figcaption></figure>\n"
                                  : "</figcaption></figure>\n");
    } else {
        st_text_add(out, "<p>No difference from a control can be given.</p>\n");
    }
    st_text_clear(&title);
    st_arena_clear(&arena);
}

void st_section_outcomes(st_text* out, const st_findings* f)
{
    st_text_add(out, "<section id=\"outcomes\"><h2>Every arm beside its control</h2>\n");
    add_figure(out, f);
    add_measure_table(out, f, f->primary_measure);
    for (int m = 0; m < f->measure_count; m++) {
        if (m != f->primary_measure) {
            st_text_add(out, "<details><summary>");
            st_html_text(out, f->measure[m].title);
            st_text_add(out, "</summary>\n");
            add_measure_table(out, f, m);
            st_text_add(out, "</details>\n");
        }
    }
    st_text_add(out, "</section>\n");
}
