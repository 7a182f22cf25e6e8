/// \file
/// Private: what the painter may know about a shape.
#ifndef ST_TISSUE_SHAPE_H
#define ST_TISSUE_SHAPE_H

#include "stroma/tissue.h"

/// True when |value| never exceeds the distance to the surface, so that far bricks can be skipped.
bool st_shape_is_distance(const st_shape* shape);

#endif
