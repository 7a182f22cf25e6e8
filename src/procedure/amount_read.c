#include "procedure/catalogue_read.h"

#include "base/maths.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

bool st_amount_read_enter(st_catalogue* catalogue, const st_catalogue_value* value)
{
    if (catalogue->value_count == catalogue->value_capacity) {
        const int capacity = catalogue->value_capacity == 0 ? 128 : 2 * catalogue->value_capacity;
        st_catalogue_value* grown = st_realloc(catalogue->ctx, catalogue->value, (size_t)capacity,
                                               sizeof(st_catalogue_value));
        if (grown == NULL) {
            catalogue->is_memory_out = true;
            return false;
        }
        catalogue->value = grown;
        catalogue->value_capacity = capacity;
    }
    catalogue->value[catalogue->value_count++] = *value;
    return true;
}

/// `factor 2.5`: geometric standard deviation; `40 %`: log-normal coefficient of variation;
/// `4 mL`: normal standard deviation.
static bool read_spread(st_ctx* ctx, const st_node* node, const char* unit_name, st_amount* out)
{
    static const char expected[] = "`40 %` (log-normal), `factor 2.5` (log-normal) or a standard "
                                   "deviation in the unit of the value";
    if (!st_node_expect(ctx, node, ST_NODE_SCALAR)) {
        return false;
    }
    const char* text = node->text;
    const bool is_factor = strncmp(text, "factor ", 7) == 0;
    char why[96];
    double number = 0.0;
    st_unit unit, target;
    const char* unit_text = NULL;
    if (!st_quantity_parse(is_factor ? text + 7 : text, &number, &unit, &unit_text, why,
                           sizeof why)) {
        return st_node_fail(ctx, node, "found '%s' (%s), expected %s", text, why, expected);
    }
    if (is_factor) {
        if (!(number > 1.0) || !st_dim_is_none(&unit.dim) || unit.factor != 1.0) {
            return st_node_fail(ctx, node, "found '%s', expected a factor above 1", text);
        }
        out->ln_sigma = st_log(number);
        return true;
    }
    if (strchr(text, '%') != NULL && st_dim_is_none(&unit.dim)) {
        const double variation = number * unit.factor;
        if (!(variation > 0.0 && variation < 100.0)) {
            return st_node_fail(ctx, node, "found '%s', expected more than 0 %%", text);
        }
        out->ln_sigma = sqrt(st_log(1.0 + variation * variation));
        return true;
    }
    double si = 0.0;
    if (!st_unit_parse(unit_name, &target, why, sizeof why) ||
        !st_quantity_convert(number, &unit, &target.dim, NULL, &si) || !(si > 0.0)) {
        return st_node_fail(ctx, node, "found '%s', expected %s", text, expected);
    }
    out->sd = si / target.factor;
    return true;
}

bool st_amount_read(st_catalogue* catalogue, const st_node* node, const char* name,
                    const st_amount_rule* rule, st_amount* out)
{
    static const char* const known[] = {"value", "spread", "source", "assumed", NULL};
    st_ctx* ctx = catalogue->ctx;
    st_amount amount = {0.0, 0.0, 0.0};
    if (name == NULL) { // its text was made in the arena
        catalogue->is_memory_out = true;
        return false;
    }
    if (node == NULL || !st_node_check_keys(ctx, node, known)) {
        return false;
    }
    const st_node* value = st_node_need(ctx, node, "value", "a quantity");
    if (value == NULL || !st_node_read_quantity(ctx, value, "a value", rule->unit, NULL, rule->lo,
                                                rule->hi, &amount.value)) {
        return false;
    }
    const st_node* spread = st_node_child(node, "spread");
    if (spread != NULL) {
        if (rule->spread == ST_AMOUNT_FIXED) {
            return st_node_fail_key(ctx, spread,
                                    "found a spread, but this value is the same for "
                                    "everybody; expected none");
        }
        if (!read_spread(ctx, spread, rule->unit, &amount)) {
            return false;
        }
        if (rule->spread == ST_AMOUNT_POSITIVE && amount.sd > 0.0) {
            return st_node_fail(ctx, spread,
                                "found '%s', expected `40 %%` or `factor 2.5`: this "
                                "value must stay positive",
                                spread->text);
        }
    }
    const st_node* source = st_node_child(node, "source");
    const st_node* assumed = st_node_child(node, "assumed");
    if ((source == NULL) == (assumed == NULL)) {
        return st_node_fail(ctx, node, "found %s, expected either `source` or `assumed`",
                            source == NULL ? "neither source nor assumed" : "both");
    }
    st_catalogue_value entry = {.name = name, .value = amount.value, .unit = rule->unit};
    if ((source != NULL && !st_node_read_text(ctx, source, &entry.source)) ||
        (assumed != NULL && !st_node_read_text(ctx, assumed, &entry.assumed))) {
        return false;
    }
    *out = amount;
    return st_amount_read_enter(catalogue, &entry);
}
