#include "dense.h"

#include "base/maths.h"

#include <float.h>
#include <math.h>

bool st_dense_factor(double* a, int n, double* log_det)
{
    double sum_log = 0.0;

    for (int j = 0; j < n; ++j) {
        const double before = a[j * n + j];
        double pivot = before;

        for (int k = 0; k < j; ++k) {
            pivot -= a[j * n + k] * a[j * n + k];
        }
        // What rounding alone leaves of a diagonal element is no pivot; NAN fails too.
        if (!(pivot > 16.0 * n * DBL_EPSILON * before) || !isfinite(pivot)) {
            return false;
        }
        sum_log += st_log(pivot);
        a[j * n + j] = sqrt(pivot);
        for (int i = j + 1; i < n; ++i) {
            double sum = a[i * n + j];
            for (int k = 0; k < j; ++k) {
                sum -= a[i * n + k] * a[j * n + k];
            }
            a[i * n + j] = sum / a[j * n + j];
        }
    }
    if (log_det != NULL) {
        *log_det = sum_log;
    }
    return true;
}

/// Inverse of a lower triangle in place.
static void invert_lower(double* a, int n)
{
    for (int j = 0; j < n; ++j) {
        a[j * n + j] = 1.0 / a[j * n + j];
        for (int i = j + 1; i < n; ++i) {
            double sum = 0.0;
            for (int k = j; k < i; ++k) {
                sum -= a[i * n + k] * a[k * n + j];
            }
            a[i * n + j] = sum / a[i * n + i];
        }
    }
}

bool st_dense_invert(double* a, int n, double* log_det)
{
    if (!st_dense_factor(a, n, log_det)) {
        return false;
    }
    invert_lower(a, n);
    // A^-1 = L^-T L^-1; row i of the upper half needs only rows >= i, which are still intact.
    for (int i = 0; i < n; ++i) {
        for (int j = i; j < n; ++j) {
            double sum = 0.0;
            for (int k = j; k < n; ++k) {
                sum += a[k * n + i] * a[k * n + j];
            }
            if (i == j) {
                a[i * n + i] = sum;
            } else {
                a[i * n + j] = sum;
            }
        }
    }
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < i; ++j) {
            a[i * n + j] = a[j * n + i];
        }
    }
    return true;
}

void st_dense_apply(const double* a, int rows, int columns, const double* x, double* out)
{
    for (int i = 0; i < rows; ++i) {
        out[i] = st_dense_dot(a + (size_t)i * (size_t)columns, x, columns);
    }
}

double st_dense_dot(const double* x, const double* y, int count)
{
    double sum = 0.0;

    for (int i = 0; i < count; ++i) {
        sum += x[i] * y[i];
    }
    return sum;
}
