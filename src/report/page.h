/// \file
/// Private: the whole page, and its style.
#ifndef ST_REPORT_PAGE_H
#define ST_REPORT_PAGE_H

#include "base/table.h"
#include "report/findings.h"

/// Adds the page: one HTML document that needs nothing from outside. `zooms` is the section of
/// tissue_zooms.h, "" when there is none.
void st_page_write(st_text* out, const st_findings* f, const char* zooms);

/// The page around its sections: head and banner, footer and script.
void st_page_begin(st_text* out, const char* title);
/// The same with more style behind the page's own, and another sentence behind the banner's first.
void st_page_begin_with(st_text* out, const char* title, const char* style, const char* banner);
void st_page_end(st_text* out, const char* version);

/// Adds the style sheet.
void st_page_style_write(st_text* out);

#endif
