// Pull and push between cells where the model says them (`adhere`, `repel`): one number for all
// cells of a state. What would change from cell to cell or over time is refused by name. [AGT-7]

#include "engine.h"

#include <math.h>
#include <string.h>

#define ST_UM_PER_CM 1e4

static bool begins_with(const char* text, const char* head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

/// Name of a slot of the model's tape if it may change while time runs, NULL = it stands still.
static const char* moving_slot(const st_model* model, int slot)
{
    const int states = st_model_state_count(model);
    const int inputs_at = states + st_model_parameter_count(model);
    const int time_at = inputs_at + st_model_input_count(model);
    if (slot < states) {
        return st_model_state(model, slot)->name;
    }
    if (slot < inputs_at) {
        return NULL;
    }
    if (slot == time_at) {
        return "time";
    }
    const char* name = st_model_input(model, slot - inputs_at)->name;
    return begins_with(name, "cell.") || begins_with(name, "contact.") ||
                   begins_with(name, "gradient.")
               ? name
               : NULL;
}

/// Name of a slot that `output` of the model's tape depends on among those marked; NULL = none.
static st_status find_marked(st_ctx* ctx, const st_model* model, int output, const bool* is_marked,
                             const char** out)
{
    st_arena arena;
    st_extract program;
    st_arena_init(&arena, ctx);
    const st_status status =
        st_extract_build(&arena, st_model_description_tape(model), &output, 1, is_marked, &program);
    const int first = st_model_state_count(model) + st_model_parameter_count(model);
    *out = status == ST_OK && program.local_count > 0
               ? st_model_input(model, program.local_slot[0] - first)->name
               : NULL;
    st_arena_clear(&arena);
    return status;
}

st_status st_grip_check(st_ctx* ctx, const st_agents* a, const bool* is_changing)
{
    const char* input = NULL;
    for (int k = 0; k < a->bio.kind_count; k++) {
        for (int i = 0; i < st_model_behaviour_count(a->model); i++) {
            const st_behaviour_info* info = st_model_behaviour(a->model, i);
            const bool is_grip =
                strcmp(info->key, "adhere") == 0 || strcmp(info->key, "repel") == 0;
            if (!is_grip || info->state != a->bio.kind[k].first) {
                continue;
            }
            ST_TRY(find_marked(ctx, a->model, info->output, is_changing, &input));
            if (input != NULL) {
                return ST_FAIL(ctx, ST_ERR_INPUT,
                               "agents: `%s` of %s changes with the input %s, which changes over "
                               "time; in tissue it is read once, at the beginning",
                               info->key, st_model_state(a->model, info->state)->name, input);
            }
        }
    }
    for (int r = 0; r < a->bio.region_count; r++) {
        const st_place_info* place = st_model_place(a->model, a->bio.region[r].place);
        if (place->output < 0) {
            continue;
        }
        ST_TRY(find_marked(ctx, a->model, place->output, is_changing, &input));
        if (input != NULL) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "agents: the volume of %s changes with the input %s, which changes over "
                           "time; in tissue it is read once, at the beginning",
                           place->name, input);
        }
    }
    return ST_OK;
}

static st_status read_speed(st_ctx* ctx, st_agents* a, const st_behaviour_info* info,
                            const bool* is_moving, double* um_per_min)
{
    const char* cell = st_model_state(a->model, info->state)->name;
    st_extract program;
    ST_TRY(st_extract_build(&a->arena, st_model_description_tape(a->model), &info->output, 1,
                            is_moving, &program));
    if (program.local_count > 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "agents: `%s` of %s changes with %s; in tissue it is one number for all "
                       "cells of a state, from values, parameters and inputs alone",
                       info->key, cell, moving_slot(a->model, program.local_slot[0]));
    }
    st_extract_share(&program, a->slot);
    const double speed = program.shared_value[0] * ST_UM_PER_CM / ST_MIN_PER_DAY;
    if (!(speed >= 0.0) || !isfinite(speed)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "agents: `%s` of %s is %g um/min, expected 0 or more",
                       info->key, cell, speed);
    }
    *um_per_min = speed;
    return ST_OK;
}

st_status st_grip_read(st_ctx* ctx, st_agents* a, int kind, st_cell_type* type)
{
    bool* is_moving = st_alloc(ctx, (size_t)a->bio.slot_count + 1u, sizeof *is_moving);
    if (is_moving == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int s = 0; s < a->bio.slot_count; s++) {
        is_moving[s] = moving_slot(a->model, s) != NULL;
    }
    st_status status = ST_OK;
    for (int i = 0; i < st_model_behaviour_count(a->model) && status == ST_OK; i++) {
        const st_behaviour_info* info = st_model_behaviour(a->model, i);
        if (info->state != a->bio.kind[kind].first) {
            continue;
        }
        if (strcmp(info->key, "adhere") == 0) {
            status = read_speed(ctx, a, info, is_moving, &type->adhesion_um_per_min);
        } else if (strcmp(info->key, "repel") == 0) {
            status = read_speed(ctx, a, info, is_moving, &type->repulsion_um_per_min);
        }
    }
    st_free(ctx, is_moving);
    return status;
}
