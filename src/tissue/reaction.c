// Chemistry in a voxel: the model's own program over eight voxels at a time.            [TIS-12]

#include "tissue/reaction.h"

#include <math.h>
#include <string.h>

#define V      ST_BRICK_VOXELS
#define N      ST_UNKNOWN_LIMIT
#define L      ST_LANES
#define COOKIE 0x52454131u

/// The model counts in uM and days, tissue in M and minutes.
#define M_PER_UM    1e-6
#define MIN_PER_DAY 1440.0
/// Steps of one voxel in one run at most.
#define STEP_LIMIT 20000
/// A finite difference, relative to a level.
#define DIFFERENCE 1e-6

#define GAMMA 0.5

st_reaction_def st_default_reaction_def(void)
{
    const st_reaction_def def = {.tolerance = 1e-3, .solver_tolerance = 1e-6, .cookie = COOKIE};
    return def;
}

// --- one group of voxels
// ------------------------------------------------------------------------

// Lanes are the last index everywhere.
typedef struct group {
    const st_reaction* r;
    double* reg;
    double u[N][L], scale[N];
    double h[L], at[L];
    double jacobian[N][N][L];
} group;

static void rates(const group* g, double u[N][L], double out[N][L])
{
    const st_reaction* r = g->r;
    for (int j = 0; j < r->unknown_count; j++) {
        memcpy(g->reg + (size_t)r->unknown[j].state * L, u[j], sizeof u[j]);
        memset(out[j], 0, sizeof out[j]);
    }
    st_tape_run(&r->tape, g->reg);
    for (int k = 0; k < r->term_count; k++) {
        const double* from = g->reg + (size_t)r->term[k].reg * L;
        for (int l = 0; l < L; l++) {
            out[r->term[k].unknown][l] += from[l];
        }
    }
}

// I - gamma h J by differences, factored in place without pivots.
static void factor(group* g, double f[N][L])
{
    const int n = g->r->unknown_count;
    double u[N][L];
    double moved[N][L];
    memcpy(u, g->u, sizeof u);
    for (int j = 0; j < n; j++) {
        double by[L];
        for (int l = 0; l < L; l++) {
            by[l] = DIFFERENCE * fmax(fabs(g->u[j][l]), g->scale[j]);
            u[j][l] = g->u[j][l] + by[l];
        }
        rates(g, u, moved);
        for (int i = 0; i < n; i++) {
            for (int l = 0; l < L; l++) {
                const double slope = (moved[i][l] - f[i][l]) / by[l];
                g->jacobian[i][j][l] = (i == j ? 1.0 : 0.0) - GAMMA * g->h[l] * slope;
            }
        }
        memcpy(u[j], g->u[j], sizeof u[j]);
    }
    for (int k = 0; k < n; k++) {
        for (int i = k + 1; i < n; i++) {
            for (int l = 0; l < L; l++) {
                g->jacobian[i][k][l] /= g->jacobian[k][k][l];
            }
            for (int j = k + 1; j < n; j++) {
                for (int l = 0; l < L; l++) {
                    g->jacobian[i][j][l] -= g->jacobian[i][k][l] * g->jacobian[k][j][l];
                }
            }
        }
    }
}

static void solve(const group* g, double b[N][L])
{
    const int n = g->r->unknown_count;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            for (int l = 0; l < L; l++) {
                b[i][l] -= g->jacobian[i][j][l] * b[j][l];
            }
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++) {
            for (int l = 0; l < L; l++) {
                b[i][l] -= g->jacobian[i][j][l] * b[j][l];
            }
        }
        for (int l = 0; l < L; l++) {
            b[i][l] /= g->jacobian[i][i][l];
        }
    }
}

// b = gamma (h f + sum of the factors x earlier stages), solved.
static void stage(const group* g, double f[N][L], const double factors[3], double k[4][N][L],
                  int index)
{
    for (int j = 0; j < g->r->unknown_count; j++) {
        for (int l = 0; l < L; l++) {
            double sum = g->h[l] * f[j][l];
            for (int i = 0; i < index; i++) {
                sum += factors[i] * k[i][j][l];
            }
            k[index][j][l] = GAMMA * sum;
        }
    }
    solve(g, k[index]);
}

// One attempt of every voxel with its own step, and its error: Rodas3, whose last stage is the
// difference to a method of second order.                                                [TIS-12]
static void attempt(group* g, double next[N][L], double error[L])
{
    static const double factors[4][3] = {{0.0}, {4.0}, {1.0, -1.0}, {1.0, -1.0, -8.0 / 3.0}};
    const int n = g->r->unknown_count;
    double f[N][L];
    double u[N][L];
    double k[4][N][L] = {{{0.0}}};
    rates(g, g->u, f);
    factor(g, f);
    stage(g, f, factors[0], k, 0);
    stage(g, f, factors[1], k, 1);
    for (int j = 0; j < n; j++) {
        for (int l = 0; l < L; l++) {
            u[j][l] = g->u[j][l] + 2.0 * k[0][j][l];
        }
    }
    rates(g, u, f);
    stage(g, f, factors[2], k, 2);
    for (int j = 0; j < n; j++) {
        for (int l = 0; l < L; l++) {
            u[j][l] += k[2][j][l];
        }
    }
    rates(g, u, f);
    stage(g, f, factors[3], k, 3);
    memset(error, 0, L * sizeof *error);
    for (int j = 0; j < n; j++) {
        for (int l = 0; l < L; l++) {
            next[j][l] = u[j][l] + k[3][j][l];
            const double size = fmax(g->scale[j], fmax(fabs(g->u[j][l]), fabs(next[j][l])));
            const double allowed = g->r->solver_tolerance * size;
            const double off = fabs(k[3][j][l]) / allowed;
            const double below = -next[j][l] / allowed;  // levels below zero are an error, too
            error[l] = off <= error[l] ? error[l] : off; // keeps NaN
            error[l] = below > error[l] ? below : error[l];
        }
    }
}

// Every voxel goes its own way from 0 to `end`: what others do changes none of its bytes.
static bool integrate(group* g, double end, int* bad_lane)
{
    double next[N][L];
    double error[L];
    double size[L];
    for (int l = 0; l < L; l++) {
        g->at[l] = 0.0;
        size[l] = end;
    }
    for (int step = 0; step < STEP_LIMIT; step++) {
        bool is_done = true;
        for (int l = 0; l < L; l++) {
            const double left = end - g->at[l];
            const double parts = ceil(left / size[l] - 1e-9);
            g->h[l] = left > 0.0 ? (parts > 1.0 ? left / parts : left) : 0.0;
            is_done = is_done && !(left > 0.0);
        }
        if (is_done) {
            return true;
        }
        attempt(g, next, error);
        for (int l = 0; l < L; l++) {
            if (!(g->h[l] > 0.0)) {
                continue;
            }
            const bool is_tiny = error[l] < 1e-3;
            const double ratio = is_tiny ? 5.0 : 0.9 * st_exp(-st_log(error[l]) / 3.0);
            const double by = !(ratio > 0.1) ? 0.1 : ratio > 5.0 ? 5.0 : ratio; // 0.1 for NaN
            if (error[l] <= 1.0) {
                const double left = end - g->at[l];
                g->at[l] = g->h[l] < left ? g->at[l] + g->h[l] : end;
                for (int j = 0; j < g->r->unknown_count; j++) {
                    g->u[j][l] = next[j][l];
                }
            }
            size[l] = g->h[l] * by;
        }
    }
    for (*bad_lane = 0; *bad_lane < L - 1 && !(g->at[*bad_lane] < end); ++*bad_lane) {
    }
    return false;
}

// --- over all bricks
// ----------------------------------------------------------------------------

typedef struct run {
    st_tissue* t;
    double day;
    bool is_second;
} run;

static double value_of(const st_tissue* t, const st_carried* c, size_t at)
{
    if (c->field >= 0) {
        const st_field* f = t->field[c->field];
        const double x = (double)f->level[at] + (double)f->remainder[at];
        return (x > 0.0 ? x : 0.0) / M_PER_UM;
    }
    return t->matrix[c->matrix].value[at];
}

// A level and what its float lost; changes add to what is owed.                          [TIS-8]
static void give(st_tissue* t, const st_carried* c, size_t at, double change, double scale,
                 bool is_second, float* most)
{
    if (c->field < 0) {
        t->matrix[c->matrix].value[at] += change;
        return;
    }
    st_field* f = t->field[c->field];
    change *= M_PER_UM;
    const double x = (double)f->level[at] + (double)f->remainder[at] + change;
    f->level[at] = x > 0.0 ? (float)x : 0.0f;
    f->remainder[at] = (float)(x - (double)f->level[at]);
    if (is_second) {
        const float off = fabsf((float)change - f->change[at]) / (float)(scale * M_PER_UM);
        *most = off > *most ? off : *most;
    } else {
        f->change[at] = (float)change;
    }
}

static void run_group(const run* s, const st_reaction* r, const size_t* at, int count,
                      st_reactor* w, float* most)
{
    group g = {.r = r, .reg = w->reg};
    int bad = 0;
    double before[N][L];
    for (int l = 0; l < L; l++) {
        const size_t from = at[l < count ? l : 0]; // spare lanes repeat the first voxel
        for (int j = 0; j < r->unknown_count; j++) {
            g.u[j][l] = value_of(s->t, &r->unknown[j], from);
        }
        for (int j = 0; j < r->other_count; j++) {
            w->reg[(size_t)r->other[j].state * L + (size_t)l] = value_of(s->t, &r->other[j], from);
        }
    }
    memcpy(before, g.u, sizeof before);
    for (int j = 0; j < r->unknown_count; j++) {
        const st_carried* c = &r->unknown[j];
        const double peak = c->field >= 0 ? s->t->field[c->field]->peak_M / M_PER_UM : 0.0;
        g.scale[j] = peak > 0.0 ? peak : r->typical[j];
    }
    if (!integrate(&g, s->day, &bad)) {
        const int64_t where = (int64_t)at[bad < count ? bad : 0];
        w->failed_at = where < w->failed_at ? where : w->failed_at;
        return;
    }
    for (int l = 0; l < count; l++) {
        for (int j = 0; j < r->unknown_count; j++) {
            give(s->t, &r->unknown[j], at[l], g.u[j][l] - before[j][l], g.scale[j], s->is_second,
                 most);
        }
    }
}

static void prepare(st_reactor* w, const st_reaction* r)
{
    if (w->prepared == r) {
        return;
    }
    for (int i = 0; i < r->tape.input_count; i++) {
        for (int l = 0; l < L; l++) {
            w->reg[(size_t)i * L + (size_t)l] = r->input[i];
        }
    }
    st_tape_prepare(&r->tape, w->reg);
    w->prepared = r;
}

static void run_chunk(void* arg, int first, int last, int worker)
{
    const run* s = arg;
    const uint8_t* medium = s->t->mg->level[0].grid.medium;
    st_reactor* w = &s->t->chemistry->reactor[worker];
    float most = 0.0f;
    for (int k = 0; k < s->t->chemistry->reaction_count; k++) {
        const st_reaction* r = &s->t->chemistry->reaction[k];
        prepare(w, r);
        for (int brick = first; brick < last; brick++) {
            size_t at[L];
            int count = 0;
            for (size_t i = (size_t)brick * V; i < ((size_t)brick + 1) * V; i++) {
                if (medium[i] == r->medium) {
                    at[count++] = i;
                }
                if (count == L || (count > 0 && i == ((size_t)brick + 1) * V - 1)) {
                    run_group(s, r, at, count, w, &most);
                    count = 0;
                }
            }
        }
    }
    st_totals* totals = &s->t->worker_totals[worker];
    const uint32_t bits = st_exact_bits(most);
    totals->max_bits = bits > totals->max_bits ? bits : totals->max_bits;
}

st_status st_reaction_run(st_ctx* ctx, st_tissue* t, double minutes, bool is_second,
                          double* difference)
{
    const int workers = st_pool_worker_count(t->pool);
    const int bricks = t->mg->level[0].grid.brick_count;
    run s = {.t = t, .day = minutes / MIN_PER_DAY, .is_second = is_second};
    for (int i = 0; i < workers; i++) {
        t->chemistry->reactor[i].failed_at = INT64_MAX;
        t->chemistry->reactor[i].prepared = NULL;
    }
    if (!is_second) {
        for (int i = 0; i < t->field_count; i++) {
            if (t->field[i]->change) {
                memset(t->field[i]->change, 0, (size_t)bricks * V * sizeof(float));
            }
        }
    }
    st_exact_clear(t->worker_totals, workers);
    st_grid_each(t->pool, bricks, run_chunk, &s);
    int64_t failed_at = INT64_MAX;
    for (int i = 0; i < workers; i++) {
        const int64_t at = t->chemistry->reactor[i].failed_at;
        failed_at = at < failed_at ? at : failed_at;
    }
    if (failed_at < INT64_MAX) {
        int low[3];
        const int v = (int)(failed_at % V);
        st_tissue_brick_voxel(t, (int)(failed_at / V), low);
        return ST_FAIL(
            ctx, ST_ERR_NUMERIC, "reactions at %.6g min, voxel %d, %d, %d: no end after %d steps",
            t->time_min, low[0] + v % 8, low[1] + v / 8 % 8, low[2] + v / 64, STEP_LIMIT);
    }
    *difference = st_stencil_float(st_exact_take(t->worker_totals, workers).max_bits);
    for (int i = 0; i < t->field_count; i++) {
        st_field* f = t->field[i];
        if (f->change) {
            const double before = f->ledger.amount;
            st_step_count(t, f);
            f->ledger.reacted += f->ledger.amount - before;
        }
    }
    return ST_OK;
}

void st_reaction_free_all(st_tissue* t)
{
    st_chemistry* c = t->chemistry;
    if (!c) {
        return;
    }
    for (int i = 0; i < c->reaction_count; i++) {
        st_free(t->ctx, (void*)(uintptr_t)c->reaction[i].tape.op);
        st_free(t->ctx, (void*)(uintptr_t)c->reaction[i].tape.constant);
        st_free(t->ctx, c->reaction[i].input);
        st_free(t->ctx, c->reaction[i].other);
        st_free(t->ctx, c->reaction[i].term);
    }
    for (int i = 0; i < st_pool_worker_count(t->pool) && c->reactor; i++) {
        st_free(t->ctx, c->reactor[i].reg);
    }
    st_free(t->ctx, c->reaction);
    st_free(t->ctx, c->reactor);
    st_free(t->ctx, c);
}
