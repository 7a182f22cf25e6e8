/// \file
/// Agents: the cells of a model file one by one in tissue. Every term of the language has its agent
/// form here; the signals of a cell are the levels where it is.
///
/// Units as in tissue: um, min, fmol, M. The model's own quantities (days, uM, mL) are converted at
/// this door. The result does not depend on the number of workers.
/// Equations: docs/equations/agents.md. Guide: docs/agents.md.
#ifndef STROMA_AGENTS_H
#define STROMA_AGENTS_H

#include "stroma/cells.h"
#include "stroma/model.h"
#include "stroma/tissue.h"

/// How cells of one type of the model are as bodies. Start from st_default_agent_type().
typedef struct st_agent_type {
    const char* name;  ///< cell type of the model
    st_cell_type body; ///< its `name` is not used
    double growth_min; ///< after a division the volume returns with this time constant; 0 = at once
    double persistence_min; ///< mean time between two turns of a walking cell, > 0; where it walks
                            ///< at least a thousandth of a mechanics step: each turn is drawn
    double guidance;        ///< share of the walk that follows the fibres of the medium, 0 ... 1
    const char* held_by; ///< matrix that holds it: its speeds fall by (1 - fraction); NULL = none
} st_agent_type;

ST_API st_agent_type st_default_agent_type(void);

/// How to run. Start from st_default_agents_def(); create checks and copies it.
typedef struct st_agents_def {
    st_tissue* tissue;                        ///< borrowed; must outlive the agents
    const st_model* model;                    ///< borrowed; from st_model_load_in_space()
    const char* place[ST_MEDIUM_LIMIT + 1];   ///< the model's place of each medium, NULL = none
    const double* fibre[ST_MEDIUM_LIMIT + 1]; ///< [3] direction of the fibres of a medium, or NULL
    const st_agent_type* type;
    int type_count;          ///< the others take the default
    const double* parameter; ///< [parameters], NULL = the model's
    const double* input;     ///< [inputs], NULL = the model's
    double field_step_min;   ///< shortest step: what cells do meets the fields, > 0
    int mech_every;          ///< mechanics every so many field steps, >= 1; 0 = never
    int fate_every;          ///< fates every so many mechanics steps, >= 1
    double reach_um;         ///< of pair terms and `density.`: radius, > 0; INFINITY = the place
    double touch;            ///< cells touch at distances up to this x (R1 + R2)
    uint64_t seed;
    int64_t cell_limit;
    double fill_limit;
    double position_error_um; ///< of one mechanics step, > 0
    int worker_count;         ///< 0 = one per CPU
    uint32_t cookie;
} st_agents_def;

ST_API st_agents_def st_default_agents_def(void);

typedef struct st_agents st_agents;

ST_API st_status st_agents_create(st_ctx* ctx, const st_agents_def* def, st_agents** out);
ST_API void st_agents_destroy(st_agents* agents); // NULL is allowed

/// The world outside the tissue: all states of the model over time, joined by straight lines and
/// constant outside the knots. States of places in the tissue are not read. `value` is
/// [count][state_count], copied. Before the first call: the model's start.
ST_API st_status st_agents_surround(st_ctx* ctx, st_agents* agents, int count, const double* day,
                                    const double* value);

/// Inputs of the model over time, piecewise constant: at every step those of the last knot at or
/// before it; before the first knot, and before the first call, those of the definition. `value` is
/// [count][input_count], copied. What is read once, when the agents are made, cannot follow: a
/// place's volume, and `adhere` and `repel`, on an input that changes are refused by name.
ST_API st_status st_agents_set_inputs(st_ctx* ctx, st_agents* agents, int count, const double* day,
                                      const double* value);

/// Puts `count` cells of a state such as "msc@gel" at random places: of a shape, or (NULL) of all
/// media of the state's place.
ST_API st_status st_agents_place(st_ctx* ctx, st_agents* agents, const char* state, int64_t count,
                                 const st_shape* shape);

/// Brings fields, bodies and fates to `time_min`, a whole number of field steps (>= now).
ST_API st_status st_agents_advance(st_ctx* ctx, st_agents* agents, double time_min);

ST_API double st_agents_time_min(const st_agents* agents);
ST_API st_cells* st_agents_cells(st_agents* agents);
ST_API const st_model* st_agents_model(const st_agents* agents);
/// Cells of a state of the model now; 0 for states outside.
ST_API int64_t st_agents_count(const st_agents* agents, int state);
/// Index of the type that st_agents_cells() gives cells of this state, -1 = not in the tissue.
ST_API int st_agents_cell_type(const st_agents* agents, int state);
/// Volume of a place of the model that lies in the tissue, um^3; 0 outside.
ST_API double st_agents_region_um3(const st_agents* agents, int place);
/// Value of a behaviour (index of the model) for a cell as it was told last; for tests and tables.
ST_API st_status st_agents_behaviour(st_ctx* ctx, st_agents* agents, int64_t slot, int behaviour,
                                     double* out);

/// What happened to cells so far.
typedef struct st_agents_tally {
    int64_t births, deaths, changes, arrivals, departures;
} st_agents_tally;
ST_API st_agents_tally st_agents_tally_now(const st_agents* agents);

/// Hash of tissue, cells and clocks.
ST_API uint64_t st_agents_hash(const st_agents* agents);

/// The state in blocks for st_checkpoint_save(), after st_agents_advance(): 0 = clock, tallies,
/// what all cells share; then the cells of one brick each. Levels and matrix are the tissue's to
/// keep.
ST_API int64_t st_agents_block_count(const st_agents* agents);
/// Bytes are the caller's (st_alloc); none (*out NULL, length 0) where a brick holds no cells.
ST_API st_status st_agents_save_block(st_ctx* ctx, const st_agents* agents, int64_t block,
                                      void** out, size_t* length);
/// Into agents made from the same def that hold no cells yet: block 0, the others in any order, the
/// end. Afterwards everything goes on as if it had never stopped. Bytes that are damaged or of
/// another run are refused.
ST_API st_status st_agents_restore_block(st_ctx* ctx, st_agents* agents, int64_t block,
                                         const void* bytes, size_t length);
ST_API st_status st_agents_restore_end(st_ctx* ctx, st_agents* agents);

// --- tissue files
// -------------------------------------------------------------------------------

/// The map `cells` of a tissue file. docs/agents.md
typedef struct st_agents_plan st_agents_plan;

/// Cells by depth: equal slices of the box along an axis.
typedef struct st_profile_plan {
    int axis;      ///< 0, 1, 2
    int bin_count; ///< 0 = no profile
} st_profile_plan;

/// Reads the map; `tissue_plan` is borrowed and must outlive the plan. Mistakes are reported, then
/// ST_ERR_INPUT.
ST_API st_status st_agents_plan_load(st_ctx* ctx, st_tissue_plan* tissue_plan,
                                     st_agents_plan** out);
ST_API void st_agents_plan_destroy(st_agents_plan* plan); // NULL is allowed
/// Adds the model's matrices to a tissue made by st_tissue_plan_build(), makes the agents and gives
/// them their surroundings. No cells are placed yet: st_agents_plan_place(), or a saved state.
ST_API st_status st_agents_plan_build(st_ctx* ctx, const st_agents_plan* plan, st_tissue* tissue,
                                      int worker_count, st_agents** out);
/// Time after `time_min` at which cells are placed next; INFINITY = never.
ST_API double st_agents_plan_next_min(const st_agents_plan* plan, double time_min);
/// Places the cells that are due at the agents' time, which must be such a time.
ST_API st_status st_agents_plan_place(st_ctx* ctx, const st_agents_plan* plan, st_agents* agents);
/// Hash of what the file names beside itself: the person and the course.
ST_API uint64_t st_agents_plan_hash(const st_agents_plan* plan);
ST_API st_profile_plan st_agents_plan_profile(const st_agents_plan* plan);

// --- what others can read
// -----------------------------------------------------------------------

/// A picture (.svg) of all cells as shaded balls, seen along an axis from its high end, coloured by
/// state, with legend and scale. Bytes owned by the caller (st_alloc).
ST_API st_status st_agents_view_svg(st_ctx* ctx, st_agents* agents, int axis, char** out,
                                    size_t* length);
/// The colour of a cell type (st_agents_cell_type()) there: 36 different ones.
ST_API void st_agents_view_colour(int type, uint8_t rgb[3]);

#endif
