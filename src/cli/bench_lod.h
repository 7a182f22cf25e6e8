/// \file
/// What the field uses: locally one-dimensional implicit steps of fixed length on a dense grid, in
/// single precision, as plainly and as fast as it goes. For tests and benchmarks only: the engine's
/// answers and times are held against it.
///
///     (1 + dt (k/3 - D d2/dx2)) u' = u, then the same along y and z, each by elimination;
///     the source enters first: u + dt s
#ifndef ST_CLI_BENCH_LOD_H
#define ST_CLI_BENCH_LOD_H

#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

typedef struct lod_twin {
    int n[3];
    float* u;          ///< dense, x fastest
    float* source;     ///< per step: dt s, or NULL
    float* forward[3]; ///< elimination factors by axis [n]
    float* inverse[3];
    float couple[3]; ///< dt D / h^2
    float held;      ///< dt 2 D / h^2 x level at the face x-
    st_pool* pool;
} lod_twin;

static inline void lod_line_factors(int n, double couple, double loss, double wall_low,
                                    float* forward, float* inverse)
{
    double last = 0.0;
    for (int i = 0; i < n; i++) {
        double d = 1.0 + loss;
        d += i > 0 ? couple : wall_low;
        d += i < n - 1 ? couple : 0.0;
        const double m = i > 0 ? couple * last : 0.0;
        last = 1.0 / (d - couple * m);
        forward[i] = (float)m;
        inverse[i] = (float)last;
    }
}

/// The face x- holds `level` when `is_held`; all others are closed.
static inline lod_twin lod_begin(const int n[3], double h, double D, double decay, double dt,
                                 bool is_held, double level, st_pool* pool)
{
    lod_twin t = {.pool = pool};
    memcpy(t.n, n, sizeof t.n);
    t.u = calloc((size_t)n[0] * (size_t)n[1] * (size_t)n[2], sizeof *t.u);
    for (int axis = 0; axis < 3; axis++) {
        t.forward[axis] = calloc((size_t)n[axis], sizeof(float));
        t.inverse[axis] = calloc((size_t)n[axis], sizeof(float));
        const double couple = dt * D / (h * h);
        t.couple[axis] = (float)couple;
        lod_line_factors(n[axis], couple, dt * decay / 3.0, axis == 0 && is_held ? 2 * couple : 0.0,
                         t.forward[axis], t.inverse[axis]);
    }
    t.held = is_held ? (float)(2.0 * dt * D / (h * h) * level) : 0.0f;
    return t;
}

static inline void lod_end(lod_twin* t)
{
    free(t->u);
    for (int axis = 0; axis < 3; axis++) {
        free(t->forward[axis]);
        free(t->inverse[axis]);
    }
}

// Lines along x, eight at a time, so that eight eliminations hide each other's latency.
static inline void lod_x_lines(const lod_twin* t, float* plane)
{
    const int n = t->n[0];
    const float* m = t->forward[0];
    const float* inv = t->inverse[0];
    for (int y = 0; y < t->n[1]; y += 8) {
        const int lines = t->n[1] - y < 8 ? t->n[1] - y : 8;
        float* row = plane + (size_t)y * (size_t)n;
        for (int k = 0; k < lines; k++) {
            row[(size_t)k * (size_t)n] += t->held;
        }
        for (int i = 1; i < n; i++) {
            for (int k = 0; k < lines; k++) {
                float* at = row + (size_t)k * (size_t)n + (size_t)i;
                at[0] += m[i] * at[-1];
            }
        }
        for (int k = 0; k < lines; k++) {
            row[((size_t)k + 1) * (size_t)n - 1] *= inv[n - 1];
        }
        for (int i = n - 2; i >= 0; i--) {
            for (int k = 0; k < lines; k++) {
                float* at = row + (size_t)k * (size_t)n + (size_t)i;
                at[0] = (at[0] + t->couple[0] * at[1]) * inv[i];
            }
        }
    }
}

// Lines across rows: a whole row of x at a time.
static inline void lod_row_lines(const lod_twin* t, int axis, float* first, size_t stride)
{
    const int n = t->n[axis];
    const int width = t->n[0];
    const float c = t->couple[axis];
    for (int i = 1; i < n; i++) {
        float* restrict at = first + (size_t)i * stride;
        const float* restrict low = at - stride;
        const float m = t->forward[axis][i];
        for (int x = 0; x < width; x++) {
            at[x] += m * low[x];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        float* restrict at = first + (size_t)i * stride;
        const float inv = t->inverse[axis][i];
        if (i == n - 1) {
            for (int x = 0; x < width; x++) {
                at[x] *= inv;
            }
        } else {
            const float* restrict high = at + stride;
            for (int x = 0; x < width; x++) {
                at[x] = (at[x] + c * high[x]) * inv;
            }
        }
    }
}

static inline st_status lod_xy_plane(void* arg, int64_t z, int worker)
{
    (void)worker;
    lod_twin* t = arg;
    const size_t plane = (size_t)t->n[0] * (size_t)t->n[1];
    float* u = t->u + (size_t)z * plane;
    for (size_t i = 0; t->source && i < plane; i++) {
        u[i] += t->source[(size_t)z * plane + i];
    }
    lod_x_lines(t, u);
    lod_row_lines(t, 1, u, (size_t)t->n[0]);
    return ST_OK;
}

static inline st_status lod_z_row(void* arg, int64_t y, int worker)
{
    (void)worker;
    lod_twin* t = arg;
    lod_row_lines(t, 2, t->u + (size_t)y * (size_t)t->n[0], (size_t)t->n[0] * (size_t)t->n[1]);
    return ST_OK;
}

static inline void lod_step(lod_twin* t)
{
    (void)st_pool_run(t->pool, t->n[2], lod_xy_plane, t, NULL);
    (void)st_pool_run(t->pool, t->n[1], lod_z_row, t, NULL);
}

#endif
