// Time: fields, bodies and fates, each a whole multiple of the one before.

#include "engine.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

// --- the world outside
// ------------------------------------------------------------------------------

/// A change so little after a step's time is owed to rounding: it counts for that step.
#define SLACK_DAY 1e-9

static const char* state_name(const st_model* model, int index)
{
    return st_model_state(model, index)->name;
}

static const char* input_name(const st_model* model, int index)
{
    return st_model_input(model, index)->name;
}

/// Knots of `width` numbers each, checked; their copies take the place of those in `knots`.
static st_status replace_knots(st_ctx* ctx, const st_agents* a,
                               const char* (*name)(const st_model*, int), size_t width, int count,
                               const double* day, const double* value, st_knots* knots)
{
    if (count < 1) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: found %d knots, expected 1 or more", count);
    }
    for (int i = 0; i < count; i++) {
        if (!isfinite(day[i]) || (i > 0 && !(day[i] > day[i - 1]))) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "agents: knot %d lies at %g day, expected one after "
                           "the knot before",
                           i, day[i]);
        }
        for (size_t s = 0; s < width; s++) {
            if (!isfinite(value[(size_t)i * width + s])) {
                return ST_FAIL(ctx, ST_ERR_INPUT, "agents: %s is not finite at %g day",
                               name(a->model, (int)s), day[i]);
            }
        }
    }
    double* days = st_alloc(ctx, (size_t)count, sizeof *days);
    double* values = st_alloc(ctx, (size_t)count * width + 1u, sizeof *values);
    if (days == NULL || values == NULL) {
        st_free(ctx, days);
        st_free(ctx, values);
        return ST_ERR_MEMORY;
    }
    memcpy(days, day, (size_t)count * sizeof *days);
    memcpy(values, value, (size_t)count * width * sizeof *values);
    st_free(a->ctx, knots->day);
    st_free(a->ctx, knots->value);
    *knots = (st_knots){.count = count, .day = days, .value = values};
    return ST_OK;
}

st_status st_agents_surround(st_ctx* ctx, st_agents* a, int count, const double* day,
                             const double* value)
{
    const size_t states = (size_t)st_model_state_count(a->model);
    return replace_knots(ctx, a, state_name, states, count, day, value, &a->outside);
}

/// Which slots of the model's tape get another value than that of the beginning.
static st_status check_changes(st_ctx* ctx, const st_agents* a, int count, const double* value)
{
    const int inputs = st_model_input_count(a->model);
    const int first = st_model_state_count(a->model) + st_model_parameter_count(a->model);
    bool* is_changing = st_alloc(ctx, (size_t)a->bio.slot_count + 1u, sizeof *is_changing);
    if (is_changing == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < inputs; i++) {
        for (int k = 0; k < count; k++) {
            const double at = value[(size_t)k * (size_t)inputs + (size_t)i];
            is_changing[first + i] = is_changing[first + i] || at != a->input[i];
        }
    }
    const st_status status = st_grip_check(ctx, a, is_changing);
    st_free(ctx, is_changing);
    return status;
}

st_status st_agents_set_inputs(st_ctx* ctx, st_agents* a, int count, const double* day,
                               const double* value)
{
    const size_t inputs = (size_t)st_model_input_count(a->model);
    ST_TRY(check_changes(ctx, a, count, value));
    return replace_knots(ctx, a, input_name, inputs, count, day, value, &a->inputs);
}

/// Inputs stand still from knot to knot. [AGT-1]
static void fill_inputs(st_agents* a)
{
    const size_t inputs = (size_t)st_model_input_count(a->model);
    const int first = st_model_state_count(a->model) + st_model_parameter_count(a->model);
    const st_knots* k = &a->inputs;
    int i = 0;
    while (i < k->count && k->day[i] <= a->now_day + SLACK_DAY) {
        i++;
    }
    const double* row = i > 0 ? k->value + (size_t)(i - 1) * inputs : a->input;
    memcpy(a->slot + first, row, inputs * sizeof *row);
}

static double outside_value(const st_agents* a, int state, double day)
{
    const size_t states = (size_t)st_model_state_count(a->model);
    const st_knots* k = &a->outside;
    if (k->count == 0) {
        return a->start[state];
    }
    int i = 0;
    while (i < k->count && k->day[i] <= day) {
        i++;
    }
    const double* row = k->value + (size_t)(i > 0 ? i - 1 : 0) * states;
    if (i == 0 || i == k->count) {
        return row[state];
    }
    const double share = (day - k->day[i - 1]) / (k->day[i] - k->day[i - 1]);
    return row[state] + share * (row[states + (size_t)state] - row[state]);
}

static double mean_over(const st_agents* a, const st_region* r, bool is_matrix, int index)
{
    double sum = 0.0;
    double voxels = 0.0;
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        if ((r->media >> m & 1u) != 0) {
            const double n = (double)st_tissue_medium_voxel_count(a->tissue, m);
            sum += n * (is_matrix ? st_tissue_matrix_mean(a->tissue, index, m)
                                  : st_tissue_mean_M(a->tissue, index, m) * ST_UM_PER_M);
            voxels += n;
        }
    }
    return voxels > 0.0 ? sum / voxels : 0.0;
}

/// The model's slots now: outside from the knots, inside as whole regions are.
static void fill_slots(st_agents* a)
{
    fill_inputs(a);
    for (int s = 0; s < st_model_state_count(a->model); s++) {
        const int place = st_model_state_place(a->model, s);
        const int region = place >= 0 ? a->bio.region_of_place[place] : ST_NOWHERE;
        a->slot[s] = outside_value(a, s, a->now_day);
        if (region == ST_NOWHERE || a->bio.region_count < 2) {
            continue; // with one region nobody reads the whole of it
        }
        const st_region* r = &a->bio.region[region];
        if (a->bio.kind_of_state[s] >= 0) {
            a->slot[s] = (double)st_cells_type_cell_count(a->cells, a->bio.kind_of_state[s]) *
                         r->place_mL / (r->volume_um3 * ST_ML_PER_UM3);
        } else if (a->bio.field_of_state[s] >= 0) {
            a->slot[s] = mean_over(a, r, false, a->bio.field_of_state[s]);
        } else if (a->bio.matrix_of_state[s] >= 0) {
            a->slot[s] = mean_over(a, r, true, a->bio.matrix_of_state[s]);
        }
    }
    a->slot[a->bio.slot_count - 1] = a->now_day;
}

// --- passes over bricks
// ----------------------------------------------------------------------------

static void count_cells(st_agents* a)
{
    const size_t voxels = (size_t)a->brick_count * ST_BRICK_VOXELS;
    for (int k = 0; k < a->bio.kind_count; k++) {
        if (a->count[k] != NULL) {
            memset(a->count[k], 0, voxels * sizeof **a->count);
        }
    }
    for (int p = 0; p < a->bio.pair_count; p++) {
        if (a->sum[p] != NULL) {
            memset(a->sum[p], 0, voxels * sizeof **a->sum);
        }
    }
    memset(a->far, 0, (size_t)a->far_count * (size_t)a->brick_count * sizeof *a->far);
}

static void begin_brick(st_agents* a, st_worker* w)
{
    for (int i = 0; i < a->bio.kind_count + a->bio.pair_count; i++) {
        w->seen_at[i] = -1;
    }
}

static st_status count_brick(void* arg, int64_t brick, int worker)
{
    st_agents* a = arg;
    int64_t first;
    int64_t last;
    (void)worker;
    st_cells_brick_range(a->cells, (int)brick, &first, &last);
    for (int64_t s = first; s < last; s++) {
        uint32_t* count = a->count[st_cells_type_of(a->cells, s)];
        if (count != NULL) {
            int voxel;
            st_cells_voxel(a->cells, s, &voxel);
            count[(size_t)brick * ST_BRICK_VOXELS + (size_t)voxel]++;
        }
    }
    return ST_OK;
}

static st_status sum_brick(void* arg, int64_t brick, int worker)
{
    st_agents* a = arg;
    st_worker* w = &a->worker[worker];
    int64_t first;
    int64_t last;
    st_cells_brick_range(a->cells, (int)brick, &first, &last);
    begin_brick(a, w);
    return last > first ? st_act_sum(a, w, (int)brick, first, last) : ST_OK;
}

static st_status act_brick(void* arg, int64_t brick, int worker)
{
    st_agents* a = arg;
    st_worker* w = &a->worker[worker];
    int64_t first;
    int64_t last;
    st_cells_brick_range(a->cells, (int)brick, &first, &last);
    begin_brick(a, w);
    return st_act_brick(a, w, worker, (int)brick, first, last);
}

/// Runs over all bricks; what a worker reported becomes the context's message.
static st_status each_brick(st_ctx* ctx, st_agents* a, st_item_fn fn)
{
    const st_status status = st_pool_run(a->pool, a->brick_count, fn, a, NULL);
    for (int i = 0; i < a->worker_count && status != ST_OK; i++) {
        if (st_ctx_message_count(a->worker[i].ctx) > 0) {
            st_ctx_take_messages(ctx, a->worker[i].ctx);
            break;
        }
    }
    for (int i = 0; i < a->worker_count; i++) {
        st_ctx_clear_messages(a->worker[i].ctx);
    }
    return status;
}

/// Room for the cells of the fullest brick, and the registers' shared part.
static st_status prepare_workers(st_ctx* ctx, st_agents* a)
{
    int64_t most = 0;
    for (int b = 0; b < a->brick_count; b++) {
        int64_t first;
        int64_t last;
        st_cells_brick_range(a->cells, b, &first, &last);
        most = last - first > most ? last - first : most;
    }
    for (int k = 0; k < a->bio.kind_count; k++) {
        st_extract_share(&a->bio.kind[k].program, a->slot);
    }
    for (int r = 0; r < a->bio.region_count; r++) {
        st_extract_share(&a->bio.region[r].program, a->slot);
    }
    for (int i = 0; i < a->worker_count; i++) {
        st_worker* w = &a->worker[i];
        if (most > w->list_capacity) {
            int32_t* list = st_realloc(ctx, w->list, (size_t)(most + most / 2), sizeof *list);
            if (list == NULL) {
                return ST_ERR_MEMORY;
            }
            w->list = list;
            w->list_capacity = most + most / 2;
        }
        for (int k = 0; k < a->bio.kind_count; k++) {
            st_extract_load(&a->bio.kind[k].program, w->reg[k]);
        }
        for (int r = 0; r < a->bio.region_count; r++) {
            st_extract_load(&a->bio.region[r].program, w->reg[a->bio.kind_count + r]);
        }
    }
    return ST_OK;
}

static void sum_up(st_agents* a)
{
    for (int f = 0; f < a->far_count; f++) {
        a->far_total[f] = 0.0;
        for (int b = 0; b < a->brick_count; b++) {
            a->far_total[f] += a->far[(size_t)f * (size_t)a->brick_count + (size_t)b];
        }
    }
}

static st_status couple_fields(st_ctx* ctx, st_agents* a)
{
    for (int f = 0; f < a->field_count; f++) {
        if (a->touches_field[f]) {
            st_tissue_set_source(a->tissue, f, a->source[f]);
            ST_TRY(st_tissue_set_saturating_uptake(ctx, a->tissue, f, a->sink[f], a->most[f],
                                                   a->half[f]));
        }
    }
    return ST_OK;
}

static void take_tallies(st_agents* a)
{
    for (int i = 0; i < a->worker_count; i++) {
        const st_agents_tally t = a->worker[i].tally;
        a->tally.births += t.births;
        a->tally.deaths += t.deaths;
        a->tally.changes += t.changes;
        a->tally.arrivals += t.arrivals;
        a->tally.departures += t.departures;
        a->worker[i].tally = (st_agents_tally){0};
    }
}

static bool is_due(const st_agents* a, int every)
{
    return every > 0 && a->step % (uint64_t)every == 0;
}

/// Does anybody ask how many of a kind are within reach?
static bool has_counts(const st_agents* a)
{
    bool has = false;
    for (int k = 0; k < a->bio.kind_count; k++) {
        has = has || a->count[k] != NULL;
    }
    return has;
}

static bool has_actors(const st_agents* a)
{
    bool has = false;
    for (int k = 0; k < a->bio.kind_count; k++) {
        has = has || a->is_actor[k];
    }
    return has;
}

/// One field step. What cells do is told by their signals at its beginning.
/// [AGT-1..6]
static st_status step(st_ctx* ctx, st_agents* a)
{
    const int bodies = a->mech_every > 0 ? a->mech_every : 1;
    a->mech_due = is_due(a, a->mech_every);
    a->fate_due = is_due(a, bodies * a->fate_every);
    a->step_min = a->field_step_min * bodies * a->fate_every;
    a->now_day = (double)a->step * a->field_step_min / ST_MIN_PER_DAY;

    if (a->is_moved) {
        ST_TRY(st_cells_commit(ctx, a->cells)); // sorts what mechanics moved
        a->is_moved = false;
    }
    fill_slots(a);
    ST_TRY(prepare_workers(ctx, a)); // what all cells share [AGT-1]
    count_cells(a);
    if (has_counts(a)) {
        ST_TRY(each_brick(ctx, a, count_brick)); // who is where [AGT-4]
    }
    if (has_actors(a)) {
        ST_TRY(each_brick(ctx, a, sum_brick)); // what actors do to others [AGT-4]
        sum_up(a);
    }
    ST_TRY(each_brick(ctx, a, act_brick)); // fluxes, walking, fates [AGT-2,3,5]
    take_tallies(a);
    if (a->fate_due) {
        ST_TRY(st_cells_commit(ctx, a->cells)); // in the order of ids
    }
    ST_TRY(couple_fields(ctx, a));
    ST_TRY(st_tissue_advance(ctx, a->tissue, (double)(a->step + 1) * a->field_step_min));
    if (a->mech_due) {
        ST_TRY(st_cells_relax(ctx, a->cells, a->field_step_min * a->mech_every, NULL));
        a->is_moved = true;
    }
    a->step++;
    return ST_OK;
}

st_status st_agents_advance(st_ctx* ctx, st_agents* a, double time_min)
{
    const double steps = time_min / a->field_step_min;
    if (!(steps >= (double)a->step - 1e-6) || !(steps < 1e15)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: asked for %g min, expected %g min or later",
                       time_min, st_agents_time_min(a));
    }
    if (fabs(steps - floor(steps + 0.5)) > 1e-6) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents: %g min are %.9g field steps of %g min, expected a "
                       "whole number",
                       time_min, steps, a->field_step_min);
    }
    const uint64_t last = (uint64_t)(steps + 0.5);
    while (a->step < last) {
        if (st_ctx_should_stop(ctx)) {
            return ST_FAIL(ctx, ST_ERR_INTERRUPTED, "stopped on request");
        }
        ST_TRY(step(ctx, a));
    }
    if (a->is_moved) {
        ST_TRY(st_cells_commit(ctx, a->cells));
        a->is_moved = false;
    }
    return ST_OK;
}

// --- what others ask
// -------------------------------------------------------------------------------

/// A random place inside the shape, from the box around it.
static bool place_in(const st_agents* a, const st_region* r, const st_shape* shape,
                     const st_random_key* key, uint64_t draw, double out[3])
{
    int voxel[3];
    for (int i = 0; i < 3; i++) {
        const double u = st_random_uniform(key, 4u * draw + (uint64_t)i);
        out[i] = a->frame.origin_um[i] + u * a->frame.voxel_um[i] * a->frame.size[i];
        voxel[i] = (int)floor((out[i] - a->frame.origin_um[i]) / a->frame.voxel_um[i]);
    }
    const int medium = st_tissue_medium(a->tissue, voxel);
    return medium > 0 && (r->media >> medium & 1u) != 0 &&
           (shape == NULL || st_shape_distance(shape, out) < 0.0);
}

/// Draws in a row that may miss a shape.
#define MISS_LIMIT 100000
/// New cells that wait for a commit at most: what is noted of each takes more room than the cell.
#define PLACE_BATCH ((int64_t)1 << 19)

static st_status place_by_shape(st_ctx* ctx, st_agents* a, int kind, int64_t count,
                                const st_shape* shape)
{
    const st_region* r = &a->bio.region[a->bio.region_of_place[a->bio.kind[kind].place]];
    const st_random_key key = {.seed = a->seed,
                               .stream = ST_STREAM_ARRIVAL,
                               .id = ((uint64_t)1 << 63) + (uint64_t)kind,
                               .step = st_cells_commit_count(a->cells)};
    uint64_t draw = 0;
    double* value = a->worker[0].value;
    st_act_newcomer(a, st_agents_time_min(a) / ST_MIN_PER_DAY, value);
    for (int64_t n = 0; n < count; n++) {
        st_cell_birth birth = {.type = kind, .order = (uint64_t)n, .value = value};
        int misses = 0;
        while (!place_in(a, r, shape, &key, draw++, birth.at_um)) {
            if (++misses == MISS_LIMIT) {
                return ST_FAIL(ctx, ST_ERR_INPUT,
                               "agents: %d places drawn at random for %s lie outside the shape or "
                               "its medium",
                               MISS_LIMIT, a->bio.kind[kind].name);
            }
        }
        ST_TRY(st_cells_add(ctx, a->cells, 0, &birth));
        if ((n + 1) % PLACE_BATCH == 0) {
            ST_TRY(st_cells_commit(ctx, a->cells));
        }
    }
    return ST_OK;
}

st_status st_agents_place(st_ctx* ctx, st_agents* a, const char* state, int64_t count,
                          const st_shape* shape)
{
    const int s = st_model_find_state(a->model, state);
    const int kind = s >= 0 ? a->bio.kind_of_state[s] : ST_NOWHERE;
    if (kind < 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: '%s' is no cell of a place in the tissue",
                       state);
    }
    if (count < 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: found %lld cells of %s, expected 0 or more",
                       (long long)count, state);
    }
    ST_TRY(place_by_shape(ctx, a, kind, count, shape));
    return st_cells_commit(ctx, a->cells);
}

double st_agents_time_min(const st_agents* a)
{
    return (double)a->step * a->field_step_min;
}

st_cells* st_agents_cells(st_agents* a)
{
    return a->cells;
}

const st_model* st_agents_model(const st_agents* a)
{
    return a->model;
}

int64_t st_agents_count(const st_agents* a, int state)
{
    const int kind = a->bio.kind_of_state[state];
    return kind < 0 ? 0 : st_cells_type_cell_count(a->cells, kind);
}

int st_agents_cell_type(const st_agents* a, int state)
{
    return a->bio.kind_of_state[state];
}

double st_agents_region_um3(const st_agents* a, int place)
{
    const int region = a->bio.region_of_place[place];
    return region < 0 ? 0.0 : a->bio.region[region].volume_um3;
}

st_agents_tally st_agents_tally_now(const st_agents* a)
{
    return a->tally;
}

st_status st_agents_behaviour(st_ctx* ctx, st_agents* a, int64_t slot, int behaviour, double* out)
{
    const int kind = st_cells_type_of(a->cells, slot);
    const st_kind* k = &a->bio.kind[kind];
    const st_behaviour_info* info = st_model_behaviour(a->model, behaviour);
    int at = 0;
    while (at < k->program.output_count && k->wanted[at] != info->output) {
        at++;
    }
    if (at == k->program.output_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: %s has no '%s'", k->name, info->key);
    }
    st_batch b = {.kind = kind, .count = 1, .slot = {slot}};
    b.brick = st_cells_voxel(a->cells, slot, &b.voxel[0]);
    a->now_day = st_agents_time_min(a) / ST_MIN_PER_DAY;
    fill_slots(a);
    ST_TRY(prepare_workers(ctx, a));
    count_cells(a);
    if (!a->reach.is_whole) {
        ST_TRY(each_brick(ctx, a, count_brick));
    }
    begin_brick(a, &a->worker[0]);
    st_signal_run(a, &a->worker[0], &b);
    *out = st_extract_output(&k->program, a->worker[0].reg[kind], at)[0];
    return ST_OK;
}

uint64_t st_agents_hash(const st_agents* a)
{
    const uint64_t part[3] = {st_tissue_hash(a->tissue), st_cells_hash(a->cells), a->step};
    return XXH64(part, sizeof part, 0);
}
