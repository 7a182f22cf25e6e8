/// `stroma check PERSON.yaml`: what the criteria of published trials say about one person.

#include "check_person.h"
#include "models_dir.h"

#include "base/base.h"
#include "stroma/patient.h"

#include <limits.h>
#include <stdio.h>

static const char* const HEADS[] = {
    [ST_VERDICT_MET] = "met",     [ST_VERDICT_UNKNOWN] = "not said", [ST_VERDICT_ASK] = "ask",
    [ST_VERDICT_FIRST] = "first", [ST_VERDICT_LATER] = "later",      [ST_VERDICT_STOP] = "stop",
};

static void print_criterion(const st_criterion_info* info, st_verdict verdict)
{
    printf("%-12s%s\n", HEADS[verdict], info->label);
    if (verdict >= ST_VERDICT_ASK) {
        printf("%-12s%s\n", "", info->why);
        printf("%-12s%s: %s\n", "", info->source != NULL ? "source" : "assumed",
               info->source != NULL ? info->source : info->assumed);
    }
}

static void print_answer(const st_candidacy* candidacy, const st_person_file* person)
{
    printf("%-12s%s\n", "person", st_person_file_title(person));
    printf("%-12s%s, %d criteria of published trials\n", "asked", st_candidacy_title(candidacy),
           st_candidacy_count(candidacy));
    for (int verdict = ST_VERDICT_STOP; verdict >= ST_VERDICT_MET; --verdict) {
        for (int i = 0; i < st_candidacy_count(candidacy); ++i) {
            if ((int)st_candidacy_judge(candidacy, i, person) == verdict) {
                print_criterion(st_candidacy_at(candidacy, i), (st_verdict)verdict);
            }
        }
    }
    printf("%-12s%s\n", "answer",
           st_candidacy_words(candidacy, st_candidacy_verdict(candidacy, person)));
    puts("This repeats the entry rules of trials. It is no advice to a person.");
}

st_status st_check_person(st_ctx* ctx, const char* path)
{
    char model_dir[PATH_MAX - 64];
    char criteria[PATH_MAX];
    ST_TRY(st_models_dir_find(ctx, model_dir, sizeof model_dir));
    snprintf(criteria, sizeof criteria, "%s/candidacy/knee-cells.yaml", model_dir);
    st_candidacy* candidacy = NULL;
    st_person_file* person = NULL;
    ST_TRY(st_candidacy_load(ctx, criteria, &candidacy));
    const st_status status = st_person_file_load(ctx, candidacy, path, &person);
    if (status == ST_OK) {
        print_answer(candidacy, person);
    }
    st_person_file_destroy(person);
    st_candidacy_destroy(candidacy);
    return status;
}
