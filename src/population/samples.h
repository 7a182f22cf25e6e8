/// \file
/// Samples of the lane solver: their definitions wait until there are ST_LANES of them, of any
/// individuals and days, and are computed together.
#ifndef ST_POPULATION_SAMPLES_H
#define ST_POPULATION_SAMPLES_H

#include "base/base.h"
#include "base/maths.h"
#include "stroma/model.h"

typedef struct st_samples {
    const st_tape* tape; ///< the model's definitions
    int* used;           ///< inputs that it reads; in the arena
    int used_count;
    double* reg;           ///< [register_count][ST_LANES], 64-byte aligned
    double* out[ST_LANES]; ///< where the definitions of each waiting sample go
    int count;
} st_samples;

/// The caller has made room for `reg`. False when memory is out.
bool st_samples_init(st_arena* arena, const st_model* model, st_samples* samples);

/// Adds a sample with the tape's inputs `slot`; `out` is filled by the next flush at the latest.
void st_samples_add(st_samples* samples, const double* slot, double* out);
void st_samples_flush(st_samples* samples);

#endif
