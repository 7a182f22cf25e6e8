// Fields: what is asked of them, how they are advanced, what they answer.                [TIS-4]

#include "tissue/reaction.h"
#include "tissue/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define V      ST_BRICK_VOXELS
#define COOKIE 0x46494531u

/// Rejected steps in a row that fail a field.
#define REJECT_LIMIT 30

st_field_def st_default_field_def(void)
{
    const st_field_def def = {.mode = ST_FIELD_AUTO,
                              .tolerance = 1e-3,
                              .solver_tolerance = 1e-6,
                              .change_time_min = INFINITY,
                              .steady_tolerance = 0.01,
                              .cookie = COOKIE};
    return def;
}

static bool is_rate(double x)
{
    return x >= 0.0 && x < 1e30; // false for NaN
}

static st_status check_rates(st_ctx* ctx, const st_tissue* t, const st_field_def* def, int medium)
{
    const st_medium_rates* r = &def->rates[medium];
    const char* name = def->name;
    if (!is_rate(r->diffusivity_um2_per_min) || !is_rate(r->decay_per_min) ||
        !is_rate(r->uptake_max_M_per_min) || !(fabs(r->supply_M_per_min) < 1e30)) {
        return ST_FAIL(
            ctx, ST_ERR_INPUT,
            "field %s, medium %d: diffusivity %g um2/min, decay %g 1/min, supply %g "
            "M/min, uptake %g M/min: expected finite numbers, only supply may be below 0",
            name, medium, r->diffusivity_um2_per_min, r->decay_per_min, r->supply_M_per_min,
            r->uptake_max_M_per_min);
    }
    if (r->uptake_max_M_per_min > 0.0 && !(r->uptake_half_M > 0.0 && r->uptake_half_M < 1e30)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "field %s, medium %d: half level of uptake %g M: must be above 0", name,
                       medium, r->uptake_half_M);
    }
    if (!is_rate(def->initial_M[medium])) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "field %s, medium %d: start at %g M: must not be below 0",
                       name, medium, def->initial_M[medium]);
    }
    (void)t;
    return ST_OK;
}

bool st_field_knots_are_good(int knot_count, const double* knot_min, const double* knot_M)
{
    for (int i = 0; i < knot_count; i++) {
        if (!is_rate(knot_M[i]) || !(fabs(knot_min[i]) < 1e30) ||
            (i > 0 && !(knot_min[i] > knot_min[i - 1]))) {
            return false;
        }
    }
    return true;
}

static st_status check_boundary(st_ctx* ctx, const char* name, const st_boundary* b)
{
    if (b->region < 0 || b->region >= ST_REGION_COUNT || (int)b->kind < 0 ||
        b->kind >= ST_BOUNDARY_KIND_COUNT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "field %s: boundary %d of kind %d: no such thing", name,
                       b->region, (int)b->kind);
    }
    if (b->kind == ST_BOUNDARY_EXCHANGE && !is_rate(b->permeability_um_per_min)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "field %s: permeability %g um/min: must not be below 0",
                       name, b->permeability_um_per_min);
    }
    if (b->kind == ST_BOUNDARY_FLUX && !(fabs(b->flux_M_um_per_min) < 1e30)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "field %s: flux %g M um/min: must be finite", name,
                       b->flux_M_um_per_min);
    }
    if (b->kind == ST_BOUNDARY_FIXED || b->kind == ST_BOUNDARY_EXCHANGE) {
        if (b->knot_count < 1 || !b->knot_min || !b->knot_M) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "field %s: a boundary has no level", name);
        }
        if (!st_field_knots_are_good(b->knot_count, b->knot_min, b->knot_M)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "field %s: the %d levels of a boundary, from %g M at %g min: expected "
                           "times that rise and levels not below 0",
                           name, b->knot_count, b->knot_M[0], b->knot_min[0]);
        }
    }
    return ST_OK;
}

static st_status check_def(st_ctx* ctx, const st_tissue* t, const st_field_def* def)
{
    if (def->cookie != COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "field: start from st_default_field_def()");
    }
    if (!def->name || !def->name[0] || !def->rates) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "field: found no name or no rates");
    }
    if (!(def->tolerance > 0.0 && def->tolerance < 1.0) ||
        !(def->solver_tolerance > 0.0 && def->solver_tolerance < 1.0) ||
        !(def->steady_tolerance >= 0.0) || !(def->change_time_min > 0.0) || (int)def->mode < 0 ||
        def->mode >= ST_FIELD_MODE_COUNT) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "field %s: tolerance %g, solver tolerance %g, steady tolerance %g, change "
                       "time %g min: expected tolerances between 0 and 1 and a time above 0",
                       def->name, def->tolerance, def->solver_tolerance, def->steady_tolerance,
                       def->change_time_min);
    }
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        if (t->medium_count[m] > 0) {
            ST_TRY(check_rates(ctx, t, def, m));
        }
    }
    for (int i = 0; i < def->boundary_count; i++) {
        ST_TRY(check_boundary(ctx, def->name, &def->boundary[i]));
    }
    return ST_OK;
}

st_status st_field_copy_knots(st_ctx* ctx, const double* from, int count, const double** out)
{
    double* copy = st_alloc(ctx, (size_t)count, sizeof *copy);
    if (!copy) {
        return ST_ERR_MEMORY;
    }
    memcpy(copy, from, (size_t)count * sizeof *copy);
    *out = copy;
    return ST_OK;
}

st_status st_field_need_scratch(st_ctx* ctx, st_tissue* t, const st_field* f)
{
    ST_TRY(st_multigrid_make_room(t->mg, f->transport, true));
    const size_t voxels = (size_t)t->mg->level[0].grid.brick_count * V;
    if (!t->base) {
        t->base = st_grid_alloc(ctx, voxels, sizeof *t->base);
    }
    if (!t->second) {
        t->second = st_grid_alloc(ctx, voxels, sizeof *t->second);
    }
    return t->base && t->second ? ST_OK : ST_ERR_MEMORY;
}

static st_status copy_def(st_ctx* ctx, st_tissue* t, const st_field_def* def, st_field* f)
{
    const size_t length = strlen(def->name) + 1;
    f->name = st_alloc(ctx, length, 1);
    f->wall_rate = st_alloc(ctx, ST_REGION_COUNT, sizeof *f->wall_rate);
    const size_t voxels = (size_t)t->mg->level[0].grid.brick_count * V;
    f->level = st_grid_alloc(ctx, voxels + V, sizeof *f->level);
    f->remainder = st_grid_alloc(ctx, voxels + V, sizeof *f->remainder);
    if (!f->name || !f->wall_rate || !f->level || !f->remainder) {
        return ST_ERR_MEMORY;
    }
    memcpy(f->name, def->name, length);
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        if (t->medium_count[m] > 0) {
            f->rates[m] = def->rates[m];
            f->initial_M[m] = def->initial_M[m];
            f->has_medium_uptake = f->has_medium_uptake || def->rates[m].uptake_max_M_per_min > 0.0;
        }
    }
    f->has_uptake = f->has_medium_uptake;
    f->mode = def->mode;
    f->tolerance = def->tolerance;
    f->solver_tolerance = def->solver_tolerance;
    f->change_time_min = def->change_time_min;
    f->steady_tolerance = def->steady_tolerance;
    for (int i = 0; i < def->boundary_count; i++) {
        const st_boundary* from = &def->boundary[i];
        st_boundary* to = &f->boundary[from->region];
        if (to->knot_min) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "field %s: two boundaries for region %d", def->name,
                           from->region);
        }
        *to = *from;
        f->has_flux = f->has_flux || from->kind == ST_BOUNDARY_FLUX;
        to->knot_min = NULL;
        to->knot_M = NULL;
        if (from->kind == ST_BOUNDARY_FIXED || from->kind == ST_BOUNDARY_EXCHANGE) {
            ST_TRY(st_field_copy_knots(ctx, from->knot_min, from->knot_count, &to->knot_min));
            ST_TRY(st_field_copy_knots(ctx, from->knot_M, from->knot_count, &to->knot_M));
            for (int k = 0; k < from->knot_count; k++) {
                f->peak_M = fmax(f->peak_M, from->knot_M[k]);
            }
        }
    }
    return ST_OK;
}

// Fields with the same ratios of diffusivities and walls share their conductances.
static st_status find_transport(st_ctx* ctx, st_tissue* t, st_field* f)
{
    st_transport_key key;
    memset(&key, 0, sizeof key);
    double reference = 0.0;
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        reference = fmax(reference, f->rates[m].diffusivity_um2_per_min);
    }
    const double smallest = fmin(t->voxel_um[0], fmin(t->voxel_um[1], t->voxel_um[2]));
    f->unit = reference > 0.0 ? reference / (smallest * smallest) : 1.0;
    for (int m = 1; m <= ST_MEDIUM_LIMIT && reference > 0.0; m++) {
        key.ratio[m] = f->rates[m].diffusivity_um2_per_min / reference;
    }
    for (int r = 0; r < ST_REGION_COUNT && reference > 0.0; r++) {
        if (f->boundary[r].kind == ST_BOUNDARY_FIXED) {
            key.wall[r] = INFINITY;
        } else if (f->boundary[r].kind == ST_BOUNDARY_EXCHANGE) {
            key.wall[r] = f->boundary[r].permeability_um_per_min * smallest / reference;
        }
    }
    for (int i = 0; i < t->transport_count; i++) {
        if (memcmp(&t->transport[i]->key, &key, sizeof key) == 0) {
            f->transport = t->transport[i];
            return ST_OK;
        }
    }
    st_transport** grown =
        st_realloc(ctx, t->transport, (size_t)t->transport_count + 1, sizeof(st_transport*));
    if (!grown) {
        return ST_ERR_MEMORY;
    }
    t->transport = grown;
    st_grid grid[ST_LEVEL_LIMIT];
    for (int i = 0; i < t->mg->level_count; i++) {
        grid[i] = t->mg->level[i].grid;
    }
    ST_TRY(st_transport_create(ctx, &key, grid, t->mg->level_count, t->voxel_um, t->wall,
                               t->wall_count, t->pool, &f->transport));
    t->transport[t->transport_count++] = f->transport;
    return ST_OK;
}

static void fill_wall_rates(const st_tissue* t, st_field* f)
{
    for (int r = 0; r < ST_REGION_COUNT; r++) {
        for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
            for (int axis = 0; axis < 3; axis++) {
                const double g = st_transport_wall(f->transport, m, 2 * axis, r) * f->unit;
                f->wall_rate[r][m][axis] = t->medium_count[m] > 0 ? g : 0.0;
                f->wall_bound = fmax(f->wall_bound, f->wall_rate[r][m][axis]);
            }
        }
    }
}

static void free_field(st_ctx* ctx, st_field* f)
{
    for (int r = 0; r < ST_REGION_COUNT; r++) {
        st_free(ctx, (void*)(uintptr_t)f->boundary[r].knot_min);
        st_free(ctx, (void*)(uintptr_t)f->boundary[r].knot_M);
    }
    st_free(ctx, f->name);
    st_free(ctx, f->wall_rate);
    st_free(ctx, f->level);
    st_free(ctx, f->remainder);
    st_free(ctx, f->change);
    st_free(ctx, f->saved_level);
    st_free(ctx, f->saved_remainder);
    st_free(ctx, f);
}

void st_field_free_all(st_tissue* t)
{
    for (int i = 0; i < t->field_count; i++) {
        free_field(t->ctx, t->field[i]);
    }
    st_free(t->ctx, t->field);
}

static st_status choose_mode(st_ctx* ctx, st_tissue* t, st_field* f)
{
    f->choice.relaxation_min = INFINITY;
    if (f->mode != ST_FIELD_TRANSIENT) {
        ST_TRY(st_step_relaxation(ctx, t, f, &f->choice.relaxation_min));
    }
    f->choice.lag = isinf(f->change_time_min) && !isinf(f->choice.relaxation_min)
                        ? 0.0
                        : f->choice.relaxation_min / f->change_time_min;
    f->choice.is_steady = f->mode == ST_FIELD_STEADY ||
                          (f->mode == ST_FIELD_AUTO && f->choice.lag <= f->steady_tolerance);
    return ST_OK;
}

st_status st_tissue_add_field(st_ctx* ctx, st_tissue* t, const st_field_def* def, int* index)
{
    ST_TRY(check_def(ctx, t, def));
    const size_t before = st_ctx_bytes_in_use(ctx);
    st_field** grown = st_realloc(ctx, t->field, (size_t)t->field_count + 1, sizeof *grown);
    if (!grown) {
        return ST_ERR_MEMORY;
    }
    t->field = grown;
    st_field* f = st_alloc(ctx, 1, sizeof *f);
    if (!f) {
        return ST_ERR_MEMORY;
    }
    st_status status = copy_def(ctx, t, def, f);
    if (status == ST_OK) {
        status = find_transport(ctx, t, f);
    }
    if (status == ST_OK) {
        status = f->has_uptake ? st_field_need_scratch(ctx, t, f)
                               : st_multigrid_make_room(t->mg, f->transport, false);
    }
    if (status == ST_OK) {
        fill_wall_rates(t, f);
        const st_grid* grid = &t->mg->level[0].grid;
        for (size_t i = 0; i < (size_t)grid->brick_count * V; i++) {
            const double level = f->initial_M[grid->medium[i]];
            f->level[i] = (float)level;
            f->remainder[i] = (float)(level - (double)f->level[i]);
        }
        f->time_min = t->time_min;
        st_step_count(t, f);
        f->ledger.start = f->ledger.amount;
        status = choose_mode(ctx, t, f);
    }
    if (status != ST_OK) {
        free_field(ctx, f);
        return status;
    }
    t->field[t->field_count] = f;
    *index = t->field_count++;
    t->bytes += st_ctx_bytes_in_use(ctx) - before;
    return ST_OK;
}

// --- time
// ---------------------------------------------------------------------------------------

double st_field_boundary_level(const st_boundary* b, double time_min)
{
    if (time_min <= b->knot_min[0]) {
        return b->knot_M[0];
    }
    for (int i = 1; i < b->knot_count; i++) {
        if (time_min <= b->knot_min[i]) {
            const double part =
                (time_min - b->knot_min[i - 1]) / (b->knot_min[i] - b->knot_min[i - 1]);
            return b->knot_M[i - 1] + part * (b->knot_M[i] - b->knot_M[i - 1]);
        }
    }
    return b->knot_M[b->knot_count - 1];
}

// Next time at which a level's slope changes; steps end there.
static double next_knot(const st_field* f, double time_min, double end_min)
{
    for (int r = 0; r < ST_REGION_COUNT; r++) {
        const st_boundary* b = &f->boundary[r];
        for (int i = 0; i < b->knot_count && b->knot_min; i++) {
            if (b->knot_min[i] > time_min && b->knot_min[i] < end_min) {
                end_min = b->knot_min[i];
            }
        }
    }
    return end_min;
}

st_status st_field_advance(st_ctx* ctx, st_tissue* t, st_field* f, double end_min)
{
    int rejects = 0;
    double dt = f->next_step_min > 0.0 ? f->next_step_min : 0.01 * (end_min - f->time_min);
    while (f->time_min < end_min) {
        if (st_ctx_should_stop(ctx)) {
            return ST_ERR_INTERRUPTED;
        }
        const double stop = next_knot(f, f->time_min, end_min);
        const double left = stop - f->time_min;
        const double parts = ceil(left / dt - 1e-9);
        const double step = parts > 1.0 ? left / parts : left; // no sliver at the end
        st_step_result r;
        ST_TRY(st_step_take(ctx, t, f, step, true, &r));
        const double ratio = r.error > 0.0 ? 0.9 * sqrt(f->tolerance / r.error) : 3.0;
        dt = step * (ratio < 0.2 ? 0.2 : ratio > 3.0 ? 3.0 : ratio);
        if (!r.is_accepted) {
            f->ledger.reject_count++;
            if (++rejects > REJECT_LIMIT) {
                return ST_FAIL(ctx, ST_ERR_NUMERIC,
                               "field %s at %.6g min: %d steps in a row were rejected, the last of "
                               "%g min",
                               f->name, f->time_min, rejects, step);
            }
            continue;
        }
        rejects = 0;
        f->next_step_min = dt;
        if (r.reached_min > stop - 1e-9 * step) {
            f->time_min = stop;
        }
    }
    return ST_OK;
}

st_status st_tissue_advance(st_ctx* ctx, st_tissue* t, double time_min)
{
    if (!(time_min >= t->time_min) || isinf(time_min)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: cannot go from %g min to %g min", t->time_min,
                       time_min);
    }
    for (int i = 0; i < t->field_count; i++) {
        st_field* f = t->field[i];
        if (f->change) {
            continue;
        }
        if (f->choice.is_steady) {
            f->time_min = time_min;
            ST_TRY(st_step_steady(ctx, t, f));
        } else {
            ST_TRY(st_field_advance(ctx, t, f, time_min));
        }
    }
    if (t->chemistry) {
        ST_TRY(st_split_advance(ctx, t, time_min));
    }
    t->time_min = time_min;
    return ST_OK;
}

st_status st_tissue_step_field(st_ctx* ctx, st_tissue* t, int field, double dt_min)
{
    if (field < 0 || field >= t->field_count || !(dt_min > 0.0) || isinf(dt_min)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "tissue: field %d, step %g min: no such field, or no step", field, dt_min);
    }
    st_step_result r;
    return st_step_take(ctx, t, t->field[field], dt_min, false, &r);
}

st_status st_tissue_solve_steady(st_ctx* ctx, st_tissue* t, int field)
{
    if (field < 0 || field >= t->field_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: no field %d", field);
    }
    return st_step_steady(ctx, t, t->field[field]);
}

// --- answers
// ------------------------------------------------------------------------------------

int st_tissue_field_count(const st_tissue* t)
{
    return t->field_count;
}

const char* st_tissue_field_name(const st_tissue* t, int field)
{
    return t->field[field]->name;
}

st_field_choice st_tissue_field_choice(const st_tissue* t, int field)
{
    return t->field[field]->choice;
}

st_field_ledger st_tissue_ledger(const st_tissue* t, int field)
{
    return t->field[field]->ledger;
}

double st_tissue_balance_error(const st_field_ledger* l)
{
    const double rest = l->amount - l->start - l->supply + l->decay + l->uptake + l->cells - l->in -
                        l->added - l->reacted;
    double size = fmax(fabs(l->amount), fabs(l->start));
    size = fmax(size, fmax(fabs(l->supply), fabs(l->decay)));
    size = fmax(size, fmax(fabs(l->cells), fabs(l->reacted)));
    size = fmax(size, fmax(fabs(l->uptake), fmax(fabs(l->in), fabs(l->added))));
    return size > 0.0 ? rest / size : 0.0;
}

double st_tissue_level_M(const st_tissue* t, int field, const int voxel[3])
{
    int brick;
    int at;
    if (!st_tissue_locate(t, voxel, &brick, &at)) {
        return 0.0;
    }
    const size_t i = (size_t)brick * V + (size_t)at;
    const double level = (double)t->field[field]->level[i] + (double)t->field[field]->remainder[i];
    return level > 0.0 ? level : 0.0;
}

static st_status put(st_ctx* ctx, st_tissue* t, int field, const int voxel[3], double level_M,
                     bool is_added)
{
    int brick;
    int at;
    if (!st_tissue_locate(t, voxel, &brick, &at) || st_tissue_medium(t, voxel) == 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: voxel %d, %d, %d is no tissue", voxel[0],
                       voxel[1], voxel[2]);
    }
    st_field* f = t->field[field];
    const size_t i = (size_t)brick * V + (size_t)at;
    const double before = (double)f->level[i] + (double)f->remainder[i];
    const double after = is_added ? before + level_M : level_M;
    if (!is_rate(after)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: a level of %g M: must not be below 0", after);
    }
    f->level[i] = (float)after;
    f->remainder[i] = (float)(after - (double)f->level[i]);
    const double change =
        ((double)f->level[i] + (double)f->remainder[i] - before) * st_tissue_voxel_volume_um3(t);
    f->ledger.amount += change;
    *(is_added ? &f->ledger.added : &f->ledger.start) += change;
    f->ledger.highest_M = fmax(f->ledger.highest_M, after);
    f->peak_M = fmax(f->peak_M, after);
    f->ledger.lowest_M = fmin(f->ledger.lowest_M, after);
    return ST_OK;
}

st_status st_tissue_set_level(st_ctx* ctx, st_tissue* t, int field, const int voxel[3],
                              double level_M)
{
    return put(ctx, t, field, voxel, level_M, false);
}

st_status st_tissue_add_amount(st_ctx* ctx, st_tissue* t, int field, const int voxel[3],
                               double fmol)
{
    return put(ctx, t, field, voxel, fmol / st_tissue_voxel_volume_um3(t), true);
}

const float* st_tissue_brick_levels(const st_tissue* t, int field, int brick)
{
    return t->field[field]->level + (size_t)brick * V;
}

double st_tissue_mean_M(const st_tissue* t, int field, int medium)
{
    const st_grid* grid = &t->mg->level[0].grid;
    const st_field* f = t->field[field];
    const double scale = st_exact_scale(f->ledger.highest_M * 1.0001, grid->voxel_count);
    int64_t sum = 0;
    for (size_t i = 0; i < (size_t)grid->brick_count * V; i++) {
        if (grid->medium[i] == medium) {
            st_exact_add(&sum, st_exact_round(scale * (double)f->level[i]));
        }
    }
    return t->medium_count[medium] > 0 ? (double)sum / scale / (double)t->medium_count[medium]
                                       : 0.0;
}
