// The shipped study through the real rooms into a store and a page.
#include "stroma/report.h"

#include "base/base.h"
#include "base/table.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define SEED 7

typedef struct scene {
    st_ctx* ctx;
    char dir[64];
} scene;

static int set_up(void** state)
{
    scene* s = calloc(1, sizeof *s);
    s->ctx = st_ctx_create();
    snprintf(s->dir, sizeof s->dir, "whole_run_test.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    st_study* study = NULL;
    st_store* store = NULL;
    st_trial_def def = st_default_trial_def();
    st_trial_summary summary;
    def.worker_count = 2;
    def.has_seed = true;
    def.seed = SEED;
    assert_int_equal(st_study_load(s->ctx, ST_SOURCE_DIR "/examples/knee-msc/study.yaml",
                                   ST_SOURCE_DIR "/models", &study),
                     ST_OK);
    assert_int_equal(st_store_create(s->ctx, s->dir, false, &store), ST_OK);
    assert_int_equal(st_store_override_seed(store, SEED), ST_OK);
    const st_sink sink = st_store_sink(store);
    assert_int_equal(st_study_run(s->ctx, study, &def, &sink, &summary), ST_OK);
    assert_int_equal(st_store_finish(s->ctx, store), ST_OK);
    st_store_destroy(store);
    st_study_destroy(study);
    *state = s;
    return 0;
}

static int tear_down(void** state)
{
    scene* s = *state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
    const int code = system(command);
    assert_int_equal(st_ctx_bytes_in_use(s->ctx), 0);
    st_ctx_destroy(s->ctx);
    free(s);
    return code;
}

// The first value of a query's first row.
static double ask(const scene* s, const char* sql)
{
    char path[96];
    sqlite3* db = NULL;
    sqlite3_stmt* query = NULL;
    snprintf(path, sizeof path, "%s/results.sqlite", s->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    const double found = sqlite3_column_double(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return found;
}

static void every_row_has_its_arm_visit_and_measure(void** state)
{
    const scene* s = *state;
    assert_true(ask(s, "SELECT count(*) FROM pragma_foreign_key_check") == 0.0);
    assert_true(ask(s, "SELECT count(*) FROM reading") ==
                ask(s, "SELECT (SELECT count(*) FROM person) * (SELECT count(*) FROM visit) *"
                       " (SELECT count(*) FROM instrument)"));
    assert_true(ask(s, "SELECT value = '7' FROM about WHERE key = 'seed'") == 1.0);
    assert_true(ask(s, "SELECT count(*) FROM source_file WHERE instr(name, '/') > 0") == 0.0);
    // Nothing asks about facts here, and nobody follows a plan.
    assert_true(ask(s, "SELECT count(*) FROM parameter WHERE origin = 'people' AND name = 'age'"
                       " AND value = 61 AND unit = 'y' AND source NOT NULL") == 1.0);
    assert_true(ask(s, "SELECT count(*) FROM parameter WHERE name = 'cancer' OR origin = 'plan'") ==
                0.0);
    assert_true(
        ask(s, "SELECT count(*) FROM parameter WHERE (source IS NULL) = (assumed IS NULL)") == 0.0);
    assert_true(
        ask(s, "SELECT (SELECT CAST(value AS INTEGER) FROM about WHERE key = 'parameter_count')"
               " = count(*) FROM parameter") == 1.0);
}

static void parts_of_the_change_add_up(void** state)
{
    const scene* s = *state;
    assert_true(ask(s, "SELECT count(*) FROM split WHERE part = 'total' AND mean NOT NULL") > 0.0);
    assert_true(ask(s, "SELECT max(abs(part_sum - total)) FROM (SELECT"
                       " sum(CASE part WHEN 'total' THEN 0 ELSE mean END) AS part_sum,"
                       " sum(CASE part WHEN 'total' THEN mean ELSE 0 END) AS total"
                       " FROM split GROUP BY arm, measure, visit)") < 1e-9);
}

static void statistics_agree_with_the_readings(void** state)
{
    const scene* s = *state;
    assert_true(ask(s, "SELECT max(abs(o.mean - r.mean) + abs(o.n_people - r.n)) FROM outcome o"
                       " JOIN (SELECT arm, measure, visit, avg(measured) AS mean,"
                       " count(measured) AS n FROM reading GROUP BY arm, measure, visit) r"
                       " ON r.arm = o.arm AND r.measure = o.measure AND r.visit = o.visit") < 1e-9);
}

static void sums_of_the_run_are_those_of_its_readings(void** state)
{
    const scene* s = *state;
    // Twins.
    assert_true(ask(s, "SELECT count(*) FROM twin") > 0.0);
    assert_true(ask(s, "SELECT max(abs(t.value - r.v) + abs(t.sham - r.s) + abs(t.untreated - r.u)"
                       " + abs(t.n_people - r.n)) FROM twin t JOIN (SELECT arm, measure, visit,"
                       " avg(value) AS v, avg(sham) AS s, avg(untreated) AS u, count(*) AS n"
                       " FROM reading WHERE measured NOT NULL GROUP BY arm, measure, visit) r"
                       " USING (arm, measure, visit)") < 1e-9);
    // REP-1: first important change, counted once more from the readings alone.
    const char* first =
        "WITH l AS (SELECT p.*, CASE WHEN p.measured IS NULL OR b.measured IS NULL THEN NULL"
        " WHEN i.lower_is_better THEN b.measured - p.measured >= i.important_change"
        " ELSE p.measured - b.measured >= i.important_change END AS better FROM reading p"
        " JOIN reading b ON b.arm = p.arm AND b.person = p.person AND b.measure = p.measure AND"
        " b.visit = 0 JOIN instrument i ON i.measure = p.measure AND i.important_change > 0"
        " WHERE p.visit > 0), k AS (SELECT l.*, coalesce(sum(better IS NULL OR better) OVER"
        " (PARTITION BY person ORDER BY visit ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"
        " AS before FROM l WHERE l.arm = 1 AND l.measure = 0), c AS (SELECT arm, measure, visit, "
        "sum(before = 0 AND better NOT NULL) AS n,"
        " sum(before = 0 AND coalesce(better, 0)) AS d FROM k GROUP BY visit)"
        " SELECT sum(abs(c.n - r.at_risk_people) + abs(c.d - r.event_people)) + 1000 *"
        " (count(*) <> (SELECT count(*) - 1 FROM visit)) FROM c"
        " JOIN response r USING (arm, measure, visit)";
    assert_true(ask(s, first) == 0.0);
    // REP-2: those who were better at the first visit and still are.
    assert_true(ask(s, "SELECT sum(first_people < held_people) FROM response") == 0.0);
    assert_true(ask(s, "SELECT sum(first_people <> event_people OR held_people <> event_people)"
                       " FROM response WHERE visit = 1") == 0.0);
    // REP-3: one group, from the people themselves.
    assert_true(
        ask(s, "SELECT max(abs(g.change - q.m) + abs(g.product - q.p) + abs(g.n_people - q.n)) FROM"
               " subgroup g JOIN (SELECT r.arm, avg(r.measured - b.measured) AS m,"
               " avg(r.value - r.sham) AS p, count(*) AS n FROM reading r JOIN reading b ON"
               " b.arm = r.arm AND b.person = r.person AND b.measure = r.measure AND b.visit = 0"
               " JOIN person w ON w.arm = r.arm AND w.person = r.person AND w.kl_grade = 3"
               " WHERE r.measured NOT NULL AND r.measure = 0 AND r.visit ="
               " (SELECT CAST(value AS INTEGER) FROM about WHERE key = 'primary_visit')"
               " GROUP BY r.arm) q ON q.arm = g.arm WHERE factor = 'kl_grade' AND position = 3") <
        1e-9);
    // Every group of a factor together is everybody who was read.
    assert_true(ask(s, "SELECT count(DISTINCT n) FROM (SELECT arm, factor, sum(n_people) AS n FROM"
                       " subgroup WHERE arm = 1 GROUP BY factor)") == 1.0);
    // Events of persons add up to those of arms.
    assert_true(ask(s, "SELECT count(*) FROM event e WHERE count_people <> (SELECT count(*) FROM"
                       " person_event p WHERE p.arm = e.arm AND p.name = e.name)") == 0.0);
}

static void people_of_a_twin_arm_are_those_of_the_others(void** state)
{
    const scene* s = *state;
    // Their true scores at entry are equal, reading by reading. CROSS JOIN fixes the order of
    // loops.
    const char* pairs = "SELECT count(*), sum(t.value <> r.value) AS bad FROM arm a"
                        " JOIN reading t ON t.arm = a.arm AND a.is_twin"
                        " CROSS JOIN arm b ON b.arm <> a.arm"
                        " CROSS JOIN reading r ON r.arm = b.arm AND r.person = t.person AND"
                        " r.visit = t.visit AND r.measure = t.measure WHERE t.visit = 0";
    char unequal[600];
    snprintf(unequal, sizeof unequal, "SELECT bad FROM (%s)", pairs);
    assert_true(ask(s, unequal) == 0.0);
    assert_true(ask(s, pairs) == ask(s, "SELECT sum(size_people) * 3 FROM arm WHERE NOT is_twin"));
}

// One value at a time: every value of the model and of the dose, around the same contrast. [TRI-50]
static void influence_holds_every_value(void** state)
{
    const scene* s = *state;
    assert_true(ask(s, "SELECT count(*) FROM influence WHERE origin = 'model'") ==
                ask(s, "SELECT count(*) FROM parameter WHERE origin = 'model'"));
    assert_true(ask(s, "SELECT count(*) FROM influence WHERE origin = 'dose'") >= 1.0);
    assert_true(ask(s, "SELECT count(*) FROM influence i JOIN parameter p USING (origin, position) "
                       "WHERE origin = 'procedure' AND i.name = p.name") > 0.0);
    assert_true(ask(s, "SELECT count(*) FROM influence i LEFT JOIN parameter p USING (origin, "
                       "position) WHERE origin <> 'dose' AND p.name IS NOT i.name") == 0.0);
    assert_true(ask(s, "SELECT count(DISTINCT contrast) FROM influence") == 1.0);
    assert_true(ask(s, "SELECT count(*) FROM influence i WHERE arm <> (SELECT min(arm) FROM arm "
                       "WHERE has_cells) OR versus <> (SELECT control FROM arm a WHERE a.arm = "
                       "i.arm)") == 0.0);
    // Within what chance of so small a panel allows, it is the part of the product of the trial.
    assert_true(ask(s, "SELECT max(abs(i.product - p.mean)) FROM influence i JOIN split p ON p.arm "
                       "= i.arm AND p.measure = i.measure AND p.visit = i.visit AND p.part = "
                       "'product'") < 5.0);
    // Nothing but the model's own values is changed: those that no equation uses move nothing.
    assert_true(ask(s, "SELECT count(*) FROM influence WHERE abs(contrast_hi - contrast) > 0.1") >
                3.0);
}

static void way_of_the_cells_is_that_of_the_trial(void** state)
{
    const scene* s = *state;
    assert_true(ask(s, "SELECT count(DISTINCT arm) FROM prepared") ==
                ask(s, "SELECT sum(has_cells) FROM arm"));
    assert_true(ask(s,
                    "SELECT max(abs(p.q50 / d.q50_cells - 1)) FROM prepared p JOIN dose_step d ON"
                    " d.arm = p.arm AND d.name = 'in the joint' WHERE p.name = 'dose'") < 0.05);
    assert_true(ask(s, "SELECT count(*) FROM prepared WHERE band_lo NOT NULL AND source IS NULL") ==
                0.0);
    assert_true(ask(s, "SELECT count(*) FROM prepared WHERE band_lo NOT NULL") >= 3.0);
    assert_true(ask(s, "SELECT count(*) FROM person_event WHERE at_day IS NULL OR at_day > 0") ==
                0.0);
}

static void page_tables_and_summary_are_made_from_it(void** state)
{
    const scene* s = *state;
    char path[96];
    char* page = NULL;
    char* summary = NULL;
    size_t length = 0;
    assert_int_equal(st_report_write(s->ctx, s->dir), ST_OK);
    assert_int_equal(st_report_tables(s->ctx, s->dir), ST_OK);
    assert_int_equal(st_report_summary(s->ctx, s->dir, &summary), ST_OK);
    snprintf(path, sizeof path, "%s/report.html", s->dir);
    assert_int_equal(st_file_read(s->ctx, path, 10u << 20, &page, &length), ST_OK);
    assert_true(length < 1500000);
    assert_null(strstr(page, ">nan"));
    assert_null(strstr(page, " nan"));
    assert_null(strstr(page, "cannot be given"));
    assert_non_null(strstr(page, "Not shown: "));
    assert_non_null(strstr(page, "--seed 7"));
    assert_non_null(strstr(summary, " beyond ha "));
    st_free(s->ctx, page);
    st_free(s->ctx, summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_its_arm_visit_and_measure),
        cmocka_unit_test(parts_of_the_change_add_up),
        cmocka_unit_test(statistics_agree_with_the_readings),
        cmocka_unit_test(sums_of_the_run_are_those_of_its_readings),
        cmocka_unit_test(people_of_a_twin_arm_are_those_of_the_others),
        cmocka_unit_test(influence_holds_every_value),
        cmocka_unit_test(way_of_the_cells_is_that_of_the_trial),
        cmocka_unit_test(page_tables_and_summary_are_made_from_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
