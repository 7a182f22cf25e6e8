#include "tissue/stencil.h"

#include <string.h>

// Eight floats: one row of a brick, one AVX register, two SSE registers.
typedef float v8 __attribute__((vector_size(32), may_alias));
typedef int32_t v8i __attribute__((vector_size(32), may_alias));
typedef uint8_t bytes8 __attribute__((vector_size(8), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define ROW(p) (*(const v8*)(p))
// The row one voxel to the left (right): the last (first) voxel of the neighbour comes in.
#define FROM_LEFT(left, own)   __builtin_shufflevector((left), (own), 7, 8, 9, 10, 11, 12, 13, 14)
#define FROM_RIGHT(own, right) __builtin_shufflevector((own), (right), 1, 2, 3, 4, 5, 6, 7, 8)
#define MAX_BITS(max, value)                                                                       \
    do {                                                                                           \
        const v8i bits_ = (v8i)(value)&0x7fffffff;                                                 \
        const v8i above_ = bits_ > (max);                                                          \
        (max) = (bits_ & above_) | ((max) & ~above_);                                              \
    } while (0)

typedef struct rows {
    const float *ym, *yp, *zm, *zp;
} rows;

INLINE rows rows_at(const st_around* e, int y, int z)
{
    const int at = (z * 8 + y) * 8;
    const rows r = {
        .ym = y > 0 ? e->own + at - 8 : e->side[2] + at + 56,
        .yp = y < 7 ? e->own + at + 8 : e->side[3] + at - 56,
        .zm = z > 0 ? e->own + at - 64 : e->side[4] + at + 448,
        .zp = z < 7 ? e->own + at + 64 : e->side[5] + at - 448,
    };
    return r;
}

#define LOAD_AROUND(e, at, y, z)                                                                   \
    const rows r_ = rows_at((e), (y), (z));                                                        \
    const v8 own = ROW((e)->own + (at));                                                           \
    const v8 xm = FROM_LEFT(ROW((e)->side[0] + (at)), own);                                        \
    const v8 xp = FROM_RIGHT(own, ROW((e)->side[1] + (at)));                                       \
    const v8 ym = ROW(r_.ym);                                                                      \
    const v8 yp = ROW(r_.yp);                                                                      \
    const v8 zm = ROW(r_.zm);                                                                      \
    const v8 zp = ROW(r_.zp)

#define FACE(s, side, at) ROW((s)->face + (side)*512 + (at))
// Conductances of a row's faces at one side, out of its bits.
#define LANE(byte)                                                                                 \
    ((v8i){1 << (byte), 2 << (byte), 4 << (byte), 8 << (byte), 16 << (byte), 32 << (byte),         \
           64 << (byte), (int32_t)(128u << (byte))})
#define OPEN_FACE(c, bits, byte) ((v8)((v8i)(c) & (((bits)&LANE(byte)) != 0)))
#define SPLAT(x)                 ((v8){(x), (x), (x), (x), (x), (x), (x), (x)})

INLINE void smooth_rows(const st_stencil* s, const st_around* e, const float* b, float omega,
                        float* out, const int from[2], const int to[2], bool has_face, bool has_a)
{
    const v8 keep = SPLAT(1.0f - omega);
    const v8 cx = SPLAT(s->c[0]);
    const v8 cy = SPLAT(s->c[1]);
    const v8 cz = SPLAT(s->c[2]);
    const v8 step0 = SPLAT(omega * s->inverse0);
    for (int z = from[1]; z < to[1]; z++) {
        for (int y = from[0]; y < to[0]; y++) {
            const int at = (z * 8 + y) * 8;
            LOAD_AROUND(e, at, y, z);
            v8 sum = (has_face ? FACE(s, 0, at) : cx) * xm;
            sum += (has_face ? FACE(s, 1, at) : cx) * xp;
            sum += (has_face ? FACE(s, 2, at) : cy) * ym;
            sum += (has_face ? FACE(s, 3, at) : cy) * yp;
            sum += (has_face ? FACE(s, 4, at) : cz) * zm;
            sum += (has_face ? FACE(s, 5, at) : cz) * zp;
            v8 step = step0;
            if (has_a) {
                step = omega * ROW(s->inverse + at);
            }
            *(v8*)(out + at) = keep * own + step * (ROW(b + at) + sum);
        }
    }
}

INLINE void smooth_brick(const st_stencil* s, const st_around* e, const float* b, float omega,
                         float* out, bool has_face, bool has_a)
{
    static const int from[2] = {0, 0};
    static const int to[2] = {8, 8};
    smooth_rows(s, e, b, omega, out, from, to, has_face, has_a);
}

INLINE void begin_rows(const st_stencil* s, const float* b, float omega, float* out,
                       const int from[2], const int to[2])
{
    const v8 step0 = SPLAT(omega * s->inverse0);
    for (int z = from[1]; z < to[1]; z++) {
        for (int y = from[0]; y < to[0]; y++) {
            const int at = (z * 8 + y) * 8;
            v8 step = step0;
            if (s->inverse) {
                step = omega * ROW(s->inverse + at);
            }
            *(v8*)(out + at) = step * ROW(b + at);
        }
    }
}

// The rows of one outer layer: y-, y+, z-, z+ for sides 2 ... 5.
INLINE void layer_bounds(int side, int from[2], int to[2])
{
    const int axis = side / 2 - 1;
    const int at = side % 2 ? 7 : 0;
    from[0] = axis == 0 ? at : 0;
    to[0] = axis == 0 ? at + 1 : 8;
    from[1] = axis == 1 ? at : 0;
    to[1] = axis == 1 ? at + 1 : 8;
}

/// What a brick's faces are.
typedef enum kind {
    UNIFORM,
    OPEN,
    MIXED,
} kind;

// A word that holds the bits of four sides, for each voxel of a row.
INLINE int32_t open_word(const uint8_t* open, int at, int first_side)
{
    int32_t word;
    memcpy(&word, open + at + first_side, sizeof word);
    return word;
}
#define SPLAT_WORD(x)                ((v8i){(x), (x), (x), (x), (x), (x), (x), (x)})
#define OPEN_BITS(s, at, first_side) SPLAT_WORD(open_word((s)->open, (at), (first_side)))

// One row of b - A e, in flux form: what leaves one voxel enters the next, bit for bit.
#define RESIDUAL_ROW                                                                               \
    LOAD_AROUND(e, at, y, z);                                                                      \
    v8 loss = a0;                                                                                  \
    if (has_a) {                                                                                   \
        loss += ROW(s->a + at);                                                                    \
    }                                                                                              \
    v8 value = ROW(b + at) - loss * own;                                                           \
    v8 c[6] = {cx, cx, cy, cy, cz, cz};                                                            \
    if (of == OPEN) {                                                                              \
        const v8i near = OPEN_BITS(s, at, 0);                                                      \
        const v8i far = OPEN_BITS(s, at, 4);                                                       \
        c[0] = OPEN_FACE(cx, near, 0);                                                             \
        c[1] = OPEN_FACE(cx, near, 8);                                                             \
        c[2] = OPEN_FACE(cy, near, 16);                                                            \
        c[3] = OPEN_FACE(cy, near, 24);                                                            \
        c[4] = OPEN_FACE(cz, far, 0);                                                              \
        c[5] = OPEN_FACE(cz, far, 8);                                                              \
    }                                                                                              \
    for (int side = 0; of == MIXED && side < 6; side++) {                                          \
        c[side] = FACE(s, side, at);                                                               \
    }                                                                                              \
    value += c[0] * (xm - own);                                                                    \
    value += c[1] * (xp - own);                                                                    \
    value += c[2] * (ym - own);                                                                    \
    value += c[3] * (yp - own);                                                                    \
    value += c[4] * (zm - own);                                                                    \
    value += c[5] * (zp - own)

#define RESIDUAL_CONSTANTS                                                                         \
    const v8 cx = SPLAT(s->c[0]);                                                                  \
    const v8 cy = SPLAT(s->c[1]);                                                                  \
    const v8 cz = SPLAT(s->c[2]);                                                                  \
    const v8 a0 = SPLAT(s->a0);                                                                    \
    v8i max = {0, 0, 0, 0, 0, 0, 0, 0}

INLINE uint32_t largest(const void* max)
{
    uint32_t lane[8];
    memcpy(lane, max, sizeof lane);
    uint32_t most = 0;
    for (int i = 0; i < 8; i++) {
        most = lane[i] > most ? lane[i] : most;
    }
    return most;
}

INLINE uint32_t residual_brick(const st_stencil* s, const st_around* e, const float* b, float* out,
                               kind of, bool has_a)
{
    RESIDUAL_CONSTANTS;
    for (int z = 0; z < 8; z++) {
        for (int y = 0; y < 8; y++) {
            const int at = (z * 8 + y) * 8;
            RESIDUAL_ROW;
            MAX_BITS(max, value);
            *(v8*)(out + at) = value;
        }
    }
    return largest(&max);
}

INLINE uint32_t restrict_brick(const st_stencil* s, const st_around* e, const float* b,
                               float* coarse, kind of, bool has_a)
{
    RESIDUAL_CONSTANTS;
    for (int z2 = 0; z2 < 4; z2++) {
        for (int y2 = 0; y2 < 4; y2++) {
            v8 sum = {0, 0, 0, 0, 0, 0, 0, 0};
            for (int part = 0; part < 4; part++) {
                const int y = 2 * y2 + (part & 1);
                const int z = 2 * z2 + (part >> 1);
                const int at = (z * 8 + y) * 8;
                RESIDUAL_ROW;
                MAX_BITS(max, value);
                sum += value;
            }
            float* to = coarse + (z2 * 8 + y2) * 8;
            for (int x = 0; x < 4; x++) {
                to[x] = 0.125f * (sum[2 * x] + sum[2 * x + 1]);
            }
        }
    }
    return largest(&max);
}

// A face that lets nothing through has no neighbour: its own value stands for it.
INLINE void open_or_own(const void* conductance, const void* own, void* side)
{
    const v8i open = *(const v8*)conductance > 0.0f;
    *(v8i*)side = (*(const v8i*)side & open) | (*(const v8i*)own & ~open);
}

INLINE void add_row(float* to, const void* row, const uint8_t* medium)
{
    v8i value = *(const v8i*)row;
    if (medium) {
        value &= __builtin_convertvector(*(const bytes8*)medium, v8i) != 0;
    }
    *(v8*)to += (v8)value;
}

// Linear towards the nearest neighbour along each axis: a quarter of itself and of each of the
// three.                                                                                 [TIS-6]
INLINE uint32_t prolong_brick(const st_stencil* s, const st_around* e, float* const fine[8],
                              const uint8_t* const medium[8], kind of)
{
    const v8 one = SPLAT(1.0f);
    v8i max = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int z = 0; z < 8; z++) {
        for (int y = 0; y < 8; y++) {
            const int at = (z * 8 + y) * 8;
            LOAD_AROUND(e, at, y, z);
            MAX_BITS(max, own);
            v8 side[6] = {xm, xp, ym, yp, zm, zp};
            if (of == OPEN) {
                const v8i near = OPEN_BITS(s, at, 0);
                const v8i far = OPEN_BITS(s, at, 4);
                const v8 open[6] = {OPEN_FACE(one, near, 0),  OPEN_FACE(one, near, 8),
                                    OPEN_FACE(one, near, 16), OPEN_FACE(one, near, 24),
                                    OPEN_FACE(one, far, 0),   OPEN_FACE(one, far, 8)};
                for (int f = 0; f < 6; f++) {
                    open_or_own(&open[f], &own, &side[f]);
                }
            }
            for (int f = 0; of == MIXED && f < 6; f++) {
                open_or_own(s->face + f * 512 + at, &own, &side[f]);
            }
            for (int part = 0; part < 4; part++) {
                const int dy = part & 1;
                const int dz = part >> 1;
                const v8 base = own + side[2 + dy] + side[4 + dz];
                const v8 low = 0.25f * (base + side[0]);
                const v8 high = 0.25f * (base + side[1]);
                const v8 first = __builtin_shufflevector(low, high, 0, 8, 1, 9, 2, 10, 3, 11);
                const v8 second = __builtin_shufflevector(low, high, 4, 12, 5, 13, 6, 14, 7, 15);
                const int octant = (y >> 2) * 2 + (z >> 2) * 4;
                const int to = ((2 * (z & 3) + dz) * 8 + 2 * (y & 3) + dy) * 8;
                if (fine[octant]) {
                    add_row(fine[octant] + to, &first, medium[octant] ? medium[octant] + to : NULL);
                }
                if (fine[octant + 1]) {
                    add_row(fine[octant + 1] + to, &second,
                            medium[octant + 1] ? medium[octant + 1] + to : NULL);
                }
            }
        }
    }
    return largest(&max);
}

// The same source once for every instruction set; constants fold in each of the three cases. The
// structs are copied so that the compiler knows that no store changes them.
#define KERNELS(suffix, ...)                                                                       \
    __VA_ARGS__ static void smooth_##suffix(const st_stencil* s, const st_around* e,               \
                                            const float* b, float omega, float* out)               \
    {                                                                                              \
        const st_stencil own = *s;                                                                 \
        const st_around around = *e;                                                               \
        if (own.face) {                                                                            \
            smooth_brick(&own, &around, b, omega, out, true, true);                                \
        } else if (own.a) {                                                                        \
            smooth_brick(&own, &around, b, omega, out, false, true);                               \
        } else {                                                                                   \
            smooth_brick(&own, &around, b, omega, out, false, false);                              \
        }                                                                                          \
    }                                                                                              \
    __VA_ARGS__ static void begin_##suffix(const st_stencil* s, const float* b, float omega,       \
                                           float* out)                                             \
    {                                                                                              \
        static const int from[2] = {0, 0};                                                         \
        static const int to[2] = {8, 8};                                                           \
        const st_stencil own = *s;                                                                 \
        begin_rows(&own, b, omega, out, from, to);                                                 \
    }                                                                                              \
    __VA_ARGS__ static void layer_##suffix(const st_stencil* s, const st_around* e,                \
                                           const float* b, float omega, int side, float* out)      \
    {                                                                                              \
        const st_stencil own = *s;                                                                 \
        int from[2];                                                                               \
        int to[2];                                                                                 \
        layer_bounds(side, from, to);                                                              \
        if (!e) {                                                                                  \
            begin_rows(&own, b, omega, out, from, to);                                             \
            return;                                                                                \
        }                                                                                          \
        const st_around around = *e;                                                               \
        if (own.face) {                                                                            \
            smooth_rows(&own, &around, b, omega, out, from, to, true, true);                       \
        } else if (own.a) {                                                                        \
            smooth_rows(&own, &around, b, omega, out, from, to, false, true);                      \
        } else {                                                                                   \
            smooth_rows(&own, &around, b, omega, out, from, to, false, false);                     \
        }                                                                                          \
    }                                                                                              \
    __VA_ARGS__ static uint32_t residual_##suffix(const st_stencil* s, const st_around* e,         \
                                                  const float* b, float* out)                      \
    {                                                                                              \
        const st_stencil own = *s;                                                                 \
        const st_around around = *e;                                                               \
        if (own.face) {                                                                            \
            return residual_brick(&own, &around, b, out, MIXED, true);                             \
        }                                                                                          \
        if (own.open) {                                                                            \
            return residual_brick(&own, &around, b, out, OPEN, true);                              \
        }                                                                                          \
        return own.a ? residual_brick(&own, &around, b, out, UNIFORM, true)                        \
                     : residual_brick(&own, &around, b, out, UNIFORM, false);                      \
    }                                                                                              \
    __VA_ARGS__ static uint32_t restrict_##suffix(const st_stencil* s, const st_around* e,         \
                                                  const float* b, float* coarse)                   \
    {                                                                                              \
        const st_stencil own = *s;                                                                 \
        const st_around around = *e;                                                               \
        if (own.face) {                                                                            \
            return restrict_brick(&own, &around, b, coarse, MIXED, true);                          \
        }                                                                                          \
        if (own.open) {                                                                            \
            return restrict_brick(&own, &around, b, coarse, OPEN, true);                           \
        }                                                                                          \
        return own.a ? restrict_brick(&own, &around, b, coarse, UNIFORM, true)                     \
                     : restrict_brick(&own, &around, b, coarse, UNIFORM, false);                   \
    }                                                                                              \
    __VA_ARGS__ static uint32_t prolong_##suffix(const st_stencil* s, const st_around* e,          \
                                                 float* const fine[8],                             \
                                                 const uint8_t* const medium[8])                   \
    {                                                                                              \
        const st_stencil own = *s;                                                                 \
        const st_around around = *e;                                                               \
        if (own.face) {                                                                            \
            return prolong_brick(&own, &around, fine, medium, MIXED);                              \
        }                                                                                          \
        return own.open ? prolong_brick(&own, &around, fine, medium, OPEN)                         \
                        : prolong_brick(&own, &around, fine, medium, UNIFORM);                     \
    }                                                                                              \
    static const st_stencil_ops OPS_##suffix = {                                                   \
        smooth_##suffix,   begin_##suffix,   layer_##suffix, residual_##suffix,                    \
        restrict_##suffix, prolong_##suffix, #suffix}

KERNELS(plain, );
#if defined(__x86_64__)
KERNELS(avx2, __attribute__((target("avx2"))));
#endif

const st_stencil_ops* st_stencil_plain(void)
{
    return &OPS_plain;
}

const st_stencil_ops* st_stencil_choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return &OPS_avx2;
    }
#endif
    return &OPS_plain;
}

float st_stencil_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
