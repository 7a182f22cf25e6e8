#include "assumed.h"

#include "statistics.h"

#include "base/random.h"

#include <math.h>

/// What is done to a parameter.
#define FACTOR 0.5
/// Share of the scale that all changes together must reach to be an effect.
#define LEAST 1e-4
/// Run default: resampled groups of people behind the interval.
#define DRAWS 400

typedef struct inquiry {
    st_crew* crew;
    const st_study* study;
    st_stay_batch batch;
    st_entrant* entrant; ///< [people]
    double* factor;      ///< [parameters]
    double* shift;       ///< [parameters], all 0
    double* usual;       ///< [people] product part as it is
    double* moved;       ///< [parameters][people] what halving changes
    double* found;       ///< [DRAWS]
    int people;
    int first_of[33]; ///< first person of each arm; the last is the end
} inquiry;

/// The first block of people of each arm with people of its own.
static st_status choose_people(inquiry* q, st_screening* screening)
{
    for (int arm = 0; arm < q->study->arm_count; ++arm) {
        q->first_of[arm] = q->people;
        for (int64_t i = 0; i < screening->entrant_count; i += ST_ENTRANTS_BLOCK) {
            const int64_t left = screening->entrant_count - i;
            const int64_t count = left < ST_ENTRANTS_BLOCK ? left : ST_ENTRANTS_BLOCK;
            const st_entrant* entrant = st_entrants_at(&screening->people, i, count);
            if (entrant == NULL) {
                return ST_ERR_MEMORY;
            }
            for (int64_t k = 0; k < count; ++k) {
                if (entrant[k].arm == arm && entrant[k].slot < ST_CREW_BLOCK) {
                    q->entrant[q->people++] = entrant[k];
                }
            }
        }
    }
    q->first_of[q->study->arm_count] = q->people;
    return ST_OK;
}

/// Product part of everybody at the primary endpoint, NAN where it could not be computed.
static st_status look(inquiry* q, double* product)
{
    const st_study* study = q->study;
    const int stays = 1 + study->twin_count;
    const int scores = study->measure_count * study->visit_count;
    const int at = study->primary_measure * study->visit_count + study->primary_visit;

    ST_TRY(st_crew_run(q->crew, (q->people + ST_CREW_BLOCK - 1) / ST_CREW_BLOCK, st_stay_block,
                       &q->batch));
    for (int i = 0; i < q->people; ++i) {
        const st_score* score = &q->batch.score[i * stays * scores + at];
        // Without an injection the plan of care is the treatment.
        const st_arm* arm = &study->arm[q->batch.stay[i * stays].arm];
        product[i] = score->first - (arm->recipe == NULL ? score->sham : score->planned);
    }
    return ST_OK;
}

static st_status halve_one_by_one(inquiry* q)
{
    const int count = q->crew->parameter_count;

    for (int j = 0; j < count; ++j) {
        q->factor[j] = 1.0;
    }
    q->crew->parameter_factor = q->factor;
    q->crew->parameter_shift = q->shift;
    ST_TRY(look(q, q->usual));
    for (int j = 0; j < count; ++j) {
        double* moved = q->moved + (size_t)j * (size_t)q->people;
        q->factor[j] = FACTOR;
        ST_TRY(look(q, moved));
        q->factor[j] = 1.0;
        for (int i = 0; i < q->people; ++i) {
            moved[i] = isnan(moved[i] - q->usual[i]) ? 0.0 : moved[i] - q->usual[i];
        }
    }
    return ST_OK;
}

/// Sum over assumed parameters of |mean change| over the sum over all, people from..to-1 as `pick`
/// lists them (NULL: each once).                                                        [TRI-36]
static double share_of(const inquiry* q, int from, int to, const int* pick)
{
    const st_instrument_info* about =
        st_instruments_at(q->study->instruments, q->study->measure[q->study->primary_measure]);
    double assumed = 0.0;
    double all = 0.0;

    for (int j = 0; j < q->crew->parameter_count; ++j) {
        const double* moved = q->moved + (size_t)j * (size_t)q->people;
        double sum = 0.0;
        for (int i = from; i < to; ++i) {
            sum += moved[pick == NULL ? i : pick[i - from]];
        }
        all += fabs(sum);
        assumed += st_model_parameter(q->study->model, j)->assumed != NULL ? fabs(sum) : 0.0;
    }
    // What stays within the tolerance of the solver is no effect.
    return all > LEAST * (about->hi - about->lo) * (to - from) ? assumed / all : NAN;
}

static st_status emit_arm(inquiry* q, int arm, const st_sink* sink)
{
    const int from = q->first_of[arm];
    const int to = q->first_of[arm + 1];
    st_analysis_row row = {.arm = arm,
                           .versus = arm,
                           .measure = q->study->primary_measure,
                           .visit = q->study->primary_visit,
                           .method = "share of the product part that is assumed",
                           .estimate = share_of(q, from, to, NULL),
                           .lo = NAN,
                           .hi = NAN,
                           .p = NAN};
    int known = 0;

    for (int draw = 0; draw < DRAWS; ++draw) {
        const st_random_key key = {q->crew->seed, ST_STREAM_BOOTSTRAP,
                                   UINT64_C(2) << 32 | (uint64_t)arm, (uint64_t)draw};
        int pick[ST_CREW_BLOCK];
        for (int i = 0; i < to - from; ++i) {
            pick[i] = from + (int)floor(st_random_uniform(&key, (uint64_t)i) * (to - from));
        }
        const double share = share_of(q, from, to, pick);
        if (!isnan(share)) {
            q->found[known++] = share;
        }
    }
    st_statistics_sort(q->found, known);
    row.lo = st_statistics_quantile(q->found, known, 0.5 - 0.5 * ST_STATISTICS_LEVEL);
    row.hi = st_statistics_quantile(q->found, known, 0.5 + 0.5 * ST_STATISTICS_LEVEL);
    return sink->row(sink->self, q->crew->ctx, ST_ROW_ANALYSIS, &row);
}

st_status st_assumed_emit(st_crew* crew, st_screening* screening, const st_stay_events* events,
                          st_trace* trace, const st_sink* sink)
{
    const st_study* study = crew->study;
    const size_t limit = ST_CREW_BLOCK * (size_t)study->arm_count;
    const size_t stays = 1 + (size_t)study->twin_count;
    const size_t scores = (size_t)study->measure_count * (size_t)study->visit_count;
    const size_t parameters = (size_t)crew->parameter_count;
    st_ctx* ctx = crew->ctx;
    const double* const old_factor = crew->parameter_factor;
    const double* const old_shift = crew->parameter_shift;
    inquiry q = {.crew = crew,
                 .study = study,
                 .entrant = st_alloc(ctx, limit, sizeof *q.entrant),
                 .factor = st_alloc(ctx, parameters, sizeof *q.factor),
                 .shift = st_alloc(ctx, parameters, sizeof *q.shift),
                 .usual = st_alloc(ctx, limit, sizeof *q.usual),
                 .moved = st_alloc(ctx, parameters * limit, sizeof *q.moved),
                 .found = st_alloc(ctx, DRAWS, sizeof *q.found)};
    st_stay* stay = st_alloc(ctx, limit * stays, sizeof *stay);
    st_score* score = st_alloc(ctx, limit * stays * scores, sizeof *score);
    st_status status = ST_ERR_MEMORY;

    if (q.entrant != NULL && q.factor != NULL && q.shift != NULL && q.usual != NULL &&
        q.moved != NULL && q.found != NULL && stay != NULL && score != NULL) {
        status = choose_people(&q, screening);
        q.batch = (st_stay_batch){.entrant = q.entrant,
                                  .count = q.people,
                                  .events = events,
                                  .trace = trace,
                                  .stay = stay,
                                  .score = score};
        status = status == ST_OK ? halve_one_by_one(&q) : status;
        crew->parameter_factor = old_factor;
        crew->parameter_shift = old_shift;
        for (int arm = 0; arm < study->arm_count && status == ST_OK; ++arm) {
            if (q.first_of[arm + 1] > q.first_of[arm]) {
                status = emit_arm(&q, arm, sink);
            }
        }
    }
    st_free(ctx, score);
    st_free(ctx, stay);
    st_free(ctx, q.found);
    st_free(ctx, q.moved);
    st_free(ctx, q.usual);
    st_free(ctx, q.shift);
    st_free(ctx, q.factor);
    st_free(ctx, q.entrant);
    return status;
}
