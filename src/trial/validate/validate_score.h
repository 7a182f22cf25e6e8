/// \file
/// Scores of probabilistic forecasts. All functions are pure. docs/equations/validation.md.
#ifndef ST_TRIAL_VALIDATE_SCORE_H
#define ST_TRIAL_VALIDATE_SCORE_H

#include "stroma/trial.h"

/// Continuous ranked probability score of an ensemble, fair estimator; `sorted` ascending.
double st_validate_score_crps(const double* sorted, int count, double observed);
/// The same of a normal distribution; sd >= 0.
double st_validate_score_crps_normal(double mean, double sd, double observed);
/// Position of the observed value among the draws, inside (0, 1).
double st_validate_score_pit(const double* sorted, int count, double observed);
/// Quantile for prediction: (count + 1) p-th of the draws, so that a fresh draw lies below it with
/// probability p.
double st_validate_score_quantile(const double* sorted, int count, double p);

/// One scored row, in points of 100 of its scale.
typedef struct st_validate_score_row {
    int cluster; ///< 0 ... cluster_count - 1
    double weight;
    double crps, base_crps;
    double bias;
    bool is_covered;
} st_validate_score_row;

/// Weighted means with bootstrap intervals over clusters.
void st_validate_score_summary(const st_validate_score_row* row, int count, double* scratch,
                               int cluster_count, uint64_t seed, st_validation_scores* out);
/// Numbers that `scratch` must hold.
size_t st_validate_score_scratch(int cluster_count);

#endif
