/// \file
/// Formulas of the language: text with names and units becomes an expression with its dimension.
#ifndef ST_MODEL_FORMULA_H
#define ST_MODEL_FORMULA_H

#include "expr.h"

#include "base/units.h"

/// An expression in model units together with its dimension. `bridge` lets a level of this
/// substance meet one that is written as mass (all zero: none).
typedef struct st_typed {
    st_expr e;
    st_dim dim;
    st_bridge bridge;
} st_typed;

/// Finds a name. On failure false with a reason in `why`.
typedef bool (*st_resolve_fn)(void* arg, const char* name, st_typed* out, char* why,
                              size_t why_size);

/// Parses `text`. On failure false, with the offset of the mistake and a reason.
bool st_formula_parse(st_graph* graph, const char* text, st_resolve_fn resolve, void* arg,
                      st_typed* out, size_t* at, char* why, size_t why_size);

/// Makes `v` of dimension `to`: unchanged when equal, times a constant when `bridge` joins the two.
bool st_formula_coerce(st_graph* graph, st_typed* v, const st_dim* to, const st_bridge* bridge);

/// True when the text begins like a quantity (a number), false when it is an expression.
bool st_formula_is_quantity(const char* text);

#endif
