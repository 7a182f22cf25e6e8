// What others bring to a field voxel by voxel and wall by wall, between two advances.   [TIS-11]

#include "tissue/state.h"

#include <math.h>

#define V ST_BRICK_VOXELS

void st_tissue_set_source(st_tissue* t, int field, const float* source_M_per_min)
{
    st_field* f = t->field[field];
    f->source = source_M_per_min;
    f->source_bound_M_per_min = 0.0;
    const size_t voxels = (size_t)t->mg->level[0].grid.brick_count * V;
    for (size_t i = 0; i < voxels && source_M_per_min; i++) {
        f->source_bound_M_per_min =
            fmax(f->source_bound_M_per_min, fabs((double)source_M_per_min[i]));
    }
}

// Largest value in tissue; -1 where one is below 0 or not finite, with its place.
static double bound_of(const st_tissue* t, const float* value, size_t* where)
{
    const st_grid* grid = &t->mg->level[0].grid;
    double most = 0.0;
    for (size_t i = 0; i < (size_t)grid->brick_count * V && value; i++) {
        if (!grid->medium[i]) {
            continue;
        }
        if (!(value[i] >= 0.0f && value[i] < 1e30f)) {
            *where = i;
            return -1.0;
        }
        most = fmax(most, (double)value[i]);
    }
    return most;
}

static st_status refuse_uptake(st_ctx* ctx, const st_tissue* t, const st_field* f, const char* what,
                               double found, size_t where, const char* expected)
{
    int low[3];
    const int v = (int)(where % V);
    st_tissue_brick_voxel(t, (int)(where / V), low);
    return ST_FAIL(ctx, ST_ERR_INPUT, "field %s, voxel %d, %d, %d: %s %g: %s", f->name,
                   low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64, what, found, expected);
}

// Least half level of the voxels that take up; refused where there is none.
static st_status least_half(st_ctx* ctx, const st_tissue* t, const st_field* f,
                            const float* mm_max_M_per_min, const float* mm_half_M, double* out)
{
    const st_grid* grid = &t->mg->level[0].grid;
    *out = INFINITY;
    for (size_t i = 0; i < (size_t)grid->brick_count * V; i++) {
        const int m = grid->medium[i];
        if (!m || !(mm_max_M_per_min[i] > 0.0f)) {
            continue;
        }
        const double half = mm_half_M ? (double)mm_half_M[i] : f->rates[m].uptake_half_M;
        if (!(half > 0.0 && half < 1e30)) {
            return refuse_uptake(
                ctx, t, f, "largest uptake in M/min", (double)mm_max_M_per_min[i], i,
                mm_half_M ? "it has no half level" : "its medium has no half level");
        }
        *out = fmin(*out, half);
    }
    return ST_OK;
}

st_status st_tissue_set_uptake(st_ctx* ctx, st_tissue* t, int field,
                               const float* first_order_per_min, const float* mm_max_M_per_min)
{
    return st_tissue_set_saturating_uptake(ctx, t, field, first_order_per_min, mm_max_M_per_min,
                                           NULL);
}

st_status st_tissue_set_saturating_uptake(st_ctx* ctx, st_tissue* t, int field,
                                          const float* first_order_per_min,
                                          const float* mm_max_M_per_min, const float* mm_half_M)
{
    if (field < 0 || field >= t->field_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: no field %d", field);
    }
    st_field* f = t->field[field];
    static const char* const expected = "must be finite and not below 0";
    size_t where = 0;
    const double sink = bound_of(t, first_order_per_min, &where);
    if (sink < 0.0) {
        return refuse_uptake(ctx, t, f, "uptake of first order in 1/min",
                             (double)first_order_per_min[where], where, expected);
    }
    const double most = bound_of(t, mm_max_M_per_min, &where);
    if (most < 0.0) {
        return refuse_uptake(ctx, t, f, "largest uptake in M/min", (double)mm_max_M_per_min[where],
                             where, expected);
    }
    double half = INFINITY;
    if (most > 0.0) {
        ST_TRY(least_half(ctx, t, f, mm_max_M_per_min, mm_half_M, &half));
    }
    if (most > 0.0 || sink > 0.0) {
        const size_t before = st_ctx_bytes_in_use(ctx);
        ST_TRY(st_field_need_scratch(ctx, t, f));
        t->bytes += st_ctx_bytes_in_use(ctx) - before;
    }
    f->sink = sink > 0.0 ? first_order_per_min : NULL;
    f->sink_bound_per_min = sink;
    f->voxel_uptake = most > 0.0 ? mm_max_M_per_min : NULL;
    f->voxel_uptake_bound_M_per_min = most;
    f->voxel_half = most > 0.0 ? mm_half_M : NULL;
    f->voxel_half_least_M = half;
    f->has_uptake = f->has_medium_uptake || f->voxel_uptake;
    return ST_OK;
}

st_status st_tissue_set_boundary_levels(st_ctx* ctx, st_tissue* t, int field, int region,
                                        int knot_count, const double* knot_min,
                                        const double* knot_M)
{
    if (field < 0 || field >= t->field_count || region < 0 || region >= ST_REGION_COUNT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: no field %d or no region %d", field, region);
    }
    st_field* f = t->field[field];
    st_boundary* b = &f->boundary[region];
    if (b->kind != ST_BOUNDARY_FIXED && b->kind != ST_BOUNDARY_EXCHANGE) {
        return ST_FAIL(
            ctx, ST_ERR_INPUT,
            "field %s: region %d has no level that could be set: its boundary is neither "
            "fixed nor an exchange",
            f->name, region);
    }
    if (knot_count < 1 || !knot_min || !knot_M ||
        !st_field_knots_are_good(knot_count, knot_min, knot_M)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "field %s: %d new levels for region %d: expected at least one, times that "
                       "rise and levels not below 0",
                       f->name, knot_count, region);
    }
    const double* new_min = NULL;
    const double* new_M = NULL;
    ST_TRY(st_field_copy_knots(ctx, knot_min, knot_count, &new_min));
    const st_status status = st_field_copy_knots(ctx, knot_M, knot_count, &new_M);
    if (status != ST_OK) {
        st_free(ctx, (void*)(uintptr_t)new_min);
        return status;
    }
    st_free(t->ctx, (void*)(uintptr_t)b->knot_min);
    st_free(t->ctx, (void*)(uintptr_t)b->knot_M);
    b->knot_count = knot_count;
    b->knot_min = new_min;
    b->knot_M = new_M;
    for (int k = 0; k < knot_count; k++) {
        f->peak_M = fmax(f->peak_M, knot_M[k]);
    }
    return ST_OK;
}
