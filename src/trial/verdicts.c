#include "verdicts.h"

#include "shard_file.h"

#include <math.h>

#define MAGIC UINT64_C(0x3163746472657673) // "sverdct1"

/// Places that a part fills beyond its share: parts do not meet the same people, and a round is
/// never half.
#define SPARE_SD 4.0

/// A round of a part: its number, or -1 at the end.
typedef struct round_head {
    int64_t round;
} round_head;

typedef struct source {
    st_shard_file file;
    bool is_open;
    int64_t next; ///< round that follows in the file, -1 none
} source;

struct st_verdicts {
    st_ctx* ctx;
    source* source; ///< [part_count]
    int part_count;
};

static st_status judge_rounds(st_crew* crew, const st_shard_id* id, st_shard_file* file)
{
    const double share = (double)id->study->people_count / id->part_count;
    const double goal = share + SPARE_SD * sqrt(share) + ST_SCREENING_ROUND;
    st_person* person = st_alloc(crew->ctx, ST_SCREENING_ROUND, sizeof *person);
    int* verdict = st_alloc(crew->ctx, ST_SCREENING_ROUND, sizeof *verdict);
    st_status status = person == NULL || verdict == NULL ? ST_ERR_MEMORY : ST_OK;
    round_head at = {.round = id->part};
    double entered = 0.0;

    // A trial that hardly anybody may enter is given up by the run, with its own message.
    for (int64_t count = 0; entered < goal && status == ST_OK &&
                            (double)count * ST_SCREENING_ROUND < ST_SCREENING_PATIENCE * goal;
         ++count, at.round += id->part_count) {
        int16_t kept[ST_SCREENING_ROUND];
        status = st_screening_judge(crew, at.round, person, verdict);
        for (int i = 0; i < ST_SCREENING_ROUND; ++i) {
            kept[i] = (int16_t)verdict[i];
            entered += verdict[i] == ST_SCREENING_ENTERED ? 1.0 : 0.0;
        }
        st_shard_file_put(file, &at, sizeof at);
        st_shard_file_put(file, kept, sizeof kept);
    }
    at.round = -1;
    st_shard_file_put(file, &at, sizeof at);
    st_free(crew->ctx, verdict);
    st_free(crew->ctx, person);
    return status;
}

st_status st_verdicts_make(st_crew* crew, const st_shard_id* id, const char* path)
{
    const st_shard_mark mark = st_shard_mark_of(id, MAGIC);
    st_shard_file file = {0};
    st_status status = st_shard_file_create(crew->ctx, path, &file);

    if (status == ST_OK) {
        st_shard_file_put(&file, &mark, sizeof mark);
        status = judge_rounds(crew, id, &file);
        if (status == ST_OK) {
            status = st_shard_file_finish(crew->ctx, &file);
        }
        st_shard_file_close(&file);
    }
    return status;
}

// --- reading ----------------------------------------------------------------------------------

/// True when the file is whole and its rounds are those of the part.
static bool is_sound(st_shard_file* file, const st_shard_id* id, int64_t part)
{
    int16_t kept[ST_SCREENING_ROUND];
    const int worst = id->study->criterion_count + ST_SCREENING_OTHER;
    round_head at;
    int64_t expected = part;

    for (;;) {
        if (!st_shard_file_get(file, &at, sizeof at) || (at.round >= 0 && at.round != expected)) {
            return false;
        }
        if (at.round < 0) {
            return st_shard_file_check(file);
        }
        if (!st_shard_file_get(file, kept, sizeof kept)) {
            return false;
        }
        for (int i = 0; i < ST_SCREENING_ROUND; ++i) {
            if (kept[i] < ST_SCREENING_ENTERED || kept[i] >= worst) {
                return false;
            }
        }
        expected += id->part_count;
    }
}

static const char* find_difference(const st_shard_mark* found, const st_shard_mark* wanted)
{
    const char* why = st_shard_mark_difference(found, wanted);

    if (found->magic != wanted->magic) {
        return "is no screening of a run";
    }
    return why == NULL && (found->part != wanted->part || found->part_count != wanted->part_count)
               ? "is another part of the screening"
               : why;
}

/// Reads the file to its end, then opens it once more at its first round.
static st_status open_source(st_ctx* ctx, const char* path, const st_shard_id* id, source* out)
{
    const st_shard_mark wanted = st_shard_mark_of(id, MAGIC);
    const char* why = NULL;
    st_shard_mark found;

    for (int pass = 0; pass < 2 && why == NULL; ++pass) {
        if (out->is_open) {
            st_shard_file_close(&out->file);
            out->is_open = false;
        }
        ST_TRY(st_shard_file_open(ctx, path, &out->file));
        out->is_open = true;
        if (!st_shard_file_get(&out->file, &found, sizeof found)) {
            why = "is no screening of a run";
        } else {
            why = find_difference(&found, &wanted);
        }
        if (why == NULL && pass == 0 && !is_sound(&out->file, id, id->part)) {
            why = "ends too early or is damaged";
        }
    }
    if (why != NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: %s", path, why);
    }
    return st_shard_file_get(&out->file, &out->next, sizeof out->next)
               ? ST_OK
               : ST_FAIL(ctx, ST_ERR_FILE, "%s: changed while it was read", path);
}

static st_status open_all(st_verdicts* v, const char* const* path, const st_shard_id* id)
{
    for (int i = 0; i < v->part_count; ++i) {
        st_shard_id part = *id;
        part.part = i;
        if (path[i] != NULL) {
            ST_TRY(open_source(v->ctx, path[i], &part, &v->source[i]));
        }
    }
    return ST_OK;
}

st_status st_verdicts_open(st_ctx* ctx, const char* const* path, const st_shard_id* id,
                           st_verdicts** out)
{
    st_verdicts* v = st_alloc(ctx, 1, sizeof *v);
    st_status status = ST_ERR_MEMORY;

    *out = NULL;
    if (v == NULL) {
        return ST_ERR_MEMORY;
    }
    v->ctx = ctx;
    v->source = st_alloc(ctx, (size_t)id->part_count, sizeof *v->source);
    if (v->source != NULL) {
        v->part_count = id->part_count;
        for (int i = 0; i < id->part_count; ++i) {
            v->source[i].next = -1;
        }
        status = open_all(v, path, id);
    }
    if (status != ST_OK) {
        st_verdicts_destroy(v);
        return status;
    }
    *out = v;
    return ST_OK;
}

void st_verdicts_destroy(st_verdicts* v)
{
    if (v == NULL) {
        return;
    }
    for (int i = 0; v->source != NULL && i < v->part_count; ++i) {
        if (v->source[i].is_open) {
            st_shard_file_close(&v->source[i].file);
        }
    }
    st_free(v->ctx, v->source);
    st_free(v->ctx, v);
}

bool st_verdicts_take(st_verdicts* v, int64_t round, int* verdict)
{
    int16_t kept[ST_SCREENING_ROUND];
    source* s = &v->source[round % v->part_count];

    if (s->next != round || !st_shard_file_get(&s->file, kept, sizeof kept) ||
        !st_shard_file_get(&s->file, &s->next, sizeof s->next)) {
        s->next = -1;
        return false;
    }
    for (int i = 0; i < ST_SCREENING_ROUND; ++i) {
        verdict[i] = kept[i];
    }
    return true;
}
