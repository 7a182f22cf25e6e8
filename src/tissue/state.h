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
    bool has_uptake;
    st_field_mode mode;
    double tolerance, solver_tolerance, change_time_min, steady_tolerance;
    st_field_choice choice;
    st_field_ledger ledger;
    const float* source;
    double source_bound_M_per_min;
    /// Conductance of walls in 1/min by region, medium, axis.
    double (*wall_rate)[ST_MEDIUM_LIMIT + 1][3];
    double wall_bound;    ///< largest of them
    double peak_M;        ///< largest level so far: what tolerances are relative to
    double next_step_min; ///< suggestion, 0 = none yet
    double time_min;
} st_field;

struct st_tissue {
    st_ctx* ctx;
    st_pool* pool;
    st_multigrid* mg;
    double origin_um[3], voxel_um[3];
    int size[3], shift[3];
    int64_t medium_count[ST_MEDIUM_LIMIT + 1];
    int64_t region_count[ST_REGION_COUNT];
    st_wall_face* wall; ///< ascending by brick
    int64_t wall_count;
    int64_t* wall_start; ///< [brick_count + 1]
    st_transport** transport;
    int transport_count;
    st_field** field;
    int field_count;
    float *base, *first, *second; ///< scratch of a step, [brick_count * 512]
    struct st_totals* worker_totals;
    double time_min;
    size_t bytes;
};

void st_field_free_all(st_tissue* t);
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
