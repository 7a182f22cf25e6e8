// A run in parts equals one run: the same canonical dump, and parts that do not belong are named.
#include "base/base.h"
#include "stroma/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MODELS  ST_SOURCE_DIR "/models"
#define STUDY   ST_SOURCE_DIR "/test/determinism/small.yaml"
#define CARE    ST_SOURCE_DIR "/test/determinism/care.yaml"
#define FRAGILE ST_SOURCE_DIR "/test/determinism/fragile_study.yaml"

static void no_progress(void* self, int64_t done, int64_t total)
{
    (void)self;
    assert_true(done >= 0 && done <= total);
}

static st_status no_begin(void* self, st_ctx* ctx, const st_study* study)
{
    (void)self, (void)ctx, (void)study;
    return ST_ERR_INPUT; // a part has no rows
}

static st_status no_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    (void)self, (void)ctx, (void)kind, (void)row;
    return ST_ERR_INPUT;
}

static st_status no_end(void* self, st_ctx* ctx)
{
    (void)self, (void)ctx;
    return ST_ERR_INPUT;
}

static const st_sink SILENT = {
    .begin = no_begin, .row = no_row, .end = no_end, .progress = no_progress};

/// A folder of its own below the build's.
static void make_folder(char* path, size_t size)
{
    snprintf(path, size, "shard-test-XXXXXX");
    assert_non_null(mkdtemp(path));
}

static void part_path(char* path, size_t size, const char* dir, int part)
{
    snprintf(path, size, "%s/part-%d", dir, part);
}

static void write_part(st_ctx* ctx, const st_study* study, const char* dir, int part, int count,
                       int workers, uint64_t seed)
{
    char path[256];
    st_trial_def def = st_default_trial_def();
    st_trial_summary summary;
    def.worker_count = workers;
    def.has_seed = seed != 0;
    def.seed = seed;
    part_path(path, sizeof path, dir, part);
    const size_t before = st_ctx_bytes_in_use(ctx);
    assert_int_equal(st_study_run_part(ctx, study, &def, part, count, path, &SILENT, &summary),
                     ST_OK);
    assert_int_equal(st_ctx_bytes_in_use(ctx), before);
}

/// Dump of the store after a run of `count` parts, 0 = in one piece.
static char* dump(st_ctx* ctx, const st_study* study, const char* dir, int count)
{
    char paths[16][256];
    const char* list[16];
    st_trial_def def = st_default_trial_def();
    st_store* store = NULL;
    char* text = NULL;
    size_t length;
    st_status status;
    def.worker_count = 2;
    assert_int_equal(st_store_create(ctx, dir, true, &store), ST_OK);
    const st_sink sink = st_store_sink(store);
    for (int i = 0; i < count; ++i) {
        part_path(paths[i], sizeof paths[i], dir, i);
        list[(i + 1) % count] = paths[i]; // any order
    }
    status = count == 0 ? st_study_run(ctx, study, &def, &sink, NULL)
                        : st_study_merge(ctx, study, &def, list, count, &sink, NULL);
    if (status != ST_OK) {
        print_error("%s\n", st_ctx_message(ctx, 0));
    }
    assert_int_equal(status, ST_OK);
    assert_int_equal(st_store_finish(ctx, store), ST_OK);
    st_store_destroy(store);
    assert_int_equal(st_store_dump(ctx, dir, &text, &length), ST_OK);
    assert_true(length > 10000);
    return text;
}

static void remove_folder(const char* dir, int parts)
{
    char path[256];
    for (int i = 0; i < parts; ++i) {
        part_path(path, sizeof path, dir, i);
        remove(path);
    }
    snprintf(path, sizeof path, "%s/results.sqlite", dir);
    remove(path);
    assert_int_equal(rmdir(dir), 0);
}

static void check_parts(const char* file, const int* counts, int count_count)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = NULL;
    char dir[64];
    assert_int_equal(st_study_load(ctx, file, MODELS, &study), ST_OK);
    make_folder(dir, sizeof dir);
    char* whole = dump(ctx, study, dir, 0);
    for (int k = 0; k < count_count; ++k) {
        for (int i = 0; i < counts[k]; ++i) {
            write_part(ctx, study, dir, i, counts[k], 1 + i % 3, 0);
        }
        char* merged = dump(ctx, study, dir, counts[k]);
        print_message("%d parts: %zu bytes of dump\n", counts[k], strlen(merged));
        assert_string_equal(merged, whole);
        st_free(ctx, merged);
    }
    st_free(ctx, whole);
    st_study_destroy(study);
    remove_folder(dir, 16);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void parts_make_the_run_that_one_process_makes(void** state)
{
    (void)state;
    static const int counts[] = {1, 2, 7};
    check_parts(STUDY, counts, 3);
    check_parts(CARE, counts, 2);
}

// People whose numerics fail are recorded the same way.
static void failures_survive_the_parts(void** state)
{
    (void)state;
    static const int counts[] = {3};
    check_parts(FRAGILE, counts, 1);
}

/// Merges and expects one message that holds `words`.
static void expect_refusal(st_ctx* ctx, const st_study* study, const char* const* path, int count,
                           const char* words)
{
    const st_sink sink = {.begin = no_begin, .row = no_row, .end = no_end};
    st_trial_def def = st_default_trial_def();
    st_ctx_clear_messages(ctx);
    assert_int_not_equal(st_study_merge(ctx, study, &def, path, count, &sink, NULL), ST_OK);
    print_message("%s\n", st_ctx_message_count(ctx) > 0 ? st_ctx_message(ctx, 0) : "(nothing)");
    assert_int_equal(st_ctx_message_count(ctx), 1);
    assert_non_null(strstr(st_ctx_message(ctx, 0), words));
}

static void parts_that_do_not_belong_are_named(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_study* study = NULL;
    char dir[64];
    char a[256];
    char b[256];
    assert_int_equal(st_study_load(ctx, STUDY, MODELS, &study), ST_OK);
    make_folder(dir, sizeof dir);
    part_path(a, sizeof a, dir, 0);
    part_path(b, sizeof b, dir, 1);
    write_part(ctx, study, dir, 0, 2, 1, 0);
    write_part(ctx, study, dir, 1, 2, 1, 78);
    expect_refusal(ctx, study, (const char*[]){a, b}, 2, "another seed");
    expect_refusal(ctx, study, (const char*[]){a, a}, 2, "given already");
    expect_refusal(ctx, study, (const char*[]){a}, 1, "another number of parts");
    expect_refusal(ctx, study, (const char*[]){a, STUDY}, 2, "no part of a run");
    expect_refusal(ctx, study, (const char*[]){a, "nowhere"}, 2, "nowhere");
    st_trial_def def = st_default_trial_def();
    assert_int_equal(st_study_run_part(ctx, study, &def, 2, 2, a, &SILENT, NULL), ST_ERR_INPUT);
    st_study_destroy(study);
    remove_folder(dir, 2);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// One bit or one byte less is found; no half run is ever sealed.
static void a_damaged_part_is_found(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_study* study = NULL;
    char dir[64];
    char path[256];
    assert_int_equal(st_study_load(ctx, STUDY, MODELS, &study), ST_OK);
    make_folder(dir, sizeof dir);
    part_path(path, sizeof path, dir, 0);
    for (int k = 0; k < 2; ++k) {
        write_part(ctx, study, dir, 0, 1, 1, 0);
        FILE* file = fopen(path, "r+b");
        assert_non_null(file);
        fseek(file, 0, SEEK_END);
        const long size = ftell(file);
        if (k == 0) {
            fseek(file, size / 2, SEEK_SET);
            const int byte = fgetc(file);
            fseek(file, size / 2, SEEK_SET);
            fputc(byte ^ 1, file);
        } else {
            assert_int_equal(ftruncate(fileno(file), size - 1), 0);
        }
        fclose(file);
        st_store* store = NULL;
        st_trial_def def = st_default_trial_def();
        const char* list[] = {path};
        st_ctx_clear_messages(ctx);
        assert_int_equal(st_store_create(ctx, dir, true, &store), ST_OK);
        const st_sink sink = st_store_sink(store);
        assert_int_equal(st_study_merge(ctx, study, &def, list, 1, &sink, NULL), ST_ERR_FILE);
        assert_non_null(strstr(st_ctx_message(ctx, 0), "damaged"));
        st_store_destroy(store);
    }
    st_study_destroy(study);
    remove_folder(dir, 1);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void screen_path(char* path, size_t size, const char* dir, int part)
{
    snprintf(path, size, "%s/screen-%d", dir, part);
}

/// A part with the verdicts of a first round.
static st_status write_screened(st_ctx* ctx, const st_study* study, const char* dir, int part,
                                int count, const char* const* verdicts)
{
    char path[256];
    st_trial_def def = st_default_trial_def();
    def.worker_count = 2;
    def.verdict_path = verdicts;
    part_path(path, sizeof path, dir, part);
    st_ctx_clear_messages(ctx);
    return st_study_run_part(ctx, study, &def, part, count, path, &SILENT, NULL);
}

// Screened in parts first, with all verdicts, some or hardly any: the same run.
static void a_first_round_changes_nothing(void** state)
{
    (void)state;
    enum { PARTS = 3 };
    st_ctx* ctx = st_ctx_create();
    st_study* study = NULL;
    char dir[64];
    char path[PARTS][256];
    const char* list[PARTS];
    assert_int_equal(st_study_load(ctx, STUDY, MODELS, &study), ST_OK);
    make_folder(dir, sizeof dir);
    char* whole = dump(ctx, study, dir, 0);
    for (int i = 0; i < PARTS; ++i) {
        st_trial_def def = st_default_trial_def();
        def.worker_count = 1 + i;
        screen_path(path[i], sizeof path[i], dir, i);
        list[i] = path[i];
        assert_int_equal(st_study_screen_part(ctx, study, &def, i, PARTS, path[i]), ST_OK);
    }
    for (int missing = -1; missing < PARTS; ++missing) {
        const char* some[PARTS];
        for (int i = 0; i < PARTS; ++i) {
            some[i] = i == missing ? NULL : list[i];
        }
        for (int i = 0; i < PARTS; ++i) {
            assert_int_equal(write_screened(ctx, study, dir, i, PARTS, some), ST_OK);
        }
        char* merged = dump(ctx, study, dir, PARTS);
        assert_string_equal(merged, whole);
        st_free(ctx, merged);
    }
    // What does not belong, or is damaged, is named.
    const char* const swapped[] = {list[1], list[0], list[2]};
    assert_int_equal(write_screened(ctx, study, dir, 0, PARTS, swapped), ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "another part of the screening"));
    st_trial_def other = st_default_trial_def();
    other.has_seed = true;
    other.seed = 78;
    assert_int_equal(st_study_screen_part(ctx, study, &other, 0, PARTS, path[0]), ST_OK);
    assert_int_equal(write_screened(ctx, study, dir, 0, PARTS, list), ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "another seed"));
    assert_int_equal(truncate(path[1], 1000), 0);
    assert_int_equal(
        write_screened(ctx, study, dir, 0, PARTS, (const char*[]){NULL, path[1], NULL}),
        ST_ERR_INPUT);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "damaged"));
    assert_int_equal(st_study_screen_part(ctx, study, &other, PARTS, PARTS, path[0]), ST_ERR_INPUT);
    for (int i = 0; i < PARTS; ++i) {
        remove(path[i]);
    }
    st_free(ctx, whole);
    st_study_destroy(study);
    remove_folder(dir, PARTS);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_make_the_run_that_one_process_makes),
        cmocka_unit_test(failures_survive_the_parts),
        cmocka_unit_test(parts_that_do_not_belong_are_named),
        cmocka_unit_test(a_damaged_part_is_found),
        cmocka_unit_test(a_first_round_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
