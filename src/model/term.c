#include "builder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void st_term_add(builder* b, int state, st_expr term)
{
    b->state[state].rate = st_expr_add(&b->graph, b->state[state].rate, term);
    st_channel_note(b, state, term);
}

int st_term_target(builder* b, const st_node* node, const char* name)
{
    char why[256];
    const char* names[512];
    int count = 0;
    for (int i = 0; i < b->state_count && count < 512; i++) {
        if (strcmp(b->state[i].info.name, name) == 0) {
            return i;
        }
        names[count++] = b->state[i].info.name;
    }
    const int found = st_resolve_state(b, -1, name, why, sizeof why);
    if (found >= 0 || (why[0] == '\0' && st_resolve_is_broken(b, name))) {
        return found;
    }
    const char* near = st_name_nearest(name, names, count);
    st_node_fail(b->ctx, node, "found '%s', expected a state%s%s%s%s%s", name,
                 why[0] != '\0' ? ": " : "", why, near ? "; did you mean '" : "", near ? near : "",
                 near ? "'?" : "");
    return -1;
}

/// Values of an entry that carries the source itself become parameters named after it.
static void declare_value(builder* b, const st_node* entry, const char* key, const char* name)
{
    const st_node* node = st_node_child(entry, key);
    if (node == NULL) {
        return;
    }
    const bool is_map = node->kind == ST_NODE_MAP;
    const st_node* value = is_map ? st_node_child(node, "value") : node;
    const bool is_number =
        value != NULL && value->kind == ST_NODE_SCALAR && st_formula_is_quantity(value->text);
    // 0 needs no origin
    if ((is_map && (value == NULL || is_number)) ||
        (!is_map && is_number && entry != NULL &&
         (st_node_child(entry, "source") != NULL || st_node_child(entry, "assumed") != NULL))) {
        st_value_parameter(b, node, name, entry);
    }
}

// --- places and their contents
// ---------------------------------------------------------------------

static void read_places(builder* b)
{
    const st_dim volume = st_value_dim("mL");
    for (int i = 0; i < b->place_count; i++) {
        place_spec* p = &b->place[i];
        const st_node* node = st_node_child(p->node, "volume");
        char name[128];
        snprintf(name, sizeof name, "%s.volume", p->name);
        declare_value(b, p->node, "volume", name);
        if (node == NULL || !st_value_read(b, node, -1, &volume, NULL, "a volume", &p->volume)) {
            continue;
        }
        double value;
        p->has_volume = true;
        if (st_probe_still(b, p->volume.e, &value) && !(value > 0.0)) {
            st_node_fail(b->ctx, node, "found a volume of %g mL, expected one above 0", value);
        }
    }
}

static void read_substrates(builder* b)
{
    const st_dim rate = st_value_dim("1/day");
    const st_dim flux = st_value_dim("nmol/mL/day");
    for (int i = 0; i < b->thing_count; i++) {
        const thing_spec* t = &b->thing[i];
        const st_node* decay = st_node_child(t->node, "decay");
        const st_node* supply = st_node_child(t->node, "supply");
        char name[128];
        snprintf(name, sizeof name, "%s.decay", t->name);
        declare_value(b, t->node, "decay", name);
        snprintf(name, sizeof name, "%s.supply", t->name);
        declare_value(b, t->node, "supply", name);
        for (int p = 0; p < b->place_count; p++) {
            const int s = t->state[p];
            st_typed v;
            if (s < 0) {
                continue;
            }
            if (decay != NULL && st_value_read(b, decay, p, &rate, NULL, "a decay rate", &v)) {
                const st_expr x = st_expr_input(&b->graph, SLOT_STATE | (uint32_t)s);
                st_channel_begin(b, ST_TERM_DECAY, b->state[s].info.name, -1, -1);
                st_term_add(b, s,
                            st_expr_make(&b->graph, ST_OP_NEG, st_expr_mul(&b->graph, v.e, x), 0));
                st_channel_end(b);
            }
            if (supply != NULL && st_value_read(b, supply, p, &flux, &t->bridge, "a supply", &v)) {
                st_channel_begin(b, ST_TERM_SUPPLY, b->state[s].info.name, -1, -1);
                st_term_add(b, s, v.e);
                st_channel_end(b);
            }
        }
    }
}

/// A state that may not go below 0 cannot begin there.
static void refuse_negative_start(builder* b, const state_spec* s)
{
    double value;
    if (!s->info.may_be_negative && st_probe_still(b, s->initial.e, &value) && !(value >= 0.0)) {
        st_node_fail(b->ctx, s->start, "found a start of %g %s, expected 0 or more", value,
                     s->info.unit);
    }
}

/// Initial values: parameters and inputs only.
static void read_starts(builder* b)
{
    for (int i = 0; i < b->state_count; i++) {
        state_spec* s = &b->state[i];
        const st_bridge* bridge = s->thing >= 0 ? &b->thing[s->thing].bridge : NULL;
        char name[160];
        if (s->start == NULL || s->stage > 0) { // what arrives begins in the first stage
            s->initial = (st_typed){.e = ST_EXPR_ZERO, .dim = s->dim};
            continue;
        }
        snprintf(name, sizeof name, "%s.start", s->info.name);
        if (s->start->kind == ST_NODE_MAP) {
            const st_node* value = st_node_child(s->start, "value");
            if (value == NULL || st_formula_is_quantity(value->text)) {
                st_value_parameter(b, s->start, name, NULL);
            }
        }
        const int before = st_ctx_mistake_count(b->ctx);
        const bool plain = s->info.kind == ST_STATE_MATRIX && s->start->kind == ST_NODE_SCALAR;
        const bool ok = plain ? st_value_read_text(b, s->start, s->place, &s->initial) &&
                                    st_formula_coerce(&b->graph, &s->initial, &s->dim, NULL)
                              : st_value_read(b, s->start, s->place, &s->dim, bridge,
                                              "an initial value", &s->initial);
        if (!ok) {
            s->initial.e = ST_EXPR_ZERO;
            if (plain && st_ctx_mistake_count(b->ctx) == before) {
                st_node_fail(b->ctx, s->start, "found '%s', expected a fraction", s->start->text);
            }
        }
        refuse_negative_start(b, s);
        if (b->graph.node[s->initial.e].code == ST_OP_INPUT &&
            (b->graph.node[s->initial.e].a & SLOT_KIND) == SLOT_PARAMETER && s->thing >= 0) {
            const uint32_t p = b->graph.node[s->initial.e].a & SLOT_INDEX;
            s->info.show_unit = b->parameter[p].info.show_unit;
        }
    }
}

/// dC = (toward - C)/tau                                                            [MOD-5]
static bool read_response(builder* b, int index, const st_dim* time, st_typed* out)
{
    state_spec* s = &b->state[index];
    const st_node* toward = st_node_child(s->entry, "toward");
    const st_node* tau = st_node_child(s->entry, "tau");
    char name[160];
    snprintf(name, sizeof name, "%s.tau", s->info.name);
    declare_value(b, s->entry, "tau", name);
    st_typed aim;
    st_typed delay;
    double value;
    if (toward == NULL || tau == NULL ||
        !st_value_read(b, toward, -1, &s->dim, NULL, "what it follows", &aim) ||
        !st_value_read(b, tau, -1, time, NULL, "a time", &delay)) {
        return false;
    }
    if (st_probe_still(b, delay.e, &value) && !(value > 0.0)) {
        return st_node_fail(b->ctx, tau, "found a time of %g day, expected one above 0", value);
    }
    const st_expr x = st_expr_input(&b->graph, SLOT_STATE | (uint32_t)index);
    out->e = st_expr_div(&b->graph, st_expr_sub(&b->graph, aim.e, x), delay.e);
    return true;
}

static void read_variables(builder* b)
{
    const st_dim time = st_value_dim("day");
    for (int i = 0; i < b->state_count; i++) {
        state_spec* s = &b->state[i];
        if (s->thing >= 0) {
            continue;
        }
        const st_node* rate = st_node_child(s->entry, "rate");
        const st_dim dim = st_dim_product(&s->dim, &time, -1.0);
        st_typed v = {0};
        const bool ok = rate != NULL
                            ? st_value_read(b, rate, -1, &dim, NULL, "a change per time", &v)
                            : read_response(b, i, &time, &v);
        if (ok) {
            st_channel_begin(b, ST_TERM_VARIABLE, s->info.name, -1, -1);
            st_term_add(b, i, v.e);
            st_channel_end(b);
        }
    }
}

// --- reactions and exchanges
// -----------------------------------------------------------------------

static void add_side(builder* b, const st_node* side, int place, const st_typed* rate, double sign)
{
    const st_dim time = st_value_dim("day");
    for (const st_node* n = side != NULL ? side->first : NULL; n != NULL; n = n->next) {
        char why[256];
        const int s = st_resolve_state(b, place, n->key, why, sizeof why);
        if (s < 0) {
            if (!st_resolve_is_broken(b, n->key) || why[0] != '\0') {
                st_node_fail_key(b->ctx, n, "found '%s', expected a state in this place", n->key);
            }
            continue;
        }
        const int thing = b->state[s].thing;
        const st_bridge bridge = thing >= 0 ? b->thing[thing].bridge : (st_bridge){0};
        if (sign < 0.0 && thing >= 0 && b->thing[thing].stage_count > 1) {
            st_node_fail_key(b->ctx, n, "found '%s', a cell type with stages; use a behaviour",
                             n->key);
            continue;
        }
        st_typed factor;
        if (!st_value_read_text(b, n, place, &factor)) {
            continue;
        }
        st_typed flux = {.e = st_expr_mul(&b->graph, factor.e, rate->e),
                         .dim = st_dim_product(&factor.dim, &rate->dim, 1.0)};
        const st_dim want = st_dim_product(&b->state[s].dim, &time, -1.0);
        if (!st_formula_coerce(&b->graph, &flux, &want, &bridge)) {
            char found[96];
            char expected[96];
            st_dim_text(&flux.dim, found, sizeof found);
            st_dim_text(&want, expected, sizeof expected);
            st_node_fail(b->ctx, n, "number times rate is '%s', expected '%s' for %s", found,
                         expected, n->key);
            continue;
        }
        double steps = 1.0;
        st_expr_is_constant(&b->graph, factor.e, &steps);
        st_channel_steps(b, steps);
        st_term_add(b, s, st_expr_mul(&b->graph, st_expr_constant(&b->graph, sign), flux.e));
    }
}

static void read_reaction(builder* b, const st_node* n)
{
    if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_REACTION)) {
        return;
    }
    const st_node* in = st_node_need(b->ctx, n, "in", "a place");
    const st_node* rate = st_node_need(b->ctx, n, "rate", "an expression");
    const st_node* consume = st_node_child(n, "consume");
    const st_node* produce = st_node_child(n, "produce");
    if (in == NULL || rate == NULL || !st_node_expect(b->ctx, in, ST_NODE_SCALAR) ||
        (consume != NULL && !st_node_expect(b->ctx, consume, ST_NODE_MAP)) ||
        (produce != NULL && !st_node_expect(b->ctx, produce, ST_NODE_MAP))) {
        return;
    }
    const int place = st_declare_find_place(b, in->text);
    if (place < 0) {
        if (!st_resolve_is_broken(b, in->text)) {
            st_node_fail(b->ctx, in, "found '%s', expected a place", in->text);
        }
        return;
    }
    const st_node* name = st_node_child(n, "name");
    char text[160];
    snprintf(text, sizeof text, "%s.rate", name != NULL ? name->text : in->text);
    declare_value(b, n, "rate", text);
    st_typed v;
    if (st_value_read(b, rate, place, NULL, NULL, "a rate", &v)) {
        const char* label = name != NULL ? name->text : "reaction";
        st_channel_begin(b, ST_TERM_REACTION, label, -1, -1);
        add_side(b, consume, place, &v, -1.0);
        add_side(b, produce, place, &v, 1.0);
        st_channel_end(b);
    }
}

/// One coefficient of an exchange; absent = zero.
static bool read_coefficient(builder* b, const st_node* n, const char* key, const char* unit,
                             const char* name, st_typed* out)
{
    char text[256];
    snprintf(text, sizeof text, "%s.%s", name, key);
    const st_node* node = st_node_child(n, key);
    *out = (st_typed){.e = ST_EXPR_ZERO, .dim = st_value_dim(unit)};
    if (node == NULL) {
        return true;
    }
    declare_value(b, n, key, text);
    const st_dim dim = st_value_dim(unit);
    double value;
    if (!st_value_read(b, node, -1, &dim, NULL, "a coefficient", out)) {
        return false;
    }
    if (strcmp(key, "partition") == 0 && st_probe_still(b, out->e, &value) && !(value > 0.0)) {
        return st_node_fail(b->ctx, node, "found a value of %g, expected one above 0", value);
    }
    if (st_probe_still(b, out->e, &value) && !(value >= 0.0)) {
        return st_node_fail(b->ctx, node, "found a value below 0, expected 0 or more");
    }
    return true;
}

/// J = PS (x1 - x2/K) + Q x1 leaves one place and enters the other.                  [MOD-4]
static void add_exchange(builder* b, const thing_spec* t, int from, int to, const st_typed* v)
{
    st_graph* g = &b->graph;
    const int s1 = t->state[from];
    const st_expr x1 = st_expr_input(g, SLOT_STATE | (uint32_t)s1);
    st_expr step = x1;
    if (to >= 0) {
        const st_expr x2 = st_expr_input(g, SLOT_STATE | (uint32_t)t->state[to]);
        step = st_expr_sub(g, x1, st_expr_div(g, x2, v[1].e));
    }
    const st_expr j = st_expr_add(g, st_expr_mul(g, v[0].e, step), st_expr_mul(g, v[2].e, x1));
    st_channel_begin(b, ST_TERM_EXCHANGE, t->name, -1, -1);
    st_term_add(b, s1, st_expr_make(g, ST_OP_NEG, st_expr_div(g, j, b->place[from].volume.e), 0));
    if (to >= 0) {
        st_term_add(b, t->state[to], st_expr_div(g, j, b->place[to].volume.e));
    }
    st_channel_end(b);
}

static void read_exchange(builder* b, const st_node* n)
{
    if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_EXCHANGE)) {
        return;
    }
    const st_node* substrate = st_node_need(b->ctx, n, "substrate", "a substrate");
    const st_node* from = st_node_need(b->ctx, n, "from", "a place");
    const st_node* to = st_node_need(b->ctx, n, "to", "a place, or none");
    if (substrate == NULL || from == NULL || to == NULL ||
        !st_node_expect(b->ctx, substrate, ST_NODE_SCALAR) ||
        !st_node_expect(b->ctx, from, ST_NODE_SCALAR) ||
        !st_node_expect(b->ctx, to, ST_NODE_SCALAR)) {
        return;
    }
    const int thing = st_declare_find_thing(b, substrate->text);
    if (thing < 0 && st_resolve_is_broken(b, substrate->text)) {
        return;
    }
    if (thing < 0 || b->thing[thing].kind != ST_STATE_SUBSTRATE) {
        st_node_fail(b->ctx, substrate, "found '%s', expected a substrate", substrate->text);
        return;
    }
    const thing_spec* t = &b->thing[thing];
    const int p1 = st_declare_find_place(b, from->text);
    const int p2 = st_declare_find_place(b, to->text);
    const bool is_lost = strcmp(to->text, "none") == 0;
    if ((p1 < 0 && st_resolve_is_broken(b, from->text)) ||
        (p2 < 0 && st_resolve_is_broken(b, to->text))) {
        return;
    }
    if (p1 < 0 || t->state[p1] < 0) {
        st_node_fail(b->ctx, from, "found '%s', expected a place where %s lives", from->text,
                     t->name);
        return;
    }
    if (!is_lost && (p2 < 0 || t->state[p2] < 0 || p2 == p1)) {
        st_node_fail(b->ctx, to, "found '%s', expected none or another place where %s lives",
                     to->text, t->name);
        return;
    }
    char name[200];
    snprintf(name, sizeof name, "%s.%s.%s", t->name, from->text, to->text);
    st_typed v[3];
    if (!read_coefficient(b, n, "permeability", "mL/day", name, &v[0]) ||
        !read_coefficient(b, n, "partition", "1", name, &v[1]) ||
        !read_coefficient(b, n, "flow", "mL/day", name, &v[2])) {
        return;
    }
    if (st_node_child(n, "partition") == NULL) {
        v[1].e = ST_EXPR_ONE;
    }
    if (st_node_child(n, "permeability") == NULL && st_node_child(n, "flow") == NULL) {
        st_node_fail(b->ctx, n, "found neither 'permeability' nor 'flow', expected one of them");
        return;
    }
    add_exchange(b, t, p1, is_lost ? -1 : p2, v);
}

static void read_list(builder* b, const char* key, void (*read)(builder*, const st_node*))
{
    const st_node* list = st_node_child(b->root, key);
    if (list == NULL || !st_node_expect(b->ctx, list, ST_NODE_LIST)) {
        return;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        read(b, n);
    }
}

st_status st_term_read_all(builder* b)
{
    read_places(b);
    read_starts(b);
    read_substrates(b);
    ST_TRY(st_behaviour_read_all(b));
    ST_TRY(st_rule_apply_all(b));
    ST_TRY(st_behaviour_apply_all(b));
    read_list(b, "reactions", read_reaction);
    read_list(b, "exchanges", read_exchange);
    read_variables(b);
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}
