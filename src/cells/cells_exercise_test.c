// Packed balls, and parts of a step by themselves: they leave everything as it was.

#include "cells/cells_scene.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const st_cells_ball BALL = {
    .centre_um = {160.0, 160.0, 160.0}, .radius_um = 80.0, .spacing_um = 16.0, .shift_um = 1.0};

static void build(cell_scene* s, st_cells_method method)
{
    cell_scene_tissue(s, 16, 20.0, NULL, 0, NULL);
    s->def.method = method;
    s->def.worker_count = 2;
    cell_scene_create(s);
    cell_scene_check(s, st_cells_pack(s->ctx, s->cells, 0, &BALL));
}

static void a_ball_is_packed(void** state)
{
    (void)state;
    cell_scene s;
    build(&s, ST_CELLS_ADAPTIVE);
    // Close packing fills 0.74048 of the ball with balls of the spacing's diameter; its surface
    // cuts through few of the 740 cells.
    const double expected = 0.74048 * 1000.0; // (80 / 8)^3
    assert_true(fabs((double)st_cells_count(s.cells) - expected) < 0.05 * expected);
    for (int64_t slot = 0; slot < st_cells_count(s.cells); slot++) {
        double at[3];
        double far = 0.0;
        st_neighbour near[1];
        st_cells_position(s.cells, slot, at);
        for (int i = 0; i < 3; i++) {
            far += (at[i] - 160.0) * (at[i] - 160.0);
        }
        assert_true(sqrt(far) <= 80.0 + sqrt(3.0) + 1e-3);
        // Both of a pair are shifted by at most sqrt(3).
        const double gap = 16.0 - 2.0 * sqrt(3.0) - 1e-3;
        assert_int_equal(st_cells_near(s.cells, slot, gap, near, 1), 0);
    }
    assert_true(cell_scene_end(&s));
}

static void parts_change_nothing(void** state)
{
    (void)state;
    for (int method = 0; method < ST_CELLS_METHOD_COUNT; method++) {
        uint64_t hash[2];
        for (int with = 0; with < 2; with++) {
            cell_scene s;
            build(&s, (st_cells_method)method);
            for (int i = 0; i < 8; i++) {
                cell_scene_check(&s, st_cells_relax(s.ctx, s.cells, 0.7, NULL));
                const double time_min = st_cells_time_min(s.cells);
                double before[3];
                double after[3];
                st_cells_position(s.cells, st_cells_find(s.cells, 7), before);
                for (int part = 0; with && part < ST_CELLS_PART_COUNT; part++) {
                    cell_scene_check(&s, st_cells_exercise(s.ctx, s.cells, (st_cells_part)part));
                }
                st_cells_position(s.cells, st_cells_find(s.cells, 7), after);
                assert_memory_equal(before, after, sizeof before);
                assert_true(st_cells_time_min(s.cells) == time_min);
            }
            cell_scene_check(&s, st_cells_relax(s.ctx, s.cells, 0.7, NULL));
            hash[with] = st_cells_hash(s.cells);
            assert_true(cell_scene_end(&s));
        }
        assert_true(hash[0] == hash[1]);
    }
}

static void wrong_questions_are_refused(void** state)
{
    (void)state;
    cell_scene s;
    build(&s, ST_CELLS_ADAPTIVE);
    const double wrong[][3] = {{NAN, 16.0, 1.0},  {80.0, NAN, 1.0},  {80.0, 16.0, NAN},
                               {-1.0, 16.0, 1.0}, {80.0, 0.0, 0.0},  {80.0, 16.0, -1.0},
                               {1e9, 16.0, 1.0},  {80.0, 16.0, 17.0}};
    const int64_t count = st_cells_count(s.cells);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        st_cells_ball ball = BALL;
        ball.radius_um = wrong[i][0];
        ball.spacing_um = wrong[i][1];
        ball.shift_um = wrong[i][2];
        assert_int_equal(st_cells_pack(s.ctx, s.cells, 0, &ball), ST_ERR_INPUT);
    }
    assert_int_equal(st_cells_pack(s.ctx, s.cells, 1, &BALL), ST_ERR_INPUT);
    assert_int_equal(st_cells_pack(s.ctx, s.cells, -1, &BALL), ST_ERR_INPUT);
    assert_int_equal(st_cells_exercise(s.ctx, s.cells, ST_CELLS_PART_COUNT), ST_ERR_INPUT);
    assert_true(st_cells_count(s.cells) == count);
    cell_scene_check(&s, st_cells_remove(s.ctx, s.cells, 0, 3)); // an event waits
    assert_int_equal(st_cells_exercise(s.ctx, s.cells, ST_CELLS_LOOK), ST_ERR_INPUT);
    assert_int_equal(st_cells_pack(s.ctx, s.cells, 0, &BALL), ST_ERR_INPUT);
    assert_true(cell_scene_end(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ball_is_packed),
        cmocka_unit_test(parts_change_nothing),
        cmocka_unit_test(wrong_questions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
