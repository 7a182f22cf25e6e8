#include "schema.h"

#include "grammar.h"

#include <stdio.h>
#include <string.h>

#define NAME_PATTERN "[A-Za-z][A-Za-z0-9_]*"

static void add_quoted(st_text* out, const char* text)
{
    st_text_add(out, "\"");
    for (const char* c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            st_text_add(out, "\\");
        }
        st_text_add_bytes(out, c, 1);
    }
    st_text_add(out, "\"");
}

static bool is_listed(const st_grammar_table* table)
{
    for (int i = 0; ST_GRAMMAR_TABLES[i] != NULL; i++) {
        if (ST_GRAMMAR_TABLES[i] == table) {
            return true;
        }
    }
    return false;
}

/// What an entry of `table` may be.
static void add_entry(st_text* out, const st_grammar_table* table)
{
    ST_ASSERT(is_listed(table));
    if (table == &ST_GRAMMAR_BEHAVIOUR_MAP) {
        st_text_add(out, "{\"$ref\": \"#/definitions/behaviours\"}");
    } else if (table->or_text) {
        st_text_addf(out,
                     "{\"anyOf\": [{\"type\": [\"string\", \"number\"]}, "
                     "{\"$ref\": \"#/definitions/%s\"}]}",
                     table->name);
    } else {
        st_text_addf(out, "{\"$ref\": \"#/definitions/%s\"}", table->name);
    }
}

static void add_value(st_text* out)
{
    st_text_add(out, "{\"anyOf\": [{\"type\": [\"string\", \"number\"]}, "
                     "{\"$ref\": \"#/definitions/value\"}]}");
}

/// The form of a key's value, without braces.
static void add_form(st_text* out, const st_grammar_key* key)
{
    switch (key->kind) {
    case ST_GRAMMAR_BOOL:
        st_text_add(out, "\"type\": \"boolean\"");
        break;
    case ST_GRAMMAR_VALUE:
        st_text_add(out, "\"anyOf\": [{\"type\": [\"string\", \"number\"]}, "
                         "{\"$ref\": \"#/definitions/value\"}]");
        break;
    case ST_GRAMMAR_ENTRY:
        st_text_addf(out, "\"$ref\": \"#/definitions/%s\"", key->table->name);
        break;
    case ST_GRAMMAR_ENTRIES:
        if (key->table == &ST_GRAMMAR_BEHAVIOUR_MAP) {
            st_text_add(out, "\"allOf\": [{\"$ref\": \"#/definitions/behaviours\"}]");
            break;
        }
        st_text_add(out, "\"type\": \"object\", \"additionalProperties\": ");
        add_entry(out, key->table);
        break;
    case ST_GRAMMAR_VALUES:
        st_text_add(out, "\"type\": \"object\", \"additionalProperties\": ");
        add_value(out);
        break;
    case ST_GRAMMAR_LIST:
        st_text_add(out, key->table->or_text ? "\"type\": [\"array\", \"string\"], \"items\": "
                                             : "\"type\": \"array\", \"items\": ");
        add_entry(out, key->table);
        break;
    case ST_GRAMMAR_ANY:
        st_text_add(out, "\"type\": [\"string\", \"number\", \"object\", \"array\"]");
        break;
    case ST_GRAMMAR_NAME:
        st_text_add(out, "\"type\": \"string\"");
        break;
    default:
        st_text_add(out, "\"type\": [\"string\", \"number\"]");
        break;
    }
}

static void add_description(st_text* out, const st_grammar_key* key)
{
    char text[400];
    snprintf(text, sizeof text, "%s%s%s%s", key->meaning, key->unit[0] != '\0' ? " (" : "",
             key->unit, key->unit[0] != '\0' ? ")" : "");
    st_text_add(out, ", \"description\": ");
    add_quoted(out, text);
}

static void add_properties(st_text* out, const st_grammar_table* table, const char* indent)
{
    st_text_addf(out, "%s\"description\": ", indent);
    add_quoted(out, table->about);
    st_text_addf(out, ",\n%s\"type\": \"object\",\n%s\"properties\": {\n", indent, indent);
    for (const st_grammar_key* k = table->key; k->name != NULL; k++) {
        st_text_addf(out, "%s  \"%s\": {", indent, k->name);
        add_form(out, k);
        add_description(out, k);
        st_text_add(out, k[1].name != NULL ? "},\n" : "}\n");
    }
    st_text_addf(out, "%s},\n", indent);
    bool is_first = true;
    for (const st_grammar_key* k = table->key; k->name != NULL; k++) {
        if (k->is_needed) {
            st_text_addf(out, is_first ? "%s\"required\": [\"%s\"" : ", \"%s\"",
                         is_first ? indent : k->name, k->name);
            is_first = false;
        }
    }
    st_text_addf(out, "%s%s\"additionalProperties\": false", is_first ? "" : "],\n", indent);
}

/// `^become\.NAME(@NAME)?$`
static void add_pattern(st_text* out, const st_grammar_verb* verb)
{
    st_text_addf(out, "\"^%s", verb->name);
    for (int i = 0; i < verb->least; i++) {
        st_text_add(out, "\\\\." NAME_PATTERN);
    }
    for (int i = verb->least; i < verb->most; i++) {
        st_text_add(out, "(\\\\." NAME_PATTERN ")?");
    }
    const bool needs_place = verb == &ST_GRAMMAR_VERBS[ST_VERB_MOVE];
    if (verb->may_have_place) {
        st_text_add(out, needs_place ? "@" NAME_PATTERN : "(@" NAME_PATTERN ")?");
    }
    st_text_add(out, "$\"");
}

static void add_behaviours(st_text* out)
{
    st_text_add(out, "    \"behaviours\": {\n      \"type\": \"object\",\n"
                     "      \"patternProperties\": {\n");
    for (int i = 0; i < ST_VERB_COUNT; i++) {
        const st_grammar_verb* verb = &ST_GRAMMAR_VERBS[i];
        char text[400];
        snprintf(text, sizeof text, "%s: %s. One cell: %s.", verb->shown, verb->population,
                 verb->agent);
        st_text_add(out, "        ");
        add_pattern(out, verb);
        st_text_add(out, ": {\"anyOf\": [{\"type\": [\"string\", \"number\"]}, "
                         "{\"$ref\": \"#/definitions/behaviour\"}], \"description\": ");
        add_quoted(out, text);
        st_text_add(out, i + 1 < ST_VERB_COUNT ? "},\n" : "}\n");
    }
    st_text_add(out, "      },\n      \"additionalProperties\": false\n    }");
}

void st_schema_json(st_text* out)
{
    st_text_add(out, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
                     "  \"title\": \"Stroma model\",\n");
    add_properties(out, &ST_GRAMMAR_TOP, "  ");
    st_text_add(out, ",\n  \"definitions\": {\n");
    for (int i = 0; ST_GRAMMAR_TABLES[i] != NULL; i++) {
        const st_grammar_table* table = ST_GRAMMAR_TABLES[i];
        if (table == &ST_GRAMMAR_TOP) {
            continue;
        }
        st_text_addf(out, "    \"%s\": {\n", table->name);
        add_properties(out, table, "      ");
        st_text_add(out, "\n    },\n");
    }
    add_behaviours(out);
    st_text_add(out, "\n  }\n}\n");
}

// --- pages --------------------------------------------------------------------------------------

static const char* form_of(const st_grammar_key* key)
{
    static const char* const words[] = {[ST_GRAMMAR_TEXT] = "text",
                                        [ST_GRAMMAR_UNIT] = "unit",
                                        [ST_GRAMMAR_BOOL] = "true or false",
                                        [ST_GRAMMAR_NUMBER] = "number",
                                        [ST_GRAMMAR_QUANTITY] = "quantity",
                                        [ST_GRAMMAR_VALUE] = "value",
                                        [ST_GRAMMAR_EXPRESSION] = "expression",
                                        [ST_GRAMMAR_NAME] = "name",
                                        [ST_GRAMMAR_ENTRY] = "map",
                                        [ST_GRAMMAR_ENTRIES] = "map of entries",
                                        [ST_GRAMMAR_LIST] = "list",
                                        [ST_GRAMMAR_VALUES] = "map of values",
                                        [ST_GRAMMAR_ANY] = "see meaning"};
    return words[key->kind];
}

void st_schema_keys(st_text* out)
{
    for (int i = 0; ST_GRAMMAR_TABLES[i] != NULL; i++) {
        const st_grammar_table* table = ST_GRAMMAR_TABLES[i];
        st_text_addf(
            out, "\n### %s\n\n%s\n\n| key | form | unit | meaning |\n| --- | --- | --- | --- |\n",
            table == &ST_GRAMMAR_TOP ? "Top level" : table->name, table->about);
        for (const st_grammar_key* k = table->key; k->name != NULL; k++) {
            st_text_addf(out, "| `%s`%s | %s%s%s | %s | %s |\n", k->name, k->is_needed ? " *" : "",
                         form_of(k), k->table != NULL ? ": " : "",
                         k->table != NULL ? k->table->name : "", k->unit, k->meaning);
        }
    }
    st_text_add(out, "\n");
}

void st_schema_behaviours(st_text* out)
{
    st_text_add(out,
                "\n| behaviour | unit | population (n cells, rho = n/V) | one cell in a step dt |\n"
                "| --- | --- | --- | --- |\n");
    for (int i = 0; i < ST_VERB_COUNT; i++) {
        const st_grammar_verb* verb = &ST_GRAMMAR_VERBS[i];
        st_text_addf(out, "| `%s`%s%s | %s | %s | %s |\n", verb->form,
                     verb->may_have_place && strchr(verb->form, '@') == NULL ? " (`@P`)" : "",
                     verb->may_have_stages ? ", `stages`" : "", verb->shown, verb->population,
                     verb->agent);
    }
    st_text_add(out, "\n");
    st_text_add(out, "| signal that needs space | unit | meaning |\n| --- | --- | --- |\n");
    for (const st_grammar_signal* s = ST_GRAMMAR_SPATIAL; s->name != NULL; s++) {
        st_text_addf(out, "| `%s` | %s | %s |\n", s->name, s->unit, s->meaning);
    }
    st_text_add(out, "\n");
}
