// What a cell senses: levels, matrix and neighbours where it is, in the model's
// units.       [AGT-2]

#include "engine.h"

#include <math.h>

static int64_t tag_of(int brick, int voxel)
{
    return (int64_t)brick * ST_BRICK_VOXELS + voxel;
}

static const st_region* region_of_kind(const st_agents* a, int kind)
{
    return &a->bio.region[a->bio.region_of_place[a->bio.kind[kind].place]];
}

double st_signal_density(st_agents* a, st_worker* w, int kind, int brick, int voxel)
{
    const st_region* r = region_of_kind(a, kind);
    if (a->reach.is_whole) {
        const double cells = (double)st_cells_type_cell_count(a->cells, kind);
        return cells * r->place_mL / (r->volume_um3 * ST_ML_PER_UM3);
    }
    if (w->seen_at[kind] != tag_of(brick, voxel)) {
        int voxels;
        const double cells =
            st_reach_count(&a->reach, a->count[kind], r->media, brick, voxel, &voxels);
        w->seen_at[kind] = tag_of(brick, voxel);
        w->seen[kind] = voxels > 0 ? cells * r->place_mL / (voxels * a->voxel_mL) : 0.0;
    }
    return w->seen[kind];
}

double st_signal_pair(st_agents* a, st_worker* w, int pair, int brick, int voxel)
{
    const st_pair* p = &a->bio.pair[pair];
    if (a->far_of_pair[pair] >= 0) {
        const st_region* from = region_of_kind(a, p->actor);
        const st_region* to = region_of_kind(a, p->target);
        return a->far_total[a->far_of_pair[pair]] * from->place_mL /
               (from->volume_um3 * ST_ML_PER_UM3 * to->place_mL);
    }
    const int at = a->bio.kind_count + pair;
    if (w->seen_at[at] != tag_of(brick, voxel)) {
        const st_region* r = region_of_kind(a, p->target);
        int voxels;
        const double sum = st_reach_sum(&a->reach, a->sum[pair], r->media, brick, voxel, &voxels);
        w->seen_at[at] = tag_of(brick, voxel);
        w->seen[at] = voxels > 0 ? sum / (voxels * a->voxel_mL) : 0.0;
    }
    return w->seen[at];
}

static double steepness(const st_agents* a, int64_t slot, int field)
{
    double g[3];
    st_cells_gradient(a->cells, slot, field, g);
    return sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]) * ST_UM_PER_CM_PER_M_PER_UM;
}

static double contacts(const st_agents* a, st_worker* w, int64_t slot, int kind)
{
    st_cells_contacts(a->cells, slot, a->touch, w->contact);
    return w->contact[kind];
}

/// Signals that are the same for all cells of a voxel.
static double of_voxel(st_agents* a, st_worker* w, const st_signal* s, int brick, int voxel)
{
    switch (s->source) {
    case ST_SOURCE_FIELD: // a level below 0 is owed to rounding: the sinks stop
                          // at 0
        return fmax((double)st_tissue_brick_levels(a->tissue, s->index, brick)[voxel], 0.0) *
               ST_UM_PER_M;
    case ST_SOURCE_MATRIX:
        return st_tissue_brick_matrix(a->tissue, s->index, brick)[voxel];
    case ST_SOURCE_DENSITY:
        return st_signal_density(a, w, s->index, brick, voxel);
    default:
        return 0.0; // only single cells have it
    }
}

static double of_cell(st_agents* a, st_worker* w, const st_signal* s, int64_t slot)
{
    if (slot < 0) {
        return 0.0; // a newcomer has no body yet
    }
    const int type = st_cells_type_of(a->cells, slot);
    switch (s->source) {
    case ST_SOURCE_PRESSURE:
        return st_cells_pressure(a->cells, slot) * st_cells_pressure_unit(a->cells, type);
    case ST_SOURCE_AGE:
        return a->now_day - st_cells_doubles(a->cells, a->column_born)[slot];
    case ST_SOURCE_VOLUME:
        return st_cells_volume(a->cells, slot) * ST_ML_PER_UM3;
    case ST_SOURCE_CONTACT:
        return s->index >= 0 ? contacts(a, w, slot, s->index) : 0.0;
    case ST_SOURCE_GRADIENT:
        return s->index >= 0 ? steepness(a, slot, s->index) : 0.0;
    default:
        return 0.0;
    }
}

static bool is_of_voxel(const st_signal* s)
{
    return s->source == ST_SOURCE_FIELD || s->source == ST_SOURCE_MATRIX ||
           s->source == ST_SOURCE_DENSITY;
}

void st_signal_run(st_agents* a, st_worker* w, const st_batch* batch)
{
    const st_kind* k = &a->bio.kind[batch->kind];
    double* reg = w->reg[batch->kind];
    for (int i = 0; i < k->program.local_count; i++) {
        const st_signal* s = &k->signal[i];
        double* row = st_extract_input(reg, i);
        for (int lane = 0; lane < ST_LANES; lane++) {
            const int from = lane < batch->count ? lane : batch->count - 1;
            if (lane > from) {
                row[lane] = row[from];
            } else {
                row[lane] = is_of_voxel(s) ? of_voxel(a, w, s, batch->brick, batch->voxel[lane])
                                           : of_cell(a, w, s, batch->slot[lane]);
            }
        }
    }
    st_extract_run(&k->program, reg);
}

void st_signal_run_region(st_agents* a, st_worker* w, int region, const st_batch* batch)
{
    const st_region* r = &a->bio.region[region];
    double* reg = w->reg[a->bio.kind_count + region];
    for (int i = 0; i < r->program.local_count; i++) {
        double* row = st_extract_input(reg, i);
        for (int lane = 0; lane < ST_LANES; lane++) {
            const int from = lane < batch->count ? lane : batch->count - 1;
            row[lane] = lane > from
                            ? row[from]
                            : of_voxel(a, w, &r->signal[i], batch->brick, batch->voxel[lane]);
        }
    }
    st_extract_run(&r->program, reg);
}
