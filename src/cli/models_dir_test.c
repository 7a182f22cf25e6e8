#include "models_dir.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_source_folder_serves_a_build(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    char dir[4096];
    unsetenv("STROMA_MODELS");
    assert_int_equal(st_models_dir_find(ctx, dir, sizeof dir), ST_OK);
    assert_string_equal(dir, ST_SOURCE_DIR "/models");
    st_ctx_destroy(ctx);
}

static void the_environment_comes_first(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    char dir[4096];
    setenv("STROMA_MODELS", ST_SOURCE_DIR "/src/../models", 1);
    assert_int_equal(st_models_dir_find(ctx, dir, sizeof dir), ST_OK);
    assert_string_equal(dir, ST_SOURCE_DIR "/src/../models");
    st_ctx_destroy(ctx);
}

static void a_wrong_environment_is_refused(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    char dir[4096];
    setenv("STROMA_MODELS", ST_SOURCE_DIR "/src", 1);
    assert_int_equal(st_models_dir_find(ctx, dir, sizeof dir), ST_ERR_FILE);
    assert_string_equal(st_ctx_message(ctx, 0),
                        "STROMA_MODELS: found no knee-oa.yaml in '" ST_SOURCE_DIR "/src'");
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_source_folder_serves_a_build),
        cmocka_unit_test(the_environment_comes_first),
        cmocka_unit_test(a_wrong_environment_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
