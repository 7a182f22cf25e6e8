#include "keep.h"

#include <string.h>

/// Opens every stay; changes whenever the layout does.
#define STAY_MARK UINT64_C(0x73746179000001)

void st_keep_clear(st_keep* keep)
{
    st_free(keep->ctx, keep->byte);
    *keep = (st_keep){.ctx = keep->ctx};
}

static st_status put(st_keep* keep, const void* bytes, size_t length)
{
    if (keep->capacity - keep->length < length) {
        const size_t more = 2 * keep->capacity + length + 4096;
        unsigned char* grown = keep->byte == NULL ? st_alloc(keep->ctx, more, 1)
                                                  : st_realloc(keep->ctx, keep->byte, more, 1);
        if (grown == NULL) {
            return ST_ERR_MEMORY;
        }
        keep->byte = grown;
        keep->capacity = more;
    }
    memcpy(keep->byte + keep->length, bytes, length);
    keep->length += length;
    return ST_OK;
}

static bool take(const unsigned char** at, const unsigned char* end, void* bytes, size_t length)
{
    if ((size_t)(end - *at) < length) {
        return false;
    }
    memcpy(bytes, *at, length);
    *at += length;
    return true;
}

st_status st_keep_stay(st_keep* keep, const st_stay* stay, const st_score* score, int score_count,
                       const st_trace* trace)
{
    const uint64_t mark = STAY_MARK;
    const double* course = st_trace_values(trace, stay->arm, stay->slot);
    const uint64_t traced =
        course == NULL ? 0 : (uint64_t)trace->day_count * (uint64_t)trace->column_count;

    ST_TRY(put(keep, &mark, sizeof mark));
    ST_TRY(put(keep, stay, sizeof *stay)); // its pointers are replaced when it is taken
    for (int i = 0; i < stay->step_count; ++i) {
        ST_TRY(put(keep, stay->step[i].name, strlen(stay->step[i].name) + 1));
    }
    ST_TRY(put(keep, score, (size_t)score_count * sizeof *score));
    ST_TRY(put(keep, &traced, sizeof traced));
    return traced == 0 ? ST_OK : put(keep, course, (size_t)traced * sizeof *course);
}

bool st_keep_take(const unsigned char** at, const unsigned char* end, st_arena* names,
                  const st_study* study, st_stay* stay, st_score* score, int score_count,
                  st_trace* trace)
{
    uint64_t mark, traced;

    if (!take(at, end, &mark, sizeof mark) || mark != STAY_MARK ||
        !take(at, end, stay, sizeof *stay) || stay->step_count < 0 ||
        stay->step_count > ST_DOSE_STEP_LIMIT || stay->arm < 0 || stay->arm >= study->arm_count ||
        stay->slot < 0 || stay->slot >= study->arm[stay->arm].info.size) {
        return false;
    }
    for (int i = 0; i < stay->step_count; ++i) {
        const unsigned char* close = memchr(*at, 0, (size_t)(end - *at));
        if (close == NULL) {
            return false;
        }
        stay->step[i].name = st_arena_text(names, (const char*)*at, (size_t)(close - *at));
        if (stay->step[i].name == NULL) {
            return false;
        }
        *at = close + 1;
    }
    if (!take(at, end, score, (size_t)score_count * sizeof *score) ||
        !take(at, end, &traced, sizeof traced)) {
        return false;
    }
    if (traced != 0) {
        double* course = st_trace_open(trace, stay->arm, stay->slot);
        return course != NULL &&
               traced == (uint64_t)trace->day_count * (uint64_t)trace->column_count &&
               take(at, end, course, (size_t)traced * sizeof *course);
    }
    return true;
}
