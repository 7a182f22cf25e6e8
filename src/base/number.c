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

static const uint64_t TEN[] = {1u,
                               10u,
                               100u,
                               1000u,
                               10000u,
                               100000u,
                               1000000u,
                               10000000u,
                               100000000u,
                               1000000000u,
                               10000000000u,
                               100000000000u,
                               1000000000000u,
                               10000000000000u,
                               100000000000000u,
                               1000000000000000u,
                               10000000000000000u,
                               100000000000000000u,
                               1000000000000000000u,
                               10000000000000000000u};
#define TEN_LIMIT 19

/// Digits of a whole number, two at a time, written before `end`; gives their count.
static int whole_digits(uint64_t whole, char* end)
{
    char* to = end;
    while (whole >= 100u) {
        const unsigned two = (unsigned)(whole % 100u);
        whole /= 100u;
        *--to = (char)('0' + two % 10u);
        *--to = (char)('0' + two / 10u);
    }
    *--to = (char)('0' + whole % 10u);
    if (whole >= 10u) {
        *--to = (char)('0' + whole / 10u);
    }
    return (int)(end - to);
}

/// Writes `digits` / 10^decimals without the zeros that end it; gives the length.
static size_t write_digits(bool is_negative, uint64_t digits, int decimals, char* out)
{
    char room[24];
    char* to = out;
    while (decimals >= 4 && digits % 10000u == 0) {
        digits /= 10000u;
        decimals -= 4;
    }
    while (decimals > 0 && digits % 10u == 0) {
        digits /= 10u;
        decimals -= 1;
    }
    const int count = whole_digits(digits, room + sizeof room);
    const char* from = room + sizeof room - count;
    if (is_negative) {
        *to++ = '-';
    }
    const int before = count > decimals ? count - decimals : 0;
    if (before == 0) {
        *to++ = '0';
    }
    memcpy(to, from, (size_t)before);
    to += before;
    if (decimals > 0) {
        *to++ = '.';
        for (int i = count; i < decimals; i++) {
            *to++ = '0';
        }
        memcpy(to, from + before, (size_t)(count - before));
        to += count - before;
    }
    *to = '\0';
    return (size_t)(to - out);
}

#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 wide;

static wide ten_to(int power)
{
    return power <= TEN_LIMIT ? (wide)TEN[power] : (wide)TEN[TEN_LIMIT] * TEN[power - TEN_LIMIT];
}

/// The same text as below for numbers of everyday size, in whole numbers that are exact; 0 for the
/// others. A value is m 2^-shift; with d decimals its digits are m 10^d / 2^shift, rounded half to
/// even as printf does, and they read back when they are nearer than half the way to a neighbour.
static size_t write_everyday(double value, char* out)
{
    const double size = fabs(value);
    uint64_t bits;
    if (!(size >= 1e-4 && size < 1e15)) {
        return 0;
    }
    const uint64_t plain = (uint64_t)size;
    if ((double)plain == size) {
        return write_digits(value < 0.0, plain, 0, out);
    }
    memcpy(&bits, &size, sizeof bits);
    const int shift = DBL_MANT_DIG - 1 + DBL_MAX_EXP - 1 - (int)(bits >> (DBL_MANT_DIG - 1));
    const uint64_t m =
        (bits & ((UINT64_C(1) << (DBL_MANT_DIG - 1)) - 1u)) | UINT64_C(1) << (DBL_MANT_DIG - 1);
    const bool is_power = m == UINT64_C(1) << (DBL_MANT_DIG - 1); // its lower neighbour is nearer
    int whole = 1; // digits before the point; 0, -1, -2, -3 for 0.1, 0.01 ...
    if (size >= 1.0) {
        while (plain >= TEN[whole]) {
            whole += 1;
        }
    } else {
        whole = size >= 0.1 ? 0 : size >= 0.01 ? -1 : size >= 0.001 ? -2 : -3;
    }
    for (int precision = 15; precision <= 17; precision++) {
        const int decimals = precision - whole;
        const wide ten = ten_to(decimals);
        const wide exact = m * ten; // below 2^53 10^21 < 2^123
        const wide half = (wide)1 << (shift - 1);
        uint64_t digits = (uint64_t)(exact >> shift);
        const wide rest = exact & (half + half - 1u);
        const bool rounds_up = rest > half || (rest == half && (digits & 1u) != 0);
        const wide off = rounds_up ? half + half - rest : rest;
        const wide reach = is_power && !rounds_up ? 4u * off : 2u * off;
        digits += rounds_up ? 1u : 0u;
        if (reach < ten || (reach == ten && (m & 1u) == 0)) {
            return write_digits(value < 0.0, digits, decimals, out);
        }
    }
    return 0;
}

#else

static size_t write_everyday(double value, char* out)
{
    const double size = fabs(value);
    const bool is_whole = size >= 1.0 && size < 1e15 && floor(size) == size;
    return is_whole ? write_digits(value < 0.0, (uint64_t)size, 0, out) : 0;
}

#endif

size_t st_number_integer(int64_t value, char out[24])
{
    const uint64_t size = value < 0 ? ~(uint64_t)value + 1u : (uint64_t)value;
    return write_digits(value < 0, size, 0, out);
}

void st_number_text(double value, char* out, size_t size)
{
    char everyday[32];
    const size_t length = write_everyday(value, everyday);
    if (length > 0) {
        if (size > 0) {
            const size_t fits = length < size ? length : size - 1;
            memcpy(out, everyday, fits);
            out[fits] = '\0';
        }
        return;
    }
    if (value == 0.0) {
        snprintf(out, size, "%s", signbit(value) ? "-0" : "0");
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
