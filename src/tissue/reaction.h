/// \file
/// Private: what fields do to each other in a voxel, and how that alternates with diffusion.
///                                                                              [TIS-12] [TIS-13]
#ifndef ST_TISSUE_REACTION_H
#define ST_TISSUE_REACTION_H

#include "base/maths.h"
#include "stroma/model.h"
#include "tissue/state.h"

/// Levels that the reactions of one medium may change.
#define ST_UNKNOWN_LIMIT 16

/// A state of the model, and what carries it here.
typedef struct st_carried {
    int state;
    int field, matrix; ///< -1 = not this one
} st_carried;

typedef struct st_rate_term {
    int unknown;
    int reg; ///< d unknown/d day += this register
} st_rate_term;

/// The reactions of one medium.
typedef struct st_reaction {
    int medium;
    st_tape tape;  ///< only what the reactions need; `op` and `constant` owned
    double* input; ///< [input_count] what no voxel changes
    st_carried unknown[ST_UNKNOWN_LIMIT];
    double typical[ST_UNKNOWN_LIMIT]; ///< in the model's units
    int unknown_count;
    st_carried* other; ///< read, but not changed
    int other_count;
    st_rate_term* term;
    int term_count;
    double tolerance, solver_tolerance, step_min;
} st_reaction;

/// One worker's registers, and the first voxel at which it failed.
typedef struct st_reactor {
    double* reg;
    const st_reaction* prepared;
    int64_t failed_at; ///< brick * 512 + voxel, INT64_MAX = none
    char pad[64];
} st_reactor;

struct st_chemistry {
    st_reaction* reaction;
    int reaction_count;
    st_reactor* reactor; ///< [worker_count]
    int register_count;
    double tolerance, fixed_step_min;
    double next_step_min;
};

void st_reaction_free_all(st_tissue* t);
/// All reactions over a time; with `is_second` the changes are compared with those of the first
/// half, and the largest difference, relative to the largest level, comes back.
st_status st_reaction_run(st_ctx* ctx, st_tissue* t, double minutes, bool is_second,
                          double* difference);
/// Brings all fields that react to a time: chemistry, diffusion, chemistry.
st_status st_split_advance(st_ctx* ctx, st_tissue* t, double time_min);
/// A transient field alone.
st_status st_field_advance(st_ctx* ctx, st_tissue* t, st_field* f, double end_min);

#endif
