/// \file
/// Private: the whole page, and its style.
#ifndef ST_REPORT_PAGE_H
#define ST_REPORT_PAGE_H

#include "base/table.h"
#include "report/findings.h"

/// Adds the page: one HTML document that needs nothing from outside.
void st_page_write(st_text* out, const st_findings* f);

/// Adds the style sheet.
void st_page_style_write(st_text* out);

#endif
