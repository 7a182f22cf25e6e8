#include "regimen.h"

#include "arm.h"
#include "lookup.h"

#include <stdio.h>
#include <string.h>

// --- reading --------------------------------------------------------------------------------

/// True when two plans of an arm move the same input.
static bool moves_same_input(const st_care* a, const st_care* b, int* input)
{
    for (int i = 0; i < st_care_change_count(a); ++i) {
        for (int k = 0; k < st_care_change_count(b); ++k) {
            if (st_care_changes(a)[i].input == st_care_changes(b)[k].input) {
                *input = st_care_changes(a)[i].input;
                return true;
            }
        }
    }
    return false;
}

static st_status read_plan(st_ctx* ctx, st_study* study, const st_node* node, st_arm* arm)
{
    const double end_day = study->visit[study->visit_count - 1].day;
    const char* dir = st_arena_format(&study->arena, "%s/plans", study->model_dir);
    const char* path;
    st_care* care = NULL;
    st_status status;
    int input;

    if (dir == NULL) {
        return ST_ERR_MEMORY;
    }
    if (arm->care_count == ST_ARM_PLAN_LIMIT) {
        st_node_fail(ctx, node, "found more than %d plans", ST_ARM_PLAN_LIMIT);
        return ST_OK;
    }
    path = st_lookup_file(ctx, &study->arena, node, study->path, dir, "a plan of care");
    if (path == NULL) {
        return ST_OK;
    }
    status = st_care_load(ctx, path, study->model, end_day, &care);
    if (status != ST_OK) {
        return status == ST_ERR_INPUT ? ST_OK : status;
    }
    for (int i = 0; i < arm->care_count; ++i) {
        if (moves_same_input(arm->care[i], care, &input)) {
            st_node_fail(ctx, node, "found two plans that move the input '%s'",
                         st_model_input(study->model, input)->name);
        }
    }
    arm->care[arm->care_count++] = care;
    return ST_OK;
}

/// `plan: exercise`, `plan: [exercise, weight-loss]`, `plan: none`
static st_status read_arm(st_ctx* ctx, st_study* study, const st_node* plan, st_arm* arm)
{
    if (plan->kind == ST_NODE_LIST) {
        for (const st_node* node = plan->first; node != NULL; node = node->next) {
            ST_TRY(read_plan(ctx, study, node, arm));
        }
        return ST_OK;
    }
    if (!st_node_expect(ctx, plan, ST_NODE_SCALAR) || strcmp(plan->text, "none") == 0) {
        return ST_OK;
    }
    return read_plan(ctx, study, plan, arm);
}

static bool can_cross(const st_arm* from, const st_arm* to)
{
    return to->recipe != NULL && strcmp(to->plan, from->plan) == 0;
}

/// A crossover gives the other arm's injection; the person's plan of care goes on.
static void check_crossover(st_ctx* ctx, const st_study* study, const st_arm* arm)
{
    const st_node* node = st_node_child(arm->node, "crossover");
    const st_node* to = st_node_child(node, "to");
    const char* found = study->arm[arm->crossover.to].plan;
    char allowed[256] = "";
    size_t length = 0;

    if (can_cross(arm, &study->arm[arm->crossover.to])) {
        return;
    }
    for (int i = 0; i < study->arm_count && length < sizeof allowed; ++i) {
        if (&study->arm[i] != arm && can_cross(arm, &study->arm[i])) {
            length += (size_t)snprintf(allowed + length, sizeof allowed - length, "%s%s",
                                       length > 0 ? ", " : "", study->arm[i].info.name);
        }
    }
    st_node_fail(
        ctx, to != NULL ? to : node,
        "found '%s' (plan: %s), expected an arm with an injection and with this arm's plan "
        "(%s)%s%s; a crossover gives the injection, the plan goes on",
        study->arm[arm->crossover.to].info.name, found[0] != '\0' ? found : "none",
        arm->plan[0] != '\0' ? arm->plan : "none", length > 0 ? ": " : ", and there is none",
        allowed);
}

/// What cannot be done together with plans, or without an injection.
static void check_arm(st_ctx* ctx, const st_study* study, const st_arm* arm)
{
    const st_node* repeat = st_node_child(arm->node, "repeat");

    if (arm->repeat.is_set && arm->recipe == NULL) {
        st_node_fail_key(ctx, repeat, "found no injection in this arm that could be repeated");
    }
    if (arm->crossover.is_set) {
        check_crossover(ctx, study, arm);
    }
    for (int i = 0; i < study->rescue.change_count; ++i) {
        const st_action* change = &study->rescue.change[i];
        for (int k = 0; k < st_regimen_capacity(study) && change->kind == ST_ACTION_INPUT; ++k) {
            for (int p = 0; p < arm->care_count; ++p) {
                if (k < st_care_change_count(arm->care[p]) &&
                    st_care_changes(arm->care[p])[k].input == change->index) {
                    st_node_fail(ctx, arm->node,
                                 "found a plan and the rescue both setting the input '%s'",
                                 st_model_input(study->model, change->index)->name);
                    return;
                }
            }
        }
    }
}

/// "marrow ...; Exercise, twelve weeks", "nothing but usual care".
static st_status tell_arm(st_study* study, st_arm* arm)
{
    const char* plan = "";

    for (int i = 0; i < arm->care_count; ++i) {
        plan = st_arena_format(&study->arena, "%s%s%s", plan, i > 0 ? "; " : "",
                               st_care_title(arm->care[i]));
        if (plan == NULL) {
            return ST_ERR_MEMORY;
        }
    }
    arm->plan = plan;
    if (arm->care_count > 0) {
        arm->info.recipe = st_arena_format(&study->arena, "%s%s%s", arm->info.recipe,
                                           arm->info.recipe[0] == '\0' ? "" : "; ", plan);
    } else if (arm->recipe == NULL) {
        arm->info.recipe = "usual care";
    }
    return arm->info.recipe == NULL ? ST_ERR_MEMORY : ST_OK;
}

st_status st_regimen_read(st_ctx* ctx, st_study* study)
{
    for (int i = 0; i < study->arm_count; ++i) {
        st_arm* arm = &study->arm[i];
        const st_node* plan = arm->node == NULL ? NULL : st_node_child(arm->node, "plan");
        if (plan != NULL && study->model != NULL && study->visit_count > 0) {
            ST_TRY(read_arm(ctx, study, plan, arm));
        }
        ST_TRY(tell_arm(study, arm));
    }
    for (int i = 0; i < study->arm_count; ++i) {
        if (study->arm[i].node != NULL) {
            check_arm(ctx, study, &study->arm[i]);
        }
    }
    return ST_OK;
}

// --- doing ----------------------------------------------------------------------------------

bool st_regimen_is_used(const st_study* study)
{
    for (int i = 0; i < study->arm_count; ++i) {
        if (study->arm[i].care_count > 0) {
            return true;
        }
    }
    return false;
}

int st_regimen_capacity(const st_study* study)
{
    int most = 0;

    for (int i = 0; i < study->arm_count; ++i) {
        int count = 0;
        for (int p = 0; p < study->arm[i].care_count; ++p) {
            count += st_care_change_count(study->arm[i].care[p]);
        }
        most = count > most ? count : most;
    }
    return most;
}

void st_regimen_add(const st_arm* arm, uint64_t seed, uint64_t person, const st_course* course,
                    st_action* action, int* count)
{
    for (int p = 0; p < arm->care_count; ++p) {
        const st_care_change* change = st_care_changes(arm->care[p]);
        const double adherence = st_care_adherence(arm->care[p], seed, person);

        for (int i = 0; i < st_care_change_count(arm->care[p]); ++i) {
            const double own = course->input[change[i].input];
            if (change[i].day < course->end_day) {
                action[(*count)++] = (st_action){
                    .day = change[i].day,
                    .kind = ST_ACTION_INPUT,
                    .index = change[i].input,
                    .value = own + adherence * (change[i].times * own + change[i].plus)};
            }
        }
    }
    if (arm->care_count > 1) {
        st_regimen_sort(action, *count);
    }
}

void st_regimen_sort(st_action* action, int count)
{
    for (int i = 1; i < count; ++i) {
        const st_action moved = action[i];
        int at = i;
        for (; at > 0 && action[at - 1].day > moved.day; --at) {
            action[at] = action[at - 1];
        }
        action[at] = moved;
    }
}
