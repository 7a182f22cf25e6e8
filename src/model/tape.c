#include "tape.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

#define PPOW_CEILING 1e300 // w/(1 + w) stays 1 and never becomes inf/inf
#define WHOLE_LIMIT  7.0   // exponents up to here are products

/// What the build needs per node; scratch of the context, freed at the end.
typedef struct build {
    st_ctx* ctx;
    const st_graph* graph;
    st_expr* order; ///< nodes with operations, operands first
    uint32_t order_count;
    uint32_t* last_use; ///< position in `order` after which a node is dead; UINT32_MAX = output
    uint8_t* mark;      ///< 1 = visited
    uint32_t* place;    ///< register of a node
    st_expr* constant;
    uint32_t constant_count;
} build;

static void visit(build* b, st_expr e)
{
    if (b->mark[e] != 0) {
        return;
    }
    b->mark[e] = 1;
    const st_expr_node* n = &b->graph->node[e];
    if (n->code == ST_OP_CONSTANT) {
        b->constant[b->constant_count++] = e;
        return;
    }
    if (n->code == ST_OP_INPUT) {
        return;
    }
    visit(b, n->a);
    if (!st_op_is_unary(n->code)) {
        visit(b, n->b);
    }
    b->order[b->order_count++] = e;
}

static bool has_register_of_its_own(const build* b, st_expr e)
{
    return b->graph->node[e].code != ST_OP_CONSTANT && b->graph->node[e].code != ST_OP_INPUT;
}

/// Gives each node a register; results reuse registers of nodes that are dead by then.
static uint32_t place_registers(build* b, uint32_t first_free, uint32_t* stack)
{
    uint32_t stack_count = 0;
    uint32_t next = first_free;
    for (uint32_t i = 0; i < b->order_count; i++) {
        const st_expr e = b->order[i];
        const st_expr_node* n = &b->graph->node[e];
        const st_expr operand[2] = {n->a, n->b};
        const int operand_count = st_op_is_unary(n->code) || n->a == n->b ? 1 : 2;
        // operands are read before the result is written, so the result may take their register
        for (int k = 0; k < operand_count; k++) {
            if (has_register_of_its_own(b, operand[k]) && b->last_use[operand[k]] == i) {
                stack[stack_count++] = b->place[operand[k]];
            }
        }
        b->place[e] = stack_count > 0 ? stack[--stack_count] : next++;
    }
    return next;
}

static st_status build_alloc(build* b, st_ctx* ctx, const st_graph* graph)
{
    *b = (build){.ctx = ctx, .graph = graph};
    b->order = st_alloc(ctx, graph->count, sizeof *b->order);
    b->last_use = st_alloc(ctx, graph->count, sizeof *b->last_use);
    b->mark = st_alloc(ctx, graph->count, sizeof *b->mark);
    b->place = st_alloc(ctx, graph->count, sizeof *b->place);
    b->constant = st_alloc(ctx, graph->count, sizeof *b->constant);
    const bool ok = b->order && b->last_use && b->mark && b->place && b->constant;
    return ok ? ST_OK : ST_ERR_MEMORY;
}

static void build_free(build* b)
{
    st_free(b->ctx, b->order);
    st_free(b->ctx, b->last_use);
    st_free(b->ctx, b->mark);
    st_free(b->ctx, b->place);
    st_free(b->ctx, b->constant);
}

static st_status emit(st_arena* arena, const build* b, const st_expr* output, int count,
                      st_tape* tape)
{
    st_op* op = st_arena_alloc(arena, b->order_count + 1u, sizeof *op);
    double* constant = st_arena_alloc(arena, b->constant_count + 1u, sizeof *constant);
    uint16_t* out = st_arena_alloc(arena, (size_t)count + 1u, sizeof *out);
    if (op == NULL || constant == NULL || out == NULL) {
        return ST_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < b->order_count; i++) {
        const st_expr_node* n = &b->graph->node[b->order[i]];
        const uint32_t operand_b = st_op_is_unary(n->code) ? n->a : n->b;
        op[i] = (st_op){.code = (uint16_t)n->code,
                        .a = (uint16_t)b->place[n->a],
                        .b = (uint16_t)b->place[operand_b],
                        .out = (uint16_t)b->place[b->order[i]]};
    }
    for (uint32_t i = 0; i < b->constant_count; i++) {
        constant[i] = b->graph->node[b->constant[i]].value;
    }
    for (int i = 0; i < count; i++) {
        out[i] = (uint16_t)b->place[output[i]];
    }
    tape->op = op;
    tape->constant = constant;
    tape->output = out;
    return ST_OK;
}

st_status st_tape_build(st_arena* arena, const st_graph* graph, int input_count,
                        const st_expr* output, int count, st_tape* tape)
{
    st_ctx* ctx = arena->ctx;
    uint32_t* stack = NULL;
    build b;
    st_status status = build_alloc(&b, ctx, graph);
    if (status != ST_OK) {
        goto cleanup;
    }
    for (int i = 0; i < count; i++) {
        visit(&b, output[i]);
    }
    for (uint32_t i = 0; i < b.order_count; i++) {
        const st_expr_node* n = &graph->node[b.order[i]];
        b.last_use[n->a] = i;
        if (!st_op_is_unary(n->code)) {
            b.last_use[n->b] = i;
        }
    }
    for (int i = 0; i < count; i++) {
        b.last_use[output[i]] = UINT32_MAX;
    }
    for (uint32_t e = 0; e < graph->count; e++) {
        if (b.mark[e] != 0 && graph->node[e].code == ST_OP_INPUT) {
            b.place[e] = graph->node[e].a;
        }
    }
    for (uint32_t i = 0; i < b.constant_count; i++) {
        b.place[b.constant[i]] = (uint32_t)input_count + i;
    }
    stack = st_alloc(ctx, 2u * (size_t)b.order_count + 1u, sizeof *stack);
    if (stack == NULL) {
        status = ST_ERR_MEMORY;
        goto cleanup;
    }
    const uint32_t register_count =
        place_registers(&b, (uint32_t)input_count + b.constant_count, stack);
    if (register_count > UINT16_MAX) {
        status = ST_FAIL(ctx, ST_ERR_INPUT, "model: needs %u registers, at most %u are possible",
                         register_count, (unsigned)UINT16_MAX);
        goto cleanup;
    }
    *tape = (st_tape){.op_count = (int)b.order_count,
                      .register_count = (int)register_count,
                      .input_count = input_count,
                      .constant_count = (int)b.constant_count,
                      .output_count = count};
    status = emit(arena, &b, output, count, tape);

cleanup:
    st_free(ctx, stack);
    build_free(&b);
    return status;
}

void st_tape_prepare(const st_tape* tape, double* reg)
{
    for (int i = 0; i < tape->constant_count; i++) {
        double* r = reg + (size_t)(tape->input_count + i) * ST_LANES;
        for (int lane = 0; lane < ST_LANES; lane++) {
            r[lane] = tape->constant[i];
        }
    }
}

double st_tape_signal_power(double a, double b)
{
    double p;
    if (b >= 0.0 && b <= WHOLE_LIMIT && b == floor(b)) {
        const unsigned bits = (unsigned)b;
        const double a2 = a * a;
        const double a4 = a2 * a2;
        p = ((bits & 1u) != 0 ? a : 1.0) * ((bits & 2u) != 0 ? a2 : 1.0);
        p *= (bits & 4u) != 0 ? a4 : 1.0;
    } else {
        p = st_pow(a, b);
    }
    p = a <= 0.0 ? 0.0 : p; // what is not a number stays that
    return p > PPOW_CEILING ? PPOW_CEILING : p;
}

#define LANES for (int i = 0; i < ST_LANES; i++)

void st_tape_run(const st_tape* tape, double* reg)
{
    for (int k = 0; k < tape->op_count; k++) {
        const st_op op = tape->op[k];
        const double* a = reg + (size_t)op.a * ST_LANES;
        const double* b = reg + (size_t)op.b * ST_LANES;
        double* out = reg + (size_t)op.out * ST_LANES;
        double r[ST_LANES] __attribute__((aligned(64)));
        switch ((st_op_code)op.code) {
        case ST_OP_ADD:
            LANES r[i] = a[i] + b[i];
            break;
        case ST_OP_SUB:
            LANES r[i] = a[i] - b[i];
            break;
        case ST_OP_MUL:
            LANES r[i] = a[i] * b[i];
            break;
        case ST_OP_DIV:
            LANES r[i] = a[i] / b[i];
            break;
        case ST_OP_NEG:
            LANES r[i] = -a[i];
            break;
        case ST_OP_EXP:
            st_exp_lanes(a, r);
            break;
        case ST_OP_LOG:
            st_log_lanes(a, r);
            break;
        case ST_OP_POW:
            st_pow_lanes(a, b, r);
            break;
        case ST_OP_PPOW:
            LANES r[i] = st_tape_signal_power(a[i], b[i]);
            break;
        case ST_OP_SQRT:
            LANES r[i] = sqrt(a[i]);
            break;
        case ST_OP_MIN:
            LANES r[i] = a[i] <= b[i] ? a[i] : (b[i] < a[i] ? b[i] : a[i] + b[i]);
            break;
        case ST_OP_MAX:
            LANES r[i] = a[i] <= b[i] ? b[i] : (b[i] < a[i] ? a[i] : a[i] + b[i]);
            break;
        case ST_OP_LE:
            LANES r[i] = a[i] <= b[i] ? 1.0 : 0.0;
            break;
        case ST_OP_SQUARE:
            LANES r[i] = a[i] <= 0.0 ? 0.0 : a[i] * a[i];
            break;
        case ST_OP_PLUS:
            LANES r[i] = a[i] <= 0.0 ? 0.0 : a[i];
            break;
        case ST_OP_CONSTANT:
        case ST_OP_INPUT:
        case ST_OP_COUNT:
            LANES r[i] = NAN;
            break;
        }
        memcpy(out, r, sizeof r);
    }
}

#undef LANES

void st_tape_run_scalar(const st_tape* tape, const double* input, double* reg, double* output)
{
    memcpy(reg, input, (size_t)tape->input_count * sizeof *reg);
    if (tape->constant_count > 0) {
        memcpy(reg + tape->input_count, tape->constant, (size_t)tape->constant_count * sizeof *reg);
    }
    for (int k = 0; k < tape->op_count; k++) {
        const st_op op = tape->op[k];
        reg[op.out] = st_op_apply((st_op_code)op.code, reg[op.a], reg[op.b]);
    }
    for (int i = 0; i < tape->output_count; i++) {
        output[i] = reg[tape->output[i]];
    }
}
