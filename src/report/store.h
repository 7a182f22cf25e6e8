/// \file
/// Private: an open, growing store.
#ifndef ST_REPORT_STORE_H
#define ST_REPORT_STORE_H

#include "base/base.h"
#include "report/schema.h"
#include "stroma/report.h"

#include <sqlite3.h>
#include <stdio.h>

/// Integer that st_store_put() writes as NULL.
#define ST_STORE_NULL INT64_MIN

/// Sums over people: store_tally.c.
typedef struct st_store_tally st_store_tally;

struct st_store {
    st_ctx* ctx; ///< owns the memory
    char* dir;
    char* path;       ///< DIR/results.sqlite
    char* part_path;  ///< DIR/results.sqlite.part
    char* lock_path;  ///< DIR/.lock
    char* kept_path;  ///< DIR/results.sqlite.kept
    size_t made_from; ///< folders of `dir` from this length on were made by us; 0 = none
    int lock_fd;
    bool owns_part;
    bool has_begun, has_ended, is_finished;
    bool has_seed;
    uint64_t seed;
    sqlite3* db;
    sqlite3_stmt* insert[ST_TABLE_COUNT];
    sqlite3_stmt* insert_readings; ///< many at a time; NULL before the first
    st_reading_row* reading;       ///< owned: rows for it
    int reading_count;
    int64_t pending; ///< rows in the open transaction
    FILE* kept_file;
    void* kept_bytes;    ///< owned
    int64_t kept_people; ///< finished, in this run or an earlier one
    bool is_due;         ///< some of them are not committed yet
    bool has_loose_rows; ///< rows of people who are not kept yet
    double committed_s;  ///< when the last commit ended, and how long it took
    double commit_cost_s;
    bool is_kept;      ///< rows are committed with what people left, and only then
    bool is_replaying; ///< rows that come now are in the file already
    int64_t row_count[ST_TABLE_COUNT];
    int arm_count, visit_count, measure_count;
    int parameter_count, assumed_count;
    st_store_tally* tally;
};

/// Inserts one row. Arguments after `table` follow its type text: int64_t, double, const char*.
/// NaN, infinities, NULL texts and ST_STORE_NULL become NULL.
st_status st_store_put(st_ctx* ctx, st_store* store, st_schema_table table, ...);

/// Counts rows that were inserted; commits now and then in a run whose people are not kept.
st_status st_store_count(st_ctx* ctx, st_store* store, st_schema_table table, int rows);

/// store_readings.c: readings, which wait until there are many.
st_status st_store_readings_put(st_ctx* ctx, st_store* store, const st_reading_row* row);
/// Inserts those that wait.
st_status st_store_readings_flush(st_ctx* ctx, st_store* store);

/// Reports what SQLite says about the growing file.
st_status st_store_fail(st_ctx* ctx, const st_store* store, const char* what);

/// Writes all that is known before the first person: store_begin.c.
st_status st_store_begin(void* self, st_ctx* ctx, const st_study* study);

/// Writes one row of a run: store_row.c.
st_status st_store_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row);

/// store_keep.c: looks for what an earlier run left and opens it.
bool st_store_keep_find(st_store* store);
/// Refuses another study, seed or version; else prepares to give back what was kept.
st_status st_store_keep_check(st_ctx* ctx, st_store* store, const st_study* study);
st_status st_store_keep(void* self, st_ctx* ctx, int64_t first, int64_t count, const void* bytes,
                        size_t length);
st_status st_store_keep_recall(void* self, st_ctx* ctx, int64_t first, int64_t* count,
                               const void** bytes, size_t* length);
/// Commits people who are kept and wait for it. Nothing when rows of others came after them.
st_status st_store_keep_commit(st_ctx* ctx, st_store* store);
void st_store_keep_close(st_store* store, bool removes);

#endif
