/// \file
/// Private: a step of a field whose rates are all linear, with as few passes over memory as can be:
/// the solver works on a stage's change itself, and the second stage starts from the first.
///                                                                              [TIS-4] [TIS-8]
#ifndef ST_TISSUE_LINEAR_H
#define ST_TISSUE_LINEAR_H

#include "tissue/balance.h"

/// As st_step_take(), for a field without saturating uptake.
st_status st_linear_take(st_ctx* ctx, st_tissue* t, st_field* f, double dt_min, bool is_controlled,
                         st_step_result* result);

/// As st_step_steady(), for a field without saturating uptake.
st_status st_linear_steady(st_ctx* ctx, st_tissue* t, st_field* f);

#endif
