#include "base/table.h"

#include "base/number.h"
#include "base/random.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static st_ctx* ctx;

static int set_up(void** state)
{
    (void)state;
    ctx = st_ctx_create();
    return ctx == NULL;
}

static int tear_down(void** state)
{
    (void)state;
    const size_t left = st_ctx_bytes_in_use(ctx);
    st_ctx_destroy(ctx);
    return left != 0;
}

static st_table* parse(const char* text)
{
    st_table* table;
    if (st_table_parse(ctx, "t.csv", text, strlen(text), &table) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    return table;
}

static void cells_heads_and_lines_are_found(void** state)
{
    (void)state;
    st_table* t = parse("\xef\xbb\xbftrial,arm,n,note\r\n"
                        "LAMO2016,ha,10,plain\r\n"
                        "LAMO2016,\"msc, low\",10,\"two\r\nlines and a \"\"quote\"\"\"\r\n"
                        "LAMO2016,msc-high,,\n"
                        "X,\xc3\xa4,1.5e3,\"\"");
    assert_int_equal(st_table_row_count(t), 4);
    assert_int_equal(st_table_column_count(t), 4);
    assert_string_equal(st_table_name(t), "t.csv");
    assert_string_equal(st_table_head(t, 0), "trial");
    assert_int_equal(st_table_column(t, "note"), 3);
    assert_int_equal(st_table_column(t, "Note"), -1);
    assert_string_equal(st_table_cell(t, 1, 1), "msc, low");
    assert_string_equal(st_table_cell(t, 1, 3), "two\r\nlines and a \"quote\"");
    assert_string_equal(st_table_cell(t, 2, 2), "");
    assert_string_equal(st_table_cell(t, 3, 1), "\xc3\xa4");
    assert_string_equal(st_table_cell(t, 4, 0), "");
    assert_string_equal(st_table_cell(t, 0, -1), "");
    assert_int_equal(st_table_line(t, 0), 2);
    assert_int_equal(st_table_line(t, 1), 3);
    assert_int_equal(st_table_line(t, 2), 5);
    assert_int_equal(st_table_line(t, 3), 6);
    double value = -1;
    assert_int_equal(st_table_number(ctx, t, 0, 2, &value), 1);
    assert_true(value == 10);
    assert_int_equal(st_table_number(ctx, t, 2, 2, &value), 0);
    assert_int_equal(st_table_number(ctx, t, 3, 2, &value), 1);
    assert_true(value == 1500);
    assert_int_equal(st_table_number(ctx, t, 0, 1, &value), -1);
    assert_string_equal(st_ctx_message(ctx, 0), "t.csv:2: arm: found 'ha', expected a number");
    assert_true(value == 1500);
    st_table_destroy(t);
}

static void a_table_of_one_column_may_have_empty_lines(void** state)
{
    (void)state;
    st_table* t = parse("id\n1\n\n3\n");
    assert_int_equal(st_table_row_count(t), 3);
    assert_string_equal(st_table_cell(t, 1, 0), "");
    st_table_destroy(t);
}

static void broken_tables_are_refused_with_their_line(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        const char* message;
    } broken[] = {
        {"", "t.csv:1: the table is empty; expected a line of heads"},
        {"\xef\xbb\xbf", "t.csv:1: the table is empty; expected a line of heads"},
        {"a,b\n1\n", "t.csv:2: found 1 field, expected 2"},
        {"a,b\n1,2\n1,2,3\n", "t.csv:3: found 3 fields, expected 2"},
        {"a,b\n1,2\n\n", "t.csv:3: found 1 field, expected 2"},
        {"a,a\n", "t.csv:1: two columns are named 'a'"},
        {"a,\n", "t.csv:1: column 2 has no name"},
        {"a,b\n1,\"2\n3,4\n", "t.csv:2: a quoted field is not closed"},
        {"a,b\n1,\"2\"x\n", "t.csv:2: found text after a closing quote"},
        {"a,b\n1,2\"3\n", "t.csv:2: a quote inside a field that does not begin with one"},
        {"a,b\r1,2\r", "t.csv:1: a carriage return without line feed"},
        {"a,b\n1,\xff\n", "t.csv:2: column 3: byte 0xff is no UTF-8 text"},
        {"a,b\n1,\x02\n", "t.csv:2: column 3: control character 0x02 is not allowed"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        st_table* table;
        st_ctx_clear_messages(ctx);
        const char* text = broken[i].text;
        assert_int_equal(st_table_parse(ctx, "t.csv", text, strlen(text), &table), ST_ERR_INPUT);
        assert_null(table);
        assert_string_equal(st_ctx_message(ctx, 0), broken[i].message);
        assert_int_equal(st_ctx_mistake_count(ctx), 1);
    }
    st_table* table;
    assert_int_equal(st_table_load(ctx, "no/such.csv", &table), ST_ERR_FILE);
}

static void what_is_written_reads_back(void** state)
{
    (void)state;
    static const char* const fields[] = {"plain",      "",           "a,b",
                                         "say \"ha\"", "two\nlines", "two\r\nlines",
                                         "\"",         " space ",    "\xc3\xa4\xe2\x82\xac"};
    enum { FIELDS = sizeof fields / sizeof fields[0] };
    st_text text;
    st_text_init(&text, ctx);
    for (int i = 0; i < FIELDS; i++) {
        char head[16];
        snprintf(head, sizeof head, "c%d", i);
        st_text_add_field(&text, head);
    }
    st_text_end_record(&text);
    for (int row = 0; row < FIELDS; row++) { // each kind of field also comes first and last
        for (int i = 0; i < FIELDS; i++) {
            st_text_add_field(&text, fields[(row + i) % FIELDS]);
        }
        st_text_end_record(&text);
    }
    assert_false(text.failed);
    st_table* t = parse(text.data);
    assert_int_equal(st_table_row_count(t), FIELDS);
    for (int row = 0; row < FIELDS; row++) {
        for (int i = 0; i < FIELDS; i++) {
            assert_string_equal(st_table_cell(t, row, i), fields[(row + i) % FIELDS]);
        }
    }
    st_table_destroy(t);
    st_text_clear(&text);
    st_text_add_field(&text, "a");
    st_text_add_number(&text, 0.1);
    st_text_add_number(&text, -2);
    st_text_end_record(&text);
    assert_string_equal(text.data, "a,0.1,-2\r\n");
    st_text_clear(&text);
}

static void numbers_are_short_and_read_back_equal(void** state)
{
    (void)state;
    static const struct {
        double value;
        const char* text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {1e6, "1000000"},
        {1e21, "1e21"},
        {1e-5, "1e-5"},
        {1.0 / 3, "0.3333333333333333"},
        {2.5e-11, "2.5e-11"},
        {1e100, "1e100"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e308"},
        {-1234.5, "-1234.5"},
        {0.1 + 0.2, "0.30000000000000004"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
        {DBL_MIN, "2.2250738585072014e-308"},
    };
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_number_text(cases[i].value, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
    for (uint64_t i = 0; i < 100000; i++) {
        const st_random_key key = {1, ST_STREAM_TEST, i, 0};
        const uint64_t bits = st_random_bits(&key, 0);
        double value, back = NAN;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) {
            continue;
        }
        st_number_text(value, text, sizeof text);
        assert_int_equal(st_number_parse(text, &back), strlen(text));
        assert_memory_equal(&value, &back, sizeof value);
    }
}

static void only_whole_numbers_are_taken_from_a_text(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        size_t length;
        double value;
    } cases[] = {
        {"1", 1, 1},      {"-1.5", 4, -1.5},     {"+2", 2, 2},          {".5x", 2, 0.5},
        {"-.5", 3, -0.5}, {"1e7 cells", 3, 1e7}, {"2.5E-3", 6, 2.5e-3}, {"5e", 1, 5},
        {"5e+", 1, 5},    {"50..80", 2, 50},     {"5.", 1, 5},          {"1.2.3", 3, 1.2},
        {"0x1p3", 1, 0},  {"007", 3, 7},         {"0e999", 5, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = NAN;
        assert_int_equal(st_number_parse(cases[i].text, &value), cases[i].length);
        assert_true(value == cases[i].value);
    }
    static const char* const wrong[] = {"",    "x",   ".",     "-",      "e5",  "nan",
                                        "inf", "- 1", "1e999", "1e-999", "+-1", "infinity"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double value = 42;
        assert_int_equal(st_number_parse(wrong[i], &value), 0);
        assert_true(value == 42);
    }
}

static void a_text_grows_and_survives_lack_of_memory(void** state)
{
    (void)state;
    st_text text;
    st_text_init(&text, ctx);
    for (int i = 0; i < 10000; i++) {
        st_text_addf(&text, "%d;", i % 10);
    }
    assert_int_equal(text.length, 20000);
    assert_int_equal(strlen(text.data), 20000);
    st_ctx_fail_allocation(ctx, 1);
    const size_t before = text.length;
    while (!text.failed) {
        st_text_add(&text, "more");
    }
    assert_true(text.length >= before);
    const size_t kept = text.length;
    st_text_add(&text, "x"); // stays unchanged after a failure
    assert_int_equal(text.length, kept);
    assert_int_equal(strlen(text.data), kept);
    st_text_clear(&text);
    assert_false(text.failed);
}

// Texts from outside: what XML cannot hold is left out, the rest is as asked.
static void texts_are_escaped_for_xml(void** state)
{
    (void)state;
    static const char odd[] = "a<b>&\"c\"'d'\x01\x7f\t\n\xc3\xa9";
    st_text text;
    st_text_init(&text, ctx);
    st_text_add_escaped(&text, odd, strlen(odd), "&<>\"'");
    assert_string_equal(text.data, "a&lt;b&gt;&amp;&quot;c&quot;&#39;d&#39;\t\n\xc3\xa9");
    st_text_clear(&text);
    st_text_add_escaped(&text, odd, 3, "&<>\"'");
    assert_string_equal(text.data, "a&lt;b");
    st_text_clear(&text);
    st_text_add_xml(&text, "1 < 2 > 0 & 'x'");
    assert_string_equal(text.data, "1 &lt; 2 > 0 &amp; 'x'");
    st_text_clear(&text);
}

static void a_file_is_written_whole_or_not_at_all(void** state)
{
    (void)state;
    char folder[] = "table_test_XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof path, "%s/out.csv", folder);
    assert_int_equal(st_file_write(ctx, path, "first", 5), ST_OK);
    assert_int_equal(st_file_write(ctx, path, "second\0x", 8), ST_OK); // replaces
    char* data;
    size_t length;
    assert_int_equal(st_file_read(ctx, path, 100, &data, &length), ST_OK);
    assert_int_equal(length, 8);
    assert_memory_equal(data, "second\0x", 9);
    st_free(ctx, data);
    assert_int_equal(st_file_read(ctx, path, 7, &data, &length), ST_ERR_INPUT);
    assert_null(data);
    char expected[128];
    snprintf(expected, sizeof expected, "%s: the file is longer than 7 bytes", path);
    assert_string_equal(st_ctx_message(ctx, 0), expected);
    unlink(path);

    // A folder stands where the file should go: nothing is left behind.
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(st_file_write(ctx, path, "x", 1), ST_ERR_FILE);
    snprintf(expected, sizeof expected, "%s: cannot write: Is a directory", path);
    assert_string_equal(st_ctx_message(ctx, 1), expected);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0); // would fail if a temporary file were left

    assert_int_equal(st_file_write(ctx, "no/such/folder/x", "x", 1), ST_ERR_FILE);
    assert_string_equal(st_ctx_message(ctx, 2),
                        "no/such/folder/x: cannot write: No such file or directory");
}

static void a_disk_that_takes_no_more_is_told_and_left_clean(void** state)
{
    (void)state;
    char folder[] = "table_test_XXXXXX";
    char path[64], expected[128];
    static const char data[50000];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/out.csv", folder);
    assert_int_equal(st_file_write(ctx, path, "old", 3), ST_OK);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {1000, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const st_status status = st_file_write(ctx, path, data, sizeof data);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, ST_ERR_FILE);
    snprintf(expected, sizeof expected, "%s: cannot write: File too large", path);
    assert_string_equal(st_ctx_message(ctx, 0), expected);
    char* old;
    size_t length;
    assert_int_equal(st_file_read(ctx, path, 100, &old, &length), ST_OK); // still what it was
    assert_string_equal(old, "old");
    st_free(ctx, old);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); // no temporary file is left
}

static void a_file_without_a_size_is_read_to_its_end(void** state)
{
    (void)state;
    if (access("/proc/self/status", R_OK) != 0) {
        skip();
    }
    char* data;
    size_t length;
    assert_int_equal(st_file_read(ctx, "/proc/self/status", 1 << 20, &data, &length), ST_OK);
    assert_true(length > 100 && strlen(data) == length);
    st_free(ctx, data);
}

static void every_failing_allocation_is_reported_and_leaves_nothing(void** state)
{
    (void)state;
    st_text text;
    st_text_init(&text, ctx);
    st_text_add(&text, "a,b\n");
    for (int i = 0; i < 3000; i++) {
        st_text_addf(&text, "%d,\"a longer text, number %d\"\n", i, i);
    }
    const size_t before = st_ctx_bytes_in_use(ctx);
    int64_t n = 1;
    for (;; n++) {
        st_table* table = NULL;
        st_ctx_clear_messages(ctx);
        st_ctx_fail_allocation(ctx, n);
        const st_status status = st_table_parse(ctx, "t", text.data, text.length, &table);
        st_ctx_fail_allocation(ctx, 0);
        if (status == ST_OK) {
            st_table_destroy(table);
            break;
        }
        assert_int_equal(status, ST_ERR_MEMORY);
        assert_null(table);
        assert_int_equal(st_ctx_mistake_count(ctx), 1);
        assert_memory_equal(st_ctx_message(ctx, 0), "out of memory", 13);
        assert_int_equal(st_ctx_bytes_in_use(ctx), before);
    }
    assert_true(n > 10);
    st_text_clear(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(cells_heads_and_lines_are_found),
        TEST(a_table_of_one_column_may_have_empty_lines),
        TEST(broken_tables_are_refused_with_their_line),
        TEST(what_is_written_reads_back),
        TEST(numbers_are_short_and_read_back_equal),
        TEST(only_whole_numbers_are_taken_from_a_text),
        TEST(a_text_grows_and_survives_lack_of_memory),
        TEST(texts_are_escaped_for_xml),
        TEST(a_file_is_written_whole_or_not_at_all),
        TEST(a_disk_that_takes_no_more_is_told_and_left_clean),
        TEST(a_file_without_a_size_is_read_to_its_end),
        TEST(every_failing_allocation_is_reported_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
