#include "procedure/gel/cure.h"

#include "procedure/gel/network.h"
#include "procedure/product.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

/// Steps in time of one exposure, and places in depth.
enum { TIMES = 400, DEPTHS = 20 };

const char* const ST_WAVELENGTH_NAME[ST_WAVELENGTH_COUNT] = {"365 nm", "405 nm", "450 nm"};
static const double WAVELENGTH_M[ST_WAVELENGTH_COUNT] = {365e-9, 405e-9, 450e-9};

st_light st_cure_light(const st_cure* cure)
{
    const double irradiance = cure->irradiance * cure->path->transmission[cure->wavelength];
    return (st_light){.photons = st_light_photons(irradiance, WAVELENGTH_M[cure->wavelength]),
                      .absorptivity =
                          st_light_naperian(cure->initiator->absorptivity[cure->wavelength]),
                      .yield = cure->initiator->yield / cure->initiator->turnover,
                      .initiator = cure->concentration / cure->initiator->molar_mass};
}

/// Radicals that start a chain, per molecule that bleaches.                              [PRO-22]
static double radicals_per_bleached(const st_procedure_values* v, const st_cure* cure)
{
    return 2.0 * v->gel_initiator_efficiency.value * cure->initiator->turnover;
}

/// -ln(1 - p) grows by this per second: kp sqrt(R_i/kt), kt falling as exp(-b p).
static double growth(const st_cure* cure, double radicals, double p)
{
    const st_polymer* polymer = cure->polymer;
    return polymer->speed * sqrt(radicals) * st_exp(0.5 * polymer->gel_effect * p); //    [PRO-23]
}

/// Walks through the exposure at one depth; stops when `goal` is reached. Gives back the
/// conversion, and the time in *time_s.
static double expose(const st_procedure_values* v, const st_cure* cure, double depth,
                     double limit_s, double goal, double* time_s)
{
    const st_light light = st_cure_light(cure);
    const double per_split = radicals_per_bleached(v, cure);
    const double dt = limit_s / TIMES;
    double oxygen = v->gel_oxygen.value * (1.0 - cure->purged); // takes the first radicals
    double q = 0.0, p = 0.0;                                    // q = -ln(1 - p)
    for (int i = 0; i < TIMES; i++) {
        const double rate = per_split * st_light_rate(&light, depth, (i + 0.5) * dt);
        double share = 1.0; // of the step that is left for growth
        if (oxygen > 0.0) {
            const double used = rate * dt < oxygen ? rate * dt : oxygen;
            oxygen -= used;
            share = rate > 0.0 ? 1.0 - used / (rate * dt) : 0.0;
        }
        const double half = q + 0.5 * share * dt * growth(cure, rate, p); // midpoint rule
        const double slope = growth(cure, rate, 1.0 - st_exp(-half));
        const double next = q + share * dt * slope;
        const double next_p = 1.0 - st_exp(-next);
        if (next_p >= goal && share > 0.0) {
            const double wanted = -st_log(1.0 - goal);
            *time_s = (i + 1) * dt - (next - wanted) / slope;
            return goal;
        }
        q = next;
        p = next_p;
    }
    *time_s = limit_s;
    return p;
}

double st_cure_conversion(const st_procedure_values* v, const st_cure* cure, double depth,
                          double time_s)
{
    double end = 0.0;
    return expose(v, cure, depth, time_s, 2.0, &end);
}

double st_cure_gel_time(const st_procedure_values* v, const st_cure* cure, double depth,
                        double limit_s)
{
    double time = 0.0;
    const double p = expose(v, cure, depth, limit_s, cure->polymer->gel_point, &time);
    return p >= cure->polymer->gel_point ? time : INFINITY;
}

double st_cure_depth(const st_procedure_values* v, const st_cure* cure)
{
    const double goal = cure->polymer->gel_point;
    if (!(st_cure_conversion(v, cure, 0.0, cure->time_s) >= goal)) {
        return 0.0;
    }
    const st_light light = st_cure_light(cure);
    const double reach = 1.0 / (light.absorptivity * light.initiator); // penetration depth
    double lo = 0.0, hi = reach;
    while (hi < 1.0 && st_cure_conversion(v, cure, hi, cure->time_s) >= goal) {
        lo = hi;
        hi *= 2.0;
    }
    for (int i = 0; i < 40; i++) {
        const double mid = 0.5 * (lo + hi);
        if (st_cure_conversion(v, cure, mid, cure->time_s) >= goal) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return lo;
}

double st_cure_initiator_hazard(const st_initiator* initiator, double concentration)
{
    // hazard of a day, a power of the concentration through two measurements            [PRO-27]
    const double low = -st_log(initiator->survival_low);
    const double high = -st_log(initiator->survival_high);
    const double power =
        st_log(high / low) / st_log(initiator->concentration_high / initiator->concentration_low);
    return low * st_pow(concentration / initiator->concentration_low, power);
}

double st_cure_survival(const st_procedure_values* v, const st_cure* cure)
{
    const st_light light = st_cure_light(cure);
    const double bath = st_cure_initiator_hazard(cure->initiator, cure->concentration) *
                        v->gel_initiator_contact.value / 24.0;
    const double irradiance = cure->irradiance * cure->path->transmission[cure->wavelength];
    double alive = 0.0;
    for (int i = 0; i < DEPTHS; i++) {
        const double depth = cure->depth_m * (i + 0.5) / DEPTHS;
        const double split = 1.0 - st_light_initiator(&light, depth, cure->time_s);
        const double radicals = radicals_per_bleached(v, cure) * light.initiator * split;
        double dose = 0.0; // light that passes this depth, J/m^2; ultraviolet A only
        for (int t = 0; cure->wavelength == ST_WAVELENGTH_365 && t < DEPTHS; t++) {
            dose += irradiance * cure->time_s / DEPTHS *
                    st_light_intensity(&light, depth, cure->time_s * (t + 0.5) / DEPTHS);
        }
        alive += st_exp(-bath - v->gel_radical_hazard.value * radicals -
                        v->gel_uva_hazard.value * dose) /
                 DEPTHS; //                                                               [PRO-27]
    }
    return alive;
}

static st_network network_of(const st_procedure_values* v, const st_polymer* polymer, double p)
{
    const double beyond =
        p > polymer->gel_point ? (p - polymer->gel_point) / (1.0 - polymer->gel_point) : 0.0;
    return (st_network){.chains = polymer->chains * beyond,
                        .functionality = polymer->functionality,
                        .chi = polymer->chi,
                        .temperature = v->gel_temperature.value};
}

bool st_cure_hardens(const st_procedure_values* v, const st_cure* cure)
{
    // light only gets weaker below, so what gels at the bottom gels everywhere
    return st_cure_conversion(v, cure, cure->depth_m, cure->time_s) >= cure->polymer->gel_point;
}

/// The network in the middle of the gel. False when there is none.
static bool find_network(const st_catalogue* catalogue, const st_cure* cure, st_dose_gel* out,
                         double* polymer_share)
{
    const st_procedure_values* v = &catalogue->values;
    const double middle = st_cure_conversion(v, cure, 0.5 * cure->depth_m, cure->time_s);
    const st_network network = network_of(v, cure->polymer, middle);
    *out = (st_dose_gel){0};
    *polymer_share = 0.0;
    if (!(network.chains > 0.0)) {
        return false;
    }
    const double share = st_network_polymer_share(&network);
    *polymer_share = share;
    out->modulus_kPa = 3e-3 * st_network_modulus(&network, share); // E = 3 G
    out->mesh_nm = 1e9 * st_network_mesh(&network, share);
    // bulk hydrolysis: modulus falls as exp(-j t)                                        [PRO-28]
    out->half_life_day = st_log(2.0) / cure->polymer->decay;
    for (int i = 0; i < catalogue->factor_count && i < ST_GEL_FACTOR_LIMIT; i++) {
        const st_factor* factor = &catalogue->factor[i];
        const double free = st_network_free_diffusivity(factor->radius_m, v->gel_temperature.value,
                                                        v->gel_water_viscosity.value);
        const double ratio =
            st_network_diffusivity(factor->radius_m, cure->polymer->chain_radius, share);
        out->factor[out->factor_count++] =
            (st_gel_factor){.name = factor->name, .free_m2_per_s = free, .ratio = ratio};
    }
    return true;
}

static void keep_values(const st_procedure_values* v, double* out)
{
    const double value[ST_CURE_VALUES] = {
        v->gel_temperature.value, v->gel_water_viscosity.value,   v->gel_initiator_efficiency.value,
        v->gel_oxygen.value,      v->gel_initiator_contact.value, v->gel_radical_hazard.value,
        v->gel_uva_hazard.value};
    memcpy(out, value, sizeof value);
}

void st_cure_compute(const st_catalogue* catalogue, const st_cure* cure, st_cured* out)
{
    const st_procedure_values* v = &catalogue->values;
    *out = (st_cured){.catalogue = catalogue, .cure = *cure};
    keep_values(v, out->value);
    out->told = (st_gel_told){.is_gel = st_cure_hardens(v, cure),
                              .survival = st_cure_survival(v, cure),
                              .gel_time_s = st_cure_gel_time(v, cure, 0.0, cure->time_s),
                              .cure_depth_mm = 1e3 * st_cure_depth(v, cure),
                              .wanted_depth_mm = 1e3 * cure->depth_m,
                              .light_path = cure->path->name,
                              .dose_J_per_cm2 = 1e-4 * cure->irradiance * cure->time_s *
                                                cure->path->transmission[cure->wavelength],
                              .conversion_top = st_cure_conversion(v, cure, 0.0, cure->time_s),
                              .conversion_bottom =
                                  st_cure_conversion(v, cure, cure->depth_m, cure->time_s)};
    st_dose_gel gel;
    double share = 0.0;
    if (!find_network(catalogue, cure, &gel, &share)) {
        return;
    }
    out->told.modulus_kPa = gel.modulus_kPa;
    out->told.swelling = 1.0 / share;
    out->told.mesh_nm = gel.mesh_nm;
    out->told.half_life_day = gel.half_life_day;
    out->told.factor_count = gel.factor_count;
    memcpy(out->told.factor, gel.factor, sizeof out->told.factor);
    if (out->told.is_gel) {
        out->per_mL = gel;
        out->per_mL.polymer_g = cure->polymer->content; // w/v: g per mL
    }
}

bool st_cure_is_of(const st_cured* cured, const st_catalogue* catalogue, const st_cure* cure)
{
    const st_cure* of = &cured->cure;
    double value[ST_CURE_VALUES];
    keep_values(&catalogue->values, value);
    return cured->catalogue == catalogue && memcmp(value, cured->value, sizeof value) == 0 &&
           of->polymer == cure->polymer && of->initiator == cure->initiator &&
           of->path == cure->path && of->wavelength == cure->wavelength &&
           of->concentration == cure->concentration && of->purged == cure->purged &&
           of->irradiance == cure->irradiance && of->time_s == cure->time_s &&
           of->depth_m == cure->depth_m;
}

void st_cure_perform(const st_cured* cured, st_product* sample)
{
    const st_product before = *sample;
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        st_product_kill(sample, (st_cell_class)k, 1.0 - cured->told.survival);
    }
    st_product_validate_loss(&before, sample);
}

void st_cure_dose(const st_cured* cured, double volume_mL, st_dose_gel* out)
{
    *out = cured->per_mL;
    out->polymer_g *= volume_mL;
}
