/// \file
/// A file of bytes closed by their hash. It gets its name only when it is whole.
#ifndef ST_TRIAL_SHARD_FILE_H
#define ST_TRIAL_SHARD_FILE_H

#include "base/base.h"

typedef struct st_shard_file {
    st_ctx* ctx;
    void* stream;    ///< FILE*
    void* hash;      ///< state of the hash over all bytes so far
    char* path;      ///< owned
    char* temporary; ///< owned; NULL when reading
    bool is_bad;
} st_shard_file;

st_status st_shard_file_create(st_ctx* ctx, const char* path, st_shard_file* out);
st_status st_shard_file_open(st_ctx* ctx, const char* path, st_shard_file* out);

/// Mistakes are kept and reported by st_shard_file_status().
void st_shard_file_put(st_shard_file* file, const void* bytes, size_t count);
st_status st_shard_file_status(st_ctx* ctx, const st_shard_file* file);

/// Writes the hash, moves the file to its name.
st_status st_shard_file_finish(st_ctx* ctx, st_shard_file* file);

/// False when the file ends before.
bool st_shard_file_get(st_shard_file* file, void* bytes, size_t count);
/// True when the hash of all that was read stands here and nothing behind it.
bool st_shard_file_check(st_shard_file* file);

/// Closes; removes a file that was not finished.
void st_shard_file_close(st_shard_file* file);

#endif
