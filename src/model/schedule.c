#include "builder.h"

#include <string.h>

// Events, doses and variants: what happens to a model from outside its rates.

static int add_event_value(builder* b, st_expr e)
{
    if (b->event_value_count == b->event_value_capacity) {
        const int capacity = b->event_value_capacity == 0 ? 16 : 2 * b->event_value_capacity;
        st_expr* grown = st_realloc(b->ctx, b->event_value, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            return -1;
        }
        b->event_value = grown;
        b->event_value_capacity = capacity;
    }
    b->event_value[b->event_value_count] = e;
    return b->event_value_count++;
}

static void read_changes(builder* b, const st_node* changes, st_change change,
                         st_event_action* action, int* count)
{
    if (changes == NULL || !st_node_expect(b->ctx, changes, ST_NODE_MAP)) {
        return;
    }
    const st_dim none = st_dim_none();
    for (const st_node* n = changes->first; n != NULL; n = n->next) {
        const int s = st_term_target(b, n, n->key);
        st_typed v;
        if (s < 0 || !st_value_read_text(b, n, -1, &v)) {
            continue;
        }
        const st_bridge* bridge =
            b->state[s].thing >= 0 ? &b->thing[b->state[s].thing].bridge : NULL;
        const st_dim* want = change == ST_CHANGE_SCALE ? &none : &b->state[s].dim;
        if (!st_formula_coerce(&b->graph, &v, want, bridge)) {
            st_node_fail(b->ctx, n, "found '%s', expected a value in units of %s", n->text,
                         change == ST_CHANGE_SCALE ? "1" : b->state[s].info.unit);
            continue;
        }
        const int output = add_event_value(b, v.e);
        if (output >= 0) {
            action[(*count)++] = (st_event_action){.change = change, .state = s, .output = output};
        }
    }
}

static void read_event(builder* b, const st_node* n)
{
    static const char* const keys[] = {"name", "at", "every", "set", "add", "scale", "note", NULL};
    if (!st_node_check_keys(b->ctx, n, keys)) {
        return;
    }
    event_spec* e = &b->event[b->event_count];
    *e = (event_spec){0};
    const st_node* name = st_node_child(n, "name");
    const st_node* at = st_node_need(b->ctx, n, "at", "a time such as '0 day'");
    const st_node* every = st_node_child(n, "every");
    const st_node* set = st_node_child(n, "set");
    const st_node* add = st_node_child(n, "add");
    const st_node* scale = st_node_child(n, "scale");
    e->info.name = name != NULL && name->kind == ST_NODE_SCALAR ? name->text : "event";
    if (at == NULL ||
        !st_node_read_quantity(b->ctx, at, "a time", "day", NULL, -1e6, 1e6, &e->info.day)) {
        return;
    }
    if (every != NULL && !st_node_read_quantity(b->ctx, every, "a time", "day", NULL, 1e-6, 1e6,
                                                &e->info.every_day)) {
        return;
    }
    const int room = (set != NULL ? set->child_count : 0) + (add != NULL ? add->child_count : 0) +
                     (scale != NULL ? scale->child_count : 0);
    if (room == 0) {
        st_node_fail(b->ctx, n, "found nothing to do, expected 'set:', 'add:' or 'scale:'");
        return;
    }
    e->action = st_arena_alloc(b->arena, (size_t)room, sizeof *e->action);
    if (e->action == NULL) {
        return;
    }
    read_changes(b, set, ST_CHANGE_SET, e->action, &e->info.action_count);
    read_changes(b, add, ST_CHANGE_ADD, e->action, &e->info.action_count);
    read_changes(b, scale, ST_CHANGE_SCALE, e->action, &e->info.action_count);
    e->info.action = e->action;
    b->event_count++;
}

st_status st_schedule_read_events(builder* b)
{
    const st_node* list = st_node_child(b->root, "events");
    if (list == NULL || !st_node_expect(b->ctx, list, ST_NODE_LIST)) {
        return ST_OK;
    }
    b->event = st_arena_alloc(b->arena, (size_t)list->child_count + 1u, sizeof *b->event);
    if (b->event == NULL) {
        return ST_ERR_MEMORY;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        read_event(b, n);
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}

// --- doses
// -----------------------------------------------------------------------------------------

/// State index for `alive: msc_suspended@fluid`; -1 for `none` or an absent key.
static int read_dose_state(builder* b, const st_node* entry, const char* key)
{
    const st_node* n = st_node_child(entry, key);
    if (n == NULL || !st_node_expect(b->ctx, n, ST_NODE_SCALAR) || strcmp(n->text, "none") == 0) {
        return -1;
    }
    const int s = st_term_target(b, n, n->text);
    if (s >= 0 && b->state[s].info.kind != ST_STATE_CELL) {
        st_node_fail(b->ctx, n, "found '%s', expected cells of a type in a place", n->text);
    }
    return s;
}

static void read_substance_dose(builder* b, const st_node* entry, st_dose_target* d,
                                st_expr* factor)
{
    const st_node* into = st_node_child(entry, "into");
    const st_node* yield = st_node_child(entry, "yield");
    if (!st_node_expect(b->ctx, into, ST_NODE_SCALAR)) {
        return;
    }
    d->alive_state = st_term_target(b, into, into->text);
    if (d->alive_state < 0) {
        return;
    }
    const state_spec* s = &b->state[d->alive_state];
    if (s->info.kind != ST_STATE_SUBSTRATE) {
        st_node_fail(b->ctx, into, "found '%s', expected a substrate in a place", into->text);
        return;
    }
    const st_bridge* bridge = &b->thing[s->thing].bridge;
    st_graph* g = &b->graph;
    st_typed amount = {.dim = st_value_dim("nmol")};
    if (yield != NULL) {
        char name[160];
        strcpy(name, "dose.");
        strncat(name, entry->key, sizeof name - 16);
        strcat(name, ".yield");
        const st_dim dim = st_value_dim("nmol/cell");
        if (yield->kind == ST_NODE_MAP) {
            st_value_parameter(b, yield, name, NULL);
        }
        if (!st_value_read(b, yield, s->place, &dim, bridge, "an amount per cell", &amount)) {
            return;
        }
        d->is_cell = true;
    } else {
        if (!(bridge->molar_mass_kg_per_mol > 0.0)) {
            st_node_fail(b->ctx, into, "found '%s' without molar_mass, which a dose in grams needs",
                         into->text);
            return;
        }
        d->molar_mass_g_per_nmol = bridge->molar_mass_kg_per_mol * 1e3 / 1e9;
        amount.e = st_expr_constant(g, 1.0 / d->molar_mass_g_per_nmol);
    }
    *factor = st_expr_div(g, amount.e, b->place[s->place].volume.e);
}

st_status st_schedule_read_doses(builder* b)
{
    static const char* const keys[] = {"alive", "latent", "dead", "into", "yield", "note", NULL};
    const st_node* list = st_node_child(b->root, "doses");
    if (list == NULL || !st_node_expect(b->ctx, list, ST_NODE_MAP)) {
        return ST_OK;
    }
    if (list->child_count > ST_DOSE_LIMIT) {
        st_node_fail(b->ctx, list, "found %d product classes, expected at most %d",
                     list->child_count, ST_DOSE_LIMIT);
        return ST_OK;
    }
    b->dose = st_arena_alloc(b->arena, (size_t)list->child_count + 1u, sizeof *b->dose);
    b->dose_factor =
        st_arena_alloc(b->arena, (size_t)list->child_count + 1u, sizeof *b->dose_factor);
    if (b->dose == NULL || b->dose_factor == NULL) {
        return ST_ERR_MEMORY;
    }
    for (const st_node* n = list->first; n != NULL; n = n->next) {
        if (!st_node_check_keys(b->ctx, n, keys)) {
            continue;
        }
        st_dose_target* d = &b->dose[b->dose_count];
        *d = (st_dose_target){
            .product_class = n->key, .alive_state = -1, .latent_state = -1, .dead_state = -1};
        b->dose_factor[b->dose_count] = ST_EXPR_ONE;
        const bool is_cells = st_node_child(n, "alive") != NULL;
        const bool is_substance = st_node_child(n, "into") != NULL;
        if (is_cells == is_substance) {
            st_node_fail_key(b->ctx, n,
                             "expected either 'alive:' (cells) or 'into:' (a substance)");
            continue;
        }
        if (is_cells) {
            d->is_cell = true;
            d->factor = 1.0;
            d->alive_state = read_dose_state(b, n, "alive");
            d->latent_state = read_dose_state(b, n, "latent");
            d->dead_state = read_dose_state(b, n, "dead");
        } else {
            read_substance_dose(b, n, d, &b->dose_factor[b->dose_count]);
        }
        b->dose_count++;
    }
    return b->graph.failed ? ST_ERR_MEMORY : ST_OK;
}

// --- variants
// --------------------------------------------------------------------------------------

static void set_parameter(builder* b, const st_node* n)
{
    const char* names[512];
    int count = 0;
    for (int i = 0; i < b->parameter_count; i++) {
        parameter_spec* p = &b->parameter[i];
        if (strcmp(p->info.name, n->key) != 0) {
            if (count < 512) {
                names[count++] = p->info.name;
            }
            continue;
        }
        st_typed v;
        double value;
        if (!st_value_read_text(b, n, -1, &v)) {
            return;
        }
        if (!st_formula_coerce(&b->graph, &v, &p->dim, NULL) ||
            !st_expr_is_constant(&b->graph, v.e, &value)) {
            st_node_fail(b->ctx, n, "found '%s', expected a quantity in units of '%s'", n->text,
                         p->info.show_unit);
            return;
        }
        p->info.value = value; // a variant states one value: no spread around it
        p->info.spread_kind = ST_SPREAD_NONE;
        p->info.spread = 0.0;
        return;
    }
    const char* near = st_name_nearest(n->key, names, count);
    st_node_fail_key(b->ctx, n, "found '%s', expected a parameter%s%s%s", n->key,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

st_status st_schedule_read_variant(builder* b, const char* variant)
{
    static const char* const keys[] = {"label", "set", "note", NULL};
    const st_node* variants = st_node_child(b->root, "variants");
    const st_node* chosen = NULL;
    const char* names[64];
    int count = 0;
    if (variants != NULL && st_node_expect(b->ctx, variants, ST_NODE_MAP)) {
        for (const st_node* n = variants->first; n != NULL; n = n->next) {
            const st_node* set = st_node_child(n, "set");
            if (!st_node_check_keys(b->ctx, n, keys) ||
                (set != NULL && !st_node_expect(b->ctx, set, ST_NODE_MAP))) {
                continue;
            }
            names[count < 64 ? count++ : 63] = n->key;
            chosen = variant != NULL && strcmp(n->key, variant) == 0 ? n : chosen;
        }
    }
    if (variant == NULL || variant[0] == '\0') {
        return ST_OK;
    }
    if (chosen == NULL) {
        const char* near = st_name_nearest(variant, names, count);
        return ST_FAIL(b->ctx, ST_ERR_INPUT, "%s: no variant '%s' among its %d%s%s%s",
                       st_doc_name(b->doc), variant, count, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
    }
    const st_node* set = st_node_child(chosen, "set");
    for (const st_node* n = set != NULL ? set->first : NULL; n != NULL; n = n->next) {
        set_parameter(b, n);
    }
    return ST_OK;
}
