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
    st_value_note(b, value, p->info.value, p->info.unit);
    return ok ? index : -1;
}

void st_value_note(builder* b, const st_node* node, double value, const char* unit)
{
    for (int i = b->quantity_count - 1; i >= 0; i--) {
        if (b->quantity_node[i] == node) { // read again, now in the units of its use
            b->quantity[i].value = value;
            b->quantity[i].unit = unit;
            return;
        }
    }
    if (b->quantity_count == b->quantity_capacity) {
        const int capacity = b->quantity_capacity == 0 ? 128 : 2 * b->quantity_capacity;
        st_quantity_info* grown = st_realloc(b->ctx, b->quantity, (size_t)capacity, sizeof *grown);
        b->quantity = grown != NULL ? grown : b->quantity;
        const st_node** nodes =
            st_realloc(b->ctx, b->quantity_node, (size_t)capacity, sizeof *nodes);
        b->quantity_node = nodes != NULL ? nodes : b->quantity_node;
        if (grown == NULL || nodes == NULL) {
            b->graph.failed = true;
            return;
        }
        b->quantity_capacity = capacity;
    }
    char path[256];
    st_node_path(node, path, sizeof path);
    b->quantity_node[b->quantity_count] = node;
    b->quantity[b->quantity_count++] =
        (st_quantity_info){.path = st_arena_text(b->arena, path, strlen(path)),
                           .file = st_doc_name(node->doc),
                           .line = node->line,
                           .column = node->column,
                           .written = node->text,
                           .value = value,
                           .unit = unit};
}

// --- names
// -----------------------------------------------------------------------------------------

/// Place index in which `thing` is meant, -1 with a reason.
static int find_home(const builder* b, int thing, int at_place, const char* place_name, char* why,
                     size_t why_size)
{
    const thing_spec* t = &b->thing[thing];
    if (place_name != NULL) {
        const int place = st_declare_find_place(b, place_name);
        if (place < 0 || t->state[place] < 0) {
            snprintf(why, why_size, "'%s' does not live in '%s'", t->name, place_name);
            return -1;
        }
        return place;
    }
    if (at_place >= 0 && t->state[at_place] >= 0) {
        return at_place;
    }
    int place = -1;
    int count = 0;
    for (int i = 0; i < b->place_count; i++) {
        if (t->state[i] >= 0) {
            place = i;
            count++;
        }
    }
    if (count != 1) {
        snprintf(why, why_size, "'%s' lives in %d places, write '%s@place'", t->name, count,
                 t->name);
        return -1;
    }
    return place;
}

st_expr st_value_number_of(builder* b, int thing, int place)
{
    const thing_spec* t = &b->thing[thing];
    st_expr sum = ST_EXPR_ZERO;
    for (int i = 0; i < t->stage_count; i++) {
        const uint32_t slot = SLOT_STATE | (uint32_t)(t->state[place] + i);
        sum = st_expr_add(&b->graph, sum, st_expr_input(&b->graph, slot));
    }
    return sum;
}

/// Splits "il1@fluid" and finds thing and place; false with a reason, or none when no such thing.
static bool find_thing_at(const builder* b, int at_place, const char* name, int* thing, int* place,
                          char* why, size_t why_size)
{
    char base[64];
    const char* at = strchr(name, '@');
    const size_t length = at != NULL ? (size_t)(at - name) : strlen(name);
    if (length >= sizeof base) {
        return false;
    }
    memcpy(base, name, length);
    base[length] = '\0';
    *thing = st_declare_find_thing(b, base);
    if (*thing < 0) {
        return false;
    }
    *place = find_home(b, *thing, at_place, at != NULL ? at + 1 : NULL, why, why_size);
    return *place >= 0;
}

int st_value_state(builder* b, int at_place, const char* name, char* why, size_t why_size)
{
    why[0] = '\0';
    for (int i = 0; i < b->state_count; i++) {
        if (b->state[i].thing < 0 && strcmp(b->state[i].info.name, name) == 0) {
            return i;
        }
    }
    int thing;
    int place;
    if (find_thing_at(b, at_place, name, &thing, &place, why, why_size)) {
        return b->thing[thing].state[place];
    }
    return -1;
}

/// density.T: cells of a type per volume of the place that is asked from.
static bool resolve_density(builder* b, int at_place, const char* type, st_typed* out, char* why,
                            size_t why_size)
{
    const int cell = st_declare_find_thing(b, type);
    if (cell < 0 || b->thing[cell].kind != ST_STATE_CELL) {
        snprintf(why, why_size, "'density.%s' needs a cell type", type);
        return false;
    }
    if (at_place < 0 || b->thing[cell].state[at_place] < 0) {
        snprintf(why, why_size, "'density.%s' has a meaning only in a place where %s lives", type,
                 type);
        return false;
    }
    const st_typed* volume = &b->place[at_place].volume;
    const st_dim cells = st_value_dim("cells");
    *out = (st_typed){.e = st_expr_div(&b->graph, st_value_number_of(b, cell, at_place), volume->e),
                      .dim = st_dim_product(&cells, &volume->dim, -1.0)};
    return true;
}

bool st_value_is_broken(const builder* b, const char* name)
{
    static const char* const sections[] = {"parameters", "inputs",      "substrates",
                                           "cells",      "matrix",      "variables",
                                           "responses",  "definitions", "places"};
    char base[64];
    const size_t length = strcspn(name, "@");
    if (length >= sizeof base || st_ctx_mistake_count(b->ctx) == 0) {
        return false;
    }
    memcpy(base, name, length);
    base[length] = '\0';
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (st_node_child(st_node_child(b->root, sections[i]), base) != NULL) {
            return true;
        }
    }
    return false;
}

static bool resolve_unknown(builder* b, const char* name, char* why, size_t why_size)
{
    const char* names[512];
    int count = 0;
    const int limit = (int)(sizeof names / sizeof names[0]);
    for (int i = 0; i < b->parameter_count && count < limit; i++) {
        names[count++] = b->parameter[i].info.name;
    }
    for (int i = 0; i < b->input_count && count < limit; i++) {
        names[count++] = b->input[i].info.name;
    }
    for (int i = 0; i < b->thing_count && count < limit; i++) {
        names[count++] = b->thing[i].name;
    }
    for (int i = 0; i < b->state_count && count < limit; i++) {
        names[count++] = b->state[i].info.name;
    }
    for (int i = 0; i < b->definition_count && count < limit; i++) {
        names[count++] = b->definition[i].info.name;
    }
    const char* near = st_name_nearest(name, names, count);
    snprintf(why, why_size, "'%s' is no name here%s%s%s", name, near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
    return false;
}

bool st_value_resolve(builder* b, int at_place, const char* name, st_typed* out, char* why,
                      size_t why_size)
{
    why[0] = '\0';
    if (strcmp(name, "time") == 0) {
        *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_TIME), .dim = st_value_dim("day")};
        return true;
    }
    for (int i = 0; i < b->parameter_count; i++) {
        if (strcmp(b->parameter[i].info.name, name) == 0) {
            *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_PARAMETER | (uint32_t)i),
                              .dim = b->parameter[i].dim};
            return true;
        }
    }
    for (int i = 0; i < b->input_count; i++) {
        if (strcmp(b->input[i].info.name, name) == 0) {
            *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_INPUT | (uint32_t)i),
                              .dim = b->input[i].dim};
            return true;
        }
    }
    for (int i = 0; i < b->definition_count; i++) {
        if (strcmp(b->definition[i].info.name, name) == 0) {
            if (!st_value_definition(b, i, why, why_size)) {
                return false;
            }
            *out = b->definition[i].value;
            return true;
        }
    }
    for (int i = 0; i < b->state_count; i++) {
        if (b->state[i].thing < 0 && strcmp(b->state[i].info.name, name) == 0) {
            *out = (st_typed){.e = st_expr_input(&b->graph, SLOT_STATE | (uint32_t)i),
                              .dim = b->state[i].dim};
            return true;
        }
    }
    if (strncmp(name, "density.", 8) == 0) {
        return resolve_density(b, at_place, name + 8, out, why, why_size);
    }
    if (strncmp(name, "volume@", 7) == 0) {
        const int p = st_declare_find_place(b, name + 7);
        if (p >= 0 && b->place[p].has_volume) {
            *out = b->place[p].volume;
            return true;
        }
    }
    int thing;
    int place;
    if (find_thing_at(b, at_place, name, &thing, &place, why, why_size)) {
        *out = (st_typed){.e = st_value_number_of(b, thing, place),
                          .dim = b->state[b->thing[thing].state[place]].dim,
                          .bridge = b->thing[thing].bridge};
        return true;
    }
    if (st_grammar_spatial(name) != NULL) {
        snprintf(why, why_size,
                 "'%s' has no value in a well-mixed place; a rule may sense it and state "
                 "'well_mixed:', what stands in for it",
                 name);
        return false;
    }
    return why[0] != '\0' ? false : resolve_unknown(b, name, why, why_size);
}

/// True when something was noted at that line and column of the same file.
static bool is_noted(const builder* b, const st_node* node)
{
    for (int i = b->quantity_count - 1; i >= 0; i--) {
        const st_quantity_info* q = &b->quantity[i];
        if (q->line == node->line && q->column == node->column &&
            q->file == st_doc_name(node->doc)) {
            return true;
        }
    }
    return false;
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
    return st_value_is_broken(b, name);
}

static bool resolve(void* arg, const char* name, st_typed* out, char* why, size_t why_size)
{
    resolver* r = arg;
    const bool ok = st_value_resolve(r->b, r->at_place, name, out, why, why_size);
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

/// Notes each `[20 ng/mL]` of an expression.
static void note_brackets(builder* b, const st_node* node)
{
    const char* open = strchr(node->text, '[');
    if (open == NULL) {
        return;
    }
    for (; open != NULL; open = strchr(open + 1, '[')) {
        char text[128];
        double number;
        st_unit unit;
        const char* unit_text;
        char why[64];
        const size_t length = strcspn(open + 1, "]");
        if (length >= sizeof text) {
            continue;
        }
        memcpy(text, open + 1, length);
        text[length] = '\0';
        if (st_quantity_parse(text, &number, &unit, &unit_text, why, sizeof why)) {
            // stands at its own column, with its own words
            st_node* spot = st_arena_alloc(b->arena, 1, sizeof *spot);
            char* written = st_arena_text(b->arena, text, length);
            if (spot == NULL || written == NULL) {
                return;
            }
            *spot = *node;
            spot->text = written;
            spot->column += (int)(open + 1 - node->text) + (node->is_quoted ? 1 : 0);
            if (!is_noted(b, spot)) {
                st_value_note(b, spot,
                              number * unit.factor *
                                  st_units_from_si(&ST_UNITS_POPULATION, &unit.dim),
                              st_value_unit_text(b, &unit.dim));
            }
        }
    }
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
            if (b->graph.node[i].code == ST_OP_PPOW && st_value_moves(b, b->graph.node[i].b)) {
                return st_node_fail(b->ctx, node,
                                    "a hill exponent depends on a state, expected parameters or "
                                    "numbers");
            }
        }
        note_brackets(b, node);
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
            if (is_changed && st_value_default(b, out->e, NULL, &number)) {
                st_value_note(b, value, number, st_value_unit_text(b, &out->dim));
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
        !is_noted(b, text)) {
        st_value_note(b, text, constant, st_value_unit_text(b, &out->dim));
    }
    return true;
}

bool st_value_default(builder* b, st_expr e, const double* state, double* out)
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

bool st_value_is_plain(builder* b, st_expr e, double* value)
{
    const st_expr_node n = b->graph.node[e];
    const bool is_parameter = n.code == ST_OP_INPUT && (n.a & SLOT_KIND) == SLOT_PARAMETER;
    const bool is_scaled = n.code == ST_OP_MUL && b->graph.node[n.a].code <= ST_OP_INPUT &&
                           b->graph.node[n.b].code <= ST_OP_INPUT && !st_value_moves(b, e);
    return (is_parameter || is_scaled || n.code == ST_OP_CONSTANT) &&
           st_value_default(b, e, NULL, value);
}

bool st_value_moves(builder* b, st_expr e)
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
