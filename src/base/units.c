#include "base/units.h"

#include "base/maths.h"

#include <math.h>

const st_unit_system ST_UNITS_SI = {{
    [ST_DIM_LENGTH] = 1,
    [ST_DIM_MASS] = 1,
    [ST_DIM_TIME] = 1,
    [ST_DIM_CURRENT] = 1,
    [ST_DIM_TEMPERATURE] = 1,
    [ST_DIM_AMOUNT] = 1,
    [ST_DIM_LUMINOUS] = 1,
    [ST_DIM_CELL] = 1,
    [ST_DIM_VAS] = 1,
    [ST_DIM_NRS] = 1,
    [ST_DIM_WOMAC] = 1,
    [ST_DIM_KOOS] = 1,
    [ST_DIM_IKDC] = 1,
    [ST_DIM_QOL] = 1,
    [ST_DIM_IU] = 1,
}};

const st_unit_system ST_UNITS_POPULATION = {{
    [ST_DIM_LENGTH] = 1e-2, // cm
    [ST_DIM_MASS] = 1e-3,   // g
    [ST_DIM_TIME] = 86400,  // day
    [ST_DIM_CURRENT] = 1,
    [ST_DIM_TEMPERATURE] = 1,
    [ST_DIM_AMOUNT] = 1e-9, // nmol
    [ST_DIM_LUMINOUS] = 1,
    [ST_DIM_CELL] = 1,
    [ST_DIM_VAS] = 1,
    [ST_DIM_NRS] = 1,
    [ST_DIM_WOMAC] = 1,
    [ST_DIM_KOOS] = 1,
    [ST_DIM_IKDC] = 1,
    [ST_DIM_QOL] = 1,
    [ST_DIM_IU] = 1,
}};

// Multiplies *top or *bottom by size^-exponent. Sizes such as 1e-2 enter by their whole reciprocal,
// so that powers of ten stay exact and one rounding remains, in the final division.
static void divide_by_power(double size, double exponent, double* top, double* bottom)
{
    const double whole = nearbyint(1.0 / size);
    const bool is_part = size < 1.0 && 1.0 / whole == size;
    const double base = is_part ? whole : size;
    const double power = is_part ? exponent : -exponent;
    const double count = nearbyint(power);
    double* side = power > 0.0 ? top : bottom;
    if (power == count && fabs(count) <= 32.0) {
        for (int i = 0; i < (int)fabs(count); i++) {
            *side *= base;
        }
    } else {
        *side *= st_pow(base, fabs(power));
    }
}

double st_units_from_si(const st_unit_system* system, const st_dim* dim)
{
    double top = 1.0;
    double bottom = 1.0;
    for (int i = 0; i < ST_DIM_COUNT; i++) {
        if (dim->exponent[i] != 0.0) {
            divide_by_power(system->si_per_unit[i], dim->exponent[i], &top, &bottom);
        }
    }
    return top / bottom;
}
