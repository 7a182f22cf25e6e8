#include "procedure/centrifuge/column.h"

#include "procedure/constants.h"

#include "base/maths.h"

double st_column_area(const st_tube* tube, double height)
{
    const double full = 0.25 * ST_PI * tube->bore_m * tube->bore_m;
    if (height >= tube->taper_m) {
        return full;
    }
    return height <= 0.0 ? 0.0
                         : full * st_pow(height / tube->taper_m, tube->taper_power); // [PRO-13]
}

double st_column_volume_below(const st_tube* tube, double height)
{
    const double full = 0.25 * ST_PI * tube->bore_m * tube->bore_m;
    const double p = tube->taper_power;
    if (height <= 0.0) {
        return 0.0;
    }
    if (height < tube->taper_m) {
        return full * tube->taper_m / (p + 1.0) * st_pow(height / tube->taper_m, p + 1.0);
    }
    return full * (height - tube->taper_m + tube->taper_m / (p + 1.0));
}

double st_column_height_of(const st_tube* tube, double volume_m3)
{
    const double full = 0.25 * ST_PI * tube->bore_m * tube->bore_m;
    const double p = tube->taper_power;
    const double taper_volume = full * tube->taper_m / (p + 1.0);
    if (volume_m3 < taper_volume) {
        return tube->taper_m * st_pow(volume_m3 / taper_volume, 1.0 / (p + 1.0));
    }
    return tube->taper_m + (volume_m3 - taper_volume) / full;
}

st_status st_column_init(st_ctx* ctx, const st_tube* tube, double volume_m3, int count,
                         st_column* out)
{
    *out = (st_column){0};
    if (!(volume_m3 > 0.0) || count < ST_COLUMN_CELLS_LEAST || count > ST_COLUMN_CELLS_MOST) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "centrifuge: %g mL in %d cells cannot be computed",
                       1e6 * volume_m3, count);
    }
    const double height = st_column_height_of(tube, volume_m3);
    if (1e6 * volume_m3 > tube->volume_mL * (1.0 + 1e-9) || !(height < tube->radius_m)) {
        return ST_FAIL(ctx, ST_ERR_NUMERIC, "centrifuge: %g mL do not fit the tube '%s' of %g mL",
                       1e6 * volume_m3, tube->name, tube->volume_mL);
    }
    const size_t n = (size_t)count;
    double* block = st_alloc(ctx, 3 * n + 1, sizeof *block);
    if (block == NULL) {
        return ST_ERR_MEMORY;
    }
    *out = (st_column){.count = count,
                       .top_m = tube->radius_m - height,
                       .bottom_m = tube->radius_m,
                       .cell_m = height / count,
                       .volume_m3 = volume_m3,
                       .radius = block,
                       .area = block + n,
                       .volume = block + 2 * n + 1,
                       .block = block};
    double above = volume_m3; // volume below the upper face of the cell
    for (int i = 0; i < count; i++) {
        const double lower = height * (count - i - 1) / count;
        const double below = i + 1 < count ? st_column_volume_below(tube, lower) : 0.0;
        out->radius[i] = out->top_m + (i + 0.5) * out->cell_m;
        out->area[i] = st_column_area(tube, height * (count - i) / count);
        out->volume[i] = above - below;
        above = below;
    }
    out->area[count] = st_column_area(tube, 0.0);
    return ST_OK;
}

void st_column_clear(st_ctx* ctx, st_column* column)
{
    st_free(ctx, column->block);
    *column = (st_column){0};
}

double st_column_content_above(const st_column* column, const double* density, double radius)
{
    double sum = 0.0;
    for (int i = 0; i < column->count; i++) {
        const double share = (radius - column->top_m) / column->cell_m - i;
        if (share <= 0.0) {
            break;
        }
        const double volume = column->volume[i] * (share < 1.0 ? share : 1.0);
        sum += density == NULL ? volume : density[i] * volume;
    }
    return sum;
}

double st_column_volume_above(const st_column* column, double radius)
{
    return st_column_content_above(column, NULL, radius);
}

double st_column_radius_below(const st_column* column, double volume_m3)
{
    double left = volume_m3;
    for (int i = 0; i < column->count; i++) {
        if (left <= column->volume[i]) {
            return column->top_m +
                   column->cell_m * (i + (left > 0.0 ? left / column->volume[i] : 0.0));
        }
        left -= column->volume[i];
    }
    return column->bottom_m;
}
