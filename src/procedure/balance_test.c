/// Conservation: in random recipes, cells that were harvested are cells that arrive plus every
/// named loss, class by class, in every donor. The losses are reckoned here from the laws of the
/// single steps, not from the steps' own books. PRO-4, PRO-5, PRO-9, PRO-11, PRO-12, PRO-27.
#include "procedure/scene.h"

#include "procedure/product.h"

#include "base/random.h"

#include <stdarg.h>

/// The luck of one recipe: a new uniform number at every call.
typedef struct dice {
    st_random_key key;
    uint64_t draw;
} dice;

static double roll(dice* d, double lo, double hi)
{
    return lo + (hi - lo) * st_random_uniform(&d->key, d->draw++);
}

static int pick(dice* d, int count)
{
    const int choice = (int)roll(d, 0, count);
    return choice < count ? choice : count - 1;
}

static bool toss(dice* d)
{
    return pick(d, 2) == 0;
}

typedef struct writer {
    char text[2048];
    size_t length;
} writer;

static void add(writer* w, const char* format, ...)
{
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(w->text + w->length, sizeof w->text - w->length, format, list);
    va_end(list);
    assert_true(n >= 0 && w->length + (size_t)n < sizeof w->text);
    w->length += (size_t)n;
}

/// A harvest; gives back its volume in mL. Volumes have two digits, as in the text.
static double add_harvest(const scene* s, dice* d, int source, writer* w)
{
    const st_catalogue* c = s->catalogue;
    const double additive = 0.25 * pick(d, 12);
    if (source == ST_SOURCE_MARROW) {
        const int draws = 1 + pick(d, 20);
        const double each = 0.5 * (1 + pick(d, 30));
        const double extra = additive < draws * each ? additive : 0;
        add(w,
            "  - harvest: { source: marrow, site: %s, draws: %d x %.2f mL, anticoagulant: %.2f mL, "
            "positions: %d, needle: %s, age_relation: %s }\n",
            c->site_name[pick(d, c->site_count)], draws, each, extra, 1 + pick(d, draws),
            c->aspiration_name[pick(d, c->aspiration_count)],
            c->age_relation_name[pick(d, c->age_relation_count)]);
        return draws * each + extra;
    }
    if (source == ST_SOURCE_BLOOD) {
        const double volume = 0.5 * (10 + pick(d, 120));
        add(w, "  - harvest: { source: blood, volume: %.2f mL, anticoagulant: %.2f mL }\n", volume,
            additive);
        return volume + additive;
    }
    const double volume = 5 * (1 + pick(d, 20));
    const double product = 0.1 * volume * (1 + pick(d, 10));
    add(w,
        "  - harvest: { source: fat, site: %s, volume: %.2f mL, isolation: %s, product: %.2f mL "
        "}\n",
        c->fat_site_name[pick(d, c->fat_site_count)], volume,
        c->isolation_name[pick(d, c->isolation_count)], product);
    return product;
}

/// A spin by the table; gives back the volume of its product.
static double add_spin(const scene* s, dice* d, double volume, writer* w)
{
    const st_layer* layer = &s->catalogue->layer[pick(d, s->catalogue->layer_count)];
    const double share = roll(d, layer->share_least, layer->share_most);
    const double out = share * volume;
    if (out < 0.05 || out > 0.99 * volume) {
        return volume;
    }
    add(w, "  - spin: { keep: %s, volume: %.6f mL }\n", layer->name, out);
    return out;
}

static void add_injection(const scene* s, dice* d, double product_mL, bool is_cultured, writer* w)
{
    const st_catalogue* c = s->catalogue;
    const st_joint* joint = &c->joint[pick(d, c->joint_count)];
    int guidance = pick(d, ST_GUIDANCE_COUNT);
    while (isnan(joint->placed[guidance])) {
        guidance = (guidance + 1) % ST_GUIDANCE_COUNT;
    }
    const bool is_gel = is_cultured && toss(d);
    double volume = roll(d, 0.3, 1) * joint->holds_mL;
    const char* carrier = is_gel ? ", carrier: gelma-10" : is_cultured ? ", carrier: saline" : "";
    if (!is_cultured && volume > product_mL) {
        if (toss(d)) {
            carrier = ", carrier: saline";
        } else {
            volume = 0.999 * product_mL;
        }
    }
    volume = volume < 0.02 ? 0.02 : volume;
    add(w,
        "  - inject: { volume: %.5f mL%s, joint: %s, guided_by: %s, needle: %s, rate: %.2f mL/min, "
        "route: open }\n",
        volume, carrier, joint->name, ST_GUIDANCE_NAME[guidance],
        c->gauge_name[pick(d, c->gauge_count)], roll(d, 0.5, 3));
    if (is_gel) {
        add(w,
            "  - gel: { initiator: %s, concentration: %.3f %%, wavelength: 365 nm, intensity: 10 "
            "mW/cm^2, time: %.1f s, depth: 2 mm, oxygen: %.1f %% }\n",
            c->initiator_name[pick(d, c->initiator_count)], roll(d, 0.02, 0.5), roll(d, 1, 300),
            roll(d, 0, 21));
    }
}

static void write_recipe(const scene* s, dice* d, writer* w)
{
    const int source = pick(d, ST_SOURCE_COUNT);
    const bool is_cultured = source == ST_SOURCE_MARROW && toss(d);
    *w = (writer){.length = 0};
    add(w, "pathway:\n");
    double volume = add_harvest(s, d, source, w);
    const int spins = source == ST_SOURCE_FAT ? 0 : pick(d, 3);
    for (int i = 0; i < spins; i++) {
        volume = add_spin(s, d, volume, w);
    }
    if (is_cultured) {
        add(w, "  - expand: { until: %.3e cells, medium: platelet lysate, tries: %d }\n",
            exp(roll(d, 10, 20)), 1 + pick(d, 3));
        if (toss(d)) {
            add(w, "  - freeze: { months: %.2f, medium: 10 %% DMSO, cold: %.2f day }\n",
                roll(d, 0, 20), roll(d, 0, 5));
        }
    }
    add_injection(s, d, volume, is_cultured, w);
}

static const st_dose_part* part_of(const st_dose* dose, const char* product_class)
{
    for (int i = 0; i < dose->part_count; i++) {
        if (strcmp(dose->part[i].product_class, product_class) == 0) {
            return &dose->part[i];
        }
    }
    return NULL;
}

/// Where the cells of a class went, in cells.
typedef struct ledger {
    double harvested; ///< or taken up from the culture
    double in_tubes, not_needed, on_wall, beside, dead, alive;
} ledger;

static void assert_balanced(const ledger* l)
{
    const double* loss = &l->in_tubes;
    double sum = 0;
    for (int i = 0; i < 6; i++) {
        assert_true(loss[i] >= -1e-9 * l->harvested && loss[i] <= l->harvested * (1 + 1e-9));
        sum += loss[i];
    }
    assert_true(fabs(sum - l->harvested) <= 1e-9 * l->harvested);
}

/// What a table gives back of a class, drawn as the luck has it.
static double table_share(const st_spin* spin, const st_step_luck* luck, int class_)
{
    const st_random_key key = st_step_key(luck, ST_STEP_SPIN);
    const uint64_t base = spin->index > 0 ? ST_DRAW_SPIN_SECOND : 0;
    return st_amount_draw_share(
        &spin->layer->recovery[class_],
        st_random_uniform(&key, base + ST_DRAW_RECOVERY_BASE + (uint64_t)class_));
}

/// What the spins left behind, class by class, and that the liquid adds up.
static void check_spins(const scene* s, const st_recipe* recipe, const st_step_luck* luck,
                        const st_journey* j)
{
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        double left = j->harvested.count[k], in_tubes = 0;
        for (int i = 0; i < j->spin_count; i++) {
            assert_within(j->spin[i].recovery[k], 0, 1);
            if (!recipe->spin[i].is_physics && left > 0) {
                assert_near(j->spin[i].recovery[k], table_share(&recipe->spin[i], luck, k), 1e-9);
            }
            in_tubes += left * (1 - j->spin[i].recovery[k]);
            left *= j->spin[i].recovery[k];
        }
        const double whole = j->harvested.count[k];
        assert_true(fabs(in_tubes + j->product.count[k] - whole) <= 1e-9 * whole);
    }
    if (recipe->harvest.source != ST_SOURCE_FAT) {
        const double red_mL =
            j->product.count[ST_CLASS_RBC] * s->catalogue->values.blood_rbc_volume.value * 1e-12;
        assert_near(j->product.plasma_mL + j->product.additive_mL + red_mL, j->product.volume_mL,
                    1e-9);
    }
}

/// From the product into the joint: every loss by the law of its step.
static ledger follow(const scene* s, const st_recipe* recipe, const st_step_luck* luck,
                     const st_journey* j, const st_dose* dose, st_cell_class class_,
                     const char* name)
{
    const st_procedure_values* v = &s->catalogue->values;
    const st_inject* inject = &recipe->inject;
    const bool is_therapeutic = class_ == ST_CLASS_MSC || class_ == ST_CLASS_CFU_F;
    const double diameter = class_ == ST_CLASS_MSC ? v->inject_cultured_cell_diameter.value
                                                   : v->inject_native_cell_diameter.value;
    const double wall = is_therapeutic ? st_inject_settled(v, inject, diameter) : 0;
    const double loaded = inject->carrier_mL > 0 || inject->volume_mL > j->product.volume_mL
                              ? 1
                              : inject->volume_mL / j->product.volume_mL;
    const st_needle_flow flow = st_inject_flow(v, inject);
    const st_damage damage = {v->inject_shear_scale.value, v->inject_shear_stress_power.value,
                              v->inject_shear_time_power.value, v->inject_stretch_scale.value,
                              v->inject_stretch_power.value};
    double survive = is_therapeutic
                         ? (1 - st_needle_shear_loss(&damage, flow.wall_stress, flow.residence)) *
                               (1 - st_needle_stretch_loss(&damage, flow.stretch_stress))
                         : 1;
    const double arriving = st_inject_arriving(s->catalogue, inject, luck);
    if (recipe->has_gel && arriving > 0) {
        survive *= st_cure_survival(v, &recipe->cure);
    }
    const double n = j->product.count[class_];
    const double arrived = n * loaded * (1 - wall) * arriving;
    const double alive = arrived * j->product.viable[class_] * survive;
    const st_dose_part* part = part_of(dose, name);
    assert_non_null(part);
    const double sum = part->alive + part->latent;
    assert_true(fabs(sum - alive) <= 1e-9 * n);
    assert_true(fabs(part->dead - (arrived - alive)) <= 1e-9 * n);
    return (ledger){.harvested = n,
                    .not_needed = n * (1 - loaded),
                    .on_wall = n * loaded * wall,
                    .beside = n * loaded * (1 - wall) * (1 - arriving),
                    .dead = part->dead,
                    .alive = sum};
}

static void check_donor(const scene* s, const st_recipe* recipe, const st_donor* donor,
                        const st_step_luck* luck, int* left_out, int* failed)
{
    st_dose dose;
    st_journey j;
    const st_status status =
        st_recipe_perform_told(s->ctx, recipe, donor, luck->seed, luck->person, &dose, &j, NULL);
    if (status == ST_ERR_NUMERIC) { // this sample cannot make the product: told, not performed
        st_ctx_clear_messages(s->ctx);
        ++*left_out;
        return;
    }
    assert_int_equal(status, ST_OK);
    if (recipe->has_expand) {
        ledger l = {0};
        if (dose.is_failed) {
            ++*failed;
            assert_true(part_of(&dose, ST_CLASS_NAME_MSC)->alive == 0);
            return;
        }
        assert_near(j.product.count[ST_CLASS_MSC],
                    recipe->expand.until_cells / s->catalogue->values.expand_viability.value,
                    1e-12);
        l = follow(s, recipe, luck, &j, &dose, ST_CLASS_MSC, ST_CLASS_NAME_MSC);
        assert_balanced(&l);
    } else {
        check_spins(s, recipe, luck, &j);
        ledger l = follow(s, recipe, luck, &j, &dose, ST_CLASS_PLATELET, ST_CLASS_NAME_PLATELET);
        l.in_tubes = j.harvested.count[ST_CLASS_PLATELET] - l.harvested;
        l.harvested = j.harvested.count[ST_CLASS_PLATELET];
        assert_balanced(&l);
        if (recipe->harvest.source != ST_SOURCE_BLOOD) {
            l = follow(s, recipe, luck, &j, &dose, ST_CLASS_CFU_F, ST_CLASS_NAME_MSC);
            l.in_tubes = j.harvested.count[ST_CLASS_CFU_F] - l.harvested;
            l.harvested = j.harvested.count[ST_CLASS_CFU_F];
            assert_balanced(&l);
        }
    }
    const st_dose_part* gel = part_of(&dose, ST_CLASS_NAME_GEL);
    assert_true((gel != NULL) == (dose.gel.polymer_g > 0));
    assert_true(gel == NULL || (recipe->has_gel && dose.is_placed && !gel->is_cell &&
                                gel->alive == dose.gel.polymer_g));
}

// Ten thousand recipes, three donors each.
static void cells_in_are_cells_out_and_losses(void** state)
{
    enum { RECIPES = 10000, DONORS = 3 };
    const uint64_t seed = 20261120;
    int left_out = 0, failed = 0, gels = 0;
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    scene s = scene_begin();
    for (uint64_t r = 0; r < RECIPES; r++) {
        dice d = {.key = {seed, ST_STREAM_TEST, r, 0}};
        writer w;
        write_recipe(&s, &d, &w);
        st_recipe* recipe = scene_recipe(&s, w.text);
        if (recipe == NULL) {
            print_messages(s.ctx);
            fail_msg("refused, recipe %llu of seed %llu:\n%s", (unsigned long long)r,
                     (unsigned long long)seed, w.text);
        }
        gels += recipe->has_gel;
        const st_donor donor = {.age_y = roll(&d, 18, 90),
                                .is_female = toss(&d),
                                .is_smoker = toss(&d),
                                .bmi_kg_per_m2 = roll(&d, 18, 45)};
        for (uint64_t person = 0; person < DONORS; person++) {
            const st_step_luck luck = {seed, person};
            check_donor(&s, recipe, &donor, &luck, &left_out, &failed);
        }
        st_recipe_destroy(recipe);
    }
    print_message("%d recipes, %d with a gel; %d donors could not make the product, %d cultures "
                  "failed\n",
                  RECIPES, gels, left_out, failed);
    assert_true(gels > 500 && failed > 200);
    assert_true(left_out < DONORS * RECIPES / 4);
    scene_end(&s);
}

// The same with one or two spins in physics: what is drawn off and what stays are the whole.
static void spins_in_physics_keep_the_books(void** state)
{
    enum { RECIPES = 60 };
    const uint64_t seed = 20261121;
    static const char* const brake[] = {"none", "soft", "hard"};
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    scene s = scene_begin();
    int left_out = 0;
    for (uint64_t r = 0; r < RECIPES; r++) {
        dice d = {.key = {seed, ST_STREAM_TEST, r, 0}};
        writer w = {.length = 0};
        add(&w, "pathway:\n");
        const bool is_blood = toss(&d);
        add(&w, is_blood ? "  - harvest: { source: blood, volume: 9 mL, anticoagulant: 1 mL }\n"
                         : "  - harvest: { source: marrow, site: posterior crest, draws: 8 x 5 mL, "
                           "anticoagulant: 4 mL }\n");
        const bool is_plasma = toss(&d);
        add(&w,
            "  - spin: { detail: physics, tube: %s, field: %.0f xg, time: %.2f min, brake: %s, "
            "keep: %s, margin: %.2f mm%s }\n",
            is_blood ? "cone 15 mL" : "cone 50 mL", roll(&d, 50, 2000), roll(&d, 1, 5),
            brake[pick(&d, 3)], is_plasma ? "plasma" : "buffy coat", roll(&d, 0, 2),
            is_plasma ? "" : ", volume: 12 %");
        if (is_plasma) {
            add(&w,
                "  - spin: { detail: physics, tube: cone 50 mL, field: %.0f xg, time: %.2f min, "
                "keep: lower part, volume: %.1f %% }\n",
                roll(&d, 300, 2000), roll(&d, 2, 8), roll(&d, 10, 60));
        }
        add(&w, "  - inject: { volume: 0.5 mL }\n");
        st_recipe* recipe = scene_good_recipe(&s, w.text);
        const st_donor donor = {.age_y = 50};
        const st_step_luck luck = {seed, r};
        int failed = 0;
        check_donor(&s, recipe, &donor, &luck, &left_out, &failed);
        st_recipe_destroy(recipe);
    }
    print_message("%d of %d could not make the product\n", left_out, RECIPES);
    assert_true(left_out < RECIPES / 2);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_in_are_cells_out_and_losses),
        cmocka_unit_test(spins_in_physics_keep_the_books),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
