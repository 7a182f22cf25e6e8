#include "formula.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 64
#define NAME_LIMIT  128

typedef struct parser {
    st_graph* graph;
    const char* text;
    size_t at;
    int depth;
    st_resolve_fn resolve;
    void* arg;
    char* why;
    size_t why_size;
} parser;

static bool parse_sum(parser* p, st_typed* out);

static bool fail(parser* p, const char* reason)
{
    snprintf(p->why, p->why_size, "%s", reason);
    return false;
}

static void skip_blanks(parser* p)
{
    while (p->text[p->at] == ' ' || p->text[p->at] == '\n' || p->text[p->at] == '\t') {
        p->at++;
    }
}

static bool accept(parser* p, char c)
{
    skip_blanks(p);
    if (p->text[p->at] != c) {
        return false;
    }
    p->at++;
    return true;
}

static bool expect(parser* p, char c)
{
    if (accept(p, c)) {
        return true;
    }
    const char found = p->text[p->at];
    if (found == '\0') {
        snprintf(p->why, p->why_size, "ends where '%c' is expected", c);
    } else {
        snprintf(p->why, p->why_size, "has '%c' where '%c' is expected", found, c);
    }
    return false;
}

static st_typed pure(st_expr e)
{
    return (st_typed){.e = e, .dim = st_dim_none()};
}

static bool is_zero(const parser* p, const st_typed* v)
{
    double value;
    return st_expr_is_constant(p->graph, v->e, &value) && value == 0.0;
}

bool st_formula_coerce(st_graph* graph, st_typed* v, const st_dim* to, const st_bridge* bridge)
{
    if (st_dim_equal(&v->dim, to)) {
        return true;
    }
    double value;
    if (st_expr_is_constant(graph, v->e, &value) && value == 0.0) {
        v->dim = *to; // zero of anything is zero
        return true;
    }
    if (bridge == NULL) {
        return false;
    }
    // one model unit of v's dimension, in SI, seen as the other dimension
    const st_unit one = {.dim = v->dim,
                         .factor = 1.0 / st_units_from_si(&ST_UNITS_POPULATION, &v->dim)};
    double si;
    if (!st_quantity_convert(1.0, &one, to, bridge, &si)) {
        return false;
    }
    const double factor = si * st_units_from_si(&ST_UNITS_POPULATION, to);
    v->e = st_expr_mul(graph, v->e, st_expr_constant(graph, factor));
    v->dim = *to;
    v->bridge = *bridge;
    return true;
}

static bool has_bridge(const st_bridge* b)
{
    return b->molar_mass_kg_per_mol > 0.0 || b->solubility_mol_per_m3_Pa > 0.0;
}

/// Brings a and b to one dimension, for sums, minima and hill.
static bool meet(parser* p, st_typed* a, st_typed* b, const char* what)
{
    if (st_dim_equal(&a->dim, &b->dim)) {
        return true;
    }
    if (is_zero(p, a) || is_zero(p, b)) {
        a->dim = is_zero(p, a) ? b->dim : a->dim;
        b->dim = a->dim;
        return true;
    }
    if (has_bridge(&a->bridge) && st_formula_coerce(p->graph, b, &a->dim, &a->bridge)) {
        return true;
    }
    if (has_bridge(&b->bridge) && st_formula_coerce(p->graph, a, &b->dim, &b->bridge)) {
        return true;
    }
    char left[96];
    char right[96];
    st_dim_text(&a->dim, left, sizeof left);
    st_dim_text(&b->dim, right, sizeof right);
    snprintf(p->why, p->why_size, "%s joins '%s' and '%s'", what, left, right);
    return false;
}

static bool parse_bracket_quantity(parser* p, st_typed* out)
{
    const char* end = strchr(p->text + p->at, ']');
    if (end == NULL) {
        return fail(p, "has '[' without ']'");
    }
    char quantity[NAME_LIMIT];
    const size_t length = (size_t)(end - (p->text + p->at));
    if (length >= sizeof quantity) {
        return fail(p, "has a quantity that is too long");
    }
    memcpy(quantity, p->text + p->at, length);
    quantity[length] = '\0';
    double number;
    st_unit unit;
    const char* unit_text;
    if (!st_quantity_parse(quantity, &number, &unit, &unit_text, p->why, p->why_size)) {
        return false;
    }
    p->at += length + 1;
    const double value = number * unit.factor * st_units_from_si(&ST_UNITS_POPULATION, &unit.dim);
    *out = (st_typed){.e = st_expr_constant(p->graph, value), .dim = unit.dim};
    return true;
}

static bool need_pure(parser* p, const st_typed* v, const char* what)
{
    if (st_dim_is_none(&v->dim) || is_zero(p, v)) {
        return true;
    }
    char dim[96];
    st_dim_text(&v->dim, dim, sizeof dim);
    snprintf(p->why, p->why_size, "%s needs a pure number, not '%s'", what, dim);
    return false;
}

/// a^b: a real power; the exponent of a dimensioned base must be a written number.
static bool apply_power(parser* p, st_typed* a, const st_typed* b)
{
    if (!need_pure(p, b, "an exponent")) {
        return false;
    }
    double exponent;
    const bool is_number = st_expr_is_constant(p->graph, b->e, &exponent);
    if (!st_dim_is_none(&a->dim) && !is_number) {
        return fail(p, "raises a quantity with a unit to a power that is no written number");
    }
    const st_dim none = st_dim_none();
    const st_dim dim = is_number ? st_dim_product(&none, &a->dim, exponent) : none;
    *a = (st_typed){.e = st_expr_make(p->graph, ST_OP_POW, a->e, b->e), .dim = dim};
    return true;
}

static bool apply_hill(parser* p, st_typed* v, st_typed* out)
{
    if (!meet(p, &v[0], &v[1], "hill") || !need_pure(p, &v[2], "hill's exponent")) {
        return false;
    }
    double n;
    if (st_expr_is_constant(p->graph, v[2].e, &n) && !(n > 0.0)) {
        return fail(p, "has a hill exponent that is not above 0");
    }
    *out = pure(st_expr_hill(p->graph, v[0].e, v[1].e, v[2].e));
    return true;
}

static bool apply_function(parser* p, const char* name, st_typed* v, int count, st_typed* out)
{
    static const struct {
        const char* name;
        int count;
    } known[] = {{"exp", 1}, {"log", 1}, {"sqrt", 1}, {"min", 2},
                 {"max", 2}, {"pow", 2}, {"hill", 3}};
    int which = -1;
    for (int i = 0; i < (int)(sizeof known / sizeof known[0]); i++) {
        which = strcmp(name, known[i].name) == 0 ? i : which;
    }
    if (which < 0) {
        snprintf(p->why, p->why_size, "calls '%s', which is none of exp log sqrt min max pow hill",
                 name);
        return false;
    }
    if (known[which].count != count) {
        snprintf(p->why, p->why_size, "calls %s with %d values, it takes %d", name, count,
                 known[which].count);
        return false;
    }
    switch (which) {
    case 0:
    case 1:
        if (!need_pure(p, &v[0], name)) {
            return false;
        }
        *out = pure(st_expr_make(p->graph, which == 0 ? ST_OP_EXP : ST_OP_LOG, v[0].e, 0));
        return true;
    case 2: {
        const st_typed half = pure(st_expr_constant(p->graph, 0.5));
        *out = v[0];
        return apply_power(p, out, &half);
    }
    case 3:
    case 4:
        if (!meet(p, &v[0], &v[1], name)) {
            return false;
        }
        *out = v[0];
        out->e = st_expr_make(p->graph, which == 3 ? ST_OP_MIN : ST_OP_MAX, v[0].e, v[1].e);
        return true;
    case 5:
        *out = v[0];
        return apply_power(p, out, &v[1]);
    default:
        return apply_hill(p, v, out);
    }
}

static bool parse_call(parser* p, const char* name, size_t name_at, st_typed* out)
{
    st_typed v[3];
    int count = 0;
    if (!accept(p, ')')) {
        do {
            if (count == 3) {
                return fail(p, "calls a function with more than 3 values");
            }
            if (!parse_sum(p, &v[count])) {
                return false;
            }
            count++;
        } while (accept(p, ','));
        if (!expect(p, ')')) {
            return false;
        }
    }
    const size_t end = p->at;
    p->at = name_at; // mistakes of the call point at its name
    if (!apply_function(p, name, v, count, out)) {
        return false;
    }
    p->at = end;
    return true;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '@';
}

static bool parse_name(parser* p, st_typed* out)
{
    const size_t start = p->at;
    size_t length = 0;
    char name[NAME_LIMIT];
    while (is_name_char(p->text[start + length])) {
        length++;
    }
    if (length >= sizeof name) {
        return fail(p, "has a name that is too long");
    }
    memcpy(name, p->text + start, length);
    name[length] = '\0';
    p->at = start + length;
    if (accept(p, '(')) {
        return parse_call(p, name, start, out);
    }
    if (!p->resolve(p->arg, name, out, p->why, p->why_size)) {
        p->at = start;
        return false;
    }
    return true;
}

static bool parse_atom(parser* p, st_typed* out)
{
    skip_blanks(p);
    const char c = p->text[p->at];
    if (c == '(') {
        p->at++;
        return parse_sum(p, out) && expect(p, ')');
    }
    if (c == '[') {
        p->at++;
        return parse_bracket_quantity(p, out);
    }
    if (isdigit((unsigned char)c) || c == '.') {
        char* end;
        const double value = strtod(p->text + p->at, &end);
        if (!isfinite(value)) {
            return fail(p, "has a number beyond range");
        }
        p->at = (size_t)(end - p->text);
        *out = pure(st_expr_constant(p->graph, value));
        return true;
    }
    if (isalpha((unsigned char)c) || c == '_') {
        return parse_name(p, out);
    }
    if (c == '\0') {
        return fail(p, "ends where a value is expected");
    }
    snprintf(p->why, p->why_size, "has '%c' where a value is expected", c);
    return false;
}

static bool parse_power(parser* p, st_typed* out)
{
    if (++p->depth > DEPTH_LIMIT) {
        return fail(p, "is nested too deeply");
    }
    bool ok = parse_atom(p, out);
    if (ok && accept(p, '^')) {
        st_typed exponent;
        const bool negative = accept(p, '-');
        ok = parse_power(p, &exponent);
        if (ok && negative) {
            exponent.e = st_expr_make(p->graph, ST_OP_NEG, exponent.e, 0);
        }
        ok = ok && apply_power(p, out, &exponent);
    }
    p->depth--;
    return ok;
}

static bool parse_sign(parser* p, st_typed* out)
{
    const bool negative = accept(p, '-');
    if (!negative) {
        accept(p, '+');
    }
    if (!parse_power(p, out)) {
        return false;
    }
    if (negative) {
        out->e = st_expr_make(p->graph, ST_OP_NEG, out->e, 0);
    }
    return true;
}

static bool parse_product(parser* p, st_typed* out)
{
    if (!parse_sign(p, out)) {
        return false;
    }
    for (;;) {
        const bool times = accept(p, '*');
        if (!times && !accept(p, '/')) {
            return true;
        }
        st_typed right;
        if (!parse_sign(p, &right)) {
            return false;
        }
        if (!times && is_zero(p, &right)) {
            return fail(p, "divides by zero");
        }
        const st_bridge bridge = st_dim_is_none(&right.dim) ? out->bridge : (st_bridge){0};
        out->e =
            times ? st_expr_mul(p->graph, out->e, right.e) : st_expr_div(p->graph, out->e, right.e);
        out->bridge = times && st_dim_is_none(&out->dim) ? right.bridge : bridge;
        out->dim = st_dim_product(&out->dim, &right.dim, times ? 1.0 : -1.0);
    }
}

static bool parse_sum(parser* p, st_typed* out)
{
    if (++p->depth > DEPTH_LIMIT) {
        return fail(p, "is nested too deeply");
    }
    if (!parse_product(p, out)) {
        return false;
    }
    for (;;) {
        skip_blanks(p);
        const size_t at = p->at;
        const bool plus = accept(p, '+');
        if (!plus && !accept(p, '-')) {
            p->depth--;
            return true;
        }
        st_typed right;
        if (!parse_product(p, &right)) {
            return false;
        }
        const size_t end = p->at;
        p->at = at;
        if (!meet(p, out, &right, plus ? "a sum" : "a difference")) {
            return false;
        }
        p->at = end;
        out->e =
            plus ? st_expr_add(p->graph, out->e, right.e) : st_expr_sub(p->graph, out->e, right.e);
        out->bridge = has_bridge(&out->bridge) ? out->bridge : right.bridge;
    }
}

bool st_formula_parse(st_graph* graph, const char* text, st_resolve_fn resolve, void* arg,
                      st_typed* out, size_t* at, char* why, size_t why_size)
{
    parser p = {.graph = graph,
                .text = text,
                .resolve = resolve,
                .arg = arg,
                .why = why,
                .why_size = why_size};
    why[0] = '\0';
    bool ok = parse_sum(&p, out);
    if (ok) {
        skip_blanks(&p);
        if (text[p.at] != '\0') {
            snprintf(why, why_size, "has '%c' where it should end", text[p.at]);
            ok = false;
        }
    }
    *at = p.at;
    return ok;
}

bool st_formula_is_quantity(const char* text)
{
    while (*text == ' ' || *text == '+' || *text == '-') {
        text++;
    }
    if (!isdigit((unsigned char)*text) && *text != '.') {
        return false;
    }
    // `2 * k` is an expression, `2 mL` and `8 x 5 mL` are quantities
    for (const char* c = text; *c != '\0'; c++) {
        if (*c == '(' || *c == '+' || (*c == '-' && c > text && c[-1] == ' ')) {
            return false;
        }
        if (*c == '*') {
            return false;
        }
    }
    return true;
}
