// Competing hazards: one draw says whether and when something happens, a second
// one what. What a cell has become goes on through the rest of the step, so
// that constant hazards are exact for any step. [AGT-3]

#include "engine.h"

#include <math.h>

/// Rates of one cell, 1/min.
typedef struct rates {
    int kind, count;
    double total;
} rates;

/// A rule that ends at 0 may miss it by rounding.
#define ROUNDING 1e-12

typedef struct life {
    st_agents* a;
    st_worker* w;
    const st_batch* batch;
    int lane;
    st_random_key* key;
    uint64_t draw;
    st_fate* out;
} life;

/// A batch of one cell as another kind.
static st_batch alone(const life* l, int kind)
{
    return (st_batch){.kind = kind,
                      .brick = l->batch->brick,
                      .count = 1,
                      .slot = {l->batch->slot[l->lane]},
                      .voxel = {l->batch->voxel[l->lane]}};
}

/// Cells per place of the kind itself, as its program was told.
static double own_number(const life* l, int kind)
{
    return st_signal_density(l->a, l->w, kind, l->batch->brick, l->batch->voxel[l->lane]);
}

/// All rates of the cell as `kind`, in the order hazards, pairs, outer.
static rates read_rates(const life* l, int kind)
{
    const st_kind* k = &l->a->bio.kind[kind];
    const double* reg = l->w->reg[kind];
    rates r = {.kind = kind};
    int lane = l->lane;
    if (kind != l->batch->kind) {
        const st_batch one = alone(l, kind);
        st_signal_run(l->a, l->w, &one);
        lane = 0;
    }
    double* rate = l->w->rate;
    for (int i = 0; i < k->hazard_count; i++) {
        rate[r.count++] =
            k->hazard[i].times * st_extract_output(&k->program, reg, k->hazard[i].output)[lane];
    }
    for (int i = 0; i < l->a->bio.pair_count; i++) {
        if (l->a->bio.pair[i].target == kind) {
            rate[r.count++] =
                st_signal_pair(l->a, l->w, i, l->batch->brick, l->batch->voxel[l->lane]);
        }
    }
    const double number = k->outer_count > 0 ? own_number(l, kind) : 0.0;
    for (int i = 0; i < k->outer_count; i++) {
        const double change = st_extract_output(&k->program, reg, k->outer[i].output)[lane];
        rate[r.count++] = number > 0.0 ? -change / number : 0.0;
    }
    for (int i = 0; i < r.count; i++) {
        rate[i] = rate[i] < 0.0 && rate[i] > -ROUNDING ? 0.0 : rate[i] / ST_MIN_PER_DAY;
        r.total = rate[i] >= 0.0 && isfinite(r.total) ? r.total + rate[i] : NAN;
    }
    return r;
}

/// Number of the rate that a uniform draw points at.
static int pick(const life* l, const rates* r, double u)
{
    double left = u * r->total;
    int last = 0;
    for (int i = 0; i < r->count; i++) {
        if (l->w->rate[i] > 0.0) {
            last = i;
            left -= l->w->rate[i];
            if (left < 0.0) {
                break;
            }
        }
    }
    return last;
}

/// Kind after happening number `which` of the kind; *divides tells of a
/// division.
static int after(const life* l, int kind, int which, bool* divides, bool* departs)
{
    const st_kind* k = &l->a->bio.kind[kind];
    *divides = false;
    *departs = false;
    if (which < k->hazard_count) {
        const st_hazard* h = &k->hazard[which];
        *divides = h->term == ST_TERM_DIVIDE;
        *departs = h->to == ST_NOWHERE && h->to_state >= 0;
        return h->to;
    }
    which -= k->hazard_count;
    for (int i = 0; i < l->a->bio.pair_count; i++) {
        if (l->a->bio.pair[i].target == kind && which-- == 0) {
            return l->a->bio.pair[i].to;
        }
    }
    return k->outer[which].to;
}

static void survive(life* l, int kind)
{
    st_fate* out = l->out;
    out->is_full = out->is_full || out->count == ST_FATE_LIMIT;
    if (!out->is_full) {
        out->kind[out->count++] = kind;
    }
}

/// Depth is bounded: each division that calls itself brings at least one
/// happening, and the limit on cells ends it.
static void go_on(life* l, int kind, double left_min, int depth)
{
    while (!l->out->is_full) {
        const rates r = read_rates(l, kind);
        if (!isfinite(r.total)) {
            l->out->count = -1;
            return;
        }
        if (!(r.total > 0.0)) {
            break;
        }
        const double u = st_random_uniform(l->key, l->draw++);
        if (u >= 1.0 - st_exp(-r.total * left_min)) {
            break;
        }
        left_min = fmax(left_min + st_log(1.0 - u) / r.total, 0.0);
        bool divides;
        bool departs;
        const int which = pick(l, &r, st_random_uniform(l->key, l->draw++));
        const int to = after(l, kind, which, &divides, &departs);
        if (divides) {
            l->out->births++;
            l->out->is_full = l->out->is_full || depth >= ST_FATE_LIMIT;
            go_on(l, to, left_min, depth + 1);
            if (l->out->count < 0) {
                return;
            }
        } else if (to == ST_NOWHERE) {
            l->out->departures += departs ? 1 : 0;
            l->out->deaths += departs ? 0 : 1;
            return;
        } else {
            l->out->changes++;
        }
        kind = to;
    }
    survive(l, kind);
}

void st_fate_live(st_agents* a, st_worker* w, const st_batch* batch, int lane, st_random_key* key,
                  double left_min, st_fate* out)
{
    life l = {.a = a, .w = w, .batch = batch, .lane = lane, .key = key, .out = out};
    *out = (st_fate){.count = 0};
    go_on(&l, batch->kind, left_min, 0);
}
