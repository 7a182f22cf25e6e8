#include "procedure/recipe.h"

#include "procedure/place.h"
#include "procedure/product.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

void st_recipe_destroy(st_recipe* recipe)
{
    if (recipe == NULL) {
        return;
    }
    st_arena_clear(&recipe->arena);
    st_free(recipe->ctx, recipe);
}

const char* st_recipe_text(const st_recipe* recipe)
{
    return recipe->text != NULL ? recipe->text : "no procedure";
}

bool st_recipe_has_harvest(const st_recipe* recipe)
{
    return recipe->has_harvest;
}

bool st_recipe_has_cells(const st_recipe* recipe)
{
    return recipe->has_harvest && recipe->has_injection &&
           (recipe->harvest.source != ST_SOURCE_BLOOD || recipe->has_expand);
}

bool st_recipe_has_injection(const st_recipe* recipe)
{
    return recipe->has_injection;
}

double st_recipe_volume_mL(const st_recipe* recipe)
{
    return recipe->has_injection ? recipe->inject.volume_mL : 0.0;
}

void st_recipe_placement(const st_recipe* recipe, double* share, double* lo, double* hi)
{
    const st_inject* inject = &recipe->inject;
    *share = 0.0;
    *lo = 0.0;
    *hi = 0.0;
    if (recipe->has_injection) {
        const double z = st_normal_quantile(0.975);
        *share = inject->joint->placed[inject->guidance];
        *lo = st_place_share(*share, inject->joint->trials[inject->guidance], -z);
        *hi = st_place_share(*share, inject->joint->trials[inject->guidance], z);
    }
}

// --- adverse events --------------------------------------------------------------------------

static bool ware_has_class(const st_ware* ware, const char* product_class)
{
    for (int i = 0; ware != NULL && i < ware->part_count; i++) {
        if (strcmp(ware->part[i].product_class, product_class) == 0) {
            return true;
        }
    }
    return false;
}

static bool recipe_has_class(const st_recipe* recipe, const char* product_class)
{
    if (st_recipe_has_cells(recipe) && strcmp(product_class, ST_CLASS_NAME_MSC) == 0) {
        return true;
    }
    if (recipe->has_gel && strcmp(product_class, ST_CLASS_NAME_GEL) == 0) {
        return true;
    }
    if (recipe->has_harvest && !recipe->has_expand &&
        strcmp(product_class, ST_CLASS_NAME_PLATELET) == 0) {
        return true;
    }
    return ware_has_class(recipe->inject.product, product_class) ||
           ware_has_class(recipe->inject.carrier, product_class);
}

static bool event_applies(const st_recipe* recipe, const st_adverse_rule* rule)
{
    const st_source source = recipe->harvest.source;
    const bool has_step[ST_STEP_COUNT] = {
        [ST_STEP_HARVEST] = recipe->has_harvest && source == ST_SOURCE_MARROW,
        [ST_STEP_FAT_HARVEST] = recipe->has_harvest && source == ST_SOURCE_FAT,
        [ST_STEP_BLOOD_DRAW] = recipe->has_harvest && source == ST_SOURCE_BLOOD,
        [ST_STEP_SPIN] = recipe->spin_count > 0,
        [ST_STEP_EXPAND] = recipe->has_expand,
        [ST_STEP_FREEZE] = recipe->has_freeze,
        [ST_STEP_INJECTION] = recipe->has_injection,
        [ST_STEP_GEL] = recipe->has_gel};
    if (!has_step[rule->step]) {
        return false;
    }
    bool applies = rule->applies_to_all;
    for (int i = 0; i < rule->class_count; i++) {
        applies = applies || recipe_has_class(recipe, rule->product_class[i]);
    }
    return applies;
}

int st_recipe_adverse(const st_recipe* recipe, st_adverse* out, int capacity)
{
    int count = 0;
    for (int i = 0; i < recipe->catalogue->adverse_count; i++) {
        const st_adverse_rule* rule = &recipe->catalogue->adverse[i];
        if (!event_applies(recipe, rule)) {
            continue;
        }
        if (count < capacity) {
            out[count] = rule->about;
            out[count].times = 1; // every step of a recipe is done once
        }
        count++;
    }
    return count;
}

// --- performing ------------------------------------------------------------------------------

/// What the recipe is about: platelets of blood, else MSC or CFU-F.
static double cells_of(const st_recipe* recipe, const st_product* sample)
{
    return recipe->harvest.source == ST_SOURCE_BLOOD && !recipe->has_expand
               ? st_product_alive(sample, ST_CLASS_PLATELET)
               : st_product_therapeutic(sample);
}

static void tell_step(const st_recipe* recipe, st_dose* dose, const char* name,
                      const st_product* sample)
{
    ST_ASSERT(dose->step_count < ST_DOSE_STEP_LIMIT);
    dose->step[dose->step_count++] = (st_dose_step){.name = name,
                                                    .cells = cells_of(recipe, sample),
                                                    .volume_mL = sample->volume_mL,
                                                    .day = sample->days};
}

/// Adds to the part of a class, which is begun when it is new.
static void add_part(st_dose* dose, const st_dose_part* added)
{
    for (int i = 0; i < dose->part_count; i++) {
        st_dose_part* part = &dose->part[i];
        if (strcmp(part->product_class, added->product_class) == 0) {
            part->alive += added->alive;
            part->latent += added->latent;
            part->dead += added->dead;
            return;
        }
    }
    ST_ASSERT(dose->part_count < ST_DOSE_PART_LIMIT);
    dose->part[dose->part_count++] = *added;
}

static void add_class(st_dose* dose, const char* name, const st_product* sample,
                      st_cell_class cell_class)
{
    const double count = sample->count[cell_class];
    const double viable = sample->viable[cell_class];
    const double latent = sample->latent[cell_class];
    const double healthy = viable > latent ? viable - latent : 0.0; // rounding
    const st_dose_part part = {name, count * healthy, count * latent, count * (1.0 - viable), true};
    add_part(dose, &part);
}

static void add_ware(st_dose* dose, const st_ware* ware, double volume_mL, double arriving,
                     const st_random_key* key, uint64_t draw_base)
{
    for (int i = 0; ware != NULL && i < ware->part_count; i++) {
        const st_ware_part* part = &ware->part[i];
        const double z = st_random_normal(key, draw_base + (uint64_t)i);
        const double amount =
            st_amount_draw(&part->amount, z) * (part->is_per_mL ? volume_mL : 1.0) * arriving;
        const st_dose_part added = {part->product_class, amount, 0.0, 0.0, part->is_cell};
        add_part(dose, &added);
    }
}

static st_status check_donor(st_ctx* ctx, const st_donor* donor)
{
    if (!(donor->age_y >= 0.0 && donor->age_y <= 120.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "donor.age_y = %g: must be within 0 ... 120 y",
                       donor->age_y);
    }
    return ST_OK;
}

/// Who asks: everything that is told on the way, each may be NULL.
typedef struct telling {
    st_dose* dose;
    st_journey* journey;
    st_spin_picture* picture;
} telling;

/// Harvest to culture.
static st_status make_sample(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                             const st_step_luck* luck, const telling* to, st_product* sample)
{
    st_dose* dose = to->dose;
    const st_catalogue* c = recipe->catalogue;
    ST_TRY(check_donor(ctx, donor));
    st_harvest_perform(c, &recipe->harvest, donor, luck, sample);
    tell_step(recipe, dose, "harvest", sample);
    if (to->journey != NULL) {
        to->journey->harvested = *sample;
    }
    for (int i = 0; i < recipe->spin_count; i++) {
        st_spin_told told;
        ST_TRY(st_spin_perform_told(ctx, c, &recipe->spin[i], luck, sample, &told,
                                    to->picture != NULL ? &to->picture[i] : NULL));
        if (to->journey != NULL) {
            to->journey->spin[to->journey->spin_count++] = told;
        }
        tell_step(recipe, dose, i == 0 ? "spin" : "second spin", sample);
    }
    if (recipe->has_expand) {
        dose->is_failed = !st_expand_perform(c, &recipe->expand, donor->age_y, luck, sample);
        tell_step(recipe, dose, "expand", sample);
    }
    if (recipe->has_freeze) {
        if (!dose->is_failed) {
            st_freeze_perform(c, &recipe->freeze, sample);
        }
        tell_step(recipe, dose, "thaw", sample);
    }
    if (to->journey != NULL) {
        to->journey->product = *sample;
        to->journey->adhering =
            recipe->has_freeze ? st_freeze_adhering(&c->values, sample->age_h) : 1.0;
    }
    return ST_OK;
}

/// Light on the gel. Its result is kept with the recipe; a copy whose settings or values were
/// changed computes its own.
static void harden(const st_recipe* recipe, const telling* to, st_product* sample)
{
    st_cured own;
    const st_cured* cured = &recipe->cured;
    if (!st_cure_is_of(cured, recipe->catalogue, &recipe->cure)) {
        st_cure_compute(recipe->catalogue, &recipe->cure, &own);
        cured = &own;
    }
    st_cure_perform(cured, sample);
    st_cure_dose(cured, sample->volume_mL, &to->dose->gel);
    if (to->journey != NULL) {
        to->journey->gel = cured->told;
    }
}

/// Cells through syringe and needle, then everything into the joint or beside it.
static void give(const st_recipe* recipe, const st_step_luck* luck, const telling* to,
                 st_product* sample)
{
    st_dose* dose = to->dose;
    const st_catalogue* c = recipe->catalogue;
    const st_inject* inject = &recipe->inject;
    const st_random_key key = st_step_key(luck, ST_STEP_INJECTION);
    const double arriving = dose->is_failed ? 0.0 : st_inject_arriving(c, inject, luck);

    if (recipe->has_harvest) {
        if (!dose->is_failed) {
            st_inject_load(inject, sample);
            st_inject_syringe(c, inject, sample);
        }
        tell_step(recipe, dose, "syringe", sample);
        if (!dose->is_failed) {
            st_inject_needle(c, inject, luck, sample);
        }
        tell_step(recipe, dose, "needle", sample);
        const st_product before = *sample;
        st_product_keep(sample, arriving);
        st_product_validate_loss(&before, sample);
        if (recipe->has_gel && !dose->is_failed && arriving > 0.0) {
            harden(recipe, to, sample);
        }
        if (st_recipe_has_cells(recipe)) {
            add_class(dose, ST_CLASS_NAME_MSC, sample,
                      recipe->has_expand ? ST_CLASS_MSC : ST_CLASS_CFU_F);
        }
        if (!recipe->has_expand) {
            add_class(dose, ST_CLASS_NAME_PLATELET, sample, ST_CLASS_PLATELET);
        }
        if (dose->gel.polymer_g > 0.0) {
            const st_dose_part gel = {ST_CLASS_NAME_GEL, dose->gel.polymer_g, 0.0, 0.0, false};
            add_part(dose, &gel);
        }
    } else {
        sample->volume_mL = inject->volume_mL * arriving;
    }
    add_ware(dose, inject->product, inject->volume_mL, arriving, &key, ST_DRAW_PART_BASE);
    add_ware(dose, inject->carrier, inject->carrier_mL, arriving, &key, ST_DRAW_CARRIER_BASE);
    tell_step(recipe, dose, recipe->has_gel ? "in the hardened gel" : "in the joint", sample);
    dose->is_placed = arriving > 0.0;
    dose->volume_mL = sample->volume_mL;
}

static void tell_needle(const st_recipe* recipe, st_needle_told* told)
{
    const st_catalogue* c = recipe->catalogue;
    const st_inject* inject = &recipe->inject;
    const st_needle_flow flow = st_inject_flow(&c->values, inject);
    told->wall_stress_Pa = flow.wall_stress;
    told->joint_pressure_mmHg = st_place_pressure(&c->values, inject->joint, inject->volume_mL);
    told->plunger_force_N = st_place_force(&c->values, flow.pressure, told->joint_pressure_mmHg);
}

/// Without an injection the product itself is the dose.
static void hand_over(const st_recipe* recipe, st_dose* dose, const st_product* sample)
{
    if (recipe->harvest.source != ST_SOURCE_BLOOD || recipe->has_expand) {
        add_class(dose, ST_CLASS_NAME_MSC, sample,
                  recipe->has_expand ? ST_CLASS_MSC : ST_CLASS_CFU_F);
    }
    if (!recipe->has_expand) {
        add_class(dose, ST_CLASS_NAME_PLATELET, sample, ST_CLASS_PLATELET);
    }
    dose->volume_mL = sample->volume_mL;
}

st_status st_recipe_perform_told(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                                 uint64_t seed, uint64_t person, st_dose* out, st_journey* journey,
                                 st_spin_picture* picture)
{
    const st_step_luck luck = {seed, person};
    st_product sample = {0};

    *out = (st_dose){0};
    if (journey != NULL) {
        *journey = (st_journey){
            .has_needle = recipe->has_injection, .has_gel = recipe->has_gel, .adhering = 1.0};
    }
    const telling to = {out, journey, picture};
    if (!recipe->has_injection && !recipe->has_harvest) {
        return ST_OK;
    }
    if (recipe->has_harvest) {
        ST_TRY(make_sample(ctx, recipe, donor, &luck, &to, &sample));
    }
    out->preparation_days = sample.days;
    if (recipe->has_injection) {
        give(recipe, &luck, &to, &sample);
        if (journey != NULL) {
            tell_needle(recipe, &journey->needle);
        }
    } else {
        hand_over(recipe, out, &sample);
    }
    for (int i = 0; i < out->part_count; i++) {
        const st_dose_part* part = &out->part[i];
        if (!isfinite(part->alive + part->latent + part->dead)) {
            return ST_FAIL(ctx, ST_ERR_NUMERIC, "procedure, person %llu: dose of %s is not finite",
                           (unsigned long long)person, part->product_class);
        }
    }
    return ST_OK;
}

st_status st_recipe_perform(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                            uint64_t seed, uint64_t person, st_dose* out)
{
    return st_recipe_perform_told(ctx, recipe, donor, seed, person, out, NULL, NULL);
}

void st_recipe_sham(const st_recipe* recipe, const st_dose* dose, st_dose* out)
{
    *out = (st_dose){0};
    if (!recipe->has_injection) {
        return;
    }
    out->volume_mL = dose->volume_mL;
    out->is_placed = dose->is_placed;
    out->is_failed = dose->is_failed;
    out->preparation_days = dose->preparation_days;
}
