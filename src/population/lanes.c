#include "rodas.h"
#include "solver.h"

#include <math.h>

/// Puts one individual's numbers into its lane of `block`.
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

/// First number of a slot.
static double* slot_of(const st_population* p, int slot)
{
    return p->lanes.slot + (size_t)slot * ST_LANES;
}

/// Output block of the step: [state_count][ST_LANES].
static double* output_of(const st_population* p, int block)
{
    return slot_of(p, p->step.first_output + block * p->state_count);
}

/// Inputs of a lane; what depends on them is computed before the next step.
static void load_inputs(st_population* p, int lane)
{
    const int first = p->state_count + st_model_parameter_count(p->model);
    scatter(slot_of(p, first), lane, p->individual[lane].input, st_model_input_count(p->model));
    p->lanes.is_new = true;
}

static void load_person(st_population* p, int lane)
{
    scatter(slot_of(p, p->state_count), lane, p->individual[lane].course->parameter,
            st_model_parameter_count(p->model));
    load_inputs(p, lane);
}

/// The state between day and day + h at share theta of the step.                    [POP-1]
static void dense(const st_population* p, int lane, double theta, double* out)
{
    const double* x = slot_of(p, 0);
    const double* y = output_of(p, ST_STEP_NEW);
    const double* k = output_of(p, ST_STEP_STAGE);
    const size_t width = (size_t)p->state_count * ST_LANES;
    for (int v = 0; v < p->state_count; v++) {
        const size_t at = (size_t)v * ST_LANES + (size_t)lane;
        double c[2] = {0.0, 0.0};
        for (int j = 0; j < 5; j++) {
            c[0] += RODAS_D[0][j] * k[(size_t)j * width + at];
            c[1] += RODAS_D[1][j] * k[(size_t)j * width + at];
        }
        out[v] = x[at] * (1.0 - theta) + theta * (y[at] + (1.0 - theta) * (c[0] + theta * c[1]));
    }
}

/// Why a lane's step was not taken: the first state that is not finite or below zero, else the one
/// with the largest error.
static int find_culprit(const st_population* p, int lane)
{
    const double* error = output_of(p, ST_STEP_ERROR);
    const double rtol = p->def.relative_tolerance;
    double largest = 0.0;
    int worst = 0;
    for (int v = 0; v < p->state_count; v++) {
        const size_t at = (size_t)v * ST_LANES + (size_t)lane;
        const double x = fabs(p->lanes.slot[at]);
        const double y = output_of(p, ST_STEP_NEW)[at];
        if (!(fabs(y) < 1e290 && y >= -(p->lowest[v] + rtol * x))) {
            return v;
        }
        const double e = error[at] / (p->absolute[v] + rtol * (x > fabs(y) ? x : fabs(y)));
        if (e * e > largest) {
            largest = e * e;
            worst = v;
        }
    }
    return worst;
}

/// Gives the lane its next course; false when none is left.
static bool refill(st_population* p, int lane, st_course* course, int count, int* next)
{
    st_individual* who = &p->individual[lane];
    while (*next < count) {
        const int index = st_shares_order(&p->shares, (*next)++);
        st_individual_begin(p->model, &p->def, who, &course[index], &p->scratch, p->scratch.state);
        st_shares_take(&p->shares, course, index, who, p->scratch.state);
        st_individual_arrive(p->model, &p->def, who, &p->scratch, p->scratch.state);
        if (who->is_active) {
            load_person(p, lane);
            scatter(p->lanes.slot, lane, p->scratch.state, p->state_count);
            return true;
        }
    }
    who->is_active = false;
    return false;
}

/// Lanes that never get a person compute along harmlessly on a copy of one that has one.
static void fill_idle(st_population* p)
{
    int from = -1;
    for (int lane = 0; lane < ST_LANES; lane++) {
        from = p->individual[lane].is_active ? lane : from;
    }
    for (int slot = 0; from >= 0 && slot < p->step.input_count; slot++) {
        double* at = slot_of(p, slot);
        for (int lane = 0; lane < ST_LANES; lane++) {
            at[lane] = p->individual[lane].is_active ? at[lane] : at[from];
        }
    }
}

/// What one step of all lanes was.
typedef struct outcome {
    bool hits_stop[ST_LANES];
    _Alignas(64) double sum[ST_LANES];    ///< of squared scaled errors
    _Alignas(64) uint64_t ok[ST_LANES];   ///< all bits set: finite and not below zero
    _Alignas(64) uint64_t take[ST_LANES]; ///< all bits set: accepted
} outcome;

/// One step of all lanes: each has its own time and length.                          [POP-1]
static void attempt(st_population* p, outcome* o)
{
    double* day = slot_of(p, p->step.input_count - 2);
    double* h = slot_of(p, p->step.input_count - 1);
    for (int lane = 0; lane < ST_LANES; lane++) {
        const st_individual* who = &p->individual[lane];
        o->hits_stop[lane] = false;
        o->take[lane] = 0;
        if (who->is_active) {
            day[lane] = who->day;
            h[lane] = st_individual_step(p->model, &p->def, who, &o->hits_stop[lane]);
        }
    }
    if (p->lanes.is_new) {
        st_program_run(p->step.prologue, p->step.prologue_count, p->width, p->lanes.slot);
        p->lanes.is_new = false;
    }
    if (p->code != NULL) {
        st_code_run(p->code, p->lanes.slot);
    } else {
        st_program_run(p->step.body, p->step.body_count, p->width, p->lanes.slot);
    }
    const st_norm norm = {.count = p->state_count,
                          .x = slot_of(p, 0),
                          .y = output_of(p, ST_STEP_NEW),
                          .error = output_of(p, ST_STEP_ERROR),
                          .absolute = p->absolute,
                          .lowest = p->lowest,
                          .relative = p->def.relative_tolerance};
    st_norm_run(&norm, p->width, o->sum, o->ok);
}

/// A lane's step, for the search for thresholds.
typedef struct lane_step {
    const st_population* p;
    int lane;
} lane_step;

static void dense_of(const void* of, double theta, double* out)
{
    const lane_step* step = of;
    dense(step->p, step->lane, theta, out);
}

/// Judges a lane's step; an accepted one gives its samples and moves the lane's time.
static void judge(st_population* p, int lane, outcome* o)
{
    st_individual* who = &p->individual[lane];
    const st_course* course = who->course;
    const double h = slot_of(p, p->step.input_count - 1)[lane];
    const double error = sqrt(o->sum[lane] / p->state_count);
    const bool is_bad = o->ok[lane] == 0 || !isfinite(error);
    if (!st_individual_judge(who, h, o->hits_stop[lane], error, is_bad)) {
        o->hits_stop[lane] = false;
        return;
    }
    const double new_day = o->hits_stop[lane] ? st_individual_stop(p->model, who) : who->day + h;
    const lane_step step = {p, lane};
    if (st_individual_crosses(p->model, who, &p->scratch, new_day, dense_of, &step)) {
        o->hits_stop[lane] = false; // again, up to the threshold
        return;
    }
    while (who->next_sample < course->sample_count &&
           course->sample_day[who->next_sample] < new_day) {
        const double at = course->sample_day[who->next_sample];
        dense(p, lane, (at - who->day) / (new_day - who->day), p->scratch.state);
        st_individual_sample(p->model, who, &p->scratch, at, p->scratch.state);
    }
    who->day = new_day;
    o->take[lane] = UINT64_MAX;
}

/// What is due where the lane's step ended.
static void arrive(st_population* p, int lane, const st_course* course)
{
    st_individual* who = &p->individual[lane];
    gather(p->lanes.slot, lane, p->scratch.state, p->state_count);
    st_shares_keep(&p->shares, (int)(who->course - course), who, p->scratch.state);
    if (st_individual_arrive(p->model, &p->def, who, &p->scratch, p->scratch.state)) {
        load_inputs(p, lane);
        scatter(p->lanes.slot, lane, p->scratch.state, p->state_count);
    }
}

static st_status solve(st_population* p, st_course* course, int count)
{
    int next = 0;
    int active = 0;
    for (int lane = 0; lane < ST_LANES; lane++) {
        active += refill(p, lane, course, count, &next) ? 1 : 0;
    }
    fill_idle(p);
    while (active > 0) {
        outcome o;
        if (st_ctx_should_stop(p->ctx)) {
            return ST_ERR_INTERRUPTED;
        }
        attempt(p, &o);
        for (int lane = 0; lane < ST_LANES; lane++) {
            st_individual* who = &p->individual[lane];
            if (who->is_active) {
                judge(p, lane, &o);
                if (!o.take[lane] && st_individual_is_stuck(&p->def, who)) {
                    st_individual_fail(p->model, who, find_culprit(p, lane));
                }
            }
        }
        st_lanes_take(p->lanes.slot, output_of(p, ST_STEP_NEW), p->state_count, o.take, p->width);
        for (int lane = 0; lane < ST_LANES; lane++) {
            st_individual* who = &p->individual[lane];
            if (who->is_active && o.hits_stop[lane]) {
                arrive(p, lane, course);
            }
            if (o.take[lane] && who->is_active && st_individual_is_stuck(&p->def, who)) {
                st_individual_fail(p->model, who, find_culprit(p, lane));
            }
            if (who->course != NULL && !who->is_active && !refill(p, lane, course, count, &next)) {
                who->course = NULL;
                active--;
            }
        }
    }
    return ST_OK;
}

st_status st_population_solve(st_population* p, st_course* course, int count)
{
    for (int c = 0; c < count; c++) {
        ST_TRY(st_population_check(p, &course[c]));
    }
    ST_TRY(st_shares_plan(&p->shares, course, count));
    p->scratch.samples = &p->samples;
    const st_status status = solve(p, course, count);
    st_samples_flush(&p->samples);
    p->scratch.samples = NULL;
    return status;
}
