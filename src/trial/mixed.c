#include "mixed_inside.h"

#include "dense.h"
#include "student.h"

#include <math.h>
#include <string.h>

#define PASS_LIMIT    100
#define HALVING_LIMIT 40
/// Newton decrement below which a step no longer changes the printed digits.
#define DECREMENT 1e-20

/// ln(2 pi)
static const double log_two_pi = 1.83787706640934548356;

st_status st_mixed_create(st_ctx* ctx, int covariate_count, int visit_count, st_mixed** out)
{
    st_mixed* m;
    size_t p, q, t, large;

    *out = NULL;
    if (covariate_count < 1 || visit_count < 1 || visit_count > ST_MIXED_VISIT_LIMIT ||
        covariate_count * visit_count > ST_MIXED_COEFFICIENT_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "mixed model: %d covariates at %d visits, at most %d",
                       covariate_count, visit_count, ST_MIXED_COEFFICIENT_LIMIT);
    }
    m = st_alloc(ctx, 1, sizeof *m);
    if (m == NULL) {
        return ST_ERR_MEMORY;
    }
    m->ctx = ctx;
    m->k = covariate_count;
    m->t = visit_count;
    m->p = covariate_count * visit_count;
    m->q = visit_count * (visit_count + 1) / 2;
    p = (size_t)m->p;
    q = (size_t)m->q;
    t = (size_t)m->t;
    large = p > q ? p : q;
    m->sigma = st_alloc(ctx, t * t, sizeof(double));
    m->trial = st_alloc(ctx, t * t, sizeof(double));
    m->beta = st_alloc(ctx, p, sizeof(double));
    m->c = st_alloc(ctx, p * p, sizeof(double));
    m->xy = st_alloc(ctx, p, sizeof(double));
    m->slope = st_alloc(ctx, q * p * p, sizeof(double));
    m->pull = st_alloc(ctx, q * p, sizeof(double));
    m->score = st_alloc(ctx, q, sizeof(double));
    m->step = st_alloc(ctx, q, sizeof(double));
    m->fisher = st_alloc(ctx, q * q, sizeof(double));
    m->observed = st_alloc(ctx, q * q, sizeof(double));
    m->scratch = st_alloc(ctx, large * large, sizeof(double));
    if (m->sigma == NULL || m->trial == NULL || m->beta == NULL || m->c == NULL || m->xy == NULL ||
        m->slope == NULL || m->pull == NULL || m->score == NULL || m->step == NULL ||
        m->fisher == NULL || m->observed == NULL || m->scratch == NULL) {
        st_mixed_destroy(m);
        return ST_ERR_MEMORY;
    }
    *out = m;
    return ST_OK;
}

void st_mixed_destroy(st_mixed* mixed)
{
    if (mixed == NULL) {
        return;
    }
    for (int i = 0; i < mixed->pattern_count; ++i) {
        st_free(mixed->ctx, mixed->pattern[i].zz);
    }
    st_free(mixed->ctx, mixed->pattern);
    st_free(mixed->ctx, mixed->sigma);
    st_free(mixed->ctx, mixed->trial);
    st_free(mixed->ctx, mixed->beta);
    st_free(mixed->ctx, mixed->c);
    st_free(mixed->ctx, mixed->xy);
    st_free(mixed->ctx, mixed->slope);
    st_free(mixed->ctx, mixed->pull);
    st_free(mixed->ctx, mixed->score);
    st_free(mixed->ctx, mixed->step);
    st_free(mixed->ctx, mixed->fisher);
    st_free(mixed->ctx, mixed->observed);
    st_free(mixed->ctx, mixed->scratch);
    st_free(mixed->ctx, mixed);
}

static st_mixed_pattern* find_pattern(st_mixed* m, uint32_t present)
{
    const size_t k = (size_t)m->k;
    const size_t t = (size_t)m->t;
    st_mixed_pattern* r;
    double* room;

    for (int i = 0; i < m->pattern_count; ++i) {
        if (m->pattern[i].present == present) {
            return &m->pattern[i];
        }
    }
    if (m->pattern_count == m->pattern_capacity) {
        const int more = m->pattern_capacity == 0 ? 16 : 2 * m->pattern_capacity;
        st_mixed_pattern* grown = st_realloc(m->ctx, m->pattern, (size_t)more, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        m->pattern = grown;
        m->pattern_capacity = more;
    }
    room = st_alloc(m->ctx, k * k + 2 * k * t + 5 * t * t, sizeof *room);
    if (room == NULL) {
        return NULL;
    }
    r = &m->pattern[m->pattern_count++];
    *r = (st_mixed_pattern){.present = present, .zz = room};
    r->zy = r->zz + k * k;
    r->h = r->zy + k * t;
    r->yy = r->h + k * t;
    r->w = r->yy + t * t;
    r->s = r->w + t * t;
    r->u = r->s + t * t;
    r->g = r->u + t * t;
    return r;
}

st_status st_mixed_add(st_mixed* m, const double* covariate, const double* response)
{
    uint32_t present = 0;
    st_mixed_pattern* r;

    for (int v = 0; v < m->t; ++v) {
        present |= isnan(response[v]) ? 0u : 1u << v;
    }
    if (present == 0) {
        return ST_OK;
    }
    r = find_pattern(m, present);
    if (r == NULL) {
        return ST_ERR_MEMORY;
    }
    r->n += 1.0;
    m->people += 1.0;
    for (int a = 0; a < m->k; ++a) {
        for (int b = 0; b < m->k; ++b) {
            r->zz[a * m->k + b] += covariate[a] * covariate[b];
        }
        for (int v = 0; v < m->t; ++v) {
            r->zy[a * m->t + v] += (present >> v & 1) != 0 ? covariate[a] * response[v] : 0.0;
        }
    }
    for (int v = 0; v < m->t; ++v) {
        m->responses += (double)(present >> v & 1);
        for (int o = 0; o < m->t && (present >> v & 1) != 0; ++o) {
            r->yy[v * m->t + o] += (present >> o & 1) != 0 ? response[v] * response[o] : 0.0;
        }
    }
    m->is_fitted = false;
    return ST_OK;
}

// --- likelihood -----------------------------------------------------------------------------

/// W of a pattern and the logarithm of its determinant's inverse.
static bool weigh(const st_mixed* m, const double* sigma, st_mixed_pattern* r, double* log_det)
{
    double part[ST_MIXED_VISIT_LIMIT * ST_MIXED_VISIT_LIMIT];
    int visit[ST_MIXED_VISIT_LIMIT];
    int count = 0;

    for (int v = 0; v < m->t; ++v) {
        if ((r->present >> v & 1) != 0) {
            visit[count++] = v;
        }
    }
    for (int i = 0; i < count; ++i) {
        for (int j = 0; j < count; ++j) {
            part[i * count + j] = sigma[visit[i] * m->t + visit[j]];
        }
    }
    if (!st_dense_invert(part, count, log_det)) {
        return false;
    }
    for (int i = 0; i < count; ++i) {
        for (int j = 0; j < count; ++j) {
            r->w[visit[i] * m->t + visit[j]] = part[i * count + j];
        }
    }
    return true;
}

/// Coefficients, their covariance and the restricted log-likelihood at a covariance.     [TRI-21]
static bool evaluate(st_mixed* m, const double* sigma, double* log_likelihood)
{
    const int k = m->k;
    const int t = m->t;
    const int p = m->p;
    double sum_log = 0.0;
    double log_det;
    double fit = 0.0;

    memset(m->c, 0, (size_t)p * (size_t)p * sizeof(double));
    memset(m->xy, 0, (size_t)p * sizeof(double));
    for (int i = 0; i < m->pattern_count; ++i) {
        st_mixed_pattern* r = &m->pattern[i];
        if (!weigh(m, sigma, r, &log_det)) {
            return false;
        }
        sum_log += r->n * log_det;
        for (int v = 0; v < t; ++v) {
            for (int o = 0; o < t; ++o) {
                const double w = r->w[v * t + o];
                for (int a = 0; a < k && w != 0.0; ++a) {
                    m->xy[v * k + a] += w * r->zy[a * t + o];
                    for (int b = 0; b < k; ++b) {
                        m->c[(v * k + a) * p + o * k + b] += w * r->zz[a * k + b];
                    }
                }
            }
        }
    }
    if (!st_dense_invert(m->c, p, &log_det)) {
        return false;
    }
    st_dense_apply(m->c, p, p, m->xy, m->beta);
    // Residual products S = yy - b'zy - (b'zy)' + b'zz b over the visits present
    for (int i = 0; i < m->pattern_count; ++i) {
        st_mixed_pattern* r = &m->pattern[i];
        for (int v = 0; v < t; ++v) {
            for (int o = 0; o < t; ++o) {
                double s = 0.0;
                if ((r->present >> v & 1) != 0 && (r->present >> o & 1) != 0) {
                    s = r->yy[v * t + o];
                    for (int a = 0; a < k; ++a) {
                        s -= m->beta[v * k + a] * r->zy[a * t + o];
                        s -= m->beta[o * k + a] * r->zy[a * t + v];
                        for (int b = 0; b < k; ++b) {
                            s += m->beta[v * k + a] * r->zz[a * k + b] * m->beta[o * k + b];
                        }
                    }
                }
                r->s[v * t + o] = s;
                fit += r->w[v * t + o] * s;
            }
        }
    }
    *log_likelihood = -0.5 * (sum_log + log_det + fit + (m->responses - p) * log_two_pi);
    return isfinite(*log_likelihood);
}

/// out = x y x for symmetric [t][t].
static void sandwich(const double* x, const double* y, int t, double* out)
{
    double half[ST_MIXED_VISIT_LIMIT * ST_MIXED_VISIT_LIMIT];

    for (int i = 0; i < t; ++i) {
        for (int j = 0; j < t; ++j) {
            half[i * t + j] = 0.0;
            for (int l = 0; l < t; ++l) {
                half[i * t + j] += x[i * t + l] * y[l * t + j];
            }
        }
    }
    for (int i = 0; i < t; ++i) {
        for (int j = 0; j < t; ++j) {
            out[i * t + j] = 0.0;
            for (int l = 0; l < t; ++l) {
                out[i * t + j] += half[i * t + l] * x[l * t + j];
            }
        }
    }
}

/// Fills u, g and h of every pattern from w, s, beta and c.
static void complete_patterns(st_mixed* m)
{
    const int k = m->k;
    const int t = m->t;
    double g[ST_MIXED_VISIT_LIMIT * ST_MIXED_VISIT_LIMIT];

    for (int i = 0; i < m->pattern_count; ++i) {
        st_mixed_pattern* r = &m->pattern[i];
        sandwich(r->w, r->s, t, r->u);
        for (int v = 0; v < t; ++v) {
            for (int o = 0; o < t; ++o) {
                g[v * t + o] = 0.0;
                for (int a = 0; a < k; ++a) {
                    for (int b = 0; b < k; ++b) {
                        g[v * t + o] += m->c[(v * k + a) * m->p + o * k + b] * r->zz[b * k + a];
                    }
                }
            }
        }
        sandwich(r->w, g, t, r->g);
        for (int a = 0; a < k; ++a) {
            double zr[ST_MIXED_VISIT_LIMIT];
            for (int v = 0; v < t; ++v) {
                zr[v] = r->zy[a * t + v];
                for (int b = 0; b < k; ++b) {
                    zr[v] -= r->zz[a * k + b] * m->beta[v * k + b];
                }
            }
            for (int v = 0; v < t; ++v) {
                r->h[a * t + v] = 0.0; // rows of W of missing visits are zero
                for (int o = 0; o < t; ++o) {
                    r->h[a * t + v] += zr[o] * r->w[o * t + v];
                }
            }
        }
    }
}

/// C Q_j and d_j of the covariance parameter (a, b), Q_j = sum (W E_j W) x zz.
static void differentiate(st_mixed* m, int a, int b, double* slope, double* pull)
{
    const int k = m->k;
    const int t = m->t;
    const int p = m->p;
    double* q = m->scratch;

    memset(q, 0, (size_t)p * (size_t)p * sizeof(double));
    memset(pull, 0, (size_t)p * sizeof(double));
    for (int i = 0; i < m->pattern_count; ++i) {
        const st_mixed_pattern* r = &m->pattern[i];
        for (int v = 0; v < t; ++v) {
            const double va = r->w[v * t + a];
            const double vb = r->w[v * t + b];
            for (int x = 0; x < k; ++x) {
                pull[v * k + x] += va * r->h[x * t + b];
                pull[v * k + x] += a == b ? 0.0 : vb * r->h[x * t + a];
            }
            for (int o = 0; o < t; ++o) {
                const double w = va * r->w[o * t + b] + (a == b ? 0.0 : vb * r->w[o * t + a]);
                for (int x = 0; x < k && w != 0.0; ++x) {
                    for (int y = 0; y < k; ++y) {
                        q[(v * k + x) * p + o * k + y] += w * r->zz[x * k + y];
                    }
                }
            }
        }
    }
    for (int i = 0; i < p; ++i) {
        for (int j = 0; j < p; ++j) {
            double sum = 0.0;
            for (int l = 0; l < p; ++l) {
                sum += m->c[i * p + l] * q[l * p + j];
            }
            slope[i * p + j] = sum;
        }
    }
}

/// Sum over both orders of (a, b) and of (c, d) of x[b][c] y[d][a].
static double cross(const double* x, const double* y, int t, int a, int b, int c, int d)
{
    double sum = x[b * t + c] * y[d * t + a];

    sum += a == b ? 0.0 : x[a * t + c] * y[d * t + b];
    sum += c == d ? 0.0 : x[b * t + d] * y[c * t + a];
    sum += a == b || c == d ? 0.0 : x[a * t + d] * y[c * t + b];
    return sum;
}

static double trace_of_product(const double* a, const double* b, int p)
{
    double sum = 0.0;

    for (int i = 0; i < p; ++i) {
        for (int j = 0; j < p; ++j) {
            sum += a[i * p + j] * b[j * p + i];
        }
    }
    return sum;
}

/// Score, expected and observed information of the covariance parameters.               [TRI-21]
static void inform(st_mixed* m)
{
    const int t = m->t;
    const size_t pp = (size_t)m->p * (size_t)m->p;
    double* half = m->scratch; // after the slopes are made
    int j = 0;

    complete_patterns(m);
    for (int a = 0; a < t; ++a) {
        for (int b = a; b < t; ++b, ++j) {
            double sum = 0.0;
            differentiate(m, a, b, m->slope + (size_t)j * pp, m->pull + j * m->p);
            for (int i = 0; i < m->pattern_count; ++i) {
                const st_mixed_pattern* r = &m->pattern[i];
                sum += r->u[a * t + b] - r->n * r->w[a * t + b] + r->g[a * t + b];
            }
            m->score[j] = (a == b ? 0.5 : 1.0) * sum;
        }
    }
    j = 0;
    for (int a = 0; a < t; ++a) {
        for (int b = a; b < t; ++b, ++j) {
            int l = 0;
            st_dense_apply(m->c, m->p, m->p, m->pull + j * m->p, half);
            for (int c = 0; c < t; ++c) {
                for (int d = c; d < t; ++d, ++l) {
                    double plain = 0.0, fixed = 0.0, seen = 0.0;
                    if (l > j) {
                        continue;
                    }
                    for (int i = 0; i < m->pattern_count; ++i) {
                        const st_mixed_pattern* r = &m->pattern[i];
                        plain += r->n * cross(r->w, r->w, t, a, b, c, d);
                        fixed += cross(r->w, r->g, t, a, b, c, d);
                        seen += cross(r->w, r->u, t, a, b, c, d);
                    }
                    plain += trace_of_product(m->slope + (size_t)j * pp, m->slope + (size_t)l * pp,
                                              m->p);
                    plain = 0.5 * (plain - 2.0 * fixed);
                    seen -= st_dense_dot(half, m->pull + l * m->p, m->p) + plain;
                    m->fisher[j * m->q + l] = m->fisher[l * m->q + j] = plain;
                    m->observed[j * m->q + l] = m->observed[l * m->q + j] = seen;
                }
            }
        }
    }
}

/// The covariance after `share` of the step; false when it is none.
static void take_step(st_mixed* m, double share)
{
    int j = 0;

    for (int a = 0; a < m->t; ++a) {
        for (int b = a; b < m->t; ++b, ++j) {
            const double x = m->sigma[a * m->t + b] + share * m->step[j];
            m->trial[a * m->t + b] = x;
            m->trial[b * m->t + a] = x;
        }
    }
}

/// Variances of each visit by itself, about its plain mean.
static bool begin(st_mixed* m)
{
    const int t = m->t;

    memset(m->sigma, 0, (size_t)t * (size_t)t * sizeof(double));
    for (int v = 0; v < t; ++v) {
        m->sigma[v * t + v] = 1.0;
    }
    // With the unit matrix the coefficients are those of least squares, visit by visit.
    if (!evaluate(m, m->sigma, &m->log_likelihood)) {
        return false;
    }
    for (int v = 0; v < t; ++v) {
        double sum = 0.0;
        double n = 0.0;
        for (int i = 0; i < m->pattern_count; ++i) {
            sum += m->pattern[i].s[v * t + v];
            n += (m->pattern[i].present >> v & 1) != 0 ? m->pattern[i].n : 0.0;
        }
        if (!(n > m->k) || !(sum > 0.0)) {
            return false;
        }
        m->sigma[v * t + v] = sum / (n - m->k);
    }
    return evaluate(m, m->sigma, &m->log_likelihood);
}

/// One step uphill; false when none is found. `decrement` is what the step was worth.
static bool climb(st_mixed* m, double* decrement)
{
    const size_t bytes = (size_t)m->q * (size_t)m->q * sizeof(double);
    double share = 1.0;
    double value;

    memcpy(m->scratch, m->observed, bytes);
    if (!st_dense_invert(m->scratch, m->q, NULL)) {
        memcpy(m->scratch, m->fisher, bytes); // far from the top
        if (!st_dense_invert(m->scratch, m->q, NULL)) {
            return false;
        }
    }
    st_dense_apply(m->scratch, m->q, m->q, m->score, m->step);
    *decrement = st_dense_dot(m->score, m->step, m->q);
    for (int i = 0; i < HALVING_LIMIT; ++i, share *= 0.5) {
        take_step(m, share);
        // Near the top rounding hides the rise: a tiny fall is no fall.
        if (evaluate(m, m->trial, &value) &&
            value >= m->log_likelihood - 1e-12 * (1.0 + fabs(m->log_likelihood))) {
            memcpy(m->sigma, m->trial, (size_t)m->t * (size_t)m->t * sizeof(double));
            m->log_likelihood = value;
            return true;
        }
    }
    return false;
}

bool st_mixed_fit(st_mixed* m)
{
    double decrement = INFINITY;

    m->is_fitted = false;
    if (m->pattern_count == 0 || !begin(m)) {
        return false;
    }
    for (m->pass_count = 0; m->pass_count < PASS_LIMIT && decrement > DECREMENT; ++m->pass_count) {
        inform(m);
        if (!climb(m, &decrement)) {
            break;
        }
    }
    if (!(decrement < 1e-10) || !evaluate(m, m->sigma, &m->log_likelihood)) {
        return false;
    }
    inform(m);
    m->is_fitted = st_dense_invert(m->observed, m->q, NULL);
    return m->is_fitted;
}

// --- answers --------------------------------------------------------------------------------

double st_mixed_covariance(const st_mixed* mixed, int visit, int other)
{
    return mixed->is_fitted ? mixed->sigma[visit * mixed->t + other] : NAN;
}

double st_mixed_log_likelihood(const st_mixed* mixed)
{
    return mixed->is_fitted ? mixed->log_likelihood : NAN;
}

int st_mixed_iterations(const st_mixed* mixed)
{
    return mixed->pass_count;
}

st_contrast st_mixed_contrast(const st_mixed* mixed, const double* weight)
{
    double cw[ST_MIXED_COEFFICIENT_LIMIT];
    double row[ST_MIXED_COEFFICIENT_LIMIT];
    double slope[ST_MIXED_VISIT_LIMIT * (ST_MIXED_VISIT_LIMIT + 1) / 2];
    double spread[ST_MIXED_VISIT_LIMIT * (ST_MIXED_VISIT_LIMIT + 1) / 2];
    const int p = mixed->p;
    double variance;

    if (!mixed->is_fitted) {
        return st_statistics_contrast(NAN, NAN, NAN);
    }
    st_dense_apply(mixed->c, p, p, weight, cw);
    variance = st_dense_dot(weight, cw, p);
    // d(w'Cw)/d theta_j = w'C Q_j C w; df = 2 v^2 / (g'A g), A = observed information^-1   [TRI-22]
    for (int j = 0; j < mixed->q; ++j) {
        st_dense_apply(mixed->slope + (size_t)j * (size_t)p * (size_t)p, p, p, cw, row);
        slope[j] = st_dense_dot(weight, row, p);
    }
    st_dense_apply(mixed->observed, mixed->q, mixed->q, slope, spread);
    return st_statistics_contrast(st_dense_dot(weight, mixed->beta, p), sqrt(variance),
                                  2.0 * variance * variance /
                                      st_dense_dot(slope, spread, mixed->q));
}
