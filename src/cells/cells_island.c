// Which cells can meet within a step of the whole: islands, each with steps of its own.     [CEL-9]

#include "base/maths.h"
#include "cells/cells_group.h"
#include "cells/cells_near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// Cells that a cell may meet on average, were they spread at random: groups of points grow without
/// bound from 2.7 on. The step of the whole is chosen so.
#define MEET_MOST 2.0
/// Awake cells within reach of one on average: packed tissue has 12, and hangs together.
#define TOUCH_MOST 8.0
/// About so many cells are asked.
#define SAMPLE 400
/// Most parts that a step is cut into, and how often the parts are halved where islands grow too
/// large.
#define PARTS_MOST 64.0
#define HALVINGS   3
/// Most rounds of integrating and joining.
#define ROUNDS 12
/// Longest straight way in mean distances of cells.
#define WAY_MOST 3.0
/// Beyond what rounding may hide, um.
#define SLACK 1e-3
/// Calls without islands after attempts in vain: 1, 3, 7, 15.
#define FAILURES_MOST 4u
#define SUM_UNIT      0x1p20

/// A cell's place in the forest of islands; the root is the island's lowest slot.
typedef struct node {
    uint32_t parent;
    uint32_t next;  ///< ring of the island's members
    uint32_t size;  ///< of the island, at its root
    uint32_t round; ///< in which it was joined last, at its root
} node;
_Static_assert(sizeof(node) == sizeof(st_body), "nodes lie in the spare column");

typedef struct island_call {
    st_cells* cells;
    node* node;
    const st_relax* relax;
    double h;
    double fastest;   ///< um/min, of all awake cells
    double widest_um; ///< largest straight way and allowance of one cell
    uint32_t round;
    uint32_t largest; ///< island of this round
    size_t slot;      ///< whose surroundings are looked at
    bool has_joined;
    st_cells_found lone; ///< cells by themselves, fastest
} island_call;

// --- is it worth it?
// ----------------------------------------------------------------------------------------

static double pair_reach(const st_cells* cells, uint32_t form1, uint32_t form2)
{
    const int a = (int)(form1 & 255u);
    const int b = (int)(form2 & 255u);
    const double r1 = st_cells_body_radius(form1);
    const double r2 = st_cells_body_radius(form2);
    if (cells->pair_adhesion[a * cells->def.type_count + b] > 0.0f) {
        return r1 * cells->type[a].reach + r2 * cells->type[b].reach;
    }
    return r1 + r2;
}

typedef struct touch_call {
    const st_cells* cells;
    size_t slot;
    int64_t count;
} touch_call;

static void count_touch(void* arg, int64_t slot, double square)
{
    touch_call* t = arg;
    const st_cells* cells = t->cells;
    const double reach =
        pair_reach(cells, cells->c.body[t->slot].form, cells->c.body[slot].form) / cells->tick_um;
    t->count += (size_t)slot != t->slot && square <= reach * reach;
}

// Sums over all cells, and what some of those awake touch.
static st_status survey(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    const uint64_t every = *(const uint64_t*)arg;
    st_cells_found* found = &cells->found[worker];
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        const uint32_t form = cells->c.body[s].form;
        const double reach = st_cells_body_radius(form) * cells->type[form & 255u].reach;
        found->reach_sum += (int64_t)(reach * SUM_UNIT);
        if (cells->c.rest[s]) {
            continue;
        }
        double way[3];
        st_cells_group_ahead(cells, (size_t)s, 1.0, way);
        const double speed = st_cells_group_length(way);
        found->speed_sum += (int64_t)(fmin(speed, 1e3) * SUM_UNIT);
        st_cells_keep_larger(&found->speed, (float)(speed * (1.0 + 1e-6)));
        if ((cells->c.id[s] * UINT64_C(0x9e3779b97f4a7c15) >> 33) % every == 0) {
            touch_call t = {.cells = cells, .slot = (size_t)s};
            st_cells_near_each(cells, cells->c.body[s].tick, reach + cells->reach_um, count_touch,
                               &t);
            found->sampled++;
            found->touching += t.count;
        }
    }
    return ST_OK;
}

// Ways of cells near a brick without walls must not lead to one.
static double brick_um(const st_cells* cells)
{
    const double* v = cells->frame.voxel_um;
    return 0.75 * ST_BRICK_EDGE * fmin(v[0], fmin(v[1], v[2]));
}

// A step of the whole in which few cells meet; 0: there is none that is worth it.
static double choose_step(const st_cells* cells, const st_cells_found* found, double dt)
{
    const double count = (double)cells->count;
    const double density = count / cells->open_um3;
    const double reach = 2.0 * (double)found->reach_sum / SUM_UNIT / count;
    const double speed = (double)found->speed_sum / SUM_UNIT / count;
    const double still = 4.18879 * reach * reach * reach; // 4 pi / 3
    const double free_um3 = MEET_MOST / density - still;
    const double longest =
        fmin(brick_um(cells) - cells->reach_um, WAY_MOST / st_pow(density, 1.0 / 3.0));
    if ((double)found->touching > TOUCH_MOST * (double)found->sampled || !(free_um3 > 0.0) ||
        !(longest > 0.0)) {
        return 0.0;
    }
    double h = dt;
    if (speed > 0.0) { // two cells sweep a tube: pi reach^2 sqrt(2) speed h
        h = fmin(h, free_um3 / (4.44288 * reach * reach * speed));
        h = fmin(h, longest / (double)found->speed);
    }
    const double parts = ceil(dt / h - 1e-9);
    return parts <= PARTS_MOST ? dt / parts : 0.0;
}

// --- joining
// ----------------------------------------------------------------------------------------

static uint32_t root_of(node* n, uint32_t s)
{
    while (n[s].parent != s) {
        n[s].parent = n[n[s].parent].parent;
        s = n[s].parent;
    }
    return s;
}

static void join(island_call* call, uint32_t a, uint32_t b)
{
    node* n = call->node;
    a = root_of(n, a);
    b = root_of(n, b);
    if (a == b) {
        return;
    }
    const uint32_t low = a < b ? a : b;
    const uint32_t high = a < b ? b : a;
    const uint32_t next = n[low].next;
    n[high].parent = low;
    n[low].next = n[high].next;
    n[high].next = next;
    n[low].size += n[high].size;
    n[low].round = call->round;
    call->largest = n[low].size > call->largest ? n[low].size : call->largest;
    call->has_joined = true;
}

// Do two cells come within reach on their straight ways, allowances included?              [CEL-9]
static bool can_meet(const island_call* call, size_t a, size_t b)
{
    const st_cells* cells = call->cells;
    const st_body* one = &cells->c.body[a];
    const st_body* two = &cells->c.body[b];
    double way1[3];
    double way2[3];
    st_cells_group_ahead(cells, a, call->h, way1);
    st_cells_group_ahead(cells, b, call->h, way2);
    double apart[3];
    double along = 0.0;
    double square = 0.0;
    for (int axis = 0; axis < 3; axis++) {
        apart[axis] = ((double)two->tick[axis] - (double)one->tick[axis]) * cells->tick_um;
        way2[axis] -= way1[axis];
        along -= apart[axis] * way2[axis];
        square += way2[axis] * way2[axis];
    }
    const double when = !(along > 0.0) ? 0.0 : along < square ? along / square : 1.0;
    double nearest = 0.0;
    for (int axis = 0; axis < 3; axis++) {
        const double d = apart[axis] + when * way2[axis];
        nearest += d * d;
    }
    const double allowed = (double)cells->speed[3 * a + ST_GROUP_ALLOWANCE] +
                           (double)cells->speed[3 * b + ST_GROUP_ALLOWANCE];
    const double reach = pair_reach(cells, one->form, two->form) + allowed + SLACK;
    return nearest <= reach * reach;
}

static st_status clear_nodes(st_cells* cells, void* arg, int first_brick, int last_brick,
                             int worker)
{
    const island_call* call = arg;
    (void)worker;
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        const uint32_t own = (uint32_t)s;
        call->node[s] = (node){.parent = own, .next = own, .size = 1};
        cells->speed[3 * s + ST_GROUP_ALLOWANCE] =
            (float)(ST_GROUP_ALLOWED * st_cells_body_radius(cells->c.body[s].form));
    }
    return ST_OK;
}

static void join_rows(island_call* call, double minutes)
{
    st_cells* cells = call->cells;
    const double h = call->h;
    call->h = minutes;
    call->largest = 1;
    (void)st_cells_store_pass(cells, clear_nodes, call);
    for (int64_t s = 0; s < cells->count; s++) {
        const uint32_t* row = cells->list + (size_t)cells->row[s] * 8;
        const int length = cells->c.rest[s] ? 0 : cells->row_blocks[s] * 8;
        ST_ASSERT(length <= ST_ROW_LIMIT);
        for (int i = 0; i < length && row[i] != (uint32_t)s; i++) { // own slots fill the row
            const bool is_known = row[i] < (uint32_t)s && !cells->c.rest[row[i]];
            if (!is_known && can_meet(call, (size_t)s, row[i])) {
                join(call, (uint32_t)s, row[i]);
            }
        }
    }
    call->h = h;
}

static void join_near(void* arg, int64_t slot, double square)
{
    island_call* call = arg;
    (void)square;
    if ((size_t)slot != call->slot && can_meet(call, call->slot, (size_t)slot)) {
        join(call, (uint32_t)call->slot, (uint32_t)slot);
    }
}

// Straight way and allowance of a cell, um.
static double width_of(const island_call* call, size_t s)
{
    double way[3];
    st_cells_group_ahead(call->cells, s, call->h, way);
    return st_cells_group_length(way) + (double)call->cells->speed[3 * s + ST_GROUP_ALLOWANCE];
}

// Cells that left their allowance may meet others now.
static void join_grown(island_call* call)
{
    st_cells* cells = call->cells;
    call->largest = 1;
    call->has_joined = false;
    for (int64_t s = 0; s < cells->count; s++) {
        if (cells->wake[s] & ST_GROUP_GREW) {
            call->widest_um = fmax(call->widest_um, width_of(call, (size_t)s));
        }
    }
    for (int64_t s = 0; s < cells->count; s++) {
        if (cells->wake[s] & ST_GROUP_GREW) {
            const uint32_t form = cells->c.body[s].form;
            const double own = st_cells_body_radius(form) * cells->type[form & 255u].reach;
            cells->wake[s] &= (uint8_t)~ST_GROUP_GREW;
            call->slot = (size_t)s;
            st_cells_near_each(cells, cells->c.body[s].tick,
                               own + cells->reach_um + width_of(call, (size_t)s) + call->widest_um +
                                   2.0 * SLACK,
                               join_near, call);
        }
    }
}

// --- moving
// ----------------------------------------------------------------------------------------

static int compare(const void* a, const void* b)
{
    const uint32_t one = *(const uint32_t*)a;
    const uint32_t two = *(const uint32_t*)b;
    return one < two ? -1 : one > two;
}

// The island that begins at this root; those that sleep stay as they are.
static st_status move_island(const island_call* call, uint32_t root, int worker)
{
    uint32_t slot[ST_ISLAND_LIMIT];
    const st_cells* cells = call->cells;
    int count = 0;
    bool is_awake = false;
    uint32_t s = root;
    do {
        slot[count++] = s;
        is_awake = is_awake || !cells->c.rest[s];
        s = call->node[s].next;
    } while (s != root);
    if (!is_awake) {
        return ST_OK;
    }
    qsort(slot, (size_t)count, sizeof *slot, compare);
    const st_group_task task = {.slot = slot, .count = count, .dt_min = call->h};
    return st_cells_group_relax(call->cells, &task, worker);
}

static st_status move_chunk(st_cells* cells, void* arg, int first_brick, int last_brick, int worker)
{
    const island_call* call = arg;
    st_cells_found* found = &cells->found[worker];
    for (int home = first_brick; home < last_brick; home++) {
        for (int64_t s = cells->start[home]; s < cells->start[home + 1]; s++) {
            const node* n = &call->node[s];
            if (n->parent != (uint32_t)s || n->round != call->round) {
                continue;
            }
            if (n->size == 1 && cells->c.rest[s]) {
                continue;
            }
            const float speed = n->size > 1 ? -1.0f
                                            : st_cells_group_alone(cells, (size_t)s, home, call->h,
                                                                   call->relax->sleeps);
            if (speed >= 0.0f) {
                found->lone++;
                st_cells_keep_larger(&found->speed, speed);
            } else {
                ST_TRY(move_island(call, (uint32_t)s, worker));
            }
        }
    }
    return ST_OK;
}

static void settle_cell(st_cells* cells, int64_t s, st_cells_found* found)
{
    const st_body to = cells->stage[0][s];
    const float tick = (float)cells->tick_um;
    const float* result = cells->speed + 3 * s;
    float square = 0.0f;
    for (int axis = 0; axis < 3; axis++) {
        const float way = (float)(to.tick[axis] - cells->c.body[s].tick[axis]) * tick;
        square += way * way;
    }
    cells->way[s] += sqrtf(square);
    st_cells_keep_larger(&found->way, cells->way[s]);
    cells->c.body[s] = cells->stage[1][s] = to;
    cells->c.drift[s] = result[ST_GROUP_DRIFT];
    cells->c.pressure[s] = result[ST_GROUP_PRESSURE];
    cells->c.rest[s] = cells->wake[s] & ST_GROUP_REST;
    cells->c.mark[s] &= (uint8_t)~ST_MARK_SPEAKS;
    if (cells->wake[s] & ST_GROUP_SPEAKS) {
        cells->c.mark[s] |= ST_MARK_SPEAKS;
    }
}

static st_status settle_chunk(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    (void)arg;
    st_cells_found* found = &cells->found[worker];
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        if (cells->wake[s] & ST_GROUP_DONE) {
            settle_cell(cells, s, found);
        }
        cells->wake[s] = 0;
        found->awake += cells->c.rest[s] == 0;
    }
    return ST_OK;
}

static st_status forget_chunk(st_cells* cells, void* arg, int first_brick, int last_brick,
                              int worker)
{
    (void)arg;
    (void)worker;
    for (int64_t s = cells->start[first_brick]; s < cells->start[last_brick]; s++) {
        cells->wake[s] = 0;
        cells->stage[0][s] = cells->c.body[s];
    }
    return ST_OK;
}

// --- a step of the whole
// ----------------------------------------------------------------------------------------

// What the workers' islands did, as one step after another for the whole.
static void report_step(const st_cells* cells, st_relax_report* report)
{
    st_relax_report sum = {0};
    for (int w = 0; w < cells->worker_count; w++) {
        const st_relax_report* own = &cells->worker[w].islands;
        sum.step_count = own->step_count > sum.step_count ? own->step_count : sum.step_count;
        sum.reject_count =
            own->reject_count > sum.reject_count ? own->reject_count : sum.reject_count;
        sum.force_count = own->force_count > sum.force_count ? own->force_count : sum.force_count;
        sum.list_count = own->list_count > sum.list_count ? own->list_count : sum.list_count;
        sum.largest_island =
            own->largest_island > sum.largest_island ? own->largest_island : sum.largest_island;
        sum.cell_update_count += own->cell_update_count;
        sum.island_count += own->island_count;
        if (own->shortest_step_min > 0.0) {
            report->shortest_step_min =
                report->shortest_step_min > 0.0
                    ? fmin(report->shortest_step_min, own->shortest_step_min)
                    : own->shortest_step_min;
        }
        report->longest_step_min = fmax(report->longest_step_min, own->longest_step_min);
        report->error_um = fmax(report->error_um, own->error_um);
        sum.total_error_um = fmax(sum.total_error_um, own->total_error_um);
        sum.speed_um_per_min = fmax(sum.speed_um_per_min, own->speed_um_per_min);
    }
    report->step_count += sum.step_count > 0 ? sum.step_count : 1;
    report->reject_count += sum.reject_count;
    report->force_count += sum.force_count;
    report->list_count += sum.list_count;
    report->cell_update_count += sum.cell_update_count;
    report->island_count += sum.island_count;
    report->largest_island =
        sum.largest_island > report->largest_island ? sum.largest_island : report->largest_island;
    report->total_error_um += sum.total_error_um;
    report->speed_um_per_min = sum.speed_um_per_min;
}

typedef enum outcome {
    MOVED,
    TOO_LARGE, ///< islands, or ways: a shorter step of the whole may do
    HANGS_TOGETHER,
} outcome;

// Islands by straight ways; they are good for a try.
static st_status find_islands(st_ctx* ctx, island_call* call, st_relax_report* report, outcome* out)
{
    st_cells* cells = call->cells;
    const uint32_t limit = (uint32_t)cells->def.island_limit;
    const double way = call->fastest * call->h + ST_GROUP_ALLOWED * cells->reach_um;
    *out = MOVED;
    if (!(2.0 * (cells->way_um + way) < cells->list_skin_um - 2e-3)) {
        bool is_crowded;
        ST_TRY(st_cells_list_ahead(ctx, cells, call->h, way, &is_crowded));
        report->list_count++;
        if (is_crowded) {
            *out = HANGS_TOGETHER;
            return ST_OK;
        }
    }
    call->node = (node*)(void*)cells->spare;
    call->widest_um = way;
    call->round = 0;
    join_rows(call, call->h);
    if (call->largest > limit) {
        join_rows(call, 0.0);
        *out = call->largest > limit ? HANGS_TOGETHER : TOO_LARGE;
    }
    return ST_OK;
}

// One step of the whole: islands move, and those that came where others are move again together.
static st_status step(st_ctx* ctx, island_call* call, st_relax_report* report, outcome* out)
{
    st_cells* cells = call->cells;
    const uint32_t limit = (uint32_t)cells->def.island_limit;
    st_cells_found found;
    ST_TRY(find_islands(ctx, call, report, out));
    for (int w = 0; w < cells->worker_count; w++) {
        cells->worker[w].islands = (st_relax_report){0};
    }
    while (*out == MOVED) {
        const st_status status = st_cells_relax_pass(cells, move_chunk, call, &found);
        for (int w = 0; w < cells->worker_count; w++) {
            st_ctx_take_messages(ctx, cells->worker[w].ctx);
        }
        if (status != ST_OK) {
            (void)st_cells_store_pass(cells, forget_chunk, NULL);
            return status;
        }
        if (call->round == 0) {
            call->lone = found;
        }
        call->round++;
        join_grown(call);
        if (!call->has_joined) {
            break;
        }
        if (call->largest > limit || call->round == ROUNDS ||
            call->widest_um + cells->reach_um > brick_um(cells)) {
            *out = TOO_LARGE;
        }
    }
    if (*out != MOVED) {
        (void)st_cells_store_pass(cells, forget_chunk, NULL);
        return ST_OK;
    }
    (void)st_cells_relax_pass(cells, settle_chunk, NULL, &found);
    cells->way_um = fmax(cells->way_um, (double)found.way);
    cells->is_sorted = false;
    cells->resting = cells->count - found.awake;
    report_step(cells, report);
    report->lone_count += call->lone.lone;
    report->speed_um_per_min = fmax(report->speed_um_per_min, (double)call->lone.speed);
    report->awake_count = found.awake;
    return st_cells_list_complete(ctx, cells);
}

static st_status give_up(st_cells* cells)
{
    const uint32_t most = FAILURES_MOST;
    cells->island_failures += cells->island_failures < most;
    cells->island_wait = (1u << cells->island_failures) - 1u;
    return ST_OK;
}

st_status st_cells_island_relax(st_ctx* ctx, st_relax* r, double dt_min, double* left_min,
                                st_relax_report* report)
{
    st_cells* cells = r->cells;
    *left_min = dt_min;
    if (cells->def.island_limit == 0) {
        return ST_OK;
    }
    if (cells->island_wait > 0) {
        cells->island_wait--;
        return ST_OK;
    }
    const double end = cells->time_min + dt_min;
    uint64_t every = 1 + (uint64_t)(cells->count - cells->resting) / SAMPLE;
    st_cells_found found;
    (void)st_cells_relax_pass(cells, survey, &every, &found);
    island_call call = {.cells = cells, .relax = r, .fastest = (double)found.speed};
    double h = choose_step(cells, &found, dt_min);
    int halvings = 0;
    while (h > 0.0 && *left_min > 0.0) {
        if (st_ctx_should_stop(ctx)) {
            return ST_FAIL(ctx, ST_ERR_INTERRUPTED, "stopped on request");
        }
        outcome out;
        call.h = *left_min < (1.0 + 1e-6) * h ? *left_min : h;
        ST_TRY(step(ctx, &call, report, &out));
        if (out != MOVED) {
            h = 0.5 * call.h;
            if (out == HANGS_TOGETHER || halvings++ == HALVINGS) {
                return give_up(cells);
            }
            continue;
        }
        cells->island_failures = 0;
        cells->next_step_min = 0.0;
        *left_min = *left_min > call.h && cells->resting < cells->count ? *left_min - call.h : 0.0;
        cells->time_min = end - *left_min;
    }
    if (!(*left_min > 0.0)) {
        cells->has_births = false;
    }
    return ST_OK;
}
