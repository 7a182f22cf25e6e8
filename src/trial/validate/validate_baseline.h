/// \file
/// The forecaster to beat: random effects over trials by intervention class, scale and time window,
/// leaving out the cohort that is judged. docs/equations/validation.md, VAL-6.
#ifndef ST_TRIAL_VALIDATE_BASELINE_H
#define ST_TRIAL_VALIDATE_BASELINE_H

#include "base/base.h"

/// One published number in points of 100 of its scale, improvement positive (or percent of people).
typedef struct st_validate_baseline_item {
    int trial;
    int cohort; ///< never on both sides
    int group;  ///< numbers of one kind: improvements, shares, differences
    int class_; ///< of the intervention
    int family; ///< of the scale
    int window; ///< of time
    double value;
    double variance; ///< of sampling: sd^2 / n
} st_validate_baseline_item;

/// Groups of numbers that may be averaged.
enum {
    ST_VALIDATE_IMPROVEMENT,
    ST_VALIDATE_SHARE,
    ST_VALIDATE_DIFFERENCE,
    ST_VALIDATE_LEVEL,
    ST_VALIDATE_GROUP_COUNT
};

/// What holds without any trial to learn from, and how far a cell leans on all of them.
typedef struct st_validate_baseline_prior {
    double mean[ST_VALIDATE_GROUP_COUNT], sd[ST_VALIDATE_GROUP_COUNT]; ///< points of 100
    double trials;    ///< weight of the common between-trial variance, in trials
    int least_trials; ///< that a cell needs; with fewer the next wider cell is taken
    int class_count;
} st_validate_baseline_prior;

/// Predictive mean and standard deviation for `target` from the items of other cohorts. *level says
/// how wide the cell is: 0 class x scale x window, 1 class x window, 2 class, 3 window, 4 all,
/// 5 prior. `scratch` holds 3 numbers per trial.
void st_validate_baseline_predict(const st_validate_baseline_item* item, int count, int trial_count,
                                  const st_validate_baseline_item* target,
                                  const st_validate_baseline_prior* prior, double* scratch,
                                  double* mean, double* sd, int* level);

#endif
