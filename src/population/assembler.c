#include "assembler.h"

#define FIRST_CAPACITY 16384u
#define LONGEST        32u ///< bytes that one call may add

#define BASE 7 ///< rdi

enum { MAP_0F = 1, MAP_0F3A = 3 };
enum { MOVE_LOAD = 0x28, MOVE_STORE = 0x29, COMPARE = 0xC2, BLEND = 0x4B };

bool st_assembler_init(st_assembler* as, st_ctx* ctx, bool is_wide)
{
    *as = (st_assembler){.ctx = ctx, .is_wide = is_wide, .capacity = FIRST_CAPACITY};
    as->byte = st_alloc(ctx, as->capacity, 1);
    as->failed = as->byte == NULL;
    return !as->failed;
}

void st_assembler_clear(st_assembler* as)
{
    st_free(as->ctx, as->byte);
    as->byte = NULL;
}

static void reserve(st_assembler* as)
{
    if (!as->failed && as->count + LONGEST > as->capacity) {
        uint8_t* grown = st_realloc(as->ctx, as->byte, 2u * as->capacity, 1);
        as->failed = grown == NULL;
        if (grown != NULL) {
            as->byte = grown;
            as->capacity *= 2u;
        }
    }
}

static void put(st_assembler* as, unsigned value)
{
    if (!as->failed) {
        as->byte[as->count++] = (uint8_t)value;
    }
}

/// What stands before the opcode. reg, second, rm: register numbers; mask: of EVEX, 0 = none.
static void prefix(st_assembler* as, int map, int w, int reg, int second, int rm, int mask,
                   bool is_zeroing)
{
    const unsigned r = (unsigned)reg;
    const unsigned v = (unsigned)second;
    const unsigned m = (unsigned)rm;
    reserve(as);
    if (as->is_wide) {
        put(as, 0x62);
        put(as, (~r >> 3 & 1) << 7 | (~m >> 4 & 1) << 6 | (~m >> 3 & 1) << 5 | (~r >> 4 & 1) << 4 |
                    (unsigned)map);
        put(as, (unsigned)w << 7 | (~v & 15) << 3 | 1u << 2 | 1u);
        put(as, (is_zeroing ? 1u : 0u) << 7 | 2u << 5 | (~v >> 4 & 1) << 3 | (unsigned)mask);
    } else {
        put(as, 0xC4);
        put(as, (~r >> 3 & 1) << 7 | 1u << 6 | (~m >> 3 & 1) << 5 | (unsigned)map);
        put(as, (unsigned)w << 7 | (~v & 15) << 3 | 1u << 2 | 1u);
    }
}

static void with_register(st_assembler* as, unsigned opcode, int reg, int rm)
{
    put(as, opcode);
    put(as, 3u << 6 | ((unsigned)reg & 7) << 3 | ((unsigned)rm & 7));
}

static void with_slot(st_assembler* as, unsigned opcode, int reg, int slot)
{
    const int near = slot - ST_ASSEMBLER_BIAS;
    put(as, opcode);
    if (as->is_wide && near < 128) { // counted in operands of 64 bytes
        put(as, 1u << 6 | ((unsigned)reg & 7) << 3 | BASE);
        put(as, (unsigned)near & 255);
        return;
    }
    const unsigned offset = (unsigned)near * 64u;
    put(as, 2u << 6 | ((unsigned)reg & 7) << 3 | BASE);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        put(as, offset >> shift & 255);
    }
}

/// VEX has no use for the bit that EVEX calls W with packed doubles.
static int wide_bit(const st_assembler* as)
{
    return as->is_wide ? 1 : 0;
}

void st_assembler_load(st_assembler* as, int d, int slot)
{
    prefix(as, MAP_0F, wide_bit(as), d, 0, BASE, 0, false);
    with_slot(as, MOVE_LOAD, d, slot);
}

void st_assembler_store(st_assembler* as, int slot, int s)
{
    prefix(as, MAP_0F, wide_bit(as), s, 0, BASE, 0, false);
    with_slot(as, MOVE_STORE, s, slot);
}

void st_assembler_registers(st_assembler* as, st_vector_op op, int d, int a, int b)
{
    prefix(as, MAP_0F, wide_bit(as), d, op == ST_VECTOR_SQRT ? 0 : a, b, 0, false);
    with_register(as, op, d, b);
}

void st_assembler_memory(st_assembler* as, st_vector_op op, int d, int a, int slot)
{
    prefix(as, MAP_0F, wide_bit(as), d, op == ST_VECTOR_SQRT ? 0 : a, BASE, 0, false);
    with_slot(as, op, d, slot);
}

static void compare(st_assembler* as, st_vector_test test, int d, int a, int b)
{
    prefix(as, MAP_0F, wide_bit(as), d, a, b, 0, false);
    with_register(as, COMPARE, d, b);
    put(as, test);
}

void st_assembler_choose(st_assembler* as, st_vector_test test, int a, int b, int d, int d2,
                         int scratch)
{
    if (as->is_wide) {
        compare(as, test, 1, a, b); // into mask register k1
        prefix(as, MAP_0F, 1, d, 0, d2, 1, false);
        with_register(as, MOVE_LOAD, d, d2);
    } else {
        compare(as, test, scratch, a, b);
        prefix(as, MAP_0F3A, 0, d, d, d2, 0, false);
        with_register(as, BLEND, d, d2);
        put(as, (unsigned)scratch << 4);
    }
}

void st_assembler_choose_slot(st_assembler* as, st_vector_test test, int a, int b, int d, int slot)
{
    if (as->is_wide) {
        compare(as, test, 1, a, b);
        prefix(as, MAP_0F, 1, d, 0, BASE, 1, true);
        with_slot(as, MOVE_LOAD, d, slot);
    } else {
        compare(as, test, d, a, b);
        st_assembler_memory(as, ST_VECTOR_AND, d, d, slot);
    }
}

void st_assembler_enter(st_assembler* as)
{
    static const uint8_t landing[] = {0xF3, 0x0F, 0x1E, 0xFA}; // endbr64
    reserve(as);
    for (size_t i = 0; i < sizeof landing; i++) {
        put(as, landing[i]);
    }
}

void st_assembler_leave(st_assembler* as)
{
    static const uint8_t leave[] = {0xC5, 0xF8, 0x77, 0xC3}; // vzeroupper, ret
    reserve(as);
    for (size_t i = 0; i < sizeof leave; i++) {
        put(as, leave[i]);
    }
}
