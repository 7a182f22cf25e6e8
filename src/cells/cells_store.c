// Structures of arrays, sorted by brick, voxel, id.                                         [CEL-7]

#include "base/maths.h"
#include "cells/cells_state.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>

int st_cells_store_arrays(const st_cells* cells, st_cells_columns* columns, st_cells_array* out)
{
    int n = 0;
#define ARRAY(type, name, count, unit, meaning)                                                    \
    out[n++] = (st_cells_array){(void**)&columns->name, sizeof(type) * (count)};
    ST_CELL_FIELDS(ARRAY)
#undef ARRAY
    for (int i = 0; i < n; i++) {
        if (out[i].data == (void**)&columns->past && cells->def.method != ST_CELLS_FIXED) {
            out[i].width = 0;
        }
    }
    for (int i = 0; i < cells->column_count; i++) {
        out[n++] = (st_cells_array){&columns->extra[i],
                                    cells->column[i].kind == ST_COLUMN_DOUBLE ? 8u : 4u};
    }
    return n;
}

static void* grow(st_ctx* ctx, void* old, int64_t count, size_t width)
{
    void* block = st_realloc(ctx, old, (size_t)count, width);
    const uintptr_t huge = (uintptr_t)2 << 20;
    if (block && (size_t)count * width >= 2 * huge) {
        const uintptr_t begin = ((uintptr_t)block + huge - 1) / huge * huge;
        const uintptr_t end = ((uintptr_t)block + (size_t)count * width) / huge * huge;
        (void)madvise((void*)begin, end - begin, MADV_HUGEPAGE); // a wish; refusal is no error
    }
    return block;
}

static int64_t more_than(int64_t old, int64_t needed)
{
    const int64_t ample = old + old / 8 + 64;
    return needed > ample ? needed : ample;
}

st_status st_cells_store_reserve(st_ctx* ctx, const st_cells* cells, st_cells_columns* columns,
                                 int64_t count)
{
    (void)ctx;
    if (count <= columns->capacity) {
        return ST_OK;
    }
    st_cells_array array[ST_CELL_ARRAY_LIMIT];
    const int arrays = st_cells_store_arrays(cells, columns, array);
    const int64_t capacity = more_than(columns->capacity, count);
    for (int i = 0; i < arrays; i++) {
        if (array[i].width == 0) {
            continue;
        }
        void* grown = grow(cells->ctx, *array[i].data, capacity, array[i].width);
        if (!grown) {
            return ST_ERR_MEMORY;
        }
        *array[i].data = grown;
    }
    columns->capacity = capacity;
    return ST_OK;
}

void st_cells_store_clear(st_cells* cells, st_cells_columns* columns)
{
    st_cells_array array[ST_CELL_ARRAY_LIMIT];
    const int arrays = st_cells_store_arrays(cells, columns, array);
    for (int i = 0; i < arrays; i++) {
        st_free(cells->ctx, *array[i].data);
    }
    *columns = (st_cells_columns){0};
}

st_status st_cells_store_come(st_ctx* ctx, st_cells* cells, int64_t* at)
{
    ST_TRY(st_cells_store_reserve(ctx, cells, &cells->incoming, cells->incoming_count + 1));
    *at = cells->incoming_count++;
    st_cells_array array[ST_CELL_ARRAY_LIMIT];
    const int arrays = st_cells_store_arrays(cells, &cells->incoming, array);
    for (int i = 0; i < arrays; i++) {
        if (array[i].width > 0) {
            memset((char*)*array[i].data + (size_t)*at * array[i].width, 0, array[i].width);
        }
    }
    return ST_OK;
}

uint32_t st_cells_store_form(double volume_um3, int type)
{
    const double radius = st_pow(volume_um3 * 0.238732414637843, 1.0 / 3.0); // 3 / (4 pi)
    const double units = floor(radius / ST_RADIUS_UNIT + 0.5);
    const uint32_t whole = units < 1.0 ? 1u : units > 16777215.0 ? 16777215u : (uint32_t)units;
    return whole << 8 | (uint32_t)type;
}

void* st_cells_store_scratch(st_cells* cells, int worker, size_t bytes)
{
    st_cells_worker* w = &cells->worker[worker];
    if (bytes > w->scratch_bytes) {
        st_free(w->ctx, w->scratch);
        w->scratch_bytes = 0;
        w->scratch = st_alloc(w->ctx, bytes + bytes / 4, 1);
        if (w->scratch) {
            w->scratch_bytes = bytes + bytes / 4;
        }
    }
    return w->scratch;
}

static st_status run_chunk(void* arg, int64_t item, int worker)
{
    const st_cells_pass* pass = arg;
    const int32_t* chunk = pass->cells->chunk;
    return pass->fn(pass->cells, pass->arg, chunk[item], chunk[item + 1], worker);
}

st_status st_cells_store_pass(st_cells* cells, st_status (*fn)(st_cells*, void*, int, int, int),
                              void* arg)
{
    if (cells->home) {
        return fn(cells, arg, 0, cells->brick_count, 0); // an island: within one worker
    }
    st_cells_pass pass = {.cells = cells, .arg = arg, .fn = fn};
    return st_pool_run(cells->pool, cells->chunk_count, run_chunk, &pass, NULL);
}

// --- sorting
// --------------------------------------------------------------------------------------

// Finds each cell's voxel; counts those that stay in their brick. A leaver's mark is its way out.
#define MARK_LEFT 0x80u

static st_status look(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    (void)arg;
    st_cells_found* found = &cells->found[worker];
    for (int b = first_brick; b < last_brick; b++) {
        int64_t stay = 0;
        for (int64_t s = cells->start[b]; s < cells->start[b + 1]; s++) {
            if (cells->c.mark[s] & ST_MARK_GONE) {
                found->left++;
                continue;
            }
            int brick;
            int voxel;
            if (!st_cells_ground_at(cells, cells->c.body[s].tick, b, &brick, &voxel)) {
                found->bad++;
            } else if (brick != b) {
                cells->c.mark[s] |= MARK_LEFT;
                found->left++;
            } else {
                found->sleepy += cells->c.voxel[s] != (uint16_t)voxel;
                stay++;
            }
            cells->c.voxel[s] = (uint16_t)voxel;
        }
        cells->stay[b] = stay;
    }
    return ST_OK;
}

typedef struct entry {
    uint64_t id;
    uint32_t source;
    uint32_t voxel;
} entry;

static bool comes_before(const entry* a, const entry* b)
{
    return a->voxel != b->voxel ? a->voxel < b->voxel : a->id < b->id;
}

// By voxel with counters, within a voxel by insertion: it holds few.
static void sort_entries(const entry* in, entry* out, int64_t count)
{
    int64_t place[ST_BRICK_VOXELS + 1] = {0};
    for (int64_t i = 0; i < count; i++) {
        place[in[i].voxel + 1]++;
    }
    for (int v = 0; v < ST_BRICK_VOXELS; v++) {
        place[v + 1] += place[v];
    }
    int64_t begin[ST_BRICK_VOXELS];
    memcpy(begin, place, sizeof begin);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = place[in[i].voxel]++;
        for (; at > begin[in[i].voxel] && in[i].id < out[at - 1].id; at--) {
            out[at] = out[at - 1];
        }
        out[at] = in[i];
    }
}

static uint64_t source_id(const st_cells* cells, int64_t source)
{
    return source < cells->count ? cells->c.id[source] : cells->incoming.id[source - cells->count];
}

static uint32_t source_voxel(const st_cells* cells, int64_t source)
{
    return source < cells->count ? cells->c.voxel[source]
                                 : cells->incoming.voxel[source - cells->count];
}

// `start` is the new one here, `before` (arg) the old one.
static st_status order_bricks(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    const int64_t* before = arg;
    for (int b = first_brick; b < last_brick; b++) {
        const int64_t first = cells->start[b];
        const int64_t count = cells->start[b + 1] - first;
        if (count == 0) {
            continue;
        }
        entry* e = st_cells_store_scratch(cells, worker, 2 * (size_t)count * sizeof *e);
        if (!e) {
            return ST_ERR_MEMORY;
        }
        int64_t n = 0;
        for (int64_t s = before[b]; s < before[b + 1]; s++) {
            if (!(cells->c.mark[s] & (ST_MARK_GONE | MARK_LEFT))) {
                e[n++] = (entry){cells->c.id[s], (uint32_t)s, cells->c.voxel[s]};
            }
        }
        const int64_t arrivals = b > 0 ? cells->arrive[b - 1] : 0;
        for (int64_t a = arrivals; a < cells->arrive[b]; a++) {
            const int64_t source = cells->arrival[a];
            e[n++] =
                (entry){source_id(cells, source), (uint32_t)source, source_voxel(cells, source)};
        }
        ST_ASSERT(n == count);
        bool is_sorted = true;
        for (int64_t i = 1; i < count && is_sorted; i++) {
            is_sorted = comes_before(&e[i - 1], &e[i]);
        }
        const entry* sorted = e;
        if (!is_sorted) {
            sort_entries(e, e + count, count);
            sorted = e + count;
        }
        for (int64_t i = 0; i < count; i++) {
            cells->source[first + i] = sorted[i].source;
        }
    }
    return ST_OK;
}

typedef struct move_call {
    st_cells* cells;
    const char *old, *born;
    char* to;
    size_t width;
    int64_t old_count, count;
} move_call;

#define MOVE_BLOCK 8192

// Blocks that stay as they are need no work.
static st_status find_moves(void* arg, int64_t item, int worker)
{
    (void)worker;
    const move_call* m = arg;
    const uint32_t* source = m->cells->source;
    const int64_t last = (item + 1) * MOVE_BLOCK < m->count ? (item + 1) * MOVE_BLOCK : m->count;
    uint32_t differ = 0;
    for (int64_t i = item * MOVE_BLOCK; i < last; i++) {
        differ |= (source[i] ^ (uint32_t)i) | (uint32_t)(source[i] >= m->old_count);
    }
    m->cells->block_moves[item] = differ != 0;
    return ST_OK;
}

typedef struct three {
    float value[3];
} three;

static st_status gather_block(void* arg, int64_t item, int worker)
{
    (void)worker;
    const move_call* m = arg;
    const uint32_t* source = m->cells->source;
    const int64_t last = (item + 1) * MOVE_BLOCK < m->count ? (item + 1) * MOVE_BLOCK : m->count;
    if (!m->cells->block_moves[item]) {
        return ST_OK;
    }
#define GATHER(type)                                                                               \
    for (int64_t i = item * MOVE_BLOCK; i < last; i++) {                                           \
        const int64_t s = source[i];                                                               \
        ((type*)(void*)m->to)[i] = s < m->old_count                                                \
                                       ? ((const type*)(const void*)m->old)[s]                     \
                                       : ((const type*)(const void*)m->born)[s - m->old_count];    \
    }
    switch (m->width) {
    case 1:
        GATHER(uint8_t) break;
    case 2:
        GATHER(uint16_t) break;
    case 4:
        GATHER(uint32_t) break;
    case 8:
        GATHER(uint64_t) break;
    case sizeof(three):
        GATHER(three) break;
    default:
        GATHER(st_body) break;
    }
#undef GATHER
    return ST_OK;
}

static st_status return_block(void* arg, int64_t item, int worker)
{
    (void)worker;
    const move_call* m = arg;
    const int64_t last = (item + 1) * MOVE_BLOCK < m->count ? (item + 1) * MOVE_BLOCK : m->count;
    if (m->cells->block_moves[item]) {
        const size_t at = (size_t)item * MOVE_BLOCK * m->width;
        memcpy((char*)(uintptr_t)m->old + at, m->to + at,
               (size_t)(last - item * MOVE_BLOCK) * m->width);
    }
    return ST_OK;
}

// Every column goes through the spare one, in its new order.
static void move_columns(st_cells* cells, int64_t count)
{
    st_cells_array to[ST_CELL_ARRAY_LIMIT];
    st_cells_array born[ST_CELL_ARRAY_LIMIT];
    const int arrays = st_cells_store_arrays(cells, &cells->c, to);
    (void)st_cells_store_arrays(cells, &cells->incoming, born);
    const int64_t blocks = (count + MOVE_BLOCK - 1) / MOVE_BLOCK;
    move_call m = {
        .cells = cells, .to = (char*)cells->spare, .old_count = cells->count, .count = count};
    (void)st_pool_run(cells->pool, blocks, find_moves, &m, NULL);
    for (int i = 0; i < arrays; i++) {
        if (to[i].width > 0) {
            m.old = *to[i].data;
            m.born = *born[i].data;
            m.width = to[i].width;
            (void)st_pool_run(cells->pool, blocks, gather_block, &m, NULL);
            (void)st_pool_run(cells->pool, blocks, return_block, &m, NULL);
        }
    }
}

// Scratch that has room for every slot.
static st_status reserve_scratch(st_cells* cells)
{
    const int64_t capacity = cells->c.capacity;
    if (capacity <= cells->scratch_capacity) {
        return ST_OK;
    }
    st_cells_list_forget(cells);
#define SCRATCH(name, count)                                                                       \
    do {                                                                                           \
        st_free(cells->ctx, cells->name);                                                          \
        cells->name = NULL;                                                                        \
        cells->name = grow(cells->ctx, NULL, (count), sizeof *cells->name);                        \
        if (!cells->name) {                                                                        \
            cells->scratch_capacity = 0;                                                           \
            return ST_ERR_MEMORY;                                                                  \
        }                                                                                          \
    } while (0)
    SCRATCH(source, capacity);
    SCRATCH(spare, capacity);
    SCRATCH(block_moves, capacity / MOVE_BLOCK + 1);
    SCRATCH(stage[0], capacity);
    SCRATCH(stage[1], capacity);
    SCRATCH(speed, 3 * capacity);
    SCRATCH(way, capacity);
    SCRATCH(wake, capacity);
    SCRATCH(row, capacity);
    SCRATCH(row_blocks, capacity);
#undef SCRATCH
    cells->scratch_capacity = capacity;
    return ST_OK;
}

// Parts of work: bricks until about a thousand cells are together.
#define CHUNK_CELLS  1024
#define CHUNK_BRICKS 64

static void cut_chunks(st_cells* cells)
{
    int count = 0;
    cells->chunk[0] = 0;
    for (int b = 0; b < cells->brick_count; b++) {
        const int first = cells->chunk[count];
        if (cells->start[b + 1] - cells->start[first] >= CHUNK_CELLS ||
            b + 1 - first >= CHUNK_BRICKS || b + 1 == cells->brick_count) {
            cells->chunk[++count] = b + 1;
        }
    }
    cells->chunk_count = count;
}

// Sources that change their brick, sorted by the new brick; `arrive` ends as the end of each.
static st_status collect_arrivals(st_cells* cells)
{
    const int bricks = cells->brick_count;
    int64_t most = cells->incoming_count;
    for (int b = 0; b < bricks; b++) {
        most += cells->start[b + 1] - cells->start[b] - cells->stay[b];
    }
    if (most > cells->arrival_capacity) {
        st_free(cells->ctx, cells->arrival);
        cells->arrival = st_alloc(cells->ctx, (size_t)(most + most / 4), sizeof *cells->arrival);
        cells->arrival_capacity = cells->arrival ? most + most / 4 : 0;
        if (!cells->arrival) {
            return ST_ERR_MEMORY;
        }
    }
    memset(cells->arrive, 0, ((size_t)bricks + 1) * sizeof *cells->arrive);
    int64_t* arrive = cells->arrive;
    for (int pass = 0; pass < 2; pass++) {
        for (int b = 0; b < bricks; b++) {
            if (cells->stay[b] == cells->start[b + 1] - cells->start[b]) {
                continue;
            }
            for (int64_t s = cells->start[b]; s < cells->start[b + 1]; s++) {
                if ((cells->c.mark[s] & (MARK_LEFT | ST_MARK_GONE)) == MARK_LEFT) {
                    int brick;
                    int voxel;
                    (void)st_cells_ground_at(cells, cells->c.body[s].tick, b, &brick, &voxel);
                    if (pass == 0) {
                        arrive[brick + 1]++;
                    } else {
                        cells->arrival[arrive[brick]++] = s;
                    }
                }
            }
        }
        for (int64_t i = 0; i < cells->incoming_count; i++) {
            int brick;
            int voxel;
            (void)st_cells_ground_at(cells, cells->incoming.body[i].tick, -1, &brick, &voxel);
            cells->incoming.voxel[i] = (uint16_t)voxel;
            if (pass == 0) {
                arrive[brick + 1]++;
            } else {
                cells->arrival[arrive[brick]++] = cells->count + i;
            }
        }
        for (int b = 0; pass == 0 && b < bricks; b++) {
            arrive[b + 1] += arrive[b];
        }
    }
    return ST_OK;
}

static st_status clear_marks(st_cells* cells, void* arg, int first_brick, int last_brick,
                             int worker)
{
    (void)arg;
    (void)worker;
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        cells->c.mark[s] &= (uint8_t)~MARK_LEFT;
        cells->way[s] = 0.0f;
        cells->stage[0][s] = cells->c.body[s];
        cells->stage[1][s] = cells->c.body[s];
    }
    return ST_OK;
}

st_status st_cells_store_room(st_ctx* ctx, st_cells* cells, int64_t count)
{
    ST_TRY(st_cells_store_reserve(ctx, cells, &cells->c, count));
    return reserve_scratch(cells);
}

static st_status rearrange(st_ctx* ctx, st_cells* cells)
{
    const size_t bounds = ((size_t)cells->brick_count + 1) * sizeof *cells->start;
    ST_TRY(st_cells_store_room(ctx, cells, cells->count + cells->incoming_count));
    ST_TRY(collect_arrivals(cells));
    memcpy(cells->before, cells->start, bounds);
    int64_t count = 0;
    for (int b = 0; b < cells->brick_count; b++) {
        cells->start[b] = count;
        count += cells->stay[b] + cells->arrive[b] - (b > 0 ? cells->arrive[b - 1] : 0);
    }
    cells->start[cells->brick_count] = count;
    cut_chunks(cells);
    const st_status status = st_cells_store_pass(cells, order_bricks, cells->before);
    if (status != ST_OK) {
        memcpy(cells->start, cells->before, bounds);
        cut_chunks(cells);
        (void)st_cells_store_pass(cells, clear_marks, NULL);
        return status;
    }
    move_columns(cells, count);
    cells->count = count;
    cells->incoming_count = 0;
    if (cells->incoming.capacity > 65536 && cells->incoming.capacity > count / 16) {
        st_cells_store_clear(cells, &cells->incoming);
    }
    return ST_OK;
}

st_status st_cells_store_sort(st_ctx* ctx, st_cells* cells)
{
    memset(cells->found, 0, (size_t)cells->worker_count * sizeof *cells->found);
    (void)st_cells_store_pass(cells, look, NULL);
    st_cells_found sum = {0};
    for (int w = 0; w < cells->worker_count; w++) {
        sum.left += cells->found[w].left;
        sum.sleepy += cells->found[w].sleepy;
        sum.bad += cells->found[w].bad;
    }
    if (sum.bad > 0) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "cells: %lld cells left the media they may be in",
                       (long long)sum.bad);
    }
    if (sum.left > 0 || sum.sleepy > 0 || cells->incoming_count > 0) {
        st_cells_list_forget(cells);
        ST_TRY(rearrange(ctx, cells));
        (void)st_cells_store_pass(cells, clear_marks, NULL);
        cells->way_um = 0.0;
    }
    cells->is_sorted = true;
    return ST_OK;
}
