#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct conversion {
    const char* from;
    const char* to;
    double expected;
} conversion;

// BAS-5: every expected value is written down from the definition of the units.
static const conversion conversions[] = {
    // lengths
    {"1 m", "mm", 1000},
    {"1 km", "m", 1000},
    {"1 cm", "mm", 10},
    {"1 dm", "cm", 10},
    {"1 mm", "um", 1000},
    {"1 um", "nm", 1000},
    {"1 nm", "pm", 1000},
    {"1 pm", "fm", 1000},
    {"2.5 \xc2\xb5m", "um", 2.5},
    {"2.5 \xce\xbcm", "um", 2.5},
    {"1 Mm", "km", 1000},
    {"1 Gm", "Mm", 1000},
    {"1 hm", "m", 100},
    {"1 dam", "m", 10},
    {"0.25 mm", "cm", 0.025},
    {"-3 mm", "m", -0.003},
    {"+3 mm", "m", 0.003},
    {"0 mm", "m", 0},
    // areas and volumes
    {"1 m^2", "cm^2", 1e4},
    {"1 m2", "mm2", 1e6},
    {"1 cm2", "mm^2", 100},
    {"1 m\xc2\xb2", "m^2", 1},
    {"1 cm\xc2\xb3", "mL", 1},
    {"1 mL", "mm^3", 1000},
    {"1 mL", "uL", 1000},
    {"1 uL", "nL", 1000},
    {"1 nL", "pL", 1000},
    {"1 pL", "fL", 1000},
    {"1 fL", "um^3", 1},
    {"1 L", "mL", 1000},
    {"1 l", "L", 1},
    {"1 ml", "mL", 1},
    {"1 ul", "uL", 1},
    {"1 dL", "mL", 100},
    {"1 cL", "mL", 10},
    {"1 m^3", "L", 1000},
    {"4 mL", "cm3", 4},
    {"13.6 mL", "L", 0.0136},
    {"8 x 5 mL", "mL", 40},
    {"12 x 5 mL", "mL", 60},
    {"8 \xc3\x97 5 mL", "mL", 40},
    {"2 x 8 x 5 mL", "L", 0.08},
    // masses
    {"1 kg", "g", 1000},
    {"1 g", "mg", 1000},
    {"1 mg", "ug", 1000},
    {"1 ug", "ng", 1000},
    {"1 ng", "pg", 1000},
    {"1 pg", "fg", 1000},
    {"40 mg", "g", 0.04},
    {"1 \xc2\xb5g", "ng", 1000},
    {"70 kg", "kg", 70},
    // times
    {"1 min", "s", 60},
    {"1 h", "min", 60},
    {"1 hour", "s", 3600},
    {"2 hours", "min", 120},
    {"1 d", "h", 24},
    {"1 day", "s", 86400},
    {"3 days", "h", 72},
    {"1 week", "days", 7},
    {"6 weeks", "d", 42},
    {"1 month", "day", 30.4375},
    {"12 months", "y", 1},
    {"24 months", "years", 2},
    {"1 y", "day", 365.25},
    {"1 year", "months", 12},
    {"50 years", "y", 50},
    {"1 s", "ms", 1000},
    {"1 ms", "us", 1000},
    {"1 us", "ns", 1000},
    {"14 min", "s", 840},
    {"90 s", "min", 1.5},
    // amounts and concentrations
    {"1 mol", "mmol", 1000},
    {"1 mmol", "umol", 1000},
    {"1 umol", "nmol", 1000},
    {"1 nmol", "pmol", 1000},
    {"1 pmol", "fmol", 1000},
    {"1 M", "mol/L", 1},
    {"1 M", "mol/m^3", 1000},
    {"1 mM", "mol/m^3", 1},
    {"1 mM", "uM", 1000},
    {"1 uM", "nM", 1000},
    {"1 nM", "pM", 1000},
    {"1 pM", "fM", 1000},
    {"1 uM", "nmol/mL", 1},
    {"2.5e-11 M", "pM", 25},
    {"2.5e-11 M", "nmol/mL", 2.5e-5},
    {"20 nM", "nmol/mL", 0.02},
    {"1 \xc2\xb5M", "nM", 1000},
    {"1 mol/L", "mmol/mL", 1},
    {"1 fmol/um^3", "M", 1},
    {"5 mmol/L", "mM", 5},
    // mass per volume
    {"1 g/L", "mg/mL", 1},
    {"1 ng/mL", "ug/L", 1},
    {"1 pg/mL", "ng/L", 1},
    {"1.14 pg/mL", "pg/mL", 1.14},
    {"1 mg/dL", "mg/L", 10},
    {"1 g/cm^3", "kg/m^3", 1000},
    {"10 mg/mL", "g/L", 10},
    {"15 g/dL", "g/L", 150},
    {"1 ug/mL", "kg/m3", 1e-3},
    // molar masses
    {"17.5 kDa", "kg/mol", 17.5},
    {"1 Da", "g/mol", 1},
    {"1 MDa", "kDa", 1000},
    {"434.5 g/mol", "Da", 434.5},
    {"352.5 g/mol", "kDa", 0.3525},
    // rates
    {"1 1/day", "1/h", 1.0 / 24},
    {"0.25 1/day", "day^-1", 0.25},
    {"0.03 1/h", "1/day", 0.72},
    {"1 1/s", "1/min", 60},
    {"1 Hz", "1/s", 1},
    {"1 kHz", "Hz", 1000},
    {"1 s^-1", "Hz", 1},
    {"1 s-1", "Hz", 1},
    {"1 h\xe2\x81\xbb\xc2\xb9", "1/h", 1},
    {"60 rpm", "1/s", 1},
    {"3000 rpm", "Hz", 50},
    {"8 %/year", "1/y", 0.08},
    {"10 %/month", "%/year", 120},
    {"1e-3 1/h", "1/day", 0.024},
    {"5.5 1/day", "1/week", 38.5},
    // cells
    {"1e7 cells", "cells", 1e7},
    {"1e7 cells", "cell", 1e7},
    {"10^7 cells", "cells", 1e7},
    {"1 cell", "cells", 1},
    {"2 x 10^6 cells", "cells", 2e6},
    {"2.5 x 1e6 cells", "cells", 2.5e6},
    {"5 10^6 cells/mL", "cells/mL", 5e6},
    {"1e6 cells/mL", "cells/uL", 1000},
    {"10^6 cells/mL", "cells/L", 1e9},
    {"1000 cells/cm^2", "cells/mm^2", 10},
    {"4000 cells/cm2", "cells/m2", 4e7},
    {"1 cells/uL", "cells/mL", 1000},
    {"1e6 cells/mL/day", "cells/mL/h", 1e6 / 24},
    {"3 1e6 cells", "cells", 3e6},
    {"10 1e3 cells/uL", "10^6 cells/mL", 10},
    // per cell
    {"3 fg/cell/h", "fg/cell/day", 72},
    {"1 pg/cell/day", "fg/cell/day", 1000},
    {"1 ng/10^6 cells/day", "fg/cell/day", 1},
    {"24 fmol/cell/day", "fmol/cell/h", 1},
    {"1 fmol/cell/h", "mol/cell/h", 1e-15},
    {"1 pg/(cell day)", "pg/cell/day", 1},
    {"1 mL/cell/day", "uL/cell/day", 1000},
    {"1 pL/cell/h", "nL/cell/day", 0.024},
    {"1 1/(cell h)", "1/cell/h", 1},
    {"2 pg cell^-1 h^-1", "pg/cell/h", 2},
    // pressure
    {"1 Pa", "N/m^2", 1},
    {"1 kPa", "Pa", 1000},
    {"1 MPa", "kPa", 1000},
    {"1 GPa", "MPa", 1000},
    {"1 hPa", "Pa", 100},
    {"1 mmHg", "Pa", 133.322387415},
    {"760 mmHg", "kPa", 101.3250144354},
    {"760 Torr", "atm", 1},
    {"1 Torr", "Pa", 101325.0 / 760},
    {"1 mTorr", "Torr", 1e-3},
    {"1 bar", "kPa", 100},
    {"1 mbar", "hPa", 1},
    {"1 atm", "Pa", 101325},
    {"1 nN/um^2", "kPa", 1},
    {"1 N/mm^2", "MPa", 1},
    // force, energy, power
    {"1 N", "kg m/s^2", 1},
    {"1 N", "kg m s^-2", 1},
    {"1 N", "kg*m/s/s", 1},
    {"1 N", "kg.m/s^2", 1},
    {"1 N", "kg\xc2\xb7m/s^2", 1},
    {"1 N", "kg\xe2\x8b\x85m/s^2", 1},
    {"1 kN", "N", 1000},
    {"1 nN", "pN", 1000},
    {"1 mN", "uN", 1000},
    {"1 J", "N m", 1},
    {"1 kJ", "J", 1000},
    {"1 W", "J/s", 1},
    {"1 mW", "uW", 1000},
    {"10 mW/cm^2", "W/m^2", 100},
    {"1 W h", "J", 3600},
    {"1 J/(kg K)", "J/kg/K", 1},
    {"1 J/cm^2", "kJ/m^2", 10},
    // flows, diffusion, viscosity
    {"10 mL/h", "mL/day", 240},
    {"5.3 mL/h", "L/day", 0.1272},
    {"1 uL/min", "mL/day", 1.44},
    {"1 m2/s", "um^2/s", 1e12},
    {"1e-10 m^2/s", "um^2/s", 100},
    {"100 um^2/s", "cm^2/day", 0.0864},
    {"1 mPa s", "Pa s", 1e-3},
    {"1 Pa*s", "kg/m/s", 1},
    {"1 cm/s", "m/h", 36},
    {"1 um/h", "um/day", 24},
    {"0.25 %/year", "%/y", 0.25},
    // acceleration
    {"1 xg", "m/s^2", 9.80665},
    {"1000 xg", "m/s^2", 9806.65},
    {"300 xg", "km/s^2", 2.941995},
    {"1000xg", "m/s2", 9806.65},
    // pure numbers
    {"40 %", "1", 0.4},
    {"5 %", "", 0.05},
    {"0.4", "%", 40},
    {"100 %", "1", 1},
    {"40%", "1", 0.4},
    {"3", "1", 3},
    {".5", "1", 0.5},
    {"-3", "1", -3},
    {"+2e3", "1", 2000},
    {"1E3", "1", 1000},
    {"10^6", "1", 1e6},
    {"10^-3", "1", 1e-3},
    {"180 deg", "1", 3.14159265358979323846},
    {"90 deg", "1", 1.57079632679489661923},
    // electricity, heat, light
    {"1 A", "mA", 1000},
    {"310.15 K", "K", 310.15},
    {"1 K", "mK", 1000},
    {"1 cd", "mcd", 1000},
    // instruments and international units
    {"12 vas", "vas", 12},
    {"3 vas/month", "vas/year", 36},
    {"4 nrs", "nrs", 4},
    {"48 womac", "womac", 48},
    {"60 koos", "koos", 60},
    {"55 ikdc", "ikdc", 55},
    {"0.7 qol", "qol", 0.7},
    {"100 IU", "IU", 100},
    {"1 kIU", "IU", 1000},
    {"100 IU/mL", "IU/L", 1e5},
    {"1 mIU/mL", "IU/L", 1},
    // bodies and fractional powers
    {"29.7 kg/m^2", "kg/m^2", 29.7},
    {"35 kg/m2", "g/cm^2", 3.5},
    {"2 m^0.5", "cm^0.5", 20},
    {"4 (mL/day)^0.5", "(mL/day)^0.5", 4},
    {"1 (m/s)^2", "m^2/s^2", 1},
    {"1 1/(mM s)", "1/(M s)", 1000},
    {"1e5 1/M/s", "1/nM/s", 1e-4},
    {"1.3e-6 M/mmHg", "mM/mmHg", 1.3e-3},
    {"1.3e-6 M/mmHg", "mol/m^3/Pa", 1.3e-3 / 133.322387415},
    {"1 mg/kg", "1", 1e-6},
    {"0.1 mg/kg/day", "1/day", 1e-7},
    {"1 rad", "1", 1},
    {"250 ppm", "%", 0.025},
    {"1 kcal", "J", 4184},
    {"2 mV", "uV", 2000},
    {"3 V", "A ohm", 3},
    {"5 mC", "mA s", 5},
    {"2 nM^0.5", "M^0.5", 6.324555320336759e-05},
    {"1 1/mM^1.5", "1/M^1.5", 31622.776601683792},
    {"8 mm^1.5", "m^1.5", 2.529822128134703e-04},
};

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-15 * fabs(b);
}

static void each_conversion_gives_the_defined_value(void** state)
{
    (void)state;
    const size_t count = sizeof conversions / sizeof conversions[0];
    assert_true(count >= 200);
    for (size_t i = 0; i < count; i++) {
        const conversion* c = &conversions[i];
        double number, value;
        st_unit from, to;
        const char* unit_text;
        char why[160] = "";
        if (!st_quantity_parse(c->from, &number, &from, &unit_text, why, sizeof why) ||
            !st_unit_parse(c->to, &to, why, sizeof why)) {
            fail_msg("%s in %s: %s", c->from, c->to, why);
        }
        if (!st_quantity_express(number, &from, &to, NULL, &value)) {
            fail_msg("%s in %s: dimensions differ", c->from, c->to);
        }
        if (!near(value, c->expected)) {
            fail_msg("%s in %s: got %.17g, expected %.17g", c->from, c->to, value, c->expected);
        }
    }
}

/// There and back again: the number that was written, to the last bit but two.
static void each_conversion_round_trips(void** state)
{
    (void)state;
    for (size_t i = 0; i < sizeof conversions / sizeof conversions[0]; i++) {
        const conversion* c = &conversions[i];
        double number, there, back;
        st_unit from, to;
        const char* unit_text;
        char why[160];
        assert_true(st_quantity_parse(c->from, &number, &from, &unit_text, why, sizeof why));
        assert_true(st_unit_parse(c->to, &to, why, sizeof why));
        assert_true(st_quantity_express(number, &from, &to, NULL, &there));
        assert_true(st_quantity_express(there, &to, &from, NULL, &back));
        if (!(fabs(back - number) <= 5e-16 * fabs(number))) {
            fail_msg("%s by way of %s: got %.17g back", c->from, c->to, back);
        }
        // and by way of the population room's own units
        const double inside =
            number * from.factor * st_units_from_si(&ST_UNITS_POPULATION, &from.dim);
        const double out = inside / st_units_from_si(&ST_UNITS_POPULATION, &from.dim) / from.factor;
        if (!(fabs(out - number) <= 1e-15 * fabs(number))) {
            fail_msg("%s through mL, day, nmol: got %.17g back", c->from, out);
        }
    }
}

static void the_common_cases_are_exact(void** state)
{
    (void)state;
    static const conversion exact[] = {
        {"4 mL", "mL", 4},     {"40 %", "1", 0.4},
        {"3 uL", "mL", 0.003}, {"7 mL", "uL", 7000},
        {"0.1 L", "mL", 100},  {"24 months", "y", 2},
        {"29 %", "1", 0.29},   {"57 %", "1", 0.57},
        {"50 y", "years", 50}, {"1.14 pg/mL", "ng/L", 1.14},
    };
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        double number, value;
        st_unit from, to;
        const char* unit_text;
        char why[160];
        assert_true(st_quantity_parse(exact[i].from, &number, &from, &unit_text, why, sizeof why));
        assert_true(st_unit_parse(exact[i].to, &to, why, sizeof why));
        assert_true(st_quantity_express(number, &from, &to, NULL, &value));
        if (value != exact[i].expected) {
            fail_msg("%s in %s: got %.17g", exact[i].from, exact[i].to, value);
        }
    }
}

static void wrong_units_are_refused_with_a_reason(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        const char* why;
    } wrong[] = {
        {"foo", "unknown unit 'foo'"},
        {"mL/foo", "unknown unit 'foo'"},
        {"NM", "unknown unit 'NM'"},
        {"kcells", "unknown unit 'kcells'"},
        {"kday", "unknown unit 'kday'"},
        {"kkg", "unknown unit 'kkg'"},
        {"21G", "'21G': a number inside a unit must be a power of ten such as 10^6"},
        {"G", "'G' is a needle gauge, no unit of measure"},
        {"degC", "'degC' is a scale with an offset; write kelvin, for example '310.15 K'"},
        {"degF", "'degF' is a scale with an offset; write kelvin, for example '310.15 K'"},
        {"\xc2\xb0"
         "C",
         "'\xc2\xb0"
         "C' is a scale with an offset; write kelvin, for example '310.15 K'"},
        {"mL/", "the unit ends too early"},
        {"/day", "'/' does not belong in a unit"},
        {"mL//day", "'/' does not belong in a unit"},
        {"mL/kg day", "a product after '/' can be read two ways; use brackets: 'a/(b c)'"},
        {"mL/kg*day", "a product after '/' can be read two ways; use brackets: 'a/(b c)'"},
        {"(mL/day", "a bracket is not closed"},
        {"mL)", "')' does not belong in a unit"},
        {"()", "')' does not belong in a unit"},
        {"m^", "expected a power after '^'"},
        {"m^x", "expected a power after '^'"},
        {"m^99", "power 99 is beyond 20"},
        {"m99", "power 99 is beyond 20"},
        {"000 mL", "'000': a number inside a unit must be a power of ten such as 10^6"},
        {"1 mL", "'1': a number inside a unit must be a power of ten such as 10^6"},
        {"2/day", "'2/day': a number inside a unit must be a power of ten such as 10^6"},
        {"10^0.5 m", "'10^0.5': a number inside a unit must be a power of ten such as 10^6"},
        {"10^999 m", "'10^999': a number inside a unit must be a power of ten such as 10^6"},
        {"m & s", "'&' does not belong in a unit"},
        {"((((((((((m))))))))))", "brackets nest too deep"},
        {"Gm^20 Gm^20", "the unit's size is out of range"},
        {"fm^20", "the unit's size is out of range"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        st_unit unit;
        char why[160] = "";
        if (st_unit_parse(wrong[i].text, &unit, why, sizeof why)) {
            fail_msg("'%s' was taken for a unit", wrong[i].text);
        }
        assert_string_equal(why, wrong[i].why);
    }
}

static void wrong_quantities_are_refused_with_a_reason(void** state)
{
    (void)state;
    static const struct {
        const char* text;
        const char* why;
    } wrong[] = {
        {"", "not a number"},
        {"mL", "not a number"},
        {"nan", "not a number"},
        {"inf mL", "not a number"},
        {"0x10 mL", "unknown unit 'x'"},
        {"- 3 mL", "not a number"},
        {"1,000 mL", "',' inside a number; write 1000 and 1.5"},
        {"1_000 mL", "'_' inside a number; write 1000 and 1.5"},
        {"1'000 mL", "''' inside a number; write 1000 and 1.5"},
        {"1 000 mL", "'000': a number inside a unit must be a power of ten such as 10^6"},
        {"1,5 mL", "',' inside a number; write 1000 and 1.5"},
        {"5 1", "two numbers without a unit"},
        {"5 6 mL", "'6': a number inside a unit must be a power of ten such as 10^6"},
        {"1000 x g", "expected a number after 'x'; times gravity is written 'xg'"},
        {"1e999 mL", "the number is out of range"},
        {"1e-999 mL", "the number is out of range"},
        {"1e300 x 1e300 mL", "the number is out of range"},
        {"10^999 cells", "the power of ten is not a number in range"},
        {"10^x cells", "the power of ten is not a number in range"},
        {"2^6 cells", "'^' does not belong in a unit"},
        {"8 x 1,5 mL", "',' inside a number; write 1000 and 1.5"},
        {"37 degC", "'degC' is a scale with an offset; write kelvin, for example '310.15 K'"},
        {"21 G", "'G' is a needle gauge, no unit of measure"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double number;
        st_unit unit;
        const char* unit_text;
        char why[160] = "";
        if (st_quantity_parse(wrong[i].text, &number, &unit, &unit_text, why, sizeof why)) {
            fail_msg("'%s' was taken for a quantity", wrong[i].text);
        }
        assert_string_equal(why, wrong[i].why);
    }
}

static double convert(const char* text, const char* to_text, const st_bridge* bridge)
{
    double number;
    double value = NAN;
    st_unit from, to;
    const char* unit_text;
    char why[160];
    assert_true(st_quantity_parse(text, &number, &from, &unit_text, why, sizeof why));
    assert_true(st_unit_parse(to_text, &to, why, sizeof why));
    const bool fits = st_quantity_express(number, &from, &to, bridge, &value);
    double si = NAN;
    assert_true(st_quantity_convert(number, &from, &to.dim, bridge, &si) == fits);
    if (fits) { // both ways of asking agree
        assert_true(fabs(si - value * to.factor) <= 1e-15 * fabs(si));
    }
    return value;
}

// BAS-6: mass meets amount through the molar mass, pressure meets concentration by solubility.
static void a_bridge_joins_mass_and_amount(void** state)
{
    (void)state;
    const st_bridge il1 = {17.5, 0};                             // 17.5 kDa
    const st_bridge oxygen = {0.031998, 1.3e-3 / 133.322387415}; // 1.3e-6 M/mmHg
    assert_true(near(convert("17.5 ng/mL", "nM", &il1), 1.0));
    assert_true(near(convert("1 nM", "ng/mL", &il1), 17.5));
    assert_true(near(convert("17.5 fg/cell/h", "fmol/cell/h", &il1), 1e-3));
    assert_true(near(convert("1 pmol", "ng", &il1), 17.5));
    assert_true(near(convert("35 ug/day", "nmol/day", &il1), 2.0));
    assert_true(near(convert("1 1/M/s", "mL/g/s", &il1), 1000 / 17.5e3));
    assert_true(near(convert("100 mmHg", "uM", &oxygen), 130.0));
    assert_true(near(convert("130 uM", "mmHg", &oxygen), 100.0));
    assert_true(near(convert("100 mmHg", "mg/L", &oxygen), 130e-6 * 31.998e3));
    assert_true(isnan(convert("1 ng/mL", "nM", NULL)));
    assert_true(isnan(convert("1 mmHg", "nM", &il1)));
    assert_true(isnan(convert("1 ng^2", "mol^2", &il1)));
    assert_true(isnan(convert("1 mL", "mm", &oxygen)));
}

static void points_of_a_scale_are_no_lengths(void** state)
{
    (void)state;
    assert_true(isnan(convert("10 mm", "vas", NULL)));
    assert_true(isnan(convert("10 vas", "nrs", NULL)));
    assert_true(isnan(convert("10 womac", "koos", NULL)));
    assert_true(isnan(convert("10 cells", "1", NULL)));
    assert_true(isnan(convert("10 IU", "mg", NULL)));
}

static void dimensions_are_told_in_words_and_in_base_units(void** state)
{
    (void)state;
    static const struct {
        const char* unit;
        const char* text;
        const char* word;
    } cases[] = {
        {"1", "1", "number"},
        {"nm", "m", "length"},
        {"mL", "m^3", "volume"},
        {"nM", "mol m^-3", "concentration"},
        {"ng/mL", "kg m^-3", "mass concentration"},
        {"1/day", "s^-1", "rate"},
        {"fg/cell/h", "kg s^-1 cell^-1", "mass per cell and time"},
        {"kPa", "kg m^-1 s^-2", "pressure"},
        {"N", "m kg s^-2", "force"},
        {"m^0.5", "m^0.5", NULL},
        {"vas", "vas", "VAS points"},
        {"cells/mL", "cell m^-3", "cell density"},
        {"kg/m^2", "kg m^-2", "mass per area"},
        {"M/mmHg", "s^2 mol m^-2 kg^-1", "solubility"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        st_unit unit;
        char why[160], text[128];
        assert_true(st_unit_parse(cases[i].unit, &unit, why, sizeof why));
        st_dim_text(&unit.dim, text, sizeof text);
        assert_string_equal(text, cases[i].text);
        const char* word = st_dim_word(&unit.dim);
        assert_string_equal(word != NULL ? word : "-", cases[i].word != NULL ? cases[i].word : "-");
    }
}

static void the_population_room_gets_its_own_units(void** state)
{
    (void)state;
    static const struct {
        const char* quantity;
        double expected;
    } cases[] = {
        {"4 mL", 4},           {"1 L", 1000},           {"1 h", 1.0 / 24},
        {"20 nM", 0.02},       {"3 fg/cell/h", 72e-15}, {"5 mm", 0.5},
        {"10 mL/h", 240},      {"40 mg", 0.04},         {"0.25 1/day", 0.25},
        {"1e6 cells/mL", 1e6}, {"12 vas", 12},          {"1 m^0.5", 10},
        {"2 nmol/mL/day", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double number, si;
        st_unit unit;
        const char* unit_text;
        char why[160];
        assert_true(
            st_quantity_parse(cases[i].quantity, &number, &unit, &unit_text, why, sizeof why));
        assert_true(st_quantity_convert(number, &unit, &unit.dim, NULL, &si));
        const double value = si * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim);
        if (!near(value, cases[i].expected)) {
            fail_msg("%s: got %.17g", cases[i].quantity, value);
        }
        assert_true(st_units_from_si(&ST_UNITS_SI, &unit.dim) == 1.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_conversion_gives_the_defined_value),
        cmocka_unit_test(each_conversion_round_trips),
        cmocka_unit_test(the_common_cases_are_exact),
        cmocka_unit_test(wrong_units_are_refused_with_a_reason),
        cmocka_unit_test(wrong_quantities_are_refused_with_a_reason),
        cmocka_unit_test(a_bridge_joins_mass_and_amount),
        cmocka_unit_test(points_of_a_scale_are_no_lengths),
        cmocka_unit_test(dimensions_are_told_in_words_and_in_base_units),
        cmocka_unit_test(the_population_room_gets_its_own_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
