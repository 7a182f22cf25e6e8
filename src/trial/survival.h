/// \file
/// Time to an event: Kaplan-Meier's curve, the log-rank test, Cox's model with one covariate.
///
/// docs/equations/trial.md, TRI-24 ... TRI-26.
#ifndef ST_TRIAL_SURVIVAL_H
#define ST_TRIAL_SURVIVAL_H

#include "statistics.h"

/// How long one person was watched.
typedef struct st_survival {
    double day;    ///< of the event, or of the last look
    bool is_event; ///< false: still without it on that day (censored)
    double x;      ///< covariate; for the log-rank test 0 or 1
} st_survival;

/// By day, events before censoring, as every function below needs them.
void st_survival_sort(st_survival* person, int count);

/// Share without the event up to and including `day`, with the interval on the scale of
/// ln(-ln S).                                                                            [TRI-24]
st_interval st_survival_share(const st_survival* person, int count, double day);

/// Log-rank test of x = 1 against x = 0: statistic and two-sided p.                     [TRI-25]
double st_survival_log_rank(const st_survival* person, int count, double* p);

/// ln of the hazard ratio per unit of x, ties by Efron's method; `difference` with Wald interval
/// and p. NAN when the likelihood has no top (an event never meets one group).          [TRI-26]
st_contrast st_survival_cox(const st_survival* person, int count);

#endif
