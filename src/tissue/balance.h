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
    double region_level[ST_REGION_COUNT];
    double bound;        ///< largest |base + delta|
    double change_bound; ///< largest |delta|
    double scale, change_scale, uptake_scale, source_scale, wall_scale;
    double factor; ///< of the last correction
} st_stage;

/// Rates of a whole tissue, M/min summed over voxels.
typedef struct st_flows {
    double supply, decay, uptake, in;
} st_flows;

/// Scales the stage's level by a factor close to 1, so that what came in, was made, was lost and is
/// there balance; gives the flows. ST_ERR_NUMERIC where levels fall below zero.
st_status st_balance_stage(st_ctx* ctx, st_stage* s, st_flows* out);

#endif
