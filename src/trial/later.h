/// \file
/// What may happen to people after treatment, as the study asks for it: leaving, rescue medicine,
/// repeated and changed treatment, replacement of the joint; and how an analysis takes it.
#ifndef ST_TRIAL_LATER_H
#define ST_TRIAL_LATER_H

#include "stroma/population.h"

#include "base/doc.h"

struct st_study;

#define ST_LATER_CHANGE_LIMIT 8
#define ST_LATER_REPEAT_LIMIT 8

/// What an event after treatment means to the analysis (ICH E9 R1).                     [TRI-34]
typedef enum st_estimand {
    ST_ESTIMAND_POLICY,       ///< readings count as they are
    ST_ESTIMAND_HYPOTHETICAL, ///< readings after it count as missing
    ST_ESTIMAND_COMPOSITE,    ///< it is a failure: change 0, no responder
} st_estimand;

const char* st_later_estimand_name(st_estimand estimand);

/// A measured score that sets something off at a visit.
typedef struct st_trigger {
    bool is_set;
    int measure; ///< position among the measures
    st_range range;
} st_trigger;

typedef struct st_rescue {
    bool is_set;
    st_trigger when;
    double after_day;
    st_action change[ST_LATER_CHANGE_LIMIT]; ///< `day` is filled in when it happens
    int change_count;
    st_estimand estimand;
    const char* text; ///< in words, borrowed from the study
} st_rescue;

typedef struct st_repeat {
    bool is_set;
    st_trigger when;
    double after_day; ///< since the last treatment
    int at_most;
    st_estimand estimand;
} st_repeat;

typedef struct st_crossover {
    bool is_set;
    int to;          ///< arm
    double from_day; ///< the first visit from then on
    st_trigger when; ///< not set: everybody
    st_estimand estimand;
} st_crossover;

typedef struct st_replacement {
    bool is_set;
    double per_day;
    double kl_ratio[5];
    int pain_measure;
    double some_from, often_from; ///< points
    double ratio_none, ratio_some, ratio_often;
    st_estimand estimand;
} st_replacement;

typedef struct st_drop_out {
    double per_day;
    int measure;         ///< whose reading it depends on, -1 none
    double around;       ///< points, where the rate is per_day
    double doubles_with; ///< points
    bool sees_missed;    ///< the reading that is going to be missed decides (not at random)
} st_drop_out;

/// Reads `drop_out`, `rescue`, `replacement`, `unblinding` of the study and `repeat`, `crossover`
/// of its arms. Measures, visits and arms have been read. Not ST_OK only when memory or a file
/// fails.
st_status st_later_read(st_ctx* ctx, struct st_study* study, const st_node* root);

/// `{ vas_pain: ">= 60 vas" }`: one measure with its bound. Mistakes go to ctx.
void st_later_read_trigger(st_ctx* ctx, const struct st_study* study, const st_node* when,
                           st_trigger* out);

/// True when something may happen at a visit that changes what follows.
bool st_later_changes_course(const struct st_study* study);

bool st_later_within(const st_trigger* trigger, double measured); ///< false for NAN

/// Hazard of replacement per day.                                                       [TRI-33]
double st_later_replacement_per_day(const st_replacement* replacement, double kl, double pain);

/// Hazard of leaving per day.                                                           [TRI-31]
double st_later_drop_out_per_day(const st_drop_out* drop_out, double reading);

#endif
