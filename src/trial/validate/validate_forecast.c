#include "validate_forecast.h"

#include "../statistics.h"
#include "../study.h"

#include "base/maths.h"
#include "base/random.h"

#include <xxhash.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/// Names of the draws of one trial, arm or row: texts, so that the order of a table does not
/// matter.
static uint64_t name(const char* what, const char* a, const char* b, int c)
{
    char text[512];

    snprintf(text, sizeof text, "%s|%s|%s|%d", what, a, b, c);
    return XXH64(text, strlen(text), 0);
}

/// Draws come in pairs of opposite sign: their mean is exactly that of the distribution.
static double normal(const st_validate_world* world, uint64_t id, int draw)
{
    const int half = world->draw_count / 2;
    const bool is_second = draw >= half && draw < 2 * half;
    const int pair = is_second ? draw - half : draw;
    const st_random_key key = {world->seed, ST_STREAM_VALIDATE, id, (uint64_t)pair + 1};
    const double z = st_random_normal(&key, 0);

    return is_second ? -z : z;
}

/// Draws `count` people of a block by weight.
static void draw_people(const st_validate_world* world, const st_validate_scratch* s, uint64_t id,
                        int draw, int count, int* person)
{
    const st_random_key key = {world->seed, ST_STREAM_VALIDATE, id, (uint64_t)draw + 1};
    const int begin = draw % world->pool->block_count * world->pool->block_size;
    const int last = begin + world->pool->block_size - 1;

    for (int k = 0; k < count; ++k) {
        const double u = st_random_uniform(&key, (uint64_t)k) * s->sum[last];
        int lo = begin;
        int hi = last;
        while (lo < hi) { // first with sum > u
            const int middle = (lo + hi) / 2;
            if (s->sum[middle] > u) {
                hi = middle;
            } else {
                lo = middle + 1;
            }
        }
        person[k] = lo;
    }
}

/// Sums of weights inside each block. A block in which nobody fits takes its people evenly.
static void sum_weights(const st_validate_world* world, const st_validate_scratch* s)
{
    const int size = world->pool->block_size;

    for (int b = 0; b < world->pool->block_count; ++b) {
        double sum = 0.0;
        for (int i = b * size; i < (b + 1) * size; ++i) {
            sum += s->weight[i];
            s->sum[i] = sum;
        }
        for (int i = b * size; i < (b + 1) * size && !(sum > 0.0); ++i) {
            s->sum[i] = i - b * size + 1.0;
        }
    }
}

/// What a trial, a visit and an arm add beyond their people, in points of pain.             [VAL-7]
static double trial_effect(const st_validate_world* world, const st_validate_item* item, int draw)
{
    const st_validate_rules* r = world->rules;
    const st_validate_arm* arm = &world->plan->arm[item->arm];
    const double day = world->plan->month[item->visit] * ST_STUDY_MONTH_DAY;
    const double there = 1.0 - st_exp(-day / fmax(r->onset_day, 1e-9));
    const char* scale = item->scale != NULL ? item->scale->name : item->responder->name;
    const int time = (int)(100.0 * world->plan->month[item->visit] + 0.5);
    const double trial = normal(world, name("trial", arm->trial, "", 0), draw);
    const double row = normal(world, name("visit", arm->trial, scale, time), draw);
    const double own = normal(world, name("arm", arm->trial, arm->id, 0), draw);

    return there *
           (r->context_sd * (sqrt(1.0 - r->within_share) * trial + sqrt(r->within_share) * row) +
            r->arm_sd * own);
}

/// Change of one person, the trial's effect added, within the instrument.
static double change_of(const st_validate_world* world, const float* before, const float* after,
                        int instrument, int person, double effect)
{
    const st_instrument_info* about = st_instruments_at(world->instruments, instrument);
    const double end = fmin(fmax((double)after[person] + effect, about->lo), about->hi);

    return end - (double)before[person];
}

static bool meets(const st_validate_world* world, const st_validate_criterion* c,
                  const st_validate_item* item, int recipe, int person, double effect)
{
    const st_validate_pool* pool = world->pool;
    const st_instrument_info* about = st_instruments_at(world->instruments, c->instrument);
    const float* before = st_validate_pool_readings(pool, ST_VALIDATE_UNTREATED, 0, c->instrument);
    const float* after = st_validate_pool_readings(pool, recipe, item->visit, c->instrument);
    const double change = change_of(world, before, after, c->instrument, person,
                                    effect * pool->context[c->instrument]);
    const double better = about->lower_is_better ? -change : change;

    return better > 0.0 && 100.0 * better >= c->percent * (double)before[person] &&
           100.0 * better >= c->points * (about->hi - about->lo);
}

/// Share of people that meet a definition, percent.
static double share_of(const st_validate_world* world, const st_validate_item* item, int recipe,
                       const int* person, int count, double effect)
{
    const st_validate_responder* r = item->responder;
    int hits = 0;

    for (int k = 0; k < count; ++k) {
        bool any = false;
        int met = 0;
        for (int i = 0; i < r->any_count; ++i) {
            any = any || meets(world, &r->any[i], item, recipe, person[k], effect);
        }
        for (int i = 0; i < r->all_count; ++i) {
            met += meets(world, &r->all[i], item, recipe, person[k], effect);
        }
        hits += any || (r->all_count > 0 && met >= r->enough);
    }
    return 100.0 * hits / count;
}

/// Mean or median change of some people, instrument points.
static double centre_of(const st_validate_world* world, const st_validate_item* item, int recipe,
                        const int* person, int count, double effect, bool is_median, double* value)
{
    const int instrument = item->scale->instrument;
    const float* before =
        st_validate_pool_readings(world->pool, ST_VALIDATE_UNTREATED, 0, instrument);
    const float* after = st_validate_pool_readings(world->pool, recipe, item->visit, instrument);
    const bool has_baseline = item->kind != ST_FORECAST_MEAN || isfinite(item->baseline);
    const double shift = effect * world->pool->context[instrument];
    double start = 0.0;

    for (int k = 0; k < count && is_median && has_baseline; ++k) {
        value[k] = (double)before[person[k]];
    }
    if (is_median && has_baseline && item->kind == ST_FORECAST_MEAN) {
        st_statistics_sort(value, count);
        start = st_statistics_quantile(value, count, 0.5);
    }
    for (int k = 0; k < count; ++k) {
        const double change = change_of(world, before, after, instrument, person[k], shift);
        const bool is_level = !has_baseline || (is_median && item->kind == ST_FORECAST_MEAN);
        value[k] = is_level ? change + (double)before[person[k]] : change;
    }
    if (!is_median) {
        return st_statistics_mean(value, count);
    }
    st_statistics_sort(value, count);
    return st_statistics_quantile(value, count, 0.5) - start;
}

static double draw_item(const st_validate_world* world, const st_validate_item* item,
                        bool is_median, const st_validate_scratch* s, int count, int draw)
{
    const st_validate_arm* arm = &world->plan->arm[item->arm];
    const st_validate_scale* scale = item->scale;
    const double effect = trial_effect(world, item, draw);
    double error, value;

    if (item->responder != NULL) {
        return share_of(world, item, arm->recipe, s->person, count, effect);
    }
    if (item->kind == ST_FORECAST_CONTRAST) {
        // Context is that of both arms; only what single arms add remains.
        const double own = sqrt(2.0) * world->rules->arm_sd *
                           normal(world, name("contrast", arm->trial, arm->id, 0), draw);
        const int half = count > 1 ? count / 2 : 1;
        return scale->slope *
               (centre_of(world, item, arm->recipe, s->person, half, own, false, s->value) -
                centre_of(world, item, item->versus, s->other, half, 0.0, false, s->value));
    }
    value = scale->slope *
            centre_of(world, item, arm->recipe, s->person, count, effect, is_median, s->value);
    error = scale->trial_sd * normal(world, name("scale", arm->trial, scale->name, 0), draw) +
            scale->person_sd * sqrt((isfinite(item->baseline) ? 2.0 : 1.0) / item->n) *
                normal(world, name("people", arm->trial, arm->id, item->row), draw);
    if (item->kind == ST_FORECAST_CHANGE) {
        return value + error;
    }
    value += error + (isfinite(item->baseline) ? item->baseline : scale->offset);
    return fmin(fmax(value, scale->lo), scale->hi);
}

/// People that an item draws.
static int people_of(const st_validate_item* item)
{
    return (int)fmin(fmax(floor(item->n + 0.5), 1.0), ST_VALIDATE_FORECAST_PEOPLE);
}

double st_validate_forecast_arm(const st_validate_world* world, int arm_index,
                                const st_validate_scratch* s, double* draw)
{
    const st_validate_plan* plan = world->plan;
    const st_validate_arm* arm = &plan->arm[arm_index];
    const double people =
        st_validate_weights_solve(world->pool, world->rules, arm, s->weights, s->weight);
    int most = 0;

    if (!(people > 0.0)) {
        return 0.0;
    }
    for (int i = 0; i < plan->item_count; ++i) {
        const int count = plan->item[i].arm == arm_index ? people_of(&plan->item[i]) : 0;
        most = count > most ? count : most;
    }
    sum_weights(world, s);
    for (int d = 0; d < world->draw_count; ++d) {
        draw_people(world, s, name("sample", arm->trial, arm->id, 0), d, most, s->person);
        draw_people(world, s, name("versus", arm->trial, arm->id, 0), d, most, s->other);
        for (int i = 0; i < plan->item_count; ++i) {
            const st_validate_item* item = &plan->item[i];
            if (item->arm == arm_index) {
                draw[(size_t)i * (size_t)world->draw_count + (size_t)d] =
                    draw_item(world, item, item->is_median, s, people_of(item), d);
            }
        }
    }
    return people;
}
