#include "procedure/scene.h"

#include "procedure/needle.h"

static const double ML_PER_MIN = 1e-6 / 60.0;
static const st_fluid WATER = {.consistency = 1e-3, .index = 1.0, .density = 1000.0};
static const st_damage RSC96 = {3.9e-4, 0.48, 0.71, 9.43e-4, 0.61};
static const st_damage L8 = {3.2e-4, 0.61, 0.52, 1.43e-3, 0.55};

// PRO-10, verification case 8: a 14 G cannula of 2 mm x 200 mm and a 30 G needle of 19 mm.
static void newtonian_flow_is_exact(void** state)
{
    (void)state;
    const st_needle wide = {.bore = 2e-3, .length = 0.2, .entrance_tangent = 1, .stretch_ratio = 3};
    const st_needle_flow slow = st_needle_flow_at(&wide, &WATER, 38 * ML_PER_MIN);
    assert_near(slow.shear_rate, 806.385, 1e-6);
    assert_near(slow.wall_stress, 0.806385, 1e-6);
    assert_near(slow.residence, 0.992082, 1e-6);
    assert_near(slow.pressure, 322.554, 1e-6);
    const st_needle_flow fast = st_needle_flow_at(&wide, &WATER, 100 * ML_PER_MIN);
    assert_near(fast.shear_rate, 2122.07, 2e-6); // printed with six digits
    assert_near(fast.residence, 0.376991, 1e-6);
    assert_near(fast.pressure, 848.826, 1e-6);
    const st_needle fine = {
        .bore = 160e-6, .length = 0.019, .entrance_tangent = 1, .stretch_ratio = 3};
    const st_needle_flow finest = st_needle_flow_at(&fine, &WATER, 4 * ML_PER_MIN);
    assert_near(finest.shear_rate, 165786, 3e-6);
    assert_near(finest.wall_stress, 165.786, 3e-6);
    assert_near(finest.residence, 5.73027e-3, 1e-6);
    assert_near(finest.pressure, 78748.5, 1e-6);
    assert_near(finest.reynolds, 530.5, 1e-4);
}

// PRO-11, verification case 8: losses by shear at the three flows, by stretch at 9190 Pa.
static void damage_laws_give_the_printed_losses(void** state)
{
    (void)state;
    const double stress[] = {0.806385, 2.12207, 165.786};
    const double time[] = {0.992082, 0.376991, 5.73027e-3};
    const double schwann[] = {3.50e-4, 2.80e-4, 1.16e-4};
    const double myoblast[] = {2.79e-4, 3.05e-4, 4.93e-4};
    for (int i = 0; i < 3; i++) {
        assert_near(st_needle_shear_loss(&RSC96, stress[i], time[i]), schwann[i], 5e-3);
        assert_near(st_needle_shear_loss(&L8, stress[i], time[i]), myoblast[i], 5e-3);
    }
    assert_near(st_needle_stretch_loss(&RSC96, 9190), 0.2186, 1e-3);
    assert_near(st_needle_stretch_loss(&L8, 9190), 0.1946, 1e-3);
}

// PRO-10: the two ways to write a Newtonian wall stress agree, and a shear-thinning fluid of equal
// consistency pushes more easily.
static void power_law_follows_its_definition(void** state)
{
    (void)state;
    const st_needle needle = {
        .bore = 0.514e-3, .length = 0.038, .entrance_tangent = 1, .stretch_ratio = 3};
    const st_fluid thin = {.consistency = 10, .index = 0.35, .density = 1000};
    const st_fluid thick = {.consistency = 10, .index = 1.0, .density = 1000};
    const st_needle_flow a = st_needle_flow_at(&needle, &thin, 8 * ML_PER_MIN);
    const st_needle_flow b = st_needle_flow_at(&needle, &thick, 8 * ML_PER_MIN);
    assert_near(a.shear_rate / b.shear_rate, (3 * 0.35 + 1) / (4 * 0.35), 1e-12);
    assert_near(a.wall_stress, 10 * pow(a.shear_rate, 0.35), 1e-12);
    assert_true(a.pressure < 0.01 * b.pressure);
    // force balance on the column of fluid: pressure x area = stress x wall
    assert_near(a.pressure * needle.bore / 4, a.wall_stress * needle.length, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newtonian_flow_is_exact),
        cmocka_unit_test(damage_laws_give_the_printed_losses),
        cmocka_unit_test(power_law_follows_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
