#include "step.h"

#include "rodas.h"

#include <string.h>

/// Values of one step while its program is written.
typedef struct step {
    st_program_build b;
    const st_model* model;
    const st_tape *rate, *jacobian;
    const st_lu* lu;
    int n;
    st_value *input, *jac, *entry, *stage_input, *rates, *k; // k: [stages][n]
    st_value h, inverse_h;
} step;

static st_value add(step* s, st_value a, st_value b)
{
    return st_program_op2(&s->b, ST_OP_ADD, a, b);
}

static st_value subtract(step* s, st_value a, st_value b)
{
    return st_program_op2(&s->b, ST_OP_SUB, a, b);
}

static st_value times(step* s, st_value a, st_value b)
{
    return st_program_op2(&s->b, ST_OP_MUL, a, b);
}

static st_value divide(step* s, st_value a, st_value b)
{
    return st_program_op2(&s->b, ST_OP_DIV, a, b);
}

static st_value number(step* s, double value)
{
    return st_program_constant(&s->b, value);
}

/// Factors of 1/(h gamma) I - J at the step's beginning.
static void linearise(step* s)
{
    const st_pattern* pattern = st_model_pattern(s->model);
    const st_value zero = number(s, 0.0);
    const st_value diagonal = times(s, number(s, 1.0 / RODAS_GAMMA), s->inverse_h);
    st_program_inline(&s->b, s->jacobian, s->input, s->jac);
    for (int e = 0; e < s->lu->entry_count; e++) {
        s->entry[e] = zero;
    }
    for (int e = 0; e < pattern->entry_count; e++) {
        s->entry[s->lu->from_pattern[e]] =
            st_program_op2(&s->b, ST_OP_NEG, s->jac[s->n + e], s->jac[s->n + e]);
    }
    for (int v = 0; v < s->n; v++) {
        st_value* d = &s->entry[s->lu->diagonal[v]];
        *d = add(s, *d, diagonal);
    }
    for (int i = 0; i < s->lu->factor_count; i++) {
        const st_lu_op op = s->lu->factor[i];
        st_value* out = &s->entry[op.out];
        switch ((st_lu_code)op.code) {
        case ST_LU_RECIPROCAL:
            *out = divide(s, number(s, 1.0), *out);
            break;
        case ST_LU_SCALE:
            *out = times(s, *out, s->entry[op.a]);
            break;
        case ST_LU_UPDATE:
            *out = subtract(s, *out, times(s, s->entry[op.a], s->entry[op.b]));
            break;
        }
    }
}

/// x + sum_j a_j k_j, in that order.
static st_value stage_state(step* s, int stage, int v)
{
    st_value sum = s->input[v];
    for (int j = 0; j < stage; j++) {
        sum = add(s, sum, times(s, number(s, RODAS_A[stage][j]), s->k[j * s->n + v]));
    }
    return sum;
}

/// (sum_j c_j k_j)/h of a stage that is not the first.
static st_value earlier_stages(step* s, const double* c, int stage, int v)
{
    st_value sum = times(s, number(s, c[0]), s->k[v]);
    for (int j = 1; j < stage; j++) {
        sum = add(s, sum, times(s, number(s, c[j]), s->k[j * s->n + v]));
    }
    return times(s, sum, s->inverse_h);
}

/// The right-hand side: f + (sum_j c_j k_j)/h + h d df/dt.
static st_value right_hand_side(step* s, int stage, int v)
{
    const st_value by_time = s->jac[s->n + st_model_pattern(s->model)->entry_count + v];
    st_value k = s->rates[v];
    if (stage != 0) {
        k = add(s, k, earlier_stages(s, RODAS_C[stage], stage, v));
    }
    if (st_model_rates_use_time(s->model) && RODAS_DT[stage] != 0.0) {
        k = add(s, k, times(s, times(s, s->h, number(s, RODAS_DT[stage])), by_time));
    }
    return k;
}

static void solve(step* s, st_value* y)
{
    for (int i = 0; i < s->lu->solve_count; i++) {
        const st_lu_op op = s->lu->solve[i];
        y[op.out] = op.code == ST_LU_SCALE
                        ? times(s, y[op.out], s->entry[op.a])
                        : subtract(s, y[op.out], times(s, s->entry[op.a], y[op.b]));
    }
}

/// One stage: rates at its state and time, right-hand side, solution.
static void write_stage(step* s, int stage)
{
    const int time = s->rate->input_count - 1;
    if (stage == 0) {
        memcpy(s->rates, s->jac, (size_t)s->n * sizeof *s->rates);
    } else {
        for (int v = 0; v < s->n; v++) {
            s->stage_input[v] = stage_state(s, stage, v);
        }
        s->stage_input[time] = add(s, s->input[time], times(s, number(s, RODAS_TIME[stage]), s->h));
        st_program_inline(&s->b, s->rate, s->stage_input, s->rates);
    }
    st_value* k = s->k + (size_t)stage * (size_t)s->n;
    for (int v = 0; v < s->n; v++) {
        k[v] = right_hand_side(s, stage, v);
    }
    solve(s, k);
}

static void write_step(step* s)
{
    const int last = RODAS_STAGES - 1;
    s->inverse_h = divide(s, number(s, 1.0), s->h);
    linearise(s);
    for (int stage = 0; stage < RODAS_STAGES; stage++) {
        write_stage(s, stage);
    }
    for (int v = 0; v < s->n; v++) {
        st_program_output(&s->b, add(s, s->stage_input[v], s->k[last * s->n + v]));
    }
    for (int v = 0; v < s->n; v++) {
        st_program_output(&s->b, s->k[last * s->n + v]);
    }
    for (int i = 0; i < last * s->n; i++) {
        st_program_output(&s->b, s->k[i]);
    }
}

static bool make_room(step* s, st_ctx* ctx)
{
    const size_t inputs = (size_t)s->rate->input_count;
    const size_t n = (size_t)s->n;
    s->input = st_alloc(ctx, inputs + 1u, sizeof *s->input);
    s->stage_input = st_alloc(ctx, inputs + 1u, sizeof *s->stage_input);
    s->jac = st_alloc(ctx, (size_t)s->jacobian->output_count + 1u, sizeof *s->jac);
    s->entry = st_alloc(ctx, (size_t)s->lu->entry_count + 1u, sizeof *s->entry);
    s->rates = st_alloc(ctx, n + 1u, sizeof *s->rates);
    s->k = st_alloc(ctx, RODAS_STAGES * n + 1u, sizeof *s->k);
    return s->input && s->stage_input && s->jac && s->entry && s->rates && s->k;
}

static void free_room(step* s, st_ctx* ctx)
{
    st_free(ctx, s->input);
    st_free(ctx, s->stage_input);
    st_free(ctx, s->jac);
    st_free(ctx, s->entry);
    st_free(ctx, s->rates);
    st_free(ctx, s->k);
}

/// States, time and the step's length change from step to step; parameters and inputs do not.
static st_status begin(step* s, st_ctx* ctx)
{
    const int inputs = s->rate->input_count;
    st_program_level* level = st_alloc(ctx, (size_t)inputs + 1u, sizeof *level);
    if (level == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i <= inputs; i++) {
        level[i] = i < s->n || i >= inputs - 1 ? ST_LEVEL_STEP : ST_LEVEL_PERSON;
        s->input[i] = (st_value)i;
        s->stage_input[i] = (st_value)i;
    }
    s->h = (st_value)inputs;
    const st_status status = st_program_begin(&s->b, ctx, inputs + 1, level);
    st_free(ctx, level);
    return status;
}

st_status st_step_build(st_arena* arena, const st_model* model, const st_tape* rate,
                        const st_tape* jacobian, const st_lu* lu, st_program* out)
{
    st_ctx* ctx = arena->ctx;
    step s = {.model = model,
              .rate = rate,
              .jacobian = jacobian,
              .lu = lu,
              .n = st_model_state_count(model)};
    st_status status = make_room(&s, ctx) ? begin(&s, ctx) : ST_ERR_MEMORY;
    if (status == ST_OK) {
        write_step(&s);
        status = st_program_finish(&s.b, arena, out);
        st_program_clear(&s.b);
    }
    free_room(&s, ctx);
    return status;
}
