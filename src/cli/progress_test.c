#include "progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct page {
    FILE* file;
    char* text;
    size_t length;
} page;

/// The stream keeps the addresses of text and length, so the page may not move.
static void open_page(page* p)
{
    *p = (page){0};
    p->file = open_memstream(&p->text, &p->length);
    assert_non_null(p->file);
}

static void close_page(page* p)
{
    fclose(p->file);
    free(p->text);
}

static int count_lines(const char* text)
{
    int lines = 0;
    for (; *text; ++text) {
        lines += *text == '\n';
    }
    return lines;
}

static void groups_digits_by_three(void** state)
{
    (void)state;
    char text[32];
    assert_string_equal(st_progress_count_text(0, text, sizeof text), "0");
    assert_string_equal(st_progress_count_text(999, text, sizeof text), "999");
    assert_string_equal(st_progress_count_text(1000, text, sizeof text), "1 000");
    assert_string_equal(st_progress_count_text(1234567, text, sizeof text), "1 234 567");
    assert_string_equal(st_progress_count_text(-123, text, sizeof text), "-123");
    assert_string_equal(st_progress_count_text(-1234, text, sizeof text), "-1 234");
    assert_string_equal(st_progress_count_text(INT64_MAX, text, sizeof text),
                        "9 223 372 036 854 775 807");
}

static void a_terminal_sees_bar_pace_and_time_left(void** state)
{
    (void)state;
    page p;
    open_page(&p);
    st_progress progress;
    st_progress_init(&progress, p.file, ST_PROGRESS_LINE, 120, 10.0);
    st_progress_update(&progress, 1000, 4000, 12.0);
    assert_string_equal(p.text, "\rpeople    #########---------------------------  1 000/4 000   "
                                "500/s   about 6 s left");
    close_page(&p);
}

static void a_line_is_drawn_over_and_closed(void** state)
{
    (void)state;
    page p;
    open_page(&p);
    st_progress progress;
    st_progress_init(&progress, p.file, ST_PROGRESS_LINE, 120, 0.0);
    st_progress_update(&progress, 10, 100000, 1.0);  // a long time left
    st_progress_update(&progress, 11, 100000, 1.05); // too soon to draw
    st_progress_update(&progress, 100000, 100000, 20.0);
    st_progress_finish(&progress, 20.0);
    assert_int_equal(count_lines(p.text), 1);
    assert_null(strstr(p.text, "11/100 000"));
    assert_non_null(strstr(p.text, "100 000/100 000   5 000/s   in 20.0 s"));
    assert_int_equal(p.text[p.length - 1], '\n');
    close_page(&p);
}

static void a_narrow_terminal_is_never_overrun(void** state)
{
    (void)state;
    for (int columns = 2; columns < 130; ++columns) {
        page p;
        open_page(&p);
        st_progress progress;
        st_progress_init(&progress, p.file, ST_PROGRESS_LINE, columns, 0.0);
        st_progress_update(&progress, 50000, 100000, 1.0);
        assert_true(p.length <= (size_t)columns); // the "\r" takes no column
        close_page(&p);
    }
}

static void a_pipe_sees_first_and_last_and_two_a_second(void** state)
{
    (void)state;
    page p;
    open_page(&p);
    st_progress progress;
    st_progress_init(&progress, p.file, ST_PROGRESS_JSON, 80, 0.0);
    for (int i = 1; i <= 1000; ++i) {
        st_progress_update(&progress, i, 1000, 0.0101 * i); // 10.1 s in all
    }
    st_progress_finish(&progress, 10.1);
    const int lines = count_lines(p.text);
    assert_in_range(lines, 15, 22);
    assert_int_equal(strncmp(p.text, "{\"event\":\"progress\",\"done\":1,\"total\":1000,", 41), 0);
    assert_non_null(strstr(p.text, "\"done\":1000,\"total\":1000,\"per_second\":99.0099,"
                                   "\"seconds_left\":0}\n"));
    close_page(&p);
}

static void the_last_state_is_told_once(void** state)
{
    (void)state;
    page p;
    open_page(&p);
    st_progress progress;
    st_progress_init(&progress, p.file, ST_PROGRESS_JSON, 80, 0.0);
    st_progress_update(&progress, 5, 5, 1.0);
    st_progress_finish(&progress, 1.0);
    assert_int_equal(count_lines(p.text), 1);
    close_page(&p);
}

static void silence_is_silent(void** state)
{
    (void)state;
    page p;
    open_page(&p);
    st_progress progress;
    st_progress_init(&progress, p.file, ST_PROGRESS_SILENT, 80, 0.0);
    st_progress_update(&progress, 1, 2, 1.0);
    st_progress_update(&progress, 2, 2, 3.0);
    st_progress_finish(&progress, 3.0);
    fflush(p.file);
    assert_int_equal(p.length, 0);
    close_page(&p);
}

static void json_text_is_escaped(void** state)
{
    (void)state;
    page p;
    open_page(&p);
    st_progress_print_json_text(p.file, "a \"b\" \\ \n c");
    fflush(p.file);
    assert_string_equal(p.text, "\"a \\\"b\\\" \\\\ \\u000a c\"");
    close_page(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_digits_by_three),
        cmocka_unit_test(a_terminal_sees_bar_pace_and_time_left),
        cmocka_unit_test(a_line_is_drawn_over_and_closed),
        cmocka_unit_test(a_narrow_terminal_is_never_overrun),
        cmocka_unit_test(a_pipe_sees_first_and_last_and_two_a_second),
        cmocka_unit_test(the_last_state_is_told_once),
        cmocka_unit_test(silence_is_silent),
        cmocka_unit_test(json_text_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
