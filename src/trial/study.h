/// \file
/// A loaded study, as the files of this room see it.
#ifndef ST_TRIAL_STUDY_H
#define ST_TRIAL_STUDY_H

#include "stroma/trial.h"

#include "later.h"
#include "responders.h"

#include "base/doc.h"

/// Mean month of the calendar, in days.
#define ST_STUDY_MONTH_DAY (365.25 / 12.0)

/// Most screening visits.
#define ST_SCREENING_LIMIT 6
/// Most plans of care of one arm.
#define ST_ARM_PLAN_LIMIT 4
/// Most factors of stratified allocation: 2^n strata.
#define ST_STRATUM_LIMIT 6

/// A factor of stratified allocation: people below the cut, and the others.
typedef struct st_stratum {
    int attribute;
    double cut;
} st_stratum;

/// What is done about missing readings in contrasts that need them.
typedef enum st_missing { ST_MISSING_OBSERVED, ST_MISSING_LOCF } st_missing;

typedef enum st_method { ST_METHOD_ANCOVA, ST_METHOD_WELCH, ST_METHOD_MMRM } st_method;

typedef enum st_multiplicity {
    ST_MULTIPLICITY_NONE,
    ST_MULTIPLICITY_HOLM,
    ST_MULTIPLICITY_HOCHBERG,
    ST_MULTIPLICITY_DUNNETT,
} st_multiplicity;

/// Analyses beside the primary one, bits of st_study.also.
typedef enum st_also {
    ST_ALSO_ANCOVA = 1,
    ST_ALSO_WELCH = 2,
    ST_ALSO_MMRM = 4,
    ST_ALSO_LOCF = 8,
    ST_ALSO_PROTOCOL = 16,
    ST_ALSO_RESPONDERS = 32,
    ST_ALSO_TIME = 64,
    ST_ALSO_BOOTSTRAP = 128,
    ST_ALSO_ASSUMED = 256,
    ST_ALSO_JUMP = 512,
} st_also;

/// One line of `people.entry`, or one criterion of `people.candidacy`.
typedef struct st_entry_criterion {
    int attribute;      ///< st_attribute, -1 when it is another thing
    int instrument;     ///< measured score, -1 when it is another thing
    int candidacy;      ///< criterion of the study's candidacy, -1 when it is another thing
    st_range range;     ///< in the attribute's unit or the instrument's points
    const char* reason; ///< name and bounds as written, for the count of reasons
} st_entry_criterion;

/// One arm: what people see of it, and what is done.
typedef struct st_arm {
    st_arm_info info;
    st_recipe* recipe;                ///< owned; NULL: nothing is injected
    st_care* care[ST_ARM_PLAN_LIMIT]; ///< owned
    int care_count;
    const char* plan; ///< titles of the plans, "" without
    bool is_open;     ///< people know their arm
    st_repeat repeat;
    st_crossover crossover;
    const st_node* node;
} st_arm;

typedef struct st_source_text {
    const char* name;
    const char* role;
    const char* text;
    size_t length;
} st_source_text;

struct st_study {
    st_ctx* ctx;
    st_arena arena; ///< texts, merged nodes and tables of this struct
    st_doc* doc;
    const char* path;
    const char* model_dir;
    const char* title;
    const char* blinding;
    uint64_t seed;

    st_model* model;
    st_instruments* instruments;
    st_context_rules* context;
    st_catalogue* catalogue;
    st_story* story; ///< measured bands of procedures
    st_people* people;
    st_person_plan* plan; ///< from people to this model's parameters and inputs

    double screening_day[ST_SCREENING_LIMIT]; ///< < 0, ascending: when entry scores are measured
    int screening_count;                      ///< 0: at the baseline itself
    st_trigger run_in;                        ///< change from the last screening to the baseline
    st_entry_criterion* criterion;
    int criterion_count;
    st_candidacy* candidacy; ///< owned; NULL = not asked

    st_arm* arm;
    int arm_count;
    int twin_count;       ///< arms among them that run the people of all others
    int64_t people_count; ///< sum over the other arms

    st_visit_info* visit;
    int visit_count;
    int* measure; ///< instrument of each measure
    int measure_count;
    st_drop_out drop_out;
    st_rescue rescue;
    st_replacement replacement;
    st_doc* replacement_doc; ///< owned
    bool harvest_tells;      ///< who gave marrow or fat knows the arm
    double guess_share;      ///< share of blinded people who find out

    int block_size; ///< people per block of the allocation, 0: one urn
    int ratio[32];  ///< [arm_count] places of each arm in the shortest block
    st_stratum stratum[ST_STRATUM_LIMIT];
    int stratum_count;

    int primary_measure, primary_visit, primary_control;
    st_method method;
    st_missing missing;
    st_multiplicity multiplicity;
    unsigned also; ///< st_also
    st_responders_definition responder[ST_RESPONDERS_LIMIT];
    int responder_count;
    int influence_people; ///< of the panel of st_influence_emit(), or ST_INFLUENCE_AUTO, _OFF

    st_published_row* published;
    int published_count;
    char* table_text; ///< published table and scale names as read, owned
    size_t table_length;
    const char* table_name;
    char* scales_text;
    size_t scales_length;

    st_source_text* source;
    int source_count;
};

/// st_study_load() from a text in memory; `name` stands for the file in messages.
st_status st_study_parse(st_ctx* ctx, const char* name, const char* text, const char* model_dir,
                         st_study** out);

/// Position of an arm or a measure by name, -1 when absent.
int st_study_find_arm(const st_study* study, const char* name);
int st_study_find_measure(const st_study* study, const char* name);

#endif
