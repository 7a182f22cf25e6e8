#include "procedure/scene.h"

#include <time.h>

#define HARVEST                                                                                    \
    "  - harvest: { source: marrow, site: posterior crest, draws: 8 x 5 mL, syringe: 10 mL, "      \
    "anaesthesia: local }\n"
#define EXPAND "  - expand: { until: 1e7 cells, medium: platelet lysate, oxygen: 5 % }\n"
#define INJECT                                                                                     \
    "  - inject: { carrier: hyaluronic-acid-hmw, volume: 4 mL, needle: 21 G, guided_by: "          \
    "ultrasound }\n"

#define GEL(carrier, initiator, wavelength, path)                                                  \
    "  - inject: { carrier: " carrier ", volume: 2 mL, needle: 18 G }\n  - gel: { " initiator      \
    " concentration: 0.25 %, wavelength: " wavelength                                              \
    ", intensity: 30 mW/cm^2, time: 60 s, depth: 2 mm, " path " }\n"

static const char CULTURED[] = "pathway:\n" HARVEST EXPAND INJECT;
static const char CONCENTRATE[] =
    "pathway:\n"
    "  - harvest: { source: marrow, site: posterior crest, draws: 12 x 5 mL, anticoagulant: 6 mL "
    "}\n"
    "  - spin: { keep: buffy coat, volume: 7 mL, field: 1000 xg, time: 14 min }\n"
    "  - inject: { volume: 6 mL, needle: 20 G, joint: knee, guided_by: ultrasound }\n";

static const st_donor DONOR = {
    .age_y = 58, .is_female = true, .bmi_kg_per_m2 = 29, .weight_kg = 80};

static const st_dose_part* part_of(const st_dose* dose, const char* product_class)
{
    for (int i = 0; i < dose->part_count; i++) {
        if (strcmp(dose->part[i].product_class, product_class) == 0) {
            return &dose->part[i];
        }
    }
    return NULL;
}

static const st_dose_step* step_of(const st_dose* dose, const char* name)
{
    for (int i = 0; i < dose->step_count; i++) {
        if (strcmp(dose->step[i].name, name) == 0) {
            return &dose->step[i];
        }
    }
    return NULL;
}

static void perform(scene* s, const st_recipe* recipe, uint64_t seed, uint64_t person,
                    st_dose* dose)
{
    assert_int_equal(st_recipe_perform(s->ctx, recipe, &DONOR, seed, person, dose), ST_OK);
}

// Saline, steroid, hyaluronic acid and platelet-rich plasma are one injection each.
static void ready_products_arrive(void** state)
{
    static const struct {
        const char *arm, *text, *part;
        double amount;
    } arms[] = {
        {"inject: { product: saline, volume: 4 mL, guided_by: ultrasound }",
         "inject 4 mL of saline into the knee by ultrasound", NULL, 0},
        {"inject: { product: hyaluronic-acid-hmw, volume: 4 mL }",
         "inject 4 mL of hyaluronic acid (high molecular weight) into the knee by landmark",
         "hyaluronan", 0.060},
        {"inject: { product: triamcinolone, volume: 1 mL, joint: hip }",
         "inject 1 mL of triamcinolone acetonide 40 mg into the hip by landmark", "triamcinolone",
         0.040},
        {"inject: { product: methylprednisolone, volume: 2 mL }",
         "inject 2 mL of methylprednisolone acetate 40 mg into the knee by landmark",
         "methylprednisolone", 0.040},
        {"inject: { product: prp-high-dose, volume: 8 mL }",
         "inject 8 mL of platelet-rich plasma (1e10 platelets) into the knee by landmark",
         "platelet", 1e10},
    };
    (void)state;
    scene s = scene_begin();
    const double stays = 1 - s.catalogue->values.inject_leak_back.value;
    for (size_t a = 0; a < sizeof arms / sizeof arms[0]; a++) {
        st_recipe* recipe = scene_good_recipe(&s, arms[a].arm);
        assert_string_equal(st_recipe_text(recipe), arms[a].text);
        assert_false(st_recipe_has_harvest(recipe));
        assert_false(st_recipe_has_cells(recipe));
        assert_true(st_recipe_has_injection(recipe));
        int placed = 0;
        for (uint64_t person = 0; person < 50; person++) {
            st_dose dose;
            perform(&s, recipe, 1, person, &dose);
            placed += dose.is_placed;
            assert_near(dose.volume_mL, dose.is_placed ? stays * st_recipe_volume_mL(recipe) : 0,
                        1e-12);
            assert_true(dose.preparation_days == 0 && !dose.is_failed);
            assert_int_equal(dose.part_count, arms[a].part == NULL ? 0 : 1);
            if (arms[a].part != NULL) {
                const st_dose_part* part = part_of(&dose, arms[a].part);
                assert_non_null(part);
                assert_near(part->alive, dose.is_placed ? stays * arms[a].amount : 0, 1e-9);
                assert_int_equal(part->is_cell, strcmp(arms[a].part, "platelet") == 0);
            }
        }
        assert_true(placed > 25);
        st_recipe_destroy(recipe);
    }
    scene_end(&s);
}

// An arm without procedure is allowed: usual care.
static void an_arm_may_do_nothing(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe = scene_good_recipe(&s, "n: 10\n");
    st_dose dose;
    assert_string_equal(st_recipe_text(recipe), "no procedure");
    assert_false(st_recipe_has_injection(recipe));
    assert_true(st_recipe_volume_mL(recipe) == 0);
    perform(&s, recipe, 1, 1, &dose);
    assert_int_equal(dose.part_count + dose.step_count, 0);
    assert_false(dose.is_placed);
    assert_int_equal(st_recipe_adverse(recipe, NULL, 0), 0);
    st_recipe_destroy(recipe);
    scene_end(&s);
}

// Cells only get fewer on their way from the culture into the joint, in every person.
static void cultured_cells_only_get_fewer(void** state)
{
    enum { N = 5000 };
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe = scene_good_recipe(&s, CULTURED);
    assert_string_equal(st_recipe_text(recipe),
                        "harvest 8 x 5 mL marrow from the posterior crest under local anaesthesia, "
                        "expand to 1e7 cells in platelet lysate, inject 4 mL in hyaluronic acid "
                        "(high molecular weight) into the knee by ultrasound");
    assert_true(st_recipe_has_cells(recipe) && st_recipe_has_harvest(recipe));
    int failed = 0, placed = 0;
    for (uint64_t person = 0; person < N; person++) {
        st_dose dose;
        perform(&s, recipe, 2016, person, &dose);
        assert_int_equal(dose.step_count, 5); // the same rows for everybody
        const st_dose_part* msc = part_of(&dose, "msc");
        const st_dose_part* ha = part_of(&dose, "hyaluronan");
        assert_non_null(msc);
        assert_non_null(ha);
        if (dose.is_failed) {
            failed++;
            assert_true(msc->alive + msc->latent + msc->dead == 0 && ha->alive == 0);
            assert_true(!dose.is_placed && dose.volume_mL == 0);
            continue;
        }
        assert_near(step_of(&dose, "expand")->cells, 1e7, 1e-12);
        const double syringe = step_of(&dose, "syringe")->cells;
        const double needle = step_of(&dose, "needle")->cells;
        const double joint = step_of(&dose, "in the joint")->cells;
        assert_within(syringe, 0.5e7, 1e7);
        assert_within(needle, 0.7 * syringe, syringe);
        assert_within(joint, 0, needle);
        assert_near(msc->alive + msc->latent, joint, 1e-9);
        assert_within(msc->alive + msc->latent + msc->dead, 0, 1e7 / 0.95 * (1 + 1e-12));
        assert_within(msc->latent, 0, 0.25 * joint);
        assert_true((joint > 0) == dose.is_placed);
        assert_within(dose.preparation_days, 5, 90); // doubling times spread by 20 %
        placed += dose.is_placed;
    }
    assert_within((double)failed / N, 3 / 11.0 - 0.02, 3 / 11.0 + 0.02);
    assert_within((double)placed / (N - failed), 0.945, 0.971); // 95.8 % by ultrasound
    st_recipe_destroy(recipe);
    scene_end(&s);
}

// A marrow concentrate brings its colony-forming cells as `msc`, and its platelets.
static void concentrate_brings_cells_and_platelets(void** state)
{
    enum { N = 2001 };
    static double cfu_per_mL[N], platelet_per_mL[N];
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe = scene_good_recipe(&s, CONCENTRATE);
    int count = 0;
    for (uint64_t person = 0; person < N; person++) {
        st_dose dose;
        perform(&s, recipe, 3, person, &dose);
        const double harvested = step_of(&dose, "harvest")->cells;
        const double spun = step_of(&dose, "spin")->cells;
        assert_within(spun, 0, harvested);
        assert_within(step_of(&dose, "syringe")->cells, 0, spun * 6 / 7);
        assert_near(step_of(&dose, "harvest")->volume_mL, 66, 1e-12);
        assert_near(step_of(&dose, "spin")->volume_mL, 7, 1e-12);
        assert_near(step_of(&dose, "syringe")->volume_mL, 6, 1e-12);
        assert_within(dose.preparation_days * 24, 0.9, 1.1);
        if (dose.is_placed) {
            cfu_per_mL[count] = part_of(&dose, "msc")->alive / dose.volume_mL;
            platelet_per_mL[count] = part_of(&dose, "platelet")->alive / dose.volume_mL;
            count++;
        }
    }
    // read in final concentrates: 1427-2713 CFU-F/mL; platelets 6-7 times blood's 2.4e8
    assert_within(median_of(cfu_per_mL, count), 1400, 12000);
    assert_within(median_of(platelet_per_mL, count), 6e8, 2.4e9);
    st_recipe_destroy(recipe);
    scene_end(&s);
}

static void assert_same(const st_dose* a, const st_dose* b)
{
    assert_int_equal(a->part_count, b->part_count);
    for (int i = 0; i < a->part_count; i++) {
        assert_true(a->part[i].alive == b->part[i].alive);
        assert_true(a->part[i].latent == b->part[i].latent);
        assert_true(a->part[i].dead == b->part[i].dead);
    }
    assert_int_equal(a->step_count, b->step_count);
    assert_memory_equal(a->step, b->step, sizeof a->step);
    assert_true(a->is_placed == b->is_placed && a->is_failed == b->is_failed);
    assert_true(a->volume_mL == b->volume_mL && a->preparation_days == b->preparation_days);
}

// The same (seed, person) gives the same dose; others differ; a step added later leaves the luck of
// the earlier ones alone.
static void doses_are_pure_functions(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe = scene_good_recipe(&s, CULTURED);
    st_recipe* spun = scene_good_recipe(&s, CONCENTRATE);
    st_recipe* frozen = scene_good_recipe(
        &s, "pathway:\n" HARVEST EXPAND "  - freeze: { months: 5, medium: 10 % DMSO }\n" INJECT);
    for (uint64_t person = 0; person < 200; person++) {
        st_dose a, b, c, other, thawed;
        perform(&s, recipe, 9, person, &a);
        perform(&s, spun, 9, person + 1, &c); // in between
        perform(&s, recipe, 9, person, &b);
        assert_same(&a, &b);
        perform(&s, recipe, 9, person + 1, &other);
        assert_true(other.preparation_days != a.preparation_days);
        perform(&s, recipe, 10, person, &other);
        assert_true(other.preparation_days != a.preparation_days);
        perform(&s, frozen, 9, person, &thawed);
        assert_true(thawed.is_failed == a.is_failed);
        assert_true(thawed.is_placed == a.is_placed);
        assert_true(thawed.step[0].cells == a.step[0].cells);
        if (!a.is_failed) {
            assert_near(step_of(&thawed, "thaw")->cells, 0.8e7, 1e-9);
            assert_near(thawed.preparation_days - a.preparation_days, 5 * 30.4375, 1e-9);
        }
    }
    st_recipe_destroy(frozen);
    st_recipe_destroy(spun);
    st_recipe_destroy(recipe);
    scene_end(&s);
}

// The sham has the needle and the volume, and nothing in it.
static void sham_is_the_same_without_product(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe = scene_good_recipe(&s, CULTURED);
    for (uint64_t person = 0; person < 100; person++) {
        st_dose dose, sham;
        perform(&s, recipe, 4, person, &dose);
        st_recipe_sham(recipe, &dose, &sham);
        assert_int_equal(sham.part_count, 0);
        assert_true(sham.volume_mL == dose.volume_mL && sham.is_placed == dose.is_placed);
        assert_true(sham.preparation_days == dose.preparation_days);
    }
    st_recipe_destroy(recipe);
    scene_end(&s);
}

static const st_adverse* event_of(const st_adverse* events, int count, const char* name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(events[i].name, name) == 0) {
            return &events[i];
        }
    }
    return NULL;
}

// Harvest events need a harvest, a flare needs a steroid, an infection only a needle.
static void adverse_events_follow_the_steps(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_recipe* cells = scene_good_recipe(&s, CULTURED);
    st_recipe* steroid = scene_good_recipe(&s, "inject: { product: triamcinolone, volume: 1 mL }");
    st_recipe* saline = scene_good_recipe(&s, "inject: { product: saline, volume: 4 mL }");
    st_adverse events[32];
    int count = st_recipe_adverse(cells, events, 32);
    assert_non_null(event_of(events, count, "harvest_anaemia"));
    assert_non_null(event_of(events, count, "serious_cells"));
    assert_null(event_of(events, count, "steroid_flare"));
    const st_adverse* infection = event_of(events, count, "joint_infection");
    assert_non_null(infection);
    assert_near(infection->probability, 3.7e-4, 1e-12);
    assert_near(infection->lo, 1e-4, 1e-12);
    assert_near(infection->hi, 40e-4, 1e-12);
    assert_string_equal(infection->per, "injection");
    assert_int_equal(infection->times, 1);
    assert_non_null(infection->source);
    assert_null(infection->assumed);
    count = st_recipe_adverse(steroid, events, 32);
    assert_int_equal(count, 3);
    assert_non_null(event_of(events, count, "steroid_flare"));
    assert_int_equal(st_recipe_adverse(saline, events, 1), 2); // capacity does not hide the number
    assert_string_equal(events[0].name, "local_reaction");
    for (int i = 0; i < count; i++) {
        assert_true(events[i].lo <= events[i].probability);
        assert_true(events[i].probability <= events[i].hi);
    }
    st_recipe_destroy(saline);
    st_recipe_destroy(steroid);
    st_recipe_destroy(cells);
    scene_end(&s);
}

typedef struct mistake {
    const char* arm;
    const char* says;
} mistake;

// Each mistake of an arm is one line with its place.
static void mistakes_are_named(void** state)
{
    static const mistake mistakes[] = {
        {"inject: { product: saline, volume: 4 mL, needle: 21 g }",
         "arm.yaml:1:50: inject.needle: found '21 g', expected a gauge such as '21 G'"},
        {"inject: { product: saline, volume: 4 mL, needle: 17 G }", "inject.needle: found '17 G'"},
        {"inject: { product: salin, volume: 4 mL }", "did you mean 'saline'?"},
        {"inject: { product: saline }", "inject.volume"},
        {"inject: { product: saline, volume: 0 mL }", "inject.volume: found '0 mL'"},
        {"inject: { product: saline, volume: -4 mL }", "inject.volume: found '-4 mL'"},
        {"inject: { product: saline, volume: 4 mg }", "inject.volume: found '4 mg'"},
        {"inject: { product: saline, volume: 4 mL, guided_by: luck }", "inject.guided_by"},
        {"inject: { product: saline, volume: 4 mL, joint: jaw }", "inject.joint"},
        {"inject: { product: saline, volume: 41 mL }", "at most 40 mL, which distend a knee"},
        {"inject: { product: saline, volume: 4 mL, nedle: 21 G }", "nedle"},
        {"inject: { product: saline, volume: 4 mL, rate: 900 mL/min, needle: 25 G }",
         "expected a laminar flow"},
        {"inject: { product: saline, volume: 4 mL }\npathway:\n" HARVEST INJECT,
         "found `inject` and `pathway`"},
        {"pathway:\n" HARVEST EXPAND, "found no `inject` at the end"},
        {"pathway: []\n", "found no `inject` at the end"},
        {"pathway:\n" EXPAND INJECT, "found 'expand' at the start"},
        {"pathway:\n" HARVEST HARVEST INJECT, "found 'harvest' after harvest"},
        {"pathway:\n" HARVEST "  - freeze: { months: 1, medium: 10 % DMSO }\n" INJECT,
         "found 'freeze' after harvest"},
        {"pathway:\n" HARVEST "  - expnd: { until: 1e7 cells }\n" INJECT, "did you mean 'expand'?"},
        {"pathway:\n" HARVEST "  - { expand: {}, inject: {} }\n", "found 2 keys"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat }\n" INJECT, "spin.volume"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 70 mL }\n" INJECT,
         "pathway[1].spin.volume: found '70 mL', expected less than the 40 mL that are spun"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 1 mL }\n" INJECT,
         "(2.5 % of the 40 mL that are spun), expected 5 to 25 %"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: -7 mL }\n" INJECT,
         "spin.volume: found '-7 mL'"},
        {"pathway:\n" HARVEST "  - spin: { keep: cream, volume: 7 mL }\n" INJECT,
         "spin.keep: found 'cream'"},
        {"pathway:\n" HARVEST
         "  - spin: { keep: buffy coat, volume: 7 mL, field: 1000 g }\n" INJECT,
         "spin.field: found '1000 g'"},
        {"pathway:\n" HARVEST "  - expand: { until: 1e7, medium: platelet lysate }\n" INJECT,
         "expand.until: found '1e7'"},
        {"pathway:\n" HARVEST "  - expand: { until: 1e7 cells, medium: water }\n" INJECT,
         "expand.medium: found 'water'"},
        {"pathway:\n" HARVEST
         "  - expand: { until: 1e7 cells, medium: fetal serum, oxygen: 50 % }\n" INJECT,
         "expand.oxygen: found '50 %'"},
        {"pathway:\n  - harvest: { source: skin, site: posterior crest, draws: 8 x 5 mL }\n" INJECT,
         "harvest.source: found 'skin'"},
        {"pathway:\n  - harvest: { source: fat, site: abdomen, volume: 20 mL, isolation: "
         "collagenase, "
         "product: 30 mL }\n" INJECT,
         "harvest.product: found '30 mL', expected at most the 20 mL of fat"},
        {"pathway:\n" HARVEST
         "  - spin: { keep: buffy coat, volume: 7 mL, field: -1000 xg }\n" INJECT,
         "spin.field: found '-1000 xg'"},
        {"pathway:\n" HARVEST
         "  - spin: { keep: buffy coat, volume: 7 mL, field: 900 xg, time: 9 min, detail: physics "
         "}\n" INJECT,
         "spin.tube"},
        {"pathway:\n" HARVEST
         "  - spin: { keep: gel tube layer, volume: 7 mL, field: 900 xg, time: "
         "9 min, detail: physics, tube: cone 60 mL }\n" INJECT,
         "other layers are known as a table only"},
        {"pathway:\n" HARVEST "  - spin: { keep: mononuclear layer, volume: 7 mL, field: 900 xg, "
         "time: 9 min, detail: physics }\n" INJECT,
         "expected a density `medium` too"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 7 mL, field: 900 xg, time: 9 "
         "min, detail: physics, tube: cone 15 mL }\n" INJECT,
         "which holds 15 mL, expected one for the 40 mL that are spun"},
        {"pathway:\n" HARVEST
         "  - spin: { keep: plasma, volume: 20 mL, field: 900 xg, time: 9 min, "
         "detail: physics, tube: cone 60 mL }\n" INJECT,
         "spin.volume: found a volume, expected none"},
        {"pathway:\n" HARVEST EXPAND GEL("gelma-10", "", "405 nm", "light_path: through the skin"),
         "found light without an initiator"},
        {"pathway:\n" HARVEST EXPAND GEL("gelma-10", "initiator: LAP,", "405 nm", ""),
         "gel injected through the skin without a `light_path`"},
        {"pathway:\n" HARVEST EXPAND GEL("gelma-10", "initiator: LAP,", "405 nm",
                                         "light_path: direct"),
         "expected a way through the skin"},
        {"pathway:\n" HARVEST EXPAND GEL("gelma-10", "initiator: I2959,", "405 nm",
                                         "light_path: fibre through the needle"),
         "found '405 nm', which I2959 does not take up"},
        {"pathway:\n" HARVEST EXPAND GEL("saline", "initiator: LAP,", "405 nm",
                                         "light_path: fibre through the needle"),
         "the cells are carried by 'saline', which light does not harden"},
        {"pathway:\n  - harvest: { source: marrow, site: elbow, draws: 8 x 5 mL }\n" INJECT,
         "harvest.site: found 'elbow'"},
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 8 x 5 g "
         "}\n" INJECT,
         "harvest.draws: found '8 x 5 g'"},
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 0 x 5 mL "
         "}\n" INJECT,
         "expected 1 to 100 draws"},
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: many }\n" INJECT,
         "expected draws such as '8 x 5 mL'"},
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 8 x 20 mL, "
         "syringe: 10 mL }\n" INJECT,
         "expected draws that fit the syringe of 10 mL"},
        {"pathway:\n" HARVEST EXPAND "  - inject: { carrier: prp-lp, volume: 4 mL }\n",
         "expected a product that can carry cells"},
        {"pathway:\n" HARVEST EXPAND "  - inject: { product: saline, volume: 4 mL }\n", "product"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 4 mL }\n"
         "  - inject: { volume: 6 mL }\n",
         "expected at most the 4 mL of the product, or a carrier"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 7 mL }\n"
         "  - inject: { volume: 6 mL, carrier: saline }\n",
         "found a carrier, but the product of 7 mL already fills 6 mL"},
    };
    (void)state;
    scene s = scene_begin();
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        st_ctx_clear_messages(s.ctx);
        st_recipe* recipe = scene_recipe(&s, mistakes[i].arm);
        if (recipe != NULL) {
            fail_msg("accepted: %s", mistakes[i].arm);
        }
        assert_true(scene_says(s.ctx, mistakes[i].says));
        if (st_ctx_mistake_count(s.ctx) != 1) { // one mistake, one line
            print_messages(s.ctx);
            fail_msg("%d messages for %s", st_ctx_mistake_count(s.ctx), mistakes[i].arm);
        }
        assert_true(strncmp(st_ctx_message(s.ctx, 0), "arm.yaml:", 9) == 0);
    }
    scene_end(&s);
}

// A concentrate smaller than the injection is filled up with its carrier only.
static void carriers_fill_up(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe =
        scene_good_recipe(&s, "pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 4 mL }\n"
                              "  - inject: { carrier: hyaluronic-acid-hmw, volume: 6 mL }\n");
    for (uint64_t person = 0; person < 20; person++) {
        st_dose dose;
        perform(&s, recipe, 6, person, &dose);
        const double stays = 1 - s.catalogue->values.inject_leak_back.value;
        assert_near(part_of(&dose, "hyaluronan")->alive, dose.is_placed ? stays * 0.030 : 0, 1e-9);
        assert_near(step_of(&dose, "syringe")->volume_mL, 6, 1e-12);
    }
    st_recipe_destroy(recipe);
    scene_end(&s);
}

// Impossible donors are refused; ready products need none.
static void donors_are_checked(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_recipe* cells = scene_good_recipe(&s, CULTURED);
    st_recipe* saline = scene_good_recipe(&s, "inject: { product: saline, volume: 4 mL }");
    const st_donor nobody = {.age_y = NAN};
    const st_donor methuselah = {.age_y = 969};
    st_dose dose;
    assert_int_equal(st_recipe_perform(s.ctx, cells, &nobody, 1, 1, &dose), ST_ERR_INPUT);
    assert_int_equal(st_recipe_perform(s.ctx, cells, &methuselah, 1, 1, &dose), ST_ERR_INPUT);
    assert_int_equal(st_recipe_perform(s.ctx, saline, &nobody, 1, 1, &dose), ST_OK);
    st_recipe_destroy(saline);
    st_recipe_destroy(cells);
    scene_end(&s);
}

// Reading survives the failure of any allocation.
static void lack_of_memory_is_survived(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_doc* doc = NULL;
    assert_int_equal(st_doc_parse(s.ctx, "arm.yaml", CULTURED, strlen(CULTURED), &doc), ST_OK);
    const size_t bytes = st_ctx_bytes_in_use(s.ctx);
    int failed = 0;
    for (int64_t n = 1;; n++) {
        st_recipe* recipe = NULL;
        st_ctx_clear_messages(s.ctx);
        st_ctx_fail_allocation(s.ctx, n);
        const st_status status = st_recipe_read(s.ctx, s.catalogue, st_doc_root(doc), &recipe);
        st_ctx_fail_allocation(s.ctx, 0);
        if (status == ST_OK) {
            st_recipe_destroy(recipe);
            break;
        }
        assert_int_equal(status, ST_ERR_MEMORY);
        assert_null(recipe);
        assert_int_equal(st_ctx_bytes_in_use(s.ctx), bytes);
        failed++;
    }
    assert_true(failed >= 2);
    st_doc_destroy(doc);
    scene_end(&s);
}

// 100 000 donors take less than 2 s and no memory.
static void many_donors_are_fast(void** state)
{
    enum { N = 100000 };
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe = scene_good_recipe(&s, CULTURED);
    const size_t bytes = st_ctx_bytes_in_use(s.ctx);
    const clock_t start = clock();
    double sum = 0;
    for (uint64_t person = 0; person < N; person++) {
        st_dose dose;
        perform(&s, recipe, 8, person, &dose);
        sum += dose.volume_mL;
    }
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("%d donors in %.2f s\n", N, seconds);
    assert_true(sum > 0);
    assert_int_equal(st_ctx_bytes_in_use(s.ctx), bytes);
#ifdef __OPTIMIZE__ // sanitizers and debug builds are not timed
    assert_true(seconds < 2.0);
#endif
    st_recipe_destroy(recipe);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_products_arrive),
        cmocka_unit_test(an_arm_may_do_nothing),
        cmocka_unit_test(cultured_cells_only_get_fewer),
        cmocka_unit_test(concentrate_brings_cells_and_platelets),
        cmocka_unit_test(doses_are_pure_functions),
        cmocka_unit_test(sham_is_the_same_without_product),
        cmocka_unit_test(adverse_events_follow_the_steps),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(carriers_fill_up),
        cmocka_unit_test(donors_are_checked),
        cmocka_unit_test(lack_of_memory_is_survived),
        cmocka_unit_test(many_donors_are_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
