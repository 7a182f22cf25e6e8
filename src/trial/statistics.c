#include "statistics.h"

#include "student.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>

double st_statistics_mean(const double* x, int count)
{
    double sum = 0.0;
    double rest = 0.0;
    double mean;

    if (count < 1) {
        return NAN;
    }
    for (int i = 0; i < count; ++i) {
        sum += x[i];
    }
    mean = sum / count;
    // A second pass takes back what rounding lost in the first.
    for (int i = 0; i < count; ++i) {
        rest += x[i] - mean;
    }
    return mean + rest / count;
}

st_moments st_statistics_moments(const double* x, const double* y, int count)
{
    st_moments m = {.count = count, .x = st_statistics_mean(x, count)};

    m.y = st_statistics_mean(y, count);
    for (int i = 0; i < count; ++i) {
        m.xx += (x[i] - m.x) * (x[i] - m.x);
        m.xy += (x[i] - m.x) * (y[i] - m.y);
        m.yy += (y[i] - m.y) * (y[i] - m.y);
    }
    return m;
}

double st_statistics_sd_of(const st_moments* m)
{
    return m->count < 2 ? NAN : sqrt(m->yy / (double)(m->count - 1));
}

double st_statistics_sd(const double* x, int count)
{
    const st_moments m = st_statistics_moments(x, x, count);

    return st_statistics_sd_of(&m);
}

double st_statistics_quantile(const double* sorted, int count, double p)
{
    double place;
    int below;

    if (count < 1 || !(p >= 0.0 && p <= 1.0)) {
        return NAN;
    }
    // h = (n - 1) p + 1, counted from 1                                                  [TRI-3]
    place = (count - 1) * p;
    below = (int)floor(place);
    if (below >= count - 1) {
        return sorted[count - 1];
    }
    return sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
}

static int compare_doubles(const void* left, const void* right)
{
    const double a = *(const double*)left;
    const double b = *(const double*)right;

    return (a > b) - (a < b);
}

void st_statistics_sort(double* x, int count)
{
    if (count > 1) {
        qsort(x, (size_t)count, sizeof *x, compare_doubles);
    }
}

st_interval st_statistics_mean_interval_of(const st_moments* m)
{
    st_interval interval = {m->y, NAN, NAN};

    if (m->count >= 2) {
        // mean +- t(0.975; n - 1) s / sqrt(n)                                            [TRI-4]
        const double half = st_student_critical(1.0 - ST_STATISTICS_LEVEL, (double)(m->count - 1)) *
                            st_statistics_sd_of(m) / sqrt((double)m->count);
        interval.lo = m->y - half;
        interval.hi = m->y + half;
    }
    return interval;
}

st_interval st_statistics_mean_interval(const double* x, int count)
{
    const st_moments m = st_statistics_moments(x, x, count);

    return st_statistics_mean_interval_of(&m);
}

st_interval st_statistics_wilson(int64_t hits, int64_t count)
{
    const double n = (double)count;
    const double z = st_normal_quantile(0.5 + 0.5 * ST_STATISTICS_LEVEL);
    st_interval interval = {NAN, NAN, NAN};
    double share, centre, half;

    if (count < 1 || hits < 0 || hits > count) {
        return interval;
    }
    // (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)                           [TRI-5]
    share = (double)hits / n;
    centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    half = z * sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n)) / (1.0 + z * z / n);
    interval.mean = share;
    // At the ends the formula is exact on paper; rounding must not leave [0, 1].
    interval.lo = hits == 0 ? 0.0 : centre - half;
    interval.hi = hits == count ? 1.0 : centre + half;
    return interval;
}

st_contrast st_statistics_contrast(double difference, double error, double df)
{
    st_contrast contrast = {difference, NAN, NAN, NAN, df};

    if (df > 0.0 && error >= 0.0) {
        const double half = st_student_critical(1.0 - ST_STATISTICS_LEVEL, df) * error;
        contrast.lo = difference - half;
        contrast.hi = difference + half;
        if (error > 0.0) {
            contrast.p = st_student_two_sided(difference / error, df);
        } else {
            contrast.p = difference == 0.0 ? 1.0 : 0.0;
        }
    }
    return contrast;
}

st_contrast st_statistics_welch_of(const st_moments* a, const st_moments* b)
{
    const double difference = a->y - b->y;
    double a_n, b_n, a_part, b_part, df;

    if (a->count < 2 || b->count < 2) {
        return st_statistics_contrast(difference, NAN, NAN);
    }
    // se^2 = sa^2/na + sb^2/nb; df by Satterthwaite                                      [TRI-6]
    a_n = (double)a->count;
    b_n = (double)b->count;
    a_part = a->yy / (a_n - 1.0) / a_n;
    b_part = b->yy / (b_n - 1.0) / b_n;
    df = a_part + b_part > 0.0 ? (a_part + b_part) * (a_part + b_part) /
                                     (a_part * a_part / (a_n - 1.0) + b_part * b_part / (b_n - 1.0))
                               : a_n + b_n - 2.0;
    return st_statistics_contrast(difference, sqrt(a_part + b_part), df);
}

st_contrast st_statistics_welch(const double* a, int a_count, const double* b, int b_count)
{
    const st_moments a_moments = st_statistics_moments(a, a, a_count);
    const st_moments b_moments = st_statistics_moments(b, b, b_count);

    return st_statistics_welch_of(&a_moments, &b_moments);
}

st_contrast st_statistics_paired_of(const st_moments* m)
{
    if (m->count < 2) {
        return st_statistics_contrast(m->y, NAN, NAN);
    }
    // t = mean / (s / sqrt(n)), n - 1 degrees of freedom                                [TRI-14]
    return st_statistics_contrast(m->y, st_statistics_sd_of(m) / sqrt((double)m->count),
                                  (double)(m->count - 1));
}

st_contrast st_statistics_paired(const double* difference, int count)
{
    const st_moments m = st_statistics_moments(difference, difference, count);

    return st_statistics_paired_of(&m);
}

st_contrast st_statistics_ancova_of(const st_moments* a, const st_moments* b)
{
    const double a_n = (double)a->count;
    const double b_n = (double)b->count;
    double gap, difference, sxx, sxy, syy, slope, df, variance;

    if (a->count < 2 || b->count < 2) {
        return st_statistics_contrast(NAN, NAN, NAN);
    }
    // With two arms least squares splits into sums within the arms:                      [TRI-7]
    // slope = Sxy/Sxx, d = (ya - yb) - slope (xa - xb), s^2 = (Syy - slope Sxy)/(n - 3)
    sxx = a->xx + b->xx;
    sxy = a->xy + b->xy;
    syy = a->yy + b->yy;
    gap = a->x - b->x;
    difference = a->y - b->y;
    variance = 1.0 / a_n + 1.0 / b_n;
    df = a_n + b_n - 2.0;
    if (sxx > 0.0) {
        slope = sxy / sxx;
        difference -= slope * gap;
        syy = fmax(syy - slope * sxy, 0.0);
        variance += gap * gap / sxx;
        df -= 1.0;
    }
    return st_statistics_contrast(difference, sqrt(variance * syy / df), df);
}

st_contrast st_statistics_ancova(const double* a_baseline, const double* a_change, int a_count,
                                 const double* b_baseline, const double* b_change, int b_count)
{
    const st_moments a = st_statistics_moments(a_baseline, a_change, a_count);
    const st_moments b = st_statistics_moments(b_baseline, b_change, b_count);

    return st_statistics_ancova_of(&a, &b);
}

static double squared(double x)
{
    return x * x;
}

st_contrast st_statistics_risk_difference(int64_t a_hits, int64_t a_count, int64_t b_hits,
                                          int64_t b_count)
{
    const st_interval a = st_statistics_wilson(a_hits, a_count);
    const st_interval b = st_statistics_wilson(b_hits, b_count);
    const double pooled = (double)(a_hits + b_hits) / (double)(a_count + b_count);
    const double error =
        sqrt(pooled * (1.0 - pooled) * (1.0 / (double)a_count + 1.0 / (double)b_count));
    st_contrast contrast = {a.mean - b.mean, NAN, NAN, NAN, INFINITY};

    // d - sqrt((pa - la)^2 + (ub - pb)^2), d + sqrt((ua - pa)^2 + (pb - lb)^2)           [TRI-23]
    contrast.lo = contrast.difference - sqrt(squared(a.mean - a.lo) + squared(b.hi - b.mean));
    contrast.hi = contrast.difference + sqrt(squared(a.hi - a.mean) + squared(b.mean - b.lo));
    if (error > 0.0) {
        contrast.p = 2.0 * st_normal_cdf(-fabs(contrast.difference) / error);
    } else if (contrast.difference == 0.0) {
        contrast.p = 1.0;
    }
    return contrast;
}

st_contrast st_statistics_odds_ratio(int64_t a_hits, int64_t a_count, int64_t b_hits,
                                     int64_t b_count)
{
    const double z = st_normal_quantile(0.5 + 0.5 * ST_STATISTICS_LEVEL);
    const double a = (double)a_hits, b = (double)(a_count - a_hits);
    const double c = (double)b_hits, d = (double)(b_count - b_hits);
    double log_ratio, error;

    if (!(a > 0.0 && b > 0.0 && c > 0.0 && d > 0.0)) {
        return (st_contrast){NAN, NAN, NAN, NAN, NAN};
    }
    // ln OR = ln(ad / bc), e^2 = 1/a + 1/b + 1/c + 1/d                                   [TRI-23]
    log_ratio = st_log(a * d / (b * c));
    error = sqrt(1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d);
    return (st_contrast){st_exp(log_ratio), st_exp(log_ratio - z * error),
                         st_exp(log_ratio + z * error),
                         2.0 * st_normal_cdf(-fabs(log_ratio) / error), INFINITY};
}
