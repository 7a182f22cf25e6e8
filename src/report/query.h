/// \file
/// Private: reading a finished store.
#ifndef ST_REPORT_QUERY_H
#define ST_REPORT_QUERY_H

#include "base/base.h"

#include <sqlite3.h>

/// One open store and, at most, one running query.
typedef struct st_query {
    st_ctx* ctx;
    char* path; ///< owned
    sqlite3* db;
    sqlite3_stmt* statement;
    st_status status; ///< of the last query, once st_query_next() has said false
} st_query;

/// Opens DIR/results.sqlite read-only and checks that it is a store of this version.
st_status st_query_open(st_ctx* ctx, const char* dir, st_query* query);
void st_query_close(st_query* query);

/// Starts `sql`; ends the one before.
st_status st_query_start(st_query* query, const char* sql);

/// Steps to the next row. False at the end or on failure: then read `status`.
bool st_query_next(st_query* query);

/// Column of the current row. NULL reads as NAN, `otherwise` or "".
double st_query_real(const st_query* query, int column);
int64_t st_query_integer(const st_query* query, int column, int64_t otherwise);
const char* st_query_text(const st_query* query, int column); ///< borrowed until the next step
bool st_query_is_null(const st_query* query, int column);

#endif
