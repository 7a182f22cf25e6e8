/// `stroma check`: is this file valid, and what would it run?

#include "check_care.h"
#include "check_person.h"
#include "cli.h"
#include "describe.h"
#include "messages.h"
#include "models_dir.h"
#include "progress.h"
#include "tissue_run.h"

#include "base/base.h"
#include "base/doc.h"
#include "stroma/procedure.h"
#include "stroma/trial.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static void print_list(const char* head, int count, const char* (*name_at)(const void*, int),
                       const void* of)
{
    printf("%-12s%d", head, count);
    for (int i = 0; i < count; ++i) {
        printf("%s%s", i == 0 ? ": " : ", ", name_at(of, i));
    }
    putchar('\n');
}

static const char* input_name(const void* model, int index)
{
    return st_model_input(model, index)->name;
}

static const char* definition_name(const void* model, int index)
{
    return st_model_definition(model, index)->name;
}

static const char* dose_name(const void* model, int index)
{
    return st_model_dose(model, index)->product_class;
}

static const char* instrument_name(const void* instruments, int index)
{
    return st_instruments_at(instruments, index)->name;
}

static void print_counts(const st_model* model)
{
    const st_describe_counts counts = st_describe_model(model);
    printf("%-12s%d: %d cell numbers, %d substrate levels, %d matrix fractions, %d others\n",
           "states", st_model_state_count(model), counts.cell, counts.substrate, counts.matrix,
           counts.other);
    printf("%-12s%d: %d sourced, %d assumed\n", "parameters", st_model_parameter_count(model),
           counts.sourced, counts.assumed);
}

static void print_model(const st_model* model, const st_instruments* instruments)
{
    printf("%-12s%s\n", "model", st_model_title(model));
    if (*st_model_variant(model)) {
        printf("%-12s%s\n", "variant", st_model_variant(model));
    }
    print_counts(model);
    print_list("inputs", st_model_input_count(model), input_name, model);
    print_list("definitions", st_model_definition_count(model), definition_name, model);
    printf("%-12s%d\n", "events", st_model_event_count(model));
    print_list("doses", st_model_dose_count(model), dose_name, model);
    if (instruments) {
        print_list("instruments", st_instruments_count(instruments), instrument_name, instruments);
    }
    if (st_model_settle_days(model) > 0.0) {
        printf("%-12s%g days before day 0\n", "settles", st_model_settle_days(model));
    }
}

/// Every quantity of the file as written and as computed.
static void print_units(const st_model* model)
{
    int width[2] = {0, 0};
    for (int i = 0; i < st_model_quantity_count(model); ++i) {
        const st_quantity_info* q = st_model_quantity(model, i);
        const int path = snprintf(NULL, 0, "%s", q->path);
        const int written = snprintf(NULL, 0, "%s", q->written);
        width[0] = path > width[0] && path < 60 ? path : width[0];
        width[1] = written > width[1] && written < 24 ? written : width[1];
    }
    for (int i = 0; i < st_model_quantity_count(model); ++i) {
        const st_quantity_info* q = st_model_quantity(model, i);
        printf("%s:%d:%d  %-*s  %-*s  = %.10g %s\n", q->file, q->line, q->column, width[0], q->path,
               width[1], q->written, q->value, q->unit);
    }
}

/// Reads the model once more in each of its variants: a mistake in one of them is a mistake.
static st_status check_variants(st_ctx* ctx, const st_arguments* arguments, const st_model* model)
{
    const st_node* variants = st_model_table(model, "variants");
    for (const st_node* n = variants ? variants->first : NULL; n && !arguments->variant;
         n = n->next) {
        st_model* variant = NULL;
        const st_status status = st_model_load(ctx, arguments->file, n->key, &variant);
        st_model_destroy(variant);
        if (status != ST_OK) {
            return ST_FAIL(ctx, status, "%s: variant '%s' has a mistake", arguments->file, n->key);
        }
    }
    return ST_OK;
}

/// Loads the model and the tables of it that other rooms read.
static st_status check_model(st_ctx* ctx, const st_arguments* arguments)
{
    st_model* model = NULL;
    st_instruments* instruments = NULL;
    st_context_rules* context = NULL;
    st_status status = st_model_load(ctx, arguments->file, arguments->variant, &model);
    if (status == ST_OK && st_model_table(model, "instruments")) {
        status = st_instruments_read(ctx, model, &instruments);
    }
    if (status == ST_OK && st_model_table(model, "context")) {
        status = st_context_rules_read(ctx, model, &context);
    }
    if (status == ST_OK) {
        status = check_variants(ctx, arguments, model);
    }
    if (status == ST_OK && (arguments->given & ST_OPTION_UNITS) != 0) {
        print_units(model);
    } else if (status == ST_OK) {
        print_model(model, instruments);
    }
    st_context_rules_destroy(context);
    st_instruments_destroy(instruments);
    st_model_destroy(model);
    return status;
}

static void print_catalogue(const st_catalogue* catalogue)
{
    const int count = st_catalogue_value_count(catalogue);
    int sourced = 0;
    for (int i = 0; i < count; ++i) {
        sourced += st_catalogue_value_at(catalogue, i)->source ? 1 : 0;
    }
    printf("%-12s%d values: %d sourced, %d assumed\n", "procedures", count, sourced,
           count - sourced);
}

static void print_arms(const st_study* study)
{
    int name_width = 0;
    for (int i = 0; i < st_study_arm_count(study); ++i) {
        const int width = snprintf(NULL, 0, "%s", st_study_arm(study, i)->name);
        name_width = width > name_width ? width : name_width;
    }
    for (int i = 0; i < st_study_arm_count(study); ++i) {
        const st_arm_info* arm = st_study_arm(study, i);
        char size[32];
        printf("%-12s%-*s  %s people  %s", i == 0 ? "arms" : "", name_width, arm->name,
               st_progress_count_text(arm->size, size, sizeof size), arm->recipe);
        if (arm->is_twin) {
            printf("; in the people of all other arms");
        }
        if (arm->control >= 0) {
            printf("; compared with %s", st_study_arm(study, arm->control)->name);
        }
        putchar('\n');
    }
}

/// Each plan of care once, with the arms that follow it.
static void print_plans(const st_study* study)
{
    const char* shown[64];
    int count = 0;
    for (int a = 0; a < st_study_arm_count(study); ++a) {
        for (int p = 0; p < st_study_plan_count(study, a); ++p) {
            const st_care* care = st_study_plan(study, a, p);
            bool is_shown = false;
            for (int i = 0; i < count; ++i) {
                is_shown = is_shown || strcmp(shown[i], st_care_title(care)) == 0;
            }
            if (is_shown || count == 64) {
                continue;
            }
            shown[count++] = st_care_title(care);
            st_check_care_print_plan(care);
        }
    }
}

/// True when candidates are turned away by the criterion of candidacy with this label.
static bool is_asked(const st_study* study, const char* label)
{
    static const char head[] = "candidacy: ";
    for (int i = 0; i < st_study_criterion_count(study); ++i) {
        const char* text = st_study_criterion(study, i);
        if (strncmp(text, head, sizeof head - 1) == 0 &&
            strcmp(text + sizeof head - 1, label) == 0) {
            return true;
        }
    }
    return false;
}

/// Which criteria of candidacy candidates are asked, and how well known the answers are.
static void print_candidacy(const st_study* study)
{
    const st_candidacy* candidacy = st_study_candidacy(study);
    const st_people* people = st_study_people(study);
    if (!candidacy) {
        return;
    }
    int asked = 0;
    int facts = 0;
    int assumed = 0;
    for (int i = 0; i < st_candidacy_count(candidacy); ++i) {
        const int fact = st_people_fact_find(people, st_candidacy_subject(candidacy, i));
        if (!is_asked(study, st_candidacy_at(candidacy, i)->label)) {
            continue;
        }
        asked += 1;
        facts += fact >= 0;
        assumed += fact >= 0 && st_people_fact_at(people, fact)->assumed;
    }
    printf("%-12s%s: %d of %d criteria asked; who fails one does not enter\n", "candidacy",
           st_candidacy_title(candidacy), asked, st_candidacy_count(candidacy));
    printf("%-12s  %d answers are drawn from a prevalence, %d of them assumed\n", "", facts,
           assumed);
}

static int count_changes(const st_study* study)
{
    int count = 0;
    for (int i = 0; i < st_study_published_count(study); ++i) {
        count += st_study_published(study, i)->is_change;
    }
    return count;
}

static void print_study(const st_study* study)
{
    const st_model* model = st_study_model(study);
    const st_instruments* instruments = st_study_instruments(study);
    printf("%-12s%s\n", "study", st_study_title(study));
    printf("%-12s%s%s%s\n", "model", st_model_title(model), *st_model_variant(model) ? ", " : "",
           st_model_variant(model));
    print_counts(model);
    print_catalogue(st_study_catalogue(study));
    printf("%-12s%s\n", "people", st_people_title(st_study_people(study)));
    printf("%-12s%s\n", "blinding", st_study_blinding(study));
    printf("%-12s", "visits");
    for (int i = 0; i < st_study_visit_count(study); ++i) {
        printf("%s%g", i == 0 ? "" : ", ", st_study_visit(study, i)->month);
    }
    printf(" months\n%-12s", "measures");
    for (int i = 0; i < st_study_measure_count(study); ++i) {
        printf("%s%s", i == 0 ? "" : ", ",
               st_instruments_at(instruments, st_study_measure(study, i))->title);
    }
    const int primary = st_study_measure(study, st_study_primary_measure(study));
    printf("\n%-12s%s at %g months\n", "primary", st_instruments_at(instruments, primary)->title,
           st_study_visit(study, st_study_primary_visit(study))->month);
    if (st_study_published_count(study) > 0) {
        const int changes = count_changes(study);
        printf("%-12s%d published values: %d levels, %d changes\n", "beside",
               st_study_published_count(study), st_study_published_count(study) - changes, changes);
    }
    printf("%-12s%llu\n", "seed", (unsigned long long)st_study_seed(study));
    if (*st_study_rescue(study)) {
        printf("%-12s%s\n", "rescue", st_study_rescue(study));
    }
    print_candidacy(study);
    print_arms(study);
    print_plans(study);
}

static st_status check_study(st_ctx* ctx, const st_arguments* arguments)
{
    if ((arguments->given & ST_OPTION_UNITS) != 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: --units is for models", arguments->file);
    }
    if (arguments->variant) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "%s: --variant is for models; a study names it with its key `variant`",
                       arguments->file);
    }
    char model_dir[PATH_MAX];
    ST_TRY(st_models_dir_find(ctx, model_dir, sizeof model_dir));
    st_study* study = NULL;
    ST_TRY(st_study_load(ctx, arguments->file, model_dir, &study));
    print_study(study);
    st_study_destroy(study);
    return ST_OK;
}

static st_status check_preparation(st_ctx* ctx, const char* path)
{
    char model_dir[PATH_MAX];
    st_preparation* preparation = NULL;
    ST_TRY(st_models_dir_find(ctx, model_dir, sizeof model_dir));
    ST_TRY(st_preparation_load(ctx, path, model_dir, &preparation));
    printf("%-12s%s\n%-12s%s\n", "preparation", st_preparation_title(preparation), "steps",
           st_recipe_text(st_preparation_recipe(preparation)));
    print_catalogue(st_preparation_catalogue(preparation));
    printf("%-12s%lld\n%-12s%llu\n", "donors", (long long)st_preparation_donors(preparation),
           "seed", (unsigned long long)st_preparation_seed(preparation));
    st_preparation_destroy(preparation);
    return ST_OK;
}

static int perform(st_ctx* ctx, const st_arguments* arguments)
{
    st_doc* doc = NULL;
    st_status status = st_doc_load(ctx, arguments->file, &doc);
    if (status != ST_OK) {
        return st_messages_print(ctx, status, stderr);
    }
    // A study names its model under `model`, so `study` is looked for first.
    const st_node* root = st_doc_root(doc);
    const bool is_map = root && root->kind == ST_NODE_MAP;
    const bool is_study = is_map && st_node_child(root, "study");
    const bool is_model =
        is_map && !is_study && !st_node_child(root, "tissue") && st_node_child(root, "model");
    const bool is_preparation = is_map && st_node_child(root, "preparation");
    const bool is_person = is_map && st_node_child(root, "person");
    const bool is_people = is_map && !is_study && st_node_child(root, "people");
    const bool is_candidacy = is_map && st_node_child(root, "candidacy");
    const bool is_plan = is_map && st_node_child(root, "plan");
    const bool is_tissue = is_map && st_node_child(root, "tissue");
    st_doc_destroy(doc);
    if (is_study) {
        status = check_study(ctx, arguments);
    } else if (is_model) {
        status = check_model(ctx, arguments);
    } else if (is_tissue) {
        status = st_tissue_run_check(ctx, arguments);
    } else if (is_preparation) {
        status = check_preparation(ctx, arguments->file);
    } else if (is_person) {
        status = st_check_person(ctx, arguments->file);
    } else if (is_people) {
        status = st_check_care_people(ctx, arguments->file);
    } else if (is_candidacy) {
        status = st_check_care_candidacy(ctx, arguments->file);
    } else if (is_plan) {
        status = st_check_care_plan(ctx, arguments->file);
    } else {
        status =
            ST_FAIL(ctx, ST_ERR_INPUT,
                    "%s:1:1: found none of `study`, `model`, `preparation`, `tissue`, `person`, "
                    "`people`, `candidacy` and `plan` at the top, expected one of them",
                    arguments->file);
    }
    if (status == ST_OK) {
        printf("%s is valid\n", arguments->file);
    }
    return st_messages_print(ctx, status, stderr);
}

const st_command ST_CHECK_COMMAND = {
    .name = "check",
    .operand = "FILE",
    .about = "is this study, model, preparation, tissue or person valid? what would it run?",
    .help = "  --variant V   check this variant of a model\n"
            "  --units       every quantity of a model as written and as computed\n",
    .options = ST_OPTION_VARIANT | ST_OPTION_UNITS | ST_OPTION_HELP,
    .perform = perform,
};
