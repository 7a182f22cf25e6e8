#include "base/table.h"
#include "report/folder.h"
#include "report/query.h"
#include "report/report_cdisc.h"
#include "report/report_define.h"
#include "stroma/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Bytes collected before they go to the file: tables of people can be larger than memory.
#define TABLE_BLOCK (1u << 20)

#define ARM     "a.name AS arm"
#define MEASURE "i.name AS measure, i.unit AS unit"
#define VISIT   "v.at_month AS at_month"
#define OF_ARM  " JOIN arm a ON a.arm = t.arm"
#define OF_BOTH                                                                                    \
    OF_ARM " JOIN instrument i ON i.measure = t.measure JOIN visit v ON v.visit = t.visit"

// Names instead of numbers, units in the heads; a score's unit stands in its own column.
static const st_report_table tables[] = {
    {"about.csv", "SELECT key, value FROM about"},
    {"arms.csv", "SELECT t.name, t.label, t.recipe, t.size_people, c.name AS control, t.is_twin,"
                 " t.has_cells FROM arm t LEFT JOIN arm c ON c.arm = t.control ORDER BY t.arm"},
    {"parameters.csv", "SELECT origin, name, value, unit, spread_kind, spread, lo, hi, source,"
                       " assumed FROM parameter ORDER BY origin, position"},
    {"people.csv",
     "SELECT " ARM ", t.person, age_y, female, height_m, bmi_kg_per_m2, kl_grade, varus_deg,"
     " base_pain_points, base_function_points, inflammation_ratio, base_thickness_mm, duration_y,"
     " strength_ratio, injury, left_day, left_reason, dose_cells, is_placed FROM person "
     "t" OF_ARM " ORDER BY t.arm, t.person"},
    {"readings.csv", "SELECT " ARM ", t.person, " MEASURE ", " VISIT
                     ", measured, value, sham, untreated FROM reading t" OF_BOTH
                     " ORDER BY t.arm, t.person, t.visit, t.measure"},
    {"outcomes.csv",
     "SELECT " ARM ", " MEASURE ", " VISIT ", n_people, mean, sd, q25, q50, q75, change, change_sd,"
     " change_lo, change_hi, responders_share, responders_share_lo, responders_share_hi"
     " FROM outcome t" OF_BOTH " ORDER BY t.arm, t.measure, t.visit"},
    {"contrasts.csv",
     "SELECT " ARM ", c.name AS versus, " MEASURE ", " VISIT ", method, difference, t.lo AS lo,"
     " t.hi AS hi, p FROM contrast t" OF_BOTH " JOIN arm c ON c.arm = t.versus"
     " ORDER BY t.arm, t.versus, t.measure, t.visit, method"},
    {"split.csv", "SELECT " ARM ", " MEASURE ", " VISIT
                  ", part, mean, t.lo AS lo, t.hi AS hi FROM split t" OF_BOTH
                  " ORDER BY t.arm, t.measure, t.visit, part"},
    {"dose_steps.csv", "SELECT " ARM ", step, t.name AS name, at_day, volume_mL, q05_cells,"
                       " q50_cells, q95_cells FROM dose_step t" OF_ARM " ORDER BY t.arm, step"},
    {"courses.csv", "SELECT " ARM ", t.name AS name, unit, at_day, mean, q05, q25, q50, q75, q95"
                    " FROM course t" OF_ARM " ORDER BY t.arm, t.name, at_day"},
    {"responses.csv",
     "SELECT " ARM ", " MEASURE ", " VISIT ", at_risk_people, event_people, first_people,"
     " held_people FROM response t" OF_BOTH " ORDER BY t.arm, t.measure, t.visit"},
    {"twins.csv", "SELECT " ARM ", " MEASURE ", " VISIT ", n_people, value, sham, untreated"
                  " FROM twin t" OF_BOTH " ORDER BY t.arm, t.measure, t.visit"},
    {"subgroups.csv",
     "SELECT " ARM ", factor, t.lo AS lo, t.hi AS hi, n_people, change, change_sd, product,"
     " product_sd FROM subgroup t" OF_ARM " ORDER BY t.arm, factor, position"},
    {"adherence.csv", "SELECT " ARM ", t.person, title AS plan, share FROM adherence t" OF_ARM
                      " ORDER BY t.arm, t.person, t.plan"},
    {"later.csv", "SELECT " ARM ", t.person, at_day, t.name AS name, estimand FROM later t" OF_ARM
                  " ORDER BY t.arm, t.person, at_day, t.name"},
    {"analyses.csv",
     "SELECT " ARM ", c.name AS versus, " MEASURE ", " VISIT ", method, estimate, t.lo AS lo,"
     " t.hi AS hi, p FROM analysis t" OF_BOTH " JOIN arm c ON c.arm = t.versus"
     " ORDER BY t.arm, t.versus, t.measure, t.visit, method"},
    {"responders.csv",
     "SELECT t.name AS name, " ARM ", " VISIT ", n_people, responders_people, share, share_lo,"
     " share_hi, c.name AS versus, difference, difference_lo, difference_hi, p, title, rule FROM"
     " responder t" OF_ARM " JOIN visit v ON v.visit = t.visit LEFT JOIN arm c ON c.arm = t.versus"
     " ORDER BY t.name, t.visit, t.arm"},
    {"survival.csv", "SELECT " ARM ", event, at_day, share, t.lo AS lo, t.hi AS hi, at_risk_people,"
                     " events_people FROM survival t" OF_ARM " ORDER BY t.arm, event, at_day"},
    {"influence.csv",
     "SELECT origin, t.name AS name, " ARM ", c.name AS versus, " MEASURE ", " VISIT
     ", panel_people, value_lo, value_hi, contrast, contrast_lo, contrast_hi, product, product_lo,"
     " product_hi FROM influence t" OF_BOTH " LEFT JOIN arm c ON c.arm = t.versus"
     " ORDER BY origin, position"},
    {"prepared.csv",
     "SELECT " ARM ", t.name AS name, t.label AS label, unit, middle, n_people,"
     " q05, q50, q95, band_lo, band_hi, source FROM prepared t" OF_ARM " ORDER BY t.arm, position"},
    {"events.csv", "SELECT " ARM ", t.name AS name, count_people, per_10000, lo_per_10000,"
                   " hi_per_10000, source FROM event t" OF_ARM " ORDER BY t.arm, t.name"},
    {"published.csv", "SELECT trial_id, arm_id, a.name AS arm, " MEASURE
                      ", kind, at_month, n_people, value, sd, q25, q75,"
                      " is_median, source FROM published t LEFT JOIN arm a ON a.arm = t.arm"
                      " JOIN instrument i ON i.measure = t.measure ORDER BY position"},
    {"screening.csv", "SELECT reason, count_people FROM screening ORDER BY position"},
    {"failures.csv",
     "SELECT " ARM ", t.person, at_day, message FROM failure t" OF_ARM " ORDER BY position"},
};

static void add_value(st_text* text, sqlite3_stmt* row, int column)
{
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
        st_text_add_field(text, "");
        return;
    case SQLITE_INTEGER:
        st_text_add_integer(text, sqlite3_column_int64(row, column));
        return;
    case SQLITE_FLOAT:
        st_text_add_number(text, sqlite3_column_double(row, column));
        return;
    default:
        st_text_add_field(text, (const char*)sqlite3_column_text(row, column));
        return;
    }
}

static bool flush(st_text* text, FILE* file)
{
    const size_t length = text->length;
    text->length = 0;
    return length == 0 || fwrite(text->data, 1, length, file) == length;
}

static st_status write_rows(st_query* query, st_text* text, FILE* file, bool* is_written)
{
    const int columns = sqlite3_column_count(query->statement);
    for (int i = 0; i < columns; i++) {
        st_text_add_field(text, sqlite3_column_name(query->statement, i));
    }
    st_text_end_record(text);
    while (*is_written && st_query_next(query)) {
        for (int i = 0; i < columns; i++) {
            add_value(text, query->statement, i);
        }
        st_text_end_record(text);
        if (text->length > TABLE_BLOCK) {
            *is_written = flush(text, file);
        }
    }
    *is_written = *is_written && flush(text, file);
    return text->failed ? ST_ERR_MEMORY : query->status;
}

// Beside it first, then renamed: a reader never sees half a table.
static st_status write_table(st_query* query, const char* dir, const char* name, const char* sql)
{
    st_ctx* ctx = query->ctx;
    ST_TRY(st_query_start(query, sql));
    char part_name[64];
    snprintf(part_name, sizeof part_name, "%s.part", name);
    char* path = st_folder_path(ctx, dir, name);
    char* part = st_folder_path(ctx, dir, part_name);
    st_text text;
    st_text_init(&text, ctx);
    st_status status = path && part ? ST_OK : ST_ERR_MEMORY;
    FILE* file = status == ST_OK ? fopen(part, "wb") : NULL;
    bool is_written = file != NULL;
    if (file) {
        status = write_rows(query, &text, file, &is_written);
        is_written = is_written && fflush(file) == 0 && fsync(fileno(file)) == 0;
        is_written = fclose(file) == 0 && is_written;
        is_written = is_written && (status != ST_OK || rename(part, path) == 0);
        if (status != ST_OK || !is_written) {
            const int reason = errno;
            unlink(part);
            errno = reason;
        }
    }
    if (status == ST_OK && !is_written) {
        status = ST_FAIL(ctx, ST_ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
    }
    st_text_clear(&text);
    st_free(ctx, part);
    st_free(ctx, path);
    return status;
}

// Tables that an older result does not hold are left out.
static bool is_missing(st_query* query, const char* file)
{
    static const char* const later[][2] = {
        {"responses.csv", "response"},  {"twins.csv", "twin"},
        {"subgroups.csv", "subgroup"},  {"later.csv", "later"},
        {"analyses.csv", "analysis"},   {"survival.csv", "survival"},
        {"influence.csv", "influence"}, {"prepared.csv", "prepared"},
        {"responders.csv", "responder"}};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        char sql[120];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_schema WHERE name = '%s'",
                 later[i][1]);
        if (strcmp(file, later[i][0]) == 0 && st_query_start(query, sql) == ST_OK &&
            st_query_next(query) && st_query_integer(query, 0, 0) == 0) {
            return true;
        }
    }
    return false;
}

static st_status write_all(st_query* query, const char* folder, const st_report_table* list,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_missing(query, list[i].file)) {
            ST_TRY(write_table(query, folder, list[i].file, list[i].sql));
        }
    }
    return ST_OK;
}

st_status st_report_tables(st_ctx* ctx, const char* dir)
{
    st_query query;
    ST_TRY(st_query_open(ctx, dir, &query));
    size_t made_from = 0;
    char* folder = st_folder_path(ctx, dir, "tables");
    st_status status = folder ? st_folder_make(ctx, folder, &made_from) : ST_ERR_MEMORY;
    if (status == ST_OK) {
        status = write_all(&query, folder, tables, sizeof tables / sizeof tables[0]);
    }
    st_free(ctx, folder);
    st_query_close(&query);
    return status;
}

st_status st_report_tables_to(st_ctx* ctx, const char* dir, const char* out)
{
    st_query query;
    ST_TRY(st_query_open(ctx, dir, &query));
    size_t made_from = 0;
    size_t count = 0;
    const st_report_table* cdisc = st_report_cdisc_tables(&count);
    st_status status = st_folder_make(ctx, out, &made_from);
    if (status == ST_OK) {
        status = write_all(&query, out, tables, sizeof tables / sizeof tables[0]);
    }
    if (status == ST_OK && is_missing(&query, "later.csv")) {
        status = ST_FAIL(ctx, ST_ERR_FILE,
                         "%s: made by an older version without events of persons: run the study "
                         "again for CDISC tables",
                         query.path);
    }
    if (status == ST_OK) {
        status = write_all(&query, out, cdisc, count);
    }
    if (status == ST_OK) {
        status = st_report_define(&query, out);
    }
    st_query_close(&query);
    return status;
}
