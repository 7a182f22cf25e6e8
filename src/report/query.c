#include "report/query.h"
#include "report/folder.h"
#include "report/schema.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static st_status fail(st_query* query)
{
    return ST_FAIL(query->ctx, ST_ERR_FILE, "%s: cannot read: %s", query->path,
                   query->db ? sqlite3_errmsg(query->db) : "out of memory");
}

static st_status read_pragma(st_query* query, const char* sql, int64_t* out)
{
    ST_TRY(st_query_start(query, sql));
    if (st_query_next(query)) {
        *out = st_query_integer(query, 0, 0);
        return ST_OK;
    }
    return query->status;
}

static st_status check_version(st_query* query)
{
    int64_t application = 0;
    int64_t version = 0;
    ST_TRY(read_pragma(query, "PRAGMA application_id", &application));
    ST_TRY(read_pragma(query, "PRAGMA user_version", &version));
    if (application != ST_SCHEMA_APPLICATION) {
        return ST_FAIL(query->ctx, ST_ERR_FILE, "%s: this is no result of stroma", query->path);
    }
    if (version != ST_SCHEMA_VERSION) {
        return ST_FAIL(query->ctx, ST_ERR_FILE,
                       "%s: found format version %lld, this program reads %d", query->path,
                       (long long)version, ST_SCHEMA_VERSION);
    }
    return ST_OK;
}

st_status st_query_open(st_ctx* ctx, const char* dir, st_query* query)
{
    memset(query, 0, sizeof *query);
    query->ctx = ctx;
    query->path = st_folder_path(ctx, dir, "results.sqlite");
    if (!query->path) {
        return ST_ERR_MEMORY;
    }
    st_status status = ST_OK;
    if (access(query->path, R_OK) != 0) {
        status = ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot read: %s", query->path, strerror(errno));
    } else if (sqlite3_open_v2(query->path, &query->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                               NULL) != SQLITE_OK) {
        status = fail(query);
    } else {
        status = check_version(query);
    }
    if (status != ST_OK) {
        st_query_close(query);
    }
    return status;
}

void st_query_close(st_query* query)
{
    sqlite3_finalize(query->statement);
    sqlite3_close(query->db);
    st_free(query->ctx, query->path);
    query->statement = NULL;
    query->db = NULL;
    query->path = NULL;
}

st_status st_query_start(st_query* query, const char* sql)
{
    sqlite3_finalize(query->statement);
    query->statement = NULL;
    query->status = ST_OK;
    if (sqlite3_prepare_v2(query->db, sql, -1, &query->statement, NULL) != SQLITE_OK) {
        query->status = fail(query);
    }
    return query->status;
}

bool st_query_next(st_query* query)
{
    const int code = sqlite3_step(query->statement);
    if (code == SQLITE_ROW) {
        return true;
    }
    query->status = code == SQLITE_DONE ? ST_OK : fail(query);
    return false;
}

bool st_query_is_null(const st_query* query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

double st_query_real(const st_query* query, int column)
{
    return st_query_is_null(query, column) ? (double)NAN
                                           : sqlite3_column_double(query->statement, column);
}

int64_t st_query_integer(const st_query* query, int column, int64_t otherwise)
{
    return st_query_is_null(query, column) ? otherwise
                                           : sqlite3_column_int64(query->statement, column);
}

const char* st_query_text(const st_query* query, int column)
{
    const char* text = (const char*)sqlite3_column_text(query->statement, column);
    return text ? text : "";
}
