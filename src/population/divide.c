#include "divide.h"

#include <string.h>

/// Scratch of one rewrite. A value is an input, a constant or the result of an operation.
typedef struct rewrite {
    const st_tape* tape;
    int* value_of; ///< [register_count] value that a register holds at this point
    bool* changes; ///< [values]
    int* divisor_count;
    uint16_t* reciprocal; ///< [values] register of 1/value, 0 = none yet
} rewrite;

/// Registers of the new tape: one more constant, 1, stands behind the old ones.
static uint16_t moved(const st_tape* tape, uint16_t reg)
{
    return (uint16_t)(reg < tape->input_count + tape->constant_count ? reg : reg + 1);
}

static void reset_values(rewrite* r)
{
    for (int i = 0; i < r->tape->register_count; i++) {
        r->value_of[i] = i;
    }
}

static int result_of(const rewrite* r, int op)
{
    return r->tape->register_count + op;
}

static void study_divisors(rewrite* r)
{
    reset_values(r);
    for (int i = 0; i < r->tape->op_count; i++) {
        const st_op op = r->tape->op[i];
        const int a = r->value_of[op.a];
        const int b = r->value_of[op.b];
        r->divisor_count[b] += op.code == ST_OP_DIV;
        r->changes[result_of(r, i)] = r->changes[a] || r->changes[b];
        r->value_of[op.out] = result_of(r, i);
    }
}

static bool is_worth_it(const rewrite* r, int a, int b)
{
    return r->divisor_count[b] > 1 || (r->changes[a] && !r->changes[b]);
}

static void write_ops(rewrite* r, st_op* to, st_tape* out)
{
    const st_tape* tape = r->tape;
    const uint16_t one = (uint16_t)(tape->input_count + tape->constant_count);
    reset_values(r);
    for (int i = 0; i < tape->op_count; i++) {
        const st_op old = tape->op[i];
        const int a = r->value_of[old.a];
        const int b = r->value_of[old.b];
        st_op op = {.code = old.code,
                    .a = moved(tape, old.a),
                    .b = moved(tape, old.b),
                    .out = moved(tape, old.out)};
        if (old.code == ST_OP_DIV && is_worth_it(r, a, b)) {
            if (r->reciprocal[b] == 0) {
                r->reciprocal[b] = (uint16_t)out->register_count++;
                to[out->op_count++] =
                    (st_op){.code = ST_OP_DIV, .a = one, .b = op.b, .out = r->reciprocal[b]};
            }
            op.code = ST_OP_MUL;
            op.b = r->reciprocal[b];
        }
        to[out->op_count++] = op;
        r->value_of[old.out] = result_of(r, i);
    }
}

static st_status fill(rewrite* r, st_arena* arena, st_tape* out)
{
    const st_tape* tape = r->tape;
    const size_t ops = (size_t)tape->op_count;
    st_op* op = st_arena_alloc(arena, 2u * ops + 1u, sizeof *op);
    double* constant = st_arena_alloc(arena, (size_t)tape->constant_count + 1u, sizeof *constant);
    uint16_t* output = st_arena_alloc(arena, (size_t)tape->output_count + 1u, sizeof *output);
    if (op == NULL || constant == NULL || output == NULL) {
        return ST_ERR_MEMORY;
    }
    memcpy(constant, tape->constant, (size_t)tape->constant_count * sizeof *constant);
    constant[tape->constant_count] = 1.0;
    for (int i = 0; i < tape->output_count; i++) {
        output[i] = moved(tape, tape->output[i]);
    }
    *out = (st_tape){.op = op,
                     .register_count = tape->register_count + 1,
                     .input_count = tape->input_count,
                     .constant = constant,
                     .constant_count = tape->constant_count + 1,
                     .output = output,
                     .output_count = tape->output_count};
    study_divisors(r);
    write_ops(r, op, out);
    return ST_OK;
}

st_status st_divide_rewrite(st_arena* arena, const st_tape* tape, const bool* changes, st_tape* out)
{
    st_ctx* ctx = arena->ctx;
    const size_t values = (size_t)tape->register_count + (size_t)tape->op_count + 1u;
    rewrite r = {.tape = tape};
    *out = *tape;
    if (values > UINT16_MAX) {
        return ST_OK; // a tape so long is left as it is
    }
    r.value_of = st_alloc(ctx, (size_t)tape->register_count + 1u, sizeof *r.value_of);
    r.changes = st_alloc(ctx, values, sizeof *r.changes);
    r.divisor_count = st_alloc(ctx, values, sizeof *r.divisor_count);
    r.reciprocal = st_alloc(ctx, values, sizeof *r.reciprocal);
    st_status status = ST_ERR_MEMORY;
    if (r.value_of && r.changes && r.divisor_count && r.reciprocal) {
        memcpy(r.changes, changes, (size_t)tape->input_count * sizeof *changes);
        status = fill(&r, arena, out);
    }
    st_free(ctx, r.value_of);
    st_free(ctx, r.changes);
    st_free(ctx, r.divisor_count);
    st_free(ctx, r.reciprocal);
    return status;
}
