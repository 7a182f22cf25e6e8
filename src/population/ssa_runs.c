#include "ssa.h"

#include "base/parallel.h"

// Many runs of one course over a pool. A run is a pure function of its number, so who computes it
// does not matter.

typedef struct work {
    st_ssa** ssa; ///< [workers]
    st_course* course;
} work;

static st_status run_one(void* arg, int64_t item, int worker)
{
    const work* w = arg;
    return st_ssa_run(w->ssa[worker], &w->course[item], (uint64_t)item);
}

st_status st_ssa_solve_runs(st_ctx* ctx, const st_model* model, const st_ssa_def* def,
                            st_course* course, int run_count, int worker_count)
{
    st_pool* pool = NULL;
    ST_TRY(st_pool_create(ctx, worker_count, &pool));
    const int workers = st_pool_worker_count(pool);
    work w = {.course = course, .ssa = st_alloc(ctx, (size_t)workers, sizeof(st_ssa*))};
    st_status status = w.ssa != NULL ? ST_OK : ST_ERR_MEMORY;
    for (int i = 0; i < workers && status == ST_OK; i++) {
        status = st_ssa_create(ctx, model, def, &w.ssa[i]);
    }
    for (int i = 0; i < run_count && status == ST_OK; i++) {
        status = st_ssa_check(w.ssa[0], &course[i]);
    }
    if (status == ST_OK) {
        status = st_pool_run(pool, run_count, run_one, &w, NULL);
        if (status == ST_ERR_INTERRUPTED) {
            status = ST_FAIL(ctx, status, "stopped on request");
        }
    }
    for (int i = 0; w.ssa != NULL && i < workers; i++) {
        st_ssa_destroy(w.ssa[i]);
    }
    st_free(ctx, w.ssa);
    st_pool_destroy(pool);
    return status;
}
