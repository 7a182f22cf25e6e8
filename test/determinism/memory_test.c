// A run's memory does not grow with its people: neither the engine's, nor that of the statistics,
// the store, the tables and the page.
#include "base/table.h"
#include "stroma/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MODELS ST_SOURCE_DIR "/models"

/// Growth of the largest resident memory between the two sizes. 9 000 people more may cost 2 MB,
/// 230 bytes each, noise included; when scores stayed in memory they cost 19 MB.
#define FEW        3000
#define MANY       12000
#define MOST_BYTES (2 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define IS_MEASURED false // freed memory is kept back: only the runs themselves are checked
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_MEASURED false
#else
#define IS_MEASURED true
#endif
#else
#define IS_MEASURED true
#endif

static const char study_text[] =
    "study: Memory\n"
    "model: " ST_SOURCE_DIR "/test/determinism/tiny.yaml\n"
    "people: { from: oai-symptomatic, entry: { age: 50..80 y } }\n"
    "arms:\n"
    "  same: { inject: { product: saline, volume: 4 mL }, twin_of: everyone }\n"
    "  ha: { n: %d, inject: { product: hyaluronic-acid-hmw, volume: 4 mL } }\n"
    "  saline: { n: %d, inject: { product: saline, volume: 4 mL } }\n"
    "blinding: double\n"
    "visits: 0, 1, 3, 6, 12 months\n"
    "measure: [vas_pain, thickness_medial_tibia]\n"
    "drop_out: { rate: 20 %%/year }\n"
    "primary: { change: vas_pain, at: 12 months, versus: saline, analysis: mmrm,\n"
    "           also: [ancova, last carried, per protocol, responders] }\n"
    "seed: 5\n";

static st_status run(st_ctx* ctx, const char* dir, const char* path, int people)
{
    char text[2048];
    st_study* study = NULL;
    st_store* store = NULL;
    st_trial_summary summary;
    st_trial_def def = st_default_trial_def();
    const int length = snprintf(text, sizeof text, study_text, people / 2, people - people / 2);

    def.worker_count = 2;
    def.spill_dir = dir;
    ST_TRY(st_file_write(ctx, path, text, (size_t)length));
    ST_TRY(st_study_load(ctx, path, MODELS, &study));
    st_status status = st_store_create(ctx, dir, true, &store);
    if (status == ST_OK) {
        const st_sink sink = st_store_sink(store);
        status = st_study_run(ctx, study, &def, &sink, &summary);
    }
    if (status == ST_OK) {
        status = st_store_finish(ctx, store);
    }
    st_store_destroy(store);
    st_study_destroy(study);
    ST_TRY(status);
    ST_TRY(st_report_tables(ctx, dir));
    return st_report_write(ctx, dir);
}

/// Largest resident memory of a process of its own that does nothing but this run.
static long peak_bytes(const char* dir, int people)
{
    char path[512];
    struct rusage usage;
    int status = 0;
    const pid_t child = fork();

    snprintf(path, sizeof path, "%s/study.yaml", dir);
    if (child == 0) {
        st_ctx* ctx = st_ctx_create();
        const st_status done = run(ctx, dir, path, people);
        if (done != ST_OK) {
            fprintf(stderr, "%s\n", st_ctx_message(ctx, 0));
        }
        _exit(done == ST_OK && st_ctx_bytes_in_use(ctx) == 0 ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(wait4(child, &status, 0, &usage), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return usage.ru_maxrss * 1024L;
}

static void four_times_the_people_need_no_more_memory(void** state)
{
    char dir[] = "memory-XXXXXX";
    char command[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    const long few = peak_bytes(dir, FEW);
    const long many = peak_bytes(dir, MANY);
    print_message("%d people %.1f MB, %d people %.1f MB: %.0f bytes per person\n", FEW,
                  (double)few * 1e-6, MANY, (double)many * 1e-6,
                  (double)(many - few) / (MANY - FEW));
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    if (IS_MEASURED) {
        assert_true(many - few < MOST_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_times_the_people_need_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
