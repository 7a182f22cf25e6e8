/// \file
/// models/validation.yaml and models/uncertainty.yaml: how arms become studies, how rows are
/// weighted, how sure the model is of itself.
#ifndef ST_TRIAL_VALIDATE_RULES_H
#define ST_TRIAL_VALIDATE_RULES_H

#include "stroma/trial.h"

#include "validate_baseline.h"

#include "base/doc.h"

typedef struct st_validate_intervention {
    const char* name;
    const char* arm;    ///< YAML of a study's arm, NULL for untreated
    const char* skip;   ///< why it cannot be computed, NULL when it can
    const char* class_; ///< name of its class
    int class_index;
    double dose; ///< cells, 0 = none
    const char* why;
} st_validate_intervention;

typedef struct st_validate_scale {
    const char* name;
    int instrument;
    double offset, slope;       ///< printed = offset + slope * instrument
    double lo, hi;              ///< printed
    double person_sd, trial_sd; ///< printed
    int family;
} st_validate_scale;

typedef struct st_validate_criterion {
    int instrument;
    double percent, points;
} st_validate_criterion;

#define ST_VALIDATE_CRITERION_LIMIT 4

typedef struct st_validate_responder {
    const char* name;
    st_validate_criterion any[ST_VALIDATE_CRITERION_LIMIT], all[ST_VALIDATE_CRITERION_LIMIT];
    int any_count, all_count;
    int enough; ///< so many of `all` suffice
} st_validate_responder;

/// What a page left out.
typedef struct st_validate_given {
    const char *trial, *arm, *source;
    double n, dose; ///< NAN: not given
} st_validate_given;

typedef struct st_validate_uncertain {
    int parameter;
    bool is_factor;
    double spread; ///< sigma of ln, or standard deviation in the model's unit
} st_validate_uncertain;

typedef struct st_validate_rules {
    st_arena arena;
    st_doc *doc, *uncertainty; ///< owned
    const st_node *joints, *conditions, *cells;
    const char* people;
    const st_node* cohorts;
    st_range kl;
    double threshold, volume; ///< points of the first pain scale
    st_validate_intervention* intervention;
    int intervention_count;
    st_validate_scale* scale;
    int scale_count;
    st_validate_responder* responder;
    int responder_count;
    st_validate_given* given;
    int given_count;
    double full_n, between_sd, within_sd, tiny, sd_floor;
    double window[16];
    int window_count;
    st_validate_baseline_prior prior;
    const char** instrument_name; ///< [instrument_count], borrowed from the instruments
    int instrument_count;
    int pain; ///< the instrument that thresholds and trial effects are given in
    double context_sd, arm_sd, onset_day, within_share;
    st_validate_uncertain* uncertain;
    int uncertain_count;
} st_validate_rules;

/// Reads both files from `model_dir`. Mistakes are reported with their place.
st_status st_validate_rules_load(st_ctx* ctx, const char* model_dir, const st_model* model,
                                 const st_instruments* instruments, st_validate_rules* out);
void st_validate_rules_clear(st_validate_rules* rules);

const st_validate_intervention* st_validate_rules_intervention(const st_validate_rules* rules,
                                                               const char* name);
/// By name, or by the name before `_difference`; NULL when there is no conversion.
const st_validate_scale* st_validate_rules_scale(const st_validate_rules* rules, const char* name);
const st_validate_responder* st_validate_rules_responder(const st_validate_rules* rules,
                                                         const char* name);
/// True when `list` holds the word.
bool st_validate_rules_lists(const st_node* list, const char* word);
/// Window of time, 0 ... window_count.
int st_validate_rules_window(const st_validate_rules* rules, double month);

#endif
