#include "builder.h"

#include <string.h>
#include <xxhash.h>

static void clear_builder(builder* b)
{
    st_free(b->ctx, b->parameter);
    st_free(b->ctx, b->behaviour);
    st_free(b->ctx, b->event_value);
    st_channel_clear(b);
    st_free(b->ctx, b->quantity);
    st_free(b->ctx, b->quantity_node);
    st_graph_clear(&b->graph);
}

/// Text to spec to compiled model; all mistakes of the file are in the context afterwards.
static st_status build(st_ctx* ctx, st_model* model, const char* variant, bool is_in_space)
{
    builder b = {.ctx = ctx,
                 .arena = &model->arena,
                 .doc = model->assembly.doc[0],
                 .is_in_space = is_in_space};
    b.root = model->assembly.root;
    st_status status = st_graph_init(&b.graph, ctx);
    if (status == ST_OK) {
        status = st_declare_names(&b);
    }
    if (status == ST_OK) {
        status = st_term_read_all(&b);
    }
    if (status == ST_OK) {
        status = st_schedule_read_events(&b);
    }
    if (status == ST_OK) {
        status = st_schedule_read_plans(&b);
    }
    if (status == ST_OK) {
        status = st_dose_read_all(&b);
    }
    if (status == ST_OK) {
        status = st_correlation_read_all(&b);
    }
    if (status == ST_OK) {
        status = st_schedule_read_variant(&b, variant);
    }
    if (status == ST_OK && b.graph.failed) {
        status = ST_ERR_MEMORY;
    }
    if (status == ST_OK) {
        status = st_compile_model(&b, model);
    }
    clear_builder(&b);
    return status;
}

/// Takes the document over, whatever comes.
static st_status from_doc(st_ctx* ctx, st_doc* doc, const char* variant, bool is_in_space,
                          st_model** out)
{
    *out = NULL;
    const int mistakes = st_ctx_mistake_count(ctx);
    st_model* model = st_alloc(ctx, 1, sizeof *model);
    if (model == NULL) {
        st_doc_destroy(doc);
        return ST_ERR_MEMORY;
    }
    model->ctx = ctx;
    st_arena_init(&model->arena, ctx);
    st_status status = st_assemble_document(&model->assembly, ctx, &model->arena, doc, variant);
    const char* chosen = variant != NULL ? variant : "";
    model->variant = st_arena_text(&model->arena, chosen, strlen(chosen));
    model->hash = XXH64(chosen, strlen(chosen), 0);
    for (int i = 0; i < model->assembly.doc_count; i++) {
        size_t length;
        const char* text = st_doc_text(model->assembly.doc[i], &length);
        model->hash = XXH64(text, length, model->hash);
    }
    if (status == ST_OK) {
        status = model->variant == NULL ? ST_ERR_MEMORY : build(ctx, model, variant, is_in_space);
    }
    if (status == ST_OK && st_ctx_mistake_count(ctx) > mistakes) {
        status = ST_ERR_INPUT;
    }
    if (status != ST_OK) {
        st_model_destroy(model);
        return status;
    }
    model->title = st_node_child(model->assembly.root, "model")->text;
    *out = model;
    return ST_OK;
}

st_status st_model_load(st_ctx* ctx, const char* path, const char* variant, st_model** out)
{
    *out = NULL;
    st_doc* doc;
    ST_TRY(st_doc_load(ctx, path, &doc));
    return from_doc(ctx, doc, variant, false, out);
}

st_status st_model_load_in_space(st_ctx* ctx, const char* path, const char* variant, st_model** out)
{
    *out = NULL;
    st_doc* doc;
    ST_TRY(st_doc_load(ctx, path, &doc));
    return from_doc(ctx, doc, variant, true, out);
}

st_status st_model_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                         const char* variant, st_model** out)
{
    *out = NULL;
    st_doc* doc;
    ST_TRY(st_doc_parse(ctx, name, text, length, &doc));
    return from_doc(ctx, doc, variant, false, out);
}

st_status st_model_parse_in_space(st_ctx* ctx, const char* name, const char* text, size_t length,
                                  const char* variant, st_model** out)
{
    *out = NULL;
    st_doc* doc;
    ST_TRY(st_doc_parse(ctx, name, text, length, &doc));
    return from_doc(ctx, doc, variant, true, out);
}

void st_model_destroy(st_model* model)
{
    if (model == NULL) {
        return;
    }
    st_assemble_clear(&model->assembly);
    st_arena_clear(&model->arena);
    st_free(model->ctx, model);
}

const char* st_model_title(const st_model* model)
{
    return model->title;
}

const char* st_model_variant(const st_model* model)
{
    return model->variant;
}

uint64_t st_model_hash(const st_model* model)
{
    return model->hash;
}

double st_model_settle_days(const st_model* model)
{
    return model->settle_day;
}

int st_model_state_count(const st_model* model)
{
    return model->state_count;
}

const st_state_info* st_model_state(const st_model* model, int state)
{
    return &model->state[state];
}

int st_model_parameter_count(const st_model* model)
{
    return model->parameter_count;
}

const st_parameter_info* st_model_parameter(const st_model* model, int parameter)
{
    return &model->parameter[parameter];
}

int st_model_input_count(const st_model* model)
{
    return model->input_count;
}

const st_input_info* st_model_input(const st_model* model, int input)
{
    return &model->input[input];
}

int st_model_definition_count(const st_model* model)
{
    return model->definition_count;
}

const st_definition_info* st_model_definition(const st_model* model, int definition)
{
    return &model->definition[definition];
}

int st_model_dose_count(const st_model* model)
{
    return model->dose_count;
}

const st_dose_target* st_model_dose(const st_model* model, int dose)
{
    return &model->dose[dose];
}

int st_model_find_state(const st_model* model, const char* name)
{
    for (int i = 0; i < model->state_count; i++) {
        if (strcmp(model->state[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int st_model_find_parameter(const st_model* model, const char* name)
{
    for (int i = 0; i < model->parameter_count; i++) {
        if (strcmp(model->parameter[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int st_model_find_input(const st_model* model, const char* name)
{
    for (int i = 0; i < model->input_count; i++) {
        if (strcmp(model->input[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int st_model_find_definition(const st_model* model, const char* name)
{
    for (int i = 0; i < model->definition_count; i++) {
        if (strcmp(model->definition[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int st_model_find_dose(const st_model* model, const char* product_class)
{
    for (int i = 0; i < model->dose_count; i++) {
        if (strcmp(model->dose[i].product_class, product_class) == 0) {
            return i;
        }
    }
    return -1;
}

double st_model_correlation(const st_model* model, int a, int b)
{
    for (int i = 0; i < model->correlation_count; i++) {
        const correlation* c = &model->correlation[i];
        if ((c->a == a && c->b == b) || (c->a == b && c->b == a)) {
            return c->r;
        }
    }
    return a == b ? 1.0 : 0.0;
}

int st_model_quantity_count(const st_model* model)
{
    return model->quantity_count;
}

const st_quantity_info* st_model_quantity(const st_model* model, int index)
{
    return &model->quantity[index];
}

const st_node* st_model_table(const st_model* model, const char* key)
{
    return st_node_child(model->assembly.root, key);
}

int st_model_source_count(const st_model* model)
{
    return model->assembly.doc_count;
}

const char* st_model_source(const st_model* model, int index, const char** name, size_t* length)
{
    ST_ASSERT(index >= 0 && index < model->assembly.doc_count);
    const st_doc* doc = model->assembly.doc[index];
    *name = st_doc_name(doc);
    return st_doc_text(doc, length);
}

const st_tape* st_model_rate_tape(const st_model* model)
{
    return &model->rate;
}

const st_tape* st_model_jacobian_tape(const st_model* model)
{
    return &model->jacobian;
}

const st_pattern* st_model_pattern(const st_model* model)
{
    return &model->pattern;
}

const st_tape* st_model_definition_tape(const st_model* model)
{
    return &model->definitions;
}

const st_tape* st_model_initial_tape(const st_model* model)
{
    return &model->initial;
}

const st_tape* st_model_event_tape(const st_model* model)
{
    return &model->events;
}

bool st_model_rates_use_time(const st_model* model)
{
    return model->rates_use_time;
}

int st_model_event_count(const st_model* model)
{
    return model->event_count;
}

int st_model_plan_count(const st_model* model)
{
    return model->plan_count;
}

const st_plan_info* st_model_plan(const st_model* model, int index)
{
    return &model->plan[index];
}

const st_event_info* st_model_event(const st_model* model, int event)
{
    return &model->event[event];
}
