#include "crew.h"

#include "regimen.h"

#include <math.h>

static void clear_worker(st_crew* crew, st_worker* worker)
{
    st_population_destroy(worker->population);
    st_free(crew->ctx, worker->parameter);
    st_free(crew->ctx, worker->input);
    st_free(crew->ctx, worker->course);
    st_free(crew->ctx, worker->again);
    st_free(crew->ctx, worker->action);
    st_free(crew->ctx, worker->sample);
    st_free(crew->ctx, worker->add);
    st_ctx_destroy(worker->ctx);
}

void st_crew_destroy(st_crew* crew)
{
    if (crew == NULL) {
        return;
    }
    st_pool_destroy(crew->pool);
    for (int i = 0; crew->worker != NULL && i < crew->worker_count; ++i) {
        clear_worker(crew, &crew->worker[i]);
    }
    st_free(crew->ctx, crew->worker);
    st_free(crew->ctx, crew);
}

static st_status create_worker(st_crew* crew, st_worker* worker)
{
    const st_population_def def = st_default_population_def();
    const size_t courses = (size_t)crew->course_capacity;

    worker->ctx = st_ctx_create();
    if (worker->ctx == NULL) {
        return ST_FAIL(crew->ctx, ST_ERR_MEMORY, "out of memory for a worker");
    }
    worker->parameter =
        st_alloc(crew->ctx, ST_CREW_BLOCK * (size_t)crew->parameter_count, sizeof(double));
    worker->input = st_alloc(crew->ctx, ST_CREW_BLOCK * (size_t)crew->input_count, sizeof(double));
    worker->course = st_alloc(crew->ctx, courses, sizeof *worker->course);
    worker->again = st_alloc(crew->ctx, ST_CREW_BLOCK * (1 + (size_t)crew->study->twin_count),
                             sizeof *worker->again);
    worker->action =
        st_alloc(crew->ctx, courses * (size_t)crew->action_capacity, sizeof *worker->action);
    worker->sample = st_alloc(
        crew->ctx, courses * (size_t)crew->sample_capacity * (size_t)crew->width, sizeof(double));
    worker->add = st_alloc(crew->ctx, (size_t)crew->state_count, sizeof(double));
    if (worker->parameter == NULL || worker->input == NULL || worker->course == NULL ||
        worker->again == NULL || worker->action == NULL || worker->sample == NULL ||
        worker->add == NULL) {
        return ST_ERR_MEMORY;
    }
    // The solver keeps its worker's context for messages of its own thread.
    if (st_population_create(worker->ctx, crew->study->model, &def, &worker->population) != ST_OK) {
        st_ctx_take_messages(crew->ctx, worker->ctx);
        return ST_ERR_MEMORY;
    }
    return ST_OK;
}

static st_status fill_crew(st_crew* crew, int worker_count)
{
    ST_TRY(st_pool_create(crew->ctx, worker_count, &crew->pool));
    crew->worker_count = st_pool_worker_count(crew->pool);
    crew->worker = st_alloc(crew->ctx, (size_t)crew->worker_count, sizeof *crew->worker);
    if (crew->worker == NULL) {
        crew->worker_count = 0;
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < crew->worker_count; ++i) {
        ST_TRY(create_worker(crew, &crew->worker[i]));
    }
    return ST_OK;
}

st_status st_crew_create(st_ctx* ctx, const st_study* study, uint64_t seed, int worker_count,
                         int sample_capacity, st_crew** out)
{
    st_crew* crew = st_alloc(ctx, 1, sizeof *crew);
    st_status status;

    *out = NULL;
    if (crew == NULL) {
        return ST_ERR_MEMORY;
    }
    crew->ctx = ctx;
    crew->study = study;
    crew->seed = seed;
    crew->state_count = st_model_state_count(study->model);
    crew->definition_count = st_model_definition_count(study->model);
    crew->parameter_count = st_model_parameter_count(study->model);
    crew->input_count = st_model_input_count(study->model);
    crew->width = crew->state_count + crew->definition_count;
    // Untreated once; sham (with plans of care, if there are any) and active for the own arm and
    // for each twin arm.
    crew->courses_per_person = 1 + (st_regimen_is_used(study) ? 3 : 2) * (1 + study->twin_count);
    crew->later_slot = ST_CREW_BLOCK * crew->courses_per_person;
    crew->course_capacity = crew->later_slot;
    crew->action_capacity = crew->state_count + 1;
    if (st_later_changes_course(study)) {
        // One more course per stay; suggestion and dose again for every later treatment.
        crew->course_capacity += ST_CREW_BLOCK * (1 + study->twin_count);
        crew->action_capacity =
            (crew->state_count + 1) * (2 + ST_LATER_REPEAT_LIMIT) + ST_LATER_CHANGE_LIMIT;
    }
    crew->action_capacity += st_regimen_capacity(study);
    crew->sample_capacity = sample_capacity;
    crew->begin_day = -st_model_settle_days(study->model);
    status = fill_crew(crew, worker_count);
    if (status != ST_OK) {
        st_crew_destroy(crew);
        return status;
    }
    *out = crew;
    return ST_OK;
}

typedef struct job {
    st_crew* crew;
    st_crew_fn fn;
    void* arg;
    int64_t* failed_item; ///< [worker_count], of the failure that this worker's context tells of
} job;

static st_status run_item(void* arg, int64_t item, int worker)
{
    const job* j = arg;
    st_worker* w = &j->crew->worker[worker];
    st_status status;

    if (st_ctx_should_stop(j->crew->ctx)) {
        return ST_ERR_INTERRUPTED;
    }
    if (j->failed_item[worker] >= 0 && j->failed_item[worker] < item) {
        return ST_OK; // a lower item decides; do not mix messages
    }
    st_ctx_clear_messages(w->ctx);
    status = j->fn(j->crew, w, item, j->arg);
    if (status != ST_OK) {
        j->failed_item[worker] = item;
    }
    return status;
}

st_status st_crew_run(st_crew* crew, int64_t item_count, st_crew_fn fn, void* arg)
{
    job j = {.crew = crew, .fn = fn, .arg = arg};
    int64_t failed = -1;
    st_status status;

    j.failed_item = st_alloc(crew->ctx, (size_t)crew->worker_count, sizeof *j.failed_item);
    if (j.failed_item == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < crew->worker_count; ++i) {
        j.failed_item[i] = -1;
    }
    status = st_pool_run(crew->pool, item_count, run_item, &j, &failed);
    for (int i = 0; i < crew->worker_count && status != ST_OK; ++i) {
        if (j.failed_item[i] == failed) {
            st_ctx_take_messages(crew->ctx, crew->worker[i].ctx);
        }
    }
    st_free(crew->ctx, j.failed_item);
    if (status == ST_ERR_INTERRUPTED) {
        return ST_FAIL(crew->ctx, ST_ERR_INTERRUPTED, "stopped on request");
    }
    return status;
}

void st_crew_person(st_crew* crew, st_worker* worker, int row, const st_person* person)
{
    st_person_setup(crew->study->plan, person, crew->seed,
                    worker->parameter + (size_t)row * (size_t)crew->parameter_count,
                    worker->input + (size_t)row * (size_t)crew->input_count);
    if (crew->parameter_factor != NULL) {
        double* const value = worker->parameter + (size_t)row * (size_t)crew->parameter_count;
        for (int i = 0; i < crew->parameter_count; ++i) {
            const st_parameter_info* about = st_model_parameter(crew->study->model, i);
            if (crew->parameter_factor[i] != 1.0 || crew->parameter_shift[i] != 0.0) {
                value[i] =
                    fmin(fmax(value[i] * crew->parameter_factor[i] + crew->parameter_shift[i],
                              about->lo),
                         about->hi);
            }
        }
    }
}

st_course* st_crew_course(st_crew* crew, st_worker* worker, int slot, int row, double end_day,
                          const double* sample_day, int sample_count)
{
    st_course* course = &worker->course[slot];
    const size_t stride = (size_t)crew->sample_capacity * (size_t)crew->width;

    *course = (st_course){
        .parameter = worker->parameter + (size_t)row * (size_t)crew->parameter_count,
        .input = worker->input + (size_t)row * (size_t)crew->input_count,
        .action = worker->action + (size_t)slot * (size_t)crew->action_capacity,
        .begin_day = crew->begin_day,
        .end_day = end_day,
        .sample_day = sample_day,
        .sample_count = sample_count,
        .sample = worker->sample + (size_t)slot * stride,
    };
    return course;
}
