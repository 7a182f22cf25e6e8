// Questions about a cell's surroundings.

#include "cells/cells_near.h"

#include <math.h>
#include <string.h>

// First slot of [first, last) whose voxel is not below.
static int64_t lower(const uint16_t* voxel, int64_t first, int64_t last, int below)
{
    while (first < last) {
        const int64_t middle = first + (last - first) / 2;
        if (voxel[middle] < below) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    return first;
}

// The same from nearby: fewer guesses for the processor than halving.
static int64_t walk(const uint16_t* voxel, int64_t first, int64_t last, int below)
{
    while (first + 8 < last && voxel[first + 8] < below) {
        first += 8;
    }
    while (first < last && voxel[first] < below) {
        first++;
    }
    return first;
}

static void test_range(const st_cells* cells, const int32_t tick[3], double square, int64_t first,
                       int64_t last, st_cells_near_fn fn, void* arg)
{
    for (int64_t s = first; s < last; s++) {
        double sum = 0.0;
        for (int axis = 0; axis < 3; axis++) {
            const double d = (double)cells->c.body[s].tick[axis] - (double)tick[axis];
            sum += d * d;
        }
        if (sum <= square) {
            fn(arg, s, sum);
        }
    }
}

void st_cells_near_each(const st_cells* cells, const int32_t tick[3], double radius_um,
                        st_cells_near_fn fn, void* arg)
{
    const double radius = radius_um / cells->tick_um;
    const double margin = (radius_um + cells->way_um) / cells->tick_um + 2.0;
    int32_t low[3];
    int32_t high[3];
    for (int axis = 0; axis < 3; axis++) {
        low[axis] =
            (int32_t)fmax(0.0, (tick[axis] - margin) * cells->per_voxel[axis]) + cells->shift[axis];
        high[axis] = (int32_t)fmin(cells->frame.size[axis] - 1.0,
                                   (tick[axis] + margin) * cells->per_voxel[axis]) +
                     cells->shift[axis];
    }
    for (int32_t bz = low[2] >> 3; bz <= high[2] >> 3; bz++) {
        for (int32_t by = low[1] >> 3; by <= high[1] >> 3; by++) {
            for (int32_t bx = low[0] >> 3; bx <= high[0] >> 3; bx++) {
                const int32_t at[3] = {bx, by, bz};
                const int brick = st_cells_ground_brick(cells, at);
                if (brick < 0 || cells->start[brick] == cells->start[brick + 1]) {
                    continue;
                }
                const int64_t first = cells->start[brick];
                const int64_t last = cells->start[brick + 1];
                if (last - first <= 32) {
                    test_range(cells, tick, radius * radius, first, last, fn, arg);
                    continue;
                }
                const int x0 = bx == low[0] >> 3 ? low[0] & 7 : 0;
                const int x1 = bx == high[0] >> 3 ? high[0] & 7 : 7;
                const int y0 = by == low[1] >> 3 ? low[1] & 7 : 0;
                const int y1 = by == high[1] >> 3 ? high[1] & 7 : 7;
                const int z0 = bz == low[2] >> 3 ? low[2] & 7 : 0;
                const int z1 = bz == high[2] >> 3 ? high[2] & 7 : 7;
                int64_t from = first;
                for (int z = z0; z <= z1; z++) {
                    from = lower(cells->c.voxel, from, last, z * 64 + y0 * 8 + x0);
                    for (int y = y0; y <= y1; y++) {
                        from = walk(cells->c.voxel, from, last, z * 64 + y * 8 + x0);
                        const int64_t to =
                            walk(cells->c.voxel, from, last, z * 64 + y * 8 + x1 + 1);
                        test_range(cells, tick, radius * radius, from, to, fn, arg);
                        from = to;
                    }
                }
            }
        }
    }
}

typedef struct near_call {
    const st_cells* cells;
    int64_t own;
    st_neighbour* out;
    int capacity, count;
} near_call;

static void add_near(void* arg, int64_t slot, double square)
{
    near_call* n = arg;
    if (slot == n->own) {
        return;
    }
    const uint64_t id = n->cells->c.id[slot];
    int at = n->count < n->capacity ? n->count : n->capacity;
    n->count++;
    if (at == n->capacity && (at == 0 || n->out[at - 1].id < id)) {
        return;
    }
    at -= at == n->capacity;
    for (; at > 0 && n->out[at - 1].id > id; at--) {
        n->out[at] = n->out[at - 1];
    }
    n->out[at] = (st_neighbour){.id = id,
                                .slot = slot,
                                .type = (int)(n->cells->c.body[slot].form & 255u),
                                .distance_um = sqrt(square) * n->cells->tick_um};
}

int st_cells_near(const st_cells* cells, int64_t slot, double radius_um, st_neighbour* out,
                  int capacity)
{
    near_call n = {.cells = cells, .own = slot, .out = out, .capacity = capacity};
    if (radius_um > 0.0) {
        const double radius = radius_um < 1000.0 ? radius_um : 1000.0;
        st_cells_near_each(cells, cells->c.body[slot].tick, radius, add_near, &n);
    }
    return n.count;
}

typedef struct contact_call {
    const st_cells* cells;
    int64_t own;
    double radius, factor;
    int* by_type;
    int count;
} contact_call;

static void add_contact(void* arg, int64_t slot, double square)
{
    contact_call* c = arg;
    const uint32_t form = c->cells->c.body[slot].form;
    const double touch = c->factor * (c->radius + st_cells_body_radius(form)) / c->cells->tick_um;
    if (slot != c->own && square <= touch * touch) {
        c->count++;
        if (c->by_type) {
            c->by_type[form & 255u]++;
        }
    }
}

int st_cells_contacts(const st_cells* cells, int64_t slot, double factor, int* by_type)
{
    const double f = factor > 0.1 ? factor < 2.0 ? factor : 2.0 : 0.1;
    contact_call c = {.cells = cells,
                      .own = slot,
                      .radius = st_cells_radius(cells, slot),
                      .factor = f,
                      .by_type = by_type};
    if (by_type) {
        memset(by_type, 0, (size_t)cells->def.type_count * sizeof *by_type);
    }
    // A cell can at most double its volume between two commits: 2^(1/3) < 1.26.
    const double largest = 1.26 * cells->largest_radius_um;
    st_cells_near_each(cells, cells->c.body[slot].tick, f * (c.radius + largest), add_contact, &c);
    return c.count;
}

// --- fields
// ---------------------------------------------------------------------------------------

int st_cells_voxel(const st_cells* cells, int64_t slot, int* voxel)
{
    int brick;
    (void)st_cells_ground_at(cells, cells->c.body[slot].tick, -1, &brick, voxel);
    return brick;
}

double st_cells_level(const st_cells* cells, int64_t slot, int field)
{
    int voxel;
    const int brick = st_cells_voxel(cells, slot, &voxel);
    return (double)st_tissue_brick_levels(cells->def.tissue, field, brick)[voxel];
}

// Level one voxel further; false where there is no tissue.
static bool level_beside(const st_cells* cells, int field, int brick, int voxel, int axis, int step,
                         double* level)
{
    static const int apart[3] = {1, 3, 9};
    static const int stride[3] = {1, 8, 64};
    const int at = voxel >> 3 * axis & 7;
    int to = voxel + step * stride[axis];
    if (at + step < 0 || at + step > 7) {
        brick = cells->around[brick][13 + step * apart[axis]];
        to = voxel - 7 * step * stride[axis];
    }
    if (brick < 0 || !st_tissue_brick_media(cells->def.tissue, brick)[to]) {
        return false;
    }
    *level = (double)st_tissue_brick_levels(cells->def.tissue, field, brick)[to];
    return true;
}

void st_cells_gradient(const st_cells* cells, int64_t slot, int field, double out[3])
{
    int voxel;
    const int brick = st_cells_voxel(cells, slot, &voxel);
    const double own = (double)st_tissue_brick_levels(cells->def.tissue, field, brick)[voxel];
    for (int axis = 0; axis < 3; axis++) {
        double low = own;
        double high = own;
        const int below = level_beside(cells, field, brick, voxel, axis, -1, &low);
        const int above = level_beside(cells, field, brick, voxel, axis, 1, &high);
        const int steps = below + above;
        out[axis] = steps > 0 ? (high - low) / (steps * cells->frame.voxel_um[axis]) : 0.0;
    }
}
