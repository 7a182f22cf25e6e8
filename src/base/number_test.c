// Numbers as text: the shortest of 15, 16 and 17 digits that reads back equal.
#include "number.h"
#include "random.h"
#include "table.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// By trial, with the C library.
static void write_by_trial(double value, char* out, size_t size)
{
    for (int precision = fabs(value) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(out, size, "%.*g", precision, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }
    char* mark = strchr(out, 'e');
    if (mark != NULL) { // 1e+06 -> 1e6, 1e-05 -> 1e-5
        char rest[16];
        const char* digits = mark + 1 + strspn(mark + 1, "+-0");
        snprintf(rest, sizeof rest, "%s%s", mark[1] == '-' ? "-" : "", digits);
        memcpy(mark + 1, rest, strlen(rest) + 1);
    }
}

static void check(double value)
{
    char found[40];
    char wanted[40];
    st_number_text(value, found, sizeof found);
    write_by_trial(value, wanted, sizeof wanted);
    if (strcmp(found, wanted) != 0) {
        print_error("%.17g: found %s, expected %s\n", value, found, wanted);
    }
    assert_string_equal(found, wanted);
}

// Every size, whole numbers, few decimals, neighbours of powers of two and ten.
static void the_shortest_text_that_reads_back_is_written(void** state)
{
    (void)state;
    const st_random_key key = {3, ST_STREAM_TEST, 1, 0};
    print_message("seed 3\n");
    check(0.0);
    check(-0.0);
    for (int power = -8; power <= 20; power++) {
        const double ten =
            strtod((char[]){'1', 'e', power < 0 ? '-' : '+', (char)('0' + abs(power) / 10),
                            (char)('0' + abs(power) % 10), '\0'},
                   NULL);
        const double two = ldexp(1.0, 3 * power);
        const double near[] = {ten, nextafter(ten, 0.0), nextafter(ten, INFINITY),
                               two, nextafter(two, 0.0), nextafter(two, INFINITY)};
        for (int i = 0; i < 6; i++) {
            check(near[i]);
            check(-near[i]);
        }
    }
    for (uint64_t i = 0; i < 120000; i++) {
        const double u = st_random_uniform(&key, 3 * i);
        const double v = st_random_uniform(&key, 3 * i + 1);
        const double size = pow(10.0, 20.0 * v - 4.0);
        check(i % 2 == 0 ? u * size : -u * size);
        check(round(u * 1e6) / pow(10.0, floor(7.0 * v)));
        check(round(u * size));
    }
}

// The digits of many scores: tenths, hundredths, halves of the last place, one place more.
static void scores_and_halves_are_written(void** state)
{
    (void)state;
    for (int i = 0; i < 40000; i++) {
        check(i / 10.0);
        check(i / 1000.0);
        check(i / 64.0); // exact halves of the last of 15 digits are among those below
        check(1e12 + i / 512.0);
        check(-(1e-4 + i * 1e-9));
    }
}

static void whole_numbers_are_written(void** state)
{
    static const int64_t cases[] = {0,  1,  -1,  9,         10,        99,      100,      -100,
                                    12, 42, 101, INT64_MAX, INT64_MIN, 1000000, -9999999, 65536};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[24], wanted[32];
        const int length = snprintf(wanted, sizeof wanted, "%lld", (long long)cases[i]);
        assert_int_equal(st_number_integer(cases[i], found), length);
        assert_string_equal(found, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_text_that_reads_back_is_written),
        cmocka_unit_test(scores_and_halves_are_written),
        cmocka_unit_test(whole_numbers_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
