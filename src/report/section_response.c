#include "report/answer.h"
#include "report/estimate.h"
#include "report/glossary.h"
#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

// Columns of the figures' data: one line of visits per arm.
typedef struct lines_data {
    double *x, *y, *lo, *hi;
    st_figure_series* series;
    int count;
} lines_data;

static bool make_room(const st_findings* f, st_arena* arena, lines_data* d)
{
    const size_t lines = (size_t)f->arm_count;
    const size_t values = lines * (size_t)f->visit_count;
    *d = (lines_data){.x = st_arena_alloc(arena, (size_t)f->visit_count, sizeof *d->x),
                      .y = st_arena_alloc(arena, values, sizeof *d->y),
                      .lo = st_arena_alloc(arena, values, sizeof *d->lo),
                      .hi = st_arena_alloc(arena, values, sizeof *d->hi),
                      .series = st_arena_alloc(arena, lines, sizeof *d->series)};
    return d->x && d->y && d->lo && d->hi && d->series;
}

static void add_series(const st_findings* f, lines_data* d, int arm, int first, bool is_step)
{
    const int base = arm * f->visit_count + first;
    d->series[d->count++] = (st_figure_series){.label = f->arm[arm].label,
                                               .colour = st_palette_colour(f, arm),
                                               .dash = st_palette_dash(f, arm),
                                               .count = f->visit_count - first,
                                               .x = d->x + first,
                                               .y = d->y + base,
                                               .lo = d->lo + base,
                                               .hi = d->hi + base,
                                               .has_dots = true,
                                               .is_step = is_step};
}

// "56 of 100 with A and 48 with B": the compared arms and their controls, at most four.
static void add_shares(st_text* out, const st_findings* f, const double* percent)
{
    int arms[4];
    int count = 0;
    int* compared = st_alloc(out->ctx, (size_t)f->arm_count + 1, sizeof *compared);
    const int compared_count = compared ? st_answer_arms(f, compared) : 0;
    for (int i = 0; i < compared_count && count < 3; i++) {
        arms[count++] = compared[i];
    }
    if (count == 0) {
        arms[count++] = 0;
    }
    const int control = f->arm[arms[0]].control;
    if (control >= 0) {
        arms[count++] = control;
    }
    st_free(out->ctx, compared);
    int said = 0;
    for (int i = 0; i < count; i++) {
        if (isfinite(percent[arms[i]])) {
            st_text_addf(out, "%s%s%s with %s",
                         said == 0        ? ""
                         : i + 1 == count ? " and "
                                          : ", ",
                         st_words_number(percent[arms[i]], 0).text, said == 0 ? " of 100" : "",
                         f->arm[arms[i]].label);
            said += 1;
        }
    }
    st_text_add(out, said == 0 ? "nobody could be counted" : "");
}

// --- out of 100 people ---------------------------------------------------------------------------

static void add_icons(st_text* out, const st_findings* f, st_arena* arena)
{
    const int m = f->primary_measure;
    st_figure_icons_row* row = st_arena_alloc(arena, (size_t)f->arm_count, sizeof *row);
    double* percent = st_arena_alloc(arena, (size_t)f->arm_count, sizeof *percent);
    if (!row || !percent) {
        out->failed = true;
        return;
    }
    int known = 0;
    for (int a = 0; a < f->arm_count; a++) {
        const st_outcome_row* o = st_findings_outcome(f, a, m, f->primary_visit);
        const bool is_known = o && o->n > 0 && isfinite(o->responders);
        percent[a] = is_known ? 100.0 * o->responders : (double)NAN;
        row[a] = (st_figure_icons_row){
            .label = f->arm[a].label,
            .filled = is_known ? (int)floor(percent[a] + 0.5) : -1,
            .colour = st_palette_colour(f, a),
            .text = is_known ? st_arena_format(arena, "%s [%s to %s] of 100",
                                               st_words_number(percent[a], 0).text,
                                               st_words_number(100.0 * o->responders_lo, 0).text,
                                               st_words_number(100.0 * o->responders_hi, 0).text)
                             : "nobody was read"};
        known += is_known;
    }
    if (known == 0) {
        return;
    }
    st_text title;
    st_text_init(&title, out->ctx);
    st_text_addf(&title,
                 "Clearly better at %s: ", st_words_visit(&f->visit[f->primary_visit]).text);
    add_shares(&title, f, percent);
    const st_figure_icons icons = {
        .about = {.id = st_arena_format(arena, "%sicons", f->prefix),
                  .title = title.data ? title.data : "",
                  .desc =
                      "A field of 100 dots for each arm; filled dots are people who are clearly "
                      "better. The numbers are in the table below."},
        .row = row,
        .row_count = f->arm_count};
    st_figures_begin(out, &icons.about);
    st_figures_icons(out, &icons);
    st_text_add(out,
                "<figcaption>Filled: people whose reading improved by at least the smallest "
                "change that one person calls important, with the 95 % range. Some people pass "
                "this line by noise and by chance in every arm, so an arm says something only "
                "beside its control.</figcaption>\n<details><summary>Show as table</summary>\n");
    st_html_table(out, "People out of 100 who are clearly better",
                  "Arm|#People read|#Out of 100|#From|#To");
    for (int a = 0; a < f->arm_count; a++) {
        const st_outcome_row* o = st_findings_outcome(f, a, m, f->primary_visit);
        st_html_row(out);
        st_html_head_cell(out, f->arm[a].label);
        st_html_number_cell(out, st_words_whole(o ? o->n : 0).text);
        st_html_number_cell(out, st_words_number(percent[a], 1).text);
        st_html_number_cell(out, o ? st_words_number(100.0 * o->responders_lo, 1).text : "–");
        st_html_number_cell(out, o ? st_words_number(100.0 * o->responders_hi, 1).text : "–");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
    st_figures_end(out);
    st_text_clear(&title);
}

// --- time to the first important change ----------------------------------------------------------

// Percent of people with an important change by each visit, from the readings.           [REP-1]
static bool fill_first(const st_findings* f, int arm, lines_data* d)
{
    int64_t at_risk[256];
    int64_t events[256];
    int looks = 0;
    const int base = arm * f->visit_count;
    d->y[base] = 0.0;
    d->lo[base] = d->hi[base] = 0.0;
    bool is_known = false;
    for (int v = 1; v < f->visit_count; v++) {
        const st_finding_response* r = st_findings_response(f, arm, f->primary_measure, v);
        if (r && looks < 256) {
            at_risk[looks] = r->at_risk;
            events[looks] = r->events;
            looks += 1;
            is_known = is_known || r->at_risk > 0;
        }
        const bool is_read = r && r->at_risk > 0;
        const st_estimate e = st_estimate_without_event(at_risk, events, looks);
        d->y[base + v] = is_read ? 100.0 * (1.0 - e.mean) : (double)NAN;
        d->lo[base + v] = is_read ? 100.0 * (1.0 - e.hi) : (double)NAN;
        d->hi[base + v] = is_read ? 100.0 * (1.0 - e.lo) : (double)NAN;
    }
    return is_known;
}

static void add_line_table(st_text* out, const st_findings* f, const lines_data* d,
                           const char* caption, const char* heads, int first, bool is_first_change)
{
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, caption, heads);
    for (int a = 0; a < f->arm_count; a++) {
        for (int v = first; v < f->visit_count; v++) {
            const st_finding_response* r = st_findings_response(f, a, f->primary_measure, v);
            const int at = a * f->visit_count + v;
            if (!r) {
                continue;
            }
            st_html_row(out);
            st_html_head_cell(out, f->arm[a].label);
            st_html_cell(out, st_words_visit(&f->visit[v]).text);
            st_html_number_cell(out, st_words_whole(is_first_change ? r->at_risk : r->first).text);
            st_html_number_cell(out, st_words_whole(is_first_change ? r->events : r->held).text);
            st_text_add(out, "<td class=\"n\">");
            if (isfinite(d->y[at])) {
                st_html_interval(out, d->y[at], d->lo[at], d->hi[at], 0, false);
            } else {
                st_text_add(out, "–");
            }
            st_text_add(out, "</td></tr>\n");
        }
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static void add_first_change(st_text* out, const st_findings* f, st_arena* arena)
{
    lines_data d;
    double* percent = st_arena_alloc(arena, (size_t)f->arm_count, sizeof *percent);
    if (!make_room(f, arena, &d) || !percent) {
        out->failed = true;
        return;
    }
    for (int v = 0; v < f->visit_count; v++) {
        d.x[v] = f->visit[v].month;
    }
    for (int a = 0; a < f->arm_count; a++) {
        if (fill_first(f, a, &d)) {
            add_series(f, &d, a, 0, true);
        }
        percent[a] = d.y[a * f->visit_count + f->primary_visit];
    }
    if (d.count == 0 || f->visit_count < 2) {
        return;
    }
    st_text title;
    st_text_init(&title, out->ctx);
    st_text_addf(&title, "Clearly better at least once by %s: ",
                 st_words_visit(&f->visit[f->primary_visit]).text);
    add_shares(&title, f, percent);
    const st_figure_lines lines = {
        .about = {.id = st_arena_format(arena, "%sfirst", f->prefix),
                  .title = title.data ? title.data : "",
                  .desc = "Rising steps, one line per arm, with 95 % bands. The numbers are in the "
                          "table below.",
                  .x_label = "months since the start",
                  .y_label = "people out of 100 with an important change by then",
                  .decimals = 0},
        .series = d.series,
        .series_count = d.count,
        .place_count = 1,
        .x_tick = d.x,
        .x_tick_count = f->visit_count,
        .y_floor = 0.0,
        .has_faint_bands = true,
        .labels_value = true};
    st_figures_begin(out, &lines.about);
    st_figures_lines(out, &lines);
    st_text_add(out, "<figcaption>");
    st_glossary_link(out, "km");
    st_text_add(out,
                " estimate of the time to the first reading with an important change. A change is "
                "seen only at visits, so each step is later than the change itself; people are "
                "counted until their first missing reading. Looking more often finds more such "
                "readings by chance, in every arm.</figcaption>\n");
    add_line_table(out, f, &d, "First important change, by visit",
                   "Arm|When|#People looked at|#First change now|#Out of 100 by now [95 %]", 1,
                   true);
    st_figures_end(out);
    st_text_clear(&title);
}

// --- durability ----------------------------------------------------------------------------------

static void add_durability(st_text* out, const st_findings* f, st_arena* arena)
{
    lines_data d;
    double* percent = st_arena_alloc(arena, (size_t)f->arm_count, sizeof *percent);
    if (!make_room(f, arena, &d) || !percent) {
        out->failed = true;
        return;
    }
    const int last = f->visit_count - 1;
    for (int v = 0; v <= last; v++) {
        d.x[v] = f->visit[v].month;
    }
    for (int a = 0; a < f->arm_count; a++) {
        bool is_known = false;
        for (int v = 1; v <= last; v++) {
            const st_finding_response* r = st_findings_response(f, a, f->primary_measure, v);
            const st_estimate e = st_estimate_share(r ? r->held : 0, r ? r->first : 0); // [REP-2]
            const int at = a * f->visit_count + v;
            d.y[at] = 100.0 * e.mean;
            d.lo[at] = 100.0 * e.lo;
            d.hi[at] = 100.0 * e.hi;
            is_known = is_known || (v == last && isfinite(e.mean));
        }
        percent[a] = d.y[a * f->visit_count + last];
        if (is_known) {
            add_series(f, &d, a, 1, false);
        }
    }
    if (d.count == 0 || last < 2) {
        return;
    }
    st_text title;
    st_text_init(&title, out->ctx);
    st_text_addf(&title, "Of those clearly better at %s, ", st_words_visit(&f->visit[1]).text);
    add_shares(&title, f, percent);
    st_text_addf(&title, " still were at %s", st_words_visit(&f->visit[last]).text);
    const st_figure_lines lines = {
        .about = {.id = st_arena_format(arena, "%sdurability", f->prefix),
                  .title = title.data ? title.data : "",
                  .desc =
                      "Falling lines, one per arm, with 95 % bands. The numbers are in the table "
                      "below.",
                  .x_label = "months since the start",
                  .y_label = "out of 100 who were clearly better at the first visit",
                  .decimals = 0},
        .series = d.series,
        .series_count = d.count,
        .place_count = 1,
        .x_tick = d.x + 1,
        .x_tick_count = last,
        .y_floor = 0.0,
        .has_faint_bands = true,
        .labels_value = true};
    st_figures_begin(out, &lines.about);
    st_figures_lines(out, &lines);
    st_text_add(out,
                "<figcaption>How long it lasts. People who did well on one day do worse on "
                "the next by chance alone, so the control falls too. Among those with a reading "
                "at the visit.</figcaption>\n");
    add_line_table(out, f, &d, "Still clearly better, among those who were at the first visit",
                   "Arm|When|#Better at first and read now|#Still better|#Out of 100 [95 %]", 1,
                   false);
    st_figures_end(out);
    st_text_clear(&title);
}

void st_section_response(st_text* out, const st_findings* f)
{
    if (!(f->measure[f->primary_measure].important_change > 0.0)) {
        st_text_add(out,
                    "<p>No smallest important change is set for the primary measure, so nobody "
                    "is counted as clearly better.</p>\n");
        return;
    }
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    add_icons(out, f, &arena);
    add_first_change(out, f, &arena);
    add_durability(out, f, &arena);
    st_arena_clear(&arena);
}
