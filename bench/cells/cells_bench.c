/// What fields cost the field's usual way beside a ball of cells: the LOD scheme on the ball's box.
/// The cells themselves: `stroma bench cells`.
///
///     stroma_bench_cells [CELLS ...]                                  (by default 1e4 1e5 1e6)
///
/// CSV on standard output. All noise is delay: the best of several repeats counts. CPU seconds tell
/// what the program needs while others use the machine.

#include "cli/bench_lod.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define REPEATS 3
#define WORKERS 2
/// Voxel edge and distance of packed cells, um; steps per simulated minute.
#define EDGE    20.0
#define SPACING 16.0242
#define STEPS   100

static double clock_s(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// One substrate over the ball's box: 100 steps of 0.01 min.
static void measure(double cells, st_pool* pool)
{
    const double radius = SPACING * cbrt(cells / (4.0 / 3.0 * 3.14159265358979 * sqrt(2.0)));
    const int n = (int)(2.0 * (radius + 60.0) / EDGE) + 1;
    const int size[3] = {n, n, n};
    lod_twin twin = lod_begin(size, EDGE, 1e5, 0.1, 1.0 / STEPS, true, 1e-5, pool);
    double wall = INFINITY;
    double cpu = INFINITY;
    for (int i = 0; i < REPEATS; i++) {
        const double wall_begin = clock_s(CLOCK_MONOTONIC);
        const double cpu_begin = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        for (int step = 0; step < STEPS; step++) {
            lod_step(&twin);
        }
        wall = fmin(wall, clock_s(CLOCK_MONOTONIC) - wall_begin);
        cpu = fmin(cpu, clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin);
    }
    const double updates = STEPS * (double)n * n * n;
    printf("field: 100 LOD steps of 0.01 min (updates: voxels),%.0f,%d,%.4g,%.4g,%.4g,%.4g\n",
           cells, WORKERS, wall, cpu, updates / wall, updates / cpu);
    fflush(stdout);
    lod_end(&twin);
}

int main(int argc, char** argv)
{
    static const double sizes[3] = {1e4, 1e5, 1e6};
    st_ctx* ctx = st_ctx_create();
    st_pool* pool = NULL;
    int result = ctx && st_pool_create(ctx, WORKERS, &pool) == ST_OK ? 0 : 4;
    printf("what,cells,workers,wall_s,cpu_s,updates_per_wall_s,updates_per_cpu_s\n");
    for (int i = 0; result == 0 && i < (argc > 1 ? argc - 1 : 3); i++) {
        const double cells = argc > 1 ? strtod(argv[i + 1], NULL) : sizes[i];
        if (!(cells >= 1.0 && cells <= 1e8)) {
            fprintf(stderr, "stroma_bench_cells: '%s' is no number of cells\n", argv[i + 1]);
            result = 2;
            break;
        }
        measure(cells, pool);
    }
    st_pool_destroy(pool);
    st_ctx_destroy(ctx);
    return result;
}
