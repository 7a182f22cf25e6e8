#include "kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Outputs wanted from the description tape, each once.
typedef struct wanted {
    int* item;
    int count;
} wanted;

static int want(wanted* w, int output)
{
    for (int i = 0; i < w->count; i++) {
        if (w->item[i] == output) {
            return i;
        }
    }
    w->item[w->count] = output;
    return w->count++;
}

static bool is_inside(const st_biology* b, int state)
{
    return state >= 0 && b->kind_of_state[state] >= 0;
}

static int region_of(const st_biology* b, int state)
{
    const int place = st_model_state_place(b->model, state);
    return place < 0 ? ST_NOWHERE : b->region_of_place[place];
}

/// `c.3@gel` is the third stage of c in gel: its first stage lies two states
/// before it.
static int first_stage(const st_model* model, int state)
{
    const char* dot = strchr(st_model_state(model, state)->name, '.');
    return dot == NULL ? state : state - (atoi(dot + 1) - 1);
}

static bool begins_with(const char* text, const char* head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

// --- names
// -------------------------------------------------------------------------------------

static void map_names(st_biology* b, const st_tissue* tissue)
{
    for (int r = 0; r < b->region_count; r++) {
        const char* place = st_model_place(b->model, b->region[r].place)->name;
        char name[256];
        for (int f = 0; f < st_tissue_field_count(tissue); f++) {
            snprintf(name, sizeof name, "%s@%s", st_tissue_field_name(tissue, f), place);
            const int s = st_model_find_state(b->model, name);
            const bool fits = s >= 0 && st_model_state(b->model, s)->kind == ST_STATE_SUBSTRATE;
            b->region[r].field_state[f] = fits ? s : -1;
            if (fits) {
                b->field_of_state[s] = f;
            }
        }
        for (int m = 0; m < st_tissue_matrix_count(tissue); m++) {
            snprintf(name, sizeof name, "%s@%s", st_tissue_matrix_name(tissue, m), place);
            const int s = st_model_find_state(b->model, name);
            if (s >= 0 && st_model_state(b->model, s)->kind == ST_STATE_MATRIX) {
                b->matrix_of_state[s] = m;
            }
        }
    }
    for (int s = 0; s < st_model_state_count(b->model); s++) {
        const int r = region_of(b, s);
        if (r >= 0 && st_model_state(b->model, s)->kind == ST_STATE_CELL) {
            b->kind_of_state[s] = b->kind_count;
            b->kind[b->kind_count++] = (st_kind){
                .state = s,
                .first = first_stage(b->model, s),
                .place = st_model_state_place(b->model, s),
                .name = st_model_state(b->model, s)->name,
                .migrate = -1,
                .bias = -1,
            };
        }
    }
}

/// Slots of the model's tape that differ within a region: its levels, matrix,
/// cells, and signals that only single cells have.
static void find_local(const st_biology* b, int region, bool* is_local)
{
    const int states = st_model_state_count(b->model);
    const int inputs_at = states + st_model_parameter_count(b->model);
    memset(is_local, 0, (size_t)b->slot_count * sizeof *is_local);
    for (int s = 0; s < states; s++) {
        is_local[s] = region_of(b, s) == region &&
                      (b->field_of_state[s] >= 0 || b->matrix_of_state[s] >= 0 || is_inside(b, s));
    }
    for (int i = 0; i < st_model_input_count(b->model); i++) {
        const char* name = st_model_input(b->model, i)->name;
        is_local[inputs_at + i] = begins_with(name, "cell.") || begins_with(name, "contact.") ||
                                  begins_with(name, "gradient.");
    }
}

static st_signal signal_of(const st_biology* b, int region, int slot)
{
    const int states = st_model_state_count(b->model);
    if (slot < states) {
        if (b->field_of_state[slot] >= 0) {
            return (st_signal){ST_SOURCE_FIELD, b->field_of_state[slot]};
        }
        if (b->matrix_of_state[slot] >= 0) {
            return (st_signal){ST_SOURCE_MATRIX, b->matrix_of_state[slot]};
        }
        return (st_signal){ST_SOURCE_DENSITY, b->kind_of_state[slot]};
    }
    const int input = slot - states - st_model_parameter_count(b->model);
    const char* name = st_model_input(b->model, input)->name;
    const char* place = st_model_place(b->model, b->region[region].place)->name;
    char full[320];
    if (strcmp(name, "cell.pressure") == 0) {
        return (st_signal){ST_SOURCE_PRESSURE, 0};
    }
    if (strcmp(name, "cell.age") == 0) {
        return (st_signal){ST_SOURCE_AGE, 0};
    }
    if (strcmp(name, "cell.volume") == 0) {
        return (st_signal){ST_SOURCE_VOLUME, 0};
    }
    snprintf(full, sizeof full, "%s@%s", strchr(name, '.') + 1, place);
    const int s = st_model_find_state(b->model, full);
    if (begins_with(name, "gradient.")) {
        return (st_signal){ST_SOURCE_GRADIENT, s >= 0 ? b->field_of_state[s] : ST_NOWHERE};
    }
    return (st_signal){ST_SOURCE_CONTACT, s >= 0 ? b->kind_of_state[s] : ST_NOWHERE};
}

// --- what a kind does
// --------------------------------------------------------------------------

static int kind_after(const st_biology* b, const st_channel_info* c, int actor, int* state)
{
    *state = actor;
    for (int i = 0; i < c->change_count; i++) {
        if (c->change[i].state != actor || c->change_count == 1) {
            *state = c->change[i].state;
        }
    }
    return b->kind_of_state[*state];
}

static void read_hazard(const st_biology* b, st_kind* k, const st_channel_info* c, wanted* w)
{
    st_hazard h = {.term = c->kind, .times = c->times, .to = ST_NOWHERE, .to_state = -1};
    h.output = want(w, st_model_behaviour(b->model, c->behaviour)->output);
    if (c->kind != ST_TERM_DIE) {
        h.to = kind_after(b, c, c->actor, &h.to_state);
    }
    k->hazard[k->hazard_count++] = h;
}

static void read_flux(const st_biology* b, st_kind* k, const st_channel_info* c, wanted* w)
{
    const st_behaviour_info* info = st_model_behaviour(b->model, c->behaviour);
    const int state = c->change[0].state;
    const bool is_matrix = st_model_state(b->model, state)->kind == ST_STATE_MATRIX;
    st_flux f = {.term = c->kind, .extra = -1, .state = state, .is_matrix = is_matrix};
    f.place = st_model_state_place(b->model, state);
    f.index = is_matrix ? b->matrix_of_state[state] : b->field_of_state[state];
    f.is_far = f.index >= 0 && f.place != k->place;
    for (int i = 0; i < k->flux_count; i++) {
        if (k->flux[i].output == want(w, info->output)) {
            return; // relax comes as two channels of one behaviour
        }
    }
    f.output = want(w, info->output);
    if (info->extra >= 0) {
        f.extra = want(w, info->extra);
    }
    k->flux[k->flux_count++] = f;
}

static void read_pair(st_biology* b, st_kind* k, const st_channel_info* c, wanted* w)
{
    const int target = b->kind_of_state[c->change[0].state];
    if (target < 0) {
        return;
    }
    st_pair p = {.output = want(w, st_model_behaviour(b->model, c->behaviour)->output),
                 .actor = (int)(k - b->kind),
                 .target = target,
                 .to = c->change_count > 1 ? b->kind_of_state[c->change[1].state] : ST_NOWHERE,
                 .place = b->kind[target].place};
    p.is_far = p.place != k->place;
    b->pair[b->pair_count++] = p;
}

/// A channel without an actor in the tissue that takes cells of this kind.
static void read_outer(const st_biology* b, st_kind* k, const st_channel_info* c, wanted* w)
{
    int to = ST_NOWHERE;
    int output = -1;
    for (int i = 0; i < c->change_count; i++) {
        if (c->change[i].state == k->state) {
            output = c->change[i].output;
        } else if (b->kind_of_state[c->change[i].state] >= 0) {
            to = b->kind_of_state[c->change[i].state];
        }
    }
    if (output >= 0) {
        k->outer[k->outer_count++] = (st_outer){.output = want(w, output), .to = to};
    }
}

/// Does the channel take the cells of its first change, rather than bring them?
static bool takes_cells(const st_channel_info* c)
{
    return c->kind == ST_TERM_DIE || c->kind == ST_TERM_ENGULF || c->kind == ST_TERM_TURN;
}

static void read_motion(const st_biology* b, st_kind* k, wanted* w)
{
    for (int i = 0; i < st_model_behaviour_count(b->model); i++) {
        const st_behaviour_info* info = st_model_behaviour(b->model, i);
        if (info->state != k->first) {
            continue;
        }
        if (strcmp(info->key, "migrate") == 0) {
            k->migrate = want(w, info->output);
        } else if (strcmp(info->key, "bias") == 0) {
            k->bias = want(w, info->output);
        } else if (begins_with(info->key, "follow.")) {
            char name[320];
            snprintf(name, sizeof name, "%s@%s", info->key + 7,
                     st_model_place(b->model, k->place)->name);
            const int s = st_model_find_state(b->model, name);
            if (s >= 0 && b->field_of_state[s] >= 0) {
                k->follow[k->follow_count++] =
                    (st_follow){.field = b->field_of_state[s], .output = want(w, info->output)};
            }
        }
    }
}

static void read_actions(st_biology* b, st_kind* k, wanted* w)
{
    k->pair_first = b->pair_count;
    for (int i = 0; i < st_model_channel_count(b->model); i++) {
        const st_channel_info* c = st_model_channel(b->model, i);
        const bool is_own = c->actor == k->first && c->behaviour >= 0;
        switch (c->kind) {
        case ST_TERM_DIE:
        case ST_TERM_DIVIDE:
        case ST_TERM_MOVE:
        case ST_TERM_BECOME:
            if (c->actor == k->state) {
                read_hazard(b, k, c, w);
            }
            break;
        case ST_TERM_SECRETE:
        case ST_TERM_RELAX:
        case ST_TERM_TAKE_UP:
        case ST_TERM_CONSUME:
        case ST_TERM_DEPOSIT:
        case ST_TERM_DEGRADE:
            if (is_own) {
                read_flux(b, k, c, w);
            }
            break;
        case ST_TERM_ENGULF:
        case ST_TERM_TURN:
            if (is_own) {
                read_pair(b, k, c, w);
            } else if (!is_inside(b, c->actor) && c->change[0].state == k->state) {
                read_outer(b, k, c, w);
            }
            break;
        default:
            break;
        }
    }
    k->pair_count = b->pair_count - k->pair_first;
    k->can_change = k->hazard_count > 0 || k->outer_count > 0;
    read_motion(b, k, w);
}

static st_status read_kind(st_biology* b, st_kind* k, bool* is_local, wanted* w)
{
    const int channels = st_model_channel_count(b->model);
    const size_t room = (size_t)channels + 1u;
    k->hazard = st_arena_alloc(b->arena, room, sizeof *k->hazard);
    k->flux = st_arena_alloc(b->arena, room, sizeof *k->flux);
    k->outer = st_arena_alloc(b->arena, room, sizeof *k->outer);
    k->follow = st_arena_alloc(b->arena, (size_t)st_model_behaviour_count(b->model) + 1u,
                               sizeof *k->follow);
    if (!k->hazard || !k->flux || !k->outer || !k->follow) {
        return ST_ERR_MEMORY;
    }
    w->count = 0;
    read_actions(b, k, w);
    const int region = b->region_of_place[k->place];
    find_local(b, region, is_local);
    ST_TRY(st_extract_build(b->arena, st_model_description_tape(b->model), w->item, w->count,
                            is_local, &k->program));
    k->signal = st_arena_alloc(b->arena, (size_t)k->program.local_count + 1u, sizeof *k->signal);
    k->wanted = st_arena_alloc(b->arena, (size_t)w->count + 1u, sizeof *k->wanted);
    if (k->signal == NULL || k->wanted == NULL) {
        return ST_ERR_MEMORY;
    }
    memcpy(k->wanted, w->item, (size_t)w->count * sizeof *k->wanted);
    for (int i = 0; i < k->program.local_count; i++) {
        k->signal[i] = signal_of(b, region, k->program.local_slot[i]);
    }
    k->registers = st_extract_register_count(&k->program);
    return ST_OK;
}

// --- what happens without cells of the tissue
// ---------------------------------------------------------

static void read_ambient(const st_biology* b, st_region* r, const st_channel_info* c, wanted* w)
{
    const bool is_acted = is_inside(b, c->actor) && c->behaviour >= 0 && c->kind != ST_TERM_RECRUIT;
    for (int i = 0; i < c->change_count && !is_acted; i++) {
        const int s = c->change[i].state;
        if (st_model_state_place(b->model, s) != r->place) {
            continue;
        }
        st_ambient a = {.index = ST_NOWHERE};
        if (b->field_of_state[s] >= 0) {
            a.index = b->field_of_state[s];
            a.what = ST_AMBIENT_FIELD;
            r->has_chemistry = true;
        } else if (b->matrix_of_state[s] >= 0) {
            a.index = b->matrix_of_state[s];
            a.what = ST_AMBIENT_MATRIX;
            r->has_chemistry = true;
        } else if (b->kind_of_state[s] >= 0 && !takes_cells(c)) {
            a.index = b->kind_of_state[s];
            a.what = ST_AMBIENT_CELLS;
            r->has_arrivals = true;
        }
        if (a.index >= 0) {
            a.output = want(w, c->change[i].output);
            r->ambient[r->ambient_count++] = a;
        }
    }
}

static st_status read_region(st_biology* b, int index, bool* is_local, wanted* w)
{
    st_region* r = &b->region[index];
    int changes = 1;
    for (int i = 0; i < st_model_channel_count(b->model); i++) {
        changes += st_model_channel(b->model, i)->change_count;
    }
    r->ambient = st_arena_alloc(b->arena, (size_t)changes, sizeof *r->ambient);
    if (r->ambient == NULL) {
        return ST_ERR_MEMORY;
    }
    w->count = 0;
    for (int i = 0; i < st_model_channel_count(b->model); i++) {
        read_ambient(b, r, st_model_channel(b->model, i), w);
    }
    find_local(b, index, is_local);
    ST_TRY(st_extract_build(b->arena, st_model_description_tape(b->model), w->item, w->count,
                            is_local, &r->program));
    r->signal = st_arena_alloc(b->arena, (size_t)r->program.local_count + 1u, sizeof *r->signal);
    if (r->signal == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < r->program.local_count; i++) {
        r->signal[i] = signal_of(b, index, r->program.local_slot[i]);
    }
    r->registers = st_extract_register_count(&r->program);
    return ST_OK;
}

/// Reactions whose partners are cells have no form for single cells.
static st_status refuse_reactions(st_ctx* ctx, const st_biology* b)
{
    for (int i = 0; i < st_model_channel_count(b->model); i++) {
        const st_channel_info* c = st_model_channel(b->model, i);
        for (int j = 0; c->behaviour < 0 && j < c->change_count; j++) {
            if (is_inside(b, c->change[j].state)) {
                return ST_FAIL(ctx, ST_ERR_INPUT,
                               "agents: '%s' changes the number of %s: in tissue only behaviours "
                               "act on cells",
                               c->name, st_model_state(b->model, c->change[j].state)->name);
            }
        }
    }
    return ST_OK;
}

static st_status make_room(st_biology* b)
{
    const size_t states = (size_t)st_model_state_count(b->model) + 1u;
    const size_t places = (size_t)st_model_place_count(b->model) + 1u;
    b->kind = st_arena_alloc(b->arena, states, sizeof *b->kind);
    b->kind_of_state = st_arena_alloc(b->arena, states, sizeof(int));
    b->field_of_state = st_arena_alloc(b->arena, states, sizeof(int));
    b->matrix_of_state = st_arena_alloc(b->arena, states, sizeof(int));
    b->region_of_place = st_arena_alloc(b->arena, places, sizeof(int));
    b->pair = st_arena_alloc(b->arena, (size_t)st_model_channel_count(b->model) * states,
                             sizeof *b->pair);
    if (!b->kind || !b->kind_of_state || !b->field_of_state || !b->matrix_of_state ||
        !b->region_of_place || !b->pair) {
        return ST_ERR_MEMORY;
    }
    for (size_t s = 0; s < states; s++) {
        b->kind_of_state[s] = b->field_of_state[s] = b->matrix_of_state[s] = ST_NOWHERE;
    }
    for (size_t p = 0; p < places; p++) {
        b->region_of_place[p] = ST_NOWHERE;
    }
    for (int r = 0; r < b->region_count; r++) {
        b->region_of_place[b->region[r].place] = r;
    }
    return ST_OK;
}

st_status st_kind_read(st_ctx* ctx, st_arena* arena, const st_model* model, const st_tissue* tissue,
                       st_region* region, int region_count, st_biology* out)
{
    *out = (st_biology){
        .arena = arena, .model = model, .region = region, .region_count = region_count};
    const st_tape* tape = st_model_description_tape(model);
    out->slot_count = tape->input_count;
    ST_TRY(make_room(out));
    map_names(out, tissue);
    ST_TRY(refuse_reactions(ctx, out));
    bool* is_local = st_alloc(ctx, (size_t)out->slot_count + 1u, sizeof *is_local);
    wanted w = {.item = st_alloc(ctx, (size_t)tape->output_count + 1u, sizeof(int))};
    st_status status = is_local && w.item ? ST_OK : ST_ERR_MEMORY;
    for (int k = 0; k < out->kind_count && status == ST_OK; k++) {
        status = read_kind(out, &out->kind[k], is_local, &w);
    }
    for (int p = 0; p < out->pair_count; p++) {
        out->kind[out->pair[p].target].can_change = true;
    }
    for (int r = 0; r < region_count && status == ST_OK; r++) {
        status = read_region(out, r, is_local, &w);
    }
    st_free(ctx, is_local);
    st_free(ctx, w.item);
    return status;
}
