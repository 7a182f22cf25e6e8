#include "study.h"

#include "arm.h"
#include "design.h"
#include "entry.h"
#include "influence.h"
#include "lookup.h"
#include "published.h"
#include "regimen.h"
#include "responders.h"
#include "visits.h"

#include <math.h>
#include <string.h>

#define MEASURE_LIMIT 32

static const char* const study_keys[] = {
    "study",       "model",      "variant",    "people",    "arms",       "visits", "measure",
    "blinding",    "drop_out",   "primary",    "beside",    "seed",       "notes",  "rescue",
    "replacement", "unblinding", "allocation", "influence", "responders", NULL};

// --- the parts of a study file --------------------------------------------------------------

static st_status read_model(st_ctx* ctx, st_study* study, const st_node* root)
{
    const st_node* node = st_node_need(ctx, root, "model", "a model's name, such as knee-oa");
    const st_node* variant = st_node_child(root, "variant");
    const char* variant_name = NULL;
    const char* path;
    st_status status;

    path = node == NULL
               ? NULL
               : st_lookup_file(ctx, &study->arena, node, study->path, study->model_dir, "a model");
    if (variant != NULL && !st_node_read_text(ctx, variant, &variant_name)) {
        return ST_OK;
    }
    if (path == NULL) {
        return ST_OK;
    }
    status = st_model_load(ctx, path, variant_name, &study->model);
    if (status == ST_OK) {
        status = st_instruments_read(ctx, study->model, &study->instruments);
    }
    if (status == ST_OK) {
        status = st_context_rules_read(ctx, study->model, &study->context);
    }
    if (status == ST_OK) {
        status = st_person_plan_create(ctx, study->model, &study->plan);
    }
    return status == ST_ERR_INPUT ? ST_OK : status; // the reason is noted; go on looking
}

static st_status read_people(st_ctx* ctx, st_study* study, const st_node* root)
{
    static const char* const keys[] = {"from", "entry", "candidacy", "screening", "run_in", NULL};
    const st_node* people = st_node_need(ctx, root, "people", "from: and entry:");
    const st_node* from;
    const st_node* entry;
    const st_node* candidacy;
    const char* dir = st_arena_format(&study->arena, "%s/people", study->model_dir);
    const char* path = NULL;
    st_status status = ST_OK;

    if (dir == NULL) {
        return ST_ERR_MEMORY;
    }
    if (people == NULL || !st_node_check_keys(ctx, people, keys)) {
        return ST_OK;
    }
    from = st_node_need(ctx, people, "from", "the name of a population, such as oai-symptomatic");
    entry = st_node_child(people, "entry");
    candidacy = st_node_child(people, "candidacy");
    st_design_read_screening(ctx, study, st_node_child(people, "screening"));
    if (from != NULL) {
        path = st_lookup_file(ctx, &study->arena, from, study->path, dir, "a population of people");
    }
    if (path != NULL) {
        status = st_people_load(ctx, path, &study->people);
    }
    if ((status == ST_OK || status == ST_ERR_INPUT) && entry != NULL) {
        ST_TRY(st_entry_read(ctx, study, entry));
    }
    if (status == ST_OK && candidacy != NULL) {
        dir = st_arena_format(&study->arena, "%s/candidacy", study->model_dir);
        status = dir == NULL ? ST_ERR_MEMORY : st_entry_read_candidacy(ctx, study, candidacy, dir);
    }
    return status == ST_ERR_INPUT ? ST_OK : status;
}

static st_status read_measures(st_ctx* ctx, st_study* study, const st_node* root)
{
    const st_node* list = st_node_need(ctx, root, "measure", "a list of instruments");

    if (list == NULL || !st_node_expect(ctx, list, ST_NODE_LIST)) {
        return ST_OK;
    }
    if (list->child_count < 1 || list->child_count > MEASURE_LIMIT) {
        st_node_fail(ctx, list, "found %d instruments, expected 1 ... %d", list->child_count,
                     MEASURE_LIMIT);
        return ST_OK;
    }
    study->measure =
        st_arena_alloc(&study->arena, (size_t)list->child_count, sizeof *study->measure);
    if (study->measure == NULL) {
        return ST_ERR_MEMORY;
    }
    for (const st_node* node = list->first; node != NULL && study->instruments != NULL;
         node = node->next) {
        const char* names[MEASURE_LIMIT * 4];
        const int known = st_instruments_count(study->instruments);
        const char* name;
        int count = 0;
        int choice = -1;

        for (; count < known && count < MEASURE_LIMIT * 4; ++count) {
            names[count] = st_instruments_at(study->instruments, count)->name;
        }
        if (!st_node_read_choice(ctx, node, names, count, &choice) ||
            !st_node_read_text(ctx, node, &name)) {
            continue;
        }
        if (st_study_find_measure(study, name) >= 0) {
            st_node_fail(ctx, node, "found '%s' a second time", name);
            continue;
        }
        study->measure[study->measure_count++] = choice;
    }
    return ST_OK;
}

static st_status read_arms(st_ctx* ctx, st_study* study, const st_node* root)
{
    const st_node* arms = st_node_need(ctx, root, "arms", "the arms of the trial");

    return arms == NULL ? ST_OK : st_arm_read_all(ctx, study, arms);
}

static void read_head(st_ctx* ctx, st_study* study, const st_node* root)
{
    static const char* const blindings[] = {"open", "single", "double"};
    const st_node* title = st_node_need(ctx, root, "study", "a title");
    const st_node* blinding = st_node_need(ctx, root, "blinding", "open, single or double");
    const st_node* seed = st_node_need(ctx, root, "seed", "a whole number");
    int64_t number = 0;
    int choice = 0;

    study->title = "";
    study->blinding = blindings[0];
    if (title != NULL) {
        st_node_read_text(ctx, title, &study->title);
    }
    if (blinding != NULL && st_node_read_choice(ctx, blinding, blindings, 3, &choice)) {
        study->blinding = blindings[choice];
    }
    if (seed != NULL && st_node_read_integer(ctx, seed, 0, INT64_MAX, &number)) {
        study->seed = (uint64_t)number;
    }
}

// --- source texts ---------------------------------------------------------------------------

static void add_source(st_study* study, const char* name, const char* role, const char* text,
                       size_t length)
{
    st_source_text* source = &study->source[study->source_count++];

    // Names without folders: the same study gives the same store wherever it lies.
    source->name = st_lookup_base_name(name);
    source->role = role;
    source->text = text;
    source->length = length;
}

/// Each plan once, though several arms follow it.
static void add_plan_sources(st_study* study)
{
    const int first = study->source_count;

    for (int arm = 0; arm < study->arm_count; ++arm) {
        for (int p = 0; p < study->arm[arm].care_count; ++p) {
            const char* name;
            size_t length;
            const char* text = st_care_source(study->arm[arm].care[p], &name, &length);
            bool is_known = false;

            for (int i = first; i < study->source_count; ++i) {
                is_known = is_known || (study->source[i].length == length &&
                                        memcmp(study->source[i].text, text, length) == 0);
            }
            if (!is_known) {
                add_source(study, name, "plan", text, length);
            }
        }
    }
}

static st_status list_sources(st_study* study)
{
    const int model_count = st_model_source_count(study->model);
    const int product_count = st_catalogue_source_count(study->catalogue);
    const char* name;
    const char* text;
    size_t length;

    study->source = st_arena_alloc(&study->arena,
                                   (size_t)(model_count + product_count) + 7 +
                                       (size_t)study->arm_count * ST_ARM_PLAN_LIMIT,
                                   sizeof *study->source);
    if (study->source == NULL) {
        return ST_ERR_MEMORY;
    }
    text = st_doc_text(study->doc, &length);
    add_source(study, study->path, "study", text, length);
    for (int i = 0; i < model_count; ++i) {
        text = st_model_source(study->model, i, &name, &length);
        add_source(study, name, "model", text, length);
    }
    text = st_people_source(study->people, &name, &length);
    add_source(study, name, "people", text, length);
    if (study->candidacy != NULL) {
        text = st_candidacy_source(study->candidacy, &name, &length);
        add_source(study, name, "candidacy", text, length);
    }
    add_plan_sources(study);
    for (int i = 0; i < product_count; ++i) {
        text = st_catalogue_source(study->catalogue, i, &name, &length);
        add_source(study, name, "products", text, length);
    }
    text = st_story_text(study->story, &name, &length);
    add_source(study, name, "products", text, length);
    if (study->replacement_doc != NULL) {
        text = st_doc_text(study->replacement_doc, &length);
        add_source(study, st_doc_name(study->replacement_doc), "model", text, length);
    }
    if (study->table_text != NULL) {
        add_source(study, study->table_name, "published", study->table_text, study->table_length);
        add_source(study, "scales.csv", "published", study->scales_text, study->scales_length);
    }
    return ST_OK;
}

// --- the whole ------------------------------------------------------------------------------

/// Reads every part, so that one pass reports all mistakes.
static st_status read_study(st_ctx* ctx, st_study* study)
{
    const st_node* root = st_doc_root(study->doc);
    const st_node* notes;
    const st_node* visits;
    const st_node* beside;
    const char* text;
    st_status status;

    if (!st_node_expect(ctx, root, ST_NODE_MAP)) {
        return ST_OK;
    }
    st_node_check_keys(ctx, root, study_keys);
    read_head(ctx, study, root);
    ST_TRY(read_model(ctx, study, root));
    ST_TRY(read_people(ctx, study, root));
    status = st_catalogue_load(ctx, study->model_dir, &study->catalogue);
    if (status != ST_OK && status != ST_ERR_INPUT) {
        return status;
    }
    status = st_story_load(ctx, study->model_dir, &study->story);
    if (status != ST_OK && status != ST_ERR_INPUT) {
        return status;
    }
    ST_TRY(read_arms(ctx, study, root));
    visits = st_node_need(ctx, root, "visits", "times such as 0, 3, 6, 12 months");
    if (visits != NULL) {
        ST_TRY(st_visits_read(ctx, study, visits));
    }
    ST_TRY(read_measures(ctx, study, root));
    ST_TRY(st_responders_read(ctx, study, root));
    st_design_read_primary(ctx, study, root);
    st_design_read_allocation(ctx, study, st_node_child(root, "allocation"));
    st_design_read_run_in(ctx, study, root);
    st_influence_read(ctx, study, root);
    ST_TRY(st_later_read(ctx, study, root));
    ST_TRY(st_regimen_read(ctx, study));
    st_arm_read_controls(ctx, study);
    notes = st_node_child(root, "notes");
    if (notes != NULL) {
        st_node_read_text(ctx, notes, &text);
    }
    beside = st_node_child(root, "beside");
    return beside == NULL ? ST_OK : st_published_read(ctx, study, beside);
}

/// Loads from a file, or from `text` when there is one; `path` then only names it.
static st_status load(st_ctx* ctx, const char* path, const char* text, const char* model_dir,
                      st_study** out)
{
    const int before = st_ctx_mistake_count(ctx);
    st_study* study = st_alloc(ctx, 1, sizeof *study);
    st_status status = ST_ERR_MEMORY;

    *out = NULL;
    if (study == NULL) {
        return ST_ERR_MEMORY;
    }
    study->ctx = ctx;
    st_arena_init(&study->arena, ctx);
    study->path = st_arena_text(&study->arena, path, strlen(path));
    study->model_dir = st_arena_text(&study->arena, model_dir, strlen(model_dir));
    if (study->path != NULL && study->model_dir != NULL) {
        status = text == NULL ? st_doc_load(ctx, path, &study->doc)
                              : st_doc_parse(ctx, path, text, strlen(text), &study->doc);
    }
    if (status == ST_OK) {
        status = read_study(ctx, study);
    }
    if (status == ST_OK && st_ctx_mistake_count(ctx) == before) {
        status = st_arm_check_doses(ctx, study);
    }
    if (status == ST_OK && st_ctx_mistake_count(ctx) != before) {
        status = ST_ERR_INPUT;
    }
    if (status == ST_OK) {
        status = list_sources(study);
    }
    if (status != ST_OK) {
        st_study_destroy(study);
        return status;
    }
    *out = study;
    return ST_OK;
}

st_status st_study_load(st_ctx* ctx, const char* path, const char* model_dir, st_study** out)
{
    return load(ctx, path, NULL, model_dir, out);
}

st_status st_study_parse(st_ctx* ctx, const char* name, const char* text, const char* model_dir,
                         st_study** out)
{
    return load(ctx, name, text, model_dir, out);
}

void st_study_destroy(st_study* study)
{
    st_ctx* ctx;

    if (study == NULL) {
        return;
    }
    ctx = study->ctx;
    for (int i = 0; i < study->arm_count; ++i) {
        st_recipe_destroy(study->arm[i].recipe);
        for (int p = 0; p < study->arm[i].care_count; ++p) {
            st_care_destroy(study->arm[i].care[p]);
        }
    }
    st_person_plan_destroy(study->plan);
    st_context_rules_destroy(study->context);
    st_instruments_destroy(study->instruments);
    st_model_destroy(study->model);
    st_story_destroy(study->story);
    st_catalogue_destroy(study->catalogue);
    st_candidacy_destroy(study->candidacy);
    st_people_destroy(study->people);
    st_doc_destroy(study->replacement_doc);
    st_doc_destroy(study->doc);
    st_free(ctx, study->table_text);
    st_free(ctx, study->scales_text);
    st_arena_clear(&study->arena);
    st_free(ctx, study);
}

int st_study_find_arm(const st_study* study, const char* name)
{
    for (int i = 0; i < study->arm_count; ++i) {
        if (strcmp(study->arm[i].info.name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int st_study_find_measure(const st_study* study, const char* name)
{
    for (int i = 0; i < study->measure_count; ++i) {
        if (strcmp(st_instruments_at(study->instruments, study->measure[i])->name, name) == 0) {
            return i;
        }
    }
    return -1;
}

// --- answers --------------------------------------------------------------------------------

const char* st_study_title(const st_study* study)
{
    return study->title;
}

const st_model* st_study_model(const st_study* study)
{
    return study->model;
}

const st_instruments* st_study_instruments(const st_study* study)
{
    return study->instruments;
}

const st_catalogue* st_study_catalogue(const st_study* study)
{
    return study->catalogue;
}

const st_people* st_study_people(const st_study* study)
{
    return study->people;
}

uint64_t st_study_seed(const st_study* study)
{
    return study->seed;
}

const char* st_study_blinding(const st_study* study)
{
    return study->blinding;
}

int st_study_arm_count(const st_study* study)
{
    return study->arm_count;
}

const st_arm_info* st_study_arm(const st_study* study, int arm)
{
    return &study->arm[arm].info;
}

int st_study_plan_count(const st_study* study, int arm)
{
    return study->arm[arm].care_count;
}

const st_care* st_study_plan(const st_study* study, int arm, int index)
{
    return study->arm[arm].care[index];
}

int st_study_criterion_count(const st_study* study)
{
    return study->criterion_count;
}

const char* st_study_criterion(const st_study* study, int index)
{
    return study->criterion[index].reason;
}

const char* st_study_rescue(const st_study* study)
{
    return study->rescue.text;
}

const st_candidacy* st_study_candidacy(const st_study* study)
{
    return study->candidacy;
}

int st_study_visit_count(const st_study* study)
{
    return study->visit_count;
}

const st_visit_info* st_study_visit(const st_study* study, int visit)
{
    return &study->visit[visit];
}

int st_study_measure_count(const st_study* study)
{
    return study->measure_count;
}

int st_study_measure(const st_study* study, int index)
{
    return study->measure[index];
}

int st_study_primary_measure(const st_study* study)
{
    return study->primary_measure;
}

int st_study_primary_visit(const st_study* study)
{
    return study->primary_visit;
}

int st_study_source_count(const st_study* study)
{
    return study->source_count;
}

const char* st_study_source(const st_study* study, int index, const char** name, const char** role,
                            size_t* length)
{
    const st_source_text* source = &study->source[index];

    *name = source->name;
    *role = source->role;
    *length = source->length;
    return source->text;
}

int st_study_published_count(const st_study* study)
{
    return study->published_count;
}

const st_published_row* st_study_published(const st_study* study, int index)
{
    return &study->published[index];
}
