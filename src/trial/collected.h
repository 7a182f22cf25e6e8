/// \file
/// For tests only: a study that is run, with its rows in the order in which they came. Include it
/// after <cmocka.h>.
#ifndef ST_TRIAL_COLLECTED_H
#define ST_TRIAL_COLLECTED_H

#include "trial/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct collected {
    st_ctx* ctx;
    st_study* study;
    st_trial_summary summary;
    st_person_row* person;
    st_person* who; ///< of each person row, which only borrows it
    st_reading_row* reading;
    st_outcome_row* outcome;
    st_contrast_row* contrast;
    st_split_row* split;
    st_course_row* course;
    st_screening_row* screening;
    st_event_row* event;
    st_adherence_row* adherence;
    st_later_row* later;
    st_analysis_row* analysis;
    st_survival_row* survival;
    st_failure_row* failure;
    char (*failure_text)[64]; ///< of each failure row, which only borrows it
    int person_count, reading_count, outcome_count, contrast_count, split_count, course_count;
    int screening_count, event_count, adherence_count, later_count, analysis_count, survival_count,
        failure_count;
    int64_t progress_done, progress_total;
    int rows_left; ///< > 0: that many rows until the sink fails
} collected;

/// The list with room for one more behind `count`.
static inline void* collected_room(void* list, int count, size_t size)
{
    if ((count & (count - 1)) == 0) { // full at every power of two
        list = realloc(list, (count == 0 ? 1 : 2 * (size_t)count) * size);
        assert_non_null(list);
    }
    return list;
}

#define COLLECTED_TAKE(list)                                                                       \
    do {                                                                                           \
        c->list = collected_room(c->list, c->list##_count, sizeof *c->list);                       \
        memcpy(&c->list[c->list##_count], row, sizeof *c->list);                                   \
        ++c->list##_count;                                                                         \
    } while (0)

static inline void collected_take_person(collected* c, const st_person_row* row)
{
    c->who = collected_room(c->who, c->person_count, sizeof *c->who);
    c->who[c->person_count] = *row->person;
    COLLECTED_TAKE(person);
}

static inline void collected_take_failure(collected* c, const st_failure_row* row)
{
    c->failure_text = collected_room(c->failure_text, c->failure_count, sizeof *c->failure_text);
    snprintf(c->failure_text[c->failure_count], sizeof *c->failure_text, "%s", row->message);
    COLLECTED_TAKE(failure);
}

static inline st_status collected_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    collected* c = self;

    if (c->rows_left > 0 && --c->rows_left == 0) {
        return st_ctx_fail(ctx, ST_ERR_FILE, "disk full");
    }
    switch (kind) {
    case ST_ROW_PERSON:
        collected_take_person(c, row);
        break;
    case ST_ROW_READING:
        COLLECTED_TAKE(reading);
        break;
    case ST_ROW_OUTCOME:
        COLLECTED_TAKE(outcome);
        break;
    case ST_ROW_CONTRAST:
        COLLECTED_TAKE(contrast);
        break;
    case ST_ROW_SPLIT:
        COLLECTED_TAKE(split);
        break;
    case ST_ROW_COURSE:
        COLLECTED_TAKE(course);
        break;
    case ST_ROW_SCREENING:
        COLLECTED_TAKE(screening);
        break;
    case ST_ROW_EVENT:
        COLLECTED_TAKE(event);
        break;
    case ST_ROW_ADHERENCE:
        COLLECTED_TAKE(adherence);
        break;
    case ST_ROW_LATER:
        COLLECTED_TAKE(later);
        break;
    case ST_ROW_ANALYSIS:
        COLLECTED_TAKE(analysis);
        break;
    case ST_ROW_SURVIVAL:
        COLLECTED_TAKE(survival);
        break;
    case ST_ROW_FAILURE:
        collected_take_failure(c, row);
        break;
    case ST_ROW_DOSE_STEP:
    case ST_ROW_PERSON_EVENT:
    case ST_ROW_INFLUENCE:
    case ST_ROW_PREPARED:
    case ST_ROW_TUBE:
    case ST_ROW_RESPONDER:
        break;
    }
    return ST_OK;
}

#undef COLLECTED_TAKE

static inline void collected_progress(void* self, int64_t done, int64_t total)
{
    collected* c = self;

    assert_true(done >= c->progress_done && done <= total);
    c->progress_done = done;
    c->progress_total = total;
}

/// Runs c->study on two workers.
static inline st_status collected_run(collected* c)
{
    const st_sink sink = {.self = c, .row = collected_row, .progress = collected_progress};
    st_trial_def def = st_default_trial_def();

    def.worker_count = 2;
    return st_study_run(c->ctx, c->study, &def, &sink, &c->summary);
}

/// Gives back the rows; context and study stay.
static inline void collected_forget(collected* c)
{
    const collected kept = {.ctx = c->ctx, .study = c->study};

    free(c->person);
    free(c->who);
    free(c->reading);
    free(c->outcome);
    free(c->contrast);
    free(c->split);
    free(c->course);
    free(c->screening);
    free(c->event);
    free(c->adherence);
    free(c->later);
    free(c->analysis);
    free(c->survival);
    free(c->failure);
    free(c->failure_text);
    *c = kept;
}

/// The study of a file, run to its end. Its models are those that ship.
static inline collected* collected_create(const char* path)
{
    collected* c = calloc(1, sizeof *c);

    assert_non_null(c);
    c->ctx = st_ctx_create();
    assert_non_null(c->ctx);
    if (st_study_load(c->ctx, path, ST_SOURCE_DIR "/models", &c->study) != ST_OK ||
        collected_run(c) != ST_OK) {
        fail_msg("%s", st_ctx_message(c->ctx, 0));
    }
    return c;
}

/// Ends with nothing left in the context.
static inline void collected_destroy(collected* c)
{
    collected_forget(c);
    st_study_destroy(c->study);
    assert_int_equal(st_ctx_bytes_in_use(c->ctx), 0);
    st_ctx_destroy(c->ctx);
    free(c);
}

static inline int collected_arm(const collected* c, const char* name)
{
    return st_study_find_arm(c->study, name);
}

/// NULL when the person is not in the arm.
static inline const st_reading_row* collected_reading(const collected* c, int arm, uint64_t person,
                                                      int measure, int visit)
{
    for (int i = 0; i < c->reading_count; ++i) {
        const st_reading_row* r = &c->reading[i];
        if (r->arm == arm && r->person == person && r->measure == measure && r->visit == visit) {
            return r;
        }
    }
    return NULL;
}

/// Mean of a part of the change in an arm.
static inline double collected_part(const collected* c, const char* arm, int measure, int visit,
                                    const char* part)
{
    for (int i = 0; i < c->split_count; ++i) {
        const st_split_row* s = &c->split[i];
        if (s->arm == collected_arm(c, arm) && s->measure == measure && s->visit == visit &&
            strcmp(s->part, part) == 0) {
            return s->mean;
        }
    }
    fail_msg("no part '%s' of arm '%s', measure %d, visit %d", part, arm, measure, visit);
    return 0.0;
}

#endif
