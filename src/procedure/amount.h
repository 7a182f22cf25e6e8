/// \file
/// A value of the catalogue together with how it spreads between donors or between runs.
#ifndef ST_PROCEDURE_AMOUNT_H
#define ST_PROCEDURE_AMOUNT_H

/// At most one of the two spreads is above 0.
typedef struct st_amount {
    double value;
    double ln_sigma; ///< log-normal: standard deviation of ln, `value` is the median
    double sd;       ///< normal: standard deviation in the unit of `value`
} st_amount;

/// The amount at standard normal score `z`.
double st_amount_draw(const st_amount* amount, double z);

/// A share of what goes in, at probability `u` in (0, 1): the log-normal cut at 1, so that no draw
/// ever gives back more than went in. `value` must be in (0, 1].                     [PRO-4]
double st_amount_draw_share(const st_amount* amount, double u);

#endif
