#include "patient/cholesky.h"

#include <math.h>

int st_cholesky_factor(int n, const double* matrix, double* factor)
{
    for (int i = 0; i < n; ++i) {
        double* const row = factor + (size_t)i * (size_t)n;
        for (int j = 0; j < n; ++j) {
            row[j] = 0.0;
        }
        for (int j = 0; j <= i; ++j) {
            const double* const other = factor + (size_t)j * (size_t)n;
            double sum = matrix[(size_t)i * (size_t)n + (size_t)j];
            for (int k = 0; k < j; ++k) {
                sum -= row[k] * other[k];
            }
            if (j < i) {
                row[j] = sum / other[j];
            } else if (sum > ST_CHOLESKY_PIVOT) { // false for NaN too
                row[j] = sqrt(sum);
            } else {
                return i;
            }
        }
    }
    return -1;
}
