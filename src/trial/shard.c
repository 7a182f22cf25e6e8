#include "shard.h"

#include "shard_file.h"

#include <string.h>

#include <xxhash.h>

#define MAGIC UINT64_C(0x3274726170727473) // "strpart2"

/// Names of steps are short words of this program.
#define NAME_LIMIT 128

/// The head of a file. Sizes stand for the layout of this program's structures.
typedef struct head {
    st_shard_mark mark;
    uint32_t person_size, stay_size, score_size;
    int64_t people, first, count, screened;
} head;

struct st_shard_writer {
    st_ctx* ctx;
    st_shard_file file;
    const st_study* study;
    int64_t left; ///< people that are still to come
};

typedef struct part {
    st_shard_file file;
    head head;
    const char* path;
} part;

struct st_shard_reader {
    st_ctx* ctx;
    st_arena arena; ///< names of steps
    const st_study* study;
    part* part; ///< in order
    int part_count;
    const char** name;
    int name_count, name_capacity;
};

int64_t st_shard_first(int64_t people, int part_index, int part_count)
{
    const int64_t whole = people / part_count;
    const int64_t rest = people % part_count;
    return part_index * whole + (part_index < rest ? part_index : rest);
}

static uint64_t hash_of(const st_study* study)
{
    uint64_t hash = 0;
    for (int i = 0; i < st_study_source_count(study); ++i) {
        const char* name;
        const char* role;
        size_t length;
        const char* text = st_study_source(study, i, &name, &role, &length);
        hash = XXH64(text, length, hash);
    }
    return hash;
}

st_shard_mark st_shard_mark_of(const st_shard_id* id, uint64_t magic)
{
    return (st_shard_mark){.magic = magic,
                           .study_hash = hash_of(id->study),
                           .seed = id->seed,
                           .version = ST_VERSION_MAJOR * 1000000 + ST_VERSION_MINOR * 1000 +
                                      ST_VERSION_PATCH,
                           .part = (uint32_t)id->part,
                           .part_count = (uint32_t)id->part_count,
                           .criteria = (uint32_t)id->study->criterion_count};
}

const char* st_shard_mark_difference(const st_shard_mark* found, const st_shard_mark* wanted)
{
    if (found->version != wanted->version) {
        return "was made by another version of this program";
    }
    if (found->study_hash != wanted->study_hash || found->criteria != wanted->criteria) {
        return "was made from another study, model or table";
    }
    return found->seed != wanted->seed ? "was made with another seed" : NULL;
}

static head expected_head(const st_shard_id* id)
{
    head h;
    memset(&h, 0, sizeof h); // padding too: it is written
    h.mark = st_shard_mark_of(id, MAGIC);
    h.person_size = (uint32_t)sizeof(st_entrant);
    h.stay_size = (uint32_t)sizeof(st_stay);
    h.score_size = (uint32_t)sizeof(st_score);
    return h;
}

static size_t score_count(const st_study* study)
{
    return (size_t)study->measure_count * (size_t)study->visit_count;
}

// --- writing ------------------------------------------------------------------------------------

static st_status write_people(st_shard_writer* w, st_screening* screening, int64_t first,
                              int64_t count)
{
    for (int64_t i = 0; i < count; i += ST_ENTRANTS_BLOCK) {
        const int64_t here = count - i < ST_ENTRANTS_BLOCK ? count - i : ST_ENTRANTS_BLOCK;
        const st_entrant* entrant = st_entrants_at(&screening->people, first + i, here);
        if (entrant == NULL) {
            return ST_ERR_MEMORY;
        }
        st_shard_file_put(&w->file, entrant, (size_t)here * sizeof *entrant);
    }
    return st_shard_file_status(w->ctx, &w->file);
}

st_status st_shard_write_begin(st_ctx* ctx, const char* path, const st_shard_id* id,
                               st_screening* screening, st_shard_writer** out)
{
    st_shard_writer* w = st_alloc(ctx, 1, sizeof *w);
    head h = expected_head(id);

    *out = NULL;
    if (w == NULL) {
        return ST_ERR_MEMORY;
    }
    w->ctx = ctx;
    w->study = id->study;
    h.people = screening->entrant_count;
    h.screened = screening->screened;
    h.first = st_shard_first(h.people, id->part, id->part_count);
    h.count = st_shard_first(h.people, id->part + 1, id->part_count) - h.first;
    w->left = h.count;
    st_status status = st_shard_file_create(ctx, path, &w->file);
    if (status == ST_OK) {
        st_shard_file_put(&w->file, &h, sizeof h);
        st_shard_file_put(&w->file, screening->failed,
                          ((size_t)h.mark.criteria + ST_SCREENING_OTHER) *
                              sizeof *screening->failed);
        status = write_people(w, screening, h.first, h.count);
    }
    if (status != ST_OK) {
        st_shard_writer_destroy(w);
        return status;
    }
    *out = w;
    return ST_OK;
}

static void write_stay(st_shard_writer* w, const st_stay* stay)
{
    st_shard_file_put(&w->file, stay, sizeof *stay);
    for (int k = 0; k < stay->step_count; ++k) {
        const char* name = stay->step[k].name;
        const uint32_t length = (uint32_t)strlen(name);
        st_shard_file_put(&w->file, &length, sizeof length);
        st_shard_file_put(&w->file, name, length);
    }
}

/// Person by person, so that the file does not depend on the size of the batches.
st_status st_shard_write_batch(st_shard_writer* w, const st_stay_batch* batch)
{
    const size_t stays = 1u + (size_t)w->study->twin_count;
    const size_t scores = stays * score_count(w->study);

    for (size_t i = 0; i < (size_t)batch->count; ++i) {
        for (size_t k = 0; k < stays; ++k) {
            write_stay(w, &batch->stay[i * stays + k]);
        }
        st_shard_file_put(&w->file, batch->score + i * scores, scores * sizeof *batch->score);
    }
    w->left -= batch->count;
    return st_shard_file_status(w->ctx, &w->file);
}

st_status st_shard_write_end(st_shard_writer* w, const st_trace* trace)
{
    const size_t places = (size_t)w->study->arm_count * ST_TRACE_PEOPLE;
    const size_t values = (size_t)trace->day_count * (size_t)trace->column_count;
    const uint64_t shape = (uint64_t)values;

    ST_ASSERT(w->left == 0);
    st_shard_file_put(&w->file, &shape, sizeof shape);
    for (size_t i = 0; i < places; ++i) {
        const uint8_t is_present = trace->is_present[i] ? 1 : 0;
        st_shard_file_put(&w->file, &is_present, 1);
        if (is_present) {
            st_shard_file_put(&w->file, trace->value + i * values, values * sizeof *trace->value);
        }
    }
    return st_shard_file_finish(w->ctx, &w->file);
}

void st_shard_writer_destroy(st_shard_writer* w)
{
    if (w != NULL) {
        st_shard_file_close(&w->file);
        st_free(w->ctx, w);
    }
}

// --- reading ------------------------------------------------------------------------------------

/// Why this file is no part of that run; NULL when it is one.
static const char* find_difference(const head* found, const head* wanted)
{
    const char* why = st_shard_mark_difference(&found->mark, &wanted->mark);

    if (found->mark.magic != wanted->mark.magic) {
        return "is no part of a run";
    }
    if (found->person_size != wanted->person_size || found->stay_size != wanted->stay_size ||
        found->score_size != wanted->score_size) {
        return "was made by another version of this program";
    }
    return why == NULL && found->mark.part_count != wanted->mark.part_count
               ? "is of a run with another number of parts"
               : why;
}

static st_status place_part(st_shard_reader* r, const char* path, const head* wanted)
{
    part p = {.path = path};
    const char* why = NULL;

    ST_TRY(st_shard_file_open(r->ctx, path, &p.file));
    if (!st_shard_file_get(&p.file, &p.head, sizeof p.head)) {
        why = "is no part of a run";
    }
    why = why != NULL ? why : find_difference(&p.head, wanted);
    if (why == NULL &&
        (p.head.mark.part >= wanted->mark.part_count || r->part[p.head.mark.part].path != NULL)) {
        why = "is a part that was given already";
    }
    if (why != NULL) {
        st_shard_file_close(&p.file);
        return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s: %s", path, why);
    }
    r->part[p.head.mark.part] = p;
    return ST_OK;
}

static st_status fail_damaged(const st_shard_reader* r, const part* p)
{
    return ST_FAIL(r->ctx, ST_ERR_FILE, "%s: ends too early or is damaged", p->path);
}

/// People of one part, in order.
static st_status read_part(st_shard_reader* r, part* p, st_screening* screening)
{
    for (int64_t i = 0; i < p->head.count; ++i) {
        st_entrant entrant;
        if (!st_shard_file_get(&p->file, &entrant, sizeof entrant)) {
            return fail_damaged(r, p);
        }
        ST_TRY(st_entrants_add(&screening->people, &entrant));
    }
    return ST_OK;
}

/// People and screening counts; every part must tell the same.
static st_status read_people(st_shard_reader* r, const char* spill_dir, st_screening* screening)
{
    const head* first = &r->part[0].head;
    const size_t counts = (size_t)first->mark.criteria + ST_SCREENING_OTHER;

    *screening = (st_screening){.failed = st_alloc(r->ctx, counts, sizeof *screening->failed),
                                .entrant_count = first->people,
                                .screened = first->screened};
    if (st_entrants_init(r->ctx, spill_dir, &screening->people) != ST_OK ||
        screening->failed == NULL) {
        return ST_ERR_MEMORY;
    }
    screening->entrant = screening->people.first;
    for (int i = 0; i < r->part_count; ++i) {
        part* p = &r->part[i];
        const int64_t begin = st_shard_first(first->people, i, r->part_count);
        const int64_t count = st_shard_first(first->people, i + 1, r->part_count) - begin;
        if (p->head.people != first->people || p->head.first != begin || p->head.count != count ||
            !st_shard_file_get(&p->file, screening->failed, counts * sizeof *screening->failed)) {
            return fail_damaged(r, p);
        }
        ST_TRY(read_part(r, p, screening));
    }
    return ST_OK;
}

st_status st_shard_read_begin(st_ctx* ctx, const char* const* path, int count,
                              const st_shard_id* id, const char* spill_dir, st_screening* screening,
                              st_shard_reader** out)
{
    st_shard_reader* r = st_alloc(ctx, 1, sizeof *r);
    head wanted = expected_head(id);
    st_status status = ST_OK;

    *out = NULL;
    if (r == NULL) {
        return ST_ERR_MEMORY;
    }
    r->ctx = ctx;
    r->study = id->study;
    st_arena_init(&r->arena, ctx);
    r->part = st_alloc(ctx, (size_t)count, sizeof *r->part);
    if (r->part == NULL) {
        status = ST_ERR_MEMORY;
    } else {
        r->part_count = count;
    }
    for (int i = 0; i < count && status == ST_OK; ++i) {
        status = place_part(r, path[i], &wanted);
    }
    if (status == ST_OK) {
        status = read_people(r, spill_dir, screening);
    }
    if (status != ST_OK) {
        st_shard_reader_destroy(r);
        return status;
    }
    *out = r;
    return ST_OK;
}

/// A text that lives as long as the reader.
static const char* keep_name(st_shard_reader* r, const char* text, size_t length)
{
    for (int i = 0; i < r->name_count; ++i) {
        if (strlen(r->name[i]) == length && memcmp(r->name[i], text, length) == 0) {
            return r->name[i];
        }
    }
    if (r->name_count == r->name_capacity) {
        const int capacity = r->name_capacity + 64;
        const char** grown = r->name == NULL
                                 ? st_alloc(r->ctx, (size_t)capacity, sizeof *grown)
                                 : st_realloc(r->ctx, r->name, (size_t)capacity, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        r->name = grown;
        r->name_capacity = capacity;
    }
    const char* kept = st_arena_text(&r->arena, text, length);
    if (kept != NULL) {
        r->name[r->name_count++] = kept;
    }
    return kept;
}

static st_status read_stay(st_shard_reader* r, part* p, st_stay* stay)
{
    if (!st_shard_file_get(&p->file, stay, sizeof *stay) || stay->step_count < 0 ||
        stay->step_count > ST_DOSE_STEP_LIMIT || stay->arm < 0 ||
        stay->arm >= r->study->arm_count) {
        return fail_damaged(r, p);
    }
    for (int k = 0; k < stay->step_count; ++k) {
        char text[NAME_LIMIT];
        uint32_t length;
        if (!st_shard_file_get(&p->file, &length, sizeof length) || length >= sizeof text ||
            !st_shard_file_get(&p->file, text, length)) {
            return fail_damaged(r, p);
        }
        stay->step[k].name = keep_name(r, text, length);
        if (stay->step[k].name == NULL) {
            return ST_ERR_MEMORY;
        }
    }
    return ST_OK;
}

static part* part_of(st_shard_reader* r, int64_t person)
{
    int i = 0;
    while (i + 1 < r->part_count && r->part[i + 1].head.first <= person) {
        ++i;
    }
    return &r->part[i];
}

st_status st_shard_read_batch(st_shard_reader* r, st_stay_batch* batch)
{
    const size_t stays = 1u + (size_t)r->study->twin_count;
    const size_t scores = stays * score_count(r->study);
    part* p = part_of(r, batch->first);

    // batches stop where a part does
    ST_ASSERT(batch->first + batch->count <= p->head.first + p->head.count);
    for (size_t i = 0; i < (size_t)batch->count; ++i) {
        for (size_t k = 0; k < stays; ++k) {
            ST_TRY(read_stay(r, p, &batch->stay[i * stays + k]));
        }
        if (!st_shard_file_get(&p->file, batch->score + i * scores,
                               scores * sizeof *batch->score)) {
            return fail_damaged(r, p);
        }
    }
    return ST_OK;
}

st_status st_shard_read_end(st_shard_reader* r, st_trace* trace)
{
    const size_t places = (size_t)r->study->arm_count * ST_TRACE_PEOPLE;
    const size_t values = (size_t)trace->day_count * (size_t)trace->column_count;

    for (int i = 0; i < r->part_count; ++i) {
        part* p = &r->part[i];
        uint64_t shape = 0;
        if (!st_shard_file_get(&p->file, &shape, sizeof shape) || shape != values) {
            return fail_damaged(r, p);
        }
        for (size_t k = 0; k < places; ++k) {
            uint8_t is_present = 0;
            if (!st_shard_file_get(&p->file, &is_present, 1) || is_present > 1 ||
                (is_present && !st_shard_file_get(&p->file, trace->value + k * values,
                                                  values * sizeof *trace->value))) {
                return fail_damaged(r, p);
            }
            trace->is_present[k] = trace->is_present[k] || is_present;
        }
        if (!st_shard_file_check(&p->file)) {
            return fail_damaged(r, p);
        }
    }
    return ST_OK;
}

void st_shard_reader_destroy(st_shard_reader* r)
{
    if (r == NULL) {
        return;
    }
    for (int i = 0; i < r->part_count; ++i) {
        st_shard_file_close(&r->part[i].file);
    }
    st_free(r->ctx, r->part);
    st_free(r->ctx, r->name);
    st_arena_clear(&r->arena);
    st_free(r->ctx, r);
}
