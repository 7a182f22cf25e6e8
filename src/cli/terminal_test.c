// Which terminals get letters beyond ASCII.
#include "terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void utf8_locales_are_known(void** state)
{
    static const char* const yes[] = {"de_DE.UTF-8", "C.UTF-8", "en_GB.utf8", "sr_RS.UTF-8@latin"};
    static const char* const no[] = {
        "C", "POSIX", "de_DE.ISO-8859-1", "de_DE", "UTF-8", "en_US.UTF-16", ""};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; ++i) {
        assert_true(
            st_terminal_words_say_utf8(&(st_terminal_words){.lang = yes[i], .term = "xterm"}));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; ++i) {
        assert_false(
            st_terminal_words_say_utf8(&(st_terminal_words){.lang = no[i], .term = "xterm"}));
    }
}

static void stronger_variables_decide(void** state)
{
    (void)state;
    assert_false(st_terminal_words_say_utf8(
        &(st_terminal_words){.lc_all = "C", .lang = "C.UTF-8", .term = "xterm"}));
    assert_true(st_terminal_words_say_utf8(
        &(st_terminal_words){.lc_all = "", .lc_ctype = "C.UTF-8", .lang = "C", .term = "xterm"}));
}

static void dumb_and_unnamed_terminals_get_ascii(void** state)
{
    (void)state;
    assert_false(
        st_terminal_words_say_utf8(&(st_terminal_words){.lang = "C.UTF-8", .term = "dumb"}));
    assert_false(st_terminal_words_say_utf8(&(st_terminal_words){.lang = "C.UTF-8"}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_locales_are_known),
        cmocka_unit_test(stronger_variables_decide),
        cmocka_unit_test(dumb_and_unnamed_terminals_get_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
