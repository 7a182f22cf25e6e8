/// \file
/// From expression graph to straight-line program. Registers are reused after their last use;
/// inputs and constants keep theirs.
#ifndef ST_MODEL_TAPE_H
#define ST_MODEL_TAPE_H

#include "expr.h"
#include "stroma/model.h"

/// Builds the tape that computes `output` [count]; its arrays live in `arena`.
st_status st_tape_build(st_arena* arena, const st_graph* graph, int input_count,
                        const st_expr* output, int count, st_tape* tape);

/// a > 0 ? min(a^b, 1e300) : 0. For b = 0, 1 ... 7 the product of a, a^2 and a^4 by the bits of b,
/// which is several times as fast as the power: most Hill exponents are such numbers. [MOD-1]
double st_tape_signal_power(double a, double b);

#endif
