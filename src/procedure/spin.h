/// \file
/// The centrifuge: as a measured table of which share of every class a layer gives back, or as
/// physics.
#ifndef ST_PROCEDURE_SPIN_H
#define ST_PROCEDURE_SPIN_H

#include "procedure/centrifuge/centrifuge.h"
#include "procedure/step.h"

typedef struct st_spin {
    const st_layer* layer;
    double volume_mL;    ///< of the product, <= that of the sample; 0 = see volume_share
    double volume_share; ///< product / sample; 0 with volume_mL 0: all the plasma
    double time_h;
    int index; ///< 0, and 1 for the second spin of a recipe
    // detail: physics
    bool is_physics;
    const st_tube* tube;
    double field_xg;
    st_brake brake;
    st_keep keep;
    double margin_mm, margin_error_mm; ///< of the cut, and its standard deviation
    const st_cushion* cushion;         ///< layered on a density medium, or NULL
    double lost; ///< share of the cells drawn off that stay in filters, clots and tubing, 0 ... 1
} st_spin;

/// Recovered share of a class from its concentration ratio and the two volumes. Above 1 is a
/// counting error, never a state.                                                       [PRO-5]
double st_spin_recovery(double fold, double out_mL, double in_mL);

/// Replaces the sample by its layer. ST_ERR_NUMERIC when the cells do not fit the volume. `told`
/// and `picture` may be NULL; a picture is taken of physics only.
st_status st_spin_perform(st_ctx* ctx, const st_catalogue* catalogue, const st_spin* spin,
                          const st_step_luck* luck, st_product* sample);
st_status st_spin_perform_told(st_ctx* ctx, const st_catalogue* catalogue, const st_spin* spin,
                               const st_step_luck* luck, st_product* sample, st_spin_told* told,
                               st_spin_picture* picture);

#endif
