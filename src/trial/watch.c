#include "watch.h"

#include "compare.h"
#include "survival.h"

#include "base/maths.h"

#include <math.h>

typedef enum watch { WATCH_RESCUE, WATCH_REPLACEMENT, WATCH_RESPONSE, WATCH_COUNT } watch;

static const char* const watch_names[] = {"rescue", "replacement", "response"};

/// First visit at which the change is large enough; *last is the last one with a reading.
static double first_response(const st_study* study, const st_instrument_info* about,
                             const double* x, double* last)
{
    *last = 0.0;
    for (int v = 1; v < study->visit_count; ++v) {
        const double change = x[v] - x[0];
        if (!isnan(change)) {
            *last = study->visit[v].day;
            if ((about->lower_is_better ? -change : change) >= about->important_change) {
                return *last;
            }
        }
    }
    return INFINITY;
}

/// When an arm's people met the event, or were last seen without it.
static int watch_arm(st_tally* tally, int arm, watch which, double x, st_survival* out)
{
    const st_study* study = tally->study;
    const int m = study->primary_measure;
    const st_instrument_info* about = st_instruments_at(study->instruments, study->measure[m]);
    st_tally_walk walk;
    int end, met;
    int count = 0;

    st_tally_walk_begin(tally, 0, arm, &walk);
    for (int v = 0; v < study->visit_count; ++v) {
        st_tally_walk_add(
            &walk, st_tally_score(tally, v == 0 ? ST_TALLY_MEASURED : ST_TALLY_ANALYSED, m, v));
    }
    end = st_tally_walk_add(&walk, ST_TALLY_END_DAY);
    met = st_tally_walk_add(&walk,
                            which == WATCH_RESCUE ? ST_TALLY_RESCUE_DAY : ST_TALLY_REPLACEMENT_DAY);
    while (st_tally_walk_next(&walk)) {
        double event = walk.x[met];
        double last = walk.x[end];

        if (isnan(last)) {
            continue; // the numerics failed
        }
        if (which == WATCH_RESPONSE) {
            event = first_response(study, about, walk.x, &last);
        }
        out[count++] = (st_survival){fmin(event, last), event <= last, x};
    }
    return count;
}

static st_status emit_curve(st_ctx* ctx, const st_study* study, const st_sink* sink, int arm,
                            watch which, const st_survival* person, int count)
{
    for (int v = 1; v < study->visit_count; ++v) {
        const st_interval share = st_survival_share(person, count, study->visit[v].day);
        st_survival_row row = {.arm = arm,
                               .event = watch_names[which],
                               .day = study->visit[v].day,
                               .share = share.mean,
                               .lo = share.lo,
                               .hi = share.hi};
        for (int i = 0; i < count; ++i) {
            row.at_risk += person[i].day >= row.day;
            row.events += person[i].is_event && person[i].day <= row.day;
        }
        ST_TRY(sink->row(sink->self, ctx, ST_ROW_SURVIVAL, &row));
    }
    return ST_OK;
}

/// Curves of every arm; hazard ratio and log-rank test against its control.  [TRI-24 ... TRI-26]
static st_status emit_watch(st_ctx* ctx, st_tally* tally, const st_sink* sink, watch which,
                            st_survival* room)
{
    static const char* const ratios[] = {"rescue, hazard ratio", "replacement, hazard ratio",
                                         "response, hazard ratio"};
    const st_study* study = tally->study;

    for (int arm = 0; arm < study->arm_count; ++arm) {
        const int control = st_compare_control(study, arm);
        int count = watch_arm(tally, arm, which, 1.0, room);
        st_analysis_row place = {.arm = arm,
                                 .versus = control,
                                 .measure = study->primary_measure,
                                 .visit = study->visit_count - 1};
        st_contrast ratio;

        st_survival_sort(room, count);
        ST_TRY(emit_curve(ctx, study, sink, arm, which, room, count));
        if (control < 0) {
            continue;
        }
        count += watch_arm(tally, control, which, 0.0, room + count);
        st_survival_sort(room, count);
        ratio = st_survival_cox(room, count);
        ratio.difference = isnan(ratio.difference) ? NAN : st_exp(ratio.difference);
        ratio.lo = isnan(ratio.lo) ? NAN : st_exp(ratio.lo);
        ratio.hi = isnan(ratio.hi) ? NAN : st_exp(ratio.hi);
        st_survival_log_rank(room, count, &ratio.p);
        ST_TRY(st_compare_emit(ctx, sink, &place, ratios[which], &ratio));
    }
    return ST_OK;
}

st_status st_watch_emit(st_ctx* ctx, st_tally* tally, const st_sink* sink)
{
    const st_study* study = tally->study;
    const st_instrument_info* about =
        st_instruments_at(study->instruments, study->measure[study->primary_measure]);
    st_survival* room = st_alloc(ctx, 2 * (size_t)tally->largest, sizeof *room);
    st_status status = ST_OK;

    if (room == NULL) {
        return ST_ERR_MEMORY;
    }
    if (study->rescue.is_set) {
        status = emit_watch(ctx, tally, sink, WATCH_RESCUE, room);
    }
    if (study->replacement.is_set && status == ST_OK) {
        status = emit_watch(ctx, tally, sink, WATCH_REPLACEMENT, room);
    }
    if (about->important_change > 0.0 && status == ST_OK) {
        status = emit_watch(ctx, tally, sink, WATCH_RESPONSE, room);
    }
    st_free(ctx, room);
    return status;
}
