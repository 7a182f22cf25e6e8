/// \file
/// Inside of the stochastic twin: what the step sizes and the runs share.
#ifndef ST_POPULATION_SSA_H
#define ST_POPULATION_SSA_H

#include "individual.h"

#include "base/random.h"

/// A tree of states whose step sizes hang together: step = weight * step of the parent.
typedef struct st_ssa_link {
    int parent;
    double weight;
} st_ssa_link;

struct st_ssa {
    st_ctx* ctx;
    const st_model* model;
    st_ssa_def def;
    int state_count, channel_count, event_count;
    double* scale;    ///< [states]
    double* quantum;  ///< [states] size of one step, model units
    double* x;        ///< [states] = count * quantum
    double* count;    ///< [states] whole numbers, exact up to 2^53
    double* rate;     ///< outputs of the channel tape
    double* per_step; ///< [outputs of the channel tape] 1 / (quantum * steps per happening)
    const st_channel_info* channel; ///< [channels] of the model
    double* propensity;             ///< [channels] happenings per day
    st_ssa_link* link;              ///< [states] scratch of the step sizes
    double* size;                   ///< [states] scratch
    bool* may_be_negative;
    st_individual who;
    st_scratch scratch;
    st_random_key key;
};

/// Chooses the size of one step of every state for the present parameters and inputs.
void st_ssa_quanta_choose(st_ssa* ssa);

/// Checks the course's arrays.
st_status st_ssa_check(const st_ssa* ssa, const st_course* course);

/// The run itself; the course has been checked.
st_status st_ssa_run(st_ssa* ssa, st_course* course, uint64_t run);

#endif
