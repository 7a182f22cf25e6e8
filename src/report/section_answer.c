#include "base/maths.h"
#include "report/answer.h"
#include "report/html.h"
#include "report/leverage.h"
#include "report/palette.h"
#include "report/sections.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

// Half width of the 95 % t interval of a mean.
static double half_width(const st_outcome_row* o)
{
    if (!o || o->n < 2 || !isfinite(o->sd)) {
        return (double)NAN;
    }
    return gsl_cdf_tdist_Pinv(0.975, o->n - 1) * o->sd / sqrt(o->n);
}

static void add_question(st_text* out, const st_findings* f)
{
    int* arms = st_alloc(out->ctx, (size_t)f->arm_count + 1, sizeof *arms);
    const int count = arms ? st_answer_arms(f, arms) : 0;
    st_text_add(out, "<p class=\"question\"><strong>Question:</strong> ");
    if (count == 0) {
        st_text_add(out, "how does “");
        st_html_text(out, f->measure[f->primary_measure].title);
        st_text_add(out, "” change with ");
        st_html_text(out, f->arm[0].label);
    } else {
        st_text_add(out, "does ");
        for (int i = 0; i < count && count <= 3; i++) {
            st_text_add(out, i == 0 ? "" : i + 1 == count ? " or " : ", ");
            st_html_text(out, f->arm[arms[i]].label);
        }
        if (count > 3) {
            st_text_addf(out, "any of %d treatments", count);
        }
        st_text_add(out, " change “");
        st_html_text(out, f->measure[f->primary_measure].title);
        st_text_add(out, "” more than ");
        bool shares = true;
        for (int i = 1; i < count; i++) {
            shares = shares && f->arm[arms[i]].control == f->arm[arms[0]].control;
        }
        st_html_text(out, shares ? f->arm[f->arm[arms[0]].control].label : "its control");
        st_text_add(out, " does");
    }
    st_text_addf(out, ", at %s?</p>\n", st_words_visit(&f->visit[f->primary_visit]).text);
    st_free(out->ctx, arms);
}

static void add_sentences(st_text* out, const st_findings* f)
{
    st_text sentence[ST_ANSWER_SENTENCES];
    for (int i = 0; i < ST_ANSWER_SENTENCES; i++) {
        st_text_init(&sentence[i], out->ctx);
    }
    st_answer_compose(f, sentence);
    for (int i = 0; i < ST_ANSWER_SENTENCES; i++) {
        st_text_add(out, i == 0 ? "<p class=\"answer\">" : "<p>");
        st_html_text(out, sentence[i].data ? sentence[i].data : "");
        st_text_add(out, "</p>\n");
        out->failed = out->failed || sentence[i].failed;
        st_text_clear(&sentence[i]);
    }
}

// How much of the product's part rests on what nobody measured.
static void add_assumed_sentence(st_text* out, const st_findings* f)
{
    st_text sentence;
    st_text_init(&sentence, out->ctx);
    st_leverage_sentence(f, &sentence);
    if (sentence.length > 0) {
        st_text_add(out, "<p class=\"rests\">");
        st_html_text(out, sentence.data);
        st_text_addf(out, " <a href=\"#figure-%sinfluence\">What the answer hangs on</a></p>\n",
                     f->prefix);
    }
    out->failed = out->failed || sentence.failed;
    st_text_clear(&sentence);
}

// What the figure shows, as a statement that its numbers bear out.
static void compose_title(const st_findings* f, st_text* title)
{
    const int m = f->primary_measure;
    const int decimals = st_words_decimals(f, m);
    const st_words when = st_words_visit(&f->visit[f->primary_visit]);
    const st_words unit = st_words_unit(f->measure[m].unit);
    double lo = INFINITY;
    double hi = -INFINITY;
    int known = 0;
    for (int a = 0; a < f->arm_count; a++) {
        const st_outcome_row* o = st_findings_outcome(f, a, m, f->primary_visit);
        if (o && isfinite(o->mean)) {
            lo = fmin(lo, o->mean);
            hi = fmax(hi, o->mean);
            known += 1;
        }
    }
    st_text_addf(title, "%s: ", f->measure[m].title);
    if (known > 1) {
        const double digit = st_pow(10.0, decimals); // rounded up: "within" has to be true
        const st_words range = st_words_number(ceil((hi - lo) * digit - 1e-9) / digit, decimals);
        st_text_addf(title, "at %s the means of the arms lie within %s %s of each other", when.text,
                     range.text, unit.text);
    } else if (known == 1) {
        const st_words mean = st_words_number(hi, decimals);
        st_text_addf(title, "a mean of %s %s at %s", mean.text, unit.text, when.text);
    } else {
        st_text_addf(title, "no readings at %s", when.text);
    }
}

// Columns of the figure's data: for each line one value per visit.
typedef struct line_data {
    double *x, *y, *lo, *hi;
    st_figure_series* series;
    int count;
} line_data;

static void add_arm_series(const st_findings* f, line_data* d, int arm)
{
    const int base = d->count * f->visit_count;
    for (int v = 0; v < f->visit_count; v++) {
        const st_outcome_row* o = st_findings_outcome(f, arm, f->primary_measure, v);
        const double half = half_width(o);
        d->y[base + v] = o && o->n > 0 ? o->mean : (double)NAN;
        d->lo[base + v] = d->y[base + v] - half;
        d->hi[base + v] = d->y[base + v] + half;
    }
    d->series[d->count] = (st_figure_series){.label = f->arm[arm].label,
                                             .colour = st_palette_colour(f, arm),
                                             .dash = st_palette_dash(f, arm),
                                             .count = f->visit_count,
                                             .x = d->x,
                                             .y = d->y + base,
                                             .lo = d->lo + base,
                                             .hi = d->hi + base,
                                             .has_dots = true};
    d->count += 1;
}

// A single arm stands beside the noise-free twins of its own people.
static void add_twin_series(const st_findings* f, line_data* d, bool is_sham)
{
    const int base = d->count * f->visit_count;
    for (int v = 0; v < f->visit_count; v++) {
        const st_finding_twin* t = st_findings_twin(f, 0, f->primary_measure, v);
        d->y[base + v] = !t ? (double)NAN : is_sham ? t->sham : t->untreated;
    }
    d->series[d->count] =
        (st_figure_series){.label = is_sham ? "same people, sham" : "same people, untreated",
                           .colour = 0,
                           .dash = is_sham ? 0 : 1,
                           .count = f->visit_count,
                           .x = d->x,
                           .y = d->y + base,
                           .has_dots = true};
    d->count += 1;
}

static void compose_point_label(const st_findings* f, const st_published_row* p, st_text* label)
{
    const st_words value = st_words_precise(p->value, 3);
    st_text_addf(label, "published, %s, %s: %s %s", p->trial_id, p->arm_id,
                 p->is_median ? "median" : "mean", value.text);
    if (isfinite(p->q25) && isfinite(p->q75)) {
        const st_words a = st_words_precise(p->q25, 3);
        const st_words b = st_words_precise(p->q75, 3);
        st_text_addf(label, " (quartiles %s to %s)", a.text, b.text);
    }
    if (isfinite(p->n)) {
        st_text_addf(label, ", n %.0f", p->n);
    } else {
        st_text_add(label, ", n not given");
    }
    st_text_addf(label, ", beside %s", p->arm >= 0 ? f->arm[p->arm].label : "no arm");
}

// Published rows of the primary measure that stand beside an arm; *places: how many arms have some.
static int collect_points(st_text* out, const st_findings* f, st_arena* arena,
                          st_figure_point* point, int* places)
{
    int count = 0;
    *places = 0;
    for (int a = 0; a < f->arm_count; a++) {
        int of_arm = 0;
        for (int i = 0; i < f->published_count; i++) {
            const st_published_row* p = &f->published[i];
            if (p->arm != a || p->measure != f->primary_measure || p->is_change) {
                continue;
            }
            st_text label;
            st_text_init(&label, out->ctx);
            compose_point_label(f, p, &label);
            const char* text = st_arena_text(arena, label.data ? label.data : "", label.length);
            st_text_clear(&label);
            const bool has_sd = !isfinite(p->q25) && isfinite(p->sd) && isfinite(p->n);
            const double half = has_sd ? 1.96 * p->sd / sqrt(p->n) : (double)NAN;
            point[count++] = (st_figure_point){.x = p->month,
                                               .y = p->value,
                                               .lo = has_sd ? p->value - half : p->q25,
                                               .hi = has_sd ? p->value + half : p->q75,
                                               .colour = st_palette_colour(f, a),
                                               .place = *places,
                                               .label = text ? text : ""};
            of_arm += 1;
        }
        *places += of_arm > 0;
    }
    return count;
}

static void add_published_note(st_text* out, const st_findings* f, int count)
{
    if (count == 0) {
        st_text_add(out, " No published numbers stand beside this measure.");
        return;
    }
    bool all_medians = true;
    bool any_median = false;
    double n_lo = INFINITY;
    double n_hi = -INFINITY;
    bool is_known = true;
    const char* trial = NULL;
    bool one_trial = true;
    for (int i = 0; i < f->published_count; i++) {
        const st_published_row* p = &f->published[i];
        if (p->arm < 0 || p->measure != f->primary_measure || p->is_change) {
            continue;
        }
        all_medians = all_medians && p->is_median;
        any_median = any_median || p->is_median;
        is_known = is_known && isfinite(p->n);
        n_lo = fmin(n_lo, p->n);
        n_hi = fmax(n_hi, p->n);
        one_trial = one_trial && (!trial || strcmp(trial, p->trial_id) == 0);
        trial = p->trial_id;
    }
    st_text_add(out, " Hollow diamonds: published ");
    st_text_add(out, all_medians  ? "medians with quartiles"
                     : any_median ? "means with 95 % intervals, or medians with quartiles"
                                  : "means with 95 % intervals");
    st_text_add(out, " of real people (");
    st_html_text(out, one_trial ? trial : "several trials");
    if (!is_known) {
        st_text_add(out, "; the number of people is not given for each");
    } else if (n_lo == n_hi) {
        st_text_addf(out, "; %.0f people per arm", n_lo);
    } else {
        st_text_addf(out, "; %.0f to %.0f people per arm", n_lo, n_hi);
    }
    st_text_add(out, any_median ? "). A median of few people is not the mean of many: read the "
                                  "distance with care."
                                : ").");
}

static void add_table(st_text* out, const st_findings* f)
{
    const int m = f->primary_measure;
    const int decimals = st_words_decimals(f, m);
    st_text_add(out, "<details><summary>Show as table</summary>\n");
    st_html_table(out, f->measure[m].title,
                  "Arm|When|#People|#Mean [95 %]|#Median (quartiles)|#Published");
    for (int a = 0; a < f->arm_count; a++) {
        for (int v = 0; v < f->visit_count; v++) {
            const st_outcome_row* o = st_findings_outcome(f, a, m, v);
            if (!o) {
                continue;
            }
            const double half = half_width(o);
            const st_words when = st_words_visit(&f->visit[v]);
            const st_words n = st_words_whole(o->n);
            st_html_row(out);
            st_html_head_cell(out, f->arm[a].label);
            st_html_cell(out, when.text);
            st_html_number_cell(out, n.text);
            st_text_add(out, "<td class=\"n\">");
            st_html_interval(out, o->mean, o->mean - half, o->mean + half, decimals, false);
            const st_words q25 = st_words_number(o->q25, decimals);
            const st_words q50 = st_words_number(o->q50, decimals);
            const st_words q75 = st_words_number(o->q75, decimals);
            st_text_addf(out, "</td><td class=\"n\">%s (%s to %s)</td><td class=\"n\">", q50.text,
                         q25.text, q75.text);
            int shown = 0;
            for (int i = 0; i < f->published_count; i++) {
                const st_published_row* p = &f->published[i];
                if (p->arm == a && p->measure == m && !p->is_change &&
                    fabs(p->month - f->visit[v].month) < 0.05) {
                    const st_words value = st_words_precise(p->value, 3);
                    st_text_addf(out, "%s%s%s", shown++ > 0 ? "; " : "", value.text,
                                 p->is_median ? " (median)" : "");
                }
            }
            st_text_add(out, shown > 0 ? "</td></tr>\n" : "–</td></tr>\n");
        }
    }
    st_html_table_end(out);
    st_text_add(out, "</details>\n");
}

static void add_figure(st_text* out, const st_findings* f, line_data* d, st_figure_point* point,
                       st_arena* arena)
{
    const st_instrument_info* measure = &f->measure[f->primary_measure];
    for (int v = 0; v < f->visit_count; v++) {
        d->x[v] = f->visit[v].month;
    }
    for (int a = 0; a < f->arm_count; a++) {
        add_arm_series(f, d, a);
    }
    if (f->arm_count == 1) {
        add_twin_series(f, d, true);
        add_twin_series(f, d, false);
    }
    int places = 0;
    const int points = collect_points(out, f, arena, point, &places);
    st_text title;
    st_text_init(&title, out->ctx);
    compose_title(f, &title);
    const st_figure_lines lines = {
        .about = {.id = st_arena_format(arena, "%smain", f->prefix),
                  .title = title.data ? title.data : "",
                  .desc = "Lines of the mean at each visit, one per arm, with 95 % bands. The "
                          "numbers are in the table below.",
                  .x_label = "months since the start",
                  .y_label = measure->title,
                  .decimals = st_words_decimals(f, f->primary_measure)},
        .series = d->series,
        .series_count = d->count,
        .point = point,
        .point_count = points,
        .place_count = places,
        .x_tick = d->x,
        .x_tick_count = f->visit_count,
        .y_floor = measure->lo,
        .labels_value = true};
    st_figures_begin(out, &lines.about);
    st_figures_lines(out, &lines);
    st_text_addf(out,
                 "<figcaption>%s is better. Lines: mean of the people present at each visit. "
                 "Bands: 95 %% interval of the mean; they show which people happened to be drawn, "
                 "not how uncertain the values of the model are.",
                 measure->lower_is_better ? "Lower" : "Higher");
    add_published_note(out, f, points);
    st_text_add(out, f->arm_count == 1 ? " Grey lines: the same people in the model without the "
                                         "treatment, free of measurement noise.</figcaption>\n"
                                       : "</figcaption>\n");
    add_table(out, f);
    st_figures_end(out);
    st_text_clear(&title);
}

void st_section_answer(st_text* out, const st_findings* f)
{
    st_text_addf(out, "<section id=\"%sanswer\"><h2>The answer</h2>\n", f->prefix);
    add_question(out, f);
    add_sentences(out, f);
    add_assumed_sentence(out, f);

    st_arena arena;
    st_arena_init(&arena, out->ctx);
    const size_t lines = (size_t)f->arm_count + 2;
    const size_t values = lines * (size_t)f->visit_count;
    line_data d = {
        .x = st_arena_alloc(&arena, (size_t)f->visit_count, sizeof *d.x),
        .y = st_arena_alloc(&arena, values, sizeof *d.y),
        .lo = st_arena_alloc(&arena, values, sizeof *d.lo),
        .hi = st_arena_alloc(&arena, values, sizeof *d.hi),
        .series = st_arena_alloc(&arena, lines, sizeof *d.series),
    };
    st_figure_point* point = st_arena_alloc(&arena, (size_t)f->published_count + 1, sizeof *point);
    if (d.x && d.y && d.lo && d.hi && d.series && point) {
        add_figure(out, f, &d, point, &arena);
    } else {
        out->failed = true;
    }
    st_arena_clear(&arena);
    st_text_add(out, "</section>\n");
}
