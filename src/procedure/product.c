#include "procedure/product.h"

#include "base/base.h"

#include <math.h>

double st_product_alive(const st_product* product, st_cell_class cell_class)
{
    return product->count[cell_class] * product->viable[cell_class];
}

double st_product_therapeutic(const st_product* product)
{
    return st_product_alive(product, ST_CLASS_MSC) + st_product_alive(product, ST_CLASS_CFU_F);
}

void st_product_keep(st_product* product, double share)
{
    ST_ASSERT(share >= 0.0 && share <= 1.0);
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        product->count[k] *= share;
    }
    product->volume_mL *= share;
    product->plasma_mL *= share;
    product->additive_mL *= share;
}

void st_product_kill(st_product* product, st_cell_class cell_class, double share)
{
    ST_ASSERT(share >= 0.0 && share <= 1.0);
    product->viable[cell_class] *= 1.0 - share;
    product->latent[cell_class] *= 1.0 - share;
}

void st_product_doom(st_product* product, st_cell_class cell_class, double share)
{
    ST_ASSERT(share >= 0.0 && share <= 1.0);
    const double healthy = product->viable[cell_class] - product->latent[cell_class];
    product->latent[cell_class] += healthy * share;
}

void st_product_validate(const st_product* product)
{
    const double slack = 1e-12; // rounding of sums of shares
    ST_ASSERT(isfinite(product->volume_mL) && product->volume_mL >= 0.0);
    ST_ASSERT(product->plasma_mL >= 0.0 && product->additive_mL >= 0.0);
    ST_ASSERT(product->age_h >= 0.0 && product->days >= 0.0);
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        ST_ASSERT(isfinite(product->count[k]) && product->count[k] >= 0.0);
        ST_ASSERT(product->viable[k] >= 0.0 && product->viable[k] <= 1.0);
        ST_ASSERT(product->latent[k] >= 0.0 && product->latent[k] <= product->viable[k] + slack);
    }
    (void)slack;
    (void)product;
}

void st_product_validate_loss(const st_product* before, const st_product* after)
{
    const double most = 1.0 + 1e-12; // rounding
    st_product_validate(after);
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        ST_ASSERT(after->count[k] <= before->count[k] * most);
        ST_ASSERT(st_product_alive(after, (st_cell_class)k) <=
                  st_product_alive(before, (st_cell_class)k) * most);
    }
    ST_ASSERT(after->volume_mL <= before->volume_mL * most);
    (void)before;
    (void)most;
}
