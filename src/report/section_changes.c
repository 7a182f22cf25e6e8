#include "report/figures.h"
#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

/// Published and computed changes belong together when their months differ by less.
#define SAME_MONTH 0.5

static int visit_of(const st_findings* f, double month)
{
    for (int v = 1; v < f->visit_count; v++) {
        if (fabs(f->visit[v].month - month) < SAME_MONTH) {
            return v;
        }
    }
    return -1;
}

static bool is_shown(const st_findings* f, const st_published_row* p, int measure)
{
    return p->is_change && p->measure == measure && p->arm >= 0 && p->arm < f->arm_count &&
           visit_of(f, p->month) >= 0 && isfinite(p->value);
}

static bool lies_inside(const st_published_row* p, const st_outcome_row* o)
{
    return p->value >= o->change_lo && p->value <= o->change_hi;
}

static st_figure_row change_row(const st_findings* f, const st_published_row* p,
                                const st_outcome_row* o, st_arena* arena)
{
    const int decimals = st_words_decimals(f, p->measure);
    return (st_figure_row){.label = st_arena_format(arena, "%s, %s", f->arm[p->arm].label,
                                                    st_words_visit(&f->visit[o->visit]).text),
                           .value = o->change,
                           .lo = o->change_lo,
                           .hi = o->change_hi,
                           .has_hollow = true,
                           .hollow = p->value,
                           .text = st_arena_format(arena, "%s (◇ %s)",
                                                   st_words_signed(o->change, decimals).text,
                                                   st_words_signed(p->value, decimals).text),
                           .colour = st_palette_colour(f, p->arm)};
}

static void add_table(st_text* out, const st_findings* f, int measure)
{
    const int decimals = st_words_decimals(f, measure);
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, "Published and computed changes from the start",
                  "Arm|When|#Computed [95 %]|#Published|#SD of people|#People|Trial|Source");
    for (int i = 0; i < f->published_count; i++) {
        const st_published_row* p = &f->published[i];
        const int visit = visit_of(f, p->month);
        const st_outcome_row* o =
            is_shown(f, p, measure) ? st_findings_outcome(f, p->arm, measure, visit) : NULL;
        if (!o) {
            continue;
        }
        st_html_row(out);
        st_html_head_cell(out, f->arm[p->arm].label);
        st_html_cell(out, st_words_visit(&f->visit[visit]).text);
        st_html_interval_cell(out, o->change, o->change_lo, o->change_hi, decimals);
        st_html_number_cell(out, st_words_signed(p->value, decimals).text);
        st_html_number_cell(out, isfinite(p->sd) ? st_words_number(p->sd, decimals).text : "–");
        st_html_number_cell(out, isfinite(p->n) ? st_words_whole((int64_t)p->n).text : "–");
        st_html_cell(out, p->trial_id);
        st_text_add(out, "<td class=\"source\">");
        st_html_source(out, p->source);
        st_text_add(out, "</td></tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static void add_measure(st_text* out, const st_findings* f, int measure, st_arena* arena)
{
    st_figure_row* row = st_arena_alloc(arena, (size_t)f->published_count + 1, sizeof *row);
    int count = 0;
    int inside = 0;
    for (int a = 0; row && a < f->arm_count; a++) {
        for (int i = 0; i < f->published_count; i++) {
            const st_published_row* p = &f->published[i];
            const st_outcome_row* o =
                p->arm == a && is_shown(f, p, measure)
                    ? st_findings_outcome(f, a, measure, visit_of(f, p->month))
                    : NULL;
            if (o && isfinite(o->change)) {
                row[count++] = change_row(f, p, o, arena);
                inside += lies_inside(p, o);
            }
        }
    }
    if (count == 0) {
        return;
    }
    const st_figure_rows rows = {
        .about = {.id = st_arena_format(arena, "%schanges-%d", f->prefix, measure),
                  .title = st_arena_format(
                      arena, "%s: %d of %d published mean changes lie within the computed interval",
                      f->measure[measure].title, inside, count),
                  .desc = "One point per arm and visit: the computed mean change with its 95 % "
                          "interval, and the published one as a hollow diamond. The numbers are "
                          "in the table below.",
                  .x_label = st_arena_format(arena, "change from the start, %s",
                                             st_words_unit(f->measure[measure].unit).text)},
        .row = row,
        .row_count = count,
        .is_points = true,
        .mark_lo = NAN,
        .mark_hi = NAN};
    st_figures_begin(out, &rows.about);
    st_figures_rows(out, &rows);
    st_text_add(out, "<figcaption>Points: mean change computed here, lines: its 95 % interval, "
                     "which gets narrower with every virtual person. Hollow diamonds: published "
                     "mean changes of real people; their own uncertainty is not "
                     "drawn.</figcaption>\n");
    add_table(out, f, measure);
    st_figures_end(out);
}

void st_section_changes(st_text* out, const st_findings* f)
{
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    add_measure(out, f, f->primary_measure, &arena);
    for (int m = 0; m < f->measure_count; m++) {
        if (m != f->primary_measure) {
            add_measure(out, f, m, &arena);
        }
    }
    st_arena_clear(&arena);
}
