#include "impute.h"

#include "dense.h"
#include "student.h"

#include "base/random.h"

#include <math.h>

/// Run default: completed data sets.
#define IMPUTATIONS 50

/// Draws before those of people.
#define PEOPLE_FROM (UINT64_C(1) << 20)

typedef struct drawn {
    double beta[ST_MIXED_COEFFICIENT_LIMIT];
    double sigma[ST_MIXED_VISIT_LIMIT * ST_MIXED_VISIT_LIMIT];
} drawn;

/// A change that is missing: normal, given what the person showed. Visits after the last reading
/// have the means of the control arm, visits before it the own arm's. [TRI-37]
static double complete(const st_impute_model* model, const drawn* d, int arm, int control,
                       double baseline, const double* change, int visit, double z)
{
    const int t = model->visits;
    double w[ST_MIXED_VISIT_LIMIT * ST_MIXED_VISIT_LIMIT];
    double rest[ST_MIXED_VISIT_LIMIT], cross[ST_MIXED_VISIT_LIMIT], lever[ST_MIXED_VISIT_LIMIT];
    int seen[ST_MIXED_VISIT_LIMIT];
    int count = 0;
    double mean, variance;

    for (int v = 0; v < t; ++v) {
        if (!isnan(change[v])) {
            const double* beta = d->beta + v * model->covariates;
            seen[count] = v;
            rest[count] = change[v] - beta[model->own[arm]] -
                          beta[model->covariates - 1] * (baseline - model->centre);
            cross[count++] = d->sigma[visit * t + v];
        }
    }
    for (int i = 0; i < count; ++i) {
        for (int j = 0; j < count; ++j) {
            w[i * count + j] = d->sigma[seen[i] * t + seen[j]];
        }
    }
    const bool has_left = count == 0 || seen[count - 1] < visit;
    const double* beta = d->beta + visit * model->covariates;
    mean = beta[model->own[has_left ? control : arm]] +
           beta[model->covariates - 1] * (baseline - model->centre);
    variance = d->sigma[visit * t + visit];
    if (count > 0 && st_dense_invert(w, count, NULL)) {
        st_dense_apply(w, count, count, cross, lever);
        mean += st_dense_dot(lever, rest, count);
        variance -= st_dense_dot(lever, cross, count);
    }
    return mean + sqrt(fmax(variance, 0.0)) * z;
}

/// Baselines and changes of an arm's people with the gaps filled; gives their number.
static int complete_arm(const st_tally* tally, const st_impute_model* model, const drawn* d,
                        int arm, int control, int measure, int visit, const st_random_key* key,
                        double* baseline, double* change)
{
    const st_tally_arm* a = &tally->arm[arm];
    int count = 0;

    for (int i = 0; i < a->size; ++i) {
        const double first = st_tally_scores(tally, arm, measure, 0)[i].measured;
        double known[ST_MIXED_VISIT_LIMIT];

        if (isnan(first)) {
            continue;
        }
        for (int v = 0; v < model->visits; ++v) {
            known[v] = st_tally_scores(tally, arm, measure, v + 1)[i].analysed - first;
        }
        baseline[count] = first;
        change[count] = known[visit - 1];
        if (isnan(change[count])) {
            change[count] = complete(model, d, arm, control, first, known, visit - 1,
                                     st_random_normal(key, PEOPLE_FROM + (uint64_t)a->order[i]));
        }
        ++count;
    }
    return count;
}

/// Rubin's rules with the degrees of freedom of Barnard and Rubin.
static st_contrast pool(const double* difference, double within, double complete_df)
{
    const double mean = st_statistics_mean(difference, IMPUTATIONS);
    const double sd = st_statistics_sd(difference, IMPUTATIONS);
    const double between = (1.0 + 1.0 / IMPUTATIONS) * sd * sd;
    const double total = within + between;
    const double lambda = between / total;
    const double observed =
        (complete_df + 1.0) / (complete_df + 3.0) * complete_df * (1.0 - lambda);
    double df = observed;

    if (lambda > 0.0) {
        df = 1.0 / (lambda * lambda / (IMPUTATIONS - 1) + 1.0 / observed);
    }
    return st_statistics_contrast(mean, sqrt(total), df);
}

st_contrast st_impute_contrast(const st_tally* tally, const st_impute_model* model, int arm,
                               int control, int measure, int visit, uint64_t seed)
{
    const size_t stride = (size_t)tally->scratch_stride;
    double* column = tally->scratch;
    double difference[IMPUTATIONS];
    double within = 0.0;
    double df = NAN;

    if (model->mixed == NULL) {
        return st_statistics_contrast(NAN, NAN, NAN);
    }
    for (int m = 0; m < IMPUTATIONS; ++m) {
        // The same for every arm: what is drawn belongs to measure, visit and imputation.
        const st_random_key key = {seed, ST_STREAM_BOOTSTRAP,
                                   UINT64_C(3) << 32 | (uint64_t)(measure * 64 + visit),
                                   (uint64_t)m};
        drawn d;
        st_contrast c;
        int a_count, b_count;
        double error;

        st_mixed_draw(model->mixed, &key, d.beta, d.sigma);
        a_count = complete_arm(tally, model, &d, arm, control, measure, visit, &key, column,
                               column + stride);
        b_count = complete_arm(tally, model, &d, control, control, measure, visit, &key,
                               column + 2 * stride, column + 3 * stride);
        c = st_statistics_ancova(column, column + stride, a_count, column + 2 * stride,
                                 column + 3 * stride, b_count);
        error = 0.5 * (c.hi - c.lo) / st_student_critical(1.0 - ST_STATISTICS_LEVEL, c.df);
        difference[m] = c.difference;
        within += error * error / IMPUTATIONS;
        df = c.df;
    }
    return pool(difference, within, df);
}
