/// \file
/// For tests of this room only: a study made of plain tables, so that the store can be driven
/// without the rooms to its left, and a run of realistic size with its statistics. Included by one
/// test file each; it defines the accessors of trial.h, model.h, patient.h and procedure.h that the
/// store calls.
#ifndef ST_REPORT_FAKE_STUDY_H
#define ST_REPORT_FAKE_STUDY_H

#include "base/random.h"
#include "stroma/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_ARM_LIMIT   16
#define FAKE_VISIT_COUNT 5
#define FAKE_MEASURES    3
#define FAKE_MONTH_DAY   (365.25 / 12.0)

struct st_study {
    const char* title;
    int arm_count, published_count, source_count;
    st_arm_info arm[FAKE_ARM_LIMIT];
    double effect[FAKE_ARM_LIMIT]; // product's part of pain at 12 months, points
    st_published_row published[8];
    bool nobody_stays; // all leave before the first visit
    bool has_variant;
};

static const st_visit_info fake_visit[FAKE_VISIT_COUNT] = {
    {0.0, 0.0},
    {3 * FAKE_MONTH_DAY, 3.0},
    {6 * FAKE_MONTH_DAY, 6.0},
    {12 * FAKE_MONTH_DAY, 12.0},
    {24 * FAKE_MONTH_DAY, 24.0},
};

static const st_instrument_info fake_instrument[FAKE_MEASURES] = {
    {.name = "vas_pain",
     .title = "Pain (VAS 0-100)",
     .unit = "points (0-100)",
     .lo = 0,
     .hi = 100,
     .step = 1,
     .noise_sd = 12,
     .drift_sd = 6,
     .drift_tau_day = 40,
     .lower_is_better = true,
     .important_change = 15,
     .important_source = "PMID: 12345678, doi 10.1000/xyz(1)"},
    {.name = "womac_function",
     .title = "Function (WOMAC 0-68)",
     .unit = "points (0-68)",
     .lo = 0,
     .hi = 68,
     .step = 1,
     .noise_sd = 6,
     .lower_is_better = true,
     .important_change = 9,
     .important_source = "10.1000/abc"},
    {.name = "thickness",
     .title = "Medial tibial cartilage",
     .unit = "mm",
     .lo = 0,
     .hi = 10,
     .noise_sd = 0.03,
     .lower_is_better = false,
     .important_change = 0},
};

static const st_state_info fake_state[] = {
    {"msc_suspended@fluid", ST_STATE_CELL, "cells", "cells", 1, 1e6, false},
    {"msc_adherent@synovium", ST_STATE_CELL, "cells", "cells", 1, 1e4, false},
    {"msc_dying@fluid", ST_STATE_CELL, "cells", "cells", 1, 1e6, false},
    {"macrophage_m1@synovium", ST_STATE_CELL, "cells", "cells", 1, 1e6, false},
    {"collagen@cartilage", ST_STATE_MATRIX, "1", "%", 100, 1, false},
    {"tnf@fluid", ST_STATE_SUBSTRATE, "nmol/mL", "pg/mL", 1.7e7, 1e-6, false},
};
#define FAKE_STATES ((int)(sizeof fake_state / sizeof fake_state[0]))

static const st_definition_info fake_definition[] = {
    {"thickness", "cm", "mm", 10, "base_thickness * collagen@cartilage"},
};

static const st_dose_target fake_dose[] = {
    {"msc", 0, 2, -1, 1.0, true, 0.0},
};

#define FAKE_PARAMETERS 71
static st_parameter_info fake_parameter(int index)
{
    static char name[FAKE_PARAMETERS][32];
    snprintf(name[index], sizeof name[index], "macrophage_m1.rate_%d", index);
    const st_parameter_info sourced = {.name = name[index],
                                       .value = 0.25 / (1 + index),
                                       .unit = "1/day",
                                       .show_unit = "1/day",
                                       .show_factor = 1,
                                       .spread_kind = ST_SPREAD_LOGNORMAL,
                                       .spread = 0.35,
                                       .lo = 0,
                                       .hi = INFINITY,
                                       .source = "Smith 2010, doi:10.1371/journal.pone.0000001, "
                                                 "table 2 (mouse; PMC1234567)",
                                       .line = index};
    st_parameter_info p = sourced;
    if (index % 3 == 0) {
        p.source = NULL;
        p.assumed = "no dose curve found; order of magnitude from monoculture <in vitro>";
        p.spread_kind = ST_SPREAD_NONE;
        p.value = 2.5e-11 * (1 + index);
    }
    return p;
}

// --- accessors
const char* st_study_title(const st_study* s)
{
    return s->title;
}
const st_model* st_study_model(const st_study* s)
{
    return (const st_model*)(const void*)s;
}
const st_instruments* st_study_instruments(const st_study* s)
{
    return (const st_instruments*)(const void*)s;
}
const st_catalogue* st_study_catalogue(const st_study* s)
{
    return (const st_catalogue*)(const void*)s;
}
const st_people* st_study_people(const st_study* s)
{
    return (const st_people*)(const void*)s;
}
uint64_t st_study_seed(const st_study* s)
{
    (void)s;
    return 20161;
}
const char* st_study_blinding(const st_study* s)
{
    (void)s;
    return "open";
}
int st_study_arm_count(const st_study* s)
{
    return s->arm_count;
}
const st_arm_info* st_study_arm(const st_study* s, int arm)
{
    return &s->arm[arm];
}
int st_study_visit_count(const st_study* s)
{
    (void)s;
    return FAKE_VISIT_COUNT;
}
const st_visit_info* st_study_visit(const st_study* s, int v)
{
    (void)s;
    return &fake_visit[v];
}
int st_study_measure_count(const st_study* s)
{
    (void)s;
    return FAKE_MEASURES;
}
int st_study_measure(const st_study* s, int index)
{
    (void)s;
    return index;
}
int st_study_primary_measure(const st_study* s)
{
    (void)s;
    return 0;
}
int st_study_primary_visit(const st_study* s)
{
    (void)s;
    return 3;
}
int st_study_source_count(const st_study* s)
{
    return s->source_count;
}
const char* st_study_source(const st_study* s, int index, const char** name, const char** role,
                            size_t* length)
{
    static const char* const text[] = {"study: It's\nmodel: knee-oa\n", "model: Knee\n"};
    (void)s;
    *name = index == 0 ? "some/folder/study.yaml" : "knee-oa.yaml";
    *role = index == 0 ? "study" : "model";
    *length = strlen(text[index]);
    return text[index];
}
int st_study_published_count(const st_study* s)
{
    return s->published_count;
}
const st_published_row* st_study_published(const st_study* s, int i)
{
    return &s->published[i];
}
const char* st_model_title(const st_model* m)
{
    (void)m;
    return "Knee osteoarthritis";
}
const char* st_model_variant(const st_model* m)
{
    return ((const st_study*)(const void*)m)->has_variant ? "placebo-only" : "";
}
uint64_t st_model_hash(const st_model* m)
{
    (void)m;
    return 0x0123456789abcdefu;
}
int st_model_state_count(const st_model* m)
{
    (void)m;
    return FAKE_STATES;
}
const st_state_info* st_model_state(const st_model* m, int i)
{
    (void)m;
    return &fake_state[i];
}
int st_model_find_state(const st_model* m, const char* name)
{
    for (int i = 0; i < FAKE_STATES; i++) {
        if (strcmp(st_model_state(m, i)->name, name) == 0) {
            return i;
        }
    }
    return -1;
}
int st_model_parameter_count(const st_model* m)
{
    (void)m;
    return FAKE_PARAMETERS;
}
const st_parameter_info* st_model_parameter(const st_model* m, int i)
{
    static st_parameter_info p[FAKE_PARAMETERS];
    (void)m;
    p[i] = fake_parameter(i);
    return &p[i];
}
int st_model_definition_count(const st_model* m)
{
    (void)m;
    return 1;
}
const st_definition_info* st_model_definition(const st_model* m, int i)
{
    (void)m;
    return &fake_definition[i];
}
int st_model_dose_count(const st_model* m)
{
    (void)m;
    return 1;
}
const st_dose_target* st_model_dose(const st_model* m, int i)
{
    (void)m;
    return &fake_dose[i];
}
int st_catalogue_value_count(const st_catalogue* c)
{
    (void)c;
    return 2;
}
const st_catalogue_value* st_catalogue_value_at(const st_catalogue* c, int i)
{
    static const st_catalogue_value v[] = {
        {"needle.loss", 0.03, "1", "Garvican 2014, PMID 24780287", NULL},
        {"expand.days", 21, "day", NULL, "usual practice"}};
    (void)c;
    return &v[i];
}
const char* st_people_title(const st_people* p)
{
    (void)p;
    return "OAI, symptomatic (PMC6284324)";
}
// A distribution, and a fact that nothing asks about.
int st_people_figure_count(const st_people* p)
{
    (void)p;
    return 2;
}
int st_people_fact_count(const st_people* p)
{
    (void)p;
    return 1;
}
st_figure_info st_people_figure(const st_people* p, int i)
{
    (void)p, (void)i;
    return (st_figure_info){"height", NAN, "m", NULL, "usual heights <of> older adults"};
}
const st_candidacy* st_study_candidacy(const st_study* s)
{
    (void)s;
    return NULL;
}
// The last arms of a study follow one plan.
int st_study_plan_count(const st_study* s, int arm)
{
    (void)s;
    return arm >= 2;
}
const st_care* st_study_plan(const st_study* s, int arm, int index)
{
    (void)arm, (void)index;
    return (const st_care*)(const void*)s;
}
const char* st_care_title(const st_care* care)
{
    (void)care;
    return "Walking";
}
const char* st_care_source(const st_care* care, const char** name, size_t* length)
{
    (void)care;
    *name = "plans/walking.yaml";
    *length = 0;
    return "";
}
int st_care_figure_count(const st_care* care)
{
    (void)care;
    return 1;
}
st_figure_info st_care_figure(const st_care* care, int i)
{
    (void)care, (void)i;
    return (st_figure_info){"adherence", 0.75, "1", "PMID: 12345678", NULL};
}
const st_instrument_info* st_instruments_at(const st_instruments* i, int index)
{
    (void)i;
    return &fake_instrument[index];
}

#endif
