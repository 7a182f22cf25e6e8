#include "base/number.h"
#include "base/units.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char* skip_spaces(const char* at)
{
    return at + strspn(at, " \t");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_number(const char* at)
{
    at += *at == '-' || *at == '+';
    return is_digit(*at) || (*at == '.' && is_digit(at[1]));
}

// One number, also as a power of ten: `10^6`. Gives where it ends, NULL when there is none.
static const char* parse_number(const char* at, double* number, char* why, size_t why_size)
{
    const size_t length = st_number_parse(at, number);
    const char* end = at + length;
    if (length == 0) {
        snprintf(why, why_size, starts_number(at) ? "the number is out of range" : "not a number");
        return NULL;
    }
    if (length == 2 && strncmp(at, "10^", 3) == 0) {
        char text[16] = "1e";
        const size_t sign = end[1] == '-' || end[1] == '+' ? 1 : 0;
        const size_t digits = strspn(end + 1 + sign, "0123456789");
        if (digits > 0 && digits <= 4) {
            memcpy(text + 2, end + 1, sign + digits);
        }
        if (digits == 0 || digits > 4 || st_number_parse(text, number) != 2 + sign + digits) {
            snprintf(why, why_size, "the power of ten is not a number in range");
            return NULL;
        }
        end += 1 + sign + digits;
    }
    if ((*end == ',' || *end == '_' || *end == '\'') && is_digit(end[1])) {
        snprintf(why, why_size, "'%c' inside a number; write 1000 and 1.5", *end);
        return NULL;
    }
    return end;
}

// Bytes of a product sign before another number: `8 x 5 mL`. The unit `xg` is none, and `0x10`,
// without a space, would be a hexadecimal elsewhere.
static size_t product_sign(const char* at)
{
    const bool is_cross = *at == 'x' && (at[-1] == ' ' || at[-1] == '\t');
    const size_t length = is_cross ? 1 : strncmp(at, "\xc3\x97", 2) == 0 ? 2 : 0;
    return length > 0 && starts_number(skip_spaces(at + length)) ? length : 0;
}

bool st_quantity_parse(const char* text, double* number, st_unit* unit, const char** unit_text,
                       char* why, size_t why_size)
{
    double value = 1.0;
    *unit_text = NULL;
    const char* at = parse_number(skip_spaces(text), &value, why, why_size);
    if (at == NULL) {
        return false;
    }
    at = skip_spaces(at);
    for (size_t sign = product_sign(at); sign > 0; sign = product_sign(at)) {
        double factor = 1.0;
        at = parse_number(skip_spaces(at + sign), &factor, why, why_size);
        if (at == NULL) {
            return false;
        }
        value *= factor;
        at = skip_spaces(at);
    }
    if (*at == 'x' && (at[1] == ' ' || at[1] == '\t')) {
        snprintf(why, why_size, "expected a number after 'x'; times gravity is written 'xg'");
        return false;
    }
    if (!isfinite(value)) {
        snprintf(why, why_size, "the number is out of range");
        return false;
    }
    if (strcmp(at, "1") == 0) {
        snprintf(why, why_size, "two numbers without a unit");
        return false;
    }
    *unit_text = at;
    st_unit parsed;
    if (!st_unit_parse(at, &parsed, why, why_size)) {
        return false;
    }
    *number = value;
    *unit = parsed;
    return true;
}

static bool is_whole(double ratio)
{
    const double whole = nearbyint(ratio);
    return whole >= 1.0 && whole < 0x1p53 && fabs(ratio - whole) <= 4.0 * DBL_EPSILON * whole;
}

// number * from / to. Both sizes are rounded, so a ratio this close to a whole number is one; with
// it the result is one exact operation: 7 mL are 7000 uL, 40 % are 0.4.
static double rescale(double number, double from, double to)
{
    if (is_whole(from / to)) {
        return number * nearbyint(from / to);
    }
    if (is_whole(to / from)) {
        return number / nearbyint(to / from);
    }
    return number * (from / to);
}

// What a value of dimension `from` must be multiplied with in SI to have dimension `to`:
// mass -> amount divides by the molar mass, pressure -> concentration multiplies with the
// solubility, each at most once and in either direction.                                   [BAS-6]
static bool bridge_factor(const st_dim* from, const st_dim* to, const st_bridge* bridge,
                          double* factor)
{
    static const st_dim amount_per_mass = {{[ST_DIM_AMOUNT] = 1, [ST_DIM_MASS] = -1}};
    static const st_dim concentration_per_pressure = {
        {[ST_DIM_AMOUNT] = 1, [ST_DIM_LENGTH] = -2, [ST_DIM_MASS] = -1, [ST_DIM_TIME] = 2}};
    const bool has_mass = bridge != NULL && bridge->molar_mass_kg_per_mol > 0.0;
    const bool has_gas = bridge != NULL && bridge->solubility_mol_per_m3_Pa > 0.0;
    static const int powers[3] = {0, 1, -1};
    for (int i = 0; i < (has_gas ? 3 : 1); i++) {
        for (int j = 0; j < (has_mass ? 3 : 1); j++) {
            st_dim dim = st_dim_product(from, &concentration_per_pressure, powers[i]);
            dim = st_dim_product(&dim, &amount_per_mass, powers[j]);
            if (st_dim_equal(&dim, to)) {
                *factor = 1.0;
                if (powers[i] != 0) {
                    const double solubility = bridge->solubility_mol_per_m3_Pa;
                    *factor = powers[i] > 0 ? solubility : 1.0 / solubility;
                }
                if (powers[j] != 0) {
                    const double molar_mass = bridge->molar_mass_kg_per_mol;
                    *factor = powers[j] > 0 ? *factor / molar_mass : *factor * molar_mass;
                }
                return true;
            }
        }
    }
    return false;
}

bool st_quantity_convert(double number, const st_unit* from, const st_dim* to,
                         const st_bridge* bridge, double* si)
{
    double factor;
    if (!bridge_factor(&from->dim, to, bridge, &factor)) {
        return false;
    }
    *si = rescale(number, from->factor, 1.0) * factor;
    return true;
}

bool st_quantity_express(double number, const st_unit* from, const st_unit* to,
                         const st_bridge* bridge, double* out)
{
    double factor;
    if (!bridge_factor(&from->dim, &to->dim, bridge, &factor)) {
        return false;
    }
    *out = rescale(number, from->factor, to->factor) * factor;
    return true;
}
