#include "check_care.h"
#include "models_dir.h"

#include "base/base.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

/// People drawn to tell what a file gives.
#define DRAWS 10000
#define SEED  20161

/// Ten years: longer than plans last.
#define END_DAY 3652.5

static void print_attributes(const st_people* people)
{
    double sum[ST_ATTRIBUTE_COUNT] = {0.0};
    double square[ST_ATTRIBUTE_COUNT] = {0.0};
    for (uint64_t id = 1; id <= DRAWS; ++id) {
        st_person person;
        st_people_draw(people, SEED, id, &person);
        for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
            sum[i] += person.value[i];
            square[i] += person.value[i] * person.value[i];
        }
    }
    printf("%-16smean (SD) of %d drawn people\n", "attributes", DRAWS);
    for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
        const st_attribute_info* about = st_attribute_about((st_attribute)i);
        const double mean = sum[i] / DRAWS;
        const double variance = fmax(square[i] / DRAWS - mean * mean, 0.0);
        printf("  %-16s%.3g (%.2g) %s\n", about->name, mean, sqrt(variance), about->unit);
    }
}

static void print_facts(const st_people* people)
{
    for (int i = 0; i < st_people_fact_count(people); ++i) {
        const st_people_fact_info* fact = st_people_fact_at(people, i);
        printf("%-16s%s %.3g %%%s%s\n", i == 0 ? "facts" : "", fact->name, 100.0 * fact->share,
               fact->is_since ? " ever" : "", fact->assumed ? " (assumed)" : "");
    }
}

st_status st_check_care_people(st_ctx* ctx, const char* path)
{
    st_people* people = NULL;
    ST_TRY(st_people_load(ctx, path, &people));
    printf("%-16s%s\n", "people", st_people_title(people));
    print_attributes(people);
    print_facts(people);
    st_people_destroy(people);
    return ST_OK;
}

st_status st_check_care_candidacy(st_ctx* ctx, const char* path)
{
    st_candidacy* candidacy = NULL;
    ST_TRY(st_candidacy_load(ctx, path, &candidacy));
    printf("%-12s%s, %d criteria\n", "candidacy", st_candidacy_title(candidacy),
           st_candidacy_count(candidacy));
    for (int verdict = ST_VERDICT_STOP; verdict >= ST_VERDICT_ASK; --verdict) {
        printf("who fails one of these: %s\n", st_candidacy_words(candidacy, (st_verdict)verdict));
        for (int i = 0; i < st_candidacy_count(candidacy); ++i) {
            const st_criterion_info* info = st_candidacy_at(candidacy, i);
            if ((int)info->verdict == verdict) {
                printf("  %-24s%s%s\n", info->name, info->label, info->assumed ? " (assumed)" : "");
            }
        }
    }
    st_candidacy_destroy(candidacy);
    return ST_OK;
}

void st_check_care_print_plan(const st_care* care)
{
    printf("%-12s%s; %s\n", "plan", st_care_title(care), st_care_adherence_text(care));
    for (int i = 0; i < st_care_phase_count(care); ++i) {
        const st_care_phase_info* phase = st_care_phase(care, i);
        printf("%-12s  days %g to %g, %s: %s%s\n", "", phase->from_day, phase->to_day, phase->name,
               phase->text, phase->assumed ? " (assumed)" : "");
    }
}

st_status st_check_care_plan(st_ctx* ctx, const char* path)
{
    char model_dir[PATH_MAX - 64];
    char model_path[PATH_MAX];
    st_model* model = NULL;
    st_care* care = NULL;
    ST_TRY(st_models_dir_find(ctx, model_dir, sizeof model_dir));
    snprintf(model_path, sizeof model_path, "%s/knee-oa.yaml", model_dir);
    ST_TRY(st_model_load(ctx, model_path, NULL, &model));
    const st_status status = st_care_load(ctx, path, model, END_DAY, &care);
    if (status == ST_OK) {
        st_check_care_print_plan(care);
        printf("%-12s  for the inputs of: %s\n", "", st_model_title(model));
    }
    st_care_destroy(care);
    st_model_destroy(model);
    return status;
}
