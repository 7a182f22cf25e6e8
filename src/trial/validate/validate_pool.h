/// \file
/// A pool of virtual people, each under every recipe of a table, in blocks that share one draw of
/// the model's uncertain values. Arms are weighted samples of it.
#ifndef ST_TRIAL_VALIDATE_POOL_H
#define ST_TRIAL_VALIDATE_POOL_H

#include "validate_arms.h"

/// Parameter draws of a posterior; rows x named columns.
typedef struct st_validate_posterior {
    int* parameter; ///< of the model, per column
    int column_count, row_count;
    double* value; ///< [row][column]
} st_validate_posterior;

typedef struct st_validate_pool {
    st_arena arena;
    int person_count, block_count, block_size;
    int instrument_count, visit_count, recipe_count;
    st_person* person;
    bool* is_failed; ///< [person]: the numerics failed in one of the courses
    /// Where readings lie that a row of the table needs, [recipe + 1][visit][instrument]; -1 none.
    int* place;
    float* measured; ///< [place][person] as printed
    double* context; ///< [instrument]: change by context relative to that of pain
} st_validate_pool;

/// Reads a posterior: a CSV whose heads are parameters of the model, numbers in the model's units.
st_status st_validate_pool_read_posterior(st_ctx* ctx, const char* path, const st_model* model,
                                          st_arena* arena, st_validate_posterior* out);

/// Computes the pool. `posterior` may be NULL.
st_status st_validate_pool_run(st_ctx* ctx, const st_validate_def* def,
                               const st_validate_rules* rules, const st_validate_plan* plan,
                               const st_validate_posterior* posterior, st_validate_pool* out);
void st_validate_pool_clear(st_ctx* ctx, st_validate_pool* pool);

/// People's readings under a recipe (ST_VALIDATE_UNTREATED or 0 ...) at a visit. Before treatment
/// everybody is untreated.
const float* st_validate_pool_readings(const st_validate_pool* pool, int recipe, int visit,
                                       int instrument);

#endif
