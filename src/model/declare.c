#include "builder.h"

#include <math.h>
#include <string.h>

/// Most states of a model: the Jacobian is compiled from a square of them.
#define STATE_LIMIT 2000
#define STAGE_LIMIT 64

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
static bool check_new_name(builder* b, const st_node* node)
{
    static const char* const sections[] = {"parameters", "inputs",      "substrates",
                                           "cells",      "matrix",      "variables",
                                           "responses",  "definitions", NULL};
    if (!check_name(b, node)) {
        return false;
    }
    for (int i = 0; sections[i] != NULL; i++) {
        const st_node* section = st_node_child(b->root, sections[i]);
        const st_node* other = st_node_child(section, node->key);
        if (section == node->parent) {
            break; // both places were told when the first of the two was read
        }
        if (other != NULL) {
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
    for (const st_node* n = section_first(b, "places"); n != NULL; n = n->next) {
        if (!check_name(b, n) || !st_grammar_check(b->ctx, n, &ST_GRAMMAR_PLACE)) {
            continue;
        }
        b->place[b->place_count++] = (place_spec){.name = n->key, .node = n};
        st_node_need(b->ctx, n, "volume", "a volume such as '{ value: 13.6 mL, source: ... }'");
    }
}

static void declare_state(builder* b, int thing_index, const st_node* in, int place_index)
{
    static const char* const units[] = {"cells", "nmol/mL", "1", ""};
    static const char* const dims[] = {"cells", "nmol/mL", "1", "1"};
    thing_spec* t = &b->thing[thing_index];
    const char* place = b->place[place_index].name;
    t->state[place_index] = b->state_count;
    for (int stage = 0; stage < t->stage_count; stage++) {
        state_spec* s = &b->state[b->state_count++];
        *s = (state_spec){.thing = thing_index, .place = place_index, .start = in, .stage = stage};
        s->info.name = t->stage_count == 1
                           ? st_arena_format(b->arena, "%s@%s", t->name, place)
                           : st_arena_format(b->arena, "%s.%d@%s", t->name, stage + 1, place);
        s->info.kind = t->kind;
        s->info.unit = units[t->kind];
        s->info.show_unit = units[t->kind];
        s->info.show_factor = 1.0;
        s->dim = st_value_dim(dims[t->kind]);
    }
    if (t->stage_count > 1) { // the whole stands under the plain name                     [MOD-7]
        definition_spec* d = &b->definition[b->definition_count++];
        *d =
            (definition_spec){.progress = DEFINITION_READ, .value = {.dim = st_value_dim("cells")}};
        d->info = (st_definition_info){
            .name = st_arena_format(b->arena, "%s@%s", t->name, place),
            .unit = "cells",
            .show_unit = "cells",
            .show_factor = 1.0,
            .text = st_arena_format(b->arena, "sum of the %d stages", t->stage_count)};
        d->value.e = st_resolve_number(b, thing_index, place_index);
    }
}

/// Stages that a cell's behaviours ask for; 1 = none. Reports a second staged behaviour.
static int read_stages(builder* b, const st_node* cell)
{
    const st_node* behaviours = st_node_child(cell, "behaviours");
    int64_t count = 1;
    const st_node* first = NULL;
    for (const st_node* n = behaviours != NULL ? behaviours->first : NULL; n != NULL; n = n->next) {
        const st_node* stages = st_node_child(n, "stages");
        int64_t found;
        if (stages == NULL || !st_node_read_integer(b->ctx, stages, 1, STAGE_LIMIT, &found)) {
            continue;
        }
        if (first != NULL) {
            st_node_fail(b->ctx, stages,
                         "a second behaviour with stages, expected one per cell type; the first is "
                         "in line %d",
                         first->line);
            continue;
        }
        first = stages;
        count = found;
    }
    return (int)count;
}

static void declare_things_of(builder* b, const char* section, st_state_kind kind,
                              const st_grammar_table* table)
{
    for (const st_node* n = section_first(b, section); n != NULL; n = n->next) {
        if (!check_new_name(b, n) || !st_grammar_check(b->ctx, n, table)) {
            continue;
        }
        const st_node* in =
            st_node_need(b->ctx, n, "in", "the places it lives in, with initial values");
        const int index = b->thing_count++;
        thing_spec* t = &b->thing[index];
        *t = (thing_spec){.name = n->key, .node = n, .kind = kind, .max = 1.0, .live_form = -1};
        t->stage_count = kind == ST_STATE_CELL ? read_stages(b, n) : 1;
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
            if (at < 0 && st_resolve_is_broken(b, p->key)) {
                continue;
            }
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
            if (b->state_count + t->stage_count > b->state_capacity) {
                st_node_fail(b->ctx, p, "too many states, expected at most %d", STATE_LIMIT);
                return;
            }
            declare_state(b, index, p, at);
        }
    }
}

/// `dead_form_of:` once all cell types are known.
static void read_dead_forms(builder* b)
{
    for (int i = 0; i < b->thing_count; i++) {
        const st_node* of = st_node_child(b->thing[i].node, "dead_form_of");
        if (of == NULL) {
            continue;
        }
        const int live = st_declare_find_thing(b, of->text);
        if (live < 0 || live == i || b->thing[live].kind != ST_STATE_CELL ||
            st_node_child(b->thing[live].node, "dead_form_of") != NULL) {
            st_node_fail(b->ctx, of, "found '%s', expected another cell type that is alive",
                         of->text);
            continue;
        }
        b->thing[i].live_form = live;
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
            if (st_node_read_quantity(b->ctx, mass, "a molar mass", "kg/mol", NULL, 1e-6, 1e6,
                                      &t->bridge.molar_mass_kg_per_mol)) {
                st_note_quantity(b, mass, t->bridge.molar_mass_kg_per_mol * 1e-6, "g/nmol");
            }
        }
        if (gas != NULL) {
            if (st_node_read_quantity(b->ctx, gas, "a solubility", "mol/m^3/Pa", NULL, 1e-30, 1e3,
                                      &t->bridge.solubility_mol_per_m3_Pa)) {
                st_note_quantity(b, gas, t->bridge.solubility_mol_per_m3_Pa, "mol/m^3/Pa");
            }
        }
        if (max != NULL) {
            st_node_read_number(b->ctx, max, 1e-12, 1e12, &t->max);
        }
    }
}

static void declare_variable(builder* b, const st_node* n, bool is_response)
{
    state_spec* s = &b->state[b->state_count];
    *s = (state_spec){.thing = -1, .place = -1, .entry = n};
    s->info.name = n->key;
    s->info.kind = ST_STATE_FREE;
    s->start = is_response ? st_node_child(n, "start")
                           : st_node_need(b->ctx, n, "start", "a value at the beginning");
    if (is_response) {
        st_node_need(b->ctx, n, "toward", "an expression: what it follows");
        st_node_need(b->ctx, n, "tau", "a time such as '10 day'");
    } else {
        st_node_need(b->ctx, n, "rate", "an expression: its change per time");
    }
    const st_node* unit = st_node_need(b->ctx, n, "unit", "a unit such as 'vas' or '1'");
    const st_node* negative = st_node_child(n, "negative");
    if (negative != NULL) {
        st_node_read_bool(b->ctx, negative, &s->info.may_be_negative);
    }
    st_unit parsed;
    char why[128];
    if (unit == NULL || (s->start == NULL && !is_response)) {
        return;
    }
    if (!st_unit_parse(unit->text, &parsed, why, sizeof why)) {
        st_node_fail(b->ctx, unit, "found '%s', expected a unit: %s", unit->text, why);
        return;
    }
    if (b->state_count == b->state_capacity) {
        st_node_fail_key(b->ctx, n, "too many states, expected at most %d", STATE_LIMIT);
        return;
    }
    s->dim = parsed.dim;
    s->info.unit = st_value_unit_text(b, &s->dim);
    s->info.show_unit = unit->text;
    s->info.show_factor = st_value_show_factor(&s->dim, unit->text, NULL);
    b->state_count++;
}

static void declare_variables(builder* b)
{
    for (const st_node* n = section_first(b, "variables"); n != NULL; n = n->next) {
        if (check_new_name(b, n) && st_grammar_check(b->ctx, n, &ST_GRAMMAR_VARIABLE)) {
            declare_variable(b, n, false);
        }
    }
    for (const st_node* n = section_first(b, "responses"); n != NULL; n = n->next) {
        if (check_new_name(b, n) && st_grammar_check(b->ctx, n, &ST_GRAMMAR_RESPONSE)) {
            declare_variable(b, n, true);
        }
    }
}

static void declare_inputs(builder* b)
{
    for (const st_node* n = section_first(b, "inputs"); n != NULL; n = n->next) {
        if (!check_new_name(b, n) || !st_grammar_check(b->ctx, n, &ST_GRAMMAR_INPUT)) {
            continue;
        }
        const st_node* start =
            st_node_need(b->ctx, n, "start", "a default with its unit such as '29.7 kg/m^2'");
        if (start == NULL) {
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
        in->node = n;
        in->dim = unit.dim;
        in->info = (st_input_info){
            .name = n->key,
            .value = number * unit.factor * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim),
            .unit = st_value_unit_text(b, &unit.dim),
            .show_unit = st_arena_text(b->arena, unit_text, strlen(unit_text))};
        in->info.show_factor = st_value_show_factor(&unit.dim, unit_text, NULL);
        st_note_quantity(b, start, in->info.value, in->info.unit);
    }
}

static void declare_definitions(builder* b)
{
    for (const st_node* n = section_first(b, "definitions"); n != NULL; n = n->next) {
        if (!check_new_name(b, n)) {
            continue;
        }
        definition_spec* d = &b->definition[b->definition_count];
        *d = (definition_spec){.entry = n, .node = n};
        if (n->kind == ST_NODE_MAP) {
            if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_DEFINITION)) {
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
    for (const st_node* n = section_first(b, "parameters"); n != NULL; n = n->next) {
        if (check_new_name(b, n) && st_node_expect(b->ctx, n, ST_NODE_MAP)) {
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
    int states = section_size(b, "variables") + section_size(b, "responses");
    int totals = 0;
    static const char* const sections[] = {"substrates", "cells", "matrix"};
    for (int i = 0; i < 3; i++) {
        for (const st_node* n = section_first(b, sections[i]); n != NULL; n = n->next) {
            const st_node* in = st_node_child(n, "in");
            const int count = in != NULL ? in->child_count : 0;
            states += count * (i == 1 ? STAGE_LIMIT : 1);
            totals += i == 1 ? count : 0;
            states = states < STATE_LIMIT ? states : STATE_LIMIT;
        }
    }
    states = states < STATE_LIMIT ? states : STATE_LIMIT;
    b->state_capacity = states;
    b->place = st_arena_alloc(b->arena, (size_t)places + 1u, sizeof *b->place);
    b->thing = st_arena_alloc(b->arena, (size_t)things + 1u, sizeof *b->thing);
    b->state = st_arena_alloc(b->arena, (size_t)states + 1u, sizeof *b->state);
    const st_node* rules = st_node_child(b->root, "rules");
    const int spatial = b->is_in_space && rules != NULL ? rules->child_count : 0;
    b->input = st_arena_alloc(b->arena, (size_t)(section_size(b, "inputs") + spatial) + 1u,
                              sizeof *b->input);
    b->definition =
        st_arena_alloc(b->arena, (size_t)section_size(b, "definitions") + (size_t)totals + 1u,
                       sizeof *b->definition);
    const bool ok = b->place && b->thing && b->state && b->input && b->definition;
    return ok ? ST_OK : ST_ERR_MEMORY;
}

st_status st_declare_names(builder* b)
{
    st_grammar_check(b->ctx, b->root, &ST_GRAMMAR_TOP);
    if (b->root->kind != ST_NODE_MAP) {
        return ST_ERR_INPUT;
    }
    const st_node* title = st_node_need(b->ctx, b->root, "model", "the model's title");
    const char* text;
    if (title != NULL && title->kind == ST_NODE_SCALAR) {
        st_node_read_text(b->ctx, title, &text);
    }
    const st_node* settle = st_node_child(b->root, "settle");
    if (settle != NULL &&
        st_node_read_quantity(b->ctx, settle, "a time", "day", NULL, 0.0, 1e6, &b->settle_day)) {
        st_note_quantity(b, settle, b->settle_day, "day");
    }
    ST_TRY(make_room(b));
    declare_places(b);
    declare_things_of(b, "cells", ST_STATE_CELL, &ST_GRAMMAR_CELL);
    declare_things_of(b, "substrates", ST_STATE_SUBSTRATE, &ST_GRAMMAR_SUBSTRATE);
    declare_things_of(b, "matrix", ST_STATE_MATRIX, &ST_GRAMMAR_MATRIX);
    read_bridges(b);
    read_dead_forms(b);
    declare_variables(b);
    declare_inputs(b);
    declare_definitions(b);
    declare_parameters(b);
    if (b->state_count == 0 && st_ctx_mistake_count(b->ctx) == 0) {
        st_node_fail(b->ctx, b->root,
                     "found no state, expected substrates, cells, matrix, variables or responses");
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}
