#include "report/tissue_story.h"
#include "report/folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIN_PER_DAY 1440.0

const char* const st_tissue_story_amounts[ST_TISSUE_AMOUNTS] = {
    "amount", "supply", "decay", "uptake", "cells", "reacted", "in", "deficit"};
const char* const st_tissue_story_events[ST_TISSUE_EVENTS] = {"births", "deaths", "changes",
                                                              "arrivals", "departures"};

// --- rows of about.csv and zoom.csv

static const char* value_of(const st_table* table, const char* what, int column)
{
    for (int r = 0; table && r < st_table_row_count(table); r++) {
        if (strcmp(st_table_cell(table, r, 0), what) == 0) {
            return st_table_cell(table, r, column);
        }
    }
    return "";
}

const char* st_tissue_story_about(const st_tissue_story* story, const char* what)
{
    return value_of(story->about, what, 1);
}

const char* st_tissue_story_zoom(const st_tissue_story* story, const char* what)
{
    return value_of(story->zoom, what, 1);
}

double st_tissue_story_number(const st_tissue_story* story, const char* what)
{
    const char* text = st_tissue_story_about(story, what);
    return text[0] ? strtod(text, NULL) : (double)NAN;
}

// --- columns

static double* room(st_tissue_story* s, int count)
{
    double* out = st_arena_alloc(&s->arena, (size_t)count + 1, sizeof(double));
    s->is_full = s->is_full || !out;
    return out;
}

/// Cells of a column; empty ones are NAN. NULL after a reported mistake.
static const double* column(st_tissue_story* s, const st_table* table, const char* head)
{
    const int at = st_table_column(table, head);
    double* out = room(s, st_table_row_count(table));
    if (at < 0) {
        ST_FAIL(s->ctx, ST_ERR_INPUT, "%s: has no column '%s'", st_table_name(table), head);
        return NULL;
    }
    for (int r = 0; out && r < st_table_row_count(table); r++) {
        out[r] = (double)NAN;
        if (st_table_number(s->ctx, table, r, at, &out[r]) < 0) {
            return NULL;
        }
    }
    return out;
}

static const double* named_column(st_tissue_story* s, const st_table* table, const char* middle,
                                  const char* a, const char* b)
{
    char head[400];
    snprintf(head, sizeof head, "%s%s%s", a, middle, b);
    return column(s, table, head);
}

/// Every `field_count`-th cell of a column, from `field` on.
static const double* long_column(st_tissue_story* s, const char* head, int field)
{
    const double* all = column(s, s->fields, head);
    double* out = room(s, s->time_count);
    for (int t = 0; all && out && t < s->time_count; t++) {
        out[t] = all[t * s->field_count + field];
    }
    return all ? out : NULL;
}

/// Columns BEFORE medium AFTER, one behind the other; `field` as in long_column(), -1 = a row is a
/// time.
static const double* of_media(st_tissue_story* s, const char* before, const char* after, int field)
{
    double* out = room(s, s->medium_count * s->time_count);
    for (int m = 0; out && m < s->medium_count; m++) {
        char head[400];
        snprintf(head, sizeof head, "%.150s%.150s%s", before, s->medium[m], after);
        const double* one = field < 0 ? column(s, s->fields, head) : long_column(s, head, field);
        if (!one) {
            return NULL;
        }
        memcpy(out + m * s->time_count, one, (size_t)s->time_count * sizeof *out);
    }
    return out;
}

// --- what there is

static st_status count_media(st_tissue_story* s)
{
    const int rows = st_table_row_count(s->about);
    s->medium = st_arena_alloc(&s->arena, (size_t)rows + 1, sizeof *s->medium);
    s->volume_mL = room(s, rows);
    s->field = st_arena_alloc(&s->arena, (size_t)rows + 1, sizeof *s->field);
    s->matrix = st_arena_alloc(&s->arena, (size_t)rows + 1, sizeof *s->matrix);
    if (!s->medium || !s->volume_mL || !s->field || !s->matrix) {
        return ST_ERR_MEMORY;
    }
    for (int r = 0; r < rows; r++) {
        const char* what = st_table_cell(s->about, r, 0);
        const char* value = st_table_cell(s->about, r, 1);
        if (strncmp(what, "volume_", 7) == 0) {
            s->volume_mL[s->medium_count] = strtod(value, NULL);
            s->medium[s->medium_count++] = what + 7;
        } else if (strncmp(what, "steady_", 7) == 0) {
            s->field[s->field_count++] = (st_tissue_quantity){.name = what + 7,
                                                              .unit = "",
                                                              .is_steady = value[0] == '1',
                                                              .relaxation_min = (double)NAN};
        } else if (strncmp(what, "relaxation_", 11) == 0 && s->field_count > 0) {
            s->field[s->field_count - 1].relaxation_min = strtod(value, NULL);
        } else if (strncmp(what, "matrix_", 7) == 0) {
            s->matrix[s->matrix_count++] =
                (st_tissue_quantity){.name = value,
                                     .unit = st_table_cell(s->about, r, 2),
                                     .relaxation_min = (double)NAN};
        }
    }
    return ST_OK;
}

// --- a run with cells

/// "msc@gel" is "msc" where everything is in the gel.
static void shorten(st_tissue_story* s)
{
    const char* place = NULL;
    bool is_one = s->kind_count > 0;
    for (int k = 0; k < s->kind_count; k++) {
        const char* at = strchr(s->kind[k].name, '@');
        place = place ? place : at;
        is_one = is_one && at && strcmp(at, place) == 0;
        s->kind[k].label = s->kind[k].name;
    }
    for (int k = 0; k < s->kind_count && is_one; k++) {
        const char* name = s->kind[k].name;
        const char* text = st_arena_text(&s->arena, name, strcspn(name, "@"));
        s->kind[k].label = text ? text : name;
        s->is_full = s->is_full || !text;
    }
    s->only_place = is_one ? place + 1 : NULL;
}

static st_status read_kinds(st_tissue_story* s)
{
    const int first = st_table_column(s->cells, "cells") + 1;
    const int last = st_table_column(s->cells, st_tissue_story_events[0]);
    if (first < 1 || last < first) {
        return ST_FAIL(s->ctx, ST_ERR_INPUT, "%s: is no table of cells", st_table_name(s->cells));
    }
    s->kind_count = last - first;
    s->kind = st_arena_alloc(&s->arena, (size_t)s->kind_count + 1, sizeof *s->kind);
    if (!s->kind) {
        return ST_ERR_MEMORY;
    }
    for (int k = 0; k < s->kind_count; k++) {
        s->kind[k] = (st_tissue_kind){.name = st_table_head(s->cells, first + k), .colour = k};
        s->kind[k].count = column(s, s->cells, s->kind[k].name);
        if (!s->kind[k].count) {
            return ST_ERR_INPUT;
        }
    }
    shorten(s);
    for (int e = 0; e < ST_TISSUE_EVENTS; e++) {
        s->event[e] = column(s, s->cells, st_tissue_story_events[e]);
        if (!s->event[e]) {
            return ST_ERR_INPUT;
        }
    }
    s->total = column(s, s->cells, "cells");
    return s->total ? ST_OK : ST_ERR_INPUT;
}

/// What the joint as a whole says, at the days of the outputs.
static st_status read_expected(st_tissue_story* s)
{
    const double* day = s->expected ? column(s, s->expected, "day") : NULL;
    for (int k = 0; day && k < s->kind_count; k++) {
        const int at = st_table_column(s->expected, s->kind[k].name);
        double* out = room(s, s->time_count);
        if (at < 0) {
            continue;
        }
        const double* told = column(s, s->expected, s->kind[k].name);
        if (!told || !out) {
            return ST_ERR_INPUT;
        }
        for (int t = 0; t < s->time_count; t++) {
            out[t] = (double)NAN;
            for (int r = 0; r < st_table_row_count(s->expected); r++) {
                out[t] = fabs(day[r] - s->day[t]) < 1e-6 ? told[r] : out[t];
            }
        }
        s->kind[k].expected = out;
    }
    return ST_OK;
}

static const char* prefix_of(st_tissue_story* s, const char* name)
{
    const char* text = st_arena_format(&s->arena, "%s_", name);
    s->is_full = s->is_full || !text;
    return text;
}

static st_status read_wide_fields(st_tissue_story* s)
{
    for (int f = 0; f < s->field_count; f++) {
        st_tissue_quantity* q = &s->field[f];
        q->lowest = named_column(s, s->fields, "_lowest_M", q->name, "");
        q->highest = named_column(s, s->fields, "_highest_M", q->name, "");
        q->balance = named_column(s, s->fields, "_balance_error", q->name, "");
        const char* before = prefix_of(s, q->name);
        if (!q->lowest || !q->highest || !q->balance || !before) {
            return ST_ERR_INPUT;
        }
        q->mean = of_media(s, before, "_M", -1);
        q->low = q->mean ? of_media(s, before, "_lowest_M", -1) : NULL;
        q->high = q->low ? of_media(s, before, "_highest_M", -1) : NULL;
        if (!q->high) {
            return ST_ERR_INPUT;
        }
    }
    for (int i = 0; i < s->matrix_count; i++) {
        const char* before = prefix_of(s, s->matrix[i].name);
        s->matrix[i].mean = before ? of_media(s, before, "", -1) : NULL;
        if (!s->matrix[i].mean) {
            return ST_ERR_INPUT;
        }
    }
    return ST_OK;
}

// --- a run of fields alone: a row per time and field

static st_status read_long_field(st_tissue_story* s, int f)
{
    st_tissue_quantity* q = &s->field[f];
    double* amount = room(s, ST_TISSUE_AMOUNTS * s->time_count);
    q->lowest = long_column(s, "lowest_M", f);
    q->highest = q->lowest ? long_column(s, "highest_M", f) : NULL;
    q->balance = q->highest ? long_column(s, "balance_error", f) : NULL;
    q->mean = q->balance ? of_media(s, "mean_", "_M", f) : NULL;
    q->low = q->mean ? of_media(s, "", "_lowest_M", f) : NULL;
    q->high = q->low ? of_media(s, "", "_highest_M", f) : NULL;
    if (!q->high || !amount) {
        return ST_ERR_INPUT;
    }
    for (int i = 0; i < ST_TISSUE_AMOUNTS; i++) {
        char head[40];
        snprintf(head, sizeof head, "%s_fmol", st_tissue_story_amounts[i]);
        const double* one = long_column(s, head, f);
        if (!one) {
            return ST_ERR_INPUT;
        }
        memcpy(amount + i * s->time_count, one, (size_t)s->time_count * sizeof *one);
    }
    q->amount = amount;
    return ST_OK;
}

static st_status read_long_fields(st_tissue_story* s)
{
    const int names = st_table_column(s->fields, "field");
    const double* minutes = column(s, s->fields, "time_min");
    const int rows = st_table_row_count(s->fields);
    if (!minutes || names < 0 || s->field_count == 0 || rows % s->field_count != 0) {
        return ST_FAIL(s->ctx, ST_ERR_INPUT, "%s: is no table of fields", st_table_name(s->fields));
    }
    s->time_count = rows / s->field_count;
    double* day = room(s, s->time_count);
    for (int t = 0; day && t < s->time_count; t++) {
        day[t] = minutes[t * s->field_count] / MIN_PER_DAY;
    }
    s->day = day;
    for (int f = 0; day && f < s->field_count; f++) {
        if (strcmp(st_table_cell(s->fields, f, names), s->field[f].name) != 0) {
            return ST_FAIL(s->ctx, ST_ERR_INPUT, "%s: found field '%s' where '%s' was expected",
                           st_table_name(s->fields), st_table_cell(s->fields, f, names),
                           s->field[f].name);
        }
        ST_TRY(read_long_field(s, f));
    }
    return day ? ST_OK : ST_ERR_MEMORY;
}

// --- the folder

static bool has_file(st_ctx* ctx, const char* dir, const char* name)
{
    char* path = st_folder_path(ctx, dir, name);
    const bool is_there = path && access(path, R_OK) == 0;
    st_free(ctx, path);
    return is_there;
}

/// A table that need not be there.
static st_status load(st_tissue_story* s, const char* name, st_table** out)
{
    *out = NULL;
    char* path = st_folder_path(s->ctx, s->dir, name);
    st_status status = path ? ST_OK : ST_ERR_MEMORY;
    if (path && access(path, R_OK) == 0) {
        status = st_table_load(s->ctx, path, out);
    }
    st_free(s->ctx, path);
    return status;
}

static void count_values(st_tissue_story* s)
{
    const int assumed = s->values ? st_table_column(s->values, "assumed") : -1;
    s->value_count = s->values ? st_table_row_count(s->values) : 0;
    for (int r = 0; assumed >= 0 && r < s->value_count; r++) {
        s->assumed_count += st_table_cell(s->values, r, assumed)[0] != '\0';
    }
}

static st_status read_all(st_tissue_story* s)
{
    ST_TRY(load(s, "about.csv", &s->about));
    ST_TRY(load(s, "fields.csv", &s->fields));
    if (!s->about || !s->fields || !st_tissue_story_about(s, "title")[0]) {
        return ST_FAIL(s->ctx, ST_ERR_FILE, "%s: holds no finished tissue run: %s is missing",
                       s->dir,
                       !s->fields  ? "fields.csv"
                       : !s->about ? "about.csv"
                                   : "the title in about.csv");
    }
    ST_TRY(load(s, "values.csv", &s->values));
    ST_TRY(load(s, "cells.csv", &s->cells));
    ST_TRY(load(s, "profile.csv", &s->profile));
    ST_TRY(load(s, "expected.csv", &s->expected));
    ST_TRY(load(s, "zoom.csv", &s->zoom));
    count_values(s);
    ST_TRY(count_media(s));
    if (!s->cells) {
        return read_long_fields(s);
    }
    s->time_count = st_table_row_count(s->cells);
    s->day = column(s, s->cells, "day");
    if (!s->day || s->time_count < 1 || st_table_row_count(s->fields) != s->time_count) {
        return ST_FAIL(s->ctx, ST_ERR_INPUT, "%s: has %d rows beside %d of fields.csv",
                       st_table_name(s->cells), s->time_count, st_table_row_count(s->fields));
    }
    ST_TRY(read_kinds(s));
    ST_TRY(read_expected(s));
    return read_wide_fields(s);
}

st_status st_tissue_story_load(st_ctx* ctx, const char* dir, st_tissue_story* out)
{
    *out = (st_tissue_story){.ctx = ctx, .dir = dir};
    st_arena_init(&out->arena, ctx);
    st_status status = read_all(out);
    status = out->is_full ? ST_ERR_MEMORY : status;
    if (status != ST_OK) {
        st_tissue_story_clear(out);
    }
    return status;
}

void st_tissue_story_clear(st_tissue_story* story)
{
    st_table* const tables[] = {story->about,   story->values,   story->cells, story->fields,
                                story->profile, story->expected, story->zoom};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        st_table_destroy(tables[i]);
    }
    st_arena_clear(&story->arena);
    *story = (st_tissue_story){0};
}

bool st_tissue_story_is_here(st_ctx* ctx, const char* dir)
{
    return has_file(ctx, dir, "fields.csv") && has_file(ctx, dir, "about.csv");
}
