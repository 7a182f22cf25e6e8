/// \file
/// A program as machine code for this machine: the same operations in the same order as
/// st_program_run(), each rounded by itself, without the time it takes to look every one up. Values
/// stay in vector registers until the one that is needed last must go. [POP-5]
#ifndef ST_POPULATION_CODE_H
#define ST_POPULATION_CODE_H

#include "program.h"

typedef struct st_code st_code;

/// Makes code for a program's body. *out is NULL, and the status ST_OK, where there is no code: on
/// other machines than x86-64, without AVX2, for bodies too long, or when the system forbids it.
/// The program is borrowed and must outlive the code.
st_status st_code_create(st_ctx* ctx, const st_program* program, st_width width, st_code** out);
void st_code_destroy(st_code* code); // NULL is allowed

/// Runs the body. slot: [slot_count][ST_LANES], aligned to 64.
void st_code_run(const st_code* code, double* slot);

#endif
