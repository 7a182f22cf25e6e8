/// \file
/// One individual on the way through its course: next stop, events, samples. Shared by the lane
/// solver and the plain twin; works on that individual's own numbers only. [POP-4]
#ifndef ST_POPULATION_INDIVIDUAL_H
#define ST_POPULATION_INDIVIDUAL_H

#include "samples.h"

#include "base/base.h"
#include "stroma/population.h"

typedef struct st_individual {
    st_course* course;
    double day;       ///< where it stands
    double h;         ///< next step that the error control wishes
    double* input;    ///< [input_count] current values, owned
    double* event_at; ///< [2 event_count] next time of each model event, INFINITY = never again;
                      ///< owned. A threshold event: INFINITY = its condition does not hold, NAN =
                      ///< it holds and has been acted on, DBL_MAX = it happened and will not again.
                      ///< The second half: by how much each threshold was passed when it happened
    int next_action, next_sample;
    int next_plan; ///< of the model's planned inputs
    int rejects_in_a_row;
    bool was_rejected; ///< the last step was: do not grow at once
    bool is_active;
} st_individual;

/// Scratch for evaluating tapes for one individual.
typedef struct st_scratch {
    double* slot;        ///< [largest tape input count]
    double* reg;         ///< [largest register count]
    double* output;      ///< [largest output count]
    double* state;       ///< [state_count]
    double* state2;      ///< [state_count]
    st_samples* samples; ///< where definitions wait; NULL: they are computed at once
} st_scratch;

/// Checks a course's arrays; the message names what is wrong.
st_status st_individual_check(st_ctx* ctx, const st_model* model, const st_course* course);

/// Puts the individual at the start of `course`; writes initial states to x [state_count].
void st_individual_begin(const st_model* model, const st_population_def* def, st_individual* who,
                         st_course* course, st_scratch* scratch, double* x);

/// Next time at which the solver must stop exactly: an event, an action or the end.
double st_individual_stop(const st_model* model, const st_individual* who);

/// State of a step at share theta.
typedef void (*st_dense_fn)(const void* of, double theta, double* out);

/// True when a threshold event of the model becomes due before `new_day`: the individual's next
/// stop is there, and the step is to be taken again up to it.                     [MOD-9]
bool st_individual_crosses(const st_model* model, st_individual* who, st_scratch* scratch,
                           double new_day, st_dense_fn dense, const void* of);

/// After a change of state outside a step: which thresholds hold, which become due now. True when
/// one does.
bool st_individual_notice(const st_model* model, st_individual* who, st_scratch* scratch,
                          const double* x);

/// Applies all that is due at the individual's day, in order; true when something changed.
bool st_individual_act(const st_model* model, st_individual* who, st_scratch* scratch, double* x);

/// Writes the next sample from x at `day`; its definitions may wait in scratch->samples.
void st_individual_sample(const st_model* model, st_individual* who, st_scratch* scratch,
                          double day, const double* x);

/// Length of the next step; *hits_stop when it ends exactly at the next stop.
double st_individual_step(const st_model* model, const st_population_def* def,
                          const st_individual* who, bool* hits_stop);

/// Accepts or rejects a step of length h with scaled error norm `error` and sets the next wish.
/// [POP-2]
bool st_individual_judge(st_individual* who, double h, bool hits_stop, double error, bool is_bad);

/// True when too many rejections, a vanishing step or too many steps end this course.
bool st_individual_is_stuck(const st_population_def* def, const st_individual* who);

/// At a stop or after the start: acts, samples, ends. True when x or inputs changed.
bool st_individual_arrive(const st_model* model, const st_population_def* def, st_individual* who,
                          st_scratch* scratch, double* x);

/// Notes the failure and ends the course; samples not reached become NAN.
void st_individual_fail(const st_model* model, st_individual* who, int state);

#endif
