// Every file of this folder has one mistake and says in its first line what the message must be:
//   # expect: LINE:COLUMN: KEY: found ..., expected ...
// The message begins with the file's path. Files named model_* are models, the others are studies.
#include "stroma/trial.h"

#include "base/base.h"
#include "base/table.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER     ST_SOURCE_DIR "/test/bad"
#define MODELS     ST_SOURCE_DIR "/models"
#define FILE_LIMIT 256

static const char expect_mark[] = "# expect: ";

static int compare_names(const void* left, const void* right)
{
    return strcmp(*(char* const*)left, *(char* const*)right);
}

/// Names of the bad files, sorted; the caller frees each.
static int list_files(char** names)
{
    DIR* folder = opendir(FOLDER);
    int count = 0;

    assert_non_null(folder);
    for (const struct dirent* item = readdir(folder); item != NULL; item = readdir(folder)) {
        const size_t length = strlen(item->d_name);
        if (length > 5 && strcmp(item->d_name + length - 5, ".yaml") == 0) {
            assert_true(count < FILE_LIMIT);
            names[count] = strdup(item->d_name);
            assert_non_null(names[count]);
            ++count;
        }
    }
    closedir(folder);
    qsort(names, (size_t)count, sizeof *names, compare_names);
    return count;
}

/// "PATH:" and what the file's first line announces.
static void read_expectation(st_ctx* ctx, const char* path, char* out, size_t size)
{
    char* text = NULL;
    size_t length = 0;
    size_t end;

    assert_int_equal(st_file_read(ctx, path, 1 << 20, &text, &length), ST_OK);
    if (strncmp(text, expect_mark, strlen(expect_mark)) != 0) {
        fail_msg("%s: the first line must begin with '%s'", path, expect_mark);
    }
    end = strcspn(text, "\r\n");
    snprintf(out, size, "%s:%.*s", path, (int)(end - strlen(expect_mark)),
             text + strlen(expect_mark));
    st_free(ctx, text);
}

/// Loads the file; true when it gave exactly the expected message.
static bool has_expected_message(const char* name)
{
    st_ctx* ctx = st_ctx_create();
    char path[512];
    char expected[1024];
    st_status status;
    bool is_right;

    assert_non_null(ctx);
    snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    read_expectation(ctx, path, expected, sizeof expected);
    if (strncmp(name, "model_", 6) == 0) {
        st_model* model = NULL;
        status = st_model_load(ctx, path, NULL, &model);
        assert_null(model);
    } else {
        st_study* study = NULL;
        status = st_study_load(ctx, path, MODELS, &study);
        assert_null(study);
    }
    is_right = status == ST_ERR_INPUT && st_ctx_mistake_count(ctx) == 1 &&
               strcmp(st_ctx_message(ctx, 0), expected) == 0;
    if (!is_right) {
        print_error("%s: status %s, %d messages\n  expected %s\n", name, st_status_name(status),
                    st_ctx_mistake_count(ctx), expected);
        for (int i = 0; i < st_ctx_message_count(ctx); ++i) {
            print_error("  found    %s\n", st_ctx_message(ctx, i));
        }
    }
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    return is_right;
}

static void test_every_bad_file_is_explained(void** state)
{
    char* names[FILE_LIMIT];
    const int count = list_files(names);
    int wrong = 0;

    (void)state;
    for (int i = 0; i < count; ++i) {
        wrong += !has_expected_message(names[i]);
        free(names[i]);
    }
    print_message("%d bad files, %d with another message\n", count, wrong);
    assert_true(count >= 30);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_bad_file_is_explained)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
