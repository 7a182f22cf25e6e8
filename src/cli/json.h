/// \file
/// Pieces of JSON: what the commands that answer programs have in common.
#ifndef ST_CLI_JSON_H
#define ST_CLI_JSON_H

#include "base/table.h"

/// A quoted string.
void st_json_string(st_text* out, const char* text);

/// `"key": "text"`, or null where there is no text; `comma` goes before it ("" for the first of an
/// object).
void st_json_text(st_text* out, const char* comma, const char* key, const char* text);

/// `, "key": number`. JSON knows no infinity: what is not finite is null.
void st_json_number(st_text* out, const char* key, double value);

#endif
