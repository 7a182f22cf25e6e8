/// \file
/// The contextual response: how much suggestion a treatment carries.                    [PAT-6]
#include "base/base.h"

#include "patient/figure.h"

#include "base/units.h"

#include "stroma/patient.h"

#include <math.h>

struct st_context_rules {
    st_ctx* ctx;
    int state;
    double injection, harvest, open, none;
};

static bool read_into(st_ctx* ctx, const st_model* model, const st_node* node, int* out)
{
    const char* name = NULL;
    if (!st_node_read_text(ctx, node, &name)) {
        return false;
    }
    const int state = st_model_find_state(model, name);
    if (state < 0 || st_model_state(model, state)->kind != ST_STATE_FREE) {
        return st_node_fail(ctx, node, "found %s, expected a variable of the model", name);
    }
    st_unit unit;
    char why[128];
    const char* const text = st_model_state(model, state)->show_unit;
    if (!st_unit_parse(text, &unit, why, sizeof why) || !st_dim_is_none(&unit.dim)) {
        return st_node_fail(ctx, node, "found %s in %s, expected a variable without dimension",
                            name, text);
    }
    *out = state;
    return true;
}

static bool read_table(st_ctx* ctx, const st_model* model, const st_node* table,
                       st_context_rules* rules)
{
    static const char* const KNOWN[] = {"into", "injection", "harvest", "open", "none", NULL};
    const struct {
        const char* key;
        double* out;
    } figures[] = {{"injection", &rules->injection},
                   {"harvest", &rules->harvest},
                   {"open", &rules->open},
                   {"none", &rules->none}};
    if (!st_node_expect(ctx, table, ST_NODE_MAP)) {
        return false;
    }
    bool good = st_node_check_keys(ctx, table, KNOWN);
    const st_node* const into = st_node_need(ctx, table, "into", "a variable of the model");
    good = into != NULL && read_into(ctx, model, into, &rules->state) && good;
    for (int k = 0; k < 4; ++k) {
        const st_node* const node = st_node_need(ctx, table, figures[k].key, "an amount");
        st_figure figure;
        st_range range;
        if (node == NULL ||
            !st_figure_read(ctx, node, "an amount", "1", 0.0, INFINITY, &range, &figure)) {
            good = false;
            continue;
        }
        *figures[k].out = figure.value;
    }
    return good;
}

st_status st_context_rules_read(st_ctx* ctx, const st_model* model, st_context_rules** out)
{
    *out = NULL;
    const st_node* const table = st_model_table(model, "context");
    if (table == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: context: missing; expected the contextual response",
                       st_model_title(model));
    }
    st_context_rules* const rules = st_alloc(ctx, 1, sizeof *rules);
    if (rules == NULL) {
        return ST_ERR_MEMORY;
    }
    rules->ctx = ctx;
    if (!read_table(ctx, model, table, rules)) {
        st_context_rules_destroy(rules);
        return ST_ERR_INPUT;
    }
    *out = rules;
    return ST_OK;
}

void st_context_rules_destroy(st_context_rules* rules)
{
    if (rules != NULL) {
        st_free(rules->ctx, rules);
    }
}

int st_context_rules_state(const st_context_rules* rules)
{
    return rules->state;
}

double st_context_rules_amount(const st_context_rules* rules, const st_context_setting* setting)
{
    double amount = setting->has_injection ? rules->injection : rules->none;
    amount *= setting->has_harvest ? rules->harvest : 1.0;
    amount *= setting->is_open ? rules->open : 1.0;
    return amount;
}
