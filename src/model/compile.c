#include "builder.h"

#include "tape.h"

#include <math.h>
#include <string.h>

/// Depth of a rate: the compiler walks down it by calling itself.
#define RATE_DEPTH_LIMIT 4000

/// Slots of the reading phase become registers: states, parameters, inputs, time.
static uint32_t register_of(const builder* b, uint32_t slot)
{
    const uint32_t index = slot & SLOT_INDEX;
    const uint32_t states = (uint32_t)b->state_count;
    const uint32_t parameters = (uint32_t)b->parameter_count;
    switch (slot & SLOT_KIND) {
    case SLOT_STATE:
        return index;
    case SLOT_PARAMETER:
        return states + index;
    case SLOT_INPUT:
        return states + parameters + index;
    default:
        return states + parameters + (uint32_t)b->input_count;
    }
}

static int register_count(const builder* b)
{
    return b->state_count + b->parameter_count + b->input_count + 1;
}

/// Which nodes depend on a state or on time. Operands have lower numbers than what uses them.
static bool* find_moving(builder* b)
{
    const st_graph* g = &b->graph;
    bool* moves = st_alloc(b->ctx, (size_t)g->count, sizeof *moves);
    const uint32_t time = (uint32_t)(register_count(b) - 1);
    for (uint32_t i = 0; moves != NULL && i < g->count; i++) {
        const st_expr_node n = g->node[i];
        if (n.code == ST_OP_INPUT) {
            moves[i] = n.a < (uint32_t)b->state_count || n.a == time;
        } else if (n.code != ST_OP_CONSTANT) {
            moves[i] = moves[n.a] || moves[n.b];
        }
    }
    return moves;
}

/// Checks that need the whole model: hill exponents and initial values must not depend on states.
static st_status check_dependencies(builder* b)
{
    bool* moves = find_moving(b);
    if (moves == NULL) {
        return ST_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < b->graph.count; i++) {
        const st_expr_node n = b->graph.node[i];
        if (n.code == ST_OP_PPOW && moves[n.b]) {
            st_node_fail(b->ctx, b->root,
                         "a hill exponent depends on a state, expected parameters or numbers");
            break;
        }
    }
    for (int i = 0; i < b->state_count; i++) {
        const state_spec* s = &b->state[i];
        if (moves[s->initial.e]) {
            st_node_fail(b->ctx, s->start,
                         "an initial value depends on a state or on time, expected parameters and "
                         "inputs");
        }
        if (b->graph.node[s->rate].depth > RATE_DEPTH_LIMIT) {
            st_node_fail(b->ctx, s->start != NULL ? s->start : s->entry,
                         "more than %d terms and operations act on '%s' one upon the other",
                         RATE_DEPTH_LIMIT, s->info.name);
        }
    }
    for (int i = 0; i < b->place_count; i++) {
        if (b->place[i].has_volume && moves[b->place[i].volume.e]) {
            st_node_fail(b->ctx, b->place[i].node, "the volume depends on a state or on time");
        }
    }
    st_free(b->ctx, moves);
    return ST_OK;
}

/// Typical size of each state: `typical:`, else its default initial value, else a small amount.
static void find_scales(builder* b)
{
    static const double fallback[] = {[ST_STATE_CELL] = 1e3,
                                      [ST_STATE_SUBSTRATE] = 1e-6,
                                      [ST_STATE_MATRIX] = 1.0,
                                      [ST_STATE_FREE] = 1.0};
    for (int i = 0; i < b->state_count; i++) {
        state_spec* s = &b->state[i];
        const st_node* entry = s->thing >= 0 ? b->thing[s->thing].node : s->entry;
        const st_bridge* bridge = s->thing >= 0 ? &b->thing[s->thing].bridge : NULL;
        const st_node* typical = st_node_child(entry, "typical");
        double value = 0.0;
        if (typical != NULL) {
            static const char* const units[] = {"cells", "nmol/mL", "1"};
            const char* unit = s->thing >= 0 ? units[s->info.kind] : s->info.show_unit;
            st_node_read_quantity(b->ctx, typical, "a typical size", unit, bridge, 1e-300, 1e300,
                                  &value);
            value /= s->thing >= 0 ? 1.0 : s->info.show_factor;
        } else {
            st_probe_default(b, s->initial.e, NULL, &value);
        }
        value = fabs(value);
        s->info.scale = value > 0.0 && isfinite(value) ? value : fallback[s->info.kind];
        const double shown = st_value_show_factor(&s->dim, s->info.show_unit, bridge);
        if (shown > 0.0) {
            s->info.show_factor = shown;
        } else {
            s->info.show_unit = s->info.unit;
        }
    }
}

/// All rates, then the non-zero derivatives by rows, then the derivatives by time.
static st_status compile_jacobian(builder* b, st_model* m)
{
    const int n = b->state_count;
    st_graph* g = &b->graph;
    st_expr* entry = st_alloc(b->ctx, (size_t)n * (size_t)n, sizeof *entry);
    st_expr* output = st_alloc(b->ctx, (size_t)n * ((size_t)n + 2u), sizeof *output);
    int* row_start = st_arena_alloc(b->arena, (size_t)n + 1u, sizeof *row_start);
    int* column = st_arena_alloc(b->arena, (size_t)n * (size_t)n, sizeof *column);
    st_status status = entry && output && row_start && column ? ST_OK : ST_ERR_MEMORY;

    for (int j = 0; j <= n && status == ST_OK; j++) {
        const uint32_t memo_count = g->count;
        uint32_t* memo = st_alloc(b->ctx, memo_count, sizeof *memo);
        if (memo == NULL) {
            status = ST_ERR_MEMORY;
            break;
        }
        const uint32_t slot = j < n ? (uint32_t)j : (uint32_t)(register_count(b) - 1);
        for (int i = 0; i < n; i++) {
            const st_expr d = st_expr_derive(g, b->state[i].rate, slot, memo, memo_count);
            if (j < n) {
                entry[i * n + j] = d;
            } else {
                output[n + i] = d; // moved behind the entries below
                m->rates_use_time = m->rates_use_time || d != ST_EXPR_ZERO;
            }
        }
        st_free(b->ctx, memo);
    }
    if (status == ST_OK) {
        int count = 0;
        st_expr* const by_time = output + n;
        st_expr* const all = st_alloc(b->ctx, (size_t)n * ((size_t)n + 2u), sizeof *all);
        if (all == NULL) {
            status = ST_ERR_MEMORY;
        } else {
            for (int i = 0; i < n; i++) {
                all[i] = b->state[i].rate;
                row_start[i] = count;
                for (int j = 0; j < n; j++) {
                    if (entry[i * n + j] != ST_EXPR_ZERO || i == j) {
                        all[n + count] = entry[i * n + j];
                        column[count++] = j;
                    }
                }
            }
            row_start[n] = count;
            memcpy(all + n + count, by_time, (size_t)n * sizeof *all);
            m->pattern = (st_pattern){
                .size = n, .entry_count = count, .row_start = row_start, .column = column};
            status = g->failed ? ST_ERR_MEMORY
                               : st_tape_build(b->arena, g, register_count(b), all, 2 * n + count,
                                               &m->jacobian);
            st_free(b->ctx, all);
        }
    }
    st_free(b->ctx, entry);
    st_free(b->ctx, output);
    return status;
}

static st_status compile_tapes(builder* b, st_model* m)
{
    const int n = b->state_count;
    const int largest = n + b->definition_count + b->dose_count + 1;
    const int registers = register_count(b);
    st_expr* output = st_alloc(b->ctx, (size_t)largest, sizeof *output);
    if (output == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < n; i++) {
        output[i] = b->state[i].rate;
    }
    st_status status = st_tape_build(b->arena, &b->graph, registers, output, n, &m->rate);
    for (int i = 0; i < n; i++) {
        output[i] = b->state[i].initial.e;
    }
    if (status == ST_OK) {
        status = st_tape_build(b->arena, &b->graph, registers, output, n, &m->initial);
    }
    for (int i = 0; i < b->definition_count; i++) {
        output[i] = b->definition[i].value.e;
    }
    if (status == ST_OK) {
        status = st_tape_build(b->arena, &b->graph, registers, output, b->definition_count,
                               &m->definitions);
    }
    if (status == ST_OK) {
        status = st_tape_build(b->arena, &b->graph, registers, b->event_value, b->event_value_count,
                               &m->events);
    }
    if (status == ST_OK) {
        status = st_tape_build(b->arena, &b->graph, registers, b->dose_factor, b->dose_part_count,
                               &m->dose_factor);
    }
    st_free(b->ctx, output);
    return status;
}

/// Copies the public tables into the model's arena.
static st_status copy_tables(builder* b, st_model* m)
{
    st_arena* a = b->arena;
    st_state_info* states = st_arena_alloc(a, (size_t)b->state_count + 1u, sizeof *states);
    int* places = st_arena_alloc(a, (size_t)b->state_count + 1u, sizeof *places);
    st_parameter_info* parameters =
        st_arena_alloc(a, (size_t)b->parameter_count + 1u, sizeof *parameters);
    st_input_info* inputs = st_arena_alloc(a, (size_t)b->input_count + 1u, sizeof *inputs);
    st_definition_info* definitions =
        st_arena_alloc(a, (size_t)b->definition_count + 1u, sizeof *definitions);
    st_event_info* events = st_arena_alloc(a, (size_t)b->event_count + 1u, sizeof *events);
    if (!states || !places || !parameters || !inputs || !definitions || !events) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < b->state_count; i++) {
        states[i] = b->state[i].info;
        places[i] = b->state[i].place;
    }
    for (int i = 0; i < b->parameter_count; i++) {
        parameters[i] = b->parameter[i].info;
    }
    for (int i = 0; i < b->input_count; i++) {
        inputs[i] = b->input[i].info;
    }
    for (int i = 0; i < b->definition_count; i++) {
        definitions[i] = b->definition[i].info;
    }
    for (int i = 0; i < b->event_count; i++) {
        events[i] = b->event[i].info;
    }
    m->state = states;
    m->state_place = places;
    m->parameter = parameters;
    m->input = inputs;
    m->definition = definitions;
    m->event = events;
    m->dose = b->dose;
    m->dose_part = b->dose_part;
    m->dose_part_count = b->dose_part_count;
    m->plan = b->plan;
    m->plan_count = b->plan_count;
    m->state_count = b->state_count;
    m->parameter_count = b->parameter_count;
    m->input_count = b->input_count;
    m->definition_count = b->definition_count;
    m->dose_count = b->dose_count;
    m->event_count = b->event_count;
    m->settle_day = b->settle_day;
    m->correlation = b->correlation;
    m->correlation_count = b->correlation_count;
    st_quantity_info* quantities =
        st_arena_alloc(a, (size_t)b->quantity_count + 1u, sizeof *quantities);
    if (quantities == NULL) {
        return ST_ERR_MEMORY;
    }
    for (int i = 0; i < b->quantity_count; i++) {
        quantities[i] = b->quantity[i];
    }
    m->quantity = quantities;
    m->quantity_count = b->quantity_count;
    return ST_OK;
}

st_status st_compile_model(builder* b, st_model* model)
{
    st_graph* g = &b->graph;
    for (int i = 0; i < b->definition_count; i++) {
        char why[256];
        st_value_definition(b, i, why, sizeof why);
    }
    find_scales(b);
    if (st_ctx_mistake_count(b->ctx) > 0) {
        return ST_ERR_INPUT;
    }
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->node[i].code == ST_OP_INPUT) {
            g->node[i].a = register_of(b, g->node[i].a);
        }
    }
    ST_TRY(st_graph_rehash(g));
    ST_TRY(check_dependencies(b));
    if (st_ctx_mistake_count(b->ctx) > 0) {
        return ST_ERR_INPUT;
    }
    ST_TRY(compile_tapes(b, model));
    ST_TRY(st_channel_compile(b, model, register_count(b)));
    if (model->dose_factor.register_count > ST_DOSE_REGISTER_LIMIT) {
        return ST_FAIL(b->ctx, ST_ERR_INPUT, "%s: the doses need %d registers, at most %d fit",
                       st_doc_name(b->doc), model->dose_factor.register_count,
                       ST_DOSE_REGISTER_LIMIT);
    }
    ST_TRY(compile_jacobian(b, model));
    return copy_tables(b, model);
}
