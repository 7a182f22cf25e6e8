#include "survival.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>

#define PASS_LIMIT 50

static int compare(const void* left, const void* right)
{
    const st_survival* a = left;
    const st_survival* b = right;

    if (a->day != b->day) {
        return a->day < b->day ? -1 : 1;
    }
    if (a->is_event != b->is_event) {
        return a->is_event ? -1 : 1;
    }
    return (a->x > b->x) - (a->x < b->x);
}

void st_survival_sort(st_survival* person, int count)
{
    if (count > 1) {
        qsort(person, (size_t)count, sizeof *person, compare);
    }
}

/// Events on the day of person[from]; `next` is the first person of a later day.
static int events_at(const st_survival* person, int count, int from, int* next)
{
    int events = 0;
    int i = from;

    for (; i < count && person[i].day == person[from].day; ++i) {
        events += person[i].is_event;
    }
    *next = i;
    return events;
}

st_interval st_survival_share(const st_survival* person, int count, double day)
{
    const double z = st_normal_quantile(0.5 + 0.5 * ST_STATISTICS_LEVEL);
    st_interval share = {1.0, 1.0, 1.0};
    double greenwood = 0.0;

    if (count < 1) {
        return (st_interval){NAN, NAN, NAN};
    }
    for (int i = 0, next; i < count && person[i].day <= day; i = next) {
        // S = prod (1 - d/n),  Greenwood: sum d / (n (n - d))                            [TRI-24]
        const double n = count - i;
        const double d = events_at(person, count, i, &next);
        share.mean *= (n - d) / n;
        greenwood += d > 0.0 ? d / (n * (n - d)) : 0.0;
    }
    if (share.mean > 0.0 && share.mean < 1.0) {
        const double log_share = st_log(share.mean);
        const double width = z * sqrt(greenwood) / -log_share;
        share.lo = st_exp(log_share * st_exp(width));
        share.hi = st_exp(log_share * st_exp(-width));
    } else if (share.mean <= 0.0) {
        share.lo = share.hi = NAN;
    }
    return share;
}

double st_survival_log_rank(const st_survival* person, int count, double* p)
{
    double ones = 0.0;
    double excess = 0.0;
    double variance = 0.0;
    double statistic;

    for (int i = 0; i < count; ++i) {
        ones += person[i].x;
    }
    for (int i = 0, next; i < count; i = next) {
        // O - E and its hypergeometric variance, summed over days with events            [TRI-25]
        const double n = count - i;
        const double d = events_at(person, count, i, &next);
        double leaving = 0.0;
        double hit = 0.0;
        for (int k = i; k < next; ++k) {
            leaving += person[k].x;
            hit += person[k].is_event ? person[k].x : 0.0;
        }
        excess += hit - d * ones / n;
        if (n > 1.0) {
            variance += d * (ones / n) * (1.0 - ones / n) * (n - d) / (n - 1.0);
        }
        ones -= leaving;
    }
    statistic = variance > 0.0 ? excess * excess / variance : NAN;
    *p = isnan(statistic) ? NAN : 2.0 * st_normal_cdf(-sqrt(statistic));
    return statistic;
}

/// ln partial likelihood with Efron's ties, its slope and its curvature (with the sign changed), at
/// `beta`. Covariates are taken from `centre`.                                          [TRI-26]
static double partial(const st_survival* person, int count, double centre, double beta,
                      double* slope, double* curvature)
{
    double value = 0.0;
    double s0 = 0.0, s1 = 0.0, s2 = 0.0; // over those at risk, from the last day backwards

    *slope = 0.0;
    *curvature = 0.0;
    for (int end = count; end > 0;) {
        double d0 = 0.0, d1 = 0.0, d2 = 0.0;
        int events = 0;
        int begin = end - 1;

        while (begin > 0 && person[begin - 1].day == person[end - 1].day) {
            --begin;
        }
        for (int i = begin; i < end; ++i) {
            const double x = person[i].x - centre;
            const double w = st_exp(beta * x);
            s0 += w;
            s1 += w * x;
            s2 += w * x * x;
            if (person[i].is_event) {
                d0 += w;
                d1 += w * x;
                d2 += w * x * x;
                value += beta * x;
                *slope += x;
                ++events;
            }
        }
        for (int k = 0; k < events; ++k) {
            const double share = (double)k / events;
            const double t0 = s0 - share * d0;
            const double mean = (s1 - share * d1) / t0;
            value -= st_log(t0);
            *slope -= mean;
            *curvature += (s2 - share * d2) / t0 - mean * mean;
        }
        end = begin;
    }
    return value;
}

st_contrast st_survival_cox(const st_survival* person, int count)
{
    st_contrast none = {NAN, NAN, NAN, NAN, NAN};
    const double z = st_normal_quantile(0.5 + 0.5 * ST_STATISTICS_LEVEL);
    double centre = 0.0;
    double beta = 0.0;
    double slope, curvature, value;

    for (int i = 0; i < count; ++i) {
        centre += person[i].x / count;
    }
    value = partial(person, count, centre, beta, &slope, &curvature);
    for (int pass = 0; pass < PASS_LIMIT; ++pass) {
        double step = curvature > 0.0 ? slope / curvature : NAN;
        double tried, next_slope, next_curvature;

        if (!isfinite(step)) {
            return none;
        }
        tried = partial(person, count, centre, beta + step, &next_slope, &next_curvature);
        for (int half = 0; half < 30 && !(tried >= value - 1e-12 * (1.0 + fabs(value))); ++half) {
            step *= 0.5;
            tried = partial(person, count, centre, beta + step, &next_slope, &next_curvature);
        }
        beta += step;
        value = tried;
        slope = next_slope;
        curvature = next_curvature;
        if (fabs(step) <= 1e-12 * (1.0 + fabs(beta))) {
            const double error = 1.0 / sqrt(curvature);
            return (st_contrast){beta, beta - z * error, beta + z * error,
                                 2.0 * st_normal_cdf(-fabs(beta / error)), INFINITY};
        }
    }
    return none; // the likelihood rises without end
}
