#include "procedure/gel/light.h"

#include "base/maths.h"

double st_light_naperian(double decadic)
{
    return st_log(10.0) * decadic;
}

double st_light_photons(double irradiance, double wavelength)
{
    // Planck's constant times the speed of light times Avogadro's number, exact SI values
    const double molar_energy = 6.62607015e-34 * 299792458.0 * 6.02214076e23 / wavelength;
    return irradiance / molar_energy;
}

// dI/dx = -alpha C I, dC/dt = -phi alpha C I, in closed form, with a = alpha C0, k = phi alpha I0:
// C/C0 = 1/(1 + (exp(kt) - 1) exp(-ax)), I/I0 = exp(kt - ax)/(1 + (exp(kt) - 1) exp(-ax)). [PRO-22]

/// exp(-ax) and exp(-kt); both stay within 0 ... 1.
static void decays(const st_light* light, double depth, double time, double* in_depth,
                   double* in_time)
{
    *in_depth = st_exp(-light->absorptivity * light->initiator * depth);
    *in_time = st_exp(-light->yield * light->absorptivity * light->photons * time);
}

double st_light_initiator(const st_light* light, double depth, double time)
{
    double x = 0.0, t = 0.0;
    decays(light, depth, time, &x, &t);
    return t / (t + (1.0 - t) * x);
}

double st_light_intensity(const st_light* light, double depth, double time)
{
    double x = 0.0, t = 0.0;
    decays(light, depth, time, &x, &t);
    return x / (t + (1.0 - t) * x);
}

double st_light_rate(const st_light* light, double depth, double time)
{
    double x = 0.0, t = 0.0;
    decays(light, depth, time, &x, &t);
    const double sum = t + (1.0 - t) * x;
    return light->yield * light->absorptivity * light->initiator * light->photons * t * x /
           (sum * sum);
}
