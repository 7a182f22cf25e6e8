#include "validate_weights.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

#define FEATURE_LIMIT (2 * ST_VALIDATE_BASELINE_LIMIT + 3)
#define STEP_LIMIT    60

/// How hard the printed people are held to: first, and last when hardly anybody would be left.
#define SOFT_FIRST 1e-3
#define SOFT_LAST  1.0
/// Least share of the candidates that may carry an arm before it is held to less.
#define LEAST_SHARE 0.04

typedef struct problem {
    const st_validate_pool* pool;
    int count; ///< features
    double* z; ///< [person][FEATURE_LIMIT]
    const bool* is_out;
    double* weight;
    double soft;
} problem;

size_t st_validate_weights_scratch(int person_count)
{
    return (size_t)person_count * (FEATURE_LIMIT + 1);
}

/// Adds (x - target) / scale as a feature; x of person i is given by `from` or `values`.
static void add_feature(problem* p, const float* values, int attribute, double target,
                        bool is_square, double centre)
{
    const int people = p->pool->person_count;
    double mean = 0.0;
    double square = 0.0;
    double scale;
    int counted = 0;

    for (int i = 0; i < people; ++i) {
        double x = values != NULL ? (double)values[i] : p->pool->person[i].value[attribute];
        x = is_square ? (x - centre) * (x - centre) : x;
        p->z[(size_t)i * FEATURE_LIMIT + (size_t)p->count] = x;
        if (!p->is_out[i]) {
            ++counted;
            mean += x;
            square += x * x;
        }
    }
    mean /= counted;
    scale = sqrt(fmax(square / counted - mean * mean, 1e-12));
    for (int i = 0; i < people; ++i) {
        double* const z = &p->z[(size_t)i * FEATURE_LIMIT + (size_t)p->count];
        *z = (*z - target) / scale;
    }
    p->count += 1;
}

/// log sum exp(l z) + soft |l|^2 / 2, and the weights.
static double objective(const problem* p, const double* lambda)
{
    const int people = p->pool->person_count;
    double most = -INFINITY;
    double sum = 0.0;
    double value;

    for (int i = 0; i < people; ++i) {
        double e = 0.0;
        for (int k = 0; k < p->count; ++k) {
            e += lambda[k] * p->z[(size_t)i * FEATURE_LIMIT + (size_t)k];
        }
        p->weight[i] = e;
        most = p->is_out[i] ? most : fmax(most, e);
    }
    for (int i = 0; i < people; ++i) {
        p->weight[i] = p->is_out[i] ? 0.0 : st_exp(p->weight[i] - most);
        sum += p->weight[i];
    }
    for (int i = 0; i < people; ++i) {
        p->weight[i] /= sum;
    }
    value = most + st_log(sum);
    for (int k = 0; k < p->count; ++k) {
        value += 0.5 * p->soft * lambda[k] * lambda[k];
    }
    return value;
}

/// Solves the small symmetric positive system in place by Cholesky's method.
static void solve(double a[FEATURE_LIMIT][FEATURE_LIMIT], double* b, int n)
{
    for (int j = 0; j < n; ++j) {
        for (int i = j; i < n; ++i) {
            double sum = a[i][j];
            for (int k = 0; k < j; ++k) {
                sum -= a[i][k] * a[j][k];
            }
            a[i][j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / a[j][j];
        }
    }
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < i; ++k) {
            b[i] -= a[i][k] * b[k];
        }
        b[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; --i) {
        for (int k = i + 1; k < n; ++k) {
            b[i] -= a[k][i] * b[k];
        }
        b[i] /= a[i][i];
    }
}

/// Newton's step from the current weights.
static double newton(const problem* p, const double* lambda, double* step)
{
    double hess[FEATURE_LIMIT][FEATURE_LIMIT] = {{0.0}};
    double mean[FEATURE_LIMIT] = {0.0};
    double size = 0.0;

    for (int i = 0; i < p->pool->person_count; ++i) {
        const double* z = &p->z[(size_t)i * FEATURE_LIMIT];
        const double w = p->weight[i];
        for (int k = 0; k < p->count && w > 0.0; ++k) {
            mean[k] += w * z[k];
            for (int l = 0; l <= k; ++l) {
                hess[k][l] += w * z[k] * z[l];
            }
        }
    }
    for (int k = 0; k < p->count; ++k) {
        for (int l = 0; l <= k; ++l) {
            hess[k][l] -= mean[k] * mean[l];
        }
        hess[k][k] += p->soft;
        step[k] = mean[k] + p->soft * lambda[k];
        size = fmax(size, fabs(step[k]));
    }
    solve(hess, step, p->count);
    return size;
}

static double effective(const problem* p)
{
    double squares = 0.0;

    for (int i = 0; i < p->pool->person_count; ++i) {
        squares += p->weight[i] * p->weight[i];
    }
    return 1.0 / squares;
}

/// Damped Newton on the convex dual.                                                      [VAL-8]
static void balance(const problem* p)
{
    double lambda[FEATURE_LIMIT] = {0.0};
    double value = objective(p, lambda);

    for (int i = 0; i < STEP_LIMIT; ++i) {
        double step[FEATURE_LIMIT];
        double next[FEATURE_LIMIT];
        double share = 1.0;
        double found = INFINITY;
        if (newton(p, lambda, step) < 1e-7) {
            break;
        }
        for (int halving = 0; halving < 30; ++halving, share *= 0.5) {
            for (int k = 0; k < p->count; ++k) {
                next[k] = lambda[k] - share * step[k];
            }
            found = objective(p, next);
            if (found <= value) {
                break;
            }
        }
        if (!(found < value)) {
            objective(p, lambda);
            break;
        }
        memcpy(lambda, next, sizeof lambda);
        value = found;
    }
}

double st_validate_weights_solve(const st_validate_pool* pool, const st_validate_rules* rules,
                                 const st_validate_arm* arm, double* scratch, double* weight)
{
    const float* pain = st_validate_pool_readings(pool, ST_VALIDATE_UNTREATED, 0, rules->pain);
    bool* const is_out = (bool*)(void*)(scratch + (size_t)pool->person_count * FEATURE_LIMIT);
    problem p = {.pool = pool, .z = scratch, .is_out = is_out, .weight = weight};
    int candidates = 0;

    for (int i = 0; i < pool->person_count; ++i) {
        const double grade = pool->person[i].value[ST_PERSON_KL];
        is_out[i] = pool->is_failed[i] || grade < arm->kl.lo || grade > arm->kl.hi ||
                    (double)pain[i] < arm->threshold;
        candidates += !is_out[i];
        weight[i] = 0.0;
    }
    if (candidates < 2) {
        return 0.0;
    }
    for (int k = 0; k < arm->entry_count; ++k) {
        const st_validate_entry* e = &arm->entry[k];
        const float* values =
            st_validate_pool_readings(pool, ST_VALIDATE_UNTREATED, 0, e->instrument);
        add_feature(&p, values, 0, e->mean, false, 0.0);
        if (isfinite(e->sd)) {
            add_feature(&p, values, 0, e->sd * e->sd, true, e->mean);
        }
    }
    if (isfinite(arm->age)) {
        add_feature(&p, NULL, ST_PERSON_AGE, arm->age, false, 0.0);
    }
    if (isfinite(arm->bmi)) {
        add_feature(&p, NULL, ST_PERSON_BMI, arm->bmi, false, 0.0);
    }
    if (isfinite(arm->female)) {
        add_feature(&p, NULL, ST_PERSON_FEMALE, arm->female, false, 0.0);
    }
    for (p.soft = SOFT_FIRST; p.soft <= SOFT_LAST; p.soft *= 4.0) {
        balance(&p);
        if (effective(&p) >= LEAST_SHARE * candidates) {
            break;
        }
    }
    return effective(&p);
}
