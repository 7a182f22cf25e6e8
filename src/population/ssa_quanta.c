#include "ssa.h"

#include <math.h>
#include <string.h>

// Step sizes. What one channel changes together must change by whole steps together, so the steps
// of its states stand in the ratio of their rates (volumes, stoichiometry); a cell is a cell
// everywhere. Within such a family the largest typical size is worth `cells` steps.       [POP-7]

static int find_root(st_ssa_link* link, int state, double* weight)
{
    double w = 1.0;
    while (link[state].parent != state) {
        w *= link[state].weight;
        state = link[state].parent;
    }
    *weight = w;
    return state;
}

/// From now on step of b = ratio * step of a; a family that already says otherwise keeps its word,
/// and the channel's steps are then rounded at random.
static void join(st_ssa_link* link, int a, int b, double ratio)
{
    double wa;
    double wb;
    const int ra = find_root(link, a, &wa);
    const int rb = find_root(link, b, &wb);
    if (ra != rb && ratio > 0.0 && isfinite(ratio)) {
        link[rb] = (st_ssa_link){.parent = ra, .weight = ratio * wa / wb};
    }
}

static void join_cells(st_ssa* ssa)
{
    int first = -1;
    for (int s = 0; s < ssa->state_count; s++) {
        if (st_model_state(ssa->model, s)->kind == ST_STATE_CELL) {
            first = first < 0 ? s : first;
            join(ssa->link, first, s, 1.0);
        }
    }
}

/// Rates at the typical state tell the ratios.
static void join_channels(st_ssa* ssa)
{
    memcpy(ssa->scratch.slot, ssa->scale, (size_t)ssa->state_count * sizeof *ssa->scale);
    st_tape_run_scalar(st_model_channel_tape(ssa->model), ssa->scratch.slot, ssa->scratch.reg,
                       ssa->rate);
    for (int c = 0; c < ssa->channel_count; c++) {
        const st_channel_info* info = st_model_channel(ssa->model, c);
        const st_channel_change* first = &info->change[0];
        const double a = fabs(ssa->rate[first->output]) / first->count;
        for (int i = 1; i < info->change_count; i++) {
            const st_channel_change* other = &info->change[i];
            const double b = fabs(ssa->rate[other->output]) / other->count;
            join(ssa->link, first->state, other->state, b / a);
        }
    }
}

void st_ssa_quanta_choose(st_ssa* ssa)
{
    const int n = ssa->state_count;
    for (int s = 0; s < n; s++) {
        ssa->link[s] = (st_ssa_link){.parent = s, .weight = 1.0};
        ssa->size[s] = 0.0;
    }
    join_cells(ssa);
    join_channels(ssa);
    double weight;
    for (int s = 0; s < n; s++) {
        const int root = find_root(ssa->link, s, &weight);
        ssa->size[root] = fmax(ssa->size[root], ssa->scale[s] / weight);
    }
    for (int s = 0; s < n; s++) {
        const int root = find_root(ssa->link, s, &weight);
        ssa->quantum[s] = weight * ssa->size[root] / ssa->def.cells;
    }
}
