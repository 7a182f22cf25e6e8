#include "report/findings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Copies a text column into the findings.
static const char* keep(st_findings* f, const st_query* q, int column)
{
    const char* text = st_query_text(q, column);
    const char* copy = st_arena_text(&f->arena, text, strlen(text));
    return copy ? copy : "";
}

// Reads one row of a list; `item` is its zeroed place.
typedef void (*read_fn)(st_findings* f, const st_query* q, void* item);

static st_status load_list(st_findings* f, st_query* q, const char* table, const char* columns,
                           size_t size, read_fn read, void** list, int* count)
{
    char sql[400];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    ST_TRY(st_query_start(q, sql));
    if (!st_query_next(q)) {
        return q->status;
    }
    const int64_t rows = st_query_integer(q, 0, 0);
    char* items = st_arena_alloc(&f->arena, (size_t)rows + 1, size);
    if (!items) {
        return ST_ERR_MEMORY;
    }
    snprintf(sql, sizeof sql, "SELECT %s FROM %s", columns, table);
    ST_TRY(st_query_start(q, sql));
    int found = 0;
    while (found < rows && st_query_next(q)) {
        read(f, q, items + (size_t)found * size);
        found += 1;
    }
    *list = items;
    *count = found;
    return q->status;
}

static void read_pair(st_findings* f, const st_query* q, void* item)
{
    st_finding_pair* r = item;
    r->key = keep(f, q, 0);
    r->value = keep(f, q, 1);
}

static void read_arm(st_findings* f, const st_query* q, void* item)
{
    st_arm_info* r = item;
    r->name = keep(f, q, 1);
    r->label = keep(f, q, 2);
    r->recipe = keep(f, q, 3);
    r->size = (int)st_query_integer(q, 4, 0);
    r->control = (int)st_query_integer(q, 5, -1);
    r->is_twin = st_query_integer(q, 6, 0) != 0;
    r->has_cells = st_query_integer(q, 7, 0) != 0;
    if (!r->label[0]) {
        r->label = r->name;
    }
}

static void read_visit(st_findings* f, const st_query* q, void* item)
{
    (void)f;
    st_visit_info* r = item;
    r->day = st_query_real(q, 1);
    r->month = st_query_real(q, 2);
}

static void read_measure(st_findings* f, const st_query* q, void* item)
{
    st_instrument_info* r = item;
    r->name = keep(f, q, 1);
    r->title = keep(f, q, 2);
    r->unit = keep(f, q, 3);
    r->lower_is_better = st_query_integer(q, 4, 0) != 0;
    r->important_change = st_query_real(q, 5);
    r->important_source = keep(f, q, 6);
    r->lo = st_query_real(q, 7);
    r->hi = st_query_real(q, 8);
    r->step = st_query_real(q, 9);
    r->noise_sd = st_query_real(q, 10);
    r->drift_sd = st_query_real(q, 11);
    r->drift_tau_day = st_query_real(q, 12);
}

static void read_published(st_findings* f, const st_query* q, void* item)
{
    st_published_row* r = item;
    r->trial_id = keep(f, q, 1);
    r->arm_id = keep(f, q, 2);
    r->arm = (int)st_query_integer(q, 3, -1);
    r->measure = (int)st_query_integer(q, 4, -1);
    const char* const kind = st_query_text(q, 5);
    r->is_change = kind && strcmp(kind, "change") == 0;
    r->month = st_query_real(q, 6);
    r->n = st_query_real(q, 7);
    r->value = st_query_real(q, 8);
    r->sd = st_query_real(q, 9);
    r->q25 = st_query_real(q, 10);
    r->q75 = st_query_real(q, 11);
    r->is_median = st_query_integer(q, 12, 0) != 0;
    r->source = keep(f, q, 13);
}

static void read_parameter(st_findings* f, const st_query* q, void* item)
{
    st_finding_parameter* r = item;
    r->origin = keep(f, q, 0);
    r->name = keep(f, q, 2);
    r->value = st_query_real(q, 3);
    r->unit = keep(f, q, 4);
    r->spread_kind = keep(f, q, 5);
    r->spread = st_query_real(q, 6);
    r->lo = st_query_real(q, 7);
    r->hi = st_query_real(q, 8);
    r->source = keep(f, q, 9);
    r->assumed = keep(f, q, 10);
    f->assumed_count += r->source[0] ? 0 : 1;
}

static void read_quantity(st_findings* f, const st_query* q, void* item)
{
    st_finding_quantity* r = item;
    r->name = keep(f, q, 0);
    r->kind = keep(f, q, 1);
    r->unit = keep(f, q, 2);
    r->role = keep(f, q, 3);
}

static void read_file(st_findings* f, const st_query* q, void* item)
{
    st_finding_file* r = item;
    r->name = keep(f, q, 0);
    r->role = keep(f, q, 1);
    r->hash = keep(f, q, 2);
}

static void read_outcome(st_findings* f, const st_query* q, void* item)
{
    (void)f;
    st_outcome_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->measure = (int)st_query_integer(q, 1, 0);
    r->visit = (int)st_query_integer(q, 2, 0);
    r->n = (int)st_query_integer(q, 3, 0);
    double* const fields[] = {&r->mean,      &r->sd,         &r->q25,           &r->q50,
                              &r->q75,       &r->change,     &r->change_sd,     &r->change_lo,
                              &r->change_hi, &r->responders, &r->responders_lo, &r->responders_hi};
    for (int i = 0; i < 12; i++) {
        *fields[i] = st_query_real(q, 4 + i);
    }
}

static void read_contrast(st_findings* f, const st_query* q, void* item)
{
    st_contrast_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->versus = (int)st_query_integer(q, 1, 0);
    r->measure = (int)st_query_integer(q, 2, 0);
    r->visit = (int)st_query_integer(q, 3, 0);
    r->method = keep(f, q, 4);
    r->difference = st_query_real(q, 5);
    r->lo = st_query_real(q, 6);
    r->hi = st_query_real(q, 7);
    r->p = st_query_real(q, 8);
}

static void read_split(st_findings* f, const st_query* q, void* item)
{
    st_split_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->measure = (int)st_query_integer(q, 1, 0);
    r->visit = (int)st_query_integer(q, 2, 0);
    r->part = keep(f, q, 3);
    r->mean = st_query_real(q, 4);
    r->lo = st_query_real(q, 5);
    r->hi = st_query_real(q, 6);
}

static void read_event(st_findings* f, const st_query* q, void* item)
{
    st_event_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->name = keep(f, q, 1);
    r->count = (int)st_query_integer(q, 2, 0);
    r->per_10000 = st_query_real(q, 3);
    r->lo = st_query_real(q, 4);
    r->hi = st_query_real(q, 5);
    r->source = keep(f, q, 6);
}

static void read_dose_step(st_findings* f, const st_query* q, void* item)
{
    st_dose_step_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->step = (int)st_query_integer(q, 1, 0);
    r->name = keep(f, q, 2);
    r->day = st_query_real(q, 3);
    r->volume_mL = st_query_real(q, 4);
    r->q05 = st_query_real(q, 5);
    r->q50 = st_query_real(q, 6);
    r->q95 = st_query_real(q, 7);
}

static void read_course(st_findings* f, const st_query* q, void* item)
{
    st_course_row* r = item;
    // Neighbours mostly share name and unit: keep one copy.
    const st_course_row* before = f->course_count > 0 ? r - 1 : NULL;
    const char* name = st_query_text(q, 1);
    const char* unit = st_query_text(q, 3);
    const bool is_same =
        before && strcmp(before->name, name) == 0 && strcmp(before->unit, unit) == 0;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->name = is_same ? before->name : keep(f, q, 1);
    r->day = st_query_real(q, 2);
    r->unit = is_same ? before->unit : keep(f, q, 3);
    r->mean = st_query_real(q, 4);
    r->q05 = st_query_real(q, 5);
    r->q25 = st_query_real(q, 6);
    r->q50 = st_query_real(q, 7);
    r->q75 = st_query_real(q, 8);
    r->q95 = st_query_real(q, 9);
    f->course_count += 1;
}

static void read_screening(st_findings* f, const st_query* q, void* item)
{
    st_screening_row* r = item;
    r->reason = keep(f, q, 1);
    r->count = st_query_integer(q, 2, 0);
}

static void read_failure(st_findings* f, const st_query* q, void* item)
{
    st_failure_row* r = item;
    r->arm = (int)st_query_integer(q, 1, 0);
    r->person = (uint64_t)st_query_integer(q, 2, 0);
    r->day = st_query_real(q, 3);
    r->message = keep(f, q, 4);
}

static void read_twin(st_findings* f, const st_query* q, void* item)
{
    (void)f;
    st_finding_twin* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->measure = (int)st_query_integer(q, 1, 0);
    r->visit = (int)st_query_integer(q, 2, 0);
    r->value = st_query_real(q, 4);
    r->sham = st_query_real(q, 5);
    r->untreated = st_query_real(q, 6);
}

static void read_response(st_findings* f, const st_query* q, void* item)
{
    (void)f;
    st_finding_response* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->measure = (int)st_query_integer(q, 1, 0);
    r->visit = (int)st_query_integer(q, 2, 0);
    r->at_risk = st_query_integer(q, 3, 0);
    r->events = st_query_integer(q, 4, 0);
    r->first = st_query_integer(q, 5, 0);
    r->held = st_query_integer(q, 6, 0);
}

static void read_subgroup(st_findings* f, const st_query* q, void* item)
{
    st_finding_subgroup* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->factor = keep(f, q, 1);
    r->position = (int)st_query_integer(q, 2, 0);
    r->lo = st_query_real(q, 3);
    r->hi = st_query_real(q, 4);
    r->n = st_query_integer(q, 5, 0);
    r->change = st_query_real(q, 6);
    r->change_sd = st_query_real(q, 7);
    r->product = st_query_real(q, 8);
    r->product_sd = st_query_real(q, 9);
}

// Results of program versions before these tables existed have none of them: nothing is shown.
static st_status has_table(st_query* q, const char* table, bool* out)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_schema WHERE name = '%s'", table);
    ST_TRY(st_query_start(q, sql));
    *out = st_query_next(q) && st_query_integer(q, 0, 0) > 0;
    return q->status;
}

static void read_later(st_findings* f, const st_query* q, void* item)
{
    st_finding_later* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->name = keep(f, q, 1);
    r->estimand = keep(f, q, 2);
    r->people = st_query_integer(q, 3, 0);
    r->times = st_query_integer(q, 4, 0);
}

static void read_analysis(st_findings* f, const st_query* q, void* item)
{
    st_analysis_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->versus = (int)st_query_integer(q, 1, 0);
    r->measure = (int)st_query_integer(q, 2, 0);
    r->visit = (int)st_query_integer(q, 3, 0);
    r->method = keep(f, q, 4);
    r->estimate = st_query_real(q, 5);
    r->lo = st_query_real(q, 6);
    r->hi = st_query_real(q, 7);
    r->p = st_query_real(q, 8);
}

static void read_survival(st_findings* f, const st_query* q, void* item)
{
    st_survival_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->event = keep(f, q, 1);
    r->day = st_query_real(q, 2);
    r->share = st_query_real(q, 3);
    r->lo = st_query_real(q, 4);
    r->hi = st_query_real(q, 5);
    r->at_risk = st_query_integer(q, 6, 0);
    r->events = st_query_integer(q, 7, 0);
}

static st_status load_later(st_findings* f, st_query* q)
{
    void* list = NULL;
    bool is_there = false;
    ST_TRY(has_table(q, "survival", &is_there));
    if (!is_there) {
        return ST_OK;
    }
    ST_TRY(load_list(f, q,
                     "(SELECT arm, name, estimand, count(DISTINCT person), count(*) FROM later"
                     " GROUP BY arm, name, estimand)",
                     "*", sizeof *f->later, read_later, &list, &f->later_count));
    f->later = list;
    ST_TRY(load_list(f, q, "analysis", "*", sizeof *f->analysis, read_analysis, &list,
                     &f->analysis_count));
    f->analysis = list;
    ST_TRY(load_list(f, q, "survival", "*", sizeof *f->survival, read_survival, &list,
                     &f->survival_count));
    f->survival = list;
    return ST_OK;
}

static void read_influence(st_findings* f, const st_query* q, void* item)
{
    st_influence_row* r = item;
    r->origin = keep(f, q, 0);
    r->position = (int)st_query_integer(q, 1, 0);
    r->name = keep(f, q, 2);
    r->arm = (int)st_query_integer(q, 3, 0);
    r->versus = (int)st_query_integer(q, 4, -1);
    r->measure = (int)st_query_integer(q, 5, 0);
    r->visit = (int)st_query_integer(q, 6, 0);
    r->people = st_query_integer(q, 7, 0);
    double* const fields[] = {&r->value_lo,    &r->value_hi, &r->contrast,   &r->contrast_lo,
                              &r->contrast_hi, &r->product,  &r->product_lo, &r->product_hi};
    for (int i = 0; i < 8; i++) {
        *fields[i] = st_query_real(q, 8 + i);
    }
}

static void read_prepared(st_findings* f, const st_query* q, void* item)
{
    st_prepared_row* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->position = (int)st_query_integer(q, 1, 0);
    r->name = keep(f, q, 2);
    r->label = keep(f, q, 3);
    r->unit = keep(f, q, 4);
    r->middle = st_query_real(q, 5);
    r->people = st_query_integer(q, 6, 0);
    r->q05 = st_query_real(q, 7);
    r->q50 = st_query_real(q, 8);
    r->q95 = st_query_real(q, 9);
    r->band_lo = st_query_real(q, 10);
    r->band_hi = st_query_real(q, 11);
    r->source = keep(f, q, 12);
}

static void read_tube(st_findings* f, const st_query* q, void* item)
{
    st_finding_tube* r = item;
    r->arm = (int)st_query_integer(q, 0, 0);
    r->spin = (int)st_query_integer(q, 1, 0);
    r->step = (int)st_query_integer(q, 2, 0);
    r->time_s = st_query_real(q, 3);
    r->height_mm = st_query_real(q, 4);
    r->interface_mm = st_query_real(q, 5);
    r->red = keep(f, q, 6);
    r->platelet = keep(f, q, 7);
    r->white = keep(f, q, 8);
}

static void read_responder(st_findings* f, const st_query* q, void* item)
{
    st_responder_row* r = item;
    r->name = keep(f, q, 0);
    r->arm = (int)st_query_integer(q, 1, 0);
    r->visit = (int)st_query_integer(q, 2, 0);
    r->title = keep(f, q, 3);
    r->rule = keep(f, q, 4);
    r->n = st_query_integer(q, 5, 0);
    r->responders = st_query_integer(q, 6, 0);
    r->versus = (int)st_query_integer(q, 10, -1);
    double* const fields[] = {&r->share,   &r->lo,      &r->hi, &r->difference,
                              &r->diff_lo, &r->diff_hi, &r->p};
    for (int i = 0; i < 7; i++) {
        *fields[i] = st_query_real(q, 7 + i + (i > 2));
    }
}

// What was added last: influence of values, and the way from harvest to joint.
static st_status load_added(st_findings* f, st_query* q)
{
    void* list = NULL;
    bool is_there = false;
    ST_TRY(has_table(q, "influence", &is_there));
    if (!is_there) {
        return ST_OK;
    }
    ST_TRY(load_list(f, q, "influence", "*", sizeof *f->influence, read_influence, &list,
                     &f->influence_count));
    f->influence = list;
    ST_TRY(load_list(f, q, "prepared", "*", sizeof *f->prepared, read_prepared, &list,
                     &f->prepared_count));
    f->prepared = list;
    ST_TRY(load_list(f, q, "tube", "*", sizeof *f->tube, read_tube, &list, &f->tube_count));
    f->tube = list;
    ST_TRY(has_table(q, "responder", &is_there));
    if (is_there) {
        ST_TRY(load_list(f, q, "responder ORDER BY name, visit, arm", "*", sizeof *f->responder,
                         read_responder, &list, &f->responder_count));
        f->responder = list;
    }
    return ST_OK;
}

static st_status load_sums(st_findings* f, st_query* q)
{
    void* list = NULL;
    bool is_there = false;
    ST_TRY(has_table(q, "subgroup", &is_there));
    if (!is_there) {
        return ST_OK;
    }
    ST_TRY(load_list(f, q, "twin", "*", sizeof *f->twin, read_twin, &list, &f->twin_count));
    f->twin = list;
    ST_TRY(load_list(f, q, "response", "*", sizeof *f->response, read_response, &list,
                     &f->response_count));
    f->response = list;
    ST_TRY(load_list(f, q, "subgroup", "*", sizeof *f->subgroup, read_subgroup, &list,
                     &f->subgroup_count));
    f->subgroup = list;
    return load_later(f, q);
}

static st_status load_lists(st_findings* f, st_query* q)
{
    void* list = NULL;
#define LOAD(table, columns, field, read)                                                          \
    ST_TRY(load_list(f, q, table, columns, sizeof *f->field, read, &list, &f->field##_count));     \
    f->field = list
    LOAD("about", "*", about, read_pair);
    LOAD("arm", "*", arm, read_arm);
    LOAD("visit", "*", visit, read_visit);
    LOAD("instrument", "*", measure, read_measure);
    LOAD("published", "*", published, read_published);
    LOAD("parameter", "*", parameter, read_parameter);
    LOAD("quantity", "*", quantity, read_quantity);
    LOAD("source_file", "name, role, xxh3_128", file, read_file);
    LOAD("outcome", "*", outcome, read_outcome);
    LOAD("contrast", "*", contrast, read_contrast);
    LOAD("split", "*", split, read_split);
    LOAD("event", "*", event, read_event);
    LOAD("dose_step", "*", dose_step, read_dose_step);
    LOAD("course", "*", course, read_course);
    LOAD("screening", "*", screening, read_screening);
    LOAD("failure", "*", failure, read_failure);
#undef LOAD
    return ST_OK;
}

static const char people_sql[] =
    "SELECT arm, age_y, female, height_m, bmi_kg_per_m2, kl_grade, varus_deg, base_pain_points,"
    " base_function_points, inflammation_ratio, base_thickness_mm, duration_y,"
    " strength_ratio, injury,"
    " left_reason, is_placed FROM person";

// Mean and SD by Welford's update, in the order of the primary key.
static st_status load_people(st_findings* f, st_query* q)
{
    f->people = st_arena_alloc(&f->arena, (size_t)f->arm_count + 1, sizeof *f->people);
    if (!f->people) {
        return ST_ERR_MEMORY;
    }
    ST_TRY(st_query_start(q, people_sql));
    while (st_query_next(q)) {
        const int64_t arm = st_query_integer(q, 0, 0);
        if (arm < 0 || arm >= f->arm_count) {
            continue; // quick_check found the file whole; such a row has no arm to belong to
        }
        st_finding_people* p = &f->people[arm];
        p->count += 1;
        for (int a = 0; a < ST_ATTRIBUTE_COUNT; a++) {
            const double value = st_query_real(q, 1 + a);
            const double step = value - p->mean[a];
            p->mean[a] += step / p->count;
            p->sd[a] += step * (value - p->mean[a]);
        }
        const char* reason = st_query_text(q, 1 + ST_ATTRIBUTE_COUNT);
        p->failed += strcmp(reason, "failed") == 0;
        p->left += reason[0] && strcmp(reason, "failed") != 0;
        p->not_placed += st_query_integer(q, 2 + ST_ATTRIBUTE_COUNT, 1) == 0;
    }
    for (int arm = 0; arm < f->arm_count; arm++) {
        st_finding_people* p = &f->people[arm];
        f->person_count += f->arm[arm].is_twin ? 0 : p->count;
        for (int a = 0; a < ST_ATTRIBUTE_COUNT; a++) {
            p->sd[a] = p->count > 1 ? sqrt(p->sd[a] / (p->count - 1)) : (double)NAN;
            p->mean[a] = p->count > 0 ? p->mean[a] : (double)NAN;
        }
    }
    return q->status;
}

static st_status check_design(st_ctx* ctx, const st_query* q, st_findings* f)
{
    for (int m = 0; m < f->measure_count; m++) {
        if (strcmp(f->measure[m].name, st_findings_about(f, "primary_measure")) == 0) {
            f->primary_measure = m;
        }
    }
    f->primary_visit = (int)strtol(st_findings_about(f, "primary_visit"), NULL, 10);
    bool is_whole = f->arm_count > 0 && f->visit_count > 0 && f->measure_count > 0 &&
                    f->primary_visit >= 0 && f->primary_visit < f->visit_count;
    for (int a = 0; a < f->arm_count; a++) {
        is_whole = is_whole && f->arm[a].control < f->arm_count;
    }
    for (int i = 0; i < f->influence_count; i++) {
        const st_influence_row* r = &f->influence[i];
        is_whole = is_whole && r->arm >= 0 && r->arm < f->arm_count && r->versus < f->arm_count &&
                   r->measure >= 0 && r->measure < f->measure_count;
    }
    for (int i = 0; i < f->responder_count; i++) {
        const st_responder_row* r = &f->responder[i];
        is_whole = is_whole && r->arm >= 0 && r->arm < f->arm_count && r->versus < f->arm_count &&
                   r->visit >= 0 && r->visit < f->visit_count;
    }
    return is_whole ? ST_OK : ST_FAIL(ctx, ST_ERR_FILE, "%s: holds no whole study", q->path);
}

st_status st_findings_load(st_ctx* ctx, const char* dir, st_findings* findings)
{
    memset(findings, 0, sizeof *findings);
    st_arena_init(&findings->arena, ctx);
    st_query query;
    ST_TRY(st_query_open(ctx, dir, &query));
    st_status status = load_lists(findings, &query);
    if (status == ST_OK) {
        status = load_sums(findings, &query);
    }
    if (status == ST_OK) {
        status = load_added(findings, &query);
    }
    findings->prefix = "";
    if (status == ST_OK) {
        status = check_design(ctx, &query, findings);
    }
    if (status == ST_OK) {
        status = load_people(findings, &query);
    }
    st_query_close(&query);
    if (status != ST_OK) {
        st_findings_clear(findings);
    }
    return status;
}

void st_findings_clear(st_findings* findings)
{
    st_arena_clear(&findings->arena);
    memset(findings, 0, sizeof *findings);
}
