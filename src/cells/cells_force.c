// Speeds from neighbours: one source for every instruction set, so that all give the same bytes.
// Sums are of whole numbers: no order of neighbours, lists or bricks shows.                 [CEL-1]

#include "cells/cells_state.h"

#include <string.h>

typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t v8i __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t v8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t v4i __attribute__((vector_size(16), aligned(4), may_alias));

#define INLINE       static inline __attribute__((always_inline))
#define SPLAT(x)     ((v8){(x), (x), (x), (x), (x), (x), (x), (x)})
#define SPLAT_I(x)   ((v8i){(x), (x), (x), (x), (x), (x), (x), (x)})
#define TO_FLOAT(x)  __builtin_convertvector((x), v8)
#define TO_INT(x)    __builtin_convertvector((x), v8i)
#define BODY(s)      (*(const v4i*)(const void*)(body + (s)))
#define JOIN(a, b)   __builtin_shufflevector((a), (b), 0, 1, 2, 3, 4, 5, 6, 7)
#define LOW(a, b)    __builtin_shufflevector((a), (b), 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b)   __builtin_shufflevector((a), (b), 2, 10, 3, 11, 6, 14, 7, 15)
#define FIRST(a, b)  __builtin_shufflevector((a), (b), 0, 1, 8, 9, 4, 5, 12, 13)
#define SECOND(a, b) __builtin_shufflevector((a), (b), 2, 3, 10, 11, 6, 7, 14, 15)
#define POSITIVE(x)  ((v8)((v8i)(x) & ((x) > 0.0f)))
#define ABS(x)       ((v8)((v8i)(x)&0x7fffffff))
#define SUM(v)       ((v)[0] + (v)[1] + (v)[2] + (v)[3] + (v)[4] + (v)[5] + (v)[6] + (v)[7])

#define OVERLAP_UNIT 0x1p20f
#define STIFF_UNIT   0x1p11f
#define STIFF_MOST   1000.0f // 1/min; ST_ROW_LIMIT of them fit into 31 bits

// 1 / sqrt(x): a guess from the bits, then three steps of Newton's method; relative error 1e-7.
// x = 0 gives a large finite number.
#define INVERSE_ROOT(out, x)                                                                       \
    do {                                                                                           \
        const v8 half_ = 0.5f * (x);                                                               \
        v8 y_ = (v8)(0x5f375a86 - (v8i)((v8u)(x) >> 1));                                           \
        y_ = y_ * (1.5f - half_ * y_ * y_);                                                        \
        y_ = y_ * (1.5f - half_ * y_ * y_);                                                        \
        (out) = y_ * (1.5f - half_ * y_ * y_);                                                     \
    } while (0)

// What pairs of different types need, one neighbour at a time.
INLINE void look_up(const st_force_task* t, int own, const int32_t type[8], float k[8], float a[8],
                    float g[8])
{
    const float* pair_k = t->pair_repulsion + own * t->type_count;
    const float* pair_a = t->pair_adhesion + own * t->type_count;
    for (int i = 0; i < 8; i++) {
        k[i] = pair_k[type[i]];
        a[i] = pair_a[type[i]];
        g[i] = t->reach[type[i]];
    }
}

INLINE void forces(const st_force_task* t, const uint32_t* slot, int count, float* speed,
                   float* overlap, float* stiffness, bool is_uniform, bool is_full)
{
    const st_body* body = t->body;
    const v8 tick = SPLAT(t->tick_um);
    for (int n = 0; n < count; n++) {
        const size_t i = slot[n];
        const st_body own = body[i];
        const v8i x = SPLAT_I(own.tick[0]);
        const v8i y = SPLAT_I(own.tick[1]);
        const v8i z = SPLAT_I(own.tick[2]);
        const float radius = (float)(own.form >> 8) * (float)ST_RADIUS_UNIT;
        const int type = (int)(own.form & 255u);
        const float own_reach = radius * (is_uniform ? t->uniform_reach : t->reach[type]);
        v8 k = SPLAT(t->repulsion);
        v8 a = SPLAT(t->adhesion);
        v8 g = SPLAT(t->uniform_reach);
        v8i sum_x = SPLAT_I(0);
        v8i sum_y = sum_x;
        v8i sum_z = sum_x;
        v8i sum_overlap = sum_x;
        v8i sum_stiff = sum_x;
        const uint32_t* list = t->list + (size_t)t->row[i] * 8;
        const uint32_t* end = list + (size_t)t->row_blocks[i] * 8;
        for (; list < end; list += 8) {
            const v8i b04 = JOIN(BODY(list[0]), BODY(list[4]));
            const v8i b15 = JOIN(BODY(list[1]), BODY(list[5]));
            const v8i b26 = JOIN(BODY(list[2]), BODY(list[6]));
            const v8i b37 = JOIN(BODY(list[3]), BODY(list[7]));
            const v8i low01 = LOW(b04, b15);
            const v8i low23 = LOW(b26, b37);
            const v8i high01 = HIGH(b04, b15);
            const v8i high23 = HIGH(b26, b37);
            const v8u form = (v8u)SECOND(high01, high23);
            const v8 dx = TO_FLOAT(FIRST(low01, low23) - x) * tick;
            const v8 dy = TO_FLOAT(SECOND(low01, low23) - y) * tick;
            const v8 dz = TO_FLOAT(FIRST(high01, high23) - z) * tick;
            const v8 other = TO_FLOAT((v8i)(form >> 8)) * (float)ST_RADIUS_UNIT;
            if (!is_uniform) {
                int32_t types[8];
                float pair[3][8];
                *(v8i*)types = (v8i)(form & 255u);
                look_up(t, type, types, pair[0], pair[1], pair[2]);
                k = *(const v8*)pair[0];
                a = *(const v8*)pair[1];
                g = *(const v8*)pair[2];
            }
            const v8 square = dx * dx + dy * dy + dz * dz;
            const v8i is_other = square > 0.0f;
            v8 inverse;
            INVERSE_ROOT(inverse, square);
            const v8 d = square * inverse;
            const v8 per_touch = 1.0f / (radius + other);
            const v8 per_reach =
                is_uniform ? per_touch * (1.0f / t->uniform_reach) : 1.0f / (own_reach + g * other);
            const v8 pressed = (v8)((v8i)POSITIVE(1.0f - d * per_touch) & is_other);
            const v8 pulled = (v8)((v8i)POSITIVE(1.0f - d * per_reach) & is_other);
            const v8 squeeze = pressed * pressed;
            const v8 pull = (a * pulled * pulled - k * squeeze) * inverse;
            const v8 whole = pull * t->scale;
            sum_x += TO_INT(whole * dx);
            sum_y += TO_INT(whole * dy);
            sum_z += TO_INT(whole * dz);
            if (is_full) {
                const v8 along = ABS(2.0f * (k * pressed * per_touch - a * pulled * per_reach));
                const v8 across = ABS(pull);
                const v8i wins = along > across;
                v8 most = (v8)(((v8i)along & wins) | ((v8i)across & ~wins));
                const v8i fits = most < STIFF_MOST;
                most = (v8)(((v8i)most & fits) | ((v8i)SPLAT(STIFF_MOST) & ~fits));
                sum_overlap += TO_INT(squeeze * OVERLAP_UNIT);
                sum_stiff +=
                    TO_INT((v8)((v8i)(most * STIFF_UNIT + 1.0f) & is_other & (most > 0.0f)));
            }
        }
        speed[3 * n] = (float)SUM(sum_x) * t->inverse_scale;
        speed[3 * n + 1] = (float)SUM(sum_y) * t->inverse_scale;
        speed[3 * n + 2] = (float)SUM(sum_z) * t->inverse_scale;
        if (is_full && overlap && stiffness) {
            overlap[n] = (float)SUM(sum_overlap) * (1.0f / OVERLAP_UNIT);
            stiffness[n] = (float)SUM(sum_stiff) * (1.0f / STIFF_UNIT);
        }
    }
}

// Candidates within reach; the lanes behind `last` do not count.
INLINE int candidates(const st_candidates* c, const st_candidate_query* q, int first, int last,
                      uint32_t* out, int room, int* meets)
{
    v8i same = SPLAT_I(0);
    const v8i lane = {0, 1, 2, 3, 4, 5, 6, 7};
    int n = 0;
    for (int i = first; i < last && n < room; i += 8) {
        const v8 dx = *(const v8*)(c->x + i) - q->x;
        const v8 dy = *(const v8*)(c->y + i) - q->y;
        const v8 dz = *(const v8*)(c->z + i) - q->z;
        const v8 reach = *(const v8*)(c->reach + i) + q->reach;
        const v8i slot = *(const v8i*)(const void*)(c->slot + i);
        const v8 square = dx * dx + dy * dy + dz * dz;
        const v8i hit = (square <= reach * reach) & (lane < last - i) & (slot != (int32_t)q->slot);
        same += hit & (square <= 0.0f);
        for (int k = 0; k < 8; k++) {
            out[n] = (uint32_t)slot[k];
            n -= hit[k];
        }
    }
    *meets |= SUM(same);
    return n;
}

#define KERNELS(suffix, ...)                                                                       \
    __VA_ARGS__ static void uniform_##suffix(const st_force_task* task, const uint32_t* slot,      \
                                             int count, float* speed, float* overlap,              \
                                             float* stiffness)                                     \
    {                                                                                              \
        const st_force_task own = *task;                                                           \
        if (overlap) {                                                                             \
            forces(&own, slot, count, speed, overlap, stiffness, true, true);                      \
        } else {                                                                                   \
            forces(&own, slot, count, speed, NULL, NULL, true, false);                             \
        }                                                                                          \
    }                                                                                              \
    __VA_ARGS__ static void mixed_##suffix(const st_force_task* task, const uint32_t* slot,        \
                                           int count, float* speed, float* overlap,                \
                                           float* stiffness)                                       \
    {                                                                                              \
        const st_force_task own = *task;                                                           \
        if (overlap) {                                                                             \
            forces(&own, slot, count, speed, overlap, stiffness, false, true);                     \
        } else {                                                                                   \
            forces(&own, slot, count, speed, NULL, NULL, false, false);                            \
        }                                                                                          \
    }                                                                                              \
    __VA_ARGS__ static int candidates_##suffix(const st_candidates* all,                           \
                                               const st_candidate_query* query, int first,         \
                                               int last, uint32_t* out, int room, int* meets)      \
    {                                                                                              \
        const st_candidates own = *all;                                                            \
        const st_candidate_query cell = *query;                                                    \
        return candidates(&own, &cell, first, last, out, room, meets);                             \
    }

KERNELS(plain, )
#if defined(__x86_64__)
KERNELS(avx2, __attribute__((target("avx2"))))
// The same eight lanes with twice the registers.
KERNELS(avx512, __attribute__((target("avx2,avx512f,avx512vl,avx512dq,avx512bw"))))
#define HAS_AVX512                                                                                 \
    (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&                   \
     __builtin_cpu_supports("avx512bw"))
#endif

st_force_fn st_cells_force_plain(bool is_uniform)
{
    return is_uniform ? uniform_plain : mixed_plain;
}

st_force_fn st_cells_force_choose(bool is_uniform)
{
#if defined(__x86_64__)
    if (HAS_AVX512) {
        return is_uniform ? uniform_avx512 : mixed_avx512;
    }
    if (__builtin_cpu_supports("avx2")) {
        return is_uniform ? uniform_avx2 : mixed_avx2;
    }
#endif
    return st_cells_force_plain(is_uniform);
}

st_candidate_fn st_cells_force_candidates(void)
{
#if defined(__x86_64__)
    if (HAS_AVX512) {
        return candidates_avx512;
    }
    if (__builtin_cpu_supports("avx2")) {
        return candidates_avx2;
    }
#endif
    return candidates_plain;
}
