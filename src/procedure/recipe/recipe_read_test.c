#include "procedure/scene.h"

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
        {"inject: { product: saline, volume: 1 mL, joint: Achilles }",
         "found Achilles by landmark, whose accuracy is not in the catalogue, expected "
         "`guided_by: ultrasound`"},
        {"inject: { product: saline, volume: 1 mL, joint: disc, guided_by: ultrasound }",
         "expected `guided_by: fluoroscopy`"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 7 mL, tube: bucket }\n" INJECT,
         "spin.tube: found 'bucket'"},
        {"pathway:\n" HARVEST "  - spin: { keep: buffy coat, volume: 7 mL, field: 900 xg, time: 9 "
         "min, tube: cone 60 mL, detail: physics, lost: 120 % }\n" INJECT,
         "spin.lost: found '120 %'"},
        {"pathway:\n" HARVEST EXPAND GEL("gelma-10", "initiator: LAP, oxygen: 40 %,", "405 nm",
                                         "light_path: fibre through the needle"),
         "gel.oxygen: found '40 %'"},
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 4 x 5 mL, "
         "positions: 5 }\n" EXPAND INJECT,
         "harvest.positions: found 5 positions, expected at most the 4 draws"},
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 4 x 5 mL, "
         "needle: rusty }\n" EXPAND INJECT,
         "harvest.needle: found 'rusty'"},
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 4 x 5 mL, "
         "age_relation: wise }\n" EXPAND INJECT,
         "harvest.age_relation: found 'wise'"},
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

// Every place that a study may name: each with a way of guidance, a volume and their sources; the
// injection lands there as often as was counted.
static void every_indication_has_its_place(void** state)
{
    static const char* const place[] = {"knee",
                                        "hip",
                                        "ankle",
                                        "subtalar",
                                        "sinus tarsi",
                                        "shoulder",
                                        "biceps sheath",
                                        "wrist",
                                        "elbow",
                                        "acromioclavicular",
                                        "subacromial bursa",
                                        "Achilles",
                                        "disc",
                                        "lumbar facet",
                                        "cervical facet",
                                        "first tarsometatarsal",
                                        "second tarsometatarsal"};
    (void)state;
    scene s = scene_begin();
    assert_int_equal(s.catalogue->joint_count, (int)(sizeof place / sizeof place[0]));
    for (size_t i = 0; i < sizeof place / sizeof place[0]; i++) {
        int read = 0;
        for (int g = 0; g < ST_GUIDANCE_COUNT; g++) {
            char arm[256], name[128];
            snprintf(arm, sizeof arm,
                     "inject: { product: saline, volume: 0.2 mL, joint: %s, guided_by: %s }",
                     place[i], ST_GUIDANCE_NAME[g]);
            st_ctx_clear_messages(s.ctx);
            st_recipe* recipe = scene_recipe(&s, arm);
            if (recipe == NULL) {
                assert_true(scene_says(s.ctx, "whose accuracy is not in the catalogue"));
                continue;
            }
            double share = 0, lo = 0, hi = 0;
            st_recipe_placement(recipe, &share, &lo, &hi);
            assert_true(lo <= share + 1e-9 && share <= hi + 1e-9);
            assert_true(hi - lo > 0.01 && share > 0.2);
            snprintf(name, sizeof name, "joints.%s.%s", place[i], ST_GUIDANCE_NAME[g]);
            for (int v = 0; v < st_catalogue_value_count(s.catalogue); v++) {
                read += strcmp(st_catalogue_value_at(s.catalogue, v)->name, name) == 0;
            }
            st_recipe_destroy(recipe);
        }
        assert_true(read >= 1);
    }
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(every_indication_has_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
