/// \file
/// What a validation holds, as the files of this folder see it.
#ifndef ST_TRIAL_VALIDATION_H
#define ST_TRIAL_VALIDATION_H

#include "validate_arms.h"
#include "validate_score.h"

#define ST_VALIDATION_ABOUT_LIMIT 16

struct st_validation {
    st_ctx* ctx;
    st_arena arena;
    st_evidence evidence, train;
    st_validate_rules rules;
    st_validate_plan plan, train_plan;
    bool has_train;
    double* draw; ///< [item][draw_count], owned
    int draw_count;
    uint64_t seed;
    st_forecast* forecast; ///< [item_count]
    int forecast_count, scored_count, trial_count;
    st_validation_arm* arm; ///< [plan.arm_count]: those that are used
    int arm_count;
    st_validation_scores scores;
    const char* about_key[ST_VALIDATION_ABOUT_LIMIT];
    const char* about[ST_VALIDATION_ABOUT_LIMIT];
    int about_count;
};

#endif
