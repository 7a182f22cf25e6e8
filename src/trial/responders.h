/// \file
/// Responders by a definition that weighs several scores together, such as OMERACT-OARSI: read from
/// the model's table `responders`, asked for by a study.                               [TRI-40]
#ifndef ST_TRIAL_RESPONDERS_H
#define ST_TRIAL_RESPONDERS_H

#include "stroma/trial.h"

#include "base/doc.h"

/// Most definitions of a study, and most criteria of each list of one.
#define ST_RESPONDERS_LIMIT           8
#define ST_RESPONDERS_CRITERION_LIMIT 4
/// Most scores of one definition.
#define ST_RESPONDERS_SCORE_LIMIT (2 * ST_RESPONDERS_CRITERION_LIMIT)

struct st_tally;

/// Better by so much of one score.
typedef struct st_responders_criterion {
    int score;      ///< position in st_responders_definition.measure
    double percent; ///< of the way from the person's own entry to the best end of the scale
    double points;  ///< of 100 of the scale
} st_responders_criterion;

typedef struct st_responders_definition {
    const char* name;
    const char* title;
    const char* rule;                       ///< in words, with its source
    int measure[ST_RESPONDERS_SCORE_LIMIT]; ///< of the study, each once
    int measure_count;
    /// One of `any` suffices, or `enough` of `all`.
    st_responders_criterion any[ST_RESPONDERS_CRITERION_LIMIT];
    st_responders_criterion all[ST_RESPONDERS_CRITERION_LIMIT];
    int any_count, all_count;
    int enough;
} st_responders_definition;

/// The study's list `responders`, after its measures. Mistakes are reported with their place.
st_status st_responders_read(st_ctx* ctx, st_study* study, const st_node* root);

/// Whether one person responds: scores at entry and now, in the order of `measure`; all known.
bool st_responders_meets(const st_study* study, const st_responders_definition* definition,
                         const double* entry, const double* now);

/// Shares of every arm at every visit after the baseline, each beside its control.
st_status st_responders_emit(st_ctx* ctx, struct st_tally* tally, const st_sink* sink);

#endif
