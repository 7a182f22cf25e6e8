// A tissue file: read, checked, and built.

#include "tissue/label_map.h"
#include "tissue/plan.h"

#include <math.h>
#include <string.h>

#include <xxhash.h>

int st_plan_medium(st_ctx* ctx, const st_tissue_plan* plan, const st_node* node)
{
    for (int i = 1; i <= plan->medium_count; i++) {
        if (strcmp(node->text, plan->medium[i]) == 0) {
            return i;
        }
    }
    const char* near = st_name_nearest(node->text, plan->medium + 1, plan->medium_count);
    st_node_fail(ctx, node, "found '%s', expected a name from `media`%s%s%s", node->text,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 0;
}

bool st_plan_point(st_ctx* ctx, const st_node* node, double out[3])
{
    if (!st_node_expect(ctx, node, ST_NODE_LIST)) {
        return false;
    }
    if (node->child_count != 3) {
        return st_node_fail(ctx, node, "found %d lengths, expected three", node->child_count);
    }
    bool is_good = true;
    int i = 0;
    for (const st_node* part = node->first; part; part = part->next, i++) {
        is_good &= st_node_read_quantity(ctx, part, "a length", "um", NULL, -1e9, 1e9, &out[i]);
    }
    return is_good;
}

/// A place that a medium names is one of the model's.
static void check_place(st_ctx* ctx, const st_tissue_plan* plan, const st_node* place)
{
    const char* name[ST_MEDIUM_LIMIT];
    int count = 0;
    int found = 0;
    if (!plan->model) {
        st_node_fail(ctx, place, "found a place, expected `model` at the top of the file");
        return;
    }
    for (int p = 0; p < st_model_place_count(plan->model); p++) {
        const char* known = st_model_place(plan->model, p)->name;
        if (strcmp(known, place->text) == 0) {
            return;
        }
        if (count < ST_MEDIUM_LIMIT) {
            name[count++] = known;
        }
    }
    st_node_read_choice(ctx, place, name, count, &found); // tells which are allowed
}

static void read_media(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"bath", "place", NULL};
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return;
    }
    if (map->child_count < 1 || map->child_count > ST_MEDIUM_LIMIT) {
        st_node_fail(ctx, map, "found %d media, expected 1 to %d", map->child_count,
                     ST_MEDIUM_LIMIT);
        return;
    }
    for (const st_node* node = map->first; node; node = node->next) {
        const int m = ++plan->medium_count;
        plan->medium[m] = node->key;
        if (node->kind != ST_NODE_NULL && st_node_check_keys(ctx, node, keys)) {
            const st_node* bath = st_node_child(node, "bath");
            if (bath) {
                st_node_read_bool(ctx, bath, &plan->is_bath[m]);
            }
            const st_node* place = st_node_child(node, "place");
            if (place && st_node_read_text(ctx, place, &plan->place[m])) {
                check_place(ctx, plan, place);
            }
        }
    }
}

static void read_box(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"from", "to", "voxel", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* from = st_node_need(ctx, map, "from", "a corner such as [0 mm, 0 mm, 0 mm]");
    const st_node* to = st_node_need(ctx, map, "to", "a corner such as [1 mm, 1 mm, 1 mm]");
    const st_node* voxel = st_node_need(ctx, map, "voxel", "a length such as 50 um");
    double edge = 0.0;
    if (!from || !to || !voxel || !st_plan_point(ctx, from, plan->low_um) ||
        !st_plan_point(ctx, to, plan->high_um)) {
        return;
    }
    if (voxel->kind == ST_NODE_LIST) {
        if (!st_plan_point(ctx, voxel, plan->voxel_um)) {
            return;
        }
    } else if (st_node_read_quantity(ctx, voxel, "a length", "um", NULL, 1e-3, 1e6, &edge)) {
        plan->voxel_um[0] = plan->voxel_um[1] = plan->voxel_um[2] = edge;
    } else {
        return;
    }
    for (int i = 0; i < 3; i++) {
        const double voxels = (plan->high_um[i] - plan->low_um[i]) / plan->voxel_um[i];
        if (!(plan->voxel_um[i] > 0.0) || !(voxels > 0.5) || !(voxels < 1048576.0)) {
            st_node_fail(ctx, map, "found %g voxels along axis %d, expected 1 to 1048576", voxels,
                         i + 1);
        } else if (fabs(voxels - round(voxels)) > 1e-6 * voxels) {
            st_node_fail(ctx, map, "found %.6g voxels along axis %d, expected a whole number",
                         voxels, i + 1);
        }
    }
    plan->has_box = true;
}

static void read_run(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"until", "every", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* until = st_node_need(ctx, map, "until", "a time such as 24 h");
    const st_node* every = st_node_need(ctx, map, "every", "a time such as 1 h");
    if (until && every &&
        st_node_read_quantity(ctx, until, "a time", "min", NULL, 1e-6, 1e9, &plan->until_min) &&
        st_node_read_quantity(ctx, every, "a time", "min", NULL, 1e-6, 1e9, &plan->every_min) &&
        plan->until_min / plan->every_min > 1e5) {
        st_node_fail(ctx, every, "found %g outputs, expected 100 000 at most",
                     plan->until_min / plan->every_min);
    }
}

static void read_slice(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"field", "across", "at", NULL};
    static const char* const axes[] = {"x", "y", "z"};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    if (plan->slice_count == ST_PLAN_SLICE_LIMIT) {
        st_node_fail(ctx, map, "found more than %d slices", ST_PLAN_SLICE_LIMIT);
        return;
    }
    st_slice_plan* s = &plan->slice[plan->slice_count];
    *s = (st_slice_plan){.field = -2};
    const st_node* field = st_node_need(ctx, map, "field", "a field, or media");
    const st_node* across = st_node_need(ctx, map, "across", "x, y or z");
    const st_node* at = st_node_need(ctx, map, "at", "a length");
    if (!field || !across || !at || !st_node_read_choice(ctx, across, axes, 3, &s->axis) ||
        !st_node_read_quantity(ctx, at, "a length", "um", NULL, -1e9, 1e9, &s->at_um)) {
        return;
    }
    s->field = strcmp(field->text, "media") == 0 ? -1 : -2;
    for (int i = 0; i < plan->field_count; i++) {
        s->field = strcmp(field->text, plan->field[i].name) == 0 ? i : s->field;
    }
    if (s->field == -2) {
        st_node_fail(ctx, field, "found '%s', expected a name from `fields`, or media",
                     field->text);
    } else if (!(s->at_um >= plan->low_um[s->axis] && s->at_um < plan->high_um[s->axis])) {
        st_node_fail(ctx, at, "found %g um, expected a place within the box, %g to %g um", s->at_um,
                     plan->low_um[s->axis], plan->high_um[s->axis]);
    } else {
        plan->slice_count++;
    }
}

static void read_output(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"slices", "vtk", "vtu", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* vtk = st_node_child(map, "vtk");
    if (vtk) {
        st_node_read_bool(ctx, vtk, &plan->writes_vtk);
    }
    const st_node* vtu = st_node_child(map, "vtu");
    if (vtu) {
        st_node_read_bool(ctx, vtu, &plan->writes_vtu);
    }
    const st_node* slices = st_node_child(map, "slices");
    if (slices && st_node_expect(ctx, slices, ST_NODE_LIST)) {
        for (const st_node* s = slices->first; s; s = s->next) {
            read_slice(ctx, plan, s);
        }
    }
}

// `labels: { file: x.nii.gz, table: { 1: cartilage } }`: the map gives the box and its voxels.
static void read_labels(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    static const char* const keys[] = {"file", "table", NULL};
    uint8_t table[256] = {0};
    bool known[256] = {true};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* file = st_node_need(ctx, map, "file", "a NIfTI file");
    const st_node* pairs = st_node_need(ctx, map, "table", "a map such as { 1: cartilage }");
    if (!file || !pairs || !st_node_expect(ctx, pairs, ST_NODE_MAP)) {
        return;
    }
    for (const st_node* p = pairs->first; p; p = p->next) {
        int label = 0;
        for (const char* c = p->key; *c; c++) {
            label = *c >= '0' && *c <= '9' && label < 1000 ? 10 * label + (*c - '0') : 1000;
        }
        if (label < 1 || label > 255) {
            st_node_fail_key(ctx, p, "found label %s, expected 1 to 255", p->key);
            continue;
        }
        known[label] = true;
        table[label] = strcmp(p->text, "none") == 0 ? 0 : (uint8_t)st_plan_medium(ctx, plan, p);
    }
    st_nifti nifti;
    if (st_ctx_mistake_count(ctx) > 0 ||
        st_label_map_load(ctx, st_doc_name(plan->doc), file->text, &nifti) != ST_OK) {
        return;
    }
    plan->label_bytes = nifti.label;
    const size_t count = (size_t)nifti.size[0] * (size_t)nifti.size[1] * (size_t)nifti.size[2];
    for (size_t i = 0; i < count; i++) {
        if (!known[nifti.label[i]]) {
            st_node_fail(ctx, pairs, "found label %d in the map, expected it in the table",
                         nifti.label[i]);
            return;
        }
        nifti.label[i] = table[nifti.label[i]];
    }
    plan->labels.medium = plan->label_bytes;
    for (int i = 0; i < 3; i++) {
        plan->labels.size[i] = nifti.size[i];
        plan->voxel_um[i] = nifti.voxel_um[i];
        plan->low_um[i] = nifti.origin_um[i];
        plan->high_um[i] = nifti.origin_um[i] + nifti.size[i] * nifti.voxel_um[i];
    }
    plan->has_box = true;
}

// `model:` is a path relative to the tissue file.
static bool load_model(st_ctx* ctx, st_tissue_plan* plan, const st_node* node)
{
    const char* name = NULL;
    if (!st_node_read_text(ctx, node, &name)) {
        return false;
    }
    const char* beside = st_doc_name(plan->doc);
    const char* slash = strrchr(beside, '/');
    const int folder = slash && name[0] != '/' ? (int)(slash - beside) + 1 : 0;
    const char* path = st_arena_format(&plan->arena, "%.*s%s", folder, beside, name);
    if (st_tissue_plan_cells(plan)) { // single cells have signals that a mixed place has not
        return path && st_model_load_in_space(ctx, path, NULL, &plan->model) == ST_OK;
    }
    return path && st_model_load(ctx, path, NULL, &plan->model) == ST_OK;
}

static void read_plan(st_ctx* ctx, st_tissue_plan* plan)
{
    static const char* const keys[] = {"tissue", "model",  "description", "box",
                                       "labels", "media",  "geometry",    "fields",
                                       "run",    "output", "cells",       NULL};
    const st_node* root = st_doc_root(plan->doc);
    if (!st_node_check_keys(ctx, root, keys)) {
        return;
    }
    const st_node* title = st_node_need(ctx, root, "tissue", "a title");
    if (title) {
        st_node_read_text(ctx, title, &plan->title);
    }
    const st_node* media = st_node_need(ctx, root, "media", "a map of media");
    const st_node* model = st_node_child(root, "model");
    if (!media || (model && !load_model(ctx, plan, model))) {
        return;
    }
    read_media(ctx, plan, media);
    const st_node* box = st_node_child(root, "box");
    const st_node* labels = st_node_child(root, "labels");
    if (box && labels) {
        st_node_fail_key(ctx, box,
                         "found both `box` and `labels`, expected one: a label map brings "
                         "its own box");
    } else if (box) {
        read_box(ctx, plan, box);
    } else if (labels) {
        read_labels(ctx, plan, labels);
    } else {
        st_node_need(ctx, root, "box", "a box, or `labels`");
    }
    const st_node* geometry = labels ? st_node_child(root, "geometry")
                                     : st_node_need(ctx, root, "geometry", "a list of shapes");
    if (geometry) {
        st_plan_shape_read_all(ctx, plan, geometry);
    }
    const st_node* fields = st_node_need(ctx, root, "fields", "a map of fields");
    if (fields) {
        st_plan_field_read_all(ctx, plan, fields);
    }
    const st_node* run =
        st_node_need(ctx, root, "run", "a map such as { until: 24 h, every: 1 h }");
    if (run) {
        read_run(ctx, plan, run);
    }
    const st_node* output = st_node_child(root, "output");
    if (output && plan->has_box) {
        read_output(ctx, plan, output);
    }
}

// All bytes that the run depends on.
static st_status identify(st_tissue_plan* plan)
{
    size_t length = 0;
    const char* text = st_doc_text(plan->doc, &length);
    uint64_t hash = XXH3_64bits(text, length);
    if (plan->model) {
        const uint64_t model = st_model_hash(plan->model);
        hash = XXH3_64bits_withSeed(&model, sizeof model, hash);
    }
    if (plan->label_bytes) {
        const int* size = plan->labels.size;
        hash = XXH3_64bits_withSeed(plan->label_bytes,
                                    (size_t)size[0] * (size_t)size[1] * (size_t)size[2], hash);
    }
    plan->identity =
        st_arena_format(&plan->arena, "%016llx %s", (unsigned long long)hash, st_version());
    return plan->identity ? ST_OK : ST_ERR_MEMORY;
}

st_status st_tissue_plan_load(st_ctx* ctx, const char* path, st_tissue_plan** out)
{
    *out = NULL;
    st_tissue_plan* plan = st_alloc(ctx, 1, sizeof *plan);
    if (!plan) {
        return ST_ERR_MEMORY;
    }
    plan->ctx = ctx;
    st_arena_init(&plan->arena, ctx);
    const int before = st_ctx_mistake_count(ctx);
    st_status status = st_doc_load(ctx, path, &plan->doc);
    if (status == ST_OK) {
        read_plan(ctx, plan);
        status = st_ctx_mistake_count(ctx) > before ? ST_ERR_INPUT : ST_OK;
    }
    if (status == ST_OK) {
        status = identify(plan);
    }
    if (status != ST_OK) {
        st_tissue_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return ST_OK;
}

void st_tissue_plan_destroy(st_tissue_plan* plan)
{
    if (!plan) {
        return;
    }
    st_ctx* ctx = plan->ctx;
    st_free(ctx, plan->field);
    st_free(ctx, plan->label_bytes);
    st_model_destroy(plan->model);
    st_arena_clear(&plan->arena);
    st_doc_destroy(plan->doc);
    st_free(ctx, plan);
}

// Shortest time over which the surroundings of a field change: between outputs, or along a ramp.
static double change_time(const st_tissue_plan* plan, const st_plan_field* f)
{
    double shortest = plan->every_min;
    for (int i = 0; i < f->boundary_count; i++) {
        const st_boundary* b = &f->boundary[i];
        for (int k = 1; k < b->knot_count; k++) {
            if (b->knot_M[k] < b->knot_M[k - 1] || b->knot_M[k] > b->knot_M[k - 1]) {
                shortest = fmin(shortest, b->knot_min[k] - b->knot_min[k - 1]);
            }
        }
    }
    return shortest;
}

st_status st_tissue_plan_build(st_ctx* ctx, const st_tissue_plan* plan, int worker_count,
                               st_tissue** out)
{
    st_tissue_def def = st_default_tissue_def();
    for (int i = 0; i < 3; i++) {
        def.origin_um[i] = plan->low_um[i];
        def.voxel_um[i] = plan->voxel_um[i];
        def.size[i] = (int)((plan->high_um[i] - plan->low_um[i]) / plan->voxel_um[i] + 0.5);
    }
    def.paint = plan->paint;
    def.paint_count = plan->paint_count;
    def.labels = plan->labels.medium ? &plan->labels : NULL;
    for (int m = 1; m <= plan->medium_count; m++) {
        def.bath_media |= plan->is_bath[m] ? (uint64_t)1 << m : 0;
    }
    def.worker_count = worker_count;
    ST_TRY(st_tissue_create(ctx, &def, out));
    for (int i = 0; i < plan->field_count; i++) {
        const st_plan_field* f = &plan->field[i];
        st_field_def field = st_default_field_def();
        field.name = f->name;
        field.rates = f->rates;
        field.boundary = f->boundary;
        field.boundary_count = f->boundary_count;
        memcpy(field.initial_M, f->initial_M, sizeof field.initial_M);
        field.mode = f->mode;
        field.tolerance = f->tolerance;
        field.solver_tolerance = 0.01 * f->tolerance;
        field.steady_tolerance = f->steady_tolerance;
        field.change_time_min = change_time(plan, f);
        int index;
        const st_status status = st_tissue_add_field(ctx, *out, &field, &index);
        if (status != ST_OK) {
            st_tissue_destroy(*out);
            *out = NULL;
            return status;
        }
    }
    const st_status status = st_plan_react_add(ctx, plan, *out);
    if (status != ST_OK) {
        st_tissue_destroy(*out);
        *out = NULL;
    }
    return status;
}

const char* st_tissue_plan_identity(const st_tissue_plan* plan)
{
    return plan->identity;
}

const char* st_tissue_plan_title(const st_tissue_plan* plan)
{
    return plan->title;
}

double st_tissue_plan_until_min(const st_tissue_plan* plan)
{
    return plan->until_min;
}

double st_tissue_plan_every_min(const st_tissue_plan* plan)
{
    return plan->every_min;
}

bool st_tissue_plan_writes_vtk(const st_tissue_plan* plan)
{
    return plan->writes_vtk;
}

bool st_tissue_plan_writes_vtu(const st_tissue_plan* plan)
{
    return plan->writes_vtu;
}

int st_tissue_plan_medium_count(const st_tissue_plan* plan)
{
    return plan->medium_count;
}

const char* st_tissue_plan_medium(const st_tissue_plan* plan, int medium)
{
    return plan->medium[medium];
}

bool st_tissue_plan_is_bath(const st_tissue_plan* plan, int medium)
{
    return plan->is_bath[medium];
}

int st_tissue_plan_field_count(const st_tissue_plan* plan)
{
    return plan->field_count;
}

const char* st_tissue_plan_field(const st_tissue_plan* plan, int field)
{
    return plan->field[field].name;
}

int st_tissue_plan_slice_count(const st_tissue_plan* plan)
{
    return plan->slice_count;
}

const st_slice_plan* st_tissue_plan_slice(const st_tissue_plan* plan, int slice)
{
    return &plan->slice[slice];
}

int st_tissue_plan_value_count(const st_tissue_plan* plan, int* assumed_count)
{
    *assumed_count = plan->assumed_count;
    return plan->value_count;
}

const struct st_node* st_tissue_plan_root(const st_tissue_plan* plan)
{
    return st_doc_root(plan->doc);
}

const struct st_node* st_tissue_plan_cells(const st_tissue_plan* plan)
{
    return st_node_child(st_tissue_plan_root(plan), "cells");
}

const struct st_model* st_tissue_plan_model(const st_tissue_plan* plan)
{
    return plan->model;
}

const char* st_tissue_plan_place(const st_tissue_plan* plan, int medium)
{
    return plan->place[medium];
}
