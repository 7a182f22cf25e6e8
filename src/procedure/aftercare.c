#include "stroma/procedure.h"

#include "procedure/catalogue.h"

#include "base/maths.h"

double st_aftercare_load(const st_catalogue* catalogue, double day, double adherence)
{
    const st_procedure_values* v = &catalogue->values;
    const double start = v->aftercare_strength_end.value;
    const double full = v->aftercare_full_at.value;
    double cap = 1.0; //                                                                  [PRO-36]
    if (day < v->aftercare_protection_end.value) {
        cap = v->aftercare_protection_load.value;
    } else if (day < v->aftercare_loading_end.value) {
        cap = v->aftercare_loading_load.value;
    } else if (day < start) {
        cap = v->aftercare_strength_load.value;
    } else if (day < full) { // grows evenly to the habitual load
        const double share = (day - start) / (full - start);
        cap = v->aftercare_strength_load.value + share * (1.0 - v->aftercare_strength_load.value);
    }
    return adherence * cap + (1.0 - adherence);
}

double st_aftercare_flare(const st_catalogue* catalogue, double day)
{
    return day < 0.0 ? 0.0
                     : st_exp(-day / catalogue->values.aftercare_flare_time.value); // [PRO-37]
}

double st_aftercare_nsaid_share(const st_catalogue* catalogue)
{
    return catalogue->values.aftercare_nsaid_restricted.value;
}
