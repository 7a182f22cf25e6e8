#include "report/figures.h"
#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

#define STEP_LIMIT ST_DOSE_STEP_LIMIT

typedef struct steps {
    const st_dose_step_row* row[STEP_LIMIT];
    int count;
} steps;

static steps steps_of(const st_findings* f, int arm)
{
    steps s = {.count = 0};
    for (int i = 0; i < f->dose_step_count && s.count < STEP_LIMIT; i++) {
        if (f->dose_step[i].arm == arm) {
            s.row[s.count++] = &f->dose_step[i];
        }
    }
    return s;
}

static bool has_story(const st_findings* f, int arm)
{
    for (int i = 0; i < f->prepared_count; i++) {
        if (f->prepared[i].arm == arm) {
            return true;
        }
    }
    return false;
}

// Platelets, where blood is taken and nothing is cultured; else cells.
static const char* counted(const st_findings* f, int arm)
{
    bool has_platelets = false;
    for (int i = 0; i < f->prepared_count; i++) {
        const st_prepared_row* r = &f->prepared[i];
        if (r->arm == arm &&
            (strcmp(r->name, "cfu_f_harvest") == 0 || strcmp(r->name, "culture_days") == 0)) {
            return "living cells";
        }
        has_platelets =
            has_platelets || (r->arm == arm && strcmp(r->name, "platelet_product") == 0);
    }
    return has_platelets ? "living platelets" : "living cells";
}

// Three digits, written out up to a million.
static st_words digits(double value)
{
    double step = 1.0;
    if (!(fabs(value) >= 100.0 && fabs(value) < 1e6)) {
        return st_words_precise(value, 3);
    }
    while (fabs(value) / step >= 1000.0) {
        step *= 10.0;
    }
    return st_words_whole((int64_t)(floor(value / step + 0.5) * step));
}

// What is kept of the step before, as people say it.
static const char* kept(st_arena* arena, double before, double now)
{
    if (!(before > 0.0) || !isfinite(now)) {
        return "–";
    }
    const double ratio = now / before;
    return ratio >= 1.5 ? st_arena_format(arena, "× %s", digits(ratio).text)
                        : st_arena_format(arena, "%s", st_words_percent(ratio).text);
}

// The finding: what arrives, and the step that loses the largest share.
static const char* arm_title(const st_findings* f, int arm, const steps* s, st_arena* arena)
{
    double worst = 1.0;
    const char* where = NULL;
    for (int i = 1; i < s->count; i++) {
        const double ratio =
            s->row[i - 1]->q50 > 0.0 ? s->row[i]->q50 / s->row[i - 1]->q50 : (double)NAN;
        if (ratio < worst) {
            worst = ratio;
            where = st_findings_plain_name(arena, s->row[i]->name);
        }
    }
    if (s->count == 0) {
        return f->arm[arm].label;
    }
    const st_dose_step_row* last = s->row[s->count - 1];
    const char* arrives = st_arena_format(
        arena, "%s: %s %s arrive in the median person after %s", f->arm[arm].label,
        st_words_count(last->q50).text, counted(f, arm),
        last->day < 1.0 ? "less than a day"
                        : st_arena_format(arena, "%s days", st_words_precise(last->day, 2).text));
    return where ? st_arena_format(arena, "%s; the largest loss is %s, at the step “%s”", arrives,
                                   st_words_percent(1.0 - worst).text, where)
                 : arrives;
}

static void add_losses(st_text* out, const steps* s, const char* what, st_arena* arena)
{
    double before = NAN;
    st_html_table(out,
                  st_arena_format(arena, "Step by step, over the people of this arm: %s", what),
                  "After|#Day|#Volume, mL|#Median|#5 % of people have less|"
                  "#5 % have more|#Left of the step before");
    for (int i = 0; i < s->count; i++) {
        const st_dose_step_row* r = s->row[i];
        st_html_row(out);
        st_html_head_cell(out, st_findings_plain_name(arena, r->name));
        st_html_number_cell(out, st_words_precise(r->day, 3).text);
        st_html_number_cell(out, r->volume_mL > 0.0 ? st_words_precise(r->volume_mL, 3).text : "–");
        st_html_number_cell(out, st_words_count(r->q50).text);
        st_html_number_cell(out, st_words_count(r->q05).text);
        st_html_number_cell(out, st_words_count(r->q95).text);
        st_html_number_cell(out, kept(arena, before, r->q50));
        st_text_add(out, "</tr>\n");
        before = r->q50;
    }
    st_html_table_end(out);
}

// The median in the band, as both are shown: with three digits.
static bool lies_inside(const st_prepared_row* r)
{
    const double rounding = 0.005;
    return r->q50 >= r->band_lo - rounding * fabs(r->band_lo) &&
           r->q50 <= r->band_hi + rounding * fabs(r->band_hi);
}

static st_words amount(const st_prepared_row* r, double value)
{
    return strcmp(r->unit, "cells") == 0 && isfinite(value) ? st_words_count(value) : digits(value);
}

static void add_quantities(st_text* out, const st_findings* f, int arm)
{
    st_html_table(out, "What was prepared, and what was measured for such a step",
                  "Quantity|Unit|#A donor in the middle|#Median of the people|"
                  "#90 % of them|#Measured somewhere|Source");
    for (int i = 0; i < f->prepared_count; i++) {
        const st_prepared_row* r = &f->prepared[i];
        if (r->arm != arm) {
            continue;
        }
        const bool has_band = isfinite(r->band_lo) && isfinite(r->band_hi);
        const bool is_inside = lies_inside(r);
        st_html_row(out);
        st_html_head_cell(out, r->label);
        st_html_cell(out, strcmp(r->unit, "1") == 0 ? "" : r->unit);
        st_html_number_cell(out, isfinite(r->middle) ? amount(r, r->middle).text : "–");
        st_html_number_cell(out, isfinite(r->q50) ? amount(r, r->q50).text : "–");
        st_text_add(out, "<td class=\"n\">");
        if (r->q05 < r->q95) {
            st_text_addf(out, "%s to %s", amount(r, r->q05).text, amount(r, r->q95).text);
        } else {
            st_text_add(out, "all alike");
        }
        st_text_add(out, "</td><td class=\"n\">");
        if (has_band) {
            st_text_addf(out, "%s to %s%s", amount(r, r->band_lo).text, amount(r, r->band_hi).text,
                         is_inside ? "" : "<span class=\"say\">the median lies outside</span>");
        }
        st_text_add(out, "</td><td class=\"source\">");
        st_html_source(out, r->source);
        st_text_add(out, "</td></tr>\n");
    }
    st_html_table_end(out);
}

// Every band stretched to the same width: 0 its lower end, 1 its upper.
static void add_bands(st_text* out, const st_findings* f, int arm, st_arena* arena)
{
    st_figure_row* row = st_arena_alloc(arena, (size_t)f->prepared_count + 1, sizeof *row);
    int count = 0;
    int inside = 0;
    for (int i = 0; row && i < f->prepared_count; i++) {
        const st_prepared_row* r = &f->prepared[i];
        const double width = r->band_hi - r->band_lo;
        if (r->arm != arm || !(width > 0.0) || !isfinite(r->q50)) {
            continue;
        }
        const bool is_inside = lies_inside(r);
        row[count++] = (st_figure_row){
            .label = r->label,
            .value = (r->q50 - r->band_lo) / width,
            .lo = (r->q05 - r->band_lo) / width,
            .hi = (r->q95 - r->band_lo) / width,
            .text = st_arena_format(arena, "%s (%s to %s)", amount(r, r->q50).text,
                                    amount(r, r->band_lo).text, amount(r, r->band_hi).text),
            .colour = st_palette_colour(f, arm)};
        inside += is_inside;
    }
    if (count == 0) {
        return;
    }
    const st_figure_rows rows = {
        .about = {.id = st_arena_format(arena, "%sbands-%d", f->prefix, arm),
                  .title = st_arena_format(
                      arena, "%s: %d of %d computed medians lie in the band that was measured",
                      f->arm[arm].label, inside, count),
                  .desc = "One point per quantity, with the range of 90 % of people, between two "
                          "dotted lines that are the ends of the measured band. The numbers are "
                          "in the table below.",
                  .x_label = "0: lower end of the measured band, 1: upper end"},
        .row = row,
        .row_count = count,
        .is_points = true,
        .mark_lo = 0.0,
        .mark_hi = 1.0};
    st_figures_begin(out, &rows.about);
    st_figures_rows(out, &rows);
    st_text_add(out, "<figcaption>Points: median over the people of the arm; lines: 90 % of them. "
                     "Between the dotted lines: what was measured for such a step, by other "
                     "people with other donors and devices.</figcaption>\n"
                     "<details><summary>Show as table</summary>\n");
    st_html_table(out, "Measured bands", "Quantity|#Computed median|#Band from|#to");
    for (int i = 0; i < f->prepared_count; i++) {
        const st_prepared_row* r = &f->prepared[i];
        if (r->arm == arm && r->band_hi > r->band_lo && isfinite(r->q50)) {
            st_html_row(out);
            st_html_head_cell(out, r->label);
            st_html_number_cell(out, amount(r, r->q50).text);
            st_html_number_cell(out, amount(r, r->band_lo).text);
            st_html_number_cell(out, amount(r, r->band_hi).text);
            st_text_add(out, "</tr>\n");
        }
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
    st_figures_end(out);
}

// --- the tube -------------------------------------------------------------------------------

static void read_shares(const char* text, double* share)
{
    for (int h = 0; h < ST_FIGURE_TUBE_HEIGHTS; h++) {
        while (*text == ' ') {
            text += 1;
        }
        const size_t length = st_number_parse(text, &share[h]);
        share[h] = length > 0 ? share[h] : 0.0;
        text += length;
    }
}

static void add_tube(st_text* out, const st_findings* f, int arm, int spin, st_arena* arena)
{
    st_figure_tube* tube = st_arena_alloc(arena, 1, sizeof *tube);
    if (!tube) {
        out->failed = true;
        return;
    }
    *tube = (st_figure_tube){.time_count = 0};
    for (int i = 0; i < f->tube_count; i++) {
        const st_finding_tube* r = &f->tube[i];
        const int at = tube->time_count;
        // Every second time is enough for a picture of this size.
        if (r->arm == arm && r->spin == spin && r->step % 2 == 0 && at < ST_FIGURE_TUBE_TIMES) {
            tube->height_mm = r->height_mm;
            tube->time_s[at] = r->time_s;
            tube->interface_mm[at] = r->interface_mm;
            read_shares(r->red, tube->red[at]);
            read_shares(r->platelet, tube->platelet[at]);
            read_shares(r->white, tube->white[at]);
            tube->time_count += 1;
        }
    }
    if (tube->time_count < 2) {
        return;
    }
    const double end = tube->interface_mm[tube->time_count - 1];
    const char* finding =
        isfinite(end) ? st_arena_format(arena, "; in the end red cells fill the lower %s of %s mm",
                                        digits(end).text, digits(tube->height_mm).text)
                      : "";
    tube->about = (st_figure){
        .id = st_arena_format(arena, "%stube-%d-%d", f->prefix, arm, spin),
        .title = st_arena_format(arena, "%s, spin %d: layers in the tube over time%s",
                                 f->arm[arm].label, spin + 1, finding),
        .desc = "Time from left to right, the tube from its bottom to the surface; colours tell "
                "what fills it. The height of the red layer is in the table below."};
    st_figures_begin(out, &tube->about);
    st_figures_tube(out, tube);
    st_text_add(out, "<figcaption>A donor in the middle. Straw: plasma; red: red cells; amber: "
                     "platelets; blue: white cells (both exaggerated: a thousandth already shows). "
                     "Line: top of the red cells.</figcaption>\n"
                     "<details><summary>Show as table</summary>\n");
    st_html_table(out, "Top of the red cells", "#Minute|#Millimetres above the bottom");
    for (int i = 0; i < tube->time_count; i += 4) {
        st_html_row(out);
        st_html_number_cell(out, st_words_precise(tube->time_s[i] / 60.0, 3).text);
        st_html_number_cell(out, isfinite(tube->interface_mm[i])
                                     ? st_words_precise(tube->interface_mm[i], 3).text
                                     : "not seen");
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
    st_figures_end(out);
}

static bool has_gel(const st_findings* f, int arm)
{
    for (int i = 0; i < f->prepared_count; i++) {
        if (f->prepared[i].arm == arm && strncmp(f->prepared[i].name, "gel_", 4) == 0) {
            return true;
        }
    }
    return false;
}

static void add_arm(st_text* out, const st_findings* f, int arm, st_arena* arena)
{
    const steps s = steps_of(f, arm);
    st_text_add(out, "<h3>");
    st_html_text(out, arm_title(f, arm, &s, arena));
    st_text_add(out, "</h3>\n<p class=\"note\">");
    st_html_text(out, f->arm[arm].recipe);
    st_text_add(out, "</p>\n");
    if (s.count > 0) {
        add_losses(out, &s, counted(f, arm), arena);
    }
    add_bands(out, f, arm, arena);
    for (int spin = 0; spin < ST_JOURNEY_SPINS; spin++) {
        add_tube(out, f, arm, spin, arena);
    }
    st_text_add(out, "<details><summary>All quantities of this preparation</summary>\n");
    add_quantities(out, f, arm);
    st_text_add(out, "</details>\n");
    if (has_gel(f, arm)) {
        st_text_add(out, "<p class=\"note\">Light-cured gels of published clinical trials carried "
                         "no cells: their results say nothing of a gel with cells.</p>\n");
    }
}

void st_section_harvest(st_text* out, const st_findings* f)
{
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    int count = 0;
    st_text_addf(out, "<section id=\"%sharvest\"><h2>From harvest to joint</h2>\n", f->prefix);
    for (int a = 0; a < f->arm_count; a++) {
        if (has_story(f, a)) {
            if (count++ == 0) {
                st_text_add(out,
                            "<p>What is taken from people, what processing and culture make of it, "
                            "what the needle costs and what arrives: for the people of this trial, "
                            "beside what was measured for such steps elsewhere.</p>\n");
            }
            add_arm(out, f, a, &arena);
        }
    }
    if (count == 0) {
        st_text_add(out, "<p>No arm of this run takes anything from people: what is injected is "
                         "ready-made.</p>\n");
    }
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
