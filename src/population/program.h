/// \file
/// A whole time step as one straight-line program over lanes. Equal sub-expressions are computed
/// once; what depends on the person alone is computed when the person comes, not in every step.
/// Every way of running it rounds each operation by itself, so all give the same bytes. [POP-5]
#ifndef ST_POPULATION_PROGRAM_H
#define ST_POPULATION_PROGRAM_H

#include "base/base.h"
#include "base/index_set.h"
#include "base/maths.h"
#include "stroma/model.h"

/// Operations beyond st_op_code.
enum {
    ST_PROGRAM_COPY = 0x100, ///< out = a
    ST_PROGRAM_MULADD,       ///< out = a b + c, rounded twice
    ST_PROGRAM_MULSUB,       ///< out = c - a b, rounded twice
};

/// Operands and result are slots of ST_LANES doubles.
typedef struct st_program_op {
    uint16_t code, out, a, b, c;
} st_program_op;

/// Slots: inputs, constants, outputs, results of the prologue, temporaries.
typedef struct st_program {
    const st_program_op* prologue; ///< depends on the person's own inputs only
    int prologue_count;
    const st_program_op* body;
    int body_count;
    int input_count;
    const double* constant;
    int constant_count;
    int first_output, output_count;
    int temporary; ///< first temporary slot: nothing behind it survives the body
    int slot_count;
    int sign_slot, one_slot; ///< constants -0 and 1, for machine code
} st_program;

/// When an input changes.
typedef enum st_program_level {
    ST_LEVEL_CONSTANT,
    ST_LEVEL_PERSON, ///< when the lane gets another person or one of its inputs changes
    ST_LEVEL_STEP,   ///< every step
} st_program_level;

/// A value while the program is built.
typedef uint32_t st_value;

typedef struct st_program_node {
    uint32_t code; ///< st_op_code or ST_PROGRAM_...
    st_value a, b, c;
    st_program_level level;
    double value; ///< of a constant
} st_program_node;

typedef struct st_program_build {
    st_ctx* ctx;
    st_program_node* node;
    uint32_t count, capacity;
    st_index_set known; ///< operations and constants by their contents
    st_value* output;
    int output_count, output_capacity;
    int input_count;
    bool failed; ///< memory ran out; reported
} st_program_build;

/// Inputs are values 0 ... input_count-1 and slots of the same number.
st_status st_program_begin(st_program_build* b, st_ctx* ctx, int input_count,
                           const st_program_level* level);
st_value st_program_constant(st_program_build* b, double value);
/// `b2` is not looked at by operations with one operand; give `a` then.
st_value st_program_op2(st_program_build* b, st_op_code code, st_value a, st_value b2);
/// The next output, in slot first_output + (number of outputs before it).
void st_program_output(st_program_build* b, st_value value);
/// True for operations that are a function of many steps (exp, pow ...), not an instruction.
bool st_program_is_call(uint32_t code);
/// Inputs and outputs of a tape: `input` [tape->input_count], `output` [tape->output_count].
void st_program_inline(st_program_build* b, const st_tape* tape, const st_value* input,
                       st_value* output);
/// Drops what no output needs, fuses, gives slots; the program's arrays live in `arena`.
st_status st_program_finish(st_program_build* b, st_arena* arena, st_program* out);
void st_program_clear(st_program_build* b);

/// Instruction sets that run a program. Each is checked for before it is taken.
typedef enum st_width {
    ST_WIDTH_PLAIN, ///< what the compiler assumes (SSE2 on x86-64)
    ST_WIDTH_AVX2,
    ST_WIDTH_AVX512,
    ST_WIDTH_COUNT
} st_width;

st_width st_width_best(void); ///< the widest that this machine has

/// Fills the constants. slot: [slot_count][ST_LANES], aligned to 64.
void st_program_prepare(const st_program* program, double* slot);
void st_program_run(const st_program_op* op, int count, st_width width, double* slot);

/// Scaled error norms of a step. x, y, error: [count][ST_LANES]; ok: lanes whose new states are
/// finite and not below zero (all bits set).                                              [POP-2]
typedef struct st_norm {
    int count;
    const double *x, *y, *error;
    const double* absolute; ///< [count] absolute tolerances
    const double* lowest;   ///< [count] how far below zero a state may go, INFINITY = any
    double relative;
} st_norm;
void st_norm_run(const st_norm* norm, st_width width, double* sum, uint64_t* ok);

/// x = y in the lanes whose `take` is all bits set.
void st_lanes_take(double* x, const double* y, int count, const uint64_t* take, st_width width);

#endif
