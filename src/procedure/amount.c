#include "procedure/amount.h"

#include "base/base.h"
#include "base/maths.h"
#include "base/random.h"

double st_amount_draw(const st_amount* amount, double z)
{
    if (amount->ln_sigma > 0.0) {
        return amount->value * st_exp(amount->ln_sigma * z);
    }
    return amount->value + amount->sd * z;
}

double st_amount_draw_share(const st_amount* amount, double u)
{
    ST_ASSERT(amount->value > 0.0 && amount->value <= 1.0);
    if (!(amount->ln_sigma > 0.0)) {
        return amount->value;
    }
    // r = r0 exp(sigma z), z normal given z <= -ln(r0)/sigma                              [PRO-4]
    const double z_most = -st_log(amount->value) / amount->ln_sigma;
    const double z = st_normal_quantile(u * st_normal_cdf(z_most));
    const double share = amount->value * st_exp(amount->ln_sigma * z);
    return share < 1.0 ? share : 1.0; // rounding only
}
