#include "analysis.h"
#include "assumed.h"
#include "compare.h"
#include "influence.h"
#include "keep.h"
#include "prepared.h"
#include "responders.h"
#include "shard.h"
#include "stay.h"
#include "tally.h"
#include "verdicts.h"

#include <math.h>
#include <string.h>

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
    int part, part_count;    ///< this process computes part ... of part_count; 0 of 1: everybody
    st_shard_writer* writer; ///< results go to a file instead of the sink; NULL = no
    st_shard_reader* reader; ///< results come from files; NULL = they are computed
    st_keep keep;            ///< of the batch under way
    st_arena names;          ///< of steps, in what an earlier run kept: of the people at hand
    const char* spill_dir;   ///< of st_trial_def
    st_verdicts* verdicts;   ///< of a first round of screening; NULL = none
} run;

static st_status check_def(st_ctx* ctx, const st_study* study, const st_trial_def* def)
{
    if (study == NULL || def == NULL || def->cookie != TRIAL_COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "st_study_run: start the definition from st_default_trial_def()");
    }
    if (def->worker_count < 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "workers = %d: must be 0 (one per CPU) or more",
                       def->worker_count);
    }
    return ST_OK;
}

static st_status check_arguments(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                                 const st_sink* sink)
{
    ST_TRY(check_def(ctx, study, def));
    if (sink == NULL || sink->row == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "st_study_run: a sink needs a function for rows");
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

    r->spill_dir = def->spill_dir;
    ST_TRY(st_trace_init(r->ctx, study, &r->trace));
    ST_TRY(st_crew_create(r->ctx, study, seed, def->worker_count, r->trace.day_count, &r->crew));
    ST_TRY(st_tally_create(r->ctx, study, def->spill_dir, ST_TALLY_BLOCK, &r->tally));
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
    st_keep_clear(&r->keep);
    st_arena_clear(&r->names);
    st_shard_writer_destroy(r->writer);
    st_shard_reader_destroy(r->reader);
    st_verdicts_destroy(r->verdicts);
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

/// Day of the step that an adverse event is counted per, from the injection.
static double step_day(const st_stay* stay, const char* per)
{
    static const char* const step_of[][2] = {{"harvest", "harvest"},    {"fat harvest", "harvest"},
                                             {"blood draw", "harvest"}, {"spin", "spin"},
                                             {"expand", "expand"},      {"freeze", "thaw"}};
    const double end = stay->step_count > 0 ? stay->step[stay->step_count - 1].day : 0.0;

    for (size_t k = 0; k < sizeof step_of / sizeof step_of[0]; ++k) {
        for (int i = 0; i < stay->step_count && strcmp(per, step_of[k][0]) == 0; ++i) {
            if (strcmp(stay->step[i].name, step_of[k][1]) == 0) {
                return stay->step[i].day - end;
            }
        }
    }
    return 0.0; // the injection itself
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
                                              : stay->is_replaced     ? "replaced"
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
    const st_arm* arm = &study->arm[stay->arm];
    for (int i = 0; i < arm->care_count; ++i) {
        const st_adherence_row adherence = {
            .arm = stay->arm,
            .person = person->id,
            .plan = i,
            .title = st_care_title(arm->care[i]),
            .share = st_care_adherence(arm->care[i], r->crew->seed, person->id)};
        ST_TRY(r->sink->row(r->sink->self, r->ctx, ST_ROW_ADHERENCE, &adherence));
    }
    for (int i = 0; i < stay->later_count; ++i) {
        static const char* const names[] = {"rescue", "repeat", "crossover", "replacement"};
        const st_later_row later = {.arm = stay->arm,
                                    .person = person->id,
                                    .name = names[stay->later[i].kind],
                                    .day = stay->later[i].day,
                                    .estimand = st_later_estimand_name(stay->later[i].estimand)};
        ST_TRY(r->sink->row(r->sink->self, r->ctx, ST_ROW_LATER, &later));
    }
    const st_stay_events* events = &r->events[stay->arm];
    for (int i = 0; i < events->count; ++i) {
        if ((stay->event_bits >> i) & 1u) {
            const st_person_event_row event = {.arm = stay->arm,
                                               .person = person->id,
                                               .name = events->event[i].label,
                                               .day = step_day(stay, events->event[i].per)};
            ST_TRY(r->sink->row(r->sink->self, r->ctx, ST_ROW_PERSON_EVENT, &event));
        }
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

/// The batch's results: computed, or read from the files of a run in parts.
static st_status fill_batch(run* r, st_stay_batch* batch)
{
    if (r->reader != NULL) {
        return st_ctx_should_stop(r->ctx)
                   ? ST_FAIL(r->ctx, ST_ERR_INTERRUPTED, "stopped on request")
                   : st_shard_read_batch(r->reader, batch);
    }
    return st_crew_run(r->crew, (batch->count + ST_CREW_BLOCK - 1) / ST_CREW_BLOCK, st_stay_block,
                       batch);
}

/// The batch's rows and its place in the statistics, person by person.
static st_status emit_batch(run* r, const st_stay_batch* batch)
{
    const int stays = 1 + r->study->twin_count;
    const size_t scores = (size_t)r->study->measure_count * (size_t)r->study->visit_count;

    for (int i = 0; i < batch->count * stays; ++i) {
        const st_score* score = batch->score + (size_t)i * scores;
        ST_TRY(emit_stay(r, &batch->entrant[i / stays].person, &batch->stay[i], score));
        ST_TRY(st_tally_add(r->tally, batch->first + i / stays, &batch->stay[i], score));
    }
    return ST_OK;
}

/// Hands the batch to the sink for a later run, should this one be stopped.
static st_status keep_batch(run* r, const st_stay_batch* batch)
{
    const int stays = 1 + r->study->twin_count;
    const int scores = r->study->measure_count * r->study->visit_count;

    if (r->sink->keep == NULL || r->reader != NULL) {
        return ST_OK;
    }
    r->keep.length = 0;
    for (int i = 0; i < batch->count * stays; ++i) {
        ST_TRY(st_keep_stay(&r->keep, &batch->stay[i], batch->score + (size_t)i * (size_t)scores,
                            scores, batch->trace));
    }
    return r->sink->keep(r->sink->self, r->ctx, batch->first, batch->count, r->keep.byte,
                         r->keep.length);
}

/// The people whom an earlier run of the same study has finished: their rows once more, and their
/// place in the statistics. `*first` is who comes next.
static st_status recall_people(run* r, int64_t* first)
{
    const st_study* study = r->study;
    const int stays = 1 + study->twin_count;
    const int scores = study->measure_count * study->visit_count;

    while (r->sink->recall != NULL && r->reader == NULL) {
        const void* bytes = NULL;
        const unsigned char* at;
        size_t length = 0;
        int64_t count = 0;

        ST_TRY(r->sink->recall(r->sink->self, r->ctx, *first, &count, &bytes, &length));
        if (count <= 0) {
            return ST_OK;
        }
        at = bytes;
        for (int64_t i = 0; i < count * stays; ++i) {
            const int64_t order = *first + i / stays;
            const st_entrant* entrant;
            if (order >= r->screening.entrant_count ||
                !st_keep_take(&at, (const unsigned char*)bytes + length, &r->names, study,
                              &r->stay[0], r->score, scores, &r->trace)) {
                return ST_FAIL(
                    r->ctx, ST_ERR_FILE,
                    "what an earlier run kept of person %lld cannot be read; use --force "
                    "to start over",
                    (long long)order + 1);
            }
            entrant = st_entrants_at(&r->screening.people, order, 1);
            if (entrant == NULL) {
                return ST_ERR_MEMORY;
            }
            ST_TRY(emit_stay(r, &entrant->person, &r->stay[0], r->score));
            ST_TRY(st_tally_add(r->tally, order, &r->stay[0], r->score));
        }
        st_arena_clear(&r->names);
        *first += count;
        r->course_count += count * r->crew->courses_per_person;
        if (r->sink->progress != NULL) {
            r->sink->progress(r->sink->self, *first, r->screening.entrant_count);
        }
    }
    return ST_OK;
}

/// One part of the people in order of entry: computed batch by batch, emitted one by one.
static st_status run_part(run* r, int part, int part_count)
{
    const int64_t total = r->screening.entrant_count;
    int64_t begin = st_shard_first(total, part, part_count);
    const int64_t end = st_shard_first(total, part + 1, part_count);
    // A part on its own counts its own people.
    const int64_t before = r->writer != NULL ? begin : 0;
    const int64_t of = r->writer != NULL ? end - begin : total;

    if (r->writer == NULL) {
        ST_TRY(recall_people(r, &begin));
    }
    for (int64_t first = begin; first < end; first += r->batch_capacity) {
        const int64_t left = end - first;
        const int64_t count = left < r->batch_capacity ? left : r->batch_capacity;
        st_stay_batch batch = {.entrant = st_entrants_at(&r->screening.people, first, count),
                               .first = first,
                               .count = (int)count,
                               .events = r->events,
                               .trace = &r->trace,
                               .stay = r->stay,
                               .score = r->score};

        if (batch.entrant == NULL) {
            return ST_ERR_MEMORY;
        }
        ST_TRY(fill_batch(r, &batch));
        ST_TRY(r->writer != NULL ? st_shard_write_batch(r->writer, &batch) : emit_batch(r, &batch));
        if (r->writer == NULL) {
            ST_TRY(keep_batch(r, &batch));
        }
        r->course_count += (int64_t)batch.count * r->crew->courses_per_person;
        if (r->sink->progress != NULL) {
            r->sink->progress(r->sink->self, first + batch.count - before, of);
        }
    }
    return ST_OK;
}

/// Everybody; files of parts are read one after the other.
static st_status run_people(run* r)
{
    if (r->reader == NULL) {
        return run_part(r, 0, 1);
    }
    for (int part = 0; part < r->part_count; ++part) {
        ST_TRY(run_part(r, part, r->part_count));
    }
    return st_shard_read_end(r->reader, &r->trace);
}

static st_status run_all(run* r)
{
    if (r->sink->begin != NULL) {
        ST_TRY(r->sink->begin(r->sink->self, r->ctx, r->study));
    }
    if (r->sink->progress != NULL) {
        r->sink->progress(r->sink->self, 0, r->study->people_count);
    }
    if (r->reader == NULL) {
        ST_TRY(st_screening_run(r->crew, r->verdicts, r->spill_dir, &r->screening));
    }
    ST_TRY(st_screening_emit(r->crew, &r->screening, r->sink));
    ST_TRY(run_people(r));
    ST_TRY(st_analysis_dose_steps(r->ctx, r->tally, r->sink));
    ST_TRY(st_trace_emit(r->ctx, &r->trace, r->sink));
    ST_TRY(st_analysis_outcomes(r->ctx, r->tally, r->sink));
    ST_TRY(st_responders_emit(r->ctx, r->tally, r->sink));
    ST_TRY(st_compare_contrasts(r->ctx, r->tally, r->sink));
    ST_TRY(st_compare_beside(r->ctx, r->tally, r->crew->seed, r->sink));
    if ((r->study->also & ST_ALSO_ASSUMED) != 0) { // courses over time have been given
        ST_TRY(st_assumed_emit(r->crew, &r->screening, r->events, &r->trace, r->sink));
    }
    ST_TRY(st_prepared_emit(r->crew, &r->screening, r->sink));
    ST_TRY(st_influence_emit(r->crew, &r->screening, r->sink));
    ST_TRY(st_analysis_splits(r->ctx, r->tally, r->sink));
    ST_TRY(st_analysis_events(r->ctx, r->tally, r->events, r->sink));
    ST_TRY(r->tally->spill.status); // statistics of what could not be read back are none
    return r->sink->end != NULL ? r->sink->end(r->sink->self, r->ctx) : ST_OK;
}

static st_status finish(run* r, st_status status, st_trial_summary* out)
{
    if (status == ST_OK && out != NULL) {
        *out = (st_trial_summary){.people = r->screening.entrant_count,
                                  .courses = r->course_count,
                                  .failed = r->failed_count};
    }
    tidy_up(r);
    return status;
}

st_status st_study_run(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                       const st_sink* sink, st_trial_summary* out)
{
    run r = {.ctx = ctx, .keep = {.ctx = ctx}, .names = {.ctx = ctx}, .study = study, .sink = sink};
    st_status status;

    ST_TRY(check_arguments(ctx, study, def, sink));
    status = prepare(&r, def);
    if (status == ST_OK) {
        status = run_all(&r);
    }
    return finish(&r, status, out);
}

static st_shard_id shard_id(const run* r)
{
    return (st_shard_id){
        .study = r->study, .seed = r->crew->seed, .part = r->part, .part_count = r->part_count};
}

/// Screens everybody, computes one part.
static st_status run_to_file(run* r, const char* path)
{
    const st_shard_id id = shard_id(r);

    ST_TRY(st_screening_run(r->crew, r->verdicts, r->spill_dir, &r->screening));
    ST_TRY(st_shard_write_begin(r->ctx, path, &id, &r->screening, &r->writer));
    ST_TRY(run_part(r, r->part, r->part_count));
    return st_shard_write_end(r->writer, &r->trace);
}

static st_status check_part(st_ctx* ctx, int part, int part_count)
{
    return part >= 0 && part < part_count && part_count <= ST_PART_LIMIT
               ? ST_OK
               : ST_FAIL(ctx, ST_ERR_INPUT, "part %d of %d: expected 1 of 1 to %d of %d", part + 1,
                         part_count, ST_PART_LIMIT, ST_PART_LIMIT);
}

st_status st_study_screen_part(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                               int part, int part_count, const char* path)
{
    st_crew* crew = NULL;
    st_status status;

    ST_TRY(check_def(ctx, study, def));
    ST_TRY(check_part(ctx, part, part_count));
    const st_shard_id id = {.study = study,
                            .seed = def->has_seed ? def->seed : study->seed,
                            .part = part,
                            .part_count = part_count};
    ST_TRY(st_crew_create(ctx, study, id.seed, def->worker_count, ST_SCREENING_LIMIT + 1, &crew));
    status = st_verdicts_make(crew, &id, path);
    st_crew_destroy(crew);
    return status;
}

st_status st_study_run_part(st_ctx* ctx, const st_study* study, const st_trial_def* def, int part,
                            int part_count, const char* path, const st_sink* sink,
                            st_trial_summary* out)
{
    run r = {.ctx = ctx,
             .keep = {.ctx = ctx},
             .names = {.ctx = ctx},
             .study = study,
             .sink = sink,
             .part = part,
             .part_count = part_count};
    st_status status;

    ST_TRY(check_arguments(ctx, study, def, sink));
    ST_TRY(check_part(ctx, part, part_count));
    status = prepare(&r, def);
    if (status == ST_OK && def->verdict_path != NULL) {
        const st_shard_id id = shard_id(&r);
        status = st_verdicts_open(ctx, def->verdict_path, &id, &r.verdicts);
    }
    if (status == ST_OK) {
        status = run_to_file(&r, path);
    }
    status = finish(&r, status, out);
    if (status == ST_OK && out != NULL) {
        out->people = st_shard_first(out->people, part + 1, part_count) -
                      st_shard_first(out->people, part, part_count);
    }
    return status;
}

st_status st_study_merge(st_ctx* ctx, const st_study* study, const st_trial_def* def,
                         const char* const* path, int count, const st_sink* sink,
                         st_trial_summary* out)
{
    run r = {.ctx = ctx,
             .keep = {.ctx = ctx},
             .names = {.ctx = ctx},
             .study = study,
             .sink = sink,
             .part_count = count};
    st_status status;

    ST_TRY(check_arguments(ctx, study, def, sink));
    if (count < 1 || count > ST_PART_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "found %d parts, expected 1 to %d", count, ST_PART_LIMIT);
    }
    status = prepare(&r, def);
    if (status == ST_OK) {
        const st_shard_id id = shard_id(&r);
        status = st_shard_read_begin(ctx, path, count, &id, r.spill_dir, &r.screening, &r.reader);
    }
    if (status == ST_OK) {
        status = run_all(&r);
    }
    return finish(&r, status, out);
}
