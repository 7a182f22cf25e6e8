/// \file
/// Private: all cells within a distance of a place.
#ifndef ST_CELLS_CELLS_NEAR_H
#define ST_CELLS_CELLS_NEAR_H

#include "cells/cells_state.h"

/// `square`: distance in ticks, squared.
typedef void (*st_cells_near_fn)(void* arg, int64_t slot, double square);
/// Calls fn for every cell with its centre within radius_um, in no particular order.
void st_cells_near_each(const st_cells* cells, const int32_t tick[3], double radius_um,
                        st_cells_near_fn fn, void* arg);

#endif
