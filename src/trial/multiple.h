/// \file
/// Several arms against one control: p values that hold for all of them together.
///
/// docs/equations/trial.md, TRI-27, TRI-28.
#ifndef ST_TRIAL_MULTIPLE_H
#define ST_TRIAL_MULTIPLE_H

#include "statistics.h"

/// Most hypotheses at a time.
#define ST_MULTIPLE_LIMIT 32

/// Step-down and step-up adjusted p values; NAN stays NAN and counts as no hypothesis.   [TRI-27]
void st_multiple_holm(const double* p, int count, double* adjusted);
void st_multiple_hochberg(const double* p, int count, double* adjusted);

/// Dunnett's comparison of `count` arms (sizes `size`) with one control: from the statistics `t`
/// with `df` degrees of freedom, adjusted two-sided p values and the critical value of all
/// intervals together, by simulation (`id` keeps the draws of different tables apart). [TRI-28]
void st_multiple_dunnett(const double* t, const double* size, int count, double control_size,
                         double df, uint64_t seed, uint64_t id, double* adjusted, double* critical);

#endif
