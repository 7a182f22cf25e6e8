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

typedef enum bench_linear { BENCH_DENSE, BENCH_KLU } bench_linear;

/// Solves people first ... first+count-1 with CVODE, one at a time; sample: [people][sample_count]
/// [states]. False when CVODE is not in the build or failed.
bool bench_cvode_solve(const bench_case* c, const bench_source* source, bench_linear linear,
                       double rtol, int first, int count, double* sample);
/// How the SUNDIALS of this build was found; NULL = there is none.
const char* bench_cvode_origin(void);

#endif
