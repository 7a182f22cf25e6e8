/// \file
/// What describes a person: names, units and words.
#include "base/base.h"

#include "stroma/patient.h"

#include <string.h>

static const st_attribute_info ABOUT[ST_ATTRIBUTE_COUNT] = {
    [ST_PERSON_AGE] = {"age", "y", "Age"},
    [ST_PERSON_FEMALE] = {"female", "1", "Female"},
    [ST_PERSON_HEIGHT] = {"height", "m", "Height"},
    [ST_PERSON_BMI] = {"bmi", "kg/m^2", "Body mass index"},
    [ST_PERSON_KL] = {"kl", "1", "Kellgren-Lawrence grade"},
    [ST_PERSON_VARUS] = {"varus", "deg", "Alignment, varus positive"},
    [ST_PERSON_PAIN] = {"base_pain", "vas", "Long-run pain (VAS 0-100)"},
    [ST_PERSON_FUNCTION] = {"base_function", "womac", "Long-run WOMAC function (0-68)"},
    [ST_PERSON_INFLAMMATION] = {"inflammation", "1", "Synovitis relative to the median patient"},
    [ST_PERSON_THICKNESS] = {"base_thickness", "mm", "Medial tibial cartilage thickness"},
    [ST_PERSON_DURATION] = {"duration", "y", "Duration of symptoms"},
    [ST_PERSON_STRENGTH] = {"strength", "1",
                            "Knee extensor strength relative to the median patient"},
    [ST_PERSON_INJURY] = {"injury", "1", "Ligament or meniscus torn before"},
};

const st_attribute_info* st_attribute_about(st_attribute attribute)
{
    ST_ASSERT((int)attribute >= 0 && attribute < ST_ATTRIBUTE_COUNT);
    return &ABOUT[attribute];
}

int st_attribute_find(const char* name)
{
    for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
        if (strcmp(ABOUT[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}
