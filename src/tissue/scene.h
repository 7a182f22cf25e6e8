/// \file
/// Small worlds that tests and benchmarks share: a box or a ball of one medium, one field on it.
#ifndef ST_TISSUE_SCENE_H
#define ST_TISSUE_SCENE_H

#include "stroma/tissue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const st_shape SCENE_EVERYWHERE = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};

typedef struct scene {
    st_ctx* ctx;
    st_tissue* tissue;
    int field;
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1];
    st_boundary boundary[8];
    int boundary_count;
    double knot_min[8][1], knot_M[8][1];
    st_field_def def;
} scene;

static inline void scene_check(const scene* s, st_status status)
{
    if (status != ST_OK) {
        for (int i = 0; i < st_ctx_message_count(s->ctx); i++) {
            fprintf(stderr, "%s\n", st_ctx_message(s->ctx, i));
        }
        abort();
    }
}

/// n[0] x n[1] x n[2] voxels of edge h, low corner at 0; `shape` NULL = all of it.
static inline void scene_begin(scene* s, const int n[3], double h_um, const st_shape* shape,
                               int workers, const int shift[3])
{
    memset(s, 0, sizeof *s);
    s->ctx = st_ctx_create();
    st_tissue_def def = st_default_tissue_def();
    const st_paint paint = {.shape = shape ? shape : &SCENE_EVERYWHERE, .medium = 1};
    def.paint = &paint;
    def.paint_count = 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = n[i];
        def.voxel_um[i] = h_um;
        def.brick_shift[i] = shift ? shift[i] : 0;
    }
    def.worker_count = workers;
    scene_check(s, st_tissue_create(s->ctx, &def, &s->tissue));
    s->def = st_default_field_def();
    s->def.name = "substrate";
    s->def.mode = ST_FIELD_TRANSIENT;
}

static inline void scene_hold(scene* s, int region, double level_M)
{
    const int i = s->boundary_count++;
    s->knot_M[i][0] = level_M;
    s->boundary[i] = (st_boundary){.region = region,
                                   .kind = ST_BOUNDARY_FIXED,
                                   .knot_count = 1,
                                   .knot_min = s->knot_min[i],
                                   .knot_M = s->knot_M[i]};
}

static inline void scene_add(scene* s)
{
    s->def.rates = s->rates;
    s->def.boundary = s->boundary;
    s->def.boundary_count = s->boundary_count;
    scene_check(s, st_tissue_add_field(s->ctx, s->tissue, &s->def, &s->field));
}

/// Frees; true when every byte came back.
static inline int scene_end(scene* s)
{
    st_tissue_destroy(s->tissue);
    const size_t left = st_ctx_bytes_in_use(s->ctx);
    st_ctx_destroy(s->ctx);
    return left == 0;
}

#endif
