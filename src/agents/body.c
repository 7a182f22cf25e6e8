// Bodies: which way a cell walks, how it grows back after a division, what holds it.

#include "engine.h"

#include <math.h>

#define ST_UM_PER_CM 1e4
/// A volume this near its aim has arrived.
#define GROWN 0.01
/// Turning is drawn apart from fates, which count their draws from 0.
#define DRAW_TURN (1ull << 32)

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

/// Where a walking cell would go: by chance, toward what it follows, along the
/// fibres.     [AGT-6]
static void choose_direction(const st_agents* a, const st_worker* w, const st_batch* b, int lane,
                             double out[3])
{
    const st_kind* k = &a->bio.kind[b->kind];
    const int64_t slot = b->slot[lane];
    const double bias =
        k->bias >= 0 ? fmin(fmax(st_value_of(a, w, b, k->bias)[lane], 0.0), 1.0) : 0.0;
    double toward[3] = {0.0, 0.0, 0.0};
    st_cells_direction(a->cells, st_cells_id(a->cells, slot), a->step, out);
    for (int i = 0; i < k->follow_count; i++) {
        double g[3];
        st_cells_gradient(a->cells, slot, k->follow[i].field, g);
        make_unit(g);
        for (int j = 0; j < 3; j++) {
            toward[j] += st_value_of(a, w, b, k->follow[i].output)[lane] * g[j];
        }
    }
    make_unit(toward);
    for (int j = 0; j < 3; j++) {
        out[j] = (1.0 - bias) * out[j] + bias * toward[j];
    }
    const double* fibre = a->fibre[st_tissue_brick_media(a->tissue, b->brick)[b->voxel[lane]]];
    if (fibre != NULL) {
        const double g = a->body[b->kind].guidance;
        const double along = out[0] * fibre[0] + out[1] * fibre[1] + out[2] * fibre[2];
        for (int j = 0; j < 3; j++) {
            out[j] = (1.0 - g) * out[j] + g * (along < 0.0 ? -fibre[j] : fibre[j]);
        }
    }
    make_unit(out);
}

void st_body_walk(st_agents* a, const st_worker* w, const st_batch* b)
{
    const st_kind* k = &a->bio.kind[b->kind];
    const double dt = a->field_step_min * a->mech_every;
    const double turns = 1.0 - st_exp(-dt / a->body[b->kind].persistence_min);
    if (k->migrate < 0) {
        return;
    }
    for (int lane = 0; lane < b->count; lane++) {
        const int64_t slot = b->slot[lane];
        const st_random_key key = {.seed = a->seed,
                                   .stream = ST_STREAM_AGENT,
                                   .id = st_cells_id(a->cells, slot),
                                   .step = a->step};
        const double speed = st_value_of(a, w, b, k->migrate)[lane] * ST_UM_PER_CM / ST_MIN_PER_DAY;
        float* drive = st_cells_drive(a->cells) + 3 * slot;
        double now[3];
        for (int i = 0; i < 3; i++) {
            now[i] = (double)st_cells_floats(a->cells, a->column_direction[i])[slot];
        }
        if (!(length_of(now) > 0.5) || st_random_uniform(&key, DRAW_TURN) < turns) {
            choose_direction(a, w, b, lane, now);
        }
        for (int i = 0; i < 3; i++) {
            st_cells_floats(a->cells, a->column_direction[i])[slot] = (float)now[i];
            drive[i] = (float)(fmax(speed, 0.0) * now[i]);
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
