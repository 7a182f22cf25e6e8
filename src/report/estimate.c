#include "report/estimate.h"

#include "base/maths.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static double z_95(void)
{
    return gsl_cdf_ugaussian_Pinv(0.975);
}

st_estimate st_estimate_without_event(const int64_t* at_risk, const int64_t* events, int count)
{
    double share = 1.0;
    double greenwood = 0.0;
    for (int i = 0; i < count; i++) {
        if (at_risk[i] > 0) {
            const double n = (double)at_risk[i];
            const double d = (double)events[i];
            share *= 1.0 - d / n;
            greenwood += d < n ? d / (n * (n - d)) : 0.0;
        }
    }
    st_estimate e = {share, NAN, NAN};
    if (share > 0.0 && share < 1.0) {
        const double log_share = st_log(share);
        const double width = z_95() * sqrt(greenwood) / fabs(log_share);
        e.lo = st_exp(log_share * st_exp(width));
        e.hi = st_exp(log_share * st_exp(-width));
    }
    return e;
}

st_estimate st_estimate_share(int64_t hits, int64_t count)
{
    if (count <= 0) {
        return (st_estimate){NAN, NAN, NAN};
    }
    const double n = (double)count;
    const double p = (double)hits / n;
    const double z = z_95();
    const double middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    const double half = z / (1.0 + z * z / n) * sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    return (st_estimate){p, fmax(middle - half, 0.0), fmin(middle + half, 1.0)};
}

st_estimate st_estimate_difference(double a, double a_sd, int64_t a_n, double b, double b_sd,
                                   int64_t b_n)
{
    st_estimate e = {a - b, NAN, NAN};
    if (a_n > 1 && b_n > 1 && isfinite(a_sd) && isfinite(b_sd)) {
        const double error = sqrt(a_sd * a_sd / (double)a_n + b_sd * b_sd / (double)b_n);
        e.lo = e.mean - z_95() * error;
        e.hi = e.mean + z_95() * error;
    }
    return e;
}

static double variance_of(const st_estimate* e)
{
    const double error = (e->hi - e->lo) / (2.0 * z_95());
    return error * error;
}

static bool is_usable(const st_estimate* e)
{
    return isfinite(e->mean) && variance_of(e) > 0.0;
}

double st_estimate_shrink(const st_estimate* raw, int count, st_estimate* shrunk)
{
    double w = 0.0;
    double w2 = 0.0;
    double wy = 0.0;
    int used = 0;
    for (int i = 0; i < count; i++) {
        shrunk[i] = raw[i];
        if (is_usable(&raw[i])) {
            const double weight = 1.0 / variance_of(&raw[i]);
            w += weight;
            w2 += weight * weight;
            wy += weight * raw[i].mean;
            used += 1;
        }
    }
    if (used < 2) {
        return (double)NAN;
    }
    double q = 0.0; // Cochran's heterogeneity
    for (int i = 0; i < count; i++) {
        if (is_usable(&raw[i])) {
            q += (raw[i].mean - wy / w) * (raw[i].mean - wy / w) / variance_of(&raw[i]);
        }
    }
    // DerSimonian and Laird's variance between the groups, then each group's best guess.
    const double between = fmax((q - (used - 1)) / (w - w2 / w), 0.0);
    double v = 0.0;
    double vy = 0.0;
    for (int i = 0; i < count; i++) {
        if (is_usable(&raw[i])) {
            v += 1.0 / (between + variance_of(&raw[i]));
            vy += raw[i].mean / (between + variance_of(&raw[i]));
        }
    }
    const double middle = vy / v;
    for (int i = 0; i < count; i++) {
        if (is_usable(&raw[i])) {
            const double keep = between / (between + variance_of(&raw[i]));
            // Its own noise, and that of the common mean.
            const double spread = keep * variance_of(&raw[i]) + (1.0 - keep) * (1.0 - keep) / v;
            shrunk[i].mean = middle + keep * (raw[i].mean - middle);
            shrunk[i].lo = shrunk[i].mean - z_95() * sqrt(spread);
            shrunk[i].hi = shrunk[i].mean + z_95() * sqrt(spread);
        }
    }
    return q > 0.0 ? fmax(0.0, (q - (used - 1)) / q) : 0.0;
}
