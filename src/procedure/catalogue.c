#include "procedure/catalogue.h"

#include "procedure/catalogue_read.h"

#include <math.h>
#include <string.h>

const char* const ST_STEP_KIND_NAME[ST_STEP_COUNT] = {
    "harvest", "spin", "expand", "freeze", "injection", "gel", "fat harvest", "blood draw"};
const char* const ST_GUIDANCE_NAME[ST_GUIDANCE_COUNT] = {"ultrasound", "landmark", "fluoroscopy"};

typedef struct value_row {
    const char* group;
    const char* field;
    const char* name; ///< "marrow.cfu_f"
    st_amount_rule rule;
    size_t offset; ///< in st_procedure_values
} value_row;

static const value_row VALUE_ROW[] = {
#define X(group, field, unit, lo, hi, spread)                                                      \
    {#group,                                                                                       \
     #field,                                                                                       \
     #group "." #field,                                                                            \
     {unit, lo, hi, ST_AMOUNT_##spread},                                                           \
     offsetof(st_procedure_values, group##_##field)},
    ST_PROCEDURE_VALUES(X)
#undef X
};

enum { VALUE_ROW_COUNT = (int)(sizeof VALUE_ROW / sizeof VALUE_ROW[0]) };

/// Reads one group, for example `marrow:`, whose rows stand together in VALUE_ROW from `first` on.
/// Gives back the row after the last one of the group.
static int read_group(st_catalogue* catalogue, const st_node* root, int first)
{
    const char* known[VALUE_ROW_COUNT + 1];
    const char* group = VALUE_ROW[first].group;
    int end = first;
    while (end < VALUE_ROW_COUNT && strcmp(VALUE_ROW[end].group, group) == 0) {
        known[end - first] = VALUE_ROW[end].field;
        end++;
    }
    known[end - first] = NULL;
    const st_node* map = st_node_need(catalogue->ctx, root, group, "a map of values");
    if (map == NULL || !st_node_expect(catalogue->ctx, map, ST_NODE_MAP)) {
        return end;
    }
    (void)st_node_check_keys(catalogue->ctx, map, known); // reported; the known ones are read
    for (int i = first; i < end; i++) {
        const value_row* row = &VALUE_ROW[i];
        const st_node* node = st_node_need(catalogue->ctx, map, row->field, "a value");
        st_amount* amount = (st_amount*)(void*)((char*)&catalogue->values + row->offset);
        (void)st_amount_read(catalogue, node, row->name, &row->rule, amount);
    }
    return end;
}

static void check_relations(st_catalogue* catalogue, const st_node* root)
{
    const st_procedure_values* v = &catalogue->values;
    if (!(v->freeze_early.value < v->freeze_late.value)) {
        st_node_fail(catalogue->ctx, st_node_child(root, "freeze"),
                     "found early = %g month and late = %g month, expected early before late",
                     v->freeze_early.value, v->freeze_late.value);
    }
    if (!(v->aftercare_protection_end.value <= v->aftercare_loading_end.value &&
          v->aftercare_loading_end.value <= v->aftercare_strength_end.value &&
          v->aftercare_strength_end.value <= v->aftercare_full_at.value)) {
        st_node_fail(catalogue->ctx, st_node_child(root, "aftercare"),
                     "found phases out of order, expected protection, loading, strength, full");
    }
    if (!(v->inject_latent_least.value <= v->inject_latent_most.value)) {
        st_node_fail(catalogue->ctx, st_node_child(root, "inject"),
                     "found latent_least above latent_most, expected it below");
    }
    const double share = v->marrow_share_neutrophil.value + v->marrow_share_lymphocyte.value +
                         v->marrow_share_monocyte.value + v->marrow_share_immature.value;
    if (!(share <= 1.0 + 1e-9)) {
        st_node_fail(catalogue->ctx, st_node_child(root, "marrow"),
                     "found shares of nucleated cells that add up to %g, expected at most 1",
                     share);
    }
}

static void read_procedures(st_catalogue* catalogue)
{
    static const char* const known[] = {"procedures",
                                        "aftercare",
                                        "fat",
                                        "fat_sites",
                                        "isolations",
                                        "marrow",
                                        "blood",
                                        "harvest",
                                        "spin",
                                        "centrifuge",
                                        "expand",
                                        "freeze",
                                        "inject",
                                        "gel",
                                        "sites",
                                        "layers",
                                        "tubes",
                                        "density_media",
                                        "media",
                                        "preservatives",
                                        "needles",
                                        "joints",
                                        "initiators",
                                        "polymers",
                                        "light_paths",
                                        "factors",
                                        "adverse_events",
                                        "age_relations",
                                        "aspiration_needles",
                                        NULL};
    const st_node* root = st_doc_root(catalogue->procedures);
    const int before = st_ctx_mistake_count(catalogue->ctx);
    if (!st_node_expect(catalogue->ctx, root, ST_NODE_MAP)) {
        return;
    }
    (void)st_node_check_keys(catalogue->ctx, root, known);
    (void)st_node_need(catalogue->ctx, root, "procedures", "a title");
    for (int row = 0; row < VALUE_ROW_COUNT;) {
        row = read_group(catalogue, root, row);
    }
    st_catalogue_lists_read(catalogue, root);
    const st_node* adverse =
        st_node_need(catalogue->ctx, root, "adverse_events", "a list of adverse events");
    if (adverse != NULL) {
        st_catalogue_adverse_read(catalogue, adverse);
    }
    if (st_ctx_mistake_count(catalogue->ctx) == before) {
        check_relations(catalogue, root);
    }
}

st_status st_catalogue_load(st_ctx* ctx, const char* dir, st_catalogue** out)
{
    *out = NULL;
    const int before = st_ctx_mistake_count(ctx);
    st_catalogue* catalogue = st_alloc(ctx, 1, sizeof(st_catalogue));
    if (catalogue == NULL) {
        return ST_ERR_MEMORY;
    }
    catalogue->ctx = ctx;
    st_arena_init(&catalogue->arena, ctx);
    st_status status = ST_ERR_MEMORY;
    const char* path = st_arena_format(&catalogue->arena, "%s/procedures.yaml", dir);
    const char* product_path = st_arena_format(&catalogue->arena, "%s/products.yaml", dir);
    if (path == NULL || product_path == NULL) {
        goto cleanup;
    }
    status = st_doc_load(ctx, path, &catalogue->procedures);
    if (status != ST_OK) {
        goto cleanup;
    }
    status = st_doc_load(ctx, product_path, &catalogue->products);
    if (status != ST_OK) {
        goto cleanup;
    }
    read_procedures(catalogue);
    st_catalogue_wares_read(catalogue, st_doc_root(catalogue->products));
    if (catalogue->is_memory_out || st_ctx_mistake_count(ctx) != before) {
        status = catalogue->is_memory_out ? ST_ERR_MEMORY : ST_ERR_INPUT;
        goto cleanup;
    }
    *out = catalogue;
    return ST_OK;
cleanup:
    st_catalogue_destroy(catalogue);
    return status;
}

void st_catalogue_destroy(st_catalogue* catalogue)
{
    if (catalogue == NULL) {
        return;
    }
    st_free(catalogue->ctx, catalogue->value);
    st_arena_clear(&catalogue->arena);
    st_doc_destroy(catalogue->procedures);
    st_doc_destroy(catalogue->products);
    st_free(catalogue->ctx, catalogue);
}

int st_catalogue_source_count(const st_catalogue* catalogue)
{
    (void)catalogue;
    return 2;
}

const char* st_catalogue_source(const st_catalogue* catalogue, int index, const char** name,
                                size_t* length)
{
    const st_doc* doc = index == 0 ? catalogue->procedures : catalogue->products;
    *name = st_doc_name(doc);
    return st_doc_text(doc, length);
}

int st_catalogue_value_count(const st_catalogue* catalogue)
{
    return catalogue->value_count;
}

const st_catalogue_value* st_catalogue_value_at(const st_catalogue* catalogue, int index)
{
    ST_ASSERT(index >= 0 && index < catalogue->value_count);
    return &catalogue->value[index];
}
