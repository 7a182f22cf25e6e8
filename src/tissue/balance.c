#include "tissue/balance.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

static void each_brick(const st_stage* s, st_chunk_fn fn)
{
    st_grid_each(s->t->pool, s->t->mg->level[0].grid.brick_count, fn, (void*)(uintptr_t)s);
}

static st_status say_numeric(st_ctx* ctx, const st_field* f, const char* what)
{
    return ST_FAIL(ctx, ST_ERR_NUMERIC, "field %s at %.6g min: %s", f->name, f->time_min, what);
}

// What the sinks of a brick's voxels take, and how that changes with the level.
static void sum_cells(const st_stage* s, int brick, const float* now, st_totals* totals)
{
    const uint8_t* medium = s->t->mg->level[0].grid.medium + (size_t)brick * V;
    const float* sink = s->f->sink ? s->f->sink + (size_t)brick * V : NULL;
    const float* most = s->f->voxel_uptake ? s->f->voxel_uptake + (size_t)brick * V : NULL;
    const float* halves = s->f->voxel_half ? s->f->voxel_half + (size_t)brick * V : NULL;
    for (int v = 0; v < V; v++) {
        if (!medium[v]) {
            continue;
        }
        double rate = sink ? (double)sink[v] * (double)now[v] : 0.0;
        double slope = rate;
        if (most && most[v] > 0.0f) {
            const double half = halves ? (double)halves[v] : s->f->rates[medium[v]].uptake_half_M;
            const double taken = (double)most[v] * (double)now[v] / (half + (double)now[v]);
            rate += taken;
            slope += taken * (half / (half + (double)now[v]));
        }
        st_exact_add(&totals->cells, st_exact_round(s->cells_scale * rate));
        st_exact_add(&totals->cells_slope, st_exact_round(s->cells_scale * slope));
    }
}

// Everything but the levels themselves: uptake, cells, sources, walls.
void st_balance_extras(const st_stage* s, int brick, const float* now, st_totals* totals)
{
    const st_tissue* t = s->t;
    const uint8_t* medium = t->mg->level[0].grid.medium + (size_t)brick * V;
    if (s->f->sink || s->f->voxel_uptake) {
        sum_cells(s, brick, now, totals);
    }
    for (int v = 0; v < V && s->f->has_medium_uptake; v++) {
        const st_medium_rates* r = &s->f->rates[medium[v]];
        if (r->uptake_max_M_per_min > 0.0) {
            const double room = r->uptake_half_M + (double)now[v];
            const double rate = r->uptake_max_M_per_min * (double)now[v] / room;
            st_exact_add(&totals->uptake, st_exact_round(s->uptake_scale * rate));
            st_exact_add(&totals->uptake_slope,
                         st_exact_round(s->uptake_scale * (rate * (r->uptake_half_M / room))));
        }
    }
    for (int v = 0; v < V && s->f->source; v++) {
        if (medium[v]) {
            const size_t at = (size_t)brick * V + (size_t)v;
            st_exact_add(&totals->source,
                         st_exact_round(s->source_scale * (double)s->f->source[at]));
        }
    }
    for (int64_t i = t->wall_start[brick]; i < t->wall_start[brick + 1]; i++) {
        const st_wall_face* w = &t->wall[i];
        const st_boundary* boundary = &s->f->boundary[w->region];
        if (boundary->kind != ST_BOUNDARY_FIXED && boundary->kind != ST_BOUNDARY_EXCHANGE) {
            continue;
        }
        const double g = s->f->wall_rate[w->region][medium[w->voxel]][w->side / 2];
        st_exact_add(&totals->in, st_exact_round(s->wall_scale * (g * s->region_level[w->region])));
        st_exact_add(&totals->wall_level,
                     st_exact_round(s->wall_scale * (g * (double)now[w->voxel])));
    }
}

// Sums of one brick at base + delta; levels below zero become zero first.
static void sum_brick(const st_stage* s, int brick, st_totals* totals)
{
    const st_tissue* t = s->t;
    const uint8_t* medium = t->mg->level[0].grid.medium + (size_t)brick * V;
    const float* base = s->base + (size_t)brick * V;
    float* delta = s->delta + (size_t)brick * V;
    float now[V];
    for (int v = 0; v < V; v++) {
        float w = base[v] + delta[v];
        if (w < 0.0f) {
            st_exact_add(&totals->clipped, st_exact_round(s->scale * -(double)w));
            delta[v] = -base[v];
            w = 0.0f;
        }
        now[v] = w;
    }
    if (s->f->transport->level[0].uniform[brick]) {
        int64_t sum = 0;
        for (int v = 0; v < V; v++) {
            st_exact_add(&sum, st_exact_round(s->scale * (double)now[v]));
        }
        st_exact_add(&totals->level[medium[0]], sum);
    } else {
        for (int v = 0; v < V; v++) {
            st_exact_add(&totals->level[medium[v]], st_exact_round(s->scale * (double)now[v]));
        }
    }
    int64_t change = 0;
    for (int v = 0; v < V; v++) {
        st_exact_add(&change, st_exact_round(s->change_scale * (double)delta[v]));
    }
    st_exact_add(&totals->change, change);
    st_balance_extras(s, brick, now, totals);
}

static void sum_chunk(void* arg, int first, int last, int worker)
{
    const st_stage* s = arg;
    for (int i = first; i < last; i++) {
        sum_brick(s, i, &s->t->worker_totals[worker]);
    }
}

static void correct_chunk(void* arg, int first, int last, int worker)
{
    (void)worker;
    const st_stage* s = arg;
    const float factor = (float)s->factor;
    for (size_t i = (size_t)first * V; i < (size_t)last * V; i++) {
        s->delta[i] += factor * (s->base[i] + s->delta[i]);
    }
}

void st_balance_scales(st_stage* s)
{
    const st_tissue* t = s->t;
    const st_field* f = s->f;
    double highest_level = 0.0;
    double uptake_bound = 0.0;
    for (int r = 0; r < ST_REGION_COUNT; r++) {
        highest_level = fmax(highest_level, fabs(s->region_level[r]));
    }
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        uptake_bound = fmax(uptake_bound, f->rates[m].uptake_max_M_per_min);
    }
    const int64_t voxels = t->mg->level[0].grid.voxel_count;
    s->scale = st_exact_scale(s->bound, voxels);
    s->change_scale = st_exact_scale(s->change_bound + s->bound, voxels);
    s->uptake_scale = st_exact_scale(uptake_bound, voxels);
    s->cells_scale =
        st_exact_scale(f->sink_bound_per_min * s->bound + f->voxel_uptake_bound_M_per_min, voxels);
    s->source_scale = st_exact_scale(f->source_bound_M_per_min, voxels);
    s->wall_scale = st_exact_scale(f->wall_bound * fmax(highest_level, s->bound), t->wall_count);
}

// What flows through walls whose flux is given, M/min summed over voxels.
static double given_flux(const st_tissue* t, const st_field* f)
{
    double flux = 0.0;
    for (int r = 0; r < ST_REGION_COUNT && f->has_flux; r++) {
        if (f->boundary[r].kind == ST_BOUNDARY_FLUX) {
            for (int axis = 0; axis < 3; axis++) {
                flux += f->boundary[r].flux_M_um_per_min / t->voxel_um[axis] *
                        (double)t->region_axis_count[r][axis];
            }
        }
    }
    return flux;
}

// Finds 1 + factor, by which the stage's level must be scaled so that what came in, was made, was
// lost and is there balance; factor is of the size of the solver's error.                [TIS-8]
st_status st_balance_close(st_ctx* ctx, st_stage* s, const st_totals* sum, st_flows* out)
{
    const st_tissue* t = s->t;
    st_field* f = s->f;
    const int64_t voxels = t->mg->level[0].grid.voxel_count;
    const double clipped = (double)sum->clipped / s->scale;
    f->ledger.clipped += clipped * st_tissue_voxel_volume_um3(t);
    const double flux_in = given_flux(t, f);
    double supply = 0.0;
    double level = 0.0;
    double decay = 0.0;
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        const double in_medium = (double)sum->level[m] / s->scale;
        supply += f->rates[m].supply_M_per_min * (double)t->medium_count[m];
        level += in_medium;
        decay += f->rates[m].decay_per_min * in_medium;
    }
    const double noise = 10.0 * f->solver_tolerance * fmax(f->peak_M, s->bound) * (double)voxels;
    if (clipped > 0.05 * level + noise) {
        return say_numeric(ctx, f,
                           "levels fall below zero: a sink of zero order takes more than "
                           "there is");
    }
    const double uptake = (double)sum->uptake / s->uptake_scale;
    const double slope = (double)sum->uptake_slope / s->uptake_scale;
    const double cells = (double)sum->cells / s->cells_scale;
    const double cells_slope = (double)sum->cells_slope / s->cells_scale;
    const double wall_level = (double)sum->wall_level / s->wall_scale;
    const double wall_in = (double)sum->in / s->wall_scale;
    supply += (double)sum->source / s->source_scale;
    const double change = (double)sum->change / s->change_scale;
    const double rest =
        supply - decay - uptake - cells + wall_in - wall_level + flux_in - s->sigma * change;
    const double grows = s->sigma * level + decay + slope + cells_slope + wall_level;
    s->factor = grows > 0.0 ? rest / grows : 0.0;
    if (!(fabs(s->factor) < 0.1)) {
        s->factor = 0.0; // nothing there to scale; the ledger shows what is missing
    }
    const double by = 1.0 + s->factor;
    *out = (st_flows){.supply = supply,
                      .decay = decay * by,
                      .uptake = uptake + slope * s->factor,
                      .cells = cells + cells_slope * s->factor,
                      .in = wall_in - wall_level * by + flux_in};
    return ST_OK;
}

st_status st_balance_stage(st_ctx* ctx, st_stage* s, st_flows* out)
{
    const st_tissue* t = s->t;
    const int workers = st_pool_worker_count(t->pool);
    st_balance_scales(s);
    st_exact_clear(t->worker_totals, workers);
    each_brick(s, sum_chunk);
    const st_totals sum = st_exact_take(t->worker_totals, workers);
    ST_TRY(st_balance_close(ctx, s, &sum, out));
    each_brick(s, correct_chunk);
    return ST_OK;
}

// --- a field at rest
// ---------------------------------------------------------------------------------

// What a voxel makes and loses at its level, M/min, beside decay and walls.
static void voxel_rates(const st_stage* s, size_t at, int medium, double now, double* comes,
                        double* goes)
{
    const st_field* f = s->f;
    const st_medium_rates* r = &f->rates[medium];
    const double source = r->supply_M_per_min + (f->source ? (double)f->source[at] : 0.0);
    *comes = fmax(source, 0.0);
    *goes = fmax(-source, 0.0) + r->decay_per_min * now;
    if (r->uptake_max_M_per_min > 0.0) {
        *goes += r->uptake_max_M_per_min * now / (r->uptake_half_M + now);
    }
    if (f->sink) {
        *goes += (double)f->sink[at] * now;
    }
    if (f->voxel_uptake && f->voxel_uptake[at] > 0.0f) {
        const double half = f->voxel_half ? (double)f->voxel_half[at] : r->uptake_half_M;
        *goes += (double)f->voxel_uptake[at] * now / (half + now);
    }
}

// Sums of what comes and of what goes, from the levels as they are kept.
static void rest_brick(const st_stage* s, int brick, st_totals* totals)
{
    const st_tissue* t = s->t;
    const st_field* f = s->f;
    const size_t first = (size_t)brick * V;
    const uint8_t* medium = t->mg->level[0].grid.medium + first;
    double now[V];
    for (size_t v = 0; v < V; v++) {
        now[v] = fmax((double)f->level[first + v] + (double)f->remainder[first + v], 0.0);
        if (medium[v]) {
            double comes;
            double goes;
            voxel_rates(s, first + v, medium[v], now[v], &comes, &goes);
            totals->source += st_exact_round(s->source_scale * comes);
            totals->cells += st_exact_round(s->source_scale * goes);
        }
    }
    for (int64_t i = t->wall_start[brick]; i < t->wall_start[brick + 1]; i++) {
        const st_wall_face* w = &t->wall[i];
        const st_boundary* b = &f->boundary[w->region];
        if (b->kind == ST_BOUNDARY_FIXED || b->kind == ST_BOUNDARY_EXCHANGE) {
            const double g = f->wall_rate[w->region][medium[w->voxel]][w->side / 2];
            const double in = g * (s->region_level[w->region] - now[w->voxel]);
            totals->in += st_exact_round(s->wall_scale * fmax(in, 0.0));
            totals->wall_level += st_exact_round(s->wall_scale * fmax(-in, 0.0));
        }
    }
}

static void rest_chunk(void* arg, int first, int last, int worker)
{
    const st_stage* s = arg;
    for (int i = first; i < last; i++) {
        rest_brick(s, i, &s->t->worker_totals[worker]);
    }
}

// Nothing of a field at rest adds up over time: what comes and what goes now must agree. Told from
// the levels that are kept, so it holds the solver's error and what storing them costs.   [TIS-8]
static double rest_error(st_tissue* t, st_field* f)
{
    st_stage s = {.t = t, .f = f, .bound = 1.01 * f->ledger.highest_M};
    st_step_set_levels(&s, f->time_min);
    st_balance_scales(&s);
    double bound = f->source_bound_M_per_min + f->sink_bound_per_min * s.bound +
                   f->voxel_uptake_bound_M_per_min;
    double most = 0.0;
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        const st_medium_rates* r = &f->rates[m];
        most = fmax(most, fabs(r->supply_M_per_min) + r->decay_per_min * s.bound +
                              r->uptake_max_M_per_min);
    }
    bound += most;
    s.source_scale = st_exact_scale(bound, t->mg->level[0].grid.voxel_count);
    const int workers = st_pool_worker_count(t->pool);
    st_exact_clear(t->worker_totals, workers);
    each_brick(&s, rest_chunk);
    const st_totals sum = st_exact_take(t->worker_totals, workers);
    const double flux = given_flux(t, f);
    const double comes =
        (double)sum.source / s.source_scale + (double)sum.in / s.wall_scale + fmax(flux, 0.0);
    const double goes = (double)sum.cells / s.source_scale + (double)sum.wall_level / s.wall_scale +
                        fmax(-flux, 0.0);
    const double size = fmax(comes, goes);
    return size > 0.0 ? (comes - goes) / size : 0.0;
}

double st_tissue_field_balance(const st_tissue* t, int field)
{
    st_field* f = t->field[field];
    if (!f->choice.is_steady) {
        return st_tissue_balance_error(&f->ledger);
    }
    return f->ledger.step_count > 0 ? rest_error((st_tissue*)(uintptr_t)t, f) : NAN;
}
