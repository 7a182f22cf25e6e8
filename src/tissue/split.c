// Fields that react: half the chemistry, all the diffusion, half the chemistry.          [TIS-13]

#include "tissue/reaction.h"

#include <math.h>
#include <string.h>

#define V ST_BRICK_VOXELS

/// Rejected steps in a row that fail the run.
#define REJECT_LIMIT 40

static void save(st_tissue* t)
{
    const size_t voxels = (size_t)t->mg->level[0].grid.brick_count * V;
    for (int i = 0; i < t->field_count; i++) {
        st_field* f = t->field[i];
        if (f->change) {
            memcpy(f->saved_level, f->level, voxels * sizeof *f->level);
            memcpy(f->saved_remainder, f->remainder, voxels * sizeof *f->remainder);
            f->saved_ledger = f->ledger;
            f->saved_peak_M = f->peak_M;
            f->saved_next_min = f->next_step_min;
        }
    }
    for (int i = 0; i < t->matrix_count; i++) {
        if (t->matrix[i].saved) {
            memcpy(t->matrix[i].saved, t->matrix[i].value, voxels * sizeof(double));
        }
    }
}

static void restore(st_tissue* t, double time_min)
{
    const size_t voxels = (size_t)t->mg->level[0].grid.brick_count * V;
    for (int i = 0; i < t->field_count; i++) {
        st_field* f = t->field[i];
        if (f->change) {
            memcpy(f->level, f->saved_level, voxels * sizeof *f->level);
            memcpy(f->remainder, f->saved_remainder, voxels * sizeof *f->remainder);
            f->ledger = f->saved_ledger;
            f->ledger.reject_count++;
            f->peak_M = f->saved_peak_M;
            f->next_step_min = f->saved_next_min;
            f->time_min = time_min;
        }
    }
    for (int i = 0; i < t->matrix_count; i++) {
        if (t->matrix[i].saved) {
            memcpy(t->matrix[i].value, t->matrix[i].saved, voxels * sizeof(double));
        }
    }
}

static st_status step(st_ctx* ctx, st_tissue* t, double end_min, double minutes, double* error)
{
    ST_TRY(st_reaction_run(ctx, t, 0.5 * minutes, false, error));
    for (int i = 0; i < t->field_count; i++) {
        if (t->field[i]->change) {
            ST_TRY(st_field_advance(ctx, t, t->field[i], end_min));
        }
    }
    return st_reaction_run(ctx, t, 0.5 * minutes, true, error);
}

// Strang's splitting. The two halves of the chemistry differ by what diffusion did to them; that
// difference bounds the error of the splitting of first order.                           [TIS-13]
st_status st_split_advance(st_ctx* ctx, st_tissue* t, double time_min)
{
    st_chemistry* c = t->chemistry;
    const double begin = t->time_min;
    double now = begin;
    int rejects = 0;
    double size = c->fixed_step_min > 0.0  ? c->fixed_step_min
                  : c->next_step_min > 0.0 ? c->next_step_min
                                           : 0.01 * (time_min - now);
    while (now < time_min) {
        if (st_ctx_should_stop(ctx)) {
            return ST_ERR_INTERRUPTED;
        }
        const double left = time_min - now;
        const double parts = ceil(left / size - 1e-9);
        const double minutes = parts > 1.0 ? left / parts : left;
        const double end = parts > 1.0 ? now + minutes : time_min;
        double error = 0.0;
        save(t);
        ST_TRY(step(ctx, t, end, minutes, &error));
        if (c->fixed_step_min > 0.0) {
            now = end;
            continue;
        }
        const double ratio = error > 0.0 ? 0.9 * sqrt(c->tolerance / error) : 3.0;
        size = minutes * (ratio < 0.2 ? 0.2 : ratio > 3.0 ? 3.0 : ratio);
        if (error <= c->tolerance) {
            now = end;
            rejects = 0;
            c->next_step_min = size;
            continue;
        }
        restore(t, now);
        if (++rejects > REJECT_LIMIT) {
            return ST_FAIL(ctx, ST_ERR_NUMERIC,
                           "reactions at %.6g min: %d steps in a row were rejected, the last of %g "
                           "min",
                           now, rejects, minutes);
        }
    }
    return ST_OK;
}
