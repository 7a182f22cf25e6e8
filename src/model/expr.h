/// \file
/// Expressions as a graph of shared nodes: equal sub-expressions are one node, constants fold at
/// once, and derivatives are exact and again nodes. docs/equations/model.md [MOD-1]
#ifndef ST_MODEL_EXPR_H
#define ST_MODEL_EXPR_H

#include "stroma/model.h"

#include "base/base.h"
#include "base/index_set.h"

/// A node by number. Node 0 is the constant 0, node 1 the constant 1.
typedef uint32_t st_expr;
#define ST_EXPR_ZERO 0u
#define ST_EXPR_ONE  1u

typedef struct st_expr_node {
    uint32_t code;  ///< st_op_code
    uint32_t a, b;  ///< operands; a = slot for ST_OP_INPUT
    uint32_t depth; ///< operations one upon the other; follows from the operands
    double value;   ///< ST_OP_CONSTANT
} st_expr_node;

typedef struct st_graph {
    st_ctx* ctx;
    st_expr_node* node;
    uint32_t count, capacity;
    st_index_set known; ///< nodes by their contents
    bool failed;        ///< memory ran out; every later node is 0
} st_graph;

st_status st_graph_init(st_graph* graph, st_ctx* ctx);
void st_graph_clear(st_graph* graph);

/// Rebuilds the hash table after nodes were renumbered in place.
st_status st_graph_rehash(st_graph* graph);

st_expr st_expr_constant(st_graph* graph, double value);
st_expr st_expr_input(st_graph* graph, uint32_t slot);

/// A node for `code` of a and b (b ignored for unary codes), simplified.
st_expr st_expr_make(st_graph* graph, st_op_code code, st_expr a, st_expr b);

st_expr st_expr_add(st_graph* graph, st_expr a, st_expr b);
st_expr st_expr_sub(st_graph* graph, st_expr a, st_expr b);
st_expr st_expr_mul(st_graph* graph, st_expr a, st_expr b);
st_expr st_expr_div(st_graph* graph, st_expr a, st_expr b);

/// hill(x, half, n) = w/(1 + w) with w = ppow(x/half, n).
st_expr st_expr_hill(st_graph* graph, st_expr x, st_expr half, st_expr n);

bool st_expr_is_constant(const st_graph* graph, st_expr e, double* value);

/// Derivative of `e` with respect to input `slot`; `memo` [node count at the start] holds results +
/// 1, zeroed by the caller once per slot. Exponents of ppow must not depend on the slot (the reader
/// checks).
st_expr st_expr_derive(st_graph* graph, st_expr e, uint32_t slot, uint32_t* memo,
                       uint32_t memo_count);

/// Does the operation take one operand only?
bool st_op_is_unary(uint32_t code);

/// One operation on numbers: what graph folding and the scalar tape use.
double st_op_apply(st_op_code code, double a, double b);

#endif
