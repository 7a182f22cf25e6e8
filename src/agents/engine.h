/// \file
/// Private: what the agents hold.
#ifndef ST_AGENTS_ENGINE_H
#define ST_AGENTS_ENGINE_H

#include "base/parallel.h"
#include "base/random.h"
#include "kind.h"
#include "reach.h"
#include "stroma/agents.h"

/// The model counts in uM, mL, days; tissue in M, um, minutes.
#define ST_UM_PER_M    1e6
#define ST_MIN_PER_DAY 1440.0
#define ST_ML_PER_UM3  1e-12
/// M/um is this many nmol/mL/cm.
#define ST_UM_PER_CM_PER_M_PER_UM 1e10

/// Most cells that one cell may have become within a step.
#define ST_FATE_LIMIT 64
/// Most turns of a walk within a mechanics step, on average.
#define ST_TURN_LIMIT 1000

/// Sums of what is done to a voxel's field or matrix.
enum {
    ST_FLUX_COME,   ///< brought, nmol/day; mL/day for matrix
    ST_FLUX_GO,     ///< taken per level, mL/day
    ST_FLUX_WEIGHT, ///< consumed: sum of b/(half + x)^2, mL^2/nmol/day
    ST_FLUX_HALF,   ///< sum of weight x half, mL/day
    ST_FLUX_COUNT
};

/// What becomes of one cell within a step.
typedef struct st_fate {
    int kind[ST_FATE_LIMIT];
    int count;
    bool is_full; ///< more than ST_FATE_LIMIT
    int births, deaths, changes, departures;
} st_fate;

/// Bodies of the cells of one kind.
typedef struct st_agent_body {
    double growth_min, persistence_min, guidance, volume_um3;
    int held_by; ///< matrix, -1
} st_agent_body;

/// Scratch of one worker.
typedef struct st_worker {
    st_ctx* ctx;
    double** reg;  ///< [kind_count + region_count]
    double* total; ///< [(fields + matrices) * ST_FLUX_COUNT * 512] what a brick's voxels get
    int32_t* list; ///< cells of a brick by kind, relative to its first slot
    int64_t list_capacity;
    int* start;       ///< [kind_count + 1]
    double* seen;     ///< [kind_count + pair_count] sums within reach of `seen_at`
    int64_t* seen_at; ///< [kind_count + pair_count] voxel, -1
    int* contact;     ///< [kind_count]
    double* rate;     ///< [hazards] of the cell in hand
    double* value;    ///< [columns]
    st_agents_tally tally;
    char pad[64];
} st_worker;

/// Numbers of the model over time.
typedef struct st_knots {
    int count;
    double* day;   ///< [count] ascending
    double* value; ///< [count][as many as there are]
} st_knots;

struct st_agents {
    st_ctx* ctx;
    st_arena arena;
    st_pool* pool;
    int worker_count;
    st_tissue* tissue;
    st_cells* cells;
    const st_model* model;
    st_biology bio;
    st_agent_body* body; ///< [kind_count]
    const double* fibre[ST_MEDIUM_LIMIT + 1];
    int region_of_medium[ST_MEDIUM_LIMIT + 1];
    st_reach reach;
    st_tissue_frame frame;
    double touch, voxel_um3, voxel_mL, field_step_min;
    int mech_every, fate_every;
    uint64_t seed, step;
    bool is_moved; ///< cells moved since they were sorted
    int column_born, column_direction[3];
    double* slot;     ///< [slot_count] the model's slots now
    double* start;    ///< [state_count] the model's start
    double* input;    ///< [input_count] of the definition
    st_knots outside; ///< all states of the model
    st_knots inputs;  ///< all inputs
    int brick_count, field_count, matrix_count;
    uint32_t** count; ///< [kind_count][brick_count * 512] where reach needs it, or NULL
    double** sum;     ///< [pair_count][brick_count * 512], or NULL
    double* far;      ///< [far_count][brick_count] what cells do to all of a region
    double* far_total;
    int far_count;
    int* far_of_pair;       ///< [pair_count], -1
    int** far_of_flux;      ///< [kind_count][flux_count] first of two, -1
    bool* is_actor;         ///< [kind_count] its sums must be known before fates
    float **source, **sink; ///< [field_count][brick_count * 512], or NULL
    float **most, **half;   ///< the same for fields that cells consume
    bool *touches_field, *touches_matrix, *is_consumed;
    st_worker* worker;
    double now_day, step_min; ///< of the step in hand
    bool mech_due, fate_due;
    st_agents_tally tally;
};

/// What a run of one kind's program needs to know about up to ST_LANES cells.
typedef struct st_batch {
    int kind, brick, count;
    int64_t slot[ST_LANES];
    int voxel[ST_LANES];
} st_batch;

/// Fills the signals of a batch and runs the kind's program; NULL = nothing to
/// compute.
void st_signal_run(st_agents* a, st_worker* w, const st_batch* batch);
/// The same for voxels of a region; `slot` is not used.
void st_signal_run_region(st_agents* a, st_worker* w, int region, const st_batch* batch);
/// Cells of a kind per place of the model, from those within reach of the
/// voxel.
double st_signal_density(st_agents* a, st_worker* w, int kind, int brick, int voxel);
/// Sum of a pair's values over the actors within reach, per mL.
double st_signal_pair(st_agents* a, st_worker* w, int pair, int brick, int voxel);

/// Sums that other cells need: what actors of pairs and far fluxes do. One
/// brick.
st_status st_act_sum(st_agents* a, st_worker* w, int brick, int64_t first, int64_t last);
/// Fluxes into fields and matrix, walking, and (when due) fates. One brick.
st_status st_act_brick(st_agents* a, st_worker* w, int worker, int brick, int64_t first,
                       int64_t last);

/// Values of an output of the batch's kind after st_signal_run().
static inline const double* st_value_of(const st_agents* a, const st_worker* w, const st_batch* b,
                                        int output)
{
    return st_extract_output(&a->bio.kind[b->kind].program, w->reg[b->kind], output);
}

/// Drives of walking cells; volumes and what holds them. body.c
void st_body_walk(st_agents* a, const st_worker* w, const st_batch* b);
void st_body_grow(st_agents* a, const st_batch* b);

/// Adhesion and repulsion of a kind where the model says them. grip.c
st_status st_grip_read(st_ctx* ctx, st_agents* a, int kind, st_cell_type* type);

/// Refuses inputs that change and that what was read once depends on: pull, push, volumes of
/// places. `is_changing` [slot_count]. grip.c
st_status st_grip_check(st_ctx* ctx, const st_agents* a, const bool* is_changing);

/// Columns of a cell that comes from outside.
void st_act_newcomer(const st_agents* a, double day, double* value);

/// Lives one cell through `left_min` minutes. The worker's registers hold its
/// kind's values.
void st_fate_live(st_agents* a, st_worker* w, const st_batch* batch, int lane, st_random_key* key,
                  double left_min, st_fate* out);

#endif
