#include "builder.h"

#include <stdio.h>
#include <string.h>

/// One rule as it acts on one behaviour of one cell type in one place.
typedef struct rule {
    int behaviour;
    bool increases;
    st_typed toward;
    st_expr strength; ///< (s/h)^p
} rule;

typedef struct rule_list {
    rule* item;
    int count, capacity;
} rule_list;

static const char* const RULE_KEYS[] = {"cell",     "signal", "increases", "decreases", "toward",
                                        "half_max", "hill",   "in",        "source",    "assumed",
                                        "spread",   "note",   NULL};

static rule* new_rule(builder* b, rule_list* list)
{
    if (list->count == list->capacity) {
        const int capacity = list->capacity == 0 ? 32 : 2 * list->capacity;
        rule* grown = st_realloc(b->ctx, list->item, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        list->item = grown;
        list->capacity = capacity;
    }
    return &list->item[list->count];
}

/// Makes a parameter of a plain quantity; the rule carries the source.
static void declare_value(builder* b, const st_node* entry, const char* key, const char* name)
{
    const st_node* node = st_node_child(entry, key);
    if (node == NULL) {
        return;
    }
    const st_node* value = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
    const bool is_map = node->kind == ST_NODE_MAP;
    if (is_map ? value == NULL || st_formula_is_quantity(value->text)
               : node->kind == ST_NODE_SCALAR && st_formula_is_quantity(node->text)) {
        st_value_parameter(b, node, name, entry);
    }
}

/// The exponent: a plain number is a constant of the formula, a map is a parameter.
static bool read_hill(builder* b, const st_node* entry, st_expr* out)
{
    const st_node* node = st_node_child(entry, "hill");
    if (node == NULL) {
        *out = ST_EXPR_ONE;
        return true;
    }
    if (node->kind == ST_NODE_SCALAR) {
        double number;
        if (!st_node_read_number(b->ctx, node, 0.1, 64.0, &number)) {
            return false;
        }
        *out = st_expr_constant(&b->graph, number);
        return true;
    }
    const st_dim none = st_dim_none();
    st_typed v;
    if (!st_value_read(b, node, -1, &none, NULL, "an exponent", &v)) {
        return false;
    }
    *out = v.e;
    return true;
}

static bool refuse_not_positive(builder* b, const st_node* node, const st_typed* v)
{
    double value;
    if (b->graph.node[v->e].code == ST_OP_INPUT && st_value_default(b, v->e, NULL, &value) &&
        !(value > 0.0)) {
        const st_node* text = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
        return st_node_fail(b->ctx, text, "found '%s', expected a half-maximum above 0",
                            text->text);
    }
    return true;
}

static bool read_in_place(builder* b, const st_node* entry, int cell, int place,
                          const st_node* change, bool increases, rule_list* list)
{
    char why[320];
    st_dim dim;
    st_bridge bridge;
    if (!st_behaviour_dim(b, change->text, place, &dim, &bridge, why, sizeof why)) {
        return st_node_fail(b->ctx, change, "%s", why);
    }
    const st_node* signal = st_node_need(b->ctx, entry, "signal", "what the cell senses");
    const st_node* toward = st_node_need(b->ctx, entry, "toward", "the value at full signal");
    const st_node* half =
        st_node_need(b->ctx, entry, "half_max", "the signal at which half the change is reached");
    st_typed s;
    if (signal == NULL || toward == NULL || half == NULL ||
        !st_value_read_text(b, signal, place, &s)) {
        return false;
    }
    st_typed t;
    st_typed h;
    st_expr p;
    if (!st_value_read(b, toward, place, &dim, &bridge, "a rate", &t) ||
        !st_value_read(b, half, place, &s.dim, &s.bridge, "a level of the signal", &h) ||
        !refuse_not_positive(b, half, &h) || !read_hill(b, entry, &p)) {
        return false;
    }
    int index = st_behaviour_find(b, cell, place, change->text);
    if (index < 0) {
        index = st_behaviour_add(b, cell, place, change->text, NULL);
    }
    rule* r = new_rule(b, list);
    if (index < 0 || r == NULL) {
        return false;
    }
    const st_expr ratio = st_expr_div(&b->graph, s.e, h.e);
    *r = (rule){.behaviour = index,
                .increases = increases,
                .toward = t,
                .strength = st_expr_make(&b->graph, ST_OP_PPOW, ratio, p)};
    list->count++;
    return true;
}

static void declare_values(builder* b, const st_node* entry, const st_node* cell,
                           const st_node* change)
{
    static const char* const keys[] = {"toward", "half_max", "hill"};
    const st_node* signal = st_node_child(entry, "signal");
    for (int i = 0; i < 3; i++) {
        const st_node* node = st_node_child(entry, keys[i]);
        if (i == 2 && node != NULL && node->kind != ST_NODE_MAP) {
            continue;
        }
        char name[320];
        snprintf(name, sizeof name, "%s.%s.%s.%s", cell->text, change->text,
                 signal != NULL ? signal->text : "", keys[i]);
        declare_value(b, entry, keys[i], name);
    }
}

/// Finds the cell type and the changed behaviour of a rule; NULL parts are reported.
static bool read_subject(builder* b, const st_node* entry, const st_node** cell_node, int* cell,
                         const st_node** change, bool* increases)
{
    if (!st_node_check_keys(b->ctx, entry, RULE_KEYS)) {
        return false;
    }
    *cell_node = st_node_need(b->ctx, entry, "cell", "a cell type");
    const st_node* up = st_node_child(entry, "increases");
    const st_node* down = st_node_child(entry, "decreases");
    if ((up == NULL) == (down == NULL)) {
        return st_node_fail(b->ctx, entry, "found %s, expected 'increases:' or 'decreases:'",
                            up == NULL ? "neither" : "both");
    }
    *change = up != NULL ? up : down;
    *increases = up != NULL;
    if (*cell_node == NULL || !st_node_expect(b->ctx, *cell_node, ST_NODE_SCALAR) ||
        !st_node_expect(b->ctx, *change, ST_NODE_SCALAR)) {
        return false;
    }
    *cell = st_declare_find_thing(b, (*cell_node)->text);
    if (*cell < 0 || b->thing[*cell].kind != ST_STATE_CELL) {
        const char* names[128];
        int count = 0;
        for (int i = 0; i < b->thing_count && count < 128; i++) {
            if (b->thing[i].kind == ST_STATE_CELL) {
                names[count++] = b->thing[i].name;
            }
        }
        const char* near = st_name_nearest((*cell_node)->text, names, count);
        return st_node_fail(b->ctx, *cell_node, "found '%s', expected a cell type%s%s%s",
                            (*cell_node)->text, near ? "; did you mean '" : "", near ? near : "",
                            near ? "'?" : "");
    }
    return true;
}

static void read_rule(builder* b, const st_node* entry, rule_list* list)
{
    const st_node* cell_node;
    const st_node* change;
    int cell;
    bool increases;
    if (!read_subject(b, entry, &cell_node, &cell, &change, &increases)) {
        return;
    }
    declare_values(b, entry, cell_node, change);
    const st_node* in = st_node_child(entry, "in");
    int only = -1;
    if (in != NULL) {
        const char* name;
        if (!st_node_read_text(b->ctx, in, &name)) {
            return;
        }
        only = st_declare_find_place(b, name);
        if (only < 0 || b->thing[cell].state[only] < 0) {
            st_node_fail(b->ctx, in, "found '%s', expected a place where %s lives", name,
                         cell_node->text);
            return;
        }
    }
    for (int p = 0; p < b->place_count; p++) {
        if (b->thing[cell].state[p] >= 0 && (only < 0 || only == p) &&
            !read_in_place(b, entry, cell, p, change, increases, list)) {
            return;
        }
    }
}

/// b0 + (limit - b0) S/(1 + S) with the shared ceiling or floor of one direction.     [MOD-3]
static st_expr merge(builder* b, const rule_list* list, int behaviour, bool increases, st_expr b0,
                     st_expr from, bool other_direction)
{
    st_graph* g = &b->graph;
    st_expr sum = ST_EXPR_ZERO;
    st_expr limit = b0;
    bool has_limit = other_direction;
    for (int i = 0; i < list->count; i++) {
        const rule* r = &list->item[i];
        if (r->behaviour != behaviour || r->increases != increases) {
            continue;
        }
        sum = st_expr_add(g, sum, r->strength);
        const st_op_code pick = increases ? ST_OP_MAX : ST_OP_MIN;
        limit = has_limit ? st_expr_make(g, pick, limit, r->toward.e) : r->toward.e;
        has_limit = true;
    }
    const st_expr share = st_expr_div(g, sum, st_expr_add(g, ST_EXPR_ONE, sum));
    return st_expr_add(g, from, st_expr_mul(g, st_expr_sub(g, limit, from), share));
}

static void merge_rules(builder* b, const rule_list* list, int behaviour)
{
    int up = 0;
    int down = 0;
    for (int i = 0; i < list->count; i++) {
        if (list->item[i].behaviour == behaviour) {
            up += list->item[i].increases ? 1 : 0;
            down += list->item[i].increases ? 0 : 1;
        }
    }
    const st_expr b0 = b->behaviour[behaviour].base.e;
    st_expr value = b0;
    if (up > 0) {
        value = merge(b, list, behaviour, true, b0, b0, down > 0);
    }
    if (down > 0) {
        value = merge(b, list, behaviour, false, b0, value, up > 0);
    }
    b->behaviour[behaviour].base.e = value;
}

st_status st_rule_apply_all(builder* b)
{
    const st_node* rules = st_node_child(b->root, "rules");
    if (rules == NULL || !st_node_expect(b->ctx, rules, ST_NODE_LIST)) {
        return ST_OK;
    }
    rule_list list = {0};
    for (const st_node* n = rules->first; n != NULL; n = n->next) {
        read_rule(b, n, &list);
    }
    for (int i = 0; i < b->behaviour_count; i++) {
        merge_rules(b, &list, i);
    }
    st_free(b->ctx, list.item);
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}
