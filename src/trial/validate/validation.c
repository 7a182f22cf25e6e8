#include "validation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char* st_forecast_kind_name(st_forecast_kind kind)
{
    static const char* const names[] = {"mean", "change", "responder", "contrast"};

    return names[kind];
}

void st_validation_destroy(st_validation* validation)
{
    st_ctx* ctx;

    if (validation == NULL) {
        return;
    }
    ctx = validation->ctx;
    st_free(ctx, validation->draw);
    st_validate_arms_clear(&validation->train_plan);
    st_validate_arms_clear(&validation->plan);
    st_validate_rules_clear(&validation->rules);
    st_evidence_clear(ctx, &validation->train);
    st_evidence_clear(ctx, &validation->evidence);
    st_arena_clear(&validation->arena);
    st_free(ctx, validation);
}

int st_validation_row_count(const st_validation* validation)
{
    return validation->evidence.row_count;
}

int st_validation_forecast_count(const st_validation* validation)
{
    return validation->forecast_count;
}

const st_forecast* st_validation_forecast(const st_validation* validation, int index)
{
    return &validation->forecast[index];
}

int st_validation_skipped_count(const st_validation* validation)
{
    return validation->plan.skipped_count;
}

const st_skipped_row* st_validation_skipped(const st_validation* validation, int index)
{
    return &validation->plan.skipped[index];
}

int st_validation_arm_count(const st_validation* validation)
{
    return validation->arm_count;
}

const st_validation_arm* st_validation_arm_at(const st_validation* validation, int index)
{
    return &validation->arm[index];
}

int st_validation_scored_count(const st_validation* validation)
{
    return validation->scored_count;
}

int st_validation_trial_count(const st_validation* validation)
{
    return validation->trial_count;
}

int st_validation_draw_count(const st_validation* validation)
{
    return validation->draw_count;
}

const st_validation_scores* st_validation_all_scores(const st_validation* validation)
{
    return &validation->scores;
}

bool st_validation_some_scores(st_ctx* ctx, const st_validation* validation,
                               bool (*keep)(void* self, const st_forecast* forecast), void* self,
                               st_validation_scores* out, int* rows)
{
    const size_t count = (size_t)validation->forecast_count;
    const st_validate_plan* plan = &validation->plan;
    st_validate_score_row* row = st_alloc(ctx, count + 1, sizeof *row);
    int* cluster_of = st_alloc(ctx, (size_t)plan->cohort_count + 1, sizeof *cluster_of);
    double* scratch;
    int clusters = 0;
    int used = 0;

    *rows = 0;
    scratch = st_alloc(ctx, st_validate_score_scratch(plan->cohort_count + 1), sizeof *scratch);
    if (row != NULL && cluster_of != NULL && scratch != NULL) {
        for (int i = 0; i < validation->forecast_count; ++i) {
            const st_forecast* f = &validation->forecast[i];
            const int cohort = plan->arm[plan->item[i].arm].cohort_index;
            if (!(f->weight > 0.0) || (keep != NULL && !keep(self, f))) {
                continue;
            }
            if (cluster_of[cohort] == 0) {
                cluster_of[cohort] = ++clusters;
            }
            row[used++] = (st_validate_score_row){
                .cluster = cluster_of[cohort] - 1,
                .weight = f->weight,
                .crps = f->crps * fabs(f->factor),
                .base_crps = f->base_crps * fabs(f->factor),
                .bias = f->factor * (f->mean - f->observed),
                .is_covered = f->observed >= f->quantile[0] &&
                              f->observed <= f->quantile[ST_FORECAST_QUANTILE_COUNT - 1]};
        }
        if (used > 0) {
            st_validate_score_summary(row, used, scratch, clusters, validation->seed, out);
        }
        *rows = used;
    }
    st_free(ctx, scratch);
    st_free(ctx, cluster_of);
    st_free(ctx, row);
    return used > 0;
}

char* st_validation_summary(st_ctx* ctx, const st_validation* validation)
{
    const st_validation_scores* s = &validation->scores;
    st_text text;

    st_text_init(&text, ctx);
    st_text_addf(&text,
                 "rows=%d scored=%d trials=%d coverage95=%.4f crps=%.4f base_crps=%.4f "
                 "crps_ratio=%.4f ratio_lo=%.4f ratio_hi=%.4f bias=%.4f",
                 st_validation_row_count(validation), validation->scored_count,
                 validation->trial_count, s->coverage.value, s->crps.value, s->base_crps.value,
                 s->ratio.value, s->ratio.lo, s->ratio.hi, s->bias.value);
    if (text.failed) {
        st_text_clear(&text);
    }
    return text.data;
}

int st_validation_about_count(const st_validation* validation)
{
    return validation->about_count;
}

const char* st_validation_about(const st_validation* validation, int index, const char** key)
{
    *key = validation->about_key[index];
    return validation->about[index];
}
