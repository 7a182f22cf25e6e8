/// \file
/// The workers of a run: each has its own context, solver and scratch, made before the first item,
/// so that nothing is allocated while people are computed.
#ifndef ST_TRIAL_CREW_H
#define ST_TRIAL_CREW_H

#include "study.h"

#include "stroma/population.h"

#include "base/parallel.h"

/// People per item of work. A constant: results do not depend on it, nor on who does the work.
#define ST_CREW_BLOCK 32

/// What one worker may write to while it has an item.
typedef struct st_worker {
    st_ctx* ctx;
    st_population* population;
    double* parameter; ///< [ST_CREW_BLOCK][parameter_count]
    double* input;     ///< [ST_CREW_BLOCK][input_count]
    st_course* course; ///< [course_capacity]
    st_course* again;  ///< [ST_CREW_BLOCK * (1 + twin_count)] courses to solve once more
    st_action* action; ///< [course_capacity][action_capacity]
    double* sample;    ///< [course_capacity][sample_capacity][width]
    double* add;       ///< [state_count]
} st_worker;

typedef struct st_crew {
    st_ctx* ctx;
    const st_study* study;
    uint64_t seed;
    st_pool* pool;
    int worker_count;
    st_worker* worker;
    int state_count, definition_count, parameter_count, input_count;
    int width; ///< of a sample: states, then definitions
    int courses_per_person;
    int later_slot; ///< first course slot of those with later treatment
    int course_capacity;
    int action_capacity; ///< per course
    int sample_capacity; ///< per course
    double begin_day;    ///< <= 0: where every course begins
    /// NULL, or what makes everybody's parameters from their own: value * factor + shift, cut to
    /// the parameter's range. Borrowed; changed only between two runs.
    const double *parameter_factor, *parameter_shift;
} st_crew;

/// `sample_capacity`: most samples of one course.
st_status st_crew_create(st_ctx* ctx, const st_study* study, uint64_t seed, int worker_count,
                         int sample_capacity, st_crew** out);
void st_crew_destroy(st_crew* crew);

/// One item of work. Reasons of a failure go to the worker's context.
typedef st_status (*st_crew_fn)(st_crew* crew, st_worker* worker, int64_t item, void* arg);

/// Runs items 0 ... item_count-1 and reports the lowest failure in the crew's context.
st_status st_crew_run(st_crew* crew, int64_t item_count, st_crew_fn fn, void* arg);

/// Sets up a person's parameters and inputs in row `row` of the worker's scratch.
void st_crew_person(st_crew* crew, st_worker* worker, int row, const st_person* person);

/// A course of that person over [begin, end] with its samples in slot `slot`; no actions yet.
st_course* st_crew_course(st_crew* crew, st_worker* worker, int slot, int row, double end_day,
                          const double* sample_day, int sample_count);

#endif
