#include "report/store.h"
#include "report/folder.h"
#include "report/store_tally.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Rows per transaction: large enough that commits cost nothing, small enough that a viewer sees the
// run grow.
#define TRANSACTION_ROWS 50000

// SQLite's memory: holds the changed pages of a transaction, which else are written twice.
#define CACHE_KIB 4000

static void remove_part(const st_store* store)
{
    char* journal = st_folder_path(store->ctx, store->dir, "results.sqlite.part-journal");
    unlink(store->part_path);
    if (journal) {
        unlink(journal);
    }
    st_free(store->ctx, journal);
    unlink(store->kept_path);
}

st_status st_store_fail(st_ctx* ctx, const st_store* store, const char* what)
{
    const int code = sqlite3_errcode(store->db);
    const int reason = code == SQLITE_IOERR || code == SQLITE_FULL || code == SQLITE_CANTOPEN
                           ? sqlite3_system_errno(store->db)
                           : 0;
    return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot %s: %s%s%s", store->part_path, what,
                   sqlite3_errmsg(store->db), reason ? ": " : "", reason ? strerror(reason) : "");
}

static st_status store_exec(st_ctx* ctx, st_store* store, const char* sql)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return st_store_fail(ctx, store, "write");
    }
    return ST_OK;
}

// INSERT with as many placeholders as the table has columns.
static st_status prepare_inserts(st_ctx* ctx, st_store* store)
{
    for (int t = 0; t < ST_TABLE_COUNT; t++) {
        char sql[160];
        const size_t columns = strlen(st_schema_table_types((st_schema_table)t));
        int length = snprintf(sql, sizeof sql, "INSERT INTO %s VALUES(?",
                              st_schema_table_name((st_schema_table)t));
        for (size_t i = 1; i < columns; i++) {
            length += snprintf(sql + length, sizeof sql - (size_t)length, ",?");
        }
        snprintf(sql + length, sizeof sql - (size_t)length, ")");
        if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &store->insert[t],
                               NULL) != SQLITE_OK) {
            return st_store_fail(ctx, store, "write");
        }
    }
    return ST_OK;
}

static st_status open_part(st_ctx* ctx, st_store* store, bool force)
{
    if (!force && st_store_keep_find(store)) {
        ST_TRY(prepare_inserts(ctx, store));
        return store_exec(ctx, store, "BEGIN");
    }
    remove_part(store); // of a run that was killed; the lock says that it is gone
    store->owns_part = true;
    if (sqlite3_open_v2(store->part_path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        return st_store_fail(ctx, store, "make the file");
    }
    char pragma[240];
    snprintf(pragma, sizeof pragma,
             "PRAGMA application_id = %d; PRAGMA user_version = %d; PRAGMA journal_mode = DELETE;"
             "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF; PRAGMA cache_size = %d;",
             ST_SCHEMA_APPLICATION, ST_SCHEMA_VERSION, -CACHE_KIB);
    ST_TRY(store_exec(ctx, store, pragma));
    for (int t = 0; t < ST_TABLE_COUNT; t++) {
        ST_TRY(store_exec(ctx, store, st_schema_table_sql((st_schema_table)t)));
    }
    ST_TRY(store_exec(ctx, store, "CREATE TABLE kept(people INTEGER NOT NULL)"));
    ST_TRY(prepare_inserts(ctx, store));
    return store_exec(ctx, store, "BEGIN");
}

static char* copy_dir(st_ctx* ctx, const char* dir)
{
    size_t length = strlen(dir);
    while (length > 1 && dir[length - 1] == '/') {
        length -= 1;
    }
    char* copy = st_alloc(ctx, length + 1, 1);
    if (copy) {
        memcpy(copy, dir, length);
    }
    return copy;
}

st_status st_store_create(st_ctx* ctx, const char* dir, bool force, st_store** out)
{
    *out = NULL;
    if (!dir || !dir[0]) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "output folder: found no name");
    }
    st_store* store = st_alloc(ctx, 1, sizeof *store);
    if (!store) {
        return ST_ERR_MEMORY;
    }
    store->ctx = ctx;
    store->lock_fd = -1;
    st_status status = ST_ERR_MEMORY;
    store->dir = copy_dir(ctx, dir);
    if (!store->dir) {
        goto cleanup;
    }
    store->path = st_folder_path(ctx, store->dir, "results.sqlite");
    store->part_path = st_folder_path(ctx, store->dir, "results.sqlite.part");
    store->lock_path = st_folder_path(ctx, store->dir, ".lock");
    store->kept_path = st_folder_path(ctx, store->dir, "results.sqlite.kept");
    if (!store->path || !store->part_path || !store->lock_path || !store->kept_path) {
        goto cleanup;
    }
    status = st_folder_make(ctx, store->dir, &store->made_from);
    if (status == ST_OK) {
        status = st_folder_lock(ctx, store->dir, store->lock_path, &store->lock_fd);
    }
    // Looked at under the lock: a run that ends meanwhile cannot be overwritten.
    if (status == ST_OK && !force && access(store->path, F_OK) == 0) {
        status = ST_FAIL(ctx, ST_ERR_INPUT, "%s: holds a result; use --force to replace it",
                         store->path);
    }
    if (status == ST_OK) {
        status = open_part(ctx, store, force);
    }
cleanup:
    if (status != ST_OK) {
        st_store_destroy(store);
        return status;
    }
    *out = store;
    return ST_OK;
}

st_status st_store_override_seed(st_store* store, uint64_t seed)
{
    if (store->has_begun) {
        return ST_FAIL(store->ctx, ST_ERR_INPUT, "the seed must be set before the run begins");
    }
    store->has_seed = true;
    store->seed = seed;
    return ST_OK;
}

static int bind_one(sqlite3_stmt* insert, int column, char type, va_list* args)
{
    if (type == 'i') {
        const int64_t value = va_arg(*args, int64_t);
        return value == ST_STORE_NULL ? sqlite3_bind_null(insert, column)
                                      : sqlite3_bind_int64(insert, column, value);
    }
    if (type == 'd') {
        const double value = va_arg(*args, double);
        return isfinite(value) ? sqlite3_bind_double(insert, column, value)
                               : sqlite3_bind_null(insert, column);
    }
    const char* text = va_arg(*args, const char*);
    return text ? sqlite3_bind_text(insert, column, text, -1, SQLITE_STATIC)
                : sqlite3_bind_null(insert, column);
}

st_status st_store_put(st_ctx* ctx, st_store* store, st_schema_table table, ...)
{
    sqlite3_stmt* insert = store->insert[table];
    const char* types = st_schema_table_types(table);
    int code = SQLITE_OK;
    va_list args;
    if (store->is_replaying) { // an earlier run has written this row
        store->row_count[table] += 1;
        return ST_OK;
    }
    va_start(args, table);
    for (int column = 0; types[column] && code == SQLITE_OK; column++) {
        code = bind_one(insert, column + 1, types[column], &args);
    }
    va_end(args);
    if (code == SQLITE_OK && sqlite3_step(insert) != SQLITE_DONE) {
        code = SQLITE_ERROR;
    }
    st_status status = ST_OK;
    if (code != SQLITE_OK) {
        char what[64];
        snprintf(what, sizeof what, "write table %s", st_schema_table_name(table));
        status = st_store_fail(ctx, store, what);
    }
    sqlite3_reset(insert); // what is bound is bound anew before the next step
    ST_TRY(status);
    return st_store_count(ctx, store, table, 1);
}

st_status st_store_count(st_ctx* ctx, st_store* store, st_schema_table table, int rows)
{
    store->row_count[table] += rows;
    store->pending += rows;
    store->has_loose_rows = true;
    if (!store->is_kept && store->pending >= TRANSACTION_ROWS) {
        store->pending = 0;
        return store_exec(ctx, store, "COMMIT; BEGIN");
    }
    return ST_OK;
}

static st_status put_count(st_ctx* ctx, st_store* store, const char* key, int64_t count)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)count);
    return st_store_put(ctx, store, ST_TABLE_ABOUT, key, text);
}

static st_status store_end(void* self, st_ctx* ctx)
{
    st_store* store = self;
    if (!store->has_begun || store->has_ended) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "a store ends once, after it has begun");
    }
    ST_TRY(st_store_readings_flush(ctx, store));
    ST_TRY(st_store_tally_write(ctx, store->tally, store));
    ST_TRY(put_count(ctx, store, "parameter_count", store->parameter_count));
    ST_TRY(put_count(ctx, store, "parameter_assumed_count", store->assumed_count));
    ST_TRY(put_count(ctx, store, "person_row_count", store->row_count[ST_TABLE_PERSON]));
    ST_TRY(put_count(ctx, store, "reading_row_count", store->row_count[ST_TABLE_READING]));
    ST_TRY(put_count(ctx, store, "failure_count", store->row_count[ST_TABLE_FAILURE]));
    store->has_ended = true;
    return ST_OK;
}

st_sink st_store_sink(st_store* store)
{
    const st_sink sink = {
        .self = store,
        .begin = st_store_begin,
        .row = st_store_row,
        .end = store_end,
        .progress = NULL,
        .keep = st_store_keep,
        .recall = st_store_keep_recall,
    };
    return sink;
}

// SQLite's own look at the whole file: "ok", or what is wrong with it.
static st_status check_file(st_ctx* ctx, st_store* store)
{
    sqlite3_stmt* query = NULL;
    st_status status = ST_OK;
    if (sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &query, NULL) != SQLITE_OK ||
        sqlite3_step(query) != SQLITE_ROW) {
        status = st_store_fail(ctx, store, "check");
    } else {
        const char* found = (const char*)sqlite3_column_text(query, 0);
        if (!found || strcmp(found, "ok") != 0) {
            status = ST_FAIL(ctx, ST_ERR_FILE, "%s: damaged while it was written: %s",
                             store->part_path, found ? found : "no answer");
        }
    }
    sqlite3_finalize(query);
    return status;
}

static void close_db(st_store* store)
{
    for (int t = 0; t < ST_TABLE_COUNT; t++) {
        sqlite3_finalize(store->insert[t]);
        store->insert[t] = NULL;
    }
    sqlite3_finalize(store->insert_readings);
    store->insert_readings = NULL;
    sqlite3_close(store->db);
    store->db = NULL;
}

st_status st_store_finish(st_ctx* ctx, st_store* store)
{
    if (!store->has_ended || store->is_finished) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: the run has not ended, so it cannot be sealed",
                       store->part_path);
    }
    ST_TRY(store_exec(ctx, store, "DROP TABLE kept; COMMIT"));
    ST_TRY(check_file(ctx, store));
    close_db(store);
    ST_TRY(st_folder_sync(ctx, store->part_path));
    if (rename(store->part_path, store->path) != 0) {
        return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot rename to results.sqlite: %s",
                       store->part_path, strerror(errno));
    }
    store->owns_part = false;
    store->is_finished = true;
    st_store_keep_close(store, true);
    return st_folder_sync(ctx, store->dir);
}

void st_store_destroy(st_store* store)
{
    if (!store) {
        return;
    }
    if (store->db && !store->is_finished) {
        st_store_keep_commit(store->ctx, store); // a failure loses people of the last second
    }
    close_db(store);
    st_store_keep_close(store, false);
    if (store->owns_part && store->kept_people == 0) {
        remove_part(store);
    }
    st_folder_unlock(store->lock_path, store->lock_fd);
    if (!store->is_finished && store->dir) {
        st_folder_unmake(store->dir, store->made_from);
    }
    st_ctx* ctx = store->ctx;
    st_store_tally_destroy(ctx, store->tally);
    st_free(ctx, store->reading);
    st_free(ctx, store->kept_path);
    st_free(ctx, store->lock_path);
    st_free(ctx, store->part_path);
    st_free(ctx, store->path);
    st_free(ctx, store->dir);
    st_free(ctx, store);
}
