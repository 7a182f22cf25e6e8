#include "tissue/transport.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

float st_transport_face(const st_faces* f, int brick, int side, int voxel)
{
    if (f->slot[brick] < 0) {
        return f->c[f->uniform[brick]][side / 2];
    }
    return f->face[((size_t)f->slot[brick] * 6 + (size_t)side) * V + (size_t)voxel];
}

double st_transport_wall(const st_transport* t, int medium, int side, int region)
{
    const double wall = t->key.wall[region];
    const double ratio = t->key.ratio[medium];
    const double weight = t->weight[side / 2];
    if (!(wall > 0.0) || !(ratio > 0.0)) {
        return 0.0;
    }
    // Half a voxel of tissue, then the membrane.
    const double tissue = 1.0 / (2.0 * ratio * weight);
    return isinf(wall) ? 1.0 / tissue : 1.0 / (tissue + 1.0 / (wall * sqrt(weight)));
}

// The voxel on the other side of a face: its brick, and its number there.
static int32_t across(const st_grid* grid, int brick, int voxel, int side, int* other)
{
    static const int stride[3] = {1, 8, 64};
    const int axis = side / 2;
    const int at = voxel / stride[axis] % 8;
    const int up = side % 2;
    if (up ? at < 7 : at > 0) {
        *other = voxel + (up ? stride[axis] : -stride[axis]);
        return brick;
    }
    *other = voxel + (up ? -7 : 7) * stride[axis];
    return grid->neighbour[brick][side];
}

typedef struct build {
    const st_transport* t;
    const st_grid* grid;
    const st_grid* fine_grid; // level > 0
    const st_faces* fine;
    st_faces* faces;
} build;

// A brick is uniform when it and the voxels around it are one medium.
static uint8_t uniform_medium(const st_grid* grid, int brick)
{
    const uint8_t* medium = grid->medium + (size_t)brick * V;
    const uint8_t first = medium[0];
    for (int v = 1; v < V; v++) {
        if (medium[v] != first) {
            return 0;
        }
    }
    for (int side = 0; side < 6; side++) {
        for (int i = 0; i < 64; i++) {
            const int u = i % 8;
            const int w = i / 8;
            const int end = side % 2 ? 7 : 0;
            const int voxel = side / 2 == 0   ? w * 64 + u * 8 + end
                              : side / 2 == 1 ? w * 64 + end * 8 + u
                                              : end * 64 + w * 8 + u;
            int other;
            const int32_t next = across(grid, brick, voxel, side, &other);
            if (grid->medium[(size_t)next * V + (size_t)other] != first) {
                return 0;
            }
        }
    }
    return first;
}

static void find_uniform(void* arg, int first, int last, int worker)
{
    (void)worker;
    const build* b = arg;
    for (int i = first; i < last; i++) {
        if (!b->fine) {
            b->faces->uniform[i] = uniform_medium(b->grid, i);
            continue;
        }
        const int32_t* child = b->grid->child[i];
        const int none = b->fine_grid->brick_count;
        uint8_t medium = child[0] < none ? b->fine->uniform[child[0]] : 0;
        for (int k = 1; k < 8; k++) {
            medium = child[k] < none && b->fine->uniform[child[k]] == medium ? medium : 0;
        }
        b->faces->uniform[i] = medium;
    }
}

// Two half voxels in series: the harmonic mean keeps the flux continuous.               [TIS-3]
static void fine_faces(const build* b, int brick)
{
    const st_transport* t = b->t;
    float* face = b->faces->face + (size_t)b->faces->slot[brick] * 6 * V;
    const uint8_t* medium = b->grid->medium;
    for (int v = 0; v < V; v++) {
        const double own = t->key.ratio[medium[(size_t)brick * V + (size_t)v]];
        for (int side = 0; side < 6; side++) {
            int other;
            const int32_t next = across(b->grid, brick, v, side, &other);
            const double there = t->key.ratio[medium[(size_t)next * V + (size_t)other]];
            const double mean = own > 0.0 && there > 0.0
                                    ? (own == there ? own : 2.0 * own * there / (own + there))
                                    : 0.0;
            face[side * V + v] = (float)(mean * t->weight[side / 2]);
        }
    }
}

// The first of the eight finer voxels inside a coarse voxel: its brick and number.
static int32_t first_child(const st_grid* grid, int brick, int voxel, int* at)
{
    const int x = voxel & 7;
    const int y = voxel >> 3 & 7;
    const int z = voxel >> 6;
    *at = ((2 * (z & 3)) * 8 + 2 * (y & 3)) * 8 + 2 * (x & 3);
    return grid->child[brick][(x >> 2) + 2 * (y >> 2) + 4 * (z >> 2)];
}

// Four faces of half the width, twice as far apart; walls lose half of their tissue. [TIS-5]
static void coarse_faces(const build* b, int brick)
{
    static const int corner[8] = {0, 1, 8, 9, 64, 65, 72, 73};
    float* face = b->faces->face + (size_t)b->faces->slot[brick] * 6 * V;
    float* wall = b->faces->wall + (size_t)b->faces->slot[brick] * V;
    for (int v = 0; v < V; v++) {
        int at;
        const int32_t child = first_child(b->grid, brick, v, &at);
        if (child >= b->fine_grid->brick_count) {
            continue;
        }
        for (int side = 0; side < 6; side++) {
            float sum = 0.0f;
            for (int k = 0; k < 8; k++) {
                if ((k >> (side / 2) & 1) == side % 2) {
                    sum += st_transport_face(b->fine, child, side, at + corner[k]);
                }
            }
            face[side * V + v] = sum * 0.0625f;
        }
        if (b->fine->slot[child] < 0) {
            continue;
        }
        const float* fine = b->fine->wall + (size_t)b->fine->slot[child] * V;
        double sum = 0.0;
        for (int k = 0; k < 8; k++) {
            const double g = fine[at + corner[k]];
            double c = 0.0;
            for (int side = 0; side < 6; side++) {
                const double f = st_transport_face(b->fine, child, side, at + corner[k]);
                c = f > c ? f : c;
            }
            sum += g > 0.0 && c > 0.0 ? 1.0 / (1.0 / g + 1.0 / (2.0 * c)) : 0.5 * g;
        }
        wall[v] = (float)(sum * 0.125);
    }
}

static void fill_faces(void* arg, int first, int last, int worker)
{
    (void)worker;
    const build* b = arg;
    for (int i = first; i < last; i++) {
        if (b->faces->slot[i] < 0) {
            continue;
        }
        if (b->fine) {
            coarse_faces(b, i);
        } else {
            fine_faces(b, i);
        }
    }
}

static st_status build_level(st_ctx* ctx, st_transport* t, const st_grid* grid, int level,
                             st_pool* pool)
{
    st_faces* f = &t->level[level];
    const st_grid* g = &grid[level];
    const size_t count = (size_t)g->brick_count;
    f->slot = st_alloc(ctx, count + 1, sizeof *f->slot);
    f->uniform = st_alloc(ctx, count + 1, 1);
    if (!f->slot || !f->uniform) {
        return ST_ERR_MEMORY;
    }
    build b = {.t = t, .grid = g, .faces = f};
    if (level > 0) {
        b.fine = &t->level[level - 1];
        b.fine_grid = &grid[level - 1];
    }
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        for (int axis = 0; axis < 3; axis++) {
            f->c[m][axis] = level ? 0.25f * b.fine->c[m][axis]
                                  : (float)(t->key.ratio[m] * t->weight[axis]);
        }
    }
    st_grid_each(pool, g->brick_count, find_uniform, &b);
    for (size_t i = 0; i < count; i++) {
        f->slot[i] = f->uniform[i] ? -1 : f->slot_count++;
    }
    f->face = st_grid_alloc(ctx, (size_t)f->slot_count * 6 * V, sizeof *f->face);
    f->wall = st_grid_alloc(ctx, (size_t)f->slot_count * V, sizeof *f->wall);
    if (!f->face || !f->wall) {
        return ST_ERR_MEMORY;
    }
    st_grid_each(pool, g->brick_count, fill_faces, &b);
    return ST_OK;
}

// Walls of the finest level; a voxel may have several.
static void add_walls(st_transport* t, const st_grid* grid, const st_wall_face* wall,
                      int64_t wall_count)
{
    st_faces* f = &t->level[0];
    for (int64_t i = 0; i < wall_count; i++) {
        const st_wall_face* w = &wall[i];
        const int medium = grid->medium[(size_t)w->brick * V + (size_t)w->voxel];
        ST_ASSERT(f->slot[w->brick] >= 0); // a brick with a wall has an empty voxel beside it
        f->wall[(size_t)f->slot[w->brick] * V + (size_t)w->voxel] +=
            (float)st_transport_wall(t, medium, w->side, w->region);
    }
}

st_status st_transport_create(st_ctx* ctx, const st_transport_key* key, const st_grid* grid,
                              int level_count, const double voxel_um[3],
                              const st_wall_face* wall, int64_t wall_count, st_pool* pool,
                              st_transport** out)
{
    *out = NULL;
    st_transport* t = st_alloc(ctx, 1, sizeof *t);
    if (!t) {
        return ST_ERR_MEMORY;
    }
    t->key = *key;
    t->level_count = level_count;
    const double smallest = fmin(voxel_um[0], fmin(voxel_um[1], voxel_um[2]));
    for (int axis = 0; axis < 3; axis++) {
        const double h = smallest / voxel_um[axis];
        t->weight[axis] = h * h;
    }
    st_status status = ST_OK;
    for (int level = 0; level < level_count && status == ST_OK; level++) {
        status = build_level(ctx, t, grid, level, pool);
        if (level == 0 && status == ST_OK) {
            add_walls(t, grid, wall, wall_count);
        }
    }
    if (status != ST_OK) {
        st_transport_destroy(ctx, t);
        return status;
    }
    *out = t;
    return ST_OK;
}

void st_transport_destroy(st_ctx* ctx, st_transport* t)
{
    if (!t) {
        return;
    }
    for (int level = 0; level < t->level_count; level++) {
        st_free(ctx, t->level[level].slot);
        st_free(ctx, t->level[level].uniform);
        st_free(ctx, t->level[level].face);
        st_free(ctx, t->level[level].wall);
    }
    st_free(ctx, t);
}
