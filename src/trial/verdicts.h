/// \file
/// Who of the candidates may enter, found out in parts: a first round for a run in parts, whose
/// parts must all know who enters and would else screen everybody each.
///
/// Part p of n judges the rounds p, p + n, p + 2n ... of candidates, until its share of the places
/// is filled, with some to spare. What is missing is judged by whoever asks.
#ifndef ST_TRIAL_VERDICTS_H
#define ST_TRIAL_VERDICTS_H

#include "screening.h"
#include "shard.h"

typedef struct st_verdicts st_verdicts;

/// Judges the rounds of part id->part and keeps the verdicts in the file `path`.
st_status st_verdicts_make(st_crew* crew, const st_shard_id* id, const char* path);

/// Opens the files of all parts, path[id->part_count] in order; NULL = a part that is not there.
/// Files that are damaged or of another run are named.
st_status st_verdicts_open(st_ctx* ctx, const char* const* path, const st_shard_id* id,
                           st_verdicts** out);
void st_verdicts_destroy(st_verdicts* verdicts); // NULL is allowed

/// Verdicts of a round [ST_SCREENING_ROUND]; false when no file has it. Rounds are asked for in
/// ascending order.
bool st_verdicts_take(st_verdicts* verdicts, int64_t round, int* verdict);

#endif
