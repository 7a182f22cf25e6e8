/// \file
/// What the tests of this room share: the shipped catalogue, a changed copy of it, and arms.
#ifndef ST_PROCEDURE_SCENE_H
#define ST_PROCEDURE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "procedure/recipe.h"

#include "base/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCENE_MODELS ST_SOURCE_DIR "/models"

/// Steps of pathways that several tests use.
#define HARVEST                                                                                    \
    "  - harvest: { source: marrow, site: posterior crest, draws: 8 x 5 mL, syringe: 10 mL, "      \
    "anaesthesia: local }\n"
#define EXPAND "  - expand: { until: 1e7 cells, medium: platelet lysate, oxygen: 5 % }\n"
#define INJECT                                                                                     \
    "  - inject: { carrier: hyaluronic-acid-hmw, volume: 4 mL, needle: 21 G, guided_by: "          \
    "ultrasound }\n"

#define GEL(carrier, initiator, wavelength, path)                                                  \
    "  - inject: { carrier: " carrier ", volume: 2 mL, needle: 18 G }\n  - gel: { " initiator      \
    " concentration: 0.25 %, wavelength: " wavelength                                              \
    ", intensity: 30 mW/cm^2, time: 60 s, depth: 2 mm, " path " }\n"

/// A context and the shipped catalogue.
typedef struct scene {
    st_ctx* ctx;
    st_catalogue* catalogue;
} scene;

static inline void print_messages(const st_ctx* ctx)
{
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        print_message("%s\n", st_ctx_message(ctx, i));
    }
}

static inline scene scene_begin(void)
{
    scene s = {.ctx = st_ctx_create()};
    assert_non_null(s.ctx);
    const st_status status = st_catalogue_load(s.ctx, SCENE_MODELS, &s.catalogue);
    print_messages(s.ctx);
    assert_int_equal(status, ST_OK);
    return s;
}

static inline void scene_end(scene* s)
{
    st_catalogue_destroy(s->catalogue);
    assert_int_equal(st_ctx_bytes_in_use(s->ctx), 0);
    st_ctx_destroy(s->ctx);
}

/// Reads an arm from text; NULL when it holds mistakes, which then are in the context.
static inline st_recipe* scene_recipe(scene* s, const char* text)
{
    st_doc* doc = NULL;
    st_recipe* recipe = NULL;
    if (st_doc_parse(s->ctx, "arm.yaml", text, strlen(text), &doc) != ST_OK) {
        return NULL;
    }
    const st_status status = st_recipe_read(s->ctx, s->catalogue, st_doc_root(doc), &recipe);
    assert_int_equal(status == ST_OK, recipe != NULL);
    st_doc_destroy(doc); // a recipe borrows nothing from its document
    return recipe;
}

static inline st_recipe* scene_good_recipe(scene* s, const char* text)
{
    st_recipe* recipe = scene_recipe(s, text);
    print_messages(s->ctx);
    assert_non_null(recipe);
    return recipe;
}

/// One of the catalogue's two files with `from` replaced by `to` (once), in a new folder. The
/// caller frees the path with scene_remove().
static inline char* scene_changed(st_ctx* ctx, const char* file, const char* from, const char* to)
{
    static const char* const names[] = {"procedures.yaml", "products.yaml"};
    char* dir = strdup("scene-XXXXXX");
    assert_non_null(mkdtemp(dir));
    bool is_replaced = false;
    for (int i = 0; i < 2; i++) {
        char path[512];
        char* text = NULL;
        size_t length = 0;
        snprintf(path, sizeof path, "%s/%s", SCENE_MODELS, names[i]);
        assert_int_equal(st_file_read(ctx, path, 1u << 20, &text, &length), ST_OK);
        st_text out;
        st_text_init(&out, ctx);
        const char* at = strcmp(names[i], file) == 0 ? strstr(text, from) : NULL;
        if (at != NULL) {
            is_replaced = true;
            st_text_add_bytes(&out, text, (size_t)(at - text));
            st_text_add(&out, to);
            st_text_add(&out, at + strlen(from));
        } else {
            st_text_add_bytes(&out, text, length);
        }
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        assert_int_equal(st_file_write(ctx, path, out.data, out.length), ST_OK);
        st_text_clear(&out);
        st_free(ctx, text);
    }
    assert_true(is_replaced);
    return dir;
}

static inline void scene_remove(char* dir)
{
    char path[512];
    snprintf(path, sizeof path, "%s/procedures.yaml", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/products.yaml", dir);
    unlink(path);
    rmdir(dir);
    free(dir);
}

static inline void assert_near(double found, double wanted, double relative)
{
    if (!(fabs(found - wanted) <= relative * fabs(wanted))) {
        fail_msg("found %.10g, wanted %.10g within %g", found, wanted, relative);
    }
}

static inline void assert_within(double found, double lo, double hi)
{
    if (!(found >= lo && found <= hi)) {
        fail_msg("found %.10g, wanted %.10g ... %.10g", found, lo, hi);
    }
}

static inline bool scene_says(const st_ctx* ctx, const char* part)
{
    for (int i = 0; i < st_ctx_message_count(ctx); i++) {
        if (strstr(st_ctx_message(ctx, i), part) != NULL) {
            return true;
        }
    }
    print_messages(ctx);
    return false;
}

static inline int compare_doubles(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

/// Median of n values, which are sorted.
static inline double median_of(double* values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

#endif
