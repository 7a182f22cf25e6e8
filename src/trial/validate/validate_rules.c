#include "validate_rules.h"

#include "base/maths.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct reader {
    st_ctx* ctx;
    const st_model* model;
    const st_instruments* instruments;
    st_validate_rules* rules;
} reader;

/// Number at `key`, or `otherwise` when the key is missing.
static double number_or(const reader* r, const st_node* map, const char* key, double lo, double hi,
                        double otherwise)
{
    const st_node* node = st_node_child(map, key);
    double value = otherwise;

    if (node != NULL) {
        st_node_read_number(r->ctx, node, lo, hi, &value);
    }
    return value;
}

static double need_number(const reader* r, const st_node* map, const char* key, double lo,
                          double hi)
{
    const st_node* node = st_node_need(r->ctx, map, key, "a number");
    double value = lo;

    if (node != NULL) {
        st_node_read_number(r->ctx, node, lo, hi, &value);
    }
    return value;
}

/// `{ value: 12 vas, source | assumed: why }`
static double need_value(const reader* r, const st_node* map, const char* key, const char* unit,
                         double hi)
{
    static const char* const keys[] = {"value", "source", "assumed", NULL};
    const st_node* node =
        st_node_need(r->ctx, map, key, "a map with value: and assumed: or source:");
    const st_node* value;
    double number = 0.0;

    if (node == NULL || !st_node_check_keys(r->ctx, node, keys)) {
        return 0.0;
    }
    if (st_node_child(node, "source") == NULL && st_node_child(node, "assumed") == NULL) {
        st_node_fail(r->ctx, node, "expected source: or assumed:");
    }
    value = st_node_need(r->ctx, node, "value", "a quantity");
    if (value != NULL && strcmp(unit, "1") == 0) {
        st_node_read_number(r->ctx, value, 0.0, hi, &number);
    } else if (value != NULL) {
        st_node_read_quantity(r->ctx, value, "a quantity", unit, NULL, 0.0, hi, &number);
    }
    return number;
}

static const char* text_or_null(const reader* r, const st_node* map, const char* key)
{
    const st_node* node = st_node_child(map, key);
    const char* text = NULL;

    return node != NULL && st_node_read_text(r->ctx, node, &text) ? text : NULL;
}

static const char* need_text(const reader* r, const st_node* map, const char* key)
{
    const st_node* node = st_node_need(r->ctx, map, key, "a text");
    const char* text = "";

    if (node != NULL) {
        st_node_read_text(r->ctx, node, &text);
    }
    return text;
}

static int need_instrument(const reader* r, const st_node* map)
{
    const st_node* node = st_node_need(r->ctx, map, "instrument", "an instrument of the model");
    int index = -1;

    if (node != NULL) {
        index = st_instruments_find(r->instruments, node->text);
        if (index < 0) {
            st_node_fail(r->ctx, node, "found '%s', expected an instrument of the model",
                         node->text);
        }
    }
    return index;
}

static void* table(const reader* r, const st_node* node, size_t size)
{
    return st_arena_alloc(&r->rules->arena, node == NULL ? 1 : (size_t)node->child_count + 1, size);
}

/// Position of a name among the first `count` names of a list that `at` walks.
static int class_of(const st_validate_rules* rules, const char* name, int count)
{
    for (int i = 0; i < count; ++i) {
        if (rules->intervention[i].class_ != NULL &&
            strcmp(rules->intervention[i].class_, name) == 0) {
            return rules->intervention[i].class_index;
        }
    }
    return -1;
}

static void read_interventions(reader* r, const st_node* map)
{
    static const char* const keys[] = {"arm",  "like",    "skip",   "class",
                                       "dose", "assumed", "source", NULL};
    st_validate_rules* rules = r->rules;
    int classes = 0;

    for (const st_node* node = map->first; node != NULL; node = node->next) {
        st_validate_intervention* to = &rules->intervention[rules->intervention_count];
        const char* like;
        if (!st_node_check_keys(r->ctx, node, keys)) {
            continue;
        }
        *to = (st_validate_intervention){.name = node->key,
                                         .arm = text_or_null(r, node, "arm"),
                                         .skip = text_or_null(r, node, "skip"),
                                         .class_ = text_or_null(r, node, "class"),
                                         .dose = number_or(r, node, "dose", 0, 1e15, 0),
                                         .why = text_or_null(r, node, "assumed")};
        like = text_or_null(r, node, "like");
        if ((to->arm != NULL) + (to->skip != NULL) + (like != NULL) != 1) {
            st_node_fail(r->ctx, node, "expected one of arm:, like: untreated and skip:");
        }
        if (to->skip == NULL && to->class_ == NULL) {
            st_node_fail(r->ctx, node, "missing 'class'");
            continue;
        }
        if (to->class_ != NULL) {
            const int known = class_of(rules, to->class_, rules->intervention_count);
            to->class_index = known >= 0 ? known : classes++;
        }
        rules->intervention_count += 1;
    }
    rules->prior.class_count = classes;
}

static void read_scales(reader* r, const st_node* map)
{
    static const char* const keys[] = {"instrument", "offset",   "slope",  "range", "family",
                                       "person_sd",  "trial_sd", "source", NULL};
    st_validate_rules* rules = r->rules;
    const char* family[64];
    int families = 0;

    for (const st_node* node = map->first; node != NULL; node = node->next) {
        st_validate_scale* to = &rules->scale[rules->scale_count];
        const st_node* range;
        const char* name;
        st_range bounds = {0};
        if (!st_node_check_keys(r->ctx, node, keys)) {
            continue;
        }
        need_text(r, node, "source");
        name = need_text(r, node, "family");
        range = st_node_need(r->ctx, node, "range", "such as 0..100");
        if (range != NULL) {
            st_node_read_range(r->ctx, range, "a range", "1", &bounds);
        }
        *to = (st_validate_scale){.name = node->key,
                                  .instrument = need_instrument(r, node),
                                  .offset = number_or(r, node, "offset", -1e6, 1e6, 0),
                                  .slope = need_number(r, node, "slope", -1e6, 1e6),
                                  .lo = bounds.lo,
                                  .hi = bounds.hi,
                                  .person_sd = number_or(r, node, "person_sd", 0, 1e6, 0),
                                  .trial_sd = number_or(r, node, "trial_sd", 0, 1e6, 0)};
        for (to->family = 0; to->family < families; ++to->family) {
            if (strcmp(family[to->family], name) == 0) {
                break;
            }
        }
        if (to->family == families && families < 64) {
            family[families++] = name;
        }
        if (!(to->hi > to->lo) || to->slope == 0.0) {
            st_node_fail(r->ctx, node,
                         "expected a range that is not empty and a slope that is not 0");
        }
        rules->scale_count += 1;
    }
}

static int read_criteria(reader* r, const st_node* list, st_validate_criterion* out)
{
    static const char* const keys[] = {"instrument", "percent", "points", NULL};
    int count = 0;

    for (const st_node* node = list == NULL ? NULL : list->first; node != NULL; node = node->next) {
        if (!st_node_check_keys(r->ctx, node, keys) || count == ST_VALIDATE_CRITERION_LIMIT) {
            return count;
        }
        out[count++] = (st_validate_criterion){.instrument = need_instrument(r, node),
                                               .percent = need_number(r, node, "percent", 0, 100),
                                               .points = need_number(r, node, "points", 0, 100)};
    }
    return count;
}

static void read_responders(reader* r, const st_node* map)
{
    static const char* const keys[] = {"any", "all", "enough", "source", NULL};

    for (const st_node* node = map->first; node != NULL; node = node->next) {
        st_validate_responder* to = &r->rules->responder[r->rules->responder_count];
        if (!st_node_check_keys(r->ctx, node, keys)) {
            continue;
        }
        *to = (st_validate_responder){.name = node->key};
        to->any_count = read_criteria(r, st_node_child(node, "any"), to->any);
        to->all_count = read_criteria(r, st_node_child(node, "all"), to->all);
        to->enough = (int)number_or(r, node, "enough", 1, fmax(1.0, to->all_count), to->all_count);
        need_text(r, node, "source");
        r->rules->responder_count += 1;
    }
}

static void read_given(reader* r, const st_node* list)
{
    static const char* const keys[] = {"trial", "arm", "n", "dose", "source", NULL};

    for (const st_node* node = list->first; node != NULL; node = node->next) {
        if (st_node_check_keys(r->ctx, node, keys)) {
            r->rules->given[r->rules->given_count++] =
                (st_validate_given){.trial = need_text(r, node, "trial"),
                                    .arm = need_text(r, node, "arm"),
                                    .source = need_text(r, node, "source"),
                                    .n = number_or(r, node, "n", 1, 1e8, NAN),
                                    .dose = number_or(r, node, "dose", 0, 1e15, NAN)};
        }
    }
}

static void read_weights(reader* r, const st_node* map)
{
    static const char* const keys[] = {"full",     "rest",    "cells", "tiny",
                                       "sd_floor", "cohorts", NULL};
    static const char* const full_keys[] = {"blinding", "n", "assumed", NULL};
    static const char* const rest_keys[] = {"between", "within", "assumed", NULL};
    st_validate_rules* rules = r->rules;
    const st_node* full = st_node_need(r->ctx, map, "full", "a map with blinding: and n:");
    const st_node* rest = st_node_need(r->ctx, map, "rest", "a map with between: and within:");
    const st_node* node;

    st_node_check_keys(r->ctx, map, keys);
    if (full != NULL && st_node_check_keys(r->ctx, full, full_keys)) {
        rules->full_n = need_number(r, full, "n", 1, 1e9);
    }
    if (rest != NULL && st_node_check_keys(r->ctx, rest, rest_keys)) {
        if ((node = st_node_need(r->ctx, rest, "between", "a spread")) != NULL) {
            st_node_read_quantity(r->ctx, node, "a spread", "vas", NULL, 0.0, 100.0,
                                  &rules->between_sd);
        }
        if ((node = st_node_need(r->ctx, rest, "within", "a spread")) != NULL) {
            st_node_read_quantity(r->ctx, node, "a spread", "vas", NULL, 0.0, 100.0,
                                  &rules->within_sd);
        }
    }
    rules->cells = st_node_need(r->ctx, map, "cells", "a list of interventions");
    rules->cohorts = st_node_child(map, "cohorts");
    rules->tiny = need_number(r, map, "tiny", 0, 1e9);
    rules->sd_floor = need_number(r, map, "sd_floor", 0, 1);
}

static void read_prior(reader* r, const st_node* map, const char* key, int group)
{
    static const char* const keys[] = {"mean", "sd", "source", "assumed", NULL};
    const st_node* node = st_node_need(r->ctx, map, key, "a map with mean: and sd:");

    if (node != NULL && st_node_check_keys(r->ctx, node, keys)) {
        r->rules->prior.mean[group] = need_number(r, node, "mean", -100, 100);
        r->rules->prior.sd[group] = need_number(r, node, "sd", 0.1, 100);
    }
}

static void read_baseline(reader* r, const st_node* map)
{
    static const char* const keys[] = {"windows", "least_trials", "trials", "improvement",
                                       "share",   "difference",   "level",  NULL};
    st_validate_rules* rules = r->rules;
    const st_node* windows = st_node_need(r->ctx, map, "windows", "a list of months");

    st_node_check_keys(r->ctx, map, keys);
    for (const st_node* node = windows == NULL ? NULL : windows->first;
         node != NULL && rules->window_count < 16; node = node->next) {
        st_node_read_number(r->ctx, node, 0, 1200, &rules->window[rules->window_count++]);
    }
    rules->prior.least_trials = (int)need_number(r, map, "least_trials", 1, 1000);
    rules->prior.trials = need_number(r, map, "trials", 0, 1000);
    read_prior(r, map, "improvement", ST_VALIDATE_IMPROVEMENT);
    read_prior(r, map, "share", ST_VALIDATE_SHARE);
    read_prior(r, map, "difference", ST_VALIDATE_DIFFERENCE);
    read_prior(r, map, "level", ST_VALIDATE_LEVEL);
}

static void read_people(reader* r, const st_node* map)
{
    static const char* const keys[] = {"from", "threshold", "kl", "volume", NULL};
    const st_node* kl;

    st_node_check_keys(r->ctx, map, keys);
    r->rules->people = need_text(r, map, "from");
    r->rules->threshold = need_value(r, map, "threshold", "vas", 100.0);
    r->rules->volume = need_value(r, map, "volume", "mL", 100.0);
    kl = st_node_need(r->ctx, map, "kl", "a range of grades");
    if (kl != NULL) {
        st_node_read_range(r->ctx, kl, "a range of grades", "1", &r->rules->kl);
    }
}

static st_status list_instruments(reader* r)
{
    st_validate_rules* rules = r->rules;

    rules->instrument_count = st_instruments_count(r->instruments);
    rules->instrument_name = st_arena_alloc(&rules->arena, (size_t)rules->instrument_count + 1,
                                            sizeof *rules->instrument_name);
    for (int i = 0; rules->instrument_name != NULL && i < rules->instrument_count; ++i) {
        const char* name = st_instruments_at(r->instruments, i)->name;
        rules->instrument_name[i] = st_arena_text(&rules->arena, name, strlen(name));
    }
    return rules->instrument_name != NULL ? ST_OK : ST_ERR_MEMORY;
}

static void read_rules(reader* r)
{
    static const char* const keys[] = {"validation", "scope",      "people",  "interventions",
                                       "scales",     "responders", "weights", "baseline",
                                       "arms",       NULL};
    static const char* const scope_keys[] = {"joint", "condition", NULL};
    const st_node* root = st_doc_root(r->rules->doc);
    const st_node* scope = st_node_need(r->ctx, root, "scope", "joint: and condition:");
    const st_node* people = st_node_need(r->ctx, root, "people", "from: and threshold:");
    const st_node* interventions = st_node_need(r->ctx, root, "interventions", "a map");
    const st_node* scales = st_node_need(r->ctx, root, "scales", "a map");
    const st_node* responders = st_node_need(r->ctx, root, "responders", "a map");
    const st_node* weights = st_node_need(r->ctx, root, "weights", "a map");
    const st_node* baseline = st_node_need(r->ctx, root, "baseline", "a map");
    const st_node* arms = st_node_need(r->ctx, root, "arms", "a list");

    if (!st_node_check_keys(r->ctx, root, keys) || scope == NULL || people == NULL ||
        interventions == NULL || scales == NULL || responders == NULL || weights == NULL ||
        baseline == NULL || arms == NULL) {
        return;
    }
    r->rules->intervention = table(r, interventions, sizeof *r->rules->intervention);
    r->rules->scale = table(r, scales, sizeof *r->rules->scale);
    r->rules->responder = table(r, responders, sizeof *r->rules->responder);
    r->rules->given = table(r, arms, sizeof *r->rules->given);
    if (r->rules->intervention == NULL || r->rules->scale == NULL || r->rules->responder == NULL ||
        r->rules->given == NULL) {
        return;
    }
    st_node_check_keys(r->ctx, scope, scope_keys);
    r->rules->joints = st_node_need(r->ctx, scope, "joint", "a list of joints");
    r->rules->conditions = st_node_need(r->ctx, scope, "condition", "a list of conditions");
    read_people(r, people);
    read_interventions(r, interventions);
    read_scales(r, scales);
    read_responders(r, responders);
    read_weights(r, weights);
    read_baseline(r, baseline);
    read_given(r, arms);
}

/// Values of the model that are uncertain for everybody. Those that a model does not have are
/// passed over, so that one file serves its variants.
static void read_uncertainty(reader* r)
{
    static const char* const keys[] = {"uncertainty", "trial", "parameters", NULL};
    static const char* const trial_keys[] = {"context", "arm", "onset", "within", NULL};
    static const char* const one_keys[] = {"factor", "sd", "assumed", "source", NULL};
    st_validate_rules* rules = r->rules;
    const st_node* root = st_doc_root(rules->uncertainty);
    const st_node* trial = st_node_need(r->ctx, root, "trial", "a map");
    const st_node* parameters = st_node_need(r->ctx, root, "parameters", "a map");

    if (!st_node_check_keys(r->ctx, root, keys) || trial == NULL || parameters == NULL) {
        return;
    }
    st_node_check_keys(r->ctx, trial, trial_keys);
    rules->context_sd = need_value(r, trial, "context", "vas", 100.0);
    rules->arm_sd = need_value(r, trial, "arm", "vas", 100.0);
    rules->onset_day = need_value(r, trial, "onset", "day", 1e5);
    rules->within_share = need_value(r, trial, "within", "1", 1.0);
    rules->uncertain = table(r, parameters, sizeof *rules->uncertain);
    for (const st_node* node = parameters->first; node != NULL && rules->uncertain != NULL;
         node = node->next) {
        const int index = st_model_find_parameter(r->model, node->key);
        const st_node* factor = st_node_child(node, "factor");
        const st_node* sd = st_node_child(node, "sd");
        st_validate_uncertain* to = &rules->uncertain[rules->uncertain_count];
        double value = 0.0;
        if (!st_node_check_keys(r->ctx, node, one_keys)) {
            continue;
        }
        if ((factor == NULL) == (sd == NULL)) {
            st_node_fail(r->ctx, node, "expected factor: or sd:");
        } else if (index >= 0 && factor != NULL &&
                   st_node_read_number(r->ctx, factor, 1.0, 1e3, &value)) {
            *to = (st_validate_uncertain){index, true, st_log(value)};
            rules->uncertain_count += 1;
        } else if (index >= 0 && sd != NULL &&
                   st_node_read_quantity(r->ctx, sd, "a spread",
                                         st_model_parameter(r->model, index)->unit, NULL, 0.0, 1e12,
                                         &value)) {
            *to = (st_validate_uncertain){index, false, value};
            rules->uncertain_count += 1;
        }
    }
}

st_status st_validate_rules_load(st_ctx* ctx, const char* model_dir, const st_model* model,
                                 const st_instruments* instruments, st_validate_rules* out)
{
    const int before = st_ctx_mistake_count(ctx);
    reader r = {.ctx = ctx, .model = model, .instruments = instruments, .rules = out};
    const char* path;
    st_status status = ST_ERR_MEMORY;

    *out = (st_validate_rules){0};
    st_arena_init(&out->arena, ctx);
    path = st_arena_format(&out->arena, "%s/validation.yaml", model_dir);
    if (path != NULL) {
        status = st_doc_load(ctx, path, &out->doc);
    }
    path = st_arena_format(&out->arena, "%s/uncertainty.yaml", model_dir);
    if (status == ST_OK) {
        status = path == NULL ? ST_ERR_MEMORY : st_doc_load(ctx, path, &out->uncertainty);
    }
    if (status == ST_OK) {
        status = list_instruments(&r);
    }
    if (status == ST_OK) {
        read_rules(&r);
        read_uncertainty(&r);
        out->pain = out->scale_count > 0 ? out->scale[0].instrument : -1;
        if (st_ctx_mistake_count(ctx) != before) {
            status = ST_ERR_INPUT;
        } else if (out->scale_count == 0) {
            status =
                ST_FAIL(ctx, ST_ERR_INPUT, "%s/validation.yaml: scales: found none", model_dir);
        }
    }
    if (status != ST_OK) {
        st_validate_rules_clear(out);
    }
    return status;
}

void st_validate_rules_clear(st_validate_rules* rules)
{
    st_doc_destroy(rules->doc);
    st_doc_destroy(rules->uncertainty);
    if (rules->arena.ctx != NULL) {
        st_arena_clear(&rules->arena);
    }
    *rules = (st_validate_rules){0};
}

const st_validate_intervention* st_validate_rules_intervention(const st_validate_rules* rules,
                                                               const char* name)
{
    for (int i = 0; i < rules->intervention_count; ++i) {
        if (strcmp(rules->intervention[i].name, name) == 0) {
            return &rules->intervention[i];
        }
    }
    return NULL;
}

const st_validate_scale* st_validate_rules_scale(const st_validate_rules* rules, const char* name)
{
    const char* cut = strstr(name, "_difference");
    const size_t length = cut != NULL ? (size_t)(cut - name) : strlen(name);

    for (int i = 0; i < rules->scale_count; ++i) {
        if (strlen(rules->scale[i].name) == length &&
            strncmp(rules->scale[i].name, name, length) == 0) {
            return &rules->scale[i];
        }
    }
    return NULL;
}

const st_validate_responder* st_validate_rules_responder(const st_validate_rules* rules,
                                                         const char* name)
{
    for (int i = 0; i < rules->responder_count; ++i) {
        if (strcmp(rules->responder[i].name, name) == 0) {
            return &rules->responder[i];
        }
    }
    return NULL;
}

bool st_validate_rules_lists(const st_node* list, const char* word)
{
    for (const st_node* node = list == NULL ? NULL : list->first; node != NULL; node = node->next) {
        if (strcmp(node->text, word) == 0) {
            return true;
        }
    }
    return false;
}

int st_validate_rules_window(const st_validate_rules* rules, double month)
{
    int window = 0;

    while (window < rules->window_count && month > rules->window[window]) {
        ++window;
    }
    return window;
}
