#include "tissue/book.h"

#include <string.h>

typedef float v8 __attribute__((vector_size(32), may_alias));
typedef int32_t v8i __attribute__((vector_size(32), may_alias));
typedef float v4 __attribute__((vector_size(16), may_alias));
typedef double v4d __attribute__((vector_size(32), may_alias));
// Unsigned: sums of magic numbers wrap around, and total() takes the same number away again.
typedef uint64_t v4l __attribute__((vector_size(32), may_alias));

#define INLINE  static inline __attribute__((always_inline))
#define ROW(p)  (*(const v8*)(p))
#define LOW(v)  __builtin_convertvector(__builtin_shufflevector((v), (v), 0, 1, 2, 3), v4d)
#define HIGH(v) __builtin_convertvector(__builtin_shufflevector((v), (v), 4, 5, 6, 7), v4d)
#define FLOATS(low, high)                                                                          \
    __builtin_shufflevector(__builtin_convertvector((low), v4),                                    \
                            __builtin_convertvector((high), v4), 0, 1, 2, 3, 4, 5, 6, 7)

// Rounds as st_exact_round() does; the constant is taken off at the end.
#define MAGIC                          0x1.8p52
#define MAGIC_BITS                     INT64_C(0x4338000000000000)
#define ADD_ROUNDED(sum, value, scale) (sum) += (v4l)((value) * (scale) + MAGIC)

#define MAX_BITS(max, bits)                                                                        \
    do {                                                                                           \
        const v8i above_ = (bits) > (max);                                                         \
        (max) = ((bits)&above_) | ((max) & ~above_);                                               \
    } while (0)
#define ABS_BITS(value)   ((v8i)(value)&0x7fffffff)
#define BELOW_BITS(value) (ABS_BITS(value) & ((value) < 0.0f))

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

INLINE int64_t total(const void* sum, int64_t terms)
{
    uint64_t lane[4];
    memcpy(lane, sum, sizeof lane);
    return (int64_t)(lane[0] + lane[1] + lane[2] + lane[3] -
                     (uint64_t)terms * (uint64_t)MAGIC_BITS);
}

INLINE void sum_brick(const st_book_in* in, st_book_sums* out, bool is_second)
{
    v4l level = {0, 0, 0, 0};
    v4l change = {0, 0, 0, 0};
    v8i most = {0, 0, 0, 0, 0, 0, 0, 0};
    v8i most_change = most;
    v8i below = most;
    v8i difference = most;
    v8i end_below = most;
    for (int i = 0; i < 512; i += 8) {
        const v8 x = ROW(in->x + i);
        v8 base = ROW(in->level + i);
        if (is_second) {
            const v8 first = ROW(in->first + i);
            base += first;
            const v8 end = base + in->extrapolate * x;
            MAX_BITS(end_below, BELOW_BITS(end));
            MAX_BITS(difference, ABS_BITS(x - first));
        }
        const v8 w = base + x;
        MAX_BITS(most, ABS_BITS(w));
        MAX_BITS(most_change, ABS_BITS(x));
        MAX_BITS(below, BELOW_BITS(w));
        ADD_ROUNDED(level, LOW(w), in->scale);
        ADD_ROUNDED(level, HIGH(w), in->scale);
        ADD_ROUNDED(change, LOW(x), in->change_scale);
        ADD_ROUNDED(change, HIGH(x), in->change_scale);
    }
    out->level = total(&level, 512);
    out->change = total(&change, 512);
    out->max_bits = largest(&most);
    out->max_change_bits = largest(&most_change);
    out->below_bits = largest(&below);
    out->difference_bits = largest(&difference);
    out->end_below_bits = largest(&end_below);
}

INLINE void middle_brick(const float* level, float* first, float factor, float sigma, float* b,
                         float* x)
{
    for (int i = 0; i < 512; i += 8) {
        v8 d = ROW(first + i);
        d += factor * (ROW(level + i) + d);
        *(v8*)(first + i) = d;
        *(v8*)(b + i) = sigma * d;
        *(v8*)(x + i) = d;
    }
}

INLINE void end_brick(const st_book_end* e, const uint8_t* medium, st_book_left* out)
{
    v4l amount = {0, 0, 0, 0};
    v8i most = {0, 0, 0, 0, 0, 0, 0, 0};
    v8i owed = most;
    v8i least = most; // as 0x7fffffff - bits, so that the largest is kept
    v8i owes = most;  // somewhere a level is 0 and its remainder is not
    int64_t deficit = 0;
    for (int i = 0; i < 512; i += 8) {
        const v8 level = ROW(e->level + i);
        const v8 rest = ROW(e->remainder + i);
        const v8 first = ROW(e->first + i);
        v8 x = ROW(e->x + i);
        x += e->factor * (level + first + x);
        const v4d low = LOW(level) + LOW(rest) + (LOW(first) + e->by * LOW(x));
        const v4d high = HIGH(level) + HIGH(rest) + (HIGH(first) + e->by * HIGH(x));
        v8 now = FLOATS(low, high);
        now = (v8)((v8i)now & (now > 0.0f));
        const v8 left = FLOATS(low - LOW(now), high - HIGH(now));
        *(v8*)(e->level + i) = now;
        *(v8*)(e->remainder + i) = left;
        ADD_ROUNDED(amount, LOW(now) + LOW(left), e->scale);
        ADD_ROUNDED(amount, HIGH(now) + HIGH(left), e->scale);
        const v8i bits = ABS_BITS(now);
        MAX_BITS(most, bits);
        MAX_BITS(owed, ABS_BITS(left));
        v8i room = 0x7fffffff - bits;
        if (medium) {
            for (int k = 0; k < 8; k++) {
                room[k] = medium[i + k] ? room[k] : 0;
            }
        }
        MAX_BITS(least, room);
        owes |= ABS_BITS(left) & (bits == 0);
    }
    for (int i = 0; i < 512 && largest(&owes) > 0; i++) {
        if (!(e->level[i] > 0.0f)) {
            const double shifted = -e->scale * (double)e->remainder[i] + MAGIC;
            int64_t rounded;
            memcpy(&rounded, &shifted, sizeof rounded);
            deficit += rounded - MAGIC_BITS;
        }
    }
    out->amount = total(&amount, 512);
    out->deficit = deficit;
    out->max_bits = largest(&most);
    out->owed_bits = largest(&owed);
    out->min_bits = largest(&least);
}

#define KERNELS(suffix, ...)                                                                       \
    __VA_ARGS__ static void sum_##suffix(const st_book_in* in, st_book_sums* out)                  \
    {                                                                                              \
        const st_book_in own = *in;                                                                \
        if (own.first) {                                                                           \
            sum_brick(&own, out, true);                                                            \
        } else {                                                                                   \
            sum_brick(&own, out, false);                                                           \
        }                                                                                          \
    }                                                                                              \
    __VA_ARGS__ static void middle_##suffix(const float* level, float* first, float factor,        \
                                            float sigma, float* b, float* x)                       \
    {                                                                                              \
        middle_brick(level, first, factor, sigma, b, x);                                           \
    }                                                                                              \
    __VA_ARGS__ static void end_##suffix(const st_book_end* e, const uint8_t* medium,              \
                                         st_book_left* out)                                        \
    {                                                                                              \
        const st_book_end own = *e;                                                                \
        if (medium) {                                                                              \
            end_brick(&own, medium, out);                                                          \
        } else {                                                                                   \
            end_brick(&own, NULL, out);                                                            \
        }                                                                                          \
    }                                                                                              \
    static const st_book_ops OPS_##suffix = {sum_##suffix, middle_##suffix, end_##suffix}

KERNELS(plain, );
#if defined(__x86_64__)
KERNELS(avx2, __attribute__((target("avx2"))));
#endif

const st_book_ops* st_book_plain(void)
{
    return &OPS_plain;
}

const st_book_ops* st_book_choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return &OPS_avx2;
    }
#endif
    return &OPS_plain;
}
