#include "solver.h"

#include "rodas.h"

#include <math.h>

#define DEF_COOKIE 0x706f7031u

st_population_def st_default_population_def(void)
{
    return (st_population_def){.relative_tolerance = 1e-4,
                               .absolute_tolerance = 1e-6,
                               .first_step_day = 1e-3,
                               .max_step_day = 90.0,
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

static double* doubles(st_population* p, int count, bool in_lanes)
{
    return st_alloc(p->ctx, (size_t)count * (in_lanes ? ST_LANES : 1) + 1u, sizeof(double));
}

static bool make_spaces(st_population* p)
{
    const st_model* m = p->model;
    const st_tape* tapes[] = {st_model_rate_tape(m), st_model_jacobian_tape(m),
                              st_model_definition_tape(m), st_model_initial_tape(m),
                              st_model_event_tape(m)};
    int registers = 1;
    int outputs = 1;
    for (int i = 0; i < 5; i++) {
        registers = largest(registers, tapes[i]->register_count);
        outputs = largest(outputs, tapes[i]->output_count);
    }
    const int n = p->state_count;
    const int slots = tapes[0]->input_count;
    st_lane_space* l = &p->lanes;
    st_plain_space* s = &p->plain;
    double** const room[] = {&l->x,
                             &l->y,
                             &l->k,
                             &l->f,
                             &l->entry,
                             &l->rate_reg,
                             &l->jac_reg,
                             &s->x,
                             &s->y,
                             &s->k,
                             &s->f,
                             &s->entry,
                             &s->slot,
                             &s->reg,
                             &s->output,
                             &p->scratch.slot,
                             &p->scratch.reg,
                             &p->scratch.output,
                             &p->scratch.state,
                             &p->scratch.state2};
    const int entries = p->lu.entry_count;
    const int size[] = {n,       n,     RODAS_STAGES * n, n,       entries, registers, registers,
                        n,       n,     RODAS_STAGES * n, n,       entries, slots,     registers,
                        outputs, slots, registers,        outputs, n,       n};
    for (int i = 0; i < (int)(sizeof size / sizeof size[0]); i++) {
        *room[i] = doubles(p, size[i], i < 7);
        if (*room[i] == NULL) {
            return false;
        }
    }
    st_tape_prepare(tapes[0], l->rate_reg);
    st_tape_prepare(tapes[1], l->jac_reg);
    return true;
}

static bool make_individuals(st_population* p)
{
    for (int lane = 0; lane < ST_LANES; lane++) {
        st_individual* who = &p->individual[lane];
        who->input = doubles(p, st_model_input_count(p->model), false);
        who->event_at = doubles(p, st_model_event_count(p->model), false);
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
    st_arena_init(&p->arena, ctx);
    st_status status = st_lu_plan(&p->arena, st_model_pattern(model), &p->lu);
    if (status == ST_OK) {
        p->absolute = st_arena_alloc(&p->arena, (size_t)p->state_count, sizeof *p->absolute);
        p->may_be_negative =
            st_arena_alloc(&p->arena, (size_t)p->state_count, sizeof *p->may_be_negative);
        const bool ok = p->absolute && p->may_be_negative && make_spaces(p) && make_individuals(p);
        status = ok ? ST_OK : ST_ERR_MEMORY;
    }
    if (status != ST_OK) {
        st_population_destroy(p);
        return status;
    }
    for (int i = 0; i < p->state_count; i++) {
        const st_state_info* state = st_model_state(model, i);
        p->absolute[i] = def->absolute_tolerance * state->scale;
        p->may_be_negative[i] = state->may_be_negative;
    }
    *out = p;
    return ST_OK;
}

void st_population_destroy(st_population* p)
{
    if (p == NULL) {
        return;
    }
    st_lane_space* l = &p->lanes;
    st_plain_space* s = &p->plain;
    double* const room[] = {l->x,
                            l->y,
                            l->k,
                            l->f,
                            l->entry,
                            l->rate_reg,
                            l->jac_reg,
                            s->x,
                            s->y,
                            s->k,
                            s->f,
                            s->entry,
                            s->slot,
                            s->reg,
                            s->output,
                            p->scratch.slot,
                            p->scratch.reg,
                            p->scratch.output,
                            p->scratch.state,
                            p->scratch.state2};
    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        st_free(p->ctx, room[i]);
    }
    for (int lane = 0; lane < ST_LANES; lane++) {
        st_free(p->ctx, p->individual[lane].input);
        st_free(p->ctx, p->individual[lane].event_at);
    }
    st_arena_clear(&p->arena);
    st_free(p->ctx, p);
}

st_status st_population_check(st_population* p, const st_course* course)
{
    if (!(course->end_day >= course->begin_day) || !isfinite(course->begin_day) ||
        !isfinite(course->end_day)) {
        return ST_FAIL(p->ctx, ST_ERR_INPUT, "course: begins on day %g and ends on day %g",
                       course->begin_day, course->end_day);
    }
    double before = course->begin_day;
    for (int i = 0; i < course->sample_count; i++) {
        const double day = course->sample_day[i];
        if (!(day >= before && day <= course->end_day)) {
            return ST_FAIL(p->ctx, ST_ERR_INPUT,
                           "course: sample %d on day %g, expected ascending days from %g to %g", i,
                           day, before, course->end_day);
        }
        before = day;
    }
    before = course->begin_day;
    for (int i = 0; i < course->action_count; i++) {
        const st_action* a = &course->action[i];
        const int limit =
            a->kind == ST_ACTION_INPUT ? st_model_input_count(p->model) : p->state_count;
        if (!(a->day >= before && a->day <= course->end_day) || !isfinite(a->value) ||
            a->index < 0 || a->index >= limit) {
            return ST_FAIL(p->ctx, ST_ERR_INPUT,
                           "course: action %d on day %g (value %g, index %d), expected ascending "
                           "days from %g to %g and an index below %d",
                           i, a->day, a->value, a->index, before, course->end_day, limit);
        }
        before = a->day;
    }
    return ST_OK;
}
