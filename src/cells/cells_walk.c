// Walking at random.                                                                       [CEL-6]

#include "base/maths.h"
#include "base/random.h"
#include "cells/cells_state.h"

#include <math.h>

// Uniform on the sphere: height uniform, angle uniform.                                    [CEL-6]
void st_cells_direction(const st_cells* cells, uint64_t id, uint64_t step, double out[3])
{
    const st_random_key key = {cells->def.seed, ST_STREAM_CELL_WALK, id, step};
    const double height = 2.0 * st_random_uniform(&key, 1) - 1.0;
    const double angle = 6.283185307179586 * st_random_uniform(&key, 2);
    const double across = sqrt(1.0 - height * height);
    out[0] = across * st_cos(angle);
    out[1] = across * st_sin(angle);
    out[2] = height;
}

void st_cells_walk(st_cells* cells, int64_t slot, uint64_t step, double dt_min,
                   double speed_um_per_min, double persistence_min)
{
    float* drive = cells->c.drive + 3 * slot;
    const st_random_key key = {cells->def.seed, ST_STREAM_CELL_WALK, cells->c.id[slot], step};
    const double turns = persistence_min > 0.0 ? -st_exp(-dt_min / persistence_min) + 1.0 : 1.0;
    double now = 0.0;
    for (int i = 0; i < 3; i++) {
        now += (double)drive[i] * (double)drive[i];
    }
    double way[3];
    if (!(now > 0.0) || st_random_uniform(&key, 0) < turns) {
        st_cells_direction(cells, cells->c.id[slot], step, way);
    } else {
        for (int i = 0; i < 3; i++) {
            way[i] = (double)drive[i] / sqrt(now);
        }
    }
    for (int i = 0; i < 3; i++) {
        drive[i] = (float)(speed_um_per_min * way[i]);
    }
    cells->c.rest[slot] = speed_um_per_min > 0.0 ? 0 : cells->c.rest[slot];
}
