// Bodies: which way a cell walks, how it grows back after a division, what holds it.

#include "engine.h"

#include <math.h>

#define ST_UM_PER_CM 1e4
/// A volume this near its aim has arrived.
#define GROWN 0.01
/// Times between turns are drawn apart from fates, which count their draws from 0.
#define DRAW_TURN (1ull << 32)
/// The number of a turn within a step lies above the step's.
#define TURN_SHIFT 44

static double length_of(const double v[3])
{
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static void make_unit(double v[3])
{
    const double length = length_of(v);
    for (int i = 0; i < 3; i++) {
        v[i] = length > 0.0 ? v[i] / length : 0.0;
    }
}

/// What bends the walk of a cell during one step.
typedef struct st_bearing {
    double bias, toward[3]; ///< share that is directed; unit vector or 0
    double guidance;
    const double* fibre; ///< NULL = none here
} st_bearing;

static st_bearing bearing_of(const st_agents* a, const st_worker* w, const st_batch* b, int lane)
{
    const st_kind* k = &a->bio.kind[b->kind];
    const uint8_t* media = st_tissue_brick_media(a->tissue, b->brick);
    st_bearing out = {
        .bias = k->bias >= 0 ? fmin(fmax(st_value_of(a, w, b, k->bias)[lane], 0.0), 1.0) : 0.0,
        .guidance = a->body[b->kind].guidance,
        .fibre = a->fibre[media[b->voxel[lane]]]};
    for (int i = 0; i < k->follow_count; i++) {
        double g[3];
        st_cells_gradient(a->cells, b->slot[lane], k->follow[i].field, g);
        make_unit(g);
        for (int j = 0; j < 3; j++) {
            out.toward[j] += st_value_of(a, w, b, k->follow[i].output)[lane] * g[j];
        }
    }
    make_unit(out.toward);
    return out;
}

/// Where a cell goes after a turn: by chance, toward what it follows, along the fibres. [AGT-6]
static void choose_direction(const st_agents* a, const st_bearing* at, uint64_t id, uint64_t turn,
                             double out[3])
{
    st_cells_direction(a->cells, id, a->step | (turn << TURN_SHIFT), out);
    for (int j = 0; j < 3; j++) {
        out[j] = (1.0 - at->bias) * out[j] + at->bias * at->toward[j];
    }
    if (at->fibre != NULL) {
        const double* f = at->fibre;
        const double along = out[0] * f[0] + out[1] * f[1] + out[2] * f[2];
        for (int j = 0; j < 3; j++) {
            out[j] = (1.0 - at->guidance) * out[j] + at->guidance * (along < 0.0 ? -f[j] : f[j]);
        }
    }
    make_unit(out);
}

/// How the cells of a kind turn within one step.
typedef struct st_turning {
    double dt_min, persistence_min;
    double stays; ///< share that does not turn within the step
} st_turning;

/// Walks one step at speed 1 with exponential times between turns, so that the law of the way does
/// not depend on how time is cut. `now`: direction, in and out; `way`: displacement, from 0.
/// [AGT-6]
static void walk(const st_agents* a, const st_worker* w, const st_batch* b, int lane,
                 const st_turning* t, double now[3], double way[3])
{
    const st_random_key key = {.seed = a->seed,
                               .stream = ST_STREAM_AGENT,
                               .id = st_cells_id(a->cells, b->slot[lane]),
                               .step = a->step};
    const bool has_direction = length_of(now) > 0.5;
    double u = st_random_uniform(&key, DRAW_TURN);
    if (has_direction && u <= t->stays) { // nearly always where steps are short
        for (int i = 0; i < 3; i++) {
            way[i] = t->dt_min * now[i];
        }
        return;
    }
    const st_bearing bearing = bearing_of(a, w, b, lane);
    uint64_t turn = 0;
    double left = t->dt_min;
    if (!has_direction) {
        choose_direction(a, &bearing, key.id, turn++, now);
    }
    for (uint64_t wait = 1;; wait++) {
        const double run = fmin(-t->persistence_min * st_log(u), left);
        for (int i = 0; i < 3; i++) {
            way[i] += run * now[i];
        }
        left -= run;
        if (!(left > 0.0)) {
            return;
        }
        choose_direction(a, &bearing, key.id, turn++, now);
        u = st_random_uniform(&key, DRAW_TURN + wait);
    }
}

void st_body_walk(st_agents* a, const st_worker* w, const st_batch* b)
{
    const st_kind* k = &a->bio.kind[b->kind];
    st_turning t = {.dt_min = a->field_step_min * a->mech_every,
                    .persistence_min = a->body[b->kind].persistence_min};
    if (k->migrate < 0) {
        return;
    }
    t.stays = st_exp(-t.dt_min / t.persistence_min);
    for (int lane = 0; lane < b->count; lane++) {
        const int64_t slot = b->slot[lane];
        const double speed = st_value_of(a, w, b, k->migrate)[lane] * ST_UM_PER_CM / ST_MIN_PER_DAY;
        float* drive = st_cells_drive(a->cells) + 3 * slot;
        double now[3];
        double way[3] = {0.0, 0.0, 0.0};
        for (int i = 0; i < 3; i++) {
            now[i] = (double)st_cells_floats(a->cells, a->column_direction[i])[slot];
        }
        walk(a, w, b, lane, &t, now, way);
        for (int i = 0; i < 3; i++) {
            st_cells_floats(a->cells, a->column_direction[i])[slot] = (float)now[i];
            drive[i] = (float)(fmax(speed, 0.0) * way[i] / t.dt_min);
        }
    }
}

/// Volumes return to the kind's own; matrix holds cells back. [AGT-5]
void st_body_grow(st_agents* a, const st_batch* b)
{
    const st_agent_body* body = &a->body[b->kind];
    const double share =
        body->growth_min > 0.0 ? 1.0 - st_exp(-a->step_min / body->growth_min) : 1.0;
    for (int lane = 0; lane < b->count; lane++) {
        const int64_t slot = b->slot[lane];
        const double volume = st_cells_volume(a->cells, slot);
        const double missing = body->volume_um3 - volume;
        if (fabs(missing) > GROWN * body->volume_um3) {
            st_cells_set_volume(a->cells, slot, volume + share * missing);
        }
        if (body->held_by >= 0) {
            const double m =
                st_tissue_brick_matrix(a->tissue, body->held_by, b->brick)[b->voxel[lane]];
            st_cells_hold(a->cells)[slot] = (float)fmin(fmax(1.0 - m, 0.0), 1.0);
        }
    }
}
