#include "cells/cells_state.h"

#include <math.h>
#include <string.h>

#define COOKIE 0x63656c6cu

st_cells_def st_default_cells_def(void)
{
    return (st_cells_def){
        .open_media = UINT64_MAX,
        .cell_limit = INT32_MAX - 1,
        .fill_limit = 1.0,
        .method = ST_CELLS_ADAPTIVE,
        .fixed_step_min = 0.1,
        .longest_step_min = 60.0,
        .position_error_um = 0.05,
        .rest_speed_um_per_min = 1e-4,
        .wake_um = 2e-3,
        .skin_um = 2.0,
        .island_limit = 1024,
        .worker_count = 1,
        .cookie = COOKIE,
    };
}

// --- checks
// ---------------------------------------------------------------------------------------

static st_status check_range(st_ctx* ctx, const char* type, const char* what, double value,
                             double low, double high)
{
    if (!(value >= low) || !(value <= high)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: type '%s': %s = %g: expected %g to %g", type,
                       what, value, low, high);
    }
    return ST_OK;
}

static st_status check_type(st_ctx* ctx, const st_cells_def* def, int index)
{
    const st_cell_type* t = &def->type[index];
    if (!t->name || !t->name[0]) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: type %d has no name", index);
    }
    for (int i = 0; i < index; i++) {
        if (strcmp(def->type[i].name, t->name) == 0) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "cells: two types are called '%s'", t->name);
        }
    }
    ST_TRY(check_range(ctx, t->name, "volume_um3", t->volume_um3, 1.0, 5e6));
    ST_TRY(check_range(ctx, t->name, "repulsion_um_per_min", t->repulsion_um_per_min, 0.0, 1e4));
    ST_TRY(check_range(ctx, t->name, "adhesion_um_per_min", t->adhesion_um_per_min, 0.0, 1e4));
    ST_TRY(check_range(ctx, t->name, "reach", t->reach, 1.0, 3.0));
    ST_TRY(check_range(ctx, t->name, "wall_um_per_min", t->wall_um_per_min, 0.0, 1e4));
    ST_TRY(check_range(ctx, t->name, "mobility", t->mobility, 0.0, 1.0));
    ST_TRY(check_range(ctx, t->name, "division_distance", t->division_distance, 1e-3, 1.0));
    const double radius = st_cells_body_radius(st_cells_store_form(t->volume_um3, index));
    if (!(radius * t->reach <= ST_REACH_LIMIT)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: type '%s' reaches %g um (reach %g x radius %g um): at most %g um",
                       t->name, radius * t->reach, t->reach, radius, ST_REACH_LIMIT);
    }
    return ST_OK;
}

static st_status check_number(st_ctx* ctx, const char* what, double value, double low, double high)
{
    if (!(value >= low) || !(value <= high)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: %s = %g: expected %g to %g", what, value, low,
                       high);
    }
    return ST_OK;
}

static st_status check_def(st_ctx* ctx, const st_cells_def* def)
{
    if (def->cookie != COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: start from st_default_cells_def()");
    }
    if (!def->tissue || !def->type || def->type_count < 1 || def->type_count > ST_CELL_TYPE_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: a tissue and 1 to %d types are needed, found %d types",
                       ST_CELL_TYPE_LIMIT, def->type_count);
    }
    for (int t = 0; t < def->type_count; t++) {
        ST_TRY(check_type(ctx, def, t));
    }
    for (int i = 0; def->affinity && i < def->type_count * def->type_count; i++) {
        const int a = i / def->type_count;
        const int b = i % def->type_count;
        const double f = def->affinity[i];
        const double other = def->affinity[b * def->type_count + a];
        if (!(f >= 0.0) || !(f <= 1.0) || f < other || f > other) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "cells: affinity of '%s' to '%s' is %g, back %g: expected the same "
                           "number, 0 to 1",
                           def->type[a].name, def->type[b].name, f, other);
        }
    }
    if (def->cell_limit < 1 || def->cell_limit > INT32_MAX - 1) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: cell_limit = %lld: expected 1 to %d",
                       (long long)def->cell_limit, INT32_MAX - 1);
    }
    if ((int)def->method < 0 || def->method >= ST_CELLS_METHOD_COUNT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: method %d is none", (int)def->method);
    }
    ST_TRY(check_number(ctx, "fill_limit", def->fill_limit, 1e-6, 100.0));
    ST_TRY(check_number(ctx, "fixed_step_min", def->fixed_step_min, 1e-6, 1e3));
    ST_TRY(check_number(ctx, "longest_step_min", def->longest_step_min, 1e-6, 1e6));
    ST_TRY(check_number(ctx, "position_error_um", def->position_error_um, 1e-4, 10.0));
    ST_TRY(check_number(ctx, "rest_speed_um_per_min", def->rest_speed_um_per_min, 0.0, 1.0));
    ST_TRY(check_number(ctx, "wake_um", def->wake_um, 1e-5, 10.0));
    ST_TRY(check_number(ctx, "skin_um", def->skin_um, 0.01, 50.0));
    return check_number(ctx, "island_limit", (double)def->island_limit, 0.0, ST_ISLAND_LIMIT);
}

// --- making
// ---------------------------------------------------------------------------------------

static double rest_distance(const st_cells* cells, int a, int b, double r1, double r2)
{
    const int pair = a * cells->def.type_count + b;
    const double k = sqrt((double)cells->pair_repulsion[pair]);
    const double f = sqrt((double)cells->pair_adhesion[pair]);
    const double touch = r1 + r2;
    const double reach = cells->type[a].reach * r1 + cells->type[b].reach * r2;
    if (!(k > 0.0)) {
        return f > 0.0 ? 0.0 : touch;
    }
    // sqrt(k) (1 - d / touch) = sqrt(a) (1 - d / reach)
    const double d = (k - f) / (k / touch - f / reach);
    return d > 0.0 && k > f ? d : 0.0;
}

static st_status copy_types(st_ctx* ctx, st_cells* cells, const st_cells_def* def)
{
    const int types = def->type_count;
    const size_t pairs = (size_t)types * (size_t)types;
    size_t length = 0;
    for (int t = 0; t < types; t++) {
        length += strlen(def->type[t].name) + 1;
    }
    cells->type = st_alloc(ctx, (size_t)types, sizeof *cells->type);
    cells->names = st_alloc(ctx, length, 1);
    cells->affinity = st_alloc(ctx, pairs, sizeof *cells->affinity);
    cells->pair_repulsion = st_alloc(ctx, pairs, sizeof *cells->pair_repulsion);
    cells->pair_adhesion = st_alloc(ctx, pairs, sizeof *cells->pair_adhesion);
    cells->pressure_unit = st_alloc(ctx, (size_t)types, sizeof *cells->pressure_unit);
    if (!cells->type || !cells->names || !cells->affinity || !cells->pair_repulsion ||
        !cells->pair_adhesion || !cells->pressure_unit) {
        return ST_ERR_MEMORY;
    }
    char* name = cells->names;
    for (int t = 0; t < types; t++) {
        cells->type[t] = def->type[t];
        cells->type_reach[t] = (float)def->type[t].reach;
        const size_t size = strlen(def->type[t].name) + 1;
        cells->type[t].name = memcpy(name, def->type[t].name, size);
        name += size;
    }
    cells->is_uniform = true;
    double largest = 0.0;
    for (size_t i = 0; i < pairs; i++) {
        const st_cell_type* a = &cells->type[i / (size_t)types];
        const st_cell_type* b = &cells->type[i % (size_t)types];
        cells->affinity[i] = def->affinity ? def->affinity[i] : 1.0;
        cells->pair_repulsion[i] = (float)sqrt(a->repulsion_um_per_min * b->repulsion_um_per_min);
        cells->pair_adhesion[i] =
            (float)(sqrt(a->adhesion_um_per_min * b->adhesion_um_per_min) * cells->affinity[i]);
        cells->is_uniform = cells->is_uniform &&
                            memcmp(&cells->pair_repulsion[i], &cells->pair_repulsion[0], 4) == 0 &&
                            memcmp(&cells->pair_adhesion[i], &cells->pair_adhesion[0], 4) == 0 &&
                            memcmp(&a->reach, &cells->type[0].reach, sizeof a->reach) == 0;
        largest =
            fmax(largest, fmax((double)cells->pair_repulsion[i], (double)cells->pair_adhesion[i]));
    }
    // A power of two so that the forces of ST_ROW_LIMIT neighbours fit into 31 bits.
    cells->force_scale = 0x1p20;
    while (cells->force_scale * largest * ST_ROW_LIMIT >= 2147483647.0) {
        cells->force_scale *= 0.5;
    }
    for (int t = 0; t < types; t++) {
        const double overlap = 1.0 - rest_distance(cells, t, t, 0.5, 0.5);
        cells->pressure_unit[t] = overlap > 0.0 ? 1.0 / (12.0 * overlap * overlap) : 0.0;
    }
    return ST_OK;
}

static st_status create_workers(st_ctx* ctx, st_cells* cells)
{
    ST_TRY(st_pool_create(ctx, cells->def.worker_count, &cells->pool));
    const int workers = st_pool_worker_count(cells->pool);
    cells->worker = st_alloc(ctx, (size_t)workers, sizeof *cells->worker);
    cells->found = st_alloc(ctx, (size_t)workers, sizeof *cells->found);
    if (!cells->worker || !cells->found) {
        return ST_ERR_MEMORY;
    }
    for (int w = 0; w < workers; w++) {
        cells->worker[w].ctx = st_ctx_create();
        if (!cells->worker[w].ctx) {
            return ST_FAIL(ctx, ST_ERR_MEMORY, "cells: out of memory");
        }
        cells->worker_count = w + 1;
    }
    return ST_OK;
}

static st_status create(st_ctx* ctx, st_cells* cells, const st_cells_def* def)
{
    ST_TRY(copy_types(ctx, cells, def));
    cells->def.type = cells->type;
    cells->def.affinity = cells->affinity;
    ST_TRY(create_workers(ctx, cells));
    ST_TRY(st_cells_ground_create(ctx, cells));
    const size_t bricks = (size_t)cells->brick_count;
    cells->start = st_alloc(ctx, bricks + 1, sizeof *cells->start);
    cells->chunk = st_alloc(ctx, bricks + 1, sizeof *cells->chunk);
    cells->stay = st_alloc(ctx, bricks + 1, sizeof *cells->stay);
    cells->arrive = st_alloc(ctx, bricks + 1, sizeof *cells->arrive);
    cells->before = st_alloc(ctx, bricks + 1, sizeof *cells->before);
    return cells->start && cells->chunk && cells->stay && cells->arrive && cells->before
               ? ST_OK
               : ST_ERR_MEMORY;
}

st_status st_cells_create(st_ctx* ctx, const st_cells_def* def, st_cells** out)
{
    *out = NULL;
    ST_TRY(check_def(ctx, def));
    st_cells* cells = st_alloc(ctx, 1, sizeof *cells);
    if (!cells) {
        return ST_ERR_MEMORY;
    }
    cells->ctx = ctx;
    cells->def = *def;
    cells->next_id = 1;
    const st_status status = create(ctx, cells, def);
    if (status != ST_OK) {
        st_cells_destroy(cells);
        return status;
    }
    *out = cells;
    return ST_OK;
}

void st_cells_destroy(st_cells* cells)
{
    if (!cells) {
        return;
    }
    st_ctx* ctx = cells->ctx;
    st_pool_destroy(cells->pool);
    for (int w = 0; w < cells->worker_count; w++) {
        st_cells_worker* worker = &cells->worker[w];
        st_free(worker->ctx, worker->event);
        st_free(worker->ctx, worker->value);
        st_free(worker->ctx, worker->scratch);
        st_ctx_destroy(worker->ctx);
    }
    st_cells_store_clear(cells, &cells->c);
    st_cells_store_clear(cells, &cells->incoming);
    st_cells_ground_destroy(cells);
    for (int i = 0; i < cells->column_count; i++) {
        st_free(ctx, (void*)(uintptr_t)cells->column[i].name);
    }
    void* const blocks[] = {
        cells->worker,   cells->found,          cells->type,          cells->names,
        cells->affinity, cells->pair_repulsion, cells->pair_adhesion, cells->pressure_unit,
        cells->start,    cells->chunk,          cells->stay,          cells->arrive,
        cells->before,   cells->source,         cells->spare,         cells->block_moves,
        cells->arrival,  cells->stage[0],       cells->stage[1],      cells->speed,
        cells->way,      cells->wake,           cells->row,           cells->row_blocks,
        cells->list};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        st_free(ctx, blocks[i]);
    }
    st_free(ctx, cells);
}

// --- answers
// --------------------------------------------------------------------------------------

int64_t st_cells_count(const st_cells* cells)
{
    return cells->count;
}

int64_t st_cells_type_cell_count(const st_cells* cells, int type)
{
    return cells->type_count[type];
}

int st_cells_type_count(const st_cells* cells)
{
    return cells->def.type_count;
}

const st_cell_type* st_cells_type(const st_cells* cells, int type)
{
    return &cells->type[type];
}

int st_cells_find_type(const st_cells* cells, const char* name)
{
    for (int t = 0; t < cells->def.type_count; t++) {
        if (strcmp(cells->type[t].name, name) == 0) {
            return t;
        }
    }
    return -1;
}

const st_tissue* st_cells_tissue(const st_cells* cells)
{
    return cells->def.tissue;
}

double st_cells_time_min(const st_cells* cells)
{
    return cells->time_min;
}

double st_cells_tick_um(const st_cells* cells)
{
    return cells->tick_um;
}

uint64_t st_cells_commit_count(const st_cells* cells)
{
    return cells->commit_count;
}

size_t st_cells_state_bytes(const st_cells* cells)
{
    st_cells_array array[ST_CELL_ARRAY_LIMIT];
    st_cells_columns unused = cells->c;
    const int arrays = st_cells_store_arrays(cells, &unused, array);
    size_t bytes = 0;
    for (int i = 0; i < arrays; i++) {
        bytes += array[i].width;
    }
    return bytes;
}

size_t st_cells_bytes(const st_cells* cells)
{
    const size_t state = st_cells_state_bytes(cells);
    const size_t scratch = 4 + 3 * sizeof(st_body) + 12 + 4 + 1 + 4 + 1;
    const size_t bricks = (size_t)cells->brick_count;
    size_t bytes = sizeof *cells + (size_t)cells->c.capacity * state +
                   (size_t)cells->incoming.capacity * state +
                   (size_t)cells->scratch_capacity * scratch + (size_t)cells->list_capacity * 32 +
                   (size_t)cells->arrival_capacity * 8;
    bytes += bricks * (12 + 108 + 4 + 5 * 8) + ((size_t)cells->brick_table_mask + 1) * 4;
    for (size_t b = 0; b < bricks; b++) {
        bytes += cells->wall_row[b] >= 0 ? ST_BRICK_VOXELS * 4u : 0u;
    }
    for (int w = 0; w < cells->worker_count; w++) {
        const st_cells_worker* worker = &cells->worker[w];
        bytes += (size_t)worker->event_capacity * sizeof *worker->event +
                 (size_t)worker->value_capacity * 8 + worker->scratch_bytes;
    }
    return bytes;
}

uint64_t st_cells_id(const st_cells* cells, int64_t slot)
{
    return cells->c.id[slot];
}

int st_cells_type_of(const st_cells* cells, int64_t slot)
{
    return (int)(cells->c.body[slot].form & 255u);
}

void st_cells_position(const st_cells* cells, int64_t slot, double out_um[3])
{
    for (int axis = 0; axis < 3; axis++) {
        out_um[axis] = st_cells_um(cells, axis, cells->c.body[slot].tick[axis]);
    }
}

double st_cells_radius(const st_cells* cells, int64_t slot)
{
    return st_cells_body_radius(cells->c.body[slot].form);
}

double st_cells_volume(const st_cells* cells, int64_t slot)
{
    return (double)cells->c.volume[slot];
}

double st_cells_pressure(const st_cells* cells, int64_t slot)
{
    return (double)cells->c.pressure[slot];
}

double st_cells_pressure_unit(const st_cells* cells, int type)
{
    return cells->pressure_unit[type];
}

double st_cells_rest_distance(const st_cells* cells, int type1, int type2, double radius1,
                              double radius2)
{
    return rest_distance(cells, type1, type2, radius1, radius2);
}

bool st_cells_is_asleep(const st_cells* cells, int64_t slot)
{
    return cells->c.rest[slot] != 0;
}

int64_t st_cells_find(const st_cells* cells, uint64_t id)
{
    for (int64_t s = 0; s < cells->count; s++) {
        if (cells->c.id[s] == id) {
            return s;
        }
    }
    return -1;
}

float* st_cells_drive(st_cells* cells)
{
    return cells->c.drive;
}

float* st_cells_hold(st_cells* cells)
{
    return cells->c.hold;
}

void st_cells_wake(st_cells* cells, int64_t slot)
{
    cells->c.rest[slot] = 0;
}

void st_cells_set_volume(st_cells* cells, int64_t slot, double volume_um3)
{
    cells->c.volume[slot] = (float)volume_um3;
    const uint32_t form =
        st_cells_store_form((double)cells->c.volume[slot], (int)(cells->c.body[slot].form & 255u));
    if (form != cells->c.body[slot].form) {
        // Growth uses up the lists' skin as a way does.
        const double growth =
            st_cells_body_radius(form) - st_cells_body_radius(cells->c.body[slot].form);
        cells->way[slot] += (float)fmax(0.0, growth * cells->type[form & 255u].reach);
        cells->c.body[slot].form = form;
        cells->c.rest[slot] = 0;
        cells->c.mark[slot] |= ST_MARK_CHANGED;
    }
}

// --- columns of other rooms
// -----------------------------------------------------------------------

st_status st_cells_add_column(st_ctx* ctx, st_cells* cells, const st_column_def* def, int* index)
{
    if (!def->name || !def->name[0] || (int)def->kind < 0 || def->kind >= ST_COLUMN_KIND_COUNT ||
        (int)def->birth < 0 || def->birth >= ST_COLUMN_BIRTH_COUNT || !isfinite(def->initial)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: a column needs a name, a kind, a birth and a finite initial value");
    }
    if (cells->count > 0 || cells->incoming_count > 0 || cells->c.capacity > 0 ||
        cells->worker[0].event_count > 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: column '%s' comes after the first cell",
                       def->name);
    }
    if (cells->column_count == ST_CELL_COLUMN_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: column '%s' is one too many, at most %d",
                       def->name, ST_CELL_COLUMN_LIMIT);
    }
    for (int i = 0; i < cells->column_count; i++) {
        if (strcmp(cells->column[i].name, def->name) == 0) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "cells: two columns are called '%s'", def->name);
        }
    }
    const size_t size = strlen(def->name) + 1;
    char* name = st_alloc(cells->ctx, size, 1);
    if (!name) {
        return ST_ERR_MEMORY;
    }
    cells->column[cells->column_count] = *def;
    cells->column[cells->column_count].name = memcpy(name, def->name, size);
    *index = cells->column_count++;
    return ST_OK;
}

int st_cells_column_count(const st_cells* cells)
{
    return cells->column_count;
}

const st_column_def* st_cells_column(const st_cells* cells, int column)
{
    return &cells->column[column];
}

float* st_cells_floats(st_cells* cells, int column)
{
    ST_ASSERT(cells->column[column].kind == ST_COLUMN_FLOAT);
    return cells->c.extra[column];
}

double* st_cells_doubles(st_cells* cells, int column)
{
    ST_ASSERT(cells->column[column].kind == ST_COLUMN_DOUBLE);
    return cells->c.extra[column];
}

uint32_t* st_cells_words(st_cells* cells, int column)
{
    ST_ASSERT(cells->column[column].kind == ST_COLUMN_UINT32);
    return cells->c.extra[column];
}

// --- loops
// --------------------------------------------------------------------------------

void st_cells_brick_range(const st_cells* cells, int brick, int64_t* first, int64_t* last)
{
    *first = cells->start[brick];
    *last = cells->start[brick + 1];
}

typedef struct each_call {
    st_cells_fn fn;
    void* arg;
} each_call;

static st_status each_chunk(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    const each_call* call = arg;
    for (int b = first_brick; b < last_brick; b++) {
        if (cells->start[b + 1] > cells->start[b]) {
            ST_TRY(call->fn(call->arg, b, cells->start[b], cells->start[b + 1], worker));
        }
    }
    return ST_OK;
}

st_status st_cells_each(st_ctx* ctx, st_cells* cells, st_cells_fn fn, void* arg)
{
    each_call call = {.fn = fn, .arg = arg};
    const st_status status = st_cells_store_pass(cells, each_chunk, &call);
    for (int w = 0; w < cells->worker_count; w++) {
        st_ctx_take_messages(ctx, cells->worker[w].ctx);
    }
    return status;
}

st_ctx* st_cells_worker_ctx(st_cells* cells, int worker)
{
    return cells->worker[worker].ctx;
}
