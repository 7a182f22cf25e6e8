/// \file
/// Random draws as pure functions of (seed, stream, id, step, draw): Philox4x64-10 of Random123.
/// No generator has state, so no draw depends on threads, ranks or order.            [BAS-1]
#ifndef ST_BASE_RANDOM_H
#define ST_BASE_RANDOM_H

#include "base.h"

/// One stream per purpose. Numbers are part of the result format: append, never reorder.
typedef enum st_stream {
    ST_STREAM_TEST = 0,
    ST_STREAM_PERSON = 1,      // who a person is: covariates
    ST_STREAM_PARAMETER = 2,   // this person's model parameters
    ST_STREAM_PROCEDURE = 3,   // harvest, processing, injection
    ST_STREAM_MEASUREMENT = 5, // instrument noise at a visit
    ST_STREAM_FLUCTUATION = 6, // slow within-person fluctuation
    ST_STREAM_DROPOUT = 7,
    ST_STREAM_ADVERSE = 8,
    ST_STREAM_ALLOCATION = 9,
    ST_STREAM_BOOTSTRAP = 10,
    ST_STREAM_SSA = 11,
    ST_STREAM_VALIDATE = 20, // forecasts of published arms
    ST_STREAM_CELL_WALK = 30,
    ST_STREAM_CELL_DIVISION = 31, // axes
    ST_STREAM_CELL_PLACE = 32,    // cells scattered at random
    ST_STREAM_CELL_NUDGE = 33,    // cells at exactly the same place
    ST_STREAM_AGENT = 40,         // fates of single cells
    ST_STREAM_ARRIVAL = 41,       // cells that come into a voxel
} st_stream;

typedef struct st_random_key {
    uint64_t seed;
    uint64_t stream; ///< st_stream
    uint64_t id;     ///< person, cell ...
    uint64_t step;   ///< visit, time step ...
} st_random_key;

/// 64 random bits.
uint64_t st_random_bits(const st_random_key* key, uint64_t draw);
/// Uniform on the open interval (0, 1): never 0, never 1.
double st_random_uniform(const st_random_key* key, uint64_t draw);
/// Standard normal by inversion (AS 241), deterministic on every machine.
double st_random_normal(const st_random_key* key, uint64_t draw);
/// Exponential with mean 1.
double st_random_exponential(const st_random_key* key, uint64_t draw);

/// Inverse of the standard normal distribution function, 0 < p < 1. Relative error < 1e-15.
double st_normal_quantile(double p);
/// Standard normal distribution function.
double st_normal_cdf(double x);

#endif
