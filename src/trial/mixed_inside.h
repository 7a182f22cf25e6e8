/// \file
/// Private: what a mixed model holds.
#ifndef ST_TRIAL_MIXED_INSIDE_H
#define ST_TRIAL_MIXED_INSIDE_H

#include "mixed.h"

/// People with the same visits present, as sums.
typedef struct st_mixed_pattern {
    uint32_t present; ///< bit per visit
    double n;
    double* zz; ///< [k][k] sum z z'
    double* zy; ///< [k][T] sum z y', zero where missing
    double* yy; ///< [T][T] sum y y'
    double* w;  ///< [T][T] inverse covariance of the visits present, zero elsewhere
    double* s;  ///< [T][T] sum of residual products
    double* h;  ///< [k][T] sum z (W r)'
    double* u;  ///< [T][T] W s W
    double* g;  ///< [T][T] W G W, G_tu = tr(C_tu zz)
} st_mixed_pattern;

struct st_mixed {
    st_ctx* ctx;
    int k, t, p, q; ///< covariates, visits, coefficients, covariance parameters
    st_mixed_pattern* pattern;
    int pattern_count, pattern_capacity;
    double people, responses;
    double* sigma;    ///< [T][T]
    double* trial;    ///< [T][T] tried by a step
    double* beta;     ///< [T][k]
    double* c;        ///< [p][p] covariance of beta
    double* xy;       ///< [p]
    double* slope;    ///< [q][p][p] C Q_j
    double* pull;     ///< [q][p] d_j
    double* score;    ///< [q]
    double* step;     ///< [q]
    double* fisher;   ///< [q][q] expected information
    double* observed; ///< [q][q] observed information; its inverse after the fit
    double* scratch;  ///< [max(p, q)^2]
    double log_likelihood;
    int pass_count;
    bool is_fitted;
};

#endif
