// Parts of the solver by themselves, to be measured. They use only the solver's own scratch.

#include "tissue/state.h"
#include "tissue/sweep.h"

#define V ST_BRICK_VOXELS

// A rough right-hand side and nothing to start from; the diagonal of an implicit stage.
static st_status set_system(st_ctx* ctx, st_tissue* t, const st_field* f, double sigma_per_min)
{
    double a[ST_MEDIUM_LIMIT + 1] = {0};
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        a[m] = (sigma_per_min + f->rates[m].decay_per_min) / f->unit;
    }
    if (st_multigrid_set(t->mg, f->transport, a) != ST_OK) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "field %s: nothing holds the level", f->name);
    }
    st_level* l = &t->mg->level[0];
    const size_t voxels = (size_t)l->grid.brick_count * V;
    for (size_t i = 0; i < voxels; i++) {
        const float noise = (float)((i * 2654435761u) >> 7 & 1023u) / 512.0f - 1.0f;
        l->b[i] = l->grid.medium[i] ? noise : 0.0f;
        l->x[i] = 0.0f;
    }
    return ST_OK;
}

st_status st_tissue_exercise(st_ctx* ctx, st_tissue* t, int field, st_exercise what,
                             double sigma_per_min, int* cycles)
{
    static const float omega[2] = {1.7f, 0.6f};
    uint32_t bits[2];
    *cycles = 0;
    if (field < 0 || field >= t->field_count || !(sigma_per_min >= 0.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: field %d, %g 1/min: no such exercise", field,
                       sigma_per_min);
    }
    switch (what) {
    case ST_EXERCISE_PREPARE:
        return set_system(ctx, t, t->field[field], sigma_per_min);
    case ST_EXERCISE_SMOOTH:
        st_sweep_two(t->mg, 0, omega, false);
        return ST_OK;
    case ST_EXERCISE_CYCLE:
        st_multigrid_cycle(t->mg, &bits[0], &bits[1]);
        *cycles = 1;
        return ST_OK;
    case ST_EXERCISE_SOLVE:
        break;
    default:
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: exercise %d: no such thing", (int)what);
    }
    const float from = st_multigrid_residual(t->mg);
    const st_solve_goal goal = {.residual = 1e-5f * from, .cycle_limit = 100};
    st_solve_result result;
    if (st_multigrid_solve(t->mg, &goal, &result) != ST_OK) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "field %s: the solver did not converge",
                       t->field[field]->name);
    }
    *cycles = result.cycle_count;
    return ST_OK;
}
