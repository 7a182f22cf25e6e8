// The same model file as the population engine: what a substrate does in a place becomes the rates
// of a field in a medium.                                                                   [TIS-9]
//
// All other states keep their start. Then the model's rate of the level x must have the form
// s - k x - V x / (K + x); its four numbers follow from the compiled program and are checked at
// other levels. With d = -f'(0) = k + V/K and h(x) = d - (s - f(x))/x, x/h = K^2/V + x K/V is a
// line.

#include "tissue/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/// The model counts in uM and days, tissue in M and minutes.
#define M_PER_UM    1e-6
#define MIN_PER_DAY 1440.0

typedef struct probe {
    const st_model* model;
    int state;
    bool reacts;   ///< a reaction changes the state
    double* input; ///< states, parameters, inputs, time
    double* reg;
    double* output;
} probe;

// The rate without what reactions do: these run voxel by voxel.                         [TIS-12]
static double rate_at(const probe* p, double level)
{
    p->input[p->state] = level;
    st_tape_run_scalar(st_model_rate_tape(p->model), p->input, p->reg, p->output);
    const double rate = p->output[p->state];
    if (!p->reacts) {
        return rate;
    }
    double by_others = 0.0;
    bool has_others = false;
    st_tape_run_scalar(st_model_channel_tape(p->model), p->input, p->reg, p->output);
    for (int i = 0; i < st_model_channel_count(p->model); i++) {
        const st_channel_info* channel = st_model_channel(p->model, i);
        for (int k = 0; k < channel->change_count && channel->kind != ST_TERM_REACTION; k++) {
            if (channel->change[k].state == p->state) {
                by_others += p->output[channel->change[k].output];
                has_others = true;
            }
        }
    }
    return has_others ? by_others : 0.0;
}

bool st_plan_model_reacts(const st_model* model, int state)
{
    bool reacts = false;
    for (int i = 0; i < st_model_channel_count(model); i++) {
        const st_channel_info* channel = st_model_channel(model, i);
        for (int k = 0; k < channel->change_count; k++) {
            reacts =
                reacts || (channel->kind == ST_TERM_REACTION && channel->change[k].state == state);
        }
    }
    return reacts;
}

static void fill_inputs(const st_model* model, double* input)
{
    double* at = input + st_model_state_count(model);
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        *at++ = st_model_parameter(model, i)->value;
    }
    for (int i = 0; i < st_model_input_count(model); i++) {
        *at++ = st_model_input(model, i)->value;
    }
}

static bool say_depends(st_ctx* ctx, const probe* p, const st_node* node, int other)
{
    return st_node_fail(
        ctx, node,
        "%s depends on %s in a way that is no reaction of the model: only reactions "
        "between fields are solved; an exchange between places is written as a "
        "boundary",
        st_model_state(p->model, p->state)->name, st_model_state(p->model, other)->name);
}

// The same for a state that reacts, whose rate without reactions has no program of derivatives.
static bool check_alone_beside_reactions(st_ctx* ctx, const probe* p, const st_node* node,
                                         double level)
{
    const double rate = rate_at(p, level);
    for (int other = 0; other < st_model_state_count(p->model); other++) {
        const st_state_info* info = st_model_state(p->model, other);
        if (other == p->state || info->kind != ST_STATE_SUBSTRATE) {
            continue;
        }
        const double kept = p->input[other];
        p->input[other] = 2.0 * kept + info->scale;
        const double moved = rate_at(p, level);
        p->input[other] = kept;
        if (moved < rate || moved > rate) {
            return say_depends(ctx, p, node, other);
        }
    }
    return true;
}

// Another substrate in the rate: chemistry between fields, or an exchange that belongs to a wall.
static bool check_alone(st_ctx* ctx, const probe* p, const st_node* node, double* slope)
{
    const st_pattern* pattern = st_model_pattern(p->model);
    st_tape_run_scalar(st_model_jacobian_tape(p->model), p->input, p->reg, p->output);
    const double* entry = p->output + st_model_state_count(p->model);
    for (int e = pattern->row_start[p->state]; e < pattern->row_start[p->state + 1]; e++) {
        const int other = pattern->column[e];
        if (other == p->state) {
            *slope = entry[e];
        } else if (st_model_state(p->model, other)->kind == ST_STATE_SUBSTRATE &&
                   fabs(entry[e]) > 0.0) {
            return say_depends(ctx, p, node, other);
        }
    }
    return true;
}

// The four numbers of the form, in the model's units.
typedef struct form {
    double supply, decay, most, half;
} form;

static double form_at(const form* f, double x)
{
    return f->supply - f->decay * x - (f->most > 0.0 ? f->most * x / (f->half + x) : 0.0);
}

static bool check_form(st_ctx* ctx, const probe* p, const st_node* node, double scale, double d,
                       const form* out)
{
    static const double tries[6] = {0.01, 0.1, 0.5, 2.0, 10.0, 100.0};
    bool fits = out->decay >= 0.0 && out->most >= 0.0 && (out->most > 0.0) <= (out->half > 0.0);
    for (int i = 0; i < 6 && fits; i++) {
        const double x = tries[i] * scale;
        const double size = fabs(out->supply) + fabs(d) * x;
        fits = fabs(form_at(out, x) - rate_at(p, x)) <= 1e-8 * size;
    }
    if (!fits) {
        return st_node_fail(ctx, node,
                            "the model's rate of %s is not supply - decay x - V x/(K + x): only "
                            "that form is solved in tissue",
                            st_model_state(p->model, p->state)->name);
    }
    return true;
}

// With g(x) = (s - f(x))/x = k + V/(K + x): g x = -K g + k x + (k K + V) at three levels.
static void fit_three(const probe* p, double scale, form* out)
{
    double g[3];
    const double x[3] = {0.1 * scale, scale, 10.0 * scale};
    for (int i = 0; i < 3; i++) {
        g[i] = (out->supply - rate_at(p, x[i])) / x[i];
    }
    out->decay = g[2];
    if (fabs(g[0] - g[2]) <= 1e-9 * fabs(g[2])) {
        return; // nothing saturates
    }
    const double dg[2] = {g[1] - g[0], g[2] - g[1]};
    const double dx[2] = {x[1] - x[0], x[2] - x[1]};
    const double dp[2] = {g[1] * x[1] - g[0] * x[0], g[2] * x[2] - g[1] * x[1]};
    const double det = dg[0] * dx[1] - dg[1] * dx[0];
    out->half = -(dp[0] * dx[1] - dp[1] * dx[0]) / det;
    const double k = (dg[0] * dp[1] - dg[1] * dp[0]) / det;
    out->most = (g[0] - k) * (out->half + x[0]);
    out->decay = fabs(k) > 1e-9 * fabs(g[0]) ? k : 0.0;
}

static bool find_form(st_ctx* ctx, const probe* p, const st_node* node, double scale, form* out)
{
    double slope = 0.0;
    out->supply = rate_at(p, 0.0);
    if (p->reacts ? !check_alone_beside_reactions(ctx, p, node, scale)
                  : !check_alone(ctx, p, node, &slope)) {
        return false;
    }
    double d = -slope;
    if (p->reacts) {
        fit_three(p, scale, out);
        d = out->decay + (out->most > 0.0 ? out->most / out->half : 0.0);
        return check_form(ctx, p, node, scale, d, out);
    }
    const double h1 = d - (out->supply - rate_at(p, scale)) / scale;
    const double h2 = d - (out->supply - rate_at(p, 3.0 * scale)) / (3.0 * scale);
    out->decay = d;
    if (fabs(h1) > 1e-12 * fabs(d) && fabs(h2) > 1e-12 * fabs(d)) {
        const double line = (3.0 * scale / h2 - scale / h1) / (2.0 * scale);
        out->half = (scale / h1 - line * scale) / line;
        out->most = out->half / line;
        out->decay = d - 1.0 / line;
        out->decay = fabs(out->decay) > 1e-9 * fabs(d) ? out->decay : 0.0;
    }
    return check_form(ctx, p, node, scale, d, out);
}
/// With single cells in the file only the start is read: what cells and chemistry do is theirs.
static bool read_start(const probe* p, double* initial_M)
{
    st_tape_run_scalar(st_model_initial_tape(p->model), p->input, p->reg, p->output);
    *initial_M = p->output[p->state] * M_PER_UM;
    return true;
}

static bool read_rates(st_ctx* ctx, const probe* p, const st_node* node, st_medium_rates* rates,
                       double* initial_M)
{
    st_tape_run_scalar(st_model_initial_tape(p->model), p->input, p->reg, p->output);
    memcpy(p->input, p->output, (size_t)st_model_state_count(p->model) * sizeof *p->input);
    const double start = p->input[p->state];
    const double typical = st_model_state(p->model, p->state)->scale;
    form f = {0};
    if (!find_form(ctx, p, node, start > 0.0 ? start : typical, &f)) {
        return false;
    }
    rates->supply_M_per_min = f.supply * M_PER_UM / MIN_PER_DAY;
    rates->decay_per_min = f.decay / MIN_PER_DAY;
    rates->uptake_max_M_per_min = f.most * M_PER_UM / MIN_PER_DAY;
    rates->uptake_half_M = f.half * M_PER_UM;
    *initial_M = start * M_PER_UM;
    return true;
}

bool st_plan_model_rates(st_ctx* ctx, const st_tissue_plan* plan, const st_node* node,
                         const char* field, int medium, st_medium_rates* rates, double* initial_M)
{
    const st_model* model = plan->model;
    char name[256];
    snprintf(name, sizeof name, "%s@%s", field, plan->place[medium]);
    const int state = st_model_find_state(model, name);
    if (state < 0 || st_model_state(model, state)->kind != ST_STATE_SUBSTRATE) {
        return st_node_fail(ctx, node, "the model has no substrate %s", name);
    }
    const bool has_cells = st_tissue_plan_cells(plan) != NULL;
    if (st_model_rates_use_time(model) && !has_cells) {
        return st_node_fail(ctx, node,
                            "the model's rates change with time: not solved in tissue yet");
    }
    const st_tape* tapes[4] = {st_model_rate_tape(model), st_model_jacobian_tape(model),
                               st_model_initial_tape(model), st_model_channel_tape(model)};
    int registers = 1;
    int outputs = 1;
    for (int i = 0; i < 4; i++) {
        registers = tapes[i]->register_count > registers ? tapes[i]->register_count : registers;
        outputs = tapes[i]->output_count > outputs ? tapes[i]->output_count : outputs;
    }
    const int inputs = st_model_state_count(model) + st_model_parameter_count(model) +
                       st_model_input_count(model) + 1;
    probe p = {.model = model, .state = state, .reacts = st_plan_model_reacts(model, state)};
    p.input = st_alloc(ctx, (size_t)inputs, sizeof *p.input);
    p.reg = st_alloc(ctx, (size_t)registers, sizeof *p.reg);
    p.output = st_alloc(ctx, (size_t)outputs, sizeof *p.output);
    bool is_read = false;
    if (p.input && p.reg && p.output) {
        fill_inputs(model, p.input);
        is_read =
            has_cells ? read_start(&p, initial_M) : read_rates(ctx, &p, node, rates, initial_M);
    }
    st_free(ctx, p.input);
    st_free(ctx, p.reg);
    st_free(ctx, p.output);
    return is_read;
}
