/// \file
/// The words of the language as tables: every key of every entry with its kind, unit and meaning,
/// and every behaviour. The reader checks against them; the editor schema and the key tables of
/// docs/language.md are written from them.
#ifndef ST_MODEL_GRAMMAR_H
#define ST_MODEL_GRAMMAR_H

#include "stroma/model.h"

#include "base/doc.h"
#include "base/table.h"

typedef enum st_grammar_kind {
    ST_GRAMMAR_TEXT,       ///< words
    ST_GRAMMAR_UNIT,       ///< a unit
    ST_GRAMMAR_BOOL,       ///< true or false
    ST_GRAMMAR_NUMBER,     ///< a pure number
    ST_GRAMMAR_QUANTITY,   ///< a number with a unit
    ST_GRAMMAR_VALUE,      ///< a quantity, a map with value and origin, or an expression
    ST_GRAMMAR_EXPRESSION, ///< names, numbers, operators
    ST_GRAMMAR_NAME,       ///< a name that is declared elsewhere
    ST_GRAMMAR_ENTRY,      ///< a map of the keys of `table`
    ST_GRAMMAR_ENTRIES,    ///< a map from names to entries of `table`
    ST_GRAMMAR_LIST,       ///< a list of entries of `table`
    ST_GRAMMAR_VALUES,     ///< a map from names to values
    ST_GRAMMAR_ANY,        ///< several forms, or read by another room
} st_grammar_kind;

struct st_grammar_table;

typedef struct st_grammar_key {
    const char* name; ///< NULL ends a table
    st_grammar_kind kind;
    bool is_needed;
    const char* unit; ///< a unit that fits, "" = none or any
    const char* meaning;
    const struct st_grammar_table* table; ///< of the entries, NULL for other kinds
} st_grammar_key;

typedef struct st_grammar_table {
    const char* name; ///< in the schema
    const char* about;
    const st_grammar_key* key;
    bool or_text; ///< the entry may be one line of text instead (an expression, a file name)
} st_grammar_table;

extern const st_grammar_table ST_GRAMMAR_TOP;
extern const st_grammar_table ST_GRAMMAR_INCLUDE;
extern const st_grammar_table ST_GRAMMAR_VALUE_MAP;
extern const st_grammar_table ST_GRAMMAR_BEHAVIOUR_MAP;
extern const st_grammar_table ST_GRAMMAR_PLACE;
extern const st_grammar_table ST_GRAMMAR_SUBSTRATE;
extern const st_grammar_table ST_GRAMMAR_CELL;
extern const st_grammar_table ST_GRAMMAR_MATRIX;
extern const st_grammar_table ST_GRAMMAR_VARIABLE;
extern const st_grammar_table ST_GRAMMAR_RESPONSE;
extern const st_grammar_table ST_GRAMMAR_INPUT;
extern const st_grammar_table ST_GRAMMAR_PLAN;
extern const st_grammar_table ST_GRAMMAR_DEFINITION;
extern const st_grammar_table ST_GRAMMAR_RULE;
extern const st_grammar_table ST_GRAMMAR_REACTION;
extern const st_grammar_table ST_GRAMMAR_EXCHANGE;
extern const st_grammar_table ST_GRAMMAR_EVENT;
extern const st_grammar_table ST_GRAMMAR_DOSE;
extern const st_grammar_table ST_GRAMMAR_DOSE_PART;
extern const st_grammar_table ST_GRAMMAR_VARIANT;
extern const st_grammar_table ST_GRAMMAR_CORRELATION;

/// Every table, in the order of the reference; NULL ends.
extern const st_grammar_table* const ST_GRAMMAR_TABLES[];

/// What a cell can do.
typedef enum st_verb {
    ST_VERB_DIE,
    ST_VERB_DIVIDE,
    ST_VERB_RECRUIT,
    ST_VERB_MOVE,
    ST_VERB_BECOME,
    ST_VERB_SECRETE,
    ST_VERB_RELAX,
    ST_VERB_TAKE_UP,
    ST_VERB_CONSUME,
    ST_VERB_DEPOSIT,
    ST_VERB_DEGRADE,
    ST_VERB_ENGULF,
    ST_VERB_CONTACT,
    ST_VERB_SUPPRESS,
    ST_VERB_TURN,
    ST_VERB_MIGRATE, ///< from here on: only in space, no term where there is none
    ST_VERB_BIAS,
    ST_VERB_FOLLOW,
    ST_VERB_ADHERE,
    ST_VERB_REPEL,
    ST_VERB_COUNT
} st_verb;

typedef struct st_grammar_verb {
    const char* name;
    const char* form;   ///< as it is written: `become.T@P`
    const char* unit;   ///< of its value, in model units
    const char* shown;  ///< the unit in words
    int least, most;    ///< names after it
    st_state_kind kind; ///< of those names
    bool may_have_place, may_have_stages;
    const char* population; ///< its term
    const char* agent;      ///< what one cell does in a step dt
} st_grammar_verb;

extern const st_grammar_verb ST_GRAMMAR_VERBS[ST_VERB_COUNT];

/// Signals of a rule that exist only in space: a rule states their `well_mixed:` stand-in.
typedef struct st_grammar_signal {
    const char* name; ///< "gradient." with a dot: a name follows
    const char* unit;
    const char* meaning;
} st_grammar_signal;

extern const st_grammar_signal ST_GRAMMAR_SPATIAL[];

/// The spatial signal that `text` names, NULL when it is another.
const st_grammar_signal* st_grammar_spatial(const char* text);

/// Each key of `map` must be in the table and of its kind; reports others. True when all is well.
bool st_grammar_check(st_ctx* ctx, const st_node* map, const st_grammar_table* table);

#endif
