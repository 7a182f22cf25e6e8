// The fast kernels beside their plain twin (same bytes) and beside double precision.        [CEL-1]

#include "cells/cells_state.h"

#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SEED  99
#define CELLS 64
#define TICK  0x1p-20

typedef struct world {
    st_body body[CELLS];
    uint32_t list[CELLS * CELLS];
    uint32_t row[CELLS];
    uint8_t blocks[CELLS];
    uint32_t slot[CELLS];
    float repulsion[9], adhesion[9], reach[3];
    st_force_task task;
} world;

static double uniform(uint64_t id, uint64_t draw)
{
    const st_random_key key = {SEED, ST_STREAM_TEST, id, 0};
    return st_random_uniform(&key, draw);
}

static void setup(world* w, bool is_uniform)
{
    memset(w, 0, sizeof *w);
    static const double k[3] = {10.0, 7.0, 3.0};
    static const double a[3] = {0.4, 0.9, 0.1};
    for (int i = 0; i < 9; i++) {
        w->repulsion[i] = (float)sqrt(k[is_uniform ? 0 : i / 3] * k[is_uniform ? 0 : i % 3]);
        w->adhesion[i] = (float)sqrt(a[is_uniform ? 0 : i / 3] * a[is_uniform ? 0 : i % 3]);
    }
    for (int t = 0; t < 3; t++) {
        w->reach[t] = is_uniform ? 1.25f : 1.25f + 0.1f * (float)t;
    }
    for (uint32_t i = 0; i < CELLS; i++) {
        for (uint64_t axis = 0; axis < 3; axis++) {
            w->body[i].tick[axis] = (int32_t)((500.0 + 50.0 * uniform(i, axis)) / TICK);
        }
        const double radius = 5.0 + 5.0 * uniform(i, 3);
        w->body[i].form = (uint32_t)(radius / ST_RADIUS_UNIT) << 8 | i % 3;
        w->row[i] = i * CELLS / 8;
        w->blocks[i] = (uint8_t)(i % 9); // some see few, one in nine nobody
        w->slot[i] = i;
        for (uint32_t n = 0; n < CELLS; n++) {
            w->list[i * CELLS + n] = (i + n * 5) % CELLS; // itself too: fills up rows
        }
    }
    w->body[10] = w->body[11]; // at one place
    w->task = (st_force_task){.body = w->body,
                              .list = w->list,
                              .row = w->row,
                              .row_blocks = w->blocks,
                              .pair_repulsion = w->repulsion,
                              .pair_adhesion = w->adhesion,
                              .reach = w->reach,
                              .type_count = 3,
                              .tick_um = (float)TICK,
                              .repulsion = w->repulsion[0],
                              .adhesion = w->adhesion[0],
                              .uniform_reach = 1.25f,
                              .scale = 0x1p18f,
                              .inverse_scale = 0x1p-18f};
}

// One cell in double precision.
static void reference(const world* w, uint32_t i, double v[3], double* overlap, double* stiffness)
{
    v[0] = v[1] = v[2] = *overlap = *stiffness = 0.0;
    for (int n = 0; n < w->blocks[i] * 8; n++) {
        const uint32_t j = w->list[i * CELLS + (uint32_t)n];
        double x[3];
        double square = 0.0;
        for (int axis = 0; axis < 3; axis++) {
            x[axis] = ((double)w->body[j].tick[axis] - (double)w->body[i].tick[axis]) * TICK;
            square += x[axis] * x[axis];
        }
        if (j == i || !(square > 0.0)) {
            continue;
        }
        const int a = (int)(w->body[i].form & 255u);
        const int b = (int)(w->body[j].form & 255u);
        const double ri = (w->body[i].form >> 8) * ST_RADIUS_UNIT;
        const double rj = (w->body[j].form >> 8) * ST_RADIUS_UNIT;
        const double d = sqrt(square);
        const double touch = ri + rj;
        const double reach = (double)w->reach[a] * ri + (double)w->reach[b] * rj;
        const double press = fmax(0.0, 1.0 - d / touch);
        const double pull = fmax(0.0, 1.0 - d / reach);
        const double k = (double)w->repulsion[a * 3 + b];
        const double f = (double)w->adhesion[a * 3 + b];
        const double speed = f * pull * pull - k * press * press;
        for (int axis = 0; axis < 3; axis++) {
            v[axis] += speed * x[axis] / d;
        }
        *overlap += press * press;
        *stiffness += fmax(fabs(2.0 * (k * press / touch - f * pull / reach)), fabs(speed / d));
    }
}

static void kernels_agree(void** state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    static world w;
    for (int uniform_types = 0; uniform_types < 2; uniform_types++) {
        setup(&w, uniform_types);
        float out[3][5 * CELLS];
        memset(out, 0, sizeof out);
        const st_force_fn fast = st_cells_force_choose(uniform_types);
        const st_force_fn plain = st_cells_force_plain(uniform_types);
        fast(&w.task, w.slot, CELLS, out[0], out[0] + 3 * CELLS, out[0] + 4 * CELLS);
        plain(&w.task, w.slot, CELLS, out[1], out[1] + 3 * CELLS, out[1] + 4 * CELLS);
        assert_memory_equal(out[0], out[1], sizeof out[0]);
        fast(&w.task, w.slot, CELLS, out[2], NULL, NULL);
        assert_memory_equal(out[0], out[2], 3 * CELLS * sizeof(float));
        // Types that are all alike give the same bytes through either way.
        if (uniform_types) {
            st_cells_force_plain(false)(&w.task, w.slot, CELLS, out[2], NULL, NULL);
            for (int i = 0; i < 3 * CELLS; i++) {
                assert_true(fabs((double)(out[0][i] - out[2][i])) < 1e-4);
            }
        }
        for (uint32_t i = 0; i < CELLS; i++) {
            double v[3];
            double overlap;
            double stiffness;
            reference(&w, i, v, &overlap, &stiffness);
            for (uint32_t axis = 0; axis < 3; axis++) {
                assert_true(fabs((double)out[0][3 * i + axis] - v[axis]) < 3e-4);
            }
            assert_true(fabs((double)out[0][3 * CELLS + i] - overlap) < 1e-4);
            const double bound = (double)out[0][4 * CELLS + i];
            assert_true(bound >= 0.999 * stiffness && bound < 1.01 * stiffness + 0.05);
        }
    }
}

// What one cell does to another, the other does to it: to the last bit.
static void action_equals_reaction(void** state)
{
    (void)state;
    static world w;
    setup(&w, false);
    for (uint32_t j = 1; j < CELLS; j++) {
        const uint32_t pair[2] = {0, j};
        float v[2][3];
        for (int side = 0; side < 2; side++) {
            const uint32_t own = pair[side];
            uint32_t list[8];
            for (int n = 0; n < 8; n++) {
                list[n] = n == side ? pair[1 - side] : own;
            }
            static const uint32_t row[CELLS] = {0};
            uint8_t blocks[CELLS];
            memset(blocks, 1, sizeof blocks);
            st_force_task task = w.task;
            task.list = list;
            task.row = row;
            task.row_blocks = blocks;
            st_cells_force_choose(false)(&task, &own, 1, v[side], NULL, NULL);
        }
        for (int axis = 0; axis < 3; axis++) {
            assert_true(v[0][axis] + v[1][axis] == 0.0f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(action_equals_reaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
