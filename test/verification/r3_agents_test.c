// Verification R3: the shipped knee model's synovium for 30 days after an injection of cells, once
// as the population engine has it and once cell by cell in a sample of the tissue that lives under
// the same joint's fluid and blood.                                          AGT-1, AGT-2, AGT-3

#include "base/base.h"
#include "stroma/agents.h"
#include "stroma/population.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef ST_SOURCE_DIR
#define ST_SOURCE_DIR "."
#endif

enum { DAYS = 30, KNOTS_A_DAY = 20, KNOTS = DAYS * KNOTS_A_DAY + 1 };

typedef struct joint {
    st_ctx* ctx;
    st_model *mixed, *spatial;
    double *parameter, *input, *day, *sample, *value;
    int states, width;
} joint;

static void check(st_ctx* ctx, st_status status)
{
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        print_message("%s\n", st_ctx_message(ctx, i));
    }
    assert_int_equal(status, ST_OK);
}

/// The median person's joint: ten years of run-in, then `cells` into the fluid on day 0.
static void solve_joint(joint* j, double cells)
{
    const char* path = ST_SOURCE_DIR "/models/knee-oa.yaml";
    j->ctx = st_ctx_create();
    check(j->ctx, st_model_load(j->ctx, path, NULL, &j->mixed));
    check(j->ctx, st_model_load_in_space(j->ctx, path, NULL, &j->spatial));
    j->states = st_model_state_count(j->mixed);
    j->width = j->states + st_model_definition_count(j->mixed);
    assert_int_equal(st_model_state_count(j->spatial), j->states);
    j->parameter = calloc((size_t)st_model_parameter_count(j->mixed) + 1u, sizeof(double));
    j->input = calloc((size_t)st_model_input_count(j->mixed) + 1u, sizeof(double));
    j->day = calloc(KNOTS, sizeof(double));
    j->sample = calloc((size_t)KNOTS * (size_t)j->width, sizeof(double));
    j->value = calloc((size_t)KNOTS * (size_t)j->states, sizeof(double));
    for (int i = 0; i < st_model_parameter_count(j->mixed); i++) {
        j->parameter[i] = st_model_parameter(j->mixed, i)->value;
    }
    for (int i = 0; i < st_model_input_count(j->mixed); i++) {
        j->input[i] = st_model_input(j->mixed, i)->value;
    }
    for (int i = 0; i < KNOTS; i++) {
        j->day[i] = (double)i / KNOTS_A_DAY;
    }
    const st_action dose = {.kind = ST_ACTION_ADD,
                            .index = st_model_find_state(j->mixed, "msc_suspended@fluid"),
                            .value = cells};
    assert_true(dose.index >= 0);
    st_course course = {.parameter = j->parameter,
                        .input = j->input,
                        .action = &dose,
                        .action_count = 1,
                        .begin_day = -st_model_settle_days(j->mixed),
                        .end_day = DAYS,
                        .sample_day = j->day,
                        .sample_count = KNOTS,
                        .sample = j->sample};
    const st_population_def def = st_default_population_def();
    st_population* p = NULL;
    check(j->ctx, st_population_create(j->ctx, j->mixed, &def, &p));
    check(j->ctx, st_population_solve(p, &course, 1));
    assert_int_equal(course.status, ST_OK);
    st_population_destroy(p);
    for (int i = 0; i < KNOTS; i++) {
        memcpy(j->value + (size_t)i * (size_t)j->states, j->sample + (size_t)i * (size_t)j->width,
               (size_t)j->states * sizeof(double));
    }
}

static double level(const joint* j, int knot, int state)
{
    return j->value[(size_t)knot * (size_t)j->states + (size_t)state];
}

static bool is_here(const joint* j, int state)
{
    const st_state_info* info = st_model_state(j->mixed, state);
    return info->kind == ST_STATE_CELL && strstr(info->name, "@synovium") != NULL;
}

/// `edge_um` of a cube of synovium.
static st_agents* make_sample(const joint* j, double edge_um, st_tissue** tissue)
{
    static const st_shape everywhere = {.kind = ST_SHAPE_BOX, .size_um = {1e8, 1e8, 1e8}};
    static const st_paint paint = {&everywhere, 1};
    st_tissue_def td = st_default_tissue_def();
    st_agents* agents = NULL;
    td.paint = &paint;
    td.paint_count = 1;
    td.worker_count = 1;
    for (int i = 0; i < 3; i++) {
        td.size[i] = 8;
        td.voxel_um[i] = edge_um / 8.0;
    }
    check(j->ctx, st_tissue_create(j->ctx, &td, tissue));
    st_agents_def def = st_default_agents_def();
    def.tissue = *tissue;
    def.model = j->spatial;
    def.place[1] = "synovium";
    def.field_step_min = 72.0;
    def.mech_every = 0;
    def.reach_um = INFINITY;
    def.seed = 303;
    check(j->ctx, st_agents_create(j->ctx, &def, &agents));
    check(j->ctx, st_agents_surround(j->ctx, agents, KNOTS, j->day, j->value));
    return agents;
}

static void the_synovium_is_the_same_in_both_engines(void** state)
{
    (void)state;
    joint j = {0};
    st_tissue* tissue = NULL;
    solve_joint(&j, 1e8);
    st_agents* agents = make_sample(&j, 1500.0, &tissue);
    const int volume = st_model_find_parameter(j.mixed, "synovium_volume");
    assert_true(volume >= 0);
    const double share = 1500.0 * 1500.0 * 1500.0 * 1e-12 / j.parameter[volume];
    for (int s = 0; s < j.states; s++) {
        if (is_here(&j, s)) {
            check(j.ctx, st_agents_place(j.ctx, agents, st_model_state(j.mixed, s)->name,
                                         (int64_t)(share * level(&j, 0, s) + 0.5), NULL));
        }
    }
    int arrived = 0;
    int compared = 0;
    for (int day = 10; day <= DAYS; day += 10) {
        check(j.ctx, st_agents_advance(j.ctx, agents, 1440.0 * day));
        for (int s = 0; s < j.states; s++) {
            if (!is_here(&j, s)) {
                continue;
            }
            const double expected = share * level(&j, day * KNOTS_A_DAY, s);
            const double found = (double)st_agents_count(agents, s);
            const char* name = st_model_state(j.mixed, s)->name;
            print_message("day %2d  %-28s population %8.1f, single cells %6.0f\n", day, name,
                          expected, found);
            // chance of counts, and 1 % for steps of 72 min and knots of 72 min
            assert_true(fabs(found - expected) <= 4.0 * sqrt(expected) + 0.01 * expected + 1.0);
            compared++;
            arrived += strncmp(name, "msc_", 4) == 0 && found > 0.0 ? 1 : 0;
        }
    }
    assert_true(compared >= 15);
    assert_true(arrived >= 3); // injected cells attached to this piece of tissue
    st_agents_destroy(agents);
    st_tissue_destroy(tissue);
    st_model_destroy(j.mixed);
    st_model_destroy(j.spatial);
    free(j.parameter);
    free(j.input);
    free(j.day);
    free(j.sample);
    free(j.value);
    assert_int_equal(st_ctx_bytes_in_use(j.ctx), 0);
    st_ctx_destroy(j.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_synovium_is_the_same_in_both_engines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
