/// \file
/// What a trial keeps of everybody until its statistics are made: scores, doses, events.
#ifndef ST_TRIAL_TALLY_H
#define ST_TRIAL_TALLY_H

#include "arm.h"
#include "stay.h"

typedef struct st_tally_arm {
    int size;
    int64_t* order;  ///< [size] position in the order of entry: the slot in twin arms
    st_score* score; ///< [measure][visit][size]; all NAN for people whose numerics failed
    bool* is_failed; ///< [size]
    /// [size] each: first day off protocol, of rescue and of replacement (INFINITY: never), last
    /// day in the trial.
    double *protocol_day, *rescue_day, *replacement_day, *end_day;
    int step_count;
    const char* step_name[ST_DOSE_STEP_LIMIT];
    double* step_cells; ///< [step][size], NAN where a step was not reached
    double* step_volume_mL;
    double* step_day;
    int event_count[ST_STAY_EVENT_LIMIT];
} st_tally_arm;

typedef struct st_tally {
    const st_study* study;
    st_tally_arm arm[ST_ARM_LIMIT];
    double* scratch; ///< [4][largest arm]
    int scratch_stride;
} st_tally;

st_status st_tally_create(st_ctx* ctx, const st_study* study, st_tally** out);
void st_tally_destroy(st_ctx* ctx, st_tally* tally);

/// Adds one stay; `order` is the person's position in the order of entry.
void st_tally_add(st_tally* tally, int64_t order, const st_stay* stay, const st_score* score);

/// Scores of an arm at a visit: [size].
const st_score* st_tally_scores(const st_tally* tally, int arm, int measure, int visit);

#endif
