// One field, one step: two implicit stages with exact bookkeeping.        [TIS-4] [TIS-8]

#include "tissue/balance.h"
#include "tissue/linear.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

/// Newton iterations of a stage at most.
#define NEWTON_LIMIT 20
/// The same from zero: each step about doubles level + half level.
#define RISE_LIMIT 60
/// A step to so many times the largest level is lost.
#define FAR_OFF     10.0
#define CYCLE_LIMIT 100
/// Rounds of a steady solve: each starts from the last one's levels and what they lost.
#define REFINE_LIMIT 4

#define GAMMA       ST_STEP_GAMMA
#define EXTRAPOLATE ST_STEP_EXTRAPOLATE

static void clear_totals(const st_tissue* t)
{
    st_exact_clear(t->worker_totals, st_pool_worker_count(t->pool));
}

static st_totals take_totals(const st_tissue* t)
{
    return st_exact_take(t->worker_totals, st_pool_worker_count(t->pool));
}

static void each(const st_stage* s, st_chunk_fn fn)
{
    st_grid_each(s->t->pool, s->t->mg->level[0].grid.brick_count, fn, (void*)(uintptr_t)s);
}

// Rates of one medium in units of the field's conductance.
typedef struct unit_rates {
    float supply, decay, sigma, uptake, half;
} unit_rates;

static unit_rates rates_in_units(const st_stage* s, int medium)
{
    const st_medium_rates* r = &s->f->rates[medium];
    const double unit = 1.0 / s->f->unit;
    return (unit_rates){
        .supply = (float)(r->supply_M_per_min * unit),
        .decay = (float)(r->decay_per_min * unit),
        .sigma = (float)(s->sigma * unit),
        .uptake = (float)(r->uptake_max_M_per_min * unit),
        .half = r->uptake_half_M > 0.0 ? (float)r->uptake_half_M : 1.0f,
    };
}

// The sinks that voxels have of their own.
static void assemble_cells(const st_stage* s, int brick, const float* now, float* b, float* a)
{
    const uint8_t* medium = s->t->mg->level[0].grid.medium + (size_t)brick * V;
    const float* sink = s->f->sink ? s->f->sink + (size_t)brick * V : NULL;
    const float* most = s->f->voxel_uptake ? s->f->voxel_uptake + (size_t)brick * V : NULL;
    const float* halves = s->f->voxel_half ? s->f->voxel_half + (size_t)brick * V : NULL;
    const float unit = (float)(1.0 / s->f->unit);
    for (int v = 0; v < V; v++) {
        if (!medium[v]) {
            continue;
        }
        float slope = sink ? unit * sink[v] : 0.0f;
        float lost = slope * now[v];
        if (most && most[v] > 0.0f) {
            const float half = halves ? halves[v] : (float)s->f->rates[medium[v]].uptake_half_M;
            const float room = half + (now[v] > 0.0f ? now[v] : 0.0f);
            const float rate = unit * most[v] / room;
            lost += rate * now[v];
            slope += rate * (half / room);
        }
        b[v] -= lost;
        a[v] += slope;
    }
}

static bool has_cells(const st_field* f)
{
    return f->sink || f->voxel_uptake;
}

// Right-hand side without transport at base + delta, and the slope of the sinks there. Below zero
// the sinks go on with the slope they have at zero, so Newton's next step is the same from there,
// and does not drown in the rounding of large numbers: what its first step threw far below is
// lifted.
static void assemble_brick(const st_stage* s, int brick, bool is_one_medium)
{
    st_level* l = &s->t->mg->level[0];
    const uint8_t* medium = l->grid.medium + (size_t)brick * V;
    const float* restrict base = s->base + (size_t)brick * V;
    float* restrict delta = s->delta + (size_t)brick * V;
    float* restrict now = l->y + (size_t)brick * V;
    float* restrict b = l->b + (size_t)brick * V;
    float* restrict a = l->a + (size_t)brick * V;
    const bool has_uptake = s->f->has_uptake || has_cells(s->f);
    unit_rates r = rates_in_units(s, medium[0]);
    int last = medium[0];
    for (int v = 0; v < V; v++) {
        if (!is_one_medium && medium[v] != last) {
            last = medium[v];
            r = rates_in_units(s, last);
        }
        float w = base[v] + delta[v];
        if (w < 0.0f && s->lifts) {
            delta[v] = -base[v];
            w = 0.0f;
        }
        now[v] = w;
        b[v] = r.supply - r.decay * w - r.sigma * delta[v];
        if (has_uptake) {
            const float room = r.half + (w > 0.0f ? w : 0.0f);
            const float slope = r.uptake / room;
            b[v] -= slope * w;
            a[v] = r.sigma + r.decay + slope * (r.half / room);
        }
    }
    if (has_cells(s->f)) {
        assemble_cells(s, brick, now, b, a);
    }
    if (s->f->source) {
        const float* source = s->f->source + (size_t)brick * V;
        const float unit = (float)(1.0 / s->f->unit);
        for (int v = 0; v < V; v++) {
            b[v] += medium[v] ? unit * source[v] : 0.0f;
        }
    }
    for (int64_t i = s->t->wall_start[brick]; i < s->t->wall_start[brick + 1]; i++) {
        const st_wall_face* w = &s->t->wall[i];
        const st_boundary* boundary = &s->f->boundary[w->region];
        const int m = medium[w->voxel];
        if (boundary->kind == ST_BOUNDARY_FLUX) {
            b[w->voxel] +=
                (float)(boundary->flux_M_um_per_min / s->t->voxel_um[w->side / 2] / s->f->unit);
        } else if (boundary->kind != ST_BOUNDARY_CLOSED) {
            const float g = (float)(s->f->wall_rate[w->region][m][w->side / 2] / s->f->unit);
            b[w->voxel] += g * ((float)s->region_level[w->region] - now[w->voxel]);
        }
    }
}

static void assemble_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const st_stage* s = arg;
    const st_faces* faces = &s->f->transport->level[0];
    for (int i = first; i < last; i++) {
        if (faces->uniform[i]) {
            assemble_brick(s, i, true);
        } else {
            assemble_brick(s, i, false);
        }
    }
}

static _Alignas(64) const float NOTHING[V];

// Adds transport, in flux form.
static void transport_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const st_stage* s = arg;
    st_multigrid* mg = s->t->mg;
    st_level* l = &mg->level[0];
    for (int i = first; i < last; i++) {
        st_stencil stencil = st_multigrid_stencil(mg, 0, i);
        stencil.a = stencil.face || stencil.open ? NOTHING : NULL;
        stencil.a0 = 0.0f;
        const st_around e = st_multigrid_around(&l->grid, l->y, i);
        float* b = l->b + (size_t)i * V;
        mg->ops->residual(&stencil, &e, b, b);
        if (!(s->sigma > 0.0)) { // a steady state is refined beyond single precision
            const st_around rest = st_multigrid_around(&l->grid, s->f->remainder, i);
            mg->ops->residual(&stencil, &rest, b, b);
        }
    }
}

static void clear_x_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const st_stage* s = arg;
    float* x = s->t->mg->level[0].x;
    memset(x + (size_t)first * V, 0, (size_t)(last - first) * V * sizeof *x);
}

static void apply_chunk(void* arg, int first, int last, int worker)
{
    const st_stage* s = arg;
    const float* x = s->t->mg->level[0].x;
    st_totals* totals = &s->t->worker_totals[worker];
    uint32_t most = 0;
    uint32_t most_change = 0;
    uint32_t most_delta = 0;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        s->delta[i] += x[i];
        const uint32_t change = st_exact_bits(x[i]);
        const uint32_t delta = st_exact_bits(s->delta[i]);
        const uint32_t now = st_exact_bits(s->base[i] + s->delta[i]);
        most_change = change > most_change ? change : most_change;
        most_delta = delta > most_delta ? delta : most_delta;
        most = now > most ? now : most;
    }
    totals->max_bits = most > totals->max_bits ? most : totals->max_bits;
    totals->max_change_bits =
        most_change > totals->max_change_bits ? most_change : totals->max_change_bits;
    totals->min_negative_bits =
        most_delta > totals->min_negative_bits ? most_delta : totals->min_negative_bits;
}

static st_status say_numeric(st_ctx* ctx, const st_field* f, const char* what)
{
    return ST_FAIL(ctx, ST_ERR_NUMERIC, "field %s at %.6g min: %s", f->name, f->time_min, what);
}

static void from_zero_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const st_stage* s = arg;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        s->delta[i] = -s->base[i];
    }
}

// One step of Newton's method; `correction` is its largest change, INFINITY where the linear system
// could not be solved. On the way up a poor solution is good enough: the next step goes on from it.
static st_status newton_step(st_ctx* ctx, st_stage* s, double scale, double* correction)
{
    st_field* f = s->f;
    st_multigrid* mg = s->t->mg;
    *correction = INFINITY;
    each(s, assemble_chunk);
    each(s, transport_chunk);
    if (!mg->a_by_medium && st_multigrid_set(mg, f->transport, NULL) != ST_OK) {
        return say_numeric(ctx, f, "the system is singular: nothing holds the level");
    }
    each(s, clear_x_chunk);
    st_solve_goal goal = {.error = (float)(f->solver_tolerance * scale),
                          .cycle_limit = CYCLE_LIMIT,
                          .may_stall = true};
    if (!(goal.error > 0.0f)) {
        goal.residual = 1e-5f * st_multigrid_residual(mg);
    }
    st_solve_result result;
    const st_status status = st_multigrid_solve(mg, &goal, &result);
    f->ledger.cycle_count += result.cycle_count;
    f->ledger.solve_count++;
    const bool is_poor = result.is_stalled && scale > 0.0 && !(result.error < 1e-3 * scale);
    if (status == ST_OK && (!is_poor || s->rises)) {
        clear_totals(s->t);
        each(s, apply_chunk);
        const st_totals totals = take_totals(s->t);
        s->bound = st_stencil_float(totals.max_bits);
        s->change_bound = st_stencil_float(totals.min_negative_bits);
        *correction = st_stencil_float(totals.max_change_bits);
    }
    return ST_OK;
}

// Least half level of the sinks.
static double least_half(const st_stage* s)
{
    const st_field* f = s->f;
    double half = f->voxel_uptake ? f->voxel_half_least_M : INFINITY;
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        if (f->rates[m].uptake_max_M_per_min > 0.0 && s->t->medium_count[m] > 0) {
            half = fmin(half, f->rates[m].uptake_half_M);
        }
    }
    return half;
}

// Newton's method on the stage; one iteration when all rates are linear. A sink that can take far
// more than there is throws the first step far below zero, where rounding is all that is left: then
// it begins again from zero, from where it can only rise.                                [TIS-4]
static st_status solve_stage(st_ctx* ctx, st_stage* s)
{
    st_field* f = s->f;
    const double half = least_half(s);
    double scale = f->peak_M;
    s->rises = false;
    for (int r = 0; r < ST_REGION_COUNT; r++) {
        scale = fmax(scale, s->region_level[r]);
    }
    for (int iteration = 0; iteration < (s->rises ? RISE_LIMIT : NEWTON_LIMIT); iteration++) {
        double correction;
        s->lifts = iteration < 2 && !s->rises;
        ST_TRY(newton_step(ctx, s, scale, &correction));
        const bool is_solved = isfinite(correction);
        if (f->has_uptake && !s->rises && scale > 0.0 &&
            (!is_solved || s->bound > FAR_OFF * scale)) {
            each(s, from_zero_chunk);
            s->rises = true;
            iteration = -1;
            continue;
        }
        if (!is_solved) {
            return say_numeric(ctx, f, "the solver did not converge");
        }
        scale = fmax(scale, s->bound);
        // Newton's next correction is about the square of this one over the half level.
        if (!f->has_uptake || correction <= f->solver_tolerance * scale ||
            correction * correction <= f->solver_tolerance * scale * half) {
            return ST_OK;
        }
    }
    return say_numeric(ctx, f, "Newton's method did not converge");
}

void st_step_set_levels(st_stage* s, double time_min)
{
    for (int r = 0; r < ST_REGION_COUNT; r++) {
        const st_boundary* b = &s->f->boundary[r];
        s->region_level[r] = b->kind == ST_BOUNDARY_FIXED || b->kind == ST_BOUNDARY_EXCHANGE
                                 ? st_field_boundary_level(b, time_min)
                                 : 0.0;
    }
}

st_status st_step_set_matrix(st_ctx* ctx, st_stage* s)
{
    st_multigrid* mg = s->t->mg;
    mg->transport = s->f->transport;
    mg->a_by_medium = !s->f->has_uptake && !has_cells(s->f);
    if (!mg->a_by_medium) {
        mg->made_for = NULL;
        return ST_OK; // made anew in every Newton iteration
    }
    double a[ST_MEDIUM_LIMIT + 1] = {0};
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        a[m] = (s->sigma + s->f->rates[m].decay_per_min) / s->f->unit;
    }
    if (st_multigrid_set(mg, s->f->transport, a) != ST_OK) {
        return say_numeric(ctx, s->f,
                           "no steady state: no decay, no uptake and no boundary holds the level");
    }
    return ST_OK;
}

// --- the step
// -----------------------------------------------------------------------------------

typedef struct finish {
    st_tissue* t;
    st_field* f;
    double by; ///< weight of the second change
    double scale;
} finish;

static void add_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const finish* s = arg;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        s->t->base[i] = s->f->level[i] + s->t->first[i];
        s->t->second[i] = s->t->first[i];
    }
}

static void clear_first_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const finish* s = arg;
    memset(s->t->first + (size_t)first * V, 0, (size_t)(last - first) * V * sizeof(float));
}

static void compare_chunk(void* arg, int first, int last, int worker)
{
    const finish* s = arg;
    st_totals* totals = &s->t->worker_totals[worker];
    uint32_t most = 0;
    uint32_t negative = 0;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        const float end = s->f->level[i] + s->t->first[i] + (float)EXTRAPOLATE * s->t->second[i];
        const uint32_t change = st_exact_bits(s->t->second[i] - s->t->first[i]);
        const uint32_t below = end < 0.0f ? st_exact_bits(end) : 0;
        most = change > most ? change : most;
        negative = below > negative ? below : negative;
    }
    totals->max_change_bits = most > totals->max_change_bits ? most : totals->max_change_bits;
    totals->min_negative_bits =
        negative > totals->min_negative_bits ? negative : totals->min_negative_bits;
}

// A level is a float, never below zero, and what that float lost, so that small changes add up and
// a deficit is paid back.                                                                [TIS-8]
static void store_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const finish* s = arg;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        double x = (double)s->f->level[i] + (double)s->f->remainder[i] +
                   ((double)s->t->first[i] + (s->by > 0.0 ? s->by * (double)s->t->second[i] : 0.0));
        const float level = x > 0.0 ? (float)x : 0.0f;
        s->f->level[i] = level;
        s->f->remainder[i] = (float)(x - (double)level);
    }
}

static void count_chunk(void* arg, int first, int last, int worker)
{
    const finish* s = arg;
    st_totals* totals = &s->t->worker_totals[worker];
    int64_t sum = 0;
    int64_t deficit = 0;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        st_exact_add(
            &sum, st_exact_round(s->scale * ((double)s->f->level[i] + (double)s->f->remainder[i])));
        deficit +=
            s->f->level[i] > 0.0f ? 0 : st_exact_round(-s->scale * (double)s->f->remainder[i]);
    }
    st_exact_add(&totals->change, sum);
    st_exact_add(&totals->clipped, deficit);
}

static void extremes_chunk(void* arg, int first, int last, int worker)
{
    const finish* s = arg;
    const uint8_t* medium = s->t->mg->level[0].grid.medium;
    st_totals* totals = &s->t->worker_totals[worker];
    uint32_t most = 0;
    uint32_t most_owed = 0;
    uint32_t least = 0; // as 0x7fffffff - bits, so that the largest is kept
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        const uint32_t now = st_exact_bits(s->f->level[i]);
        const uint32_t rest = medium[i] ? 0x7fffffff - now : 0;
        const uint32_t owed = st_exact_bits(s->f->remainder[i]);
        most_owed = owed > most_owed ? owed : most_owed;
        most = now > most ? now : most;
        least = rest > least ? rest : least;
    }
    totals->max_bits = most > totals->max_bits ? most : totals->max_bits;
    totals->min_negative_bits =
        most_owed > totals->min_negative_bits ? most_owed : totals->min_negative_bits;
    totals->max_change_bits = least > totals->max_change_bits ? least : totals->max_change_bits;
}

void st_step_count(st_tissue* t, st_field* f)
{
    finish s = {.t = t, .f = f};
    const st_grid* grid = &t->mg->level[0].grid;
    clear_totals(t);
    st_grid_each(t->pool, grid->brick_count, extremes_chunk, &s);
    st_totals totals = take_totals(t);
    f->ledger.highest_M = st_stencil_float(totals.max_bits);
    f->peak_M = fmax(f->peak_M, f->ledger.highest_M);
    f->ledger.lowest_M = st_stencil_float(0x7fffffff - totals.max_change_bits);
    const double owed = st_stencil_float(totals.min_negative_bits);
    s.scale = st_exact_scale(f->ledger.highest_M + owed, grid->voxel_count);
    clear_totals(t);
    st_grid_each(t->pool, grid->brick_count, count_chunk, &s);
    totals = take_totals(t);
    f->ledger.amount = (double)totals.change / s.scale * st_tissue_voxel_volume_um3(t);
    f->ledger.deficit = (double)totals.clipped / s.scale * st_tissue_voxel_volume_um3(t);
}

void st_step_book(st_tissue* t, st_field* f, const st_flows* q, double minutes)
{
    const double by = minutes * st_tissue_voxel_volume_um3(t);
    f->ledger.supply += q->supply * by;
    f->ledger.decay += q->decay * by;
    f->ledger.uptake += q->uptake * by;
    f->ledger.cells += q->cells * by;
    f->ledger.in += q->in * by;
}

st_status st_step_take(st_ctx* ctx, st_tissue* t, st_field* f, double dt_min, bool is_controlled,
                       st_step_result* result)
{
    if (!f->has_uptake) {
        return st_linear_take(ctx, t, f, dt_min, is_controlled, result);
    }
    const double part = GAMMA * dt_min;
    const int bricks = t->mg->level[0].grid.brick_count;
    finish end = {.t = t, .f = f};
    st_flows q1;
    st_flows q2;
    st_stage s = {.t = t, .f = f, .base = f->level, .delta = t->first, .sigma = 1.0 / part};
    ST_TRY(st_step_set_matrix(ctx, &s));
    st_grid_each(t->pool, bricks, clear_first_chunk, &end);
    st_step_set_levels(&s, f->time_min + part);
    ST_TRY(solve_stage(ctx, &s));
    ST_TRY(st_balance_stage(ctx, &s, &q1));

    st_grid_each(t->pool, bricks, add_chunk, &end); // the second starts from the first's change
    s.base = t->base;
    s.delta = t->second;
    st_step_set_levels(&s, f->time_min + 2.0 * part);
    ST_TRY(solve_stage(ctx, &s));
    ST_TRY(st_balance_stage(ctx, &s, &q2));

    clear_totals(t);
    st_grid_each(t->pool, bricks, compare_chunk, &end);
    const st_totals totals = take_totals(t);
    const double scale = fmax(f->peak_M, s.bound);
    const double difference = EXTRAPOLATE * (double)st_stencil_float(totals.max_change_bits);
    result->error = scale > 0.0 ? difference / scale : 0.0;
    result->is_accepted = !is_controlled || result->error <= f->tolerance;
    result->reached_min = f->time_min;
    if (!result->is_accepted) {
        return ST_OK;
    }
    // Where the second-order end would be clearly negative, the two stages themselves are kept:
    // they are positive, of first order, and end earlier. A smaller deficit waits in the remainder.
    const double below = (double)st_stencil_float(totals.min_negative_bits);
    const bool is_negative = is_controlled && below > 10.0 * f->solver_tolerance * scale;
    end.by = is_negative ? 1.0 : EXTRAPOLATE;
    st_grid_each(t->pool, bricks, store_chunk, &end);
    st_step_book(t, f, &q1, part);
    st_step_book(t, f, &q2, is_negative ? part : (1.0 - GAMMA) * dt_min);
    result->reached_min = f->time_min + (is_negative ? 2.0 * part : dt_min);
    f->time_min = result->reached_min;
    f->ledger.step_count++;
    f->ledger.last_step_min = is_negative ? 2.0 * part : dt_min;
    st_step_count(t, f);
    return ST_OK;
}

st_status st_step_steady(st_ctx* ctx, st_tissue* t, st_field* f)
{
    if (!f->has_uptake) {
        return st_linear_steady(ctx, t, f);
    }
    const int bricks = t->mg->level[0].grid.brick_count;
    finish end = {.t = t, .f = f};
    st_flows q;
    st_stage s = {.t = t, .f = f, .base = f->level, .delta = t->first};
    ST_TRY(st_step_set_matrix(ctx, &s));
    st_step_set_levels(&s, f->time_min);
    for (int round = 0; round < REFINE_LIMIT; round++) {
        st_grid_each(t->pool, bricks, clear_first_chunk, &end);
        ST_TRY(solve_stage(ctx, &s));
        ST_TRY(st_balance_stage(ctx, &s, &q));
        st_grid_each(t->pool, bricks, store_chunk, &end);
        st_step_count(t, f);
        if (s.change_bound <= 10.0 * f->solver_tolerance * fmax(f->peak_M, s.bound)) {
            break;
        }
    }
    f->ledger.step_count++;
    return ST_OK;
}

static void ones_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const st_stage* s = arg;
    st_level* l = &s->t->mg->level[0];
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        l->b[i] = l->grid.medium[i] ? 1.0f : 0.0f;
        l->x[i] = 0.0f;
    }
}

static void largest_x_chunk(void* arg, int first, int last, int worker)
{
    const st_stage* s = arg;
    uint32_t* max = &s->t->worker_totals[worker].max_bits;
    const float* x = s->t->mg->level[0].x;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        const uint32_t bits = st_exact_bits(x[i]);
        *max = bits > *max ? bits : *max;
    }
}

// The inverse of such a matrix is positive, so its norm is its row sums: A^-1 1. A residual of one
// hundredth bounds it from above by 1/0.99. Michaelis-Menten sinks, which only help, are left out.
st_status st_step_relaxation(st_ctx* ctx, st_tissue* t, st_field* f, double* out)
{
    (void)ctx;
    *out = INFINITY;
    double a[ST_MEDIUM_LIMIT + 1] = {0};
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        a[m] = f->rates[m].decay_per_min / f->unit;
    }
    if (st_multigrid_set(t->mg, f->transport, a) != ST_OK) {
        return ST_OK;
    }
    st_stage s = {.t = t, .f = f};
    each(&s, ones_chunk);
    const st_solve_goal goal = {.residual = 0.01f, .cycle_limit = CYCLE_LIMIT};
    st_solve_result result;
    if (st_multigrid_solve(t->mg, &goal, &result) != ST_OK) {
        return ST_OK;
    }
    clear_totals(t);
    each(&s, largest_x_chunk);
    *out = (double)st_stencil_float(take_totals(t).max_bits) / 0.99 / f->unit;
    return ST_OK;
}
