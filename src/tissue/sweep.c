#include "tissue/sweep.h"

#include <stdlib.h>

#define V ST_BRICK_VOXELS
/// Bricks that two passes leave in the caches. Part of no result.
#define FEW_BRICKS 200

// --- rows
// ---------------------------------------------------------------------------------------

typedef struct placed {
    uint64_t key; ///< z and y with their bits in turn, then x
    int32_t brick;
} placed;

// Rows that touch follow each other closely in both directions, so that what one reads of the next
// is still in the cache.
static uint64_t row_key(const int32_t at[3])
{
    uint64_t key = 0;
    for (int bit = 0; bit < 21; bit++) {
        key |= (uint64_t)(at[1] >> bit & 1) << (2 * bit) | (uint64_t)(at[2] >> bit & 1)
                                                               << (2 * bit + 1);
    }
    return key << 21 | (uint64_t)at[0];
}

static int compare_places(const void* a, const void* b)
{
    const uint64_t x = ((const placed*)a)->key;
    const uint64_t y = ((const placed*)b)->key;
    return x < y ? -1 : x > y;
}

st_status st_sweep_rows_make(st_ctx* ctx, const st_grid* grid, st_brick_rows* rows)
{
    const int count = grid->brick_count;
    placed* place = st_alloc(ctx, (size_t)count, sizeof *place);
    rows->brick = st_alloc(ctx, (size_t)count + 1, sizeof *rows->brick);
    rows->start = st_alloc(ctx, (size_t)count + 1, sizeof *rows->start);
    rows->item = st_alloc(ctx, (size_t)count + 1, sizeof *rows->item);
    if (!place || !rows->brick || !rows->start || !rows->item) {
        st_free(ctx, place);
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < count; i++) {
        int32_t at[3];
        st_grid_position(grid->key[i], at);
        place[i] = (placed){.key = row_key(at), .brick = i};
    }
    qsort(place, (size_t)count, sizeof *place, compare_places);
    rows->row_count = 0;
    for (int i = 0; i < count; i++) {
        rows->brick[i] = place[i].brick;
        if (i == 0 || place[i].key != place[i - 1].key + 1) {
            rows->start[rows->row_count++] = i;
        }
    }
    rows->start[rows->row_count] = count;
    // Neighbouring rows together make one item of work.
    rows->item_count = 0;
    for (int r = 0; r < rows->row_count; r++) {
        const int first = rows->item_count > 0 ? rows->item[rows->item_count - 1] : 0;
        if (r == 0 || rows->start[r] - rows->start[first] >= ST_BRICK_CHUNK) {
            rows->item[rows->item_count++] = r;
        }
    }
    rows->item[rows->item_count] = rows->row_count;
    st_free(ctx, place);
    return ST_OK;
}

void st_sweep_rows_clear(st_ctx* ctx, st_brick_rows* rows)
{
    st_free(ctx, rows->brick);
    st_free(ctx, rows->start);
    st_free(ctx, rows->item);
    *rows = (st_brick_rows){0};
}

// --- the pass
// -----------------------------------------------------------------------------------

typedef struct pass {
    st_multigrid* mg;
    st_level* l;
    int level;
    const float* omega;
    bool from_zero;
} pass;

static _Alignas(64) const float ZERO[V];

// What the first step made of a row: three bricks along x, and of two bricks the layers of their
// neighbours in y and z that touch them.
typedef struct ahead {
    _Alignas(64) float brick[3][V];
    _Alignas(64) float layer[2][4][V];
    const float* have[3]; ///< brick[i], or ZERO where there is no brick
    const float* side[2][4];
} ahead;

static void first_step(const pass* p, int brick, float* out)
{
    const st_stencil s = st_multigrid_stencil(p->mg, p->level, brick);
    const float* b = p->l->b + (size_t)brick * V;
    if (p->from_zero) {
        p->mg->ops->begin(&s, b, p->omega[0], out);
    } else {
        const st_around e = st_multigrid_around(&p->l->grid, p->l->x, brick);
        p->mg->ops->smooth(&s, &e, b, p->omega[0], out);
    }
}

// The neighbour's layer that touches the face `side` (2 ... 5) of the brick.
static const float* first_step_beside(const pass* p, int brick, int side, float* out)
{
    const int32_t next = p->l->grid.neighbour[brick][side];
    if (next == p->l->grid.brick_count) {
        return ZERO;
    }
    const st_stencil s = st_multigrid_stencil(p->mg, p->level, next);
    const float* b = p->l->b + (size_t)next * V;
    const st_around e = st_multigrid_around(&p->l->grid, p->l->x, next);
    p->mg->ops->smooth_layer(&s, p->from_zero ? NULL : &e, b, p->omega[0], side ^ 1, out);
    return out;
}

static void go_ahead(const pass* p, int brick, int slot, ahead* a)
{
    if (brick == p->l->grid.brick_count) {
        a->have[slot] = ZERO;
        return;
    }
    a->have[slot] = a->brick[slot];
    first_step(p, brick, a->brick[slot]);
}

static void sweep_row(const pass* p, const int32_t* brick, int count, ahead* a)
{
    const st_grid* grid = &p->l->grid;
    go_ahead(p, grid->neighbour[brick[0]][0], 2, a); // slot of place -1
    for (int i = 0; i <= count; i++) {
        go_ahead(p, i < count ? brick[i] : grid->neighbour[brick[count - 1]][1], i % 3, a);
        for (int k = 0; k < 4 && i < count; k++) {
            a->side[i % 2][k] = first_step_beside(p, brick[i], k + 2, a->layer[i % 2][k]);
        }
        if (i == 0) {
            continue;
        }
        const int own = brick[i - 1];
        const float* const* side = a->side[(i - 1) % 2];
        const st_around e = {
            .own = a->have[(i + 2) % 3],
            .side = {a->have[(i + 1) % 3], a->have[i % 3], side[0], side[1], side[2], side[3]}};
        const st_stencil s = st_multigrid_stencil(p->mg, p->level, own);
        p->mg->ops->smooth(&s, &e, p->l->b + (size_t)own * V, p->omega[1],
                           p->l->y + (size_t)own * V);
    }
}

static st_status sweep_item(void* arg, int64_t item, int worker)
{
    (void)worker;
    const pass* p = arg;
    const st_brick_rows* rows = &p->l->rows;
    ahead a;
    for (int r = rows->item[item]; r < rows->item[item + 1]; r++) {
        sweep_row(p, rows->brick + rows->start[r], rows->start[r + 1] - rows->start[r], &a);
    }
    return ST_OK;
}

void st_sweep_two(st_multigrid* mg, int level, const float omega[2], bool from_zero)
{
    st_level* l = &mg->level[level];
    if (l->grid.brick_count <= FEW_BRICKS && !from_zero) { // all in the cache: less arithmetic
        st_multigrid_smooth(mg, level, omega[0]);
        st_multigrid_smooth(mg, level, omega[1]);
        return;
    }
    pass p = {.mg = mg, .l = l, .level = level, .omega = omega, .from_zero = from_zero};
    if (l->grid.brick_count <= ST_BRICK_CHUNK || !mg->pool || st_pool_worker_count(mg->pool) == 1) {
        for (int i = 0; i < l->rows.item_count; i++) {
            (void)sweep_item(&p, i, 0);
        }
    } else {
        (void)st_pool_run(mg->pool, l->rows.item_count, sweep_item, &p, NULL); // cannot fail
    }
    float* swap = l->x;
    l->x = l->y;
    l->y = swap;
}
