/// \file
/// The sample in its tube, cut into cells along the radius of the rotor. SI units.
///
/// Cell 0 is at the free surface (nearest to the axis), the last one at the bottom.
#ifndef ST_PROCEDURE_COLUMN_H
#define ST_PROCEDURE_COLUMN_H

#include "base/base.h"

#define ST_COLUMN_CELLS_LEAST 8
#define ST_COLUMN_CELLS_MOST  2000

/// A tube or bag in a swinging bucket: full area above `taper_m`, below it area ~ (height/taper)^p:
/// p = 2 is a cone, p = 1 a wedge as at the lower end of a bag; taper_m = 0 a plain cylinder.
typedef struct st_tube {
    const char* name;
    double bore_m; ///< diameter of a circle of the full area
    double taper_m, taper_power;
    double radius_m;  ///< from the axis of the rotor to the bottom
    double volume_mL; ///< what it holds
} st_tube;

typedef struct st_column {
    int count;
    double top_m, bottom_m; ///< distances from the axis
    double cell_m;          ///< height of a cell
    double volume_m3;
    double* radius; ///< of cell centres, count
    double* area;   ///< of faces, count + 1; face i is above cell i
    double* volume; ///< of cells, count
    double* block;  ///< owned; the three stand in it
} st_column;

/// Area of the tube at a height above its lowest point, m^2.                           [PRO-13]
double st_column_area(const st_tube* tube, double height);

/// Volume below a height, m^3, and the height that a volume reaches.
double st_column_volume_below(const st_tube* tube, double height);
double st_column_height_of(const st_tube* tube, double volume_m3);

/// Fills the tube with a volume. ST_ERR_NUMERIC when it does not hold it.
st_status st_column_init(st_ctx* ctx, const st_tube* tube, double volume_m3, int count,
                         st_column* out);
void st_column_clear(st_ctx* ctx, st_column* column);

/// Volume of the column from its surface down to a distance from the axis, m^3; and its inverse.
double st_column_volume_above(const st_column* column, double radius);
double st_column_radius_below(const st_column* column, double volume_m3);

/// Content from the surface down to a distance from the axis of something with `density` per m^3 in
/// every cell.
double st_column_content_above(const st_column* column, const double* density, double radius);

#endif
