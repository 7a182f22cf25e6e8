#include "builder.h"

#include "base/maths.h"
#include "base/table.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/// Definitions by way of definitions, and operations on the results of operations: the compiler
/// walks down both by calling itself.
#define DEFINITION_DEPTH_LIMIT 200
#define EXPRESSION_DEPTH_LIMIT 2000

st_dim st_value_dim(const char* unit)
{
    st_unit parsed = {.dim = st_dim_none(), .factor = 1.0};
    char why[64];
    const bool ok = st_unit_parse(unit, &parsed, why, sizeof why);
    ST_ASSERT(ok);
    (void)ok;
    return parsed.dim;
}

double st_value_show_factor(const st_dim* dim, const char* unit, const st_bridge* bridge)
{
    st_unit shown;
    char why[64];
    double si;
    if (!st_unit_parse(unit, &shown, why, sizeof why) ||
        !st_quantity_convert(1.0, &shown, dim, bridge, &si)) {
        return 0.0;
    }
    return 1.0 / (si * st_units_from_si(&ST_UNITS_POPULATION, dim));
}

const char* st_value_unit_text(builder* b, const st_dim* dim)
{
    static const char* const names[ST_DIM_COUNT] = {
        [ST_DIM_LENGTH] = "cm",   [ST_DIM_MASS] = "g",        [ST_DIM_TIME] = "day",
        [ST_DIM_CURRENT] = "A",   [ST_DIM_TEMPERATURE] = "K", [ST_DIM_AMOUNT] = "nmol",
        [ST_DIM_LUMINOUS] = "cd", [ST_DIM_CELL] = "cell",     [ST_DIM_VAS] = "vas",
        [ST_DIM_NRS] = "nrs",     [ST_DIM_WOMAC] = "womac",   [ST_DIM_KOOS] = "koos",
        [ST_DIM_IKDC] = "ikdc",   [ST_DIM_QOL] = "qol",       [ST_DIM_IU] = "IU"};
    st_text text;
    st_text_init(&text, b->ctx);
    for (int i = 0; i < ST_DIM_COUNT; i++) {
        const double e = dim->exponent[i];
        if (fabs(e) < 1e-9) {
            continue;
        }
        st_text_add(&text, text.length > 0 ? " " : "");
        if (fabs(e - 1.0) < 1e-9) {
            st_text_add(&text, names[i]);
        } else {
            st_text_addf(&text, "%s^%g", names[i], e);
        }
    }
    const char* out = text.length > 0 ? st_arena_text(b->arena, text.data, text.length) : "1";
    st_text_clear(&text);
    return out != NULL ? out : "1";
}

// --- parameters
// ------------------------------------------------------------------------------------

/// `40 %`, `factor 2.5` or `3 vas`.
static bool read_spread(builder* b, const st_node* node, parameter_spec* p, const st_bridge* bridge)
{
    if (!st_node_expect(b->ctx, node, ST_NODE_SCALAR)) {
        return false;
    }
    const char* text = node->text;
    const char* const expected = "a spread such as '40 %', 'factor 2.5' or one in the value's unit";
    char why[128];
    double number;
    st_unit unit;
    const char* unit_text;
    if (strncmp(text, "factor ", 7) == 0) {
        if (!st_quantity_parse(text + 7, &number, &unit, &unit_text, why, sizeof why) ||
            unit_text[0] != '\0' || !(number >= 1.0 && number <= 1e3)) {
            return st_node_fail(b->ctx, node, "found '%s', expected a factor from 1 to 1000", text);
        }
        p->info.spread_kind = number > 1.0 ? ST_SPREAD_LOGNORMAL : ST_SPREAD_NONE;
        p->info.spread = st_log(number);
        return true;
    }
    if (!st_quantity_parse(text, &number, &unit, &unit_text, why, sizeof why)) {
        return st_node_fail(b->ctx, node, "found '%s', expected %s", text, expected);
    }
    if (!(number >= 0.0)) {
        return st_node_fail(b->ctx, node, "found '%s', expected a spread of 0 or more", text);
    }
    if (strcmp(unit_text, "%") == 0) {
        if (!(p->info.value > 0.0)) {
            return st_node_fail(b->ctx, node,
                                "found '%s' on a value that is not above 0, expected a spread in "
                                "the value's unit",
                                text);
        }
        const double cv = number / 100.0;
        p->info.spread_kind = cv > 0.0 ? ST_SPREAD_LOGNORMAL : ST_SPREAD_NONE;
        p->info.spread = sqrt(st_log(1.0 + cv * cv));
        return true;
    }
    double si;
    if (!st_quantity_convert(number, &unit, &p->dim, bridge, &si)) {
        return st_node_fail(b->ctx, node, "found '%s', expected %s", text, expected);
    }
    p->info.spread_kind = number > 0.0 ? ST_SPREAD_NORMAL : ST_SPREAD_NONE;
    p->info.spread = si * st_units_from_si(&ST_UNITS_POPULATION, &p->dim);
    return true;
}

/// Exactly one of `source` and `assumed`, on the value or on the entry that holds it.
static bool read_source(builder* b, const st_node* node, const st_node* entry, parameter_spec* p)
{
    const st_node* holder = node->kind == ST_NODE_MAP && (st_node_child(node, "source") != NULL ||
                                                          st_node_child(node, "assumed") != NULL)
                                ? node
                                : entry;
    const st_node* source = st_node_child(holder, "source");
    const st_node* assumed = st_node_child(holder, "assumed");
    if ((source == NULL) == (assumed == NULL)) {
        const char* const expected = "'source: who measured it' or 'assumed: why this value'";
        return source == NULL
                   ? st_node_fail(b->ctx, node, "found no origin, expected %s", expected)
                   : st_node_fail(b->ctx, node, "found both, expected one of %s", expected);
    }
    const char* text;
    if (!st_node_read_text(b->ctx, source != NULL ? source : assumed, &text)) {
        return false;
    }
    if (strlen(text) < 3) {
        return st_node_fail(b->ctx, source != NULL ? source : assumed,
                            "found '%s', expected words that say where the value is from", text);
    }
    p->info.source = source != NULL ? text : NULL;
    p->info.assumed = source != NULL ? NULL : text;
    return true;
}

static bool read_bounds(builder* b, const st_node* node, parameter_spec* p, const char* unit_text)
{
    st_range range;
    if (!st_node_read_range(b->ctx, node, "bounds", unit_text, &range)) {
        return false;
    }
    st_unit unit;
    char why[64];
    if (!st_unit_parse(unit_text, &unit, why, sizeof why)) {
        return false;
    }
    const double factor = unit.factor * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim);
    p->info.lo = range.lo * factor;
    p->info.hi = range.hi * factor;
    if (!(p->info.value >= p->info.lo && p->info.value <= p->info.hi)) {
        return st_node_fail(b->ctx, node, "found '%s', expected a range that holds the value",
                            node->text);
    }
    return true;
}

static parameter_spec* new_parameter(builder* b)
{
    if (b->parameter_count == b->parameter_capacity) {
        const int capacity = b->parameter_capacity == 0 ? 64 : 2 * b->parameter_capacity;
        parameter_spec* grown = st_realloc(b->ctx, b->parameter, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        b->parameter = grown;
        b->parameter_capacity = capacity;
    }
    parameter_spec* p = &b->parameter[b->parameter_count];
    *p = (parameter_spec){.info = {.lo = -INFINITY, .hi = INFINITY}};
    return p;
}

static const char* unique_name(builder* b, const char* name)
{
    int same = 0;
    const size_t length = strlen(name);
    for (int i = 0; i < b->parameter_count; i++) {
        const char* other = b->parameter[i].info.name;
        const bool begins = strncmp(other, name, length) == 0;
        same += begins && (other[length] == '\0' || other[length] == '#') ? 1 : 0;
    }
    return same == 0 ? st_arena_text(b->arena, name, length)
                     : st_arena_format(b->arena, "%s#%d", name, same + 1);
}

int st_value_parameter(builder* b, const st_node* node, const char* name, const st_node* entry)
{
    const bool is_behaviour = node->parent != NULL && node->parent->key != NULL &&
                              strcmp(node->parent->key, "behaviours") == 0;
    const st_node* value = node;
    if (node->kind == ST_NODE_MAP) {
        if (!st_grammar_check(b->ctx, node,
                              is_behaviour ? &ST_GRAMMAR_BEHAVIOUR_MAP : &ST_GRAMMAR_VALUE_MAP)) {
            return -1;
        }
        value = st_node_need(b->ctx, node, "value", "a quantity such as '0.25 1/day'");
    }
    if (value == NULL || !st_node_expect(b->ctx, value, ST_NODE_SCALAR)) {
        return -1;
    }
    double number;
    st_unit unit;
    const char* unit_text;
    char why[160];
    if (!st_quantity_parse(value->text, &number, &unit, &unit_text, why, sizeof why)) {
        st_node_fail(b->ctx, value, "found '%s', expected a quantity: %s", value->text, why);
        return -1;
    }
    parameter_spec* p = new_parameter(b);
    if (p == NULL) {
        return -1;
    }
    p->node = node;
    p->dim = unit.dim;
    p->info.value = number * unit.factor * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim);
    p->info.unit = st_value_unit_text(b, &unit.dim);
    p->info.show_unit = st_arena_text(b->arena, unit_text, strlen(unit_text));
    p->info.show_factor = st_value_show_factor(&unit.dim, unit_text, NULL);
    p->info.line = value->line;
    p->info.name = unique_name(b, name);
    if (p->info.name == NULL || p->info.show_unit == NULL) {
        return -1;
    }
    bool ok = read_source(b, node, entry, p);
    const st_node* range = node->kind == ST_NODE_MAP ? st_node_child(node, "range") : NULL;
    const st_node* spread = st_node_child(node->kind == ST_NODE_MAP ? node : entry, "spread");
    if (node->kind != ST_NODE_MAP && node->key != NULL && strcmp(node->key, "half_max") == 0) {
        spread = NULL; // an entry's spread is that of its rate, not of its half-maximum
    }
    if (range != NULL) {
        ok = read_bounds(b, range, p, unit_text) && ok;
    }
    if (spread != NULL) {
        ok = read_spread(b, spread, p, NULL) && ok;
    }
    const int index = b->parameter_count++;
    st_note_quantity(b, value, p->info.value, p->info.unit);
    return ok ? index : -1;
}

// --- expressions
// -----------------------------------------------------------------------------------

typedef struct resolver {
    builder* b;
    int at_place;
    bool is_broken; ///< a name was not found because its own entry has a mistake
} resolver;

/// A name that could not be resolved because of a mistake that was reported where it is declared.
static bool is_reported(const builder* b, const char* name)
{
    for (int i = 0; i < b->definition_count; i++) {
        if (strcmp(b->definition[i].info.name, name) == 0) {
            return b->definition[i].progress == DEFINITION_BAD;
        }
    }
    for (int i = 0; i < b->thing_count; i++) {
        const size_t length = strlen(b->thing[i].name);
        if (strncmp(b->thing[i].name, name, length) == 0 &&
            (name[length] == '\0' || name[length] == '@')) {
            bool lives = false;
            for (int p = 0; p < b->place_count; p++) {
                lives = lives || b->thing[i].state[p] >= 0;
            }
            return !lives && st_ctx_mistake_count(b->ctx) > 0;
        }
    }
    return st_resolve_is_broken(b, name);
}

static bool resolve(void* arg, const char* name, st_typed* out, char* why, size_t why_size)
{
    resolver* r = arg;
    const bool ok = st_resolve_name(r->b, r->at_place, name, out, why, why_size);
    r->is_broken = !ok && is_reported(r->b, name);
    return ok;
}

bool st_value_definition(builder* b, int index, char* why, size_t why_size)
{
    definition_spec* d = &b->definition[index];
    switch (d->progress) {
    case DEFINITION_READ:
        return true;
    case DEFINITION_READING:
        snprintf(why, why_size, "'%s' is defined by way of itself", d->info.name);
        return false;
    case DEFINITION_BAD:
        snprintf(why, why_size, "'%s' has a mistake of its own (line %d)", d->info.name,
                 d->node->line);
        return false;
    case DEFINITION_UNREAD:
        break;
    }
    if (b->definition_depth >= DEFINITION_DEPTH_LIMIT) {
        snprintf(why, why_size, "definitions build on each other more than %d deep",
                 DEFINITION_DEPTH_LIMIT);
        return false;
    }
    d->progress = DEFINITION_READING;
    st_typed value;
    b->definition_depth++;
    const bool ok = st_value_read_text(b, d->node, -1, &value);
    b->definition_depth--;
    d->progress = ok ? DEFINITION_READ : DEFINITION_BAD;
    if (!ok) {
        snprintf(why, why_size, "'%s' has a mistake of its own (line %d)", d->info.name,
                 d->node->line);
        return false;
    }
    d->value = value;
    d->info.unit = st_value_unit_text(b, &value.dim);
    d->info.show_unit = d->info.unit;
    d->info.show_factor = 1.0;
    const st_node* unit = d->entry->kind == ST_NODE_MAP ? st_node_child(d->entry, "unit") : NULL;
    if (unit != NULL && st_node_expect(b->ctx, unit, ST_NODE_SCALAR)) {
        d->info.show_factor = st_value_show_factor(&value.dim, unit->text, &value.bridge);
        if (d->info.show_factor == 0.0) {
            st_node_fail(b->ctx, unit, "found '%s', expected a unit for '%s'", unit->text,
                         d->info.unit);
            d->info.show_factor = 1.0;
        }
        d->info.show_unit = unit->text;
    }
    return true;
}

bool st_value_read_text(builder* b, const st_node* node, int at_place, st_typed* out)
{
    if (!st_node_expect(b->ctx, node, ST_NODE_SCALAR)) {
        return false;
    }
    double number;
    st_unit unit;
    const char* unit_text;
    char why[256];
    const bool looks_like_number = st_formula_is_quantity(node->text);
    if (looks_like_number &&
        st_quantity_parse(node->text, &number, &unit, &unit_text, why, sizeof why)) {
        const double value =
            number * unit.factor * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim);
        *out = (st_typed){.e = st_expr_constant(&b->graph, value), .dim = unit.dim};
        return true;
    }
    resolver r = {.b = b, .at_place = at_place};
    const uint32_t before = b->graph.count;
    size_t at;
    char reason[256];
    if (st_formula_parse(&b->graph, node->text, resolve, &r, out, &at, reason, sizeof reason)) {
        if (b->graph.node[out->e].depth > EXPRESSION_DEPTH_LIMIT) {
            return st_node_fail(b->ctx, node,
                                "more than %d operations one upon the other, with those of the "
                                "definitions in it",
                                EXPRESSION_DEPTH_LIMIT);
        }
        for (uint32_t i = before; i < b->graph.count; i++) {
            if (b->graph.node[i].code == ST_OP_PPOW && st_probe_moves(b, b->graph.node[i].b)) {
                return st_node_fail(b->ctx, node,
                                    "a hill exponent depends on a state, expected parameters or "
                                    "numbers");
            }
        }
        st_note_brackets(b, node);
        return true;
    }
    if (r.is_broken) {
        return false; // that name's own mistake was reported
    }
    if (looks_like_number) {
        return st_node_fail(b->ctx, node, "found '%s', expected a quantity or an expression: %s",
                            node->text, why);
    }
    st_node spot = *node; // point into the expression
    spot.column += (int)at + (node->is_quoted ? 1 : 0);
    return st_node_fail(b->ctx, &spot, "expression '%s': %s", node->text, reason);
}

static bool check_dim(builder* b, const st_node* node, const st_dim* want, const st_bridge* bridge,
                      const char* what, st_typed* v)
{
    if (want == NULL || st_formula_coerce(&b->graph, v, want, bridge)) {
        return true;
    }
    char found[96];
    char expected[96];
    st_dim_text(&v->dim, found, sizeof found);
    st_dim_text(want, expected, sizeof expected);
    const st_node* value = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
    const char* word = st_dim_word(&v->dim);
    return st_node_fail(
        b->ctx, value != NULL ? value : node, "found '%s' (%s), expected %s in units of '%s'",
        value != NULL ? value->text : "", word != NULL ? word : found, what, expected);
}

bool st_value_read(builder* b, const st_node* node, int at_place, const st_dim* want,
                   const st_bridge* bridge, const char* what, st_typed* out)
{
    for (int i = 0; i < b->parameter_count; i++) {
        if (b->parameter[i].node == node) {
            const st_node* value = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
            *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_PARAMETER | (uint32_t)i),
                              .dim = b->parameter[i].dim};
            if (!check_dim(b, node, want, bridge, what, out)) {
                return false;
            }
            double number;
            const bool is_changed = !st_dim_equal(&out->dim, &b->parameter[i].dim);
            if (is_changed && st_probe_default(b, out->e, NULL, &number)) {
                st_note_quantity(b, value, number, st_value_unit_text(b, &out->dim));
            }
            return true;
        }
    }
    const st_node* text = node;
    if (node->kind == ST_NODE_MAP) {
        text = st_node_child(node, "value");
        if (text == NULL || st_formula_is_quantity(text->text)) {
            return false; // reported when its parameter was made
        }
    }
    if (!st_value_read_text(b, text, at_place, out)) {
        return false;
    }
    double constant;
    if (st_expr_is_constant(&b->graph, out->e, &constant) && constant != 0.0 &&
        st_formula_is_quantity(text->text)) {
        return st_node_fail(b->ctx, text,
                            "found '%s' without origin, expected { value: %s, source: ... } or "
                            "{ value: %s, assumed: ... }",
                            text->text, text->text, text->text);
    }
    if (!check_dim(b, node, want, bridge, what, out)) {
        return false;
    }
    if (st_expr_is_constant(&b->graph, out->e, &constant) && st_formula_is_quantity(text->text) &&
        !st_note_is_there(b, text)) {
        st_note_quantity(b, text, constant, st_value_unit_text(b, &out->dim));
    }
    return true;
}
