#include "multiple.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>

/// Run default: draws of Dunnett's distribution. Standard error of a p of 0.05: 0.0011.
#define DUNNETT_DRAWS 40000

/// Positions of the known p values, ascending in p; ties in order of position.
static int order_of(const double* p, int count, int* order)
{
    int known = 0;

    for (int i = 0; i < count; ++i) {
        int at = known;
        if (isnan(p[i])) {
            continue;
        }
        while (at > 0 && p[order[at - 1]] > p[i]) {
            order[at] = order[at - 1];
            --at;
        }
        order[at] = i;
        ++known;
    }
    return known;
}

void st_multiple_holm(const double* p, int count, double* adjusted)
{
    int order[ST_MULTIPLE_LIMIT];
    const int known = order_of(p, count, order);
    double highest = 0.0;

    for (int i = 0; i < count; ++i) {
        adjusted[i] = NAN;
    }
    // p~_(i) = max over j <= i of min(1, (m - j + 1) p_(j))                               [TRI-27]
    for (int i = 0; i < known; ++i) {
        highest = fmax(highest, fmin(1.0, (known - i) * p[order[i]]));
        adjusted[order[i]] = highest;
    }
}

void st_multiple_hochberg(const double* p, int count, double* adjusted)
{
    int order[ST_MULTIPLE_LIMIT];
    const int known = order_of(p, count, order);
    double lowest = 1.0;

    for (int i = 0; i < count; ++i) {
        adjusted[i] = NAN;
    }
    // p~_(i) = min over j >= i of min(1, (m - j + 1) p_(j))                               [TRI-27]
    for (int i = known - 1; i >= 0; --i) {
        lowest = fmin(lowest, (known - i) * p[order[i]]);
        adjusted[order[i]] = lowest;
    }
}

/// Square root of a chi-square with df degrees of freedom over df, by the cube root normal (Wilson
/// and Hilferty) above 30 and as a sum of squares below.
static double scale_draw(const st_random_key* key, uint64_t draw, double df)
{
    double sum = 0.0;

    if (df > 30.0) {
        const double a = 2.0 / (9.0 * df);
        const double root = 1.0 - a + st_random_normal(key, draw) * sqrt(a);
        return sqrt(fmax(root * root * root, 0.0));
    }
    for (int i = 0; i < (int)floor(df + 0.5); ++i) {
        const double z = st_random_normal(key, draw + (uint64_t)i);
        sum += z * z;
    }
    return sqrt(sum / floor(df + 0.5));
}

void st_multiple_dunnett(const double* t, const double* size, int count, double control_size,
                         double df, uint64_t seed, uint64_t id, double* adjusted, double* critical)
{
    enum { BINS = 4000 };
    int bin[BINS + 1] = {0};
    int beyond[ST_MULTIPLE_LIMIT] = {0};
    int tail = 0;

    for (int j = 0; j < count; ++j) {
        adjusted[j] = NAN;
    }
    *critical = NAN;
    if (count < 1 || count > ST_MULTIPLE_LIMIT || !(df >= 1.0) || !(control_size > 0.0)) {
        return;
    }
    for (int draw = 0; draw < DUNNETT_DRAWS; ++draw) {
        const st_random_key key = {seed, ST_STREAM_BOOTSTRAP, id, (uint64_t)draw};
        const double shared = st_random_normal(&key, 0) / sqrt(control_size);
        const double scale = scale_draw(&key, 64, df);
        double largest = 0.0;

        // T_j = (Z_j / sqrt(n_j) - Z_0 / sqrt(n_0)) / (s sqrt(1/n_j + 1/n_0))             [TRI-28]
        for (int j = 0; j < count; ++j) {
            const double own = st_random_normal(&key, 1 + (uint64_t)j) / sqrt(size[j]);
            const double x = (own - shared) / (scale * sqrt(1.0 / size[j] + 1.0 / control_size));
            largest = fmax(largest, fabs(x));
        }
        for (int j = 0; j < count; ++j) {
            beyond[j] += largest >= fabs(t[j]);
        }
        bin[largest < 20.0 ? (int)floor(largest * (BINS / 20.0)) : BINS] += 1;
    }
    for (int j = 0; j < count; ++j) {
        adjusted[j] = isnan(t[j]) ? NAN : (double)beyond[j] / DUNNETT_DRAWS;
    }
    for (int b = BINS; b >= 0; --b) {
        tail += bin[b];
        if (tail > (1.0 - ST_STATISTICS_LEVEL) * DUNNETT_DRAWS) {
            *critical = (b + 1) * (20.0 / BINS);
            return;
        }
    }
}
