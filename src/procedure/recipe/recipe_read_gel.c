#include "procedure/recipe/recipe_reader.h"

#include "procedure/constants.h"

#include <string.h>

/// The gel is what carries the cells.
static void find_polymer(st_recipe_reader* r, const st_node* map)
{
    const st_catalogue* c = r->recipe->catalogue;
    const st_ware* carrier = r->recipe->inject.carrier;
    for (int i = 0; carrier != NULL && i < c->polymer_count; i++) {
        if (strcmp(c->polymer[i].name, carrier->name) == 0) {
            r->recipe->cure.polymer = &c->polymer[i];
            return;
        }
    }
    st_node_fail_key(r->ctx, map,
                     "found a gel, but the cells are carried by '%s', which light does not harden; "
                     "expected a carrier such as '%s'",
                     carrier != NULL ? carrier->name : "nothing", c->polymer_name[0]);
}

/// Through the skin by needle there is no light unless the file says how it gets there.
static void read_path(st_recipe_reader* r, const st_node* map)
{
    const st_catalogue* c = r->recipe->catalogue;
    const st_node* path = st_node_child(map, "light_path");
    const bool is_open = r->recipe->inject.route != ST_ROUTE_PERCUTANEOUS;
    int choice = 0; // the first: lamp over the gel
    if (path == NULL && !is_open) {
        st_node_fail_key(r->ctx, map,
                         "found a gel injected through the skin without a `light_path`; expected "
                         "one such as 'fibre through the needle': ultrasound brings no light, and "
                         "the clinical gels were hardened in open or arthroscopic surgery");
        return;
    }
    if (path != NULL &&
        !st_node_read_choice(r->ctx, path, c->light_path_name, c->light_path_count, &choice)) {
        return;
    }
    if (path != NULL && choice == 0 && !is_open) {
        st_node_fail(r->ctx, path,
                     "found '%s' with a percutaneous route, expected a way through the skin: the "
                     "joint is closed",
                     path->text);
        return;
    }
    r->recipe->cure.path = &c->light_path[choice];
}

static void check_light(st_recipe_reader* r, const st_node* wavelength)
{
    const st_cure* cure = &r->recipe->cure;
    if (!(cure->initiator->absorptivity[cure->wavelength] > 0.0)) {
        st_node_fail(r->ctx, wavelength,
                     "found '%s', which %s does not take up, expected another wavelength",
                     wavelength->text, cure->initiator->name);
    }
}

/// Gas that the liquid was in contact with: less oxygen than air, less time to the gel.
static void read_oxygen(st_recipe_reader* r, const st_node* node)
{
    double share = 0.0;
    if (node != NULL && st_node_read_number(r->ctx, node, 0.0, ST_AIR_OXYGEN, &share)) {
        r->recipe->cure.purged = 1.0 - share / ST_AIR_OXYGEN;
    }
}

void st_recipe_read_gel(st_recipe_reader* r, const st_node* map)
{
    static const char* const known[] = {"initiator", "concentration", "wavelength",
                                        "intensity", "time",          "depth",
                                        "oxygen",    "light_path",    NULL};
    st_ctx* ctx = r->ctx;
    const st_catalogue* c = r->recipe->catalogue;
    st_cure* cure = &r->recipe->cure;
    const int before = st_ctx_mistake_count(ctx);
    int choice = 0;
    double percent = 0.0;
    r->recipe->has_gel = true;
    if (!st_node_check_keys(ctx, map, known)) {
        return;
    }
    const st_node* initiator = st_node_child(map, "initiator");
    const st_node* concentration =
        st_node_need(ctx, map, "concentration", "a share w/v of the initiator such as `0.1 %`");
    const st_node* wavelength = st_node_need(ctx, map, "wavelength", "a wavelength: 405 nm");
    const st_node* intensity = st_node_need(ctx, map, "intensity", "an irradiance: 10 mW/cm^2");
    const st_node* time = st_node_need(ctx, map, "time", "a time such as `60 s`");
    const st_node* depth = st_node_need(ctx, map, "depth", "a thickness such as `2 mm`");
    if (initiator == NULL) {
        st_node_fail_key(ctx, map,
                         "found light without an initiator, expected `initiator: %s`: "
                         "light alone hardens nothing",
                         c->initiator_name[0]);
    } else if (st_node_read_choice(ctx, initiator, c->initiator_name, c->initiator_count,
                                   &choice)) {
        cure->initiator = &c->initiator[choice];
    }
    if (concentration != NULL && st_node_read_number(ctx, concentration, 1e-5, 0.05, &percent)) {
        cure->concentration = 1e3 * percent; // 1 % w/v is 10 g/L
    }
    if (wavelength != NULL &&
        st_node_read_choice(ctx, wavelength, ST_WAVELENGTH_NAME, ST_WAVELENGTH_COUNT, &choice)) {
        cure->wavelength = (st_wavelength)choice;
    }
    if (intensity != NULL) {
        (void)st_node_read_quantity(ctx, intensity, "an irradiance", "W/m^2", NULL, 0.1, 1e5,
                                    &cure->irradiance);
    }
    if (time != NULL) {
        (void)st_node_read_quantity(ctx, time, "a time", "s", NULL, 0.1, 3600.0, &cure->time_s);
    }
    if (depth != NULL) {
        (void)st_node_read_quantity(ctx, depth, "a thickness", "m", NULL, 1e-5, 0.05,
                                    &cure->depth_m);
    }
    read_oxygen(r, st_node_child(map, "oxygen"));
    find_polymer(r, map);
    read_path(r, map);
    if (st_ctx_mistake_count(ctx) != before || wavelength == NULL || time == NULL) {
        return; // what is missing was reported
    }
    check_light(r, wavelength);
    st_recipe_reader_tell(r, st_arena_format(&r->recipe->arena, "harden by %s of %s light, %s",
                                             time->text, wavelength->text, cure->path->name));
}
