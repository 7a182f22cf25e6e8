#include "base/base.h"

#include "patient/figure.h"

#include <math.h>
#include <string.h>

bool st_figure_origin(st_ctx* ctx, const st_node* map, const char** source, const char** assumed)
{
    const st_node* const given = st_node_child(map, "source");
    const st_node* const guess = st_node_child(map, "assumed");
    *source = NULL;
    *assumed = NULL;
    if ((given == NULL) == (guess == NULL)) {
        return st_node_fail(ctx, map,
                            "found %s, expected either source: or assumed: with the reason",
                            given != NULL ? "both source: and assumed:" : "neither");
    }
    const char* text = NULL;
    if (!st_node_read_text(ctx, given != NULL ? given : guess, &text)) {
        return false;
    }
    if (strlen(text) < 3) {
        return st_node_fail(ctx, given != NULL ? given : guess,
                            "found '%s', expected words that say where it is from", text);
    }
    *(given != NULL ? source : assumed) = text;
    return true;
}

bool st_figure_read(st_ctx* ctx, const st_node* map, const char* what, const char* unit, double lo,
                    double hi, st_range* range, st_figure* out)
{
    static const char* const KNOWN[] = {"value", "source", "assumed", NULL};
    static const char* const KNOWN_RANGE[] = {"value", "range", "source", "assumed", NULL};
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(ctx, map, range != NULL ? KNOWN_RANGE : KNOWN);
    const st_node* const value = st_node_need(ctx, map, "value", what);
    good = value != NULL &&
           st_node_read_quantity(ctx, value, what, unit, NULL, lo, hi, &out->value) && good;
    good = st_figure_origin(ctx, map, &out->source, &out->assumed) && good;
    if (range == NULL) {
        return good;
    }
    *range = (st_range){.lo = -INFINITY, .hi = INFINITY};
    const st_node* const bounds = st_node_child(map, "range");
    if (bounds != NULL && good) {
        good = st_node_read_range(ctx, bounds, what, unit, range);
        if (good && !(out->value >= range->lo && out->value <= range->hi)) {
            good = st_node_fail(ctx, bounds, "found %s, expected a range that holds the value %g",
                                bounds->text, out->value);
        }
    }
    return good;
}
