/// \file
/// How a study selects, allots and compares: screening visits, run-in, allocation, endpoint.
#ifndef ST_TRIAL_DESIGN_H
#define ST_TRIAL_DESIGN_H

#include "study.h"

/// Each reads its part into the study; mistakes go to ctx.
void st_design_read_screening(st_ctx* ctx, st_study* study, const st_node* node); ///< may be NULL
/// `people.run_in`; measures have been read.
void st_design_read_run_in(st_ctx* ctx, st_study* study, const st_node* root);
/// `allocation`; arms have been read. `node` may be NULL.
void st_design_read_allocation(st_ctx* ctx, st_study* study, const st_node* node);
/// `primary`; arms, visits and measures have been read.
void st_design_read_primary(st_ctx* ctx, st_study* study, const st_node* root);

/// Stratum of a person, 0 ... 2^stratum_count - 1.
int st_design_stratum(const st_study* study, const st_person* person);

const char* st_design_method_name(st_method method);

#endif
