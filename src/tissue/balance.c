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
    for (int v = 0; v < V; v++) {
        if (!medium[v]) {
            continue;
        }
        double rate = sink ? (double)sink[v] * (double)now[v] : 0.0;
        double slope = rate;
        if (most && most[v] > 0.0f) {
            const double half = s->f->rates[medium[v]].uptake_half_M;
            const double taken = (double)most[v] * (double)now[v] / (half + (double)now[v]);
            rate += taken;
            slope += taken * (half / (half + (double)now[v]));
        }
        totals->cells += st_exact_round(s->cells_scale * rate);
        totals->cells_slope += st_exact_round(s->cells_scale * slope);
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
            totals->uptake += st_exact_round(s->uptake_scale * rate);
            totals->uptake_slope +=
                st_exact_round(s->uptake_scale * (rate * (r->uptake_half_M / room)));
        }
    }
    for (int v = 0; v < V && s->f->source; v++) {
        if (medium[v]) {
            const size_t at = (size_t)brick * V + (size_t)v;
            totals->source += st_exact_round(s->source_scale * (double)s->f->source[at]);
        }
    }
    for (int64_t i = t->wall_start[brick]; i < t->wall_start[brick + 1]; i++) {
        const st_wall_face* w = &t->wall[i];
        const st_boundary* boundary = &s->f->boundary[w->region];
        if (boundary->kind != ST_BOUNDARY_FIXED && boundary->kind != ST_BOUNDARY_EXCHANGE) {
            continue;
        }
        const double g = s->f->wall_rate[w->region][medium[w->voxel]][w->side / 2];
        totals->in += st_exact_round(s->wall_scale * (g * s->region_level[w->region]));
        totals->wall_level += st_exact_round(s->wall_scale * (g * (double)now[w->voxel]));
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
            totals->clipped += st_exact_round(s->scale * -(double)w);
            delta[v] = -base[v];
            w = 0.0f;
        }
        now[v] = w;
    }
    if (s->f->transport->level[0].uniform[brick]) {
        int64_t sum = 0;
        for (int v = 0; v < V; v++) {
            sum += st_exact_round(s->scale * (double)now[v]);
        }
        totals->level[medium[0]] += sum;
    } else {
        for (int v = 0; v < V; v++) {
            totals->level[medium[v]] += st_exact_round(s->scale * (double)now[v]);
        }
    }
    int64_t change = 0;
    for (int v = 0; v < V; v++) {
        change += st_exact_round(s->change_scale * (double)delta[v]);
    }
    totals->change += change;
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

// Finds 1 + factor, by which the stage's level must be scaled so that what came in, was made, was
// lost and is there balance; factor is of the size of the solver's error.                [TIS-8]
st_status st_balance_close(st_ctx* ctx, st_stage* s, const st_totals* sum, st_flows* out)
{
    const st_tissue* t = s->t;
    st_field* f = s->f;
    const int64_t voxels = t->mg->level[0].grid.voxel_count;
    const double clipped = (double)sum->clipped / s->scale;
    f->ledger.clipped += clipped * st_tissue_voxel_volume_um3(t);
    double supply = 0.0;
    double flux_in = 0.0;
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
    for (int r = 0; r < ST_REGION_COUNT && f->has_flux; r++) {
        if (f->boundary[r].kind == ST_BOUNDARY_FLUX) {
            for (int axis = 0; axis < 3; axis++) {
                flux_in += f->boundary[r].flux_M_um_per_min / t->voxel_um[axis] *
                           (double)t->region_axis_count[r][axis];
            }
        }
    }
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
