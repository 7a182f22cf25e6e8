#include "student.h"

#include "base/maths.h"
#include "base/random.h"

#include <float.h>
#include <math.h>

#define ITERATION_LIMIT 20000

/// ln(1 + x) for x > -1. The quotient undoes the rounding of 1 + x.
static double log_one_plus(double x)
{
    const double sum = 1.0 + x;

    if (sum == 1.0) {
        return x;
    }
    if (isinf(sum)) {
        return INFINITY;
    }
    return st_log(sum) * (x / (sum - 1.0));
}

/// Stirling's remainder ln Gamma(x) - [(x - 1/2) ln x - x + ln sqrt(2 pi)] for x >= 10.
static double stirling_rest(double x)
{
    static const double coefficient[] = {1.0 / 12.0,    -1.0 / 360.0,      1.0 / 1260.0,
                                         -1.0 / 1680.0, 1.0 / 1188.0,      -691.0 / 360360.0,
                                         1.0 / 156.0,   -3617.0 / 122400.0};
    const int count = (int)(sizeof coefficient / sizeof coefficient[0]);
    const double inverse2 = 1.0 / (x * x);
    double sum = 0.0;

    for (int i = count - 1; i >= 0; --i) {
        sum = sum * inverse2 + coefficient[i];
    }
    return sum / x;
}

/// ln sqrt(2 pi)
static const double log_root_two_pi = 0.91893853320467274178;

/// ln Gamma(x) for x > 0: shifted above 10, where Stirling's series has converged.
static double log_gamma(double x)
{
    double product = 1.0;

    while (x < 10.0) {
        product *= x;
        x += 1.0;
    }
    return (x - 0.5) * st_log(x) - x + log_root_two_pi + stirling_rest(x) - st_log(product);
}

double st_student_log_beta(double a, double b)
{
    const double p = fmin(a, b);
    const double q = fmax(a, b);

    if (!(p > 0.0) || isinf(q)) {
        return NAN;
    }
    // Large arguments: the leading terms of Stirling's formula cancel on paper, not in rounding.
    if (p >= 10.0) {
        const double rest = stirling_rest(p) + stirling_rest(q) - stirling_rest(p + q);
        return -0.5 * st_log(q) + log_root_two_pi + rest + (p - 0.5) * st_log(p / (p + q)) +
               q * log_one_plus(-p / (p + q));
    }
    if (q >= 10.0) {
        const double rest = stirling_rest(q) - stirling_rest(p + q);
        return log_gamma(p) + rest + p - p * st_log(p + q) + (q - 0.5) * log_one_plus(-p / (p + q));
    }
    return log_gamma(p) + log_gamma(q) - log_gamma(p + q);
}

/// Continued fraction of I_x(a, b) by Lentz's method; converges fast for x < (a+1)/(a+b+2). [TRI-1]
static double beta_fraction(double x, double a, double b)
{
    double c = 1.0;
    double d = 1.0 - (a + b) * x / (a + 1.0);
    double h;

    d = 1.0 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
    h = d;
    for (int m = 1; m <= ITERATION_LIMIT; ++m) {
        const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        double change;

        d = 1.0 + even * d;
        c = 1.0 + even / c;
        d = 1.0 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        c = fabs(c) < DBL_MIN ? DBL_MIN : c;
        h *= d * c;
        d = 1.0 + odd * d;
        c = 1.0 + odd / c;
        d = 1.0 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        c = fabs(c) < DBL_MIN ? DBL_MIN : c;
        change = d * c;
        h *= change;
        if (fabs(change - 1.0) < 4.0 * DBL_EPSILON) {
            return h;
        }
    }
    return NAN;
}

/// I_x(a, b) with x + y = 1 given as a pair, because neither may be rounded away near 1.
static double beta_pair(double x, double y, double log_x, double log_y, double a, double b)
{
    double front;

    if (x <= 0.0) {
        return 0.0;
    }
    if (y <= 0.0) {
        return 1.0;
    }
    front = st_exp(a * log_x + b * log_y - st_student_log_beta(a, b));
    if (x < (a + 1.0) / (a + b + 2.0)) {
        return front * beta_fraction(x, a, b) / a;
    }
    return 1.0 - front * beta_fraction(y, b, a) / b;
}

double st_student_beta(double x, double a, double b)
{
    if (!(x >= 0.0 && x <= 1.0) || !(a > 0.0) || !(b > 0.0)) {
        return NAN;
    }
    return beta_pair(x, 1.0 - x, x > 0.5 ? log_one_plus(x - 1.0) : st_log(x), log_one_plus(-x), a,
                     b);
}

double st_student_two_sided(double t, double df)
{
    const double ratio = t * t / df;

    if (!(df > 0.0) || isinf(df) || isnan(t)) {
        return NAN;
    }
    if (t == 0.0) {
        return 1.0;
    }
    if (isinf(ratio)) {
        return 0.0;
    }
    // P(|T| > t) = I_x(df/2, 1/2) with x = df / (df + t^2)                                [TRI-2]
    return beta_pair(1.0 / (1.0 + ratio), ratio / (1.0 + ratio), -log_one_plus(ratio),
                     st_log(ratio) - log_one_plus(ratio), 0.5 * df, 0.5);
}

double st_student_cdf(double t, double df)
{
    const double tail = 0.5 * st_student_two_sided(t, df);

    return t > 0.0 ? 1.0 - tail : tail;
}

double st_student_critical(double p, double df)
{
    double lo = 0.0;
    double hi = 1.0;
    double t;

    if (!(p > 0.0 && p < 1.0) || !(df > 0.0) || isinf(df)) {
        return NAN;
    }
    while (st_student_two_sided(hi, df) > p) {
        lo = hi;
        hi *= 2.0;
        if (isinf(hi)) {
            return NAN;
        }
    }
    // Newton's step where it stays inside the bracket, halving where it does not.
    t = fmin(fmax(-st_normal_quantile(0.5 * p), lo), hi);
    for (int i = 0; i < 200; ++i) {
        const double miss = st_student_two_sided(t, df) - p;
        const double density = st_exp(-0.5 * (df + 1.0) * log_one_plus(t * t / df) -
                                      st_student_log_beta(0.5 * df, 0.5)) /
                               sqrt(df);
        double next;

        if (miss > 0.0) {
            lo = t;
        } else {
            hi = t;
        }
        next = t + miss / (2.0 * density);
        if (!(next > lo && next < hi)) {
            next = 0.5 * (lo + hi);
        }
        if (fabs(next - t) <= 2.0 * DBL_EPSILON * fabs(next)) {
            return next;
        }
        t = next;
    }
    return t;
}
