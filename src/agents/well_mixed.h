/// \file
/// A well-mixed world in space for tests: the places `box` and `tube` of a model as two separate
/// blocks of voxels in which all substrates spread at once, with the volumes that the model says.
#ifndef ST_AGENTS_WELL_MIXED_H
#define ST_AGENTS_WELL_MIXED_H

#include "stroma/agents.h"
#include "stroma/population.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLD_STATES 32

typedef struct world {
    st_ctx* ctx;
    st_model* model;
    st_tissue* tissue;
    st_agents* agents;
    st_agents_def def;
    double start[WORLD_STATES];
} world;

static inline void world_check(const world* w, st_status status)
{
    if (status != ST_OK) {
        for (int i = 0; i < st_ctx_message_count(w->ctx); i++) {
            fprintf(stderr, "%s\n", st_ctx_message(w->ctx, i));
        }
        fprintf(stderr, "status: %s\n", st_status_name(status));
        abort();
    }
}

/// All states at the start, with the model's own parameters and inputs.
static inline void world_read_start(world* w)
{
    const st_tape* tape = st_model_initial_tape(w->model);
    double* input = calloc((size_t)tape->input_count + 1u, sizeof *input);
    double* reg = calloc((size_t)tape->register_count + 1u, sizeof *reg);
    double* at = input + st_model_state_count(w->model);
    for (int i = 0; i < st_model_parameter_count(w->model); i++) {
        *at++ = st_model_parameter(w->model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(w->model); i++) {
        *at++ = st_model_input(w->model, i)->value;
    }
    st_tape_run_scalar(tape, input, reg, w->start);
    free(input);
    free(reg);
}

/// Start of a state such as "x@box" in the model's unit; 0 where it does not live.
static inline double world_start(const world* w, const char* thing, const char* place)
{
    char name[128];
    snprintf(name, sizeof name, "%s@%s", thing, place);
    const int s = st_model_find_state(w->model, name);
    return s < 0 ? 0.0 : w->start[s];
}

/// Name before '@' if the state is of this kind and the first of its name; NULL otherwise.
static inline const char* world_thing(const world* w, int state, st_state_kind kind, char* out,
                                      size_t size)
{
    const st_state_info* info = st_model_state(w->model, state);
    const char* at = strchr(info->name, '@');
    if (info->kind != kind || at == NULL) {
        return NULL;
    }
    snprintf(out, size, "%.*s", (int)(at - info->name), info->name);
    for (int s = 0; s < state; s++) {
        if (strncmp(st_model_state(w->model, s)->name, out, strlen(out)) == 0 &&
            st_model_state(w->model, s)->name[strlen(out)] == '@') {
            return NULL;
        }
    }
    return out;
}

/// Adds the model's substrates as fields like this one, and its matrices; they start in medium 1 as
/// in the box, in medium 2 as in the tube.
static inline void world_add_states(world* w, st_field_def like)
{
    char name[64];
    for (int s = 0; s < st_model_state_count(w->model); s++) {
        int index;
        if (world_thing(w, s, ST_STATE_SUBSTRATE, name, sizeof name)) {
            like.name = name;
            like.initial_M[1] = 1e-6 * world_start(w, name, "box");
            like.initial_M[2] = 1e-6 * world_start(w, name, "tube");
            world_check(w, st_tissue_add_field(w->ctx, w->tissue, &like, &index));
        } else if (world_thing(w, s, ST_STATE_MATRIX, name, sizeof name)) {
            st_matrix_def m = st_default_matrix_def();
            m.name = name;
            m.start[1] = world_start(w, name, "box");
            m.start[2] = world_start(w, name, "tube");
            world_check(w, st_tissue_add_matrix(w->ctx, w->tissue, &m, &index));
        }
    }
}

static inline void world_add_fields(world* w, double spread_um2_per_min)
{
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1] = {0};
    st_field_def f = st_default_field_def();
    rates[1].diffusivity_um2_per_min = spread_um2_per_min;
    rates[2].diffusivity_um2_per_min = spread_um2_per_min;
    f.rates = rates;
    f.mode = ST_FIELD_TRANSIENT;
    world_add_states(w, f);
}

/// Reads the model; `box_mL` is the volume of its place box, the tube has a quarter of it. Change
/// `def` before world_start_agents().
static inline void world_begin(world* w, const char* text, double box_mL)
{
    static const st_shape everywhere = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};
    memset(w, 0, sizeof *w);
    w->ctx = st_ctx_create();
    world_check(w, st_model_parse_in_space(w->ctx, "world", text, strlen(text), NULL, &w->model));
    world_read_start(w);
    const double edge = cbrt(box_mL * 1e12 / 64.0); // 4 x 4 x 4 voxels
    const st_shape gap = {.kind = ST_SHAPE_BOX,
                          .centre_um = {4.5 * edge, 2.0 * edge, 2.0 * edge},
                          .size_um = {edge, 5.0 * edge, 5.0 * edge}};
    const st_shape tube = {.kind = ST_SHAPE_BOX,
                           .centre_um = {5.5 * edge, 2.0 * edge, 2.0 * edge},
                           .size_um = {edge, 5.0 * edge, 5.0 * edge}};
    const st_paint paint[3] = {{&everywhere, 1}, {&gap, 0}, {&tube, 2}};
    st_tissue_def def = st_default_tissue_def();
    def.paint = paint;
    def.paint_count = 3;
    def.worker_count = 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = i == 0 ? 6 : 4;
        def.voxel_um[i] = edge;
    }
    world_check(w, st_tissue_create(w->ctx, &def, &w->tissue));
    world_add_fields(w, 100.0 * edge * edge);
    w->def = st_default_agents_def();
    w->def.tissue = w->tissue;
    w->def.model = w->model;
    w->def.place[1] = "box";
    for (int p = 0; p < st_model_place_count(w->model); p++) {
        if (strcmp(st_model_place(w->model, p)->name, "tube") == 0) {
            w->def.place[2] = "tube";
        }
    }
    w->def.mech_every = 0;
    w->def.reach_um = INFINITY;
}

/// A block of n voxels of one medium, the place `box`, with the model's fields and matrices.
static inline void block_begin_within(world* w, const char* text, const int n[3], double edge_um,
                                      double diffusivity, const st_boundary* boundary,
                                      st_field_mode mode, double tolerance)
{
    static const st_shape everywhere = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};
    static const st_paint paint = {&everywhere, 1};
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1] = {0};
    memset(w, 0, sizeof *w);
    w->ctx = st_ctx_create();
    world_check(w, st_model_parse_in_space(w->ctx, "block", text, strlen(text), NULL, &w->model));
    world_read_start(w);
    st_tissue_def def = st_default_tissue_def();
    def.paint = &paint;
    def.paint_count = 1;
    def.worker_count = 1;
    for (int i = 0; i < 3; i++) {
        def.size[i] = n[i];
        def.voxel_um[i] = edge_um;
    }
    world_check(w, st_tissue_create(w->ctx, &def, &w->tissue));
    rates[1].diffusivity_um2_per_min = diffusivity;
    st_field_def f = st_default_field_def();
    f.rates = rates;
    f.boundary = boundary;
    f.boundary_count = boundary != NULL ? 1 : 0;
    f.mode = mode;
    f.tolerance = tolerance;
    world_add_states(w, f);
    w->def = st_default_agents_def();
    w->def.tissue = w->tissue;
    w->def.model = w->model;
    w->def.place[1] = "box";
}

/// The same with the usual tolerance of a field's steps.
static inline void block_begin(world* w, const char* text, const int n[3], double edge_um,
                               double diffusivity, const st_boundary* boundary, st_field_mode mode)
{
    block_begin_within(w, text, n, edge_um, diffusivity, boundary, mode,
                       st_default_field_def().tolerance);
}

/// Makes the agents and puts the model's cells in place.
static inline void world_start_agents(world* w)
{
    world_check(w, st_agents_create(w->ctx, &w->def, &w->agents));
    for (int s = 0; s < st_model_state_count(w->model); s++) {
        const st_state_info* info = st_model_state(w->model, s);
        if (info->kind == ST_STATE_CELL) {
            world_check(w, st_agents_place(w->ctx, w->agents, info->name,
                                           (int64_t)(w->start[s] + 0.5), NULL));
        }
    }
}

/// A state's value in the model's unit: cells, mean level, mean matrix.
static inline double world_value(const world* w, int state)
{
    const st_state_info* info = st_model_state(w->model, state);
    const char* at = strchr(info->name, '@');
    const int medium = strcmp(at + 1, "box") == 0 ? 1 : 2;
    const size_t length = (size_t)(at - info->name);
    if (info->kind == ST_STATE_CELL) {
        return (double)st_agents_count(w->agents, state);
    }
    for (int f = 0; f < st_tissue_field_count(w->tissue); f++) {
        const char* name = st_tissue_field_name(w->tissue, f);
        if (strlen(name) == length && strncmp(name, info->name, length) == 0) {
            return 1e6 * st_tissue_mean_M(w->tissue, f, medium);
        }
    }
    for (int m = 0; m < st_tissue_matrix_count(w->tissue); m++) {
        const char* name = st_tissue_matrix_name(w->tissue, m);
        if (strlen(name) == length && strncmp(name, info->name, length) == 0) {
            return st_tissue_matrix_mean(w->tissue, m, medium);
        }
    }
    return NAN;
}

/// What the population engine says of the same model on a day, to 1e-9: out [states].
static inline void world_solve(st_ctx* ctx, const st_model* model, double day, double* out)
{
    const world w = {.ctx = ctx};
    double parameter[16];
    double input[4] = {0.0};
    double sample[WORLD_STATES * 2];
    st_population* p = NULL;
    st_population_def def = st_default_population_def();
    def.relative_tolerance = 1e-9;
    def.absolute_tolerance = 1e-11;
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        parameter[i] = st_model_parameter(model, i)->value;
    }
    st_course course = {.parameter = parameter,
                        .input = input,
                        .end_day = day,
                        .sample_day = &day,
                        .sample_count = 1,
                        .sample = sample};
    world_check(&w, st_population_create(ctx, model, &def, &p));
    world_check(&w, st_population_solve(p, &course, 1));
    world_check(&w, course.status);
    memcpy(out, sample, (size_t)st_model_state_count(model) * sizeof *out);
    st_population_destroy(p);
}

/// A model of cells that divide, in a box with a matrix.
static inline const char* world_growers(void)
{
    return "model: Growers\n"
           "places: { box: { volume: { value: 5.12e-4 mL, assumed: any } } }\n"
           "matrix: { m: { in: { box: { value: 0.25, assumed: any } } } }\n"
           "cells: { c: { in: { box: { value: 50 cells, assumed: any } }, "
           "behaviours: { divide: { value: 2 1/day, assumed: any } } } }\n";
}

/// Frees; true when every byte came back.
static inline bool world_end(world* w)
{
    st_agents_destroy(w->agents);
    st_tissue_destroy(w->tissue);
    st_model_destroy(w->model);
    const bool is_clean = st_ctx_bytes_in_use(w->ctx) == 0;
    st_ctx_destroy(w->ctx);
    return is_clean;
}

#endif
