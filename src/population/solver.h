/// \file
/// What the lane solver and its plain twin share: plan, tolerances, scratch.
#ifndef ST_POPULATION_SOLVER_H
#define ST_POPULATION_SOLVER_H

#include "code.h"
#include "individual.h"
#include "lu.h"
#include "share.h"
#include "step.h"

#include "base/maths.h"

/// Work space of the lanes.
typedef struct st_lane_space {
    double* slot; ///< [step.slot_count][ST_LANES]
    bool is_new;  ///< a lane got a person or an input: the prologue is due
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
    st_tape rate, jacobian; ///< the model's, with fewer divisions
    st_program step;
    st_code* code;    ///< the step as machine code, NULL = its operations are looked up
    st_width width;   ///< the best that the machine has; tests choose others
    double* absolute; ///< [states] absolute tolerance
    double* lowest;   ///< [states] how far below zero a state may go, INFINITY = any
    st_individual individual[ST_LANES];
    st_scratch scratch;
    st_samples samples; ///< of the lanes
    st_shares shares;   ///< of the call at hand
    st_lane_space lanes;
    st_plain_space plain;
};

/// Chooses how steps are run: instruction set, and machine code or not. For tests; the bytes of
/// the results do not depend on it.
st_status st_population_choose(st_population* p, st_width width, bool with_code);

/// Checks a course's arrays; the message names what is wrong.
st_status st_population_check(st_population* p, const st_course* course);

#endif
