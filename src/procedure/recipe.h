/// \file
/// A checked recipe, open to this room.
#ifndef ST_PROCEDURE_RECIPE_H
#define ST_PROCEDURE_RECIPE_H

#include "procedure/expand.h"
#include "procedure/freeze.h"
#include "procedure/harvest.h"
#include "procedure/inject.h"
#include "procedure/spin.h"

/// The order of steps is fixed: harvest, spin, expand, freeze, inject; all but the last may miss.
struct st_recipe {
    st_ctx* ctx;
    st_arena arena;
    const st_catalogue* catalogue; ///< borrowed
    bool has_harvest, has_spin, has_expand, has_freeze, has_injection;
    st_harvest harvest;
    st_spin spin;
    st_expand expand;
    st_freeze freeze;
    st_inject inject;
    const char* text; ///< owned by the arena
    bool is_memory_out;
};

/// What the cells of the recipe are called at the model's door.
#define ST_CLASS_NAME_MSC      "msc"
#define ST_CLASS_NAME_PLATELET "platelet"

#endif
