// The fast kernels and their plain twins give the same bytes; mixed, open and uniform bricks too.
// [TIS-3]

#include "tissue/stencil.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SEED 424242

typedef struct world {
    _Alignas(64) float field[7][512];
    _Alignas(64) float b[512], a[512], inverse[512], face[6 * 512];
    _Alignas(64) float out[512], coarse[512], fine[8][512];
    uint8_t open[ST_OPEN_BYTES];
} world;

static world W[2];

static void fill(float* to, int count, uint64_t id, float low)
{
    for (int i = 0; i < count; i++) {
        const st_random_key key = {
            .seed = SEED, .stream = ST_STREAM_TEST, .id = id, .step = (uint64_t)i};
        to[i] = low + (float)st_random_uniform(&key, 0);
    }
}

static void run(world* w, const st_stencil_ops* ops, const st_stencil* s, uint32_t bits[3])
{
    st_around e = {.own = w->field[0]};
    for (int i = 0; i < 6; i++) {
        e.side[i] = w->field[i + 1];
    }
    float* fine[8];
    uint8_t medium[512];
    const uint8_t* media[8] = {medium};
    for (int i = 0; i < 512; i++) {
        medium[i] = i % 3 != 0;
    }
    for (int k = 0; k < 8; k++) {
        fine[k] = k == 5 ? NULL : w->fine[k];
    }
    ops->smooth(s, &e, w->b, 0.8f, w->out);
    for (int side = 2; side < 6; side++) { // a layer is a piece of the brick
        float layer[512] __attribute__((aligned(64))) = {0};
        ops->smooth_layer(s, &e, w->b, 0.8f, side, layer);
        int count = 0;
        for (int i = 0; i < 512; i++) {
            const int at = side < 4 ? i / 8 % 8 : i / 64;
            const bool is_in = at == (side % 2 ? 7 : 0);
            count += is_in;
            assert_memory_equal(&layer[i], is_in ? &w->out[i] : &(float){0.0f}, sizeof(float));
        }
        assert_int_equal(count, 64);
    }
    bits[0] = ops->residual(s, &e, w->b, w->b);
    bits[1] = ops->restrict_residual(s, &e, w->a, w->coarse);
    bits[2] = ops->prolong(s, &e, fine, media);
    ops->begin(s, w->b, 0.7f, w->field[6]);
}

static void setup(world* w)
{
    memset(w, 0, sizeof *w);
    for (int i = 0; i < 7; i++) {
        fill(w->field[i], 512, (uint64_t)i, -0.5f);
    }
    fill(w->b, 512, 10, -0.5f);
    fill(w->a, 512, 11, 0.0f);
    fill(w->inverse, 512, 12, 0.1f);
    fill(w->face, 6 * 512, 13, 0.0f);
    for (int i = 0; i < 6 * 512; i += 7) {
        w->face[i] = 0.0f; // closed faces
    }
    for (int i = 0; i < ST_OPEN_BYTES; i++) {
        w->open[i] = (uint8_t)(i * 151 + 77);
    }
}

static st_stencil stencil_of(const world* w, int kind)
{
    st_stencil s = {.c = {1.0f, 0.7f, 0.3f}, .a0 = 0.2f, .inverse0 = 0.24f};
    s.a = kind > 0 ? w->a : NULL;
    s.a0 = kind > 0 ? 0.0f : s.a0;
    s.inverse = kind > 0 ? w->inverse : NULL;
    s.face = kind == 2 ? w->face : NULL;
    s.open = kind == 3 ? w->open : NULL;
    return s;
}

static void kernels_agree_with_their_plain_twins(void** state)
{
    (void)state;
    print_message("seed %d, %s beside plain\n", SEED, st_stencil_choose()->name);
    for (int kind = 0; kind < 4; kind++) {
        uint32_t bits[2][3];
        for (int i = 0; i < 2; i++) {
            setup(&W[i]);
            const st_stencil s = stencil_of(&W[i], kind);
            run(&W[i], i ? st_stencil_choose() : st_stencil_plain(), &s, bits[i]);
        }
        assert_memory_equal(&W[0], &W[1], sizeof W[0]);
        assert_memory_equal(bits[0], bits[1], sizeof bits[0]);
        assert_true(st_stencil_float(bits[0][0]) > 0.1f);
    }
}

// A mixed brick with the conductances of a uniform one is that uniform brick, bit for bit.
static void mixed_bricks_agree_with_uniform_ones(void** state)
{
    (void)state;
    uint32_t bits[2][3];
    for (int i = 0; i < 2; i++) {
        setup(&W[i]);
        st_stencil s = stencil_of(&W[i], 0);
        for (int k = 0; k < 512; k++) {
            W[i].a[k] = s.a0;
            W[i].inverse[k] = s.inverse0;
            for (int side = 0; side < 6; side++) {
                W[i].face[side * 512 + k] = s.c[side / 2];
            }
        }
        s = i ? stencil_of(&W[i], 2) : s;
        run(&W[i], st_stencil_choose(), &s, bits[i]);
    }
    assert_memory_equal(&W[0], &W[1], sizeof W[0]);
    assert_memory_equal(bits[0], bits[1], sizeof bits[0]);
}

// The number of the voxel behind a face: in the brick, or 512 and more for that side's neighbour.
static int behind(int v, int side)
{
    static const int stride[3] = {1, 8, 64};
    const int axis = side / 2;
    const int at = v / stride[axis] % 8;
    if (side % 2 ? at < 7 : at > 0) {
        return v + (side % 2 ? stride[axis] : -stride[axis]);
    }
    return 512 * (side + 1) + v + (side % 2 ? -7 : 7) * stride[axis];
}

// A world with holes: no level, no matrix and no open face where there is no tissue.
static void setup_holes(world* w, const float c[3])
{
    setup(w);
    memset(w->open, 0, sizeof w->open);
    for (int i = 0; i < 7 * 512; i++) {
        w->field[i / 512][i % 512] *= i % 5 != 0;
    }
    for (int v = 0; v < 512; v++) {
        const bool is_there = v % 5 != 0;
        w->a[v] *= is_there;
        w->b[v] *= is_there;
        w->inverse[v] *= is_there;
        for (int side = 0; side < 6; side++) {
            const bool is_open = is_there && behind(v, side) % 5 != 0;
            w->face[side * 512 + v] = is_open ? c[side / 2] : 0.0f;
            w->open[(v & ~7) + side] |= (uint8_t)(is_open << (v & 7));
        }
    }
}

static void assert_same_values(const float* a, const float* b, int count)
{
    for (int i = 0; i < count; i++) {
        assert_true(a[i] == b[i]); // 0 and -0 are the same level
    }
}

// Bits instead of conductances change no value.
static void open_bricks_agree_with_mixed_ones(void** state)
{
    (void)state;
    uint32_t bits[2][3];
    for (int i = 0; i < 2; i++) {
        st_stencil s = stencil_of(&W[i], i ? 3 : 2);
        setup_holes(&W[i], s.c);
        run(&W[i], st_stencil_choose(), &s, bits[i]);
    }
    assert_same_values(W[0].out, W[1].out, 512);
    assert_same_values(W[0].b, W[1].b, 512);
    assert_same_values(W[0].coarse, W[1].coarse, 512);
    assert_same_values(W[0].fine[0], W[1].fine[0], 8 * 512);
    assert_memory_equal(bits[0], bits[1], sizeof bits[0]);
    assert_true(st_stencil_float(bits[0][0]) > 0.1f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_their_plain_twins),
        cmocka_unit_test(mixed_bricks_agree_with_uniform_ones),
        cmocka_unit_test(open_bricks_agree_with_mixed_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
