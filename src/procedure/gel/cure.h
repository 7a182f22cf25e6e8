/// \file
/// Light hardens a gel with cells in it: when, how deep, how stiff, and which cells survive.
#ifndef ST_PROCEDURE_CURE_H
#define ST_PROCEDURE_CURE_H

#include "procedure/gel/light.h"
#include "procedure/step.h"

typedef struct st_cure {
    const st_polymer* polymer;
    const st_initiator* initiator;
    const st_light_path* path;
    st_wavelength wavelength;
    double concentration; ///< of the initiator, kg/m^3 (1 % w/v = 10)
    double purged;        ///< share of the oxygen of air that was driven out of the liquid before
    double irradiance;    ///< of the lamp, W/m^2
    double time_s;
    double depth_m; ///< of the gel that should harden
} st_cure;

/// Light at the gel's surface, behind the way that it takes.
st_light st_cure_light(const st_cure* cure);

/// Conversion at a depth after a time of light.                                          [PRO-23]
double st_cure_conversion(const st_procedure_values* values, const st_cure* cure, double depth,
                          double time_s);

/// Time until a depth gels, s; INFINITY when `limit_s` of light are not enough.          [PRO-24]
double st_cure_gel_time(const st_procedure_values* values, const st_cure* cure, double depth,
                        double limit_s);

/// Deepest gelled place after the light, m; 0 when nothing gels. Closed form without bleaching:
/// Cd = Dp ln(E/Ec).                                                                     [PRO-24]
double st_cure_depth(const st_procedure_values* values, const st_cure* cure);

/// Hazard of a day in initiator of `concentration` kg/m^3 without light.                 [PRO-27]
double st_cure_initiator_hazard(const st_initiator* initiator, double concentration);

/// Share of cells that live through light and radicals, mean over the depth.             [PRO-27]
double st_cure_survival(const st_procedure_values* values, const st_cure* cure);

/// Is there a gel down to the wanted depth after the light?
bool st_cure_hardens(const st_procedure_values* values, const st_cure* cure);

#define ST_CURE_VALUES 7

/// What light made of a gel: the same for every donor, so computed once. It keeps what it came
/// from.
typedef struct st_cured {
    const st_catalogue* catalogue; ///< borrowed
    st_cure cure;
    double value[ST_CURE_VALUES]; ///< the catalogue's group `gel`
    st_gel_told told;
    st_dose_gel per_mL; ///< of the liquid; all 0 when it did not harden
} st_cured;

void st_cure_compute(const st_catalogue* catalogue, const st_cure* cure, st_cured* out);

/// Was it computed from just this?
bool st_cure_is_of(const st_cured* cured, const st_catalogue* catalogue, const st_cure* cure);

/// Kills cells of the sample.
void st_cure_perform(const st_cured* cured, st_product* sample);

/// The hardened gel around the cells of a dose of `volume_mL`; all 0 when it did not harden.
void st_cure_dose(const st_cured* cured, double volume_mL, st_dose_gel* out);

#endif
