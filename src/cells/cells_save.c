// Hash, save, restore.                                                                     [CEL-7]

#include "cells/cells_state.h"

#include <math.h>
#include <string.h>

#include <xxhash.h>

#define HEAD_MAGIC  0x3248434c4c454353u // "SCELLCH2"
#define BRICK_MAGIC 0x3142434c4c454353u // "SCELLCB1"

// --- hash
// -----------------------------------------------------------------------------------------

typedef struct hash_call {
    uint64_t* sum; ///< [worker_count]
} hash_call;

// A sum over cells has no order: slots, bricks and workers do not show.
static st_status hash_chunk(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    uint64_t* sum = ((const hash_call*)arg)->sum + worker;
    st_cells_array array[ST_CELL_ARRAY_LIMIT];
    const int arrays = st_cells_store_arrays(cells, &cells->c, array);
    unsigned char bytes[ST_CELL_ARRAY_LIMIT * 16];
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        size_t length = 0;
        for (int i = 0; i < arrays; i++) {
            // The voxel's number depends on the bricks; the position says the same.
            if (array[i].width > 0 && array[i].data != (void**)&cells->c.voxel) {
                memcpy(bytes + length, (const char*)*array[i].data + (size_t)s * array[i].width,
                       array[i].width);
                length += array[i].width;
            }
        }
        *sum += XXH3_64bits(bytes, length);
    }
    return ST_OK;
}

uint64_t st_cells_hash(const st_cells* cells)
{
    uint64_t sum[1024] = {0};
    hash_call call = {.sum = sum};
    // The pass changes nothing; the pool takes cells that are not const.
    (void)st_cells_store_pass((st_cells*)(uintptr_t)cells, hash_chunk, &call);
    uint64_t total = 0;
    for (int w = 0; w < cells->worker_count; w++) {
        total += sum[w];
    }
    uint64_t time;
    memcpy(&time, &cells->time_min, sizeof time);
    const uint64_t all[5] = {total, time, (uint64_t)cells->count, cells->next_id,
                             cells->commit_count};
    return XXH3_64bits(all, sizeof all);
}

// --- save
// -----------------------------------------------------------------------------------------

typedef struct head {
    uint64_t magic, state_bytes, column_count, count, next_id, commit_count, birth_number;
    double time_min, next_step_min, tick_um, largest_radius_um;
    uint32_t island_wait, island_failures;
    int64_t type_count[ST_CELL_TYPE_LIMIT];
    uint64_t check;
} head;

typedef struct brick_head {
    uint64_t magic, count, check;
} brick_head;

st_status st_cells_save_head(st_ctx* ctx, const st_cells* cells, void** out, size_t* length)
{
    head* h = st_alloc(ctx, 1, sizeof *h);
    if (!h) {
        return ST_ERR_MEMORY;
    }
    *h = (head){.magic = HEAD_MAGIC,
                .state_bytes = st_cells_state_bytes(cells),
                .column_count = (uint64_t)cells->column_count,
                .count = (uint64_t)cells->count,
                .next_id = cells->next_id,
                .commit_count = cells->commit_count,
                .birth_number = cells->birth_number,
                .time_min = cells->time_min,
                .next_step_min = cells->next_step_min,
                .tick_um = cells->tick_um,
                .largest_radius_um = cells->largest_radius_um,
                .island_wait = cells->island_wait,
                .island_failures = cells->island_failures};
    memcpy(h->type_count, cells->type_count, sizeof h->type_count);
    h->check = XXH3_64bits(h, offsetof(head, check));
    *out = h;
    *length = sizeof *h;
    return ST_OK;
}

st_status st_cells_save_brick(st_ctx* ctx, const st_cells* cells, int brick, void** out,
                              size_t* length)
{
    *out = NULL;
    *length = 0;
    const int64_t first = cells->start[brick];
    const int64_t count = cells->start[brick + 1] - first;
    if (count == 0) {
        return ST_OK;
    }
    const size_t bytes = sizeof(brick_head) + (size_t)count * st_cells_state_bytes(cells);
    char* block = st_alloc(ctx, bytes, 1);
    if (!block) {
        return ST_ERR_MEMORY;
    }
    st_cells_columns columns = cells->c;
    st_cells_array array[ST_CELL_ARRAY_LIMIT];
    const int arrays = st_cells_store_arrays(cells, &columns, array);
    size_t at = sizeof(brick_head);
    for (int i = 0; i < arrays; i++) {
        const size_t part = (size_t)count * array[i].width;
        if (part > 0) {
            memcpy(block + at, (const char*)*array[i].data + (size_t)first * array[i].width, part);
        }
        at += part;
    }
    const brick_head own = {.magic = BRICK_MAGIC,
                            .count = (uint64_t)count,
                            .check = XXH3_64bits(block + sizeof own, bytes - sizeof own)};
    memcpy(block, &own, sizeof own);
    *out = block;
    *length = bytes;
    return ST_OK;
}

// --- restore
// --------------------------------------------------------------------------------------

st_status st_cells_restore_begin(st_ctx* ctx, st_cells* cells, const void* bytes, size_t length)
{
    head h;
    if (length != sizeof h) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: saved head has %zu bytes, expected %zu", length,
                       sizeof h);
    }
    memcpy(&h, bytes, sizeof h);
    if (h.magic != HEAD_MAGIC || h.check != XXH3_64bits(&h, offsetof(head, check))) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: saved head is damaged");
    }
    if (cells->count > 0 || cells->incoming_count > 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: restoring needs a set without cells");
    }
    if (h.state_bytes != st_cells_state_bytes(cells) ||
        h.column_count != (uint64_t)cells->column_count || h.tick_um < cells->tick_um ||
        h.tick_um > cells->tick_um || h.count > (uint64_t)cells->def.cell_limit) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: what was saved (%llu cells of %llu bytes, %llu columns) belongs to "
                       "another definition (at most %lld cells of %zu bytes, %d columns)",
                       (unsigned long long)h.count, (unsigned long long)h.state_bytes,
                       (unsigned long long)h.column_count, (long long)cells->def.cell_limit,
                       st_cells_state_bytes(cells), cells->column_count);
    }
    ST_TRY(st_cells_store_reserve(ctx, cells, &cells->incoming, (int64_t)h.count));
    cells->next_id = h.next_id;
    cells->commit_count = h.commit_count;
    cells->birth_number = h.birth_number;
    cells->time_min = h.time_min;
    cells->next_step_min = h.next_step_min;
    cells->largest_radius_um = h.largest_radius_um;
    cells->island_wait = h.island_wait;
    cells->island_failures = h.island_failures;
    cells->restore_count = (int64_t)h.count;
    memcpy(cells->type_count, h.type_count, sizeof h.type_count);
    return ST_OK;
}

st_status st_cells_restore_brick(st_ctx* ctx, st_cells* cells, const void* bytes, size_t length)
{
    brick_head own = {0};
    const size_t state = st_cells_state_bytes(cells);
    if (length >= sizeof own) {
        memcpy(&own, bytes, sizeof own);
    }
    if (own.magic != BRICK_MAGIC || own.count > INT32_MAX ||
        length != sizeof own + (size_t)own.count * state ||
        own.check != XXH3_64bits((const char*)bytes + sizeof own, length - sizeof own)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: saved cells of a brick are damaged (%zu bytes)",
                       length);
    }
    const int64_t first = cells->incoming_count;
    const int64_t count = (int64_t)own.count;
    if (first + count > cells->restore_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: %lld saved cells, the head knows of %lld",
                       (long long)(first + count), (long long)cells->restore_count);
    }
    st_cells_array array[ST_CELL_ARRAY_LIMIT];
    const int arrays = st_cells_store_arrays(cells, &cells->incoming, array);
    const char* from = (const char*)bytes + sizeof own;
    for (int i = 0; i < arrays; i++) {
        const size_t part = (size_t)count * array[i].width;
        if (part > 0) {
            memcpy((char*)*array[i].data + (size_t)first * array[i].width, from, part);
        }
        from += part;
    }
    for (int64_t i = first; i < first + count; i++) {
        int brick;
        int voxel;
        const st_body* body = &cells->incoming.body[i];
        if ((int)(body->form & 255u) >= cells->def.type_count ||
            !st_cells_ground_at(cells, body->tick, -1, &brick, &voxel)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "cells: saved cell %llu of type %u does not fit this tissue",
                           (unsigned long long)cells->incoming.id[i], body->form & 255u);
        }
    }
    cells->incoming_count = first + count;
    return ST_OK;
}

st_status st_cells_restore_end(st_ctx* ctx, st_cells* cells)
{
    if (cells->incoming_count != cells->restore_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: %lld cells restored, %lld were saved",
                       (long long)cells->incoming_count, (long long)cells->restore_count);
    }
    cells->restore_count = 0;
    return st_cells_store_sort(ctx, cells);
}
