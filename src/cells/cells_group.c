// One island by itself: its cells in arrays of their own, with own steps.                   [CEL-9]

#include "cells/cells_group.h"

#include <math.h>
#include <string.h>

/// Up to so many cells, lists hold everybody and are made once.
#define ALL_PAIRS 24
/// A cell that left its allowance gets so much more than it used, and at least this, um.
#define ALLOWANCE_GROWTH 1.25
#define ALLOWANCE_LEAST  0.01

/// The island as a set of cells of its own, and how far its cells got from their straight ways.
typedef struct group {
    st_cells own;
    st_cells_found found;
    double (*ahead)[3];     ///< straight way in the whole time, um
    const st_body** origin; ///< where each began
    float* apart;           ///< um
    double dt_min;
} group;

// --- lists
// ----------------------------------------------------------------------------------------

static double reach_of(const st_cells* cells, const st_body* body)
{
    return st_cells_body_radius(body->form) * cells->type[body->form & 255u].reach;
}

static bool is_within(const st_cells* cells, const st_body* a, const st_body* b, double skin_um)
{
    const double reach = reach_of(cells, a) + reach_of(cells, b) + skin_um;
    double square = 0.0;
    for (int axis = 0; axis < 3; axis++) {
        const double d = ((double)a->tick[axis] - (double)b->tick[axis]) * cells->tick_um;
        square += d * d;
    }
    return square <= reach * reach;
}

static int row_room(int count)
{
    return count - 1 < ST_ROW_LIMIT ? (count + 6) / 8 : ST_ROW_LIMIT / 8;
}

// Everybody against everybody: islands are small.
static st_status make_lists(st_ctx* ctx, st_cells* own, double skin_um)
{
    const int count = (int)own->count;
    const bool is_all = count <= ALL_PAIRS;
    const int room = row_room(count);
    for (int i = 0; i < count; i++) {
        uint32_t* row = own->list + (size_t)i * (size_t)room * 8;
        int n = 0;
        for (int j = 0; j < count; j++) {
            if (j == i || !(is_all || is_within(own, &own->c.body[i], &own->c.body[j], skin_um))) {
                continue;
            }
            if (n == room * 8) {
                return ST_FAIL(ctx, ST_ERR_NUMERIC,
                               "cells: a cell has %d or more neighbours within its reach and %g "
                               "um: too crowded, or the sizes of the types differ too much",
                               ST_ROW_LIMIT, skin_um);
            }
            row[n++] = (uint32_t)j;
        }
        own->row[i] = (uint32_t)(i * room);
        own->row_blocks[i] = (uint8_t)((n + 7) / 8);
        while (n % 8 != 0) {
            row[n++] = (uint32_t)i;
        }
        own->way[i] = 0.0f;
    }
    own->way_um = 0.0;
    own->list_skin_um = is_all ? 1e9 : skin_um;
    return ST_OK;
}

// --- going in and out
// ----------------------------------------------------------------------------------------

static void* carve(char** at, size_t bytes)
{
    void* part = *at;
    *at += (bytes + 63) & ~(size_t)63;
    return part;
}

// Arrays for `count` cells from one block; NULL asks for its size.
static size_t lay_out(group* g, char* block, int count)
{
    const size_t n = (size_t)count;
    char* at = block;
    st_cells* own = &g->own;
    own->c.body = carve(&at, n * sizeof(st_body));
    own->stage[0] = carve(&at, n * sizeof(st_body));
    own->stage[1] = carve(&at, n * sizeof(st_body));
    own->speed = carve(&at, 3 * n * sizeof(float));
    own->c.drive = carve(&at, 3 * n * sizeof(float));
    own->c.hold = carve(&at, n * sizeof(float));
    own->c.pressure = carve(&at, n * sizeof(float));
    own->c.drift = carve(&at, n * sizeof(float));
    own->way = carve(&at, n * sizeof(float));
    own->row = carve(&at, n * sizeof(uint32_t));
    own->c.rest = carve(&at, n);
    own->c.mark = carve(&at, n);
    own->wake = carve(&at, n);
    own->row_blocks = carve(&at, n);
    own->list_capacity = (int64_t)n * row_room(count);
    own->list = carve(&at, (size_t)own->list_capacity * 8 * sizeof(uint32_t));
    own->start = carve(&at, (n + 1) * sizeof(int64_t));
    own->home = carve(&at, n * sizeof(int32_t));
    g->ahead = carve(&at, n * sizeof *g->ahead);
    g->origin = carve(&at, n * sizeof(st_body*));
    g->apart = carve(&at, n * sizeof(float));
    return (size_t)(at - block);
}

static int brick_of(const st_cells* cells, int64_t slot)
{
    int low = 0;
    int high = cells->brick_count;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (cells->start[middle] <= slot) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void take_in(group* g, const st_cells* cells, const st_group_task* task)
{
    st_cells* own = &g->own;
    double reach = 0.0;
    double radius = 1e30;
    int groups = 0;
    int32_t* home = (int32_t*)(uintptr_t)own->home;
    own->resting = 0;
    for (int i = 0; i < task->count; i++) {
        const size_t s = task->slot[i];
        const st_body body = cells->c.body[s];
        own->c.body[i] = own->stage[0][i] = own->stage[1][i] = body;
        memcpy(own->c.drive + 3 * i, cells->c.drive + 3 * s, 3 * sizeof(float));
        own->c.hold[i] = cells->c.hold[s];
        own->c.pressure[i] = cells->c.pressure[s];
        own->c.drift[i] = cells->c.drift[s];
        own->c.rest[i] = cells->c.rest[s];
        own->c.mark[i] = cells->c.mark[s];
        own->wake[i] = 0;
        own->resting += cells->c.rest[s];
        reach = fmax(reach, reach_of(cells, &body));
        radius = fmin(radius, st_cells_body_radius(body.form));
        st_cells_group_ahead(cells, s, task->dt_min, g->ahead[i]);
        g->origin[i] = &cells->c.body[s];
        g->apart[i] = 0.0f;
        if (i == 0 || (int64_t)s >= cells->start[home[groups - 1] + 1]) {
            own->start[groups] = i;
            home[groups++] = brick_of(cells, (int64_t)s);
        }
    }
    own->start[groups] = task->count;
    own->brick_count = groups;
    own->reach_um = reach;
    own->smallest_radius_um = radius;
}

static void put_out(const group* g, st_cells* cells, const st_group_task* task, int worker)
{
    const st_cells* own = &g->own;
    for (int i = 0; i < task->count; i++) {
        const size_t s = task->slot[i];
        float* result = cells->speed + 3 * s;
        unsigned state = ST_GROUP_DONE | own->c.rest[i];
        cells->stage[0][s] = own->c.body[i];
        result[ST_GROUP_DRIFT] = own->c.drift[i];
        result[ST_GROUP_PRESSURE] = own->c.pressure[i];
        if (own->c.mark[i] & ST_MARK_SPEAKS) {
            state |= ST_GROUP_SPEAKS;
        }
        if (g->apart[i] > result[ST_GROUP_ALLOWANCE]) {
            result[ST_GROUP_ALLOWANCE] =
                (float)(ALLOWANCE_GROWTH * (double)g->apart[i] + ALLOWANCE_LEAST);
            state |= ST_GROUP_GREW;
            cells->found[worker].grew++;
        }
        cells->wake[s] = (uint8_t)state;
    }
}

// How far cells are from where their drives alone would have brought them.
static void watch(const st_relax* r, double elapsed_min)
{
    const group* g = r->watcher;
    const double part = elapsed_min / g->dt_min;
    for (int64_t i = 0; i < g->own.count; i++) {
        double square = 0.0;
        for (int axis = 0; axis < 3; axis++) {
            const double way =
                ((double)g->own.c.body[i].tick[axis] - (double)g->origin[i]->tick[axis]) *
                g->own.tick_um;
            const double d = way - part * g->ahead[i][axis];
            square += d * d;
        }
        st_cells_keep_larger(&g->apart[i], (float)sqrt(square));
    }
}

// --- islands
// ----------------------------------------------------------------------------------------

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

// Sums and largest values have no order.
static void report_island(st_relax_report* sum, const st_relax_report* own, int count)
{
    sum->step_count = larger(sum->step_count, own->step_count);
    sum->reject_count = larger(sum->reject_count, own->reject_count);
    sum->force_count = larger(sum->force_count, own->force_count);
    sum->list_count = larger(sum->list_count, own->list_count);
    sum->cell_update_count += own->cell_update_count;
    if (own->step_count > 0) {
        sum->shortest_step_min = sum->shortest_step_min > 0.0
                                     ? fmin(sum->shortest_step_min, own->shortest_step_min)
                                     : own->shortest_step_min;
        sum->longest_step_min = fmax(sum->longest_step_min, own->longest_step_min);
    }
    sum->error_um = fmax(sum->error_um, own->error_um);
    sum->total_error_um = fmax(sum->total_error_um, own->total_error_um);
    sum->speed_um_per_min = fmax(sum->speed_um_per_min, own->speed_um_per_min);
    sum->island_count++;
    sum->largest_island = larger(sum->largest_island, count);
}

st_status st_cells_group_relax(st_cells* cells, const st_group_task* task, int worker)
{
    group g = {.own = *cells, .dt_min = task->dt_min};
    st_ctx* ctx = cells->worker[worker].ctx;
    char* block = st_cells_store_scratch(cells, worker, lay_out(&g, NULL, task->count));
    if (!block) {
        return ST_ERR_MEMORY;
    }
    (void)lay_out(&g, block, task->count);
    g.own.ctx = ctx;
    g.own.pool = NULL;
    g.own.worker_count = 1;
    g.own.found = &g.found;
    g.own.count = task->count;
    g.own.next_step_min = 0.0;
    g.own.list_skin_um = 0.0;
    g.own.way_um = 0.0;
    g.own.has_births = false;
    take_in(&g, cells, task);
    st_relax r = st_cells_relax_plan(&g.own);
    r.make = make_lists;
    r.watch = watch;
    r.watcher = &g;
    st_relax_report report = {0};
    ST_TRY(st_cells_relax_own(ctx, &r, task->dt_min, &report));
    put_out(&g, cells, task, worker);
    report_island(&cells->worker[worker].islands, &report, task->count);
    return ST_OK;
}

float st_cells_group_alone(st_cells* cells, size_t slot, int home, double dt_min, bool sleeps)
{
    const st_body* from = &cells->c.body[slot];
    st_body to = {.form = from->form};
    double way[3];
    st_cells_group_ahead(cells, slot, dt_min, way);
    for (int axis = 0; axis < 3; axis++) {
        const double ticks = way[axis] / cells->tick_um;
        to.tick[axis] = from->tick[axis] + (int32_t)floor(ticks + 0.5);
    }
    const double radius = cells->type[from->form & 255u].wall_um_per_min > 0.0
                              ? st_cells_body_radius(from->form)
                              : 0.0;
    if (!st_cells_ground_free(cells, home, from->tick, to.tick, radius)) {
        return -1.0f;
    }
    const double length = st_cells_group_length(way);
    float* result = cells->speed + 3 * slot;
    float drift = 0.0f;
    unsigned state = ST_GROUP_DONE;
    const float speed = (float)(length / dt_min);
    if (sleeps && speed < (float)cells->def.rest_speed_um_per_min) {
        state |= 1u;
    } else if (sleeps) {
        drift = cells->c.drift[slot] + (float)length;
        drift = drift < (float)cells->def.wake_um ? drift : 0.0f; // nobody is near to hear it
    }
    cells->stage[0][slot] = to;
    result[ST_GROUP_DRIFT] = drift;
    result[ST_GROUP_PRESSURE] = 0.0f;
    cells->wake[slot] = (uint8_t)state;
    return speed;
}
