/// \file
/// Student's t distribution and the incomplete beta function below it. Built on st_exp and st_log,
/// so that reported p values and intervals have the same bytes on every CPU.        [TRI-1, TRI-2]
#ifndef ST_TRIAL_STUDENT_H
#define ST_TRIAL_STUDENT_H

#include "base/base.h"

/// ln B(a, b) for a, b > 0. Relative error of B below 1e-13 up to a, b = 1e6.
double st_student_log_beta(double a, double b);

/// Regularised incomplete beta function I_x(a, b), 0 <= x <= 1, a, b > 0; else NAN.
double st_student_beta(double x, double a, double b);

/// P(|T| > |t|) with `df` > 0 degrees of freedom; NAN for wrong arguments.
double st_student_two_sided(double t, double df);

/// P(T <= t).
double st_student_cdf(double t, double df);

/// The t with P(|T| > t) = p, 0 < p < 1; NAN for wrong arguments.
double st_student_critical(double p, double df);

#endif
