/// \file
/// A part of a run: the people of one range of the order of entry, computed by one process and kept
/// in a file, so that parts from many machines become the run that one machine would have made.
///
/// The file holds this program's own structures: parts are merged by the same version on the same
/// kind of machine, which the file's head checks. A hash of all bytes closes it.
#ifndef ST_TRIAL_SHARD_H
#define ST_TRIAL_SHARD_H

#include "stay.h"

typedef struct st_shard_writer st_shard_writer;
typedef struct st_shard_reader st_shard_reader;

/// Which part of which run.
typedef struct st_shard_id {
    const st_study* study;
    uint64_t seed;
    int part, part_count; ///< 0 ... part_count-1
} st_shard_id;

/// What every file of a part opens with.
typedef struct st_shard_mark {
    uint64_t magic;      ///< which kind of file
    uint64_t study_hash; ///< of all source texts
    uint64_t seed;
    uint32_t version, part, part_count, criteria;
} st_shard_mark;

st_shard_mark st_shard_mark_of(const st_shard_id* id, uint64_t magic);
/// Why a file belongs to another run, whichever its part; NULL when it does not.
const char* st_shard_mark_difference(const st_shard_mark* found, const st_shard_mark* wanted);

/// First person of a part in the order of entry; that of part `part_count` is the end.
int64_t st_shard_first(int64_t people, int part, int part_count);

/// Begins `path` with what screening found and the people of this part.
st_status st_shard_write_begin(st_ctx* ctx, const char* path, const st_shard_id* id,
                               st_screening* screening, st_shard_writer** out);
st_status st_shard_write_batch(st_shard_writer* writer, const st_stay_batch* batch);
/// Adds the courses that were kept and closes the file; only then does it stand under its name.
st_status st_shard_write_end(st_shard_writer* writer, const st_trace* trace);
/// Frees the writer; a file that was not ended is removed. NULL is allowed.
void st_shard_writer_destroy(st_shard_writer* writer);

/// Opens all parts of a run, in any order, and fills `screening` (the caller clears it).
/// A part that is missing, given twice, damaged or of another run is named.
st_status st_shard_read_begin(st_ctx* ctx, const char* const* path, int count,
                              const st_shard_id* id, const char* spill_dir, st_screening* screening,
                              st_shard_reader** out);
/// The stays and scores of the batch's people.
st_status st_shard_read_batch(st_shard_reader* reader, st_stay_batch* batch);
/// The courses of all parts.
st_status st_shard_read_end(st_shard_reader* reader, st_trace* trace);
void st_shard_reader_destroy(st_shard_reader* reader); // NULL is allowed

#endif
