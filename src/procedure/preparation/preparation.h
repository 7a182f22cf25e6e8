/// \file
/// A checked preparation, open to its folder.
#ifndef ST_PROCEDURE_PREPARATION_H
#define ST_PROCEDURE_PREPARATION_H

#include "procedure/recipe.h"

/// Quantities that are told and that a file may put a measurement beside. For an entry
/// X(id, name, label, unit) the value is computed in preparation_quantity.c.
#define ST_PREPARATION_QUANTITIES(X)                                                               \
    X(DOSE, "dose", "Cells that arrive alive", "cells")                                            \
    X(VOLUME, "volume", "Volume of the product", "mL")                                             \
    X(DAYS, "days", "Days from harvest to injection", "day")                                       \
    X(NUCLEATED_HARVEST, "nucleated_harvest", "Nucleated cells in the harvest", "cells/mL")        \
    X(CFU_F_HARVEST, "cfu_f_harvest", "CFU-F in the harvest", "cells/mL")                          \
    X(NUCLEATED_PRODUCT, "nucleated_product", "Nucleated cells in the product", "cells/mL")        \
    X(CFU_F_PRODUCT, "cfu_f_product", "CFU-F in the product", "cells/mL")                          \
    X(PLATELET_PRODUCT, "platelet_product", "Platelets in the product", "cells/mL")                \
    X(HEMATOCRIT, "hematocrit", "Hematocrit of the product", "%")                                  \
    X(NUCLEATED_RECOVERY, "nucleated_recovery", "Nucleated cells recovered", "%")                  \
    X(CFU_F_RECOVERY, "cfu_f_recovery", "CFU-F recovered", "%")                                    \
    X(PLATELET_RECOVERY, "platelet_recovery", "Platelets recovered", "%")                          \
    X(PLATELET_FIRST, "platelet_recovery_first", "Platelets recovered by the first spin", "%")     \
    X(RBC_RECOVERY, "rbc_recovery", "Red cells recovered", "%")                                    \
    X(NUCLEATED_FOLD, "nucleated_fold", "Nucleated cells, concentration ratio", "1")               \
    X(CFU_F_FOLD, "cfu_f_fold", "CFU-F, concentration ratio", "1")                                 \
    X(PLATELET_FOLD, "platelet_fold", "Platelets, concentration ratio", "1")                       \
    X(RBC_FOLD, "rbc_fold", "Red cells, concentration ratio", "1")                                 \
    X(ACTIVATED, "platelet_activation", "Platelets with P-selectin after the hardest spin", "%")   \
    X(CULTURE_DAYS, "culture_days", "Days in culture", "day")                                      \
    X(DOUBLINGS, "doublings", "Doublings in culture", "1")                                         \
    X(YIELD_MSC, "cultured_msc", "Cultured MSC when taken up", "cells")                            \
    X(VIABLE, "viability", "Cells alive at the injection", "%")                                    \
    X(ADHERING, "adhering", "Living cells that adhere after the thaw", "%")                        \
    X(WALL_STRESS, "wall_stress", "Stress at the needle's wall", "Pa")                             \
    X(PLUNGER, "plunger_force", "Force on the plunger", "N")                                       \
    X(JOINT_PRESSURE, "joint_pressure", "Pressure in the joint", "mmHg")                           \
    X(GEL_TIME, "gel_time", "Time to gel at the surface", "s")                                     \
    X(CURE_DEPTH, "cure_depth", "Depth that gels", "mm")                                           \
    X(MODULUS, "gel_modulus", "Young's modulus of the gel", "kPa")                                 \
    X(MESH, "gel_mesh", "Mesh of the gel", "nm")                                                   \
    X(GEL_SURVIVAL, "gel_survival", "Cells that survive light and radicals", "%")

typedef enum st_preparation_quantity {
#define X(id, name, label, unit) ST_QUANTITY_##id,
    ST_PREPARATION_QUANTITIES(X)
#undef X
        ST_QUANTITY_COUNT
} st_preparation_quantity;

extern const char* const ST_QUANTITY_NAME[ST_QUANTITY_COUNT];
extern const char* const ST_QUANTITY_LABEL[ST_QUANTITY_COUNT];
extern const char* const ST_QUANTITY_UNIT[ST_QUANTITY_COUNT];

/// A band read somewhere, in the quantity's unit.
typedef struct st_preparation_band {
    int quantity;
    double low, high;
    const char* source;
} st_preparation_band;

struct st_preparation {
    st_ctx* ctx;
    st_arena arena;
    st_catalogue* catalogue; ///< owned
    st_recipe* recipe;       ///< owned
    const char* title;
    double age_lo, age_hi; ///< y; donors are even between them
    bool is_female, is_smoker;
    double bmi_lo, bmi_hi;
    int64_t donors;
    uint64_t seed;
    st_preparation_band* band;
    int band_count;
    bool is_memory_out;
};

/// The donor in the middle.
st_donor st_preparation_donor_middle(const st_preparation* preparation);

/// Cells of the dose that are alive: MSC, CFU-F or platelets.
double st_preparation_dose(const st_recipe* recipe, const st_dose* dose);

/// All quantities of one donor; NAN where there is none.
void st_preparation_measure(const st_recipe* recipe, const st_dose* dose, const st_journey* journey,
                            double* quantity);

/// The recipe and catalogue without any spread: the median donor, a needle that is placed, a
/// culture that does not fail. Made in one block; destroy with st_preparation_plain_destroy().
typedef struct st_preparation_plain {
    st_catalogue catalogue;
    st_recipe recipe;
    st_layer* layer;
    st_joint joint;
    st_isolation isolation;
    st_gauge gauge;
} st_preparation_plain;
st_status st_preparation_plain_create(st_ctx* ctx, const st_preparation* preparation,
                                      st_preparation_plain** out);
void st_preparation_plain_destroy(st_ctx* ctx, st_preparation_plain* plain);

/// A plain preparation in which one value after another is changed. All borrowed.
typedef struct st_preparation_bench {
    st_ctx* ctx;
    st_preparation_plain* plain;
    const st_donor* donor;
    uint64_t seed;
    st_status status; ///< the first failure
} st_preparation_bench;

/// Cells that arrive with `*place`, somewhere in the preparation or its donor, set to `value`; NAN
/// when that cannot be performed.
double st_preparation_dose_with(st_preparation_bench* bench, double* place, double value);

/// One-at-a-time changes of settings and values; fills and sorts `result->lever`.
st_status st_preparation_levers(st_ctx* ctx, const st_preparation* preparation,
                                st_preparation_plain* plain, double dose,
                                st_preparation_result* result);

/// The same donor after every source on age; fills `result->rival`.
st_status st_preparation_rivals(st_ctx* ctx, const st_preparation* preparation,
                                st_preparation_plain* plain, st_preparation_result* result);

#endif
