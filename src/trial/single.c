// One person of an arm once more: who they are, what they are given on day 0 and at visits, and the
// whole course of the model's states, for a closer look.

#include "later.h"
#include "regimen.h"
#include "stay.h"

#include <math.h>
#include <string.h>

/// A person alone, as a batch of the trial.
typedef struct single {
    const st_study* study;
    st_crew* crew;
    st_entrant entrant;
    st_stay_events* events; ///< [arm_count]
    st_stay* stay;          ///< [1 + twin_count]
    st_score* score;
    const st_course** held; ///< [1 + twin_count]
    double* visit_day;
    int index; ///< the stay that is looked at
} single;

/// Position of an arm among a person's stays: the own arm, then the twin arms.
static int stay_of(const st_study* study, int arm)
{
    int index = 0;
    for (int a = 0; a <= arm; a++) {
        index += study->arm[a].info.is_twin;
    }
    return study->arm[arm].info.is_twin ? index : 0;
}

/// A person of a twin arm is somebody else's own: any arm that is not a twin will do.
static int own_arm(const st_study* study, int arm)
{
    for (int a = 0; study->arm[arm].info.is_twin && a < study->arm_count; a++) {
        if (!study->arm[a].info.is_twin) {
            return a;
        }
    }
    return arm;
}

static st_status make_room(st_ctx* ctx, single* s, uint64_t seed, int day_count)
{
    const st_study* study = s->study;
    const size_t stays = 1 + (size_t)study->twin_count;
    const size_t visits = (size_t)study->visit_count;
    s->events = st_alloc(ctx, (size_t)study->arm_count, sizeof *s->events);
    s->stay = st_alloc(ctx, stays, sizeof *s->stay);
    s->score = st_alloc(ctx, stays * (size_t)study->measure_count * visits, sizeof *s->score);
    s->held = st_alloc(ctx, stays, sizeof *s->held);
    s->visit_day = st_alloc(ctx, visits, sizeof *s->visit_day);
    if (!s->events || !s->stay || !s->score || !s->held || !s->visit_day) {
        return ST_ERR_MEMORY;
    }
    for (int v = 0; v < study->visit_count; v++) {
        s->visit_day[v] = study->visit[v].day;
    }
    ST_TRY(st_stay_list_events(ctx, study, s->events));
    const int samples = day_count > study->visit_count ? day_count : study->visit_count;
    return st_crew_create(ctx, study, seed, 1, samples, &s->crew);
}

static void clear(st_ctx* ctx, single* s)
{
    st_crew_destroy(s->crew);
    st_free(ctx, s->events);
    st_free(ctx, s->stay);
    st_free(ctx, s->score);
    st_free(ctx, s->held);
    st_free(ctx, s->visit_day);
}

/// What was decided about this person, visit by visit, by the trial itself.
static st_status follow(single* s)
{
    st_trace trace = {.study = s->study, .visit_day = s->visit_day};
    st_stay_batch batch = {.entrant = &s->entrant,
                           .first = ST_TRACE_PEOPLE, // beyond those whose courses are kept
                           .count = 1,
                           .events = s->events,
                           .trace = &trace,
                           .stay = s->stay,
                           .score = s->score,
                           .held = s->held};
    return st_crew_run(s->crew, 1, st_stay_block, &batch);
}

static void note_events(const single* s, st_single* out)
{
    static const char* const names[] = {"rescue", "repeat", "crossover", "replacement"};
    const st_stay* stay = &s->stay[s->index];
    out->left_day = stay->left_day;
    out->event_count = 0;
    _Static_assert(ST_STAY_LATER_LIMIT <= ST_SINGLE_EVENT_LIMIT, "all that comes later fits");
    for (int i = 0; i < stay->later_count; i++) {
        out->event[out->event_count++] =
            (st_single_event){.name = names[stay->later[i].kind], .day = stay->later[i].day};
    }
}

/// Adds a day that lies within those asked for and is new; days come in order.
static bool note_day(double day, const double* asked, int asked_count, st_single* out)
{
    const bool is_known = out->change_count > 0 && out->change_day[out->change_count - 1] == day;
    if (is_known || !(day >= asked[0] && day <= asked[asked_count - 1])) {
        return true;
    }
    if (out->change_count == out->change_limit) {
        return false;
    }
    out->change_day[out->change_count++] = day;
    return true;
}

/// Days of the model's plan and of the course's own settings, merged.
static st_status note_changes(st_ctx* ctx, const single* s, const st_course* course,
                              const double* day, int day_count, st_single* out)
{
    const st_model* model = st_study_model(s->study);
    const int plans = st_model_plan_count(model);
    int plan = 0;
    int action = 0;
    bool has_room = true;
    out->change_count = 0;
    while (out->change_day != NULL && has_room && (plan < plans || action < course->action_count)) {
        const double planned = plan < plans ? st_model_plan(model, plan)->day : (double)INFINITY;
        const st_action* a = action < course->action_count ? &course->action[action] : NULL;
        if (a == NULL || planned <= a->day) {
            has_room = note_day(planned, day, day_count, out);
            plan++;
        } else {
            has_room = a->kind != ST_ACTION_INPUT || note_day(a->day, day, day_count, out);
            action++;
        }
    }
    return has_room ? ST_OK
                    : ST_FAIL(ctx, ST_ERR_INPUT,
                              "person %llu: inputs change on more than %d days, up to day %g",
                              (unsigned long long)s->entrant.person.id, out->change_limit,
                              day[day_count - 1]);
}

/// The course that held, once more with samples on the days that are asked for.
static st_status solve(st_ctx* ctx, single* s, const double* day, int day_count, st_single* out)
{
    st_crew* crew = s->crew;
    st_worker* worker = &crew->worker[0];
    const st_course* held = s->held[s->index];
    if (held == NULL) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "person %llu cannot be computed: %s",
                       (unsigned long long)s->entrant.person.id, s->stay[s->index].message);
    }
    st_course course = *held;
    course.end_day = fmax(held->end_day, day[day_count - 1]);
    course.sample_day = day;
    course.sample_count = day_count;
    course.input_sample = out->input_at;
    course.like = NULL;
    ST_TRY(note_changes(ctx, s, &course, day, day_count, out));
    const st_status status = st_population_solve(worker->population, &course, 1);
    if (status != ST_OK) {
        st_ctx_take_messages(ctx, worker->ctx);
        return status;
    }
    if (course.status != ST_OK) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "person %llu cannot be computed: it fails on day %g",
                       (unsigned long long)s->entrant.person.id, course.failed_day);
    }
    const size_t states = (size_t)crew->state_count;
    const size_t definitions = (size_t)crew->definition_count;
    for (size_t i = 0; i < (size_t)day_count; i++) {
        const double* sample = course.sample + i * (size_t)crew->width;
        memcpy(out->state + i * states, sample, states * sizeof(double));
        if (out->definition != NULL) {
            memcpy(out->definition + i * definitions, sample + states,
                   definitions * sizeof(double));
        }
    }
    memcpy(out->parameter, course.parameter, (size_t)crew->parameter_count * sizeof(double));
    memcpy(out->input, course.input, (size_t)crew->input_count * sizeof(double));
    return ST_OK;
}

st_status st_single_solve(st_ctx* ctx, const st_study* study, uint64_t seed, int arm, int64_t id,
                          const double* day, int day_count, st_single* out)
{
    if (arm < 0 || arm >= study->arm_count || id < 0 || day_count < 1) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "arm %d of %d, person %lld, %d days: there is no such one", arm,
                       study->arm_count, (long long)id, day_count);
    }
    single s = {.study = study,
                .index = stay_of(study, arm),
                .entrant = {.arm = own_arm(study, arm), .slot = ST_TRACE_PEOPLE}};
    st_people_draw(study->people, seed, (uint64_t)id, &s.entrant.person);
    st_status status = make_room(ctx, &s, seed, day_count);
    if (status == ST_OK) {
        status = follow(&s);
    }
    if (status == ST_OK) {
        note_events(&s, out);
        status = solve(ctx, &s, day, day_count, out);
    }
    clear(ctx, &s);
    return status;
}
