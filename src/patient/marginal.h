/// \file
/// One attribute's distribution over people, as a function of a normal score.        [PAT-1]
#ifndef ST_PATIENT_MARGINAL_H
#define ST_PATIENT_MARGINAL_H

#include "base/doc.h"

#define ST_MARGINAL_KNOTS 9 ///< most quantiles or counts of one marginal

typedef enum st_marginal_kind {
    ST_MARGINAL_FIXED,
    ST_MARGINAL_NORMAL,    ///< a + b z
    ST_MARGINAL_LOGNORMAL, ///< a exp(b z)
    ST_MARGINAL_QUANTILES, ///< straight lines between (z, x) knots
    ST_MARGINAL_COUNTS,    ///< 0, 1, 2 ... by thresholds of z
} st_marginal_kind;

typedef struct st_marginal {
    st_marginal_kind kind;
    double a, b;
    double lo, hi; ///< +-INFINITY when open
    double step;   ///< rounding, half up; 0 = none
    int knot_count;
    double knot_z[ST_MARGINAL_KNOTS]; ///< quantiles: normal scores; counts: upper thresholds
    double knot_p[ST_MARGINAL_KNOTS]; ///< quantiles: their probabilities
    double knot_x[ST_MARGINAL_KNOTS];
    double p_lo, p_hi; ///< share of the uncut distribution below lo and up to hi
} st_marginal;

/// Reads the shape keys (`normal`, `lognormal`, `quantiles`, `counts`, `share`, `fixed`) and
/// `range`, `round` of `map` in `unit`; [lo, hi] bounds what the attribute may be at all. Other
/// keys are the caller's. Reports mistakes; false when there were some.
bool st_marginal_read(st_ctx* ctx, const st_node* map, const char* what, const char* unit,
                      double lo, double hi, st_marginal* out);

/// Value at normal score `z`: never falls when z rises.
double st_marginal_at(const st_marginal* marginal, double z);

#endif
