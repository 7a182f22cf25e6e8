/// Many people of every shipped model against CVODE, once in a while: the tests take 200.
///
///     stroma_population_bench oracle MODEL_DIR WORK_DIR PEOPLE [MODEL] > oracle.csv
///
/// CVODE (BDF, KLU) at rtol 1e-10, absolute 1e-12 of each state's scale; Stroma with its defaults.
/// Unit of the differences: a local tolerance, R max_t |x| + A scale, as in docs/equations/
/// population.md. Whoever is beyond the 5 that are stated there is solved again with a hundredth of
/// a percent of the tolerances: a person on a separatrix moves to the oracle, a wrong solver does
/// not. WORK_DIR/oracle_people.csv lists them, and those whom a solver gave up.

#include "peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORACLE_RTOL 1e-10
#define STATED      5.0
#define SHARPER     1e-4
#define CLOSER      1e-2 ///< on the edge itself the oracle is not exact either
#define BLOCK       250

/// One model's people so far.
typedef struct tally {
    double* difference; ///< [people], ascending in the end
    double relative;    ///< largest |x - ref| / (|ref| + 1e-3 scale)
    double most;
    int most_state;
    int count, beyond, moved, failed;
    double steps;
} tally;

static double local_difference(const bench_case* c, const st_population_def* def, const double* x,
                               const double* ref, int* state, double* relative)
{
    const int n = st_model_state_count(c->model);
    double most = 0.0;
    *state = 0;
    for (int s = 0; s < n; s++) {
        const double scale = st_model_state(c->model, s)->scale;
        double size = 0.0;
        for (int k = 0; k < c->sample_count; k++) {
            size = fmax(size, fabs(ref[k * n + s]));
        }
        const double unit = def->relative_tolerance * size + def->absolute_tolerance * scale;
        for (int k = 0; k < c->sample_count; k++) {
            const double r = ref[k * n + s];
            const double d = fabs(x[(size_t)k * c->width + (size_t)s] - r);
            *state = !(d / unit <= most) ? s : *state;
            most = d / unit <= most ? most : d / unit; // keeps NaN
            *relative = fmax(*relative, d / (fabs(r) + 1e-3 * scale));
        }
    }
    return most;
}

/// People first ... first+count-1 by Stroma; false when the solver could not be made.
static bool solve(const bench_case* c, const st_population_def* def, int first, int count,
                  double* sample)
{
    st_population* p = NULL;
    for (int i = 0; i < count; i++) {
        c->course[first + i].sample = sample + (size_t)i * (size_t)c->sample_count * c->width;
    }
    const bool is_ok = st_population_create(c->ctx, c->model, def, &p) == ST_OK &&
                       st_population_solve(p, c->course + first, count) == ST_OK;
    st_population_destroy(p);
    return is_ok;
}

static void list(FILE* file, const bench_case* c, int person, double difference, double sharper,
                 const char* what)
{
    fprintf(file, "%s,%d,%.4g,%.4g,%s\n", c->name, person, difference, sharper, what);
}

static bool compare_one(const bench_case* c, const bench_source* source, int person,
                        const double* x, double* ref, double* again, FILE* file, tally* t)
{
    const st_population_def def = st_default_population_def();
    int state;
    if (c->course[person].status != ST_OK ||
        !bench_cvode_solve(c, source, BENCH_KLU, ORACLE_RTOL, person, 1, ref)) {
        list(file, c, person, NAN, NAN,
             c->course[person].status != ST_OK ? "stroma gave up" : "cvode gave up");
        t->failed++;
        return true;
    }
    const double d = local_difference(c, &def, x, ref, &state, &t->relative);
    if (!(d <= t->most)) {
        t->most = d;
        t->most_state = state;
    }
    t->difference[t->count++] = d;
    t->steps += (double)c->course[person].step_count;
    if (!(d <= STATED)) {
        st_population_def sharp = def;
        double ignored = 0.0;
        int at;
        sharp.relative_tolerance *= SHARPER;
        sharp.absolute_tolerance *= SHARPER;
        if (!solve(c, &sharp, person, 1, again)) {
            return false;
        }
        const double sharper = local_difference(c, &def, again, ref, &at, &ignored);
        t->beyond++;
        t->moved += sharper < fmax(1.0, CLOSER * d);
        list(file, c, person, d, sharper, st_model_state(c->model, state)->name);
    }
    return true;
}

static int ascending(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

static bool compare_all(const bench_case* c, const bench_source* source, FILE* file)
{
    const st_population_def def = st_default_population_def();
    const size_t rows = (size_t)c->sample_count * (size_t)st_model_state_count(c->model);
    const size_t width = (size_t)c->sample_count * c->width;
    double* x = bench_need(calloc(BLOCK * width + 1, sizeof *x));
    double* again = bench_need(calloc(width + 1, sizeof *again));
    double* ref = bench_need(calloc(rows + 1, sizeof *ref));
    tally t = {.difference = bench_need(calloc((size_t)c->people + 1, sizeof(double)))};
    bool is_ok = true;
    for (int first = 0; first < c->people && is_ok; first += BLOCK) {
        const int count = c->people - first < BLOCK ? c->people - first : BLOCK;
        is_ok = solve(c, &def, first, count, x);
        for (int i = 0; i < count && is_ok; i++) {
            is_ok = compare_one(c, source, first + i, x + (size_t)i * width, ref, again, file, &t);
        }
    }
    qsort(t.difference, (size_t)t.count, sizeof *t.difference, ascending);
    if (is_ok && t.count > 0) {
        printf("%s,%d,%d,%g,%.1f,%.3f,%.3f,%.3f,%s,%.3e,%d,%d,%d\n", c->name,
               st_model_state_count(c->model), c->people, def.relative_tolerance, t.steps / t.count,
               t.difference[t.count / 2], t.difference[(size_t)t.count * 95 / 100], t.most,
               st_model_state(c->model, t.most_state)->name, t.relative, t.beyond, t.moved,
               t.failed);
        fflush(stdout);
    }
    free(x);
    free(again);
    free(ref);
    free(t.difference);
    return is_ok && t.moved == t.beyond;
}

int bench_oracle(int argc, char** argv)
{
    const long people = argc == 4 || argc == 5 ? strtol(argv[3], NULL, 10) : 0;
    char path[4096];
    if (people < 1 || people > 10000000 || bench_cvode_origin() == NULL) {
        fputs("stroma_population_bench oracle MODEL_DIR WORK_DIR PEOPLE [MODEL]   (needs CVODE)\n",
              stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/oracle_people.csv", argv[2]);
    FILE* file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    st_ctx* ctx = bench_need(st_ctx_create());
    bool is_ok = true;
    fprintf(file, "model,person,local_tolerances,with_sharper_steps,what\n");
    printf("model,states,people,tolerance,steps,median,p95,largest,largest_state,"
           "largest_relative,beyond_stated,of_them_on_a_separatrix,failed\n");
    for (int i = 0; i < BENCH_PLANS; i++) {
        bench_case c;
        bench_source source = {0};
        if (argc == 5 && strcmp(argv[4], bench_plans[i].name) != 0) {
            continue;
        }
        const bool is_open =
            bench_case_open(ctx, &bench_plans[i], argv[1], BENCH_SHIPPED, (int)people, &c) == ST_OK;
        is_ok = is_ok && is_open;
        if (is_open) {
            is_ok = bench_source_make(ctx, c.model, c.name, argv[2], &source) == ST_OK &&
                    compare_all(&c, &source, file) && is_ok;
            bench_source_close(&source);
            bench_case_close(&c);
        }
    }
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        fprintf(stderr, "%s\n", st_ctx_message(ctx, i));
    }
    is_ok = fclose(file) == 0 && is_ok;
    st_ctx_destroy(ctx);
    return is_ok ? 0 : 1;
}
