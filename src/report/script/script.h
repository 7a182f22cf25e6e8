/// \file
/// Private: the one script of the page and its style, bundled by tools/bundle_report.py. Each text
/// is a list of pieces that ends with NULL; the page writes `uplot` and then `page` into one
/// element.
#ifndef ST_REPORT_SCRIPT_H
#define ST_REPORT_SCRIPT_H

extern const char* const st_script_uplot[];       ///< uPlot, MIT: extern/uPlot
extern const char* const st_script_page[];        ///< page.js
extern const char* const st_script_uplot_style[]; ///< style sheet of uPlot
extern const char* const st_script_hash;          ///< "sha256-..." of both scripts together

#endif
