#include "builder.h"

#include <math.h>
#include <string.h>

static const char* const TOP_KEYS[] = {
    "model",      "description", "settle",       "parameters", "inputs",   "places",
    "substrates", "cells",       "matrix",       "variables",  "rules",    "reactions",
    "exchanges",  "definitions", "events",       "doses",      "variants", "instruments",
    "context",    "references",  "correlations", NULL};

static const char* const FUNCTION_NAMES[] = {"exp",  "log",  "sqrt", "min",     "max",   "pow",
                                             "hill", "time", "none", "density", "volume"};

/// A letter, then letters, digits, '_'; hyphens only where the room allows them.
static bool check_name(builder* b, const st_node* node)
{
    const char* name = node->key;
    bool ok = (name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z');
    for (const char* c = name; *c != '\0'; c++) {
        ok = ok && ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '_');
    }
    if (!ok || strlen(name) > 60) {
        return st_node_fail_key(b->ctx, node,
                                "found '%s', expected a name: a letter, then letters, digits or "
                                "'_', at most 60",
                                name);
    }
    for (size_t i = 0; i < sizeof FUNCTION_NAMES / sizeof FUNCTION_NAMES[0]; i++) {
        if (strcmp(name, FUNCTION_NAMES[i]) == 0) {
            return st_node_fail_key(b->ctx, node, "'%s' is a word of the language, not a name",
                                    name);
        }
    }
    return true;
}

/// Names of parameters, inputs, definitions, variables and things share one space.
static bool check_new_name(builder* b, const st_node* node, const char* const* sections)
{
    if (!check_name(b, node)) {
        return false;
    }
    for (int i = 0; sections[i] != NULL; i++) {
        const st_node* section = st_node_child(b->root, sections[i]);
        const st_node* other = st_node_child(section, node->key);
        if (other != NULL && other != node) {
            return st_node_fail_key(b->ctx, node, "'%s' is also a name in %s (line %d)", node->key,
                                    sections[i], other->key_line);
        }
    }
    return true;
}

static int section_size(builder* b, const char* key)
{
    const st_node* section = st_node_child(b->root, key);
    if (section == NULL || section->kind == ST_NODE_NULL) {
        return 0;
    }
    return st_node_expect(b->ctx, section, ST_NODE_MAP) ? section->child_count : 0;
}

static const st_node* section_first(builder* b, const char* key)
{
    const st_node* section = st_node_child(b->root, key);
    return section != NULL && section->kind == ST_NODE_MAP ? section->first : NULL;
}

int st_declare_find_place(const builder* b, const char* name)
{
    for (int i = 0; i < b->place_count; i++) {
        if (strcmp(b->place[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int st_declare_find_thing(const builder* b, const char* name)
{
    for (int i = 0; i < b->thing_count; i++) {
        if (strcmp(b->thing[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static void declare_places(builder* b)
{
    static const char* const keys[] = {"label", "volume", "note", NULL};
    for (const st_node* n = section_first(b, "places"); n != NULL; n = n->next) {
        if (!check_name(b, n) || !st_node_check_keys(b->ctx, n, keys)) {
            continue;
        }
        b->place[b->place_count++] = (place_spec){.name = n->key, .node = n};
        st_node_need(b->ctx, n, "volume", "a volume such as '{ value: 13.6 mL, source: ... }'");
    }
}

static void declare_state(builder* b, int thing_index, const st_node* in, int place_index)
{
    thing_spec* t = &b->thing[thing_index];
    const int index = b->state_count++;
    state_spec* s = &b->state[index];
    t->state[place_index] = index;
    static const char* const units[] = {"cells", "nmol/mL", "1", ""};
    static const char* const dims[] = {"cells", "nmol/mL", "1", "1"};
    *s = (state_spec){.thing = thing_index, .place = place_index, .start = in};
    s->info.name = st_arena_format(b->arena, "%s@%s", t->name, b->place[place_index].name);
    s->info.kind = t->kind;
    s->info.unit = units[t->kind];
    s->info.show_unit = units[t->kind];
    s->info.show_factor = 1.0;
    s->dim = st_value_dim(dims[t->kind]);
}

static void declare_things_of(builder* b, const char* section, st_state_kind kind,
                              const char* const* keys)
{
    static const char* const others[] = {"parameters", "inputs",    "substrates",  "cells",
                                         "matrix",     "variables", "definitions", NULL};
    for (const st_node* n = section_first(b, section); n != NULL; n = n->next) {
        if (!check_new_name(b, n, others) || !st_node_check_keys(b->ctx, n, keys)) {
            continue;
        }
        const st_node* in =
            st_node_need(b->ctx, n, "in", "the places it lives in, with initial values");
        const int index = b->thing_count++;
        thing_spec* t = &b->thing[index];
        *t = (thing_spec){.name = n->key, .node = n, .kind = kind, .max = 1.0};
        t->state = st_arena_alloc(b->arena, (size_t)b->place_count + 1u, sizeof *t->state);
        if (t->state == NULL) {
            return;
        }
        for (int i = 0; i < b->place_count; i++) {
            t->state[i] = -1;
        }
        if (in == NULL || !st_node_expect(b->ctx, in, ST_NODE_MAP)) {
            continue;
        }
        for (const st_node* p = in->first; p != NULL; p = p->next) {
            const int at = st_declare_find_place(b, p->key);
            if (at < 0) {
                const char* names[64];
                int count = 0;
                while (count < b->place_count && count < 64) {
                    names[count] = b->place[count].name;
                    count++;
                }
                const char* near = st_name_nearest(p->key, names, count);
                st_node_fail_key(b->ctx, p, "found '%s', expected a place%s%s%s", p->key,
                                 near ? "; did you mean '" : "", near ? near : "",
                                 near ? "'?" : "");
                continue;
            }
            declare_state(b, index, p, at);
        }
    }
}

/// molar_mass, solubility and max: what the thing is, before any value of it is read.
static void read_bridges(builder* b)
{
    for (int i = 0; i < b->thing_count; i++) {
        thing_spec* t = &b->thing[i];
        const st_node* mass = st_node_child(t->node, "molar_mass");
        const st_node* gas = st_node_child(t->node, "solubility");
        const st_node* max = st_node_child(t->node, "max");
        if (mass != NULL) {
            st_node_read_quantity(b->ctx, mass, "a molar mass", "kg/mol", NULL, 1e-6, 1e6,
                                  &t->bridge.molar_mass_kg_per_mol);
        }
        if (gas != NULL) {
            st_node_read_quantity(b->ctx, gas, "a solubility", "mol/m^3/Pa", NULL, 1e-30, 1e3,
                                  &t->bridge.solubility_mol_per_m3_Pa);
        }
        if (max != NULL) {
            st_node_read_number(b->ctx, max, 1e-12, 1e12, &t->max);
        }
    }
}

static void declare_variables(builder* b)
{
    static const char* const others[] = {"parameters", "inputs",    "substrates",  "cells",
                                         "matrix",     "variables", "definitions", NULL};
    static const char* const keys[] = {"start",   "unit", "rate",   "negative", "label",
                                       "typical", "note", "source", "assumed",  NULL};
    for (const st_node* n = section_first(b, "variables"); n != NULL; n = n->next) {
        if (!check_new_name(b, n, others) || !st_node_check_keys(b->ctx, n, keys)) {
            continue;
        }
        state_spec* s = &b->state[b->state_count];
        *s = (state_spec){.thing = -1, .place = -1};
        s->info.name = n->key;
        s->info.kind = ST_STATE_FREE;
        s->start = st_node_need(b->ctx, n, "start", "a value at the beginning");
        st_node_need(b->ctx, n, "rate", "an expression: its change per time");
        const st_node* unit = st_node_need(b->ctx, n, "unit", "a unit such as 'vas' or '1'");
        const st_node* negative = st_node_child(n, "negative");
        if (negative != NULL) {
            st_node_read_bool(b->ctx, negative, &s->info.may_be_negative);
        }
        st_unit parsed;
        char why[128];
        if (unit == NULL || s->start == NULL || unit->kind != ST_NODE_SCALAR) {
            continue;
        }
        if (!st_unit_parse(unit->text, &parsed, why, sizeof why)) {
            st_node_fail(b->ctx, unit, "found '%s', expected a unit: %s", unit->text, why);
            continue;
        }
        s->dim = parsed.dim;
        s->info.unit = st_value_unit_text(b, &s->dim);
        s->info.show_unit = unit->text;
        s->info.show_factor = st_value_show_factor(&s->dim, unit->text, NULL);
        b->state_count++;
    }
}

static void declare_inputs(builder* b)
{
    static const char* const others[] = {"parameters", "substrates",  "cells", "matrix",
                                         "variables",  "definitions", NULL};
    static const char* const keys[] = {"start", "label", "note", NULL};
    for (const st_node* n = section_first(b, "inputs"); n != NULL; n = n->next) {
        if (!check_new_name(b, n, others) || !st_node_check_keys(b->ctx, n, keys)) {
            continue;
        }
        const st_node* start =
            st_node_need(b->ctx, n, "start", "a default with its unit such as '29.7 kg/m^2'");
        if (start == NULL || !st_node_expect(b->ctx, start, ST_NODE_SCALAR)) {
            continue;
        }
        double number;
        st_unit unit;
        const char* unit_text;
        char why[128];
        if (!st_quantity_parse(start->text, &number, &unit, &unit_text, why, sizeof why)) {
            st_node_fail(b->ctx, start, "found '%s', expected a quantity: %s", start->text, why);
            continue;
        }
        input_spec* in = &b->input[b->input_count++];
        in->dim = unit.dim;
        in->info = (st_input_info){
            .name = n->key,
            .value = number * unit.factor * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim),
            .unit = st_value_unit_text(b, &unit.dim),
            .show_unit = st_arena_text(b->arena, unit_text, strlen(unit_text))};
        in->info.show_factor = st_value_show_factor(&unit.dim, unit_text, NULL);
    }
}

static void declare_definitions(builder* b)
{
    static const char* const others[] = {"parameters", "inputs",    "substrates", "cells",
                                         "matrix",     "variables", NULL};
    static const char* const keys[] = {"is", "unit", "label", "note", NULL};
    for (const st_node* n = section_first(b, "definitions"); n != NULL; n = n->next) {
        if (!check_new_name(b, n, others)) {
            continue;
        }
        definition_spec* d = &b->definition[b->definition_count];
        *d = (definition_spec){.entry = n, .node = n};
        if (n->kind == ST_NODE_MAP) {
            if (!st_node_check_keys(b->ctx, n, keys)) {
                continue;
            }
            d->node = st_node_need(b->ctx, n, "is", "an expression");
        }
        if (d->node == NULL || !st_node_expect(b->ctx, d->node, ST_NODE_SCALAR)) {
            continue;
        }
        d->info.name = n->key;
        d->info.text = d->node->text;
        b->definition_count++;
    }
}

static void declare_parameters(builder* b)
{
    static const char* const others[] = {"inputs",    "substrates",  "cells", "matrix",
                                         "variables", "definitions", NULL};
    for (const st_node* n = section_first(b, "parameters"); n != NULL; n = n->next) {
        if (check_new_name(b, n, others) && st_node_expect(b->ctx, n, ST_NODE_MAP)) {
            st_value_parameter(b, n, n->key, NULL);
        }
    }
}

/// Room for everything that the sections can declare.
static st_status make_room(builder* b)
{
    const int places = section_size(b, "places");
    const int things =
        section_size(b, "substrates") + section_size(b, "cells") + section_size(b, "matrix");
    const size_t states = (size_t)things * (size_t)places + (size_t)section_size(b, "variables");
    b->place = st_arena_alloc(b->arena, (size_t)places + 1u, sizeof *b->place);
    b->thing = st_arena_alloc(b->arena, (size_t)things + 1u, sizeof *b->thing);
    b->state = st_arena_alloc(b->arena, states + 1u, sizeof *b->state);
    b->input = st_arena_alloc(b->arena, (size_t)section_size(b, "inputs") + 1u, sizeof *b->input);
    b->definition = st_arena_alloc(b->arena, (size_t)section_size(b, "definitions") + 1u,
                                   sizeof *b->definition);
    const bool ok = b->place && b->thing && b->state && b->input && b->definition;
    return ok ? ST_OK : ST_ERR_MEMORY;
}

st_status st_declare_names(builder* b)
{
    static const char* const substrate_keys[] = {
        "label", "in", "molar_mass", "solubility", "decay", "supply", "typical", "note", NULL};
    static const char* const cell_keys[] = {"label", "in", "behaviours", "typical", "note", NULL};
    static const char* const matrix_keys[] = {"label", "in", "max", "typical", "note", NULL};

    if (!st_node_check_keys(b->ctx, b->root, TOP_KEYS)) {
        if (b->root->kind != ST_NODE_MAP) {
            return ST_ERR_INPUT;
        }
    }
    const st_node* title = st_node_need(b->ctx, b->root, "model", "the model's title");
    const char* text;
    if (title != NULL) {
        st_node_read_text(b->ctx, title, &text);
    }
    const st_node* settle = st_node_child(b->root, "settle");
    if (settle != NULL) {
        st_node_read_quantity(b->ctx, settle, "a time", "day", NULL, 0.0, 1e6, &b->settle_day);
    }
    ST_TRY(make_room(b));
    declare_places(b);
    declare_things_of(b, "cells", ST_STATE_CELL, cell_keys);
    declare_things_of(b, "substrates", ST_STATE_SUBSTRATE, substrate_keys);
    declare_things_of(b, "matrix", ST_STATE_MATRIX, matrix_keys);
    read_bridges(b);
    declare_variables(b);
    declare_inputs(b);
    declare_definitions(b);
    declare_parameters(b);
    if (b->state_count == 0 && st_ctx_mistake_count(b->ctx) == 0) {
        st_node_fail(b->ctx, b->root,
                     "found no state, expected substrates, cells, matrix or variables");
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}
