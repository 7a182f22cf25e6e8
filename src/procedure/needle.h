/// \file
/// Flow of a power-law fluid through a needle, and what it does to cells. SI units.
#ifndef ST_PROCEDURE_NEEDLE_H
#define ST_PROCEDURE_NEEDLE_H

/// tau = consistency (shear rate)^index; density in kg/m^3.
typedef struct st_fluid {
    double consistency, index, density;
} st_fluid;

typedef struct st_needle {
    double bore, length;     ///< m
    double entrance_tangent; ///< of the half angle of the entrance
    double stretch_ratio;    ///< extensional over shear viscosity (Trouton)
} st_needle;

typedef struct st_needle_flow {
    double shear_rate;     ///< at the wall, 1/s
    double wall_stress;    ///< Pa
    double pressure;       ///< along the needle, Pa
    double residence;      ///< s
    double stretch_stress; ///< at the entrance, Pa
    double reynolds;       ///< laminar below about 2100
} st_needle_flow;

/// Fully developed laminar flow at `rate` m^3/s.                                      [PRO-10]
st_needle_flow st_needle_flow_at(const st_needle* needle, const st_fluid* fluid, double rate);

/// Constants of the damage laws, for stresses in Pa and times in s.
typedef struct st_damage {
    double shear_scale, shear_stress_power, shear_time_power;
    double stretch_scale, stretch_power;
} st_damage;

/// Share of cells killed by wall shear.                                               [PRO-11]
double st_needle_shear_loss(const st_damage* damage, double stress, double time);

/// Share of cells killed by stretch at the entrance.                                  [PRO-11]
double st_needle_stretch_loss(const st_damage* damage, double stress);

#endif
