#include "report/estimate.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_near(double a, double b, double room)
{
    if (!(fabs(a - b) <= room)) {
        fail_msg("found %.12g, expected %.12g", a, b);
    }
}

// REP-1 by hand: 21 at risk with 3 events, then 17 with 1, 12 with 1 (S = 0.857, 0.807, 0.739).
static void share_without_event_is_kaplan_and_meiers(void** state)
{
    (void)state;
    const int64_t at_risk[] = {21, 17, 12};
    const int64_t events[] = {3, 1, 1};
    const double s1 = 18.0 / 21.0;
    const double s3 = s1 * 16.0 / 17.0 * 11.0 / 12.0;
    assert_near(st_estimate_without_event(at_risk, events, 1).mean, s1, 1e-12);
    const st_estimate e = st_estimate_without_event(at_risk, events, 3);
    assert_near(e.mean, s3, 1e-12);
    // Greenwood on the scale of ln(-ln S).
    const double greenwood = 3.0 / (21.0 * 18.0) + 1.0 / (17.0 * 16.0) + 1.0 / (12.0 * 11.0);
    const double width = 1.959963984540054 * sqrt(greenwood) / -log(s3);
    assert_near(e.lo, pow(s3, exp(width)), 1e-12);
    assert_near(e.hi, pow(s3, exp(-width)), 1e-12);
}

static void share_without_event_has_its_ends(void** state)
{
    (void)state;
    const int64_t at_risk[] = {10, 0};
    const int64_t none[] = {0, 0};
    const int64_t all[] = {10, 0};
    assert_near(st_estimate_without_event(at_risk, none, 2).mean, 1.0, 0.0);
    assert_true(isnan(st_estimate_without_event(at_risk, none, 2).lo));
    assert_near(st_estimate_without_event(at_risk, all, 2).mean, 0.0, 0.0);
    assert_near(st_estimate_without_event(NULL, NULL, 0).mean, 1.0, 0.0);
}

// REP-2: 10 of 100 gives 0.0552 to 0.1744 (Newcombe 1998's method 3).
static void share_has_wilsons_interval(void** state)
{
    (void)state;
    const st_estimate e = st_estimate_share(10, 100);
    assert_near(e.mean, 0.1, 1e-12);
    assert_near(e.lo, 0.0552, 5e-5);
    assert_near(e.hi, 0.1744, 5e-5);
    assert_near(st_estimate_share(0, 50).lo, 0.0, 1e-12);
    assert_near(st_estimate_share(50, 50).hi, 1.0, 1e-12);
    assert_true(isnan(st_estimate_share(0, 0).mean));
}

// REP-3
static void difference_needs_two_people_on_each_side(void** state)
{
    (void)state;
    const st_estimate e = st_estimate_difference(-10.0, 3.0, 9, -4.0, 4.0, 16);
    assert_near(e.mean, -6.0, 1e-12);
    assert_near(e.hi - e.lo, 2.0 * 1.959963984540054 * sqrt(2.0), 1e-9);
    assert_true(isnan(st_estimate_difference(1.0, NAN, 1, 0.0, 1.0, 10).lo));
}

static st_estimate with_error(double mean, double error)
{
    const double half = 1.959963984540054 * error;
    return (st_estimate){mean, mean - half, mean + half};
}

// REP-4 by hand: 0 and 10, each with error 1: variance between 49, of the spread 49/50 is signal.
static void shrinkage_keeps_signal_and_drops_noise(void** state)
{
    (void)state;
    st_estimate shrunk[3];
    const st_estimate apart[] = {with_error(0.0, 1.0), with_error(10.0, 1.0)};
    assert_near(st_estimate_shrink(apart, 2, shrunk), 0.98, 1e-9);
    assert_near(shrunk[0].mean, 0.1, 1e-9);
    assert_near(shrunk[1].mean, 9.9, 1e-9);
    const st_estimate close[] = {with_error(4.0, 3.0), with_error(5.0, 3.0), with_error(6.0, 3.0)};
    assert_near(st_estimate_shrink(close, 3, shrunk), 0.0, 0.0);
    for (int i = 0; i < 3; i++) {
        assert_near(shrunk[i].mean, 5.0, 1e-9); // all of the spread is noise
        assert_true(shrunk[i].lo < shrunk[i].hi);
    }
    assert_true(isnan(st_estimate_shrink(apart, 1, shrunk)));
    assert_near(shrunk[0].mean, 0.0, 0.0); // one group stays as it is
}

// Over many trials in which nothing differs, shrunk groups lie nearer the truth than measured ones.
static void shrinkage_helps_where_groups_do_not_differ(void** state)
{
    (void)state;
    const uint64_t seed = 20161;
    printf("seed %llu\n", (unsigned long long)seed);
    double raw_error = 0.0;
    double shrunk_error = 0.0;
    for (uint64_t trial = 0; trial < 500; trial++) {
        st_estimate raw[4];
        st_estimate shrunk[4];
        for (uint64_t g = 0; g < 4; g++) {
            const st_random_key key = {
                .seed = seed, .stream = ST_STREAM_TEST, .id = trial, .step = g};
            raw[g] = with_error(-5.0 + 2.0 * st_random_normal(&key, 0), 2.0);
        }
        st_estimate_shrink(raw, 4, shrunk);
        for (int g = 0; g < 4; g++) {
            raw_error += (raw[g].mean + 5.0) * (raw[g].mean + 5.0);
            shrunk_error += (shrunk[g].mean + 5.0) * (shrunk[g].mean + 5.0);
        }
    }
    assert_near(raw_error / 2000.0, 4.0, 0.5);
    assert_true(shrunk_error < 0.6 * raw_error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share_without_event_is_kaplan_and_meiers),
        cmocka_unit_test(share_without_event_has_its_ends),
        cmocka_unit_test(share_has_wilsons_interval),
        cmocka_unit_test(difference_needs_two_people_on_each_side),
        cmocka_unit_test(shrinkage_keeps_signal_and_drops_noise),
        cmocka_unit_test(shrinkage_helps_where_groups_do_not_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
