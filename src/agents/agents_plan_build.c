// From the map `cells` to agents in a tissue: matrices, walls that follow the course, who is
// placed.

#include "agents_plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define MIN_PER_DAY 1440.0

/// Matrices of the model that live in a place of the tissue, each once, with their start by medium.
static st_status add_matrices(st_ctx* ctx, const st_agents_plan* plan, st_tissue* tissue)
{
    for (int s = 0; s < st_model_state_count(plan->model); s++) {
        const st_state_info* info = st_model_state(plan->model, s);
        const char* at = strchr(info->name, '@');
        char name[128];
        bool is_here = false;
        if (info->kind != ST_STATE_MATRIX) {
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(at - info->name), info->name);
        for (int m = 0; m < st_tissue_matrix_count(tissue); m++) {
            is_here = is_here || strcmp(st_tissue_matrix_name(tissue, m), name) == 0;
        }
        st_matrix_def def = st_default_matrix_def();
        def.name = name;
        bool is_in_tissue = false;
        for (int m = 1; m <= st_tissue_plan_medium_count(plan->tissue_plan); m++) {
            const char* place = st_tissue_plan_place(plan->tissue_plan, m);
            char full[256];
            snprintf(full, sizeof full, "%s@%s", name, place != NULL ? place : "");
            const int state = st_model_find_state(plan->model, full);
            def.start[m] = state >= 0 ? plan->start[state] : 0.0;
            is_in_tissue = is_in_tissue || state >= 0;
        }
        int index;
        if (is_in_tissue && !is_here) {
            ST_TRY(st_tissue_add_matrix(ctx, tissue, &def, &index));
        }
    }
    return ST_OK;
}

/// A wall to a bath that is a place of the model holds the course's level of that place.
static st_status follow_course(st_ctx* ctx, const st_agents_plan* plan, st_tissue* tissue,
                               int field, const st_node* wall)
{
    const size_t states = (size_t)st_model_state_count(plan->model);
    const size_t knots = (size_t)plan->course_count;
    const st_node* at = st_node_child(wall, "at");
    const st_node* kind = st_node_child(wall, "kind");
    const int medium = at != NULL ? st_agents_plan_medium(plan, at->text) : 0;
    const char* place = medium > 0 ? st_tissue_plan_place(plan->tissue_plan, medium) : NULL;
    char name[256];
    snprintf(name, sizeof name, "%s@%s", st_tissue_field_name(tissue, field),
             place != NULL ? place : "");
    const int state = st_model_find_state(plan->model, name);
    if (state < 0 || kind == NULL || !st_tissue_plan_is_bath(plan->tissue_plan, medium) ||
        (strcmp(kind->text, "fixed") != 0 && strcmp(kind->text, "exchange") != 0)) {
        return ST_OK;
    }
    double* minute = st_alloc(ctx, knots, sizeof *minute);
    double* level = st_alloc(ctx, knots, sizeof *level);
    st_status status = minute != NULL && level != NULL ? ST_OK : ST_ERR_MEMORY;
    for (size_t i = 0; i < knots && status == ST_OK; i++) {
        minute[i] = plan->course_day[i] * MIN_PER_DAY;
        level[i] = plan->course[i * states + (size_t)state] * 1e-6; // uM
    }
    if (status == ST_OK) {
        status =
            st_tissue_set_boundary_levels(ctx, tissue, field, medium, (int)knots, minute, level);
    }
    st_free(ctx, minute);
    st_free(ctx, level);
    return status;
}

static st_status follow_walls(st_ctx* ctx, const st_agents_plan* plan, st_tissue* tissue)
{
    const st_node* root = st_tissue_plan_cells(plan->tissue_plan)->parent;
    const st_node* fields = st_node_child(root, "fields");
    for (int f = 0; plan->course_count > 0 && f < st_tissue_field_count(tissue); f++) {
        const st_node* field = st_node_child(fields, st_tissue_field_name(tissue, f));
        const st_node* walls = st_node_child(field, "boundaries");
        for (const st_node* w = walls != NULL ? walls->first : NULL; w != NULL; w = w->next) {
            ST_TRY(follow_course(ctx, plan, tissue, f, w));
        }
    }
    return ST_OK;
}

st_status st_agents_plan_build(st_ctx* ctx, const st_agents_plan* plan, st_tissue* tissue,
                               int worker_count, st_agents** out)
{
    *out = NULL;
    st_agents* agents = NULL;
    st_agents_def def = plan->def;
    ST_TRY(add_matrices(ctx, plan, tissue));
    ST_TRY(follow_walls(ctx, plan, tissue));
    def.tissue = tissue;
    def.model = plan->model;
    def.type = plan->type;
    def.type_count = plan->type_count;
    def.parameter = plan->parameter;
    def.input = plan->input;
    def.worker_count = worker_count;
    for (int m = 1; m <= st_tissue_plan_medium_count(plan->tissue_plan); m++) {
        def.place[m] = st_tissue_plan_place(plan->tissue_plan, m);
        def.fibre[m] = plan->has_fibre[m] ? plan->fibre[m] : NULL;
    }
    st_status status = st_agents_create(ctx, &def, &agents);
    if (status == ST_OK && plan->course_count > 0) {
        status =
            st_agents_surround(ctx, agents, plan->course_count, plan->course_day, plan->course);
    }
    if (status == ST_OK && plan->course_input != NULL) {
        status = st_agents_set_inputs(ctx, agents, plan->course_count, plan->course_day,
                                      plan->course_input);
    }
    if (status != ST_OK) {
        st_agents_destroy(agents);
        return status;
    }
    *out = agents;
    return ST_OK;
}

/// Number of an entry: given, or density x the volume of those voxels of its place whose centre
/// lies in the shape.
static int64_t number_of(const st_agents_plan* plan, const st_agents* agents,
                         const st_tissue* tissue, const st_place_entry* p)
{
    if (p->number >= 0) {
        return p->number;
    }
    const st_tissue_frame frame = st_tissue_frame_of(tissue);
    const int state = st_model_find_state(plan->model, p->state);
    const int place = st_model_state_place(plan->model, state);
    const char* name = st_model_place(plan->model, place)->name;
    if (p->shape == NULL) {
        return (int64_t)(p->density * st_agents_region_um3(agents, place) + 0.5);
    }
    int64_t voxels = 0;
    for (int b = 0; b < st_tissue_brick_count(tissue); b++) {
        int low[3];
        const uint8_t* medium = st_tissue_brick_media(tissue, b);
        st_tissue_brick_voxel(tissue, b, low);
        for (int v = 0; v < 512; v++) {
            const int at[3] = {low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64};
            double centre[3];
            for (int i = 0; i < 3; i++) {
                centre[i] = frame.origin_um[i] + (at[i] + 0.5) * frame.voxel_um[i];
            }
            const char* here =
                medium[v] != 0 ? st_tissue_plan_place(plan->tissue_plan, medium[v]) : NULL;
            voxels +=
                here != NULL && strcmp(here, name) == 0 && st_shape_distance(p->shape, centre) < 0.0
                    ? 1
                    : 0;
        }
    }
    return (int64_t)(p->density * (double)voxels * st_tissue_voxel_volume_um3(tissue) + 0.5);
}

double st_agents_plan_next_min(const st_agents_plan* plan, double time_min)
{
    double next = INFINITY;
    for (int i = 0; i < plan->place_count; i++) {
        const double at = plan->place[i].at_min;
        next = at > time_min && at < next ? at : next;
    }
    return next;
}

/// Places the cells of an entry; what cannot be is told with its place in the file.
static st_status place_entry(st_ctx* ctx, st_agents* agents, const st_place_entry* p, int64_t count)
{
    const int before = st_ctx_mistake_count(ctx);
    const st_status status = st_agents_place(ctx, agents, p->state, count, p->shape);
    if (status == ST_ERR_INPUT && before == 0) {
        char text[400];
        snprintf(text, sizeof text, "%s", st_ctx_message(ctx, 0));
        st_ctx_clear_messages(ctx);
        st_node_fail(ctx, p->node, "%s", text);
    }
    return status;
}

st_status st_agents_plan_place(st_ctx* ctx, const st_agents_plan* plan, st_agents* agents)
{
    const double now = st_agents_time_min(agents);
    const st_tissue* tissue = st_cells_tissue(st_agents_cells(agents));
    for (int i = 0; i < plan->place_count; i++) {
        const st_place_entry* p = &plan->place[i];
        if (fabs(p->at_min - now) <= 1e-9 * (1.0 + now)) {
            ST_TRY(place_entry(ctx, agents, p, number_of(plan, agents, tissue, p)));
        }
    }
    return ST_OK;
}

st_profile_plan st_agents_plan_profile(const st_agents_plan* plan)
{
    return plan->profile;
}

uint64_t st_agents_plan_hash(const st_agents_plan* plan)
{
    const size_t states = (size_t)st_model_state_count(plan->model);
    const size_t knots = (size_t)plan->course_count;
    uint64_t hash =
        XXH64(plan->parameter, (size_t)st_model_parameter_count(plan->model) * sizeof(double), 0);
    hash = XXH64(plan->input, (size_t)st_model_input_count(plan->model) * sizeof(double), hash);
    if (knots > 0) {
        hash = XXH64(plan->course_day, knots * sizeof(double), hash);
        hash = XXH64(plan->course, knots * states * sizeof(double), hash);
    }
    if (plan->course_input != NULL) {
        const size_t inputs = (size_t)st_model_input_count(plan->model);
        hash = XXH64(plan->course_input, knots * inputs * sizeof(double), hash);
    }
    return hash;
}
