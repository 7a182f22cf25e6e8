#include "procedure/recipe/recipe_reader.h"

#include "base/units.h"

#include <math.h>
#include <string.h>

/// A gauge is a name, not a quantity: '21 G' would be gauss.
static void read_gauge(st_recipe_reader* r, const st_node* node)
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

static const st_ware* read_ware(st_recipe_reader* r, const st_node* node, bool as_carrier)
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
static void fill_up(st_recipe_reader* r, const st_node* map, const st_node* carrier)
{
    st_inject* inject = &r->recipe->inject;
    const double missing_mL = inject->volume_mL - r->sample_mL;
    if (r->is_cultured) {
        inject->carrier_mL = inject->volume_mL;
        if (carrier == NULL) {
            inject->carrier = find_saline(r->recipe->catalogue);
        }
    } else if (r->is_volume_unknown && carrier != NULL) {
        st_node_fail_key(r->ctx, carrier,
                         "found a carrier, but how much plasma there is differs between donors; "
                         "expected none");
    } else if (r->is_volume_unknown) { // what there is, up to the volume
        return;
    } else if (missing_mL > 0.0 && carrier != NULL) {
        inject->carrier_mL = missing_mL;
    } else if (missing_mL > 0.0) {
        st_node_fail(r->ctx, st_node_child(map, "volume"),
                     "found '%s', expected at most the %.4g mL of the product, or a carrier to "
                     "fill it up",
                     st_recipe_reader_text(map, "volume"), r->sample_mL);
    } else if (carrier != NULL) {
        st_node_fail_key(r->ctx, carrier,
                         "found a carrier, but the product of %.4g mL already fills %s; expected "
                         "none or a larger volume",
                         r->sample_mL, st_recipe_reader_text(map, "volume"));
        inject->carrier = NULL;
    }
}

static void read_route(st_recipe_reader* r, const st_node* map)
{
    const st_node* route = st_node_child(map, "route");
    int choice = ST_ROUTE_PERCUTANEOUS;
    if (route == NULL ||
        st_node_read_choice(r->ctx, route, ST_ROUTE_NAME, ST_ROUTE_COUNT, &choice)) {
        r->recipe->inject.route = (st_route)choice;
    }
}

/// Only ways of guidance whose accuracy was counted at this place.
static void check_guidance(st_recipe_reader* r, const st_node* map, const st_node* guided)
{
    const st_inject* inject = &r->recipe->inject;
    if (inject->joint == NULL || !isnan(inject->joint->placed[inject->guidance])) {
        return;
    }
    int known = 0; // the first way that was counted
    while (known + 1 < ST_GUIDANCE_COUNT && isnan(inject->joint->placed[known])) {
        known++;
    }
    st_node_fail(r->ctx, guided != NULL ? guided : map,
                 "found %s by %s, whose accuracy is not in the catalogue, expected `guided_by: %s`",
                 inject->joint->name, ST_GUIDANCE_NAME[inject->guidance], ST_GUIDANCE_NAME[known]);
}

static void read_target(st_recipe_reader* r, const st_node* map)
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
        check_guidance(r, map, guided);
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
static void check_flow(st_recipe_reader* r, const st_node* map)
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

void st_recipe_read_inject(st_recipe_reader* r, const st_node* map, bool is_ready)
{
    static const char* const known_ready[] = {"product", "volume", "needle", "guided_by", "joint",
                                              "rate",    "route",  "detail", NULL};
    static const char* const known_cells[] = {"carrier", "volume", "needle", "guided_by", "joint",
                                              "rate",    "route",  "detail", NULL};
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
    inject->is_physics = st_recipe_reader_detail(r, map);
    read_route(r, map);
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
    st_recipe_reader_tell(r, st_arena_format(&r->recipe->arena, "inject %s%s%s into the %s by %s",
                                             st_recipe_reader_text(map, "volume"), joiner,
                                             ware == NULL ? "" : ware->title, inject->joint->name,
                                             ST_GUIDANCE_NAME[inject->guidance]));
}
