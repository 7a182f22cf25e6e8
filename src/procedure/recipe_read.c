#include "procedure/recipe/recipe_reader.h"

#include <string.h>

typedef enum pathway_step {
    AT_HARVEST,
    AT_SPIN,
    AT_EXPAND,
    AT_FREEZE,
    AT_INJECT,
    AT_GEL
} pathway_step;

static const char* const STEP_NAME[] = {"harvest", "spin", "expand", "freeze", "inject", "gel"};
enum { STEP_NAME_COUNT = (int)(sizeof STEP_NAME / sizeof STEP_NAME[0]) };

/// Which step an item of the pathway is, and whether it may follow `last` (-1 = none yet); -1 when
/// something was reported.
static int find_step(const st_recipe_reader* r, const st_node* map, int last)
{
    int step = -1;
    for (int i = 0; i < STEP_NAME_COUNT; i++) {
        step = strcmp(map->key, STEP_NAME[i]) == 0 ? i : step;
    }
    if (step < 0) {
        const char* near = st_name_nearest(map->key, STEP_NAME, STEP_NAME_COUNT);
        st_node_fail_key(
            r->ctx, map, "found '%s', expected harvest, spin, expand, freeze, inject or gel%s%s%s",
            map->key, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return -1;
    }
    const bool is_again =
        step == AT_SPIN && last == AT_SPIN && r->recipe->spin_count < ST_RECIPE_SPINS;
    if ((last < 0 && step != AT_HARVEST) || (step <= last && !is_again) ||
        (step == AT_FREEZE && !r->recipe->has_expand) ||
        (step == AT_GEL && !r->recipe->has_injection)) {
        st_node_fail_key(r->ctx, map,
                         "found '%s' %s%s, expected the order harvest, spin, expand, freeze "
                         "(only after expand), inject, gel, each at most once (spin twice)",
                         map->key, last < 0 ? "at the start" : "after ",
                         last < 0 ? "" : STEP_NAME[last]);
        return -1;
    }
    return step;
}

static void read_step(st_recipe_reader* r, pathway_step step, const st_node* map)
{
    if (!st_node_expect(r->ctx, map, ST_NODE_MAP)) {
        return;
    }
    switch (step) {
    case AT_HARVEST:
        st_recipe_read_harvest(r, map);
        break;
    case AT_SPIN:
        st_recipe_read_spin(r, map);
        break;
    case AT_EXPAND:
        st_recipe_read_expand(r, map);
        break;
    case AT_FREEZE:
        st_recipe_read_freeze(r, map);
        break;
    case AT_INJECT:
        st_recipe_read_inject(r, map, false);
        break;
    case AT_GEL:
        st_recipe_read_gel(r, map);
        break;
    }
}

static void read_pathway(st_recipe_reader* r, const st_node* list, bool needs_injection)
{
    int last = -1;
    if (!st_node_expect(r->ctx, list, ST_NODE_LIST)) {
        return;
    }
    for (const st_node* item = list->first; item != NULL; item = item->next) {
        if (!st_node_expect(r->ctx, item, ST_NODE_MAP)) {
            return;
        }
        if (item->child_count != 1) {
            st_node_fail(r->ctx, item, "found %d keys, expected one step such as `harvest: {...}`",
                         item->child_count);
            return;
        }
        const int step = find_step(r, item->first, last);
        if (step < 0) {
            return;
        }
        last = step;
        read_step(r, (pathway_step)step, item->first);
    }
    if (needs_injection && last < AT_INJECT) {
        st_node_fail(r->ctx, list, "found no `inject` at the end, expected one");
    }
}

static st_status begin(st_ctx* ctx, const st_catalogue* catalogue, st_recipe_reader* r)
{
    const int before = st_ctx_mistake_count(ctx);
    st_recipe* recipe = st_alloc(ctx, 1, sizeof(st_recipe));
    if (recipe == NULL) {
        return ST_ERR_MEMORY;
    }
    recipe->ctx = ctx;
    recipe->catalogue = catalogue;
    st_arena_init(&recipe->arena, ctx);
    *r = (st_recipe_reader){.ctx = ctx, .recipe = recipe, .mistakes_before = before};
    return ST_OK;
}

static st_status finish(st_recipe_reader* r, st_recipe** out)
{
    st_recipe* recipe = r->recipe;
    if (recipe->is_memory_out || st_ctx_mistake_count(r->ctx) != r->mistakes_before) {
        const st_status status = recipe->is_memory_out ? ST_ERR_MEMORY : ST_ERR_INPUT;
        st_recipe_destroy(recipe);
        return status;
    }
    if (recipe->has_gel) {
        st_cure_compute(recipe->catalogue, &recipe->cure, &recipe->cured);
    }
    *out = recipe;
    return ST_OK;
}

st_status st_recipe_read(st_ctx* ctx, const st_catalogue* catalogue, const st_node* arm,
                         st_recipe** out)
{
    st_recipe_reader r;
    *out = NULL;
    if (!st_node_expect(ctx, arm, ST_NODE_MAP)) {
        return ST_ERR_INPUT;
    }
    ST_TRY(begin(ctx, catalogue, &r));
    const st_node* inject = st_node_child(arm, "inject");
    const st_node* pathway = st_node_child(arm, "pathway");
    if (inject != NULL && pathway != NULL) {
        st_node_fail_key(ctx, pathway, "found `inject` and `pathway`, expected one of them");
    } else if (inject != NULL && st_node_expect(ctx, inject, ST_NODE_MAP)) {
        st_recipe_read_inject(&r, inject, true);
    } else if (pathway != NULL) {
        read_pathway(&r, pathway, true);
    }
    return finish(&r, out);
}

st_status st_recipe_read_steps(st_ctx* ctx, const st_catalogue* catalogue, const st_node* steps,
                               bool is_physics, st_recipe** out)
{
    st_recipe_reader r;
    *out = NULL;
    ST_TRY(begin(ctx, catalogue, &r));
    r.is_physics = is_physics;
    read_pathway(&r, steps, false);
    if (!r.recipe->has_harvest && st_ctx_mistake_count(ctx) == r.mistakes_before) {
        st_node_fail(ctx, steps, "found no steps, expected a list that begins with `harvest`");
    }
    return finish(&r, out);
}
