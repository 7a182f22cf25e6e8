/// \file
/// exp, log and pow over ST_LANES values by AVX and AVX-512. Private to maths.c and its test.
///
/// maths_avx.c and maths_avx512.c are compiled for wider CPUs than the rest (gcc by a pragma, clang
/// by -mavx and -mavx512f on the file: clang passes vectors as the whole file's target says, so a
/// target attribute on a function would call SLEEF with its arguments in the wrong place).
/// Each function gives false, and does nothing, when its file was compiled without. The caller has
/// asked the CPU.
#ifndef ST_BASE_MATHS_WIDE_H
#define ST_BASE_MATHS_WIDE_H

#include <stdbool.h>

bool st_maths_avx_exp(const double* x, double* out);
bool st_maths_avx_log(const double* x, double* out);
bool st_maths_avx_pow(const double* x, const double* y, double* out);

bool st_maths_avx512_exp(const double* x, double* out);
bool st_maths_avx512_log(const double* x, double* out);
bool st_maths_avx512_pow(const double* x, const double* y, double* out);

#endif
