/// \file
/// The model language: a YAML document becomes a checked, compiled, constant model.
///
/// Units inside a compiled model (all factors 1):
///   volume mL, length cm, time day, amount nmol (so nmol/mL = uM), mass g, cells, instrument
///   points.
/// Substrate levels are nmol/mL, cell numbers are cells per place, matrix is a fraction of its
/// maximum. Reference of the language: docs/language.md. Equations: docs/equations/model.md.
#ifndef STROMA_MODEL_H
#define STROMA_MODEL_H

#include "stroma/base.h"

typedef struct st_model st_model;
struct st_node; // base/doc.h: other rooms read their own tables of the same document

/// What a state is.
typedef enum st_state_kind {
    ST_STATE_CELL,      ///< number of cells of a type in a place
    ST_STATE_SUBSTRATE, ///< concentration in a place, nmol/mL
    ST_STATE_MATRIX,    ///< fraction of its maximum in a place
    ST_STATE_FREE,      ///< any other variable with its own unit (responses, symptoms, reactions)
} st_state_kind;

typedef struct st_state_info {
    const char* name; ///< "il1@synovium", or "pain" for a free state
    st_state_kind kind;
    const char* unit;      ///< the model's unit, for example "nmol/mL"
    const char* show_unit; ///< unit as the file wrote it, for people
    double show_factor;    ///< value in show_unit = value * show_factor
    double scale;          ///< typical size, > 0: absolute tolerance = tolerance * scale
    bool may_be_negative;  ///< false: below -tolerance a step is rejected
} st_state_info;

typedef enum st_spread_kind {
    ST_SPREAD_NONE,
    ST_SPREAD_LOGNORMAL, ///< value * exp(spread * z): the value is the median
    ST_SPREAD_NORMAL,    ///< value + spread * z, cut to [lo, hi]
} st_spread_kind;

typedef struct st_parameter_info {
    const char* name;
    double value; ///< in the model's unit
    const char* unit;
    const char* show_unit;
    double show_factor;
    st_spread_kind spread_kind;
    double spread; ///< sigma of ln (lognormal) or standard deviation in the model's unit (normal)
    double lo, hi; ///< bounds in the model's unit; +-INFINITY when open
    const char* source;  ///< citation, or NULL
    const char* assumed; ///< why it is assumed, or NULL; exactly one of the two is given
    int line;            ///< in the file that wrote it
} st_parameter_info;

/// A number that comes from outside: who the person is, or a plan over time.
typedef struct st_input_info {
    const char* name;
    double value; ///< default, in the model's unit
    const char* unit;
    const char* show_unit;
    double show_factor;
} st_input_info;

/// A named expression. It is computed on demand, in the model's unit.
typedef struct st_definition_info {
    const char* name;
    const char* unit;
    const char* show_unit;
    double show_factor;
    const char* text; ///< the expression as written
} st_definition_info;

/// A quantity of the file, as written and as computed.
typedef struct st_quantity_info {
    const char* path; ///< "substrates.il1.decay.value"
    const char* file;
    int line, column;
    const char* written; ///< "5.3 mL/h"
    double value;        ///< in `unit`
    const char* unit;    ///< the model's unit
} st_quantity_info;

/// Where a product class of a dose goes.
typedef struct st_dose_target {
    const char* product_class; ///< "msc", "triamcinolone" ...
    int alive_state;           ///< state index, -1 when this part goes nowhere ("none" in the file)
    int latent_state;          ///< cells that will die within days
    int dead_state;
    double factor; ///< model units added per unit of the class (1 for cells; nmol per g for mass
                   ///< doses and 1/volume is applied by st_model_dose_add)
    bool is_cell;  ///< counted in cells; otherwise a mass in g or an amount in nmol
    double molar_mass_g_per_nmol; ///< 0 when the target has none
} st_dose_target;

/// Reads, checks and compiles `path`. `variant` names one of the file's variants, NULL = none.
/// Mistakes are reported with file:line:column, up to ST_MESSAGE_LIMIT; then ST_ERR_INPUT, *out
/// NULL.
ST_API st_status st_model_load(st_ctx* ctx, const char* path, const char* variant, st_model** out);

/// The same from text; `name` stands for the file in messages. `include:` is relative to `name`.
ST_API st_status st_model_parse(st_ctx* ctx, const char* name, const char* text, size_t length,
                                const char* variant, st_model** out);

/// The same model as it acts on single cells: signals that need space (`cell.pressure`, `cell.age`,
/// `cell.volume`, `contact.T`, `gradient.S`) are inputs of these names, at 0, instead of their
/// `well_mixed:` stand-ins.
ST_API st_status st_model_load_in_space(st_ctx* ctx, const char* path, const char* variant,
                                        st_model** out);
ST_API st_status st_model_parse_in_space(st_ctx* ctx, const char* name, const char* text,
                                         size_t length, const char* variant, st_model** out);

ST_API void st_model_destroy(st_model* model); // NULL is allowed

ST_API const char* st_model_title(const st_model* model);
ST_API const char* st_model_variant(const st_model* model); ///< "" when none
ST_API uint64_t st_model_hash(const st_model* model);       ///< of all source bytes and the variant
ST_API double st_model_settle_days(const st_model* model);  ///< run-in before day 0

ST_API int st_model_state_count(const st_model* model);
ST_API const st_state_info* st_model_state(const st_model* model, int state);
ST_API int st_model_find_state(const st_model* model, const char* name); ///< -1 when absent
ST_API int st_model_parameter_count(const st_model* model);
ST_API const st_parameter_info* st_model_parameter(const st_model* model, int parameter);
ST_API int st_model_find_parameter(const st_model* model, const char* name);
ST_API int st_model_input_count(const st_model* model);
ST_API const st_input_info* st_model_input(const st_model* model, int input);
ST_API int st_model_find_input(const st_model* model, const char* name);
ST_API int st_model_definition_count(const st_model* model);
ST_API const st_definition_info* st_model_definition(const st_model* model, int definition);
ST_API int st_model_find_definition(const st_model* model, const char* name);
ST_API int st_model_dose_count(const st_model* model);
ST_API const st_dose_target* st_model_dose(const st_model* model, int dose);
ST_API int st_model_find_dose(const st_model* model, const char* product_class);

/// Correlation of two parameters' normal scores (0 when none was given, 1 with itself).
ST_API double st_model_correlation(const st_model* model, int a, int b);

/// Quantities in the order in which they were read.
ST_API int st_model_quantity_count(const st_model* model);
ST_API const st_quantity_info* st_model_quantity(const st_model* model, int index);

/// A top-level table that another room reads (`instruments`, `context` ...). NULL when absent.
ST_API const struct st_node* st_model_table(const st_model* model, const char* key);

/// Source texts, for the store: file name and bytes of the model and each file that it includes.
ST_API int st_model_source_count(const st_model* model);
ST_API const char* st_model_source(const st_model* model, int index, const char** name,
                                   size_t* length);

// --- programs: what the engines run
// ----------------------------------------------------------------

/// Operations of graph and tape. Append only at the end: numbers are shown by `describe`.
typedef enum st_op_code {
    ST_OP_CONSTANT, ///< graph only: value
    ST_OP_INPUT,    ///< graph only: slot number of a state, parameter, input or time
    ST_OP_ADD,
    ST_OP_SUB,
    ST_OP_MUL,
    ST_OP_DIV,
    ST_OP_NEG,
    ST_OP_EXP,
    ST_OP_LOG,
    ST_OP_POW,  ///< a^b, real
    ST_OP_PPOW, ///< a > 0 ? min(a^b, 1e300) : 0, the power of signals
    ST_OP_SQRT,
    ST_OP_MIN,
    ST_OP_MAX,
    ST_OP_LE,     ///< a <= b ? 1 : 0
    ST_OP_SQUARE, ///< max(a, 0)^2
    ST_OP_PLUS,   ///< max(a, 0)
    ST_OP_COUNT
} st_op_code;

/// One operation on registers. Every register holds ST_LANES values.
typedef struct st_op {
    uint16_t code; ///< st_op_code
    uint16_t a, b; ///< operand registers
    uint16_t out;  ///< result register
} st_op;

/// A straight-line program. Registers 0 ... input_count-1 hold, in this order: states, parameters,
/// inputs, time; then constants, then results of operations. Outputs are copied from registers.
typedef struct st_tape {
    const st_op* op;
    int op_count;
    int register_count;
    int input_count; ///< states + parameters + inputs + 1
    const double* constant;
    int constant_count; ///< they fill registers input_count ...
    const uint16_t* output;
    int output_count;
} st_tape;

/// A sparse matrix pattern by rows (CSR), columns ascending, the diagonal always present.
typedef struct st_pattern {
    int size;
    int entry_count;
    const int* row_start; ///< [size + 1]
    const int* column;    ///< [entry_count]
} st_pattern;

/// What happens to states and inputs at a model event; see st_model_event().
typedef enum st_change { ST_CHANGE_SET, ST_CHANGE_ADD, ST_CHANGE_SCALE } st_change;

typedef struct st_event_action {
    st_change change;
    int state;  ///< state to change
    int output; ///< which output of the event tape holds the value
} st_event_action;

/// An event of the model itself, at a fixed time or whenever a threshold is crossed. In file
/// order; equal times keep that order.
typedef struct st_event_info {
    const char* name;
    double day;       ///< first time; INFINITY for a threshold event
    double every_day; ///< 0 = once
    int action_count;
    const st_event_action* action;
    int trigger;           ///< output of the event tape that turns positive, -1 = a fixed time
    bool once;             ///< a threshold event happens only the first time
    double delay_day;      ///< a threshold event happens this long after its crossing
    const char* condition; ///< of a threshold event as the file wrote it, NULL = a fixed time
} st_event_info;

/// An input's value from a time on, as the model plans it. Ascending in day.
typedef struct st_plan_info {
    int input;
    double day;
    int output; ///< of st_model_event_tape()
} st_plan_info;

/// Which term of the language a channel comes from (docs/language.md).
typedef enum st_term_kind {
    ST_TERM_DIE,
    ST_TERM_DIVIDE,
    ST_TERM_RECRUIT,
    ST_TERM_MOVE,
    ST_TERM_BECOME,
    ST_TERM_SECRETE,
    ST_TERM_RELAX,
    ST_TERM_TAKE_UP,
    ST_TERM_CONSUME,
    ST_TERM_DEPOSIT,
    ST_TERM_DEGRADE,
    ST_TERM_ENGULF,
    ST_TERM_TURN,
    ST_TERM_DECAY,
    ST_TERM_SUPPLY,
    ST_TERM_REACTION,
    ST_TERM_EXCHANGE,
    ST_TERM_VARIABLE, ///< a summand of a free variable's rate
    ST_TERM_OTHER,
} st_term_kind;

/// What a channel does to one state.
typedef struct st_channel_change {
    int state;
    int output;   ///< of st_model_channel_tape(): d state / d day through this channel
    double count; ///< steps per happening: 1, or a reaction's stoichiometric number when whole
} st_channel_change;

/// A place: a well-mixed compartment, or a region of space in tissue.
typedef struct st_place_info {
    const char* name;
    int output; ///< of st_model_description_tape(): its volume, mL; -1 = none was given
} st_place_info;

/// One process by itself: what changes together when it happens once. All channels of a state
/// add up to its rate.
typedef struct st_channel_info {
    st_term_kind kind;
    const char* name; ///< of the behaviour, reaction or exchange; a state's name otherwise
    int actor;        ///< state of the cells that act, -1 = none
    int behaviour;    ///< index of the behaviour, -1 = none
    double times;     ///< rate per actor / the behaviour's value: the number of stages of a way
    int change_count;
    const st_channel_change* change;
} st_channel_info;

/// What cells of one type do in one place, after their rules.
typedef struct st_behaviour_info {
    const char* key; ///< "become.macrophage_m2"
    int state;       ///< the cells
    int output;      ///< of st_model_description_tape(): its value
    int extra;       ///< the same for relax's target, consume's half, deposit's maximum; -1 = none
} st_behaviour_info;

ST_API const char* st_term_kind_name(st_term_kind kind); ///< "die", "exchange" ...
ST_API int st_model_channel_count(const st_model* model);
ST_API const st_channel_info* st_model_channel(const st_model* model, int channel);
ST_API int st_model_place_count(const st_model* model);
ST_API const st_place_info* st_model_place(const st_model* model, int place);
ST_API int st_model_state_place(const st_model* model, int state); ///< -1 for a free state
ST_API int st_model_behaviour_count(const st_model* model);
ST_API const st_behaviour_info* st_model_behaviour(const st_model* model, int behaviour);
ST_API const st_tape* st_model_channel_tape(const st_model* model); ///< outputs: all changes
/// Outputs: all changes of all channels, behaviours, definitions, then extras and volumes.
ST_API const st_tape* st_model_description_tape(const st_model* model);

ST_API const st_tape* st_model_rate_tape(const st_model* model); ///< outputs: d state / d day
/// Outputs: d state/d day [n], Jacobian entries [pattern], then d rate/d time [n].
ST_API const st_tape* st_model_jacobian_tape(const st_model* model);
ST_API const st_pattern* st_model_pattern(const st_model* model);
ST_API const st_tape* st_model_definition_tape(const st_model* model); ///< outputs: definitions
ST_API const st_tape* st_model_initial_tape(const st_model* model);    ///< outputs: states at start
ST_API const st_tape* st_model_event_tape(const st_model* model);      ///< outputs: event values
ST_API bool st_model_rates_use_time(const st_model* model);
ST_API int st_model_plan_count(const st_model* model);
ST_API const st_plan_info* st_model_plan(const st_model* model, int index);
ST_API int st_model_event_count(const st_model* model);
ST_API const st_event_info* st_model_event(const st_model* model, int event);

/// Fills the constant registers of `reg` once; they survive runs of the same tape.
/// reg: [register_count][ST_LANES] doubles, 64-byte aligned, owned by the caller.
ST_API void st_tape_prepare(const st_tape* tape, double* reg);

/// Runs the tape over all lanes. The caller has filled the input registers.
ST_API void st_tape_run(const st_tape* tape, double* reg);

/// The same for one individual, without lanes: the plain twin. reg: [register_count] doubles.
ST_API void st_tape_run_scalar(const st_tape* tape, const double* input, double* reg,
                               double* output);

/// How much of a dose class enters each state, in model units (cells; nmol/mL for substrates).
/// `quantity` is cells, or g of mass for classes that are no cells. Adds to `add` [state_count].
/// The place's volume is taken from parameters and inputs of that person.
ST_API void st_model_dose_add(const st_model* model, int dose, double alive, double latent,
                              double dead, const double* parameter, const double* input,
                              double* add);

#endif
