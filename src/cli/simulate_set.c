#include "simulate_set.h"

#include "base/doc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/// What a name stands for.
typedef struct target {
    st_action_kind kind; ///< ST_ACTION_SET for a state
    int index;
    bool is_parameter;
    const char* unit; ///< as people see it
    double factor;    ///< shown = model * factor
} target;

static bool find_target(const st_model* model, const char* name, target* out)
{
    int i = st_model_find_parameter(model, name);
    if (i >= 0) {
        const st_parameter_info* p = st_model_parameter(model, i);
        *out = (target){
            .index = i, .is_parameter = true, .unit = p->show_unit, .factor = p->show_factor};
        return true;
    }
    i = st_model_find_input(model, name);
    if (i >= 0) {
        const st_input_info* in = st_model_input(model, i);
        *out = (target){
            .kind = ST_ACTION_INPUT, .index = i, .unit = in->show_unit, .factor = in->show_factor};
        return true;
    }
    i = st_model_find_state(model, name);
    if (i >= 0) {
        const st_state_info* s = st_model_state(model, i);
        *out = (target){
            .kind = ST_ACTION_SET, .index = i, .unit = s->show_unit, .factor = s->show_factor};
        return true;
    }
    return false;
}

#define NAMES 512

static st_status fail_name(st_ctx* ctx, const st_model* model, const char* name)
{
    const char* known[NAMES];
    int count = 0;
    for (int i = 0; i < st_model_parameter_count(model) && count < NAMES; i++) {
        known[count++] = st_model_parameter(model, i)->name;
    }
    for (int i = 0; i < st_model_input_count(model) && count < NAMES; i++) {
        known[count++] = st_model_input(model, i)->name;
    }
    for (int i = 0; i < st_model_state_count(model) && count < NAMES; i++) {
        known[count++] = st_model_state(model, i)->name;
    }
    const char* near = st_name_nearest(name, known, count);
    return ST_FAIL(ctx, ST_ERR_INPUT, "--set: '%s' is no parameter, input or state%s%s%s", name,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/// Reads `text` in `unit`.
static st_status read_quantity(st_ctx* ctx, const char* what, const char* text, const char* unit,
                               double* out)
{
    double number;
    st_unit from;
    st_unit to;
    const char* unit_text;
    char why[160];
    if (!st_quantity_parse(text, &number, &from, &unit_text, why, sizeof why)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: found '%s', expected a quantity: %s", what, text,
                       why);
    }
    if (!st_unit_parse(unit, &to, why, sizeof why) ||
        !st_quantity_express(number, &from, &to, NULL, out) || !isfinite(*out)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: found '%s', expected a quantity in units of '%s'",
                       what, text, unit);
    }
    return ST_OK;
}

st_status st_simulate_set_time(st_ctx* ctx, const char* option, const char* text, double* day)
{
    ST_TRY(read_quantity(ctx, option, text, "day", day));
    if (!(*day > 0.0)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "%s: found '%s', expected a time above 0", option, text);
    }
    return ST_OK;
}

static st_status apply_one(st_ctx* ctx, const st_model* model, const char* text, double begin_day,
                           double* parameter, double* input, st_action* action, int* action_count)
{
    const size_t length = strcspn(text, "=");
    char name[160];
    char what[192];
    target t;
    double shown = 0.0;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    snprintf(what, sizeof what, "--set %s", name);
    if (!find_target(model, name, &t)) {
        return fail_name(ctx, model, name);
    }
    ST_TRY(read_quantity(ctx, what, text + length + 1, t.unit, &shown));
    const double value = shown / t.factor;
    if (t.is_parameter) {
        parameter[t.index] = value;
    } else if (t.kind == ST_ACTION_INPUT) {
        input[t.index] = value;
    } else {
        action[(*action_count)++] =
            (st_action){.day = begin_day, .kind = t.kind, .index = t.index, .value = value};
    }
    return ST_OK;
}

st_status st_simulate_set_apply(st_ctx* ctx, const st_model* model, const st_arguments* arguments,
                                double begin_day, double* parameter, double* input,
                                st_action* action, int* action_count)
{
    st_status status = ST_OK;
    for (int i = 0; i < arguments->set_count; i++) {
        const st_status one = apply_one(ctx, model, arguments->set[i], begin_day, parameter, input,
                                        action, action_count);
        status = status == ST_OK ? one : status;
    }
    return status;
}
