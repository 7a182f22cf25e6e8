#include "prepare_json.h"

#include "json.h"

static void add_bool(st_text* out, const char* key, bool value)
{
    st_text_addf(out, ", \"%s\": %s", key, value ? "true" : "false");
}

/// Begins a list, or the next of its objects.
static void begin_list(st_text* out, const char* key)
{
    st_text_addf(out, ",\n\"%s\": [", key);
}

static void begin_item(st_text* out, int index)
{
    st_text_add(out, index > 0 ? ",\n  {" : "\n  {");
}

static void add_dose(st_text* out, const st_preparation_result* r)
{
    st_text_add(out, ",\n\"dose\": {");
    st_json_text(out, "", "unit", r->dose_label);
    st_json_number(out, "mean", r->dose_mean);
    st_json_number(out, "q05", r->dose_q05);
    st_json_number(out, "q25", r->dose_q25);
    st_json_number(out, "q50", r->dose_q50);
    st_json_number(out, "q75", r->dose_q75);
    st_json_number(out, "q95", r->dose_q95);
    st_text_add(out, "}");
}

static void add_losses(st_text* out, const st_preparation_result* r)
{
    begin_list(out, "losses");
    for (int i = 0; i < r->loss_count; i++) {
        const st_loss* l = &r->loss[i];
        begin_item(out, i);
        st_json_text(out, "", "step", l->name);
        st_json_number(out, "volume_mL", l->volume_mL);
        st_json_number(out, "at_day", l->day);
        st_json_number(out, "q05_cells", l->cells_q05);
        st_json_number(out, "q50_cells", l->cells_q50);
        st_json_number(out, "q95_cells", l->cells_q95);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

static void add_quantities(st_text* out, const st_preparation_result* r)
{
    int written = 0;
    begin_list(out, "quantities");
    for (int i = 0; i < r->quantity_count; i++) {
        const st_quantity* q = &r->quantity[i];
        if (q->count == 0) {
            continue;
        }
        begin_item(out, written++);
        st_json_text(out, "", "name", q->name);
        st_json_text(out, ", ", "label", q->label);
        st_json_text(out, ", ", "unit", q->unit);
        st_json_number(out, "donors", (double)q->count);
        st_json_number(out, "mean", q->mean);
        st_json_number(out, "q05", q->q05);
        st_json_number(out, "q50", q->q50);
        st_json_number(out, "q95", q->q95);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

static void add_measured(st_text* out, const st_preparation_result* r)
{
    begin_list(out, "measured");
    for (int i = 0; i < r->measured_count; i++) {
        const st_measured* m = &r->measured[i];
        begin_item(out, i);
        st_json_text(out, "", "quantity", m->what);
        st_json_text(out, ", ", "unit", m->unit);
        st_json_number(out, "low", m->low);
        st_json_number(out, "high", m->high);
        st_json_number(out, "computed", m->computed);
        add_bool(out, "is_inside", m->is_inside);
        st_json_text(out, ", ", "source", m->source);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

static void add_levers(st_text* out, const st_preparation_result* r)
{
    begin_list(out, "levers");
    for (int i = 0; i < r->lever_count; i++) {
        const st_lever* l = &r->lever[i];
        begin_item(out, i);
        st_json_text(out, "", "what", l->name);
        st_json_text(out, ", ", "kind", l->is_setting ? "setting" : "value");
        st_json_text(out, ", ", "unit", l->unit);
        st_json_number(out, "value", l->value);
        st_json_number(out, "lo", l->lo);
        st_json_number(out, "hi", l->hi);
        st_json_number(out, "dose_ratio_lo", l->dose_lo);
        st_json_number(out, "dose_ratio_hi", l->dose_hi);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
    begin_list(out, "age_relations");
    for (int i = 0; i < r->rival_count; i++) {
        const st_rival* rival = &r->rival[i];
        begin_item(out, i);
        st_json_text(out, "", "name", rival->name);
        add_bool(out, "is_used", rival->is_used);
        st_json_number(out, "cfu_f_per_mL", rival->cfu_f_per_mL);
        st_json_number(out, "dose", rival->dose);
        st_json_number(out, "days", rival->days);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

static void add_gel(st_text* out, const st_gel_told* gel)
{
    st_text_add(out, ",\n\"gel\": {");
    st_json_text(out, "", "light_path", gel->light_path);
    add_bool(out, "is_gel", gel->is_gel);
    st_json_number(out, "gel_time_s", gel->gel_time_s);
    st_json_number(out, "cure_depth_mm", gel->cure_depth_mm);
    st_json_number(out, "conversion_top", gel->conversion_top);
    st_json_number(out, "conversion_bottom", gel->conversion_bottom);
    st_json_number(out, "modulus_kPa", gel->modulus_kPa);
    st_json_number(out, "mesh_nm", gel->mesh_nm);
    st_json_number(out, "half_life_day", gel->half_life_day);
    st_json_number(out, "survival", gel->survival);
    st_text_add(out, ", \"diffusivity_ratio\": {");
    for (int i = 0; i < gel->factor_count; i++) {
        char number[32];
        st_number_text(gel->factor[i].ratio, number, sizeof number);
        st_text_add(out, i > 0 ? ", " : "");
        st_json_string(out, gel->factor[i].name);
        st_text_addf(out, ": %s", number);
    }
    st_text_add(out, "}");
    st_json_text(out, ", ", "caution",
                 "the light-cured gels of published clinical trials carried no cells");
    st_text_add(out, "}");
}

/// Harms by step, as published.
static void add_harms(st_text* out, const st_preparation* p)
{
    st_adverse event[64];
    const int count = st_recipe_adverse(st_preparation_recipe(p), event, 64);
    begin_list(out, "harms");
    for (int i = 0; i < count && i < 64; i++) {
        begin_item(out, i);
        st_json_text(out, "", "name", event[i].name);
        st_json_text(out, ", ", "per", event[i].per);
        st_json_number(out, "probability", event[i].probability);
        st_json_number(out, "lo", event[i].lo);
        st_json_number(out, "hi", event[i].hi);
        st_json_text(out, ", ", "source", event[i].source);
        st_json_text(out, ", ", "assumed", event[i].assumed);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

void st_prepare_json_write(st_text* out, const st_preparation* preparation,
                           const st_preparation_result* result)
{
    st_text_add(out, "{");
    st_json_text(out, "", "preparation", st_preparation_title(preparation));
    st_json_text(out, ",\n", "steps", st_recipe_text(st_preparation_recipe(preparation)));
    st_text_addf(out, ",\n\"donors\": %lld, \"seed\": %llu, \"failed\": %lld, \"misplaced\": %lld",
                 (long long)result->donors, (unsigned long long)st_preparation_seed(preparation),
                 (long long)result->failed, (long long)result->misplaced);
    st_json_number(out, "left_out", (double)result->uncomputed);
    if (result->median.has_needle) {
        st_json_number(out, "placed", result->placed);
        st_json_number(out, "placed_lo", result->placed_lo);
        st_json_number(out, "placed_hi", result->placed_hi);
    }
    add_dose(out, result);
    add_losses(out, result);
    add_quantities(out, result);
    add_measured(out, result);
    add_levers(out, result);
    if (result->median.has_gel && result->median.gel.light_path != NULL) {
        add_gel(out, &result->median.gel);
    }
    add_harms(out, preparation);
    st_text_add(out, "\n}\n");
}
