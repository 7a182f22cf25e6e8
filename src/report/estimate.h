/// \file
/// Private: estimates that the page makes from counts and sums. Pure functions; what cannot be
/// given is NAN. Intervals are 95 %. docs/equations/report.md.
#ifndef ST_REPORT_ESTIMATE_H
#define ST_REPORT_ESTIMATE_H

#include "base/base.h"

typedef struct st_estimate {
    double mean, lo, hi;
} st_estimate;

/// Share still without an event after `count` looks, at_risk and events at each (Kaplan-Meier),
/// with the interval on the scale of ln(-ln S). [REP-1]
st_estimate st_estimate_without_event(const int64_t* at_risk, const int64_t* events, int count);

/// Wilson's score interval of a share.                                                  [REP-2]
st_estimate st_estimate_share(int64_t hits, int64_t count);

/// Difference of two means that are known by n and standard deviation: normal interval. [REP-3]
st_estimate st_estimate_difference(double a, double a_sd, int64_t a_n, double b, double b_sd,
                                   int64_t b_n);

/// Shrinks estimates towards their common mean by how much of their spread is noise.
/// `shrunk` [count]; gives the share of the spread that is not noise (0: all noise).    [REP-4]
double st_estimate_shrink(const st_estimate* raw, int count, st_estimate* shrunk);

#endif
