/// \file
/// Private: sums over the voxels within reach of a voxel, across bricks.
/// [AGT-4]
#ifndef ST_AGENTS_REACH_H
#define ST_AGENTS_REACH_H

#include "base/base.h"
#include "stroma/tissue.h"

#define ST_BRICK_EDGE   8
#define ST_BRICK_VOXELS 512

typedef struct st_reach {
    bool is_whole; ///< all of the region is within reach
    const st_tissue* tissue;
    int brick_count;
    int (*offset)[3]; ///< voxels whose centre lies within the radius, the own one
                      ///< included
    int offset_count;
    int (*low)[3]; ///< [brick_count] low voxel of each brick
    int first[3];  ///< low voxel of the lowest brick
    int size[3];   ///< bricks along each axis
    int32_t* brick_at;
} st_reach;

/// radius_um INFINITY: the whole region.
st_status st_reach_init(st_ctx* ctx, st_arena* arena, const st_tissue* tissue, double radius_um,
                        const double voxel_um[3], st_reach* out);

/// Sum of `value` [brick_count * 512] over the voxels of `media` within reach;
/// *voxels counts them.
double st_reach_sum(const st_reach* reach, const double* value, uint64_t media, int brick, int at,
                    int* voxels);
double st_reach_count(const st_reach* reach, const uint32_t* value, uint64_t media, int brick,
                      int at, int* voxels);

#endif
