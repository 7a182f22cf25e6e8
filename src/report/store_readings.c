// Readings are nearly all rows of a store: they are inserted many at a time by one statement, which
// costs a fifth less than one by one.
#include "report/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/// Columns of the table, and most rows per statement: SQLite of old takes 999 values.
#define COLUMNS   8
#define ROW_LIMIT 120

/// As many rows at a time as a person has readings in an arm, within the limit.
static int rows_at_once(const st_store* store)
{
    const int64_t places = (int64_t)store->visit_count * store->measure_count;
    return places > ROW_LIMIT ? ROW_LIMIT : (int)places;
}

static st_status prepare(st_ctx* ctx, st_store* store)
{
    char sql[64 + ROW_LIMIT * (2 * COLUMNS + 2)];
    const int rows = rows_at_once(store);
    size_t length = (size_t)snprintf(sql, sizeof sql, "INSERT INTO reading VALUES");
    for (int i = 0; i < rows; i++) {
        length += (size_t)snprintf(sql + length, sizeof sql - length, "%s(?,?,?,?,?,?,?,?)",
                                   i == 0 ? "" : ",");
    }
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &store->insert_readings,
                           NULL) != SQLITE_OK) {
        return st_store_fail(ctx, store, "write");
    }
    store->reading = st_alloc(store->ctx, (size_t)rows, sizeof *store->reading);
    return store->reading ? ST_OK : ST_ERR_MEMORY;
}

/// NaN and infinities become NULL.
static int bind_number(sqlite3_stmt* insert, int column, double value)
{
    return isfinite(value) ? sqlite3_bind_double(insert, column, value)
                           : sqlite3_bind_null(insert, column);
}

static int bind_row(sqlite3_stmt* insert, int before, const st_reading_row* r)
{
    int code = sqlite3_bind_int64(insert, before + 1, r->arm);
    code = code != SQLITE_OK ? code : sqlite3_bind_int64(insert, before + 2, (int64_t)r->person);
    code = code != SQLITE_OK ? code : sqlite3_bind_int64(insert, before + 3, r->visit);
    code = code != SQLITE_OK ? code : sqlite3_bind_int64(insert, before + 4, r->measure);
    code = code != SQLITE_OK ? code : bind_number(insert, before + 5, r->measured);
    code = code != SQLITE_OK ? code : bind_number(insert, before + 6, r->value);
    code = code != SQLITE_OK ? code : bind_number(insert, before + 7, r->sham);
    return code != SQLITE_OK ? code : bind_number(insert, before + 8, r->untreated);
}

static st_status insert_all(st_ctx* ctx, st_store* store)
{
    sqlite3_stmt* insert = store->insert_readings;
    const int rows = store->reading_count;
    int code = SQLITE_OK;
    st_status status = ST_OK;
    for (int i = 0; i < rows && code == SQLITE_OK; i++) {
        code = bind_row(insert, i * COLUMNS, &store->reading[i]);
    }
    if (code != SQLITE_OK || sqlite3_step(insert) != SQLITE_DONE) {
        status = st_store_fail(ctx, store, "write table reading");
    }
    sqlite3_reset(insert);
    store->reading_count = 0;
    ST_TRY(status);
    return st_store_count(ctx, store, ST_TABLE_READING, rows);
}

st_status st_store_readings_put(st_ctx* ctx, st_store* store, const st_reading_row* row)
{
    if (store->is_replaying) { // an earlier run has written this row
        store->row_count[ST_TABLE_READING] += 1;
        return ST_OK;
    }
    if (!store->insert_readings) {
        ST_TRY(prepare(ctx, store));
    }
    store->reading[store->reading_count++] = *row;
    return store->reading_count == rows_at_once(store) ? insert_all(ctx, store) : ST_OK;
}

st_status st_store_readings_flush(st_ctx* ctx, st_store* store)
{
    const int rows = store->reading_count;
    store->reading_count = 0;
    for (int i = 0; i < rows; i++) {
        const st_reading_row* r = &store->reading[i];
        ST_TRY(st_store_put(ctx, store, ST_TABLE_READING, (int64_t)r->arm, (int64_t)r->person,
                            (int64_t)r->visit, (int64_t)r->measure, r->measured, r->value, r->sham,
                            r->untreated));
    }
    return ST_OK;
}
