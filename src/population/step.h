/// \file
/// The program of one Rosenbrock step: Jacobian, factors, stages, new state, error.  [POP-1]
/// [POP-5]
#ifndef ST_POPULATION_STEP_H
#define ST_POPULATION_STEP_H

#include "lu.h"
#include "program.h"

/// Slots: the tape's inputs (states, parameters, inputs, time), then the step's length.
/// Outputs, state_count of each: new state, error estimate, stages 1 to 5 for dense output.
st_status st_step_build(st_arena* arena, const st_model* model, const st_tape* rate,
                        const st_tape* jacobian, const st_lu* lu, st_program* out);

/// Output blocks of the step's program.
enum { ST_STEP_NEW, ST_STEP_ERROR, ST_STEP_STAGE };

#endif
