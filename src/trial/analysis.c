#include "analysis.h"

#include "regimen.h"

#include "statistics.h"

#include <math.h>

// --- doses ----------------------------------------------------------------------------------

/// Numbers of one step over those who reached it; quantiles at `p`.
static void step_quantiles(st_tally* tally, int arm, int step, st_tally_step which, const double* p,
                           int p_count, double* out)
{
    st_series* x = &tally->series[0];
    st_tally_walk walk;

    st_series_restart(x);
    st_tally_walk_begin(tally, 0, arm, &walk);
    st_tally_walk_add(&walk, st_tally_dose(tally, step, which));
    while (st_tally_walk_next(&walk)) {
        if (!isnan(walk.x[0])) {
            st_series_add(x, walk.x[0]);
        }
    }
    st_series_quantiles(x, p, p_count, out);
}

st_status st_analysis_dose_steps(st_ctx* ctx, st_tally* tally, const st_sink* sink)
{
    static const double middle[] = {0.50};
    static const double spread[] = {0.05, 0.50, 0.95};

    for (int a = 0; a < tally->study->arm_count; ++a) {
        const st_tally_arm* arm = &tally->arm[a];
        for (int k = 0; k < arm->step_count; ++k) {
            st_dose_step_row row = {.arm = a, .step = k, .name = arm->step_name[k]};
            double cells[3];

            step_quantiles(tally, a, k, ST_TALLY_STEP_DAY, middle, 1, &row.day);
            step_quantiles(tally, a, k, ST_TALLY_STEP_VOLUME, middle, 1, &row.volume_mL);
            step_quantiles(tally, a, k, ST_TALLY_STEP_CELLS, spread, 3, cells);
            row.q05 = cells[0];
            row.q50 = cells[1];
            row.q95 = cells[2];
            ST_TRY(sink->row(sink->self, ctx, ST_ROW_DOSE_STEP, &row));
        }
    }
    return ST_OK;
}

// --- outcomes -------------------------------------------------------------------------------

static st_outcome_row outcome_of(st_tally* tally, int arm, int measure, int visit)
{
    static const double quarters[] = {0.25, 0.50, 0.75};
    const st_instrument_info* about =
        st_instruments_at(tally->study->instruments, tally->study->measure[measure]);
    st_outcome_row row = {.arm = arm, .measure = measure, .visit = visit};
    st_series* x = &tally->series[0];
    st_series* change = &tally->series[1];
    double quarter[3];
    int64_t hits = 0;
    st_moments moments;
    st_interval interval;
    st_tally_walk walk;

    st_series_restart(x);
    st_series_restart(change);
    st_tally_walk_begin(tally, 0, arm, &walk);
    st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, 0));
    st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, visit));
    while (st_tally_walk_next(&walk)) {
        const double moved = walk.x[1] - walk.x[0];
        if (!isnan(walk.x[1])) {
            st_series_add(x, walk.x[1]);
            st_series_add(change, moved);
            hits += (about->lower_is_better ? -moved : moved) >= about->important_change;
            ++row.n;
        }
    }
    moments = st_series_moments(x, x);
    row.mean = moments.y;
    row.sd = st_statistics_sd_of(&moments);
    st_series_quantiles(x, quarters, 3, quarter);
    row.q25 = quarter[0];
    row.q50 = quarter[1];
    row.q75 = quarter[2];
    moments = st_series_moments(change, change);
    interval = st_statistics_mean_interval_of(&moments);
    row.change = interval.mean;
    row.change_sd = st_statistics_sd_of(&moments);
    row.change_lo = interval.lo;
    row.change_hi = interval.hi;
    // Nobody can have responded before treatment.
    interval = st_statistics_wilson(hits, visit > 0 && about->important_change > 0.0 ? row.n : 0);
    row.responders = interval.mean;
    row.responders_lo = interval.lo;
    row.responders_hi = interval.hi;
    return row;
}

st_status st_analysis_outcomes(st_ctx* ctx, st_tally* tally, const st_sink* sink)
{
    for (int measure = 0; measure < tally->study->measure_count; ++measure) {
        for (int visit = 0; visit < tally->study->visit_count; ++visit) {
            for (int arm = 0; arm < tally->study->arm_count; ++arm) {
                const st_outcome_row row = outcome_of(tally, arm, measure, visit);
                ST_TRY(sink->row(sink->self, ctx, ST_ROW_OUTCOME, &row));
            }
        }
    }
    return ST_OK;
}

// --- where a change comes from --------------------------------------------------------------

typedef enum part {
    PART_SELECTION,
    PART_COURSE,
    PART_CONTEXT,
    PART_PLAN,
    PART_PRODUCT,
    PART_LATER,
    PART_TOTAL
} part;

static const char* const part_name[] = {"selection",    "natural course", "context and procedure",
                                        "plan of care", "product",        "later treatment",
                                        "total"};

/// One part of a person's measured change from visit 0 to v; scores [ST_TALLY_FIELD_COUNT]. [TRI-8]
static double part_of(part which, const double* at_0, const double* at_v)
{
    switch (which) {
    case PART_SELECTION:
        return (at_v[ST_TALLY_MEASURED] - at_v[ST_TALLY_VALUE]) -
               (at_0[ST_TALLY_MEASURED] - at_0[ST_TALLY_VALUE]);
    case PART_COURSE:
        return at_v[ST_TALLY_UNTREATED] - at_0[ST_TALLY_VALUE];
    case PART_CONTEXT:
        return at_v[ST_TALLY_SHAM] - at_v[ST_TALLY_UNTREATED];
    case PART_PLAN:
        return at_v[ST_TALLY_PLANNED] - at_v[ST_TALLY_SHAM];
    case PART_PRODUCT:
        return at_v[ST_TALLY_FIRST] - at_v[ST_TALLY_PLANNED];
    case PART_LATER:
        return at_v[ST_TALLY_VALUE] - at_v[ST_TALLY_FIRST];
    case PART_TOTAL:
        break;
    }
    return at_v[ST_TALLY_MEASURED] - at_0[ST_TALLY_MEASURED];
}

static st_status split_arm(st_ctx* ctx, st_tally* tally, const st_sink* sink, int arm, int measure,
                           int visit)
{
    st_series* x = &tally->series[0];

    for (part which = PART_SELECTION; which <= PART_TOTAL; ++which) {
        st_split_row row = {
            .arm = arm, .measure = measure, .visit = visit, .part = part_name[which]};
        st_tally_walk walk;
        st_moments moments;
        st_interval interval;

        if ((which == PART_LATER && !st_later_changes_course(tally->study)) ||
            (which == PART_PLAN && !st_regimen_is_used(tally->study))) {
            continue;
        }
        st_series_restart(x);
        st_tally_walk_begin(tally, 0, arm, &walk);
        for (int field = 0; field < 2 * ST_TALLY_FIELD_COUNT; ++field) {
            st_tally_walk_add(&walk,
                              st_tally_score(tally, (st_tally_field)(field % ST_TALLY_FIELD_COUNT),
                                             measure, field < ST_TALLY_FIELD_COUNT ? 0 : visit));
        }
        while (st_tally_walk_next(&walk)) {
            const double* at_v = walk.x + ST_TALLY_FIELD_COUNT;
            if (!isnan(at_v[ST_TALLY_MEASURED])) {
                st_series_add(x, part_of(which, walk.x, at_v));
            }
        }
        moments = st_series_moments(x, x);
        interval = st_statistics_mean_interval_of(&moments);
        row.mean = interval.mean;
        row.lo = interval.lo;
        row.hi = interval.hi;
        ST_TRY(sink->row(sink->self, ctx, ST_ROW_SPLIT, &row));
    }
    return ST_OK;
}

st_status st_analysis_splits(st_ctx* ctx, st_tally* tally, const st_sink* sink)
{
    for (int measure = 0; measure < tally->study->measure_count; ++measure) {
        for (int visit = 1; visit < tally->study->visit_count; ++visit) {
            for (int arm = 0; arm < tally->study->arm_count; ++arm) {
                ST_TRY(split_arm(ctx, tally, sink, arm, measure, visit));
            }
        }
    }
    return ST_OK;
}

// --- adverse events -------------------------------------------------------------------------

st_status st_analysis_events(st_ctx* ctx, const st_tally* tally, const st_stay_events* events,
                             const st_sink* sink)
{
    for (int a = 0; a < tally->study->arm_count; ++a) {
        const st_tally_arm* arm = &tally->arm[a];
        const int64_t people = arm->filled - arm->failed_count;

        for (int i = 0; i < events[a].count; ++i) {
            const st_adverse* about = &events[a].event[i];
            const st_interval rate = st_statistics_wilson(arm->event_count[i], people);
            const st_event_row row = {.arm = a,
                                      .name = about->label,
                                      .count = arm->event_count[i],
                                      .per_10000 = 1e4 * rate.mean,
                                      .lo = 1e4 * rate.lo,
                                      .hi = 1e4 * rate.hi,
                                      .source =
                                          about->source != NULL ? about->source : about->assumed};
            ST_TRY(sink->row(sink->self, ctx, ST_ROW_EVENT, &row));
        }
    }
    return ST_OK;
}
