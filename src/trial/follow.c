#include "follow.h"

#include "regimen.h"
#include "visits.h"

#include "base/random.h"

#include <xxhash.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/// Screening and all visits.
#define READING_LIMIT (ST_VISITS_LIMIT + ST_SCREENING_LIMIT)
#define MEASURE_LIMIT 32

/// What is decided at a visit is done right after it.
#define RIGHT_AFTER_DAY (1.0 / (24.0 * 60.0))

static double draw_of(const st_crew* crew, uint64_t person, const char* purpose)
{
    const st_random_key key = {crew->seed, ST_STREAM_DROPOUT, person,
                               purpose[0] == '\0' ? 0 : XXH64(purpose, strlen(purpose), 0)};

    return st_random_exponential(&key, 0);
}

st_follow st_follow_begin(const st_crew* crew, uint64_t person, int active_slot, int later_slot)
{
    const st_follow follow = {.slot = active_slot,
                              .later_slot = later_slot,
                              .drop_out_left = draw_of(crew, person, ""),
                              .replacement_left = draw_of(crew, person, "replacement")};

    return follow;
}

/// Values of all scales from visit `next` on, and what every instrument would print at every visit.
static void read_scales(const st_crew* crew, const st_worker* worker, const st_trace* trace,
                        const st_plan* plan, int index, uint64_t person, const st_follow* follow,
                        st_score* score, double printed[][ST_VISITS_LIMIT])
{
    const st_study* study = crew->study;
    const int skipped = study->screening_count;
    st_reading reading[READING_LIMIT];

    for (int m = 0; m < study->measure_count; ++m) {
        const int instrument = study->measure[m];
        st_score* scale = score + (size_t)m * (size_t)study->visit_count;

        for (int v = follow->next; v < study->visit_count; ++v) {
            const size_t at =
                (size_t)(plan->is_traced ? trace->visit_sample[v] : v) * (size_t)crew->width;
            const int slot[] = {plan->untreated, plan->sham[index], plan->active[index],
                                follow->slot, plan->planned[index]};
            double value[5];
            // The baseline is read before anything is done.
            for (int k = 0; k < 5; ++k) {
                value[k] = st_instrument_value(study->instruments, instrument,
                                               worker->course[slot[v == 0 ? 0 : k]].sample + at);
            }
            scale[v].untreated = value[0];
            scale[v].sham = value[1];
            scale[v].first = value[2];
            scale[v].value = value[3];
            scale[v].planned = value[4];
        }
        // The slow fluctuation goes on from the screening visits, where it helped to decide entry.
        for (int k = 0; k < skipped; ++k) {
            reading[k] = (st_reading){
                .visit = k - skipped, .day = study->screening_day[k], .value = scale[0].untreated};
        }
        for (int v = 0; v < study->visit_count; ++v) {
            reading[skipped + v] =
                (st_reading){.visit = v, .day = study->visit[v].day, .value = scale[v].value};
        }
        st_instrument_read(study->instruments, instrument, crew->seed, person, reading,
                           skipped + study->visit_count);
        for (int v = 0; v < study->visit_count; ++v) {
            printed[m][v] = reading[skipped + v].measured;
        }
    }
}

static void note_event(st_stay* stay, st_later_kind kind, double day, st_estimand estimand)
{
    ST_ASSERT(stay->later_count < ST_STAY_LATER_LIMIT);
    stay->later[stay->later_count++] =
        (st_later_event){.kind = kind, .day = day, .estimand = estimand};
}

/// Day on which a hazard strikes between two days, INFINITY when it does not; uses up `left`.
static double strike(double per_day, double from, double to, double* left)
{
    const double spent = per_day * (to - from);

    if (per_day > 0.0 && *left <= spent) {
        return from + *left / per_day;
    }
    *left -= spent;
    return INFINITY;
}

/// Leaving and replacement between visits v - 1 and v.                    [TRI-12, TRI-31, TRI-33]
static void pass_time(const st_study* study, const st_entrant* entrant, int v, st_stay* stay,
                      double (*printed)[ST_VISITS_LIMIT], st_follow* follow)
{
    const double from = study->visit[v - 1].day;
    const double to = study->visit[v].day;
    const st_drop_out* drop_out = &study->drop_out;
    const st_replacement* replacement = &study->replacement;
    double replaced = INFINITY;

    if (stay->is_replaced || stay->left_day <= from) {
        return;
    }
    if (drop_out->measure >= 0) {
        const double seen = printed[drop_out->measure][drop_out->sees_missed ? v : v - 1];
        stay->left_day =
            strike(st_later_drop_out_per_day(drop_out, seen), from, to, &follow->drop_out_left);
    }
    if (replacement->is_set) {
        const double per_day =
            st_later_replacement_per_day(replacement, entrant->person.value[ST_PERSON_KL],
                                         printed[replacement->pain_measure][v - 1]);
        replaced = strike(per_day, from, to, &follow->replacement_left);
    }
    if (replaced < stay->left_day && replaced <= to) {
        stay->is_replaced = true;
        stay->left_day = INFINITY; // nobody leaves a trial after its end point
        note_event(stay, ST_LATER_REPLACEMENT, replaced, replacement->estimand);
    }
}

/// The course that holds, as a list of actions that may grow.
static st_course* open_course(st_crew* crew, st_worker* worker, const st_plan* plan,
                              st_follow* follow)
{
    const st_course* now = &worker->course[follow->slot];
    st_action* action;
    st_course* course;

    if (follow->slot == follow->later_slot) {
        return &worker->course[follow->slot];
    }
    action = worker->action + (size_t)follow->later_slot * (size_t)crew->action_capacity;
    memcpy(action, now->action, (size_t)now->action_count * sizeof *action);
    course = st_crew_course(crew, worker, follow->later_slot, plan->row, now->end_day,
                            now->sample_day, now->sample_count);
    course->action_count = now->action_count;
    follow->slot = follow->later_slot;
    return course;
}

/// Treats once more: the same arm's recipe with luck of its own, or another arm's.      [TRI-35]
static st_status treat_again(st_crew* crew, st_worker* worker, const st_entrant* entrant,
                             const st_arm* arm, uint64_t turn, double day, st_stay* stay,
                             st_course* course)
{
    const st_donor donor = st_arm_donor(&entrant->person);
    st_action* action =
        worker->action + (size_t)(course - worker->course) * (size_t)crew->action_capacity;
    st_dose dose;
    const st_status status =
        st_recipe_perform(worker->ctx, arm->recipe, &donor, XXH64(&turn, sizeof turn, crew->seed),
                          entrant->person.id, &dose);

    if (status == ST_ERR_NUMERIC) {
        st_stay_fail(stay, day, st_ctx_message(worker->ctx, 0));
        st_ctx_clear_messages(worker->ctx);
        return ST_OK;
    }
    ST_TRY(status);
    return st_stay_treat(crew, worker, course, arm, &dose, stay->knows, day, action,
                         &course->action_count);
}

/// What a visit sets off; true when something is given.
static st_status decide(st_crew* crew, st_worker* worker, const st_entrant* entrant,
                        const st_plan* plan, int v, st_stay* stay,
                        double (*printed)[ST_VISITS_LIMIT], st_follow* follow, bool* is_given)
{
    const st_study* study = crew->study;
    const st_rescue* rescue = &study->rescue;
    const st_repeat* repeat = &study->arm[stay->arm].repeat;
    const st_crossover* crossover = &study->arm[stay->arm].crossover;
    const double day = study->visit[v].day;
    const double after = day + RIGHT_AFTER_DAY;

    if (crossover->is_set && !follow->is_crossed && day >= crossover->from_day &&
        (!crossover->when.is_set ||
         st_later_within(&crossover->when, printed[crossover->when.measure][v]))) {
        follow->is_crossed = true;
        follow->treated_day = day;
        note_event(stay, ST_LATER_CROSSOVER, after, crossover->estimand);
        ST_TRY(treat_again(crew, worker, entrant, &study->arm[crossover->to], 1000, after, stay,
                           open_course(crew, worker, plan, follow)));
        *is_given = true;
    }
    if (repeat->is_set && !follow->is_crossed && follow->repeat_count < repeat->at_most && v > 0 &&
        day >= follow->treated_day + repeat->after_day &&
        st_later_within(&repeat->when, printed[repeat->when.measure][v])) {
        follow->repeat_count += 1;
        follow->treated_day = day;
        note_event(stay, ST_LATER_REPEAT, after, repeat->estimand);
        ST_TRY(treat_again(crew, worker, entrant, &study->arm[stay->arm],
                           (uint64_t)follow->repeat_count, after, stay,
                           open_course(crew, worker, plan, follow)));
        *is_given = true;
    }
    if (rescue->is_set && !follow->is_rescued && v > 0 && day >= rescue->after_day &&
        st_later_within(&rescue->when, printed[rescue->when.measure][v])) {
        st_course* course = open_course(crew, worker, plan, follow);
        st_action* action = worker->action + (size_t)follow->slot * (size_t)crew->action_capacity;
        follow->is_rescued = true;
        note_event(stay, ST_LATER_RESCUE, after, rescue->estimand);
        for (int i = 0; i < rescue->change_count; ++i) {
            action[course->action_count] = rescue->change[i];
            action[course->action_count++].day = after;
        }
        *is_given = true;
    }
    if (*is_given) { // a plan of care goes on behind what was added
        st_regimen_sort(worker->action + (size_t)follow->slot * (size_t)crew->action_capacity,
                        worker->course[follow->slot].action_count);
    }
    return ST_OK;
}

/// What the estimands make of the readings.                                             [TRI-34]
static void analyse(const st_study* study, st_stay* stay, st_score* score)
{
    double cut = INFINITY;

    for (int i = 0; i < stay->later_count; ++i) {
        const st_later_event* event = &stay->later[i];
        if (event->estimand == ST_ESTIMAND_HYPOTHETICAL) {
            cut = fmin(cut, event->day);
        } else if (event->estimand == ST_ESTIMAND_COMPOSITE) {
            stay->failure_day = fmin(stay->failure_day, event->day);
        }
        if (event->kind != ST_LATER_REPEAT) {
            stay->protocol_day = fmin(stay->protocol_day, event->day);
        }
    }
    for (int m = 0; m < study->measure_count; ++m) {
        st_score* scale = score + (size_t)m * (size_t)study->visit_count;
        for (int v = 0; v < study->visit_count; ++v) {
            const double day = study->visit[v].day;
            scale[v].analysed = day >= stay->failure_day ? scale[0].measured
                                : day >= cut             ? NAN
                                                         : scale[v].measured;
        }
    }
}

st_status st_follow_visits(st_crew* crew, st_worker* worker, const st_entrant* entrant,
                           const st_trace* trace, const st_plan* plan, int index, st_stay* stay,
                           st_score* score, st_follow* follow, bool* has_more)
{
    const st_study* study = crew->study;
    const int visits = study->visit_count;
    double printed[MEASURE_LIMIT][ST_VISITS_LIMIT];

    *has_more = false;
    read_scales(crew, worker, trace, plan, index, entrant->person.id, follow, score, printed);
    if (follow->next == 0 && study->drop_out.measure < 0 && study->drop_out.per_day > 0.0) {
        // Constant hazard: T = E / rate                                                  [TRI-12]
        const double day = follow->drop_out_left / study->drop_out.per_day;
        stay->left_day = day > study->visit[visits - 1].day ? INFINITY : day;
    }
    for (int v = follow->next; v < visits && !*has_more; ++v) {
        bool is_present = true;

        if (v > 0) {
            pass_time(study, entrant, v, stay, printed, follow);
            is_present = !stay->is_replaced && study->visit[v].day < stay->left_day;
        }
        for (int m = 0; m < study->measure_count; ++m) {
            score[(size_t)m * (size_t)visits + (size_t)v].measured =
                is_present ? printed[m][v] : NAN;
        }
        follow->next = v + 1;
        if (is_present && v + 1 < visits) {
            ST_TRY(decide(crew, worker, entrant, plan, v, stay, printed, follow, has_more));
        }
    }
    if (!*has_more) {
        follow->is_done = true;
        analyse(study, stay, score);
    }
    return ST_OK;
}
