/// \file
/// One person in one arm: what is done, what follows, what instruments print; beside it the same
/// person under the arm's sham and without treatment.
#ifndef ST_TRIAL_STAY_H
#define ST_TRIAL_STAY_H

#include "crew.h"
#include "screening.h"
#include "trace.h"

#define ST_STAY_EVENT_LIMIT 64
#define ST_STAY_MESSAGE     160

/// One scale at one visit.
typedef struct st_score {
    double measured; ///< NAN after the person left
    double value, sham, untreated;
} st_score;

typedef struct st_stay {
    int arm, slot;
    bool is_failed; ///< the numerics failed: nothing below is valid
    double failed_day;
    char message[ST_STAY_MESSAGE];
    double left_day; ///< INFINITY: stayed to the end
    double dose_cells;
    bool is_placed;
    int step_count;
    st_dose_step step[ST_DOSE_STEP_LIMIT];
    uint64_t event_bits; ///< which adverse events of the arm's list happened
} st_stay;

/// What may happen in an arm.
typedef struct st_stay_events {
    st_adverse event[ST_STAY_EVENT_LIMIT];
    double probability[ST_STAY_EVENT_LIMIT]; ///< over all steps of the recipe
    int count;
} st_stay_events;

/// A run of neighbouring entrants and the room for their results.
typedef struct st_stay_batch {
    const st_entrant* entrant;
    int64_t first; ///< position of entrant[0] in the order of entry: its slot in twin arms
    int count;
    const st_stay_events* events; ///< [arm_count]
    st_trace* trace;
    st_stay* stay;   ///< [count][1 + twin_count]: own arm, then twin arms in file order
    st_score* score; ///< [count][1 + twin_count][measure_count][visit_count]
} st_stay_batch;

/// Adverse events of every arm's recipe; `out` [arm_count].
st_status st_stay_list_events(st_ctx* ctx, const st_study* study, st_stay_events* out);

/// Computes block `item` (ST_CREW_BLOCK people) of the batch `arg`. An st_crew_fn.
st_status st_stay_block(st_crew* crew, st_worker* worker, int64_t item, void* arg);

#endif
