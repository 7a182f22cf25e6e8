#include "analysis.h"

#include "statistics.h"

#include <math.h>

static double* column(const st_tally* tally, int index)
{
    return tally->scratch + (size_t)index * (size_t)tally->scratch_stride;
}

// --- doses ----------------------------------------------------------------------------------

/// Copies the numbers of one step and sorts them; gives how many people reached it.
static int sorted_step(const st_tally* tally, const double* step, int size)
{
    double* x = column(tally, 0);
    int count = 0;

    for (int i = 0; i < size; ++i) {
        if (!isnan(step[i])) {
            x[count++] = step[i];
        }
    }
    st_statistics_sort(x, count);
    return count;
}

st_status st_analysis_dose_steps(st_ctx* ctx, st_tally* tally, const st_sink* sink)
{
    const double* x = column(tally, 0);

    for (int a = 0; a < tally->study->arm_count; ++a) {
        const st_tally_arm* arm = &tally->arm[a];
        for (int k = 0; k < arm->step_count; ++k) {
            const size_t at = (size_t)k * (size_t)arm->size;
            st_dose_step_row row = {.arm = a, .step = k, .name = arm->step_name[k]};
            int count = sorted_step(tally, arm->step_day + at, arm->size);

            row.day = st_statistics_quantile(x, count, 0.50);
            count = sorted_step(tally, arm->step_volume_mL + at, arm->size);
            row.volume_mL = st_statistics_quantile(x, count, 0.50);
            count = sorted_step(tally, arm->step_cells + at, arm->size);
            row.q05 = st_statistics_quantile(x, count, 0.05);
            row.q50 = st_statistics_quantile(x, count, 0.50);
            row.q95 = st_statistics_quantile(x, count, 0.95);
            ST_TRY(sink->row(sink->self, ctx, ST_ROW_DOSE_STEP, &row));
        }
    }
    return ST_OK;
}

// --- outcomes -------------------------------------------------------------------------------

static st_outcome_row outcome_of(const st_tally* tally, int arm, int measure, int visit)
{
    const st_instrument_info* about =
        st_instruments_at(tally->study->instruments, tally->study->measure[measure]);
    const st_score* first = st_tally_scores(tally, arm, measure, 0);
    const st_score* score = st_tally_scores(tally, arm, measure, visit);
    st_outcome_row row = {.arm = arm, .measure = measure, .visit = visit};
    double* x = column(tally, 0);
    double* change = column(tally, 1);
    int64_t hits = 0;
    st_interval interval;

    for (int i = 0; i < tally->arm[arm].size; ++i) {
        if (!isnan(score[i].measured)) {
            x[row.n] = score[i].measured;
            change[row.n] = score[i].measured - first[i].measured;
            hits += (about->lower_is_better ? -change[row.n] : change[row.n]) >=
                    about->important_change;
            ++row.n;
        }
    }
    row.mean = st_statistics_mean(x, row.n);
    row.sd = st_statistics_sd(x, row.n);
    st_statistics_sort(x, row.n);
    row.q25 = st_statistics_quantile(x, row.n, 0.25);
    row.q50 = st_statistics_quantile(x, row.n, 0.50);
    row.q75 = st_statistics_quantile(x, row.n, 0.75);
    interval = st_statistics_mean_interval(change, row.n);
    row.change = interval.mean;
    row.change_sd = st_statistics_sd(change, row.n);
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
    PART_PRODUCT,
    PART_LATER,
    PART_TOTAL
} part;

static const char* const part_name[] = {"selection", "natural course",  "context and procedure",
                                        "product",   "later treatment", "total"};

/// One part of a person's measured change from visit 0 to v.                            [TRI-8]
static double part_of(part which, const st_score* at_0, const st_score* at_v)
{
    switch (which) {
    case PART_SELECTION:
        return (at_v->measured - at_v->value) - (at_0->measured - at_0->value);
    case PART_COURSE:
        return at_v->untreated - at_0->value;
    case PART_CONTEXT:
        return at_v->sham - at_v->untreated;
    case PART_PRODUCT:
        return at_v->first - at_v->sham;
    case PART_LATER:
        return at_v->value - at_v->first;
    case PART_TOTAL:
        break;
    }
    return at_v->measured - at_0->measured;
}

static st_status split_arm(st_ctx* ctx, const st_tally* tally, const st_sink* sink, int arm,
                           int measure, int visit)
{
    const st_score* first = st_tally_scores(tally, arm, measure, 0);
    const st_score* score = st_tally_scores(tally, arm, measure, visit);
    double* x = column(tally, 0);

    for (part which = PART_SELECTION; which <= PART_TOTAL; ++which) {
        st_split_row row = {
            .arm = arm, .measure = measure, .visit = visit, .part = part_name[which]};
        st_interval interval;
        int count = 0;

        if (which == PART_LATER && !st_later_changes_course(tally->study)) {
            continue;
        }
        for (int i = 0; i < tally->arm[arm].size; ++i) {
            if (!isnan(score[i].measured)) {
                x[count++] = part_of(which, &first[i], &score[i]);
            }
        }
        interval = st_statistics_mean_interval(x, count);
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
        int64_t people = 0;

        for (int i = 0; i < arm->size; ++i) {
            people += !arm->is_failed[i];
        }
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
