// Lists of neighbours of all awake cells: candidates of a brick in tight bins, tested eight at a
// time; where few are awake, and when a sleeper wakes, cell by cell.                       [CEL-7]

#include "base/random.h"
#include "cells/cells_group.h"
#include "cells/cells_near.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/// Blocks of eight that a worker takes from the list at once.
#define PAGE 4096
/// Beyond what single precision may lose in lists of straight ways, um.
#define AHEAD_SKIN 0.05
/// Bins are worth it where at least one cell in so many is awake.
#define FEW_AWAKE 16

typedef struct make_call {
    st_candidate_fn test;
    double skin_um;
    double ahead_min; ///< above 0: reach grows by the straight way of so many minutes
    float reach[ST_CELL_TYPE_LIMIT];
    double halo_um; ///< how far outside of a brick its cells' neighbours can be
    _Atomic int64_t used;
    _Atomic int crowded; ///< 1 = a cell has too many neighbours
    _Atomic int full;    ///< 1 = the list has no room for a row
} make_call;

/// A brick's own cells and those around, sorted into bins.
typedef struct bins {
    float *x, *y, *z, *reach;
    uint32_t* slot;
    int32_t* bin;
    int32_t* place; ///< [bin_count + 1]
    float *raw_x, *raw_y, *raw_z, *raw_reach;
    uint32_t* raw_slot;
    int count;
    int size[3];
    float low[3], per_um[3];
    int32_t origin[3]; ///< ticks
} bins;

void st_cells_list_forget(st_cells* cells)
{
    cells->list_skin_um = 0.0;
}

// Low corner of a brick in ticks, and its far corner.
static void brick_box(const st_cells* cells, int brick, double low[3], double high[3])
{
    for (int axis = 0; axis < 3; axis++) {
        const double edge = ST_BRICK_EDGE / cells->per_voxel[axis];
        const int32_t voxel = cells->brick_at[brick][axis] * ST_BRICK_EDGE - cells->shift[axis];
        low[axis] = voxel / cells->per_voxel[axis];
        high[axis] = low[axis] + edge;
    }
}

static float float_reach(const st_cells* cells, const make_call* call, int64_t s)
{
    const uint32_t form = cells->c.body[s].form;
    const float reach = (float)(form >> 8) * (float)ST_RADIUS_UNIT * call->reach[form & 255u];
    if (!(call->ahead_min > 0.0)) {
        return reach;
    }
    double way[3];
    st_cells_group_ahead(cells, (size_t)s, call->ahead_min, way);
    const double allowed = ST_GROUP_ALLOWED * st_cells_body_radius(form);
    return reach + (float)(allowed + st_cells_group_length(way));
}

static int bin_of(const bins* b, int axis, float at)
{
    const int bin = (int)((at - b->low[axis]) * b->per_um[axis]);
    return bin < 0 ? 0 : bin >= b->size[axis] ? b->size[axis] - 1 : bin;
}

// Cells of a neighbouring brick that lie within the box low ... high.
static void take_cells(const st_cells* cells, const make_call* call, int brick,
                       const int32_t low[3], const int32_t high[3], bins* b)
{
    const float tick = (float)cells->tick_um;
    for (int64_t s = cells->start[brick]; s < cells->start[brick + 1]; s++) {
        const st_body body = cells->c.body[s];
        if (body.tick[0] < low[0] || body.tick[0] > high[0] || body.tick[1] < low[1] ||
            body.tick[1] > high[1] || body.tick[2] < low[2] || body.tick[2] > high[2]) {
            continue;
        }
        const int n = b->count++;
        b->raw_x[n] = (float)(body.tick[0] - b->origin[0]) * tick;
        b->raw_y[n] = (float)(body.tick[1] - b->origin[1]) * tick;
        b->raw_z[n] = (float)(body.tick[2] - b->origin[2]) * tick;
        b->raw_reach[n] = float_reach(cells, call, s);
        b->raw_slot[n] = (uint32_t)s;
    }
}

static void sort_bins(bins* b)
{
    const int count = b->size[0] * b->size[1] * b->size[2];
    memset(b->place, 0, ((size_t)count + 1) * sizeof *b->place);
    for (int i = 0; i < b->count; i++) {
        b->bin[i] =
            (bin_of(b, 2, b->raw_z[i]) * b->size[1] + bin_of(b, 1, b->raw_y[i])) * b->size[0] +
            bin_of(b, 0, b->raw_x[i]);
        b->place[b->bin[i] + 1]++;
    }
    for (int i = 0; i < count; i++) {
        b->place[i + 1] += b->place[i];
    }
    for (int i = 0; i < b->count; i++) {
        const int at = b->place[b->bin[i]]++;
        b->x[at] = b->raw_x[i];
        b->y[at] = b->raw_y[i];
        b->z[at] = b->raw_z[i];
        b->reach[at] = b->raw_reach[i];
        b->slot[at] = b->raw_slot[i];
    }
    // `place` ran ahead by one bin.
    memmove(b->place + 1, b->place, (size_t)count * sizeof *b->place);
    b->place[0] = 0;
}

static st_status bin_brick(st_cells* cells, const make_call* call, int brick, int worker, bins* b)
{
    double low[3];
    double high[3];
    int32_t from[3];
    int32_t to[3];
    int32_t ring[3];
    brick_box(cells, brick, low, high);
    const double halo = call->halo_um / cells->tick_um;
    for (int axis = 0; axis < 3; axis++) {
        from[axis] = (int32_t)fmax(-1.0, floor(low[axis] - halo));
        to[axis] = (int32_t)fmin(2147483646.0, ceil(high[axis] + halo));
        ring[axis] = (int32_t)ceil(halo / (high[axis] - low[axis]));
    }
    int64_t most = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int dz = -ring[2]; dz <= ring[2]; dz++) {
            for (int dy = -ring[1]; dy <= ring[1]; dy++) {
                for (int dx = -ring[0]; dx <= ring[0]; dx++) {
                    const int32_t at[3] = {cells->brick_at[brick][0] + dx,
                                           cells->brick_at[brick][1] + dy,
                                           cells->brick_at[brick][2] + dz};
                    const int other = st_cells_ground_brick(cells, at);
                    if (other >= 0 && pass == 0) {
                        most += cells->start[other + 1] - cells->start[other];
                    } else if (other >= 0) {
                        take_cells(cells, call, other, from, to, b);
                    }
                }
            }
        }
        if (pass == 1) {
            break;
        }
        int bin_count = 1;
        for (int axis = 0; axis < 3; axis++) {
            const double edge = axis == 0 ? call->halo_um / 4.0 : call->halo_um;
            const double width = (double)(to[axis] - from[axis]) * cells->tick_um;
            b->origin[axis] = (int32_t)low[axis];
            b->low[axis] = (float)((double)(from[axis] - b->origin[axis]) * cells->tick_um);
            b->size[axis] = (int)fmax(1.0, fmin(256.0, floor(width / edge)));
            b->per_um[axis] = (float)((double)b->size[axis] / width);
            bin_count *= b->size[axis];
        }
        const size_t room = ((size_t)most + 16) & ~(size_t)7;
        const size_t bytes = room * 11 * 4 + ((size_t)bin_count + 16) * 4 + 4 * 2 * ST_ROW_LIMIT;
        char* block = st_cells_store_scratch(cells, worker, bytes);
        if (!block) {
            return ST_ERR_MEMORY;
        }
        void** const arrays[] = {(void**)&b->x,         (void**)&b->y,       (void**)&b->z,
                                 (void**)&b->reach,     (void**)&b->slot,    (void**)&b->bin,
                                 (void**)&b->raw_x,     (void**)&b->raw_y,   (void**)&b->raw_z,
                                 (void**)&b->raw_reach, (void**)&b->raw_slot};
        for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
            *arrays[i] = block + i * room * 4;
        }
        b->place = (int32_t*)(void*)(block + 11 * room * 4);
        b->count = 0;
    }
    sort_bins(b);
    return ST_OK;
}

// Blocks for one row, from the worker's page; -1 when the list is full (counted on, to know how
// much is needed).
static int64_t take_blocks(st_cells* cells, make_call* call, int worker, int64_t blocks)
{
    st_cells_worker* w = &cells->worker[worker];
    if (w->page + blocks > w->page_end) {
        w->page = atomic_fetch_add(&call->used, PAGE);
        w->page_end = w->page + PAGE;
    }
    const int64_t at = w->page;
    w->page += blocks;
    if (w->page <= cells->list_capacity) {
        return at;
    }
    atomic_store(&call->full, 1);
    return -1;
}

// Does a cell with a lower id lie at exactly the same place?
static bool is_second(const st_cells* cells, int64_t s, const uint32_t* row, int count)
{
    const int32_t* own = cells->c.body[s].tick;
    for (int i = 0; i < count; i++) {
        if (memcmp(cells->c.body[row[i]].tick, own, 3 * sizeof *own) == 0 &&
            cells->c.id[row[i]] < cells->c.id[s]) {
            return true;
        }
    }
    return false;
}

// Writes a row of n cells, filled up with the own slot; `row` has room for seven more.
static void keep_row(st_cells* cells, make_call* call, int worker, int64_t s, uint32_t* row, int n)
{
    if (n >= ST_ROW_LIMIT) {
        atomic_store(&call->crowded, 1);
        n = ST_ROW_LIMIT;
    }
    const int64_t blocks = (n + 7) / 8;
    while (n % 8 != 0) {
        row[n++] = (uint32_t)s;
    }
    const int64_t at = take_blocks(cells, call, worker, blocks);
    if (at >= 0) {
        memcpy(cells->list + at * 8, row, (size_t)n * sizeof *row);
        cells->row[s] = (uint32_t)at;
        cells->row_blocks[s] = (uint8_t)blocks;
    }
}

static void note_coincidence(st_cells* cells, int worker, int64_t s, const uint32_t* row, int n)
{
    if (is_second(cells, s, row, n)) {
        cells->wake[s] = 2;
        cells->found[worker].coincident++;
    }
}

typedef struct row_call {
    const st_cells* cells;
    const make_call* call;
    int64_t s;
    double reach; ///< with the skin
    uint32_t* row;
    int count;
    bool meets;
} row_call;

static void add_to_row(void* arg, int64_t slot, double square)
{
    row_call* r = arg;
    const double reach =
        (r->reach + (double)float_reach(r->cells, r->call, slot)) / r->cells->tick_um;
    if (slot != r->s && square <= reach * reach && r->count < ST_ROW_LIMIT) {
        r->row[r->count++] = (uint32_t)slot;
        r->meets = r->meets || !(square > 0.0);
    }
}

// The row of one cell from the cells around, wherever they are now.
static bool make_row(st_cells* cells, make_call* call, int worker, int64_t s, uint32_t* row,
                     int* count)
{
    row_call r = {.cells = cells,
                  .call = call,
                  .s = s,
                  .reach = (double)float_reach(cells, call, s) + call->skin_um,
                  .row = row};
    st_cells_near_each(cells, cells->c.body[s].tick, call->halo_um, add_to_row, &r);
    *count = r.count;
    keep_row(cells, call, worker, s, row, r.count);
    return r.meets;
}

static void make_few(st_cells* cells, make_call* call, int brick, int worker)
{
    uint32_t row[ST_ROW_LIMIT + 16];
    for (int64_t s = cells->start[brick]; s < cells->start[brick + 1]; s++) {
        int count;
        if (cells->c.rest[s] == 1) {
            cells->row_blocks[s] = ST_NO_ROW;
        } else if (make_row(cells, call, worker, s, row, &count)) {
            note_coincidence(cells, worker, s, row, count);
        }
    }
}

static st_status make_brick(st_cells* cells, make_call* call, int brick, int worker)
{
    bins b = {0};
    int64_t awake = 0;
    for (int64_t s = cells->start[brick]; s < cells->start[brick + 1]; s++) {
        awake += cells->c.rest[s] != 1;
    }
    if (awake * FEW_AWAKE < cells->start[brick + 1] - cells->start[brick]) {
        make_few(cells, call, brick, worker);
        return ST_OK;
    }
    ST_TRY(bin_brick(cells, call, brick, worker, &b));
    uint32_t row[ST_ROW_LIMIT + 16];
    const st_candidates all = {.x = b.x, .y = b.y, .z = b.z, .reach = b.reach, .slot = b.slot};
    const float tick = (float)cells->tick_um;
    const float halo = (float)call->halo_um;
    for (int64_t s = cells->start[brick]; s < cells->start[brick + 1]; s++) {
        if (cells->c.rest[s] == 1) {
            cells->row_blocks[s] = ST_NO_ROW;
            continue;
        }
        const st_body body = cells->c.body[s];
        const st_candidate_query q = {
            .x = (float)(body.tick[0] - b.origin[0]) * tick,
            .y = (float)(body.tick[1] - b.origin[1]) * tick,
            .z = (float)(body.tick[2] - b.origin[2]) * tick,
            .reach = float_reach(cells, call, s) + (float)call->skin_um,
            .slot = (uint32_t)s,
        };
        const int x0 = bin_of(&b, 0, q.x - halo);
        const int x1 = bin_of(&b, 0, q.x + halo);
        const int y1 = bin_of(&b, 1, q.y + halo);
        const int z1 = bin_of(&b, 2, q.z + halo);
        int n = 0;
        int meets = 0;
        for (int z = bin_of(&b, 2, q.z - halo); z <= z1; z++) {
            for (int y = bin_of(&b, 1, q.y - halo); y <= y1; y++) {
                const int line = (z * b.size[1] + y) * b.size[0];
                n += call->test(&all, &q, b.place[line + x0], b.place[line + x1 + 1], row + n,
                                ST_ROW_LIMIT - n, &meets);
            }
        }
        if (meets) {
            note_coincidence(cells, worker, s, row, n < ST_ROW_LIMIT ? n : ST_ROW_LIMIT);
        }
        keep_row(cells, call, worker, s, row, n);
    }
    return ST_OK;
}

static st_status make_chunk(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    for (int b = first_brick; b < last_brick; b++) {
        if (cells->start[b + 1] > cells->start[b]) {
            ST_TRY(make_brick(cells, arg, b, worker));
        }
    }
    return ST_OK;
}

static st_status find_reach(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    (void)arg;
    st_cells_found* found = &cells->found[worker];
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        const uint32_t form = cells->c.body[s].form;
        const float radius = (float)st_cells_body_radius(form);
        const float reach = radius * (float)cells->type[form & 255u].reach;
        found->reach = reach > found->reach ? reach : found->reach;
        found->smallest_radius = radius < found->smallest_radius ? radius : found->smallest_radius;
        found->sleepy += cells->c.rest[s] != 0;
    }
    return ST_OK;
}

st_status st_cells_list_reach(st_ctx* ctx, st_cells* cells)
{
    for (int w = 0; w < cells->worker_count; w++) {
        cells->found[w] = (st_cells_found){.smallest_radius = 1e30f};
    }
    (void)st_cells_store_pass(cells, find_reach, NULL);
    float reach = 0.0f;
    float radius = 1e30f;
    cells->resting = 0;
    for (int w = 0; w < cells->worker_count; w++) {
        const st_cells_found* f = &cells->found[w];
        reach = f->reach > reach ? f->reach : reach;
        radius = f->smallest_radius < radius ? f->smallest_radius : radius;
        cells->resting += f->sleepy;
    }
    if (!((double)reach <= ST_REACH_LIMIT)) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC,
                       "cells: a cell has grown to a reach of %g um: at most %g", (double)reach,
                       ST_REACH_LIMIT);
    }
    cells->reach_um = (double)reach;
    cells->smallest_radius_um = (double)radius;
    return ST_OK;
}

// Cells at exactly the same place have no direction to part in: the younger goes one tick aside.
static void nudge(st_cells* cells)
{
    for (int64_t s = 0; s < cells->count; s++) {
        if (cells->wake[s] != 2) {
            continue;
        }
        const st_random_key key = {cells->def.seed, ST_STREAM_CELL_NUDGE, cells->c.id[s],
                                   cells->commit_count};
        const uint64_t bits = st_random_bits(&key, 0);
        st_body* body = &cells->c.body[s];
        int32_t to[3] = {body->tick[0], body->tick[1], body->tick[2]};
        to[bits % 3] += bits & 4 ? 1 : -1;
        st_cells_ground_slide(cells, -1, body->tick, to, body->tick);
        cells->stage[0][s] = cells->stage[1][s] = *body;
        cells->wake[s] = 0;
    }
}

static st_status reserve_list(st_ctx* ctx, st_cells* cells, int64_t blocks)
{
    if (blocks <= cells->list_capacity) {
        return ST_OK;
    }
    st_free(cells->ctx, cells->list);
    cells->list_capacity = 0;
    cells->list = st_alloc(ctx, (size_t)blocks, 8 * sizeof *cells->list);
    if (!cells->list) {
        return ST_ERR_MEMORY;
    }
    cells->list_capacity = blocks;
    return ST_OK;
}

static st_status forget_way(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    (void)arg;
    (void)worker;
    const int64_t first = cells->start[first_brick];
    memset(cells->way + first, 0, (size_t)(cells->start[last_brick] - first) * sizeof *cells->way);
    return ST_OK;
}

static st_status fill_lists(st_ctx* ctx, st_cells* cells, make_call* call)
{
    call->test = st_cells_force_candidates();
    for (int t = 0; t < cells->def.type_count; t++) {
        call->reach[t] = (float)cells->type[t].reach;
    }
    ST_TRY(reserve_list(ctx, cells, 2 * cells->count / 8 + PAGE));
    for (;;) {
        for (int w = 0; w < cells->worker_count; w++) {
            cells->worker[w].page = cells->worker[w].page_end = 0;
        }
        const st_status status = st_cells_store_pass(cells, make_chunk, call);
        if (status != ST_OK) {
            return ST_FAIL(ctx, status, "cells: out of memory for lists of neighbours");
        }
        const int64_t used = atomic_load(&call->used);
        cells->list_used = used;
        if (used <= cells->list_capacity) {
            break;
        }
        ST_TRY(reserve_list(ctx, cells, used + used / 16 + PAGE));
        atomic_store(&call->used, 0);
        for (int w = 0; w < cells->worker_count; w++) {
            cells->found[w].coincident = 0;
        }
    }
    int64_t coincident = 0;
    for (int w = 0; w < cells->worker_count; w++) {
        coincident += cells->found[w].coincident;
    }
    if (coincident > 0) {
        nudge(cells);
    }
    (void)st_cells_store_pass(cells, forget_way, NULL);
    cells->way_um = 0.0;
    return ST_OK;
}

static st_status check_crowd(st_ctx* ctx, make_call* call)
{
    if (atomic_load(&call->crowded)) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC,
                       "cells: a cell has %d or more neighbours within %g um: too crowded, or the "
                       "sizes of the types differ too much",
                       ST_ROW_LIMIT, call->halo_um);
    }
    return ST_OK;
}

st_status st_cells_list_make(st_ctx* ctx, st_cells* cells, double skin_um)
{
    ST_TRY(st_cells_store_sort(ctx, cells));
    ST_TRY(st_cells_list_reach(ctx, cells));
    make_call call = {.skin_um = skin_um, .halo_um = 2.0 * cells->reach_um + skin_um + 0.01};
    ST_TRY(fill_lists(ctx, cells, &call));
    ST_TRY(check_crowd(ctx, &call));
    cells->list_skin_um = skin_um;
    return ST_OK;
}

st_status st_cells_list_ahead(st_ctx* ctx, st_cells* cells, double minutes, double fastest_um,
                              bool* is_crowded)
{
    ST_TRY(st_cells_store_sort(ctx, cells));
    ST_TRY(st_cells_list_reach(ctx, cells));
    make_call call = {.skin_um = AHEAD_SKIN,
                      .ahead_min = minutes,
                      .halo_um = 2.0 * (cells->reach_um + fastest_um) + AHEAD_SKIN + 0.01};
    ST_TRY(fill_lists(ctx, cells, &call));
    *is_crowded = atomic_load(&call.crowded);
    st_cells_list_forget(cells);
    return ST_OK;
}

static st_status complete_chunk(st_cells* cells, void* arg, int first_brick, int last_brick,
                                int worker)
{
    uint32_t row[ST_ROW_LIMIT + 16];
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        if (cells->row_blocks[s] == ST_NO_ROW && cells->c.rest[s] != 1) {
            int count;
            (void)make_row(cells, arg, worker, s, row, &count);
        }
    }
    return ST_OK;
}

st_status st_cells_list_complete(st_ctx* ctx, st_cells* cells)
{
    if (cells->home || !(cells->list_skin_um > 0.0)) {
        return ST_OK; // an island lists everybody
    }
    const double skin = cells->list_skin_um;
    make_call call = {.skin_um = skin, .halo_um = 2.0 * cells->reach_um + skin + 0.01};
    for (int t = 0; t < cells->def.type_count; t++) {
        call.reach[t] = (float)cells->type[t].reach;
    }
    atomic_store(&call.used, cells->list_used);
    for (;;) {
        (void)st_cells_store_pass(cells, complete_chunk, &call);
        cells->list_used = atomic_load(&call.used);
        if (!atomic_load(&call.full)) {
            break;
        }
        // The rows that found no room are tried again with more.
        const int64_t blocks = cells->list_used + cells->list_used / 8 + PAGE;
        uint32_t* list = st_realloc(cells->ctx, cells->list, (size_t)blocks, 8 * sizeof *list);
        if (!list) {
            st_cells_list_forget(cells);
            return ST_FAIL(ctx, ST_ERR_MEMORY, "cells: out of memory for lists of neighbours");
        }
        cells->list = list;
        cells->list_capacity = blocks;
        atomic_store(&call.full, 0);
    }
    return check_crowd(ctx, &call);
}
