/// \file
/// The people of a trial in order of entry: the first of them in memory, a large trial's others in
/// a spill, so that memory does not grow with people.
#ifndef ST_TRIAL_ENTRANTS_H
#define ST_TRIAL_ENTRANTS_H

#include "spill.h"

#include "stroma/patient.h"

/// Run default: people in memory at a time.
#define ST_ENTRANTS_BLOCK 4096

/// A person of the trial.
typedef struct st_entrant {
    st_person person;
    int arm;  ///< own arm
    int slot; ///< position in that arm
} st_entrant;

typedef struct st_entrants {
    st_ctx* ctx;
    st_spill spill;     ///< its status tells whether all could be written and read
    st_entrant* first;  ///< owned: the first people [ST_ENTRANTS_BLOCK], all of a small trial
    st_entrant* tail;   ///< owned: people that are not written yet; NULL in a small trial
    st_entrant* window; ///< owned: what was asked for last
    int64_t window_capacity;
    int64_t count, written; ///< written: people of the spill
} st_entrants;

/// `spill_dir` as in st_spill_init().
st_status st_entrants_init(st_ctx* ctx, const char* spill_dir, st_entrants* out);
void st_entrants_clear(st_entrants* entrants); ///< of zeros is allowed

st_status st_entrants_add(st_entrants* entrants, const st_entrant* entrant);

/// People [first, first + count), borrowed until the next call; NULL when they could not be read.
const st_entrant* st_entrants_at(st_entrants* entrants, int64_t first, int64_t count);

#endif
