#include "base/maths.h"
#include "base/maths_wide.h"

#include <sleef.h>

// Every form below, plain C, SSE2, AVX or AVX-512, gives the same bits. [BAS-2]

#if defined(__x86_64__)

#include <immintrin.h>

// One value in both halves: the SSE2 form is two to three times as fast as SLEEF's plain C form.
double st_exp(double x)
{
    return _mm_cvtsd_f64(Sleef_cinz_expd2_u10sse2(_mm_set1_pd(x)));
}

double st_log(double x)
{
    return _mm_cvtsd_f64(Sleef_cinz_logd2_u10sse2(_mm_set1_pd(x)));
}

double st_pow(double x, double y)
{
    return _mm_cvtsd_f64(Sleef_cinz_powd2_u10sse2(_mm_set1_pd(x), _mm_set1_pd(y)));
}

double st_tanh(double x)
{
    return _mm_cvtsd_f64(Sleef_cinz_tanhd2_u10sse2(_mm_set1_pd(x)));
}

double st_sin(double x)
{
    return _mm_cvtsd_f64(Sleef_cinz_sind2_u10sse2(_mm_set1_pd(x)));
}

double st_cos(double x)
{
    return _mm_cvtsd_f64(Sleef_cinz_cosd2_u10sse2(_mm_set1_pd(x)));
}

void st_exp_lanes(const double* x, double* out)
{
    if (__builtin_cpu_supports("avx512f") && st_maths_avx512_exp(x, out)) {
        return;
    }
    if (__builtin_cpu_supports("avx") && st_maths_avx_exp(x, out)) {
        return;
    }
    for (int i = 0; i < ST_LANES; i += 2) {
        _mm_storeu_pd(out + i, Sleef_cinz_expd2_u10sse2(_mm_loadu_pd(x + i)));
    }
}

void st_log_lanes(const double* x, double* out)
{
    if (__builtin_cpu_supports("avx512f") && st_maths_avx512_log(x, out)) {
        return;
    }
    if (__builtin_cpu_supports("avx") && st_maths_avx_log(x, out)) {
        return;
    }
    for (int i = 0; i < ST_LANES; i += 2) {
        _mm_storeu_pd(out + i, Sleef_cinz_logd2_u10sse2(_mm_loadu_pd(x + i)));
    }
}

void st_pow_lanes(const double* x, const double* y, double* out)
{
    if (__builtin_cpu_supports("avx512f") && st_maths_avx512_pow(x, y, out)) {
        return;
    }
    if (__builtin_cpu_supports("avx") && st_maths_avx_pow(x, y, out)) {
        return;
    }
    for (int i = 0; i < ST_LANES; i += 2) {
        const __m128d base = _mm_loadu_pd(x + i);
        const __m128d power = _mm_loadu_pd(y + i);
        _mm_storeu_pd(out + i, Sleef_cinz_powd2_u10sse2(base, power));
    }
}

#else

double st_exp(double x)
{
    return Sleef_cinz_expd1_u10purec(x);
}

double st_log(double x)
{
    return Sleef_cinz_logd1_u10purec(x);
}

double st_pow(double x, double y)
{
    return Sleef_cinz_powd1_u10purec(x, y);
}

double st_tanh(double x)
{
    return Sleef_cinz_tanhd1_u10purec(x);
}

double st_sin(double x)
{
    return Sleef_cinz_sind1_u10purec(x);
}

double st_cos(double x)
{
    return Sleef_cinz_cosd1_u10purec(x);
}

void st_exp_lanes(const double* x, double* out)
{
    for (int i = 0; i < ST_LANES; i++) {
        out[i] = st_exp(x[i]);
    }
}

void st_log_lanes(const double* x, double* out)
{
    for (int i = 0; i < ST_LANES; i++) {
        out[i] = st_log(x[i]);
    }
}

void st_pow_lanes(const double* x, const double* y, double* out)
{
    for (int i = 0; i < ST_LANES; i++) {
        out[i] = st_pow(x[i], y[i]);
    }
}

#endif
