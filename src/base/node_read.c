#include "base/doc.h"
#include "base/node.h"
#include "base/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTED_SIZE 256
#define REASON_SIZE   160

// What a reader looks for: a quantity of some dimension between two bounds.
typedef struct wanted {
    const char* what; // "a volume"
    const char* unit_text;
    st_unit unit;
    const st_bridge* bridge;
    double lo, hi;
} wanted;

static bool is_value(st_ctx* ctx, const st_node* node, const char* expected)
{
    if (node == NULL) {
        return false; // its absence was reported by st_node_need
    }
    if (node->kind == ST_NODE_SCALAR) {
        return true;
    }
    char found[ST_FOUND_SIZE];
    st_node_found(node, found, sizeof found);
    return st_node_fail(ctx, node, "found %s, expected %s", found, expected);
}

static bool fail_value(st_ctx* ctx, const st_node* node, const char* note, const char* expected)
{
    char found[ST_FOUND_SIZE];
    st_node_found(node, found, sizeof found);
    return st_node_fail(ctx, node, "found %s%s, expected %s", found, note, expected);
}

// --- plain values -------------------------------------------------------------------------------

bool st_node_read_text(st_ctx* ctx, const st_node* node, const char** out)
{
    if (!is_value(ctx, node, "text")) {
        return false;
    }
    if (node->text[0] == '\0') {
        return fail_value(ctx, node, "", "text");
    }
    *out = node->text;
    return true;
}

bool st_node_read_bool(st_ctx* ctx, const st_node* node, bool* out)
{
    if (!is_value(ctx, node, "true or false")) {
        return false;
    }
    static const char* const words[4] = {"false", "true", "no", "yes"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(node->text, words[i]) == 0) {
            *out = i % 2 == 1;
            return true;
        }
    }
    return fail_value(ctx, node, "", "true or false");
}

bool st_node_read_choice(st_ctx* ctx, const st_node* node, const char* const* names, int count,
                         int* out)
{
    char expected[EXPECTED_SIZE] = "one of ";
    size_t used = strlen(expected);
    for (int i = 0; i < count && used < sizeof expected; i++) {
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s", i > 0 ? ", " : "",
                                 names[i]);
    }
    if (!is_value(ctx, node, expected)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    char found[ST_FOUND_SIZE];
    st_node_found(node, found, sizeof found);
    const char* nearest = st_name_nearest(node->text, names, count);
    if (nearest == NULL) {
        return st_node_fail(ctx, node, "found %s, expected %s", found, expected);
    }
    return st_node_fail(ctx, node, "found %s, expected %s; did you mean '%s'?", found, expected,
                        nearest);
}

static void describe_integers(int64_t lo, int64_t hi, char* out, size_t size)
{
    const char* what = "a whole number";
    if (lo == INT64_MIN && hi == INT64_MAX) {
        snprintf(out, size, "%s", what);
    } else if (hi == INT64_MAX) {
        snprintf(out, size, "%s of at least %lld", what, (long long)lo);
    } else if (lo == INT64_MIN) {
        snprintf(out, size, "%s of at most %lld", what, (long long)hi);
    } else {
        snprintf(out, size, "%s from %lld to %lld", what, (long long)lo, (long long)hi);
    }
}

static bool parse_integer(const char* text, int64_t* out)
{
    const size_t sign = text[0] == '-' || text[0] == '+' ? 1 : 0;
    const size_t digits = strspn(text + sign, "0123456789");
    if (digits > 0 && text[sign + digits] == '\0') {
        errno = 0;
        const long long value = strtoll(text, NULL, 10);
        *out = value;
        return errno == 0;
    }
    // 1e6 and 10^6 are whole as well.
    double number;
    st_unit unit;
    const char* unit_text;
    char why[REASON_SIZE];
    if (!st_quantity_parse(text, &number, &unit, &unit_text, why, sizeof why) ||
        unit_text[0] != '\0' || number != floor(number) || fabs(number) > 0x1p53) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

bool st_node_read_integer(st_ctx* ctx, const st_node* node, int64_t lo, int64_t hi, int64_t* out)
{
    char expected[EXPECTED_SIZE];
    describe_integers(lo, hi, expected, sizeof expected);
    if (!is_value(ctx, node, expected)) {
        return false;
    }
    int64_t value;
    if (!parse_integer(node->text, &value) || value < lo || value > hi) {
        return fail_value(ctx, node, "", expected);
    }
    *out = value;
    return true;
}

// --- quantities ---------------------------------------------------------------------------------

static bool is_inside(const wanted* w, double value)
{
    return value >= w->lo && value <= w->hi;
}

// "4 mL": a number that would have been right, to show how it is written.
static void example_text(const wanted* w, char* out, size_t size)
{
    static const double tries[] = {4.0, 1.0, 0.5, 20.0, 0.01, 100.0};
    double number = isfinite(w->lo) ? w->lo : w->hi;
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        if (is_inside(w, tries[i])) {
            number = tries[i];
            break;
        }
    }
    char text[32];
    st_number_text(number, text, sizeof text);
    snprintf(out, size, "%s%s%s", text, w->unit_text[0] != '\0' ? " " : "", w->unit_text);
}

// "a volume from 0 to 100 mL"
static void describe_range(const wanted* w, char* out, size_t size)
{
    char lo[32], hi[32];
    const char* space = w->unit_text[0] != '\0' ? " " : "";
    st_number_text(w->lo, lo, sizeof lo);
    st_number_text(w->hi, hi, sizeof hi);
    if (isinf(w->hi)) {
        snprintf(out, size, "%s of at least %s%s%s", w->what, lo, space, w->unit_text);
    } else if (isinf(w->lo)) {
        snprintf(out, size, "%s of at most %s%s%s", w->what, hi, space, w->unit_text);
    } else {
        snprintf(out, size, "%s from %s to %s%s%s", w->what, lo, hi, space, w->unit_text);
    }
}

static bool variant_fits(const wanted* w, double number, const char* unit_text)
{
    st_unit unit;
    char why[REASON_SIZE];
    double value;
    return st_unit_parse(unit_text, &unit, why, sizeof why) &&
           st_quantity_express(number, &unit, &w->unit, w->bridge, &value) && is_inside(w, value);
}

static int bit_count(unsigned bits)
{
    int count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count += 1;
    }
    return count;
}

// '20 nm' -> '20 nM': the same letters in another case, as few changes as will do.
static bool find_case_variant(const wanted* w, double number, const char* unit_text, char* out,
                              size_t size)
{
    size_t letter[8];
    int letter_count = 0;
    const size_t length = strlen(unit_text);
    if (length >= size) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        const char c = (char)(unit_text[i] | 0x20);
        if (c >= 'a' && c <= 'z') {
            if (letter_count == 8) {
                return false;
            }
            letter[letter_count] = i;
            letter_count += 1;
        }
    }
    for (int changes = 1; changes <= letter_count; changes++) {
        for (unsigned mask = 1; mask < 1u << letter_count; mask++) {
            if (bit_count(mask) != changes) {
                continue;
            }
            memcpy(out, unit_text, length + 1);
            for (int i = 0; i < letter_count; i++) {
                if ((mask >> i & 1u) != 0) {
                    out[letter[i]] = (char)(out[letter[i]] ^ 0x20);
                }
            }
            if (variant_fits(w, number, out)) {
                return true;
            }
        }
    }
    return false;
}

// "; did you mean '20 nM'?", or "" when no change of case helps.
static void suggest_case(const wanted* w, const char* text, const char* unit_text, char* out,
                         size_t size)
{
    char variant[32];
    double number;
    st_unit none;
    const char* ignored;
    char why[REASON_SIZE];
    char head[64];
    out[0] = '\0';
    const size_t head_length = (size_t)(unit_text - text);
    if (head_length >= sizeof head || unit_text[0] == '\0') {
        return;
    }
    memcpy(head, text, head_length);
    head[head_length] = '\0';
    if (st_quantity_parse(head, &number, &none, &ignored, why, sizeof why) &&
        find_case_variant(w, number, unit_text, variant, sizeof variant)) {
        snprintf(out, size, "; did you mean '%s%s'?", head, variant);
    }
}

// What a substance would have to tell for the two dimensions to meet, or "".
static const char* bridge_hint(const wanted* w, double number, const st_unit* unit)
{
    static const st_bridge mass = {1.0, 0.0};
    static const st_bridge gas = {0.0, 1.0};
    static const st_bridge both = {1.0, 1.0};
    double value;
    if (st_quantity_express(number, unit, &w->unit, &mass, &value)) {
        return "; mass and amount meet only with a molar mass";
    }
    if (st_quantity_express(number, unit, &w->unit, &gas, &value)) {
        return "; pressure and concentration meet only with a solubility";
    }
    if (st_quantity_express(number, unit, &w->unit, &both, &value)) {
        return "; these meet only with a molar mass and a solubility";
    }
    return "";
}

// Reports why `text`, which is the value of `node` or a part of it, is no such quantity.
static bool fail_quantity(st_ctx* ctx, const st_node* node, const wanted* w, const char* text,
                          const char* unit_text, const char* why)
{
    char example[64], hint[128] = "", found[ST_FOUND_SIZE], note[REASON_SIZE + 8] = "";
    const bool is_plain = w->unit_text[0] == '\0';
    example_text(w, example, sizeof example);
    st_node_found(node, found, sizeof found);
    if (unit_text != NULL) {
        suggest_case(w, text, unit_text, hint, sizeof hint);
    }
    if (why[0] != '\0') {
        snprintf(note, sizeof note, " (%s)", why);
    }
    if (is_plain) {
        return st_node_fail(ctx, node, "found %s%s, expected %s%s", found, note, w->what, hint);
    }
    return st_node_fail(ctx, node, "found %s%s, expected %s%s such as '%s'%s", found, note, w->what,
                        unit_text != NULL && unit_text[0] == '\0' ? " with a unit" : "", example,
                        hint);
}

// Reads one quantity from `text` into w->unit; the bounds are not checked here.
static bool read_part(st_ctx* ctx, const st_node* node, const wanted* w, const char* text,
                      double* out)
{
    double number;
    st_unit unit;
    const char* unit_text;
    char why[REASON_SIZE];
    if (!st_quantity_parse(text, &number, &unit, &unit_text, why, sizeof why)) {
        const bool is_word = strcmp(why, "not a number") == 0;
        return fail_quantity(ctx, node, w, text, unit_text, is_word ? "" : why);
    }
    if (st_quantity_express(number, &unit, &w->unit, w->bridge, out)) {
        return true;
    }
    if (unit_text[0] == '\0') {
        return fail_quantity(ctx, node, w, text, unit_text, "");
    }
    char dim[REASON_SIZE];
    const char* word = st_dim_word(&unit.dim);
    st_dim_text(&unit.dim, dim, sizeof dim);
    const char* hint = bridge_hint(w, number, &unit);
    if (hint[0] != '\0') {
        char found[ST_FOUND_SIZE], example[64];
        st_node_found(node, found, sizeof found);
        example_text(w, example, sizeof example);
        return st_node_fail(ctx, node, "found %s (%s), expected %s such as '%s'%s", found,
                            word != NULL ? word : dim, w->what, example, hint);
    }
    return fail_quantity(ctx, node, w, text, unit_text, word != NULL ? word : dim);
}

static bool fail_range(st_ctx* ctx, const st_node* node, const wanted* w)
{
    char found[ST_FOUND_SIZE], expected[EXPECTED_SIZE], hint[128] = "";
    double number;
    st_unit unit;
    const char* unit_text;
    char why[REASON_SIZE];
    st_node_found(node, found, sizeof found);
    describe_range(w, expected, sizeof expected);
    if (st_quantity_parse(node->text, &number, &unit, &unit_text, why, sizeof why)) {
        suggest_case(w, node->text, unit_text, hint, sizeof hint);
    }
    return st_node_fail(ctx, node, "found %s, expected %s%s", found, expected, hint);
}

static bool read_wanted(st_ctx* ctx, const st_node* node, const wanted* w, double* out)
{
    char expected[EXPECTED_SIZE], example[64];
    example_text(w, example, sizeof example);
    if (w->unit_text[0] == '\0') {
        snprintf(expected, sizeof expected, "%s", w->what);
    } else {
        snprintf(expected, sizeof expected, "%s such as '%s'", w->what, example);
    }
    double value;
    if (!is_value(ctx, node, expected) || !read_part(ctx, node, w, node->text, &value)) {
        return false;
    }
    if (!is_inside(w, value)) {
        return fail_range(ctx, node, w);
    }
    *out = value;
    return true;
}

// The unit that the caller asks for; a wrong one is the caller's mistake.
static st_unit unit_of(const char* text)
{
    st_unit unit = {st_dim_none(), 1.0};
    char why[REASON_SIZE];
    const bool is_unit = st_unit_parse(text, &unit, why, sizeof why);
    ST_ASSERT(is_unit);
    (void)is_unit;
    return unit;
}

static const char* shown_unit(const char* unit)
{
    return strcmp(unit, "1") == 0 ? "" : unit;
}

bool st_node_read_number(st_ctx* ctx, const st_node* node, double lo, double hi, double* out)
{
    const wanted w = {"a number", "", unit_of(""), NULL, lo, hi};
    return read_wanted(ctx, node, &w, out);
}

bool st_node_read_quantity(st_ctx* ctx, const st_node* node, const char* what, const char* unit,
                           const st_bridge* bridge, double lo, double hi, double* out)
{
    const wanted w = {what, shown_unit(unit), unit_of(unit), bridge, lo, hi};
    return read_wanted(ctx, node, &w, out);
}

// --- ranges -------------------------------------------------------------------------------------

static const struct {
    const char* sign;
    bool is_lower, is_open;
} bounds[] = {
    {">=", true, false}, {"<=", false, false},          {">", true, true},
    {"<", false, true},  {"\xe2\x89\xa5", true, false}, {"\xe2\x89\xa4", false, false},
};

// Copies the left side of `50..80 y` and lends it the right side's unit when it has none.
static bool split_range(const char* text, const char* dots, char* left, size_t size)
{
    double number;
    st_unit unit;
    const char* unit_text;
    char why[REASON_SIZE];
    const size_t length = (size_t)(dots - text);
    if (length + strlen(dots) >= size) {
        return false;
    }
    memcpy(left, text, length);
    left[length] = '\0';
    if (st_quantity_parse(left, &number, &unit, &unit_text, why, sizeof why) &&
        unit_text[0] == '\0' &&
        st_quantity_parse(dots + 2, &number, &unit, &unit_text, why, sizeof why)) {
        snprintf(left + length, size - length, " %s", unit_text);
    }
    return true;
}

bool st_node_read_range(st_ctx* ctx, const st_node* node, const char* what, const char* unit,
                        st_range* out)
{
    const wanted w = {what, shown_unit(unit), unit_of(unit), NULL, -INFINITY, INFINITY};
    char expected[EXPECTED_SIZE], left[128];
    const char* space = w.unit_text[0] != '\0' ? " " : "";
    snprintf(expected, sizeof expected, "%s as a range such as '2..4%s%s' or '>= 2%s%s'", what,
             space, w.unit_text, space, w.unit_text);
    if (!is_value(ctx, node, expected)) {
        return false;
    }
    const char* text = node->text + strspn(node->text, " \t");
    st_range range = {-INFINITY, INFINITY, false, false};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        const size_t length = strlen(bounds[i].sign);
        if (strncmp(text, bounds[i].sign, length) == 0) {
            double* bound = bounds[i].is_lower ? &range.lo : &range.hi;
            if (!read_part(ctx, node, &w, text + length, bound)) {
                return false;
            }
            range.lo_open = bounds[i].is_lower && bounds[i].is_open;
            range.hi_open = !bounds[i].is_lower && bounds[i].is_open;
            *out = range;
            return true;
        }
    }
    const char* dots = strstr(text, "..");
    if (dots == NULL || !split_range(text, dots, left, sizeof left)) {
        return fail_value(ctx, node, "", expected);
    }
    if (!read_part(ctx, node, &w, left, &range.lo) ||
        !read_part(ctx, node, &w, dots + 2, &range.hi)) {
        return false;
    }
    if (range.lo > range.hi) {
        return fail_value(ctx, node, " (the first bound is above the second)", expected);
    }
    *out = range;
    return true;
}
