#include "report/store_tally.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

// Bins of a factor; those at both ends are open.
#define BIN_LIMIT 12

typedef enum factor {
    FACTOR_KL,
    FACTOR_AGE,
    FACTOR_BMI,
    FACTOR_PAIN,
    FACTOR_INFLAMMATION,
    FACTOR_DOSE,
    FACTOR_COUNT
} factor;

// Borders at first + k * step, on the factor's own scale or on that of its logarithm.
typedef struct factor_grid {
    const char* name;
    double first, step;
    int bin_count;
    double log_base; // 0: not logarithmic
} factor_grid;

// Response of an arm in a measure up to a visit.
typedef struct response {
    int64_t at_risk, events, first_read, held;
} response;

typedef struct twin {
    int64_t n;
    double value, sham, untreated;
} twin;

// Mean and sum of squared deviations, one by one (Welford).
typedef struct moments {
    int64_t n;
    double mean, squares;
} moments;

typedef struct subgroup {
    moments change, product;
} subgroup;

// Who is being read.
typedef struct reader {
    bool is_set;
    int arm;
    uint64_t person;
    double value[ST_ATTRIBUTE_COUNT], dose_cells;
} reader;

typedef struct course_of_measure {
    double start;
    bool has_event, is_censored, was_first;
} course_of_measure;

struct st_store_tally {
    int arm_count, visit_count, measure_count, primary_measure, primary_visit;
    factor_grid grid[FACTOR_COUNT];
    st_instrument_info* measure; // [measure_count], texts unused
    response* response;          // [arm][measure][visit]
    twin* twin;                  // the same
    subgroup* subgroup;          // [arm][factor][bin]
    reader reader;
    course_of_measure* course; // [measure_count] of the reader
};

// Borders are round numbers on each scale, not clinical classes. Pain is cut in fifths of the
// instrument's scale, inflammation in octaves around the median patient, dose in decades.
static void fill_grids(st_store_tally* t)
{
    const st_instrument_info* primary = &t->measure[t->primary_measure];
    const double range = primary->hi - primary->lo;
    const bool has_range = isfinite(range) && range > 0.0;
    const factor_grid grid[FACTOR_COUNT] = {
        [FACTOR_KL] = {"kl_grade", 0.5, 1.0, 5, 0.0},
        [FACTOR_AGE] = {"age_y", 40.0, 10.0, 6, 0.0},
        [FACTOR_BMI] = {"bmi_kg_per_m2", 20.0, 5.0, 6, 0.0},
        [FACTOR_PAIN] = {"primary_at_entry", primary->lo + 0.2 * range, 0.2 * range,
                         has_range ? 5 : 0, 0.0},
        [FACTOR_INFLAMMATION] = {"inflammation_ratio", -1.0, 1.0, 4, 2.0},
        [FACTOR_DOSE] = {"dose_cells", 5.0, 1.0, 7, 10.0},
    };
    memcpy(t->grid, grid, sizeof grid);
}

static st_status make_room(st_ctx* ctx, st_store_tally* t)
{
    const size_t arms = (size_t)t->arm_count;
    const size_t places = arms * (size_t)t->measure_count * (size_t)t->visit_count;
    t->response = st_alloc(ctx, places + 1, sizeof *t->response);
    t->twin = st_alloc(ctx, places + 1, sizeof *t->twin);
    t->subgroup = st_alloc(ctx, arms * FACTOR_COUNT * BIN_LIMIT + 1, sizeof *t->subgroup);
    t->course = st_alloc(ctx, (size_t)t->measure_count + 1, sizeof *t->course);
    t->measure = st_alloc(ctx, (size_t)t->measure_count + 1, sizeof *t->measure);
    return t->response && t->twin && t->subgroup && t->course && t->measure ? ST_OK : ST_ERR_MEMORY;
}

st_status st_store_tally_create(st_ctx* ctx, const st_study* study, st_store_tally** out)
{
    st_store_tally* t = st_alloc(ctx, 1, sizeof *t);
    *out = t;
    if (!t) {
        return ST_ERR_MEMORY;
    }
    t->arm_count = st_study_arm_count(study);
    t->visit_count = st_study_visit_count(study);
    t->measure_count = st_study_measure_count(study);
    t->primary_measure = st_study_primary_measure(study);
    t->primary_visit = st_study_primary_visit(study);
    ST_TRY(make_room(ctx, t));
    for (int m = 0; m < t->measure_count; m++) {
        t->measure[m] = *st_instruments_at(st_study_instruments(study), st_study_measure(study, m));
    }
    fill_grids(t);
    return ST_OK;
}

void st_store_tally_destroy(st_ctx* ctx, st_store_tally* tally)
{
    if (!tally) {
        return;
    }
    st_free(ctx, tally->measure);
    st_free(ctx, tally->course);
    st_free(ctx, tally->subgroup);
    st_free(ctx, tally->twin);
    st_free(ctx, tally->response);
    st_free(ctx, tally);
}

void st_store_tally_person(st_store_tally* tally, const st_person_row* row)
{
    reader* r = &tally->reader;
    r->is_set = true;
    r->arm = row->arm;
    r->person = row->person->id;
    r->dose_cells = row->dose_cells;
    memcpy(r->value, row->person->value, sizeof r->value);
    for (int m = 0; m < tally->measure_count; m++) {
        tally->course[m] = (course_of_measure){.start = NAN};
    }
}

static void add_moment(moments* m, double x)
{
    const double step = x - m->mean;
    m->n += 1;
    m->mean += step / (double)m->n;
    m->squares += step * (x - m->mean);
}

static size_t place(const st_store_tally* t, int arm, int measure, int visit)
{
    return ((size_t)arm * (size_t)t->measure_count + (size_t)measure) * (size_t)t->visit_count +
           (size_t)visit;
}

static double improvement(const st_instrument_info* i, double start, double now)
{
    return i->lower_is_better ? start - now : now - start;
}

// First reading with an important change, and whether it is still there later.          [REP-1]
static void add_response(st_store_tally* t, const st_reading_row* r)
{
    const st_instrument_info* i = &t->measure[r->measure];
    course_of_measure* c = &t->course[r->measure];
    response* here = &t->response[place(t, r->arm, r->measure, r->visit)];
    if (r->visit == 0) {
        c->start = r->measured;
        return;
    }
    const bool is_read = isfinite(r->measured) && isfinite(c->start);
    const bool is_better = is_read && improvement(i, c->start, r->measured) >= i->important_change;
    if (!c->has_event && !c->is_censored) {
        c->is_censored = !is_read; // no look after a missed visit counts
        here->at_risk += is_read;
        here->events += is_better;
        c->has_event = is_better;
    }
    if (r->visit == 1) {
        c->was_first = is_better;
    }
    here->first_read += c->was_first && is_read;
    here->held += c->was_first && is_better;
}

static int bin_of(const factor_grid* g, double x)
{
    if (!isfinite(x) || g->bin_count == 0) {
        return -1;
    }
    if (g->log_base > 0.0) {
        x = x > 0.0 ? st_log(x) / st_log(g->log_base) : -INFINITY;
    }
    const double at = floor((x - g->first) / g->step) + 1.0;
    return at < 0.0 ? 0 : at > g->bin_count - 1 ? g->bin_count - 1 : (int)at;
}

static void add_subgroups(st_store_tally* t, const st_reading_row* r)
{
    const double start = t->course[r->measure].start;
    if (!isfinite(r->measured) || !isfinite(start)) {
        return;
    }
    const double* v = t->reader.value;
    const double x[FACTOR_COUNT] = {[FACTOR_KL] = v[ST_PERSON_KL],
                                    [FACTOR_AGE] = v[ST_PERSON_AGE],
                                    [FACTOR_BMI] = v[ST_PERSON_BMI],
                                    [FACTOR_PAIN] = start,
                                    [FACTOR_INFLAMMATION] = v[ST_PERSON_INFLAMMATION],
                                    [FACTOR_DOSE] = t->reader.dose_cells};
    for (int f = 0; f < FACTOR_COUNT; f++) {
        const int bin = bin_of(&t->grid[f], x[f]);
        if (bin >= 0) {
            subgroup* s =
                &t->subgroup[((size_t)r->arm * FACTOR_COUNT + (size_t)f) * BIN_LIMIT + (size_t)bin];
            add_moment(&s->change, r->measured - start);
            if (isfinite(r->value) && isfinite(r->sham)) {
                add_moment(&s->product, r->value - r->sham);
            }
        }
    }
}

void st_store_tally_reading(st_store_tally* tally, const st_reading_row* row)
{
    const reader* who = &tally->reader;
    if (!who->is_set || who->arm != row->arm || who->person != row->person) {
        return; // readings without their person belong to nobody who can be followed
    }
    twin* t = &tally->twin[place(tally, row->arm, row->measure, row->visit)];
    if (isfinite(row->measured) && isfinite(row->value) && isfinite(row->sham) &&
        isfinite(row->untreated)) {
        t->n += 1;
        t->value += row->value;
        t->sham += row->sham;
        t->untreated += row->untreated;
    }
    if (tally->measure[row->measure].important_change > 0.0) {
        add_response(tally, row);
    } else if (row->visit == 0) {
        tally->course[row->measure].start = row->measured;
    }
    if (row->measure == tally->primary_measure && row->visit == tally->primary_visit) {
        add_subgroups(tally, row);
    }
}

static st_status write_places(st_ctx* ctx, const st_store_tally* t, st_store* store)
{
    for (int a = 0; a < t->arm_count; a++) {
        for (int m = 0; m < t->measure_count; m++) {
            for (int v = 0; v < t->visit_count; v++) {
                const size_t at = place(t, a, m, v);
                const twin* w = &t->twin[at];
                const double n = (double)w->n;
                if (w->n > 0) {
                    ST_TRY(st_store_put(ctx, store, ST_TABLE_TWIN, (int64_t)a, (int64_t)m,
                                        (int64_t)v, w->n, w->value / n, w->sham / n,
                                        w->untreated / n));
                }
                const response* r = &t->response[at];
                if (v > 0 && t->measure[m].important_change > 0.0) {
                    ST_TRY(st_store_put(ctx, store, ST_TABLE_RESPONSE, (int64_t)a, (int64_t)m,
                                        (int64_t)v, r->at_risk, r->events, r->first_read, r->held));
                }
            }
        }
    }
    return ST_OK;
}

static double border(const factor_grid* g, int bin)
{
    if (bin == 0 || bin == g->bin_count) {
        return (double)NAN;
    }
    const double at = g->first + (bin - 1) * g->step;
    return g->log_base > 0.0 ? st_pow(g->log_base, at) : at;
}

static double sd_of(const moments* m)
{
    return m->n > 1 ? sqrt(m->squares / (double)(m->n - 1)) : (double)NAN;
}

static st_status write_subgroups(st_ctx* ctx, const st_store_tally* t, st_store* store)
{
    for (int a = 0; a < t->arm_count; a++) {
        for (int f = 0; f < FACTOR_COUNT; f++) {
            for (int b = 0; b < t->grid[f].bin_count; b++) {
                const subgroup* s =
                    &t->subgroup[((size_t)a * FACTOR_COUNT + (size_t)f) * BIN_LIMIT + (size_t)b];
                if (s->change.n == 0) {
                    continue;
                }
                const bool has_product = s->product.n > 0;
                ST_TRY(st_store_put(ctx, store, ST_TABLE_SUBGROUP, (int64_t)a, t->grid[f].name,
                                    (int64_t)b, border(&t->grid[f], b), border(&t->grid[f], b + 1),
                                    s->change.n, s->change.mean, sd_of(&s->change),
                                    has_product ? s->product.mean : (double)NAN,
                                    sd_of(&s->product)));
            }
        }
    }
    return ST_OK;
}

st_status st_store_tally_write(st_ctx* ctx, st_store_tally* tally, st_store* store)
{
    ST_TRY(write_places(ctx, tally, store));
    return write_subgroups(ctx, tally, store);
}
