#include "later.h"

#include "entry.h"
#include "lookup.h"
#include "study.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

#define YEARS_LIMIT 36525.0

static const char* const estimand_names[] = {"treatment policy", "hypothetical", "composite"};

const char* st_later_estimand_name(st_estimand estimand)
{
    return estimand_names[estimand];
}

// --- parts that several tables share ---------------------------------------------------------

static void read_estimand(st_ctx* ctx, const st_node* map, st_estimand* out)
{
    const st_node* node = st_node_child(map, "estimand");
    int choice = 0;

    if (node != NULL && st_node_read_choice(ctx, node, estimand_names, 3, &choice)) {
        *out = (st_estimand)choice;
    }
}

/// A measure of the study by name, -1 after a reported mistake.
static int read_measure_name(st_ctx* ctx, const st_study* study, const st_node* node,
                             const char* word)
{
    const char* near;
    const char* names[64];
    const int found = st_study_find_measure(study, word);
    int count = 0;

    if (found >= 0) {
        return found;
    }
    for (; count < study->measure_count && count < 64; ++count) {
        names[count] = st_instruments_at(study->instruments, study->measure[count])->name;
    }
    near = st_name_nearest(word, names, count);
    st_node_fail(ctx, node, "found '%s', expected an instrument of measure:%s%s%s", word,
                 near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                 near == NULL ? "" : "'?");
    return -1;
}

/// `when: { vas_pain: ">= 60 vas" }`
void st_later_read_trigger(st_ctx* ctx, const st_study* study, const st_node* when, st_trigger* out)
{
    const st_node* bound = when->first;

    if (!st_node_expect(ctx, when, ST_NODE_MAP)) {
        return;
    }
    if (when->child_count != 1) {
        st_node_fail(ctx, when, "found %d scores, expected one such as { vas_pain: \">= 60 vas\" }",
                     when->child_count);
        return;
    }
    out->measure = read_measure_name(ctx, study, bound, bound->key);
    if (out->measure >= 0) {
        const st_instrument_info* about =
            st_instruments_at(study->instruments, study->measure[out->measure]);
        out->is_set =
            st_node_read_range(ctx, bound, "a bound on a score", about->unit, &out->range);
    }
}

static double read_days(st_ctx* ctx, const st_node* map, const char* key, double otherwise)
{
    const st_node* node = st_node_child(map, key);
    double day = otherwise;

    if (node != NULL) {
        st_node_read_quantity(ctx, node, "a time", "day", NULL, 0.0, YEARS_LIMIT, &day);
    }
    return day;
}

// --- the tables of a study ------------------------------------------------------------------

static void read_rate(st_ctx* ctx, const st_node* rate, double* per_day)
{
    // Read in the unit that trials print, so that messages speak in it.
    st_unit printed, inner;
    char why[64];
    double percent = 0.0;

    if (st_node_read_quantity(ctx, rate, "a rate", "%/year", NULL, 0.0, 1e4, &percent) &&
        st_unit_parse("%/year", &printed, why, sizeof why) &&
        st_unit_parse("1/day", &inner, why, sizeof why)) {
        *per_day = percent * (printed.factor / inner.factor);
    }
}

static void read_drop_out(st_ctx* ctx, st_study* study, const st_node* root)
{
    static const char* const keys[] = {"rate",         "depends_on", "around",
                                       "doubles_with", "sees",       NULL};
    static const char* const sees[] = {"the last reading", "the missed reading"};
    const st_node* map = st_node_child(root, "drop_out");
    const st_node* node;
    int choice = 0;

    study->drop_out.measure = -1;
    if (map == NULL || !st_node_check_keys(ctx, map, keys)) {
        return;
    }
    node = st_node_need(ctx, map, "rate", "a rate such as 8 %/year");
    if (node != NULL) {
        read_rate(ctx, node, &study->drop_out.per_day);
    }
    node = st_node_child(map, "depends_on");
    if (node == NULL) {
        for (int i = 2; keys[i] != NULL; ++i) {
            const st_node* lonely = st_node_child(map, keys[i]);
            if (lonely != NULL) {
                st_node_fail_key(ctx, lonely, "needs depends_on: a score that leaving depends on");
            }
        }
        return;
    }
    study->drop_out.measure = read_measure_name(ctx, study, node, node->text);
    if (study->drop_out.measure >= 0) {
        const st_instrument_info* about =
            st_instruments_at(study->instruments, study->measure[study->drop_out.measure]);
        const st_node* around =
            st_node_need(ctx, map, "around", "the score at which rate: holds, such as 50 vas");
        const st_node* doubles =
            st_node_need(ctx, map, "doubles_with", "points that double the rate, such as 20 vas");
        if (around != NULL) {
            st_node_read_quantity(ctx, around, "a score", about->unit, NULL, about->lo, about->hi,
                                  &study->drop_out.around);
        }
        if (doubles != NULL &&
            st_node_read_quantity(ctx, doubles, "a difference of scores", about->unit, NULL,
                                  about->lo - about->hi, about->hi - about->lo,
                                  &study->drop_out.doubles_with) &&
            fabs(study->drop_out.doubles_with) < 1e-2 * (about->hi - about->lo)) {
            st_node_fail(ctx, doubles, "found '%s', expected at least a hundredth of the scale",
                         doubles->text);
        }
    }
    node = st_node_child(map, "sees");
    if (node != NULL && st_node_read_choice(ctx, node, sees, 2, &choice)) {
        study->drop_out.sees_missed = choice == 1;
    }
}

/// `set: { analgesic: 1 }` for inputs, `add: { relief: 10 vas }` for states.
static void read_changes(st_ctx* ctx, const st_study* study, const st_node* map, bool is_input,
                         st_rescue* out)
{
    if (!st_node_expect(ctx, map, ST_NODE_MAP)) {
        return;
    }
    for (const st_node* node = map->first; node != NULL; node = node->next) {
        const int index = is_input ? st_model_find_input(study->model, node->key)
                                   : st_model_find_state(study->model, node->key);
        const char* unit;
        double value;

        if (index < 0) {
            st_node_fail_key(ctx, node, "found '%s', expected %s of the model", node->key,
                             is_input ? "an input" : "a state");
            continue;
        }
        if (out->change_count == ST_LATER_CHANGE_LIMIT) {
            st_node_fail_key(ctx, node, "found more than %d changes", ST_LATER_CHANGE_LIMIT);
            return;
        }
        unit = is_input ? st_model_input(study->model, index)->unit
                        : st_model_state(study->model, index)->unit;
        if (st_node_read_quantity(ctx, node, "a value", unit, NULL, -INFINITY, INFINITY, &value)) {
            out->change[out->change_count++] = (st_action){
                .kind = is_input ? ST_ACTION_INPUT : ST_ACTION_ADD, .index = index, .value = value};
        }
    }
}

/// "vas_pain >= 70 vas from day 30 on: analgesic 1; readings after it count as missing".
static const char* rescue_text(st_study* study, const st_node* when, const st_node* set,
                               const st_node* add)
{
    static const char* const meaning[] = {
        [ST_ESTIMAND_POLICY] = "readings after it count as they are (treatment policy)",
        [ST_ESTIMAND_HYPOTHETICAL] = "readings after it count as missing (hypothetical)",
        [ST_ESTIMAND_COMPOSITE] = "from then on the change counts as 0 (composite)"};
    const st_node* const table[2] = {set, add};
    const char* text = st_arena_format(&study->arena, "%s %s", when->first->key, when->first->text);

    if (text != NULL && study->rescue.after_day > 0.0) {
        text = st_arena_format(&study->arena, "%s from day %.0f on", text, study->rescue.after_day);
    }
    for (int i = 0; i < 2; ++i) {
        for (const st_node* node = table[i] == NULL ? NULL : table[i]->first;
             node != NULL && text != NULL; node = node->next) {
            text = st_arena_format(&study->arena, "%s, %s%s %s", text, i == 0 ? "" : "adds to ",
                                   node->key, node->text);
        }
    }
    return text == NULL
               ? NULL
               : st_arena_format(&study->arena, "%s; %s", text, meaning[study->rescue.estimand]);
}

static st_status read_rescue(st_ctx* ctx, st_study* study, const st_node* root)
{
    static const char* const keys[] = {"when", "after", "set", "add", "estimand", NULL};
    const st_node* map = st_node_child(root, "rescue");
    const st_node* when;
    const st_node* set;
    const st_node* add;

    study->rescue.text = "";
    if (map == NULL || !st_node_check_keys(ctx, map, keys)) {
        return ST_OK;
    }
    when = st_node_need(ctx, map, "when", "a score such as { vas_pain: \">= 70 vas\" }");
    set = st_node_child(map, "set");
    add = st_node_child(map, "add");
    if (when != NULL) {
        st_later_read_trigger(ctx, study, when, &study->rescue.when);
    }
    if (set == NULL && add == NULL) {
        st_node_fail(ctx, map,
                     "found no effect, expected set: (inputs of the model) or add: "
                     "(to its states)");
    }
    if (set != NULL) {
        read_changes(ctx, study, set, true, &study->rescue);
    }
    if (add != NULL) {
        read_changes(ctx, study, add, false, &study->rescue);
    }
    study->rescue.after_day = read_days(ctx, map, "after", 0.0);
    read_estimand(ctx, map, &study->rescue.estimand);
    study->rescue.is_set = study->rescue.when.is_set;
    if (study->rescue.is_set && when != NULL) {
        study->rescue.text = rescue_text(study, when, set, add);
    }
    return study->rescue.text == NULL ? ST_ERR_MEMORY : ST_OK;
}

static void read_repeat(st_ctx* ctx, const st_study* study, const st_node* map, st_repeat* out)
{
    static const char* const keys[] = {"when", "after", "at_most", "estimand", NULL};
    const st_node* when;
    const st_node* at_most;
    int64_t count = 1;

    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    when = st_node_need(ctx, map, "when", "a score such as { vas_pain: \">= 50 vas\" }");
    at_most = st_node_child(map, "at_most");
    if (when != NULL) {
        st_later_read_trigger(ctx, study, when, &out->when);
    }
    if (at_most != NULL) {
        st_node_read_integer(ctx, at_most, 1, ST_LATER_REPEAT_LIMIT, &count);
    }
    out->at_most = (int)count;
    out->after_day = read_days(ctx, map, "after", 0.0);
    read_estimand(ctx, map, &out->estimand);
    out->is_set = out->when.is_set;
}

static void read_crossover(st_ctx* ctx, const st_study* study, int arm, const st_node* map,
                           st_crossover* out)
{
    static const char* const keys[] = {"to", "at", "when", "estimand", NULL};
    const char* names[64];
    const st_node* to;
    const st_node* at;
    const st_node* when;
    int count = 0;

    if (!st_node_check_keys(ctx, map, keys)) {
        return;
    }
    to = st_node_need(ctx, map, "to", "the arm whose treatment is given then");
    at = st_node_need(ctx, map, "at", "a time such as 6 months");
    when = st_node_child(map, "when");
    for (; count < study->arm_count && count < 64; ++count) {
        names[count] = study->arm[count].info.name;
    }
    out->to = -1;
    if (to != NULL && st_node_read_choice(ctx, to, names, count, &out->to) && out->to == arm) {
        st_node_fail(ctx, to, "found the arm itself, expected another arm");
    }
    if (at != NULL) {
        out->from_day = read_days(ctx, map, "at", 0.0);
    }
    if (when != NULL) {
        st_later_read_trigger(ctx, study, when, &out->when);
    }
    read_estimand(ctx, map, &out->estimand);
    out->is_set = out->to >= 0 && at != NULL;
}

/// `{ value: 1.9 %/year, source: "..." }`
static bool read_value(st_ctx* ctx, const st_node* root, const char* key, const char* unit,
                       double lo, double hi, double* out)
{
    static const char* const keys[] = {"value", "source", "assumed", NULL};
    const st_node* map = st_node_need(ctx, root, key, "{ value: ..., source: ... }");
    const st_node* value;

    if (map == NULL || !st_node_check_keys(ctx, map, keys)) {
        return false;
    }
    if ((st_node_child(map, "source") == NULL) == (st_node_child(map, "assumed") == NULL)) {
        return st_node_fail(ctx, map, "expected either source: or assumed:");
    }
    value = st_node_need(ctx, map, "value", "a value");
    return value != NULL &&
           (unit == NULL ? st_node_read_number(ctx, value, lo, hi, out)
                         : st_node_read_quantity(ctx, value, "a value", unit, NULL, lo, hi, out));
}

static void read_replacement_file(st_ctx* ctx, st_study* study, const st_node* root,
                                  st_replacement* out)
{
    static const char* const keys[] = {
        "replacement", "hazard",    "kl_0",       "kl_1",       "kl_2",       "kl_3",        "kl_4",
        "pain",        "some_from", "often_from", "ratio_none", "ratio_some", "ratio_often", NULL};
    const st_node* pain;
    const st_instrument_info* about;

    if (!st_node_check_keys(ctx, root, keys)) {
        return;
    }
    if (read_value(ctx, root, "hazard", "%/year", 0.0, 1e4, &out->per_day)) {
        read_rate(ctx, st_node_child(st_node_child(root, "hazard"), "value"), &out->per_day);
    }
    for (int grade = 0; grade < 5; ++grade) {
        read_value(ctx, root, keys[2 + grade], NULL, 0.0, 1e3, &out->kl_ratio[grade]);
    }
    read_value(ctx, root, "ratio_none", NULL, 0.0, 1e3, &out->ratio_none);
    read_value(ctx, root, "ratio_some", NULL, 0.0, 1e3, &out->ratio_some);
    read_value(ctx, root, "ratio_often", NULL, 0.0, 1e3, &out->ratio_often);
    pain = st_node_need(ctx, root, "pain", "the instrument that reads pain");
    out->pain_measure = pain == NULL ? -1 : read_measure_name(ctx, study, pain, pain->text);
    if (out->pain_measure >= 0) {
        about = st_instruments_at(study->instruments, study->measure[out->pain_measure]);
        read_value(ctx, root, "some_from", about->unit, about->lo, about->hi, &out->some_from);
        read_value(ctx, root, "often_from", about->unit, about->lo, about->hi, &out->often_from);
    }
}

static st_status read_replacement(st_ctx* ctx, st_study* study, const st_node* root)
{
    static const char* const keys[] = {"from", "estimand", NULL};
    const st_node* map = st_node_child(root, "replacement");
    const st_node* from;
    const st_node* estimand;
    const char* path;
    st_status status;

    study->replacement.estimand = ST_ESTIMAND_COMPOSITE;
    if (map == NULL || !st_node_check_keys(ctx, map, keys)) {
        return ST_OK;
    }
    estimand = st_node_child(map, "estimand");
    read_estimand(ctx, map, &study->replacement.estimand);
    if (estimand != NULL && study->replacement.estimand == ST_ESTIMAND_POLICY) {
        st_node_fail(ctx, estimand,
                     "found 'treatment policy', but there are no readings of a joint "
                     "that was replaced: expected hypothetical or composite");
    }
    from = st_node_need(ctx, map, "from", "a table of hazards, such as replacement");
    if (from == NULL) {
        return ST_OK;
    }
    path = st_lookup_file(ctx, &study->arena, from, study->path, study->model_dir,
                          "a table of hazards");
    if (path == NULL) {
        return ST_OK;
    }
    status = st_doc_load(ctx, path, &study->replacement_doc);
    if (status != ST_OK) {
        return status == ST_ERR_INPUT ? ST_OK : status;
    }
    read_replacement_file(ctx, study, st_doc_root(study->replacement_doc), &study->replacement);
    study->replacement.is_set = study->replacement.pain_measure >= 0;
    return ST_OK;
}

static void read_unblinding(st_ctx* ctx, st_study* study, const st_node* root)
{
    static const char* const keys[] = {"harvest", "guess", NULL};
    const st_node* map = st_node_child(root, "unblinding");
    const st_node* harvest;
    const st_node* guess;

    if (map == NULL || !st_node_check_keys(ctx, map, keys)) {
        return;
    }
    harvest = st_node_child(map, "harvest");
    guess = st_node_child(map, "guess");
    if (harvest != NULL) {
        st_node_read_bool(ctx, harvest, &study->harvest_tells);
    }
    if (guess != NULL) {
        st_node_read_number(ctx, guess, 0.0, 1.0, &study->guess_share);
    }
}

st_status st_later_read(st_ctx* ctx, st_study* study, const st_node* root)
{
    read_unblinding(ctx, study, root);
    if (study->instruments == NULL || study->model == NULL) {
        return ST_OK; // the model has mistakes of its own
    }
    read_drop_out(ctx, study, root);
    ST_TRY(read_rescue(ctx, study, root));
    for (int i = 0; i < study->arm_count; ++i) {
        st_arm* arm = &study->arm[i];
        const st_node* repeat = arm->node == NULL ? NULL : st_node_child(arm->node, "repeat");
        const st_node* crossover = arm->node == NULL ? NULL : st_node_child(arm->node, "crossover");
        if (repeat != NULL) {
            read_repeat(ctx, study, repeat, &arm->repeat);
        }
        if (crossover != NULL) {
            read_crossover(ctx, study, i, crossover, &arm->crossover);
        }
    }
    return read_replacement(ctx, study, root);
}

// --- questions ------------------------------------------------------------------------------

bool st_later_changes_course(const st_study* study)
{
    bool changes = study->rescue.is_set;

    for (int i = 0; i < study->arm_count; ++i) {
        changes = changes || study->arm[i].repeat.is_set || study->arm[i].crossover.is_set;
    }
    return changes;
}

bool st_later_within(const st_trigger* trigger, double measured)
{
    return trigger->is_set && st_entry_within(&trigger->range, measured);
}

double st_later_replacement_per_day(const st_replacement* replacement, double kl, double pain)
{
    const int grade = (int)fmin(fmax(floor(kl + 0.5), 0.0), 4.0);
    const double often = pain >= replacement->often_from  ? replacement->ratio_often
                         : pain >= replacement->some_from ? replacement->ratio_some
                                                          : replacement->ratio_none;

    // h = h0 r_KL r_pain                                                                 [TRI-33]
    return replacement->per_day * replacement->kl_ratio[grade] * often;
}

double st_later_drop_out_per_day(const st_drop_out* drop_out, double reading)
{
    // h = r 2^((M - M0) / D)                                                             [TRI-31]
    if (drop_out->measure < 0) {
        return drop_out->per_day;
    }
    return drop_out->per_day * st_pow(2.0, (reading - drop_out->around) / drop_out->doubles_with);
}
