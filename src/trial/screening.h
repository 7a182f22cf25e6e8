/// \file
/// Who enters the trial: candidates in order of their number, entry on measured scores, allocation.
#ifndef ST_TRIAL_SCREENING_H
#define ST_TRIAL_SCREENING_H

#include "crew.h"
#include "entrants.h"

/// Reasons beside the criteria: run-in, scores that could not be computed.
#define ST_SCREENING_OTHER 2

typedef struct st_screening {
    st_entrants people;        ///< in order of entry
    const st_entrant* entrant; ///< borrowed: the first ST_ENTRANTS_BLOCK of them, no more
    int64_t entrant_count;
    int64_t screened;
    int64_t* failed; ///< owned; per criterion, then run-in, then scores that could not be computed
} st_screening;

/// Verdict on a candidate who may enter; other verdicts are positions in st_screening.failed.
#define ST_SCREENING_ENTERED (-1)
/// Candidates of a round: between two looks at how many have entered.
#define ST_SCREENING_ROUND (32 * ST_CREW_BLOCK)
/// Candidates per place after which a trial that hardly anybody may enter gives up.
#define ST_SCREENING_PATIENCE 1000

/// Draws the candidates of a round, from 0, and judges them; both arrays [ST_SCREENING_ROUND].
st_status st_screening_judge(st_crew* crew, int64_t round, st_person* person, int* verdict);

struct st_verdicts;

/// Fills all arms. ST_ERR_INPUT when hardly anybody meets the criteria. `verdicts`: what is known
/// already, NULL = nothing. `spill_dir` as in st_spill_init().
st_status st_screening_run(st_crew* crew, struct st_verdicts* verdicts, const char* spill_dir,
                           st_screening* out);
void st_screening_clear(st_crew* crew, st_screening* screening);

/// Emits the counts.
st_status st_screening_emit(const st_crew* crew, const st_screening* screening,
                            const st_sink* sink);

#endif
