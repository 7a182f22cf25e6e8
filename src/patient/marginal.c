#include "base/base.h"

#include "patient/marginal.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

// A probability this near to 0 or 1 has no normal score worth having.
static const double P_EDGE = 1e-300;

static double score_of(double p)
{
    return st_normal_quantile(fmin(fmax(p, P_EDGE), 1.0 - 0x1p-53));
}

// --- values ---------------------------------------------------------------------------------

static double line_at(const st_marginal* m, double z)
{
    // beyond the outermost knots the last line goes on
    int k = 0;
    while (k < m->knot_count - 2 && z > m->knot_z[k + 1]) {
        ++k;
    }
    const double slope = (m->knot_x[k + 1] - m->knot_x[k]) / (m->knot_z[k + 1] - m->knot_z[k]);
    return m->knot_x[k] + slope * (z - m->knot_z[k]);
}

// Score in the uncut distribution of a person whose score in the cut one is z.
static double uncut_score(const st_marginal* m, double z)
{
    if (m->p_lo <= 0.0 && m->p_hi >= 1.0) {
        return z;
    }
    const double p = st_normal_cdf(z);
    if (m->kind != ST_MARGINAL_QUANTILES) {
        return score_of(m->p_lo + p * (m->p_hi - m->p_lo));
    }
    // given quantiles must stay: only the tails beyond them are cut
    const double first = m->knot_p[0];
    const double last = m->knot_p[m->knot_count - 1];
    if (p < first) {
        return score_of(m->p_lo + p / first * (first - m->p_lo));
    }
    if (p > last) {
        return score_of(last + (p - last) / (1.0 - last) * (m->p_hi - last));
    }
    return z;
}

double st_marginal_at(const st_marginal* m, double z)
{
    double x = m->a;
    if (m->kind == ST_MARGINAL_COUNTS) {
        int k = 0;
        while (k < m->knot_count - 1 && z > m->knot_z[k]) {
            ++k;
        }
        x = (double)k;
    } else if (m->kind != ST_MARGINAL_FIXED) {
        const double u = uncut_score(m, z);
        x = m->kind == ST_MARGINAL_NORMAL      ? m->a + m->b * u
            : m->kind == ST_MARGINAL_LOGNORMAL ? m->a * st_exp(m->b * u)
                                               : line_at(m, u);
    }
    if (m->step > 0.0) {
        x = floor(x / m->step + 0.5) * m->step;
    }
    return fmin(fmax(x, m->lo), m->hi);
}

// --- reading --------------------------------------------------------------------------------

typedef struct reader {
    st_ctx* ctx;
    const char* what;
    const char* unit;
    double lo, hi;
} reader;

static bool read_bounded(const reader* r, const st_node* map, const char* key, double* out)
{
    const st_node* const node = st_node_need(r->ctx, map, key, r->what);
    return node != NULL &&
           st_node_read_quantity(r->ctx, node, r->what, r->unit, NULL, r->lo, r->hi, out);
}

static bool read_positive(const reader* r, const st_node* map, const char* key, double* out)
{
    const st_node* const node = st_node_need(r->ctx, map, key, r->what);
    if (node == NULL ||
        !st_node_read_quantity(r->ctx, node, r->what, r->unit, NULL, 0.0, INFINITY, out)) {
        return false;
    }
    return *out > 0.0 || st_node_fail(r->ctx, node, "found %s, expected more than 0", node->text);
}

static bool read_normal(const reader* r, const st_node* node, st_marginal* out)
{
    static const char* const KNOWN[] = {"mean", "sd", NULL};
    out->kind = ST_MARGINAL_NORMAL;
    if (!st_node_check_keys(r->ctx, node, KNOWN)) {
        return false;
    }
    // the mean before cutting may lie outside the attribute's bounds
    const reader open = {r->ctx, r->what, r->unit, -INFINITY, INFINITY};
    const bool good = read_bounded(&open, node, "mean", &out->a);
    return read_positive(r, node, "sd", &out->b) && good;
}

// `40 %`: coefficient of variation; `factor 2`: geometric standard deviation.
static bool read_spread(const reader* r, const st_node* node, double* sigma)
{
    const char* text = NULL;
    if (!st_node_read_text(r->ctx, node, &text)) {
        return false;
    }
    double number = 0.0;
    st_unit unit;
    const char* unit_text = NULL;
    char why[128];
    const bool is_factor = strncmp(text, "factor ", 7) == 0;
    if (!st_quantity_parse(is_factor ? text + 7 : text, &number, &unit, &unit_text, why,
                           sizeof why) ||
        !st_dim_is_none(&unit.dim)) {
        return st_node_fail(r->ctx, node, "found %s, expected a spread such as 40 %% or factor 2",
                            text);
    }
    number *= unit.factor;
    if (!(number > (is_factor ? 1.0 : 0.0)) || !isfinite(number)) {
        return st_node_fail(r->ctx, node, "found %s, expected a spread above %s", text,
                            is_factor ? "factor 1" : "0 %");
    }
    *sigma = is_factor ? st_log(number) : sqrt(st_log(1.0 + number * number));
    return true;
}

static bool read_lognormal(const reader* r, const st_node* node, st_marginal* out)
{
    static const char* const KNOWN[] = {"median", "spread", "mean", "sd", NULL};
    out->kind = ST_MARGINAL_LOGNORMAL;
    if (!st_node_check_keys(r->ctx, node, KNOWN)) {
        return false;
    }
    if (st_node_child(node, "mean") != NULL || st_node_child(node, "sd") != NULL) {
        if (st_node_child(node, "median") != NULL || st_node_child(node, "spread") != NULL) {
            return st_node_fail(r->ctx, node,
                                "found both pairs, expected median and spread, or mean and sd");
        }
        double mean = 0.0;
        double sd = 0.0;
        if (!read_positive(r, node, "mean", &mean) || !read_positive(r, node, "sd", &sd)) {
            return false;
        }
        const double cv2 = sd * sd / (mean * mean);
        out->b = sqrt(st_log(1.0 + cv2));
        out->a = mean / sqrt(1.0 + cv2);
        return true;
    }
    const st_node* const spread = st_node_need(r->ctx, node, "spread", "40 % or factor 2");
    const bool good = read_positive(r, node, "median", &out->a);
    return spread != NULL && read_spread(r, spread, &out->b) && good;
}

// Children of the map are `25 %: 54 y`: probability and value, both rising.
static bool read_quantiles(const reader* r, const st_node* node, st_marginal* out)
{
    out->kind = ST_MARGINAL_QUANTILES;
    if (!st_node_expect(r->ctx, node, ST_NODE_MAP)) {
        return false;
    }
    if (node->child_count < 2 || node->child_count > ST_MARGINAL_KNOTS) {
        return st_node_fail(r->ctx, node, "found %d quantiles, expected 2 to %d", node->child_count,
                            ST_MARGINAL_KNOTS);
    }
    int k = 0;
    for (const st_node* child = node->first; child != NULL; child = child->next, ++k) {
        double p = 0.0;
        st_unit unit;
        const char* unit_text = NULL;
        char why[128];
        if (!st_quantity_parse(child->key, &p, &unit, &unit_text, why, sizeof why) ||
            !st_dim_is_none(&unit.dim) || !(p * unit.factor > 0.0 && p * unit.factor < 1.0)) {
            return st_node_fail_key(
                r->ctx, child, "found %s, expected a share between 0 %% and 100 %%", child->key);
        }
        if (!st_node_read_quantity(r->ctx, child, r->what, r->unit, NULL, r->lo, r->hi,
                                   &out->knot_x[k])) {
            return false;
        }
        out->knot_p[k] = p * unit.factor;
        out->knot_z[k] = score_of(out->knot_p[k]);
        if (k > 0 &&
            !(out->knot_p[k] > out->knot_p[k - 1] && out->knot_x[k] > out->knot_x[k - 1])) {
            return st_node_fail(r->ctx, child, "found %s, expected rising shares and rising values",
                                child->text);
        }
    }
    out->knot_count = k;
    return true;
}

static void thresholds(st_marginal* out, const double* count, int n)
{
    double total = 0.0;
    for (int k = 0; k < n; ++k) {
        total += count[k];
    }
    double below = 0.0;
    for (int k = 0; k < n - 1; ++k) {
        below += count[k];
        // an empty first class has no score below it
        out->knot_z[k] = below <= 0.0     ? -INFINITY
                         : below >= total ? INFINITY
                                          : score_of(below / total);
    }
    out->knot_count = n;
}

static bool read_counts(const reader* r, const st_node* node, st_marginal* out)
{
    out->kind = ST_MARGINAL_COUNTS;
    if (!st_node_expect(r->ctx, node, ST_NODE_LIST)) {
        return false;
    }
    const int most = (int)fmin(r->hi + 1.0, ST_MARGINAL_KNOTS);
    if (node->child_count < 1 || node->child_count > most) {
        return st_node_fail(r->ctx, node, "found %d counts, expected 1 to %d (for 0, 1, ...)",
                            node->child_count, most);
    }
    double count[ST_MARGINAL_KNOTS] = {0.0};
    double total = 0.0;
    int k = 0;
    for (const st_node* child = node->first; child != NULL; child = child->next, ++k) {
        if (!st_node_read_number(r->ctx, child, 0.0, 1e15, &count[k])) {
            return false;
        }
        total += count[k];
    }
    if (!(total > 0.0)) {
        return st_node_fail(r->ctx, node, "found only zeros, expected at least one count above 0");
    }
    thresholds(out, count, k);
    return true;
}

static bool read_share(const reader* r, const st_node* node, st_marginal* out)
{
    double share = 0.0;
    out->kind = ST_MARGINAL_COUNTS;
    if (!st_node_read_number(r->ctx, node, 0.0, 1.0, &share)) {
        return false;
    }
    thresholds(out, (const double[]){1.0 - share, share}, 2);
    return true;
}

static bool read_fixed(const reader* r, const st_node* node, st_marginal* out)
{
    out->kind = ST_MARGINAL_FIXED;
    return st_node_read_quantity(r->ctx, node, r->what, r->unit, NULL, r->lo, r->hi, &out->a);
}

static double line_score(const st_marginal* m, double x)
{
    int k = 0;
    while (k < m->knot_count - 2 && x > m->knot_x[k + 1]) {
        ++k;
    }
    const double slope = (m->knot_x[k + 1] - m->knot_x[k]) / (m->knot_z[k + 1] - m->knot_z[k]);
    return m->knot_z[k] + (x - m->knot_x[k]) / slope;
}

// Share of the uncut distribution below x.
static double share_below(const st_marginal* m, double x)
{
    if (x == INFINITY) {
        return 1.0;
    }
    if (x == -INFINITY || (m->kind == ST_MARGINAL_LOGNORMAL && x <= 0.0)) {
        return 0.0;
    }
    switch (m->kind) {
    case ST_MARGINAL_NORMAL:
        return st_normal_cdf((x - m->a) / m->b);
    case ST_MARGINAL_LOGNORMAL:
        return st_normal_cdf(st_log(x / m->a) / m->b);
    default:
        return st_normal_cdf(line_score(m, x));
    }
}

static bool read_cut(const reader* r, const st_node* map, st_marginal* out)
{
    const st_node* const range = st_node_child(map, "range");
    const st_node* const round = st_node_child(map, "round");
    out->lo = r->lo;
    out->hi = r->hi;
    if (out->kind == ST_MARGINAL_FIXED || out->kind == ST_MARGINAL_COUNTS) {
        const st_node* const extra = range != NULL ? range : round;
        return extra == NULL || st_node_fail_key(r->ctx, extra, "not for a fixed value or counts");
    }
    if (range != NULL) {
        st_range given;
        if (!st_node_read_range(r->ctx, range, r->what, r->unit, &given)) {
            return false;
        }
        if (given.lo_open || given.hi_open || !(given.hi > given.lo)) {
            return st_node_fail(r->ctx, range, "found %s, expected bounds such as 45..79 %s",
                                range->text, r->unit);
        }
        out->lo = fmax(r->lo, given.lo);
        out->hi = fmin(r->hi, given.hi);
    }
    if (out->kind == ST_MARGINAL_QUANTILES &&
        !(out->lo < out->knot_x[0] && out->hi > out->knot_x[out->knot_count - 1])) {
        return st_node_fail(r->ctx, range != NULL ? range : map,
                            "found bounds %g..%g %s, expected all quantiles inside", out->lo,
                            out->hi, r->unit);
    }
    out->p_lo = share_below(out, out->lo);
    out->p_hi = share_below(out, out->hi);
    if (!(out->p_hi - out->p_lo > 1e-6)) {
        return st_node_fail(r->ctx, range != NULL ? range : map,
                            "found bounds %g..%g %s, which hold nobody", out->lo, out->hi, r->unit);
    }
    return round == NULL || read_positive(r, map, "round", &out->step);
}

bool st_marginal_read(st_ctx* ctx, const st_node* map, const char* what, const char* unit,
                      double lo, double hi, st_marginal* out)
{
    static const struct {
        const char* key;
        bool (*read)(const reader*, const st_node*, st_marginal*);
    } SHAPES[] = {
        {"normal", read_normal}, {"lognormal", read_lognormal}, {"quantiles", read_quantiles},
        {"counts", read_counts}, {"share", read_share},         {"fixed", read_fixed},
    };
    const reader r = {ctx, what, unit, lo, hi};
    int found = -1;
    *out = (st_marginal){.lo = lo, .hi = hi, .p_lo = 0.0, .p_hi = 1.0};
    for (int k = 0; k < (int)(sizeof SHAPES / sizeof SHAPES[0]); ++k) {
        if (st_node_child(map, SHAPES[k].key) == NULL) {
            continue;
        }
        if (found >= 0) {
            return st_node_fail(ctx, map, "found both %s: and %s:, expected one distribution",
                                SHAPES[found].key, SHAPES[k].key);
        }
        found = k;
    }
    if (found < 0) {
        return st_node_fail(ctx, map,
                            "found no distribution, expected one of normal, lognormal, quantiles, "
                            "counts, share, fixed");
    }
    return SHAPES[found].read(&r, st_node_child(map, SHAPES[found].key), out) &&
           read_cut(&r, map, out);
}
