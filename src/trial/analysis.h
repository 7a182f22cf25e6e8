/// \file
/// The statistics of a finished trial, row by row into the sink.
#ifndef ST_TRIAL_ANALYSIS_H
#define ST_TRIAL_ANALYSIS_H

#include "tally.h"

/// Cells after each step of the pathway.
st_status st_analysis_dose_steps(st_ctx* ctx, st_tally* tally, const st_sink* sink);

/// Every scale at every visit in every arm.
st_status st_analysis_outcomes(st_ctx* ctx, st_tally* tally, const st_sink* sink);

/// Where each arm's change comes from.
st_status st_analysis_splits(st_ctx* ctx, st_tally* tally, const st_sink* sink);

/// Adverse events; `events` [arm_count].
st_status st_analysis_events(st_ctx* ctx, const st_tally* tally, const st_stay_events* events,
                             const st_sink* sink);

#endif
