#include "compare.h"

#include "design.h"
#include "impute.h"
#include "mixed.h"
#include "multiple.h"
#include "statistics.h"
#include "student.h"
#include "watch.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

/// Run default: resampled trials behind an interval by simulation.
#define BOOTSTRAP_DRAWS 2000

/// Whose readings count, and what stands in for those that are missing.
typedef enum basis { BASIS_ANALYSED, BASIS_CARRIED, BASIS_PROTOCOL } basis;

/// Adds to a walk what score_in() needs for a visit; gives the position of the first column.
static int add_scores(st_tally_walk* walk, int measure, int visit, basis which)
{
    const st_tally* tally = walk->tally;
    const int first = walk->width;

    if (which == BASIS_PROTOCOL) {
        st_tally_walk_add(walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, visit));
        st_tally_walk_add(walk, ST_TALLY_PROTOCOL_DAY);
        return first;
    }
    st_tally_walk_add(walk, st_tally_score(tally, ST_TALLY_ANALYSED, measure, visit));
    for (int v = visit - 1; v >= 0 && which == BASIS_CARRIED; --v) {
        st_tally_walk_add(walk, st_tally_score(tally, ST_TALLY_ANALYSED, measure, v));
    }
    return first;
}

/// The score of a person at a visit on a basis, NAN when there is none.                 [TRI-34]
static double score_in(const st_tally_walk* walk, int first, int visit, basis which)
{
    const double* x = walk->x + first;
    double score = x[0];

    if (which == BASIS_PROTOCOL) {
        return walk->tally->study->visit[visit].day < x[1] ? score : NAN;
    }
    for (int v = 1; v <= visit && which == BASIS_CARRIED && isnan(score); ++v) {
        score = x[v];
    }
    return score;
}

/// Baselines and changes of those with a score at a visit.
static void changes_of(st_tally* tally, int arm, int measure, int visit, basis which,
                       st_series* baseline, st_series* change)
{
    st_tally_walk walk;
    int scores;

    st_series_restart(baseline);
    st_series_restart(change);
    st_tally_walk_begin(tally, 0, arm, &walk);
    st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, 0));
    scores = add_scores(&walk, measure, visit, which);
    while (st_tally_walk_next(&walk)) {
        const double score = score_in(&walk, scores, visit, which);
        if (!isnan(score)) {
            st_series_add(baseline, walk.x[0]);
            st_series_add(change, score - walk.x[0]);
        }
    }
}

static st_moments change_moments(st_tally* tally, int arm, int measure, int visit, basis which)
{
    changes_of(tally, arm, measure, visit, which, &tally->series[0], &tally->series[1]);
    return st_series_moments(&tally->series[0], &tally->series[1]);
}

/// An arm against another arm with other people, at one visit.
static st_contrast unpaired(st_tally* tally, int arm, int versus, int measure, int visit,
                            basis which, st_method method)
{
    const st_moments a = change_moments(tally, arm, measure, visit, which);
    const st_moments b = change_moments(tally, versus, measure, visit, which);

    return method == ST_METHOD_WELCH ? st_statistics_welch_of(&a, &b)
                                     : st_statistics_ancova_of(&a, &b);
}

/// An arm's people against themselves in a twin arm.
static st_contrast paired(st_tally* tally, int arm, int twin, int measure, int visit)
{
    const int column = st_tally_score(tally, ST_TALLY_MEASURED, measure, visit);
    st_series* difference = &tally->series[0];
    st_tally_walk here, there;
    st_moments moments;

    st_series_restart(difference);
    st_tally_walk_begin(tally, 0, arm, &here);
    st_tally_walk_begin(tally, 1, twin, &there);
    st_tally_walk_add(&here, column);
    st_tally_walk_add(&here, ST_TALLY_ORDER);
    st_tally_walk_add(&there, column);
    while (st_tally_walk_next(&here)) {
        // Slots of an arm are in the order of entry, and that order is the slot of
        // the twin arm.
        while ((double)there.slot <= here.x[1] && st_tally_walk_next(&there)) {
        }
        // The baseline is the same reading of the same person and cancels.
        const double d = here.x[0] - there.x[0];
        if (!isnan(d)) {
            st_series_add(difference, d);
        }
    }
    moments = st_series_moments(difference, difference);
    return st_statistics_paired_of(&moments);
}

// --- the mixed model ------------------------------------------------------------------------

/// Mean baseline of everybody with one, in arms with people of their own.
static double baseline_centre(st_tally* tally, int measure)
{
    double mean = 0.0;
    double people = 0.0;

    for (int arm = 0; arm < tally->study->arm_count; ++arm) {
        st_tally_walk walk;
        if (tally->study->arm[arm].info.is_twin) {
            continue;
        }
        st_tally_walk_begin(tally, 0, arm, &walk);
        st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, 0));
        while (st_tally_walk_next(&walk)) {
            mean += isnan(walk.x[0]) ? 0.0 : walk.x[0];
            people += isnan(walk.x[0]) ? 0.0 : 1.0;
        }
    }
    return people > 0.0 ? mean / people : 0.0;
}

/// The people of one arm as they enter the mixed model; `own` is its covariate.
static st_status mix_arm(st_tally* tally, int arm, int own, int covariates, int measure,
                         double centre, st_mixed* mixed)
{
    const int visits = tally->study->visit_count - 1;
    double z[ST_ARM_LIMIT + 1] = {0};
    double change[ST_MIXED_VISIT_LIMIT];
    st_tally_walk walk;

    st_tally_walk_begin(tally, 0, arm, &walk);
    st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, 0));
    for (int v = 0; v < visits; ++v) {
        add_scores(&walk, measure, v + 1, BASIS_ANALYSED);
    }
    z[own] = 1.0;
    while (st_tally_walk_next(&walk)) {
        const double first = walk.x[0];
        z[covariates - 1] = first - centre;
        for (int v = 0; v < visits; ++v) {
            change[v] = score_in(&walk, 1 + v, v + 1, BASIS_ANALYSED) - first;
        }
        if (!isnan(first)) {
            ST_TRY(st_mixed_add(mixed, z, change));
        }
    }
    return ST_OK;
}

/// Change ~ visit x arm + visit x baseline over all arms with people of their own; NULL when the
/// model cannot be fitted. [TRI-21]
static st_status fit_mixed(st_ctx* ctx, st_tally* tally, int measure, st_mixed** out)
{
    const st_study* study = tally->study;
    const int visits = study->visit_count - 1;
    const int covariates = study->arm_count + 1 - study->twin_count;
    const double centre = baseline_centre(tally, measure);
    st_status status = ST_OK;
    int own = 0;

    *out = NULL;
    if (visits > ST_MIXED_VISIT_LIMIT || covariates * visits > ST_MIXED_COEFFICIENT_LIMIT) {
        return ST_OK;
    }
    ST_TRY(st_mixed_create(ctx, covariates, visits, out));
    for (int arm = 0; arm < study->arm_count && status == ST_OK; ++arm) {
        if (!study->arm[arm].info.is_twin) {
            status = mix_arm(tally, arm, own++, covariates, measure, centre, *out);
        }
    }
    if (status != ST_OK || !st_mixed_fit(*out)) {
        st_mixed_destroy(*out);
        *out = NULL;
    }
    return status;
}

/// Position of an arm among those with people of their own.
static int own_index(const st_study* study, int arm)
{
    int own = 0;

    for (int i = 0; i < arm; ++i) {
        own += !study->arm[i].info.is_twin;
    }
    return own;
}

static st_contrast mixed_contrast(const st_study* study, const st_mixed* mixed, int arm, int versus,
                                  int visit)
{
    const int covariates = study->arm_count + 1 - study->twin_count;
    double weight[ST_MIXED_COEFFICIENT_LIMIT] = {0};

    if (mixed == NULL) {
        return st_statistics_contrast(NAN, NAN, NAN);
    }
    weight[(visit - 1) * covariates + own_index(study, arm)] = 1.0;
    weight[(visit - 1) * covariates + own_index(study, versus)] = -1.0;
    return st_mixed_contrast(mixed, weight);
}

// --- primary contrasts ----------------------------------------------------------------------

int st_compare_control(const st_study* study, int arm)
{
    const int control = study->arm[arm].info.control;

    return study->arm[arm].info.is_twin || control < 0 || study->arm[control].info.is_twin
               ? -1
               : control;
}

static st_contrast primary_contrast(st_tally* tally, const st_mixed* mixed, int arm, int versus,
                                    int measure, int visit)
{
    const st_study* study = tally->study;

    return study->method == ST_METHOD_MMRM
               ? mixed_contrast(study, mixed, arm, versus, visit)
               : unpaired(tally, arm, versus, measure, visit,
                          study->missing == ST_MISSING_LOCF ? BASIS_CARRIED : BASIS_ANALYSED,
                          study->method);
}

static st_status emit_contrast(st_ctx* ctx, const st_sink* sink, st_contrast_row row,
                               const st_contrast* contrast)
{
    row.difference = contrast->difference;
    row.lo = contrast->lo;
    row.hi = contrast->hi;
    row.p = contrast->p;
    return sink->row(sink->self, ctx, ST_ROW_CONTRAST, &row);
}

static st_status contrast_arm(st_ctx* ctx, st_tally* tally, const st_mixed* mixed,
                              const st_sink* sink, int measure, int visit, int arm)
{
    const st_study* study = tally->study;
    const int control = st_compare_control(study, arm);
    st_contrast_row row = {.arm = arm, .versus = control, .measure = measure, .visit = visit};
    st_contrast contrast;

    if (study->arm[arm].info.is_twin) {
        return ST_OK;
    }
    if (control >= 0) {
        row.method = st_design_method_name(study->method);
        contrast = primary_contrast(tally, mixed, arm, control, measure, visit);
        ST_TRY(emit_contrast(ctx, sink, row, &contrast));
    }
    row.method = "paired";
    for (int twin = 0; twin < study->arm_count; ++twin) {
        if (study->arm[twin].info.is_twin) {
            row.versus = twin;
            contrast = paired(tally, arm, twin, measure, visit);
            ST_TRY(emit_contrast(ctx, sink, row, &contrast));
        }
    }
    return ST_OK;
}

st_status st_compare_contrasts(st_ctx* ctx, st_tally* tally, const st_sink* sink)
{
    const st_study* study = tally->study;

    for (int measure = 0; measure < study->measure_count; ++measure) {
        st_mixed* mixed = NULL;
        st_status status = ST_OK;

        if (study->method == ST_METHOD_MMRM) {
            ST_TRY(fit_mixed(ctx, tally, measure, &mixed));
        }
        for (int visit = 1; visit < study->visit_count && status == ST_OK; ++visit) {
            for (int arm = 0; arm < study->arm_count && status == ST_OK; ++arm) {
                status = contrast_arm(ctx, tally, mixed, sink, measure, visit, arm);
            }
        }
        st_mixed_destroy(mixed);
        ST_TRY(status);
    }
    return ST_OK;
}

// --- analyses beside the primary one --------------------------------------------------------

st_status st_compare_emit(st_ctx* ctx, const st_sink* sink, const st_analysis_row* place,
                          const char* method, const st_contrast* contrast)
{
    st_analysis_row row = *place;

    row.method = method;
    row.estimate = contrast->difference;
    row.lo = contrast->lo;
    row.hi = contrast->hi;
    row.p = contrast->p;
    return sink->row(sink->self, ctx, ST_ROW_ANALYSIS, &row);
}

/// Responders among those with a score: at least the important change, in the better direction.
static int64_t count_responders(st_tally* tally, int arm, int measure, int visit, int64_t* of)
{
    const st_instrument_info* about =
        st_instruments_at(tally->study->instruments, tally->study->measure[measure]);
    st_tally_walk walk;
    int64_t hits = 0;

    *of = 0;
    st_tally_walk_begin(tally, 0, arm, &walk);
    st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_MEASURED, measure, 0));
    st_tally_walk_add(&walk, st_tally_score(tally, ST_TALLY_ANALYSED, measure, visit));
    while (st_tally_walk_next(&walk)) {
        const double change = walk.x[1] - walk.x[0];
        if (!isnan(walk.x[1])) {
            hits += (about->lower_is_better ? -change : change) >= about->important_change;
            ++*of;
        }
    }
    return hits;
}

static st_status emit_responders(st_ctx* ctx, st_tally* tally, const st_sink* sink,
                                 const st_analysis_row* place)
{
    const st_instrument_info* about =
        st_instruments_at(tally->study->instruments, tally->study->measure[place->measure]);
    int64_t a_count, b_count;
    const int64_t a = count_responders(tally, place->arm, place->measure, place->visit, &a_count);
    const int64_t b =
        count_responders(tally, place->versus, place->measure, place->visit, &b_count);
    st_contrast contrast;

    if (!(about->important_change > 0.0) || a_count < 1 || b_count < 1) {
        return ST_OK;
    }
    contrast = st_statistics_risk_difference(a, a_count, b, b_count);
    ST_TRY(st_compare_emit(ctx, sink, place, "responders, difference", &contrast));
    contrast = st_statistics_odds_ratio(a, a_count, b, b_count);
    return st_compare_emit(ctx, sink, place, "responders, odds ratio", &contrast);
}

/// Interval of the adjusted difference from trials resampled person by person. Those of the two
/// arms are in memory for it. [TRI-29]
static st_status emit_bootstrap(st_ctx* ctx, st_tally* tally, uint64_t seed, const st_sink* sink,
                                const st_analysis_row* place)
{
    const size_t stride = (size_t)tally->largest;
    double* room = st_alloc(ctx, 8 * stride + BOOTSTRAP_DRAWS, sizeof *room);
    double* from = room == NULL ? NULL : room + 4 * stride;
    double* found = room == NULL ? NULL : room + 8 * stride;
    int count[2];
    st_contrast contrast;
    st_status status;
    int known = 0;

    if (room == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int side = 0; side < 2; ++side) {
        changes_of(tally, side == 0 ? place->arm : place->versus, place->measure, place->visit,
                   BASIS_ANALYSED, &tally->series[0], &tally->series[1]);
        count[side] = (int)tally->series[0].count;
        st_series_copy(&tally->series[0], from + (size_t)(2 * side) * stride);
        st_series_copy(&tally->series[1], from + (size_t)(2 * side + 1) * stride);
    }
    contrast = st_statistics_ancova(from, from + stride, count[0], from + 2 * stride,
                                    from + 3 * stride, count[1]);
    for (int draw = 0; draw < BOOTSTRAP_DRAWS; ++draw) {
        double difference;
        for (int side = 0; side < 2; ++side) {
            const double* baseline = from + (size_t)(2 * side) * stride;
            double* to = room + (size_t)(2 * side) * stride;
            const st_random_key key = {seed, ST_STREAM_BOOTSTRAP,
                                       UINT64_C(1) << 32 | (uint64_t)(place->arm * 2 + side),
                                       (uint64_t)draw};
            for (int i = 0; i < count[side]; ++i) {
                const int pick =
                    (int)floor(st_random_uniform(&key, (uint64_t)i) * (double)count[side]);
                to[i] = baseline[pick];
                to[stride + (size_t)i] = baseline[stride + (size_t)pick];
            }
        }
        difference = st_statistics_ancova(room, room + stride, count[0], room + 2 * stride,
                                          room + 3 * stride, count[1])
                         .difference;
        if (!isnan(difference)) {
            found[known++] = difference;
        }
    }
    st_statistics_sort(found, known);
    contrast.lo = st_statistics_quantile(found, known, 0.5 - 0.5 * ST_STATISTICS_LEVEL);
    contrast.hi = st_statistics_quantile(found, known, 0.5 + 0.5 * ST_STATISTICS_LEVEL);
    contrast.p = NAN;
    status = st_compare_emit(ctx, sink, place, "ancova, bootstrap", &contrast);
    st_free(ctx, room);
    return status;
}

static st_status beside_arm(st_ctx* ctx, st_tally* tally, const st_mixed* mixed,
                            const st_sink* sink, const st_analysis_row* place)
{
    const unsigned also = tally->study->also;
    const int arm = place->arm, versus = place->versus, m = place->measure, v = place->visit;
    st_contrast c;

    if ((also & ST_ALSO_ANCOVA) != 0) {
        c = unpaired(tally, arm, versus, m, v, BASIS_ANALYSED, ST_METHOD_ANCOVA);
        ST_TRY(st_compare_emit(ctx, sink, place, "ancova", &c));
    }
    if ((also & ST_ALSO_WELCH) != 0) {
        c = unpaired(tally, arm, versus, m, v, BASIS_ANALYSED, ST_METHOD_WELCH);
        ST_TRY(st_compare_emit(ctx, sink, place, "welch", &c));
    }
    if ((also & ST_ALSO_MMRM) != 0) {
        c = mixed_contrast(tally->study, mixed, arm, versus, v);
        ST_TRY(st_compare_emit(ctx, sink, place, "mmrm", &c));
    }
    if ((also & ST_ALSO_LOCF) != 0) {
        c = unpaired(tally, arm, versus, m, v, BASIS_CARRIED, ST_METHOD_ANCOVA);
        ST_TRY(st_compare_emit(ctx, sink, place, "ancova, last carried", &c));
    }
    if ((also & ST_ALSO_PROTOCOL) != 0) {
        c = unpaired(tally, arm, versus, m, v, BASIS_PROTOCOL, ST_METHOD_ANCOVA);
        ST_TRY(st_compare_emit(ctx, sink, place, "ancova, per protocol", &c));
    }
    return (also & ST_ALSO_RESPONDERS) != 0 ? emit_responders(ctx, tally, sink, place) : ST_OK;
}

// --- several arms together ------------------------------------------------------------------

/// All arms that share the study's control, at the primary endpoint.           [TRI-27, TRI-28]
static st_status emit_multiple(st_ctx* ctx, st_tally* tally, const st_mixed* mixed, uint64_t seed,
                               const st_sink* sink)
{
    static const char* const names[] = {"", "holm", "hochberg", "dunnett"};
    const st_study* study = tally->study;
    const int m = study->primary_measure, v = study->primary_visit;
    st_contrast contrast[ST_MULTIPLE_LIMIT];
    double p[ST_MULTIPLE_LIMIT], t[ST_MULTIPLE_LIMIT], size[ST_MULTIPLE_LIMIT];
    double adjusted[ST_MULTIPLE_LIMIT];
    double half[ST_MULTIPLE_LIMIT], df = INFINITY, critical = NAN;
    int arm_of[ST_MULTIPLE_LIMIT];
    int count = 0;

    for (int arm = 0; arm < study->arm_count && count < ST_MULTIPLE_LIMIT; ++arm) {
        st_contrast* c = &contrast[count];
        if (st_compare_control(study, arm) != study->primary_control ||
            study->primary_control < 0) {
            continue;
        }
        *c = primary_contrast(tally, mixed, arm, study->primary_control, m, v);
        half[count] = 0.5 * (c->hi - c->lo) / st_student_critical(1.0 - ST_STATISTICS_LEVEL, c->df);
        t[count] = c->difference / half[count];
        p[count] = c->p;
        size[count] = study->arm[arm].info.size;
        df = fmin(df, c->df);
        arm_of[count++] = arm;
    }
    if (count == 0) {
        return ST_OK;
    }
    if (study->multiplicity == ST_MULTIPLICITY_HOLM) {
        st_multiple_holm(p, count, adjusted);
    } else if (study->multiplicity == ST_MULTIPLICITY_HOCHBERG) {
        st_multiple_hochberg(p, count, adjusted);
    } else {
        st_multiple_dunnett(t, size, count, study->arm[study->primary_control].info.size, df, seed,
                            0, adjusted, &critical);
    }
    for (int i = 0; i < count; ++i) {
        const st_analysis_row place = {
            .arm = arm_of[i], .versus = study->primary_control, .measure = m, .visit = v};
        // Step procedures have no simple intervals of their own.
        contrast[i].lo = contrast[i].difference - critical * half[i];
        contrast[i].hi = contrast[i].difference + critical * half[i];
        contrast[i].p = adjusted[i];
        ST_TRY(st_compare_emit(ctx, sink, &place, names[study->multiplicity], &contrast[i]));
    }
    return ST_OK;
}

// --- all of it ------------------------------------------------------------------------------

static st_contrast jump_contrast(st_tally* tally, const st_mixed* mixed,
                                 const st_analysis_row* place, uint64_t seed)
{
    const st_study* study = tally->study;
    int own[ST_ARM_LIMIT];

    for (int arm = 0; arm < study->arm_count; ++arm) {
        own[arm] = own_index(study, arm);
    }
    const st_impute_model model = {.mixed = mixed,
                                   .covariates = study->arm_count + 1 - study->twin_count,
                                   .visits = study->visit_count - 1,
                                   .centre = baseline_centre(tally, place->measure),
                                   .own = own};
    return st_impute_contrast(tally, &model, place->arm, place->versus, place->measure,
                              place->visit, seed);
}

static st_status beside_measure(st_ctx* ctx, st_tally* tally, uint64_t seed, const st_sink* sink,
                                int measure, const st_mixed* mixed)
{
    const st_study* study = tally->study;

    for (int visit = 1; visit < study->visit_count; ++visit) {
        for (int arm = 0; arm < study->arm_count; ++arm) {
            const st_analysis_row place = {.arm = arm,
                                           .versus = st_compare_control(study, arm),
                                           .measure = measure,
                                           .visit = visit};
            if (place.versus < 0) {
                continue;
            }
            ST_TRY(beside_arm(ctx, tally, mixed, sink, &place));
            if ((study->also & ST_ALSO_JUMP) != 0 && measure == study->primary_measure) {
                const st_contrast jump = jump_contrast(tally, mixed, &place, seed);
                ST_TRY(st_compare_emit(ctx, sink, &place, "ancova, jump to reference", &jump));
            }
            if ((study->also & ST_ALSO_BOOTSTRAP) != 0 && measure == study->primary_measure &&
                visit == study->primary_visit) {
                ST_TRY(emit_bootstrap(ctx, tally, seed, sink, &place));
            }
        }
    }
    return measure == study->primary_measure && study->multiplicity != ST_MULTIPLICITY_NONE
               ? emit_multiple(ctx, tally, mixed, seed, sink)
               : ST_OK;
}

st_status st_compare_beside(st_ctx* ctx, st_tally* tally, uint64_t seed, const st_sink* sink)
{
    const st_study* study = tally->study;

    if (study->also == 0 && study->multiplicity == ST_MULTIPLICITY_NONE) {
        return ST_OK;
    }
    for (int measure = 0; measure < study->measure_count; ++measure) {
        st_mixed* mixed = NULL;
        st_status status;

        if ((study->also & ST_ALSO_MMRM) != 0 ||
            ((study->method == ST_METHOD_MMRM || (study->also & ST_ALSO_JUMP) != 0) &&
             measure == study->primary_measure)) {
            ST_TRY(fit_mixed(ctx, tally, measure, &mixed));
        }
        status = beside_measure(ctx, tally, seed, sink, measure, mixed);
        st_mixed_destroy(mixed);
        ST_TRY(status);
    }
    return (study->also & ST_ALSO_TIME) != 0 ? st_watch_emit(ctx, tally, sink) : ST_OK;
}
