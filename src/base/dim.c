#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXPONENT_TOLERANCE 1e-9

static const char* const base_symbol[ST_DIM_COUNT] = {
    [ST_DIM_LENGTH] = "m",    [ST_DIM_MASS] = "kg",       [ST_DIM_TIME] = "s",
    [ST_DIM_CURRENT] = "A",   [ST_DIM_TEMPERATURE] = "K", [ST_DIM_AMOUNT] = "mol",
    [ST_DIM_LUMINOUS] = "cd", [ST_DIM_CELL] = "cell",     [ST_DIM_VAS] = "vas",
    [ST_DIM_NRS] = "nrs",     [ST_DIM_WOMAC] = "womac",   [ST_DIM_KOOS] = "koos",
    [ST_DIM_IKDC] = "ikdc",   [ST_DIM_QOL] = "qol",       [ST_DIM_IU] = "IU",
};

bool st_dim_equal(const st_dim* a, const st_dim* b)
{
    for (int i = 0; i < ST_DIM_COUNT; i++) {
        if (!(fabs(a->exponent[i] - b->exponent[i]) <= EXPONENT_TOLERANCE)) {
            return false;
        }
    }
    return true;
}

st_dim st_dim_none(void)
{
    return (st_dim){{0}};
}

bool st_dim_is_none(const st_dim* dim)
{
    const st_dim none = st_dim_none();
    return st_dim_equal(dim, &none);
}

st_dim st_dim_product(const st_dim* a, const st_dim* b, double power_of_b)
{
    st_dim product;
    for (int i = 0; i < ST_DIM_COUNT; i++) {
        product.exponent[i] = a->exponent[i] + power_of_b * b->exponent[i];
    }
    return product;
}

static bool shows(double exponent, bool positive)
{
    return positive ? exponent > EXPONENT_TOLERANCE : exponent < -EXPONENT_TOLERANCE;
}

void st_dim_text(const st_dim* dim, char* out, size_t size)
{
    char text[ST_DIM_COUNT * 24] = "";
    size_t used = 0;
    for (int pass = 0; pass < 2; pass++) { // what is multiplied, then what is divided by
        for (int i = 0; i < ST_DIM_COUNT; i++) {
            const double exponent = dim->exponent[i];
            if (!shows(exponent, pass == 0)) {
                continue;
            }
            const char* space = used > 0 ? " " : "";
            const bool is_one = fabs(exponent - 1.0) <= EXPONENT_TOLERANCE;
            const int length =
                is_one ? snprintf(text + used, sizeof text - used, "%s%s", space, base_symbol[i])
                       : snprintf(text + used, sizeof text - used, "%s%s^%g", space, base_symbol[i],
                                  exponent);
            used += (size_t)length;
        }
    }
    snprintf(out, size, "%s", used > 0 ? text : "1");
}

// Words for messages only: nothing is decided by them.
static const struct {
    const char* word;
    st_dim dim;
} dim_words[] = {
    {"number", {{0}}},
    {"length", {{[ST_DIM_LENGTH] = 1}}},
    {"area", {{[ST_DIM_LENGTH] = 2}}},
    {"volume", {{[ST_DIM_LENGTH] = 3}}},
    {"mass", {{[ST_DIM_MASS] = 1}}},
    {"time", {{[ST_DIM_TIME] = 1}}},
    {"rate", {{[ST_DIM_TIME] = -1}}},
    {"electric current", {{[ST_DIM_CURRENT] = 1}}},
    {"temperature", {{[ST_DIM_TEMPERATURE] = 1}}},
    {"amount", {{[ST_DIM_AMOUNT] = 1}}},
    {"luminous intensity", {{[ST_DIM_LUMINOUS] = 1}}},
    {"number of cells", {{[ST_DIM_CELL] = 1}}},
    {"cell density", {{[ST_DIM_CELL] = 1, [ST_DIM_LENGTH] = -3}}},
    {"cells per area", {{[ST_DIM_CELL] = 1, [ST_DIM_LENGTH] = -2}}},
    {"cells per volume and time", {{[ST_DIM_CELL] = 1, [ST_DIM_LENGTH] = -3, [ST_DIM_TIME] = -1}}},
    {"concentration", {{[ST_DIM_AMOUNT] = 1, [ST_DIM_LENGTH] = -3}}},
    {"concentration per time", {{[ST_DIM_AMOUNT] = 1, [ST_DIM_LENGTH] = -3, [ST_DIM_TIME] = -1}}},
    {"mass concentration", {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = -3}}},
    {"mass concentration per time",
     {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = -3, [ST_DIM_TIME] = -1}}},
    {"mass per area", {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = -2}}},
    {"molar mass", {{[ST_DIM_MASS] = 1, [ST_DIM_AMOUNT] = -1}}},
    {"amount per cell and time", {{[ST_DIM_AMOUNT] = 1, [ST_DIM_CELL] = -1, [ST_DIM_TIME] = -1}}},
    {"mass per cell and time", {{[ST_DIM_MASS] = 1, [ST_DIM_CELL] = -1, [ST_DIM_TIME] = -1}}},
    {"volume per cell and time", {{[ST_DIM_LENGTH] = 3, [ST_DIM_CELL] = -1, [ST_DIM_TIME] = -1}}},
    {"mass per cell", {{[ST_DIM_MASS] = 1, [ST_DIM_CELL] = -1}}},
    {"amount per cell", {{[ST_DIM_AMOUNT] = 1, [ST_DIM_CELL] = -1}}},
    {"rate per concentration", {{[ST_DIM_LENGTH] = 3, [ST_DIM_AMOUNT] = -1, [ST_DIM_TIME] = -1}}},
    {"amount per time", {{[ST_DIM_AMOUNT] = 1, [ST_DIM_TIME] = -1}}},
    {"mass per time", {{[ST_DIM_MASS] = 1, [ST_DIM_TIME] = -1}}},
    {"flow", {{[ST_DIM_LENGTH] = 3, [ST_DIM_TIME] = -1}}},
    {"diffusivity", {{[ST_DIM_LENGTH] = 2, [ST_DIM_TIME] = -1}}},
    {"speed", {{[ST_DIM_LENGTH] = 1, [ST_DIM_TIME] = -1}}},
    {"acceleration", {{[ST_DIM_LENGTH] = 1, [ST_DIM_TIME] = -2}}},
    {"force", {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = 1, [ST_DIM_TIME] = -2}}},
    {"pressure", {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = -1, [ST_DIM_TIME] = -2}}},
    {"viscosity", {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = -1, [ST_DIM_TIME] = -1}}},
    {"energy", {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = 2, [ST_DIM_TIME] = -2}}},
    {"power", {{[ST_DIM_MASS] = 1, [ST_DIM_LENGTH] = 2, [ST_DIM_TIME] = -3}}},
    {"irradiance", {{[ST_DIM_MASS] = 1, [ST_DIM_TIME] = -3}}},
    {"solubility",
     {{[ST_DIM_AMOUNT] = 1, [ST_DIM_LENGTH] = -2, [ST_DIM_MASS] = -1, [ST_DIM_TIME] = 2}}},
    {"VAS points", {{[ST_DIM_VAS] = 1}}},
    {"NRS points", {{[ST_DIM_NRS] = 1}}},
    {"WOMAC points", {{[ST_DIM_WOMAC] = 1}}},
    {"KOOS points", {{[ST_DIM_KOOS] = 1}}},
    {"IKDC points", {{[ST_DIM_IKDC] = 1}}},
    {"quality-of-life points", {{[ST_DIM_QOL] = 1}}},
    {"international units", {{[ST_DIM_IU] = 1}}},
};

const char* st_dim_word(const st_dim* dim)
{
    for (size_t i = 0; i < sizeof dim_words / sizeof dim_words[0]; i++) {
        if (st_dim_equal(dim, &dim_words[i].dim)) {
            return dim_words[i].word;
        }
    }
    return NULL;
}
