#include "index_set.h"

#include <string.h>

st_status st_index_set_init(st_index_set* set, st_ctx* ctx, uint32_t slot_count)
{
    ST_ASSERT(slot_count > 0 && (slot_count & (slot_count - 1u)) == 0);
    *set = (st_index_set){.ctx = ctx, .slot_count = slot_count};
    set->slot = st_alloc(ctx, slot_count, sizeof *set->slot);
    return set->slot != NULL ? ST_OK : ST_ERR_MEMORY;
}

void st_index_set_clear(st_index_set* set)
{
    st_free(set->ctx, set->slot);
    set->slot = NULL;
    set->count = 0;
}

void st_index_set_empty(st_index_set* set)
{
    memset(set->slot, 0, (size_t)set->slot_count * sizeof *set->slot);
    set->count = 0;
}

static void place(st_index_slot* slot, uint32_t slot_count, st_index_slot item)
{
    uint64_t at = item.hash & (slot_count - 1u);
    while (slot[at].index != 0u) {
        at = (at + 1u) & (slot_count - 1u);
    }
    slot[at] = item;
}

static bool grow(st_index_set* set)
{
    const uint32_t slot_count = set->slot_count * 2u;
    st_index_slot* slot = st_alloc(set->ctx, slot_count, sizeof *slot);
    if (slot == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < set->slot_count; i++) {
        if (set->slot[i].index != 0u) {
            place(slot, slot_count, set->slot[i]);
        }
    }
    st_free(set->ctx, set->slot);
    set->slot = slot;
    set->slot_count = slot_count;
    return true;
}

bool st_index_set_add(st_index_set* set, uint64_t hash, uint32_t index)
{
    // at most half full, so that searches stay short
    if ((set->count + 1u) * 2u > set->slot_count && !grow(set)) {
        return false;
    }
    place(set->slot, set->slot_count, (st_index_slot){.hash = hash, .index = index + 1u});
    set->count++;
    return true;
}

uint32_t st_index_set_next(const st_index_set* set, uint64_t hash, uint32_t* probe)
{
    for (;;) {
        const st_index_slot* s = &set->slot[(hash + *probe) & (set->slot_count - 1u)];
        (*probe)++;
        if (s->index == 0u) {
            return ST_INDEX_NONE;
        }
        if (s->hash == hash) {
            return s->index - 1u;
        }
    }
}

uint64_t st_index_set_hash(uint32_t code, uint32_t a, uint32_t b, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t h = code * 0x9E3779B97F4A7C15u;
    h = (h ^ a) * 0xBF58476D1CE4E5B9u;
    h = (h ^ b ^ (h >> 29)) * 0x94D049BB133111EBu;
    h = (h ^ bits ^ (h >> 32)) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 31);
}
