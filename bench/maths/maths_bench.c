// Time per element of exp, log and pow: SLEEF's deterministic families cinz (no FMA) and finz (FMA)
// at each width, libm, and the library's own lanes. Prints CSV: function,form,ns_per_element.
#include "base/maths.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include <sleef.h>

#if defined(__x86_64__) && defined(__AVX512F__)
#include <immintrin.h>

#define COUNT   4096
#define REPEATS 400
#define TRIES   7

static _Alignas(64) double x[COUNT], y[COUNT], out[COUNT];
static volatile double sink;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

#define MEASURE(function, form, step, body)                                                        \
    do {                                                                                           \
        double best = INFINITY;                                                                    \
        for (int t = 0; t < TRIES; t++) {                                                          \
            const double begin = now_ns();                                                         \
            for (int r = 0; r < REPEATS; r++) {                                                    \
                for (int i = 0; i < COUNT; i += (step)) {                                          \
                    body;                                                                          \
                }                                                                                  \
                sink = out[r % COUNT];                                                             \
            }                                                                                      \
            const double ns = (now_ns() - begin) / REPEATS / COUNT;                                \
            best = ns < best ? ns : best;                                                          \
        }                                                                                          \
        printf("%s,%s,%.3f\n", function, form, best);                                              \
    } while (0)

#define WIDE2(call) _mm_store_pd(out + i, call)
#define WIDE4(call) _mm256_store_pd(out + i, call)
#define WIDE8(call) _mm512_store_pd(out + i, call)
#define X2          _mm_load_pd(x + i)
#define Y2          _mm_load_pd(y + i)
#define X4          _mm256_load_pd(x + i)
#define Y4          _mm256_load_pd(y + i)
#define X8          _mm512_load_pd(x + i)
#define Y8          _mm512_load_pd(y + i)

int main(void)
{
    for (int i = 0; i < COUNT; i++) {
        const st_random_key key = {.seed = 1, .stream = ST_STREAM_TEST, .id = (uint64_t)i};
        x[i] = 0.01 + 20.0 * st_random_uniform(&key, 0);
        y[i] = 0.5 + 3.5 * st_random_uniform(&key, 1);
    }
    printf("function,form,ns_per_element\n");
    MEASURE("exp", "libm", 1, out[i] = exp(x[i]));
    MEASURE("exp", "cinz scalar", 1, out[i] = Sleef_cinz_expd1_u10purec(x[i]));
    MEASURE("exp", "finz scalar", 1, out[i] = Sleef_finz_expd1_u10purecfma(x[i]));
    MEASURE("exp", "cinz sse2 x2", 2, WIDE2(Sleef_cinz_expd2_u10sse2(X2)));
    MEASURE("exp", "cinz avx x4", 4, WIDE4(Sleef_cinz_expd4_u10avx(X4)));
    MEASURE("exp", "finz avx2 x4", 4, WIDE4(Sleef_finz_expd4_u10avx2(X4)));
    MEASURE("exp", "cinz avx512 x8", 8, WIDE8(Sleef_cinz_expd8_u10avx512fnofma(X8)));
    MEASURE("exp", "finz avx512 x8", 8, WIDE8(Sleef_finz_expd8_u10avx512f(X8)));
    MEASURE("exp", "st_exp", 1, out[i] = st_exp(x[i]));
    MEASURE("exp", "st_exp_lanes", ST_LANES, st_exp_lanes(x + i, out + i));
    MEASURE("log", "libm", 1, out[i] = log(x[i]));
    MEASURE("log", "cinz scalar", 1, out[i] = Sleef_cinz_logd1_u10purec(x[i]));
    MEASURE("log", "finz scalar", 1, out[i] = Sleef_finz_logd1_u10purecfma(x[i]));
    MEASURE("log", "cinz sse2 x2", 2, WIDE2(Sleef_cinz_logd2_u10sse2(X2)));
    MEASURE("log", "cinz avx x4", 4, WIDE4(Sleef_cinz_logd4_u10avx(X4)));
    MEASURE("log", "finz avx2 x4", 4, WIDE4(Sleef_finz_logd4_u10avx2(X4)));
    MEASURE("log", "cinz avx512 x8", 8, WIDE8(Sleef_cinz_logd8_u10avx512fnofma(X8)));
    MEASURE("log", "finz avx512 x8", 8, WIDE8(Sleef_finz_logd8_u10avx512f(X8)));
    MEASURE("log", "st_log", 1, out[i] = st_log(x[i]));
    MEASURE("log", "st_log_lanes", ST_LANES, st_log_lanes(x + i, out + i));
    MEASURE("pow", "libm", 1, out[i] = pow(x[i], y[i]));
    MEASURE("pow", "cinz scalar", 1, out[i] = Sleef_cinz_powd1_u10purec(x[i], y[i]));
    MEASURE("pow", "finz scalar", 1, out[i] = Sleef_finz_powd1_u10purecfma(x[i], y[i]));
    MEASURE("pow", "cinz sse2 x2", 2, WIDE2(Sleef_cinz_powd2_u10sse2(X2, Y2)));
    MEASURE("pow", "cinz avx x4", 4, WIDE4(Sleef_cinz_powd4_u10avx(X4, Y4)));
    MEASURE("pow", "finz avx2 x4", 4, WIDE4(Sleef_finz_powd4_u10avx2(X4, Y4)));
    MEASURE("pow", "cinz avx512 x8", 8, WIDE8(Sleef_cinz_powd8_u10avx512fnofma(X8, Y8)));
    MEASURE("pow", "finz avx512 x8", 8, WIDE8(Sleef_finz_powd8_u10avx512f(X8, Y8)));
    MEASURE("pow", "st_pow", 1, out[i] = st_pow(x[i], y[i]));
    MEASURE("pow", "st_pow_lanes", ST_LANES, st_pow_lanes(x + i, y + i, out + i));
    return 0;
}
#else
int main(void)
{
    fprintf(stderr, "compile with -mavx512f on a machine that has it\n");
    return 1;
}
#endif
