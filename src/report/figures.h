/// \file
/// Private: figures as inline SVG, without scripts. Each is written twice, wide and narrow; the
/// page's style shows the one that fits, so that text stays readable on a phone.
///
/// Texts are plain UTF-8 and are escaped here. Colours are classes (c0 ... c6) of the page's style.
#ifndef ST_REPORT_FIGURES_H
#define ST_REPORT_FIGURES_H

#include "base/table.h"

/// Colour 0 is the control's grey; 1 ... ST_FIGURE_COLOURS tell arms apart.
#define ST_FIGURE_COLOURS 6

/// Size of the letters in a figure, in its pixels.
#define ST_FIGURE_LETTER 13.0

/// What every figure has.
typedef struct st_figure {
    const char* id;    ///< unique on the page
    const char* title; ///< states what is seen
    const char* desc;  ///< for those who cannot see it
    const char* x_label;
    const char* y_label; ///< of a line chart
    int decimals;        ///< of numbers at the axis of values
    const char* scale;   ///< where the plot lies, for the script; the figures fill it
} st_figure;

/// One line with an optional band. Points whose y is NAN are left out.
typedef struct st_figure_series {
    const char* label;
    int colour;
    int dash; ///< 0 solid, 1, 2
    int count;
    const double* x;
    const double* y;
    const double* lo; ///< NULL: no band
    const double* hi;
    bool has_dots;
    bool is_step;       ///< keeps its value up to the next point
    bool is_unlabelled; ///< its name is not written at its end
} st_figure_series;

/// A published point: a hollow diamond with whiskers (NAN: none).
typedef struct st_figure_point {
    double x, y, lo, hi;
    int colour;
    int place; ///< side by side at one x: 0, 1, 2 ...
    const char* label;
} st_figure_point;

typedef struct st_figure_lines {
    st_figure about;
    const st_figure_series* series;
    int series_count;
    const st_figure_point* point;
    int point_count;
    int place_count; ///< how many stand side by side
    const double* x_tick;
    int x_tick_count;
    double y_floor;       ///< the scale's lowest value, NAN when it has none
    bool has_faint_bands; ///< for bands that mostly lie over each other
    bool labels_value;    ///< the last value stands beside the label
    bool is_log;          ///< counts on a logarithmic scale that has room for 0 at its foot
} st_figure_lines;

/// Begins <figure> with its heading; ended by st_figures_end().
void st_figures_begin(st_text* out, const st_figure* about);
void st_figures_end(st_text* out);

void st_figures_lines(st_text* out, const st_figure_lines* lines);

/// A row of a chart of bars or points; `label` alone (value NAN, no text) heads a group.
typedef struct st_figure_row {
    const char* label;
    double value, lo, hi; ///< lo, hi NAN: no interval
    const char* text;     ///< printed at the end of the row
    int colour;
    bool is_head;
    bool is_total; ///< drawn as an outline
    bool has_hollow, has_tick;
    double hollow; ///< a second estimate: a hollow diamond
    double tick;   ///< a third: an upright bar
} st_figure_row;

typedef struct st_figure_rows {
    st_figure about;
    const st_figure_row* row;
    int row_count;
    bool is_log;             ///< decades; values that are not positive have no bar
    bool is_points;          ///< points with intervals instead of bars
    double mark_lo, mark_hi; ///< dotted lines, NAN: none
} st_figure_rows;

void st_figures_rows(st_text* out, const st_figure_rows* rows);

/// People out of 100: one field of 100 dots per arm.
typedef struct st_figure_icons_row {
    const char* label;
    const char* text; ///< printed below the label
    int filled;       ///< 0 ... 100, -1: not known
    int colour;
} st_figure_icons_row;

typedef struct st_figure_icons {
    st_figure about;
    const st_figure_icons_row* row;
    int row_count;
} st_figure_icons;

void st_figures_icons(st_text* out, const st_figure_icons* icons);

/// A stream that gets thinner step by step; what is lost falls off.
typedef struct st_figure_stream_step {
    const char* label;
    const char* text;
    double share; ///< of the first, 0 ... 1
} st_figure_stream_step;

typedef struct st_figure_stream_row {
    const char* label;
    int colour;
    const st_figure_stream_step* step;
    int step_count;
} st_figure_stream_row;

typedef struct st_figure_stream {
    st_figure about;
    const st_figure_stream_row* row;
    int row_count;
} st_figure_stream;

void st_figures_stream(st_text* out, const st_figure_stream* stream);

/// Boxes of a flow of people: a trunk, what leaves it, and one column of lines per arm.
typedef struct st_figure_flow_arm {
    const char* label;
    int colour;
    const char* const* line;
    int line_count;
} st_figure_flow_arm;

typedef struct st_figure_flow {
    st_figure about;
    const char* start;       ///< "5 401 people screened"
    const char* const* left; ///< why people did not enter
    int left_count;
    const char* entered;
    const st_figure_flow_arm* arm;
    int arm_count;
} st_figure_flow;

void st_figures_flow(st_text* out, const st_figure_flow* flow);

/// What the result hangs on: bars from the result as it is to the result with one value low or
/// high.
typedef struct st_figure_tornado_row {
    const char* label;
    const char* text;  ///< printed at the end of the row
    const char* hover; ///< shown under the pointer
    double low, high;  ///< results, NAN: not known
    int colour;
} st_figure_tornado_row;

typedef struct st_figure_tornado {
    st_figure about;
    const st_figure_tornado_row* row;
    int row_count;
    double usual;
    const char* usual_label;
    bool has_zero; ///< zero lies on the axis
} st_figure_tornado;

void st_figures_tornado(st_text* out, const st_figure_tornado* tornado);

/// A tube in the centrifuge: what fills it from the surface (height 0) to the bottom, over time.
#define ST_FIGURE_TUBE_TIMES   64
#define ST_FIGURE_TUBE_HEIGHTS 50

typedef struct st_figure_tube {
    st_figure about;
    double height_mm;
    int time_count; ///< >= 2
    double time_s[ST_FIGURE_TUBE_TIMES];
    double interface_mm[ST_FIGURE_TUBE_TIMES]; ///< top of the red cells, NAN: not seen
    /// Shares of the volume, 0 ... 1.
    double red[ST_FIGURE_TUBE_TIMES][ST_FIGURE_TUBE_HEIGHTS];
    double platelet[ST_FIGURE_TUBE_TIMES][ST_FIGURE_TUBE_HEIGHTS];
    double white[ST_FIGURE_TUBE_TIMES][ST_FIGURE_TUBE_HEIGHTS];
} st_figure_tube;

void st_figures_tube(st_text* out, const st_figure_tube* tube);

// --- shared by the files of figures

typedef struct st_figures_scale {
    double lo, hi;   ///< data
    double from, to; ///< pixels
    double step;     ///< between ticks
    bool is_log;     ///< a value stands at log10(1 + value); `step` is in decades
} st_figures_scale;

/// A scale with round ends that holds [lo, hi].
st_figures_scale st_figures_scale_round(double lo, double hi, int tick_count);
double st_figures_at(const st_figures_scale* scale, double value);
/// Opens <svg> with title and description; `is_narrow` chooses the class.
void st_figures_open(st_text* out, const st_figure* about, double width, double height,
                     bool is_narrow);
/// Decimals that tell ticks apart.
int st_figures_tick_decimals(double step);

#endif
