/// \file
/// Tissue engine: space as sparse bricks of 8 x 8 x 8 voxels, and reaction-diffusion fields on it.
///
/// Units (all factors 1): length um, time min, amount fmol, so that a level in fmol/um^3 is in M.
/// The result does not depend on the number of workers.
/// Equations: docs/equations/tissue.md. Guide: docs/tissue.md.
#ifndef STROMA_TISSUE_H
#define STROMA_TISSUE_H

#include "stroma/base.h"

/// Media 1 ... ST_MEDIUM_LIMIT can be painted; 0 is "nothing here".
#define ST_MEDIUM_LIMIT 63

/// Where a voxel's face can lead that is no tissue: an unsolved medium (its number, 0 = nothing) or
/// one of the six sides of the box.
#define ST_REGION_BOX   64 ///< + 0 ... 5 for x-, x+, y-, y+, z-, z+
#define ST_REGION_COUNT 70

// --- shapes
// --------------------------------------------------------------------------------------

typedef enum st_shape_kind {
    ST_SHAPE_BOX,               ///< size[0..2] = edge lengths around `centre_um`
    ST_SHAPE_BALL,              ///< size[0] = radius
    ST_SHAPE_CYLINDER,          ///< size[0] = radius, size[1] = length along `axis`
    ST_SHAPE_LAYER,             ///< of `a`: depth below its surface in [size[0], size[1])
    ST_SHAPE_FUNCTION,          ///< inside where function(self, at) < 0
    ST_SHAPE_UNION,             ///< a or b
    ST_SHAPE_INTERSECT,         ///< a and b
    ST_SHAPE_SUBTRACT,          ///< a without b
    ST_SHAPE_FEMORAL_CARTILAGE, ///< built-in joint, docs/tissue.md; `size` unused
    ST_SHAPE_TIBIAL_CARTILAGE,
    ST_SHAPE_FEMORAL_BONE, ///< the bone that each of the two lies on
    ST_SHAPE_TIBIAL_BONE,
    ST_SHAPE_KIND_COUNT
} st_shape_kind;

/// A region of space as a signed function: negative inside. Borrowed by whoever uses it.
typedef struct st_shape {
    st_shape_kind kind;
    double centre_um[3];
    double size_um[3];
    int axis; ///< cylinder: 0, 1, 2
    const struct st_shape *a, *b;
    double (*function)(const void* self, const double at_um[3]);
    const void* self;
} st_shape;

/// Signed value at a point: negative inside, for most kinds the distance to the surface in um.
ST_API double st_shape_distance(const st_shape* shape, const double at_um[3]);
/// Refuses sizes that are not positive and missing parts, with one message.
ST_API st_status st_shape_check(st_ctx* ctx, const st_shape* shape, const char* where);

// --- tissue
// --------------------------------------------------------------------------------------

/// Later paints cover earlier ones. Medium 0 takes tissue away.
typedef struct st_paint {
    const st_shape* shape;
    int medium;
} st_paint;

/// Labels given voxel by voxel, x fastest: one byte per voxel of the box, 0 = nothing.
typedef struct st_label_map {
    const uint8_t* medium;
    int size[3];
} st_label_map;

/// How to build a tissue. Start from st_default_tissue_def(); create checks and copies it.
typedef struct st_tissue_def {
    double origin_um[3]; ///< low corner of the box
    int size[3];         ///< voxels of the box, 1 ... 2^20
    double voxel_um[3];  ///< edges of a voxel, > 0, the largest at most 20 times the smallest
    const st_paint* paint;
    int paint_count;
    const st_label_map* labels; ///< or NULL; painted first; its size must be the box's
    uint64_t bath_media;        ///< bit m: medium m is a bath, not solved, only a boundary
    int brick_shift[3]; ///< moves the brick lattice by 0 ... 7 voxels, for tests (docs/tissue.md,
                        ///< D6)
    int worker_count;   ///< 0 = one per CPU
    uint32_t cookie;
} st_tissue_def;

ST_API st_tissue_def st_default_tissue_def(void);

typedef struct st_tissue st_tissue;

ST_API st_status st_tissue_create(st_ctx* ctx, const st_tissue_def* def, st_tissue** out);
ST_API void st_tissue_destroy(st_tissue* tissue); // NULL is allowed

ST_API int st_tissue_brick_count(const st_tissue* tissue);
ST_API int64_t st_tissue_voxel_count(const st_tissue* tissue); ///< voxels of tissue
ST_API int64_t st_tissue_medium_voxel_count(const st_tissue* tissue, int medium);
ST_API int64_t st_tissue_region_face_count(const st_tissue* tissue, int region);
ST_API double st_tissue_voxel_volume_um3(const st_tissue* tissue);
ST_API size_t st_tissue_bytes(const st_tissue* tissue); ///< all memory of the tissue
/// Low voxel of a brick in the box (may lie outside the box by brick_shift).
ST_API void st_tissue_brick_voxel(const st_tissue* tissue, int brick, int voxel[3]);
/// 512 media of a brick, x fastest; 0 = no tissue.
ST_API const uint8_t* st_tissue_brick_media(const st_tissue* tissue, int brick);
/// Medium of a voxel of the box, 0 where there is no tissue.
ST_API int st_tissue_medium(const st_tissue* tissue, const int voxel[3]);

/// Where the box lies and how it is cut.
typedef struct st_tissue_frame {
    double origin_um[3]; ///< low corner of the box
    double voxel_um[3];
    int size[3]; ///< voxels of the box
} st_tissue_frame;
ST_API st_tissue_frame st_tissue_frame_of(const st_tissue* tissue);

// --- fields
// --------------------------------------------------------------------------------------

typedef enum st_boundary_kind {
    ST_BOUNDARY_CLOSED,   ///< no flux
    ST_BOUNDARY_FIXED,    ///< the face holds `level`
    ST_BOUNDARY_EXCHANGE, ///< flux in = permeability (level - level at the face)
    ST_BOUNDARY_FLUX,     ///< flux in = flux, fmol/um^2/min
    ST_BOUNDARY_KIND_COUNT
} st_boundary_kind;

/// What one substrate meets at one region. Levels run piecewise linearly through the knots and stay
/// constant outside them.
typedef struct st_boundary {
    int region;
    st_boundary_kind kind;
    double permeability_um_per_min;
    double flux_M_um_per_min;
    int knot_count; ///< >= 1 for FIXED and EXCHANGE
    const double* knot_min;
    const double* knot_M;
} st_boundary;

/// What one substrate does in one medium.
typedef struct st_medium_rates {
    double diffusivity_um2_per_min; ///< >= 0
    double decay_per_min;           ///< >= 0
    double supply_M_per_min;        ///< zero order; negative = a sink of zero order
    double uptake_max_M_per_min;    ///< Michaelis-Menten, >= 0
    double uptake_half_M;           ///< > 0 where uptake_max is not 0
} st_medium_rates;

typedef enum st_field_mode {
    ST_FIELD_AUTO,
    ST_FIELD_TRANSIENT,
    ST_FIELD_STEADY,
    ST_FIELD_MODE_COUNT
} st_field_mode;

typedef struct st_field_def {
    const char* name;
    const st_medium_rates* rates; ///< [ST_MEDIUM_LIMIT + 1], by medium
    const st_boundary* boundary;
    int boundary_count;
    double initial_M[ST_MEDIUM_LIMIT + 1]; ///< by medium
    st_field_mode mode;
    double tolerance;        ///< of a time step, relative to the largest level so far; > 0
    double solver_tolerance; ///< of a solve, relative to the largest level so far; > 0
    double change_time_min;  ///< AUTO: shortest time over which the surroundings change
    double steady_tolerance; ///< AUTO: steady if relaxation time <= this x change_time
    uint32_t cookie;
} st_field_def;

ST_API st_field_def st_default_field_def(void);

/// Adds a field; *index counts from 0.
ST_API st_status st_tissue_add_field(st_ctx* ctx, st_tissue* tissue, const st_field_def* def,
                                     int* index);
ST_API int st_tissue_field_count(const st_tissue* tissue);
ST_API const char* st_tissue_field_name(const st_tissue* tissue, int field);

/// How a field is solved and why.
typedef struct st_field_choice {
    bool is_steady;
    double relaxation_min; ///< bound on the time a field needs to follow: max of A^-1 1; INFINITY
    double lag;            ///< relaxation / change time: bound on the relative error of `steady`
} st_field_choice;
ST_API st_field_choice st_tissue_field_choice(const st_tissue* tissue, int field);

/// What happened to a field since the start. Amounts in fmol.
typedef struct st_field_ledger {
    double amount;  ///< now in the tissue
    double start;   ///< at the start
    double supply;  ///< brought by zero-order sources (negative: taken by zero-order sinks)
    double decay;   ///< lost by decay
    double uptake;  ///< lost by Michaelis-Menten uptake of the media
    double cells;   ///< lost by the uptake set voxel by voxel: st_tissue_set_uptake()
    double in;      ///< net through boundaries
    double added;   ///< by st_tissue_add_amount()
    double reacted; ///< made by reactions with other fields (negative: used up)
    double clipped; ///< sum of |negative levels| set to zero; their mass is taken from the others
    double deficit; ///< owed by voxels at level 0: part of `amount`, below the step's tolerance
    double lowest_M, highest_M;
    int64_t step_count, reject_count, cycle_count, solve_count;
    double last_step_min;
} st_field_ledger;
ST_API st_field_ledger st_tissue_ledger(const st_tissue* tissue, int field);
/// (amount - start - supply + decay + uptake + cells - in - added - reacted) / largest amount that
/// moved or was there.
ST_API double st_tissue_balance_error(const st_field_ledger* ledger);
/// The same for a field by number. A steady field adds nothing up over time: there it is what comes
/// now (sources, walls) less what goes now (decay, uptake, cells, walls), over the larger of the
/// two, at the levels as they are kept; NAN before its first solve. Borrowed sources and sinks must
/// still hold what they held at the solve.
ST_API double st_tissue_field_balance(const st_tissue* tissue, int field);

/// Brings all fields to `time_min` (>= the time so far) with steps of their own.
ST_API st_status st_tissue_advance(st_ctx* ctx, st_tissue* tissue, double time_min);
/// One step of a transient field with exactly this length, no error control: for convergence tests.
ST_API st_status st_tissue_step_field(st_ctx* ctx, st_tissue* tissue, int field, double dt_min);
/// The steady state at the current time; the current levels are the first guess.
ST_API st_status st_tissue_solve_steady(st_ctx* ctx, st_tissue* tissue, int field);
ST_API double st_tissue_time_min(const st_tissue* tissue);

/// Level of a voxel of the box; 0 where there is no tissue.
ST_API double st_tissue_level_M(const st_tissue* tissue, int field, const int voxel[3]);
/// Sets a voxel's level; the ledger's start follows. Refused outside tissue.
ST_API st_status st_tissue_set_level(st_ctx* ctx, st_tissue* tissue, int field, const int voxel[3],
                                     double level_M);
/// Puts an amount into a voxel at once.
ST_API st_status st_tissue_add_amount(st_ctx* ctx, st_tissue* tissue, int field, const int voxel[3],
                                      double fmol);
/// 512 levels of a brick, x fastest.
ST_API const float* st_tissue_brick_levels(const st_tissue* tissue, int field, int brick);

/// Extra zero-order source per voxel, M/min, 512 per brick, borrowed until changed; NULL = none.
ST_API void st_tissue_set_source(st_tissue* tissue, int field, const float* source_M_per_min);
/// Extra sinks per voxel, 512 per brick, borrowed until changed, NULL = none: of first order,
/// 1/min, and the maximum of a Michaelis-Menten sink, M/min, with the medium's `uptake_half_M`.
/// Both are part of the implicit solve and of the ledger (`cells`). Values where there is no tissue
/// do not count. Refused: values below 0 or not finite, and a maximum above 0 in a medium without a
/// half level. After a change of the arrays' content call it again.
ST_API st_status st_tissue_set_uptake(st_ctx* ctx, st_tissue* tissue, int field,
                                      const float* first_order_per_min,
                                      const float* mm_max_M_per_min);
/// The same with a half level of each voxel's own, M, above 0 where the maximum is; NULL = the
/// medium's.
ST_API st_status st_tissue_set_saturating_uptake(st_ctx* ctx, st_tissue* tissue, int field,
                                                 const float* first_order_per_min,
                                                 const float* mm_max_M_per_min,
                                                 const float* mm_half_M);
/// Gives a boundary of kind FIXED or EXCHANGE new knots (copied); also while time runs, between two
/// calls of st_tissue_advance(): so a place of the population engine becomes a wall.
ST_API st_status st_tissue_set_boundary_levels(st_ctx* ctx, st_tissue* tissue, int field,
                                               int region, int knot_count, const double* knot_min,
                                               const double* knot_M);
/// Mean level in a medium, M.
ST_API double st_tissue_mean_M(const st_tissue* tissue, int field, int medium);

// --- what does not diffuse
// ------------------------------------------------------------------------

/// Matrix or another slow state: one double per voxel, so that 0.25 % a year survives the shortest
/// step. Whoever changes it (cells, reactions, wear) writes it through the brick's pointer.
typedef struct st_matrix_def {
    const char* name;
    const char* unit;                  ///< "1" for a fraction of the maximum
    double start[ST_MEDIUM_LIMIT + 1]; ///< by medium
    double lowest, highest;            ///< what is allowed; 0 and 1 by default
    uint32_t cookie;
} st_matrix_def;

ST_API st_matrix_def st_default_matrix_def(void);
/// Adds a matrix state; *index counts from 0.
ST_API st_status st_tissue_add_matrix(st_ctx* ctx, st_tissue* tissue, const st_matrix_def* def,
                                      int* index);
ST_API int st_tissue_matrix_count(const st_tissue* tissue);
ST_API const char* st_tissue_matrix_name(const st_tissue* tissue, int matrix);
ST_API const char* st_tissue_matrix_unit(const st_tissue* tissue, int matrix);
/// 512 values of a brick, x fastest; 0 where there is no tissue, and to be left so.
ST_API double* st_tissue_brick_matrix(st_tissue* tissue, int matrix, int brick);
ST_API double st_tissue_matrix(const st_tissue* tissue, int matrix, const int voxel[3]);
/// Mean in a medium; the same for any number of workers.
ST_API double st_tissue_matrix_mean(const st_tissue* tissue, int matrix, int medium);
/// Fails where a value is not finite or outside lowest ... highest, naming the first such voxel.
ST_API st_status st_tissue_check_matrix(st_ctx* ctx, const st_tissue* tissue, int matrix);

// --- what fields do to each other
// ------------------------------------------------------------------

/// The reactions of a model in one medium: stoichiometric numbers x rates, run voxel by voxel.
/// Between two of them the fields diffuse (docs/equations/tissue.md, TIS-13: second order in time).
typedef struct st_reaction_def {
    const struct st_model* model; ///< read only while they are added
    int medium;
    const int* field;  ///< [states of the model] field that carries the state here, -1 = none; NULL
    const int* matrix; ///< the same for matrix states; NULL = none. What nothing carries keeps the
                       ///< model's start.
    double tolerance;  ///< of the alternation, relative to the largest level so far
    double solver_tolerance; ///< of the chemistry in a voxel, relative to the largest level so far
    double step_min;         ///< > 0: the alternation has this step, without error control
    uint32_t cookie;
} st_reaction_def;

ST_API st_reaction_def st_default_reaction_def(void);
/// Adds a medium's reactions. Their fields become transient. Refused: a changed state that nothing
/// carries, a field that must be steady, rates that change with time.
ST_API st_status st_tissue_add_reactions(st_ctx* ctx, st_tissue* tissue,
                                         const st_reaction_def* def);

/// Hash of time, media, all levels and matrix states by voxel position: free of bricks and workers.
ST_API uint64_t st_tissue_hash(const st_tissue* tissue);

// --- for measurements
// --------------------------------------------------------------------------------

/// Parts of the solver. PREPARE comes first: the system of an implicit stage of 1/sigma minutes
/// with a rough right-hand side, from zero.
typedef enum st_exercise {
    ST_EXERCISE_PREPARE,
    ST_EXERCISE_SMOOTH, ///< two smoothing steps over the finest level
    ST_EXERCISE_CYCLE,  ///< one V-cycle
    ST_EXERCISE_SOLVE,  ///< until the residual is 1e-5 of what it was
} st_exercise;

/// Runs one by itself; levels and ledgers stay as they are.
ST_API st_status st_tissue_exercise(st_ctx* ctx, st_tissue* tissue, int field, st_exercise what,
                                    double sigma_per_min, int* cycles);

// --- going on where a run stopped
// ------------------------------------------------------------------

/// An SQLite file that holds the last whole state of a run: levels and matrix states in packed,
/// hashed rows, ledgers, and texts and blocks of the caller's. Locked while it is open.
typedef struct st_checkpoint st_checkpoint;

/// Opens or makes the file. `identity` says which run this is: another one's state is refused
/// (ST_ERR_INPUT), as is a file that another process has open.
ST_API st_status st_checkpoint_open(st_ctx* ctx, const char* path, const char* identity,
                                    st_checkpoint** out);
/// The same, but a state that the file holds is given up.
ST_API st_status st_checkpoint_begin(st_ctx* ctx, const char* path, const char* identity,
                                     st_checkpoint** out);
/// Is there a state to go on from?
ST_API bool st_checkpoint_has_state(const st_checkpoint* checkpoint);
/// What the caller keeps besides, in blocks 0 ... count - 1: each is a packed, hashed row of its
/// own, so that never more than one is in memory.
typedef struct st_checkpoint_blocks {
    int64_t count; ///< 0 ... 2^31 - 1
    void* arg;
    /// Bytes of a block (st_alloc), which the checkpoint frees; length 0 = nothing to keep.
    st_status (*save)(st_ctx* ctx, void* arg, int64_t block, void** out, size_t* length);
    /// Gets each block back that had bytes, in ascending order.
    st_status (*load)(st_ctx* ctx, void* arg, int64_t block, const void* bytes, size_t length);
} st_checkpoint_blocks;

/// Replaces the state in one transaction: a stop at any moment leaves the old or the new one whole.
/// Not saved: what is borrowed (sources, sinks), media and fields, which the caller builds anew.
/// `blocks` may be NULL.
ST_API st_status st_checkpoint_save(st_ctx* ctx, st_checkpoint* checkpoint, const st_tissue* tissue,
                                    int64_t number, const char* const* text, int text_count,
                                    const st_checkpoint_blocks* blocks);
/// Puts the state into a tissue built as the saved one was. Texts are owned by the caller
/// (st_alloc). A row whose hash is wrong is an error (ST_ERR_FILE).
ST_API st_status st_checkpoint_load(st_ctx* ctx, st_checkpoint* checkpoint, st_tissue* tissue,
                                    int64_t* number, char** text, int text_count,
                                    const st_checkpoint_blocks* blocks);
/// Closes; with `removes` the file goes, too: the run has ended. NULL is allowed.
ST_API void st_checkpoint_close(st_checkpoint* checkpoint, bool removes);

// --- tissue files
// -------------------------------------------------------------------------------

/// A tissue file: geometry, fields, how long, what to write. docs/tissue.md
typedef struct st_tissue_plan st_tissue_plan;

/// A picture of one field across one axis.
typedef struct st_slice_plan {
    int field; ///< index; -1 = the media
    int axis;
    double at_um;
} st_slice_plan;

ST_API st_status st_tissue_plan_load(st_ctx* ctx, const char* path, st_tissue_plan** out);
ST_API void st_tissue_plan_destroy(st_tissue_plan* plan); // NULL is allowed
/// Builds the tissue with all its fields.
ST_API st_status st_tissue_plan_build(st_ctx* ctx, const st_tissue_plan* plan, int worker_count,
                                      st_tissue** out);
/// Tells this plan from others: a hash of the file, its model and its label map, and the version.
/// Owned by the plan.
ST_API const char* st_tissue_plan_identity(const st_tissue_plan* plan);
ST_API const char* st_tissue_plan_title(const st_tissue_plan* plan);
ST_API double st_tissue_plan_until_min(const st_tissue_plan* plan);
ST_API double st_tissue_plan_every_min(const st_tissue_plan* plan);
ST_API bool st_tissue_plan_writes_vtk(const st_tissue_plan* plan);
ST_API bool st_tissue_plan_writes_vtu(const st_tissue_plan* plan);
ST_API int st_tissue_plan_medium_count(const st_tissue_plan* plan); ///< media are 1 ... count
ST_API const char* st_tissue_plan_medium(const st_tissue_plan* plan, int medium);
ST_API bool st_tissue_plan_is_bath(const st_tissue_plan* plan, int medium);
ST_API int st_tissue_plan_field_count(const st_tissue_plan* plan);
ST_API const char* st_tissue_plan_field(const st_tissue_plan* plan, int field);
ST_API int st_tissue_plan_slice_count(const st_tissue_plan* plan);
ST_API const st_slice_plan* st_tissue_plan_slice(const st_tissue_plan* plan, int slice);
ST_API int st_tissue_plan_value_count(const st_tissue_plan* plan, int* assumed_count);

// --- for the room that puts cells in
// ------------------------------------------------------------------

struct st_model;
struct st_node;
/// The whole file as it was read, owned by the plan.
ST_API const struct st_node* st_tissue_plan_root(const st_tissue_plan* plan);
/// The file's map `cells`, which agents read; NULL when absent. With it fields of the model's
/// places have only their start from here: what cells and chemistry do is the agents'.
ST_API const struct st_node* st_tissue_plan_cells(const st_tissue_plan* plan);
ST_API const struct st_model* st_tissue_plan_model(const st_tissue_plan* plan);  ///< or NULL
ST_API const char* st_tissue_plan_place(const st_tissue_plan* plan, int medium); ///< or NULL
/// A shape written as in `geometry`, owned by the plan; NULL after a reported mistake.
ST_API const st_shape* st_tissue_plan_shape(st_ctx* ctx, st_tissue_plan* plan,
                                            const struct st_node* map);
/// A value with source or reason, as everywhere in the file; false after a reported mistake.
ST_API bool st_tissue_plan_quantity(st_ctx* ctx, st_tissue_plan* plan, const struct st_node* node,
                                    const char* what, const char* unit, double lo, double* out);

// --- what others can read
// -----------------------------------------------------------------------

/// A VTK image file (.vti) of media, all fields and matrix states over the bricks' bounding box:
/// bytes owned by the caller (st_alloc).
ST_API st_status st_tissue_view_vti(st_ctx* ctx, const st_tissue* tissue, char** out,
                                    size_t* length);
/// An unstructured VTK grid (.vtu) of the same, with the voxels that are tissue and only these.
ST_API st_status st_tissue_view_vtu(st_ctx* ctx, const st_tissue* tissue, char** out,
                                    size_t* length);
/// A picture (.svg) of a slice with legend, scale and units. `high_M` 0 = the slice's own largest.
ST_API st_status st_tissue_view_slice(st_ctx* ctx, const st_tissue* tissue,
                                      const st_tissue_plan* plan, int slice, double high_M,
                                      char** out, size_t* length);

#endif
