#include "extract.h"

#include <string.h>

/// A value of the model's tape, by the order in which it comes into being:
/// slots, constants, results.
typedef struct value {
    bool is_needed, is_local, is_operation;
    uint16_t code;
    int a, b;  ///< values
    int place; ///< register in the local tape, -1 none
    int shared_place;
} value;

typedef struct cut {
    st_arena* arena;
    const st_tape* tape;
    value* item;
    int first_operation; ///< values before it are slots and constants
    int count;
    int* output_value; ///< [tape->output_count]
} cut;

static bool is_unary(uint16_t code)
{
    return code == ST_OP_NEG || code == ST_OP_EXP || code == ST_OP_LOG || code == ST_OP_SQRT ||
           code == ST_OP_SQUARE || code == ST_OP_PLUS;
}

/// The tape reuses registers; here each result is a value of its own.
static st_status find_values(cut* c, st_ctx* ctx, const bool* is_local)
{
    const st_tape* t = c->tape;
    int* holds = st_alloc(ctx, (size_t)t->register_count + 1u, sizeof *holds);
    if (holds == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < c->first_operation; i++) {
        c->item[i].is_local = i < t->input_count && is_local[i];
        holds[i] = i;
    }
    for (int k = 0; k < t->op_count; k++) {
        const st_op op = t->op[k];
        value* v = &c->item[c->first_operation + k];
        v->is_operation = true;
        v->code = op.code;
        v->a = holds[op.a];
        v->b = is_unary(op.code) ? v->a : holds[op.b];
        v->is_local = c->item[v->a].is_local || c->item[v->b].is_local;
        holds[op.out] = c->first_operation + k;
    }
    for (int i = 0; i < t->output_count; i++) {
        c->output_value[i] = holds[t->output[i]];
    }
    st_free(ctx, holds);
    return ST_OK;
}

static void mark_needed(cut* c, const int* output, int output_count)
{
    for (int i = 0; i < output_count; i++) {
        c->item[c->output_value[output[i]]].is_needed = true;
    }
    for (int i = c->count - 1; i >= 0; i--) {
        const value* v = &c->item[i];
        if (v->is_needed && v->is_operation) {
            c->item[v->a].is_needed = true;
            c->item[v->b].is_needed = true;
        }
    }
}

/// Values that the local tape reads although all cells share them.
static void mark_shared(cut* c, const int* output, int output_count)
{
    for (int i = 0; i < c->count; i++) {
        value* v = &c->item[i];
        v->place = -1;
        v->shared_place = -1;
    }
    for (int i = 0; i < c->count; i++) {
        const value* v = &c->item[i];
        if (v->is_needed && v->is_operation && v->is_local) {
            c->item[v->a].shared_place = c->item[v->a].is_local ? -1 : 0;
            c->item[v->b].shared_place = c->item[v->b].is_local ? -1 : 0;
        }
    }
    for (int i = 0; i < output_count; i++) {
        value* v = &c->item[c->output_value[output[i]]];
        v->shared_place = v->is_local ? -1 : 0;
    }
}

static st_status write_local(cut* c, const int* output, st_extract* out)
{
    st_op* op = st_arena_alloc(c->arena, (size_t)c->count + 1u, sizeof *op);
    uint16_t* results = st_arena_alloc(c->arena, (size_t)out->output_count + 1u, sizeof *results);
    out->local_slot = st_arena_alloc(c->arena, (size_t)c->count + 1u, sizeof(int));
    out->shared_value = st_arena_alloc(c->arena, (size_t)c->count + 1u, sizeof(double));
    if (!op || !results || !out->local_slot || !out->shared_value) {
        return ST_ERR_MEMORY;
    }
    int next = 0;
    for (int i = 0; i < c->tape->input_count; i++) {
        if (c->item[i].is_needed && c->item[i].is_local) {
            out->local_slot[out->local_count++] = i;
            c->item[i].place = next++;
        }
    }
    for (int i = 0; i < c->count; i++) {
        if (c->item[i].shared_place == 0) {
            c->item[i].shared_place = out->shared_count++;
            c->item[i].place = next++;
        }
    }
    st_tape* local = &out->local;
    local->input_count = next;
    for (int i = c->first_operation; i < c->count; i++) {
        value* v = &c->item[i];
        if (v->is_needed && v->is_local) {
            v->place = next++;
            op[local->op_count++] = (st_op){.code = v->code,
                                            .a = (uint16_t)c->item[v->a].place,
                                            .b = (uint16_t)c->item[v->b].place,
                                            .out = (uint16_t)v->place};
        }
    }
    if (next > UINT16_MAX) {
        return ST_FAIL(c->arena->ctx, ST_ERR_INPUT,
                       "agents: a cell type needs %d registers, at most %d are possible", next,
                       UINT16_MAX);
    }
    for (int i = 0; i < out->output_count; i++) {
        results[i] = (uint16_t)c->item[c->output_value[output[i]]].place;
    }
    local->op = op;
    local->output = results;
    local->output_count = out->output_count;
    local->register_count = next;
    return ST_OK;
}

/// The part that all cells share runs on the model's own tape, cut down; its
/// registers are values.
static st_status write_shared(cut* c, st_extract* out)
{
    st_op* op = st_arena_alloc(c->arena, (size_t)c->count + 1u, sizeof *op);
    uint16_t* results = st_arena_alloc(c->arena, (size_t)out->shared_count + 1u, sizeof *results);
    out->shared_reg = st_arena_alloc(c->arena, (size_t)c->count + 1u, sizeof(double));
    if (!op || !results || !out->shared_reg) {
        return ST_ERR_MEMORY;
    }
    int* place = st_alloc(c->arena->ctx, (size_t)c->count + 1u, sizeof *place);
    if (place == NULL) {
        return ST_ERR_MEMORY;
    }
    st_tape* shared = &out->shared;
    int next = c->first_operation;
    for (int i = 0; i < c->count; i++) {
        const value* v = &c->item[i];
        place[i] = i < c->first_operation ? i : -1;
        if (v->is_operation && v->is_needed && !v->is_local) {
            place[i] = next++;
            op[shared->op_count++] = (st_op){.code = v->code,
                                             .a = (uint16_t)place[v->a],
                                             .b = (uint16_t)place[v->b],
                                             .out = (uint16_t)place[i]};
        }
        if (v->shared_place >= 0) {
            results[v->shared_place] = (uint16_t)place[i];
        }
    }
    st_free(c->arena->ctx, place);
    if (next > UINT16_MAX) {
        return ST_FAIL(c->arena->ctx, ST_ERR_INPUT,
                       "agents: the model needs %d registers, at most %d are possible", next,
                       UINT16_MAX);
    }
    shared->op = op;
    shared->output = results;
    shared->output_count = out->shared_count;
    shared->input_count = c->tape->input_count;
    shared->constant = c->tape->constant;
    shared->constant_count = c->tape->constant_count;
    shared->register_count = next;
    return ST_OK;
}

st_status st_extract_build(st_arena* arena, const st_tape* tape, const int* output,
                           int output_count, const bool* is_local, st_extract* out)
{
    st_ctx* ctx = arena->ctx;
    *out = (st_extract){.output_count = output_count};
    cut c = {.arena = arena, .tape = tape};
    c.first_operation = tape->input_count + tape->constant_count;
    c.count = c.first_operation + tape->op_count;
    c.item = st_alloc(ctx, (size_t)c.count + 1u, sizeof *c.item);
    c.output_value = st_alloc(ctx, (size_t)tape->output_count + 1u, sizeof *c.output_value);
    st_status status = c.item && c.output_value ? find_values(&c, ctx, is_local) : ST_ERR_MEMORY;
    if (status == ST_OK) {
        mark_needed(&c, output, output_count);
        mark_shared(&c, output, output_count);
        status = write_local(&c, output, out);
    }
    if (status == ST_OK) {
        status = write_shared(&c, out);
    }
    st_free(ctx, c.item);
    st_free(ctx, c.output_value);
    return status;
}

void st_extract_share(st_extract* program, const double* slot)
{
    st_tape_run_scalar(&program->shared, slot, program->shared_reg, program->shared_value);
}

size_t st_extract_register_count(const st_extract* program)
{
    return ((size_t)program->local.register_count + 1u) * ST_LANES;
}

void st_extract_load(const st_extract* program, double* reg)
{
    for (int i = 0; i < program->shared_count; i++) {
        double* row = reg + (size_t)(program->local_count + i) * ST_LANES;
        for (int lane = 0; lane < ST_LANES; lane++) {
            row[lane] = program->shared_value[i];
        }
    }
}
