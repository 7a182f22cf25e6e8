#include "reach.h"

#include <math.h>

/// Bricks of the box that a dense map may have.
#define MAP_LIMIT 268435456.0
/// Voxels within reach, at most.
#define OFFSET_LIMIT 300000

static st_status find_offsets(st_ctx* ctx, st_arena* arena, double radius_um,
                              const double voxel_um[3], st_reach* out)
{
    int far[3];
    double most = 1.0;
    for (int i = 0; i < 3; i++) {
        const double steps = floor(radius_um / voxel_um[i]);
        most *= 2.0 * steps + 1.0;
        far[i] = most <= OFFSET_LIMIT ? (int)steps : 0;
    }
    if (!(most <= OFFSET_LIMIT)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents.reach = %g um: %g voxels lie within reach, at most "
                       "%d are allowed",
                       radius_um, most, OFFSET_LIMIT);
    }
    out->offset = st_arena_alloc(arena, (size_t)most, sizeof *out->offset);
    if (out->offset == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int z = -far[2]; z <= far[2]; z++) {
        for (int y = -far[1]; y <= far[1]; y++) {
            for (int x = -far[0]; x <= far[0]; x++) {
                const double d[3] = {x * voxel_um[0], y * voxel_um[1], z * voxel_um[2]};
                if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= radius_um * radius_um) {
                    int* o = out->offset[out->offset_count++];
                    o[0] = x;
                    o[1] = y;
                    o[2] = z;
                }
            }
        }
    }
    return ST_OK;
}

static st_status map_bricks(st_ctx* ctx, st_arena* arena, st_reach* out)
{
    int last[3] = {0, 0, 0};
    out->low = st_arena_alloc(arena, (size_t)out->brick_count + 1u, sizeof *out->low);
    if (out->low == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int b = 0; b < out->brick_count; b++) {
        st_tissue_brick_voxel(out->tissue, b, out->low[b]);
        for (int i = 0; i < 3; i++) {
            out->first[i] =
                b == 0 || out->low[b][i] < out->first[i] ? out->low[b][i] : out->first[i];
            last[i] = b == 0 || out->low[b][i] > last[i] ? out->low[b][i] : last[i];
        }
    }
    double bricks = 1.0;
    for (int i = 0; i < 3; i++) {
        out->size[i] = (last[i] - out->first[i]) / ST_BRICK_EDGE + 1;
        bricks *= out->size[i];
    }
    if (bricks > MAP_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: the box spans %g bricks, at most %g are allowed",
                       bricks, MAP_LIMIT);
    }
    out->brick_at = st_arena_alloc(arena, (size_t)bricks, sizeof *out->brick_at);
    if (out->brick_at == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int b = 0; b < out->brick_count; b++) {
        int at[3];
        for (int i = 0; i < 3; i++) {
            at[i] = (out->low[b][i] - out->first[i]) / ST_BRICK_EDGE;
        }
        out->brick_at[((int64_t)at[2] * out->size[1] + at[1]) * out->size[0] + at[0]] = b + 1;
    }
    return ST_OK;
}

st_status st_reach_init(st_ctx* ctx, st_arena* arena, const st_tissue* tissue, double radius_um,
                        const double voxel_um[3], st_reach* out)
{
    *out = (st_reach){.tissue = tissue,
                      .is_whole = isinf(radius_um),
                      .brick_count = st_tissue_brick_count(tissue)};
    if (!out->is_whole) {
        ST_TRY(find_offsets(ctx, arena, radius_um, voxel_um, out));
    }
    return map_bricks(ctx, arena, out);
}

/// Brick and number of a voxel of the box; false outside.
static bool find_voxel(const st_reach* reach, const int voxel[3], int* brick, int* at)
{
    int in[3];
    int64_t index = 0;
    for (int i = 2; i >= 0; i--) {
        const int v = voxel[i] - reach->first[i];
        if (v < 0 || v >= reach->size[i] * ST_BRICK_EDGE) {
            return false;
        }
        index = index * reach->size[i] + v / ST_BRICK_EDGE;
        in[i] = v % ST_BRICK_EDGE;
    }
    const int32_t found = reach->brick_at[index];
    *brick = found - 1;
    *at = (in[2] * ST_BRICK_EDGE + in[1]) * ST_BRICK_EDGE + in[0];
    return found > 0;
}

static void voxel_of(const st_reach* reach, int brick, int at, int out[3])
{
    out[0] = reach->low[brick][0] + at % ST_BRICK_EDGE;
    out[1] = reach->low[brick][1] + at / ST_BRICK_EDGE % ST_BRICK_EDGE;
    out[2] = reach->low[brick][2] + at / (ST_BRICK_EDGE * ST_BRICK_EDGE);
}

/// The next voxel of the media within reach, from offset *next on; false at the
/// end.
static bool step_to(const st_reach* reach, uint64_t media, const int centre[3], int* next,
                    int64_t* index)
{
    while (*next < reach->offset_count) {
        const int* o = reach->offset[(*next)++];
        const int voxel[3] = {centre[0] + o[0], centre[1] + o[1], centre[2] + o[2]};
        int brick;
        int at;
        if (find_voxel(reach, voxel, &brick, &at) &&
            (media >> st_tissue_brick_media(reach->tissue, brick)[at] & 1u) != 0) {
            *index = (int64_t)brick * ST_BRICK_VOXELS + at;
            return true;
        }
    }
    return false;
}

double st_reach_sum(const st_reach* reach, const double* value, uint64_t media, int brick, int at,
                    int* voxels)
{
    int centre[3];
    int next = 0;
    int64_t index = 0;
    double sum = 0.0;
    *voxels = 0;
    voxel_of(reach, brick, at, centre);
    while (step_to(reach, media, centre, &next, &index)) {
        sum += value[index];
        ++*voxels;
    }
    return sum;
}

double st_reach_count(const st_reach* reach, const uint32_t* value, uint64_t media, int brick,
                      int at, int* voxels)
{
    int centre[3];
    int next = 0;
    int64_t index = 0;
    uint64_t sum = 0;
    *voxels = 0;
    voxel_of(reach, brick, at, centre);
    while (step_to(reach, media, centre, &next, &index)) {
        sum += value[index];
        ++*voxels;
    }
    return (double)sum;
}
