#include "report/store.h"
#include "report/store_tally.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static st_status put_about(st_ctx* ctx, st_store* store, const char* key, const char* value)
{
    return st_store_put(ctx, store, ST_TABLE_ABOUT, key, value ? value : "");
}

static st_status put_about_number(st_ctx* ctx, st_store* store, const char* key, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return put_about(ctx, store, key, text);
}

static st_status write_about(st_ctx* ctx, st_store* store, const st_study* study)
{
    const st_model* model = st_study_model(study);
    const st_instrument_info* primary = st_instruments_at(
        st_study_instruments(study), st_study_measure(study, st_study_primary_measure(study)));
    char hash[32];
    snprintf(hash, sizeof hash, "%016" PRIx64, st_model_hash(model));
    ST_TRY(put_about_number(ctx, store, "format_version", ST_SCHEMA_VERSION));
    ST_TRY(put_about(ctx, store, "program_version", st_version()));
    ST_TRY(put_about(ctx, store, "study_title", st_study_title(study)));
    ST_TRY(put_about(ctx, store, "model_title", st_model_title(model)));
    ST_TRY(put_about(ctx, store, "model_variant", st_model_variant(model)));
    ST_TRY(put_about(ctx, store, "model_hash", hash));
    ST_TRY(put_about(ctx, store, "people_title", st_people_title(st_study_people(study))));
    ST_TRY(put_about(ctx, store, "blinding", st_study_blinding(study)));
    ST_TRY(
        put_about_number(ctx, store, "seed", store->has_seed ? store->seed : st_study_seed(study)));
    ST_TRY(put_about(ctx, store, "primary_measure", primary->name));
    ST_TRY(put_about_number(ctx, store, "primary_visit", (uint64_t)st_study_primary_visit(study)));
    ST_TRY(put_about_number(ctx, store, "state_count", (uint64_t)st_model_state_count(model)));
    return ST_OK;
}

// Only the last part of a name is kept, so that a result does not tell where it was made.
static const char* base_name(const char* name)
{
    const char* slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static st_status write_sources(st_ctx* ctx, st_store* store, const st_study* study)
{
    for (int i = 0; i < st_study_source_count(study); i++) {
        const char* name = "";
        const char* role = "";
        size_t length = 0;
        const char* text = st_study_source(study, i, &name, &role, &length);
        char* closed = st_alloc(ctx, length + 1, 1);
        if (!closed) {
            return ST_ERR_MEMORY;
        }
        memcpy(closed, text, length);
        const XXH128_hash_t hash = XXH3_128bits(text, length);
        char hex[40];
        snprintf(hex, sizeof hex, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
                 (uint64_t)hash.low64);
        const st_status status = st_store_put(ctx, store, ST_TABLE_SOURCE_FILE, (int64_t)i,
                                              base_name(name), role, hex, closed);
        st_free(ctx, closed);
        ST_TRY(status);
    }
    return ST_OK;
}

static st_status write_model_parameters(st_ctx* ctx, st_store* store, const st_model* model)
{
    static const char* const kinds[] = {[ST_SPREAD_NONE] = "none",
                                        [ST_SPREAD_LOGNORMAL] = "lognormal",
                                        [ST_SPREAD_NORMAL] = "normal"};

    for (int i = 0; i < st_model_parameter_count(model); i++) {
        const st_parameter_info* p = st_model_parameter(model, i);
        // A lognormal spread is a pure number, a normal one has the parameter's unit.
        const double spread = p->spread_kind == ST_SPREAD_NONE     ? NAN
                              : p->spread_kind == ST_SPREAD_NORMAL ? p->spread * p->show_factor
                                                                   : p->spread;
        ST_TRY(st_store_put(ctx, store, ST_TABLE_PARAMETER, "model", (int64_t)i, p->name,
                            p->value * p->show_factor, p->show_unit, kinds[p->spread_kind], spread,
                            p->lo * p->show_factor, p->hi * p->show_factor, p->source, p->assumed));
        store->parameter_count += 1;
        store->assumed_count += p->source ? 0 : 1;
    }
    return ST_OK;
}

static st_status write_procedure_values(st_ctx* ctx, st_store* store, const st_catalogue* catalogue)
{
    for (int i = 0; i < st_catalogue_value_count(catalogue); i++) {
        const st_catalogue_value* v = st_catalogue_value_at(catalogue, i);
        ST_TRY(st_store_put(ctx, store, ST_TABLE_PARAMETER, "procedure", (int64_t)i, v->name,
                            v->value, v->unit, "none", (double)NAN, (double)NAN, (double)NAN,
                            v->source, v->assumed));
        store->parameter_count += 1;
        store->assumed_count += v->source ? 0 : 1;
    }
    return ST_OK;
}

static st_status write_figure(st_ctx* ctx, st_store* store, const char* origin, int64_t position,
                              const char* name, const st_figure_info* f)
{
    store->parameter_count += 1;
    store->assumed_count += f->source ? 0 : 1;
    return st_store_put(ctx, store, ST_TABLE_PARAMETER, origin, position, name, f->value, f->unit,
                        "", (double)NAN, (double)NAN, (double)NAN, f->source, f->assumed);
}

// Facts count only where criteria of candidacy ask about them.
static st_status write_people_values(st_ctx* ctx, st_store* store, const st_study* study)
{
    const st_people* people = st_study_people(study);
    const int asked = st_study_candidacy(study) ? 0 : st_people_fact_count(people);
    for (int i = 0; i < st_people_figure_count(people) - asked; i++) {
        const st_figure_info f = st_people_figure(people, i);
        ST_TRY(write_figure(ctx, store, "people", i, f.name, &f));
    }
    return ST_OK;
}

static bool is_followed_before(const st_study* study, int arm, int plan)
{
    const char *name, *other;
    size_t length;
    (void)st_care_source(st_study_plan(study, arm, plan), &name, &length);
    for (int a = 0; a < arm; a++) {
        for (int p = 0; p < st_study_plan_count(study, a); p++) {
            (void)st_care_source(st_study_plan(study, a, p), &other, &length);
            if (strcmp(name, other) == 0) {
                return true;
            }
        }
    }
    return false;
}

// Each plan once, however many arms follow it.
static st_status write_plan_values(st_ctx* ctx, st_store* store, const st_study* study)
{
    int64_t position = 0;
    for (int a = 0; a < store->arm_count; a++) {
        for (int p = 0; p < st_study_plan_count(study, a); p++) {
            const st_care* care = st_study_plan(study, a, p);
            for (int i = 0; !is_followed_before(study, a, p) && i < st_care_figure_count(care);
                 i++) {
                const st_figure_info f = st_care_figure(care, i);
                char name[160];
                snprintf(name, sizeof name, "%s: %s", st_care_title(care), f.name);
                ST_TRY(write_figure(ctx, store, "plan", position++, name, &f));
            }
        }
    }
    return ST_OK;
}

// Length of the family name of a state: "msc" of "msc_suspended@fluid".
static size_t family_length(const char* name)
{
    return strcspn(name, "_@");
}

// Tells which cells came with a dose: a family of states is the product's when a dose enters it.
static const char* state_role(const st_model* model, int state)
{
    const st_state_info* info = st_model_state(model, state);
    if (info->kind != ST_STATE_CELL) {
        return info->kind == ST_STATE_MATRIX ? "matrix" : "";
    }
    const size_t length = family_length(info->name);
    const char* role = "native cells";
    for (int d = 0; d < st_model_dose_count(model); d++) {
        const st_dose_target* target = st_model_dose(model, d);
        if (!target->is_cell) {
            continue;
        }
        if (target->dead_state == state || target->latent_state == state) {
            return "dying product cells";
        }
        if (target->alive_state < 0) {
            continue;
        }
        const char* entered = st_model_state(model, target->alive_state)->name;
        if (family_length(entered) == length && strncmp(entered, info->name, length) == 0) {
            role = "product cells";
        }
    }
    return role;
}

static st_status write_quantities(st_ctx* ctx, st_store* store, const st_model* model)
{
    static const char* const kinds[] = {[ST_STATE_CELL] = "cells",
                                        [ST_STATE_SUBSTRATE] = "substrate",
                                        [ST_STATE_MATRIX] = "matrix",
                                        [ST_STATE_FREE] = "variable"};

    for (int i = 0; i < st_model_state_count(model); i++) {
        const st_state_info* info = st_model_state(model, i);
        ST_TRY(st_store_put(ctx, store, ST_TABLE_QUANTITY, info->name, kinds[info->kind],
                            info->show_unit, state_role(model, i), (const char*)NULL));
    }
    for (int i = 0; i < st_model_definition_count(model); i++) {
        const st_definition_info* info = st_model_definition(model, i);
        if (st_model_find_state(model, info->name) < 0) {
            ST_TRY(st_store_put(ctx, store, ST_TABLE_QUANTITY, info->name, "definition",
                                info->show_unit, "", info->text));
        }
    }
    return ST_OK;
}

static st_status write_instruments(st_ctx* ctx, st_store* store, const st_study* study)
{
    for (int m = 0; m < store->measure_count; m++) {
        const st_instrument_info* i =
            st_instruments_at(st_study_instruments(study), st_study_measure(study, m));
        ST_TRY(st_store_put(ctx, store, ST_TABLE_INSTRUMENT, (int64_t)m, i->name, i->title, i->unit,
                            (int64_t)i->lower_is_better, i->important_change, i->important_source,
                            i->lo, i->hi, i->step, i->noise_sd, i->drift_sd, i->drift_tau_day));
    }
    return ST_OK;
}

static st_status write_design(st_ctx* ctx, st_store* store, const st_study* study)
{
    for (int a = 0; a < store->arm_count; a++) {
        const st_arm_info* arm = st_study_arm(study, a);
        ST_TRY(st_store_put(ctx, store, ST_TABLE_ARM, (int64_t)a, arm->name, arm->label,
                            arm->recipe, (int64_t)arm->size,
                            arm->control < 0 ? ST_STORE_NULL : (int64_t)arm->control,
                            (int64_t)arm->is_twin, (int64_t)arm->has_cells));
    }
    for (int v = 0; v < store->visit_count; v++) {
        const st_visit_info* visit = st_study_visit(study, v);
        ST_TRY(st_store_put(ctx, store, ST_TABLE_VISIT, (int64_t)v, visit->day, visit->month));
    }
    return ST_OK;
}

static st_status write_published(st_ctx* ctx, st_store* store, const st_study* study)
{
    for (int i = 0; i < st_study_published_count(study); i++) {
        const st_published_row* p = st_study_published(study, i);
        ST_TRY(st_store_put(
            ctx, store, ST_TABLE_PUBLISHED, (int64_t)i, p->trial_id, p->arm_id,
            p->arm < 0 ? ST_STORE_NULL : (int64_t)p->arm, (int64_t)p->measure,
            p->is_change ? "change" : "level", p->month, p->n > 0.0 ? p->n : (double)NAN, p->value,
            p->sd > 0.0 ? p->sd : (double)NAN, p->q25, p->q75, (int64_t)p->is_median, p->source));
    }
    return ST_OK;
}

st_status st_store_begin(void* self, st_ctx* ctx, const st_study* study)
{
    st_store* store = self;
    if (store->has_begun) {
        return ST_FAIL(ctx, ST_ERR_INPUT, "a store takes one run");
    }
    if (store->kept_people > 0) {
        ST_TRY(st_store_keep_check(ctx, store, study));
    }
    store->has_begun = true;
    store->arm_count = st_study_arm_count(study);
    store->visit_count = st_study_visit_count(study);
    store->measure_count = st_study_measure_count(study);

    ST_TRY(st_store_tally_create(store->ctx, study, &store->tally));
    ST_TRY(write_about(ctx, store, study));
    ST_TRY(write_sources(ctx, store, study));
    ST_TRY(write_model_parameters(ctx, store, st_study_model(study)));
    ST_TRY(write_procedure_values(ctx, store, st_study_catalogue(study)));
    ST_TRY(write_people_values(ctx, store, study));
    ST_TRY(write_plan_values(ctx, store, study));
    ST_TRY(write_quantities(ctx, store, st_study_model(study)));
    ST_TRY(write_instruments(ctx, store, study));
    ST_TRY(write_design(ctx, store, study));
    return write_published(ctx, store, study);
}
