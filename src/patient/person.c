/// \file
/// From a person to the numbers of one model: parameters with this person's spread, inputs from
/// attributes.                                                                          [PAT-3]
#include "base/base.h"

#include "patient/cholesky.h"
#include "patient/name_key.h"

#include "base/maths.h"
#include "base/random.h"
#include "base/units.h"

#include "stroma/patient.h"

#include <math.h>
#include <string.h>

/// A parameter that differs between people.
typedef struct varied {
    int parameter;
    st_spread_kind kind;
    double value, spread;
    double lo, hi;
    double p_lo, p_hi;        ///< shares of the uncut distribution below lo and up to hi
    uint64_t key;             ///< of the name
    int link_begin, link_end; ///< correlated ones: weights of own draws
} varied;

typedef struct link {
    int varied; ///< whose draw
    double weight;
} link;

typedef struct fed {
    int input, attribute;
    double factor; ///< model unit per attribute unit
} fed;

struct st_person_plan {
    st_ctx* ctx;
    const st_model* model;
    int parameter_count, input_count;
    int varied_count;
    varied* varied;
    link* link; ///< rows of the Cholesky factor, zeros left out; NULL without correlations
    int fed_count;
    fed fed[ST_ATTRIBUTE_COUNT];
};

// --- making the plan ------------------------------------------------------------------------

static double share_below(const varied* v, double bound)
{
    if (!isfinite(bound)) {
        return bound > 0.0 ? 1.0 : 0.0;
    }
    if (v->kind == ST_SPREAD_NORMAL) {
        return st_normal_cdf((bound - v->value) / v->spread);
    }
    return bound / v->value <= 0.0 ? 0.0 : st_normal_cdf(st_log(bound / v->value) / v->spread);
}

static st_status add_varied(st_person_plan* plan, int parameter)
{
    const st_parameter_info* const info = st_model_parameter(plan->model, parameter);
    if (info->spread_kind == ST_SPREAD_NONE || !(info->spread > 0.0)) {
        return ST_OK;
    }
    varied* const v = &plan->varied[plan->varied_count];
    *v = (varied){
        .parameter = parameter,
        .kind = info->spread_kind,
        .value = info->value,
        .spread = info->spread,
        .lo = info->lo,
        .hi = info->hi,
        .key = st_name_key(info->name),
    };
    v->p_lo = share_below(v, v->lo);
    v->p_hi = share_below(v, v->hi);
    if (v->kind == ST_SPREAD_LOGNORMAL && v->value < 0.0) { // the order turns round
        const double below = v->p_lo;
        v->p_lo = isfinite(v->hi) ? v->p_hi : 0.0;
        v->p_hi = isfinite(v->lo) ? below : 1.0;
    }
    if (!(v->p_hi - v->p_lo > 1e-9)) {
        return ST_FAIL(plan->ctx, ST_ERR_INPUT, "parameter %s: its range %g..%g %s holds nobody",
                       info->name, info->lo, info->hi, info->unit);
    }
    plan->varied_count += 1;
    return ST_OK;
}

// Names the first row that fails and its strongest partner.
static st_status refuse(st_person_plan* plan, const double* matrix, int row)
{
    const int n = plan->varied_count;
    int worst = 0;
    for (int j = 1; j < row; ++j) {
        if (fabs(matrix[row * n + j]) > fabs(matrix[row * n + worst])) {
            worst = j;
        }
    }
    const st_model* const model = plan->model;
    return ST_FAIL(
        plan->ctx, ST_ERR_INPUT,
        "parameters %s and %s: their correlation %g cannot hold together with the others",
        st_model_parameter(model, plan->varied[worst].parameter)->name,
        st_model_parameter(model, plan->varied[row].parameter)->name, matrix[row * n + worst]);
}

static st_status keep_links(st_person_plan* plan, const double* factor)
{
    const int n = plan->varied_count;
    int count = 0;
    for (int k = 0; k < n * n; ++k) {
        count += factor[k] != 0.0;
    }
    plan->link = st_alloc(plan->ctx, (size_t)count, sizeof *plan->link);
    if (plan->link == NULL) {
        return ST_ERR_MEMORY;
    }
    count = 0;
    for (int i = 0; i < n; ++i) {
        plan->varied[i].link_begin = count;
        for (int j = 0; j <= i; ++j) {
            if (factor[i * n + j] != 0.0) {
                plan->link[count++] = (link){.varied = j, .weight = factor[i * n + j]};
            }
        }
        plan->varied[i].link_end = count;
    }
    return ST_OK;
}

static st_status correlate(st_person_plan* plan)
{
    const int n = plan->varied_count;
    double* const matrix = st_alloc(plan->ctx, 2 * (size_t)n * (size_t)n, sizeof *matrix);
    if (matrix == NULL) {
        return ST_ERR_MEMORY;
    }
    double* const factor = matrix + (size_t)n * (size_t)n;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            matrix[i * n + j] = i == j
                                    ? 1.0
                                    : st_model_correlation(plan->model, plan->varied[i].parameter,
                                                           plan->varied[j].parameter);
        }
    }
    const int row = st_cholesky_factor(n, matrix, factor);
    const st_status status = row >= 0 ? refuse(plan, matrix, row) : keep_links(plan, factor);
    st_free(plan->ctx, matrix);
    return status;
}

static st_status feed(st_person_plan* plan, int attribute)
{
    const st_attribute_info* const about = st_attribute_about((st_attribute)attribute);
    const int input = st_model_find_input(plan->model, about->name);
    if (input < 0) {
        return ST_OK;
    }
    const st_input_info* const info = st_model_input(plan->model, input);
    char why[128] = "";
    st_unit from;
    st_unit to;
    const bool is_read = st_unit_parse(about->unit, &from, why, sizeof why) &&
                         st_unit_parse(info->show_unit, &to, why, sizeof why);
    if (!is_read || !st_dim_equal(&from.dim, &to.dim)) {
        return ST_FAIL(plan->ctx, ST_ERR_INPUT,
                       "input %s: found unit %s, expected the dimension of %s as it comes from "
                       "the person",
                       info->name, info->show_unit, about->unit);
    }
    plan->fed[plan->fed_count++] = (fed){
        .input = input,
        .attribute = attribute,
        .factor = from.factor * st_units_from_si(&ST_UNITS_POPULATION, &from.dim),
    };
    return ST_OK;
}

static st_status fill(st_person_plan* plan)
{
    plan->parameter_count = st_model_parameter_count(plan->model);
    plan->input_count = st_model_input_count(plan->model);
    plan->varied = st_alloc(plan->ctx, (size_t)plan->parameter_count, sizeof *plan->varied);
    if (plan->varied == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < plan->parameter_count; ++i) {
        ST_TRY(add_varied(plan, i));
    }
    for (int i = 0; i < ST_ATTRIBUTE_COUNT; ++i) {
        ST_TRY(feed(plan, i));
    }
    return correlate(plan);
}

st_status st_person_plan_create(st_ctx* ctx, const st_model* model, st_person_plan** out)
{
    *out = NULL;
    st_person_plan* const plan = st_alloc(ctx, 1, sizeof *plan);
    if (plan == NULL) {
        return ST_ERR_MEMORY;
    }
    plan->ctx = ctx;
    plan->model = model;
    const st_status status = fill(plan);
    if (status != ST_OK) {
        st_person_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return ST_OK;
}

void st_person_plan_destroy(st_person_plan* plan)
{
    if (plan == NULL) {
        return;
    }
    st_free(plan->ctx, plan->link);
    st_free(plan->ctx, plan->varied);
    st_free(plan->ctx, plan);
}

// --- one person -----------------------------------------------------------------------------

static double value_at(const varied* v, double score)
{
    double z = score;
    if (v->p_lo > 0.0 || v->p_hi < 1.0) { // a range cuts; the order of people stays
        const double p = v->p_lo + st_normal_cdf(score) * (v->p_hi - v->p_lo);
        z = st_normal_quantile(fmin(fmax(p, 1e-300), 1.0 - 0x1p-53));
    }
    const double x =
        v->kind == ST_SPREAD_NORMAL ? v->value + v->spread * z : v->value * st_exp(v->spread * z);
    return fmin(fmax(x, v->lo), v->hi);
}

void st_person_setup(const st_person_plan* plan, const st_person* person, uint64_t seed,
                     double* parameter, double* input)
{
    const st_random_key key = {.seed = seed, .stream = ST_STREAM_PARAMETER, .id = person->id};
    for (int i = 0; i < plan->parameter_count; ++i) {
        parameter[i] = st_model_parameter(plan->model, i)->value;
    }
    // own draws first, parked in the places of the values
    for (int i = 0; i < plan->varied_count; ++i) {
        parameter[plan->varied[i].parameter] = st_random_normal(&key, plan->varied[i].key);
    }
    // a factor's row needs only earlier draws, so going backwards overwrites none that is needed
    for (int i = plan->varied_count - 1; i >= 0; --i) {
        const varied* const v = &plan->varied[i];
        double score = 0.0;
        for (int k = v->link_begin; k < v->link_end; ++k) {
            const link* const l = &plan->link[k];
            score += l->weight * parameter[plan->varied[l->varied].parameter];
        }
        parameter[v->parameter] = value_at(v, score);
    }
    for (int i = 0; i < plan->input_count; ++i) {
        input[i] = st_model_input(plan->model, i)->value;
    }
    for (int i = 0; i < plan->fed_count; ++i) {
        const fed* const f = &plan->fed[i];
        input[f->input] = person->value[f->attribute] * f->factor;
    }
}
