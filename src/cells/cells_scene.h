/// \file
/// Small worlds of cells that tests and benchmarks share.
#ifndef ST_CELLS_CELLS_SCENE_H
#define ST_CELLS_CELLS_SCENE_H

#include "stroma/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// The values of PhysiCell's template project (1.14): volume 2494 um^3, repulsion 10 and adhesion
/// 0.4 um/min, relative maximum adhesion distance 1.25. The field's usual cell, for tests.
#define CELL_SCENE_USUAL                                                                           \
    .volume_um3 = 2494.0, .repulsion_um_per_min = 10.0, .adhesion_um_per_min = 0.4, .reach = 1.25, \
    .wall_um_per_min = 10.0, .mobility = 1.0, .division_distance = 0.5

static const st_cell_type CELL_SCENE_TYPE = {.name = "cell", CELL_SCENE_USUAL};

static const st_shape CELL_SCENE_EVERYWHERE = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};

typedef struct cell_scene {
    st_ctx* ctx;
    st_tissue* tissue;
    st_cells* cells;
    st_cells_def def;
} cell_scene;

static inline void cell_scene_check(const cell_scene* s, st_status status)
{
    if (status != ST_OK) {
        for (int i = 0; i < st_ctx_message_count(s->ctx); i++) {
            fprintf(stderr, "%s\n", st_ctx_message(s->ctx, i));
        }
        abort();
    }
}

/// A cube of n^3 voxels of edge h, low corner at 0; `paint` NULL = medium 1 everywhere.
static inline void cell_scene_tissue(cell_scene* s, int n, double h_um, const st_paint* paint,
                                     int paint_count, const int shift[3])
{
    memset(s, 0, sizeof *s);
    s->ctx = st_ctx_create();
    st_tissue_def def = st_default_tissue_def();
    const st_paint everywhere = {.shape = &CELL_SCENE_EVERYWHERE, .medium = 1};
    def.paint = paint ? paint : &everywhere;
    def.paint_count = paint ? paint_count : 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = n;
        def.voxel_um[i] = h_um;
        def.brick_shift[i] = shift ? shift[i] : 0;
    }
    def.worker_count = 1;
    cell_scene_check(s, st_tissue_create(s->ctx, &def, &s->tissue));
    s->def = st_default_cells_def();
    s->def.tissue = s->tissue;
    s->def.type = &CELL_SCENE_TYPE;
    s->def.type_count = 1;
    s->def.seed = 1;
}

static inline void cell_scene_create(cell_scene* s)
{
    cell_scene_check(s, st_cells_create(s->ctx, &s->def, &s->cells));
}

static inline void cell_scene_add(cell_scene* s, int type, double x, double y, double z)
{
    const st_cell_birth birth = {
        .at_um = {x, y, z}, .type = type, .order = (uint64_t)st_cells_count(s->cells)};
    cell_scene_check(s, st_cells_add(s->ctx, s->cells, 0, &birth));
}

/// Places of a hexagonal close packing with this spacing within a ball; out NULL = only count.
static inline int64_t cell_scene_ball(double spacing, double radius, const double centre[3],
                                      double (*out)[3])
{
    const double dy = spacing * sqrt(0.75);
    const double dz = spacing * sqrt(2.0 / 3.0);
    const int n = (int)(radius / dz) + 2;
    int64_t count = 0;
    for (int k = -n; k <= n; k++) {
        for (int j = -n; j <= n; j++) {
            for (int i = -n; i <= n; i++) {
                const double x = spacing * (i + 0.5 * (abs(j + k) % 2));
                const double y = dy * (j + (abs(k) % 2) / 3.0);
                const double z = dz * k;
                if (x * x + y * y + z * z <= radius * radius) {
                    if (out) {
                        out[count][0] = centre[0] + x;
                        out[count][1] = centre[1] + y;
                        out[count][2] = centre[2] + z;
                    }
                    count++;
                }
            }
        }
    }
    return count;
}

/// Frees; true when every byte came back.
static inline int cell_scene_end(cell_scene* s)
{
    st_cells_destroy(s->cells);
    st_tissue_destroy(s->tissue);
    const size_t left = st_ctx_bytes_in_use(s->ctx);
    st_ctx_destroy(s->ctx);
    return left == 0;
}

#endif
