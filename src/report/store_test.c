#include "report/fake_run.h"

#include "base/base.h"

#include "report/folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

// A fresh folder for one test, inside the folder in which tests run.
typedef struct scene {
    st_ctx* ctx;
    char root[64];
    char dir[96];
} scene;

static int set_up(void** state)
{
    scene* s = calloc(1, sizeof *s);
    s->ctx = st_ctx_create();
    snprintf(s->root, sizeof s->root, "store_test.XXXXXX");
    assert_non_null(mkdtemp(s->root));
    snprintf(s->dir, sizeof s->dir, "%s/out", s->root);
    *state = s;
    return 0;
}

static int tear_down(void** state)
{
    scene* s = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", s->root);
    const int code = system(command);
    assert_int_equal(st_ctx_bytes_in_use(s->ctx), 0);
    st_ctx_destroy(s->ctx);
    free(s);
    return code;
}

static bool exists(const scene* s, const char* name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    return access(path, F_OK) == 0;
}

static void run_whole(const scene* s, const st_study* study, bool force)
{
    st_store* store = NULL;
    assert_int_equal(st_store_create(s->ctx, s->dir, force, &store), ST_OK);
    const st_sink sink = st_store_sink(store);
    assert_null(sink.progress);
    assert_int_equal(fake_run(s->ctx, study, &sink), ST_OK);
    assert_int_equal(st_store_finish(s->ctx, store), ST_OK);
    st_store_destroy(store);
}

static int64_t ask(const scene* s, const char* sql)
{
    char path[160];
    sqlite3* db = NULL;
    sqlite3_stmt* query = NULL;
    snprintf(path, sizeof path, "%s/results.sqlite", s->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    const int64_t found = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return found;
}

static void finished_run_leaves_one_whole_file(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(60);
    run_whole(s, &study, false);
    assert_true(exists(s, "results.sqlite"));
    assert_false(exists(s, "results.sqlite.part"));
    assert_false(exists(s, "results.sqlite.part-journal"));
    assert_false(exists(s, ".lock"));
    assert_int_equal(ask(s, "SELECT count(*) FROM reading"), 4 * 60 * 5 * 3);
    assert_int_equal(ask(s, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(ask(s, "SELECT count(*) FROM reading WHERE measured IS NULL") > 0, 1);
    assert_int_equal(ask(s, "SELECT value FROM about WHERE key = 'person_row_count'"), 240);
}

static void nothing_inside_tells_where_or_when(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(5);
    run_whole(s, &study, false);
    char* dump = NULL;
    size_t length = 0;
    assert_int_equal(st_store_dump(s->ctx, s->dir, &dump, &length), ST_OK);
    assert_int_equal(strlen(dump), length);
    assert_null(strstr(dump, "some/folder")); // the study's file is kept by its last name only
    assert_non_null(strstr(dump, "'study.yaml'"));
    assert_null(strstr(dump, s->root));
    assert_null(strstr(dump, "|nan"));
    assert_null(strstr(dump, "|inf"));
    st_free(s->ctx, dump);
}

static void equal_runs_have_equal_dumps(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(20);
    char* first = NULL;
    char* second = NULL;
    size_t length = 0;
    char hash[2][33];
    run_whole(s, &study, false);
    assert_int_equal(st_store_dump(s->ctx, s->dir, &first, &length), ST_OK);
    assert_int_equal(st_store_dump_hash(s->ctx, s->dir, hash[0]), ST_OK);
    run_whole(s, &study, true);
    assert_int_equal(st_store_dump(s->ctx, s->dir, &second, &length), ST_OK);
    assert_int_equal(st_store_dump_hash(s->ctx, s->dir, hash[1]), ST_OK);
    assert_string_equal(first, second);
    assert_string_equal(hash[0], hash[1]);
    st_free(s->ctx, first);
    st_free(s->ctx, second);

    st_study other = study;
    other.effect[3] += 0.001;
    run_whole(s, &other, true);
    assert_int_equal(st_store_dump_hash(s->ctx, s->dir, hash[1]), ST_OK);
    assert_string_not_equal(hash[0], hash[1]);
}

static void result_is_not_overwritten_without_force(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(5);
    st_store* store = NULL;
    run_whole(s, &study, false);
    assert_int_equal(st_store_create(s->ctx, s->dir, false, &store), ST_ERR_INPUT);
    assert_null(store);
    assert_int_equal(st_ctx_message_count(s->ctx), 1);
    assert_non_null(strstr(st_ctx_message(s->ctx, 0), "--force"));
    assert_false(exists(s, ".lock"));
}

static void forced_run_keeps_the_old_result_until_it_is_sealed(void** state)
{
    const scene* s = *state;
    const st_study old = fake_knee_study(5);
    const st_study fresh = fake_knee_study(7);
    run_whole(s, &old, false);
    st_store* store = NULL;
    assert_int_equal(st_store_create(s->ctx, s->dir, true, &store), ST_OK);
    const st_sink sink = st_store_sink(store);
    assert_int_equal(fake_run(s->ctx, &fresh, &sink), ST_OK);
    assert_int_equal(ask(s, "SELECT count(*) FROM person"), 20);
    st_store_destroy(store); // given up: the old one stays
    assert_int_equal(ask(s, "SELECT count(*) FROM person"), 20);
    assert_false(exists(s, "results.sqlite.part"));
    run_whole(s, &fresh, true);
    assert_int_equal(ask(s, "SELECT count(*) FROM person"), 28);
}

static void unfinished_run_leaves_nothing(void** state)
{
    scene* s = *state;
    char deep[128];
    const st_study study = fake_knee_study(5);
    snprintf(deep, sizeof deep, "%s/a/b/out/", s->root);
    st_store* store = NULL;
    assert_int_equal(st_store_create(s->ctx, deep, false, &store), ST_OK);
    const st_sink sink = st_store_sink(store);
    assert_int_equal(sink.begin(sink.self, s->ctx, &study), ST_OK);
    assert_int_equal(st_store_finish(s->ctx, store), ST_ERR_INPUT); // the run has not ended
    st_store_destroy(store);
    snprintf(deep, sizeof deep, "%s/a", s->root);
    assert_int_equal(access(deep, F_OK), -1); // folders made for it are gone too

    assert_int_equal(mkdir(s->dir, 0777), 0); // one that was there before stays
    assert_int_equal(st_store_create(s->ctx, s->dir, false, &store), ST_OK);
    st_store_destroy(store);
    assert_int_equal(access(s->dir, F_OK), 0);
    assert_int_equal(rmdir(s->dir), 0); // and is empty
}

static void second_run_in_a_folder_is_refused(void** state)
{
    const scene* s = *state;
    st_store* first = NULL;
    st_store* second = NULL;
    assert_int_equal(st_store_create(s->ctx, s->dir, false, &first), ST_OK);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        st_ctx* ctx = st_ctx_create();
        const st_status status = st_store_create(ctx, s->dir, true, &second);
        const bool is_clear =
            st_ctx_message_count(ctx) == 1 && strstr(st_ctx_message(ctx, 0), "another run");
        _exit(status == ST_ERR_INPUT && is_clear ? 0 : 1);
    }
    int code = -1;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
    assert_true(exists(s, "results.sqlite.part")); // untouched by the refused run
    st_store_destroy(first);
}

static void killed_run_does_not_block_the_next(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(5);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        st_ctx* ctx = st_ctx_create();
        st_store* store = NULL;
        if (st_store_create(ctx, s->dir, false, &store) == ST_OK) {
            const st_sink sink = st_store_sink(store);
            (void)sink.begin(sink.self, ctx, &study);
            (void)raise(SIGKILL);
        }
        _exit(1);
    }
    int code = -1;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFSIGNALED(code));
    assert_true(exists(s, "results.sqlite.part"));
    run_whole(s, &study, false);
    assert_int_equal(ask(s, "SELECT count(*) FROM person"), 20);
}

static void full_disk_is_reported_with_the_file(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(400);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {200000, 200000};
        st_ctx* ctx = st_ctx_create();
        st_store* store = NULL;
        (void)signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        st_status status = st_store_create(ctx, s->dir, false, &store);
        if (status == ST_OK) {
            const st_sink sink = st_store_sink(store);
            status = fake_run(ctx, &study, &sink);
            status = status == ST_OK ? st_store_finish(ctx, store) : status;
        }
        st_store_destroy(store);
        const bool is_named = st_ctx_message_count(ctx) == 1 &&
                              strstr(st_ctx_message(ctx, 0), "results.sqlite.part: cannot write");
        _exit(status == ST_ERR_FILE && is_named && st_ctx_bytes_in_use(ctx) == 0 ? 0 : 1);
    }
    int code = -1;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
    assert_int_equal(access(s->dir, F_OK), -1); // nothing was left behind
}

static void folder_that_cannot_be_made_is_named(void** state)
{
    const scene* s = *state;
    st_store* store = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/file", s->root);
    FILE* file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(st_store_create(s->ctx, path, false, &store), ST_ERR_FILE);
    assert_non_null(strstr(st_ctx_message(s->ctx, 0), path));
    st_ctx_clear_messages(s->ctx);
    assert_int_equal(st_store_create(s->ctx, "/proc/no/folder", false, &store), ST_ERR_FILE);
    st_ctx_clear_messages(s->ctx);
    assert_int_equal(st_store_create(s->ctx, "", false, &store), ST_ERR_INPUT);
}

static void seed_of_the_run_is_told(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(3);
    st_store* store = NULL;
    assert_int_equal(st_store_create(s->ctx, s->dir, false, &store), ST_OK);
    assert_int_equal(st_store_override_seed(store, UINT64_MAX), ST_OK);
    const st_sink sink = st_store_sink(store);
    assert_int_equal(fake_run(s->ctx, &study, &sink), ST_OK);
    assert_int_equal(st_store_override_seed(store, 1), ST_ERR_INPUT); // too late
    assert_int_equal(st_store_finish(s->ctx, store), ST_OK);
    st_store_destroy(store);
    assert_int_equal(ask(s, "SELECT value = '18446744073709551615' FROM about WHERE key = 'seed'"),
                     1);
}

static void wrong_rows_are_refused(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(3);
    st_store* store = NULL;
    assert_int_equal(st_store_create(s->ctx, s->dir, false, &store), ST_OK);
    const st_sink sink = st_store_sink(store);
    st_reading_row row = {.arm = 0, .person = 1, .visit = 1, .measure = 1};
    assert_int_equal(sink.row(sink.self, s->ctx, ST_ROW_READING, &row), ST_ERR_INPUT);
    assert_int_equal(sink.begin(sink.self, s->ctx, &study), ST_OK);
    assert_int_equal(sink.begin(sink.self, s->ctx, &study), ST_ERR_INPUT);
    row.arm = 4;
    assert_int_equal(sink.row(sink.self, s->ctx, ST_ROW_READING, &row), ST_ERR_INPUT);
    row.arm = 0;
    row.person = UINT64_MAX;
    assert_int_equal(sink.row(sink.self, s->ctx, ST_ROW_READING, &row), ST_ERR_INPUT);
    row.person = 1;
    assert_int_equal(sink.row(sink.self, s->ctx, ST_ROW_READING, &row), ST_OK);
    // Twice the same is found when the readings are inserted, many at a time.
    st_status status = ST_OK;
    for (int i = 0; i < 1000 && status == ST_OK; i++) {
        status = sink.row(sink.self, s->ctx, ST_ROW_READING, &row);
    }
    assert_int_equal(status, ST_ERR_FILE);
    st_store_destroy(store);
}

static void truncated_or_foreign_file_is_reported(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(50);
    char path[160];
    char* text = NULL;
    run_whole(s, &study, false);
    snprintf(path, sizeof path, "%s/results.sqlite", s->dir);
    assert_int_equal(truncate(path, 20000), 0);
    assert_int_equal(st_report_write(s->ctx, s->dir), ST_ERR_FILE);
    assert_false(exists(s, "report.html"));
    assert_int_equal(st_report_summary(s->ctx, s->dir, &text), ST_ERR_FILE);
    assert_int_equal(truncate(path, 0), 0);
    st_ctx_clear_messages(s->ctx);
    assert_int_equal(st_report_tables(s->ctx, s->dir), ST_ERR_FILE);
    assert_non_null(strstr(st_ctx_message(s->ctx, 0), "no result of stroma"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(st_report_write(s->ctx, s->dir), ST_ERR_FILE);
}

static void every_failing_allocation_is_survived(void** state)
{
    const scene* s = *state;
    const st_study study = fake_knee_study(3);
    run_whole(s, &study, false);
    int64_t n = 1;
    for (st_status status = ST_ERR_MEMORY; status != ST_OK; n++) {
        st_ctx_clear_messages(s->ctx);
        const size_t before = st_ctx_bytes_in_use(s->ctx);
        st_ctx_fail_allocation(s->ctx, n);
        status = st_report_write(s->ctx, s->dir);
        st_ctx_fail_allocation(s->ctx, 0);
        assert_true(status == ST_OK || status == ST_ERR_MEMORY || status == ST_ERR_FILE);
        assert_int_equal(st_ctx_bytes_in_use(s->ctx), before);
        assert_true(n < 5000);
    }
    assert_true(n > 10);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(finished_run_leaves_one_whole_file),
        CASE(nothing_inside_tells_where_or_when),
        CASE(equal_runs_have_equal_dumps),
        CASE(result_is_not_overwritten_without_force),
        CASE(forced_run_keeps_the_old_result_until_it_is_sealed),
        CASE(unfinished_run_leaves_nothing),
        CASE(second_run_in_a_folder_is_refused),
        CASE(killed_run_does_not_block_the_next),
        CASE(full_disk_is_reported_with_the_file),
        CASE(folder_that_cannot_be_made_is_named),
        CASE(seed_of_the_run_is_told),
        CASE(wrong_rows_are_refused),
        CASE(truncated_or_foreign_file_is_reported),
        CASE(every_failing_allocation_is_survived),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
