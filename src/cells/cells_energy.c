// The potential whose slope the speeds are.                                                [CEL-1]

#include "cells/cells_near.h"

#include <math.h>
#include <string.h>

/// Sums are whole numbers of this unit, um^2/min, so that no order shows.
#define UNIT 0x1p-24

static double pair_energy(const st_cells* cells, const st_body* a, const st_body* b)
{
    double square = 0.0;
    for (int axis = 0; axis < 3; axis++) {
        const double d = ((double)a->tick[axis] - (double)b->tick[axis]) * cells->tick_um;
        square += d * d;
    }
    const double d = sqrt(square);
    const int types[2] = {(int)(a->form & 255u), (int)(b->form & 255u)};
    const int pair = types[0] * cells->def.type_count + types[1];
    const double radius[2] = {st_cells_body_radius(a->form), st_cells_body_radius(b->form)};
    const double touch = radius[0] + radius[1];
    const double reach =
        radius[0] * cells->type[types[0]].reach + radius[1] * cells->type[types[1]].reach;
    const double pressed = fmax(0.0, 1.0 - d / touch);
    const double pulled = fmax(0.0, 1.0 - d / reach);
    return ((double)cells->pair_repulsion[pair] * touch * pressed * pressed * pressed -
            (double)cells->pair_adhesion[pair] * reach * pulled * pulled * pulled) /
           3.0;
}

typedef struct energy_call {
    const st_cells* cells;
    int64_t slot;
    int64_t whole;
} energy_call;

static void add_pair(void* arg, int64_t slot, double square)
{
    energy_call* e = arg;
    (void)square;
    if (slot != e->slot) {
        const st_body* body = e->cells->c.body;
        e->whole += (int64_t)(pair_energy(e->cells, &body[e->slot], &body[slot]) / UNIT);
    }
}

static st_status energy_chunk(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    int64_t* sum = (int64_t*)arg + 8 * worker;
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        energy_call e = {.cells = cells, .slot = s};
        const uint32_t form = cells->c.body[s].form;
        const double reach = st_cells_body_radius(form) * cells->type[form & 255u].reach;
        st_cells_near_each(cells, cells->c.body[s].tick, reach + cells->reach_um, add_pair, &e);
        *sum += e.whole;
    }
    return ST_OK;
}

st_status st_cells_energy(st_ctx* ctx, st_cells* cells, double* out)
{
    *out = 0.0;
    if (cells->count == 0) {
        return ST_OK;
    }
    ST_TRY(st_cells_list_reach(ctx, cells));
    int64_t* sum = st_alloc(ctx, 8 * (size_t)cells->worker_count, sizeof *sum);
    if (!sum) {
        return ST_ERR_MEMORY;
    }
    (void)st_cells_store_pass(cells, energy_chunk, sum);
    int64_t total = 0;
    for (int w = 0; w < cells->worker_count; w++) {
        total += sum[8 * w];
    }
    st_free(ctx, sum);
    *out = 0.5 * (double)total * UNIT; // every pair was counted twice
    return ST_OK;
}
