/// \file
/// Tapes back to formulas: the description tape of a model as trees of operations, written as
/// MathML or as plain text. Where a value has a name (a definition, a behaviour), the name stands.
#ifndef ST_CLI_DESCRIBE_MATH_H
#define ST_CLI_DESCRIBE_MATH_H

#include "cli.h"

#include "base/table.h"
#include "stroma/model.h"

/// One operation, input or constant.
typedef struct st_describe_node {
    int code;     ///< st_op_code; ST_OP_INPUT and ST_OP_CONSTANT are leaves
    int a, b;     ///< operands; a = slot of an input
    double value; ///< of a constant
    int name;     ///< 0 = none, +d+1 = definition d, -b-1 = behaviour b
} st_describe_node;

typedef struct st_describe_math {
    st_ctx* ctx;
    const st_model* model;
    st_describe_node* node;
    int node_count;
    int* output; ///< [outputs of the description tape] their nodes
    int change_count;
} st_describe_math;

st_status st_describe_math_create(st_ctx* ctx, const st_model* model, st_describe_math* out);
/// The same of the event tape; nothing has a name in it.
st_status st_describe_math_create_events(st_ctx* ctx, const st_model* model, st_describe_math* out);
void st_describe_math_clear(st_describe_math* math);

/// Node of one output of the tape.
int st_describe_math_output(const st_describe_math* math, int output);

/// Nodes of the rates, the behaviours and the definitions.
int st_describe_math_change(const st_describe_math* math, const st_channel_change* change);
int st_describe_math_behaviour(const st_describe_math* math, int behaviour);
int st_describe_math_definition(const st_describe_math* math, int definition);

/// Cells of two types may do the same: from now on the shared value bears the name of this
/// behaviour (-1 = no change).
void st_describe_math_prefer(st_describe_math* math, int behaviour);

/// True when the value is more than one name or number.
bool st_describe_math_is_formula(const st_describe_math* math, int node);

/// Takes a leading minus off: the node without it, *is_negative tells.
int st_describe_math_sign(const st_describe_math* math, int node, bool* is_negative);

/// Writes the formula of a node; its own name is not used for it.
void st_describe_math_mathml(const st_describe_math* math, int node, st_text* out);
void st_describe_math_plain(const st_describe_math* math, int node, st_text* out);

/// A name such as "il1@fluid" or "die of macrophage_m1@synovium" as MathML.
void st_describe_math_name(st_text* out, const char* name);

/// Adds text with <, >, & and quotes escaped.
void st_describe_math_escape(st_text* out, const char* text);

#endif
