#include "procedure/place.h"

#include "procedure/constants.h"

#include "base/maths.h"

#include <math.h>

double st_place_share(double share, double count, double z)
{
    const double wide = z * z;
    const double hits = share * count;
    const double root = sqrt(hits * (count - hits) / count + 0.25 * wide);
    const double p = (hits + 0.5 * wide + z * root) / (count + wide); //                  [PRO-29]
    return p < 0.0 ? 0.0 : p > 1.0 ? 1.0 : p;                         // rounding only
}

double st_place_pressure(const st_procedure_values* v, const st_joint* joint, double volume_mL)
{
    const double give = v->inject_joint_compliance.value * joint->holds_mL; // mL per mmHg
    const double taut = v->inject_joint_taut.value * joint->holds_mL;
    const double stiff = v->inject_joint_stiffening.value * joint->holds_mL;
    const double even = volume_mL < taut ? volume_mL : taut;
    double pressure = v->inject_joint_rest_pressure.value + even / give; //               [PRO-30]
    if (volume_mL > taut) {
        pressure += stiff / give * (st_exp((volume_mL - taut) / stiff) - 1.0);
    }
    return pressure;
}

double st_place_leak(const st_procedure_values* v, const st_joint* joint, double volume_mL)
{
    const double excess = st_place_pressure(v, joint, volume_mL) - v->inject_leak_pressure.value;
    const double forced = excess > 0.0 ? v->inject_leak_conductance.value * excess *
                                             v->inject_leak_time.value / volume_mL
                                       : 0.0;
    const double share = v->inject_leak_back.value + forced; //                           [PRO-31]
    return share < 1.0 ? share : 1.0;
}

double st_place_force(const st_procedure_values* v, double needle_pressure_Pa,
                      double joint_pressure_mmHg)
{
    const double bore = v->inject_syringe_bore.value;
    return 0.25 * ST_PI * bore * bore *
               (needle_pressure_Pa + ST_PA_PER_MMHG * joint_pressure_mmHg) +
           v->inject_plunger_friction.value; //                                           [PRO-32]
}
