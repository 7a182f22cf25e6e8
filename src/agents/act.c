// What the cells of one brick do in one step: rates from their signals, fluxes
// into their voxels, walking, fates. Reads any cell, writes only its own brick.
// [AGT-2..5]

#include "engine.h"

#include <math.h>
#include <string.h>

// --- cells of a brick by kind
// ----------------------------------------------------------------------

/// Sorts the slots of a brick by kind, stable.
static void sort_by_kind(const st_agents* a, st_worker* w, int64_t first, int64_t last)
{
    const int kinds = a->bio.kind_count;
    memset(w->start, 0, ((size_t)kinds + 1u) * sizeof *w->start);
    for (int64_t s = first; s < last; s++) {
        w->start[st_cells_type_of(a->cells, s) + 1]++;
    }
    for (int k = 0; k < kinds; k++) {
        w->start[k + 1] += w->start[k];
    }
    for (int64_t s = first; s < last; s++) {
        w->list[w->start[st_cells_type_of(a->cells, s)]++] = (int32_t)(s - first);
    }
    for (int k = kinds; k > 0; k--) {
        w->start[k] = w->start[k - 1];
    }
    w->start[0] = 0;
}

/// The next cells of a kind, from list position `at` on.
static st_batch next_batch(const st_agents* a, const st_worker* w, int kind, int brick,
                           int64_t first, int at)
{
    st_batch b = {.kind = kind, .brick = brick};
    while (b.count < ST_LANES && at < w->start[kind + 1]) {
        b.slot[b.count] = first + w->list[at++];
        st_cells_voxel(a->cells, b.slot[b.count], &b.voxel[b.count]);
        b.count++;
    }
    return b;
}

// --- sums that others need
// --------------------------------------------------------------------------

static void add_pairs(st_agents* a, const st_worker* w, const st_batch* b)
{
    const st_kind* k = &a->bio.kind[b->kind];
    for (int p = k->pair_first; p < k->pair_first + k->pair_count; p++) {
        const double* value = st_value_of(a, w, b, a->bio.pair[p].output);
        const int far = a->far_of_pair[p];
        for (int lane = 0; lane < b->count; lane++) {
            if (far >= 0) {
                a->far[(size_t)far * (size_t)a->brick_count + (size_t)b->brick] += value[lane];
            } else {
                a->sum[p][(size_t)b->brick * ST_BRICK_VOXELS + (size_t)b->voxel[lane]] +=
                    value[lane];
            }
        }
    }
}

/// What a far flux adds up besides the rate itself.
static double second_of(const st_flux* f, double value, double extra)
{
    switch (f->term) {
    case ST_TERM_RELAX:
    case ST_TERM_CONSUME:
        return value * extra;
    case ST_TERM_DEPOSIT:
        return value / extra;
    default:
        return 0.0;
    }
}

static void add_far(st_agents* a, const st_worker* w, const st_batch* b)
{
    const st_kind* k = &a->bio.kind[b->kind];
    for (int i = 0; i < k->flux_count; i++) {
        const int far = a->far_of_flux[b->kind][i];
        if (far < 0) {
            continue;
        }
        const st_flux* f = &k->flux[i];
        const double* value = st_value_of(a, w, b, f->output);
        const double* extra = f->extra >= 0 ? st_value_of(a, w, b, f->extra) : value;
        double* sum = a->far + (size_t)far * (size_t)a->brick_count + (size_t)b->brick;
        for (int lane = 0; lane < b->count; lane++) {
            sum[0] += value[lane];
            sum[a->brick_count] += second_of(f, value[lane], extra[lane]);
        }
    }
}

st_status st_act_sum(st_agents* a, st_worker* w, int brick, int64_t first, int64_t last)
{
    sort_by_kind(a, w, first, last);
    for (int kind = 0; kind < a->bio.kind_count; kind++) {
        for (int at = w->start[kind]; a->is_actor[kind] && at < w->start[kind + 1];) {
            const st_batch b = next_batch(a, w, kind, brick, first, at);
            st_signal_run(a, w, &b);
            add_pairs(a, w, &b);
            add_far(a, w, &b);
            at += b.count;
        }
    }
    return ST_OK;
}

// --- fluxes
// ----------------------------------------------------------------------------------------

/// One of the sums over a brick's voxels. Fields first, then matrices.
static double* row_of(const st_agents* a, const st_worker* w, bool is_matrix, int index, int which)
{
    const int i = is_matrix ? a->field_count + index : index;
    return w->total + ((size_t)i * ST_FLUX_COUNT + (size_t)which) * ST_BRICK_VOXELS;
}

static void clear_totals(const st_agents* a, const st_worker* w)
{
    for (int i = 0; i < a->field_count + a->matrix_count; i++) {
        const bool is_matrix = i >= a->field_count;
        const int index = is_matrix ? i - a->field_count : i;
        if (is_matrix ? a->touches_matrix[index] : a->touches_field[index]) {
            memset(row_of(a, w, is_matrix, index, 0), 0,
                   ST_FLUX_COUNT * ST_BRICK_VOXELS * sizeof(double));
        }
    }
}

static double level_uM(const st_agents* a, int field, int brick, int voxel)
{
    return fmax((double)st_tissue_brick_levels(a->tissue, field, brick)[voxel], 0.0) * ST_UM_PER_M;
}

/// Saturating uptake at a level, so that the sum over cells of different half levels can be said as
/// one maximum and one half level.                                                          [AGT-2]
static void add_consumed(double* row, double value, double half, double level)
{
    const double weight = value / ((half + level) * (half + level));
    row[ST_FLUX_WEIGHT * ST_BRICK_VOXELS] += weight;
    row[ST_FLUX_HALF * ST_BRICK_VOXELS] += weight * half;
}

/// One term's share of a voxel: `value` is the behaviour summed over cells, `row` the voxel's first
/// sum.                                                                                     [AGT-2]
static void add_term(double* row, st_term_kind term, double value, double second, double level)
{
    double* come = row + ST_FLUX_COME * ST_BRICK_VOXELS;
    double* go = row + ST_FLUX_GO * ST_BRICK_VOXELS;
    switch (term) {
    case ST_TERM_SECRETE:
        *come += value;
        break;
    case ST_TERM_RELAX: // second = value x target
        *come += second;
        *go += value;
        break;
    case ST_TERM_CONSUME: // second = value x half level
        if (value > 0.0) {
            add_consumed(row, value, second / value, level);
        }
        break;
    case ST_TERM_DEPOSIT: // second = value / maximum
        *come += value;
        *go += second;
        break;
    default: // take_up, degrade
        *go += value;
        break;
    }
}

static void add_fluxes(st_agents* a, const st_worker* w, const st_batch* b)
{
    const st_kind* k = &a->bio.kind[b->kind];
    for (int i = 0; i < k->flux_count; i++) {
        const st_flux* f = &k->flux[i];
        if (f->index < 0 || f->is_far) {
            continue;
        }
        double* row = row_of(a, w, f->is_matrix, f->index, 0);
        const double* value = st_value_of(a, w, b, f->output);
        const double* extra = f->extra >= 0 ? st_value_of(a, w, b, f->extra) : value;
        for (int lane = 0; lane < b->count; lane++) {
            const int v = b->voxel[lane];
            const double level =
                f->term == ST_TERM_CONSUME ? level_uM(a, f->index, b->brick, v) : 0.0;
            add_term(&row[v], f->term, value[lane], second_of(f, value[lane], extra[lane]), level);
        }
    }
}

/// Fluxes of cells that act on all of another region.
static void add_far_fluxes(const st_agents* a, const st_worker* w, int brick)
{
    const uint8_t* medium = st_tissue_brick_media(a->tissue, brick);
    for (int kind = 0; kind < a->bio.kind_count; kind++) {
        const st_kind* k = &a->bio.kind[kind];
        const st_region* from = &a->bio.region[a->bio.region_of_place[k->place]];
        for (int i = 0; i < k->flux_count; i++) {
            const st_flux* f = &k->flux[i];
            const int far = a->far_of_flux[kind][i];
            if (far < 0) {
                continue;
            }
            const int region = a->bio.region_of_place[f->place];
            const double share =
                a->voxel_mL * from->place_mL /
                (from->volume_um3 * ST_ML_PER_UM3 * a->bio.region[region].place_mL);
            double* row = row_of(a, w, f->is_matrix, f->index, 0);
            for (int v = 0; v < ST_BRICK_VOXELS; v++) {
                if (medium[v] != 0 && a->region_of_medium[medium[v]] == region) {
                    const double level =
                        f->term == ST_TERM_CONSUME ? level_uM(a, f->index, brick, v) : 0.0;
                    add_term(&row[v], f->term, share * a->far_total[far],
                             share * a->far_total[far + 1], level);
                }
            }
        }
    }
}

// --- what happens without cells of the tissue
// --------------------------------------------------------

/// Number of cells that arrive when `mean` are expected: inversion of one draw.
static int poisson(double mean, double u)
{
    double p = st_exp(-mean);
    double sum = p;
    int n = 0;
    while (u >= sum && n < 1000) {
        n++;
        p *= mean / n;
        sum += p;
    }
    return n;
}

void st_act_newcomer(const st_agents* a, double day, double* value)
{
    for (int c = 0; c < st_cells_column_count(a->cells); c++) {
        value[c] = st_cells_column(a->cells, c)->initial;
    }
    value[a->column_born] = day;
}

/// A cell that arrives within the step lives on through the rest of it.                    [AGT-3]
static st_status settle(st_agents* a, st_worker* w, int worker, int kind, int brick, int voxel,
                        const double place[3], st_random_key* key, double left_min)
{
    const st_batch b = {.kind = kind, .brick = brick, .count = 1, .slot = {-1}, .voxel = {voxel}};
    st_fate fate;
    st_signal_run(a, w, &b);
    st_fate_live(a, w, &b, 0, key, left_min, &fate);
    if (fate.count < 0 || fate.is_full) {
        return ST_FAIL(w->ctx, ST_ERR_NUMERIC,
                       "agents: a cell of %s that arrives at %g day has a rate that is below 0 or "
                       "not finite, or becomes more than %d cells in %g min",
                       a->bio.kind[kind].name, a->now_day, ST_FATE_LIMIT, a->step_min);
    }
    st_act_newcomer(a, a->now_day, w->value);
    for (int n = 0; n < fate.count; n++) {
        const st_cell_birth birth = {.at_um = {place[0], place[1], place[2]},
                                     .type = fate.kind[n],
                                     .order = (1ull << 63) | key->id,
                                     .value = w->value};
        ST_TRY(st_cells_add(w->ctx, a->cells, worker, &birth));
    }
    w->tally.births += fate.births;
    w->tally.deaths += fate.deaths;
    w->tally.changes += fate.changes;
    w->tally.departures += fate.departures;
    return ST_OK;
}

static st_status arrive(st_agents* a, st_worker* w, int worker, int brick, int voxel, int kind,
                        double mean)
{
    int low[3];
    st_tissue_brick_voxel(a->tissue, brick, low);
    const int at[3] = {low[0] + voxel % ST_BRICK_EDGE,
                       low[1] + voxel / ST_BRICK_EDGE % ST_BRICK_EDGE,
                       low[2] + voxel / (ST_BRICK_EDGE * ST_BRICK_EDGE)};
    const uint64_t number = ((uint64_t)(at[2] & 0x1fffff) << 42) |
                            ((uint64_t)(at[1] & 0x1fffff) << 21) | (uint64_t)(at[0] & 0x1fffff);
    const st_random_key key = {
        .seed = a->seed, .stream = ST_STREAM_ARRIVAL, .id = number, .step = a->step};
    const uint64_t draws = 4096u * (uint64_t)kind;
    if (!(mean >= 0.0 && mean < 500.0)) {
        return ST_FAIL(w->ctx, ST_ERR_NUMERIC,
                       "agents: %g cells of %s would arrive in one voxel in one step of %g min at "
                       "%g day, expected 0 to 500: take shorter steps",
                       mean, a->bio.kind[kind].name, a->step_min, a->now_day);
    }
    const int count = mean > 0.0 ? poisson(mean, st_random_uniform(&key, draws)) : 0;
    for (int n = 0; n < count; n++) {
        const uint64_t own = draws + 1u + 4u * (uint64_t)n;
        double place[3];
        for (int i = 0; i < 3; i++) {
            const double u = st_random_uniform(&key, own + (uint64_t)i);
            place[i] = a->frame.origin_um[i] + (at[i] + u) * a->frame.voxel_um[i];
        }
        // a stream of its own for what the newcomer lives through until the step ends
        st_random_key life = key;
        life.step = a->step | (own << 44);
        ST_TRY(settle(a, w, worker, kind, brick, voxel, place, &life,
                      a->step_min * st_random_uniform(&key, own + 3u)));
    }
    w->tally.arrivals += count;
    return ST_OK;
}

static double rate_at(const st_region* r, const double* reg, int output, int lane)
{
    return st_extract_output(&r->program, reg, output)[lane];
}

/// Decay, supply, reactions, exchange, and what cells elsewhere do, in up to
/// ST_LANES voxels. What takes is a sink per level now, so that no step takes
/// more than there is.                [AGT-2]
static st_status add_ambient(st_agents* a, st_worker* w, int worker, int region, const st_batch* b)
{
    const st_region* r = &a->bio.region[region];
    const double* reg = w->reg[a->bio.kind_count + region];
    for (int i = 0; i < r->ambient_count; i++) {
        const st_ambient* m = &r->ambient[i];
        for (int lane = 0; lane < b->count; lane++) {
            const int v = b->voxel[lane];
            const double rate = rate_at(r, reg, m->output, lane) * a->voxel_mL;
            if (m->what == ST_AMBIENT_CELLS) {
                if (a->fate_due) {
                    ST_TRY(arrive(a, w, worker, b->brick, v, m->index,
                                  rate / r->place_mL * a->step_min / ST_MIN_PER_DAY));
                }
                continue;
            }
            const bool is_matrix = m->what == ST_AMBIENT_MATRIX;
            const double level = is_matrix
                                     ? st_tissue_brick_matrix(a->tissue, m->index, b->brick)[v]
                                     : level_uM(a, m->index, b->brick, v);
            const bool is_sink = rate < 0.0 && level > 0.0;
            row_of(a, w, is_matrix, m->index, is_sink ? ST_FLUX_GO : ST_FLUX_COME)[v] +=
                is_sink ? -rate / level : rate;
        }
    }
    return ST_OK;
}

static st_status do_ambient(st_agents* a, st_worker* w, int worker, int brick)
{
    const uint8_t* medium = st_tissue_brick_media(a->tissue, brick);
    for (int region = 0; region < a->bio.region_count; region++) {
        const st_region* r = &a->bio.region[region];
        st_batch b = {.kind = -1, .brick = brick};
        if (!r->has_chemistry && !(r->has_arrivals && a->fate_due)) {
            continue;
        }
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            if (medium[v] != 0 && a->region_of_medium[medium[v]] == region) {
                b.voxel[b.count++] = v;
            }
            if (b.count == ST_LANES || (b.count > 0 && v == ST_BRICK_VOXELS - 1)) {
                st_signal_run_region(a, w, region, &b);
                ST_TRY(add_ambient(a, w, worker, region, &b));
                b.count = 0;
            }
        }
    }
    return ST_OK;
}

// --- fates
// ----------------------------------------------------------------------------------------

/// A daughter's columns: as the mother's, halved or 0.
static void inherit(const st_agents* a, int64_t slot, double* value)
{
    for (int c = 0; c < st_cells_column_count(a->cells); c++) {
        const st_column_def* def = st_cells_column(a->cells, c);
        const double factor[ST_COLUMN_BIRTH_COUNT] = {
            [ST_COLUMN_COPY] = 1.0, [ST_COLUMN_HALVE] = 0.5, [ST_COLUMN_ZERO] = 0.0};
        switch (def->kind) {
        case ST_COLUMN_FLOAT:
            value[c] = (double)st_cells_floats(a->cells, c)[slot];
            break;
        case ST_COLUMN_DOUBLE:
            value[c] = st_cells_doubles(a->cells, c)[slot];
            break;
        default:
            value[c] = st_cells_words(a->cells, c)[slot];
            break;
        }
        value[c] *= factor[def->birth];
    }
}

/// Further cells of a step in which a cell divided more than once: beside it.
static st_status add_more(st_agents* a, st_worker* w, int worker, int64_t slot, const st_fate* fate)
{
    double at[3];
    st_cells_position(a->cells, slot, at);
    inherit(a, slot, w->value);
    for (int n = 2; n < fate->count; n++) {
        const st_cell_birth birth = {.at_um = {at[0], at[1], at[2]},
                                     .type = fate->kind[n],
                                     .volume_um3 = 0.5 * st_cells_volume(a->cells, slot),
                                     .value = w->value,
                                     .order =
                                         st_cells_id(a->cells, slot) * ST_FATE_LIMIT + (uint64_t)n};
        ST_TRY(st_cells_add(w->ctx, a->cells, worker, &birth));
    }
    return ST_OK;
}

static st_status carry_out(st_agents* a, st_worker* w, int worker, int64_t slot, int kind,
                           const st_fate* fate)
{
    if (fate->count == 0) {
        return st_cells_remove(w->ctx, a->cells, worker, slot);
    }
    const bool is_changed = fate->kind[0] != kind;
    if (is_changed) {
        ST_TRY(st_cells_become(w->ctx, a->cells, worker, slot, fate->kind[0]));
    }
    if (is_changed || fate->count > 1) {
        st_cells_doubles(a->cells, a->column_born)[slot] = a->now_day;
    }
    if (fate->count > 1) {
        st_division division = st_default_division();
        division.daughter_type = fate->kind[1];
        ST_TRY(st_cells_divide(w->ctx, a->cells, worker, slot, &division));
        return add_more(a, w, worker, slot, fate);
    }
    return ST_OK;
}

static st_status decide(st_agents* a, st_worker* w, int worker, const st_batch* b)
{
    const st_kind* k = &a->bio.kind[b->kind];
    for (int lane = 0; lane < b->count; lane++) {
        st_fate fate;
        const int64_t slot = b->slot[lane];
        st_random_key key = {.seed = a->seed,
                             .stream = ST_STREAM_AGENT,
                             .id = st_cells_id(a->cells, slot),
                             .step = a->step};
        st_fate_live(a, w, b, lane, &key, a->step_min, &fate);
        if (fate.count < 0 || fate.is_full) {
            return ST_FAIL(w->ctx, ST_ERR_NUMERIC,
                           fate.is_full ? "agents: cell %llu (%s) at %g day becomes "
                                          "more than %d cells in "
                                          "one step of %g min: take shorter steps"
                                        : "agents: cell %llu (%s) at %g day has a "
                                          "rate that is below 0 or "
                                          "not finite (at most %d cells in %g min)",
                           (unsigned long long)key.id, k->name, a->now_day, ST_FATE_LIMIT,
                           a->step_min);
        }
        w->tally.births += fate.births;
        w->tally.deaths += fate.deaths;
        w->tally.changes += fate.changes;
        w->tally.departures += fate.departures;
        if (fate.count != 1 || fate.kind[0] != b->kind || fate.births > 0) {
            ST_TRY(carry_out(a, w, worker, slot, b->kind, &fate));
        }
    }
    return ST_OK;
}

// --- the brick
// ------------------------------------------------------------------------------------

/// What a brick's cells consume as a maximum and a half level by voxel: the sum over cells and its
/// slope are met at the level of now, and all levels where the half levels are equal.       [AGT-2]
static void write_consumed(st_agents* a, const st_worker* w, int brick, int field)
{
    const size_t at = (size_t)brick * ST_BRICK_VOXELS;
    const double per_min = 1.0 / (a->voxel_mL * ST_MIN_PER_DAY);
    const double* weight = row_of(a, w, false, field, ST_FLUX_WEIGHT);
    const double* halves = row_of(a, w, false, field, ST_FLUX_HALF);
    for (int v = 0; v < ST_BRICK_VOXELS; v++) {
        double most = 0.0;
        double half = 0.0;
        if (weight[v] > 0.0) {
            const double level = level_uM(a, field, brick, v);
            half = halves[v] / weight[v];
            most = weight[v] * (half + level) * (half + level);
        }
        a->most[field][at + (size_t)v] = (float)(most * per_min / ST_UM_PER_M);
        a->half[field][at + (size_t)v] = (float)(half / ST_UM_PER_M);
    }
}

/// Totals become what the field solver takes; matrix takes its step here,
/// exactly for rates that stand still: m <- m e^-kt + c/k (1 - e^-kt). [AGT-2]
static void write_totals(st_agents* a, const st_worker* w, int brick)
{
    const size_t at = (size_t)brick * ST_BRICK_VOXELS;
    const double per_min = 1.0 / (a->voxel_mL * ST_MIN_PER_DAY);
    const double days = a->field_step_min / ST_MIN_PER_DAY;
    const uint8_t* medium = st_tissue_brick_media(a->tissue, brick);
    for (int f = 0; f < a->field_count; f++) {
        if (!a->touches_field[f]) {
            continue;
        }
        if (a->is_consumed[f]) {
            write_consumed(a, w, brick, f);
        }
        const double* come = row_of(a, w, false, f, ST_FLUX_COME);
        const double* go = row_of(a, w, false, f, ST_FLUX_GO);
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            a->source[f][at + (size_t)v] = (float)(come[v] * per_min / ST_UM_PER_M);
            a->sink[f][at + (size_t)v] = (float)(go[v] * per_min);
        }
    }
    for (int m = 0; m < a->matrix_count; m++) {
        if (!a->touches_matrix[m]) {
            continue;
        }
        const double* come = row_of(a, w, true, m, ST_FLUX_COME);
        const double* go = row_of(a, w, true, m, ST_FLUX_GO);
        double* value = st_tissue_brick_matrix(a->tissue, m, brick);
        for (int v = 0; v < ST_BRICK_VOXELS; v++) {
            if (medium[v] != 0 && (come[v] != 0.0 || go[v] != 0.0)) {
                const double k = go[v] / a->voxel_mL * days;
                const double c = come[v] / a->voxel_mL * days;
                const double left = st_exp(-k);
                value[v] = value[v] * left + (k > 1e-9 ? c * (1.0 - left) / k : c);
            }
        }
    }
}

st_status st_act_brick(st_agents* a, st_worker* w, int worker, int brick, int64_t first,
                       int64_t last)
{
    clear_totals(a, w);
    add_far_fluxes(a, w, brick);
    ST_TRY(do_ambient(a, w, worker, brick));
    sort_by_kind(a, w, first, last);
    for (int kind = 0; kind < a->bio.kind_count; kind++) {
        for (int at = w->start[kind]; at < w->start[kind + 1];) {
            const st_batch b = next_batch(a, w, kind, brick, first, at);
            at += b.count;
            st_signal_run(a, w, &b);
            add_fluxes(a, w, &b);
            if (a->mech_due) {
                st_body_walk(a, w, &b);
            }
            if (a->fate_due) {
                st_body_grow(a, &b);
            }
            if (a->fate_due && a->bio.kind[kind].can_change) {
                ST_TRY(decide(a, w, worker, &b));
            }
        }
    }
    write_totals(a, w, brick);
    return ST_OK;
}
