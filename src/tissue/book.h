/// \file
/// Private: the passes of a linear step beside the solver, one brick at a time: sums without order
/// (exact.h), largest values, and what a step leaves. Every instruction set gives the same bytes.
#ifndef ST_TISSUE_BOOK_H
#define ST_TISSUE_BOOK_H

#include "base/base.h"

/// A stage's level is level + first + x; `first` NULL in the first stage.
typedef struct st_book_in {
    const float *level, *first, *x;
    double scale, change_scale; ///< of the two sums
    float extrapolate;          ///< the step ends at level + first + extrapolate x
} st_book_in;

typedef struct st_book_sums {
    int64_t level, change;              ///< sums of the stage's level and of x
    uint32_t max_bits, max_change_bits; ///< largest |stage's level| and |x|
    uint32_t below_bits;                ///< largest stage's level below zero, 0 = none
    uint32_t difference_bits;           ///< largest |x - first|
    uint32_t end_below_bits;            ///< largest end of the step below zero, 0 = none
} st_book_sums;

/// What stays after a step: level + remainder + first + by (x + factor (level + first + x)).
typedef struct st_book_end {
    float *level, *remainder;
    const float *first, *x;
    double by, scale;
    float factor;
} st_book_end;

typedef struct st_book_left {
    int64_t amount, deficit;
    uint32_t max_bits, min_bits, owed_bits; ///< largest and lowest level, largest |remainder|
} st_book_left;

typedef struct st_book_ops {
    void (*sum)(const st_book_in* in, st_book_sums* out);
    /// first += factor (level + first); b = sigma first; x = first.
    void (*middle)(const float* level, float* first, float factor, float sigma, float* b, float* x);
    /// `medium` NULL: the brick is full.
    void (*end)(const st_book_end* e, const uint8_t* medium, st_book_left* out);
} st_book_ops;

const st_book_ops* st_book_choose(void);
const st_book_ops* st_book_plain(void);

#endif
