// From painted shapes and label maps to sparse bricks, walls and levels.                 [TIS-1]

#include "tissue/reaction.h"
#include "tissue/shape.h"
#include "tissue/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#define V      ST_BRICK_VOXELS
#define COOKIE 0x54495331u

/// Voxels per edge of the box at most.
#define SIZE_LIMIT (1 << 20)
/// Bricks of the box at most: one byte each while the tissue is found.
#define BOX_BRICK_LIMIT ((int64_t)1 << 31)
/// Bricks of tissue at most: voxel numbers of a level stay within 31 bits.
#define BRICK_LIMIT ((1 << 22) - 1)

st_tissue_def st_default_tissue_def(void)
{
    const st_tissue_def def = {
        .voxel_um = {50.0, 50.0, 50.0}, .size = {8, 8, 8}, .worker_count = 1, .cookie = COOKIE};
    return def;
}

static st_status check_def(st_ctx* ctx, const st_tissue_def* def)
{
    if (def->cookie != COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: start from st_default_tissue_def()");
    }
    double smallest = INFINITY;
    double largest = 0.0;
    for (int i = 0; i < 3; i++) {
        const char axis = (char)('x' + i);
        if (def->size[i] < 1 || def->size[i] > SIZE_LIMIT) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: %d voxels along %c: expected 1 to %d",
                           def->size[i], axis, SIZE_LIMIT);
        }
        if (!(def->voxel_um[i] > 0.0) || !(def->voxel_um[i] < 1e6)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "tissue: voxel edge along %c = %g um: must be above 0 and below 1e6",
                           axis, def->voxel_um[i]);
        }
        if (!(fabs(def->origin_um[i]) < 1e9)) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: origin along %c = %g um: must be within 1e9",
                           axis, def->origin_um[i]);
        }
        if (def->brick_shift[i] < 0 || def->brick_shift[i] > 7) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: brick shift %d: expected 0 to 7",
                           def->brick_shift[i]);
        }
        smallest = fmin(smallest, def->voxel_um[i]);
        largest = fmax(largest, def->voxel_um[i]);
    }
    if (largest > 20.0 * smallest) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "tissue: voxel edges from %g to %g um: may differ by a factor of 20 at most",
                       smallest, largest);
    }
    if (def->labels && memcmp(def->labels->size, def->size, sizeof def->size) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "tissue: the label map has %d x %d x %d voxels, the box %d x %d x %d",
                       def->labels->size[0], def->labels->size[1], def->labels->size[2],
                       def->size[0], def->size[1], def->size[2]);
    }
    for (int i = 0; i < def->paint_count; i++) {
        char where[32];
        snprintf(where, sizeof where, "tissue: shape %d", i + 1);
        if (def->paint[i].medium < 0 || def->paint[i].medium > ST_MEDIUM_LIMIT) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "%s: medium %d: expected 0 to %d", where,
                           def->paint[i].medium, ST_MEDIUM_LIMIT);
        }
        ST_TRY(st_shape_check(ctx, def->paint[i].shape, where));
    }
    return ST_OK;
}

// --- painting
// -----------------------------------------------------------------------------------

static int label_at(const st_tissue_def* def, const int voxel[3])
{
    double at[3];
    for (int i = 0; i < 3; i++) {
        at[i] = def->origin_um[i] + (voxel[i] + 0.5) * def->voxel_um[i];
    }
    for (int i = def->paint_count - 1; i >= 0; i--) {
        if (st_shape_distance(def->paint[i].shape, at) < 0.0) {
            return def->paint[i].medium;
        }
    }
    if (def->labels) {
        const size_t row = (size_t)voxel[2] * (size_t)def->size[1] + (size_t)voxel[1];
        const int label = def->labels->medium[row * (size_t)def->size[0] + (size_t)voxel[0]];
        return label <= ST_MEDIUM_LIMIT ? label : 0;
    }
    return 0;
}

static bool is_tissue(const st_tissue_def* def, int label)
{
    return label > 0 && !(def->bath_media >> label & 1);
}

typedef struct painter {
    const st_tissue_def* def;
    int bricks[3]; ///< of the box
    bool can_skip; ///< every shape is a distance and there is no label map
    double half_diagonal_um;
    uint8_t* is_used; ///< [bricks of the box]
    st_grid* grid;
} painter;

static bool is_far(const painter* p, const int low[3])
{
    double at[3];
    for (int i = 0; i < 3; i++) {
        at[i] = p->def->origin_um[i] + (low[i] + 4.0) * p->def->voxel_um[i];
    }
    for (int i = 0; i < p->def->paint_count; i++) {
        if (st_shape_distance(p->def->paint[i].shape, at) <= p->half_diagonal_um) {
            return false;
        }
    }
    return true;
}

static bool in_box(const st_tissue_def* def, const int voxel[3])
{
    for (int i = 0; i < 3; i++) {
        if (voxel[i] < 0 || voxel[i] >= def->size[i]) {
            return false;
        }
    }
    return true;
}

static void low_voxel(const st_tissue_def* def, const int32_t brick[3], int low[3])
{
    for (int i = 0; i < 3; i++) {
        low[i] = brick[i] * ST_BRICK_EDGE - def->brick_shift[i];
    }
}

// Paints one brick; `to` NULL only asks whether there is tissue.
static bool paint_brick(const painter* p, const int32_t brick[3], uint8_t* to)
{
    int low[3];
    low_voxel(p->def, brick, low);
    if (p->can_skip && is_far(p, low)) {
        return false;
    }
    for (int v = 0; v < V; v++) {
        const int voxel[3] = {low[0] + (v & 7), low[1] + (v >> 3 & 7), low[2] + (v >> 6)};
        const int label = in_box(p->def, voxel) ? label_at(p->def, voxel) : 0;
        if (is_tissue(p->def, label)) {
            if (!to) {
                return true;
            }
            to[v] = (uint8_t)label;
        }
    }
    return false;
}

static void find_row(void* arg, int first, int last, int worker)
{
    (void)worker;
    const painter* p = arg;
    for (int row = first; row < last; row++) {
        for (int x = 0; x < p->bricks[0]; x++) {
            const int32_t brick[3] = {x, row % p->bricks[1], row / p->bricks[1]};
            p->is_used[(size_t)row * (size_t)p->bricks[0] + (size_t)x] =
                paint_brick(p, brick, NULL);
        }
    }
}

static void paint_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const painter* p = arg;
    for (int i = first; i < last; i++) {
        int32_t brick[3];
        st_grid_position(p->grid->key[i], brick);
        paint_brick(p, brick, p->grid->medium + (size_t)i * V);
    }
}

static int compare_keys(const void* a, const void* b)
{
    const uint64_t x = *(const uint64_t*)a;
    const uint64_t y = *(const uint64_t*)b;
    return x < y ? -1 : x > y;
}

static st_status paint_all(st_ctx* ctx, const st_tissue_def* def, st_pool* pool, st_grid* grid)
{
    painter p = {.def = def, .can_skip = !def->labels, .grid = grid};
    int64_t total = 1;
    double diagonal = 0.0;
    for (int i = 0; i < 3; i++) {
        p.bricks[i] = (def->size[i] + def->brick_shift[i] + ST_BRICK_EDGE - 1) / ST_BRICK_EDGE;
        total *= p.bricks[i];
        diagonal += 16.0 * def->voxel_um[i] * def->voxel_um[i];
    }
    if (total > BOX_BRICK_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: a box of %d x %d x %d voxels is too large",
                       def->size[0], def->size[1], def->size[2]);
    }
    p.half_diagonal_um = sqrt(diagonal);
    for (int i = 0; i < def->paint_count; i++) {
        p.can_skip = p.can_skip && st_shape_is_distance(def->paint[i].shape);
    }
    p.is_used = st_alloc(ctx, (size_t)total, 1);
    if (!p.is_used) {
        return ST_ERR_MEMORY;
    }
    st_grid_each(pool, p.bricks[1] * p.bricks[2], find_row, &p);
    int64_t count = 0;
    for (int64_t i = 0; i < total; i++) {
        count += p.is_used[i];
    }
    st_status status = ST_OK;
    if (count == 0 || count > BRICK_LIMIT) {
        status = ST_FAIL(ctx, ST_ERR_INPUT,
                         count ? "tissue: more than %d bricks of 8 x 8 x 8 voxels"
                               : "tissue: no voxel's centre lies in a medium that is solved",
                         BRICK_LIMIT);
    }
    if (status == ST_OK) {
        grid->brick_count = (int)count;
        grid->key = st_alloc(ctx, (size_t)count + 1, sizeof *grid->key);
        grid->medium = st_grid_alloc(ctx, ((size_t)count + 1) * V, 1);
        status = grid->key && grid->medium ? ST_OK : ST_ERR_MEMORY;
    }
    if (status == ST_OK) {
        size_t at = 0;
        for (int64_t i = 0; i < total; i++) {
            if (p.is_used[i]) {
                const int32_t brick[3] = {(int32_t)(i % p.bricks[0]),
                                          (int32_t)(i / p.bricks[0] % p.bricks[1]),
                                          (int32_t)(i / p.bricks[0] / p.bricks[1])};
                grid->key[at++] = st_grid_key(brick);
            }
        }
        qsort(grid->key, (size_t)count, sizeof *grid->key, compare_keys);
        st_grid_each(pool, grid->brick_count, paint_chunk, &p);
        status = st_grid_link(ctx, grid);
    }
    st_free(ctx, p.is_used);
    return status;
}

// --- walls
// --------------------------------------------------------------------------------------

// Region behind a face of a tissue voxel, -1 when tissue goes on.
static int region_behind(const st_tissue_def* def, const int voxel[3], int side)
{
    int next[3] = {voxel[0], voxel[1], voxel[2]};
    next[side / 2] += side % 2 ? 1 : -1;
    if (!in_box(def, next)) {
        return ST_REGION_BOX + side;
    }
    const int label = label_at(def, next);
    return is_tissue(def, label) ? -1 : label;
}

// Walls of one brick; `out` NULL only counts.
static int64_t brick_walls(const st_tissue_def* def, const st_grid* grid, int brick,
                           st_wall_face* out)
{
    static const int stride[3] = {1, 8, 64};
    const uint8_t* medium = grid->medium + (size_t)brick * V;
    int32_t at[3];
    int low[3];
    st_grid_position(grid->key[brick], at);
    low_voxel(def, at, low);
    int64_t count = 0;
    for (int v = 0; v < V; v++) {
        for (int side = 0; medium[v] && side < 6; side++) {
            const int axis = side / 2;
            const int place = v / stride[axis] % 8;
            const bool is_inside = side % 2 ? place < 7 : place > 0;
            const int step = side % 2 ? stride[axis] : -stride[axis];
            const int32_t next = is_inside ? brick : grid->neighbour[brick][side];
            const int other = is_inside ? v + step : v - 7 * step;
            if (grid->medium[(size_t)next * V + (size_t)other]) {
                continue;
            }
            if (out) {
                const int voxel[3] = {low[0] + (v & 7), low[1] + (v >> 3 & 7), low[2] + (v >> 6)};
                const int region = region_behind(def, voxel, side);
                ST_ASSERT(region >= 0);
                out[count] = (st_wall_face){.brick = brick,
                                            .voxel = (int16_t)v,
                                            .side = (uint8_t)side,
                                            .region = (uint8_t)region};
            }
            count++;
        }
    }
    return count;
}

typedef struct wall_work {
    const st_tissue_def* def;
    const st_grid* grid;
    st_tissue* t;
} wall_work;

static void count_walls(void* arg, int first, int last, int worker)
{
    (void)worker;
    const wall_work* w = arg;
    for (int i = first; i < last; i++) {
        w->t->wall_start[i + 1] = brick_walls(w->def, w->grid, i, NULL);
    }
}

static void write_walls(void* arg, int first, int last, int worker)
{
    (void)worker;
    const wall_work* w = arg;
    for (int i = first; i < last; i++) {
        brick_walls(w->def, w->grid, i, w->t->wall + w->t->wall_start[i]);
    }
}

static st_status find_walls(st_ctx* ctx, const st_tissue_def* def, const st_grid* grid,
                            st_tissue* t)
{
    const int count = grid->brick_count;
    t->wall_start = st_alloc(ctx, (size_t)count + 1, sizeof *t->wall_start);
    if (!t->wall_start) {
        return ST_ERR_MEMORY;
    }
    wall_work w = {.def = def, .grid = grid, .t = t};
    st_grid_each(t->pool, count, count_walls, &w);
    for (int i = 0; i < count; i++) {
        t->wall_start[i + 1] += t->wall_start[i];
    }
    t->wall_count = t->wall_start[count];
    t->wall = st_alloc(ctx, (size_t)t->wall_count, sizeof *t->wall);
    if (!t->wall) {
        return ST_ERR_MEMORY;
    }
    st_grid_each(t->pool, count, write_walls, &w);
    for (int64_t i = 0; i < t->wall_count; i++) {
        t->region_count[t->wall[i].region]++;
        t->region_axis_count[t->wall[i].region][t->wall[i].side / 2]++;
    }
    for (size_t i = 0; i < (size_t)count * V; i++) {
        t->medium_count[grid->medium[i]]++;
    }
    return ST_OK;
}

// --- life
// ---------------------------------------------------------------------------------------

static st_status build(st_ctx* ctx, const st_tissue_def* def, st_tissue* t)
{
    memcpy(t->origin_um, def->origin_um, sizeof t->origin_um);
    memcpy(t->voxel_um, def->voxel_um, sizeof t->voxel_um);
    memcpy(t->size, def->size, sizeof t->size);
    memcpy(t->shift, def->brick_shift, sizeof t->shift);
    ST_TRY(st_pool_create(ctx, def->worker_count, &t->pool));
    st_grid grid = {0};
    st_status status = paint_all(ctx, def, t->pool, &grid);
    if (status == ST_OK) {
        status = find_walls(ctx, def, &grid, t);
    }
    if (status == ST_OK) {
        status = st_multigrid_create(ctx, &grid, t->pool, &t->mg);
    }
    st_grid_clear(ctx, &grid); // empty when multigrid took it
    ST_TRY(status);
    const int bricks = t->mg->level[0].grid.brick_count;
    t->first = st_grid_alloc(ctx, ((size_t)bricks + 1) * V, sizeof *t->first);
    t->worker_totals =
        st_alloc(ctx, (size_t)st_pool_worker_count(t->pool), sizeof *t->worker_totals);
    if (!t->first || !t->worker_totals) {
        return ST_ERR_MEMORY;
    }
    return ST_OK;
}

st_status st_tissue_create(st_ctx* ctx, const st_tissue_def* def, st_tissue** out)
{
    *out = NULL;
    ST_TRY(check_def(ctx, def));
    const size_t before = st_ctx_bytes_in_use(ctx);
    st_tissue* t = st_alloc(ctx, 1, sizeof *t);
    if (!t) {
        return ST_ERR_MEMORY;
    }
    t->ctx = ctx;
    const st_status status = build(ctx, def, t);
    if (status != ST_OK) {
        st_tissue_destroy(t);
        return status;
    }
    t->bytes = st_ctx_bytes_in_use(ctx) - before;
    *out = t;
    return ST_OK;
}

void st_tissue_destroy(st_tissue* t)
{
    if (!t) {
        return;
    }
    st_ctx* ctx = t->ctx;
    st_field_free_all(t);
    st_matrix_free_all(t);
    st_reaction_free_all(t);
    for (int i = 0; i < t->transport_count; i++) {
        st_transport_destroy(ctx, t->transport[i]);
    }
    st_free(ctx, t->transport);
    st_multigrid_destroy(t->mg);
    st_pool_destroy(t->pool);
    st_free(ctx, t->wall);
    st_free(ctx, t->wall_start);
    st_free(ctx, t->base);
    st_free(ctx, t->first);
    st_free(ctx, t->second);
    st_free(ctx, t->worker_totals);
    st_free(ctx, t);
}

// --- answers
// ------------------------------------------------------------------------------------

int st_tissue_brick_count(const st_tissue* t)
{
    return t->mg->level[0].grid.brick_count;
}

int64_t st_tissue_voxel_count(const st_tissue* t)
{
    return t->mg->level[0].grid.voxel_count;
}

int64_t st_tissue_medium_voxel_count(const st_tissue* t, int medium)
{
    return medium > 0 && medium <= ST_MEDIUM_LIMIT ? t->medium_count[medium] : 0;
}

int64_t st_tissue_region_face_count(const st_tissue* t, int region)
{
    return region >= 0 && region < ST_REGION_COUNT ? t->region_count[region] : 0;
}

double st_tissue_voxel_volume_um3(const st_tissue* t)
{
    return t->voxel_um[0] * t->voxel_um[1] * t->voxel_um[2];
}

size_t st_tissue_bytes(const st_tissue* t)
{
    return t->bytes;
}

void st_tissue_brick_voxel(const st_tissue* t, int brick, int voxel[3])
{
    int32_t at[3];
    st_grid_position(t->mg->level[0].grid.key[brick], at);
    for (int i = 0; i < 3; i++) {
        voxel[i] = at[i] * ST_BRICK_EDGE - t->shift[i];
    }
}

const uint8_t* st_tissue_brick_media(const st_tissue* t, int brick)
{
    return t->mg->level[0].grid.medium + (size_t)brick * V;
}

bool st_tissue_locate(const st_tissue* t, const int voxel[3], int* brick, int* at)
{
    int32_t place[3];
    int inside[3];
    for (int i = 0; i < 3; i++) {
        if (voxel[i] < 0 || voxel[i] >= t->size[i]) {
            return false;
        }
        place[i] = (voxel[i] + t->shift[i]) / ST_BRICK_EDGE;
        inside[i] = (voxel[i] + t->shift[i]) % ST_BRICK_EDGE;
    }
    const st_grid* grid = &t->mg->level[0].grid;
    *brick = st_grid_find(grid, st_grid_key(place));
    *at = (inside[2] * 8 + inside[1]) * 8 + inside[0];
    return *brick < grid->brick_count;
}

int st_tissue_medium(const st_tissue* t, const int voxel[3])
{
    int brick;
    int at;
    if (!st_tissue_locate(t, voxel, &brick, &at)) {
        return 0;
    }
    return t->mg->level[0].grid.medium[(size_t)brick * V + (size_t)at];
}

double st_tissue_time_min(const st_tissue* t)
{
    return t->time_min;
}

// Voxel hashes are added, so neither bricks nor their order enter.
uint64_t st_tissue_hash(const st_tissue* t)
{
    const st_grid* grid = &t->mg->level[0].grid;
    uint64_t sum = XXH3_64bits(&t->time_min, sizeof t->time_min);
    for (int b = 0; b < grid->brick_count; b++) {
        int low[3];
        st_tissue_brick_voxel(t, b, low);
        for (int v = 0; v < V; v++) {
            const size_t at = (size_t)b * V + (size_t)v;
            if (!grid->medium[at]) {
                continue;
            }
            const int32_t place[4] = {low[0] + (v & 7), low[1] + (v >> 3 & 7), low[2] + (v >> 6),
                                      grid->medium[at]};
            uint64_t hash = XXH3_64bits(place, sizeof place);
            for (int f = 0; f < t->field_count; f++) {
                const float pair[2] = {t->field[f]->level[at], t->field[f]->remainder[at]};
                hash = XXH3_64bits_withSeed(pair, sizeof pair, hash);
            }
            for (int m = 0; m < t->matrix_count; m++) {
                hash = XXH3_64bits_withSeed(&t->matrix[m].value[at], sizeof(double), hash);
            }
            sum += hash;
        }
    }
    return sum;
}
