/// \file
/// `like: other-arm`: an arm as another arm with some keys changed.
#ifndef ST_TRIAL_MERGE_H
#define ST_TRIAL_MERGE_H

#include "base/doc.h"

/// The arm `arms`.`name` with everything that its `like:` chain gives it, as a tree of its own in
/// `arena`: every node keeps the place in the file where its text stands. Own keys win; keys with
/// dots (`expand.until`) change one setting of a step. `label` and `twin_of` are not handed down.
/// NULL after a reported mistake or without memory.
const st_node* st_merge_arm(st_ctx* ctx, st_arena* arena, const st_node* arms, const st_node* arm);

#endif
