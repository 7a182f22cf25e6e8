// POP-5: one program, many ways of running it, the same bytes.
#include "base/random.h"
#include "divide.h"
#include "solver.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/// A way of running a step: instruction set, and machine code or looked-up operations.
typedef struct way {
    st_width width;
    bool with_code;
    const char* name;
} way;

static const way WAYS[] = {
    {ST_WIDTH_PLAIN, false, "2 lanes"},
    {ST_WIDTH_AVX2, false, "AVX2"},
    {ST_WIDTH_AVX512, false, "AVX-512"},
    {ST_WIDTH_AVX2, true, "AVX2 machine code"},
    {ST_WIDTH_AVX512, true, "AVX-512 machine code"},
};
#define WAY_COUNT ((int)(sizeof WAYS / sizeof WAYS[0]))

#define INPUTS  6
#define OUTPUTS 5

/// Numbers that make operations differ: zeros of both signs, infinities, not a number, whole and
/// broken exponents.
static double odd_number(const st_random_key* key, uint64_t draw)
{
    static const double odd[] = {0.0, -0.0, 1.0, -1.0, INFINITY, -INFINITY,
                                 NAN, 2.0,  3.0, 0.5,  1e-310,   1e200};
    const double pick = st_random_uniform(key, 2 * draw);
    if (pick < 0.25) {
        return odd[(int)(pick * 4.0 * 12.0)];
    }
    return 3.0 * st_random_normal(key, 2 * draw + 1);
}

static const st_op_code CODES[] = {ST_OP_ADD, ST_OP_SUB, ST_OP_MUL, ST_OP_DIV,    ST_OP_NEG,
                                   ST_OP_EXP, ST_OP_LOG, ST_OP_POW, ST_OP_PPOW,   ST_OP_SQRT,
                                   ST_OP_MIN, ST_OP_MAX, ST_OP_LE,  ST_OP_SQUARE, ST_OP_PLUS,
                                   ST_OP_ADD, ST_OP_MUL, ST_OP_SUB, ST_OP_MUL,    ST_OP_ADD};
enum { CODE_COUNT = sizeof CODES / sizeof CODES[0] };

/// A random tape: every operation reads earlier registers.
static void draw_tape(const st_random_key* key, int op_count, st_op* op, uint16_t* output,
                      st_tape* tape)
{
    static const double constant[] = {0.0, 1.0, 3.0};
    const int first = INPUTS + 3;
    for (int i = 0; i < op_count; i++) {
        const uint64_t at = 1000 + 4 * (uint64_t)i;
        const double range = first + i;
        op[i] = (st_op){
            .code = (uint16_t)CODES[(size_t)(st_random_uniform(key, at) * (double)CODE_COUNT)],
            .a = (uint16_t)(st_random_uniform(key, at + 1) * range),
            .b = (uint16_t)(st_random_uniform(key, at + 2) * range),
            .out = (uint16_t)(first + i)};
    }
    for (int i = 0; i < OUTPUTS; i++) {
        const double back = st_random_uniform(key, 100 + (uint64_t)i) * 0.5 * op_count;
        output[i] = (uint16_t)(first + op_count - 1 - (int)back);
    }
    *tape = (st_tape){.op = op,
                      .op_count = op_count,
                      .register_count = first + op_count,
                      .input_count = INPUTS,
                      .constant = constant,
                      .constant_count = 3,
                      .output = output,
                      .output_count = OUTPUTS};
}

/// Bytes, but any two that are not numbers are the same: their bits are the CPU's business.
static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/// Builds the tape into a program and compares every way with the tape run lane by lane.
static void compare_ways(st_ctx* ctx, const st_tape* tape, const st_random_key* key)
{
    static const st_program_level level[INPUTS] = {ST_LEVEL_STEP,   ST_LEVEL_STEP,   ST_LEVEL_STEP,
                                                   ST_LEVEL_PERSON, ST_LEVEL_PERSON, ST_LEVEL_STEP};
    st_arena arena;
    st_program_build b;
    st_program program;
    st_value input[INPUTS];
    st_value output[OUTPUTS];
    st_arena_init(&arena, ctx);
    assert_int_equal(st_program_begin(&b, ctx, INPUTS, level), ST_OK);
    for (int i = 0; i < INPUTS; i++) {
        input[i] = (st_value)i;
    }
    st_program_inline(&b, tape, input, output);
    for (int i = 0; i < OUTPUTS; i++) {
        st_program_output(&b, output[i]);
    }
    assert_int_equal(st_program_finish(&b, &arena, &program), ST_OK);
    st_program_clear(&b);
    double* reg = st_alloc(ctx, (size_t)tape->register_count, sizeof *reg);
    double* slot = st_alloc(ctx, (size_t)program.slot_count * ST_LANES, sizeof *slot);
    for (int w = 0; w < WAY_COUNT && WAYS[w].width <= st_width_best(); w++) {
        st_code* code = NULL;
        memset(slot, 0, (size_t)program.slot_count * ST_LANES * sizeof *slot);
        st_program_prepare(&program, slot);
        for (int i = 0; i < INPUTS * ST_LANES; i++) {
            slot[i] = odd_number(key, (uint64_t)i);
        }
        if (WAYS[w].with_code) {
            assert_int_equal(st_code_create(ctx, &program, WAYS[w].width, &code), ST_OK);
        }
        st_program_run(program.prologue, program.prologue_count, WAYS[w].width, slot);
        if (code != NULL) {
            st_code_run(code, slot);
        } else {
            st_program_run(program.body, program.body_count, WAYS[w].width, slot);
        }
        for (int lane = 0; lane < ST_LANES; lane++) {
            double in[INPUTS];
            double out[OUTPUTS];
            for (int i = 0; i < INPUTS; i++) {
                in[i] = slot[i * ST_LANES + lane];
            }
            st_tape_run_scalar(tape, in, reg, out);
            for (int i = 0; i < OUTPUTS; i++) {
                const double found = slot[(program.first_output + i) * ST_LANES + lane];
                if (!same(found, out[i])) {
                    print_error("%s, lane %d, output %d: %.17g, expected %.17g\n", WAYS[w].name,
                                lane, i, found, out[i]);
                }
                assert_true(same(found, out[i]));
            }
        }
        st_code_destroy(code);
    }
    st_free(ctx, slot);
    st_free(ctx, reg);
    st_arena_clear(&arena);
}

// Every operation, odd numbers included, at every width and as machine code, equals the tape run
// one lane at a time. Long tapes make values leave the registers and come back.
static void every_way_of_running_gives_the_same_bytes(void** state)
{
    (void)state;
    static st_op op[1200];
    uint16_t output[OUTPUTS];
    st_tape tape;
    st_ctx* ctx = st_ctx_create();
    print_message("seed 5, widest: %s\n", WAYS[st_width_best()].name);
    for (int i = 0; i < 300; i++) {
        const st_random_key key = {5, ST_STREAM_TEST, (uint64_t)i, 0};
        draw_tape(&key, i < 250 ? 1 + i / 2 : 400 + 16 * (i - 250), op, output, &tape);
        compare_ways(ctx, &tape, &key);
    }
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

#define PEOPLE  11
#define SAMPLES 4

/// Courses of people who differ in every parameter with a spread.
static void solve(st_ctx* ctx, const st_model* model, const way* how, double* sample, double* steps)
{
    const int parameters = st_model_parameter_count(model);
    const int inputs = st_model_input_count(model);
    const int width = st_model_state_count(model) + st_model_definition_count(model);
    const double day[SAMPLES] = {0.5, 3.0, 40.0, 200.0};
    double* parameter = st_alloc(ctx, (size_t)parameters * PEOPLE, sizeof *parameter);
    double* input = st_alloc(ctx, (size_t)inputs, sizeof *input);
    st_course course[PEOPLE];
    const st_population_def def = st_default_population_def();
    st_population* p = NULL;
    for (int j = 0; j < inputs; j++) {
        input[j] = st_model_input(model, j)->value;
    }
    const st_action action = {.day = 1.0, .kind = ST_ACTION_SCALE, .index = 0, .value = 1.5};
    for (int i = 0; i < PEOPLE; i++) {
        const st_random_key key = {6, ST_STREAM_TEST, (uint64_t)i, 0};
        for (int j = 0; j < parameters; j++) {
            const st_parameter_info* info = st_model_parameter(model, j);
            const double z = st_random_normal(&key, (uint64_t)j);
            const bool is_log = info->spread_kind == ST_SPREAD_LOGNORMAL;
            parameter[i * parameters + j] = info->value * (is_log ? exp(info->spread * z) : 1.0);
        }
        course[i] = (st_course){.parameter = parameter + i * parameters,
                                .input = input,
                                .action = &action,
                                .action_count = 1,
                                .begin_day = -st_model_settle_days(model),
                                .end_day = day[SAMPLES - 1],
                                .sample_day = day,
                                .sample_count = SAMPLES,
                                .sample = sample + (size_t)i * SAMPLES * (size_t)width};
    }
    assert_int_equal(st_population_create(ctx, model, &def, &p), ST_OK);
    if (how != NULL) {
        assert_int_equal(st_population_choose(p, how->width, how->with_code), ST_OK);
        assert_int_equal(st_population_solve(p, course, PEOPLE), ST_OK);
    } else {
        assert_int_equal(st_population_solve_scalar(p, course, PEOPLE), ST_OK);
    }
    *steps = 0.0;
    for (int i = 0; i < PEOPLE; i++) {
        assert_int_equal(course[i].status, ST_OK);
        *steps += (double)course[i].step_count / PEOPLE;
    }
    st_population_destroy(p);
    st_free(ctx, parameter);
    st_free(ctx, input);
}

// The shipped knee model, the Baker model and the stiff one: all ways equal the plain twin.
static void shipped_models_have_the_same_bytes_in_every_way(void** state)
{
    (void)state;
    static const char* const files[] = {"knee-oa.yaml", "verification/baker2017.yaml",
                                        "verification/stiff48.yaml"};
    for (int f = 0; f < 3; f++) {
        char path[1024];
        double steps = 0.0;
        st_ctx* ctx = st_ctx_create();
        st_model* model = NULL;
        snprintf(path, sizeof path, "%s/models/%s", ST_SOURCE_DIR, files[f]);
        assert_int_equal(st_model_load(ctx, path, NULL, &model), ST_OK);
        const size_t count =
            (size_t)PEOPLE * SAMPLES *
            (size_t)(st_model_state_count(model) + st_model_definition_count(model));
        double* plain = st_alloc(ctx, count, sizeof *plain);
        double* found = st_alloc(ctx, count, sizeof *found);
        solve(ctx, model, NULL, plain, &steps);
        for (int w = 0; w < WAY_COUNT && WAYS[w].width <= st_width_best(); w++) {
            memset(found, 0, count * sizeof *found);
            solve(ctx, model, &WAYS[w], found, &steps);
            print_message("%s, %s: %.1f steps\n", files[f], WAYS[w].name, steps);
            assert_memory_equal(found, plain, count * sizeof *found);
        }
        st_free(ctx, plain);
        st_free(ctx, found);
        st_model_destroy(model);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
    }
}

// Quotients become products with a reciprocal where that is worth it, and nowhere else does the
// tape change; the values differ by rounding only.
static void fewer_divisions_change_rounding_only(void** state)
{
    (void)state;
    st_ctx* ctx = st_ctx_create();
    st_arena arena;
    st_arena_init(&arena, ctx);
    // inputs: x, y change; k does not. x/k, y/k, x/y, y/y ... and x/x once
    const st_op op[] = {{ST_OP_DIV, 0, 2, 3}, {ST_OP_DIV, 1, 2, 4}, {ST_OP_DIV, 0, 1, 5},
                        {ST_OP_ADD, 3, 4, 6}, {ST_OP_DIV, 6, 5, 7}, {ST_OP_MUL, 7, 7, 5},
                        {ST_OP_DIV, 4, 5, 4}};
    const uint16_t output[] = {6, 7, 4};
    const bool changes[] = {true, true, false};
    double reg[32] = {0};
    const st_tape tape = {.op = op,
                          .op_count = 7,
                          .register_count = 8,
                          .input_count = 3,
                          .constant = reg,
                          .output = output,
                          .output_count = 3};
    st_tape fewer;
    double before[3];
    double after[3];
    assert_int_equal(st_divide_rewrite(&arena, &tape, changes, &fewer), ST_OK);
    int divisions = 0;
    for (int i = 0; i < fewer.op_count; i++) {
        divisions += fewer.op[i].code == ST_OP_DIV;
    }
    assert_int_equal(divisions, 4); // 1/k; the three with a divisor of their own stay
    for (int i = 0; i < 50; i++) {
        const double input[] = {0.1 + 0.37 * i, 5.3 - 0.11 * i, 0.7 + 0.01 * i};
        st_tape_run_scalar(&tape, input, reg, before);
        st_tape_run_scalar(&fewer, input, reg, after);
        for (int k = 0; k < 3; k++) {
            assert_true(fabs(after[k] - before[k]) <= 1e-14 * fabs(before[k]));
        }
    }
    st_arena_clear(&arena);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_of_running_gives_the_same_bytes),
        cmocka_unit_test(shipped_models_have_the_same_bytes_in_every_way),
        cmocka_unit_test(fewer_divisions_change_rounding_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
