#include "base/number.h"

#include "base/table.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_LIMIT 400 // longer than any exact decimal a person writes

static size_t digits_at(const char* text)
{
    return strspn(text, "0123456789");
}

// Length of the number at the start of `text`; *point is the place of its decimal point, or 0.
static size_t number_span(const char* text, size_t* point)
{
    size_t at = text[0] == '+' || text[0] == '-' ? 1 : 0;
    const size_t whole = digits_at(text + at);
    at += whole;
    *point = 0;
    if (text[at] == '.' && digits_at(text + at + 1) > 0) {
        *point = at;
        at += 1 + digits_at(text + at + 1);
    } else if (whole == 0) {
        return 0;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        const size_t sign = text[at + 1] == '+' || text[at + 1] == '-' ? 1 : 0;
        const size_t exponent = digits_at(text + at + 1 + sign);
        at += exponent > 0 ? 1 + sign + exponent : 0;
    }
    return at;
}

static char decimal_point(void)
{
    return localeconv()->decimal_point[0];
}

size_t st_number_parse(const char* text, double* out)
{
    size_t point = 0;
    const size_t length = number_span(text, &point);
    char copy[DIGIT_LIMIT + 1];
    if (length == 0 || length > DIGIT_LIMIT) {
        return 0;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (point != 0 || copy[0] == '.') {
        copy[point] = decimal_point();
    }
    const double value = strtod(copy, NULL);
    const size_t mantissa = strcspn(copy, "eE");
    const bool has_digit = strcspn(copy, "123456789") < mantissa;
    if (!isfinite(value) || (value == 0.0 && has_digit)) {
        return 0;
    }
    *out = value;
    return length;
}

// 1e+06 -> 1e6, 1e-05 -> 1e-5: nothing that does not count.
static void shorten_exponent(char* text)
{
    char* mark = strchr(text, 'e');
    if (mark == NULL) {
        return;
    }
    char* to = mark + 1;
    const char* from = mark + 1;
    if (*from == '-') {
        to += 1;
        from += 1;
    } else if (*from == '+') {
        from += 1;
    }
    while (*from == '0' && from[1] != '\0') {
        from += 1;
    }
    memmove(to, from, strlen(from) + 1);
}

#if LDBL_MANT_DIG >= 64

#define TEN_LIMIT 19

static const long double TEN[TEN_LIMIT + 1] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                               1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                               1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L};

/// Writes `digits` / 10^decimals without the zeros that end it.
static void write_digits(bool is_negative, uint64_t digits, int decimals, char* out)
{
    char reversed[32];
    int count = 0;
    while (decimals > 0 && digits % 10u == 0) {
        digits /= 10u;
        decimals -= 1;
    }
    for (int i = 0; digits > 0 || i <= decimals; i++, digits /= 10u) {
        if (i == decimals && decimals > 0) {
            reversed[count++] = '.';
        }
        reversed[count++] = (char)('0' + digits % 10u);
    }
    if (is_negative) {
        *out++ = '-';
    }
    while (count > 0) {
        *out++ = reversed[--count];
    }
    *out = '\0';
}

/// The same text as below for numbers of everyday size, ten times as fast; false when the last bits
/// of a long double do not decide which digits are right.
static bool write_everyday(double value, char* out)
{
    const double size = fabs(value);
    if (!(size >= 1e-3 && size < 1e15)) {
        return false;
    }
    int whole = 1; // digits before the point; 0, -1, -2 for 0.1, 0.01, 0.001
    if (size >= 1.0) {
        while (size >= (double)TEN[whole]) {
            whole += 1;
        }
    } else {
        whole = size >= 0.1 ? 0 : size >= 0.01 ? -1 : -2;
    }
    int exponent;
    const double mantissa = frexp(size, &exponent);
    if (mantissa == 0.5) {
        return false; // a power of two: its neighbours are not equally far
    }
    for (int precision = 15; precision <= 17; precision++) {
        const int decimals = precision - whole;
        // product of two exact factors: off by at most half a unit of a 64-bit significand, 2^-8
        const long double scaled = (long double)size * TEN[decimals];
        const uint64_t below = (uint64_t)scaled;
        const long double rest = scaled - (long double)below;
        const uint64_t digits = below + (rest > 0.5L ? 1u : 0u);
        const long double off = rest > 0.5L ? 1.0L - rest : rest;
        // half the distance to the next double, in units of the last digit
        const long double reach = ldexpl(TEN[decimals], exponent - DBL_MANT_DIG - 1);
        if (fabsl(rest - 0.5L) < 0.01L || fabsl(off - reach) < 0.01L) {
            return false;
        }
        if (off < reach) {
            write_digits(value < 0.0, digits, decimals, out);
            return true;
        }
    }
    return false;
}

#else

static bool write_everyday(double value, char* out)
{
    (void)value;
    (void)out;
    return false;
}

#endif

void st_number_text(double value, char* out, size_t size)
{
    char everyday[32];
    if (write_everyday(value, everyday)) {
        const size_t length = strlen(everyday);
        if (size > 0) {
            const size_t fits = length < size ? length : size - 1;
            memcpy(out, everyday, fits);
            out[fits] = '\0';
        }
        return;
    }
    if (!isfinite(value)) {
        snprintf(out, size, "%s", isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
        return;
    }
    // 15 digits are enough for most numbers and %g drops trailing zeros; the smallest numbers have
    // fewer digits than that.
    const int first = fabs(value) < DBL_MIN ? 1 : 15;
    char text[32];
    for (int precision = first; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    char* point = strchr(text, decimal_point());
    if (point != NULL) {
        *point = '.';
    }
    shorten_exponent(text);
    snprintf(out, size, "%s", text);
}
