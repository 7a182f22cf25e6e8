#include "base/random.h"

#include "base/maths.h"

#include <Random123/philox.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SEED  20161u
#define DRAWS 1000000

// Random123's own known answers for philox4x64, 10 rounds: counter, key, result.            [BAS-1]
static void philox_gives_the_published_answers(void** state)
{
    (void)state;
    static const struct {
        uint64_t counter[4], key[2], result[4];
    } known[] = {
        {{0, 0, 0, 0},
         {0, 0},
         {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
        {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
         {UINT64_MAX, UINT64_MAX},
         {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
        {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
         {0x452821e638d01377, 0xbe5466cf34e90c6c},
         {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        philox4x64_ctr_t counter;
        philox4x64_key_t key;
        for (int j = 0; j < 4; j++) {
            counter.v[j] = known[i].counter[j];
        }
        key.v[0] = known[i].key[0];
        key.v[1] = known[i].key[1];
        const philox4x64_ctr_t result = philox4x64_R(10, counter, key);
        for (int j = 0; j < 4; j++) {
            assert_true(result.v[j] == known[i].result[j]);
        }
    }
    // The first of them through our door: all zero, draws 0 to 3.
    const st_random_key zero = {0, 0, 0, 0};
    for (uint64_t draw = 0; draw < 4; draw++) {
        assert_true(st_random_bits(&zero, draw) == known[0].result[draw]);
    }
}

static void our_bits_are_philox_of_the_named_words(void** state)
{
    (void)state;
    const st_random_key key = {SEED, ST_STREAM_PERSON, 123456789, 42};
    for (uint64_t draw = 0; draw < 100; draw++) {
        const philox4x64_ctr_t counter = {{123456789, 42, draw / 4, 0}};
        const philox4x64_key_t words = {{SEED, ST_STREAM_PERSON}};
        assert_true(st_random_bits(&key, draw) == philox4x64_R(10, counter, words).v[draw % 4]);
    }
}

static void each_part_of_the_key_changes_the_draw(void** state)
{
    (void)state;
    const st_random_key base = {1, 2, 3, 4};
    const st_random_key others[] = {{2, 2, 3, 4}, {1, 3, 3, 4}, {1, 2, 4, 4}, {1, 2, 3, 5}};
    const uint64_t bits = st_random_bits(&base, 0);
    assert_true(bits == st_random_bits(&base, 0));
    assert_true(bits != st_random_bits(&base, 1));
    assert_true(bits != st_random_bits(&base, 4));
    for (int i = 0; i < 4; i++) {
        assert_true(bits != st_random_bits(&others[i], 0));
    }
}

// Mean, variance and higher moments of n draws must lie within 5 standard errors.
static void moments(const char* name, double (*draw)(const st_random_key*, uint64_t),
                    const double expected[4])
{
    const st_random_key key = {SEED, ST_STREAM_TEST, 0, 0};
    double sum[4] = {0};
    double square[4] = {0};
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double x = draw(&key, i);
        double power = 1.0;
        for (int k = 0; k < 4; k++) {
            power *= x;
            sum[k] += power;
            square[k] += power * power;
        }
    }
    for (int k = 0; k < 4; k++) {
        const double mean = sum[k] / DRAWS;
        const double error = sqrt((square[k] / DRAWS - mean * mean) / DRAWS);
        print_message("%s, seed %u: mean of x^%d %.6f, expected %.6f, standard error %.6f\n", name,
                      SEED, k + 1, mean, expected[k], error);
        assert_true(fabs(mean - expected[k]) < 5.0 * error);
    }
}

static void moments_are_those_of_the_distribution(void** state)
{
    (void)state;
    moments("uniform", st_random_uniform, (const double[]){1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5});
    moments("normal", st_random_normal, (const double[]){0, 1, 0, 3});
    moments("exponential", st_random_exponential, (const double[]){1, 2, 6, 24});
}

static double through_uniform(const st_random_key* key, uint64_t draw)
{
    return st_random_uniform(key, draw);
}

static double through_normal(const st_random_key* key, uint64_t draw)
{
    return gsl_cdf_ugaussian_P(st_random_normal(key, draw));
}

static double through_exponential(const st_random_key* key, uint64_t draw)
{
    return 1.0 - exp(-st_random_exponential(key, draw));
}

// Chi-square of 1000 equally likely cells; p outside [1e-4, 1 - 1e-4] would be a poor generator.
static double chi_square_p(double (*share)(const st_random_key*, uint64_t), uint64_t stream)
{
    enum { CELLS = 1000 };
    static int count[CELLS];
    for (int i = 0; i < CELLS; i++) {
        count[i] = 0;
    }
    for (uint64_t i = 0; i < DRAWS; i++) {
        const st_random_key key = {SEED, stream, i, i / 7}; // ids and steps, as a cohort draws
        const int cell = (int)(share(&key, i % 3) * CELLS);
        count[cell < CELLS ? cell : CELLS - 1] += 1;
    }
    const double mean = (double)DRAWS / CELLS;
    double chi = 0.0;
    for (int i = 0; i < CELLS; i++) {
        chi += (count[i] - mean) * (count[i] - mean) / mean;
    }
    return gsl_cdf_chisq_Q(chi, CELLS - 1);
}

static void draws_fill_their_distribution_evenly(void** state)
{
    (void)state;
    static double (*const share[])(const st_random_key*, uint64_t) = {
        through_uniform, through_normal, through_exponential};
    for (int i = 0; i < 3; i++) {
        for (uint64_t stream = ST_STREAM_TEST; stream <= ST_STREAM_PARAMETER; stream++) {
            const double p = chi_square_p(share[i], stream);
            print_message("chi-square, seed %u, kind %d, stream %d: p = %.4f\n", SEED, i,
                          (int)stream, p);
            assert_true(p > 1e-4 && p < 1.0 - 1e-4);
        }
    }
}

static void neighbouring_ids_and_streams_do_not_correlate(void** state)
{
    (void)state;
    double by_id = 0.0, by_stream = 0.0, by_draw = 0.0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const st_random_key key = {SEED, 1, i, 0};
        const st_random_key next_id = {SEED, 1, i + 1, 0};
        const st_random_key next_stream = {SEED, 2, i, 0};
        const double x = st_random_normal(&key, 0);
        by_id += x * st_random_normal(&next_id, 0);
        by_stream += x * st_random_normal(&next_stream, 0);
        by_draw += x * st_random_normal(&key, 1);
    }
    const double limit = 5.0 * sqrt((double)DRAWS);
    assert_true(fabs(by_id) < limit && fabs(by_stream) < limit && fabs(by_draw) < limit);
}

static void uniform_never_reaches_its_bounds(void** state)
{
    (void)state;
    // The map from bits to the interval at its ends, as the draw does it.
    assert_true((0.0 + 0.5) * 0x1p-52 > 0.0);
    assert_true(((double)(UINT64_MAX >> 12) + 0.5) * 0x1p-52 < 1.0);
    const st_random_key key = {SEED, ST_STREAM_TEST, 1, 1};
    double lo = 1.0, hi = 0.0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double u = st_random_uniform(&key, i);
        lo = u < lo ? u : lo;
        hi = u > hi ? u : hi;
        assert_true(u == ((double)(st_random_bits(&key, i) >> 12) + 0.5) * 0x1p-52);
    }
    assert_true(lo > 0.0 && lo < 1e-5 && hi < 1.0 && hi > 1.0 - 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(our_bits_are_philox_of_the_named_words),
        cmocka_unit_test(each_part_of_the_key_changes_the_draw),
        cmocka_unit_test(moments_are_those_of_the_distribution),
        cmocka_unit_test(draws_fill_their_distribution_evenly),
        cmocka_unit_test(neighbouring_ids_and_streams_do_not_correlate),
        cmocka_unit_test(uniform_never_reaches_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
