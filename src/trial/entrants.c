#include "entrants.h"

#include <string.h>

st_status st_entrants_init(st_ctx* ctx, const char* spill_dir, st_entrants* out)
{
    *out = (st_entrants){.ctx = ctx, .first = st_alloc(ctx, ST_ENTRANTS_BLOCK, sizeof *out->first)};
    st_spill_init(&out->spill, ctx, spill_dir);
    return out->first == NULL ? ST_ERR_MEMORY : ST_OK;
}

void st_entrants_clear(st_entrants* entrants)
{
    if (entrants->ctx == NULL) {
        return;
    }
    st_free(entrants->ctx, entrants->first);
    st_free(entrants->ctx, entrants->tail);
    st_free(entrants->ctx, entrants->window);
    st_spill_clear(&entrants->spill);
    *entrants = (st_entrants){0};
}

/// Everybody after the first block lies in the spill in order.
static int64_t place_of(int64_t entrant)
{
    return (entrant - ST_ENTRANTS_BLOCK) * (int64_t)sizeof(st_entrant);
}

static void write_tail(st_entrants* e)
{
    const int64_t from = e->written + ST_ENTRANTS_BLOCK;

    if (e->count > from) {
        st_spill_write(&e->spill, place_of(from), e->tail,
                       (size_t)(e->count - from) * sizeof *e->tail);
        e->written = e->count - ST_ENTRANTS_BLOCK;
    }
}

st_status st_entrants_add(st_entrants* e, const st_entrant* entrant)
{
    if (e->count < ST_ENTRANTS_BLOCK) {
        e->first[e->count++] = *entrant;
        return ST_OK;
    }
    if (e->tail == NULL) {
        e->tail = st_alloc(e->ctx, ST_ENTRANTS_BLOCK, sizeof *e->tail);
        if (e->tail == NULL) {
            return ST_ERR_MEMORY;
        }
    }
    e->tail[e->count - ST_ENTRANTS_BLOCK - e->written] = *entrant;
    e->count += 1;
    if (e->count - ST_ENTRANTS_BLOCK - e->written == ST_ENTRANTS_BLOCK) {
        write_tail(e);
    }
    return e->spill.status;
}

const st_entrant* st_entrants_at(st_entrants* e, int64_t first, int64_t count)
{
    int64_t in_first;

    ST_ASSERT(first >= 0 && count >= 0 && first + count <= e->count);
    if (first + count <= ST_ENTRANTS_BLOCK) {
        return e->first + first;
    }
    if (count > e->window_capacity) {
        st_free(e->ctx, e->window);
        e->window = st_alloc(e->ctx, (size_t)count, sizeof *e->window);
        e->window_capacity = e->window == NULL ? 0 : count;
        if (e->window == NULL) {
            return NULL;
        }
    }
    write_tail(e);
    in_first = first < ST_ENTRANTS_BLOCK ? ST_ENTRANTS_BLOCK - first : 0;
    memcpy(e->window, e->first + (in_first > 0 ? first : 0), (size_t)in_first * sizeof *e->window);
    st_spill_read(&e->spill, place_of(first + in_first), e->window + in_first,
                  (size_t)(count - in_first) * sizeof *e->window);
    return e->spill.status == ST_OK ? e->window : NULL;
}
