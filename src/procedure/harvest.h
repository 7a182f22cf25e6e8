/// \file
/// Harvest: marrow, diluted by blood draw by draw, blood from a vein, or fat.
#ifndef ST_PROCEDURE_HARVEST_H
#define ST_PROCEDURE_HARVEST_H

#include "procedure/step.h"

typedef enum st_source {
    ST_SOURCE_MARROW,
    ST_SOURCE_BLOOD,
    ST_SOURCE_FAT,
    ST_SOURCE_COUNT
} st_source;
extern const char* const ST_SOURCE_NAME[ST_SOURCE_COUNT];

typedef struct st_harvest {
    st_source source;
    const st_site* site;           ///< of marrow or fat
    const st_isolation* isolation; ///< fat only
    double product_mL;             ///< fat only: what the isolated cells are taken up in
    int draw_count;
    double draw_mL;              ///< of each draw
    int position_count;          ///< that the draws come from, spread evenly; 0 = each from its own
    const st_aspiration* needle; ///< marrow only; NULL: the reference
    const st_age_relation* age_relation; ///< marrow only; NULL: the catalogue's first
    double additive_mL;                  ///< anticoagulant in all syringes together
} st_harvest;

/// Mean concentration of a draw of `draw` volume at one position: marrow that is washed out by
/// blood with depletion volume `depletion`. Volumes and concentrations in any one unit. [PRO-1]
double st_harvest_mean(double blood, double marrow, double depletion, double draw);

/// Mean concentration of `draw_count` draws of `draw` volume that come evenly from `positions`
/// positions: draws from the same one wash it out further.                               [PRO-1]
double st_harvest_pooled(double blood, double marrow, double depletion, double draw, int draw_count,
                         int positions);

/// Share of marrow in a pooled harvest, from nucleated counts of the pool, of the first draw and of
/// blood, in any one unit.                                                              [PRO-3]
double st_harvest_marrow_share(double pool, double first, double blood);

/// Nucleated cells per mL of fat for a body mass index, sex and smoking, without the spread of
/// donors.                                                                              [PRO-35]
double st_harvest_fat_yield(const st_procedure_values* values, const st_harvest* harvest,
                            const st_donor* donor);

/// Draws the sample of one donor.
void st_harvest_perform(const st_catalogue* catalogue, const st_harvest* harvest,
                        const st_donor* donor, const st_step_luck* luck, st_product* out);

#endif
