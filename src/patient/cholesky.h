/// \file
/// Correlated normal scores: the lower triangular factor of a correlation matrix.       [PAT-2]
#ifndef ST_PATIENT_CHOLESKY_H
#define ST_PATIENT_CHOLESKY_H

#include "base/base.h"

/// A matrix counts as positive definite when every pivot is above this (pivots are <= 1).
#define ST_CHOLESKY_PIVOT 1e-9

/// Factors the symmetric row-major `matrix` [n * n] (lower part read) into `factor` [n * n], zero
/// above the diagonal. Gives -1, or the first row that makes it not positive definite.
int st_cholesky_factor(int n, const double* matrix, double* factor);

#endif
