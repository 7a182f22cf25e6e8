/// \file
/// Light in a gel whose initiator bleaches. SI units.
#ifndef ST_PROCEDURE_LIGHT_H
#define ST_PROCEDURE_LIGHT_H

typedef struct st_light {
    double photons;      ///< I0 at the surface, mol/(m^2 s)
    double absorptivity; ///< Naperian, m^2/mol
    double yield;        ///< initiator molecules split per photon that is taken up
    double initiator;    ///< C0, mol/m^3
} st_light;

/// Naperian molar absorptivity from a decadic one, m^2/mol.
double st_light_naperian(double decadic);

/// Photons per area and time of an irradiance in W/m^2 at a wavelength in m, mol/(m^2 s).
double st_light_photons(double irradiance, double wavelength);

/// Initiator left, and light left, at a depth and time, as shares of C0 and I0.         [PRO-22]
double st_light_initiator(const st_light* light, double depth, double time);
double st_light_intensity(const st_light* light, double depth, double time);

/// Initiator split per volume and time at a depth and time, mol/(m^3 s).                [PRO-22]
double st_light_rate(const st_light* light, double depth, double time);

#endif
