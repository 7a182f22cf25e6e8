/// \file
/// Private: a piece of a model's description tape, cut down to the outputs that
/// somebody needs and split in two: what all cells share is computed once, the
/// rest for ST_LANES cells at a time.
///                                                                                      [AGT-1]
#ifndef ST_AGENTS_EXTRACT_H
#define ST_AGENTS_EXTRACT_H

#include "base/base.h"
#include "base/maths.h"
#include "stroma/model.h"

typedef struct st_extract {
    int local_count;
    int* local_slot; ///< [local_count] slots of the model's tape that differ from
                     ///< cell to cell
    int shared_count;
    double* shared_value; ///< [shared_count] results that all cells share
    int output_count;
    st_tape local;  ///< inputs: local slots, then shared values
    st_tape shared; ///< inputs: all slots of the model's tape; outputs: shared values
    double* shared_reg;
} st_extract;

/// `output` [output_count] are numbers of outputs of `tape`; `is_local`
/// [tape->input_count] says which slots differ from cell to cell. Memory is the
/// arena's.
st_status st_extract_build(st_arena* arena, const st_tape* tape, const int* output,
                           int output_count, const bool* is_local, st_extract* out);

/// Computes what is shared. `slot` [tape->input_count] are the model's slots
/// now.
void st_extract_share(st_extract* program, const double* slot);

/// Registers of one worker: doubles that st_extract_load() and st_extract_run()
/// need.
size_t st_extract_register_count(const st_extract* program);

/// Fills constants and shared values into a worker's registers.
void st_extract_load(const st_extract* program, double* reg);

/// Row of ST_LANES values for local slot `index`, to be filled before a run.
static inline double* st_extract_input(double* reg, int index)
{
    return reg + (size_t)index * ST_LANES;
}

static inline void st_extract_run(const st_extract* program, double* reg)
{
    if (program->local.op_count > 0) {
        st_tape_run(&program->local, reg);
    }
}

/// ST_LANES values of an output after a run.
static inline const double* st_extract_output(const st_extract* program, const double* reg,
                                              int output)
{
    return reg + (size_t)program->local.output[output] * ST_LANES;
}

#endif
