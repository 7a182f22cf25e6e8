#include "procedure/expand.h"

#include "procedure/product.h"

#include "base/maths.h"

#include <math.h>

st_growth st_expand_growth(double founders, double cells, double doubling_time_h, double lag_h,
                           double doublings_per_passage)
{
    st_growth growth = {.passages = 1};
    if (cells > founders) {
        growth.doublings = st_log(cells / founders) / st_log(2.0); //                     [PRO-6]
    }
    const double passages = ceil(growth.doublings / doublings_per_passage);
    if (passages > 1.0) {
        growth.passages = (int)passages;
    }
    growth.days = (growth.doublings * doubling_time_h + growth.passages * lag_h) / 24.0;
    return growth;
}

st_growth st_expand_course(const st_procedure_values* v, double founders, double cells,
                           double doubling_time_h, double limit_doublings)
{
    const double room = v->expand_density_limit.value / v->expand_density_seed.value;
    const double full = v->expand_density_taken_up.value * room;
    const double step_h = 0.5;
    st_growth growth = {.passages = 1};
    double hours = v->expand_lag.value;
    double grown = 1.0; // cells over those that were seeded in this passage
    double log_cells = 0.0;
    const double wanted = cells > founders ? st_log(cells / founders) : 0.0;
    while (log_cells < wanted) {
        const double doublings = log_cells / st_log(2.0);
        const double slowed =
            1.0 + st_pow(doublings / v->expand_slowing_half.value, v->expand_slowing_power.value);
        const double dividing =
            1.0 / (1.0 + st_exp((doublings - limit_doublings) / v->expand_senescence_width.value));
        const double rate =
            st_log(2.0) / (doubling_time_h * slowed) * (1.0 - grown / room) * dividing; // [PRO-33]
        if (hours > 24.0 * v->expand_patience.value) {
            growth.is_stuck = true;
            break;
        }
        const double gain = rate * step_h;
        const double share = gain > wanted - log_cells ? (wanted - log_cells) / gain : 1.0;
        log_cells += share * gain;
        grown *= st_exp(share * gain);
        hours += share * step_h;
        if (grown >= full && log_cells < wanted) { // taken up and seeded anew
            growth.passages++;
            hours += v->expand_lag.value;
            grown = 1.0;
        }
    }
    growth.doublings = log_cells / st_log(2.0);
    growth.days = hours / 24.0;
    return growth;
}

double st_expand_doubling_time(const st_procedure_values* values, const st_expand* expand,
                               double age_y, double z)
{
    const double age = age_y - values->expand_doubling_time_reference_age.value;
    const double oxygen = expand->oxygen - values->expand_doubling_time_reference_oxygen.value;
    return st_amount_draw(&values->expand_doubling_time, z) * //                          [PRO-7]
           expand->medium->doubling_time_factor *
           st_exp(values->expand_doubling_time_age_slope.value * age +
                  values->expand_doubling_time_oxygen_slope.value * oxygen);
}

/// Cultures that fail before one succeeds; each fails with the same probability.
static int failures_before_success(double failure, double u, int most)
{
    int count = 0;
    double all_failed = failure; // probability that the first count + 1 cultures all fail
    while (count < most && u < all_failed) {
        count++;
        all_failed *= failure;
    }
    return count;
}

bool st_expand_perform(const st_catalogue* catalogue, const st_expand* expand, double age_y,
                       const st_step_luck* luck, st_product* sample)
{
    const st_procedure_values* v = &catalogue->values;
    const st_random_key key = st_step_key(luck, ST_STEP_EXPAND);
    const double founders =
        st_product_alive(sample, ST_CLASS_CFU_F) * v->expand_founders_per_cfu_f.value;
    const double hours =
        st_expand_doubling_time(v, expand, age_y, st_random_normal(&key, ST_DRAW_DOUBLING_TIME));
    const double limit =
        st_amount_draw(&v->expand_senescence, st_random_normal(&key, ST_DRAW_SENESCENCE));
    const int failures = failures_before_success(
        v->expand_failure.value, st_random_uniform(&key, ST_DRAW_FAILURE), expand->tries);
    const double days_before = sample->days;

    *sample = (st_product){.days = days_before};
    if (!(founders >= 1.0)) { // nothing to grow from
        return false;
    }
    const st_growth growth =
        expand->is_physics
            ? st_expand_course(v, founders, expand->until_cells, hours, limit)
            : st_expand_growth(founders, expand->until_cells, hours, v->expand_lag.value,
                               v->expand_doublings_per_passage.value);
    const bool is_senescent = growth.is_stuck || growth.doublings > limit;
    if (is_senescent || failures == expand->tries) {
        sample->days += growth.days * (is_senescent ? 1 : failures);
        return false;
    }
    // what was asked for is alive; cells that died in taking them up come on top
    sample->count[ST_CLASS_MSC] = expand->until_cells / v->expand_viability.value;
    sample->viable[ST_CLASS_MSC] = v->expand_viability.value;
    sample->population_doubling = growth.doublings;
    sample->days += growth.days * (failures + 1);
    st_product_validate(sample);
    return true;
}
