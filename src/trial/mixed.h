/// \file
/// Mixed model for repeated measures: one mean per covariate and visit, any covariance between
/// visits, restricted maximum likelihood, Satterthwaite's degrees of freedom.    [TRI-21, TRI-22]
///
/// People enter as sums by pattern of visits present, so the cost does not grow with people.
#ifndef ST_TRIAL_MIXED_H
#define ST_TRIAL_MIXED_H

#include "statistics.h"

#include "base/random.h"

/// Most visits: their covariance has VISIT_LIMIT (VISIT_LIMIT + 1) / 2 numbers.
#define ST_MIXED_VISIT_LIMIT 12
/// Most coefficients (covariates x visits).
#define ST_MIXED_COEFFICIENT_LIMIT 128

typedef struct st_mixed st_mixed;

/// `covariate_count` x `visit_count` at most ST_MIXED_COEFFICIENT_LIMIT.
st_status st_mixed_create(st_ctx* ctx, int covariate_count, int visit_count, st_mixed** out);
void st_mixed_destroy(st_mixed* mixed); // NULL is allowed

/// Adds a person: covariate [covariate_count], response [visit_count] with NAN where missing.
/// People without any response are passed over. Not ST_OK only when memory is out.
st_status st_mixed_add(st_mixed* mixed, const double* covariate, const double* response);

/// False when the data do not determine the model (too few people, a visit without anybody).
bool st_mixed_fit(st_mixed* mixed);

/// Covariance between visits.
double st_mixed_covariance(const st_mixed* mixed, int visit, int other);
double st_mixed_log_likelihood(const st_mixed* mixed); ///< restricted
int st_mixed_iterations(const st_mixed* mixed);

/// Draws coefficients [visit_count][covariate_count] and covariance [visit_count][visit_count] from
/// their approximate posterior: normal about the estimates, with the inverse information as
/// covariance. Draws below 2^20 of the key are used.                                    [TRI-37]
void st_mixed_draw(const st_mixed* mixed, const st_random_key* key, double* beta, double* sigma);

/// Sum of weight x coefficient, weight [visit_count][covariate_count], with interval and p.
st_contrast st_mixed_contrast(const st_mixed* mixed, const double* weight);

#endif
