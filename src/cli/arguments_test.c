#include "arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char why[512];

static bool read_words(const st_command* command, st_arguments* out, int count, const char** word)
{
    char* words[16];
    for (int i = 0; i < count; ++i) {
        words[i] = (char*)(uintptr_t)word[i];
    }
    why[0] = '\0';
    return st_arguments_read(command, count, words, out, why, sizeof why);
}

#define READ(command, out, ...)                                                                    \
    read_words(&(command), (out),                                                                  \
               (int)(sizeof((const char*[]){__VA_ARGS__}) / sizeof(const char*)),                  \
               (const char*[]){__VA_ARGS__})

static void takes_all_options_in_any_order(void** state)
{
    (void)state;
    st_arguments out;
    assert_true(READ(ST_RUN_COMMAND, &out, "--seed", "18446744073709551615", "-o", "out dir",
                     "a.yaml", "--threads=3", "--force", "-q"));
    assert_string_equal(out.file, "a.yaml");
    assert_string_equal(out.output, "out dir");
    assert_true(out.seed == UINT64_MAX);
    assert_int_equal(out.threads, 3);
    assert_true(out.given & ST_OPTION_FORCE);
    assert_true(out.given & ST_OPTION_QUIET);
}

static void leaves_defaults_alone(void** state)
{
    (void)state;
    st_arguments out;
    assert_true(READ(ST_RUN_COMMAND, &out, "a.yaml", "--output=b"));
    assert_int_equal(out.threads, 0);
    assert_int_equal(out.given, ST_OPTION_OUTPUT);
    assert_null(out.variant);
}

static void takes_files_that_look_like_options(void** state)
{
    (void)state;
    st_arguments out;
    assert_true(READ(ST_CHECK_COMMAND, &out, "--variant", "placebo-only", "--", "-a.yaml"));
    assert_string_equal(out.file, "-a.yaml");
    assert_string_equal(out.variant, "placebo-only");
}

static void names_the_nearest_option(void** state)
{
    (void)state;
    st_arguments out;
    assert_false(READ(ST_RUN_COMMAND, &out, "a.yaml", "--thread", "2"));
    assert_string_equal(why, "unknown option '--thread'; did you mean '--threads'?");
    // An option of another command is unknown here.
    assert_false(READ(ST_CHECK_COMMAND, &out, "a.yaml", "--seed", "2"));
    assert_non_null(strstr(why, "unknown option '--seed'"));
}

static void refuses_wrong_values(void** state)
{
    (void)state;
    static const char* wrong[] = {"", "0", "-1", "+2", "2x", " 2", "1025", "1e3", "0x10", "two"};
    st_arguments out;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        assert_false(READ(ST_RUN_COMMAND, &out, "a.yaml", "--threads", wrong[i]));
        assert_non_null(strstr(why, "expected a whole number from 1 to 1024"));
    }
    assert_false(READ(ST_RUN_COMMAND, &out, "a.yaml", "--seed", "18446744073709551616"));
    assert_string_equal(why, "--seed: found '18446744073709551616', expected a whole number from 0 "
                             "to 18446744073709551615");
    assert_false(READ(ST_RUN_COMMAND, &out, "a.yaml", "-o", ""));
    assert_string_equal(why, "--output: found '', expected a folder");
}

static void refuses_what_is_missing_or_too_much(void** state)
{
    (void)state;
    st_arguments out;
    assert_false(READ(ST_RUN_COMMAND, &out, "a.yaml", "-o"));
    assert_string_equal(why, "--output: expected a folder behind it");
    assert_false(READ(ST_RUN_COMMAND, &out, "-o", "b"));
    assert_string_equal(why, "which file? expected stroma run STUDY.yaml|TISSUE.yaml -o DIR");
    assert_false(READ(ST_CHECK_COMMAND, &out, "a.yaml", "b.yaml"));
    assert_string_equal(why, "one FILE at a time; found 'a.yaml' and 'b.yaml'");
    assert_false(READ(ST_RUN_COMMAND, &out, "a.yaml", "-o", "b", "--output", "c"));
    assert_string_equal(why, "--output was given twice");
    assert_false(READ(ST_RUN_COMMAND, &out, "a.yaml", "--force=yes"));
    assert_string_equal(why, "--force takes no value, found 'yes'");
}

static void help_asks_for_nothing_else(void** state)
{
    (void)state;
    st_arguments out;
    assert_true(READ(ST_RUN_COMMAND, &out, "--help"));
    assert_true(out.given & ST_OPTION_HELP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_all_options_in_any_order),
        cmocka_unit_test(leaves_defaults_alone),
        cmocka_unit_test(takes_files_that_look_like_options),
        cmocka_unit_test(names_the_nearest_option),
        cmocka_unit_test(refuses_wrong_values),
        cmocka_unit_test(refuses_what_is_missing_or_too_much),
        cmocka_unit_test(help_asks_for_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
