#include "arm.h"

#include "merge.h"

#include <string.h>

#define PEOPLE_LIMIT 10000000

/// Donors whose doses are looked at before a run: enough to meet one culture that did not fail.
#define PROBE_COUNT 16

static const char* const blinding_names[] = {"open", "single", "double"};

static const char* const arm_keys[] = {"n",      "label",     "inject",   "pathway",
                                       "like",   "versus",    "blinding", "twin_of",
                                       "repeat", "crossover", "plan",     NULL};

/// Known keys, dotted ones aside: those have been merged away where they were allowed.
static bool check_arm_keys(st_ctx* ctx, const st_node* arm)
{
    if (arm->kind != ST_NODE_MAP) {
        return st_node_fail(ctx, arm, "found %s, expected a map such as { n: 100, inject: ... }",
                            arm->kind == ST_NODE_LIST ? "a list" : "a value");
    }
    return st_node_check_keys(ctx, arm, arm_keys);
}

static void read_size(st_ctx* ctx, const st_node* node, st_arm* arm)
{
    const st_node* twin = st_node_child(node, "twin_of");
    const st_node* size = st_node_child(node, "n");
    int64_t n = 0;

    if (twin != NULL) {
        const char* whom;
        arm->info.is_twin = true;
        if (st_node_read_text(ctx, twin, &whom) && strcmp(whom, "everyone") != 0) {
            st_node_fail(ctx, twin, "found '%s', expected 'everyone'", whom);
        }
        if (size != NULL) {
            st_node_fail_key(ctx, size,
                             "a twin arm runs the people of all other arms and takes "
                             "no number of its own");
        }
        return;
    }
    size = st_node_need(ctx, node, "n", "the number of people, such as n: 100");
    if (size != NULL && st_node_read_integer(ctx, size, 1, PEOPLE_LIMIT, &n)) {
        arm->info.size = (int)n;
    }
}

static bool has_mistakes_since(st_ctx* ctx, int count)
{
    return st_ctx_mistake_count(ctx) != count;
}

static st_status read_arm(st_ctx* ctx, st_study* study, const st_node* node, bool study_is_open,
                          st_arm* arm)
{
    const st_node* label = st_node_child(node, "label");
    const st_node* blinding = st_node_child(node, "blinding");
    const bool has_inject = st_node_child(node, "inject") != NULL;
    const bool has_pathway = st_node_child(node, "pathway") != NULL;
    int choice = 0;

    arm->node = node;
    arm->info.name = node->key;
    arm->info.label = node->key;
    arm->plan = "";
    arm->info.control = -1;
    arm->is_open = study_is_open;
    if (label != NULL) {
        st_node_read_text(ctx, label, &arm->info.label);
    }
    if (blinding != NULL && st_node_read_choice(ctx, blinding, blinding_names, 3, &choice)) {
        arm->is_open = choice == 0;
    }
    read_size(ctx, node, arm);
    if (has_inject && has_pathway) {
        st_node_fail(ctx, node,
                     "found both inject: and pathway:, expected inject: (one product) or pathway: "
                     "(a list of steps)");
    } else if (!has_inject && !has_pathway) {
        if (st_node_child(node, "plan") == NULL) {
            st_node_fail(ctx, node,
                         "found neither inject: nor pathway:, expected inject: (one product), "
                         "pathway: (a list of steps) or plan: (care without an injection)");
        }
    } else if (study->catalogue != NULL) {
        const int before = st_ctx_mistake_count(ctx);
        const st_status status = st_recipe_read(ctx, study->catalogue, node, &arm->recipe);
        if (status == ST_ERR_MEMORY || (status != ST_OK && !has_mistakes_since(ctx, before))) {
            return status;
        }
    }
    if (arm->recipe != NULL) {
        arm->info.recipe = st_recipe_text(arm->recipe);
        arm->info.has_cells = st_recipe_has_cells(arm->recipe);
    }
    return ST_OK;
}

/// True when the arm, or one that it is like, has been reported already.
static bool base_is_faulty(const st_node* arms, const st_node* arm, const bool* is_faulty)
{
    const st_node* like = st_node_child(arm, "like");
    const st_node* base = like == NULL ? NULL : st_node_child(arms, like->text);

    return base != NULL && is_faulty[base->index];
}

st_status st_arm_read_all(st_ctx* ctx, st_study* study, const st_node* arms)
{
    bool is_faulty[ST_ARM_LIMIT] = {false};
    const bool study_is_open = strcmp(study->blinding, "open") == 0;

    if (!st_node_expect(ctx, arms, ST_NODE_MAP)) {
        return ST_OK;
    }
    if (arms->child_count < 1 || arms->child_count > ST_ARM_LIMIT) {
        st_node_fail(ctx, arms, "found %d arms, expected 1 ... %d", arms->child_count,
                     ST_ARM_LIMIT);
        return ST_OK;
    }
    study->arm = st_arena_alloc(&study->arena, (size_t)arms->child_count, sizeof *study->arm);
    if (study->arm == NULL) {
        return ST_ERR_MEMORY;
    }
    study->arm_count = arms->child_count;
    for (const st_node* node = arms->first; node != NULL; node = node->next) {
        const int before = st_ctx_mistake_count(ctx);
        st_arm* arm = &study->arm[node->index];
        const st_node* merged;

        arm->info.name = node->key;
        arm->info.label = node->key;
        arm->info.recipe = "";
        arm->plan = "";
        if (base_is_faulty(arms, node, is_faulty)) {
            is_faulty[node->index] = true;
            continue; // one message is enough
        }
        if (node->kind == ST_NODE_MAP) {
            merged = st_merge_arm(ctx, &study->arena, arms, node);
        } else {
            merged = node;
        }
        if (merged == NULL && !has_mistakes_since(ctx, before)) {
            return ST_ERR_MEMORY;
        }
        if (merged != NULL && check_arm_keys(ctx, merged)) {
            ST_TRY(read_arm(ctx, study, merged, study_is_open, arm));
        }
        is_faulty[node->index] = has_mistakes_since(ctx, before);
        study->twin_count += arm->info.is_twin;
        study->people_count += arm->info.is_twin ? 0 : arm->info.size;
    }
    if (study->twin_count == study->arm_count) {
        st_node_fail(ctx, arms, "found only twin arms, expected an arm with people of its own");
    }
    // A twin arm's people are those of the others.
    for (int i = 0; i < study->arm_count; ++i) {
        if (study->arm[i].info.is_twin) {
            study->arm[i].info.size = (int)study->people_count;
        }
    }
    return ST_OK;
}

int st_arm_find(st_ctx* ctx, const st_study* study, const st_node* node)
{
    const char* names[ST_ARM_LIMIT];
    int found = -1;

    for (int i = 0; i < study->arm_count; ++i) {
        names[i] = study->arm[i].info.name;
    }
    st_node_read_choice(ctx, node, names, study->arm_count, &found);
    return found;
}

void st_arm_read_controls(st_ctx* ctx, st_study* study)
{
    for (int i = 0; i < study->arm_count; ++i) {
        st_arm* arm = &study->arm[i];
        const st_node* versus = arm->node == NULL ? NULL : st_node_child(arm->node, "versus");

        if (arm->info.is_twin) {
            if (versus != NULL) {
                st_node_fail_key(ctx, versus,
                                 "every other arm is compared with a twin arm, person "
                                 "by person; it takes no versus: of its own");
            }
            continue;
        }
        arm->info.control = i == study->primary_control ? -1 : study->primary_control;
        if (versus != NULL) {
            arm->info.control = st_arm_find(ctx, study, versus);
            if (arm->info.control == i) {
                st_node_fail(ctx, versus, "found the arm itself, expected another arm");
            }
        }
    }
}

/// Reports a product class that the model gives no place, once per arm.
static bool class_is_known(st_ctx* ctx, const st_study* study, const st_arm* arm,
                           const st_dose* dose)
{
    for (int part = 0; part < dose->part_count; ++part) {
        const char* name = dose->part[part].product_class;
        const int count = st_model_dose_count(study->model);
        char known[512] = "none";
        size_t length = 0;

        if (st_model_find_dose(study->model, name) >= 0) {
            continue;
        }
        for (int i = 0; i < count && length + 1 < sizeof known; ++i) {
            const char* other = st_model_dose(study->model, i)->product_class;
            const size_t more = strlen(other) + 2;
            if (length + more < sizeof known) {
                memcpy(known + length, i > 0 ? ", " : "", i > 0 ? 2 : 0);
                length += i > 0 ? 2 : 0;
                memcpy(known + length, other, more - 1);
                length += more - 2;
            }
        }
        return st_node_fail(ctx, arm->node,
                            "injects '%s', but the model gives doses a place only "
                            "for: %s",
                            name, known);
    }
    return true;
}

st_status st_arm_check_doses(st_ctx* ctx, const st_study* study)
{
    for (int i = 0; i < study->arm_count; ++i) {
        const st_arm* arm = &study->arm[i];
        bool is_known = true;

        for (uint64_t id = 1; id <= PROBE_COUNT && is_known && arm->recipe != NULL; ++id) {
            st_person person;
            st_donor donor;
            st_dose dose, sham;

            st_people_draw(study->people, study->seed, id, &person);
            donor = st_arm_donor(&person);
            // What a donor's numerics do is the run's matter; here only the classes count.
            ST_TRY(st_recipe_perform(ctx, arm->recipe, &donor, study->seed, id, &dose));
            st_recipe_sham(arm->recipe, &dose, &sham);
            is_known =
                class_is_known(ctx, study, arm, &dose) && class_is_known(ctx, study, arm, &sham);
        }
    }
    return ST_OK;
}

st_donor st_arm_donor(const st_person* person)
{
    const double height_m = person->value[ST_PERSON_HEIGHT];
    const double bmi = person->value[ST_PERSON_BMI];
    const st_donor donor = {.age_y = person->value[ST_PERSON_AGE],
                            .is_female = person->value[ST_PERSON_FEMALE] > 0.5,
                            .bmi_kg_per_m2 = bmi,
                            .weight_kg = bmi * height_m * height_m};

    return donor;
}

st_donor st_arm_middle_donor(const st_entrant* entrant, int count)
{
    st_donor middle = {0};
    int women = 0;

    for (int i = 0; i < count; ++i) {
        const st_donor donor = st_arm_donor(&entrant[i].person);
        middle.age_y += donor.age_y / count;
        middle.bmi_kg_per_m2 += donor.bmi_kg_per_m2 / count;
        middle.weight_kg += donor.weight_kg / count;
        women += donor.is_female;
    }
    middle.is_female = 2 * women >= count;
    return middle;
}
