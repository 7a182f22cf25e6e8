#include "procedure/recipe/recipe_reader.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>

/// `8 x 5 mL`, or `60 mL` for one draw.
static bool read_draws(st_recipe_reader* r, const st_node* node, st_harvest* out)
{
    static const char expected[] = "expected draws such as '8 x 5 mL'";
    if (!st_node_expect(r->ctx, node, ST_NODE_SCALAR)) {
        return false;
    }
    char why[96];
    char* rest = NULL;
    const char* volume_text = node->text;
    long count = strtol(node->text, &rest, 10);
    if (rest != node->text && strncmp(rest, " x ", 3) == 0) {
        volume_text = rest + 3;
    } else {
        count = 1;
    }
    double number = 0.0, m3 = 0.0;
    st_unit unit, mL;
    const char* unit_text = NULL;
    if (!st_quantity_parse(volume_text, &number, &unit, &unit_text, why, sizeof why) ||
        !st_unit_parse("mL", &mL, why, sizeof why)) {
        return st_node_fail(r->ctx, node, "found '%s' (%s), %s", node->text, why, expected);
    }
    if (!st_quantity_convert(number, &unit, &mL.dim, NULL, &m3)) {
        return st_node_fail(r->ctx, node, "found '%s', which is no volume, %s", node->text,
                            expected);
    }
    const double volume_mL = m3 / mL.factor;
    if (count < 1 || count > 100 || !(volume_mL >= 0.1 && volume_mL <= 500.0)) {
        return st_node_fail(
            r->ctx, node, "found '%s', expected 1 to 100 draws of 0.1 to 500 mL each", node->text);
    }
    out->draw_count = (int)count;
    out->draw_mL = volume_mL;
    return true;
}

static void read_additive(st_recipe_reader* r, const st_node* map, double drawn_mL)
{
    st_harvest* harvest = &r->recipe->harvest;
    const st_node* anticoagulant = st_node_child(map, "anticoagulant");
    if (anticoagulant != NULL) {
        (void)st_node_read_quantity(r->ctx, anticoagulant, "a volume", "mL", NULL, 0.0, drawn_mL,
                                    &harvest->additive_mL);
    }
    r->sample_mL = drawn_mL + harvest->additive_mL;
}

/// Fewer positions than draws, the kind of needle, and which source on age is believed.
static void read_marrow_choices(st_recipe_reader* r, const st_node* map)
{
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_harvest* harvest = &r->recipe->harvest;
    const st_node* positions = st_node_child(map, "positions");
    const st_node* needle = st_node_child(map, "needle");
    const st_node* age_relation = st_node_child(map, "age_relation");
    int64_t count = 0;
    int choice = 0;
    if (positions != NULL && st_node_read_integer(ctx, positions, 1, 100, &count)) {
        harvest->position_count = (int)count;
        if (harvest->draw_count > 0 && count > harvest->draw_count) {
            st_node_fail(ctx, positions, "found %s positions, expected at most the %d draws",
                         positions->text, harvest->draw_count);
        }
    }
    if (needle != NULL &&
        st_node_read_choice(ctx, needle, c->aspiration_name, c->aspiration_count, &choice)) {
        harvest->needle = &c->aspiration[choice];
    }
    choice = 0; // the first, unless another is named
    if (age_relation == NULL || st_node_read_choice(ctx, age_relation, c->age_relation_name,
                                                    c->age_relation_count, &choice)) {
        harvest->age_relation = &c->age_relation[choice];
    }
}

static void read_marrow(st_recipe_reader* r, const st_node* map)
{
    static const char* const known[] = {"source",      "site",    "draws",        "positions",
                                        "needle",      "syringe", "age_relation", "anticoagulant",
                                        "anaesthesia", NULL};
    static const char* const anaesthesia_name[] = {"local", "sedation"};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_harvest* harvest = &r->recipe->harvest;
    int choice = 0;
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* site = st_node_need(ctx, map, "site", "a site such as `posterior crest`");
    const st_node* draws = st_node_need(ctx, map, "draws", "draws such as `8 x 5 mL`");
    const st_node* syringe = st_node_child(map, "syringe");
    const st_node* anaesthesia = st_node_child(map, "anaesthesia");
    if (site != NULL && st_node_read_choice(ctx, site, c->site_name, c->site_count, &choice)) {
        harvest->site = &c->site[choice];
    }
    choice = 0;
    if (anaesthesia != NULL) { // for the line for people; cells do not feel it
        (void)st_node_read_choice(ctx, anaesthesia, anaesthesia_name, 2, &choice);
    }
    if (draws == NULL || !read_draws(r, draws, harvest)) {
        return;
    }
    read_marrow_choices(r, map);
    double syringe_mL = 0.0;
    if (syringe != NULL &&
        st_node_read_quantity(ctx, syringe, "a volume", "mL", NULL, 1.0, 500.0, &syringe_mL)) {
        if (harvest->draw_mL > syringe_mL) {
            st_node_fail(ctx, draws, "found '%s', expected draws that fit the syringe of %s",
                         draws->text, syringe->text);
        }
    }
    read_additive(r, map, harvest->draw_count * harvest->draw_mL);
    st_recipe_reader_tell(r, st_arena_format(&r->recipe->arena, "harvest %s marrow from the %s%s",
                                             draws->text, st_recipe_reader_text(map, "site"),
                                             anaesthesia == NULL ? ""
                                             : choice == 1       ? " under sedation"
                                                                 : " under local anaesthesia"));
}

static void read_blood(st_recipe_reader* r, const st_node* map)
{
    static const char* const known[] = {"source", "volume", "anticoagulant", NULL};
    st_harvest* harvest = &r->recipe->harvest;
    if (!st_node_check_keys(r->ctx, map, known)) {
        return;
    }
    const st_node* volume = st_node_need(r->ctx, map, "volume", "a volume of blood");
    if (volume == NULL || !st_node_read_quantity(r->ctx, volume, "a volume", "mL", NULL, 0.1, 500.0,
                                                 &harvest->draw_mL)) {
        return;
    }
    harvest->draw_count = 1;
    read_additive(r, map, harvest->draw_mL);
    st_recipe_reader_tell(r, st_arena_format(&r->recipe->arena, "draw %s of blood", volume->text));
}

static void read_fat(st_recipe_reader* r, const st_node* map)
{
    static const char* const known[] = {"source", "site", "volume", "isolation", "product", NULL};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_harvest* harvest = &r->recipe->harvest;
    int choice = 0;
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* site = st_node_need(ctx, map, "site", "a site such as `abdomen`");
    const st_node* volume = st_node_need(ctx, map, "volume", "a volume of fat");
    const st_node* isolation = st_node_need(ctx, map, "isolation", "a way such as `collagenase`");
    const st_node* product = st_node_need(ctx, map, "product", "the volume of the product");
    if (site != NULL &&
        st_node_read_choice(ctx, site, c->fat_site_name, c->fat_site_count, &choice)) {
        harvest->site = &c->fat_site[choice];
    }
    if (isolation != NULL &&
        st_node_read_choice(ctx, isolation, c->isolation_name, c->isolation_count, &choice)) {
        harvest->isolation = &c->isolation[choice];
    }
    harvest->draw_count = 1;
    if (volume != NULL) {
        (void)st_node_read_quantity(ctx, volume, "a volume", "mL", NULL, 1.0, 1000.0,
                                    &harvest->draw_mL);
    }
    if (product == NULL || !st_node_read_quantity(ctx, product, "a volume", "mL", NULL, 0.1, 1000.0,
                                                  &harvest->product_mL)) {
        return;
    }
    if (harvest->draw_mL > 0.0 && harvest->product_mL > harvest->draw_mL) {
        st_node_fail(ctx, product, "found '%s', expected at most the %.4g mL of fat", product->text,
                     harvest->draw_mL);
    }
    r->sample_mL = harvest->product_mL;
    st_recipe_reader_tell(r, st_arena_format(&r->recipe->arena, "harvest %s fat from the %s by %s",
                                             st_recipe_reader_text(map, "volume"),
                                             st_recipe_reader_text(map, "site"),
                                             st_recipe_reader_text(map, "isolation")));
}

void st_recipe_read_harvest(st_recipe_reader* r, const st_node* map)
{
    st_harvest* harvest = &r->recipe->harvest;
    int choice = ST_SOURCE_MARROW;
    r->recipe->has_harvest = true;
    const st_node* source = st_node_need(r->ctx, map, "source", "marrow, blood or fat");
    if (source == NULL ||
        !st_node_read_choice(r->ctx, source, ST_SOURCE_NAME, ST_SOURCE_COUNT, &choice)) {
        return;
    }
    harvest->source = (st_source)choice;
    switch (harvest->source) {
    case ST_SOURCE_MARROW:
        read_marrow(r, map);
        break;
    case ST_SOURCE_BLOOD:
        read_blood(r, map);
        break;
    case ST_SOURCE_FAT:
        read_fat(r, map);
        break;
    case ST_SOURCE_COUNT:
        break;
    }
}
