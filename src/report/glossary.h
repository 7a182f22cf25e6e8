/// \file
/// Private: exact terms, said once in plain words. A link shows the words on hover and leads to the
/// list at the page's end.
#ifndef ST_REPORT_GLOSSARY_H
#define ST_REPORT_GLOSSARY_H

#include "base/table.h"

/// Adds the term as a link with its meaning; `key` must be one of the list.
void st_glossary_link(st_text* out, const char* key);

/// Adds all terms as a list of definitions.
void st_glossary_write(st_text* out);

#endif
