#include "expr.h"

#include "tape.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

#define FIRST_CAPACITY 256u
#define FIRST_BUCKETS  1024u

bool st_op_is_unary(uint32_t code)
{
    return code == ST_OP_NEG || code == ST_OP_EXP || code == ST_OP_LOG || code == ST_OP_SQRT ||
           code == ST_OP_SQUARE || code == ST_OP_PLUS;
}

static bool is_commutative(uint32_t code)
{
    return code == ST_OP_ADD || code == ST_OP_MUL || code == ST_OP_MIN || code == ST_OP_MAX;
}

double st_op_apply(st_op_code code, double a, double b)
{
    switch (code) {
    case ST_OP_ADD:
        return a + b;
    case ST_OP_SUB:
        return a - b;
    case ST_OP_MUL:
        return a * b;
    case ST_OP_DIV:
        return a / b;
    case ST_OP_NEG:
        return -a;
    case ST_OP_EXP:
        return st_exp(a);
    case ST_OP_LOG:
        return st_log(a);
    case ST_OP_POW:
        return st_pow(a, b);
    case ST_OP_PPOW:
        return st_tape_signal_power(a, b);
    case ST_OP_SQRT:
        return sqrt(a);
    case ST_OP_MIN:
        return a <= b ? a : (b < a ? b : a + b); // NaN on either side stays NaN
    case ST_OP_MAX:
        return a <= b ? b : (b < a ? a : a + b);
    case ST_OP_LE:
        return a <= b ? 1.0 : 0.0;
    case ST_OP_SQUARE:
        return a <= 0.0 ? 0.0 : a * a;
    case ST_OP_PLUS:
        return a <= 0.0 ? 0.0 : a;
    case ST_OP_CONSTANT:
    case ST_OP_INPUT:
    case ST_OP_COUNT:
        break;
    }
    return NAN;
}

static uint64_t hash_of(const st_expr_node* n)
{
    return st_index_set_hash(n->code, n->a, n->b, n->value);
}

static bool same_node(const st_expr_node* x, const st_expr_node* y)
{
    return x->code == y->code && x->a == y->a && x->b == y->b &&
           memcmp(&x->value, &y->value, sizeof x->value) == 0;
}

static st_expr intern(st_graph* graph, st_expr_node node)
{
    if (graph->failed) {
        return ST_EXPR_ZERO;
    }
    const uint64_t hash = hash_of(&node);
    uint32_t probe = 0;
    uint32_t known = st_index_set_next(&graph->known, hash, &probe);
    while (known != ST_INDEX_NONE && !same_node(&graph->node[known], &node)) {
        known = st_index_set_next(&graph->known, hash, &probe);
    }
    if (known != ST_INDEX_NONE) {
        return known;
    }
    if (graph->count == graph->capacity) {
        st_expr_node* grown =
            st_realloc(graph->ctx, graph->node, graph->capacity * 2u, sizeof *grown);
        if (grown == NULL) {
            graph->failed = true;
            return ST_EXPR_ZERO;
        }
        graph->node = grown;
        graph->capacity *= 2u;
    }
    const uint32_t index = graph->count++;
    graph->node[index] = node;
    if (!st_index_set_add(&graph->known, hash, index)) {
        graph->failed = true;
    }
    return index;
}

st_status st_graph_init(st_graph* graph, st_ctx* ctx)
{
    memset(graph, 0, sizeof *graph);
    graph->ctx = ctx;
    graph->capacity = FIRST_CAPACITY;
    graph->node = st_alloc(ctx, graph->capacity, sizeof *graph->node);
    if (graph->node == NULL || st_index_set_init(&graph->known, ctx, FIRST_BUCKETS) != ST_OK) {
        st_graph_clear(graph);
        return ST_ERR_MEMORY;
    }
    st_expr_constant(graph, 0.0);
    st_expr_constant(graph, 1.0);
    return ST_OK;
}

st_status st_graph_rehash(st_graph* graph)
{
    st_index_set_empty(&graph->known);
    for (uint32_t i = 0; i < graph->count; i++) {
        if (!st_index_set_add(&graph->known, hash_of(&graph->node[i]), i)) {
            return ST_ERR_MEMORY;
        }
    }
    return ST_OK;
}

void st_graph_clear(st_graph* graph)
{
    st_free(graph->ctx, graph->node);
    st_index_set_clear(&graph->known);
    graph->node = NULL;
    graph->count = 0;
}

st_expr st_expr_constant(st_graph* graph, double value)
{
    if (value == 0.0) {
        value = 0.0; // -0 and 0 are one node
    }
    return intern(graph, (st_expr_node){.code = ST_OP_CONSTANT, .value = value});
}

st_expr st_expr_input(st_graph* graph, uint32_t slot)
{
    return intern(graph, (st_expr_node){.code = ST_OP_INPUT, .a = slot});
}

bool st_expr_is_constant(const st_graph* graph, st_expr e, double* value)
{
    if (graph->node[e].code != ST_OP_CONSTANT) {
        return false;
    }
    if (value != NULL) {
        *value = graph->node[e].value;
    }
    return true;
}

/// Rules such as x*0 = 0 and x/1 = x. True when *out holds the simpler node.
static bool simplify(st_graph* graph, st_op_code code, st_expr a, st_expr b, st_expr* out)
{
    double bv = NAN;
    const bool b_constant = st_expr_is_constant(graph, b, &bv);

    switch (code) {
    case ST_OP_ADD:
        if (a == ST_EXPR_ZERO || b == ST_EXPR_ZERO) {
            *out = a == ST_EXPR_ZERO ? b : a;
            return true;
        }
        return false;
    case ST_OP_SUB:
        if (b == ST_EXPR_ZERO || a == b) {
            *out = a == b ? ST_EXPR_ZERO : a;
            return true;
        }
        if (a == ST_EXPR_ZERO) {
            *out = st_expr_make(graph, ST_OP_NEG, b, 0);
            return true;
        }
        return false;
    case ST_OP_MUL:
        if (a == ST_EXPR_ZERO || b == ST_EXPR_ZERO) {
            *out = ST_EXPR_ZERO;
            return true;
        }
        if (a == ST_EXPR_ONE || b == ST_EXPR_ONE) {
            *out = a == ST_EXPR_ONE ? b : a;
            return true;
        }
        return false;
    case ST_OP_DIV:
        if (a == ST_EXPR_ZERO || b == ST_EXPR_ONE) {
            *out = a;
            return true;
        }
        return false;
    case ST_OP_POW:
    case ST_OP_PPOW:
        if (b_constant && bv == 0.0 && code == ST_OP_POW) {
            *out = ST_EXPR_ONE;
            return true;
        }
        if (b_constant && bv == 1.0) {
            *out = code == ST_OP_POW ? a : st_expr_make(graph, ST_OP_PLUS, a, 0);
            return true;
        }
        if (b_constant && bv == 2.0) {
            *out = code == ST_OP_POW ? st_expr_make(graph, ST_OP_MUL, a, a)
                                     : st_expr_make(graph, ST_OP_SQUARE, a, 0);
            return true;
        }
        if (b_constant && bv == 0.5 && code == ST_OP_POW) {
            *out = st_expr_make(graph, ST_OP_SQRT, a, 0);
            return true;
        }
        return false;
    case ST_OP_NEG:
        if (graph->node[a].code == ST_OP_NEG) {
            *out = graph->node[a].a;
            return true;
        }
        return false;
    default:
        return false;
    }
}

st_expr st_expr_make(st_graph* graph, st_op_code code, st_expr a, st_expr b)
{
    if (st_op_is_unary(code)) {
        b = 0;
    }
    double av = 0.0;
    double bv = 0.0;
    const bool a_constant = st_expr_is_constant(graph, a, &av);
    const bool b_constant = st_expr_is_constant(graph, b, &bv);
    if (a_constant && (st_op_is_unary(code) || b_constant)) {
        return st_expr_constant(graph, st_op_apply(code, av, bv));
    }
    st_expr simple;
    if (simplify(graph, code, a, b, &simple)) {
        return simple;
    }
    if (is_commutative(code) && a > b) {
        const st_expr swap = a;
        a = b;
        b = swap;
    }
    const uint32_t depth_a = graph->node[a].depth;
    const uint32_t depth_b = graph->node[b].depth;
    const uint32_t depth = 1u + (depth_a > depth_b ? depth_a : depth_b);
    return intern(graph, (st_expr_node){.code = code, .a = a, .b = b, .depth = depth});
}

st_expr st_expr_add(st_graph* graph, st_expr a, st_expr b)
{
    return st_expr_make(graph, ST_OP_ADD, a, b);
}

st_expr st_expr_sub(st_graph* graph, st_expr a, st_expr b)
{
    return st_expr_make(graph, ST_OP_SUB, a, b);
}

st_expr st_expr_mul(st_graph* graph, st_expr a, st_expr b)
{
    return st_expr_make(graph, ST_OP_MUL, a, b);
}

st_expr st_expr_div(st_graph* graph, st_expr a, st_expr b)
{
    return st_expr_make(graph, ST_OP_DIV, a, b);
}

st_expr st_expr_hill(st_graph* graph, st_expr x, st_expr half, st_expr n)
{
    const st_expr w = st_expr_make(graph, ST_OP_PPOW, st_expr_div(graph, x, half), n);
    return st_expr_div(graph, w, st_expr_add(graph, ST_EXPR_ONE, w));
}

/// Derivative of one node from those of its operands.
static st_expr derive_node(st_graph* g, st_expr e, st_expr da, st_expr db)
{
    const st_expr_node n = g->node[e];
    switch ((st_op_code)n.code) {
    case ST_OP_ADD:
        return st_expr_add(g, da, db);
    case ST_OP_SUB:
        return st_expr_sub(g, da, db);
    case ST_OP_MUL:
        return st_expr_add(g, st_expr_mul(g, da, n.b), st_expr_mul(g, n.a, db));
    case ST_OP_DIV: // (da - e db) / b
        return st_expr_div(g, st_expr_sub(g, da, st_expr_mul(g, e, db)), n.b);
    case ST_OP_NEG:
        return st_expr_make(g, ST_OP_NEG, da, 0);
    case ST_OP_EXP:
        return st_expr_mul(g, e, da);
    case ST_OP_LOG:
        return st_expr_div(g, da, n.a);
    case ST_OP_SQRT:
        return st_expr_div(g, da, st_expr_mul(g, st_expr_constant(g, 2.0), e));
    case ST_OP_POW: {
        const st_expr lower = st_expr_make(g, ST_OP_POW, n.a, st_expr_sub(g, n.b, ST_EXPR_ONE));
        st_expr sum = st_expr_mul(g, st_expr_mul(g, n.b, lower), da);
        if (db != ST_EXPR_ZERO) {
            const st_expr log_a = st_expr_make(g, ST_OP_LOG, n.a, 0);
            sum = st_expr_add(g, sum, st_expr_mul(g, st_expr_mul(g, e, log_a), db));
        }
        return sum;
    }
    case ST_OP_PPOW: {
        const st_expr lower = st_expr_make(g, ST_OP_PPOW, n.a, st_expr_sub(g, n.b, ST_EXPR_ONE));
        return st_expr_mul(g, st_expr_mul(g, n.b, lower), da);
    }
    case ST_OP_SQUARE: {
        const st_expr plus = st_expr_make(g, ST_OP_PLUS, n.a, 0);
        return st_expr_mul(g, st_expr_mul(g, st_expr_constant(g, 2.0), plus), da);
    }
    case ST_OP_PLUS: { // 0 at and below 0
        const st_expr below = st_expr_make(g, ST_OP_LE, n.a, ST_EXPR_ZERO);
        return st_expr_mul(g, st_expr_sub(g, ST_EXPR_ONE, below), da);
    }
    case ST_OP_MIN:
    case ST_OP_MAX: {
        const st_expr le = st_expr_make(g, ST_OP_LE, n.a, n.b);
        const st_expr gt = st_expr_sub(g, ST_EXPR_ONE, le);
        const bool is_min = n.code == ST_OP_MIN;
        return st_expr_add(g, st_expr_mul(g, is_min ? le : gt, da),
                           st_expr_mul(g, is_min ? gt : le, db));
    }
    case ST_OP_LE:
    case ST_OP_CONSTANT:
    case ST_OP_INPUT:
    case ST_OP_COUNT:
        break;
    }
    return ST_EXPR_ZERO;
}

st_expr st_expr_derive(st_graph* graph, st_expr e, uint32_t slot, uint32_t* memo,
                       uint32_t memo_count)
{
    const st_expr_node n = graph->node[e];
    if (n.code == ST_OP_CONSTANT || n.code == ST_OP_LE) {
        return ST_EXPR_ZERO;
    }
    if (n.code == ST_OP_INPUT) {
        return n.a == slot ? ST_EXPR_ONE : ST_EXPR_ZERO;
    }
    if (e < memo_count && memo[e] != 0u) {
        return memo[e] - 1u;
    }
    const st_expr da = st_expr_derive(graph, n.a, slot, memo, memo_count);
    const st_expr db =
        st_op_is_unary(n.code) ? ST_EXPR_ZERO : st_expr_derive(graph, n.b, slot, memo, memo_count);
    const st_expr d =
        da == ST_EXPR_ZERO && db == ST_EXPR_ZERO ? ST_EXPR_ZERO : derive_node(graph, e, da, db);
    if (e < memo_count) {
        memo[e] = d + 1u;
    }
    return d;
}
