#include "builder.h"

#include <math.h>
#include <string.h>

// Events, planned inputs and variants: what happens to a model from outside its rates.

/// Keeps an expression of the event tape; -1 when memory is out.
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

/// Room for one more action of an event.
static bool add_action(builder* b, event_spec* e, st_change change, int state, st_expr value)
{
    const int output = add_event_value(b, value);
    if (output < 0) {
        return false;
    }
    if (e->info.action_count == e->action_capacity) {
        const int capacity = e->action_capacity == 0 ? 8 : 2 * e->action_capacity;
        st_event_action* grown = st_arena_alloc(b->arena, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        for (int i = 0; i < e->info.action_count; i++) {
            grown[i] = e->action[i];
        }
        e->action = grown;
        e->action_capacity = capacity;
    }
    e->action[e->info.action_count++] =
        (st_event_action){.change = change, .state = state, .output = output};
    return true;
}

static void read_changes(builder* b, const st_node* changes, st_change change, event_spec* e)
{
    const st_dim none = st_dim_none();
    for (const st_node* n = changes != NULL ? changes->first : NULL; n != NULL; n = n->next) {
        const int s = st_term_target(b, n, n->key);
        st_typed v;
        if (s < 0 || !st_value_read_text(b, n, -1, &v)) {
            continue;
        }
        const int thing = b->state[s].thing;
        const st_bridge* bridge = thing >= 0 ? &b->thing[thing].bridge : NULL;
        const st_dim* want = change == ST_CHANGE_SCALE ? &none : &b->state[s].dim;
        if (!st_formula_coerce(&b->graph, &v, want, bridge)) {
            st_node_fail(b->ctx, n, "found '%s', expected a value in units of %s", n->text,
                         change == ST_CHANGE_SCALE ? "1" : b->state[s].info.unit);
            continue;
        }
        double constant;
        if (st_expr_is_constant(&b->graph, v.e, &constant) && st_formula_is_quantity(n->text)) {
            st_note_quantity(b, n, constant, st_value_unit_text(b, want));
        }
        add_action(b, e, change, s, v.e);
        const int stages = thing >= 0 ? b->thing[thing].stage_count : 1;
        for (int k = 1; k < stages && change != ST_CHANGE_ADD; k++) { // the other stages
            add_action(b, e, change, s + k, change == ST_CHANGE_SET ? ST_EXPR_ZERO : v.e);
        }
    }
}

/// One side of a threshold, read as an expression of its own at its own column.
static bool read_side(builder* b, const st_node* when, size_t from, size_t length, st_typed* out)
{
    while (length > 0 && when->text[from] == ' ') {
        from++;
        length--;
    }
    while (length > 0 && when->text[from + length - 1] == ' ') {
        length--;
    }
    st_node* side = st_arena_alloc(b->arena, 1, sizeof *side);
    char* text = st_arena_text(b->arena, when->text + from, length);
    if (side == NULL || text == NULL) {
        b->graph.failed = true;
        return false;
    }
    *side = *when;
    side->text = text;
    side->column += (int)from;
    return st_value_read_text(b, side, -1, out);
}

/// `a > b` or `a < b` as the quantity that turns positive when it becomes true.     [MOD-9]
static bool read_threshold(builder* b, const st_node* when, st_expr* out)
{
    const char* sign = strpbrk(when->text, "<>");
    if (sign == NULL || strpbrk(sign + 1, "<>=") != NULL) {
        return st_node_fail(b->ctx, when, "found '%s', expected one comparison: 'a > b' or 'a < b'",
                            when->text);
    }
    const size_t at = (size_t)(sign - when->text);
    st_typed left;
    st_typed right;
    if (!read_side(b, when, 0, at, &left) ||
        !read_side(b, when, at + 1, strlen(sign + 1), &right)) {
        return false;
    }
    if (!st_formula_coerce(&b->graph, &right, &left.dim, &left.bridge) &&
        !st_formula_coerce(&b->graph, &left, &right.dim, &right.bridge)) {
        char l[96];
        char r[96];
        st_dim_text(&left.dim, l, sizeof l);
        st_dim_text(&right.dim, r, sizeof r);
        return st_node_fail(b->ctx, when, "compares '%s' and '%s'", l, r);
    }
    *out = *sign == '>' ? st_expr_sub(&b->graph, left.e, right.e)
                        : st_expr_sub(&b->graph, right.e, left.e);
    return true;
}

/// `at:` with `every:`, or `when:` with `once:`.
static bool read_moment(builder* b, const st_node* n, event_spec* e)
{
    const st_node* at = st_node_child(n, "at");
    const st_node* when = st_node_child(n, "when");
    const st_node* every = st_node_child(n, "every");
    const st_node* once = st_node_child(n, "once");
    const st_node* after = st_node_child(n, "after");
    e->info.trigger = -1;
    if ((at == NULL) == (when == NULL)) {
        return st_node_fail(b->ctx, n, "found %s, expected 'at:' (a time) or 'when:' (a threshold)",
                            at == NULL ? "neither" : "both");
    }
    if (when != NULL) {
        e->info.day = INFINITY;
        e->info.condition = when->text;
        if (every != NULL) {
            return st_node_fail_key(b->ctx, every, "'every' belongs to 'at', not to 'when'");
        }
        if (after != NULL) {
            if (!st_node_read_quantity(b->ctx, after, "a time", "day", NULL, 0.0, 1e6,
                                       &e->info.delay_day)) {
                return false;
            }
            st_note_quantity(b, after, e->info.delay_day, "day");
        }
        st_expr excess = ST_EXPR_ZERO;
        if ((once != NULL && !st_node_read_bool(b->ctx, once, &e->info.once)) ||
            !read_threshold(b, when, &excess)) {
            return false;
        }
        e->info.trigger = add_event_value(b, excess);
        return e->info.trigger >= 0;
    }
    if (once != NULL || after != NULL) {
        const st_node* wrong = once != NULL ? once : after;
        return st_node_fail_key(b->ctx, wrong, "'%s' belongs to 'when', not to 'at'", wrong->key);
    }
    if (!st_node_read_quantity(b->ctx, at, "a time", "day", NULL, -1e6, 1e6, &e->info.day)) {
        return false;
    }
    st_note_quantity(b, at, e->info.day, "day");
    if (every != NULL) {
        if (!st_node_read_quantity(b->ctx, every, "a time", "day", NULL, 1e-6, 1e6,
                                   &e->info.every_day)) {
            return false;
        }
        st_note_quantity(b, every, e->info.every_day, "day");
    }
    return true;
}

static void read_event(builder* b, const st_node* n)
{
    if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_EVENT)) {
        return;
    }
    event_spec* e = &b->event[b->event_count];
    *e = (event_spec){0};
    const st_node* name = st_node_child(n, "name");
    const st_node* set = st_node_child(n, "set");
    const st_node* add = st_node_child(n, "add");
    const st_node* scale = st_node_child(n, "scale");
    e->info.name = name != NULL ? name->text : "event";
    if (!read_moment(b, n, e)) {
        return;
    }
    if (set == NULL && add == NULL && scale == NULL) {
        st_node_fail(b->ctx, n, "found nothing to do, expected 'set:', 'add:' or 'scale:'");
        return;
    }
    read_changes(b, set, ST_CHANGE_SET, e);
    read_changes(b, add, ST_CHANGE_ADD, e);
    read_changes(b, scale, ST_CHANGE_SCALE, e);
    e->info.action = e->action;
    b->event_count++;
}

st_status st_schedule_read_events(builder* b)
{
    const st_node* list = st_node_child(b->root, "events");
    if (list == NULL || list->kind != ST_NODE_LIST) {
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

// --- planned inputs -----------------------------------------------------------------------------

static void read_plan(builder* b, int input)
{
    const input_spec* in = &b->input[input];
    const st_node* plan = st_node_child(in->node, "plan");
    double before = -INFINITY;
    for (const st_node* n = plan != NULL ? plan->first : NULL; n != NULL; n = n->next) {
        if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_PLAN)) {
            continue;
        }
        const st_node* at = st_node_need(b->ctx, n, "at", "a time such as '14 day'");
        const st_node* value = st_node_need(b->ctx, n, "value", "the input's new value");
        st_plan_info* p = &b->plan[b->plan_count];
        st_typed v;
        *p = (st_plan_info){.input = input};
        if (at == NULL || value == NULL ||
            !st_node_read_quantity(b->ctx, at, "a time", "day", NULL, -1e6, 1e6, &p->day) ||
            !st_value_read_text(b, value, -1, &v)) {
            continue;
        }
        if (!(p->day > before)) {
            st_node_fail(b->ctx, at, "found '%s', expected a time after the one before", at->text);
            continue;
        }
        if (!st_formula_coerce(&b->graph, &v, &in->dim, NULL)) {
            st_node_fail(b->ctx, value, "found '%s', expected a value in units of '%s'",
                         value->text, in->info.unit);
            continue;
        }
        double constant;
        if (st_expr_is_constant(&b->graph, v.e, &constant)) {
            st_note_quantity(b, value, constant, in->info.unit);
        }
        st_note_quantity(b, at, p->day, "day");
        before = p->day;
        p->output = add_event_value(b, v.e);
        b->plan_count++;
    }
}

/// By time; equal times keep the order of the file.
static void sort_plan(st_plan_info* plan, int count)
{
    for (int i = 1; i < count; i++) {
        const st_plan_info one = plan[i];
        int k = i;
        for (; k > 0 && plan[k - 1].day > one.day; k--) {
            plan[k] = plan[k - 1];
        }
        plan[k] = one;
    }
}

st_status st_schedule_read_plans(builder* b)
{
    size_t room = 1;
    for (int i = 0; i < b->input_count; i++) {
        const st_node* plan = st_node_child(b->input[i].node, "plan");
        room += plan != NULL ? (size_t)plan->child_count : 0u;
    }
    b->plan = st_arena_alloc(b->arena, room, sizeof *b->plan);
    if (b->plan == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < b->input_count; i++) {
        read_plan(b, i);
    }
    sort_plan(b->plan, b->plan_count);
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
        if (!(value >= p->info.lo && value <= p->info.hi)) {
            st_node_fail(b->ctx, n, "found '%s', expected a value in the parameter's range",
                         n->text);
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
    const st_node* variants = st_node_child(b->root, "variants");
    const st_node* chosen = NULL;
    const char* names[64];
    int count = 0;
    if (variants != NULL && st_node_expect(b->ctx, variants, ST_NODE_MAP)) {
        for (const st_node* n = variants->first; n != NULL; n = n->next) {
            if (!st_grammar_check(b->ctx, n, &ST_GRAMMAR_VARIANT)) {
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
