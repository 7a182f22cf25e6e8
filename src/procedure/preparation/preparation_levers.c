#include "procedure/preparation/preparation.h"

#include "base/maths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVER_LIMIT = 96 };

// --- the median donor ------------------------------------------------------------------------

static void still(st_amount* amount)
{
    amount->ln_sigma = 0.0;
    amount->sd = 0.0;
}

/// Values that a class of cells spreads within one sample, not between donors, stay.
static bool is_within_sample(const st_procedure_values* v, const st_amount* amount)
{
    return amount == &v->centrifuge_platelet_diameter;
}

static void still_values(st_procedure_values* v)
{
    st_amount* const first = (st_amount*)(void*)v;
    const size_t count = sizeof *v / sizeof(st_amount);
    for (size_t i = 0; i < count; i++) {
        if (!is_within_sample(v, &first[i])) {
            still(&first[i]);
        }
    }
    const double latent = 0.5 * (v->inject_latent_least.value + v->inject_latent_most.value);
    v->inject_latent_least.value = latent;
    v->inject_latent_most.value = latent;
    v->expand_failure.value = 0.0;
}

st_status st_preparation_plain_create(st_ctx* ctx, const st_preparation* p,
                                      st_preparation_plain** out)
{
    const st_catalogue* c = p->catalogue;
    *out = NULL;
    st_preparation_plain* plain = st_alloc(ctx, 1, sizeof *plain);
    if (plain == NULL) {
        return ST_ERR_MEMORY;
    }
    plain->layer = st_alloc(ctx, ST_RECIPE_SPINS, sizeof *plain->layer);
    if (plain->layer == NULL) {
        st_free(ctx, plain);
        return ST_ERR_MEMORY;
    }
    plain->catalogue = *c; // shares what it borrows; only values are changed
    still_values(&plain->catalogue.values);
    plain->recipe = *p->recipe;
    plain->recipe.catalogue = &plain->catalogue;
    for (int i = 0; i < plain->recipe.spin_count; i++) {
        st_spin* spin = &plain->recipe.spin[i];
        spin->margin_error_mm = 0.0;
        plain->layer[i] = *spin->layer;
        for (int k = 0; k < ST_CLASS_COUNT; k++) {
            still(&plain->layer[i].recovery[k]);
        }
        spin->layer = &plain->layer[i];
    }
    if (plain->recipe.has_injection) {
        plain->joint = *plain->recipe.inject.joint;
        for (int g = 0; g < ST_GUIDANCE_COUNT; g++) {
            plain->joint.placed[g] = 1.0;
            plain->joint.trials[g] = 1e12; // known without doubt: the tip is in the joint
        }
        plain->gauge = *plain->recipe.inject.gauge;
        plain->recipe.inject.joint = &plain->joint;
        plain->recipe.inject.gauge = &plain->gauge;
    }
    if (plain->recipe.harvest.source == ST_SOURCE_FAT) {
        plain->isolation = *plain->recipe.harvest.isolation;
        still(&plain->isolation.yield);
        still(&plain->isolation.colony_share);
        plain->recipe.harvest.isolation = &plain->isolation;
    }
    *out = plain;
    return ST_OK;
}

void st_preparation_plain_destroy(st_ctx* ctx, st_preparation_plain* plain)
{
    if (plain != NULL) {
        st_free(ctx, plain->layer);
        st_free(ctx, plain);
    }
}

// --- one change at a time --------------------------------------------------------------------

double st_preparation_dose_with(st_preparation_bench* b, double* place, double value)
{
    const double kept = *place;
    const int before = st_ctx_mistake_count(b->ctx);
    st_dose dose;
    *place = value;
    const st_status status =
        st_recipe_perform(b->ctx, &b->plain->recipe, b->donor, b->seed, 0, &dose);
    *place = kept;
    if (status == ST_ERR_NUMERIC) { // this change goes too far: no dose
        if (before == 0) {
            st_ctx_clear_messages(b->ctx);
        }
        return (double)NAN;
    }
    b->status = b->status == ST_OK ? status : b->status;
    return status == ST_OK ? st_preparation_dose(&b->plain->recipe, &dose) : (double)NAN;
}

typedef struct lab {
    st_preparation_bench bench;
    const st_preparation* preparation;
    st_donor donor;
    double dose; ///< as it is
    st_preparation_result* result;
} lab;

static void pull(lab* l, bool is_setting, const char* name, const char* unit, double* place,
                 double lo, double hi)
{
    st_preparation_result* out = l->result;
    if (l->bench.status != ST_OK || out->lever_count >= LEVER_LIMIT || !(l->dose > 0.0)) {
        return;
    }
    st_lever lever = {
        .name = name, .unit = unit, .is_setting = is_setting, .value = *place, .lo = lo, .hi = hi};
    lever.dose_lo = st_preparation_dose_with(&l->bench, place, lo) / l->dose;
    lever.dose_hi = st_preparation_dose_with(&l->bench, place, hi) / l->dose;
    if (fabs(lever.dose_lo - 1.0) > 1e-6 || fabs(lever.dose_hi - 1.0) > 1e-6) {
        out->lever[out->lever_count++] = lever;
    }
}

static void pull_factor(lab* l, const char* name, const char* unit, double* place, double factor)
{
    if (*place > 0.0) {
        pull(l, true, name, unit, place, *place / factor, *place * factor);
    }
}

/// Settings of the file, changed by a fifth (the needle's flow by half and double).
static void pull_settings(lab* l)
{
    static const char* const field_name[] = {"field of the first spin", "field of the second spin"};
    static const char* const time_name[] = {"time of the first spin", "time of the second spin"};
    static const char* const margin_name[] = {"margin of the first spin",
                                              "margin of the second spin"};
    static const char* const lost_name[] = {"lost after the first spin",
                                            "lost after the second spin"};
    static const char* const volume_name[] = {"product of the first spin",
                                              "product of the second spin"};
    st_recipe* r = &l->bench.plain->recipe;
    const double age = l->donor.age_y; // stays one that a donor may have
    pull(l, true, "age of the donor", "y", &l->donor.age_y, age > 10.0 ? age - 10.0 : 0.0,
         age < 110.0 ? age + 10.0 : 120.0);
    pull(l, true, "body mass index of the donor", "kg/m^2", &l->donor.bmi_kg_per_m2,
         l->donor.bmi_kg_per_m2 - 5.0, l->donor.bmi_kg_per_m2 + 5.0);
    pull_factor(l, "volume of each draw", "mL", &r->harvest.draw_mL, 1.2);
    for (int i = 0; i < r->spin_count && i < ST_RECIPE_SPINS; i++) {
        st_spin* spin = &r->spin[i];
        pull_factor(l, volume_name[i], "mL", &spin->volume_mL, 1.2);
        pull_factor(l, volume_name[i], "share", &spin->volume_share, 1.2);
        if (spin->is_physics) {
            pull_factor(l, field_name[i], "xg", &spin->field_xg, 1.2);
            pull_factor(l, time_name[i], "h", &spin->time_h, 1.2);
            pull(l, true, margin_name[i], "mm", &spin->margin_mm, spin->margin_mm - 1.0,
                 spin->margin_mm + 1.0);
            pull_factor(l, lost_name[i], "share", &spin->lost, 1.2);
        }
    }
    if (r->has_expand) {
        pull_factor(l, "cells asked for", "cells", &r->expand.until_cells, 1.2);
    }
    if (r->has_freeze) {
        pull_factor(l, "months frozen", "month", &r->freeze.months, 1.2);
    }
    if (r->has_injection) {
        pull_factor(l, "volume injected", "mL", &r->inject.volume_mL, 1.2);
        pull_factor(l, "flow through the needle", "mL/min", &r->inject.rate_mL_per_min, 2.0);
        pull_factor(l, "bore of the needle", "m", &l->bench.plain->gauge.bore_m, 1.2);
    }
    if (r->has_gel) {
        pull_factor(l, "initiator", "kg/m^3", &r->cure.concentration, 1.2);
        pull_factor(l, "light", "W/m^2", &r->cure.irradiance, 1.2);
        pull_factor(l, "time of light", "s", &r->cure.time_s, 1.2);
    }
}

/// A value at one standard deviation below and above, as it spreads between donors.
static void pull_amount(lab* l, const char* name, const char* unit, const st_amount* spread,
                        double* place, double most)
{
    if (!(spread->ln_sigma > 0.0) && !(spread->sd > 0.0)) {
        return;
    }
    const double lo = st_amount_draw(spread, -1.0);
    const double hi = st_amount_draw(spread, 1.0);
    pull(l, false, name, unit, place, lo, hi < most ? hi : most);
}

/// Values that spread between donors or runs, at one standard deviation.
static void pull_values(lab* l)
{
    static const struct {
        const char *name, *unit;
        size_t offset;
    } value[] = {
#define X(group, field, unit, lo, hi, spread)                                                      \
    {#group "." #field, unit, offsetof(st_procedure_values, group##_##field)},
        ST_PROCEDURE_VALUES(X)
#undef X
    };
    const char* from = (const char*)&l->preparation->catalogue->values;
    char* to = (char*)&l->bench.plain->catalogue.values;
    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++) {
        const st_amount* spread = (const st_amount*)(const void*)(from + value[i].offset);
        st_amount* place = (st_amount*)(void*)(to + value[i].offset);
        pull_amount(l, value[i].name, value[i].unit, spread, &place->value, INFINITY);
    }
    const st_recipe* r = l->preparation->recipe;
    for (int i = 0; i < r->spin_count && !r->spin[i].is_physics; i++) {
        for (int k = 0; k < ST_CLASS_COUNT; k++) {
            static const char* const name[] = {"share recovered by the first spin",
                                               "share recovered by the second spin"};
            pull_amount(l, name[i], "1", &r->spin[i].layer->recovery[k],
                        &l->bench.plain->layer[i].recovery[k].value, 1.0);
        }
    }
    if (r->harvest.source == ST_SOURCE_FAT) {
        pull_amount(l, "isolation: yield", "cells/mL", &r->harvest.isolation->yield,
                    &l->bench.plain->isolation.yield.value, INFINITY);
        pull_amount(l, "isolation: share of CFU-F", "1", &r->harvest.isolation->colony_share,
                    &l->bench.plain->isolation.colony_share.value, 1.0);
    }
}

/// Size of an effect; a change that cannot be made has none.
static double effect_of(double ratio)
{
    return isfinite(ratio) ? fabs(st_log(ratio > 1e-9 ? ratio : 1e-9)) : 0.0;
}

static double effect(const st_lever* lever)
{
    const double lo = effect_of(lever->dose_lo);
    const double hi = effect_of(lever->dose_hi);
    return lo > hi ? lo : hi;
}

/// Largest effect first; a fixed order among equals.
static int compare_levers(const void* a, const void* b)
{
    const st_lever* x = a;
    const st_lever* y = b;
    const double ex = effect(x);
    const double ey = effect(y);
    return ex != ey ? (ex < ey) - (ex > ey) : strcmp(x->name, y->name);
}

st_status st_preparation_levers(st_ctx* ctx, const st_preparation* preparation,
                                st_preparation_plain* plain, double dose,
                                st_preparation_result* result)
{
    result->lever = st_alloc(ctx, LEVER_LIMIT, sizeof *result->lever);
    if (result->lever == NULL) {
        return ST_ERR_MEMORY;
    }
    lab l = {.bench = {.ctx = ctx, .plain = plain, .seed = preparation->seed, .status = ST_OK},
             .preparation = preparation,
             .donor = st_preparation_donor_middle(preparation),
             .dose = dose,
             .result = result};
    l.bench.donor = &l.donor;
    pull_settings(&l);
    pull_values(&l);
    qsort(result->lever, (size_t)result->lever_count, sizeof *result->lever, compare_levers);
    return l.bench.status;
}
