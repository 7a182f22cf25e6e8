/// \file
/// What a trial keeps of everybody until its statistics are made: scores, doses, events.
///
/// Column by column in blocks of people; the last block of an arm is in memory, those before it in
/// a spill, so that memory does not grow with people.
#ifndef ST_TRIAL_TALLY_H
#define ST_TRIAL_TALLY_H

#include "arm.h"
#include "series.h"
#include "spill.h"
#include "stay.h"
#include "visits.h"

/// Run default: people per block of an arm. Results do not depend on it.
#define ST_TALLY_BLOCK 512

/// Columns of numbers about the people of an arm, then those of scores and of dose steps.
typedef enum st_tally_column {
    ST_TALLY_ORDER,           ///< position in the order of entry: the slot in twin arms
    ST_TALLY_PROTOCOL_DAY,    ///< first day off protocol, INFINITY: never
    ST_TALLY_RESCUE_DAY,      ///< INFINITY: never
    ST_TALLY_REPLACEMENT_DAY, ///< INFINITY: never
    ST_TALLY_END_DAY,         ///< last day in the trial; NAN: the numerics failed
    ST_TALLY_SCORES,          ///< first of st_tally_score(); all NAN where the numerics
                              ///< failed
} st_tally_column;

/// Numbers of a score.
typedef enum st_tally_field {
    ST_TALLY_MEASURED,
    ST_TALLY_VALUE,
    ST_TALLY_SHAM,
    ST_TALLY_UNTREATED,
    ST_TALLY_FIRST,
    ST_TALLY_ANALYSED,
    ST_TALLY_PLANNED,
    ST_TALLY_FIELD_COUNT
} st_tally_field;

/// Numbers of a dose step, NAN where it was not reached.
typedef enum st_tally_step {
    ST_TALLY_STEP_CELLS,
    ST_TALLY_STEP_VOLUME,
    ST_TALLY_STEP_DAY,
    ST_TALLY_STEP_COUNT
} st_tally_step;

/// Longest name of a step with its end: short words of this program.
#define ST_TALLY_NAME_LIMIT 128

/// Where a block is in the spill. Steps that nobody had reached by then are not there.
typedef struct st_tally_block {
    int64_t at;
    int step_count;
} st_tally_block;

typedef struct st_tally_arm {
    int size;
    int filled;   ///< people so far
    int capacity; ///< people per block
    double* tail; ///< [column][capacity]: people after the last full block
    st_tally_block* block;
    int block_count;
    int failed_count;
    int step_count;
    char step_name[ST_DOSE_STEP_LIMIT][ST_TALLY_NAME_LIMIT]; ///< of whoever came last
    int event_count[ST_STAY_EVENT_LIMIT];
} st_tally_arm;

/// Columns that statistics fill and read.
#define ST_TALLY_SERIES 4
/// Walks at a time, and most columns of one: readings of all visits and a few more.
#define ST_TALLY_WALKS      2
#define ST_TALLY_WALK_LIMIT (ST_VISITS_LIMIT + 2 * ST_TALLY_FIELD_COUNT)

typedef struct st_tally {
    st_ctx* ctx;
    const st_study* study;
    st_spill spill; ///< its status tells whether all could be written and read
    st_tally_arm arm[ST_ARM_LIMIT];
    int largest; ///< people of the largest arm
    st_series series[ST_TALLY_SERIES];
    int block;                         ///< most people per block
    int walk_width;                    ///< most columns of a walk of this study
    double* walk_room[ST_TALLY_WALKS]; ///< [walk_width][block]
} st_tally;

/// `spill_dir` as in st_spill_init(); `block` is ST_TALLY_BLOCK except in tests.
st_status st_tally_create(st_ctx* ctx, const st_study* study, const char* spill_dir, int block,
                          st_tally** out);
void st_tally_destroy(st_ctx* ctx, st_tally* tally);

/// Adds one stay; `order` is the person's position in the order of entry. The people of an arm come
/// in order of their slots.
st_status st_tally_add(st_tally* tally, int64_t order, const st_stay* stay, const st_score* score);

/// Numbers of their columns.
int st_tally_score(const st_tally* tally, st_tally_field field, int measure, int visit);
int st_tally_dose(const st_tally* tally, int step, st_tally_step which);

/// The people of an arm one by one, with the columns asked for.
typedef struct st_tally_walk {
    st_tally* tally;
    int arm, width;
    double* room;
    int column[ST_TALLY_WALK_LIMIT];
    const double* from[ST_TALLY_WALK_LIMIT]; ///< column of the block at hand
    double x[ST_TALLY_WALK_LIMIT];           ///< numbers of the person at hand
    int slot;                                ///< of the next person
    int at, count;                           ///< position in the block of `count` people
} st_tally_walk;

/// `which` of ST_TALLY_WALKS; add the columns, then take person after person.
void st_tally_walk_begin(st_tally* tally, int which, int arm, st_tally_walk* walk);
/// Gives the position in `x`.
int st_tally_walk_add(st_tally_walk* walk, int column);
bool st_tally_walk_next(st_tally_walk* walk);

#endif
