/// \file
/// Draws of what an arm would print. docs/equations/validation.md, VAL-7.
#ifndef ST_TRIAL_VALIDATE_FORECAST_H
#define ST_TRIAL_VALIDATE_FORECAST_H

#include "validate_weights.h"

/// What every draw needs; shared by all arms, read-only.
typedef struct st_validate_world {
    const st_validate_rules* rules;
    const st_validate_plan* plan;
    const st_validate_pool* pool;
    const st_instruments* instruments;
    uint64_t seed;
    int draw_count;
} st_validate_world;

/// Scratch of one worker.
typedef struct st_validate_scratch {
    double *weights, *weight, *sum; ///< [.. weights_scratch], [person], [person]
    int *person, *other;            ///< [people_limit]
    double* value;                  ///< [people_limit]
} st_validate_scratch;

/// Draws all items of one arm: `draw` [item][draw_count] in printed points (percent for shares).
/// Gives the effective number of people; 0 when the pool holds nobody like them.
double st_validate_forecast_arm(const st_validate_world* world, int arm,
                                const st_validate_scratch* scratch, double* draw);

/// Most people that an arm draws; larger arms are scaled from it.
#define ST_VALIDATE_FORECAST_PEOPLE 4096

#endif
