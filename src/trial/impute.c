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

/// Baselines and changes of an arm's people with the gaps filled.
static st_moments complete_arm(st_tally* tally, const st_impute_model* model, const drawn* d,
                               int arm, int control, int measure, int visit,
                               const st_random_key* key)
{
    st_series* baseline = &tally->series[0];
    st_series* change = &tally->series[1];
    st_tally_walk walk;

    st_series_restart(baseline);
    st_series_restart(change);
    st_tally_walk_begin(tally, 0, arm, &walk);
    st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, 0));
    st_tally_walk_add(&walk, ST_TALLY_ORDER);
    for (int v = 0; v < model->visits; ++v) {
        st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_ANALYSED, measure, v + 1));
    }
    while (st_tally_walk_next(&walk)) {
        const double first = walk.x[0];
        double known[ST_MIXED_VISIT_LIMIT];
        double moved;

        if (isnan(first)) {
            continue;
        }
        for (int v = 0; v < model->visits; ++v) {
            known[v] = walk.x[2 + v] - first;
        }
        moved = known[visit - 1];
        if (isnan(moved)) {
            moved = complete(model, d, arm, control, first, known, visit - 1,
                             st_random_normal(key, PEOPLE_FROM + (uint64_t)walk.x[1]));
        }
        st_series_add(baseline, first);
        st_series_add(change, moved);
    }
    return st_series_moments(baseline, change);
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

st_contrast st_impute_contrast(st_tally* tally, const st_impute_model* model, int arm, int control,
                               int measure, int visit, uint64_t seed)
{
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
        st_moments a, b;
        double error;

        st_mixed_draw(model->mixed, &key, d.beta, d.sigma);
        a = complete_arm(tally, model, &d, arm, control, measure, visit, &key);
        b = complete_arm(tally, model, &d, control, control, measure, visit, &key);
        c = st_statistics_ancova_of(&a, &b);
        error = 0.5 * (c.hi - c.lo) / st_student_critical(1.0 - ST_STATISTICS_LEVEL, c.df);
        difference[m] = c.difference;
        within += error * error / IMPUTATIONS;
        df = c.df;
    }
    return pool(difference, within, df);
}
