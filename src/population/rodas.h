/// \file
/// The constants of RODAS, a Rosenbrock method with six stages of order 4(3), L-stable and stiffly
/// accurate, with dense output of order 3. E. Hairer, G. Wanner, Solving Ordinary Differential
/// Equations II, 2nd ed. (1996), section IV.7 and IV.10. Mathematics, not literature values of
/// biology.      [POP-1]
#ifndef ST_POPULATION_RODAS_H
#define ST_POPULATION_RODAS_H

#define RODAS_STAGES 6
#define RODAS_GAMMA  0.25

/// Stage values: y + sum_j a[i][j] k_j.
static const double RODAS_A[RODAS_STAGES][RODAS_STAGES] = {
    {0},
    {1.544},
    {0.9466785280815826, 0.2557011698983284},
    {3.314825187068521, 2.896124015972201, 0.9986419139977817},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0},
};

/// Right-hand sides: f + (1/h) sum_j c[i][j] k_j.
static const double RODAS_C[RODAS_STAGES][RODAS_STAGES] = {
    {0},
    {-5.6688},
    {-2.430093356833875, -0.2063599157091915},
    {-0.1073529058151375, -9.594562251023355, -20.47028614809616},
    {7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160},
    {8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136,
     -6.058818238834054},
};

/// Stage times and the factors of h df/dt.
static const double RODAS_TIME[RODAS_STAGES] = {0.0, 0.386, 0.21, 0.63, 1.0, 1.0};
static const double RODAS_DT[RODAS_STAGES] = {0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0};

/// Dense output, see st_step_dense().
static const double RODAS_D[2][5] = {
    {10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823,
     1.025137723295662},
    {-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386,
     -6.594389125716872},
};

#endif
