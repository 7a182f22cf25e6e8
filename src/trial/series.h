/// \file
/// Numbers in order, as many as disk holds: the last block in memory, those before it in a spill.
///
/// Statistics over a series do the same operations in the same order as those over an array
/// (statistics.h) and give the same bytes; their memory does not grow with the numbers.
#ifndef ST_TRIAL_SERIES_H
#define ST_TRIAL_SERIES_H

#include "spill.h"
#include "statistics.h"

/// Numbers per block: 256 kB.
#define ST_SERIES_BLOCK 32768

typedef struct st_series {
    st_spill* spill; ///< borrowed; failures are kept there
    st_ctx* ctx;
    int block;    ///< numbers per block
    double* tail; ///< owned [block]: the numbers after the last full block
    double* room; ///< owned [block]: a block read back; NULL before the first is
    int64_t* at;  ///< owned: place of each full block that there ever was
    int64_t at_count, at_capacity;
    int64_t room_block; ///< which block `room` holds, -1 = none
    int64_t count;
} st_series;

/// `block` numbers stay in memory; memory for the rest is taken when there is a rest.
st_status st_series_init(st_ctx* ctx, st_spill* spill, int block, st_series* out);
void st_series_clear(st_series* series);

/// Forgets the numbers and keeps the room.
void st_series_restart(st_series* series);
void st_series_add(st_series* series, double x);

/// All numbers in order.
void st_series_copy(st_series* series, double* out);

/// Moments of pairs; `y` has as many numbers as `x` in blocks of the same size, or is `x`.
st_moments st_series_moments(st_series* x, st_series* y);

/// Quantiles (type 7, as st_statistics_quantile) at probabilities `p`. No NAN in the series.
void st_series_quantiles(st_series* series, const double* p, int p_count, double* out);

#endif
