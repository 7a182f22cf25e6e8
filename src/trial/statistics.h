/// \file
/// What a trial statistician computes: means with intervals, quartiles, shares, contrasts.
///
/// All functions are pure; a quantity that the data cannot give (a standard deviation of one value)
/// is NAN. Intervals are 95 %. docs/equations/trial.md, TRI-3 ... TRI-7, TRI-14.
#ifndef ST_TRIAL_STATISTICS_H
#define ST_TRIAL_STATISTICS_H

#include "base/base.h"

/// Share of hypothetical repetitions in which an interval covers the truth.
#define ST_STATISTICS_LEVEL 0.95

typedef struct st_interval {
    double mean, lo, hi;
} st_interval;

typedef struct st_contrast {
    double difference, lo, hi;
    double p;  ///< two-sided
    double df; ///< degrees of freedom
} st_contrast;

/// What means, tests and adjusted differences need of pairs (x, y): their number, the means, and
/// the sums of products of deviations from them.
typedef struct st_moments {
    int64_t count;
    double x, y, xx, xy, yy;
} st_moments;

double st_statistics_mean(const double* x, int count);
/// Standard deviation with count - 1.
double st_statistics_sd(const double* x, int count);
/// Quantile by linear interpolation of order statistics (type 7); `sorted` ascending.
double st_statistics_quantile(const double* sorted, int count, double p);
void st_statistics_sort(double* x, int count); ///< ascending; no NAN allowed

/// Mean with its t interval. Without spread in the data lo = hi = mean.
st_interval st_statistics_mean_interval(const double* x, int count);

/// Wilson's score interval of a share, `hits` of `count`.
st_interval st_statistics_wilson(int64_t hits, int64_t count);

/// Difference of two shares, a - b, with Newcombe's interval; p of the score test without
/// correction.                                                                          [TRI-23]
st_contrast st_statistics_risk_difference(int64_t a_hits, int64_t a_count, int64_t b_hits,
                                          int64_t b_count);

/// Odds ratio a : b with Wald's interval on its logarithm; NAN when a cell is empty.    [TRI-23]
st_contrast st_statistics_odds_ratio(int64_t a_hits, int64_t a_count, int64_t b_hits,
                                     int64_t b_count);

/// Interval and p value of an estimate with its standard error (t distribution); NAN where the
/// error or the degrees of freedom are not known.
st_contrast st_statistics_contrast(double difference, double error, double df);

/// Mean of a minus mean of b, variances unequal (Welch-Satterthwaite).
st_contrast st_statistics_welch(const double* a, int a_count, const double* b, int b_count);

/// Mean of the differences of pairs against zero.
st_contrast st_statistics_paired(const double* difference, int count);

/// Difference of arm a from arm b in `change`, adjusted for `baseline`: ordinary least squares of
/// change ~ arm + baseline.
st_contrast st_statistics_ancova(const double* a_baseline, const double* a_change, int a_count,
                                 const double* b_baseline, const double* b_change, int b_count);

/// Moments of the pairs of an array; the same bytes in the same order as st_series_moments().
st_moments st_statistics_moments(const double* x, const double* y, int count);

// The same from moments, x = baseline and y = what is compared.
double st_statistics_sd_of(const st_moments* m); ///< of y
st_interval st_statistics_mean_interval_of(const st_moments* m);
st_contrast st_statistics_welch_of(const st_moments* a, const st_moments* b);
st_contrast st_statistics_paired_of(const st_moments* m);
st_contrast st_statistics_ancova_of(const st_moments* a, const st_moments* b);

#endif
