#include "share.h"

#include <math.h>
#include <string.h>

void st_shares_init(st_shares* shares, st_ctx* ctx, const st_model* model)
{
    *shares = (st_shares){.ctx = ctx,
                          .model = model,
                          .width = st_model_state_count(model) + st_model_input_count(model) +
                                   2 * st_model_event_count(model)};
}

void st_shares_clear(st_shares* s)
{
    st_free(s->ctx, s->order);
    st_free(s->ctx, s->share_of);
    st_free(s->ctx, s->share);
    st_free(s->ctx, s->number);
    s->order = NULL;
    s->share_of = NULL;
    s->share = NULL;
    s->number = NULL;
    s->capacity = s->share_capacity = 0;
}

/// Makes the arrays at least as long as asked for; what they held is not needed any more.
static st_status make_room(st_shares* s, int count, int share_count)
{
    if (count > s->capacity) {
        st_free(s->ctx, s->order);
        st_free(s->ctx, s->share_of);
        s->order = st_alloc(s->ctx, (size_t)count, sizeof *s->order);
        s->share_of = st_alloc(s->ctx, (size_t)count, sizeof *s->share_of);
        s->capacity = count;
    }
    if (share_count > s->share_capacity) {
        st_free(s->ctx, s->share);
        st_free(s->ctx, s->number);
        s->share = st_alloc(s->ctx, (size_t)share_count, sizeof *s->share);
        s->number = st_alloc(s->ctx, (size_t)share_count * (size_t)s->width + 1, sizeof *s->number);
        s->share_capacity = share_count;
    }
    if (s->order == NULL || s->share_of == NULL ||
        (share_count > 0 && (s->share == NULL || s->number == NULL))) {
        st_shares_clear(s);
        return ST_ERR_MEMORY;
    }
    return ST_OK;
}

/// The course that `c` is like, when both begin alike and only `c`'s actions part them.
static int leader_of(const st_course* course, int count, const st_course* c)
{
    const st_course* leader = c->like;
    const uintptr_t at = (uintptr_t)leader;
    if (leader == NULL || at < (uintptr_t)course || at >= (uintptr_t)(course + count) ||
        leader == c || leader->like != NULL || c->action_count < 1 ||
        leader->parameter != c->parameter || leader->input != c->input ||
        leader->begin_day != c->begin_day ||
        (c->sample_count > 0 && c->sample_day[0] < c->action[0].day)) {
        return -1;
    }
    return (int)(leader - course);
}

st_status st_shares_plan(st_shares* s, const st_course* course, int count)
{
    int first = 0;
    int leaders = 0;
    int followers = 0;
    for (int i = 0; i < count; i++) {
        leaders += course[i].like == NULL ? 1 : 0;
        followers += leader_of(course, count, &course[i]) >= 0 ? 1 : 0;
    }
    s->count = count;
    s->share_count = 0;
    s->taken_count = 0;
    if (followers == 0) {
        return ST_OK;
    }
    ST_TRY(make_room(s, count, leaders));
    for (int i = 0; i < count; i++) {
        s->share_of[i] = -1;
    }
    for (int i = 0; i < count; i++) {
        const int leader = leader_of(course, count, &course[i]);
        if (leader < 0) {
            continue;
        }
        if (s->share_of[leader] < 0) {
            s->share_of[leader] = s->share_count;
            s->share[s->share_count++] = (st_share){.day = INFINITY};
        }
        st_share* share = &s->share[s->share_of[leader]]; // the earliest of those who wait
        share->day = fmin(share->day, course[i].action[0].day);
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < count; i++) {
            if ((s->share_of[i] >= 0) == (pass == 0)) {
                s->order[first++] = i;
            }
        }
    }
    return ST_OK;
}

int st_shares_order(const st_shares* s, int turn)
{
    return s->share_count > 0 ? s->order[turn] : turn;
}

void st_shares_keep(st_shares* s, int index, const st_individual* who, const double* x)
{
    const size_t n = (size_t)st_model_state_count(s->model);
    const size_t inputs = (size_t)st_model_input_count(s->model);
    const size_t events = 2 * (size_t)st_model_event_count(s->model);
    const int at = s->share_count > 0 ? s->share_of[index] : -1;
    if (at < 0 || s->share[at].is_reached || who->day != s->share[at].day ||
        who->next_action != 0) {
        return;
    }
    st_share* share = &s->share[at];
    double* number = s->number + (size_t)at * (size_t)s->width;
    share->is_reached = true;
    share->h = who->h;
    share->next_plan = who->next_plan;
    share->rejects_in_a_row = who->rejects_in_a_row;
    share->was_rejected = who->was_rejected;
    share->step_count = who->course->step_count;
    share->reject_count = who->course->reject_count;
    memcpy(number, x, n * sizeof *number);
    memcpy(number + n, who->input, inputs * sizeof *number);
    memcpy(number + n + inputs, who->event_at, events * sizeof *number);
}

bool st_shares_take(st_shares* s, const st_course* course, int index, st_individual* who, double* x)
{
    const size_t n = (size_t)st_model_state_count(s->model);
    const size_t inputs = (size_t)st_model_input_count(s->model);
    const size_t events = 2 * (size_t)st_model_event_count(s->model);
    const int leader = s->share_count > 0 ? leader_of(course, s->count, &course[index]) : -1;
    const int at = leader < 0 ? -1 : s->share_of[leader];
    // It must stop there by itself: its first action is then.
    if (at < 0 || !s->share[at].is_reached || course[index].action[0].day != s->share[at].day) {
        return false;
    }
    const st_share* share = &s->share[at];
    s->taken_count++;
    const double* number = s->number + (size_t)at * (size_t)s->width;
    who->day = share->day;
    who->h = share->h;
    who->next_plan = share->next_plan;
    who->rejects_in_a_row = share->rejects_in_a_row;
    who->was_rejected = share->was_rejected;
    who->course->step_count = share->step_count;
    who->course->reject_count = share->reject_count;
    memcpy(x, number, n * sizeof *number);
    memcpy(who->input, number + n, inputs * sizeof *number);
    memcpy(who->event_at, number + n + inputs, events * sizeof *number);
    return true;
}
