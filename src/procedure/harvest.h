/// \file
/// Marrow harvest: what comes out of the bone, diluted by blood draw by draw.
#ifndef ST_PROCEDURE_HARVEST_H
#define ST_PROCEDURE_HARVEST_H

#include "procedure/step.h"

typedef struct st_harvest {
    const st_site* site;
    int draw_count;     ///< one position each
    double draw_mL;     ///< of each draw
    double additive_mL; ///< anticoagulant in all syringes together
} st_harvest;

/// Mean concentration of a draw of `draw` volume at one position: marrow that is washed out by
/// blood with depletion volume `depletion`. Volumes and concentrations in any one unit. [PRO-1]
double st_harvest_mean(double blood, double marrow, double depletion, double draw);

/// Share of marrow in a pooled harvest, from nucleated counts of the pool, of the first draw and of
/// blood, in any one unit.                                                              [PRO-3]
double st_harvest_marrow_share(double pool, double first, double blood);

/// Draws the sample of one donor.
void st_harvest_perform(const st_catalogue* catalogue, const st_harvest* harvest,
                        const st_donor* donor, const st_step_luck* luck, st_product* out);

#endif
