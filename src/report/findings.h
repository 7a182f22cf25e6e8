/// \file
/// Private: what a store says, in memory, for the page and the terminal. Rows have the types of
/// trial.h; every person is left in the store.
#ifndef ST_REPORT_FINDINGS_H
#define ST_REPORT_FINDINGS_H

#include "base/base.h"
#include "report/query.h"
#include "stroma/trial.h"

typedef struct st_finding_parameter {
    const char *origin, *name, *unit, *spread_kind;
    double value, spread, lo, hi;
    const char *source, *assumed; ///< "" when not given
} st_finding_parameter;

typedef struct st_finding_quantity {
    const char *name, *kind, *unit, *role;
} st_finding_quantity;

typedef struct st_finding_file {
    const char *name, *role, *hash;
} st_finding_file;

typedef struct st_finding_pair {
    const char *key, *value;
} st_finding_pair;

/// People of an arm at entry.
typedef struct st_finding_people {
    int count;
    double mean[ST_ATTRIBUTE_COUNT], sd[ST_ATTRIBUTE_COUNT]; ///< NAN when not known
    int left, failed, not_placed;
} st_finding_people;

/// Means of the noise-free twins of the people who were read.
typedef struct st_finding_twin {
    int arm, measure, visit;
    double value, sham, untreated;
} st_finding_twin;

/// People who reached their first important change, and those who kept it.           [REP-1, REP-2]
typedef struct st_finding_response {
    int arm, measure, visit;
    int64_t at_risk, events; ///< without one so far and read now; of these with one now
    int64_t first, held;     ///< better at the first visit and read now; of these still better
} st_finding_response;

/// People of an arm of one kind: change and the product's part, primary measure and visit.
typedef struct st_finding_subgroup {
    int arm;
    const char* factor;
    int position;
    double lo, hi; ///< NAN: open
    int64_t n;
    double change, change_sd, product, product_sd;
} st_finding_subgroup;

/// What happened to an arm's people after treatment.
typedef struct st_finding_later {
    int arm;
    const char *name, *estimand;
    int64_t people, times;
} st_finding_later;

/// A tube at one time; shares as text, from the surface down.
typedef struct st_finding_tube {
    int arm, spin, step;
    double time_s, height_mm, interface_mm;
    const char *red, *platelet, *white;
} st_finding_tube;

typedef struct st_findings {
    st_arena arena; ///< owns all below
    int about_count, arm_count, visit_count, measure_count, published_count, parameter_count;
    int quantity_count, file_count, outcome_count, contrast_count, split_count, event_count;
    int dose_step_count, course_count, screening_count, failure_count;
    int twin_count, response_count, subgroup_count, later_count, analysis_count, survival_count;
    st_finding_pair* about;
    st_arm_info* arm;
    st_visit_info* visit;
    st_instrument_info* measure; ///< the measured instruments
    st_published_row* published;
    st_finding_parameter* parameter;
    st_finding_quantity* quantity;
    st_finding_file* file;
    st_outcome_row* outcome;
    st_contrast_row* contrast;
    st_split_row* split;
    st_event_row* event;
    st_dose_step_row* dose_step;
    st_course_row* course; ///< by arm, name, day
    st_screening_row* screening;
    st_failure_row* failure;
    st_finding_people* people; ///< [arm]
    st_finding_twin* twin;
    st_finding_response* response;
    st_finding_subgroup* subgroup;
    st_finding_later* later;
    st_analysis_row* analysis;
    st_survival_row* survival;   ///< by arm, event, day
    st_responder_row* responder; ///< by name, visit, arm
    int responder_count;
    st_influence_row* influence;
    st_prepared_row* prepared; ///< by arm
    st_finding_tube* tube;     ///< by arm, spin, step
    int influence_count, prepared_count, tube_count;
    const char* prefix; ///< of ids on the page, "" unless it holds two runs
    int primary_measure, primary_visit;
    int assumed_count;    ///< parameters without a source
    int64_t person_count; ///< people; those of twin arms are counted where they belong
} st_findings;

st_status st_findings_load(st_ctx* ctx, const char* dir, st_findings* findings);
void st_findings_clear(st_findings* findings);

const char* st_findings_about(const st_findings* findings, const char* key); ///< "" when absent

/// NULL when the store has no such row.
const st_outcome_row* st_findings_outcome(const st_findings* f, int arm, int measure, int visit);
const st_split_row* st_findings_split(const st_findings* f, int arm, int measure, int visit,
                                      const char* part);
/// The contrast of an arm with its own control; NULL when there is none or it has no number.
const st_contrast_row* st_findings_contrast(const st_findings* f, int arm, int measure, int visit);
/// The same with another arm: its control, or a twin arm with the same people.
const st_contrast_row* st_findings_contrast_with(const st_findings* f, int arm, int versus,
                                                 int measure, int visit);
/// True for the arms that others stand beside: a study's control, twin arms.
bool st_findings_is_comparator(const st_findings* f, int arm);

/// NULL when the store has no such row.
const st_finding_twin* st_findings_twin(const st_findings* f, int arm, int measure, int visit);
const st_finding_response* st_findings_response(const st_findings* f, int arm, int measure,
                                                int visit);
const st_finding_subgroup* st_findings_subgroup(const st_findings* f, int arm, const char* factor,
                                                int position);

/// "msc_suspended@fluid" as people read it: "msc suspended in fluid".
const char* st_findings_plain_name(st_arena* arena, const char* name);

/// Rows of the course of `name` in `arm`; *count 0 when there are none.
const st_course_row* st_findings_course(const st_findings* f, int arm, const char* name,
                                        int* count);

#endif
