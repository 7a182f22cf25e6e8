/// \file
/// Quantities: numbers with units, dimensions as exponent vectors, bridges between mass and amount.
///
/// Dimensions: the 7 SI bases, the cell, and one tag per clinical instrument, so that a point on a
/// pain scale can never be added to a length or to a point of another scale. Exponents are real
/// numbers (power laws). Nothing here is a table of named dimensions.
#ifndef ST_BASE_UNITS_H
#define ST_BASE_UNITS_H

#include "base.h"

typedef enum st_base_dim {
    ST_DIM_LENGTH,      // m
    ST_DIM_MASS,        // kg
    ST_DIM_TIME,        // s
    ST_DIM_CURRENT,     // A
    ST_DIM_TEMPERATURE, // K
    ST_DIM_AMOUNT,      // mol
    ST_DIM_LUMINOUS,    // cd
    ST_DIM_CELL,        // cell
    ST_DIM_VAS,         // points of 0-100 (a VAS millimetre)
    ST_DIM_NRS,         // points of 0-10
    ST_DIM_WOMAC,       // WOMAC Likert points
    ST_DIM_KOOS,        // KOOS points of 0-100
    ST_DIM_IKDC,        // IKDC points of 0-100
    ST_DIM_QOL,         // quality-of-life index points
    ST_DIM_IU,          // international units (defined per substance)
    ST_DIM_COUNT
} st_base_dim;

typedef struct st_dim {
    double exponent[ST_DIM_COUNT];
} st_dim;

typedef struct st_unit {
    st_dim dim;
    double factor; ///< value in SI base units (cells, points) = number * factor
} st_unit;

/// What lets mass, amount, pressure and activity meet for one substance. 0 = unknown.
typedef struct st_bridge {
    double molar_mass_kg_per_mol;
    double solubility_mol_per_m3_Pa; ///< dissolved gas: concentration per partial pressure
} st_bridge;

/// A room's coherent unit system: SI base units in one unit of the system.
typedef struct st_unit_system {
    double si_per_unit[ST_DIM_COUNT];
} st_unit_system;

/// mL, day, nmol: length cm, mass g, time day, amount nmol; cells and points as they are.
extern const st_unit_system ST_UNITS_POPULATION;
extern const st_unit_system ST_UNITS_SI;

/// Factor that turns SI base units into units of the system for a dimension.
double st_units_from_si(const st_unit_system* system, const st_dim* dim);

/// Parses a unit such as `fg/cell/h`, `1/day`, `kg/m^2`, `m2/s`, `10^6 cells/mL`, `%`, `xg`.
/// "" and "1" are dimensionless. `a/b/c` is a/(b c); `a/b c` is refused, `a/(b c)` is
/// clear; a power of ten belongs to the unit behind it: `ng/10^6 cells/day`.
/// On failure false and a short reason in `why`.
bool st_unit_parse(const char* text, st_unit* out, char* why, size_t why_size);

/// Parses `2.5e-11 M`, `40 %`, `8 x 5 mL` (a product), `10^6 cells`, `-3`: number and unit.
/// `*unit_text` is borrowed from `text`: where its unit begins, "" without one. False with a
/// reason; then `*unit_text` is NULL when the number is wrong, else where the wrong unit begins.
bool st_quantity_parse(const char* text, double* number, st_unit* unit, const char** unit_text,
                       char* why, size_t why_size);

bool st_dim_equal(const st_dim* a, const st_dim* b); ///< exponents within 1e-9
bool st_dim_is_none(const st_dim* dim);
st_dim st_dim_none(void);
st_dim st_dim_product(const st_dim* a, const st_dim* b, double power_of_b);

/// Reduced form for messages: `mol m^-3`, `1` when dimensionless.
void st_dim_text(const st_dim* dim, char* out, size_t size);

/// Everyday word for a dimension where there is one ("length", "concentration", "rate"), else NULL.
const char* st_dim_word(const st_dim* dim);

/// Converts `number` of unit `from` into dimension `to` in SI, through `bridge` when the two differ
/// by a mass-for-amount or pressure-for-concentration exchange. False when they cannot meet.
bool st_quantity_convert(double number, const st_unit* from, const st_dim* to,
                         const st_bridge* bridge, double* si);

/// The same, expressed in the unit `to`: `4 mL` in mL is exactly 4, `40 %` in 1 exactly 0.4.
bool st_quantity_express(double number, const st_unit* from, const st_unit* to,
                         const st_bridge* bridge, double* out);

#endif
