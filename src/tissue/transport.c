#include "tissue/transport.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

float st_transport_face(const st_faces* f, int brick, int side, int voxel)
{
    if (f->slot[brick] < 0) {
        return f->c[f->uniform[brick]][side / 2];
    }
    const size_t row = (size_t)f->row[f->slot[brick]];
    if (f->sole[brick]) {
        const uint8_t bits = f->open[row * ST_OPEN_BYTES + (size_t)(voxel & ~7) + (size_t)side];
        return bits >> (voxel & 7) & 1 ? f->c[f->sole[brick]][side / 2] : 0.0f;
    }
    return f->face[(row * 6 + (size_t)side) * V + (size_t)voxel];
}

void st_transport_side(const st_faces* f, int brick, int side, float out[V])
{
    if (f->slot[brick] >= 0 && !f->sole[brick]) {
        const size_t row = (size_t)f->row[f->slot[brick]];
        memcpy(out, f->face + (row * 6 + (size_t)side) * V, V * sizeof *out);
        return;
    }
    for (int v = 0; v < V; v++) {
        out[v] = st_transport_face(f, brick, side, v);
    }
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

// Where the tissue of a coarse voxel has its middle, as an offset from the voxel's centre in its
// own edges, and how much of the voxel it fills. Needed only while levels are made.
typedef struct middle {
    float offset[3];
    float volume;
} middle;

typedef struct build {
    const st_transport* t;
    const st_grid* grid;
    const st_grid* fine_grid; // level > 0
    const st_faces* fine;
    st_faces* faces;
    const middle* fine_middle; // NULL at level 1: finest voxels have theirs in the centre
    middle* middle;            // [brick_count * 512]; NULL at level 0
    const float* fine_wall;    // [slot_count][6][512] by side
    float* wall;
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

static const int CORNER[8] = {0, 1, 8, 9, 64, 65, 72, 73};

static middle fine_middle(const build* b, int32_t brick, int voxel)
{
    const size_t at = (size_t)brick * V + (size_t)voxel;
    if (b->fine_middle) {
        return b->fine_middle[at];
    }
    return (middle){.volume = b->fine_grid->medium[at] ? 1.0f : 0.0f};
}

static void find_middles(void* arg, int first, int last, int worker)
{
    (void)worker;
    const build* b = arg;
    for (int i = first; i < last; i++) {
        for (int v = 0; v < V; v++) {
            int at;
            const int32_t child = first_child(b->grid, i, v, &at);
            if (child >= b->fine_grid->brick_count) {
                continue;
            }
            middle sum = {{0.0f, 0.0f, 0.0f}, 0.0f};
            for (int k = 0; k < 8; k++) {
                const middle m = fine_middle(b, child, at + CORNER[k]);
                sum.volume += m.volume;
                for (int axis = 0; axis < 3; axis++) {
                    const float place = (k >> axis & 1 ? 0.25f : -0.25f) + 0.5f * m.offset[axis];
                    sum.offset[axis] += m.volume * place;
                }
            }
            for (int axis = 0; axis < 3 && sum.volume > 0.0f; axis++) {
                sum.offset[axis] /= sum.volume;
            }
            sum.volume *= 0.125f;
            b->middle[(size_t)i * V + (size_t)v] = sum;
        }
    }
}

// From the middle of one voxel to that of its neighbour, in edges.
static float apart(float own, float other, int side)
{
    const float d = 1.0f + (side % 2 ? other - own : own - other);
    return d > 0.25f ? d : 0.25f;
}

// A wall of finer voxels, seen from the middle of the coarse one.
static double coarse_wall(const build* b, int32_t child, int at, const middle* own, int side)
{
    const float* fine = b->fine_wall + ((size_t)b->fine->slot[child] * 6 + (size_t)side) * V;
    const int axis = side / 2;
    double sum = 0.0;
    for (int k = 0; k < 8; k++) {
        const double g = fine[at + CORNER[k]];
        if (!(g > 0.0)) {
            continue;
        }
        double c = 0.0;
        for (int other = 0; other < 6; other++) {
            const double f = st_transport_face(b->fine, child, other, at + CORNER[k]);
            c = f > c ? f : c;
        }
        const middle m = fine_middle(b, child, at + CORNER[k]);
        const double place = (k >> axis & 1 ? 0.5 : -0.5) + (double)m.offset[axis];
        const double inward = (side % 2 ? 1.0 : -1.0) * (place - 2.0 * (double)own->offset[axis]);
        sum += c > 0.0 && inward > 0.0 ? 1.0 / (1.0 / g + inward / c) : g;
    }
    return sum * 0.125;
}

// Conductances keep flux through area: four faces of a quarter of the area, as far apart as the
// middles of the tissue on both sides.                                                   [TIS-5]
static void coarse_faces(const build* b, int brick)
{
    const size_t slot = (size_t)b->faces->slot[brick];
    for (int v = 0; v < V; v++) {
        int at;
        const int32_t child = first_child(b->grid, brick, v, &at);
        if (child >= b->fine_grid->brick_count) {
            continue;
        }
        const middle* own = &b->middle[(size_t)brick * V + (size_t)v];
        for (int side = 0; side < 6; side++) {
            float sum = 0.0f;
            for (int k = 0; k < 8; k++) {
                if ((k >> (side / 2) & 1) != side % 2) {
                    continue;
                }
                int other;
                const int32_t next = across(b->fine_grid, child, at + CORNER[k], side, &other);
                const middle here = fine_middle(b, child, at + CORNER[k]);
                const middle there = fine_middle(b, next, other);
                sum += st_transport_face(b->fine, child, side, at + CORNER[k]) *
                       apart(here.offset[side / 2], there.offset[side / 2], side);
            }
            int other;
            const int32_t next = across(b->grid, brick, v, side, &other);
            const middle* there = &b->middle[(size_t)next * V + (size_t)other];
            b->faces->face[(slot * 6 + (size_t)side) * V + (size_t)v] =
                sum * 0.0625f / apart(own->offset[side / 2], there->offset[side / 2], side);
            if (b->fine->slot[child] >= 0) {
                const double wall = coarse_wall(b, child, at, own, side);
                b->wall[(slot * 6 + (size_t)side) * V + (size_t)v] = (float)wall;
                b->faces->wall[slot * V + (size_t)v] += (float)wall;
            }
        }
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

// Walls of the finest level; a voxel may have several.
static void add_walls(const build* b, const st_wall_face* wall, int64_t wall_count)
{
    st_faces* f = b->faces;
    for (int64_t i = 0; i < wall_count; i++) {
        const st_wall_face* w = &wall[i];
        const int medium = b->grid->medium[(size_t)w->brick * V + (size_t)w->voxel];
        ST_ASSERT(f->slot[w->brick] >= 0); // a brick with a wall has an empty voxel beside it
        const size_t slot = (size_t)f->slot[w->brick];
        const float g = (float)st_transport_wall(b->t, medium, w->side, w->region);
        f->wall[slot * V + (size_t)w->voxel] += g;
        b->wall[(slot * 6 + w->side) * V + (size_t)w->voxel] += g;
    }
}

// The medium of all tissue of a brick, 0 = several or none.
static uint8_t sole_medium(const uint8_t* medium)
{
    uint8_t sole = 0;
    for (int v = 0; v < V; v++) {
        if (medium[v] && sole && medium[v] != sole) {
            return 0;
        }
        sole = medium[v] ? medium[v] : sole;
    }
    return sole;
}

// On coarse levels media are not told apart: that of all finer bricks.
static uint8_t sole_medium_below(const build* b, int brick)
{
    uint8_t sole = 0;
    for (int k = 0; k < 8; k++) {
        const int32_t child = b->grid->child[brick][k];
        if (child >= b->fine_grid->brick_count) {
            continue;
        }
        const uint8_t own =
            b->fine->uniform[child] ? b->fine->uniform[child] : b->fine->sole[child];
        if (!own || (sole && own != sole)) {
            return 0;
        }
        sole = own;
    }
    return sole;
}

// Has every face the medium's conductance, or none and no tissue behind it?
static bool is_open(const build* b, int brick, uint8_t sole, const float* face)
{
    const uint8_t* medium = b->grid->medium;
    for (int v = 0; sole && v < V; v++) {
        for (int side = 0; medium[(size_t)brick * V + (size_t)v] && side < 6; side++) {
            int other;
            const int32_t next = across(b->grid, brick, v, side, &other);
            const bool is_tissue = medium[(size_t)next * V + (size_t)other] != 0;
            if (face[side * V + v] != (is_tissue ? b->faces->c[sole][side / 2] : 0.0f)) {
                return false;
            }
        }
    }
    return sole != 0;
}

static void find_open(void* arg, int first, int last, int worker)
{
    (void)worker;
    const build* b = arg;
    const st_faces* f = b->faces;
    for (int i = first; i < last; i++) {
        if (f->slot[i] >= 0) {
            const float* face = f->face + (size_t)f->slot[i] * 6 * V;
            const uint8_t sole =
                b->fine ? sole_medium_below(b, i) : sole_medium(b->grid->medium + (size_t)i * V);
            f->sole[i] = is_open(b, i, sole, face) ? sole : 0;
        }
    }
}

static void write_bits(const float* face, uint8_t* open)
{
    for (int v = 0; v < V; v++) {
        for (int side = 0; side < 6; side++) {
            const uint8_t bit = face[side * V + v] > 0.0f;
            open[(v & ~7) + side] |= (uint8_t)(bit << (v & 7));
        }
    }
}

// Bricks whose faces are open or closed keep a bit for each instead of its conductance: a
// twenty-fourth of the memory, and of what a residual reads.
static st_status pack_faces(st_ctx* ctx, build* b, st_pool* pool)
{
    st_faces* f = b->faces;
    int mixed = 0;
    int open = 0;
    st_grid_each(pool, b->grid->brick_count, find_open, b);
    f->row = st_alloc(ctx, (size_t)f->slot_count + 1, sizeof *f->row);
    if (!f->row) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < b->grid->brick_count; i++) {
        if (f->slot[i] >= 0) {
            f->row[f->slot[i]] = f->sole[i] ? open++ : mixed++;
        }
    }
    float* face = st_grid_alloc(ctx, (size_t)mixed * 6 * V, sizeof *face);
    f->open = st_grid_alloc(ctx, (size_t)open * ST_OPEN_BYTES, 1);
    if (!face || !f->open) {
        st_free(ctx, face);
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < b->grid->brick_count; i++) {
        const int32_t slot = f->slot[i];
        if (slot < 0) {
            continue;
        }
        const size_t row = (size_t)f->row[slot];
        const float* from = f->face + (size_t)slot * 6 * V;
        if (f->sole[i]) {
            write_bits(from, f->open + row * ST_OPEN_BYTES);
        } else {
            memcpy(face + row * 6 * V, from, 6 * V * sizeof *face);
        }
    }
    st_free(ctx, f->face);
    f->face = face;
    return ST_OK;
}

static st_status build_level(st_ctx* ctx, build* b, int level, st_pool* pool)
{
    st_faces* f = b->faces;
    const size_t count = (size_t)b->grid->brick_count;
    f->slot = st_alloc(ctx, count + 1, sizeof *f->slot);
    f->uniform = st_alloc(ctx, count + 1, 1);
    f->sole = st_alloc(ctx, count + 1, 1);
    if (!f->slot || !f->uniform || !f->sole) {
        return ST_ERR_MEMORY;
    }
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        for (int axis = 0; axis < 3; axis++) {
            f->c[m][axis] = level ? 0.25f * b->fine->c[m][axis]
                                  : (float)(b->t->key.ratio[m] * b->t->weight[axis]);
        }
    }
    st_grid_each(pool, b->grid->brick_count, find_uniform, b);
    for (size_t i = 0; i < count; i++) {
        f->slot[i] = f->uniform[i] ? -1 : f->slot_count++;
    }
    f->face = st_grid_alloc(ctx, (size_t)f->slot_count * 6 * V, sizeof *f->face);
    f->wall = st_grid_alloc(ctx, (size_t)f->slot_count * V, sizeof *f->wall);
    b->wall = st_grid_alloc(ctx, (size_t)f->slot_count * 6 * V, sizeof *b->wall);
    if (!f->face || !f->wall || !b->wall) {
        return ST_ERR_MEMORY;
    }
    if (level > 0) {
        b->middle = st_grid_alloc(ctx, (count + 1) * V, sizeof *b->middle);
        if (!b->middle) {
            return ST_ERR_MEMORY;
        }
        st_grid_each(pool, b->grid->brick_count, find_middles, b);
    }
    st_grid_each(pool, b->grid->brick_count, fill_faces, b);
    return pack_faces(ctx, b, pool);
}

st_status st_transport_create(st_ctx* ctx, const st_transport_key* key, const st_grid* grid,
                              int level_count, const double voxel_um[3], const st_wall_face* wall,
                              int64_t wall_count, st_pool* pool, st_transport** out)
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
    build b = {.t = t};
    for (int level = 0; level < level_count && status == ST_OK; level++) {
        float* last_wall = b.wall;
        middle* last_middle = b.middle;
        b.grid = &grid[level];
        b.faces = &t->level[level];
        b.fine_wall = last_wall;
        b.fine_middle = last_middle;
        b.wall = NULL;
        b.middle = NULL;
        status = build_level(ctx, &b, level, pool);
        if (level == 0 && status == ST_OK) {
            add_walls(&b, wall, wall_count);
        }
        st_free(ctx, last_wall);
        st_free(ctx, last_middle);
        b.fine_grid = b.grid;
        b.fine = b.faces;
    }
    st_free(ctx, b.wall);
    st_free(ctx, b.middle);
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
        st_free(ctx, t->level[level].sole);
        st_free(ctx, t->level[level].row);
        st_free(ctx, t->level[level].open);
        st_free(ctx, t->level[level].face);
        st_free(ctx, t->level[level].wall);
    }
    st_free(ctx, t);
}
