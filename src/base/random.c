#include "base/random.h"

#include "base/maths.h"

#include <Random123/philox.h>

// Four 64-bit words per call of the generator; `draw` counts words.                         [BAS-1]
uint64_t st_random_bits(const st_random_key* key, uint64_t draw)
{
    const philox4x64_ctr_t counter = {{key->id, key->step, draw / 4, 0}};
    const philox4x64_key_t words = {{key->seed, key->stream}};
    const philox4x64_ctr_t result = philox4x64_R(10, counter, words);
    return result.v[draw % 4];
}

double st_random_uniform(const st_random_key* key, uint64_t draw)
{
    // Centres of 2^52 equal cells: exact in double, symmetric about 1/2, never 0 or 1.
    const double cell = (double)(st_random_bits(key, draw) >> 12);
    return (cell + 0.5) * 0x1p-52;
}

double st_random_normal(const st_random_key* key, uint64_t draw)
{
    return st_normal_quantile(st_random_uniform(key, draw));
}

double st_random_exponential(const st_random_key* key, uint64_t draw)
{
    return -st_log(st_random_uniform(key, draw));
}
