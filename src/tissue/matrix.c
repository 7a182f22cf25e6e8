// Matrix and other slow states: doubles per voxel that do not diffuse.                   [TIS-10]

#include "tissue/state.h"

#include <math.h>
#include <string.h>

#define V      ST_BRICK_VOXELS
#define COOKIE 0x4d415431u

st_matrix_def st_default_matrix_def(void)
{
    const st_matrix_def def = {.unit = "1", .lowest = 0.0, .highest = 1.0, .cookie = COOKIE};
    return def;
}

static st_status check_def(st_ctx* ctx, const st_tissue* t, const st_matrix_def* def)
{
    if (def->cookie != COOKIE || !def->name || !def->name[0] || !def->unit) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "matrix: start from st_default_matrix_def() and give a name and a unit");
    }
    if (!(fabs(def->lowest) < 1e30) || !(fabs(def->highest) < 1e30) ||
        !(def->lowest < def->highest)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "matrix %s: from %g to %g %s: expected a range",
                       def->name, def->lowest, def->highest, def->unit);
    }
    for (int m = 1; m <= ST_MEDIUM_LIMIT; m++) {
        if (t->medium_count[m] > 0 &&
            !(def->start[m] >= def->lowest && def->start[m] <= def->highest)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "matrix %s, medium %d: start at %g %s: must be within %g and %g",
                           def->name, m, def->start[m], def->unit, def->lowest, def->highest);
        }
    }
    return ST_OK;
}

static char* copy_text(st_ctx* ctx, const char* text)
{
    const size_t length = strlen(text) + 1;
    char* copy = st_alloc(ctx, length, 1);
    if (copy) {
        memcpy(copy, text, length);
    }
    return copy;
}

static void free_matrix(st_ctx* ctx, st_matrix* m)
{
    st_free(ctx, m->name);
    st_free(ctx, m->unit);
    st_free(ctx, m->value);
    st_free(ctx, m->saved);
}

st_status st_tissue_add_matrix(st_ctx* ctx, st_tissue* t, const st_matrix_def* def, int* index)
{
    ST_TRY(check_def(ctx, t, def));
    const size_t before = st_ctx_bytes_in_use(ctx);
    const st_grid* grid = &t->mg->level[0].grid;
    const size_t voxels = (size_t)grid->brick_count * V;
    st_matrix* grown = st_realloc(ctx, t->matrix, (size_t)t->matrix_count + 1, sizeof *grown);
    if (!grown) {
        return ST_ERR_MEMORY;
    }
    t->matrix = grown;
    st_matrix m = {.name = copy_text(ctx, def->name),
                   .unit = copy_text(ctx, def->unit),
                   .lowest = def->lowest,
                   .highest = def->highest,
                   .value = st_grid_alloc(ctx, voxels, sizeof *m.value)};
    if (!m.name || !m.unit || !m.value) {
        free_matrix(ctx, &m);
        return ST_ERR_MEMORY;
    }
    for (size_t i = 0; i < voxels; i++) {
        m.value[i] = grid->medium[i] ? def->start[grid->medium[i]] : 0.0;
    }
    t->matrix[t->matrix_count] = m;
    *index = t->matrix_count++;
    t->bytes += st_ctx_bytes_in_use(ctx) - before;
    return ST_OK;
}

void st_matrix_free_all(st_tissue* t)
{
    for (int i = 0; i < t->matrix_count; i++) {
        free_matrix(t->ctx, &t->matrix[i]);
    }
    st_free(t->ctx, t->matrix);
}

int st_tissue_matrix_count(const st_tissue* t)
{
    return t->matrix_count;
}

const char* st_tissue_matrix_name(const st_tissue* t, int matrix)
{
    return t->matrix[matrix].name;
}

const char* st_tissue_matrix_unit(const st_tissue* t, int matrix)
{
    return t->matrix[matrix].unit;
}

double* st_tissue_brick_matrix(st_tissue* t, int matrix, int brick)
{
    return t->matrix[matrix].value + (size_t)brick * V;
}

double st_tissue_matrix(const st_tissue* t, int matrix, const int voxel[3])
{
    int brick;
    int at;
    if (!st_tissue_locate(t, voxel, &brick, &at)) {
        return 0.0;
    }
    return t->matrix[matrix].value[(size_t)brick * V + (size_t)at];
}

double st_tissue_matrix_mean(const st_tissue* t, int matrix, int medium)
{
    const st_grid* grid = &t->mg->level[0].grid;
    const st_matrix* m = &t->matrix[matrix];
    if (medium < 1 || medium > ST_MEDIUM_LIMIT || t->medium_count[medium] == 0) {
        return 0.0;
    }
    const double bound = fmax(fabs(m->lowest), fabs(m->highest));
    const double scale = st_exact_scale(bound, grid->voxel_count);
    int64_t sum = 0;
    for (size_t i = 0; i < (size_t)grid->brick_count * V; i++) {
        if (grid->medium[i] == medium) {
            st_exact_add(&sum, st_exact_round(scale * m->value[i]));
        }
    }
    return (double)sum / scale / (double)t->medium_count[medium];
}

st_status st_tissue_check_matrix(st_ctx* ctx, const st_tissue* t, int matrix)
{
    if (matrix < 0 || matrix >= t->matrix_count) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "tissue: no matrix state %d", matrix);
    }
    const st_grid* grid = &t->mg->level[0].grid;
    const st_matrix* m = &t->matrix[matrix];
    for (size_t i = 0; i < (size_t)grid->brick_count * V; i++) {
        if (grid->medium[i] && !(m->value[i] >= m->lowest && m->value[i] <= m->highest)) {
            int low[3];
            const int v = (int)(i % V);
            st_tissue_brick_voxel(t, (int)(i / V), low);
            return ST_FAIL(ctx, ST_ERR_NUMERIC,
                           "matrix %s, voxel %d, %d, %d at %.6g min: %g %s: outside %g to %g",
                           m->name, low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64,
                           t->time_min, m->value[i], m->unit, m->lowest, m->highest);
        }
    }
    return ST_OK;
}
