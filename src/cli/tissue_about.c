#include "tissue_about.h"

#include "base/doc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void st_tissue_about_row(st_text* csv, const char* what, const char* value, const char* unit)
{
    st_text_add_field(csv, what);
    st_text_add_field(csv, value);
    st_text_add_field(csv, unit);
    st_text_end_record(csv);
}

static void add_number(st_text* csv, const char* what, double value, const char* unit)
{
    char number[40];
    snprintf(number, sizeof number, "%.17g", value);
    st_tissue_about_row(csv, what, number, unit);
}

static void add_named(st_text* csv, const char* what, const char* name, double value,
                      const char* unit)
{
    char head[200];
    snprintf(head, sizeof head, "%s_%s", what, name);
    add_number(csv, head, value, unit);
}

/// Fields, matrices and slices in the order of their columns and files.
static void add_lists(st_text* csv, const st_tissue_plan* plan, const st_tissue* tissue)
{
    char head[40];
    for (int f = 0; f < st_tissue_field_count(tissue); f++) {
        const st_field_choice c = st_tissue_field_choice(tissue, f);
        const char* name = st_tissue_field_name(tissue, f);
        add_named(csv, "steady", name, c.is_steady, "1");
        if (isfinite(c.relaxation_min)) {
            add_named(csv, "relaxation", name, c.relaxation_min, "min");
        }
        add_named(csv, "steps", name, (double)st_tissue_ledger(tissue, f).step_count, "1");
    }
    for (int i = 0; i < st_tissue_matrix_count(tissue); i++) {
        snprintf(head, sizeof head, "matrix_%d", i + 1);
        st_tissue_about_row(csv, head, st_tissue_matrix_name(tissue, i),
                            st_tissue_matrix_unit(tissue, i));
    }
    for (int i = 0; i < st_tissue_plan_slice_count(plan); i++) {
        const int field = st_tissue_plan_slice(plan, i)->field;
        snprintf(head, sizeof head, "slice_%d", i + 1);
        st_tissue_about_row(csv, head, field < 0 ? "media" : st_tissue_plan_field(plan, field), "");
    }
}

void st_tissue_about_add(st_text* csv, const st_tissue_plan* plan, const st_tissue* tissue)
{
    const st_node* description = st_node_child(st_tissue_plan_root(plan), "description");
    const st_model* model = st_tissue_plan_model(plan);
    const double voxel = st_tissue_voxel_volume_um3(tissue);
    st_text_add(csv, "what,value,unit\r\n");
    st_tissue_about_row(csv, "title", st_tissue_plan_title(plan), "");
    if (description != NULL) {
        st_tissue_about_row(csv, "description", description->text, "");
    }
    if (model != NULL) {
        st_tissue_about_row(csv, "model", st_model_title(model), "");
    }
    st_tissue_about_row(csv, "version", st_version(), "");
    add_number(csv, "voxels", (double)st_tissue_voxel_count(tissue), "1");
    add_number(csv, "voxel_volume", voxel, "um^3");
    add_number(csv, "bricks", st_tissue_brick_count(tissue), "1");
    for (int m = 1; m <= st_tissue_plan_medium_count(plan); m++) {
        if (!st_tissue_plan_is_bath(plan, m)) {
            const int64_t count = st_tissue_medium_voxel_count(tissue, m);
            add_named(csv, "volume", st_tissue_plan_medium(plan, m), (double)count * voxel * 1e-12,
                      "mL");
        }
    }
    add_lists(csv, plan, tissue);
}

void st_tissue_about_add_cells(st_text* csv, const st_tissue_plan* plan,
                               const st_agents_plan* cells_plan, st_agents* agents)
{
    const st_node* seed = st_node_child(st_tissue_plan_cells(plan), "seed");
    const st_profile_plan profile = st_agents_plan_profile(cells_plan);
    static const char* const axes[] = {"x", "y", "z"};
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)st_default_agents_def().seed);
    st_tissue_about_row(csv, "seed", seed != NULL ? seed->text : number, "1");
    if (profile.bin_count > 0) {
        st_tissue_about_row(csv, "profile", axes[profile.axis], "");
    }
    st_cells* cells = st_agents_cells(agents);
    add_number(csv, "cells", (double)st_cells_count(cells), "1");
    add_number(csv, "bytes_per_cell", (double)st_cells_state_bytes(cells), "1");
}

// --- values
// ---------------------------------------------------------------------------------------

/// One row: what a map with `source` or `assumed` says.
static void add_value(st_text* csv, const st_node* map)
{
    char path[512];
    const st_node* value = st_node_child(map, "value");
    const st_node* source = st_node_child(map, "source");
    const st_node* assumed = st_node_child(map, "assumed");
    st_node_path(map, path, sizeof path);
    st_text_add_field(csv, "tissue");
    st_text_add_field(csv, path);
    st_text_add_field(csv, value != NULL ? value->text : "a course over time");
    st_text_add_field(csv, source != NULL ? source->text : "");
    st_text_add_field(csv, assumed != NULL ? assumed->text : "");
    st_text_end_record(csv);
}

static void add_below(st_text* csv, const st_node* node)
{
    if (node->kind == ST_NODE_MAP &&
        (st_node_child(node, "source") != NULL || st_node_child(node, "assumed") != NULL)) {
        add_value(csv, node);
        return;
    }
    for (const st_node* child = node->first; child != NULL; child = child->next) {
        add_below(csv, child); // no deeper than ST_DOC_DEPTH_LIMIT
    }
}

static void add_parameter(st_text* csv, const st_parameter_info* p)
{
    char number[80];
    snprintf(number, sizeof number, "%.9g %s", p->value * p->show_factor,
             strcmp(p->show_unit, "1") == 0 ? "" : p->show_unit);
    const size_t length = strlen(number);
    if (number[length - 1] == ' ') {
        number[length - 1] = '\0';
    }
    st_text_add_field(csv, "model");
    st_text_add_field(csv, p->name);
    st_text_add_field(csv, number);
    st_text_add_field(csv, p->source != NULL ? p->source : "");
    st_text_add_field(csv, p->assumed != NULL ? p->assumed : "");
    st_text_end_record(csv);
}

void st_tissue_about_add_values(st_text* csv, const st_tissue_plan* plan)
{
    const st_model* model = st_tissue_plan_model(plan);
    st_text_add(csv, "file,name,value,source,assumed\r\n");
    add_below(csv, st_tissue_plan_root(plan));
    for (int i = 0; model != NULL && i < st_model_parameter_count(model); i++) {
        add_parameter(csv, st_model_parameter(model, i));
    }
}
