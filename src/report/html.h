/// \file
/// Private: writing HTML safely. Every text from outside goes through st_html_text() or
/// st_html_source(); literals of this program go through st_text_add().
#ifndef ST_REPORT_HTML_H
#define ST_REPORT_HTML_H

#include "base/table.h"
#include "report/words.h"

/// Adds text escaped for element content and quoted attributes. Control characters are left out.
void st_html_text(st_text* out, const char* text);

/// The same, cut with an ellipsis to what `em` times the size of the letters holds.
void st_html_short(st_text* out, const char* text, double em);

/// One or two lines of SVG text of a class, broken at a space; the second is cut as by
/// st_html_short(). Gives how many lines there are; with `out` NULL it only counts.
int st_html_lines(st_text* out, const char* text, const char* class_name, double em, double x,
                  double y);
#define ST_HTML_LINE 17.0 ///< pixels from line to line

/// A citation: escaped, with DOIs, PMIDs, PMCIDs and https addresses as links.
void st_html_source(st_text* out, const char* text);

/// A table. Heads are separated by '|'; one that begins with '#' heads numbers. `caption` is
/// escaped. Ended by st_html_table_end().
void st_html_table(st_text* out, const char* caption, const char* heads);
/// The same; the page's script lets it be put in order by a head.
void st_html_sortable_table(st_text* out, const char* caption, const char* heads);
void st_html_table_end(st_text* out);
void st_html_row(st_text* out); ///< begins a row; it needs no end
/// Cells: a row head, a text, a number.
void st_html_head_cell(st_text* out, const char* text);
void st_html_cell(st_text* out, const char* text);
void st_html_number_cell(st_text* out, const char* number);
/// "-7 [-10, -4]", or a dash where there is no number.
void st_html_interval_cell(st_text* out, double value, double lo, double hi, int decimals);

/// `value [lo, hi]` as text with signs where `is_signed`.
void st_html_interval(st_text* out, double value, double lo, double hi, int decimals,
                      bool is_signed);

#endif
