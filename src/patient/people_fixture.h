/// \file
/// Small people files for tests: all attributes are there, one of them may be replaced.
#ifndef ST_PATIENT_PEOPLE_FIXTURE_H
#define ST_PATIENT_PEOPLE_FIXTURE_H

#include "base/base.h"
#include "patient/people.h"

#include <stdio.h>
#include <string.h>
// cmocka needs these before it
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define N ST_ATTRIBUTE_COUNT

static const char SHIPPED[] = ST_SOURCE_DIR "/models/people/oai-symptomatic.yaml";

// Attributes of a small file; %s is replaced by one line, the rest stays fixed.
static const char* const LINE[N] = {
    "age: { fixed: 60 y, source: test }",
    "female: { share: 57 %, source: test }",
    "height: { fixed: 1.7 m, source: test }",
    "bmi: { normal: { mean: 30 kg/m^2, sd: 4 kg/m^2 }, source: test }",
    "kl: { counts: [1, 1, 4, 5, 2], source: test }",
    "varus: { normal: { mean: 1 deg, sd: 4 deg }, source: test }",
    "base_pain: { normal: { mean: 50 vas, sd: 10 vas }, source: test }",
    "base_function: { normal: { mean: 30 womac, sd: 6 womac }, source: test }",
    "inflammation: { lognormal: { median: 1, spread: factor 2 }, source: test }",
    "base_thickness: { fixed: 1.7 mm, source: test }",
    "duration: { fixed: 5 y, source: test }",
    "strength: { lognormal: { median: 1, spread: factor 1.5 }, source: test }",
    "injury: { share: 20 %, source: test }",
};

static void write_people(char* out, size_t size, int replaced, const char* line, const char* tail)
{
    size_t used = (size_t)snprintf(out, size, "people: Test\ndescription: test\nattributes:\n");
    for (int i = 0; i < N; ++i) {
        const char* const text = i == replaced ? line : LINE[i];
        if (text != NULL) {
            used += (size_t)snprintf(out + used, size - used, "  %s\n", text);
        }
    }
    snprintf(out + used, size - used, "%s", tail);
}

static st_people* parse_people(st_ctx* ctx, int replaced, const char* line, const char* tail)
{
    char text[4096];
    st_people* people = NULL;
    write_people(text, sizeof text, replaced, line, tail);
    const st_status status = st_people_parse(ctx, "people.yaml", text, strlen(text), &people);
    if (status != ST_OK) {
        print_message("%s\n", st_ctx_message(ctx, 0));
    }
    assert_int_equal(status, ST_OK);
    return people;
}

#endif
