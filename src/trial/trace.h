/// \file
/// Courses over time: cells and definitions of the model, from the first people of each arm.
#ifndef ST_TRIAL_TRACE_H
#define ST_TRIAL_TRACE_H

#include "study.h"

/// People per arm whose courses are kept: bounds the memory of a run.
#define ST_TRACE_PEOPLE 200

typedef struct st_trace_column {
    int index; ///< in a sample of the population engine
    const char* name;
    const char* unit;
    double factor; ///< to show units
} st_trace_column;

typedef struct st_trace {
    const st_study* study;
    st_trace_column* column;
    int column_count;
    double* day; ///< grid and visits, ascending
    int day_count;
    double* visit_day; ///< [visit_count]
    int* visit_sample; ///< [visit_count] position of each visit in `day`
    double* value;     ///< [arm][ST_TRACE_PEOPLE][day][column], show units
    bool* is_present;  ///< [arm][ST_TRACE_PEOPLE]
} st_trace;

st_status st_trace_init(st_ctx* ctx, const st_study* study, st_trace* out);
void st_trace_clear(st_ctx* ctx, st_trace* trace);

/// Keeps one person's course; `sample` [day_count][width]. People beyond the limit are passed over.
void st_trace_keep(st_trace* trace, int arm, int slot, const double* sample, int width);

/// The kept course of a person [day_count][column_count], NULL when there is none.
const double* st_trace_values(const st_trace* trace, int arm, int slot);

/// Marks a course as kept and gives the room for it; NULL beyond the limit.
double* st_trace_open(st_trace* trace, int arm, int slot);

/// Emits mean and quantiles over people, arm by arm.
st_status st_trace_emit(st_ctx* ctx, const st_trace* trace, const st_sink* sink);

#endif
