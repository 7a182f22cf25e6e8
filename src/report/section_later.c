#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

#define DAYS_PER_MONTH (365.25 / 12.0)
/// Rows of a table that is shown at once.
#define SHORT 20

// Events of people over time that a study counts after its treatment. Response has a figure of its
// own, made from the readings.
static const struct {
    const char *event, *words, *y_label;
} watched[] = {
    {"replacement", "Replacement of the joint", "people out of 100 with a replaced joint by then"},
    {"rescue", "Rescue treatment", "people out of 100 with rescue treatment by then"},
};

// One arm's curve as percent with the event; gives how many points it has.
static int fill_curve(const st_findings* f, int arm, const char* event, double* x, double* y,
                      double* lo, double* hi)
{
    int count = 1; // nobody has it at the start
    x[0] = y[0] = lo[0] = hi[0] = 0.0;
    for (int i = 0; i < f->survival_count; i++) {
        const st_survival_row* r = &f->survival[i];
        if (r->arm == arm && strcmp(r->event, event) == 0 && count <= f->visit_count) {
            x[count] = r->day / DAYS_PER_MONTH;
            y[count] = 100.0 * (1.0 - r->share);
            lo[count] = 100.0 * (1.0 - r->hi);
            hi[count] = 100.0 * (1.0 - r->lo);
            count += 1;
        }
    }
    return count > 1 ? count : 0;
}

static void add_event_table(st_text* out, const st_findings* f, const char* event,
                            const char* caption)
{
    // Short enough to be read at once: shown; else folded.
    st_text_addf(out, "<details%s><summary>Show as table</summary>\n",
                 f->arm_count * (f->visit_count - 1) <= SHORT ? " open" : "");
    st_html_table(out, caption, "Arm|#Month|#Watched|#With it so far|#Out of 100 [95 %]");
    for (int i = 0; i < f->survival_count; i++) {
        const st_survival_row* r = &f->survival[i];
        if (strcmp(r->event, event) != 0 || r->arm < 0 || r->arm >= f->arm_count) {
            continue;
        }
        st_html_row(out);
        st_html_head_cell(out, f->arm[r->arm].label);
        st_html_number_cell(out, st_words_precise(r->day / DAYS_PER_MONTH, 3).text);
        st_html_number_cell(out, st_words_whole(r->at_risk).text);
        st_html_number_cell(out, st_words_whole(r->events).text);
        st_text_add(out, "<td class=\"n\">");
        st_html_interval(out, 100.0 * (1.0 - r->share), 100.0 * (1.0 - r->hi),
                         100.0 * (1.0 - r->lo), 1, false);
        st_text_add(out, "</td></tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static bool add_event(st_text* out, const st_findings* f, size_t which, st_arena* arena)
{
    const size_t points = (size_t)f->visit_count + 1;
    st_figure_series* series = st_arena_alloc(arena, (size_t)f->arm_count, sizeof *series);
    double* tick = st_arena_alloc(arena, points, sizeof *tick);
    double* data = st_arena_alloc(arena, 4 * points * (size_t)f->arm_count, sizeof *data);
    if (!series || !tick || !data) {
        out->failed = true;
        return false;
    }
    st_text title;
    st_text_init(&title, out->ctx);
    int count = 0;
    int said = 0;
    for (int a = 0; a < f->arm_count; a++) {
        double* x = data + 4 * points * (size_t)a;
        const int n =
            fill_curve(f, a, watched[which].event, x, x + points, x + 2 * points, x + 3 * points);
        if (n == 0) {
            continue;
        }
        series[count] = (st_figure_series){.label = f->arm[a].label,
                                           .colour = st_palette_colour(f, a),
                                           .dash = st_palette_dash(f, a),
                                           .count = n,
                                           .x = x,
                                           .y = x + points,
                                           .lo = x + 2 * points,
                                           .hi = x + 3 * points,
                                           .has_dots = true,
                                           .is_step = true};
        count += 1;
        if (said < 4) {
            st_text_addf(&title, "%s%s%s with %s", said == 0 ? "" : ", ",
                         st_words_number(x[points + (size_t)n - 1], 1).text,
                         said == 0 ? " of 100" : "", f->arm[a].label);
            said += 1;
        }
    }
    for (int v = 0; v < f->visit_count; v++) {
        tick[v] = f->visit[v].month;
    }
    if (count > 0) {
        const st_figure_lines lines = {
            .about = {.id = st_arena_format(arena, "%s%s", f->prefix, watched[which].event),
                      .title = st_arena_format(arena, "%s by %s: %s", watched[which].words,
                                               st_words_visit(&f->visit[f->visit_count - 1]).text,
                                               title.data ? title.data : ""),
                      .desc = "Rising steps, one line per arm, with 95 % bands. The numbers are in "
                              "the table below.",
                      .x_label = "months since the start",
                      .y_label = watched[which].y_label,
                      .decimals = 1},
            .series = series,
            .series_count = count,
            .place_count = 1,
            .x_tick = tick,
            .x_tick_count = f->visit_count,
            .y_floor = 0.0,
            .has_faint_bands = true,
            .labels_value = true};
        st_figures_begin(out, &lines.about);
        st_figures_lines(out, &lines);
        st_text_add(out,
                    "<figcaption>Kaplan-Meier estimate, people who left are counted until then."
                    "</figcaption>\n");
        add_event_table(out, f, watched[which].event, watched[which].words);
        st_figures_end(out);
    }
    st_text_clear(&title);
    return count > 0;
}

static void add_counts(st_text* out, const st_findings* f)
{
    if (f->later_count == 0) {
        return;
    }
    // The finding: who had most of what.
    const st_finding_later* most = NULL;
    for (int i = 0; i < f->later_count; i++) {
        const st_finding_later* r = &f->later[i];
        if (r->arm >= 0 && r->arm < f->arm_count && (!most || r->people > most->people)) {
            most = r;
        }
    }
    if (most && f->people[most->arm].count > 0) {
        st_text_add(out, "<h3>After the treatment: most often ");
        st_html_text(out, most->name);
        st_text_addf(out, ", in %s of people with ",
                     st_words_percent((double)most->people / f->people[most->arm].count).text);
        st_html_text(out, f->arm[most->arm].label);
        st_text_add(out, "</h3>\n");
    }
    st_html_table(out, "After the treatment: repeats, rescue, crossing over, replacement",
                  "Arm|What|#People|#Times|How readings after it are used (estimand)");
    for (int i = 0; i < f->later_count; i++) {
        const st_finding_later* r = &f->later[i];
        if (r->arm < 0 || r->arm >= f->arm_count) {
            continue;
        }
        st_html_row(out);
        st_html_head_cell(out, f->arm[r->arm].label);
        st_html_cell(out, r->name);
        st_html_number_cell(out, st_words_whole(r->people).text);
        st_html_number_cell(out, st_words_whole(r->times).text);
        st_html_cell(out, r->estimand);
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
}

static bool is_whole(const st_findings* f, const st_analysis_row* r)
{
    return r->arm >= 0 && r->arm < f->arm_count && r->versus >= 0 && r->versus < f->arm_count &&
           r->measure >= 0 && r->measure < f->measure_count && r->visit >= 0 &&
           r->visit < f->visit_count;
}

static bool is_primary(const st_findings* f, const st_analysis_row* r)
{
    return r->measure == f->primary_measure && r->visit == f->primary_visit;
}

// Side of no difference that an interval lies on: -1, 1, or 0 when it includes it.
static int side(double lo, double hi, double none)
{
    return hi < none ? -1 : lo > none ? 1 : 0;
}

static bool is_ratio(const char* method)
{
    return strstr(method, "ratio") != NULL;
}

// The finding: how many of the other analyses of the primary endpoint say what the primary one
// says. Shares, adjusted p values and times count responders and events, which run the other way.
static const char* analyses_title(const st_findings* f, st_arena* arena)
{
    int same = 0;
    int all = 0;
    for (int i = 0; i < f->analysis_count; i++) {
        const st_analysis_row* r = &f->analysis[i];
        const st_contrast_row* c =
            is_whole(f, r) && is_primary(f, r)
                ? st_findings_contrast_with(f, r->arm, r->versus, r->measure, r->visit)
                : NULL;
        const bool is_difference =
            !is_ratio(r->method) && strncmp(r->method, "responders", 10) != 0;
        if (c && is_difference && isfinite(r->lo) && isfinite(r->hi)) {
            all += 1;
            same += side(r->lo, r->hi, 0.0) == side(c->lo, c->hi, 0.0);
        }
    }
    return all == 0 ? "Other analyses, beside the primary one"
                    : st_arena_format(arena,
                                      "%d of %d other analyses of the difference at %s say the "
                                      "same as the primary one",
                                      same, all, st_words_visit(&f->visit[f->primary_visit]).text);
}

static void add_analysis_rows(st_text* out, const st_findings* f, bool of_primary)
{
    st_html_sortable_table(out,
                           of_primary ? "Other analyses of the primary endpoint"
                                      : "Other analyses, other measures and visits",
                           "Arm|Beside|Measure|When|Method|#Estimate [95 %]|#p");
    for (int i = 0; i < f->analysis_count; i++) {
        const st_analysis_row* r = &f->analysis[i];
        if (!is_whole(f, r) || is_primary(f, r) != of_primary) {
            continue;
        }
        st_html_row(out);
        st_html_head_cell(out, f->arm[r->arm].label);
        st_html_cell(out, r->versus == r->arm ? "itself" : f->arm[r->versus].label);
        st_html_cell(out, f->measure[r->measure].title);
        st_html_cell(out, st_words_visit(&f->visit[r->visit]).text);
        st_html_cell(out, r->method);
        st_html_interval_cell(out, r->estimate, r->lo, r->hi, 2);
        st_html_number_cell(out, !isfinite(r->p) ? "–"
                                 : r->p < 0.001  ? "under 0.001"
                                                 : st_words_number(r->p, 3).text);
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
}

// A ratio or a difference, as its method names it; other analyses never lead the page.
static void add_analyses(st_text* out, const st_findings* f, st_arena* arena)
{
    int primary = 0;
    int other = 0;
    for (int i = 0; i < f->analysis_count; i++) {
        if (is_whole(f, &f->analysis[i])) {
            primary += is_primary(f, &f->analysis[i]);
            other += !is_primary(f, &f->analysis[i]);
        }
    }
    if (primary + other == 0) {
        return;
    }
    st_text_addf(out, "<h3>%s</h3>\n", analyses_title(f, arena));
    if (primary > 0) {
        add_analysis_rows(out, f, true);
    }
    st_text_add(out, "<p class=\"note\">A ratio of 1 and a difference of 0 are no difference. "
                     "A p value grows smaller with the number of virtual "
                     "people and says nothing of the size of an effect.</p>\n");
    if (other > 0) {
        st_text_addf(out, "<details><summary>Other measures and visits, %d rows</summary>\n",
                     other);
        add_analysis_rows(out, f, false);
        st_text_add(out, "</details>\n");
    }
}

void st_section_later(st_text* out, const st_findings* f)
{
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    bool has_replacement = false;
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
        const bool is_drawn = add_event(out, f, i, &arena);
        has_replacement = has_replacement || (i == 0 && is_drawn);
    }
    add_counts(out, f);
    if (!has_replacement) {
        st_text_add(out,
                    "<p class=\"note\">This run counts no replacement of the joint, so nothing is "
                    "said about it.</p>\n");
    }
    add_analyses(out, f, &arena);
    st_arena_clear(&arena);
}
