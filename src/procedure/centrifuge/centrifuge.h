/// \file
/// A spin in physics: what sinks where in a tube, and what a draw-off takes out of it.
#ifndef ST_PROCEDURE_CENTRIFUGE_H
#define ST_PROCEDURE_CENTRIFUGE_H

#include "procedure/catalogue.h"
#include "procedure/centrifuge/settle.h"

/// Cells along the tube; the answer moves by about a per cent when there are three times as many.
#define ST_CENTRIFUGE_CELLS 100

typedef enum st_brake { ST_BRAKE_NONE, ST_BRAKE_SOFT, ST_BRAKE_HARD, ST_BRAKE_COUNT } st_brake;
extern const char* const ST_BRAKE_NAME[ST_BRAKE_COUNT];

/// What a draw-off takes, in the order of ST_KEEP_NAME.
typedef enum st_keep {
    ST_KEEP_PLASMA, ///< from the surface down to `margin` above the red cells
    ST_KEEP_BUFFY,  ///< a given volume that ends `margin` below the top of the red cells
    ST_KEEP_LOWER,  ///< a given volume at the bottom, stirred up
    ST_KEEP_COUNT
} st_keep;
extern const char* const ST_KEEP_NAME[ST_KEEP_COUNT]; ///< names of layers of the catalogue

typedef struct st_centrifuge_def {
    const st_tube* tube;
    double field_xg; ///< at the bottom of the tube, multiples of g
    double time_s;   ///< from the start of the rotor to the start of the brake
    st_brake brake;
    int cells;
} st_centrifuge_def;

/// The sample at rest after the spin.
typedef struct st_centrifuge {
    st_settle settle;
    double class_volume[ST_CLASS_COUNT]; ///< of all cells of a class at the start, m^3
    int first[ST_CLASS_COUNT];           ///< first kind of a class
    int kinds[ST_CLASS_COUNT];           ///< number of kinds, 0 = none in the sample
    double interface_m;                  ///< top of the red cells, distance from the axis
    bool has_interface;                  ///< there are red cells enough to see one
} st_centrifuge;

/// The law of the catalogue's plasma. `is_washed`: without plasma proteins, so without aggregates.
st_settle_law st_centrifuge_law(const st_procedure_values* values, bool is_washed);

/// Spins a sample. Clear with st_centrifuge_clear(). `picture` may be NULL.        [PRO-13 ... 18]
st_status st_centrifuge_run(st_ctx* ctx, const st_procedure_values* values,
                            const st_centrifuge_def* def, const st_product* sample,
                            st_spin_picture* picture, st_centrifuge* out);
void st_centrifuge_clear(st_centrifuge* centrifuge);

/// omega^2 at a time, in units of that of the plateau: the rotor speed rises and falls linearly.
///                                                                                       [PRO-18]
double st_centrifuge_speed(double time_s, double acceleration_s, double spin_s, double brake_s);

/// What the draw-off takes: `margin` in m, `volume_mL` where the layer needs one.
typedef struct st_draw {
    st_keep keep;
    double margin_m;
    double volume_mL; ///< of the product; written for plasma
} st_draw;

/// Shares of every class that a draw-off recovers; volume_mL of `draw` is set for plasma.
/// ST_ERR_NUMERIC when there is no such layer.                                           [PRO-19]
st_status st_centrifuge_draw(st_ctx* ctx, const st_centrifuge* centrifuge, st_draw* draw,
                             double* recovery);

/// Share of platelets that a spin activates (P-selectin).                                [PRO-21]
double st_centrifuge_activation(const st_procedure_values* values, double field_xg);

/// Share of a class that stays on top of a density medium after `time_s`: lighter cells, and those
/// that were too slow to pass.                                                           [PRO-20]
double st_centrifuge_floating(const st_procedure_values* values, double cell_density,
                              double cell_diameter, double medium_density, double medium_viscosity,
                              double medium_depth, double field_xg, double time_s);

/// Diameter (m) and mean density (kg/m^3) of a class.
double st_centrifuge_diameter(const st_procedure_values* values, st_cell_class cell_class);
double st_centrifuge_density(const st_procedure_values* values, st_cell_class cell_class);

#endif
