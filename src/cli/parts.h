/// \file
/// Where the parts of a run lie: DIR/parts/part-3-of-8.
#ifndef ST_CLI_PARTS_H
#define ST_CLI_PARTS_H

#include "stroma/base.h"

/// Path of part `part` (from 0); makes the folders that are missing.
st_status st_parts_path(st_ctx* ctx, const char* dir, int part, int part_count, char* path,
                        size_t size);
/// The same for its first round, screening: DIR/parts/screen-3-of-8.
st_status st_parts_screen_path(st_ctx* ctx, const char* dir, int part, int part_count, char* path,
                               size_t size);

typedef struct st_parts {
    const char** path; ///< owned, in order of the parts; NULL = not there (first rounds alone)
    char* text;        ///< owned
    int count;
} st_parts;

/// All parts of the run in `dir`; names the first that is missing.
st_status st_parts_find(st_ctx* ctx, const char* dir, st_parts* out);
/// First rounds of a run in `part_count` parts, as far as they are there; count 0: none is.
st_status st_parts_find_screens(st_ctx* ctx, const char* dir, int part_count, st_parts* out);
void st_parts_clear(st_ctx* ctx, st_parts* parts);

#endif
