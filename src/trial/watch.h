/// \file
/// Time to rescue, replacement and response in the arms of a finished trial. [TRI-24 ... TRI-26]
#ifndef ST_TRIAL_WATCH_H
#define ST_TRIAL_WATCH_H

#include "tally.h"

/// Curves of every arm, hazard ratio and log-rank test against its control.
st_status st_watch_emit(st_ctx* ctx, st_tally* tally, const st_sink* sink);

#endif
