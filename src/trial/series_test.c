// Moments and quantiles of numbers that do not stay in memory are those of an array, bit by bit.
//                                                                               [TRI-3, TRI-4]
#include "series.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED  20261120u
#define MOST  200000
#define FACES 4

static double x[MOST], y[MOST], sorted[MOST];

/// Four kinds of data: normal, printed scores with ties, one value for nearly all, all sizes.
static double face(int which, uint64_t i, uint64_t step)
{
    const st_random_key key = {SEED, ST_STREAM_TEST, i, step};
    const double z = st_random_normal(&key, 0);
    const double u = st_random_uniform(&key, 1);

    switch (which) {
    case 0:
        return z;
    case 1:
        return floor(5.0 * z);
    case 2:
        return u < 0.9 ? 0.25 : -z;
    default:
        return z * pow(10.0, floor(600.0 * u) - 300.0);
    }
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void compare(st_ctx* ctx, int which, int count, int block)
{
    static const double p[] = {0.05, 0.25, 0.5, 0.75, 0.95, 0.0, 1.0};
    enum { P = sizeof p / sizeof p[0] };
    st_spill spill;
    st_series a, b;
    st_moments wanted, found;
    double quantile[P];

    st_spill_init(&spill, ctx, NULL);
    assert_int_equal(st_series_init(ctx, &spill, block, &a), ST_OK);
    assert_int_equal(st_series_init(ctx, &spill, block, &b), ST_OK);
    for (int turn = 0; turn < 2; ++turn) { // the second time over what the first has written
        st_series_restart(&a);
        st_series_restart(&b);
        for (int i = 0; i < count; ++i) {
            x[i] = face(which, (uint64_t)i, (uint64_t)turn) + 0.0;
            y[i] = face((which + 1) % FACES, (uint64_t)i, (uint64_t)turn);
            st_series_add(&a, x[i]);
            st_series_add(&b, y[i]);
        }
    }
    wanted = st_statistics_moments(x, y, count);
    found = st_series_moments(&a, &b);
    assert_int_equal(found.count, count);
    assert_true(same_bits(found.x, wanted.x) && same_bits(found.y, wanted.y));
    assert_true(same_bits(found.xx, wanted.xx) && same_bits(found.xy, wanted.xy) &&
                same_bits(found.yy, wanted.yy));
    memcpy(sorted, x, (size_t)count * sizeof *x);
    st_statistics_sort(sorted, count);
    st_series_quantiles(&a, p, P, quantile);
    for (int i = 0; i < P; ++i) {
        const double q = st_statistics_quantile(sorted, count, p[i]);
        if (!same_bits(q, quantile[i])) {
            print_error("seed %u, data %d, %d numbers in blocks of %d: quantile %g is %.17g, "
                        "found %.17g\n",
                        SEED, which, count, block, p[i], q, quantile[i]);
            fail();
        }
    }
    memset(y, 0, sizeof y);
    st_series_copy(&a, y);
    assert_memory_equal(y, x, (size_t)count * sizeof *x);
    assert_int_equal(spill.status, ST_OK);
    assert_int_equal(spill.fd >= 0, count > block); // what fits in memory leaves no file
    st_series_clear(&a);
    st_series_clear(&b);
    st_spill_clear(&spill);
}

static void blocks_give_the_bytes_of_an_array(void** state)
{
    static const int count[] = {0, 1, 2, 7, 8, 9, 511, 512, 513, 1000};
    static const int block[] = {1, 7, 512, 1024};
    st_ctx* ctx = st_ctx_create();

    (void)state;
    for (int which = 0; which < FACES; ++which) {
        for (size_t i = 0; i < sizeof count / sizeof count[0]; ++i) {
            for (size_t k = 0; k < sizeof block / sizeof block[0]; ++k) {
                compare(ctx, which, count[i], block[k]);
            }
        }
        // More than are sorted in memory: quantiles are narrowed down.
        compare(ctx, which, MOST, 4096);
    }
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void a_folder_that_is_not_there_is_told_once(void** state)
{
    st_ctx* ctx = st_ctx_create();
    const double p = 0.5;
    double q = 0.0;
    st_spill spill;
    st_series a;

    (void)state;
    st_spill_init(&spill, ctx, "/nowhere/at/all");
    assert_int_equal(st_series_init(ctx, &spill, 8, &a), ST_OK);
    for (int i = 0; i < 100; ++i) {
        st_series_add(&a, i);
    }
    assert_int_equal(spill.status, ST_ERR_FILE);
    assert_int_equal(st_ctx_message_count(ctx), 1);
    assert_non_null(strstr(st_ctx_message(ctx, 0), "/nowhere/at/all: cannot make"));
    st_series_quantiles(&a, &p, 1, &q);
    assert_true(isnan(q)); // no number from what could not be kept
    st_series_clear(&a);
    st_spill_clear(&spill);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_give_the_bytes_of_an_array),
        cmocka_unit_test(a_folder_that_is_not_there_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
