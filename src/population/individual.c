#include "individual.h"

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

void st_individual_begin(const st_model* model, const st_population_def* def, st_individual* who,
                         st_course* course, st_scratch* scratch, double* x)
{
    const int n = st_model_state_count(model);
    who->course = course;
    who->day = course->begin_day;
    who->h = def->first_step_day;
    who->next_action = 0;
    who->next_sample = 0;
    who->rejects_in_a_row = 0;
    who->was_rejected = false;
    who->is_active = true;
    memcpy(who->input, course->input, (size_t)st_model_input_count(model) * sizeof *who->input);
    for (int e = 0; e < st_model_event_count(model); e++) {
        const st_event_info* event = st_model_event(model, e);
        double at = event->day;
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
}

double st_individual_stop(const st_model* model, const st_individual* who)
{
    const st_course* course = who->course;
    double stop = course->end_day;
    for (int e = 0; e < st_model_event_count(model); e++) {
        stop = fmin(stop, who->event_at[e]);
    }
    if (who->next_action < course->action_count) {
        stop = fmin(stop, course->action[who->next_action].day);
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
    fill_slots(model, who, who->day, x, scratch->slot);
    st_tape_run_scalar(st_model_event_tape(model), scratch->slot, scratch->reg, scratch->output);
    for (int i = 0; i < event->action_count; i++) {
        const st_event_action* a = &event->action[i];
        change_state(&x[a->state], a->change, scratch->output[a->output]);
    }
    // from the count, not by adding up: the hundredth time is as exact as the first
    const double turn = event->every_day > 0.0
                            ? floor((who->event_at[e] - event->day) / event->every_day + 1.5)
                            : 0.0;
    who->event_at[e] = event->every_day > 0.0 ? event->day + turn * event->every_day : INFINITY;
}

bool st_individual_act(const st_model* model, st_individual* who, st_scratch* scratch, double* x)
{
    bool changed = false;
    for (int e = 0; e < st_model_event_count(model); e++) {
        if (who->event_at[e] <= who->day) {
            run_event(model, who, scratch, e, x);
            changed = true;
        }
    }
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
    return changed;
}

void st_individual_sample(const st_model* model, st_individual* who, st_scratch* scratch,
                          double day, const double* x)
{
    const int n = st_model_state_count(model);
    const int definitions = st_model_definition_count(model);
    double* row = who->course->sample + (size_t)who->next_sample * (size_t)(n + definitions);
    memcpy(row, x, (size_t)n * sizeof *row);
    fill_slots(model, who, day, x, scratch->slot);
    st_tape_run_scalar(st_model_definition_tape(model), scratch->slot, scratch->reg, row + n);
    who->next_sample++;
}

double st_individual_step(const st_model* model, const st_population_def* def,
                          const st_individual* who, bool* hits_stop)
{
    const double left = st_individual_stop(model, who) - who->day;
    const double h = fmin(who->h, def->max_step_day);
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
    factor = fmax(1.0 / grow_most, fmin(shrink_most, factor));
    const double next = h / factor;
    if (is_bad || !(error <= 1.0)) {
        who->course->reject_count++;
        who->rejects_in_a_row++;
        who->was_rejected = true;
        who->h = next;
        return false;
    }
    // a step cut short by a stop says nothing against the wish before it
    const double wish = hits_stop ? fmax(next, who->h) : next;
    who->h = who->was_rejected ? fmin(next, h) : wish;
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
    who->is_active = false;
}
