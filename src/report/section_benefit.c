#include "report/answer.h"
#include "report/estimate.h"
#include "report/glossary.h"
#include "report/html.h"
#include "report/palette.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

#define BIN_LIMIT    12
#define FEWEST       20 // people of each arm that a group needs to be shown
#define ARMS_DRAWN   2
#define FACTOR_COUNT ((int)(sizeof factors / sizeof factors[0]))

static const struct {
    const char *name, *label, *unit;
    int decimals;
    bool is_grade;
} factors[] = {
    {"kl_grade", "KL grade (X-ray)", "", 0, true},
    {"age_y", "Age", "y", 0, false},
    {"bmi_kg_per_m2", "Body mass index", "kg/m²", 0, false},
    {"primary_at_entry", "Primary measure at entry, as read", "", 0, false},
    {"inflammation_ratio", "Inflammation, 1 = median person", "", 1, false},
};

// What is known of an arm beside its control, group by group.
typedef struct benefit {
    const st_findings* f;
    int arm, control;
    st_arena* arena;
    st_figure_row* row;
    int row_count, skipped;
    st_estimate range_raw, range_shrunk, range_twin; // lo, hi: extremes over groups
} benefit;

static void widen(st_estimate* range, double value)
{
    range->lo = fmin(range->lo, value);
    range->hi = fmax(range->hi, value);
}

static const char* bin_label(const benefit* b, int factor, const st_finding_subgroup* s)
{
    const char* unit = factors[factor].unit;
    if (factors[factor].is_grade) {
        return st_arena_format(
            b->arena, "grade %s",
            st_words_number(isfinite(s->lo) ? s->lo + 0.5 : s->hi - 0.5, 0).text);
    }
    const st_words lo = st_words_number(s->lo, factors[factor].decimals);
    const st_words hi = st_words_number(s->hi, factors[factor].decimals);
    if (!isfinite(s->lo)) {
        return st_arena_format(b->arena, "under %s %s", hi.text, unit);
    }
    if (!isfinite(s->hi)) {
        return st_arena_format(b->arena, "%s %s and more", lo.text, unit);
    }
    return st_arena_format(b->arena, "%s to %s %s", lo.text, hi.text, unit);
}

// Groups of one factor: what was measured, the same after shrinkage, and the product's part.
static void add_factor(benefit* b, int factor)
{
    const st_findings* f = b->f;
    const int decimals = st_words_decimals(f, f->primary_measure);
    st_estimate raw[BIN_LIMIT];
    st_estimate shrunk[BIN_LIMIT];
    const st_finding_subgroup* group[BIN_LIMIT];
    const st_finding_subgroup* control[BIN_LIMIT];
    int count = 0;
    for (int p = 0; p < BIN_LIMIT; p++) {
        const st_finding_subgroup* a = st_findings_subgroup(f, b->arm, factors[factor].name, p);
        const st_finding_subgroup* c = st_findings_subgroup(f, b->control, factors[factor].name, p);
        if (!a || !c || a->n < FEWEST || c->n < FEWEST) {
            b->skipped += a || c;
            continue;
        }
        group[count] = a;
        control[count] = c;
        raw[count++] = st_estimate_difference(a->change, a->change_sd, a->n, c->change,
                                              c->change_sd, c->n); // [REP-3]
    }
    if (count < 2) {
        return; // one group is everybody
    }
    const double signal = st_estimate_shrink(raw, count, shrunk); //                       [REP-4]
    b->row[b->row_count++] = (st_figure_row){
        .label = st_arena_format(b->arena, "%s: %s beyond noise", factors[factor].label,
                                 signal > 0.0 ? st_words_percent(signal).text : "nothing"),
        .is_head = true};
    for (int i = 0; i < count; i++) {
        const double twin = group[i]->product - control[i]->product;
        widen(&b->range_raw, raw[i].mean);
        widen(&b->range_shrunk, shrunk[i].mean);
        widen(&b->range_twin, twin);
        b->row[b->row_count++] = (st_figure_row){
            .label = st_arena_format(b->arena, "%s (n %s)", bin_label(b, factor, group[i]),
                                     st_words_whole(group[i]->n + control[i]->n).text),
            .value = raw[i].mean,
            .lo = raw[i].lo,
            .hi = raw[i].hi,
            .colour = st_palette_colour(f, b->arm),
            .has_hollow = true,
            .hollow = shrunk[i].mean,
            .has_tick = isfinite(twin),
            .tick = twin,
            .text = st_arena_format(
                b->arena, "%s",
                st_words_interval(raw[i].mean, raw[i].lo, raw[i].hi, decimals).text)};
    }
}

static void add_table(st_text* out, const benefit* b)
{
    const int decimals = st_words_decimals(b->f, b->f->primary_measure);
    const char* head = "";
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(
        out, "Difference from control by kind of person, primary visit",
        "By|Group (people of both arms)|#Measured [95 %]|#After shrinkage|#Product itself");
    for (int i = 0; i < b->row_count; i++) {
        const st_figure_row* r = &b->row[i];
        if (r->is_head) {
            head = r->label;
            continue;
        }
        st_html_row(out);
        st_html_head_cell(out, head);
        st_html_cell(out, r->label);
        st_html_interval_cell(out, r->value, r->lo, r->hi, decimals);
        st_html_number_cell(out, st_words_signed(r->hollow, decimals).text);
        st_html_number_cell(out, st_words_signed(r->tick, decimals).text);
        st_text_add(out, "</tr>\n");
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static void compose_title(const benefit* b, st_text* title)
{
    const st_findings* f = b->f;
    const int decimals = st_words_decimals(f, f->primary_measure);
    st_text_addf(title,
                 "%s beside %s: measured differences run from %s to %s between kinds of people; "
                 "with the noise taken out from %s to %s",
                 f->arm[b->arm].label, f->arm[b->control].label,
                 st_words_signed(b->range_raw.lo, decimals).text,
                 st_words_signed(b->range_raw.hi, decimals).text,
                 st_words_signed(b->range_shrunk.lo, decimals).text,
                 st_words_signed(b->range_shrunk.hi, decimals).text);
    if (isfinite(b->range_twin.lo)) {
        st_text_addf(title, "; what the products do, from %s to %s",
                     st_words_signed(b->range_twin.lo, decimals).text,
                     st_words_signed(b->range_twin.hi, decimals).text);
    }
}

static bool add_forest(st_text* out, const st_findings* f, int arm, st_arena* arena)
{
    benefit b = {.f = f,
                 .arm = arm,
                 .control = f->arm[arm].control,
                 .arena = arena,
                 .row = st_arena_alloc(arena, FACTOR_COUNT * (BIN_LIMIT + 1), sizeof *b.row),
                 .range_raw = {0.0, INFINITY, -INFINITY},
                 .range_shrunk = {0.0, INFINITY, -INFINITY},
                 .range_twin = {0.0, INFINITY, -INFINITY}};
    if (!b.row) {
        out->failed = true;
        return false;
    }
    for (int k = 0; k < FACTOR_COUNT; k++) {
        add_factor(&b, k);
    }
    if (b.row_count == 0) {
        return false;
    }
    st_text title;
    st_text_init(&title, out->ctx);
    compose_title(&b, &title);
    const st_instrument_info* measure = &f->measure[f->primary_measure];
    const st_figure_rows rows = {
        .about = {.id = st_arena_format(arena, "%sbenefit-%d", f->prefix, arm),
                  .title = title.data ? title.data : "",
                  .desc =
                      "A point with its 95 % interval for each group of people, a hollow diamond "
                      "for the same after shrinkage, an upright bar for the product itself. The "
                      "numbers are in the table below.",
                  .x_label = measure->lower_is_better
                                 ? "difference of the changes (left of zero is better)"
                                 : "difference of the changes (right of zero is better)"},
        .row = b.row,
        .row_count = b.row_count,
        .is_points = true,
        .mark_lo = NAN,
        .mark_hi = NAN};
    st_figures_begin(out, &rows.about);
    st_figures_rows(out, &rows);
    st_text_add(out, "<figcaption>Points and lines: what a trial of this size measures, with 95 % "
                     "intervals. Hollow diamonds: the same after ");
    st_glossary_link(out, "shrink");
    st_text_add(out, ", the better guess for a group. Upright bars: what the products do to these "
                     "people in the model, known only because every person has a ");
    st_glossary_link(out, "twin");
    st_text_addf(out, ". The share beyond noise is how much of the spread between the groups of a "
                      "kind exceeds what chance gives; from so few groups it is itself rough. "
                      "Groups overlap, and many groups were looked at: some intervals leave the "
                      "others by chance alone.");
    if (b.skipped > 0) {
        st_text_addf(out, " %d group%s with fewer than %d people in an arm %s not shown.",
                     b.skipped, b.skipped == 1 ? "" : "s", FEWEST, b.skipped == 1 ? "is" : "are");
    }
    st_text_add(out, "</figcaption>\n");
    add_table(out, &b);
    st_figures_end(out);
    st_text_clear(&title);
    return true;
}

// The dose that arrived is no choice of the study: told by itself, not as a comparison.
static void add_doses(st_text* out, const st_findings* f)
{
    bool has_rows = false;
    const int decimals = st_words_decimals(f, f->primary_measure);
    for (int i = 0; i < f->subgroup_count; i++) {
        const st_finding_subgroup* s = &f->subgroup[i];
        if (strcmp(s->factor, "dose_cells") != 0 || s->arm < 0 || s->arm >= f->arm_count ||
            !f->arm[s->arm].has_cells) {
            continue;
        }
        if (!has_rows) {
            st_html_table(out, "By the living cells that reached the joint",
                          "Arm|Cells in the joint|#People|#Product itself, mean|"
                          "#Standard deviation between people");
            has_rows = true;
        }
        st_html_row(out);
        st_html_head_cell(out, f->arm[s->arm].label);
        st_text_add(out, "<td>");
        if (!isfinite(s->lo)) {
            st_text_addf(out, "under %s, or none", st_words_count(s->hi).text);
        } else {
            st_text_addf(out, "%s%s%s", st_words_count(s->lo).text,
                         isfinite(s->hi) ? " to " : " and more",
                         isfinite(s->hi) ? st_words_count(s->hi).text : "");
        }
        st_text_add(out, "</td>");
        st_html_number_cell(out, st_words_whole(s->n).text);
        st_html_number_cell(out, st_words_signed(s->product, decimals).text);
        st_html_number_cell(out, st_words_number(s->product_sd, decimals).text);
        st_text_add(out, "</tr>\n");
    }
    if (has_rows) {
        st_html_table_end(out);
        st_text_add(out,
                    "<p class=\"note\">A dose that missed the joint is one of none. Nobody chose "
                    "these groups by lot, so only the twins' parts are compared.</p>\n");
    }
}

void st_section_benefit(st_text* out, const st_findings* f)
{
    st_text_add(out,
                "<section id=\"benefit\"><h2>Who benefits</h2>\n<p>Small groups differ by chance. "
                "Here both can be seen: what a trial would measure in each kind of person, and "
                "what the treatment really does to them in the model.</p>\n");
    st_arena arena;
    st_arena_init(&arena, out->ctx);
    int* arms = st_arena_alloc(&arena, (size_t)f->arm_count + 1, sizeof *arms);
    const int count = arms ? st_answer_arms(f, arms) : 0;
    int drawn = 0;
    for (int i = 0; i < count; i++) {
        if (i == ARMS_DRAWN) {
            st_text_add(out, "<details><summary>The other arms</summary>\n");
        }
        drawn += add_forest(out, f, arms[i], &arena);
    }
    st_text_add(out, count > ARMS_DRAWN ? "</details>\n" : "");
    if (drawn == 0) {
        st_text_add(out, "<p>Too few people, or no control, to compare groups.</p>\n");
    }
    add_doses(out, f);
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
