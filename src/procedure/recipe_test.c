#include "procedure/scene.h"

#include <time.h>

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

// What a laboratory knows to be lost on top of the tube is lost of every class; a table, which was
// measured with its losses, notes it.
static void losses_of_a_device_are_told_in_physics(void** state)
{
    (void)state;
    scene s = scene_begin();
    const char* const arm =
        "pathway:\n  - harvest: { source: marrow, site: posterior crest, draws: 12 x 5 mL, "
        "anticoagulant: 4 mL }\n  - spin: { tube: cone 60 mL, field: 1000 xg, time: 3 min, keep: "
        "buffy coat, volume: 7 mL, detail: %s%s }\n  - inject: { volume: 6 mL }\n";
    for (int detail = 0; detail < 2; detail++) {
        double cells[2];
        for (int i = 0; i < 2; i++) {
            char text[512];
            snprintf(text, sizeof text, arm, detail == 0 ? "table" : "physics",
                     i == 0 ? "" : ", lost: 43 %");
            st_recipe* recipe = scene_good_recipe(&s, text);
            st_dose dose;
            perform(&s, recipe, 6, 2, &dose);
            cells[i] = step_of(&dose, "spin")->cells;
            st_recipe_destroy(recipe);
        }
        assert_near(cells[1], cells[0] * (detail == 0 ? 1 : 0.57), 1e-12);
    }
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

// A hardened gel is a class of its own in the dose, in g; its cells stay `msc`.
static void a_hardened_gel_is_a_product_class(void** state)
{
    (void)state;
    scene s = scene_begin();
    st_recipe* recipe = scene_good_recipe(
        &s, "pathway:\n" HARVEST EXPAND
            "  - inject: { carrier: gelma-10, volume: 2 mL, needle: 18 G, route: arthroscopic }\n"
            "  - gel: { initiator: Ru/SPS, concentration: 0.0374 %, wavelength: 450 nm, "
            "intensity: 30 mW/cm^2, time: 180 s, depth: 3 mm }\n");
    int hardened = 0;
    for (uint64_t person = 0; person < 50; person++) {
        st_dose dose, sham;
        perform(&s, recipe, 5, person, &dose);
        const st_dose_part* gel = part_of(&dose, "gel");
        assert_int_equal(gel != NULL, dose.is_placed && !dose.is_failed);
        st_recipe_sham(recipe, &dose, &sham);
        assert_true(sham.gel.polymer_g == 0 && sham.part_count == 0);
        if (gel == NULL) {
            assert_true(dose.gel.polymer_g == 0);
            continue;
        }
        hardened++;
        assert_near(gel->alive, 0.1 * dose.volume_mL, 1e-12); // 10 % w/v
        assert_true(!gel->is_cell && part_of(&dose, "msc")->alive > 0);
        assert_within(dose.gel.modulus_kPa, 5, 60);
        assert_near(dose.gel.half_life_day, log(2.0) / 0.03, 1e-9);
        assert_int_equal(dose.gel.factor_count, s.catalogue->factor_count);
    }
    assert_true(hardened > 10);
    st_recipe_destroy(recipe);
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
        cmocka_unit_test(losses_of_a_device_are_told_in_physics),
        cmocka_unit_test(doses_are_pure_functions),
        cmocka_unit_test(sham_is_the_same_without_product),
        cmocka_unit_test(adverse_events_follow_the_steps),
        cmocka_unit_test(a_hardened_gel_is_a_product_class),
        cmocka_unit_test(carriers_fill_up),
        cmocka_unit_test(donors_are_checked),
        cmocka_unit_test(lack_of_memory_is_survived),
        cmocka_unit_test(many_donors_are_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
