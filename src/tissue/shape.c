// Regions of space as signed functions, negative inside.                                  [TIS-2]

#include "base/base.h"
#include "stroma/tissue.h"
#include "tissue/shape.h"

#include <math.h>

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double length2(double x, double y)
{
    return sqrt(x * x + y * y);
}

static double box(const st_shape* s, const double p[3])
{
    double outside = 0.0;
    double inside = -INFINITY;
    for (int i = 0; i < 3; i++) {
        const double d = fabs(p[i]) - 0.5 * s->size_um[i];
        outside += d > 0.0 ? d * d : 0.0;
        inside = larger(inside, d);
    }
    return inside > 0.0 ? sqrt(outside) : inside;
}

static double cylinder(const st_shape* s, const double p[3])
{
    const int u = (s->axis + 1) % 3;
    const int v = (s->axis + 2) % 3;
    const double across = length2(p[u], p[v]) - s->size_um[0];
    const double along = fabs(p[s->axis]) - 0.5 * s->size_um[1];
    if (across > 0.0 && along > 0.0) {
        return length2(across, along);
    }
    return larger(across, along);
}

// A built-in joint, x medial to lateral, y front to back, z up, origin in the middle of the joint
// line, mm. Proportions are assumed, so that thickness and volume fall between published ones
// (docs/tissue.md): two condyles as tubes bent around the mediolateral axis, each with a sleeve of
// cartilage that wears thin towards its rims; two plateaus, dished, as plates of varying thickness.
typedef struct joint {
    double condyle_x, condyle_radius, condyle_half_width, bow;
    double femoral_thickness, arc_cosine;
    double plateau_thickness, plateau_half_x, plateau_half_y, gap;
} joint;

static const joint JOINT = {
    .condyle_x = 23.0,
    .condyle_radius = 21.0,
    .condyle_half_width = 14.5,
    .bow = 40.0,
    .femoral_thickness = 2.5,
    .arc_cosine = -0.45,
    .plateau_thickness = 2.8,
    .plateau_half_x = 15.0,
    .plateau_half_y = 18.0,
    .gap = 0.3,
};

// 1 in the middle, 0 at the rim.
static double dome(double x, double half)
{
    const double r = x / half;
    return r * r < 1.0 ? 1.0 - r * r : 0.0;
}

static double femoral(const double at_um[3], bool is_bone)
{
    const joint* j = &JOINT;
    const double x = at_um[0] * 1e-3;
    const double y = at_um[1] * 1e-3;
    const double side = x < 0.0 ? -1.0 : 1.0;
    const double across = x - side * j->condyle_x;
    const double crown = across * across / (2.0 * j->bow); // the condyle falls off to its sides
    const double z0 = j->condyle_radius + j->femoral_thickness + 0.5 * j->gap;
    const double z = at_um[2] * 1e-3 - z0;
    const double r = length2(y, z);
    const double cover = dome(across, j->condyle_half_width);
    // Covered from straight down to the same angle in front and behind.
    const double cosine = r > 0.0 ? -z / r : 1.0;
    const double thick = j->femoral_thickness * sqrt(cover);
    const double bone = j->condyle_radius - crown;
    if (is_bone) {
        return larger(r - bone, fabs(across) - j->condyle_half_width) * 1e3;
    }
    double d = larger(bone - r, r - bone - thick);
    d = larger(d, (j->arc_cosine - cosine) * r);
    d = larger(d, fabs(across) - j->condyle_half_width);
    return d * 1e3;
}

static double tibial(const double at_um[3], bool is_bone)
{
    const joint* j = &JOINT;
    const double x = at_um[0] * 1e-3;
    const double y = at_um[1] * 1e-3;
    const double z = at_um[2] * 1e-3;
    const double side = x < 0.0 ? -1.0 : 1.0;
    const double across = x - side * j->condyle_x;
    const double rim = dome(length2(across / j->plateau_half_x, y / j->plateau_half_y), 1.0);
    const double thick = j->plateau_thickness * sqrt(rim);
    const double dish = (across * across + y * y) / (2.0 * 60.0);
    const double top = -0.5 * j->gap + 0.5 * dish;
    const double off = rim > 0.0 ? -1.0 : 1.0;
    if (is_bone) {
        return larger(z - (top - thick), off) * 1e3;
    }
    double d = larger(z - top, top - thick - z);
    d = larger(d, off);
    return d * 1e3;
}

double st_shape_distance(const st_shape* s, const double at_um[3])
{
    const double p[3] = {at_um[0] - s->centre_um[0], at_um[1] - s->centre_um[1],
                         at_um[2] - s->centre_um[2]};
    switch (s->kind) {
    case ST_SHAPE_BOX:
        return box(s, p);
    case ST_SHAPE_BALL:
        return sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) - s->size_um[0];
    case ST_SHAPE_CYLINDER:
        return cylinder(s, p);
    case ST_SHAPE_LAYER: {
        const double depth = -st_shape_distance(s->a, at_um);
        return larger(s->size_um[0] - depth, depth - s->size_um[1]);
    }
    case ST_SHAPE_FUNCTION:
        return s->function(s->self, p);
    case ST_SHAPE_UNION:
        return smaller(st_shape_distance(s->a, at_um), st_shape_distance(s->b, at_um));
    case ST_SHAPE_INTERSECT:
        return larger(st_shape_distance(s->a, at_um), st_shape_distance(s->b, at_um));
    case ST_SHAPE_SUBTRACT:
        return larger(st_shape_distance(s->a, at_um), -st_shape_distance(s->b, at_um));
    case ST_SHAPE_FEMORAL_CARTILAGE:
        return femoral(p, false);
    case ST_SHAPE_TIBIAL_CARTILAGE:
        return tibial(p, false);
    case ST_SHAPE_FEMORAL_BONE:
        return femoral(p, true);
    case ST_SHAPE_TIBIAL_BONE:
        return tibial(p, true);
    case ST_SHAPE_KIND_COUNT:
        break;
    }
    ST_ASSERT(false);
    return INFINITY;
}

bool st_shape_is_distance(const st_shape* s)
{
    switch (s->kind) {
    case ST_SHAPE_BOX:
    case ST_SHAPE_BALL:
    case ST_SHAPE_CYLINDER:
        return true;
    case ST_SHAPE_LAYER:
        return st_shape_is_distance(s->a);
    case ST_SHAPE_UNION:
    case ST_SHAPE_INTERSECT:
    case ST_SHAPE_SUBTRACT:
        return st_shape_is_distance(s->a) && st_shape_is_distance(s->b);
    default:
        return false;
    }
}

static st_status check_parts(st_ctx* ctx, const st_shape* s, const char* where)
{
    if (!s->a || (s->kind != ST_SHAPE_LAYER && !s->b)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: a part of the shape is missing", where);
    }
    ST_TRY(st_shape_check(ctx, s->a, where));
    return s->kind == ST_SHAPE_LAYER ? ST_OK : st_shape_check(ctx, s->b, where);
}

st_status st_shape_check(st_ctx* ctx, const st_shape* s, const char* where)
{
    int sizes = 0;
    for (int i = 0; i < 3; i++) {
        if (!(fabs(s->centre_um[i]) < 1e9)) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "%s: centre = %g um: must be within 1e9 um", where,
                           s->centre_um[i]);
        }
    }
    switch (s->kind) {
    case ST_SHAPE_BOX:
        sizes = 3;
        break;
    case ST_SHAPE_BALL:
        sizes = 1;
        break;
    case ST_SHAPE_CYLINDER:
        sizes = 2;
        if (s->axis < 0 || s->axis > 2) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "%s: axis = %d: expected 0, 1 or 2", where, s->axis);
        }
        break;
    case ST_SHAPE_LAYER:
        if (!(s->size_um[0] < s->size_um[1]) || !(s->size_um[0] >= 0.0)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "%s: layer from %g to %g um deep: expected 0 <= from < to", where,
                           s->size_um[0], s->size_um[1]);
        }
        return check_parts(ctx, s, where);
    case ST_SHAPE_UNION:
    case ST_SHAPE_INTERSECT:
    case ST_SHAPE_SUBTRACT:
        return check_parts(ctx, s, where);
    case ST_SHAPE_FUNCTION:
        return s->function ? ST_OK : ST_FAIL(ctx, ST_ERR_INPUT, "%s: found no function", where);
    case ST_SHAPE_FEMORAL_CARTILAGE:
    case ST_SHAPE_TIBIAL_CARTILAGE:
    case ST_SHAPE_FEMORAL_BONE:
    case ST_SHAPE_TIBIAL_BONE:
        return ST_OK;
    default:
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: no such kind of shape: %d", where, (int)s->kind);
    }
    for (int i = 0; i < sizes; i++) {
        if (!(s->size_um[i] > 0.0) || !(s->size_um[i] < 1e9)) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "%s: size %d = %g um: must be above 0 and below 1e9",
                           where, i + 1, s->size_um[i]);
        }
    }
    return ST_OK;
}
