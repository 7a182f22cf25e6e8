#include "procedure/preparation/preparation.h"

#include "base/doc.h"

#include <math.h>
#include <string.h>

/// Which recipes a band is about.
typedef enum story_kind {
    FOR_MARROW,
    FOR_FAT,
    FOR_MARROW_CONCENTRATE,
    FOR_PLATELET_CONCENTRATE,
    FOR_CULTURE,
    FOR_GEL,
    KIND_COUNT
} story_kind;

typedef struct story_band {
    st_preparation_band band;
    story_kind kind;
    st_range draw_mL, cells;
} story_band;

struct st_story {
    st_ctx* ctx;
    st_arena arena;
    st_doc* doc; ///< owned
    story_band* band;
    int band_count;
};

int st_story_count(void)
{
    return ST_QUANTITY_COUNT;
}

const char* st_story_about(int quantity, const char** label, const char** unit)
{
    *label = ST_QUANTITY_LABEL[quantity];
    *unit = ST_QUANTITY_UNIT[quantity];
    return ST_QUANTITY_NAME[quantity];
}

void st_story_measure(const st_recipe* recipe, const st_dose* dose, const st_journey* journey,
                      double* quantity)
{
    st_preparation_measure(recipe, dose, journey, quantity);
}

/// A preparation that is only the recipe: it is read, and a copy without spread is made of it.
static st_preparation asked_of(st_ctx* ctx, const st_recipe* recipe, uint64_t seed)
{
    return (st_preparation){.ctx = ctx,
                            .catalogue = (st_catalogue*)(uintptr_t)recipe->catalogue,
                            .recipe = (st_recipe*)(uintptr_t)recipe,
                            .seed = seed};
}

st_status st_story_middle(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                          uint64_t seed, st_dose* out, st_journey* journey,
                          st_spin_picture* picture)
{
    const st_preparation asked = asked_of(ctx, recipe, seed);
    st_preparation_plain* plain = NULL;
    ST_TRY(st_preparation_plain_create(ctx, &asked, &plain));
    const st_status status =
        st_recipe_perform_told(ctx, &plain->recipe, donor, seed, 0, out, journey, picture);
    st_preparation_plain_destroy(ctx, plain);
    return status;
}

// --- what one value does --------------------------------------------------------------------

/// What a value without a spread is multiplied and divided by.
#define FACTOR 1.5
/// Change of the dose that counts as one.
#define LEAST 1e-6

/// Values that the catalogue checks against each other: one alone cannot be changed.
static bool is_bound_to_others(const char* name)
{
    static const char* const bound[] = {"freeze.early", "freeze.late", "inject.latent_",
                                        "marrow.share_", "aftercare."};
    for (size_t i = 0; i < sizeof bound / sizeof bound[0]; i++) {
        if (strncmp(name, bound[i], strlen(bound[i])) == 0) {
            return true;
        }
    }
    return false;
}

static int pull_values(st_preparation_bench* b, const st_procedure_values* values,
                       st_story_lever* out, int capacity)
{
    static const struct {
        const char* name;
        double lo, hi;
        size_t offset;
    } value[] = {
#define X(group, field, unit, lo, hi, spread)                                                      \
    {#group "." #field, lo, hi, offsetof(st_procedure_values, group##_##field)},
        ST_PROCEDURE_VALUES(X)
#undef X
    };
    const char* from = (const char*)values;
    char* to = (char*)&b->plain->catalogue.values;
    int count = 0;
    double none = 0.0;
    const double usual = st_preparation_dose_with(b, &none, 0.0);
    for (size_t i = 0; i < sizeof value / sizeof value[0] && usual > 0.0 && count < capacity; i++) {
        const st_amount* about = (const st_amount*)(const void*)(from + value[i].offset);
        double* place = &((st_amount*)(void*)(to + value[i].offset))->value;
        const bool has_spread = about->ln_sigma > 0.0 || about->sd > 0.0;
        if (is_bound_to_others(value[i].name)) {
            continue;
        }
        double lo = has_spread ? st_amount_draw(about, -1.0) : about->value / FACTOR;
        double hi = has_spread ? st_amount_draw(about, 1.0) : about->value * FACTOR;
        lo = lo > value[i].lo ? lo : value[i].lo;
        hi = hi < value[i].hi ? hi : value[i].hi;
        const st_story_lever lever = {.name = value[i].name,
                                      .value_lo = lo,
                                      .value_hi = hi,
                                      .dose_lo = st_preparation_dose_with(b, place, lo) / usual,
                                      .dose_hi = st_preparation_dose_with(b, place, hi) / usual};
        if (fabs(lever.dose_lo - 1.0) > LEAST || fabs(lever.dose_hi - 1.0) > LEAST) {
            out[count++] = lever;
        }
    }
    return count;
}

st_status st_story_levers(st_ctx* ctx, const st_recipe* recipe, const st_donor* donor,
                          uint64_t seed, st_story_lever* out, int capacity, int* count)
{
    st_preparation_plain* plain = NULL;
    *count = 0;
    for (int i = 0; i < recipe->spin_count; i++) {
        if (recipe->spin[i].is_physics) {
            return ST_OK;
        }
    }
    const st_preparation asked = asked_of(ctx, recipe, seed);
    ST_TRY(st_preparation_plain_create(ctx, &asked, &plain));
    st_preparation_bench b = {
        .ctx = ctx, .plain = plain, .donor = donor, .seed = seed, .status = ST_OK};
    *count = pull_values(&b, &recipe->catalogue->values, out, capacity);
    st_preparation_plain_destroy(ctx, plain);
    return b.status;
}

// --- bands ----------------------------------------------------------------------------------

static void read_band(st_ctx* ctx, const st_node* item, story_band* out)
{
    static const char* const known[] = {"what", "for", "draw", "cells", "band", "source", NULL};
    static const char* const kind[KIND_COUNT] = {
        "marrow", "fat", "marrow concentrate", "platelet concentrate", "culture", "gel"};
    out->draw_mL = (st_range){.lo = 0.0, .hi = INFINITY};
    out->cells = (st_range){.lo = 0.0, .hi = INFINITY};
    if (!st_node_check_keys(ctx, item, known)) {
        return;
    }
    const st_node* what = st_node_need(ctx, item, "what", "a quantity such as platelet_fold");
    const st_node* about = st_node_need(ctx, item, "for", "which recipes: marrow, culture ...");
    const st_node* range = st_node_need(ctx, item, "band", "a band such as 70..80 %");
    const st_node* source = st_node_need(ctx, item, "source", "where it was read");
    const st_node* draw = st_node_child(item, "draw");
    const st_node* cells = st_node_child(item, "cells");
    int choice = 0;
    st_range bounds = {0};
    if (draw != NULL) {
        st_node_read_range(ctx, draw, "volumes of a draw", "mL", &out->draw_mL);
    }
    if (cells != NULL) {
        st_node_read_range(ctx, cells, "numbers of cells", "cells", &out->cells);
    }
    if (source != NULL) {
        st_node_read_text(ctx, source, &out->band.source);
    }
    if (about != NULL && st_node_read_choice(ctx, about, kind, KIND_COUNT, &choice)) {
        out->kind = (story_kind)choice;
    }
    if (what == NULL || range == NULL ||
        !st_node_read_choice(ctx, what, ST_QUANTITY_NAME, ST_QUANTITY_COUNT, &out->band.quantity)) {
        return;
    }
    if (st_node_read_range(ctx, range, "a band", ST_QUANTITY_UNIT[out->band.quantity], &bounds)) {
        out->band.low = bounds.lo;
        out->band.high = bounds.hi;
    }
}

static st_status read_story(st_story* story)
{
    static const char* const known[] = {"measured", "bands", NULL};
    const st_node* root = st_doc_root(story->doc);
    if (!st_node_expect(story->ctx, root, ST_NODE_MAP) ||
        !st_node_check_keys(story->ctx, root, known)) {
        return ST_OK;
    }
    st_node_need(story->ctx, root, "measured", "a title");
    const st_node* bands = st_node_need(story->ctx, root, "bands", "a list of bands");
    if (bands == NULL || !st_node_expect(story->ctx, bands, ST_NODE_LIST)) {
        return ST_OK;
    }
    story->band =
        st_arena_alloc(&story->arena, (size_t)bands->child_count + 1, sizeof *story->band);
    if (story->band == NULL) {
        return ST_ERR_MEMORY;
    }
    for (const st_node* item = bands->first; item != NULL; item = item->next) {
        if (st_node_expect(story->ctx, item, ST_NODE_MAP)) {
            read_band(story->ctx, item, &story->band[story->band_count++]);
        }
    }
    return ST_OK;
}

st_status st_story_load(st_ctx* ctx, const char* dir, st_story** out)
{
    const int before = st_ctx_mistake_count(ctx);
    st_story* story = st_alloc(ctx, 1, sizeof *story);
    *out = NULL;
    if (story == NULL) {
        return ST_ERR_MEMORY;
    }
    story->ctx = ctx;
    st_arena_init(&story->arena, ctx);
    const char* path = st_arena_format(&story->arena, "%s/measured.yaml", dir);
    st_status status = path == NULL ? ST_ERR_MEMORY : st_doc_load(ctx, path, &story->doc);
    if (status == ST_OK) {
        status = read_story(story);
    }
    if (status == ST_OK && st_ctx_mistake_count(ctx) != before) {
        status = ST_ERR_INPUT;
    }
    if (status != ST_OK) {
        st_story_destroy(story);
        return status;
    }
    *out = story;
    return ST_OK;
}

void st_story_destroy(st_story* story)
{
    if (story == NULL) {
        return;
    }
    st_doc_destroy(story->doc);
    st_arena_clear(&story->arena);
    st_free(story->ctx, story);
}

const char* st_story_text(const st_story* story, const char** name, size_t* length)
{
    *name = "measured.yaml";
    return st_doc_text(story->doc, length);
}

static bool is_about(const st_recipe* recipe, const story_band* b)
{
    const st_source from = recipe->harvest.source;
    const bool is_fresh = recipe->spin_count > 0 && !recipe->has_expand;
    const bool fits[KIND_COUNT] = {
        [FOR_MARROW] = from == ST_SOURCE_MARROW,
        [FOR_FAT] = from == ST_SOURCE_FAT,
        [FOR_MARROW_CONCENTRATE] = from == ST_SOURCE_MARROW && is_fresh,
        [FOR_PLATELET_CONCENTRATE] = from == ST_SOURCE_BLOOD && is_fresh,
        [FOR_CULTURE] = recipe->has_expand,
        [FOR_GEL] = recipe->has_gel,
    };
    const double draw = recipe->harvest.draw_mL;
    const double cells = recipe->has_expand ? recipe->expand.until_cells : 0.0;
    return recipe->has_harvest && fits[b->kind] && draw >= b->draw_mL.lo && draw <= b->draw_mL.hi &&
           cells >= b->cells.lo && cells <= b->cells.hi;
}

bool st_story_band(const st_story* story, const st_recipe* recipe, int quantity, int nth,
                   double* low, double* high, const char** source)
{
    for (int i = 0; i < story->band_count; i++) {
        const story_band* b = &story->band[i];
        if (b->band.quantity == quantity && is_about(recipe, b) && nth-- == 0) {
            *low = b->band.low;
            *high = b->band.high;
            *source = b->band.source;
            return true;
        }
    }
    return false;
}
