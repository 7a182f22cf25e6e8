#include "evidence.h"

#include "base/doc.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TABLE_BYTE_LIMIT ((size_t)64 << 20)
#define FAULT_SIZE       256

const char* const ST_EVIDENCE_INTERVENTIONS[] = {"msc_bm_expanded",
                                                 "msc_ad_expanded",
                                                 "msc_uc_expanded",
                                                 "bmac",
                                                 "svf",
                                                 "prp",
                                                 "corticosteroid",
                                                 "hyaluronic_acid",
                                                 "saline",
                                                 "sham",
                                                 "exercise",
                                                 "tenocyte",
                                                 "none",
                                                 "other",
                                                 NULL};

/// Where a column's cells go.
typedef enum column_kind { TEXT, NUMBER, FLAG } column_kind;

typedef struct column {
    const char* head;
    column_kind kind;
    size_t offset;
    double lo, hi; ///< of a number
} column;

#define AT(field) offsetof(st_evidence_row, field)

static const column COLUMNS[] = {
    {"trial_id", TEXT, AT(trial), 0, 0},
    {"arm_id", TEXT, AT(arm), 0, 0},
    {"arm_label", TEXT, AT(label), 0, 0},
    {"design", TEXT, AT(design), 0, 0},
    {"blinding", TEXT, AT(blinding), 0, 0},
    {"control", TEXT, AT(control), 0, 0},
    {"joint", TEXT, AT(joint), 0, 0},
    {"condition", TEXT, AT(condition), 0, 0},
    {"severity", TEXT, AT(severity), 0, 0},
    {"intervention", TEXT, AT(intervention), 0, 0},
    {"scale", TEXT, AT(scale), 0, 0},
    {"dose_note", TEXT, AT(dose_note), 0, 0},
    {"source_id", TEXT, AT(source), 0, 0},
    {"quote_locator", TEXT, AT(locator), 0, 0},
    {"pooled", FLAG, AT(is_pooled), 0, 1},
    {"paid", FLAG, AT(is_paid), 0, 1},
    {"dose_cells", NUMBER, AT(dose), 0, 1e15},
    {"n", NUMBER, AT(n), 1, 1e8},
    {"age_mean", NUMBER, AT(age), 0, 130},
    {"age_sd", NUMBER, AT(age_sd), 0, 100},
    {"bmi_mean", NUMBER, AT(bmi), 5, 150},
    {"bmi_sd", NUMBER, AT(bmi_sd), 0, 100},
    {"female_pct", NUMBER, AT(female), 0, 100},
    {"month", NUMBER, AT(month), 0, 1200},
    {"mean", NUMBER, AT(mean), -1e9, 1e9},
    {"sd", NUMBER, AT(sd), 0, 1e9},
    {"ci95_low", NUMBER, AT(ci_lo), -1e9, 1e9},
    {"ci95_high", NUMBER, AT(ci_hi), -1e9, 1e9},
    {"change_from_baseline_mean", NUMBER, AT(change), -1e9, 1e9},
    {"change_sd", NUMBER, AT(change_sd), 0, 1e9},
    {"responder_pct", NUMBER, AT(responder), 0, 100},
};
#define COLUMN_COUNT ((int)(sizeof COLUMNS / sizeof COLUMNS[0]))

/// Notes the first fault of a row.
static void note(st_evidence* e, st_evidence_row* row, const char* head, const char* found,
                 const char* expected)
{
    if (row->fault == NULL) {
        row->fault =
            st_arena_format(&e->arena, "%s: found '%.60s', expected %s", head, found, expected);
    }
}

static bool has_text(const char* word, const char* const* allowed)
{
    for (; *allowed != NULL; ++allowed) {
        if (strcmp(word, *allowed) == 0) {
            return true;
        }
    }
    return false;
}

static void check_word(st_evidence* e, st_evidence_row* row, const char* head, const char* word,
                       const char* const* allowed)
{
    char expected[FAULT_SIZE];
    const char* nearest;
    int count = 0;

    if (has_text(word, allowed)) {
        return;
    }
    while (allowed[count] != NULL) {
        ++count;
    }
    nearest = st_name_nearest(word, allowed, count);
    if (nearest != NULL) {
        snprintf(expected, sizeof expected, "one of %d words; did you mean '%s'?", count, nearest);
    } else {
        size_t used = (size_t)snprintf(expected, sizeof expected, "one of");
        for (int i = 0; i < count && used < sizeof expected; ++i) {
            used += (size_t)snprintf(expected + used, sizeof expected - used, "%s %s",
                                     i > 0 ? "," : "", allowed[i]);
        }
    }
    note(e, row, head, word, expected);
}

static void read_number(st_evidence* e, st_evidence_row* row, const column* c, const char* cell)
{
    double* const out = (double*)(void*)((char*)row + c->offset);
    double value = NAN;
    char expected[FAULT_SIZE];

    *out = NAN;
    if (cell[0] == '\0') {
        return;
    }
    if (st_number_parse(cell, &value) != strlen(cell)) {
        note(e, row, c->head, cell, "a number or nothing");
        return;
    }
    if (!(value >= c->lo && value <= c->hi)) {
        if (strcmp(c->head, "month") == 0 && value < 0.0) {
            note(e, row, c->head, cell, "0 or more: a month before baseline has no prediction");
        } else {
            snprintf(expected, sizeof expected, "%g to %g", c->lo, c->hi);
            note(e, row, c->head, cell, expected);
        }
        return;
    }
    *out = value;
}

static void read_cell(st_evidence* e, st_evidence_row* row, const column* c, const char* cell)
{
    char* const at = (char*)row + c->offset;

    switch (c->kind) {
    case TEXT:
        *(const char**)(void*)at = cell;
        break;
    case FLAG:
        if (strcmp(cell, "0") != 0 && strcmp(cell, "1") != 0) {
            note(e, row, c->head, cell, "0 or 1");
        }
        *(bool*)(void*)at = cell[0] == '1';
        break;
    case NUMBER:
        read_number(e, row, c, cell);
        break;
    }
}

static void check_row(st_evidence* e, st_evidence_row* row, const char* direction)
{
    static const char* const blindings[] = {"double", "single", "open", NULL};
    static const char* const controls[] = {"placebo", "active", "none", NULL};
    static const char* const directions[] = {"lower_better", "higher_better", NULL};

    if (row->trial[0] == '\0') {
        note(e, row, "trial_id", "", "the name of a trial");
    }
    if (row->arm[0] == '\0') {
        note(e, row, "arm_id", "", "the name of an arm");
    }
    if (row->scale[0] == '\0') {
        note(e, row, "scale", "", "the name of a scale");
    }
    check_word(e, row, "intervention", row->intervention, ST_EVIDENCE_INTERVENTIONS);
    check_word(e, row, "blinding", row->blinding, blindings);
    check_word(e, row, "control", row->control, controls);
    check_word(e, row, "direction", direction, directions);
    if (isfinite(row->ci_lo) && isfinite(row->ci_hi) && row->ci_lo > row->ci_hi) {
        note(e, row, "ci95_low", "an interval upside down", "ci95_low <= ci95_high");
    }
    row->lower_is_better = strcmp(direction, "lower_better") == 0;
    row->is_median = strstr(row->locator, "MEDIAN") != NULL;
    row->is_check = strstr(row->locator, "check:") != NULL;
}

static st_status read_rows(st_ctx* ctx, bool keep_going, st_evidence* e)
{
    const st_table* table = e->table;
    int at[COLUMN_COUNT];
    const int direction = st_table_column(table, "direction");
    int missing = direction < 0;

    if (direction < 0) {
        st_ctx_fail(ctx, ST_ERR_INPUT, "%s:1: found no column 'direction'", st_table_name(table));
    }
    for (int c = 0; c < COLUMN_COUNT; ++c) {
        at[c] = st_table_column(table, COLUMNS[c].head);
        if (at[c] < 0) {
            ++missing;
            st_ctx_fail(ctx, ST_ERR_INPUT, "%s:1: found no column '%s'", st_table_name(table),
                        COLUMNS[c].head);
        }
    }
    if (missing > 0) {
        return ST_ERR_INPUT;
    }
    e->row_count = st_table_row_count(table);
    e->row = st_arena_alloc(&e->arena, (size_t)e->row_count + 1, sizeof *e->row);
    if (e->row == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < e->row_count; ++i) {
        st_evidence_row* row = &e->row[i];
        row->line = st_table_line(table, i);
        for (int c = 0; c < COLUMN_COUNT; ++c) {
            read_cell(e, row, &COLUMNS[c], st_table_cell(table, i, at[c]));
        }
        check_row(e, row, st_table_cell(table, i, direction));
        if (row->fault != NULL) {
            e->faulty_count += 1;
            if (!keep_going) {
                st_ctx_fail(ctx, ST_ERR_INPUT, "%s:%d: %s", st_table_name(table), row->line,
                            row->fault);
            }
        }
    }
    return e->faulty_count > 0 && !keep_going ? ST_ERR_INPUT : ST_OK;
}

/// Takes over `text`.
static st_status parse_owned(st_ctx* ctx, const char* name, bool keep_going, st_evidence* e)
{
    st_status status;

    st_arena_init(&e->arena, ctx);
    status = st_table_parse(ctx, name, e->text, e->length, &e->table);
    if (status == ST_OK) {
        status = read_rows(ctx, keep_going, e);
    }
    if (status != ST_OK) {
        st_evidence_clear(ctx, e);
    }
    return status;
}

st_status st_evidence_load(st_ctx* ctx, const char* path, bool keep_going, st_evidence* out)
{
    *out = (st_evidence){0};
    ST_TRY(st_file_read(ctx, path, TABLE_BYTE_LIMIT, &out->text, &out->length));
    return parse_owned(ctx, path, keep_going, out);
}

st_status st_evidence_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                            bool keep_going, st_evidence* out)
{
    *out = (st_evidence){.length = length, .text = st_alloc(ctx, length + 1, 1)};
    if (out->text == NULL) {
        return ST_ERR_MEMORY;
    }
    memcpy(out->text, text, length);
    return parse_owned(ctx, name, keep_going, out);
}

void st_evidence_clear(st_ctx* ctx, st_evidence* evidence)
{
    st_table_destroy(evidence->table);
    st_free(ctx, evidence->text);
    if (evidence->arena.ctx != NULL) {
        st_arena_clear(&evidence->arena);
    }
    *evidence = (st_evidence){0};
}
