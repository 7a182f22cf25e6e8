/// \file
/// The centrifuge as a measured table: which share of every class a layer gives back.
#ifndef ST_PROCEDURE_SPIN_H
#define ST_PROCEDURE_SPIN_H

#include "procedure/step.h"

typedef struct st_spin {
    const st_layer* layer;
    double volume_mL; ///< of the product, <= that of the sample
    double time_h;
} st_spin;

/// Recovered share of a class from its concentration ratio and the two volumes. Above 1 is a
/// counting error, never a state.                                                       [PRO-5]
double st_spin_recovery(double fold, double out_mL, double in_mL);

/// Replaces the sample by its layer. ST_ERR_NUMERIC when the cells do not fit the volume.
st_status st_spin_perform(st_ctx* ctx, const st_catalogue* catalogue, const st_spin* spin,
                          const st_step_luck* luck, st_product* sample);

#endif
