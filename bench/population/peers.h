/// \file
/// What the population benchmark shares: people, courses, and the solvers that they are given to.
#ifndef ST_BENCH_PEERS_H
#define ST_BENCH_PEERS_H

#include "base/base.h"
#include "stroma/population.h"

/// Right-hand side and Jacobian compiled from the model's tapes by the C compiler, so that a peer
/// pays for its solver and not for our interpreter. Parameters and inputs come as one array.
typedef struct bench_source {
    void* library;
    void (*rates)(const double* state, const double* person, double day, double* out);
    void (*jacobian)(const double* state, const double* person, double day, double* out);
} bench_source;

/// Writes `dir`/`name`.c, compiles it with the C compiler named by CC (default cc) to `name`.so.
st_status bench_source_make(st_ctx* ctx, const st_model* model, const char* name, const char* dir,
                            bench_source* out);
void bench_source_close(bench_source* source);

/// All that a solver needs to know of one benchmark.
typedef struct bench_case {
    st_ctx* ctx;
    const char* name;
    const st_model* model;
    int people;
    double* parameter; ///< [people][parameter_count]
    double* input;     ///< [people][input_count]
    double* person;    ///< [people][parameters + inputs]
    st_action* action; ///< [people]
    double* day;       ///< [sample_count]
    int sample_count;
    double begin_day;
    st_course* course; ///< [people]
    size_t width;      ///< of a sample
} bench_case;

#define BENCH_SAMPLES 8
#define BENCH_PLANS   3

/// What a benchmark does to a person beside the model's own events, and when it looks: soon after a
/// dose, where errors are largest, and late.
typedef struct bench_plan {
    const char *name, *file;
    const char* people; ///< population of BENCH_SHIPPED; NULL = as the model's parameters spread
    const char* state;  ///< gets `dose` on `day`, NULL = none
    double dose, day;
    double sample_day[BENCH_SAMPLES];
} bench_plan;
extern const bench_plan bench_plans[BENCH_PLANS];

/// DRAWN: parameters as the model's file spreads them. SHIPPED: of the plan's population; without
/// one as DRAWN, and a model that spreads none has all of them spread by a fifth.
typedef enum bench_people { BENCH_DRAWN, BENCH_SHIPPED } bench_people;

st_status bench_case_open(st_ctx* ctx, const bench_plan* plan, const char* dir, bench_people who,
                          int people_count, bench_case* c);
void bench_case_close(bench_case* c);

/// Ends the program when a block could not be allocated.
void* bench_need(void* block);

/// `oracle MODEL_DIR WORK_DIR PEOPLE [MODEL]`: oracle.c.
int bench_oracle(int argc, char** argv);

typedef enum bench_linear { BENCH_DENSE, BENCH_KLU } bench_linear;

/// Solves people first ... first+count-1 with CVODE, one at a time; sample: [count][sample_count]
/// [states]. False when CVODE is not in the build or failed.
bool bench_cvode_solve(const bench_case* c, const bench_source* source, bench_linear linear,
                       double rtol, int first, int count, double* sample);
/// How the SUNDIALS of this build was found; NULL = there is none.
const char* bench_cvode_origin(void);

#endif
