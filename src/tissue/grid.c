#include "tissue/grid.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Every third bit of a 63-bit code belongs to one axis.
static uint64_t spread(uint64_t x)
{
    x &= 0x1fffff;
    x = (x | x << 32) & 0x001f00000000ffff;
    x = (x | x << 16) & 0x001f0000ff0000ff;
    x = (x | x << 8) & 0x100f00f00f00f00f;
    x = (x | x << 4) & 0x10c30c30c30c30c3;
    x = (x | x << 2) & 0x1249249249249249;
    return x;
}

static uint64_t gather(uint64_t x)
{
    x &= 0x1249249249249249;
    x = (x | x >> 2) & 0x10c30c30c30c30c3;
    x = (x | x >> 4) & 0x100f00f00f00f00f;
    x = (x | x >> 8) & 0x001f0000ff0000ff;
    x = (x | x >> 16) & 0x001f00000000ffff;
    x = (x | x >> 32) & 0x1fffff;
    return x;
}

uint64_t st_grid_key(const int32_t brick[3])
{
    return spread((uint64_t)brick[0]) | spread((uint64_t)brick[1]) << 1 |
           spread((uint64_t)brick[2]) << 2;
}

void st_grid_position(uint64_t key, int32_t brick[3])
{
    for (int axis = 0; axis < 3; axis++) {
        brick[axis] = (int32_t)gather(key >> axis);
    }
}

int32_t st_grid_find(const st_grid* grid, uint64_t key)
{
    int32_t lo = 0;
    int32_t hi = grid->brick_count;
    while (lo < hi) {
        const int32_t middle = lo + (hi - lo) / 2;
        if (grid->key[middle] < key) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    return lo < grid->brick_count && grid->key[lo] == key ? lo : grid->brick_count;
}

void* st_grid_alloc(st_ctx* ctx, size_t count, size_t size)
{
    void* block = st_alloc(ctx, count, size);
    const size_t huge = (size_t)2 << 20;
    if (block && size > 0 && count * size >= 2 * huge) {
        const uintptr_t begin = ((uintptr_t)block + huge - 1) / huge * huge;
        const uintptr_t end = ((uintptr_t)block + count * size) / huge * huge;
        if (end > begin) {
            (void)madvise((void*)begin, end - begin, MADV_HUGEPAGE); // a wish; refusal is no error
        }
    }
    return block;
}

st_status st_grid_link(st_ctx* ctx, st_grid* grid)
{
    const int count = grid->brick_count;
    grid->neighbour = st_alloc(ctx, (size_t)count + 1, sizeof *grid->neighbour);
    grid->is_full = st_alloc(ctx, (size_t)count + 1, 1);
    if (!grid->neighbour || !grid->is_full) {
        return ST_ERR_MEMORY;
    }
    grid->voxel_count = 0;
    for (int b = 0; b < count; b++) {
        int32_t at[3];
        st_grid_position(grid->key[b], at);
        for (int side = 0; side < 6; side++) {
            const int axis = side / 2;
            int32_t next[3] = {at[0], at[1], at[2]};
            next[axis] += side % 2 ? 1 : -1;
            grid->neighbour[b][side] =
                next[axis] < 0 ? count : st_grid_find(grid, st_grid_key(next));
        }
        int tissue = 0;
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            tissue += grid->medium[(size_t)b * ST_BRICK_VOXELS + (size_t)v] != 0;
        }
        grid->is_full[b] = tissue == ST_BRICK_VOXELS;
        grid->voxel_count += tissue;
    }
    for (int side = 0; side < 6; side++) {
        grid->neighbour[count][side] = count;
    }
    return ST_OK;
}

st_status st_grid_coarsen(st_ctx* ctx, const st_grid* fine, st_grid* coarse)
{
    *coarse = (st_grid){0};
    // In Morton order the eight children of a brick follow each other.
    int count = 0;
    for (int b = 0; b < fine->brick_count; b++) {
        count += b == 0 || fine->key[b] >> 3 != fine->key[b - 1] >> 3;
    }
    coarse->brick_count = count;
    coarse->key = st_alloc(ctx, (size_t)count + 1, sizeof *coarse->key);
    coarse->child = st_alloc(ctx, (size_t)count + 1, sizeof *coarse->child);
    coarse->medium = st_grid_alloc(ctx, ((size_t)count + 1) * ST_BRICK_VOXELS, 1);
    if (!coarse->key || !coarse->child || !coarse->medium) {
        return ST_ERR_MEMORY;
    }
    int at = -1;
    for (int b = 0; b < fine->brick_count; b++) {
        if (b == 0 || fine->key[b] >> 3 != fine->key[b - 1] >> 3) {
            at++;
            coarse->key[at] = fine->key[b] >> 3;
            for (int i = 0; i < 8; i++) {
                coarse->child[at][i] = fine->brick_count;
            }
        }
        const int octant = (int)(fine->key[b] & 7);
        coarse->child[at][octant] = b;
        const uint8_t* from = fine->medium + (size_t)b * ST_BRICK_VOXELS;
        uint8_t* to = coarse->medium + (size_t)at * ST_BRICK_VOXELS;
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            if (from[v]) {
                const int x = (v & 7) / 2 + 4 * (octant & 1);
                const int y = (v >> 3 & 7) / 2 + 4 * (octant >> 1 & 1);
                const int z = (v >> 6) / 2 + 4 * (octant >> 2);
                to[(z * 8 + y) * 8 + x] = 1;
            }
        }
    }
    return st_grid_link(ctx, coarse);
}

void st_grid_clear(st_ctx* ctx, st_grid* grid)
{
    st_free(ctx, grid->key);
    st_free(ctx, grid->neighbour);
    st_free(ctx, grid->child);
    st_free(ctx, grid->medium);
    st_free(ctx, grid->is_full);
    *grid = (st_grid){0};
}

typedef struct each_call {
    st_chunk_fn fn;
    void* arg;
    int brick_count;
} each_call;

static st_status run_chunk(void* arg, int64_t item, int worker)
{
    const each_call* call = arg;
    const int first = (int)item * ST_BRICK_CHUNK;
    const int last = first + ST_BRICK_CHUNK;
    call->fn(call->arg, first, last < call->brick_count ? last : call->brick_count, worker);
    return ST_OK;
}

void st_grid_each(st_pool* pool, int brick_count, st_chunk_fn fn, void* arg)
{
    if (brick_count <= ST_BRICK_CHUNK || !pool || st_pool_worker_count(pool) == 1) {
        fn(arg, 0, brick_count, 0);
        return;
    }
    each_call call = {.fn = fn, .arg = arg, .brick_count = brick_count};
    const int64_t chunks = (brick_count + ST_BRICK_CHUNK - 1) / ST_BRICK_CHUNK;
    (void)st_pool_run(pool, chunks, run_chunk, &call, NULL); // a chunk cannot fail
}
