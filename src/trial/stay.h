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
    double measured; ///< NAN after the person left or the joint was replaced
    double value, sham, untreated;
    double first;    ///< this arm without what was given later; equals value when nothing was
    double analysed; ///< what the estimand makes of `measured`
    double planned;  ///< the sham with the arm's plans of care; equals sham without any
} st_score;

/// What happened to a person after treatment.
typedef enum st_later_kind {
    ST_LATER_RESCUE,
    ST_LATER_REPEAT,
    ST_LATER_CROSSOVER,
    ST_LATER_REPLACEMENT,
} st_later_kind;

#define ST_STAY_LATER_LIMIT (ST_LATER_REPEAT_LIMIT + 3)

typedef struct st_later_event {
    st_later_kind kind;
    double day;
    st_estimand estimand;
} st_later_event;

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
    bool knows;          ///< the person knows the arm
    bool is_replaced;
    st_later_event later[ST_STAY_LATER_LIMIT];
    int later_count;
    double failure_day;  ///< first event of a composite estimand, else INFINITY
    double protocol_day; ///< first event after treatment, else INFINITY: no longer per protocol
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
    /// NULL, or [count][1 + twin_count]: the course that held to the end, with all that was given;
    /// the worker's, until its next item. NULL of a stay that failed.
    const st_course** held;
} st_stay_batch;

/// Adverse events of every arm's recipe; `out` [arm_count].
st_status st_stay_list_events(st_ctx* ctx, const st_study* study, st_stay_events* out);

/// True when cells are taken from the person; arms without a recipe take none.
bool st_stay_has_harvest(const st_arm* arm);

/// Adds what a treatment does on a day, suggestion and dose, to a list of actions.
st_status st_stay_treat(const st_crew* crew, st_worker* worker, const st_course* course,
                        const st_arm* arm, const st_dose* dose, bool knows, double day,
                        st_action* action, int* count);

/// Notes a failure of one person; others go on.
void st_stay_fail(st_stay* stay, double day, const char* message);

/// Computes block `item` (ST_CREW_BLOCK people) of the batch `arg`. An st_crew_fn.
st_status st_stay_block(st_crew* crew, st_worker* worker, int64_t item, void* arg);

#endif
