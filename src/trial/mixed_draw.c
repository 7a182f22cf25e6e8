#include "dense.h"
#include "mixed_inside.h"

#include <string.h>

/// Tries until a drawn covariance is one.
#define DRAW_LIMIT 100

/// estimate + L z, L L' = covariance.
static void draw_normal(const double* estimate, const double* covariance, int n,
                        const st_random_key* key, uint64_t from, double* scratch, double* out)
{
    memcpy(scratch, covariance, (size_t)n * (size_t)n * sizeof(double));
    memcpy(out, estimate, (size_t)n * sizeof(double));
    if (!st_dense_factor(scratch, n, NULL)) {
        return;
    }
    for (int j = 0; j < n; ++j) {
        const double z = st_random_normal(key, from + (uint64_t)j);
        for (int i = j; i < n; ++i) {
            out[i] += scratch[i * n + j] * z;
        }
    }
}

void st_mixed_draw(const st_mixed* mixed, const st_random_key* key, double* beta, double* sigma)
{
    const int t = mixed->t;
    double estimate[ST_MIXED_VISIT_LIMIT * (ST_MIXED_VISIT_LIMIT + 1) / 2];
    double found[ST_MIXED_VISIT_LIMIT * (ST_MIXED_VISIT_LIMIT + 1) / 2];
    double check[ST_MIXED_VISIT_LIMIT * ST_MIXED_VISIT_LIMIT];
    int j = 0;

    for (int a = 0; a < t; ++a) {
        for (int b = a; b < t; ++b) {
            estimate[j++] = mixed->sigma[a * t + b];
        }
    }
    draw_normal(mixed->beta, mixed->c, mixed->p, key, 0, mixed->scratch, beta);
    for (int turn = 1; turn <= DRAW_LIMIT; ++turn) {
        draw_normal(estimate, mixed->observed, mixed->q, key, (uint64_t)turn * 1024, mixed->scratch,
                    found);
        j = 0;
        for (int a = 0; a < t; ++a) {
            for (int b = a; b < t; ++b) {
                sigma[a * t + b] = sigma[b * t + a] = found[j++];
            }
        }
        memcpy(check, sigma, (size_t)t * (size_t)t * sizeof(double));
        if (st_dense_factor(check, t, NULL)) {
            return;
        }
    }
    memcpy(sigma, mixed->sigma, (size_t)t * (size_t)t * sizeof(double));
}
