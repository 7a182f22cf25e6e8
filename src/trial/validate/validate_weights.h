/// \file
/// Which people of the pool stand for an arm: weights that give the printed people, as close to
/// equal as they can be (entropy balancing). docs/equations/validation.md, VAL-8.
#ifndef ST_TRIAL_VALIDATE_WEIGHTS_H
#define ST_TRIAL_VALIDATE_WEIGHTS_H

#include "validate_pool.h"

/// Numbers of scratch for `person_count` people.
size_t st_validate_weights_scratch(int person_count);

/// Fills weight [person_count], sum 1; 0 outside the grades and the threshold. Gives the effective
/// number of people 1 / sum w^2, 0 when nobody is left.
double st_validate_weights_solve(const st_validate_pool* pool, const st_validate_rules* rules,
                                 const st_validate_arm* arm, double* scratch, double* weight);

#endif
