// `fields:` of a tissue file: what a substrate does in each medium and at each wall.     [TIS-4]

#include "tissue/plan.h"

#include <math.h>
#include <string.h>

#define KNOT_LIMIT 1000

// A value carries its source: `{ value: 2 1/h, source: "..." }`, or `assumed:` instead.
static bool read_value(st_ctx* ctx, st_tissue_plan* plan, const st_node* node, const char* what,
                       const char* unit, const st_bridge* bridge, double lo, double* out)
{
    static const char* const keys[] = {"value", "source", "assumed", NULL};
    if (node->kind != ST_NODE_MAP) {
        return st_node_fail(ctx, node,
                            "found '%s', expected { value: ..., source: ... } or assumed: with the "
                            "reason",
                            node->text);
    }
    if (!st_node_check_keys(ctx, node, keys)) {
        return false;
    }
    const bool has_source = st_node_child(node, "source") != NULL;
    const bool is_assumed = st_node_child(node, "assumed") != NULL;
    if (has_source == is_assumed) {
        return st_node_fail(ctx, node, "expected exactly one of `source` and `assumed`");
    }
    plan->value_count++;
    plan->assumed_count += is_assumed;
    const st_node* value = st_node_need(ctx, node, "value", what);
    return value && st_node_read_quantity(ctx, value, what, unit, bridge, lo, 1e30, out);
}

bool st_tissue_plan_quantity(st_ctx* ctx, st_tissue_plan* plan, const st_node* node,
                             const char* what, const char* unit, double lo, double* out)
{
    return read_value(ctx, plan, node, what, unit, NULL, lo, out);
}

static bool read_child(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, const char* key,
                       const char* what, const char* unit, const st_bridge* bridge, double lo,
                       double* out)
{
    const st_node* node = st_node_child(map, key);
    return node && read_value(ctx, plan, node, what, unit, bridge, lo, out);
}

// V = cells per volume x what one takes; fmol/um^3/min = M/min.
static void read_uptake(st_ctx* ctx, st_tissue_plan* plan, const st_node* node, st_plan_field* f,
                        st_medium_rates* r)
{
    static const char* const keys[] = {"cells", "per_cell", "half", NULL};
    double cells = 0.0;
    double each = 0.0;
    if (!st_node_check_keys(ctx, node, keys)) {
        return;
    }
    const st_node* density = st_node_need(ctx, node, "cells", "cells per volume");
    const st_node* rate = st_node_need(ctx, node, "per_cell", "an amount per cell and time");
    const st_node* half = st_node_need(ctx, node, "half", "a concentration");
    if (density && rate && half &&
        read_value(ctx, plan, density, "cells per volume", "cells/um^3", NULL, 0.0, &cells) &&
        read_value(ctx, plan, rate, "an amount per cell and time", "fmol/cell/min", &f->bridge, 0.0,
                   &each) &&
        read_value(ctx, plan, half, "a concentration", "fmol/um^3", &f->bridge, 1e-30,
                   &r->uptake_half_M)) {
        r->uptake_max_M_per_min = cells * each;
    }
}

static void read_medium(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, st_plan_field* f,
                        int medium)
{
    static const char* const keys[] = {"diffusivity", "start", "decay", "supply", "uptake", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    st_medium_rates* r = &f->rates[medium];
    if (plan->place[medium]) {
        static const char* const only[] = {"diffusivity", NULL}; // the model says the rest
        if (!st_node_check_keys(ctx, map, only) ||
            !st_plan_model_rates(ctx, plan, map, f->name, medium, r, &f->initial_M[medium])) {
            return;
        }
    }
    if (st_node_need(ctx, map, "diffusivity", "a diffusivity such as { value: 1e-9 m2/s, ... }")) {
        read_child(ctx, plan, map, "diffusivity", "a diffusivity", "um^2/min", NULL, 0.0,
                   &r->diffusivity_um2_per_min);
    }
    read_child(ctx, plan, map, "start", "a concentration", "fmol/um^3", &f->bridge, 0.0,
               &f->initial_M[medium]);
    read_child(ctx, plan, map, "decay", "a rate", "1/min", NULL, 0.0, &r->decay_per_min);
    read_child(ctx, plan, map, "supply", "a concentration per time", "fmol/um^3/min", &f->bridge,
               -1e30, &r->supply_M_per_min);
    const st_node* uptake = st_node_child(map, "uptake");
    if (uptake) {
        read_uptake(ctx, plan, uptake, f, r);
    }
}

static int read_region(st_ctx* ctx, const st_tissue_plan* plan, const st_node* node)
{
    static const char* const sides[] = {"x-", "x+", "y-", "y+", "z-", "z+"};
    for (int i = 0; i < 6; i++) {
        if (strcmp(node->text, sides[i]) == 0) {
            return ST_REGION_BOX + i;
        }
    }
    if (strcmp(node->text, "outside") == 0) {
        return 0;
    }
    for (int m = 1; m <= plan->medium_count; m++) {
        if (strcmp(node->text, plan->medium[m]) == 0) {
            if (!plan->is_bath[m]) {
                st_node_fail(ctx, node,
                             "found %s, which is solved; expected a medium with `bath: true`, "
                             "outside, or a side of the box such as x-",
                             node->text);
                return -1;
            }
            return m;
        }
    }
    st_node_fail(ctx, node,
                 "found '%s', expected a medium with `bath: true`, outside, or x-, x+, y-, y+, z-, "
                 "z+",
                 node->text);
    return -1;
}

// A level is a value, or `levels:`, a list of { at: time, level: ... } under one source.
static bool read_levels(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, st_plan_field* f,
                        st_boundary* b)
{
    const st_node* list = st_node_child(map, "levels");
    const int count = list ? list->child_count : 1;
    if (list && (!st_node_expect(ctx, list, ST_NODE_LIST) || count < 1 || count > KNOT_LIMIT)) {
        return st_node_fail(ctx, list, "expected 1 to %d levels", KNOT_LIMIT);
    }
    double* knot_min = st_arena_alloc(&plan->arena, (size_t)count, sizeof *knot_min);
    double* knot_M = st_arena_alloc(&plan->arena, (size_t)count, sizeof *knot_M);
    if (!knot_min || !knot_M) {
        return false;
    }
    b->knot_count = count;
    b->knot_min = knot_min;
    b->knot_M = knot_M;
    if (!list) {
        const st_node* level = st_node_need(ctx, map, "level", "a concentration, or `levels`");
        return level && read_value(ctx, plan, level, "a concentration", "fmol/um^3", &f->bridge,
                                   0.0, &knot_M[0]);
    }
    static const char* const keys[] = {"at", "level", NULL};
    const bool has_source = st_node_child(map, "source") != NULL;
    const bool is_assumed = st_node_child(map, "assumed") != NULL;
    if (has_source == is_assumed) {
        return st_node_fail(ctx, map, "expected exactly one of `source` and `assumed`");
    }
    plan->value_count++;
    plan->assumed_count += is_assumed;
    int i = 0;
    for (const st_node* knot = list->first; knot; knot = knot->next, i++) {
        if (!st_node_check_keys(ctx, knot, keys)) {
            return false;
        }
        const st_node* at = st_node_need(ctx, knot, "at", "a time");
        const st_node* level = st_node_need(ctx, knot, "level", "a concentration");
        if (!at || !level ||
            !st_node_read_quantity(ctx, at, "a time", "min", NULL, -1e30, 1e30, &knot_min[i]) ||
            !st_node_read_quantity(ctx, level, "a concentration", "fmol/um^3", &f->bridge, 0.0,
                                   1e30, &knot_M[i])) {
            return false;
        }
        if (i > 0 && !(knot_min[i] > knot_min[i - 1])) {
            return st_node_fail(ctx, at, "found %g min after %g min, expected times that rise",
                                knot_min[i], knot_min[i - 1]);
        }
    }
    return true;
}

static void read_boundary(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, st_plan_field* f)
{
    static const char* const keys[] = {"at",   "kind",   "level",   "levels", "permeability",
                                       "flux", "source", "assumed", NULL};
    static const char* const kinds[] = {"closed", "fixed", "exchange", "flux"};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* at = st_node_need(ctx, map, "at", "a bath, outside or a side of the box");
    const st_node* kind = st_node_need(ctx, map, "kind", "closed, fixed, exchange or flux");
    int which = 0;
    const int region = at ? read_region(ctx, plan, at) : -1;
    if (region < 0 || !kind || !st_node_read_choice(ctx, kind, kinds, 4, &which)) {
        return;
    }
    for (int i = 0; i < f->boundary_count; i++) {
        if (f->boundary[i].region == region) {
            st_node_fail(ctx, at, "found %s a second time", at->text);
            return;
        }
    }
    st_boundary* b = &f->boundary[f->boundary_count++];
    *b = (st_boundary){.region = region, .kind = (st_boundary_kind)which};
    if (b->kind == ST_BOUNDARY_FIXED || b->kind == ST_BOUNDARY_EXCHANGE) {
        read_levels(ctx, plan, map, f, b);
    }
    if (b->kind == ST_BOUNDARY_EXCHANGE &&
        st_node_need(ctx, map, "permeability", "a permeability such as { value: 1e-6 m/s, ... }")) {
        read_child(ctx, plan, map, "permeability", "a permeability", "um/min", NULL, 0.0,
                   &b->permeability_um_per_min);
    }
    if (b->kind == ST_BOUNDARY_FLUX &&
        st_node_need(ctx, map, "flux", "a flux such as { value: 1 pmol/mm^2/h, ... }")) {
        read_child(ctx, plan, map, "flux", "an amount per area and time", "fmol/um^2/min",
                   &f->bridge, -1e30, &b->flux_M_um_per_min);
    }
}

static void read_field(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, st_plan_field* f)
{
    static const char* const keys[] = {
        "in",         "boundaries", "solve", "tolerance", "steady_tolerance",
        "molar_mass", "solubility", NULL};
    static const char* const modes[] = {"auto", "transient", "steady"};
    f->name = map->key;
    const st_field_def def = st_default_field_def();
    f->tolerance = def.tolerance;
    f->steady_tolerance = def.steady_tolerance;
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* node = st_node_child(map, "molar_mass");
    if (node) {
        read_value(ctx, plan, node, "a molar mass", "kg/mol", NULL, 1e-9,
                   &f->bridge.molar_mass_kg_per_mol);
    }
    node = st_node_child(map, "solubility");
    if (node) {
        read_value(ctx, plan, node, "a solubility", "mol/m^3/Pa", NULL, 1e-30,
                   &f->bridge.solubility_mol_per_m3_Pa);
    }
    const st_node* in = st_node_need(ctx, map, "in", "a map of media");
    for (const st_node* m = in && st_node_expect(ctx, in, ST_NODE_MAP) ? in->first : NULL; m;
         m = m->next) {
        int medium = 0;
        for (int i = 1; i <= plan->medium_count; i++) {
            medium = strcmp(m->key, plan->medium[i]) == 0 && !plan->is_bath[i] ? i : medium;
        }
        if (medium == 0) {
            st_node_fail_key(ctx, m, "found %s, expected a medium of `media` that is no bath",
                             m->key);
        } else if (st_node_expect(ctx, m, ST_NODE_MAP)) {
            read_medium(ctx, plan, m, f, medium);
        }
    }
    for (int i = 1; in && i <= plan->medium_count; i++) {
        if (!plan->is_bath[i] && !st_node_child(in, plan->medium[i])) {
            st_node_fail(ctx, in, "found nothing for medium %s", plan->medium[i]);
        }
    }
    node = st_node_child(map, "boundaries");
    if (node && st_node_expect(ctx, node, ST_NODE_LIST)) {
        for (const st_node* b = node->first; b; b = b->next) {
            read_boundary(ctx, plan, b, f);
        }
    }
    int mode = 0;
    node = st_node_child(map, "solve");
    if (node && st_node_read_choice(ctx, node, modes, 3, &mode)) {
        f->mode = (st_field_mode)mode;
    }
    node = st_node_child(map, "tolerance");
    if (node) {
        st_node_read_number(ctx, node, 1e-6, 0.5, &f->tolerance);
    }
    node = st_node_child(map, "steady_tolerance");
    if (node) {
        st_node_read_number(ctx, node, 0.0, 1.0, &f->steady_tolerance);
    }
}

void st_plan_field_read_all(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return;
    }
    const int least = st_tissue_plan_cells(plan) ? 0 : 1; // cells can live without fields
    if (map->child_count < least || map->child_count > ST_PLAN_FIELD_LIMIT) {
        st_node_fail(ctx, map, "found %d fields, expected %d to %d", map->child_count, least,
                     ST_PLAN_FIELD_LIMIT);
        return;
    }
    plan->field = st_alloc(ctx, (size_t)map->child_count, sizeof *plan->field);
    if (!plan->field) {
        return;
    }
    for (const st_node* node = map->first; node; node = node->next) {
        if (st_node_expect(ctx, node, ST_NODE_MAP)) {
            read_field(ctx, plan, node, &plan->field[plan->field_count++]);
        }
    }
}
