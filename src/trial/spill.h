/// \file
/// What a run must look at again but does not hold in memory: bytes in a file without a name, gone
/// with the process however it ends.
///
/// A failure is reported once and stays: what is read after it is zero, and the run that used it
/// has failed. So callers ask for the status once, at the end.
#ifndef ST_TRIAL_SPILL_H
#define ST_TRIAL_SPILL_H

#include "base/base.h"

typedef struct st_spill {
    st_ctx* ctx;
    const char* dir; ///< borrowed; NULL = the system's folder for temporary files
    int fd;          ///< -1 before the first byte
    int64_t length;
    st_status status; ///< ST_OK until something went wrong
} st_spill;

/// Nothing is made before the first byte is written.
void st_spill_init(st_spill* spill, st_ctx* ctx, const char* dir);
void st_spill_clear(st_spill* spill);

/// Room at the end, to be written later. Gives its place.
int64_t st_spill_reserve(st_spill* spill, size_t length);
void st_spill_write(st_spill* spill, int64_t at, const void* bytes, size_t length);
/// Only what was written may be read.
void st_spill_read(st_spill* spill, int64_t at, void* bytes, size_t length);

#endif
