/// \file
/// A e = b on the bricks by multigrid V-cycles: Chebyshev smoothing, means down, linear up, a dense
/// solve at the bottom. Only maxima steer it, so no byte depends on bricks or workers.     [TIS-6]
#ifndef ST_TISSUE_MULTIGRID_H
#define ST_TISSUE_MULTIGRID_H

#include "tissue/transport.h"

/// Voxels of the coarsest level at most, which is solved directly.
#define ST_DENSE_LIMIT 64

/// Bricks in rows along x, and rows in items of work: sweep.c.
typedef struct st_brick_rows {
    int32_t* brick; ///< [brick_count]
    int32_t* start; ///< [row_count + 1] of a row in `brick`
    int32_t* item;  ///< [item_count + 1] first row of an item
    int row_count, item_count;
} st_brick_rows;

typedef struct st_level {
    st_grid grid;
    st_brick_rows rows;
    float *x, *y, *b;    ///< [(brick_count + 1) * 512], the empty brick stays 0
    float *a, *inverse;  ///< of mixed bricks, by `slot`; of all when `slot` is NULL
    const int32_t* slot; ///< borrowed from a transport; all have the same
    float a0[ST_MEDIUM_LIMIT + 1], inverse0[ST_MEDIUM_LIMIT + 1]; ///< uniform bricks
} st_level;

typedef struct st_multigrid {
    st_ctx* ctx;
    st_pool* pool;
    const st_stencil_ops* ops;
    int level_count;
    bool medium_is_used[ST_MEDIUM_LIMIT + 1];
    uint8_t* sole_medium; ///< [bricks of level 0] the one medium of a brick, 0 = several
    bool is_sole;         ///< no brick of level 0 has several
    st_level level[ST_LEVEL_LIMIT];
    const st_transport* transport; ///< of the system at hand
    bool a_by_medium;              ///< `a` is constant in uniform bricks
    const st_transport* made_for;  ///< the matrix that stands is of this and `made_of`; NULL = none
    double made_of[ST_MEDIUM_LIMIT + 1];
    float diagonal; ///< smallest diagonal inside a medium: residual / it = rough error
    int dense_count;
    int32_t* dense_at;    ///< [dense_count] brick * 512 + voxel
    double* dense_factor; ///< [dense_count^2]
    uint32_t* worker_max; ///< [worker_count * 16]
    int worker_count;
} st_multigrid;

/// Takes over `finest`, and makes all coarser levels.
st_status st_multigrid_create(st_ctx* ctx, st_grid* finest, st_pool* pool, st_multigrid** out);
void st_multigrid_destroy(st_multigrid* mg);

/// Room for matrices: of mixed bricks, or with `of_voxels` of every voxel. Before the first
/// st_multigrid_set(), and never less than before.
st_status st_multigrid_make_room(st_multigrid* mg, const st_transport* transport, bool of_voxels);

/// Makes the system's matrix. With `by_medium`, a[m] holds everywhere in medium m and walls are
/// added; else level 0's `a` has been filled by the caller for all voxels, without walls.
/// ST_ERR_NUMERIC without a message when it is singular.
st_status st_multigrid_set(st_multigrid* mg, const st_transport* transport,
                           const double* by_medium);

typedef struct st_solve_goal {
    float error;    ///< stop when the estimated error is below (in units of x), or 0
    float residual; ///< with error 0: stop when the largest residual is below (in units of b)
    int cycle_limit;
    bool may_stall; ///< stop also where single precision allows no more
    bool from_zero; ///< the first guess is 0; x is not read
    float factor;   ///< what a cycle left in an earlier solve of the kind, 0 = not known
} st_solve_goal;

typedef struct st_solve_result {
    int cycle_count;
    float error;     ///< estimate
    float factor;    ///< measured share that a cycle leaves, 0 = only one cycle
    float residual;  ///< largest, after the last cycle if asked for, else within it
    bool is_stalled; ///< single precision allowed no more
} st_solve_result;

/// Solves for level 0's x from its b; x holds the first guess. ST_ERR_NUMERIC without a message
/// when it does not converge.
st_status st_multigrid_solve(st_multigrid* mg, const st_solve_goal* goal, st_solve_result* result);

/// One V-cycle, one smoothing step x -> x, largest residual: for the benchmark and tests.
void st_multigrid_cycle(st_multigrid* mg, uint32_t* residual, uint32_t* correction);
void st_multigrid_smooth(st_multigrid* mg, int level, float omega);
float st_multigrid_residual(st_multigrid* mg);

st_stencil st_multigrid_stencil(const st_multigrid* mg, int level, int brick);
st_around st_multigrid_around(const st_grid* grid, const float* field, int brick);

/// Where a brick's part of `a` and `inverse` begins.
static inline size_t st_multigrid_matrix_at(const st_level* l, int brick)
{
    return (size_t)(l->slot ? l->slot[brick] : brick) * ST_BRICK_VOXELS;
}

/// On the finest level, where every brick has one medium, `a` is that medium's and the walls'.
static inline bool st_multigrid_is_wall_alone(const st_multigrid* mg, int level)
{
    return level == 0 && mg->a_by_medium && mg->is_sole;
}

#endif
