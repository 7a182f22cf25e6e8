/// \file
/// From a name in a study to a file: shipped ones by name, the user's own by path.
#ifndef ST_TRIAL_LOOKUP_H
#define ST_TRIAL_LOOKUP_H

#include "base/doc.h"

/// `folder of path`/`name`, or `name` itself when it is absolute.
const char* st_lookup_beside(st_arena* arena, const char* path, const char* name);

/// The part of a path after its last slash.
const char* st_lookup_base_name(const char* path);

bool st_lookup_exists(const char* path);

/// File that `node` names. A plain word is `dir`/word.yaml; with a slash or an ending it is a path
/// relative to the study. Reports the shipped names when there is no such file; then NULL.
const char* st_lookup_file(st_ctx* ctx, st_arena* arena, const st_node* node,
                           const char* study_path, const char* dir, const char* what);

#endif
