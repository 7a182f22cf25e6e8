#include "tally.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int plane_count(const st_study* study)
{
    return study->measure_count * study->visit_count;
}

static int first_step_column(const st_study* study)
{
    return ST_TALLY_SCORES + ST_TALLY_FIELD_COUNT * plane_count(study);
}

/// Columns of a block in which `step_count` steps were reached.
static int column_count(const st_study* study, int step_count)
{
    return first_step_column(study) + ST_TALLY_STEP_COUNT * step_count;
}

static st_status create_arm(st_tally* tally, int index)
{
    const int size = tally->study->arm[index].info.size;
    const int columns = column_count(tally->study, ST_DOSE_STEP_LIMIT);
    st_tally_arm* arm = &tally->arm[index];

    arm->size = size;
    arm->capacity = size < tally->block ? size : tally->block;
    tally->largest = size > tally->largest ? size : tally->largest;
    if (size == 0) {
        return ST_OK;
    }
    arm->tail = st_alloc(tally->ctx, (size_t)columns * (size_t)arm->capacity, sizeof *arm->tail);
    arm->block = st_alloc(tally->ctx, (size_t)(size / arm->capacity) + 1, sizeof *arm->block);
    return arm->tail == NULL || arm->block == NULL ? ST_ERR_MEMORY : ST_OK;
}

st_status st_tally_create(st_ctx* ctx, const st_study* study, const char* spill_dir, int block,
                          st_tally** out)
{
    st_tally* tally = st_alloc(ctx, 1, sizeof *tally);
    st_status status = ST_OK;

    *out = NULL;
    if (tally == NULL) {
        return ST_ERR_MEMORY;
    }
    tally->ctx = ctx;
    tally->study = study;
    tally->block = block;
    tally->walk_width = study->visit_count + 2 * ST_TALLY_FIELD_COUNT;
    st_spill_init(&tally->spill, ctx, spill_dir);
    for (int i = 0; i < study->arm_count && status == ST_OK; ++i) {
        status = create_arm(tally, i);
    }
    for (int i = 0; i < ST_TALLY_SERIES && status == ST_OK; ++i) {
        const int numbers = tally->largest < ST_SERIES_BLOCK ? tally->largest : ST_SERIES_BLOCK;
        status = st_series_init(ctx, &tally->spill, numbers > 0 ? numbers : 1, &tally->series[i]);
    }
    for (int i = 0; i < ST_TALLY_WALKS && status == ST_OK; ++i) {
        tally->walk_room[i] =
            st_alloc(ctx, (size_t)tally->walk_width * (size_t)block, sizeof(double));
        status = tally->walk_room[i] == NULL ? ST_ERR_MEMORY : ST_OK;
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
        st_free(ctx, tally->arm[i].tail);
        st_free(ctx, tally->arm[i].block);
    }
    for (int i = 0; i < ST_TALLY_SERIES; ++i) {
        if (tally->series[i].ctx != NULL) {
            st_series_clear(&tally->series[i]);
        }
    }
    for (int i = 0; i < ST_TALLY_WALKS; ++i) {
        st_free(ctx, tally->walk_room[i]);
    }
    st_spill_clear(&tally->spill);
    st_free(ctx, tally);
}

/// Room for the next person; a full block goes to the spill first.
static int open_slot(st_tally* tally, st_tally_arm* arm)
{
    const int at = arm->filled % arm->capacity;

    if (at == 0 && arm->filled > 0) {
        const size_t bytes = (size_t)column_count(tally->study, arm->step_count) *
                             (size_t)arm->capacity * sizeof *arm->tail;
        st_tally_block* block = &arm->block[arm->block_count++];
        *block = (st_tally_block){.at = st_spill_reserve(&tally->spill, bytes),
                                  .step_count = arm->step_count};
        st_spill_write(&tally->spill, block->at, arm->tail, bytes);
    }
    ++arm->filled;
    return at;
}

static void add_days(const st_study* study, const st_stay* stay, double* column, size_t capacity)
{
    double end = fmin(stay->left_day, study->visit[study->visit_count - 1].day);
    double rescue = INFINITY;
    double replacement = INFINITY;

    for (int i = 0; i < stay->later_count; ++i) {
        const st_later_event* event = &stay->later[i];
        if (event->kind == ST_LATER_RESCUE) {
            rescue = event->day;
        } else if (event->kind == ST_LATER_REPLACEMENT) {
            replacement = event->day;
            end = event->day;
        }
    }
    column[ST_TALLY_PROTOCOL_DAY * capacity] = stay->protocol_day;
    column[ST_TALLY_RESCUE_DAY * capacity] = rescue;
    column[ST_TALLY_REPLACEMENT_DAY * capacity] = replacement;
    column[ST_TALLY_END_DAY * capacity] = stay->is_failed ? NAN : end;
}

static void add_steps(st_tally_arm* arm, const st_stay* stay, double* column)
{
    const size_t capacity = (size_t)arm->capacity;

    for (int k = 0; k < ST_DOSE_STEP_LIMIT; ++k) {
        const bool is_reached = !stay->is_failed && k < stay->step_count;
        double* step = column + (size_t)(k * ST_TALLY_STEP_COUNT) * capacity;
        step[ST_TALLY_STEP_CELLS * capacity] = is_reached ? stay->step[k].cells : NAN;
        step[ST_TALLY_STEP_VOLUME * capacity] = is_reached ? stay->step[k].volume_mL : NAN;
        step[ST_TALLY_STEP_DAY * capacity] = is_reached ? stay->step[k].day : NAN;
        if (is_reached) {
            if (strcmp(arm->step_name[k], stay->step[k].name) != 0) {
                snprintf(arm->step_name[k], sizeof arm->step_name[k], "%s", stay->step[k].name);
            }
            arm->step_count = k >= arm->step_count ? k + 1 : arm->step_count;
        }
    }
}

st_status st_tally_add(st_tally* tally, int64_t order, const st_stay* stay, const st_score* score)
{
    const int planes = plane_count(tally->study);
    st_tally_arm* arm = &tally->arm[stay->arm];
    const size_t capacity = (size_t)arm->capacity;
    double* column;

    if (stay->slot != arm->filled || arm->filled >= arm->size) {
        return ST_FAIL(tally->ctx, ST_ERR_FILE, "arm %d: person %d comes after %d people",
                       stay->arm + 1, stay->slot + 1, arm->filled);
    }
    column = arm->tail + open_slot(tally, arm);
    column[ST_TALLY_ORDER * capacity] = (double)order;
    add_days(tally->study, stay, column, capacity);
    column += ST_TALLY_SCORES * capacity;
    for (int plane = 0; plane < planes; ++plane) {
        const st_score* s = &score[plane];
        column[ST_TALLY_MEASURED * capacity] = s->measured;
        column[ST_TALLY_VALUE * capacity] = s->value;
        column[ST_TALLY_SHAM * capacity] = s->sham;
        column[ST_TALLY_UNTREATED * capacity] = s->untreated;
        column[ST_TALLY_FIRST * capacity] = s->first;
        column[ST_TALLY_ANALYSED * capacity] = s->analysed;
        column[ST_TALLY_PLANNED * capacity] = s->planned;
        column += ST_TALLY_FIELD_COUNT * capacity;
    }
    add_steps(arm, stay, column);
    arm->failed_count += stay->is_failed;
    for (int i = 0; i < ST_STAY_EVENT_LIMIT && !stay->is_failed; ++i) {
        arm->event_count[i] += (int)(stay->event_bits >> i & 1);
    }
    return tally->spill.status;
}

int st_tally_score(const st_tally* tally, st_tally_field field, int measure, int visit)
{
    return ST_TALLY_SCORES + (measure * tally->study->visit_count + visit) * ST_TALLY_FIELD_COUNT +
           (int)field;
}

int st_tally_dose(const st_tally* tally, int step, st_tally_step which)
{
    return first_step_column(tally->study) + step * ST_TALLY_STEP_COUNT + (int)which;
}

// --- walks ----------------------------------------------------------------------------------

void st_tally_walk_begin(st_tally* tally, int which, int arm, st_tally_walk* walk)
{
    walk->tally = tally;
    walk->arm = arm;
    walk->width = 0;
    walk->room = tally->walk_room[which];
    walk->slot = 0;
    walk->at = 0;
    walk->count = 0;
}

int st_tally_walk_add(st_tally_walk* walk, int column)
{
    ST_ASSERT(walk->width < walk->tally->walk_width);
    walk->column[walk->width] = column;
    return walk->width++;
}

/// Columns of the block that the next person is in.
static void open_block(st_tally_walk* walk, const st_tally_arm* arm)
{
    const int index = walk->slot / arm->capacity;
    const bool is_tail = index == arm->block_count;
    const size_t capacity = (size_t)arm->capacity;

    walk->count = is_tail ? arm->filled - index * arm->capacity : arm->capacity;
    walk->at = 0;
    for (int i = 0; i < walk->width; ++i) {
        const size_t column = (size_t)walk->column[i];
        double* room = walk->room + (size_t)i * capacity;
        if (is_tail) {
            walk->from[i] = arm->tail + column * capacity;
            continue;
        }
        walk->from[i] = room;
        if (walk->column[i] < column_count(walk->tally->study, arm->block[index].step_count)) {
            st_spill_read(&walk->tally->spill,
                          arm->block[index].at + (int64_t)(column * capacity * sizeof *room), room,
                          capacity * sizeof *room);
        } else {
            for (size_t k = 0; k < capacity; ++k) {
                room[k] = NAN;
            }
        }
    }
}

bool st_tally_walk_next(st_tally_walk* walk)
{
    const st_tally_arm* arm = &walk->tally->arm[walk->arm];

    if (walk->slot >= arm->filled) {
        return false;
    }
    if (walk->at == walk->count) {
        open_block(walk, arm);
    }
    for (int i = 0; i < walk->width; ++i) {
        walk->x[i] = walk->from[i][walk->at];
    }
    ++walk->at;
    ++walk->slot;
    return true;
}
