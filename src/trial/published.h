/// \file
/// Published numbers beside the simulated ones: `beside:` of a study.
#ifndef ST_TRIAL_PUBLISHED_H
#define ST_TRIAL_PUBLISHED_H

#include "study.h"

/// Reads the rows of one trial from an evidence table, and the scale names from scales.csv in the
/// same folder. Arms and measures of the study have been read. Mistakes go to ctx.
st_status st_published_read(st_ctx* ctx, st_study* study, const st_node* beside);

/// Quartiles of a locator such as "Table 2; MEDIAN(IQR 5 to 6.5) in mean column": true when it says
/// that the value is a median; without quartiles they are NAN.
bool st_published_is_median(const char* locator, double* q25, double* q75);

#endif
