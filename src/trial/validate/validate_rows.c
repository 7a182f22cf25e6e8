#include "validate_planner.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static void skip(st_validate_planner* p, int row, const char* reason)
{
    const st_evidence_row* r = &p->evidence->row[row];
    const int month = st_table_column(p->evidence->table, "month");

    p->plan->skipped[p->plan->skipped_count++] =
        (st_skipped_row){.line = r->line,
                         .trial_id = r->trial,
                         .arm_id = r->arm,
                         .scale = r->scale,
                         .month = st_table_cell(p->evidence->table, row, month),
                         .reason = reason};
}

static const char* scope_reason(st_validate_planner* p, const st_evidence_row* row,
                                const st_validate_arm* arm)
{
    if (!st_validate_rules_lists(p->rules->joints, row->joint)) {
        return st_arena_format(&p->plan->arena, "joint '%s': the model is not of it", row->joint);
    }
    if (!st_validate_rules_lists(p->rules->conditions, row->condition)) {
        return st_arena_format(&p->plan->arena, "condition '%s': the model is not of it",
                               row->condition);
    }
    if (arm->how == NULL || arm->how->skip != NULL) {
        return st_arena_format(&p->plan->arena, "intervention %s: %s", row->intervention,
                               arm->how == NULL ? "models/validation.yaml does not know it"
                                                : arm->how->skip);
    }
    return NULL;
}

static bool equal_words(const char* a, const char* b)
{
    while (*a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        ++a;
        ++b;
    }
    return *a == '\0' && *b == '\0';
}

/// What a contrast is against: another arm of the trial, or what `control` says. False when the
/// page does not tell.
static bool find_versus(st_validate_planner* p, const st_evidence_row* row,
                        const st_validate_arm* arm, int* out)
{
    const char* const word = strstr(row->scale, "_vs_");
    const st_validate_intervention* saline = st_validate_rules_intervention(p->rules, "saline");

    for (int i = 0; i < p->plan->arm_count; ++i) {
        const st_validate_arm* other = &p->plan->arm[i];
        if (other == arm || strcmp(other->trial, arm->trial) != 0 || other->how == NULL ||
            other->how->skip != NULL) {
            continue;
        }
        if (word != NULL
                ? equal_words(word + 4, other->id) || equal_words(word + 4, other->intervention)
                : strcmp(other->intervention, "saline") == 0) {
            *out = st_validate_arms_recipe(p, other->how, other->how->dose, arm->is_open);
            return true;
        }
    }
    if (word != NULL && !equal_words(word + 4, "saline") && !equal_words(word + 4, "placebo")) {
        return false;
    }
    if (saline != NULL && saline->arm != NULL &&
        (word != NULL || strcmp(row->control, "placebo") == 0)) {
        *out = st_validate_arms_recipe(p, saline, 0.0, arm->is_open);
        return true;
    }
    *out = ST_VALIDATE_UNTREATED;
    return strcmp(row->control, "none") == 0 && !row->is_pooled;
}

/// Score at entry of the same arm and scale, printed points.
static double entry_of(const st_validate_planner* p, int arm, const char* scale)
{
    for (int i = 0; i < p->evidence->row_count; ++i) {
        const st_evidence_row* row = &p->evidence->row[i];
        if (p->arm_of[i] == arm && st_validate_arms_is_entry(row) && isfinite(row->mean) &&
            strcmp(row->scale, scale) == 0) {
            return row->mean;
        }
    }
    return NAN;
}

/// What kind of number the row holds; NULL, or why it holds none.
static const char* read_value(st_validate_planner* p, const st_evidence_row* row,
                              st_validate_arm* arm, st_validate_item* out)
{
    const bool is_contrast = strstr(row->scale, "_difference") != NULL;

    out->responder = st_validate_rules_responder(p->rules, row->scale);
    if (out->responder != NULL) {
        out->kind = ST_FORECAST_RESPONDER;
        out->observed = row->responder;
        out->people_sd = sqrt(row->responder * (100.0 - row->responder));
        return isfinite(row->responder) ? NULL : "no share on the page";
    }
    out->scale = st_validate_rules_scale(p->rules, row->scale);
    if (out->scale == NULL) {
        return st_arena_format(&p->plan->arena,
                               "scale %s: no sourced conversion to an instrument "
                               "of the model",
                               row->scale);
    }
    out->is_change = isfinite(row->change);
    out->observed = out->is_change ? row->change : row->mean;
    out->kind = is_contrast      ? ST_FORECAST_CONTRAST
                : out->is_change ? ST_FORECAST_CHANGE
                                 : ST_FORECAST_MEAN;
    if (!isfinite(out->observed)) {
        return isfinite(row->responder) ? "a share without a definition of responder"
                                        : "no number on the page";
    }
    if (out->kind == ST_FORECAST_MEAN &&
        !(row->mean >= out->scale->lo && row->mean <= out->scale->hi)) {
        return "the mean lies outside the scale";
    }
    if (is_contrast && !find_versus(p, row, arm, &out->versus)) {
        return "contrast: the comparator is not on the page";
    }
    out->people_sd =
        st_validate_arms_people_sd(p, row, out->is_change, out->n, out->scale->hi - out->scale->lo);
    out->baseline = is_contrast ? NAN : entry_of(p, (int)(arm - p->plan->arm), row->scale);
    return NULL;
}

/// Why a row that can be predicted counts nothing, NULL when it counts.
static const char* unscored_reason(const st_validate_planner* p, const st_evidence_row* row,
                                   double n)
{
    if (row->is_pooled) {
        return "pooled: not independent of the trials it pools; a check only";
    }
    if (row->is_paid || strstr(row->design, "registry") != NULL) {
        return "direction only: paid for by the people, or a registry";
    }
    if (strcmp(row->control, "none") == 0 &&
        st_validate_rules_lists(p->rules->cells, row->intervention)) {
        return "direction only: uncontrolled cell series";
    }
    return n < p->rules->tiny ? "direction only: tiny arm" : NULL;
}

static void plan_row(st_validate_planner* p, int index)
{
    const st_evidence_row* row = &p->evidence->row[index];
    st_validate_item item = {.row = index,
                             .arm = p->arm_of[index],
                             .versus = ST_VALIDATE_UNTREATED,
                             .baseline = NAN,
                             .people_sd = NAN,
                             .is_median = row->is_median};
    st_validate_arm* arm;
    const st_validate_given* given;
    const char* reason;

    if (row->fault != NULL) {
        skip(p, index, row->fault);
        return;
    }
    arm = &p->plan->arm[item.arm];
    given = st_validate_arms_given(p, arm);
    reason = scope_reason(p, row, arm);
    item.n = isfinite(row->n) ? row->n : given != NULL ? given->n : NAN;
    if (reason == NULL) {
        reason = read_value(p, row, arm, &item);
    }
    if (reason == NULL && !isfinite(row->month)) {
        reason = "no month on the page";
    }
    if (reason == NULL && st_validate_arms_is_entry(row)) {
        reason = "baseline: an input, it describes the people of the arm";
    }
    if (reason == NULL && !isfinite(item.n)) {
        reason = "no n on the page";
    }
    if (reason != NULL) {
        skip(p, index, reason);
        return;
    }
    item.unscored = unscored_reason(p, row, item.n);
    arm->is_used = true;
    p->plan->item[p->plan->item_count++] = item;
}

/// Forgets the recipes that no row needs.
static st_status keep_used_recipes(st_validate_planner* p)
{
    st_validate_plan* plan = p->plan;
    int* place = st_alloc(p->ctx, (size_t)plan->recipe_count + 1, sizeof *place);
    int kept = 0;

    if (place == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < plan->item_count; ++i) {
        const int own = plan->arm[plan->item[i].arm].recipe;
        const int versus = plan->item[i].versus;
        if (own >= 0) {
            place[own] = 1;
        }
        if (versus >= 0) {
            place[versus] = 1;
        }
    }
    for (int r = 0; r < plan->recipe_count; ++r) {
        plan->recipe[kept] = plan->recipe[r];
        place[r] = place[r] != 0 ? kept++ : ST_VALIDATE_UNTREATED;
    }
    for (int i = 0; i < plan->item_count; ++i) {
        if (plan->item[i].versus >= 0) {
            plan->item[i].versus = place[plan->item[i].versus];
        }
    }
    for (int a = 0; a < plan->arm_count; ++a) {
        if (plan->arm[a].recipe >= 0) {
            plan->arm[a].recipe = place[plan->arm[a].recipe];
        }
    }
    plan->recipe_count = kept;
    st_free(p->ctx, place);
    return ST_OK;
}

/// Contrasts beside the arms that they come from count nothing.
static void drop_contrasts(st_validate_planner* p)
{
    for (int i = 0; i < p->plan->item_count; ++i) {
        st_validate_item* item = &p->plan->item[i];
        const int trial = p->plan->arm[item->arm].trial_index;
        for (int k = 0; k < p->plan->item_count && item->kind == ST_FORECAST_CONTRAST; ++k) {
            if (p->plan->item[k].kind != ST_FORECAST_CONTRAST && item->unscored == NULL &&
                p->plan->arm[p->plan->item[k].arm].trial_index == trial) {
                item->unscored = "contrast beside the arms it comes from";
            }
        }
    }
}

/// Weight of every trial, shared by its rows.                                            [VAL-4]
static void weigh(st_validate_planner* p)
{
    const st_validate_rules* rules = p->rules;

    for (int t = 0; t < p->plan->trial_count; ++t) {
        const st_evidence_row* row = NULL;
        double people = 0.0;
        double weight;
        int arms = 0;
        int rows = 0;
        for (int a = 0; a < p->plan->arm_count; ++a) {
            const st_validate_arm* arm = &p->plan->arm[a];
            double n = 0.0;
            for (int i = 0; i < p->plan->item_count; ++i) {
                const st_validate_item* item = &p->plan->item[i];
                if (arm->trial_index == t && item->arm == a && item->unscored == NULL) {
                    n = fmax(n, item->n);
                    row = &p->evidence->row[item->row];
                    ++rows;
                }
            }
            people += n;
            arms += n > 0.0;
        }
        if (rows == 0) {
            continue;
        }
        weight = rules->between_sd * rules->between_sd;
        weight /= weight + rules->within_sd * rules->within_sd / (people / arms);
        if (strcmp(row->blinding, "double") == 0 && people >= rules->full_n) {
            weight = 1.0;
        }
        for (int i = 0; i < p->plan->item_count; ++i) {
            st_validate_item* item = &p->plan->item[i];
            if (p->plan->arm[item->arm].trial_index == t && item->unscored == NULL) {
                item->weight = weight / rows;
            }
        }
    }
}

/// Visits: every time within the match of another is that other.
static void list_visits(st_validate_planner* p)
{
    st_validate_plan* plan = p->plan;
    int kept = 0;

    plan->month[0] = 0.0;
    plan->month_count = 1;
    for (int i = 0; i < plan->item_count; ++i) {
        st_validate_item* item = &plan->item[i];
        const double month = p->evidence->row[item->row].month;
        int at = 0;
        while (at < plan->month_count &&
               !(at > 0 && fabs(plan->month[at] - month) <= ST_VALIDATE_MONTH_MATCH)) {
            ++at;
        }
        if (at == plan->month_count && plan->month_count > ST_VALIDATE_VISIT_LIMIT) {
            skip(p, item->row, "more than 62 different visits in one table");
            continue;
        }
        if (at == plan->month_count) {
            plan->month[plan->month_count++] = month;
        }
        plan->item[kept++] = *item;
    }
    plan->item_count = kept;
    for (int i = 1; i < plan->month_count; ++i) { // insertion sort
        const double month = plan->month[i];
        int at = i;
        for (; at > 0 && plan->month[at - 1] > month; --at) {
            plan->month[at] = plan->month[at - 1];
        }
        plan->month[at] = month;
    }
    for (int i = 0; i < plan->item_count; ++i) {
        const double month = p->evidence->row[plan->item[i].row].month;
        double best = INFINITY;
        for (int v = 1; v < plan->month_count; ++v) {
            if (fabs(plan->month[v] - month) < best) {
                best = fabs(plan->month[v] - month);
                plan->item[i].visit = v;
            }
        }
    }
}

st_status st_validate_rows_plan(st_validate_planner* p)
{
    for (int i = 0; i < p->evidence->row_count; ++i) {
        plan_row(p, i);
    }
    drop_contrasts(p);
    list_visits(p);
    for (int i = 0; i < p->plan->item_count; ++i) {
        if (p->plan->item[i].unscored != NULL) {
            skip(p, p->plan->item[i].row, p->plan->item[i].unscored);
        }
    }
    weigh(p);
    return keep_used_recipes(p);
}
