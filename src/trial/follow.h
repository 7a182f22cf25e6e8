/// \file
/// One person in one arm, visit by visit: readings, leaving, rescue, repeats, crossover,
/// replacement; then what the estimand makes of it.      [TRI-12, TRI-31, TRI-33, TRI-34, TRI-35]
#ifndef ST_TRIAL_FOLLOW_H
#define ST_TRIAL_FOLLOW_H

#include "arm.h"
#include "stay.h"

/// Which courses one person needs; equal ones are solved once.
typedef struct st_plan {
    int first;                                    ///< worker's course slot of the first
    int count;                                    ///< courses to solve
    int row;                                      ///< of the person's parameters
    int untreated;                                ///< course slots
    int sham[ST_ARM_LIMIT], active[ST_ARM_LIMIT]; ///< by stay
    int planned[ST_ARM_LIMIT];                    ///< sham with plans of care, by stay
    bool is_traced;
} st_plan;

/// Where the follow-up of one stay has come to.
typedef struct st_follow {
    int slot;                               ///< course that holds from visit `next` on
    int later_slot;                         ///< where a course with later treatment is solved
    int next;                               ///< first visit that has not been judged
    double drop_out_left, replacement_left; ///< what is left of the draws of both hazards
    double treated_day;                     ///< of the last injection
    int repeat_count;
    bool is_rescued, is_crossed, is_done;
} st_follow;

st_follow st_follow_begin(const st_crew* crew, uint64_t person, int active_slot, int later_slot);

/// Judges visits from `next` on. With `has_more` the course in slot `follow->slot` is to be solved
/// (again) before going on; without, the stay is finished. `score` [measure_count][visit_count].
st_status st_follow_visits(st_crew* crew, st_worker* worker, const st_entrant* entrant,
                           const st_trace* trace, const st_plan* plan, int index, st_stay* stay,
                           st_score* score, st_follow* follow, bool* has_more);

#endif
