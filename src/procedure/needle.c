#include "procedure/needle.h"

#include "procedure/constants.h"

#include "base/maths.h"

st_needle_flow st_needle_flow_at(const st_needle* needle, const st_fluid* fluid, double rate)
{
    const double d = needle->bore;
    const double n = fluid->index;
    const double k = fluid->consistency;
    const double rabinowitsch = (3.0 * n + 1.0) / (4.0 * n); // of a power-law profile
    const double speed = 4.0 * rate / (ST_PI * d * d);
    st_needle_flow flow;

    flow.shear_rate = 8.0 * speed / d * rabinowitsch; //                                 [PRO-10]
    flow.wall_stress = k * st_pow(flow.shear_rate, n);
    flow.pressure = 4.0 * needle->length * flow.wall_stress / d;
    flow.residence = needle->length / speed;
    const double stretch_rate = (n + 1.0) * flow.shear_rate * needle->entrance_tangent / 3.0;
    flow.stretch_stress = needle->stretch_ratio * k * st_pow(stretch_rate, n);
    // Metzner-Reed; 4 rho Q/(pi mu d) for n = 1
    flow.reynolds = fluid->density * st_pow(speed, 2.0 - n) * st_pow(d, n) /
                    (st_pow(8.0, n - 1.0) * k * st_pow(rabinowitsch, n));
    return flow;
}

double st_needle_shear_loss(const st_damage* damage, double stress, double time)
{
    const double hazard = damage->shear_scale * st_pow(stress, damage->shear_stress_power) *
                          st_pow(time, damage->shear_time_power); //                     [PRO-11]
    return 1.0 - st_exp(-hazard);
}

double st_needle_stretch_loss(const st_damage* damage, double stress)
{
    const double hazard = damage->stretch_scale * st_pow(stress, damage->stretch_power);
    return 1.0 - st_exp(-hazard);
}
