// Verification P1: birth and death without limits, N(t) of the stochastic twin against the closed
// forms of mean and variance.                                                             POP-8

#include "stroma/population.h"

#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUNS  10000
#define START 50.0
#define BIRTH 0.9
#define DEATH 0.6
#define DAYS  2.0

static const char MODEL[] = "model: Birth and death\n"
                            "places: { box: { volume: { value: 1 mL, assumed: any } } }\n"
                            "cells:\n"
                            "  c:\n"
                            "    in: { box: { value: 50 cells, assumed: any } }\n"
                            "    behaviours:\n"
                            "      divide: { value: 0.9 1/day, assumed: any }\n"
                            "      die: { value: 0.6 1/day, assumed: any }\n";

static void solve(st_ctx* ctx, const st_model* model, int workers, double* sample)
{
    static const double days[] = {DAYS / 2, DAYS};
    static st_course course[RUNS];
    double parameter[8] = {0};
    double input = 0.0;
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        parameter[i] = st_model_parameter(model, i)->value;
    }
    for (int r = 0; r < RUNS; r++) {
        course[r] = (st_course){.parameter = parameter,
                                .input = &input,
                                .end_day = DAYS,
                                .sample_day = days,
                                .sample_count = 2,
                                .sample = sample + 2 * r};
    }
    st_ssa_def def = st_default_ssa_def();
    def.cells = START; // one step is one cell
    def.seed = 20261;
    assert_int_equal(st_ssa_solve_runs(ctx, model, &def, course, RUNS, workers), ST_OK);
    for (int r = 0; r < RUNS; r++) {
        assert_int_equal(course[r].status, ST_OK);
    }
}

static void mean_and_variance_are_the_closed_forms(void** state)
{
    (void)state;
    static double sample[2 * RUNS];
    static double again[2 * RUNS];
    st_ctx* ctx = st_ctx_create();
    st_model* model = NULL;
    assert_int_equal(st_model_parse(ctx, "p1.yaml", MODEL, strlen(MODEL), NULL, &model), ST_OK);
    print_message("seed 20261\n");
    solve(ctx, model, 1, sample);
    for (int k = 0; k < 2; k++) {
        const double t = DAYS * (k + 1) / 2.0;
        const double growth = exp((BIRTH - DEATH) * t);
        const double mean = START * growth;
        const double variance = START * (BIRTH + DEATH) / (BIRTH - DEATH) * growth * (growth - 1.0);
        double sum = 0.0;
        double squares = 0.0;
        double fourth = 0.0;
        for (int r = 0; r < RUNS; r++) {
            const double n = sample[2 * r + k];
            assert_true(n >= 0.0 && n == floor(n)); // cells are whole
            sum += n;
            squares += (n - mean) * (n - mean);
            fourth += pow(n - mean, 4.0);
        }
        const double found_mean = sum / RUNS;
        const double found_variance = squares / RUNS;
        const double error_of_variance =
            sqrt((fourth / RUNS - found_variance * found_variance) / RUNS);
        print_message("day %g: mean %.3f, exact %.3f; variance %.2f, exact %.2f (SE %.2f)\n", t,
                      found_mean, mean, found_variance, variance, error_of_variance);
        assert_true(fabs(found_mean - mean) < 4.0 * sqrt(variance / RUNS));
        assert_true(fabs(found_variance - variance) < 4.0 * error_of_variance);
    }
    for (int workers = 2; workers <= 16; workers = workers == 2   ? 3
                                                   : workers == 3 ? 8
                                                                  : 2 * workers) {
        solve(ctx, model, workers, again);
        assert_memory_equal(sample, again, sizeof sample);
    }
    st_model_destroy(model);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mean_and_variance_are_the_closed_forms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
