/// \file
/// Visits: `0, 3, 6, 12, 24 months`.
#ifndef ST_TRIAL_VISITS_H
#define ST_TRIAL_VISITS_H

#include "study.h"

/// Most visits of a study.
#define ST_VISITS_LIMIT 64

/// Reads the visits into the study. Mistakes go to ctx; not ST_OK only when memory is out.
st_status st_visits_read(st_ctx* ctx, st_study* study, const st_node* node);

/// Visit at a time, -1 when there is none within an hour.
int st_visits_find(const st_study* study, double day);

#endif
