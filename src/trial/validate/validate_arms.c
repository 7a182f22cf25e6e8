#include "validate_planner.h"

#include "../published.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 512

static const char* keep(st_validate_planner* p, const char* text)
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

const st_validate_given* st_validate_arms_given(const st_validate_planner* p,
                                                const st_validate_arm* arm)
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
static int find_recipe(st_validate_planner* p, const char* arm_text, double dose, bool is_open)
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

int st_validate_arms_recipe(st_validate_planner* p, const st_validate_intervention* how,
                            double dose, bool is_open)
{
    return how->arm == NULL ? ST_VALIDATE_UNTREATED : find_recipe(p, how->arm, dose, is_open);
}

static int find_trial(st_validate_planner* p, const char* name, int arm_count)
{
    for (int i = 0; i < arm_count; ++i) {
        if (strcmp(p->plan->arm[i].trial, name) == 0) {
            return p->plan->arm[i].trial_index;
        }
    }
    return p->plan->trial_count++;
}

static int find_cohort(st_validate_planner* p, const char* trial)
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

double st_validate_arms_people_sd(const st_validate_planner* p, const st_evidence_row* row,
                                  bool is_change, double n, double range)
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

static void add_entry(st_validate_planner* p, st_validate_arm* arm, const st_evidence_row* row)
{
    const st_validate_scale* scale = st_validate_rules_scale(p->rules, row->scale);
    double sd;

    if (scale == NULL || strcmp(scale->name, row->scale) != 0 || !st_validate_arms_is_entry(row) ||
        !isfinite(row->mean) || arm->entry_count == ST_VALIDATE_BASELINE_LIMIT) {
        return;
    }
    for (int i = 0; i < arm->entry_count; ++i) {
        if (arm->entry[i].instrument == scale->instrument) {
            return; // the same instrument on another ruler
        }
    }
    sd = st_validate_arms_people_sd(p, row, false, arm->n, scale->hi - scale->lo);
    arm->entry[arm->entry_count++] =
        (st_validate_entry){.instrument = scale->instrument,
                            .mean = (row->mean - scale->offset) / scale->slope,
                            .sd = sd / fabs(scale->slope)};
}

/// Fills what the page left out and says so.
static void complete_arm(st_validate_planner* p, st_validate_arm* arm, const st_evidence_row* first)
{
    const st_validate_given* given = st_validate_arms_given(p, arm);
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
    arm->recipe = st_validate_arms_recipe(p, arm->how, dose, arm->is_open);
}

static int find_arm(const st_validate_planner* p, const st_evidence_row* row)
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

static void list_arms(st_validate_planner* p)
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

// --- the whole --------------------------------------------------------------------------------

static st_status plan_all(st_validate_planner* p)
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
    return st_validate_rows_plan(p);
}

st_status st_validate_arms_plan(st_ctx* ctx, const st_evidence* evidence,
                                const st_validate_rules* rules, st_validate_plan* out)
{
    const size_t rows = (size_t)evidence->row_count + 1;
    st_validate_planner p = {.ctx = ctx, .evidence = evidence, .rules = rules, .plan = out};
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
