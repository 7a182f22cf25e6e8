/// \file
/// Fewer divisions: a tape in which quotients with the same divisor, or with a divisor that no step
/// changes, become products with its reciprocal. Rounds differently from the tape it comes from, by
/// one unit in the last place per quotient; solver and plain twin both use the new one. [POP-5]
#ifndef ST_POPULATION_DIVIDE_H
#define ST_POPULATION_DIVIDE_H

#include "base/base.h"
#include "stroma/model.h"

/// `changes`: [tape->input_count] inputs that differ from step to step. Arrays live in `arena`.
st_status st_divide_rewrite(st_arena* arena, const st_tape* tape, const bool* changes,
                            st_tape* out);

#endif
