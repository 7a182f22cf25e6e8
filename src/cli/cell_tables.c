/// Tables of a run with single cells.

#include "cell_tables.h"
#include "tissue_ranges.h"

#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool st_cell_tables_has(const st_cell_run* r, int state)
{
    return st_agents_cell_type(r->agents, state) >= 0;
}

int st_cell_tables_states(const st_cell_run* r)
{
    return st_model_state_count(st_agents_model(r->agents));
}

const char* st_cell_tables_state(const st_cell_run* r, int state)
{
    return st_model_state(st_agents_model(r->agents), state)->name;
}

void st_cell_tables_begin(st_cell_run* r)
{
    st_text_add(&r->cells, "day,cells");
    st_text_add(&r->fields, "day");
    st_text_add(&r->profile, "day,from_um,to_um,voxels");
    for (int s = 0; s < st_cell_tables_states(r); s++) {
        if (st_cell_tables_has(r, s)) {
            st_text_addf(&r->cells, ",%s", st_cell_tables_state(r, s));
            st_text_addf(&r->profile, ",%s", st_cell_tables_state(r, s));
        }
    }
    st_text_add(&r->cells, ",births,deaths,changes,arrivals,departures\r\n");
    for (int f = 0; f < st_tissue_field_count(r->tissue); f++) {
        const char* name = st_tissue_field_name(r->tissue, f);
        st_text_addf(&r->fields, ",%s_lowest_M,%s_highest_M", name, name);
        st_text_addf(&r->profile, ",%s_M", name);
        for (int m = 1; m <= st_tissue_plan_medium_count(r->plan); m++) {
            if (!st_tissue_plan_is_bath(r->plan, m)) {
                st_text_addf(&r->fields, ",%s_%s_M", name, st_tissue_plan_medium(r->plan, m));
            }
        }
        st_text_addf(&r->fields, ",%s_balance_error", name);
        char prefix[200];
        snprintf(prefix, sizeof prefix, "%s_", name);
        st_tissue_ranges_add_heads(&r->fields, r->plan, prefix);
    }
    for (int i = 0; i < st_tissue_matrix_count(r->tissue); i++) {
        const char* name = st_tissue_matrix_name(r->tissue, i);
        st_text_addf(&r->profile, ",%s", name);
        for (int m = 1; m <= st_tissue_plan_medium_count(r->plan); m++) {
            if (!st_tissue_plan_is_bath(r->plan, m)) {
                st_text_addf(&r->fields, ",%s_%s", name, st_tissue_plan_medium(r->plan, m));
            }
        }
    }
    st_text_add(&r->fields, "\r\n");
    st_text_add(&r->profile, "\r\n");
}

void st_cell_tables_add_cells(st_cell_run* r, double day)
{
    const st_agents_tally t = st_agents_tally_now(r->agents);
    st_text_addf(&r->cells, "%.9g,%lld", day,
                 (long long)st_cells_count(st_agents_cells(r->agents)));
    for (int s = 0; s < st_cell_tables_states(r); s++) {
        if (st_cell_tables_has(r, s)) {
            st_text_addf(&r->cells, ",%lld", (long long)st_agents_count(r->agents, s));
        }
    }
    st_text_addf(&r->cells, ",%lld,%lld,%lld,%lld,%lld\r\n", (long long)t.births,
                 (long long)t.deaths, (long long)t.changes, (long long)t.arrivals,
                 (long long)t.departures);
}

void st_cell_tables_add_fields(st_cell_run* r, double day)
{
    st_text_addf(&r->fields, "%.9g", day);
    for (int f = 0; f < st_tissue_field_count(r->tissue); f++) {
        const st_field_ledger l = st_tissue_ledger(r->tissue, f);
        st_text_addf(&r->fields, ",%.9g,%.9g", l.lowest_M, l.highest_M);
        for (int m = 1; m <= st_tissue_plan_medium_count(r->plan); m++) {
            if (!st_tissue_plan_is_bath(r->plan, m)) {
                st_text_addf(&r->fields, ",%.9g", st_tissue_mean_M(r->tissue, f, m));
            }
        }
        const double balance = st_tissue_field_balance(r->tissue, f);
        if (isnan(balance)) {
            st_text_add(&r->fields, ","); // steady, and not solved yet
        } else {
            st_text_addf(&r->fields, ",%.3g", balance);
        }
        st_tissue_ranges_add(&r->fields, r->plan, r->tissue, f);
    }
    for (int i = 0; i < st_tissue_matrix_count(r->tissue); i++) {
        for (int m = 1; m <= st_tissue_plan_medium_count(r->plan); m++) {
            if (!st_tissue_plan_is_bath(r->plan, m)) {
                st_text_addf(&r->fields, ",%.12g", st_tissue_matrix_mean(r->tissue, i, m));
            }
        }
    }
    st_text_add(&r->fields, "\r\n");
}

/// Sums of one slice of the box.
typedef struct slice_sum {
    int64_t voxels;
    double field[64], matrix[64];
    int64_t cell[ST_CELL_TYPE_LIMIT];
} slice_sum;

static int bin_of(const st_cell_run* r, const st_profile_plan* p, double um)
{
    const st_tissue_frame f = st_tissue_frame_of(r->tissue);
    const double share =
        (um - f.origin_um[p->axis]) / (f.voxel_um[p->axis] * f.size[p->axis]) * p->bin_count;
    const int bin = (int)floor(share);
    return bin < 0 ? 0 : bin >= p->bin_count ? p->bin_count - 1 : bin;
}

static void sum_slices(const st_cell_run* r, const st_profile_plan* p, slice_sum* sum)
{
    const st_tissue_frame f = st_tissue_frame_of(r->tissue);
    for (int b = 0; b < st_tissue_brick_count(r->tissue); b++) {
        int low[3];
        const uint8_t* medium = st_tissue_brick_media(r->tissue, b);
        st_tissue_brick_voxel(r->tissue, b, low);
        for (int v = 0; v < 512; v++) {
            const int at[3] = {low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64};
            const double um = f.origin_um[p->axis] + (at[p->axis] + 0.5) * f.voxel_um[p->axis];
            slice_sum* s = &sum[bin_of(r, p, um)];
            if (medium[v] == 0) {
                continue;
            }
            s->voxels++;
            for (int i = 0; i < st_tissue_field_count(r->tissue) && i < 64; i++) {
                s->field[i] += (double)st_tissue_brick_levels(r->tissue, i, b)[v];
            }
            for (int i = 0; i < st_tissue_matrix_count(r->tissue) && i < 64; i++) {
                s->matrix[i] += st_tissue_brick_matrix(r->tissue, i, b)[v];
            }
        }
    }
    const st_cells* cells = st_agents_cells(r->agents);
    for (int64_t c = 0; c < st_cells_count(cells); c++) {
        double at[3];
        st_cells_position(cells, c, at);
        sum[bin_of(r, p, at[p->axis])].cell[st_cells_type_of(cells, c)]++;
    }
}

/// A mean, or an empty cell where a slice has no tissue.
static void add_mean(st_text* csv, double sum, int64_t voxels)
{
    if (voxels > 0) {
        st_text_addf(csv, ",%.9g", sum / (double)voxels);
    } else {
        st_text_add(csv, ",");
    }
}

st_status st_cell_tables_add_profile(st_cell_run* r, double day)
{
    const st_profile_plan p = st_agents_plan_profile(r->cells_plan);
    const st_tissue_frame f = st_tissue_frame_of(r->tissue);
    if (p.bin_count == 0) {
        return ST_OK;
    }
    slice_sum* sum = st_alloc(r->ctx, (size_t)p.bin_count, sizeof *sum);
    if (sum == NULL) {
        return ST_ERR_MEMORY;
    }
    sum_slices(r, &p, sum);
    const double wide = f.voxel_um[p.axis] * f.size[p.axis] / p.bin_count;
    for (int i = 0; i < p.bin_count; i++) {
        const slice_sum* s = &sum[i];
        st_text_addf(&r->profile, "%.9g,%.9g,%.9g,%lld", day, f.origin_um[p.axis] + i * wide,
                     f.origin_um[p.axis] + (i + 1) * wide, (long long)s->voxels);
        for (int k = 0; k < st_cell_tables_states(r); k++) {
            if (st_cell_tables_has(r, k)) {
                st_text_addf(&r->profile, ",%lld",
                             (long long)s->cell[st_agents_cell_type(r->agents, k)]);
            }
        }
        for (int k = 0; k < st_tissue_field_count(r->tissue); k++) {
            add_mean(&r->profile, s->field[k], s->voxels);
        }
        for (int k = 0; k < st_tissue_matrix_count(r->tissue); k++) {
            add_mean(&r->profile, s->matrix[k], s->voxels);
        }
        st_text_add(&r->profile, "\r\n");
    }
    st_free(r->ctx, sum);
    return ST_OK;
}
