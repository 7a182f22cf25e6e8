#include "individual.h"

#include <float.h>
#include <math.h>
#include <string.h>

/// states, parameters, inputs, time: the input registers of every tape.
static void fill_slots(const st_model* model, const st_individual* who, double day, const double* x,
                       double* slot)
{
    const int n = st_model_state_count(model);
    const int parameters = st_model_parameter_count(model);
    const int inputs = st_model_input_count(model);
    memcpy(slot, x, (size_t)n * sizeof *slot);
    memcpy(slot + n, who->course->parameter, (size_t)parameters * sizeof *slot);
    memcpy(slot + n + parameters, who->input, (size_t)inputs * sizeof *slot);
    slot[n + parameters + inputs] = day;
}

st_status st_individual_check(st_ctx* ctx, const st_model* model, const st_course* course)
{
    if (!(course->end_day >= course->begin_day) || !isfinite(course->begin_day) ||
        !isfinite(course->end_day)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "course: begins on day %g and ends on day %g",
                       course->begin_day, course->end_day);
    }
    double before = course->begin_day;
    for (int i = 0; i < course->sample_count; i++) {
        const double day = course->sample_day[i];
        if (!(day >= before && day <= course->end_day)) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "course: sample %d on day %g, expected ascending days from %g to %g", i,
                           day, before, course->end_day);
        }
        before = day;
    }
    before = course->begin_day;
    for (int i = 0; i < course->action_count; i++) {
        const st_action* a = &course->action[i];
        const int limit =
            a->kind == ST_ACTION_INPUT ? st_model_input_count(model) : st_model_state_count(model);
        if (!(a->day >= before && a->day <= course->end_day) || !isfinite(a->value) ||
            a->index < 0 || a->index >= limit) {
            return ST_FAIL(ctx, ST_ERR_INPUT,
                           "course: action %d on day %g (value %g, index %d), expected ascending "
                           "days from %g to %g and an index below %d",
                           i, a->day, a->value, a->index, before, course->end_day, limit);
        }
        before = a->day;
    }
    return ST_OK;
}

// --- thresholds ---------------------------------------------------------------------------------

/// Runs the event tape on the state x: scratch->output holds what events set and by how much
/// thresholds are passed.
static void run_event_tape(const st_model* model, const st_individual* who, st_scratch* scratch,
                           double day, const double* x)
{
    fill_slots(model, who, day, x, scratch->slot);
    st_tape_run_scalar(st_model_event_tape(model), scratch->slot, scratch->reg, scratch->output);
}

static bool has_thresholds(const st_model* model)
{
    for (int e = 0; e < st_model_event_count(model); e++) {
        if (st_model_event(model, e)->trigger >= 0) {
            return true;
        }
    }
    return false;
}

/// By how much (0 or less) the threshold was passed when the event happened: the step ends on it
/// within the solution's error only, on either side.
static double* met(const st_model* model, const st_individual* who, int event)
{
    return &who->event_at[st_model_event_count(model) + event];
}

/// An event that happened waits again once its condition no longer holds: once it is passed by
/// clearly less than when it happened.
static void wait_again(const st_model* model, st_individual* who, int event, double excess)
{
    double* passed = met(model, who, event);
    if (isnan(who->event_at[event]) && excess < 2.0 * *passed) {
        who->event_at[event] = INFINITY;
        *passed = 0.0;
    } else if (excess > 0.0) {
        *passed = 0.0;
    }
}

/// A condition that holds from the start waits until it has once not held.
static void begin_thresholds(const st_model* model, st_individual* who, st_scratch* scratch,
                             const double* x)
{
    if (!has_thresholds(model)) {
        return;
    }
    run_event_tape(model, who, scratch, who->day, x);
    for (int e = 0; e < st_model_event_count(model); e++) {
        const int trigger = st_model_event(model, e)->trigger;
        if (trigger >= 0) {
            who->event_at[e] = scratch->output[trigger] > 0.0 ? NAN : INFINITY;
            *met(model, who, e) = 0.0;
        }
    }
}

bool st_individual_notice(const st_model* model, st_individual* who, st_scratch* scratch,
                          const double* x)
{
    bool is_due = false;
    if (!has_thresholds(model)) {
        return false;
    }
    run_event_tape(model, who, scratch, who->day, x);
    for (int e = 0; e < st_model_event_count(model); e++) {
        const int trigger = st_model_event(model, e)->trigger;
        if (trigger < 0) {
            continue;
        }
        const double excess = scratch->output[trigger];
        if (isinf(who->event_at[e]) && excess > 0.0) {
            who->event_at[e] = who->day + st_model_event(model, e)->delay_day;
            is_due = is_due || who->event_at[e] <= who->day;
        } else {
            wait_again(model, who, e, excess);
        }
    }
    return is_due;
}

/// Is a waiting condition true of the state in scratch->state2?
static bool some_hold(const st_model* model, const st_individual* who, st_scratch* scratch,
                      double day)
{
    run_event_tape(model, who, scratch, day, scratch->state2);
    for (int e = 0; e < st_model_event_count(model); e++) {
        const int trigger = st_model_event(model, e)->trigger;
        if (trigger >= 0 && isinf(who->event_at[e]) && scratch->output[trigger] > 0.0) {
            return true;
        }
    }
    return false;
}

/// First share of the step at which a waiting condition holds; above 1 when none does. Leaves the
/// event tape's outputs of that moment (or of the step's end) in scratch->output.
static double find_crossing(const st_model* model, const st_individual* who, st_scratch* scratch,
                            double h, st_dense_fn dense, const void* of)
{
    const int looks = 4; // inside a step, so that a short excursion is seen as well
    const int halvings = 50;
    double low = 0.0;
    double high = 2.0;
    for (int i = 1; i <= looks && high > 1.0; i++) {
        const double theta = (double)i / looks;
        dense(of, theta, scratch->state2);
        if (some_hold(model, who, scratch, who->day + theta * h)) {
            high = theta;
        } else {
            low = theta;
        }
    }
    for (int i = 0; i < halvings && high <= 1.0; i++) {
        const double middle = 0.5 * (low + high);
        dense(of, middle, scratch->state2);
        if (some_hold(model, who, scratch, who->day + middle * h)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    if (high <= 1.0) {
        dense(of, high, scratch->state2);
        run_event_tape(model, who, scratch, who->day + high * h, scratch->state2);
    }
    return high;
}

bool st_individual_crosses(const st_model* model, st_individual* who, st_scratch* scratch,
                           double new_day, st_dense_fn dense, const void* of)
{
    const double h = new_day - who->day;
    if (!has_thresholds(model)) {
        return false;
    }
    // one turn per moment at which something is crossed; each makes an event wait no longer
    for (int turn = 0; turn <= st_model_event_count(model); turn++) {
        const double theta = find_crossing(model, who, scratch, h, dense, of);
        const double at = fmax(who->day + theta * h, nextafter(who->day, INFINITY));
        double first = INFINITY;
        for (int e = 0; e < st_model_event_count(model); e++) {
            const st_event_info* event = st_model_event(model, e);
            if (event->trigger < 0) {
                continue;
            }
            const double excess = scratch->output[event->trigger];
            if (theta > 1.0) {
                wait_again(model, who, e, excess);
            } else if (isinf(who->event_at[e]) && excess > 0.0) {
                who->event_at[e] = at + event->delay_day;
                first = fmin(first, who->event_at[e]);
            }
        }
        if (theta > 1.0 || first < new_day || (first == new_day && first == at)) {
            return theta <= 1.0;
        }
    }
    return false;
}

// --- the way through a course -------------------------------------------------------------------

void st_individual_begin(const st_model* model, const st_population_def* def, st_individual* who,
                         st_course* course, st_scratch* scratch, double* x)
{
    const int n = st_model_state_count(model);
    who->course = course;
    who->day = course->begin_day;
    who->h = def->first_step_day;
    who->next_action = 0;
    who->next_sample = 0;
    who->next_plan = 0;
    who->rejects_in_a_row = 0;
    who->was_rejected = false;
    who->is_active = true;
    memcpy(who->input, course->input, (size_t)st_model_input_count(model) * sizeof *who->input);
    for (int e = 0; e < st_model_event_count(model); e++) {
        const st_event_info* event = st_model_event(model, e);
        double at = event->day; // INFINITY for a threshold
        if (at < course->begin_day) {
            at = event->every_day > 0.0
                     ? event->day + event->every_day *
                                        ceil((course->begin_day - event->day) / event->every_day)
                     : INFINITY;
        }
        who->event_at[e] = at;
    }
    course->status = ST_OK;
    course->failed_day = NAN;
    course->failed_state = -1;
    course->step_count = 0;
    course->reject_count = 0;
    memset(x, 0, (size_t)n * sizeof *x);
    fill_slots(model, who, who->day, x, scratch->slot);
    st_tape_run_scalar(st_model_initial_tape(model), scratch->slot, scratch->reg, x);
    begin_thresholds(model, who, scratch, x);
}

/// b where a is not a number.
static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

double st_individual_stop(const st_model* model, const st_individual* who)
{
    const st_course* course = who->course;
    double stop = course->end_day;
    for (int e = 0; e < st_model_event_count(model); e++) {
        stop = smaller(who->event_at[e], stop);
    }
    if (who->next_plan < st_model_plan_count(model)) {
        stop = smaller(st_model_plan(model, who->next_plan)->day, stop);
    }
    if (who->next_action < course->action_count) {
        stop = smaller(course->action[who->next_action].day, stop);
    }
    return stop;
}

static void change_state(double* x, st_change change, double value)
{
    switch (change) {
    case ST_CHANGE_SET:
        *x = value;
        break;
    case ST_CHANGE_ADD:
        *x += value;
        break;
    case ST_CHANGE_SCALE:
        *x *= value;
        break;
    }
}

/// One model event; its values are computed from the state before it.
static void run_event(const st_model* model, st_individual* who, st_scratch* scratch, int e,
                      double* x)
{
    const st_event_info* event = st_model_event(model, e);
    run_event_tape(model, who, scratch, who->day, x);
    for (int i = 0; i < event->action_count; i++) {
        const st_event_action* a = &event->action[i];
        change_state(&x[a->state], a->change, scratch->output[a->output]);
    }
    if (event->trigger >= 0) {
        const double excess = scratch->output[event->trigger];
        const bool has_passed = event->delay_day > 0.0 && excess <= 0.0; // holds no longer
        who->event_at[e] = event->once ? DBL_MAX : has_passed ? INFINITY : NAN;
        *met(model, who, e) = excess < 0.0 && !has_passed ? excess : 0.0;
        return;
    }
    // from the count, not by adding up: the hundredth time is as exact as the first
    const double turn = event->every_day > 0.0
                            ? floor((who->event_at[e] - event->day) / event->every_day + 1.5)
                            : 0.0;
    who->event_at[e] = event->every_day > 0.0 ? event->day + turn * event->every_day : INFINITY;
}

static bool run_due_events(const st_model* model, st_individual* who, st_scratch* scratch,
                           double* x)
{
    bool changed = false;
    for (int e = 0; e < st_model_event_count(model); e++) {
        if (who->event_at[e] <= who->day) {
            run_event(model, who, scratch, e, x);
            changed = true;
        }
    }
    return changed;
}

/// Planned inputs whose time has come.
static bool follow_plan(const st_model* model, st_individual* who, st_scratch* scratch,
                        const double* x)
{
    bool changed = false;
    while (who->next_plan < st_model_plan_count(model) &&
           st_model_plan(model, who->next_plan)->day <= who->day) {
        const st_plan_info* plan = st_model_plan(model, who->next_plan++);
        run_event_tape(model, who, scratch, who->day, x);
        who->input[plan->input] = scratch->output[plan->output];
        changed = true;
    }
    return changed;
}

bool st_individual_act(const st_model* model, st_individual* who, st_scratch* scratch, double* x)
{
    bool changed = follow_plan(model, who, scratch, x);
    changed = run_due_events(model, who, scratch, x) || changed;
    const st_course* course = who->course;
    while (who->next_action < course->action_count &&
           course->action[who->next_action].day <= who->day) {
        const st_action* a = &course->action[who->next_action++];
        switch (a->kind) {
        case ST_ACTION_INPUT:
            who->input[a->index] = a->value;
            break;
        case ST_ACTION_ADD:
            x[a->index] += a->value;
            break;
        case ST_ACTION_SET:
            x[a->index] = a->value;
            break;
        case ST_ACTION_SCALE:
            x[a->index] *= a->value;
            break;
        }
        changed = true;
    }
    // what was done may cross a threshold at once, and that another; each once per moment at most
    for (int i = 0; changed && i < st_model_event_count(model); i++) {
        if (!st_individual_notice(model, who, scratch, x)) {
            break;
        }
        run_due_events(model, who, scratch, x);
    }
    return changed;
}

void st_individual_sample(const st_model* model, st_individual* who, st_scratch* scratch,
                          double day, const double* x)
{
    const int n = st_model_state_count(model);
    const int definitions = st_model_definition_count(model);
    double* row = who->course->sample + (size_t)who->next_sample * (size_t)(n + definitions);
    memcpy(row, x, (size_t)n * sizeof *row);
    if (who->course->input_sample != NULL) {
        const size_t inputs = (size_t)st_model_input_count(model);
        memcpy(who->course->input_sample + (size_t)who->next_sample * inputs, who->input,
               inputs * sizeof *who->input);
    }
    fill_slots(model, who, day, x, scratch->slot);
    if (scratch->samples != NULL) {
        st_samples_add(scratch->samples, scratch->slot, row + n);
    } else {
        st_tape_run_scalar(st_model_definition_tape(model), scratch->slot, scratch->reg, row + n);
    }
    who->next_sample++;
}

double st_individual_step(const st_model* model, const st_population_def* def,
                          const st_individual* who, bool* hits_stop)
{
    const double left = st_individual_stop(model, who) - who->day;
    const double h = smaller(who->h, def->max_step_day);
    *hits_stop = h * (1.0 + 1e-9) >= left;
    if (*hits_stop) {
        return left;
    }
    return h > 0.5 * left ? 0.5 * left : h; // no tiny step is left over before the stop
}

bool st_individual_judge(st_individual* who, double h, bool hits_stop, double error, bool is_bad)
{
    const double shrink_most = 5.0;
    const double grow_most = 6.0;
    const double safety = 0.9;

    who->course->step_count++;
    // err^(1/4) of an order 4(3) pair, as in the book
    double factor = is_bad ? shrink_most : sqrt(sqrt(error)) / safety;
    factor = larger(1.0 / grow_most, smaller(shrink_most, factor));
    const double next = h / factor;
    if (is_bad || !(error <= 1.0)) {
        who->course->reject_count++;
        who->rejects_in_a_row++;
        who->was_rejected = true;
        who->h = next;
        return false;
    }
    // a step cut short by a stop says nothing against the wish before it
    const double wish = hits_stop ? larger(next, who->h) : next;
    who->h = who->was_rejected ? smaller(next, h) : wish;
    who->was_rejected = false;
    who->rejects_in_a_row = 0;
    return true;
}

bool st_individual_is_stuck(const st_population_def* def, const st_individual* who)
{
    const double day = who->day;
    return who->rejects_in_a_row > def->max_reject || day + 0.5 * who->h == day ||
           who->course->step_count >= def->max_step_count;
}

bool st_individual_arrive(const st_model* model, const st_population_def* def, st_individual* who,
                          st_scratch* scratch, double* x)
{
    const st_course* course = who->course;
    const bool changed = st_individual_act(model, who, scratch, x);
    if (changed) {
        who->h = fmin(who->h, def->first_step_day);
    }
    while (who->next_sample < course->sample_count &&
           course->sample_day[who->next_sample] <= who->day) {
        st_individual_sample(model, who, scratch, who->day, x);
    }
    if (who->day >= course->end_day) {
        who->is_active = false;
    }
    return changed;
}

void st_individual_fail(const st_model* model, st_individual* who, int state)
{
    st_course* course = who->course;
    const int width = st_model_state_count(model) + st_model_definition_count(model);
    course->status = ST_ERR_NUMERIC;
    course->failed_day = who->day;
    course->failed_state = state;
    for (int i = who->next_sample * width; i < course->sample_count * width; i++) {
        course->sample[i] = NAN;
    }
    const int inputs = course->input_sample != NULL ? st_model_input_count(model) : 0;
    for (int i = who->next_sample * inputs; i < course->sample_count * inputs; i++) {
        course->input_sample[i] = NAN;
    }
    who->is_active = false;
}
