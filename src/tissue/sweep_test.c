// Two smoothing steps in one pass, and the passes of a step's books, are their plain twins bit for
// bit. [TIS-6] [TIS-7]

#include "tissue/book.h"
#include "tissue/scene.h"
#include "tissue/state.h"
#include "tissue/sweep.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEED 20261120

static float noise(uint64_t id, uint64_t step)
{
    const st_random_key key = {.seed = SEED, .stream = ST_STREAM_TEST, .id = id, .step = step};
    return (float)(2.0 * st_random_uniform(&key, 0) - 1.0);
}

static const st_shape OUTER = {
    .kind = ST_SHAPE_BALL, .centre_um = {640, 640, 640}, .size_um = {630}};
static const st_shape INNER = {
    .kind = ST_SHAPE_BALL, .centre_um = {640, 640, 640}, .size_um = {300}};
static const st_shape SHELL = {.kind = ST_SHAPE_SUBTRACT, .a = &OUTER, .b = &INNER};

static void fill_system(scene* s)
{
    st_multigrid* mg = s->tissue->mg;
    st_level* l = &mg->level[0];
    double a[ST_MEDIUM_LIMIT + 1];
    for (int m = 0; m <= ST_MEDIUM_LIMIT; m++) {
        a[m] = 0.1;
    }
    assert_int_equal(st_multigrid_set(mg, s->tissue->field[0]->transport, a), ST_OK);
    for (int i = 0; i < l->grid.brick_count * 512; i++) {
        l->b[i] = l->grid.medium[i] ? noise(1, (uint64_t)i) : 0.0f;
        l->x[i] = l->grid.medium[i] ? noise(2, (uint64_t)i) : 0.0f;
    }
}

static void one_pass_is_two_steps(void** state)
{
    (void)state;
    static const float omega[2] = {1.7f, 0.6f};
    print_message("seed %d\n", SEED);
    for (int workers = 1; workers <= 3; workers += 2) {
        scene s;
        scene_begin(&s, (const int[3]){64, 64, 64}, 20.0, &SHELL, workers, NULL);
        s.rates[1].diffusivity_um2_per_min = 500.0;
        scene_hold(&s, 0, 1e-6);
        scene_add(&s);
        st_multigrid* mg = s.tissue->mg;
        const size_t size = (size_t)mg->level[0].grid.brick_count * 512 * sizeof(float);
        assert_true(mg->level[0].grid.brick_count > 200); // enough for the pass to be taken
        float* expected = malloc(size);
        assert_non_null(expected);
        for (int from_zero = 0; from_zero < 2; from_zero++) {
            fill_system(&s);
            if (from_zero) {
                memset(mg->level[0].x, 0, size);
            }
            st_multigrid_smooth(mg, 0, omega[0]);
            st_multigrid_smooth(mg, 0, omega[1]);
            memcpy(expected, mg->level[0].x, size);
            fill_system(&s); // with `from_zero` x is noise that must not be read
            st_sweep_two(mg, 0, omega, from_zero);
            assert_memory_equal(expected, mg->level[0].x, size);
        }
        free(expected);
        assert_true(scene_end(&s));
    }
}

// After the first steps nothing is allocated any more: the next allocation would fail.
static void a_warm_step_allocates_nothing(void** state)
{
    (void)state;
    for (int workers = 1; workers <= 3; workers += 2) {
        const int n[3] = {40, 33, 25};
        const st_shape ball = {
            .kind = ST_SHAPE_BALL, .centre_um = {400.0, 330.0, 250.0}, .size_um = {320.0}};
        scene s;
        scene_begin(&s, n, 20.0, &ball, workers, NULL);
        s.rates[1].diffusivity_um2_per_min = 3e3;
        s.rates[1].decay_per_min = 0.1;
        s.rates[1].uptake_max_M_per_min = 1e-6;
        s.rates[1].uptake_half_M = 1e-6;
        s.def.initial_M[1] = 1e-5;
        scene_hold(&s, 0, 1e-5);
        scene_add(&s);
        scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 1.0));
        st_ctx_fail_allocation(s.ctx, 1);
        const int64_t before = st_tissue_ledger(s.tissue, 0).step_count;
        scene_check(&s, st_tissue_advance(s.ctx, s.tissue, 3.0));
        scene_check(&s, st_tissue_solve_steady(s.ctx, s.tissue, 0));
        assert_true(st_tissue_ledger(s.tissue, 0).step_count > before + 1);
        assert_ptr_equal(st_alloc(s.ctx, 1, 1), NULL); // it was still to come
        assert_true(scene_end(&s));
    }
}

typedef struct books {
    _Alignas(64) float level[512], remainder[512], first[512], x[512], b[512];
} books;

static void fill_books(books* w)
{
    for (int i = 0; i < 512; i++) {
        w->level[i] = i % 17 == 0 ? 0.0f : 0.5f + 0.5f * noise(3, (uint64_t)i);
        w->remainder[i] = 1e-8f * noise(4, (uint64_t)i);
        w->first[i] = 0.1f * noise(5, (uint64_t)i);
        w->x[i] = 0.3f * noise(6, (uint64_t)i);
    }
}

static void books_agree_with_their_plain_twins(void** state)
{
    (void)state;
    static books w[2];
    uint8_t medium[512];
    const double scale = 0x1p40;
    for (int i = 0; i < 512; i++) {
        medium[i] = i % 17 != 3;
    }
    for (int kind = 0; kind < 4; kind++) {
        st_book_sums sums[2];
        st_book_left left[2];
        memset(sums, 0, sizeof sums);
        memset(left, 0, sizeof left);
        for (int i = 0; i < 2; i++) {
            const st_book_ops* ops = i ? st_book_choose() : st_book_plain();
            fill_books(&w[i]);
            const st_book_in in = {.level = w[i].level,
                                   .first = kind % 2 ? w[i].first : NULL,
                                   .x = w[i].x,
                                   .scale = scale,
                                   .change_scale = 0.5 * scale,
                                   .extrapolate = 2.4f};
            ops->sum(&in, &sums[i]);
            ops->middle(w[i].level, w[i].first, 1e-3f, 2.0f, w[i].b, w[i].x);
            const st_book_end end = {.level = w[i].level,
                                     .remainder = w[i].remainder,
                                     .first = w[i].first,
                                     .x = w[i].x,
                                     .by = 2.4,
                                     .scale = scale,
                                     .factor = 1e-4f};
            ops->end(&end, kind / 2 ? medium : NULL, &left[i]);
        }
        assert_memory_equal(&w[0], &w[1], sizeof w[0]);
        assert_memory_equal(&sums[0], &sums[1], sizeof sums[0]);
        assert_memory_equal(&left[0], &left[1], sizeof left[0]);
    }
}

// The same sums by the words of exact.h.
static void books_are_what_they_say(void** state)
{
    (void)state;
    static books w;
    st_book_sums sums;
    st_book_left left;
    const double scale = 0x1p40;
    fill_books(&w);
    const st_book_in in = {.level = w.level,
                           .first = w.first,
                           .x = w.x,
                           .scale = scale,
                           .change_scale = scale,
                           .extrapolate = 2.0f};
    int64_t level = 0;
    int64_t change = 0;
    float most = 0.0f;
    float below = 0.0f;
    float apart = 0.0f;
    float end_below = 0.0f;
    for (int i = 0; i < 512; i++) {
        const float base = w.level[i] + w.first[i];
        const float now = base + w.x[i];
        level += st_exact_round(scale * (double)now);
        change += st_exact_round(scale * (double)w.x[i]);
        most = fmaxf(most, fabsf(now));
        below = fmaxf(below, -now);
        apart = fmaxf(apart, fabsf(w.x[i] - w.first[i]));
        end_below = fmaxf(end_below, -(base + 2.0f * w.x[i]));
    }
    st_book_choose()->sum(&in, &sums);
    assert_true(sums.level == level && sums.change == change);
    assert_true(st_stencil_float(sums.max_bits) == most);
    assert_true(st_stencil_float(sums.below_bits) == below && below > 0.0f);
    assert_true(st_stencil_float(sums.difference_bits) == apart);
    assert_true(st_stencil_float(sums.end_below_bits) == end_below && end_below > 0.0f);

    books before = w;
    const st_book_end end = {.level = w.level,
                             .remainder = w.remainder,
                             .first = w.first,
                             .x = w.x,
                             .by = 2.0,
                             .scale = scale};
    st_book_choose()->end(&end, NULL, &left);
    int64_t amount = 0;
    int64_t deficit = 0;
    for (int i = 0; i < 512; i++) {
        const double whole = (double)before.level[i] + (double)before.remainder[i] +
                             ((double)before.first[i] + 2.0 * (double)before.x[i]);
        const double kept = (double)w.level[i] + (double)w.remainder[i];
        assert_true(w.level[i] >= 0.0f && fabs(kept - whole) <= 1e-7 * fabs(whole));
        amount += st_exact_round(scale * kept);
        deficit += w.level[i] > 0.0f ? 0 : st_exact_round(-scale * (double)w.remainder[i]);
    }
    assert_true(left.amount == amount && left.deficit == deficit && deficit > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_step_allocates_nothing),
        cmocka_unit_test(one_pass_is_two_steps),
        cmocka_unit_test(books_agree_with_their_plain_twins),
        cmocka_unit_test(books_are_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
