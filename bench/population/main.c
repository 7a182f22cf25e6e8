/// People per second of the population engine beside CVODE, at equal achieved error.
///
///     stroma_population_bench MODEL_DIR WORK_DIR [REPEATS [ERROR ...]] > population.csv
///     stroma_population_bench oracle MODEL_DIR WORK_DIR PEOPLE [MODEL] > oracle.csv   (oracle.c)
///
/// For each model: CVODE with a dense and a sparse (KLU) Jacobian, one person at a time, at
/// relative tolerances 1e-4 and 1e-6. The error that it achieves is measured against a run at
/// 1e-11. Stroma then takes the loosest tolerance of a fixed ladder whose achieved error is no
/// larger. Repeats are interleaved; median and best are printed: of processor time for one thread,
/// which other work hardly changes, of the clock for two. WORK_DIR gets the model as C for
/// CVODE and as tables for R. Error: |x - reference| / (|reference| + 1e-3 typical size), largest
/// over the samples and states of all people.

#include "peers.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PEER_PEOPLE   96   ///< the slow solvers get these
#define STROMA_PEOPLE 1536 ///< the first PEER_PEOPLE are the same
#define REPEAT_LIMIT  15

/// One thread: processor time, which other work on the machine hardly changes. Two: the clock.
static double now_s(int threads)
{
    struct timespec now;
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// --- solvers ------------------------------------------------------------------------------------

typedef enum solver { SOLVER_STROMA, SOLVER_DENSE, SOLVER_KLU } solver;

/// One measurement: a solver, its tolerance, how many threads and people.
typedef struct job {
    const bench_case* c;
    const bench_source* source;
    solver solver;
    double rtol;
    int threads, people;
    double* sample; ///< [people][sample_count][width or states]
} job;

typedef struct share {
    const job* job;
    st_population* population;
    int first, count;
    bool is_ok;
} share;

static void* work(void* arg)
{
    share* s = arg;
    const job* j = s->job;
    if (j->solver == SOLVER_STROMA) {
        s->is_ok = st_population_solve(s->population, j->c->course + s->first, s->count) == ST_OK;
    } else {
        s->is_ok =
            bench_cvode_solve(j->c, j->source, j->solver == SOLVER_DENSE ? BENCH_DENSE : BENCH_KLU,
                              j->rtol, s->first, s->count,
                              j->sample + (size_t)s->first * (size_t)j->c->sample_count *
                                              (size_t)st_model_state_count(j->c->model));
    }
    return NULL;
}

/// Seconds of one run, negative when it failed. Making the solvers is not counted.
static double run(const job* j)
{
    share shares[2];
    st_ctx* ctx[2] = {NULL, NULL};
    pthread_t thread[2];
    bool is_ok = true;
    for (int i = 0; i < j->people && j->solver == SOLVER_STROMA; i++) {
        j->c->course[i].sample = j->sample + (size_t)i * (size_t)j->c->sample_count * j->c->width;
    }
    for (int t = 0; t < j->threads; t++) {
        const int first = j->people * t / j->threads;
        shares[t] =
            (share){.job = j, .first = first, .count = j->people * (t + 1) / j->threads - first};
        if (j->solver == SOLVER_STROMA) {
            st_population_def def = st_default_population_def();
            def.relative_tolerance = j->rtol;
            def.absolute_tolerance = 1e-2 * j->rtol;
            ctx[t] = bench_need(st_ctx_create());
            is_ok = is_ok &&
                    st_population_create(ctx[t], j->c->model, &def, &shares[t].population) == ST_OK;
        }
    }
    const double begin = now_s(j->threads);
    for (int t = 1; t < j->threads; t++) {
        is_ok = is_ok && pthread_create(&thread[t], NULL, work, &shares[t]) == 0;
    }
    work(&shares[0]);
    for (int t = 1; t < j->threads; t++) {
        pthread_join(thread[t], NULL);
    }
    const double seconds = now_s(j->threads) - begin;
    for (int t = 0; t < j->threads; t++) {
        is_ok = is_ok && shares[t].is_ok;
        if (ctx[t] != NULL) {
            st_population_destroy(shares[t].population);
            st_ctx_destroy(ctx[t]);
        }
    }
    return is_ok ? seconds : -1.0;
}

/// Largest error over the people that all solvers had; *typical: median over people.
static double error_of(const bench_case* c, const double* sample, size_t width, const double* ref,
                       double* typical)
{
    const int n = st_model_state_count(c->model);
    double worst[PEER_PEOPLE] = {0.0};
    double largest = 0.0;
    for (int i = 0; i < PEER_PEOPLE; i++) {
        for (int s = 0; s < c->sample_count; s++) {
            const size_t row = (size_t)i * (size_t)c->sample_count + (size_t)s;
            for (int v = 0; v < n; v++) {
                const double r = ref[row * c->width + (size_t)v];
                const double size = fabs(r) + 1e-3 * st_model_state(c->model, v)->scale;
                worst[i] = fmax(worst[i], fabs(sample[row * width + (size_t)v] - r) / size);
            }
        }
        largest = fmax(largest, worst[i]);
    }
    for (int i = 1; i < PEER_PEOPLE; i++) {
        for (int k = i; k > 0 && worst[k - 1] > worst[k]; k--) {
            const double swap = worst[k];
            worst[k] = worst[k - 1];
            worst[k - 1] = swap;
        }
    }
    *typical = worst[PEER_PEOPLE / 2];
    return largest;
}

static int ascending(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

/// One line of the table and its measurements.
typedef struct line {
    job job;
    double error, typical;
    double seconds[REPEAT_LIMIT];
    const char* at; ///< "1e-4": the peer's tolerance that this line answers
} line;

static void print_line(line* l, int repeats, double steps)
{
    static const char* const names[] = {"stroma", "cvode dense", "cvode klu"};
    qsort(l->seconds, (size_t)repeats, sizeof l->seconds[0], ascending);
    const double median = l->seconds[repeats / 2];
    printf("%s,%s,%s,%g,%.3e,%.3e,%d,%d,%.5f,%.5f,%.1f,%.1f,", l->job.c->name, names[l->job.solver],
           l->at, l->job.rtol, l->error, l->typical, l->job.threads, l->job.people, median,
           l->seconds[0], l->job.people / median, l->job.people / l->seconds[0]);
    if (steps > 0.0) {
        printf("%.1f", steps);
    }
    printf("\n");
    fflush(stdout);
}

static double steps_of(const bench_case* c)
{
    double sum = 0.0;
    for (int i = 0; i < c->people; i++) {
        sum += (double)c->course[i].step_count;
    }
    return sum / c->people;
}

/// Loosest tolerance of the ladder 10^(-k/8) whose largest error is at most `goal` and whose median
/// person's error is at most `typical_goal`.
static double match(const bench_case* c, double goal, double typical_goal, double* sample,
                    const double* ref, double* error, double* typical)
{
    double best = 0.0;
    for (int k = 8; k <= 72; k++) {
        const double rtol = pow(10.0, -k / 8.0);
        const job j = {.c = c,
                       .solver = SOLVER_STROMA,
                       .rtol = rtol,
                       .threads = 1,
                       .people = PEER_PEOPLE,
                       .sample = sample};
        double t = 0.0;
        if (run(&j) < 0.0) {
            continue;
        }
        const double e = error_of(c, sample, c->width, ref, &t);
        if (e <= goal && t <= typical_goal) {
            *error = e;
            *typical = t;
            best = rtol;
            break;
        }
    }
    return best;
}

/// Model, people and reference as tables, for peers outside this program
/// (bench/population/desolve.R).
static void write_tables(const bench_case* c, const char* dir, const double* ref)
{
    const int n = st_model_state_count(c->model);
    const int person = st_model_parameter_count(c->model) + st_model_input_count(c->model);
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.csv", dir, c->name);
    FILE* file = fopen(path, "w");
    if (file == NULL) {
        return;
    }
    fprintf(file, "%d,%d,%d,%.17g\n", n, person, c->sample_count, c->begin_day);
    for (int v = 0; v < n; v++) {
        fprintf(file, "%.17g%s", st_model_state(c->model, v)->scale, v + 1 < n ? "," : "\n");
    }
    for (int k = 0; k < c->sample_count; k++) {
        fprintf(file, "%.17g%s", c->day[k], k + 1 < c->sample_count ? "," : "\n");
    }
    for (int i = 0; i < PEER_PEOPLE; i++) {
        const double* p = c->person + (size_t)i * (size_t)person;
        double* slot = bench_need(calloc((size_t)(n + person) + 1u, sizeof *slot));
        double* reg = bench_need(calloc(UINT16_MAX, sizeof *reg));
        double* start = bench_need(calloc((size_t)n + 1u, sizeof *start));
        memcpy(slot + n, p, (size_t)person * sizeof *slot);
        st_tape_run_scalar(st_model_initial_tape(c->model), slot, reg, start);
        for (int j = 0; j < person; j++) {
            fprintf(file, "%.17g,", p[j]);
        }
        for (int v = 0; v < n; v++) {
            fprintf(file, "%.17g%s", start[v], v + 1 < n ? "," : "\n");
        }
        free(slot);
        free(reg);
        free(start);
    }
    for (int i = 0; i < PEER_PEOPLE * c->sample_count; i++) {
        for (int v = 0; v < n; v++) {
            fprintf(file, "%.17g%s", ref[(size_t)i * c->width + (size_t)v], v + 1 < n ? "," : "\n");
        }
    }
    fclose(file);
}

#define GOAL_LIMIT 4

/// Errors to reach beside those of CVODE; texts as they were given.
typedef struct goals {
    int count;
    char* const* text;
} goals;

static bool bench_one(const bench_case* c, const char* work_dir, int repeats, goals more)
{
    static const double peer_rtol[] = {1e-4, 1e-6};
    static const char* const at[] = {"1e-4", "1e-6"};
    const size_t n = (size_t)st_model_state_count(c->model);
    const size_t rows = (size_t)c->people * (size_t)c->sample_count;
    double* ref = bench_need(calloc(rows * c->width, sizeof *ref));
    double* sample = bench_need(calloc(rows * c->width, sizeof *sample));
    double* peer = bench_need(calloc(rows * n, sizeof *peer));
    bench_source source = {0};
    line lines[24];
    int count = 0;
    bool is_ok = bench_source_make(c->ctx, c->model, c->name, work_dir, &source) == ST_OK;
    job j = {.c = c, .solver = SOLVER_STROMA, .rtol = 1e-11, .threads = 1, .people = PEER_PEOPLE};
    j.sample = ref;
    is_ok = is_ok && run(&j) >= 0.0;
    if (is_ok) {
        write_tables(c, work_dir, ref);
    }
    for (int k = 0; k < 2 && is_ok; k++) {
        double goal = peer_rtol[k];
        double typical = 0.0;
        double typical_goal = INFINITY;
        for (int s = SOLVER_DENSE; s <= SOLVER_KLU && bench_cvode_origin() != NULL; s++) {
            j = (job){.c = c,
                      .source = &source,
                      .solver = (solver)s,
                      .rtol = peer_rtol[k],
                      .threads = 1,
                      .people = PEER_PEOPLE,
                      .sample = peer};
            if (run(&j) < 0.0) {
                fprintf(stderr, "%s: CVODE failed\n", c->name);
                continue;
            }
            const double error = error_of(c, peer, n, ref, &typical);
            // equal error is that of the more exact of the two
            goal = s == SOLVER_DENSE ? error : fmin(goal, error);
            typical_goal = fmin(typical_goal, typical);
            for (int threads = 1; threads <= 2; threads++) {
                j.threads = threads;
                lines[count++] = (line){.job = j, .error = error, .typical = typical, .at = at[k]};
            }
        }
        double error = 0.0;
        const double rtol = match(c, goal, typical_goal, sample, ref, &error, &typical);
        for (int threads = 1; threads <= 2; threads++) {
            j = (job){.c = c,
                      .solver = SOLVER_STROMA,
                      .rtol = rtol,
                      .threads = threads,
                      .people = STROMA_PEOPLE,
                      .sample = sample};
            lines[count++] = (line){.job = j, .error = error, .typical = typical, .at = at[k]};
        }
    }
    for (int k = 0; k < more.count && is_ok; k++) {
        double error = 0.0;
        double typical = 0.0;
        const double rtol =
            match(c, strtod(more.text[k], NULL), INFINITY, sample, ref, &error, &typical);
        for (int threads = 1; threads <= 2; threads++) {
            j = (job){.c = c,
                      .solver = SOLVER_STROMA,
                      .rtol = rtol,
                      .threads = threads,
                      .people = STROMA_PEOPLE,
                      .sample = sample};
            lines[count++] =
                (line){.job = j, .error = error, .typical = typical, .at = more.text[k]};
        }
    }
    double steps[24] = {0.0};
    for (int r = 0; r < repeats; r++) {
        for (int l = 0; l < count && is_ok; l++) {
            lines[l].seconds[r] = run(&lines[l].job);
            is_ok = lines[l].seconds[r] >= 0.0;
            steps[l] = lines[l].job.solver == SOLVER_STROMA ? steps_of(c) : 0.0;
        }
    }
    for (int l = 0; l < count && is_ok; l++) {
        print_line(&lines[l], repeats, steps[l]);
    }
    bench_source_close(&source);
    free(ref);
    free(sample);
    free(peer);
    return is_ok;
}

int main(int argc, char** argv)
{
    if (argc > 1 && strcmp(argv[1], "oracle") == 0) {
        return bench_oracle(argc - 1, argv + 1);
    }
    const int repeats = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 5;
    if (argc < 3 || argc > 4 + GOAL_LIMIT || repeats < 1 || repeats > REPEAT_LIMIT) {
        fprintf(stderr,
                "stroma_population_bench MODEL_DIR WORK_DIR [REPEATS 1 to %d [ERROR, at most %d]]\n"
                "stroma_population_bench oracle MODEL_DIR WORK_DIR PEOPLE [MODEL]\n",
                REPEAT_LIMIT, GOAL_LIMIT);
        return 2;
    }
    st_ctx* ctx = bench_need(st_ctx_create());
    const char* origin = bench_cvode_origin();
    fprintf(stderr, "SUNDIALS: %s\n", origin != NULL ? origin : "not in this build");
    printf("model,solver,peer_rtol,rtol,error_largest,error_median,threads,people,seconds_median,"
           "seconds_best,people_per_second_median,people_per_second_best,steps\n");
    bool is_ok = true;
    for (int i = 0; i < BENCH_PLANS; i++) {
        bench_case c;
        if (bench_case_open(ctx, &bench_plans[i], argv[1], BENCH_DRAWN, STROMA_PEOPLE, &c) !=
            ST_OK) {
            is_ok = false;
            continue;
        }
        const bool is_last = i + 1 == BENCH_PLANS;
        const goals more = {is_last && argc > 4 ? argc - 4 : 0, argv + 4};
        is_ok = bench_one(&c, argv[2], repeats, more) && is_ok;
        bench_case_close(&c);
    }
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        fprintf(stderr, "%s\n", st_ctx_message(ctx, i));
    }
    st_ctx_destroy(ctx);
    return is_ok ? 0 : 1;
}
