/// \file
/// Multiple imputation by jump to reference: whoever leaves goes on like the control arm.  [TRI-37]
#ifndef ST_TRIAL_IMPUTE_H
#define ST_TRIAL_IMPUTE_H

#include "mixed.h"
#include "tally.h"

/// What a mixed model was fitted to: `own` arms are those with people of their own, in order.
typedef struct st_impute_model {
    const st_mixed* mixed;
    int covariates, visits; ///< arms and the baseline; visits after it
    double centre;          ///< of the baseline
    const int* own;         ///< [arm_count] covariate of each arm
} st_impute_model;

/// Difference of an arm from its control at a visit: change adjusted for the baseline, over data
/// completed again and again, put together by Rubin's rules. Scores are the analysed ones.
st_contrast st_impute_contrast(st_tally* tally, const st_impute_model* model, int arm, int control,
                               int measure, int visit, uint64_t seed);

#endif
