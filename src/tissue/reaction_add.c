// From a model's reactions to what a voxel runs: only those operations, only those levels. [TIS-12]

#include "tissue/reaction.h"

#include <math.h>
#include <string.h>

#define V      ST_BRICK_VOXELS
#define COOKIE 0x52454131u

typedef struct maker {
    st_ctx* ctx;
    st_tissue* t;
    const st_reaction_def* def;
    const st_model* model;
    const st_tape* tape;
    st_reaction r;
    bool* is_needed; ///< [register_count]
} maker;

static st_carried carrier(const maker* m, int state)
{
    return (st_carried){.state = state,
                        .field = m->def->field ? m->def->field[state] : -1,
                        .matrix = m->def->matrix ? m->def->matrix[state] : -1};
}

static bool is_carried(const st_carried* c)
{
    return c->field >= 0 || c->matrix >= 0;
}

static int find_unknown(const st_reaction* r, int state)
{
    for (int i = 0; i < r->unknown_count; i++) {
        if (r->unknown[i].state == state) {
            return i;
        }
    }
    return -1;
}

static st_status add_unknown(maker* m, int state, const char* reaction)
{
    st_reaction* r = &m->r;
    const st_carried c = carrier(m, state);
    const char* name = st_model_state(m->model, state)->name;
    if (!is_carried(&c)) {
        return ST_FAIL(m->ctx, ST_ERR_INPUT,
                       "reaction %s changes %s, which no field or matrix state carries", reaction,
                       name);
    }
    if (r->unknown_count == ST_UNKNOWN_LIMIT) {
        return ST_FAIL(m->ctx, ST_ERR_INPUT,
                       "the reactions of medium %d change more than %d levels", m->def->medium,
                       ST_UNKNOWN_LIMIT);
    }
    r->typical[r->unknown_count] = st_model_state(m->model, state)->scale;
    r->unknown[r->unknown_count++] = c;
    return ST_OK;
}

// A reaction belongs to the medium when something that it changes is carried there.
static bool is_ours(const maker* m, const st_channel_info* channel)
{
    bool is = false;
    for (int i = 0; i < channel->change_count; i++) {
        const st_carried c = carrier(m, channel->change[i].state);
        is = is || is_carried(&c);
    }
    return is && channel->kind == ST_TERM_REACTION;
}

static st_status collect(maker* m)
{
    st_reaction* r = &m->r;
    int changes = 0;
    for (int i = 0; i < st_model_channel_count(m->model); i++) {
        changes += st_model_channel(m->model, i)->change_count;
    }
    r->term = st_alloc(m->ctx, (size_t)changes + 1, sizeof *r->term);
    m->is_needed = st_alloc(m->ctx, (size_t)m->tape->register_count, sizeof *m->is_needed);
    if (!r->term || !m->is_needed) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < st_model_channel_count(m->model); i++) {
        const st_channel_info* channel = st_model_channel(m->model, i);
        if (!is_ours(m, channel)) {
            continue;
        }
        for (int k = 0; k < channel->change_count; k++) {
            const st_channel_change* change = &channel->change[k];
            if (find_unknown(r, change->state) < 0) {
                ST_TRY(add_unknown(m, change->state, channel->name));
            }
            const int reg = m->tape->output[change->output];
            r->term[r->term_count++] =
                (st_rate_term){.unknown = find_unknown(r, change->state), .reg = reg};
            m->is_needed[reg] = true;
        }
    }
    if (r->term_count == 0) {
        return ST_FAIL(m->ctx, ST_ERR_INPUT,
                       "medium %d: the model has no reaction between what its fields carry",
                       m->def->medium);
    }
    return ST_OK;
}

// Backwards through the program: an operation stays when something later needs its result.
static st_status keep_needed(maker* m)
{
    const st_tape* all = m->tape;
    st_op* op = st_alloc(m->ctx, (size_t)all->op_count + 1, sizeof *op);
    if (!op) {
        return ST_ERR_MEMORY;
    }
    int kept = 0;
    for (int k = all->op_count - 1; k >= 0; k--) {
        const st_op* o = &all->op[k];
        if (m->is_needed[o->out]) {
            m->is_needed[o->out] = false;
            m->is_needed[o->a] = true;
            m->is_needed[o->b] = true;
            op[kept++] = *o;
        }
    }
    for (int i = 0; i < kept / 2; i++) {
        const st_op swap = op[i];
        op[i] = op[kept - 1 - i];
        op[kept - 1 - i] = swap;
    }
    double* constant = st_alloc(m->ctx, (size_t)all->constant_count + 1, sizeof *constant);
    m->r.tape = *all;
    m->r.tape.op = op;
    m->r.tape.constant = constant;
    if (!constant) {
        return ST_ERR_MEMORY;
    }
    memcpy(constant, all->constant, (size_t)all->constant_count * sizeof *constant);
    m->r.tape.op_count = kept;
    return ST_OK;
}

static st_status fill_inputs(maker* m)
{
    const st_model* model = m->model;
    const int states = st_model_state_count(model);
    st_reaction* r = &m->r;
    r->input = st_alloc(m->ctx, (size_t)m->tape->input_count, sizeof *r->input);
    r->other = st_alloc(m->ctx, (size_t)states + 1, sizeof *r->other);
    const st_tape* start = st_model_initial_tape(model);
    double* reg = st_alloc(m->ctx, (size_t)start->register_count, sizeof *reg);
    double* level = st_alloc(m->ctx, (size_t)states + 1, sizeof *level);
    if (r->input && r->other && reg && level) {
        double* at = r->input + states;
        for (int i = 0; i < st_model_parameter_count(model); i++) {
            *at++ = st_model_parameter(model, i)->value;
        }
        for (int i = 0; i < st_model_input_count(model); i++) {
            *at++ = st_model_input(model, i)->value;
        }
        st_tape_run_scalar(start, r->input, reg, level);
        memcpy(r->input, level, (size_t)states * sizeof *level);
        for (int s = 0; s < states; s++) {
            const st_carried c = carrier(m, s);
            if (m->is_needed[s] && is_carried(&c) && find_unknown(r, s) < 0) {
                r->other[r->other_count++] = c;
            }
        }
    }
    const bool has_all = r->input && r->other && reg && level;
    st_free(m->ctx, reg);
    st_free(m->ctx, level);
    return has_all ? ST_OK : ST_ERR_MEMORY;
}

static st_status save_room(st_ctx* ctx, st_tissue* t, const st_carried* c)
{
    const size_t voxels = (size_t)t->mg->level[0].grid.brick_count * V;
    if (c->field >= 0) {
        st_field* f = t->field[c->field];
        if (f->change) {
            return ST_OK;
        }
        f->change = st_grid_alloc(ctx, voxels, sizeof *f->change);
        f->saved_level = st_grid_alloc(ctx, voxels, sizeof *f->saved_level);
        f->saved_remainder = st_grid_alloc(ctx, voxels, sizeof *f->saved_remainder);
        f->choice.is_steady = false;
        return f->change && f->saved_level && f->saved_remainder ? ST_OK : ST_ERR_MEMORY;
    }
    st_matrix* m = &t->matrix[c->matrix];
    if (!m->saved) {
        m->saved = st_grid_alloc(ctx, voxels, sizeof *m->saved);
    }
    return m->saved ? ST_OK : ST_ERR_MEMORY;
}

static st_status grow_registers(st_ctx* ctx, st_tissue* t, int register_count)
{
    st_chemistry* c = t->chemistry;
    if (register_count <= c->register_count) {
        return ST_OK;
    }
    for (int i = 0; i < st_pool_worker_count(t->pool); i++) {
        st_free(ctx, c->reactor[i].reg);
        c->reactor[i].reg =
            st_alloc(ctx, (size_t)register_count * ST_LANES, sizeof *c->reactor[i].reg);
        if (!c->reactor[i].reg) {
            return ST_ERR_MEMORY;
        }
    }
    c->register_count = register_count;
    return ST_OK;
}

static st_status check_def(st_ctx* ctx, const st_tissue* t, const st_reaction_def* def)
{
    if (def->cookie != COOKIE || !def->model || (!def->field && !def->matrix)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "reactions: start from st_default_reaction_def(), and give a model and what "
                       "carries its states");
    }
    if (def->medium < 1 || def->medium > ST_MEDIUM_LIMIT ||
        !(def->tolerance > 0.0 && def->tolerance < 1.0) ||
        !(def->solver_tolerance > 0.0 && def->solver_tolerance < 1.0) || !(def->step_min >= 0.0) ||
        isinf(def->step_min)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "reactions: medium %d, tolerance %g, solver tolerance %g, step %g min: "
                       "expected a medium, tolerances between 0 and 1 and a step not below 0",
                       def->medium, def->tolerance, def->solver_tolerance, def->step_min);
    }
    if (st_model_rates_use_time(def->model)) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "reactions: the model's rates change with time: not solved in tissue");
    }
    for (int s = 0; s < st_model_state_count(def->model); s++) {
        const int field = def->field ? def->field[s] : -1;
        const int matrix = def->matrix ? def->matrix[s] : -1;
        if (field >= t->field_count || matrix >= t->matrix_count || (field >= 0 && matrix >= 0)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "reactions: %s in field %d and matrix state %d: expected one that there "
                           "is, or -1",
                           st_model_state(def->model, s)->name, field, matrix);
        }
    }
    return ST_OK;
}

static st_status check_unknowns(st_ctx* ctx, const st_tissue* t, const st_reaction* r)
{
    for (int i = 0; i < r->unknown_count; i++) {
        const int field = r->unknown[i].field;
        if (field >= 0 && t->field[field]->mode == ST_FIELD_STEADY) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "field %s reacts with others: solved as steady it would forget them; "
                           "expected transient or auto",
                           t->field[field]->name);
        }
        for (int k = 0; k < i; k++) {
            if (field >= 0 && r->unknown[k].field == field) {
                return ST_FAIL(ctx, ST_ERR_INPUT, "field %s carries two states of the reactions",
                               t->field[field]->name);
            }
        }
    }
    return ST_OK;
}

static st_status need_chemistry(st_ctx* ctx, st_tissue* t)
{
    if (!t->chemistry) {
        t->chemistry = st_alloc(ctx, 1, sizeof *t->chemistry);
        if (!t->chemistry) {
            return ST_ERR_MEMORY;
        }
        t->chemistry->tolerance = INFINITY;
    }
    st_chemistry* c = t->chemistry;
    if (!c->reactor) {
        c->reactor = st_alloc(ctx, (size_t)st_pool_worker_count(t->pool), sizeof *c->reactor);
    }
    st_reaction* grown = st_realloc(ctx, c->reaction, (size_t)c->reaction_count + 1, sizeof *grown);
    if (!c->reactor || !grown) {
        return ST_ERR_MEMORY;
    }
    c->reaction = grown;
    return ST_OK;
}

static st_status make(maker* m)
{
    ST_TRY(need_chemistry(m->ctx, m->t));
    ST_TRY(collect(m));
    ST_TRY(keep_needed(m));
    ST_TRY(fill_inputs(m));
    ST_TRY(check_unknowns(m->ctx, m->t, &m->r));
    for (int i = 0; i < m->r.unknown_count; i++) {
        ST_TRY(save_room(m->ctx, m->t, &m->r.unknown[i]));
    }
    return grow_registers(m->ctx, m->t, m->tape->register_count);
}

st_status st_tissue_add_reactions(st_ctx* ctx, st_tissue* t, const st_reaction_def* def)
{
    ST_TRY(check_def(ctx, t, def));
    const size_t before = st_ctx_bytes_in_use(ctx);
    maker m = {.ctx = ctx,
               .t = t,
               .def = def,
               .model = def->model,
               .tape = st_model_channel_tape(def->model)};
    m.r.medium = def->medium;
    m.r.tolerance = def->tolerance;
    m.r.solver_tolerance = def->solver_tolerance;
    m.r.step_min = def->step_min;
    const st_status status = make(&m);
    st_free(ctx, m.is_needed);
    if (status != ST_OK) {
        st_free(ctx, (void*)(uintptr_t)m.r.tape.op);
        st_free(ctx, (void*)(uintptr_t)m.r.tape.constant);
        st_free(ctx, m.r.input);
        st_free(ctx, m.r.other);
        st_free(ctx, m.r.term);
        return status;
    }
    st_chemistry* c = t->chemistry;
    c->reaction[c->reaction_count++] = m.r;
    c->tolerance = fmin(c->tolerance, def->tolerance);
    if (def->step_min > 0.0 && (!(c->fixed_step_min > 0.0) || def->step_min < c->fixed_step_min)) {
        c->fixed_step_min = def->step_min;
    }
    t->bytes += st_ctx_bytes_in_use(ctx) - before;
    return ST_OK;
}
