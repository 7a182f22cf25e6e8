/// \file
/// Sums that do not depend on order: terms are rounded to multiples of one unit, then added as
/// integers.                                                                            [TIS-7]
#ifndef ST_TISSUE_EXACT_H
#define ST_TISSUE_EXACT_H

#include "base/base.h"
#include "stroma/tissue.h"

/// What one worker, or all of them, found in a pass over the bricks.
typedef struct st_totals {
    int64_t level[ST_MEDIUM_LIMIT + 1];
    int64_t change;
    int64_t uptake, uptake_slope; ///< in units of the uptake scale
    int64_t cells, cells_slope;   ///< the sinks of voxels, in units of theirs
    int64_t source, in, wall_level;
    int64_t clipped;
    uint32_t max_bits, max_change_bits, min_negative_bits, difference_bits, end_below_bits;
    char pad[64];
} st_totals;

/// Power of two that makes `count` terms of at most `bound` fit.
double st_exact_scale(double bound, int64_t count);
static inline int64_t st_exact_round(double scaled)
{
    union {
        double value;
        int64_t bits;
    } magic = {.value = scaled + 0x1.8p52};
    return (int64_t)((uint64_t)magic.bits - 0x4338000000000000u);
}
/// Adds a term; where the unit was guessed too small sums wrap around, and are thrown away.
static inline void st_exact_add(int64_t* sum, int64_t term)
{
    *sum = (int64_t)((uint64_t)*sum + (uint64_t)term);
}

/// Empties the totals of all workers, and puts them together.
void st_exact_clear(st_totals* worker, int worker_count);
st_totals st_exact_take(const st_totals* worker, int worker_count);

/// The bits of |x|; as integers they are ordered as the magnitudes are.
static inline uint32_t st_exact_bits(float x)
{
    union {
        float value;
        uint32_t bits;
    } of = {.value = x};
    return of.bits & 0x7fffffff;
}

#endif
