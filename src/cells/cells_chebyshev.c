#include "cells/cells_chebyshev.h"

#include <math.h>

#define DAMPING (2.0 / 13.0)

double st_cells_chebyshev_range(int stages)
{
    return 2.0 / 3.0 * (stages * stages - 1.0) * (1.0 - 2.0 / 15.0 * DAMPING);
}

int st_cells_chebyshev_stages(double product)
{
    int stages = 2;
    while (stages <= ST_STAGE_LIMIT && st_cells_chebyshev_range(stages) < product) {
        stages++;
    }
    return stages;
}

// Chebyshev polynomials T, T', T'' at w0 by their recurrences.                              [CEL-3]
void st_cells_chebyshev(int stages, double h, st_stage* out)
{
    double t[ST_STAGE_LIMIT + 1];
    double d[ST_STAGE_LIMIT + 1];
    double e[ST_STAGE_LIMIT + 1];
    double b[ST_STAGE_LIMIT + 1] = {0};
    const double w0 = 1.0 + DAMPING / (stages * stages);
    t[0] = 1.0;
    t[1] = w0;
    d[0] = 0.0;
    d[1] = 1.0;
    e[0] = e[1] = 0.0;
    for (int j = 2; j <= stages; j++) {
        t[j] = 2.0 * w0 * t[j - 1] - t[j - 2];
        d[j] = 2.0 * w0 * d[j - 1] - d[j - 2] + 2.0 * t[j - 1];
        e[j] = 2.0 * w0 * e[j - 1] - e[j - 2] + 4.0 * d[j - 1];
        b[j] = e[j] / (d[j] * d[j]);
    }
    b[0] = b[1] = b[2];
    const double w1 = d[stages] / e[stages];
    out[0] = (st_stage){.number = 1, .begin = (float)(h * b[1] * w1)};
    for (int j = 2; j <= stages; j++) {
        const double speed = 2.0 * b[j] * w1 / b[j - 1];
        const double a = 1.0 - b[j - 1] * t[j - 1];
        out[j - 1] = (st_stage){.number = j,
                                .begin = (float)(-a * speed * h),
                                .speed = (float)(speed * h),
                                .last = (float)(2.0 * b[j] * w0 / b[j - 1]),
                                .second_last = (float)(-b[j] / b[j - 2])};
    }
}
