/// \file
/// Private: what a set of cells holds.
#ifndef ST_CELLS_CELLS_STATE_H
#define ST_CELLS_CELLS_STATE_H

#include "base/base.h"
#include "base/parallel.h"
#include "stroma/cells.h"

#define ST_BRICK_EDGE   8
#define ST_BRICK_VOXELS 512

/// Where a cell is and how large: all that its neighbours need to know. Form: radius in units of
/// 2^-16 um times 256, plus the type.
typedef struct st_body {
    int32_t tick[3]; ///< from the low corner of the box
    uint32_t form;
} st_body;

#define ST_RADIUS_UNIT 0x1p-16
/// Largest reach (relative maximum adhesion distance x radius) of a cell, um: so that differences
/// of ticks are exact in single precision.
#define ST_REACH_LIMIT 120.0
/// Most neighbours in a cell's list.
#define ST_ROW_LIMIT 512
/// Blocks of a cell without a list: it sleeps.
#define ST_NO_ROW 255u
/// Most cells of an island.
#define ST_ISLAND_LIMIT 4096

/// Bits of `mark`: what the next commit or relax has to know.
#define ST_MARK_GONE    1u  ///< removed at this commit
#define ST_MARK_CHANGED 2u  ///< new, moved, grown, other type: wakes its neighbours
#define ST_MARK_PAST    4u  ///< `past` holds the velocity before
#define ST_MARK_SPEAKS  8u  ///< wakes its neighbours after this step
#define ST_MARK_FRESH   16u ///< woke in this step: its speed is not known yet

/// The fields that every cell has; one table for storing, sorting, hashing, saving.
/// X(type, name, values per cell, unit, meaning)
#define ST_CELL_FIELDS(X)                                                                          \
    X(uint64_t, id, 1, "1", "never reused; orders everything")                                     \
    X(st_body, body, 1, "tick", "centre, radius, type")                                            \
    X(float, drive, 3, "um/min", "velocity of its own")                                            \
    X(float, hold, 1, "1", "factor on speeds caused by others")                                    \
    X(float, volume, 1, "um^3", "volume")                                                          \
    X(float, pressure, 1, "1", "sum of squared overlaps")                                          \
    X(float, drift, 1, "um", "way since it last woke its neighbours")                              \
    X(uint64_t, past, 1, "1", "velocity of the step before, packed; only ST_CELLS_FIXED")          \
    X(uint16_t, voxel, 1, "1", "voxel in its brick at the last sort")                              \
    X(uint8_t, rest, 1, "1", "0 awake, 1 asleep; within a step 2: about to sleep")                 \
    X(uint8_t, mark, 1, "1", "ST_MARK_...")

typedef struct st_cells_columns {
#define ST_CELL_MEMBER(type, name, count, unit, meaning) type* name;
    ST_CELL_FIELDS(ST_CELL_MEMBER)
#undef ST_CELL_MEMBER
    void* extra[ST_CELL_COLUMN_LIMIT];
    int64_t capacity;
} st_cells_columns;

/// One column of the table above or of another room.
typedef struct st_cells_array {
    void** data;
    size_t width; ///< bytes per cell, 0 = not used
} st_cells_array;
#define ST_CELL_ARRAY_LIMIT (16 + ST_CELL_COLUMN_LIMIT)

typedef enum st_cells_event_kind {
    ST_CELLS_EVENT_BECOME,
    ST_CELLS_EVENT_REMOVE,
    ST_CELLS_EVENT_DIVIDE,
    ST_CELLS_EVENT_ADD,
} st_cells_event_kind;

typedef struct st_cells_event {
    uint64_t order;  ///< id of the cell, or the birth's number
    int64_t slot;    ///< -1 = a birth
    int64_t number;  ///< in the order of the worker's calls
    double place[3]; ///< birth: um; division: axis
    double volume;
    int64_t value; ///< where the column values begin in the worker's `value`, -1 = none
    int32_t type;
    int16_t worker;
    uint8_t kind;
    bool resets_mother;
} st_cells_event;

/// What one worker has noted, and its scratch.
typedef struct st_cells_worker {
    st_ctx* ctx;
    st_cells_event* event;
    int64_t event_count, event_capacity;
    double* value;
    int64_t value_count, value_capacity;
    void* scratch;
    size_t scratch_bytes;
    int64_t page, page_end;  ///< of the list, in blocks of 8
    st_relax_report islands; ///< what this worker's islands did in a pass
    char pad[64];
} st_cells_worker;

/// Largest and counted things of a pass, by worker; none depends on the order.
typedef struct st_cells_found {
    float speed, stiffness, error, way, step_way, reach, smallest_radius;
    int64_t awake, updates, sleepy, announcing, coincident, left, bad;
    int64_t reach_sum, speed_sum; ///< whole parts of 2^-20 um, um/min: a sum without an order
    int64_t sampled, touching;    ///< cells looked at, cells within their reach
    int64_t lone, grew;           ///< cells by themselves; that left their allowance
    char pad[64];
} st_cells_found;

struct st_cells {
    st_ctx* ctx;
    st_pool* pool;
    int worker_count;
    st_cells_worker* worker;
    st_cells_found* found; ///< [worker_count]
    st_cells_def def;      ///< pointers are the copies below, or NULL
    st_cell_type* type;
    double* affinity;
    float type_reach[ST_CELL_TYPE_LIMIT];
    float *pair_repulsion, *pair_adhesion; ///< [type_count * type_count]
    bool is_uniform;                       ///< all types push and pull alike
    double* pressure_unit;
    char* names;

    // Ground: bricks, which voxels are open, walls.
    st_tissue_frame frame;
    int shift[3];
    double tick_um, per_voxel[3];
    int brick_count;
    const int32_t* home;    ///< an island's own cells: bricks by group; else NULL: every brick
    int32_t (*brick_at)[3]; ///< brick coordinates
    int32_t (*around)[27];  ///< neighbours, -1 = none; 13 is itself
    int32_t* brick_table;   ///< hash table of coordinates -> brick
    uint32_t brick_table_mask;
    int32_t* wall_row; ///< [brick_count] row of `wall`, -1 = no wall near
    uint32_t* wall;    ///< [rows * 512] six nibbles: voxels until a wall, 15 = none near
    double open_um3;

    // Cells.
    st_cells_columns c;        ///< by slot
    st_cells_columns incoming; ///< born at this commit, not sorted yet
    int64_t count, incoming_count, resting, restore_count;
    uint64_t next_id;
    uint64_t commit_count;
    uint64_t birth_number; ///< orders births outside of loops by scatter
    int64_t type_count[ST_CELL_TYPE_LIMIT];
    int64_t* start; ///< [brick_count + 1]
    int32_t* chunk; ///< [chunk_count + 1] bricks: the unit of parallel work
    int chunk_count;
    st_column_def column[ST_CELL_COLUMN_LIMIT];
    int column_count;

    // Sorting.
    uint32_t* source; ///< [capacity] slot each cell comes from
    st_body* spare;   ///< [capacity] a column being sorted
    uint8_t* block_moves;
    int64_t *stay, *arrive, *before; ///< [brick_count + 1]
    int64_t* arrival;                ///< sources by brick
    int64_t arrival_capacity;

    // Mechanics.
    st_body* stage[2];     ///< [capacity] positions of Runge-Kutta stages
    float* speed;          ///< [3 * capacity] velocity at the step's begin
    float* way;            ///< [capacity] since the lists were made
    uint8_t* wake;         ///< [capacity]
    uint32_t* row;         ///< [capacity] first block of 8 of a cell's list
    uint8_t* row_blocks;   ///< [capacity]
    uint32_t* list;        ///< [list_capacity * 8]
    int64_t list_capacity; ///< blocks
    int64_t list_used;
    int64_t scratch_capacity;            ///< of the arrays above
    double list_skin_um;                 ///< reach of the lists; 0 = no lists
    double way_um;                       ///< most that a cell moved since the lists were made
    double largest_radius_um;            ///< of all cells at the last commit
    double reach_um, smallest_radius_um; ///< of all cells when relaxing began
    double force_scale;                  ///< whole units per um/min
    double time_min;
    double next_step_min;                  ///< suggestion, 0 = none yet
    uint32_t island_wait, island_failures; ///< calls without islands; attempts in vain  [CEL-9]
    bool has_births; ///< in the last commit; lists are made wider, nothing else depends on it
    bool is_sorted;  ///< nothing moved or changed since the last sort
};

// --- ground (cells_ground.c)
// ----------------------------------------------------------------------

st_status st_cells_ground_create(st_ctx* ctx, st_cells* cells);
void st_cells_ground_destroy(st_cells* cells);
int st_cells_ground_brick(const st_cells* cells, const int32_t at[3]); ///< -1 = none
/// Brick and voxel of a place; false where cells may not be (brick -1: no tissue at all). `home` is
/// a brick nearby, or -1.
bool st_cells_ground_at(const st_cells* cells, const int32_t tick[3], int home, int* brick,
                        int* voxel);
/// Ticks of a place; false outside the box or not finite.
bool st_cells_ground_tick(const st_cells* cells, const double at_um[3], int32_t tick[3]);
/// Medium of a place, -1 outside the box.
int st_cells_ground_medium(const st_cells* cells, const int32_t tick[3]);
/// Goes from a place towards another as far as walls allow, axis by axis.               [CEL-8]
void st_cells_ground_slide(const st_cells* cells, int home, const int32_t from[3],
                           const int32_t to[3], int32_t out[3]);
/// Is the straight way far from all walls: does a ball of this radius (0: its centre) meet none?
/// May say no where the way is free.
bool st_cells_ground_free(const st_cells* cells, int home, const int32_t from[3],
                          const int32_t to[3], double radius_um);

static inline double st_cells_um(const st_cells* cells, int axis, int32_t tick)
{
    return cells->frame.origin_um[axis] + ((double)tick + 0.5) * cells->tick_um;
}
static inline double st_cells_body_radius(uint32_t form)
{
    return (double)(form >> 8) * ST_RADIUS_UNIT;
}

// --- store (cells_store.c)
// ------------------------------------------------------------------------

int st_cells_store_arrays(const st_cells* cells, st_cells_columns* columns, st_cells_array* out);
st_status st_cells_store_reserve(st_ctx* ctx, const st_cells* cells, st_cells_columns* columns,
                                 int64_t count);
/// Columns and scratch for so many slots.
st_status st_cells_store_room(st_ctx* ctx, st_cells* cells, int64_t count);
void st_cells_store_clear(st_cells* cells, st_cells_columns* columns);
/// Puts a cell into the incoming ones; *at is its place there.
st_status st_cells_store_come(st_ctx* ctx, st_cells* cells, int64_t* at);
/// Takes the gone away, the incoming in, sorts by brick, voxel, id.
st_status st_cells_store_sort(st_ctx* ctx, st_cells* cells);
/// Radius of a volume's ball in units of the form.
uint32_t st_cells_store_form(double volume_um3, int type);
void* st_cells_store_scratch(st_cells* cells, int worker, size_t bytes);
/// Runs fn over chunks of bricks.
typedef struct st_cells_pass {
    st_cells* cells;
    void* arg;
    st_status (*fn)(st_cells* cells, void* arg, int first_brick, int last_brick, int worker);
} st_cells_pass;
st_status st_cells_store_pass(st_cells* cells, st_status (*fn)(st_cells*, void*, int, int, int),
                              void* arg);

// --- lists, forces (cells_list.c, cells_force.c)
// --------------------------------------------------

/// Largest reach, smallest radius and number of sleepers now.
st_status st_cells_list_reach(st_ctx* ctx, st_cells* cells);
/// Makes the lists of all awake cells with this skin; sorts first.
st_status st_cells_list_make(st_ctx* ctx, st_cells* cells, double skin_um);
/// Lists of those that woke since; nothing where there are no lists.
st_status st_cells_list_complete(st_ctx* ctx, st_cells* cells);
/// Lists of all that their straight ways of so many minutes could bring within
/// reach; for one use. Rows that are too long are cut: then *is_crowded.                 [CEL-9]
st_status st_cells_list_ahead(st_ctx* ctx, st_cells* cells, double minutes, double fastest_um,
                              bool* is_crowded);
void st_cells_list_forget(st_cells* cells);

typedef struct st_force_task {
    const st_body* body;
    const uint32_t* list;
    const uint32_t* row;
    const uint8_t* row_blocks;
    const float *pair_repulsion, *pair_adhesion; ///< NULL where uniform
    const float* reach;                          ///< [types]
    int type_count;
    float tick_um, repulsion, adhesion, uniform_reach;
    float scale, inverse_scale;
} st_force_task;

/// Speeds of the cells in `count` slots from their neighbours, 3 per cell; with `overlap` also the
/// sums of squared overlaps and bounds of the stiffness (1/min).
typedef void (*st_force_fn)(const st_force_task* task, const uint32_t* slot, int count,
                            float* speed, float* overlap, float* stiffness);
st_force_fn st_cells_force_choose(bool is_uniform);
st_force_fn st_cells_force_plain(bool is_uniform);

/// Tests one cell against candidates: writes those within (own + their reach + skin).
typedef struct st_candidates {
    const float *x, *y, *z, *reach;
    const uint32_t* slot;
} st_candidates;
typedef struct st_candidate_query {
    float x, y, z, reach; ///< reach with the skin
    uint32_t slot;
} st_candidate_query;
/// Gives the number written to out, at most `room` (+ 8 more may be touched); *meets is set when
/// one of them lies at the same place, as far as single precision tells.
typedef int (*st_candidate_fn)(const st_candidates* all, const st_candidate_query* query, int first,
                               int last, uint32_t* out, int room, int* meets);
st_candidate_fn st_cells_force_candidates(void);

#endif
