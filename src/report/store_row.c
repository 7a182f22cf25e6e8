#include "report/store.h"
#include "report/store_tally.h"

#include <math.h>
#include <stdio.h>

static st_status check_index(st_ctx* ctx, const char* what, int index, int count)
{
    if (index < 0 || index >= count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "row for the store: %s = %d, expected 0 to %d", what,
                       index, count - 1);
    }
    return ST_OK;
}

static st_status check_id(st_ctx* ctx, uint64_t person)
{
    if (person > (uint64_t)INT64_MAX) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "row for the store: person %llu is above 2^63 - 1",
                       (unsigned long long)person);
    }
    return ST_OK;
}

static st_status check_place(st_ctx* ctx, const st_store* store, int arm, int measure, int visit)
{
    ST_TRY(check_index(ctx, "arm", arm, store->arm_count));
    ST_TRY(check_index(ctx, "measure", measure, store->measure_count));
    return check_index(ctx, "visit", visit, store->visit_count);
}

static st_status put_person(st_ctx* ctx, st_store* store, const st_person_row* r)
{
    _Static_assert(ST_ATTRIBUTE_COUNT == 13, "table person has a column for each attribute");
    const double* v = r->person->value;
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    ST_TRY(check_id(ctx, r->person->id));
    st_store_tally_person(store->tally, r);
    return st_store_put(ctx, store, ST_TABLE_PERSON, (int64_t)r->arm, (int64_t)r->person->id,
                        v[ST_PERSON_AGE], (int64_t)(v[ST_PERSON_FEMALE] > 0.5), v[ST_PERSON_HEIGHT],
                        v[ST_PERSON_BMI], v[ST_PERSON_KL], v[ST_PERSON_VARUS], v[ST_PERSON_PAIN],
                        v[ST_PERSON_FUNCTION], v[ST_PERSON_INFLAMMATION], v[ST_PERSON_THICKNESS],
                        v[ST_PERSON_DURATION], v[ST_PERSON_STRENGTH],
                        (int64_t)(v[ST_PERSON_INJURY] > 0.5), r->left_day,
                        r->left_reason ? r->left_reason : "", r->dose_cells, (int64_t)r->is_placed);
}

static st_status put_reading(st_ctx* ctx, st_store* store, const st_reading_row* r)
{
    ST_TRY(check_place(ctx, store, r->arm, r->measure, r->visit));
    ST_TRY(check_id(ctx, r->person));
    st_store_tally_reading(store->tally, r);
    return st_store_readings_put(ctx, store, r);
}

static st_status put_dose_step(st_ctx* ctx, st_store* store, const st_dose_step_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_DOSE_STEP, (int64_t)r->arm, (int64_t)r->step, r->name,
                        r->day, r->volume_mL, r->q05, r->q50, r->q95);
}

static st_status put_course(st_ctx* ctx, st_store* store, const st_course_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_COURSE, (int64_t)r->arm, r->name, r->day, r->unit,
                        r->mean, r->q05, r->q25, r->q50, r->q75, r->q95);
}

static st_status put_outcome(st_ctx* ctx, st_store* store, const st_outcome_row* r)
{
    ST_TRY(check_place(ctx, store, r->arm, r->measure, r->visit));
    return st_store_put(ctx, store, ST_TABLE_OUTCOME, (int64_t)r->arm, (int64_t)r->measure,
                        (int64_t)r->visit, (int64_t)r->n, r->mean, r->sd, r->q25, r->q50, r->q75,
                        r->change, r->change_sd, r->change_lo, r->change_hi, r->responders,
                        r->responders_lo, r->responders_hi);
}

static st_status put_contrast(st_ctx* ctx, st_store* store, const st_contrast_row* r)
{
    ST_TRY(check_place(ctx, store, r->arm, r->measure, r->visit));
    ST_TRY(check_index(ctx, "versus", r->versus, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_CONTRAST, (int64_t)r->arm, (int64_t)r->versus,
                        (int64_t)r->measure, (int64_t)r->visit, r->method, r->difference, r->lo,
                        r->hi, r->p);
}

static st_status put_split(st_ctx* ctx, st_store* store, const st_split_row* r)
{
    ST_TRY(check_place(ctx, store, r->arm, r->measure, r->visit));
    return st_store_put(ctx, store, ST_TABLE_SPLIT, (int64_t)r->arm, (int64_t)r->measure,
                        (int64_t)r->visit, r->part, r->mean, r->lo, r->hi);
}

static st_status put_event(st_ctx* ctx, st_store* store, const st_event_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_EVENT, (int64_t)r->arm, r->name, (int64_t)r->count,
                        r->per_10000, r->lo, r->hi, r->source);
}

static st_status put_failure(st_ctx* ctx, st_store* store, const st_failure_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    ST_TRY(check_id(ctx, r->person));
    return st_store_put(ctx, store, ST_TABLE_FAILURE, store->row_count[ST_TABLE_FAILURE],
                        (int64_t)r->arm, (int64_t)r->person, r->day, r->message ? r->message : "");
}

static st_status put_person_event(st_ctx* ctx, st_store* store, const st_person_event_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    ST_TRY(check_id(ctx, r->person));
    return st_store_put(ctx, store, ST_TABLE_PERSON_EVENT, (int64_t)r->arm, (int64_t)r->person,
                        r->name, r->day);
}

static st_status put_adherence(st_ctx* ctx, st_store* store, const st_adherence_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    ST_TRY(check_id(ctx, r->person));
    return st_store_put(ctx, store, ST_TABLE_ADHERENCE, (int64_t)r->arm, (int64_t)r->person,
                        (int64_t)r->plan, r->title, r->share);
}

static st_status put_later(st_ctx* ctx, st_store* store, const st_later_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    ST_TRY(check_id(ctx, r->person));
    return st_store_put(ctx, store, ST_TABLE_LATER, (int64_t)r->arm, (int64_t)r->person, r->day,
                        r->name, r->estimand);
}

static st_status put_analysis(st_ctx* ctx, st_store* store, const st_analysis_row* r)
{
    ST_TRY(check_place(ctx, store, r->arm, r->measure, r->visit));
    ST_TRY(check_index(ctx, "versus", r->versus, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_ANALYSIS, (int64_t)r->arm, (int64_t)r->versus,
                        (int64_t)r->measure, (int64_t)r->visit, r->method, r->estimate, r->lo,
                        r->hi, r->p);
}

static st_status put_survival(st_ctx* ctx, st_store* store, const st_survival_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_SURVIVAL, (int64_t)r->arm, r->event, r->day, r->share,
                        r->lo, r->hi, r->at_risk, r->events);
}

static st_status put_responder(st_ctx* ctx, st_store* store, const st_responder_row* r)
{
    ST_TRY(check_place(ctx, store, r->arm, 0, r->visit));
    ST_TRY(check_index(ctx, "versus", r->versus < 0 ? 0 : r->versus, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_RESPONDER, r->name, (int64_t)r->arm, (int64_t)r->visit,
                        r->title, r->rule, r->n, r->responders, r->share, r->lo, r->hi,
                        r->versus < 0 ? ST_STORE_NULL : (int64_t)r->versus, r->difference,
                        r->diff_lo, r->diff_hi, r->p);
}

static st_status put_influence(st_ctx* ctx, st_store* store, const st_influence_row* r)
{
    ST_TRY(check_place(ctx, store, r->arm, r->measure, r->visit));
    ST_TRY(check_index(ctx, "versus", r->versus < 0 ? 0 : r->versus, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_INFLUENCE, r->origin, (int64_t)r->position, r->name,
                        (int64_t)r->arm, r->versus < 0 ? ST_STORE_NULL : (int64_t)r->versus,
                        (int64_t)r->measure, (int64_t)r->visit, r->people, r->value_lo, r->value_hi,
                        r->contrast, r->contrast_lo, r->contrast_hi, r->product, r->product_lo,
                        r->product_hi);
}

static st_status put_prepared(st_ctx* ctx, st_store* store, const st_prepared_row* r)
{
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    return st_store_put(ctx, store, ST_TABLE_PREPARED, (int64_t)r->arm, (int64_t)r->position,
                        r->name, r->label, r->unit, r->middle, r->people, r->q05, r->q50, r->q95,
                        r->band_lo, r->band_hi, r->source);
}

/// Shares as text, four digits after the point: enough for a picture.
static void write_shares(const double* share, char* out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < ST_PICTURE_HEIGHTS && used + 16 < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%.4f", i == 0 ? "" : " ",
                                 isfinite(share[i]) ? share[i] : 0.0);
    }
}

static st_status put_tube(st_ctx* ctx, st_store* store, const st_tube_row* r)
{
    char red[16 * ST_PICTURE_HEIGHTS];
    char platelet[16 * ST_PICTURE_HEIGHTS];
    char white[16 * ST_PICTURE_HEIGHTS];
    ST_TRY(check_index(ctx, "arm", r->arm, store->arm_count));
    write_shares(r->red, red, sizeof red);
    write_shares(r->platelet, platelet, sizeof platelet);
    write_shares(r->white, white, sizeof white);
    return st_store_put(ctx, store, ST_TABLE_TUBE, (int64_t)r->arm, (int64_t)r->spin,
                        (int64_t)r->step, r->time_s, r->height_mm, r->interface_mm, red, platelet,
                        white);
}

st_status st_store_row(void* self, st_ctx* ctx, st_row_kind kind, const void* row)
{
    st_store* store = self;
    if (!store->has_begun || store->has_ended) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "rows come between the begin and the end of a run");
    }
    switch (kind) {
    case ST_ROW_PERSON:
        return put_person(ctx, store, row);
    case ST_ROW_READING:
        return put_reading(ctx, store, row);
    case ST_ROW_DOSE_STEP:
        return put_dose_step(ctx, store, row);
    case ST_ROW_COURSE:
        return put_course(ctx, store, row);
    case ST_ROW_OUTCOME:
        return put_outcome(ctx, store, row);
    case ST_ROW_CONTRAST:
        return put_contrast(ctx, store, row);
    case ST_ROW_SPLIT:
        return put_split(ctx, store, row);
    case ST_ROW_EVENT:
        return put_event(ctx, store, row);
    case ST_ROW_SCREENING: {
        const st_screening_row* r = row;
        return st_store_put(ctx, store, ST_TABLE_SCREENING, store->row_count[ST_TABLE_SCREENING],
                            r->reason, r->count);
    }
    case ST_ROW_FAILURE:
        return put_failure(ctx, store, row);
    case ST_ROW_ADHERENCE:
        return put_adherence(ctx, store, row);
    case ST_ROW_LATER:
        return put_later(ctx, store, row);
    case ST_ROW_INFLUENCE:
        return put_influence(ctx, store, row);
    case ST_ROW_PREPARED:
        return put_prepared(ctx, store, row);
    case ST_ROW_TUBE:
        return put_tube(ctx, store, row);
    case ST_ROW_ANALYSIS:
        return put_analysis(ctx, store, row);
    case ST_ROW_RESPONDER:
        return put_responder(ctx, store, row);
    case ST_ROW_SURVIVAL:
        return put_survival(ctx, store, row);
    case ST_ROW_PERSON_EVENT:
        return put_person_event(ctx, store, row);
    }
    return ST_FAIL(ctx, ST_ERR_INPUT, "row for the store: unknown kind %d", (int)kind);
}
