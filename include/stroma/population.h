/// \file
/// Population engine: individuals as ordinary differential equations, ST_LANES at a time.
///
/// Units: the model's (mL, day, nmol). Method: RODAS, an L-stable Rosenbrock method of order 4(3)
/// with exact sparse Jacobian, own step size per individual, dense output of order 3; events are
/// hit exactly. An individual's bytes depend on that individual alone. docs/equations/population.md
#ifndef STROMA_POPULATION_H
#define STROMA_POPULATION_H

#include "stroma/model.h"

typedef enum st_action_kind {
    ST_ACTION_INPUT, ///< input[index] = value from now on
    ST_ACTION_ADD,   ///< state[index] += value
    ST_ACTION_SET,   ///< state[index] = value
    ST_ACTION_SCALE, ///< state[index] *= value
} st_action_kind;

/// Something done to one individual at one time.
typedef struct st_action {
    double day;
    st_action_kind kind;
    int index;
    double value;
} st_action;

/// One individual: what goes in, what comes out. All arrays are borrowed from the caller.
typedef struct st_course {
    const double* parameter; ///< [parameter_count] this individual's values, model units
    const double* input;     ///< [input_count] at the start
    const st_action* action; ///< ascending in day; equal days in array order, after model events
    int action_count;
    double begin_day, end_day; ///< begin <= 0 lets the model settle before day 0
    const double* sample_day;  ///< ascending, within [begin, end]; a sample at an event is after it
    int sample_count;
    double* sample; ///< out: [sample_count][state_count + definition_count], model units
    /// NULL, or out: [sample_count][input_count], the inputs that hold from each sample's day on.
    double* input_sample;
    /// NULL, or another course of the same call with the same parameters, inputs and begin, whose
    /// way up to this one's first action is not computed again. Changes no result.
    const struct st_course* like;

    st_status status;                 ///< out: ST_OK or ST_ERR_NUMERIC
    double failed_day;                ///< out: where it stopped
    int failed_state;                 ///< out: state that made the last step fail, -1 unknown
    int64_t step_count, reject_count; ///< out
} st_course;

/// How to solve. Start from st_default_population_def().
typedef struct st_population_def {
    double relative_tolerance; ///< > 0
    double absolute_tolerance; ///< > 0, times each state's scale
    double first_step_day;     ///< > 0
    double max_step_day;       ///< > 0
    int max_reject;            ///< rejections in a row that fail an individual
    int64_t max_step_count;    ///< steps after which an individual has failed
    uint32_t cookie;
} st_population_def;

ST_API st_population_def st_default_population_def(void);

typedef struct st_population st_population;

/// Makes a solver (one per worker). The model is borrowed and must outlive it.
ST_API st_status st_population_create(st_ctx* ctx, const st_model* model,
                                      const st_population_def* def, st_population** out);
ST_API void st_population_destroy(st_population* population); // NULL is allowed

/// Solves `count` individuals. A numeric failure is noted in its course and does not stop the
/// others; the return value is not ST_OK only for wrong arguments, lack of memory or an interrupt.
ST_API st_status st_population_solve(st_population* population, st_course* course, int count);

/// The same with one individual at a time and without lanes: the plain twin, for tests.
ST_API st_status st_population_solve_scalar(st_population* population, st_course* course,
                                            int count);

// --- the stochastic twin ----------------------------------------------------------------------

/// How to run the exact stochastic twin: every state is a whole number of equal steps, every
/// channel of the model happens at random at its own rate. Start from st_default_ssa_def().
/// docs/equations/population.md, POP-7 and POP-8
typedef struct st_ssa_def {
    double cells;            ///< steps that make up a state of typical size, > 0
    const double* scale;     ///< typical sizes [state_count]; NULL = the model's. Copied by create
    double max_step_day;     ///< where rates name time, they are read again this often at least
    int64_t max_event_count; ///< happenings after which a run has failed
    uint64_t seed;
    uint32_t cookie;
} st_ssa_def;

ST_API st_ssa_def st_default_ssa_def(void);

typedef struct st_ssa st_ssa;

/// Makes a twin (one per worker). The model is borrowed and must outlive it.
ST_API st_status st_ssa_create(st_ctx* ctx, const st_model* model, const st_ssa_def* def,
                               st_ssa** out);
ST_API void st_ssa_destroy(st_ssa* ssa); // NULL is allowed

/// One run of `course`: a pure function of model, def, course and run. step_count counts what
/// happened. A numeric failure is noted in the course; not ST_OK only for wrong arguments or an
/// interrupt.
ST_API st_status st_ssa_solve(st_ssa* ssa, st_course* course, uint64_t run);

/// Size of one step of a state in the last run, model units.
ST_API double st_ssa_quantum(const st_ssa* ssa, int state);

/// Runs 0 ... run_count-1 of the same course over a pool; the bytes do not depend on worker_count.
/// course: [run_count], each with its own `sample`. worker_count 0 = one per CPU.
ST_API st_status st_ssa_solve_runs(st_ctx* ctx, const st_model* model, const st_ssa_def* def,
                                   st_course* course, int run_count, int worker_count);

#endif
