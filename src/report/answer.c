#include "report/answer.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

st_answer_sign st_answer_judge(const st_instrument_info* measure, const st_contrast_row* contrast)
{
    if (!contrast || !isfinite(contrast->lo) || !isfinite(contrast->hi)) {
        return ST_ANSWER_UNKNOWN;
    }
    if (contrast->lo <= 0.0 && contrast->hi >= 0.0) {
        return ST_ANSWER_INCLUDES_ZERO;
    }
    const bool is_lower = contrast->hi < 0.0;
    return is_lower == measure->lower_is_better ? ST_ANSWER_BETTER : ST_ANSWER_WORSE;
}

int st_answer_arms(const st_findings* f, int* arms)
{
    int count = 0;
    for (int pass = 0; pass < 2 && count == 0; pass++) {
        for (int a = 0; a < f->arm_count; a++) {
            if (f->arm[a].control >= 0 && (pass == 1 || f->arm[a].has_cells)) {
                arms[count++] = a;
            }
        }
    }
    return count;
}

// Unit word that fits a number as it is shown: "1 point", "2 points".
static void add_unit(st_text* out, const st_findings* f, int measure, const char* number)
{
    st_words unit = st_words_unit(f->measure[measure].unit);
    const size_t length = strlen(unit.text);
    if (strcmp(number, "1") == 0 && length > 1 && unit.text[length - 1] == 's') {
        unit.text[length - 1] = '\0';
    }
    st_text_addf(out, " %s", unit.text);
}

static const char* direction(double value)
{
    return value < 0.0 ? "lower" : "higher";
}

static void add_amount(st_text* out, const st_findings* f, int measure, double value)
{
    const st_words size = st_words_number(fabs(value), st_words_decimals(f, measure));
    st_text_add(out, size.text);
    add_unit(out, f, measure, size.text);
    st_text_addf(out, "%s%s", value != 0.0 ? " " : "", value != 0.0 ? direction(value) : "");
}

static void add_range(st_text* out, const st_findings* f, int measure, double lo, double hi)
{
    const int decimals = st_words_decimals(f, measure);
    if (lo == hi) {
        add_amount(out, f, measure, lo);
        return;
    }
    if ((lo < 0.0) != (hi < 0.0) || lo == 0.0 || hi == 0.0) {
        st_text_add(out, "between ");
        add_amount(out, f, measure, lo);
        st_text_add(out, " and ");
        add_amount(out, f, measure, hi);
        return;
    }
    const st_words near = st_words_number(fmin(fabs(lo), fabs(hi)), decimals);
    const st_words far = st_words_number(fmax(fabs(lo), fabs(hi)), decimals);
    st_text_addf(out, "%s to %s", near.text, far.text);
    add_unit(out, f, measure, far.text);
    st_text_addf(out, " %s", direction(hi));
}

// "a, b and c"
static void add_joint(st_text* out, int index, int count)
{
    st_text_add(out, index == 0 ? "" : index == count - 1 ? " and " : ", ");
}

static void add_beside_control(st_text* out, const st_findings* f, int arm, bool is_first,
                               bool names_control)
{
    const int m = f->primary_measure;
    const st_contrast_row* c = st_findings_contrast(f, arm, m, f->primary_visit);
    const st_answer_sign sign = st_answer_judge(&f->measure[m], c);
    if (sign == ST_ANSWER_UNKNOWN) {
        st_text_addf(out, "cannot be given for %s", f->arm[arm].label);
        return;
    }
    if (c->lo == 0.0 && c->hi == 0.0) {
        st_text_addf(out, "exactly the same with %s as with %s", f->arm[arm].label,
                     f->arm[f->arm[arm].control].label);
        return;
    }
    add_range(out, f, m, c->lo, c->hi);
    st_text_addf(out, " with %s", f->arm[arm].label);
    if (names_control) {
        st_text_addf(out, " than with %s", f->arm[f->arm[arm].control].label);
    }
    st_text_add(out, is_first ? " (95 % range; mean " : " (mean ");
    add_amount(out, f, m, c->difference);
    st_text_add(out, sign == ST_ANSWER_INCLUDES_ZERO ? "; no clear difference)"
                     : sign == ST_ANSWER_BETTER      ? ", better)"
                                                     : ", worse)");
}

// Many arms: how many differ, and the one whose mean lies farthest from its control.
static void add_many(st_text* out, const st_findings* f, const int* arms, int count)
{
    const int m = f->primary_measure;
    int seen[4] = {0};
    int farthest = -1;
    double distance = -1.0;
    for (int i = 0; i < count; i++) {
        const st_contrast_row* c = st_findings_contrast(f, arms[i], m, f->primary_visit);
        seen[st_answer_judge(&f->measure[m], c)] += 1;
        if (c && fabs(c->difference) > distance) {
            distance = fabs(c->difference);
            farthest = arms[i];
        }
    }
    st_text_addf(out,
                 "of %d arms beside their control, %d did better, %d worse and %d showed no clear "
                 "difference",
                 count, seen[ST_ANSWER_BETTER], seen[ST_ANSWER_WORSE],
                 seen[ST_ANSWER_INCLUDES_ZERO]);
    if (seen[ST_ANSWER_UNKNOWN] > 0) {
        st_text_addf(out, " (%d cannot be given)", seen[ST_ANSWER_UNKNOWN]);
    }
    if (farthest >= 0) {
        st_text_add(out, "; farthest from its control, the score was ");
        add_beside_control(out, f, farthest, true, true);
    }
    st_text_add(out, ".");
}

static void add_alone(st_text* out, const st_findings* f)
{
    const int m = f->primary_measure;
    const st_outcome_row* o = st_findings_outcome(f, 0, m, f->primary_visit);
    if (!o || o->n == 0 || !isfinite(o->change)) {
        st_text_add(out, "nobody had a reading, so no change can be stated.");
        return;
    }
    if (isfinite(o->change_lo) && isfinite(o->change_hi)) {
        add_range(out, f, m, o->change_lo, o->change_hi);
    } else {
        add_amount(out, f, m, o->change);
    }
    st_text_addf(out, " than at the start with %s (95 %% range; mean ", f->arm[0].label);
    add_amount(out, f, m, o->change);
    st_text_add(out, "); there is no control arm, so this is not the effect of the treatment.");
}

static void compose_difference(const st_findings* f, const int* arms, int count, st_text* out)
{
    const st_words when = st_words_visit(&f->visit[f->primary_visit]);
    const bool is_single = strncmp(when.text, "day", 3) == 0 || strcmp(when.text, "baseline") == 0;
    st_text_addf(out, "%s %s, %s", is_single ? "On" : "At", when.text,
                 f->measure[f->primary_measure].title);
    st_text_add(out, count > 3 ? ": " : " was ");
    if (count == 0) {
        add_alone(out, f);
        return;
    }
    if (count > 3) {
        add_many(out, f, arms, count);
        return;
    }
    bool shares_control = true;
    bool has_numbers = false;
    for (int i = 0; i < count; i++) {
        shares_control = shares_control && f->arm[arms[i]].control == f->arm[arms[0]].control;
        has_numbers =
            has_numbers || st_findings_contrast(f, arms[i], f->primary_measure, f->primary_visit);
    }
    if (!has_numbers) {
        st_text_add(out, "measured in too few people to state a difference from control.");
        return;
    }
    for (int i = 0; i < count; i++) {
        add_joint(out, i, count);
        add_beside_control(out, f, arms[i], i == 0, i == 0 || !shares_control);
    }
    st_text_add(out, ".");
}

// The arm whose product part is largest: what can be said at best.
static int arm_of_largest_product(const st_findings* f, const int* arms, int count)
{
    int best = -1;
    double size = -1.0;
    for (int i = 0; i < count; i++) {
        const st_split_row* s =
            st_findings_split(f, arms[i], f->primary_measure, f->primary_visit, "product");
        if (s && isfinite(s->mean) && fabs(s->mean) > size) {
            size = fabs(s->mean);
            best = arms[i];
        }
    }
    return best;
}

// A part of a change: its direction is told where it is not that of the whole.
static void add_share(st_text* out, const st_findings* f, double whole, double part)
{
    if (part * whole < 0.0) {
        add_amount(out, f, f->primary_measure, part);
    } else {
        const int decimals = st_words_decimals(f, f->primary_measure);
        st_text_add(out, st_words_number(fabs(part), decimals).text);
    }
}

static void compose_split(const st_findings* f, const int* arms, int count, st_text* out)
{
    const int m = f->primary_measure;
    const int single = 0;
    const int arm =
        count > 0 ? arm_of_largest_product(f, arms, count) : arm_of_largest_product(f, &single, 1);
    const st_split_row* product =
        arm < 0 ? NULL : st_findings_split(f, arm, m, f->primary_visit, "product");
    const st_split_row* total =
        arm < 0 ? NULL : st_findings_split(f, arm, m, f->primary_visit, "total");
    if (!product || !total || !isfinite(total->mean)) {
        st_text_add(out, "Where the change comes from could not be split.");
        return;
    }
    st_text_addf(out, "With %s the score ended ", f->arm[arm].label);
    add_amount(out, f, m, total->mean);
    st_text_add(out, " than at the start, of which selection at entry, natural course, context "
                     "and the procedure make ");
    add_share(out, f, total->mean, total->mean - product->mean);
    st_text_add(out, " and the product itself ");
    if (!isfinite(product->lo) || !isfinite(product->hi) || product->lo == product->hi) {
        add_share(out, f, total->mean, product->mean);
    } else if (product->lo * total->mean > 0.0 && product->hi * total->mean > 0.0) {
        const int decimals = st_words_decimals(f, m);
        st_text_addf(out, "%s to %s (mean %s)",
                     st_words_number(fmin(fabs(product->lo), fabs(product->hi)), decimals).text,
                     st_words_number(fmax(fabs(product->lo), fabs(product->hi)), decimals).text,
                     st_words_number(fabs(product->mean), decimals).text);
    } else {
        add_range(out, f, m, product->lo, product->hi);
        st_text_add(out, " (mean ");
        add_amount(out, f, m, product->mean);
        st_text_add(out,
                    product->lo <= 0.0 && product->hi >= 0.0 ? "; this includes no effect)" : ")");
    }
    st_text_add(out, ".");
}

// Which of the arms were not shown to differ, or differ by less than one person would notice.
static void add_not_shown(st_text* out, const st_findings* f, const int* arms, int count)
{
    const st_instrument_info* measure = &f->measure[f->primary_measure];
    int unclear = 0;
    int small = 0;
    int unknown = 0;
    int first_unclear = -1;
    for (int i = 0; i < count; i++) {
        const st_contrast_row* c =
            st_findings_contrast(f, arms[i], f->primary_measure, f->primary_visit);
        const st_answer_sign sign = st_answer_judge(measure, c);
        if (sign == ST_ANSWER_INCLUDES_ZERO) {
            unclear += 1;
            first_unclear = first_unclear < 0 ? arms[i] : first_unclear;
        } else if (sign == ST_ANSWER_UNKNOWN) {
            unknown += 1;
        } else if (measure->important_change > 0.0 &&
                   fmax(fabs(c->lo), fabs(c->hi)) < measure->important_change) {
            small += 1;
        }
    }
    st_text_add(out, "Not shown: ");
    if (unknown == count) {
        st_text_add(out, "any difference from control; ");
    } else if (unclear == 1) {
        st_text_addf(out, "a difference of %s from its control (which does not prove them equal); ",
                     f->arm[first_unclear].label);
    } else if (unclear > 1) {
        st_text_addf(out,
                     "a difference of %d of the %d arms from their control (which does not prove "
                     "them equal); ",
                     unclear, count);
    }
    if (small > 0) {
        const st_words size = st_words_precise(measure->important_change, 3);
        const st_words unit = st_words_unit(measure->unit);
        st_text_addf(out,
                     "a mean difference as large as the %s %s that one person would call clearly "
                     "better; ",
                     size.text, unit.text);
    }
}

static void compose_limits(const st_findings* f, const int* arms, int count, st_text* out)
{
    if (count == 0) {
        st_text_add(out, "Not shown: any effect beyond a control; ");
    } else {
        add_not_shown(out, f, arms, count);
    }
    st_text_add(out, "that real people would respond in this way, because everyone here is "
                     "virtual");
    if (f->parameter_count > 0) {
        const st_words share = st_words_percent((double)f->assumed_count / f->parameter_count);
        st_text_addf(out, " and %d of the %d values behind it (%s) are assumed, not measured",
                     f->assumed_count, f->parameter_count, share.text);
    }
    st_text_add(out, ".");
}

void st_answer_compose(const st_findings* f, st_text* sentence)
{
    int* arms = st_alloc(sentence[0].ctx, (size_t)f->arm_count + 1, sizeof *arms);
    if (!arms) {
        sentence[0].failed = true;
        return;
    }
    const int count = st_answer_arms(f, arms);
    compose_difference(f, arms, count, &sentence[0]);
    compose_split(f, arms, count, &sentence[1]);
    compose_limits(f, arms, count, &sentence[2]);
    st_free(sentence[0].ctx, arms);
}
