#include "influence.h"

#include "arm.h"
#include "regimen.h"
#include "stay.h"

#include "base/maths.h"
#include "base/number.h"

#include <math.h>
#include <string.h>

/// Run default: what is done to a value that has no spread.
#define FACTOR 1.5
/// Run default without the key: no more courses than the trial itself, within these bounds.
#define LEAST_PEOPLE 16
#define MOST_PEOPLE  64
#define STEP_PEOPLE  8

/// Most values of a procedure that are told.
#define LEVER_LIMIT 128

/// Courses of one person: control, the arm's sham, the arm.
enum { CONTROL, SHAM, ACTIVE, COURSES };

_Static_assert(ST_INFLUENCE_LIMIT <= ST_ENTRANTS_BLOCK, "the panel is in memory");

typedef struct panel {
    st_crew* crew;
    const st_study* study;
    const st_entrant* entrant;
    int people, blocks;
    int arm, versus;  ///< versus -1: the arm has no control; its own sham stands in
    st_dose* dose;    ///< [people][2] of the control and of the arm
    int changed;      ///< parameters of the model, then classes of the dose
    double* contrast; ///< [1 + 2 changed][people] arm minus control, NAN: not computed
    double* product;  ///< the same, arm minus its sham
    const char* class_name[ST_DOSE_PART_LIMIT];
    int class_count;
    st_story_lever lever[LEVER_LIMIT]; ///< values of the procedure that change the dose
    int lever_count;
} panel;

void st_influence_read(st_ctx* ctx, st_study* study, const st_node* root)
{
    const st_node* node = st_node_child(root, "influence");
    const char* text = NULL;
    double people = 0.0;
    size_t length;

    study->influence_people = ST_INFLUENCE_AUTO;
    if (node == NULL || !st_node_read_text(ctx, node, &text)) {
        return;
    }
    if (strcmp(text, "off") == 0) {
        study->influence_people = ST_INFLUENCE_OFF;
        return;
    }
    length = st_number_parse(text, &people);
    if (length == 0 || strcmp(text + length, " people") != 0 || !(people >= 2.0) ||
        !(people <= ST_INFLUENCE_LIMIT) || people != floor(people)) {
        st_node_fail(ctx, node, "found '%s', expected 'off' or '2 people' to '%d people'", text,
                     ST_INFLUENCE_LIMIT);
        return;
    }
    study->influence_people = (int)people;
}

/// The arm that the answer is about: the first with cells that has a control, else the first that
/// has one, else the first.
static int choose_arm(const st_study* study)
{
    for (int pass = 0; pass < 3; ++pass) {
        for (int arm = 0; arm < study->arm_count; ++arm) {
            const st_arm_info* info = &study->arm[arm].info;
            if (!info->is_twin && (pass == 2 || info->control >= 0) &&
                (pass > 0 || info->has_cells)) {
                return arm;
            }
        }
    }
    return -1;
}

static int choose_people(const st_crew* crew, const st_screening* screening)
{
    const int64_t own = screening->entrant_count * crew->courses_per_person;
    const int64_t each = COURSES * (2 * (int64_t)crew->parameter_count + 1);
    int64_t people = crew->study->influence_people;

    if (people == ST_INFLUENCE_AUTO) {
        people = each > 0 ? own / each / STEP_PEOPLE * STEP_PEOPLE : LEAST_PEOPLE;
        people = people < LEAST_PEOPLE ? LEAST_PEOPLE : people;
        people = people > MOST_PEOPLE ? MOST_PEOPLE : people;
    }
    return (int)(people < screening->entrant_count ? people : screening->entrant_count);
}

// --- one change in one block of people ------------------------------------------------------

/// A value that is changed downwards or upwards by its spread between people, or by a factor where
/// it has none; cut to its range.                                                       [TRI-50]
static double changed_value(const st_parameter_info* about, double value, bool is_up)
{
    double changed;

    switch (about->spread_kind) {
    case ST_SPREAD_LOGNORMAL:
        changed = value * st_exp(is_up ? about->spread : -about->spread);
        break;
    case ST_SPREAD_NORMAL:
        changed = value + (is_up ? about->spread : -about->spread);
        break;
    case ST_SPREAD_NONE:
    default:
        changed = is_up ? value * FACTOR : value / FACTOR;
        break;
    }
    return fmin(fmax(changed, about->lo), about->hi);
}

/// Change number `change` (0: none; 1, 2: the first value lower and higher; ...) as what is
/// changed.
static int place_of(int change, bool* is_up)
{
    *is_up = change % 2 == 0;
    return (change - 1) / 2;
}

static void scale(st_dose_part* part, double factor)
{
    part->alive *= factor;
    part->latent *= factor;
    part->dead *= factor;
}

/// The arm's dose made smaller or larger: all of a class, or all cells as much as a value of the
/// procedure changes them in the donor in the middle.
static void change_dose(const panel* p, int change, st_dose* dose)
{
    bool is_up = false;
    const int at = place_of(change, &is_up) - p->crew->parameter_count;
    const int lever = at - p->class_count;

    for (int i = 0; i < dose->part_count && change > 0 && at >= 0; ++i) {
        st_dose_part* part = &dose->part[i];
        if (lever >= 0 && part->is_cell) {
            scale(part, is_up ? p->lever[lever].dose_hi : p->lever[lever].dose_lo);
        } else if (lever < 0 && strcmp(part->product_class, p->class_name[at]) == 0) {
            scale(part, is_up ? FACTOR : 1.0 / FACTOR);
        }
    }
}

/// What people of an arm know, chance aside.
static bool knows(const st_study* study, int arm)
{
    return study->arm[arm].is_open ||
           (study->harvest_tells && st_stay_has_harvest(&study->arm[arm]));
}

static st_status plan_person(const panel* p, st_worker* worker, int change, int row, int at)
{
    const st_study* study = p->study;
    const double* day = &study->visit[study->primary_visit].day;
    st_crew* crew = p->crew;
    st_dose active = p->dose[2 * at + 1];
    st_dose sham;
    bool is_up = false;
    const int place = change > 0 ? place_of(change, &is_up) : -1;

    st_crew_person(crew, worker, row, &p->entrant[at].person);
    if (place >= 0 && place < crew->parameter_count) {
        double* value = worker->parameter + (size_t)row * (size_t)crew->parameter_count + place;
        *value = changed_value(st_model_parameter(study->model, place), *value, is_up);
    }
    sham = active;
    if (study->arm[p->arm].recipe != NULL) {
        st_recipe_sham(study->arm[p->arm].recipe, &active, &sham);
    }
    change_dose(p, change, &active);
    for (int k = 0; k < COURSES; ++k) {
        const int slot = row * COURSES + k;
        const bool is_control = k == CONTROL && p->versus >= 0;
        const int arm = is_control ? p->versus : p->arm;
        const st_dose* dose = is_control ? &p->dose[2 * at] : k == ACTIVE ? &active : &sham;
        st_course* course = st_crew_course(crew, worker, slot, row, *day, day, 1);
        st_action* action = worker->action + (size_t)slot * (size_t)crew->action_capacity;
        int count = 0;
        ST_TRY(st_stay_treat(crew, worker, course, &study->arm[arm], dose, knows(study, arm), 0.0,
                             action, &count));
        if (k != SHAM || study->arm[arm].recipe != NULL) { // without one the plan is the treatment
            st_regimen_add(&study->arm[arm], crew->seed, p->entrant[at].person.id, course, action,
                           &count);
        }
        course->action_count = count;
        course->like = k > 0 ? &worker->course[row * COURSES] : NULL; // the same run-in
    }
    return ST_OK;
}

/// One block of people under one change. An st_crew_fn.
static st_status compute_block(st_crew* crew, st_worker* worker, int64_t item, void* arg)
{
    const panel* p = arg;
    const st_study* study = p->study;
    const int change = (int)(item / p->blocks);
    const int begin = (int)(item % p->blocks) * ST_CREW_BLOCK;
    const int left = p->people - begin;
    const int count = left < ST_CREW_BLOCK ? left : ST_CREW_BLOCK;
    const int instrument = study->measure[study->primary_measure];

    (void)crew;
    for (int row = 0; row < count; ++row) {
        ST_TRY(plan_person(p, worker, change, row, begin + row));
    }
    ST_TRY(st_population_solve(worker->population, worker->course, count * COURSES));
    for (int row = 0; row < count; ++row) {
        const size_t to = (size_t)change * (size_t)p->people + (size_t)(begin + row);
        double value[COURSES];
        for (int k = 0; k < COURSES; ++k) {
            const st_course* course = &worker->course[row * COURSES + k];
            value[k] = course->status == ST_OK
                           ? st_instrument_value(study->instruments, instrument, course->sample)
                           : NAN;
        }
        p->contrast[to] = value[ACTIVE] - value[CONTROL];
        p->product[to] = value[ACTIVE] - value[SHAM];
    }
    return ST_OK;
}

// --- doses, once ----------------------------------------------------------------------------

static void note_classes(panel* p, const st_dose* dose)
{
    for (int i = 0; i < dose->part_count; ++i) {
        bool is_known = false;
        for (int k = 0; k < p->class_count; ++k) {
            is_known = is_known || strcmp(p->class_name[k], dose->part[i].product_class) == 0;
        }
        if (!is_known && p->class_count < ST_DOSE_PART_LIMIT) {
            p->class_name[p->class_count++] = dose->part[i].product_class;
        }
    }
}

/// The doses that these people get in the trial. Who has none that can be computed is left out.
static st_status perform_recipes(panel* p)
{
    for (int i = 0; i < p->people; ++i) {
        const st_person* person = &p->entrant[i].person;
        const st_donor donor = st_arm_donor(person);
        for (int k = 0; k < 2; ++k) {
            const int arm = k == 1 ? p->arm : p->versus;
            const int before = st_ctx_mistake_count(p->crew->ctx);
            const st_status status =
                arm < 0 || p->study->arm[arm].recipe == NULL
                    ? ST_OK
                    : st_recipe_perform(p->crew->ctx, p->study->arm[arm].recipe, &donor,
                                        p->crew->seed, person->id, &p->dose[2 * i + k]);
            if (status == ST_ERR_NUMERIC) { // the run has reported it: here a dose of nothing
                p->dose[2 * i + k] = (st_dose){.is_failed = true};
                if (before == 0) {
                    st_ctx_clear_messages(p->crew->ctx);
                }
                continue;
            }
            ST_TRY(status);
        }
        note_classes(p, &p->dose[2 * i + 1]);
    }
    return ST_OK;
}

/// Values of the procedure that change the dose of a donor as these people are on average. One
/// whose change cannot be performed on both sides is left out.
static st_status pull_levers(panel* p)
{
    const st_recipe* recipe = p->study->arm[p->arm].recipe;
    int found = 0;

    if (recipe == NULL || !st_recipe_has_harvest(recipe)) {
        return ST_OK;
    }
    const st_donor middle = st_arm_middle_donor(p->entrant, p->people);
    ST_TRY(st_story_levers(p->crew->ctx, recipe, &middle, p->crew->seed, p->lever, LEVER_LIMIT,
                           &found));
    for (int i = 0; i < found; ++i) {
        if (isfinite(p->lever[i].dose_lo) && isfinite(p->lever[i].dose_hi)) {
            p->lever[p->lever_count++] = p->lever[i];
        }
    }
    return ST_OK;
}

// --- means ----------------------------------------------------------------------------------

/// Mean of row 0 plus the mean change from it, over people in whom both are known.
static double mean_under(const panel* p, const double* table, int change)
{
    const double* usual = table;
    const double* moved = table + (size_t)change * (size_t)p->people;
    double sum = 0.0, step = 0.0;
    int known = 0, both = 0;

    for (int i = 0; i < p->people; ++i) {
        if (!isnan(usual[i])) {
            sum += usual[i];
            ++known;
        }
        if (!isnan(moved[i] - usual[i])) {
            step += moved[i] - usual[i];
            ++both;
        }
    }
    return both > 0 ? sum / known + step / both : NAN;
}

static int find_value(const st_catalogue* catalogue, const char* name)
{
    for (int i = 0; i < st_catalogue_value_count(catalogue); ++i) {
        if (strcmp(st_catalogue_value_at(catalogue, i)->name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/// What change `j` is about.
static void name_change(const panel* p, int j, st_influence_row* row)
{
    const int parameters = p->crew->parameter_count;
    const int lever = j - parameters - p->class_count;

    if (j < parameters) {
        const st_parameter_info* about = st_model_parameter(p->study->model, j);
        row->origin = "model";
        row->position = j;
        row->name = about->name;
        row->value_lo = changed_value(about, about->value, false) * about->show_factor;
        row->value_hi = changed_value(about, about->value, true) * about->show_factor;
    } else if (lever < 0) {
        row->origin = "dose";
        row->position = j - parameters;
        row->name = p->class_name[j - parameters];
        row->value_lo = 1.0 / FACTOR;
        row->value_hi = FACTOR;
    } else {
        row->origin = "procedure";
        row->position = find_value(p->study->catalogue, p->lever[lever].name);
        row->name = p->lever[lever].name;
        row->value_lo = p->lever[lever].value_lo;
        row->value_hi = p->lever[lever].value_hi;
    }
}

static st_status emit_rows(const panel* p, const st_sink* sink)
{
    const st_study* study = p->study;

    for (int j = 0; j < p->changed; ++j) {
        st_influence_row row = {.arm = p->arm,
                                .versus = p->versus,
                                .measure = study->primary_measure,
                                .visit = study->primary_visit,
                                .people = p->people};
        name_change(p, j, &row);
        if (row.position < 0) {
            continue; // a value that the catalogue does not list
        }
        row.contrast = mean_under(p, p->contrast, 0);
        row.contrast_lo = mean_under(p, p->contrast, 1 + 2 * j);
        row.contrast_hi = mean_under(p, p->contrast, 2 + 2 * j);
        row.product = mean_under(p, p->product, 0);
        row.product_lo = mean_under(p, p->product, 1 + 2 * j);
        row.product_hi = mean_under(p, p->product, 2 + 2 * j);
        ST_TRY(sink->row(sink->self, p->crew->ctx, ST_ROW_INFLUENCE, &row));
    }
    return ST_OK;
}

static st_status run_panel(panel* p, const st_sink* sink)
{
    st_ctx* ctx = p->crew->ctx;
    size_t cells;
    st_status status;

    ST_TRY(perform_recipes(p));
    ST_TRY(pull_levers(p));
    p->changed = p->crew->parameter_count + p->class_count + p->lever_count;
    p->blocks = (p->people + ST_CREW_BLOCK - 1) / ST_CREW_BLOCK;
    cells = (1 + 2 * (size_t)p->changed) * (size_t)p->people;
    p->contrast = st_alloc(ctx, cells, sizeof *p->contrast);
    p->product = st_alloc(ctx, cells, sizeof *p->product);
    status =
        p->contrast == NULL || p->product == NULL
            ? ST_ERR_MEMORY
            : st_crew_run(p->crew, (1 + 2 * (int64_t)p->changed) * p->blocks, compute_block, p);
    if (status == ST_OK) {
        status = emit_rows(p, sink);
    }
    st_free(ctx, p->product);
    st_free(ctx, p->contrast);
    return status;
}

st_status st_influence_emit(st_crew* crew, const st_screening* screening, const st_sink* sink)
{
    const st_study* study = crew->study;
    panel p = {.crew = crew, .study = study, .entrant = screening->entrant};
    st_status status;

    p.arm = choose_arm(study);
    p.people = choose_people(crew, screening);
    if (study->influence_people == ST_INFLUENCE_OFF || p.arm < 0 || p.people < 1 ||
        crew->parameter_count < 1) {
        return ST_OK;
    }
    ST_ASSERT(crew->course_capacity >= ST_CREW_BLOCK * COURSES && crew->parameter_factor == NULL);
    p.versus = study->arm[p.arm].info.control;
    p.dose = st_alloc(crew->ctx, 2 * (size_t)p.people, sizeof *p.dose);
    status = p.dose == NULL ? ST_ERR_MEMORY : run_panel(&p, sink);
    st_free(crew->ctx, p.dose);
    return status;
}
