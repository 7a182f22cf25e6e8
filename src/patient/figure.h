/// \file
/// A figure of a table: its value, and where it is from.
#ifndef ST_PATIENT_FIGURE_H
#define ST_PATIENT_FIGURE_H

#include "base/doc.h"

typedef struct st_figure {
    double value;
    const char* source;  ///< borrowed from the document, or NULL
    const char* assumed; ///< or NULL; exactly one of the two is given
} st_figure;

/// Reads `{ value: 9 vas, source: "..." }` (or `assumed:`; `range:` when `range` is not NULL) in
/// `unit` within [lo, hi]. Reports mistakes; false when there were some.
bool st_figure_read(st_ctx* ctx, const st_node* map, const char* what, const char* unit, double lo,
                    double hi, st_range* range, st_figure* out);

/// Exactly one of `source` and `assumed`, and not empty. Reports otherwise.
bool st_figure_origin(st_ctx* ctx, const st_node* map, const char** source, const char** assumed);

#endif
