// Where cells may be: bricks, voxels, walls.                                               [CEL-8]

#include "cells/cells_state.h"

#include <math.h>
#include <string.h>

#define FREE_MOST 14 // voxels of free way that a nibble of `wall` can tell

static uint32_t hash_of(const int32_t at[3])
{
    uint32_t h = (uint32_t)at[0] * 0x9e3779b1u;
    h = (h ^ h >> 15) + (uint32_t)at[1] * 0x85ebca77u;
    h = (h ^ h >> 13) + (uint32_t)at[2] * 0xc2b2ae3du;
    h *= 0x27d4eb2fu;
    return h ^ h >> 16;
}

int st_cells_ground_brick(const st_cells* cells, const int32_t at[3])
{
    for (uint32_t i = hash_of(at);; i++) {
        const int32_t brick = cells->brick_table[i & cells->brick_table_mask];
        if (brick < 0 || memcmp(cells->brick_at[brick], at, 3 * sizeof *at) == 0) {
            return brick;
        }
    }
}

static bool is_open(const st_cells* cells, int medium)
{
    return medium > 0 && cells->def.open_media >> medium & 1;
}

// Coordinates on the bricks' lattice; false outside the box.
static bool voxel_of(const st_cells* cells, const int32_t tick[3], int32_t voxel[3])
{
    for (int axis = 0; axis < 3; axis++) {
        if (tick[axis] < 0) {
            return false;
        }
        const int32_t at = (int32_t)(((double)tick[axis] + 0.5) * cells->per_voxel[axis]);
        if (at >= cells->frame.size[axis]) {
            return false;
        }
        voxel[axis] = at + cells->shift[axis];
    }
    return true;
}

static int brick_near(const st_cells* cells, const int32_t at[3], int home)
{
    if (home >= 0) {
        const int32_t* own = cells->brick_at[home];
        const int32_t dx = at[0] - own[0];
        const int32_t dy = at[1] - own[1];
        const int32_t dz = at[2] - own[2];
        if (dx >= -1 && dx <= 1 && dy >= -1 && dy <= 1 && dz >= -1 && dz <= 1) {
            return cells->around[home][13 + dx + 3 * dy + 9 * dz];
        }
    }
    return st_cells_ground_brick(cells, at);
}

bool st_cells_ground_at(const st_cells* cells, const int32_t tick[3], int home, int* brick,
                        int* voxel)
{
    int32_t at[3];
    *brick = -1;
    *voxel = 0;
    if (!voxel_of(cells, tick, at)) {
        return false;
    }
    const int32_t in_brick[3] = {at[0] >> 3, at[1] >> 3, at[2] >> 3};
    *brick = brick_near(cells, in_brick, home);
    *voxel = (at[2] & 7) * 64 + (at[1] & 7) * 8 + (at[0] & 7);
    return *brick >= 0 && is_open(cells, st_tissue_brick_media(cells->def.tissue, *brick)[*voxel]);
}

bool st_cells_ground_tick(const st_cells* cells, const double at_um[3], int32_t tick[3])
{
    for (int axis = 0; axis < 3; axis++) {
        const double where = (at_um[axis] - cells->frame.origin_um[axis]) / cells->tick_um;
        if (!(where >= 0.0) || !(where < 1073741823.0)) {
            return false;
        }
        tick[axis] = (int32_t)where;
    }
    int32_t voxel[3];
    return voxel_of(cells, tick, voxel);
}

int st_cells_ground_medium(const st_cells* cells, const int32_t tick[3])
{
    int brick;
    int voxel;
    int32_t at[3];
    if (!voxel_of(cells, tick, at)) {
        return -1;
    }
    (void)st_cells_ground_at(cells, tick, -1, &brick, &voxel);
    return brick < 0 ? 0 : st_tissue_brick_media(cells->def.tissue, brick)[voxel];
}

void st_cells_ground_slide(const st_cells* cells, int home, const int32_t from[3],
                           const int32_t to[3], int32_t out[3])
{
    int brick;
    int voxel;
    if (st_cells_ground_at(cells, to, home, &brick, &voxel)) {
        memcpy(out, to, 3 * sizeof *out);
        return;
    }
    memcpy(out, from, 3 * sizeof *out);
    for (int axis = 0; axis < 3; axis++) {
        const int32_t before = out[axis];
        out[axis] = to[axis];
        if (!st_cells_ground_at(cells, out, home, &brick, &voxel)) {
            out[axis] = before;
        }
    }
}

// Does a wall of this voxel come within `radius` of the stretch low ... high (ticks)?
static bool is_wall_near(const st_cells* cells, int brick, int voxel, const int32_t low[3],
                         const int32_t high[3], double radius_um)
{
    if (cells->wall_row[brick] < 0) {
        return false;
    }
    const uint32_t wall =
        cells->wall[(size_t)cells->wall_row[brick] * ST_BRICK_VOXELS + (size_t)voxel];
    for (int side = 0; side < 6; side++) {
        const int away = (int)(wall >> 4 * side & 15u);
        if (away == 15) {
            continue;
        }
        // The wall's plane, and the end of the stretch on its side, in voxels of the box.
        const int axis = side / 2;
        const int in_brick = voxel >> 3 * axis & 7;
        const int own =
            cells->brick_at[brick][axis] * ST_BRICK_EDGE + in_brick - cells->shift[axis];
        const double d = side % 2
                             ? own + 1 + away - ((double)high[axis] + 1.0) * cells->per_voxel[axis]
                             : (double)low[axis] * cells->per_voxel[axis] - (own - away);
        if (d * cells->frame.voxel_um[axis] < radius_um) {
            return true;
        }
    }
    return false;
}

/// Most voxels along a way that are looked at.
#define WAY_VOXELS 64

bool st_cells_ground_free(const st_cells* cells, int home, const int32_t from[3],
                          const int32_t to[3], double radius_um)
{
    int32_t low[3];
    int32_t high[3];
    int32_t first[3];
    int32_t last[3];
    for (int axis = 0; axis < 3; axis++) {
        low[axis] = from[axis] < to[axis] ? from[axis] : to[axis];
        high[axis] = from[axis] < to[axis] ? to[axis] : from[axis];
    }
    if (!voxel_of(cells, low, first) || !voxel_of(cells, high, last)) {
        return false;
    }
    const int64_t count =
        (int64_t)(last[0] - first[0] + 1) * (last[1] - first[1] + 1) * (last[2] - first[2] + 1);
    if (count > WAY_VOXELS) {
        return false;
    }
    for (int32_t z = first[2]; z <= last[2]; z++) {
        for (int32_t y = first[1]; y <= last[1]; y++) {
            for (int32_t x = first[0]; x <= last[0]; x++) {
                const int32_t at[3] = {x >> 3, y >> 3, z >> 3};
                const int brick = brick_near(cells, at, home);
                const int voxel = (z & 7) * 64 + (y & 7) * 8 + (x & 7);
                if (brick < 0 ||
                    !is_open(cells, st_tissue_brick_media(cells->def.tissue, brick)[voxel]) ||
                    (radius_um > 0.0 && is_wall_near(cells, brick, voxel, low, high, radius_um))) {
                    return false;
                }
            }
        }
    }
    return true;
}

// --- making
// ---------------------------------------------------------------------------------------

static st_status make_bricks(st_ctx* ctx, st_cells* cells)
{
    const int count = cells->brick_count;
    uint32_t size = 16;
    while (size < 2u * (uint32_t)count) {
        size *= 2;
    }
    cells->brick_table_mask = size - 1;
    cells->brick_table = st_alloc(ctx, size, sizeof *cells->brick_table);
    cells->brick_at = st_alloc(ctx, (size_t)count, sizeof *cells->brick_at);
    cells->around = st_alloc(ctx, (size_t)count, sizeof *cells->around);
    if (!cells->brick_table || !cells->brick_at || !cells->around) {
        return ST_ERR_MEMORY;
    }
    memset(cells->brick_table, 0xff, size * sizeof *cells->brick_table);
    for (int b = 0; b < count; b++) {
        int low[3];
        st_tissue_brick_voxel(cells->def.tissue, b, low);
        for (int axis = 0; axis < 3; axis++) {
            cells->shift[axis] = (ST_BRICK_EDGE - (low[axis] & 7)) & 7;
            cells->brick_at[b][axis] = (low[axis] + cells->shift[axis]) / ST_BRICK_EDGE;
        }
        uint32_t i = hash_of(cells->brick_at[b]);
        while (cells->brick_table[i & cells->brick_table_mask] >= 0) {
            i++;
        }
        cells->brick_table[i & cells->brick_table_mask] = b;
    }
    for (int b = 0; b < count; b++) {
        for (int k = 0; k < 27; k++) {
            const int32_t at[3] = {cells->brick_at[b][0] + k % 3 - 1,
                                   cells->brick_at[b][1] + k / 3 % 3 - 1,
                                   cells->brick_at[b][2] + k / 9 - 1};
            cells->around[b][k] = st_cells_ground_brick(cells, at);
        }
    }
    return ST_OK;
}

// Voxels that a cell can go from this one before it meets a wall, up to `most`; 15 = none there.
static uint32_t free_way(const st_cells* cells, int brick, int voxel, int side, int most)
{
    const int axis = side / 2;
    const int step = side % 2 ? 1 : -1;
    int32_t at[3] = {voxel & 7, voxel >> 3 & 7, voxel >> 6};
    for (int n = 0; n < most; n++) {
        at[axis] += step;
        if (at[axis] < 0 || at[axis] >= ST_BRICK_EDGE) {
            static const int apart[3] = {1, 3, 9};
            brick = cells->around[brick][13 + step * apart[axis]];
            at[axis] &= 7;
        }
        if (brick < 0 ||
            !is_open(cells, st_tissue_brick_media(cells->def.tissue,
                                                  brick)[at[2] * 64 + at[1] * 8 + at[0]])) {
            return (uint32_t)n;
        }
    }
    return 15;
}

static bool is_inside(const st_cells* cells, const uint8_t* is_full, int brick)
{
    for (int k = 0; k < 27; k++) {
        const int b = cells->around[brick][k];
        if (b < 0 || !is_full[b]) {
            return false;
        }
    }
    return true;
}

static st_status make_walls(st_ctx* ctx, st_cells* cells, uint8_t* is_full)
{
    double radius = 0.0;
    for (int t = 0; t < cells->def.type_count; t++) {
        radius = fmax(
            radius, st_cells_body_radius(st_cells_store_form(2.0 * cells->type[t].volume_um3, t)));
    }
    int most[3];
    for (int axis = 0; axis < 3; axis++) {
        most[axis] = (int)fmin(FREE_MOST, ceil(radius / cells->frame.voxel_um[axis]));
    }
    cells->wall_row = st_alloc(ctx, (size_t)cells->brick_count, sizeof *cells->wall_row);
    if (!cells->wall_row) {
        return ST_ERR_MEMORY;
    }
    int rows = 0;
    for (int b = 0; b < cells->brick_count; b++) {
        cells->wall_row[b] = is_inside(cells, is_full, b) ? -1 : rows++;
    }
    cells->wall = st_alloc(ctx, (size_t)rows * ST_BRICK_VOXELS, sizeof *cells->wall);
    if (!cells->wall) {
        return ST_ERR_MEMORY;
    }
    for (int b = 0; b < cells->brick_count; b++) {
        if (cells->wall_row[b] < 0) {
            continue;
        }
        uint32_t* wall = cells->wall + (size_t)cells->wall_row[b] * ST_BRICK_VOXELS;
        const uint8_t* media = st_tissue_brick_media(cells->def.tissue, b);
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            for (int side = 0; side < 6 && is_open(cells, media[v]); side++) {
                wall[v] |= free_way(cells, b, v, side, most[side / 2]) << 4 * side;
            }
        }
    }
    return ST_OK;
}

st_status st_cells_ground_create(st_ctx* ctx, st_cells* cells)
{
    cells->frame = st_tissue_frame_of(cells->def.tissue);
    cells->brick_count = st_tissue_brick_count(cells->def.tissue);
    double extent = 0.0;
    for (int axis = 0; axis < 3; axis++) {
        extent = fmax(extent, cells->frame.size[axis] * cells->frame.voxel_um[axis]);
    }
    cells->tick_um = 0x1p-22; // finer would be less than what forces resolve
    while (extent / cells->tick_um > 1073000000.0) {
        cells->tick_um *= 2.0;
    }
    for (int axis = 0; axis < 3; axis++) {
        cells->per_voxel[axis] = cells->tick_um / cells->frame.voxel_um[axis];
    }
    ST_TRY(make_bricks(ctx, cells));
    uint8_t* is_full = st_alloc(ctx, (size_t)cells->brick_count, 1);
    if (!is_full) {
        return ST_ERR_MEMORY;
    }
    int64_t open = 0;
    for (int b = 0; b < cells->brick_count; b++) {
        const uint8_t* media = st_tissue_brick_media(cells->def.tissue, b);
        int own = 0;
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            own += is_open(cells, media[v]);
        }
        is_full[b] = own == ST_BRICK_VOXELS;
        open += own;
    }
    cells->open_um3 = (double)open * st_tissue_voxel_volume_um3(cells->def.tissue);
    const st_status status = make_walls(ctx, cells, is_full);
    st_free(ctx, is_full);
    return status;
}

void st_cells_ground_destroy(st_cells* cells)
{
    st_free(cells->ctx, cells->brick_table);
    st_free(cells->ctx, cells->brick_at);
    st_free(cells->ctx, cells->around);
    st_free(cells->ctx, cells->wall_row);
    st_free(cells->ctx, cells->wall);
}
