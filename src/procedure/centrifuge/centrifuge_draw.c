// What is taken out of the tube after the spin.

#include "procedure/centrifuge/centrifuge.h"

static double within(double value, double lo, double hi)
{
    return value < lo ? lo : value > hi ? hi : value;
}

/// Upper and lower cut of a draw-off, distances from the axis.                            [PRO-19]
static st_status find_cuts(st_ctx* ctx, const st_centrifuge* c, st_draw* draw, double* upper,
                           double* lower)
{
    const st_column* column = &c->settle.column;
    const double volume = 1e-6 * draw->volume_mL;
    *upper = column->top_m;
    *lower = column->bottom_m;
    if (draw->keep == ST_KEEP_LOWER) {
        *upper = st_column_radius_below(column, column->volume_m3 - volume);
        return ST_OK;
    }
    if (!c->has_interface && draw->keep == ST_KEEP_BUFFY) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC,
                       "centrifuge: no red layer is seen, so there is no buffy coat to draw off");
    }
    if (draw->keep == ST_KEEP_PLASMA) {
        *lower = within(c->interface_m - (c->has_interface ? draw->margin_m : 0.0), column->top_m,
                        column->bottom_m);
        draw->volume_mL = 1e6 * st_column_volume_above(column, *lower);
        if (!(draw->volume_mL > 1e-6 * 1e6 * column->volume_m3)) {
            return ST_FAIL(ctx, ST_ERR_NUMERIC, "centrifuge: there is no plasma above the cut");
        }
        return ST_OK;
    }
    *lower = within(c->interface_m + draw->margin_m, column->top_m, column->bottom_m);
    const double above = st_column_volume_above(column, *lower);
    if (above < volume) { // not enough plasma: the cut goes deeper into the red cells
        *lower = st_column_radius_below(column, volume);
        return ST_OK;
    }
    *upper = st_column_radius_below(column, above - volume);
    return ST_OK;
}

st_status st_centrifuge_draw(st_ctx* ctx, const st_centrifuge* c, st_draw* draw, double* recovery)
{
    const st_settle* s = &c->settle;
    double upper = 0.0, lower = 0.0;
    ST_TRY(find_cuts(ctx, c, draw, &upper, &lower));
    for (int k = 0; k < ST_CLASS_COUNT; k++) {
        double taken = 0.0;
        for (int i = 0; i < c->kinds[k]; i++) {
            const double* phi = s->phi[c->first[k] + i];
            taken += st_column_content_above(&s->column, phi, lower) -
                     st_column_content_above(&s->column, phi, upper);
        }
        const double share = c->kinds[k] > 0 ? taken / c->class_volume[k] : 0.0;
        recovery[k] = within(share, 0.0, 1.0); // rounding only
    }
    return ST_OK;
}
