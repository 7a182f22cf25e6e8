/// \file
/// Private: what a tissue holds.
#ifndef ST_TISSUE_STATE_H
#define ST_TISSUE_STATE_H

#include "stroma/tissue.h"
#include "tissue/exact.h"
#include "tissue/multigrid.h"

typedef struct st_field {
    char* name;
    st_medium_rates rates[ST_MEDIUM_LIMIT + 1];
    st_boundary boundary[ST_REGION_COUNT]; ///< knots owned; kind CLOSED where none
    float* level;                          ///< [(brick_count + 1) * 512] M
    float* remainder; ///< [brick_count * 512] what the float lost                       [TIS-8]
    double initial_M[ST_MEDIUM_LIMIT + 1];
    st_transport* transport; ///< borrowed from the tissue
    double unit;             ///< 1/min of one unit of conductance: D_ref / h_min^2
    bool has_uptake;         ///< saturating, in a medium or in voxels: Newton's method
    bool has_medium_uptake, has_flux;
    st_field_mode mode;
    double tolerance, solver_tolerance, change_time_min, steady_tolerance;
    st_field_choice choice;
    st_field_ledger ledger;
    const float* source;
    double source_bound_M_per_min;
    const float *sink, *voxel_uptake; ///< borrowed, [brick_count * 512] 1/min and M/min, or NULL
    const float* voxel_half;          ///< borrowed, M; NULL = the medium's
    double voxel_half_least_M;        ///< of the voxels that take up
    double sink_bound_per_min, voxel_uptake_bound_M_per_min;
    /// Conductance of walls in 1/min by region, medium, axis.
    double (*wall_rate)[ST_MEDIUM_LIMIT + 1][3];
    double wall_bound;    ///< largest of them
    double peak_M;        ///< largest level so far: what tolerances are relative to
    double next_step_min; ///< suggestion, 0 = none yet
    float* change;        ///< by the first half of the chemistry; NULL = the field does not react
    float *saved_level, *saved_remainder;
    st_field_ledger saved_ledger;
    double saved_peak_M, saved_next_min;
    double contraction; ///< share that a cycle left in the last solve, 0 = not known
    double time_min;
} st_field;

typedef struct st_matrix {
    char *name, *unit;
    double lowest, highest;
    double* value; ///< [brick_count * 512]
    double* saved; ///< before a step that may be rejected; NULL = no reaction changes it
} st_matrix;

typedef struct st_chemistry st_chemistry; ///< reaction.h

struct st_tissue {
    st_ctx* ctx;
    st_pool* pool;
    st_multigrid* mg;
    double origin_um[3], voxel_um[3];
    int size[3], shift[3];
    int64_t medium_count[ST_MEDIUM_LIMIT + 1];
    int64_t region_count[ST_REGION_COUNT];
    int64_t region_axis_count[ST_REGION_COUNT][3]; ///< faces by axis
    st_wall_face* wall;                            ///< ascending by brick
    int64_t wall_count;
    int64_t* wall_start; ///< [brick_count + 1]
    st_transport** transport;
    int transport_count;
    st_field** field;
    int field_count;
    st_matrix* matrix;
    int matrix_count;
    st_chemistry* chemistry; ///< NULL = no reactions
    float* first; ///< scratch of a step, [(brick_count + 1) * 512], changes places with level 0's x
    float *base, *second; ///< the same where uptake saturates; NULL until a field has it
    struct st_totals* worker_totals;
    double time_min;
    size_t bytes;
};

/// Scratch for uptake that saturates or differs from voxel to voxel.
st_status st_field_need_scratch(st_ctx* ctx, st_tissue* t, const st_field* f);
void st_field_free_all(st_tissue* t);
void st_matrix_free_all(st_tissue* t);
bool st_field_knots_are_good(int knot_count, const double* knot_min, const double* knot_M);
st_status st_field_copy_knots(st_ctx* ctx, const double* from, int count, const double** out);
double st_field_boundary_level(const st_boundary* boundary, double time_min);

/// One step of two stages; gives the time reached and the error estimate.
typedef struct st_step_result {
    double reached_min;
    double error; ///< relative to the largest level
    bool is_accepted;
} st_step_result;
st_status st_step_take(st_ctx* ctx, st_tissue* t, st_field* f, double dt_min, bool is_controlled,
                       st_step_result* result);
st_status st_step_steady(st_ctx* ctx, st_tissue* t, st_field* f);
/// Largest solution of A w = 1, min; INFINITY when the field never settles.
st_status st_step_relaxation(st_ctx* ctx, st_tissue* t, st_field* f, double* out);
/// Recounts amount, lowest and highest level.
void st_step_count(st_tissue* t, st_field* f);

/// Brick and number of a voxel of the box; false outside the bricks.
bool st_tissue_locate(const st_tissue* t, const int voxel[3], int* brick, int* at);

#endif
