/// \file
/// Random draws of the steps. A draw is named by step and number, so that the same person keeps
/// the same luck whatever other steps a recipe has. Numbers are part of the result format: append,
/// never reorder.
#ifndef ST_PROCEDURE_STEP_H
#define ST_PROCEDURE_STEP_H

#include "procedure/catalogue.h"

#include "base/random.h"

/// Who the draws belong to.
typedef struct st_step_luck {
    uint64_t seed, person;
} st_step_luck;

enum { // draws of ST_STEP_HARVEST; blood classes and recoveries use BASE + class
    ST_DRAW_DEPLETION = 0,
    ST_DRAW_CFU_F = 1,
    ST_DRAW_NUCLEATED = 2,
    ST_DRAW_FAT_YIELD = 3,
    ST_DRAW_FAT_COLONY = 4,
    ST_DRAW_BLOOD_BASE = 16,
};
enum { // ST_STEP_SPIN; the second spin of a recipe adds SECOND to all of its draws
    ST_DRAW_MARGIN = 0,
    ST_DRAW_RECOVERY_BASE = 16,
    ST_DRAW_SPIN_SECOND = 64,
};
enum { // ST_STEP_EXPAND
    ST_DRAW_DOUBLING_TIME = 0,
    ST_DRAW_SENESCENCE = 1,
    ST_DRAW_FAILURE = 2,
};
enum { // ST_STEP_INJECTION
    ST_DRAW_PLACED = 0,
    ST_DRAW_LATENT = 1,
    ST_DRAW_PART_BASE = 16,    ///< parts of the ready product
    ST_DRAW_CARRIER_BASE = 32, ///< parts of the carrier
};

static inline st_random_key st_step_key(const st_step_luck* luck, st_step_kind step)
{
    return (st_random_key){.seed = luck->seed,
                           .stream = ST_STREAM_PROCEDURE,
                           .id = luck->person,
                           .step = (uint64_t)step};
}

#endif
