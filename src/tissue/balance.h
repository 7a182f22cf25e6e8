/// \file
/// Private: one implicit stage, and the bookkeeping after it.                            [TIS-8]
#ifndef ST_TISSUE_BALANCE_H
#define ST_TISSUE_BALANCE_H

#include "tissue/state.h"

/// All that a pass over the bricks of one stage needs.
typedef struct st_stage {
    st_tissue* t;
    st_field* f;
    const float* base; ///< level at the stage's start
    float* delta;      ///< its change
    double sigma;      ///< 1 / length of the stage, 1/min; 0 = steady
    bool lifts;        ///< levels below zero become zero before the right-hand side is taken
    bool rises;        ///< Newton's method began again from zero
    double region_level[ST_REGION_COUNT];
    double bound;        ///< largest |base + delta|
    double change_bound; ///< largest |delta|
    double scale, change_scale, uptake_scale, cells_scale, source_scale, wall_scale;
    double factor; ///< of the last correction
} st_stage;

/// Rates of a whole tissue, M/min summed over voxels.
typedef struct st_flows {
    double supply, decay, uptake, cells, in;
} st_flows;

/// The parts of what follows. Units of the sums, from `bound` and `change_bound`.
void st_balance_scales(st_stage* s);
/// Sums of what a brick takes up, and of its sources and walls, at the levels `now`.
void st_balance_extras(const st_stage* s, int brick, const float* now, st_totals* totals);
/// From the sums to the factor and the flows.
st_status st_balance_close(st_ctx* ctx, st_stage* s, const st_totals* sum, st_flows* out);

/// Scales the stage's level by a factor close to 1, so that what came in, was made, was lost and is
/// there balance; gives the flows. ST_ERR_NUMERIC where levels fall below zero.
st_status st_balance_stage(st_ctx* ctx, st_stage* s, st_flows* out);

/// gamma = 1 - 1/sqrt 2; the step ends at u1 + (1 + sqrt 2) (u2 - u1): second order, L-stable.
#define ST_STEP_GAMMA       0.29289321881345247560
#define ST_STEP_EXTRAPOLATE 2.41421356237309504880

/// step.c: the matrix of a stage; levels of all walls at a time; what went where, into the ledger.
st_status st_step_set_matrix(st_ctx* ctx, st_stage* s);
void st_step_set_levels(st_stage* s, double time_min);
void st_step_book(st_tissue* t, st_field* f, const st_flows* q, double minutes);

#endif
