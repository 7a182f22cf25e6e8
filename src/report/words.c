#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUS "\xe2\x88\x92"
#define THIN  "\xe2\x80\xaf"

static st_words words_of(const char* text)
{
    st_words w;
    snprintf(w.text, sizeof w.text, "%s", text);
    return w;
}

static bool shows_zero(const char* number)
{
    return strspn(number, "-0.") == strlen(number);
}

st_words st_words_number(double value, int decimals)
{
    if (!isfinite(value)) {
        return words_of("not known");
    }
    if (fabs(value) >= 1e15) {
        return st_words_precise(value, 3);
    }
    char plain[40];
    st_words w;
    snprintf(plain, sizeof plain, "%.*f", decimals, fabs(value));
    snprintf(w.text, sizeof w.text, "%s%s", value < 0.0 && !shows_zero(plain) ? MINUS : "", plain);
    return w;
}

st_words st_words_signed(double value, int decimals)
{
    const st_words plain = st_words_number(value, decimals);
    st_words w;
    const bool has_plus = isfinite(value) && value > 0.0 && !shows_zero(plain.text);
    snprintf(w.text, sizeof w.text, "%s%.40s", has_plus ? "+" : "", plain.text);
    return w;
}

st_words st_words_interval(double value, double lo, double hi, int decimals)
{
    if (!isfinite(value)) {
        return words_of("–");
    }
    const st_words a = st_words_number(lo, decimals);
    const st_words b = st_words_number(hi, decimals);
    if (!isfinite(lo) || !isfinite(hi) || strcmp(a.text, b.text) == 0) {
        return st_words_signed(value, decimals);
    }
    st_words w;
    snprintf(w.text, sizeof w.text, "%.24s [%.24s, %.24s]", st_words_signed(value, decimals).text,
             a.text, b.text);
    return w;
}

static void add_superscript(char* out, size_t size, int exponent)
{
    static const char* const digit[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[16];
    snprintf(plain, sizeof plain, "%d", abs(exponent));
    size_t used = strlen(out);
    if (exponent < 0) {
        used += (size_t)snprintf(out + used, size - used, "⁻");
    }
    for (const char* d = plain; *d && used < size; d++) {
        used += (size_t)snprintf(out + used, size - used, "%s", digit[*d - '0']);
    }
}

st_words st_words_precise(double value, int digits)
{
    if (!isfinite(value)) {
        return words_of("not known");
    }
    char plain[40];
    snprintf(plain, sizeof plain, "%.*g", digits, fabs(value));
    st_words w;
    const char* sign = value < 0.0 ? MINUS : "";
    char* e = strchr(plain, 'e');
    if (!e) {
        snprintf(w.text, sizeof w.text, "%s%.24s", sign, plain);
        return w;
    }
    const int exponent = (int)strtol(e + 1, NULL, 10);
    *e = '\0';
    if (strcmp(plain, "1") == 0) {
        snprintf(w.text, sizeof w.text, "%s10", sign);
    } else {
        snprintf(w.text, sizeof w.text, "%s%.16s × 10", sign, plain);
    }
    add_superscript(w.text, sizeof w.text, exponent);
    return w;
}

st_words st_words_whole(int64_t value)
{
    char plain[32];
    snprintf(plain, sizeof plain, "%lld", (long long)(value < 0 ? -value : value));
    st_words w = {.text = ""};
    size_t used = (size_t)snprintf(w.text, sizeof w.text, "%s", value < 0 ? MINUS : "");
    const size_t length = strlen(plain);
    for (size_t i = 0; i < length && used + 5 < sizeof w.text; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            used += (size_t)snprintf(w.text + used, sizeof w.text - used, "%s", THIN);
        }
        w.text[used++] = plain[i];
        w.text[used] = '\0';
    }
    return w;
}

st_words st_words_count(double count)
{
    static const struct {
        double size;
        const char* word;
    } steps[] = {{1e12, "trillion"}, {1e9, "billion"}, {1e6, "million"}};

    if (!isfinite(count)) {
        return words_of("not known");
    }
    if (count < 0.5) {
        return words_of(count > 0.0 ? "under 1" : "none");
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        // 999 600 has rounded up to a million already
        if (count >= 0.9995 * steps[i].size) {
            st_words w;
            const double amount = count / steps[i].size;
            snprintf(w.text, sizeof w.text, "%.*f %s", amount < 9.95 ? 1 : 0, amount,
                     steps[i].word);
            return w;
        }
    }
    // Three digits are all that a number of cells means.
    char rounded[40];
    snprintf(rounded, sizeof rounded, "%.3g", count);
    return st_words_whole((int64_t)(strtod(rounded, NULL) + 0.5));
}

st_words st_words_visit(const st_visit_info* visit)
{
    st_words w;
    if (visit->day <= 0.0) {
        return words_of("baseline");
    }
    const double whole = floor(visit->month + 0.5);
    if (whole >= 1.0 && fabs(visit->month - whole) < 0.05) {
        snprintf(w.text, sizeof w.text, "%.0f month%s", whole, whole > 1.5 ? "s" : "");
    } else if (visit->day < 14.0) {
        snprintf(w.text, sizeof w.text, "day %.4g", visit->day);
    } else if (fabs(visit->day / 7.0 - floor(visit->day / 7.0 + 0.5)) < 1e-6) {
        snprintf(w.text, sizeof w.text, "%.0f weeks", visit->day / 7.0);
    } else {
        snprintf(w.text, sizeof w.text, "%.3g months", visit->month);
    }
    return w;
}

st_words st_words_percent(double share)
{
    st_words w;
    if (!isfinite(share)) {
        return words_of("not known");
    }
    const double percent = 100.0 * share;
    if (percent > 0.0 && percent < 1.0) {
        return words_of("under 1 %");
    }
    if (percent > 99.0 && percent < 100.0) {
        return words_of("over 99 %");
    }
    snprintf(w.text, sizeof w.text, "%.0f %%", percent);
    return w;
}

int st_words_decimals(const st_findings* f, int measure)
{
    double widest = 0.0;
    for (int i = 0; i < f->outcome_count; i++) {
        const st_outcome_row* r = &f->outcome[i];
        if (r->measure == measure && isfinite(r->change_hi - r->change_lo)) {
            widest = fmax(widest, 0.5 * (r->change_hi - r->change_lo));
        }
    }
    if (widest <= 0.0) {
        return 1;
    }
    int decimals = 0;
    for (double step = 2.0; widest < step && decimals < 5; step /= 10.0) {
        decimals += 1;
    }
    return decimals;
}

st_words st_words_unit(const char* unit)
{
    // Units of the model language that count points of a questionnaire or scale.
    static const char* const points[] = {"vas", "nrs", "womac", "koos", "ikdc", "qol"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        if (strcmp(unit, points[i]) == 0) {
            return words_of("points");
        }
    }
    st_words w;
    snprintf(w.text, sizeof w.text, "%s", unit);
    char* bracket = strstr(w.text, " (");
    if (bracket) {
        *bracket = '\0';
    }
    // A name cut inside a character would not be UTF-8.
    size_t length = strlen(w.text);
    if (length == sizeof w.text - 1) {
        while (length > 0 && ((unsigned char)unit[length] & 0xc0) == 0x80) {
            length -= 1;
        }
        w.text[length] = '\0';
    }
    return w;
}

double st_words_width(const char* text)
{
    double width = 0.0;
    for (const char* c = text; *c; c++) {
        const unsigned char u = (unsigned char)*c;
        if ((u & 0xc0) == 0x80) {
            continue; // counted with its first byte
        }
        width += u >= 0xe3                    ? 1.0 // scripts as wide as they are high
                 : u >= 0xc0                  ? 0.7
                 : strchr("ijl.,:;'|!() ", u) ? 0.36
                 : strchr("ftrI", u)          ? 0.42
                 : strchr("mwMW@%", u)        ? 1.0
                 : u >= 'A' && u <= 'Z'       ? 0.74
                                              : 0.63;
    }
    return width;
}

size_t st_words_prefix(const char* text, size_t characters)
{
    size_t at = 0;
    for (size_t seen = 0; text[at]; at++) {
        const bool begins = ((unsigned char)text[at] & 0xc0) != 0x80;
        if (begins && seen == characters) {
            break;
        }
        seen += begins;
    }
    return at;
}
