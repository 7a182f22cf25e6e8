/// \file
/// `plan:` of an arm: rehabilitation, exercise, weight loss. Acts through inputs of the model
/// alone.
#ifndef ST_TRIAL_REGIMEN_H
#define ST_TRIAL_REGIMEN_H

#include "study.h"

/// Reads the plans of all arms (models, visits, rescue, repeats and crossovers have been read) and
/// writes them into what arms tell of themselves. Not ST_OK only when memory is out.
st_status st_regimen_read(st_ctx* ctx, st_study* study);

/// True when an arm has a plan of care.
bool st_regimen_is_used(const st_study* study);

/// Most changes of inputs that the plans of one arm make.
int st_regimen_capacity(const st_study* study);

/// Adds what the arm's plans do to a person to a course that has its inputs and its end. Days stay
/// ascending.                                                                            [TRI-39]
void st_regimen_add(const st_arm* arm, uint64_t seed, uint64_t person, const st_course* course,
                    st_action* action, int* count);

/// Puts actions in order of their days; equal days keep their order.
void st_regimen_sort(st_action* action, int count);

#endif
