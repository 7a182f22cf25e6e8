/// \file
/// What the primary contrast hangs on: values of the model changed one at a time.       [TRI-50]
#ifndef ST_TRIAL_INFLUENCE_H
#define ST_TRIAL_INFLUENCE_H

#include "screening.h"

/// st_study.influence_people.
#define ST_INFLUENCE_AUTO 0
#define ST_INFLUENCE_OFF  (-1)
/// Most people that a study may ask for.
#define ST_INFLUENCE_LIMIT 4096

/// Reads `influence: 64 people` or `off`. Mistakes go to ctx.
void st_influence_read(st_ctx* ctx, st_study* study, const st_node* root);

/// Computes the first people of the trial once more in one arm and its control, with every value
/// lower and higher, and emits a row per value. Nothing when the study says off.
st_status st_influence_emit(st_crew* crew, const st_screening* screening, const st_sink* sink);

#endif
