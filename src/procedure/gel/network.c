#include "procedure/gel/network.h"

#include "procedure/constants.h"

#include "base/maths.h"

#include <math.h>

static const double GAS = 8.31446261815324;     // J/(mol K), exact
static const double AVOGADRO = 6.02214076e23;   // 1/mol, exact
static const double WATER_MOLAR_VOLUME = 18e-6; // m^3/mol

double st_network_gel_point(double r, double f_a, double f_b)
{
    return 1.0 / sqrt(r * (f_a - 1.0) * (f_b - 1.0)); //                                  [PRO-24]
}

/// Zero at swelling equilibrium; falls with the polymer's share below it.
static double flory_rehner(const st_network* n, double share)
{
    return st_log(1.0 - share) + share + n->chi * share * share +
           WATER_MOLAR_VOLUME * n->chains *
               (st_pow(share, 1.0 / 3.0) - 2.0 * share / n->functionality); //            [PRO-25]
}

double st_network_polymer_share(const st_network* network)
{
    if (!(network->chains > 0.0)) {
        return 0.0;
    }
    double lo = 1e-9, hi = 1.0 - 1e-9; // positive at lo: chains pull; negative at hi: water pushes
    for (int i = 0; i < 100; i++) {
        const double mid = 0.5 * (lo + hi);
        if (flory_rehner(network, mid) > 0.0) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return 0.5 * (lo + hi);
}

double st_network_modulus(const st_network* network, double polymer_share)
{
    return (1.0 - 2.0 / network->functionality) * network->chains * GAS * network->temperature *
           st_pow(polymer_share, 1.0 / 3.0); //                                           [PRO-25]
}

double st_network_mesh(const st_network* network, double polymer_share)
{
    return st_pow(AVOGADRO * network->chains * polymer_share, -1.0 / 3.0);
}

double st_network_diffusivity(double radius, double chain_radius, double polymer_share)
{
    const double reach = (radius + chain_radius) / chain_radius;
    return st_exp(-0.25 * ST_PI * polymer_share * reach *
                  reach); //                         [PRO-26]
}

double st_network_free_diffusivity(double radius, double temperature, double viscosity)
{
    return GAS / AVOGADRO * temperature / (6.0 * ST_PI * viscosity * radius);
}
