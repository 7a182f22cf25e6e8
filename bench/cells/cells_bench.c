/// How fast cells move: a packed ball with the standard potential, awake and at rest.
///
///     stroma_bench_cells [CELLS ...]                 (by default 1e4 1e5 1e6; 1e7 takes 3.5 GiB)
///
/// CSV on standard output: what, cells, workers, wall seconds, CPU seconds, updates per second of
/// wall and of CPU time, error in um. All noise is delay: the best of several repeats counts. CPU
/// seconds tell what the program needs while others use the machine.

#include "cells/cells_scene.h"
#include "cells/cells_step.h"

#include "base/random.h"
#include "tissue/lod_twin.h"

#include <sys/resource.h>
#include <time.h>

#define REPEATS 3
/// Where the pull and the push of the standard potential balance, um.
#define SPACING 16.0242

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

static const moment WORST = {1e30, 1e30};

static void print(const char* what, int64_t cells, int workers, moment time, double updates,
                  double error_um)
{
    printf("%s,%lld,%d,%.4g,%.4g,%.4g,%.4g,%.3g\n", what, (long long)cells, workers, time.wall,
           time.cpu, updates / time.wall, updates / time.cpu, error_um);
    fflush(stdout);
}

static double uniform(uint64_t id, uint64_t draw)
{
    const st_random_key key = {7, ST_STREAM_TEST, id, 0};
    return st_random_uniform(&key, draw);
}

static st_cells_def how_to(st_cells_method method, int workers)
{
    st_cells_def how = st_default_cells_def();
    how.method = method;
    how.worker_count = workers;
    return how;
}

/// Nobody sleeps.
static st_cells_def awake(st_cells_method method, int workers)
{
    st_cells_def how = how_to(method, workers);
    how.rest_speed_um_per_min = 0.0;
    return how;
}

/// A ball of close-packed cells, each moved by up to shift_um along every axis; 0: at rest.
static void begin(cell_scene* s, int64_t wanted, const st_cells_def* how, double shift_um)
{
    st_cell_type type = CELL_SCENE_TYPE;
    type.division_distance = 0.8;
    const double radius =
        SPACING * cbrt((double)wanted / (4.0 / 3.0 * 3.14159265358979 * sqrt(2.0)));
    const int n = (int)(2.0 * (radius + 60.0) / 20.0) + 1;
    cell_scene_tissue(s, n, 20.0, NULL, 0, NULL);
    s->def.worker_count = how->worker_count;
    s->def.method = how->method;
    s->def.type = &type;
    s->def.position_error_um = how->position_error_um;
    s->def.rest_speed_um_per_min = how->rest_speed_um_per_min;
    s->def.wake_um = how->wake_um;
    cell_scene_create(s);
    s->def.type = NULL; // copied
    const double centre[3] = {10.0 * n, 10.0 * n, 10.0 * n};
    const int64_t count = cell_scene_ball(SPACING, radius, centre, NULL);
    double(*place)[3] = count > 0 ? calloc((size_t)count, sizeof *place) : NULL;
    if (!place) {
        exit(4);
    }
    (void)cell_scene_ball(SPACING, radius, centre, place);
    for (int64_t i = 0; i < count; i++) {
        st_cell_birth birth = {.order = (uint64_t)i};
        for (uint64_t k = 0; k < 3; k++) {
            birth.at_um[k] = place[i][k] + shift_um * (2.0 * uniform((uint64_t)i, k) - 1.0);
        }
        cell_scene_check(s, st_cells_add(s->ctx, s->cells, 0, &birth));
        if (i % 1000000 == 999999) { // what waits for a commit takes memory too
            cell_scene_check(s, st_cells_commit(s->ctx, s->cells));
        }
    }
    free(place);
    cell_scene_check(s, st_cells_commit(s->ctx, s->cells));
}

static st_relax_report relax(cell_scene* s, double dt)
{
    st_relax_report report;
    cell_scene_check(s, st_cells_relax(s->ctx, s->cells, dt, &report));
    return report;
}

// --- one part at a time
// ---------------------------------------------------------------------------

static void measure_parts(cell_scene* s, int workers)
{
    const int64_t count = st_cells_count(s->cells);
    moment list = WORST;
    moment sort = WORST;
    for (int i = 0; i < REPEATS; i++) {
        moment t = now_s();
        cell_scene_check(s, st_cells_list_make(s->ctx, s->cells, s->def.skin_um));
        keep_best(&list, since(t));
        t = now_s();
        cell_scene_check(s, st_cells_store_sort(s->ctx, s->cells));
        keep_best(&sort, since(t));
    }
    print("look whether cells left their voxels", count, workers, sort, (double)count, 0.0);
    print("look and make lists of neighbours", count, workers, list, (double)count, 0.0);
    moment force = WORST;
    for (int i = 0; i < REPEATS; i++) {
        const moment t = now_s();
        cell_scene_check(s, st_cells_relax_speeds(s->ctx, s->cells));
        keep_best(&force, since(t));
    }
    print("speeds from neighbours and walls", count, workers, force, (double)count, 0.0);
}

// --- steps
// ----------------------------------------------------------------------------------------

/// The field's usual steps: 0.1 min, ten per simulated minute; everything awake.
static void measure_fixed(int64_t wanted, int workers)
{
    cell_scene s;
    const st_cells_def how = awake(ST_CELLS_FIXED, workers);
    begin(&s, wanted, &how, 1.0);
    moment best = WORST;
    (void)relax(&s, 0.1);
    double updates = 0.0;
    double error = 0.0;
    measure_parts(&s, workers);
    for (int i = 0; i < REPEATS; i++) {
        const moment t = now_s();
        const st_relax_report r = relax(&s, 1.0);
        keep_best(&best, since(t));
        updates = (double)r.cell_update_count;
        error = fmax(error, r.total_error_um);
    }
    print("a minute in steps of 0.1 min all awake", st_cells_count(s.cells), workers, best, updates,
          error);
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    fprintf(stderr,
            "%lld cells: %.0f bytes per cell, %zu of them stored; the process held at most %.2f "
            "GiB so far\n",
            (long long)st_cells_count(s.cells),
            (double)st_cells_bytes(s.cells) / (double)st_cells_count(s.cells),
            st_cells_state_bytes(s.cells), (double)usage.ru_maxrss / 1048576.0);
    (void)cell_scene_end(&s);
}

static void tell_steps(const st_relax_report* r)
{
    fprintf(stderr, "%lld steps of %g to %g min, %lld rejected, %lld evaluations, %lld lists\n",
            (long long)r->step_count, r->shortest_step_min, r->longest_step_min,
            (long long)r->reject_count, (long long)r->force_count, (long long)r->list_count);
}

/// Own steps, all awake: the first six minutes after the disturbance, then the second hour.
static void measure_own(int64_t wanted, int workers)
{
    cell_scene s;
    const st_cells_def how = awake(ST_CELLS_ADAPTIVE, workers);
    begin(&s, wanted, &how, 1.0);
    moment t = now_s();
    st_relax_report r = relax(&s, 6.0);
    moment spent = since(t);
    spent.wall /= 6.0;
    spent.cpu /= 6.0;
    print("a minute at own steps: minutes 0 to 6", st_cells_count(s.cells), workers, spent,
          (double)r.cell_update_count / 6.0, r.total_error_um);
    tell_steps(&r);
    (void)relax(&s, 24.0);
    t = now_s();
    r = relax(&s, 30.0);
    spent = since(t);
    spent.wall /= 30.0;
    spent.cpu /= 30.0;
    print("a minute at own steps: minutes 30 to 60", st_cells_count(s.cells), workers, spent,
          (double)r.cell_update_count / 30.0, r.total_error_um);
    tell_steps(&r);
    (void)cell_scene_end(&s);
}

/// At rest: everybody asleep, then one cell in a thousand grows.
static void measure_rest(int64_t wanted, int workers)
{
    cell_scene s;
    const st_cells_def how = how_to(ST_CELLS_ADAPTIVE, workers);
    begin(&s, wanted, &how, 0.0);
    st_relax_report r = relax(&s, 60.0);
    const int64_t awake = r.awake_count;
    moment t = now_s();
    r = relax(&s, 6.0);
    moment spent = since(t);
    spent.wall /= 6.0;
    spent.cpu /= 6.0;
    print("a minute at rest", st_cells_count(s.cells), workers, spent,
          (double)r.cell_update_count / 6.0, r.total_error_um);
    for (int64_t slot = 0; slot < st_cells_count(s.cells); slot += 1000) {
        st_cells_set_volume(s.cells, slot, 1.1 * st_cells_volume(s.cells, slot));
    }
    t = now_s();
    r = relax(&s, 6.0);
    spent = since(t);
    spent.wall /= 6.0;
    spent.cpu /= 6.0;
    print("a minute with one cell in 1000 grown", st_cells_count(s.cells), workers, spent,
          (double)r.cell_update_count / 6.0, r.total_error_um);
    fprintf(stderr, "awake after an hour: %lld; after the growth %lld\n", (long long)awake,
            (long long)r.awake_count);
    (void)cell_scene_end(&s);
}

// --- growth
// -----------------------------------------------------------------------------------------

/// Packed tissue that turns over once in 30 days: in each half hour 7 cells in 10 000 divide and
/// daughters grow. Coarser than the rest: 0.2 um per step, sleep below 5e-3 um/min.
static void measure_growth(int64_t wanted, int workers)
{
    enum { STEPS = 8 };
    cell_scene s;
    st_cells_def how = how_to(ST_CELLS_ADAPTIVE, workers);
    how.position_error_um = 0.2;
    how.rest_speed_um_per_min = 5e-3;
    how.wake_um = 0.1;
    begin(&s, wanted, &how, 0.0);
    moment commits = {0.0, 0.0};
    moment relaxes = {0.0, 0.0};
    double updates = 0.0;
    double error = 0.0;
    for (int step = 0; step < STEPS; step++) {
        for (int64_t slot = 0; slot < st_cells_count(s.cells); slot++) {
            const st_random_key key = {7, ST_STREAM_TEST, st_cells_id(s.cells, slot),
                                       (uint64_t)step};
            const double volume = st_cells_volume(s.cells, slot);
            const st_division division = st_default_division();
            if (st_random_uniform(&key, 0) < 7e-4) {
                cell_scene_check(&s, st_cells_divide(s.ctx, s.cells, 0, slot, &division));
            } else if (volume < 2490.0) {
                st_cells_set_volume(s.cells, slot, fmin(2494.0, volume * (1.0 + 30.0 / 1440.0)));
            }
        }
        moment t = now_s();
        cell_scene_check(&s, st_cells_commit(s.ctx, s.cells));
        const moment commit = since(t);
        t = now_s();
        const st_relax_report r = relax(&s, 30.0);
        const moment moved = since(t);
        commits = (moment){commits.wall + commit.wall / STEPS, commits.cpu + commit.cpu / STEPS};
        relaxes = (moment){relaxes.wall + moved.wall / STEPS, relaxes.cpu + moved.cpu / STEPS};
        updates += (double)r.cell_update_count / STEPS;
        error = fmax(error, r.error_um);
    }
    const int64_t count = st_cells_count(s.cells);
    print("commit of half an hour's divisions", count, workers, commits, (double)count, 0.0);
    print("half an hour of packed growing tissue", count, workers, relaxes, updates, error);
    (void)cell_scene_end(&s);
}

// --- fields beside them
// ---------------------------------------------------------------------------

/// One substrate over the ball's box: 100 steps of the LOD scheme, and the tissue's own steps.
static void measure_field(int64_t wanted, int workers)
{
    cell_scene s;
    const st_cells_def how = awake(ST_CELLS_FIXED, workers);
    begin(&s, wanted, &how, 1.0);
    const st_tissue_frame frame = st_tissue_frame_of(s.tissue);
    st_pool* pool = NULL;
    cell_scene_check(&s, st_pool_create(s.ctx, workers, &pool));
    lod_twin twin = lod_begin(frame.size, 20.0, 1e5, 0.1, 0.01, true, 1e-5, pool);
    moment best = WORST;
    for (int i = 0; i < REPEATS; i++) {
        const moment t = now_s();
        for (int step = 0; step < 100; step++) {
            lod_step(&twin);
        }
        keep_best(&best, since(t));
    }
    const double voxels = (double)st_tissue_voxel_count(s.tissue);
    print("field: 100 LOD steps of 0.01 min (updates: voxels)", st_cells_count(s.cells), workers,
          best, 100.0 * voxels, 0.0);
    lod_end(&twin);
    st_pool_destroy(pool);
    (void)cell_scene_end(&s);
}

int main(int argc, char** argv)
{
    printf("what,cells,workers,wall_s,cpu_s,updates_per_wall_s,updates_per_cpu_s,error_um\n");
    static const double sizes[3] = {1e4, 1e5, 1e6};
    for (int i = 0; i < (argc > 1 ? argc - 1 : 3); i++) {
        const int64_t cells = (int64_t)(argc > 1 ? strtod(argv[i + 1], NULL) : sizes[i]);
        if (cells < 1 || cells > 100000000) {
            fprintf(stderr, "stroma_bench_cells: '%s' is no number of cells\n", argv[i + 1]);
            return 2;
        }
        for (int workers = 1; workers <= 2; workers++) {
            if (workers == 1 && cells > 1000000) {
                continue;
            }
            measure_fixed(cells, workers);
        }
        measure_field(cells, 2);
        measure_own(cells, 2);
        measure_rest(cells, 2);
        measure_growth(cells, 2);
    }
    return 0;
}
