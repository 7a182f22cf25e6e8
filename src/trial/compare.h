/// \file
/// Arms against their controls: the primary analysis, those beside it, several arms together, time
/// to events.                                                                  [TRI-23 ... TRI-29,
/// TRI-34]
#ifndef ST_TRIAL_COMPARE_H
#define ST_TRIAL_COMPARE_H

#include "tally.h"

/// The primary analysis and the paired comparison with twin arms, every scale at every visit.
st_status st_compare_contrasts(st_ctx* ctx, st_tally* tally, const st_sink* sink);

/// What `primary.also`, `primary.multiplicity` and events after treatment ask for.
st_status st_compare_beside(st_ctx* ctx, st_tally* tally, uint64_t seed, const st_sink* sink);

#endif
