#include "base/maths.h"
#include "base/parallel.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ITEMS 5000

static const int worker_counts[] = {1, 2, 3, 8, 16};
#define COUNTS (sizeof worker_counts / sizeof worker_counts[0])

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

typedef struct job {
    double result[ITEMS];
    int visits[ITEMS];
    double scratch[16]; // one per worker: two workers with one number would race
    int worker_count;
    int64_t fails_from, fails_every;
} job;

static st_status work(void* arg, int64_t item, int worker)
{
    job* j = arg;
    if (worker < 0 || worker >= j->worker_count) {
        return ST_ERR_FILE;
    }
    const st_random_key key = {7, ST_STREAM_TEST, (uint64_t)item, 0};
    j->scratch[worker] = 0.0;
    for (uint64_t i = 0; i < 5; i++) {
        j->scratch[worker] += st_exp(st_random_normal(&key, i));
    }
    j->result[item] = j->scratch[worker];
    j->visits[item] += 1;
    if (item >= j->fails_from && (item - j->fails_from) % j->fails_every == 0) {
        return item % 2 == 0 ? ST_ERR_NUMERIC : ST_ERR_INPUT;
    }
    return ST_OK;
}

static void results_do_not_depend_on_the_worker_count(void** state)
{
    (void)state;
    static job first, other;
    for (size_t i = 0; i < COUNTS; i++) {
        job* j = i == 0 ? &first : &other;
        *j = (job){.worker_count = worker_counts[i], .fails_from = ITEMS, .fails_every = 1};
        st_pool* pool;
        assert_int_equal(st_pool_create(ctx, worker_counts[i], &pool), ST_OK);
        assert_int_equal(st_pool_worker_count(pool), worker_counts[i]);
        int64_t failed = 5;
        assert_int_equal(st_pool_run(pool, ITEMS, work, j, &failed), ST_OK);
        assert_int_equal(failed, -1);
        for (int k = 0; k < ITEMS; k++) {
            assert_int_equal(j->visits[k], 1);
        }
        assert_memory_equal(first.result, j->result, sizeof first.result);
        st_pool_destroy(pool);
    }
}

static void the_lowest_failure_is_told_for_any_worker_count(void** state)
{
    (void)state;
    static job j;
    for (size_t i = 0; i < COUNTS; i++) {
        st_pool* pool;
        assert_int_equal(st_pool_create(ctx, worker_counts[i], &pool), ST_OK);
        for (int round = 0; round < 50; round++) {
            j = (job){
                .worker_count = worker_counts[i], .fails_from = 101 + round, .fails_every = 3};
            int64_t failed;
            const st_status expected = (101 + round) % 2 == 0 ? ST_ERR_NUMERIC : ST_ERR_INPUT;
            assert_int_equal(st_pool_run(pool, ITEMS, work, &j, &failed), expected);
            assert_int_equal(failed, 101 + round);
            for (int k = 0; k <= 101 + round; k++) { // all up to the failure have run
                assert_int_equal(j.visits[k], 1);
            }
        }
        st_pool_destroy(pool);
    }
}

static st_status count(void* arg, int64_t item, int worker)
{
    (void)item;
    (void)worker;
    atomic_fetch_add((_Atomic int64_t*)arg, 1);
    return ST_OK;
}

static void a_pool_runs_again_and_again(void** state)
{
    (void)state;
    st_pool* pool;
    assert_int_equal(st_pool_create(ctx, 4, &pool), ST_OK);
    _Atomic int64_t total = 0;
    for (int64_t round = 0; round < 500; round++) {
        assert_int_equal(st_pool_run(pool, round % 7, count, &total, NULL), ST_OK);
    }
    assert_int_equal(st_pool_run(pool, -1, count, &total, NULL), ST_OK);
    int64_t expected = 0;
    for (int64_t round = 0; round < 500; round++) {
        expected += round % 7;
    }
    assert_int_equal(atomic_load(&total), expected);
    st_pool_destroy(pool);
}

static void wrong_counts_are_refused_and_zero_means_all(void** state)
{
    (void)state;
    st_pool* pool;
    assert_int_equal(st_pool_create(ctx, -1, &pool), ST_ERR_INPUT);
    assert_null(pool);
    assert_string_equal(st_ctx_message(ctx, 0),
                        "-1 workers: expected 1 to 1024, or 0 for one per CPU");
    assert_int_equal(st_pool_create(ctx, 1025, &pool), ST_ERR_INPUT);
    assert_int_equal(st_pool_create(ctx, 0, &pool), ST_OK);
    assert_true(st_pool_worker_count(pool) >= 1);
    st_pool_destroy(pool);
    st_pool_destroy(NULL);
}

static void failing_allocations_leave_nothing(void** state)
{
    (void)state;
    for (int64_t n = 1; n <= 2; n++) {
        st_pool* pool;
        st_ctx_fail_allocation(ctx, n);
        assert_int_equal(st_pool_create(ctx, 3, &pool), ST_ERR_MEMORY);
        assert_null(pool);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_fail_allocation(ctx, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(results_do_not_depend_on_the_worker_count),
        TEST(the_lowest_failure_is_told_for_any_worker_count),
        TEST(a_pool_runs_again_and_again),
        TEST(wrong_counts_are_refused_and_zero_means_all),
        TEST(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
