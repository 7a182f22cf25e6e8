#include "tissue/multigrid.h"

#include "tissue/sweep.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

// Damped Jacobi steps, two on the way down and two on the way up. Chebyshev's weights for four
// steps on the rough half of a 7-point operator, whose eigenvalues of D^-1 A lie between 1/3 and 2,
// would be 2.52, 0.52, 1.18, 0.67; these, the best of a random search, leave 0.09 to 0.13 of the
// residual per cycle in a box and in a shell. [TIS-6]
static const float DOWN[2] = {1.92f, 0.55f};
static const float UP[2] = {1.39f, 0.65f};

st_around st_multigrid_around(const st_grid* grid, const float* field, int brick)
{
    st_around around = {.own = field + (size_t)brick * V};
    for (int side = 0; side < 6; side++) {
        around.side[side] = field + (size_t)grid->neighbour[brick][side] * V;
    }
    return around;
}

st_stencil st_multigrid_stencil(const st_multigrid* mg, int level, int brick)
{
    const st_faces* f = &mg->transport->level[level];
    const st_level* l = &mg->level[level];
    st_stencil s = {0};
    const bool has_arrays = f->slot[brick] >= 0;
    if (!has_arrays) {
        const uint8_t m = f->uniform[brick];
        memcpy(s.c, f->c[m], sizeof s.c);
        s.a0 = mg->a_by_medium ? l->a0[m] : 0.0f; // else the voxels' own hold all of it
        s.inverse0 = l->inverse0[m];
    } else if (f->sole[brick]) {
        memcpy(s.c, f->c[f->sole[brick]], sizeof s.c);
        s.open = f->open + (size_t)f->row[f->slot[brick]] * ST_OPEN_BYTES;
    } else {
        s.face = f->face + (size_t)f->row[f->slot[brick]] * 6 * V;
    }
    if (has_arrays && st_multigrid_is_wall_alone(mg, level)) {
        s.a0 = l->a0[mg->sole_medium[brick]];
        s.a = f->wall + (size_t)f->slot[brick] * V;
        s.inverse = l->inverse + st_multigrid_matrix_at(l, brick);
    } else if (has_arrays || !mg->a_by_medium) {
        s.a = l->a + st_multigrid_matrix_at(l, brick);
        s.inverse = l->inverse + st_multigrid_matrix_at(l, brick);
    }
    return s;
}

// --- one pass over the bricks of a level
// --------------------------------------------------------

typedef struct pass {
    st_multigrid* mg;
    int level;
    float omega;
} pass;

static void note_max(st_multigrid* mg, int worker, uint32_t bits)
{
    uint32_t* max = &mg->worker_max[worker * 16];
    *max = bits > *max ? bits : *max;
}

static void clear_max(st_multigrid* mg)
{
    for (int i = 0; i < mg->worker_count; i++) {
        mg->worker_max[i * 16] = 0;
    }
}

static uint32_t take_max(const st_multigrid* mg)
{
    uint32_t most = 0;
    for (int i = 0; i < mg->worker_count; i++) {
        most = mg->worker_max[i * 16] > most ? mg->worker_max[i * 16] : most;
    }
    return most;
}

static void smooth_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const pass* p = arg;
    const st_level* l = &p->mg->level[p->level];
    for (int i = first; i < last; i++) {
        const st_stencil s = st_multigrid_stencil(p->mg, p->level, i);
        const st_around e = st_multigrid_around(&l->grid, l->x, i);
        p->mg->ops->smooth(&s, &e, l->b + (size_t)i * V, p->omega, l->y + (size_t)i * V);
    }
}

// Works on coarse bricks: each gathers from its children, which are its own.
static void restrict_chunk(void* arg, int first, int last, int worker)
{
    const pass* p = arg;
    const st_level* fine = &p->mg->level[p->level];
    const st_level* coarse = &p->mg->level[p->level + 1];
    for (int i = first; i < last; i++) {
        for (int k = 0; k < 8; k++) {
            const int32_t child = coarse->grid.child[i][k];
            if (child == fine->grid.brick_count) {
                continue;
            }
            const st_stencil s = st_multigrid_stencil(p->mg, p->level, child);
            const st_around e = st_multigrid_around(&fine->grid, fine->x, child);
            float* to =
                coarse->b + (size_t)i * V + 4 * (k & 1) + 32 * (k >> 1 & 1) + 256 * (k >> 2);
            note_max(p->mg, worker,
                     p->mg->ops->restrict_residual(&s, &e, fine->b + (size_t)child * V, to));
        }
    }
}

static void prolong_chunk(void* arg, int first, int last, int worker)
{
    const pass* p = arg;
    st_level* fine = &p->mg->level[p->level];
    const st_level* coarse = &p->mg->level[p->level + 1];
    for (int i = first; i < last; i++) {
        const st_stencil s = st_multigrid_stencil(p->mg, p->level + 1, i);
        const st_around e = st_multigrid_around(&coarse->grid, coarse->x, i);
        float* to[8];
        const uint8_t* medium[8];
        for (int k = 0; k < 8; k++) {
            const int32_t child = coarse->grid.child[i][k];
            const bool is_there = child < fine->grid.brick_count;
            to[k] = is_there ? fine->x + (size_t)child * V : NULL;
            medium[k] = is_there && !fine->grid.is_full[child]
                            ? fine->grid.medium + (size_t)child * V
                            : NULL;
        }
        note_max(p->mg, worker, p->mg->ops->prolong(&s, &e, to, medium));
    }
}

static void residual_chunk(void* arg, int first, int last, int worker)
{
    const pass* p = arg;
    const st_level* l = &p->mg->level[p->level];
    for (int i = first; i < last; i++) {
        const st_stencil s = st_multigrid_stencil(p->mg, p->level, i);
        const st_around e = st_multigrid_around(&l->grid, l->x, i);
        note_max(p->mg, worker,
                 p->mg->ops->residual(&s, &e, l->b + (size_t)i * V, l->y + (size_t)i * V));
    }
}

void st_multigrid_smooth(st_multigrid* mg, int level, float omega)
{
    st_level* l = &mg->level[level];
    pass p = {.mg = mg, .level = level, .omega = omega};
    st_grid_each(mg->pool, l->grid.brick_count, smooth_chunk, &p);
    float* swap = l->x;
    l->x = l->y;
    l->y = swap;
}

float st_multigrid_residual(st_multigrid* mg)
{
    pass p = {.mg = mg};
    clear_max(mg);
    st_grid_each(mg->pool, mg->level[0].grid.brick_count, residual_chunk, &p);
    return st_stencil_float(take_max(mg));
}

// --- the cycle
// ----------------------------------------------------------------------------------

static void solve_dense(st_multigrid* mg)
{
    const st_level* l = &mg->level[mg->level_count - 1];
    const int n = mg->dense_count;
    const double* m = mg->dense_factor;
    double x[ST_DENSE_LIMIT];
    for (int i = 0; i < n; i++) {
        double sum = l->b[mg->dense_at[i]];
        for (int k = 0; k < i; k++) {
            sum -= m[i * n + k] * x[k];
        }
        x[i] = sum / m[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        double sum = x[i];
        for (int k = i + 1; k < n; k++) {
            sum -= m[k * n + i] * x[k];
        }
        x[i] = sum / m[i * n + i];
        l->x[mg->dense_at[i]] = (float)x[i];
    }
}

static void descend(st_multigrid* mg, int level)
{
    if (level == mg->level_count - 1) {
        solve_dense(mg);
        return;
    }
    st_sweep_two(mg, level, DOWN, true);
    pass p = {.mg = mg, .level = level};
    const int coarse_count = mg->level[level + 1].grid.brick_count;
    st_grid_each(mg->pool, coarse_count, restrict_chunk, &p);
    descend(mg, level + 1);
    st_grid_each(mg->pool, coarse_count, prolong_chunk, &p);
    st_sweep_two(mg, level, UP, false);
}

// The first half of a cycle; gives the largest residual of x as it then is.
static uint32_t go_down(st_multigrid* mg, bool from_zero)
{
    st_sweep_two(mg, 0, DOWN, from_zero);
    pass p = {.mg = mg};
    clear_max(mg);
    st_grid_each(mg->pool, mg->level[1].grid.brick_count, restrict_chunk, &p);
    return take_max(mg);
}

// The second half; gives the largest coarse correction.
static uint32_t come_up(st_multigrid* mg)
{
    pass p = {.mg = mg};
    descend(mg, 1);
    clear_max(mg);
    st_grid_each(mg->pool, mg->level[1].grid.brick_count, prolong_chunk, &p);
    const uint32_t correction = take_max(mg);
    st_sweep_two(mg, 0, UP, false);
    return correction;
}

void st_multigrid_cycle(st_multigrid* mg, uint32_t* residual, uint32_t* correction)
{
    if (mg->level_count == 1) {
        solve_dense(mg);
        *residual = 0;
        *correction = 0;
        return;
    }
    *residual = go_down(mg, false);
    *correction = come_up(mg);
}

st_status st_multigrid_solve(st_multigrid* mg, const st_solve_goal* goal, st_solve_result* result)
{
    *result = (st_solve_result){0};
    float last = 0.0f;
    float best = INFINITY;
    int stalled = 0;
    for (;;) {
        uint32_t residual_bits = 0;
        uint32_t correction_bits = 0;
        if (mg->level_count == 1) {
            solve_dense(mg);
        } else {
            residual_bits = go_down(mg, goal->from_zero && result->cycle_count == 0);
            // A goal for the residual alone may be met half way.
            if (!(goal->error > 0.0f) && st_stencil_float(residual_bits) <= goal->residual) {
                result->residual = st_stencil_float(residual_bits);
                return ST_OK;
            }
            correction_bits = come_up(mg);
        }
        result->cycle_count++;
        const float residual = st_stencil_float(residual_bits);
        const float correction = st_stencil_float(correction_bits);
        if (!isfinite(residual) || !isfinite(correction)) {
            return ST_ERR_NUMERIC;
        }
        // What a cycle leaves, from how much two cycles' corrections differ; until that is known,
        // what it left before, or 0.3.
        float factor = goal->factor > 0.0f ? goal->factor : 0.3f;
        if (last > 0.0f) {
            factor = correction / last;
            result->factor = factor < 0.05f ? 0.05f : factor > 0.3f ? 0.3f : factor;
        }
        factor = factor < 0.05f ? 0.05f : factor;
        last = correction;
        // The correction shows the smooth part of the error, the residual the rough one.
        const float rough = residual / mg->diagonal;
        const float most = correction > rough ? correction : rough;
        stalled = most < 0.7f * best ? 0 : stalled + 1;
        best = most < best ? most : best;
        result->residual = residual;
        result->error = factor < 0.95f ? most * factor / (1.0f - factor) : most * 20.0f;
        if ((goal->error > 0.0f && result->error <= goal->error) ||
            (residual_bits == 0 && correction_bits == 0)) {
            return ST_OK;
        }
        if (stalled >= 4 && goal->may_stall) {
            result->is_stalled = true;
            return ST_OK;
        }
        if (result->cycle_count >= goal->cycle_limit) {
            return ST_ERR_NUMERIC;
        }
    }
}

// --- making and freeing
// -------------------------------------------------------------------------

static st_status create_fields(st_multigrid* mg)
{
    for (int i = 0; i < mg->level_count; i++) {
        st_level* l = &mg->level[i];
        const size_t voxels = (size_t)l->grid.brick_count * V;
        l->x = st_grid_alloc(mg->ctx, voxels + V, sizeof *l->x);
        l->y = st_grid_alloc(mg->ctx, voxels + V, sizeof *l->y);
        l->b = st_grid_alloc(mg->ctx, voxels + V, sizeof *l->b);
        if (!l->x || !l->y || !l->b) {
            return ST_ERR_MEMORY;
        }
        ST_TRY(st_sweep_rows_make(mg->ctx, &l->grid, &l->rows));
    }
    const st_grid* bottom = &mg->level[mg->level_count - 1].grid;
    const size_t n = (size_t)bottom->voxel_count;
    mg->dense_at = st_alloc(mg->ctx, n, sizeof *mg->dense_at);
    mg->dense_factor = st_alloc(mg->ctx, n * n, sizeof *mg->dense_factor);
    mg->worker_max = st_alloc(mg->ctx, (size_t)mg->worker_count * 16, sizeof *mg->worker_max);
    if (!mg->dense_at || !mg->dense_factor || !mg->worker_max) {
        return ST_ERR_MEMORY;
    }
    for (int at = 0; at < bottom->brick_count * V; at++) {
        if (bottom->medium[at]) {
            mg->dense_at[mg->dense_count++] = at;
        }
    }
    return ST_OK;
}

st_status st_multigrid_make_room(st_multigrid* mg, const st_transport* transport, bool of_voxels)
{
    mg->made_for = NULL;
    for (int i = 0; i < mg->level_count; i++) {
        st_level* l = &mg->level[i];
        const bool is_full = l->inverse && !l->slot;
        if (is_full || (l->inverse && !of_voxels)) {
            continue;
        }
        const st_faces* f = &transport->level[i];
        const int bricks = of_voxels ? l->grid.brick_count : f->slot_count;
        st_free(mg->ctx, l->a);
        st_free(mg->ctx, l->inverse);
        // Where walls alone differ from the medium's `a`, they stand in for it.
        const int rows = of_voxels || i > 0 || !mg->is_sole ? bricks : 0;
        l->a = st_grid_alloc(mg->ctx, ((size_t)rows + 1) * V, sizeof *l->a);
        l->inverse = st_grid_alloc(mg->ctx, ((size_t)bricks + 1) * V, sizeof *l->inverse);
        l->slot = of_voxels ? NULL : f->slot;
        if (!l->a || !l->inverse) {
            return ST_ERR_MEMORY;
        }
    }
    return ST_OK;
}

static st_status find_sole_media(st_multigrid* mg)
{
    const st_grid* grid = &mg->level[0].grid;
    mg->sole_medium = st_alloc(mg->ctx, (size_t)grid->brick_count, 1);
    if (!mg->sole_medium) {
        return ST_ERR_MEMORY;
    }
    mg->is_sole = true;
    for (int b = 0; b < grid->brick_count; b++) {
        const uint8_t* medium = grid->medium + (size_t)b * V;
        uint8_t sole = 0;
        bool is_one = true;
        for (int v = 0; v < V; v++) {
            is_one = is_one && (!medium[v] || !sole || medium[v] == sole);
            sole = medium[v] ? medium[v] : sole;
        }
        mg->sole_medium[b] = is_one ? sole : 0;
        mg->is_sole = mg->is_sole && is_one;
    }
    return ST_OK;
}

st_status st_multigrid_create(st_ctx* ctx, st_grid* finest, st_pool* pool, st_multigrid** out)
{
    *out = NULL;
    st_multigrid* mg = st_alloc(ctx, 1, sizeof *mg);
    if (!mg) {
        return ST_ERR_MEMORY;
    }
    mg->ctx = ctx;
    mg->pool = pool;
    mg->ops = st_stencil_choose();
    mg->worker_count = st_pool_worker_count(pool);
    mg->level[0].grid = *finest;
    *finest = (st_grid){0};
    for (size_t i = 0; i < (size_t)mg->level[0].grid.brick_count * V; i++) {
        mg->medium_is_used[mg->level[0].grid.medium[i]] = true;
    }
    mg->level_count = 1;
    st_status status = find_sole_media(mg);
    while (status == ST_OK && mg->level[mg->level_count - 1].grid.voxel_count > ST_DENSE_LIMIT) {
        ST_ASSERT(mg->level_count < ST_LEVEL_LIMIT);
        status = st_grid_coarsen(ctx, &mg->level[mg->level_count - 1].grid,
                                 &mg->level[mg->level_count].grid);
        mg->level_count++;
    }
    if (status == ST_OK) {
        status = create_fields(mg);
    }
    if (status != ST_OK) {
        st_multigrid_destroy(mg);
        return status;
    }
    *out = mg;
    return ST_OK;
}

void st_multigrid_destroy(st_multigrid* mg)
{
    if (!mg) {
        return;
    }
    for (int i = 0; i < mg->level_count; i++) {
        st_level* l = &mg->level[i];
        st_grid_clear(mg->ctx, &l->grid);
        st_sweep_rows_clear(mg->ctx, &l->rows);
        st_free(mg->ctx, l->x);
        st_free(mg->ctx, l->y);
        st_free(mg->ctx, l->b);
        st_free(mg->ctx, l->a);
        st_free(mg->ctx, l->inverse);
    }
    st_free(mg->ctx, mg->sole_medium);
    st_free(mg->ctx, mg->dense_at);
    st_free(mg->ctx, mg->dense_factor);
    st_free(mg->ctx, mg->worker_max);
    st_free(mg->ctx, mg);
}
