#include "procedure/recipe/recipe_reader.h"

#include "procedure/constants.h"

#include "base/units.h"

void st_recipe_read_expand(st_recipe_reader* r, const st_node* map)
{
    static const char* const known[] = {"until", "medium", "oxygen", "tries", "detail", NULL};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_expand* expand = &r->recipe->expand;
    int choice = 0;
    int64_t tries = 1;
    r->recipe->has_expand = true;
    r->is_cultured = true;
    r->sample_mL = 0.0;
    expand->oxygen = ST_AIR_OXYGEN;
    expand->is_physics = st_recipe_reader_detail(r, map);
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* until = st_node_need(ctx, map, "until", "a number of cells such as `1e7 cells`");
    const st_node* medium = st_node_need(ctx, map, "medium", "a medium such as `platelet lysate`");
    const st_node* oxygen = st_node_child(map, "oxygen");
    const st_node* tries_node = st_node_child(map, "tries");
    if (medium != NULL &&
        st_node_read_choice(ctx, medium, c->medium_name, c->medium_count, &choice)) {
        expand->medium = &c->medium[choice];
    }
    if (oxygen != NULL) {
        (void)st_node_read_number(ctx, oxygen, 0.01, ST_AIR_OXYGEN, &expand->oxygen);
    }
    if (tries_node != NULL) {
        (void)st_node_read_integer(ctx, tries_node, 1, 10, &tries);
    }
    expand->tries = (int)tries;
    if (until != NULL && st_node_read_quantity(ctx, until, "a number of cells", "cells", NULL, 1e3,
                                               1e12, &expand->until_cells)) {
        st_recipe_reader_tell(r,
                              st_arena_format(&r->recipe->arena, "expand to %s in %s", until->text,
                                              st_recipe_reader_text(map, "medium")));
    }
}
