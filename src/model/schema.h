/// \file
/// The tables of the language as an editor's JSON Schema and as pages for people.
#ifndef ST_MODEL_SCHEMA_H
#define ST_MODEL_SCHEMA_H

#include "base/table.h"

/// JSON Schema (draft 7) of a model file.
void st_schema_json(st_text* out);

/// Every key of every table, in Markdown.
void st_schema_keys(st_text* out);

/// Every behaviour with its unit, its term and what one cell does, in Markdown.
void st_schema_behaviours(st_text* out);

#endif
