// Overdamped motion: how long a step may be, and when lists are made anew.       [CEL-2] [CEL-3]

#include "base/maths.h"
#include "cells/cells_group.h"

#include <math.h>
#include <string.h>

/// Most of the smallest radius that a cell may go in one step: by its speed at the begin of an own
/// step, in any of its stages, and in a fixed step, so that none jumps over another.
#define OWN_WAY   0.25
#define STAGE_WAY 1.0
#define FIXED_WAY 0.5
/// Skin of lists after births, in largest radii: daughters part fast.
#define BIRTH_SKIN 0.6
/// Shortest step before the numerics count as failed.
#define SHORTEST_STEP_MIN 1e-7

static st_cells_found collect(st_cells* cells)
{
    st_cells_found sum = {0};
    for (int w = 0; w < cells->worker_count; w++) {
        const st_cells_found* f = &cells->found[w];
        st_cells_keep_larger(&sum.speed, f->speed);
        st_cells_keep_larger(&sum.stiffness, f->stiffness);
        st_cells_keep_larger(&sum.error, f->error);
        st_cells_keep_larger(&sum.way, f->way);
        st_cells_keep_larger(&sum.step_way, f->step_way);
        sum.awake += f->awake;
        sum.sleepy += f->sleepy;
        sum.announcing += f->announcing;
        sum.bad += f->bad;
        sum.reach_sum += f->reach_sum;
        sum.speed_sum += f->speed_sum;
        sum.sampled += f->sampled;
        sum.touching += f->touching;
        sum.lone += f->lone;
        sum.grew += f->grew;
    }
    return sum;
}

st_status st_cells_relax_pass(st_cells* cells, st_step_fn pass, void* arg, st_cells_found* found)
{
    memset(cells->found, 0, (size_t)cells->worker_count * sizeof *cells->found);
    const st_status status = st_cells_store_pass(cells, pass, arg);
    *found = collect(cells);
    return status;
}

static st_cells_found run(st_relax* r, st_step_fn pass)
{
    st_cells_found found;
    (void)st_cells_relax_pass(r->cells, pass, r, &found); // these passes cannot fail
    return found;
}

static void renew_task(st_relax* r)
{
    st_cells* cells = r->cells;
    r->task.list = cells->list;
    r->task.row = cells->row;
    r->task.row_blocks = cells->row_blocks;
}

// Lists that hold for ways of up to half their skin.
static st_status make_lists(st_ctx* ctx, st_relax* r, double way_um, st_relax_report* report)
{
    const st_cells* cells = r->cells;
    const bool is_own = cells->def.method == ST_CELLS_ADAPTIVE;
    const double least = is_own && cells->has_births ? BIRTH_SKIN * cells->largest_radius_um : 0.0;
    const double skin = fmax(fmax(cells->def.skin_um, 2.5 * way_um), least);
    ST_TRY(r->make(ctx, r->cells, skin));
    report->list_count++;
    renew_task(r);
    return ST_OK;
}

static bool lists_hold(const st_cells* cells, double way_um)
{
    return cells->list_skin_um > 0.0 && 2.0 * way_um < cells->list_skin_um - 2e-3;
}

static st_status after_step(st_ctx* ctx, st_relax* r, const st_cells_found* moved,
                            st_cells_found* next)
{
    st_cells* cells = r->cells;
    cells->is_sorted = false;
    cells->way_um = (double)moved->way;
    if (r->sleeps && (moved->sleepy > 0 || cells->resting > 0)) {
        (void)run(r, st_cells_step_speak);
        r->woken = cells->def.method == ST_CELLS_ADAPTIVE ? ST_MARK_FRESH : 0u;
        const st_cells_found settled = run(r, st_cells_step_settle);
        cells->resting = cells->count - settled.awake;
        next->awake = settled.awake;
        if (settled.announcing > 0) {
            ST_TRY(st_cells_list_complete(ctx, cells));
            renew_task(r);
        }
        if (settled.announcing > 0 && r->woken) {
            const st_cells_found fresh = run(r, st_cells_step_fresh);
            st_cells_keep_larger(&next->speed, fresh.speed);
            st_cells_keep_larger(&next->stiffness, fresh.stiffness);
        }
    }
    return ST_OK;
}

static void swap_positions(st_cells* cells, int stage)
{
    st_body* body = cells->c.body;
    cells->c.body = cells->stage[stage];
    cells->stage[stage] = body;
}

static st_status too_fast(st_ctx* ctx, const st_cells* cells, double h, double way)
{
    return ST_FAIL(ctx, ST_ERR_NUMERIC,
                   "cells: at %g min a step of %g min would move a cell by %g um, more than %g of "
                   "the smallest radius, %g um: shorten fixed_step_min or use own steps",
                   cells->time_min, h, way, FIXED_WAY, cells->smallest_radius_um);
}

static st_status relax_fixed(st_ctx* ctx, st_relax* r, double dt, st_relax_report* report)
{
    st_cells* cells = r->cells;
    const double steps = ceil(dt / cells->def.fixed_step_min - 1e-9);
    const double end = cells->time_min + dt;
    r->h = (float)(dt / steps);
    report->shortest_step_min = report->longest_step_min = dt / steps;
    for (double step = 0.0; step < steps; step += 1.0) {
        if (st_ctx_should_stop(ctx)) {
            return ST_FAIL(ctx, ST_ERR_INTERRUPTED, "stopped on request");
        }
        if (!lists_hold(cells, cells->way_um)) {
            ST_TRY(make_lists(ctx, r, 0.0, report));
        }
        r->to = cells->stage[0];
        const st_cells_found moved = run(r, st_cells_step_fixed);
        st_cells_found next = moved;
        if (!((double)moved.step_way <= FIXED_WAY * cells->smallest_radius_um)) {
            return too_fast(ctx, cells, dt / steps, (double)moved.step_way);
        }
        swap_positions(cells, 0);
        report->step_count++;
        report->force_count++;
        report->cell_update_count += moved.awake;
        report->error_um = fmax(report->error_um, (double)moved.error);
        report->total_error_um += (double)moved.error;
        report->speed_um_per_min = (double)moved.speed;
        ST_TRY(after_step(ctx, r, &moved, &next));
        report->awake_count = next.awake;
        cells->time_min = end - dt + (step + 1.0) * (dt / steps);
        if (next.awake == 0) {
            break;
        }
    }
    cells->time_min = end;
    return ST_OK;
}

// All stages of one step of length h; found->way is the farthest way of a stage.
static st_cells_found take_stages(st_relax* r, double h, int stages, int64_t awake,
                                  st_relax_report* report)
{
    st_cells* cells = r->cells;
    st_stage stage[ST_STAGE_LIMIT];
    st_cells_chebyshev(stages, h, stage);
    r->h = (float)h;
    float way = 0.0f;
    float step_way = 0.0f;
    for (int j = 1; j <= stages; j++) {
        r->stage = stage[j - 1];
        r->to = cells->stage[(j - 1) & 1];
        const st_cells_found f = run(r, st_cells_step_stage);
        st_cells_keep_larger(&way, f.way);
        st_cells_keep_larger(&step_way, f.step_way);
        r->from = r->to;
    }
    st_cells_found end = run(r, st_cells_step_end);
    end.way = way;
    end.step_way = step_way;
    end.awake = awake;
    report->force_count += stages;
    report->cell_update_count += stages * awake;
    return end;
}

static double choose_step(const st_cells* cells, const st_cells_found* now, double wish,
                          double left, int* stages)
{
    double h = fmin(wish, cells->def.longest_step_min);
    if (now->speed > 0.0f) {
        h = fmin(h, OWN_WAY * cells->smallest_radius_um / (double)now->speed);
    }
    const double bound = 2.0 * (double)now->stiffness;
    *stages = st_cells_chebyshev_stages(bound * h);
    if (*stages > ST_STAGE_LIMIT) {
        *stages = ST_STAGE_LIMIT;
        h = st_cells_chebyshev_range(ST_STAGE_LIMIT) / bound;
    }
    if (h >= left) {
        h = left;
    } else if (2.0 * h > left) {
        h = 0.5 * left;
    }
    *stages = st_cells_chebyshev_stages(bound * h);
    return h;
}

static st_cells_found begin_again(st_relax* r, st_relax_report* report)
{
    const st_cells_found now = run(r, st_cells_step_begin);
    report->force_count++;
    report->cell_update_count += now.awake;
    return now;
}

st_status st_cells_relax_own(st_ctx* ctx, st_relax* r, double dt, st_relax_report* report)
{
    st_cells* cells = r->cells;
    const double end = cells->time_min + dt;
    double left = dt;
    if (!lists_hold(cells, cells->way_um)) {
        ST_TRY(make_lists(ctx, r, 0.0, report));
    }
    renew_task(r);
    const double radius = cells->smallest_radius_um;
    st_cells_found now = begin_again(r, report);
    double wish = cells->next_step_min > 0.0 ? cells->next_step_min
                                             : 1.0 / fmax(2.0 * (double)now.stiffness, 1e-3);
    while (left > 0.0 && now.awake > 0) {
        if (st_ctx_should_stop(ctx)) {
            return ST_FAIL(ctx, ST_ERR_INTERRUPTED, "stopped on request");
        }
        int stages;
        const double h = choose_step(cells, &now, wish, left, &stages);
        if (!(h > SHORTEST_STEP_MIN) && !(h >= left)) {
            return ST_FAIL(ctx, ST_ERR_NUMERIC,
                           "cells: at %g min a step of %g min does not keep the position error of "
                           "%g um",
                           cells->time_min, h, cells->def.position_error_um);
        }
        if (!lists_hold(cells, cells->way_um + 1.2 * h * (double)now.speed)) {
            ST_TRY(make_lists(ctx, r, 1.2 * h * (double)now.speed, report));
            (void)begin_again(r, report); // slots changed, what was found did not
        }
        st_cells_found next = take_stages(r, h, stages, now.awake, report);
        const double ratio = (double)next.error / cells->def.position_error_um;
        const double grow = ratio > 0.0 ? 0.8 / st_pow(ratio, 1.0 / 3.0) : 3.0;
        if (!(ratio <= 1.0) || !((double)next.step_way <= STAGE_WAY * radius)) {
            report->reject_count++;
            wish = h * fmin(0.5, fmax(0.2, grow));
            (void)begin_again(r, report);
            continue;
        }
        if (!lists_hold(cells, (double)next.way)) { // farther than foreseen: the same step again
            ST_TRY(make_lists(ctx, r, (double)next.way, report));
            (void)begin_again(r, report);
            continue;
        }
        const st_cells_found moved = run(r, st_cells_step_accept);
        swap_positions(cells, (stages - 1) & 1);
        ST_TRY(after_step(ctx, r, &moved, &next));
        cells->time_min += h;
        left = h >= left ? 0.0 : left - h;
        if (r->watch) {
            r->watch(r, dt - left);
        }
        report->shortest_step_min =
            report->step_count == 0 ? h : fmin(report->shortest_step_min, h);
        report->longest_step_min = fmax(report->longest_step_min, h);
        report->step_count++;
        report->error_um = fmax(report->error_um, (double)next.error);
        report->total_error_um += (double)next.error;
        wish = h < wish && grow > 1.0 ? fmax(wish, h * grow) : h * fmin(3.0, fmax(0.2, grow));
        now = next;
    }
    cells->next_step_min = wish;
    cells->time_min = end;
    if (cells->has_births) {
        cells->has_births = false;
        if (cells->list_skin_um > 1.5 * cells->def.skin_um) {
            st_cells_list_forget(cells); // wider than calm cells need
        }
    }
    report->awake_count = now.awake;
    report->speed_um_per_min = now.awake > 0 ? (double)now.speed : 0.0;
    return ST_OK;
}

// What was changed since the last time: drives, volumes, births.
static st_status begin(st_ctx* ctx, st_relax* r)
{
    st_cells* cells = r->cells;
    ST_TRY(st_cells_list_reach(ctx, cells));
    renew_task(r);
    const st_cells_found look = run(r, st_cells_step_look);
    if (look.bad > 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "cells: %lld cells have a drive that is not finite or above 1e6 um/min, or "
                       "a hold outside 0 to 1",
                       (long long)look.bad);
    }
    cells->way_um = (double)look.way;
    r->woken = 0;
    const st_cells_found settled = run(r, st_cells_step_settle);
    cells->resting = cells->count - settled.awake;
    ST_TRY(st_cells_list_complete(ctx, cells));
    renew_task(r);
    return ST_OK;
}

st_relax st_cells_relax_plan(st_cells* cells)
{
    return (st_relax){.cells = cells,
                      .make = st_cells_list_make,
                      .force = st_cells_force_choose(cells->is_uniform),
                      .task = {.pair_repulsion = cells->pair_repulsion,
                               .pair_adhesion = cells->pair_adhesion,
                               .reach = cells->type_reach,
                               .type_count = cells->def.type_count,
                               .tick_um = (float)cells->tick_um,
                               .repulsion = cells->pair_repulsion[0],
                               .adhesion = cells->pair_adhesion[0],
                               .uniform_reach = cells->type_reach[0],
                               .scale = (float)cells->force_scale,
                               .inverse_scale = (float)(1.0 / cells->force_scale)},
                      .sleeps = cells->def.rest_speed_um_per_min > 0.0};
}

st_status st_cells_relax_speeds(st_ctx* ctx, st_cells* cells)
{
    st_relax r = st_cells_relax_plan(cells);
    st_relax_report report = {0};
    if (!lists_hold(cells, cells->way_um)) {
        ST_TRY(make_lists(ctx, &r, 0.0, &report));
    }
    ST_TRY(st_cells_list_complete(ctx, cells));
    renew_task(&r);
    (void)run(&r, st_cells_step_begin);
    return ST_OK;
}

st_status st_cells_relax(st_ctx* ctx, st_cells* cells, double dt_min, st_relax_report* report)
{
    st_relax_report own = {0};
    st_relax_report* out = report ? report : &own;
    *out = own;
    if (!(dt_min > 0.0) || !(dt_min <= 1e6)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "cells: dt = %g min: expected above 0, at most 1e6",
                       dt_min);
    }
    for (int w = 0; w < cells->worker_count; w++) {
        if (cells->worker[w].event_count > 0) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "cells: events wait for st_cells_commit()");
        }
    }
    if (cells->count == 0) {
        cells->time_min += dt_min;
        return ST_OK;
    }
    st_relax r = st_cells_relax_plan(cells);
    ST_TRY(begin(ctx, &r));
    if (cells->resting == cells->count) {
        cells->time_min += dt_min;
        return ST_OK;
    }
    if (cells->def.method == ST_CELLS_FIXED) {
        return relax_fixed(ctx, &r, dt_min, out);
    }
    double left = dt_min;
    ST_TRY(st_cells_island_relax(ctx, &r, dt_min, &left, out));
    return left > 0.0 ? st_cells_relax_own(ctx, &r, left, out) : ST_OK;
}
