#include "base/maths.h"
#include "base/number.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POWER_LIMIT   20
#define DECIMAL_LIMIT 290
#define DEPTH_LIMIT   8
#define PI            3.14159265358979323846

// value in SI = number * top / bottom * 10^decimal: powers of ten stay whole numbers until the end,
// so that a unit such as mL is the double nearest to 1e-6.                                  [BAS-5]
typedef struct unit_name {
    const char* name;
    bool takes_prefix;
    double top, bottom;
    int decimal;
    st_dim dim;
} unit_name;

#define DIM(...)                                                                                   \
    {                                                                                              \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define LENGTH [ST_DIM_LENGTH]
#define MASS   [ST_DIM_MASS]
#define TIME   [ST_DIM_TIME]
#define AMOUNT [ST_DIM_AMOUNT]

static const unit_name unit_names[] = {
    {"m", true, 1, 1, 0, DIM(LENGTH = 1)},
    {"g", true, 1, 1, -3, DIM(MASS = 1)},
    {"s", true, 1, 1, 0, DIM(TIME = 1)},
    {"A", true, 1, 1, 0, DIM([ST_DIM_CURRENT] = 1)},
    {"K", true, 1, 1, 0, DIM([ST_DIM_TEMPERATURE] = 1)},
    {"mol", true, 1, 1, 0, DIM(AMOUNT = 1)},
    {"cd", true, 1, 1, 0, DIM([ST_DIM_LUMINOUS] = 1)},
    {"cell", false, 1, 1, 0, DIM([ST_DIM_CELL] = 1)},
    {"cells", false, 1, 1, 0, DIM([ST_DIM_CELL] = 1)},
    {"min", false, 60, 1, 0, DIM(TIME = 1)},
    {"h", false, 3600, 1, 0, DIM(TIME = 1)},
    {"hour", false, 3600, 1, 0, DIM(TIME = 1)},
    {"hours", false, 3600, 1, 0, DIM(TIME = 1)},
    {"d", false, 86400, 1, 0, DIM(TIME = 1)},
    {"day", false, 86400, 1, 0, DIM(TIME = 1)},
    {"days", false, 86400, 1, 0, DIM(TIME = 1)},
    {"week", false, 604800, 1, 0, DIM(TIME = 1)},
    {"weeks", false, 604800, 1, 0, DIM(TIME = 1)},
    {"month", false, 2629800, 1, 0, DIM(TIME = 1)}, // 30.4375 days
    {"months", false, 2629800, 1, 0, DIM(TIME = 1)},
    {"y", false, 31557600, 1, 0, DIM(TIME = 1)}, // 365.25 days
    {"year", false, 31557600, 1, 0, DIM(TIME = 1)},
    {"years", false, 31557600, 1, 0, DIM(TIME = 1)},
    {"L", true, 1, 1, -3, DIM(LENGTH = 3)},
    {"l", true, 1, 1, -3, DIM(LENGTH = 3)},
    {"M", true, 1, 1, 3, DIM(AMOUNT = 1, LENGTH = -3)},
    {"Da", true, 1, 1, -3, DIM(MASS = 1, AMOUNT = -1)}, // as a molar mass: g/mol
    {"Pa", true, 1, 1, 0, DIM(MASS = 1, LENGTH = -1, TIME = -2)},
    {"bar", true, 1, 1, 5, DIM(MASS = 1, LENGTH = -1, TIME = -2)},
    {"mmHg", false, 133.322387415, 1, 0, DIM(MASS = 1, LENGTH = -1, TIME = -2)},
    {"Torr", true, 101325, 760, 0, DIM(MASS = 1, LENGTH = -1, TIME = -2)},
    {"atm", false, 101325, 1, 0, DIM(MASS = 1, LENGTH = -1, TIME = -2)},
    {"N", true, 1, 1, 0, DIM(MASS = 1, LENGTH = 1, TIME = -2)},
    {"J", true, 1, 1, 0, DIM(MASS = 1, LENGTH = 2, TIME = -2)},
    {"W", true, 1, 1, 0, DIM(MASS = 1, LENGTH = 2, TIME = -3)},
    {"Hz", true, 1, 1, 0, DIM(TIME = -1)},
    {"rpm", false, 1, 60, 0, DIM(TIME = -1)},                 // turns per minute
    {"xg", false, 980665, 1, -5, DIM(LENGTH = 1, TIME = -2)}, // standard gravity
    {"deg", false, PI, 180, 0, DIM(LENGTH = 0)},
    {"rad", false, 1, 1, 0, DIM(LENGTH = 0)},
    {"ppm", false, 1, 1, -6, DIM(LENGTH = 0)},
    {"cal", true, 4184, 1, -3, DIM(MASS = 1, LENGTH = 2, TIME = -2)}, // thermochemical
    {"C", true, 1, 1, 0, DIM([ST_DIM_CURRENT] = 1, TIME = 1)},
    {"V", true, 1, 1, 0, DIM(MASS = 1, LENGTH = 2, TIME = -3, [ST_DIM_CURRENT] = -1)},
    {"ohm", true, 1, 1, 0, DIM(MASS = 1, LENGTH = 2, TIME = -3, [ST_DIM_CURRENT] = -2)},
    {"%", false, 1, 1, -2, DIM(LENGTH = 0)},
    {"IU", true, 1, 1, 0, DIM([ST_DIM_IU] = 1)},
    {"vas", false, 1, 1, 0, DIM([ST_DIM_VAS] = 1)},
    {"nrs", false, 1, 1, 0, DIM([ST_DIM_NRS] = 1)},
    {"womac", false, 1, 1, 0, DIM([ST_DIM_WOMAC] = 1)},
    {"koos", false, 1, 1, 0, DIM([ST_DIM_KOOS] = 1)},
    {"ikdc", false, 1, 1, 0, DIM([ST_DIM_IKDC] = 1)},
    {"qol", false, 1, 1, 0, DIM([ST_DIM_QOL] = 1)},
};

static const struct {
    const char* text;
    int decimal;
} prefixes[] = {
    {"f", -15},
    {"p", -12},
    {"n", -9},
    {"u", -6},
    {"\xc2\xb5", -6} /* micro */,
    {"\xce\xbc", -6} /* mu */,
    {"m", -3},
    {"c", -2},
    {"d", -1},
    {"da", 1},
    {"h", 2},
    {"k", 3},
    {"M", 6},
    {"G", 9},
};

static const struct {
    const char* name;
    const char* reason;
} refused_names[] = {
    {"degC", "is a scale with an offset; write kelvin, for example '310.15 K'"},
    {"degF", "is a scale with an offset; write kelvin, for example '310.15 K'"},
    {"\xc2\xb0"
     "C",
     "is a scale with an offset; write kelvin, for example '310.15 K'"},
    {"\xc2\xb0"
     "F",
     "is a scale with an offset; write kelvin, for example '310.15 K'"},
    {"G", "is a needle gauge, no unit of measure"},
    {"\xc2\xb0", "is no unit here; write 'deg' for an angle"},
};

typedef struct unit_parser {
    const char* at;
    char* why;
    size_t why_size;
    int depth;
} unit_parser;

typedef struct scale {
    double top, bottom;
    int decimal;
    st_dim dim;
} scale;

static bool starts_with(const char* text, const char* head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

static bool name_equal(const char* name, const char* text, size_t length)
{
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

static const unit_name* find_unit(const char* text, size_t length)
{
    for (size_t i = 0; i < sizeof unit_names / sizeof unit_names[0]; i++) {
        if (name_equal(unit_names[i].name, text, length)) {
            return &unit_names[i];
        }
    }
    return NULL;
}

// A whole name wins over prefix and unit: `min` is a minute, `cd` a candela.
static const unit_name* find_prefixed(const char* text, size_t length, int* decimal)
{
    *decimal = 0;
    const unit_name* whole = find_unit(text, length);
    if (whole != NULL) {
        return whole;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const size_t head = strlen(prefixes[i].text);
        if (length > head && memcmp(text, prefixes[i].text, head) == 0) {
            const unit_name* unit = find_unit(text + head, length - head);
            if (unit != NULL && unit->takes_prefix) {
                *decimal = prefixes[i].decimal;
                return unit;
            }
        }
    }
    return NULL;
}

// --- the parser ---------------------------------------------------------------------------------

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Bytes of a multiplication sign at `at`: `*`, `.`, middle dot, dot operator, multiplication cross.
static size_t times_sign(const char* at)
{
    if (*at == '*' || *at == '.') {
        return 1;
    }
    return starts_with(at, "\xc2\xb7") || starts_with(at, "\xc3\x97") ? 2
           : starts_with(at, "\xe2\x8b\x85")                          ? 3
                                                                      : 0;
}

static size_t superscript(const char* at, double* power)
{
    const size_t minus = starts_with(at, "\xe2\x81\xbb") ? 3 : 0;
    const double sign = minus > 0 ? -1.0 : 1.0;
    static const char* const digits[3] = {"\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
    for (int i = 0; i < 3; i++) {
        if (starts_with(at + minus, digits[i])) {
            *power = sign * (i + 1);
            return minus + 2;
        }
    }
    return 0;
}

static size_t name_length(const char* at)
{
    size_t length = 0;
    double power;
    while (is_letter(at[length]) || at[length] == '%' || at[length] == '_' ||
           ((unsigned char)at[length] >= 0x80 && times_sign(at + length) == 0 &&
            superscript(at + length, &power) == 0)) {
        length += 1;
    }
    return length;
}

static void skip_spaces(unit_parser* p)
{
    while (*p->at == ' ' || *p->at == '\t') {
        p->at += 1;
    }
}

// `^-1`, `^0.5`, `2`, `-3` or a superscript after a name; 1 when there is none.
static bool parse_power(unit_parser* p, double* power)
{
    *power = 1.0;
    size_t length = superscript(p->at, power);
    if (length == 0 && *p->at == '^') {
        p->at += 1;
        length = st_number_parse(p->at, power);
        if (length == 0) {
            snprintf(p->why, p->why_size, "expected a power after '^'");
            return false;
        }
    } else if (length == 0) {
        const size_t sign = (*p->at == '-' || *p->at == '+') && is_digit(p->at[1]) ? 1 : 0;
        const size_t digits = strspn(p->at + sign, "0123456789");
        if (digits > 0 && digits <= 4) {
            char text[8];
            snprintf(text, sizeof text, "%.*s", (int)(sign + digits), p->at);
            length = st_number_parse(text, power);
        }
    }
    if (!(fabs(*power) <= POWER_LIMIT)) {
        snprintf(p->why, p->why_size, "power %g is beyond %d", *power, POWER_LIMIT);
        return false;
    }
    p->at += length;
    return true;
}

static void multiply(scale* total, const scale* factor, double power)
{
    total->dim = st_dim_product(&total->dim, &factor->dim, power);
    const double whole = nearbyint(power);
    const double decimal = factor->decimal * power;
    total->decimal += (int)floor(decimal);
    if (decimal != floor(decimal)) {
        total->top *= st_pow(10.0, decimal - floor(decimal));
    }
    if (factor->top == 1.0 && factor->bottom == 1.0) {
        return;
    }
    if (power != whole) {
        total->top *= st_pow(factor->top / factor->bottom, power);
        return;
    }
    for (int i = 0; i < (int)fabs(whole); i++) {
        total->top *= power > 0.0 ? factor->top : factor->bottom;
        total->bottom *= power > 0.0 ? factor->bottom : factor->top;
    }
}

// 1, 10^6, 1e6: other numbers inside a unit would hide a mistake such as `1 000 mL`.
static bool parse_number(unit_parser* p, scale* factor)
{
    const char* start = p->at;
    const size_t digits = strspn(start, "0123456789");
    bool fits = false;
    double decimal = 0.0;
    if (digits == 2 && starts_with(start, "10^")) {
        const size_t length = st_number_parse(start + 3, &decimal);
        p->at = start + 3 + length;
        fits = length > 0;
    } else if (digits == 1 && (starts_with(start, "1e") || starts_with(start, "1E"))) {
        const size_t length = st_number_parse(start + 2, &decimal);
        p->at = start + 2 + length;
        fits = length > 0;
    } else if (digits == 1 && start[0] == '1') {
        p->at = start + 1;
        skip_spaces(p);
        fits = *p->at == '/' || *p->at == '\0';
    }
    if (!fits || decimal != nearbyint(decimal) || fabs(decimal) > DECIMAL_LIMIT) {
        const size_t shown = strcspn(start, " ");
        snprintf(p->why, p->why_size,
                 "'%.*s': a number inside a unit must be a power of ten such as 10^6",
                 (int)(shown < 24 ? shown : 24), start);
        return false;
    }
    factor->decimal = (int)decimal;
    return true;
}

static bool parse_name(unit_parser* p, scale* factor)
{
    const size_t length = name_length(p->at);
    const int shown = (int)(length < 40 ? length : 40);
    if (length == 0) {
        if (*p->at == '\0') {
            snprintf(p->why, p->why_size, "the unit ends too early");
        } else {
            snprintf(p->why, p->why_size, "'%c' does not belong in a unit", *p->at);
        }
        return false;
    }
    int decimal = 0;
    const unit_name* unit = find_prefixed(p->at, length, &decimal);
    if (unit == NULL) {
        for (size_t i = 0; i < sizeof refused_names / sizeof refused_names[0]; i++) {
            if (name_equal(refused_names[i].name, p->at, length)) {
                snprintf(p->why, p->why_size, "'%.*s' %s", shown, p->at, refused_names[i].reason);
                return false;
            }
        }
        snprintf(p->why, p->why_size, "unknown unit '%.*s'", shown, p->at);
        return false;
    }
    *factor = (scale){unit->top, unit->bottom, unit->decimal + decimal, unit->dim};
    p->at += length;
    return true;
}

static bool parse_product(unit_parser* p, scale* total);

static bool parse_factor(unit_parser* p, double sign, scale* total)
{
    scale factor = {1.0, 1.0, 0, st_dim_none()};
    double power = 1.0;
    if (is_digit(*p->at)) {
        if (!parse_number(p, &factor)) {
            return false;
        }
        skip_spaces(p);
        if (name_length(p->at) > 0) { // a power of ten belongs to what follows: ng/10^6 cells
            scale name = {1.0, 1.0, 0, st_dim_none()};
            double name_power = 1.0;
            if (!parse_name(p, &name) || !parse_power(p, &name_power)) {
                return false;
            }
            multiply(&factor, &name, name_power);
        }
    } else if (*p->at == '(') {
        if (p->depth >= DEPTH_LIMIT) {
            snprintf(p->why, p->why_size, "brackets nest too deep");
            return false;
        }
        p->at += 1;
        p->depth += 1;
        if (!parse_product(p, &factor)) {
            return false;
        }
        p->depth -= 1;
        if (*p->at != ')') {
            snprintf(p->why, p->why_size, "a bracket is not closed");
            return false;
        }
        p->at += 1;
        if (!parse_power(p, &power)) {
            return false;
        }
    } else if (!parse_name(p, &factor) || !parse_power(p, &power)) {
        return false;
    }
    multiply(total, &factor, sign * power);
    return true;
}

// factor, then more factors after space, `*`, `.` or `/`. Ends at `)` or at the end of the text.
static bool parse_product(unit_parser* p, scale* total)
{
    bool divided = false;
    skip_spaces(p);
    if (!parse_factor(p, 1.0, total)) {
        return false;
    }
    for (;;) {
        skip_spaces(p);
        if (*p->at == '\0' || *p->at == ')') {
            return true;
        }
        const size_t times = times_sign(p->at);
        if (*p->at == '/') {
            divided = true;
            p->at += 1;
        } else if (divided) {
            snprintf(p->why, p->why_size,
                     "a product after '/' can be read two ways; use brackets: 'a/(b c)'");
            return false;
        } else {
            p->at += times;
        }
        skip_spaces(p);
        if (!parse_factor(p, divided ? -1.0 : 1.0, total)) {
            return false;
        }
    }
}

static double power_of_ten(int exponent)
{
    double power = 1.0;
    for (int i = 0; i < exponent; i++) {
        power *= 10.0; // exact up to 1e22
    }
    return power;
}

bool st_unit_parse(const char* text, st_unit* out, char* why, size_t why_size)
{
    unit_parser parser = {text, why, why_size, 0};
    scale total = {1.0, 1.0, 0, st_dim_none()};
    skip_spaces(&parser);
    if (*parser.at != '\0') {
        if (!parse_product(&parser, &total)) {
            return false;
        }
        if (*parser.at != '\0') {
            snprintf(why, why_size, "'%c' does not belong in a unit", *parser.at);
            return false;
        }
    }
    if (total.decimal > DECIMAL_LIMIT || total.decimal < -DECIMAL_LIMIT) {
        snprintf(why, why_size, "the unit's size is out of range");
        return false;
    }
    const double factor = total.decimal >= 0
                              ? total.top * power_of_ten(total.decimal) / total.bottom
                              : total.top / (total.bottom * power_of_ten(-total.decimal));
    if (!(isfinite(factor) && factor > 0.0)) {
        snprintf(why, why_size, "the unit's size is out of range");
        return false;
    }
    out->dim = total.dim;
    out->factor = factor;
    return true;
}
