/// \file
/// Conductances on all levels for one set of proportional diffusivities and boundaries. Fields with
/// the same ratios share one. All values are in units of D_ref / h_min^2.        [TIS-3] [TIS-5]
#ifndef ST_TISSUE_TRANSPORT_H
#define ST_TISSUE_TRANSPORT_H

#include "stroma/tissue.h"
#include "tissue/grid.h"
#include "tissue/stencil.h"

#define ST_LEVEL_LIMIT 24

/// A face of tissue that leads to a region that is not solved.
typedef struct st_wall_face {
    int32_t brick;
    int16_t voxel;
    uint8_t side;
    uint8_t region;
} st_wall_face;

typedef struct st_faces {
    int32_t* slot;    ///< [brick_count] where the arrays of another brick are, -1 = uniform
    uint8_t* uniform; ///< [brick_count] its medium, 0 = not uniform
    uint8_t* sole;    ///< [brick_count] the one medium of an open brick, 0 = not open
    int32_t* row;     ///< [slot_count] in `open` where the brick is open, else in `face`
    uint8_t* open;    ///< [..][64][8], see stencil.h
    float* face;      ///< [..][6][512]
    float* wall;      ///< [slot_count][512] conductance to boundaries
    int slot_count;
    float c[ST_MEDIUM_LIMIT + 1][3]; ///< inside a medium
} st_faces;

/// What makes two fields share a transport.
typedef struct st_transport_key {
    double ratio[ST_MEDIUM_LIMIT + 1];
    double wall[ST_REGION_COUNT]; ///< permeability h_min / D_ref; 0 closed, INFINITY fixed
} st_transport_key;

typedef struct st_transport {
    st_transport_key key;
    int level_count;
    st_faces level[ST_LEVEL_LIMIT];
    double weight[3]; ///< (h_min / h)^2 by axis
} st_transport;

/// Conductance from a voxel's centre to the region behind its face.
double st_transport_wall(const st_transport* t, int medium, int side, int region);

st_status st_transport_create(st_ctx* ctx, const st_transport_key* key, const st_grid* grid,
                              int level_count, const double voxel_um[3], const st_wall_face* wall,
                              int64_t wall_count, st_pool* pool, st_transport** out);
void st_transport_destroy(st_ctx* ctx, st_transport* t);

/// Conductance of one face, whatever the brick is.
float st_transport_face(const st_faces* f, int brick, int side, int voxel);

/// Conductances of one side of a brick's voxels, whatever the brick is.
void st_transport_side(const st_faces* f, int brick, int side, float out[ST_BRICK_VOXELS]);

#endif
