/// \file
/// From harvest to joint: what an arm's preparation is like in the trial's own people.
#ifndef ST_TRIAL_PREPARED_H
#define ST_TRIAL_PREPARED_H

#include "screening.h"

/// Emits, for every arm with a harvest, the quantities of its preparation in the donor in the
/// middle and over the first people of the arm, measured bands beside them, and the tubes over
/// time.
st_status st_prepared_emit(st_crew* crew, st_screening* screening, const st_sink* sink);

#endif
