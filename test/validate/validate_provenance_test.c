/// The table and its log agree, and no neutral or negative trial has lost a row.
#include "base/base.h"
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER ST_SOURCE_DIR "/evidence/"

static st_ctx* ctx;

static st_table* load(const char* path)
{
    st_table* table = NULL;
    assert_int_equal(st_table_load(ctx, path, &table), ST_OK);
    return table;
}

static int column(const st_table* table, const char* head)
{
    const int at = st_table_column(table, head);
    assert_true(at >= 0);
    return at;
}

static int rows_of(const st_table* trials, const char* trial)
{
    const int at = column(trials, "trial_id");
    int rows = 0;
    for (int i = 0; i < st_table_row_count(trials); ++i) {
        rows += strcmp(st_table_cell(trials, i, at), trial) == 0;
    }
    return rows;
}

static const char* cell(const st_table* table, int row, const char* head)
{
    return st_table_cell(table, row, column(table, head));
}

/// Rows that the log says a trial has.
static int logged(const st_table* log, const char* trial)
{
    int rows = 0;
    for (int i = 0; i < st_table_row_count(log); ++i) {
        if (strcmp(cell(log, i, "trial_id"), trial) == 0) {
            const int n = (int)strtol(cell(log, i, "rows"), NULL, 10);
            rows += strcmp(cell(log, i, "action"), "added") == 0     ? n
                    : strcmp(cell(log, i, "action"), "removed") == 0 ? -n
                                                                     : 0;
        }
    }
    return rows;
}

static void test_log_and_table_agree(void** state)
{
    st_table* trials = load(FOLDER "trials.csv");
    st_table* log = load(FOLDER "log.csv");

    (void)state;
    for (int i = 0; i < st_table_row_count(trials); ++i) {
        const char* trial = cell(trials, i, "trial_id");
        if (rows_of(trials, trial) != logged(log, trial)) {
            print_error("%s: %d rows, the log says %d\n", trial, rows_of(trials, trial),
                        logged(log, trial));
            fail();
        }
    }
    for (int i = 0; i < st_table_row_count(log); ++i) {
        const char* action = cell(log, i, "action");
        assert_int_equal(strlen(cell(log, i, "date")), 10);
        assert_true(cell(log, i, "who_says")[0] != '\0' && cell(log, i, "what")[0] != '\0');
        assert_true(strcmp(action, "added") == 0 || strcmp(action, "corrected") == 0 ||
                    strcmp(action, "removed") == 0);
        assert_true(rows_of(trials, cell(log, i, "trial_id")) > 0);
    }
    st_table_destroy(log);
    st_table_destroy(trials);
}

/// Number of trials of neutral.csv that a table has lost rows of.
static int lost(const st_table* trials, const st_table* neutral)
{
    int count = 0;
    for (int i = 0; i < st_table_row_count(neutral); ++i) {
        count += rows_of(trials, cell(neutral, i, "trial_id")) <
                 strtol(cell(neutral, i, "rows"), NULL, 10);
    }
    return count;
}

static void test_no_neutral_trial_disappears(void** state)
{
    st_table* trials = load(FOLDER "trials.csv");
    st_table* neutral = load(FOLDER "neutral.csv");

    (void)state;
    assert_true(st_table_row_count(neutral) >= 18);
    assert_int_equal(lost(trials, neutral), 0);
    st_table_destroy(neutral);
    st_table_destroy(trials);
}

static void test_a_lost_row_is_noticed(void** state)
{
    st_table* neutral = load(FOLDER "neutral.csv");
    st_table* without = NULL;
    char* text = NULL;
    char* line;
    size_t length = 0;

    (void)state;
    assert_int_equal(st_file_read(ctx, FOLDER "trials.csv", 1u << 24, &text, &length), ST_OK);
    line = strstr(text, "\nADIPOA2,");
    assert_non_null(line);
    const size_t cut = strcspn(line + 1, "\n") + 1;
    memmove(line, line + cut, length - (size_t)(line - text) - cut + 1);
    assert_int_equal(st_table_parse(ctx, "without", text, length - cut, &without), ST_OK);
    assert_int_equal(lost(without, neutral), 1);
    st_table_destroy(without);
    st_table_destroy(neutral);
    st_free(ctx, text);
}

static void test_what_neutral_trials_found_stands(void** state)
{
    static const struct {
        const char *trial, *arm, *column, *value;
    } found[] = {
        {"ADIPOA2", "ADSC", "responder_pct", "47.3"},
        {"ADIPOA2", "PLACEBO", "responder_pct", "54.8"},
        {"RESTORE2021", "PRP", "change_from_baseline_mean", "-2.1"},
        {"RESTORE2021", "SAL", "change_from_baseline_mean", "-1.8"},
        {"DREAM2025", "DREAM2025_msc", "responder_pct", ""},
    };
    st_table* trials = load(FOLDER "trials.csv");

    (void)state;
    for (size_t k = 0; k < sizeof found / sizeof found[0]; ++k) {
        bool is_there = false;
        for (int i = 0; i < st_table_row_count(trials); ++i) {
            is_there = is_there || (strcmp(cell(trials, i, "trial_id"), found[k].trial) == 0 &&
                                    strcmp(cell(trials, i, "arm_id"), found[k].arm) == 0 &&
                                    strcmp(cell(trials, i, found[k].column), found[k].value) == 0);
        }
        assert_true(is_there);
    }
    st_table_destroy(trials);
}

static void test_the_largest_cell_trial_is_kept(void** state)
{
    st_table* censored = load(FOLDER "censored.csv");
    int rows = 0;

    (void)state;
    for (int i = 0; i < st_table_row_count(censored); ++i) {
        rows += strcmp(cell(censored, i, "trial_id"), "MILES") == 0 &&
                strcmp(cell(censored, i, "finding"), "not significant") == 0;
    }
    assert_int_equal(rows, 6);
    st_table_destroy(censored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_and_table_agree),
        cmocka_unit_test(test_no_neutral_trial_disappears),
        cmocka_unit_test(test_a_lost_row_is_noticed),
        cmocka_unit_test(test_what_neutral_trials_found_stands),
        cmocka_unit_test(test_the_largest_cell_trial_is_kept),
    };
    ctx = st_ctx_create();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    const int leaked = st_ctx_bytes_in_use(ctx) != 0;
    st_ctx_destroy(ctx);
    return failed + leaked;
}
