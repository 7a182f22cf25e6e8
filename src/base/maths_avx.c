#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx")
#endif

#include "base/maths.h"
#include "base/maths_wide.h"

#if defined(__x86_64__) && defined(__AVX__)

#include <immintrin.h>
#include <sleef.h>

bool st_maths_avx_exp(const double* x, double* out)
{
    for (int i = 0; i < ST_LANES; i += 4) {
        _mm256_storeu_pd(out + i, Sleef_cinz_expd4_u10avx(_mm256_loadu_pd(x + i)));
    }
    return true;
}

bool st_maths_avx_log(const double* x, double* out)
{
    for (int i = 0; i < ST_LANES; i += 4) {
        _mm256_storeu_pd(out + i, Sleef_cinz_logd4_u10avx(_mm256_loadu_pd(x + i)));
    }
    return true;
}

bool st_maths_avx_pow(const double* x, const double* y, double* out)
{
    for (int i = 0; i < ST_LANES; i += 4) {
        const __m256d base = _mm256_loadu_pd(x + i);
        const __m256d power = _mm256_loadu_pd(y + i);
        _mm256_storeu_pd(out + i, Sleef_cinz_powd4_u10avx(base, power));
    }
    return true;
}

#else

bool st_maths_avx_exp(const double* x, double* out)
{
    (void)x;
    (void)out;
    return false;
}

bool st_maths_avx_log(const double* x, double* out)
{
    (void)x;
    (void)out;
    return false;
}

bool st_maths_avx_pow(const double* x, const double* y, double* out)
{
    (void)x;
    (void)y;
    (void)out;
    return false;
}

#endif
