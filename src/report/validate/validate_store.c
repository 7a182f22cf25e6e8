#include "report/validate/validate_files.h"

#include "report/schema.h"

#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/// Version of the layout of validation.sqlite.
#define LAYOUT_VERSION 1

static const char* const tables[] = {
    "CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE score(name TEXT PRIMARY KEY, value REAL, lo REAL, hi REAL) WITHOUT ROWID",
    "CREATE TABLE arm(id INTEGER PRIMARY KEY, trial_id TEXT NOT NULL, arm_id TEXT NOT NULL, "
    "label TEXT NOT NULL, intervention TEXT NOT NULL, n REAL, computed TEXT NOT NULL, "
    "defaults TEXT NOT NULL, people_effective REAL) WITHOUT ROWID",
    "CREATE TABLE prediction(line INTEGER PRIMARY KEY, arm INTEGER NOT NULL, scale TEXT NOT NULL, "
    "month REAL, n REAL, kind TEXT NOT NULL, observed REAL, observed_sd REAL, pred_mean REAL, "
    "pred_sd REAL, q025 REAL, q05 REAL, q25 REAL, q50 REAL, q75 REAL, q95 REAL, q975 REAL, "
    "pit REAL, crps REAL, base_mean REAL, base_sd REAL, base_crps REAL, weight REAL, note TEXT, "
    "reason TEXT, source TEXT) WITHOUT ROWID",
    "CREATE TABLE draw(line INTEGER NOT NULL, draw INTEGER NOT NULL, value REAL, "
    "PRIMARY KEY(line, draw)) WITHOUT ROWID",
    "CREATE TABLE skipped(line INTEGER PRIMARY KEY, trial_id TEXT, arm_id TEXT, scale TEXT, "
    "month TEXT, reason TEXT NOT NULL) WITHOUT ROWID",
};

typedef struct writer {
    st_ctx* ctx;
    const char* path;
    sqlite3* db;
} writer;

static st_status fail(const writer* w)
{
    return ST_FAIL(w->ctx, ST_ERR_FILE, "%s: cannot write: %s", w->path, sqlite3_errmsg(w->db));
}

static st_status execute(const writer* w, const char* sql)
{
    return sqlite3_exec(w->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ST_OK : fail(w);
}

/// Runs an INSERT once; `types` tells the arguments behind it: i int, d double, t text.
static st_status put(const writer* w, sqlite3_stmt* statement, const char* types, ...)
{
    va_list args;

    va_start(args, types);
    for (int i = 0; types[i] != '\0'; ++i) {
        if (types[i] == 'i') {
            sqlite3_bind_int(statement, i + 1, va_arg(args, int));
        } else if (types[i] == 'd') {
            const double value = va_arg(args, double);
            if (isfinite(value)) {
                sqlite3_bind_double(statement, i + 1, value);
            } else {
                sqlite3_bind_null(statement, i + 1);
            }
        } else {
            sqlite3_bind_text(statement, i + 1, va_arg(args, const char*), -1, SQLITE_TRANSIENT);
        }
    }
    va_end(args);
    if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK) {
        return fail(w);
    }
    return ST_OK;
}

static sqlite3_stmt* prepare(const writer* w, const char* table, int columns)
{
    sqlite3_stmt* statement = NULL;
    char sql[160];
    int length = snprintf(sql, sizeof sql, "INSERT INTO %s VALUES(?", table);

    for (int i = 1; i < columns; ++i) {
        length += snprintf(sql + length, sizeof sql - (size_t)length, ",?");
    }
    snprintf(sql + length, sizeof sql - (size_t)length, ")");
    sqlite3_prepare_v2(w->db, sql, -1, &statement, NULL);
    return statement;
}

static st_status put_scores(const writer* w, sqlite3_stmt* s, const st_validation* v)
{
    const st_validation_scores* scores = st_validation_all_scores(v);
    const struct {
        const char* name;
        const st_validation_score* score;
    } all[] = {{"coverage95", &scores->coverage},
               {"crps", &scores->crps},
               {"base_crps", &scores->base_crps},
               {"crps_ratio", &scores->ratio},
               {"bias", &scores->bias}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
        ST_TRY(put(w, s, "tddd", all[i].name, all[i].score->value, all[i].score->lo,
                   all[i].score->hi));
    }
    return ST_OK;
}

static st_status put_about(const writer* w, sqlite3_stmt* s, const st_validation* v)
{
    for (int i = 0; i < st_validation_about_count(v); ++i) {
        const char* key;
        const char* value = st_validation_about(v, i, &key);
        ST_TRY(put(w, s, "tt", key, value));
    }
    return ST_OK;
}

static st_status put_arms(const writer* w, sqlite3_stmt* s, const st_validation* v)
{
    for (int i = 0; i < st_validation_arm_count(v); ++i) {
        const st_validation_arm* a = st_validation_arm_at(v, i);
        ST_TRY(put(w, s, "ittttdttd", i, a->trial_id, a->arm_id, a->label, a->intervention, a->n,
                   a->computed, a->defaults, a->people));
    }
    return ST_OK;
}

static st_status put_predictions(const writer* w, sqlite3_stmt* s, const st_validation* v)
{
    for (int i = 0; i < st_validation_forecast_count(v); ++i) {
        const st_forecast* f = st_validation_forecast(v, i);
        const double* q = f->quantile;
        ST_TRY(put(w, s, "iitddtdddddddddddddddddttt", f->line, f->arm, f->scale, f->month, f->n,
                   st_forecast_kind_name(f->kind), f->observed, f->observed_sd, f->mean, f->sd,
                   q[0], q[1], q[2], q[3], q[4], q[5], q[6], f->pit, f->crps, f->base_mean,
                   f->base_sd, f->base_crps, f->weight, f->note, f->reason, f->source));
    }
    return ST_OK;
}

static st_status put_draws(const writer* w, sqlite3_stmt* s, const st_validation* v)
{
    for (int i = 0; i < st_validation_forecast_count(v); ++i) {
        const st_forecast* f = st_validation_forecast(v, i);
        for (int d = 0; d < st_validation_draw_count(v); ++d) {
            ST_TRY(put(w, s, "iid", f->line, d + 1, f->draw[d]));
        }
    }
    return ST_OK;
}

static st_status put_skipped(const writer* w, sqlite3_stmt* s, const st_validation* v)
{
    for (int i = 0; i < st_validation_skipped_count(v); ++i) {
        const st_skipped_row* r = st_validation_skipped(v, i);
        ST_TRY(put(w, s, "ittttt", r->line, r->trial_id, r->arm_id, r->scale, r->month, r->reason));
    }
    return ST_OK;
}

static st_status fill(const writer* w, const st_validation* v)
{
    static const struct {
        const char* table;
        int columns;
        st_status (*put)(const writer* w, sqlite3_stmt* s, const st_validation* v);
    } parts[] = {{"about", 2, put_about}, {"score", 4, put_scores},
                 {"arm", 9, put_arms},    {"prediction", 26, put_predictions},
                 {"draw", 3, put_draws},  {"skipped", 6, put_skipped}};
    char pragma[160];

    snprintf(pragma, sizeof pragma,
             "PRAGMA application_id = %d; PRAGMA user_version = %d; PRAGMA journal_mode = DELETE; "
             "BEGIN",
             ST_SCHEMA_APPLICATION, LAYOUT_VERSION);
    ST_TRY(execute(w, pragma));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; ++i) {
        ST_TRY(execute(w, tables[i]));
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        sqlite3_stmt* statement = prepare(w, parts[i].table, parts[i].columns);
        const st_status status = statement == NULL ? fail(w) : parts[i].put(w, statement, v);
        sqlite3_finalize(statement);
        ST_TRY(status);
    }
    return execute(w, "COMMIT");
}

st_status st_validate_store_write(st_ctx* ctx, const char* path, const st_validation* validation)
{
    writer w = {.ctx = ctx, .path = path};
    const size_t size = strlen(path) + 6;
    char* part = st_alloc(ctx, size, 1);
    st_status status;

    if (part == NULL) {
        return ST_ERR_MEMORY;
    }
    snprintf(part, size, "%s.part", path);
    unlink(part);
    w.path = part;
    status = sqlite3_open(part, &w.db) == SQLITE_OK ? fill(&w, validation) : fail(&w);
    sqlite3_close(w.db);
    if (status == ST_OK && rename(part, path) != 0) {
        status = ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot rename it into place", part);
    }
    if (status != ST_OK) {
        unlink(part);
    }
    st_free(ctx, part);
    return status;
}
