#include "keep.h"

#include <stddef.h>
#include <string.h>

/// Opens every stay; changes whenever the layout does.
#define STAY_MARK UINT64_C(0x73746179000004)

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

/// Words at a time: a mask of those that are not zero, then these.
#define SPARSE 64

/// Steps, events and messages that there were none of, and scores that equal another, are zeros.
static st_status put_sparse(st_keep* keep, const uint64_t* word, int count)
{
    uint64_t kept[1 + SPARSE] = {0};
    int used = 1;

    ST_ASSERT(count <= SPARSE);
    for (int i = 0; i < count; ++i) {
        if (word[i] != 0) {
            kept[0] |= UINT64_C(1) << i;
            kept[used++] = word[i];
        }
    }
    return put(keep, kept, (size_t)used * sizeof *kept);
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

static bool take_sparse(const unsigned char** at, const unsigned char* end, uint64_t* word,
                        int count)
{
    uint64_t mask;

    if (!take(at, end, &mask, sizeof mask)) {
        return false;
    }
    for (int i = 0; i < count; ++i) {
        word[i] = 0;
        if ((mask >> i & 1) != 0 && !take(at, end, &word[i], sizeof word[i])) {
            return false;
        }
    }
    return true;
}

#define STAY_WORDS ((int)(sizeof(st_stay) / sizeof(uint64_t)))
_Static_assert(sizeof(st_stay) % sizeof(uint64_t) == 0, "a stay is whole words");

static st_status put_stay(st_keep* keep, const st_stay* stay)
{
    uint64_t word[STAY_WORDS];

    memcpy(word, stay, sizeof word);
    for (int i = 0; i < STAY_WORDS; i += SPARSE) {
        ST_TRY(put_sparse(keep, word + i, STAY_WORDS - i < SPARSE ? STAY_WORDS - i : SPARSE));
    }
    return ST_OK;
}

static bool take_stay(const unsigned char** at, const unsigned char* end, st_stay* stay)
{
    uint64_t word[STAY_WORDS];

    for (int i = 0; i < STAY_WORDS; i += SPARSE) {
        if (!take_sparse(at, end, word + i, STAY_WORDS - i < SPARSE ? STAY_WORDS - i : SPARSE)) {
            return false;
        }
    }
    memcpy(stay, word, sizeof word);
    return true;
}

/// A score's numbers as words, those that mostly equal another as the difference of their bits.
typedef struct score_words {
    uint64_t measured, value, sham, untreated, first, analysed, planned;
} score_words;
_Static_assert(sizeof(score_words) == sizeof(st_score), "a score is seven numbers");
#define SCORE_WORDS ((int)(sizeof(score_words) / sizeof(uint64_t)))

/// Done twice, it changes nothing.
static void fold(score_words* w)
{
    w->first ^= w->value;
    w->analysed ^= w->measured;
    w->planned ^= w->sham;
}

static st_status put_score(st_keep* keep, const st_score* score)
{
    score_words w;
    uint64_t word[SCORE_WORDS];

    memcpy(&w, score, sizeof w);
    fold(&w);
    memcpy(word, &w, sizeof word);
    return put_sparse(keep, word, SCORE_WORDS);
}

static bool take_score(const unsigned char** at, const unsigned char* end, st_score* score)
{
    score_words w;
    uint64_t word[SCORE_WORDS];

    if (!take_sparse(at, end, word, SCORE_WORDS)) {
        return false;
    }
    memcpy(&w, word, sizeof w);
    fold(&w);
    memcpy(score, &w, sizeof w);
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
    ST_TRY(put_stay(keep, stay)); // its pointers are replaced when it is taken
    for (int i = 0; i < stay->step_count; ++i) {
        ST_TRY(put(keep, stay->step[i].name, strlen(stay->step[i].name) + 1));
    }
    for (int i = 0; i < score_count; ++i) {
        ST_TRY(put_score(keep, &score[i]));
    }
    ST_TRY(put(keep, &traced, sizeof traced));
    return traced == 0 ? ST_OK : put(keep, course, (size_t)traced * sizeof *course);
}

bool st_keep_take(const unsigned char** at, const unsigned char* end, st_arena* names,
                  const st_study* study, st_stay* stay, st_score* score, int score_count,
                  st_trace* trace)
{
    uint64_t mark, traced;

    if (!take(at, end, &mark, sizeof mark) || mark != STAY_MARK || !take_stay(at, end, stay) ||
        stay->step_count < 0 || stay->step_count > ST_DOSE_STEP_LIMIT || stay->arm < 0 ||
        stay->arm >= study->arm_count || stay->slot < 0 ||
        stay->slot >= study->arm[stay->arm].info.size) {
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
    for (int i = 0; i < score_count; ++i) {
        if (!take_score(at, end, &score[i])) {
            return false;
        }
    }
    if (!take(at, end, &traced, sizeof traced)) {
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
