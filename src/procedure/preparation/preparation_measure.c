#include "procedure/preparation/preparation.h"

#include "procedure/product.h"

#include <math.h>
#include <string.h>

const char* const ST_QUANTITY_NAME[ST_QUANTITY_COUNT] = {
#define X(id, name, label, unit) name,
    ST_PREPARATION_QUANTITIES(X)
#undef X
};
const char* const ST_QUANTITY_LABEL[ST_QUANTITY_COUNT] = {
#define X(id, name, label, unit) label,
    ST_PREPARATION_QUANTITIES(X)
#undef X
};
const char* const ST_QUANTITY_UNIT[ST_QUANTITY_COUNT] = {
#define X(id, name, label, unit) unit,
    ST_PREPARATION_QUANTITIES(X)
#undef X
};

static double nucleated(const st_product* p)
{
    double sum = p->count[ST_CLASS_OTHER];
    for (int k = ST_CLASS_NEUTROPHIL; k <= ST_CLASS_IMMATURE; k++) {
        sum += p->count[k];
    }
    return sum;
}

static double per_mL(double count, const st_product* p)
{
    return p->volume_mL > 0.0 ? count / p->volume_mL : (double)NAN;
}

/// NAN when there was nothing to begin with.
static double ratio(double part, double whole)
{
    return whole > 0.0 ? part / whole : (double)NAN;
}

double st_preparation_dose(const st_recipe* recipe, const st_dose* dose)
{
    const bool is_blood = recipe->harvest.source == ST_SOURCE_BLOOD && !recipe->has_expand;
    const char* name = is_blood ? ST_CLASS_NAME_PLATELET : ST_CLASS_NAME_MSC;
    for (int i = 0; i < dose->part_count; i++) {
        if (strcmp(dose->part[i].product_class, name) == 0) {
            return dose->part[i].alive + dose->part[i].latent;
        }
    }
    return 0.0;
}

/// Native samples: what the spins made of the harvest.
static void measure_spins(const st_journey* j, double* q)
{
    const st_product* in = &j->harvested;
    const st_product* out = &j->product;
    const double thicker = ratio(in->volume_mL, out->volume_mL);
    q[ST_QUANTITY_NUCLEATED_PRODUCT] = per_mL(nucleated(out), out);
    q[ST_QUANTITY_CFU_F_PRODUCT] = per_mL(out->count[ST_CLASS_CFU_F], out);
    q[ST_QUANTITY_PLATELET_PRODUCT] = per_mL(out->count[ST_CLASS_PLATELET], out);
    if (j->spin_count == 0) {
        return;
    }
    q[ST_QUANTITY_HEMATOCRIT] = 100.0 * j->spin[j->spin_count - 1].hematocrit;
    q[ST_QUANTITY_NUCLEATED_RECOVERY] = 100.0 * ratio(nucleated(out), nucleated(in));
    q[ST_QUANTITY_CFU_F_RECOVERY] =
        100.0 * ratio(out->count[ST_CLASS_CFU_F], in->count[ST_CLASS_CFU_F]);
    q[ST_QUANTITY_PLATELET_RECOVERY] =
        100.0 * ratio(out->count[ST_CLASS_PLATELET], in->count[ST_CLASS_PLATELET]);
    q[ST_QUANTITY_PLATELET_FIRST] = 100.0 * j->spin[0].recovery[ST_CLASS_PLATELET];
    q[ST_QUANTITY_RBC_RECOVERY] = 100.0 * ratio(out->count[ST_CLASS_RBC], in->count[ST_CLASS_RBC]);
    q[ST_QUANTITY_NUCLEATED_FOLD] = 0.01 * q[ST_QUANTITY_NUCLEATED_RECOVERY] * thicker;
    q[ST_QUANTITY_CFU_F_FOLD] = 0.01 * q[ST_QUANTITY_CFU_F_RECOVERY] * thicker;
    q[ST_QUANTITY_PLATELET_FOLD] = 0.01 * q[ST_QUANTITY_PLATELET_RECOVERY] * thicker;
    q[ST_QUANTITY_RBC_FOLD] = 0.01 * q[ST_QUANTITY_RBC_RECOVERY] * thicker;
    double activated = 0.0;
    for (int i = 0; i < j->spin_count; i++) {
        activated = j->spin[i].activated > activated ? j->spin[i].activated : activated;
    }
    if (activated > 0.0 && in->count[ST_CLASS_PLATELET] > 0.0) {
        q[ST_QUANTITY_ACTIVATED] = 100.0 * activated;
    }
}

static void measure_gel(const st_gel_told* gel, double* q)
{
    q[ST_QUANTITY_GEL_TIME] = isfinite(gel->gel_time_s) ? gel->gel_time_s : (double)NAN;
    q[ST_QUANTITY_CURE_DEPTH] = gel->cure_depth_mm;
    q[ST_QUANTITY_MODULUS] = gel->modulus_kPa;
    q[ST_QUANTITY_MESH] = gel->mesh_nm > 0.0 ? gel->mesh_nm : (double)NAN;
    q[ST_QUANTITY_GEL_SURVIVAL] = 100.0 * gel->survival;
}

void st_preparation_measure(const st_recipe* recipe, const st_dose* dose, const st_journey* journey,
                            double* q)
{
    for (int i = 0; i < ST_QUANTITY_COUNT; i++) {
        q[i] = (double)NAN;
    }
    const st_product* in = &journey->harvested;
    const st_product* out = &journey->product;
    q[ST_QUANTITY_DOSE] = st_preparation_dose(recipe, dose);
    q[ST_QUANTITY_DAYS] = dose->preparation_days;
    q[ST_QUANTITY_NUCLEATED_HARVEST] = per_mL(nucleated(in), in);
    if (in->count[ST_CLASS_CFU_F] > 0.0) {
        q[ST_QUANTITY_CFU_F_HARVEST] = per_mL(in->count[ST_CLASS_CFU_F], in);
    }
    if (recipe->has_expand) {
        if (!dose->is_failed) {
            for (int i = 1; i < dose->step_count; i++) {
                if (strcmp(dose->step[i].name, "expand") == 0) {
                    q[ST_QUANTITY_CULTURE_DAYS] = dose->step[i].day - dose->step[i - 1].day;
                }
            }
            q[ST_QUANTITY_DOUBLINGS] = out->population_doubling;
            q[ST_QUANTITY_YIELD_MSC] = st_product_alive(out, ST_CLASS_MSC);
            q[ST_QUANTITY_VIABLE] = 100.0 * out->viable[ST_CLASS_MSC];
        }
    } else {
        q[ST_QUANTITY_VOLUME] = out->volume_mL;
        measure_spins(journey, q);
    }
    if (recipe->has_freeze) {
        q[ST_QUANTITY_ADHERING] = 100.0 * journey->adhering;
    }
    if (journey->has_needle) {
        q[ST_QUANTITY_WALL_STRESS] = journey->needle.wall_stress_Pa;
        q[ST_QUANTITY_PLUNGER] = journey->needle.plunger_force_N;
        q[ST_QUANTITY_JOINT_PRESSURE] = journey->needle.joint_pressure_mmHg;
    }
    if (journey->has_gel && journey->gel.light_path != NULL) {
        measure_gel(&journey->gel, q);
    }
}
