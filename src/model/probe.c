#include "builder.h"

#include <string.h>

// What is known of an expression while the model is read: default values, whether it moves.

bool st_probe_default(builder* b, st_expr e, const double* state, double* out)
{
    // operands have lower numbers than the nodes that use them
    double* value = st_alloc(b->ctx, (size_t)e + 1u, sizeof *value);
    if (value == NULL) {
        return false;
    }
    for (st_expr i = 0; i <= e; i++) {
        const st_expr_node n = b->graph.node[i];
        const uint32_t index = n.a & SLOT_INDEX;
        if (n.code == ST_OP_CONSTANT) {
            value[i] = n.value;
        } else if (n.code != ST_OP_INPUT) {
            value[i] = st_op_apply((st_op_code)n.code, value[n.a], value[n.b]);
        } else if ((n.a & SLOT_KIND) == SLOT_PARAMETER) {
            value[i] = b->parameter[index].info.value;
        } else if ((n.a & SLOT_KIND) == SLOT_INPUT) {
            value[i] = b->input[index].info.value;
        } else {
            value[i] = (n.a & SLOT_KIND) == SLOT_STATE && state != NULL ? state[index] : 0.0;
        }
    }
    *out = value[e];
    st_free(b->ctx, value);
    return true;
}

bool st_probe_still(builder* b, st_expr e, double* value)
{
    return !st_probe_moves(b, e) && st_probe_default(b, e, NULL, value);
}

bool st_probe_moves(builder* b, st_expr e)
{
    const st_expr_node top = b->graph.node[e];
    if (top.code == ST_OP_CONSTANT) {
        return false;
    }
    bool* moves = st_alloc(b->ctx, (size_t)e + 1u, sizeof *moves);
    for (st_expr i = 0; moves != NULL && i <= e; i++) {
        const st_expr_node n = b->graph.node[i];
        if (n.code == ST_OP_INPUT) {
            const uint32_t kind = n.a & SLOT_KIND;
            moves[i] = kind == SLOT_STATE || kind == SLOT_TIME;
        } else if (n.code != ST_OP_CONSTANT) {
            moves[i] = moves[n.a] || moves[n.b];
        }
    }
    const bool result = moves != NULL && moves[e];
    st_free(b->ctx, moves);
    return result;
}
