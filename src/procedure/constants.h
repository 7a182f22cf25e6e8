/// \file
/// Constants of nature and of arithmetic that the steps share; everything else is in the catalogue.
#ifndef ST_PROCEDURE_CONSTANTS_H
#define ST_PROCEDURE_CONSTANTS_H

#define ST_PI               3.14159265358979323846
#define ST_STANDARD_GRAVITY 9.80665       ///< m/s^2, by definition
#define ST_PA_PER_MMHG      133.322387415 ///< by definition
#define ST_AIR_OXYGEN       0.21 ///< share of oxygen in air; what a recipe's `oxygen` means

/// Three nodes and weights for means over a standard normal spread (Gauss and Hermite).
#define ST_NORMAL_NODES 3
#define ST_NORMAL_NODE                                                                             \
    {                                                                                              \
        -1.7320508075688772, 0.0, 1.7320508075688772                                               \
    }
#define ST_NORMAL_WEIGHT                                                                           \
    {                                                                                              \
        1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0                                                            \
    }

#endif
