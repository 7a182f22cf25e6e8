/// \file
/// The 7-point operator of one brick, eight voxels of a row at a time:
///
///     (A e)_i = a_i e_i + sum over faces c_f (e_i - e_j)                               [TIS-3]
///
/// All kernels do the same operations in the same order for every instruction set and for uniform
/// and mixed bricks, so the choice changes no byte.
#ifndef ST_TISSUE_STENCIL_H
#define ST_TISSUE_STENCIL_H

#include "base/base.h"

/// Bytes of `open`: per row of eight voxels a byte for each side (bit = voxel) and two unused.
#define ST_OPEN_BYTES 512

/// Coefficients of one brick. Arrays are [512]; `face` is [6][512] for x-, x+, y-, y+, z-, z+.
/// Three kinds of bricks: uniform (no `face`, no `open`), open (`open`: each face has its axis's
/// `c` or nothing, and behind a face with nothing lies no tissue, where fields are 0), mixed
/// (`face`). Open and mixed bricks have `a` and `inverse`.
typedef struct st_stencil {
    const float* face;
    const uint8_t* open; ///< [64][8]
    const float* a;      ///< besides `a0`; NULL: `a0` and `inverse0` everywhere
    const float* inverse;
    float c[3];
    float a0, inverse0; ///< inverse = 1 / (a + sum c)
} st_stencil;

/// A field around one brick: itself, then its six neighbours (the empty brick where there is none).
typedef struct st_around {
    const float* own;
    const float* side[6];
} st_around;

typedef struct st_stencil_ops {
    /// out = e + omega / d (b - A e)
    void (*smooth)(const st_stencil* s, const st_around* e, const float* b, float omega,
                   float* out);
    /// out = omega / d b: the first smoothing step from zero
    void (*begin)(const st_stencil* s, const float* b, float omega, float* out);
    /// The same in the outer layer at a side, 2 ... 5 for y-, y+, z-, z+; `e` NULL counts as 0.
    void (*smooth_layer)(const st_stencil* s, const st_around* e, const float* b, float omega,
                         int side, float* out);
    /// out = b - A e; gives the bits of max |out|
    uint32_t (*residual)(const st_stencil* s, const st_around* e, const float* b, float* out);
    /// Means of the residual over 2 x 2 x 2 voxels, into a quarter-cube of a coarse brick.
    uint32_t (*restrict_residual)(const st_stencil* s, const st_around* e, const float* b,
                                  float* coarse);
    /// Adds the coarse correction to the eight finer bricks. `medium` NULL: the brick is full;
    /// `fine` NULL: there is no such brick. Gives the bits of max |coarse|.
    uint32_t (*prolong)(const st_stencil* s, const st_around* coarse, float* const fine[8],
                        const uint8_t* const medium[8]);
    const char* name; ///< "avx2" or "plain"
} st_stencil_ops;

/// The fastest kernels of this CPU, or the plain ones.
const st_stencil_ops* st_stencil_choose(void);
const st_stencil_ops* st_stencil_plain(void);

/// A non-negative float from its bits; these are ordered as the floats are, NaN above all.
float st_stencil_float(uint32_t bits);

#endif
