#include "divide.h"
#include "rodas.h"
#include "solver.h"

#include <math.h>

#define DEF_COOKIE 0x706f7031u

st_population_def st_default_population_def(void)
{
    return (st_population_def){.relative_tolerance = 1e-4,
                               .absolute_tolerance = 1e-6,
                               .first_step_day = 1e-3,
                               .max_step_day = 1000.0,
                               .max_reject = 10,
                               .max_step_count = 1000000,
                               .cookie = DEF_COOKIE};
}

static st_status check_def(st_ctx* ctx, const st_population_def* def)
{
    if (def->cookie != DEF_COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "population: start the definition from st_default_population_def()");
    }
    if (!(def->relative_tolerance > 0.0 && def->relative_tolerance < 1.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "population.relative_tolerance = %g: must be between 0 and 1",
                       def->relative_tolerance);
    }
    if (!(def->absolute_tolerance > 0.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "population.absolute_tolerance = %g: must be above 0",
                       def->absolute_tolerance);
    }
    if (!(def->first_step_day > 0.0) || !(def->max_step_day > 0.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "population.first_step_day = %g, max_step_day = %g: must be above 0",
                       def->first_step_day, def->max_step_day);
    }
    if (def->max_reject < 1 || def->max_step_count < 1) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "population.max_reject = %d, max_step_count = %lld: must be 1 or more",
                       def->max_reject, (long long)def->max_step_count);
    }
    return ST_OK;
}

static int largest(int a, int b)
{
    return a > b ? a : b;
}

static double* doubles(st_population* p, int count, int lanes)
{
    return st_alloc(p->ctx, (size_t)count * (size_t)lanes + 1u, sizeof(double));
}

/// An array of the solver and how many doubles it has.
typedef struct room {
    double** at;
    int size, lanes;
} room;

#define ROOM_COUNT 15

static void list_rooms(st_population* p, int registers, int outputs, room* out)
{
    const int n = p->state_count;
    const int slots = p->rate.input_count;
    st_plain_space* s = &p->plain;
    const room rooms[ROOM_COUNT] = {
        {&p->lanes.slot, p->step.slot_count, ST_LANES},
        {&p->samples.reg, st_model_definition_tape(p->model)->register_count, ST_LANES},
        {&s->x, n, 1},
        {&s->y, n, 1},
        {&s->k, RODAS_STAGES * n, 1},
        {&s->f, n, 1},
        {&s->entry, p->lu.entry_count, 1},
        {&s->slot, slots, 1},
        {&s->reg, registers, 1},
        {&s->output, outputs, 1},
        {&p->scratch.slot, slots, 1},
        {&p->scratch.reg, registers, 1},
        {&p->scratch.output, outputs, 1},
        {&p->scratch.state, n, 1},
        {&p->scratch.state2, n, 1},
    };
    for (int i = 0; i < ROOM_COUNT; i++) {
        out[i] = rooms[i];
    }
}

static bool make_spaces(st_population* p)
{
    const st_model* m = p->model;
    const st_tape* tapes[] = {&p->rate, &p->jacobian, st_model_definition_tape(m),
                              st_model_initial_tape(m), st_model_event_tape(m)};
    int registers = 1;
    int outputs = 1;
    room rooms[ROOM_COUNT];
    for (int i = 0; i < 5; i++) {
        registers = largest(registers, tapes[i]->register_count);
        outputs = largest(outputs, tapes[i]->output_count);
    }
    list_rooms(p, registers, outputs, rooms);
    for (int i = 0; i < ROOM_COUNT; i++) {
        *rooms[i].at = doubles(p, rooms[i].size, rooms[i].lanes);
        if (*rooms[i].at == NULL) {
            return false;
        }
    }
    st_program_prepare(&p->step, p->lanes.slot);
    return st_samples_init(&p->arena, m, &p->samples);
}

/// Tapes with fewer divisions, the plan of the factors, the program of a step.
static st_status make_programs(st_population* p)
{
    const st_tape* rate = st_model_rate_tape(p->model);
    const st_tape* jacobian = st_model_jacobian_tape(p->model);
    bool* changes = st_arena_alloc(&p->arena, (size_t)rate->input_count, sizeof *changes);
    if (changes == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < rate->input_count; i++) {
        changes[i] = i < p->state_count || i == rate->input_count - 1;
    }
    ST_TRY(st_divide_rewrite(&p->arena, rate, changes, &p->rate));
    ST_TRY(st_divide_rewrite(&p->arena, jacobian, changes, &p->jacobian));
    ST_TRY(st_lu_plan(&p->arena, st_model_pattern(p->model), &p->lu));
    return st_step_build(&p->arena, p->model, &p->rate, &p->jacobian, &p->lu, &p->step);
}

static bool make_individuals(st_population* p)
{
    for (int lane = 0; lane < ST_LANES; lane++) {
        st_individual* who = &p->individual[lane];
        who->input = doubles(p, st_model_input_count(p->model), 1);
        who->event_at = doubles(p, 2 * st_model_event_count(p->model), 1);
        if (who->input == NULL || who->event_at == NULL) {
            return false;
        }
    }
    return true;
}

st_status st_population_create(st_ctx* ctx, const st_model* model, const st_population_def* def,
                               st_population** out)
{
    *out = NULL;
    ST_TRY(check_def(ctx, def));
    st_population* p = st_alloc(ctx, 1, sizeof *p);
    if (p == NULL) {
        return ST_ERR_MEMORY;
    }
    p->ctx = ctx;
    p->model = model;
    p->def = *def;
    p->state_count = st_model_state_count(model);
    st_shares_init(&p->shares, ctx, model);
    st_arena_init(&p->arena, ctx);
    st_status status = make_programs(p);
    if (status == ST_OK) {
        status = st_population_choose(p, st_width_best(), true);
    }
    if (status == ST_OK) {
        p->absolute = st_arena_alloc(&p->arena, (size_t)p->state_count, sizeof *p->absolute);
        p->lowest = st_arena_alloc(&p->arena, (size_t)p->state_count, sizeof *p->lowest);
        const bool ok = p->absolute && p->lowest && make_spaces(p) && make_individuals(p);
        status = ok ? ST_OK : ST_ERR_MEMORY;
    }
    if (status != ST_OK) {
        st_population_destroy(p);
        return status;
    }
    for (int i = 0; i < p->state_count; i++) {
        const st_state_info* state = st_model_state(model, i);
        p->absolute[i] = def->absolute_tolerance * state->scale;
        p->lowest[i] = state->may_be_negative ? INFINITY : p->absolute[i];
    }
    *out = p;
    return ST_OK;
}

st_status st_population_choose(st_population* p, st_width width, bool with_code)
{
    st_code_destroy(p->code);
    p->code = NULL;
    p->width = width;
    return with_code ? st_code_create(p->ctx, &p->step, width, &p->code) : ST_OK;
}

void st_population_destroy(st_population* p)
{
    if (p == NULL) {
        return;
    }
    room rooms[ROOM_COUNT];
    list_rooms(p, 0, 0, rooms);
    for (int i = 0; i < ROOM_COUNT; i++) {
        st_free(p->ctx, *rooms[i].at);
    }
    for (int lane = 0; lane < ST_LANES; lane++) {
        st_free(p->ctx, p->individual[lane].input);
        st_free(p->ctx, p->individual[lane].event_at);
    }
    st_shares_clear(&p->shares);
    st_code_destroy(p->code);
    st_arena_clear(&p->arena);
    st_free(p->ctx, p);
}

st_status st_population_check(st_population* p, const st_course* course)
{
    return st_individual_check(p->ctx, p->model, course);
}
