/// \file
/// Private: cells in groups that do not meet, each with steps of its own.                [CEL-9]
#ifndef ST_CELLS_CELLS_GROUP_H
#define ST_CELLS_CELLS_GROUP_H

#include "cells/cells_step.h"

#include <math.h>

/// Islands: groups of cells that do not meet within a step of the whole, each with steps of its
/// own. Gives the minutes that are left for common steps: 0, or where the tissue does not fall
/// apart.                                                                                [CEL-9]
st_status st_cells_island_relax(st_ctx* ctx, st_relax* r, double dt_min, double* left_min,
                                st_relax_report* report);

/// One island: members by slot; what it does is written beside the cells, see cells_group.c.
typedef struct st_group_task {
    const uint32_t* slot; ///< [count], ascending
    int count;
    double dt_min;
} st_group_task;
st_status st_cells_group_relax(st_cells* cells, const st_group_task* task, int worker);
/// A cell that meets nobody: straight ahead, at this speed; below 0: a wall may be near.
float st_cells_group_alone(st_cells* cells, size_t slot, int home, double dt_min, bool sleeps);
/// Its way straight ahead, um: by its drive alone; a sleeper stays.
static inline void st_cells_group_ahead(const st_cells* cells, size_t slot, double minutes,
                                        double out[3])
{
    if (cells->c.rest[slot]) {
        out[0] = out[1] = out[2] = 0.0;
        return;
    }
    const float mobility = (float)cells->type[cells->c.body[slot].form & 255u].mobility;
    for (int axis = 0; axis < 3; axis++) {
        out[axis] = (double)(mobility * cells->c.drive[3 * slot + (size_t)axis]) * minutes;
    }
}
static inline double st_cells_group_length(const double v[3])
{
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}
/// How far a cell may get from its straight way before its surroundings are looked at again, at
/// first: so much of its radius.
#define ST_GROUP_ALLOWED 0.03
/// Results wait beside the cells: position in stage[0], these in `speed`, rest and marks in `wake`.
#define ST_GROUP_ALLOWANCE 0
#define ST_GROUP_DRIFT     1
#define ST_GROUP_PRESSURE  2
#define ST_GROUP_REST      3u  ///< bits of `wake`: the new `rest`
#define ST_GROUP_SPEAKS    4u  ///< ST_MARK_SPEAKS
#define ST_GROUP_DONE      64u ///< has a result
#define ST_GROUP_GREW      128u

#endif
