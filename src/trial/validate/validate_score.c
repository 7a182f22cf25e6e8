#include "validate_score.h"

#include "../statistics.h"

#include "base/maths.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

/// Run default: bootstrap repetitions.
#define BOOTSTRAP_COUNT 2000

double st_validate_score_crps(const double* sorted, int count, double observed)
{
    double distance = 0.0;
    double spread = 0.0;

    // mean |x - y| - half the mean |x - x'| over different draws                          [VAL-1]
    for (int i = 0; i < count; ++i) {
        distance += fabs(sorted[i] - observed);
        spread += (2.0 * i + 1.0 - count) * sorted[i];
    }
    distance /= count;
    return count < 2 ? distance : distance - spread / ((double)count * (count - 1.0));
}

double st_validate_score_crps_normal(double mean, double sd, double observed)
{
    const double z = sd > 0.0 ? (observed - mean) / sd : 0.0;

    if (!(sd > 0.0)) {
        return fabs(observed - mean);
    }
    // s (z (2 F(z) - 1) + 2 f(z) - 1 / sqrt(pi))                                           [VAL-2]
    return sd * (z * (2.0 * st_normal_cdf(z) - 1.0) + sqrt(2.0 / PI) * st_exp(-0.5 * z * z) -
                 1.0 / sqrt(PI));
}

double st_validate_score_pit(const double* sorted, int count, double observed)
{
    int below = 0;
    int equal = 0;

    for (int i = 0; i < count; ++i) {
        below += sorted[i] < observed;
        equal += sorted[i] == observed;
    }
    // Rank among the draws, ties in the middle                                             [VAL-3]
    return (below + 0.5 * (equal + 1.0)) / (count + 1.0);
}

double st_validate_score_quantile(const double* sorted, int count, double p)
{
    const double h = fmin(fmax((count + 1.0) * p, 1.0), (double)count) - 1.0; //            [VAL-3]
    const int k = (int)fmin(floor(h), count - 2.0 > 0.0 ? count - 2.0 : 0.0);

    return count < 2 ? sorted[0] : sorted[k] + (h - k) * (sorted[k + 1] - sorted[k]);
}

/// What one cluster, or all of them, add up to.
typedef struct sums {
    double weight, crps, base_crps, bias, covered;
} sums;

enum { RATIO, CRPS, BASE_CRPS, COVERAGE, BIAS, SCORE_COUNT };

static void finish(const sums* s, double* score)
{
    score[RATIO] = s->crps / s->base_crps;
    score[CRPS] = s->crps / s->weight;
    score[BASE_CRPS] = s->base_crps / s->weight;
    score[COVERAGE] = s->covered / s->weight;
    score[BIAS] = s->bias / s->weight;
}

static void add(sums* to, const sums* from)
{
    to->weight += from->weight;
    to->crps += from->crps;
    to->base_crps += from->base_crps;
    to->bias += from->bias;
    to->covered += from->covered;
}

size_t st_validate_score_scratch(int cluster_count)
{
    return (sizeof(sums) / sizeof(double)) * (size_t)cluster_count + SCORE_COUNT * BOOTSTRAP_COUNT;
}

void st_validate_score_summary(const st_validate_score_row* row, int count, double* scratch,
                               int cluster_count, uint64_t seed, st_validation_scores* out)
{
    sums* const cluster = (sums*)(void*)scratch;
    double* const sample = scratch + (sizeof(sums) / sizeof(double)) * (size_t)cluster_count;
    double score[SCORE_COUNT];
    st_validation_score* const to[SCORE_COUNT] = {&out->ratio, &out->crps, &out->base_crps,
                                                  &out->coverage, &out->bias};
    sums all = {0};

    memset(cluster, 0, (size_t)cluster_count * sizeof *cluster);
    for (int i = 0; i < count; ++i) {
        const sums one = {row[i].weight, row[i].weight * row[i].crps,
                          row[i].weight * row[i].base_crps, row[i].weight * row[i].bias,
                          row[i].is_covered ? row[i].weight : 0.0};
        add(&cluster[row[i].cluster], &one);
    }
    for (int c = 0; c < cluster_count; ++c) {
        add(&all, &cluster[c]);
    }
    finish(&all, score);
    // Clusters are drawn with replacement; all scores come from the same samples.          [VAL-5]
    for (int b = 0; b < BOOTSTRAP_COUNT; ++b) {
        const st_random_key key = {seed, ST_STREAM_BOOTSTRAP, (uint64_t)b, 0};
        double one[SCORE_COUNT];
        sums drawn = {0};
        for (int c = 0; c < cluster_count; ++c) {
            const double u = st_random_uniform(&key, (uint64_t)c);
            add(&drawn, &cluster[(int)(u * cluster_count)]);
        }
        finish(&drawn, one);
        for (int k = 0; k < SCORE_COUNT; ++k) {
            sample[k * BOOTSTRAP_COUNT + b] = isfinite(one[k]) ? one[k] : score[k];
        }
    }
    for (int k = 0; k < SCORE_COUNT; ++k) {
        double* const s = sample + (size_t)k * BOOTSTRAP_COUNT;
        st_statistics_sort(s, BOOTSTRAP_COUNT);
        *to[k] = (st_validation_score){
            .value = score[k],
            .lo = cluster_count > 1 ? st_statistics_quantile(s, BOOTSTRAP_COUNT, 0.025) : NAN,
            .hi = cluster_count > 1 ? st_statistics_quantile(s, BOOTSTRAP_COUNT, 0.975) : NAN};
    }
}
