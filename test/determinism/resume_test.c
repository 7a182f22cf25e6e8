// A run that is killed goes on where it was, and its store is the one that nobody would have
// stopped.
#include "base/random.h"
#include "stroma/report.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MODELS ST_SOURCE_DIR "/models"
#define STUDY  ST_SOURCE_DIR "/test/determinism/stopped.yaml"
#define CARE   ST_SOURCE_DIR "/test/determinism/care.yaml"
#define KILLS  25

/// A sink that hands everything to the store and stops the run after some people.
typedef struct gate {
    st_sink store;
    volatile int stop;
    int64_t stop_at; ///< people, 0 = never
} gate;

static st_status gate_begin(void* self, st_ctx* ctx, const st_study* study)
{
    const gate* g = self;
    return g->store.begin(g->store.self, ctx, study);
}

static st_status gate_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    const gate* g = self;
    return g->store.row(g->store.self, ctx, kind, row);
}

static st_status gate_end(void* self, st_ctx* ctx)
{
    const gate* g = self;
    return g->store.end(g->store.self, ctx);
}

static st_status gate_keep(void* self, st_ctx* ctx, int64_t first, int64_t count, const void* bytes,
                           size_t length)
{
    gate* g = self;
    const st_status status = g->store.keep(g->store.self, ctx, first, count, bytes, length);
    g->stop = g->stop_at > 0 && first + count >= g->stop_at;
    return status;
}

static st_status gate_recall(void* self, st_ctx* ctx, int64_t first, int64_t* count,
                             const void** bytes, size_t* length)
{
    const gate* g = self;
    return g->store.recall(g->store.self, ctx, first, count, bytes, length);
}

typedef struct outcome {
    st_status status;
    int64_t kept_before, kept_after;
    char message[512];
} outcome;

/// Runs a study into `dir`, stopping after `stop_at` people.
static outcome run_study(const char* path, const char* dir, int workers, uint64_t seed,
                         int64_t stop_at, bool force)
{
    st_ctx* ctx = st_ctx_create();
    st_study* study = NULL;
    st_store* store = NULL;
    st_trial_def def = st_default_trial_def();
    st_trial_summary summary;
    gate g = {.stop_at = stop_at};
    outcome out = {.status = st_study_load(ctx, path, MODELS, &study)};

    st_ctx_watch(ctx, &g.stop);
    def.worker_count = workers;
    def.has_seed = seed != 0;
    def.seed = seed;
    if (out.status == ST_OK) {
        out.status = st_store_create(ctx, dir, force, &store);
    }
    if (out.status == ST_OK && def.has_seed) {
        out.status = st_store_override_seed(store, seed);
    }
    if (out.status == ST_OK) {
        out.kept_before = st_store_kept_people(store);
        g.store = st_store_sink(store);
        const st_sink sink = {.self = &g,
                              .begin = gate_begin,
                              .row = gate_row,
                              .end = gate_end,
                              .keep = gate_keep,
                              .recall = gate_recall};
        out.status = st_study_run(ctx, study, &def, &sink, &summary);
    }
    if (out.status == ST_OK) {
        out.status = st_store_finish(ctx, store);
    }
    if (store != NULL) {
        out.kept_after = st_store_kept_people(store);
    }
    snprintf(out.message, sizeof out.message, "%s",
             st_ctx_message_count(ctx) > 0 ? st_ctx_message(ctx, 0) : "");
    st_store_destroy(store);
    st_study_destroy(study);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
    return out;
}

static outcome run(const char* dir, int workers, uint64_t seed, int64_t stop_at, bool force)
{
    return run_study(STUDY, dir, workers, seed, stop_at, force);
}

static void hash_of(const char* dir, char hash[33])
{
    st_ctx* ctx = st_ctx_create();

    assert_int_equal(st_store_dump_hash(ctx, dir, hash), ST_OK);
    st_ctx_destroy(ctx);
}

static bool exists(const char* dir, const char* name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static void clear_folder(const char* dir)
{
    static const char* const names[] = {"results.sqlite", "results.sqlite.part",
                                        "results.sqlite.part-journal", "results.sqlite.kept",
                                        ".lock"};
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

typedef struct folders {
    char root[64], plain[80], other[80];
    char hash[33];
} folders;

static int setup(void** state)
{
    folders* f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(f->root, sizeof f->root, "resume-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->plain, sizeof f->plain, "%s/plain", f->root);
    snprintf(f->other, sizeof f->other, "%s/other", f->root);
    assert_int_equal(run(f->plain, 2, 0, 0, false).status, ST_OK);
    hash_of(f->plain, f->hash);
    assert_false(exists(f->plain, "results.sqlite.kept"));
    *state = f;
    return 0;
}

static int teardown(void** state)
{
    folders* f = *state;

    clear_folder(f->plain);
    clear_folder(f->other);
    rmdir(f->root);
    free(f);
    return 0;
}

static void test_a_stopped_run_goes_on(void** state)
{
    const folders* f = *state;
    char hash[33];
    outcome o = run(f->other, 2, 0, 200, false);

    assert_int_equal(o.status, ST_ERR_INTERRUPTED);
    assert_true(o.kept_after >= 200 && o.kept_after < 900);
    assert_true(exists(f->other, "results.sqlite.part"));
    assert_false(exists(f->other, "results.sqlite"));
    // Each time with another number of workers
    o = run(f->other, 3, 0, 450, false);
    assert_int_equal(o.status, ST_ERR_INTERRUPTED);
    assert_true(o.kept_before >= 200 && o.kept_after >= 450 && o.kept_after < 900);
    o = run(f->other, 1, 0, 0, false);
    assert_int_equal(o.status, ST_OK);
    assert_true(o.kept_before >= 450);
    assert_false(exists(f->other, "results.sqlite.part"));
    assert_false(exists(f->other, "results.sqlite.kept"));
    hash_of(f->other, hash);
    assert_string_equal(hash, f->hash);
    clear_folder(f->other);
}

// The same where people follow plans of care and were asked about their health.
static void test_care_goes_on(void** state)
{
    const folders* f = *state;
    char hash[33], whole[33];
    outcome o = run_study(CARE, f->other, 2, 0, 0, false);

    assert_int_equal(o.status, ST_OK);
    hash_of(f->other, whole);
    clear_folder(f->other);
    o = run_study(CARE, f->other, 1, 0, 50, false);
    assert_int_equal(o.status, ST_ERR_INTERRUPTED);
    assert_true(o.kept_after >= 50 && o.kept_after < 180);
    o = run_study(CARE, f->other, 3, 0, 0, false);
    assert_int_equal(o.status, ST_OK);
    assert_true(o.kept_before >= 50);
    hash_of(f->other, hash);
    assert_string_equal(hash, whole);
    clear_folder(f->other);
}

static void test_another_run_is_refused(void** state)
{
    const folders* f = *state;
    char hash[33], path[128];
    outcome o = run(f->other, 2, 0, 200, false);
    const int64_t kept = o.kept_after;

    o = run(f->other, 2, 5, 0, false);
    assert_int_equal(o.status, ST_ERR_INPUT);
    assert_non_null(strstr(o.message, "with seed 77, now it is 5; use --force"));
    // Refusing takes nothing away.
    assert_true(exists(f->other, "results.sqlite.part"));
    // Damage is told, not passed on.
    snprintf(path, sizeof path, "%s/results.sqlite.kept", f->other);
    FILE* file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 2000, SEEK_SET), 0);
    assert_int_equal(fputc(0x55, file), 0x55);
    assert_int_equal(fclose(file), 0);
    o = run(f->other, 2, 0, 0, false);
    assert_int_equal(o.status, ST_ERR_FILE);
    assert_int_equal(o.kept_before, kept);
    assert_non_null(strstr(o.message, "results.sqlite.kept: is damaged after 0 of"));
    o = run(f->other, 2, 0, 0, true);
    assert_int_equal(o.status, ST_OK);
    assert_int_equal(o.kept_before, 0);
    hash_of(f->other, hash);
    assert_string_equal(hash, f->hash);
    clear_folder(f->other);
}

static void sleep_s(double seconds)
{
    const struct timespec time = {(time_t)seconds,
                                  (long)((seconds - (double)(time_t)seconds) * 1e9)};

    nanosleep(&time, NULL);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void test_kills_at_any_moment(void** state)
{
    const folders* f = *state;
    const uint64_t seed = 20161;
    const double start = now_s();
    double whole, patience;
    int killed = 0, found = 0, finished = 0;
    char hash[33];

    assert_int_equal(run(f->other, 2, 0, 0, true).status, ST_OK);
    whole = now_s() - start;
    clear_folder(f->other);
    patience = 0.5 * whole;
    for (uint64_t round = 0; killed < KILLS && round < 20 * KILLS; ++round) {
        const st_random_key key = {seed, ST_STREAM_TEST, round, 0};
        const double wait = patience * st_random_uniform(&key, 0);
        int status = 0;
        const pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            const outcome o = run(f->other, 2, 0, 0, false);
            if (o.status != ST_OK) {
                print_error("%s\n", o.message);
            }
            _exit(o.status == ST_OK ? (o.kept_before > 0 ? 10 : 11) : 1);
        }
        sleep_s(wait);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFSIGNALED(status) && !exists(f->other, "results.sqlite")) {
            ++killed;
            found += exists(f->other, "results.sqlite.kept");
            // On a busy machine a kill may come before anybody is finished: let the next wait
            // longer.
            patience *= exists(f->other, "results.sqlite.kept") ? 1.0 : 1.5;
            continue;
        }
        // It was faster than the kill: look at what it made, and begin again.
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 10 || WEXITSTATUS(status) == 11);
        ++finished;
        patience *= 0.5;
        hash_of(f->other, hash);
        assert_string_equal(hash, f->hash);
        clear_folder(f->other);
    }
    print_message("seed %llu: %d kills %d of them left people behind, %d runs came "
                  "to their end\n",
                  (unsigned long long)seed, killed, found, finished);
    assert_int_equal(killed, KILLS);
    assert_true(found >= 1);
    if (!exists(f->other, "results.sqlite")) {
        assert_int_equal(run(f->other, 2, 0, 0, false).status, ST_OK);
    }
    hash_of(f->other, hash);
    assert_string_equal(hash, f->hash);
    clear_folder(f->other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stopped_run_goes_on),
        cmocka_unit_test(test_care_goes_on),
        cmocka_unit_test(test_another_run_is_refused),
        cmocka_unit_test(test_kills_at_any_moment),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
