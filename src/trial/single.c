// One person of an arm once more: who they are, what they are given on day 0, and the whole course
// of the model's states, for a closer look.

#include "arm.h"
#include "crew.h"
#include "regimen.h"
#include "stay.h"

#include <string.h>

static st_status perform_recipe(st_ctx* ctx, const st_study* study, uint64_t seed, int arm,
                                const st_person* person, st_dose* dose)
{
    const st_donor donor = st_arm_donor(person);
    *dose = (st_dose){0};
    return study->arm[arm].recipe == NULL
               ? ST_OK
               : st_recipe_perform(ctx, study->arm[arm].recipe, &donor, seed, person->id, dose);
}

static st_status solve(st_ctx* ctx, st_crew* crew, const st_study* study, int arm,
                       const st_person* person, const double* day, int day_count,
                       const st_single* out)
{
    st_worker* worker = &crew->worker[0];
    st_dose dose;
    int count = 0;
    ST_TRY(perform_recipe(ctx, study, crew->seed, arm, person, &dose));
    st_crew_person(crew, worker, 0, person);
    memcpy(out->parameter, worker->parameter, (size_t)crew->parameter_count * sizeof(double));
    memcpy(out->input, worker->input, (size_t)crew->input_count * sizeof(double));
    st_course* course = st_crew_course(crew, worker, 0, 0, day[day_count - 1], day, day_count);
    const st_arm* chosen = &study->arm[arm];
    const bool knows = chosen->is_open || (study->harvest_tells && st_stay_has_harvest(chosen));
    ST_TRY(st_stay_treat(crew, worker, course, chosen, &dose, knows, 0.0, worker->action, &count));
    st_regimen_add(chosen, crew->seed, person->id, course, worker->action, &count);
    course->action_count = count;
    ST_TRY(st_population_solve(worker->population, course, 1));
    if (course->status != ST_OK) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "person %llu cannot be computed: it fails on day %g",
                       (unsigned long long)person->id, course->failed_day);
    }
    for (int i = 0; i < day_count; i++) {
        memcpy(out->state + (size_t)i * (size_t)crew->state_count,
               course->sample + (size_t)i * (size_t)crew->width,
               (size_t)crew->state_count * sizeof(double));
    }
    return ST_OK;
}

st_status st_single_solve(st_ctx* ctx, const st_study* study, uint64_t seed, int arm, int64_t id,
                          const double* day, int day_count, const st_single* out)
{
    st_crew* crew = NULL;
    st_person person;
    if (arm < 0 || arm >= study->arm_count || id < 0 || day_count < 1) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "arm %d of %d, person %lld, %d days: there is no such one", arm,
                       study->arm_count, (long long)id, day_count);
    }
    st_people_draw(study->people, seed, (uint64_t)id, &person);
    ST_TRY(st_crew_create(ctx, study, seed, 1, day_count, &crew));
    const st_status status = solve(ctx, crew, study, arm, &person, day, day_count, out);
    if (status != ST_OK) {
        st_ctx_take_messages(ctx, crew->worker[0].ctx);
    }
    st_crew_destroy(crew);
    return status;
}
