/// \file
/// Freezing and thawing of cultured cells.
#ifndef ST_PROCEDURE_FREEZE_H
#define ST_PROCEDURE_FREEZE_H

#include "procedure/catalogue.h"

typedef struct st_freeze {
    const st_preservative* preservative;
    double months;
    double days;      ///< the same time
    double cold_days; ///< at 4 C after the thaw
} st_freeze;

/// Living share that comes back after `months`: constant up to the early measurement, then an
/// exponential through both.                                                           [PRO-8]
double st_freeze_recovery(const st_procedure_values* values, const st_freeze* freeze);

/// Share of the thawed living cells that is doomed; follows the same rule.
double st_freeze_doomed(const st_procedure_values* values, const st_freeze* freeze);

/// Living share after `days` at 4 C in a preserving medium.                           [PRO-34]
double st_freeze_cold(const st_procedure_values* values, double days);

/// Share of living cells that adhere `hours` after the thaw.                           [PRO-34]
double st_freeze_adhering(const st_procedure_values* values, double hours);

void st_freeze_perform(const st_catalogue* catalogue, const st_freeze* freeze, st_product* sample);

#endif
