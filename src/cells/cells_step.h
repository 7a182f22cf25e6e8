/// \file
/// Private: the passes over all cells that a step of the mechanics is made of.
#ifndef ST_CELLS_CELLS_STEP_H
#define ST_CELLS_CELLS_STEP_H

#include "cells/cells_chebyshev.h"
#include "cells/cells_state.h"

typedef struct st_relax st_relax;
struct st_relax {
    st_cells* cells;
    /// Makes lists with this skin for r->cells.
    st_status (*make)(st_ctx* ctx, st_cells* cells, double skin_um);
    void (*watch)(const st_relax* r, double elapsed_min); ///< after every own step, or NULL
    void* watcher;
    st_force_fn force;
    st_force_task task;
    bool sleeps;
    float h;
    st_stage stage;
    const st_body* from; ///< positions of the stage before
    st_body* to;
    unsigned woken; ///< mark of cells that wake
};

typedef st_status (*st_step_fn)(st_cells* cells, void* relax, int first_brick, int last_brick,
                                int worker);

static inline void st_cells_keep_larger(float* most, float value)
{
    *most = value > *most ? value : *most;
}

/// Checks what others wrote; changed cells wake whom they may touch.
st_status st_cells_step_look(st_cells*, void*, int, int, int);
/// Speeds at the begin of a step, with crowding and stiffness.
st_status st_cells_step_begin(st_cells*, void*, int, int, int);
/// One stage: positions of the next from speeds at the one before.                       [CEL-3]
st_status st_cells_step_stage(st_cells*, void*, int, int, int);
/// Speeds at the end, and the estimate of the error.                                     [CEL-3]
st_status st_cells_step_end(st_cells*, void*, int, int, int);
/// Ways of an accepted step, before positions change places: `from` holds the new ones.
st_status st_cells_step_accept(st_cells*, void*, int, int, int);
/// A step of Adams-Bashforth, Euler where there is no past.                              [CEL-2]
st_status st_cells_step_fixed(st_cells*, void*, int, int, int);
/// Cells that went far enough wake those they act on.                                    [CEL-5]
st_status st_cells_step_speak(st_cells*, void*, int, int, int);
/// Carries out waking and falling asleep; counts the awake.
st_status st_cells_step_settle(st_cells*, void*, int, int, int);
/// Speeds of those that woke just now.
st_status st_cells_step_fresh(st_cells*, void*, int, int, int);

/// What a set of cells needs for a step.
st_relax st_cells_relax_plan(st_cells* cells);
/// Own steps of all cells of the plan together.                                          [CEL-3]
st_status st_cells_relax_own(st_ctx* ctx, st_relax* r, double dt_min, st_relax_report* report);
/// Runs a pass and collects what it found.
st_status st_cells_relax_pass(st_cells* cells, st_step_fn pass, void* arg, st_cells_found* found);

/// One evaluation of all speeds without a step: for measuring.
st_status st_cells_relax_speeds(st_ctx* ctx, st_cells* cells);

#endif
