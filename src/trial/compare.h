/// \file
/// Arms against their controls: the primary analysis, those beside it, several arms together, time
/// to events.                                                                  [TRI-23 ... TRI-29,
/// TRI-34]
#ifndef ST_TRIAL_COMPARE_H
#define ST_TRIAL_COMPARE_H

#include "statistics.h"
#include "tally.h"

/// The primary analysis and the paired comparison with twin arms, every scale at every visit.
st_status st_compare_contrasts(st_ctx* ctx, st_tally* tally, const st_sink* sink);

/// What `primary.also`, `primary.multiplicity` and events after treatment ask for.
st_status st_compare_beside(st_ctx* ctx, st_tally* tally, uint64_t seed, const st_sink* sink);

/// The control of an arm when both have people of their own, else -1.
int st_compare_control(const st_study* study, int arm);

/// Emits a row of the table of analyses; `place` says of whom, when and of what.
st_status st_compare_emit(st_ctx* ctx, const st_sink* sink, const st_analysis_row* place,
                          const char* method, const st_contrast* contrast);

#endif
