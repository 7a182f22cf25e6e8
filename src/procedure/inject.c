#include "procedure/inject.h"

#include "procedure/constants.h"
#include "procedure/place.h"
#include "procedure/product.h"

#include "base/maths.h"

#include <math.h>

static const double M3_PER_S_IN_ML_PER_MIN = 1e-6 / 60.0; // one mL/min in m^3/s

const char* const ST_ROUTE_NAME[ST_ROUTE_COUNT] = {"percutaneous", "arthroscopic", "open"};

/// What is in the syringe flows like this.
static st_fluid fluid_of(const st_procedure_values* values, const st_inject* inject)
{
    const st_ware* ware = inject->product != NULL ? inject->product : inject->carrier;
    st_fluid fluid = {.density = values->inject_fluid_density.value};
    if (ware != NULL) {
        fluid.consistency = ware->consistency_Pa_sn;
        fluid.index = ware->flow_index;
    } else { // marrow alone
        fluid.consistency = values->inject_marrow_viscosity.value;
        fluid.index = 1.0;
    }
    return fluid;
}

st_needle_flow st_inject_flow(const st_procedure_values* values, const st_inject* inject)
{
    const st_fluid fluid = fluid_of(values, inject);
    const st_needle needle = {.bore = inject->gauge->bore_m,
                              .length = inject->gauge->length_m,
                              .entrance_tangent = values->inject_entrance_tangent.value,
                              .stretch_ratio = values->inject_stretch_ratio.value};
    return st_needle_flow_at(&needle, &fluid, inject->rate_mL_per_min * M3_PER_S_IN_ML_PER_MIN);
}

double st_inject_settled(const st_procedure_values* values, const st_inject* inject,
                         double cell_diameter)
{
    const st_fluid fluid = fluid_of(values, inject);
    // Stokes speed at a shear rate of 1/s; cells lighter than the fluid rise as fast    [PRO-9]
    const double speed = fabs(values->inject_cell_density.value - fluid.density) * cell_diameter *
                         cell_diameter * ST_STANDARD_GRAVITY / (18.0 * fluid.consistency);
    const double time =
        values->inject_waiting.value + 60.0 * inject->volume_mL / inject->rate_mL_per_min;
    const double reached = 1.0 - st_exp(-speed * time / values->inject_syringe_bore.value);
    return values->inject_sticking.value * reached;
}

void st_inject_load(const st_inject* inject, st_product* sample)
{
    if (inject->carrier_mL > 0.0) {
        sample->volume_mL += inject->carrier_mL;
        sample->additive_mL += inject->carrier_mL;
        return;
    }
    const double share = inject->volume_mL / sample->volume_mL;
    st_product_keep(sample, share < 1.0 ? share : 1.0);
}

void st_inject_syringe(const st_catalogue* catalogue, const st_inject* inject, st_product* sample)
{
    const st_procedure_values* v = &catalogue->values;
    const st_product before = *sample;
    sample->count[ST_CLASS_MSC] *=
        1.0 - st_inject_settled(v, inject, v->inject_cultured_cell_diameter.value);
    sample->count[ST_CLASS_CFU_F] *=
        1.0 - st_inject_settled(v, inject, v->inject_native_cell_diameter.value);
    st_product_validate_loss(&before, sample);
}

void st_inject_needle(const st_catalogue* catalogue, const st_inject* inject,
                      const st_step_luck* luck, st_product* sample)
{
    static const st_cell_class therapeutic[] = {ST_CLASS_MSC, ST_CLASS_CFU_F};
    const st_procedure_values* v = &catalogue->values;
    const st_random_key key = st_step_key(luck, ST_STEP_INJECTION);
    const st_product before = *sample;
    const st_needle_flow flow = st_inject_flow(v, inject);
    const st_damage damage = {v->inject_shear_scale.value, v->inject_shear_stress_power.value,
                              v->inject_shear_time_power.value, v->inject_stretch_scale.value,
                              v->inject_stretch_power.value};
    const double survive =
        (1.0 - st_needle_shear_loss(&damage, flow.wall_stress, flow.residence)) *
        (1.0 - st_needle_stretch_loss(&damage, flow.stretch_stress)); //                 [PRO-11]
    const double least = v->inject_latent_least.value;
    const double doomed =
        least + (v->inject_latent_most.value - least) * st_random_uniform(&key, ST_DRAW_LATENT);
    for (int i = 0; i < 2; i++) {
        st_product_kill(sample, therapeutic[i], 1.0 - survive);
        st_product_doom(sample, therapeutic[i], doomed);
    }
    st_product_validate_loss(&before, sample);
}

double st_inject_arriving(const st_catalogue* catalogue, const st_inject* inject,
                          const st_step_luck* luck)
{
    const st_procedure_values* v = &catalogue->values;
    const st_random_key key = st_step_key(luck, ST_STEP_INJECTION);
    double placed = inject->joint->placed[inject->guidance];
    double leak = v->inject_leak_back.value;
    if (inject->is_physics) { // how good a hand is, is the same for all donors of a seed
        const st_step_luck nobody = {luck->seed, UINT64_MAX};
        const st_random_key hand = st_step_key(&nobody, ST_STEP_INJECTION);
        placed = st_place_share(placed, inject->joint->trials[inject->guidance],
                                st_random_normal(&hand, ST_DRAW_PLACED));
        leak = st_place_leak(v, inject->joint, inject->volume_mL);
    }
    if (!(st_random_uniform(&key, ST_DRAW_PLACED) < placed)) { //                        [PRO-12]
        return 0.0;
    }
    return 1.0 - leak;
}
