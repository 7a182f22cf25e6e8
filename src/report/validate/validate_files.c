#include "report/validate/validate_files.h"

#include "report/folder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/// A number, or an empty cell.
static void add_number(st_text* out, double value)
{
    if (isfinite(value)) {
        st_text_add_number(out, value);
    } else {
        st_text_add_field(out, "");
    }
}

static void add_heads(st_text* out, const char* const* heads)
{
    for (; *heads != NULL; ++heads) {
        st_text_add_field(out, *heads);
    }
}

static void add_predictions(st_text* out, const st_validation* validation)
{
    static const char* const heads[] = {
        "trial_id", "arm_id",      "intervention", "scale",   "month", "n",    "kind",
        "observed", "observed_sd", "pred_mean",    "pred_sd", "q025",  "q05",  "q25",
        "q50",      "q75",         "q95",          "q975",    "pit",   "crps", "base_mean",
        "base_sd",  "base_crps",   "weight",       "note",    NULL};

    add_heads(out, heads);
    st_text_end_record(out);
    for (int i = 0; i < st_validation_forecast_count(validation); ++i) {
        const st_forecast* f = st_validation_forecast(validation, i);
        st_text_add_field(out, f->trial_id);
        st_text_add_field(out, f->arm_id);
        st_text_add_field(out, f->intervention);
        st_text_add_field(out, f->scale);
        add_number(out, f->month);
        add_number(out, f->n);
        st_text_add_field(out, st_forecast_kind_name(f->kind));
        add_number(out, f->observed);
        add_number(out, f->observed_sd);
        add_number(out, f->mean);
        add_number(out, f->sd);
        for (int q = 0; q < ST_FORECAST_QUANTILE_COUNT; ++q) {
            add_number(out, f->quantile[q]);
        }
        add_number(out, f->pit);
        add_number(out, f->crps);
        add_number(out, f->base_mean);
        add_number(out, f->base_sd);
        add_number(out, f->base_crps);
        add_number(out, f->weight);
        st_text_add_field(out, f->note);
        st_text_end_record(out);
    }
}

static void add_draws(st_text* out, const st_validation* validation)
{
    static const char* const heads[] = {"trial_id", "arm_id", "scale", "month", "kind", NULL};

    add_heads(out, heads);
    for (int d = 0; d < st_validation_draw_count(validation); ++d) {
        char head[16];
        snprintf(head, sizeof head, "d%03d", d + 1);
        st_text_add_field(out, head);
    }
    st_text_end_record(out);
    for (int i = 0; i < st_validation_forecast_count(validation); ++i) {
        const st_forecast* f = st_validation_forecast(validation, i);
        st_text_add_field(out, f->trial_id);
        st_text_add_field(out, f->arm_id);
        st_text_add_field(out, f->scale);
        add_number(out, f->month);
        st_text_add_field(out, st_forecast_kind_name(f->kind));
        for (int d = 0; d < st_validation_draw_count(validation); ++d) {
            add_number(out, f->draw[d]);
        }
        st_text_end_record(out);
    }
}

static void add_skipped(st_text* out, const st_validation* validation)
{
    static const char* const heads[] = {"line",  "trial_id", "arm_id", "scale",
                                        "month", "reason",   NULL};

    add_heads(out, heads);
    st_text_end_record(out);
    for (int i = 0; i < st_validation_skipped_count(validation); ++i) {
        const st_skipped_row* row = st_validation_skipped(validation, i);
        char line[16];
        snprintf(line, sizeof line, "%d", row->line);
        st_text_add_field(out, line);
        st_text_add_field(out, row->trial_id);
        st_text_add_field(out, row->arm_id);
        st_text_add_field(out, row->scale);
        st_text_add_field(out, row->month);
        st_text_add_field(out, row->reason);
        st_text_end_record(out);
    }
}

static void add_arms(st_text* out, const st_validation* validation)
{
    static const char* const heads[] = {"trial_id", "arm_id",   "label",    "intervention",
                                        "n",        "computed", "defaults", "people_effective",
                                        NULL};

    add_heads(out, heads);
    st_text_end_record(out);
    for (int i = 0; i < st_validation_arm_count(validation); ++i) {
        const st_validation_arm* arm = st_validation_arm_at(validation, i);
        st_text_add_field(out, arm->trial_id);
        st_text_add_field(out, arm->arm_id);
        st_text_add_field(out, arm->label);
        st_text_add_field(out, arm->intervention);
        add_number(out, arm->n);
        st_text_add_field(out, arm->computed);
        st_text_add_field(out, arm->defaults);
        add_number(out, floor(arm->people + 0.5));
        st_text_end_record(out);
    }
}

static st_status write_text(st_ctx* ctx, const char* dir, const char* name, st_text* text)
{
    char* path = st_folder_path(ctx, dir, name);
    st_status status = text->failed || path == NULL ? ST_ERR_MEMORY : ST_OK;

    if (status == ST_OK) {
        status = st_file_write(ctx, path, text->data, text->length);
    }
    st_free(ctx, path);
    st_text_clear(text);
    st_text_init(text, ctx);
    return status;
}

static st_status write_all(st_ctx* ctx, const char* dir, const st_validation* validation)
{
    char* path = st_folder_path(ctx, dir, "validation.sqlite");
    st_status status =
        path == NULL ? ST_ERR_MEMORY : st_validate_store_write(ctx, path, validation);
    st_text text;

    st_free(ctx, path);
    ST_TRY(status);
    st_text_init(&text, ctx);
    add_draws(&text, validation);
    ST_TRY(write_text(ctx, dir, "draws.csv", &text));
    add_skipped(&text, validation);
    ST_TRY(write_text(ctx, dir, "skipped.csv", &text));
    add_arms(&text, validation);
    ST_TRY(write_text(ctx, dir, "arms.csv", &text));
    st_validate_page_write(ctx, &text, validation);
    ST_TRY(write_text(ctx, dir, "validation.html", &text));
    // Last: a folder with predictions is a finished one.
    add_predictions(&text, validation);
    return write_text(ctx, dir, "predictions.csv", &text);
}

st_status st_report_validation_check(st_ctx* ctx, const char* dir, bool force)
{
    char* path = st_folder_path(ctx, dir, "predictions.csv");
    st_status status = path == NULL ? ST_ERR_MEMORY : ST_OK;

    if (status == ST_OK && !force && access(path, F_OK) == 0) {
        status = ST_FAIL(ctx, ST_ERR_INPUT, "%s: is there already; take another folder or --force",
                         path);
    }
    st_free(ctx, path);
    return status;
}

st_status st_report_validation(st_ctx* ctx, const char* dir, const st_validation* validation,
                               bool force)
{
    char* lock = NULL;
    size_t made_from = 0;
    int fd = -1;
    st_status status;

    ST_TRY(st_report_validation_check(ctx, dir, force));
    ST_TRY(st_folder_make(ctx, dir, &made_from));
    lock = st_folder_path(ctx, dir, ".lock");
    status = lock == NULL ? ST_ERR_MEMORY : st_folder_lock(ctx, dir, lock, &fd);
    if (status == ST_OK) {
        status = write_all(ctx, dir, validation);
        st_folder_unlock(lock, fd);
    }
    if (status != ST_OK) {
        st_folder_unmake(dir, made_from);
    }
    st_free(ctx, lock);
    return status;
}
