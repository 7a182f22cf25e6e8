#include "procedure/preparation/preparation.h"

#include "base/doc.h"
#include "base/units.h"

#include <string.h>

/// `58 y`, or `50..70 y` for donors that are even between the two.
static void read_span(st_ctx* ctx, const st_node* node, const char* what, const char* unit,
                      double least, double most, double* lo, double* hi)
{
    const char* text = node->kind == ST_NODE_SCALAR ? node->text : "";
    if (strstr(text, "..") != NULL) {
        st_range range = {0};
        if (!st_node_read_range(ctx, node, what, unit, &range)) {
            return;
        }
        if (!(range.lo >= least && range.hi <= most && range.lo <= range.hi)) {
            st_node_fail(ctx, node, "found '%s', expected %s within %g..%g %s", text, what, least,
                         most, unit);
            return;
        }
        *lo = range.lo;
        *hi = range.hi;
    } else if (st_node_read_quantity(ctx, node, what, unit, NULL, least, most, lo)) {
        *hi = *lo;
    }
}

static void read_donor(st_preparation* p, const st_node* map)
{
    static const char* const known[] = {"age", "sex", "bmi", "smoker", NULL};
    static const char* const sex_name[] = {"female", "male"};
    int choice = 0;
    if (!st_node_check_keys(p->ctx, map, known)) {
        return;
    }
    const st_node* age = st_node_need(p->ctx, map, "age", "an age such as `58 y` or `50..70 y`");
    const st_node* sex = st_node_need(p->ctx, map, "sex", "female or male");
    const st_node* bmi = st_node_child(map, "bmi");
    if (age != NULL) {
        read_span(p->ctx, age, "an age", "y", 0.0, 120.0, &p->age_lo, &p->age_hi);
    }
    if (sex != NULL && st_node_read_choice(p->ctx, sex, sex_name, 2, &choice)) {
        p->is_female = choice == 0;
    }
    const st_node* smoker = st_node_child(map, "smoker");
    if (smoker != NULL) {
        (void)st_node_read_bool(p->ctx, smoker, &p->is_smoker);
    }
    if (bmi != NULL) {
        read_span(p->ctx, bmi, "a body mass index", "kg/m^2", 10.0, 80.0, &p->bmi_lo, &p->bmi_hi);
    }
}

static void read_band(st_preparation* p, const st_node* item, st_preparation_band* band)
{
    static const char* const known[] = {"what", "band", "source", NULL};
    if (!st_node_check_keys(p->ctx, item, known)) {
        return;
    }
    const st_node* what = st_node_need(p->ctx, item, "what", "a quantity such as `platelet_fold`");
    const st_node* range = st_node_need(p->ctx, item, "band", "a band such as `70..80 %`");
    const st_node* source = st_node_need(p->ctx, item, "source", "where it was read");
    if (source != NULL) {
        const char* text = NULL;
        if (st_node_read_text(p->ctx, source, &text)) {
            band->source = st_arena_text(&p->arena, text, strlen(text));
            p->is_memory_out = p->is_memory_out || band->source == NULL;
        }
    }
    if (what == NULL ||
        !st_node_read_choice(p->ctx, what, ST_QUANTITY_NAME, ST_QUANTITY_COUNT, &band->quantity)) {
        return;
    }
    st_range bounds = {0};
    if (range != NULL &&
        st_node_read_range(p->ctx, range, "a band", ST_QUANTITY_UNIT[band->quantity], &bounds)) {
        band->low = bounds.lo;
        band->high = bounds.hi;
    }
}

static void read_bands(st_preparation* p, const st_node* list)
{
    if (!st_node_expect(p->ctx, list, ST_NODE_LIST)) {
        return;
    }
    p->band = st_arena_alloc(&p->arena, (size_t)list->child_count, sizeof *p->band);
    if (p->band == NULL) {
        p->is_memory_out = true;
        return;
    }
    for (const st_node* item = list->first; item != NULL; item = item->next) {
        read_band(p, item, &p->band[p->band_count++]);
    }
}

static void read_file(st_preparation* p, const st_node* root)
{
    static const char* const known[] = {"preparation", "donor", "donors",   "steps",
                                        "detail",      "seed",  "measured", NULL};
    static const char* const detail_name[] = {"table", "physics"};
    st_ctx* ctx = p->ctx;
    int64_t number = 10000;
    int detail = 0;
    if (!st_node_check_keys(ctx, root, known)) {
        return;
    }
    const st_node* title = st_node_need(ctx, root, "preparation", "a title");
    const st_node* donor = st_node_need(ctx, root, "donor", "a donor: { age: 58 y, sex: female }");
    const st_node* steps = st_node_need(ctx, root, "steps", "a list of steps");
    const st_node* donors = st_node_child(root, "donors");
    const st_node* node = st_node_child(root, "detail");
    const st_node* seed = st_node_child(root, "seed");
    const st_node* measured = st_node_child(root, "measured");
    if (title != NULL) {
        const char* text = NULL;
        if (st_node_read_text(ctx, title, &text)) {
            p->title = st_arena_text(&p->arena, text, strlen(text));
            p->is_memory_out = p->is_memory_out || p->title == NULL;
        }
    }
    if (donor != NULL) {
        read_donor(p, donor);
    }
    if (donors != NULL) {
        (void)st_node_read_integer(ctx, donors, 1, 10000000, &number);
    }
    p->donors = number;
    number = 1;
    if (seed != NULL) {
        (void)st_node_read_integer(ctx, seed, 0, INT64_MAX, &number);
    }
    p->seed = (uint64_t)number;
    if (node != NULL) {
        (void)st_node_read_choice(ctx, node, detail_name, 2, &detail);
    }
    if (measured != NULL) {
        read_bands(p, measured);
    }
    if (steps != NULL) { // reports its own mistakes
        if (st_recipe_read_steps(ctx, p->catalogue, steps, detail == 1, &p->recipe) ==
            ST_ERR_MEMORY) {
            p->is_memory_out = true;
        }
    }
}

st_status st_preparation_load(st_ctx* ctx, const char* path, const char* model_dir,
                              st_preparation** out)
{
    *out = NULL;
    const int before = st_ctx_mistake_count(ctx);
    st_doc* doc = NULL;
    ST_TRY(st_doc_load(ctx, path, &doc));
    st_preparation* p = st_alloc(ctx, 1, sizeof *p);
    if (p == NULL) {
        st_doc_destroy(doc);
        return ST_ERR_MEMORY;
    }
    p->ctx = ctx;
    p->bmi_lo = 27.0; // overweight by a little, as adults are; fat alone asks
    p->bmi_hi = 27.0;
    st_arena_init(&p->arena, ctx);
    st_status status = st_catalogue_load(ctx, model_dir, &p->catalogue);
    if (status == ST_OK) {
        read_file(p, st_doc_root(doc));
        status = p->is_memory_out                      ? ST_ERR_MEMORY
                 : st_ctx_mistake_count(ctx) != before ? ST_ERR_INPUT
                                                       : ST_OK;
    }
    st_doc_destroy(doc);
    if (status != ST_OK) {
        st_preparation_destroy(p);
        return status;
    }
    *out = p;
    return ST_OK;
}

void st_preparation_destroy(st_preparation* preparation)
{
    if (preparation == NULL) {
        return;
    }
    st_recipe_destroy(preparation->recipe);
    st_catalogue_destroy(preparation->catalogue);
    st_arena_clear(&preparation->arena);
    st_free(preparation->ctx, preparation);
}

const char* st_preparation_title(const st_preparation* preparation)
{
    return preparation->title;
}

const st_recipe* st_preparation_recipe(const st_preparation* preparation)
{
    return preparation->recipe;
}

const st_catalogue* st_preparation_catalogue(const st_preparation* preparation)
{
    return preparation->catalogue;
}

int64_t st_preparation_donors(const st_preparation* preparation)
{
    return preparation->donors;
}

uint64_t st_preparation_seed(const st_preparation* preparation)
{
    return preparation->seed;
}
