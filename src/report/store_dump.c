#include "base/table.h"
#include "report/query.h"
#include "report/schema.h"
#include "stroma/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

// Text collected before it goes on to the hash.
#define DUMP_BLOCK (1u << 20)

typedef struct dump {
    st_text text;
    XXH3_state_t* hash; // NULL: keep all text
} dump;

static void flush(dump* d)
{
    if (d->hash && !d->text.failed && d->text.data) {
        XXH3_128bits_update(d->hash, d->text.data, d->text.length);
        d->text.length = 0;
    }
}

// 'text' with ' doubled and line ends written out, so that a row stays one line.
static void add_quoted(st_text* text, const char* s)
{
    st_text_add(text, "'");
    for (const char* at = s; *at;) {
        const size_t plain = strcspn(at, "'\n\r\\");
        st_text_add_bytes(text, at, plain);
        at += plain;
        if (*at) {
            st_text_add(text, *at == '\''   ? "''"
                              : *at == '\n' ? "\\n"
                              : *at == '\r' ? "\\r"
                                            : "\\\\");
            at += 1;
        }
    }
    st_text_add(text, "'");
}

static void add_value(st_text* text, sqlite3_stmt* row, int column)
{
    char number[40];
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
        st_text_add(text, "NULL");
        return;
    case SQLITE_INTEGER:
        st_text_addf(text, "%lld", (long long)sqlite3_column_int64(row, column));
        return;
    case SQLITE_FLOAT:
        st_number_text(sqlite3_column_double(row, column), number, sizeof number);
        st_text_add(text, number);
        return;
    default:
        add_quoted(text, (const char*)sqlite3_column_text(row, column));
        return;
    }
}

// A scan of a WITHOUT ROWID table runs along its primary key, and every table here is one.
static st_status dump_table(st_query* query, dump* d, st_schema_table table)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT * FROM %s", st_schema_table_name(table));
    ST_TRY(st_query_start(query, sql));
    const int columns = sqlite3_column_count(query->statement);
    st_text_addf(&d->text, "%s", st_schema_table_name(table));
    for (int i = 0; i < columns; i++) {
        st_text_addf(&d->text, "%s%s", i == 0 ? "(" : ", ",
                     sqlite3_column_name(query->statement, i));
    }
    st_text_add(&d->text, ")\n");
    while (st_query_next(query)) {
        for (int i = 0; i < columns; i++) {
            st_text_add(&d->text, i == 0 ? "" : "|");
            add_value(&d->text, query->statement, i);
        }
        st_text_add(&d->text, "\n");
        if (d->text.length > DUMP_BLOCK) {
            flush(d);
        }
    }
    flush(d);
    return query->status;
}

static st_status dump_all(st_ctx* ctx, const char* dir, dump* d)
{
    st_query query;
    ST_TRY(st_query_open(ctx, dir, &query));
    st_status status = ST_OK;
    for (int t = 0; t < ST_TABLE_COUNT && status == ST_OK; t++) {
        status = dump_table(&query, d, (st_schema_table)t);
    }
    st_query_close(&query);
    return status == ST_OK && d->text.failed ? ST_ERR_MEMORY : status;
}

st_status st_store_dump(st_ctx* ctx, const char* dir, char** out, size_t* length)
{
    *out = NULL;
    *length = 0;
    dump d = {.hash = NULL};
    st_text_init(&d.text, ctx);
    const st_status status = dump_all(ctx, dir, &d);
    if (status != ST_OK) {
        st_text_clear(&d.text);
        return status;
    }
    *out = d.text.data;
    *length = d.text.length;
    return ST_OK;
}

st_status st_store_dump_hash(st_ctx* ctx, const char* dir, char out[33])
{
    XXH3_state_t* hash = st_alloc(ctx, 1, sizeof *hash); // aligned to 64, as XXH3 needs it
    if (!hash) {
        return ST_ERR_MEMORY;
    }
    XXH3_128bits_reset(hash);
    dump d = {.hash = hash};
    st_text_init(&d.text, ctx);
    const st_status status = dump_all(ctx, dir, &d);
    const XXH128_hash_t value = XXH3_128bits_digest(hash);
    snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)value.high64, (uint64_t)value.low64);
    st_text_clear(&d.text);
    st_free(ctx, hash);
    return status;
}
