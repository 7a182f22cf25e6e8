#include "procedure/catalogue_read.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/// One number of an entry of a named list.
typedef struct field_row {
    const char* key;
    st_amount_rule rule;
    size_t offset; ///< of a double, or of an st_amount when `is_amount`
    bool is_amount;
    bool is_optional; ///< NAN when the file has none
} field_row;

/// A map from names to entries of equal shape.
typedef struct list_rule {
    const char* key;      ///< in the file
    const char* expected; ///< for messages
    size_t item_size;     ///< of the entry's struct, which begins with its name
    const field_row* field;
    int field_count;
} list_rule;

enum { FIELD_LIMIT = 16 };

static bool read_entry(st_catalogue* catalogue, const list_rule* rule, const st_node* entry,
                       char* item)
{
    const char* known[FIELD_LIMIT + 1];
    bool is_good = true;
    for (int i = 0; i < rule->field_count; i++) {
        known[i] = rule->field[i].key;
    }
    known[rule->field_count] = NULL;
    if (!st_node_check_keys(catalogue->ctx, entry, known)) {
        return false;
    }
    for (int i = 0; i < rule->field_count; i++) {
        const field_row* field = &rule->field[i];
        if (field->is_optional && st_node_child(entry, field->key) == NULL) {
            const double missing = (double)NAN;
            memcpy(item + field->offset, &missing, sizeof missing);
            continue;
        }
        const st_node* node = st_node_need(catalogue->ctx, entry, field->key, "a value");
        const char* name =
            st_arena_format(&catalogue->arena, "%s.%s.%s", rule->key, entry->key, field->key);
        st_amount amount = {0.0, 0.0, 0.0};
        if (!st_amount_read(catalogue, node, name, &field->rule, &amount)) {
            is_good = false;
            continue;
        }
        if (field->is_amount) {
            memcpy(item + field->offset, &amount, sizeof amount);
        } else {
            memcpy(item + field->offset, &amount.value, sizeof amount.value);
        }
    }
    return is_good;
}

/// Reads the list into `count` items of the arena; `names` gets their names.
static void* read_list(st_catalogue* catalogue, const st_node* root, const list_rule* rule,
                       const char*** names, int* count)
{
    ST_ASSERT(rule->field_count <= FIELD_LIMIT);
    const st_node* map = st_node_need(catalogue->ctx, root, rule->key, rule->expected);
    if (map == NULL || !st_node_expect(catalogue->ctx, map, ST_NODE_MAP)) {
        return NULL;
    }
    if (map->child_count == 0) {
        st_node_fail(catalogue->ctx, map, "found an empty map, expected %s", rule->expected);
        return NULL;
    }
    const size_t item_count = (size_t)map->child_count;
    char* item = st_arena_alloc(&catalogue->arena, item_count, rule->item_size);
    const char** name = st_arena_alloc(&catalogue->arena, item_count, sizeof *name);
    if (item == NULL || name == NULL) {
        catalogue->is_memory_out = true;
        return NULL;
    }
    size_t i = 0;
    for (const st_node* entry = map->first; entry != NULL; entry = entry->next, i++) {
        name[i] = entry->key;
        memcpy(item + i * rule->item_size, &name[i], sizeof name[i]);
        (void)read_entry(catalogue, rule, entry, item + i * rule->item_size);
    }
    *names = name;
    *count = map->child_count;
    return item;
}

#define PLAIN(type, field, key, unit, lo, hi)                                                      \
    {                                                                                              \
        key, {unit, lo, hi, ST_AMOUNT_FIXED}, offsetof(type, field), false, false                  \
    }
#define MAYBE(type, field, key, unit, lo, hi)                                                      \
    {                                                                                              \
        key, {unit, lo, hi, ST_AMOUNT_FIXED}, offsetof(type, field), false, true                   \
    }
#define SHARE(index, key)                                                                          \
    {                                                                                              \
        key, {"1", 1e-6, 1.0, ST_AMOUNT_POSITIVE},                                                 \
            offsetof(st_layer, recovery) + (index) * sizeof(st_amount), true, false                \
    }

static const field_row SITE_FIELD[] = {
    PLAIN(st_site, ratio, "ratio", "1", 0.0, 100.0),
};
static const field_row AGE_RELATION_FIELD[] = {
    PLAIN(st_age_relation, cfu_f_male, "cfu_f_male", "1/y", -1.0, 1.0),
    PLAIN(st_age_relation, cfu_f_female, "cfu_f_female", "1/y", -1.0, 1.0),
    PLAIN(st_age_relation, nucleated, "nucleated", "1/y", -1.0, 1.0),
};
static const field_row ASPIRATION_FIELD[] = {
    PLAIN(st_aspiration, nucleated, "nucleated", "1", 0.01, 100.0),
    PLAIN(st_aspiration, cfu_f, "cfu_f", "1", 0.01, 100.0),
};
static const field_row LAYER_FIELD[] = {
    SHARE(ST_CLASS_RBC, "rbc"),
    SHARE(ST_CLASS_PLATELET, "platelet"),
    SHARE(ST_CLASS_NEUTROPHIL, "neutrophil"),
    SHARE(ST_CLASS_LYMPHOCYTE, "lymphocyte"),
    SHARE(ST_CLASS_MONOCYTE, "monocyte"),
    SHARE(ST_CLASS_IMMATURE, "immature"),
    SHARE(ST_CLASS_CFU_F, "cfu_f"),
    PLAIN(st_layer, share_least, "product_share_least", "1", 1e-6, 1.0),
    PLAIN(st_layer, share_most, "product_share_most", "1", 1e-6, 1.0),
};
static const field_row FAT_SITE_FIELD[] = {
    PLAIN(st_site, ratio, "ratio", "1", 0.0, 100.0),
};
static const field_row ISOLATION_FIELD[] = {
    {"yield",
     {"cells/mL", 1.0, 1e9, ST_AMOUNT_POSITIVE},
     offsetof(st_isolation, yield),
     true,
     false},
    {"colony_share",
     {"1", 0.0, 1.0, ST_AMOUNT_POSITIVE},
     offsetof(st_isolation, colony_share),
     true,
     false},
    PLAIN(st_isolation, viability, "viability", "1", 0.0, 1.0),
    PLAIN(st_isolation, hours, "time", "h", 0.0, 48.0),
};
static const field_row TUBE_FIELD[] = {
    PLAIN(st_tube, bore_m, "bore", "m", 1e-3, 1.0),
    PLAIN(st_tube, taper_m, "taper", "m", 0.0, 1.0),
    PLAIN(st_tube, taper_power, "taper_power", "1", 0.0, 4.0),
    PLAIN(st_tube, radius_m, "radius", "m", 0.01, 2.0),
    PLAIN(st_tube, volume_mL, "holds", "mL", 0.1, 5000.0),
};
static const field_row CUSHION_FIELD[] = {
    PLAIN(st_cushion, density, "density", "kg/m^3", 1000.0, 1300.0),
    PLAIN(st_cushion, viscosity, "viscosity", "Pa*s", 1e-4, 1.0),
    PLAIN(st_cushion, depth_m, "depth", "m", 1e-4, 0.5),
    PLAIN(st_cushion, kept, "kept", "1", 0.0, 1.0),
    PLAIN(st_cushion, colony_kept, "colony_kept", "1", 0.0, 1.0),
};
static const field_row INITIATOR_FIELD[] = {
    PLAIN(st_initiator, molar_mass, "molar_mass", "kg/mol", 0.01, 10.0),
    PLAIN(st_initiator, absorptivity[ST_WAVELENGTH_365], "absorptivity_365", "m^2/mol", 0.0, 1e5),
    PLAIN(st_initiator, absorptivity[ST_WAVELENGTH_405], "absorptivity_405", "m^2/mol", 0.0, 1e5),
    PLAIN(st_initiator, absorptivity[ST_WAVELENGTH_450], "absorptivity_450", "m^2/mol", 0.0, 1e5),
    PLAIN(st_initiator, yield, "yield", "1", 1e-6, 1.0),
    PLAIN(st_initiator, turnover, "turnover", "1", 1.0, 1e4),
    PLAIN(st_initiator, concentration_low, "concentration_low", "kg/m^3", 1e-3, 100.0),
    PLAIN(st_initiator, concentration_high, "concentration_high", "kg/m^3", 1e-3, 100.0),
    PLAIN(st_initiator, survival_low, "survival_low", "1", 1e-6, 0.999),
    PLAIN(st_initiator, survival_high, "survival_high", "1", 1e-6, 0.999),
};
static const field_row POLYMER_FIELD[] = {
    PLAIN(st_polymer, content, "content", "1", 1e-3, 1.0),
    PLAIN(st_polymer, chain_radius, "chain_radius", "m", 1e-11, 1e-7),
    PLAIN(st_polymer, speed, "speed", "m^1.5/mol^0.5/s^0.5", 1e-6, 1e3),
    PLAIN(st_polymer, gel_effect, "gel_effect", "1", 0.0, 50.0),
    PLAIN(st_polymer, gel_point, "gel_point", "1", 1e-3, 0.99),
    PLAIN(st_polymer, chains, "chains", "mol/m^3", 1e-3, 1e5),
    PLAIN(st_polymer, functionality, "functionality", "1", 2.1, 100.0),
    PLAIN(st_polymer, chi, "chi", "1", 0.0, 2.0),
    PLAIN(st_polymer, decay, "decay", "1/day", 1e-6, 1e3),
};
static const field_row LIGHT_PATH_FIELD[] = {
    PLAIN(st_light_path, transmission[ST_WAVELENGTH_365], "transmission_365", "1", 0.0, 1.0),
    PLAIN(st_light_path, transmission[ST_WAVELENGTH_405], "transmission_405", "1", 0.0, 1.0),
    PLAIN(st_light_path, transmission[ST_WAVELENGTH_450], "transmission_450", "1", 0.0, 1.0),
};
static const field_row FACTOR_FIELD[] = {
    PLAIN(st_factor, radius_m, "radius", "m", 1e-11, 1e-7),
};
static const field_row MEDIUM_FIELD[] = {
    PLAIN(st_medium, doubling_time_factor, "doubling_time_factor", "1", 0.01, 100.0),
};
static const field_row PRESERVATIVE_FIELD[] = {
    PLAIN(st_preservative, recovery_early, "recovery_early", "1", 1e-6, 1.0),
    PLAIN(st_preservative, recovery_late, "recovery_late", "1", 1e-6, 1.0),
    PLAIN(st_preservative, doomed_early, "doomed_early", "1", 0.0, 0.999),
    PLAIN(st_preservative, doomed_late, "doomed_late", "1", 0.0, 0.999),
};
static const field_row GAUGE_FIELD[] = {
    PLAIN(st_gauge, bore_m, "bore", "m", 1e-5, 1e-2),
    PLAIN(st_gauge, length_m, "length", "m", 1e-3, 1.0),
};
static const field_row JOINT_FIELD[] = {
    MAYBE(st_joint, placed[ST_GUIDANCE_ULTRASOUND], "ultrasound", "1", 0.0, 1.0),
    MAYBE(st_joint, placed[ST_GUIDANCE_LANDMARK], "landmark", "1", 0.0, 1.0),
    MAYBE(st_joint, placed[ST_GUIDANCE_FLUOROSCOPY], "fluoroscopy", "1", 0.0, 1.0),
    MAYBE(st_joint, trials[ST_GUIDANCE_ULTRASOUND], "ultrasound_of", "1", 1.0, 1e6),
    MAYBE(st_joint, trials[ST_GUIDANCE_LANDMARK], "landmark_of", "1", 1.0, 1e6),
    MAYBE(st_joint, trials[ST_GUIDANCE_FLUOROSCOPY], "fluoroscopy_of", "1", 1.0, 1e6),
    PLAIN(st_joint, holds_mL, "holds", "mL", 0.01, 1000.0),
};

#define LIST(key, expected, type, field)                                                           \
    {                                                                                              \
        key, expected, sizeof(type), field, (int)(sizeof(field) / sizeof((field)[0]))              \
    }

static void check_gauge_names(st_catalogue* catalogue, const st_node* root)
{
    const st_node* map = st_node_child(root, "needles");
    for (const st_node* entry = map == NULL ? NULL : map->first; entry; entry = entry->next) {
        const size_t digits = strspn(entry->key, "0123456789");
        if (digits == 0 || strcmp(entry->key + digits, " G") != 0) {
            st_node_fail_key(catalogue->ctx, entry, "found '%s', expected a gauge such as '21 G'",
                             entry->key);
        }
    }
}

/// A share of hits goes with the number of injections behind it, and every place has one.
static void check_joints(st_catalogue* catalogue, const st_node* root)
{
    const st_node* entry =
        st_node_child(root, "joints") != NULL ? st_node_child(root, "joints")->first : NULL;
    for (int i = 0; i < catalogue->joint_count && entry != NULL; i++, entry = entry->next) {
        const st_joint* joint = &catalogue->joint[i];
        int counted = 0;
        for (int g = 0; g < ST_GUIDANCE_COUNT; g++) {
            counted += isnan(joint->placed[g]) ? 0 : 1;
            if (isnan(joint->placed[g]) != isnan(joint->trials[g])) {
                st_node_fail(catalogue->ctx, entry, "found one of %s and %s_of, expected both",
                             ST_GUIDANCE_NAME[g], ST_GUIDANCE_NAME[g]);
            }
        }
        if (counted == 0) {
            st_node_fail(catalogue->ctx, entry,
                         "found no way of guidance, expected ultrasound, landmark or fluoroscopy");
        }
    }
}

void st_catalogue_lists_read(st_catalogue* catalogue, const st_node* root)
{
    static const list_rule site = LIST("sites", "harvest sites", st_site, SITE_FIELD);
    static const list_rule age_relation =
        LIST("age_relations", "relations of age", st_age_relation, AGE_RELATION_FIELD);
    static const list_rule aspiration =
        LIST("aspiration_needles", "needles for marrow", st_aspiration, ASPIRATION_FIELD);
    static const list_rule layer = LIST("layers", "layers of a spin", st_layer, LAYER_FIELD);
    static const list_rule fat_site = LIST("fat_sites", "sites of fat", st_site, FAT_SITE_FIELD);
    static const list_rule isolation =
        LIST("isolations", "ways to isolate cells from fat", st_isolation, ISOLATION_FIELD);
    static const list_rule tube = LIST("tubes", "tubes of a centrifuge", st_tube, TUBE_FIELD);
    static const list_rule cushion =
        LIST("density_media", "density media", st_cushion, CUSHION_FIELD);
    static const list_rule initiator =
        LIST("initiators", "photoinitiators", st_initiator, INITIATOR_FIELD);
    static const list_rule polymer = LIST("polymers", "gels", st_polymer, POLYMER_FIELD);
    static const list_rule light_path =
        LIST("light_paths", "ways of light", st_light_path, LIGHT_PATH_FIELD);
    static const list_rule factor = LIST("factors", "solutes", st_factor, FACTOR_FIELD);
    static const list_rule medium = LIST("media", "culture media", st_medium, MEDIUM_FIELD);
    static const list_rule preservative =
        LIST("preservatives", "freezing media", st_preservative, PRESERVATIVE_FIELD);
    static const list_rule gauge = LIST("needles", "needle gauges", st_gauge, GAUGE_FIELD);
    static const list_rule joint = LIST("joints", "joints", st_joint, JOINT_FIELD);
    st_catalogue* c = catalogue;

    c->site = read_list(c, root, &site, &c->site_name, &c->site_count);
    c->age_relation =
        read_list(c, root, &age_relation, &c->age_relation_name, &c->age_relation_count);
    c->aspiration = read_list(c, root, &aspiration, &c->aspiration_name, &c->aspiration_count);
    c->layer = read_list(c, root, &layer, &c->layer_name, &c->layer_count);
    for (int i = 0; i < c->layer_count; i++) { // uncultured MSC are counted as CFU-F
        c->layer[i].recovery[ST_CLASS_MSC] = c->layer[i].recovery[ST_CLASS_CFU_F];
        c->layer[i].recovery[ST_CLASS_OTHER] = c->layer[i].recovery[ST_CLASS_MONOCYTE];
    }
    c->fat_site = read_list(c, root, &fat_site, &c->fat_site_name, &c->fat_site_count);
    c->isolation = read_list(c, root, &isolation, &c->isolation_name, &c->isolation_count);
    c->tube = read_list(c, root, &tube, &c->tube_name, &c->tube_count);
    c->cushion = read_list(c, root, &cushion, &c->cushion_name, &c->cushion_count);
    c->initiator = read_list(c, root, &initiator, &c->initiator_name, &c->initiator_count);
    c->polymer = read_list(c, root, &polymer, &c->polymer_name, &c->polymer_count);
    c->light_path = read_list(c, root, &light_path, &c->light_path_name, &c->light_path_count);
    c->factor = read_list(c, root, &factor, &c->factor_name, &c->factor_count);
    c->medium = read_list(c, root, &medium, &c->medium_name, &c->medium_count);
    c->preservative =
        read_list(c, root, &preservative, &c->preservative_name, &c->preservative_count);
    c->gauge = read_list(c, root, &gauge, &c->gauge_name, &c->gauge_count);
    c->joint = read_list(c, root, &joint, &c->joint_name, &c->joint_count);
    check_gauge_names(c, root);
    check_joints(c, root);
}
