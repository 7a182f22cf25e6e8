/// \file
/// The hardened network: swelling, stiffness, mesh, what passes through it, how it dissolves. SI.
#ifndef ST_PROCEDURE_NETWORK_H
#define ST_PROCEDURE_NETWORK_H

/// Conversion at which a step-growth network of two functional groups gels: r is the ratio of
/// groups (<= 1), f_a and f_b the groups per molecule.                                   [PRO-24]
double st_network_gel_point(double r, double f_a, double f_b);

typedef struct st_network {
    double chains;        ///< elastic chains per volume of dry polymer, mol/m^3
    double functionality; ///< f of a junction
    double chi;           ///< polymer-solvent interaction
    double temperature;   ///< K
} st_network;

/// Share of the swollen gel that is polymer (Flory and Rehner), 0 ... 1; 0 without chains. [PRO-25]
double st_network_polymer_share(const st_network* network);

/// Shear modulus of the swollen gel, Pa.                                                 [PRO-25]
double st_network_modulus(const st_network* network, double polymer_share);

/// Mean distance between chains of the swollen gel, m.                                   [PRO-25]
double st_network_mesh(const st_network* network, double polymer_share);

/// Diffusivity in the gel over that in water for a solute of a radius among chains of a radius that
/// fill a share of the gel.                                                              [PRO-26]
double st_network_diffusivity(double radius, double chain_radius, double polymer_share);

/// Diffusivity in water, m^2/s (Stokes and Einstein).
double st_network_free_diffusivity(double radius, double temperature, double viscosity);

#endif
