/// \file
/// A checked recipe, open to this room.
#ifndef ST_PROCEDURE_RECIPE_H
#define ST_PROCEDURE_RECIPE_H

#include "procedure/expand.h"
#include "procedure/freeze.h"
#include "procedure/gel/cure.h"
#include "procedure/harvest.h"
#include "procedure/inject.h"
#include "procedure/spin.h"

#define ST_RECIPE_SPINS 2

/// The order of steps is fixed: harvest, spin (twice at most), expand, freeze, inject.
struct st_recipe {
    st_ctx* ctx;
    st_arena arena;
    const st_catalogue* catalogue; ///< borrowed
    bool has_harvest, has_expand, has_freeze, has_injection, has_gel;
    st_harvest harvest;
    st_spin spin[ST_RECIPE_SPINS];
    int spin_count;
    st_expand expand;
    st_freeze freeze;
    st_inject inject;
    st_cure cure;
    st_cured cured;   ///< what the cure makes of the gel, for the values as they were read
    const char* text; ///< owned by the arena
    bool is_memory_out;
};

/// Reads the steps of a preparation, which may end before an injection. `is_physics`: the detail of
/// steps that do not say.
st_status st_recipe_read_steps(st_ctx* ctx, const st_catalogue* catalogue,
                               const struct st_node* steps, bool is_physics, st_recipe** out);

/// What the cells of the recipe are called at the model's door.
#define ST_CLASS_NAME_MSC      "msc"
#define ST_CLASS_NAME_PLATELET "platelet"
#define ST_CLASS_NAME_GEL      "gel"

#endif
