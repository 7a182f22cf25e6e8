#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx512f")
#endif

#include "base/maths.h"
#include "base/maths_wide.h"

#if defined(__x86_64__) && defined(__AVX512F__)

#include <immintrin.h>
#include <sleef.h>

bool st_maths_avx512_exp(const double* x, double* out)
{
    for (int i = 0; i < ST_LANES; i += 8) {
        _mm512_storeu_pd(out + i, Sleef_cinz_expd8_u10avx512fnofma(_mm512_loadu_pd(x + i)));
    }
    return true;
}

bool st_maths_avx512_log(const double* x, double* out)
{
    for (int i = 0; i < ST_LANES; i += 8) {
        _mm512_storeu_pd(out + i, Sleef_cinz_logd8_u10avx512fnofma(_mm512_loadu_pd(x + i)));
    }
    return true;
}

bool st_maths_avx512_pow(const double* x, const double* y, double* out)
{
    for (int i = 0; i < ST_LANES; i += 8) {
        const __m512d base = _mm512_loadu_pd(x + i);
        const __m512d power = _mm512_loadu_pd(y + i);
        _mm512_storeu_pd(out + i, Sleef_cinz_powd8_u10avx512fnofma(base, power));
    }
    return true;
}

#else

bool st_maths_avx512_exp(const double* x, double* out)
{
    (void)x;
    (void)out;
    return false;
}

bool st_maths_avx512_log(const double* x, double* out)
{
    (void)x;
    (void)out;
    return false;
}

bool st_maths_avx512_pow(const double* x, const double* y, double* out)
{
    (void)x;
    (void)y;
    (void)out;
    return false;
}

#endif
