/// \file
/// CSV after RFC 4180, strict: every record has the header's number of fields, quotes must close,
/// text must be UTF-8. Mistakes are reported as `file:line: ...`. Also a growing text buffer.
#ifndef ST_BASE_TABLE_H
#define ST_BASE_TABLE_H

#include "base.h"

typedef struct st_table st_table;

st_status st_table_load(st_ctx* ctx, const char* path, st_table** out);
st_status st_table_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                         st_table** out);
void st_table_destroy(st_table* table);
int st_table_row_count(const st_table* table);
int st_table_column_count(const st_table* table);
const char* st_table_name(const st_table* table);
const char* st_table_head(const st_table* table, int column);
int st_table_column(const st_table* table, const char* head);          ///< -1 when absent
const char* st_table_cell(const st_table* table, int row, int column); ///< "" when empty
int st_table_line(const st_table* table, int row); ///< line in the file where the row begins
/// Cell as a number: 1 = read, 0 = empty, -1 = not a number (reported with its line).
int st_table_number(st_ctx* ctx, const st_table* table, int row, int column, double* out);

/// Text that grows. After a failed allocation it stays unchanged and `failed` is set.
typedef struct st_text {
    st_ctx* ctx;
    char* data; ///< zero-terminated once something was added; may be NULL before
    size_t length, capacity;
    bool failed;
} st_text;

void st_text_init(st_text* text, st_ctx* ctx);
void st_text_clear(st_text* text);
void st_text_add(st_text* text, const char* s);
void st_text_add_bytes(st_text* text, const char* s, size_t length);
void st_text_addf(st_text* text, const char* format, ...) ST_PRINTF(2, 3);
/// Adds text with the characters of `which` (some of & < > " ') written as XML and HTML ask.
/// Control characters other than tab and newline, which XML cannot hold, are left out.
void st_text_add_escaped(st_text* text, const char* s, size_t length, const char* which);
/// The same for what stands between tags, where only & and < mean something.
void st_text_add_xml(st_text* text, const char* s);
/// Adds one CSV field, quoted if needed, preceded by a comma unless it begins a record.
void st_text_add_field(st_text* text, const char* field);
/// Adds a number as a CSV field with 17 significant digits at most, shortest that reads back equal.
void st_text_add_number(st_text* text, double value);
/// Adds a whole number as a CSV field.
void st_text_add_integer(st_text* text, int64_t value);
void st_text_end_record(st_text* text); ///< "\r\n" as RFC 4180 asks

/// Shortest decimal text that reads back to the same double (out >= 32 bytes).
void st_number_text(double value, char* out, size_t size);

/// Writes a whole file safely: temporary file beside it, fsync, rename. Reports path and reason.
st_status st_file_write(st_ctx* ctx, const char* path, const char* data, size_t length);
/// Reads a whole file (limit in bytes); *out is st_alloc'ed with a closing zero byte, owned by the
/// caller.
st_status st_file_read(st_ctx* ctx, const char* path, size_t limit, char** out, size_t* length);

#endif
