/// \file
/// Private: what the cells of one model state can do in tissue, and what
/// happens per voxel without them. Read once from the model's channels and
/// behaviours.                            [AGT-1]
#ifndef ST_AGENTS_KIND_H
#define ST_AGENTS_KIND_H

#include "extract.h"
#include "stroma/tissue.h"

#define ST_NOWHERE (-1)

/// Where a slot that differs from cell to cell comes from.
typedef enum st_source {
    ST_SOURCE_FIELD,    ///< level of the cell's voxel
    ST_SOURCE_MATRIX,   ///< matrix of the cell's voxel
    ST_SOURCE_DENSITY,  ///< cells of a kind within reach
    ST_SOURCE_PRESSURE, ///< and what only single cells have
    ST_SOURCE_AGE,
    ST_SOURCE_VOLUME,
    ST_SOURCE_CONTACT,
    ST_SOURCE_GRADIENT,
} st_source;

typedef struct st_signal {
    st_source source;
    int index; ///< field, matrix or kind
} st_signal;

/// Something that ends a cell's present state: dies, divides, becomes another,
/// moves away.
typedef struct st_hazard {
    st_term_kind term;
    int output; ///< of the kind's program
    double times;
    int to; ///< kind, ST_NOWHERE = gone
    int to_state;
} st_hazard;

/// What a cell does to a field or matrix.
typedef struct st_flux {
    st_term_kind term;
    int output, extra;      ///< of the kind's program; extra -1 = none
    int index;              ///< field or matrix; ST_NOWHERE = outside the tissue
    int place;              ///< of the model
    int state;              ///< of the model
    bool is_matrix, is_far; ///< far: in another region, spread over all of it
} st_flux;

/// A cell that ends the state of another within reach.
typedef struct st_pair {
    int output; ///< of the acting kind's program
    int actor;  ///< kind
    int target; ///< kind
    int to;     ///< kind, ST_NOWHERE = gone
    int place;  ///< region of the target
    bool is_far;
} st_pair;

/// Cells outside the tissue that act on a cell: the rate of a whole channel.
typedef struct st_outer {
    int output; ///< of the kind's program
    int to;
} st_outer;

typedef struct st_follow {
    int field, output;
} st_follow;

typedef struct st_kind {
    int state, first; ///< of the model; first = its first stage
    int place;
    const char* name;
    st_extract program;
    int* wanted;       ///< [program.output_count] outputs of the model's description
                       ///< tape
    st_signal* signal; ///< [program.local_count]
    st_hazard* hazard;
    int hazard_count;
    st_flux* flux;
    int flux_count;
    st_outer* outer;
    int outer_count;
    st_follow* follow;
    int follow_count;
    int migrate, bias;          ///< outputs of the program, -1 = none
    int pair_first, pair_count; ///< pairs in which it acts; they lie together
    bool can_change;            ///< something can end its state
    size_t registers;
} st_kind;

/// A process of a voxel without a cell of the tissue: decay, supply, reaction,
/// exchange, and what cells outside do.
typedef struct st_ambient {
    int output; ///< of the region's program
    int index;  ///< field or matrix, or a kind that arrives
    enum { ST_AMBIENT_FIELD, ST_AMBIENT_MATRIX, ST_AMBIENT_CELLS } what;
} st_ambient;

/// A place of the model that lies in the tissue.
typedef struct st_region {
    int place;
    uint64_t media; ///< bit m: medium m belongs to it
    double volume_um3;
    double place_mL; ///< volume of the model's place
    st_extract program;
    st_signal* signal;
    st_ambient* ambient;
    int ambient_count;
    bool has_arrivals, has_chemistry;
    int field_state[64]; ///< state of each field here, -1 = the field is not of
                         ///< this place
    size_t registers;
} st_region;

/// The whole of it.
typedef struct st_biology {
    st_arena* arena;
    const st_model* model;
    int slot_count; ///< of the model's tapes
    st_kind* kind;
    int kind_count;
    int* kind_of_state; ///< [state_count], ST_NOWHERE
    st_pair* pair;
    int pair_count;
    st_region* region;
    int region_count;
    int* region_of_place; ///< [place_count], ST_NOWHERE
    int* field_of_state;  ///< [state_count], ST_NOWHERE
    int* matrix_of_state;
} st_biology;

/// `region` [region_count] hold place, media, volume. Fields and matrices of
/// the tissue go by name: field x is x@place in each region.
st_status st_kind_read(st_ctx* ctx, st_arena* arena, const st_model* model, const st_tissue* tissue,
                       st_region* region, int region_count, st_biology* out);

#endif
