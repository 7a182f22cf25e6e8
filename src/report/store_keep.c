// Going on where a run was stopped: what finished people left, in results.sqlite.kept, beside the
// rows in results.sqlite.part. The table `kept` of the growing store says how many people both
// hold.
#include "report/folder.h"
#include "report/store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

// Between two commits pass this many times what the last one took.
#define COMMIT_PAUSE 10.0

// Opens every record: "STROKEP1".
#define RECORD_MARK UINT64_C(0x5354524f4b455031)

typedef struct record {
    uint64_t mark;
    int64_t first, count;
    uint64_t length, hash; // of the bytes that follow
} record;

static st_status keep_fail(st_ctx* ctx, const st_store* store, const char* what)
{
    return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot %s: %s", store->kept_path, what, strerror(errno));
}

// One number or text of the growing file; false when there is none.
static bool ask(st_store* store, const char* sql, const char* key, int64_t* number, char* text,
                size_t size)
{
    sqlite3_stmt* query = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(store->db, sql, -1, &query, NULL) == SQLITE_OK) {
        if (key) {
            sqlite3_bind_text(query, 1, key, -1, SQLITE_STATIC);
        }
        if (sqlite3_step(query) == SQLITE_ROW && sqlite3_column_type(query, 0) != SQLITE_NULL) {
            found = true;
            if (number) {
                *number = sqlite3_column_int64(query, 0);
            } else {
                snprintf(text, size, "%s", (const char*)sqlite3_column_text(query, 0));
            }
        }
    }
    sqlite3_finalize(query);
    return found;
}

bool st_store_keep_find(st_store* store)
{
    int64_t number = 0;
    store->kept_people = 0;
    if (access(store->part_path, F_OK) != 0 || access(store->kept_path, F_OK) != 0) {
        return false;
    }
    if (sqlite3_open_v2(store->part_path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK &&
        ask(store, "PRAGMA application_id", NULL, &number, NULL, 0) &&
        number == ST_SCHEMA_APPLICATION &&
        ask(store, "SELECT max(people) FROM kept", NULL, &number, NULL, 0) && number > 0) {
        store->kept_people = number;
        return true;
    }
    sqlite3_close(store->db);
    store->db = NULL;
    return false;
}

// Reads the next record into the store's buffer; *is_end when the file has no whole record more.
static st_status read_record(st_ctx* ctx, st_store* store, record* head, bool* is_end)
{
    *is_end = true;
    if (fread(head, sizeof *head, 1, store->kept_file) != 1 || head->mark != RECORD_MARK ||
        head->length > (uint64_t)INT32_MAX * 16) {
        return ST_OK;
    }
    st_free(ctx, store->kept_bytes);
    store->kept_bytes = st_alloc(ctx, (size_t)head->length + 1, 1);
    if (!store->kept_bytes) {
        return ST_ERR_MEMORY;
    }
    *is_end = fread(store->kept_bytes, 1, (size_t)head->length, store->kept_file) != head->length ||
              XXH3_64bits(store->kept_bytes, (size_t)head->length) != head->hash;
    return ST_OK;
}

// Name of the first source of the study that differs from those in the growing file, NULL = none.
static const char* changed_source(st_store* store, const st_study* study)
{
    int64_t count = 0;
    ask(store, "SELECT count(*) FROM source_file", NULL, &count, NULL, 0);
    for (int i = 0; i < st_study_source_count(study); i++) {
        const char* name = "";
        const char* role = "";
        size_t length = 0;
        const char* text = st_study_source(study, i, &name, &role, &length);
        const XXH128_hash_t hash = XXH3_128bits(text, length);
        char hex[40], position[24], stored[40] = "";
        snprintf(hex, sizeof hex, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
                 (uint64_t)hash.low64);
        snprintf(position, sizeof position, "%d", i);
        ask(store, "SELECT xxh3_128 FROM source_file WHERE position = CAST(?1 AS INTEGER)",
            position, NULL, stored, sizeof stored);
        if (strcmp(hex, stored) != 0) {
            return name;
        }
    }
    return count == st_study_source_count(study) ? NULL : "another file";
}

st_status st_store_keep_check(st_ctx* ctx, st_store* store, const st_study* study)
{
    char version[64] = "", seed[32] = "", own_seed[32];
    const char* changed;
    ask(store, "SELECT value FROM about WHERE key = ?1", "program_version", NULL, version,
        sizeof version);
    ask(store, "SELECT value FROM about WHERE key = ?1", "seed", NULL, seed, sizeof seed);
    snprintf(own_seed, sizeof own_seed, "%" PRIu64,
             store->has_seed ? store->seed : st_study_seed(study));
    if (strcmp(version, st_version()) != 0) {
        return ST_FAIL(
            ctx, ST_ERR_INPUT,
            "%s: holds %lld people of an unfinished run of version '%s', this is '%s'; use "
            "--force to start over",
            store->part_path, (long long)store->kept_people, version, st_version());
    }
    if (strcmp(seed, own_seed) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: holds %lld people of an unfinished run with seed %s, now it is %s; use "
                       "--force to start over",
                       store->part_path, (long long)store->kept_people, seed, own_seed);
    }
    changed = changed_source(store, study);
    if (changed) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: holds %lld people of an unfinished run; since then %s has changed; use "
                       "--force to start over",
                       store->part_path, (long long)store->kept_people, changed);
    }
    store->kept_file = fopen(store->kept_path, "r+b");
    if (!store->kept_file) {
        return keep_fail(ctx, store, "open");
    }
    store->is_replaying = true;
    return ST_OK;
}

st_status st_store_keep_recall(void* self, st_ctx* ctx, int64_t first, int64_t* count,
                               const void** bytes, size_t* length)
{
    st_store* store = self;
    record head;
    bool is_end = true;
    *count = 0;
    store->is_kept = true;
    if (!store->is_replaying) {
        return ST_OK;
    }
    if (first < store->kept_people) {
        ST_TRY(read_record(ctx, store, &head, &is_end));
        if (is_end || head.first != first || head.count <= 0 ||
            head.first + head.count > store->kept_people) {
            return ST_FAIL(ctx, ST_ERR_FILE,
                           "%s: is damaged after %lld of %lld people; use --force to start over",
                           store->kept_path, (long long)first, (long long)store->kept_people);
        }
        *count = head.count;
        *bytes = store->kept_bytes;
        *length = (size_t)head.length;
        return ST_OK;
    }
    // What follows belongs to rows that never were committed.
    store->is_replaying = false;
    const long end = ftell(store->kept_file);
    if (end < 0 || ftruncate(fileno(store->kept_file), end) != 0 ||
        fseek(store->kept_file, end, SEEK_SET) != 0) {
        return keep_fail(ctx, store, "cut");
    }
    return ST_OK;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

st_status st_store_keep_commit(st_ctx* ctx, st_store* store)
{
    const double begin_s = now_s();
    char sql[96];
    if (!store->is_due || store->has_loose_rows) {
        return ST_OK;
    }
    store->is_due = false;
    // The records are on disk before the rows are committed: there are never rows without a record.
    if (fflush(store->kept_file) != 0 || fdatasync(fileno(store->kept_file)) != 0) {
        return keep_fail(ctx, store, "write");
    }
    snprintf(sql, sizeof sql, "INSERT INTO kept VALUES(%lld); COMMIT; BEGIN",
             (long long)store->kept_people);
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return st_store_fail(ctx, store, "write");
    }
    store->pending = 0;
    store->committed_s = now_s();
    store->commit_cost_s = store->committed_s - begin_s;
    return ST_OK;
}

st_status st_store_keep(void* self, st_ctx* ctx, int64_t first, int64_t count, const void* bytes,
                        size_t length)
{
    st_store* store = self;
    const record head = {.mark = RECORD_MARK,
                         .first = first,
                         .count = count,
                         .length = length,
                         .hash = XXH3_64bits(bytes, length)};
    ST_TRY(st_store_readings_flush(ctx, store));
    if (!store->kept_file) {
        store->kept_file = fopen(store->kept_path, "w+b");
        if (!store->kept_file) {
            return keep_fail(ctx, store, "make the file");
        }
    }
    if (fwrite(&head, sizeof head, 1, store->kept_file) != 1 ||
        fwrite(bytes, 1, length, store->kept_file) != length) {
        return keep_fail(ctx, store, "write");
    }
    store->kept_people = first + count;
    store->is_due = true;
    store->has_loose_rows = false;
    // Waiting for the disk is to stay a small part of a run.
    return now_s() - store->committed_s >= COMMIT_PAUSE * store->commit_cost_s
               ? st_store_keep_commit(ctx, store)
               : ST_OK;
}

void st_store_keep_close(st_store* store, bool removes)
{
    if (store->kept_file) {
        fclose(store->kept_file);
        store->kept_file = NULL;
    }
    st_free(store->ctx, store->kept_bytes);
    store->kept_bytes = NULL;
    if (removes && store->kept_path) {
        unlink(store->kept_path);
    }
}

int64_t st_store_kept_people(const st_store* store)
{
    return store->kept_people;
}
