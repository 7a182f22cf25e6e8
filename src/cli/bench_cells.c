/// `stroma bench cells`: packed balls of cells with the standard potential, all awake, at rest and
/// growing; parts of a step, the field's usual steps and own steps with their errors, memory; and
/// sparse walkers, a cartilage defect at its final density.

#include "bench_cells.h"

#include "base/base.h"
#include "base/parallel.h"
#include "base/random.h"
#include "stroma/cells.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

/// Measurements of which the best counts: all noise is delay.
#define REPEATS 3
/// Where the pull and the push of the standard potential balance; voxel edge; shift of cells that
/// are to be awake, um.
#define SPACING_UM 16.0242
#define EDGE_UM    20.0
#define SHIFT_UM   1.0
#define SEED       7
#define CELLS_MOST 1e8
/// Larger balls are measured with all workers only.
#define ALONE_MOST 2e6
/// Sparse tissue with common steps is measured up to so many cells only.
#define COMMON_MOST 2e5

/// Potential and size of the field's usual cell (the template project of PhysiCell 1.14).
static const st_cell_type TYPE = {.name = "cell",
                                  .volume_um3 = 2494.0,
                                  .repulsion_um_per_min = 10.0,
                                  .adhesion_um_per_min = 0.4,
                                  .reach = 1.25,
                                  .wall_um_per_min = 10.0,
                                  .mobility = 1.0,
                                  .division_distance = 0.8};

/// Chondrocytes of a filled cartilage defect as in examples/tissue-defect/whole.yaml, which has the
/// sources: 13 um wide, 9626 per mm^3, 0.2 um/h, a turn in 6 h; 2 in 1000 divide and die in a day.
static const st_cell_type SPARSE_TYPE = {.name = "chondrocyte",
                                         .volume_um3 = 1150.0,
                                         .repulsion_um_per_min = 10.0,
                                         .adhesion_um_per_min = 0.0,
                                         .reach = 1.25,
                                         .wall_um_per_min = 10.0,
                                         .mobility = 1.0,
                                         .division_distance = 0.8};
#define SPARSE_PER_UM3  9.626e-6
#define SPARSE_DEPTH_UM 2000.0
#define SPARSE_EDGE_UM  100.0
#define WALK_UM_PER_MIN (0.2 / 60.0)
#define PERSISTENCE_MIN 360.0
#define TURNOVER        2e-3
#define DAY_MIN         1440.0
#define YEAR_DAYS       365.25

typedef struct moment {
    double wall, cpu;
} moment;

static double clock_s(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static moment now_s(void)
{
    return (moment){clock_s(CLOCK_MONOTONIC), clock_s(CLOCK_PROCESS_CPUTIME_ID)};
}

static moment since(moment begin)
{
    const moment now = now_s();
    return (moment){now.wall - begin.wall, now.cpu - begin.cpu};
}

static void keep_best(moment* best, moment value)
{
    best->wall = fmin(best->wall, value.wall);
    best->cpu = fmin(best->cpu, value.cpu);
}

static const moment WORST = {INFINITY, INFINITY};

typedef struct world {
    st_ctx* ctx;
    st_tissue* tissue;
    st_cells* cells;
    int workers;
} world;

/// One line; all that grows with time is per `share`, such as 6 for six minutes.
static void print_row(const world* w, const char* what, moment time, const st_relax_report* r,
                      double share)
{
    const double updates = (double)r->cell_update_count;
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    const double count = (double)st_cells_count(w->cells);
    printf("%s,%.0f,%d,%.4g,%.4g,%.4g,%.4g,%.3g,", what, count, w->workers, time.wall / share,
           time.cpu / share, updates / time.wall, updates / time.cpu, r->total_error_um);
    printf("%.4g,%.4g,%.4g,%.4g,%g,%g,%lld,", (double)r->step_count / share,
           (double)r->reject_count / share, (double)r->force_count / share,
           (double)r->list_count / share, r->shortest_step_min, r->longest_step_min,
           (long long)r->awake_count);
    printf("%.0f,%zu,%.0f\n", (double)st_cells_bytes(w->cells) / count,
           st_cells_state_bytes(w->cells), (double)usage.ru_maxrss / 1024.0);
    fflush(stdout);
}

static st_status check_stop(const world* w)
{
    return st_ctx_should_stop(w->ctx) ? ST_FAIL(w->ctx, ST_ERR_INTERRUPTED, "stopped on request")
                                      : ST_OK;
}

// --- worlds
// -------------------------------------------------------------------------------------

static void end(world* w)
{
    st_cells_destroy(w->cells);
    st_tissue_destroy(w->tissue);
    w->cells = NULL;
    w->tissue = NULL;
}

static st_cells_def how_to(st_cells_method method)
{
    st_cells_def how = st_default_cells_def();
    how.method = method;
    how.seed = SEED;
    how.type = &TYPE;
    how.type_count = 1;
    return how;
}

/// Nobody sleeps.
static st_cells_def awake(st_cells_method method)
{
    st_cells_def how = how_to(method);
    how.rest_speed_um_per_min = 0.0;
    return how;
}

/// A ball of close-packed cells, each moved by up to shift_um along every axis; 0: at rest. Always
/// to be followed by end().
static st_status begin(world* w, double wanted, st_cells_def how, double shift_um)
{
    static const st_shape everywhere = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};
    const st_paint paint = {.shape = &everywhere, .medium = 1};
    // Close packing: sqrt(2) cells per cube of the spacing.
    const double radius = SPACING_UM * cbrt(wanted / (4.0 / 3.0 * 3.14159265358979 * sqrt(2.0)));
    const int n = (int)(2.0 * (radius + 60.0) / EDGE_UM) + 1;
    st_tissue_def def = st_default_tissue_def();
    st_cells_ball ball = {.radius_um = radius, .spacing_um = SPACING_UM, .shift_um = shift_um};
    ST_TRY(check_stop(w));
    def.paint = &paint;
    def.paint_count = 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = n;
        def.voxel_um[i] = EDGE_UM;
        ball.centre_um[i] = 0.5 * EDGE_UM * n;
    }
    def.worker_count = w->workers;
    ST_TRY(st_tissue_create(w->ctx, &def, &w->tissue));
    how.tissue = w->tissue;
    how.worker_count = w->workers;
    ST_TRY(st_cells_create(w->ctx, &how, &w->cells));
    return st_cells_pack(w->ctx, w->cells, 0, &ball);
}

/// A slab of the defect with so many cells at random places. Always to be followed by end().
static st_status begin_sparse(world* w, double wanted, st_cells_def how)
{
    static const st_shape everywhere = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};
    const st_paint paint = {.shape = &everywhere, .medium = 1};
    const double edge = sqrt(wanted / (SPARSE_PER_UM3 * SPARSE_DEPTH_UM));
    const int n = (int)(edge / SPARSE_EDGE_UM) + 1;
    st_tissue_def def = st_default_tissue_def();
    ST_TRY(check_stop(w));
    def.paint = &paint;
    def.paint_count = 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = i == 2 ? (int)(SPARSE_DEPTH_UM / SPARSE_EDGE_UM) : n;
        def.voxel_um[i] = SPARSE_EDGE_UM;
    }
    def.worker_count = w->workers;
    ST_TRY(st_tissue_create(w->ctx, &def, &w->tissue));
    how.tissue = w->tissue;
    how.worker_count = w->workers;
    how.type = &SPARSE_TYPE;
    how.position_error_um = 1.0;
    how.longest_step_min = DAY_MIN;
    ST_TRY(st_cells_create(w->ctx, &how, &w->cells));
    const double volume = (double)n * n * SPARSE_EDGE_UM * SPARSE_EDGE_UM * SPARSE_DEPTH_UM;
    ST_TRY(st_cells_scatter(w->ctx, w->cells, 0, 1, (int64_t)(volume * SPARSE_PER_UM3)));
    return st_cells_commit(w->ctx, w->cells);
}

static st_status relax(const world* w, double dt_min, moment* spent, st_relax_report* r)
{
    ST_TRY(check_stop(w));
    const moment t = now_s();
    ST_TRY(st_cells_relax(w->ctx, w->cells, dt_min, r));
    *spent = since(t);
    return ST_OK;
}

// --- measurements
// -------------------------------------------------------------------------------

static st_status measure_part(const world* w, st_cells_part part, const char* what)
{
    const st_relax_report report = {.cell_update_count = st_cells_count(w->cells),
                                    .awake_count = st_cells_count(w->cells)};
    moment best = WORST;
    ST_TRY(check_stop(w));
    for (int i = 0; i < REPEATS; i++) {
        const moment t = now_s();
        ST_TRY(st_cells_exercise(w->ctx, w->cells, part));
        keep_best(&best, since(t));
    }
    print_row(w, what, best, &report, 1.0);
    return ST_OK;
}

/// The field's usual steps: 0.1 min, ten per simulated minute; everything awake.
static st_status measure_fixed(world* w, double wanted)
{
    moment best = WORST;
    moment spent;
    st_relax_report r = {0};
    st_cells_def how = awake(ST_CELLS_FIXED);
    how.fixed_step_min = 0.1;
    ST_TRY(begin(w, wanted, how, SHIFT_UM));
    ST_TRY(relax(w, 0.1, &spent, &r));
    ST_TRY(measure_part(w, ST_CELLS_LOOK, "look whether cells left their voxels"));
    ST_TRY(measure_part(w, ST_CELLS_LISTS, "look and make lists of neighbours"));
    ST_TRY(measure_part(w, ST_CELLS_SPEEDS, "speeds from neighbours and walls"));
    double error_um = 0.0;
    for (int i = 0; i < REPEATS; i++) {
        ST_TRY(relax(w, 1.0, &spent, &r));
        keep_best(&best, spent);
        error_um = fmax(error_um, r.total_error_um);
    }
    r.total_error_um = error_um;
    print_row(w, "a minute in steps of 0.1 min all awake", best, &r, 1.0);
    return ST_OK;
}

/// Own steps, all awake: the first six minutes after the disturbance, then the second half hour.
static st_status measure_own(world* w, double wanted)
{
    moment spent;
    st_relax_report r;
    ST_TRY(begin(w, wanted, awake(ST_CELLS_ADAPTIVE), SHIFT_UM));
    ST_TRY(relax(w, 6.0, &spent, &r));
    print_row(w, "a minute at own steps: minutes 0 to 6", spent, &r, 6.0);
    ST_TRY(relax(w, 24.0, &spent, &r));
    ST_TRY(relax(w, 30.0, &spent, &r));
    print_row(w, "a minute at own steps: minutes 30 to 60", spent, &r, 30.0);
    return ST_OK;
}

/// At rest: everybody asleep, then one cell in a thousand grows.
static st_status measure_rest(world* w, double wanted)
{
    moment spent;
    st_relax_report r;
    ST_TRY(begin(w, wanted, how_to(ST_CELLS_ADAPTIVE), 0.0));
    ST_TRY(relax(w, 60.0, &spent, &r));
    ST_TRY(relax(w, 6.0, &spent, &r));
    print_row(w, "a minute at rest", spent, &r, 6.0);
    for (int64_t slot = 0; slot < st_cells_count(w->cells); slot += 1000) {
        st_cells_set_volume(w->cells, slot, 1.1 * st_cells_volume(w->cells, slot));
    }
    ST_TRY(relax(w, 6.0, &spent, &r));
    print_row(w, "a minute with one cell in 1000 grown", spent, &r, 6.0);
    return ST_OK;
}

// Half an hour of turnover in 30 days: 7 cells in 10 000 divide, daughters grow.
static st_status turn_over(const world* w, uint64_t step)
{
    const st_division division = st_default_division();
    for (int64_t slot = 0; slot < st_cells_count(w->cells); slot++) {
        const st_random_key key = {SEED, ST_STREAM_TEST, st_cells_id(w->cells, slot), step};
        const double volume = st_cells_volume(w->cells, slot);
        if (st_random_uniform(&key, 0) < 7e-4) {
            ST_TRY(st_cells_divide(w->ctx, w->cells, 0, slot, &division));
        } else if (volume < 0.998 * TYPE.volume_um3) {
            st_cells_set_volume(w->cells, slot,
                                fmin(TYPE.volume_um3, volume * (1.0 + 30.0 / 1440.0)));
        }
    }
    return ST_OK;
}

/// Packed tissue that turns over, coarser than the rest: 0.2 um per step, sleep below 5e-3 um/min.
static st_status measure_growth(world* w, double wanted)
{
    enum { STEPS = 8 };
    st_cells_def how = how_to(ST_CELLS_ADAPTIVE);
    how.position_error_um = 0.2;
    how.rest_speed_um_per_min = 5e-3;
    how.wake_um = 0.1;
    ST_TRY(begin(w, wanted, how, 0.0));
    moment commits = {0.0, 0.0};
    moment relaxes = {0.0, 0.0};
    st_relax_report sum = {.shortest_step_min = INFINITY};
    for (uint64_t step = 0; step < STEPS; step++) {
        moment spent;
        st_relax_report r;
        ST_TRY(turn_over(w, step));
        const moment t = now_s();
        ST_TRY(st_cells_commit(w->ctx, w->cells));
        spent = since(t);
        commits = (moment){commits.wall + spent.wall, commits.cpu + spent.cpu};
        ST_TRY(relax(w, 30.0, &spent, &r));
        relaxes = (moment){relaxes.wall + spent.wall, relaxes.cpu + spent.cpu};
        sum.cell_update_count += r.cell_update_count;
        sum.step_count += r.step_count;
        sum.reject_count += r.reject_count;
        sum.force_count += r.force_count;
        sum.list_count += r.list_count;
        sum.awake_count = r.awake_count;
        sum.total_error_um = fmax(sum.total_error_um, r.error_um);
        if (r.step_count > 0) {
            sum.shortest_step_min = fmin(sum.shortest_step_min, r.shortest_step_min);
            sum.longest_step_min = fmax(sum.longest_step_min, r.longest_step_min);
        }
    }
    const st_relax_report commit = {.cell_update_count = STEPS * st_cells_count(w->cells),
                                    .awake_count = sum.awake_count};
    sum.shortest_step_min = fmin(sum.shortest_step_min, sum.longest_step_min);
    print_row(w, "commit of half an hour's divisions", commits, &commit, STEPS);
    print_row(w, "half an hour of packed growing tissue", relaxes, &sum, STEPS);
    return ST_OK;
}

// A day of the defect: who divides, dies, and where everybody walks.
static st_status live_a_day(void* arg, int brick, int64_t first, int64_t last, int worker)
{
    (void)brick;
    const world* w = arg;
    const uint64_t step = st_cells_commit_count(w->cells);
    const st_division division = st_default_division();
    for (int64_t slot = first; slot < last; slot++) {
        const st_random_key key = {SEED, ST_STREAM_TEST, st_cells_id(w->cells, slot), step};
        const double u = st_random_uniform(&key, 0);
        st_ctx* ctx = st_cells_worker_ctx(w->cells, worker);
        st_cells_walk(w->cells, slot, step, DAY_MIN, WALK_UM_PER_MIN, PERSISTENCE_MIN);
        st_cells_set_volume(w->cells, slot, SPARSE_TYPE.volume_um3); // grown back within days
        if (u < TURNOVER) {
            ST_TRY(st_cells_divide(ctx, w->cells, worker, slot, &division));
        } else if (u < 2.0 * TURNOVER) {
            ST_TRY(st_cells_remove(ctx, w->cells, worker, slot));
        }
    }
    return ST_OK;
}

/// Days after the first, in which overlaps of random places part; times are per year.
static st_status measure_days(world* w, double wanted, int days, int island_limit, const char* what)
{
    st_cells_def how = how_to(ST_CELLS_ADAPTIVE);
    how.island_limit = island_limit;
    ST_TRY(begin_sparse(w, wanted, how));
    moment sum = {0.0, 0.0};
    st_relax_report total = {.shortest_step_min = INFINITY};
    for (int day = 0; day <= days; day++) {
        st_relax_report r;
        moment spent;
        moment t = now_s();
        ST_TRY(st_cells_each(w->ctx, w->cells, live_a_day, w));
        ST_TRY(st_cells_commit(w->ctx, w->cells));
        const moment lived = since(t);
        ST_TRY(relax(w, DAY_MIN, &spent, &r));
        if (day == 0) {
            continue;
        }
        sum = (moment){sum.wall + lived.wall + spent.wall, sum.cpu + lived.cpu + spent.cpu};
        total.cell_update_count += r.cell_update_count;
        total.step_count += r.step_count;
        total.reject_count += r.reject_count;
        total.force_count += r.force_count;
        total.list_count += r.list_count;
        total.awake_count = r.awake_count;
        total.total_error_um = fmax(total.total_error_um, r.total_error_um);
        total.shortest_step_min = fmin(total.shortest_step_min, r.shortest_step_min);
        total.longest_step_min = fmax(total.longest_step_min, r.longest_step_min);
    }
    print_row(w, what, sum, &total, days / YEAR_DAYS);
    return ST_OK;
}

/// Sparse walkers: five days of islands' own steps, and a day of common ones; both per year.
static st_status measure_sparse(world* w, double wanted)
{
    ST_TRY(measure_days(w, wanted, 5, how_to(ST_CELLS_ADAPTIVE).island_limit,
                        "a year of the defect at its final density"));
    end(w);
    if (wanted > COMMON_MOST) {
        return ST_OK;
    }
    return measure_days(w, wanted, 1, 0, "a year of the defect with common steps");
}

// One measurement in a world of its own.
static st_status measure(st_ctx* ctx, int workers, double wanted,
                         st_status (*measurement)(world*, double))
{
    world w = {.ctx = ctx, .workers = workers};
    const st_status status = measurement(&w, wanted);
    end(&w);
    return status;
}

st_status st_bench_cells(st_ctx* ctx, int threads, double cells)
{
    static const double usual[3] = {1e4, 1e5, 1e6};
    const double asked[1] = {cells};
    const double* size = cells != 0.0 ? asked : usual;
    if (cells != 0.0 && !(cells >= 1.0 && cells <= CELLS_MOST)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "bench: %g cells: expected 1 to %g", cells, CELLS_MOST);
    }
    st_pool* pool = NULL; // knows how many CPUs there are
    ST_TRY(st_pool_create(ctx, threads, &pool));
    const int most = st_pool_worker_count(pool);
    st_pool_destroy(pool);
    printf("what,cells,workers,wall_s,cpu_s,updates_per_wall_s,updates_per_cpu_s,error_um,steps,"
           "rejected,evaluations,lists,shortest_min,longest_min,awake,bytes_per_cell,"
           "stored_bytes_per_cell,process_MiB\n");
    for (int i = 0; i < (cells != 0.0 ? 1 : 3); i++) {
        for (int n = 1; n < most && size[i] <= ALONE_MOST; n *= 2) {
            ST_TRY(measure(ctx, n, size[i], measure_fixed));
        }
        ST_TRY(measure(ctx, most, size[i], measure_fixed));
        ST_TRY(measure(ctx, most, size[i], measure_own));
        ST_TRY(measure(ctx, most, size[i], measure_rest));
        ST_TRY(measure(ctx, most, size[i], measure_growth));
        ST_TRY(measure(ctx, most, size[i], measure_sparse));
    }
    return ST_OK;
}
