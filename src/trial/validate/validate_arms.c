#include "validate_arms.h"

#include "../published.h"

#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 512

typedef struct planner {
    st_ctx* ctx;
    const st_evidence* evidence;
    const st_validate_rules* rules;
    st_validate_plan* plan;
    int* arm_of; ///< [row], -1 for faulty rows
    const char** cohort;
} planner;

static bool is_entry(const st_evidence_row* row)
{
    return row->month <= ST_VALIDATE_MONTH_MATCH;
}

static const char* keep(planner* p, const char* text)
{
    return st_arena_text(&p->plan->arena, text, strlen(text));
}

static void add_text(char* to, const char* text)
{
    const size_t used = strlen(to);
    snprintf(to + used, TEXT_SIZE - used, "%s%s", used > 0 ? "; " : "", text);
}

// --- arms -----------------------------------------------------------------------------------

/// Grades out of words such as "KL 2 (about 93%)-4", "KL 3", "KL >=2".
static bool read_grades(const char* text, st_range* out)
{
    const char* at = strstr(text, "KL");
    double grade[2] = {NAN, NAN};
    int count = 0;
    int depth = 0;
    bool is_open = false;

    for (at = at == NULL ? "" : at + 2; *at != '\0' && count < 2; ++at) {
        depth += *at == '(';
        depth -= *at == ')';
        is_open = is_open || (depth == 0 && *at == '>');
        if (depth == 0 && *at >= '0' && *at <= '4') {
            grade[count++] = *at - '0';
        } else if (depth == 0 && (*at == ',' || *at == ';')) {
            break;
        }
    }
    if (count == 0) {
        return false;
    }
    out->lo = grade[0];
    out->hi = count == 2 ? fmax(grade[1], grade[0]) : is_open ? 4.0 : grade[0];
    return true;
}

static const st_validate_given* find_given(const planner* p, const st_validate_arm* arm)
{
    for (int i = 0; i < p->rules->given_count; ++i) {
        if (strcmp(p->rules->given[i].trial, arm->trial) == 0 &&
            strcmp(p->rules->given[i].arm, arm->id) == 0) {
            return &p->rules->given[i];
        }
    }
    return NULL;
}

/// Position of the recipe among those known, added when it is new.
static int find_recipe(planner* p, const char* arm_text, double dose, bool is_open)
{
    const char* const hole = strstr(arm_text, "{dose}");
    const char* text;

    if (hole != NULL) {
        text = st_arena_format(&p->plan->arena, "blinding: %s, %.*s%.4g%s",
                               is_open ? "open" : "double", (int)(hole - arm_text), arm_text, dose,
                               hole + strlen("{dose}"));
    } else {
        text = st_arena_format(&p->plan->arena, "blinding: %s, %s", is_open ? "open" : "double",
                               arm_text);
    }
    for (int i = 0; text != NULL && i < p->plan->recipe_count; ++i) {
        if (strcmp(p->plan->recipe[i], text) == 0) {
            return i;
        }
    }
    p->plan->recipe[p->plan->recipe_count] = text;
    return p->plan->recipe_count++;
}

static int recipe_of(planner* p, const st_validate_intervention* how, double dose, bool is_open)
{
    return how->arm == NULL ? ST_VALIDATE_UNTREATED : find_recipe(p, how->arm, dose, is_open);
}

static int find_trial(planner* p, const char* name, int arm_count)
{
    for (int i = 0; i < arm_count; ++i) {
        if (strcmp(p->plan->arm[i].trial, name) == 0) {
            return p->plan->arm[i].trial_index;
        }
    }
    return p->plan->trial_count++;
}

static int find_cohort(planner* p, const char* trial)
{
    const st_node* other = st_node_child(p->rules->cohorts, trial);
    const char* const name = other != NULL ? other->text : trial;

    for (int i = 0; i < p->plan->cohort_count; ++i) {
        if (strcmp(p->cohort[i], name) == 0) {
            return i;
        }
    }
    p->cohort[p->plan->cohort_count] = name;
    return p->plan->cohort_count++;
}

/// A standard deviation of people in printed points: the page's, from quartiles, from an interval
/// of the change; at least the floor. NAN when the page gives none.
static double people_sd(const planner* p, const st_evidence_row* row, bool is_change, double n,
                        double range)
{
    double sd = is_change ? row->change_sd : row->sd;
    double q25, q75;

    if (!isfinite(sd) && is_change && isfinite(row->ci_lo) && isfinite(row->ci_hi) && n > 0.0) {
        sd = (row->ci_hi - row->ci_lo) / (2.0 * 1.959963984540054) * sqrt(n);
    }
    if (!isfinite(sd) && st_published_is_median(row->locator, &q25, &q75) && isfinite(q25)) {
        sd = (q75 - q25) / (2.0 * 0.6744897501960817);
    }
    return isfinite(sd) ? fmax(sd, p->rules->sd_floor * range) : NAN;
}

static void add_entry(planner* p, st_validate_arm* arm, const st_evidence_row* row)
{
    const st_validate_scale* scale = st_validate_rules_scale(p->rules, row->scale);
    double sd;

    if (scale == NULL || strcmp(scale->name, row->scale) != 0 || !is_entry(row) ||
        !isfinite(row->mean) || arm->entry_count == ST_VALIDATE_BASELINE_LIMIT) {
        return;
    }
    for (int i = 0; i < arm->entry_count; ++i) {
        if (arm->entry[i].instrument == scale->instrument) {
            return; // the same instrument on another ruler
        }
    }
    sd = people_sd(p, row, false, arm->n, scale->hi - scale->lo);
    arm->entry[arm->entry_count++] =
        (st_validate_entry){.instrument = scale->instrument,
                            .mean = (row->mean - scale->offset) / scale->slope,
                            .sd = sd / fabs(scale->slope)};
}

/// Fills what the page left out and says so.
static void complete_arm(planner* p, st_validate_arm* arm, const st_evidence_row* first)
{
    const st_validate_given* given = find_given(p, arm);
    char text[TEXT_SIZE] = "";
    char line[160];
    double dose = arm->how->dose;

    if (isfinite(first->dose)) {
        dose = first->dose;
    } else if (given != NULL && isfinite(given->dose)) {
        dose = given->dose;
        snprintf(line, sizeof line, "%.3g cells: %s", dose, given->source);
        add_text(text, line);
    } else if (dose > 0.0) {
        snprintf(line, sizeof line, "dose not on the page: %.3g cells", dose);
        add_text(text, line);
    }
    if (given != NULL && isfinite(given->n)) {
        snprintf(line, sizeof line, "n %g: %s", given->n, given->source);
        add_text(text, line);
    }
    arm->kl = p->rules->kl;
    if (!read_grades(first->severity, &arm->kl)) {
        snprintf(line, sizeof line, "grades not on the page: KL %g-%g", arm->kl.lo, arm->kl.hi);
        add_text(text, line);
    }
    if (!isfinite(arm->age) || !isfinite(arm->bmi) || !isfinite(arm->female)) {
        snprintf(line, sizeof line, "%s%s%snot on the page: as in %s",
                 isfinite(arm->age) ? "" : "age ", isfinite(arm->bmi) ? "" : "BMI ",
                 isfinite(arm->female) ? "" : "sex ", p->rules->people);
        add_text(text, line);
    }
    arm->threshold = -INFINITY;
    if (arm->entry_count == 0) {
        const bool is_trial =
            strstr(first->design, "RCT") != NULL || strcmp(first->control, "none") != 0;
        arm->threshold = is_trial ? p->rules->threshold : -INFINITY;
        if (is_trial) {
            snprintf(line, sizeof line,
                     "baseline score not on the page: measured pain >= %g of 100",
                     p->rules->threshold);
            add_text(text, line);
        } else {
            add_text(text, "baseline score not on the page: no threshold");
        }
    } else {
        add_text(text, "entry by the printed baseline scores");
    }
    if (arm->how->why != NULL) {
        add_text(text, arm->how->why);
    }
    arm->defaults = keep(p, text);
    arm->recipe = recipe_of(p, arm->how, dose, arm->is_open);
}

static int find_arm(const planner* p, const st_evidence_row* row)
{
    for (int i = p->plan->arm_count - 1; i >= 0; --i) {
        const st_validate_arm* arm = &p->plan->arm[i];
        if (strcmp(arm->trial, row->trial) == 0 && strcmp(arm->id, row->arm) == 0 &&
            strcmp(arm->intervention, row->intervention) == 0) {
            return i;
        }
    }
    return -1;
}

static void note_people(st_validate_arm* arm, const st_evidence_row* row)
{
    arm->n = isfinite(arm->n) ? arm->n : row->n;
    arm->age = isfinite(arm->age) ? arm->age : row->age;
    arm->bmi = isfinite(arm->bmi) ? arm->bmi : row->bmi;
    arm->female = isfinite(arm->female) ? arm->female : row->female / 100.0;
}

static void list_arms(planner* p)
{
    for (int i = 0; i < p->evidence->row_count; ++i) {
        const st_evidence_row* row = &p->evidence->row[i];
        int arm = -1;
        if (row->fault == NULL) {
            arm = find_arm(p, row);
        }
        if (row->fault == NULL && arm < 0) {
            arm = p->plan->arm_count;
            p->plan->arm[arm] = (st_validate_arm){
                .trial = row->trial,
                .id = row->arm,
                .label = row->label,
                .intervention = row->intervention,
                .trial_index = find_trial(p, row->trial, arm),
                .cohort_index = find_cohort(p, row->trial),
                .how = st_validate_rules_intervention(p->rules, row->intervention),
                .recipe = ST_VALIDATE_UNTREATED,
                .is_open = strcmp(row->blinding, "open") == 0,
                .n = NAN,
                .age = NAN,
                .bmi = NAN,
                .female = NAN};
            p->plan->arm_count += 1;
        }
        p->arm_of[i] = arm;
        if (arm >= 0) {
            note_people(&p->plan->arm[arm], row);
        }
    }
    for (int i = 0; i < p->evidence->row_count; ++i) {
        if (p->arm_of[i] >= 0) {
            add_entry(p, &p->plan->arm[p->arm_of[i]], &p->evidence->row[i]);
        }
    }
}

// --- rows -----------------------------------------------------------------------------------

static void skip(planner* p, int row, const char* reason)
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

static const char* scope_reason(planner* p, const st_evidence_row* row, const st_validate_arm* arm)
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
static bool find_versus(planner* p, const st_evidence_row* row, const st_validate_arm* arm,
                        int* out)
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
            *out = recipe_of(p, other->how, other->how->dose, arm->is_open);
            return true;
        }
    }
    if (word != NULL && !equal_words(word + 4, "saline") && !equal_words(word + 4, "placebo")) {
        return false;
    }
    if (saline != NULL && saline->arm != NULL &&
        (word != NULL || strcmp(row->control, "placebo") == 0)) {
        *out = recipe_of(p, saline, 0.0, arm->is_open);
        return true;
    }
    *out = ST_VALIDATE_UNTREATED;
    return strcmp(row->control, "none") == 0 && !row->is_pooled;
}

/// Score at entry of the same arm and scale, printed points.
static double entry_of(const planner* p, int arm, const char* scale)
{
    for (int i = 0; i < p->evidence->row_count; ++i) {
        const st_evidence_row* row = &p->evidence->row[i];
        if (p->arm_of[i] == arm && is_entry(row) && isfinite(row->mean) &&
            strcmp(row->scale, scale) == 0) {
            return row->mean;
        }
    }
    return NAN;
}

/// What kind of number the row holds; NULL, or why it holds none.
static const char* read_value(planner* p, const st_evidence_row* row, st_validate_arm* arm,
                              st_validate_item* out)
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
    out->people_sd = people_sd(p, row, out->is_change, out->n, out->scale->hi - out->scale->lo);
    out->baseline = is_contrast ? NAN : entry_of(p, (int)(arm - p->plan->arm), row->scale);
    return NULL;
}

/// Why a row that can be predicted counts nothing, NULL when it counts.
static const char* unscored_reason(const planner* p, const st_evidence_row* row, double n)
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

static void plan_row(planner* p, int index)
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
    given = find_given(p, arm);
    reason = scope_reason(p, row, arm);
    item.n = isfinite(row->n) ? row->n : given != NULL ? given->n : NAN;
    if (reason == NULL) {
        reason = read_value(p, row, arm, &item);
    }
    if (reason == NULL && !isfinite(row->month)) {
        reason = "no month on the page";
    }
    if (reason == NULL && is_entry(row)) {
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
static st_status keep_used_recipes(planner* p)
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
static void drop_contrasts(planner* p)
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
static void weigh(planner* p)
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
static void list_visits(planner* p)
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

static st_status plan_all(planner* p)
{
    list_arms(p);
    for (int a = 0; a < p->plan->arm_count; ++a) {
        const st_evidence_row* first = NULL;
        for (int i = 0; i < p->evidence->row_count && first == NULL; ++i) {
            first = p->arm_of[i] == a ? &p->evidence->row[i] : NULL;
        }
        if (p->plan->arm[a].how != NULL && p->plan->arm[a].how->skip == NULL && first != NULL &&
            st_validate_rules_lists(p->rules->joints, first->joint) &&
            st_validate_rules_lists(p->rules->conditions, first->condition)) {
            complete_arm(p, &p->plan->arm[a], first);
        }
    }
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

st_status st_validate_arms_plan(st_ctx* ctx, const st_evidence* evidence,
                                const st_validate_rules* rules, st_validate_plan* out)
{
    const size_t rows = (size_t)evidence->row_count + 1;
    planner p = {.ctx = ctx, .evidence = evidence, .rules = rules, .plan = out};
    st_status status = ST_ERR_MEMORY;

    *out = (st_validate_plan){0};
    st_arena_init(&out->arena, ctx);
    out->arm = st_arena_alloc(&out->arena, rows, sizeof *out->arm);
    out->item = st_arena_alloc(&out->arena, rows, sizeof *out->item);
    out->skipped = st_arena_alloc(&out->arena, rows, sizeof *out->skipped);
    // A contrast may bring a second recipe.
    out->recipe = st_arena_alloc(&out->arena, 2 * rows, sizeof *out->recipe);
    out->month = st_arena_alloc(&out->arena, ST_VALIDATE_VISIT_LIMIT + 2, sizeof *out->month);
    p.arm_of = st_alloc(ctx, rows, sizeof *p.arm_of);
    p.cohort = st_alloc(ctx, rows, sizeof *p.cohort);
    if (out->arm != NULL && out->item != NULL && out->skipped != NULL && out->recipe != NULL &&
        out->month != NULL && p.arm_of != NULL && p.cohort != NULL) {
        status = plan_all(&p);
    }
    st_free(ctx, p.cohort);
    st_free(ctx, p.arm_of);
    if (status != ST_OK) {
        st_validate_arms_clear(out);
    }
    return status;
}

void st_validate_arms_clear(st_validate_plan* plan)
{
    if (plan->arena.ctx != NULL) {
        st_arena_clear(&plan->arena);
    }
    *plan = (st_validate_plan){0};
}
