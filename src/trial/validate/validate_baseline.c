#include "validate_baseline.h"

#include <math.h>

enum { LEVEL_SCALE, LEVEL_CLASS_WINDOW, LEVEL_CLASS, LEVEL_WINDOW, LEVEL_ALL, LEVEL_PRIOR };

#define BISECTION_COUNT 60

static bool is_in_cell(const st_validate_baseline_item* item,
                       const st_validate_baseline_item* target, int level)
{
    if (item->group != target->group || item->cohort == target->cohort) {
        return false;
    }
    switch (level) {
    case LEVEL_SCALE:
        return item->class_ == target->class_ && item->window == target->window &&
               item->family == target->family;
    case LEVEL_CLASS_WINDOW:
        return item->class_ == target->class_ && item->window == target->window;
    case LEVEL_CLASS:
        return item->class_ == target->class_;
    case LEVEL_WINDOW:
        return item->window == target->window;
    default:
        return true;
    }
}

/// One value per trial: rows of a trial are not independent, so their variance is averaged, not
/// divided. Gives the number of trials; `value` and `variance` are filled from the front.
static int gather(const st_validate_baseline_item* item, int count, int trial_count,
                  const st_validate_baseline_item* target, int level, double* scratch)
{
    double* const value = scratch;
    double* const variance = scratch + trial_count;
    double* const rows = scratch + 2 * (size_t)trial_count;
    int found = 0;

    for (int t = 0; t < trial_count; ++t) {
        value[t] = variance[t] = rows[t] = 0.0;
    }
    for (int i = 0; i < count; ++i) {
        if (is_in_cell(&item[i], target, level)) {
            value[item[i].trial] += item[i].value;
            variance[item[i].trial] += item[i].variance;
            rows[item[i].trial] += 1.0;
        }
    }
    for (int t = 0; t < trial_count; ++t) {
        if (rows[t] > 0.0) {
            value[found] = value[t] / rows[t];
            variance[found] = variance[t] / rows[t];
            ++found;
        }
    }
    return found;
}

/// Weighted mean of trials for a between-trial variance; *weight is the sum of weights, *q the
/// weighted sum of squares around the mean.
static double centre(const double* value, const double* variance, int count, double between,
                     double* weight, double* q)
{
    double sum = 0.0;
    double mean;

    *weight = 0.0;
    for (int i = 0; i < count; ++i) {
        const double w = 1.0 / fmax(variance[i] + between, 1e-9);
        *weight += w;
        sum += w * value[i];
    }
    mean = sum / *weight;
    *q = 0.0;
    for (int i = 0; i < count; ++i) {
        const double d = value[i] - mean;
        *q += d * d / fmax(variance[i] + between, 1e-9);
    }
    return mean;
}

/// Paule and Mandel: the between-trial variance for which the weighted squares are count - 1.
static double between_variance(const double* value, const double* variance, int count)
{
    double lo = 0.0;
    double hi = 1.0;
    double weight, q;

    if (count < 2) {
        return 0.0;
    }
    centre(value, variance, count, 0.0, &weight, &q);
    if (q <= count - 1.0) {
        return 0.0;
    }
    for (;;) {
        centre(value, variance, count, hi, &weight, &q);
        if (q < count - 1.0 || hi > 1e9) {
            break;
        }
        hi *= 4.0;
    }
    for (int i = 0; i < BISECTION_COUNT; ++i) {
        const double middle = 0.5 * (lo + hi);
        centre(value, variance, count, middle, &weight, &q);
        if (q > count - 1.0) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    return 0.5 * (lo + hi);
}

/// Between-trial variance inside classes, over all classes: one cell alone has too few trials.
static double common_variance(const st_validate_baseline_item* item, int count, int trial_count,
                              const st_validate_baseline_item* target,
                              const st_validate_baseline_prior* prior, double* scratch)
{
    const double sd = prior->sd[target->group];
    st_validate_baseline_item like = *target;
    double sum = prior->trials * sd * sd;
    double weight = prior->trials;

    for (like.class_ = 0; like.class_ < prior->class_count; ++like.class_) {
        const int found = gather(item, count, trial_count, &like, LEVEL_CLASS, scratch);
        if (found >= 2) {
            sum += (found - 1.0) * between_variance(scratch, scratch + trial_count, found);
            weight += found - 1.0;
        }
    }
    return weight > 0.0 ? sum / weight : 0.0;
}

void st_validate_baseline_predict(const st_validate_baseline_item* item, int count, int trial_count,
                                  const st_validate_baseline_item* target,
                                  const st_validate_baseline_prior* prior, double* scratch,
                                  double* mean, double* sd, int* level)
{
    const double common = common_variance(item, count, trial_count, target, prior, scratch);
    double weight, q, between, own;
    int found = 0;

    for (*level = LEVEL_SCALE; *level < LEVEL_PRIOR; ++*level) {
        found = gather(item, count, trial_count, target, *level, scratch);
        if (found >= prior->least_trials) {
            break;
        }
    }
    if (*level == LEVEL_PRIOR) {
        const double wide = prior->sd[target->group];
        *mean = prior->mean[target->group];
        *sd = sqrt(wide * wide + target->variance);
        return;
    }
    // t^2 leans on the common one; then its mean's error, trials and sampling             [VAL-6]
    own = between_variance(scratch, scratch + trial_count, found);
    between = ((found - 1.0) * own + prior->trials * common) / (found - 1.0 + prior->trials);
    *mean = centre(scratch, scratch + trial_count, found, between, &weight, &q);
    *sd = sqrt(between + 1.0 / weight + target->variance);
}
