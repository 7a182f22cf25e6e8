#include "peers.h"

#ifdef STROMA_HAS_CVODE

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunmatrix/sunmatrix_sparse.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// One person on the way.
typedef struct walk {
    const bench_case* c;
    const bench_source* source;
    const double* person;
    double* jac; ///< outputs of the Jacobian tape
    double *slot, *reg, *value;
    int n;
} walk;

static int rates(realtype t, N_Vector y, N_Vector f, void* data)
{
    const walk* w = data;
    w->source->rates(N_VGetArrayPointer(y), w->person, t, N_VGetArrayPointer(f));
    return 0;
}

static int dense_jacobian(realtype t, N_Vector y, N_Vector f, SUNMatrix J, void* data, N_Vector a,
                          N_Vector b, N_Vector c)
{
    (void)f, (void)a, (void)b, (void)c;
    walk* w = data;
    const st_pattern* pattern = st_model_pattern(w->c->model);
    w->source->jacobian(N_VGetArrayPointer(y), w->person, t, w->jac);
    SUNMatZero(J);
    for (int i = 0; i < w->n; i++) {
        for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
            SM_ELEMENT_D(J, i, pattern->column[e]) = w->jac[w->n + e];
        }
    }
    return 0;
}

static int sparse_jacobian(realtype t, N_Vector y, N_Vector f, SUNMatrix J, void* data, N_Vector a,
                           N_Vector b, N_Vector c)
{
    (void)f, (void)a, (void)b, (void)c;
    walk* w = data;
    const st_pattern* pattern = st_model_pattern(w->c->model);
    sunindextype* row = SUNSparseMatrix_IndexPointers(J);
    sunindextype* column = SUNSparseMatrix_IndexValues(J);
    w->source->jacobian(N_VGetArrayPointer(y), w->person, t, w->jac);
    for (int i = 0; i <= w->n; i++) {
        row[i] = pattern->row_start[i];
    }
    for (int e = 0; e < pattern->entry_count; e++) {
        column[e] = pattern->column[e];
    }
    memcpy(SUNSparseMatrix_Data(J), w->jac + w->n, (size_t)pattern->entry_count * sizeof(double));
    return 0;
}

/// Events of the model and the course's actions that are due at `day`.
static bool act(walk* w, double day, const st_course* course, double* x, int* next_action,
                bool* event_done)
{
    const st_model* m = w->c->model;
    bool changed = false;
    for (int e = 0; e < st_model_event_count(m); e++) {
        const st_event_info* event = st_model_event(m, e);
        if (event_done[e] || !(event->day <= day)) {
            continue;
        }
        event_done[e] = true;
        changed = true;
        memcpy(w->slot, x, (size_t)w->n * sizeof *x);
        memcpy(w->slot + w->n, w->person,
               (size_t)(st_model_rate_tape(m)->input_count - w->n - 1) * sizeof *x);
        w->slot[st_model_rate_tape(m)->input_count - 1] = day;
        st_tape_run_scalar(st_model_event_tape(m), w->slot, w->reg, w->value);
        for (int i = 0; i < event->action_count; i++) {
            const st_event_action* a = &event->action[i];
            const double v = w->value[a->output];
            x[a->state] = a->change == ST_CHANGE_SET   ? v
                          : a->change == ST_CHANGE_ADD ? x[a->state] + v
                                                       : x[a->state] * v;
        }
    }
    while (*next_action < course->action_count && course->action[*next_action].day <= day) {
        const st_action* a = &course->action[(*next_action)++];
        x[a->index] += a->value;
        changed = true;
    }
    return changed;
}

static double next_stop(const walk* w, const st_course* course, int next_action,
                        const bool* event_done)
{
    double stop = course->end_day;
    for (int e = 0; e < st_model_event_count(w->c->model); e++) {
        if (!event_done[e]) {
            stop = fmin(stop, st_model_event(w->c->model, e)->day);
        }
    }
    return next_action < course->action_count ? fmin(stop, course->action[next_action].day) : stop;
}

static bool solve_one(walk* w, void* cv, N_Vector y, const st_course* course, double* sample)
{
    double* x = N_VGetArrayPointer(y);
    bool event_done[64] = {false};
    double day = course->begin_day;
    int next_action = 0;
    int next_sample = 0;
    const int n = w->n;
    memset(w->slot, 0, (size_t)n * sizeof *x);
    memcpy(w->slot + n, w->person,
           (size_t)(st_model_rate_tape(w->c->model)->input_count - n - 1) * sizeof *x);
    st_tape_run_scalar(st_model_initial_tape(w->c->model), w->slot, w->reg, x);
    act(w, day, course, x, &next_action, event_done);
    if (CVodeReInit(cv, day, y) != CV_SUCCESS) {
        return false;
    }
    for (;;) {
        while (next_sample < course->sample_count && course->sample_day[next_sample] <= day) {
            memcpy(sample + (size_t)next_sample++ * (size_t)n, x, (size_t)n * sizeof *x);
        }
        if (day >= course->end_day) {
            return true;
        }
        const double stop = next_stop(w, course, next_action, event_done);
        const double goal =
            next_sample < course->sample_count ? fmin(stop, course->sample_day[next_sample]) : stop;
        CVodeSetStopTime(cv, stop);
        if (CVode(cv, goal, y, &day, CV_NORMAL) < 0) {
            return false;
        }
        day = goal;
        if (day >= stop && act(w, day, course, x, &next_action, event_done)) {
            CVodeReInit(cv, day, y);
        }
    }
}

static void* checked(void* block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

bool bench_cvode_solve(const bench_case* c, const bench_source* source, bench_linear linear,
                       double rtol, int first, int count, double* sample)
{
    const int n = st_model_state_count(c->model);
    const st_pattern* pattern = st_model_pattern(c->model);
    const size_t inputs = (size_t)st_model_rate_tape(c->model)->input_count;
    const size_t regs = 65536;
    walk w = {.c = c, .source = source, .n = n};
    SUNContext context;
    SUNContext_Create(NULL, &context);
    N_Vector y = N_VNew_Serial(n, context);
    N_Vector absolute = N_VNew_Serial(n, context);
    SUNMatrix J = linear == BENCH_DENSE
                      ? SUNDenseMatrix(n, n, context)
                      : SUNSparseMatrix(n, n, pattern->entry_count, CSR_MAT, context);
    SUNLinearSolver ls =
        linear == BENCH_DENSE ? SUNLinSol_Dense(y, J, context) : SUNLinSol_KLU(y, J, context);
    void* cv = CVodeCreate(CV_BDF, context);
    w.jac = checked(calloc((size_t)st_model_jacobian_tape(c->model)->output_count, sizeof(double)));
    w.slot = checked(calloc(inputs, sizeof(double)));
    w.reg = checked(calloc(regs, sizeof(double)));
    w.value = checked(calloc(regs, sizeof(double)));
    for (int v = 0; v < n; v++) {
        N_VGetArrayPointer(absolute)[v] = 1e-2 * rtol * st_model_state(c->model, v)->scale;
    }
    N_VConst(0.0, y);
    CVodeInit(cv, rates, c->begin_day, y);
    CVodeSVtolerances(cv, rtol, absolute);
    CVodeSetUserData(cv, &w);
    CVodeSetLinearSolver(cv, ls, J);
    CVodeSetJacFn(cv, linear == BENCH_DENSE ? dense_jacobian : sparse_jacobian);
    CVodeSetMaxNumSteps(cv, 1000000);
    bool is_ok = true;
    for (int i = first; i < first + count && is_ok; i++) {
        w.person = c->person + (size_t)i * (inputs - (size_t)n - 1u);
        is_ok = solve_one(&w, cv, y, &c->course[i],
                          sample + (size_t)(i - first) * (size_t)c->sample_count * (size_t)n);
    }
    free(w.jac);
    free(w.slot);
    free(w.reg);
    free(w.value);
    CVodeFree(&cv);
    SUNLinSolFree(ls);
    SUNMatDestroy(J);
    N_VDestroy(absolute);
    N_VDestroy(y);
    SUNContext_Free(&context);
    return is_ok;
}

const char* bench_cvode_origin(void)
{
    return STROMA_CVODE_ORIGIN;
}

#else

bool bench_cvode_solve(const bench_case* c, const bench_source* source, bench_linear linear,
                       double rtol, int first, int count, double* sample)
{
    (void)c, (void)source, (void)linear, (void)rtol, (void)first, (void)count, (void)sample;
    return false;
}

const char* bench_cvode_origin(void)
{
    return NULL;
}

#endif
