/// \file
/// Procedures: what happens to cells and drugs before they reach the joint. A recipe (a pathway of
/// steps from a study or preparation file) becomes a dose, with a mass balance at every step.
///
/// Units: SI in the equations; the product's counts are cells, volumes mL, masses g.
/// docs/equations/procedure.md, models/procedures.yaml (values and sources).
#ifndef STROMA_PROCEDURE_H
#define STROMA_PROCEDURE_H

#include "stroma/base.h"

struct st_node;

/// Cell classes of a sample, in the order of st_product.count.
typedef enum st_cell_class {
    ST_CLASS_RBC,
    ST_CLASS_PLATELET,
    ST_CLASS_NEUTROPHIL,
    ST_CLASS_LYMPHOCYTE,
    ST_CLASS_MONOCYTE,
    ST_CLASS_IMMATURE, ///< immature myeloid
    ST_CLASS_CFU_F,    ///< MSC as colony-forming units
    ST_CLASS_MSC,      ///< MSC as counted in culture or by flow; kept apart from CFU-F
    ST_CLASS_OTHER,    ///< other nucleated cells of fat: vessels, stroma
    ST_CLASS_COUNT
} st_cell_class;

ST_API const char* st_cell_class_name(st_cell_class cell_class);

/// A sample on its way: conserved counts plus carrier state.
typedef struct st_product {
    double volume_mL;
    double count[ST_CLASS_COUNT];  ///< all cells of the class, dead ones included
    double viable[ST_CLASS_COUNT]; ///< share alive, 0 ... 1
    double latent[ST_CLASS_COUNT]; ///< share of all that is alive now but dies within 24-48 h
    double plasma_mL, additive_mL;
    double age_h;               ///< since harvest or thaw
    double population_doubling; ///< of cultured cells
    double days;                ///< of preparation so far
} st_product;

#define ST_PICTURE_TIMES   49
#define ST_PICTURE_HEIGHTS 50

/// A tube over time, for drawing: share of the volume that cells fill, from the surface (height 0)
/// to the bottom.
typedef struct st_spin_picture {
    double height_mm; ///< of the sample in the tube
    int time_count;
    double time_s[ST_PICTURE_TIMES];
    double interface_mm[ST_PICTURE_TIMES]; ///< top of the red cells above the bottom; NAN: not seen
    double red[ST_PICTURE_TIMES][ST_PICTURE_HEIGHTS];
    double platelet[ST_PICTURE_TIMES][ST_PICTURE_HEIGHTS];
    double white[ST_PICTURE_TIMES][ST_PICTURE_HEIGHTS];
} st_spin_picture;

/// Colour of a place in a tube by the shares of volume that cells fill there: red, green and blue,
/// 0 ... 255. Plasma is straw, red cells red, platelets amber, white cells blue.
ST_API void st_spin_picture_colour(double red, double platelet, double white, double* rgb);

/// What one spin did.
typedef struct st_spin_told {
    bool is_physics;
    double in_mL, out_mL;
    double recovery[ST_CLASS_COUNT]; ///< share of every class, 0 for one that was not there
    double fold[ST_CLASS_COUNT];     ///< concentration ratio, product over sample
    double hematocrit;               ///< of the product
    double activated; ///< share of platelets with P-selectin, 0 when no field is told
} st_spin_told;

#define ST_GEL_FACTOR_LIMIT 8

/// A named factor in the gel.
typedef struct st_gel_factor {
    const char* name;     ///< borrowed
    double free_m2_per_s; ///< diffusivity in water
    double ratio;         ///< in the gel over in water, 0 = does not pass
} st_gel_factor;

/// What a light-cured gel became. The photo-cured gels of published clinical trials carried no
/// cells: their results do not carry over to a gel with cells.
typedef struct st_gel_told {
    bool is_gel; ///< gelled down to the wanted depth
    double survival;
    double gel_time_s; ///< of the surface; INFINITY when the light was too short
    double cure_depth_mm, wanted_depth_mm;
    double conversion_top, conversion_bottom;
    double modulus_kPa; ///< Young's, in the middle; 0 without a gel
    double swelling;    ///< swollen over dry volume
    double mesh_nm;
    double half_life_day;   ///< of the modulus
    double dose_J_per_cm2;  ///< at the gel's surface
    const char* light_path; ///< borrowed
    int factor_count;
    st_gel_factor factor[ST_GEL_FACTOR_LIMIT];
} st_gel_told;

/// The catalogue of products and the procedure parameters (models/procedures.yaml, products.yaml).
typedef struct st_catalogue st_catalogue;
/// Loads `dir`/procedures.yaml and `dir`/products.yaml.
ST_API st_status st_catalogue_load(st_ctx* ctx, const char* dir, st_catalogue** out);
ST_API void st_catalogue_destroy(st_catalogue* catalogue);
/// Source texts for the store, as in st_model_source().
ST_API int st_catalogue_source_count(const st_catalogue* catalogue);
ST_API const char* st_catalogue_source(const st_catalogue* catalogue, int index, const char** name,
                                       size_t* length);
/// Every value with unit and source, for the report's list of assumptions.
typedef struct st_catalogue_value {
    const char* name;
    double value;
    const char* unit;
    const char* source;  ///< or NULL
    const char* assumed; ///< or NULL
} st_catalogue_value;
ST_API int st_catalogue_value_count(const st_catalogue* catalogue);
ST_API const st_catalogue_value* st_catalogue_value_at(const st_catalogue* catalogue, int index);

/// A checked pathway: harvest, spin, expand, inject, with their settings.
typedef struct st_recipe st_recipe;

/// Reads an arm's `inject:` map (one ready product) or `pathway:` list. Mistakes go to ctx.
ST_API st_status st_recipe_read(st_ctx* ctx, const st_catalogue* catalogue,
                                const struct st_node* arm, st_recipe** out);
ST_API void st_recipe_destroy(st_recipe* recipe);

/// One line for people: "harvest 8 x 5 mL marrow, expand to 1e7 cells, inject 4 mL by ultrasound".
ST_API const char* st_recipe_text(const st_recipe* recipe);
ST_API bool st_recipe_has_harvest(const st_recipe* recipe);
ST_API bool st_recipe_has_cells(const st_recipe* recipe);
ST_API bool st_recipe_has_injection(const st_recipe* recipe);
/// Volume of the injection in mL (0 without one), and its needle passes the skin: 1, else 0.
ST_API double st_recipe_volume_mL(const st_recipe* recipe);

/// An adverse event that a recipe may cause, with its published rate (models/procedures.yaml,
/// table adverse_events). All pointers are borrowed from the catalogue.
typedef struct st_adverse {
    const char* name;    ///< key in the file: "knee_infection"
    const char* label;   ///< for people: "Joint infection"
    const char* per;     ///< step that it is counted per: "injection", "harvest", "expand" ...
    int times;           ///< how often this recipe does that step, >= 1
    double probability;  ///< of at least one event per step, 0 ... 1
    double lo, hi;       ///< interval of the probability, 0 ... 1, lo <= probability <= hi
    const char* source;  ///< citation, or NULL
    const char* assumed; ///< why it is assumed, or NULL; exactly one of the two is given
} st_adverse;

/// Writes the events that apply to the recipe, in file order, at most `capacity` of them, and
/// gives back how many apply (which may be more). `out` may be NULL when `capacity` is 0.
ST_API int st_recipe_adverse(const st_recipe* recipe, st_adverse* out, int capacity);

// --- aftercare --------------------------------------------------------------------------------

/// Load `day` days after the injection over the habitual load, for people who keep to the plan in a
/// share `adherence` (0 ... 1) of their days.
ST_API double st_aftercare_load(const st_catalogue* catalogue, double day, double adherence);
/// What is left of a flare of the first hours after `day` days, 1 at the injection.
ST_API double st_aftercare_flare(const st_catalogue* catalogue, double day);
/// Share of published protocols that forbid anti-inflammatory drugs afterwards: common practice;
/// no outcome evidence for it was found, so nothing else follows from it.
ST_API double st_aftercare_nsaid_share(const st_catalogue* catalogue);

/// Who gives the cells.
typedef struct st_donor {
    double age_y;
    bool is_female;
    bool is_smoker; ///< asked by fat alone; false when unknown
    double bmi_kg_per_m2;
    double weight_kg;
} st_donor;

/// The hardened gel that holds the cells of a dose; all 0 without one. As a product class it is
/// `gel`, in g of polymer.
typedef struct st_dose_gel {
    double polymer_g;
    double modulus_kPa;   ///< Young's, in the middle
    double mesh_nm;       ///< mean distance of its elastic chains
    double half_life_day; ///< of its stiffness
    int factor_count;
    st_gel_factor factor[ST_GEL_FACTOR_LIMIT]; ///< what passes through it
} st_dose_gel;

#define ST_DOSE_PART_LIMIT 8
#define ST_DOSE_STEP_LIMIT 12

/// One product class of a dose, as the model's `doses:` table names it.
typedef struct st_dose_part {
    const char* product_class;  ///< "msc", "hyaluronan", "platelet", "gel" ... borrowed
    double alive, latent, dead; ///< cells, or g in `alive` for drugs, carriers and gels
    bool is_cell;
} st_dose_part;

/// What the cells went through: one row per step, for the report's story.
typedef struct st_dose_step {
    const char* name; ///< "harvest", "expand", "syringe", "needle", "in the joint" ... borrowed
    double cells;     ///< therapeutic cells (MSC or CFU-F) alive after the step
    double volume_mL;
    double day; ///< days since the harvest began
} st_dose_step;

/// What reaches the target.
typedef struct st_dose {
    st_dose_part part[ST_DOSE_PART_LIMIT];
    int part_count;
    st_dose_step step[ST_DOSE_STEP_LIMIT];
    int step_count;
    st_dose_gel gel;
    double volume_mL;        ///< into the target
    bool is_placed;          ///< the needle tip was in the joint
    bool is_failed;          ///< the culture failed: there is no cell product
    double preparation_days; ///< from harvest to injection
} st_dose;

/// Performs the recipe for one donor. Draws depend on (seed, person) only. Never gives a recovery
/// above 1. ST_ERR_NUMERIC with a message when a step cannot be computed.
ST_API st_status st_recipe_perform(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                                   uint64_t seed, uint64_t person, st_dose* out);

/// What needle and joint did.
typedef struct st_needle_told {
    double wall_stress_Pa;
    double plunger_force_N, joint_pressure_mmHg; ///< at the end of the injection
} st_needle_told;

#define ST_JOURNEY_SPINS 2

/// Share of tips in the joint as it was counted, with its 95 % interval (Wilson); all 0 without an
/// injection.
ST_API void st_recipe_placement(const st_recipe* recipe, double* share, double* lo, double* hi);

/// Everything that happened to one donor's sample.
typedef struct st_journey {
    st_product harvested; ///< after the harvest
    st_product product;   ///< before the syringe
    int spin_count;
    st_spin_told spin[ST_JOURNEY_SPINS];
    bool has_needle, has_gel;
    st_needle_told needle;
    st_gel_told gel;
    double adhering; ///< share of living cells that adhere at the injection; 1 when never frozen
} st_journey;

/// The same, told in full. `picture` holds ST_JOURNEY_SPINS pictures of spins in detail: physics,
/// or is NULL.
ST_API st_status st_recipe_perform_told(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                                        uint64_t seed, uint64_t person, st_dose* out,
                                        st_journey* journey, st_spin_picture* picture);

/// The same without any active product: the sham of this recipe (saline of the same volume).
ST_API void st_recipe_sham(const st_recipe* recipe, const st_dose* dose, st_dose* out);

// --- a preparation alone: the laboratory's question ------------------------------------------

/// A checked preparation file (top key `preparation`).
typedef struct st_preparation st_preparation;

/// Loads a file, and the catalogue from `model_dir`. Mistakes go to ctx.
ST_API st_status st_preparation_load(st_ctx* ctx, const char* path, const char* model_dir,
                                     st_preparation** out);
ST_API void st_preparation_destroy(st_preparation* preparation);
ST_API const char* st_preparation_title(const st_preparation* preparation);
ST_API const st_recipe* st_preparation_recipe(const st_preparation* preparation);
ST_API const st_catalogue* st_preparation_catalogue(const st_preparation* preparation);
ST_API int64_t st_preparation_donors(const st_preparation* preparation);
ST_API uint64_t st_preparation_seed(const st_preparation* preparation);

/// One number of a preparation over all donors in whom it exists.
typedef struct st_quantity {
    const char *name, *label, *unit; ///< "platelet_recovery", "Platelets recovered", "%"
    int64_t count;                   ///< donors in whom it exists; 0 = not part of this preparation
    double mean, q05, q50, q95;
} st_quantity;

/// What is left after a step, over donors.
typedef struct st_loss {
    const char* name;
    double volume_mL, day;                  ///< medians
    double cells_q05, cells_q50, cells_q95; ///< therapeutic cells alive (MSC, CFU-F or platelets)
} st_loss;

/// A measured band beside what was computed.
typedef struct st_measured {
    const char *what, *label, *unit;
    double low, high, computed; ///< computed: median over donors
    bool is_inside;
    const char* source;
} st_measured;

/// What one change of a setting or a value does to the dose of the median donor.
typedef struct st_lever {
    const char *name, *unit;
    bool is_setting;         ///< of the file; otherwise a value of the catalogue
    double value, lo, hi;    ///< as it is, and the two it was set to
    double dose_lo, dose_hi; ///< dose over the dose as it is
} st_lever;

/// What a source on age says about the median donor (recipes that harvest marrow). The sources do
/// not agree; the spread between them is part of what is not known.
typedef struct st_rival {
    const char* name;                ///< "mixed", "mononuclear" ...
    bool is_used;                    ///< the recipe's own
    double dose, cfu_f_per_mL, days; ///< NAN when it cannot make the product
} st_rival;

typedef struct st_preparation_result {
    int64_t donors;
    int64_t failed, misplaced;           ///< cultures that failed, tips beside the joint
    int64_t uncomputed;                  ///< donors whose sample cannot make the product; left out
    double placed, placed_lo, placed_hi; ///< st_recipe_placement()
    const char* dose_label;              ///< what the dose counts: "MSC", "CFU-F", "platelets"
    double dose_q05, dose_q25, dose_q50, dose_q75, dose_q95, dose_mean; ///< over all donors
    int quantity_count, loss_count, measured_count, lever_count, rival_count;
    st_quantity* quantity;
    st_loss* loss;
    st_measured* measured;
    st_lever* lever; ///< largest effect first
    st_rival* rival; ///< in the catalogue's order
    int picture_count;
    st_spin_picture* picture; ///< of the median donor's spins, detail: physics
    st_journey median;        ///< of the donor without any spread
} st_preparation_result;

/// Performs it for all donors. The result does not depend on worker_count (0 = one per CPU).
ST_API st_status st_preparation_run(st_ctx* ctx, const st_preparation* preparation,
                                    int worker_count, st_preparation_result** out);
ST_API void st_preparation_result_destroy(st_ctx* ctx, st_preparation_result* result);

// --- the story of a recipe: what a trial tells of an arm's product ---------------------------

/// Quantities of a preparation in their order: name, label for people, unit.
ST_API int st_story_count(void);
ST_API const char* st_story_about(int quantity, const char** label, const char** unit);
/// All quantities of one donor into `quantity` [st_story_count()]; NAN where there is none.
ST_API void st_story_measure(const st_recipe* recipe, const st_dose* dose,
                             const st_journey* journey, double* quantity);
/// The recipe for one donor without any spread between donors, with a needle that is placed and a
/// culture that does not fail. `picture` as in st_recipe_perform_told().
ST_API st_status st_story_middle(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                                 uint64_t seed, st_dose* out, st_journey* journey,
                                 st_spin_picture* picture);

/// What one value of the procedure does to the cells that arrive, in a donor without any spread.
typedef struct st_story_lever {
    const char* name; ///< of the value, as in st_catalogue_value_at()
    double value_lo, value_hi;
    double dose_lo, dose_hi; ///< dose over the dose as it is
} st_story_lever;
/// Sets one value after the other a standard deviation of its spread between donors lower and
/// higher (without a spread: by a factor of 1.5), within its range, and writes those that change
/// the dose, at most `capacity`. Left out: values that are bound to others (shares of one whole),
/// tables of sites, layers, needles and so on, and all where spins are computed as physics, which
/// takes long.
ST_API st_status st_story_levers(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                                 uint64_t seed, st_story_lever* out, int capacity, int* count);

/// Bands measured for steps of procedures: `dir`/measured.yaml. Mistakes go to ctx.
typedef struct st_story st_story;
ST_API st_status st_story_load(st_ctx* ctx, const char* dir, st_story** out);
ST_API void st_story_destroy(st_story* story); // NULL is allowed
/// Its text, for the store.
ST_API const char* st_story_text(const st_story* story, const char** name, size_t* length);
/// Band number `nth` of a quantity that is about this recipe; false when there is none.
ST_API bool st_story_band(const st_story* story, const st_recipe* recipe, int quantity, int nth,
                          double* low, double* high, const char** source);

#endif
