#include "builder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Where each product class of a dose goes.

enum { ALIVE, LATENT, DEAD };

static void add_part(builder* b, int fate, int state, double share, st_expr factor)
{
    if (b->dose_part_count == ST_DOSE_PART_LIMIT) {
        st_node_fail(b->ctx, b->root, "too many targets of doses, expected at most %d",
                     ST_DOSE_PART_LIMIT);
        return;
    }
    const int index = b->dose_part_count++;
    b->dose_part[index] =
        (st_dose_part){.dose = b->dose_count, .fate = fate, .state = state, .share = share};
    b->dose_factor[index] = factor;
}

/// "msc_suspended@fluid" as a cell state; -1 when it is none or a mistake.
static int read_cell_state(builder* b, const st_node* at, const char* text)
{
    const int s = st_term_target(b, at, text);
    if (s >= 0 && b->state[s].info.kind != ST_STATE_CELL) {
        st_node_fail(b->ctx, at, "found '%s', expected cells of a type in a place", text);
        return -1;
    }
    return s;
}

/// `alive: a@p`, `alive: none` or `alive: { a@p: 0.7, b@p: 0.3 }`. Gives the first state or -1.
static int read_fate(builder* b, const st_node* entry, const char* key, int fate)
{
    const st_node* n = st_node_child(entry, key);
    if (n == NULL || (n->kind == ST_NODE_SCALAR && strcmp(n->text, "none") == 0)) {
        return -1;
    }
    if (n->kind != ST_NODE_MAP) {
        const int s =
            st_node_expect(b->ctx, n, ST_NODE_SCALAR) ? read_cell_state(b, n, n->text) : -1;
        if (s >= 0) {
            add_part(b, fate, s, 1.0, ST_EXPR_ONE);
        }
        return s;
    }
    int first = -1;
    double sum = 0.0;
    for (const st_node* c = n->first; c != NULL; c = c->next) {
        double share;
        const int s = read_cell_state(b, c, c->key);
        if (s < 0 || !st_node_read_number(b->ctx, c, 0.0, 1.0, &share)) {
            continue;
        }
        sum += share;
        first = first < 0 ? s : first;
        add_part(b, fate, s, share, st_expr_constant(&b->graph, share));
    }
    if (sum > 1.0 + 1e-9) {
        st_node_fail(b->ctx, n, "found shares that add up to %g, expected at most 1", sum);
    }
    return first;
}

/// One substance target: `into: tgfb@fluid`, or an entry of its list.
static int read_target(builder* b, const st_node* into, const st_node* yield, double share,
                       const char* name, st_dose_target* d)
{
    const int state = st_term_target(b, into, into->text);
    if (state < 0) {
        return -1;
    }
    const state_spec* s = &b->state[state];
    if (s->info.kind != ST_STATE_SUBSTRATE) {
        st_node_fail(b->ctx, into, "found '%s', expected a substrate in a place", into->text);
        return -1;
    }
    const st_bridge* bridge = &b->thing[s->thing].bridge;
    st_graph* g = &b->graph;
    st_typed amount = {.dim = st_value_dim("nmol")};
    if (yield != NULL) {
        const st_dim dim = st_value_dim("nmol/cell");
        if (yield->kind == ST_NODE_MAP) {
            st_value_parameter(b, yield, name, NULL);
        }
        if (!st_value_read(b, yield, s->place, &dim, bridge, "an amount per cell", &amount)) {
            return -1;
        }
    } else {
        if (!(bridge->molar_mass_kg_per_mol > 0.0)) {
            st_node_fail(b->ctx, into, "found '%s' without molar_mass, which a dose in grams needs",
                         into->text);
            return -1;
        }
        d->molar_mass_g_per_nmol = bridge->molar_mass_kg_per_mol * 1e3 / 1e9;
        amount.e = st_expr_constant(g, 1.0 / d->molar_mass_g_per_nmol);
    }
    const st_expr whole = st_expr_div(g, amount.e, b->place[s->place].volume.e);
    const st_expr factor = share == 1.0 ? whole : st_expr_mul(g, whole, st_expr_constant(g, share));
    add_part(b, ALIVE, state, NAN, factor);
    return state;
}

static void read_substances(builder* b, const st_node* entry, st_dose_target* d)
{
    const st_node* into = st_node_child(entry, "into");
    const st_node* yield = st_node_child(entry, "yield");
    char name[160];
    snprintf(name, sizeof name, "dose.%.60s.yield", entry->key);
    d->is_cell = yield != NULL;
    if (into->kind != ST_NODE_LIST) {
        if (st_node_expect(b->ctx, into, ST_NODE_SCALAR)) {
            d->alive_state = read_target(b, into, yield, 1.0, name, d);
        }
        return;
    }
    if (yield != NULL) {
        st_node_fail_key(b->ctx, yield, "'yield' belongs to each target of the list");
        return;
    }
    int with_yield = 0;
    double sum = 0.0;
    for (const st_node* n = into->first; n != NULL; n = n->next) {
        if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_DOSE_PART)) {
            continue;
        }
        const st_node* to = st_node_need(b->ctx, n, "to", "a substrate in a place");
        const st_node* share = st_node_child(n, "share");
        const st_node* own = st_node_child(n, "yield");
        double part = 1.0;
        if (to == NULL || (share != NULL && !st_node_read_number(b->ctx, share, 0.0, 1.0, &part))) {
            continue;
        }
        with_yield += own != NULL ? 1 : 0;
        sum += own != NULL ? 0.0 : part;
        snprintf(name, sizeof name, "dose.%.60s.%.60s.yield", entry->key, to->text);
        const int state = read_target(b, to, own, part, name, d);
        d->alive_state = d->alive_state < 0 ? state : d->alive_state;
    }
    d->is_cell = with_yield > 0;
    if (with_yield > 0 && with_yield != into->child_count) {
        st_node_fail(b->ctx, into, "some targets have a 'yield', expected all or none");
    }
    if (sum > 1.0 + 1e-9) {
        st_node_fail(b->ctx, into, "found shares that add up to %g, expected at most 1", sum);
    }
}

static void read_class(builder* b, const st_node* n)
{
    if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_DOSE)) {
        return;
    }
    st_dose_target* d = &b->dose[b->dose_count];
    *d = (st_dose_target){
        .product_class = n->key, .alive_state = -1, .latent_state = -1, .dead_state = -1};
    const bool is_cells = st_node_child(n, "alive") != NULL;
    const bool is_substance = st_node_child(n, "into") != NULL;
    if (is_cells == is_substance) {
        st_node_fail_key(b->ctx, n, "expected either 'alive:' (cells) or 'into:' (a substance)");
        return;
    }
    if (is_cells) {
        d->is_cell = true;
        d->factor = 1.0;
        d->alive_state = read_fate(b, n, "alive", ALIVE);
        d->latent_state = read_fate(b, n, "latent", LATENT);
        d->dead_state = read_fate(b, n, "dead", DEAD);
    } else {
        read_substances(b, n, d);
    }
    b->dose_count++;
}

st_status st_dose_read_all(builder* b)
{
    const st_node* list = st_node_child(b->root, "doses");
    if (list == NULL || list->kind != ST_NODE_MAP) {
        return ST_OK;
    }
    if (list->child_count > ST_DOSE_LIMIT) {
        st_node_fail(b->ctx, list, "found %d product classes, expected at most %d",
                     list->child_count, ST_DOSE_LIMIT);
        return ST_OK;
    }
    b->dose = st_arena_alloc(b->arena, ST_DOSE_LIMIT, sizeof *b->dose);
    b->dose_part = st_arena_alloc(b->arena, ST_DOSE_PART_LIMIT, sizeof *b->dose_part);
    b->dose_factor = st_arena_alloc(b->arena, ST_DOSE_PART_LIMIT, sizeof *b->dose_factor);
    if (b->dose == NULL || b->dose_part == NULL || b->dose_factor == NULL) {
        return ST_ERR_MEMORY;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        read_class(b, n);
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}

/// Adds what a dose brings to the states; the place's volume is this person's own.
void st_model_dose_add(const st_model* model, int dose, double alive, double latent, double dead,
                       const double* parameter, const double* input, double* add)
{
    const double quantity[3] = {alive, latent, dead};
    double factor[ST_DOSE_PART_LIMIT];
    bool is_ready = false;
    for (int i = 0; i < model->dose_part_count; i++) {
        const st_dose_part* part = &model->dose_part[i];
        if (part->dose != dose) {
            continue;
        }
        double share = part->share;
        if (isnan(share)) {
            if (!is_ready) {
                double reg[ST_DOSE_REGISTER_LIMIT];
                double slot[ST_DOSE_REGISTER_LIMIT];
                const st_tape* tape = &model->dose_factor;
                memset(slot, 0, (size_t)tape->input_count * sizeof *slot);
                memcpy(slot + model->state_count, parameter,
                       (size_t)model->parameter_count * sizeof *slot);
                memcpy(slot + model->state_count + model->parameter_count, input,
                       (size_t)model->input_count * sizeof *slot);
                st_tape_run_scalar(tape, slot, reg, factor);
                is_ready = true;
            }
            share = factor[i];
        }
        add[part->state] += share * quantity[part->fate];
    }
}
