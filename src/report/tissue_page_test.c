// The page of a tissue run, from made-up tables: all that was counted is named with its unit, no
// text breaks out, and empty and extreme runs are told as what they are.
#include "report/tissue_page.h"
#include "stroma/report.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/fake_page.h"
#include "report/fake_tissue.h"

typedef page_scene scene;

static void empty_folder(const scene* s)
{
    char command[2 * PATH_MAX + 32];
    snprintf(command, sizeof command, "rm -rf '%s'; mkdir '%s'", s->dir, s->dir);
    assert_int_equal(system(command), 0);
}

static int set_up(void** state)
{
    return page_scene_begin(state, "tissue_page_test");
}

static void make(scene* s, const fake_tissue* f)
{
    empty_folder(s);
    fake_tissue_write(s->ctx, s->dir, f);
    if (st_tissue_page_write(s->ctx, s->dir) != ST_OK) {
        fail_msg("%s", st_ctx_message(s->ctx, 0));
    }
    page_scene_read(s);
}

static bool has(const scene* s, const char* text)
{
    return strstr(s->page, text) != NULL;
}

/// No number that is none, nothing that a text from outside could have opened.
static void assert_clean(const scene* s)
{
    static const char* const bad[] = {">nan", " nan",  "\"nan",  ",nan",      ">-nan",
                                      ">inf", " inf ", "(null)", "not known", "<gel>",
                                      "<i>",  "<b>",   "<trial>"};
    static const char* const pairs[] = {"section", "figure", "table", "svg", "div", "details", "p"};
    const char* body = strstr(s->page, "<body>");
    char* text = strdup(body);
    assert_non_null(text);
    *strstr(text, "<script>") = '\0'; // the page's own
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (strstr(text, bad[i])) {
            fail_msg("the page says '%.60s'", strstr(text, bad[i]));
        }
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char open[32];
        char close[32];
        snprintf(open, sizeof open, "<%s", pairs[i]);
        snprintf(close, sizeof close, "</%s>", pairs[i]);
        int opened = 0;
        for (const char* at = text; (at = strstr(at, open)) != NULL; at++) {
            opened += strchr(" >", at[strlen(open)]) != NULL;
        }
        if (opened != page_scene_count(text, close)) {
            fail_msg("%d of <%s>, %d of </%s>", opened, pairs[i], page_scene_count(text, close),
                     pairs[i]);
        }
    }
    free(text);
    assert_true(has(s, "<!doctype html>"));
    assert_false(has(s, "src=\"http"));
    assert_int_equal(page_scene_count(s->page, "<script>"), 1);
}

static const fake_tissue usual = {.title = "A <b>\"box\"</b> & 'more'",
                                  .kinds = 3,
                                  .outputs = 9,
                                  .fields = 2,
                                  .matrices = 2,
                                  .has_profile = true,
                                  .place = "gel"};

static void all_that_was_counted_is_named(void** state)
{
    scene* s = *state;
    make(s, &usual);
    assert_clean(s);
    assert_true(has(s, "A &lt;b&gt;&quot;box&quot;&lt;/b&gt; &amp; &#39;more&#39;</h1>"));
    // every kind, field, matrix and medium; the place is told once
    static const char* const names[] = {">kind_with_a_long_name_0<",
                                        ">kind_with_a_long_name_1<",
                                        ">kind_with_a_long_name_2<",
                                        "in its place “gel”",
                                        ">field0<",
                                        ">field1<",
                                        ">matrix0<",
                                        ">matrix1<",
                                        ">&lt;gel&gt;<",
                                        ">rim<",
                                        "seed 4711",
                                        "0123456789abcdef",
                                        "Stroma 9.9.9",
                                        "model “A &amp; B”"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!has(s, names[i])) {
            fail_msg("the page does not say %s", names[i]);
        }
    }
    // numbers as people read them, with units: 54 649 -> 6 037 + ... ; levels in nM; mg/mL
    assert_true(has(s, "54\u202f649") || has(s, "54\u202f328"));
    assert_true(has(s, "<td>nM</td>"));
    assert_true(has(s, "<td>mg/mL</td>"));
    assert_true(has(s, "<td>fraction</td>"));
    assert_true(has(s, "800 births, 720 deaths, 40 changes, 8 arrivals and 4 departures"));
    assert_true(has(s, "about its square root"));
    assert_true(has(s, "million cells per mL"));
    assert_true(has(s, "<strong>2 are assumed</strong> (67 %)"));
    assert_true(has(s, "href=\"https://doi.org/10.1000/182\""));
    assert_int_equal(page_scene_count(s->page, "class=\"still\""), 3); // two stills, one slice
    assert_true(page_scene_count(s->page, "data:image/png;base64,") == 3);
    // a scale that can be read, and words for those who do not see the picture
    assert_true(has(s, ">200 µm<") && has(s, ">4 nM<"));
    assert_true(has(s, "aria-label=\"Cells as balls on day 8, cut through the middle"));
    assert_false(has(s, "id=\"joint\"")); // no zoom
}

static void the_same_tables_make_the_same_page(void** state)
{
    scene* s = *state;
    make(s, &usual);
    char* first = strdup(s->page);
    assert_int_equal(st_tissue_page_write(s->ctx, s->dir), ST_OK);
    page_scene_read(s);
    assert_string_equal(first, s->page);
    free(first);
}

static void a_zoom_stands_beside_its_joint(void** state)
{
    scene* s = *state;
    fake_tissue f = usual;
    f.has_zoom = true;
    make(s, &f);
    assert_clean(s);
    assert_true(has(s, "Person 12 of the trial “A &lt;trial&gt; of &quot;cells&quot;”"));
    assert_true(has(s, "arm msc &amp; ha"));
    assert_true(has(s, "rescue on day 1.5")); // the repeat on day 900 lies behind the end
    assert_false(has(s, "repeat on day"));
    assert_true(has(s, "What is left out"));
    assert_true(has(s, "<a href=\"../report.html\">"));
    // 6 035 counted; 1.02 times that expected: 121 less, 1.5 square roots
    assert_true(has(s, ">6\u202f035<") && has(s, ">6\u202f156<") && has(s, ">−121<") &&
                has(s, ">−1.5<"));
}

static void a_run_of_fields_alone_says_nothing_of_cells(void** state)
{
    scene* s = *state;
    fake_tissue f = usual;
    f.kinds = 0;
    f.matrices = 0;
    f.has_profile = false;
    make(s, &f);
    assert_clean(s);
    assert_true(has(s, "computed as fields: 8\u202f000 voxels, 80 minutes"));
    assert_true(has(s, "The mean level of field0 in &lt;gel&gt; went from <strong>2</strong> to "
                       "<strong>2 µM</strong>"));
    assert_true(has(s, "Came in through walls"));
    assert_false(has(s, "id=\"cells\""));
    assert_false(has(s, "id=\"stills\""));
    assert_false(has(s, ", seed "));
}

static void empty_and_extreme_runs_are_told(void** state)
{
    scene* s = *state;
    fake_tissue f = usual;
    f.is_empty_at_end = true;
    make(s, &f);
    assert_clean(s);
    assert_true(has(s, "cells to none: no cell is left"));

    f = usual;
    f.kinds = 1; // one kind, nothing else, a start and no more
    f.outputs = 1;
    f.fields = 0;
    f.matrices = 0;
    f.has_profile = false;
    make(s, &f);
    assert_clean(s);
    assert_false(has(s, "id=\"depth\""));
    assert_false(has(s, "id=\"fields\""));
    assert_int_equal(page_scene_count(s->page, "class=\"still\""), 1);

    f = usual;
    f.kinds = 40;
    f.outputs = 400;
    f.fields = 14;
    f.place = NULL;
    make(s, &f);
    assert_clean(s);
    for (int k = 0; k < 40; k++) {
        char name[96];
        char cell[128];
        fake_tissue_name(&f, k, name, sizeof name);
        snprintf(cell, sizeof cell, "<th scope=\"row\">%.90s</th>", name);
        if (!has(s, cell)) {
            fail_msg("%s is not named", name);
        }
    }
    assert_true(has(s, "The 12 kinds with most cells; the table has all 40."));
    assert_true(strlen(s->page) < 3000000);
}

static void pictures_that_are_gone_or_not_ours_are_left_out(void** state)
{
    scene* s = *state;
    make(s, &usual);
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/cells_000000.svg", s->dir);
    FILE* file = fopen(path, "w");
    assert_non_null(file);
    fputs("<svg><image data-wide-um=\"8\" data-tall-um=\"8\" data-axes=\"xyz\" "
          "href=\"data:image/png;base64,AA<script>alert(1)</script>\"/></svg>",
          file);
    fclose(file);
    snprintf(path, sizeof path, "%s/cells_000008.svg", s->dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(st_tissue_page_write(s->ctx, s->dir), ST_OK);
    page_scene_read(s);
    assert_clean(s);
    assert_true(has(s, "The pictures of this run are not in its folder"));
}

/// The message of what a changed folder is refused with.
static void refuse(scene* s, const char* name, const char* text, st_status wanted,
                   const char* message)
{
    char path[PATH_MAX + 32];
    make(s, &usual);
    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    if (text) {
        assert_int_equal(st_file_write(s->ctx, path, text, strlen(text)), ST_OK);
    } else {
        assert_int_equal(unlink(path), 0);
    }
    st_ctx_clear_messages(s->ctx);
    assert_int_equal(st_tissue_page_write(s->ctx, s->dir), wanted);
    assert_int_equal(st_ctx_mistake_count(s->ctx), 1);
    if (!strstr(st_ctx_message(s->ctx, 0), message)) {
        fail_msg("'%s' does not say '%s'", st_ctx_message(s->ctx, 0), message);
    }
    st_ctx_clear_messages(s->ctx);
}

static void broken_tables_are_refused_by_name(void** state)
{
    scene* s = *state;
    refuse(s, "about.csv", NULL, ST_ERR_FILE, "holds no finished tissue run: about.csv");
    refuse(s, "fields.csv", NULL, ST_ERR_FILE, "fields.csv is missing");
    refuse(s, "cells.csv", "day,cells\r\n0,1\r\n", ST_ERR_INPUT, "cells.csv");
    refuse(s, "fields.csv", "day\r\n0\r\n", ST_ERR_INPUT, "beside 1 of fields.csv");
    refuse(s, "cells.csv", "day,cells,a@b,births,deaths,changes,arrivals,departures\r\n0,x\r\n",
           ST_ERR_INPUT, "cells.csv:2");
}

static void every_failing_allocation_is_reported_and_leaves_nothing(void** state)
{
    scene* s = *state;
    fake_tissue f = usual;
    f.has_zoom = true;
    make(s, &f);
    const size_t before = st_ctx_bytes_in_use(s->ctx);
    int64_t n = 1;
    for (;; n += 1 + n / 20) { // all of the first, then fewer
        st_ctx_clear_messages(s->ctx);
        st_ctx_fail_allocation(s->ctx, n);
        const st_status status = st_tissue_page_write(s->ctx, s->dir);
        st_ctx_fail_allocation(s->ctx, 0);
        if (status == ST_OK) {
            break;
        }
        assert_int_equal(status, ST_ERR_MEMORY);
        assert_int_equal(st_ctx_bytes_in_use(s->ctx), before);
    }
    assert_true(n > 50);
    st_ctx_clear_messages(s->ctx);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, page_scene_end)
    const struct CMUnitTest tests[] = {
        TEST(all_that_was_counted_is_named),
        TEST(the_same_tables_make_the_same_page),
        TEST(a_zoom_stands_beside_its_joint),
        TEST(a_run_of_fields_alone_says_nothing_of_cells),
        TEST(empty_and_extreme_runs_are_told),
        TEST(pictures_that_are_gone_or_not_ours_are_left_out),
        TEST(broken_tables_are_refused_by_name),
        TEST(every_failing_allocation_is_reported_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
