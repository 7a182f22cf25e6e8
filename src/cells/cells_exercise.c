// What measurements need: packed balls of any size, and parts of a step by themselves.

#include "base/random.h"
#include "cells/cells_step.h"

#include <math.h>
#include <stdlib.h>

// New cells that wait for a commit at most: they take memory too.
#define WAIT_LIMIT 1000000

static st_status add(st_ctx* ctx, st_cells* cells, int type, const double at_um[3], double shift_um)
{
    const uint64_t number = cells->birth_number++;
    const st_random_key key = {cells->def.seed, ST_STREAM_CELL_PLACE, number, 0};
    st_cell_birth birth = {.type = type, .order = number};
    for (int i = 0; i < 3; i++) {
        birth.at_um[i] = at_um[i] + shift_um * (2.0 * st_random_uniform(&key, (uint64_t)i) - 1.0);
    }
    return st_cells_add(ctx, cells, 0, &birth);
}

static st_status check_idle(st_ctx* ctx, const st_cells* cells)
{
    for (int w = 0; w < cells->worker_count; w++) {
        if (cells->worker[w].event_count > 0) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "cells: events wait for st_cells_commit()");
        }
    }
    return ST_OK;
}

static st_status check_ball(st_ctx* ctx, const st_cells* cells, int type, const st_cells_ball* ball)
{
    ST_TRY(check_idle(ctx, cells));
    if (type < 0 || type >= cells->def.type_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: type %d of %d", type, cells->def.type_count);
    }
    if (!(ball->spacing_um > 0.0) || !isfinite(ball->spacing_um) || !(ball->radius_um >= 0.0) ||
        !(ball->radius_um <= 1e3 * ball->spacing_um) || !(ball->shift_um >= 0.0) ||
        !(ball->shift_um <= ball->spacing_um)) {
        return ST_FAIL(
            ctx, ST_ERR_INPUT,
            "cells: ball of radius %g um, spacing %g um, shift %g um: expected a spacing "
            "above 0, a radius of 0 to 1000 spacings, a shift of 0 to 1 spacing",
            ball->radius_um, ball->spacing_um, ball->shift_um);
    }
    return ST_OK;
}

st_status st_cells_pack(st_ctx* ctx, st_cells* cells, int type, const st_cells_ball* ball)
{
    ST_TRY(check_ball(ctx, cells, type, ball));
    const double dx = ball->spacing_um;
    const double dy = dx * sqrt(0.75);
    const double dz = dx * sqrt(2.0 / 3.0);
    const int n = (int)(ball->radius_um / dz) + 2;
    int64_t waiting = 0;
    for (int k = -n; k <= n; k++) {
        for (int j = -n; j <= n; j++) {
            for (int i = -n; i <= n; i++) {
                const double at[3] = {dx * (i + 0.5 * (abs(j + k) % 2)),
                                      dy * (j + (abs(k) % 2) / 3.0), dz * k};
                if (at[0] * at[0] + at[1] * at[1] + at[2] * at[2] >
                    ball->radius_um * ball->radius_um) {
                    continue;
                }
                const double place[3] = {ball->centre_um[0] + at[0], ball->centre_um[1] + at[1],
                                         ball->centre_um[2] + at[2]};
                ST_TRY(add(ctx, cells, type, place, ball->shift_um));
                if (++waiting == WAIT_LIMIT) {
                    ST_TRY(st_cells_commit(ctx, cells));
                    waiting = 0;
                }
            }
        }
    }
    return st_cells_commit(ctx, cells);
}

st_status st_cells_exercise(st_ctx* ctx, st_cells* cells, st_cells_part part)
{
    ST_TRY(check_idle(ctx, cells));
    switch (part) {
    case ST_CELLS_LOOK:
        return st_cells_store_sort(ctx, cells);
    case ST_CELLS_LISTS:
        return st_cells_list_make(ctx, cells, cells->def.skin_um);
    case ST_CELLS_SPEEDS:
        return st_cells_relax_speeds(ctx, cells);
    case ST_CELLS_PART_COUNT:
        break;
    }
    return ST_FAIL(ctx, ST_ERR_INPUT, "cells: part %d: no such thing", (int)part);
}
