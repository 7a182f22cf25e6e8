#include "analysis.h"
#include "stay.h"
#include "tally.h"

#include <math.h>

#define TRIAL_COOKIE 0x7472696cu

/// Blocks between two emissions, per worker: enough to keep all busy, few enough to stop soon.
#define BLOCKS_PER_WORKER 3

st_trial_def st_default_trial_def(void)
{
    return (st_trial_def){.cookie = TRIAL_COOKIE};
}

/// All that a run holds.
typedef struct run {
    st_ctx* ctx;
    const st_study* study;
    const st_sink* sink;
    st_crew* crew;
    st_screening screening;
    st_trace trace;
    st_tally* tally;
    st_stay_events* events;
    st_stay* stay;
    st_score* score;
    int batch_capacity; ///< people
    int64_t course_count, failed_count;
} run;

static st_status check_arguments(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                                 const st_sink* sink)
{
    if (study == NULL || def == NULL || def->cookie != TRIAL_COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "st_study_run: start the definition from st_default_trial_def()");
    }
    if (sink == NULL || sink->begin == NULL || sink->row == NULL || sink->end == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "st_study_run: a sink needs begin, row and end");
    }
    if (def->worker_count < 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "workers = %d: must be 0 (one per CPU) or more",
                       def->worker_count);
    }
    return ST_OK;
}

static st_status prepare(run* r, const st_trial_def* def)
{
    const st_study* study = r->study;
    const uint64_t seed = def->has_seed ? def->seed : study->seed;
    const size_t stays = 1 + (size_t)study->twin_count;
    const size_t scores = (size_t)study->measure_count * (size_t)study->visit_count;
    size_t people;

    ST_TRY(st_trace_init(r->ctx, study, &r->trace));
    ST_TRY(st_crew_create(r->ctx, study, seed, def->worker_count, r->trace.day_count, &r->crew));
    ST_TRY(st_tally_create(r->ctx, study, &r->tally));
    r->batch_capacity = ST_CREW_BLOCK * BLOCKS_PER_WORKER * r->crew->worker_count;
    people = (size_t)r->batch_capacity;
    r->events = st_alloc(r->ctx, (size_t)study->arm_count, sizeof *r->events);
    r->stay = st_alloc(r->ctx, people * stays, sizeof *r->stay);
    r->score = st_alloc(r->ctx, people * stays * scores, sizeof *r->score);
    if (r->events == NULL || r->stay == NULL || r->score == NULL) {
        return ST_ERR_MEMORY;
    }
    return st_stay_list_events(r->ctx, study, r->events);
}

static void tidy_up(run* r)
{
    st_free(r->ctx, r->score);
    st_free(r->ctx, r->stay);
    st_free(r->ctx, r->events);
    st_tally_destroy(r->ctx, r->tally);
    if (r->crew != NULL) {
        st_screening_clear(r->crew, &r->screening);
    }
    st_crew_destroy(r->crew);
    st_trace_clear(r->ctx, &r->trace);
}

/// One person's rows in one arm.
static st_status emit_stay(run* r, const st_person* person, const st_stay* stay,
                           const st_score* score)
{
    const st_study* study = r->study;
    const st_person_row row = {.arm = stay->arm,
                               .person = person,
                               .left_day = stay->is_failed ? stay->failed_day : stay->left_day,
                               .left_reason = stay->is_failed         ? "failed"
                                              : isinf(stay->left_day) ? ""
                                                                      : "lost",
                               .dose_cells = stay->dose_cells,
                               .is_placed = stay->is_placed};

    ST_TRY(r->sink->row(r->sink->self, r->ctx, ST_ROW_PERSON, &row));
    if (stay->is_failed) {
        const st_failure_row failure = {.arm = stay->arm,
                                        .person = person->id,
                                        .day = stay->failed_day,
                                        .message = stay->message};
        r->failed_count += 1;
        return r->sink->row(r->sink->self, r->ctx, ST_ROW_FAILURE, &failure);
    }
    for (int v = 0; v < study->visit_count; ++v) {
        for (int m = 0; m < study->measure_count; ++m) {
            const st_score* s = &score[(size_t)m * (size_t)study->visit_count + (size_t)v];
            const st_reading_row reading = {.arm = stay->arm,
                                            .person = person->id,
                                            .visit = v,
                                            .measure = m,
                                            .measured = s->measured,
                                            .value = s->value,
                                            .sham = s->sham,
                                            .untreated = s->untreated};
            ST_TRY(r->sink->row(r->sink->self, r->ctx, ST_ROW_READING, &reading));
        }
    }
    return ST_OK;
}

/// Everybody in order of entry: computed batch by batch, emitted one by one.
static st_status run_people(run* r)
{
    const st_study* study = r->study;
    const int stays = 1 + study->twin_count;
    const size_t scores = (size_t)study->measure_count * (size_t)study->visit_count;
    const int64_t total = r->screening.entrant_count;

    for (int64_t first = 0; first < total; first += r->batch_capacity) {
        const int64_t left = total - first;
        st_stay_batch batch = {.entrant = r->screening.entrant + first,
                               .first = first,
                               .count = (int)(left < r->batch_capacity ? left : r->batch_capacity),
                               .events = r->events,
                               .trace = &r->trace,
                               .stay = r->stay,
                               .score = r->score};

        ST_TRY(st_crew_run(r->crew, (batch.count + ST_CREW_BLOCK - 1) / ST_CREW_BLOCK,
                           st_stay_block, &batch));
        for (int i = 0; i < batch.count * stays; ++i) {
            const st_score* score = r->score + (size_t)i * scores;
            ST_TRY(emit_stay(r, &batch.entrant[i / stays].person, &r->stay[i], score));
            st_tally_add(r->tally, first + i / stays, &r->stay[i], score);
        }
        r->course_count += (int64_t)batch.count * (1 + 2 * stays);
        if (r->sink->progress != NULL) {
            r->sink->progress(r->sink->self, first + batch.count, total);
        }
    }
    return ST_OK;
}

static st_status run_all(run* r, const st_trial_def* def)
{
    ST_TRY(prepare(r, def));
    ST_TRY(r->sink->begin(r->sink->self, r->ctx, r->study));
    if (r->sink->progress != NULL) {
        r->sink->progress(r->sink->self, 0, r->study->people_count);
    }
    ST_TRY(st_screening_run(r->crew, &r->screening));
    ST_TRY(st_screening_emit(r->crew, &r->screening, r->sink));
    ST_TRY(run_people(r));
    ST_TRY(st_analysis_dose_steps(r->ctx, r->tally, r->sink));
    ST_TRY(st_trace_emit(r->ctx, &r->trace, r->sink));
    ST_TRY(st_analysis_outcomes(r->ctx, r->tally, r->sink));
    ST_TRY(st_analysis_contrasts(r->ctx, r->tally, r->sink));
    ST_TRY(st_analysis_splits(r->ctx, r->tally, r->sink));
    ST_TRY(st_analysis_events(r->ctx, r->tally, r->events, r->sink));
    return r->sink->end(r->sink->self, r->ctx);
}

static double assumed_share(const st_model* model)
{
    const int count = st_model_parameter_count(model);
    int assumed = 0;

    for (int i = 0; i < count; ++i) {
        assumed += st_model_parameter(model, i)->assumed != NULL;
    }
    return count > 0 ? (double)assumed / count : 0.0;
}

st_status st_study_run(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                       const st_sink* sink, st_trial_summary* out)
{
    run r = {.ctx = ctx, .study = study, .sink = sink};
    st_status status;

    ST_TRY(check_arguments(ctx, study, def, sink));
    status = run_all(&r, def);
    if (status == ST_OK && out != NULL) {
        *out = (st_trial_summary){.people = r.screening.entrant_count,
                                  .courses = r.course_count,
                                  .failed = r.failed_count,
                                  .assumed_share = assumed_share(study->model)};
    }
    tidy_up(&r);
    return status;
}
