#include "messages.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// What is printed for `mistakes` messages and a status.
static char* print(int mistakes, st_status status, int* exit_status)
{
    char* text = NULL;
    size_t length = 0;
    FILE* file = open_memstream(&text, &length);
    assert_non_null(file);
    st_ctx* ctx = st_ctx_create();
    assert_non_null(ctx);
    for (int i = 0; i < mistakes; ++i) {
        st_ctx_fail(ctx, status, "a.yaml:%d:1: wrong", i + 1);
    }
    *exit_status = st_messages_print(ctx, status, file);
    st_ctx_destroy(ctx);
    fclose(file);
    return text;
}

static void one_mistake_is_singular(void** state)
{
    (void)state;
    int exit_status = 0;
    char* text = print(1, ST_ERR_INPUT, &exit_status);
    assert_string_equal(text, "a.yaml:1:1: wrong\n1 mistake; nothing was written\n");
    assert_int_equal(exit_status, 2);
    free(text);
}

static void several_are_listed_and_counted(void** state)
{
    (void)state;
    int exit_status = 0;
    char* text = print(2, ST_ERR_INPUT, &exit_status);
    assert_string_equal(text,
                        "a.yaml:1:1: wrong\na.yaml:2:1: wrong\n2 mistakes; nothing was written\n");
    free(text);
    text = print(ST_MESSAGE_LIMIT + 3, ST_ERR_INPUT, &exit_status);
    assert_non_null(strstr(text, "\n... and 3 more\n23 mistakes; nothing was written\n"));
    free(text);
}

static void every_status_has_its_exit(void** state)
{
    (void)state;
    static const struct {
        st_status status;
        int exit_status;
    } known[] = {{ST_OK, 0},       {ST_ERR_INPUT, 2},  {ST_ERR_NUMERIC, 3},
                 {ST_ERR_FILE, 4}, {ST_ERR_MEMORY, 4}, {ST_ERR_INTERRUPTED, 130}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        int exit_status = -1;
        char* text = print(0, known[i].status, &exit_status);
        assert_int_equal(exit_status, known[i].exit_status);
        // A failure is never silent; success is.
        assert_int_equal(text[0] == '\0', known[i].status == ST_OK);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_mistake_is_singular),
        cmocka_unit_test(several_are_listed_and_counted),
        cmocka_unit_test(every_status_has_its_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
