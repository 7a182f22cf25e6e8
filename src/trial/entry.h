/// \file
/// Entry criteria: on who people are, and on scores as measured at screening.
#ifndef ST_TRIAL_ENTRY_H
#define ST_TRIAL_ENTRY_H

#include "study.h"

/// Most criteria of a study.
#define ST_ENTRY_LIMIT 64

/// Reads `people.entry` into the study (instruments may be NULL after earlier mistakes). Not ST_OK
/// only when memory is out.
st_status st_entry_read(st_ctx* ctx, st_study* study, const st_node* entry);

/// Reads `people.candidacy`: criteria of a file, asked of drawn people; `dir` holds the shipped
/// ones. People have been read (NULL after mistakes). Criteria that these people cannot answer are
/// refused by name. Not ST_OK only when memory is out or a file cannot be read.
st_status st_entry_read_candidacy(st_ctx* ctx, st_study* study, const st_node* node,
                                  const char* dir);

bool st_entry_within(const st_range* range, double value); ///< false for NAN

/// First criterion on attributes, then of candidacy, that the person fails, -1 when all are met.
int st_entry_attribute(const st_study* study, uint64_t seed, const st_person* person);

/// True when a score decides entry: candidates must be measured.
bool st_entry_needs_score(const st_study* study);

#endif
