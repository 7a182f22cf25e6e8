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

static bool refuse_negative(builder* b, const st_node* node, const st_typed* v)
{
    double value;
    if (st_probe_still(b, v->e, &value) && !(value >= 0.0)) {
        const st_node* text = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
        return st_node_fail(b->ctx, text, "found '%s', expected a rate of 0 or more", text->text);
    }
    return true;
}

static bool refuse_not_positive(builder* b, const st_node* node, const st_typed* v)
{
    double value;
    if (st_probe_still(b, v->e, &value) && !(value > 0.0)) {
        const st_node* text = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
        return st_node_fail(b->ctx, text, "found '%s', expected a half-maximum above 0",
                            text->text);
    }
    return true;
}

/// The input that holds a cell's own value of a signal; room was made for one per rule.
static int spatial_input(builder* b, const st_node* signal, const st_grammar_signal* kind)
{
    for (int i = 0; i < b->input_count; i++) {
        if (strcmp(b->input[i].info.name, signal->text) == 0) {
            return i;
        }
    }
    b->input[b->input_count] =
        (input_spec){.node = signal,
                     .dim = st_value_dim(kind->unit),
                     .info = {.name = signal->text, .unit = kind->unit, .show_unit = kind->unit}};
    b->input[b->input_count].info.show_factor = 1.0;
    return b->input_count++;
}

/// The stand-in of a signal that exists only in space, in its unit.
static bool read_stand_in(builder* b, const st_node* entry, const st_node* signal,
                          const st_grammar_signal* kind, int place, st_typed* out)
{
    const st_node* node = st_node_child(entry, "well_mixed");
    if (node == NULL) {
        return st_node_fail(b->ctx, signal,
                            "'%s' has no value in a well-mixed place, expected 'well_mixed:' with "
                            "what stands in for it (in units of '%s')",
                            signal->text, kind->unit);
    }
    const st_dim dim = st_value_dim(kind->unit);
    const char* dot = strchr(signal->text, '.');
    const int thing = st_declare_find_thing(b, dot + 1);
    const bool is_gradient = strcmp(kind->name, "gradient.") == 0;
    const bool takes_name = is_gradient || strcmp(kind->name, "contact.") == 0;
    const st_state_kind wanted = is_gradient ? ST_STATE_SUBSTRATE : ST_STATE_CELL;
    if (takes_name && (thing < 0 || b->thing[thing].kind != wanted)) {
        return st_node_fail(b->ctx, signal, "found '%s', expected %s after '%s'", dot + 1,
                            is_gradient ? "a substrate" : "a cell type", kind->name);
    }
    const st_bridge bridge = is_gradient ? b->thing[thing].bridge : (st_bridge){0};
    if (!st_value_read(b, node, place, &dim, &bridge, "a stand-in", out)) {
        return false;
    }
    out->bridge = bridge;
    if (b->is_in_space) {
        out->e = st_expr_input(&b->graph, SLOT_INPUT | (uint32_t)spatial_input(b, signal, kind));
    }
    return true;
}

static bool read_signal(builder* b, const st_node* entry, int cell, int place, st_typed* out)
{
    const st_node* signal = st_node_need(b->ctx, entry, "signal", "what the cell senses");
    if (signal == NULL) {
        return false;
    }
    const st_grammar_signal* spatial = st_grammar_spatial(signal->text);
    if (spatial != NULL) {
        return read_stand_in(b, entry, signal, spatial, place, out);
    }
    const st_node* stand_in = st_node_child(entry, "well_mixed");
    if (stand_in != NULL) {
        return st_node_fail_key(b->ctx, stand_in,
                                "'%s' has a value in a well-mixed place, expected no stand-in",
                                signal->text);
    }
    if (strcmp(signal->text, "cell.dead") == 0) {
        *out = (st_typed){.e = b->thing[cell].live_form >= 0 ? ST_EXPR_ONE : ST_EXPR_ZERO,
                          .dim = st_dim_none()};
        return true;
    }
    return st_value_read_text(b, signal, place, out);
}

/// The behaviour that a rule changes; a new one starts from 0, that of a dead form from the value
/// of the living.
static int find_behaviour(builder* b, int cell, int place, const st_node* change, const st_dim* dim,
                          const st_bridge* bridge)
{
    const int live = b->thing[cell].live_form;
    const st_node* of = b->thing[live >= 0 ? live : cell].node;
    const st_node* own = st_node_child(st_node_child(of, "behaviours"), change->text);
    const int index = st_behaviour_find(b, cell, place, change->text);
    if (index >= 0) {
        return index;
    }
    const bool needs_more =
        strncmp(change->text, "relax.", 6) == 0 || strncmp(change->text, "consume.", 8) == 0;
    if (needs_more && own == NULL) {
        st_node_fail(b->ctx, change, "'%s' has no '%s' yet, whose target or half a rule needs",
                     b->thing[cell].name, change->text);
        return -1;
    }
    const int added = st_behaviour_add(b, cell, place, change->text, live >= 0 ? own : NULL);
    st_typed value;
    if (added >= 0 && live >= 0 && own != NULL &&
        st_value_read(b, own, place, dim, bridge, "a rate", &value)) {
        b->behaviour[added].base = value;
    }
    return added;
}

/// `is_silent`: a rule of the living on their dead form; its signal counts as 0.
static bool read_in_place(builder* b, const st_node* entry, int cell, int place,
                          const st_node* change, bool increases, bool is_silent, rule_list* list)
{
    char why[320];
    st_dim dim;
    st_bridge bridge;
    if (!st_behaviour_dim(b, change->text, place, &dim, &bridge, why, sizeof why)) {
        return st_node_fail(b->ctx, change, "%s", why);
    }
    const st_node* toward = st_node_need(b->ctx, entry, "toward", "the value at full signal");
    const st_node* half =
        st_node_need(b->ctx, entry, "half_max", "the signal at which half the change is reached");
    st_typed s = {0};
    st_typed t = {0};
    st_typed h = {0};
    st_expr p = ST_EXPR_ONE;
    const bool has_signal = read_signal(b, entry, cell, place, &s);
    if (toward == NULL || half == NULL ||
        !st_value_read(b, toward, place, &dim, &bridge, "a rate", &t) ||
        !refuse_negative(b, toward, &t) || !has_signal ||
        !st_value_read(b, half, place, &s.dim, &s.bridge, "a level of the signal", &h) ||
        !refuse_not_positive(b, half, &h) || !read_hill(b, entry, &p)) {
        return false;
    }
    const int index = find_behaviour(b, cell, place, change, &dim, &bridge);
    rule* r = new_rule(b, list);
    if (index < 0 || r == NULL) {
        return false;
    }
    const st_expr ratio = st_expr_div(&b->graph, s.e, h.e);
    *r = (rule){.behaviour = index,
                .increases = increases,
                .toward = t,
                .strength =
                    is_silent ? ST_EXPR_ZERO : st_expr_make(&b->graph, ST_OP_PPOW, ratio, p)};
    list->count++;
    return true;
}

static void declare_values(builder* b, const st_node* entry, const st_node* cell,
                           const st_node* change)
{
    static const char* const keys[] = {"toward", "half_max", "hill", "well_mixed"};
    const st_node* signal = st_node_child(entry, "signal");
    for (int i = 0; i < 4; i++) {
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
    if (!st_grammar_check(b->ctx, entry, &ST_GRAMMAR_RULE)) {
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
    if (*cell_node == NULL) {
        return false;
    }
    *cell = st_declare_find_thing(b, (*cell_node)->text);
    if (*cell < 0 && st_resolve_is_broken(b, (*cell_node)->text)) {
        return false;
    }
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

static bool is_for_dead(builder* b, const st_node* entry)
{
    const st_node* dead = st_node_child(entry, "dead");
    bool value = false;
    return dead != NULL && st_node_read_bool(b->ctx, dead, &value) && value;
}

/// Is there a rule with `dead: true` for this cell type and behaviour?
static bool has_dead_rule(builder* b, const char* cell, const char* change)
{
    const st_node* rules = st_node_child(b->root, "rules");
    for (const st_node* n = rules->first; n != NULL; n = n->next) {
        const st_node* who = st_node_child(n, "cell");
        const st_node* up = st_node_child(n, "increases");
        const st_node* what = up != NULL ? up : st_node_child(n, "decreases");
        if (who != NULL && what != NULL && strcmp(who->text, cell) == 0 &&
            strcmp(what->text, change) == 0 && is_for_dead(b, n)) {
            return true;
        }
    }
    return false;
}

/// One rule of the living on their dead forms: silent unless it says `dead: true`.     [MOD-6]
static bool read_for_dead(builder* b, const st_node* entry, int live, int only,
                          const st_node* change, bool increases, rule_list* list)
{
    const bool is_loud = is_for_dead(b, entry);
    int forms = 0;
    if (!has_dead_rule(b, b->thing[live].name, change->text)) {
        return true;
    }
    for (int d = 0; d < b->thing_count; d++) {
        if (b->thing[d].live_form != live) {
            continue;
        }
        forms++;
        if (st_node_child(st_node_child(b->thing[d].node, "behaviours"), change->text) != NULL) {
            return st_node_fail(b->ctx, change,
                                "'%s' has '%s' of its own, which the rules with 'dead: true' of "
                                "'%s' would replace",
                                b->thing[d].name, change->text, b->thing[live].name);
        }
        for (int p = 0; p < b->place_count; p++) {
            if (b->thing[d].state[p] >= 0 && (only < 0 || only == p) &&
                !read_in_place(b, entry, d, p, change, increases, !is_loud, list)) {
                return false;
            }
        }
    }
    if (forms == 0 && is_loud) {
        return st_node_fail(b->ctx, st_node_child(entry, "dead"),
                            "no cell type is the dead form of '%s', expected one with "
                            "'dead_form_of: %s'",
                            b->thing[live].name, b->thing[live].name);
    }
    return true;
}

static void read_rule(builder* b, const st_node* entry, rule_list* list)
{
    const st_node* cell_node = NULL;
    const st_node* change = NULL;
    int cell = -1;
    bool increases = false;
    if (!read_subject(b, entry, &cell_node, &cell, &change, &increases) || cell_node == NULL ||
        change == NULL) {
        return;
    }
    declare_values(b, entry, cell_node, change);
    const st_node* in = st_node_child(entry, "in");
    int only = -1;
    if (in != NULL) {
        only = st_declare_find_place(b, in->text);
        const bool lives = only >= 0 && b->thing[cell].state[only] >= 0;
        if (!lives) {
            st_node_fail(b->ctx, in, "found '%s', expected a place where %s lives", in->text,
                         cell_node->text);
            return;
        }
    }
    for (int p = 0; p < b->place_count; p++) {
        if (b->thing[cell].state[p] >= 0 && (only < 0 || only == p) &&
            !read_in_place(b, entry, cell, p, change, increases, false, list)) {
            return;
        }
    }
    read_for_dead(b, entry, cell, only, change, increases, list);
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
