#include "procedure/spin.h"

#include "procedure/product.h"

double st_spin_recovery(double fold, double out_mL, double in_mL)
{
    return fold * out_mL / in_mL; //                                                      [PRO-5]
}

static void recover_by_table(const st_spin* spin, const st_random_key* key, uint64_t base,
                             double* recovery)
{
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        const double u = st_random_uniform(key, base + ST_DRAW_RECOVERY_BASE + (uint64_t)k);
        recovery[k] = st_amount_draw_share(&spin->layer->recovery[k], u);
    }
}

/// Cells that stay on a density medium; a part of the colonies is not found again.       [PRO-20]
static void recover_floating(const st_procedure_values* v, const st_spin* spin, double* recovery)
{
    const st_cushion* c = spin->cushion;
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        const st_cell_class class_ = (st_cell_class)k;
        recovery[k] = st_centrifuge_floating(
            v, st_centrifuge_density(v, class_), st_centrifuge_diameter(v, class_), c->density,
            c->viscosity, c->depth_m, spin->field_xg, 3600.0 * spin->time_h);
        recovery[k] *= c->kept;
    }
    recovery[ST_CLASS_CFU_F] *= c->colony_kept;
    recovery[ST_CLASS_MSC] *= c->colony_kept;
}

static st_status recover_by_physics(st_ctx* ctx, const st_procedure_values* v, const st_spin* spin,
                                    const st_random_key* key, uint64_t base,
                                    const st_product* sample, double* volume_mL, double* recovery,
                                    st_spin_picture* picture)
{
    const double z = st_random_normal(key, base + ST_DRAW_MARGIN);
    const st_centrifuge_def def = {.tube = spin->tube,
                                   .field_xg = spin->field_xg,
                                   .time_s = 3600.0 * spin->time_h,
                                   .brake = spin->brake,
                                   .cells = ST_CENTRIFUGE_CELLS};
    st_draw draw = {.keep = spin->keep,
                    .margin_m = 1e-3 * (spin->margin_mm + spin->margin_error_mm * z),
                    .volume_mL = *volume_mL};
    st_centrifuge centrifuge;
    ST_TRY(st_centrifuge_run(ctx, v, &def, sample, picture, &centrifuge));
    const st_status status = st_centrifuge_draw(ctx, &centrifuge, &draw, recovery);
    st_centrifuge_clear(&centrifuge);
    *volume_mL = draw.volume_mL;
    return status;
}

static void tell(const st_procedure_values* v, const st_spin* spin, const st_product* before,
                 const st_product* after, st_spin_told* told)
{
    *told = (st_spin_told){
        .is_physics = spin->is_physics,
        .in_mL = before->volume_mL,
        .out_mL = after->volume_mL,
        .hematocrit =
            after->count[ST_CLASS_RBC] * v->blood_rbc_volume.value * 1e-12 / after->volume_mL,
        .activated = spin->field_xg > 0.0 ? st_centrifuge_activation(v, spin->field_xg) : 0.0};
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        told->recovery[k] = before->count[k] > 0.0 ? after->count[k] / before->count[k] : 0.0;
        told->fold[k] = told->recovery[k] * before->volume_mL / after->volume_mL;
    }
}

st_status st_spin_perform_told(st_ctx* ctx, const st_catalogue* catalogue, const st_spin* spin,
                               const st_step_luck* luck, st_product* sample, st_spin_told* told,
                               st_spin_picture* picture)
{
    const st_procedure_values* v = &catalogue->values;
    const st_random_key key = st_step_key(luck, ST_STEP_SPIN);
    const uint64_t base = spin->index > 0 ? ST_DRAW_SPIN_SECOND : 0;
    const double rbc_mL = v->blood_rbc_volume.value * 1e-12; // fL to mL, of one cell
    const st_product before = *sample;
    double volume_mL =
        spin->volume_mL > 0.0 ? spin->volume_mL : spin->volume_share * sample->volume_mL;
    double recovery[ST_CLASS_COUNT];

    if (!spin->is_physics) {
        recover_by_table(spin, &key, base, recovery);
    } else if (spin->cushion != NULL) {
        recover_floating(v, spin, recovery);
    } else {
        ST_TRY(recover_by_physics(ctx, v, spin, &key, base, sample, &volume_mL, recovery, picture));
    }
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        sample->count[k] *= recovery[k] * (1.0 - spin->lost);
    }

    // The liquid of the product is the sample's liquid, mixed.                           [PRO-5]
    const double cells_mL = sample->count[ST_CLASS_RBC] * rbc_mL;
    const double liquid_before = before.plasma_mL + before.additive_mL;
    const double liquid_after = volume_mL - cells_mL;
    if (!(cells_mL <= v->spin_packing.value * volume_mL) || !(liquid_after <= liquid_before)) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC,
                       "spin, person %llu: %.3g mL of red cells and %.3g mL of liquid cannot make "
                       "%.3g mL of product",
                       (unsigned long long)luck->person, cells_mL, liquid_before, volume_mL);
    }
    sample->plasma_mL = before.plasma_mL * liquid_after / liquid_before;
    sample->additive_mL = before.additive_mL * liquid_after / liquid_before;
    sample->volume_mL = volume_mL;
    sample->age_h += spin->time_h + v->spin_handling.value;
    sample->days += (spin->time_h + v->spin_handling.value) / 24.0;
    st_product_validate_loss(&before, sample);
    if (told != NULL) {
        tell(v, spin, &before, sample, told);
    }
    return ST_OK;
}

st_status st_spin_perform(st_ctx* ctx, const st_catalogue* catalogue, const st_spin* spin,
                          const st_step_luck* luck, st_product* sample)
{
    return st_spin_perform_told(ctx, catalogue, spin, luck, sample, NULL, NULL);
}

/// Thin suspensions are made visible: of platelets or white cells this share counts as half.
#define VISIBLE 0.004
/// Packed red cells are as red as it gets.
#define PACKED 0.9

void st_spin_picture_colour(double red, double platelet, double white, double* rgb)
{
    static const double paint[4][3] = {
        {178, 34, 40}, {222, 150, 20}, {70, 110, 190}, {250, 243, 214}};
    const double r = red < PACKED ? red / PACKED : 1.0;
    const double p = (1.0 - r) * platelet / (platelet + VISIBLE);
    const double w = (1.0 - r) * white / (white + VISIBLE);
    const double rest = 1.0 - r > p + w ? 1.0 - r - p - w : 0.0;
    const double part[4] = {r, p, w, rest};

    for (int i = 0; i < 3; i++) {
        rgb[i] = 0.0;
        for (int k = 0; k < 4; k++) {
            rgb[i] += part[k] * paint[k][i] / (r + p + w + rest);
        }
    }
}
