// What happens to each cell in a step of the mechanics.

#include "cells/cells_near.h"
#include "cells/cells_step.h"

#include <math.h>
#include <string.h>

/// Cells whose speeds are computed together.
#define BATCH 128

/// Awake cells of one brick.
typedef struct batch {
    int home; ///< the brick
    int count;
    uint32_t slot[BATCH];
} batch;

// --- speeds
// ---------------------------------------------------------------------------------------

// Walls push cells that would reach through them.                                          [CEL-8]
static void add_walls(const st_cells* cells, const st_body* body, int home, float speed[3],
                      float* stiffness)
{
    const int type = (int)(body->form & 255u);
    const double k = cells->type[type].wall_um_per_min;
    int brick;
    int voxel;
    if (!(k > 0.0) || !st_cells_ground_at(cells, body->tick, home, &brick, &voxel) ||
        cells->wall_row[brick] < 0) {
        return;
    }
    const uint32_t wall =
        cells->wall[(size_t)cells->wall_row[brick] * ST_BRICK_VOXELS + (size_t)voxel];
    const double radius = st_cells_body_radius(body->form);
    for (int side = 0; side < 6; side++) {
        const int away = (int)(wall >> 4 * side & 15u);
        if (away == 15) {
            continue;
        }
        const int axis = side / 2;
        const double at = ((double)body->tick[axis] + 0.5) * cells->per_voxel[axis];
        const double in_voxel = at - floor(at);
        const double d =
            (away + (side % 2 ? 1.0 - in_voxel : in_voxel)) * cells->frame.voxel_um[axis];
        if (d < radius) {
            const double part = 1.0 - d / radius;
            speed[axis] += (float)(side % 2 ? -k * part * part : k * part * part);
            *stiffness += (float)(2.0 * k * part / radius);
        }
    }
}

/// Speeds of the cells of one batch at positions `body`.
static void find_speeds(const st_relax* r, const st_body* body, const batch* b, float* speed,
                        float* overlap, float* stiffness)
{
    const st_cells* cells = r->cells;
    st_force_task task = r->task;
    task.body = body;
    r->force(&task, b->slot, b->count, speed, overlap, stiffness);
    const bool has_walls = cells->wall_row[b->home] >= 0;
    for (int i = 0; i < b->count; i++) {
        const size_t s = b->slot[i];
        float unused = 0.0f;
        if (has_walls) {
            add_walls(cells, &body[s], b->home, speed + 3 * i, stiffness ? stiffness + i : &unused);
        }
        const float* drive = cells->c.drive + 3 * s;
        const float mobility = (float)cells->type[body[s].form & 255u].mobility;
        const float held = mobility * cells->c.hold[s];
        for (int axis = 0; axis < 3; axis++) {
            speed[3 * i + axis] = held * speed[3 * i + axis] + mobility * drive[axis];
        }
        if (stiffness) {
            stiffness[i] *= held;
        }
    }
}

static float length_of(const float* v)
{
    return sqrtf(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static float way_between(const st_cells* cells, const st_body* a, const st_body* b)
{
    const float tick = (float)cells->tick_um;
    const float way[3] = {(float)(b->tick[0] - a->tick[0]) * tick,
                          (float)(b->tick[1] - a->tick[1]) * tick,
                          (float)(b->tick[2] - a->tick[2]) * tick};
    return length_of(way);
}

// Displacements in um as whole ticks; those that are too far for a tick belong to steps that fail.
static void count_ticks(const st_cells* cells, const float* way, int count, int32_t* out)
{
    const float ticks = (float)(1.0 / cells->tick_um);
    for (int k = 0; k < count; k++) {
        float step = way[k] * ticks;
        step = step < 5e8f ? step : 5e8f;
        step = step > -5e8f ? step : -5e8f;
        out[k] = (int32_t)(step + copysignf(0.5f, step));
    }
}

// Where a displacement leads: stopped by walls.
static st_body go(const st_cells* cells, int home, const st_body* from, const int32_t step[3])
{
    st_body to = {.form = from->form};
    for (int axis = 0; axis < 3; axis++) {
        to.tick[axis] = from->tick[axis] + step[axis];
    }
    if (cells->wall_row[home] >= 0) {
        const int32_t wish[3] = {to.tick[0], to.tick[1], to.tick[2]};
        st_cells_ground_slide(cells, home, from->tick, wish, to.tick);
    }
    return to;
}

typedef void (*batch_fn)(const st_relax* r, const batch* b, st_cells_found* found);

// Runs fn over the awake cells of a chunk.
static st_status each_batch(const st_relax* r, int first_brick, int last_brick, int worker,
                            batch_fn fn)
{
    const st_cells* cells = r->cells;
    const uint8_t* rest = cells->c.rest;
    for (int home = first_brick; home < last_brick; home++) {
        batch b = {.home = cells->home ? cells->home[home] : home};
        for (int64_t s = cells->start[home]; s < cells->start[home + 1]; s++) {
            b.slot[b.count] = (uint32_t)s;
            b.count += rest[s] != 1;
            if (b.count == BATCH) {
                fn(r, &b, &r->cells->found[worker]);
                b.count = 0;
            }
        }
        if (b.count > 0) {
            fn(r, &b, &r->cells->found[worker]);
        }
    }
    return ST_OK;
}

// Length of the longest of `count` vectors.
static float longest(const float* v, int count)
{
    float most = 0.0f;
    for (int i = 0; i < count; i++, v += 3) {
        const float square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
        most = square > most ? square : most;
    }
    return sqrtf(most);
}

// Crowding and the largest speed and stiffness of a batch.
static void keep_state(const st_relax* r, const batch* b, const float* speed, const float* overlap,
                       const float* stiffness, st_cells_found* found)
{
    found->awake += b->count;
    for (int i = 0; i < b->count; i++) {
        r->cells->c.pressure[b->slot[i]] = overlap[i];
        st_cells_keep_larger(&found->stiffness, stiffness[i]);
    }
    st_cells_keep_larger(&found->speed, longest(speed, b->count));
}

// Vectors of the batch's cells out of a column, and back.
static void take(const batch* b, const float* column, float* out)
{
    for (int i = 0; i < b->count; i++) {
        memcpy(out + 3 * i, column + 3 * (size_t)b->slot[i], 3 * sizeof *out);
    }
}

static void put(const batch* b, const float* in, float* column)
{
    for (int i = 0; i < b->count; i++) {
        memcpy(column + 3 * (size_t)b->slot[i], in + 3 * i, 3 * sizeof *in);
    }
}

// --- passes of a step
// -----------------------------------------------------------------------------

static void batch_begin(const st_relax* r, const batch* b, st_cells_found* found)
{
    float speed[3 * BATCH] = {0};
    float overlap[BATCH];
    float stiffness[BATCH];
    find_speeds(r, r->cells->c.body, b, speed, overlap, stiffness);
    put(b, speed, r->cells->speed);
    keep_state(r, b, speed, overlap, stiffness, found);
}

st_status st_cells_step_begin(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    (void)cells;
    return each_batch(arg, first_brick, last_brick, worker, batch_begin);
}

static void batch_stage(const st_relax* r, const batch* b, st_cells_found* found)
{
    const st_cells* cells = r->cells;
    const st_stage* g = &r->stage;
    const float tick = (float)cells->tick_um;
    const float last = g->last * tick;
    const float second_last = g->second_last * tick;
    const int count = b->count;
    float speed[3 * BATCH] = {0};
    float way[3 * BATCH] = {0};
    take(b, cells->speed, way);
    for (int k = 0; k < 3 * count; k++) {
        way[k] = g->begin * way[k];
    }
    if (g->number > 1) {
        find_speeds(r, r->from, b, speed, NULL, NULL);
        for (int k = 0; k < 3 * count; k++) {
            way[k] += g->speed * speed[k];
        }
    }
    for (int i = 0; i < count && g->number > 1; i++) {
        const st_body* start = &cells->c.body[b->slot[i]];
        const st_body* one = &r->from[b->slot[i]];
        const st_body* two = &r->to[b->slot[i]];
        for (int axis = 0; axis < 3; axis++) {
            way[3 * i + axis] += last * (float)(one->tick[axis] - start->tick[axis]);
        }
        for (int axis = 0; axis < 3 && g->number > 2; axis++) {
            way[3 * i + axis] += second_last * (float)(two->tick[axis] - start->tick[axis]);
        }
    }
    int32_t step[3 * BATCH] = {0};
    count_ticks(cells, way, 3 * count, step);
    float farthest = 0.0f;
    for (int i = 0; i < count; i++) {
        const size_t s = b->slot[i];
        r->to[s] = go(cells, b->home, &cells->c.body[s], step + 3 * i);
        st_cells_keep_larger(&farthest, cells->way[s] + length_of(way + 3 * i));
    }
    st_cells_keep_larger(&found->way, farthest);
    st_cells_keep_larger(&found->step_way, longest(way, count));
}

st_status st_cells_step_stage(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    (void)cells;
    return each_batch(arg, first_brick, last_brick, worker, batch_stage);
}

// Speeds at the end, and the estimate of the error.                                        [CEL-3]
static void batch_end(const st_relax* r, const batch* b, st_cells_found* found)
{
    st_cells* cells = r->cells;
    const float tick = 0.8f * (float)cells->tick_um;
    const float part = 0.4f * r->h;
    float speed[3 * BATCH] = {0};
    float error[3 * BATCH] = {0};
    float overlap[BATCH];
    float stiffness[BATCH];
    find_speeds(r, r->from, b, speed, overlap, stiffness);
    take(b, cells->speed, error);
    for (int k = 0; k < 3 * b->count; k++) {
        error[k] = part * (error[k] + speed[k]);
    }
    for (int i = 0; i < b->count; i++) {
        const st_body* start = &cells->c.body[b->slot[i]];
        const st_body* end = &r->from[b->slot[i]];
        for (int axis = 0; axis < 3; axis++) {
            error[3 * i + axis] += (float)(start->tick[axis] - end->tick[axis]) * tick;
        }
    }
    put(b, speed, cells->speed);
    st_cells_keep_larger(&found->error, longest(error, b->count));
    keep_state(r, b, speed, overlap, stiffness, found);
}

st_status st_cells_step_end(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    (void)cells;
    return each_batch(arg, first_brick, last_brick, worker, batch_end);
}

// What a step of one cell leaves behind: its way, and who is to wake or to sleep.          [CEL-5]
static void settle_way(const st_relax* r, size_t s, float way, const float speed[3],
                       st_cells_found* found)
{
    st_cells* cells = r->cells;
    cells->way[s] += way;
    st_cells_keep_larger(&found->way, cells->way[s]);
    if (!r->sleeps) {
        return;
    }
    cells->c.drift[s] += way;
    if (cells->c.drift[s] >= (float)cells->def.wake_um) {
        cells->c.drift[s] = 0.0f;
        cells->c.mark[s] |= ST_MARK_SPEAKS;
    }
    if (length_of(speed) < (float)cells->def.rest_speed_um_per_min) {
        cells->c.rest[s] = 2;
        found->sleepy++;
    }
}

static void batch_accept(const st_relax* r, const batch* b, st_cells_found* found)
{
    const st_cells* cells = r->cells;
    for (int i = 0; i < b->count; i++) {
        const size_t s = b->slot[i];
        settle_way(r, s, way_between(cells, &cells->c.body[s], &r->from[s]), cells->speed + 3 * s,
                   found);
    }
}

st_status st_cells_step_accept(st_cells* cells, void* arg, int first_brick, int last_brick,
                               int worker)
{
    (void)cells;
    return each_batch(arg, first_brick, last_brick, worker, batch_accept);
}

// A velocity in eight bytes: one exponent, three whole numbers of 18 bits, to 2^-16 of the largest.
#define PAST_BITS 18
#define PAST_MASK 0x3ffffu
#define PAST_UNIT 16

static float power_of_two(uint32_t biased)
{
    const uint32_t bits = biased << 23;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t pack(const float v[3])
{
    const float most = fmaxf(fabsf(v[0]), fmaxf(fabsf(v[1]), fabsf(v[2])));
    uint32_t bits;
    memcpy(&bits, &most, sizeof bits);
    const uint32_t exponent = bits >> 23;
    if (exponent <= PAST_UNIT) {
        return 0; // below 1e-33 um/min
    }
    const float scale = power_of_two(2 * 127 + PAST_UNIT - exponent);
    uint64_t packed = exponent;
    for (int axis = 0; axis < 3; axis++) {
        const uint32_t whole = (uint32_t)(int32_t)(v[axis] * scale) & PAST_MASK;
        packed = packed << PAST_BITS | whole;
    }
    return packed;
}

static void unpack(uint64_t packed, float v[3])
{
    const uint32_t exponent = (uint32_t)(packed >> 3 * PAST_BITS);
    const float unit = exponent > PAST_UNIT ? power_of_two(exponent - PAST_UNIT) : 0.0f;
    for (int axis = 0; axis < 3; axis++) {
        const uint32_t high = (uint32_t)(packed >> (2 - axis) * PAST_BITS) << (32 - PAST_BITS);
        const int32_t whole = (int32_t)high / (1 << (32 - PAST_BITS));
        v[axis] = (float)whole * unit;
    }
}

// The field's usual step: Adams-Bashforth of order 2, Euler where there is no past.        [CEL-2]
static void batch_fixed(const st_relax* r, const batch* b, st_cells_found* found)
{
    st_cells* cells = r->cells;
    const int count = b->count;
    float speed[3 * BATCH] = {0};
    float past[3 * BATCH] = {0};
    float way[3 * BATCH] = {0};
    float change[3 * BATCH] = {0};
    float overlap[BATCH];
    float stiffness[BATCH];
    find_speeds(r, cells->c.body, b, speed, overlap, stiffness);
    for (int i = 0; i < count; i++) {
        uint8_t* mark = &cells->c.mark[b->slot[i]];
        unpack(cells->c.past[b->slot[i]], past + 3 * i);
        if (!(*mark & ST_MARK_PAST)) {
            memcpy(past + 3 * i, speed + 3 * i, 3 * sizeof *past);
            *mark |= ST_MARK_PAST;
        }
    }
    for (int k = 0; k < 3 * count; k++) {
        way[k] = r->h * (1.5f * speed[k] - 0.5f * past[k]);
        change[k] = 0.5f * r->h * (speed[k] - past[k]);
    }
    for (int i = 0; i < count; i++) {
        cells->c.past[b->slot[i]] = pack(speed + 3 * i);
    }
    keep_state(r, b, speed, overlap, stiffness, found);
    st_cells_keep_larger(&found->error, longest(change, count));
    st_cells_keep_larger(&found->step_way, longest(way, count));
    int32_t step[3 * BATCH] = {0};
    count_ticks(cells, way, 3 * count, step);
    for (int i = 0; i < count; i++) {
        const size_t s = b->slot[i];
        r->to[s] = go(cells, b->home, &cells->c.body[s], step + 3 * i);
        settle_way(r, s, length_of(way + 3 * i), speed + 3 * i, found);
    }
}

st_status st_cells_step_fixed(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    (void)cells;
    return each_batch(arg, first_brick, last_brick, worker, batch_fixed);
}

// --- sleeping
// -------------------------------------------------------------------------------------

static void set_awake(uint8_t* wake)
{
    __atomic_store_n(wake, (uint8_t)1, __ATOMIC_RELAXED);
}

// Cells that went far enough wake those they act on.
st_status st_cells_step_speak(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    (void)arg;
    (void)worker;
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        if (!(cells->c.mark[s] & ST_MARK_SPEAKS)) {
            continue;
        }
        cells->c.mark[s] &= (uint8_t)~ST_MARK_SPEAKS;
        const st_body* own = &cells->c.body[s];
        const double reach = st_cells_body_radius(own->form) * cells->type[own->form & 255u].reach;
        const uint32_t* list = cells->list + (size_t)cells->row[s] * 8;
        for (int i = 0; i < cells->row_blocks[s] * 8; i++) {
            const st_body* other = &cells->c.body[list[i]];
            const double both =
                reach + st_cells_body_radius(other->form) * cells->type[other->form & 255u].reach;
            if (list[i] != s && (double)way_between(cells, own, other) <= both) {
                set_awake(&cells->wake[list[i]]);
            }
        }
    }
    return ST_OK;
}

st_status st_cells_step_settle(st_cells* cells, void* arg, int first_brick, int last_brick,
                               int worker)
{
    const st_relax* r = arg;
    st_cells_found* found = &cells->found[worker];
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        if (cells->wake[s]) {
            cells->wake[s] = 0;
            if (cells->c.rest[s] == 1) {
                cells->c.mark[s] &= (uint8_t)~ST_MARK_PAST;
                cells->c.mark[s] |= (uint8_t)r->woken;
                found->announcing++;
            }
            cells->c.rest[s] = 0;
        } else if (cells->c.rest[s] == 2) {
            cells->c.rest[s] = 1;
            cells->c.drift[s] = 0.0f;
            cells->stage[0][s] = cells->stage[1][s] = cells->c.body[s];
        }
        found->awake += cells->c.rest[s] == 0;
    }
    return ST_OK;
}

// Speeds of those that woke just now.
st_status st_cells_step_fresh(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    const st_relax* r = arg;
    st_cells_found* found = &cells->found[worker];
    float overlap;
    float stiffness;
    for (int home = first_brick; home < last_brick; home++) {
        for (int64_t s = cells->start[home]; s < cells->start[home + 1]; s++) {
            if (cells->c.mark[s] & ST_MARK_FRESH) {
                cells->c.mark[s] &= (uint8_t)~ST_MARK_FRESH;
                const batch b = {.home = cells->home ? cells->home[home] : home,
                                 .count = 1,
                                 .slot = {(uint32_t)s}};
                find_speeds(r, cells->c.body, &b, cells->speed + 3 * s, &overlap, &stiffness);
                cells->c.pressure[s] = overlap;
                st_cells_keep_larger(&found->speed, length_of(cells->speed + 3 * s));
                st_cells_keep_larger(&found->stiffness, stiffness);
            }
        }
    }
    return ST_OK;
}

static void wake_near(void* arg, int64_t slot, double square)
{
    (void)square;
    set_awake(&((st_cells*)arg)->wake[slot]);
}

// Checks what others wrote; changed cells wake whom they may touch.
st_status st_cells_step_look(st_cells* cells, void* arg, int first_brick, int last_brick,
                             int worker)
{
    const st_relax* r = arg;
    st_cells_found* found = &cells->found[worker];
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        const float* drive = cells->c.drive + 3 * s;
        const float fastest = length_of(drive);
        if (!(fastest <= 1e6f) || !(cells->c.hold[s] >= 0.0f) || !(cells->c.hold[s] <= 1.0f)) {
            found->bad++;
        }
        if (fastest > 0.0f || !r->sleeps) {
            cells->c.rest[s] = 0;
        }
        st_cells_keep_larger(&found->way, cells->way[s]);
        if (cells->c.mark[s] & ST_MARK_CHANGED) {
            cells->c.mark[s] &= (uint8_t)~ST_MARK_CHANGED;
            if (cells->resting > 0) {
                const uint32_t form = cells->c.body[s].form;
                // Wide enough for what it touched before it shrank or divided: 1.5 > 1.26 + 0.21.
                const double reach =
                    1.5 * st_cells_body_radius(form) * cells->type[form & 255u].reach;
                st_cells_near_each(cells, cells->c.body[s].tick, reach + cells->reach_um, wake_near,
                                   cells);
                set_awake(&cells->wake[s]);
            }
        }
    }
    return ST_OK;
}
