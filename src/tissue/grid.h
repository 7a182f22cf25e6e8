/// \file
/// Sparse bricks of 8 x 8 x 8 voxels in Morton order, and their coarser copies.        [TIS-1]
#ifndef ST_TISSUE_GRID_H
#define ST_TISSUE_GRID_H

#include "base/base.h"
#include "base/parallel.h"

#define ST_BRICK_EDGE   8
#define ST_BRICK_VOXELS 512
/// Bricks that one worker takes at a time. Part of no result, only of speed.
#define ST_BRICK_CHUNK 32

typedef struct st_grid {
    int brick_count;
    int64_t voxel_count;     ///< voxels that are tissue
    uint64_t* key;           ///< [brick_count] Morton code, ascending
    int32_t (*neighbour)[6]; ///< x-, x+, y-, y+, z-, z+; brick_count = the empty brick
    int32_t (*child)[8];     ///< coarse grids: bricks of the finer grid, its brick_count = none
    uint8_t* medium;         ///< [(brick_count + 1) * 512]; the empty brick is all 0
    uint8_t* is_full;        ///< [brick_count] no voxel of it is empty
} st_grid;

uint64_t st_grid_key(const int32_t brick[3]);
void st_grid_position(uint64_t key, int32_t brick[3]);
/// Index of the brick with this code, or brick_count.
int32_t st_grid_find(const st_grid* grid, uint64_t key);
/// Fills neighbour, is_full and voxel_count from key and medium.
st_status st_grid_link(st_ctx* ctx, st_grid* grid);
/// The grid with voxels of twice the edge; a coarse voxel is tissue if any of its eight is.
st_status st_grid_coarsen(st_ctx* ctx, const st_grid* fine, st_grid* coarse);
void st_grid_clear(st_ctx* ctx, st_grid* grid);

/// Zeroed memory that asks for huge pages when it is large.
void* st_grid_alloc(st_ctx* ctx, size_t count, size_t size);

/// Runs fn over chunks of ST_BRICK_CHUNK bricks; a single chunk runs in the caller.
typedef void (*st_chunk_fn)(void* arg, int first, int last, int worker);
void st_grid_each(st_pool* pool, int brick_count, st_chunk_fn fn, void* arg);

#endif
