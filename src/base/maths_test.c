#include "base/maths.h"
#include "base/maths_wide.h"
#include "base/random.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sleef.h>

#include <cmocka.h>

#define BLOCKS 25000 // of ST_LANES arguments

static const double special[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    -0.5,
    3.0,
    INFINITY,
    -INFINITY,
    NAN,
    -NAN,
    DBL_MIN,
    -DBL_MIN,
    DBL_MAX,
    -DBL_MAX,
    5e-324,
    -5e-324,
    1e-310,
    1e308,
    709.78,
    709.79,
    -708.39,
    -708.4,
    -745.13,
    -745.14,
    1e-20,
    0x1p53,
    0x1p53 + 2,
    1e15,
    -3.0,
    -4.0,
    1.0 + DBL_EPSILON,
    1.0 - DBL_EPSILON / 2,
    1.5,
    1e-5,
    710.0,
    -1000.0,
    1e5,
    17,
};
#define SPECIAL_COUNT (sizeof special / sizeof special[0])

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double uniform(uint64_t id, uint64_t draw, double lo, double hi)
{
    const st_random_key key = {1, ST_STREAM_TEST, id, 0};
    return lo + (hi - lo) * st_random_uniform(&key, draw);
}

// Arguments of all sizes, then every pair of special ones.
static void fill(uint64_t block, double* x, double* y)
{
    for (uint64_t i = 0; i < ST_LANES; i++) {
        const uint64_t at = block * ST_LANES + i;
        if (at < SPECIAL_COUNT * SPECIAL_COUNT) {
            x[i] = special[at % SPECIAL_COUNT];
            y[i] = special[at / SPECIAL_COUNT];
        } else {
            x[i] = uniform(at, 0, -1.0, 1.0) * exp2(uniform(at, 1, -60.0, 12.0));
            y[i] = uniform(at, 2, -1.0, 1.0) * exp2(uniform(at, 3, -10.0, 8.0));
            x[i] = at % 2 == 0 ? fabs(x[i]) : x[i];
        }
    }
}

static void expect_equal(const char* what, const double* x, const double* y, const double* got,
                         const double* expected)
{
    for (int i = 0; i < ST_LANES; i++) {
        // The sign and payload of a NaN are the compiler's choice in any C program.
        const bool is_same =
            isnan(expected[i]) ? isnan(got[i]) != 0 : bits_of(got[i]) == bits_of(expected[i]);
        if (!is_same) {
            fail_msg("%s of %a, %a: %a, expected %a (bits %016llx, %016llx)", what, x[i], y[i],
                     got[i], expected[i], (unsigned long long)bits_of(got[i]),
                     (unsigned long long)bits_of(expected[i]));
        }
    }
}

// BAS-2: the same bytes for one value and for a block of lanes.
static void lanes_give_the_bits_of_single_values(void** state)
{
    (void)state;
    _Alignas(64) double x[ST_LANES], y[ST_LANES], out[ST_LANES], plain[ST_LANES];
    for (uint64_t block = 0; block < BLOCKS; block++) {
        fill(block, x, y);
        for (int i = 0; i < ST_LANES; i++) {
            plain[i] = st_exp(x[i]);
        }
        st_exp_lanes(x, out);
        expect_equal("exp", x, y, out, plain);
        for (int i = 0; i < ST_LANES; i++) {
            plain[i] = st_log(x[i]);
        }
        st_log_lanes(x, out);
        expect_equal("log", x, y, out, plain);
        for (int i = 0; i < ST_LANES; i++) {
            plain[i] = st_pow(x[i], y[i]);
        }
        st_pow_lanes(x, y, out);
        expect_equal("pow", x, y, out, plain);
        st_exp_lanes(y, plain);
        memcpy(out, y, sizeof out);
        st_exp_lanes(out, out); // in place
        expect_equal("exp in place", y, y, out, plain);
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

typedef bool (*wide_one)(const double* x, double* out);
typedef bool (*wide_two)(const double* x, const double* y, double* out);

static bool wide(int which, const wide_one* one, wide_two two, const double* x, const double* y,
                 double* out)
{
    return which < 2 ? one[which](x, out) : two(x, y, out);
}

static void wide_sse2(int which, const double* x, const double* y, double* out)
{
    for (int i = 0; i < ST_LANES; i += 2) {
        const __m128d a = _mm_loadu_pd(x + i);
        const __m128d b = _mm_loadu_pd(y + i);
        const __m128d r = which == 0   ? Sleef_cinz_expd2_u10sse2(a)
                          : which == 1 ? Sleef_cinz_logd2_u10sse2(a)
                                       : Sleef_cinz_powd2_u10sse2(a, b);
        _mm_storeu_pd(out + i, r);
    }
}

// BAS-2: the form of other machines, SLEEF's plain C, gives the same bytes.
static void plain_c_gives_the_same_bits(void** state)
{
    (void)state;
    _Alignas(64) double x[ST_LANES], y[ST_LANES];
    for (uint64_t block = 0; block < BLOCKS; block++) {
        fill(block, x, y);
        for (int i = 0; i < ST_LANES; i++) {
            const double got[] = {st_exp(x[i]),  st_log(x[i]), st_pow(x[i], y[i]),
                                  st_tanh(x[i]), st_sin(x[i]), st_cos(x[i]),
                                  0.0,           0.0};
            const double plain[] = {Sleef_cinz_expd1_u10purec(x[i]),
                                    Sleef_cinz_logd1_u10purec(x[i]),
                                    Sleef_cinz_powd1_u10purec(x[i], y[i]),
                                    Sleef_cinz_tanhd1_u10purec(x[i]),
                                    Sleef_cinz_sind1_u10purec(x[i]),
                                    Sleef_cinz_cosd1_u10purec(x[i]),
                                    0.0,
                                    0.0};
            expect_equal("plain C", x, y, got, plain);
        }
    }
}

// BAS-2: a CPU without AVX-512 or without AVX gives the same bytes.
static void older_cpus_give_the_same_bits(void** state)
{
    (void)state;
    static const char* const names[3] = {"exp", "log", "pow"};
    static const wide_one avx[2] = {st_maths_avx_exp, st_maths_avx_log};
    static const wide_one avx512[2] = {st_maths_avx512_exp, st_maths_avx512_log};
    const bool has_avx = __builtin_cpu_supports("avx") != 0;
    const bool has_avx512 = __builtin_cpu_supports("avx512f") != 0;
    int64_t avx_count = 0, avx512_count = 0;
    _Alignas(64) double x[ST_LANES], y[ST_LANES], out[ST_LANES], plain[ST_LANES];
    for (uint64_t block = 0; block < BLOCKS; block++) {
        fill(block, x, y);
        for (int which = 0; which < 3; which++) {
            for (int i = 0; i < ST_LANES; i++) {
                plain[i] = which == 0   ? st_exp(x[i])
                           : which == 1 ? st_log(x[i])
                                        : st_pow(x[i], y[i]);
            }
            wide_sse2(which, x, y, out);
            expect_equal(names[which], x, y, out, plain);
            if (has_avx && wide(which, avx, st_maths_avx_pow, x, y, out)) {
                expect_equal(names[which], x, y, out, plain);
                avx_count += ST_LANES;
            }
            if (has_avx512 && wide(which, avx512, st_maths_avx512_pow, x, y, out)) {
                expect_equal(names[which], x, y, out, plain);
                avx512_count += ST_LANES;
            }
        }
    }
    print_message("compared with SSE2 %d, AVX %d, AVX-512 %d values\n", 3 * BLOCKS * ST_LANES,
                  (int)avx_count, (int)avx512_count);
#if !defined(__clang__) // gcc needs no flags, so here the wide forms must be there
    assert_true(!has_avx || avx_count == 3 * BLOCKS * ST_LANES);
    assert_true(!has_avx512 || avx512_count == 3 * BLOCKS * ST_LANES);
#endif
}
#else
static void older_cpus_give_the_same_bits(void** state)
{
    (void)state;
    skip(); // the wide forms are x86-64 only
}
#endif

static void special_values_follow_the_standard(void** state)
{
    (void)state;
    assert_true(st_exp(0.0) == 1.0 && st_exp(-0.0) == 1.0);
    assert_true(st_exp(INFINITY) == INFINITY && st_exp(-INFINITY) == 0.0);
    assert_true(isnan(st_exp(NAN)) && st_exp(1000.0) == INFINITY && st_exp(-1000.0) == 0.0);
    assert_true(st_log(1.0) == 0.0 && st_log(0.0) == -INFINITY && st_log(INFINITY) == INFINITY);
    assert_true(isnan(st_log(-1.0)) && isnan(st_log(NAN)));
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        assert_true(st_pow(special[i], 0.0) == 1.0);
        assert_true(st_pow(1.0, special[i]) == 1.0);
        for (size_t j = 0; j < SPECIAL_COUNT; j++) {
            // libm follows annex F; only last bits may differ, and SLEEF overflows 2e-6 early.
            const double a = st_pow(special[i], special[j]);
            const double b = pow(special[i], special[j]);
            const bool is_edge = fabs(b) >= DBL_MAX * (1.0 - 2e-6) && isinf(a);
            const bool same =
                isnan(a) ? isnan(b) : is_edge || a == b || fabs(a - b) <= 1e-15 * fabs(b) + 5e-324;
            if (!same) {
                fail_msg("pow(%a, %a) = %a, libm %a", special[i], special[j], a, b);
            }
        }
    }
    assert_true(st_tanh(INFINITY) == 1.0 && st_tanh(0.0) == 0.0 && isnan(st_tanh(NAN)));
    assert_true(st_sin(0.0) == 0.0 && st_cos(0.0) == 1.0 && isnan(st_sin(INFINITY)));
}

// Units in the last place between a result and the same in long double.
static double error_ulp(double got, long double exact)
{
    if (!isfinite(got) || fabsl(exact) > (long double)DBL_MAX) {
        return isinf(got) == (fabsl(exact) > (long double)DBL_MAX) ? 0.0 : INFINITY;
    }
    const double rounded = (double)exact;
    const double size = fabs(rounded);
    const double ulp = nextafter(size, INFINITY) - size;
    return (double)(fabsl((long double)got - exact) / (long double)ulp);
}

static void worse(double* worst, double error)
{
    *worst = error > *worst ? error : *worst;
}

// BAS-2: error below 1 ulp against long double.
static void results_are_within_one_ulp(void** state)
{
    (void)state;
    if (LDBL_MANT_DIG < 64) {
        skip(); // no wider type to compare with
    }
    double exp_worst = 0, log_worst = 0, pow_worst = 0, tanh_worst = 0, trig_worst = 0;
    for (uint64_t i = 0; i < 200000; i++) {
        const double x = uniform(i, 10, -700.0, 700.0);
        const double y = exp2(uniform(i, 11, -1000.0, 1000.0));
        const double base = exp2(uniform(i, 12, -30.0, 30.0));
        const double power = uniform(i, 13, -20.0, 20.0);
        const double small = uniform(i, 14, -4.0, 4.0);
        worse(&exp_worst, error_ulp(st_exp(x), expl(x)));
        worse(&exp_worst, error_ulp(st_exp(small), expl(small)));
        worse(&log_worst, error_ulp(st_log(y), logl(y)));
        worse(&log_worst, error_ulp(st_log(1.0 + 0.1 * small), logl(1.0 + 0.1 * small)));
        worse(&pow_worst, error_ulp(st_pow(base, power), powl(base, power)));
        worse(&tanh_worst, error_ulp(st_tanh(small), tanhl(small)));
        worse(&trig_worst, error_ulp(st_sin(x), sinl(x)));
        worse(&trig_worst, error_ulp(st_cos(x), cosl(x)));
    }
    print_message("largest error in ulp: exp %.3f, log %.3f, pow %.3f, tanh %.3f, sin/cos %.3f\n",
                  exp_worst, log_worst, pow_worst, tanh_worst, trig_worst);
    assert_true(exp_worst < 1.0);
    assert_true(log_worst < 1.0);
    assert_true(pow_worst < 1.0);
    assert_true(tanh_worst <= 1.0);
    assert_true(trig_worst < 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_give_the_bits_of_single_values),
        cmocka_unit_test(plain_c_gives_the_same_bits),
        cmocka_unit_test(older_cpus_give_the_same_bits),
        cmocka_unit_test(special_values_follow_the_standard),
        cmocka_unit_test(results_are_within_one_ulp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
