/// \file
/// What the lane solver and its plain twin share: plan, tolerances, scratch.
#ifndef ST_POPULATION_SOLVER_H
#define ST_POPULATION_SOLVER_H

#include "individual.h"
#include "lu.h"

#include "base/maths.h"

/// Work space of the lanes; [n] below stands for [n][ST_LANES].
typedef struct st_lane_space {
    double* x;        ///< [states]
    double* y;        ///< [states] stage value, then new state
    double* k;        ///< [6 * states] stages
    double* f;        ///< [states]
    double* entry;    ///< [LU entries]
    double* rate_reg; ///< registers of the rate tape
    double* jac_reg;  ///< registers of the Jacobian tape
    double day[ST_LANES], h[ST_LANES];
} st_lane_space;

/// The same for one individual.
typedef struct st_plain_space {
    double *x, *y, *k, *f, *entry, *slot, *reg, *output;
} st_plain_space;

struct st_population {
    st_ctx* ctx;
    const st_model* model;
    st_population_def def;
    st_arena arena;
    int state_count;
    st_lu lu;
    double* absolute; ///< [states] absolute tolerance
    bool* may_be_negative;
    st_individual individual[ST_LANES];
    st_scratch scratch;
    st_lane_space lanes;
    st_plain_space plain;
};

/// Checks a course's arrays; the message names what is wrong.
st_status st_population_check(st_population* p, const st_course* course);

#endif
