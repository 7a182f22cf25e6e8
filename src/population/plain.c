#include "solver.h"

#include "rodas.h"

#include <math.h>
#include <string.h>

// The plain twin of lanes.c: one individual, no lanes, the same arithmetic in the same order. Kept
// to prove the lane version, bit for bit.

/// states, parameters, inputs, time into the slots of a tape run.
static void fill(st_population* p, const st_individual* who, const double* x, double day)
{
    const int parameters = st_model_parameter_count(p->model);
    const int inputs = st_model_input_count(p->model);
    double* slot = p->plain.slot;
    memcpy(slot, x, (size_t)p->state_count * sizeof *slot);
    slot += p->state_count;
    memcpy(slot, who->course->parameter, (size_t)parameters * sizeof *slot);
    memcpy(slot + parameters, who->input, (size_t)inputs * sizeof *slot);
    slot[parameters + inputs] = day;
}

/// One step of length h: y = new state, k[5] = error estimate.
static void attempt(st_population* p, const st_individual* who, double h)
{
    st_plain_space* s = &p->plain;
    const int n = p->state_count;
    const st_pattern* pattern = st_model_pattern(p->model);

    fill(p, who, s->x, who->day);
    const double inverse_h = 1.0 / h;
    st_tape_run_scalar(&p->jacobian, s->slot, s->reg, s->output);
    memset(s->entry, 0, (size_t)p->lu.entry_count * sizeof *s->entry);
    for (int e = 0; e < pattern->entry_count; e++) {
        s->entry[p->lu.from_pattern[e]] = -s->output[n + e];
    }
    for (int v = 0; v < n; v++) {
        s->entry[p->lu.diagonal[v]] += 1.0 / RODAS_GAMMA * inverse_h;
    }
    st_lu_factor_scalar(&p->lu, s->entry);
    const double* by_time = s->output + n + pattern->entry_count;
    memcpy(s->f, s->output, (size_t)n * sizeof *s->f);
    for (int stage = 0; stage < RODAS_STAGES; stage++) {
        double* k = s->k + (size_t)stage * (size_t)n;
        memcpy(s->y, s->x, (size_t)n * sizeof *s->y);
        for (int j = 0; j < stage; j++) {
            for (int v = 0; v < n; v++) {
                s->y[v] += RODAS_A[stage][j] * s->k[j * n + v];
            }
        }
        if (stage > 0) {
            fill(p, who, s->y, who->day + RODAS_TIME[stage] * h);
            st_tape_run_scalar(&p->rate, s->slot, s->reg, s->f);
        }
        for (int v = 0; v < n; v++) {
            double sum = RODAS_C[stage][0] * s->k[v];
            for (int j = 1; j < stage; j++) {
                sum += RODAS_C[stage][j] * s->k[j * n + v];
            }
            k[v] = stage > 0 ? s->f[v] + sum * inverse_h : s->f[v];
            if (st_model_rates_use_time(p->model) && RODAS_DT[stage] != 0.0) {
                k[v] += h * RODAS_DT[stage] * by_time[v];
            }
        }
        st_lu_solve_scalar(&p->lu, s->entry, k);
    }
    for (int v = 0; v < n; v++) {
        s->y[v] += s->k[5 * n + v];
    }
}

static double measure_error(const st_population* p, int* bad, int* worst)
{
    const st_plain_space* s = &p->plain;
    const int n = p->state_count;
    const double rtol = p->def.relative_tolerance;
    double sum = 0.0;
    double largest = 0.0;
    *bad = 0;
    *worst = 0;
    for (int v = 0; v < n; v++) {
        const double x = s->x[v];
        const double y = s->y[v];
        const double size = fabs(x) > fabs(y) ? fabs(x) : fabs(y);
        const double e = s->k[5 * n + v] / (p->absolute[v] + rtol * size);
        sum += e * e;
        *worst = e * e > largest ? v : *worst;
        largest = e * e > largest ? e * e : largest;
        const bool ok = fabs(y) < 1e290 && y >= -(p->lowest[v] + rtol * fabs(x));
        *bad = *bad == 0 && !ok ? v + 1 : *bad;
    }
    return sqrt(sum / n);
}

static void dense(const st_population* p, double theta, double* out)
{
    const st_plain_space* s = &p->plain;
    const int n = p->state_count;
    for (int v = 0; v < n; v++) {
        double c[2] = {0.0, 0.0};
        for (int j = 0; j < 5; j++) {
            c[0] += RODAS_D[0][j] * s->k[j * n + v];
            c[1] += RODAS_D[1][j] * s->k[j * n + v];
        }
        out[v] =
            s->x[v] * (1.0 - theta) + theta * (s->y[v] + (1.0 - theta) * (c[0] + theta * c[1]));
    }
}

static void dense_of(const void* of, double theta, double* out)
{
    dense(of, theta, out);
}

static void advance(st_population* p, st_individual* who, double new_day, bool hits_stop)
{
    const st_course* course = who->course;
    while (who->next_sample < course->sample_count &&
           course->sample_day[who->next_sample] < new_day) {
        const double at = course->sample_day[who->next_sample];
        dense(p, (at - who->day) / (new_day - who->day), p->scratch.state);
        st_individual_sample(p->model, who, &p->scratch, at, p->scratch.state);
    }
    who->day = new_day;
    memcpy(p->plain.x, p->plain.y, (size_t)p->state_count * sizeof *p->plain.x);
    if (hits_stop) {
        st_individual_arrive(p->model, &p->def, who, &p->scratch, p->plain.x);
    }
}

st_status st_population_solve_scalar(st_population* p, st_course* course, int count)
{
    st_individual* who = &p->individual[0];
    for (int c = 0; c < count; c++) {
        ST_TRY(st_population_check(p, &course[c]));
    }
    for (int c = 0; c < count; c++) {
        st_individual_begin(p->model, &p->def, who, &course[c], &p->scratch, p->plain.x);
        st_individual_arrive(p->model, &p->def, who, &p->scratch, p->plain.x);
        while (who->is_active) {
            if (st_ctx_should_stop(p->ctx)) {
                return ST_ERR_INTERRUPTED;
            }
            bool hits_stop;
            int bad;
            int worst;
            const double h = st_individual_step(p->model, &p->def, who, &hits_stop);
            attempt(p, who, h);
            const double error = measure_error(p, &bad, &worst);
            if (st_individual_judge(who, h, hits_stop, error, bad > 0 || !isfinite(error))) {
                const double new_day = hits_stop ? st_individual_stop(p->model, who) : who->day + h;
                if (!st_individual_crosses(p->model, who, &p->scratch, new_day, dense_of, p)) {
                    advance(p, who, new_day, hits_stop);
                }
            }
            if (who->is_active && st_individual_is_stuck(&p->def, who)) {
                st_individual_fail(p->model, who, bad > 0 ? bad - 1 : worst);
            }
        }
    }
    return ST_OK;
}
