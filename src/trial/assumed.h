/// \file
/// How much of an arm's product part rests on values that are assumed.                  [TRI-36]
#ifndef ST_TRIAL_ASSUMED_H
#define ST_TRIAL_ASSUMED_H

#include "screening.h"
#include "stay.h"

/// Halves one parameter of the model after the other for the first people of every arm and emits,
/// per arm, the share of assumed parameters in all changes of the product part at the primary
/// endpoint. Uses the crew's parameter factors and overwrites courses kept in `trace`.
st_status st_assumed_emit(st_crew* crew, st_screening* screening, const st_stay_events* events,
                          st_trace* trace, const st_sink* sink);

#endif
