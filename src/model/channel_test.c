#include "stroma/model.h"

#include "base/base.h"
#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// The sum of all channels against the rate, at random states around the typical ones.  POP-7
static void check_sum(const st_model* model, uint64_t seed)
{
    const st_tape* rates = st_model_rate_tape(model);
    const st_tape* channels = st_model_channel_tape(model);
    const int n = st_model_state_count(model);
    double* slot = calloc((size_t)rates->input_count, sizeof *slot);
    double* reg = calloc((size_t)(rates->register_count + channels->register_count), sizeof *reg);
    double* rate = calloc((size_t)n, sizeof *rate);
    double* part = calloc((size_t)channels->output_count + 1u, sizeof *part);
    double* sum = calloc((size_t)n, sizeof *sum);
    double* size = calloc((size_t)n, sizeof *size);
    assert_true(slot && reg && rate && part && sum && size);
    for (int s = 0; s < n; s++) {
        const st_random_key key = {.seed = seed, .stream = ST_STREAM_TEST};
        slot[s] = st_model_state(model, s)->scale * 3.0 * st_random_uniform(&key, (uint64_t)s);
    }
    for (int p = 0; p < st_model_parameter_count(model); p++) {
        slot[n + p] = st_model_parameter(model, p)->value;
    }
    for (int i = 0; i < st_model_input_count(model); i++) {
        slot[n + st_model_parameter_count(model) + i] = st_model_input(model, i)->value;
    }
    st_tape_run_scalar(rates, slot, reg, rate);
    st_tape_run_scalar(channels, slot, reg, part);
    for (int c = 0; c < st_model_channel_count(model); c++) {
        const st_channel_info* info = st_model_channel(model, c);
        assert_true(info->change_count > 0);
        for (int i = 0; i < info->change_count; i++) {
            sum[info->change[i].state] += part[info->change[i].output];
            size[info->change[i].state] += fabs(part[info->change[i].output]);
        }
    }
    if (sum == NULL || rate == NULL) {
        abort();
    }
    for (int s = 0; s < n; s++) {
        assert_true(fabs(sum[s] - rate[s]) <= 1e-12 * size[s]);
    }
    free(slot);
    free(reg);
    free(rate);
    free(part);
    free(sum);
    free(size);
}

static void channels_add_up_to_the_rates(void** state)
{
    (void)state;
    static const char* const files[] = {"knee-oa.yaml", "verification/baker2017.yaml"};
    print_message("seed 1 ... 20\n");
    for (int i = 0; i < 2; i++) {
        st_ctx* ctx = st_ctx_create();
        st_model* model = NULL;
        char path[512];
        snprintf(path, sizeof path, "%s/models/%s", ST_SOURCE_DIR, files[i]);
        assert_int_equal(st_model_load(ctx, path, NULL, &model), ST_OK);
        for (uint64_t seed = 1; seed <= 20; seed++) {
            check_sum(model, seed);
        }
        st_model_destroy(model);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

static st_model* parse(st_ctx* ctx, const char* text)
{
    st_model* model = NULL;
    assert_int_equal(st_model_parse(ctx, "model.yaml", text, strlen(text), NULL, &model), ST_OK);
    return model;
}

static int count_kind(const st_model* model, st_term_kind kind)
{
    int count = 0;
    for (int c = 0; c < st_model_channel_count(model); c++) {
        count += st_model_channel(model, c)->kind == kind ? 1 : 0;
    }
    return count;
}

static const char TRAFFIC[] =
    "model: Traffic\n"
    "places:\n"
    "  a: { volume: { value: 1 mL, assumed: test } }\n"
    "  b: { volume: { value: 4 mL, assumed: test } }\n"
    "substrates:\n"
    "  x: { in: { a: { value: 1 uM, assumed: test }, b: { value: 1 uM, assumed: test } } }\n"
    "  y: { in: { a: { value: 1 uM, assumed: test } } }\n"
    "cells:\n"
    "  c: { in: { a: { value: 5 cells, assumed: test } }, behaviours: { become.d: { value: 1 "
    "1/day, "
    "assumed: test } } }\n"
    "  d: { in: { a: { value: 0 cells, assumed: test } } }\n"
    "exchanges:\n"
    "  - { substrate: x, from: a, to: b, permeability: 3 mL/day, flow: 1 mL/day, assumed: test }\n"
    "reactions:\n"
    "  - { name: pair, in: a, consume: { x: 2 }, produce: { y: 1 }, rate: '[1 1/day/uM] * x * x - "
    "[1 1/day] * y', assumed: test }\n"
    "rules:\n"
    "  - { cell: c, signal: y, increases: become.d, toward: 3 1/day, half_max: 1 uM, assumed: test "
    "}\n"
    "variables:\n"
    "  u: { start: 0, unit: 1, rate: '(x@a / [1 uM] - u) / [2 day]' }\n";

// Forward and backward flow, gain and loss are channels of their own; a cell's change stays one.
static void opposite_flows_are_two_channels(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_model* model = parse(ctx, TRAFFIC);
    assert_int_equal(count_kind(model, ST_TERM_EXCHANGE), 3); // there, back, flow
    assert_int_equal(count_kind(model, ST_TERM_REACTION), 2);
    assert_int_equal(count_kind(model, ST_TERM_VARIABLE), 2);
    assert_int_equal(count_kind(model, ST_TERM_BECOME), 1);
    assert_int_equal(st_model_channel_count(model), 8);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        check_sum(model, seed);
    }
    for (int c = 0; c < st_model_channel_count(model); c++) {
        const st_channel_info* info = st_model_channel(model, c);
        if (info->kind == ST_TERM_REACTION) {
            assert_int_equal(info->change_count, 2);
            assert_true(info->change[0].count == 2.0 && info->change[1].count == 1.0);
        }
        if (info->kind == ST_TERM_BECOME) {
            assert_int_equal(info->change_count, 2);
            assert_string_equal(st_model_state(model, info->actor)->name, "c@a");
            assert_string_equal(st_model_behaviour(model, info->behaviour)->key, "become.d");
        }
    }
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_add_up_to_the_rates),
        cmocka_unit_test(opposite_flows_are_two_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
