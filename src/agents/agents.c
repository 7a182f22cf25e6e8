// Making agents: the model's cells, the tissue's fields and matrices, bodies,
// room.

#include "engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEF_COOKIE 0x61676e74u

st_agent_type st_default_agent_type(void)
{
    return (st_agent_type){.body = {.volume_um3 = 2000.0,
                                    .repulsion_um_per_min = 10.0,
                                    .adhesion_um_per_min = 0.4,
                                    .reach = 1.25,
                                    .wall_um_per_min = 10.0,
                                    .mobility = 1.0,
                                    .division_distance = 0.5},
                           .growth_min = 720.0,
                           .persistence_min = 15.0};
}

st_agents_def st_default_agents_def(void)
{
    const st_cells_def cells = st_default_cells_def();
    return (st_agents_def){.field_step_min = 6.0,
                           .mech_every = 1,
                           .fate_every = 1,
                           .reach_um = 50.0,
                           .touch = 1.1,
                           .seed = 1,
                           .cell_limit = cells.cell_limit,
                           .fill_limit = cells.fill_limit,
                           .position_error_um = cells.position_error_um,
                           .worker_count = 1,
                           .cookie = DEF_COOKIE};
}

// --- checks
// ----------------------------------------------------------------------------------------

static st_status check_steps(st_ctx* ctx, const st_agents_def* def)
{
    if (!(def->field_step_min > 0.0) || !isfinite(def->field_step_min)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents.field_step = %g min: must be above 0",
                       def->field_step_min);
    }
    if (def->mech_every < 0 || def->fate_every < 1) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents.mech_every = %d, fate_every = %d: must be at least 0 and 1",
                       def->mech_every, def->fate_every);
    }
    if (!(def->reach_um > 0.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents.reach = %g um: must be above 0", def->reach_um);
    }
    if (!(def->touch >= 0.1 && def->touch <= 2.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents.touch = %g: must be 0.1 to 2", def->touch);
    }
    return ST_OK;
}

static int find_type(const st_agents_def* def, const char* state)
{
    for (int i = 0; i < def->type_count; i++) {
        const size_t length = strlen(def->type[i].name);
        if (strncmp(def->type[i].name, state, length) == 0 &&
            (state[length] == '@' || state[length] == '.')) {
            return i;
        }
    }
    return -1;
}

static st_status check_types(st_ctx* ctx, const st_agents_def* def)
{
    for (int i = 0; i < def->type_count; i++) {
        const st_agent_type* t = &def->type[i];
        bool is_known = false;
        for (int s = 0; t->name != NULL && s < st_model_state_count(def->model); s++) {
            const st_state_info* info = st_model_state(def->model, s);
            is_known = is_known || (info->kind == ST_STATE_CELL && find_type(def, info->name) == i);
        }
        if (!is_known) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "agents: the model has no cell type '%s'",
                           t->name != NULL ? t->name : "");
        }
        if (!(t->growth_min >= 0.0) || !(t->persistence_min > 0.0) ||
            !(t->guidance >= 0.0 && t->guidance <= 1.0)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "agents.%s: growth %g min, persistence %g min, guidance "
                           "%g: must be at "
                           "least 0, above 0, and 0 to 1",
                           t->name, t->growth_min, t->persistence_min, t->guidance);
        }
    }
    return ST_OK;
}

static st_status check_def(st_ctx* ctx, const st_agents_def* def)
{
    if (def->cookie != DEF_COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents: start the definition from st_default_agents_def()");
    }
    if (def->tissue == NULL || def->model == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: a tissue and a model are needed");
    }
    ST_TRY(check_steps(ctx, def));
    return check_types(ctx, def);
}

// --- regions and kinds
// -----------------------------------------------------------------------------

static int find_place(const st_model* model, const char* name)
{
    for (int p = 0; p < st_model_place_count(model); p++) {
        if (strcmp(st_model_place(model, p)->name, name) == 0) {
            return p;
        }
    }
    return -1;
}

static st_status find_regions(st_ctx* ctx, st_agents* a, const st_agents_def* def, int* count)
{
    *count = 0;
    st_region* region = st_arena_alloc(&a->arena, ST_MEDIUM_LIMIT + 1, sizeof *region);
    if (region == NULL) {
        return ST_ERR_MEMORY;
    }
    a->bio.region = region;
    for (int m = 0; m <= ST_MEDIUM_LIMIT; m++) {
        a->region_of_medium[m] = ST_NOWHERE;
        const int64_t voxels = m == 0 ? 0 : st_tissue_medium_voxel_count(a->tissue, m);
        if (def->place[m] == NULL || voxels == 0) {
            continue;
        }
        const int place = find_place(def->model, def->place[m]);
        int r = 0;
        if (place < 0) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "agents: the model has no place '%s'", def->place[m]);
        }
        while (r < *count && region[r].place != place) {
            r++;
        }
        *count += r == *count ? 1 : 0;
        region[r].place = place;
        region[r].media |= 1ull << m;
        region[r].volume_um3 += (double)voxels * a->voxel_um3;
        a->region_of_medium[m] = r;
    }
    if (*count == 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents: no medium of the tissue is a place of the model");
    }
    return ST_OK;
}

static int output_limit(const st_tape* tape)
{
    return tape->output_count + 1;
}

/// Parameters, inputs and the start of all states into the slots; volumes of
/// the places.
static st_status fill_start(st_ctx* ctx, st_agents* a, const st_agents_def* def)
{
    const st_tape* initial = st_model_initial_tape(a->model);
    const st_tape* all = st_model_description_tape(a->model);
    const int states = st_model_state_count(a->model);
    const int registers = initial->register_count > all->register_count ? initial->register_count
                                                                        : all->register_count;
    double* reg = st_alloc(ctx, (size_t)registers + 1u, sizeof *reg);
    double* out = st_alloc(ctx, (size_t)(output_limit(all) + states), sizeof *out);
    if (reg == NULL || out == NULL) {
        st_free(ctx, reg);
        st_free(ctx, out);
        return ST_ERR_MEMORY;
    }
    double* at = a->slot + states;
    for (int i = 0; i < st_model_parameter_count(a->model); i++) {
        *at++ = def->parameter ? def->parameter[i] : st_model_parameter(a->model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(a->model); i++) {
        a->input[i] = def->input ? def->input[i] : st_model_input(a->model, i)->value;
        *at++ = a->input[i];
    }
    st_tape_run_scalar(initial, a->slot, reg, out);
    memcpy(a->start, out, (size_t)states * sizeof *out);
    memcpy(a->slot, out, (size_t)states * sizeof *out);
    st_tape_run_scalar(all, a->slot, reg, out);
    st_status status = ST_OK;
    for (int r = 0; r < a->bio.region_count && status == ST_OK; r++) {
        st_region* region = &a->bio.region[r];
        const st_place_info* place = st_model_place(a->model, region->place);
        region->place_mL =
            place->output >= 0 ? out[place->output] : region->volume_um3 * ST_ML_PER_UM3;
        if (!(region->place_mL > 0.0)) {
            status = ST_FAIL(ctx, ST_ERR_INPUT,
                             "agents: the volume of '%s' is %g mL, expected one "
                             "above 0",
                             place->name, region->place_mL);
        }
    }
    st_free(ctx, reg);
    st_free(ctx, out);
    return status;
}

// --- bodies
// ----------------------------------------------------------------------------------------

static st_status find_matrix(st_ctx* ctx, const st_agents* a, const char* name, int* out)
{
    for (*out = 0; *out < a->matrix_count; ++*out) {
        if (strcmp(st_tissue_matrix_name(a->tissue, *out), name) == 0) {
            return ST_OK;
        }
    }
    return ST_FAIL(ctx, ST_ERR_INPUT, "agents: the tissue has no matrix '%s'", name);
}

static uint64_t open_media(const st_agents* a)
{
    uint64_t media = 0;
    for (int r = 0; r < a->bio.region_count; r++) {
        media |= a->bio.region[r].media;
    }
    return media;
}

/// Each turn of a walk is drawn: so many in one step would take longer than all else.
static st_status check_turns(st_ctx* ctx, const st_agents* a, const st_agents_def* def, int kind)
{
    const double turns = def->field_step_min * def->mech_every / a->body[kind].persistence_min;
    if (a->bio.kind[kind].migrate >= 0 && !(turns <= ST_TURN_LIMIT)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents: cells of %s turn every %g min, about %.6g times in one mechanics "
                       "step of %g min, expected at most %d: take shorter steps or a longer "
                       "persistence",
                       a->bio.kind[kind].name, a->body[kind].persistence_min, turns,
                       def->field_step_min * def->mech_every, ST_TURN_LIMIT);
    }
    return ST_OK;
}

static st_status make_cells(st_ctx* ctx, st_agents* a, const st_agents_def* def)
{
    const int kinds = a->bio.kind_count;
    if (kinds < 1 || kinds > ST_CELL_TYPE_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents: the places of the tissue hold %d states of cells, "
                       "expected 1 to %d",
                       kinds, ST_CELL_TYPE_LIMIT);
    }
    st_cell_type* type = st_arena_alloc(&a->arena, (size_t)kinds, sizeof *type);
    a->body = st_arena_alloc(&a->arena, (size_t)kinds, sizeof *a->body);
    if (type == NULL || a->body == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int k = 0; k < kinds; k++) {
        const int index = find_type(def, a->bio.kind[k].name);
        const st_agent_type t = index >= 0 ? def->type[index] : st_default_agent_type();
        type[k] = t.body;
        type[k].name = a->bio.kind[k].name;
        ST_TRY(st_grip_read(ctx, a, k, &type[k]));
        a->body[k] = (st_agent_body){.growth_min = t.growth_min,
                                     .persistence_min = t.persistence_min,
                                     .guidance = t.guidance,
                                     .volume_um3 = t.body.volume_um3,
                                     .held_by = -1};
        ST_TRY(check_turns(ctx, a, def, k));
        if (t.held_by != NULL) {
            ST_TRY(find_matrix(ctx, a, t.held_by, &a->body[k].held_by));
        }
    }
    st_cells_def cells = st_default_cells_def();
    cells.tissue = a->tissue;
    cells.type = type;
    cells.type_count = kinds;
    cells.open_media = open_media(a);
    cells.seed = def->seed;
    cells.cell_limit = def->cell_limit;
    cells.fill_limit = def->fill_limit;
    cells.position_error_um = def->position_error_um;
    cells.longest_step_min = fmax(cells.longest_step_min, def->field_step_min * def->mech_every);
    cells.worker_count = def->worker_count;
    return st_cells_create(ctx, &cells, &a->cells);
}

static st_status add_columns(st_ctx* ctx, st_agents* a)
{
    static const char* const names[] = {"direction_x", "direction_y", "direction_z"};
    const st_column_def born = {.name = "born_day", .kind = ST_COLUMN_DOUBLE};
    ST_TRY(st_cells_add_column(ctx, a->cells, &born, &a->column_born));
    for (int i = 0; i < 3; i++) {
        const st_column_def c = {.name = names[i], .kind = ST_COLUMN_FLOAT};
        ST_TRY(st_cells_add_column(ctx, a->cells, &c, &a->column_direction[i]));
    }
    return ST_OK;
}

static st_status copy_fibres(st_ctx* ctx, st_agents* a, const st_agents_def* def)
{
    for (int m = 0; m <= ST_MEDIUM_LIMIT; m++) {
        const double* f = def->fibre[m];
        if (f == NULL) {
            continue;
        }
        const double length = sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
        double* unit = st_arena_alloc(&a->arena, 3, sizeof *unit);
        if (unit == NULL) {
            return ST_ERR_MEMORY;
        }
        if (!(length > 0.0) || !isfinite(length)) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "agents: fibres of medium %d have no direction", m);
        }
        for (int i = 0; i < 3; i++) {
            unit[i] = f[i] / length;
        }
        a->fibre[m] = unit;
    }
    return ST_OK;
}

// --- room
// ------------------------------------------------------------------------------------------

/// Which fields and matrices cells or the model's chemistry change, and who
/// must be summed first.
static st_status find_touched(st_agents* a)
{
    const st_biology* b = &a->bio;
    a->touches_field = st_arena_alloc(&a->arena, (size_t)a->field_count + 1u, sizeof(bool));
    a->touches_matrix = st_arena_alloc(&a->arena, (size_t)a->matrix_count + 1u, sizeof(bool));
    a->is_consumed = st_arena_alloc(&a->arena, (size_t)a->field_count + 1u, sizeof(bool));
    a->is_actor = st_arena_alloc(&a->arena, (size_t)b->kind_count + 1u, sizeof(bool));
    a->far_of_pair = st_arena_alloc(&a->arena, (size_t)b->pair_count + 1u, sizeof(int));
    a->far_of_flux = st_arena_alloc(&a->arena, (size_t)b->kind_count + 1u, sizeof(int*));
    if (!a->touches_field || !a->touches_matrix || !a->is_consumed || !a->is_actor ||
        !a->far_of_pair || !a->far_of_flux) {
        return ST_ERR_MEMORY;
    }
    for (int r = 0; r < b->region_count; r++) {
        for (int i = 0; i < b->region[r].ambient_count; i++) {
            const st_ambient* m = &b->region[r].ambient[i];
            if (m->what == ST_AMBIENT_FIELD) {
                a->touches_field[m->index] = true;
            } else if (m->what == ST_AMBIENT_MATRIX) {
                a->touches_matrix[m->index] = true;
            }
        }
    }
    for (int k = 0; k < b->kind_count; k++) {
        const st_kind* kind = &b->kind[k];
        a->far_of_flux[k] = st_arena_alloc(&a->arena, (size_t)kind->flux_count + 1u, sizeof(int));
        if (a->far_of_flux[k] == NULL) {
            return ST_ERR_MEMORY;
        }
        for (int i = 0; i < kind->flux_count; i++) {
            const st_flux* f = &kind->flux[i];
            a->far_of_flux[k][i] = f->is_far ? a->far_count : -1;
            a->far_count += f->is_far ? 2 : 0;
            a->is_actor[k] = a->is_actor[k] || f->is_far;
            if (f->index >= 0) {
                *(f->is_matrix ? &a->touches_matrix[f->index] : &a->touches_field[f->index]) = true;
            }
            if (f->index >= 0 && f->term == ST_TERM_CONSUME) {
                a->is_consumed[f->index] = true;
            }
        }
        a->is_actor[k] = a->is_actor[k] || kind->pair_count > 0;
    }
    for (int p = 0; p < b->pair_count; p++) {
        const bool is_far = b->pair[p].is_far || a->reach.is_whole;
        a->far_of_pair[p] = is_far ? a->far_count++ : -1;
    }
    return ST_OK;
}

static bool needs_count(const st_agents* a, int kind)
{
    bool needs = false;
    for (int k = 0; k < a->bio.kind_count; k++) {
        for (int i = 0; i < a->bio.kind[k].program.local_count; i++) {
            const st_signal s = a->bio.kind[k].signal[i];
            needs = needs || (s.source == ST_SOURCE_DENSITY && s.index == kind);
        }
    }
    for (int r = 0; r < a->bio.region_count; r++) {
        for (int i = 0; i < a->bio.region[r].program.local_count; i++) {
            const st_signal s = a->bio.region[r].signal[i];
            needs = needs || (s.source == ST_SOURCE_DENSITY && s.index == kind);
        }
    }
    return needs || a->bio.kind[kind].outer_count > 0;
}

static st_status make_arrays(st_ctx* ctx, st_agents* a)
{
    const st_biology* b = &a->bio;
    const size_t voxels = (size_t)a->brick_count * ST_BRICK_VOXELS;
    a->count = st_arena_alloc(&a->arena, (size_t)b->kind_count + 1u, sizeof *a->count);
    a->sum = st_arena_alloc(&a->arena, (size_t)b->pair_count + 1u, sizeof *a->sum);
    a->source = st_arena_alloc(&a->arena, (size_t)a->field_count + 1u, sizeof *a->source);
    a->sink = st_arena_alloc(&a->arena, (size_t)a->field_count + 1u, sizeof *a->sink);
    a->most = st_arena_alloc(&a->arena, (size_t)a->field_count + 1u, sizeof *a->most);
    a->half = st_arena_alloc(&a->arena, (size_t)a->field_count + 1u, sizeof *a->half);
    a->far = st_alloc(ctx, (size_t)a->far_count * (size_t)a->brick_count + 1u, sizeof *a->far);
    a->far_total = st_alloc(ctx, (size_t)a->far_count + 1u, sizeof *a->far_total);
    bool ok =
        a->count && a->sum && a->source && a->sink && a->most && a->half && a->far && a->far_total;
    for (int k = 0; ok && k < b->kind_count && !a->reach.is_whole; k++) {
        if (needs_count(a, k)) {
            a->count[k] = st_alloc(ctx, voxels, sizeof **a->count);
            ok = a->count[k] != NULL;
        }
    }
    for (int p = 0; ok && p < b->pair_count; p++) {
        if (a->far_of_pair[p] < 0) {
            a->sum[p] = st_alloc(ctx, voxels, sizeof **a->sum);
            ok = a->sum[p] != NULL;
        }
    }
    for (int f = 0; ok && f < a->field_count; f++) {
        if (a->touches_field[f]) {
            a->source[f] = st_alloc(ctx, voxels, sizeof **a->source);
            a->sink[f] = st_alloc(ctx, voxels, sizeof **a->sink);
            ok = a->source[f] && a->sink[f];
        }
        if (ok && a->is_consumed[f]) {
            a->most[f] = st_alloc(ctx, voxels, sizeof **a->most);
            a->half[f] = st_alloc(ctx, voxels, sizeof **a->half);
            ok = a->most[f] && a->half[f];
        }
    }
    return ok ? ST_OK : ST_ERR_MEMORY;
}

static st_status make_worker(st_ctx* ctx, st_agents* a, st_worker* w)
{
    const st_biology* b = &a->bio;
    const int programs = b->kind_count + b->region_count;
    int rates = 1;
    for (int k = 0; k < b->kind_count; k++) {
        const int own = b->kind[k].hazard_count + b->pair_count + b->kind[k].outer_count;
        rates = own > rates ? own : rates;
    }
    w->ctx = st_ctx_create();
    w->reg = st_alloc(ctx, (size_t)programs + 1u, sizeof *w->reg);
    w->total = st_alloc(
        ctx, (size_t)(a->field_count + a->matrix_count) * ST_FLUX_COUNT * ST_BRICK_VOXELS + 1u,
        sizeof *w->total);
    w->start = st_alloc(ctx, (size_t)b->kind_count + 2u, sizeof *w->start);
    w->seen = st_alloc(ctx, (size_t)(b->kind_count + b->pair_count) + 1u, sizeof *w->seen);
    w->seen_at = st_alloc(ctx, (size_t)(b->kind_count + b->pair_count) + 1u, sizeof *w->seen_at);
    w->contact = st_alloc(ctx, (size_t)b->kind_count + 1u, sizeof *w->contact);
    w->rate = st_alloc(ctx, (size_t)rates + 1u, sizeof *w->rate);
    w->value = st_alloc(ctx, ST_CELL_COLUMN_LIMIT, sizeof *w->value);
    bool ok = w->ctx && w->reg && w->total && w->start && w->seen && w->seen_at && w->contact &&
              w->rate && w->value;
    for (int i = 0; ok && i < programs; i++) {
        const st_extract* p =
            i < b->kind_count ? &b->kind[i].program : &b->region[i - b->kind_count].program;
        w->reg[i] = st_alloc(ctx, st_extract_register_count(p), sizeof(double));
        ok = w->reg[i] != NULL;
    }
    return ok ? ST_OK : ST_ERR_MEMORY;
}

static st_status build(st_ctx* ctx, st_agents* a, const st_agents_def* def)
{
    int regions;
    ST_TRY(find_regions(ctx, a, def, &regions));
    ST_TRY(st_kind_read(ctx, &a->arena, a->model, a->tissue, a->bio.region, regions, &a->bio));
    a->slot = st_arena_alloc(&a->arena, (size_t)a->bio.slot_count + 1u, sizeof *a->slot);
    a->start =
        st_arena_alloc(&a->arena, (size_t)st_model_state_count(a->model) + 1u, sizeof *a->start);
    a->input =
        st_arena_alloc(&a->arena, (size_t)st_model_input_count(a->model) + 1u, sizeof *a->input);
    if (a->slot == NULL || a->start == NULL || a->input == NULL) {
        return ST_ERR_MEMORY;
    }
    ST_TRY(fill_start(ctx, a, def));
    ST_TRY(st_reach_init(ctx, &a->arena, a->tissue, def->reach_um, a->frame.voxel_um, &a->reach));
    ST_TRY(copy_fibres(ctx, a, def));
    ST_TRY(make_cells(ctx, a, def));
    ST_TRY(add_columns(ctx, a));
    ST_TRY(find_touched(a));
    ST_TRY(make_arrays(ctx, a));
    ST_TRY(st_pool_create(ctx, def->worker_count, &a->pool));
    a->worker_count = st_pool_worker_count(a->pool);
    a->worker = st_alloc(ctx, (size_t)a->worker_count, sizeof *a->worker);
    if (a->worker == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < a->worker_count; i++) {
        ST_TRY(make_worker(ctx, a, &a->worker[i]));
    }
    return ST_OK;
}

st_status st_agents_create(st_ctx* ctx, const st_agents_def* def, st_agents** out)
{
    *out = NULL;
    ST_TRY(check_def(ctx, def));
    st_agents* a = st_alloc(ctx, 1, sizeof *a);
    if (a == NULL) {
        return ST_ERR_MEMORY;
    }
    a->ctx = ctx;
    st_arena_init(&a->arena, ctx);
    a->tissue = def->tissue;
    a->model = def->model;
    a->frame = st_tissue_frame_of(def->tissue);
    a->voxel_um3 = st_tissue_voxel_volume_um3(def->tissue);
    a->voxel_mL = a->voxel_um3 * ST_ML_PER_UM3;
    a->brick_count = st_tissue_brick_count(def->tissue);
    a->field_count = st_tissue_field_count(def->tissue);
    a->matrix_count = st_tissue_matrix_count(def->tissue);
    a->touch = def->touch;
    a->field_step_min = def->field_step_min;
    a->mech_every = def->mech_every;
    a->fate_every = def->fate_every;
    a->seed = def->seed;
    const st_status status = build(ctx, a, def);
    if (status != ST_OK) {
        st_agents_destroy(a);
        return status;
    }
    *out = a;
    return ST_OK;
}

static void free_worker(st_agents* a, st_worker* w)
{
    st_ctx* ctx = a->ctx;
    for (int i = 0; w->reg != NULL && i < a->bio.kind_count + a->bio.region_count; i++) {
        st_free(ctx, w->reg[i]);
    }
    void* const room[] = {w->reg,     w->total,   w->list, w->start, w->seen,
                          w->seen_at, w->contact, w->rate, w->value};
    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        st_free(ctx, room[i]);
    }
    st_ctx_destroy(w->ctx);
}

void st_agents_destroy(st_agents* a)
{
    if (a == NULL) {
        return;
    }
    st_ctx* ctx = a->ctx;
    for (int i = 0; a->worker != NULL && i < a->worker_count; i++) {
        free_worker(a, &a->worker[i]);
    }
    st_free(ctx, a->worker);
    for (int k = 0; a->count != NULL && k < a->bio.kind_count; k++) {
        st_free(ctx, a->count[k]);
    }
    for (int p = 0; a->sum != NULL && p < a->bio.pair_count; p++) {
        st_free(ctx, a->sum[p]);
    }
    for (int f = 0; a->half != NULL && f < a->field_count; f++) {
        if (a->touches_field != NULL && a->touches_field[f]) {
            st_tissue_set_source(a->tissue, f, NULL);
            st_tissue_set_uptake(ctx, a->tissue, f, NULL, NULL);
        }
        st_free(ctx, a->source[f]);
        st_free(ctx, a->sink[f]);
        st_free(ctx, a->most[f]);
        st_free(ctx, a->half[f]);
    }
    st_free(ctx, a->far);
    st_free(ctx, a->far_total);
    st_free(ctx, a->outside.day);
    st_free(ctx, a->outside.value);
    st_free(ctx, a->inputs.day);
    st_free(ctx, a->inputs.value);
    st_pool_destroy(a->pool);
    st_cells_destroy(a->cells);
    st_arena_clear(&a->arena);
    st_free(ctx, a);
}
