#include "procedure/recipe/recipe_reader.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>

/// `buffy coat`, or `buffy coat +- 1.5 mm`: a layer, and how well its edge is met.
static const char* read_keep(st_recipe_reader* r, const st_node* node, st_spin* spin)
{
    st_ctx* ctx = r->ctx;
    if (!st_node_expect(ctx, node, ST_NODE_SCALAR)) {
        return NULL;
    }
    const char* plus = strstr(node->text, " +- ");
    if (plus == NULL) {
        return node->text;
    }
    char why[96];
    double number = 0.0, metre = 0.0;
    st_unit unit, mm;
    const char* unit_text = NULL;
    if (!st_quantity_parse(plus + 4, &number, &unit, &unit_text, why, sizeof why) ||
        !st_unit_parse("mm", &mm, why, sizeof why) ||
        !st_quantity_convert(number, &unit, &mm.dim, NULL, &metre) || !(metre >= 0.0) ||
        !(metre < 0.1)) {
        st_node_fail(ctx, node, "found '%s', expected a layer such as 'buffy coat +- 1.5 mm'",
                     node->text);
        return NULL;
    }
    spin->margin_error_mm = 1e3 * metre;
    const char* name = st_arena_text(&r->recipe->arena, node->text, (size_t)(plus - node->text));
    r->recipe->is_memory_out = r->recipe->is_memory_out || name == NULL;
    return name;
}

/// One of `count` names; reports the allowed ones otherwise. -1 when none is met.
static int find_name(const char* text, const char* const* names, int count)
{
    for (int i = 0; text != NULL && i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

/// `7 mL` or `33 %` of what is spun.
static bool read_volume(st_recipe_reader* r, const st_node* node, st_spin* spin)
{
    const char* text = node->kind == ST_NODE_SCALAR ? node->text : "";
    if (strchr(text, '%') != NULL) {
        return st_node_read_number(r->ctx, node, 0.001, 0.999, &spin->volume_share);
    }
    return st_node_read_quantity(r->ctx, node, "a volume", "mL", NULL, 0.01, 5000.0,
                                 &spin->volume_mL);
}

/// Checks the product's volume against what is spun, as far as both are known.
static void check_volume(st_recipe_reader* r, const st_node* node, const st_spin* spin)
{
    st_ctx* ctx = r->ctx;
    double share = spin->volume_share;
    if (spin->volume_mL > 0.0) {
        if (r->is_volume_unknown || !(r->sample_mL > 0.0)) {
            return;
        }
        share = spin->volume_mL / r->sample_mL;
        if (!(share < 1.0)) {
            st_node_fail(ctx, node, "found '%s', expected less than the %.4g mL that are spun",
                         node->text, r->sample_mL);
            return;
        }
    }
    if (!spin->is_physics && spin->layer != NULL &&
        !(share >= spin->layer->share_least && share <= spin->layer->share_most)) {
        st_node_fail(ctx, node,
                     "found '%s' (%.3g %% of the %.4g mL that are spun), expected %.3g to %.3g %%: "
                     "the recoveries of '%s' hold only there",
                     node->text, 100.0 * share, r->sample_mL, 100.0 * spin->layer->share_least,
                     100.0 * spin->layer->share_most, spin->layer->name);
    }
}

/// What detail: physics asks for on top.
static void read_physics(st_recipe_reader* r, const st_node* map, const char* keep,
                         const st_node* keep_node, st_spin* spin)
{
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    const st_node* tube = st_node_child(map, "tube");
    const st_node* brake = st_node_child(map, "brake");
    const st_node* margin = st_node_child(map, "margin");
    const st_node* medium = st_node_child(map, "medium");
    const st_node* lost = st_node_child(map, "lost");
    int choice = ST_BRAKE_SOFT;
    (void)st_node_need(ctx, map, "field", "a centrifugal field such as `1000 xg`");
    (void)st_node_need(ctx, map, "time", "a time such as `14 min`");
    if (brake == NULL || st_node_read_choice(ctx, brake, ST_BRAKE_NAME, ST_BRAKE_COUNT, &choice)) {
        spin->brake = (st_brake)choice;
    }
    if (medium != NULL &&
        st_node_read_choice(ctx, medium, c->cushion_name, c->cushion_count, &choice)) {
        spin->cushion = &c->cushion[choice];
    }
    if (lost != NULL) {
        (void)st_node_read_number(ctx, lost, 0.0, 0.99, &spin->lost);
    }
    const bool floats = keep != NULL && strcmp(keep, "mononuclear layer") == 0;
    if (floats && medium == NULL) {
        st_node_fail(ctx, keep_node,
                     "found 'mononuclear layer', expected a density `medium` too: "
                     "without one there is no such layer");
    } else if (!floats && medium != NULL) {
        st_node_fail_key(ctx, medium,
                         "found a density medium, expected one only to keep the "
                         "mononuclear layer");
    }
    if (floats) {
        return;
    }
    const int mode = find_name(keep, ST_KEEP_NAME, ST_KEEP_COUNT);
    if (keep != NULL && mode < 0) {
        st_node_fail(ctx, keep_node,
                     "found '%s', expected plasma, buffy coat, lower part or mononuclear layer: "
                     "other layers are known as a table only",
                     keep);
    } else if (mode >= 0) {
        spin->keep = (st_keep)mode;
        spin->margin_mm = mode == ST_KEEP_PLASMA  ? c->values.centrifuge_margin_plasma.value
                          : mode == ST_KEEP_BUFFY ? c->values.centrifuge_margin_buffy.value
                                                  : 0.0;
    }
    if (margin != NULL) {
        (void)st_node_read_quantity(ctx, margin, "a length", "mm", NULL, -50.0, 50.0,
                                    &spin->margin_mm);
    }
    const st_node* need = st_node_need(ctx, map, "tube", "a tube such as `cone 60 mL`");
    if (need != NULL && st_node_read_choice(ctx, tube, c->tube_name, c->tube_count, &choice)) {
        spin->tube = &c->tube[choice];
        if (r->sample_mL > spin->tube->volume_mL) {
            st_node_fail(ctx, tube,
                         "found '%s', which holds %.4g mL, expected one for the %.4g mL "
                         "that are spun",
                         tube->text, spin->tube->volume_mL, r->sample_mL);
        }
    }
}

/// What a table notes without effect, so that `detail` can be changed alone: names must be known.
static void read_noted(st_recipe_reader* r, const st_node* map)
{
    const st_catalogue* c = r->recipe->catalogue;
    const st_node* tube = st_node_child(map, "tube");
    const st_node* brake = st_node_child(map, "brake");
    const st_node* margin = st_node_child(map, "margin");
    const st_node* medium = st_node_child(map, "medium");
    const st_node* lost = st_node_child(map, "lost");
    int choice = 0;
    double number = 0.0;
    if (tube != NULL) {
        (void)st_node_read_choice(r->ctx, tube, c->tube_name, c->tube_count, &choice);
    }
    if (brake != NULL) {
        (void)st_node_read_choice(r->ctx, brake, ST_BRAKE_NAME, ST_BRAKE_COUNT, &choice);
    }
    if (margin != NULL) {
        (void)st_node_read_quantity(r->ctx, margin, "a length", "mm", NULL, -50.0, 50.0, &number);
    }
    if (medium != NULL) {
        (void)st_node_read_choice(r->ctx, medium, c->cushion_name, c->cushion_count, &choice);
    }
    if (lost != NULL) {
        (void)st_node_read_number(r->ctx, lost, 0.0, 0.99, &number);
    }
}

/// Field and time; what is kept, as a layer of the catalogue, NULL when it was reported.
static const char* read_turn(st_recipe_reader* r, const st_node* map, const st_node* keep_node,
                             st_spin* spin)
{
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    const st_node* field = st_node_child(map, "field");
    const st_node* time = st_node_child(map, "time");
    if (field != NULL) {
        (void)st_node_read_quantity(ctx, field, "a centrifugal field", "xg", NULL, 10.0, 10000.0,
                                    &spin->field_xg);
    }
    if (time != NULL) {
        (void)st_node_read_quantity(ctx, time, "a time", "h", NULL, 1.0 / 60.0, 24.0,
                                    &spin->time_h);
    }
    const char* keep = keep_node != NULL ? read_keep(r, keep_node, spin) : NULL;
    const int layer = find_name(keep, c->layer_name, c->layer_count);
    if (layer >= 0) {
        spin->layer = &c->layer[layer];
    } else if (keep != NULL && keep == keep_node->text) {
        int choice = 0; // reports what is known
        (void)st_node_read_choice(ctx, keep_node, c->layer_name, c->layer_count, &choice);
        keep = NULL;
    } else if (keep != NULL) {
        st_node_fail(ctx, keep_node, "found '%s', which is no layer of the catalogue", keep);
        keep = NULL;
    }
    return keep;
}

void st_recipe_read_spin(st_recipe_reader* r, const st_node* map)
{
    static const char* const known[] = {"keep",  "volume", "field",  "time", "detail", "tube",
                                        "brake", "margin", "medium", "lost", NULL};
    st_ctx* ctx = r->ctx;
    st_spin* spin = &r->recipe->spin[r->recipe->spin_count];
    spin->index = r->recipe->spin_count++;
    spin->margin_error_mm = r->recipe->catalogue->values.centrifuge_margin_error.value;
    spin->is_physics = st_recipe_reader_detail(r, map);
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* keep_node = st_node_need(ctx, map, "keep", "a layer such as `buffy coat`");
    const char* keep = read_turn(r, map, keep_node, spin);
    if (spin->is_physics) {
        read_physics(r, map, keep, keep_node, spin);
    } else {
        read_noted(r, map);
    }
    const bool is_plasma = keep != NULL && strcmp(keep, ST_KEEP_NAME[ST_KEEP_PLASMA]) == 0;
    const bool takes_all = spin->is_physics && is_plasma;
    const st_node* volume = st_node_child(map, "volume");
    if (takes_all && volume != NULL) {
        st_node_fail_key(ctx, volume,
                         "found a volume, expected none: all plasma down to the "
                         "margin is drawn off");
        return;
    }
    if (is_plasma && volume == NULL && spin->layer != NULL) { // a table: what it was measured for
        spin->volume_share = 0.5 * (spin->layer->share_least + spin->layer->share_most);
    } else if (!takes_all) {
        volume = st_node_need(ctx, map, "volume", "the volume of the product");
        if (volume == NULL || !read_volume(r, volume, spin)) {
            return;
        }
        check_volume(r, volume, spin);
    }
    r->is_volume_unknown = takes_all || (r->is_volume_unknown && spin->volume_mL <= 0.0);
    r->sample_mL = takes_all               ? r->sample_mL
                   : spin->volume_mL > 0.0 ? spin->volume_mL
                                           : spin->volume_share * r->sample_mL;
    st_recipe_reader_tell(r, volume == NULL ? "spin to plasma"
                                            : st_arena_format(&r->recipe->arena, "spin to %s of %s",
                                                              volume->text,
                                                              st_recipe_reader_text(map, "keep")));
}
