#include "describe_json.h"

#include "describe_graph.h"
#include "describe_page.h"
#include "json.h"

#include "base/base.h"

static const char* const KINDS[] = {"cell", "substrate", "matrix", "free"};

static void add_states(const st_model* model, const double* start, st_text* out)
{
    st_text_add(out, ",\n\"states\": [");
    for (int i = 0; i < st_model_state_count(model); i++) {
        const st_state_info* s = st_model_state(model, i);
        st_text_add(out, i > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "name", s->name);
        st_json_text(out, ", ", "kind", KINDS[s->kind]);
        st_json_text(out, ", ", "unit", s->unit);
        st_json_text(out, ", ", "show_unit", s->show_unit);
        st_json_number(out, "show_factor", s->show_factor);
        st_json_number(out, "start", start[i]);
        st_json_number(out, "typical", s->scale);
        st_text_addf(out, ", \"may_be_negative\": %s}", s->may_be_negative ? "true" : "false");
    }
    st_text_add(out, "\n]");
}

static void add_parameters(const st_model* model, st_text* out)
{
    static const char* const spreads[] = {"none", "lognormal", "normal"};
    st_text_add(out, ",\n\"parameters\": [");
    for (int i = 0; i < st_model_parameter_count(model); i++) {
        const st_parameter_info* p = st_model_parameter(model, i);
        st_text_add(out, i > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "name", p->name);
        st_json_number(out, "value", p->value);
        st_json_text(out, ", ", "unit", p->unit);
        st_json_text(out, ", ", "show_unit", p->show_unit);
        st_json_number(out, "show_factor", p->show_factor);
        st_json_text(out, ", ", "spread_kind", spreads[p->spread_kind]);
        st_json_number(out, "spread", p->spread);
        st_json_number(out, "lo", p->lo);
        st_json_number(out, "hi", p->hi);
        st_json_text(out, ", ", "source", p->source);
        st_json_text(out, ", ", "assumed", p->assumed);
        st_text_addf(out, ", \"line\": %d}", p->line);
    }
    st_text_add(out, "\n]");
}

static void add_inputs(const st_model* model, st_text* out)
{
    st_text_add(out, ",\n\"inputs\": [");
    for (int i = 0; i < st_model_input_count(model); i++) {
        const st_input_info* in = st_model_input(model, i);
        st_text_add(out, i > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "name", in->name);
        st_json_number(out, "value", in->value);
        st_json_text(out, ", ", "unit", in->unit);
        st_json_text(out, ", ", "show_unit", in->show_unit);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

static void add_formula(const st_describe_math* math, const char* key, int node, st_text* out)
{
    st_text formula;
    st_text_init(&formula, math->ctx);
    st_describe_math_plain(math, node, &formula);
    st_json_text(out, ", ", key, formula.failed ? "" : formula.data);
    out->failed = out->failed || formula.failed;
    st_text_clear(&formula);
}

static void add_definitions(const st_describe_math* math, st_text* out)
{
    st_text_add(out, ",\n\"definitions\": [");
    for (int i = 0; i < st_model_definition_count(math->model); i++) {
        const st_definition_info* d = st_model_definition(math->model, i);
        st_text_add(out, i > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "name", d->name);
        st_json_text(out, ", ", "unit", d->unit);
        st_json_text(out, ", ", "show_unit", d->show_unit);
        st_json_text(out, ", ", "text", d->text);
        add_formula(math, "formula", st_describe_math_definition(math, i), out);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n],\n\"behaviours\": [");
    for (int i = 0; i < st_model_behaviour_count(math->model); i++) {
        const st_behaviour_info* b = st_model_behaviour(math->model, i);
        st_text_add(out, i > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "key", b->key);
        st_json_text(out, ", ", "cells", st_model_state(math->model, b->state)->name);
        add_formula(math, "formula", st_describe_math_behaviour(math, i), out);
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

static void add_channels(st_describe_math* math, st_text* out)
{
    st_text_add(out, ",\n\"channels\": [");
    for (int c = 0; c < st_model_channel_count(math->model); c++) {
        const st_channel_info* info = st_model_channel(math->model, c);
        st_text_add(out, c > 0 ? ",\n  {" : "\n  {");
        st_describe_math_prefer(math, info->behaviour);
        st_json_text(out, "", "kind", st_term_kind_name(info->kind));
        st_json_text(out, ", ", "name", info->name);
        st_json_text(out, ", ", "actor",
                     info->actor >= 0 ? st_model_state(math->model, info->actor)->name : NULL);
        st_text_add(out, ", \"changes\": [");
        for (int i = 0; i < info->change_count; i++) {
            const st_channel_change* change = &info->change[i];
            st_text_add(out, i > 0 ? ", {" : "{");
            st_json_text(out, "", "state", st_model_state(math->model, change->state)->name);
            add_formula(math, "per_day", st_describe_math_change(math, change), out);
            st_text_add(out, "}");
        }
        st_text_add(out, "]}");
    }
    st_text_add(out, "\n]");
}

static st_status add_events(st_ctx* ctx, const st_model* model, st_text* out)
{
    static const char* const changes[] = {"set", "add", "scale"};
    st_describe_math values;
    ST_TRY(st_describe_math_create_events(ctx, model, &values));
    st_text_add(out, ",\n\"events\": [");
    for (int i = 0; i < st_model_event_count(model); i++) {
        const st_event_info* e = st_model_event(model, i);
        st_text_add(out, i > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "name", e->name);
        st_json_number(out, "day", e->day);
        st_json_number(out, "every_day", e->every_day);
        if (e->trigger >= 0) {
            add_formula(&values, "when_above_0", st_describe_math_output(&values, e->trigger), out);
        }
        st_text_add(out, ", \"actions\": [");
        for (int a = 0; a < e->action_count; a++) {
            const st_event_action* action = &e->action[a];
            st_text_add(out, a > 0 ? ", {" : "{");
            st_json_text(out, "", "state", st_model_state(model, action->state)->name);
            st_json_text(out, ", ", "change", changes[action->change]);
            add_formula(&values, "value", st_describe_math_output(&values, action->output), out);
            st_text_add(out, "}");
        }
        st_text_add(out, "]}");
    }
    st_text_add(out, "\n]");
    st_describe_math_clear(&values);
    return ST_OK;
}

static void add_doses(const st_model* model, st_text* out)
{
    st_text_add(out, ",\n\"doses\": [");
    for (int i = 0; i < st_model_dose_count(model); i++) {
        const st_dose_target* d = st_model_dose(model, i);
        const int state[3] = {d->alive_state, d->latent_state, d->dead_state};
        static const char* const keys[] = {"alive", "latent", "dead"};
        st_text_add(out, i > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "class", d->product_class);
        st_json_text(out, ", ", "counted_in", d->is_cell ? "cells" : "g");
        for (int k = 0; k < 3; k++) {
            st_json_text(out, ", ", keys[k],
                         state[k] >= 0 ? st_model_state(model, state[k])->name : NULL);
        }
        st_text_add(out, "}");
    }
    st_text_add(out, "\n]");
}

static st_status add_edges(st_ctx* ctx, const st_model* model, st_text* out)
{
    st_describe_edge* edge;
    int count;
    ST_TRY(st_describe_graph_edges(ctx, model, &edge, &count));
    st_text_add(out, ",\n\"acts_on\": [");
    for (int e = 0; e < count; e++) {
        st_text_add(out, e > 0 ? ",\n  {" : "\n  {");
        st_json_text(out, "", "from", st_model_state(model, edge[e].from)->name);
        st_json_text(out, ", ", "to", st_model_state(model, edge[e].to)->name);
        st_text_addf(out, ", \"sign\": %d}", edge[e].sign);
    }
    st_text_add(out, "\n]");
    st_free(ctx, edge);
    return ST_OK;
}

st_status st_describe_json_write(st_ctx* ctx, const st_model* model, st_text* out)
{
    st_describe_math math;
    ST_TRY(st_describe_math_create(ctx, model, &math));
    double* start = st_alloc(ctx, (size_t)st_model_state_count(model), sizeof *start);
    st_status status = start != NULL ? st_describe_page_start(ctx, model, start) : ST_ERR_MEMORY;
    if (status == ST_OK) {
        st_text_add(out, "{");
        st_json_text(out, "\n", "model", st_model_title(model));
        st_json_text(out, ",\n", "variant", st_model_variant(model));
        st_text_addf(out, ",\n\"hash\": \"%016llx\"", (unsigned long long)st_model_hash(model));
        st_text_addf(out, ",\n\"settle_day\": %.17g", st_model_settle_days(model));
        st_text_add(out, ",\n\"units\": \"mL, cm, day, nmol, g, cells, points; values are in them, "
                         "times show_factor in show_unit\"");
        add_states(model, start, out);
        add_parameters(model, out);
        add_inputs(model, out);
        add_definitions(&math, out);
        add_channels(&math, out);
        add_doses(model, out);
        status = add_events(ctx, model, out);
    }
    if (status == ST_OK) {
        status = add_edges(ctx, model, out);
        st_text_add(out, "\n}\n");
    }
    st_free(ctx, start);
    st_describe_math_clear(&math);
    return status == ST_OK && out->failed ? ST_ERR_MEMORY : status;
}
