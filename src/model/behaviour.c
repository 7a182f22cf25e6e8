#include "builder.h"

#include <stdio.h>
#include <string.h>

/// What a behaviour's key says: `verb.first.second@place`.
typedef struct parsed_key {
    int verb;
    int first, second; ///< things, -1 none
    int place;         ///< -1: the cell's own
} parsed_key;

static bool parse_thing(const builder* b, const char* name, const st_grammar_verb* verb, int* out,
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
    const char* names[ST_VERB_COUNT];
    for (int i = 0; i < ST_VERB_COUNT; i++) {
        names[i] = ST_GRAMMAR_VERBS[i].name;
        if (strcmp(ST_GRAMMAR_VERBS[i].name, word) == 0) {
            *out = i;
            return true;
        }
    }
    const char* near = st_name_nearest(word, names, ST_VERB_COUNT);
    snprintf(why, why_size,
             "'%s' is no behaviour, expected die divide recruit move become secrete relax take_up "
             "consume deposit degrade engulf contact suppress turn migrate bias follow adhere "
             "repel%s%s%s",
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
    memcpy(text, key, strlen(key) + 1u);
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
    const st_grammar_verb* verb = &ST_GRAMMAR_VERBS[out->verb];
    const int given = (first != NULL) + (second != NULL);
    if (given < verb->least || given > verb->most) {
        snprintf(why, why_size, "'%s' takes %d name%s after it, found %d", verb->name, verb->most,
                 verb->most == 1 ? "" : "s", given);
        return false;
    }
    if (out->place >= 0 && !verb->may_have_place) {
        snprintf(why, why_size, "'%s' takes no '@place'", verb->name);
        return false;
    }
    if (out->verb == ST_VERB_MOVE && out->place < 0) {
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
    *dim = st_value_dim(ST_GRAMMAR_VERBS[k.verb].unit);
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
    if (!st_probe_still(b, v->e, &value)) {
        return true; // its sign changes while the model runs
    }
    if (!(value >= 0.0)) {
        const st_node* text = node->kind == ST_NODE_MAP ? st_node_child(node, "value") : node;
        return st_node_fail(b->ctx, text, "found '%s', expected a rate of 0 or more", text->text);
    }
    return true;
}

/// `target`, `half` and `stages` belong to some verbs only.
static bool check_extras(builder* b, const st_node* n)
{
    static const char* const extras[] = {"target", "half", "stages"};
    char why[200];
    parsed_key k;
    if (!parse_key(b, n->key, &k, why, sizeof why)) {
        return false;
    }
    const bool fits[] = {k.verb == ST_VERB_RELAX, k.verb == ST_VERB_CONSUME,
                         ST_GRAMMAR_VERBS[k.verb].may_have_stages};
    for (int i = 0; i < 3; i++) {
        const st_node* extra = st_node_child(n, extras[i]);
        if (extra != NULL && !fits[i]) {
            return st_node_fail_key(b->ctx, extra, "'%s' belongs to %s, not to '%s'", extras[i],
                                    i == 0   ? "'relax'"
                                    : i == 1 ? "'consume'"
                                             : "'die', 'divide', 'become' and 'move'",
                                    ST_GRAMMAR_VERBS[k.verb].name);
        }
    }
    return true;
}

/// Does `verb.A.B@P` name something whose own mistake was reported?
static bool names_broken(const builder* b, const char* key)
{
    char text[160];
    snprintf(text, sizeof text, "%s", key);
    bool is_broken = false;
    char* rest = text;
    for (char* word = strtok_r(text, ".@", &rest); word != NULL;
         word = strtok_r(NULL, ".@", &rest)) {
        const bool is_known =
            st_declare_find_thing(b, word) >= 0 || st_declare_find_place(b, word) >= 0;
        is_broken = is_broken || (!is_known && st_resolve_is_broken(b, word));
    }
    return is_broken;
}

static void read_behaviour(builder* b, int cell, int place, const st_node* n)
{
    char why[320];
    st_dim dim;
    st_bridge bridge;
    if (!st_behaviour_dim(b, n->key, place, &dim, &bridge, why, sizeof why)) {
        if (!names_broken(b, n->key)) {
            st_node_fail_key(b->ctx, n, "%s", why);
        }
        return;
    }
    st_typed value;
    if (!st_value_read(b, n, place, &dim, &bridge, "a rate", &value) ||
        !refuse_negative(b, n, &value)) {
        return;
    }
    if (!check_extras(b, n)) {
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
    double value;
    if (!st_value_read(b, node, s->place, &dim, &b->thing[substrate].bridge, "a level", out)) {
        return false;
    }
    if (strcmp(key, "half") == 0 && st_probe_still(b, out->e, &value) && !(value > 0.0)) {
        return st_node_fail(b->ctx, node, "found a level of %g nmol/mL, expected one above 0",
                            value);
    }
    return true;
}

static st_term_kind term_of(const parsed_key* k)
{
    static const st_term_kind terms[ST_VERB_COUNT] = {
        [ST_VERB_DIE] = ST_TERM_DIE,         [ST_VERB_DIVIDE] = ST_TERM_DIVIDE,
        [ST_VERB_RECRUIT] = ST_TERM_RECRUIT, [ST_VERB_MOVE] = ST_TERM_MOVE,
        [ST_VERB_BECOME] = ST_TERM_BECOME,   [ST_VERB_SECRETE] = ST_TERM_SECRETE,
        [ST_VERB_RELAX] = ST_TERM_RELAX,     [ST_VERB_TAKE_UP] = ST_TERM_TAKE_UP,
        [ST_VERB_CONSUME] = ST_TERM_CONSUME, [ST_VERB_DEPOSIT] = ST_TERM_DEPOSIT,
        [ST_VERB_DEGRADE] = ST_TERM_DEGRADE, [ST_VERB_ENGULF] = ST_TERM_ENGULF,
        [ST_VERB_CONTACT] = ST_TERM_ENGULF,  [ST_VERB_SUPPRESS] = ST_TERM_ENGULF,
        [ST_VERB_TURN] = ST_TERM_TURN,       [ST_VERB_MIGRATE] = ST_TERM_OTHER,
    };
    return k->second >= 0 ? ST_TERM_TURN : terms[k->verb];
}

/// A behaviour with what its terms need.
typedef struct action {
    builder* b;
    const behaviour_spec* s;
    int index;
    parsed_key k;
    int own; ///< first state of the acting cells
    int stages;
    int at;   ///< place it acts on
    int goal; ///< first state of what it acts on, -1 none
    st_expr b_rho;
} action;

static st_expr number_in(const action* a, int state)
{
    return st_expr_input(&a->b->graph, SLOT_STATE | (uint32_t)state);
}

static st_expr minus(const action* a, st_expr e)
{
    return st_expr_mul(&a->b->graph, st_expr_constant(&a->b->graph, -1.0), e);
}

/// State that cells of stage `stage` reach when they leave; -1: they vanish.
static int arrives_in(const action* a, int stage, bool is_staged)
{
    const builder* b = a->b;
    if (a->k.verb == ST_VERB_BECOME) {
        return a->goal;
    }
    if (a->k.verb == ST_VERB_MOVE) {
        return b->thing[a->s->cell].state[a->at] + (is_staged ? 0 : stage);
    }
    return -1;
}

/// Cells of one stage leave or divide with rate `b`.
static void leave(const action* a, st_expr rate, int stage, bool is_staged)
{
    builder* b = a->b;
    const int from = a->own + stage;
    const st_expr flow = st_expr_mul(&b->graph, rate, number_in(a, from));
    st_channel_begin(b, term_of(&a->k), a->s->key, from, a->index);
    b->channel_now.info.times = is_staged ? a->stages : 1.0;
    if (a->k.verb == ST_VERB_DIVIDE && !is_staged) {
        st_term_add(b, from, flow);
    } else {
        st_term_add(b, from, minus(a, flow));
        const int to = a->k.verb == ST_VERB_DIVIDE ? a->own : arrives_in(a, stage, is_staged);
        if (a->k.verb == ST_VERB_DIVIDE) { // two daughters begin anew
            st_channel_steps(b, 2.0);
            st_term_add(b, to, st_expr_mul(&b->graph, st_expr_constant(&b->graph, 2.0), flow));
        } else if (to >= 0) {
            st_term_add(b, to, flow);
        }
    }
    st_channel_end(b);
}

/// die, divide, become, move: each cell by itself. With stages the way takes k steps of rate
/// k b, so that its time is Erlang distributed with mean 1/b.                      [MOD-7]
static void apply_hazard(const action* a)
{
    builder* b = a->b;
    st_graph* g = &b->graph;
    const st_node* stages = a->s->node != NULL ? st_node_child(a->s->node, "stages") : NULL;
    if (stages == NULL || a->stages == 1) {
        for (int i = 0; i < a->stages; i++) {
            leave(a, a->s->base.e, i, false);
        }
        return;
    }
    const st_expr rate = st_expr_mul(g, st_expr_constant(g, a->stages), a->s->base.e);
    for (int i = 0; i + 1 < a->stages; i++) {
        const st_expr flow = st_expr_mul(g, rate, number_in(a, a->own + i));
        st_channel_begin(b, ST_TERM_BECOME, a->s->key, a->own + i, a->index);
        b->channel_now.info.times = a->stages;
        st_term_add(b, a->own + i, minus(a, flow));
        st_term_add(b, a->own + i + 1, flow);
        st_channel_end(b);
    }
    leave(a, rate, a->stages - 1, true);
}

/// engulf, contact, suppress, turn: each pair of a cell and a target.
static void apply_pair(const action* a)
{
    builder* b = a->b;
    for (int i = 0; i < b->thing[a->k.first].stage_count; i++) {
        const st_expr met = st_expr_mul(&b->graph, a->b_rho, number_in(a, a->goal + i));
        st_channel_begin(b, term_of(&a->k), a->s->key, a->own, a->index);
        st_term_add(b, a->goal + i, minus(a, met));
        if (a->k.second >= 0) {
            st_term_add(b, b->thing[a->k.second].state[a->at], met);
        }
        st_channel_end(b);
    }
}

/// What single cells need to know besides the behaviour's value.
static void keep_extra(const action* a, st_expr extra)
{
    a->b->behaviour[a->index].extra = extra;
    a->b->behaviour[a->index].has_extra = true;
}

/// What cells do to substrates and matrix, and recruitment.
static void apply_flux(const action* a)
{
    builder* b = a->b;
    st_graph* g = &b->graph;
    const st_expr x = a->goal >= 0 ? number_in(a, a->goal) : ST_EXPR_ZERO;
    st_typed extra;
    st_expr share = x;
    switch (a->k.verb) {
    case ST_VERB_RECRUIT:
        st_term_add(b, a->own, st_expr_mul(g, a->s->base.e, b->place[a->s->place].volume.e));
        return;
    case ST_VERB_SECRETE:
        st_term_add(b, a->goal, a->b_rho);
        return;
    case ST_VERB_RELAX:
        if (read_extra(b, a->s, "target", a->k.first, &extra)) {
            keep_extra(a, extra.e);
            st_term_add(b, a->goal, st_expr_mul(g, a->b_rho, st_expr_sub(g, extra.e, x)));
        }
        return;
    case ST_VERB_DEPOSIT: {
        const st_expr max = st_expr_constant(g, b->thing[a->k.first].max);
        keep_extra(a, max);
        const st_expr room = st_expr_sub(g, ST_EXPR_ONE, st_expr_div(g, x, max));
        st_term_add(b, a->goal, st_expr_mul(g, a->b_rho, room));
        return;
    }
    case ST_VERB_CONSUME:
        if (!read_extra(b, a->s, "half", a->k.first, &extra)) {
            return;
        }
        keep_extra(a, extra.e);
        share = st_expr_div(g, x, st_expr_add(g, extra.e, x));
        break;
    default: // take_up, degrade
        break;
    }
    st_term_add(b, a->goal, minus(a, st_expr_mul(g, a->b_rho, share)));
}

/// Adds the terms of one behaviour to the rates.                                      [MOD-2]
static void apply(builder* b, int index)
{
    const behaviour_spec* s = &b->behaviour[index];
    st_graph* g = &b->graph;
    char why[200];
    action a = {.b = b, .s = s, .index = index};
    if (!parse_key(b, s->key, &a.k, why, sizeof why)) {
        return;
    }
    if (a.k.verb >= ST_VERB_MIGRATE) {
        return; // its value counts in space only
    }
    a.own = b->thing[s->cell].state[s->place];
    a.stages = b->thing[s->cell].stage_count;
    a.at = a.k.place >= 0 ? a.k.place : s->place;
    a.goal = a.k.first >= 0 ? b->thing[a.k.first].state[a.at] : -1;
    const st_expr bn = st_expr_mul(g, s->base.e, st_resolve_number(b, s->cell, s->place));
    a.b_rho = st_expr_div(g, bn, b->place[a.at].volume.e);

    switch (a.k.verb) {
    case ST_VERB_MOVE:
        if (a.at == s->place) {
            return; // those that are there stay there
        }
        if (b->thing[s->cell].state[a.at] < 0) {
            st_node_fail_key(b->ctx, s->node != NULL ? s->node : b->root,
                             "'%s' does not live in '%s' as well", b->thing[s->cell].name,
                             b->place[a.at].name);
            return;
        }
        apply_hazard(&a);
        return;
    case ST_VERB_DIE:
    case ST_VERB_DIVIDE:
    case ST_VERB_BECOME:
        apply_hazard(&a);
        return;
    case ST_VERB_ENGULF:
    case ST_VERB_CONTACT:
    case ST_VERB_SUPPRESS:
    case ST_VERB_TURN:
        apply_pair(&a);
        return;
    default:
        st_channel_begin(b, term_of(&a.k), s->key, a.own, index);
        apply_flux(&a);
        st_channel_end(b);
    }
}

st_status st_behaviour_apply_all(builder* b)
{
    for (int i = 0; i < b->behaviour_count; i++) {
        apply(b, i);
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}
