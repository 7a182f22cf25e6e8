/// \file
/// From the document to the compiled model: what the reading steps share. Files and the variant
/// become one document (assemble.c); names are declared (declare.c); values and expressions are
/// read on demand (value.c, resolve.c); terms are added to the rates (behaviour.c, rule.c, term.c);
/// events, plans and doses follow (schedule.c, dose.c); then all is compiled to tapes (compile.c).
#ifndef ST_MODEL_BUILDER_H
#define ST_MODEL_BUILDER_H

#include "assemble.h"
#include "formula.h"
#include "grammar.h"
#include "tape.h"
#include "stroma/model.h"

#include "base/doc.h"

/// Slots of the graph while reading; compile.c renumbers them to registers.
#define SLOT_STATE     0x00000000u
#define SLOT_PARAMETER 0x01000000u
#define SLOT_INPUT     0x02000000u
#define SLOT_TIME      0x03000000u
#define SLOT_KIND      0xff000000u
#define SLOT_INDEX     0x00ffffffu

typedef struct place_spec {
    const char* name;
    const st_node* node;
    st_typed volume; ///< after declare
    bool has_volume;
} place_spec;

/// A substrate, cell type or matrix component.
typedef struct thing_spec {
    const char* name;
    const st_node* node;
    st_state_kind kind;
    st_bridge bridge;
    int* state;      ///< [place_count] state index (of the first stage) or -1
    double max;      ///< matrix: its maximum
    int stage_count; ///< cells: states one behind the other in each place
    int live_form;   ///< cells: the type whose dead form this is, -1 none
} thing_spec;

typedef struct state_spec {
    st_state_info info;
    st_dim dim;
    int thing;            ///< -1 for a free state
    int place;            ///< -1 for a free state
    int stage;            ///< of a cell type with stages, from 0
    const st_node* entry; ///< free state: its entry
    const st_node* start; ///< NULL: starts at 0
    st_typed initial;
    st_expr rate; ///< sum of its terms so far
} state_spec;

typedef struct parameter_spec {
    st_parameter_info info;
    const st_node* node; ///< map with `value`, or the plain quantity
    st_dim dim;
} parameter_spec;

typedef struct input_spec {
    st_input_info info;
    const st_node* node;
    st_dim dim;
} input_spec;

typedef enum { DEFINITION_UNREAD, DEFINITION_READING, DEFINITION_READ, DEFINITION_BAD } read_state;

typedef struct definition_spec {
    st_definition_info info;
    const st_node* node; ///< the expression's node
    const st_node* entry;
    read_state progress;
    st_typed value;
} definition_spec;

/// One behaviour of a cell type in a place, before and after its rules.
typedef struct behaviour_spec {
    int cell, place;
    const char* key;     ///< "secrete.il1@fluid"
    const st_node* node; ///< NULL: only rules make it
    st_typed base;
    st_expr extra; ///< relax's target, consume's half, deposit's maximum
    bool has_extra;
} behaviour_spec;

typedef struct event_spec {
    st_event_info info;
    st_event_action* action;
    int action_capacity;
} event_spec;

/// Change of one state through one channel.
typedef struct channel_change {
    int state;
    st_expr rate;
    double count;
} channel_change;

typedef struct channel_spec {
    st_channel_info info;
    int first; ///< its changes begin here
} channel_spec;

/// One target of a product class.
typedef struct st_dose_part {
    int dose;
    int fate; ///< 0 alive (or a substance), 1 latent, 2 dead
    int state;
    double share; ///< NAN: depends on the person, from the dose tape
} st_dose_part;

/// Correlation of the normal scores of two parameters.
typedef struct correlation {
    int a, b;
    double r;
} correlation;

typedef struct builder {
    st_ctx* ctx;
    st_arena* arena; ///< the model's
    st_graph graph;
    const st_doc* doc;
    const st_node* root;

    place_spec* place;
    int place_count;
    thing_spec* thing;
    int thing_count;
    state_spec* state;
    int state_count, state_capacity;
    parameter_spec* parameter;
    int parameter_count, parameter_capacity;
    input_spec* input;
    int input_count;
    bool is_in_space; ///< signals that need space are inputs
    definition_spec* definition;
    int definition_count;
    behaviour_spec* behaviour;
    int behaviour_count, behaviour_capacity;
    channel_spec* channel;
    int channel_count, channel_capacity;
    channel_change* change;
    int change_count, change_capacity;
    channel_spec channel_now; ///< being recorded
    bool channel_open;
    double channel_steps;
    event_spec* event;
    int event_count;
    st_expr* event_value;
    int event_value_count, event_value_capacity;
    st_plan_info* plan;
    int plan_count;
    st_dose_target* dose;
    int dose_count;
    st_dose_part* dose_part;
    st_expr* dose_factor; ///< [dose_part_count] model units per unit, may depend on parameters
    int dose_part_count;
    correlation* correlation;
    int correlation_count;
    double settle_day;
    st_quantity_info* quantity;
    const st_node** quantity_node;
    int quantity_count, quantity_capacity;
    int definition_depth; ///< definitions that are being read
} builder;

// declare.c
st_status st_declare_names(builder* b);
int st_declare_find_place(const builder* b, const char* name);
int st_declare_find_thing(const builder* b, const char* name);

// value.c
/// Makes a parameter from a map with `value:` or from a plain quantity whose entry carries the
/// source.
int st_value_parameter(builder* b, const st_node* node, const char* name, const st_node* entry);
/// Reads a value (map, quantity or expression) in model units and checks its dimension; `want` NULL
/// = any.
bool st_value_read(builder* b, const st_node* node, int at_place, const st_dim* want,
                   const st_bridge* bridge, const char* what, st_typed* out);
/// An expression or quantity given as text.
bool st_value_read_text(builder* b, const st_node* node, int at_place, st_typed* out);
/// Reads definition `index` if that has not been done.
bool st_value_definition(builder* b, int index, char* why, size_t why_size);
/// Dimension of a unit text, which must parse.
st_dim st_value_dim(const char* unit);
/// Factor that shows a model value in `unit` (bridge may be NULL); 0 when they cannot meet.
double st_value_show_factor(const st_dim* dim, const char* unit, const st_bridge* bridge);
/// Unit of the model for a dimension, as text in the arena.
const char* st_value_unit_text(builder* b, const st_dim* dim);

// resolve.c
/// A name seen from `at_place` (-1: from nowhere).
bool st_resolve_name(builder* b, int at_place, const char* name, st_typed* out, char* why,
                     size_t why_size);
/// Cells of a type in a place, all stages together.
st_expr st_resolve_number(builder* b, int thing, int place);
/// State (first stage) that `name` means, seen from `at_place`; -1 with a reason.
int st_resolve_state(builder* b, int at_place, const char* name, char* why, size_t why_size);
/// True when the document declares `name` (up to '@') but with a mistake that was reported, so that
/// a further message about it would only repeat that.
bool st_resolve_is_broken(const builder* b, const char* name);

// probe.c
/// Default value of an expression: states 0, parameters and inputs at their defaults.
bool st_probe_default(builder* b, st_expr e, const double* state, double* out);
/// True when `e` is made of parameters, inputs and numbers alone; then its default value.
bool st_probe_still(builder* b, st_expr e, double* value);
/// True when `e` contains a state or time.
bool st_probe_moves(builder* b, st_expr e);

// note.c
/// Keeps what a quantity was computed to, for `stroma check --units`.
void st_note_quantity(builder* b, const st_node* node, double value, const char* unit);
/// True when something was noted at that line and column of the same file.
bool st_note_is_there(const builder* b, const st_node* node);
/// Notes each `[20 ng/mL]` of an expression.
void st_note_brackets(builder* b, const st_node* node);

// behaviour.c
st_status st_behaviour_read_all(builder* b);
st_status st_behaviour_apply_all(builder* b);
int st_behaviour_find(const builder* b, int cell, int place, const char* key);
/// Adds a behaviour with base 0, for a rule that names a new one.
int st_behaviour_add(builder* b, int cell, int place, const char* key, const st_node* node);
/// Dimension that a behaviour's value must have; false with a reason for a wrong key.
bool st_behaviour_dim(const builder* b, const char* key, int at_place, st_dim* dim,
                      st_bridge* bridge, char* why, size_t why_size);

// rule.c
st_status st_rule_apply_all(builder* b);

// term.c
st_status st_term_read_all(builder* b); ///< decay, supply, variables, reactions, exchanges
st_status st_schedule_read_events(builder* b);
st_status st_schedule_read_plans(builder* b);
st_status st_correlation_read_all(builder* b);
st_status st_schedule_read_variant(builder* b, const char* variant);
/// Adds `term` to the rate of `state` and to the channel that is open; without one it becomes a
/// channel of its own.
void st_term_add(builder* b, int state, st_expr term);
/// Finds "il1@fluid" or the name of a variable; reports at `node` when absent.
int st_term_target(builder* b, const st_node* node, const char* name);

// dose.c
st_status st_dose_read_all(builder* b);

// channel.c
/// Terms added from here to st_channel_end() happen together. `name` must live as long as the
/// model.
void st_channel_begin(builder* b, st_term_kind kind, const char* name, int actor, int behaviour);
/// Steps that the next terms make per happening: the stoichiometric number.
void st_channel_steps(builder* b, double steps);
void st_channel_note(builder* b, int state, st_expr rate);
void st_channel_end(builder* b);
st_status st_channel_compile(builder* b, st_model* m, int register_count);
void st_channel_clear(builder* b);

// compile.c
st_status st_compile_model(builder* b, st_model* model);

struct st_model {
    st_ctx* ctx; ///< that made it: the allocations' owner
    st_arena arena;
    st_assembly assembly; ///< the documents and the one that they make
    const char* title;
    const char* variant;
    uint64_t hash;
    double settle_day;
    const st_state_info* state;
    const st_parameter_info* parameter;
    const st_input_info* input;
    const st_definition_info* definition;
    const st_dose_target* dose;
    const st_event_info* event;
    int state_count, parameter_count, input_count, definition_count, dose_count, event_count;
    const int* state_place; ///< -1 for free states
    const st_place_info* place;
    int place_count;
    st_tape rate, jacobian, definitions, initial, events, dose_factor, channels, description;
    const st_plan_info* plan;
    int plan_count;
    const st_dose_part* dose_part;
    int dose_part_count;
    const st_channel_info* channel;
    const st_behaviour_info* behaviour;
    int channel_count, behaviour_count;
    st_pattern pattern;
    bool rates_use_time;
    const correlation* correlation;
    int correlation_count;
    const st_quantity_info* quantity;
    int quantity_count;
};

/// Registers that the dose tape may use: it runs on the caller's stack, so that threads share a
/// model.
#define ST_DOSE_REGISTER_LIMIT 4096
/// Product classes of one model.
#define ST_DOSE_LIMIT 64
/// Targets of all product classes together.
#define ST_DOSE_PART_LIMIT 256

#endif
