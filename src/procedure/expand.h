/// \file
/// Culture: founders double until enough cells are there, or the culture fails.
#ifndef ST_PROCEDURE_EXPAND_H
#define ST_PROCEDURE_EXPAND_H

#include "procedure/step.h"

typedef struct st_expand {
    const st_medium* medium;
    double until_cells; ///< living cells when the culture is taken up
    double oxygen;      ///< share of the gas, 0.05 = 5 %
    int tries;          ///< cultures that are started at most, >= 1
    bool is_physics;    ///< growth slows with density, doublings and senescence
} st_expand;

/// How one culture grows.
typedef struct st_growth {
    double doublings; ///< log2 of cells over founders, 0 when there were enough from the start
    int passages;
    double days;
    bool is_stuck; ///< physics: senescent before there were enough cells
} st_growth;

/// Exponential growth between passages, each of which begins with a lag.              [PRO-6]
st_growth st_expand_growth(double founders, double cells, double doubling_time_h, double lag_h,
                           double doublings_per_passage);

/// The same in physics: hours per doubling rise with doublings, cells stop as they fill their
/// dishes, and fewer and fewer divide near the donor's limit of doublings.            [PRO-33]
st_growth st_expand_course(const st_procedure_values* values, double founders, double cells,
                           double doubling_time_h, double limit_doublings);

/// Hours per doubling for a donor's age and a culture, at standard normal score `z`.  [PRO-7]
double st_expand_doubling_time(const st_procedure_values* values, const st_expand* expand,
                               double age_y, double z);

/// Replaces the sample by its cultured MSC, without liquid. Gives back whether a culture
/// succeeded; after a failure the sample is empty and its days are those that were spent.
bool st_expand_perform(const st_catalogue* catalogue, const st_expand* expand, double age_y,
                       const st_step_luck* luck, st_product* sample);

#endif
