#include "procedure/preparation/preparation.h"

#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// Donors per item of the pool: does not depend on the workers.
enum { BLOCK = 64 };

/// Donor number `person` of the file's population.
static st_donor donor_of(const st_preparation* p, uint64_t person)
{
    const st_random_key key = {p->seed, ST_STREAM_PERSON, person, 0};
    return (st_donor){.age_y = p->age_lo + (p->age_hi - p->age_lo) * st_random_uniform(&key, 0),
                      .is_female = p->is_female,
                      .is_smoker = p->is_smoker,
                      .bmi_kg_per_m2 =
                          p->bmi_lo + (p->bmi_hi - p->bmi_lo) * st_random_uniform(&key, 1)};
}

st_donor st_preparation_donor_middle(const st_preparation* p)
{
    return (st_donor){.age_y = 0.5 * (p->age_lo + p->age_hi),
                      .is_female = p->is_female,
                      .is_smoker = p->is_smoker,
                      .bmi_kg_per_m2 = 0.5 * (p->bmi_lo + p->bmi_hi)};
}

/// What is kept of one donor.
typedef struct record {
    double quantity[ST_QUANTITY_COUNT];
    double cells[ST_DOSE_STEP_LIMIT], volume[ST_DOSE_STEP_LIMIT], day[ST_DOSE_STEP_LIMIT];
    const char* step[ST_DOSE_STEP_LIMIT];
    int step_count;
    bool is_failed, is_misplaced, is_uncomputed;
} record;

typedef struct job {
    const st_preparation* preparation;
    st_ctx** ctx; ///< one per worker
    record* record;
    int64_t count;
} job;

static void leave_out(record* r)
{
    r->is_uncomputed = true;
    for (int q = 0; q < ST_QUANTITY_COUNT; q++) {
        r->quantity[q] = (double)NAN;
    }
    for (int k = 0; k < ST_DOSE_STEP_LIMIT; k++) {
        r->cells[k] = (double)NAN;
        r->volume[k] = (double)NAN;
        r->day[k] = (double)NAN;
    }
}

static st_status perform_block(void* arg, int64_t item, int worker)
{
    const job* j = arg;
    const st_preparation* p = j->preparation;
    const int64_t end = (item + 1) * BLOCK < j->count ? (item + 1) * BLOCK : j->count;
    for (int64_t i = item * BLOCK; i < end; i++) {
        record* r = &j->record[i];
        st_dose dose;
        st_journey journey;
        const st_donor donor = donor_of(p, (uint64_t)i);
        const st_status status = st_recipe_perform_told(j->ctx[worker], p->recipe, &donor, p->seed,
                                                        (uint64_t)i, &dose, &journey, NULL);
        if (status == ST_ERR_NUMERIC) { // this donor's sample cannot make the product: counted
            st_ctx_clear_messages(j->ctx[worker]);
            leave_out(r);
            continue;
        }
        ST_TRY(status);
        st_preparation_measure(p->recipe, &dose, &journey, r->quantity);
        r->step_count = dose.step_count;
        for (int k = 0; k < dose.step_count; k++) {
            r->step[k] = dose.step[k].name;
            r->cells[k] = dose.step[k].cells;
            r->volume[k] = dose.step[k].volume_mL;
            r->day[k] = dose.step[k].day;
        }
        r->is_failed = dose.is_failed;
        r->is_misplaced = p->recipe->has_injection && !dose.is_failed && !dose.is_placed;
        if (st_ctx_should_stop(j->ctx[worker])) {
            return ST_ERR_INTERRUPTED;
        }
    }
    return ST_OK;
}

static int compare(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

/// Quantile of sorted values, straight between neighbours.
static double quantile(const double* sorted, int64_t count, double p)
{
    if (count == 0) {
        return (double)NAN;
    }
    const double at = p * (double)(count - 1);
    const int64_t lower = (int64_t)at;
    const int64_t upper = lower + 1 < count ? lower + 1 : lower;
    return sorted[lower] + (at - (double)lower) * (sorted[upper] - sorted[lower]);
}

/// Sorts the finite ones of `count` values to the front and gives back how many there are.
static int64_t sort_finite(double* value, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        if (isfinite(value[i])) {
            value[kept++] = value[i];
        }
    }
    qsort(value, (size_t)kept, sizeof *value, compare);
    return kept;
}

static void sum_up_quantities(const record* r, int64_t count, double* scratch,
                              st_preparation_result* out)
{
    for (int q = 0; q < ST_QUANTITY_COUNT; q++) {
        for (int64_t i = 0; i < count; i++) {
            scratch[i] = r[i].quantity[q];
        }
        const int64_t kept = sort_finite(scratch, count);
        double sum = 0.0;
        for (int64_t i = 0; i < kept; i++) {
            sum += scratch[i];
        }
        out->quantity[q] = (st_quantity){.name = ST_QUANTITY_NAME[q],
                                         .label = ST_QUANTITY_LABEL[q],
                                         .unit = ST_QUANTITY_UNIT[q],
                                         .count = kept,
                                         .mean = kept > 0 ? sum / (double)kept : (double)NAN,
                                         .q05 = quantile(scratch, kept, 0.05),
                                         .q50 = quantile(scratch, kept, 0.50),
                                         .q95 = quantile(scratch, kept, 0.95)};
        if (q == ST_QUANTITY_DOSE) {
            out->dose_mean = out->quantity[q].mean;
            out->dose_q05 = out->quantity[q].q05;
            out->dose_q25 = quantile(scratch, kept, 0.25);
            out->dose_q50 = out->quantity[q].q50;
            out->dose_q75 = quantile(scratch, kept, 0.75);
            out->dose_q95 = out->quantity[q].q95;
        }
    }
    out->quantity_count = ST_QUANTITY_COUNT;
}

/// Sorted values of one kind at one step; gives back how many are finite.
static int64_t gather(const record* r, int64_t count, size_t offset, int step, double* out)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = ((const double*)(const void*)((const char*)&r[i] + offset))[step];
    }
    return sort_finite(out, count);
}

static void sum_up_steps(const record* r, int64_t count, double* scratch,
                         st_preparation_result* out)
{
    int64_t first = 0; // the same steps for everybody who was computed
    while (first < count && r[first].is_uncomputed) {
        first++;
    }
    out->loss_count = first < count ? r[first].step_count : 0;
    for (int k = 0; k < out->loss_count; k++) {
        st_loss* loss = &out->loss[k];
        loss->name = r[first].step[k];
        int64_t kept = gather(r, count, offsetof(record, cells), k, scratch);
        loss->cells_q05 = quantile(scratch, kept, 0.05);
        loss->cells_q50 = quantile(scratch, kept, 0.50);
        loss->cells_q95 = quantile(scratch, kept, 0.95);
        kept = gather(r, count, offsetof(record, volume), k, scratch);
        loss->volume_mL = quantile(scratch, kept, 0.50);
        kept = gather(r, count, offsetof(record, day), k, scratch);
        loss->day = quantile(scratch, kept, 0.50);
    }
}

static void set_beside(const st_preparation* p, st_preparation_result* out)
{
    for (int i = 0; i < p->band_count; i++) {
        const st_preparation_band* band = &p->band[i];
        const double computed = out->quantity[band->quantity].q50;
        out->measured[i] =
            (st_measured){.what = ST_QUANTITY_NAME[band->quantity],
                          .label = ST_QUANTITY_LABEL[band->quantity],
                          .unit = ST_QUANTITY_UNIT[band->quantity],
                          .low = band->low,
                          .high = band->high,
                          .computed = computed,
                          .is_inside = computed >= band->low && computed <= band->high,
                          .source = band->source};
    }
    out->measured_count = p->band_count;
}

/// All donors, on a pool with a context per worker.
static st_status perform_all(st_ctx* ctx, const st_preparation* p, int worker_count, record* r)
{
    st_pool* pool = NULL;
    ST_TRY(st_pool_create(ctx, worker_count, &pool));
    const int workers = st_pool_worker_count(pool);
    st_ctx** worker_ctx = st_alloc(ctx, (size_t)workers, sizeof *worker_ctx);
    st_status status = worker_ctx != NULL ? ST_OK : ST_ERR_MEMORY;
    for (int w = 0; status == ST_OK && w < workers; w++) {
        worker_ctx[w] = st_ctx_create();
        status = worker_ctx[w] != NULL ? ST_OK : ST_ERR_MEMORY;
    }
    if (status == ST_OK) {
        job j = {p, worker_ctx, r, p->donors};
        int64_t failed = -1;
        status = st_pool_run(pool, (p->donors + BLOCK - 1) / BLOCK, perform_block, &j, &failed);
    }
    bool is_told = false; // one message: the donors of a block fail for the same reason
    for (int w = 0; worker_ctx != NULL && w < workers; w++) {
        if (worker_ctx[w] != NULL && status != ST_OK && !is_told &&
            st_ctx_message_count(worker_ctx[w]) > 0) {
            st_ctx_take_messages(ctx, worker_ctx[w]);
            is_told = true;
        }
        st_ctx_destroy(worker_ctx[w]);
    }
    st_free(ctx, worker_ctx);
    st_pool_destroy(pool);
    return status;
}

/// The median donor: pictures, the whole story, and what would change it.
static st_status look_at_median(st_ctx* ctx, const st_preparation* p, st_preparation_result* out)
{
    st_preparation_plain* plain = NULL;
    ST_TRY(st_preparation_plain_create(ctx, p, &plain));
    const st_donor donor = st_preparation_donor_middle(p);
    st_dose dose;
    st_status status = st_recipe_perform_told(ctx, &plain->recipe, &donor, p->seed, 0, &dose,
                                              &out->median, out->picture);
    if (status == ST_OK) {
        out->picture_count = p->recipe->spin_count;
        status =
            st_preparation_levers(ctx, p, plain, st_preparation_dose(&plain->recipe, &dose), out);
    }
    if (status == ST_OK) {
        status = st_preparation_rivals(ctx, p, plain, out);
    }
    st_preparation_plain_destroy(ctx, plain);
    return status;
}

st_status st_preparation_run(st_ctx* ctx, const st_preparation* p, int worker_count,
                             st_preparation_result** out)
{
    const size_t count = (size_t)p->donors;
    *out = NULL;
    st_preparation_result* result = st_alloc(ctx, 1, sizeof *result);
    record* r = st_alloc(ctx, count, sizeof *r);
    double* scratch = st_alloc(ctx, count, sizeof *scratch);
    st_status status = ST_ERR_MEMORY;
    if (result == NULL || r == NULL || scratch == NULL) {
        goto cleanup;
    }
    result->quantity = st_alloc(ctx, ST_QUANTITY_COUNT, sizeof *result->quantity);
    result->loss = st_alloc(ctx, ST_DOSE_STEP_LIMIT, sizeof *result->loss);
    result->measured = st_alloc(ctx, (size_t)p->band_count, sizeof *result->measured);
    result->picture = st_alloc(ctx, ST_JOURNEY_SPINS, sizeof *result->picture);
    if (!result->quantity || !result->loss || !result->measured || !result->picture) {
        goto cleanup;
    }
    result->donors = p->donors;
    result->dose_label = p->recipe->has_expand                          ? "MSC"
                         : p->recipe->harvest.source == ST_SOURCE_BLOOD ? "platelets"
                                                                        : "CFU-F";
    status = perform_all(ctx, p, worker_count, r);
    if (status != ST_OK) {
        goto cleanup;
    }
    for (size_t i = 0; i < count; i++) {
        result->failed += r[i].is_failed;
        result->misplaced += r[i].is_misplaced;
        result->uncomputed += r[i].is_uncomputed;
    }
    sum_up_quantities(r, p->donors, scratch, result);
    sum_up_steps(r, p->donors, scratch, result);
    set_beside(p, result);
    st_recipe_placement(p->recipe, &result->placed, &result->placed_lo, &result->placed_hi);
    status = look_at_median(ctx, p, result);
cleanup:
    st_free(ctx, scratch);
    st_free(ctx, r);
    if (status != ST_OK) {
        st_preparation_result_destroy(ctx, result);
        return status;
    }
    *out = result;
    return ST_OK;
}

void st_preparation_result_destroy(st_ctx* ctx, st_preparation_result* result)
{
    if (result == NULL) {
        return;
    }
    st_free(ctx, result->quantity);
    st_free(ctx, result->loss);
    st_free(ctx, result->measured);
    st_free(ctx, result->picture);
    st_free(ctx, result->lever);
    st_free(ctx, result->rival);
    st_free(ctx, result);
}
