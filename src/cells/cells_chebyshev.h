/// \file
/// Private: coefficients of the stabilised Runge-Kutta method of order 2 (RKC).          [CEL-3]
#ifndef ST_CELLS_CELLS_CHEBYSHEV_H
#define ST_CELLS_CELLS_CHEBYSHEV_H

/// Most stages of a step.
#define ST_STAGE_LIMIT 20

/// Way of a stage from the step's begin: begin * F(0) + speed * F(last) + last * way(last)
/// + second_last * way(second last).
typedef struct st_stage {
    int number; ///< 1 ... stages
    float begin, speed, last, second_last;
} st_stage;

void st_cells_chebyshev(int stages, double h, st_stage* out);
/// Largest h x (spectral radius) that so many stages hold.
double st_cells_chebyshev_range(int stages);
/// Fewest stages for h x (spectral radius), at least 2.
int st_cells_chebyshev_stages(double product);

#endif
