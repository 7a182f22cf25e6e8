/// \file
/// Cells one by one on a tissue's bricks: storage, mechanics, division, neighbours, output.
///
/// Units (all factors 1): length um, time min, so velocities um/min; volume um^3.
/// The result does not depend on the number of workers, on the order in which cells were added, or
/// on how the tissue is cut into bricks: positions are whole numbers of ticks (2^-22 um in boxes of
/// up to 0.25 mm, 2^-16 um up to 16 mm), forces are added as whole numbers, events are carried out
/// in the order of ids.
///
/// A *slot* is where a cell is stored now, 0 ... st_cells_count() - 1, by brick, voxel, id. Slots
/// and pointers to columns change in st_cells_commit(), st_cells_relax() and
/// st_cells_restore_end(); ids never change.
///
/// Equations: docs/equations/cells.md. Guide: docs/cells.md.
#ifndef STROMA_CELLS_H
#define STROMA_CELLS_H

#include "stroma/base.h"
#include "stroma/tissue.h"

#define ST_CELL_TYPE_LIMIT   64
#define ST_CELL_COLUMN_LIMIT 32

// --- what cells are
// -------------------------------------------------------------------------------

/// How a type moves and pushes. Two cells at distance d with radii R1, R2 attract or repel each
/// other along the line between them at the speed                                          [CEL-1]
///   sqrt(k1 k2) (1 - d / (R1 + R2))^2 - sqrt(a1 a2) f12 (1 - d / (g1 R1 + g2 R2))^2
/// where each part ends at the distance at which its bracket is 0; drag is absorbed in the speeds.
typedef struct st_cell_type {
    const char* name;
    double volume_um3;           ///< of a new cell, > 0
    double repulsion_um_per_min; ///< k, >= 0
    double adhesion_um_per_min;  ///< a, >= 0
    double reach;                ///< g: relative maximum adhesion distance, 1 ... 3
    double wall_um_per_min;      ///< repulsion by walls, as k; 0 = walls only stop the centre
    double mobility;             ///< factor on all speeds, 0 (held in place) ... 1
    double division_distance;    ///< daughters' first distance / (R1 + R2), above 0 ... 1
} st_cell_type;

typedef enum st_cells_method {
    ST_CELLS_ADAPTIVE, ///< stabilised Runge-Kutta of order 2, own steps by position error [CEL-3]
    ST_CELLS_FIXED, ///< Adams-Bashforth of order 2 at `fixed_step_min`: the field's usual  [CEL-2]
    ST_CELLS_METHOD_COUNT
} st_cells_method;

/// How to hold cells. Start from st_default_cells_def(); create checks and copies it.
typedef struct st_cells_def {
    st_tissue* tissue;        ///< borrowed; must outlive the cells
    const st_cell_type* type; ///< [type_count], copied with the names
    int type_count;           ///< 1 ... ST_CELL_TYPE_LIMIT
    const double* affinity;   ///< f, [type_count * type_count], symmetric, 0 ... 1; NULL = all 1
    uint64_t open_media;      ///< bit m: cells may be in medium m; by default all
    uint64_t seed;            ///< with the inputs, decides every random draw
    int64_t cell_limit;       ///< most cells ever, 1 ... 2^31 - 2
    double fill_limit;        ///< most cell volume / open volume, > 0; above it cells do not fit
    st_cells_method method;
    double fixed_step_min;        ///< of ST_CELLS_FIXED, > 0
    double longest_step_min;      ///< of ST_CELLS_ADAPTIVE, > 0
    double position_error_um;     ///< ADAPTIVE: largest error of one step, any cell; > 0
    double rest_speed_um_per_min; ///< slower cells fall asleep; 0 = never                   [CEL-5]
    double wake_um;               ///< a neighbour's way that wakes a sleeper, > 0
    double skin_um;               ///< lists of neighbours reach so much farther, > 0; no result
                                  ///< depends on it
    int island_limit; ///< of ADAPTIVE: where cells fall apart into groups that do not meet, each
                      ///< group of at most so many cells has steps of its own; 0 ... 4096, 0 =
                      ///< all cells have common steps, always                         [CEL-9]
    int worker_count; ///< 0 = one per CPU
    uint32_t cookie;
} st_cells_def;

ST_API st_cells_def st_default_cells_def(void);

typedef struct st_cells st_cells;

ST_API st_status st_cells_create(st_ctx* ctx, const st_cells_def* def, st_cells** out);
ST_API void st_cells_destroy(st_cells* cells); // NULL is allowed

ST_API int64_t st_cells_count(const st_cells* cells);
ST_API int64_t st_cells_type_cell_count(const st_cells* cells, int type);
ST_API int st_cells_type_count(const st_cells* cells);
ST_API const st_cell_type* st_cells_type(const st_cells* cells, int type);
ST_API int st_cells_find_type(const st_cells* cells, const char* name); ///< -1 = none
ST_API const st_tissue* st_cells_tissue(const st_cells* cells);
ST_API double st_cells_time_min(const st_cells* cells);    ///< relaxed so far
ST_API double st_cells_tick_um(const st_cells* cells);     ///< resolution of positions
ST_API size_t st_cells_bytes(const st_cells* cells);       ///< all memory of the cells
ST_API size_t st_cells_state_bytes(const st_cells* cells); ///< stored per cell, columns included

// --- one cell
// -------------------------------------------------------------------------------------

ST_API uint64_t st_cells_id(const st_cells* cells, int64_t slot);
ST_API int st_cells_type_of(const st_cells* cells, int64_t slot);
ST_API void st_cells_position(const st_cells* cells, int64_t slot, double out_um[3]);
ST_API double st_cells_radius(const st_cells* cells, int64_t slot); ///< of the equal-volume ball
ST_API double st_cells_volume(const st_cells* cells, int64_t slot);
/// Crowding: sum over neighbours of (1 - d/(R1 + R2))^2, at the last mechanics step. Multiply by
/// st_cells_pressure_unit() for a measure that is 1 when 12 neighbours of the type rest around.
ST_API double st_cells_pressure(const st_cells* cells, int64_t slot);
ST_API double st_cells_pressure_unit(const st_cells* cells, int type);
/// Distance in um at which two cells of these types and radii neither attract nor repel.
ST_API double st_cells_rest_distance(const st_cells* cells, int type1, int type2, double radius1,
                                     double radius2);
ST_API bool st_cells_is_asleep(const st_cells* cells, int64_t slot);
/// Slot of an id, -1 = no such cell. Looks through all cells: for tests and single questions.
ST_API int64_t st_cells_find(const st_cells* cells, uint64_t id);
/// Brick of the cell and its voxel there, 0 ... 511, x fastest: exact, from the position now.
ST_API int st_cells_voxel(const st_cells* cells, int64_t slot, int* voxel);

/// Velocity of its own (walking), um/min: st_cells_relax() adds it to the mechanics. 3 per slot.
/// Write only your own cell's in a parallel loop.
ST_API float* st_cells_drive(st_cells* cells);
/// Factor on the speeds that neighbours and walls cause, 0 ... 1 (1 at birth), per slot: matrix
/// that holds a cell. The type's mobility comes on top.
ST_API float* st_cells_hold(st_cells* cells);
/// Wakes a sleeper, for instance after its hold was raised. Own cell only in parallel.
ST_API void st_cells_wake(st_cells* cells, int64_t slot);
/// Grows or shrinks the cell (volume > 0); wakes it and its neighbours. Own cell only in parallel.
ST_API void st_cells_set_volume(st_cells* cells, int64_t slot, double volume_um3);

// --- columns of other rooms
// ------------------------------------------------------------------------

typedef enum st_column_kind {
    ST_COLUMN_FLOAT,
    ST_COLUMN_DOUBLE,
    ST_COLUMN_UINT32,
    ST_COLUMN_KIND_COUNT
} st_column_kind;

/// What a daughter gets: the mother's value, half of it, or 0.
typedef enum st_column_birth {
    ST_COLUMN_COPY,
    ST_COLUMN_HALVE,
    ST_COLUMN_ZERO,
    ST_COLUMN_BIRTH_COUNT
} st_column_birth;

/// One value per cell: phase, age, clock, signal. Sorted, hashed, saved and written with the cell.
typedef struct st_column_def {
    const char* name; ///< copied; with the unit, as in `age_min`
    st_column_kind kind;
    st_column_birth birth;
    double initial; ///< of cells that are added without values
} st_column_def;

/// *index counts from 0. Only while there are no cells.
ST_API st_status st_cells_add_column(st_ctx* ctx, st_cells* cells, const st_column_def* def,
                                     int* index);
ST_API int st_cells_column_count(const st_cells* cells);
ST_API const st_column_def* st_cells_column(const st_cells* cells, int column);
ST_API float* st_cells_floats(st_cells* cells, int column);
ST_API double* st_cells_doubles(st_cells* cells, int column);
ST_API uint32_t* st_cells_words(st_cells* cells, int column);

// --- cells by brick
// --------------------------------------------------------------------------------

/// Slots of a brick of the tissue: first ... last - 1. Sorted by voxel and id at the last commit;
/// st_cells_relax() may move a cell over the brick's edge, st_cells_voxel() knows.
ST_API void st_cells_brick_range(const st_cells* cells, int brick, int64_t* first, int64_t* last);

/// Work on the cells of one brick. Reads any cell, writes only its own.
typedef st_status (*st_cells_fn)(void* arg, int brick, int64_t first, int64_t last, int worker);
/// Runs fn for every brick that holds cells, in parallel; gives the status of the lowest failed
/// brick. Messages of the workers' contexts are moved to `ctx`.
ST_API st_status st_cells_each(st_ctx* ctx, st_cells* cells, st_cells_fn fn, void* arg);
/// The context of a worker inside st_cells_each(): contexts serve one thread at a time.
ST_API st_ctx* st_cells_worker_ctx(st_cells* cells, int worker);

// --- events
// ----------------------------------------------------------------------------------------

/// Events are noted in a parallel loop, each by the worker that runs it and with that worker's
/// context (outside of loops: worker 0 and the caller's context), and carried out by
/// st_cells_commit() in the order of ids: what comes out does not depend on workers. At most one of
/// remove, divide per cell and commit; become goes with either.
ST_API st_status st_cells_remove(st_ctx* ctx, st_cells* cells, int worker, int64_t slot);
ST_API st_status st_cells_become(st_ctx* ctx, st_cells* cells, int worker, int64_t slot, int type);

/// Both daughters have half the volume; their common centre is the mother's. The first keeps the
/// mother's id.                                                                          [CEL-4]
typedef struct st_division {
    double axis[3];      ///< any length; 0, 0, 0 = drawn at random from seed, id and commit
    int daughter_type;   ///< of the new cell; -1 = the mother's
    bool resets_mother;  ///< the mother's columns change as the daughter's do (halve, zero)
    const double* value; ///< [columns] of the new cell, or NULL: as the columns' `birth` says
} st_division;
ST_API st_division st_default_division(void);
ST_API st_status st_cells_divide(st_ctx* ctx, st_cells* cells, int worker, int64_t slot,
                                 const st_division* division);

/// A new cell at a place, at the next commit.
typedef struct st_cell_birth {
    double at_um[3];
    int type;
    double volume_um3;   ///< 0 = the type's
    const double* value; ///< [columns], or NULL: the columns' `initial`
    uint64_t order;      ///< new cells get their ids in this order, after all daughters; in a
                         ///< parallel loop each number belongs to one brick (a voxel's number, a
                         ///< cell's id)
} st_cell_birth;
/// Refused outside open media.
ST_API st_status st_cells_add(st_ctx* ctx, st_cells* cells, int worker, const st_cell_birth* birth);
/// Adds `count` cells at random places of a medium (0 = all open media), with ids in order.
/// Overlaps are left to st_cells_relax().
ST_API st_status st_cells_scatter(st_ctx* ctx, st_cells* cells, int type, int medium,
                                  int64_t count);

/// Carries out what was noted and sorts. Refuses more cells than `cell_limit` or than fit into the
/// open media (`fill_limit`); then nothing was changed and the notes are forgotten.
ST_API st_status st_cells_commit(st_ctx* ctx, st_cells* cells);
ST_API uint64_t st_cells_commit_count(const st_cells* cells); ///< commits so far

// --- mechanics
// -------------------------------------------------------------------------------------

/// What the last st_cells_relax() did. With islands, steps, rejections, evaluations and summed
/// errors are those of the island that has most of each.
typedef struct st_relax_report {
    int64_t step_count, reject_count;
    int64_t force_count;       ///< evaluations of all awake cells
    int64_t cell_update_count; ///< forces of single cells
    int64_t list_count;        ///< times the neighbour lists were made
    int64_t awake_count;       ///< cells awake at the end
    double shortest_step_min, longest_step_min;
    double error_um;         ///< largest estimated position error of an accepted step (ADAPTIVE)
    double total_error_um;   ///< sum over the steps of the largest estimate
    double speed_um_per_min; ///< of the fastest cell at the end
    int64_t island_count;    ///< groups integrated by themselves, repeated ones included    [CEL-9]
    int64_t lone_count;      ///< cells that met nobody and went straight ahead
    int64_t largest_island;  ///< cells; 0 = the cells had common steps
} st_relax_report;

/// Moves the cells for dt_min (> 0, at most 1e6). Commit before: refused while events wait.
/// The energy's meaning and the walls: docs/cells.md.
ST_API st_status st_cells_relax(st_ctx* ctx, st_cells* cells, double dt_min,
                                st_relax_report* report); // report may be NULL
/// Sum over pairs of the potential whose slope is the speed between two cells, um^2/min; walls
/// excluded.
ST_API st_status st_cells_energy(st_ctx* ctx, st_cells* cells, double* out);

/// A uniformly distributed direction, f(seed, stream, id, step).                         [CEL-6]
ST_API void st_cells_direction(const st_cells* cells, uint64_t id, uint64_t step, double out[3]);
/// Persistent walk: with probability 1 - exp(-dt / persistence) the cell's drive turns to `speed`
/// in a new random direction; `step` numbers the draws.                                    [CEL-6]
ST_API void st_cells_walk(st_cells* cells, int64_t slot, uint64_t step, double dt_min,
                          double speed_um_per_min, double persistence_min);

// --- neighbours and fields
// -------------------------------------------------------------------------

typedef struct st_neighbour {
    uint64_t id;
    int64_t slot;
    int type;
    double distance_um;
} st_neighbour;

/// Cells with centres within `radius_um` (<= 1000) of the cell's, itself excluded, in the order of
/// ids. Gives their number; at most `capacity` are written (the lowest ids when there are more).
/// May be called from parallel loops.
ST_API int st_cells_near(const st_cells* cells, int64_t slot, double radius_um, st_neighbour* out,
                         int capacity);
/// Number of cells of each type that touch this one: d <= factor (R1 + R2), factor 0.1 ... 2.
/// Gives the total; by_type [type_count] may be NULL.
ST_API int st_cells_contacts(const st_cells* cells, int64_t slot, double factor, int* by_type);

/// Level of a field in the cell's voxel.
ST_API double st_cells_level(const st_cells* cells, int64_t slot, int field);
/// Gradient of a field at the cell, M/um: central differences of voxels, one-sided at the edge.
ST_API void st_cells_gradient(const st_cells* cells, int64_t slot, int field, double out[3]);

// --- for measurements
// --------------------------------------------------------------------------------

/// Close packing: hexagonal layers, centres within `radius_um` of the centre.
typedef struct st_cells_ball {
    double centre_um[3];
    double radius_um;  ///< 0 ... 1000 spacings
    double spacing_um; ///< between neighbours' centres, > 0
    double shift_um;   ///< each cell is moved by up to so much along every axis, at random
} st_cells_ball;

/// Adds the cells of a ball and commits; all of it must be open. After a failure some may be there.
ST_API st_status st_cells_pack(st_ctx* ctx, st_cells* cells, int type, const st_cells_ball* ball);

/// Parts of a step of the mechanics.
typedef enum st_cells_part {
    ST_CELLS_LOOK,   ///< look whether cells left their voxels; sort when one did
    ST_CELLS_LISTS,  ///< the same, then lists of neighbours
    ST_CELLS_SPEEDS, ///< speeds of all awake cells from neighbours and walls
    ST_CELLS_PART_COUNT
} st_cells_part;

/// Runs one by itself: no cell moves, and st_cells_relax() goes on as without it. Commit before.
ST_API st_status st_cells_exercise(st_ctx* ctx, st_cells* cells, st_cells_part part);

// --- hash, save, restore, output
// -------------------------------------------------------------------

/// Hash of time and all cells by id: free of bricks, workers, slots.
ST_API uint64_t st_cells_hash(const st_cells* cells);

/// Head: time, counters, step size. Bytes owned by the caller (st_alloc).
ST_API st_status st_cells_save_head(st_ctx* ctx, const st_cells* cells, void** out, size_t* length);
/// Cells of one brick; no bytes (*out NULL, length 0) where there are none.
ST_API st_status st_cells_save_brick(st_ctx* ctx, const st_cells* cells, int brick, void** out,
                                     size_t* length);
/// Into cells made from the same def with the same columns and no cells yet: begin with the head,
/// all bricks in any order, end. Afterwards everything goes on as if it had never stopped.
ST_API st_status st_cells_restore_begin(st_ctx* ctx, st_cells* cells, const void* head,
                                        size_t length);
ST_API st_status st_cells_restore_brick(st_ctx* ctx, st_cells* cells, const void* bytes,
                                        size_t length);
ST_API st_status st_cells_restore_end(st_ctx* ctx, st_cells* cells);

/// All cells as points in the order of ids (.vtu): id, type, radius_um, pressure, is_asleep and all
/// columns. Bytes owned by the caller (st_alloc).
ST_API st_status st_cells_view_vtu(st_ctx* ctx, const st_cells* cells, char** out, size_t* length);
/// A time series (.pvd) of files beside it.
ST_API st_status st_cells_view_pvd(st_ctx* ctx, int count, const double* time_min,
                                   const char* const* file, char** out, size_t* length);

#endif
