#include "builder.h"

#include <stdio.h>
#include <string.h>

/// What a behaviour's key says: `verb.first.second@place`.
typedef struct parsed_key {
    int verb;
    int first, second; ///< things, -1 none
    int place;         ///< -1: the cell's own
} parsed_key;

enum {
    DIE,
    DIVIDE,
    RECRUIT,
    MOVE,
    BECOME,
    SECRETE,
    RELAX,
    TAKE_UP,
    CONSUME,
    DEPOSIT,
    DEGRADE,
    ENGULF,
    TURN
};

/// One row per verb: docs/language.md is written from it.
static const struct verb {
    const char* name;
    const char* unit;
    int thing_count;
    st_state_kind kind; ///< of the things
    bool may_have_place;
} VERBS[] = {
    [DIE] = {"die", "1/day", 0, ST_STATE_CELL, false},
    [DIVIDE] = {"divide", "1/day", 0, ST_STATE_CELL, false},
    [RECRUIT] = {"recruit", "cells/mL/day", 0, ST_STATE_CELL, false},
    [MOVE] = {"move", "1/day", 0, ST_STATE_CELL, true},
    [BECOME] = {"become", "1/day", 1, ST_STATE_CELL, true},
    [SECRETE] = {"secrete", "nmol/cell/day", 1, ST_STATE_SUBSTRATE, true},
    [RELAX] = {"relax", "mL/cell/day", 1, ST_STATE_SUBSTRATE, true},
    [TAKE_UP] = {"take_up", "mL/cell/day", 1, ST_STATE_SUBSTRATE, true},
    [CONSUME] = {"consume", "nmol/cell/day", 1, ST_STATE_SUBSTRATE, true},
    [DEPOSIT] = {"deposit", "mL/cell/day", 1, ST_STATE_MATRIX, true},
    [DEGRADE] = {"degrade", "mL/cell/day", 1, ST_STATE_MATRIX, true},
    [ENGULF] = {"engulf", "mL/cell/day", 1, ST_STATE_CELL, false},
    [TURN] = {"turn", "mL/cell/day", 2, ST_STATE_CELL, false},
};
#define VERB_COUNT ((int)(sizeof VERBS / sizeof VERBS[0]))

static bool parse_thing(const builder* b, const char* name, const struct verb* verb, int* out,
                        char* why, size_t why_size)
{
    static const char* const words[] = {"a cell type", "a substrate", "a matrix component", ""};
    const int thing = st_declare_find_thing(b, name);
    if (thing < 0 || b->thing[thing].kind != verb->kind) {
        const char* names[128];
        int count = 0;
        for (int i = 0; i < b->thing_count && count < 128; i++) {
            if (b->thing[i].kind == verb->kind) {
                names[count++] = b->thing[i].name;
            }
        }
        const char* near = st_name_nearest(name, names, count);
        snprintf(why, why_size, "'%s' needs %s, found '%s'%s%s%s", verb->name, words[verb->kind],
                 name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return false;
    }
    *out = thing;
    return true;
}

static bool parse_verb(const char* word, int* out, char* why, size_t why_size)
{
    const char* names[VERB_COUNT];
    for (int i = 0; i < VERB_COUNT; i++) {
        names[i] = VERBS[i].name;
        if (strcmp(VERBS[i].name, word) == 0) {
            *out = i;
            return true;
        }
    }
    const char* near = st_name_nearest(word, names, VERB_COUNT);
    snprintf(why, why_size,
             "'%s' is no behaviour, expected die divide recruit move become secrete relax take_up "
             "consume deposit degrade engulf turn%s%s%s",
             word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

static bool parse_key(const builder* b, const char* key, parsed_key* out, char* why,
                      size_t why_size)
{
    char text[160];
    if (strlen(key) >= sizeof text) {
        snprintf(why, why_size, "a behaviour's name is too long");
        return false;
    }
    strcpy(text, key);
    *out = (parsed_key){.first = -1, .second = -1, .place = -1};
    char* at = strchr(text, '@');
    if (at != NULL) {
        *at = '\0';
        out->place = st_declare_find_place(b, at + 1);
        if (out->place < 0) {
            snprintf(why, why_size, "'%s' is no place", at + 1);
            return false;
        }
    }
    char* first = strchr(text, '.');
    char* second = NULL;
    if (first != NULL) {
        *first++ = '\0';
        second = strchr(first, '.');
        if (second != NULL) {
            *second++ = '\0';
        }
    }
    if (!parse_verb(text, &out->verb, why, why_size)) {
        return false;
    }
    const struct verb* verb = &VERBS[out->verb];
    const int given = (first != NULL) + (second != NULL);
    if (given != verb->thing_count) {
        snprintf(why, why_size, "'%s' takes %d name%s after it, found %d", verb->name,
                 verb->thing_count, verb->thing_count == 1 ? "" : "s", given);
        return false;
    }
    if (out->place >= 0 && !verb->may_have_place) {
        snprintf(why, why_size, "'%s' takes no '@place'", verb->name);
        return false;
    }
    if (out->verb == MOVE && out->place < 0) {
        snprintf(why, why_size, "'move' needs the place it goes to: 'move@place'");
        return false;
    }
    return (first == NULL || parse_thing(b, first, verb, &out->first, why, why_size)) &&
           (second == NULL || parse_thing(b, second, verb, &out->second, why, why_size));
}

/// The state that a behaviour acts on, in the place it acts in; -1 with a reason when absent.
static int target_state(const builder* b, int thing, int place, char* why, size_t why_size)
{
    const int s = b->thing[thing].state[place];
    if (s < 0) {
        snprintf(why, why_size, "'%s' does not live in '%s'", b->thing[thing].name,
                 b->place[place].name);
    }
    return s;
}

bool st_behaviour_dim(const builder* b, const char* key, int at_place, st_dim* dim,
                      st_bridge* bridge, char* why, size_t why_size)
{
    parsed_key k;
    if (!parse_key(b, key, &k, why, why_size)) {
        return false;
    }
    const int place = k.place >= 0 ? k.place : at_place;
    if (k.first >= 0 && target_state(b, k.first, place, why, why_size) < 0) {
        return false;
    }
    if (k.second >= 0 && target_state(b, k.second, place, why, why_size) < 0) {
        return false;
    }
    *dim = st_value_dim(VERBS[k.verb].unit);
    *bridge = k.first >= 0 ? b->thing[k.first].bridge : (st_bridge){0};
    return true;
}

int st_behaviour_find(const builder* b, int cell, int place, const char* key)
{
    for (int i = 0; i < b->behaviour_count; i++) {
        const behaviour_spec* s = &b->behaviour[i];
        if (s->cell == cell && s->place == place && strcmp(s->key, key) == 0) {
            return i;
        }
    }
    return -1;
}

int st_behaviour_add(builder* b, int cell, int place, const char* key, const st_node* node)
{
    if (b->behaviour_count == b->behaviour_capacity) {
        const int capacity = b->behaviour_capacity == 0 ? 64 : 2 * b->behaviour_capacity;
        behaviour_spec* grown = st_realloc(b->ctx, b->behaviour, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            return -1;
        }
        b->behaviour = grown;
        b->behaviour_capacity = capacity;
    }
    b->behaviour[b->behaviour_count] = (behaviour_spec){
        .cell = cell, .place = place, .key = key, .node = node, .base = {.e = ST_EXPR_ZERO}};
    return b->behaviour_count++;
}

static bool refuse_negative(builder* b, const st_node* node, const st_typed* v)
{
    double value;
    const bool is_parameter = b->graph.node[v->e].code == ST_OP_INPUT;
    const bool is_number = st_expr_is_constant(&b->graph, v->e, NULL);
    if ((!is_parameter && !is_number) || !st_value_default(b, v->e, NULL, &value)) {
        return true; // an expression: its sign is not known here
    }
    if (value < 0.0) {
        const st_node* text = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
        return st_node_fail(b->ctx, text, "found '%s', expected a rate of 0 or more", text->text);
    }
    return true;
}

static void read_behaviour(builder* b, int cell, int place, const st_node* n)
{
    char why[320];
    st_dim dim;
    st_bridge bridge;
    if (!st_behaviour_dim(b, n->key, place, &dim, &bridge, why, sizeof why)) {
        st_node_fail_key(b->ctx, n, "%s", why);
        return;
    }
    st_typed value;
    if (!st_value_read(b, n, place, &dim, &bridge, "a rate", &value) ||
        !refuse_negative(b, n, &value)) {
        return;
    }
    const int index = st_behaviour_add(b, cell, place, n->key, n);
    if (index >= 0) {
        b->behaviour[index].base = value;
    }
}

/// Parameters of all behaviours come first, so that any expression may name them.
static void declare_values(builder* b, const thing_spec* cell)
{
    const st_node* list = st_node_child(cell->node, "behaviours");
    if (list == NULL || !st_node_expect(b->ctx, list, ST_NODE_MAP)) {
        return;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        const st_node* value = n->kind == ST_NODE_MAP ? st_node_child(n, "value") : NULL;
        if (n->kind == ST_NODE_MAP && (value == NULL || st_formula_is_quantity(value->text))) {
            char name[256];
            snprintf(name, sizeof name, "%s.%s", cell->name, n->key);
            st_value_parameter(b, n, name, NULL);
        }
        for (const st_node* k = n->first; n->kind == ST_NODE_MAP && k != NULL; k = k->next) {
            if (k->kind == ST_NODE_MAP) {
                char name[256];
                snprintf(name, sizeof name, "%s.%s.%s", cell->name, n->key, k->key);
                st_value_parameter(b, k, name, NULL);
            }
        }
    }
}

st_status st_behaviour_read_all(builder* b)
{
    for (int c = 0; c < b->thing_count; c++) {
        if (b->thing[c].kind == ST_STATE_CELL) {
            declare_values(b, &b->thing[c]);
        }
    }
    for (int c = 0; c < b->thing_count; c++) {
        const thing_spec* cell = &b->thing[c];
        const st_node* list = st_node_child(cell->node, "behaviours");
        if (cell->kind != ST_STATE_CELL || list == NULL) {
            continue;
        }
        for (int p = 0; p < b->place_count; p++) {
            for (const st_node* n = list->first; cell->state[p] >= 0 && n != NULL; n = n->next) {
                read_behaviour(b, c, p, n);
            }
        }
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}

/// Reads the extra value of `relax` (target) or `consume` (half), in units of the substrate.
static bool read_extra(builder* b, const behaviour_spec* s, const char* key, int substrate,
                       st_typed* out)
{
    const st_node* node = s->node != NULL && s->node->kind == ST_NODE_MAP
                              ? st_node_need(b->ctx, s->node, key, "a level of the substrate")
                              : NULL;
    if (node == NULL) {
        return false;
    }
    const st_dim dim = st_value_dim("nmol/mL");
    return st_value_read(b, node, s->place, &dim, &b->thing[substrate].bridge, "a level", out);
}

static const st_term_kind TERMS[] = {
    [DIE] = ST_TERM_DIE,         [DIVIDE] = ST_TERM_DIVIDE,   [RECRUIT] = ST_TERM_RECRUIT,
    [MOVE] = ST_TERM_MOVE,       [BECOME] = ST_TERM_BECOME,   [SECRETE] = ST_TERM_SECRETE,
    [RELAX] = ST_TERM_RELAX,     [TAKE_UP] = ST_TERM_TAKE_UP, [CONSUME] = ST_TERM_CONSUME,
    [DEPOSIT] = ST_TERM_DEPOSIT, [DEGRADE] = ST_TERM_DEGRADE, [ENGULF] = ST_TERM_ENGULF,
    [TURN] = ST_TERM_TURN,
};

/// Adds the terms of one behaviour to the rates.                                      [MOD-2]
static void apply(builder* b, int index)
{
    const behaviour_spec* s = &b->behaviour[index];
    st_graph* g = &b->graph;
    char why[200];
    parsed_key k;
    if (!parse_key(b, s->key, &k, why, sizeof why)) {
        return;
    }
    const int own = b->thing[s->cell].state[s->place];
    const int at = k.place >= 0 ? k.place : s->place;
    const st_expr n = st_expr_input(g, SLOT_STATE | (uint32_t)own);
    const st_expr bn = st_expr_mul(g, s->base.e, n);
    const st_expr b_rho = st_expr_div(g, bn, b->place[at].volume.e);
    const int goal = k.first >= 0 ? b->thing[k.first].state[at] : -1;
    const st_expr x = goal >= 0 ? st_expr_input(g, SLOT_STATE | (uint32_t)goal) : ST_EXPR_ZERO;
    const st_expr minus_one = st_expr_constant(g, -1.0);
    const st_expr lose = st_expr_mul(g, minus_one, bn);
    st_typed extra;

    st_channel_begin(b, TERMS[k.verb], s->key, own, index);
    switch (k.verb) {
    case DIE:
        st_term_add(b, own, lose);
        break;
    case DIVIDE:
        st_term_add(b, own, bn);
        break;
    case RECRUIT:
        st_term_add(b, own, st_expr_mul(g, s->base.e, b->place[s->place].volume.e));
        break;
    case MOVE: {
        const int there = b->thing[s->cell].state[at];
        if (there < 0 || there == own) {
            st_node_fail_key(b->ctx, s->node != NULL ? s->node : b->root,
                             "'%s' does not live in '%s' as well", b->thing[s->cell].name,
                             b->place[at].name);
            break;
        }
        st_term_add(b, own, lose);
        st_term_add(b, there, bn);
        break;
    }
    case BECOME:
        st_term_add(b, own, lose);
        st_term_add(b, goal, bn);
        break;
    case SECRETE:
        st_term_add(b, goal, b_rho);
        break;
    case RELAX:
        if (read_extra(b, s, "target", k.first, &extra)) {
            st_term_add(b, goal, st_expr_mul(g, b_rho, st_expr_sub(g, extra.e, x)));
        }
        break;
    case TAKE_UP:
        st_term_add(b, goal, st_expr_mul(g, minus_one, st_expr_mul(g, b_rho, x)));
        break;
    case CONSUME:
        if (read_extra(b, s, "half", k.first, &extra)) {
            const st_expr share = st_expr_div(g, x, st_expr_add(g, extra.e, x));
            st_term_add(b, goal, st_expr_mul(g, minus_one, st_expr_mul(g, b_rho, share)));
        }
        break;
    case DEPOSIT: {
        const st_expr max = st_expr_constant(g, b->thing[k.first].max);
        const st_expr room = st_expr_sub(g, ST_EXPR_ONE, st_expr_div(g, x, max));
        st_term_add(b, goal, st_expr_mul(g, b_rho, room));
        break;
    }
    case DEGRADE:
    case ENGULF:
        st_term_add(b, goal, st_expr_mul(g, minus_one, st_expr_mul(g, b_rho, x)));
        break;
    case TURN: {
        const st_expr turned = st_expr_mul(g, b_rho, x);
        st_term_add(b, goal, st_expr_mul(g, minus_one, turned));
        st_term_add(b, b->thing[k.second].state[at], turned);
        break;
    }
    default:
        break;
    }
    st_channel_end(b);
}

st_status st_behaviour_apply_all(builder* b)
{
    for (int i = 0; i < b->behaviour_count; i++) {
        apply(b, i);
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}
