/// \file
/// A hardened gel as a product class, from the recipe to the state of a model: what a model may do
/// with it. PRO-28.
#include "procedure/scene.h"

#include "stroma/model.h"

#define MODEL(dose)                                                                                \
    "model: A joint that may hold a gel\n"                                                         \
    "places:\n  fluid: { volume: { value: 10 mL, assumed: \"test\" } }\n"                          \
    "substrates:\n  gel: { in: { fluid: 0 }, molar_mass: 100 kDa, decay: { value: 0.03 1/day, "    \
    "assumed: \"test\" } }\n"                                                                      \
    "cells:\n  msc:\n    in: { fluid: 0 cells }\n    behaviours:\n"                                \
    "      die: { value: 1 1/day, assumed: \"test\" }\n"                                           \
    "rules:\n  - { cell: msc, signal: gel@fluid, decreases: die, toward: 0.375 1/day, half_max: "  \
    "1 mg/mL, hill: 1, assumed: \"test\" }\n"                                                      \
    "doses:\n  msc: { alive: msc@fluid, latent: msc@fluid, dead: none }\n" dose

static const char PATHWAY[] =
    "pathway:\n" HARVEST EXPAND
    "  - inject: { carrier: gelma-10, volume: 1 mL, needle: 18 G, route: arthroscopic }\n"
    "  - gel: { initiator: LAP, concentration: 0.25 %, wavelength: 405 nm, intensity: 30 mW/cm^2, "
    "time: 40 s, depth: 3 mm }\n";

/// A dose that was placed and hardened.
static void give(scene* s, st_dose* dose)
{
    st_recipe* recipe = scene_good_recipe(s, PATHWAY);
    const st_donor donor = {.age_y = 40};
    uint64_t person = 0;
    do {
        assert_int_equal(st_recipe_perform(s->ctx, recipe, &donor, 3, person++, dose), ST_OK);
    } while ((!dose->is_placed || dose->is_failed) && person < 100);
    assert_true(dose->is_placed && dose->gel.polymer_g > 0);
    st_recipe_destroy(recipe);
}

static st_model* model_of(scene* s, const char* text)
{
    st_model* model = NULL;
    const st_status status = st_model_parse(s->ctx, "gel.yaml", text, strlen(text), NULL, &model);
    print_messages(s->ctx);
    assert_int_equal(status, ST_OK);
    return model;
}

/// What the whole dose adds to every state; false when the model does not know a class of it.
static bool add_dose(const st_model* model, const st_dose* dose, double* add)
{
    double parameter[32];
    const double no_input = 0;
    assert_true(st_model_parameter_count(model) <= 32 && st_model_input_count(model) == 0);
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        parameter[i] = st_model_parameter(model, i)->value;
    }
    for (int i = 0; i < st_model_state_count(model); i++) {
        add[i] = 0;
    }
    for (int i = 0; i < dose->part_count; i++) {
        const st_dose_part* part = &dose->part[i];
        const int target = st_model_find_dose(model, part->product_class);
        if (target < 0) {
            return false;
        }
        st_model_dose_add(model, target, part->alive, part->latent, part->dead, parameter,
                          &no_input, add);
    }
    return true;
}

// The polymer arrives as a level: grams over molar mass over the volume of the joint.
static void a_gel_becomes_a_level(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_dose dose;
    give(&s, &dose);
    st_model* model = model_of(&s, MODEL("  gel: { into: gel@fluid }\n"));
    double add[8];
    assert_true(st_model_state_count(model) <= 8);
    assert_true(add_dose(model, &dose, add));
    const double nmol = dose.gel.polymer_g / 100e3 * 1e9; // 100 kDa
    assert_near(add[st_model_find_state(model, "gel@fluid")], nmol / 10, 1e-9);
    assert_near(add[st_model_find_state(model, "msc@fluid")],
                dose.part[0].alive + dose.part[0].latent, 1e-12);
    st_model_destroy(model);
    scene_end(&s);
}

// A model may say that a gel does nothing, and one that says nothing about it does not know it.
static void a_gel_may_do_nothing_but_not_in_silence(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_dose dose;
    give(&s, &dose);
    double add[8];
    st_model* still = model_of(&s, MODEL("  gel: { alive: none }\n"));
    assert_true(add_dose(still, &dose, add));
    assert_true(add[st_model_find_state(still, "gel@fluid")] == 0);
    st_model_destroy(still);
    st_model* silent = model_of(&s, MODEL(""));
    assert_false(add_dose(silent, &dose, add));
    st_model_destroy(silent);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gel_becomes_a_level),
        cmocka_unit_test(a_gel_may_do_nothing_but_not_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
