#include "code.h"

#include "assembler.h"

#include <string.h>

#if defined(__x86_64__) && defined(__linux__)

#include <sys/mman.h>

/// Longer bodies would not stay in the caches as code; the kernels loop over them instead.
#define OP_LIMIT 40000

/// A value that is read again within so many operations is worth a register of its own.
#define NEAR_OPS 96

#define NEVER INT32_MAX

/// A run of machine code, or of operations that have none.
typedef struct part {
    size_t begin; ///< in the code
    int op;       ///< first of the operations
    int op_count; ///< 0: machine code
} part;

struct st_code {
    st_ctx* ctx;
    const st_program* program;
    st_width width;
    part* part;
    int part_count;
    void* memory;
    size_t size;
};

/// Where the values are while the code is written.
typedef struct writer {
    st_assembler as;
    const st_program* program;
    int (*next)[4];   ///< [body_count] next reader of a, b, c and the result, NEVER = none
    int* register_of; ///< [slot_count] -1 = in memory only
    int slot_of[32];  ///< -1 = free
    int next_use[32];
    bool is_dirty[32]; ///< newer than its slot
    bool is_locked[32];
    int register_count; ///< for values; one more is scratch
    int scratch;
} writer;

/// Who reads each value next, from the end backwards. Outputs are read by the caller.
static bool find_next_readers(writer* w)
{
    const st_program* p = w->program;
    int* reader = st_alloc(w->as.ctx, (size_t)p->slot_count + 1u, sizeof *reader);
    if (reader == NULL) {
        return false;
    }
    for (int s = 0; s < p->slot_count; s++) {
        const bool is_output = s >= p->first_output && s < p->first_output + p->output_count;
        reader[s] = is_output ? p->body_count : NEVER;
    }
    for (int i = p->body_count - 1; i >= 0; i--) {
        const st_program_op op = p->body[i];
        w->next[i][3] = reader[op.out];
        reader[op.out] = NEVER;
        w->next[i][0] = reader[op.a];
        w->next[i][1] = reader[op.b];
        w->next[i][2] = reader[op.c];
        reader[op.a] = i;
        reader[op.b] = i;
        reader[op.c] = i;
    }
    st_free(w->as.ctx, reader);
    return true;
}

static void forget(writer* w, int r)
{
    if (w->slot_of[r] >= 0) {
        w->register_of[w->slot_of[r]] = -1;
    }
    w->slot_of[r] = -1;
    w->is_dirty[r] = false;
}

/// A register to write to: a free one, else that whose value is needed last.
static int take_register(writer* w)
{
    int best = 0;
    for (int r = 0; r < w->register_count; r++) {
        if (w->is_locked[r]) {
            continue;
        }
        if (w->slot_of[r] < 0) {
            return r;
        }
        if (w->is_locked[best] || w->next_use[r] > w->next_use[best]) {
            best = r;
        }
    }
    if (w->is_dirty[best] && w->next_use[best] != NEVER) {
        st_assembler_store(&w->as, w->slot_of[best], best);
    }
    forget(w, best);
    return best;
}

static void bind(writer* w, int r, int slot, int next_use, bool is_dirty)
{
    if (w->register_of[slot] >= 0) {
        forget(w, w->register_of[slot]);
    }
    w->slot_of[r] = slot;
    w->register_of[slot] = r;
    w->next_use[r] = next_use;
    w->is_dirty[r] = is_dirty;
}

/// Register with the slot's value, locked.
static int fetch(writer* w, int slot, int next_use)
{
    int r = w->register_of[slot];
    if (r < 0) {
        r = take_register(w);
        st_assembler_load(&w->as, r, slot);
        bind(w, r, slot, next_use, false);
    }
    w->is_locked[r] = true;
    w->next_use[r] = next_use;
    return r;
}

/// The same for values that are there or soon read again, else -1: read it from memory.
static int fetch_if_near(writer* w, int slot, int next_use, int now)
{
    const bool is_near = next_use != NEVER && next_use - now <= NEAR_OPS;
    return w->register_of[slot] >= 0 || is_near ? fetch(w, slot, next_use) : -1;
}

static void unlock(writer* w, int r)
{
    if (r >= 0) {
        w->is_locked[r] = false;
        if (w->next_use[r] == NEVER) {
            forget(w, r);
        }
    }
}

/// d = a op b where b is in register rb or, with rb < 0, in its slot.
static void combine(writer* w, st_vector_op op, int d, int ra, int rb, int slot_b)
{
    if (rb >= 0) {
        st_assembler_registers(&w->as, op, d, ra, rb);
    } else {
        st_assembler_memory(&w->as, op, d, ra, slot_b);
    }
}

static void write_two(writer* w, int i, st_program_op op, st_vector_op code)
{
    int next_a = w->next[i][0];
    int next_b = w->next[i][1];
    const bool commutes = code == ST_VECTOR_ADD || code == ST_VECTOR_MUL;
    if (commutes && w->register_of[op.a] < 0 && w->register_of[op.b] >= 0) {
        const uint16_t slot = op.a;
        op.a = op.b;
        op.b = slot;
        next_a = w->next[i][1];
        next_b = w->next[i][0];
    }
    const int ra = fetch(w, op.a, next_a);
    const int rb = op.a == op.b ? ra : fetch_if_near(w, op.b, next_b, i);
    unlock(w, ra);
    unlock(w, rb == ra ? -1 : rb);
    const int d = take_register(w);
    combine(w, code, d, ra, rb, op.b);
    bind(w, d, op.out, w->next[i][3], true);
}

/// A product joined with a sum or difference, each rounded.
static void write_three(writer* w, int i, st_program_op op)
{
    int next_a = w->next[i][0];
    int next_b = w->next[i][1];
    if (w->register_of[op.a] < 0 && w->register_of[op.b] >= 0) {
        const uint16_t slot = op.a;
        op.a = op.b;
        op.b = slot;
        next_a = w->next[i][1];
        next_b = w->next[i][0];
    }
    const bool subtracts = op.code == ST_PROGRAM_MULSUB;
    const int ra = fetch(w, op.a, next_a);
    const int rb = op.a == op.b ? ra : fetch_if_near(w, op.b, next_b, i);
    int rc = op.c == op.a ? ra : op.c == op.b ? rb : fetch_if_near(w, op.c, w->next[i][2], i);
    const bool c_is_own = op.c != op.a && op.c != op.b;
    if (c_is_own) {
        unlock(w, ra);
        unlock(w, rb == ra ? -1 : rb);
    }
    const int d = take_register(w);
    combine(w, ST_VECTOR_MUL, d, ra, rb, op.b);
    if (!subtracts) {
        combine(w, ST_VECTOR_ADD, d, d, rc, op.c);
    } else {
        if (rc < 0) {
            st_assembler_load(&w->as, w->scratch, op.c);
        }
        st_assembler_registers(&w->as, ST_VECTOR_SUB, d, rc < 0 ? w->scratch : rc, d);
    }
    if (c_is_own) {
        unlock(w, rc);
    } else {
        unlock(w, ra);
        unlock(w, rb == ra ? -1 : rb);
    }
    bind(w, d, op.out, w->next[i][3], true);
}

/// max(a, 0) that keeps what is not a number and never gives -0; then squared if asked.
static void write_plus(writer* w, int i, st_program_op op)
{
    const int ra = fetch_if_near(w, op.a, w->next[i][0], i);
    unlock(w, ra);
    const int d = take_register(w);
    st_assembler_registers(&w->as, ST_VECTOR_XOR, w->scratch, w->scratch, w->scratch);
    combine(w, ST_VECTOR_MAX, d, w->scratch, ra, op.a);
    st_assembler_registers(&w->as, ST_VECTOR_ADD, d, d, w->scratch);
    if (op.code == ST_OP_SQUARE) {
        st_assembler_registers(&w->as, ST_VECTOR_MUL, d, d, d);
    }
    bind(w, d, op.out, w->next[i][3], true);
}

static void write_choice(writer* w, int i, st_program_op op)
{
    const int ra = fetch(w, op.a, w->next[i][0]);
    const int rb = fetch(w, op.b, w->next[i][1]);
    const int d = take_register(w);
    if (op.code == ST_OP_LE) {
        st_assembler_choose_slot(&w->as, ST_VECTOR_LE, ra, rb, d, w->program->one_slot);
    } else {
        const bool is_min = op.code == ST_OP_MIN;
        st_assembler_registers(&w->as, ST_VECTOR_ADD, d, ra, rb);
        st_assembler_choose(&w->as, ST_VECTOR_LE, ra, rb, d, is_min ? ra : rb, w->scratch);
        st_assembler_choose(&w->as, ST_VECTOR_LT, rb, ra, d, is_min ? rb : ra, w->scratch);
    }
    unlock(w, ra);
    unlock(w, rb == ra ? -1 : rb);
    bind(w, d, op.out, w->next[i][3], true);
}

static void write_one(writer* w, int i, st_program_op op)
{
    const int ra = fetch(w, op.a, w->next[i][0]);
    if (op.code == ST_PROGRAM_COPY) {
        st_assembler_store(&w->as, op.out, ra);
        unlock(w, ra);
        if (w->register_of[op.out] >= 0) {
            forget(w, w->register_of[op.out]);
        }
        return;
    }
    unlock(w, ra);
    const int d = take_register(w);
    if (op.code == ST_OP_NEG) {
        st_assembler_memory(&w->as, ST_VECTOR_XOR, d, ra, w->program->sign_slot);
    } else {
        st_assembler_registers(&w->as, ST_VECTOR_SQRT, d, 0, ra);
    }
    bind(w, d, op.out, w->next[i][3], true);
}

static void write_op(writer* w, int i)
{
    const st_program_op op = w->program->body[i];
    switch (op.code) {
    case ST_OP_ADD:
        write_two(w, i, op, ST_VECTOR_ADD);
        break;
    case ST_OP_SUB:
        write_two(w, i, op, ST_VECTOR_SUB);
        break;
    case ST_OP_MUL:
        write_two(w, i, op, ST_VECTOR_MUL);
        break;
    case ST_OP_DIV:
        write_two(w, i, op, ST_VECTOR_DIV);
        break;
    case ST_PROGRAM_MULADD:
    case ST_PROGRAM_MULSUB:
        write_three(w, i, op);
        break;
    case ST_OP_PLUS:
    case ST_OP_SQUARE:
        write_plus(w, i, op);
        break;
    case ST_OP_MIN:
    case ST_OP_MAX:
    case ST_OP_LE:
        write_choice(w, i, op);
        break;
    default:
        write_one(w, i, op);
        break;
    }
}

/// Everything that is read later goes to its slot; all registers are free.
static void flush(writer* w)
{
    for (int r = 0; r < w->register_count; r++) {
        if (w->slot_of[r] >= 0 && w->is_dirty[r] && w->next_use[r] != NEVER) {
            st_assembler_store(&w->as, w->slot_of[r], r);
        }
        forget(w, r);
    }
}

static void write_parts(writer* w, st_code* code)
{
    const st_program* p = w->program;
    int i = 0;
    while (i < p->body_count) {
        part* now = &code->part[code->part_count++];
        *now = (part){.begin = w->as.count, .op = i};
        for (; i < p->body_count && st_program_is_call(p->body[i].code); i++) {
            now->op_count++;
        }
        if (now->op_count > 0) {
            continue;
        }
        st_assembler_enter(&w->as);
        for (; i < p->body_count && !st_program_is_call(p->body[i].code); i++) {
            write_op(w, i);
        }
        flush(w);
        st_assembler_leave(&w->as);
    }
}

/// Writable first, then executable, never both.
static bool make_executable(st_code* code, const st_assembler* as)
{
    code->size = as->count > 0 ? as->count : 1;
    code->memory =
        mmap(NULL, code->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code->memory == MAP_FAILED) {
        code->memory = NULL;
        return false;
    }
    memcpy(code->memory, as->byte, as->count);
    return mprotect(code->memory, code->size, PROT_READ | PROT_EXEC) == 0;
}

/// True when the code is there; false without a message when the system forbids it.
static bool write_all(writer* w, st_code* code)
{
    const st_program* p = w->program;
    bool is_done = false;
    w->next = st_alloc(code->ctx, (size_t)p->body_count + 1u, sizeof *w->next);
    w->register_of = st_alloc(code->ctx, (size_t)p->slot_count + 1u, sizeof *w->register_of);
    if (w->next != NULL && w->register_of != NULL && find_next_readers(w)) {
        for (int s = 0; s < p->slot_count; s++) {
            w->register_of[s] = -1;
        }
        for (int r = 0; r < 32; r++) {
            w->slot_of[r] = -1;
        }
        write_parts(w, code);
        is_done = !w->as.failed && make_executable(code, &w->as);
    }
    st_free(code->ctx, w->next);
    st_free(code->ctx, w->register_of);
    return is_done;
}

st_status st_code_create(st_ctx* ctx, const st_program* program, st_width width, st_code** out)
{
    *out = NULL;
    if (width == ST_WIDTH_PLAIN || program->body_count > OP_LIMIT) {
        return ST_OK;
    }
    const bool is_wide = width == ST_WIDTH_AVX512;
    writer w = {
        .program = program, .register_count = is_wide ? 31 : 15, .scratch = is_wide ? 31 : 15};
    st_code* code = st_alloc(ctx, 1, sizeof *code);
    if (code == NULL) {
        return ST_ERR_MEMORY;
    }
    code->ctx = ctx;
    code->program = program;
    code->width = width;
    code->part = st_alloc(ctx, (size_t)program->body_count + 1u, sizeof *code->part);
    bool is_done = false;
    bool has_memory = code->part != NULL && st_assembler_init(&w.as, ctx, is_wide);
    if (has_memory) {
        is_done = write_all(&w, code);
        st_assembler_clear(&w.as);
    }
    if (is_done) {
        *out = code;
        return ST_OK;
    }
    has_memory = has_memory && !w.as.failed;
    st_code_destroy(code);
    return has_memory ? ST_OK : ST_ERR_MEMORY;
}

void st_code_destroy(st_code* code)
{
    if (code == NULL) {
        return;
    }
    if (code->memory != NULL) {
        munmap(code->memory, code->size);
    }
    st_free(code->ctx, code->part);
    st_free(code->ctx, code);
}

void st_code_run(const st_code* code, double* slot)
{
    const size_t half = ST_LANES / 2;
    for (int i = 0; i < code->part_count; i++) {
        const part* now = &code->part[i];
        if (now->op_count > 0) {
            st_program_run(&code->program->body[now->op], now->op_count, code->width, slot);
            continue;
        }
        double* base = slot + (size_t)ST_ASSEMBLER_BIAS * ST_LANES;
        const uint8_t* begin = (const uint8_t*)code->memory + now->begin;
        void (*run)(double*);
        memcpy(&run, &begin, sizeof run); // C has no cast from bytes to a function
        run(base);
        if (code->width != ST_WIDTH_AVX512) {
            run(base + half);
        }
    }
}

#else

st_status st_code_create(st_ctx* ctx, const st_program* program, st_width width, st_code** out)
{
    (void)ctx;
    (void)program;
    (void)width;
    *out = NULL;
    return ST_OK;
}

void st_code_destroy(st_code* code)
{
    (void)code;
}

void st_code_run(const st_code* code, double* slot)
{
    (void)code;
    (void)slot;
}

#endif
