// `geometry:` of a tissue file: shapes, painted in order.                                [TIS-2]

#include "tissue/plan.h"

#include <math.h>
#include <string.h>

#define SHAPE_DEPTH_LIMIT 8

static const char* const SHAPE_KEYS[] = {"box",       "ball",     "cylinder", "layer", "union",
                                         "intersect", "subtract", "built_in", NULL};

static const st_shape* read_shape(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, int depth);

static bool read_length(st_ctx* ctx, const st_node* map, const char* key, double lo, double* out)
{
    const st_node* node = st_node_need(ctx, map, key, "a length such as '2 mm'");
    return node && st_node_read_quantity(ctx, node, "a length", "um", NULL, lo, 1e9, out);
}

static void read_box(st_ctx* ctx, const st_node* map, st_shape* s)
{
    static const char* const keys[] = {"from", "to", NULL};
    double from[3] = {0};
    double to[3] = {1.0, 1.0, 1.0};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* a = st_node_need(ctx, map, "from", "a corner such as [0 mm, 0 mm, 0 mm]");
    const st_node* b = st_node_need(ctx, map, "to", "a corner such as [1 mm, 1 mm, 1 mm]");
    if (!a || !b || !st_plan_point(ctx, a, from) || !st_plan_point(ctx, b, to)) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        if (!(to[i] > from[i])) {
            st_node_fail(ctx, b, "found %g um for axis %d, expected more than `from`, %g um", to[i],
                         i + 1, from[i]);
        }
        s->centre_um[i] = 0.5 * (from[i] + to[i]);
        s->size_um[i] = to[i] - from[i];
    }
}

static void read_round(st_ctx* ctx, const st_node* map, st_shape* s)
{
    static const char* const ball_keys[] = {"at", "radius", NULL};
    static const char* const rod_keys[] = {"at", "radius", "length", "along", NULL};
    static const char* const axes[] = {"x", "y", "z"};
    const bool is_rod = s->kind == ST_SHAPE_CYLINDER;
    if (!st_node_check_keys(ctx, map, is_rod ? rod_keys : ball_keys)) {
        return;
    }
    const st_node* at = st_node_need(ctx, map, "at", "a point such as [0 mm, 0 mm, 0 mm]");
    if (at) {
        st_plan_point(ctx, at, s->centre_um);
    }
    read_length(ctx, map, "radius", 1e-3, &s->size_um[0]);
    if (is_rod) {
        read_length(ctx, map, "length", 1e-3, &s->size_um[1]);
        const st_node* along = st_node_need(ctx, map, "along", "x, y or z");
        if (along) {
            st_node_read_choice(ctx, along, axes, 3, &s->axis);
        }
    }
}

static void read_layer(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, st_shape* s,
                       int depth)
{
    static const char* const keys[] = {"of", "from", "to", NULL};
    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    const st_node* of = st_node_need(ctx, map, "of", "a shape such as { ball: ... }");
    s->a = of ? read_shape(ctx, plan, of, depth + 1) : NULL;
    read_length(ctx, map, "from", 0.0, &s->size_um[0]);
    read_length(ctx, map, "to", 1e-3, &s->size_um[1]);
    if (!(s->size_um[1] > s->size_um[0])) {
        st_node_fail(ctx, map, "found a layer from %g to %g um deep, expected `to` beyond `from`",
                     s->size_um[0], s->size_um[1]);
    }
}

// Two or more parts become a chain of pairs.
static const st_shape* read_parts(st_ctx* ctx, st_tissue_plan* plan, const st_node* list,
                                  st_shape_kind kind, int depth)
{
    if (!st_node_expect(ctx, list, ST_NODE_LIST)) {
        return NULL;
    }
    if (list->child_count < 2) {
        st_node_fail(ctx, list, "found %d shapes, expected two or more", list->child_count);
        return NULL;
    }
    const st_shape* sum = NULL;
    for (const st_node* part = list->first; part; part = part->next) {
        const st_shape* next = read_shape(ctx, plan, part, depth + 1);
        if (sum && next) {
            st_shape* pair = st_arena_alloc(&plan->arena, 1, sizeof *pair);
            if (!pair) {
                return NULL;
            }
            *pair = (st_shape){.kind = kind, .a = sum, .b = next};
            sum = pair;
        } else {
            sum = next;
        }
        if (!sum) {
            return NULL;
        }
    }
    return sum;
}

static const st_shape* read_shape(st_ctx* ctx, st_tissue_plan* plan, const st_node* map, int depth)
{
    static const char* const built_in[] = {"femoral cartilage", "tibial cartilage", "femoral bone",
                                           "tibial bone"};
    if (depth > SHAPE_DEPTH_LIMIT) {
        st_node_fail(ctx, map, "shapes within shapes: at most %d deep", SHAPE_DEPTH_LIMIT);
        return NULL;
    }
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return NULL;
    }
    int kind = -1;
    const st_node* node = NULL;
    for (int i = 0; SHAPE_KEYS[i]; i++) {
        const st_node* child = st_node_child(map, SHAPE_KEYS[i]);
        if (child && node) {
            st_node_fail_key(ctx, child, "found a second shape, expected one");
            return NULL;
        }
        node = child ? child : node;
        kind = child ? i : kind;
    }
    if (!node) {
        st_node_fail(ctx, map,
                     "found no shape, expected one of box, ball, cylinder, layer, union, "
                     "intersect, subtract, built_in");
        return NULL;
    }
    static const st_shape_kind kinds[] = {
        ST_SHAPE_BOX,   ST_SHAPE_BALL,      ST_SHAPE_CYLINDER, ST_SHAPE_LAYER,
        ST_SHAPE_UNION, ST_SHAPE_INTERSECT, ST_SHAPE_SUBTRACT, ST_SHAPE_FEMORAL_CARTILAGE};
    if (kind >= 4 && kind <= 6) {
        return read_parts(ctx, plan, node, kinds[kind], depth);
    }
    st_shape* s = st_arena_alloc(&plan->arena, 1, sizeof *s);
    if (!s) {
        return NULL;
    }
    *s = (st_shape){.kind = kinds[kind], .size_um = {1.0, 1.0, 1.0}};
    if (kind == 0) {
        read_box(ctx, node, s);
    } else if (kind == 3) {
        read_layer(ctx, plan, node, s, depth);
    } else if (kind == 7) {
        int which = 0;
        st_node_read_choice(ctx, node, built_in, 4, &which);
        s->kind = (st_shape_kind)(ST_SHAPE_FEMORAL_CARTILAGE + which);
    } else {
        read_round(ctx, node, s);
    }
    return s;
}

const st_shape* st_tissue_plan_shape(st_ctx* ctx, st_tissue_plan* plan, const st_node* map)
{
    return read_shape(ctx, plan, map, 0);
}

void st_plan_shape_read_all(st_ctx* ctx, st_tissue_plan* plan, const st_node* list)
{
    static const char* const keys[] = {"medium", "box",       "ball",     "cylinder", "layer",
                                       "union",  "intersect", "subtract", "built_in", NULL};
    if (!st_node_expect(ctx, list, ST_NODE_LIST)) {
        return;
    }
    for (const st_node* entry = list->first; entry; entry = entry->next) {
        if (!st_node_check_keys(ctx, entry, keys)) {
            continue;
        }
        if (plan->paint_count == ST_PLAN_PAINT_LIMIT) {
            st_node_fail(ctx, entry, "found more than %d shapes", ST_PLAN_PAINT_LIMIT);
            return;
        }
        const st_node* medium = st_node_need(ctx, entry, "medium", "a name from `media`, or none");
        st_paint* paint = &plan->paint[plan->paint_count];
        const bool is_none = medium && strcmp(medium->text, "none") == 0;
        paint->medium = medium && !is_none ? st_plan_medium(ctx, plan, medium) : 0;
        paint->shape = read_shape(ctx, plan, entry, 0);
        plan->paint_count += paint->shape != NULL;
    }
}
