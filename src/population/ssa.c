#include "ssa.h"

#include "base/maths.h"

#include <math.h>
#include <string.h>

// The exact stochastic twin: Gillespie's direct method over the channels of a model.    [POP-8]

#define DEF_COOKIE 0x73736131u

/// Whole numbers are exact in a double up to here.
#define COUNT_LIMIT 9007199254740992.0
/// A share of a step below this is rounding, not chance.
#define WHOLE 1e-9
/// Counts from here on are enough for any happening: it takes at most 64 steps of one state.
#define SCARCE 65.0
/// Happenings between two looks at the interrupt flag.
#define WATCH_EVERY 4096

/// Draws of one happening.
enum { DRAW_TIME, DRAW_PICK, DRAW_SHARE, DRAW_ROUND };

st_ssa_def st_default_ssa_def(void)
{
    return (st_ssa_def){.cells = 1000.0,
                        .max_step_day = 0.01,
                        .max_event_count = 200000000,
                        .seed = 1,
                        .cookie = DEF_COOKIE};
}

static st_status check_def(st_ctx* ctx, const st_model* model, const st_ssa_def* def)
{
    if (def->cookie != DEF_COOKIE) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "ssa: start the definition from st_default_ssa_def()");
    }
    if (!(def->cells > 0.0 && def->cells <= 1e12)) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "ssa.cells = %g: must be above 0 and at most 1e12",
                       def->cells);
    }
    if (!(def->max_step_day > 0.0) || def->max_event_count < 1) {
        return ST_FAIL(ctx, ST_ERR_INPUT,
                       "ssa.max_step_day = %g, max_event_count = %lld: must be above 0",
                       def->max_step_day, (long long)def->max_event_count);
    }
    for (int s = 0; def->scale != NULL && s < st_model_state_count(model); s++) {
        if (!(def->scale[s] > 0.0) || !isfinite(def->scale[s])) {
            return ST_FAIL(ctx, ST_ERR_INPUT, "ssa.scale of %s = %g: must be above 0",
                           st_model_state(model, s)->name, def->scale[s]);
        }
    }
    return ST_OK;
}

static int largest(int a, int b)
{
    return a > b ? a : b;
}

static bool make_room(st_ssa* ssa)
{
    const st_model* m = ssa->model;
    const st_tape* tapes[] = {st_model_channel_tape(m), st_model_definition_tape(m),
                              st_model_initial_tape(m), st_model_event_tape(m)};
    int registers = 1;
    int outputs = 1;
    for (int i = 0; i < 4; i++) {
        registers = largest(registers, tapes[i]->register_count);
        outputs = largest(outputs, tapes[i]->output_count);
    }
    const int n = ssa->state_count;
    const struct {
        double** at;
        int size;
    } room[] = {
        {&ssa->scale, n},
        {&ssa->quantum, n},
        {&ssa->x, n},
        {&ssa->count, n},
        {&ssa->size, n},
        {&ssa->rate, outputs},
        {&ssa->per_step, outputs},
        {&ssa->propensity, ssa->channel_count},
        {&ssa->who.input, st_model_input_count(m)},
        {&ssa->who.event_at, 2 * ssa->event_count},
        {&ssa->scratch.slot, tapes[0]->input_count},
        {&ssa->scratch.reg, registers},
        {&ssa->scratch.output, outputs},
    };
    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        *room[i].at = st_alloc(ssa->ctx, (size_t)room[i].size + 1u, sizeof(double));
        if (*room[i].at == NULL) {
            return false;
        }
    }
    ssa->link = st_alloc(ssa->ctx, (size_t)n + 1u, sizeof *ssa->link);
    ssa->may_be_negative = st_alloc(ssa->ctx, (size_t)n + 1u, sizeof *ssa->may_be_negative);
    return ssa->link != NULL && ssa->may_be_negative != NULL;
}

st_status st_ssa_create(st_ctx* ctx, const st_model* model, const st_ssa_def* def, st_ssa** out)
{
    *out = NULL;
    ST_TRY(check_def(ctx, model, def));
    st_ssa* ssa = st_alloc(ctx, 1, sizeof *ssa);
    if (ssa == NULL) {
        return ST_ERR_MEMORY;
    }
    ssa->ctx = ctx;
    ssa->model = model;
    ssa->def = *def;
    ssa->state_count = st_model_state_count(model);
    ssa->channel_count = st_model_channel_count(model);
    ssa->event_count = st_model_event_count(model);
    ssa->channel = ssa->channel_count > 0 ? st_model_channel(model, 0) : NULL;
    if (!make_room(ssa)) {
        st_ssa_destroy(ssa);
        return ST_ERR_MEMORY;
    }
    for (int s = 0; s < ssa->state_count; s++) {
        const st_state_info* info = st_model_state(model, s);
        ssa->scale[s] = def->scale != NULL ? def->scale[s] : info->scale;
        ssa->may_be_negative[s] = info->may_be_negative;
    }
    ssa->def.scale = NULL; // copied
    *out = ssa;
    return ST_OK;
}

void st_ssa_destroy(st_ssa* ssa)
{
    if (ssa == NULL) {
        return;
    }
    void* const room[] = {ssa->scale,          ssa->quantum,      ssa->x,
                          ssa->count,          ssa->size,         ssa->rate,
                          ssa->per_step,       ssa->propensity,   ssa->who.input,
                          ssa->who.event_at,   ssa->scratch.slot, ssa->scratch.reg,
                          ssa->scratch.output, ssa->link,         ssa->may_be_negative};
    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        st_free(ssa->ctx, room[i]);
    }
    st_free(ssa->ctx, ssa);
}

double st_ssa_quantum(const st_ssa* ssa, int state)
{
    return ssa->quantum[state];
}

st_status st_ssa_check(const st_ssa* ssa, const st_course* course)
{
    return st_individual_check(ssa->ctx, ssa->model, course);
}

/// A whole number near `value`, above or below by chance so that its mean is `value`.
static double round_by_chance(double value, double chance)
{
    const double nearest = floor(value + 0.5);
    if (fabs(value - nearest) <= WHOLE * fmax(1.0, fabs(value))) {
        return nearest;
    }
    const double below = floor(value);
    return below + (chance < value - below ? 1.0 : 0.0);
}

/// Levels as they are now become whole numbers of steps; -1, or the state that cannot.
static int take_counts(st_ssa* ssa)
{
    for (int s = 0; s < ssa->state_count; s++) {
        if (ssa->x[s] == ssa->count[s] * ssa->quantum[s]) {
            continue;
        }
        const double steps = ssa->x[s] / ssa->quantum[s];
        if (!(fabs(steps) < COUNT_LIMIT) || (steps < 0.0 && !ssa->may_be_negative[s])) {
            return s;
        }
        const double chance = st_random_uniform(&ssa->key, DRAW_ROUND + (uint64_t)s);
        ssa->count[s] = round_by_chance(steps, chance);
        ssa->x[s] = ssa->count[s] * ssa->quantum[s];
    }
    return -1;
}

/// Parameters and inputs into the slots; they stay there until an action changes an input.
static void fill_constants(st_ssa* ssa)
{
    const int parameters = st_model_parameter_count(ssa->model);
    double* slot = ssa->scratch.slot + ssa->state_count;
    memcpy(slot, ssa->who.course->parameter, (size_t)parameters * sizeof *slot);
    memcpy(slot + parameters, ssa->who.input,
           (size_t)st_model_input_count(ssa->model) * sizeof *slot);
}

/// Steps of one change per happening, before rounding.
static double steps_of(const st_ssa* ssa, const st_channel_change* change, double propensity)
{
    return fabs(ssa->rate[change->output]) / (ssa->quantum[change->state] * propensity);
}

/// A channel that would take more steps of something than there are cannot happen.
static bool is_blocked(const st_ssa* ssa, const st_channel_info* info, double propensity)
{
    for (int i = 0; i < info->change_count; i++) {
        const st_channel_change* c = &info->change[i];
        if (ssa->rate[c->output] < 0.0 && !ssa->may_be_negative[c->state] &&
            ssa->count[c->state] < ceil(steps_of(ssa, c, propensity) - WHOLE)) {
            return true;
        }
    }
    return false;
}

/// Happenings per day of one channel: as many as its fastest change needs.
static double propensity_of(const st_ssa* ssa, const st_channel_info* info)
{
    double a = 0.0;
    bool is_scarce = false;
    for (int i = 0; i < info->change_count; i++) {
        const st_channel_change* c = &info->change[i];
        const double steps = fabs(ssa->rate[c->output]) * ssa->per_step[c->output];
        a = steps <= a ? a : steps; // keeps NaN
        is_scarce = is_scarce || ssa->count[c->state] < SCARCE;
    }
    return is_scarce && a > 0.0 && is_blocked(ssa, info, a) ? 0.0 : a;
}

/// All propensities and their sum at the present state; *bad = channel that is not finite, or -1.
static double read_propensities(st_ssa* ssa, int* bad)
{
    const st_tape* tape = st_model_channel_tape(ssa->model);
    memcpy(ssa->scratch.slot, ssa->x, (size_t)ssa->state_count * sizeof *ssa->x);
    ssa->scratch.slot[tape->input_count - 1] = ssa->who.day;
    st_tape_run_scalar(tape, ssa->scratch.slot, ssa->scratch.reg, ssa->rate);
    double total = 0.0;
    *bad = -1;
    for (int c = 0; c < ssa->channel_count; c++) {
        ssa->propensity[c] = propensity_of(ssa, &ssa->channel[c]);
        total += ssa->propensity[c];
        if (*bad < 0 && !isfinite(ssa->propensity[c])) {
            *bad = c;
        }
    }
    return total;
}

static int pick_channel(const st_ssa* ssa, double total)
{
    double left = total * st_random_uniform(&ssa->key, DRAW_PICK);
    int last = -1;
    for (int c = 0; c < ssa->channel_count; c++) {
        if (ssa->propensity[c] > 0.0) {
            last = c;
            left -= ssa->propensity[c];
            if (left < 0.0) {
                break;
            }
        }
    }
    return last;
}

/// All changes of a channel once; shares of a step are drawn together.
static void fire(st_ssa* ssa, int channel)
{
    const st_channel_info* info = &ssa->channel[channel];
    for (int i = 0; i < info->change_count; i++) {
        const st_channel_change* c = &info->change[i];
        const double steps = steps_of(ssa, c, ssa->propensity[channel]);
        double whole = floor(steps + 0.5);
        if (fabs(steps - whole) > WHOLE) {
            whole = round_by_chance(steps, st_random_uniform(&ssa->key, DRAW_SHARE));
        }
        ssa->count[c->state] += ssa->rate[c->output] < 0.0 ? -whole : whole;
        ssa->x[c->state] = ssa->count[c->state] * ssa->quantum[c->state];
    }
}

/// Samples that lie before `day`, or on it when `inclusive`: the state stands still in between.
static void sample_until(st_ssa* ssa, double day, bool inclusive)
{
    st_individual* who = &ssa->who;
    const st_course* course = who->course;
    while (who->next_sample < course->sample_count) {
        const double at = course->sample_day[who->next_sample];
        if (at > day || (at == day && !inclusive)) {
            break;
        }
        st_individual_sample(ssa->model, who, &ssa->scratch, at, ssa->x);
    }
}

/// Events and actions that are due, then whole steps, samples and the end.
static void arrive(st_ssa* ssa)
{
    st_individual* who = &ssa->who;
    st_individual_act(ssa->model, who, &ssa->scratch, ssa->x);
    fill_constants(ssa);
    const int bad = take_counts(ssa);
    if (bad >= 0) {
        st_individual_fail(ssa->model, who, bad);
        return;
    }
    sample_until(ssa, who->day, true);
    if (who->day >= who->course->end_day) {
        who->is_active = false;
    }
}

/// One waiting time and what comes after it.                                              [POP-8]
static void advance(st_ssa* ssa)
{
    st_individual* who = &ssa->who;
    int bad;
    ssa->key.step++;
    const double total = read_propensities(ssa, &bad);
    if (bad >= 0) {
        st_individual_fail(ssa->model, who, st_model_channel(ssa->model, bad)->change[0].state);
        return;
    }
    const double wait =
        total > 0.0 ? st_random_exponential(&ssa->key, DRAW_TIME) / total : INFINITY;
    const double stop = st_individual_stop(ssa->model, who);
    const bool is_timed = st_model_rates_use_time(ssa->model);
    const double limit = is_timed ? fmin(stop, who->day + ssa->def.max_step_day) : stop;
    if (!(who->day + wait < limit)) { // nothing happened until then; waiting has no memory
        sample_until(ssa, limit, false);
        who->day = limit;
        if (limit == stop) {
            arrive(ssa);
        }
        return;
    }
    sample_until(ssa, who->day + wait, false);
    who->day += wait;
    fire(ssa, pick_channel(ssa, total));
    who->course->step_count++;
    if (st_individual_notice(ssa->model, who, &ssa->scratch, ssa->x)) {
        arrive(ssa); // a threshold was crossed
    }
}

st_status st_ssa_run(st_ssa* ssa, st_course* course, uint64_t run)
{
    st_population_def def = st_default_population_def();
    st_individual* who = &ssa->who;
    ssa->key = (st_random_key){.seed = ssa->def.seed, .stream = ST_STREAM_SSA, .id = run};
    st_individual_begin(ssa->model, &def, who, course, &ssa->scratch, ssa->x);
    fill_constants(ssa);
    ssa->scratch.slot[ssa->state_count + st_model_parameter_count(ssa->model) +
                      st_model_input_count(ssa->model)] = who->day;
    st_ssa_quanta_choose(ssa);
    for (int c = 0; c < ssa->channel_count; c++) {
        for (int i = 0; i < ssa->channel[c].change_count; i++) {
            const st_channel_change* change = &ssa->channel[c].change[i];
            ssa->per_step[change->output] = 1.0 / (ssa->quantum[change->state] * change->count);
        }
    }
    for (int s = 0; s < ssa->state_count; s++) {
        ssa->count[s] = 0.0;
    }
    arrive(ssa);
    for (int64_t turn = 0; who->is_active; turn++) {
        if (turn % WATCH_EVERY == 0 && st_ctx_should_stop(ssa->ctx)) {
            return ST_ERR_INTERRUPTED;
        }
        advance(ssa);
        if (who->is_active && course->step_count >= ssa->def.max_event_count) {
            st_individual_fail(ssa->model, who, -1);
        }
    }
    return ST_OK;
}

st_status st_ssa_solve(st_ssa* ssa, st_course* course, uint64_t run)
{
    ST_TRY(st_ssa_check(ssa, course));
    return st_ssa_run(ssa, course, run);
}
