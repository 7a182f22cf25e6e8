// Shapes, bricks, and what a wrong definition is told. [TIS-1] [TIS-2]

#include "tissue/grid.h"
#include "tissue/scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void morton_codes_give_their_position_back(void** state)
{
    (void)state;
    static const int32_t place[5][3] = {
        {0, 0, 0}, {1, 2, 3}, {7, 0, 5}, {131071, 3, 131070}, {100000, 99999, 12345}};
    for (int i = 0; i < 5; i++) {
        int32_t back[3];
        st_grid_position(st_grid_key(place[i]), back);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(back[k], place[i][k]);
        }
    }
    assert_true(st_grid_key((const int32_t[3]){1, 0, 0}) == 1);
    assert_true(st_grid_key((const int32_t[3]){0, 1, 0}) == 2);
    assert_true(st_grid_key((const int32_t[3]){1, 1, 1}) == 7);
}

static double volume_um3(const st_shape* shape, int n, double h)
{
    scene s;
    scene_begin(&s, (const int[3]){n, n, n}, h, shape, 1, NULL);
    const double volume =
        (double)st_tissue_voxel_count(s.tissue) * st_tissue_voxel_volume_um3(s.tissue);
    assert_true(scene_end(&s));
    return volume;
}

static void shapes_have_their_volume(void** state)
{
    (void)state;
    const double pi = 3.14159265358979;
    const st_shape ball = {ST_SHAPE_BALL, .centre_um = {500, 500, 500}, .size_um = {400}};
    const st_shape core = {ST_SHAPE_BALL, .centre_um = {500, 500, 500}, .size_um = {200}};
    const st_shape rod = {ST_SHAPE_CYLINDER, .centre_um = {500, 500, 500}, .size_um = {150, 900},
                          .axis = 1};
    const st_shape shell = {ST_SHAPE_SUBTRACT, .a = &ball, .b = &core};
    const st_shape layer = {ST_SHAPE_LAYER, .a = &ball, .size_um = {0, 100}};
    const st_shape both = {ST_SHAPE_INTERSECT, .a = &ball, .b = &rod};
    const st_shape either = {ST_SHAPE_UNION, .a = &ball, .b = &rod};
    const double v_ball = 4.0 / 3.0 * pi * 400.0 * 400.0 * 400.0;
    const double v_rod = pi * 150.0 * 150.0 * 900.0;
    assert_true(fabs(volume_um3(&ball, 100, 10.0) / v_ball - 1.0) < 2e-3);
    assert_true(fabs(volume_um3(&rod, 100, 10.0) / v_rod - 1.0) < 2e-2);
    assert_true(fabs(volume_um3(&shell, 100, 10.0) / (v_ball * 7.0 / 8.0) - 1.0) < 2e-3);
    const double v_layer = v_ball * (1.0 - 27.0 / 64.0);
    assert_true(fabs(volume_um3(&layer, 100, 10.0) / v_layer - 1.0) < 2e-3);
    const double sum = volume_um3(&both, 100, 10.0) + volume_um3(&either, 100, 10.0);
    assert_true(fabs(sum / (volume_um3(&ball, 100, 10.0) + volume_um3(&rod, 100, 10.0)) - 1.0) <
                1e-12);
}

// Volumes of healthy adults' cartilage by MRI: femoral 8-16 mL, tibial 2.5-5.5 mL; mean thickness
// 1.5-2.5 mm (docs/tissue.md).
static void joint_has_the_volume_of_a_knee(void** state)
{
    (void)state;
    static const st_shape femur = {ST_SHAPE_FEMORAL_CARTILAGE, .a = NULL};
    static const st_shape tibia = {ST_SHAPE_TIBIAL_CARTILAGE, .a = NULL};
    st_ctx* ctx = st_ctx_create();
    const st_paint paint[2] = {{&femur, 1}, {&tibia, 2}};
    st_tissue_def def = st_default_tissue_def();
    def.paint = paint;
    def.paint_count = 2;
    for (int i = 0; i < 3; i++) {
        def.voxel_um[i] = 400.0;
    }
    def.size[0] = 200;
    def.size[1] = 160;
    def.size[2] = 120;
    def.origin_um[0] = -40000;
    def.origin_um[1] = -32000;
    def.origin_um[2] = -8000;
    st_tissue* t = NULL;
    assert_int_equal(st_tissue_create(ctx, &def, &t), ST_OK);
    const double voxel_mL = st_tissue_voxel_volume_um3(t) * 1e-12;
    const double femoral_mL = (double)st_tissue_medium_voxel_count(t, 1) * voxel_mL;
    const double tibial_mL = (double)st_tissue_medium_voxel_count(t, 2) * voxel_mL;
    print_message("femoral %.2f mL, tibial %.2f mL, %d of %d bricks, %.0f bytes per voxel\n",
                  femoral_mL, tibial_mL, st_tissue_brick_count(t), 25 * 20 * 15,
                  (double)st_tissue_bytes(t) / (double)st_tissue_voxel_count(t));
    assert_true(femoral_mL > 8.0 && femoral_mL < 16.0);
    assert_true(tibial_mL > 2.5 && tibial_mL < 5.5);
    assert_true(st_tissue_brick_count(t) < 25 * 20 * 15 / 3);
    st_tissue_destroy(t);
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void refuse(const st_tissue_def* def, const char* word)
{
    st_ctx* ctx = st_ctx_create();
    st_tissue* t = NULL;
    assert_int_equal(st_tissue_create(ctx, def, &t), ST_ERR_INPUT);
    assert_null(t);
    assert_int_equal(st_ctx_mistake_count(ctx), 1);
    assert_non_null(strstr(st_ctx_message(ctx, 0), word));
    assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
    st_ctx_destroy(ctx);
}

static void wrong_definitions_are_refused_by_name(void** state)
{
    (void)state;
    st_tissue_def def = st_default_tissue_def();
    const st_shape ball = {ST_SHAPE_BALL, .centre_um = {200, 200, 200}, .size_um = {100}};
    const st_paint paint = {&ball, 1};
    def.paint = &paint;
    def.paint_count = 1;
    st_tissue_def bad = def;
    bad.voxel_um[1] = NAN;
    refuse(&bad, "edge along y");
    bad = def;
    bad.size[2] = 0;
    refuse(&bad, "0 voxels along z");
    bad = def;
    bad.voxel_um[0] = 5000.0;
    refuse(&bad, "factor of 20");
    bad = def;
    bad.origin_um[0] = 1e6;
    refuse(&bad, "no voxel");
    bad = def;
    bad.cookie = 0;
    refuse(&bad, "st_default_tissue_def");
    const st_shape flat = {ST_SHAPE_BALL, .size_um = {-1}};
    const st_paint wrong = {&flat, 1};
    bad = def;
    bad.paint = &wrong;
    refuse(&bad, "-1");
}

// Whichever allocation fails, there is one message and nothing is left behind.
static void running_out_of_memory_leaves_nothing(void** state)
{
    (void)state;
    int64_t n = 1;
    for (;; n++) {
        st_ctx* ctx = st_ctx_create();
        st_ctx_fail_allocation(ctx, n);
        st_tissue_def def = st_default_tissue_def();
        const st_paint paint = {&SCENE_EVERYWHERE, 1};
        def.paint = &paint;
        def.paint_count = 1;
        for (int i = 0; i < 3; i++) {
            def.size[i] = 12;
        }
        st_tissue* t = NULL;
        st_status status = st_tissue_create(ctx, &def, &t);
        st_medium_rates rates[ST_MEDIUM_LIMIT + 1] = {0};
        rates[1].diffusivity_um2_per_min = 1.0;
        rates[1].decay_per_min = 1.0;
        st_field_def field = st_default_field_def();
        field.name = "a";
        field.rates = rates;
        int id;
        if (status == ST_OK) {
            status = st_tissue_add_field(ctx, t, &field, &id);
        }
        if (status == ST_OK) {
            const size_t before = st_ctx_bytes_in_use(ctx);
            assert_int_equal(st_tissue_advance(ctx, t, 1.0), ST_OK);
            assert_true(st_ctx_bytes_in_use(ctx) == before); // a step allocates nothing
        }
        st_tissue_destroy(t);
        assert_int_equal(st_ctx_bytes_in_use(ctx), 0);
        st_ctx_destroy(ctx);
        if (status == ST_OK) {
            break;
        }
        assert_int_equal(status, ST_ERR_MEMORY);
    }
    print_message("%lld allocations failed in turn\n", (long long)n - 1);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(morton_codes_give_their_position_back),
        cmocka_unit_test(shapes_have_their_volume),
        cmocka_unit_test(joint_has_the_volume_of_a_knee),
        cmocka_unit_test(wrong_definitions_are_refused_by_name),
        cmocka_unit_test(running_out_of_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
