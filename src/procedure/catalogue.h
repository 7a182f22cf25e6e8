/// \file
/// The catalogue, open to this room: every value that a step uses, looked up once at load.
///
/// A value of procedures.yaml that C uses is one line of the lists below: field, key, unit, bounds.
/// A line without an entry in the file is a mistake that names the entry; so is an entry without a
/// line.
#ifndef ST_PROCEDURE_CATALOGUE_H
#define ST_PROCEDURE_CATALOGUE_H

#include "procedure/amount.h"
#include "procedure/centrifuge/column.h"
#include "stroma/procedure.h"

#include "base/base.h"
#include "base/doc.h"

/// X(group, field, unit, lo, hi, spread): st_procedure_values.group.field = value `group.field` of
/// the file
#define ST_PROCEDURE_VALUES(X)                                                                     \
    X(marrow, cfu_f, "cells/mL", 0.0, 1e9, POSITIVE)                                               \
    X(marrow, cfu_f_reference_age, "y", 0.0, 120.0, FIXED)                                         \
    X(marrow, nucleated, "cells/mL", 0.0, 1e10, POSITIVE)                                          \
    X(marrow, nucleated_reference_age, "y", 0.0, 120.0, FIXED)                                     \
    X(marrow, share_neutrophil, "1", 0.0, 1.0, FIXED)                                              \
    X(marrow, share_lymphocyte, "1", 0.0, 1.0, FIXED)                                              \
    X(marrow, share_monocyte, "1", 0.0, 1.0, FIXED)                                                \
    X(marrow, share_immature, "1", 0.0, 1.0, FIXED)                                                \
    X(marrow, depletion_volume, "mL", 1e-3, 1e3, POSITIVE)                                         \
    X(marrow, viability, "1", 0.0, 1.0, FIXED)                                                     \
    X(blood, rbc, "cells/mL", 0.0, 1e11, POSITIVE)                                                 \
    X(blood, rbc_volume, "fL", 1.0, 1000.0, FIXED)                                                 \
    X(blood, platelet, "cells/mL", 0.0, 1e11, POSITIVE)                                            \
    X(blood, neutrophil, "cells/mL", 0.0, 1e9, POSITIVE)                                           \
    X(blood, lymphocyte, "cells/mL", 0.0, 1e9, POSITIVE)                                           \
    X(blood, monocyte, "cells/mL", 0.0, 1e9, POSITIVE)                                             \
    X(fat, bmi_slope, "m^2/kg", -1.0, 1.0, FIXED)                                                  \
    X(fat, bmi_reference, "kg/m^2", 10.0, 60.0, FIXED)                                             \
    X(fat, female_over_male, "1", 0.1, 10.0, FIXED)                                                \
    X(fat, smoker, "1", 0.01, 2.0, FIXED)                                                          \
    X(harvest, duration, "h", 0.0, 24.0, FIXED)                                                    \
    X(spin, handling, "h", 0.0, 24.0, FIXED)                                                       \
    X(spin, packing, "1", 0.1, 1.0, FIXED)                                                         \
    X(centrifuge, plasma_density, "kg/m^3", 900.0, 1200.0, FIXED)                                  \
    X(centrifuge, plasma_viscosity, "Pa*s", 1e-4, 1.0, FIXED)                                      \
    X(centrifuge, hindered_exponent, "1", 2.0, 10.0, FIXED)                                        \
    X(centrifuge, packing_power, "1", 0.0, 100.0, FIXED)                                           \
    X(centrifuge, aggregate_rest, "1", 1.0, 1000.0, FIXED)                                         \
    X(centrifuge, aggregate_field, "xg", 1e-3, 1e5, FIXED)                                         \
    X(centrifuge, aggregate_power, "1", 0.0, 10.0, FIXED)                                          \
    X(centrifuge, platelet_lead, "1", 0.0, 2.0, FIXED)                                             \
    X(centrifuge, rbc_density, "kg/m^3", 1000.0, 1300.0, FIXED)                                    \
    X(centrifuge, platelet_density, "kg/m^3", 1000.0, 1300.0, FIXED)                               \
    X(centrifuge, platelet_diameter, "m", 5e-7, 1e-5, POSITIVE)                                    \
    X(centrifuge, neutrophil_density, "kg/m^3", 1000.0, 1300.0, FIXED)                             \
    X(centrifuge, immature_density, "kg/m^3", 1000.0, 1300.0, FIXED)                               \
    X(centrifuge, granulocyte_diameter, "m", 1e-6, 1e-4, FIXED)                                    \
    X(centrifuge, lymphocyte_density, "kg/m^3", 1000.0, 1300.0, FIXED)                             \
    X(centrifuge, lymphocyte_diameter, "m", 1e-6, 1e-4, FIXED)                                     \
    X(centrifuge, monocyte_density, "kg/m^3", 1000.0, 1300.0, FIXED)                               \
    X(centrifuge, monocyte_diameter, "m", 1e-6, 1e-4, FIXED)                                       \
    X(centrifuge, density_spread, "kg/m^3", 0.0, 50.0, FIXED)                                      \
    X(centrifuge, acceleration, "s", 0.0, 3600.0, FIXED)                                           \
    X(centrifuge, stop_none, "s", 0.0, 3600.0, FIXED)                                              \
    X(centrifuge, stop_soft, "s", 0.0, 3600.0, FIXED)                                              \
    X(centrifuge, stop_hard, "s", 0.0, 3600.0, FIXED)                                              \
    X(centrifuge, stir_soft, "m", 0.0, 0.1, FIXED)                                                 \
    X(centrifuge, stir_hard, "m", 0.0, 0.1, FIXED)                                                 \
    X(centrifuge, margin_plasma, "mm", -100.0, 100.0, FIXED)                                       \
    X(centrifuge, margin_buffy, "mm", -100.0, 100.0, FIXED)                                        \
    X(centrifuge, margin_error, "mm", 0.0, 100.0, FIXED)                                           \
    X(centrifuge, activation_low, "1", 0.0, 0.999, FIXED)                                          \
    X(centrifuge, activation_low_field, "xg", 1.0, 1e5, FIXED)                                     \
    X(centrifuge, activation_high, "1", 0.0, 0.999, FIXED)                                         \
    X(centrifuge, activation_high_field, "xg", 1.0, 1e5, FIXED)                                    \
    X(expand, founders_per_cfu_f, "1", 0.0, 1.0, FIXED)                                            \
    X(expand, doubling_time, "h", 1.0, 1000.0, POSITIVE)                                           \
    X(expand, doubling_time_reference_age, "y", 0.0, 120.0, FIXED)                                 \
    X(expand, doubling_time_age_slope, "1/y", -1.0, 1.0, FIXED)                                    \
    X(expand, doubling_time_reference_oxygen, "1", 0.0, 0.21, FIXED)                               \
    X(expand, doubling_time_oxygen_slope, "1", -100.0, 100.0, FIXED)                               \
    X(expand, lag, "h", 0.0, 1000.0, FIXED)                                                        \
    X(expand, doublings_per_passage, "1", 0.1, 100.0, FIXED)                                       \
    X(expand, senescence, "1", 1.0, 1000.0, ANY)                                                   \
    X(expand, failure, "1", 0.0, 0.999, FIXED)                                                     \
    X(expand, density_seed, "1/cm^2", 1.0, 1e6, FIXED)                                             \
    X(expand, density_limit, "1/cm^2", 10.0, 1e8, FIXED)                                           \
    X(expand, density_taken_up, "1", 0.01, 0.999, FIXED)                                           \
    X(expand, slowing_half, "1", 1.0, 1000.0, FIXED)                                               \
    X(expand, slowing_power, "1", 0.1, 20.0, FIXED)                                                \
    X(expand, senescence_width, "1", 0.01, 100.0, FIXED)                                           \
    X(expand, patience, "day", 1.0, 1000.0, FIXED)                                                 \
    X(expand, viability, "1", 0.01, 1.0, FIXED)                                                    \
    X(freeze, early, "month", 0.0, 120.0, FIXED)                                                   \
    X(freeze, late, "month", 0.0, 120.0, FIXED)                                                    \
    X(freeze, cold_safe, "day", 0.0, 100.0, FIXED)                                                 \
    X(freeze, cold_late, "day", 0.1, 100.0, FIXED)                                                 \
    X(freeze, cold_share, "1", 1e-3, 1.0, FIXED)                                                   \
    X(freeze, adhering_early, "1", 0.0, 1.0, FIXED)                                                \
    X(freeze, adhering_late, "1", 0.0, 1.0, FIXED)                                                 \
    X(inject, rate, "mL/min", 1e-3, 1e3, FIXED)                                                    \
    X(inject, waiting, "s", 0.0, 1e5, FIXED)                                                       \
    X(inject, syringe_bore, "m", 1e-3, 0.1, FIXED)                                                 \
    X(inject, sticking, "1", 0.0, 1.0, FIXED)                                                      \
    X(inject, cultured_cell_diameter, "m", 1e-6, 1e-4, FIXED)                                      \
    X(inject, native_cell_diameter, "m", 1e-6, 1e-4, FIXED)                                        \
    X(inject, cell_density, "kg/m^3", 500.0, 2000.0, FIXED)                                        \
    X(inject, fluid_density, "kg/m^3", 500.0, 2000.0, FIXED)                                       \
    X(inject, marrow_viscosity, "Pa*s", 1e-5, 1e3, FIXED)                                          \
    X(inject, laminar_reynolds, "1", 1.0, 1e5, FIXED)                                              \
    X(inject, entrance_tangent, "1", 0.0, 100.0, FIXED)                                            \
    X(inject, stretch_ratio, "1", 0.0, 1e4, FIXED)                                                 \
    X(inject, shear_scale, "1", 0.0, 10.0, FIXED)                                                  \
    X(inject, shear_stress_power, "1", 0.0, 10.0, FIXED)                                           \
    X(inject, shear_time_power, "1", 0.0, 10.0, FIXED)                                             \
    X(inject, stretch_scale, "1", 0.0, 10.0, FIXED)                                                \
    X(inject, stretch_power, "1", 0.0, 10.0, FIXED)                                                \
    X(inject, latent_least, "1", 0.0, 1.0, FIXED)                                                  \
    X(inject, latent_most, "1", 0.0, 1.0, FIXED)                                                   \
    X(inject, plunger_friction, "N", 0.0, 1000.0, FIXED)                                           \
    X(inject, joint_rest_pressure, "mmHg", -100.0, 100.0, FIXED)                                   \
    X(inject, joint_compliance, "1/mmHg", 1e-6, 10.0, FIXED)                                       \
    X(inject, joint_taut, "1", 0.0, 1.0, FIXED)                                                    \
    X(inject, joint_stiffening, "1", 1e-3, 1.0, FIXED)                                             \
    X(inject, leak_pressure, "mmHg", -100.0, 1000.0, FIXED)                                        \
    X(inject, leak_conductance, "mL/min/mmHg", 0.0, 100.0, FIXED)                                  \
    X(inject, leak_time, "min", 0.0, 100.0, FIXED)                                                 \
    X(inject, leak_back, "1", 0.0, 1.0, FIXED)                                                     \
    X(aftercare, protection_end, "day", 0.0, 1000.0, FIXED)                                        \
    X(aftercare, protection_load, "1", 0.0, 1.0, FIXED)                                            \
    X(aftercare, loading_end, "day", 0.0, 1000.0, FIXED)                                           \
    X(aftercare, loading_load, "1", 0.0, 1.0, FIXED)                                               \
    X(aftercare, strength_end, "day", 0.0, 1000.0, FIXED)                                          \
    X(aftercare, strength_load, "1", 0.0, 1.0, FIXED)                                              \
    X(aftercare, full_at, "day", 0.0, 1000.0, FIXED)                                               \
    X(aftercare, flare_time, "day", 0.01, 100.0, FIXED)                                            \
    X(aftercare, nsaid_restricted, "1", 0.0, 1.0, FIXED)                                           \
    X(gel, temperature, "K", 270.0, 330.0, FIXED)                                                  \
    X(gel, water_viscosity, "Pa*s", 1e-4, 1.0, FIXED)                                              \
    X(gel, initiator_efficiency, "1", 0.0, 1.0, FIXED)                                             \
    X(gel, oxygen, "mol/m^3", 0.0, 10.0, FIXED)                                                    \
    X(gel, initiator_contact, "h", 0.0, 1000.0, FIXED)                                             \
    X(gel, radical_hazard, "m^3/mol", 0.0, 1000.0, FIXED)                                          \
    X(gel, uva_hazard, "m^2/J", 0.0, 1.0, FIXED)

/// Which spread an entry may have: none would have an effect; one that keeps the value positive
/// (log-normal); any.
typedef enum st_amount_spread {
    ST_AMOUNT_FIXED,
    ST_AMOUNT_POSITIVE,
    ST_AMOUNT_ANY
} st_amount_spread;

/// Every fixed value, as one flat struct: `marrow_cfu_f`, `blood_rbc` ...
typedef struct st_procedure_values {
#define X(group, field, unit, lo, hi, spread) st_amount group##_##field;
    ST_PROCEDURE_VALUES(X)
#undef X
} st_procedure_values;

/// Where marrow is drawn, relative to the anterior crest.
typedef struct st_site {
    const char* name;
    double ratio;
} st_site;

/// What age does to marrow, after one of several sources that do not agree.
typedef struct st_age_relation {
    const char* name;
    double cfu_f_male, cfu_f_female, nucleated; ///< slopes of the logarithm, 1/y
} st_age_relation;

/// A needle for marrow: cells per mL over those of the reference.
typedef struct st_aspiration {
    const char* name;
    double nucleated, cfu_f;
} st_aspiration;

/// What a spin keeps: recovered share of every class, valid for products of a share of the input.
typedef struct st_layer {
    const char* name;
    st_amount recovery[ST_CLASS_COUNT]; ///< that of ST_CLASS_MSC is the one of CFU-F
    double share_least, share_most;     ///< product volume / input volume
} st_layer;

typedef struct st_medium {
    const char* name;
    double doubling_time_factor;
} st_medium;

/// How cells are got out of fat.
typedef struct st_isolation {
    const char* name;
    st_amount yield;        ///< nucleated cells per mL of fat drawn
    st_amount colony_share; ///< CFU-F among them
    double viability;
    double hours;
} st_isolation;

/// A density medium that a sample is layered on.
typedef struct st_cushion {
    const char* name;
    double density, viscosity; ///< kg/m^3, Pa s
    double depth_m;            ///< of the layer that a cell has to pass
    double kept;               ///< share of floating cells that is found again after washing
    double colony_kept;        ///< of these, share of CFU-F that grow
} st_cushion;

typedef enum st_wavelength {
    ST_WAVELENGTH_365,
    ST_WAVELENGTH_405,
    ST_WAVELENGTH_450,
    ST_WAVELENGTH_COUNT
} st_wavelength;
extern const char* const ST_WAVELENGTH_NAME[ST_WAVELENGTH_COUNT]; ///< "365 nm" ...

/// What light splits into radicals. SI units.
typedef struct st_initiator {
    const char* name;
    double molar_mass;                        ///< kg/mol
    double absorptivity[ST_WAVELENGTH_COUNT]; ///< decadic, m^2/mol; 0 = takes up no such light
    double yield;                             ///< molecules split per photon taken up
    double turnover; ///< splits of a molecule, each into two radicals, before it bleaches
    double concentration_low, concentration_high; ///< of the survival measurements, kg/m^3
    double survival_low, survival_high;           ///< after 24 h without light
} st_initiator;

/// A gel before and after hardening; named as the product that carries the cells.
typedef struct st_polymer {
    const char* name;
    double content;      ///< share w/v of polymer when it is cured
    double chain_radius; ///< of a chain as an obstacle, m
    double speed;        ///< kp/sqrt(kt), m^1.5/(mol^0.5 s^0.5)
    double gel_effect;   ///< b: kt falls as exp(-b conversion)
    double gel_point;    ///< conversion
    double chains;       ///< at full conversion, per volume of dry polymer, mol/m^3
    double functionality, chi;
    double decay; ///< 1/day
} st_polymer;

/// How light reaches the gel.
typedef struct st_light_path {
    const char* name;
    double transmission[ST_WAVELENGTH_COUNT];
} st_light_path;

/// A solute whose way through a gel is told.
typedef struct st_factor {
    const char* name;
    double radius_m;
} st_factor;

/// What cells are frozen in: living share that comes back, and doomed share of these.
typedef struct st_preservative {
    const char* name;
    double recovery_early, recovery_late;
    double doomed_early, doomed_late;
} st_preservative;

typedef struct st_gauge {
    const char* name; ///< "21 G"
    double bore_m, length_m;
} st_gauge;

typedef enum st_guidance {
    ST_GUIDANCE_ULTRASOUND,
    ST_GUIDANCE_LANDMARK,
    ST_GUIDANCE_FLUOROSCOPY,
    ST_GUIDANCE_COUNT
} st_guidance;

typedef struct st_joint {
    const char* name;
    double placed[ST_GUIDANCE_COUNT]; ///< probability that the tip is there; NAN = not counted
    double trials[ST_GUIDANCE_COUNT]; ///< injections that this was counted in
    double holds_mL;                  ///< volume that distends it fully
} st_joint;

/// One product class of a ready product.
typedef struct st_ware_part {
    const char* product_class;
    bool is_cell;   ///< cells, otherwise g
    bool is_per_mL; ///< amount per mL, otherwise per injection
    st_amount amount;
} st_ware_part;

/// A ready product of products.yaml: something to inject, or to carry cells.
typedef struct st_ware {
    const char* name;
    const char* title;
    bool is_carrier;
    double consistency_Pa_sn; ///< K of tau = K (shear rate)^n, shear rate in 1/s
    double flow_index;        ///< n
    int part_count;
    st_ware_part part[ST_DOSE_PART_LIMIT];
} st_ware;

/// Steps that adverse events are counted per.
typedef enum st_step_kind {
    ST_STEP_HARVEST,
    ST_STEP_SPIN,
    ST_STEP_EXPAND,
    ST_STEP_FREEZE,
    ST_STEP_INJECTION,
    ST_STEP_GEL,
    ST_STEP_FAT_HARVEST, ///< ST_STEP_HARVEST counts events of marrow alone
    ST_STEP_BLOOD_DRAW,
    ST_STEP_COUNT
} st_step_kind;

#define ST_ADVERSE_CLASS_LIMIT 8

typedef struct st_adverse_rule {
    st_adverse about;
    st_step_kind step;
    bool applies_to_all;
    const char* product_class[ST_ADVERSE_CLASS_LIMIT];
    int class_count;
} st_adverse_rule;

struct st_catalogue {
    st_ctx* ctx;
    st_arena arena;
    st_doc* procedures;
    st_doc* products;
    st_procedure_values values;
    // Named lists, in file order; `_name` repeats the names for st_node_read_choice().
    st_site* site;
    const char** site_name;
    int site_count;
    st_age_relation* age_relation;
    const char** age_relation_name;
    int age_relation_count;
    st_aspiration* aspiration;
    const char** aspiration_name;
    int aspiration_count;
    st_layer* layer;
    const char** layer_name;
    int layer_count;
    st_site* fat_site;
    const char** fat_site_name;
    int fat_site_count;
    st_isolation* isolation;
    const char** isolation_name;
    int isolation_count;
    st_tube* tube;
    const char** tube_name;
    int tube_count;
    st_cushion* cushion;
    const char** cushion_name;
    int cushion_count;
    st_initiator* initiator;
    const char** initiator_name;
    int initiator_count;
    st_polymer* polymer;
    const char** polymer_name;
    int polymer_count;
    st_light_path* light_path;
    const char** light_path_name;
    int light_path_count;
    st_factor* factor;
    const char** factor_name;
    int factor_count;
    st_medium* medium;
    const char** medium_name;
    int medium_count;
    st_preservative* preservative;
    const char** preservative_name;
    int preservative_count;
    st_gauge* gauge;
    const char** gauge_name;
    int gauge_count;
    st_joint* joint;
    const char** joint_name;
    int joint_count;
    st_ware* ware;
    const char** ware_name;
    int ware_count;
    st_adverse_rule* adverse;
    int adverse_count;
    // Every value that was read, for st_catalogue_value_at().
    st_catalogue_value* value;
    int value_count, value_capacity;
    bool is_memory_out; ///< an allocation failed while reading
};

extern const char* const ST_STEP_KIND_NAME[ST_STEP_COUNT]; ///< "harvest", "spin" ... "gel"
extern const char* const ST_GUIDANCE_NAME[ST_GUIDANCE_COUNT];

#endif
