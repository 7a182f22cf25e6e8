#include "base/table.h"
#include "report/findings.h"
#include "report/words.h"
#include "stroma/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// A terminal gets ASCII only: any font, any log file, no control sequences from a file's names.
static void to_ascii(const char* from, char* to, size_t size)
{
    static const struct {
        const char *character, *plain;
    } known[] = {{"\xe2\x88\x92", "-"},
                 {"–", "-"},
                 {"—", "-"},
                 {"\xe2\x80\xaf", " "},
                 {"×", "x"},
                 {"±", "+-"},
                 {"≥", ">="},
                 {"≤", "<="},
                 {"µ", "u"},
                 {"²", "2"},
                 {"’", "'"}};
    size_t used = 0;
    while (*from && used + 3 < size) {
        const unsigned char c = (unsigned char)*from;
        if (c >= 0x20 && c < 0x7f) {
            to[used++] = *from++;
            continue;
        }
        const char* plain = "?";
        size_t length = st_words_prefix(from, 1);
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            if (strncmp(from, known[i].character, strlen(known[i].character)) == 0) {
                plain = known[i].plain;
            }
        }
        used += (size_t)snprintf(to + used, size - used, "%s", plain);
        from += length;
    }
    to[used] = '\0';
}

typedef struct cell {
    char text[80];
} cell;

static cell number(double value, int decimals, bool is_signed)
{
    cell c;
    const st_words w =
        is_signed ? st_words_signed(value, decimals) : st_words_number(value, decimals);
    to_ascii(w.text, c.text, sizeof c.text);
    return c;
}

// "-17  [-19, -15]"
static cell interval(double value, double lo, double hi, int decimals)
{
    cell c = number(value, decimals, true);
    if (!isfinite(value)) {
        snprintf(c.text, sizeof c.text, "no number");
    } else if (isfinite(lo) && isfinite(hi)) {
        to_ascii(st_words_interval(value, lo, hi, decimals).text, c.text, sizeof c.text);
    }
    return c;
}

// What was published beside an arm: the change where a value at the start is known.
static void add_published(st_text* out, const st_findings* f, int arm)
{
    const double month = f->visit[f->primary_visit].month;
    for (int i = 0; i < f->published_count; i++) {
        const st_published_row* p = &f->published[i];
        if (p->arm != arm || p->measure != f->primary_measure || fabs(p->month - month) > 0.05) {
            continue;
        }
        const st_published_row* start = NULL;
        for (int k = 0; k < f->published_count && !p->is_change; k++) {
            const st_published_row* s = &f->published[k];
            if (!s->is_change && s->arm == arm && s->measure == p->measure &&
                fabs(s->month) < 0.05 && strcmp(s->trial_id, p->trial_id) == 0 &&
                strcmp(s->arm_id, p->arm_id) == 0) {
                start = s;
            }
        }
        const int decimals = f->measure[p->measure].hi > 20.0 ? 0 : 1;
        if (start || p->is_change) {
            st_text_addf(out, "  published: %s (%s",
                         number(start ? p->value - start->value : p->value, decimals, true).text,
                         p->is_change   ? "mean change"
                         : p->is_median ? "of medians"
                                        : "of means");
        } else {
            st_text_addf(out, "  published: %s at this visit (%s",
                         number(p->value, decimals, false).text, p->is_median ? "median" : "mean");
        }
        if (isfinite(p->n)) {
            st_text_addf(out, ", n %.0f)", p->n);
        } else {
            st_text_add(out, ", n not given)");
        }
    }
}

// What an arm is read beside: its control, or, for the control itself, a twin arm.
static int comparator(const st_findings* f, int arm)
{
    if (f->arm[arm].control >= 0 || f->arm[arm].is_twin) {
        return f->arm[arm].control;
    }
    for (int a = 0; a < f->arm_count; a++) {
        if (f->arm[a].is_twin) {
            return a;
        }
    }
    return -1;
}

#define SPARK_LIMIT 16

typedef enum letters { ASCII, UTF8 } letters;

// Means from visit to visit: heights between the lowest and the highest of all arms; as wide as
// spark_width() says, whatever the bytes.
static cell sparkline(const st_findings* f, int arm, letters shown, int width)
{
    static const char* const heights[2][8] = {
        [ASCII] = {"_", ".", "-", "'", "\""},
        [UTF8] = {"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"}};
    const double most = shown == ASCII ? 4.0 : 7.0;
    double lo = INFINITY;
    double hi = -INFINITY;
    for (int i = 0; i < f->outcome_count; i++) {
        if (f->outcome[i].measure == f->primary_measure && isfinite(f->outcome[i].mean)) {
            lo = fmin(lo, f->outcome[i].mean);
            hi = fmax(hi, f->outcome[i].mean);
        }
    }
    cell c = {.text = ""};
    size_t used = 0;
    for (int v = 0; v < width; v++) {
        const st_outcome_row* o =
            v < f->visit_count ? st_findings_outcome(f, arm, f->primary_measure, v) : NULL;
        const bool is_known = o && isfinite(o->mean) && hi > lo;
        const char* height =
            is_known ? heights[shown][(int)floor((o->mean - lo) / (hi - lo) * most + 0.5)] : " ";
        const size_t length = strlen(height);
        memcpy(c.text + used, height, length + 1);
        used += length;
    }
    return c;
}

static int spark_width(const st_findings* f)
{
    return f->visit_count > SPARK_LIMIT ? SPARK_LIMIT : f->visit_count < 6 ? 6 : f->visit_count;
}

// What an arm is read beside, and how far it lies from it.
static cell beside(const st_findings* f, int arm)
{
    const int m = f->primary_measure;
    const int versus = comparator(f, arm);
    const st_contrast_row* c = st_findings_contrast_with(f, arm, versus, m, f->primary_visit);
    cell beyond = {.text = ""};
    if (versus >= 0) {
        cell control;
        to_ascii(f->arm[versus].name, control.text, 25);
        const cell d = interval(c ? c->difference : (double)NAN, c ? c->lo : (double)NAN,
                                c ? c->hi : (double)NAN, st_words_decimals(f, m));
        snprintf(beyond.text, sizeof beyond.text, "%.40s beyond %.24s", d.text, control.text);
    } else {
        snprintf(beyond.text, sizeof beyond.text, "%s",
                 st_findings_is_comparator(f, arm) ? "control" : "no control");
    }
    return beyond;
}

static void add_arm(st_text* out, const st_findings* f, int arm, letters shown, int width,
                    int beside_width)
{
    const int m = f->primary_measure;
    const int decimals = st_words_decimals(f, m);
    const st_outcome_row* o = st_findings_outcome(f, arm, m, f->primary_visit);
    const st_split_row* product = st_findings_split(f, arm, m, f->primary_visit, "product");
    cell name;
    to_ascii(f->arm[arm].name, name.text, 33);
    const bool has_people = o && o->n > 0;
    st_text_addf(out, "  %-*s  %s %-22s  %-*s  %7s", width, name.text,
                 sparkline(f, arm, shown, spark_width(f)).text,
                 interval(has_people ? o->change : (double)NAN, has_people ? o->change_lo : 0.0,
                          has_people ? o->change_hi : 0.0, decimals)
                     .text,
                 beside_width, beside(f, arm).text,
                 product && isfinite(product->mean) ? number(product->mean, decimals, true).text
                                                    : "-");
    if (has_people && isfinite(o->responders)) {
        st_text_addf(out, "  %3.0f", 100.0 * o->responders);
    } else {
        st_text_add(out, "    -");
    }
    add_published(out, f, arm);
    st_text_add(out, "\n");
}

// Responders by several scores at the primary visit, each arm beside its control.
static void add_responders(st_text* out, const st_findings* f, int width)
{
    const char* before = "";
    for (int i = 0; i < f->responder_count; i++) {
        const st_responder_row* r = &f->responder[i];
        cell name;
        cell title;
        if (r->visit != f->primary_visit) {
            continue;
        }
        if (strcmp(before, r->name) != 0) {
            to_ascii(r->title, title.text, sizeof title.text);
            st_text_addf(out, "%s, of 100 people [95 %%]\n", title.text);
            before = r->name;
        }
        to_ascii(f->arm[r->arm].name, name.text, 33);
        st_text_addf(out, "  %-*s  ", width, name.text);
        if (isfinite(r->share)) {
            st_text_addf(out, "%3.0f [%.0f, %.0f]", 100.0 * r->share, 100.0 * r->lo, 100.0 * r->hi);
        } else {
            st_text_add(out, "  -");
        }
        if (r->versus >= 0 && isfinite(r->difference)) {
            to_ascii(f->arm[r->versus].name, name.text, 25);
            st_text_addf(
                out, "  %s beyond %s",
                interval(100.0 * r->difference, 100.0 * r->diff_lo, 100.0 * r->diff_hi, 0).text,
                name.text);
        }
        st_text_add(out, "\n");
    }
}

// In how many arms with an active product most of the change is something else.
static void add_split_line(st_text* out, const st_findings* f)
{
    int arms = 0;
    int mostly_other = 0;
    for (int a = 0; a < f->arm_count; a++) {
        const st_split_row* product =
            st_findings_split(f, a, f->primary_measure, f->primary_visit, "product");
        const st_split_row* total =
            st_findings_split(f, a, f->primary_measure, f->primary_visit, "total");
        // Salt water has no part of its own: the twins' difference is exactly nothing.
        const bool is_active = product && isfinite(product->mean) && product->mean != 0.0;
        if (is_active && total && isfinite(total->mean)) {
            arms += 1;
            mostly_other += fabs(product->mean) < 0.5 * fabs(total->mean);
        }
    }
    if (arms > 0) {
        st_text_addf(out,
                     "in %d of %d arms with a product it makes less than half of the change; "
                     "the rest is entry, natural course and context\n",
                     mostly_other, arms);
    }
}

static void add_summary(st_text* out, const st_findings* f, letters shown)
{
    const st_instrument_info* measure = &f->measure[f->primary_measure];
    int width = 8;
    int beside_width = 17;
    for (int a = 0; a < f->arm_count; a++) {
        cell name;
        to_ascii(f->arm[a].name, name.text, 33);
        const int length = (int)strlen(name.text);
        const int beyond = (int)strlen(beside(f, a).text);
        width = length > width ? length : width;
        beside_width = beyond > beside_width ? beyond : beside_width;
    }
    cell title;
    cell heading;
    to_ascii(measure->title, title.text, sizeof title.text);
    snprintf(heading.text, sizeof heading.text, "%.40s, %.12s", title.text,
             st_words_visit(&f->visit[f->primary_visit]).text);
    st_text_addf(out, "%s\n", heading.text);
    st_text_addf(out, "  %-*s  %-*s %-22s  %-*s  %7s  of 100 clearly better\n", width, "",
                 spark_width(f), "course", "change from start", beside_width, "difference [95 %]",
                 "product");
    for (int a = 0; a < f->arm_count; a++) {
        add_arm(out, f, a, shown, width, beside_width);
    }
    add_responders(out, f, width);
    add_split_line(out, f);
    if (f->parameter_count > 0) {
        st_text_addf(out, "%d of %d values behind this (%s) are assumed, not measured\n",
                     f->assumed_count, f->parameter_count,
                     st_words_percent((double)f->assumed_count / f->parameter_count).text);
    }
    if (f->failure_count > 0) {
        st_text_addf(out, "%d course%s could not be computed and %s left out\n", f->failure_count,
                     f->failure_count == 1 ? "" : "s", f->failure_count == 1 ? "is" : "are");
    }
}

static st_status summarise(st_ctx* ctx, const char* dir, letters shown, char** out)
{
    *out = NULL;
    st_findings findings;
    ST_TRY(st_findings_load(ctx, dir, &findings));
    st_text text;
    st_text_init(&text, ctx);
    add_summary(&text, &findings, shown);
    st_findings_clear(&findings);
    if (text.failed) {
        st_text_clear(&text);
        return ST_ERR_MEMORY;
    }
    *out = text.data;
    return ST_OK;
}

st_status st_report_summary(st_ctx* ctx, const char* dir, char** out)
{
    return summarise(ctx, dir, ASCII, out);
}

st_status st_report_summary_utf8(st_ctx* ctx, const char* dir, char** out)
{
    return summarise(ctx, dir, UTF8, out);
}
