#include "screening.h"

#include "design.h"
#include "entry.h"
#include "verdicts.h"

#include "base/random.h"

#include <math.h>

/// Candidates that are looked at before a trial gives up.
#define CANDIDATES_AT_LEAST 100000

/// Blocks of the allocation under way, one per stratum.
typedef struct allocation_blocks {
    int* place;       ///< [strata][block_size]
    int64_t* entered; ///< [strata]
} allocation_blocks;

/// Candidates of one round, in order.
typedef struct batch {
    int64_t first_id;
    st_person* person; ///< [ST_SCREENING_ROUND]
    int* verdict;      ///< criterion that failed first, or ST_SCREENING_ENTERED
} batch;

/// What an instrument prints at the screening visits and, at the end, at the baseline. [TRI-13]
static void read_screening(const st_crew* crew, const st_course* course, uint64_t id,
                           int instrument, double* measured)
{
    const st_study* study = crew->study;
    const int count = study->screening_count;
    st_reading reading[ST_SCREENING_LIMIT + 1];

    for (int k = 0; k <= count; ++k) {
        reading[k] =
            (st_reading){.visit = k - count, .day = k < count ? study->screening_day[k] : 0.0};
        reading[k].value = st_instrument_value(study->instruments, instrument,
                                               course->sample + (size_t)k * (size_t)crew->width);
    }
    st_instrument_read(study->instruments, instrument, crew->seed, id, reading, count + 1);
    for (int k = 0; k <= count; ++k) {
        measured[k] = reading[k].measured;
    }
}

/// First criterion that fails: bounds at every screening visit (the baseline itself without one),
/// then the run-in.
static int judge_scores(const st_crew* crew, const st_course* course, uint64_t id)
{
    const st_study* study = crew->study;
    const int last = study->screening_count;
    double measured[ST_SCREENING_LIMIT + 1] = {0};

    if (course->status != ST_OK) {
        return study->criterion_count + 1;
    }
    for (int i = 0; i < study->criterion_count; ++i) {
        if (study->criterion[i].instrument < 0) {
            continue;
        }
        read_screening(crew, course, id, study->criterion[i].instrument, measured);
        for (int k = 0; k < (last > 0 ? last : 1); ++k) {
            if (!st_entry_within(&study->criterion[i].range, measured[k])) {
                return i;
            }
        }
    }
    if (study->run_in.is_set) {
        read_screening(crew, course, id, study->measure[study->run_in.measure], measured);
        if (!st_later_within(&study->run_in, measured[last] - measured[last - 1])) {
            return study->criterion_count;
        }
    }
    return ST_SCREENING_ENTERED;
}

static st_status screen_block(st_crew* crew, st_worker* worker, int64_t item, void* arg)
{
    const batch* r = arg;
    const st_study* study = crew->study;
    const int64_t begin = item * ST_CREW_BLOCK;
    double day[ST_SCREENING_LIMIT + 1];
    int row_of[ST_CREW_BLOCK];
    int count = 0;

    // The true scores at screening; a model that does not settle is as it is at its start.
    for (int k = 0; k <= study->screening_count; ++k) {
        day[k] = k < study->screening_count ? fmax(study->screening_day[k], crew->begin_day) : 0.0;
    }
    for (int i = 0; i < ST_CREW_BLOCK; ++i) {
        st_person* person = &r->person[begin + i];
        st_people_draw(study->people, crew->seed, (uint64_t)(r->first_id + begin + i), person);
        r->verdict[begin + i] = st_entry_attribute(study, crew->seed, person);
        if (r->verdict[begin + i] == ST_SCREENING_ENTERED &&
            (st_entry_needs_score(study) || study->run_in.is_set)) {
            st_crew_person(crew, worker, count, person);
            st_crew_course(crew, worker, count, count, 0.0, day, study->screening_count + 1);
            row_of[count++] = i;
        }
    }
    if (count > 0) {
        ST_TRY(st_population_solve(worker->population, worker->course, count));
    }
    for (int k = 0; k < count; ++k) {
        const int64_t at = begin + row_of[k];
        r->verdict[at] = judge_scores(crew, &worker->course[k], r->person[at].id);
    }
    return ST_OK;
}

/// Those who may enter, where the verdicts are known.
static st_status draw_block(st_crew* crew, st_worker* worker, int64_t item, void* arg)
{
    const batch* r = arg;

    (void)worker;
    for (int64_t i = item * ST_CREW_BLOCK; i < (item + 1) * ST_CREW_BLOCK; ++i) {
        if (r->verdict[i] == ST_SCREENING_ENTERED) {
            st_people_draw(crew->study->people, crew->seed, (uint64_t)(r->first_id + i),
                           &r->person[i]);
        }
    }
    return ST_OK;
}

st_status st_screening_judge(st_crew* crew, int64_t round, st_person* person, int* verdict)
{
    batch r = {.first_id = 1 + round * ST_SCREENING_ROUND, .person = person, .verdict = verdict};

    return st_crew_run(crew, ST_SCREENING_ROUND / ST_CREW_BLOCK, screen_block, &r);
}

/// Arm of the next entrant: each free place is as likely as any other.               [TRI-9]
static int allocate(const st_crew* crew, uint64_t person, const int* taken)
{
    const st_random_key key = {crew->seed, ST_STREAM_ALLOCATION, person, 0};
    const st_study* study = crew->study;
    int64_t free_count = 0;
    double place;
    int last = -1;

    for (int arm = 0; arm < study->arm_count; ++arm) {
        free_count += study->arm[arm].info.is_twin ? 0 : study->arm[arm].info.size - taken[arm];
    }
    place = floor(st_random_uniform(&key, 0) * (double)free_count);
    for (int arm = 0; arm < study->arm_count; ++arm) {
        const int here = study->arm[arm].info.is_twin ? 0 : study->arm[arm].info.size - taken[arm];
        if (here > 0) {
            last = arm;
            if (place < here) {
                return arm;
            }
            place -= here;
        }
    }
    return last;
}

/// Places of one block in random order.                                               [TRI-30]
static void shuffle_block(const st_crew* crew, st_random_key key, int* place)
{
    const st_study* study = crew->study;
    int count = 0;

    for (int arm = 0; arm < study->arm_count; ++arm) {
        for (int k = 0; k < study->ratio[arm]; ++k) {
            place[count++] = arm;
        }
    }
    for (int i = count - 1; i > 0; --i) {
        const int other = (int)floor(st_random_uniform(&key, (uint64_t)i) * (i + 1));
        const int arm = place[i];
        place[i] = place[other];
        place[other] = arm;
    }
}

/// Arm of the next entrant of a stratum by permuted blocks. Where a block offers an arm that is
/// full, the urn decides, so that sizes come out.                                       [TRI-30]
static int allocate_block(const st_crew* crew, const st_person* person, const int* taken,
                          allocation_blocks* blocks)
{
    const st_study* study = crew->study;
    const int stratum = st_design_stratum(study, person);
    int* place = blocks->place + (size_t)stratum * (size_t)study->block_size;
    const int64_t turn = blocks->entered[stratum]++;
    const int at = (int)(turn % study->block_size);
    int arm;

    if (at == 0) {
        const st_random_key key = {crew->seed, ST_STREAM_ALLOCATION, UINT64_MAX - (uint64_t)stratum,
                                   (uint64_t)(turn / study->block_size)};
        shuffle_block(crew, key, place);
    }
    arm = place[at];
    return taken[arm] < study->arm[arm].info.size ? arm : allocate(crew, person->id, taken);
}

/// Takes a round's verdicts in order of the candidates' numbers until all places are filled.
static st_status admit(st_crew* crew, const batch* r, int64_t count, int* taken,
                       allocation_blocks* blocks, st_screening* out)
{
    const int64_t needed = crew->study->people_count;

    for (int64_t i = 0; i < count && out->entrant_count < needed; ++i) {
        ++out->screened;
        if (r->verdict[i] != ST_SCREENING_ENTERED) {
            ++out->failed[r->verdict[i]];
        } else {
            st_entrant entrant = {.person = r->person[i]};
            entrant.arm = crew->study->block_size > 0
                              ? allocate_block(crew, &entrant.person, taken, blocks)
                              : allocate(crew, entrant.person.id, taken);
            entrant.slot = taken[entrant.arm]++;
            ST_TRY(st_entrants_add(&out->people, &entrant));
            ++out->entrant_count;
        }
    }
    return ST_OK;
}

static st_status run_rounds(st_crew* crew, st_verdicts* verdicts, batch* r, int* taken,
                            allocation_blocks* blocks, st_screening* out)
{
    const int64_t needed = crew->study->people_count;
    const int64_t limit = needed > INT64_MAX / ST_SCREENING_PATIENCE - CANDIDATES_AT_LEAST
                              ? INT64_MAX
                              : needed * ST_SCREENING_PATIENCE + CANDIDATES_AT_LEAST;

    for (int64_t round = 0; out->entrant_count < needed; ++round) {
        if (out->screened >= limit) {
            return ST_FAIL(crew->ctx, ST_ERR_INPUT,
                           "people.entry: only %lld of %lld candidates meet the criteria, expected "
                           "at least one in %d",
                           (long long)out->entrant_count, (long long)out->screened,
                           ST_SCREENING_PATIENCE);
        }
        r->first_id = 1 + round * ST_SCREENING_ROUND;
        if (verdicts != NULL && st_verdicts_take(verdicts, round, r->verdict)) {
            ST_TRY(st_crew_run(crew, ST_SCREENING_ROUND / ST_CREW_BLOCK, draw_block, r));
        } else {
            ST_TRY(st_screening_judge(crew, round, r->person, r->verdict));
        }
        ST_TRY(admit(crew, r, ST_SCREENING_ROUND, taken, blocks, out));
    }
    return ST_OK;
}

st_status st_screening_run(st_crew* crew, st_verdicts* verdicts, const char* spill_dir,
                           st_screening* out)
{
    const st_study* study = crew->study;
    int* taken = st_alloc(crew->ctx, (size_t)study->arm_count, sizeof *taken);
    const size_t strata = (size_t)1 << study->stratum_count;
    allocation_blocks blocks = {
        .place = st_alloc(crew->ctx, strata * (size_t)study->block_size, sizeof *blocks.place),
        .entered = st_alloc(crew->ctx, strata, sizeof *blocks.entered)};
    batch r = {.person = st_alloc(crew->ctx, ST_SCREENING_ROUND, sizeof *r.person),
               .verdict = st_alloc(crew->ctx, ST_SCREENING_ROUND, sizeof *r.verdict)};
    st_status status = ST_ERR_MEMORY;

    *out = (st_screening){.failed = st_alloc(crew->ctx,
                                             (size_t)study->criterion_count + ST_SCREENING_OTHER,
                                             sizeof *out->failed)};
    if (st_entrants_init(crew->ctx, spill_dir, &out->people) == ST_OK && taken != NULL &&
        blocks.place != NULL && blocks.entered != NULL && r.person != NULL && r.verdict != NULL &&
        out->failed != NULL) {
        out->entrant = out->people.first;
        status = run_rounds(crew, verdicts, &r, taken, &blocks, out);
    }
    st_free(crew->ctx, blocks.entered);
    st_free(crew->ctx, blocks.place);
    st_free(crew->ctx, r.verdict);
    st_free(crew->ctx, r.person);
    st_free(crew->ctx, taken);
    if (status != ST_OK) {
        st_screening_clear(crew, out);
    }
    return status;
}

void st_screening_clear(st_crew* crew, st_screening* screening)
{
    st_entrants_clear(&screening->people);
    st_free(crew->ctx, screening->failed);
    *screening = (st_screening){0};
}

static st_status emit_count(const st_crew* crew, const st_sink* sink, const char* reason,
                            int64_t count)
{
    const st_screening_row row = {.reason = reason, .count = count};

    return sink->row(sink->self, crew->ctx, ST_ROW_SCREENING, &row);
}

st_status st_screening_emit(const st_crew* crew, const st_screening* screening, const st_sink* sink)
{
    const st_study* study = crew->study;

    ST_TRY(emit_count(crew, sink, "screened", screening->screened));
    for (int i = 0; i < study->criterion_count; ++i) {
        ST_TRY(emit_count(crew, sink, study->criterion[i].reason, screening->failed[i]));
    }
    if (study->run_in.is_set) {
        ST_TRY(emit_count(crew, sink, "run-in", screening->failed[study->criterion_count]));
    }
    if (screening->failed[study->criterion_count + 1] > 0) {
        ST_TRY(emit_count(crew, sink, "could not be computed",
                          screening->failed[study->criterion_count + 1]));
    }
    return emit_count(crew, sink, "entered", screening->entrant_count);
}
