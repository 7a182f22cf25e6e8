/// \file
/// Sparse LU without pivoting, planned once per pattern and run as straight-line operations over
/// lanes. Fit for the matrices of a Rosenbrock step, 1/(h gamma) I - J: a bad pivot shows as a
/// non-finite step, which is rejected and tried with a smaller h. [POP-3]
#ifndef ST_POPULATION_LU_H
#define ST_POPULATION_LU_H

#include "base/base.h"
#include "stroma/model.h"

typedef enum st_lu_code {
    ST_LU_RECIPROCAL, ///< e[out] = 1 / e[out]
    ST_LU_SCALE,      ///< e[out] *= e[a]
    ST_LU_UPDATE,     ///< e[out] -= e[a] e[b]
} st_lu_code;

typedef struct st_lu_op {
    uint16_t code, out, a, b;
} st_lu_op;

/// The plan: fill-reducing order (Markowitz on the diagonal), entries and operations.
typedef struct st_lu {
    int size;
    int entry_count;        ///< with fill-in
    uint16_t* from_pattern; ///< [pattern entries] LU entry of each Jacobian entry
    uint16_t* diagonal;     ///< [size]
    st_lu_op* factor;       ///< operations on entries
    int factor_count;
    st_lu_op* solve; ///< ST_LU_UPDATE: y[out] -= e[a] y[b]; ST_LU_SCALE: y[out] *= e[a]
    int solve_count;
} st_lu;

st_status st_lu_plan(st_arena* arena, const st_pattern* pattern, st_lu* lu);

// Over lanes the operations are run by the step (step.c); these are its plain twin.

/// entry: [entry_count], in: the matrix (fill-in zero), out: its factors.
void st_lu_factor_scalar(const st_lu* lu, double* entry);
/// y: [size], in: right-hand side, out: solution.
void st_lu_solve_scalar(const st_lu* lu, const double* entry, double* y);

#endif
