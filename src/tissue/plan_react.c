// The model's reactions in the media that are places of it.                              [TIS-12]

#include "tissue/plan.h"

#include <string.h>

// The plan's field that carries `x@place`, or -1.
static int field_of(const st_tissue_plan* plan, const char* state, const char* place)
{
    const char* at = strrchr(state, '@');
    if (!at || strcmp(at + 1, place) != 0) {
        return -1;
    }
    const size_t length = (size_t)(at - state);
    for (int i = 0; i < plan->field_count; i++) {
        if (strlen(plan->field[i].name) == length &&
            strncmp(plan->field[i].name, state, length) == 0) {
            return i;
        }
    }
    return -1;
}

st_status st_plan_react_add(st_ctx* ctx, const st_tissue_plan* plan, st_tissue* tissue)
{
    if (st_tissue_plan_cells(plan)) {
        return ST_OK; // agents do them, with the cells of each voxel
    }
    const int states = plan->model ? st_model_state_count(plan->model) : 0;
    int* carrier = st_alloc(ctx, (size_t)states + 1, sizeof *carrier);
    if (!carrier) {
        return ST_ERR_MEMORY;
    }
    st_status status = ST_OK;
    for (int m = 1; m <= plan->medium_count && status == ST_OK; m++) {
        bool reacts = false;
        for (int s = 0; s < states && plan->place[m]; s++) {
            carrier[s] = field_of(plan, st_model_state(plan->model, s)->name, plan->place[m]);
            reacts = reacts || (carrier[s] >= 0 && st_plan_model_reacts(plan->model, s));
        }
        if (reacts && st_tissue_medium_voxel_count(tissue, m) > 0) {
            st_reaction_def def = st_default_reaction_def();
            def.model = plan->model;
            def.medium = m;
            def.field = carrier;
            for (int i = 0; i < plan->field_count; i++) {
                const double tolerance = plan->field[i].tolerance;
                def.tolerance = i == 0 || tolerance < def.tolerance ? tolerance : def.tolerance;
            }
            def.solver_tolerance = 0.01 * def.tolerance;
            status = st_tissue_add_reactions(ctx, tissue, &def);
        }
    }
    st_free(ctx, carrier);
    return status;
}
