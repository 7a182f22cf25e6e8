/// \file
/// From rows of a table to arms that can be computed and rows that can be scored.
#ifndef ST_TRIAL_VALIDATE_ARMS_H
#define ST_TRIAL_VALIDATE_ARMS_H

#include "evidence.h"
#include "validate_rules.h"

#define ST_VALIDATE_BASELINE_LIMIT 6
/// Recipe of arms to which nothing is done.
#define ST_VALIDATE_UNTREATED (-1)

/// A score at entry that the page gives, in the instrument's points.
typedef struct st_validate_entry {
    int instrument;
    double mean, sd; ///< sd NAN: not given
} st_validate_entry;

typedef struct st_validate_arm {
    const char *trial, *id, *label, *intervention;
    int trial_index, cohort_index;
    const st_validate_intervention* how; ///< NULL: unknown
    int recipe;
    bool is_open, is_used;
    double n; ///< of its first row
    st_range kl;
    double age, bmi, female; ///< years, kg/m^2, share; NAN: not given
    st_validate_entry entry[ST_VALIDATE_BASELINE_LIMIT];
    int entry_count;
    double threshold; ///< of pain as measured at baseline, -INFINITY = none
    const char* defaults;
} st_validate_arm;

/// One row that is predicted.
typedef struct st_validate_item {
    int row, arm;
    st_forecast_kind kind;
    bool is_change;                         ///< of a contrast: both arms by their change
    bool is_median;                         ///< the page prints medians
    int versus;                             ///< recipe that a contrast compares with
    const st_validate_scale* scale;         ///< NULL for responders
    const st_validate_responder* responder; ///< NULL for scales
    double baseline; ///< printed score at entry that the prediction starts from, NAN = none
    double n;
    double observed;
    double people_sd;     ///< of the people, floor applied; NAN = none
    int visit;            ///< position among the visits
    double weight;        ///< 0 = predicted, not scored
    const char* unscored; ///< why, NULL when scored
} st_validate_item;

typedef struct st_validate_plan {
    st_arena arena;
    st_validate_arm* arm;
    int arm_count;
    int trial_count, cohort_count;
    st_validate_item* item;
    int item_count;
    st_skipped_row* skipped;
    int skipped_count;
    const char** recipe; ///< YAML of a study's arm, each once
    int recipe_count;
    double* month; ///< visits, ascending, first 0
    int month_count;
} st_validate_plan;

/// Plans the whole table. Rows that cannot be predicted go to `skipped` with the reason.
st_status st_validate_arms_plan(st_ctx* ctx, const st_evidence* evidence,
                                const st_validate_rules* rules, st_validate_plan* out);
void st_validate_arms_clear(st_validate_plan* plan);

/// Most visits after the baseline.
#define ST_VALIDATE_VISIT_LIMIT 62
/// Months within which visits are the same.
#define ST_VALIDATE_MONTH_MATCH 0.05

#endif
