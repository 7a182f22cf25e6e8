/// \file
/// Bytes of the few x86-64 vector instructions that a program needs. Two forms: 512 bits (EVEX, 32
/// registers) and 256 bits (VEX, 16 registers). Intel, Software Developer's Manual, volume 2,
/// sections 2.3 and 2.7. Memory operands are slots of 64 bytes behind the register rdi.
#ifndef ST_POPULATION_ASSEMBLER_H
#define ST_POPULATION_ASSEMBLER_H

#include "base/base.h"

/// Slots before the one that rdi points to: those near it take shorter instructions.
#define ST_ASSEMBLER_BIAS 128

typedef struct st_assembler {
    st_ctx* ctx;
    uint8_t* byte; ///< owned
    size_t count, capacity;
    bool is_wide; ///< 512 bits
    bool failed;  ///< memory ran out; reported
} st_assembler;

/// Opcodes of d = a op b on packed doubles.
typedef enum st_vector_op {
    ST_VECTOR_SQRT = 0x51,
    ST_VECTOR_AND = 0x54,
    ST_VECTOR_XOR = 0x57,
    ST_VECTOR_ADD = 0x58,
    ST_VECTOR_MUL = 0x59,
    ST_VECTOR_SUB = 0x5C,
    ST_VECTOR_DIV = 0x5E,
    ST_VECTOR_MAX = 0x5F,
} st_vector_op;

/// Ordered comparisons: false when a side is not a number.
typedef enum st_vector_test { ST_VECTOR_LT = 0x11, ST_VECTOR_LE = 0x12 } st_vector_test;

bool st_assembler_init(st_assembler* as, st_ctx* ctx, bool is_wide);
void st_assembler_clear(st_assembler* as);

void st_assembler_load(st_assembler* as, int d, int slot);
void st_assembler_store(st_assembler* as, int slot, int s);
void st_assembler_registers(st_assembler* as, st_vector_op op, int d, int a, int b);
void st_assembler_memory(st_assembler* as, st_vector_op op, int d, int a, int slot);
/// d = a test b ? d2 : d, with `scratch` for the outcome of the test in the 256-bit form.
void st_assembler_choose(st_assembler* as, st_vector_test test, int a, int b, int d, int d2,
                         int scratch);
/// d = a test b ? the slot's values : 0.
void st_assembler_choose_slot(st_assembler* as, st_vector_test test, int a, int b, int d, int slot);
void st_assembler_enter(st_assembler* as);
void st_assembler_leave(st_assembler* as);

#endif
