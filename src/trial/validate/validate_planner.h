/// \file
/// Private to planning: what is known while arms (validate_arms.c) and rows (validate_rows.c) of a
/// table are planned.
#ifndef ST_TRIAL_VALIDATE_PLANNER_H
#define ST_TRIAL_VALIDATE_PLANNER_H

#include "validate_arms.h"

typedef struct st_validate_planner {
    st_ctx* ctx;
    const st_evidence* evidence;
    const st_validate_rules* rules;
    st_validate_plan* plan;
    int* arm_of; ///< [row], -1 for faulty rows
    const char** cohort;
} st_validate_planner;

/// True for a row at baseline.
static inline bool st_validate_arms_is_entry(const st_evidence_row* row)
{
    return row->month <= ST_VALIDATE_MONTH_MATCH;
}

/// What another page gives for an arm, NULL when nothing.
const st_validate_given* st_validate_arms_given(const st_validate_planner* p,
                                                const st_validate_arm* arm);

/// Position of a recipe among those of the plan, added when it is new.
int st_validate_arms_recipe(st_validate_planner* p, const st_validate_intervention* how,
                            double dose, bool is_open);

/// A standard deviation of people in printed points: the page's, from quartiles, from an interval
/// of the change; at least the floor. NAN when the page gives none.
double st_validate_arms_people_sd(const st_validate_planner* p, const st_evidence_row* row,
                                  bool is_change, double n, double range);

/// Plans rows, visits and weights once the arms are known.
st_status st_validate_rows_plan(st_validate_planner* p);

#endif
