// The benchmarks' models and people.
#include "peers.h"

#include "base/random.h"
#include "stroma/patient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BENCH_SEED 7
#define FIFTH      0.2

void* bench_need(void* block)
{
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        exit(4);
    }
    return block;
}

/// Parameters and inputs of a person as one array.
static void join(bench_case* c, int i)
{
    const size_t parameters = (size_t)st_model_parameter_count(c->model);
    const size_t inputs = (size_t)st_model_input_count(c->model);
    double* both = c->person + (size_t)i * (parameters + inputs);
    memcpy(both, c->parameter + (size_t)i * parameters, parameters * sizeof *both);
    memcpy(both + parameters, c->input + (size_t)i * inputs, inputs * sizeof *both);
}

static bool has_spread(const st_model* model)
{
    bool found = false;
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        found = found || st_model_parameter(model, i)->spread_kind != ST_SPREAD_NONE;
    }
    return found;
}

/// Parameters as the file spreads them, or all by a fifth; every person by number.
static void draw(bench_case* c, int i, bool spreads_all)
{
    const st_random_key key = {BENCH_SEED, ST_STREAM_TEST, (uint64_t)i, 0};
    const int parameters = st_model_parameter_count(c->model);
    const int inputs = st_model_input_count(c->model);
    double* p = c->parameter + (size_t)i * (size_t)parameters;
    for (int j = 0; j < parameters; j++) {
        const st_parameter_info* info = st_model_parameter(c->model, j);
        const double z = st_random_normal(&key, (uint64_t)j);
        p[j] = info->spread_kind == ST_SPREAD_LOGNORMAL ? info->value * exp(info->spread * z)
               : info->spread_kind == ST_SPREAD_NORMAL  ? info->value + info->spread * z
               : spreads_all                            ? info->value * exp(FIFTH * z)
                                                        : info->value;
        p[j] = fmax(info->lo, fmin(info->hi, p[j]));
    }
    for (int j = 0; j < inputs; j++) {
        c->input[(size_t)i * (size_t)inputs + (size_t)j] = st_model_input(c->model, j)->value;
    }
    join(c, i);
}

/// People of the shipped population, as a trial draws them.
static st_status draw_shipped(bench_case* c, const char* path)
{
    const size_t parameters = (size_t)st_model_parameter_count(c->model);
    const size_t inputs = (size_t)st_model_input_count(c->model);
    st_people* people = NULL;
    st_person_plan* plan = NULL;
    ST_TRY(st_people_load(c->ctx, path, &people));
    st_status status = st_person_plan_create(c->ctx, c->model, &plan);
    for (int i = 0; i < c->people && status == ST_OK; i++) {
        st_person person;
        st_people_draw(people, BENCH_SEED, (uint64_t)i, &person);
        st_person_setup(plan, &person, BENCH_SEED, c->parameter + (size_t)i * parameters,
                        c->input + (size_t)i * inputs);
        join(c, i);
    }
    st_person_plan_destroy(plan);
    st_people_destroy(people);
    return status;
}

const bench_plan bench_plans[BENCH_PLANS] = {
    {"knee-oa",
     "knee-oa.yaml",
     "people/oai-symptomatic.yaml",
     "msc_suspended@fluid",
     1e7,
     0.0,
     {0.25, 1.0, 3.0, 14.0, 60.0, 182.0, 365.0, 730.0}},
    {"baker2017",
     "verification/baker2017.yaml",
     NULL,
     "p",
     0.2,
     1.0,
     {1.5, 3.0, 6.0, 12.0, 20.0, 30.0, 45.0, 60.0}},
    {"stiff48",
     "verification/stiff48.yaml",
     NULL,
     NULL,
     0.0,
     0.0,
     {1.25, 4.0, 60.0, 182.0, 362.0, 542.0, 600.0, 730.0}},
};

st_status bench_case_open(st_ctx* ctx, const bench_plan* plan, const char* dir, bench_people who,
                          int people_count, bench_case* c)
{
    char path[4096];
    st_model* model = NULL;
    snprintf(path, sizeof path, "%s/%s", dir, plan->file);
    ST_TRY(st_model_load(ctx, path, NULL, &model));
    const size_t people = (size_t)people_count;
    const size_t parameters = (size_t)st_model_parameter_count(model);
    const size_t inputs = (size_t)st_model_input_count(model);
    const int dose = plan->state != NULL ? st_model_find_state(model, plan->state) : -1;
    *c = (bench_case){.ctx = ctx,
                      .name = plan->name,
                      .model = model,
                      .people = people_count,
                      .sample_count = BENCH_SAMPLES,
                      .begin_day = -st_model_settle_days(model),
                      .width = (size_t)st_model_state_count(model) +
                               (size_t)st_model_definition_count(model)};
    c->parameter = bench_need(calloc(people * parameters + 1u, sizeof(double)));
    c->input = bench_need(calloc(people * inputs + 1u, sizeof(double)));
    c->person = bench_need(calloc(people * (parameters + inputs) + 1u, sizeof(double)));
    c->action = bench_need(calloc(people, sizeof *c->action));
    c->course = bench_need(calloc(people, sizeof *c->course));
    c->day = bench_need(calloc((size_t)BENCH_SAMPLES, sizeof(double)));
    for (int s = 0; s < BENCH_SAMPLES; s++) {
        c->day[s] = plan->sample_day[s];
    }
    const bool spreads_all = who == BENCH_SHIPPED && !has_spread(model);
    if (who == BENCH_SHIPPED && plan->people != NULL) {
        snprintf(path, sizeof path, "%s/%s", dir, plan->people);
        ST_TRY(draw_shipped(c, path));
    } else {
        for (int i = 0; i < c->people; i++) {
            draw(c, i, spreads_all);
        }
    }
    for (int i = 0; i < c->people; i++) {
        c->action[i] = (st_action){
            .day = plan->day, .kind = ST_ACTION_ADD, .index = dose, .value = plan->dose};
        c->course[i] = (st_course){.parameter = c->parameter + (size_t)i * parameters,
                                   .input = c->input + (size_t)i * inputs,
                                   .action = &c->action[i],
                                   .action_count = dose >= 0,
                                   .begin_day = c->begin_day,
                                   .end_day = plan->sample_day[BENCH_SAMPLES - 1],
                                   .sample_day = c->day,
                                   .sample_count = BENCH_SAMPLES};
    }
    return ST_OK;
}

void bench_case_close(bench_case* c)
{
    free(c->parameter);
    free(c->input);
    free(c->person);
    free(c->action);
    free(c->course);
    free(c->day);
    st_model_destroy((st_model*)c->model);
}
