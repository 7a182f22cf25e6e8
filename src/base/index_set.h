/// \file
/// A hash set of numbers: which node of a growing array was made before? The array stays the
/// caller's, who compares the candidates. Used wherever equal operations are to be one node.
#ifndef ST_BASE_INDEX_SET_H
#define ST_BASE_INDEX_SET_H

#include "base.h"

#define ST_INDEX_NONE UINT32_MAX

typedef struct st_index_slot {
    uint64_t hash;
    uint32_t index; ///< number + 1, 0 = empty
} st_index_slot;

typedef struct st_index_set {
    st_ctx* ctx;
    st_index_slot* slot;
    uint32_t slot_count; ///< a power of two
    uint32_t count;
} st_index_set;

/// `slot_count` is a power of two. The slots are owned by the set.
st_status st_index_set_init(st_index_set* set, st_ctx* ctx, uint32_t slot_count);
void st_index_set_clear(st_index_set* set);

/// Forgets all numbers and keeps the room.
void st_index_set_empty(st_index_set* set);

/// Adds a number under a hash; false (reported) when memory is out.
bool st_index_set_add(st_index_set* set, uint64_t hash, uint32_t index);

/// Next number under `hash`. *probe is 0 at first and belongs to the search; ST_INDEX_NONE at the
/// end.
uint32_t st_index_set_next(const st_index_set* set, uint64_t hash, uint32_t* probe);

/// Hash of an operation: its code, two operands and, for a constant, its value.
uint64_t st_index_set_hash(uint32_t code, uint32_t a, uint32_t b, double value);

#endif
