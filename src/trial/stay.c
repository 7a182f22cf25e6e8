#include "stay.h"

#include "arm.h"
#include "follow.h"
#include "regimen.h"

#include "base/random.h"

#include <xxhash.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

st_status st_stay_list_events(st_ctx* ctx, const st_study* study, st_stay_events* out)
{
    for (int arm = 0; arm < study->arm_count; ++arm) {
        st_stay_events* events = &out[arm];
        if (study->arm[arm].recipe == NULL) {
            events->count = 0;
            continue;
        }
        events->count =
            st_recipe_adverse(study->arm[arm].recipe, events->event, ST_STAY_EVENT_LIMIT);
        if (events->count > ST_STAY_EVENT_LIMIT) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "arm %s: %d kinds of adverse events, at most %d",
                           study->arm[arm].info.name, events->count, ST_STAY_EVENT_LIMIT);
        }
        for (int i = 0; i < events->count; ++i) {
            // At least once in `times` independent steps: 1 - (1 - p)^times              [TRI-11]
            double none = 1.0;
            for (int k = 0; k < events->event[i].times; ++k) {
                none *= 1.0 - events->event[i].probability;
            }
            events->probability[i] = 1.0 - none;
        }
    }
    return ST_OK;
}

/// Arm of a stay: the own one, then the twin arms.
static int stay_arm(const st_study* study, const st_entrant* entrant, int stay)
{
    int seen = 0;

    if (stay == 0) {
        return entrant->arm;
    }
    for (int arm = 0; arm < study->arm_count; ++arm) {
        seen += study->arm[arm].info.is_twin;
        if (study->arm[arm].info.is_twin && seen == stay) {
            return arm;
        }
    }
    return -1;
}

// --- what is done ---------------------------------------------------------------------------

static void add_action(st_action* action, int* count, double day, int state, double value)
{
    action[*count] = (st_action){.day = day, .kind = ST_ACTION_ADD, .index = state, .value = value};
    *count += 1;
}

static bool has_injection(const st_arm* arm)
{
    return arm->recipe != NULL && st_recipe_has_injection(arm->recipe);
}

bool st_stay_has_harvest(const st_arm* arm)
{
    return arm->recipe != NULL && st_recipe_has_harvest(arm->recipe);
}

/// What people believe they were given.                                                  [TRI-10]
static void add_suggestion(const st_study* study, const st_arm* arm, const st_dose* dose,
                           bool knows, double day, st_action* action, int* count)
{
    const st_context_setting setting = {.is_open = knows,
                                        .has_injection = has_injection(arm) && !dose->is_failed,
                                        .has_harvest = st_stay_has_harvest(arm)};
    const int state = st_context_rules_state(study->context);
    const double amount = st_context_rules_amount(study->context, &setting);

    if (state >= 0 && amount != 0.0) {
        add_action(action, count, day, state, amount);
    }
}

/// A dose as additions to states.
static st_status add_dose(const st_crew* crew, st_worker* worker, const st_course* course,
                          const st_dose* dose, double day, st_action* action, int* count)
{
    const st_model* model = crew->study->model;

    memset(worker->add, 0, (size_t)crew->state_count * sizeof *worker->add);
    for (int i = 0; i < dose->part_count; ++i) {
        const st_dose_part* part = &dose->part[i];
        const int target = st_model_find_dose(model, part->product_class);
        if (target < 0) {
            return ST_FAIL(worker->ctx, ST_ERR_INPUT, "the model has no place for a dose of '%s'",
                           part->product_class);
        }
        st_model_dose_add(model, target, part->alive, part->latent, part->dead, course->parameter,
                          course->input, worker->add);
    }
    for (int state = 0; state < crew->state_count; ++state) {
        if (worker->add[state] != 0.0) {
            add_action(action, count, day, state, worker->add[state]);
        }
    }
    return ST_OK;
}

st_status st_stay_treat(const st_crew* crew, st_worker* worker, const st_course* course,
                        const st_arm* arm, const st_dose* dose, bool knows, double day,
                        st_action* action, int* count)
{
    add_suggestion(crew->study, arm, dose, knows, day, action, count);
    return add_dose(crew, worker, course, dose, day, action, count);
}

static bool actions_equal(const st_course* a, const st_course* b)
{
    if (a->action_count != b->action_count) {
        return false;
    }
    for (int i = 0; i < a->action_count; ++i) {
        if (a->action[i].day != b->action[i].day || a->action[i].kind != b->action[i].kind ||
            a->action[i].index != b->action[i].index || a->action[i].value != b->action[i].value) {
            return false;
        }
    }
    return true;
}

/// What is done to a person from day 0 on.
typedef struct treatment {
    const st_arm* arm;
    const st_dose* dose;
    bool knows;
    bool has_regimen; ///< the arm's plans of care are followed
    uint64_t person;
} treatment;

/// Opens the person's next course, treated where there is a treatment. Gives the slot of the
/// course, which is an earlier one when nothing differs.
static st_status plan_course(st_crew* crew, st_worker* worker, const st_stay_batch* batch, int row,
                             const treatment* treated, st_plan* plan, int* slot)
{
    const st_study* study = crew->study;
    const double end = study->visit[study->visit_count - 1].day;
    const int next = plan->first + plan->count;
    st_course* course;
    st_action* action;
    int count = 0;

    course = plan->is_traced ? st_crew_course(crew, worker, next, row, end, batch->trace->day,
                                              batch->trace->day_count)
                             : st_crew_course(crew, worker, next, row, end, batch->trace->visit_day,
                                              study->visit_count);
    action = worker->action + (size_t)next * (size_t)crew->action_capacity;
    if (treated != NULL) {
        ST_TRY(st_stay_treat(crew, worker, course, treated->arm, treated->dose, treated->knows, 0.0,
                             action, &count));
    }
    if (treated != NULL && treated->has_regimen) {
        st_regimen_add(treated->arm, crew->seed, treated->person, course, action, &count);
    }
    course->action_count = count;
    course->like = next > plan->first ? &worker->course[plan->first] : NULL; // the same run-in
    for (int earlier = plan->first; earlier < next; ++earlier) {
        if (actions_equal(&worker->course[earlier], course)) {
            *slot = earlier;
            return ST_OK;
        }
    }
    *slot = next;
    plan->count += 1;
    return ST_OK;
}

void st_stay_fail(st_stay* stay, double day, const char* message)
{
    stay->is_failed = true;
    stay->failed_day = day;
    snprintf(stay->message, sizeof stay->message, "%s", message);
}

static void draw_events(const st_crew* crew, const st_stay_events* events, uint64_t person,
                        bool is_injected, st_stay* stay)
{
    for (int i = 0; i < events->count; ++i) {
        const char* name = events->event[i].name;
        if (!is_injected && strcmp(events->event[i].per, "injection") == 0) {
            continue; // the culture failed: nothing was injected
        }
        // Keyed by the event's name: a new kind of event changes no other.
        const st_random_key key = {crew->seed, ST_STREAM_ADVERSE, person,
                                   XXH64(name, strlen(name), 0)};
        if (st_random_uniform(&key, 0) < events->probability[i]) {
            stay->event_bits |= UINT64_C(1) << i;
        }
    }
}

/// Who is in the know: open arms, donors where a harvest tells, and those who find out. [TRI-32]
static bool draw_knows(const st_crew* crew, const st_arm* arm, uint64_t person)
{
    const st_random_key key = {crew->seed, ST_STREAM_DROPOUT, person, XXH64("guess", 5, 0)};
    const st_study* study = crew->study;

    return arm->is_open || (study->harvest_tells && st_stay_has_harvest(arm)) ||
           (study->guess_share > 0.0 && st_random_uniform(&key, 0) < study->guess_share);
}

static st_status plan_stay(st_crew* crew, st_worker* worker, const st_stay_batch* batch, int row,
                           const st_entrant* entrant, st_stay* stay, int index, st_plan* plan)
{
    const st_arm* arm = &crew->study->arm[stay->arm];
    const st_donor donor = st_arm_donor(&entrant->person);
    const uint64_t id = entrant->person.id;
    st_dose dose = {.is_placed = true}; // of arms without an injection
    st_dose sham = dose;
    const st_status status = arm->recipe == NULL ? ST_OK
                                                 : st_recipe_perform(worker->ctx, arm->recipe,
                                                                     &donor, crew->seed, id, &dose);

    plan->sham[index] = plan->untreated;
    plan->active[index] = plan->untreated;
    plan->planned[index] = plan->untreated;
    if (status == ST_ERR_NUMERIC) {
        st_stay_fail(stay, 0.0, st_ctx_message(worker->ctx, 0));
        st_ctx_clear_messages(worker->ctx);
        return ST_OK;
    }
    ST_TRY(status);
    if (arm->recipe != NULL) {
        st_recipe_sham(arm->recipe, &dose, &sham);
    }
    stay->protocol_day = INFINITY;
    if (dose.is_failed) {
        stay->protocol_day = 0.0; // the treatment of the arm was never given
    }
    stay->is_placed = dose.is_placed;
    stay->step_count = dose.step_count;
    memcpy(stay->step, dose.step, sizeof stay->step);
    stay->dose_cells = dose.step_count > 0 ? dose.step[dose.step_count - 1].cells : 0.0;
    stay->left_day = INFINITY;
    stay->failure_day = INFINITY;
    stay->knows = draw_knows(crew, arm, id);
    draw_events(crew, &batch->events[stay->arm], id, !dose.is_failed, stay);
    // The sham, then the plans of care, then what is in the syringe: one more at a time.
    treatment treated = {.arm = arm, .dose = &sham, .knows = stay->knows, .person = id};
    ST_TRY(plan_course(crew, worker, batch, row, &treated, plan, &plan->sham[index]));
    treated.has_regimen = true;
    ST_TRY(plan_course(crew, worker, batch, row, &treated, plan, &plan->planned[index]));
    treated.dose = &dose;
    return plan_course(crew, worker, batch, row, &treated, plan, &plan->active[index]);
}

static st_status plan_person(st_crew* crew, st_worker* worker, const st_stay_batch* batch, int row,
                             int64_t at, st_plan* plan)
{
    const st_study* study = crew->study;
    const int stay_count = 1 + study->twin_count;
    const st_entrant* entrant = &batch->entrant[at];
    const int64_t order = batch->first + at;

    *plan = (st_plan){.first = plan->first, .row = row};
    plan->is_traced =
        entrant->slot < ST_TRACE_PEOPLE || (study->twin_count > 0 && order < ST_TRACE_PEOPLE);
    st_crew_person(crew, worker, row, &entrant->person);
    ST_TRY(plan_course(crew, worker, batch, row, NULL, plan, &plan->untreated));
    for (int i = 0; i < stay_count; ++i) {
        st_stay* stay = &batch->stay[at * stay_count + i];
        *stay = (st_stay){.arm = stay_arm(study, entrant, i),
                          .slot = i == 0 ? entrant->slot : (int)order};
        ST_TRY(plan_stay(crew, worker, batch, row, entrant, stay, i, plan));
    }
    return ST_OK;
}

// --- what follows ---------------------------------------------------------------------------

/// A course that failed, described; false when all is well.
static bool note_failure(const st_crew* crew, const st_course* course, const char* which,
                         st_stay* stay)
{
    char message[ST_STAY_MESSAGE];

    if (course->status == ST_OK) {
        return false;
    }
    snprintf(message, sizeof message, "the %s course stopped at day %.6g, state %s", which,
             course->failed_day,
             course->failed_state >= 0
                 ? st_model_state(crew->study->model, course->failed_state)->name
                 : "unknown");
    st_stay_fail(stay, course->failed_day, message);
    return true;
}

/// Follows all stays of a block visit by visit. Where something is given later, the course is
/// solved again with it, all such courses of the block together.
static st_status follow_block(st_crew* crew, st_worker* worker, const st_stay_batch* batch,
                              int64_t begin, int count, st_plan* plan, st_follow* follow)
{
    const int stay_count = 1 + crew->study->twin_count;
    const size_t scores = (size_t)crew->study->measure_count * (size_t)crew->study->visit_count;

    for (;;) {
        int again[ST_CREW_BLOCK * ST_ARM_LIMIT];
        int again_count = 0;

        for (int k = 0; k < count * stay_count; ++k) {
            const int64_t at = begin + k / stay_count;
            st_stay* stay = &batch->stay[at * stay_count + k % stay_count];
            st_score* score = batch->score + (size_t)(begin * stay_count + k) * scores;
            bool has_more = false;

            if (stay->is_failed || follow[k].is_done) {
                continue;
            }
            ST_TRY(st_follow_visits(crew, worker, &batch->entrant[at], batch->trace,
                                    &plan[k / stay_count], k % stay_count, stay, score, &follow[k],
                                    &has_more));
            if (has_more) {
                worker->again[again_count] = worker->course[follow[k].slot];
                again[again_count++] = k;
            }
        }
        if (again_count == 0) {
            return ST_OK;
        }
        ST_TRY(st_population_solve(worker->population, worker->again, again_count));
        for (int i = 0; i < again_count; ++i) {
            const int k = again[i];
            worker->course[follow[k].slot] = worker->again[i];
            note_failure(crew, &worker->again[i], "later treated",
                         &batch->stay[begin * stay_count + k]);
        }
    }
}

st_status st_stay_block(st_crew* crew, st_worker* worker, int64_t item, void* arg)
{
    const st_stay_batch* batch = arg;
    const int stay_count = 1 + crew->study->twin_count;
    const size_t scores = (size_t)crew->study->measure_count * (size_t)crew->study->visit_count;
    const int64_t begin = item * ST_CREW_BLOCK;
    const int count =
        (int)(batch->count - begin < ST_CREW_BLOCK ? batch->count - begin : ST_CREW_BLOCK);
    st_plan plan[ST_CREW_BLOCK] = {0};
    st_follow follow[ST_CREW_BLOCK * ST_ARM_LIMIT] = {0};
    int course_count = 0;

    for (int row = 0; row < count; ++row) {
        plan[row].first = course_count;
        ST_TRY(plan_person(crew, worker, batch, row, begin + row, &plan[row]));
        course_count += plan[row].count;
    }
    ST_TRY(st_population_solve(worker->population, worker->course, course_count));
    for (int k = 0; k < count * stay_count; ++k) {
        st_stay* stay = &batch->stay[begin * stay_count + k];
        const st_plan* p = &plan[k / stay_count];
        follow[k] = st_follow_begin(crew, batch->entrant[begin + k / stay_count].person.id,
                                    p->active[k % stay_count], crew->later_slot + k);
        if (!stay->is_failed &&
            !note_failure(crew, &worker->course[p->untreated], "untreated", stay) &&
            !note_failure(crew, &worker->course[p->sham[k % stay_count]], "sham", stay) &&
            !note_failure(crew, &worker->course[p->planned[k % stay_count]], "planned", stay)) {
            note_failure(crew, &worker->course[p->active[k % stay_count]], "treated", stay);
        }
    }
    ST_TRY(follow_block(crew, worker, batch, begin, count, plan, follow));
    for (int k = 0; k < count * stay_count; ++k) {
        const st_stay* stay = &batch->stay[begin * stay_count + k];
        st_score* score = batch->score + (size_t)(begin * stay_count + k) * scores;
        for (size_t i = 0; i < scores && stay->is_failed; ++i) {
            score[i] = (st_score){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
        }
        if (!stay->is_failed && plan[k / stay_count].is_traced) {
            st_trace_keep(batch->trace, stay->arm, stay->slot,
                          worker->course[follow[k].slot].sample, crew->width);
        }
        if (batch->held != NULL) {
            batch->held[begin * stay_count + k] =
                stay->is_failed ? NULL : &worker->course[follow[k].slot];
        }
    }
    return ST_OK;
}
