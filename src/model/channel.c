#include "builder.h"

#include <math.h>
#include <string.h>

// Channels: each process of a model by itself, recorded while terms are added to the rates. Their
// sum is the rate; the stochastic twin fires them one by one, `describe` prints them. [POP-7]

/// Most summands that one rate is taken apart into, and most nodes looked at for it.
#define PART_LIMIT  16
#define VISIT_LIMIT 512
/// Products nested deeper than this are left whole.
#define DEPTH_LIMIT 12

static const char* const KIND_NAMES[] = {
    [ST_TERM_DIE] = "die",           [ST_TERM_DIVIDE] = "divide",
    [ST_TERM_RECRUIT] = "recruit",   [ST_TERM_MOVE] = "move",
    [ST_TERM_BECOME] = "become",     [ST_TERM_SECRETE] = "secrete",
    [ST_TERM_RELAX] = "relax",       [ST_TERM_TAKE_UP] = "take_up",
    [ST_TERM_CONSUME] = "consume",   [ST_TERM_DEPOSIT] = "deposit",
    [ST_TERM_DEGRADE] = "degrade",   [ST_TERM_ENGULF] = "engulf",
    [ST_TERM_TURN] = "turn",         [ST_TERM_DECAY] = "decay",
    [ST_TERM_SUPPLY] = "supply",     [ST_TERM_REACTION] = "reaction",
    [ST_TERM_EXCHANGE] = "exchange", [ST_TERM_VARIABLE] = "variable",
    [ST_TERM_OTHER] = "other",
};

const char* st_term_kind_name(st_term_kind kind)
{
    return KIND_NAMES[kind];
}

void st_channel_begin(builder* b, st_term_kind kind, const char* name, int actor, int behaviour)
{
    ST_ASSERT(!b->channel_open);
    b->channel_open = true;
    b->channel_now = (channel_spec){.info = {.kind = kind,
                                             .name = name != NULL ? name : "",
                                             .actor = actor,
                                             .behaviour = behaviour,
                                             .times = 1.0},
                                    .first = b->change_count};
    b->channel_steps = 1.0;
}

void st_channel_steps(builder* b, double steps)
{
    const double whole = fabs(steps);
    b->channel_steps = whole >= 1.0 && whole <= 64.0 && floor(whole) == whole ? whole : 1.0;
}

static channel_change* new_change(builder* b)
{
    if (b->change_count == b->change_capacity) {
        const int capacity = b->change_capacity == 0 ? 64 : 2 * b->change_capacity;
        channel_change* grown = st_realloc(b->ctx, b->change, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            b->graph.failed = true;
            return NULL;
        }
        b->change = grown;
        b->change_capacity = capacity;
    }
    return &b->change[b->change_count++];
}

void st_channel_note(builder* b, int state, st_expr rate)
{
    const bool is_alone = !b->channel_open;
    if (is_alone) {
        st_channel_begin(b, ST_TERM_OTHER, b->state[state].info.name, -1, -1);
    }
    channel_change* c = rate != ST_EXPR_ZERO ? new_change(b) : NULL;
    if (c != NULL) {
        *c = (channel_change){.state = state, .rate = rate, .count = b->channel_steps};
    }
    if (is_alone) {
        st_channel_end(b);
    }
}

/// Summands of `e`, products multiplied out down to `depth`; 1 when there is nothing to take apart.
static int split(st_graph* g, st_expr e, int depth, int* visits, st_expr* part)
{
    const st_expr_node n = g->node[e];
    st_expr left[PART_LIMIT] = {0};
    st_expr right[PART_LIMIT] = {0};
    part[0] = e;
    const bool is_sum = n.code == ST_OP_ADD || n.code == ST_OP_SUB;
    const bool is_product = n.code == ST_OP_MUL && depth > 0;
    if (++*visits > VISIT_LIMIT ||
        (!is_sum && !is_product && n.code != ST_OP_NEG && n.code != ST_OP_DIV)) {
        return 1;
    }
    const int below = is_product ? depth - 1 : depth;
    const int a = split(g, n.a, below, visits, left);
    if (is_sum) {
        const int c = split(g, n.b, below, visits, right);
        for (int i = 0; i < a && a + c <= PART_LIMIT; i++) {
            part[i] = left[i];
        }
        for (int i = 0; i < c && a + c <= PART_LIMIT; i++) {
            part[a + i] = n.code == ST_OP_ADD ? right[i] : st_expr_make(g, ST_OP_NEG, right[i], 0);
        }
        return a + c <= PART_LIMIT ? a + c : 1;
    }
    if (is_product) {
        const int c = split(g, n.b, below, visits, right);
        if (a * c == 1 || a * c > PART_LIMIT) {
            return 1;
        }
        for (int i = 0; i < a * c; i++) {
            part[i] = st_expr_mul(g, left[i / c], right[i % c]);
        }
        return a * c;
    }
    for (int i = 0; i < a && a > 1; i++) {
        part[i] = n.code == ST_OP_NEG ? st_expr_make(g, ST_OP_NEG, left[i], 0)
                                      : st_expr_div(g, left[i], n.b);
    }
    return a;
}

static void keep(builder* b, const channel_spec* spec)
{
    if (b->channel_count == b->channel_capacity) {
        const int capacity = b->channel_capacity == 0 ? 64 : 2 * b->channel_capacity;
        channel_spec* grown = st_realloc(b->ctx, b->channel, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            b->graph.failed = true;
            return;
        }
        b->channel = grown;
        b->channel_capacity = capacity;
    }
    b->channel[b->channel_count++] = *spec;
}

/// How deep products are multiplied out: never for what cells do, whose rates are one hazard each.
static int split_depth(st_term_kind kind)
{
    switch (kind) {
    case ST_TERM_RELAX:
        return 1; // supply toward the target and loss are two processes
    case ST_TERM_REACTION:
    case ST_TERM_EXCHANGE:
    case ST_TERM_VARIABLE:
    case ST_TERM_OTHER:
        return DEPTH_LIMIT;
    default:
        return -1;
    }
}

/// Part k of each change becomes channel k; changes that come apart differently stay whole.
void st_channel_end(builder* b)
{
    channel_spec* now = &b->channel_now;
    b->channel_open = false;
    now->info.change_count = b->change_count - now->first;
    if (now->info.change_count == 0 || b->change == NULL) {
        return;
    }
    const int depth = split_depth(now->info.kind);
    const int changes = now->info.change_count;
    st_expr* all = st_alloc(b->ctx, (size_t)changes, PART_LIMIT * sizeof *all);
    int parts = 0;
    if (all == NULL) {
        b->graph.failed = true;
        return;
    }
    for (int i = 0; i < changes && depth >= 0; i++) {
        int visits = 0;
        const int count =
            split(&b->graph, b->change[now->first + i].rate, depth, &visits, all + i * PART_LIMIT);
        parts = i == 0 || count == parts ? count : 1;
        if (parts == 1) {
            break;
        }
    }
    if (parts <= 1) {
        keep(b, now);
    }
    const int first = now->first;
    for (int k = 0; k < parts && parts > 1 && !b->graph.failed; k++) {
        channel_spec part = *now;
        part.first = k == 0 ? first : b->change_count;
        for (int i = 0; i < changes; i++) {
            const channel_change whole = b->change[first + i];
            channel_change* c = k == 0 ? &b->change[first + i] : new_change(b);
            if (c != NULL) {
                *c = whole;
                c->rate = all[i * PART_LIMIT + k];
            }
        }
        keep(b, &part);
    }
    st_free(b->ctx, all);
}

/// Copies channels and behaviours into the model and builds their tapes: rates of all changes; the
/// same with behaviours and definitions behind them.
st_status st_channel_compile(builder* b, st_model* m, int register_count)
{
    st_arena* a = b->arena;
    const int extras = b->change_count + b->behaviour_count + b->definition_count;
    const int volumes = extras + b->behaviour_count;
    const int outputs = volumes + b->place_count;
    st_place_info* places = st_arena_alloc(a, (size_t)b->place_count + 1u, sizeof *places);
    st_channel_info* channels = st_arena_alloc(a, (size_t)b->channel_count + 1u, sizeof *channels);
    st_channel_change* changes = st_arena_alloc(a, (size_t)b->change_count + 1u, sizeof *changes);
    st_behaviour_info* behaviours =
        st_arena_alloc(a, (size_t)b->behaviour_count + 1u, sizeof *behaviours);
    st_expr* output = st_alloc(b->ctx, (size_t)outputs + 1u, sizeof *output);
    if (!places || !channels || !changes || !behaviours || !output) {
        st_free(b->ctx, output);
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < b->change_count; i++) {
        const channel_change* c = &b->change[i];
        changes[i] = (st_channel_change){.state = c->state, .output = i, .count = c->count};
        output[i] = c->rate;
    }
    for (int i = 0; i < b->channel_count; i++) {
        channels[i] = b->channel[i].info;
        channels[i].change = changes + b->channel[i].first;
    }
    for (int i = 0; i < b->behaviour_count; i++) {
        const behaviour_spec* s = &b->behaviour[i];
        const int at = b->change_count + i;
        behaviours[i] = (st_behaviour_info){.key = s->key,
                                            .state = b->thing[s->cell].state[s->place],
                                            .output = at,
                                            .extra = s->has_extra ? extras + i : -1};
        output[at] = s->base.e;
        output[extras + i] = s->has_extra ? s->extra : ST_EXPR_ZERO;
    }
    for (int i = 0; i < b->place_count; i++) {
        const place_spec* p = &b->place[i];
        places[i] = (st_place_info){.name = p->name, .output = p->has_volume ? volumes + i : -1};
        output[volumes + i] = p->has_volume ? p->volume.e : ST_EXPR_ZERO;
    }
    for (int i = 0; i < b->definition_count; i++) {
        output[b->change_count + b->behaviour_count + i] = b->definition[i].value.e;
    }
    st_status status =
        st_tape_build(a, &b->graph, register_count, output, b->change_count, &m->channels);
    if (status == ST_OK) {
        status = st_tape_build(a, &b->graph, register_count, output, outputs, &m->description);
    }
    st_free(b->ctx, output);
    m->channel = channels;
    m->behaviour = behaviours;
    m->place = places;
    m->place_count = b->place_count;
    m->channel_count = b->channel_count;
    m->behaviour_count = b->behaviour_count;
    return status;
}

void st_channel_clear(builder* b)
{
    st_free(b->ctx, b->channel);
    st_free(b->ctx, b->change);
}

int st_model_channel_count(const st_model* model)
{
    return model->channel_count;
}

const st_channel_info* st_model_channel(const st_model* model, int channel)
{
    return &model->channel[channel];
}

int st_model_behaviour_count(const st_model* model)
{
    return model->behaviour_count;
}

const st_behaviour_info* st_model_behaviour(const st_model* model, int behaviour)
{
    return &model->behaviour[behaviour];
}

const st_tape* st_model_channel_tape(const st_model* model)
{
    return &model->channels;
}

const st_tape* st_model_description_tape(const st_model* model)
{
    return &model->description;
}

int st_model_place_count(const st_model* model)
{
    return model->place_count;
}

const st_place_info* st_model_place(const st_model* model, int place)
{
    return &model->place[place];
}

int st_model_state_place(const st_model* model, int state)
{
    return model->state_place[state];
}
