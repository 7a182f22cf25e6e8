#include "base/table.h"

#include "base/number.h"
#include "base/utf8.h"

#include <limits.h>
#include <string.h>

#define TABLE_BYTE_LIMIT ((size_t)256 << 20)
#define COLUMN_LIMIT     4096

struct st_table {
    st_ctx* ctx;
    st_arena arena;
    const char* name;
    int column_count, row_count, row_capacity;
    const char** head; // [column_count]
    const char*** row; // [row_count][column_count]
    int* line;         // [row_count]
};

typedef struct reader {
    st_ctx* ctx;
    st_table* table;
    const char* at;
    const char* end;
    int line;
    int begin_line; // of the record
    size_t* start;  // [COLUMN_LIMIT] where each field begins in the buffer
    st_text buffer;
    int field_count;
} reader;

static bool at_line_end(const reader* r)
{
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static st_status quoted_field(reader* r)
{
    const int begin = r->line;
    r->at += 1;
    for (;;) {
        if (r->at == r->end) {
            return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:%d: a quoted field is not closed",
                           r->table->name, begin);
        }
        if (*r->at == '"') {
            if (r->at + 1 < r->end && r->at[1] == '"') {
                r->at += 1;
            } else {
                r->at += 1;
                break;
            }
        }
        r->line += *r->at == '\n';
        st_text_add_bytes(&r->buffer, r->at, 1);
        r->at += 1;
    }
    if (!at_line_end(r) && *r->at != ',') {
        return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:%d: found text after a closing quote",
                       r->table->name, r->line);
    }
    return ST_OK;
}

static st_status plain_field(reader* r)
{
    const char* begin = r->at;
    while (!at_line_end(r) && *r->at != ',') {
        if (*r->at == '"') {
            return ST_FAIL(r->ctx, ST_ERR_INPUT,
                           "%s:%d: a quote inside a field that does not begin with one",
                           r->table->name, r->line);
        }
        r->at += 1;
    }
    st_text_add_bytes(&r->buffer, begin, (size_t)(r->at - begin));
    return ST_OK;
}

// Reads one record into `buffer` and `start`.
static st_status read_record(reader* r)
{
    r->buffer.length = 0;
    r->field_count = 0;
    r->begin_line = r->line;
    for (;;) {
        if (r->field_count == COLUMN_LIMIT) {
            return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:%d: more than %d fields", r->table->name,
                           r->begin_line, COLUMN_LIMIT);
        }
        r->start[r->field_count] = r->buffer.length;
        r->field_count += 1;
        ST_TRY(r->at < r->end && *r->at == '"' ? quoted_field(r) : plain_field(r));
        st_text_add_bytes(&r->buffer, "", 1);
        if (r->buffer.failed) {
            return ST_ERR_MEMORY;
        }
        if (r->at < r->end && *r->at == ',') {
            r->at += 1;
            continue;
        }
        break;
    }
    if (r->at < r->end && *r->at == '\r') {
        r->at += 1;
        if (r->at == r->end || *r->at != '\n') {
            return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:%d: a carriage return without line feed",
                           r->table->name, r->line);
        }
    }
    if (r->at < r->end) {
        r->at += 1;
        r->line += 1;
    }
    return ST_OK;
}

// The record's fields as texts in the arena.
static const char** keep_record(reader* r)
{
    st_arena* arena = &r->table->arena;
    char* text = st_arena_text(arena, r->buffer.data, r->buffer.length);
    const char** field = st_arena_alloc(arena, (size_t)r->field_count, sizeof *field);
    if (text == NULL || field == NULL) {
        return NULL;
    }
    for (int i = 0; i < r->field_count; i++) {
        field[i] = text + r->start[i];
    }
    return field;
}

static st_status read_head(reader* r)
{
    st_table* table = r->table;
    ST_TRY(read_record(r));
    table->head = keep_record(r);
    if (table->head == NULL) {
        return ST_ERR_MEMORY;
    }
    table->column_count = r->field_count;
    for (int i = 0; i < table->column_count; i++) {
        if (table->head[i][0] == '\0') {
            return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:1: column %d has no name", table->name, i + 1);
        }
        if (st_table_column(table, table->head[i]) != i) {
            return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:1: two columns are named '%s'", table->name,
                           table->head[i]);
        }
    }
    return ST_OK;
}

static st_status grow_rows(st_table* table)
{
    if (table->row_count < table->row_capacity) {
        return ST_OK;
    }
    if (table->row_capacity > INT_MAX / 2) {
        return ST_FAIL(table->ctx, ST_ERR_INPUT, "%s: too many records", table->name);
    }
    const int capacity = table->row_capacity > 0 ? 2 * table->row_capacity : 64;
    const char*** row = st_realloc(table->ctx, table->row, (size_t)capacity, sizeof *row);
    if (row == NULL) {
        return ST_ERR_MEMORY;
    }
    table->row = row;
    int* line = st_realloc(table->ctx, table->line, (size_t)capacity, sizeof *line);
    if (line == NULL) {
        return ST_ERR_MEMORY;
    }
    table->line = line;
    table->row_capacity = capacity;
    return ST_OK;
}

static st_status read_rows(reader* r)
{
    st_table* table = r->table;
    while (r->at < r->end) {
        ST_TRY(read_record(r));
        if (r->field_count != table->column_count) {
            return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:%d: found %d field%s, expected %d",
                           table->name, r->begin_line, r->field_count,
                           r->field_count == 1 ? "" : "s", table->column_count);
        }
        ST_TRY(grow_rows(table));
        const char** fields = keep_record(r);
        if (fields == NULL) {
            return ST_ERR_MEMORY;
        }
        table->row[table->row_count] = fields;
        table->line[table->row_count] = r->begin_line;
        table->row_count += 1;
    }
    return ST_OK;
}

static st_status read_table(reader* r, const char* text, size_t length)
{
    char why[64];
    int line, column;
    if (!st_utf8_check(text, length, &line, &column, why, sizeof why)) {
        return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:%d: column %d: %s", r->table->name, line, column,
                       why);
    }
    r->at = text;
    r->end = text + length;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { // the mark that Excel writes
        r->at += 3;
    }
    if (r->at == r->end) {
        return ST_FAIL(r->ctx, ST_ERR_INPUT, "%s:1: the table is empty; expected a line of heads",
                       r->table->name);
    }
    r->start = st_alloc(r->ctx, COLUMN_LIMIT, sizeof *r->start);
    if (r->start == NULL) {
        return ST_ERR_MEMORY;
    }
    ST_TRY(read_head(r));
    return read_rows(r);
}

st_status st_table_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                         st_table** out)
{
    *out = NULL;
    st_table* table = st_alloc(ctx, 1, sizeof *table);
    if (table == NULL) {
        return ST_ERR_MEMORY;
    }
    table->ctx = ctx;
    st_arena_init(&table->arena, ctx);
    table->name = st_arena_text(&table->arena, name, strlen(name));
    reader r = {.ctx = ctx, .table = table, .line = 1};
    st_text_init(&r.buffer, ctx);
    const st_status status = table->name == NULL ? ST_ERR_MEMORY : read_table(&r, text, length);
    st_text_clear(&r.buffer);
    st_free(ctx, r.start);
    if (status != ST_OK) {
        st_table_destroy(table);
        return status;
    }
    *out = table;
    return ST_OK;
}

st_status st_table_load(st_ctx* ctx, const char* path, st_table** out)
{
    *out = NULL;
    char* text;
    size_t length;
    ST_TRY(st_file_read(ctx, path, TABLE_BYTE_LIMIT, &text, &length));
    const st_status status = st_table_parse(ctx, path, text, length, out);
    st_free(ctx, text);
    return status;
}

void st_table_destroy(st_table* table)
{
    if (table == NULL) {
        return;
    }
    st_ctx* ctx = table->ctx;
    st_free(ctx, table->row);
    st_free(ctx, table->line);
    st_arena_clear(&table->arena);
    st_free(ctx, table);
}

int st_table_row_count(const st_table* table)
{
    return table->row_count;
}

int st_table_column_count(const st_table* table)
{
    return table->column_count;
}

const char* st_table_name(const st_table* table)
{
    return table->name;
}

const char* st_table_head(const st_table* table, int column)
{
    return column >= 0 && column < table->column_count ? table->head[column] : "";
}

int st_table_column(const st_table* table, const char* head)
{
    for (int i = 0; i < table->column_count; i++) {
        if (strcmp(table->head[i], head) == 0) {
            return i;
        }
    }
    return -1;
}

const char* st_table_cell(const st_table* table, int row, int column)
{
    const bool is_inside =
        row >= 0 && row < table->row_count && column >= 0 && column < table->column_count;
    return is_inside ? table->row[row][column] : "";
}

int st_table_line(const st_table* table, int row)
{
    return row >= 0 && row < table->row_count ? table->line[row] : 0;
}

int st_table_number(st_ctx* ctx, const st_table* table, int row, int column, double* out)
{
    const char* cell = st_table_cell(table, row, column);
    if (cell[0] == '\0') {
        return 0;
    }
    double value;
    const size_t length = st_number_parse(cell, &value);
    if (length == 0 || cell[length] != '\0') {
        ST_FAIL(ctx, ST_ERR_INPUT, "%s:%d: %s: found '%.60s', expected a number", table->name,
                st_table_line(table, row), st_table_head(table, column), cell);
        return -1;
    }
    *out = value;
    return 1;
}
