/// \file
/// Courses of one person that have their beginning in common: it is computed once.          [POP-4]
///
/// A course that is `like` another takes over where that one stood at a stop before which neither
/// had been acted upon. Each would have stepped there by itself in the same way, so the bytes are
/// those of a course on its own.
#ifndef ST_POPULATION_SHARE_H
#define ST_POPULATION_SHARE_H

#include "individual.h"

/// Where one course stood.
typedef struct st_share {
    double day;      ///< the stop
    bool is_reached; ///< the numbers below are there
    double h;
    int next_plan, rejects_in_a_row;
    bool was_rejected;
    int64_t step_count, reject_count;
} st_share;

/// Room for one call of st_population_solve(); grows and stays.
typedef struct st_shares {
    st_ctx* ctx;
    const st_model* model;
    int* order;    ///< [count] courses, those that others are like first
    int* share_of; ///< [count] share of a course that others are like, -1 = none
    st_share* share;
    double* number; ///< [share][width] state, inputs, event times
    int count, capacity;
    int share_count, share_capacity; ///< 0 shares: nobody is like another, nothing is planned
    int width;
    int taken_count; ///< courses of this call that took over
} st_shares;

void st_shares_init(st_shares* shares, st_ctx* ctx, const st_model* model);
void st_shares_clear(st_shares* shares);

/// Plans a call: who goes first, and at which stop others want to take over. Allocates only for a
/// larger call than any before in which courses are like others.
st_status st_shares_plan(st_shares* shares, const st_course* course, int count);

/// The course that is begun as number `turn`.
int st_shares_order(const st_shares* shares, int turn);

/// Keeps where course `index` stands before it is acted upon, when others wait for this stop.
void st_shares_keep(st_shares* shares, int index, const st_individual* who, const double* x);

/// Moves an individual that was just begun to where the one it is like stood; false when it has to
/// go all the way itself.
bool st_shares_take(st_shares* shares, const st_course* course, int index, st_individual* who,
                    double* x);

#endif
