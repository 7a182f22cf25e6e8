#include "procedure/freeze.h"

#include "procedure/product.h"

#include "base/base.h"
#include "base/maths.h"

/// A share that stays at `early` up to the first measurement and then follows the exponential
/// through both.                                                                         [PRO-8]
static double share_after(const st_procedure_values* v, double early, double late, double months)
{
    const double t1 = v->freeze_early.value;
    const double t2 = v->freeze_late.value;
    if (months <= t1) {
        return early;
    }
    return early * st_pow(late / early, (months - t1) / (t2 - t1));
}

double st_freeze_recovery(const st_procedure_values* values, const st_freeze* freeze)
{
    const double share = share_after(values, freeze->preservative->recovery_early,
                                     freeze->preservative->recovery_late, freeze->months);
    return share < 1.0 ? share : 1.0; // a table that rises cannot give cells back
}

double st_freeze_doomed(const st_procedure_values* values, const st_freeze* freeze)
{
    // written for the share that is not doomed, which stays within 0 ... 1
    return 1.0 - share_after(values, 1.0 - freeze->preservative->doomed_early,
                             1.0 - freeze->preservative->doomed_late, freeze->months);
}

double st_freeze_cold(const st_procedure_values* v, double days)
{
    const double safe = v->freeze_cold_safe.value; // nothing is lost before               [PRO-34]
    if (days <= safe) {
        return 1.0;
    }
    return st_pow(v->freeze_cold_share.value, (days - safe) / (v->freeze_cold_late.value - safe));
}

double st_freeze_adhering(const st_procedure_values* v, double hours)
{
    const double share = hours < 24.0 ? hours / 24.0 : 1.0;
    return v->freeze_adhering_early.value +
           share * (v->freeze_adhering_late.value - v->freeze_adhering_early.value);
}

void st_freeze_perform(const st_catalogue* catalogue, const st_freeze* freeze, st_product* sample)
{
    const st_product before = *sample;
    st_product_kill(sample, ST_CLASS_MSC, 1.0 - st_freeze_recovery(&catalogue->values, freeze));
    st_product_doom(sample, ST_CLASS_MSC, st_freeze_doomed(&catalogue->values, freeze));
    st_product_kill(sample, ST_CLASS_MSC,
                    1.0 - st_freeze_cold(&catalogue->values, freeze->cold_days));
    sample->age_h = 24.0 * freeze->cold_days; // counts from the thaw
    sample->days += freeze->days + freeze->cold_days;
    st_product_validate_loss(&before, sample);
}
