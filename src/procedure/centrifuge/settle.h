/// \file
/// Kinematic waves of several kinds of cells in a centrifuge tube: conservative finite volumes,
/// second order away from fronts, never negative, never above packing. SI units.
#ifndef ST_PROCEDURE_SETTLE_H
#define ST_PROCEDURE_SETTLE_H

#include "procedure/centrifuge/column.h"

#define ST_SETTLE_KINDS 28

/// One kind of cell: a class, or one size or density of it.
typedef struct st_settle_kind {
    double diameter_m;
    double density;      ///< kg/m^3
    double lead;         ///< how much faster than plasma it is squeezed out from between red cells
    bool is_red;         ///< at most one kind: it forms aggregates and squeezes out the others
    double volume_share; ///< of the whole sample at the start
} st_settle_kind;

/// The liquid, and how a crowd of cells slows itself down.
typedef struct st_settle_law {
    double fluid_density, viscosity;
    double exponent;               ///< n of Richardson and Zaki
    double packing, packing_power; ///< densest packing; how suddenly it is felt, 0 = no limit
    double aggregate_rest;         ///< K0, at rest; 1 = no aggregates
    double aggregate_field;        ///< G1, in multiples of g
    double aggregate_power;        ///< q
} st_settle_law;

/// Stokes speed in the clear liquid at a field of `field` g, m/s; negative when the cell rises.
///                                                                                       [PRO-14]
double st_settle_speed(const st_settle_law* law, const st_settle_kind* kind, double field);

/// How much faster aggregates of red cells sink than single ones, at `field` g.           [PRO-16]
double st_settle_aggregation(const st_settle_law* law, double field);

/// Crowding factor (1 - phi)^(n - 2), with the packing limit.                             [PRO-15]
double st_settle_crowding(const st_settle_law* law, double phi);

typedef struct st_settle {
    st_ctx* ctx;
    st_column column;
    st_settle_law law;
    st_settle_kind kind[ST_SETTLE_KINDS];
    int kind_count;
    int red; ///< kind of the red cells, -1 = none
    int64_t steps;
    double* phi[ST_SETTLE_KINDS]; ///< volume fraction in every cell
    // Scratch; index j of a face is that of the cell below it. All stand in `block`, owned.
    double *kept[ST_SETTLE_KINDS], *flux[ST_SETTLE_KINDS];
    double *above[ST_SETTLE_KINDS], *below[ST_SETTLE_KINDS]; ///< values on both sides of a face
    double* slip[ST_SETTLE_KINDS];                           ///< speed against the liquid
    double *pull, *aggregation, *total, *density, *crowd, *full, *back, *exponent, *power;
    double aggregation_spin; ///< omega^2 that `aggregation` was made for
    double* block;
} st_settle;

/// A well-mixed sample at rest. Clear with st_settle_clear().
st_status st_settle_init(st_ctx* ctx, const st_tube* tube, double volume_m3, int cells,
                         const st_settle_law* law, const st_settle_kind* kind, int kind_count,
                         st_settle* out);
void st_settle_clear(st_settle* settle);

/// One step at rotor speed squared `spin` (1/s^2), at most `limit` seconds; gives back its length.
/// The length follows from the fastest wave; 0 < courant <= 0.5.                         [PRO-17]
double st_settle_step(st_settle* settle, double spin, double limit, double courant);

/// Distance from the axis at which a kind passes the volume fraction `level` from the top; the
/// bottom when it never does.
double st_settle_level(const st_settle* settle, int kind, double level);

/// Mixes every kind over `length` m, as a hard brake does. Conserves every kind.
void st_settle_stir(st_settle* settle, double length);

/// Volume of a kind in the tube, m^3.
double st_settle_volume(const st_settle* settle, int kind);

#endif
