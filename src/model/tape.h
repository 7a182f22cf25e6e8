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

#endif
