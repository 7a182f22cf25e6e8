#include "published.h"

#include "arm.h"
#include "lookup.h"
#include "student.h"

#include "base/number.h"
#include "base/table.h"

#include <math.h>
#include <string.h>

#define TABLE_BYTE_LIMIT ((size_t)64 << 20)

/// The columns of an evidence table that are read.
typedef struct columns {
    int trial, arm, scale, month, n, mean, sd, change, change_sd, ci_lo, ci_hi, source, locator;
} columns;

/// What is known while rows are read.
typedef struct reader {
    st_ctx* ctx;
    st_study* study;
    const st_table* table;
    const st_table* scales;
    columns column;
    const char* trial;
    const st_node* arms;
    double n_default; ///< people per arm where the table gives none, 0 = not stated
} reader;

bool st_published_is_median(const char* locator, double* q25, double* q75)
{
    const char* at = strstr(locator, "MEDIAN");

    *q25 = NAN;
    *q75 = NAN;
    if (at == NULL) {
        return false;
    }
    at += strlen("MEDIAN");
    if (strncmp(at, "(IQR ", 5) == 0) {
        double lo, hi;
        const size_t length = st_number_parse(at + 5, &lo);
        const char* rest = at + 5 + length;

        if (length > 0 && strncmp(rest, " to ", 4) == 0 && st_number_parse(rest + 4, &hi) > 0 &&
            lo <= hi) {
            *q25 = lo;
            *q75 = hi;
        }
    }
    return true;
}

static bool need_column(st_ctx* ctx, const st_table* table, const char* head, int* out)
{
    *out = st_table_column(table, head);
    if (*out < 0) {
        st_ctx_fail(ctx, ST_ERR_INPUT, "%s:1: found no column '%s'", st_table_name(table), head);
    }
    return *out >= 0;
}

/// Position among the measures and factor of a published scale, of the first of its lines that is
/// measured; false when none is.
static bool find_scale(const reader* r, const char* scale, int* measure, double* factor)
{
    int name, instrument, times;

    if (!need_column(r->ctx, r->scales, "scale", &name) ||
        !need_column(r->ctx, r->scales, "instrument", &instrument) ||
        !need_column(r->ctx, r->scales, "factor", &times)) {
        return false;
    }
    for (int row = 0; row < st_table_row_count(r->scales); ++row) {
        if (strcmp(st_table_cell(r->scales, row, name), scale) == 0) {
            *measure = st_study_find_measure(r->study, st_table_cell(r->scales, row, instrument));
            if (*measure >= 0) {
                return st_table_number(r->ctx, r->scales, row, times, factor) == 1;
            }
        }
    }
    return false;
}

/// Arm of the study that stands beside an arm of the publication, -1 none.
static int find_arm(const reader* r, const char* arm_id)
{
    for (const st_node* node = r->arms == NULL ? NULL : r->arms->first; node != NULL;
         node = node->next) {
        if (strcmp(node->text, arm_id) == 0) {
            return st_study_find_arm(r->study, node->key);
        }
    }
    return -1;
}

/// A number of the row; false when the cell is empty or the table has no such column.
static bool read_number(const reader* r, int row, int column, double* out)
{
    return column >= 0 && st_table_number(r->ctx, r->table, row, column, out) == 1;
}

/// A level where the row has one, else a change from baseline; false when it has neither.
static bool read_value(const reader* r, int row, double factor, st_published_row* out)
{
    const columns* c = &r->column;

    out->is_change = false;
    if (!read_number(r, row, c->mean, &out->value)) {
        out->is_change = true;
        if (!read_number(r, row, c->change, &out->value)) {
            return false;
        }
    }
    out->value *= factor;
    if (read_number(r, row, out->is_change ? c->change_sd : c->sd, &out->sd)) {
        out->sd *= factor;
    } else {
        out->sd = 0.0;
    }
    return true;
}

/// SD of a change from its 95 % interval, where the table gives that instead.
static void complete_sd(const reader* r, int row, double factor, st_published_row* out)
{
    double lo, hi;

    if (out->is_change && !(out->sd > 0.0) && out->n > 1.0 &&
        read_number(r, row, r->column.ci_lo, &lo) && read_number(r, row, r->column.ci_hi, &hi) &&
        hi > lo) {
        out->sd =
            factor * (hi - lo) / (2.0 * st_student_critical(0.05, out->n - 1.0)) * sqrt(out->n);
    }
}

/// Reads one row; false when it has nothing to draw.
static bool read_row(const reader* r, int row, st_published_row* out)
{
    const char* text;
    double factor;

    if (strcmp(st_table_cell(r->table, row, r->column.trial), r->trial) != 0 ||
        !find_scale(r, st_table_cell(r->table, row, r->column.scale), &out->measure, &factor) ||
        st_table_number(r->ctx, r->table, row, r->column.month, &out->month) != 1 ||
        !read_value(r, row, factor, out)) {
        return false;
    }
    out->trial_id = r->trial;
    text = st_table_cell(r->table, row, r->column.arm);
    out->arm = find_arm(r, text);
    out->arm_id = st_arena_text(&r->study->arena, text, strlen(text));
    text = st_table_cell(r->table, row, r->column.source);
    out->source = st_arena_format(&r->study->arena, "%s, %s", text,
                                  st_table_cell(r->table, row, r->column.locator));
    out->is_median = st_published_is_median(st_table_cell(r->table, row, r->column.locator),
                                            &out->q25, &out->q75);
    out->q25 *= factor;
    out->q75 *= factor;
    if (st_table_number(r->ctx, r->table, row, r->column.n, &out->n) != 1) {
        out->n = r->n_default;
    }
    complete_sd(r, row, factor, out);
    return out->arm_id != NULL && out->source != NULL;
}

/// Reports names of `beside` that the table does not have.
static void check_names(const reader* r, const st_node* trial)
{
    bool has_trial = false;

    for (int row = 0; row < st_table_row_count(r->table) && !has_trial; ++row) {
        has_trial = strcmp(st_table_cell(r->table, row, r->column.trial), r->trial) == 0;
    }
    if (!has_trial) {
        st_node_fail(r->ctx, trial, "found '%s', but the table has no such trial", r->trial);
        return;
    }
    for (const st_node* node = r->arms == NULL ? NULL : r->arms->first; node != NULL;
         node = node->next) {
        bool has_arm = false;
        if (st_study_find_arm(r->study, node->key) < 0) {
            st_node_fail_key(r->ctx, node, "found '%s', expected an arm of this study", node->key);
        }
        for (int row = 0; row < st_table_row_count(r->table) && !has_arm; ++row) {
            has_arm = strcmp(st_table_cell(r->table, row, r->column.trial), r->trial) == 0 &&
                      strcmp(st_table_cell(r->table, row, r->column.arm), node->text) == 0;
        }
        if (!has_arm) {
            st_node_fail(r->ctx, node, "found '%s', but %s has no such arm in the table",
                         node->text, r->trial);
        }
    }
}

static st_status read_rows(reader* r, const st_node* trial)
{
    const int before = st_ctx_mistake_count(r->ctx);
    columns* c = &r->column;
    const int row_count = st_table_row_count(r->table);
    const struct {
        const char* head;
        int* column;
    } needed[] = {{"trial_id", &c->trial},
                  {"arm_id", &c->arm},
                  {"scale", &c->scale},
                  {"month", &c->month},
                  {"n", &c->n},
                  {"mean", &c->mean},
                  {"sd", &c->sd},
                  {"source_id", &c->source},
                  {"quote_locator", &c->locator}};
    bool has_all = true;

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; ++i) {
        has_all = need_column(r->ctx, r->table, needed[i].head, needed[i].column) && has_all;
    }
    if (!has_all) {
        return ST_OK;
    }
    // Tables of levels alone do without these.
    c->change = st_table_column(r->table, "change_from_baseline_mean");
    c->change_sd = st_table_column(r->table, "change_sd");
    c->ci_lo = st_table_column(r->table, "ci95_low");
    c->ci_hi = st_table_column(r->table, "ci95_high");
    check_names(r, trial);
    r->study->published =
        st_arena_alloc(&r->study->arena, (size_t)row_count, sizeof *r->study->published);
    if (r->study->published == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int row = 0; row < row_count && st_ctx_mistake_count(r->ctx) == before; ++row) {
        r->study->published_count +=
            read_row(r, row, &r->study->published[r->study->published_count]);
    }
    return ST_OK;
}

/// The table's path: beside the study, or in the folder that holds the shipped models.
static const char* table_path(st_ctx* ctx, st_study* study, const st_node* node)
{
    const char* word;
    const char* path;

    if (!st_node_read_text(ctx, node, &word)) {
        return NULL;
    }
    path = st_lookup_beside(&study->arena, study->path, word);
    if (path != NULL && !st_lookup_exists(path)) {
        path = st_arena_format(&study->arena, "%s/../%s", study->model_dir, word);
    }
    if (path != NULL && !st_lookup_exists(path)) {
        st_node_fail(ctx, node, "found '%s', expected an evidence table: there is no such file",
                     word);
        return NULL;
    }
    return path;
}

static st_status read_tables(reader* r, const st_node* trial, const char* path)
{
    st_study* study = r->study;
    const char* scales_path = st_lookup_beside(&study->arena, path, "scales.csv");
    st_table* table = NULL;
    st_table* scales = NULL;
    st_status status = ST_ERR_MEMORY;

    if (scales_path != NULL) {
        status =
            st_file_read(r->ctx, path, TABLE_BYTE_LIMIT, &study->table_text, &study->table_length);
    }
    if (status == ST_OK) {
        status = st_file_read(r->ctx, scales_path, TABLE_BYTE_LIMIT, &study->scales_text,
                              &study->scales_length);
    }
    if (status == ST_OK) {
        study->table_name = st_lookup_base_name(path);
        status = st_table_parse(r->ctx, path, study->table_text, study->table_length, &table);
    }
    if (status == ST_OK) {
        status =
            st_table_parse(r->ctx, scales_path, study->scales_text, study->scales_length, &scales);
    }
    if (status == ST_OK) {
        r->table = table;
        r->scales = scales;
        status = read_rows(r, trial);
    }
    st_table_destroy(scales);
    st_table_destroy(table);
    return status;
}

st_status st_published_read(st_ctx* ctx, st_study* study, const st_node* beside)
{
    static const char* const keys[] = {"table", "trial", "arms", "n", NULL};
    reader r = {.ctx = ctx, .study = study};
    const st_node* table;
    const st_node* trial;
    const st_node* size;
    const char* path;
    int64_t n = 0;

    if (!st_node_check_keys(ctx, beside, keys)) {
        return ST_OK;
    }
    table = st_node_need(ctx, beside, "table", "a file such as evidence/trials.csv");
    trial = st_node_need(ctx, beside, "trial", "a trial_id of the table");
    size = st_node_child(beside, "n");
    r.arms = st_node_child(beside, "arms");
    if (r.arms != NULL && !st_node_expect(ctx, r.arms, ST_NODE_MAP)) {
        return ST_OK;
    }
    if (size != NULL && st_node_read_integer(ctx, size, 1, 1000000, &n)) {
        r.n_default = (double)n;
    }
    path = table == NULL ? NULL : table_path(ctx, study, table);
    if (path == NULL || trial == NULL || !st_node_read_text(ctx, trial, &r.trial)) {
        return ST_OK;
    }
    return read_tables(&r, trial, path);
}
