// What happens to cells: noted by workers, carried out in the order of ids.                 [CEL-4]

#include "base/random.h"
#include "cells/cells_near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Tries of a place per cell before a medium counts as too thin to hit.
#define PLACE_TRIES 100000

st_division st_default_division(void)
{
    return (st_division){.daughter_type = -1};
}

// --- noting
// ---------------------------------------------------------------------------------------

static st_status note(st_ctx* ctx, st_cells* cells, int worker, const st_cells_event* event,
                      const double* value)
{
    if (worker < 0 || worker >= cells->worker_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: worker %d of %d", worker, cells->worker_count);
    }
    st_cells_worker* w = &cells->worker[worker];
    if (w->event_count == w->event_capacity) {
        const int64_t capacity = w->event_capacity * 2 + 64;
        st_cells_event* grown = st_realloc(w->ctx, w->event, (size_t)capacity, sizeof *w->event);
        if (!grown) {
            return ST_ERR_MEMORY;
        }
        w->event = grown;
        w->event_capacity = capacity;
    }
    int64_t at = -1;
    if (value && cells->column_count > 0) {
        if (w->value_count + cells->column_count > w->value_capacity) {
            const int64_t capacity = w->value_capacity * 2 + 64 + cells->column_count;
            double* grown = st_realloc(w->ctx, w->value, (size_t)capacity, sizeof *w->value);
            if (!grown) {
                return ST_ERR_MEMORY;
            }
            w->value = grown;
            w->value_capacity = capacity;
        }
        at = w->value_count;
        memcpy(w->value + at, value, (size_t)cells->column_count * sizeof *value);
        w->value_count += cells->column_count;
    }
    st_cells_event* own = &w->event[w->event_count];
    *own = *event;
    own->number = w->event_count++;
    own->worker = (int16_t)worker;
    own->value = at;
    return ST_OK;
}

static st_status check_slot(st_ctx* ctx, const st_cells* cells, int64_t slot)
{
    if (slot < 0 || slot >= cells->count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: slot %lld: expected 0 to %lld", (long long)slot,
                       (long long)cells->count - 1);
    }
    return ST_OK;
}

static st_status check_known_type(st_ctx* ctx, const st_cells* cells, int type)
{
    if (type < 0 || type >= cells->def.type_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: type %d is unknown, expected 0 to %d", type,
                       cells->def.type_count - 1);
    }
    return ST_OK;
}

st_status st_cells_remove(st_ctx* ctx, st_cells* cells, int worker, int64_t slot)
{
    ST_TRY(check_slot(ctx, cells, slot));
    const st_cells_event event = {
        .kind = ST_CELLS_EVENT_REMOVE, .order = cells->c.id[slot], .slot = slot};
    return note(ctx, cells, worker, &event, NULL);
}

st_status st_cells_become(st_ctx* ctx, st_cells* cells, int worker, int64_t slot, int type)
{
    ST_TRY(check_slot(ctx, cells, slot));
    ST_TRY(check_known_type(ctx, cells, type));
    const st_cells_event event = {
        .kind = ST_CELLS_EVENT_BECOME, .order = cells->c.id[slot], .slot = slot, .type = type};
    return note(ctx, cells, worker, &event, NULL);
}

st_status st_cells_divide(st_ctx* ctx, st_cells* cells, int worker, int64_t slot,
                          const st_division* division)
{
    ST_TRY(check_slot(ctx, cells, slot));
    if (division->daughter_type != -1) {
        ST_TRY(check_known_type(ctx, cells, division->daughter_type));
    }
    const double* axis = division->axis;
    if (!isfinite(axis[0]) || !isfinite(axis[1]) || !isfinite(axis[2])) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: cell %llu divides along %g, %g, %g",
                       (unsigned long long)cells->c.id[slot], axis[0], axis[1], axis[2]);
    }
    const st_cells_event event = {.kind = ST_CELLS_EVENT_DIVIDE,
                                  .order = cells->c.id[slot],
                                  .slot = slot,
                                  .type = division->daughter_type,
                                  .place = {axis[0], axis[1], axis[2]},
                                  .resets_mother = division->resets_mother};
    return note(ctx, cells, worker, &event, division->value);
}

st_status st_cells_add(st_ctx* ctx, st_cells* cells, int worker, const st_cell_birth* birth)
{
    ST_TRY(check_known_type(ctx, cells, birth->type));
    int32_t tick[3];
    int brick;
    int voxel;
    const double* at = birth->at_um;
    const char* name = cells->type[birth->type].name;
    if (!st_cells_ground_tick(cells, at, tick)) {
        const st_tissue_frame* f = &cells->frame;
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: a cell of type '%s' at (%g, %g, %g) um lies outside the box, which "
                       "ends at (%g, %g, %g) and (%g, %g, %g) um",
                       name, at[0], at[1], at[2], f->origin_um[0], f->origin_um[1], f->origin_um[2],
                       f->origin_um[0] + f->size[0] * f->voxel_um[0],
                       f->origin_um[1] + f->size[1] * f->voxel_um[1],
                       f->origin_um[2] + f->size[2] * f->voxel_um[2]);
    }
    if (!st_cells_ground_at(cells, tick, -1, &brick, &voxel)) {
        const int medium = st_cells_ground_medium(cells, tick);
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: a cell of type '%s' at (%g, %g, %g) um lies %s %d", name, at[0],
                       at[1], at[2],
                       medium > 0 ? "in a medium that cells cannot enter, number"
                                  : "outside the tissue, in medium",
                       medium);
    }
    const double volume =
        birth->volume_um3 != 0.0 ? birth->volume_um3 : cells->type[birth->type].volume_um3;
    if (!(volume > 0.0) || !(volume <= 5e6)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: a cell of type '%s' has a volume of %g um^3: expected above 0, at "
                       "most 5e6",
                       name, volume);
    }
    const st_cells_event event = {.kind = ST_CELLS_EVENT_ADD,
                                  .order = birth->order,
                                  .slot = -1,
                                  .type = birth->type,
                                  .place = {at[0], at[1], at[2]},
                                  .volume = volume};
    return note(ctx, cells, worker, &event, birth->value);
}

st_status st_cells_scatter(st_ctx* ctx, st_cells* cells, int type, int medium, int64_t count)
{
    ST_TRY(check_known_type(ctx, cells, type));
    if (medium < 0 || medium > ST_MEDIUM_LIMIT || count < 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: %lld cells in medium %d", (long long)count,
                       medium);
    }
    const st_tissue_frame* f = &cells->frame;
    for (int64_t i = 0; i < count; i++) {
        const uint64_t number = cells->birth_number++;
        const st_random_key key = {cells->def.seed, ST_STREAM_CELL_PLACE, number, 0};
        st_cell_birth birth = {.type = type, .order = number};
        bool found = false;
        for (uint64_t draw = 0; !found && draw < 3u * PLACE_TRIES; draw += 3) {
            int32_t tick[3];
            int brick;
            int voxel;
            for (int axis = 0; axis < 3; axis++) {
                birth.at_um[axis] =
                    f->origin_um[axis] + f->size[axis] * f->voxel_um[axis] *
                                             st_random_uniform(&key, draw + (uint64_t)axis);
            }
            found =
                st_cells_ground_tick(cells, birth.at_um, tick) &&
                st_cells_ground_at(cells, tick, -1, &brick, &voxel) &&
                (medium == 0 || st_tissue_brick_media(cells->def.tissue, brick)[voxel] == medium);
        }
        if (!found) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "cells: no place for '%s' in medium %d was hit in %d tries",
                           cells->type[type].name, medium, PLACE_TRIES);
        }
        ST_TRY(st_cells_add(ctx, cells, 0, &birth));
    }
    return ST_OK;
}

// --- carrying out
// ---------------------------------------------------------------------------------

static void set_value(st_cells* cells, st_cells_columns* columns, int64_t at, int column,
                      double value)
{
    switch (cells->column[column].kind) {
    case ST_COLUMN_FLOAT:
        ((float*)columns->extra[column])[at] = (float)value;
        break;
    case ST_COLUMN_DOUBLE:
        ((double*)columns->extra[column])[at] = value;
        break;
    default:
        ((uint32_t*)columns->extra[column])[at] = value <= 0.0            ? 0u
                                                  : value >= 4294967295.0 ? UINT32_MAX
                                                                          : (uint32_t)value;
        break;
    }
}

static double value_of(const st_cells* cells, int64_t slot, int column)
{
    switch (cells->column[column].kind) {
    case ST_COLUMN_FLOAT:
        return (double)((const float*)cells->c.extra[column])[slot];
    case ST_COLUMN_DOUBLE:
        return ((const double*)cells->c.extra[column])[slot];
    default:
        return (double)((const uint32_t*)cells->c.extra[column])[slot];
    }
}

static void wake_one(void* arg, int64_t slot, double square)
{
    (void)square;
    ((st_cells*)arg)->c.rest[slot] = 0;
}

static void wake_around(st_cells* cells, int64_t slot)
{
    const uint32_t form = cells->c.body[slot].form;
    const double own = st_cells_body_radius(form) * cells->type[form & 255u].reach;
    double reach = 0.0;
    for (int t = 0; t < cells->def.type_count; t++) {
        reach = fmax(reach, cells->type[t].reach);
    }
    st_cells_near_each(cells, cells->c.body[slot].tick,
                       own + 1.26 * reach * cells->largest_radius_um, wake_one, cells);
}

// Half the way between the daughters in ticks: shortened while a daughter would lie in a wall.
static void place_daughters(const st_cells* cells, const st_cells_event* event, double distance_um,
                            int32_t first[3], int32_t second[3])
{
    double axis[3] = {event->place[0], event->place[1], event->place[2]};
    double length = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
    if (!(length > 0.0) || !isfinite(length)) {
        const st_random_key key = {cells->def.seed, ST_STREAM_CELL_DIVISION, event->order,
                                   cells->commit_count};
        for (int i = 0; i < 3; i++) {
            axis[i] = st_random_normal(&key, (uint64_t)i);
        }
        length = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
    }
    const int32_t* middle = cells->c.body[event->slot].tick;
    double half = 0.5 * distance_um / cells->tick_um / length;
    for (int tries = 0; tries < 12; tries++, half *= 0.5) {
        int brick;
        int voxel;
        for (int i = 0; i < 3; i++) {
            const int32_t step = (int32_t)floor(half * axis[i] + 0.5);
            first[i] = middle[i] - step;
            second[i] = middle[i] + step;
        }
        if (st_cells_ground_at(cells, first, -1, &brick, &voxel) &&
            st_cells_ground_at(cells, second, -1, &brick, &voxel)) {
            return;
        }
    }
    memcpy(first, middle, 3 * sizeof *first); // the lists part cells at one place
    memcpy(second, middle, 3 * sizeof *second);
}

static void change_mother(st_cells* cells, const st_cells_event* event)
{
    for (int i = 0; i < cells->column_count; i++) {
        if (cells->column[i].birth == ST_COLUMN_HALVE) {
            set_value(cells, &cells->c, event->slot, i, 0.5 * value_of(cells, event->slot, i));
        } else if (cells->column[i].birth == ST_COLUMN_ZERO && event->resets_mother) {
            set_value(cells, &cells->c, event->slot, i, 0.0);
        }
    }
}

static st_status bear(st_ctx* ctx, st_cells* cells, const st_cells_event* event)
{
    int64_t at;
    ST_TRY(st_cells_store_come(ctx, cells, &at));
    st_cells_columns* in = &cells->incoming;
    const double* value =
        event->value < 0 ? NULL : cells->worker[event->worker].value + event->value;
    in->id[at] = cells->next_id++;
    in->mark[at] = ST_MARK_CHANGED;
    in->hold[at] = 1.0f;
    int type = event->type;
    if (event->kind == ST_CELLS_EVENT_DIVIDE) {
        const int64_t slot = event->slot;
        st_body* mother = &cells->c.body[slot];
        const int own = (int)(mother->form & 255u);
        type = type < 0 ? own : type;
        const float half = 0.5f * cells->c.volume[slot];
        in->volume[at] = cells->c.volume[slot] = half;
        in->hold[at] = cells->c.hold[slot];
        in->pressure[at] = cells->c.pressure[slot];
        mother->form = st_cells_store_form((double)half, own);
        in->body[at].form = st_cells_store_form((double)half, type);
        const double distance =
            cells->type[own].division_distance *
            (st_cells_body_radius(mother->form) + st_cells_body_radius(in->body[at].form));
        int32_t first[3];
        int32_t second[3];
        place_daughters(cells, event, distance, first, second);
        memcpy(mother->tick, first, sizeof first);
        memcpy(in->body[at].tick, second, sizeof second);
        cells->c.mark[slot] |= ST_MARK_CHANGED;
        cells->c.mark[slot] &= (uint8_t)~ST_MARK_PAST;
        cells->c.rest[slot] = 0;
    } else {
        (void)st_cells_ground_tick(cells, event->place, in->body[at].tick);
        in->volume[at] = (float)event->volume;
        in->body[at].form = st_cells_store_form((double)in->volume[at], type);
    }
    for (int i = 0; i < cells->column_count; i++) {
        double v = cells->column[i].initial;
        if (value) {
            v = value[i];
        } else if (event->kind == ST_CELLS_EVENT_DIVIDE) {
            v = cells->column[i].birth == ST_COLUMN_ZERO ? 0.0 : value_of(cells, event->slot, i);
            v *= cells->column[i].birth == ST_COLUMN_HALVE ? 0.5 : 1.0;
        }
        set_value(cells, in, at, i, v);
    }
    if (event->kind == ST_CELLS_EVENT_DIVIDE) {
        change_mother(cells, event);
    }
    cells->type_count[type]++;
    return ST_OK;
}

static st_status carry_out(st_ctx* ctx, st_cells* cells, const st_cells_event* event, bool any_rest)
{
    if (event->kind == ST_CELLS_EVENT_ADD) {
        return bear(ctx, cells, event);
    }
    const int64_t slot = event->slot;
    if (any_rest) {
        wake_around(cells, slot);
    }
    if (event->kind == ST_CELLS_EVENT_REMOVE) {
        cells->type_count[cells->c.body[slot].form & 255u]--;
        cells->c.mark[slot] |= ST_MARK_GONE;
        return ST_OK;
    }
    if (event->kind == ST_CELLS_EVENT_DIVIDE) {
        return bear(ctx, cells, event);
    }
    cells->type_count[cells->c.body[slot].form & 255u]--;
    cells->type_count[event->type]++;
    cells->c.body[slot].form = (cells->c.body[slot].form & ~255u) | (uint32_t)event->type;
    cells->c.mark[slot] |= ST_MARK_CHANGED;
    cells->c.rest[slot] = 0;
    return ST_OK;
}

// Cells in the order of ids, then births in their order; for one cell: become before the rest.
static int compare(const void* left, const void* right)
{
    const st_cells_event* a = left;
    const st_cells_event* b = right;
    const int a_add = a->kind == ST_CELLS_EVENT_ADD;
    const int b_add = b->kind == ST_CELLS_EVENT_ADD;
    if (a_add != b_add) {
        return a_add - b_add;
    }
    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

typedef struct survey {
    int64_t volume; ///< in 2^-10 um^3: a sum without an order
    int64_t resting;
    float radius;
    char pad[64];
} survey;

static st_status survey_chunk(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    survey* s = (survey*)arg + worker;
    for (int64_t i = cells->start[first_brick]; i < cells->start[last_brick]; i++) {
        const float radius = (float)st_cells_body_radius(cells->c.body[i].form);
        s->volume += (int64_t)(cells->c.volume[i] * 1024.0f);
        s->resting += cells->c.rest[i];
        s->radius = radius > s->radius ? radius : s->radius;
    }
    return ST_OK;
}

static st_status take_survey(st_cells* cells, survey* sum)
{
    survey* by_worker = st_alloc(cells->ctx, (size_t)cells->worker_count, sizeof *by_worker);
    if (!by_worker) {
        return ST_ERR_MEMORY;
    }
    (void)st_cells_store_pass(cells, survey_chunk, by_worker);
    *sum = (survey){0};
    for (int w = 0; w < cells->worker_count; w++) {
        sum->volume += by_worker[w].volume;
        sum->resting += by_worker[w].resting;
        sum->radius = by_worker[w].radius > sum->radius ? by_worker[w].radius : sum->radius;
    }
    st_free(cells->ctx, by_worker);
    return ST_OK;
}

static st_status check_events(st_ctx* ctx, const st_cells* cells, const st_cells_event* event,
                              int64_t count, survey* sum)
{
    int64_t cell_count = cells->count;
    for (int64_t i = 0; i < count; i++) {
        const st_cells_event* e = &event[i];
        if (i > 0 && e->kind != ST_CELLS_EVENT_ADD && e->slot == event[i - 1].slot &&
            (e->kind == event[i - 1].kind || event[i - 1].kind == ST_CELLS_EVENT_REMOVE)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "cells: cell %llu is to be removed, divided or changed twice in one "
                           "commit",
                           (unsigned long long)e->order);
        }
        if (e->kind == ST_CELLS_EVENT_REMOVE) {
            cell_count--;
            sum->volume -= (int64_t)(cells->c.volume[e->slot] * 1024.0f);
        } else if (e->kind != ST_CELLS_EVENT_BECOME) {
            cell_count++;
            sum->volume += (int64_t)((float)e->volume * 1024.0f);
        }
    }
    if (cell_count > cells->def.cell_limit) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: %lld cells, at most %lld (cell_limit)",
                       (long long)cell_count, (long long)cells->def.cell_limit);
    }
    const double volume = (double)sum->volume / 1024.0;
    if (volume > cells->def.fill_limit * cells->open_um3) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: %lld cells of together %g um^3 do not fit: the media they may be in "
                       "have %g um^3, of which %g (fill_limit) may be filled",
                       (long long)cell_count, volume, cells->open_um3, cells->def.fill_limit);
    }
    return ST_OK;
}

static st_status commit_events(st_ctx* ctx, st_cells* cells, st_cells_event* event, int64_t count)
{
    int64_t n = 0;
    for (int w = 0; w < cells->worker_count; w++) {
        const st_cells_worker* worker = &cells->worker[w];
        if (worker->event_count > 0) {
            memcpy(event + n, worker->event, (size_t)worker->event_count * sizeof *event);
            n += worker->event_count;
        }
    }
    qsort(event, (size_t)count, sizeof *event, compare);
    survey sum;
    ST_TRY(take_survey(cells, &sum));
    ST_TRY(check_events(ctx, cells, event, count, &sum));
    int64_t births = 0;
    for (int64_t i = 0; i < count; i++) {
        births += event[i].kind >= ST_CELLS_EVENT_DIVIDE;
    }
    // All memory first: a commit is carried out as a whole or not at all.
    ST_TRY(st_cells_store_reserve(ctx, cells, &cells->incoming, births));
    ST_TRY(st_cells_store_room(ctx, cells, cells->count + births));
    for (int64_t i = 0; i < count; i++) {
        ST_TRY(carry_out(ctx, cells, &event[i], sum.resting > 0));
    }
    return ST_OK;
}

// Room for many events (a population being placed) is given back.
static void forget_events(st_cells_worker* w)
{
    w->event_count = 0;
    w->value_count = 0;
    if (w->event_capacity > 65536) {
        st_free(w->ctx, w->event);
        st_free(w->ctx, w->value);
        w->event = NULL;
        w->value = NULL;
        w->event_capacity = w->value_capacity = 0;
    }
}

st_status st_cells_commit(st_ctx* ctx, st_cells* cells)
{
    int64_t count = 0;
    for (int w = 0; w < cells->worker_count; w++) {
        count += cells->worker[w].event_count;
    }
    st_status status = ST_OK;
    if (count > 0) {
        st_cells_event* event = st_alloc(cells->ctx, (size_t)count, sizeof *event);
        status = event ? commit_events(ctx, cells, event, count) : ST_ERR_MEMORY;
        st_free(cells->ctx, event);
        for (int w = 0; w < cells->worker_count; w++) {
            forget_events(&cells->worker[w]);
        }
    }
    ST_TRY(status);
    cells->has_births = cells->incoming_count > 0;
    if (count > 0) {
        st_cells_list_forget(cells);
    }
    if (count > 0 || !cells->is_sorted) {
        ST_TRY(st_cells_store_sort(ctx, cells));
    }
    survey sum;
    ST_TRY(take_survey(cells, &sum));
    cells->largest_radius_um = (double)sum.radius;
    cells->commit_count++;
    return ST_OK;
}
