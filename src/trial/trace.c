#include "trace.h"

#include "statistics.h"

/// The first weeks day by day, when cells are lost and flares come and go; then twice a month.
static const double early_day[] = {0, 1, 2, 3, 5, 7, 10, 14, 21, 28};
#define EARLY_COUNT ((int)(sizeof early_day / sizeof early_day[0]))
#define LATE_STEP   (0.5 * ST_STUDY_MONTH_DAY)

static void choose_columns(const st_study* study, st_trace* out)
{
    const int state_count = st_model_state_count(study->model);

    for (int i = 0; i < state_count; ++i) {
        const st_state_info* info = st_model_state(study->model, i);
        if (info->kind == ST_STATE_CELL) {
            out->column[out->column_count++] =
                (st_trace_column){i, info->name, info->show_unit, info->show_factor};
        }
    }
    for (int i = 0; i < st_model_definition_count(study->model); ++i) {
        const st_definition_info* info = st_model_definition(study->model, i);
        out->column[out->column_count++] =
            (st_trace_column){state_count + i, info->name, info->show_unit, info->show_factor};
    }
}

/// Merges grid and visits; days closer than a minute are one.
static void choose_days(const st_study* study, st_trace* out)
{
    const double end = study->visit[study->visit_count - 1].day;
    const double same = 1.0 / (24.0 * 60.0);
    int early = 0;
    int late = 1;
    int visit = 0;

    while (visit < study->visit_count) {
        double next = early < EARLY_COUNT ? early_day[early] : late * LATE_STEP;
        if (early == EARLY_COUNT && next <= early_day[EARLY_COUNT - 1]) {
            ++late;
            continue;
        }
        if (study->visit[visit].day <= next + same) {
            const bool is_both = study->visit[visit].day >= next - same;
            out->visit_sample[visit] = out->day_count;
            out->day[out->day_count++] = study->visit[visit++].day;
            if (!is_both) {
                continue;
            }
        } else if (next < end) {
            out->day[out->day_count++] = next;
        }
        if (early < EARLY_COUNT) {
            ++early;
        } else {
            ++late;
        }
    }
}

st_status st_trace_init(st_ctx* ctx, const st_study* study, st_trace* out)
{
    const double end = study->visit[study->visit_count - 1].day;
    const size_t days =
        (size_t)EARLY_COUNT + (size_t)study->visit_count + (size_t)(end / LATE_STEP) + 2;
    const size_t columns = (size_t)st_model_state_count(study->model) +
                           (size_t)st_model_definition_count(study->model);
    const size_t places = (size_t)study->arm_count * ST_TRACE_PEOPLE;

    *out = (st_trace){.study = study};
    out->column = st_alloc(ctx, columns, sizeof *out->column);
    out->day = st_alloc(ctx, days, sizeof *out->day);
    out->visit_sample = st_alloc(ctx, (size_t)study->visit_count, sizeof *out->visit_sample);
    out->visit_day = st_alloc(ctx, (size_t)study->visit_count, sizeof *out->visit_day);
    out->is_present = st_alloc(ctx, places, sizeof *out->is_present);
    if (out->column != NULL && out->day != NULL && out->visit_sample != NULL &&
        out->visit_day != NULL && out->is_present != NULL) {
        for (int i = 0; i < study->visit_count; ++i) {
            out->visit_day[i] = study->visit[i].day;
        }
        choose_columns(study, out);
        choose_days(study, out);
        ST_ASSERT((size_t)out->day_count <= days);
        out->value = st_alloc(ctx, places * (size_t)out->day_count * (size_t)out->column_count,
                              sizeof *out->value);
    }
    if (out->value == NULL) {
        st_trace_clear(ctx, out);
        return ST_ERR_MEMORY;
    }
    return ST_OK;
}

void st_trace_clear(st_ctx* ctx, st_trace* trace)
{
    st_free(ctx, trace->column);
    st_free(ctx, trace->day);
    st_free(ctx, trace->visit_day);
    st_free(ctx, trace->visit_sample);
    st_free(ctx, trace->value);
    st_free(ctx, trace->is_present);
    *trace = (st_trace){0};
}

static size_t place_of(int arm, int slot)
{
    return (size_t)arm * ST_TRACE_PEOPLE + (size_t)slot;
}

void st_trace_keep(st_trace* trace, int arm, int slot, const double* sample, int width)
{
    const size_t columns = (size_t)trace->column_count;
    double* value;

    if (slot >= ST_TRACE_PEOPLE) {
        return;
    }
    value = trace->value + place_of(arm, slot) * (size_t)trace->day_count * columns;
    for (int day = 0; day < trace->day_count; ++day) {
        for (int c = 0; c < trace->column_count; ++c) {
            const st_trace_column* column = &trace->column[c];
            value[(size_t)day * columns + (size_t)c] =
                sample[(size_t)day * (size_t)width + (size_t)column->index] * column->factor;
        }
    }
    trace->is_present[place_of(arm, slot)] = true;
}

const double* st_trace_values(const st_trace* trace, int arm, int slot)
{
    if (slot >= ST_TRACE_PEOPLE || !trace->is_present[place_of(arm, slot)]) {
        return NULL;
    }
    return trace->value +
           place_of(arm, slot) * (size_t)trace->day_count * (size_t)trace->column_count;
}

double* st_trace_open(st_trace* trace, int arm, int slot)
{
    if (arm < 0 || arm >= trace->study->arm_count || slot < 0 || slot >= ST_TRACE_PEOPLE) {
        return NULL;
    }
    trace->is_present[place_of(arm, slot)] = true;
    return trace->value +
           place_of(arm, slot) * (size_t)trace->day_count * (size_t)trace->column_count;
}

static st_status emit_point(st_ctx* ctx, const st_trace* trace, const st_sink* sink, int arm, int c,
                            int day)
{
    double value[ST_TRACE_PEOPLE];
    int count = 0;
    st_course_row row = {.arm = arm,
                         .name = trace->column[c].name,
                         .unit = trace->column[c].unit,
                         .day = trace->day[day]};

    for (int slot = 0; slot < ST_TRACE_PEOPLE; ++slot) {
        if (trace->is_present[place_of(arm, slot)]) {
            const size_t at = place_of(arm, slot) * (size_t)trace->day_count + (size_t)day;
            value[count++] = trace->value[at * (size_t)trace->column_count + (size_t)c];
        }
    }
    if (count == 0) {
        return ST_OK;
    }
    row.mean = st_statistics_mean(value, count);
    st_statistics_sort(value, count);
    row.q05 = st_statistics_quantile(value, count, 0.05);
    row.q25 = st_statistics_quantile(value, count, 0.25);
    row.q50 = st_statistics_quantile(value, count, 0.50);
    row.q75 = st_statistics_quantile(value, count, 0.75);
    row.q95 = st_statistics_quantile(value, count, 0.95);
    return sink->row(sink->self, ctx, ST_ROW_COURSE, &row);
}

st_status st_trace_emit(st_ctx* ctx, const st_trace* trace, const st_sink* sink)
{
    for (int arm = 0; arm < trace->study->arm_count; ++arm) {
        for (int c = 0; c < trace->column_count; ++c) {
            for (int day = 0; day < trace->day_count; ++day) {
                ST_TRY(emit_point(ctx, trace, sink, arm, c, day));
            }
        }
    }
    return ST_OK;
}
