// The story of a recipe: bands that are about it, and the donor in the middle.
#include "base/base.h"
#include "base/table.h"

#include "stroma/procedure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MODELS ST_SOURCE_DIR "/models"

static int find_quantity(const char* name)
{
    for (int q = 0; q < st_story_count(); q++) {
        const char *label, *unit;
        if (strcmp(st_story_about(q, &label, &unit), name) == 0) {
            assert_true(label[0] != '\0' && unit[0] != '\0');
            return q;
        }
    }
    fail_msg("no quantity %s", name);
    return -1;
}

static st_preparation* load(st_ctx* ctx, const char* example)
{
    char path[512];
    st_preparation* p = NULL;
    snprintf(path, sizeof path, "%s/examples/%s/preparation.yaml", ST_SOURCE_DIR, example);
    if (st_preparation_load(ctx, path, MODELS, &p) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    return p;
}

static void bands_belong_to_their_recipes(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_story* story = NULL;
    double low, high;
    const char* source;
    (void)state;
    if (st_story_load(ctx, MODELS, &story) != ST_OK) {
        fail_msg("%s", st_ctx_message(ctx, 0));
    }
    st_preparation* bmac = load(ctx, "prepare-bmac");
    st_preparation* prp = load(ctx, "prepare-prp");
    const st_recipe* marrow = st_preparation_recipe(bmac);
    const st_recipe* blood = st_preparation_recipe(prp);
    const int fold = find_quantity("cfu_f_fold");
    assert_true(st_story_band(story, marrow, fold, 0, &low, &high, &source));
    assert_true(low > 0.0 && low < high && source[0] != '\0');
    assert_false(st_story_band(story, marrow, fold, 9, &low, &high, &source));
    assert_false(st_story_band(story, blood, fold, 0, &low, &high, &source));
    // Platelets of plasma and of marrow have bands of their own.
    const int platelets = find_quantity("platelet_recovery");
    assert_true(st_story_band(story, blood, platelets, 0, &low, &high, &source));
    assert_true(low >= 50.0 && high <= 100.0); // percent, as the quantity is told
    assert_false(st_story_band(story, marrow, platelets, 0, &low, &high, &source));
    st_preparation_destroy(prp);
    st_preparation_destroy(bmac);
    st_story_destroy(story);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// Without spread the seed has no say, the needle is placed and the culture does not fail.
static void middle_has_no_chance_in_it(void** state)
{
    st_ctx* ctx = st_ctx_create();
    st_preparation* p = load(ctx, "prepare-culture");
    const st_donor donor = {.age_y = 48.0, .bmi_kg_per_m2 = 27.0, .weight_kg = 80.0};
    st_dose dose[2];
    st_journey journey[2];
    double quantity[2][256];
    (void)state;
    assert_true(st_story_count() <= 256);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(st_story_middle(ctx, st_preparation_recipe(p), &donor, (uint64_t)(7 * i),
                                         &dose[i], &journey[i], NULL),
                         ST_OK);
        st_story_measure(st_preparation_recipe(p), &dose[i], &journey[i], quantity[i]);
        assert_false(dose[i].is_failed);
        assert_true(dose[i].is_placed);
    }
    assert_memory_equal(quantity[0], quantity[1], (size_t)st_story_count() * sizeof(double));
    const double arrives = quantity[0][find_quantity("dose")];
    assert_true(arrives > 0.0 && arrives <= quantity[0][find_quantity("cultured_msc")]);
    assert_true(isnan(quantity[0][find_quantity("gel_modulus")])); // not part of this preparation
    st_preparation_destroy(p);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

// One value at a time around the dose as it is; every recipe that is no physics survives it.
static void values_that_change_the_dose_are_found(void** state)
{
    static const char* const example[] = {"prepare-culture", "prepare-fat", "prepare-gel"};
    (void)state;
    for (size_t e = 0; e < sizeof example / sizeof example[0]; e++) {
        st_ctx* ctx = st_ctx_create();
        st_preparation* p = load(ctx, example[e]);
        const st_recipe* recipe = st_preparation_recipe(p);
        const st_donor donor = {.age_y = 48.0, .bmi_kg_per_m2 = 27.0, .weight_kg = 80.0};
        st_story_lever lever[128];
        int count = -1;
        assert_int_equal(st_story_levers(ctx, recipe, &donor, 1, lever, 128, &count), ST_OK);
        assert_true(count > 0 && count < 128);
        for (int i = 0; i < count; i++) {
            assert_true(lever[i].value_lo <= lever[i].value_hi);
            assert_true(isnan(lever[i].dose_lo) || lever[i].dose_lo >= 0.0);
            assert_true(isnan(lever[i].dose_hi) || lever[i].dose_hi >= 0.0);
            assert_true(fabs(lever[i].dose_lo - 1.0) > 1e-6 ||
                        fabs(lever[i].dose_hi - 1.0) > 1e-6 || isnan(lever[i].dose_lo));
        }
        // Nothing of it stays: the donor in the middle is the one of before.
        st_dose dose[2];
        st_journey journey;
        for (int i = 0; i < 2; i++) {
            assert_int_equal(st_story_middle(ctx, recipe, &donor, 1, &dose[i], &journey, NULL),
                             ST_OK);
            assert_int_equal(st_story_levers(ctx, recipe, &donor, 1, lever, 2, &count), ST_OK);
            assert_true(count <= 2);
        }
        assert_true(dose[0].part[0].alive == dose[1].part[0].alive);
        assert_int_equal(st_ctx_mistake_count(ctx), 0);
        st_preparation_destroy(p);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

static void mistakes_in_bands_are_named(void** state)
{
    static const char* const wrong[][2] = {
        {"{ what: platelet_fold, for: marrow, band: 2..3 }", "source"},
        {"{ what: platelet_fald, for: marrow, band: 2..3, source: x }", "platelet_fold"},
        {"{ what: platelet_fold, for: bone, band: 2..3, source: x }", "marrow"},
        {"{ what: culture_days, for: culture, band: 2..3 mL, source: x }", "band"},
        {"{ what: culture_days, for: culture, draw: 2..3 day, band: 2..3 day, source: x }", "draw"},
        {"{ what: culture_days, for: culture, band: 3..2 day, source: x }", "band"},
        {"{ what: culture_days, for: culture, band: 2..3 day, source: x, color: red }", "color"},
        {"7", "map"}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char dir[] = "story_test.XXXXXX";
        char path[64];
        char text[256];
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/measured.yaml", dir);
        snprintf(text, sizeof text, "measured: test\nbands:\n  - %s\n", wrong[i][0]);
        st_ctx* ctx = st_ctx_create();
        st_story* story = NULL;
        assert_int_equal(st_file_write(ctx, path, text, strlen(text)), ST_OK);
        assert_int_equal(st_story_load(ctx, dir, &story), ST_ERR_INPUT);
        assert_null(story);
        if (strstr(st_ctx_message(ctx, 0), wrong[i][1]) == NULL) {
            fail_msg("%s: %s", wrong[i][0], st_ctx_message(ctx, 0));
        }
        unlink(path);
        rmdir(dir);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_belong_to_their_recipes),
        cmocka_unit_test(middle_has_no_chance_in_it),
        cmocka_unit_test(values_that_change_the_dose_are_found),
        cmocka_unit_test(mistakes_in_bands_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
