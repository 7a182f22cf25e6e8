#include "procedure/scene.h"

// PRO-36: the load climbs phase by phase to the habitual one; who does not keep to the plan loads
// more, never less.
static void load_climbs_with_the_phases(void** state)
{
    (void)state;
    scene s = scene_begin();
    const double day[] = {0, 2.9, 3.1, 13, 20, 41};
    const double load[] = {0.3, 0.3, 0.5, 0.5, 0.8, 0.8};
    for (int i = 0; i < 6; i++) {
        assert_near(st_aftercare_load(s.catalogue, day[i], 1), load[i], 1e-12);
        assert_near(st_aftercare_load(s.catalogue, day[i], 0), 1, 1e-12);
        assert_near(st_aftercare_load(s.catalogue, day[i], 0.5), 0.5 * (1 + load[i]), 1e-12);
    }
    double last = 0;
    for (double t = 0; t < 100; t += 0.25) {
        const double now = st_aftercare_load(s.catalogue, t, 0.8);
        assert_true(now >= last && now <= 1);
        last = now;
    }
    assert_near(st_aftercare_load(s.catalogue, 56, 1), 0.9, 1e-12); // half way to 70 days
    assert_near(st_aftercare_load(s.catalogue, 70, 1), 1, 1e-12);
    scene_end(&s);
}

// PRO-37: a flare is gone within days.
static void flares_fade(void** state)
{
    (void)state;
    scene s = scene_begin();
    assert_near(st_aftercare_flare(s.catalogue, 0), 1, 1e-12);
    assert_true(st_aftercare_flare(s.catalogue, -1) == 0);
    assert_near(st_aftercare_flare(s.catalogue, 1.5), exp(-1.0), 1e-9);
    assert_true(st_aftercare_flare(s.catalogue, 7) < 0.01);
    assert_near(st_aftercare_nsaid_share(s.catalogue), 0.428, 1e-9);
    scene_end(&s);
}

// Events of a marrow harvest do not follow a blood draw or a liposuction.
static void events_belong_to_their_harvest(void** state)
{
    static const struct {
        const char *arm, *has, *lacks;
    } row[] = {
        {"pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 60 mL }\n"
         "  - inject: { volume: 4 mL }\n",
         "harvest_anaemia", "fat_any"},
        {"pathway:\n  - harvest: { source: fat, site: abdomen, volume: 60 mL, isolation: "
         "mechanical, product: 5 mL }\n  - inject: { volume: 4 mL }\n",
         "fat_any", "harvest_anaemia"},
        {"pathway:\n  - harvest: { source: blood, volume: 20 mL }\n  - inject: { volume: 4 mL }\n",
         "joint_infection", "serious_cells"},
    };
    (void)state;
    scene s = scene_begin();
    for (int i = 0; i < 3; i++) {
        st_recipe* recipe = scene_good_recipe(&s, row[i].arm);
        st_adverse event[32];
        const int count = st_recipe_adverse(recipe, event, 32);
        bool has = false, lacks = true;
        for (int k = 0; k < count; k++) {
            has = has || strcmp(event[k].name, row[i].has) == 0;
            lacks = lacks && strcmp(event[k].name, row[i].lacks) != 0;
            assert_true(event[k].lo <= event[k].probability && event[k].probability <= event[k].hi);
        }
        assert_true(has && lacks);
        st_recipe_destroy(recipe);
    }
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_climbs_with_the_phases),
        cmocka_unit_test(flares_fade),
        cmocka_unit_test(events_belong_to_their_harvest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
