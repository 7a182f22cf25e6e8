#include "tally.h"

#include <math.h>

static st_status create_arm(st_ctx* ctx, const st_study* study, int index, st_tally_arm* arm)
{
    const size_t size = (size_t)study->arm[index].info.size;
    const size_t planes = (size_t)study->measure_count * (size_t)study->visit_count;
    const size_t steps = ST_DOSE_STEP_LIMIT * size;

    arm->size = study->arm[index].info.size;
    arm->order = st_alloc(ctx, size, sizeof *arm->order);
    arm->is_failed = st_alloc(ctx, size, sizeof *arm->is_failed);
    arm->protocol_day = st_alloc(ctx, size, sizeof *arm->protocol_day);
    arm->rescue_day = st_alloc(ctx, size, sizeof *arm->rescue_day);
    arm->replacement_day = st_alloc(ctx, size, sizeof *arm->replacement_day);
    arm->end_day = st_alloc(ctx, size, sizeof *arm->end_day);
    arm->score = st_alloc(ctx, planes * size, sizeof *arm->score);
    arm->step_cells = st_alloc(ctx, steps, sizeof *arm->step_cells);
    arm->step_volume_mL = st_alloc(ctx, steps, sizeof *arm->step_volume_mL);
    arm->step_day = st_alloc(ctx, steps, sizeof *arm->step_day);
    if (arm->protocol_day == NULL || arm->rescue_day == NULL || arm->replacement_day == NULL ||
        arm->end_day == NULL || arm->order == NULL || arm->is_failed == NULL ||
        arm->score == NULL || arm->step_cells == NULL || arm->step_volume_mL == NULL ||
        arm->step_day == NULL) {
        return ST_ERR_MEMORY;
    }
    for (size_t i = 0; i < steps; ++i) {
        arm->step_cells[i] = NAN;
        arm->step_volume_mL[i] = NAN;
        arm->step_day[i] = NAN;
    }
    return ST_OK;
}

st_status st_tally_create(st_ctx* ctx, const st_study* study, st_tally** out)
{
    st_tally* tally = st_alloc(ctx, 1, sizeof *tally);
    st_status status = ST_OK;

    *out = NULL;
    if (tally == NULL) {
        return ST_ERR_MEMORY;
    }
    tally->study = study;
    for (int i = 0; i < study->arm_count && status == ST_OK; ++i) {
        status = create_arm(ctx, study, i, &tally->arm[i]);
        if (study->arm[i].info.size > tally->scratch_stride) {
            tally->scratch_stride = study->arm[i].info.size;
        }
    }
    if (status == ST_OK) {
        tally->scratch = st_alloc(ctx, 4 * (size_t)tally->scratch_stride, sizeof *tally->scratch);
        status = tally->scratch == NULL ? ST_ERR_MEMORY : ST_OK;
    }
    if (status != ST_OK) {
        st_tally_destroy(ctx, tally);
        return status;
    }
    *out = tally;
    return ST_OK;
}

void st_tally_destroy(st_ctx* ctx, st_tally* tally)
{
    if (tally == NULL) {
        return;
    }
    for (int i = 0; i < tally->study->arm_count; ++i) {
        st_tally_arm* arm = &tally->arm[i];
        st_free(ctx, arm->order);
        st_free(ctx, arm->protocol_day);
        st_free(ctx, arm->rescue_day);
        st_free(ctx, arm->replacement_day);
        st_free(ctx, arm->end_day);
        st_free(ctx, arm->is_failed);
        st_free(ctx, arm->score);
        st_free(ctx, arm->step_cells);
        st_free(ctx, arm->step_volume_mL);
        st_free(ctx, arm->step_day);
    }
    st_free(ctx, tally->scratch);
    st_free(ctx, tally);
}

void st_tally_add(st_tally* tally, int64_t order, const st_stay* stay, const st_score* score)
{
    const size_t planes = (size_t)tally->study->measure_count * (size_t)tally->study->visit_count;
    st_tally_arm* arm = &tally->arm[stay->arm];
    const size_t size = (size_t)arm->size;
    const size_t slot = (size_t)stay->slot;

    arm->order[slot] = order;
    arm->is_failed[slot] = stay->is_failed;
    arm->protocol_day[slot] = stay->protocol_day;
    arm->rescue_day[slot] = INFINITY;
    arm->replacement_day[slot] = INFINITY;
    arm->end_day[slot] =
        fmin(stay->left_day, tally->study->visit[tally->study->visit_count - 1].day);
    for (int i = 0; i < stay->later_count; ++i) {
        const st_later_event* event = &stay->later[i];
        if (event->kind == ST_LATER_RESCUE) {
            arm->rescue_day[slot] = event->day;
        } else if (event->kind == ST_LATER_REPLACEMENT) {
            arm->replacement_day[slot] = event->day;
            arm->end_day[slot] = event->day;
        }
    }
    for (size_t plane = 0; plane < planes; ++plane) {
        arm->score[plane * size + slot] = score[plane];
    }
    if (stay->is_failed) {
        return;
    }
    for (int k = 0; k < stay->step_count; ++k) {
        const size_t at = (size_t)k * size + slot;
        arm->step_cells[at] = stay->step[k].cells;
        arm->step_volume_mL[at] = stay->step[k].volume_mL;
        arm->step_day[at] = stay->step[k].day;
        arm->step_name[k] = stay->step[k].name;
    }
    if (stay->step_count > arm->step_count) {
        arm->step_count = stay->step_count;
    }
    for (int i = 0; i < ST_STAY_EVENT_LIMIT; ++i) {
        arm->event_count[i] += (int)(stay->event_bits >> i & 1);
    }
}

const st_score* st_tally_scores(const st_tally* tally, int arm, int measure, int visit)
{
    const st_tally_arm* a = &tally->arm[arm];
    const size_t plane = (size_t)measure * (size_t)tally->study->visit_count + (size_t)visit;

    return a->score + plane * (size_t)a->size;
}
