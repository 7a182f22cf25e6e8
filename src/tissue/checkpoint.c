// The last whole state of a run as rows of an SQLite file.                               [TIS-14]
//
//     about(key, value)                        whose state this is, and how far it is
//     part(what, item, first, raw, hash, data) arrays by bricks, packed; ledgers; texts;
//                                              the caller's blocks

#include "tissue/reaction.h"
#include "tissue/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>
#include <xxhash.h>
#include <zstd.h>

#define V ST_BRICK_VOXELS

/// Bricks in one row.
#define ROW_BRICKS 256
/// Speed before size: a checkpoint must not slow the run.
#define PACK_LEVEL 1
#define FORMAT     "2"

/// What a row holds.
enum { PART_STATE, PART_LEVEL, PART_REMAINDER, PART_MATRIX, PART_TEXT, PART_BLOCK };

struct st_checkpoint {
    st_ctx* ctx;
    char* path;
    char* identity;
    sqlite3* db;
    bool has_state;
};

static st_status say(st_ctx* ctx, const st_checkpoint* c, const char* what)
{
    return ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot %s: %s", c->path, what, sqlite3_errmsg(c->db));
}

static st_status execute(st_ctx* ctx, const st_checkpoint* c, const char* sql, const char* what)
{
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ST_OK : say(ctx, c, what);
}

static bool ask(const st_checkpoint* c, const char* key, char* text, size_t size)
{
    sqlite3_stmt* query = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(c->db, "SELECT value FROM about WHERE key = ?1", -1, &query, NULL) ==
        SQLITE_OK) {
        sqlite3_bind_text(query, 1, key, -1, SQLITE_STATIC);
        if (sqlite3_step(query) == SQLITE_ROW) {
            found = true;
            snprintf(text, size, "%s", (const char*)sqlite3_column_text(query, 0));
        }
    }
    sqlite3_finalize(query);
    return found;
}

static st_status tell(st_ctx* ctx, const st_checkpoint* c, const char* key, const char* value)
{
    sqlite3_stmt* insert = NULL;
    int result = sqlite3_prepare_v2(c->db, "INSERT OR REPLACE INTO about VALUES (?1, ?2)", -1,
                                    &insert, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_text(insert, 1, key, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 2, value, -1, SQLITE_STATIC);
        result = sqlite3_step(insert);
    }
    const st_status status = result == SQLITE_DONE ? ST_OK : say(ctx, c, "write");
    sqlite3_finalize(insert);
    return status;
}

// --- opening
// ------------------------------------------------------------------------------------

static char* copy_text(st_ctx* ctx, const char* text)
{
    const size_t length = strlen(text) + 1;
    char* copy = st_alloc(ctx, length, 1);
    if (copy) {
        memcpy(copy, text, length);
    }
    return copy;
}

static st_status open_file(st_ctx* ctx, st_checkpoint* c)
{
    if (sqlite3_open_v2(c->path, &c->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        return say(ctx, c, "open");
    }
    // The first write takes the lock, and closing alone gives it back.
    const int result = sqlite3_exec(c->db,
                                    "PRAGMA locking_mode = EXCLUSIVE;"
                                    "BEGIN EXCLUSIVE;"
                                    "CREATE TABLE IF NOT EXISTS about(key TEXT PRIMARY KEY, value "
                                    "TEXT) WITHOUT ROWID;"
                                    "CREATE TABLE IF NOT EXISTS part(what INTEGER, item INTEGER, "
                                    "first INTEGER, raw INTEGER, hash INTEGER, data BLOB, PRIMARY "
                                    "KEY(what, item, first));"
                                    "COMMIT",
                                    NULL, NULL, NULL);
    if (result == SQLITE_BUSY) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: another run is writing to this folder", c->path);
    }
    if (result == SQLITE_NOTADB) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: is no file of an unfinished run", c->path);
    }
    return result == SQLITE_OK ? ST_OK : say(ctx, c, "begin");
}

static st_status open_locked(st_ctx* ctx, const char* path, const char* identity,
                             st_checkpoint** out)
{
    *out = NULL;
    st_checkpoint* c = st_alloc(ctx, 1, sizeof *c);
    if (!c) {
        return ST_ERR_MEMORY;
    }
    c->ctx = ctx;
    c->path = copy_text(ctx, path);
    c->identity = copy_text(ctx, identity);
    const st_status status = c->path && c->identity ? open_file(ctx, c) : ST_ERR_MEMORY;
    if (status != ST_OK) {
        st_checkpoint_close(c, false);
        return status;
    }
    *out = c;
    return ST_OK;
}

// Whose state is it, and can this program read it?
static st_status check_state(st_ctx* ctx, st_checkpoint* c)
{
    char text[256] = "";
    char format[16] = "";
    c->has_state = ask(c, "identity", text, sizeof text);
    if (c->has_state && strcmp(text, c->identity) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: holds an unfinished run of another file or version (%s, this is %s); "
                       "use --force to start over",
                       c->path, text, c->identity);
    }
    if (c->has_state && !(ask(c, "format", format, sizeof format) && strcmp(format, FORMAT) == 0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: format '%s', expected " FORMAT, c->path, format);
    }
    return ST_OK;
}

st_status st_checkpoint_open(st_ctx* ctx, const char* path, const char* identity,
                             st_checkpoint** out)
{
    ST_TRY(open_locked(ctx, path, identity, out));
    const st_status status = check_state(ctx, *out);
    if (status != ST_OK) {
        st_checkpoint_close(*out, false);
        *out = NULL;
    }
    return status;
}

st_status st_checkpoint_begin(st_ctx* ctx, const char* path, const char* identity,
                              st_checkpoint** out)
{
    ST_TRY(open_locked(ctx, path, identity, out));
    const st_status status =
        execute(ctx, *out, "BEGIN; DELETE FROM about; DELETE FROM part; COMMIT", "write");
    if (status != ST_OK) {
        st_checkpoint_close(*out, false);
        *out = NULL;
    }
    return status;
}

bool st_checkpoint_has_state(const st_checkpoint* c)
{
    return c->has_state;
}

void st_checkpoint_close(st_checkpoint* c, bool removes)
{
    if (!c) {
        return;
    }
    if (removes) {
        unlink(c->path); // still locked: nobody else can have begun
    }
    sqlite3_close(c->db);
    st_free(c->ctx, c->path);
    st_free(c->ctx, c->identity);
    st_free(c->ctx, c);
}

// --- what is saved
// -------------------------------------------------------------------------------

// Numbers of a field beside its levels. All doubles, so that the file knows no padding.
#define LEDGER_COUNT 22

static void put_numbers(const st_field* f, double to[LEDGER_COUNT])
{
    const st_field_ledger* l = &f->ledger;
    const double all[LEDGER_COUNT] = {l->amount,
                                      l->start,
                                      l->supply,
                                      l->decay,
                                      l->uptake,
                                      l->cells,
                                      l->in,
                                      l->added,
                                      l->reacted,
                                      l->clipped,
                                      l->deficit,
                                      l->lowest_M,
                                      l->highest_M,
                                      (double)l->step_count,
                                      (double)l->reject_count,
                                      (double)l->cycle_count,
                                      (double)l->solve_count,
                                      l->last_step_min,
                                      f->peak_M,
                                      f->next_step_min,
                                      f->time_min,
                                      f->contraction};
    memcpy(to, all, sizeof all);
}

static void take_numbers(st_field* f, const double from[LEDGER_COUNT])
{
    f->ledger = (st_field_ledger){.amount = from[0],
                                  .start = from[1],
                                  .supply = from[2],
                                  .decay = from[3],
                                  .uptake = from[4],
                                  .cells = from[5],
                                  .in = from[6],
                                  .added = from[7],
                                  .reacted = from[8],
                                  .clipped = from[9],
                                  .deficit = from[10],
                                  .lowest_M = from[11],
                                  .highest_M = from[12],
                                  .step_count = (int64_t)from[13],
                                  .reject_count = (int64_t)from[14],
                                  .cycle_count = (int64_t)from[15],
                                  .solve_count = (int64_t)from[16],
                                  .last_step_min = from[17]};
    f->peak_M = from[18];
    f->next_step_min = from[19];
    f->time_min = from[20];
    f->contraction = from[21];
}

// Bricks, media and names: what the levels lie on.
static uint64_t structure_of(const st_tissue* t)
{
    const st_grid* grid = &t->mg->level[0].grid;
    const size_t bricks = (size_t)grid->brick_count;
    uint64_t hash = XXH3_64bits(grid->key, bricks * sizeof *grid->key);
    hash = XXH3_64bits_withSeed(grid->medium, bricks * V, hash);
    for (int i = 0; i < t->field_count; i++) {
        hash = XXH3_64bits_withSeed(t->field[i]->name, strlen(t->field[i]->name), hash);
    }
    for (int i = 0; i < t->matrix_count; i++) {
        hash = XXH3_64bits_withSeed(t->matrix[i].name, strlen(t->matrix[i].name), hash);
    }
    return hash;
}

typedef struct writer {
    st_ctx* ctx;
    st_checkpoint* c;
    sqlite3_stmt* row;
    void* packed;
    size_t room;
} writer;

static st_status put_row(writer* w, int what, int item, int first, const void* data, size_t length)
{
    const size_t room = ZSTD_compressBound(length);
    if (room > w->room) {
        st_free(w->ctx, w->packed);
        w->packed = st_alloc(w->ctx, room, 1);
        w->room = w->packed ? room : 0;
    }
    if (!w->packed) {
        return ST_ERR_MEMORY;
    }
    const size_t packed = ZSTD_compress(w->packed, w->room, data, length, PACK_LEVEL);
    if (ZSTD_isError(packed)) {
        return ST_FAIL(w->ctx, ST_ERR_FILE, "%s: cannot pack: %s", w->c->path,
                       ZSTD_getErrorName(packed));
    }
    sqlite3_reset(w->row);
    sqlite3_bind_int(w->row, 1, what);
    sqlite3_bind_int(w->row, 2, item);
    sqlite3_bind_int(w->row, 3, first);
    sqlite3_bind_int64(w->row, 4, (sqlite3_int64)length);
    sqlite3_bind_int64(w->row, 5, (sqlite3_int64)XXH3_64bits(data, length));
    sqlite3_bind_blob64(w->row, 6, w->packed, packed, SQLITE_STATIC);
    return sqlite3_step(w->row) == SQLITE_DONE ? ST_OK : say(w->ctx, w->c, "write");
}

static st_status put_array(writer* w, int what, int item, const void* data, size_t size, int bricks)
{
    for (int first = 0; first < bricks; first += ROW_BRICKS) {
        const int count = bricks - first < ROW_BRICKS ? bricks - first : ROW_BRICKS;
        ST_TRY(put_row(w, what, item, first, (const char*)data + (size_t)first * V * size,
                       (size_t)count * V * size));
    }
    return ST_OK;
}

static st_status put_blocks(writer* w, const st_checkpoint_blocks* blocks)
{
    char value[32];
    int64_t rows = 0;
    for (int64_t i = 0; blocks && i < blocks->count; i++) {
        void* bytes = NULL;
        size_t length = 0;
        ST_TRY(blocks->save(w->ctx, blocks->arg, i, &bytes, &length));
        const st_status status =
            length > 0 ? put_row(w, PART_BLOCK, (int)i, 0, bytes, length) : ST_OK;
        st_free(w->ctx, bytes);
        ST_TRY(status);
        rows += length > 0;
    }
    snprintf(value, sizeof value, "%lld", (long long)rows);
    return tell(w->ctx, w->c, "blocks", value);
}

static st_status put_all(writer* w, const st_tissue* t, int64_t number, const char* const* text,
                         int text_count, const st_checkpoint_blocks* blocks)
{
    const int bricks = t->mg->level[0].grid.brick_count;
    char value[64];
    ST_TRY(execute(w->ctx, w->c, "DELETE FROM part", "write"));
    ST_TRY(tell(w->ctx, w->c, "identity", w->c->identity));
    ST_TRY(tell(w->ctx, w->c, "format", FORMAT));
    snprintf(value, sizeof value, "%lld", (long long)number);
    ST_TRY(tell(w->ctx, w->c, "number", value));
    snprintf(value, sizeof value, "%016llx", (unsigned long long)structure_of(t));
    ST_TRY(tell(w->ctx, w->c, "structure", value));
    const double times[2] = {t->time_min, t->chemistry ? t->chemistry->next_step_min : 0.0};
    ST_TRY(put_row(w, PART_STATE, -1, 0, times, sizeof times));
    for (int i = 0; i < t->field_count; i++) {
        double numbers[LEDGER_COUNT] = {0.0};
        put_numbers(t->field[i], numbers);
        ST_TRY(put_row(w, PART_STATE, i, 0, numbers, sizeof numbers));
        ST_TRY(put_array(w, PART_LEVEL, i, t->field[i]->level, sizeof(float), bricks));
        ST_TRY(put_array(w, PART_REMAINDER, i, t->field[i]->remainder, sizeof(float), bricks));
    }
    for (int i = 0; i < t->matrix_count; i++) {
        ST_TRY(put_array(w, PART_MATRIX, i, t->matrix[i].value, sizeof(double), bricks));
    }
    for (int i = 0; i < text_count; i++) {
        ST_TRY(put_row(w, PART_TEXT, i, 0, text[i], strlen(text[i])));
    }
    return put_blocks(w, blocks);
}

st_status st_checkpoint_save(st_ctx* ctx, st_checkpoint* c, const st_tissue* t, int64_t number,
                             const char* const* text, int text_count,
                             const st_checkpoint_blocks* blocks)
{
    writer w = {.ctx = ctx, .c = c};
    st_status status = execute(ctx, c, "BEGIN IMMEDIATE", "begin");
    if (status == ST_OK &&
        sqlite3_prepare_v2(c->db, "INSERT INTO part VALUES (?1, ?2, ?3, ?4, ?5, ?6)", -1, &w.row,
                           NULL) != SQLITE_OK) {
        status = say(ctx, c, "write");
    }
    if (status == ST_OK) {
        status = put_all(&w, t, number, text, text_count, blocks);
    }
    sqlite3_finalize(w.row);
    if (status == ST_OK) {
        status = execute(ctx, c, "COMMIT", "write");
    }
    if (status != ST_OK) {
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL); // the state before stays
    } else {
        c->has_state = true;
    }
    st_free(ctx, w.packed);
    return status;
}

// --- and read back
// -------------------------------------------------------------------------------

static st_status broken(st_ctx* ctx, const st_checkpoint* c, const char* what, int item)
{
    return ST_FAIL(ctx, ST_ERR_FILE,
                   "%s: %s %d of the unfinished run is missing or damaged; use --force to start "
                   "over",
                   c->path, what, item);
}

static const char* const NAMES[] = {"state", "levels", "remainders", "matrix", "text", "block"};

// Unpacks the row at hand into `data`; columns: raw, hash, data.
static bool unpack(sqlite3_stmt* row, void* data, size_t length)
{
    const void* packed = sqlite3_column_blob(row, 2);
    const size_t packed_length = (size_t)sqlite3_column_bytes(row, 2);
    const size_t raw = (size_t)sqlite3_column_int64(row, 0);
    const size_t got = raw == length ? ZSTD_decompress(data, length, packed, packed_length) : 0;
    return raw == length && !ZSTD_isError(got) && got == length &&
           XXH3_64bits(data, length) == (uint64_t)sqlite3_column_int64(row, 1);
}

// Unpacks the row at hand into new memory, with a 0 behind it.
static st_status unpack_new(st_ctx* ctx, const st_checkpoint* c, sqlite3_stmt* row, int what,
                            int item, char** out, size_t* length)
{
    *length = (size_t)sqlite3_column_int64(row, 0);
    *out = *length < INT32_MAX ? st_alloc(ctx, *length + 1, 1) : NULL;
    if (!*out) {
        return ST_ERR_MEMORY;
    }
    if (!unpack(row, *out, *length)) {
        st_free(ctx, *out);
        *out = NULL;
        return broken(ctx, c, NAMES[what], item);
    }
    return ST_OK;
}

static st_status find_row(st_ctx* ctx, const st_checkpoint* c, sqlite3_stmt* row, int what,
                          int item, int first)
{
    sqlite3_reset(row);
    sqlite3_bind_int(row, 1, what);
    sqlite3_bind_int(row, 2, item);
    sqlite3_bind_int(row, 3, first);
    return sqlite3_step(row) == SQLITE_ROW ? ST_OK : broken(ctx, c, NAMES[what], item);
}

static st_status take_row(st_ctx* ctx, const st_checkpoint* c, sqlite3_stmt* row, int what,
                          int item, int first, void* data, size_t length)
{
    ST_TRY(find_row(ctx, c, row, what, item, first));
    return unpack(row, data, length) ? ST_OK : broken(ctx, c, NAMES[what], item);
}

static st_status take_array(st_ctx* ctx, const st_checkpoint* c, sqlite3_stmt* row, int what,
                            int item, void* data, size_t size, int bricks)
{
    for (int first = 0; first < bricks; first += ROW_BRICKS) {
        const int count = bricks - first < ROW_BRICKS ? bricks - first : ROW_BRICKS;
        ST_TRY(take_row(ctx, c, row, what, item, first, (char*)data + (size_t)first * V * size,
                        (size_t)count * V * size));
    }
    return ST_OK;
}

static st_status take_blocks(st_ctx* ctx, const st_checkpoint* c,
                             const st_checkpoint_blocks* blocks)
{
    sqlite3_stmt* row = NULL;
    char value[32] = "";
    int64_t expected = 0;
    int64_t rows = 0;
    st_status status = ST_OK;
    if (sqlite3_prepare_v2(c->db,
                           "SELECT raw, hash, data, item FROM part WHERE what = ?1 ORDER BY item",
                           -1, &row, NULL) != SQLITE_OK) {
        return say(ctx, c, "read");
    }
    sqlite3_bind_int(row, 1, PART_BLOCK);
    while (status == ST_OK && sqlite3_step(row) == SQLITE_ROW) {
        const int item = sqlite3_column_int(row, 3);
        char* bytes = NULL;
        size_t length = 0;
        status = unpack_new(ctx, c, row, PART_BLOCK, item, &bytes, &length);
        if (status == ST_OK) {
            status = blocks->load(ctx, blocks->arg, item, bytes, length);
        }
        st_free(ctx, bytes);
        rows++;
    }
    sqlite3_finalize(row);
    if (status == ST_OK && (!ask(c, "blocks", value, sizeof value) ||
                            sscanf(value, "%" SCNd64, &expected) != 1 || rows != expected)) {
        status = broken(ctx, c, NAMES[PART_BLOCK], (int)rows);
    }
    return status;
}

static st_status take_all(st_ctx* ctx, const st_checkpoint* c, sqlite3_stmt* row, st_tissue* t,
                          char** text, int text_count)
{
    const int bricks = t->mg->level[0].grid.brick_count;
    double times[2] = {0.0, 0.0};
    ST_TRY(take_row(ctx, c, row, PART_STATE, -1, 0, times, sizeof times));
    t->time_min = times[0];
    if (t->chemistry) {
        t->chemistry->next_step_min = times[1];
    }
    for (int i = 0; i < t->field_count; i++) {
        st_field* f = t->field[i];
        double numbers[LEDGER_COUNT] = {0.0};
        ST_TRY(take_row(ctx, c, row, PART_STATE, i, 0, numbers, sizeof numbers));
        take_numbers(f, numbers);
        ST_TRY(take_array(ctx, c, row, PART_LEVEL, i, f->level, sizeof(float), bricks));
        ST_TRY(take_array(ctx, c, row, PART_REMAINDER, i, f->remainder, sizeof(float), bricks));
    }
    for (int i = 0; i < t->matrix_count; i++) {
        ST_TRY(take_array(ctx, c, row, PART_MATRIX, i, t->matrix[i].value, sizeof(double), bricks));
    }
    for (int i = 0; i < text_count; i++) {
        size_t length;
        ST_TRY(find_row(ctx, c, row, PART_TEXT, i, 0));
        ST_TRY(unpack_new(ctx, c, row, PART_TEXT, i, &text[i], &length));
    }
    return ST_OK;
}

st_status st_checkpoint_load(st_ctx* ctx, st_checkpoint* c, st_tissue* t, int64_t* number,
                             char** text, int text_count, const st_checkpoint_blocks* blocks)
{
    char value[64] = "";
    char own[64];
    for (int i = 0; i < text_count; i++) {
        text[i] = NULL;
    }
    snprintf(own, sizeof own, "%016llx", (unsigned long long)structure_of(t));
    if (!ask(c, "structure", value, sizeof value) || strcmp(value, own) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: the unfinished run has other bricks, media or fields; use --force to "
                       "start over",
                       c->path);
    }
    if (!ask(c, "number", value, sizeof value) || sscanf(value, "%" SCNd64, number) != 1) {
        return broken(ctx, c, "number", 0);
    }
    sqlite3_stmt* row = NULL;
    st_status status = ST_OK;
    if (sqlite3_prepare_v2(c->db,
                           "SELECT raw, hash, data FROM part WHERE what = ?1 AND item = ?2 AND "
                           "first = ?3",
                           -1, &row, NULL) != SQLITE_OK) {
        status = say(ctx, c, "read");
    } else {
        status = take_all(ctx, c, row, t, text, text_count);
    }
    sqlite3_finalize(row);
    if (status == ST_OK && blocks) {
        status = take_blocks(ctx, c, blocks);
    }
    for (int i = 0; i < text_count && status != ST_OK; i++) {
        st_free(ctx, text[i]);
        text[i] = NULL;
    }
    return status;
}
