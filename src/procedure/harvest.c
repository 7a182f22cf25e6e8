#include "procedure/harvest.h"

#include "procedure/product.h"

#include "base/maths.h"

#include <math.h>

const char* const ST_SOURCE_NAME[ST_SOURCE_COUNT] = {"marrow", "blood", "fat"};

double st_harvest_mean(double blood, double marrow, double depletion, double draw)
{
    const double x = draw / depletion;
    return blood + (marrow - blood) * (1.0 - st_exp(-x)) / x; //                          [PRO-1]
}

double st_harvest_pooled(double blood, double marrow, double depletion, double draw, int draw_count,
                         int positions)
{
    const int fewer = draw_count / positions; // draws of most positions; the rest have one more
    const int more = draw_count % positions;
    double sum = 0.0; // concentration times draws
    if (fewer > 0) {
        sum += (double)(positions - more) * fewer *
               st_harvest_mean(blood, marrow, depletion, fewer * draw);
    }
    if (more > 0) {
        sum += (double)more * (fewer + 1) *
               st_harvest_mean(blood, marrow, depletion, (fewer + 1) * draw);
    }
    return sum / draw_count;
}

double st_harvest_marrow_share(double pool, double first, double blood)
{
    return (pool - blood) / (first - blood); //                                           [PRO-3]
}

/// Undiluted marrow of one donor as the needle gives it, cells per mL by class.           [PRO-2]
static void marrow_of(const st_catalogue* catalogue, const st_harvest* harvest,
                      const st_donor* donor, const st_random_key* key, const double* blood,
                      double* marrow)
{
    static const st_aspiration reference = {"open tip", 1.0, 1.0};
    const st_procedure_values* v = &catalogue->values;
    const st_aspiration* needle = harvest->needle != NULL ? harvest->needle : &reference;
    const st_age_relation* age =
        harvest->age_relation != NULL ? harvest->age_relation : &catalogue->age_relation[0];
    const double slope = donor->is_female ? age->cfu_f_female : age->cfu_f_male;
    const double cfu_f = st_amount_draw(&v->marrow_cfu_f, st_random_normal(key, ST_DRAW_CFU_F)) *
                         harvest->site->ratio * needle->cfu_f *
                         st_exp(slope * (donor->age_y - v->marrow_cfu_f_reference_age.value));
    const double nucleated =
        st_amount_draw(&v->marrow_nucleated, st_random_normal(key, ST_DRAW_NUCLEATED)) *
        needle->nucleated *
        st_exp(age->nucleated * (donor->age_y - v->marrow_nucleated_reference_age.value));

    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        marrow[k] = blood[k]; // red cells and platelets: the liquid is blood
    }
    marrow[ST_CLASS_NEUTROPHIL] = nucleated * v->marrow_share_neutrophil.value;
    marrow[ST_CLASS_LYMPHOCYTE] = nucleated * v->marrow_share_lymphocyte.value;
    marrow[ST_CLASS_MONOCYTE] = nucleated * v->marrow_share_monocyte.value;
    marrow[ST_CLASS_IMMATURE] = nucleated * v->marrow_share_immature.value;
    marrow[ST_CLASS_CFU_F] = cfu_f;
}

static double blood_draw(const st_amount* amount, const st_random_key* key, st_cell_class class_)
{
    return st_amount_draw(amount, st_random_normal(key, ST_DRAW_BLOOD_BASE + (uint64_t)class_));
}

double st_harvest_fat_yield(const st_procedure_values* v, const st_harvest* harvest,
                            const st_donor* donor)
{
    // the table holds for as many women as men, in the geometric mean                    [PRO-35]
    const double apart = sqrt(v->fat_female_over_male.value);
    const double sex = donor->is_female ? apart : 1.0 / apart;
    const double smoking = donor->is_smoker ? v->fat_smoker.value : 1.0;
    return harvest->isolation->yield.value * harvest->site->ratio * sex * smoking *
           st_exp(v->fat_bmi_slope.value * (donor->bmi_kg_per_m2 - v->fat_bmi_reference.value));
}

/// Cells of fat: CFU-F and other nucleated cells, in saline.
static void draw_fat(const st_procedure_values* v, const st_harvest* harvest, const st_donor* donor,
                     const st_random_key* key, st_product* out)
{
    const st_isolation* isolation = harvest->isolation;
    const double nucleated =
        harvest->draw_count * harvest->draw_mL * st_harvest_fat_yield(v, harvest, donor) *
        st_exp(isolation->yield.ln_sigma * st_random_normal(key, ST_DRAW_FAT_YIELD));
    const double share =
        st_amount_draw(&isolation->colony_share, st_random_normal(key, ST_DRAW_FAT_COLONY));
    const double colonies = nucleated * (share < 1.0 ? share : 1.0);
    *out = (st_product){.volume_mL = harvest->product_mL, .additive_mL = harvest->product_mL};
    out->count[ST_CLASS_CFU_F] = colonies;
    out->count[ST_CLASS_OTHER] = nucleated - colonies;
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        out->viable[k] = isolation->viability;
    }
    out->viable[ST_CLASS_CFU_F] = 1.0; // what founds a colony was alive
    out->age_h = v->harvest_duration.value + isolation->hours;
    out->days = out->age_h / 24.0;
    st_product_validate(out);
}

void st_harvest_perform(const st_catalogue* catalogue, const st_harvest* harvest,
                        const st_donor* donor, const st_step_luck* luck, st_product* out)
{
    const st_procedure_values* v = &catalogue->values;
    const st_random_key key = st_step_key(luck, ST_STEP_HARVEST);
    if (harvest->source == ST_SOURCE_FAT) {
        draw_fat(v, harvest, donor, &key, out);
        return;
    }
    const double drawn_mL = harvest->draw_count * harvest->draw_mL;
    const double depletion_mL =
        st_amount_draw(&v->marrow_depletion_volume, st_random_normal(&key, ST_DRAW_DEPLETION));
    double blood[ST_CLASS_COUNT] = {0};
    double marrow[ST_CLASS_COUNT];

    blood[ST_CLASS_RBC] = blood_draw(&v->blood_rbc, &key, ST_CLASS_RBC);
    blood[ST_CLASS_PLATELET] = blood_draw(&v->blood_platelet, &key, ST_CLASS_PLATELET);
    blood[ST_CLASS_NEUTROPHIL] = blood_draw(&v->blood_neutrophil, &key, ST_CLASS_NEUTROPHIL);
    blood[ST_CLASS_LYMPHOCYTE] = blood_draw(&v->blood_lymphocyte, &key, ST_CLASS_LYMPHOCYTE);
    blood[ST_CLASS_MONOCYTE] = blood_draw(&v->blood_monocyte, &key, ST_CLASS_MONOCYTE);
    const bool is_marrow = harvest->source == ST_SOURCE_MARROW;
    if (is_marrow) {
        marrow_of(catalogue, harvest, donor, &key, blood, marrow);
    }

    *out = (st_product){0};
    const int positions =
        harvest->position_count > 0 ? harvest->position_count : harvest->draw_count;
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        out->count[k] = drawn_mL * (is_marrow ? st_harvest_pooled(blood[k], marrow[k], depletion_mL,
                                                                  harvest->draw_mL,
                                                                  harvest->draw_count, positions)
                                              : blood[k]);
        out->viable[k] = is_marrow ? v->marrow_viability.value : 1.0;
    }
    out->viable[ST_CLASS_CFU_F] = 1.0; // what founds a colony was alive
    out->volume_mL = drawn_mL + harvest->additive_mL;
    out->additive_mL = harvest->additive_mL;
    // fL to mL: red cells are the only ones whose volume counts
    const double rbc_mL = out->count[ST_CLASS_RBC] * v->blood_rbc_volume.value * 1e-12;
    out->plasma_mL = drawn_mL > rbc_mL ? drawn_mL - rbc_mL : 0.0;
    out->age_h = v->harvest_duration.value;
    out->days = v->harvest_duration.value / 24.0;
    st_product_validate(out);
}
