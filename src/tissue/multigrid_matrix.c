// The matrix of a system on all levels: reaction coefficients, diagonals, the dense bottom. [TIS-5]

#include "tissue/multigrid.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

typedef struct fill {
    st_multigrid* mg;
    int level;
    const double* by_medium;
} fill;

static const float* wall_of(const st_faces* f, int brick)
{
    return f->slot[brick] >= 0 ? f->wall + (size_t)f->slot[brick] * V : NULL;
}

static float a_of(const st_multigrid* mg, int level, int brick, int voxel)
{
    const st_faces* f = &mg->transport->level[level];
    if (mg->a_by_medium && f->slot[brick] < 0) {
        return mg->level[level].a0[f->uniform[brick]];
    }
    if (st_multigrid_is_wall_alone(mg, level)) {
        const size_t at = (size_t)f->slot[brick] * V + (size_t)voxel;
        return mg->level[0].a0[mg->sole_medium[brick]] + f->wall[at];
    }
    return mg->level[level].a[st_multigrid_matrix_at(&mg->level[level], brick) + (size_t)voxel];
}

// Mean of the finer reaction coefficients, of one eighth of a brick; walls have their own rule.
static void coarse_octant(const fill* w, int32_t child, float* a)
{
    static const int corner[8] = {0, 1, 8, 9, 64, 65, 72, 73};
    const st_multigrid* mg = w->mg;
    const st_faces* finer = &mg->transport->level[w->level - 1];
    const bool is_alone = st_multigrid_is_wall_alone(mg, w->level - 1);
    const bool is_constant = mg->a_by_medium && (finer->slot[child] < 0 || is_alone);
    const uint8_t medium = is_alone ? mg->sole_medium[child] : finer->uniform[child];
    const uint8_t* is_there = mg->level[w->level - 1].grid.medium + (size_t)child * V;
    const float a0 = is_constant ? mg->level[w->level - 1].a0[medium] : 0.0f;
    const st_level* below = &mg->level[w->level - 1];
    const float* fine = is_constant ? NULL : below->a + st_multigrid_matrix_at(below, child);
    const float* wall = is_constant ? NULL : wall_of(finer, child);
    for (int i = 0; i < 64; i++) {
        const int at = ((i >> 4) * 16 + (i >> 2 & 3) * 2) * 8 + (i & 3) * 2;
        float sum = 0.0f;
        for (int k = 0; k < 8; k++) {
            const float constant = is_there[at + corner[k]] ? a0 : 0.0f;
            const float own = is_constant ? constant : fine[at + corner[k]];
            sum += own - (wall ? wall[at + corner[k]] : 0.0f);
        }
        a[((i >> 4) * 8 + (i >> 2 & 3)) * 8 + (i & 3)] = 0.125f * sum;
    }
}

static void coarse_a(const fill* w, int brick, float* a)
{
    const st_level* l = &w->mg->level[w->level];
    const int none = w->mg->level[w->level - 1].grid.brick_count;
    const float* wall = wall_of(&w->mg->transport->level[w->level], brick);
    memset(a, 0, V * sizeof *a);
    for (int k = 0; k < 8; k++) {
        const int32_t child = l->grid.child[brick][k];
        if (child < none) {
            coarse_octant(w, child, a + (k & 1) * 4 + (k >> 1 & 1) * 32 + (k >> 2) * 256);
        }
    }
    for (int v = 0; v < V && wall; v++) {
        a[v] += wall[v];
    }
}

static float inverse_of(float a, const float c[6])
{
    float d = a;
    for (int side = 0; side < 6; side++) {
        d += c[side];
    }
    return d > 0.0f ? 1.0f / d : 0.0f;
}

static void fine_a(const fill* w, const uint8_t* medium, const float* wall, float* a)
{
    float of[ST_MEDIUM_LIMIT + 1] = {0.0f};
    for (int m = 1; m <= ST_MEDIUM_LIMIT && w->mg->a_by_medium; m++) {
        of[m] = (float)w->by_medium[m];
    }
    for (int v = 0; v < V; v++) {
        const float own = w->mg->a_by_medium ? of[medium[v]] : a[v];
        a[v] = medium[v] ? own + (wall ? wall[v] : 0.0f) : 0.0f;
    }
}

// 1 / (a + sum c), 0 where there is nothing.
static void fill_inverse(const st_faces* f, int brick, const uint8_t* medium, const float* a,
                         float* inverse)
{
    float d[V];
    memcpy(d, a, sizeof d);
    if (f->slot[brick] >= 0) {
        for (int side = 0; side < 6; side++) {
            float face[V];
            st_transport_side(f, brick, side, face);
            for (int v = 0; v < V; v++) {
                d[v] += face[v];
            }
        }
    } else {
        const float* c = f->c[f->uniform[brick]];
        for (int v = 0; v < V; v++) {
            d[v] = d[v] + c[0] + c[0] + c[1] + c[1] + c[2] + c[2];
        }
    }
    for (int v = 0; v < V; v++) {
        const float safe = d[v] > 0.0f ? d[v] : 1.0f;
        const float one = 1.0f / safe;
        inverse[v] = medium[v] && d[v] > 0.0f ? one : 0.0f;
    }
}

static void fill_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const fill* w = arg;
    st_level* l = &w->mg->level[w->level];
    const st_faces* f = &w->mg->transport->level[w->level];
    for (int i = first; i < last; i++) {
        if (f->slot[i] < 0 && w->mg->a_by_medium) {
            continue;
        }
        float alone[V];
        float* a = st_multigrid_is_wall_alone(w->mg, w->level)
                       ? alone
                       : l->a + st_multigrid_matrix_at(l, i);
        const uint8_t* medium = l->grid.medium + (size_t)i * V;
        if (w->level > 0) {
            coarse_a(w, i, a);
        } else {
            fine_a(w, medium, wall_of(f, i), a);
        }
        fill_inverse(f, i, medium, a, l->inverse + st_multigrid_matrix_at(l, i));
    }
}

// Cholesky of the coarsest matrix, in double.
static st_status factor_dense(st_multigrid* mg)
{
    const int bottom = mg->level_count - 1;
    const st_faces* f = &mg->transport->level[bottom];
    const st_grid* grid = &mg->level[bottom].grid;
    const int n = mg->dense_count;
    double* m = mg->dense_factor;
    memset(m, 0, (size_t)n * (size_t)n * sizeof *m);
    static const int stride[3] = {1, 8, 64};
    for (int i = 0; i < n; i++) {
        const int brick = mg->dense_at[i] / V;
        const int voxel = mg->dense_at[i] % V;
        double d = a_of(mg, bottom, brick, voxel);
        for (int side = 0; side < 6; side++) {
            const double c = st_transport_face(f, brick, side, voxel);
            d += c;
            const int axis = side / 2;
            const int at = voxel / stride[axis] % 8;
            const bool is_inside = side % 2 ? at < 7 : at > 0;
            const int step = side % 2 ? stride[axis] : -stride[axis];
            const int32_t next = is_inside ? brick : grid->neighbour[brick][side];
            const int32_t other = next * V + (is_inside ? voxel + step : voxel - 7 * step);
            for (int j = 0; j < n && c > 0.0; j++) {
                if (mg->dense_at[j] == other) {
                    m[i * n + j] = -c;
                }
            }
        }
        m[i * n + i] = d;
    }
    for (int i = 0; i < n; i++) {
        const double diagonal = m[i * n + i];
        for (int j = 0; j <= i; j++) {
            double sum = m[i * n + j];
            for (int k = 0; k < j; k++) {
                sum -= m[i * n + k] * m[j * n + k];
            }
            if (j < i) {
                m[i * n + j] = sum / m[j * n + j];
            } else if (!(sum > 1e-9 * diagonal)) {
                return ST_ERR_NUMERIC;
            } else {
                m[i * n + i] = sqrt(sum);
            }
        }
    }
    return ST_OK;
}

st_status st_multigrid_set(st_multigrid* mg, const st_transport* transport, const double* by_medium)
{
    const size_t size = sizeof mg->made_of;
    mg->transport = transport;
    mg->a_by_medium = by_medium != NULL;
    if (by_medium && mg->made_for == transport && memcmp(mg->made_of, by_medium, size) == 0) {
        return ST_OK;
    }
    mg->made_for = NULL;
    mg->diagonal = INFINITY;
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        const float* c = transport->level[0].c[m];
        const float d = 2.0f * (c[0] + c[1] + c[2]) + (by_medium ? (float)by_medium[m] : 0.0f);
        mg->diagonal = d > 0.0f && d < mg->diagonal && mg->medium_is_used[m] ? d : mg->diagonal;
    }
    for (int level = 0; level < mg->level_count; level++) {
        st_level* l = &mg->level[level];
        for (int m = 1; m <= ST_MEDIUM_LIMIT && by_medium; m++) {
            const float* c = transport->level[level].c[m];
            const float all[6] = {c[0], c[0], c[1], c[1], c[2], c[2]};
            l->a0[m] = (float)by_medium[m];
            l->inverse0[m] = inverse_of(l->a0[m], all);
        }
        fill w = {.mg = mg, .level = level, .by_medium = by_medium};
        st_grid_each(mg->pool, l->grid.brick_count, fill_chunk, &w);
    }
    ST_TRY(factor_dense(mg));
    if (by_medium) {
        mg->made_for = transport;
        memcpy(mg->made_of, by_medium, size);
    }
    return ST_OK;
}
