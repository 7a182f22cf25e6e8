#include "procedure/catalogue_read.h"

#include "base/units.h"

#include <stdio.h>
#include <string.h>

/// A part is an amount per mL or per injection, of cells or of mass: its unit tells which.
static bool read_part(st_catalogue* catalogue, const st_node* node, const st_ware* ware,
                      st_ware_part* part)
{
    static const struct {
        const char* unit;
        bool is_cell, is_per_mL;
    } form[] = {{"cells/mL", true, true},
                {"cells", true, false},
                {"g/mL", false, true},
                {"g", false, false}};
    st_ctx* ctx = catalogue->ctx;
    const st_node* value = NULL;
    if (!st_node_expect(ctx, node, ST_NODE_MAP) ||
        (value = st_node_need(ctx, node, "value", "a quantity")) == NULL ||
        !st_node_expect(ctx, value, ST_NODE_SCALAR)) {
        return false;
    }
    char why[96];
    double number = 0.0;
    st_unit unit;
    const char* unit_text = NULL;
    if (!st_quantity_parse(value->text, &number, &unit, &unit_text, why, sizeof why)) {
        return st_node_fail(ctx, value, "found '%s' (%s), expected cells or a mass", value->text,
                            why);
    }
    for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
        st_unit target;
        if (!st_unit_parse(form[i].unit, &target, why, sizeof why) ||
            !st_dim_equal(&target.dim, &unit.dim)) {
            continue;
        }
        const st_amount_rule rule = {form[i].unit, 0.0, 1e15, ST_AMOUNT_POSITIVE};
        const char* name =
            st_arena_format(&catalogue->arena, "products.%s.%s", ware->name, node->key);
        part->product_class = node->key;
        part->is_cell = form[i].is_cell;
        part->is_per_mL = form[i].is_per_mL;
        return st_amount_read(catalogue, node, name, &rule, &part->amount);
    }
    return st_node_fail(ctx, value,
                        "found '%s', expected cells or a mass, per mL or per injection (g/mL, g, "
                        "cells/mL, cells)",
                        value->text);
}

static void read_parts(st_catalogue* catalogue, const st_node* parts, st_ware* ware)
{
    if (parts == NULL || !st_node_expect(catalogue->ctx, parts, ST_NODE_MAP)) {
        return;
    }
    // two places are kept for the MSC and the platelets of a sample
    if (parts->child_count > ST_DOSE_PART_LIMIT - 2) {
        st_node_fail(catalogue->ctx, parts, "found %d parts, expected at most %d",
                     parts->child_count, ST_DOSE_PART_LIMIT - 2);
        return;
    }
    for (const st_node* node = parts->first; node != NULL; node = node->next) {
        if (read_part(catalogue, node, ware, &ware->part[ware->part_count])) {
            ware->part_count++;
        }
    }
}

static void read_ware(st_catalogue* catalogue, const st_node* entry, st_ware* ware)
{
    static const char* const known[] = {"title",      "carrier", "consistency",
                                        "flow_index", "parts",   NULL};
    static const st_amount_rule consistency_rule = {"Pa*s", 1e-6, 1e6, ST_AMOUNT_FIXED};
    static const st_amount_rule index_rule = {"1", 0.01, 2.0, ST_AMOUNT_FIXED};
    st_ctx* ctx = catalogue->ctx;
    st_amount amount = {0.0, 0.0, 0.0};
    ware->name = entry->key;
    if (!st_node_check_keys(ctx, entry, known)) {
        return;
    }
    const st_node* title = st_node_need(ctx, entry, "title", "a title for people");
    if (title != NULL) {
        (void)st_node_read_text(ctx, title, &ware->title);
    }
    const st_node* carrier = st_node_child(entry, "carrier");
    if (carrier != NULL) {
        (void)st_node_read_bool(ctx, carrier, &ware->is_carrier);
    }
    const st_node* node = st_node_need(ctx, entry, "consistency", "a consistency such as 1 mPa*s");
    const char* name = st_arena_format(&catalogue->arena, "products.%s.consistency", ware->name);
    if (st_amount_read(catalogue, node, name, &consistency_rule, &amount)) {
        ware->consistency_Pa_sn = amount.value;
    }
    node = st_node_need(ctx, entry, "flow_index", "a flow index, 1 for a Newtonian fluid");
    name = st_arena_format(&catalogue->arena, "products.%s.flow_index", ware->name);
    if (st_amount_read(catalogue, node, name, &index_rule, &amount)) {
        ware->flow_index = amount.value;
    }
    read_parts(catalogue, st_node_need(ctx, entry, "parts", "a map of product classes, or {}"),
               ware);
}

void st_catalogue_wares_read(st_catalogue* catalogue, const st_node* root)
{
    static const char* const known[] = {"products", NULL};
    st_ctx* ctx = catalogue->ctx;
    if (!st_node_check_keys(ctx, root, known)) {
        return;
    }
    const st_node* map = st_node_need(ctx, root, "products", "a map of products");
    if (map == NULL || !st_node_expect(ctx, map, ST_NODE_MAP)) {
        return;
    }
    const size_t count = (size_t)map->child_count;
    st_ware* ware = st_arena_alloc(&catalogue->arena, count, sizeof *ware);
    const char** name = st_arena_alloc(&catalogue->arena, count, sizeof *name);
    if (ware == NULL || name == NULL) {
        catalogue->is_memory_out = true;
        return;
    }
    size_t i = 0;
    for (const st_node* entry = map->first; entry != NULL; entry = entry->next, i++) {
        read_ware(catalogue, entry, &ware[i]);
        name[i] = entry->key;
    }
    catalogue->ware = ware;
    catalogue->ware_name = name;
    catalogue->ware_count = map->child_count;
    if (catalogue->ware_count == 0 ||
        st_node_child(map, "saline") == NULL) { // the carrier when none is named
        st_node_fail(ctx, map, "found no product 'saline', expected one");
    }
}
