// The map `cells` of a tissue file: bodies, steps, who is placed where and when, the world outside.

#include "agents_plan.h"

#include "base/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// --- bodies
// ----------------------------------------------------------------------------------------

static void read_value(st_ctx* ctx, st_agents_plan* plan, const st_node* map, const char* key,
                       const char* what, const char* unit, double lo, double* out)
{
    const st_node* node = st_node_child(map, key);
    if (node != NULL) {
        st_tissue_plan_quantity(ctx, plan->tissue_plan, node, what, unit, lo, out);
    }
}

static void read_share(st_ctx* ctx, const st_node* map, const char* key, double lo, double hi,
                       double* out)
{
    const st_node* node = st_node_child(map, key);
    if (node != NULL) {
        st_node_read_number(ctx, node, lo, hi, out);
    }
}

/// A speed that the model gives as a behaviour is not said a second time here.
static void check_once(st_ctx* ctx, const st_agents_plan* plan, const st_node* type,
                       const char* key, const char* behaviour)
{
    const st_node* node = st_node_child(type, key);
    const size_t length = strlen(type->key);
    for (int i = 0; node != NULL && i < st_model_behaviour_count(plan->model); i++) {
        const st_behaviour_info* info = st_model_behaviour(plan->model, i);
        const char* state = st_model_state(plan->model, info->state)->name;
        if (strcmp(info->key, behaviour) == 0 && strncmp(state, type->key, length) == 0 &&
            (state[length] == '@' || state[length] == '.')) {
            st_node_fail_key(ctx, node,
                             "found `%s`, which the model says as `%s` of %s: expected one", key,
                             behaviour, state);
            return;
        }
    }
}

/// The key is a cell type of the model; others are told with all that there are.
static bool check_type(st_ctx* ctx, const st_agents_plan* plan, const st_node* type)
{
    char known[400] = "";
    size_t used = 0;
    for (int s = 0; s < st_model_state_count(plan->model); s++) {
        const st_state_info* info = st_model_state(plan->model, s);
        const size_t length = strcspn(info->name, "@.");
        if (info->kind != ST_STATE_CELL) {
            continue;
        }
        if (strlen(type->key) == length && strncmp(type->key, info->name, length) == 0) {
            return true;
        }
        // a type comes once for each place and stage, one behind the other
        if (used + length + 3 < sizeof known &&
            (used < length || strncmp(known + used - length, info->name, length) != 0)) {
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%.*s",
                                     used > 0 ? ", " : "", (int)length, info->name);
        }
    }
    return st_node_fail_key(ctx, type, "found '%s', expected a cell type of the model: %s",
                            type->key, known);
}

static void read_type(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"diameter", "repulsion", "adhesion", "adhesion_reach",
                                       "wall",     "mobility",  "growth",   "persistence",
                                       "guidance", "held_by",   NULL};
    if (!check_type(ctx, plan, map) || !st_node_check_keys(ctx, map, keys)) {
        return;
    }
    st_agent_type* t = &plan->type[plan->type_count++];
    *t = st_default_agent_type();
    t->name = map->key;
    double diameter = 0.0;
    read_value(ctx, plan, map, "diameter", "a diameter", "um", 0.1, &diameter);
    if (diameter > 0.0) {
        t->body.volume_um3 = ST_BALL * diameter * diameter * diameter;
    }
    read_value(ctx, plan, map, "repulsion", "a speed", "um/min", 0.0,
               &t->body.repulsion_um_per_min);
    t->body.wall_um_per_min = t->body.repulsion_um_per_min;
    read_value(ctx, plan, map, "adhesion", "a speed", "um/min", 0.0, &t->body.adhesion_um_per_min);
    read_value(ctx, plan, map, "wall", "a speed", "um/min", 0.0, &t->body.wall_um_per_min);
    read_value(ctx, plan, map, "growth", "a time", "min", 0.0, &t->growth_min);
    read_value(ctx, plan, map, "persistence", "a time", "min", 1e-6, &t->persistence_min);
    read_share(ctx, map, "adhesion_reach", 1.0, 3.0, &t->body.reach);
    read_share(ctx, map, "mobility", 0.0, 1.0, &t->body.mobility);
    read_share(ctx, map, "guidance", 0.0, 1.0, &t->guidance);
    check_once(ctx, plan, map, "adhesion", "adhere");
    check_once(ctx, plan, map, "repulsion", "repel");
    const st_node* held = st_node_child(map, "held_by");
    if (held != NULL) {
        st_node_read_text(ctx, held, &t->held_by);
    }
}

static void read_types(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return;
    }
    if (map->child_count > ST_CELL_TYPE_LIMIT) {
        st_node_fail(ctx, map, "found %d types, expected at most %d", map->child_count,
                     ST_CELL_TYPE_LIMIT);
        return;
    }
    for (const st_node* n = map->first; n != NULL; n = n->next) {
        read_type(ctx, plan, n);
    }
}

int st_agents_plan_medium(const st_agents_plan* plan, const char* name)
{
    for (int m = 1; m <= st_tissue_plan_medium_count(plan->tissue_plan); m++) {
        if (strcmp(st_tissue_plan_medium(plan->tissue_plan, m), name) == 0) {
            return m;
        }
    }
    return 0;
}

static void read_fibres(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return;
    }
    for (const st_node* n = map->first; n != NULL; n = n->next) {
        const int m = st_agents_plan_medium(plan, n->key);
        if (m == 0) {
            st_node_fail_key(ctx, n, "found '%s', expected a name from `media`", n->key);
        } else if (st_node_expect(ctx, n, ST_NODE_LIST) && n->child_count != 3) {
            st_node_fail(ctx, n, "found %d numbers, expected three: a direction", n->child_count);
        } else if (n->kind == ST_NODE_LIST) {
            int i = 0;
            for (const st_node* c = n->first; c != NULL; c = c->next) {
                st_node_read_number(ctx, c, -1e9, 1e9, &plan->fibre[m][i++]);
            }
            plan->has_fibre[m] = true;
        }
    }
}

// --- steps
// -----------------------------------------------------------------------------------------

/// A step as a whole multiple of the one below.
static int multiple(st_ctx* ctx, const st_node* map, const char* key, double below, int fallback)
{
    const st_node* node = st_node_child(map, key);
    double step = 0.0;
    if (node == NULL) {
        return fallback;
    }
    if (strcmp(node->text, "never") == 0) {
        return 0;
    }
    if (!st_node_read_quantity(ctx, node, "a time", "min", NULL, 1e-9, 1e9, &step)) {
        return fallback;
    }
    const double times = step / below;
    if (!(times >= 1.0 - 1e-9) || fabs(times - floor(times + 0.5)) > 1e-6 || times > 1e6) {
        st_node_fail(ctx, node, "found %g min, expected a whole multiple of %g min", step, below);
        return fallback;
    }
    return (int)(times + 0.5);
}

static void read_steps(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"field", "mechanics", "fate", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* field = st_node_need(ctx, map, "field", "a time such as 6 min");
    if (field == NULL || !st_node_read_quantity(ctx, field, "a time", "min", NULL, 1e-6, 1e6,
                                                &plan->def.field_step_min)) {
        return;
    }
    const double step = plan->def.field_step_min;
    plan->def.mech_every = multiple(ctx, map, "mechanics", step, 1);
    const int bodies = plan->def.mech_every > 0 ? plan->def.mech_every : 1;
    plan->def.fate_every = multiple(ctx, map, "fate", step * bodies, 1);
    if (plan->def.fate_every == 0) {
        st_node_fail(ctx, map, "found fates never, expected a time");
    }
}

// --- who is placed
// ---------------------------------------------------------------------------------

static const st_shape* shape_of(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"box",   "ball",      "cylinder", "layer",
                                       "union", "intersect", "subtract", "built_in"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (st_node_child(map, keys[i]) != NULL) {
            return st_tissue_plan_shape(ctx, plan->tissue_plan, map);
        }
    }
    return NULL;
}

static void read_place(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"cell",     "number",   "density", "at",    "box",
                                       "ball",     "cylinder", "layer",   "union", "intersect",
                                       "subtract", "built_in", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    if (plan->place_count == ST_PLACE_LIMIT) {
        st_node_fail(ctx, map, "found more than %d entries", ST_PLACE_LIMIT);
        return;
    }
    st_place_entry* p = &plan->place[plan->place_count];
    *p = (st_place_entry){.number = -1, .node = map};
    const st_node* cell = st_node_need(ctx, map, "cell", "a state of the model such as msc@gel");
    const st_node* number = st_node_child(map, "number");
    const st_node* density = st_node_child(map, "density");
    const st_node* at = st_node_child(map, "at");
    if (cell == NULL || !st_node_read_text(ctx, cell, &p->state)) {
        return;
    }
    const int s = st_model_find_state(plan->model, p->state);
    if (s < 0 || st_model_state(plan->model, s)->kind != ST_STATE_CELL) {
        st_node_fail(ctx, cell, "found '%s', expected a state of cells such as msc@gel", p->state);
        return;
    }
    if ((number == NULL) == (density == NULL)) {
        st_node_fail(ctx, map, "found %s, expected one of `number` and `density`",
                     number == NULL ? "neither" : "both");
        return;
    }
    if (number != NULL) {
        st_node_read_integer(ctx, number, 0, (int64_t)1 << 31, &p->number);
    } else {
        st_tissue_plan_quantity(ctx, plan->tissue_plan, density, "cells per volume", "cells/um^3",
                                0.0, &p->density);
    }
    if (at != NULL) {
        st_node_read_quantity(ctx, at, "a time", "min", NULL, 0.0, 1e9, &p->at_min);
    }
    p->shape = shape_of(ctx, plan, map);
    plan->place_count++;
}

static void read_profile(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"along", "bins", NULL};
    static const char* const axes[] = {"x", "y", "z"};
    int64_t bins = 0;
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* along = st_node_need(ctx, map, "along", "x, y or z");
    const st_node* count = st_node_need(ctx, map, "bins", "a number of slices");
    if (along && count && st_node_read_choice(ctx, along, axes, 3, &plan->profile.axis) &&
        st_node_read_integer(ctx, count, 1, 1000, &bins)) {
        plan->profile.bin_count = (int)bins;
    }
}

// --- the world outside
// ------------------------------------------------------------------------------

static const char* beside(st_agents_plan* plan, const st_node* node, const char* name)
{
    const char* file = st_doc_name(node->doc);
    const char* slash = strrchr(file, '/');
    const int folder = slash != NULL && name[0] != '/' ? (int)(slash - file) + 1 : 0;
    return st_arena_format(&plan->arena, "%.*s%s", folder, file, name);
}

/// `person: person.csv` with columns name, value: parameters and inputs in the model's units.
static void read_person(st_ctx* ctx, st_agents_plan* plan, const st_node* node)
{
    const char* name = NULL;
    st_table* table = NULL;
    if (!st_node_read_text(ctx, node, &name) ||
        st_table_load(ctx, beside(plan, node, name), &table) != ST_OK) {
        return;
    }
    const int what = st_table_column(table, "name");
    const int value = st_table_column(table, "value");
    for (int r = 0; what >= 0 && value >= 0 && r < st_table_row_count(table); r++) {
        const char* key = st_table_cell(table, r, what);
        const int p = st_model_find_parameter(plan->model, key);
        const int i = st_model_find_input(plan->model, key);
        double* at = p >= 0 ? &plan->parameter[p] : i >= 0 ? &plan->input[i] : NULL;
        if (at == NULL) {
            st_node_fail(ctx, node, "%s: the model has no parameter or input '%s'", name, key);
        } else if (st_table_number(ctx, table, r, value, at) == 0) {
            st_node_fail(ctx, node, "%s: '%s' has no value", name, key);
        }
    }
    if (what < 0 || value < 0) {
        st_node_fail(ctx, node, "%s: expected the columns name and value", name);
    }
    st_table_destroy(table);
}

/// Input of the model that a column may give; -1 = none. What only single cells have is no input.
static int find_input(const st_model* model, const char* head)
{
    const bool is_of_cells = strncmp(head, "cell.", 5) == 0 || strncmp(head, "contact.", 8) == 0 ||
                             strncmp(head, "gradient.", 9) == 0;
    return is_of_cells || strcmp(head, "day") == 0 ? -1 : st_model_find_input(model, head);
}

/// The nearest name that a column may have, NULL = none is near.
static const char* nearest_column(st_agents_plan* plan, const char* head)
{
    const int states = st_model_state_count(plan->model);
    const int inputs = st_model_input_count(plan->model);
    int count = 0;
    const char** names =
        st_arena_alloc(&plan->arena, (size_t)(states + inputs) + 1u, sizeof *names);
    for (int s = 0; names != NULL && s < states; s++) {
        names[count++] = st_model_state(plan->model, s)->name;
    }
    for (int i = 0; names != NULL && i < inputs; i++) {
        const char* name = st_model_input(plan->model, i)->name;
        if (find_input(plan->model, name) >= 0) {
            names[count++] = name;
        }
    }
    return names != NULL ? st_name_nearest(head, names, count) : NULL;
}

/// Every column is the day, a state or an input; true when one is an input.
static bool check_course_columns(st_ctx* ctx, st_agents_plan* plan, const st_node* node,
                                 const st_table* table)
{
    bool has_input = false;
    for (int c = 0; c < st_table_column_count(table); c++) {
        const char* head = st_table_head(table, c);
        const bool is_input = find_input(plan->model, head) >= 0;
        has_input = has_input || is_input;
        if (strcmp(head, "day") != 0 && st_model_find_state(plan->model, head) < 0 && !is_input) {
            const char* near = nearest_column(plan, head);
            st_node_fail(ctx, node,
                         "%s: column %d: found '%s', expected day, a state or an input of the "
                         "model%s%s%s",
                         st_table_name(table), c + 1, head, near != NULL ? "; did you mean '" : "",
                         near != NULL ? near : "", near != NULL ? "'?" : "");
        }
    }
    return has_input;
}

/// States of a row of the course: those without a column, or with an empty cell, as at the start.
static void read_course_states(st_ctx* ctx, st_agents_plan* plan, const st_table* table, int row)
{
    const int states = st_model_state_count(plan->model);
    for (int s = 0; s < states; s++) {
        const int c = st_table_column(table, st_model_state(plan->model, s)->name);
        double* at = &plan->course[(size_t)row * (size_t)states + (size_t)s];
        *at = plan->start[s];
        if (c >= 0) {
            st_table_number(ctx, table, row, c, at);
        }
    }
}

/// Inputs of a row: those without a column the person's, an empty cell holds what stood above it.
static void read_course_inputs(st_ctx* ctx, st_agents_plan* plan, const st_table* table, int row)
{
    const size_t inputs = (size_t)st_model_input_count(plan->model);
    double* at = plan->course_input + (size_t)row * inputs;
    memcpy(at, row > 0 ? at - inputs : plan->input, inputs * sizeof *at);
    for (int c = 0; c < st_table_column_count(table); c++) {
        const int i = find_input(plan->model, st_table_head(table, c));
        if (i >= 0) {
            st_table_number(ctx, table, row, c, &at[i]);
        }
    }
}

/// `course: course.csv`: column day, and one column per state of the model that changes outside
/// and per input that changes.
static void read_course(st_ctx* ctx, st_agents_plan* plan, const st_node* node)
{
    const char* name = NULL;
    st_table* table = NULL;
    const int states = st_model_state_count(plan->model);
    const int inputs = st_model_input_count(plan->model);
    if (!st_node_read_text(ctx, node, &name) ||
        st_table_load(ctx, beside(plan, node, name), &table) != ST_OK) {
        return;
    }
    const int rows = st_table_row_count(table);
    const int day = st_table_column(table, "day");
    const bool has_input = check_course_columns(ctx, plan, node, table);
    plan->course_day = st_arena_alloc(&plan->arena, (size_t)rows + 1u, sizeof(double));
    plan->course = st_arena_alloc(&plan->arena, (size_t)rows * (size_t)states + 1u, sizeof(double));
    plan->course_input =
        has_input ? st_arena_alloc(&plan->arena, (size_t)rows * (size_t)inputs + 1u, sizeof(double))
                  : NULL;
    if (day < 0 || rows < 1) {
        st_node_fail(ctx, node, "%s: expected a column day and at least one row", name);
    }
    const bool has_room =
        plan->course_day && plan->course && (plan->course_input != NULL || !has_input);
    for (int r = 0; day >= 0 && has_room && r < rows; r++) {
        if (st_table_number(ctx, table, r, day, &plan->course_day[r]) == 0) {
            st_node_fail(ctx, node, "%s:%d: found no day", name, st_table_line(table, r));
        }
        read_course_states(ctx, plan, table, r);
        if (has_input) {
            read_course_inputs(ctx, plan, table, r);
        }
        plan->course_count = r + 1;
    }
    for (int s = 0; s < states && plan->course != NULL && plan->course_count > 0; s++) {
        // matrix begins as it is in that joint at the first knot
        const bool is_matrix = st_model_state(plan->model, s)->kind == ST_STATE_MATRIX;
        plan->start[s] = is_matrix ? plan->course[s] : plan->start[s];
    }
    st_table_destroy(table);
}

/// All states at the start, with the person's parameters and inputs.
static st_status read_start(st_ctx* ctx, st_agents_plan* plan)
{
    const st_model* m = plan->model;
    const st_tape* tape = st_model_initial_tape(m);
    double* input = st_alloc(ctx, (size_t)tape->input_count + 1u, sizeof *input);
    double* reg = st_alloc(ctx, (size_t)tape->register_count + 1u, sizeof *reg);
    if (input != NULL && reg != NULL) {
        double* at = input + st_model_state_count(m);
        memcpy(at, plan->parameter, (size_t)st_model_parameter_count(m) * sizeof *at);
        at += st_model_parameter_count(m);
        memcpy(at, plan->input, (size_t)st_model_input_count(m) * sizeof *at);
        st_tape_run_scalar(tape, input, reg, plan->start);
    }
    const bool ok = input != NULL && reg != NULL;
    st_free(ctx, input);
    st_free(ctx, reg);
    return ok ? ST_OK : ST_ERR_MEMORY;
}

// --- all of it
// -------------------------------------------------------------------------------------

static void read_numbers(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    const st_node* seed = st_node_child(map, "seed");
    const st_node* limit = st_node_child(map, "limit");
    const st_node* reach = st_node_child(map, "reach");
    const st_node* error = st_node_child(map, "position_error");
    int64_t number = 0;
    if (seed != NULL && st_node_read_integer(ctx, seed, 0, INT64_MAX, &number)) {
        plan->def.seed = (uint64_t)number;
    }
    if (limit != NULL) {
        st_node_read_integer(ctx, limit, 1, 2147483646, &plan->def.cell_limit);
    }
    if (reach != NULL && strcmp(reach->text, "whole") == 0) {
        plan->def.reach_um = INFINITY;
    } else if (reach != NULL) {
        st_node_read_quantity(ctx, reach, "a length", "um", NULL, 1e-3, 1e6, &plan->def.reach_um);
    }
    if (error != NULL) {
        st_node_read_quantity(ctx, error, "a length", "um", NULL, 1e-6, 1e3,
                              &plan->def.position_error_um);
    }
    read_share(ctx, map, "touch", 0.1, 2.0, &plan->def.touch);
    read_share(ctx, map, "fill", 1e-9, 10.0, &plan->def.fill_limit);
}

static void read_all(st_ctx* ctx, st_agents_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"seed",   "steps",  "reach",          "touch", "limit",
                                       "fill",   "types",  "fibres",         "place", "profile",
                                       "person", "course", "position_error", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* person = st_node_child(map, "person");
    const st_node* course = st_node_child(map, "course");
    const st_node* steps = st_node_need(ctx, map, "steps", "a map such as { field: 6 min }");
    const st_node* types = st_node_child(map, "types");
    const st_node* fibres = st_node_child(map, "fibres");
    const st_node* place = st_node_child(map, "place");
    const st_node* profile = st_node_child(map, "profile");
    read_numbers(ctx, plan, map);
    if (person != NULL) {
        read_person(ctx, plan, person);
    }
    if (read_start(ctx, plan) == ST_OK && course != NULL) {
        read_course(ctx, plan, course);
    }
    if (steps != NULL) {
        read_steps(ctx, plan, steps);
    }
    if (types != NULL) {
        read_types(ctx, plan, types);
    }
    if (fibres != NULL) {
        read_fibres(ctx, plan, fibres);
    }
    if (profile != NULL) {
        read_profile(ctx, plan, profile);
    }
    if (place != NULL && st_node_expect(ctx, place, ST_NODE_LIST)) {
        for (const st_node* n = place->first; n != NULL; n = n->next) {
            read_place(ctx, plan, n);
        }
    }
}

static bool make_room(st_agents_plan* plan)
{
    const st_model* m = plan->model;
    plan->type = st_arena_alloc(&plan->arena, ST_CELL_TYPE_LIMIT, sizeof *plan->type);
    plan->place = st_arena_alloc(&plan->arena, ST_PLACE_LIMIT, sizeof *plan->place);
    plan->parameter =
        st_arena_alloc(&plan->arena, (size_t)st_model_parameter_count(m) + 1u, sizeof(double));
    plan->input =
        st_arena_alloc(&plan->arena, (size_t)st_model_input_count(m) + 1u, sizeof(double));
    plan->start =
        st_arena_alloc(&plan->arena, (size_t)st_model_state_count(m) + 1u, sizeof(double));
    if (!plan->type || !plan->place || !plan->parameter || !plan->input || !plan->start) {
        return false;
    }
    for (int i = 0; i < st_model_parameter_count(m); i++) {
        plan->parameter[i] = st_model_parameter(m, i)->value;
    }
    for (int i = 0; i < st_model_input_count(m); i++) {
        plan->input[i] = st_model_input(m, i)->value;
    }
    return true;
}

st_status st_agents_plan_load(st_ctx* ctx, st_tissue_plan* tissue_plan, st_agents_plan** out)
{
    *out = NULL;
    const st_node* map = st_tissue_plan_cells(tissue_plan);
    const st_model* model = st_tissue_plan_model(tissue_plan);
    if (map == NULL || model == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "the tissue file has no `%s`, which cells need",
                       map == NULL ? "cells" : "model");
    }
    const int before = st_ctx_mistake_count(ctx);
    st_agents_plan* plan = st_alloc(ctx, 1, sizeof *plan);
    if (plan == NULL) {
        return ST_ERR_MEMORY;
    }
    plan->ctx = ctx;
    plan->tissue_plan = tissue_plan;
    plan->model = model;
    plan->def = st_default_agents_def();
    st_arena_init(&plan->arena, ctx);
    st_status status = make_room(plan) ? ST_OK : ST_ERR_MEMORY;
    if (status == ST_OK) {
        read_all(ctx, plan, map);
        status = st_ctx_mistake_count(ctx) > before ? ST_ERR_INPUT : ST_OK;
    }
    if (status != ST_OK) {
        st_agents_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return ST_OK;
}

void st_agents_plan_destroy(st_agents_plan* plan)
{
    if (plan != NULL) {
        st_arena_clear(&plan->arena);
        st_free(plan->ctx, plan);
    }
}
