#include "validate_forecast.h"
#include "validation.h"

#include "../lookup.h"
#include "../statistics.h"

#include "base/parallel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define VALIDATE_COOKIE 0x76616c69u
#define DRAW_LIMIT      100000
#define PEOPLE_LIMIT    1000000

/// Run defaults.
#define DRAWS  200
#define PEOPLE 24000
#define SEED   20161

st_validate_def st_default_validate_def(void)
{
    return (st_validate_def){.model = "knee-oa",
                             .draws = DRAWS,
                             .people = PEOPLE,
                             .seed = SEED,
                             .cookie = VALIDATE_COOKIE};
}

/// All that one call holds beside the result.
typedef struct job {
    st_ctx* ctx;
    const st_validate_def* def;
    st_validation* v;
    st_model* model;
    st_instruments* instruments;
    st_validate_posterior posterior;
    st_validate_pool pool;
    st_validate_world world;
    st_validate_scratch* scratch; ///< [worker]
    int worker_count;
    double* people; ///< [arm]: effective number
    double* sorted; ///< [draw_count]
    st_validate_baseline_item* item;
    int item_count, item_trials;
    double* base_scratch;
} job;

static st_status check(st_ctx* ctx, const st_validate_def* def)
{
    if (def == NULL || def->cookie != VALIDATE_COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "st_validate_run: start the definition from st_default_validate_def()");
    }
    if (def->table == NULL || def->model_dir == NULL || def->model == NULL) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "st_validate_run: needs a table, a model and its folder");
    }
    if (def->draws < 2 || def->draws > DRAW_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "draws = %d: must be 2 to %d", def->draws, DRAW_LIMIT);
    }
    if (def->people < 64 || def->people > PEOPLE_LIMIT) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "people = %d: must be 64 to %d", def->people,
                       PEOPLE_LIMIT);
    }
    if (def->worker_count < 0) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "workers = %d: must be 0 (one per CPU) or more",
                       def->worker_count);
    }
    return ST_OK;
}

static void tell(st_validation* v, const char* key, const char* value)
{
    if (v->about_count < ST_VALIDATION_ABOUT_LIMIT && value != NULL) {
        v->about_key[v->about_count] = key;
        v->about[v->about_count++] = st_arena_text(&v->arena, value, strlen(value));
    }
}

static st_status load(job* j)
{
    st_validation* v = j->v;
    const st_validate_def* def = j->def;
    const bool is_path = strchr(def->model, '/') != NULL || strstr(def->model, ".yaml") != NULL;
    const char* path =
        is_path ? def->model : st_arena_format(&v->arena, "%s/%s.yaml", def->model_dir, def->model);

    if (path == NULL) {
        return ST_ERR_MEMORY;
    }
    if (!is_path && !st_lookup_exists(path)) {
        return ST_FAIL(j->ctx, ST_ERR_INPUT,
                       "--model: found '%s', expected a shipped model or the "
                       "path of a model file",
                       def->model);
    }
    ST_TRY(st_model_load(j->ctx, path, def->variant, &j->model));
    ST_TRY(st_instruments_read(j->ctx, j->model, &j->instruments));
    ST_TRY(st_validate_rules_load(j->ctx, def->model_dir, j->model, j->instruments, &v->rules));
    ST_TRY(st_evidence_load(j->ctx, def->table, def->keep_going, &v->evidence));
    ST_TRY(st_validate_arms_plan(j->ctx, &v->evidence, &v->rules, &v->plan));
    if (def->train != NULL) {
        v->has_train = true;
        ST_TRY(st_evidence_load(j->ctx, def->train, def->keep_going, &v->train));
        ST_TRY(st_validate_arms_plan(j->ctx, &v->train, &v->rules, &v->train_plan));
    }
    if (def->posterior != NULL) {
        ST_TRY(st_validate_pool_read_posterior(j->ctx, def->posterior, j->model, &v->arena,
                                               &j->posterior));
    }
    return ST_OK;
}

// --- forecasts ------------------------------------------------------------------------------

static st_status forecast_arm(void* arg, int64_t arm, int worker)
{
    job* j = arg;

    if (st_ctx_should_stop(j->ctx)) {
        return ST_ERR_INTERRUPTED;
    }
    if (j->v->plan.arm[arm].is_used) {
        j->people[arm] =
            st_validate_forecast_arm(&j->world, (int)arm, &j->scratch[worker], j->v->draw);
    }
    return ST_OK;
}

static bool make_scratch(job* j)
{
    const size_t people = (size_t)j->pool.person_count;
    bool is_there = true;

    j->scratch = st_alloc(j->ctx, (size_t)j->worker_count, sizeof *j->scratch);
    for (int w = 0; j->scratch != NULL && w < j->worker_count; ++w) {
        st_validate_scratch* s = &j->scratch[w];
        s->weights = st_alloc(j->ctx, st_validate_weights_scratch(j->pool.person_count), 8);
        s->weight = st_alloc(j->ctx, people, sizeof *s->weight);
        s->sum = st_alloc(j->ctx, people, sizeof *s->sum);
        s->person = st_alloc(j->ctx, ST_VALIDATE_FORECAST_PEOPLE, sizeof *s->person);
        s->other = st_alloc(j->ctx, ST_VALIDATE_FORECAST_PEOPLE, sizeof *s->other);
        s->value = st_alloc(j->ctx, ST_VALIDATE_FORECAST_PEOPLE, sizeof *s->value);
        is_there = is_there && s->weights != NULL && s->weight != NULL && s->sum != NULL &&
                   s->person != NULL && s->other != NULL && s->value != NULL;
    }
    return j->scratch != NULL && is_there;
}

static void free_scratch(job* j)
{
    for (int w = 0; j->scratch != NULL && w < j->worker_count; ++w) {
        st_free(j->ctx, j->scratch[w].value);
        st_free(j->ctx, j->scratch[w].other);
        st_free(j->ctx, j->scratch[w].person);
        st_free(j->ctx, j->scratch[w].sum);
        st_free(j->ctx, j->scratch[w].weight);
        st_free(j->ctx, j->scratch[w].weights);
    }
    st_free(j->ctx, j->scratch);
}

static st_status forecast_all(job* j)
{
    st_validation* v = j->v;
    st_pool* pool = NULL;
    st_status status;

    ST_TRY(st_validate_pool_run(j->ctx, j->def, &v->rules, &v->plan,
                                j->posterior.row_count > 0 ? &j->posterior : NULL, &j->pool));
    j->world = (st_validate_world){.rules = &v->rules,
                                   .plan = &v->plan,
                                   .pool = &j->pool,
                                   .instruments = j->instruments,
                                   .seed = j->def->seed,
                                   .draw_count = v->draw_count};
    ST_TRY(st_pool_create(j->ctx, j->def->worker_count, &pool));
    j->worker_count = st_pool_worker_count(pool);
    status = make_scratch(j) ? st_pool_run(pool, v->plan.arm_count, forecast_arm, j, NULL)
                             : ST_ERR_MEMORY;
    st_pool_destroy(pool);
    if (status == ST_ERR_INTERRUPTED) {
        return ST_FAIL(j->ctx, status, "stopped on request");
    }
    return status;
}

// --- baseline -------------------------------------------------------------------------------

/// Points of 100 towards better per printed point.
static double factor_of(const st_validate_item* item, const st_evidence_row* row)
{
    return item->scale == NULL
               ? 1.0
               : (row->lower_is_better ? -100.0 : 100.0) / (item->scale->hi - item->scale->lo);
}

/// The row as the baseline sees it. `knows_outcome`: its own spread is known (training), or not.
static st_validate_baseline_item as_item(const st_validate_rules* rules,
                                         const st_validate_plan* plan, const st_evidence_row* row,
                                         const st_validate_item* item, bool knows_outcome)
{
    const st_validate_arm* arm = &plan->arm[item->arm];
    const double factor = factor_of(item, row);
    double sd = knows_outcome && isfinite(item->people_sd) ? item->people_sd * fabs(factor)
                                                           : rules->within_sd;
    st_validate_baseline_item out = {
        .trial = arm->trial_index,
        .cohort = arm->cohort_index,
        .class_ = arm->how->class_index,
        .family = item->scale != NULL ? item->scale->family
                                      : 1000 + (int)(item->responder - rules->responder),
        .window = st_validate_rules_window(rules, row->month)};

    switch (item->kind) {
    case ST_FORECAST_RESPONDER:
        out.group = ST_VALIDATE_SHARE;
        out.value = item->observed;
        sd = knows_outcome ? fmax(item->people_sd, 20.0) : 50.0;
        break;
    case ST_FORECAST_CONTRAST:
        out.group = ST_VALIDATE_DIFFERENCE;
        out.value = factor * item->observed;
        sd *= 2.0; // two halves of the people
        break;
    case ST_FORECAST_CHANGE:
        out.value = factor * item->observed;
        break;
    case ST_FORECAST_MEAN:
        out.group = isfinite(item->baseline) ? ST_VALIDATE_IMPROVEMENT : ST_VALIDATE_LEVEL;
        out.value = isfinite(item->baseline) ? factor * (item->observed - item->baseline)
                                             : fabs(factor) * (item->observed - item->scale->lo);
        break;
    }
    out.variance = sd * sd / item->n;
    return out;
}

static st_status collect_training(job* j)
{
    const st_validation* v = j->v;
    const st_validate_plan* plan = v->has_train ? &v->train_plan : &v->plan;
    const st_evidence* evidence = v->has_train ? &v->train : &v->evidence;

    j->item = st_alloc(j->ctx, (size_t)plan->item_count + 1, sizeof *j->item);
    j->base_scratch = st_alloc(j->ctx, 3 * (size_t)plan->trial_count + 3, sizeof(double));
    if (j->item == NULL || j->base_scratch == NULL) {
        return ST_ERR_MEMORY;
    }
    j->item_trials = plan->trial_count;
    for (int i = 0; i < plan->item_count; ++i) {
        if (plan->item[i].weight > 0.0) {
            j->item[j->item_count++] =
                as_item(&v->rules, plan, &evidence->row[plan->item[i].row], &plan->item[i], true);
        }
    }
    return ST_OK;
}

/// Cohort of a judged trial in the training table; -1 when it is not there.
static int cohort_in_training(const st_validation* v, const st_validate_arm* arm)
{
    const st_node* other = st_node_child(v->rules.cohorts, arm->trial);

    if (!v->has_train) {
        return arm->cohort_index;
    }
    for (int i = 0; i < v->train_plan.arm_count; ++i) {
        const st_validate_arm* known = &v->train_plan.arm[i];
        const st_node* alias = st_node_child(v->rules.cohorts, known->trial);
        const char* a = other != NULL ? other->text : arm->trial;
        const char* b = alias != NULL ? alias->text : known->trial;
        if (strcmp(a, b) == 0) {
            return known->cohort_index;
        }
    }
    return -1;
}

static void add_baseline(job* j, const st_validate_item* item, const st_evidence_row* row,
                         st_forecast* f)
{
    static const char* const levels[] = {
        "class, scale and time", "class and time", "class", "time", "all trials", "prior"};
    const st_validation* v = j->v;
    st_validate_baseline_item target = as_item(&v->rules, &v->plan, row, item, false);
    double mean, sd;
    int level;

    target.cohort = cohort_in_training(v, &v->plan.arm[item->arm]);
    st_validate_baseline_predict(j->item, j->item_count, j->item_trials, &target, &v->rules.prior,
                                 j->base_scratch, &mean, &sd, &level);
    f->base_cell = levels[level];
    f->base_sd = sd / fabs(f->factor);
    if (target.group == ST_VALIDATE_LEVEL) {
        f->base_mean = item->scale->lo + mean / fabs(f->factor);
    } else {
        f->base_mean = mean / f->factor + (item->kind == ST_FORECAST_MEAN ? item->baseline : 0.0);
    }
    // It knows the scale's ends and where the arm began.
    if (item->scale != NULL && isfinite(item->baseline)) {
        const double from = item->kind == ST_FORECAST_CHANGE ? item->baseline : 0.0;
        f->base_mean = fmin(fmax(f->base_mean, item->scale->lo - from), item->scale->hi - from);
    }
    f->base_crps = st_validate_score_crps_normal(f->base_mean, f->base_sd, f->observed);
}

// --- results --------------------------------------------------------------------------------

/// What may stand behind the distance, from what is known about the arm.
static const char* reason_of(st_validation* v, const st_validate_item* item,
                             const st_evidence_row* row, const st_forecast* f)
{
    const double z = (f->observed - f->mean) / fmax(f->sd, 1e-12);
    const double better = f->factor * (f->observed - f->mean);
    const char* kind;

    if (fabs(z) < 1.0) {
        return "inside one standard deviation of the forecast";
    }
    if (row->is_check) {
        kind = "the page's numbers are marked doubtful in the table";
    } else if (item->n < 15.0) {
        kind = "a small arm, where few people decide";
    } else if (strcmp(row->control, "none") == 0) {
        kind = "an uncontrolled series: selection and reporting beyond the model's context";
    } else if (strcmp(row->intervention, "saline") == 0) {
        kind = "a placebo arm: this trial's contextual change differs from the model's";
    } else if (strcmp(row->blinding, "open") == 0) {
        kind = "people knew their arm";
    } else {
        kind =
            "context and product cannot be told apart here; the placebo level of the trial moves "
            "every arm";
    }
    return st_arena_format(&v->arena, "observed %.0f of 100 %s than predicted (%.1f SD): %s",
                           fabs(better), better > 0.0 ? "better" : "worse", fabs(z), kind);
}

static const char* note_of(st_validation* v, const st_validate_item* item, const st_forecast* f)
{
    const bool is_converted =
        item->scale != NULL && (item->scale->person_sd > 0.0 || item->scale->trial_sd > 0.0);
    const bool has_direction = item->unscored != NULL && item->kind != ST_FORECAST_RESPONDER &&
                               (item->kind != ST_FORECAST_MEAN || isfinite(item->baseline));
    const double from = item->kind == ST_FORECAST_MEAN ? item->baseline : 0.0;

    return st_arena_format(&v->arena, "%s%s%s%s%sbaseline forecast from %s",
                           item->unscored != NULL ? item->unscored : "",
                           item->unscored != NULL ? "; " : "",
                           !has_direction                                  ? ""
                           : (f->observed - from) * (f->mean - from) > 0.0 ? "direction right; "
                                                                           : "direction wrong; ",
                           item->is_median ? "median; " : "",
                           is_converted ? "scale converted with error; " : "", f->base_cell);
}

static void fill_forecast(job* j, int index, st_forecast* f)
{
    static const double p[ST_FORECAST_QUANTILE_COUNT] = {0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975};
    st_validation* v = j->v;
    const st_validate_item* item = &v->plan.item[index];
    const st_evidence_row* row = &v->evidence.row[item->row];
    const st_validate_arm* arm = &v->plan.arm[item->arm];
    const int draws = v->draw_count;

    *f = (st_forecast){.line = row->line,
                       .arm = -1,
                       .trial_id = arm->trial,
                       .arm_id = arm->id,
                       .label = arm->label,
                       .intervention = arm->intervention,
                       .scale = row->scale,
                       .source = row->source,
                       .month = row->month,
                       .n = item->n,
                       .kind = item->kind,
                       .is_median = item->is_median,
                       .baseline = item->baseline,
                       .observed = item->observed,
                       .observed_sd = item->people_sd,
                       .weight = item->weight,
                       .factor = factor_of(item, row),
                       .draw = v->draw + (size_t)index * (size_t)draws};
    f->mean = st_statistics_mean(f->draw, draws);
    f->sd = st_statistics_sd(f->draw, draws);
    memcpy(j->sorted, f->draw, (size_t)draws * sizeof *j->sorted);
    st_statistics_sort(j->sorted, draws);
    for (int q = 0; q < ST_FORECAST_QUANTILE_COUNT; ++q) {
        f->quantile[q] = st_validate_score_quantile(j->sorted, draws, p[q]);
    }
    f->pit = st_validate_score_pit(j->sorted, draws, f->observed);
    f->crps = st_validate_score_crps(j->sorted, draws, f->observed);
    add_baseline(j, item, row, f);
    f->note = note_of(v, item, f);
    f->reason = reason_of(v, item, row, f);
}

/// Rows of arms that the pool has nobody for go to the skipped ones.
static void drop_empty_arms(job* j)
{
    st_validate_plan* plan = &j->v->plan;
    int kept = 0;

    for (int i = 0; i < plan->item_count; ++i) {
        const st_validate_item item = plan->item[i];
        const st_evidence_row* row = &j->v->evidence.row[item.row];
        if (j->people[item.arm] > 0.0) {
            memmove(j->v->draw + (size_t)kept * (size_t)j->v->draw_count,
                    j->v->draw + (size_t)i * (size_t)j->v->draw_count,
                    (size_t)j->v->draw_count * sizeof(double));
            plan->item[kept++] = item;
            continue;
        }
        if (item.unscored == NULL) {
            plan->skipped[plan->skipped_count++] =
                (st_skipped_row){row->line,
                                 row->trial,
                                 row->arm,
                                 row->scale,
                                 st_table_cell(j->v->evidence.table, item.row,
                                               st_table_column(j->v->evidence.table, "month")),
                                 "nobody in the people file is like the people of this arm"};
        }
    }
    plan->item_count = kept;
}

static void sort_skipped(st_validate_plan* plan)
{
    for (int i = 1; i < plan->skipped_count; ++i) {
        const st_skipped_row row = plan->skipped[i];
        int at = i;
        for (; at > 0 && plan->skipped[at - 1].line > row.line; --at) {
            plan->skipped[at] = plan->skipped[at - 1];
        }
        plan->skipped[at] = row;
    }
}

/// Lists the arms that were computed.
static void list_arms(job* j)
{
    st_validation* v = j->v;

    for (int a = 0; a < v->plan.arm_count; ++a) {
        const st_validate_arm* arm = &v->plan.arm[a];
        bool is_seen = false;
        for (int i = 0; i < v->forecast_count; ++i) {
            if (v->plan.item[i].arm == a) {
                v->forecast[i].arm = v->arm_count;
                is_seen = true;
            }
        }
        if (is_seen) {
            v->arm[v->arm_count++] = (st_validation_arm){
                .trial_id = arm->trial,
                .arm_id = arm->id,
                .label = arm->label,
                .intervention = arm->intervention,
                .computed = arm->recipe >= 0 ? v->plan.recipe[arm->recipe] : "nothing done",
                .defaults = arm->defaults,
                .n = arm->n,
                .people = j->people[a]};
        }
    }
}

static void count_trials(st_validation* v)
{
    for (int t = 0; t < v->plan.trial_count; ++t) {
        bool is_seen = false;
        for (int i = 0; i < v->plan.item_count; ++i) {
            is_seen = is_seen || (v->plan.item[i].weight > 0.0 &&
                                  v->plan.arm[v->plan.item[i].arm].trial_index == t);
        }
        v->trial_count += is_seen;
    }
    for (int i = 0; i < v->plan.item_count; ++i) {
        v->scored_count += v->plan.item[i].weight > 0.0;
    }
}

static void tell_all(job* j)
{
    st_validation* v = j->v;
    char number[32];

    tell(v, "program", st_version());
    tell(v, "model", st_model_title(j->model));
    tell(v, "variant", j->def->variant);
    tell(v, "table", st_lookup_base_name(j->def->table));
    tell(v, "train", j->def->train != NULL ? st_lookup_base_name(j->def->train) : NULL);
    tell(v, "posterior", j->def->posterior != NULL ? st_lookup_base_name(j->def->posterior) : NULL);
    snprintf(number, sizeof number, "%llu", (unsigned long long)j->def->seed);
    tell(v, "seed", number);
    snprintf(number, sizeof number, "%d", j->def->draws);
    tell(v, "draws", number);
    snprintf(number, sizeof number, "%d", j->pool.person_count);
    tell(v, "people", number);
}

static st_status run(job* j)
{
    st_validation* v = j->v;
    int rows;

    ST_TRY(load(j));
    v->draw_count = j->def->draws;
    v->seed = j->def->seed;
    v->draw =
        st_alloc(j->ctx, (size_t)v->plan.item_count * (size_t)v->draw_count + 1, sizeof *v->draw);
    v->forecast = st_arena_alloc(&v->arena, (size_t)v->plan.item_count + 1, sizeof *v->forecast);
    v->arm = st_arena_alloc(&v->arena, (size_t)v->plan.arm_count + 1, sizeof *v->arm);
    j->people = st_alloc(j->ctx, (size_t)v->plan.arm_count + 1, sizeof *j->people);
    j->sorted = st_alloc(j->ctx, (size_t)v->draw_count, sizeof *j->sorted);
    if (v->draw == NULL || v->forecast == NULL || v->arm == NULL || j->people == NULL ||
        j->sorted == NULL) {
        return ST_ERR_MEMORY;
    }
    if (v->plan.item_count > 0) {
        ST_TRY(forecast_all(j));
        drop_empty_arms(j);
    }
    sort_skipped(&v->plan);
    ST_TRY(collect_training(j));
    for (int i = 0; i < v->plan.item_count; ++i) {
        fill_forecast(j, i, &v->forecast[i]);
    }
    v->forecast_count = v->plan.item_count;
    list_arms(j);
    count_trials(v);
    tell_all(j);
    if (!st_validation_some_scores(j->ctx, v, NULL, NULL, &v->scores, &rows)) {
        const st_validation_score none = {NAN, NAN, NAN};
        v->scores = (st_validation_scores){none, none, none, none, none};
        return v->scored_count > 0 ? ST_ERR_MEMORY : ST_OK;
    }
    return ST_OK;
}

st_status st_validate_run(st_ctx* ctx, const st_validate_def* def, st_validation** out)
{
    job j = {.ctx = ctx, .def = def};
    st_status status;

    *out = NULL;
    ST_TRY(check(ctx, def));
    j.v = st_alloc(ctx, 1, sizeof *j.v);
    if (j.v == NULL) {
        return ST_ERR_MEMORY;
    }
    j.v->ctx = ctx;
    st_arena_init(&j.v->arena, ctx);
    status = run(&j);
    free_scratch(&j);
    st_free(ctx, j.base_scratch);
    st_free(ctx, j.item);
    st_free(ctx, j.sorted);
    st_free(ctx, j.people);
    st_validate_pool_clear(ctx, &j.pool);
    st_instruments_destroy(j.instruments);
    st_model_destroy(j.model);
    if (status != ST_OK) {
        st_validation_destroy(j.v);
        return status;
    }
    *out = j.v;
    return ST_OK;
}
