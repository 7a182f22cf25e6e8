/// \file
/// A pthread pool. Items are independent: each writes only its own results, so nothing depends on
/// the number of workers or on the order in which items are taken.
#ifndef ST_BASE_PARALLEL_H
#define ST_BASE_PARALLEL_H

#include "base.h"

typedef struct st_pool st_pool;

/// Work on one item. `worker` is 0 ... worker_count-1, for per-worker scratch.
typedef st_status (*st_item_fn)(void* arg, int64_t item, int worker);

/// worker_count 1 runs in the caller; 0 means one worker per online CPU.
st_status st_pool_create(st_ctx* ctx, int worker_count, st_pool** out);
void st_pool_destroy(st_pool* pool);
int st_pool_worker_count(const st_pool* pool);

/// Runs fn for items 0 ... item_count-1 and waits. Items after a failed one may be skipped. Gives
/// the status of the lowest failed item and writes its number to *failed_item (may be NULL; -1 when
/// none).
st_status st_pool_run(st_pool* pool, int64_t item_count, st_item_fn fn, void* arg,
                      int64_t* failed_item);

#endif
