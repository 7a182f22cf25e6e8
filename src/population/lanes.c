#include "solver.h"

#include "rodas.h"

#include <math.h>
#include <string.h>

#define LANES for (int i = 0; i < ST_LANES; i++)

/// Puts one individual's states into its lane of `block`.
static void scatter(double* block, int lane, const double* x, int count)
{
    for (int s = 0; s < count; s++) {
        block[(size_t)s * ST_LANES + (size_t)lane] = x[s];
    }
}

static void gather(const double* block, int lane, double* x, int count)
{
    for (int s = 0; s < count; s++) {
        x[s] = block[(size_t)s * ST_LANES + (size_t)lane];
    }
}

/// Parameters and inputs of a lane, in the registers of both tapes.
static void load_person(st_population* p, int lane)
{
    const int parameters = st_model_parameter_count(p->model);
    const int inputs = st_model_input_count(p->model);
    const st_individual* who = &p->individual[lane];
    double* const regs[2] = {p->lanes.rate_reg, p->lanes.jac_reg};
    for (int r = 0; r < 2; r++) {
        double* at = regs[r] + (size_t)p->state_count * ST_LANES;
        scatter(at, lane, who->course->parameter, parameters);
        scatter(at + (size_t)parameters * ST_LANES, lane, who->input, inputs);
    }
}

static double* time_register(const st_tape* tape, double* reg)
{
    return reg + (size_t)(tape->input_count - 1) * ST_LANES;
}

/// Rates, Jacobian and matrix 1/(h gamma) I - J at the present states; factors it.
static void linearise(st_population* p)
{
    const st_tape* tape = st_model_jacobian_tape(p->model);
    const st_pattern* pattern = st_model_pattern(p->model);
    st_lane_space* s = &p->lanes;
    const size_t bytes = (size_t)p->state_count * ST_LANES * sizeof(double);

    memcpy(s->jac_reg, s->x, bytes);
    memcpy(time_register(tape, s->jac_reg), s->day, sizeof s->day);
    st_tape_run(tape, s->jac_reg);
    memset(s->entry, 0, (size_t)p->lu.entry_count * ST_LANES * sizeof(double));
    for (int e = 0; e < pattern->entry_count; e++) {
        const double* j = s->jac_reg + (size_t)tape->output[p->state_count + e] * ST_LANES;
        double* out = s->entry + (size_t)p->lu.from_pattern[e] * ST_LANES;
        LANES out[i] = -j[i];
    }
    for (int n = 0; n < p->state_count; n++) {
        double* out = s->entry + (size_t)p->lu.diagonal[n] * ST_LANES;
        LANES out[i] += 1.0 / (s->h[i] * RODAS_GAMMA);
    }
    st_lu_factor(&p->lu, s->entry);
}

/// y = x + sum_j a_j k_j
static void stage_state(st_population* p, int stage)
{
    st_lane_space* s = &p->lanes;
    const size_t width = (size_t)p->state_count * ST_LANES;
    memcpy(s->y, s->x, width * sizeof *s->y);
    for (int j = 0; j < stage; j++) {
        const double a = RODAS_A[stage][j];
        const double* k = s->k + (size_t)j * width;
        for (size_t v = 0; v < width; v++) {
            s->y[v] += a * k[v];
        }
    }
}

/// f at the stage: from the Jacobian's tape for the first, from the rate tape for the others.
static void stage_rates(st_population* p, int stage)
{
    st_lane_space* s = &p->lanes;
    const int n = p->state_count;
    const st_tape* tape =
        stage == 0 ? st_model_jacobian_tape(p->model) : st_model_rate_tape(p->model);
    double* reg = stage == 0 ? s->jac_reg : s->rate_reg;
    if (stage > 0) {
        memcpy(reg, s->y, (size_t)n * ST_LANES * sizeof *reg);
        double* time = time_register(tape, reg);
        LANES time[i] = s->day[i] + RODAS_TIME[stage] * s->h[i];
        st_tape_run(tape, reg);
    }
    for (int v = 0; v < n; v++) {
        memcpy(s->f + (size_t)v * ST_LANES, reg + (size_t)tape->output[v] * ST_LANES,
               ST_LANES * sizeof(double));
    }
}

/// Adds h d_i df/dt for rates that name the time.
static void add_time_derivative(st_population* p, int stage)
{
    const double d = RODAS_DT[stage];
    if (!st_model_rates_use_time(p->model) || d == 0.0) {
        return;
    }
    st_lane_space* s = &p->lanes;
    const st_tape* tape = st_model_jacobian_tape(p->model);
    const int first = p->state_count + st_model_pattern(p->model)->entry_count;
    for (int v = 0; v < p->state_count; v++) {
        const double* ft = s->jac_reg + (size_t)tape->output[first + v] * ST_LANES;
        double* f = s->f + (size_t)v * ST_LANES;
        LANES f[i] += s->h[i] * d * ft[i];
    }
}

/// One step of all lanes from x: y = new state, k[5] = error estimate.              [POP-1]
static void attempt(st_population* p)
{
    st_lane_space* s = &p->lanes;
    const size_t width = (size_t)p->state_count * ST_LANES;

    linearise(p);
    for (int stage = 0; stage < RODAS_STAGES; stage++) {
        double* k = s->k + (size_t)stage * width;
        stage_state(p, stage);
        stage_rates(p, stage);
        add_time_derivative(p, stage);
        memcpy(k, s->f, width * sizeof *k);
        for (int j = 0; j < stage; j++) {
            double c[ST_LANES];
            LANES c[i] = RODAS_C[stage][j] / s->h[i];
            const double* kj = s->k + (size_t)j * width;
            for (int v = 0; v < p->state_count; v++) {
                const size_t at = (size_t)v * ST_LANES;
                LANES k[at + (size_t)i] += c[i] * kj[at + (size_t)i];
            }
        }
        st_lu_solve(&p->lu, s->entry, k);
    }
    const double* last = s->k + 5 * width;
    for (size_t v = 0; v < width; v++) {
        s->y[v] += last[v];
    }
}

/// Scaled error norms of all lanes; bad[lane] = state + 1 that is not finite or below zero,
/// worst[lane] = state with the largest error.
static void measure_errors(const st_population* p, double* error, int* bad, int* worst)
{
    const st_lane_space* s = &p->lanes;
    const double* last = s->k + 5 * (size_t)p->state_count * ST_LANES;
    const double rtol = p->def.relative_tolerance;
    double largest[ST_LANES] = {0.0};
    LANES error[i] = 0.0;
    LANES worst[i] = 0;
    LANES bad[i] = 0;
    for (int v = 0; v < p->state_count; v++) {
        const size_t at = (size_t)v * ST_LANES;
        const double floor_of_zero = p->may_be_negative[v] ? INFINITY : p->absolute[v];
        LANES
        {
            const double x = s->x[at + (size_t)i];
            const double y = s->y[at + (size_t)i];
            const double scale = p->absolute[v] + rtol * fmax(fabs(x), fabs(y));
            const double e = last[at + (size_t)i] / scale;
            error[i] += e * e;
            worst[i] = e * e > largest[i] ? v : worst[i];
            largest[i] = e * e > largest[i] ? e * e : largest[i];
            const bool ok = fabs(y) < 1e290 && y >= -(floor_of_zero + rtol * fabs(x));
            bad[i] = bad[i] == 0 && !ok ? v + 1 : bad[i];
        }
    }
    LANES error[i] = sqrt(error[i] / p->state_count);
}

/// The state between day and day + h at share theta of the step.                    [POP-1]
static void dense(const st_population* p, int lane, double theta, double* out)
{
    const st_lane_space* s = &p->lanes;
    const size_t width = (size_t)p->state_count * ST_LANES;
    for (int v = 0; v < p->state_count; v++) {
        const size_t at = (size_t)v * ST_LANES + (size_t)lane;
        double c[2] = {0.0, 0.0};
        for (int j = 0; j < 5; j++) {
            c[0] += RODAS_D[0][j] * s->k[(size_t)j * width + at];
            c[1] += RODAS_D[1][j] * s->k[(size_t)j * width + at];
        }
        out[v] =
            s->x[at] * (1.0 - theta) + theta * (s->y[at] + (1.0 - theta) * (c[0] + theta * c[1]));
    }
}

/// Takes the step of one lane over: samples within, then what is due at its end.
static void advance(st_population* p, int lane, double new_day, bool hits_stop)
{
    st_individual* who = &p->individual[lane];
    st_course* course = who->course;
    while (who->next_sample < course->sample_count &&
           course->sample_day[who->next_sample] < new_day) {
        const double at = course->sample_day[who->next_sample];
        dense(p, lane, (at - who->day) / (new_day - who->day), p->scratch.state);
        st_individual_sample(p->model, who, &p->scratch, at, p->scratch.state);
    }
    who->day = new_day;
    gather(p->lanes.y, lane, p->scratch.state, p->state_count);
    if (hits_stop && st_individual_arrive(p->model, &p->def, who, &p->scratch, p->scratch.state)) {
        load_person(p, lane);
    }
    scatter(p->lanes.x, lane, p->scratch.state, p->state_count);
}

/// Gives the lane its next course; false when none is left.
static bool refill(st_population* p, int lane, st_course* course, int count, int* next)
{
    st_individual* who = &p->individual[lane];
    while (*next < count) {
        st_individual_begin(p->model, &p->def, who, &course[(*next)++], &p->scratch,
                            p->scratch.state);
        st_individual_arrive(p->model, &p->def, who, &p->scratch, p->scratch.state);
        if (who->is_active) {
            load_person(p, lane);
            scatter(p->lanes.x, lane, p->scratch.state, p->state_count);
            return true;
        }
    }
    who->is_active = false;
    return false;
}

/// Lanes without a person compute along harmlessly on a copy of one that has a person.
static void fill_idle(st_population* p, int from)
{
    double* const regs[2] = {p->lanes.rate_reg, p->lanes.jac_reg};
    const int inputs = st_model_rate_tape(p->model)->input_count;
    for (int lane = 0; lane < ST_LANES; lane++) {
        if (p->individual[lane].is_active) {
            continue;
        }
        for (int v = 0; v < p->state_count; v++) {
            double* x = p->lanes.x + (size_t)v * ST_LANES;
            x[lane] = x[from];
        }
        for (int r = 0; r < 2; r++) {
            for (int v = p->state_count; v < inputs - 1; v++) {
                double* at = regs[r] + (size_t)v * ST_LANES;
                at[lane] = at[from];
            }
        }
        p->lanes.day[lane] = p->lanes.day[from];
        p->lanes.h[lane] = p->lanes.h[from];
    }
}

st_status st_population_solve(st_population* p, st_course* course, int count)
{
    for (int c = 0; c < count; c++) {
        ST_TRY(st_population_check(p, &course[c]));
    }
    int next = 0;
    int active = 0;
    for (int lane = 0; lane < ST_LANES; lane++) {
        active += refill(p, lane, course, count, &next) ? 1 : 0;
    }
    while (active > 0) {
        bool hits_stop[ST_LANES] = {false};
        double error[ST_LANES];
        int bad[ST_LANES];
        int worst[ST_LANES];
        int any = -1;
        if (st_ctx_should_stop(p->ctx)) {
            return ST_ERR_INTERRUPTED;
        }
        for (int lane = 0; lane < ST_LANES; lane++) {
            const st_individual* who = &p->individual[lane];
            if (who->is_active) {
                p->lanes.day[lane] = who->day;
                p->lanes.h[lane] = st_individual_step(p->model, &p->def, who, &hits_stop[lane]);
                any = lane;
            }
        }
        if (active < ST_LANES) {
            fill_idle(p, any);
        }
        attempt(p);
        measure_errors(p, error, bad, worst);
        for (int lane = 0; lane < ST_LANES; lane++) {
            st_individual* who = &p->individual[lane];
            if (!who->is_active) {
                continue;
            }
            const double h = p->lanes.h[lane];
            const bool is_bad = bad[lane] > 0 || !isfinite(error[lane]);
            if (st_individual_judge(who, h, hits_stop[lane], error[lane], is_bad)) {
                const double stop = st_individual_stop(p->model, who);
                advance(p, lane, hits_stop[lane] ? stop : who->day + h, hits_stop[lane]);
            }
            if (who->is_active && st_individual_is_stuck(&p->def, who)) {
                st_individual_fail(p->model, who, bad[lane] > 0 ? bad[lane] - 1 : worst[lane]);
            }
            if (!who->is_active && !refill(p, lane, course, count, &next)) {
                active--;
            }
        }
    }
    return ST_OK;
}
