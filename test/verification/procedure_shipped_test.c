/// \file
/// `detail: table` beside `detail: physics` for every shipped recipe: all preparations and every
/// pathway of the example studies. The same donors, the same luck; how far the two may be apart,
/// and why, stands in one table; a recipe without a line of its own has the last one. PRO-5,
/// PRO-12, PRO-17, PRO-33.
#include "procedure/scene.h"

#include "procedure/preparation/preparation.h"

#include <glob.h>

/// Ratios physics over table: medians over donors of the dose, of the days it takes, and of the
/// volume before the needle.
typedef struct apart {
    const char* recipe; ///< folder, or file and arm
    double dose_lo, dose_hi, days_lo, days_hi, volume_lo, volume_hi;
    const char* why;
} apart;

static const apart ALLOWED[] = {
    {"prepare-bmac", 1.2, 1.9, 1, 1, 1, 1,
     "physics loses no colony-forming cell of a buffy coat, the table 35 %: clots, walls, "
     "counting"},
    {"prepare-prp", 0.85, 1.15, 1, 1, 0.8, 1.1,
     "both within the read 70-80 % of platelets; the table's plasma is a fixed share of the blood"},
    {"prepare-culture", 0.97, 1.03, 1, 1.2, 1, 1,
     "the dose is what was asked for; slowing and full dishes take up to a fifth longer"},
    {"prepare-gel", 0.97, 1.03, 1, 1.2, 1, 1, "as a culture; light and gel are physics in both"},
    {"prepare-gel-visible", 0.97, 1.03, 1, 1.2, 1, 1, "as prepare-gel"},
    {"prepare-fat", 0.9, 1.1, 1, 1, 1, 1,
     "no step has a physics but the needle's accuracy, which 200 injections tell within 4 %"},
    {"knee-msc/msc-1e7", 0.97, 1.03, 1, 1.2, 1, 1, "as prepare-culture"},
    {"adipoa2/cells-2e6", 0.97, 1.03, 0.95, 1.2, 1, 1,
     "as prepare-culture; under two doublings, so nothing slows and only other donors are placed"},
    {"garza-svf/svf", 0.9, 1.1, 1, 1, 1, 1, "as prepare-fat"},
    {"garza-svf/svf-half", 0.9, 1.1, 1, 1, 1, 1, "as prepare-fat"},
    {"", 0.7, 1.6, 0.95, 1.2, 0.8, 1.2, "no line of its own: the widest of the above, rounded"},
};
enum { ANY = (int)(sizeof ALLOWED / sizeof ALLOWED[0]) - 1 };

enum { DONORS = 80 };

typedef struct medians {
    double dose, days, volume;
    bool is_there;
} medians;

static const st_donor DONOR = {.age_y = 55, .is_female = true, .bmi_kg_per_m2 = 28};

static medians perform(scene* s, const st_recipe* recipe)
{
    static double dose_of[DONORS], days[DONORS], volume[DONORS];
    int count = 0, made = 0;
    for (uint64_t person = 0; person < DONORS; person++) {
        st_dose dose;
        st_journey j;
        const st_status status =
            st_recipe_perform_told(s->ctx, recipe, &DONOR, 5, person, &dose, &j, NULL);
        if (status == ST_ERR_NUMERIC) {
            st_ctx_clear_messages(s->ctx);
            continue;
        }
        assert_int_equal(status, ST_OK);
        made++;
        if (dose.is_failed || (recipe->has_injection && !dose.is_placed)) {
            continue; // told apart below: as many in both details
        }
        dose_of[count] = st_preparation_dose(recipe, &dose);
        days[count] = dose.preparation_days;
        volume[count++] = recipe->has_expand ? recipe->inject.volume_mL : j.product.volume_mL;
    }
    assert_true(count > DONORS / 3 && made > 0.95 * DONORS);
    return (medians){median_of(dose_of, count), median_of(days, count), median_of(volume, count),
                     true};
}

static void assert_ratio(const char* recipe, const char* what, double table, double physics,
                         double lo, double hi)
{
    const double ratio = physics / table;
    if (!(ratio >= lo - 1e-9 && ratio <= hi + 1e-9)) {
        fail_msg("%s: %s %.4g by table, %.4g by physics: ratio %.3f, wanted %g ... %g", recipe,
                 what, table, physics, ratio, lo, hi);
    }
}

/// `steps` in both details, beside the line of the table above.
static void compare(scene* s, const char* name, const st_node* steps)
{
    int line = 0;
    while (line < ANY && strcmp(ALLOWED[line].recipe, name) != 0) {
        line++;
    }
    medians of[2] = {{.is_there = false}, {.is_there = false}};
    for (int detail = 0; detail < 2; detail++) {
        st_recipe* recipe = NULL;
        const st_status status =
            st_recipe_read_steps(s->ctx, s->catalogue, steps, detail == 1, &recipe);
        print_messages(s->ctx);
        assert_int_equal(status, ST_OK);
        of[detail] = perform(s, recipe);
        st_recipe_destroy(recipe);
    }
    const apart* a = &ALLOWED[line];
    print_message("  %-20s dose %9.3g -> %9.3g (x %.2f)   days %6.3g -> %6.3g   mL %5.3g -> %5.3g"
                  "\n      %s\n",
                  name, of[0].dose, of[1].dose, of[1].dose / of[0].dose, of[0].days, of[1].days,
                  of[0].volume, of[1].volume, a->why);
    assert_ratio(name, "dose", of[0].dose, of[1].dose, a->dose_lo, a->dose_hi);
    assert_ratio(name, "days", of[0].days, of[1].days, a->days_lo, a->days_hi);
    assert_ratio(name, "volume", of[0].volume, of[1].volume, a->volume_lo, a->volume_hi);
}

/// The folder of a path, without those above it; or the file's name without its ending.
static void name_of(const char* path, bool is_folder, char* out, size_t size)
{
    const char* slash = strrchr(path, '/');
    const char* end = is_folder ? slash : path + strlen(path) - strlen(".yaml");
    const char* begin = is_folder ? slash - 1 : slash + 1;
    while (is_folder && begin > path && begin[-1] != '/') {
        begin--;
    }
    assert_true(end > begin && (size_t)(end - begin) < size);
    memcpy(out, begin, (size_t)(end - begin));
    out[end - begin] = '\0';
}

static int compare_file(scene* s, const char* path, bool is_preparation, bool is_folder)
{
    int count = 0;
    st_doc* doc = NULL;
    char file[64], name[160];
    assert_int_equal(st_doc_load(s->ctx, path, &doc), ST_OK);
    name_of(path, is_folder, file, sizeof file);
    const st_node* root = st_doc_root(doc);
    if (is_preparation) {
        compare(s, file, st_node_child(root, "steps"));
        count++;
    }
    const st_node* arms = is_preparation ? NULL : st_node_child(root, "arms");
    for (const st_node* arm = arms != NULL ? arms->first : NULL; arm != NULL; arm = arm->next) {
        const st_node* pathway = arm->kind == ST_NODE_MAP ? st_node_child(arm, "pathway") : NULL;
        if (pathway != NULL) {
            snprintf(name, sizeof name, "%s/%s", file, arm->key);
            compare(s, name, pathway);
            count++;
        }
    }
    st_doc_destroy(doc);
    return count;
}

static void shipped_recipes_agree_in_both_details(void** state)
{
    static const struct {
        const char* pattern;
        bool is_preparation, is_folder;
    } shipped[] = {{ST_SOURCE_DIR "/examples/prepare-*/preparation.yaml", true, true},
                   {ST_SOURCE_DIR "/examples/studies/*.yaml", false, false},
                   {ST_SOURCE_DIR "/examples/*/study.yaml", false, true}};
    int count = 0;
    (void)state;
    scene s = scene_begin();
    for (size_t k = 0; k < sizeof shipped / sizeof shipped[0]; k++) {
        glob_t found;
        assert_int_equal(glob(shipped[k].pattern, 0, NULL, &found), 0);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            count += compare_file(&s, found.gl_pathv[i], shipped[k].is_preparation,
                                  shipped[k].is_folder);
        }
        globfree(&found);
    }
    assert_true(count >= 5); // the preparations at least
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_recipes_agree_in_both_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
