/// \file
/// Two smoothing steps in one pass over memory: along a row of bricks the first step runs one brick
/// ahead of the second and its results stay in the cache.                               [TIS-6]
#ifndef ST_TISSUE_SWEEP_H
#define ST_TISSUE_SWEEP_H

#include "tissue/multigrid.h"

/// Orders the bricks of a grid into rows along x.
st_status st_sweep_rows_make(st_ctx* ctx, const st_grid* grid, st_brick_rows* rows);
void st_sweep_rows_clear(st_ctx* ctx, st_brick_rows* rows);

/// The same bytes as two calls of st_multigrid_smooth(). With `from_zero` x counts as 0 and is not
/// read. x and y change places.
void st_sweep_two(st_multigrid* mg, int level, const float omega[2], bool from_zero);

#endif
