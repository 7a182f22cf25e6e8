/// \file
/// Results of finished people as bytes, so that a run that was stopped goes on where it was.
///
/// The bytes are for the same program, study and machine: plain numbers, no conversion.
#ifndef ST_TRIAL_KEEP_H
#define ST_TRIAL_KEEP_H

#include "stay.h"

/// Bytes that grow.
typedef struct st_keep {
    st_ctx* ctx;
    unsigned char* byte; ///< owned
    size_t length, capacity;
} st_keep;

void st_keep_clear(st_keep* keep);

/// Appends one stay with its scores [score_count] and its course over time, when that is kept.
st_status st_keep_stay(st_keep* keep, const st_stay* stay, const st_score* score, int score_count,
                       const st_trace* trace);

/// Takes the next stay from `*at`, which moves on; names of steps are copied into `names`. False
/// when the bytes are not what st_keep_stay() wrote for this study.
bool st_keep_take(const unsigned char** at, const unsigned char* end, st_arena* names,
                  const st_study* study, st_stay* stay, st_score* score, int score_count,
                  st_trace* trace);

#endif
