#include "grammar.h"

#include <string.h>

#define KEY_LIMIT 40

#define TEXT(name, meaning)                                                                        \
    {                                                                                              \
        name, ST_GRAMMAR_TEXT, false, "", meaning, NULL                                            \
    }
#define ORIGIN                                                                                     \
    TEXT("source", "who measured the values of this entry"),                                       \
        TEXT("assumed", "why these values, when nobody measured them; one of the two")
#define NOTE  TEXT("note", "words for the reader of the file")
#define LABEL TEXT("label", "words for tables and pictures")
#define END                                                                                        \
    {                                                                                              \
        NULL, ST_GRAMMAR_TEXT, false, "", "", NULL                                                 \
    }

// --- values -------------------------------------------------------------------------------------

static const st_grammar_key value_keys[] = {
    {"value", ST_GRAMMAR_EXPRESSION, true, "", "a quantity such as '0.25 1/day', or an expression",
     NULL},
    {"spread", ST_GRAMMAR_QUANTITY, false, "",
     "between people: '40 %' log-normal, 'factor 2.5' log-normal, '3 vas' normal", NULL},
    {"range", ST_GRAMMAR_QUANTITY, false, "", "bounds that cut the spread: '0.1..0.5 1/day'", NULL},
    TEXT("source", "who measured it"),
    TEXT("assumed", "why this value, when nobody measured it; one of the two"),
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_VALUE_MAP = {"value", "A value with its origin.", value_keys,
                                               false};

static const st_grammar_key behaviour_keys[] = {
    {"value", ST_GRAMMAR_EXPRESSION, true, "", "a quantity such as '0.25 1/day', or an expression",
     NULL},
    {"stages", ST_GRAMMAR_NUMBER, false, "",
     "die, divide, become, move: the cell passes this many stages, so that its time there is "
     "Erlang distributed with mean 1/value; default 1",
     NULL},
    {"target", ST_GRAMMAR_VALUE, false, "M", "relax: the level it pulls toward", NULL},
    {"half", ST_GRAMMAR_VALUE, false, "M", "consume: the level of half its speed", NULL},
    {"spread", ST_GRAMMAR_QUANTITY, false, "",
     "between people: '40 %' log-normal, 'factor 2.5' log-normal, '3 1/day' normal", NULL},
    {"range", ST_GRAMMAR_QUANTITY, false, "", "bounds that cut the spread", NULL},
    TEXT("source", "who measured it"),
    TEXT("assumed", "why this value, when nobody measured it; one of the two"),
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_BEHAVIOUR_MAP = {"behaviour", "What a cell does, at which rate.",
                                                   behaviour_keys, false};

// --- what there is ------------------------------------------------------------------------------

static const st_grammar_key place_keys[] = {
    {"volume", ST_GRAMMAR_VALUE, true, "mL", "volume of the place; no states, no time", NULL},
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_PLACE = {"place", "A well-mixed compartment.", place_keys, false};

static const st_grammar_key substrate_keys[] = {
    {"in", ST_GRAMMAR_VALUES, true, "M", "places it lives in, with its level at the start", NULL},
    {"molar_mass", ST_GRAMMAR_QUANTITY, false, "kDa", "lets mass and amount meet (pg/mL and M)",
     NULL},
    {"solubility", ST_GRAMMAR_QUANTITY, false, "M/mmHg",
     "lets partial pressure and amount meet (a gas)", NULL},
    {"decay", ST_GRAMMAR_VALUE, false, "1/day", "dx = -decay x", NULL},
    {"supply", ST_GRAMMAR_VALUE, false, "M/day", "dx = +supply", NULL},
    {"typical", ST_GRAMMAR_QUANTITY, false, "M",
     "typical level, for the solver's absolute tolerance", NULL},
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_SUBSTRATE = {"substrate", "A dissolved substance.",
                                               substrate_keys, false};

static const st_grammar_key cell_keys[] = {
    {"in", ST_GRAMMAR_VALUES, true, "cells", "places it lives in, with its number at the start",
     NULL},
    {"behaviours", ST_GRAMMAR_ENTRIES, false, "", "what such cells do", &ST_GRAMMAR_BEHAVIOUR_MAP},
    {"dead_form_of", ST_GRAMMAR_NAME, false, "",
     "these are the dead cells of that type: its rules with 'dead: true' act on them", NULL},
    {"typical", ST_GRAMMAR_QUANTITY, false, "cells",
     "typical number, for the solver's absolute tolerance", NULL},
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_CELL = {"cell", "A cell type.", cell_keys, false};

static const st_grammar_key matrix_keys[] = {
    {"in", ST_GRAMMAR_VALUES, true, "1", "places it lives in, with its fraction at the start",
     NULL},
    {"max", ST_GRAMMAR_NUMBER, false, "1", "its maximum; default 1", NULL},
    {"typical", ST_GRAMMAR_QUANTITY, false, "1",
     "typical fraction, for the solver's absolute tolerance", NULL},
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_MATRIX = {"matrix", "A component of the matrix, as a fraction.",
                                            matrix_keys, false};

static const st_grammar_key variable_keys[] = {
    {"start", ST_GRAMMAR_VALUE, true, "", "value at the start", NULL},
    {"unit", ST_GRAMMAR_UNIT, true, "", "its unit, '1' for a pure number", NULL},
    {"rate", ST_GRAMMAR_VALUE, true, "1/day", "its change per time", NULL},
    {"negative", ST_GRAMMAR_BOOL, false, "", "may it go below 0? default false", NULL},
    {"typical", ST_GRAMMAR_QUANTITY, false, "", "typical size, for the solver's absolute tolerance",
     NULL},
    ORIGIN,
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_VARIABLE = {"variable", "A free state with a rate of its own.",
                                              variable_keys, false};

static const st_grammar_key response_keys[] = {
    {"toward", ST_GRAMMAR_EXPRESSION, true, "", "what it follows, in its unit", NULL},
    {"tau", ST_GRAMMAR_VALUE, true, "day", "time constant: dC = (toward - C)/tau", NULL},
    {"unit", ST_GRAMMAR_UNIT, true, "", "its unit, '1' for a pure number", NULL},
    {"start", ST_GRAMMAR_VALUE, false, "", "value at the start; default 0", NULL},
    {"negative", ST_GRAMMAR_BOOL, false, "", "may it go below 0? default false", NULL},
    {"typical", ST_GRAMMAR_QUANTITY, false, "", "typical size, for the solver's absolute tolerance",
     NULL},
    ORIGIN,
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_RESPONSE = {
    "response", "A variable that follows an expression with a delay.", response_keys, false};

static const st_grammar_key plan_keys[] = {
    {"at", ST_GRAMMAR_QUANTITY, true, "day", "from this time on", NULL},
    {"value", ST_GRAMMAR_EXPRESSION, true, "",
     "the input's new value: a quantity, or an expression", NULL},
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_PLAN = {"plan", "One step of an input's plan.", plan_keys, false};

static const st_grammar_key input_keys[] = {
    {"start", ST_GRAMMAR_QUANTITY, true, "", "its value where a person or a course gives none",
     NULL},
    {"plan", ST_GRAMMAR_LIST, false, "", "values that it takes from given times on",
     &ST_GRAMMAR_PLAN},
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_INPUT = {"input", "A number that comes from outside.", input_keys,
                                           false};

static const st_grammar_key definition_keys[] = {
    {"is", ST_GRAMMAR_EXPRESSION, true, "", "the expression", NULL},
    {"unit", ST_GRAMMAR_UNIT, false, "", "unit in which it is shown", NULL},
    LABEL,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_DEFINITION = {"definition", "A named expression.",
                                                definition_keys, true};

// --- how things act -----------------------------------------------------------------------------

static const st_grammar_key rule_keys[] = {
    {"name", ST_GRAMMAR_TEXT, false, "", "by which a variant finds it", NULL},
    {"cell", ST_GRAMMAR_NAME, true, "", "the cell type", NULL},
    {"signal", ST_GRAMMAR_EXPRESSION, true, "", "what it senses", NULL},
    {"increases", ST_GRAMMAR_NAME, false, "",
     "the behaviour that rises with the signal; or:", NULL},
    {"decreases", ST_GRAMMAR_NAME, false, "",
     "the behaviour that falls with the signal; one of the two", NULL},
    {"toward", ST_GRAMMAR_VALUE, true, "1/day", "the behaviour's value at full signal", NULL},
    {"half_max", ST_GRAMMAR_VALUE, true, "", "the signal of half the change, above 0", NULL},
    {"hill", ST_GRAMMAR_VALUE, false, "1", "exponent, 0.1 to 64; default 1", NULL},
    {"in", ST_GRAMMAR_NAME, false, "", "only in this place", NULL},
    {"dead", ST_GRAMMAR_BOOL, false, "",
     "does it act on the dead form of the cell as well? default false", NULL},
    {"well_mixed", ST_GRAMMAR_EXPRESSION, false, "",
     "what stands in for gradient, pressure, contact, age or volume where there is no space", NULL},
    {"spread", ST_GRAMMAR_QUANTITY, false, "", "between people, of 'toward'", NULL},
    ORIGIN,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_RULE = {"rule", "How a signal changes a behaviour.", rule_keys,
                                          false};

static const st_grammar_key reaction_keys[] = {
    {"name", ST_GRAMMAR_TEXT, false, "", "for messages and variants", NULL},
    {"in", ST_GRAMMAR_NAME, true, "", "the place", NULL},
    {"consume", ST_GRAMMAR_VALUES, false, "1", "what disappears, with stoichiometric numbers",
     NULL},
    {"produce", ST_GRAMMAR_VALUES, false, "1", "what appears, with stoichiometric numbers", NULL},
    {"rate", ST_GRAMMAR_VALUE, true, "M/day", "the speed", NULL},
    {"spread", ST_GRAMMAR_QUANTITY, false, "", "between people, of 'rate'", NULL},
    ORIGIN,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_REACTION = {"reaction", "Chemistry in one place.", reaction_keys,
                                              false};

static const st_grammar_key exchange_keys[] = {
    {"name", ST_GRAMMAR_TEXT, false, "", "for messages and variants", NULL},
    {"substrate", ST_GRAMMAR_NAME, true, "", "what travels", NULL},
    {"from", ST_GRAMMAR_NAME, true, "", "a place", NULL},
    {"to", ST_GRAMMAR_NAME, true, "", "another place, or none (lost)", NULL},
    {"permeability", ST_GRAMMAR_VALUE, false, "mL/h", "PS of J = PS (x1 - x2/K) + Q x1; default 0",
     NULL},
    {"partition", ST_GRAMMAR_VALUE, false, "1", "K, above 0; default 1", NULL},
    {"flow", ST_GRAMMAR_VALUE, false, "mL/h", "Q; default 0", NULL},
    {"spread", ST_GRAMMAR_QUANTITY, false, "", "between people, of its values", NULL},
    ORIGIN,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_EXCHANGE = {"exchange", "Traffic of a substrate between places.",
                                              exchange_keys, false};

static const st_grammar_key event_keys[] = {
    {"name", ST_GRAMMAR_TEXT, false, "", "for messages and variants", NULL},
    {"at", ST_GRAMMAR_QUANTITY, false, "day", "when it happens; or:", NULL},
    {"when", ST_GRAMMAR_EXPRESSION, false, "",
     "a threshold such as 'il1@fluid > limit': it happens whenever this becomes true", NULL},
    {"after", ST_GRAMMAR_QUANTITY, false, "day",
     "with 'when': it happens this long after the crossing; default 0", NULL},
    {"every", ST_GRAMMAR_QUANTITY, false, "day", "with 'at': again and again at this distance",
     NULL},
    {"once", ST_GRAMMAR_BOOL, false, "", "with 'when': only the first time; default false", NULL},
    {"set", ST_GRAMMAR_VALUES, false, "", "states and their new values", NULL},
    {"add", ST_GRAMMAR_VALUES, false, "", "states and what is added", NULL},
    {"scale", ST_GRAMMAR_VALUES, false, "1", "states and what they are multiplied with", NULL},
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_EVENT = {"event", "What happens at a time or at a threshold.",
                                           event_keys, false};

static const st_grammar_key dose_part_keys[] = {
    {"to", ST_GRAMMAR_NAME, true, "", "a substrate in a place", NULL},
    {"share", ST_GRAMMAR_NUMBER, false, "1", "share of the mass that goes there; default 1", NULL},
    {"yield", ST_GRAMMAR_VALUE, false, "fg/cell",
     "the dose is cells that only bring this substance", NULL},
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_DOSE_PART = {
    "dose_part", "One of several targets of a substance.", dose_part_keys, false};

static const st_grammar_key dose_keys[] = {
    {"alive", ST_GRAMMAR_ANY, false, "",
     "where living cells go: a cell state, none, or shares { a@p: 0.7, b@p: 0.3 }", NULL},
    {"latent", ST_GRAMMAR_ANY, false, "", "where cells go that will die within days; default none",
     NULL},
    {"dead", ST_GRAMMAR_ANY, false, "", "where dead cells go; default none", NULL},
    {"into", ST_GRAMMAR_ANY, false, "", "a substrate in a place, or a list of targets", NULL},
    {"yield", ST_GRAMMAR_VALUE, false, "fg/cell",
     "with 'into': the dose is cells that only bring this substance", NULL},
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_DOSE = {"dose", "Where a product class of an injection goes.",
                                          dose_keys, false};

// --- the whole ----------------------------------------------------------------------------------

static const st_grammar_key variant_keys[] = {
    LABEL,
    {"set", ST_GRAMMAR_VALUES, false, "", "parameters and their values in this variant", NULL},
    {"without", ST_GRAMMAR_ANY, false, "",
     "list of paths that are left out: [rules.by_il10, cells.msc.behaviours.die]", NULL},
    {"replace", ST_GRAMMAR_ANY, false, "", "paths and what stands there instead", NULL},
    {"add", ST_GRAMMAR_ANY, false, "", "sections with further entries", NULL},
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_VARIANT = {"variant", "A rival version of the model.",
                                             variant_keys, false};

static const st_grammar_key correlation_keys[] = {
    {"between", ST_GRAMMAR_ANY, true, "", "two parameters: [a, b]", NULL},
    {"r", ST_GRAMMAR_NUMBER, true, "1", "correlation of their normal scores over people, -1 to 1",
     NULL},
    ORIGIN,
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_CORRELATION = {"correlation", "Two parameters that go together.",
                                                 correlation_keys, false};

static const st_grammar_key include_keys[] = {
    {"file", ST_GRAMMAR_TEXT, true, "", "path from the folder of this file", NULL},
    {"without", ST_GRAMMAR_ANY, false, "", "list of its paths that are left out", NULL},
    NOTE,
    END};
const st_grammar_table ST_GRAMMAR_INCLUDE = {"include", "A shared part of models.", include_keys,
                                             true};

static const st_grammar_key top_keys[] = {
    {"model", ST_GRAMMAR_TEXT, false, "", "title of the model; needed in the file that is run",
     NULL},
    {"part", ST_GRAMMAR_TEXT, false, "", "title of a shared part, in a file that is only included",
     NULL},
    {"description", ST_GRAMMAR_TEXT, false, "", "free text", NULL},
    {"include", ST_GRAMMAR_LIST, false, "",
     "files whose entries belong to this model as if written here", &ST_GRAMMAR_INCLUDE},
    {"settle", ST_GRAMMAR_QUANTITY, false, "day",
     "time before day 0 in which the model runs to its own balance; default 0", NULL},
    {"parameters", ST_GRAMMAR_ENTRIES, false, "", "named values", &ST_GRAMMAR_VALUE_MAP},
    {"inputs", ST_GRAMMAR_ENTRIES, false, "", "numbers that come from outside", &ST_GRAMMAR_INPUT},
    {"places", ST_GRAMMAR_ENTRIES, false, "", "well-mixed compartments", &ST_GRAMMAR_PLACE},
    {"substrates", ST_GRAMMAR_ENTRIES, false, "", "dissolved substances", &ST_GRAMMAR_SUBSTRATE},
    {"cells", ST_GRAMMAR_ENTRIES, false, "", "cell types", &ST_GRAMMAR_CELL},
    {"matrix", ST_GRAMMAR_ENTRIES, false, "", "matrix components", &ST_GRAMMAR_MATRIX},
    {"variables", ST_GRAMMAR_ENTRIES, false, "", "free states", &ST_GRAMMAR_VARIABLE},
    {"responses", ST_GRAMMAR_ENTRIES, false, "", "variables that follow an expression",
     &ST_GRAMMAR_RESPONSE},
    {"rules", ST_GRAMMAR_LIST, false, "", "how signals change behaviours", &ST_GRAMMAR_RULE},
    {"reactions", ST_GRAMMAR_LIST, false, "", "chemistry", &ST_GRAMMAR_REACTION},
    {"exchanges", ST_GRAMMAR_LIST, false, "", "traffic between places", &ST_GRAMMAR_EXCHANGE},
    {"definitions", ST_GRAMMAR_ENTRIES, false, "", "named expressions", &ST_GRAMMAR_DEFINITION},
    {"events", ST_GRAMMAR_LIST, false, "", "what happens at times and thresholds",
     &ST_GRAMMAR_EVENT},
    {"doses", ST_GRAMMAR_ENTRIES, false, "", "where product classes of an injection go",
     &ST_GRAMMAR_DOSE},
    {"variants", ST_GRAMMAR_ENTRIES, false, "", "rival versions", &ST_GRAMMAR_VARIANT},
    {"correlations", ST_GRAMMAR_LIST, false, "", "parameters that go together over people",
     &ST_GRAMMAR_CORRELATION},
    {"instruments", ST_GRAMMAR_ANY, false, "", "what visits read (people.md)", NULL},
    {"context", ST_GRAMMAR_ANY, false, "", "what knowing and being treated adds (people.md)", NULL},
    {"responders", ST_GRAMMAR_ANY, false, "", "who responds, by several scores together (study.md)",
     NULL},
    {"references", ST_GRAMMAR_ANY, false, "", "literature, free form", NULL},
    END};
const st_grammar_table ST_GRAMMAR_TOP = {"model", "A model file.", top_keys, false};

const st_grammar_table* const ST_GRAMMAR_TABLES[] = {
    &ST_GRAMMAR_TOP,           &ST_GRAMMAR_INCLUDE,
    &ST_GRAMMAR_VALUE_MAP,     &ST_GRAMMAR_PLACE,
    &ST_GRAMMAR_SUBSTRATE,     &ST_GRAMMAR_CELL,
    &ST_GRAMMAR_BEHAVIOUR_MAP, &ST_GRAMMAR_MATRIX,
    &ST_GRAMMAR_VARIABLE,      &ST_GRAMMAR_RESPONSE,
    &ST_GRAMMAR_RULE,          &ST_GRAMMAR_REACTION,
    &ST_GRAMMAR_EXCHANGE,      &ST_GRAMMAR_DEFINITION,
    &ST_GRAMMAR_INPUT,         &ST_GRAMMAR_PLAN,
    &ST_GRAMMAR_EVENT,         &ST_GRAMMAR_DOSE,
    &ST_GRAMMAR_DOSE_PART,     &ST_GRAMMAR_VARIANT,
    &ST_GRAMMAR_CORRELATION,   NULL};

// --- behaviours and signals ---------------------------------------------------------------------

const st_grammar_verb ST_GRAMMAR_VERBS[ST_VERB_COUNT] = {
    [ST_VERB_DIE] = {"die", "die", "1/day", "1/time", 0, 0, ST_STATE_CELL, false, true, "dn = -b n",
                     "gone with probability 1 - exp(-b dt)"},
    [ST_VERB_DIVIDE] = {"divide", "divide", "1/day", "1/time", 0, 0, ST_STATE_CELL, false, true,
                        "dn = +b n", "hazard b; the daughters lie beside each other"},
    [ST_VERB_RECRUIT] = {"recruit", "recruit", "cells/mL/day", "cells/volume/time", 0, 0,
                         ST_STATE_CELL, false, false, "dn = +b V",
                         "a Poisson number of new cells per step"},
    [ST_VERB_MOVE] = {"move", "move@P", "1/day", "1/time", 0, 0, ST_STATE_CELL, true, true,
                      "dn = -b n, dn@P = +b n", "hazard b; goes to place P"},
    [ST_VERB_BECOME] = {"become", "become.T, become.T@P", "1/day", "1/time", 1, 1, ST_STATE_CELL,
                        true, true, "dn = -b n, dn_T = +b n (in place P)",
                        "hazard b; becomes a T (die, adhere, detach, home)"},
    [ST_VERB_SECRETE] = {"secrete", "secrete.S", "nmol/cell/day", "amount or mass/cell/time", 1, 1,
                         ST_STATE_SUBSTRATE, true, false, "dx = +b rho", "into its voxels"},
    [ST_VERB_RELAX] = {"relax", "relax.S, with target", "mL/cell/day", "volume/cell/time", 1, 1,
                       ST_STATE_SUBSTRATE, true, false, "dx = b rho (target - x)",
                       "pulls its voxels toward the target"},
    [ST_VERB_TAKE_UP] = {"take_up", "take_up.S", "mL/cell/day", "volume/cell/time", 1, 1,
                         ST_STATE_SUBSTRATE, true, false, "dx = -b rho x", "from its voxels"},
    [ST_VERB_CONSUME] = {"consume", "consume.S, with half", "nmol/cell/day", "amount/cell/time", 1,
                         1, ST_STATE_SUBSTRATE, true, false, "dx = -b rho x/(half + x)",
                         "from its voxels, saturating"},
    [ST_VERB_DEPOSIT] = {"deposit", "deposit.M", "mL/cell/day", "volume/cell/time", 1, 1,
                         ST_STATE_MATRIX, true, false, "dm = +b rho (1 - m/max)",
                         "in its voxels, up to the maximum"},
    [ST_VERB_DEGRADE] = {"degrade", "degrade.M", "mL/cell/day", "volume/cell/time", 1, 1,
                         ST_STATE_MATRIX, true, false, "dm = -b rho m", "in its voxels"},
    [ST_VERB_ENGULF] = {"engulf", "engulf.T", "mL/cell/day", "volume/cell/time", 1, 1,
                        ST_STATE_CELL, false, false, "dn_T = -b rho n_T",
                        "takes a T within reach in: hazard b N/V of the kernel"},
    [ST_VERB_CONTACT] = {"contact", "contact.T, contact.T.U", "mL/cell/day", "volume/cell/time", 1,
                         2, ST_STATE_CELL, false, false, "dn_T = -b rho n_T (dn_U = +b rho n_T)",
                         "a T that touches it dies where it stands (becomes a U)"},
    [ST_VERB_SUPPRESS] = {"suppress", "suppress.T, suppress.T.U", "mL/cell/day", "volume/cell/time",
                          1, 2, ST_STATE_CELL, false, false,
                          "dn_T = -b rho n_T (dn_U = +b rho n_T)",
                          "a T within reach falls silent (becomes a U)"},
    [ST_VERB_TURN] = {"turn", "turn.T.U", "mL/cell/day", "volume/cell/time", 2, 2, ST_STATE_CELL,
                      false, false, "dn_T = -b rho n_T, dn_U = +b rho n_T",
                      "a T within reach becomes a U"},
    [ST_VERB_MIGRATE] = {"migrate", "migrate", "cm/day", "length/time", 0, 0, ST_STATE_CELL, false,
                         false, "none: only in space", "speed of its own motion"},
    [ST_VERB_BIAS] = {"bias", "bias", "1", "1", 0, 0, ST_STATE_CELL, false, false,
                      "none: only in space", "share of its motion that is directed"},
    [ST_VERB_FOLLOW] = {"follow", "follow.S", "1", "1", 1, 1, ST_STATE_SUBSTRATE, false, false,
                        "none: only in space", "how much the gradient of S directs it"},
    [ST_VERB_ADHERE] = {"adhere", "adhere", "cm/day", "length/time", 0, 0, ST_STATE_CELL, false,
                        false, "none: only in space", "pull between neighbours, as a speed"},
    [ST_VERB_REPEL] = {"repel", "repel", "cm/day", "length/time", 0, 0, ST_STATE_CELL, false, false,
                       "none: only in space", "push between overlapping neighbours, as a speed"},
};

const st_grammar_signal ST_GRAMMAR_SPATIAL[] = {
    {"gradient.", "nmol/mL/cm", "gradient.S: steepness of a substrate at the cell"},
    {"cell.pressure", "1", "crowding by neighbours, relative to a packed layer"},
    {"contact.", "1", "contact.T: neighbours of a type that the cell touches"},
    {"cell.age", "day", "time since the cell was born or changed its type"},
    {"cell.volume", "mL", "volume of the cell"},
    {NULL, NULL, NULL}};

const st_grammar_signal* st_grammar_spatial(const char* text)
{
    for (const st_grammar_signal* s = ST_GRAMMAR_SPATIAL; s->name != NULL; s++) {
        const size_t length = strlen(s->name);
        const bool takes_name = s->name[length - 1] == '.';
        if (takes_name ? strncmp(text, s->name, length) == 0 : strcmp(text, s->name) == 0) {
            return s;
        }
    }
    return NULL;
}

// --- the check ----------------------------------------------------------------------------------

static bool check_kind(st_ctx* ctx, const st_node* node, const st_grammar_key* key)
{
    switch (key->kind) {
    case ST_GRAMMAR_ENTRY:
    case ST_GRAMMAR_ENTRIES:
    case ST_GRAMMAR_VALUES:
        return st_node_expect(ctx, node, ST_NODE_MAP);
    case ST_GRAMMAR_LIST:
        if (key->table->or_text && node->kind == ST_NODE_SCALAR) {
            return true;
        }
        return st_node_expect(ctx, node, ST_NODE_LIST);
    case ST_GRAMMAR_VALUE:
        return node->kind == ST_NODE_MAP || st_node_expect(ctx, node, ST_NODE_SCALAR);
    case ST_GRAMMAR_ANY:
        return true;
    default:
        return st_node_expect(ctx, node, ST_NODE_SCALAR);
    }
}

bool st_grammar_check(st_ctx* ctx, const st_node* map, const st_grammar_table* table)
{
    const char* names[KEY_LIMIT];
    int count = 0;
    for (const st_grammar_key* k = table->key; k->name != NULL; k++) {
        ST_ASSERT(count < KEY_LIMIT - 1);
        names[count++] = k->name;
    }
    names[count] = NULL;
    bool ok = st_node_check_keys(ctx, map, names);
    for (const st_grammar_key* k = table->key; map->kind == ST_NODE_MAP && k->name != NULL; k++) {
        const st_node* child = st_node_child(map, k->name);
        ok = (child == NULL || check_kind(ctx, child, k)) && ok;
    }
    return ok;
}
