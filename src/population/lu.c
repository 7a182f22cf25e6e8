#include "lu.h"

#include "base/maths.h"

/// Working copy of the pattern while elimination is played through.
typedef struct play {
    int n;
    bool* filled; ///< [n][n]
    bool* done;   ///< [n] already a pivot
    int* order;   ///< [n]
} play;

static long markowitz_cost(const play* p, int k)
{
    long row = 0;
    long column = 0;
    for (int j = 0; j < p->n; j++) {
        row += j != k && !p->done[j] && p->filled[k * p->n + j] ? 1 : 0;
        column += j != k && !p->done[j] && p->filled[j * p->n + k] ? 1 : 0;
    }
    return row * column;
}

static void eliminate(play* p, int k)
{
    const int n = p->n;
    for (int i = 0; i < n; i++) {
        if (i == k || p->done[i] || !p->filled[i * n + k]) {
            continue;
        }
        for (int j = 0; j < n; j++) {
            if (j != k && !p->done[j] && p->filled[k * n + j]) {
                p->filled[i * n + j] = true;
            }
        }
    }
    p->done[k] = true;
}

static void find_order(play* p)
{
    for (int step = 0; step < p->n; step++) {
        int best = -1;
        long best_cost = 0;
        for (int k = 0; k < p->n; k++) {
            const long cost = p->done[k] ? 0 : markowitz_cost(p, k);
            if (!p->done[k] && (best < 0 || cost < best_cost)) {
                best = k;
                best_cost = cost;
            }
        }
        p->order[step] = best;
        eliminate(p, best);
    }
}

/// Emits the operations; with NULL outputs it only counts them.
static void emit(const play* p, const int* entry_of, st_lu* lu)
{
    const int n = p->n;
    int f = 0;
    int s = 0;
    bool* done = p->done;
    for (int i = 0; i < n; i++) {
        done[i] = false;
    }
#define FACTOR(c, o, x, y)                                                                         \
    do {                                                                                           \
        if (lu->factor != NULL) {                                                                  \
            lu->factor[f] = (st_lu_op){(c), (uint16_t)(o), (uint16_t)(x), (uint16_t)(y)};          \
        }                                                                                          \
        f++;                                                                                       \
    } while (0)
#define SOLVE(c, o, x, y)                                                                          \
    do {                                                                                           \
        if (lu->solve != NULL) {                                                                   \
            lu->solve[s] = (st_lu_op){(c), (uint16_t)(o), (uint16_t)(x), (uint16_t)(y)};           \
        }                                                                                          \
        s++;                                                                                       \
    } while (0)
    for (int step = 0; step < n; step++) {
        const int k = p->order[step];
        done[k] = true;
        FACTOR(ST_LU_RECIPROCAL, entry_of[k * n + k], 0, 0);
        for (int i = 0; i < n; i++) {
            if (done[i] || !p->filled[i * n + k]) {
                continue;
            }
            FACTOR(ST_LU_SCALE, entry_of[i * n + k], entry_of[k * n + k], 0);
            SOLVE(ST_LU_UPDATE, i, entry_of[i * n + k], k); // forward
            for (int j = 0; j < n; j++) {
                if (!done[j] && p->filled[k * n + j]) {
                    FACTOR(ST_LU_UPDATE, entry_of[i * n + j], entry_of[i * n + k],
                           entry_of[k * n + j]);
                }
            }
        }
    }
    for (int i = 0; i < n; i++) {
        done[i] = false;
    }
    for (int step = n - 1; step >= 0; step--) {
        const int k = p->order[step];
        for (int j = 0; j < n; j++) {
            if (done[j] && p->filled[k * n + j]) {
                SOLVE(ST_LU_UPDATE, k, entry_of[k * n + j], j); // backward
            }
        }
        SOLVE(ST_LU_SCALE, k, entry_of[k * n + k], 0);
        done[k] = true;
    }
#undef FACTOR
#undef SOLVE
    lu->factor_count = f;
    lu->solve_count = s;
}

static st_status number_entries(st_arena* arena, const st_pattern* pattern, const play* p,
                                int* entry_of, st_lu* lu)
{
    const int n = p->n;
    int count = 0;
    for (int i = 0; i < n * n; i++) {
        entry_of[i] = p->filled[i] ? count++ : -1;
    }
    if (count > UINT16_MAX) {
        return ST_FAIL(arena->ctx, ST_ERR_INPUT,
                       "population: the factored Jacobian has %d entries, at most %d are possible",
                       count, UINT16_MAX);
    }
    lu->entry_count = count;
    lu->from_pattern =
        st_arena_alloc(arena, (size_t)pattern->entry_count + 1u, sizeof *lu->from_pattern);
    lu->diagonal = st_arena_alloc(arena, (size_t)n + 1u, sizeof *lu->diagonal);
    if (lu->from_pattern == NULL || lu->diagonal == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < n; i++) {
        lu->diagonal[i] = (uint16_t)entry_of[i * n + i];
        for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
            lu->from_pattern[e] = (uint16_t)entry_of[i * n + pattern->column[e]];
        }
    }
    return ST_OK;
}

st_status st_lu_plan(st_arena* arena, const st_pattern* pattern, st_lu* lu)
{
    const int n = pattern->size;
    st_ctx* ctx = arena->ctx;
    play p = {.n = n};
    p.filled = st_alloc(ctx, (size_t)n * (size_t)n, sizeof *p.filled);
    p.done = st_alloc(ctx, (size_t)n, sizeof *p.done);
    p.order = st_alloc(ctx, (size_t)n, sizeof *p.order);
    int* entry_of = st_alloc(ctx, (size_t)n * (size_t)n, sizeof *entry_of);
    *lu = (st_lu){.size = n};
    st_status status = p.filled && p.done && p.order && entry_of ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        for (int i = 0; i < n; i++) {
            for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
                p.filled[i * n + pattern->column[e]] = true;
            }
        }
        find_order(&p);
        status = number_entries(arena, pattern, &p, entry_of, lu);
    }
    if (status == ST_OK) {
        emit(&p, entry_of, lu); // counts
        lu->factor = st_arena_alloc(arena, (size_t)lu->factor_count + 1u, sizeof *lu->factor);
        lu->solve = st_arena_alloc(arena, (size_t)lu->solve_count + 1u, sizeof *lu->solve);
        status = lu->factor && lu->solve ? ST_OK : ST_ERR_MEMORY;
    }
    if (status == ST_OK) {
        emit(&p, entry_of, lu);
    }
    st_free(ctx, p.filled);
    st_free(ctx, p.done);
    st_free(ctx, p.order);
    st_free(ctx, entry_of);
    return status;
}

void st_lu_factor_scalar(const st_lu* lu, double* entry)
{
    for (int k = 0; k < lu->factor_count; k++) {
        const st_lu_op op = lu->factor[k];
        switch ((st_lu_code)op.code) {
        case ST_LU_RECIPROCAL:
            entry[op.out] = 1.0 / entry[op.out];
            break;
        case ST_LU_SCALE:
            entry[op.out] *= entry[op.a];
            break;
        case ST_LU_UPDATE:
            entry[op.out] -= entry[op.a] * entry[op.b];
            break;
        }
    }
}

void st_lu_solve_scalar(const st_lu* lu, const double* entry, double* y)
{
    for (int k = 0; k < lu->solve_count; k++) {
        const st_lu_op op = lu->solve[k];
        if (op.code == ST_LU_SCALE) {
            y[op.out] *= entry[op.a];
        } else {
            y[op.out] -= entry[op.a] * y[op.b];
        }
    }
}
