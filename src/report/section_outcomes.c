#include "report/answer.h"
#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

// More comparators than this do not fit as columns.
#define COMPARATOR_COLUMNS 3

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

// Whether the study sets this pair side by side: the arm's control, and every twin arm.
static bool is_pair(const st_findings* f, int arm, int versus)
{
    return arm != versus &&
           (f->arm[arm].control == versus || (f->arm[versus].is_twin && !f->arm[arm].is_twin));
}

static const char* in_words(st_answer_sign sign)
{
    return sign == ST_ANSWER_BETTER          ? "better"
           : sign == ST_ANSWER_WORSE         ? "worse"
           : sign == ST_ANSWER_INCLUDES_ZERO ? "no clear difference"
                                             : "no number";
}

// The difference from one comparator, in figures and in words.
static void add_difference_cell(st_text* out, const st_findings* f, int arm, int versus,
                                int measure, int visit)
{
    if (!is_pair(f, arm, versus)) {
        st_text_add(out, "<td class=\"n\">–</td>");
        return;
    }
    const st_contrast_row* c = st_findings_contrast_with(f, arm, versus, measure, visit);
    st_text_add(out, "<td class=\"n\">");
    if (c) {
        st_html_interval(out, c->difference, c->lo, c->hi, st_words_decimals(f, measure), true);
    }
    st_text_addf(out, "<span class=\"say\">%s</span></td>",
                 in_words(st_answer_judge(&f->measure[measure], c)));
}

static void add_arm_row(st_text* out, const st_findings* f, int arm, int measure, int visit,
                        bool has_columns)
{
    const st_outcome_row* o = st_findings_outcome(f, arm, measure, visit);
    st_html_row(out);
    st_html_head_cell(out, f->arm[arm].label);
    st_html_number_cell(out, st_words_whole(o ? o->n : 0).text);
    add_change_cell(out, o, st_words_decimals(f, measure));
    add_responders_cell(out, o);
    for (int versus = 0; has_columns && versus < f->arm_count; versus++) {
        if (st_findings_is_comparator(f, versus)) {
            add_difference_cell(out, f, arm, versus, measure, visit);
        }
    }
    if (!has_columns) {
        const int control = f->arm[arm].control;
        st_html_cell(out, control >= 0 ? f->arm[control].label : "–");
        add_difference_cell(out, f, arm, control >= 0 ? control : arm, measure, visit);
    }
    st_text_add(out, "</tr>\n");
}

// Comparators have a column each while they are few; then each arm names its own.
static void add_measure_table(st_text* out, const st_findings* f, int measure)
{
    int comparators = 0;
    st_text heads;
    st_text_init(&heads, out->ctx);
    st_text_add(&heads, "Arm|#People|#Change from start [95 %]|#Clearly better, out of 100");
    for (int a = 0; a < f->arm_count; a++) {
        comparators += st_findings_is_comparator(f, a);
    }
    const bool has_columns = comparators <= COMPARATOR_COLUMNS;
    for (int a = 0; has_columns && a < f->arm_count; a++) {
        if (st_findings_is_comparator(f, a)) {
            st_text_add(&heads, "|#Difference from ");
            for (const char* c = f->arm[a].label; *c; c++) {
                st_text_add_bytes(&heads, *c == '|' ? "/" : c, 1); // | parts the heads
            }
        }
    }
    st_text_add(&heads, has_columns ? "" : "|Control|#Difference [95 %]");
    st_html_table(out, f->measure[measure].title, heads.data ? heads.data : "");
    st_text_clear(&heads);
    for (int v = 1; v < f->visit_count; v++) {
        st_text_addf(out, "<tr><th scope=\"rowgroup\" colspan=\"%d\">%s</th></tr>\n",
                     has_columns ? 4 + comparators : 6, st_words_visit(&f->visit[v]).text);
        for (int a = 0; a < f->arm_count; a++) {
            add_arm_row(out, f, a, measure, v, has_columns);
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

// The part of a difference that the product makes: its parts in the two arms, one less the other.
static double product_difference(const st_findings* f, int arm, int versus, int measure, int visit)
{
    const st_split_row* a = st_findings_split(f, arm, measure, visit, "product");
    const st_split_row* b = st_findings_split(f, versus, measure, visit, "product");
    return a && b ? a->mean - b->mean : (double)NAN;
}

static void add_product_tick(const st_findings* f, int arm, int versus, st_figure_row* row)
{
    const double product = product_difference(f, arm, versus, f->primary_measure, f->primary_visit);
    if (isfinite(product)) {
        row->has_tick = true;
        row->tick = product;
    }
}

// Rows of the figure of differences at the primary visit, one group per comparator; texts live in
// the arena.
static int collect_rows(const st_findings* f, st_arena* arena, st_figure_row* row)
{
    const int m = f->primary_measure;
    const int decimals = st_words_decimals(f, m);
    int count = 0;
    for (int versus = 0; versus < f->arm_count; versus++) {
        const int head = count++;
        row[head] = (st_figure_row){
            .label = st_arena_format(arena, "beside %s", f->arm[versus].label), .is_head = true};
        for (int a = 0; a < f->arm_count; a++) {
            const st_contrast_row* c = st_findings_contrast_with(f, a, versus, m, f->primary_visit);
            if (!c || !is_pair(f, a, versus)) {
                continue;
            }
            row[count++] = (st_figure_row){
                .label = f->arm[a].label,
                .value = c->difference,
                .lo = c->lo,
                .hi = c->hi,
                .colour = st_palette_colour(f, a),
                .text = st_arena_format(
                    arena, "%s", st_words_interval(c->difference, c->lo, c->hi, decimals).text)};
            add_product_tick(f, a, versus, &row[count - 1]);
        }
        count = count == head + 1 ? head : count; // nobody stands beside this arm
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
    st_text_addf(title, "%s, differences at %s: %d of %d intervals leave out zero",
                 f->measure[f->primary_measure].title,
                 st_words_visit(&f->visit[f->primary_visit]).text, clear, known);
}

// The numbers of the figure, and of the product's share in them.
static void add_difference_table(st_text* out, const st_findings* f)
{
    const int m = f->primary_measure;
    const int decimals = st_words_decimals(f, m);
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, "Differences at the primary visit",
                  "Arm|Beside|#Difference [95 %]|#Of it the product|In words|Method");
    for (int versus = 0; versus < f->arm_count; versus++) {
        for (int a = 0; a < f->arm_count; a++) {
            const st_contrast_row* c = st_findings_contrast_with(f, a, versus, m, f->primary_visit);
            if (!c || !is_pair(f, a, versus)) {
                continue;
            }
            const double product = product_difference(f, a, versus, m, f->primary_visit);
            st_html_row(out);
            st_html_head_cell(out, f->arm[a].label);
            st_html_cell(out, f->arm[versus].label);
            st_html_interval_cell(out, c->difference, c->lo, c->hi, decimals);
            st_html_number_cell(out,
                                isfinite(product) ? st_words_signed(product, decimals).text : "–");
            st_html_cell(out, in_words(st_answer_judge(&f->measure[m], c)));
            st_html_cell(out, c->method);
            st_text_add(out, "</tr>\n");
        }
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static void add_figure(st_text* out, const st_findings* f)
{
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    const size_t most = (size_t)f->arm_count * ((size_t)f->arm_count + 1);
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
                      .desc = "One point with its 95 % interval for each arm and its comparator. "
                              "The numbers are in the table below.",
                      .x_label = measure->lower_is_better
                                     ? "difference of the changes (left of zero is better)"
                                     : "difference of the changes (right of zero is better)"},
            .row = row,
            .row_count = count,
            .is_points = true,
            .mark_lo = has_mark && mark < 0.0 ? mark : (double)NAN,
            .mark_hi = has_mark && mark > 0.0 ? mark : (double)NAN};
        st_figures_begin(out, &rows.about);
        st_figures_rows(out, &rows);
        st_text_add(out,
                    "<figcaption>Points: difference of means, which holds all in which two arms "
                    "differ: product, procedure, and what people know of it. Lines: 95 % "
                    "interval. Upright bars: the part of the difference that the products make "
                    "alone, from the twins of the same people. An interval that includes zero "
                    "shows no clear difference; it does not show that two treatments are equal.");
        st_text_add(out, has_mark ? " Dotted: the change that one person would call clearly "
                                    "better.</figcaption>\n"
                                  : "</figcaption>\n");
        add_difference_table(out, f);
        st_figures_end(out);
    } else {
        st_text_add(out, "<p>No difference from a control can be given.</p>\n");
    }
    st_text_clear(&title);
    st_arena_clear(&arena);
}

void st_section_outcomes(st_text* out, const st_findings* f)
{
    st_text_add(out, "<section id=\"outcomes\"><h2>Every arm beside its control</h2>\n");
    st_text_add(out,
                "<p>A difference from control holds everything in which two arms differ. Where "
                "people know what they get, that includes what the knowledge does. What the "
                "product does by itself is told beside it, and under <a href=\"#split\">where "
                "the change comes from</a>.</p>\n");
    add_figure(out, f);
    st_section_changes(out, f);
    st_section_response(out, f);
    st_section_responders(out, f);
    st_section_later(out, f);
    st_text_add(out, "<h3>All visits</h3>\n");
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
