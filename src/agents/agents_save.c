// The agents' state in blocks: clock and tallies, then all cells by brick. Levels and matrix are
// the tissue's to keep.

#include "engine.h"

#include <string.h>

#define FORMAT 2u

/// What stands before the head of the cells.
typedef struct head {
    uint64_t format, step, seed;
    st_agents_tally tally;
} head;

int64_t st_agents_block_count(const st_agents* a)
{
    return (int64_t)a->brick_count + 1;
}

static st_status save_head(st_ctx* ctx, const st_agents* a, void** out, size_t* length)
{
    const head h = {.format = FORMAT, .step = a->step, .seed = a->seed, .tally = a->tally};
    void* cells = NULL;
    size_t cells_length = 0;
    ST_TRY(st_cells_save_head(ctx, a->cells, &cells, &cells_length));
    char* bytes = st_alloc(ctx, sizeof h + cells_length, 1);
    if (bytes != NULL) {
        memcpy(bytes, &h, sizeof h);
        memcpy(bytes + sizeof h, cells, cells_length);
        *length = sizeof h + cells_length;
    }
    st_free(ctx, cells);
    *out = bytes;
    return bytes != NULL ? ST_OK : ST_ERR_MEMORY;
}

st_status st_agents_save_block(st_ctx* ctx, const st_agents* a, int64_t block, void** out,
                               size_t* length)
{
    *out = NULL;
    *length = 0;
    if (a->is_moved) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: save after st_agents_advance()");
    }
    if (block < 0 || block > a->brick_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: block %lld, expected 0 to %d", (long long)block,
                       a->brick_count);
    }
    return block == 0 ? save_head(ctx, a, out, length)
                      : st_cells_save_brick(ctx, a->cells, (int)(block - 1), out, length);
}

st_status st_agents_restore_block(st_ctx* ctx, st_agents* a, int64_t block, const void* bytes,
                                  size_t length)
{
    head h;
    if (block != 0) {
        return st_cells_restore_brick(ctx, a->cells, bytes, length);
    }
    memcpy(&h, bytes, length < sizeof h ? 0 : sizeof h);
    if (length < sizeof h || h.format != FORMAT || h.seed != a->seed) {
        return ST_FAIL(ctx, ST_ERR_FILE, "agents: a saved state is damaged or of another run");
    }
    ST_TRY(st_cells_restore_begin(ctx, a->cells, (const char*)bytes + sizeof h, length - sizeof h));
    a->step = h.step;
    a->tally = h.tally;
    return ST_OK;
}

st_status st_agents_restore_end(st_ctx* ctx, st_agents* a)
{
    ST_TRY(st_cells_restore_end(ctx, a->cells));
    a->is_moved = false;
    return ST_OK;
}
