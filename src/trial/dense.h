/// \file
/// Small dense symmetric matrices, row by row, for the statistics of this room.
#ifndef ST_TRIAL_DENSE_H
#define ST_TRIAL_DENSE_H

#include "base/base.h"

/// Replaces a symmetric positive definite matrix [n][n] by its inverse and gives the logarithm of
/// its determinant (NULL allowed). False, with `a` undefined, when it is not positive definite to
/// rounding.                                                                            [TRI-21]
bool st_dense_invert(double* a, int n, double* log_det);

/// Replaces the lower triangle of a symmetric positive definite matrix by its Cholesky factor; the
/// strict upper half is left alone. `log_det` may be NULL. False as above.
bool st_dense_factor(double* a, int n, double* log_det);

/// out = a x, with a [rows][columns].
void st_dense_apply(const double* a, int rows, int columns, const double* x, double* out);

double st_dense_dot(const double* x, const double* y, int count);

#endif
