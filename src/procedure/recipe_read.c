#include "procedure/recipe.h"

#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// What reading has found so far.
typedef struct reader {
    st_ctx* ctx;
    st_recipe* recipe;
    double sample_mL; ///< volume of the sample after the steps so far
    bool is_cultured;
    int mistakes_before; ///< in the context when reading began
} reader;

/// Adds a piece to the line for people.
static void tell(reader* r, const char* piece)
{
    st_recipe* recipe = r->recipe;
    if (piece == NULL) {
        recipe->is_memory_out = true;
        return;
    }
    const char* text = recipe->text == NULL
                           ? piece
                           : st_arena_format(&recipe->arena, "%s, %s", recipe->text, piece);
    recipe->is_memory_out = recipe->is_memory_out || text == NULL;
    recipe->text = text;
}

static const char* text_of(const st_node* map, const char* key)
{
    const st_node* node = st_node_child(map, key);
    return node != NULL ? node->text : "";
}

/// `8 x 5 mL`, or `60 mL` for one draw.
static bool read_draws(reader* r, const st_node* node, st_harvest* out)
{
    static const char expected[] = "expected draws such as '8 x 5 mL'";
    if (!st_node_expect(r->ctx, node, ST_NODE_SCALAR)) {
        return false;
    }
    char why[96];
    char* rest = NULL;
    const char* volume_text = node->text;
    long count = strtol(node->text, &rest, 10);
    if (rest != node->text && strncmp(rest, " x ", 3) == 0) {
        volume_text = rest + 3;
    } else {
        count = 1;
    }
    double number = 0.0, m3 = 0.0;
    st_unit unit, mL;
    const char* unit_text = NULL;
    if (!st_quantity_parse(volume_text, &number, &unit, &unit_text, why, sizeof why) ||
        !st_unit_parse("mL", &mL, why, sizeof why)) {
        return st_node_fail(r->ctx, node, "found '%s' (%s), %s", node->text, why, expected);
    }
    if (!st_quantity_convert(number, &unit, &mL.dim, NULL, &m3)) {
        return st_node_fail(r->ctx, node, "found '%s', which is no volume, %s", node->text,
                            expected);
    }
    const double volume_mL = m3 / mL.factor;
    if (count < 1 || count > 100 || !(volume_mL >= 0.1 && volume_mL <= 500.0)) {
        return st_node_fail(
            r->ctx, node, "found '%s', expected 1 to 100 draws of 0.1 to 500 mL each", node->text);
    }
    out->draw_count = (int)count;
    out->draw_mL = volume_mL;
    return true;
}

static void read_harvest(reader* r, const st_node* map)
{
    static const char* const known[] = {"source",      "site",          "draws", "syringe",
                                        "anaesthesia", "anticoagulant", NULL};
    static const char* const source_name[] = {"marrow"};
    static const char* const anaesthesia_name[] = {"local", "sedation"};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_harvest* harvest = &r->recipe->harvest;
    int choice = 0;
    r->recipe->has_harvest = true;
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* source = st_node_need(ctx, map, "source", "marrow");
    const st_node* site = st_node_need(ctx, map, "site", "a site such as `posterior crest`");
    const st_node* draws = st_node_need(ctx, map, "draws", "draws such as `8 x 5 mL`");
    const st_node* syringe = st_node_child(map, "syringe");
    const st_node* anaesthesia = st_node_child(map, "anaesthesia");
    const st_node* anticoagulant = st_node_child(map, "anticoagulant");
    if (source != NULL) {
        (void)st_node_read_choice(ctx, source, source_name, 1, &choice);
    }
    if (site != NULL && st_node_read_choice(ctx, site, c->site_name, c->site_count, &choice)) {
        harvest->site = &c->site[choice];
    }
    choice = 0;
    if (anaesthesia != NULL) { // for the line for people; cells do not feel it
        (void)st_node_read_choice(ctx, anaesthesia, anaesthesia_name, 2, &choice);
    }
    if (draws == NULL || !read_draws(r, draws, harvest)) {
        return;
    }
    const double drawn_mL = harvest->draw_count * harvest->draw_mL;
    double syringe_mL = 0.0;
    if (syringe != NULL &&
        st_node_read_quantity(ctx, syringe, "a volume", "mL", NULL, 1.0, 500.0, &syringe_mL)) {
        if (harvest->draw_mL > syringe_mL) {
            st_node_fail(ctx, draws, "found '%s', expected draws that fit the syringe of %s",
                         draws->text, syringe->text);
        }
    }
    if (anticoagulant != NULL) {
        (void)st_node_read_quantity(ctx, anticoagulant, "a volume", "mL", NULL, 0.0, drawn_mL,
                                    &harvest->additive_mL);
    }
    r->sample_mL = drawn_mL + harvest->additive_mL;
    tell(r, st_arena_format(&r->recipe->arena, "harvest %s marrow from the %s%s", draws->text,
                            text_of(map, "site"),
                            anaesthesia == NULL ? ""
                            : choice == 1       ? " under sedation"
                                                : " under local anaesthesia"));
}

static void read_spin(reader* r, const st_node* map)
{
    static const char* const known[] = {"keep", "volume", "field", "time", NULL};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_spin* spin = &r->recipe->spin;
    int choice = 0;
    double field = 0.0;
    r->recipe->has_spin = true;
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* keep = st_node_need(ctx, map, "keep", "a layer such as `buffy coat`");
    const st_node* volume = st_node_need(ctx, map, "volume", "the volume of the product");
    const st_node* field_node = st_node_child(map, "field");
    const st_node* time = st_node_child(map, "time");
    if (field_node != NULL) {
        (void)st_node_read_quantity(ctx, field_node, "a centrifugal field", "xg", NULL, 10.0,
                                    10000.0, &field);
    }
    if (time != NULL) {
        (void)st_node_read_quantity(ctx, time, "a time", "h", NULL, 1.0 / 60.0, 24.0,
                                    &spin->time_h);
    }
    if (keep != NULL && st_node_read_choice(ctx, keep, c->layer_name, c->layer_count, &choice)) {
        spin->layer = &c->layer[choice];
    }
    if (volume == NULL || !st_node_read_quantity(ctx, volume, "a volume", "mL", NULL, 0.01, 5000.0,
                                                 &spin->volume_mL)) {
        return;
    }
    const double share = spin->volume_mL / r->sample_mL;
    if (r->sample_mL > 0.0 && !(share < 1.0)) {
        st_node_fail(ctx, volume, "found '%s', expected less than the %.4g mL that are spun",
                     volume->text, r->sample_mL);
    } else if (r->sample_mL > 0.0 && spin->layer != NULL &&
               !(share >= spin->layer->share_least && share <= spin->layer->share_most)) {
        st_node_fail(ctx, volume,
                     "found '%s' (%.3g %% of the %.4g mL that are spun), expected %.3g to %.3g %%: "
                     "the recoveries of '%s' hold only there",
                     volume->text, 100.0 * share, r->sample_mL, 100.0 * spin->layer->share_least,
                     100.0 * spin->layer->share_most, spin->layer->name);
    }
    r->sample_mL = spin->volume_mL;
    tell(r, st_arena_format(&r->recipe->arena, "spin to %s of %s", volume->text,
                            text_of(map, "keep")));
}

static void read_expand(reader* r, const st_node* map)
{
    static const char* const known[] = {"until", "medium", "oxygen", "tries", NULL};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_expand* expand = &r->recipe->expand;
    int choice = 0;
    int64_t tries = 1;
    r->recipe->has_expand = true;
    r->is_cultured = true;
    r->sample_mL = 0.0;
    expand->oxygen = 0.21; // air
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
        (void)st_node_read_number(ctx, oxygen, 0.01, 0.21, &expand->oxygen);
    }
    if (tries_node != NULL) {
        (void)st_node_read_integer(ctx, tries_node, 1, 10, &tries);
    }
    expand->tries = (int)tries;
    if (until != NULL && st_node_read_quantity(ctx, until, "a number of cells", "cells", NULL, 1e3,
                                               1e12, &expand->until_cells)) {
        tell(r, st_arena_format(&r->recipe->arena, "expand to %s in %s", until->text,
                                text_of(map, "medium")));
    }
}

static void read_freeze(reader* r, const st_node* map)
{
    static const char* const known[] = {"months", "medium", NULL};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_freeze* freeze = &r->recipe->freeze;
    int choice = 0;
    char why[96];
    st_unit month, day;
    r->recipe->has_freeze = true;
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* months = st_node_need(ctx, map, "months", "a number of months");
    const st_node* medium = st_node_need(ctx, map, "medium", "a medium such as `10 % DMSO`");
    if (medium != NULL &&
        st_node_read_choice(ctx, medium, c->preservative_name, c->preservative_count, &choice)) {
        freeze->preservative = &c->preservative[choice];
    }
    if (months != NULL && st_node_read_number(ctx, months, 0.0, 24.0, &freeze->months) &&
        st_unit_parse("month", &month, why, sizeof why) &&
        st_unit_parse("day", &day, why, sizeof why)) {
        freeze->days = freeze->months * month.factor / day.factor;
        tell(r, st_arena_format(&r->recipe->arena, "keep frozen for %s months", months->text));
    }
}

/// A gauge is a name, not a quantity: '21 G' would be gauss.
static void read_gauge(reader* r, const st_node* node)
{
    const st_catalogue* c = r->recipe->catalogue;
    const char* text = "21 G"; // what joints of this size are injected with
    if (node != NULL) {
        const size_t digits = node->kind == ST_NODE_SCALAR ? strspn(node->text, "0123456789") : 0;
        if (digits == 0 || strcmp(node->text + digits, " G") != 0) {
            st_node_fail(r->ctx, node, "found '%s', expected a gauge such as '21 G'", node->text);
            return;
        }
        text = node->text;
    }
    for (int i = 0; i < c->gauge_count; i++) {
        if (strcmp(c->gauge[i].name, text) == 0) {
            r->recipe->inject.gauge = &c->gauge[i];
            return;
        }
    }
    if (node != NULL) {
        int choice = 0; // reports what is known
        (void)st_node_read_choice(r->ctx, node, c->gauge_name, c->gauge_count, &choice);
    }
}

static const st_ware* read_ware(reader* r, const st_node* node, bool as_carrier)
{
    const st_catalogue* c = r->recipe->catalogue;
    int choice = 0;
    if (!st_node_read_choice(r->ctx, node, c->ware_name, c->ware_count, &choice)) {
        return NULL;
    }
    if (as_carrier && !c->ware[choice].is_carrier) {
        st_node_fail(r->ctx, node, "found '%s', expected a product that can carry cells",
                     node->text);
        return NULL;
    }
    return &c->ware[choice];
}

static const st_ware* find_saline(const st_catalogue* catalogue)
{
    for (int i = 0; i < catalogue->ware_count; i++) {
        if (strcmp(catalogue->ware[i].name, "saline") == 0) {
            return &catalogue->ware[i];
        }
    }
    return NULL;
}

/// How much carrier joins the sample: cultured cells are a pellet, a concentrate has its own
/// liquid.
static void fill_up(reader* r, const st_node* map, const st_node* carrier)
{
    st_inject* inject = &r->recipe->inject;
    const double missing_mL = inject->volume_mL - r->sample_mL;
    if (r->is_cultured) {
        inject->carrier_mL = inject->volume_mL;
        if (carrier == NULL) {
            inject->carrier = find_saline(r->recipe->catalogue);
        }
    } else if (missing_mL > 0.0 && carrier != NULL) {
        inject->carrier_mL = missing_mL;
    } else if (missing_mL > 0.0) {
        st_node_fail(r->ctx, st_node_child(map, "volume"),
                     "found '%s', expected at most the %.4g mL of the product, or a carrier to "
                     "fill it up",
                     text_of(map, "volume"), r->sample_mL);
    } else if (carrier != NULL) {
        st_node_fail_key(r->ctx, carrier,
                         "found a carrier, but the product of %.4g mL already fills %s; expected "
                         "none or a larger volume",
                         r->sample_mL, text_of(map, "volume"));
        inject->carrier = NULL;
    }
}

static void read_target(reader* r, const st_node* map)
{
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_inject* inject = &r->recipe->inject;
    const st_node* joint = st_node_child(map, "joint");
    const st_node* guided = st_node_child(map, "guided_by");
    int choice = 0; // the first joint of the catalogue
    if (joint == NULL || st_node_read_choice(ctx, joint, c->joint_name, c->joint_count, &choice)) {
        inject->joint = &c->joint[choice];
    }
    choice = ST_GUIDANCE_LANDMARK;
    if (guided == NULL ||
        st_node_read_choice(ctx, guided, ST_GUIDANCE_NAME, ST_GUIDANCE_COUNT, &choice)) {
        inject->guidance = (st_guidance)choice;
    }
    const st_node* volume = st_node_need(ctx, map, "volume", "a volume such as `4 mL`");
    if (volume == NULL || !st_node_read_quantity(ctx, volume, "a volume", "mL", NULL, 0.01, 1000.0,
                                                 &inject->volume_mL)) {
        return;
    }
    if (inject->joint != NULL && inject->volume_mL > inject->joint->holds_mL) {
        st_node_fail(ctx, volume, "found '%s', expected at most %.4g mL, which distend a %s fully",
                     volume->text, inject->joint->holds_mL, inject->joint->name);
    }
}

/// The laws of the needle hold for laminar flow only.
static void check_flow(reader* r, const st_node* map)
{
    const st_procedure_values* v = &r->recipe->catalogue->values;
    const st_inject* inject = &r->recipe->inject;
    const st_node* rate = st_node_child(map, "rate");
    const st_needle_flow flow = st_inject_flow(v, inject);
    if (!(flow.reynolds < v->inject_laminar_reynolds.value)) {
        st_node_fail(r->ctx, rate != NULL ? rate : map,
                     "found %.4g mL/min through %s (Reynolds number %.0f), expected a laminar "
                     "flow below %.0f",
                     inject->rate_mL_per_min, inject->gauge->name, flow.reynolds,
                     v->inject_laminar_reynolds.value);
    }
}

static void read_inject(reader* r, const st_node* map, bool is_ready)
{
    static const char* const known_ready[] = {"product", "volume", "needle", "guided_by",
                                              "joint",   "rate",   NULL};
    static const char* const known_cells[] = {"carrier", "volume", "needle", "guided_by",
                                              "joint",   "rate",   NULL};
    st_ctx* ctx = r->ctx;
    st_inject* inject = &r->recipe->inject;
    const int before = st_ctx_mistake_count(ctx);
    const st_node* what = NULL;
    r->recipe->has_injection = true;
    if (!st_node_check_keys(ctx, map, is_ready ? known_ready : known_cells)) {
        return;
    }
    if (is_ready) {
        what = st_node_need(ctx, map, "product", "a product such as `saline`");
        inject->product = what != NULL ? read_ware(r, what, false) : NULL;
    } else {
        what = st_node_child(map, "carrier");
        inject->carrier = what != NULL ? read_ware(r, what, true) : NULL;
    }
    read_gauge(r, st_node_child(map, "needle"));
    inject->rate_mL_per_min = r->recipe->catalogue->values.inject_rate.value;
    const st_node* rate = st_node_child(map, "rate");
    if (rate != NULL) {
        (void)st_node_read_quantity(ctx, rate, "a flow", "mL/min", NULL, 0.01, 1000.0,
                                    &inject->rate_mL_per_min);
    }
    read_target(r, map);
    if (st_ctx_mistake_count(ctx) != before) {
        return;
    }
    if (!is_ready && st_ctx_mistake_count(ctx) == r->mistakes_before) { // the volume is known
        fill_up(r, map, what);
    }
    check_flow(r, map);
    const st_ware* ware = is_ready ? inject->product : inject->carrier;
    const char* joiner = ware == NULL ? "" : is_ready ? " of " : " in ";
    tell(r, st_arena_format(&r->recipe->arena, "inject %s%s%s into the %s by %s",
                            text_of(map, "volume"), joiner, ware == NULL ? "" : ware->title,
                            inject->joint->name, ST_GUIDANCE_NAME[inject->guidance]));
}

typedef enum pathway_step { AT_HARVEST, AT_SPIN, AT_EXPAND, AT_FREEZE, AT_INJECT } pathway_step;

static const char* const STEP_NAME[] = {"harvest", "spin", "expand", "freeze", "inject"};
enum { STEP_NAME_COUNT = (int)(sizeof STEP_NAME / sizeof STEP_NAME[0]) };

/// Which step an item of the pathway is, and whether it may follow `last` (-1 = none yet); -1 when
/// something was reported.
static int find_step(const reader* r, const st_node* map, int last)
{
    int step = -1;
    for (int i = 0; i < STEP_NAME_COUNT; i++) {
        step = strcmp(map->key, STEP_NAME[i]) == 0 ? i : step;
    }
    if (step < 0) {
        const char* near = st_name_nearest(map->key, STEP_NAME, STEP_NAME_COUNT);
        st_node_fail_key(
            r->ctx, map, "found '%s', expected harvest, spin, expand, freeze or inject%s%s%s",
            map->key, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return -1;
    }
    if ((last < 0 && step != AT_HARVEST) || step <= last ||
        (step == AT_FREEZE && !r->recipe->has_expand)) {
        st_node_fail_key(r->ctx, map,
                         "found '%s' %s%s, expected the order harvest, spin, expand, freeze "
                         "(only after expand), inject, each at most once",
                         map->key, last < 0 ? "at the start" : "after ",
                         last < 0 ? "" : STEP_NAME[last]);
        return -1;
    }
    return step;
}

static void read_step(reader* r, pathway_step step, const st_node* map)
{
    if (!st_node_expect(r->ctx, map, ST_NODE_MAP)) {
        return;
    }
    switch (step) {
    case AT_HARVEST:
        read_harvest(r, map);
        break;
    case AT_SPIN:
        read_spin(r, map);
        break;
    case AT_EXPAND:
        read_expand(r, map);
        break;
    case AT_FREEZE:
        read_freeze(r, map);
        break;
    case AT_INJECT:
        read_inject(r, map, false);
        break;
    }
}

static void read_pathway(reader* r, const st_node* list)
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
    if (last != AT_INJECT) {
        st_node_fail(r->ctx, list, "found no `inject` at the end, expected one");
    }
}

st_status st_recipe_read(st_ctx* ctx, const st_catalogue* catalogue, const st_node* arm,
                         st_recipe** out)
{
    *out = NULL;
    const int before = st_ctx_mistake_count(ctx);
    if (!st_node_expect(ctx, arm, ST_NODE_MAP)) {
        return ST_ERR_INPUT;
    }
    st_recipe* recipe = st_alloc(ctx, 1, sizeof(st_recipe));
    if (recipe == NULL) {
        return ST_ERR_MEMORY;
    }
    recipe->ctx = ctx;
    recipe->catalogue = catalogue;
    st_arena_init(&recipe->arena, ctx);
    reader r = {.ctx = ctx, .recipe = recipe, .mistakes_before = before};

    const st_node* inject = st_node_child(arm, "inject");
    const st_node* pathway = st_node_child(arm, "pathway");
    if (inject != NULL && pathway != NULL) {
        st_node_fail_key(ctx, pathway, "found `inject` and `pathway`, expected one of them");
    } else if (inject != NULL && st_node_expect(ctx, inject, ST_NODE_MAP)) {
        read_inject(&r, inject, true);
    } else if (pathway != NULL) {
        read_pathway(&r, pathway);
    }
    if (recipe->is_memory_out || st_ctx_mistake_count(ctx) != before) {
        const st_status status = recipe->is_memory_out ? ST_ERR_MEMORY : ST_ERR_INPUT;
        st_recipe_destroy(recipe);
        return status;
    }
    *out = recipe;
    return ST_OK;
}
