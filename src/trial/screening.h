/// \file
/// Who enters the trial: candidates in order of their number, entry on measured scores, allocation.
#ifndef ST_TRIAL_SCREENING_H
#define ST_TRIAL_SCREENING_H

#include "crew.h"

/// A person of the trial.
typedef struct st_entrant {
    st_person person;
    int arm;  ///< own arm
    int slot; ///< position in that arm
} st_entrant;

/// Reasons beside the criteria: run-in, scores that could not be computed.
#define ST_SCREENING_OTHER 2

typedef struct st_screening {
    st_entrant* entrant; ///< owned; in order of entry
    int64_t entrant_count;
    int64_t screened;
    int64_t* failed; ///< owned; per criterion, then run-in, then scores that could not be computed
} st_screening;

/// Fills all arms. ST_ERR_INPUT when hardly anybody meets the criteria.
st_status st_screening_run(st_crew* crew, st_screening* out);
void st_screening_clear(st_crew* crew, st_screening* screening);

/// Emits the counts.
st_status st_screening_emit(const st_crew* crew, const st_screening* screening,
                            const st_sink* sink);

#endif
