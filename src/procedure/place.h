/// \file
/// The needle in the joint: where its tip is, what pressure the volume makes, what leaks back.
#ifndef ST_PROCEDURE_PLACE_H
#define ST_PROCEDURE_PLACE_H

#include "procedure/inject.h"

/// Share of successes as it is known from `share` of `count` trials, at standard normal score z
/// (Wilson): z = 0 is near the share itself, z = +-1.96 the ends of the 95 % interval.   [PRO-29]
double st_place_share(double share, double count, double z);

/// Pressure in a joint after `volume_mL`, mmHg: even at first, stiff when taut.          [PRO-30]
double st_place_pressure(const st_procedure_values* values, const st_joint* joint,
                         double volume_mL);

/// Share of the volume that comes back along the needle's track.                        [PRO-31]
double st_place_leak(const st_procedure_values* values, const st_joint* joint, double volume_mL);

/// Force on the plunger, N.                                                             [PRO-32]
double st_place_force(const st_procedure_values* values, double needle_pressure_Pa,
                      double joint_pressure_mmHg);

#endif
