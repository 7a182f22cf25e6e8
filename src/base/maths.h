/// \file
/// exp, log, pow and their lane-wide forms. The same bytes on every x86-64 CPU and for every lane
/// count: SLEEF's deterministic variants instead of libm, which picks its code by CPU.      [BAS-2]
#ifndef ST_BASE_MATHS_H
#define ST_BASE_MATHS_H

#include "base.h"

/// Individuals that one lane block carries. A constant of the source, not of the CPU.
#define ST_LANES 8

double st_exp(double x);
double st_log(double x);
double st_pow(double x, double y);
double st_tanh(double x);
double st_sin(double x);
double st_cos(double x);

/// The same over ST_LANES values; in and out may be the same array, aligned to 64 bytes.
void st_exp_lanes(const double* x, double* out);
void st_log_lanes(const double* x, double* out);
void st_pow_lanes(const double* x, const double* y, double* out);

#endif
