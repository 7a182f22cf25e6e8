#include "procedure/spin.h"

#include "procedure/product.h"

double st_spin_recovery(double fold, double out_mL, double in_mL)
{
    return fold * out_mL / in_mL; //                                                      [PRO-5]
}

st_status st_spin_perform(st_ctx* ctx, const st_catalogue* catalogue, const st_spin* spin,
                          const st_step_luck* luck, st_product* sample)
{
    const st_procedure_values* v = &catalogue->values;
    const st_random_key key = st_step_key(luck, ST_STEP_SPIN);
    const double rbc_mL = v->blood_rbc_volume.value * 1e-12; // fL to mL, of one cell
    const st_product before = *sample;

    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        const double u = st_random_uniform(&key, ST_DRAW_RECOVERY_BASE + (uint64_t)k);
        sample->count[k] *= st_amount_draw_share(&spin->layer->recovery[k], u);
    }

    // The liquid of the product is the sample's liquid, mixed.                           [PRO-5]
    const double cells_mL = sample->count[ST_CLASS_RBC] * rbc_mL;
    const double liquid_before = before.plasma_mL + before.additive_mL;
    const double liquid_after = spin->volume_mL - cells_mL;
    if (!(cells_mL <= v->spin_packing.value * spin->volume_mL) ||
        !(liquid_after <= liquid_before)) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC,
                       "spin, person %llu: %.3g mL of red cells and %.3g mL of liquid cannot make "
                       "%.3g mL of product",
                       (unsigned long long)luck->person, cells_mL, liquid_before, spin->volume_mL);
    }
    sample->plasma_mL = before.plasma_mL * liquid_after / liquid_before;
    sample->additive_mL = before.additive_mL * liquid_after / liquid_before;
    sample->volume_mL = spin->volume_mL;
    sample->age_h += spin->time_h + v->spin_handling.value;
    sample->days += (spin->time_h + v->spin_handling.value) / 24.0;
    st_product_validate_loss(&before, sample);
    return ST_OK;
}
