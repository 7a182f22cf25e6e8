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

void st_number_text(double value, char* out, size_t size)
{
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
