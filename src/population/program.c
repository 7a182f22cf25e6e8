#include "program.h"

#include <string.h>

#define FIRST_CAPACITY 1024u
#define FIRST_BUCKETS  4096u

/// Operations that a program may have: beyond that the machine's caches are no help any more.
#define NODE_LIMIT 4000000u

st_status st_program_begin(st_program_build* b, st_ctx* ctx, int input_count,
                           const st_program_level* level)
{
    *b = (st_program_build){.ctx = ctx, .capacity = FIRST_CAPACITY};
    while (b->capacity < (uint32_t)input_count) {
        b->capacity *= 2u;
    }
    b->output_capacity = (int)FIRST_CAPACITY;
    b->node = st_alloc(ctx, b->capacity, sizeof *b->node);
    b->output = st_alloc(ctx, (size_t)b->output_capacity, sizeof *b->output);
    if (b->node == NULL || b->output == NULL ||
        st_index_set_init(&b->known, ctx, FIRST_BUCKETS) != ST_OK) {
        st_program_clear(b);
        return ST_ERR_MEMORY;
    }
    b->input_count = input_count;
    b->count = (uint32_t)input_count;
    for (uint32_t i = 0; i < b->count; i++) {
        b->node[i] = (st_program_node){.code = ST_OP_INPUT, .a = i, .level = level[i]};
    }
    return ST_OK;
}

void st_program_clear(st_program_build* b)
{
    st_free(b->ctx, b->node);
    st_index_set_clear(&b->known);
    st_free(b->ctx, b->output);
    b->node = NULL;
    b->output = NULL;
}

static bool is_same(const st_program_node* x, const st_program_node* y)
{
    return x->code == y->code && x->a == y->a && x->b == y->b &&
           memcmp(&x->value, &y->value, sizeof x->value) == 0;
}

static bool grow_nodes(st_program_build* b)
{
    st_program_node* grown = NULL;
    if (b->count >= NODE_LIMIT) {
        ST_FAIL(b->ctx, ST_ERR_INPUT,
                "population: a step of this model takes more than %u operations", NODE_LIMIT);
        return false;
    }
    grown = st_realloc(b->ctx, b->node, b->capacity * 2u, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    b->node = grown;
    b->capacity *= 2u;
    return true;
}

static st_value intern(st_program_build* b, st_program_node node)
{
    if (b->failed) {
        return 0;
    }
    const uint64_t hash = st_index_set_hash(node.code, node.a, node.b, node.value);
    uint32_t probe = 0;
    uint32_t known = st_index_set_next(&b->known, hash, &probe);
    while (known != ST_INDEX_NONE && !is_same(&b->node[known], &node)) {
        known = st_index_set_next(&b->known, hash, &probe);
    }
    if (known != ST_INDEX_NONE) {
        return known;
    }
    if (b->count == b->capacity && !grow_nodes(b)) {
        b->failed = true;
        return 0;
    }
    const uint32_t index = b->count++;
    b->node[index] = node;
    if (!st_index_set_add(&b->known, hash, index)) {
        b->failed = true;
    }
    return index;
}

st_value st_program_constant(st_program_build* b, double value)
{
    return intern(b, (st_program_node){.code = ST_OP_CONSTANT, .value = value});
}

/// One operation on numbers, as the tape runs it.
static double fold(st_op_code code, double a, double b)
{
    const st_op op = {.code = (uint16_t)code, .a = 0, .b = 1, .out = 2};
    const uint16_t output = 2;
    const st_tape tape = {.op = &op,
                          .op_count = 1,
                          .register_count = 3,
                          .input_count = 2,
                          .constant = &a,
                          .output = &output,
                          .output_count = 1};
    const double input[2] = {a, b};
    double reg[3];
    double out;
    st_tape_run_scalar(&tape, input, reg, &out);
    return out;
}

st_value st_program_op2(st_program_build* b, st_op_code code, st_value a, st_value b2)
{
    if (b->failed) {
        return 0;
    }
    const st_program_node x = b->node[a];
    const st_program_node y = b->node[b2];
    if (x.code == ST_OP_CONSTANT && y.code == ST_OP_CONSTANT) {
        return st_program_constant(b, fold(code, x.value, y.value));
    }
    if (code == ST_OP_MUL && x.code == ST_OP_CONSTANT && x.value == 1.0) {
        return b2;
    }
    if (code == ST_OP_MUL && y.code == ST_OP_CONSTANT && y.value == 1.0) {
        return a;
    }
    const bool swap = (code == ST_OP_ADD || code == ST_OP_MUL) && a > b2;
    return intern(b, (st_program_node){.code = code,
                                       .a = swap ? b2 : a,
                                       .b = swap ? a : b2,
                                       .level = x.level > y.level ? x.level : y.level});
}

void st_program_output(st_program_build* b, st_value value)
{
    if (!b->failed && b->output_count == b->output_capacity) {
        st_value* grown =
            st_realloc(b->ctx, b->output, 2u * (size_t)b->output_capacity, sizeof *grown);
        b->failed = grown == NULL;
        if (grown != NULL) {
            b->output = grown;
            b->output_capacity *= 2;
        }
    }
    if (!b->failed) {
        b->output[b->output_count++] = value;
    }
}

void st_program_inline(st_program_build* b, const st_tape* tape, const st_value* input,
                       st_value* output)
{
    st_value* reg = st_alloc(b->ctx, (size_t)tape->register_count + 1u, sizeof *reg);
    if (reg == NULL) {
        b->failed = true;
        return;
    }
    memcpy(reg, input, (size_t)tape->input_count * sizeof *reg);
    for (int i = 0; i < tape->constant_count; i++) {
        reg[tape->input_count + i] = st_program_constant(b, tape->constant[i]);
    }
    for (int i = 0; i < tape->op_count; i++) {
        const st_op op = tape->op[i];
        reg[op.out] = st_program_op2(b, (st_op_code)op.code, reg[op.a], reg[op.b]);
    }
    for (int i = 0; i < tape->output_count; i++) {
        output[i] = reg[tape->output[i]];
    }
    st_free(b->ctx, reg);
}

// --- finishing ----------------------------------------------------------------------------------

/// Scratch of st_program_finish(), by value.
typedef struct finish {
    st_program_build* b;
    uint32_t* use_count;
    uint32_t* last_use; ///< value that reads it last; UINT32_MAX = must survive
    uint32_t* slot;
    uint32_t* free_slot;
    uint32_t* phase; ///< calls that lie between the inputs and a value
    uint32_t* order; ///< operations, operands first
    uint32_t free_count, slot_count, order_count;
} finish;

#define NO_SLOT UINT32_MAX

static bool is_operation(const st_program_node* n)
{
    return n->code != ST_OP_CONSTANT && n->code != ST_OP_INPUT;
}

static int operand_count(const st_program_node* n)
{
    return n->code == ST_PROGRAM_MULADD || n->code == ST_PROGRAM_MULSUB ? 3
                                                                        : (n->a == n->b ? 1 : 2);
}

/// How often each value is read by something that an output needs.
static void count_uses(finish* f)
{
    const st_program_build* b = f->b;
    for (int i = 0; i < b->output_count; i++) {
        f->use_count[b->output[i]] += 2; // never fused away
    }
    for (uint32_t i = b->count; i-- > (uint32_t)b->input_count;) {
        const st_program_node* n = &b->node[i];
        if (f->use_count[i] > 0 && is_operation(n)) {
            f->use_count[n->a]++;
            f->use_count[n->b]++;
        }
    }
}

/// A product that is read once, by a sum or as the second part of a difference, joins it.
static void fuse(finish* f)
{
    const st_program_build* b = f->b;
    for (uint32_t i = (uint32_t)b->input_count; i < b->count; i++) {
        st_program_node* n = &b->node[i];
        if (f->use_count[i] == 0 || n->level != ST_LEVEL_STEP ||
            (n->code != ST_OP_ADD && n->code != ST_OP_SUB)) {
            continue;
        }
        const st_value side[2] = {n->b, n->a};
        for (int k = 0; k < (n->code == ST_OP_ADD ? 2 : 1); k++) {
            const st_program_node* product = &b->node[side[k]];
            if (product->code == ST_OP_MUL && f->use_count[side[k]] == 1 &&
                product->level == ST_LEVEL_STEP) {
                f->use_count[side[k]] = 0;
                n->code = n->code == ST_OP_ADD ? ST_PROGRAM_MULADD : ST_PROGRAM_MULSUB;
                n->c = side[1 - k];
                n->b = product->b;
                n->a = product->a;
                break;
            }
        }
    }
}

bool st_program_is_call(uint32_t code)
{
    switch (code) {
    case ST_OP_ADD:
    case ST_OP_SUB:
    case ST_OP_MUL:
    case ST_OP_DIV:
    case ST_OP_NEG:
    case ST_OP_SQRT:
    case ST_OP_MIN:
    case ST_OP_MAX:
    case ST_OP_LE:
    case ST_OP_SQUARE:
    case ST_OP_PLUS:
    case ST_PROGRAM_COPY:
    case ST_PROGRAM_MULADD:
    case ST_PROGRAM_MULSUB:
        return false;
    default:
        return true;
    }
}

static uint32_t phase_behind(const finish* f, st_value operand)
{
    return f->phase[operand] + (st_program_is_call(f->b->node[operand].code) ? 1u : 0u);
}

/// Calls stand together: all that can be computed without one, then the calls that are ready, then
/// what these allow, and so on. Otherwise the order in which the operations were written.
static void choose_order(finish* f)
{
    const st_program_build* b = f->b;
    uint32_t last = 0;
    for (uint32_t i = (uint32_t)b->input_count; i < b->count; i++) {
        const st_program_node* n = &b->node[i];
        if (f->use_count[i] == 0 || !is_operation(n)) {
            continue;
        }
        const st_value operand[3] = {n->a, n->b, n->c};
        for (int k = 0; k < operand_count(n); k++) {
            const bool is_computed = is_operation(&b->node[operand[k]]);
            const uint32_t phase = is_computed ? phase_behind(f, operand[k]) : 0;
            f->phase[i] = phase > f->phase[i] ? phase : f->phase[i];
        }
        last = f->phase[i] > last ? f->phase[i] : last;
    }
    for (uint32_t part = 0; part <= 2u * last + 1u; part++) {
        for (uint32_t i = (uint32_t)b->input_count; i < b->count; i++) {
            const bool is_call = st_program_is_call(b->node[i].code);
            if (f->use_count[i] > 0 && is_operation(&b->node[i]) &&
                2u * f->phase[i] + (is_call ? 1u : 0u) == part) {
                f->order[f->order_count++] = i;
            }
        }
    }
}

static void note_last_uses(finish* f)
{
    const st_program_build* b = f->b;
    for (uint32_t k = 0; k < f->order_count; k++) {
        const uint32_t i = f->order[k];
        const st_program_node* n = &b->node[i];
        f->last_use[n->a] = i;
        f->last_use[n->b] = i;
        if (operand_count(n) == 3) {
            f->last_use[n->c] = i;
        }
    }
}

/// Inputs, constants, outputs, prologue: slots of their own.
static uint32_t pin_slots(finish* f, st_program* p, double* constant)
{
    const st_program_build* b = f->b;
    uint32_t next = (uint32_t)b->input_count;
    for (uint32_t i = 0; i < b->count; i++) {
        f->slot[i] = i < next ? i : NO_SLOT;
    }
    for (uint32_t i = next; i < b->count; i++) {
        if (b->node[i].code == ST_OP_CONSTANT && f->use_count[i] > 0) {
            constant[p->constant_count++] = b->node[i].value;
            f->slot[i] = next++;
        }
    }
    p->first_output = (int)next;
    for (int i = 0; i < b->output_count; i++) {
        const st_value v = b->output[i];
        if (f->slot[v] == NO_SLOT && b->node[v].level == ST_LEVEL_STEP) {
            f->slot[v] = next + (uint32_t)i;
        }
    }
    next += (uint32_t)b->output_count;
    for (uint32_t i = (uint32_t)b->input_count; i < b->count; i++) {
        if (f->use_count[i] > 0 && is_operation(&b->node[i]) &&
            b->node[i].level == ST_LEVEL_PERSON) {
            f->slot[i] = next++;
        }
    }
    return next;
}

/// Temporaries take the slots of values that are dead by then.
static void place(finish* f, uint32_t i, uint32_t first_temporary)
{
    const st_program_node* n = &f->b->node[i];
    const st_value operand[3] = {n->a, n->b, n->c};
    for (int k = 0; k < operand_count(n); k++) {
        const uint32_t slot = f->slot[operand[k]];
        const bool is_repeated =
            (k > 0 && operand[k] == operand[0]) || (k > 1 && operand[k] == operand[1]);
        if (slot >= first_temporary && f->last_use[operand[k]] == i && !is_repeated) {
            f->free_slot[f->free_count++] = slot;
        }
    }
    if (f->slot[i] == NO_SLOT) {
        f->slot[i] = f->free_count > 0 ? f->free_slot[--f->free_count] : f->slot_count++;
    }
}

static st_program_op resolve(const finish* f, uint32_t i)
{
    const st_program_node* n = &f->b->node[i];
    return (st_program_op){.code = (uint16_t)n->code,
                           .out = (uint16_t)f->slot[i],
                           .a = (uint16_t)f->slot[n->a],
                           .b = (uint16_t)f->slot[n->b],
                           .c = (uint16_t)f->slot[operand_count(n) == 3 ? n->c : n->a]};
}

static st_status emit(finish* f, st_arena* arena, st_program* p)
{
    const st_program_build* b = f->b;
    const uint32_t first = (uint32_t)b->input_count;
    int step_count = 0;
    int person_count = 0;
    for (uint32_t i = first; i < b->count; i++) {
        if (f->use_count[i] > 0 && is_operation(&b->node[i])) {
            step_count += b->node[i].level == ST_LEVEL_STEP;
            person_count += b->node[i].level == ST_LEVEL_PERSON;
        }
    }
    st_program_op* body =
        st_arena_alloc(arena, (size_t)step_count + (size_t)b->output_count + 1u, sizeof *body);
    st_program_op* prologue = st_arena_alloc(arena, (size_t)person_count + 1u, sizeof *prologue);
    double* constant = st_arena_alloc(arena, (size_t)b->count + 1u, sizeof *constant);
    if (body == NULL || prologue == NULL || constant == NULL) {
        return ST_ERR_MEMORY;
    }
    f->slot_count = pin_slots(f, p, constant);
    p->temporary = (int)f->slot_count;
    for (uint32_t k = 0; k < f->order_count; k++) {
        const uint32_t i = f->order[k];
        if (b->node[i].level == ST_LEVEL_PERSON) {
            prologue[p->prologue_count++] = resolve(f, i);
        } else {
            place(f, i, (uint32_t)p->temporary);
            body[p->body_count++] = resolve(f, i);
        }
    }
    for (int i = 0; i < b->output_count; i++) {
        const uint32_t to = (uint32_t)(p->first_output + i);
        const uint32_t from = f->slot[b->output[i]];
        if (from != to) {
            body[p->body_count++] = (st_program_op){.code = ST_PROGRAM_COPY,
                                                    .out = (uint16_t)to,
                                                    .a = (uint16_t)from,
                                                    .b = (uint16_t)from,
                                                    .c = (uint16_t)from};
        }
    }
    p->body = body;
    p->prologue = prologue;
    p->constant = constant;
    p->slot_count = (int)f->slot_count;
    if (f->slot_count > UINT16_MAX) {
        return ST_FAIL(b->ctx, ST_ERR_INPUT,
                       "population: a step of this model needs %u values at once, at most %u fit",
                       f->slot_count, (unsigned)UINT16_MAX);
    }
    return ST_OK;
}

st_status st_program_finish(st_program_build* b, st_arena* arena, st_program* out)
{
    finish f = {.b = b};
    const st_value sign = st_program_constant(b, -0.0);
    const st_value one = st_program_constant(b, 1.0);
    *out = (st_program){.input_count = b->input_count, .output_count = b->output_count};
    if (b->failed) {
        return ST_ERR_MEMORY;
    }
    f.use_count = st_alloc(b->ctx, b->count, sizeof *f.use_count);
    f.last_use = st_alloc(b->ctx, b->count, sizeof *f.last_use);
    f.slot = st_alloc(b->ctx, b->count, sizeof *f.slot);
    f.free_slot = st_alloc(b->ctx, b->count, sizeof *f.free_slot);
    f.phase = st_alloc(b->ctx, b->count, sizeof *f.phase);
    f.order = st_alloc(b->ctx, b->count, sizeof *f.order);
    const bool has_room = f.use_count && f.last_use && f.slot && f.free_slot && f.phase && f.order;
    st_status status = has_room ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        f.use_count[sign]++;
        f.use_count[one]++;
        count_uses(&f);
        fuse(&f);
        choose_order(&f);
        note_last_uses(&f);
        status = emit(&f, arena, out);
        out->sign_slot = (int)f.slot[sign];
        out->one_slot = (int)f.slot[one];
    }
    st_free(b->ctx, f.use_count);
    st_free(b->ctx, f.last_use);
    st_free(b->ctx, f.slot);
    st_free(b->ctx, f.free_slot);
    st_free(b->ctx, f.phase);
    st_free(b->ctx, f.order);
    return status;
}
