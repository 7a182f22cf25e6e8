/// \file
/// How far a run is: one redrawn line on a terminal, JSON lines in a pipe.
#ifndef ST_CLI_PROGRESS_H
#define ST_CLI_PROGRESS_H

#include "cli.h"

#include <stdio.h>

typedef enum st_progress_style {
    ST_PROGRESS_SILENT,
    ST_PROGRESS_LINE, ///< one line, drawn over itself
    ST_PROGRESS_JSON, ///< one JSON object per line, at most two a second
} st_progress_style;

/// The clock is the caller's: seconds that never run backwards.
typedef struct st_progress {
    FILE* out;
    st_progress_style style;
    int columns;         ///< width of the terminal
    double begin_s;      ///< when the work began
    double shown_s;      ///< when something was last shown
    int64_t done, total; ///< as last told
    int64_t shown_done;  ///< as last shown, -1 = nothing yet
    int shown_length;    ///< characters of the line on the terminal
} st_progress;

void st_progress_init(st_progress* progress, FILE* out, st_progress_style style, int columns,
                      double now_s);

/// Notes how far the work is, and shows it when it is time to.
void st_progress_update(st_progress* progress, int64_t done, int64_t total, double now_s);

/// Shows where the work ended and leaves the line.
void st_progress_finish(st_progress* progress, double now_s);

/// 1234567 as "1 234 567". Gives `out`.
const char* st_progress_count_text(int64_t count, char* out, size_t size);

/// Writes `text` as a JSON string, quotes included.
void st_progress_print_json_text(FILE* out, const char* text);

#endif
