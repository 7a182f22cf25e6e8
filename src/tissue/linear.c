#include "tissue/linear.h"

#include "tissue/book.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

#define CYCLE_LIMIT 100
/// Rounds of a steady solve: each starts from the last one's levels and what they lost.
#define REFINE_LIMIT 4
/// Down to this tolerance one round in single precision is enough.
#define SINGLE_TOLERANCE 1e-5
#define GAMMA            ST_STEP_GAMMA
#define EXTRAPOLATE      ST_STEP_EXTRAPOLATE

typedef struct linear {
    st_stage s; ///< `bound` and `change_bound` are what the sums' units allow
    const st_book_ops* book;
    bool is_second;
    bool is_refined;                ///< what the levels' floats lost counts, too
    bool is_stalled;                ///< the last solve reached no more than single precision allows
    const float* now;               ///< level that the right-hand side is taken at
    double before[ST_REGION_COUNT]; ///< walls' levels in the first stage
    float factor;                   ///< last correction
    double by, end_scale;
} linear;

static void each(linear* p, st_chunk_fn fn)
{
    st_grid_each(p->s.t->pool, p->s.t->mg->level[0].grid.brick_count, fn, p);
}

static void clear_totals(const linear* p)
{
    st_exact_clear(p->s.t->worker_totals, st_pool_worker_count(p->s.t->pool));
}

static st_totals take_totals(const linear* p)
{
    return st_exact_take(p->s.t->worker_totals, st_pool_worker_count(p->s.t->pool));
}

static st_status say_numeric(st_ctx* ctx, const st_field* f, const char* what)
{
    return ST_FAIL(ctx, ST_ERR_NUMERIC, "field %s at %.6g min: %s", f->name, f->time_min, what);
}

static _Alignas(64) const float ZERO[V];

static bool holds_level(const st_boundary* b)
{
    return b->kind == ST_BOUNDARY_FIXED || b->kind == ST_BOUNDARY_EXCHANGE;
}

// --- the right-hand side
// ------------------------------------------------------------------------

// Supply, sources and walls of a brick, and what is lost in proportion to the level.
static void add_rates(const linear* p, int brick, float* b, float* a)
{
    const st_tissue* t = p->s.t;
    const st_field* f = p->s.f;
    const uint8_t* medium = t->mg->level[0].grid.medium + (size_t)brick * V;
    const float* source = f->source ? f->source + (size_t)brick * V : NULL;
    const float* sink = f->sink ? f->sink + (size_t)brick * V : NULL;
    const double unit = 1.0 / f->unit;
    for (int v = 0; v < V; v++) {
        const int m = medium[v];
        b[v] = m ? (float)(f->rates[m].supply_M_per_min * unit) : 0.0f;
        b[v] += m && source ? (float)unit * source[v] : 0.0f;
        a[v] = m ? (float)(f->rates[m].decay_per_min * unit) : 0.0f;
        a[v] += m && sink ? (float)unit * sink[v] : 0.0f;
    }
    const float* now = p->now + (size_t)brick * V;
    for (int64_t i = t->wall_start[brick]; i < t->wall_start[brick + 1]; i++) {
        const st_wall_face* w = &t->wall[i];
        const st_boundary* boundary = &f->boundary[w->region];
        if (boundary->kind == ST_BOUNDARY_FLUX) {
            b[w->voxel] += (float)(boundary->flux_M_um_per_min / t->voxel_um[w->side / 2] * unit);
        } else if (boundary->kind != ST_BOUNDARY_CLOSED) {
            const double g = f->wall_rate[w->region][medium[w->voxel]][w->side / 2] * unit;
            b[w->voxel] += (float)g * ((float)p->s.region_level[w->region] - now[w->voxel]);
        }
    }
}

static void right_side_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const linear* p = arg;
    const st_tissue* t = p->s.t;
    const st_field* f = p->s.f;
    st_level* l = &t->mg->level[0];
    _Alignas(64) float rates[V];
    _Alignas(64) float lost[V];
    for (int i = first; i < last; i++) {
        st_stencil s = st_multigrid_stencil(t->mg, 0, i);
        const int m = f->transport->level[0].uniform[i];
        const bool is_plain = m && !f->source && !f->sink;
        if (is_plain) {
            const double unit = 1.0 / f->unit;
            const float supply = (float)(f->rates[m].supply_M_per_min * unit);
            for (int v = 0; v < V; v++) {
                rates[v] = supply;
            }
            s.a0 = (float)(f->rates[m].decay_per_min * unit);
        } else {
            add_rates(p, i, rates, lost);
            s.a0 = 0.0f;
        }
        s.a = is_plain ? NULL : lost;
        const st_around e = st_multigrid_around(&l->grid, p->now, i);
        float* b = l->b + (size_t)i * V;
        (void)t->mg->ops->residual(&s, &e, rates, b);
        if (p->is_refined) {
            const st_around rest = st_multigrid_around(&l->grid, f->remainder, i);
            s.a = s.face || s.open ? ZERO : NULL;
            s.a0 = 0.0f;
            (void)t->mg->ops->residual(&s, &rest, b, b);
        }
    }
}

// Sinks of voxels stand in the matrix; walls are added there.
static void diagonal_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const linear* p = arg;
    const st_field* f = p->s.f;
    st_level* l = &p->s.t->mg->level[0];
    const double unit = 1.0 / f->unit;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        const int m = l->grid.medium[i];
        const double own = (p->s.sigma + f->rates[m].decay_per_min) * unit;
        l->a[i] = m ? (float)own + (float)unit * f->sink[i] : 0.0f;
    }
}

static st_status set_matrix(st_ctx* ctx, linear* p)
{
    ST_TRY(st_step_set_matrix(ctx, &p->s));
    if (p->s.f->sink) {
        each(p, diagonal_chunk);
        if (st_multigrid_set(p->s.t->mg, p->s.f->transport, NULL) != ST_OK) {
            return say_numeric(ctx, p->s.f, "the system is singular: nothing holds the level");
        }
    }
    return ST_OK;
}

// --- a stage
// ------------------------------------------------------------------------------------

static double largest_wall(const st_stage* s)
{
    double most = 0.0;
    for (int r = 0; r < ST_REGION_COUNT; r++) {
        most = fmax(most, s->region_level[r]);
    }
    return most;
}

static st_status solve(st_ctx* ctx, linear* p)
{
    st_field* f = p->s.f;
    st_multigrid* mg = p->s.t->mg;
    const double scale = fmax(f->peak_M, largest_wall(&p->s));
    st_solve_goal goal = {.error = (float)(f->solver_tolerance * scale),
                          .cycle_limit = CYCLE_LIMIT,
                          .may_stall = true,
                          .from_zero = !p->is_second,
                          .factor = (float)f->contraction};
    if (!(goal.error > 0.0f)) {
        const size_t voxels = (size_t)mg->level[0].grid.brick_count * V;
        memset(mg->level[0].x, 0, voxels * sizeof(float));
        goal.from_zero = false;
        goal.residual = 1e-5f * st_multigrid_residual(mg);
    }
    st_solve_result result;
    const st_status status = st_multigrid_solve(mg, &goal, &result);
    f->ledger.cycle_count += result.cycle_count;
    f->ledger.solve_count++;
    p->is_stalled = result.is_stalled;
    if (result.factor > 0.0f) {
        f->contraction = (double)result.factor;
    }
    if (status != ST_OK ||
        (result.is_stalled && scale > 0.0 && !((double)result.error < 1e-3 * scale))) {
        return say_numeric(ctx, f, "the solver did not converge");
    }
    return ST_OK;
}

// Levels below zero become zero; gives how much that is.
static int64_t clip(const linear* p, const st_book_in* in, float* x)
{
    int64_t clipped = 0;
    for (int v = 0; v < V; v++) {
        const float base = p->is_second ? in->level[v] + in->first[v] : in->level[v];
        const float w = base + x[v];
        if (w < 0.0f) {
            st_exact_add(&clipped, st_exact_round(p->s.scale * -(double)w));
            x[v] = -base;
        }
    }
    return clipped;
}

static void sum_by_medium(const linear* p, int brick, const float* now, st_totals* totals)
{
    const uint8_t* medium = p->s.t->mg->level[0].grid.medium + (size_t)brick * V;
    for (int v = 0; v < V; v++) {
        st_exact_add(&totals->level[medium[v]], st_exact_round(p->s.scale * (double)now[v]));
    }
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void sum_chunk(void* arg, int first, int last, int worker)
{
    const linear* p = arg;
    const st_tissue* t = p->s.t;
    const st_field* f = p->s.f;
    st_totals* totals = &t->worker_totals[worker];
    for (int i = first; i < last; i++) {
        const size_t at = (size_t)i * V;
        float* x = t->mg->level[0].x + at;
        const st_book_in in = {.level = f->level + at,
                               .first = p->is_second ? t->first + at : NULL,
                               .x = x,
                               .scale = p->s.scale,
                               .change_scale = p->s.change_scale,
                               .extrapolate = (float)EXTRAPOLATE};
        st_book_sums sums;
        p->book->sum(&in, &sums);
        totals->end_below_bits = larger(totals->end_below_bits, sums.end_below_bits);
        if (sums.below_bits > 0) {
            st_exact_add(&totals->clipped, clip(p, &in, x));
            p->book->sum(&in, &sums);
        }
        st_exact_add(&totals->change, sums.change);
        totals->max_bits = larger(totals->max_bits, sums.max_bits);
        totals->max_change_bits = larger(totals->max_change_bits, sums.max_change_bits);
        totals->difference_bits = larger(totals->difference_bits, sums.difference_bits);
        const bool has_more = f->source || f->sink || t->wall_start[i] < t->wall_start[i + 1];
        const bool is_mixed = t->mg->sole_medium[i] == 0;
        if (!is_mixed) {
            st_exact_add(&totals->level[t->mg->sole_medium[i]], sums.level);
        }
        if (has_more || is_mixed) {
            float now[V];
            for (int v = 0; v < V; v++) {
                now[v] = (p->is_second ? in.level[v] + in.first[v] : in.level[v]) + x[v];
            }
            if (is_mixed) {
                sum_by_medium(p, i, now, totals);
            }
            st_balance_extras(&p->s, i, now, totals);
        }
    }
}

// Sums in units that were guessed; once more where a level was higher.
static st_status sum_up(st_ctx* ctx, linear* p, st_totals* out, st_flows* q)
{
    double clipped = 0.0;
    for (int round = 0;; round++) {
        st_balance_scales(&p->s);
        clear_totals(p);
        each(p, sum_chunk);
        *out = take_totals(p);
        const double bound = (double)st_stencil_float(out->max_bits);
        const double change = (double)st_stencil_float(out->max_change_bits);
        if (!isfinite(bound) || !isfinite(change) || round > 2) {
            return say_numeric(ctx, p->s.f, "levels are no numbers");
        }
        clipped += (double)out->clipped / p->s.scale;
        if (bound <= p->s.bound && change <= p->s.change_bound) {
            break;
        }
        p->s.bound = fmax(p->s.bound, bound);
        p->s.change_bound = fmax(p->s.change_bound, change);
    }
    out->clipped = (int64_t)(clipped * p->s.scale);
    return st_balance_close(ctx, &p->s, out, q);
}

// --- between and after
// ---------------------------------------------------------------------------

// F at the first stage's level is its change times sigma, since the stage has been solved; only the
// walls' levels have moved on.
static void middle_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const linear* p = arg;
    const st_tissue* t = p->s.t;
    const st_field* f = p->s.f;
    const st_level* l = &t->mg->level[0];
    const float sigma = (float)(p->s.sigma / f->unit);
    for (int i = first; i < last; i++) {
        const size_t at = (size_t)i * V;
        float* b = l->b + at;
        p->book->middle(f->level + at, t->first + at, p->factor, sigma, b, l->x + at);
        const uint8_t* medium = l->grid.medium + at;
        for (int64_t k = t->wall_start[i]; k < t->wall_start[i + 1]; k++) {
            const st_wall_face* w = &t->wall[k];
            if (holds_level(&f->boundary[w->region])) {
                const double g = f->wall_rate[w->region][medium[w->voxel]][w->side / 2] / f->unit;
                b[w->voxel] += (float)(g * (p->s.region_level[w->region] - p->before[w->region]));
            }
        }
    }
}

static void add_first_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const linear* p = arg;
    float* y = p->s.t->mg->level[0].y;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        y[i] = p->s.f->level[i] + p->s.t->first[i];
    }
}

static void end_chunk(void* arg, int first, int last, int worker)
{
    const linear* p = arg;
    const st_tissue* t = p->s.t;
    const st_grid* grid = &t->mg->level[0].grid;
    st_totals* totals = &t->worker_totals[worker];
    for (int i = first; i < last; i++) {
        const size_t at = (size_t)i * V;
        const st_book_end end = {.level = p->s.f->level + at,
                                 .remainder = p->s.f->remainder + at,
                                 .first = p->is_second ? t->first + at : ZERO,
                                 .x = t->mg->level[0].x + at,
                                 .by = p->by,
                                 .scale = p->end_scale,
                                 .factor = p->factor};
        st_book_left left;
        p->book->end(&end, grid->is_full[i] ? NULL : grid->medium + at, &left);
        st_exact_add(&totals->change, left.amount);
        st_exact_add(&totals->clipped, left.deficit);
        totals->max_bits = larger(totals->max_bits, left.max_bits);
        totals->max_change_bits = larger(totals->max_change_bits, left.min_bits);
        totals->min_negative_bits = larger(totals->min_negative_bits, left.owed_bits);
    }
}

// Stores the end of the step and counts what is there.
static void finish(linear* p)
{
    st_tissue* t = p->s.t;
    st_field* f = p->s.f;
    const double bound = 8.0 * (p->s.bound + p->s.change_bound);
    p->end_scale = st_exact_scale(bound, t->mg->level[0].grid.voxel_count);
    clear_totals(p);
    each(p, end_chunk);
    const st_totals totals = take_totals(p);
    f->ledger.highest_M = (double)st_stencil_float(totals.max_bits);
    const double owed = (double)st_stencil_float(totals.min_negative_bits);
    if (!(f->ledger.highest_M + owed <= bound)) {
        st_step_count(t, f);
        return;
    }
    f->peak_M = fmax(f->peak_M, f->ledger.highest_M);
    f->ledger.lowest_M = (double)st_stencil_float(0x7fffffff - totals.max_change_bits);
    const double volume = st_tissue_voxel_volume_um3(t);
    f->ledger.amount = (double)totals.change / p->end_scale * volume;
    f->ledger.deficit = (double)totals.clipped / p->end_scale * volume;
}

// The second stage's system: what the first left, or F taken anew where a level was clipped.
static void prepare_second(linear* p, bool was_clipped)
{
    memcpy(p->before, p->s.region_level, sizeof p->before);
    st_step_set_levels(&p->s, p->s.f->time_min + 2.0 / p->s.sigma);
    each(p, middle_chunk);
    p->is_second = true;
    if (was_clipped) {
        each(p, add_first_chunk);
        p->now = p->s.t->mg->level[0].y;
        each(p, right_side_chunk);
    }
}

static st_status take_stages(st_ctx* ctx, linear* p, st_totals* totals, st_flows q[2])
{
    st_tissue* t = p->s.t;
    st_field* f = p->s.f;
    st_level* l = &t->mg->level[0];
    p->s.bound = 1.25 * fmax(fmax(f->ledger.highest_M, largest_wall(&p->s)), 1e-30);
    p->s.change_bound = p->s.bound;
    each(p, right_side_chunk);
    ST_TRY(solve(ctx, p));
    ST_TRY(sum_up(ctx, p, totals, &q[0]));
    p->factor = (float)p->s.factor;
    float* swap = t->first;
    t->first = l->x;
    l->x = swap;
    prepare_second(p, totals->clipped > 0);
    ST_TRY(solve(ctx, p));
    ST_TRY(sum_up(ctx, p, totals, &q[1]));
    p->factor = (float)p->s.factor;
    return ST_OK;
}

st_status st_linear_take(st_ctx* ctx, st_tissue* t, st_field* f, double dt_min, bool is_controlled,
                         st_step_result* result)
{
    const double part = GAMMA * dt_min;
    linear p = {
        .s = {.t = t, .f = f, .sigma = 1.0 / part}, .book = st_book_choose(), .now = f->level};
    st_totals totals;
    st_flows q[2];
    ST_TRY(set_matrix(ctx, &p));
    st_step_set_levels(&p.s, f->time_min + part);
    ST_TRY(take_stages(ctx, &p, &totals, q));

    const double scale = fmax(f->peak_M, (double)st_stencil_float(totals.max_bits));
    const double difference = EXTRAPOLATE * (double)st_stencil_float(totals.difference_bits);
    result->error = scale > 0.0 ? difference / scale : 0.0;
    result->is_accepted = !is_controlled || result->error <= f->tolerance;
    result->reached_min = f->time_min;
    if (!result->is_accepted) {
        return ST_OK;
    }
    // Where the second-order end would be clearly negative, the two stages themselves are kept:
    // they are positive, of first order, and end earlier. A smaller deficit waits in the remainder.
    const double below = (double)st_stencil_float(totals.end_below_bits);
    const bool is_negative = is_controlled && below > 10.0 * f->solver_tolerance * scale;
    p.by = is_negative ? 1.0 : EXTRAPOLATE;
    finish(&p);
    st_step_book(t, f, &q[0], part);
    st_step_book(t, f, &q[1], is_negative ? part : (1.0 - GAMMA) * dt_min);
    result->reached_min = f->time_min + (is_negative ? 2.0 * part : dt_min);
    f->time_min = result->reached_min;
    f->ledger.step_count++;
    f->ledger.last_step_min = is_negative ? 2.0 * part : dt_min;
    return ST_OK;
}

// F(u) = 0. Single precision gives the change to its own precision; where more is asked for, what
// is left is solved again.                                                                  [TIS-4]
st_status st_linear_steady(st_ctx* ctx, st_tissue* t, st_field* f)
{
    linear p = {.s = {.t = t, .f = f}, .book = st_book_choose(), .now = f->level};
    st_totals totals;
    st_flows q;
    ST_TRY(set_matrix(ctx, &p));
    st_step_set_levels(&p.s, f->time_min);
    p.by = 1.0;
    for (int round = 0; round < REFINE_LIMIT; round++) {
        p.s.bound = 1.25 * fmax(fmax(f->ledger.highest_M, largest_wall(&p.s)), 1e-30);
        p.s.change_bound = p.s.bound;
        p.is_refined = round > 0;
        each(&p, right_side_chunk);
        ST_TRY(solve(ctx, &p));
        ST_TRY(sum_up(ctx, &p, &totals, &q));
        p.factor = (float)p.s.factor;
        finish(&p);
        const double change = (double)st_stencil_float(totals.max_change_bits);
        const double scale = fmax(f->peak_M, (double)st_stencil_float(totals.max_bits));
        if ((f->solver_tolerance >= SINGLE_TOLERANCE && !p.is_stalled) ||
            change <= 10.0 * f->solver_tolerance * scale) {
            break;
        }
    }
    f->ledger.step_count++;
    return ST_OK;
}
