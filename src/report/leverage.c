#include "report/leverage.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

/// Share of the largest possible score that single values must move together to count as something.
#define LEAST 1e-4

static double farther(double usual, double low, double high)
{
    const double a = isfinite(low - usual) ? fabs(low - usual) : 0.0;
    const double b = isfinite(high - usual) ? fabs(high - usual) : 0.0;
    return fmax(a, b);
}

double st_leverage_size(const st_influence_row* row)
{
    return farther(row->contrast, row->contrast_lo, row->contrast_hi);
}

const st_influence_row* st_leverage_of(const st_findings* f, const st_finding_parameter* parameter)
{
    for (int i = 0; i < f->influence_count; i++) {
        const st_influence_row* r = &f->influence[i];
        if (strcmp(r->origin, parameter->origin) == 0 && strcmp(r->name, parameter->name) == 0) {
            return r;
        }
    }
    return NULL;
}

bool st_leverage_is_assumed(const st_findings* f, const st_influence_row* row)
{
    for (int i = 0; i < f->parameter_count; i++) {
        const st_finding_parameter* p = &f->parameter[i];
        if (strcmp(p->origin, row->origin) == 0 && strcmp(p->name, row->name) == 0) {
            return p->source[0] == '\0';
        }
    }
    return false;
}

void st_leverage_sort(const st_findings* f, int* order)
{
    for (int i = 0; i < f->influence_count; i++) {
        const double size = st_leverage_size(&f->influence[i]);
        int at = i;
        // Equal ones stay in the order of the table.
        for (; at > 0 && st_leverage_size(&f->influence[order[at - 1]]) < size; at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
}

/// Share of assumed values in all that single values move the product's part; NAN when
/// nothing was computed or nothing moves it.
static double assumed_share(const st_findings* f)
{
    const st_instrument_info* measure = &f->measure[f->primary_measure];
    const double span = isfinite(measure->hi - measure->lo) ? measure->hi - measure->lo : 1.0;
    double all = 0.0;
    double assumed = 0.0;
    for (int i = 0; i < f->influence_count; i++) {
        const st_influence_row* r = &f->influence[i];
        const double moved = farther(r->product, r->product_lo, r->product_hi);
        if (strcmp(r->origin, "dose") != 0) { // what values of the procedure do is in it
            all += moved;
            assumed += st_leverage_is_assumed(f, r) ? moved : 0.0;
        }
    }
    return all > LEAST * span ? assumed / all : (double)NAN;
}

void st_leverage_sentence(const st_findings* f, st_text* out)
{
    const double share = assumed_share(f);
    const st_influence_row* largest = NULL;
    if (!isfinite(share) || f->influence == NULL) {
        return;
    }
    const st_arm_info* arm = &f->arm[f->influence[0].arm];
    for (int i = 0; i < f->influence_count; i++) {
        const st_influence_row* r = &f->influence[i];
        if (st_leverage_is_assumed(f, r) &&
            (!largest || farther(r->product, r->product_lo, r->product_hi) >
                             farther(largest->product, largest->product_lo, largest->product_hi))) {
            largest = r;
        }
    }
    st_text_addf(out,
                 "What the %s itself adds with %s rests %s on assumed values: of all that "
                 "single values move it, %s comes from values that were not measured",
                 strstr(arm->recipe, "inject") ? "product" : "treatment", arm->label,
                 share > 0.75   ? "almost wholly"
                 : share > 0.5  ? "mostly"
                 : share > 0.25 ? "partly"
                                : "little",
                 st_words_percent(share).text);
    if (largest) {
        st_arena arena;
        st_arena_init(&arena, out->ctx);
        st_text_addf(out, " (the strongest: “%s”)", st_findings_plain_name(&arena, largest->name));
        st_arena_clear(&arena);
    }
    st_text_add(out, ".");
}
